"""Toutiao's rows, in every shape they are handed on in, and the envelopes around them. Pure. Platform reference: toutiao.md.

A row is an article, a 微头条, its 转发, or a video. Nothing of what a row says of its own state (`itemStatus`) is understood by
anybody, and `is_original: false` may only mean that nobody declared it original: neither is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

import msgspec

from adapters.reading.page import Draft
from adapters.reading.toutiao_words import anchors, is_whole, pictured
from adapters.reading.values import Loose, as_int, as_number, from_text, from_unix, is_set, plain, unescape, web_url
from monitor.matching.text import first_line
from monitor.matching.urls import canonical_url, links_in, reference_of
from monitor.model import Citation

NO_RAW = msgspec.Raw(b"")
ARTICLE, UGC, VIDEO = 60, 32, 49
"""`cell_type`; 0 stands on videos today and on articles in rows of 2017."""
MILLISECONDS = 10**11
"""A time at or beyond this is in milliseconds (section 5)."""
FEED_LEAD = timedelta(hours=1)
"""Rows stand in the order of the feed, which may differ from that of publication by so much without raising doubt."""
_OWN_HOSTS = ("toutiao.com", "toutiaocdn.com", "snssdk.com", "pstatp.com")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,256}={0,2}")
_TOKEN_PAGE = re.compile(r"/c/user/token/([A-Za-z0-9._%=-]{1,260})")


def token_of(handle: str) -> str:
    """Return a handle's token as it is asked for: decoded once, with the `=` it was found with; "" for what is none (section 9)."""
    token = unquote(handle.strip()[:800])
    return token if _TOKEN.fullmatch(token) and len(token) <= 256 else ""


def bare(token: str) -> str:
    """Return the token as it is compared: without `=` at its end."""
    return token.rstrip("=")


class Who(msgspec.Struct):
    """An author under any of its names: `user_info`, `user`, `user.info`, `media_info`, `itemCell.userInfo`."""

    user_id: Loose = None
    userID: Loose = None
    media_id: Loose = None
    mediaID: Loose = None
    name: Loose = None
    verified_content: Loose = None
    user_auth_info: Loose = None
    info: Who | Loose = None


class Base(msgspec.Struct):
    gidStr: Loose = None
    groupID: Loose = None
    title: Loose = None
    abstractText: Loose = None
    articleURL: Loose = None
    publishTime: Loose = None
    createTime: Loose = None


class Share(msgspec.Struct):
    title: Loose = None
    description: Loose = None


class Cell(msgspec.Struct):
    articleBase: Base | Loose = None
    userInfo: Who | Loose = None
    shareInfo: Share | Loose = None


class Assembled(msgspec.Struct):
    itemCell: Cell | Loose = None


class LogPb(msgspec.Struct):
    group_id_str: Loose = None
    group_id: Loose = None


class BaseCell(msgspec.Struct):
    log_pb: LogPb | Loose = None


class Stream(msgspec.Struct):
    raw_data: Loose = None


class Comment(msgspec.Struct):
    """The words of a 转发 itself; its original is the `origin_thread`."""

    id: Loose = None
    content: Loose = None
    create_time: Loose = None


class Row(msgspec.Struct):
    id: Loose = None
    group_id: Loose = None
    group_id_str: Loose = None
    item_id: Loose = None
    item_id_str: Loose = None
    thread_id: Loose = None
    post_gid: Loose = None
    logpb_group_id: Loose = None
    cell_type: Loose = None
    title: Loose = None
    abstract: Loose = None
    content: Loose = None
    rich_content: Loose = None
    publish_time: Loose = None
    create_time: Loose = None
    article_url: Loose = None
    display_url: Loose = None
    share_url: Loose = None
    url: Loose = None
    source_url: Loose = None
    media_url: Loose = None
    user_info: Who | Loose = None
    user: Who | Loose = None
    media_info: Who | Loose = None
    itemCell: Cell | Loose = None
    assembleCell: Assembled | Loose = None
    base_cell: BaseCell | Loose = None
    log_pb: LogPb | Loose = None
    stream_cell: Stream | Loose = None
    comment_base: Comment | Loose = None
    origin_thread: Row | Loose = None
    is_stick: Loose = None
    label: Loose = None
    is_feed_ad: Loose = None
    has_video: Loose = None
    image_list: msgspec.Raw = NO_RAW
    large_image_list: msgspec.Raw = NO_RAW
    thumb_image_list: msgspec.Raw = NO_RAW
    ugc_cut_image_list: msgspec.Raw = NO_RAW


ROW = msgspec.json.Decoder(Row)


