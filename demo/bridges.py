"""The bridges of the demo: feeds that an operator's own programs make of accounts, in the dialect of each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from aiohttp import web

from demo import faults, ids
from demo.dialects import DIALECTS, wechat2rss_state, wewe_state
from demo.feeds import FEED_ITEMS, FEEDS
from demo.pages import Page, Trouble
from demo.rhythm import FROZEN_DAYS, Item, at
from demo.stage import HttpAnswer, Stage, number, told
from demo.ways import STATES, STATIC_TIMES, Way
from monitor.model import Platform, local_date

WRITERS = {**FEEDS, **DIALECTS}


class Bridges:
    """Answers for all bridges of a stage, with ETags as they send them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._by_number = {page.bizuin: page for page in stage.world.pages if page.platform is Platform.WECHAT}
        self._bodies: dict[tuple[str, str], tuple[datetime | None, bytes]] = {}

    def routes(self) -> list[web.RouteDef]:
        guarded = self.stage.guarded
        return [
            web.get(r"/feeds/MP_WXS_{bizuin:\d+}.{form:rss|atom|json}", guarded(Way.WEWE_RSS, self._wewe)),
            web.get(r"/feed/MP_WXS_{bizuin:\d+}.{form:rss|atom}", guarded(Way.WE_MP_RSS, self._we_mp)),
            web.get(r"/feed/{bizuin:\d+}.xml", guarded(Way.WECHAT2RSS, self._wechat2rss)),
            web.get("/api/feed/articles.json", guarded(Way.WECHAT_DOWNLOAD, self._download)),
            web.get("/channels/{handle}.xml", guarded(Way.WECHAT_STATIC, self._static)),
            web.get(STATES[Way.WEWE_RSS], guarded(Way.WEWE_RSS, self._wewe_state)),
            web.get(STATES[Way.WECHAT2RSS], guarded(Way.WECHAT2RSS, self._wechat2rss_state)),
            web.get("/feeds/{handle}.{dialect}", guarded(Way.WECHAT_FEED, self._feed)),
            web.get("/weibo/user/{handle}/{params}", guarded(Way.WEIBO_RSSHUB, self._weibo)),
            web.get("/douyin/user/{handle}", guarded(Way.DOUYIN_RSSHUB, self._douyin)),
            web.get("/toutiao/user/token/{handle}", guarded(Way.TOUTIAO_RSSHUB, self._toutiao)),
        ]

    async def _feed(self, request: web.Request) -> HttpAnswer:
        page = self.stage.page(Platform.WECHAT, request.match_info["handle"])
        dialect = request.match_info["dialect"]
        if page is None or dialect not in FEEDS:
            return web.Response(status=404, text="feed not found")
        if page.trouble is Trouble.BROKEN_SOURCE:
            return web.Response(status=500, text="Internal Server Error")
        return self._written(request, page, dialect, Way.WECHAT_FEED)

    async def _wewe(self, request: web.Request) -> HttpAnswer:
        page = self._numbered(request)
        if page is None:
            return web.Response(status=400, text="不存在该feed！")
        return self._written(request, page, f"wewe-{request.match_info['form']}", Way.WEWE_RSS)

    async def _we_mp(self, request: web.Request) -> HttpAnswer:
        page = self._numbered(request)
        if page is None:
            return web.json_response({"detail": {"code": 40401, "message": "feed not found"}}, status=404)
        return self._written(request, page, f"we-mp-{request.match_info['form']}", Way.WE_MP_RSS)

    async def _wechat2rss(self, request: web.Request) -> HttpAnswer:
        page = self._numbered(request)
        return web.Response(status=404) if page is None else self._written(request, page, "wechat2rss", Way.WECHAT2RSS)

    async def _static(self, request: web.Request) -> HttpAnswer:
        page = self.stage.page(Platform.WECHAT, request.match_info["handle"])
        if page is None or Way.WECHAT_STATIC not in page.ways:
            return web.Response(status=404, text="404: Not Found")
        return self._written(request, page, "static", Way.WECHAT_STATIC)

    async def _download(self, request: web.Request) -> HttpAnswer:
        page = next((page for page in self._by_number.values() if page.biz == request.query.get("fakeid")), None)
        if page is None:
            return web.json_response({"detail": "未找到该订阅，请先添加订阅"}, status=404)
        since, limit = number(request.query.get("since"), 0), min(number(request.query.get("limit"), 50), 200)
        later = [item for item in self.stage.shown(page, Way.WECHAT_DOWNLOAD) if ids.seconds(item.at) > since]
        writer, content_type = WRITERS["wechat-download-api"]
        return web.Response(body=writer(page, later[:limit]), content_type=content_type, charset="utf-8")

    async def _wewe_state(self, request: web.Request) -> HttpAnswer:
        pages = [page for page in self._by_number.values() if Way.WEWE_RSS in page.ways]
        return told(wewe_state(pages, self._looked_at()))

    async def _wechat2rss_state(self, request: web.Request) -> HttpAnswer:
        return told(wechat2rss_state(not self.stage.suffers(faults.FROZEN_SOURCE, Way.WECHAT2RSS)))

    def _looked_at(self) -> datetime:
        """Return when the bridges last looked at WeChat: just now, or on the day they stood still."""
        still = timedelta(days=FROZEN_DAYS) if self.stage.suffers(faults.FROZEN_SOURCE, Way.WEWE_RSS) else timedelta(0)
        return self.stage.clock.now() - still

    def _numbered(self, request: web.Request) -> Page | None:
        return self._by_number.get(request.match_info["bizuin"])

    async def _weibo(self, request: web.Request) -> HttpAnswer:
        if self.stage.suffers(faults.DEAD_COOKIE, Way.WEIBO_RSSHUB):
            return rsshub_trouble("Error: Cookies expired. Please update WEIBO_COOKIES")
        return self._rsshub(request, Platform.WEIBO, Way.WEIBO_RSSHUB)

    async def _douyin(self, request: web.Request) -> HttpAnswer:
        return self._rsshub(request, Platform.DOUYIN, Way.DOUYIN_RSSHUB)

    async def _toutiao(self, request: web.Request) -> HttpAnswer:
        return self._rsshub(request, Platform.TOUTIAO, Way.TOUTIAO_RSSHUB)

    def _rsshub(self, request: web.Request, platform: Platform, way: Way) -> HttpAnswer:
        page = self.stage.page(platform, request.match_info["handle"])
        if page is None or page.trouble:
            return rsshub_trouble("Error: Cannot read properties of undefined (reading 'userInfo')")
        return self._written(request, page, "rsshub", way)

    def _listed(self, page: Page, way: Way) -> Sequence[Item]:
        """Return what the bridge lists: a repository of files only what was there when it last wrote them."""
        shown = self.stage.shown(page, way)
        if way is Way.WECHAT_STATIC:
            written = last_written(self.stage.clock.now())
            shown = [item for item in shown if item.at <= written]
        return shown[:FEED_ITEMS]

    def _written(self, request: web.Request, page: Page, dialect: str, way: Way) -> HttpAnswer:
        """Return the feed, or that it did not change; a body is made once and kept until the account publishes."""
        shown = self._listed(page, way)
        if self.stage.suffers(faults.EMPTY_LIST, way):
            shown = []
        writer, content_type = WRITERS[dialect]
        newest = shown[0].at if shown else None
        known, body = self._bodies.get((page.code, dialect), (None, b""))
        if not body or known != newest:
            body = writer(page, shown)
            self._bodies[page.code, dialect] = newest, body
        etag = f'"{hashlib.sha256(body).hexdigest()[:27]}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, content_type=content_type, charset="utf-8", headers={"ETag": etag})


def last_written(now: datetime) -> datetime:
    """Return when the static files were last written."""
    today = local_date(now)
    moments = (at(day, 60 * hour + minute) for day in (today, today - timedelta(days=1)) for hour, minute in reversed(STATIC_TIMES))
    return next(moment for moment in moments if moment <= now)


def rsshub_trouble(message: str) -> HttpAnswer:
    """Return RSSHub's error page."""
    about = f"<p>Error Message: <br/><code>{message}</code></p><p>Route: /user/:uid</p><p>Node Version: v22</p>"
    page = f"<html><body><h1>Looks like something went wrong</h1>{about}</body></html>"
    return web.Response(status=503, text=page, content_type="text/html")
