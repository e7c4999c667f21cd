"""From the items of a feed to a snapshot: whose they are, when they were written, what the feed proves. Pure.

Platform reference: wechat.md, section 5; weibo.md, sections 4 and 8; douyin.md, section 7; toutiao.md, section 8.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta, tzinfo

from adapters.reading.addresses import Address, address_of, owner_at, plain_owner
from adapters.reading.dialects import PLAIN, Dialect, Manner, dialect_of, moment_of
from adapters.reading.feeds import Entry, Feed, parse
from adapters.reading.forwards import forward_of, hides_more, outward
from adapters.reading.links import Named, https_where_known, named_by, native_id
from adapters.reading.page import Asked, Draft, Page
from adapters.reading.values import FEW_WORDS, When, is_all, keeping_head, plain, unescape
from adapters.reading.wechat_bodies import lone_link
from monitor.errors import ParseError, TransportFault
from monitor.matching.urls import canonical_url
from monitor.model import Citation, Snapshot

NOWHERE = address_of("")
AS_IT_IS = Manner()


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a feed is to be read. `most` is how many items were asked for, 0 where none were counted.

    `trouble` is what is wrong with the bridge itself, `age` how long ago it looked; `told` is the delay that the operator gives, None
    where the dialect's own counts.
    """

    address: Address = NOWHERE
    manner: Manner = AS_IT_IS
    most: int = 0
    trouble: str = ""
    age: timedelta = timedelta(0)
    told: timedelta | None = None

    @property
    def owners(self) -> frozenset[str]:
        """The accounts whose items belong here, as far as the option `biz` or the address tells."""
        named = {plain_owner(each) for each in self.manner.biz.split(",") if each.strip()}
        return frozenset(named or ({self.address.owner} if self.address.owner else ()))


def late(asked: Asked, dialect: Dialect, told: timedelta | None, age: timedelta) -> Asked:
    """Return what was asked with how far behind the answer is: what the operator says, else the bridge's lag; at least its own age."""
    return replace(asked, delay=max(timedelta(hours=dialect.delay_hours) if told is None else told, age))


def read_feed(
    body: bytes, asked: Asked, wanted: Wanted, *, charset: str = "", memory: Mapping[str, str] | None = None, repair: bool = True
) -> Snapshot:
    """Return the snapshot of a feed.

    Raises `NoFeed` for what is no feed, `ParseError` for another account's, `Degraded` for an empty or a broken one or one of a bridge
    in trouble, `Broken` for a broken one that is not to be repaired.
    """
    with keeping_head(body):
        if not body.strip():
            raise TransportFault("an empty answer")
        feed = parse(body, charset, repair=repair)
        dialect = dialect_of(feed.marks, wanted.address.path, wanted.manner.dialect)
        page = Page(late(asked, dialect, wanted.told, wanted.age))
        return _snapshot(page, feed, dialect, wanted, memory or {})


def _snapshot(page: Page, feed: Feed, dialect: Dialect, wanted: Wanted, memory: Mapping[str, str]) -> Snapshot:
    platform, address = page.asked.platform, wanted.address
    kind, finish = _KINDS.get(platform, "article"), _FINISHES.get(platform)
    hand = Hand(platform, wanted.owners, address.shared, wanted.manner.zone, dialect, kind, finish)
    _refuse_stranger(feed, hand.owners, address.path)
    for entry in feed.entries:
        _take(page, entry, hand)
    profile = _profile(platform, feed, wanted, hand.seen)
    if not feed.entries:
        raise page.degraded("an empty feed, which proves nothing", profile)
    if feed.broken:
        raise page.degraded("a broken feed: some of its items may be missing", profile)
    if wanted.trouble:
        raise page.degraded(wanted.trouble, profile)
    signed = {"dialect": "" if dialect is PLAIN else dialect.name, "manner": wanted.manner.signature}
    kept = {**memory, **{key: value for key, value in signed.items() if value}}
    return page.snapshot(partial=_partial(page, feed, dialect, wanted), profile=profile, memory=kept)


