"""What choosing whom to tell costs: ten thousand open alerts, a few people each, beside merely walking over them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from monitor import alerting, life
from monitor.alerting import Wishes
from monitor.model import Account, Alert, Contact, Finding, Firing, Platform, Role, Severity, Stage
from monitor.telling import marks

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
"""A Wednesday noon in Shanghai: within office hours."""
ALERTS = 10_000
ACCOUNTS_OF_A_UNIT = 3
COUNTIES = 50
REPEATS = 3
"""The quickest of so many runs counts: the others were disturbed."""


def choosing(number: int = ALERTS) -> dict[str, float]:
    """Return milliseconds of CPU for deciding and gathering notices, for a bare walk, and how many notices came of it."""
    alerts, accounts = _world(number)
    clerks = (Contact(role=Role.CLERK, email="ban@example.invalid"),)

    def candidates(alert: Alert) -> tuple[Contact, ...]:
        return alerting.candidates_for(accounts[alert.finding.account_id or ""], clerks, ())

    def decide() -> int:
        return len(alerting.notices(alerting.decide(alerts, candidates, {}, {}, Wishes(), NOW)))

    def walk() -> int:
        return sum(len(candidates(alert)) for alert in alerts)

    return {"decide": _ms(decide), "walk": _ms(walk), "notices": decide()}


def _ms(job: Callable[[], int]) -> float:
    spent = []
    for _ in range(REPEATS):
        begun = time.process_time()
        job()
        spent.append(time.process_time() - begun)
    return min(spent) * 1000


def _world(number: int) -> tuple[list[Alert], dict[str, Account]]:
    """Return open accusations and their accounts; every second one was told three days ago."""
    alerts, accounts = [], {}
    for serial in range(number):
        operator = f"xxy{serial // ACCOUNTS_OF_A_UNIT}@example.invalid"
        county = f"xianqu{serial % COUNTIES}@example.invalid"
        account = Account(
            id=f"6109{serial % 100:02}M{serial:05}",
            platform=Platform.WEIBO,
            name=f"示例{serial}",
            contacts=(Contact(email=operator), Contact(role=Role.COUNTY, email=county)),
        )
        finding = Finding(
            rule="idle",
            status=Firing.FIRING,
            subject=account.id,
            account_id=account.id,
            severity=Severity.ACCUSATION,
            rung=4,
            label="内容不更新",
            tells=(Role.OPERATOR, Role.COUNTY, Role.CLERK),
        )
        [opened] = life.settle({}, [finding], NOW - timedelta(days=4))
        opened = opened.model_copy(update={"stage": Stage.OPEN})
        alerts.append(marks.told(opened, operator, NOW - timedelta(days=3)) if serial % 2 else opened)
        accounts[account.id] = account
    return alerts, accounts
