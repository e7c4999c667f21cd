"""What a Weibo post points at, out of its text, its link table and its card; and the fold at the end of a long text. Pure.

Platform reference: weibo.md, sections 5.2, 6.2, 9 and 11.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from adapters.reading.values import TITLE_LIMIT, Loose, tidy, web_url
from monitor.matching.urls import links_in

T = TypeVar("T")
LINKS = 10
"""Links of a post that are kept: more than an honest post has, fewer than a matcher minds."""
WRAPPERS = 4
"""Wrappers around a link that are taken off; two occur."""
TAIL = 600
"""Characters at the end of a text in which its fold stands."""


class Link(NamedTuple):
    url: str
    title: str = ""


class Card(NamedTuple):
    """The card under a post: what it is called and where it leads; both empty where it is a topic, a place or nothing we know."""

    url: str = ""
    title: str = ""


class PageInfo(msgspec.Struct):
    """`type` and `object_type` are words on one channel and numbers on another; an article's title is `content1` (section 11, D)."""

    type: Loose = None
    object_type: Loose = None
    object_id: Loose = None
    page_id: Loose = None
    page_url: Loose = None
    page_title: Loose = None
    title: Loose = None
    content1: Loose = None


class UrlEntry(msgspec.Struct):
    short_url: Loose = None
    long_url: Loose = None
    h5_target_url: Loose = None
    ori_url: Loose = None
    url_title: Loose = None


class Suffix(msgspec.Struct):
    type: Loose = None
    scheme: Loose = None


PAGE_INFO = msgspec.json.Decoder(PageInfo)
URL_TABLE = msgspec.json.Decoder(list[UrlEntry])
SUFFIXES = msgspec.json.Decoder(list[Suffix])

_ARTICLE = frozenset({"article", "24"})
_WEBPAGE = frozenset({"webpage"})
_VIDEO = frozenset({"video", "live", "11", "5"})
_ARTICLE_ID = re.compile(r"(?:^|[:=/])(2309[0-9]{10,30})(?:[?&#]|$)")
_UID = re.compile(r"^sinaweibo://userinfo\?(?:[^#]{0,200}&)?uid=([0-9]{4,12})(?:&|$)")


def suffix_uids(raw: msgspec.Raw) -> tuple[str, ...]:
    """Return the uids that entries of type 2 link to; a super-topic's entry is of type 2 as well, but links to a page."""
    found = (_UID.match(str(each.scheme or "")) for each in _opened(SUFFIXES, raw) or () if each.type in (2, "2"))
    return tuple(match[1] for match in found if match)


def card_of(raw: msgspec.Raw) -> Card:
    """Return the card of a post; the title of an article or a video, the address of an article or a web page."""
    info = _opened(PAGE_INFO, raw)
    if info is None:
        return Card()
    kinds = {str(info.type), str(info.object_type)}
    if kinds & _ARTICLE:
        return Card(_article_url(info), tidy(str(info.content1 or ""), TITLE_LIMIT))
    if kinds & _VIDEO:
        return Card("", _telling(info.title))
    # Topic cards tell what is talked of, and their content1 how much.
    page = unwrapped(str(info.page_url or "")) if kinds & _WEBPAGE else ""
    return Card(page, _telling(info.page_title)) if page and not is_furniture(page) else Card()


def shows_video(raw: msgspec.Raw) -> bool:
    """Whether the card under a post is a video or a live show, called by whatever name."""
    info = _opened(PAGE_INFO, raw)
    return info is not None and bool({str(info.type), str(info.object_type)} & _VIDEO)


def article_of(raw: msgspec.Raw) -> Card:
    """Return the card where it is a headline article (头条文章) or a web page."""
    card = card_of(raw)
    return card if card.url else Card()


