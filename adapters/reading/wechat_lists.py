"""Lists of a WeChat account's articles that a person saved and uploads: the MP backend's, the client's, public albums, bridges' JSON. Pure.

wechat.md, sections 3, 4 and 5. We ask for none of them ourselves. Each is told by the name of its list (`SHAPES`):

- `publish_page` (appmsgpublish; foreign accounts until 2026-07-29, one's own still): 群发 and 发布
- `app_msg_list` (appmsg list_ex): 群发 that are 图文 only; 发布 and video are missing
- `general_msg_list` (profile_ext): what the client showed of 群发
- `getalbum_resp` (appmsgalbum), `appmsg_list` (homepage): only what is filed there
- `articles` (wechat-article-exporter): as appmsgpublish, flattened
- `data` beside `err` (Wechat2RSS): 群发 only, some hours late

All are partial views: a saved file does not tell when it was saved, from which page on, or whether its query left a kind out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import msgspec

from adapters.reading.links import https_where_known, named_by
from adapters.reading.page import Asked, Draft, Page
from adapters.reading.values import HEAD_BYTES, Loose, as_id, as_int, decode, from_text, from_unix, is_set, keeping_head, plain, unescape
from adapters.reading.wechat_publish import biz_of, bizuin_of, owners_of
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired
from monitor.model import Citation, Snapshot

T = TypeVar("T")
DAY = 86_400.0
LOGIN_AGAIN = frozenset({200003, 200040})
FREQUENCY, BAD_ARGUMENTS, WRAPPER = 200013, 200002, -1
BLOCKED = -6
"""profile_ext's `ret` while the client is blocked, for about a day."""
KINDS: Mapping[int, str] = {5: "video", 6: "audio", 7: "audio", 8: "picture", 10: "text", 11: "share"}
"""`item_show_type`; all others are articles."""


class BaseResp(msgspec.Struct):
    ret: Loose = None
    err_msg: Loose = ""


class Album(msgspec.Struct):
    article_list: msgspec.Raw = msgspec.Raw()
    base_info: Any = None


class Account(msgspec.Struct):
    fakeid: Loose = None
    nickname: Loose = ""


class Body(msgspec.Struct):
    base_resp: BaseResp | None = None
    ret: Loose = None
    err: Loose = None
    publish_page: msgspec.Raw = msgspec.Raw()
    app_msg_list: list[msgspec.Raw] | None = None
    general_msg_list: msgspec.Raw = msgspec.Raw()
    getalbum_resp: Album | None = None
    appmsg_list: list[msgspec.Raw] | None = None
    articles: list[msgspec.Raw] | None = None
    data: list[msgspec.Raw] | None = None
    home_page_list: list[msgspec.Raw] | None = None
    detail: msgspec.Raw = msgspec.Raw()
    status: Loose = msgspec.field(name="statusCode", default=None)
    fakey_info: Account | None = None


class Sent(msgspec.Struct):
    time: Loose = None


class Info(msgspec.Struct):
    sent_info: Sent | None = None
    appmsgex: list[msgspec.Raw] | None = None
    appmsg_info: list[msgspec.Raw] | None = None


class Publication(msgspec.Struct):
    publish_info: msgspec.Raw = msgspec.Raw()


class PublishPage(msgspec.Struct):
    publish_list: list[Publication] | None = None


class Article(msgspec.Struct):
    """An article of any of the lists: they name the same things differently."""

    aid: Loose = None
    appmsgid: Loose = None
    msgid: Loose = None
    itemidx: Loose = None
    title: Loose = ""
    digest: Loose = ""
    desc: Loose = ""
    content: Loose = ""
    link: Loose = ""
    url: Loose = ""
    content_url: Loose = ""
    source_url: Loose = ""
    create_time: Loose = None
    sendtime: Loose = None
    update_time: Loose = None
    created: Loose = None
    item_show_type: Loose = None
    is_deleted: Loose = None
    biz_id: Loose = None
    biz_name: Loose = ""
    available: Loose = None


class Common(msgspec.Struct):
    datetime: Loose = None
    fakeid: Loose = None


class Lead(Article):
    """The first article of a push in profile_ext; the others stand inside it."""

    multi_app_msg_item_list: list[msgspec.Raw] | None = None


class Push(msgspec.Struct):
    comm_msg_info: Common | None = None
    app_msg_ext_info: Lead | None = None


class Pushes(msgspec.Struct):
    pushes: list[msgspec.Raw] | None = msgspec.field(name="list", default=None)


BODY = msgspec.json.Decoder(Body)
PAGE = msgspec.json.Decoder(PublishPage)
INFO = msgspec.json.Decoder(Info)
ARTICLE = msgspec.json.Decoder(Article)
ARTICLES = msgspec.json.Decoder(list[msgspec.Raw])
PUSHES = msgspec.json.Decoder(Pushes)
PUSH = msgspec.json.Decoder(Push)
TEXT = msgspec.json.Decoder(str)


