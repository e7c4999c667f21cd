"""The known answers: what the daemon must say of the demo's world, worked out from the parts that were handed out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from demo.articles import Place, form_of, verdict
from demo.faults import FROZEN, Fault
from demo.pages import Page, Trouble
from demo.rhythm import Item
from demo.tidings import LINE_DAYS, Tidings, expect_tidings
from demo.ways import Way
from monitor.model import Article, RepostVerdict, Status, Verdict, local_date

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Expected:
    """The answers, by identification code. `failing` and `reminded` give idle days, None where nothing was ever published.

    `undetermined` gives the cause: an error class, or that the source stands still. Pairs are (article id, code): `missing`, `irregular`
    with the reasons, and `seeming` of whom a person must tell. `tidings` are the answers on letters, where they are asked for.
    """

    qualified: int
    failing: Mapping[str, int | None]
    undetermined: Mapping[str, str]
    reminded: Mapping[str, int]
    reposts: Mapping[str, Mapping[str, int]]
    missing: frozenset[Pair]
    irregular: Mapping[Pair, tuple[str, ...]] = field(default_factory=dict)
    seeming: frozenset[Pair] = field(default=frozenset())
    tidings: Tidings | None = None

    @property
    def verdicts(self) -> dict[str, int]:
        """The numbers as the summary prints them."""
        return {
            Verdict.QUALIFIED.label: self.qualified,
            Verdict.FAILED.label: len(self.failing),
            Verdict.UNDETERMINED.label: len(self.undetermined),
        }


def expect(pages: Sequence[Page], articles: Sequence[Article], now: datetime, fault: Fault | None = None) -> Expected:
    """Return the answers; with a fault, those of a world in which nobody newly fails: who cannot be seen cannot be judged."""
    undetermined = {page.code: page.trouble.value for page in pages if page.trouble}
    if fault:
        undetermined |= {page.code: fault.cause for page in pages if _lost(page, fault, now)}
    failing = {page.code: _idle(page, fault) for page in pages if page.failing and page.code not in undetermined}
    reminded = {page.code: page.idle_days for page in pages if page.idle_days and not page.failing and page.code not in undetermined}
    standings = {page.code: _on_articles(page, len(articles), fault) for page in pages if page.groups}
    pairs = {
        (article.id, code): each for code, known in standings.items() for article, each in zip(articles, known, strict=True)
    }
    missing = frozenset(pair for pair, each in pairs.items() if each.verdict is RepostVerdict.MISSING)
    return Expected(
        qualified=len(pages) - len(failing) - len(undetermined),
        failing=failing,
        undetermined=undetermined,
        reminded=reminded,
        reposts=_counted(articles, standings.values()),
        missing=missing,
        irregular={pair: each.reasons for pair, each in pairs.items() if each.verdict is RepostVerdict.IRREGULAR},
        seeming=frozenset(pair for pair, each in pairs.items() if each.seems),
        tidings=expect_tidings(
            pages,
            failing,
            reminded,
            missing={code for _, code in missing},
            lost=len(undetermined),
            glimpsed=[days for page in pages if fault and (days := _idle_at_best(page, fault, now)) is not None],
        ),
    )


def _lost(page: Page, fault: Fault, now: datetime) -> bool:
    """Whether the account can no longer be judged: not where another way still shows it, nor where the roster itself decides.

    A fresh post that only a partial view shows proves an update all the same.
    """
    if page.trouble or page.status is Status.ABANDONED or not _hidden(page, fault):
        return False
    line = local_date(now) - timedelta(days=LINE_DAYS)
    return not any(local_date(item.at) > line for item in _glimpsed(page, fault))


def _idle_at_best(page: Page, fault: Fault, now: datetime) -> int | None:
    """Return for how long an account that still passes seems idle, by the little that is shown of it; None where all is, or nothing."""
    if page.trouble or page.status is Status.ABANDONED or not _hidden(page, fault) or _lost(page, fault, now):
        return None
    return (local_date(now) - local_date(max(item.at for item in _glimpsed(page, fault)))).days


def _idle(page: Page, fault: Fault | None) -> int | None:
    """Return how long a failing account is said to be idle: not known where it fails by the roster and not one post is shown."""
    return None if fault and _hidden(page, fault) and fault.cause != FROZEN else page.idle_days


def _hidden(page: Page, fault: Fault) -> bool:
    """Whether no way is left that shows the account whole; what a person entered stands whatever happens to the platforms."""
    return Way.MANUAL not in page.ways and not any(way.complete for way in page.ways if way not in fault.strikes)


def _glimpsed(page: Page, fault: Fault) -> Sequence[Item]:
    """Return what the ways that are left show, though none of them shows everything."""
    left = [way for way in page.ways if way not in fault.strikes]
    if Way.WEIBO_GUEST in left:
        return page.items
    return [item for item in page.items if not item.sent] if Way.WECHAT_LIST in left else []


@dataclass(frozen=True, slots=True)
class _Known:
    """A member's verdict on an article, with its reasons; `seems`: there is a post of which a person must tell."""

    verdict: RepostVerdict
    reasons: tuple[str, ...] = ()
    seems: bool = False


_UNSEEN = _Known(RepostVerdict.UNDETERMINED)


def _on_articles(page: Page, articles: int, fault: Fault | None) -> list[_Known]:
    if page.trouble in (Trouble.BROKEN_SOURCE, Trouble.DEAD_CREDENTIAL) or page.member is None:
        return [_UNSEEN] * articles
    if fault and _hidden(page, fault):
        return [_UNSEEN] * articles
    return [_on_article((page.platform, page.member, number), fault is None or fault.pages) for number in range(articles)]


def _on_article(place: Place, opened: bool) -> _Known:
    """Return the verdict; a repost that only its own page proves is none as long as that cannot be opened, nor is it missing."""
    form = form_of(place)
    if form is None:
        return _Known(verdict(place))
    if form.drawn or (form.opened and not opened):
        return _Known(RepostVerdict.UNDETERMINED, seems=True)
    return _Known(verdict(place), tuple(reason.label for reason in form.reasons))


def _counted(articles: Sequence[Article], standings: Iterable[Sequence[_Known]]) -> dict[str, dict[str, int]]:
    labels = [each.label for each in RepostVerdict if each is not RepostVerdict.NOT_YET]
    found = [Counter(each.verdict.label for each in column) for column in zip(*standings, strict=True)]
    return {article.title: {label: counts[label] for label in labels} for article, counts in zip(articles, found, strict=True)}
