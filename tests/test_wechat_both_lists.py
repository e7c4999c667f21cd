"""`wechat.openapi`: what the publish list and the data cube cover together, and which days are asked for."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from channels import NOW
from wechat_talking import BIZ, BIZUIN, YESTERDAY, Wechat, adapter, covered, day, item, link, look, natives, noon, row, speaking

from adapters.http import Door
from adapters.reading.wechat_datacube import OPENED, Days
from adapters.reading.wechat_progress import window
from monitor.errors import ParseError
from monitor.model import SHANGHAI, end_of_day, start_of_day
from monitor.ports import Grant


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


async def test_both_lists_together_cover_both_kinds_until_yesterdays_end(door: Door) -> None:
    async with speaking(Wechat(items=[item(1, 7)], rows=[row(0, 8), row(1, 7, 1, content_url=link(7))])) as wechat:
        seen = await look(adapter(door, wechat))

    assert not seen.partial and covered(seen) == (start_of_day(day(2)), end_of_day(YESTERDAY))
    assert natives(seen) == [f"{BIZUIN}_8_1", f"{BIZUIN}_7_1"]
    assert [post.precision for post in seen.posts] == ["day", "second"]
    assert wechat.days == [Days(day(back), day(back)) for back in range(3)]
    assert seen.digest and dict(seen.profile) == {"id": BIZ}


async def test_what_was_published_today_is_shown_and_not_covered(door: Door) -> None:
    async with speaking(Wechat(items=[item(-1, 9)])) as wechat:
        seen = await look(adapter(door, wechat))

    assert natives(seen) == [f"{BIZUIN}_9_1"] and seen.covers_until == end_of_day(YESTERDAY) < seen.posts[0].published_at


async def test_an_account_that_published_nothing_is_covered_as_silent_by_both(door: Door) -> None:
    async with speaking(Wechat()) as wechat:
        seen = await look(adapter(door, wechat))

    assert (seen.posts, seen.partial) == ((), "") and covered(seen) == (start_of_day(day(2)), end_of_day(YESTERDAY))


async def test_one_article_in_both_lists_under_different_links_is_one_post(door: Door) -> None:
    short = "https://mp.weixin.qq.com/s/DemoTokenDemoToken0007"
    rows = [row(1, 7, 1, content_url=short), row(0, 8, 1, content_url="https://mp.weixin.qq.com/s/DemoTokenDemoToken0008")]
    async with speaking(Wechat(items=[item(0, 8, url=rows[1]["content_url"]), item(1, 7)], rows=rows)) as wechat:
        seen = await look(adapter(door, wechat))

    assert natives(seen) == ["DemoTokenDemoToken0008", f"{BIZUIN}_7_1"] and not seen.partial


async def test_an_article_keeps_its_name_after_it_left_the_publish_list(door: Door) -> None:
    rows = [row(1, 7, 1, content_url="https://mp.weixin.qq.com/s/DemoTokenDemoToken0007")]
    async with speaking(Wechat(items=[item(0, 8)], rows=[*rows, row(0, 8, 1)], total=50)) as wechat:
        seen = await look(adapter(door, wechat))

    assert natives(seen) == [f"{BIZUIN}_8_1", f"{BIZUIN}_7_1"]


@pytest.mark.parametrize("biz", [BIZ, BIZUIN])
async def test_the_option_biz_names_what_no_link_names(biz: str, door: Door) -> None:
    async with speaking(Wechat(rows=[row(1, 7)])) as wechat:
        seen = await look(adapter(door, wechat), biz=biz)

    assert natives(seen) == [f"{BIZUIN}_7_1"]


async def test_the_lists_of_another_account_are_refused(door: Door) -> None:
    async with speaking(Wechat(items=[item(1, 7)])) as wechat:
        with pytest.raises(ParseError, match="wrong account"):
            await look(adapter(door, wechat), biz="MzI5MDAwMDAwOQ==")


async def test_a_token_of_another_account_is_refused_even_where_the_data_cube_names_nobody(door: Door) -> None:
    async with speaking(Wechat(items=[item(20, 7)], rows=[row(20, 7, 1)])) as wechat:
        with pytest.raises(ParseError, match="wrong account"):
            await look(adapter(door, wechat), biz="MzI5MDAwMDAwOQ==")

        wechat.rows = [row(1, 8)]
        with pytest.raises(ParseError, match="wrong account"):
            await look(adapter(door, wechat), biz="MzI5MDAwMDAwOQ==")


async def test_a_publish_list_empty_from_the_first_look_on_is_not_believed_beside_published_rows(door: Door) -> None:
    async with speaking(Wechat(rows=[row(1, 7, 1)])) as wechat:
        made = adapter(door, wechat)
        first = await look(made)
        again = await look(made, first.memory, timedelta(hours=2))

    for each in (first, again):
        assert covered(each) == (None, None) and "the publish list is empty" in each.partial
    assert natives(first) == ["7_1"]


@pytest.mark.parametrize("changed", [{"credential": "app"}, {"biz": BIZ}])
async def test_days_read_with_another_token_or_for_another_account_are_read_anew(changed: dict[str, str], door: Door) -> None:
    async with speaking(Wechat()) as wechat:
        made = adapter(door, wechat)
        await made.credentials.keep("app", "wechat.access", Grant("t", NOW, NOW + timedelta(hours=2)))
        first = await look(made)
        wechat.days.clear()
        wechat.rows = [row(1, 8)]
        seen = await look(made, first.memory, timedelta(minutes=30), **changed)
        again = await look(made, seen.memory, timedelta(minutes=45), **changed)

    assert wechat.days == [Days(day(back), day(back)) for back in range(3)]
    assert len(seen.posts) == 1 and covered(seen) == covered(again) == covered(first)


async def test_the_data_cube_of_another_account_covers_nothing(door: Door) -> None:
    async with speaking(Wechat(rows=[row(0, 7, content_url=link(7))])) as wechat:
        seen = await look(adapter(door, wechat), biz="MzI5MDAwMDAwOQ==")

    assert (seen.posts, covered(seen)) == ((), (None, None)) and "another account" in seen.partial


async def test_the_union_reaches_no_further_back_than_the_publish_list(door: Door) -> None:
    rows = [row(0, 8, 1), row(1, 7, 1)]
    async with speaking(Wechat(items=[item(0, 8), item(1, 7)], rows=rows, total=50)) as wechat:
        seen = await look(adapter(door, wechat))

    assert covered(seen) == (noon(1), end_of_day(YESTERDAY))


async def test_a_publish_list_full_of_today_covers_nothing(door: Door) -> None:
    async with speaking(Wechat(items=[item(-1, 9)], total=50)) as wechat:
        seen = await look(adapter(door, wechat))

    assert covered(seen) == (None, None) and "reaches back to 2026-11-20" in seen.partial


@pytest.mark.parametrize("option", ["0", "setting"])
async def test_without_the_data_cube_the_view_is_partial(option: str, door: Door) -> None:
    async with speaking(Wechat(items=[item(1, 7)])) as wechat:
        made = adapter(door, wechat, reconcile=option != "setting")
        seen = await look(made, **({} if option == "setting" else {"reconcile": option}))

    assert seen.partial == "only 发布 items: 群发 is not listed" and covered(seen) == (None, None) and wechat.days == []


async def test_an_option_that_is_neither_on_nor_off_is_refused(door: Door) -> None:
    async with speaking(Wechat()) as wechat:
        with pytest.raises(ParseError, match="reconcile"):
            await look(adapter(door, wechat), reconcile="maybe")


# Which days are asked for


async def test_a_day_is_asked_for_once_and_the_rest_of_the_day_is_free(door: Door) -> None:
    async with speaking(Wechat(items=[item(1, 7)], rows=[row(1, 7, 1)])) as wechat:
        made = adapter(door, wechat)
        first = await look(made)
        again = await look(made, first.memory, timedelta(hours=6))

    assert len(wechat.days) == 3 and wechat.lists == 2
    assert covered(again) == covered(first) and not again.partial
    assert all(isinstance(value, (str, int)) for value in again.memory.values()) and again.memory == first.memory


async def test_the_same_list_on_the_same_day_is_not_read_twice_and_covers_to_the_same_end(door: Door) -> None:
    async with speaking(Wechat(items=[item(1, 7)], rows=[row(1, 7, 1)])) as wechat:
        made = adapter(door, wechat)
        seen = [await look(made)]
        for hours in (2, 4, 6):
            seen.append(await look(made, seen[-1].memory, timedelta(hours=hours)))
        wechat.items.insert(0, item(0, 9))
        more = await look(made, seen[-1].memory, timedelta(hours=7))

    assert seen[-1].unchanged and seen[-1].posts == () and covered(seen[-1]) == covered(seen[0])
    assert not more.unchanged and len(more.posts) == 2 and covered(more) == covered(seen[0])


async def test_the_next_day_is_asked_for_from_its_hour_on_and_the_one_before_once_more(door: Door) -> None:
    async with speaking(Wechat()) as wechat:
        made = adapter(door, wechat)
        first = await look(made)
        wechat.days.clear()
        # 12:00 in Shanghai plus nineteen hours: seven in the morning.
        early = await look(made, first.memory, timedelta(hours=19))
        assert (wechat.days, covered(early)) == ([], covered(first)) and not early.partial

        wechat.rows = [row(0, 9)]
        seen = await look(made, early.memory, timedelta(hours=20))

    assert wechat.days == [Days(day(-1), day(-1)), Days(day(0), day(0))]
    assert covered(seen) == (start_of_day(day(2)), end_of_day(day(-1)))
    assert natives(seen) == ["9_1"], "a row that came late is found by the second reading"


async def test_a_new_account_is_read_back_a_few_days_at_a_time_without_a_hole(door: Door) -> None:
    async with speaking(Wechat()) as wechat:
        made = adapter(door, wechat, datacube_days=7, datacube_calls_per_look=3)
        spans, memory = [], {}
        for hour in range(4):
            seen = await look(made, memory, timedelta(hours=hour))
            memory = dict(seen.memory)
            spans.append(seen.covers_from)

    assert spans == [start_of_day(day(2)), start_of_day(day(5)), start_of_day(day(6)), start_of_day(day(6))]
    assert [days.first for days in wechat.days] == [day(back) for back in range(7)]


async def test_several_days_may_be_asked_for_in_one_call(door: Door) -> None:
    async with speaking(Wechat(rows=[row(4, 7)])) as wechat:
        seen = await look(adapter(door, wechat, datacube_days=7, datacube_days_per_call=5))

    assert wechat.days == [Days(day(4), day(0)), Days(day(6), day(5))] and natives(seen) == ["7_1"]
    assert covered(seen) == (start_of_day(day(6)), end_of_day(YESTERDAY))


async def test_days_missed_while_nobody_looked_are_read_before_anything_is_covered(door: Door) -> None:
    async with speaking(Wechat()) as wechat:
        made = adapter(door, wechat, datacube_days=14, datacube_calls_per_look=2)
        first = await look(made)
        wechat.days.clear()
        behind = await look(made, first.memory, timedelta(days=3))
        caught_up = await look(made, behind.memory, timedelta(days=3, hours=1))

    assert [days.first for days in wechat.days] == [day(-1), day(-2), day(-3), day(-2)]
    assert covered(behind) == (None, None) and "not read yet" in behind.partial
    assert covered(caught_up) == (start_of_day(day(1)), end_of_day(day(-3)))


async def test_after_a_long_absence_reading_begins_anew(door: Door) -> None:
    async with speaking(Wechat()) as wechat:
        made = adapter(door, wechat)
        first = await look(made)
        wechat.days.clear()
        seen = await look(made, first.memory, timedelta(days=40))

    assert [days.first for days in wechat.days] == [day(-40), day(-39), day(-38)]
    assert seen.covers_from == start_of_day(day(-38))


def test_nothing_is_asked_for_from_before_the_data_cube_was_opened() -> None:
    at = datetime(2025, 11, 3, 12, 0, tzinfo=SHANGHAI)

    assert window(at, 28, 8) == Days(OPENED, date(2025, 11, 2))
    assert window(at - timedelta(days=2), 28, 8) is None
    assert window(at.replace(hour=7), 28, 8) == Days(OPENED, OPENED)


async def test_before_the_data_cube_was_opened_the_view_is_partial(door: Door) -> None:
    async with speaking(Wechat()) as wechat:
        seen = await look(adapter(door, wechat), later=datetime(2025, 10, 1, tzinfo=UTC) - NOW)

    assert "holds no day" in seen.partial and wechat.days == []
