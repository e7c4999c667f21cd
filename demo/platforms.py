"""The simulated platforms: one real HTTP server on loopback that speaks the wire formats of all platforms, gateways and bridges."""

from __future__ import annotations

from typing import Self

from aiohttp import web

from demo.bridges import Bridges
from demo.douyin import Douyin
from demo.rhythm import Item
from demo.stage import Stage
from demo.toutiao import Toutiao
from demo.wechat import Wechat
from demo.weibo import Weibo
from demo.world import World
from monitor.ports import Clock

LOOPBACK = "127.0.0.1"


class Platforms:
    """Serves a world until it is closed; open it with `async with`. `base_url` says where. Raises ValueError for an unknown fault.

    It publishes the world's live posts as their moments come. It asks for the credentials, as the real platforms do.
    """

    def __init__(self, world: World, clock: Clock, fault: str = "") -> None:
        self.stage = Stage(world, clock, fault)

    async def __aenter__(self) -> Self:
        application = web.Application()
        for part in (Weibo(self.stage), Wechat(self.stage), Douyin(self.stage), Toutiao(self.stage), Bridges(self.stage)):
            application.add_routes(part.routes())
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
        return self.stage.newest(code)
