"""Weibo, simulated: the Open Platform and the mobile site, with the credentials they ask for and the walls they put up."""

from __future__ import annotations

from aiohttp import web

from demo import faults
from demo import wire_weibo as wire
from demo.ids import weibo_mid
from demo.pages import Page, Trouble
from demo.secrets import SHARED, WEIBO_APP, WEIBO_BUSINESS, WEIBO_GUEST, WEIBO_WEB
from demo.stage import HttpAnswer, Stage, number, told
from demo.ways import Way
from monitor.model import Platform

CAPTCHA_URL = "https://m.weibo.cn/captcha?scene=limit&referer=/"
LOGIN_URL = "https://passport.weibo.com/sso/signin?entry=wapsso&source=wapssowb&url=https%3A%2F%2Fm.weibo.cn%2F"
BATCH_UIDS = 20
BUSINESS_MOST = 25
EXPANDED_MOST = 20
CONTAINER = "107603"


class Weibo:
    """Answers for all Weibo accounts of a stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        pages = [page for page in stage.world.pages if page.platform is Platform.WEIBO]
        self._owners = {page.secrets["access_token"]: page for page in pages if Way.WEIBO_OWN in page.ways}
        # What is published live links to nothing.
        linked = ((page, item) for page in pages for item in page.items if item.link)
        self._links = {wire.short_link(weibo_mid(item.at, page.serial)): item.link for page, item in linked}

    def routes(self) -> list[web.RouteDef]:
        guarded = self.stage.guarded
        return [
            web.get("/2/statuses/user_timeline.json", guarded(Way.WEIBO_OWN, self._own)),
            web.get("/2/statuses/timeline_batch.json", guarded(Way.WEIBO_BATCH, self._batch)),
            web.get("/2/statuses/user_timeline/other.json", guarded(Way.WEIBO_BUSINESS, self._other)),
            web.get("/2/statuses/user_timeline_batch.json", guarded(Way.WEIBO_BUSINESS_BATCH, self._other_batch)),
            web.get("/2/short_url/expand.json", guarded(Way.WEIBO_OWN, self._expand)),
            web.get("/api/config", guarded(Way.WEIBO_WEB, self._config)),
            web.get("/api/container/getIndex", guarded(Way.WEIBO_WEB, self._cards)),
            web.get("/statuses/extend", guarded(Way.WEIBO_WEB, self._extend)),
        ]

    async def _own(self, request: web.Request) -> HttpAnswer:
        owner = self._owners.get(_token(request))
        if owner is None:
            return told(wire.weibo_error(21332, "invalid_access_token"), 403)
        if owner.trouble is Trouble.DEAD_CREDENTIAL or self.stage.suffers(faults.DEAD_TOKEN, Way.WEIBO_OWN):
            return told(wire.weibo_error(21327, "expired_token"), 403)
        if owner.trouble is Trouble.DELETED:
            return told(wire.weibo_error(20003, "User does not exists!"), 400)
        if request.query.get("uid", owner.handle) != owner.handle:
            return told(wire.weibo_error(10014, "Insufficient app permissions!"), 403)
        return self._timeline(owner, Way.WEIBO_OWN, wire.WEIBO_PAGE)

    def _timeline(self, asked: Page, way: Way, count: int) -> HttpAnswer:
        page = self.stage.shown_page(asked, way)
        items = self.stage.shown(page, way)
        empty = self.stage.suffers(faults.EMPTY_LIST, way) and items
        return told(wire.weibo_nothing(page, items) if empty else wire.weibo_timeline(page, items, count))

    async def _other(self, request: web.Request) -> HttpAnswer:
        if _token(request) != SHARED[WEIBO_BUSINESS]["access_token"]:
            return told(wire.weibo_error(21332, "invalid_access_token"), 403)
        if self.stage.suffers(faults.DEAD_TOKEN, Way.WEIBO_BUSINESS):
            return told(wire.weibo_error(21327, "expired_token"), 403)
        page = self.stage.page(Platform.WEIBO, request.query.get("uid", ""))
        if page is None or page.trouble is Trouble.DELETED:
            return told(wire.weibo_error(20003, "User does not exists!"), 400)
        return self._timeline(page, Way.WEIBO_BUSINESS, min(number(request.query.get("count"), 20), BUSINESS_MOST))

    async def _batch(self, request: web.Request) -> HttpAnswer:
        return self._together(request, Way.WEIBO_BATCH, WEIBO_APP)

    async def _other_batch(self, request: web.Request) -> HttpAnswer:
        return self._together(request, Way.WEIBO_BUSINESS_BATCH, WEIBO_BUSINESS)

    def _together(self, request: web.Request, way: Way, credential: str) -> HttpAnswer:
        """Return the newest posts of those asked for whom this interface shows."""
        if _token(request) != SHARED[credential]["access_token"]:
            return told(wire.weibo_error(21332, "invalid_access_token"), 403)
        if self.stage.suffers(faults.DEAD_TOKEN, way):
            return told(wire.weibo_error(21327, "expired_token"), 403)
        uids = request.query.get("uids", "").split(",")
        if not 0 < len(uids) <= BATCH_UIDS:
            return told(wire.weibo_error(10017, "parameter (uids)'s value invalid"), 400)
        asked = [self.stage.page(Platform.WEIBO, uid) for uid in uids]
        pages = [self.stage.shown_page(page, way) for page in asked if page and way in page.ways]
        if self.stage.suffers(faults.EMPTY_LIST, way):
            pages = []
        count = min(number(request.query.get("count"), 20), 100)
        return told(wire.weibo_batch([(page, self.stage.shown(page, way)) for page in pages], count))

    async def _expand(self, request: web.Request) -> HttpAnswer:
        """Return where short links lead; whoever may ask for posts may ask for that."""
        apps = {SHARED[name]["access_token"] for name in (WEIBO_APP, WEIBO_BUSINESS)}
        if _token(request) not in apps and _token(request) not in self._owners:
            return told(wire.weibo_error(21332, "invalid_access_token"), 403)
        asked = request.query.getall("url_short", [])
        if not 0 < len(asked) <= EXPANDED_MOST:
            return told(wire.weibo_error(10017, "parameter (url_short)'s value invalid"), 400)
        return told(wire.weibo_expanded(asked, self._links))

    async def _config(self, request: web.Request) -> HttpAnswer:
        return told(wire.weibo_config(_cookie(request) == SHARED[WEIBO_WEB]["cookie"]))

    async def _cards(self, request: web.Request) -> HttpAnswer:
        page = self.stage.page(Platform.WEIBO, request.query.get("containerid", "").removeprefix(CONTAINER))
        refused = self._wall(request, page)
        if refused is not None:
            return refused
        if page is None or page.trouble or self.stage.suffers(faults.EMPTY_LIST, Way.WEIBO_WEB):
            return told(wire.weibo_empty_cards())
        page = self.stage.shown_page(page, Way.WEIBO_WEB)
        guest = _cookie(request) != SHARED[WEIBO_WEB]["cookie"]
        return told(wire.weibo_cards(page, self.stage.shown(page, Way.WEIBO_WEB), guest))

    def _wall(self, request: web.Request, page: Page | None) -> HttpAnswer | None:
        """Return what the mobile site puts in one's way: nothing at all without a cookie of ours, a captcha, or the login page."""
        known = {SHARED[name]["cookie"] for name in (WEIBO_WEB, WEIBO_GUEST)}
        if _cookie(request) not in known:
            return web.Response(status=432)
        if self.stage.suffers(faults.CAPTCHA, Way.WEIBO_WEB):
            return told(wire.weibo_wall(CAPTCHA_URL))
        if self.stage.suffers(faults.DEAD_COOKIE, Way.WEIBO_WEB):
            # One half of the site says that a login is asked for, the other sends one there.
            sent_there = web.Response(status=302, headers={"Location": LOGIN_URL})
            return told(wire.weibo_wall(LOGIN_URL)) if page and page.serial % 2 else sent_there
        return None

    async def _extend(self, request: web.Request) -> HttpAnswer:
        refused = self._wall(request, None)
        if refused is not None:
            return refused
        mid = request.query.get("id", "")
        for page in self.stage.world.pages:
            if page.platform is Platform.WEIBO and mid.isdigit() and int(mid) & 0x3FFFFF == page.serial:
                for item in self.stage.items[page.code]:
                    if weibo_mid(item.at, page.serial) == mid:
                        return told(wire.weibo_long_text(item, mid))
        return told(wire.weibo_empty_cards())


def _token(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme == "OAuth2" else ""


def _cookie(request: web.Request) -> str:
    return request.headers.get("Cookie", "").strip()
