"""Key articles as the clerk reads them: how many reposted them, on which platforms and in which regions, and who is missing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from monitor.model import Account, Platform, RepostVerdict
from monitor.tasks import RepostRates, TaskRow, TaskSheet, missing_by_unit, overall, repost_rates
from monitor.web.article_words import (
    WORD_CAP,
    Count,
    Figures,
    Head,
    Who,
    figures_of,
    head_of,
    level_of,
    region_of,
    who,
)
from monitor.web.listing import PAGE_ROWS
from monitor.web.paging import pages_of, read_page
from monitor.wording import article_path, minute, pair_path, plain, web_link

MISSING_CAP = 300
"""Accounts named one by one under their units; beyond it the list below, which has pages, is the better place."""
PLACES_CAP = 200
"""Regions of the matrix; a province has some hundred and twenty counties."""
UNNAMED = "未填"
_VERDICTS = {verdict.value: verdict for verdict in RepostVerdict}
_PLATFORMS = {platform.value: platform for platform in Platform}


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """One article in the list of all."""

    head: Head
    figures: Figures
    counts: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class ArticleList:
    """A page of the list of articles; `figures` and `counts` are over all of them, each account by its worst task."""

    rows: tuple[ArticleRow, ...]
    figures: Figures
    counts: tuple[Count, ...]
    total: int
    page: int
    pages: int


def list_articles(sheets: Sequence[TaskSheet], page: int, now: datetime) -> ArticleList:
    """Return a page of all live articles in the order they came, under the rates over all of them."""
    pages = pages_of(len(sheets), PAGE_ROWS)
    page = min(page, pages)
    rates = overall(sheets)
    rows = (
        ArticleRow(head_of(each.article, now), figures_of(each.rates), _counts(each.rates, SheetWish(each.article.id)))
        for each in sheets[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    )
    return ArticleList(tuple(rows), figures_of(rates), _counts(rates, None), len(sheets), page, pages)


# -- one article ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SheetWish:
    """Which accounts of an article's audience the reader asked for, already cleaned: unknown words are as if not given."""

    article: str
    verdict: RepostVerdict | None = None
    platform: Platform | None = None
    region: str = ""
    level: str = ""
    page: int = 1

    def link(self, **changes: str) -> str:
        """Return the address of this list with some of its parameters changed; a changed selection starts at its first page."""
        given = {
            "verdict": self.verdict.value if self.verdict else "",
            "platform": self.platform.value if self.platform else "",
            "region": self.region,
            "level": self.level,
            **changes,
        }
        query = urlencode({key: value for key, value in given.items() if value}, errors="replace")
        return f"{article_path(self.article)}{'?' if query else ''}{query}#accounts"

    @property
    def words(self) -> tuple[str, ...]:
        """What the list is cut down to, as people read it."""
        parts = (self.platform.label if self.platform else "", self.region, self.level, self.verdict.label if self.verdict else "")
        return tuple(part for part in parts if part)

    def takes(self, row: TaskRow) -> bool:
        account = row.account
        return (
            (self.verdict is None or row.standing.verdict is self.verdict)
            and (self.platform is None or account.platform is self.platform)
            and (not self.region or region_of(account) == self.region)
            and (not self.level or level_of(account) == self.level)
        )


def read_sheet_wish(query: Mapping[str, str], sheet: TaskSheet) -> SheetWish:
    """Read the parameters of an article's address. Nothing a reader types is an error."""
    region, level = (plain(query.get(key, "")[: 4 * WORD_CAP], WORD_CAP) for key in ("region", "level"))
    return SheetWish(
        article=sheet.article.id,
        verdict=_VERDICTS.get(query.get("verdict", "")),
        platform=_PLATFORMS.get(query.get("platform", "")),
        region=region if any(region_of(row.account) == region for row in sheet.rows) else "",
        level=level if any(level_of(row.account) == level for row in sheet.rows) else "",
        page=read_page(query),
    )


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One part of the audience: a platform, a region, a level, or all of it."""

    title: str
    counts: tuple[Count, ...]
    figures: Figures


@dataclass(frozen=True, slots=True)
class Matrix:
    """The audience by verdict, cut one way."""

    title: str
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True, slots=True)
class AccountRow:
    """What one account did about the article, in words."""

    verdict: RepostVerdict
    path: str
    who: Who
    posted: str
    link: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page of one article: its facts and rates, the audience by verdict, who is missing, and a page of the list of accounts."""

    head: Head
    figures: Figures
    matrices: tuple[Matrix, ...]
    missing: tuple[tuple[str, tuple[AccountRow, ...]], ...]
    missing_total: int
    missing_left: int
    missing_link: str
    rows: tuple[AccountRow, ...]
    filters: tuple[Count, ...]
    matching: int
    page: int
    pages: int
    wish: SheetWish


