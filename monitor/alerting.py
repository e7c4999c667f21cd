"""Who is to be told of which alert now, and why or why not. Pure; the alert itself is the outbox.

Every pair of alert and person gets a `Decision` with its reason, sent or held back (handbook 8):

- the operator at each new rung, once more on the last working day before it is too late, and weekly while it lasts; a week after an
  accusation was told the repeat is a 整改通知 with a deadline, and past that, unanswered, the county hears of it;
- the county clerk where the rung says so; the city clerk reads of accounts in the digest, and by letter only of trouble of ours;
- within office hours, at most one letter about accounts a day and address; trouble goes to the sysadmin at any hour.

What opens again within days of its end is one episode: who did not read of the end hears nothing of the way down and up in between. Nor
does anybody read that something is over which is there again, or which waits for the gate to be said again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from monitor.life import CLOCK_TROUBLE, RECOVERY, UNHEARD
from monitor.model import Account, Alert, Contact, Role, Severity, Stage, Step, Told, cut, local_date, start_of_day
from monitor.telling.episodes import episodes, there_again
from monitor.telling.hours import OfficeHours
from monitor.telling.mailboxes import Mailbox
from monitor.telling.marks import address, enough, knowing, knows, since_read_end, tried, who_heard
from monitor.telling.reasons import Why
from monitor.workdays import UnknownYear, after_working_days

_GRAVITY = {Severity.ACCUSATION: 3, Severity.TROUBLE: 2, Severity.WARNING: 1, Severity.NOTICE: 0}
_CALENDAR_DAYS_FOR_WORKING = 7 / 5
"""Stands in for the calendar where a year has none: five working days are a week."""

Candidates = Callable[[Alert], Iterable[Contact]]
"""All who might ever hear of an alert, whatever their role; the alert says which roles do."""


@dataclass(frozen=True, slots=True)
class Silence:
    """No letters about `subject` (an account's id, or what an alert is about) until then; verdicts and lists are as ever."""

    subject: str
    until: datetime
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wishes:
    """How people want to be told. `repeat` zero: never again. `rectify_working_days` from 整改通知 to its deadline."""

    hours: OfficeHours = field(default_factory=OfficeHours)
    repeat: timedelta = timedelta(days=7)
    flap: timedelta = timedelta(hours=1)
    rectify_after: timedelta = timedelta(days=7)
    rectify_working_days: int = 5
    one_a_day: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done about one person and one alert, why, and until when it waits where that is known."""

    alert: Alert
    person: Contact
    why: Why
    step: Step = Step.SAID
    until: datetime | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """All that one e-mail address is due to hear now, gravest first.

    `opened` is new to the person, `standing` was told before and still holds, `recovered` is over. `decisions` says why, by alert id.
    `duty` is about accounts and counts as the day's letter; the rest is about us.
    """

    person: Contact
    opened: tuple[Alert, ...] = ()
    recovered: tuple[Alert, ...] = ()
    standing: tuple[Alert, ...] = ()
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    duty: bool = True

    def step(self, alert: Alert) -> Step:
        """Return how far telling this person of the alert goes with this letter."""
        decision = self.decisions.get(alert.id)
        return decision.step if decision else Step.SAID

    def due(self, alert: Alert) -> date | None:
        """Return the deadline of a 整改通知, None for anything else."""
        decision = self.decisions.get(alert.id)
        return decision.due if decision else None


# -- deciding ---------------------------------------------------------------------------------------------------------------


def decide(
    alerts: Iterable[Alert],
    candidates: Candidates,
    mailboxes: Mapping[str, Mailbox],
    silences: Mapping[str, Silence],
    wishes: Wishes,
    now: datetime,
) -> list[Decision]:
    """Return a decision for every alert and everybody it concerns. Alerts opened after `now` wait unmentioned.

    `alerts` are the living ones and those resolved lately; `mailboxes` and `silences` are by address and by subject.
    """
    hours, chains = wishes.hours, episodes([alert for alert in alerts if alert.opened_at <= now], wishes.flap)
    deciding = _Deciding(candidates, mailboxes, silences, wishes, now, hours.is_open(now), hours.next_opening(now), there_again(chains))
    return [decision for chain in chains for decision in deciding.of(chain)]


@dataclass(slots=True)
class _Deciding:
    candidates: Candidates
    mailboxes: Mapping[str, Mailbox]
    silences: Mapping[str, Silence]
    wishes: Wishes
    now: datetime
    open: bool
    next_opening: datetime
    again: Mapping[str, list[Alert]]

    def of(self, chain: list[Alert]) -> list[Decision]:
        """Decide on the last alert of an episode; those before it have nothing left to say."""
        alert = knowing(chain)
        pressing = self._presses(alert)
        # The county answers for everything in its territory: it hears of what presses, and of a 整改通知 that nobody answered.
        late = alert.finding.severity is Severity.ACCUSATION and self._overdue(chain) is not None and not _answered(alert)
        roles = set(alert.finding.tells) | ({Role.COUNTY} if late or (pressing and alert.finding.article_id is None) else set())
        everybody = self._by_address(alert)
        heard = {email: mark for email in who_heard(chain) if (mark := knows(chain, email)) is not None or tried(chain, email)}
        if alert.stage is Stage.RESOLVED:
            # What ended without proof, as its account left the roster, is over without a word.
            told = sorted(heard.items()) if RECOVERY in alert.finding.evidence else []
            return [self._recovery(alert, _one_of(everybody.get(email, ()), roles) or Contact(email=email), mark) for email, mark in told]
        known = {email: person for email, people in everybody.items() if (person := _one_of(people, roles)) and person.role in roles}
        return [self._telling(alert, person, heard.get(email), pressing, chain) for email, person in known.items()]

    def _by_address(self, alert: Alert) -> dict[str, list[Contact]]:
        """Return all who might ever hear of it, by address. Who runs an account and answers for it too is asked as who runs it; trouble
        of ours is told to whoever sees to it at any hour first."""
        found: dict[str, list[Contact]] = {}
        for person in sorted(self.candidates(alert), key=lambda each: _SPAN[each.role], reverse=alert.finding.severity is Severity.TROUBLE):
            if email := address(person.email):
                found.setdefault(email, []).append(person)
        return found

    def _presses(self, alert: Alert) -> bool:
        """Whether it will be too late when next anybody is at work: the line, or the deadline of a repost, lies before that.

        A deadline within today's hours has its own reminders, at half time and before it.
        """
        at = deadline(alert)
        mild = alert.finding.severity in (Severity.NOTICE, Severity.WARNING)
        if alert.stage is not Stage.OPEN or not mild or at is None:
            return False
        from_when = self.now if alert.finding.article_id is None else self.wishes.hours.closing(local_date(self.now))
        return from_when < at <= self.next_opening

    def _too_late(self, alert: Alert) -> bool:
        """Whether what a reminder or warning asked for can no longer be done in time; the accusation speaks next."""
        at, severity = deadline(alert), alert.finding.severity
        # 转载不规范 is a warning too, and is told after the deadline as before it.
        mild = severity is Severity.NOTICE or (severity is Severity.WARNING and alert.finding.article_id is None)
        return mild and at is not None and at <= self.now

    def _recovery(self, alert: Alert, person: Contact, mark: Told | None) -> Decision:
        email = address(person.email)
        if mark is not None and mark.recovered:
            return Decision(alert, person, Why.TOLD)
        if enough(alert, email, local_date(self.now)):
            return Decision(alert, person, Why.UNKNOWN_FATE)
        if person.role is Role.CLERK and alert.finding.severity is not Severity.TROUBLE:
            return Decision(alert, person, Why.DIGEST)
        if (held := self._silenced(alert, person)) is not None:
            return held
        if (back := self._is_back(alert, email)) is not None:
            return Decision(alert, person, back)
        stable = (alert.resolved_at or alert.last_seen_at) + self.wishes.flap
        if self.now < stable:
            return Decision(alert, person, Why.FLAPPING, until=stable)
        return self._now_or_later(Decision(alert, person, Why.RECOVERED))

    def _is_back(self, alert: Alert, email: str) -> Why | None:
        """Return why nobody reads that this is over: it is there again, or was and this person heard of it, or waits for the gate.

        That an accusation gave way to something milder must be told all the same.
        """
        accused = alert.finding.severity is Severity.ACCUSATION
        for later in self.again.get(alert.finding.key, ()):
            if later.opened_at <= alert.opened_at or (accused and later.finding.severity is not Severity.ACCUSATION):
                continue
            if later.stage in UNHEARD:
                return Why.GATE
            if later.stage is Stage.OPEN or email in later.told or tried([later], email):
                return Why.AGAIN
        return None

    def _telling(self, alert: Alert, person: Contact, mark: Told | None, pressing: bool, chain: list[Alert]) -> Decision:
        if alert.stage in UNHEARD:
            return Decision(alert, person, Why.GATE)
        if person.role is Role.CLERK and alert.finding.severity is not Severity.TROUBLE:
            return Decision(alert, person, Why.DIGEST)
        if (held := self._silenced(alert, person)) is not None:
            return held
        if enough(alert, address(person.email), local_date(self.now)):
            return Decision(alert, person, Why.UNKNOWN_FATE)
        owed = self._owed(alert, person, mark, pressing, chain)
        return self._now_or_later(owed) if owed.why.sends else owed

    def _silenced(self, alert: Alert, person: Contact) -> Decision | None:
        for subject in (alert.finding.account_id, alert.finding.key):
            silence = self.silences.get(subject) if subject else None
            if silence is not None and self.now < silence.until:
                return Decision(alert, person, Why.SILENCED, until=silence.until)
        return None

    def _owed(self, alert: Alert, person: Contact, mark: Told | None, pressing: bool, chain: list[Alert]) -> Decision:
        """Return what the person is owed were it the right time: the next rung, a step on the same rung, a repeat, or nothing."""
        step, rung = (mark.step, mark.rung) if mark else (Step.SAID, None)
        due = mark.due if mark else None
        kept = step if step >= Step.RECTIFY else Step.PRESSING if pressing else Step.SAID
        if self._too_late(alert):
            return Decision(alert, person, Why.PASSED, step, due=due)
        if alert.finding.rung == 0 and alert.finding.severity is Severity.NOTICE and not pressing:
            return Decision(alert, person, Why.EARLY)
        late = self._overdue(chain) if person.role is Role.COUNTY and step < Step.OVERDUE and not _answered(alert) else None
        if late is not None and alert.finding.severity is Severity.ACCUSATION:
            return Decision(alert, person, Why.OVERDUE, Step.OVERDUE, due=late)
        if mark is None or rung is None or rung < alert.finding.rung:
            return Decision(alert, person, Why.NEW, kept, due=due)
        if pressing and step < Step.PRESSING:
            return Decision(alert, person, Why.PRESSING, Step.PRESSING)
        if _answered(alert):
            return Decision(alert, person, Why.ACKNOWLEDGED, step, due=due)
        if self._may_rectify(alert, person, mark):
            return Decision(alert, person, Why.RECTIFY, Step.RECTIFY, due=self._rectify_by())
        if self._may_repeat(alert, person, mark):
            return Decision(alert, person, Why.WEEKLY, step, due=due)
        return Decision(alert, person, Why.STANDING, step, due=due)

    def _may_rectify(self, alert: Alert, person: Contact, mark: Told) -> bool:
        accused = alert.finding.severity is Severity.ACCUSATION and person.role is Role.OPERATOR and mark.step < Step.RECTIFY
        return accused and bool(self.wishes.rectify_after) and _days(mark.at, self.now) >= self.wishes.rectify_after.days

    def _may_repeat(self, alert: Alert, person: Contact, mark: Told) -> bool:
        """Whether a week has passed since the person read of it: what stands rides along with every letter in between.

        What a clock that ran ahead wrote down counts for nothing: nobody knows when that was.
        """
        box = self.mailboxes.get(address(person.email)) if alert.finding.severity is not Severity.TROUBLE else None
        read = [at for at in (mark.at, box.last_at if box else None) if at is not None and at <= self.now + CLOCK_TROUBLE]
        return bool(self.wishes.repeat) and (not read or _days(max(read), self.now) >= self.wishes.repeat.days)

    def _overdue(self, chain: list[Alert]) -> date | None:
        """Return the deadline of a 整改通知 that has passed, the latest one named to anybody."""
        named = [mark.due for alert in since_read_end(chain) for mark in alert.told.values() if mark.due is not None]
        return max(named) if named and max(named) < local_date(self.now) else None

    def _rectify_by(self) -> date:
        return working_day_after(local_date(self.now), self.wishes.rectify_working_days)

    def _now_or_later(self, owed: Decision) -> Decision:
        """Return the decision, or why it must wait: the address, the hour, or that the day had its letter."""
        person, trouble = owed.person, owed.alert.finding.severity is Severity.TROUBLE
        box = self.mailboxes.get(address(person.email))
        held: tuple[Why, datetime | None] | None = None
        if box is not None and (marked := box.marked_until(self.now)):
            held = Why.REFUSED, marked
        elif box is not None and (waits := box.waits_until(self.now)):
            held = Why.BACKING_OFF, waits
        elif trouble and person.role is Role.SYSADMIN:
            held = None
        elif not self.open:
            held = Why.HOURS, self.next_opening
        elif not trouble and self.wishes.one_a_day and box is not None and box.had_one_today(self.now):
            held = Why.DAILY, self.next_opening
        return owed if held is None else Decision(owed.alert, person, held[0], owed.step, held[1], owed.due)


def _answered(alert: Alert) -> bool:
    """Whether somebody took note of the alert as it stands."""
    return alert.acknowledged is not None and alert.acknowledged.rung >= alert.finding.rung


def _one_of(people: Iterable[Contact], roles: set[Role]) -> Contact | None:
    """Return the first whom the alert concerns, else the first."""
    listed = list(people)
    return next((person for person in listed if person.role in roles), listed[0] if listed else None)


def working_day_after(day: date, number: int) -> date:
    """Return the `number`-th working day after a day; in a year without a calendar as many days as that usually takes."""
    try:
        return after_working_days(day, number)
    except UnknownYear:
        return day + timedelta(days=round(number * _CALENDAR_DAYS_FOR_WORKING))


def deadline(alert: Alert) -> datetime | None:
    """Return the moment after which a warning comes too late: the day of the line, or the deadline of a repost; None without either."""
    evidence = alert.finding.evidence
    if alert.finding.article_id is not None:
        return _moment(evidence.get("due_at"))
    try:
        return start_of_day(date.fromisoformat(str(evidence.get("line_on") or "")))
    except (ValueError, OverflowError):
        return None


def _moment(value: Any) -> datetime | None:
    try:
        return cut(datetime.fromisoformat(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _days(since: datetime, now: datetime) -> int:
    return (local_date(now) - local_date(since)).days


# -- notices ----------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Heap:
    person: Contact
    opened: list[Decision] = field(default_factory=list)
    standing: list[Decision] = field(default_factory=list)
    recovered: list[Decision] = field(default_factory=list)


def notices(decisions: Iterable[Decision]) -> list[Notice]:
    """Return what each address is to be told now, in the order of addresses: one notice about accounts, one about us.

    What the person knows and still holds rides along; without anything new nothing is sent.
    """
    heaps: dict[tuple[str, bool], _Heap] = {}
    for decision in decisions:
        if not (decision.why.sends or decision.why is Why.STANDING):
            continue
        key = (address(decision.person.email), decision.alert.finding.severity is not Severity.TROUBLE)
        heap = heaps.setdefault(key, _Heap(decision.person))
        # Who answers for more is written to as such: a county clerk who also runs an account gets one letter.
        if _SPAN[decision.person.role] > _SPAN[heap.person.role]:
            heap.person = decision.person
        _pile(heap, decision).append(decision)
    return [_notice(heap, duty) for (_, duty), heap in sorted(heaps.items()) if heap.opened or heap.recovered]


_SPAN = {Role.OPERATOR: 0, Role.COUNTY: 1, Role.CLERK: 2, Role.SYSADMIN: 3}


def _pile(heap: _Heap, decision: Decision) -> list[Decision]:
    if decision.why is Why.RECOVERED:
        return heap.recovered
    return heap.standing if decision.why is Why.STANDING else heap.opened


def _notice(heap: _Heap, duty: bool) -> Notice:
    decisions = {each.alert.id: each for pile in (heap.opened, heap.recovered, heap.standing) for each in pile}
    return Notice(heap.person, _sorted(heap.opened), _sorted(heap.recovered), _sorted(heap.standing), decisions, duty)


def _sorted(pile: Iterable[Decision]) -> tuple[Alert, ...]:
    return tuple(sorted((each.alert for each in pile), key=gravity))


def gravity(alert: Alert) -> tuple[int, int, datetime, str]:
    """Sort key, gravest first: accusations, trouble of ours, warnings, notices; within them by rung, then by age."""
    return -_GRAVITY[alert.finding.severity], -alert.finding.rung, alert.opened_at, alert.id


def candidates_for(account: Account | None, clerks: Iterable[Contact], sysadmins: Iterable[Contact]) -> tuple[Contact, ...]:
    """Return who might hear of an alert, in the order in which roles count: the account's contacts, the clerks, the sysadmins."""
    return (*(account.contacts if account else ()), *clerks, *sysadmins)
