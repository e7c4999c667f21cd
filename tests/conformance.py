"""The matrix of every channel and every kind of answer: which fixture or script shows it, or why the channel cannot show it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol

from channels import BIZ, FIXTURES, NOW, SEC_UID, UID, Reply, account, adapter, serving
from pydantic import SecretStr
from wechat_talking import BIZUIN, Wechat, item, row
from wechat_talking import speaking as wechat_speaking

from adapters import feed
from adapters.http import Door
from adapters.manual import hand_check
from adapters.reading.page import Asked
from adapters.reading.uploads import read_upload
from monitor.access.credentials import CredentialBook, Vault
from monitor.model import Account, Channel, Platform, Snapshot
from monitor.ports import Listener, Pushed

CATEGORIES = (
    *("success", "empty for good", "empty for doubt", "pinned", "deleted", "private", "long text"),
    *("TransportFault", "RateLimited", "AuthError", "AccountGone", "SourceRetired", "ParseError", "Degraded", "garbage"),
)
LONG_BEGINS, LONG_HOLDS, LONG_ENDS = "第1条，", "第40条，", "全篇到此为止。"
"""Of the long text of all fixtures: its length is 2,500 characters."""
LIST = "/api/container/getIndex"
EXTEND = "/statuses/extend"
SIGNED_IN = {"signed_in": True}
V5_POSTS, V5_USER = "/api/v1/douyin/user/posts", "/api/v1/douyin/user"


class Base(Protocol):
    base_url: str


@dataclass(frozen=True)
class Case:
    """A situation put to a channel, and whose posts it is about.

    `fixture` of the channel, or `raw`, is answered to every request that no path is scripted for; `paths` names a fixture, or holds the
    bytes, by path; `server` is a whole stand-in instead. `seen` gives the snapshot for channels that nobody polls.
    """

    fixture: str = ""
    raw: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str | bytes] = field(default_factory=dict)
    server: Callable[[], AbstractAsyncContextManager[Base]] | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    wishes: Mapping[str, Any] = field(default_factory=dict)
    platform: Platform | None = None
    about: tuple[str, ...] = ()
    wait: float | None = None
    seen: Callable[[], Snapshot] | None = None


Cell = tuple[Case, ...] | str
"""Cases, or the reason why the channel cannot show this."""


@asynccontextmanager
async def answering(channel: str, case: Case) -> AsyncIterator[Base]:
    if case.server is not None:
        async with case.server() as server:
            yield server
        return
    async with serving(Reply(_bytes(channel, case.fixture or case.raw), case.status, case.headers)) as served:
        served.by_path = {path: [Reply(_bytes(channel, told))] for path, told in case.paths.items()}
        yield served


def _bytes(channel: str, told: str | bytes) -> bytes:
    return told if isinstance(told, bytes) else (FIXTURES / channel / told).read_bytes()


async def look(channel: str, case: Case, door: Door, memory: Mapping[str, Any] | None = None) -> Snapshot:
    """Look at the channel as it answers in this case, through its real adapter. Raises `LookError`."""
    if case.seen is not None:
        return case.seen()
    async with answering(channel, case) as server:
        made = adapter(channel, door, server.base_url, **case.wishes)
        watched = account(channel, server.base_url, **case.options)
        watched = watched.model_copy(update={"platform": case.platform or watched.platform})
        return await made.look(watched, watched.channels[0], memory or {}, NOW)


# -- WeChat's two lists, which only together tell anything ----------------------------------------------------------------------


def both(**told: Any) -> Callable[[], AbstractAsyncContextManager[Base]]:
    return lambda: wechat_speaking(Wechat(**told))


CUBE = {"datacube_days": 3}
LONG_NEWS = "".join(f"<p>第{number}条，各乡镇要在月底前完成设备检修，公布报修电话，保证困难群众温暖过冬。</p>" for number in range(1, 41))
LONG_NEWS += f"<p>{LONG_ENDS}</p>"


# -- what other channels are told besides their list ----------------------------------------------------------------------------

WHOLE_TEXT = json.dumps({"ok": 1, "data": {"ok": 1, "longTextContent": LONG_NEWS.replace("<p>", "").replace("</p>", "<br />")}}).encode()
_NOBODY = {"sec_uid": SEC_UID, "nickname": "青溪发布", "aweme_count": 0, "secret": 0, "is_ban": False}
NO_WORKS = json.dumps({"success": True, "data": {"status_code": 0, "user": _NOBODY}}).encode()


# -- the channels nobody polls --------------------------------------------------------------------------------------------------


def pushed(stem: str) -> Callable[[], Snapshot]:
    """Return what the callback makes of an opened push for its account."""

    def told() -> Snapshot:
        made = adapter("wechat.callback", Door(), "")
        assert isinstance(made, Listener)
        watched = account("wechat.callback")
        return made.told(watched, watched.channels[0], (FIXTURES / "wechat.callback" / f"{stem}.xml").read_bytes(), NOW)

    return told


def forged(late: timedelta = timedelta(0)) -> Callable[[], Snapshot]:
    """Return what the callback makes of a push with a wrong signature, or with a right one that is sent again later."""

    def told() -> Snapshot:
        made = adapter("wechat.callback", Door(), "", Vault(CredentialBook(SecretStr('{"push": {"token": "the-word"}}'))))
        assert isinstance(made, Listener)
        words = {"timestamp": str(int(NOW.timestamp())), "nonce": "n1"}
        signature = hashlib.sha1("".join(sorted(["the-word" if late else "another-word", *words.values()])).encode()).hexdigest()
        body = (FIXTURES / "wechat.callback" / "sent.xml").read_bytes()
        made.hear("push", Pushed("POST", {**words, "signature": signature}, {}, body), NOW + late)
        raise AssertionError("a forged push was believed")

    return told


def by_hand(day: date | None) -> Callable[[], Snapshot]:
    return lambda: hand_check(account("manual"), day, NOW, "检查员")


def _feed(body: bytes, asked: Asked, biz: str) -> Snapshot:
    return feed.read(body, asked, biz=biz)


def upload(platform: Platform, body: str | bytes, handle: str = UID) -> Callable[[], Snapshot]:
    """Return what is read of a page that a person saved. Raises `BadInput` where it shows nothing."""

    def told() -> Snapshot:
        held = body if isinstance(body, bytes) else (FIXTURES / body).read_bytes()
        channel = Channel(adapter="manual", handle=handle, options={"biz": BIZ})
        watched = Account(id="610900M001WX0001", platform=platform, name="青溪发布", channels=(channel,))
        return read_upload(held, watched, NOW, True, feed=_feed)[1]

    return told


# -- the matrix -----------------------------------------------------------------------------------------------------------------

LATER = {"Retry-After": "77"}
GARBAGE = (Case(raw=b""), Case(raw=b"\x00\xff" * 500), Case(raw=b'{"hello": 1}'), Case(raw=b"[" * 9_000))
DOWN = (Case(raw=b"oops", status=502), Case(raw=b"", status=500))
THROTTLED = Case(raw=b"{}", status=429, headers=LATER, wait=77)
WHOLE = {"whole": "1"}
"""The operator's word that the bridge lists everything."""
NOT_ASKED = "nobody asks it anything over a network"
NO_PINS = "the platform's lists have no pinned articles"
BY_THE_TOKEN = "what happened to the account is told as a fault of its token"

