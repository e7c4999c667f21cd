"""Hostile answers through the running daemon: each gets its error class, none becomes silence, none stops the neighbours."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from daemons import enrol, quick_settings, running, until

from monitor.model import Account, Channel, Platform, Verdict

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
MIB = 1024 * 1024
NOW = datetime.now(UTC)


def rss(*items: str) -> bytes:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>某发布</title>{"".join(items)}</channel></rss>'.encode()


def item(number: int, at: datetime) -> str:
    return f"<item><title>第{number}条</title><link>https://a.example/{number}</link><pubDate>{format_datetime(at)}</pubDate></item>"


OLD = rss(item(1, NOW - timedelta(days=40)), item(2, NOW - timedelta(days=41)))
"""What the account had shown before its source went bad: by its date alone it would be a zombie."""


def body(content: bytes, content_type: str = "application/xml", status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=content, content_type=content_type, status=status, headers=headers)

    return answer


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/xml"})
    await response.prepare(request)
    while True:
        await response.write(b"<item/>" * 9_000)


async def cut_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(OLD))})
    await response.prepare(request)
    await response.write(OLD[: len(OLD) // 2])
    assert request.transport is not None
    request.transport.abort()
    return response


async def silent(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


BOMB = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><rss version="2.0"><channel>&b;</channel></rss>'

ANSWERS: Mapping[str, tuple[Answer, str]] = {
    "truncated xml": (body(OLD[:-60]), "degraded"),
    "nothing at all": (body(b""), "transport_fault"),
    "not utf-8": (body(b"\xff\xfe\x00\xd8" * 200), "parse_error"),
    "a web page": (body(b"<!doctype html><html><body>login</body></html>", "text/html"), "parse_error"),
    "an entity bomb": (body(BOMB), "parse_error"),
    "a gzip bomb": (body(gzip.compress(b" " * (40 * MIB)), headers={"Content-Encoding": "gzip"}), "parse_error"),
    "an endless body": (endless, "parse_error"),
    "a connection cut off": (cut_off, "transport_fault"),
    "a server that says nothing": (silent, "transport_fault"),
    "an empty feed": (body(rss()), "degraded"),
    "a feed without dates": (body(rss("<item><title>甲</title><link>https://a.example/9</link></item>")), "parse_error"),
    "json that is no feed": (body(json.dumps({"items": 7}).encode(), "application/json"), "parse_error"),
    "http 500": (body(b"oops", status=500), "transport_fault"),
    "http 429": (body(b"slow down", status=429), "rate_limited"),
    "http 403": (body(b"login", status=403), "auth_error"),
}


class Site:
    """One path an account; each first shows an old feed, then turns bad."""

    def __init__(self) -> None:
        self.bad = False

    async def feed(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name == "well":
            return await body(rss(item(3, NOW - timedelta(hours=1)), item(4, NOW - timedelta(days=50))))(request)
        return await (ANSWERS[name][0] if self.bad else body(OLD))(request)

    def app(self) -> web.Application:
        site = web.Application()
        site.router.add_get("/{name}", self.feed)
        return site


def account(server: TestServer, name: str) -> Account:
    channel = Channel(adapter="feed", handle=str(server.make_url("/") / name), options={"whole": "1"})
    return Account(id=name.replace(" ", "-"), platform=Platform.WECHAT, name=name, channels=(channel,))


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_bad_answer_ends_in_its_class_and_never_in_silence(name: str, mongod: str, database: str) -> None:
    site = Site()
    feed = {"spacing_seconds": 0, "in_flight": 8, "min_interval_minutes": 0.004, "max_interval_minutes": 0.005, "daily_budget": 10**8}
    changes = {
        "channels": {"feed": {**feed, "delay_hours": 0, "timeout_seconds": 1.0}},
        "schedule": {"rate_pause_minutes": 0.01, "backoff_start_minutes": 0.01, "backoff_cap_hours": 0.001},
    }
    async with TestServer(site.app()) as server, running(quick_settings(mongod, database, **changes)) as app:
        sick, well = account(server, name), account(server, "well")
        await enrol(app, sick, well)

        async def seen() -> bool:
            return len(await app.store.posts(sick.id)) == 2 and bool(await app.store.posts(well.id))

        await until(seen)
        before = await app.store.posts(sick.id)
        site.bad = True

        async def failing() -> bool:
            return (await app.store.states([sick.id]))[sick.id].last_error is not None

        await until(failing)
        state = (await app.store.states([sick.id]))[sick.id]
        assert state.last_error is not None
        assert state.last_error.code == ANSWERS[name][1]
        assert state.last_post is not None
        span = state.sight.last_span()
        assert span is not None
        assert state.failing_since is not None
        assert span[1] <= state.failing_since, "nothing was covered since it went bad"
        assert [post.id for post in await app.store.posts(sick.id)] == [post.id for post in before]

        looked = (await app.store.states([well.id]))[well.id].last_tried_at

        async def goes_on() -> bool:
            later = (await app.store.states([well.id]))[well.id]
            return later.last_tried_at != looked and later.last_error is None

        if ANSWERS[name][1] != "rate_limited":
            await until(goes_on)
        standings = {who.id: standing for who, standing in await app.standings()}
        assert standings[well.id].verdict is Verdict.QUALIFIED
        # Seen whole until a moment ago, it may be called silent; two days blind, nobody knows.
        later = app.judge.facts(sick, state, app.clock.now() + timedelta(days=2), ())
        assert app.judge.grader.stand(later).verdict is Verdict.UNDETERMINED
