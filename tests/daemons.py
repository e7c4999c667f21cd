"""Runs the real daemon in a test: real loops, real MongoDB, a clock that the test sets."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any

from daemon import tables
from monitor.app import App
from monitor.model import Account, cut
from monitor.plugins import Tables
from monitor.settings import Settings

QUICK: Mapping[str, Any] = {
    "web": {"enabled": False},
    "poll": {"idle_seconds": 0.05, "retry_wait_seconds": 0.01},
    "judge": {"tick_seconds": 0.2},
    "notify": {"interval_seconds": 0.2, "retry_seconds": 0.2},
    "guards": {"settle_seconds": 0.0},
    "schedule": {"solve_seconds": 0.01},
}
"""Settings under which a daemon's day passes in seconds."""


class SetClock:
    """Says what it was last set to; sleeping takes real time, cut short so that no test waits for a back-off."""

    def __init__(self, now: datetime) -> None:
        self.moment = cut(now)

    def now(self) -> datetime:
        return self.moment

    def elapsed(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))


def merged(*tables_of_settings: Mapping[str, Any]) -> dict[str, Any]:
    """Lay settings over one another, section by section."""
    whole: dict[str, Any] = {}
    for table in tables_of_settings:
        for key, value in table.items():
            whole[key] = merged(whole.get(key, {}), value) if isinstance(value, Mapping) else value
    return whole


def quick_settings(url: str, database: str, **changes: Any) -> Settings:
    return Settings(**merged(QUICK, {"mongo": {"url": url, "database": database, "server_selection_seconds": 1.0}}, changes))


@contextlib.asynccontextmanager
async def running(settings: Settings, clock: Any = None, plugged: Tables | None = None) -> AsyncIterator[App]:
    """Run the daemon's loops while the block is open; stop them in order after it. `plugged` stands in for the shipped tables."""
    async with App(settings, plugged or tables(), clock, random.Random(7)) as app:
        stop = asyncio.Event()
        loops = asyncio.create_task(app.run(stop))
        try:
            yield app
        finally:
            stop.set()
            await asyncio.wait_for(loops, 30)


async def enrol(app: App, *accounts: Account) -> None:
    """Put accounts on the roster, due at once."""
    await app.store.put_accounts(accounts, app.lanes(list(accounts)), app.clock.now())


async def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until the condition (a function or coroutine function) holds; fail after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        held = true()
        if asyncio.iscoroutine(held):
            held = await held
        if held:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the condition did not come true in time")
