"""The alert rules and Alertmanager's configuration as they are shipped, for the tests that ask about them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools import ROOT

DEPLOY = ROOT / "deploy"
RULES = sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))
RULE_TESTS = sorted((DEPLOY / "prometheus" / "tests").glob("*.yml"))
ALERTMANAGER = DEPLOY / "alertmanager.yml"
RUNBOOK_PATH = "docs/runbook.md"
WATCHDOG = "Watchdog"
"""The one that always fires: its silence is the alarm."""


@cache
def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


ALL_RULES = [rule for file in RULES for group in read(file)["groups"] for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in ALL_RULES if "alert" in rule}
RECORDED = {rule["record"] for rule in ALL_RULES if "record" in rule}
every_alert = pytest.mark.parametrize("alert", ALERTS)
