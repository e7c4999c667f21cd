"""Key articles as tasks: who of the audience stands where, and what share reposted. Pure: values in, values out.

A base is the audience without those that cannot be told (yet); they stand beside every rate and never in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from monitor.inspection import Rounding, rate
from monitor.model import Account, Alert, Article, RepostStanding, RepostVerdict, Stage

GRAVEST_FIRST = (
    RepostVerdict.MISSING,
    RepostVerdict.IRREGULAR,
    RepostVerdict.LATE,
    RepostVerdict.UNDETERMINED,
    RepostVerdict.DONE,
    RepostVerdict.NOT_YET,
)
"""What is proven against an account outweighs what cannot be told; that outweighs 已转载, which would speak for tasks nobody saw.
What is not due yet says nothing of an account that has done all that was."""

NO_UNIT = "未填主办单位"
"""Stands for the unit of accounts whose roster names none."""

WAITING = {Stage.HELD: "同批异常账号过多，暂扣待人工核实", Stage.PENDING: "待本轮采集结束后核对"}
"""Why an accusation that waits at the gate names nobody yet."""

_WEIGHT = {verdict: place for place, verdict in enumerate(GRAVEST_FIRST)}


@dataclass(frozen=True, slots=True)
class RepostRates:
    """Both repost rates with what they rest on; `base` is the audience without those that cannot be told (yet)."""

    audience: int
    base: int
    counts: Mapping[RepostVerdict, int]
    reposted: Decimal | None
    in_order: Decimal | None


@dataclass(frozen=True, slots=True)
class TaskRow:
    """An account of the audience and its standing; `standing.article_id` names the task."""

    account: Account
    standing: RepostStanding


@dataclass(frozen=True, slots=True)
class TaskSheet:
    """One key article, its audience gravest first, and its rates."""

    article: Article
    rows: tuple[TaskRow, ...]
    rates: RepostRates


def repost_rates(standings: Iterable[RepostStanding], digits: int = 2, rounding: Rounding = "half_up") -> RepostRates:
    """Return 转载率, which counts irregular and late ones as reposted, and 规范转载率, which counts 已转载 only (handbook 5.5)."""
    counts = dict.fromkeys(RepostVerdict, 0)
    for standing in standings:
        counts[standing.verdict] += 1
    audience = sum(counts.values())
    base = audience - counts[RepostVerdict.UNDETERMINED] - counts[RepostVerdict.NOT_YET]
    return RepostRates(
        audience=audience,
        base=base,
        counts=counts,
        reposted=rate(base - counts[RepostVerdict.MISSING], base, digits, rounding),
        in_order=rate(counts[RepostVerdict.DONE], base, digits, rounding),
    )


def heard(standings: Iterable[RepostStanding], alerts: Iterable[Alert], rule: str) -> list[RepostStanding]:
    """Return the standings as they may be shown: a missing repost that still waits at the gate is not yet one. `rule` judged them."""
    stages = {(alert.finding.account_id, alert.finding.article_id): alert.stage for alert in alerts if alert.finding.rule == rule}
    return [_heard(standing, stages.get((standing.account_id, standing.article_id))) for standing in standings]


def _heard(standing: RepostStanding, stage: Stage | None) -> RepostStanding:
    if standing.verdict is not RepostVerdict.MISSING or stage not in WAITING:
        return standing
    return standing.model_copy(update={"verdict": RepostVerdict.UNDETERMINED, "reason": WAITING[stage]})


def sheets(articles: Iterable[Article], standings: Iterable[RepostStanding], accounts: Mapping[str, Account]) -> tuple[TaskSheet, ...]:
    """Return a sheet per article, newest first. Standings of articles or accounts that are not handed in are left out."""
    rows: dict[str, list[TaskRow]] = defaultdict(list)
    for standing in standings:
        if standing.account_id in accounts:
            rows[standing.article_id].append(TaskRow(accounts[standing.account_id], standing))
    newest_first = sorted(articles, key=lambda article: (-article.published_at.timestamp(), article.id))
    return tuple(_sheet(article, rows.get(article.id, ())) for article in newest_first)


def _sheet(article: Article, rows: Iterable[TaskRow]) -> TaskSheet:
    ordered = tuple(sorted(rows, key=gravity))
    return TaskSheet(article, ordered, repost_rates(row.standing for row in ordered))


def gravity(row: TaskRow) -> tuple[int, str]:
    """Sort key: gravest first, then by code, which keeps the city's own units before those of its counties."""
    return _WEIGHT[row.standing.verdict], row.account.code or row.account.id


def worst(sheets: Iterable[TaskSheet]) -> tuple[TaskRow, ...]:
    """Return each account once, with its worst task (handbook 5.1), gravest first; of equal ones the newest."""
    taken: dict[str, TaskRow] = {}
    for sheet in sheets:
        for row in sheet.rows:
            held = taken.setdefault(row.account.id, row)
            if _WEIGHT[row.standing.verdict] < _WEIGHT[held.standing.verdict]:
                taken[row.account.id] = row
    return tuple(sorted(taken.values(), key=gravity))


def overall(sheets: Iterable[TaskSheet], digits: int = 2, rounding: Rounding = "half_up") -> RepostRates:
    """Return the rates over all tasks: every account counts once, by its worst."""
    return repost_rates((row.standing for row in worst(sheets)), digits, rounding)


def missing_by_unit(sheet: TaskSheet) -> tuple[tuple[str, tuple[TaskRow, ...]], ...]:
    """Return the accounts of 未转载 under the units that run them, in the order of codes; accounts without a unit come last."""
    units: dict[str, list[TaskRow]] = defaultdict(list)
    for row in sheet.rows:
        if row.standing.verdict is RepostVerdict.MISSING:
            units[row.account.unit.strip() or NO_UNIT].append(row)
    named = sorted(units.items(), key=lambda unit: unit[0] == NO_UNIT)
    return tuple((unit, tuple(rows)) for unit, rows in named)
