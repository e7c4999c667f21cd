"""A running daemon with accounts of two channels: the second is asked where the first fails, and one post is one post.

Budgets and breakers are as they were after a restart, and after a kill.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from daemons import enrol, quick_settings, running, until
from tools import ROOT

from adapters.channel import Base
from daemon import tables
from monitor.app import App
from monitor.errors import AuthError, Degraded, LookError, RateLimited, SourceRetired, TransportFault
from monitor.model import Account, AccountState, Channel, Platform, Post, Snapshot
from monitor.plugins import Tables
from monitor.ports import ChannelSettings

FAST = {
    "spacing_seconds": 0,
    "in_flight": 4,
    "min_interval_minutes": 0.005,
    "max_interval_minutes": 0.01,
    "daily_budget": 10**8,
    "delay_hours": 0,
}
TITLE = "关于开展防汛应急演练的公告"


def published() -> datetime:
    return (datetime.now(UTC) - timedelta(hours=3)).replace(microsecond=0)


class Bridge:
    """A bridge with one item; it counts who asked, and may refuse."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.status = 200
        self.headers: dict[str, str] = {}
        self.at = published()

    async def feed(self, request: web.Request) -> web.Response:
        self.asked[request.match_info["name"]] += 1
        item = f"<item><title>{TITLE}</title><link>https://example.invalid/p/{request.match_info['name']}</link>"
        item += f"<pubDate>{format_datetime(self.at)}</pubDate></item>"
        body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>甲</title>{item}</channel></rss>'
        return web.Response(status=self.status, body=body.encode(), content_type="application/rss+xml", headers=self.headers)

    def app(self) -> web.Application:
        site = web.Application()
        site.router.add_get("/{name}.xml", self.feed)
        return site


def scripted(error: type[LookError], bridge: Bridge) -> type[Base]:
    """Return a channel named `first` that fails in this way: a degraded one shows the bridge's post under its own address."""

    class First(Base):
        Settings: ClassVar[type[ChannelSettings]] = ChannelSettings
        name: ClassVar[str] = "first"
        asked: ClassVar[list[str]] = []

        async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
            self.asked.append(account.id)
            if error is Degraded:
                post = Post(
                    id=f"wechat:{account.id}:long",
                    account_id=account.id,
                    published_at=bridge.at,
                    first_seen_at=now,
                    url="https://example.invalid/long",
                    title=TITLE,
                )
                raise Degraded("a guest's view", snapshot=Snapshot(channel="first", posts=(post,), digest="d"))
            raise error("no")

    return First


def with_first(first: type[Base]) -> Tables:
    shipped = tables()
    return dataclasses.replace(shipped, adapters={**shipped.adapters, "first": first})


def two_channels(server: TestServer) -> Account:
    feed = Channel(adapter="feed", handle=str(server.make_url("/a.xml")), options={"whole": "1"})
    first = Channel(adapter="first", handle="1", options={"credential": "city"})
    return Account(id="acc", platform=Platform.WECHAT, name="甲", channels=(first, feed))


async def state_of(app: App) -> AccountState:
    return (await app.store.states(["acc"]))["acc"]


async def seen_through_the_second(app: App, bridge: Bridge, raw: Any) -> tuple[AccountState, dict[str, Any]]:
    """Return the state and the newest record once the second channel was asked three times."""

    async def thrice() -> bool:
        return bridge.asked["a"] >= 3 and raw.polls.count_documents({}) >= 3

    await until(thrice)
    return await state_of(app), raw.polls.find_one({}, sort=[("at", -1)])


CODES: Mapping[type[LookError], str] = {RateLimited: "rate_limited", SourceRetired: "source_retired", AuthError: "auth_error"}


@pytest.mark.parametrize("error", CODES, ids=lambda error: error.__name__)
async def test_a_paused_retired_or_lost_channel_is_passed_over_and_the_second_is_asked(
    error: type[LookError], mongod: str, database: str, raw: Any
) -> None:
    bridge = Bridge()
    first = scripted(error, bridge)
    settings = quick_settings(mongod, database, channels={"feed": FAST})
    async with TestServer(bridge.app()) as server, running(settings, plugged=with_first(first)) as app:
        await enrol(app, two_channels(server))
        state, record = await seen_through_the_second(app, bridge, raw)

        assert first.asked == ["acc"], "asked once, then passed over"  # type: ignore[attr-defined]
        assert state.last_post is not None and state.last_good is not None
        assert (state.last_post.channel, state.last_good.channel) == ("feed", "feed")
        assert (state.last_error, state.failures) == (None, 0)
        passed, asked = record["channels"]
        assert (passed["channel"], passed["passed_over"], passed["error"]["code"]) == ("first", True, CODES[error])
        assert asked["channel"] == "feed" and asked["digest"] and "error" not in asked


async def test_a_degraded_channel_gives_its_post_and_the_second_one_the_coverage_and_both_are_one_post(
    mongod: str, database: str, raw: Any
) -> None:
    bridge = Bridge()
    first = scripted(Degraded, bridge)
    settings = quick_settings(mongod, database, channels={"feed": FAST, "first": FAST})
    async with TestServer(bridge.app()) as server, running(settings, plugged=with_first(first)) as app:
        await enrol(app, two_channels(server))
        state, record = await seen_through_the_second(app, bridge, raw)

        assert [doc["_id"] for doc in raw.posts.find({})] == ["wechat:acc:long"]
        assert list(state.aliases.values()) == ["wechat:acc:long"]
        assert state.last_post is not None and state.last_good is not None
        assert (state.last_post.id, state.last_post.channel, state.last_good.channel) == ("wechat:acc:long", "first", "feed")
        assert [each["channel"] for each in record["channels"]] == ["first", "feed"]
        assert record["channels"][0]["error"]["code"] == "degraded"