class Found(NamedTuple):
    """An article as it stands in a list: what its list says besides of time and account. None where it could not be read."""

    article: Article | None
    time: Loose = None
    owner: str = ""


@dataclass(slots=True)
class Shelf:
    """What a list says of its account, while it is read; `empty` counts publications without any content."""

    names: set[str] = field(default_factory=set)
    owners: set[str] = field(default_factory=set)
    empty: int = 0


def read_list(body: bytes, asked: Asked, biz: str = "", *, own: bool = False) -> Snapshot:
    """Return what a saved list shows, always as a partial view; an empty list is `Degraded`, for it proves nothing.

    `biz` names the account (several ids parted by commas, in either form): articles of others are left out. `own` says that the list
    is that of the account's own backend, where a refusal for frequency ends. Raises `LookError`.
    """
    with keeping_head(body):
        answer = decode(BODY, body)
        _refuse(answer, own, body[:HEAD_BYTES])
        shape = next((shape for shape in SHAPES if shape.holds(answer)), None)
        if shape is None:
            raise ParseError("no list of articles: a list of accounts or something else")
        page, shelf, owners = Page(asked), Shelf(), owners_of(biz)
        for found in shape.items(answer, shelf):
            _take(page, shelf, found, owners)
        if not page.posts and not page.skipped:
            raise Degraded(f"an empty list proves nothing ({shape.name})", head=body[:HEAD_BYTES])
        return page.snapshot(partial=f"a saved list: {shape.lacks}", profile=_profile(shelf))


def _refuse(answer: Body, own: bool, head: bytes) -> None:
    """Raise what the body's own word of refusal stands for."""
    said = str(answer.base_resp.err_msg or "") if answer.base_resp else ""
    code = answer.base_resp.ret if answer.base_resp else answer.ret
    error = _error(as_int(code), said, own, head) if code is not None else None
    if error is not None:
        raise error
    if answer.err not in (None, "", 0):
        raise ParseError("the bridge answers an error of its own", head=head)
    if answer.detail or (answer.status is not None and as_int(answer.status) != 200):
        raise AuthError("the bridge does not know this subscription, or not this key", head=head)


def _error(code: int | None, said: str, own: bool, head: bytes) -> LookError | None:
    if code == 0:
        return None
    if code in LOGIN_AGAIN or (code == WRAPPER and "认证" in said):
        return AuthError(f"ret {code}: log in again", head=head)
    if code == FREQUENCY and own:
        return RateLimited(f"ret {code}: asked too often", retry_after=DAY, head=head)
    if code == FREQUENCY:
        return SourceRetired(f"ret {code}: lists of other accounts are closed since 2026-07-29", head=head)
    if code == BAD_ARGUMENTS:
        return AccountGone(f"ret {code}: no such account, or one that cannot be searched", head=head)
    if code == BLOCKED:
        return RateLimited(f"ret {code}: the client is blocked", retry_after=DAY, head=head)
    return ParseError(f"ret {code}: unknown error", head=head)


def _take(page: Page, shelf: Shelf, found: Found, owners: frozenset[str]) -> None:
    item = found.article
    if item is None:
        return page.leave("unreadable")
    url = https_where_known(str(item.link or item.url or item.content_url or ""))
    named = named_by(url, "wechat")
    owner = (named.owner if named else "") or found.owner or bizuin_of(as_id(item.biz_id))
    if owner and owners and owner not in owners:
        return page.leave("foreign")
    shelf.owners |= {owner} if owner else set()
    shelf.names |= {str(item.biz_name)} if item.biz_name else set()
    title = _title(item)
    source = https_where_known(str(item.source_url or ""))
    draft = Draft(
        native=named.native if named else _native(item, owner or (next(iter(owners)) if len(owners) == 1 else ""), title),
        at=_time(item, found.time),
        url=url,
        title=title,
        text=plain(str(item.content or item.digest or item.desc or "")),
        kind=KINDS.get(as_int(item.item_show_type) or 0, "article"),
        # del_flag is 1 on every live row: it says nothing.
        deleted=is_set(item.is_deleted),
        citation=Citation(url=source) if source else None,
    )
    return page.take(draft)


def _title(item: Article) -> str:
    """Return the title: of a text post it is the whole text; after a search it holds marks around what was found."""
    return unescape(re.sub(r"</?em\b[^<>]{0,80}>", "", str(item.title or "")))


def _time(item: Article, beside: Loose) -> Any:
    """Return when the article was published: by its own word, else by its publication's. 304 of 324 own records had none of their own."""
    told = from_text(str(item.created)) if isinstance(item.created, str) else None
    times = (item.create_time, item.sendtime, beside, item.update_time)
    return told.at if told else next((at for value in times if (at := from_unix(value)) is not None), None)


def _native(item: Article, owner: str, title: str) -> str:
    """Return the name of an article whose link does not tell it: account, push and place; where a bridge tells none, time and title."""
    push, _, place = as_id(item.aid).partition("_")
    push, place = push or as_id(item.appmsgid) or as_id(item.msgid), place or as_id(item.itemidx)
    if push and place:
        return f"{owner}_{push}_{place}" if owner else f"{push}_{place}"
    return f"title:{item.created} {title}" if item.created and title else ""