class Layers(list[Row]):
    """A row and, behind it, the rows folded into it: each tells what the ones before it left out."""

    def text(self, *names: str) -> str:
        """Return the first of these fields that holds words, in any layer."""
        found = (getattr(row, name) for row in self for name in names)
        return next((str(value) for value in found if value not in (None, "") and not isinstance(value, bool)), "")

    def number(self, *names: str) -> str:
        """Return the first of these fields that holds an id, in any layer."""
        return next((text for row in self for name in names if (text := _number(getattr(row, name)))), "")

    @property
    def cells(self) -> Iterator[Cell]:
        for row in self:
            if isinstance(row.itemCell, Cell):
                yield row.itemCell
            if isinstance(row.assembleCell, Assembled) and isinstance(row.assembleCell.itemCell, Cell):
                yield row.assembleCell.itemCell

    @property
    def bases(self) -> Iterator[Base]:
        return (cell.articleBase for cell in self.cells if isinstance(cell.articleBase, Base))

    @property
    def authors(self) -> Iterator[Who]:
        named = [*(cell.userInfo for cell in self.cells), *(who for row in self for who in (row.user_info, row.user, row.media_info))]
        for who in named:
            if isinstance(who, Who):
                yield who
                if isinstance(who.info, Who):
                    yield who.info


def layers_of(raw: msgspec.Raw | bytes) -> Layers:
    """Return a row with what `stream_cell` holds of it as JSON text. Raises what msgspec raises."""
    row = ROW.decode(raw)
    layers = Layers([row])
    if isinstance(row.stream_cell, Stream) and isinstance(row.stream_cell.raw_data, str):
        try:
            layers.append(ROW.decode(row.stream_cell.raw_data))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            # What the outer row says for itself still holds.
            return layers
    return layers


def _number(value: object) -> str:
    number = as_number(value)
    return number if number.strip("0") else ""


def is_advertisement(row: Layers) -> bool:
    return any(is_set(each.is_feed_ad) or each.label == "广告" for each in row)


def is_creators(row: Layers) -> bool:
    """Whether it is of the list a creator sees after signing in, which holds nobody else's rows and names no author."""
    return any(isinstance(each.assembleCell, Assembled) for each in row)


def user_ids(row: Layers) -> tuple[str, ...]:
    """Return the author's numbers as a user; the first is the best known. A media number is none of them."""
    found = (_number(who.userID) or _number(who.user_id) for who in row.authors)
    return tuple(dict.fromkeys(number for number in found if number))


def media_ids(row: Layers) -> tuple[str, ...]:
    found = (_number(who.mediaID) or _number(who.media_id) for who in row.authors)
    return tuple(dict.fromkeys(number for number in found if number))


def page_token(row: Layers) -> str:
    """Return the author's token where the row links to the author's page, as it is compared; else ""."""
    found = _TOKEN_PAGE.search(row.text("media_url")[:2_000])
    return bare(token_of(found[1])) if found else ""


def profile_of(row: Layers) -> dict[str, str]:
    """Return what a row tells of its author; both of the author's numbers, since they may differ."""
    facts = {
        "name": next((str(who.name) for who in row.authors if who.name), ""),
        "verified": next((text for who in row.authors if (text := _certified(who))), ""),
        "id": next(iter(user_ids(row)), ""),
        "media_id": next(iter(media_ids(row)), ""),
    }
    return {key: value for key, value in facts.items() if value}


class Auth(msgspec.Struct):
    auth_info: Loose = None


_AUTH = msgspec.json.Decoder(Auth)


def _certified(who: Who) -> str:
    if who.verified_content:
        return str(who.verified_content)
    try:
        return str(_AUTH.decode(str(who.user_auth_info or "{}")).auth_info or "")
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""


def draft_of(row: Layers) -> Draft:
    """Return a row as a draft. Its time is that of publication; `behot_time` alone is only a bound from above, so it counts as none."""
    words = _words(row)
    linked = [link for link in anchors(row.text("rich_content")) if words and not _is_own(link) and link not in words]
    told = "\n".join([words, *linked])
    citation = _original(row) or _linked(row, told)
    key, kind = group_id(row, citation.post_id if citation and _thread(row) else ""), _kind(row)
    title = unescape(row.text("title") or next((str(base.title) for base in row.bases if base.title), ""))
    abstract = row.text("abstract") or next((str(base.abstractText) for base in row.bases if base.abstractText), "")
    return Draft(
        native=key,
        at=_published(row),
        url=_post_url(row, kind, key),
        title=title or ("" if kind == "article" else first_line(words)),
        text=told or plain(abstract),
        kind=kind,
        # An article's abstract is never the article; of a forward a reader reads the original as well.
        whole=kind == "post" and is_whole(words, shows=_pictured(row)) and not any(is_set(each.has_video) for each in row),
        pinned=any(is_set(each.is_stick) or each.label == "置顶" for each in row),
        citation=citation,
    )


def group_id(row: Layers, original: str = "") -> str:
    """Return the post's key (section 9): the group's number wherever it stands, before any other.

    A 转发 is a comment on its `original`, whose number may stand beside the comment's own.
    """
    return next((number for number in _numbers(row, original) if number), "")


