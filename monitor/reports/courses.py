"""How a week went: the verdicts against those of a week ago, what was mended how fast, what the next holiday will bring. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from statistics import median

from monitor.model import Alert, Verdict, local_date
from monitor.ports import ListName
from monitor.reports.cases import Material, Row, ended_at, ended_by_proof, mended
from monitor.reports.digests import Digest, Tally
from monitor.tasks import TaskSheet
from monitor.telling.records import LetterRecord
from monitor.telling.trail import Act, Entry
from monitor.urgency import urgency
from monitor.workdays import Holiday, UnknownYear, last_working_day, next_holiday

WEEK = timedelta(days=7)
LOOK_AHEAD = timedelta(days=21)
"""A holiday is spoken of in the three weeks before it: one line of a fortnight, and a week to act."""
REACHED = frozenset({"sent", "uncertain"})
"""What became of letters that somebody has read, or may have."""

Verdicts = Mapping[str, Verdict | None]


@dataclass(frozen=True, slots=True)
class Course:
    """The failing accounts of then and now: `then.failed - back - unclear - gone + newly` is what fails now.

    `back` pass now, `unclear` are 无法判定 now, `gone` are judged no more. `newly` were no failing ones then; of `found` among them nothing
    could be told then.
    """

    then: Tally
    newly: int = 0
    found: int = 0
    back: int = 0
    unclear: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Ahead:
    """The next public holiday, the accounts whose line falls into it, and the last working day before; None without a calendar."""

    holiday: Holiday
    rows: tuple[Row, ...]
    act_by: date | None


@dataclass(frozen=True, slots=True)
class Week:
    """What a weekly digest says beside the accounts. `course` is None where a week ago nothing was known yet."""

    course: Course | None
    due: tuple[TaskSheet, ...] = ()
    letters: int = 0
    mended: int = 0
    typical: timedelta | None = None
    ahead: Ahead | None = None


def week(material: Material, then: Verdicts, letters: Iterable[LetterRecord], told: Iterable[Entry]) -> Week:
    """Return the course of the week up to the material's `now`; `then` are the verdicts of a week ago, `told` the steps of telling."""
    start = material.now - WEEK
    times = [took for alert, took in mending_times(material.alerts, told) if ended_at(alert) >= start]
    return Week(
        course=course(material.rows, then),
        due=tuple(sheet for sheet in material.sheets if start < sheet.article.due_at <= material.now),
        letters=len({each.number for each in letters if each.at >= start and counts(each)}),
        mended=len(mended(material, start)),
        typical=typical(times),
        ahead=ahead(material),
    )


def since_then(digest: Digest, week: Week, then: Verdicts) -> Digest:
    """Return the week's digest with those marked as new that did not fail a week ago: as many as the course counts.

    What began long before we first looked is new to us, and not to the week. Where nothing is known of then, the digest stays as it is.
    """
    if week.course is None:
        return digest
    failed = (replace(case, fresh=then.get(case.account.id) is not Verdict.FAILED) for case in digest.failed)
    return replace(digest, failed=tuple(failed))


def course(rows: Sequence[Row], then: Verdicts) -> Course | None:
    """Compare with the verdicts of then; None where nobody passed or failed then, so that there is nothing to compare with."""
    before = {account.id: then.get(account.id) for account, _ in rows}
    if not {Verdict.QUALIFIED, Verdict.FAILED} & set(before.values()):
        return None
    now = {account.id: standing.verdict for account, standing in rows}
    failed = [each for each, verdict in before.items() if verdict is Verdict.FAILED]
    return Course(
        then=Tally.of(before.values()),
        newly=sum(now[each] is Verdict.FAILED for each in before if before[each] is not Verdict.FAILED),
        found=sum(now[each] is Verdict.FAILED for each in before if before[each] is Verdict.UNDETERMINED),
        back=sum(now[each] is Verdict.QUALIFIED for each in failed),
        unclear=sum(now[each] is Verdict.UNDETERMINED for each in failed),
        gone=sum(now[each] is None for each in failed),
    )


def counts(letter: LetterRecord) -> bool:
    """Whether the letter was about accounts, and somebody may have read it."""
    return letter.about == ListName.ACCOUNTS.value and letter.outcome in REACHED


def mending_times(alerts: Iterable[Alert], told: Iterable[Entry]) -> list[tuple[Alert, timedelta]]:
    """Return how long each accusation that ended by proof took from the first letter about it; those nobody was told of are left out."""
    first: dict[str, datetime] = {}
    for step in told:
        if step.act is Act.TOLD:
            first[step.alert_id] = min(step.at, first.get(step.alert_id, step.at))
    ended = ((alert, ended_at(alert) - first[alert.id]) for alert in alerts if ended_by_proof(alert) and alert.id in first)
    return [(alert, took) for alert, took in ended if took >= timedelta(0)]


def typical(times: Sequence[timedelta]) -> timedelta | None:
    """Return the median, None of nothing: one unit on holiday must not make everybody look slow."""
    return timedelta(seconds=median(took.total_seconds() for took in times)) if times else None


def ahead(material: Material) -> Ahead | None:
    """Return the holiday that is near with whom it will catch; None where none is near or nobody is caught."""
    today = local_date(material.now)
    holiday = next_holiday(today)
    if holiday is None or holiday.first - today > LOOK_AHEAD:
        return None
    caught = [row for row in material.rows if _falls_into(row, holiday)]
    try:
        act_by = last_working_day(holiday.first - timedelta(days=1))
    except UnknownYear:
        act_by = None
    return Ahead(holiday, tuple(sorted(caught, key=urgency)), act_by) if caught else None


def _falls_into(row: Row, holiday: Holiday) -> bool:
    standing = row[1]
    return standing.verdict is Verdict.QUALIFIED and standing.line_on is not None and holiday.first <= standing.line_on <= holiday.last
