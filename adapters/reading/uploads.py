"""A body that a person saved and hands us: which platform's page it is, whose it is, and what it shows. Pure.

What a file shows is always a partial view. It may be cut, old, or one page of many: it can move the last update forward and prove
a repost, never silence. The file itself must tell whose it is; only where its form never does (a feed of short WeChat links) the
person's word stands, and then we say so. A page about a WeChat account shows no posts but facts: they are kept as its profile.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote

import msgspec

from adapters.reading import wechat_page
from adapters.reading.douyin_works import read_works
from adapters.reading.page import Asked
from adapters.reading.toutiao import bare, token_of
from adapters.reading.toutiao_list import Whom, read_rows
from adapters.reading.values import folded, is_html
from adapters.reading.wechat_about import held, is_about, read_about
from adapters.reading.wechat_lists import read_list
from adapters.reading.wechat_publish import biz_of, bizuin_of, owners_of, read_published
from adapters.reading.weibo_ajax import read_ajax
from adapters.reading.weibo_cards import read_cards
from adapters.reading.weibo_statuses import read_statuses
from monitor.errors import AccountGone, AuthError, BadInput, Degraded, LookError, ParseError, RateLimited, SourceRetired, TransportFault
from monitor.model import Account, Platform, Post, Snapshot

CHANNEL = "manual"
DEPTH, BREADTH = 7, 4
"""How deep the names in a JSON body are looked at, and how many members of each list: enough to know a page by."""
LATER = timedelta(days=400)
"""A time that moves along when the file is read as of another day was told relative to the day it was saved."""
IDS_LIMIT = 50
UNPROVEN = "文件没有说明属于谁，归属以 --account 为准"

Reader = Callable[[bytes, Asked, str], Snapshot]
Upload = tuple[str, Snapshot, tuple[str, ...]]
"""What the file is, in Chinese; what it shows; and Chinese remarks on what a person should know."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A page we know: all of `marks` are names in it. A reader is asked once for each id the account may go by."""

    title: str
    platform: Platform | None
    marks: frozenset[str]
    read: Reader


def _rows(body: bytes, asked: Asked, who: str) -> Snapshot:
    told = who.split(",")
    token = next((each for each in told if not each.isdigit()), "")
    return read_rows(body, asked, Whom(token, frozenset(each for each in told if each.isdigit()), strict=True))


def _published(body: bytes, asked: Asked, who: str) -> Snapshot:
    published = read_published(body, asked, owners_of(who))
    return published.page.snapshot(partial="an upload", profile=published.profile)


def _article(body: bytes, asked: Asked, who: str) -> Snapshot:
    seen = wechat_page.see(body.decode("utf-8", "replace"))
    mid, _, idx = seen.place.partition("_")
    url = f"https://mp.weixin.qq.com/s?__biz={biz_of(seen.biz)}&mid={mid}&idx={idx}" if seen.biz.isdigit() and idx else ""
    return wechat_page.read(body, asked, url, who)


def _feed(body: bytes, asked: Asked, who: str) -> Snapshot:
    raise AssertionError("replaced by the reader of feeds that is handed in")


def _about(body: bytes, asked: Asked, who: str) -> Snapshot:
    return Snapshot(channel=asked.channel, partial="no list", digest=asked.digest, profile=read_about(body).profile)


