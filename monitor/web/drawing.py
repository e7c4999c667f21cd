"""Draws a page, and holds what every page needs: the desk behind it, the guards in its head."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp_jinja2
from aiohttp import web

from monitor.web.desk import Desk
from monitor.wording import minute

DESK = web.AppKey("desk", Desk)
OWN_HEADERS: web.ResponseKey[Mapping[str, str]] = web.ResponseKey("own_headers")
"""What a page must say otherwise than `HEADERS`."""

_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
FRAMING = {"Content-Security-Policy": f"{_POLICY}; frame-src 'self'"}
"""For a page that shows another page of ours within it."""

HEADERS = {
    # Nothing but our own style sheet: whatever a hostile name might smuggle in has nothing to run and nowhere to go.
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "zhengwu-monitor",
}


def draw(
    request: web.Request, template: str, place: str = "", status: int = 200, own: Mapping[str, str] | None = None, **values: object
) -> web.Response:
    """Draw a page; `place` is where in the console the reader is, `own` are headers that differ from those of other pages."""
    shown = {"place": place, "as_of": minute(request.app[DESK].now()), **values}
    response = aiohttp_jinja2.render_template(template, request, shown, status=status)
    return with_own(response, own or {})


def with_own(response: web.Response, own: Mapping[str, str]) -> web.Response:
    response[OWN_HEADERS] = own
    return response


async def guard_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    response.headers.update(response.get(OWN_HEADERS, {}))
