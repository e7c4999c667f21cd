"""The pages behind the links of a letter: GET shows what a link would do and one button, POST does it.

The link itself is the permission. It stands in no page and in no log, and a page leads nowhere outside.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.http import HttpProcessingError

from monitor.errors import StoreAway
from monitor.life import UNHEARD
from monitor.model import local_date
from monitor.telling.errands import Done, Result, Shown
from monitor.telling.links import BadLink, Flaw
from monitor.web.bodies import read_body
from monitor.web.drawing import DESK, draw
from monitor.web.errand_words import words_of
from monitor.wording import NAME_CAP, account_title, minute, month_day, plain

log = structlog.get_logger("web")

BODY_CAP = 1024
"""Bytes of a form that has one button and no field."""
SECONDS = 5.0
"""What a browser may take to send them."""
MESSAGE_CAP = 300
OWN = {"Referrer-Policy": "same-origin"}
"""With no referrer at all a browser calls the origin of a form "null", and nobody could tell our own page from a foreign one."""

_UNDER_REVIEW = "正在核对，以邮件告知的为准"
"""What is said of an accusation that nobody may hear of yet, behind the link of the warning before it."""
_OVER = ("已销号，无需办理", ("该问题已经销号，无需办理。", "本次操作未作任何更改。"))
_BUSY = ("正在采集", ("系统此刻正在采集该账号，结果稍后可见。", "如数分钟后仍未销号，请再打开邮件中的同一链接。"))
_REFUSALS: dict[Flaw, tuple[int, str, tuple[str, ...]]] = {
    Flaw.FORGED: (404, "链接无效", ("链接不完整，或不是由本系统发出。", "请在邮件中直接点击链接；如须复制，请完整复制。")),
    Flaw.EXPIRED: (410, "链接已过期", ("该链接已超过有效期，未作任何更改。", "请用最近一封邮件中的链接；更新或转载后自动销号，无需点击。")),
    Flaw.UNKNOWN: (410, "无需办理", ("该账号已不在监测范围内，或相应问题已不存在。", "未作任何更改。如有疑问，请联系主管部门。")),
    Flaw.USED: (410, "该链接已使用", ("所请求的事项此前已经登记，无需重复办理。", "按要求更新或转载后自动销号；如有新情况，会另发邮件。")),
    Flaw.STRANGER: (403, "不能办理", ("该链接不属于这个账号目前的联系人，未作任何更改。", "联系人有变动的，请由现任联系人用其邮件办理。")),
}
_FOREIGN = ("不能办理", ("请求不是由本页面的按钮发出，未作任何更改。", "请从邮件中打开链接，再点击页面上的按钮。"))
_AWAY = ("暂时未能办理", ("数据库暂时无法访问，链接仍然有效。", "请过几分钟后，再打开邮件中的同一链接。"))
_TOO_MUCH = ("不能办理", ("请求的内容过大、有误或未能及时送达，未作任何更改。", "请从邮件中打开链接，再点击页面上的按钮。"))


def add_errands(app: web.Application) -> None:
    # Whatever was typed or broken behind /do/ is a link that is not ours, and is told so like any other.
    app.router.add_get(r"/do/{token:[\s\S]*}", show)
    app.router.add_post(r"/do/{token:[\s\S]*}", act)


async def show(request: web.Request) -> web.Response:
    """Show what the link would do; nothing is changed by that, however often a scanner asks."""
    try:
        shown = await request.app[DESK].errand(request.match_info["token"])
    except BadLink as error:
        return _refused(request, error.reason)
    except StoreAway:
        return _said(request, *_AWAY, status=503)
    if shown.over:
        return _said(request, *_OVER, shown=shown)
    words = words_of(shown.ask, shown.account, shown.alert)
    return draw(request, "errand.html.j2", own=OWN, words=words, facts=_facts(shown))


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
    words = words_of(done.ask, done.account, done.alert)
    return {Result.DONE: (f"{words.title}：已登记", words.done), Result.OVER: _OVER, Result.BUSY: _BUSY}[done.result]


def _facts(shown: Shown | Done) -> dict[str, str]:
    finding = shown.alert.finding
    return {
        "account": account_title(shown.account),
        "unit": plain(shown.account.unit, NAME_CAP),
        "matter": _UNDER_REVIEW if shown.alert.stage in UNHEARD else plain(finding.message or finding.label, MESSAGE_CAP),
        "opened": minute(shown.alert.opened_at),
        "until": _last_day(shown.expires_at) if isinstance(shown, Shown) else "",
    }


def _last_day(expires_at: datetime) -> str:
    return month_day(local_date(expires_at - timedelta(milliseconds=1)))


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
    # A proxy in front may ask us under a name of its own; then it says under which it was asked, or the settings do.
    asked_under = (request.headers.get(name, "").lower() for name in ("Host", "X-Forwarded-Host"))
    host = _host(origin)
    return origin == "null" or (host is not None and host in (*asked_under, _host(request.app[DESK].public_url)))


def _host(address: str) -> str | None:
    """Return host and port of an address; None where it has none."""
    try:
        return urlsplit(address).netloc.lower() or None
    except ValueError:
        return None


async def _is_small(request: web.Request) -> bool:
    """Whether the form is as small as ours, can be read, and comes at once; what is over the cap is not read."""
    try:
        async with asyncio.timeout(SECONDS):
            return await read_body(request, BODY_CAP) is not None
    except (TimeoutError, HttpProcessingError, web.RequestPayloadError):
        return False