_WB, _WX, _DY, _TT = Platform.WEIBO, Platform.WECHAT, Platform.DOUYIN, Platform.TOUTIAO
SHAPES: tuple[Shape, ...] = (
    Shape("微博手机版列表（m.weibo.cn）", _WB, frozenset({"cards", "mblog"}), read_cards),
    Shape("微博开放平台时间线", _WB, frozenset({"statuses"}), read_statuses),
    Shape("微博网页版列表（weibo.com/ajax）", _WB, frozenset({"mblogid"}), read_ajax),
    Shape("一条微博（m.weibo.cn）", _WB, frozenset({"ok", "mid", "created_at"}), read_cards),
    Shape("微博开放平台时间线", _WB, frozenset({"mid", "created_at"}), read_statuses),
    Shape("微信“发布”列表（freepublish/batchget）", _WX, frozenset({"news_item"}), _published),
    Shape("微信公众平台后台列表", _WX, frozenset({"publish_page"}), read_list),
    Shape("微信公众平台后台列表", _WX, frozenset({"app_msg_list"}), read_list),
    Shape("微信历史消息列表", _WX, frozenset({"general_msg_list"}), read_list),
    Shape("微信历史消息列表", _WX, frozenset({"app_msg_ext_info"}), read_list),
    Shape("微信历史消息列表", _WX, frozenset({"home_page_list"}), read_list),
    Shape("微信专辑列表", _WX, frozenset({"getalbum_resp"}), read_list),
    Shape("微信主页列表", _WX, frozenset({"appmsg_list"}), read_list),
    Shape("微信文章列表", _WX, frozenset({"base_resp", "articles"}), read_list),
    Shape("微信文章列表", _WX, frozenset({"biz_id"}), read_list),
    Shape("关于公众号（导出）", _WX, frozenset({"wechat", "org"}), _about),
    Shape("微信作者信息（导出）", _WX, frozenset({"identity_name", "is_verify"}), _about),
    Shape("抖音作品列表", _DY, frozenset({"aweme_list"}), read_works),
    Shape("抖音作品", _DY, frozenset({"aweme_id"}), read_works),
    Shape("抖音作品列表", _DY, frozenset({"content_id", "sec_uid"}), read_works),
    Shape("头条创作者列表", _TT, frozenset({"assembleCell"}), _rows),
    Shape("头条列表", _TT, frozenset({"cell_type"}), _rows),
    Shape("头条列表", _TT, frozenset({"itemCell"}), _rows),
    Shape("头条列表", _TT, frozenset({"behot_time"}), _rows),
    Shape("头条列表", _TT, frozenset({"group_id"}), _rows),
    Shape("头条微头条列表", _TT, frozenset({"thread_id"}), _rows),
)
"""In the order they are tried: the first whose marks are all there is the one, whichever platform was expected."""
VAGUE: tuple[Shape, ...] = (
    Shape("微博返回的内容", _WB, frozenset({"ok"}), read_cards),
    Shape("微博返回的内容", _WB, frozenset({"error_code"}), read_statuses),
    Shape("微信返回的内容", _WX, frozenset({"base_resp"}), read_list),
    Shape("微信接口返回的内容", _WX, frozenset({"errcode"}), _published),
    Shape("微信接口返回的内容", _WX, frozenset({"item_count"}), _published),
    Shape("抖音返回的内容", _DY, frozenset({"status_code"}), read_works),
    Shape("抖音网关返回的内容", _DY, frozenset({"success"}), read_works),
    Shape("头条返回的内容", _TT, frozenset({"has_more"}), _rows),
    Shape("头条返回的内容", _TT, frozenset({"decision"}), _rows),
    Shape("订阅源（JSON）", None, frozenset({"items"}), _feed),
    Shape("订阅源（JSON）", None, frozenset({"articles"}), _feed),
)
"""Refusals, empty lists and feeds: names that many bodies have, so they are only tried for the platform that was expected."""
ARTICLE = Shape("微信文章页", Platform.WECHAT, frozenset(), _article)
ABOUT = Shape("关于公众号", Platform.WECHAT, frozenset(), _about)
XML_FEED = Shape("订阅源", None, frozenset(), _feed)

_REFUSALS: Mapping[type[LookError], str] = {
    RateLimited: "文件里是平台的限流或验证页面，不是发布列表，请重新保存",
    AuthError: "文件里是登录提示或权限错误，不是发布列表，请登录后重新保存",
    AccountGone: "文件里说账号或内容不存在，请到平台上人工核实",
    SourceRetired: "文件里说该接口已停用",
    TransportFault: "文件是空的，或是平台的故障提示",
    Degraded: "文件里没有任何发布内容；空列表不能证明没有发布",
    ParseError: "文件内容无法读取",
}


def read_upload(body: bytes, account: Account, now: datetime, saved: bool, *, feed: Reader) -> Upload:
    """Return what the file is and shows of the account, and remarks.

    `now` is when it was saved, where `saved` says that this is known; else posts whose times only count from the day of saving
    are left out. Raises `BadInput` with one Chinese line: no page we know, another platform's, another account's, a refusal.
    """
    shape = shape_of(body, account.platform)
    if shape is None:
        raise BadInput(["无法识别：不是已知的任何一种列表、文章页或订阅源"])
    if shape.platform not in (None, account.platform):
        raise BadInput([f"这是{shape.title}，而账号“{account.name}”是{account.platform.label}账号"])
    ids = ids_of(account)
    if shape.read is _about:
        return _facts(shape, body, account, ids)
    unproven = _is_unproven(shape, body, account, ids)
    snapshot = _first(shape, body, account, now, ids, feed)
    if unproven:
        _refuse_another_name(shape, snapshot, account)
    posts = list(snapshot.posts)
    remarks = [UNPROVEN] if unproven or "do not say whose" in snapshot.partial else []
    if not saved:
        posts = _absolute(posts, _first(shape, body, account, now + LATER, ids, feed).posts)
        if len(posts) < len(snapshot.posts):
            remarks.append(f"{len(snapshot.posts) - len(posts)} 条的时间随保存时间而变，已略去；请用 --saved-at 写明保存时间")
    shown = [post for post in posts if post.visible]
    if len(shown) < len(posts):
        remarks.append(f"{len(posts) - len(shown)} 条已删除或不公开，已略去")
    if snapshot.skipped:
        remarks.append(f"另有 {sum(snapshot.skipped.values())} 条未采用（{'、'.join(sorted(snapshot.skipped))}）")
    if not shown:
        raise BadInput(["；".join(["没有可用的发布内容", *remarks])])
    seen = Snapshot(
        channel=CHANNEL,
        posts=tuple(shown),
        partial=f"上传的文件：{shape.title}",
        skipped=snapshot.skipped,
        digest=hashlib.sha256(body).hexdigest(),
    )
    return shape.title, seen, tuple(remarks)