def _article_url(info: PageInfo) -> str:
    for value in (info.object_id, info.page_id, unwrapped(str(info.page_url or "")), unquote(str(info.page_url or "")[:2_000])):
        found = _ARTICLE_ID.search(str(value or ""))
        if found:
            return f"https://weibo.com/ttarticle/p/show?id={found[1]}"
    return ""


def links_of(markup: str, raw_text: str, url_struct: msgspec.Raw, page_info: msgspec.Raw, retweet: bool) -> list[Link]:
    """Return the pages a post points at, best first and each once: its card, its link table, the links in its text.

    Under a retweet the card is the original's, repeated, and so may rows of the table be: only rows whose short form stands in the
    retweet's own text count. A t.cn link that nothing resolves comes last: it tells a matcher nothing.
    """
    shorts: dict[str, Link] = {}
    found: list[Link] = []
    if not retweet and (card := card_of(page_info)).url:
        found.append(Link(card.url, card.title))
    for entry in (_opened(URL_TABLE, url_struct) or ())[: 2 * LINKS]:
        short, link = str(entry.short_url or ""), entry_link(entry)
        if link.url and ((short and (short in markup or short in raw_text)) or (not retweet and not short)):
            shorts[short] = link
            found.append(link)
    for url in (*_anchors(markup), *links_in(markup if "<" not in markup else "", LINKS)):
        link = shorts.get(url) or Link(unwrapped(url))
        if link.url and not is_furniture(link.url):
            found.append(link)
    first = {link.url: link for link in reversed(found)}
    ordered = [first[url] for url in dict.fromkeys(link.url for link in found)]
    return sorted(ordered, key=lambda link: is_short(link.url))[:LINKS]


def entry_link(entry: UrlEntry) -> Link:
    """Return the page a row of the link table leads to; an empty one for what is furniture, another short link, or no web address."""
    for value in (entry.long_url, entry.h5_target_url, entry.ori_url):
        url = unwrapped(str(value or ""))
        if url and not is_furniture(url) and not is_short(url):
            article = _ARTICLE_ID.search(unquote(url)) if "/ttarticle/" in url else None
            url = f"https://weibo.com/ttarticle/p/show?id={article[1]}" if article else url
            return Link(url, _telling(entry.url_title))
    return Link("")


_ANCHOR = re.compile(r"<a\b[^<>]{1,4000}>", re.IGNORECASE)
_HREF = re.compile(r"\shref=[\"']?(https?:[^\"'\s<>]{4,2000})", re.IGNORECASE)
_DATA_URL = re.compile(r"\sdata-url=[\"']?(https?:[^\"'\s<>]{4,2000})", re.IGNORECASE)


def _anchors(markup: str) -> Iterator[str]:
    if "<" not in markup:
        return
    for number, anchor in enumerate(_ANCHOR.finditer(markup)):
        if number >= 10 * LINKS:
            return
        href = _HREF.search(anchor[0]) or _DATA_URL.search(anchor[0])
        if href and not is_furniture(href[1]):
            yield html.unescape(href[1])


_TRACKING = re.compile(r"[?&]url_type=[0-9]{0,4}(?:&object_type=\w{0,20})?(?:&pos=[0-9]{0,4})?$")
_INNER = ("showurl", "url", "u", "toasturl")
_WRAPPER_PATHS = ("/sinaurl", "/link_card/redirect")


def unwrapped(link: str) -> str:
    """Return the web address behind a link of Weibo's own making, "" where there is none.

    `sinaurl` pages carry it as `u` or `url`, the app's `sinaweibo://…` as `url` or `showurl`, the cards of 2015 in a redirect
    within that, escaped twice; and what Weibo hangs on at the end of an address is taken off.
    """
    link = link.strip()[:4_000]
    for _ in range(WRAPPERS):
        inner = _inner(link)
        if not inner:
            break
        link = inner
    return web_url(_TRACKING.sub("", link)) if link.startswith("http") else ""


