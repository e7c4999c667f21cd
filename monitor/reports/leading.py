"""The leader's one page: the pass rate and its change, at most five names, what is being done. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from monitor.model import Platform
from monitor.reports.cases import Case, Material
from monitor.reports.courses import Verdicts
from monitor.reports.digests import Digest, Tally, tally

NAMES = 5
"""Names on the page, at most (handbook 1)."""
REASONS = 3
"""Reasons of 无法判定 that are named."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What has been done about the failing accounts: each figure counts accounts, and one account may be in several."""

    told: int = 0
    answered: int = 0
    rectifying: int = 0
    overdue: int = 0
    asked: int = 0
    next_due: date | None = None


@dataclass(frozen=True, slots=True)
class Leading:
    """The page. `then` is last quarter's end judged anew by today's rule and roster, None where nothing was known then."""

    tally: Tally
    platforms: tuple[tuple[Platform, Tally], ...]
    quarter_end: date
    then: Tally | None
    names: tuple[Case, ...]
    doing: Doing = field(default_factory=Doing)
    reasons: tuple[tuple[str, int], ...] = ()

    @property
    def change(self) -> Decimal | None:
        """The difference of both rates as they are printed, in percentage points."""
        now, then = self.tally.rate, self.then.rate if self.then else None
        return None if now is None or then is None else now - then


def leading(material: Material, digest: Digest, quarter_end: date, then: Verdicts) -> Leading:
    """Return the page; `digest` is the city's of the same moment."""
    platforms = ((platform, tally(row for row in material.rows if row[0].platform is platform)) for platform in Platform)
    return Leading(
        tally=digest.tally,
        platforms=tuple((platform, each) for platform, each in platforms if each.judged),
        quarter_end=quarter_end,
        then=_past(material, then),
        names=digest.failed[:NAMES],
        doing=_doing(digest),
        reasons=tuple(reasons(digest).items()),
    )


def last_quarter_end(day: date) -> date:
    """Return the last day of the quarter before a day's own."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1) - timedelta(days=1)


def reasons(digest: Digest) -> Mapping[str, int]:
    """Count the 无法判定 by reason, the most frequent first."""
    return dict(Counter(case.standing.reason for case in digest.undetermined).most_common())


def _past(material: Material, then: Verdicts) -> Tally | None:
    past = Tally.of(then.get(account.id) for account, _ in material.rows)
    return past if past.base else None


def _doing(digest: Digest) -> Doing:
    open_dues = [case.due for case in digest.failed if case.due is not None and not case.overdue]
    return Doing(
        told=sum(case.told is not None for case in digest.failed),
        answered=sum(case.answered is not None for case in digest.failed),
        rectifying=len(open_dues),
        overdue=sum(case.overdue for case in digest.failed),
        asked=sum(bool(case.asked) for case in digest.failed),
        next_due=min(open_dues, default=None),
    )
