"""Accounts we could not look at for too long. It speaks of us, not of the account, except where the platform denies the account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from pydantic import Field

from monitor.model import SHANGHAI, Fault, Finding, Firing, Noun, Role, Severity, Status
from monitor.ports import AccountFacts
from rules.evidence import NO_VIEW, called, evidence_of, fault_at, fault_reason, last_good

TOLD_ELSEWHERE = frozenset({"auth_error", "source_retired"})
"""Causes that have one alert for all accounts of a credential; without a credential each account stands for itself."""


class Unseen(Noun):
    """Fires when the last good look, or else the first failed one, is older than `hours`."""

    name: ClassVar[str] = "unseen"
    about: ClassVar[Literal["account", "channel", "source"]] = "account"

    hours: float = Field(default=24.0, gt=0)

    def judge(self, facts: AccountFacts) -> Iterable[Finding]:
        """Yield whether we are blind to the account; nothing for closed accounts and causes that are told elsewhere."""
        if facts.account.status is Status.CLOSED:
            return
        good, limit = last_good(facts), timedelta(hours=self.hours)
        if good is not None and facts.now - good.at <= limit:
            yield self._finding(facts, Firing.CLEAR, message=f"{called(facts.account)}已恢复有效采集")
            return
        since = good.at if good is not None else facts.state.failing_since
        fault = fault_at(facts)
        if since is None or facts.now - since <= limit or _told_elsewhere(fault):
            return
        if fault is not None and fault.code == "account_gone":
            yield self._gone(facts, fault_reason(fault))
        else:
            yield self._blind(facts, since, fault_reason(fault) if fault else NO_VIEW)

    def _blind(self, facts: AccountFacts, since: datetime, reason: str) -> Finding:
        # The moment, not the hours passed: a text that changes with every tick would be written with every tick.
        told = f"{called(facts.account)}自{since.astimezone(SHANGHAI):%Y-%m-%d %H:%M}起无有效数据：{reason}"
        return self._finding(facts, Firing.FIRING, Severity.TROUBLE, "采集中断", told, (Role.SYSADMIN,))

    def _gone(self, facts: AccountFacts, reason: str) -> Finding:
        return self._finding(facts, Firing.FIRING, Severity.WARNING, "账号疑似注销", f"{called(facts.account)}{reason}", (Role.CLERK,))

    def _finding(
        self,
        facts: AccountFacts,
        status: Firing,
        severity: Severity = Severity.NOTICE,
        label: str = "",
        message: str = "",
        tells: tuple[Role, ...] = (),
    ) -> Finding:
        return Finding(
            rule=self.name,
            status=status,
            subject=facts.account.id,
            severity=severity,
            rung=1 if status is Firing.FIRING else 0,
            label=label,
            message=message,
            account_id=facts.account.id,
            tells=tells,
            evidence=evidence_of(facts),
        )


def _told_elsewhere(fault: Fault | None) -> bool:
    return fault is not None and fault.code in TOLD_ELSEWHERE and bool(fault.credential)
