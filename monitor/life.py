"""The life of an alert: findings open it, keep it alive, and end it. Pure.

    firing accusation ─▶ PENDING ─▶ (quorum gate) ─▶ OPEN or HELD ─▶ (a person) ─▶ OPEN
    any other firing  ─▶ OPEN                  clear, at any stage ─▶ RESOLVED

What is said of it to whom, and what people answered, is another matter (`monitor.alerting`): judging never touches `told`, `tries` and
`acknowledged`, telling touches nothing else, so the two write side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from monitor.model import Alert, Finding, Firing, Severity, Stage

TOUCH_AFTER = timedelta(days=1)
"""An alert whose words stay the same is written once a day, so that it shows as still seen."""

CLOCK_TROUBLE = timedelta(hours=1)
"""Two machines' clocks differ by seconds; what lies further ahead than this was written by a clock that was wrong, and counts no more."""

RECOVERY = "recovery"
"""Key in a resolved finding's evidence: what the clear finding brought as proof."""

UNHEARD = (Stage.PENDING, Stage.HELD)

NewId = Callable[[Finding, datetime], str]


def alert_id(finding: Finding, opened_at: datetime) -> str:
    """Name an alert by what it is about and when it opened, in milliseconds: a repeated poll makes the same alert."""
    return f"{finding.key} {round(opened_at.timestamp() * 1000)}"


def settle(alive: Mapping[str, Alert], findings: Iterable[Finding], now: datetime, new_id: NewId = alert_id) -> list[Alert]:
    """Return the alerts that changed and must be written. `alive` holds the unresolved ones by `finding.key`.

    A rule that says nothing changes nothing. A finding older than what the alert has already seen is ignored.
    """
    current = dict(alive)
    changed: dict[str, Alert] = {}
    for finding in findings:
        for alert in _settle_one(current.get(finding.key), finding, now, new_id):
            current[finding.key] = alert
            changed[alert.id] = alert
    return list(changed.values())


def _settle_one(alert: Alert | None, finding: Finding, now: datetime, new_id: NewId) -> Sequence[Alert]:
    if alert is None or alert.stage is Stage.RESOLVED:
        return [_opened(finding, now, new_id)] if finding.status is Firing.FIRING else []
    if now < alert.last_seen_at <= now + CLOCK_TROUBLE:
        return []
    if finding.status is Firing.CLEAR:
        return [_resolved(alert, finding, now)]
    if _leaves_accusation(alert, finding):
        return _stepped_down(alert, finding, now, new_id)
    after = _ongoing(alert, finding, now)
    return [after] if worth_writing(alert, after) else []


def _opened(finding: Finding, now: datetime, new_id: NewId) -> Alert:
    stage = Stage.PENDING if finding.severity is Severity.ACCUSATION else Stage.OPEN
    return Alert(id=new_id(finding, now), finding=finding, stage=stage, opened_at=now, last_seen_at=now)


def _resolved(alert: Alert, finding: Finding, now: datetime) -> Alert:
    """Close the alert. It keeps the words it was told with; what the recovery rests on is added to its evidence."""
    # A milder finding that takes an accusation's place has words of its own, which are no words of recovery.
    words = {"message": finding.message} if finding.status is Firing.CLEAR else {}
    proof = {**finding.evidence, **words}
    kept = alert.finding.model_copy(update={"evidence": {**alert.finding.evidence, RECOVERY: proof}})
    return alert.model_copy(update={"finding": kept, "stage": Stage.RESOLVED, "resolved_at": now, "last_seen_at": now})


def _leaves_accusation(alert: Alert, finding: Finding) -> bool:
    return alert.finding.severity is Severity.ACCUSATION and finding.severity is not Severity.ACCUSATION


def _stepped_down(alert: Alert, finding: Finding, now: datetime, new_id: NewId) -> list[Alert]:
    """Take an accusation back: a post appeared, though an old one.

    An open accusation is resolved, so that whoever read it reads that it is over, and the milder finding opens an alert of its own.
    One that nobody heard of just becomes milder; so does one opened in this very millisecond, whose name the new one would share.
    """
    if alert.stage in UNHEARD or new_id(finding, now) == alert.id:
        return [_ongoing(alert, finding, now).model_copy(update={"stage": Stage.OPEN})]
    return [_resolved(alert, finding, now), _opened(finding, now, new_id)]


def _ongoing(alert: Alert, finding: Finding, now: datetime) -> Alert:
    update: dict[str, object] = {"finding": finding, "last_seen_at": now}
    if finding.severity is Severity.ACCUSATION and alert.finding.severity is not Severity.ACCUSATION:
        update["stage"] = Stage.PENDING
    return alert.model_copy(update=update)


def worth_writing(before: Alert, after: Alert) -> bool:
    """Whether the change is worth a write: new words, a new stage, or a day since it was last written as seen."""
    if before.stage is not after.stage or _words(before.finding) != _words(after.finding):
        return True
    return after.last_seen_at - before.last_seen_at >= TOUCH_AFTER


def _words(finding: Finding) -> tuple[object, ...]:
    # By the day of the line it is decided who must hear of it before a weekend: it may move while the sentence stays.
    return finding.rung, finding.severity, finding.label, finding.message, finding.tells, finding.evidence.get("line_on")


def release(alerts: Iterable[Alert], now: datetime) -> list[Alert]:
    """Open what was pending or held; return the changed ones. What opened after `now` was not part of the decision and stays."""
    return _staged(alerts, now, frozenset(UNHEARD), Stage.OPEN)


def hold(alerts: Iterable[Alert], now: datetime) -> list[Alert]:
    """Hold what is pending until a person releases it; return the changed ones. What opened after `now` stays as it is."""
    return _staged(alerts, now, frozenset({Stage.PENDING}), Stage.HELD)


def _staged(alerts: Iterable[Alert], now: datetime, from_stages: frozenset[Stage], stage: Stage) -> list[Alert]:
    chosen = (alert for alert in alerts if alert.stage in from_stages and alert.opened_at <= now)
    return [alert.model_copy(update={"stage": stage}) for alert in chosen]