def _numbers(row: Layers, original: str) -> Iterator[str]:
    comments = [number for each in row if isinstance(each.comment_base, Comment) and (number := _number(each.comment_base.id))]
    yield from (each for each in (row.number("group_id", "group_id_str"), *_base_numbers(row)) if each != original)
    yield from comments
    yield row.number("thread_id")
    for pb in (pb for each in row for pb in (each.base_cell.log_pb if isinstance(each.base_cell, BaseCell) else None, each.log_pb)):
        if isinstance(pb, LogPb):
            yield _number(pb.group_id_str) or _number(pb.group_id)
    yield row.number("post_gid", "logpb_group_id", "item_id", "item_id_str", "id")


def _base_numbers(row: Layers) -> Iterator[str]:
    return (_number(base.gidStr) or _number(base.groupID) for base in row.bases)


def _words(row: Layers) -> str:
    """Return what the author of a 微头条 wrote, "" for other kinds."""
    if _kind(row) not in ("post", "repost"):
        return ""
    own = next((str(each.comment_base.content) for each in row if isinstance(each.comment_base, Comment) and each.comment_base.content), "")
    return plain(row.text("content") or row.text("rich_content") or own)


def _pictured(row: Layers) -> bool:
    return pictured(raw for each in row for raw in (each.image_list, each.large_image_list, each.thumb_image_list, each.ugc_cut_image_list))


def _kind(row: Layers) -> str:
    types = {as_int(each.cell_type) for each in row} - {None}
    if any(isinstance(each.comment_base, Comment) or isinstance(each.origin_thread, Row) for each in row):
        return "repost"
    if UGC in types or (row.number("thread_id") and ARTICLE not in types):
        return "post"
    if ARTICLE in types:
        return "article"
    shown = next((each.has_video for each in row if each.has_video is not None), None)
    if VIDEO in types or is_set(shown) or (0 in types and shown is None):
        return "video"
    titled = row.text("title") or any(base.title for base in row.bases)
    return "article" if titled or not row.text("content", "rich_content") else "post"


_PLACES = {"article": "article", "post": "w", "repost": "w", "video": "video"}


def _post_url(row: Layers, kind: str, key: str) -> str:
    return f"https://www.toutiao.com/{_PLACES[kind]}/{key}/" if key else next(_addresses(row), "")


def _published(row: Layers) -> datetime | None:
    told = [value for each in row for value in (each.publish_time, each.create_time)]
    told += [each.comment_base.create_time for each in row if isinstance(each.comment_base, Comment)]
    told += [value for base in row.bases for value in (base.publishTime, base.createTime)]
    return next((at for value in told if (at := moment(value))), None)


def moment(value: object) -> datetime | None:
    """Return the moment of a time in seconds or milliseconds; text is Beijing's clock."""
    number = as_int(value)
    if number is None:
        when = from_text(value) if isinstance(value, str) else None
        return when.at if when else None
    return from_unix(number // 1000 if number >= MILLISECONDS else number)


def _addresses(row: Layers) -> Iterator[str]:
    told = [str(value) for each in row for value in (each.article_url, each.url, each.display_url, each.share_url) if value]
    told += [str(base.articleURL) for base in row.bases if base.articleURL]
    for text in told:
        link = web_url("https:" + text if text.startswith("//") else text)
        if link:
            yield link


def _thread(row: Layers) -> Row | None:
    return next((each.origin_thread for each in row if isinstance(each.origin_thread, Row)), None)


def _original(row: Layers) -> Citation | None:
    """Return what a 转发 hands on. The original's number is the strongest evidence there is (section 10)."""
    thread = _thread(row)
    if thread is None:
        return None
    inner = Layers([thread])
    shares = [cell.shareInfo for cell in inner.cells if isinstance(cell.shareInfo, Share)]
    title = next((str(share.title) for share in shares if share.title), "") or inner.text("title")
    title = title or next((str(base.title) for base in inner.bases if base.title), "")
    words = inner.text("content") or next((str(share.description) for share in shares if share.description), "")
    key = group_id(inner)
    return Citation(
        url=f"https://www.toutiao.com/{_PLACES[_kind(inner)]}/{key}/" if key else next(_addresses(inner), ""),
        title=unescape(title)[:4_000] or first_line(plain(words)),
        account=next(iter(user_ids(inner)), ""),
        post_id=key,
    )


def _linked(row: Layers, words: str) -> Citation | None:
    """Return the page outside Toutiao that a row stands for, or the first link in a 微头条."""
    outside = next((link for link in _addresses(row) if not _is_own(link)), "")
    link = outside or next(iter(links_in(words, 1)), "")
    if not web_url(link):
        return None
    named = reference_of(canonical_url(link))
    return Citation(url=link, post_id=named.post if named is not None and named.platform == "toutiao" else "")


def _is_own(link: str) -> bool:
    host = (urlsplit(link).hostname or "").rstrip(".")
    return any(host == own or host.endswith("." + own) for own in _OWN_HOSTS)
