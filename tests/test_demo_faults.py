"""Under every fault of the demo the real adapters see what the fault stands for, and nothing that could accuse anybody."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from demo_reader import NOW, Reader, StoppedClock

import daemon
from adapters.http import Door
from demo.articles import OPENED, verdict
from demo.faults import CAPTCHA, FAULTS, FROZEN_SOURCE, TABLE, THROTTLE, THROTTLE_SECONDS
from demo.pages import Page
from demo.platforms import Platforms
from demo.rhythm import FROZEN_DAYS
from demo.ways import Way
from demo.wire_wechat import article_url
from demo.world import World
from monitor.errors import LookError, RateLimited
from monitor.model import Channel, RepostVerdict, Snapshot, Status, local_date

LOUD_FAULTS = sorted(set(TABLE) - {FROZEN_SOURCE})
"""The faults that every look meets; a source that stands still shows itself to its canaries only."""
IMPATIENT = 0.2
"""Seconds, where the fault is that nobody answers."""


@pytest.fixture(scope="module")
def world() -> World:
    return World.build(NOW)


@asynccontextmanager
async def suffering(world: World, fault: str, patience: float = IMPATIENT) -> AsyncIterator[Reader]:
    async with Platforms(world, StoppedClock(NOW), fault) as platforms, Door(random.Random(1), retry_wait=0.0) as door:
        reader = Reader(world, platforms, door, patience)
        await reader.take_ticket()
        yield reader


def watched(world: World, way: Way) -> list[Page]:
    """Return two sound accounts that are watched this way: one that fails or is quiet, if there is one, and a busy one."""
    pages = [page for page in world.pages if way in page.ways and page.items and not page.trouble and page.status is Status.ACTIVE]
    pages.sort(key=lambda page: page.items[0].at)
    return pages[:1] + pages[-1:]


async def all_seen(reader: Reader, world: World, ways: Iterable[Way]) -> list[Snapshot | LookError]:
    """Look at two accounts of each way, all at once: under some faults each look takes its time."""
    return await asyncio.gather(*(seen(reader, page, way) for way in ways for page in watched(world, way)))


async def seen(reader: Reader, page: Page, way: Way) -> Snapshot | LookError:
    try:
        return await reader.look(page, NOW, way)
    except LookError as error:
        return error


def covers(found: Snapshot | LookError) -> bool:
    return isinstance(found, Snapshot) and found.covers_from is not None


@pytest.mark.parametrize("fault", LOUD_FAULTS)
async def test_a_fault_ends_in_its_error_class_on_the_ways_it_strikes(world: World, fault: str) -> None:
    async with suffering(world, fault) as reader:
        found = await all_seen(reader, world, [way for way in TABLE[fault].strikes if way.complete])

    assert found
    assert {each.code if isinstance(each, LookError) else "" for each in found} == {TABLE[fault].cause}
    assert not any(covers(each) for each in found)


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_a_fault_leaves_the_other_ways_alone(world: World, fault: str) -> None:
    async with suffering(world, fault, patience=5.0) as reader:
        spared = [way for way in Way if way.complete and way not in TABLE[fault].strikes]
        found = [(page, await seen(reader, page, way)) for way in spared for page in watched(world, way)]

    assert len(found) > 3
    for page, each in found:
        assert isinstance(each, Snapshot) and covers(each)
        assert local_date(max(post.published_at for post in each.posts)) == local_date(page.items[0].at), page.ways


@pytest.mark.parametrize("fault", LOUD_FAULTS)
async def test_whatever_is_still_shown_under_a_fault_makes_nobody_look_silent(world: World, fault: str) -> None:
    async with suffering(world, fault) as reader:
        found = await all_seen(reader, world, TABLE[fault].strikes)

    assert not any(covers(each) for each in found)


async def test_a_throttled_platform_says_how_long_to_wait(world: World) -> None:
    async with suffering(world, THROTTLE) as reader:
        found = await seen(reader, watched(world, Way.WEIBO_OWN)[0], Way.WEIBO_OWN)

    assert isinstance(found, RateLimited)
    assert found.retry_after == THROTTLE_SECONDS


def newest(found: Snapshot | LookError) -> datetime | None:
    snapshot = getattr(found, "snapshot", found)
    return max((post.published_at for post in snapshot.posts), default=None) if isinstance(snapshot, Snapshot) else None


async def test_behind_the_captcha_wall_an_article_page_is_left_alone_and_not_taken_for_deleted(world: World) -> None:
    page = watched(world, Way.WECHAT_FEED)[0]
    channel = Channel(adapter="wechat.article", handle=article_url(page, page.items[0]))

    async with suffering(world, CAPTCHA) as reader:
        with pytest.raises(RateLimited):
            await reader.adapters["wechat.article"].look(page.account(reader.base_url), channel, {}, NOW)


def test_behind_the_captcha_wall_a_repost_that_only_its_page_proves_is_neither_one_nor_missing(world: World) -> None:
    usual, walled = world.expected, world.expected_under(CAPTCHA)

    for number, article in enumerate(world.articles):
        proved = Counter(verdict(place).label for place in OPENED if place[2] == number)
        before, after = usual.reposts[article.title], walled.reposts[article.title]
        assert after[RepostVerdict.UNDETERMINED.label] == before[RepostVerdict.UNDETERMINED.label] + proved.total()
        assert all(after[label] == before[label] - count for label, count in proved.items())
    assert walled.missing == usual.missing
    assert walled.seeming > usual.seeming and len(walled.seeming - usual.seeming) == len(OPENED)
    assert walled.irregular.items() < usual.irregular.items()


async def test_a_guest_is_shown_old_works_that_prove_nothing(world: World) -> None:
    async with suffering(world, "guest-view") as reader:
        found = [await seen(reader, page, Way.DOUYIN_V4) for page in watched(world, Way.DOUYIN_V4)]

    moments = [newest(each) for each in found]
    assert all(moment is not None and local_date(NOW) - local_date(moment) >= timedelta(days=FROZEN_DAYS) for moment in moments)


MOMENTS = (NOW, datetime.fromisoformat("2026-11-22T21:00:00+08:00"), datetime.fromisoformat("2027-01-01T00:05:00+08:00"))


@pytest.mark.parametrize("fault", sorted(FAULTS))
@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_under_no_fault_does_anybody_fail_who_did_not_before(fault: str, now: datetime) -> None:
    world = World.build(now)

    answers = world.expected_under(fault)

    assert set(answers.failing) <= set(world.expected.failing) and answers.missing <= world.expected.missing
    assert set(answers.undetermined) > set(world.expected.undetermined) or fault == "dead-token"
    assert answers.qualified + len(answers.failing) + len(answers.undetermined) == 423


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_every_fault_says_in_one_chinese_line_what_it_is(fault: str) -> None:
    meaning = FAULTS[fault]

    assert "\n" not in meaning and any("\u4e00" <= letter <= "\u9fff" for letter in meaning)
    assert TABLE[fault].strikes


def test_every_fault_stands_in_the_help_of_the_command_and_of_the_makefile() -> None:
    makefile = (Path(daemon.__file__).parent / "Makefile").read_text()

    assert all(f"{fault} " in daemon.FAULT_HELP for fault in FAULTS)
    assert set(re.search(r"FAULT=([a-z|-]+)\"", makefile)[1].split("|")) == set(FAULTS)  # type: ignore[index]


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_readme_lists_every_fault(page: str) -> None:
    text = (Path(__file__).resolve().parents[1] / page).read_text("utf-8")

    assert set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)) >= set(FAULTS)
