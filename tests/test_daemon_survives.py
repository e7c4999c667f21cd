"""The daemon while things break: the database killed in mid-run, a bridge that fails, a stop in the middle of slow looks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from daemons import enrol, quick_settings, running, until
from tools import ROOT

from daemon import tables
from monitor.app import App
from monitor.embedded import Embedded
from monitor.model import Account, Channel, Platform

FAST = {
    "feed": {
        "spacing_seconds": 0,
        "in_flight": 16,
        "min_interval_minutes": 0.005,
        "max_interval_minutes": 0.01,
        "daily_budget": 10**8,
        "delay_hours": 0,
    }
}
"""Looks every half second: a day of polls in some seconds."""


class Bridge:
    """A bridge that publishes a new item on every look, and remembers what it has shown."""

    def __init__(self) -> None:
        self.shown: dict[str, list[str]] = {}
        self.delay = 0.0
        self.status = 200
        self.hanging = 0
        self.asked: dict[str, int] = {}

    async def feed(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if self.delay:
            self.hanging += 1
            await asyncio.sleep(self.delay)
        self.asked[name] = self.asked.get(name, 0) + 1
        if self.status != 200:
            return web.Response(status=self.status, text="broken")
        items = self.shown.setdefault(name, [])
        items.append(f"https://example.invalid/{name}/{len(items)}")
        return web.Response(body=_rss(items[-20:], len(items)), content_type="application/rss+xml")

    def app(self) -> web.Application:
        site = web.Application()
        site.router.add_get("/{name}.xml", self.feed)
        return site


def _rss(links: list[str], count: int) -> bytes:
    begun = datetime.now(UTC) - timedelta(hours=2)
    first = count - len(links)
    dates = [format_datetime(begun + timedelta(seconds=first + n)) for n in range(len(links))]
    items = "".join(
        f"<item><title>第{first + n}条</title><link>{link}</link><pubDate>{dates[n]}</pubDate></item>"
        for n, link in reversed(list(enumerate(links)))
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>某发布</title>{items}</channel></rss>'.encode()


def accounts(server: TestServer, count: int) -> list[Account]:
    return [
        Account(
            id=f"acc{n}",
            platform=Platform.WECHAT,
            name=f"账号{n}",
            channels=(Channel(adapter="feed", handle=str(server.make_url(f"/acc{n}.xml")), options={"whole": "1"}),),
        )
        for n in range(count)
    ]


async def stored(app, account: str) -> set[str]:
    return {post.url for post in await app.store.posts(account)}


async def test_killing_the_database_in_mid_run_loses_no_acknowledged_post(tmp_path: Path) -> None:
    bridge = Bridge()
    async with TestServer(bridge.app()) as server, Embedded(tmp_path / "mongo") as mongod:
        async with running(quick_settings(mongod.url, "city", channels=FAST)) as app:
            await enrol(app, *accounts(server, 20))
            await until(lambda: len(bridge.shown) == 20 and all(len(items) >= 3 for items in bridge.shown.values()))
            acknowledged = {name: await stored(app, name) for name in bridge.shown}
            assert all(acknowledged.values())

            await mongod.kill()
            await asyncio.sleep(1.5)
            await mongod.start()

            rounds = {name: len(items) for name, items in bridge.shown.items()}
            await until(lambda: all(len(items) >= rounds[name] + 3 for name, items in bridge.shown.items()), 40)
            after = {name: await stored(app, name) for name in bridge.shown}
            assert all(acknowledged[name] <= after[name] for name in acknowledged)
            # What a page showed last is stored by the next look at the latest: nothing fell into the gap.
            for name, items in bridge.shown.items():
                assert set(items[: rounds[name]]) <= await stored(app, name)


async def test_a_source_that_fails_for_a_while_moves_nothing_back_and_is_no_silence(mongod: str, database: str) -> None:
    bridge = Bridge()
    changes = {"channels": FAST, "schedule": {"backoff_start_minutes": 0.005, "backoff_cap_hours": 0.001}}
    async with TestServer(bridge.app()) as server, running(quick_settings(mongod, database, **changes)) as app:
        await enrol(app, *accounts(server, 1))
        await until(lambda: len(bridge.shown.get("acc0", [])) >= 4)

        bridge.status = 500

        async def failing() -> bool:
            state = (await app.store.states(["acc0"]))["acc0"]
            return state.failures >= 2

        await until(failing)
        state = (await app.store.states(["acc0"]))["acc0"]
        assert state.last_post is not None
        assert state.last_error is not None
        assert state.last_error.code == "transport_fault"
        assert state.sight.last_span()[1] <= state.failing_since
        bridge.status = 200

        async def well() -> bool:
            return (await app.store.states(["acc0"]))["acc0"].last_error is None

        await until(well)


async def test_a_throttled_source_is_left_alone_by_all_its_accounts_and_taken_up_again(mongod: str, database: str) -> None:
    bridge = Bridge()
    bridge.status = 429
    changes = {"channels": {"feed": {**FAST["feed"], "in_flight": 1, "breaker_minutes": [0.05]}}, "schedule": {"rate_pause_minutes": 0.05}}
    async with TestServer(bridge.app()) as server, running(quick_settings(mongod, database, **changes)) as app:
        await enrol(app, *accounts(server, 10))

        async def all_tried() -> bool:
            return (await app.store.counts(app.clock.now()))["tried"] == 10

        await until(all_tried)
        states = (await app.store.states([f"acc{n}" for n in range(10)])).values()
        assert sum(bridge.asked.values()) == 1, "one refusal is enough for all"
        assert {state.last_error.code for state in states} == {"rate_limited"}
        assert all(state.next_poll_at - state.last_tried_at < timedelta(minutes=2) for state in states)


async def test_a_stop_gives_slow_looks_back_within_the_time_and_they_are_due_again(mongod: str, database: str) -> None:
    bridge = Bridge()
    bridge.delay = 30.0
    changes = {"channels": FAST, "poll": {"stop_seconds": 0.5}}
    async with TestServer(bridge.app()) as server:
        async with running(quick_settings(mongod, database, **changes)) as app:
            await enrol(app, *accounts(server, 5))
            await until(lambda: bridge.hanging == 5)
            begun = time.monotonic()
        assert time.monotonic() - begun < 5

        bridge.delay = 0.0
        async with running(quick_settings(mongod, database, **changes)) as app:
            # Not after the lease of three minutes: they were given back.
            await until(lambda: len(bridge.shown) == 5, 10)


async def test_a_killed_daemon_s_accounts_come_back_when_their_lease_ends(mongod: str, database: str) -> None:
    bridge = Bridge()
    changes = {"channels": FAST, "poll": {"lease_seconds": 1.0}}
    async with TestServer(bridge.app()) as server, running(quick_settings(mongod, database, **changes)) as app:
        await enrol(app, *accounts(server, 3))
        await until(lambda: len(bridge.shown) == 3)

        lost = await app.store.claim(["acc0", "acc1", "acc2"], "a daemon that dies now", app.clock.now(), timedelta(seconds=1), force=True)

        assert len(lost) == 3
        rounds = {name: len(items) for name, items in bridge.shown.items()}
        await until(lambda: all(len(items) > rounds[name] + 1 for name, items in bridge.shown.items()))


@pytest.mark.parametrize("signal_name", ["SIGTERM", "SIGINT"])
async def test_the_command_stops_in_order_on_a_signal(signal_name: str, tmp_path: Path, mongod: str, database: str) -> None:
    environment = {**os.environ, "ZHENGWU_MONGO__URL": mongod, "ZHENGWU_MONGO__DATABASE": database, "ZHENGWU_WEB__PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "daemon.py"), "run"), env=environment, cwd=tmp_path, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    heard = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(30):
            while b"started" not in heard:
                heard += await process.stderr.readline()

    process.send_signal(getattr(signal, signal_name))
    rest = await asyncio.wait_for(process.stderr.read(), 20)

    assert await process.wait() == 0
    assert b"stopped" in heard + rest


async def test_it_stops_in_time_although_the_database_hangs(tmp_path: Path) -> None:
    bridge = Bridge()
    async with TestServer(bridge.app()) as server, Embedded(tmp_path / "mongo") as mongod:
        async with App(quick_settings(mongod.url, "city"), tables()) as app:
            await enrol(app, *accounts(server, 3))
        environment = {
            **os.environ,
            "ZHENGWU_MONGO__URL": mongod.url,
            "ZHENGWU_MONGO__DATABASE": "city",
            "ZHENGWU_WEB__PORT": "0",
            "ZHENGWU_POLL__STOP_SECONDS": "4",
            "ZHENGWU_CHANNELS": '{"feed": {"spacing_seconds": 0, "in_flight": 9}}',
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "daemon.py"), "run"), env=environment, cwd=tmp_path, stderr=asyncio.subprocess.PIPE
        )
        try:
            bridge.delay = 60.0
            await until(lambda: bridge.hanging == 3)
            mongod.pause()
            await asyncio.sleep(1.0)
            begun = time.monotonic()

            process.send_signal(signal.SIGTERM)

            assert await asyncio.wait_for(process.wait(), 20) == 0
            assert time.monotonic() - begun < 10
        finally:
            mongod.resume()
            if process.returncode is None:
                process.kill()
                await process.wait()