MATRIX: Mapping[str, Mapping[str, Cell]] = {
    "weibo.openapi": {
        "success": (Case("page.json"), Case("complete_list.json"), Case("old_ids_as_array.json")),
        "empty for good": (Case("never_posted.json"),),
        "empty for doubt": (Case("empty_without_reason.json"),),
        "pinned": (Case("page.json", about=("4990000000000101",)), Case("only_pinned.json", about=("4990000000000101",))),
        "deleted": (Case("deleted_item.json", about=("5234000000000404", "5234000000000403")),),
        "private": (Case("page.json", about=("5233100000000402",)),),
        "long text": (Case("long_text.json", about=("5234000000000405",)),),
        "TransportFault": DOWN,
        "RateLimited": (Case("quota.json", wait=86_400), Case("quota.json", status=403, wait=86_400), THROTTLED),
        "AuthError": (Case("expired_token.json"), Case("expired_token.json", status=403), Case(raw=b"no", status=401)),
        "AccountGone": (Case("no_user.json"), Case("no_user.json", status=400)),
        "SourceRetired": "no code of the platform says that the interface is closed; a missing permission is for the operator",
        "ParseError": (Case("other_account.json"), Case("unknown_code.json"), Case(raw=b"no", status=404)),
        "Degraded": (Case("no_permission.json"), Case("empty_without_reason.json")),
        "garbage": GARBAGE,
    },
    "weibo.web": {
        "success": (Case("page.json"), Case("pinned_by_type_id.json"), Case("fast_forward_in_its_place.json")),
        "empty for good": "an account without posts and one that may not be seen get the same answer",
        "empty for doubt": (Case("no_content.json"),),
        "pinned": (Case("page.json", about=("4990000000000101",)), Case("pinned_by_type_id.json", about=("4990000000000102",))),
        "deleted": (Case("deleted_item.json", about=("5234000000000404",)),),
        "private": (Case("page.json", about=("5234000000000404",)),),
        "long text": (Case(paths={LIST: "long_text.json", EXTEND: WHOLE_TEXT}, about=("5234000000000405",)),),
        "TransportFault": (*DOWN, Case("lost_its_way.json")),
        "RateLimited": (Case("captcha.json"), Case("too_frequent.json"), THROTTLED, Case(status=418, wait=3 * 3600), Case(status=432)),
        "AuthError": (Case("login_wanted.json"), Case(status=302, headers={"Location": "https://passport.weibo.com/sso/signin"})),
        "AccountGone": (Case("no_user.json"),),
        "SourceRetired": "its gate moves, and never says so",
        "ParseError": (Case("other_account.json"), Case(status=302, headers={"Location": "https://elsewhere.example/"})),
        "Degraded": (Case("no_content.json"), Case("profile.json")),
        "garbage": GARBAGE,
    },
    "wechat.openapi": {
        "success": (
            Case(server=both(items=[item(1, 7)], rows=[row(0, 8), row(1, 7, 1)]), wishes=CUBE),
            Case(server=both(items=[item(0, 9), item(2, 5)], rows=[row(0, 9, 1), row(2, 5, 1)]), wishes=CUBE),
        ),
        "empty for good": (Case(server=both(), wishes=CUBE),),
        "empty for doubt": (
            Case(server=both(refused={"errcode": 48001}), wishes=CUBE),
            Case(server=both(refused={"errcode": 61503}), wishes=CUBE),
            Case(server=both(), wishes=CUBE, options={"reconcile": "0"}),
            Case("empty.json"),
        ),
        "pinned": NO_PINS,
        "deleted": (
            Case(server=both(items=[item(1, 7), item(0, 8, is_deleted=True)], rows=[row(1, 7, 1)]), wishes=CUBE, about=(f"{BIZUIN}_8_1",)),
            Case("page.json", options={"reconcile": "0"}, about=("AbCdEfGhIjKlMnOpQrStUv",)),
        ),
        "private": "its lists hold what is published; a draft stands in neither",
        "long text": (
            Case(server=both(items=[item(1, 7, content=LONG_NEWS)], rows=[row(1, 7, 1)]), wishes=CUBE, about=(f"{BIZUIN}_7_1",)),
            Case("long_text.json", options={"reconcile": "0"}, about=(f"{BIZUIN}_2247500001_1",)),
        ),
        "TransportFault": (*DOWN, Case("busy.json")),
        "RateLimited": (Case("quota.json", wait=12 * 3600 + 1), THROTTLED),
        "AuthError": (Case("bad_token.json"), Case(raw=b"no", status=403)),
        "AccountGone": BY_THE_TOKEN,
        "SourceRetired": (Case("not_allowed.json"), Case("offline.json")),
        "ParseError": (Case("unknown_code.json"), Case(raw=b"no", status=404), Case(raw=b"no", status=302, headers={"Location": "/x"})),
        "Degraded": "what the data cube lacks makes a partial view of the publish list, which is no error",
        "garbage": GARBAGE,
    },
    "wechat.article": {
        "success": (Case("article.html"), Case("text_post.html"), Case("reprint_full_text.html")),
        "empty for good": "one article's page tells nothing of all the others",
        "empty for doubt": (Case("restricted_expired.html"),),
        "pinned": NO_PINS,
        "deleted": tuple(
            Case(f"gone_{why}.html", about=("demoDEMOdemoDEMOdemo01",)) for why in ("deleted", "law", "complaint", "violation")
        ),
        "private": (Case("restricted_privacy.html"),),
        "long text": (Case("long_text.html", about=("demoDEMOdemoDEMOdemo01",)),),
        "TransportFault": (*DOWN, Case("later_in_review.html"), Case("later_for_a_while.html")),
        "RateLimited": (
            *(Case("wall.html"), Case("wall_over_a_deletion.html"), THROTTLED, Case(raw=b"no", status=403)),
            Case(status=302, headers={"Location": "https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?poc_token=x"}),
        ),
        "AuthError": "it shows no credential that could be refused",
        "AccountGone": tuple(Case(f"closed_{why}.html") for why in ("cancelled", "blocked", "migrated", "recycled")),
        "SourceRetired": "no page says that articles are no longer shown at all",
        "ParseError": (Case("unknown_words.html"), Case("without_title_and_text.html"), Case(raw=b"no", status=404)),
        "Degraded": (Case("restricted_parameters.html"), Case("restricted_privacy.html")),
        "garbage": GARBAGE,
    },
    "wechat.callback": {
        "success": (Case(seen=pushed("sent")), Case(seen=pushed("published"))),
        "empty for good": "a push tells of what was published, and never of what was not",
        "empty for doubt": (Case(seen=pushed("sent_without_addresses")), Case(seen=pushed("send_failed"))),
        "pinned": NO_PINS,
        "deleted": (Case(seen=pushed("publish_deleted_after")), Case(seen=pushed("publish_banned_after"))),
        "private": "nothing private is sent",
        "long text": "a push names articles and carries no text",
        "TransportFault": NOT_ASKED,
        "RateLimited": NOT_ASKED,
        "AuthError": (Case(seen=forged()), Case(seen=forged(timedelta(minutes=6)))),
        "AccountGone": BY_THE_TOKEN,
        "SourceRetired": "a push that no longer comes says nothing",
        "ParseError": (Case(seen=pushed("not_a_push")), Case(seen=pushed("entities")), Case(seen=pushed("message_of_a_follower"))),
        "Degraded": (Case("sent.xml"),),
        "garbage": (Case(seen=pushed("not_a_push")),),
    },
    "douyin.gateway": {
        "success": (Case("page.json"), *(Case(f"{name}.json", wishes=SIGNED_IN) for name in ("raw_list", "v5_raw_items", "v5_task_done"))),
        "empty for good": (Case(paths={V5_POSTS: "empty_list.json", V5_USER: NO_WORKS}, wishes={**SIGNED_IN, "version": "5"}),),
        "empty for doubt": (
            *(Case("empty_list.json"), Case("null_list.json"), Case("v5_empty_with_more.json"), Case("vendor_does_not_know_it.json")),
            Case("empty_list.json", wishes={**SIGNED_IN, "version": "5"}),
        ),
        "pinned": (
            Case("page.json", about=("7300000000000000001", "7200000000000000001")),
            Case("unmarked_pins.json", about=("7300000000000000001",)),
        ),
        "deleted": (Case("page.json", about=("7566000000000000005",)),),
        "private": (Case("page.json", about=("7567000000000000006", "7565000000000000004")),),
        "long text": (Case("long_text.json", about=("7570000000000000009",)),),
        "TransportFault": (*DOWN, Case("v4_failed.json")),
        "RateLimited": (Case("captcha.json"), Case("bare_envelope.json"), Case("v5_task_failed.json"), THROTTLED),
        "AuthError": (Case("login_wanted.json"),),
        "AccountGone": (Case("private_account.json"),),
        "SourceRetired": "a gateway that the platform shuts out answers with risk control",
        "ParseError": (Case("other_account.json"), Case("unknown_status.json"), Case(raw=b"no", status=404)),
        "Degraded": (Case("guest_view.json"), Case("guest_tip_in_words.json"), Case("vendor_rows.json")),
        "garbage": GARBAGE,
    },
    "douyin.openapi": {
        "success": (Case("page.json"), Case("complete_list.json"), Case("has_more_is_a_number.json")),
        "empty for good": "an empty list is also what an app without the right sees, and nothing confirms it",
        "empty for doubt": (Case("empty_list.json"),),
        "pinned": (Case("page.json", about=("@demoItem0001+aB/cD1==",)),),
        "deleted": "a work that is deleted is no longer listed",
        "private": (Case("page.json", about=("@demoItem0007+aB/cD7==", "@demoItem0006+aB/cD6==")),),
        "long text": (Case("long_text.json", about=("@demoItem0009+aB/cD9==",)),),
        "TransportFault": (*DOWN, Case("code_in_extra_only.json")),
        "RateLimited": (Case("quota.json"), THROTTLED),
        "AuthError": (Case("not_authorised.json"), Case(raw=b"no", status=401)),
        "AccountGone": (Case("cancelled.json"), Case("private_account.json")),
        "SourceRetired": (Case("offline.json"),),
        "ParseError": (Case("no_list.json"), Case("unknown_code.json"), Case("old_bad_parameter.json")),
        "Degraded": (Case("empty_list.json"),),
        "garbage": GARBAGE,
    },
    "toutiao.rows": {
        "success": (Case("page.json"), Case("wrapped_by_a_gateway.json"), Case("odd_but_sound.json")),
        "empty for good": "about two of three of its lists come back empty, whatever the account published",
        "empty for doubt": tuple(Case(f"{stem}.json") for stem in ("empty_list", "null_list", "empty_object", "empty_list_with_cursor")),
        "pinned": (Case("page.json", about=("7690000000000000001",)), Case("only_pinned.json", about=("7690000000000000001",))),
        "deleted": "what is deleted is not listed, and what a row says of its own state is not understood",
        "private": "what is private is not listed, and what a row says of its own state is not understood",
        "long text": (Case("long_text.json", about=("7690000000000000011",)),),
        "TransportFault": DOWN,
        "RateLimited": (Case("access_check.json"), Case("blocked.txt"), Case("captcha.html"), THROTTLED),
        "AuthError": (Case(raw=b"no", status=401),),
        "AccountGone": "no answer of a list says what became of the account",
        "SourceRetired": "the platform closes a list by leaving it empty",
        "ParseError": (Case("refused.json"), Case("other_author.json"), Case("no_list.json"), Case(raw=b"no", status=404)),
        "Degraded": (Case("more_without_cursor.json"), Case("one_row.json")),
        "garbage": GARBAGE,
    },
    "feed": {
        "success": (
            Case("wechat_mixed_zones.xml"),
            *(Case(f"{stem}.xml", options=WHOLE) for stem in ("gb2312", "rdf", "atom_only_updated", "wewe_rss", "long_text")),
            Case("toutiao_rsshub.xml", platform=Platform.TOUTIAO, options=WHOLE),
            Case("weibo_rsshub.xml", platform=Platform.WEIBO, options=WHOLE),
        ),
        "empty for good": "an empty feed proves nothing",
        "empty for doubt": (Case("empty_rss.xml"), Case("empty.json"), Case("empty_rss.xml", options=WHOLE)),
        "pinned": (
            Case(
                "douyin_rsshub_unmarked_pins.xml",
                platform=Platform.DOUYIN,
                options=WHOLE,
                about=("7300000000000000001", "7200000000000000001"),
            ),
        ),
        "deleted": (Case("exporter_articles.json", about=("BbCdEfGhIjKlMnOpQrStUv",)),),
        "private": "a feed holds what everybody may see, and no mark beside it",
        "long text": (Case("long_text.xml", about=("https://www.example.gov.cn/a.html",)),),
        "TransportFault": (*DOWN, Case(raw=b"<html>TypeError: undefined (reading 'userInfo')</html>", status=500)),
        "RateLimited": (
            *(THROTTLED, Case(raw="<html>Error Message: 环境异常</html>".encode()), Case(raw=b"Error: Empty post data", status=503)),
            Case(raw=b"no", status=503, headers=LATER, wait=77),
        ),
        "AuthError": (
            *(Case(raw='{"err": "认证信息无效"}'.encode()), Case(raw=b"no", status=401), Case(raw=b"no", status=404)),
            Case(raw=b"Error Message: Cookies expired", status=503),
        ),
        "AccountGone": (Case(raw=b'{"base_resp": {"ret": 200002, "err_msg": "invalid args"}}'),),
        "SourceRetired": (Case(raw=b'{"base_resp": {"ret": 200013, "err_msg": "freq control"}}'),),
        "ParseError": (Case("web_page.xml"), Case("entity_bomb.xml")),
        "Degraded": (Case("broken.xml"), Case(raw=b"Error: this route is empty", status=503)),
        "garbage": GARBAGE,
    },
    "manual": {
        "success": (Case(seen=by_hand(date(2026, 11, 18))),),
        "empty for good": (Case(seen=by_hand(None)),),
        "empty for doubt": (Case(raw=b"nobody polls it"),),
        "pinned": (Case(seen=upload(Platform.WEIBO, "weibo.web/page.json"), about=("4990000000000101",)),),
        "deleted": (Case(seen=upload(Platform.WEIBO, "weibo.web/deleted_item.json"), about=("5234000000000404",)),),
        "private": (Case(seen=upload(Platform.DOUYIN, "douyin.gateway/page.json", SEC_UID), about=("7567000000000000006",)),),
        "long text": (Case(seen=upload(Platform.WEIBO, "weibo.openapi/long_text.json"), about=("5234000000000405",)),),
        "TransportFault": NOT_ASKED,
        "RateLimited": NOT_ASKED,
        "AuthError": NOT_ASKED,
        "AccountGone": "what a saved refusal means is said in words to the person who uploads it",
        "SourceRetired": NOT_ASKED,
        "ParseError": "a file that is no page we know is refused with a line for the person who uploads it",
        "Degraded": (Case(raw=b"nobody polls it"),),
        "garbage": (Case(seen=upload(Platform.WEIBO, b"\x00\xff" * 500)), Case(seen=upload(Platform.WECHAT, b'{"hello": 1}'))),
    },
}

LEAVES_OUT = {"manual": "what the public cannot see is left out of an upload, and the person who uploads it is told"}
COVERS_NOTHING = {"wechat.article": "one article is not the account's list", "wechat.callback": "one push is not the account's list"}
"""Channels of which no answer covers anything, and why."""
