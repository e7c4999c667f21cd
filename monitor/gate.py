"""The quorum gate: accusations wait here for the sweep they belong to, and a whole wave of them for a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import structlog

from monitor import inspection, life
from monitor.model import Alert, Finding, Firing, Platform, Role, Severity, Stage
from monitor.picture import Picture
from monitor.settings import GuardSettings
from monitor.store import Store
from monitor.writes import AlertChange

log = structlog.get_logger("gate")


class Gate:
    """Opens or holds accusations; says nothing of whether they are right."""

    def __init__(self, store: Store, guards: GuardSettings) -> None:
        self._store, self._guards = store, guards

    async def settle(self, picture: Picture) -> None:
        """Open or hold the accusations whose sweep is over, and which the rules have just confirmed."""
        now = picture.taken_at
        pending = [alert for alert in await self._store.alerts([Stage.PENDING]) if self._ripe(alert, picture)]
        standing = await self._store.alerts([Stage.OPEN, Stage.HELD])
        gate = inspection.quorum(pending, standing, picture.platforms, picture.judged, self._guards, now)
        before = {alert.id: alert for alert in pending}
        moved = [*life.release(gate.release, now), *life.hold(gate.hold, now)]
        await self._store.put_alerts([AlertChange(before[alert.id], alert) for alert in moved], at=now)
        for wave in gate.waves:
            log.warning("quorum gate tripped", rule=wave.rule, platform=wave.platform, accused=wave.accused, judged=wave.judged)
        held = [*(alert for alert in standing if alert.stage is Stage.HELD), *(alert for alert in moved if alert.stage is Stage.HELD)]
        findings = [
            _quorum_finding(rule, platform, len(batch), picture.judged[platform])
            for (rule, platform), batch in _batches(held, picture).items()
        ]
        await self._settle_quorum(findings, now)

    def _ripe(self, alert: Alert, picture: Picture) -> bool:
        """Whether the alert's sweep is over: all of its platform were tried, time for company has passed, the rule still says so."""
        platform = picture.platforms.get(alert.finding.account_id or "")
        settled_for = picture.taken_at - inspection.accused_at(alert)
        return (
            platform is not None
            and not picture.untried[platform]
            and settled_for >= timedelta(seconds=self._guards.settle_seconds)
            and alert.finding.key in picture.firing
        )

    async def _settle_quorum(self, findings: list[Finding], now: datetime) -> None:
        alive = (await self._store.alive_alerts([None])).get(None, {})
        over = [a.finding for a in alive.values() if a.finding.rule == "quorum" and a.finding.key not in {f.key for f in findings}]
        findings += [finding.model_copy(update={"status": Firing.CLEAR, "message": "暂扣的账号已处理"}) for finding in over]
        await self._store.put_alerts(settled(alive, findings, now))

    async def release(self, platform: Platform | None, now: datetime, by: str) -> int:
        """Open what the gate holds, by this person's word; return how many."""
        held = await self._store.alerts([Stage.HELD])
        platforms = {account.id: account.platform for account in await self._store.accounts()}
        chosen = [a for a in held if platform is None or platforms.get(a.finding.account_id or "") is platform]
        originals = {alert.id: alert for alert in chosen}
        await self._store.put_alerts([AlertChange(originals[a.id], a) for a in life.release(chosen, now)], by, now)
        return len(chosen)


def settled(alive: Mapping[str, Alert], findings: Iterable[Finding], now: datetime) -> list[AlertChange]:
    """Return the alert changes, each beside the alert as it was."""
    before = {alert.id: alert for alert in alive.values()}
    return [AlertChange(before.get(alert.id), alert) for alert in life.settle(alive, findings, now)]


def _batches(alerts: Iterable[Alert], picture: Picture) -> dict[tuple[str, Platform], list[Alert]]:
    batches: dict[tuple[str, Platform], list[Alert]] = {}
    for alert in alerts:
        platform = picture.platforms.get(alert.finding.account_id or "")
        if platform is not None:
            batches.setdefault((alert.finding.rule, platform), []).append(alert)
    return batches


def _quorum_finding(rule: str, platform: Platform, count: int, judged: int) -> Finding:
    return Finding(
        rule="quorum",
        status=Firing.FIRING,
        subject=f"{platform} {rule}",
        severity=Severity.TROUBLE,
        rung=1,
        label="集中异常",
        message=f"{platform.label}有{count}个账号（共{judged}个）在同一轮新判为不合格，已暂扣，请人工核实后用 release 命令放行",
        tells=(Role.SYSADMIN, Role.CLERK),
        evidence={"count": count, "judged": judged, "rule": rule},
    )