def _partial(page: Page, feed: Feed, dialect: Dialect, wanted: Wanted) -> str:
    """Return why these items do not prove that there are no others, "" where they do."""
    if page.skipped["foreign"]:
        # Items of several accounts in one feed crowd each other out: how far back it reaches for ours is unknown.
        return "the feed mixes several accounts"
    if wanted.address.narrow:
        return wanted.address.narrow
    if wanted.most and len(feed.entries) >= wanted.most and _rising(page):
        return "the list ends before its newest items"
    if page.asked.platform == "weibo" and _disordered(page):
        return "times that contradict the order of the ids: some may be 8 hours early"
    return "" if wanted.manner.whole else dialect.doubts(page.asked.platform)


def _rising(page: Page) -> bool:
    times = [post.published_at for post in page.posts.values()]
    return len(times) > 1 and times[0] < times[-1]


def _disordered(page: Page) -> bool:
    """Whether a post is told to be more than an hour older than one with a lower mid: mids rise with time (weibo.md, section 8)."""
    pairs = sorted((int(mid), post.published_at) for post in page.posts.values() if (mid := post.id.rsplit(":", 1)[1]).isdecimal())
    latest = pairs[0][1] if pairs else None
    for _, at in pairs:
        if latest and at < latest - timedelta(hours=1):
            return True
        latest = max(at, latest or at)
    return False


_GH_PATH = re.compile(r"/((?:gh|wxid)_\w+)\.xml$")
_GH_NAME = re.compile(r"gh_[0-9a-f]{12}|wxid_\w+")


def _refuse_stranger(feed: Feed, owners: frozenset[str], path: str) -> None:
    named, filed, emblem = owner_at(feed.marks.link), _GH_PATH.search(path), feed.marks.emblem.strip()
    if owners and named and named not in owners:
        raise ParseError("wrong account: the feed names another one")
    if filed and _GH_NAME.fullmatch(emblem) and filed[1] != emblem:
        raise ParseError("wrong account: the file holds another one's feed")


_NAMED_AFTER: Mapping[str, str] = {"weibo": "的微博", "toutiao": "的头条主页 - 今日头条(www.toutiao.com)"}
"""What RSSHub puts behind an account's name in a feed's title."""


def _profile(platform: str, feed: Feed, wanted: Wanted, seen: set[str]) -> dict[str, str]:
    """Return what the feed tells of the account; one of many accounts tells nothing."""
    if wanted.address.shared:
        return {}
    name = unescape(feed.title).strip().removesuffix(" - Powered by RSSHub").removesuffix(_NAMED_AFTER.get(platform, ""))
    known = seen or {owner_at(feed.marks.link) or wanted.address.owner}
    owner = next(iter(known)) if len(known) == 1 else ""
    # WeChat's own form of the number is its base64, as the links have it.
    return {"name": name.strip(), "id": b64encode(owner.encode()).decode() if platform == "wechat" and owner.isdecimal() else owner}


_LOCAL = re.compile(r"([0-9]{5,12})-([0-9]{5,20})_([0-9]{1,2})")
_WEIBO_OWNER = re.compile(r"https?://(?:www\.)?weibo\.com/([0-9]{5,12})/")
_TOUTIAO_KIND = re.compile(r"https?://[a-z.]*toutiao\.com/(video|w)/")
_KINDS: Mapping[str, str] = {"douyin": "video", "weibo": "post"}
_TOUTIAO_KINDS: Mapping[str, str] = {"video": "video", "w": "post"}


@dataclass(slots=True)
class Hand:
    """What is the same for all items of a feed, looked up once. `seen` gathers the accounts that its items name."""

    platform: str
    owners: frozenset[str]
    shared: bool
    zone: tzinfo | None
    dialect: Dialect
    kind: str
    finish: Callable[[Draft, Entry], None] | None
    seen: set[str] = field(default_factory=set)


def _take(page: Page, entry: Entry, hand: Hand) -> None:
    link = https_where_known(entry.link) or https_where_known(entry.guid)
    named = _named(link, entry, hand.platform) if entry.number else native_id(link, entry.guid, hand.platform)
    owner = _owner(link, entry, named, hand.platform)
    if owner:
        if hand.owners and owner not in hand.owners:
            return page.leave("foreign")
        hand.seen.add(owner)
    if hand.shared and not (owner and hand.owners):
        # A feed of all a bridge's accounts: an item that nobody is named for may be anybody's.
        return page.leave("no_author")
    when = _when(entry.dates, hand.zone)
    failure = hand.dialect.failure
    text = "" if failure and failure in entry.body else plain(entry.body)
    draft = Draft(
        native=named.native if named else "",
        at=when.at if when else None,
        precision=when.precision if when else "second",
        url=link,
        # RSSHub escapes twice: its titles still hold references like &ensp; when the XML is read.
        title=_unmarked(entry.title) if "<em>" in entry.title else unescape(entry.title),
        text=text,
        kind=hand.kind,
        whole=_is_whole(entry, text, hand),
        deleted=entry.deleted,
    )
    if hand.finish:
        hand.finish(draft, entry)
    return page.take(draft)


