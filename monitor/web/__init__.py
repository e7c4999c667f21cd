"""The console: Chinese pages without script, the metrics, and the probes of whatever keeps the daemon running."""

from monitor.web.desk import Carrier, Desk, Health, Pair, Passed
from monitor.web.server_log import server_log
from monitor.web.views import build

__all__ = ["Carrier", "Desk", "Health", "Pair", "Passed", "build", "server_log"]
