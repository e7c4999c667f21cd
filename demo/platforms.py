"""The simulated platforms: one real HTTP server on loopback that speaks the wire formats of Weibo, WeChat, Douyin and the feeds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

import orjson
from aiohttp import web

from demo import ids, wire
from demo.feeds import FEED_ITEMS, FEEDS
from demo.pages import Page, Trouble
from demo.rhythm import FROZEN_DAYS, Item
from demo.world import LIVE_SECONDS, World
from monitor.model import Platform, local_date
from monitor.ports import Clock

FROZEN_SOURCE = "frozen-source"
FAULTS = {FROZEN_SOURCE: "微信订阅源整体停滞：所有公众号（含哨兵账号）20天来没有新内容"}
"""What can be made to go wrong, for `make demo FAULT=…`."""
TOKEN_SECONDS = 7200
LOOPBACK = "127.0.0.1"
JSON = "application/json"
HttpAnswer = web.StreamResponse


class Platforms:
    """Serves a world until it is closed; open it with `async with`. `base_url` says where.

    It publishes the world's live posts as their moments come. It asks for the credentials, as the real platforms do.
    """

    def __init__(self, world: World, clock: Clock, fault: str = "") -> None:
        if fault and fault not in FAULTS:
            raise ValueError(f"unknown fault {fault!r}")
        self.world, self.clock, self.fault = world, clock, fault
        self.requests = 0
        self.published = 0
        self._items = {page.code: list(page.items) for page in world.pages}
        self._pages = {(page.platform, page.handle): page for page in world.pages}
        self._bodies: dict[str, bytes] = {}
        self._apps = {page.secrets["appid"]: page for page in world.pages if page.official}
        self._tokens = {page.secrets["access_token"]: page for page in world.pages if page.platform is Platform.WEIBO}

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.add_routes(
            [
                web.get("/2/statuses/user_timeline.json", self._weibo),
                web.post("/cgi-bin/stable_token", self._wechat_token),
                web.post("/cgi-bin/freepublish/batchget", self._wechat_batch),
                web.get("/api/douyin/web/fetch_user_post_videos", self._douyin),
                web.get("/feeds/{handle}.{dialect}", self._feed),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0).start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def newest(self, code: str) -> Item | None:
        """Return what the account published last, live posts included."""
        return self._items[code][0] if self._items[code] else None

    def _shown(self, page: Page) -> Sequence[Item]:
        self.requests += 1
        self._publish_due(self.clock.now())
        return self._items[page.code]

    def _publish_due(self, now: datetime) -> None:
        due = int((now - self.world.now).total_seconds() / LIVE_SECONDS)
        while self.published < due:
            self.published += 1
            page, item = self.world.live(self.published)
            self._items[page.code].insert(0, item)
            self._bodies.pop(page.code, None)

    async def _weibo(self, request: web.Request) -> HttpAnswer:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        owner = self._tokens.get(token.strip()) if scheme == "OAuth2" else None
        if owner is None:
            return _told(wire.weibo_error(21332, "invalid_access_token"), 403)
        if owner.trouble is Trouble.DEAD_CREDENTIAL:
            return _told(wire.weibo_error(21327, "expired_token"), 403)
        if owner.trouble is Trouble.DELETED:
            return _told(wire.weibo_error(20003, "User does not exists!"), 400)
        if request.query.get("uid", owner.handle) != owner.handle:
            return _told(wire.weibo_error(10014, "Insufficient app permissions!"), 403)
        return _told(wire.weibo_timeline(owner, self._shown(owner)))

    async def _wechat_token(self, request: web.Request) -> HttpAnswer:
        asked = await _json(request)
        page = self._apps.get(str(asked.get("appid", "")))
        if page is None:
            return _wechat_error(40013, "invalid appid")
        if asked.get("secret") != page.secrets["secret"]:
            return _wechat_error(40125, "invalid appsecret")
        return web.json_response({"access_token": _wechat_access(page), "expires_in": TOKEN_SECONDS})

    async def _wechat_batch(self, request: web.Request) -> HttpAnswer:
        asked = await _json(request)
        token = request.query.get("access_token", "")
        owner = next((page for page in self._apps.values() if _wechat_access(page) == token), None)
        if owner is None:
            return _wechat_error(40001, "invalid credential, access_token is invalid or not latest")
        offset, wanted = asked.get("offset", 0), asked.get("count", 0)
        if not isinstance(offset, int) or not isinstance(wanted, int) or not 1 <= wanted <= wire.BATCH_LIMIT:
            return _wechat_error(47001, "data format error")
        return _told(wire.wechat_batch(owner, self._shown(owner), offset, wanted))

    async def _douyin(self, request: web.Request) -> HttpAnswer:
        page = self._pages.get((Platform.DOUYIN, request.query.get("sec_user_id", "")))
        if page is None:
            return _told(wire.gateway_error(request.query), 400)
        guest = page.trouble is Trouble.GUEST_VIEW
        return _told(wire.douyin_posts(page, self._shown(page), guest))

    async def _feed(self, request: web.Request) -> HttpAnswer:
        page = self._pages.get((Platform.WECHAT, request.match_info["handle"]))
        dialect = request.match_info["dialect"]
        if page is None or dialect not in FEEDS:
            return web.Response(status=404, text="feed not found")
        if page.trouble is Trouble.BROKEN_SOURCE:
            return web.Response(status=500, text="Internal Server Error")
        shown = self._thawed(self._shown(page))[:FEED_ITEMS]
        body = self._bodies.get(page.code)
        if body is None:
            body = self._bodies[page.code] = FEEDS[dialect][0](page, shown)
        etag = f'"{hashlib.sha256(body).hexdigest()[:27]}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, content_type=FEEDS[dialect][1], charset="utf-8", headers={"ETag": etag})

    def _thawed(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return what the feeds show: all of it, or under the fault nothing newer than the day on which they stood still."""
        if self.fault != FROZEN_SOURCE:
            return items
        last = local_date(self.world.now) - timedelta(days=FROZEN_DAYS)
        return [item for item in items if local_date(item.at) <= last]


def _told(body: bytes, status: int = 200) -> HttpAnswer:
    return web.Response(status=status, body=body, content_type=JSON, charset="utf-8")


def _wechat_error(code: int, text: str) -> HttpAnswer:
    """WeChat answers 200 to everything; the trace id at the end is part of the text."""
    rid = ids.digest("rid", code, text)
    return web.json_response({"errcode": code, "errmsg": f"{text} rid: {rid[:8]}-{rid[8:16]}-{rid[16:24]}"})


def _wechat_access(page: Page) -> str:
    return ids.token(80, "access", page.serial)


async def _json(request: web.Request) -> dict[str, object]:
    try:
        asked = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return {}
    return asked if isinstance(asked, dict) else {}
