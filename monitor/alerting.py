"""Findings become alerts: opened, ongoing, resolved; and who is due to be told. Pure; the alert itself is the outbox.

The life of an alert:

    firing accusation ─▶ PENDING ─▶ (quorum gate) ─▶ OPEN or HELD ─▶ (a person) ─▶ OPEN
    any other firing  ─▶ OPEN                  clear, at any stage ─▶ RESOLVED

Judging (`settle`, `release`, `hold`) never touches `told` and `tries`, telling touches nothing else: the two write side by side.
Telling: `attempt` is written before a letter leaves, then `told` or `refused`. A letter killed in between leaves a try behind and is
sent once more; after `UNKNOWN_LIMIT` letters of unknown fate the person counts as told. A try belongs to the state it spoke of, so
an unknown fate never swallows the next rung or the recovery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.model import Account, Alert, Contact, Finding, Firing, Role, Severity, Stage, Told

UNKNOWN_LIMIT = 2
"""Letters of unknown fate after which a person counts as told: the first, and one repeat."""

TOUCH_AFTER = timedelta(days=1)
"""An alert whose words stay the same is written once a day, so that it shows as still seen."""

CLOCK_TROUBLE = timedelta(hours=1)
"""An alert seen further ahead than this was seen by a clock that was wrong; what is found now is the newer word."""

RECOVERY = "recovery"
"""Key in a resolved finding's evidence: what the clear finding brought as proof."""

_GRAVITY = {Severity.ACCUSATION: 3, Severity.TROUBLE: 2, Severity.WARNING: 1, Severity.NOTICE: 0}
_UNHEARD = (Stage.PENDING, Stage.HELD)

NewId = Callable[[Finding, datetime], str]


@dataclass(frozen=True, slots=True)
class Notice:
    """All that one e-mail address is due to hear now, gravest first."""

    person: Contact
    opened: tuple[Alert, ...] = ()
    recovered: tuple[Alert, ...] = ()


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
    if alert.stage in _UNHEARD or new_id(finding, now) == alert.id:
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
    return finding.rung, finding.severity, finding.label, finding.message, finding.tells


def release(alerts: Iterable[Alert], now: datetime) -> list[Alert]:
    """Open what was pending or held; return the changed ones. What opened after `now` was not part of the decision and stays."""
    return _staged(alerts, now, frozenset(_UNHEARD), Stage.OPEN)


def hold(alerts: Iterable[Alert], now: datetime) -> list[Alert]:
    """Hold what is pending until a person releases it; return the changed ones. What opened after `now` stays as it is."""
    return _staged(alerts, now, frozenset({Stage.PENDING}), Stage.HELD)


def _staged(alerts: Iterable[Alert], now: datetime, from_stages: frozenset[Stage], stage: Stage) -> list[Alert]:
    chosen = (alert for alert in alerts if alert.stage in from_stages and alert.opened_at <= now)
    return [alert.model_copy(update={"stage": stage}) for alert in chosen]


@dataclass(slots=True)
class _Heap:
    person: Contact
    opened: list[Alert] = field(default_factory=list)
    recovered: list[Alert] = field(default_factory=list)


def due(alerts: Iterable[Alert], recipients: Callable[[Alert], Iterable[Contact]], now: datetime) -> list[Notice]:
    """Return what each e-mail address is to be told now, one notice per address, in the order of addresses.

    An open alert goes to its recipients who have not heard of its rung; a recovery to everybody who heard of the alert, also when the
    roster no longer names them. Alerts opened after `now` wait.
    """
    heaps: dict[str, _Heap] = {}
    for alert in alerts:
        if alert.opened_at > now:
            continue
        for person in _listeners(alert, recipients):
            heap = heaps.setdefault(address(person.email), _Heap(person))
            (heap.recovered if alert.stage is Stage.RESOLVED else heap.opened).append(alert)
    return [
        Notice(heap.person, tuple(sorted(heap.opened, key=gravity)), tuple(sorted(heap.recovered, key=gravity)))
        for _, heap in sorted(heaps.items())
    ]


