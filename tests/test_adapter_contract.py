"""What every channel promises, over every line of ADAPTERS and every fixture it has: through a real server and a real door."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from channels import EXAMPLES, NOW, SECRET, TOKEN, Reply, Served, account, adapter, fixtures, serving

from adapters import ADAPTERS
from adapters.http import Door
from monitor.errors import LOOK_ERRORS, AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired, TransportFault
from monitor.model import Snapshot
from monitor.ports import Adapter, ChannelSettings

FETCHING = [name for name, example in EXAMPLES.items() if example.fetches]
BODIES = [pytest.param(name, path, id=f"{name}-{path.stem}") for name in FETCHING for path in fixtures(name)]
LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), body_cap=200_000, retry_wait=0.0) as opened:
        yield opened


async def look(channel: str, door: Door, served: Served, memory: Mapping[str, Any] | None = None, later: bool = False) -> Snapshot:
    made = adapter(channel, door, served.base_url)
    watched = account(channel, served.base_url)
    return await made.look(watched, watched.channels[0], memory or {}, LATER if later else NOW)


async def shown(channel: str, door: Door, served: Served, memory: Mapping[str, Any] | None = None, later: bool = False) -> Snapshot | None:
    """Return the snapshot of a look, also one that a degraded look kept; None when there is none."""
    try:
        return await look(channel, door, served, memory, later)
    except Degraded as error:
        return error.snapshot
    except LookError:
        return None


def test_every_channel_of_the_table_has_an_example_and_a_fixture() -> None:
    assert set(ADAPTERS) == set(EXAMPLES)
    assert all(fixtures(name) for name in FETCHING)


@pytest.mark.parametrize("name", ADAPTERS)
async def test_a_channel_owns_its_settings_and_says_whether_it_is_first_hand(name: str, door: Door) -> None:
    kind = ADAPTERS[name]
    made: Adapter = adapter(name, door, "http://127.0.0.1:1")

    assert issubclass(kind.Settings, ChannelSettings)
    assert isinstance(kind.first_hand, bool)
    assert isinstance(made.settings, kind.Settings)
    assert made.lane(account(name).channels[0])


@pytest.mark.parametrize(("name", "path"), BODIES)
async def test_a_look_gives_a_sound_snapshot_or_a_look_error(name: str, path: Path, door: Door) -> None:
    async with serving(Reply.of(path)) as served:
        snapshot = await shown(name, door, served)

    if snapshot is None:
        return
    times = [post.published_at for post in snapshot.posts]
    assert snapshot.channel == name
    assert times == sorted(times, reverse=True)
    assert all(time <= NOW + timedelta(minutes=10) for time in times)
    assert len({post.id for post in snapshot.posts}) == len(snapshot.posts)
    watched = account(name)
    assert all(post.id.startswith(f"{watched.platform}:{watched.id}:") and post.account_id == watched.id for post in snapshot.posts)
    assert all(post.first_seen_at == NOW for post in snapshot.posts)
    assert (snapshot.covers_from is None) == (snapshot.covers_until is None)
    assert (snapshot.covers_from is None) or (not snapshot.partial and snapshot.covers_from <= snapshot.covers_until <= NOW)
    assert snapshot.digest


@pytest.mark.parametrize(("name", "path"), BODIES)
async def test_memory_is_flat_and_fit_for_the_database(name: str, path: Path, door: Door) -> None:
    async with serving(Reply.of(path, ETag='"a"')) as served:
        snapshot = await shown(name, door, served)

    if snapshot is not None:
        assert all(isinstance(value, (str, int, float, bool, type(None))) for value in snapshot.memory.values())
        assert json.loads(json.dumps(snapshot.memory)) == snapshot.memory


@pytest.mark.parametrize(("name", "path"), BODIES)
async def test_the_same_body_again_is_unchanged_or_as_partial_as_before(name: str, path: Path, door: Door) -> None:
    async with serving(Reply.of(path)) as served:
        first = await shown(name, door, served)
        again = await shown(name, door, served, first.memory if first else {}, later=True)

    if first is None or again is None:
        assert first is again
    elif first.memory:
        assert again.unchanged and again.posts == () and not again.partial
        assert (again.covers_from, again.covers_until) == (first.covers_from, LATER)
        assert again.memory == first.memory
    else:
        assert not again.unchanged
        assert again.partial == first.partial
        assert [post.id for post in again.posts] == [post.id for post in first.posts]


@pytest.mark.parametrize("name", FETCHING)
async def test_a_failing_server_is_a_transport_fault_tried_three_times(name: str, door: Door) -> None:
    async with serving(Reply(b"oops", 502)) as served:
        with pytest.raises(TransportFault):
            await look(name, door, served)

        assert len(served.requests) == 3


@pytest.mark.parametrize("name", FETCHING)
async def test_an_absent_server_is_a_transport_fault(name: str, door: Door) -> None:
    with pytest.raises(TransportFault):
        await look(name, door, Served(base_url="http://127.0.0.1:1"))


@pytest.mark.parametrize("name", FETCHING)
async def test_a_throttling_server_is_believed_about_how_long_to_wait(name: str, door: Door) -> None:
    async with serving(Reply(b"{}", 429, {"Retry-After": "77"})) as served:
        with pytest.raises(RateLimited) as caught:
            await look(name, door, served)

    assert caught.value.retry_after == 77
    assert len(served.requests) == 1


HOSTILE = {
    "empty": b"",
    "blanks": b" \n ",
    "half a body": b'{"statuses": [{"mid": "52340',
    "not UTF-8": b'{"statuses": [{"text": "\xff\xfe"}]}',
    "a web page": "<!DOCTYPE html><html><body>验证 captcha</body></html>".encode(),
    "an array": b"[1, 2]",
    "a number": b"1",
    "null": b"null",
    "nothing known": b'{"hello": "world"}',
    "deep": b"[" * 50_000,
    "over the cap": b'{"x": "' + b"x" * 300_000 + b'"}',
    "lists of the wrong kind": b'{"statuses": 1, "item": {}, "aweme_list": "x", "items": 3, "data": []}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", FETCHING)
async def test_a_hostile_body_is_never_silence(name: str, body: bytes, door: Door) -> None:
    async with serving(Reply(body)) as served:
        with pytest.raises(LOOK_ERRORS) as caught:
            await look(name, door, served)

    assert not isinstance(caught.value, SourceRetired)
    assert len(caught.value.head) <= 2_000


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 418, 500, 503])
@pytest.mark.parametrize("name", FETCHING)
async def test_no_secret_gets_into_an_error(name: str, status: int, door: Door) -> None:
    async with serving(Reply(b"no", status, {"Location": "/elsewhere?access_token=x"})) as served:
        with pytest.raises(LookError) as caught:
            await look(name, door, served)

    told = f"{caught.value} {caught.value.head} {caught.value.__cause__}"
    assert TOKEN not in told and SECRET not in told


@pytest.mark.parametrize("name", FETCHING)
async def test_an_interface_that_is_not_there_says_nothing_about_the_account(name: str, door: Door) -> None:
    async with serving(Reply(b"not found", 404)) as served:
        with pytest.raises((ParseError, AuthError)):
            await look(name, door, served)


@pytest.mark.parametrize("option", ["soon", "-1", "1e9", "nan", ""])
@pytest.mark.parametrize("name", [each for each in FETCHING if each not in ("wechat.openapi", "wechat.article")])
async def test_a_delay_that_is_no_number_is_refused(name: str, option: str, door: Door) -> None:
    made = adapter(name, door, "http://127.0.0.1:1")
    watched = account(name, delay_hours=option)

    with pytest.raises(ParseError, match="delay_hours"):
        await made.look(watched, watched.channels[0], {}, NOW)


@pytest.mark.parametrize("name", [each for each in FETCHING if each not in ("wechat.openapi", "wechat.article")])
async def test_a_late_source_covers_only_until_now_minus_its_delay(name: str, door: Door) -> None:
    whole = next(path for path in fixtures(name) if path.stem in ("page", "wechat_mixed_zones"))
    async with serving(Reply.of(whole)) as served:
        made = adapter(name, door, served.base_url)
        watched = account(name, served.base_url, delay_hours="12.5")
        first = await made.look(watched, watched.channels[0], {}, NOW)
        again = await made.look(watched, watched.channels[0], first.memory, LATER)
        late = account(name, served.base_url, delay_hours="2400")
        nothing = await made.look(late, late.channels[0], {}, NOW)

    assert first.covers_until == NOW - timedelta(hours=12.5)
    assert (again.unchanged, again.covers_from, again.covers_until) == (True, first.covers_from, LATER - timedelta(hours=12.5))
    assert (nothing.covers_from, nothing.covers_until) == (None, None)
    assert nothing.posts == first.posts


@pytest.mark.parametrize("name", ADAPTERS)
async def test_a_check_finds_a_reachable_source_well_and_names_an_absent_one(name: str, door: Door) -> None:
    async with serving(Reply(b"anything", 404)) as served:
        assert await adapter(name, door, served.base_url).check() == []

    absent = await adapter(name, door, "http://127.0.0.1:1").check()
    assert all("127.0.0.1:1" in line for line in absent)
    asking = ("weibo.openapi", "weibo.web", "wechat.openapi", "wechat.article", "douyin.gateway", "douyin.openapi", "toutiao.rows")
    assert bool(absent) == (name in asking)


def test_people_read_a_chinese_name_of_its_own_for_every_channel() -> None:
    titles = [each.title for each in ADAPTERS.values()]

    assert len(set(titles)) == len(ADAPTERS)
    assert all(title and not title.isascii() for title in titles)