def single(server: TestServer, name: str) -> Account:
    return Account(
        id=name, platform=Platform.WECHAT, name=name, channels=(Channel(adapter="feed", handle=str(server.make_url(f"/{name}.xml"))),)
    )


async def test_a_budget_and_an_open_breaker_are_as_they_were_after_a_restart(mongod: str, database: str) -> None:
    spent, refusing = Bridge(), Bridge()
    refusing.status = 429
    settings = quick_settings(mongod, database, channels={"feed": {**FAST, "daily_requests": 4}})
    async with TestServer(spent.app()) as one, TestServer(refusing.app()) as two:
        async with running(settings) as app:
            await enrol(app, single(one, "a"), single(two, "b"))
            await until(lambda: spent.asked["a"] == 4 and refusing.asked["b"] == 1)

        async with running(settings) as app:
            await until(lambda: app.picture is not None)
            polls = await app.polling.poll_now(["a", "b"])

            codes = {name: [each.fault.code for each in poll.outcomes if each.fault] for name, poll in polls.items()}
            assert all(found == ["rate_limited"] for found in codes.values())
            assert {usage.used for usage in app.budgets.usage() if usage.name.endswith(str(one.port))} == {4}
            assert {rest.lane for rest in app.pauses.rests(app.clock.now())} >= {f"feed 127.0.0.1:{two.port}"}
        assert (spent.asked["a"], refusing.asked["b"]) == (4, 1)


async def test_a_budget_and_an_open_breaker_are_as_they_were_after_a_kill(tmp_path: Path, mongod: str, database: str, raw: Any) -> None:
    spent, refusing = Bridge(), Bridge()
    refusing.status = 429
    channels = {"feed": {**FAST, "daily_requests": 4}}
    settings = quick_settings(mongod, database, channels=channels)
    async with TestServer(spent.app()) as one, TestServer(refusing.app()) as two:
        async with App(settings, tables()) as app:
            await enrol(app, single(one, "a"), single(two, "b"))
        environment = {
            **os.environ,
            "ZHENGWU_MONGO__URL": mongod,
            "ZHENGWU_MONGO__DATABASE": database,
            "ZHENGWU_WEB__PORT": "0",
            "ZHENGWU_CHANNELS": json.dumps(channels),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "daemon.py"), "run"), env=environment, cwd=tmp_path, stderr=asyncio.subprocess.DEVNULL
        )
        try:

            def written_down() -> bool:
                counts = [sum(doc["counts"].values()) for doc in raw.windows.find({}) if doc["name"].endswith(str(one.port))]
                return counts == [4] and raw.breakers.count_documents({"_id": f"feed 127.0.0.1:{two.port}"}) == 1

            await until(written_down, 40)
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()

        async with running(settings) as app:
            await until(lambda: app.picture is not None)
            await asyncio.sleep(1.0)

            assert any(rest.lane.endswith(str(two.port)) for rest in app.pauses.rests(app.clock.now()))
        assert (spent.asked["a"], refusing.asked["b"]) == (4, 1)


async def test_a_wait_that_a_platform_names_counts_from_its_answer_and_begins_before_the_next_channel_is_asked(
    mongod: str, database: str
) -> None:
    held, passed = asyncio.Event(), asyncio.Event()
    answered: list[datetime] = []

    class First(Base):
        name: ClassVar[str] = "first"

        def lane(self, channel: Channel) -> str:
            return "first"

        async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
            await asyncio.sleep(1.2)
            answered.append(datetime.now(UTC))
            raise RateLimited("slow down", retry_after=1.0)

    class Second(Base):
        name: ClassVar[str] = "second"

        async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
            held.set()
            await passed.wait()
            raise TransportFault("down")

    shipped = tables()
    plugged = dataclasses.replace(shipped, adapters={**shipped.adapters, "first": First, "second": Second})
    settings = quick_settings(mongod, database, channels={name: {**FAST, "breaker_minutes": [0.001]} for name in ("first", "second")})
    channels = tuple(Channel(adapter=name, handle="1") for name in ("first", "second"))
    async with running(settings, plugged=plugged) as app:
        await enrol(app, Account(id="acc", platform=Platform.WECHAT, name="甲", channels=channels))
        await asyncio.wait_for(held.wait(), 20)

        rests = app.pauses.rests(datetime.now(UTC))

        passed.set()
        assert [rest.lane for rest in rests] == ["first"]
        assert timedelta(seconds=0.9) < rests[0].until - answered[0] < timedelta(seconds=1.5)


def as_date(seconds: float) -> dict[str, str]:
    now = datetime.now(UTC)
    return {"Date": format_datetime(now, usegmt=True), "Retry-After": format_datetime(now + timedelta(seconds=seconds), usegmt=True)}


@pytest.mark.parametrize("headers", [{"Retry-After": "7200"}, as_date(7200)], ids=["seconds", "a date"])
async def test_retry_after_rests_the_lane_for_as_long_as_it_says_in_either_form(
    headers: dict[str, str], mongod: str, database: str
) -> None:
    bridge = Bridge()
    bridge.status, bridge.headers = 429, headers
    settings = quick_settings(mongod, database, channels={"feed": FAST})
    async with TestServer(bridge.app()) as server, running(settings) as app:
        await enrol(app, single(server, "a"), single(server, "b"))

        async def both_tried() -> bool:
            return (await app.store.counts(app.clock.now()))["tried"] == 2

        await until(both_tried)
        now = app.clock.now()
        states = (await app.store.states(["a", "b"])).values()

        assert [7190 < (rest.until - now).total_seconds() < 7202 for rest in app.pauses.rests(now)] == [True]
        assert all(each.next_poll_at is not None and each.next_poll_at - now > timedelta(seconds=7190) for each in states)
