"""The other end of a benchmark, in a process of its own: big JSON pages as a Douyin gateway serves them, and RSS feeds.

Every account has its own page. `/mode/<name>` switches what is served: `same` bytes each time, `touched` bytes that differ but hold
nothing new, `new` with ten new posts each time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from email.utils import formatdate

from aiohttp import web

JSON_BYTES = 163_000
RSS_BYTES = 30_000
POSTS = 18
NEW_POSTS = 10
ITEMS = 20


class Pages:
    """Makes the pages; counts requests, so that each `new` page differs from the one before."""

    def __init__(self) -> None:
        self.mode = "same"
        self.rounds: dict[str, int] = {}
        self.made: dict[tuple[str, str], bytes] = {}
        self.begun = int(time.time()) - 86_400

    def round_of(self, name: str) -> int:
        if self.mode == "new":
            self.rounds[name] = self.rounds.get(name, 0) + 1
        return self.rounds.get(name, 0)

    def json_page(self, sec_uid: str) -> bytes:
        newest = self.round_of(sec_uid) * NEW_POSTS + POSTS
        return self._page("json", sec_uid, newest, lambda: _json(sec_uid, newest, self.begun))

    def rss_page(self, name: str) -> bytes:
        newest = self.round_of(name) * NEW_POSTS + ITEMS
        return self._page("rss", name, newest, lambda: _rss(name, newest, self.begun))

    def _page(self, kind: str, name: str, newest: int, make: Callable[[], bytes]) -> bytes:
        key = (kind, f"{name} {newest}")
        if key not in self.made:
            self.made[key] = make()
        page = self.made[key]
        return page + b"\n" * (int(time.monotonic() * 1e6) % 97) if self.mode == "touched" else page


def _json(sec_uid: str, newest: int, begun: int) -> bytes:
    padding = "x" * (JSON_BYTES // POSTS - 700)
    rows = [
        {
            "aweme_id": str(7_300_000_000_000_000_000 + number),
            "desc": f"第{number}期：为民服务解难题，一线见闻与便民提示。#政务服务#",
            "create_time": begun + number * 60,
            "is_top": 0,
            "aweme_type": 0,
            "author": {"sec_uid": sec_uid, "nickname": "某发布", "unique_id": "fabu", "secret": 0},
            "status": {"is_delete": False, "private_status": 0, "in_reviewing": False},
            "text_extra": [{"type": 1, "hashtag_name": "政务服务"}],
            "statistics": {"digg_count": number, "comment_count": 3, "share_count": 1},
            "video": {"play_addr": {"uri": padding}, "duration": 15000},
        }
        for number in range(newest, newest - POSTS, -1)
    ]
    data = {"status_code": 0, "has_more": 1, "max_cursor": begun * 1000, "min_cursor": 0, "aweme_list": rows}
    return json.dumps({"code": 200, "router": "/", "data": data}, ensure_ascii=False).encode()


def _rss(name: str, newest: int, begun: int) -> bytes:
    padding = "正文" * ((RSS_BYTES // ITEMS - 300) // 6)
    items = "".join(
        f"<item><title>第{number}期便民提示</title><link>https://mp.weixin.qq.com/s/{name}_{number:012d}</link>"
        f"<description>{padding}</description><pubDate>{formatdate(begun + number * 60)}</pubDate></item>"
        for number in range(newest, newest - ITEMS, -1)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'.encode()


async def serve() -> None:
    pages = Pages()

    async def json_page(request: web.Request) -> web.Response:
        return web.Response(body=pages.json_page(request.query["sec_user_id"]), content_type="application/json")

    async def rss_page(request: web.Request) -> web.Response:
        return web.Response(body=pages.rss_page(request.match_info["name"]), content_type="application/rss+xml")

    async def mode(request: web.Request) -> web.Response:
        pages.mode = request.match_info["mode"]
        return web.Response(text=pages.mode)

    app = web.Application()
    app.router.add_get("/api/douyin/web/fetch_user_post_videos", json_page)
    app.router.add_get("/rss/{name}", rss_page)
    app.router.add_get("/mode/{mode}", mode)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
