"""Toutiao, simulated: a gateway of the operator's own that hands on the rows of a profile."""

from __future__ import annotations

from aiohttp import web

from demo import wire_toutiao as wire
from demo.stage import HttpAnswer, Stage, told
from demo.ways import Way
from monitor.model import Platform


class Toutiao:
    """Answers for all Toutiao accounts of a stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/toutiao/rows/{token}", self.stage.guarded(Way.TOUTIAO_ROWS, self._rows))]

    async def _rows(self, request: web.Request) -> HttpAnswer:
        page = self.stage.page(Platform.TOUTIAO, request.match_info["token"])
        if page is None:
            return web.Response(status=404, text="no such token")
        page = self.stage.shown_page(page, Way.TOUTIAO_ROWS)
        return told(wire.rows(page, self.stage.shown(page, Way.TOUTIAO_ROWS)))
