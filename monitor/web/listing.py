"""The list of accounts as the clerk reads it: searched, filtered, most urgent first, cut into pages. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from monitor.model import Account, Platform, Standing, Verdict
from monitor.urgency import is_soon, urgency
from monitor.web.paging import pages_of, read_page, read_search
from monitor.wording import channel_title, minute, plain, published, web_link

PAGE_ROWS = 200
"""Rows of one page: what a browser draws at once without a pause."""
QUERY_CAP = 64
"""Characters of a search: the longest names are shorter."""

Entry = tuple[Account, Standing]


@dataclass(frozen=True, slots=True)
class View:
    """One selection of accounts, offered as a link and counted in the head of the page.

    `{within}` in a title is how people say `SOON_DAYS`: a profile may count working days.
    """

    key: str
    title: str
    shows: Callable[[Standing], bool]


VIEWS: tuple[View, ...] = (
    View("failed", "今日超期", lambda standing: standing.verdict is Verdict.FAILED),
    View("soon", "{within}内将超期", is_soon),
    View("undetermined", "无法判定", lambda standing: standing.verdict is Verdict.UNDETERMINED),
    View("qualified", "合格", lambda standing: standing.verdict is Verdict.QUALIFIED),
    View("unjudged", "不判定", lambda standing: standing.verdict is None),
)
_VIEWS = {view.key: view for view in VIEWS}
_PLATFORMS = {platform.value: platform for platform in Platform}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the reader asked for, already cleaned: unknown words are as if not given."""

    search: str = ""
    view: View | None = None
    platform: Platform | None = None
    page: int = 1

    def link(self, **changes: str) -> str:
        """Return the address of this page with some of its parameters changed; a changed selection starts at its first page."""
        given = {
            "q": self.search,
            "verdict": self.view.key if self.view else "",
            "platform": self.platform.value if self.platform else "",
            **changes,
        }
        query = urlencode({key: value for key, value in given.items() if value})
        return f"/?{query}" if query else "/"


def read_wish(query: Mapping[str, str]) -> Wish:
    """Read the parameters of an address. Nothing a reader types is an error."""
    return Wish(
        search=read_search(query, QUERY_CAP),
        view=_VIEWS.get(query.get("verdict", "")),
        platform=_PLATFORMS.get(query.get("platform", "")),
        page=read_page(query),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One account in words. `tone` picks the colour: only a failed account is ever shown as one."""

    tone: str
    verdict: str
    name: str
    code: str
    platform: str
    unit: str
    region: str
    updated: str
    link: str
    idle: str
    left: str
    looked: str
    channel: str
    remark: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list with its surroundings."""

    rows: tuple[Row, ...]
    counts: tuple[tuple[View, int], ...]
    platforms: tuple[tuple[Platform, int], ...]
    total: int
    matching: int
    page: int
    pages: int
    wish: Wish


def arrange(entries: Sequence[Entry], wish: Wish, titles: Mapping[str, str]) -> Listing:
    """Count all accounts, choose those wished for, sort them, cut out the page. `titles` name the channels."""
    counts = tuple((view, sum(view.shows(standing) for _, standing in entries)) for view in VIEWS)
    platforms = tuple((each, sum(account.platform is each for account, _ in entries)) for each in Platform)
    chosen = sorted(_chosen(entries, wish), key=urgency)
    pages = pages_of(len(chosen), PAGE_ROWS)
    page = min(wish.page, pages)
    shown = chosen[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    rows = tuple(_row(account, standing, titles) for account, standing in shown)
    return Listing(rows, counts, tuple(each for each in platforms if each[1]), len(entries), len(chosen), page, pages, wish)


def _chosen(entries: Iterable[Entry], wish: Wish) -> Iterable[Entry]:
    words = _folded(wish.search).split()
    for account, standing in entries:
        if wish.view is not None and not wish.view.shows(standing):
            continue
        if wish.platform is not None and account.platform is not wish.platform:
            continue
        if words and not _mentions(account, words):
            continue
        yield account, standing


def _mentions(account: Account, words: Sequence[str]) -> bool:
    text = _folded("\n".join((account.name, account.unit, account.region, account.code, account.id)))
    return all(word in text for word in words)


def _folded(text: str) -> str:
    """Make full-width letters and capitals equal to plain ones."""
    return unicodedata.normalize("NFKC", text).casefold()


def _row(account: Account, standing: Standing, titles: Mapping[str, str]) -> Row:
    post, look = standing.last_post, standing.last_good
    return Row(
        tone="soon" if is_soon(standing) else standing.verdict.value if standing.verdict else "unjudged",
        verdict=standing.verdict.label if standing.verdict else "不判定",
        name=plain(account.name, 60),
        code=plain(account.code or account.id, 60),
        platform=account.platform.label,
        unit=plain(account.unit, 60),
        region=plain(account.region, 40),
        updated=published(post) if post else "",
        link=web_link(post.url) if post else "",
        idle="" if standing.idle_days is None else str(standing.idle_days),
        left=str(standing.days_left) if standing.days_left is not None and standing.verdict is Verdict.QUALIFIED else "",
        looked=minute(look.at) if look else "",
        channel=channel_title(look.channel, titles) if look else "",
        remark=_remark(standing),
    )


def _remark(standing: Standing) -> str:
    """Return label and reason, without repeating what the verdict's own column says."""
    own = standing.verdict.label if standing.verdict else ""
    label = "" if standing.label == own else standing.label
    return plain("：".join(part for part in (label, standing.reason) if part), 200)
