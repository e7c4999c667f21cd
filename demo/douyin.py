"""Douyin, simulated: the gateways an operator runs, in both versions, and the Open Platform with its retired list."""

from __future__ import annotations

from aiohttp import web

from demo import faults, ids
from demo import wire_douyin as wire
from demo.pages import Page, Trouble
from demo.secrets import GATEWAY, SHARED
from demo.stage import HttpAnswer, Stage, number, told
from demo.ways import Way
from monitor.model import Platform

V5_MOST = 50
V5_LONGEST_WAIT = 30
LOOKS_UNTIL_DONE = 2
"""How often a task of the fifth version is asked after before it is done, where the caller does not wait."""
RETIRED = 28001056
EXPIRED = 28001008
LOGIN_ASKED = 2483
RENEWALS, RENEWED_OUT = 5, 10020
"""How often a refresh token is renewed, and the code of the refusal after that."""


class Douyin:
    """Answers for all Douyin accounts of a stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._tasks: dict[str, tuple[Page, int, bool]] = {}
        self._asked: dict[str, int] = {}
        pages = [page for page in stage.world.pages if page.platform is Platform.DOUYIN and page.secrets]
        self._owners = {page.secrets["open_id"]: page for page in pages}
        self._refreshes = {page.secrets["refresh_token"]: page for page in pages}
        self._renewals: dict[str, int] = {}

    def routes(self) -> list[web.RouteDef]:
        guarded = self.stage.guarded
        return [
            web.get(wire.V4_ROUTER, guarded(Way.DOUYIN_V4, self._v4)),
            web.get("/api/v1/douyin/user/posts", guarded(Way.DOUYIN_V5, self._v5)),
            web.get("/api/v1/tasks/{task}", guarded(Way.DOUYIN_V5, self._task)),
            web.get("/api/douyin/v1/video/video_list/", guarded(Way.DOUYIN_OWN, self._list)),
            web.post("/oauth/refresh_token/", guarded(Way.DOUYIN_OWN, self._refresh)),
            web.post("/oauth/renew_refresh_token/", guarded(Way.DOUYIN_OWN, self._renew)),
        ]

    # -- gateways -----------------------------------------------------------------------------------------------------------

    async def _v4(self, request: web.Request) -> HttpAnswer:
        page = self.stage.page(Platform.DOUYIN, request.query.get("sec_user_id", ""))
        if page is None:
            return told(wire.gateway_error(request.query), 400)
        if self.stage.suffers(faults.CAPTCHA, Way.DOUYIN_V4):
            return told(wire.v4({"status_code": 0, "verify_ticket": "", "verify_center_decision_conf": "{}"}))
        if self.stage.suffers(faults.DEAD_COOKIE, Way.DOUYIN_V4):
            return told(wire.v4({"status_code": LOGIN_ASKED, "status_msg": "用户未登录"}))
        guest = page.trouble is Trouble.GUEST_VIEW or self.stage.suffers(faults.GUEST_VIEW, Way.DOUYIN_V4)
        page = self.stage.shown_page(page, Way.DOUYIN_V4)
        return told(wire.douyin_posts(page, self.stage.shown(page, Way.DOUYIN_V4), guest))

    async def _v5(self, request: web.Request) -> HttpAnswer:
        refused = self._key_refused(request)
        if refused is not None:
            return refused
        query = request.query
        page = self.stage.page(Platform.DOUYIN, query.get("sec_user_id", ""))
        wait, count = number(query.get("wait"), 0), number(query.get("count"), 20)
        if wait > V5_LONGEST_WAIT or not 0 < count <= V5_MOST:
            return told(wire.v5_error("INVALID_PARAM", "wait or count out of range"), 400)
        if page is None:
            return told(wire.v5_error("NOT_FOUND", "no such user"), 404)
        if self.stage.suffers(faults.CAPTCHA, Way.DOUYIN_V5):
            return told(wire.v5_error("UPSTREAM_RISK_CONTROL", "upstream asks for a captcha", 60.0), 502)
        task = ids.digest("task", page.serial, self.stage.requests)[:24]
        self._tasks[task] = (page, count, query.get("include_raw", "").lower() in ("1", "true"))
        # Every other answer is waited for in vain: the caller is handed the number of a task and asks again.
        if wait and page.serial % 2:
            return told(wire.v5(self._listed(task), task))
        return told(wire.v5({"task_id": task, "state": "queued"}, task), 202)

    async def _task(self, request: web.Request) -> HttpAnswer:
        refused = self._key_refused(request)
        if refused is not None:
            return refused
        task = request.match_info["task"]
        if task not in self._tasks:
            return told(wire.v5_error("TASK_NOT_FOUND", "no such task, or its result has expired"), 404)
        self._asked[task] = self._asked.get(task, 0) + 1
        if self._asked[task] < LOOKS_UNTIL_DONE:
            return told(wire.v5({"task_id": task, "state": "running"}, task))
        return told(wire.v5({"task_id": task, "state": "done", "data": self._listed(task), "error": None}, task))

    def _listed(self, task: str) -> dict[str, object]:
        page, count, raw = self._tasks[task]
        page = self.stage.shown_page(page, Way.DOUYIN_V5)
        return wire.v5_posts(page, self.stage.shown(page, Way.DOUYIN_V5), count, raw)

    def _key_refused(self, request: web.Request) -> HttpAnswer | None:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if SHARED[GATEWAY]["api_key"] in (request.headers.get("X-API-Key", ""), bearer):
            return None
        return told(wire.v5_error("UNAUTHENTICATED", "no valid API key"), 401)

    # -- the Open Platform --------------------------------------------------------------------------------------------------

    async def _list(self, request: web.Request) -> HttpAnswer:
        page = self._owners.get(request.query.get("open_id", ""))
        token = request.headers.get("access-token", "")
        if page is None:
            return told(wire.open_error(28001015, "token与open_id不匹配"))
        if Way.DOUYIN_RETIRED in page.ways:
            return told(wire.open_error(RETIRED, "该能力API已下线,不再支持调用"))
        # The token of the credentials file has just run out: a refresh brings the one that is good.
        if token != fresh_token(page) or self.stage.suffers(faults.DEAD_TOKEN, Way.DOUYIN_OWN):
            return told(wire.open_error(EXPIRED, "access_token已过期"))
        count = min(number(request.query.get("count"), 10), 20)
        return told(wire.open_videos(page, self.stage.shown(page, Way.DOUYIN_OWN), count))

    async def _refresh(self, request: web.Request) -> HttpAnswer:
        form = await request.post()
        page = self._refreshes.get(str(form.get("refresh_token", "")))
        if page is None or self.stage.suffers(faults.DEAD_TOKEN, Way.DOUYIN_OWN):
            return told(wire.open_error(10010, "refresh_token过期"))
        if form.get("client_key") != page.secrets["client_key"]:
            return told(wire.open_error(10003, "client_key错误"))
        return told(self._grant(page, access_token=fresh_token(page), expires_in="1296000"))

    async def _renew(self, request: web.Request) -> HttpAnswer:
        form = await request.post()
        old = str(form.get("refresh_token", ""))
        page = self._refreshes.get(old)
        if page is None or self.stage.suffers(faults.DEAD_TOKEN, Way.DOUYIN_OWN):
            return told(wire.open_error(10010, "refresh_token过期"))
        if self._renewals.get(page.code, 0) >= RENEWALS:
            return told(wire.open_error(RENEWED_OUT, "refresh_token刷新超过次数限制"))
        self._renewals[page.code] = self._renewals.get(page.code, 0) + 1
        # The old one is dead from here on.
        del self._refreshes[old]
        self._refreshes[self._refresh_token(page)] = page
        return told(wire.open_grant(refresh_token=self._refresh_token(page), expires_in="2592000"))

    def _grant(self, page: Page, **fields: object) -> bytes:
        about = {"open_id": page.secrets["open_id"], "refresh_token": self._refresh_token(page), "refresh_expires_in": "2592000"}
        return wire.open_grant(**about, scope="video.list.bind,renew_refresh_token", **fields)

    def _refresh_token(self, page: Page) -> str:
        times = self._renewals.get(page.code, 0)
        return renewed_token(page, times) if times else page.secrets["refresh_token"]


def fresh_token(page: Page) -> str:
    """Return the access token that the platform takes: not the one in the credentials file, which is a day too old."""
    return f"act.{ids.token(40, 'fresh', page.serial)}"


def renewed_token(page: Page, times: int) -> str:
    """Return the refresh token as it is after so many renewals."""
    return f"rft.{ids.token(40, 'renewed', times, page.serial)}"