def _profile(shelf: Shelf) -> dict[str, str]:
    name = {"name": next(iter(shelf.names))} if len(shelf.names) == 1 else {}
    return {**name, "id": biz_of(next(iter(shelf.owners)))} if len(shelf.owners) == 1 else name


def _article(raw: msgspec.Raw, time: Loose = None, owner: str = "") -> Found:
    return Found(_try(ARTICLE, raw), time, owner)


def _try(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw | str) -> T | None:
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _inner(raw: msgspec.Raw) -> msgspec.Raw | str:
    """Return JSON that may have been written as a text once more."""
    text = _try(TEXT, raw)
    return raw if text is None else text


def _backend(answer: Body, shelf: Shelf) -> Iterator[Found]:
    page = _try(PAGE, _inner(answer.publish_page))
    if page is None:
        raise ParseError("publish_page cannot be read")
    for publication in page.publish_list or []:
        inner = _inner(publication.publish_info) if publication.publish_info else ""
        if not inner:
            shelf.empty += 1
            continue
        info = _try(INFO, inner)
        if info is None:
            yield Found(None)
            continue
        time = info.sent_info.time if info.sent_info else None
        for raw in [*(info.appmsgex or ()), *(info.appmsg_info or ())]:
            yield _article(raw, time)


def _search(answer: Body, shelf: Shelf) -> Iterator[Found]:
    about = answer.fakey_info
    if about is not None:
        shelf.names |= {str(about.nickname)} if about.nickname else set()
    owner = bizuin_of(as_id(about.fakeid)) if about is not None else ""
    yield from (_article(raw, owner=owner) for raw in answer.app_msg_list or [])


def _client(answer: Body, shelf: Shelf) -> Iterator[Found]:
    pushes = _try(PUSHES, _inner(answer.general_msg_list))
    if pushes is None:
        raise ParseError("general_msg_list cannot be read")
    for raw in pushes.pushes or []:
        push = _try(PUSH, raw)
        if push is None:
            yield Found(None)
        elif push.app_msg_ext_info is not None:
            common, lead = push.comm_msg_info or Common(), push.app_msg_ext_info
            owner = bizuin_of(as_id(common.fakeid))
            yield Found(lead, common.datetime, owner)
            yield from (_article(each, common.datetime, owner) for each in lead.multi_app_msg_item_list or [])
        else:
            # A push of text, picture or voice has no article to link to.
            shelf.empty += 1


def _album(answer: Body, shelf: Shelf) -> Iterator[Found]:
    album = answer.getalbum_resp or Album()
    about = album.base_info.get("nickname") if isinstance(album.base_info, dict) else None
    shelf.names |= {about} if isinstance(about, str) and about else set()
    if not album.article_list:
        return
    # One article comes bare, without a list around it.
    many = _try(ARTICLES, album.article_list)
    yield from (_article(raw) for raw in ([album.article_list] if many is None else many))


def _flat(rows: Iterable[msgspec.Raw] | None) -> Iterator[Found]:
    yield from (_article(raw) for raw in rows or [])


def _bridge(answer: Body, shelf: Shelf) -> Iterator[Found]:
    found = list(_flat(answer.data))
    rows = [each.article for each in found if each.article is not None]
    if any(row.available is not None and not is_set(row.available) for row in rows):
        raise Degraded("a login of the bridge is not usable: its lists stand still")
    if rows and not any(row.title for row in rows):
        raise ParseError("no list of articles: a list of accounts or logins")
    yield from found


class Shape(NamedTuple):
    """One kind of list: how it is told, how its articles are read, what it lacks."""

    name: str
    holds: Callable[[Body], bool]
    items: Callable[[Body, Shelf], Iterator[Found]]
    lacks: str


SHAPES: tuple[Shape, ...] = (
    Shape("appmsgpublish", lambda body: bool(body.publish_page), _backend, "when it was saved is not known"),
    Shape("appmsg list_ex", lambda body: body.app_msg_list is not None, _search, "发布 and video are missing"),
    Shape("profile_ext", lambda body: bool(body.general_msg_list), _client, "发布 is missing"),
    Shape("profile_ext home", lambda body: body.home_page_list is not None, lambda body, _: _flat(body.home_page_list), "发布 is missing"),
    Shape("appmsgalbum", lambda body: body.getalbum_resp is not None, _album, "only what is filed in the album"),
    Shape("homepage", lambda body: body.appmsg_list is not None, lambda body, _: _flat(body.appmsg_list), "only what is filed there"),
    Shape("exporter", lambda body: body.articles is not None, lambda body, _: _flat(body.articles), "when it was saved is not known"),
    Shape("Wechat2RSS", lambda body: body.data is not None and body.err is not None, _bridge, "发布 is missing"),
)
