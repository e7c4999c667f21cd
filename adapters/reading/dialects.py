"""The bridges whose feeds we read, told apart by their own marks: what each lists, how late it is, what it gets wrong. Pure.

Platform reference: wechat.md, sections 1, 4 and 5; weibo.md, section 4; douyin.md, section 7; toutiao.md, section 8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.reading.feeds import Marks
from adapters.reading.values import When, from_text
from monitor.errors import ParseError
from monitor.model import SHANGHAI, Channel, Platform

NOT_PUSHED = "the bridge lists what was pushed (群发) only; option whole=1 says that the account publishes nothing else"
GUEST = "the bridge may look as a guest, who misses posts; option whole=1 says that it is signed in"
CLOSED = "WeChat closed the lists of other accounts to this bridge in 2026; option whole=1 says that it still sees this one"
SOME = "this route may list a part of the posts; option whole=1 says that it lists all"
UNKNOWN = "a feed of unknown make may list a part of the posts, as most bridges do; option whole=1 says that it lists all"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One bridge. `generator`, `words`, `emblem`, `fields` and `link` are its marks in the feed, `path` those in the feed's address.

    `delay_hours` is how late it may be, as far as known. `doubt` says why its silence proves nothing, "" where it lists everything.
    `tells` is where it puts whole texts: in an item's content, or in all it shows of one; "" where that is not known.
    `failure` is what it puts in place of a text that it could not fetch. `weakens`: what it sends compressed has a weak ETag, which it
    does not know again.
    """

    name: str
    delay_hours: float
    generator: str = ""
    words: str = ""
    link: str = ""
    emblem: str = ""
    fields: frozenset[str] = frozenset()
    path: str = ""
    doubt: str = ""
    failure: str = ""
    weakens: bool = False
    tells: Literal["", "content", "all"] = ""

    def signed(self, marks: Marks) -> bool:
        """Whether the feed carries one of this bridge's own marks; the generator comes in lower case."""
        signed = (
            bool(self.generator and self.generator == marks.generator)
            or bool(self.words and marks.words.endswith(self.words))
            or bool(self.emblem and re.fullmatch(self.emblem, marks.emblem))
            or bool(self.fields and self.fields <= marks.fields)
        )
        return signed and (not self.link or re.match(self.link, marks.link) is not None)

    def doubts(self, platform: str) -> str:
        """Return why this bridge's silence proves nothing there; other sites' feeds are their own, and taken at their word."""
        return "" if not self.path and platform == Platform.OTHER else self.doubt


_HUB, _POWERED = "rsshub", " - Powered by RSSHub"

DIALECTS: tuple[Dialect, ...] = (
    # 1 h of caches, and 8 h more: where statuses/show fails RSSHub tells a post's time 8 h too early, and nothing in the feed says so.
    # A delay of as much keeps the days of silence from being counted too high.
    Dialect(
        "rsshub.weibo",
        9.0,
        generator=_HUB,
        words=_POWERED,
        link=r"https?://(?:www\.)?weibo\.com/",
        path=r"/weibo/(?:user|timeline)/",
        doubt=GUEST,
        weakens=True,
        # It asks statuses/show for each post; where that fails it shows the list's text, fold and all.
        tells="all",
    ),
    # Pins come first and are not marked; since 2025 guests are not shown the newest works of some accounts.
    Dialect(
        "rsshub.douyin",
        1.0,
        generator=_HUB,
        words=_POWERED,
        link=r"https?://(?:www\.)?douyin\.com/",
        path=r"/douyin/user/",
        doubt=GUEST,
        weakens=True,
    ),
    Dialect(
        "rsshub.toutiao",
        1.0,
        generator=_HUB,
        words=_POWERED,
        link=r"https?://(?:www\.)?toutiao\.com/",
        path=r"/toutiao/user/token/",
        weakens=True,
    ),
    # Routes to WeChat: albums, home pages and other bridges' lists.
    Dialect("rsshub", 24.0, generator=_HUB, words=_POWERED, path=r"/wechat/[a-z0-9]+/", doubt=SOME, weakens=True),
    # Looks at 05:35 and 17:35; goes on serving old items with HTTP 200 when its login has died: sync_url tells.
    Dialect(
        "wewe-rss",
        24.0,
        generator="wewe-rss",
        path=r"/feeds/(?:MP_WXS_\d+|all)\.(?:rss|atom|json)$",
        doubt=NOT_PUSHED,
        failure="获取全文失败，请重试~",
        tells="content",
    ),
    Dialect(
        "we-mp-rss",
        24.0,
        generator="mp-we-rss",
        fields=frozenset(("name", "items")),
        path=r"/rss/MP_WXS_\d+$|/feed/(?:MP_WXS_\d+|tag/[^/]+)\.(?:rss|xml|atom|json)$",
        doubt=CLOSED,
        tells="content",
    ),
    Dialect(
        "wechat-download-api",
        2.0,
        generator="wechat rss",
        fields=frozenset(("articles", "next_since")),
        path=r"/api/rss/|/api/feed/articles\.json$",
        doubt=CLOSED,
    ),
    Dialect("exporter", 2.0, fields=frozenset(("articles", "base_resp")), path=r"/api/public/v1/article$", doubt=CLOSED),
    Dialect("wechat2rss", 24.0, generator="wechat2rss", path=r"/feed/(?:\d+\.(?:xml|json)|all\.xml)$", doubt=NOT_PUSHED, tells="content"),
    # Files in a repository, written three times a day; over two years an item came 71 h late at worst.
    Dialect("static", 72.0, emblem=r"gh_[0-9a-f]{12}|wxid_\w+", path=r"/channels/(?:gh|wxid)_\w+\.xml$"),
)
"""Told by the feed's marks first, by its address else; the first line that fits."""

