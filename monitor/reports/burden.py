"""The burden meter of a month: how many letters each unit got, how long mending took, which accounts might better be closed. Pure.

It ranks nobody (the 2023-12 opinion against formalism): units stand in the order of their codes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from monitor.inspection import accused_at
from monitor.life import UNHEARD
from monitor.model import Account, Alert, Severity, Stage, Standing, Status, Verdict, local_date, start_of_day
from monitor.ports import ListName
from monitor.reports.cases import Material, ended_at
from monitor.reports.courses import counts, mending_times, typical
from monitor.tasks import NO_UNIT
from monitor.telling.marks import address
from monitor.telling.records import LetterRecord
from monitor.telling.trail import Act, Entry

YEAR = timedelta(days=365)
LAPSES = 3
"""Lapses within a year from which on an account is named as one that might be closed."""
SILENT_DAYS = 60
"""So long silent, and nobody answered: the longest rung of the ladder."""
SAME_LAPSE = timedelta(days=1)
"""An accusation that follows so soon on the end of another is the same lapse: a true one takes a fortnight."""
ASKED = frozenset({Act.RECHECK, Act.EXEMPTION, Act.CLOSURE})


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in Asia/Shanghai."""

    year: int
    number: int

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def start(self) -> datetime:
        return start_of_day(self.first)

    @property
    def end(self) -> datetime:
        """The first moment that is no longer of it."""
        return start_of_day(self.following)

    @property
    def following(self) -> date:
        return date(self.year + self.number // 12, self.number % 12 + 1, 1)

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"


def month_before(day: date) -> Month:
    """Return the last full month before a day."""
    last = day.replace(day=1) - timedelta(days=1)
    return Month(last.year, last.month)


@dataclass(frozen=True, slots=True)
class Load:
    """What a unit got in the month and did about it. `most_a_day`: letters that one of its addresses got on one day, at most."""

    unit: str
    accounts: int = 0
    letters: int = 0
    most_a_day: int = 0
    mended: int = 0
    typical: timedelta | None = None
    reopened: int = 0
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Closure:
    """An account that might better be closed, and why: how often it lapsed within a year, and how long it has been silent unanswered."""

    account: Account
    lapses: int = 0
    silent_since: date | None = None
    never: bool = False


@dataclass(frozen=True, slots=True)
class Burden:
    """The month as a whole and unit by unit; units that heard nothing, mended nothing and asked nothing are only counted."""

    month: Month
    letters: int = 0
    readers: int = 0
    mended: int = 0
    typical: timedelta | None = None
    units: tuple[Load, ...] = ()
    untroubled: int = 0
    closures: tuple[Closure, ...] = ()


@dataclass(slots=True)
class _Heap:
    numbers: set[str] = field(default_factory=set)
    days: Counter[tuple[str, date]] = field(default_factory=Counter)
    took: list[timedelta] = field(default_factory=list)
    reopened: int = 0
    asked: int = 0

    def __bool__(self) -> bool:
        return bool(self.numbers or self.took or self.reopened or self.asked)


def burden(material: Material, month: Month, letters: Sequence[LetterRecord], steps: Sequence[Entry]) -> Burden:
    """Return the month's meter. `steps` and `material.alerts` reach a year back; what is silent now is as of the material's `now`."""
    accounts = {account.id: account for account, _ in material.rows}
    heaps: dict[str, _Heap] = defaultdict(_Heap)
    mine = [letter for letter in letters if month.holds(letter.at) and counts(letter)]
    _pile_letters(heaps, mine)
    ours = {letter.number for letter in letters if letter.about != ListName.ACCOUNTS.value}
    _pile_steps(heaps, [step for step in steps if month.holds(step.at) and step.letter not in ours], accounts)
    times = [(alert, took) for alert, took in mending_times(material.alerts, steps) if month.holds(ended_at(alert))]
    for alert, took in times:
        heaps[_unit_of(alert, accounts)].took.append(took)
    for alert in _reopened(material.alerts, month):
        heaps[_unit_of(alert, accounts)].reopened += 1
    order = _order(accounts.values())
    loud = sorted((unit for unit, heap in heaps.items() if heap), key=lambda unit: (order.get(unit, _LAST), unit))
    sizes = Counter(_named(account.unit) for account in accounts.values())
    return Burden(
        month=month,
        letters=len({number for heap in heaps.values() for number in heap.numbers} | {letter.number for letter in mine}),
        readers=len({address(letter.to) for letter in mine}),
        mended=len(times),
        typical=typical([took for _, took in times]),
        units=tuple(_load(unit, heaps[unit], sizes[unit]) for unit in loud),
        untroubled=len(sizes.keys() - set(loud)),
        closures=closures(material),
    )


_LAST = "\U0010ffff"
"""Sorts behind every code: a unit that has left the roster."""


def _pile_letters(heaps: dict[str, _Heap], letters: Iterable[LetterRecord]) -> None:
    for letter in letters:
        for unit in {_named(unit) for unit in letter.units}:
            heaps[unit].numbers.add(letter.number)
            heaps[unit].days[address(letter.to), local_date(letter.at)] += 1


def _pile_steps(heaps: dict[str, _Heap], steps: Iterable[Entry], accounts: Mapping[str, Account]) -> None:
    for step in steps:
        account = accounts.get(step.account_id)
        unit = _named(step.unit or (account.unit if account else ""))
        # A step without an account is of a trouble of ours, told to those who see to it.
        if step.act is Act.TOLD and step.letter and step.account_id:
            heaps[unit].numbers.add(step.letter)
        elif step.act in ASKED:
            heaps[unit].asked += 1


def _load(unit: str, heap: _Heap, accounts: int) -> Load:
    return Load(
        unit=unit,
        accounts=accounts,
        letters=len(heap.numbers),
        most_a_day=max(heap.days.values(), default=0),
        mended=len(heap.took),
        typical=typical(heap.took),
        reopened=heap.reopened,
        asked=heap.asked,
    )


def _named(unit: str) -> str:
    return unit.strip() or NO_UNIT


def _unit_of(alert: Alert, accounts: Mapping[str, Account]) -> str:
    account = accounts.get(alert.finding.account_id or "")
    return _named(account.unit if account else "")


def _order(accounts: Iterable[Account]) -> dict[str, str]:
    """Return the lowest code of each unit's accounts."""
    lowest: dict[str, str] = {}
    for account in accounts:
        code, unit = account.code or account.id, _named(account.unit)
        lowest[unit] = min(code, lowest.get(unit, code))
    return lowest | {NO_UNIT: _LAST}


# -- lapses -----------------------------------------------------------------------------------------------------------------


def lapses(alerts: Iterable[Alert]) -> dict[str, list[Alert]]:
    """Return the accusations that were said aloud, by what they are about, oldest first; what merely wavered is one lapse."""
    by_key: dict[str, list[Alert]] = defaultdict(list)
    said = [alert for alert in alerts if alert.finding.severity is Severity.ACCUSATION and alert.stage not in UNHEARD]
    for alert in sorted(said, key=lambda each: (accused_at(each), each.id)):
        chain = by_key[alert.finding.key]
        if chain and accused_at(alert) - ended_at(chain[-1]) <= SAME_LAPSE:
            chain[-1] = alert
        else:
            chain.append(alert)
    return dict(by_key)


def _reopened(alerts: Iterable[Alert], month: Month) -> list[Alert]:
    return [alert for chain in lapses(alerts).values() for alert in chain[1:] if month.holds(accused_at(alert))]


def closures(material: Material) -> tuple[Closure, ...]:
    """Return the accounts in use that lapse again and again, or are silent and unanswered, in the order of codes."""
    since = material.now - YEAR
    by_account: dict[str, list[Alert]] = {}
    for chain in lapses(material.alerts).values():
        if chain[-1].finding.article_id is None and chain[-1].finding.account_id:
            by_account[chain[-1].finding.account_id] = chain
    asked = {request.account_id for request in material.requests}
    found: list[Closure] = []
    for account, standing in sorted(material.rows, key=lambda row: row[0].code or row[0].id):
        chain = by_account.get(account.id, [])
        times = sum(accused_at(alert) >= since for alert in chain)
        silent = _silent_since(standing, chain, material.now) if account.id not in asked else None
        if account.status is Status.ACTIVE and (times >= LAPSES or silent):
            found.append(Closure(account, times, silent, silent is not None and standing.last_post is None))
    return tuple(found)


def _silent_since(standing: Standing, chain: Sequence[Alert], now: datetime) -> date | None:
    """Return the day of the last update, or for an account without any that since which we know, where that is long ago and unanswered."""
    last = chain[-1] if chain else None
    if standing.verdict is not Verdict.FAILED or last is None or last.stage is not Stage.OPEN or last.acknowledged is not None:
        return None
    day = local_date(standing.last_post.published_at if standing.last_post else accused_at(last))
    return day if (local_date(now) - day).days >= SILENT_DAYS else None
