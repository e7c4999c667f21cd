"""The audit log after a kill between a step and its note: the next daemon completes it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from clocks import NOON
from daemons import SetClock, quick_settings, running, until
from test_life import FAILED, idle

from monitor import life
from monitor.store import Store
from monitor.telling.trail import Act
from monitor.writes import AlertChange


async def test_a_daemon_that_starts_notes_what_a_killed_one_left_out(store: Store, raw: Any, mongod: str, database: str) -> None:
    await store.put_alerts([AlertChange(None, each) for each in life.settle({}, [idle(FAILED)], NOON)])
    raw.trail.delete_many({})

    async with running(quick_settings(mongod, database), SetClock(NOON + timedelta(hours=1))):
        await until(lambda: raw.trail.count_documents({"act": Act.OPENED}))


async def test_a_daemon_started_again_at_once_notes_it_too(store: Store, raw: Any, mongod: str, database: str) -> None:
    await store.put_alerts([AlertChange(None, each) for each in life.settle({}, [idle(FAILED)], NOON)])
    raw.trail.delete_many({})
    clock = SetClock(NOON + timedelta(seconds=5))

    async with running(quick_settings(mongod, database), clock) as app:
        await app.ticking.done.wait()
        assert not raw.trail.count_documents({"act": Act.OPENED})
        clock.moment = NOON + timedelta(minutes=5)
        await until(lambda: raw.trail.count_documents({"act": Act.OPENED}))