def shape_of(body: bytes, expected: Platform) -> Shape | None:
    """Return which page it is by its own marks, None for none we know."""
    head = body[:512].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:1] in (b"{", b"["):
        marks = names_in(body.removeprefix(b"\xef\xbb\xbf"))
        vague = (shape for shape in VAGUE if shape.platform in (None, expected))
        return next((shape for shape in (*SHAPES, *vague) if shape.marks <= marks), None)
    if is_about(body):
        return ABOUT
    if is_html(body):
        return ARTICLE if b"mp.weixin.qq.com" in body or b"js_article" in body else None
    return XML_FEED if re.search(rb"<(?:rss|feed|rdf:rdf)[\s>]", body[:4_096], re.IGNORECASE) else None


_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)


def names_in(body: bytes) -> frozenset[str]:
    """Return the names of a JSON body's fields down to `DEPTH`; JSON folded into a text (MP backend, stream_cell) counts too."""
    names: set[str] = set()
    level = [body]
    for _ in range(DEPTH):
        level = [inner for each in level for inner in _members(each, names)]
    return frozenset(names)


def _members(body: bytes, names: set[str]) -> list[bytes]:
    try:
        first = body.lstrip()[:1]
        if first == b'"' and b"{" in body[:4]:
            body = _TEXT.decode(body).encode()
            first = body[:1]
        if first == b"{":
            found = _OBJECT.decode(body)
            names.update(found)
            return [inner for each in found.values() if (inner := bytes(each))[:1] in (b"{", b"[", b'"')]
        if first == b"[":
            return [bytes(each) for each in _LIST.decode(body)[:BREADTH]]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return []
    return []


def _facts(shape: Shape, body: bytes, account: Account, ids: tuple[str, ...]) -> Upload:
    """Return what a page about the account says, as a look without posts.

    Raises `BadInput` for a page of another account, and for one on which nothing can be held against the roster.
    """
    try:
        about = read_about(body)
    except LookError as error:
        raise BadInput([_meaning(error, account)]) from error
    kept, remarks = held(about, account, frozenset(ids))
    digest = hashlib.sha256(body).hexdigest()
    return shape.title, Snapshot(channel=CHANNEL, partial=f"上传的文件：{shape.title}", digest=digest, profile=kept), remarks


_SEC_UID = re.compile(r"MS4wLjABAAAA[0-9A-Za-z_=-]{10,120}")
_UID = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{5,11}(?![0-9A-Za-z])")


def ids_of(account: Account) -> tuple[str, ...]:
    """Return the ids the account goes by on its platform, as the roster tells them: handles, options, addresses of feeds, its own id."""
    texts = [account.id.partition(":")[2]]
    for channel in account.channels:
        texts += [channel.handle, *(channel.options.get(name, "") for name in ("biz", "uid", "user_id", "sec_uid", "former"))]
    found: list[str] = []
    for text in texts:
        found += _READ_IDS[account.platform](unquote(text[:4_000]))
    return tuple(dict.fromkeys(each for each in found if each))[:IDS_LIMIT]


def _tokens(text: str) -> list[str]:
    """A token or numbers alone; or the token in an address that names it."""
    tail = re.search(r"/token/([A-Za-z0-9._=-]{1,258})", text)
    parts = [tail[1]] if tail else [] if "://" in text else text.split(",")
    return [part.strip() for part in parts if token_of(part) and (len(part.strip()) >= 16 or re.fullmatch(r"\s*[1-9][0-9]{4,18}\s*", part))]


def _bizes(text: str) -> list[str]:
    named = re.findall(r"__biz=([A-Za-z0-9+/]{6,32}={0,2})", text) + re.findall(r"MP_WXS_([0-9]{5,12})", text)
    return [number for part in ([*named] if "://" in text else text.split(",")) if (number := bizuin_of(part))]