def _listeners(alert: Alert, recipients: Callable[[Alert], Iterable[Contact]]) -> list[Contact]:
    if alert.stage in _UNHEARD:
        return []
    known = {address(person.email): person for person in recipients(alert) if address(person.email)}
    candidates = _heard(alert) if alert.stage is Stage.RESOLVED else list(known)
    return [known.get(email, Contact(email=email)) for email in candidates if _owed(alert, email)]


def _heard(alert: Alert) -> list[str]:
    """Return who was told of the alert, or may have been by a letter of unknown fate."""
    return sorted({*alert.told, *(key.partition(" ")[0] for key in alert.tries)})


def _owed(alert: Alert, email: str) -> bool:
    if alert.tries.get(_letter(alert, email), 0) >= UNKNOWN_LIMIT:
        return False
    mark = alert.told.get(email)
    if alert.stage is Stage.RESOLVED:
        return mark is None or not mark.recovered
    return mark is None or mark.rung < alert.finding.rung


def _letter(alert: Alert, email: str) -> str:
    """Name the letter that tells this person of the alert's present state: the key in `tries`."""
    return f"{email} recovered" if alert.stage is Stage.RESOLVED else f"{email} {alert.finding.rung}"


def lowered(alerts: Iterable[Alert]) -> list[Alert]:
    """Return the living alerts whose rung fell below what people were told, with `told` pulled down to it.

    To be written by whoever tells, so that a later climb, which is a new lapse, is told again.
    """
    return [_lowered(alert) for alert in alerts if alert.stage is not Stage.RESOLVED and _graver_told(alert)]


def _graver_told(alert: Alert) -> bool:
    return any(mark.rung > alert.finding.rung for mark in alert.told.values())


def _lowered(alert: Alert) -> Alert:
    rung = alert.finding.rung
    told = {email: mark.model_copy(update={"rung": min(mark.rung, rung)}) for email, mark in alert.told.items()}
    tries = {key: count for key, count in alert.tries.items() if key.endswith(f" {rung}")}
    return alert.model_copy(update={"told": told, "tries": tries})


def gravity(alert: Alert) -> tuple[int, int, datetime, str]:
    """Sort key, gravest first: accusations, trouble of ours, warnings, notices; within them by rung, then by age."""
    return -_GRAVITY[alert.finding.severity], -alert.finding.rung, alert.opened_at, alert.id


def address(email: str) -> str:
    """Return the form of an e-mail address under which `told` and `tries` are kept: one mailbox, however it is typed."""
    return "".join(email.split()).lower()


def attempt(alert: Alert, email: str) -> Alert:
    """Mark that a letter is about to leave; to be written before it does."""
    key = _letter(alert, address(email))
    return alert.model_copy(update={"tries": {**alert.tries, key: alert.tries.get(key, 0) + 1}})


def told(alert: Alert, email: str, now: datetime) -> Alert:
    """Mark that the person has been told of the alert as it stands; what became of earlier letters no longer matters."""
    key = address(email)
    mark = Told(at=now, rung=alert.finding.rung, recovered=alert.stage is Stage.RESOLVED)
    tries = {letter: count for letter, count in alert.tries.items() if letter.partition(" ")[0] != key}
    return alert.model_copy(update={"told": {**alert.told, key: mark}, "tries": tries})


def refused(alert: Alert, email: str) -> Alert:
    """Take the last try back: the letter was certainly not accepted. Earlier letters of unknown fate still count."""
    key = _letter(alert, address(email))
    left = alert.tries.get(key, 0) - 1
    others = {letter: count for letter, count in alert.tries.items() if letter != key}
    return alert.model_copy(update={"tries": {**others, key: left} if left > 0 else others})


def recipients_for(alert: Alert, account: Account | None, clerks: Iterable[str], sysadmins: Iterable[str]) -> tuple[Contact, ...]:
    """Return whom the finding names, each mailbox once: the account's own contacts, then the city's clerks, then the sysadmins."""
    candidates = [
        *(account.contacts if account else ()),
        *(Contact(role=Role.CLERK, email=email) for email in clerks),
        *(Contact(role=Role.SYSADMIN, email=email) for email in sysadmins),
    ]
    chosen: dict[str, Contact] = {}
    for person in candidates:
        if person.role in alert.finding.tells and address(person.email):
            chosen.setdefault(address(person.email), person)
    return tuple(chosen.values())
