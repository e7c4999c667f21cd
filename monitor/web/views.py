"""What the web server answers: the console page, the metrics, and whether the daemon is well."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
import structlog
from aiohttp import web

from monitor.errors import StoreAway
from monitor.web.articles import list_articles, read_sheet_wish, show_sheet
from monitor.web.callback import Callbacks, add_callbacks
from monitor.web.desk import Desk
from monitor.web.drawing import DESK, draw, guard_headers
from monitor.web.errands import add_errands
from monitor.web.letters import add_letters
from monitor.web.listing import QUERY_CAP, arrange, read_wish
from monitor.web.paging import read_page
from monitor.web.pairs import show_pair

log = structlog.get_logger("web")

HERE = Path(__file__).parent
SLICE = 1 << 18
"""Bytes of the metrics page written at once."""
Metrics = Callable[[], tuple[bytes, str]]
METRICS: web.AppKey[Metrics] = web.AppKey("metrics")

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


async def console(request: web.Request) -> web.Response:
    """Show the accounts, most urgent first."""
    desk = request.app[DESK]
    entries, alerts = await desk.rows(), await desk.open_alerts()
    listing = arrange(entries, read_wish(request.query), desk.channel_titles)
    judged: dict[str, Any] = {"profile": desk.profile_title, "within": desk.soon_within}
    values: dict[str, Any] = {"listing": listing, "wish": listing.wish, "alerts": alerts, **judged}
    return draw(request, "console.html.j2", "accounts", **values, query_cap=QUERY_CAP)


async def articles(request: web.Request) -> web.Response:
    """Show all live key articles, newest first, under the rates over all of them."""
    desk = request.app[DESK]
    sheets = await desk.sheets()
    # Counted in a thread, as the pages below: large rosters take longer than the loop that also polls may be held.
    listing = await asyncio.to_thread(list_articles, sheets, read_page(request.query), desk.now())
    return draw(request, "articles.html.j2", "articles", listing=listing)


async def article(request: web.Request) -> web.Response:
    """Show one key article: its audience by verdict, who is missing, and the list as filtered; 404 for one that is not live."""
    desk = request.app[DESK]
    sheets = await desk.sheets()
    sheet = next((each for each in sheets if each.article.id == request.match_info["article"]), None)
    if sheet is None:
        return draw(request, "unknown.html.j2", "articles", 404)
    shown = await asyncio.to_thread(show_sheet, sheet, read_sheet_wish(request.query, sheet), desk.now())
    return draw(request, "article.html.j2", "articles", sheet=shown)


async def pair(request: web.Request) -> web.Response:
    """Show what one account did about one key article and what that rests on; 404 where it does not owe it."""
    desk = request.app[DESK]
    found = await desk.pair(request.match_info["article"], request.match_info["account"])
    if found is None:
        return draw(request, "unknown.html.j2", "articles", 404)
    shown = await asyncio.to_thread(show_pair, found, request.query.get("post", ""), desk.now(), desk.channel_titles)
    return draw(request, "pair.html.j2", "articles", pair=shown)


async def metrics(request: web.Request) -> web.Response:
    body, content_type = request.app[METRICS]()
    return web.Response(body=_slices(body), headers={"Content-Type": content_type, "Content-Length": str(len(body))})


async def _slices(body: bytes) -> AsyncIterator[bytes]:
    # In one piece the page of a large roster would hold the loop for as long as copying it takes.
    for start in range(0, len(body), SLICE):
        yield body[start : start + SLICE]


async def healthz(request: web.Request) -> web.Response:
    """Answer 200 while the loops run, 503 when the process should be restarted."""
    health = await request.app[DESK].health()
    return web.json_response({"alive": health.alive}, status=200 if health.alive else 503)


async def readyz(request: web.Request) -> web.Response:
    """Answer 200 when the store is reachable and there is something to show, else 503 with the reasons."""
    health = await request.app[DESK].health()
    ready = health.alive and health.ready
    return web.json_response({"ready": ready, "reasons": list(health.reasons)}, status=200 if ready else 503)


@web.middleware
async def known_host(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """Refuse a request without a usable Host: nothing legitimate sends one, and nothing of it may reach a page."""
    if not _HOST.fullmatch(request.headers.get("Host", "")):
        raise web.HTTPBadRequest(text="bad Host header\n")
    return await handler(request)


@web.middleware
async def in_words(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """Say on a page of ours what went wrong: the store is away, rather than an old picture shown as today's; no such page; a bug."""
    try:
        return await handler(request)
    except StoreAway:
        return _trouble(request, 503)
    except web.HTTPException as error:
        if error.status not in _TROUBLES:
            raise
        response = _trouble(request, error.status)
        response.headers.update({name: value for name, value in error.headers.items() if name == "Allow"})
        return response
    except ConnectionError:
        # Whoever asked has left; nobody reads an answer.
        raise
    except Exception:
        # Without the address, which may be a link that acts.
        log.exception("a page could not be shown", method=request.method)
        return _trouble(request, 500)


_TROUBLES: dict[int, tuple[str, str]] = {
    403: ("没有这一页", "地址有误，或该页已不存在。"),
    404: ("没有这一页", "地址有误，或该页已不存在。"),
    405: ("不能这样访问", "本页不接受这种请求，未作任何更改。"),
    500: ("暂时无法显示", "系统出错，已记入日志；采集与判定照常进行。请稍后刷新本页，仍无法显示的，请告知系统管理员。"),
    503: ("数据库暂时无法访问", "采集与判定会在恢复后自动继续，已保存的数据不受影响。请稍后刷新本页。"),
}


def _trouble(request: web.Request, status: int) -> web.Response:
    title, line = _TROUBLES[status]
    return draw(request, "trouble.html.j2", status=status, title=title, line=line, to_list=status in (403, 404, 405))


def build(desk: Desk, metrics_page: Metrics, callbacks: Callbacks | None = None) -> web.Application:
    """Return the application; whoever runs it chooses the address to bind to. With `callbacks` platforms may push to it."""
    app = web.Application(middlewares=[known_host, in_words])
    app[DESK] = desk
    app[METRICS] = metrics_page
    loader = jinja2.FileSystemLoader(HERE / "templates")
    aiohttp_jinja2.setup(app, loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    app.on_response_prepare.append(guard_headers)
    app.router.add_get("/", console)
    app.router.add_get("/articles", articles)
    app.router.add_get("/articles/{article:[^/]+}", article)
    # Account ids may hold a slash, which comes as %2F or, from a proxy that means well, as it is.
    app.router.add_get("/articles/{article:[^/]+}/{account:.+}", pair)
    add_letters(app)
    add_errands(app)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_static("/static/", HERE / "static")
    if callbacks is not None:
        add_callbacks(app, callbacks)
    return app