def _inner(link: str) -> str:
    if not link.startswith("sinaweibo:") and not any(path in link for path in _WRAPPER_PATHS):
        return ""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        return ""
    ours = host.endswith((".cn", ".com")) and ("weibo" in host or "sina" in host)
    if parts.scheme != "sinaweibo" and not (ours and parts.path.startswith(_WRAPPER_PATHS)):
        return ""
    query = dict(parse_qsl(parts.query[:4_000], max_num_fields=50) if parts.query.count("&") < 50 else ())
    for name in _INNER:
        value = query.get(name, "")
        value = unquote(value) if value[:8].lower().startswith(("http%3a", "https%3a")) else value
        if "://" in value:
            return value
    return ""


_FURNITURE = re.compile(
    r"https?://(?:[\w.-]{1,60}\.sinaimg\.cn/|s\.weibo\.com/|huati\.weibo\.(?:com|cn)/|m\.weibo\.cn/(?:search|p/|n/|status/)"
    r"|(?:www\.)?weibo\.com/(?:n|p)/|vote\.weibo\.com/|(?:new\.)?vip\.weibo\.c|photo\.weibo\.com/|h5\.sinaimg)",
    re.IGNORECASE,
)
"""Topics, pictures, places, polls, mentions, the fold: what surrounds a post, not what it points at."""


def is_furniture(url: str) -> bool:
    """Whether a link only surrounds a post: a topic, a picture, a place, a poll, a mention, the fold."""
    return bool(_FURNITURE.match(url))


def is_short(url: str) -> bool:
    """Whether it is one of Weibo's own short links, which tell a matcher nothing."""
    return url.startswith(("http://t.cn/", "https://t.cn/"))


_FILM = re.compile(
    r"https?://(?:(?:[\w-]{1,30}\.)?video\.weibo\.com/|(?:www\.)?weibo\.com/(?:tv|l)/|m\.weibo\.cn/s/video|live\.weibo\.com/"
    r"|(?:www\.)?(?:miaopai|yizhibo|yixia)\.com/|[\w.-]{1,60}\.weibocdn\.com/)",
    re.IGNORECASE,
)


def leads_on(url: str) -> bool:
    """Whether what the post tells may lie behind the link: a film, or a short link of which nobody knows where it leads."""
    return is_short(url) or bool(_FILM.match(url))


_TELLS_NOTHING = re.compile(r"网页链接|微博正文|查看图片|.{0,60}的(?:微博|秒拍)?视频|.{0,60}的微博投票|@\s?.{0,60}")


def _telling(title: object) -> str:
    """Return a card's or a link's title, "" for what Weibo writes where it knows none."""
    text = tidy(str(title or ""), TITLE_LIMIT)
    return "" if _TELLS_NOTHING.fullmatch(text) else text


_FOLD_MARKUP = re.compile(r"(?:\.{2,3}|…)?\s?<(a|span)\b[^<>]{0,400}>(?:全文|展开)</\1>[\s\u200b]{0,20}$", re.IGNORECASE)
_FOLD_PLAIN = re.compile(r"(?:\.{2,3}|…)\s?(?:全文|展开)[:：]?\s?(?:https?://m\.weibo\.cn/[0-9A-Za-z/]{1,60})?[\s\u200b]{0,20}$")


def is_folded(markup: str) -> bool:
    """Whether the text goes on behind 全文 or 展开."""
    return len(cut_fold(markup)) != len(markup)


def cut_fold(markup: str) -> str:
    """Return the text without the mark of its fold."""
    start = max(0, len(markup) - TAIL)
    tail = markup[start:]
    if "全文" not in tail and "展开" not in tail:
        return markup
    found = _FOLD_MARKUP.search(tail) or _FOLD_PLAIN.search(tail)
    return markup[: start + found.start()] if found else markup


def _opened(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw) -> T | None:
    """Return what a part of a post holds, None where it is missing or of another shape: a post is not lost for its decoration."""
    if len(bytes(raw)) < 3:
        return None
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
