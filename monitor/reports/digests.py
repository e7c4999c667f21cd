"""What a digest says: which accounts, which tasks, which figures, worst first. Pure: values in, values out.

Every judged account stands in exactly one of 合格, 不合格 and 无法判定; 将超期 is part of 合格. A county clerk reads of the accounts that
name that address only, and of nothing that belongs to the city as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

from monitor import inspection
from monitor.alerting import gravity
from monitor.model import Account, Alert, Contact, Platform, Role, Severity, Stage, Verdict, local_date
from monitor.reports.cases import (
    Case,
    Material,
    Mended,
    Overdue,
    Row,
    Unreachable,
    cases,
    mended,
    open_requests,
    overdue_reposts,
    unreachable,
)
from monitor.tasks import TaskSheet, repost_rates
from monitor.telling.hours import OfficeHours
from monitor.telling.marks import address
from monitor.telling.records import Request
from monitor.urgency import is_soon
from monitor.workdays import is_known

YEAR_ENDS = 12
"""The month from which on next year's calendar is missed: the State Council brings it out in November."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many accounts stand where. `unjudged` ones are in none of the sums."""

    qualified: int = 0
    failed: int = 0
    undetermined: int = 0
    soon: int = 0
    unjudged: int = 0

    @classmethod
    def of(cls, verdicts: Iterable[Verdict | None], soon: int = 0) -> Self:
        """Count verdicts; None is an account that is not judged."""
        count = Counter(verdicts)
        return cls(count[Verdict.QUALIFIED], count[Verdict.FAILED], count[Verdict.UNDETERMINED], soon, count[None])

    @property
    def judged(self) -> int:
        return self.qualified + self.failed + self.undetermined

    @property
    def base(self) -> int:
        """What the pass rate rests on: 无法判定 is taken out first."""
        return self.qualified + self.failed

    @property
    def rate(self) -> Decimal | None:
        return inspection.rate(self.qualified, self.base)


@dataclass(frozen=True, slots=True)
class Digest:
    """What one reader is told of the time since `since`. `county` digests leave out what is the city's alone."""

    now: datetime
    since: datetime
    tally: Tally
    failed: tuple[Case, ...] = ()
    soon: tuple[Case, ...] = ()
    undetermined: tuple[Case, ...] = ()
    tasks: tuple[TaskSheet, ...] = ()
    mended: tuple[Mended, ...] = ()
    overdue: tuple[Overdue, ...] = ()
    requests: tuple[tuple[Account, Request], ...] = ()
    unreachable: tuple[Unreachable, ...] = ()
    held: Mapping[Platform, int] = field(default_factory=dict)
    troubles: tuple[Alert, ...] = ()
    blind: int = 0
    no_calendar: int | None = None
    county: bool = False
    regions: tuple[str, ...] = ()

    @property
    def fresh(self) -> tuple[Case, ...]:
        return tuple(case for case in self.failed if case.fresh)


def tally(rows: Iterable[Row]) -> Tally:
    listed = [standing for _, standing in rows]
    return Tally.of((standing.verdict for standing in listed), soon=sum(is_soon(standing) for standing in listed))


def digest(material: Material, since: datetime) -> Digest:
    """Return the city clerk's digest."""
    accounts = {account.id: account for account, _ in material.rows}
    alive = [alert for alert in material.alerts if alert.stage is not Stage.RESOLVED]
    troubles = [alert for alert in alive if alert.finding.severity is Severity.TROUBLE and alert.stage is Stage.OPEN]
    return replace(
        _of_accounts(material, since),
        held=_held(alive, accounts),
        troubles=tuple(sorted((alert for alert in troubles if alert.finding.account_id is None), key=gravity)),
        blind=len({alert.finding.account_id for alert in troubles} - {None}),
        no_calendar=missing_calendar(material.now, material.hours),
    )


def county_digest(material: Material, to: Contact, since: datetime) -> Digest | None:
    """Return the digest of the accounts that name this person as their county clerk; None where there are none."""
    mine = answered_for(material.rows, to)
    if not mine:
        return None
    narrow = narrowed(material, {account.id for account in mine})
    regions = tuple(sorted({account.region.strip() for account in mine} - {""}))
    return replace(_of_accounts(narrow, since), county=True, regions=regions)


def answered_for(rows: Iterable[Row], to: Contact) -> list[Account]:
    """Return the accounts whose county clerk this person is."""
    email = address(to.email)
    named = (account for account, _ in rows if any(_is_county(contact, email) for contact in account.contacts))
    return list(named)


def _is_county(contact: Contact, email: str) -> bool:
    return contact.role is Role.COUNTY and bool(email) and address(contact.email) == email


def narrowed(material: Material, ids: set[str]) -> Material:
    """Return the material without anything that is not about these accounts; the rates of every task are theirs."""
    sheets = (_narrow_sheet(sheet, ids) for sheet in material.sheets)
    alerts = [alert for alert in material.alerts if alert.finding.account_id in ids]
    told = {alert.id for alert in alerts}
    return replace(
        material,
        rows=[row for row in material.rows if row[0].id in ids],
        sheets=tuple(sheet for sheet in sheets if sheet.rows),
        alerts=alerts,
        requests=[request for request in material.requests if request.account_id in ids],
        steps=[step for step in material.steps if step.account_id in ids],
        letters=[letter for letter in material.letters if told & set(letter.alerts)],
    )


def _narrow_sheet(sheet: TaskSheet, ids: set[str]) -> TaskSheet:
    rows = tuple(row for row in sheet.rows if row.account.id in ids)
    return TaskSheet(sheet.article, rows, repost_rates(row.standing for row in rows))


def _of_accounts(material: Material, since: datetime) -> Digest:
    told_of = cases(material, since)
    return Digest(
        now=material.now,
        since=since,
        tally=tally(material.rows),
        failed=tuple(case for case in told_of if case.standing.verdict is Verdict.FAILED),
        soon=tuple(case for case in told_of if is_soon(case.standing)),
        undetermined=tuple(case for case in told_of if case.standing.verdict is Verdict.UNDETERMINED),
        tasks=tuple(material.sheets),
        mended=mended(material, since),
        overdue=overdue_reposts(material),
        requests=open_requests(material),
        unreachable=unreachable(material),
    )


def _held(alive: Iterable[Alert], accounts: Mapping[str, Account]) -> dict[Platform, int]:
    """Count the accounts whose accusation waits for a person."""
    held = {alert.finding.account_id or "" for alert in alive if alert.stage is Stage.HELD}
    count = Counter(accounts[each].platform for each in held if each in accounts)
    return {platform: count[platform] for platform in Platform if count[platform]}


def missing_calendar(now: datetime, hours: OfficeHours) -> int | None:
    """Return the year whose working days are not known though they matter: this one, in December also the next."""
    today = local_date(now)
    years = (today.year, today.year + 1) if today.month == YEAR_ENDS else (today.year,)
    return next((year for year in years if not is_known(year)), None) if hours.working_days_only else None


def last_opening(now: datetime, hours: OfficeHours) -> datetime:
    """Return the opening of the working day before today: what came since then is news to whoever reads a digest every day."""
    day = local_date(now) - timedelta(days=1)
    while not hours.works(day):
        day -= timedelta(days=1)
    return hours.opening(day)
