"""What the web server answers: the console page, the metrics, and whether the daemon is well."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web

from monitor.errors import StoreAway
from monitor.web.callback import Callbacks, add_callbacks
from monitor.web.desk import Desk
from monitor.web.listing import QUERY_CAP, arrange, read_wish
from monitor.wording import minute

HERE = Path(__file__).parent
Metrics = Callable[[], tuple[bytes, str]]
DESK = web.AppKey("desk", Desk)
METRICS: web.AppKey[Metrics] = web.AppKey("metrics")

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
HEADERS = {
    # Nothing but our own style sheet: whatever a hostile name might smuggle in has nothing to run and nowhere to go.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "zhengwu-monitor",
}


async def console(request: web.Request) -> web.Response:
    """Show the accounts, most urgent first; while the store is away, say so with 503."""
    desk = request.app[DESK]
    try:
        entries, alerts = await desk.rows(), await desk.open_alerts()
    except StoreAway:
        return aiohttp_jinja2.render_template("away.html.j2", request, {}, status=503)
    listing = arrange(entries, read_wish(request.query))
    values = {
        "listing": listing,
        "wish": listing.wish,
        "alerts": alerts,
        "profile": desk.profile_title,
        "as_of": minute(desk.now()),
        "query_cap": QUERY_CAP,
    }
    return aiohttp_jinja2.render_template("console.html.j2", request, values)


async def metrics(request: web.Request) -> web.Response:
    body, content_type = request.app[METRICS]()
    return web.Response(body=body, headers={"Content-Type": content_type})


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


async def guard_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def build(desk: Desk, metrics_page: Metrics, callbacks: Callbacks | None = None) -> web.Application:
    """Return the application; whoever runs it chooses the address to bind to. With `callbacks` platforms may push to it."""
    app = web.Application(middlewares=[known_host])
    app[DESK] = desk
    app[METRICS] = metrics_page
    loader = jinja2.FileSystemLoader(HERE / "templates")
    aiohttp_jinja2.setup(app, loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    app.on_response_prepare.append(guard_headers)
    app.router.add_get("/", console)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_static("/static/", HERE / "static")
    if callbacks is not None:
        add_callbacks(app, callbacks)
    return app
