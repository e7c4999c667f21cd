"""The other end of a benchmark, in a process of its own: every channel's page, for every account its own.

`/mode/<name>` switches what is served: `same` bytes each time; `touched`, bytes that differ and show nothing new; `full`, the same with
a mark that makes a peek give way to a whole reading; `rebuilt`, a feed in which only the moment it was made differs; `new`, with new
posts each time; `tagged`, the same bytes with an ETag, which answers 304. A date as the mode is the day that WeChat's own interfaces
have today.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import date

from aiohttp import web

from benchmarks.pages import BUILT, PAGES, Shown, cube, publish_list

NEW_POSTS = 10
TAG = '"bench"'


class Pages:
    """Makes the pages, keeps the last of each account, and counts rounds, so that each `new` page differs from the one before."""

    def __init__(self) -> None:
        self.mode = "same"
        self.today = date(2026, 1, 1)
        self.rounds: dict[tuple[str, str], int] = {}
        self.asked: dict[tuple[str, str], int] = {}
        self.made: dict[tuple[str, str], tuple[Shown, bytes]] = {}
        self.begun = int(time.time()) - 86_400

    def switch(self, mode: str) -> None:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", mode):
            self.today = date.fromisoformat(mode)
        else:
            self.mode = mode

    def page(self, kind: str, name: str) -> bytes:
        key, (count, make) = (kind, name), PAGES[kind]
        self.asked[key] = self.asked.get(key, 0) + 1
        if self.mode == "new":
            self.rounds[key] = self.rounds.get(key, 0) + 1
        newest = self.rounds.get(key, 0) * min(NEW_POSTS, count) + count
        shown = Shown(name, newest, self.begun, self.mode == "full" and self.asked[key] % 2 == 0)
        if self.made.get(key, (None, b""))[0] != shown:
            self.made[key] = (shown, make(shown))
        body = self.made[key][1]
        if self.mode == "rebuilt":
            return body.replace(BUILT.encode(), f"Sat, 21 Nov 2026 00:00:{self.asked[key] % 60:02d} GMT".encode(), 1)
        # Blanks after a document are the least that makes it another one.
        return body + b"\n" * (1 + self.asked[key] % 97) if self.mode in ("touched", "full") else body


Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _paged(pages: Pages, kind: str, name_of: Callable[[web.Request], str], content_type: str) -> Answering:
    async def answer(request: web.Request) -> web.StreamResponse:
        headers = {}
        if pages.mode == "tagged":
            if request.headers.get("If-None-Match") == TAG:
                return web.Response(status=304, headers={"ETag": TAG})
            headers = {"ETag": TAG}
        return web.Response(body=pages.page(kind, name_of(request)), content_type=content_type, headers=headers)

    return answer


def _number(text: str) -> str:
    """Return an account's number, which ends its name on every platform."""
    found = re.search(r"(\d+)=?$", text)
    return str(int(found[1][-6:])) if found else "0"


def application(pages: Pages) -> web.Application:
    def query(field: str) -> Callable[[web.Request], str]:
        return lambda request: _number(request.query[field])

    def path(request: web.Request) -> str:
        return _number(request.match_info["name"])

    async def listed(request: web.Request) -> web.StreamResponse:
        return web.Response(body=publish_list(_number(request.query["access_token"]), pages.today), content_type="application/json")

    async def cubed(request: web.Request) -> web.StreamResponse:
        asked = await request.json() if request.can_read_body else {}
        first, last = (date.fromisoformat(asked.get(key, pages.today.isoformat())) for key in ("begin_date", "end_date"))
        return web.Response(body=cube(_number(request.query["access_token"]), first, last), content_type="application/json")

    async def mode(request: web.Request) -> web.StreamResponse:
        pages.switch(request.match_info["mode"])
        return web.Response(text=pages.mode)

    app = web.Application()
    plain, xml = "application/json", "application/rss+xml"
    app.router.add_get("/api/douyin/web/fetch_user_post_videos", _paged(pages, "douyin.v4", query("sec_user_id"), plain))
    app.router.add_get("/api/v1/douyin/user/posts", _paged(pages, "douyin.v5", query("sec_user_id"), plain))
    app.router.add_get("/api/container/getIndex", _paged(pages, "weibo.web", query("value"), plain))
    app.router.add_get("/2/statuses/user_timeline.json", _paged(pages, "weibo.own", query("uid"), plain))
    app.router.add_get("/rows/{name}", _paged(pages, "toutiao.rows", path, plain))
    app.router.add_route("*", "/cgi-bin/freepublish/batchget", listed)
    app.router.add_route("*", "/datacube/getarticletotaldetail", cubed)
    for kind, content_type in (("rss", xml), ("wewe.rss", xml), ("atom", xml), ("json.feed", plain), ("rsshub", xml)):
        app.router.add_get(f"/{kind}/{{name}}", _paged(pages, kind, path, content_type))
    app.router.add_get("/mode/{mode}", mode)
    return app


async def serve() -> None:
    runner = web.AppRunner(application(Pages()), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