def show_sheet(sheet: TaskSheet, wish: SheetWish, now: datetime) -> Sheet:
    """Put together the page of an article: all figures over its whole audience, the list as wished for."""
    everybody = SheetWish(sheet.article.id)
    missing = _missing(sheet)
    missing_total = sheet.rates.counts[RepostVerdict.MISSING]
    chosen = [row for row in sheet.rows if wish.takes(row)]
    pages = pages_of(len(chosen), PAGE_ROWS)
    page = min(wish.page, pages)
    return Sheet(
        head=head_of(sheet.article, now),
        figures=figures_of(sheet.rates),
        matrices=tuple(_matrices(sheet, everybody)),
        missing=missing,
        missing_total=missing_total,
        missing_left=missing_total - sum(len(rows) for _, rows in missing),
        missing_link=everybody.link(verdict=RepostVerdict.MISSING.value),
        rows=tuple(account_row(row) for row in chosen[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]),
        filters=_filters(sheet, wish),
        matching=len(chosen),
        page=page,
        pages=pages,
        wish=wish,
    )


def account_row(row: TaskRow) -> AccountRow:
    standing, repost = row.standing, row.standing.repost
    url = repost.evidence.get("url", "") if repost else ""
    return AccountRow(
        verdict=standing.verdict,
        path=pair_path(standing.article_id, row.account.id),
        who=who(row.account),
        posted=minute(repost.published_at) if repost else "",
        link=web_link(url) if isinstance(url, str) else "",
        reason=plain(standing.reason, 200),
    )


def _counts(rates: RepostRates, wish: SheetWish | None, **more: str) -> tuple[Count, ...]:
    """Return the counts of every verdict, each with the address of its accounts where there are any to show."""
    return tuple(
        Count(verdict, number, wish.link(verdict=verdict.value, **more) if wish and number else "")
        for verdict, number in rates.counts.items()
    )


def _filters(sheet: TaskSheet, wish: SheetWish) -> tuple[Count, ...]:
    """Return the verdicts as filters of the list; a second click on the chosen one takes it off."""
    others = SheetWish(wish.article, None, wish.platform, wish.region, wish.level)
    rates = repost_rates(row.standing for row in sheet.rows if others.takes(row))
    return tuple(
        Count(verdict, number, wish.link(verdict="" if verdict is wish.verdict else verdict.value), verdict is wish.verdict)
        for verdict, number in rates.counts.items()
        if number or verdict is wish.verdict
    )


def _matrices(sheet: TaskSheet, wish: SheetWish) -> Iterable[Matrix]:
    """Take the audience as a whole, then cut by platform, and by region and level where the roster names more than one."""
    yield Matrix("", (MatrixRow("全部", _counts(sheet.rates, wish), figures_of(sheet.rates)),))
    yield Matrix("平台", _cut(sheet, wish, "platform", lambda account: account.platform.value, lambda key: _PLATFORMS[key].label))
    for title, key, of in (("地区", "region", region_of), ("层级", "level", level_of)):
        rows = _cut(sheet, wish, key, of, lambda name: name or UNNAMED)
        if len(rows) > 1:
            yield Matrix(title, rows)


def _cut(
    sheet: TaskSheet, wish: SheetWish, parameter: str, key: Callable[[Account], str], title: Callable[[str], str]
) -> tuple[MatrixRow, ...]:
    parts: dict[str, list[TaskRow]] = {}
    for row in sorted(sheet.rows, key=lambda row: row.account.code or row.account.id):
        parts.setdefault(key(row.account), []).append(row)
    ordered = sorted(parts.items(), key=lambda part: not part[0])
    rows = []
    for name, members in ordered[:PLACES_CAP]:
        rates = repost_rates(row.standing for row in members)
        # No address asks for accounts without a region: an empty word means any.
        rows.append(MatrixRow(title(name), _counts(rates, wish if name else None, **{parameter: name}), figures_of(rates)))
    rest = ordered[PLACES_CAP:]
    if rest:
        rates = repost_rates(row.standing for _, members in rest for row in members)
        rows.append(MatrixRow(f"其余 {len(rest)} 个", _counts(rates, None), figures_of(rates)))
    return tuple(rows)


def _missing(sheet: TaskSheet) -> tuple[tuple[str, tuple[AccountRow, ...]], ...]:
    shown: list[tuple[str, tuple[AccountRow, ...]]] = []
    room = MISSING_CAP
    for unit, rows in missing_by_unit(sheet):
        if room <= 0:
            break
        shown.append((plain(unit, 60), tuple(account_row(row) for row in rows[:room])))
        room -= len(rows)
    return tuple(shown)