_NO_TEXT = re.compile(r"(?:None|null|DELETED|获取全文失败.{0,20})?")
"""What bridges write in place of a text that they do not have."""
_FOLDED = re.compile(r">\s*(?:全文|展开)\s*</")
_SHOWN = re.compile(
    r"<(?:video|iframe|audio)\b|<img\b(?![^<>]*(?:\balt=[\"']?\[|timeline_card|//h5\.sinaimg\.cn/|//face\.t\.sinajs\.cn/|/emoticon/))",
    re.IGNORECASE,
)
"""Pictures and films of a Weibo post in a bridge's markup; expressions and the signs beside links are none."""


def _is_whole(entry: Entry, text: str, hand: Hand) -> bool:
    """Whether the bridge vouches that this is the whole text: it stands where this bridge puts those, and is neither cut nor a stand-in.

    A short one in place of an article is none: a digest has 120 characters at most, and what WeChat shows a bridge that it refuses is
    no longer. Of a forward a reader reads the original as well.
    """
    tells = hand.dialect.tells
    if not (tells == "all" or (tells == "content" and entry.full)) or _NO_TEXT.fullmatch(text):
        return False
    if len(text) < FEW_WORDS and (hand.platform == "wechat" or _SHOWN.search(entry.body)):
        return False
    return is_all(entry.body, text) and not _FOLDED.search(entry.body) and not hides_more(entry.body)


def _when(dates: list[str], zone: tzinfo | None) -> When | None:
    for date in dates:
        if found := moment_of(date, zone):
            return found
    return None


def _named(link: str, entry: Entry, platform: str) -> Named | None:
    """Return the item's name: by its link; else, where we-mp-rss links to itself, by its `<id>` (bizuin, push and place in it)."""
    local = _LOCAL.fullmatch(entry.number) if platform == "wechat" else None
    if local and named_by(link, platform) is None:
        return Named(f"{local[1]}_{local[2]}_{local[3]}", local[1])
    return native_id(link, entry.guid, platform)


def _owner(link: str, entry: Entry, named: Named | None, platform: str) -> str:
    """Return the account that an item is said to be of, "" where nothing tells."""
    if platform == "weibo":
        found = _WEIBO_OWNER.match(link)
        return found[1] if found else ""
    owner = named.owner if named else ""
    if entry.owner and not owner:
        owner = plain_owner(entry.owner)
    return owner if owner and owner.isdecimal() else ""


def _unmarked(title: str) -> str:
    """Return a title without the marks that a search leaves in it."""
    return unescape(title.replace("<em>", "").replace("</em>", ""))


def _point(draft: Draft, entry: Entry) -> None:
    """Add what a Weibo post forwards, or the page it links to."""
    forward = forward_of(draft.title, entry.body)
    if forward is not None:
        draft.kind, draft.citation, draft.whole = "repost", forward.citation, False
    else:
        links = outward(entry.body)
        draft.citation = Citation(url=links[0]) if links else None
        draft.text = "\n".join([draft.text, *(link for link in links if link not in draft.text)]).strip()


def _hint(draft: Draft, entry: Entry) -> None:
    """Add the one link of a WeChat article that has little else; a bridge's own link to the article is none."""
    link = https_where_known(lone_link(entry.body, draft.text))
    if link and canonical_url(link) != canonical_url(draft.url):
        draft.citation = Citation(url=link)


def _sort(draft: Draft, entry: Entry) -> None:
    """Tell the kinds of Toutiao's posts by their links."""
    found = _TOUTIAO_KIND.match(draft.url)
    draft.kind = _TOUTIAO_KINDS[found[1]] if found else draft.kind


_FINISHES: Mapping[str, Callable[[Draft, Entry], None]] = {"weibo": _point, "toutiao": _sort, "wechat": _hint}