PLAIN = Dialect("plain", 24.0, doubt=UNKNOWN)
"""A feed of nobody known, a day late: it may be a bridge's that lists 群发 only or sees what a guest sees, with its marks rewritten."""

_NAMES = {dialect.name: dialect for dialect in (*DIALECTS, PLAIN)}


def dialect_of(marks: Marks, path: str = "", forced: str = "") -> Dialect:
    """Return whose feed it is: the one the option `dialect` names, else by its marks, else by its address, else `PLAIN`."""
    if forced:
        return named_dialect(forced)
    lower = marks._replace(generator=marks.generator.strip().lower())
    signed = next((each for each in DIALECTS if each.signed(lower)), None) if any(marks) else None
    return signed or dialect_at(path)


@lru_cache(maxsize=8_192)
def dialect_at(path: str) -> Dialect:
    """Return whose feed stands at such a path, `PLAIN` where it does not tell."""
    return next((each for each in DIALECTS if each.path and re.search(each.path, path)), PLAIN)


def named_dialect(name: str) -> Dialect:
    """Return the dialect of that name. Raises `ParseError`."""
    if name not in _NAMES:
        raise ParseError(f"option dialect is none of {', '.join(_NAMES)}")
    return _NAMES[name]


@dataclass(frozen=True, slots=True)
class Manner:
    """How the operator wants a feed to be read: the options of its channel that change what comes of the same body.

    `zone` is where times without a zone were written, None for Asia/Shanghai. `whole`: the operator vouches that the feed lists all.
    `biz` names the only WeChat accounts whose items belong here.
    """

    dialect: str = ""
    zone: tzinfo | None = None
    whole: bool = False
    biz: str = ""
    signature: str = ""

    @classmethod
    def of(cls, channel: Channel) -> Manner:
        """Read a channel's options. Raises `ParseError` for one that cannot be."""
        options = channel.options
        dialect, zone, whole, biz = (options.get(key, "").strip() for key in ("dialect", "tz", "whole", "biz"))
        if dialect:
            named_dialect(dialect)
        if whole not in ("", "0", "1"):
            raise ParseError("option whole is neither 0 nor 1")
        parts = [f"{key}={value}" for key, value in (("dialect", dialect), ("tz", zone), ("whole", whole), ("biz", biz)) if value]
        return cls(dialect, zone_of(zone), whole == "1", biz, " ".join(parts))


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo | None:
    """Return the zone that a name (`UTC`, `Asia/Shanghai`) or an offset (`+08:00`) stands for, None for "". Raises `ParseError`."""
    if not name:
        return None
    if found := re.fullmatch(r"([+-])(0\d|1[0-4]):?([0-5]\d)", name):
        ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return timezone(ahead if found[1] == "+" else -ahead)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ParseError("option tz is no time zone") from error


_ZONED = re.compile(r":\d\d(?:\.\d{1,9})?\s*(?:[A-Za-z]{1,5}|[+-]\d\d:?\d\d)\s*$")
_ZONE_UNSAID = re.compile(r"-00:?00\s*$")
"""RFC 822 for a time in UTC whose writer does not tell its own zone, as Python's e-mail library writes it: no naive time at all."""


def moment_of(text: str, zone: tzinfo | None) -> When | None:
    """Return the moment of a feed's date; one without a zone was written in `zone`, else in Asia/Shanghai (section 5)."""
    if text.rstrip().endswith("00") and ":" in text:
        text = _ZONE_UNSAID.sub("+0000", text[:64])
    when = from_text(text)
    if when is None or zone is None or ":" not in text or _ZONED.search(text[:64]):
        return when
    return When(when.at.astimezone(SHANGHAI).replace(tzinfo=zone).astimezone(when.at.tzinfo), when.precision)
