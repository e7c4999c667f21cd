"""A clock that stands still until it is told to move."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from monitor.model import cut

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
"""A Wednesday noon in Shanghai."""


class FrozenClock:
    """Shows the moment it was set to. Sleeping moves it on and lets the other tasks run; no real time passes."""

    def __init__(self, now: datetime = NOON) -> None:
        self.moment = cut(now)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def elapsed(self) -> float:
        return self.moment.timestamp()

    def advance(self, seconds: float) -> None:
        self.moment = cut(self.moment + timedelta(seconds=seconds))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)
