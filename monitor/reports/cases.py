"""One account as a clerk reads of it: its standing, what was said about it to whom, and what its people answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from monitor import inspection
from monitor.alerting import Silence, gravity
from monitor.life import RECOVERY
from monitor.model import Account, Alert, Contact, PersonsWord, Role, Severity, Stage, Standing, Step, Verdict, local_date
from monitor.tasks import TaskSheet
from monitor.telling.hours import OfficeHours
from monitor.telling.mailboxes import Mailbox
from monitor.telling.marks import address
from monitor.telling.records import Ask, LetterRecord, Request
from monitor.telling.trail import Act, Entry
from monitor.urgency import is_soon, urgency

Row = tuple[Account, Standing]

AUDIBLE = frozenset({Act.OPENED, Act.ESCALATED, Act.RELEASED})
"""Steps by which an accusation becomes one that a clerk hears of."""


@dataclass(frozen=True, slots=True)
class Material:
    """All that a digest is made of, as of `now`: the roster with its standings, the live key articles, and what was said and asked.

    `alerts` are the living ones and those resolved lately; `steps` what the audit log says of them; `mailboxes` those that took no letter;
    `letters` what was sent of late, to anybody.
    """

    now: datetime
    rows: Sequence[Row]
    sheets: Sequence[TaskSheet] = ()
    alerts: Sequence[Alert] = ()
    silences: Mapping[str, Silence] = field(default_factory=dict)
    requests: Sequence[Request] = ()
    mailboxes: Mapping[str, Mailbox] = field(default_factory=dict)
    steps: Sequence[Entry] = ()
    letters: Sequence[LetterRecord] = ()
    hours: OfficeHours = field(default_factory=OfficeHours)


@dataclass(frozen=True, slots=True)
class Case:
    """One account with what was said about it and what its people answered; `alert` is the gravest that speaks of its updates.

    `fresh`: it became a failing one since the last digest. `told` is when anybody last read of it, `due` the deadline of a 整改通知,
    `overdue` that it passed without an answer. `reachable`: somebody who runs the account can be written to.
    """

    account: Account
    standing: Standing
    alert: Alert | None = None
    fresh: bool = False
    told: datetime | None = None
    answered: datetime | None = None
    silenced: datetime | None = None
    asked: tuple[Request, ...] = ()
    due: date | None = None
    overdue: bool = False
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class Mended:
    """An accusation that has ended: the account was updated, or the article of the alert reposted."""

    account: Account
    alert: Alert


@dataclass(frozen=True, slots=True)
class Overdue:
    """A missing repost whose 整改通知 was due on a day that has passed, without an answer."""

    account: Account
    alert: Alert
    due: date


@dataclass(frozen=True, slots=True)
class Unreachable:
    """An address that takes no letters, why, and the accounts that depend on it."""

    box: Mailbox
    accounts: tuple[Account, ...]


def cases(material: Material, since: datetime) -> list[Case]:
    """Return the accounts that are not simply well, worst first; failing ones that became so after `since` are `fresh`."""
    told_of = (row for row in material.rows if row[1].verdict in (Verdict.FAILED, Verdict.UNDETERMINED) or is_soon(row[1]))
    build = _Building(material, since)
    return [build.case(account, standing) for account, standing in sorted(told_of, key=urgency)]


def open_requests(material: Material) -> tuple[tuple[Account, Request], ...]:
    """Return the requests that a clerk has to decide on, newest first."""
    accounts = {account.id: account for account, _ in material.rows}
    asked = (each for each in material.requests if each.kind in (Ask.EXEMPTION, Ask.CLOSURE))
    return tuple((accounts[each.account_id], each) for each in asked if each.account_id in accounts)


class _Building:
    """Lays what was said and asked beside each account."""

    def __init__(self, material: Material, since: datetime) -> None:
        self._material, self._since = material, since
        self._alerts: dict[str, list[Alert]] = {}
        self._asked: dict[str, list[Request]] = {}
        for alert in material.alerts:
            if alert.stage is Stage.OPEN and _speaks_of_updates(alert):
                self._alerts.setdefault(alert.finding.account_id or "", []).append(alert)
        for request in material.requests:
            self._asked.setdefault(request.account_id, []).append(request)
        self._audible = {step.alert_id for step in material.steps if step.act in AUDIBLE and step.at >= since}

    def case(self, account: Account, standing: Standing) -> Case:
        now, silence = self._material.now, self._material.silences.get(account.id)
        alert = self._alert_of(account, standing)
        case = Case(
            account=account,
            standing=standing,
            alert=alert,
            silenced=silence.until if silence is not None and now < silence.until else None,
            asked=tuple(self._asked.get(account.id, ())),
            reachable=any(self._takes_mail(contact) for contact in account.contacts if contact.role is Role.OPERATOR),
        )
        return case if alert is None else self._with_letters(case, alert)

    def _alert_of(self, account: Account, standing: Standing) -> Alert | None:
        """Return the alert that says what the standing says: it bears the same label; a new name or a holiday has alerts of its own."""
        alerts = self._alerts.get(account.id, ())
        return min(alerts, key=lambda each: (each.finding.label != standing.label, gravity(each)), default=None)

    def _with_letters(self, case: Case, alert: Alert) -> Case:
        marks = [mark for mark in alert.told.values() if not mark.recovered]
        due, word = _due(alert), _answer(alert)
        unanswered = word is None and not case.asked
        return replace(
            case,
            fresh=self._is_fresh(case.standing, alert),
            told=max((mark.at for mark in marks), default=None),
            answered=word.at if word else None,
            due=due,
            overdue=due is not None and due < local_date(self._material.now) and unanswered,
        )

    def _is_fresh(self, standing: Standing, alert: Alert) -> bool:
        accused = standing.verdict is Verdict.FAILED and _accuses(alert)
        return accused and (alert.id in self._audible or inspection.accused_at(alert) >= self._since)

    def _takes_mail(self, contact: Contact) -> bool:
        email = address(contact.email)
        box = self._material.mailboxes.get(email)
        return bool(email) and (box is None or box.marked_until(self._material.now) is None)


def _speaks_of_updates(alert: Alert) -> bool:
    finding = alert.finding
    return finding.account_id is not None and finding.article_id is None and finding.severity is not Severity.TROUBLE


def _due(alert: Alert) -> date | None:
    """Return the deadline of the 整改通知, the latest one named to anybody."""
    marks = (mark for mark in alert.told.values() if not mark.recovered)
    return max((mark.due for mark in marks if mark.due is not None and mark.step >= Step.RECTIFY), default=None)


def _answer(alert: Alert) -> PersonsWord | None:
    word = alert.acknowledged
    return word if word is not None and word.rung >= alert.finding.rung else None


def overdue_reposts(material: Material) -> tuple[Overdue, ...]:
    """Return the missing reposts that nobody answered for by their deadline, the longest past first; of accounts the cases tell."""
    accounts = {account.id: account for account, _ in material.rows}
    asked = {request.alert_id for request in material.requests}
    missing = (each for each in material.alerts if each.stage is Stage.OPEN and _accuses(each) and each.finding.article_id is not None)
    found = [
        Overdue(accounts[alert.finding.account_id or ""], alert, due)
        for alert in missing
        if (due := _due(alert)) is not None and due < local_date(material.now)
        if _answer(alert) is None and alert.id not in asked and alert.finding.account_id in accounts
    ]
    return tuple(sorted(found, key=lambda each: (each.due, each.account.id, each.alert.id)))


def mended(material: Material, since: datetime) -> tuple[Mended, ...]:
    """Return the accusations that ended since, by proof and for good: what lapsed again, or merely left the roster, is not among them."""
    rows = {account.id: (account, standing) for account, standing in material.rows}
    alive = {alert.finding.key for alert in material.alerts if alert.stage is not Stage.RESOLVED and _accuses(alert)}
    ended = [alert for alert in material.alerts if ended_by_proof(alert) and ended_at(alert) >= since and alert.finding.key not in alive]
    latest: dict[str, Mended] = {}
    for alert in sorted(ended, key=lambda each: (ended_at(each), each.id)):
        account, standing = rows.get(alert.finding.account_id or "", (None, None))
        if account is not None and (alert.finding.article_id is not None or (standing and standing.verdict is Verdict.QUALIFIED)):
            latest[alert.finding.key] = Mended(account, alert)
    return tuple(latest.values())


def ended_by_proof(alert: Alert) -> bool:
    """Whether it was an accusation that a post or a repost ended: what an exemption ended was not mended."""
    evidence = alert.finding.evidence
    proof = evidence.get(RECOVERY)
    if alert.stage is not Stage.RESOLVED or not _accuses(alert) or not isinstance(proof, Mapping):
        return False
    if alert.finding.article_id is not None:
        return bool(proof.get("reposted_at"))
    return bool(proof.get("message")) or proof.get("published_at") not in (None, evidence.get("published_at"))


def ended_at(alert: Alert) -> datetime:
    return alert.resolved_at or alert.last_seen_at


def _accuses(alert: Alert) -> bool:
    return alert.finding.severity is Severity.ACCUSATION


def unreachable(material: Material) -> tuple[Unreachable, ...]:
    """Return the addresses of these accounts' contacts that are marked, and whom that concerns, in the order of addresses."""
    marked = {email: box for email, box in material.mailboxes.items() if box.marked_until(material.now) is not None}
    concerned: dict[str, list[Account]] = {}
    for account, _ in material.rows if marked else ():
        for email in {address(contact.email) for contact in account.contacts} & marked.keys():
            concerned.setdefault(email, []).append(account)
    return tuple(Unreachable(marked[email], tuple(accounts)) for email, accounts in sorted(concerned.items()))