_READ_IDS: Mapping[Platform, Callable[[str], list[str]]] = {
    Platform.WEIBO: _UID.findall,
    Platform.WECHAT: _bizes,
    Platform.DOUYIN: _SEC_UID.findall,
    Platform.TOUTIAO: _tokens,
    Platform.OTHER: lambda _: [],
}
_MISSING: Mapping[Platform, str] = {
    Platform.WEIBO: "数字 uid",
    Platform.WECHAT: "__biz（渠道选项 biz）",
    Platform.DOUYIN: "sec_uid",
    Platform.TOUTIAO: "token 或 user_id（渠道选项 user_id）",
}


def _is_unproven(shape: Shape, body: bytes, account: Account, ids: tuple[str, ...]) -> bool:
    """Whether only the person's word says whose the file is. Raises `BadInput` where the file would say and the roster does not."""
    if account.platform is Platform.OTHER:
        return True
    if shape.platform is Platform.WECHAT or account.platform is Platform.WECHAT:
        if not ids and shape is ARTICLE:
            raise BadInput([_no_id(account)])
        told = any(biz_of(each).rstrip("=").encode() in body or each.encode() in body for each in ids)
        return not told
    if not ids:
        raise BadInput([_no_id(account)])
    if shape.read is _feed and not any(bare(each).encode() in _head_of(body) for each in ids):
        raise BadInput([f"订阅源的开头没有账号“{account.name}”的平台编号，无法核对属于谁"])
    return False


def _head_of(body: bytes) -> bytes:
    """Return what a feed says before its first item: an item may well name another account."""
    first = re.search(rb"<(?:item|entry)[\s>]|\"(?:items|articles)\"", body)
    return body[: first.start()] if first else body


def _refuse_another_name(shape: Shape, snapshot: Snapshot, account: Account) -> None:
    """Raise `BadInput` where no id of the account stands in the file, and what stands there speaks against it.

    That is an article of another account, or another name; a feed, which may mix accounts, must tell a name.
    """
    if snapshot.skipped.get("foreign"):
        raise BadInput([f"文件不属于账号“{account.name}”：其中有其他账号的内容"])
    name = folded(snapshot.profile.get("name", ""))
    if name != folded(account.name) and (name or shape.read is _feed):
        raise BadInput([f"文件没有平台编号，名称“{name or '无'}”也不是账号“{account.name}”，无法核对属于谁"])


def _no_id(account: Account) -> str:
    return f"名册里没有账号“{account.name}”的{_MISSING[account.platform]}，无法核对文件属于谁，请先补充"


def _first(shape: Shape, body: bytes, account: Account, now: datetime, ids: tuple[str, ...], feed: Reader) -> Snapshot:
    """Read the file as each of the account's ids until one fits. Raises `BadInput` with the Chinese meaning of the last refusal."""
    asked = Asked(account.platform.value, account.id, CHANNEL, now, digest=hashlib.sha256(body).hexdigest())
    read = feed if shape.read is _feed else shape.read
    whos = ids or ("",)
    if account.platform in (Platform.WECHAT, Platform.TOUTIAO) and shape is not ARTICLE:
        # One list may hold items of all the ids the account has had.
        whos = (",".join(ids),)
    if read is feed and account.platform is not Platform.WECHAT:
        # Its items do not name their author; that the feed itself does was seen before.
        whos = ("",)
    refusal: LookError = ParseError("no reading")
    for who in whos:
        try:
            return read(body, asked, who)
        except Degraded as error:
            if error.snapshot is not None and error.snapshot.posts:
                return error.snapshot
            refusal = error
        except LookError as error:
            refusal = error
    raise BadInput([_meaning(refusal, account)]) from refusal


def _meaning(refusal: LookError, account: Account) -> str:
    if isinstance(refusal, ParseError) and ("wrong account" in str(refusal) or "no_author" in str(refusal)):
        hint = "；头条文件请在渠道选项中写明 user_id" if account.platform is Platform.TOUTIAO else ""
        return f"文件不属于账号“{account.name}”，或没有说明属于谁{hint}（{refusal}）"
    meaning = next(text for kind, text in _REFUSALS.items() if isinstance(refusal, kind))
    return f"{meaning}（{refusal}）"


def _absolute(posts: list[Post], later: tuple[Post, ...]) -> list[Post]:
    """Return the posts whose time does not move with the day the file is read as of."""
    told = {post.id: post.published_at for post in later}
    return [post for post in posts if told.get(post.id) == post.published_at]
