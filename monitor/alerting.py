"""Who is to be told of which alert now, and why or why not. Pure; the alert itself is the outbox.

Telling: `attempt` is written before a letter leaves, then `told` or `refused`. A letter killed in between leaves a try behind and is
sent once more; after `UNKNOWN_LIMIT` letters of unknown fate the person counts as told for the day, and gets one more each day after
until the fate of one is known. A try belongs to the state it spoke of: it never swallows the next rung or the recovery.

Every pair of alert and person gets a `Decision` with its reason, sent or held back (handbook 8):

- the operator at each new rung, once more on the last working day before it is too late, and weekly while it lasts; a week after an
  accusation was told the repeat is a 整改通知 with a deadline, and past that, unanswered, the county hears of it;
- the county clerk where the rung says so; the city clerk reads of accounts in the digest, and by letter only of trouble of ours;
- within office hours, at most one letter about accounts a day and address; trouble goes to the sysadmin at any hour.

What opens again shortly after it ended is one episode: nobody hears of the way down and up in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from monitor.hours import OfficeHours
from monitor.life import CLOCK_TROUBLE, RECOVERY, UNHEARD
from monitor.mailboxes import Mailbox
from monitor.model import Account, Alert, Contact, PersonsWord, Role, Severity, Stage, Step, Told, cut, local_date, start_of_day
from monitor.workdays import UnknownYear, after_working_days

UNKNOWN_LIMIT = 2
"""Letters of unknown fate after which a person counts as told for the day: the first, and one repeat. On a later day it is one."""

_GRAVITY = {Severity.ACCUSATION: 3, Severity.TROUBLE: 2, Severity.WARNING: 1, Severity.NOTICE: 0}
_CALENDAR_DAYS_FOR_WORKING = 7 / 5
"""Stands in for the calendar where a year has none: five working days are a week."""

Candidates = Callable[[Alert], Iterable[Contact]]
"""All who might ever hear of an alert, whatever their role; the alert says which roles do."""


class Why(StrEnum):
    """Why a person is written to about an alert (the first seven), or is not."""

    NEW = "new"
    PRESSING = "pressing"
    RECTIFY = "rectify"
    OVERDUE = "overdue"
    WEEKLY = "weekly"
    RECOVERED = "recovered"
    STANDING = "standing"

    TOLD = "told"
    EARLY = "early"
    PASSED = "passed"
    GATE = "gate"
    SILENCED = "silenced"
    ACKNOWLEDGED = "acknowledged"
    DIGEST = "digest"
    FLAPPING = "flapping"
    HOURS = "hours"
    DAILY = "daily"
    UNKNOWN_FATE = "unknown_fate"
    REFUSED = "refused"
    BACKING_OFF = "backing_off"
    BROKEN = "broken"

    @property
    def sends(self) -> bool:
        """Whether a letter goes out for it; what merely stands rides along with one."""
        return self in _SENDING

    @property
    def waits(self) -> bool:
        """Whether a letter is owed and merely cannot go now."""
        return self in _WAITING

    @property
    def label(self) -> str:
        return _WHY_LABELS[self]


_SENDING = frozenset({Why.NEW, Why.PRESSING, Why.RECTIFY, Why.OVERDUE, Why.WEEKLY, Why.RECOVERED})
_WAITING = frozenset({Why.HOURS, Why.DAILY, Why.REFUSED, Why.BACKING_OFF, Why.BROKEN, Why.FLAPPING})
_WHY_LABELS = {
    Why.NEW: "新情况，发送",
    Why.PRESSING: "到期前最后一个工作日，发送",
    Why.RECTIFY: "整改通知，发送",
    Why.OVERDUE: "整改逾期未反馈，发送",
    Why.WEEKLY: "每周重复，发送",
    Why.RECOVERED: "已恢复，发送",
    Why.STANDING: "已告知，随信附上",
    Why.TOLD: "已告知，无新情况",
    Why.EARLY: "未到提醒时间",
    Why.PASSED: "期限已过，提醒不再发送",
    Why.GATE: "待本轮核对或人工放行",
    Why.SILENCED: "已静默",
    Why.ACKNOWLEDGED: "对方已确认收到",
    Why.DIGEST: "列入日报",
    Why.FLAPPING: "刚恢复，观察是否反复",
    Why.HOURS: "非工作时间，等待",
    Why.DAILY: "今日已发过一封，等待",
    Why.UNKNOWN_FATE: "投递结果不明，今日视为已告知",
    Why.REFUSED: "地址被退信，暂停发送",
    Why.BACKING_OFF: "对方服务器暂时拒收，稍后重试",
    Why.BROKEN: "邮件生成出错，待修复",
}


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
    deciding = _Deciding(candidates, mailboxes, silences, wishes, now, wishes.hours.is_open(now), wishes.hours.next_opening(now))
    decisions: list[Decision] = []
    for chain in _episodes([alert for alert in alerts if alert.opened_at <= now], wishes.flap):
        decisions += deciding.of(chain)
    return decisions


def _episodes(alerts: Iterable[Alert], flap: timedelta) -> list[list[Alert]]:
    """Group the alerts about one thing, oldest first, where each opened within `flap` after the one before ended.

    An accusation that was taken back for something milder is over: that must be told.
    """
    chains: list[list[Alert]] = []
    latest: dict[str, list[Alert]] = {}
    for alert in sorted(alerts, key=lambda each: (each.opened_at, each.id)):
        chain = latest.get(alert.finding.key)
        if chain is None or not _goes_on(chain[-1], alert, flap):
            chain = latest[alert.finding.key] = []
            chains.append(chain)
        chain.append(alert)
    return chains


def _goes_on(before: Alert, after: Alert, flap: timedelta) -> bool:
    alike = (before.finding.severity is Severity.ACCUSATION) == (after.finding.severity is Severity.ACCUSATION)
    return alike and before.resolved_at is not None and after.opened_at - before.resolved_at <= flap


@dataclass(slots=True)
class _Deciding:
    candidates: Candidates
    mailboxes: Mapping[str, Mailbox]
    silences: Mapping[str, Silence]
    wishes: Wishes
    now: datetime
    open: bool
    next_opening: datetime

    def of(self, chain: list[Alert]) -> list[Decision]:
        """Decide on the last alert of an episode; those before it have nothing left to say."""
        alert = _knowing(chain)
        pressing = self._presses(alert)
        # The county answers for everything in its territory: it hears of what presses, and of a 整改通知 that nobody answered.
        late = alert.finding.severity is Severity.ACCUSATION and self._overdue(chain) is not None and not _answered(alert)
        roles = set(alert.finding.tells) | ({Role.COUNTY} if late or (pressing and alert.finding.article_id is None) else set())
        everybody = self._by_address(alert)
        heard = {email: mark for email in _heard(chain) if (mark := _merged(chain, email)) is not None or _tried(chain, email)}
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
        if _enough(alert, email, local_date(self.now)):
            return Decision(alert, person, Why.UNKNOWN_FATE)
        if person.role is Role.CLERK and alert.finding.severity is not Severity.TROUBLE:
            return Decision(alert, person, Why.DIGEST)
        if (held := self._silenced(alert, person)) is not None:
            return held
        stable = (alert.resolved_at or alert.last_seen_at) + self.wishes.flap
        if self.now < stable:
            return Decision(alert, person, Why.FLAPPING, until=stable)
        return self._now_or_later(Decision(alert, person, Why.RECOVERED))

    def _telling(self, alert: Alert, person: Contact, mark: Told | None, pressing: bool, chain: list[Alert]) -> Decision:
        if alert.stage in UNHEARD:
            return Decision(alert, person, Why.GATE)
        if person.role is Role.CLERK and alert.finding.severity is not Severity.TROUBLE:
            return Decision(alert, person, Why.DIGEST)
        if (held := self._silenced(alert, person)) is not None:
            return held
        if _enough(alert, address(person.email), local_date(self.now)):
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
        named = [mark.due for alert in chain for mark in alert.told.values() if mark.due is not None]
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


def _heard(chain: Iterable[Alert]) -> list[str]:
    """Return who was told of any alert of the episode, or may have been by a letter of unknown fate."""
    return sorted({email for alert in chain for email in (*alert.told, *(key.partition(" ")[0] for key in alert.tries))})


def _tried(chain: Iterable[Alert], email: str) -> bool:
    return any(key.partition(" ")[0] == email for alert in chain for key in alert.tries)


def _knowing(chain: Sequence[Alert]) -> Alert:
    """Return the last alert of an episode with what people were told of those before it: its letters answer theirs."""
    if len(chain) == 1:
        return chain[0]
    return chain[-1].model_copy(update={"told": {email: mark for alert in chain for email, mark in alert.told.items()}})


def _merged(chain: Iterable[Alert], email: str) -> Told | None:
    """Return what the person knows of the episode: the last recovery ends what was said before it."""
    known: Told | None = None
    last: Alert | None = None
    for alert in chain:
        mark, last = alert.told.get(email), alert
        if mark is None:
            continue
        if mark.recovered or known is None or known.recovered or (mark.rung, mark.step) >= (known.rung, known.step):
            known = mark
    if known is not None and known.recovered and last is not None and last.stage is not Stage.RESOLVED:
        return None
    return known


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


# -- marks ------------------------------------------------------------------------------------------------------------------


def address(email: str) -> str:
    """Return the form of an e-mail address under which `told` and `tries` are kept: one mailbox, however it is typed."""
    return "".join(email.split()).lower()


def _state(alert: Alert) -> str:
    return "recovered" if alert.stage is Stage.RESOLVED else str(alert.finding.rung)


def _letter(alert: Alert, email: str, today: date) -> str:
    """Name the day's letters that tell this person of the alert's present state: the key in `tries`."""
    return f"{email} {today} {_state(alert)}"


def _enough(alert: Alert, email: str, today: date) -> bool:
    """Whether letters of unknown fate are enough for the day: two on the first, one on each later one."""
    key = _letter(alert, email, today)
    before = any(each != key and each.startswith(f"{email} ") and each.endswith(f" {_state(alert)}") for each in alert.tries)
    return alert.tries.get(key, 0) >= (1 if before else UNKNOWN_LIMIT)


def attempt(alert: Alert, email: str, now: datetime) -> Alert:
    """Mark that a letter is about to leave; to be written before it does."""
    key = _letter(alert, address(email), local_date(now))
    return alert.model_copy(update={"tries": {**alert.tries, key: alert.tries.get(key, 0) + 1}})


def told(alert: Alert, email: str, now: datetime, *, step: Step = Step.SAID, letter: str = "", due: date | None = None) -> Alert:
    """Mark that the person has been told of the alert as it stands; what became of earlier letters no longer matters.

    `letter` is the number of the letter that told it; the first one about this alert names the thread.
    """
    key = address(email)
    before = alert.told.get(key)
    mark = Told(
        at=now,
        rung=alert.finding.rung,
        recovered=alert.stage is Stage.RESOLVED,
        step=step,
        letter=letter,
        thread=(before.thread if before else "") or letter,
        due=due,
    )
    tries = {name: count for name, count in alert.tries.items() if name.partition(" ")[0] != key}
    return alert.model_copy(update={"told": {**alert.told, key: mark}, "tries": tries})


def refused(alert: Alert, email: str, now: datetime) -> Alert:
    """Take the try of `now` back: the letter was certainly not accepted. Earlier letters of unknown fate still count."""
    key = _letter(alert, address(email), local_date(now))
    left = alert.tries.get(key, 0) - 1
    others = {letter: count for letter, count in alert.tries.items() if letter != key}
    return alert.model_copy(update={"tries": {**others, key: left} if left > 0 else others})


def lowered(alerts: Iterable[Alert]) -> list[Alert]:
    """Return the living alerts whose rung fell below what people were told, with `told` pulled down to it.

    To be written by whoever tells, so that a later climb, which is a new lapse, is told again.
    """
    return [_lowered(alert) for alert in alerts if alert.stage is not Stage.RESOLVED and _graver_told(alert)]


def _graver_told(alert: Alert) -> bool:
    return any(mark.rung > alert.finding.rung for mark in alert.told.values())


def _lowered(alert: Alert) -> Alert:
    rung = alert.finding.rung
    lower = {"rung": rung, "step": Step.SAID, "due": None}
    told = {email: mark.model_copy(update=lower) if mark.rung > rung else mark for email, mark in alert.told.items()}
    tries = {key: count for key, count in alert.tries.items() if key.endswith(f" {rung}")}
    return alert.model_copy(update={"told": told, "tries": tries})


def acknowledged(alert: Alert, by: str, now: datetime, reason: str = "") -> Alert:
    """Mark that a person has taken note of the alert as it stands: it is not repeated until its rung rises."""
    return alert.model_copy(update={"acknowledged": PersonsWord(by=by, at=now, rung=alert.finding.rung, reason=reason)})


def candidates_for(account: Account | None, clerks: Iterable[Contact], sysadmins: Iterable[Contact]) -> tuple[Contact, ...]:
    """Return who might hear of an alert, in the order in which roles count: the account's contacts, the clerks, the sysadmins."""
    return (*(account.contacts if account else ()), *clerks, *sysadmins)
