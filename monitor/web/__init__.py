"""The console: one Chinese page without script, the metrics, and the probes of whatever keeps the daemon running."""

from monitor.web.desk import Desk, Health
from monitor.web.views import build

__all__ = ["Desk", "Health", "build"]
