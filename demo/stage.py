"""What all simulated platforms share: the posts as they stand at this moment, and what the fault in force does to a request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import orjson
from aiohttp import web

from demo import faults
from demo.faults import SLOW_SECONDS, TABLE, THROTTLE_SECONDS
from demo.pages import Page
from demo.rhythm import FROZEN_DAYS, Item
from demo.ways import Way
from demo.world import LIVE_SECONDS, World
from monitor.model import Platform, local_date
from monitor.ports import Clock

JSON = "application/json"
HttpAnswer = web.StreamResponse
Handler = Callable[[web.Request], Awaitable[HttpAnswer]]
OLD_VIEW = frozenset({faults.FROZEN_SOURCE, faults.GUEST_VIEW})
"""Faults under which only what is weeks old is shown."""


class Stage:
    """Holds the world's posts and publishes the live ones as their moments come. Raises ValueError for an unknown fault."""

    def __init__(self, world: World, clock: Clock, fault: str = "") -> None:
        if fault and fault not in TABLE:
            raise ValueError(f"unknown fault {fault!r}")
        self.world, self.clock, self.fault = world, clock, fault
        self.requests = 0
        self.published = 0
        self.items = {page.code: list(page.items) for page in world.pages}
        self._pages = {(page.platform, page.handle): page for page in world.pages}

    def page(self, platform: Platform, handle: str) -> Page | None:
        return self._pages.get((platform, handle))

    def newest(self, code: str) -> Item | None:
        """Return what the account published last, live posts included."""
        return self.items[code][0] if self.items[code] else None

    def suffers(self, fault: str, way: Way) -> bool:
        """Whether this fault is in force and strikes this way."""
        return fault == self.fault and way in TABLE[fault].strikes

    def shown(self, page: Page, way: Way) -> Sequence[Item]:
        """Return the account's posts as this way shows them now, newest first."""
        self.requests += 1
        self.publish_due(self.clock.now())
        items = self.items[page.code]
        if self.fault not in OLD_VIEW or not self.suffers(self.fault, way):
            return items
        last = local_date(self.world.now) - timedelta(days=FROZEN_DAYS)
        return [item for item in items if local_date(item.at) <= last]

    def shown_page(self, page: Page, way: Way) -> Page:
        """Return whose page is shown for this account's: its own, or under the fault that of the next on its platform."""
        if not self.suffers(faults.WRONG_ACCOUNT, way):
            return page
        others = [each for each in self.world.pages if each.platform is page.platform and each.items and not each.trouble]
        return next((each for each in others if each.serial > page.serial), others[0])

    def publish_due(self, now: datetime) -> None:
        """Publish the live posts whose moments have come."""
        due = int((now - self.world.now).total_seconds() / LIVE_SECONDS)
        while self.published < due:
            self.published += 1
            page, item = self.world.live(self.published)
            self.items[page.code].insert(0, item)

    def publish(self, page: Page, item: Item) -> None:
        """Publish a post of this account, at once."""
        self.items[page.code].insert(0, page.publishing(item))

    def guarded(self, way: Way, handler: Handler) -> Handler:
        """Return the handler of a way as the network lets one reach it: throttled, slow or cut off under these faults."""

        async def answer(request: web.Request) -> HttpAnswer:
            return await self.hindered(way, request) or await handler(request)

        return answer

    async def hindered(self, way: Way, request: web.Request) -> HttpAnswer | None:
        """Return what comes instead of any answer, None where nothing stands in the way."""
        if self.suffers(faults.THROTTLE, way):
            return web.Response(status=429, headers={"Retry-After": str(THROTTLE_SECONDS)}, text="Too Many Requests")
        if self.suffers(faults.SLOW, way):
            await asyncio.sleep(SLOW_SECONDS)
            if request.transport is None or request.transport.is_closing():
                # Whoever asked has gone meanwhile; what was sent along can no longer be read.
                return web.Response()
        if self.suffers(faults.RESET, way) and request.transport is not None:
            request.transport.abort()
        return None


def told(body: bytes, status: int = 200) -> HttpAnswer:
    return web.Response(status=status, body=body, content_type=JSON, charset="utf-8")


async def json_of(request: web.Request) -> Mapping[str, object]:
    """Return the JSON object that was sent, empty when it is none."""
    try:
        asked = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return {}
    return asked if isinstance(asked, dict) else {}


def number(text: object, default: int) -> int:
    """Return a query's whole number, the default where it has none."""
    return int(text) if isinstance(text, str) and text.isdigit() and len(text) < 11 else default
