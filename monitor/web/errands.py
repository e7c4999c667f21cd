"""The pages behind the links of a letter: GET shows what a link would do and one button, POST does it.

The link itself is the permission. It stands in no page and in no log, and a page leads nowhere outside.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from monitor.errors import StoreAway
from monitor.model import Alert, local_date
from monitor.telling.correspondence import Ask
from monitor.telling.errands import Done, Result, Shown
from monitor.telling.links import BadLink, Flaw
from monitor.web.drawing import DESK, draw
from monitor.wording import NAME_CAP, account_title, minute, plain

log = structlog.get_logger("web")

BODY_CAP = 1024
"""Bytes of a form that has one button and no field."""
SECONDS = 5.0
"""What a browser may take to send them."""
MESSAGE_CAP = 300
OWN = {"Referrer-Policy": "same-origin"}
"""With no referrer at all a browser calls the origin of a form "null", and nobody could tell our own page from a foreign one."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a kind of link is called, what pressing its button means, and what is said once it is pressed."""

    title: str
    button: str
    means: tuple[str, ...]
    done: tuple[str, ...]


_RECHECK = Words(
    "请求复查",
    "已更新，请复查",
    ("系统将尽快采集该账号一次。", "检测到更新后，相应问题自动销号，无需回复邮件。"),
    ("已安排复查，系统将尽快采集该账号。", "检测到更新后，相应问题自动销号，无需再次点击，也无需回复邮件。"),
)
_WORDS = {
    Ask.RECHECK: _RECHECK,
    Ask.RECEIVED: Words(
        "确认收到",
        "确认收到",
        ("表示已收到通知，正在办理；同一情况不再重复发信。", "情况有变化时仍会告知；是否更新以系统采集到的内容为准。"),
        ("已登记为“确认收到”，同一情况不再重复发信。", "更新后自动销号，无需回复邮件。"),
    ),
    Ask.EXEMPTION: Words(
        "申请报备",
        "申请报备",
        ("向主管部门提出报备申请，说明该账号因故暂停更新。", "批准之前，监测和判定照常进行，请继续按要求更新。"),
        ("申请已登记，等待主管部门处理。", "批准之前，监测和判定照常进行，请继续按要求更新。"),
    ),
    Ask.CLOSURE: Words(
        "申请关停",
        "申请关停",
        ("向主管部门提出关停申请。", "完成注销之前，监测和判定照常进行，请继续按要求更新。"),
        ("申请已登记，等待主管部门处理。", "完成注销之前，监测和判定照常进行，请继续按要求更新。"),
    ),
}
_OVER = ("已销号，无需办理", ("该问题已经销号，无需办理。", "本次操作未作任何更改。"))
_BUSY = ("正在采集", ("系统此刻正在采集该账号，结果稍后可见。", "如数分钟后仍未销号，请再打开邮件中的同一链接。"))
_REFUSALS: dict[Flaw, tuple[int, str, tuple[str, ...]]] = {
    Flaw.FORGED: (404, "链接无效", ("链接不完整，或不是由本系统发出。", "请在邮件中直接点击链接；如须复制，请完整复制。")),
    Flaw.EXPIRED: (410, "链接已过期", ("该链接已超过有效期，未作任何更改。", "请使用最近一封邮件中的链接；账号更新后自动销号，无需点击。")),
    Flaw.UNKNOWN: (410, "无需办理", ("该账号已不在监测范围内，或相应问题已不存在。", "未作任何更改。如有疑问，请联系主管部门。")),
    Flaw.USED: (410, "该链接已使用", ("所请求的事项此前已经登记，无需重复办理。", "账号更新后自动销号；如有新情况，会另发邮件。")),
    Flaw.STRANGER: (403, "不能办理", ("该链接不属于这个账号目前的联系人，未作任何更改。", "联系人有变动的，请由现任联系人用其邮件办理。")),
}
_FOREIGN = ("不能办理", ("请求不是由本页面的按钮发出，未作任何更改。", "请从邮件中打开链接，再点击页面上的按钮。"))
_AWAY = ("暂时未能办理", ("数据库暂时无法访问，链接仍然有效。", "请过几分钟后，再打开邮件中的同一链接。"))
_TOO_MUCH = ("不能办理", ("请求的内容过大或未能及时送达，未作任何更改。", "请从邮件中打开链接，再点击页面上的按钮。"))


