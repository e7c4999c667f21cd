"""The known answers: what the daemon must say of the demo's world, worked out from the parts that were handed out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from demo.articles import verdict
from demo.pages import Page, Trouble
from monitor.model import Article, Platform, RepostVerdict, Status, Verdict, local_date

LINE_DAYS = 14
COUNTY_DAYS = 13
CLERK = "chouchaban@example.invalid"
SYSADMIN = "yunwei@example.invalid"
FROZEN = "source_frozen"
"""Not an error class of a look: the reason for accounts that are seen through a source which stands still."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The answers, by identification code. `failing` and `reminded` give idle days, None where nothing was ever published.

    `undetermined` gives the cause: an error class, or FROZEN. `missing` holds (article id, code). `mailed` are the addresses that
    must get a mail; a few more may.
    """

    qualified: int
    failing: Mapping[str, int | None]
    undetermined: Mapping[str, str]
    reminded: Mapping[str, int]
    reposts: Mapping[str, Mapping[str, int]]
    missing: frozenset[tuple[str, str]]
    mailed: frozenset[str] = field(default=frozenset())

    @property
    def verdicts(self) -> dict[str, int]:
        """The numbers as the summary prints them."""
        return {
            Verdict.QUALIFIED.label: self.qualified,
            Verdict.FAILED.label: len(self.failing),
            Verdict.UNDETERMINED.label: len(self.undetermined),
        }


def expect(pages: Sequence[Page], articles: Sequence[Article], now: datetime, frozen: bool = False) -> Expected:
    """Return the answers; with `frozen`, those for feeds that stand still."""
    undetermined = {page.code: page.trouble.value for page in pages if page.trouble}
    if frozen:
        undetermined |= {page.code: FROZEN for page in pages if _lost_to_frost(page, now)}
    failing = {page.code: page.idle_days for page in pages if page.failing and page.code not in undetermined}
    reminded = {page.code: page.idle_days for page in pages if page.idle_days and not page.failing and page.code not in undetermined}
    standings = {page.code: _on_articles(page, len(articles), frozen) for page in pages if page.groups}
    missing = frozenset(
        (article.id, code)
        for code, verdicts in standings.items()
        for article, each in zip(articles, verdicts, strict=True)
        if each is RepostVerdict.MISSING
    )
    told = [page for page in pages if page.code in failing or page.code in reminded or any(code == page.code for _, code in missing)]
    return Expected(
        qualified=len(pages) - len(failing) - len(undetermined),
        failing=failing,
        undetermined=undetermined,
        reminded=reminded,
        reposts=_counted(articles, standings.values()),
        missing=missing,
        mailed=frozenset({CLERK, SYSADMIN, *(page.operator for page in told), *_counties(pages, failing, reminded)}),
    )


def _lost_to_frost(page: Page, now: datetime) -> bool:
    """Whether only the frozen feed could tell: not where the official list shows a fresh post, nor where the roster itself decides."""
    if page.platform is not Platform.WECHAT or page.trouble or page.status is Status.ABANDONED:
        return False
    line = local_date(now) - timedelta(days=LINE_DAYS)
    shown = [item for item in page.items if page.official and not item.sent]
    return not any(local_date(item.at) > line for item in shown)


def _on_articles(page: Page, articles: int, frozen: bool) -> list[RepostVerdict]:
    if page.trouble in (Trouble.BROKEN_SOURCE, Trouble.DEAD_CREDENTIAL) or page.member is None:
        return [RepostVerdict.UNDETERMINED] * articles
    if frozen and page.platform is Platform.WECHAT:
        return [RepostVerdict.UNDETERMINED] * articles
    return [verdict(page.platform, page.member, number) for number in range(articles)]


def _counted(articles: Sequence[Article], standings: Iterable[Sequence[RepostVerdict]]) -> dict[str, dict[str, int]]:
    labels = [each.label for each in RepostVerdict if each is not RepostVerdict.NOT_YET]
    found = [Counter(each.label for each in column) for column in zip(*standings, strict=True)]
    return {article.title: {label: counts[label] for label in labels} for article, counts in zip(articles, found, strict=True)}


def _counties(pages: Sequence[Page], failing: Mapping[str, int | None], reminded: Mapping[str, int]) -> set[str]:
    told = {page.county_clerk for page in pages if page.code in failing or reminded.get(page.code) == COUNTY_DAYS}
    return told - {""}
