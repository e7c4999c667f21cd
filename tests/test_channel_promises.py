"""What every channel that asks promises besides what it reads: redirects, cookies, memory, time, and looks broken off."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from channels import NOW, Reply, account, adapter, fixtures, serving
from roads import EVERYTHING, FETCHING, ROADS, good, polled, road, talking

from adapters.http import Door
from monitor.errors import Degraded, LookError
from monitor.model import Account, Snapshot
from monitor.ports import Adapter

MEMORY_CAP = 16_000
"""Bytes of a channel's memory: it is read and written with every look at every account."""


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), body_cap=200_000, retry_wait=0.0) as opened:
        yield opened


# -- redirects and cookies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", ROADS)
async def test_a_redirect_is_not_followed_with_credentials(name: str, status: int, door: Door) -> None:
    async with serving(Reply(good(ROADS[name][0]))) as elsewhere:
        async with serving(Reply(b"", status, {"Location": f"{elsewhere.base_url}/next"})) as served:
            made, watched, vault = await road(name, door, served.base_url)
            poll = await polled(made, watched, vault)

            assert served.requests and elsewhere.requests == []
    assert poll.fault is not None and not any(snapshot.covers_from for snapshot in poll.snapshots)


@pytest.mark.parametrize("name", FETCHING)
async def test_a_cookie_that_a_server_sets_is_never_sent_back(name: str, door: Door) -> None:
    async with serving(Reply(good(name), headers={"Set-Cookie": "session=of-the-server; Path=/"})) as served:
        made, watched, vault = await road(name, door, served.base_url)
        await polled(made, watched, vault)
        await polled(made, watched, vault)

    assert len(served.requests) >= 2
    assert not any("of-the-server" in request.headers.get("Cookie", "") for request in served.requests)
    kept = {request.headers.get("Cookie", "") for request in served.requests}
    assert kept == ({EVERYTHING["cookie"]} if name == "weibo.web" else {""})


# -- memory and time ------------------------------------------------------------------------------------------------------------


def bodies() -> Iterator[Any]:
    for name in FETCHING:
        yield from (pytest.param(name, path.read_bytes(), id=f"{name}-{path.stem}") for path in fixtures(name))


@pytest.mark.parametrize(("name", "body"), list(bodies()))
async def test_memory_stays_small_whatever_the_server_says(name: str, body: bytes, door: Door) -> None:
    endless = {"ETag": '"' + "e" * 4_000 + '"', "Last-Modified": "m" * 4_000}
    async with serving(Reply(body, headers=endless)) as served:
        made, watched = adapter(name, door, served.base_url), account(name, served.base_url)
        memory: Mapping[str, Any] = {}
        for hours in range(3):
            memory = await remembered(made, watched, memory, NOW + timedelta(hours=hours))

    assert len(json.dumps(memory)) <= MEMORY_CAP
    assert all(isinstance(value, (str, int, float, bool, type(None))) for value in memory.values())


async def remembered(made: Adapter, watched: Account, memory: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    try:
        return (await made.look(watched, watched.channels[0], memory, now)).memory
    except Degraded as error:
        return error.snapshot.memory if error.snapshot else memory
    except LookError:
        return memory


ODD_MEMORIES: tuple[Mapping[str, Any], ...] = (
    {"digest": 1, "covers_from": "x", "fingerprint": [], "peek": {}, "peeks": "y", "etag": 5, "manner": None, "dialect": "z", "read": 7},
    {"digest": "d", "covers_from": 10**30, "fingerprint": "f" * 100_000},
    {"digest": "d", "covers_from": -1, "known_first": "soon", "known_last": "later", "floor": 9, "again": "x", "biz": [], "author": {}},
    {"digest": "d", "covers_from": 0, "fingerprint": "", "peek": "", "peeks": -3, "etag": "\r\nX: y", "last_modified": "\x00"},
)


@pytest.mark.parametrize("memory", ODD_MEMORIES, ids=["wrong kinds", "far too large", "out of range", "unfit for a header"])
@pytest.mark.parametrize("name", FETCHING)
async def test_a_memory_nobody_wrote_is_no_reason_to_fail_or_to_believe(name: str, memory: Mapping[str, Any], door: Door) -> None:
    async with serving(Reply(good(name))) as served:
        made, watched = adapter(name, door, served.base_url), account(name, served.base_url)
        snapshot = await made.look(watched, watched.channels[0], memory, NOW)

    assert snapshot.posts and not snapshot.unchanged


@pytest.mark.parametrize("now", [datetime(2026, 11, 20, 4, 0, tzinfo=UTC), datetime(2031, 2, 28, 16, 30, tzinfo=UTC)], ids=str)
@pytest.mark.parametrize("name", FETCHING)
async def test_a_look_knows_no_other_time_than_the_one_it_is_given(name: str, now: datetime, door: Door) -> None:
    async with serving(Reply(good(name))) as served:
        made, watched = adapter(name, door, served.base_url), account(name, served.base_url)
        snapshot = await made.look(watched, watched.channels[0], {}, now)

    assert snapshot.posts and all(post.first_seen_at == now for post in snapshot.posts)
    assert all(post.deleted_at in (None, now) for post in snapshot.posts)
    assert snapshot.covers_until in (None, now)


@pytest.mark.parametrize("name", FETCHING)
async def test_what_was_published_after_the_time_given_is_not_known_yet(name: str, door: Door) -> None:
    early = datetime(2016, 3, 1, tzinfo=UTC)
    async with serving(Reply(good(name))) as served:
        made, watched = adapter(name, door, served.base_url), account(name, served.base_url)
        snapshot: Snapshot | None = None
        with pytest.raises(LookError):
            snapshot = await made.look(watched, watched.channels[0], {}, early)

    assert snapshot is None


# -- looks broken off -----------------------------------------------------------------------------------------------------------


async def requests_of(name: str, door: Door) -> int:
    """Return how many requests a whole look makes on this road."""
    async with serving() as served:
        talking(served, ROADS[name][0])
        made, watched, _ = await road(name, door, served.base_url)
        await made.look(watched, watched.channels[0], {}, NOW)
        return len(served.requests)


@pytest.mark.parametrize("name", ROADS)
async def test_a_look_broken_off_at_any_request_leaves_the_channel_fit_for_the_next(name: str, door: Door) -> None:
    for broken in range(1, await requests_of(name, door) + 1):
        async with serving() as served:
            talking(served, ROADS[name][0])
            served.held = frozenset({broken})
            made, watched, _ = await road(name, door, served.base_url)
            running = asyncio.create_task(made.look(watched, watched.channels[0], {}, NOW))
            async with asyncio.timeout(5):
                await served.holding.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            served.closing.set()
            async with asyncio.timeout(5):
                snapshot = await made.look(watched, watched.channels[0], {}, NOW)

        assert snapshot.posts, broken


@pytest.mark.parametrize("name", ROADS)
async def test_looks_that_run_together_do_not_stand_in_each_others_way(name: str, door: Door) -> None:
    async with serving() as served:
        talking(served, ROADS[name][0])
        made, watched, _ = await road(name, door, served.base_url)
        channel = watched.channels[0]
        async with asyncio.timeout(10):
            snapshots = await asyncio.gather(*(made.look(watched, channel, {}, NOW) for _ in range(5)))

    assert len({tuple(post.id for post in snapshot.posts) for snapshot in snapshots}) == 1 and snapshots[0].posts
