"""WeChat, simulated: the interfaces of an account's owner, the third-party platform, and the pages of articles."""

from __future__ import annotations

from datetime import date, timedelta

from aiohttp import web

from demo import faults, ids
from demo import wire_wechat as wire
from demo.pages import Page
from demo.rhythm import Item
from demo.secrets import COMPONENT, SHARED, TICKET
from demo.stage import HttpAnswer, Stage, json_of, told
from demo.ways import WECHAT_OFFICIAL, Way
from monitor.model import Platform, local_date

TOKEN_SECONDS = 7200
CUBE_DAYS = 30
"""How many days back the data cube tells of, and the longest span of one question."""


class Wechat:
    """Answers for all WeChat accounts of a stage that are read with their owners' consent, and for every article's page."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._pages = [page for page in stage.world.pages if page.platform is Platform.WECHAT]
        official = [page for page in self._pages if page.official]
        self._apps = {page.secrets["appid"]: page for page in official if "appid" in page.secrets}
        self._authorizers = {page.secrets["authorizer_appid"]: page for page in official if "authorizer_appid" in page.secrets}
        self._by_token = {access(page): page for page in official}

    def routes(self) -> list[web.RouteDef]:
        guarded = self.stage.guarded
        return [
            web.post("/cgi-bin/stable_token", guarded(Way.WECHAT_LIST, self._token)),
            web.post("/cgi-bin/component/api_component_token", guarded(Way.WECHAT_COMPONENT, self._component_token)),
            web.post("/cgi-bin/component/api_authorizer_token", guarded(Way.WECHAT_COMPONENT, self._authorizer_token)),
            web.post("/cgi-bin/freepublish/batchget", guarded(Way.WECHAT_LIST, self._batch)),
            web.post("/datacube/getarticletotaldetail", guarded(Way.WECHAT_FULL, self._cube)),
            web.get("/s/{token}", guarded(Way.WECHAT_LIST, self._article)),
            web.get("/s", guarded(Way.WECHAT_LIST, self._article)),
        ]

    # -- tokens -------------------------------------------------------------------------------------------------------------

    async def _token(self, request: web.Request) -> HttpAnswer:
        asked = await json_of(request)
        page = self._apps.get(str(asked.get("appid", "")))
        if page is None:
            return refusal(40013, "invalid appid")
        if asked.get("secret") != page.secrets["secret"]:
            return refusal(40125, "invalid appsecret")
        return web.json_response({"access_token": access(page), "expires_in": TOKEN_SECONDS})

    async def _component_token(self, request: web.Request) -> HttpAnswer:
        asked, known = await json_of(request), SHARED[COMPONENT]
        if asked.get("component_appid") != known["component_appid"] or asked.get("component_appsecret") != known["component_appsecret"]:
            return refusal(40013, "invalid appid")
        if asked.get("component_verify_ticket") != TICKET:
            return refusal(61006, "component ticket is invalid")
        return web.json_response({"component_access_token": COMPONENT_TOKEN, "expires_in": TOKEN_SECONDS})

    async def _authorizer_token(self, request: web.Request) -> HttpAnswer:
        asked = await json_of(request)
        if request.query.get("component_access_token", request.query.get("access_token")) != COMPONENT_TOKEN:
            return refusal(40001, "invalid credential, access_token is invalid or not latest")
        page = self._authorizers.get(str(asked.get("authorizer_appid", "")))
        if page is None:
            return refusal(61003, "component is not authorized by this account")
        if asked.get("authorizer_refresh_token") != page.secrets["authorizer_refresh_token"]:
            return refusal(61023, "refresh_token is invalid")
        told_again = {"authorizer_refresh_token": page.secrets["authorizer_refresh_token"]}
        return web.json_response({"authorizer_access_token": access(page), "expires_in": TOKEN_SECONDS} | told_again)

    # -- lists --------------------------------------------------------------------------------------------------------------

    def _owner(self, request: web.Request) -> Page | None:
        owner = self._by_token.get(request.query.get("access_token", ""))
        return None if owner is None or self.stage.suffers(faults.DEAD_TOKEN, _way(owner)) else owner

    async def _batch(self, request: web.Request) -> HttpAnswer:
        asked, owner = await json_of(request), self._owner(request)
        if owner is None:
            return refusal(40001, "invalid credential, access_token is invalid or not latest")
        offset, wanted = asked.get("offset", 0), asked.get("count", 0)
        if not isinstance(offset, int) or not isinstance(wanted, int) or not 1 <= wanted <= wire.BATCH_LIMIT:
            return refusal(47001, "data format error")
        return told(wire.wechat_batch(owner, self.stage.shown(owner, Way.WECHAT_LIST), offset, wanted))

    async def _cube(self, request: web.Request) -> HttpAnswer:
        asked, owner = await json_of(request), self._owner(request)
        if owner is None:
            return refusal(40001, "invalid credential, access_token is invalid or not latest")
        if Way.WECHAT_LIST in owner.ways:
            return refusal(48001, "api unauthorized")
        first, last, yesterday = _day(asked.get("begin_date")), _day(asked.get("end_date")), self._yesterday()
        if first is None or last is None:
            return refusal(61500, "date format error")
        if not first <= last <= yesterday or (last - first).days >= CUBE_DAYS or (yesterday - first).days > CUBE_DAYS:
            return refusal(61501, "date range error")
        return told(wire.wechat_cube(owner, self.stage.shown(owner, Way.WECHAT_FULL), first, last))

    def _yesterday(self) -> date:
        return local_date(self.stage.clock.now()) - timedelta(days=1)

    # -- pages --------------------------------------------------------------------------------------------------------------

    async def _article(self, request: web.Request) -> HttpAnswer:
        if self.stage.fault == faults.CAPTCHA:
            return web.Response(body=wire.wechat_wall(), content_type="text/html", charset="utf-8")
        page, item = self._found(request)
        body = wire.wechat_gone() if page is None or item is None else wire.wechat_article(page, item)
        return web.Response(body=body, content_type="text/html", charset="utf-8")

    def _found(self, request: web.Request) -> tuple[Page, Item] | tuple[None, None]:
        asked = request.match_info.get("token") or f"{request.query.get('__biz')} {request.query.get('mid')}"
        for page in self._pages:
            for item in self.stage.items[page.code]:
                name = f"{ids.wechat_biz(page.serial)} {ids.wechat_mid(item.at)}" if page.long_links else wire.short_id(page, item)
                if name == asked:
                    return page, item
        return None, None


def refusal(code: int, text: str) -> HttpAnswer:
    """WeChat answers 200 to everything; the trace id at the end is part of the text."""
    rid = ids.digest("rid", code, text)
    return web.json_response({"errcode": code, "errmsg": f"{text} rid: {rid[:8]}-{rid[8:16]}-{rid[16:24]}"})


def access(page: Page) -> str:
    """Return the access token that the platform hands out for an account."""
    return ids.token(80, "access", page.serial)


def _way(page: Page) -> Way:
    return next(way for way in page.ways if way in WECHAT_OFFICIAL)


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


COMPONENT_TOKEN = ids.token(80, "component access")
