"""A group robot's service, or a webhook, for the tests that tell one; its server is the fixture `group` of `group_served`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Group:
    """Stands for a service: keeps what it is told, answers as set."""

    status: int = 200
    body: str = '{"errcode": 0, "errmsg": "ok"}'
    wait: float = 0.0
    drips: bool = False
    heard: list[web.Request] = field(default_factory=list)
    told: list[dict[str, object]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.heard.append(request)
        self.told.append(await request.json())
        await asyncio.sleep(self.wait)
        if self.drips:
            response = web.StreamResponse()
            await response.prepare(request)
            while self.drips:
                await response.write(b" ")
                await asyncio.sleep(0.05)
            return response
        headers = {"Location": "/elsewhere"} if self.status == 302 else {}
        return web.Response(status=self.status, text=self.body, content_type="application/json", headers=headers)
