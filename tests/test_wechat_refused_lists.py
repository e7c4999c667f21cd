"""`wechat.openapi` when the data cube or the publish list is late, short or refused, and what is remembered of it."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from channels import NOW
from clocks import FrozenClock
from hypothesis import given, settings
from hypothesis import strategies as st
from wechat_talking import BIZUIN, YESTERDAY, Wechat, adapter, covered, day, item, look, natives, row, speaking

from adapters.http import Door
from adapters.reading.wechat_datacube import Days
from adapters.reading.wechat_progress import Progress, window
from monitor.access.budgets import Budgets
from monitor.errors import RateLimited, SourceRetired
from monitor.model import end_of_day, start_of_day


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


DELAYS: dict[str, dict[str, Any]] = {
    "is_delay": {"list": [], "is_delay": True},
    "is_delay with rows": {"list": [row(0, 8)], "is_delay": 1},
    "61503": {"errcode": 61503, "errmsg": "data not ready"},
    "an empty list without a word": {"list": []},
}


@pytest.mark.parametrize("name", DELAYS)
async def test_data_that_are_not_ready_leave_a_partial_view_and_are_asked_for_later(name: str, door: Door) -> None:
    async with speaking(Wechat(items=[item(1, 7)], cube={YESTERDAY: DELAYS[name]}, rows=[row(1, 7, 1)])) as wechat:
        made = adapter(door, wechat)
        first = await look(made)
        soon = await look(made, first.memory, timedelta(minutes=59))
        wechat.cube.clear()
        seen = await look(made, soon.memory, timedelta(minutes=61))

    for each in (first, soon):
        assert covered(each) == (None, None) and "群发" in each.partial and "data cube" in each.partial
        assert f"{BIZUIN}_7_1" in natives(each)
    assert ("8_1" in "".join(natives(first))) == (name == "is_delay with rows")
    assert wechat.days[:2] == [Days(day(0), day(0))] * 2
    assert covered(seen) == (start_of_day(day(2)), end_of_day(YESTERDAY))


async def test_a_delayed_day_does_not_take_back_what_was_covered_and_does_not_cover_it_anew(door: Door) -> None:
    async with speaking(Wechat()) as wechat:
        made = adapter(door, wechat)
        first = await look(made)
        wechat.cube = {day(-1): DELAYS["is_delay"]}
        late = await look(made, first.memory, timedelta(days=1))
        wechat.cube = {}
        seen = await look(made, late.memory, timedelta(days=1, hours=2))

    assert covered(late) == (None, None) and "delayed" in late.partial
    assert covered(seen) == (start_of_day(day(2)), end_of_day(day(-1)))


async def test_an_old_day_that_never_becomes_ready_is_a_hole_and_not_the_end(door: Door) -> None:
    async with speaking(Wechat()) as wechat:
        made = adapter(door, wechat, datacube_days=6, datacube_calls_per_look=9)
        first = await look(made)
        wechat.cube = {day(-1): DELAYS["is_delay"]}
        late = await look(made, first.memory, timedelta(days=1))
        seen = await look(made, late.memory, timedelta(days=2))
        more = await look(made, seen.memory, timedelta(days=2, hours=3))

    assert covered(seen) == covered(more) == (start_of_day(day(-2)), end_of_day(day(-2)))


async def test_a_published_article_that_the_data_cube_lacks_is_a_sign_that_it_lacks_more(door: Door) -> None:
    async with speaking(Wechat(items=[item(0, 8), item(1, 7)], rows=[row(1, 7, 1), row(0, 9, 0)])) as wechat:
        seen = await look(adapter(door, wechat))

    assert covered(seen) == (None, None) and "1 published articles are not told" in seen.partial
    assert natives(seen) == [f"{BIZUIN}_{mid}_1" for mid in (8, 9, 7)]


async def test_such_an_older_day_is_where_the_cover_begins(door: Door) -> None:
    async with speaking(Wechat(items=[item(0, 8), item(1, 7)], rows=[row(0, 8, 1)])) as wechat:
        made = adapter(door, wechat)
        first = await look(made)
        again = await look(made, first.memory, timedelta(hours=1))

    assert covered(first) == covered(again) == (start_of_day(day(0)), end_of_day(YESTERDAY))
    assert wechat.days == [Days(day(0), day(0)), Days(day(1), day(1))]


async def test_an_account_that_may_not_use_the_data_cube_stays_partial_and_is_not_retired(door: Door) -> None:
    async with speaking(Wechat(items=[item(1, 7)], refused={"errcode": 48001, "errmsg": "api unauthorized"})) as wechat:
        made = adapter(door, wechat)
        first = await look(made)
        again = await look(made, first.memory, timedelta(hours=6))
        tomorrow = await look(made, again.memory, timedelta(hours=12, minutes=1))

    for each in (first, again, tomorrow):
        assert natives(each) == [f"{BIZUIN}_7_1"] and covered(each) == (None, None)
        assert "群发" in each.partial and "48001" in each.partial
    assert len(wechat.days) == 2, "asked once a day, until midnight in Shanghai"


REFUSALS = {
    "quota": ({"errcode": 45009}, 200, timedelta(hours=11), timedelta(hours=12, minutes=1)),
    "permission": ({"errcode": 61007}, 200, timedelta(hours=11), timedelta(hours=12, minutes=1)),
    "busy": ({"errcode": -1}, 200, timedelta(minutes=59), timedelta(minutes=61)),
    "throttle": ({}, 429, timedelta(minutes=59), timedelta(minutes=61)),
    "failure": ({}, 502, timedelta(minutes=59), timedelta(minutes=61)),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_of_the_data_cube_is_waited_for_and_the_list_stays(name: str, door: Door) -> None:
    refused, status, wait, over = REFUSALS[name]
    async with speaking(Wechat(items=[item(1, 7)], refused=refused, status=status)) as wechat:
        made = adapter(door, wechat)
        first = await look(made)
        asked_once = len(wechat.days)
        waiting = await look(made, first.memory, wait)
        assert len(wechat.days) == asked_once
        wechat.refused, wechat.status, wechat.rows = None, 200, [row(1, 7, 1)]
        seen = await look(made, waiting.memory, over)

    assert first.partial == waiting.partial and "data cube" in first.partial and natives(waiting) == [f"{BIZUIN}_7_1"]
    assert not seen.partial


async def test_a_wrong_question_is_not_remembered(door: Door) -> None:
    async with speaking(Wechat(refused={"errcode": 61501, "errmsg": "date range error"})) as wechat:
        seen = await look(adapter(door, wechat))

    assert "61501" in seen.partial and seen.memory == {}


async def test_an_account_without_the_publish_list_is_seen_by_the_data_cube_alone_and_partially(door: Door) -> None:
    async with speaking(Wechat(listed={"errcode": 48001}, rows=[row(0, 7), row(1, 6, 1)])) as wechat:
        made = adapter(door, wechat)
        seen = await look(made)
        again = await look(made, seen.memory, timedelta(hours=1))

    assert natives(seen) == ["7_1", "6_1"] and covered(seen) == covered(again) == (None, None)
    assert all("only the data cube" in each.partial and "48001" in each.partial for each in (seen, again))
    assert len(wechat.days) == 3


async def test_an_account_that_may_use_neither_is_retired(door: Door) -> None:
    async with speaking(Wechat(listed={"errcode": 48001}, refused={"errcode": 48001})) as wechat:
        with pytest.raises(SourceRetired):
            await look(adapter(door, wechat))

    assert len(wechat.days) == 1


async def test_a_refused_publish_list_is_an_error_and_the_data_cube_is_left_alone(door: Door) -> None:
    async with speaking(Wechat(listed={"errcode": 45009})) as wechat:
        with pytest.raises(RateLimited):
            await look(adapter(door, wechat))

    assert wechat.days == []


async def test_each_interface_has_its_own_daily_quota(door: Door) -> None:
    async with speaking(Wechat()) as wechat:
        made = adapter(door, wechat, batchget_daily=3, datacube_daily=2)
        door.ledger = Budgets(FrozenClock(NOW))
        seen = [await look(made, {})]
        seen += [await look(made, seen[0].memory) for _ in range(2)]
        with pytest.raises(RateLimited):
            await look(made, seen[0].memory)

    assert (len(wechat.days), wechat.lists) == (2, 3)
    assert [covered(each) for each in seen] == [(start_of_day(day(1)), end_of_day(YESTERDAY))] * 3


async def test_a_publish_list_that_is_suddenly_empty_covers_nothing(door: Door) -> None:
    async with speaking(Wechat(items=[item(1, 7)], rows=[row(1, 7, 1)])) as wechat:
        made = adapter(door, wechat)
        first = await look(made)
        wechat.items = []
        seen = await look(made, first.memory, timedelta(hours=1))
        again = await look(made, seen.memory, timedelta(hours=2))

    for each in (seen, again):
        assert covered(each) == (None, None) and "where there were 1 publications" in each.partial


# What is remembered


ODD = [
    {},
    {"cube_first": 7, "cube_last": None},
    {"cube_first": "2026-11-19", "cube_last": "2026-11-17"},
    {"cube_first": "2026-11-01", "cube_last": "2030-01-01"},
    {"cube_first": "soon", "cube_last": "later"},
    {"cube_again": 10**13, "cube_why": "a clock that ran ahead"},
    {"cube_again": -1},
    {"cube_again": "x", "cube_floor": "x"},
]


@pytest.mark.parametrize("memory", ODD)
def test_a_memory_that_cannot_be_is_forgotten(memory: dict[str, Any]) -> None:
    recalled = Progress.recall(memory, NOW, Days(day(2), day(0)))

    assert (recalled.known, recalled.again, recalled.why) == (None, None, "")


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_happens_only_days_that_were_told_whole_are_known(data: st.DataObject) -> None:
    now, told, memory = NOW, set(), {}
    retry = timedelta(minutes=60)
    for _ in range(data.draw(st.integers(1, 12))):
        now += timedelta(hours=data.draw(st.sampled_from([1, 5, 11, 24, 60, 700])))
        days = window(now, 6, 8)
        assert days is not None
        progress = Progress.recall(memory, now, days)
        for _ in range(data.draw(st.integers(1, 4))):
            due = progress.due(days, data.draw(st.integers(1, 3)))
            if due is None:
                break
            trouble = data.draw(st.sampled_from(["", "", "late"]))
            assert days.first <= due.first <= due.last <= days.last or progress.known is not None
            told |= set() if trouble else {due.first + timedelta(days=each) for each in range((due.last - due.first).days + 1)}
            progress = progress.read(due, days, trouble, now, retry)
        if progress.known is not None:
            spanned = {progress.known.first + timedelta(days=each) for each in range((progress.known.last - progress.known.first).days + 1)}
            assert spanned <= told
            assert progress.known.last <= days.last
        memory = progress.remember()
        assert json.loads(json.dumps(memory)) == memory