def add_errands(app: web.Application) -> None:
    app.router.add_get("/do/{token:[^/]+}", show)
    app.router.add_post("/do/{token:[^/]+}", act)


async def show(request: web.Request) -> web.Response:
    """Show what the link would do; nothing is changed by that, however often a scanner asks."""
    try:
        shown = await request.app[DESK].errand(request.match_info["token"])
    except BadLink as error:
        return _refused(request, error.reason)
    if shown.over:
        return _said(request, *_OVER, shown=shown)
    return draw(request, "errand.html.j2", own=OWN, words=_words(shown.ask, shown.alert), facts=_facts(shown))


async def act(request: web.Request) -> web.Response:
    """Do what the link asks for."""
    if not _from_here(request):
        log.warning("a button on a foreign page was refused")
        return _said(request, *_FOREIGN, status=403)
    if not await _is_small(request):
        return _said(request, *_TOO_MUCH, status=413)
    try:
        done = await request.app[DESK].run_errand(request.match_info["token"])
    except BadLink as error:
        return _refused(request, error.reason)
    except StoreAway:
        return _said(request, *_AWAY, status=503)
    return _said(request, *_outcome(done), shown=done, well=done.result is Result.DONE)


def _outcome(done: Done) -> tuple[str, tuple[str, ...]]:
    words = _words(done.ask, done.alert)
    return {Result.DONE: (f"{words.title}：已登记", words.done), Result.OVER: _OVER, Result.BUSY: _BUSY}[done.result]


def _words(ask: Ask, alert: Alert) -> Words:
    words = _WORDS[ask]
    if ask is Ask.RECHECK and alert.finding.article_id:
        return Words(words.title, "已转载，请复查", _about_reposts(words.means), _about_reposts(words.done))
    return words


def _about_reposts(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line.replace("更新", "转载") for line in lines)


def _facts(shown: Shown | Done) -> dict[str, str]:
    finding = shown.alert.finding
    return {
        "account": account_title(shown.account),
        "unit": plain(shown.account.unit, NAME_CAP),
        "matter": plain(finding.message or finding.label, MESSAGE_CAP),
        "opened": minute(shown.alert.opened_at),
        "until": _last_day(shown.expires_at) if isinstance(shown, Shown) else "",
    }


def _last_day(expires_at: datetime) -> str:
    last = local_date(expires_at - timedelta(milliseconds=1))
    return f"{last.month}月{last.day}日"


def _refused(request: web.Request, flaw: Flaw) -> web.Response:
    status, title, lines = _REFUSALS[flaw]
    return _said(request, title, lines, status=status)


def _said(
    request: web.Request, title: str, lines: tuple[str, ...], status: int = 200, shown: Shown | Done | None = None, well: bool = False
) -> web.Response:
    facts = _facts(shown) if shown is not None else None
    return draw(request, "errand_said.html.j2", status=status, own=OWN, title=title, lines=lines, well=well, facts=facts)


def _from_here(request: web.Request) -> bool:
    """Whether a browser that says where a form stood says that it stood here; one that says nothing is believed.

    The link alone permits, so this only keeps other pages from pressing the button for somebody who has the link.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin", "null")
    # A proxy in front may ask us under a name of its own, and says then under which it was asked.
    return origin == "null" or _host(origin) in (request.headers.get("Host", ""), request.headers.get("X-Forwarded-Host", ""))


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


async def _is_small(request: web.Request) -> bool:
    """Whether the form is as small as ours, and comes at once; what is over the cap is not read."""
    if (request.content_length or 0) > BODY_CAP:
        return False
    size = 0
    try:
        async with asyncio.timeout(SECONDS):
            async for part in request.content.iter_chunked(BODY_CAP):
                size += len(part)
                if size > BODY_CAP:
                    return False
    except TimeoutError:
        return False
    return True
