"""Ways in which a look could have claimed to see more than it did: each would have ended in a wrong name in a bulletin."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from channels import FIXTURES, NOW, SEC_UID, TOUTIAO_USER, UID, Reply, Served, account, adapter, asked, serving

from adapters.douyin_gateway import read as read_works
from adapters.http import Door
from adapters.reading.page import Asked, Draft, Page
from adapters.reading.weibo_cards import opened, read_cards
from adapters.reading.weibo_statuses import read_statuses
from monitor.errors import RETRY_AFTER_CAP, Degraded, LookError, ParseError, RateLimited
from monitor.model import BEGINNING, Platform, Snapshot

DAY = timedelta(days=1)
EXTEND, CONFIG, LIST = "/statuses/extend", "/api/config", "/api/container/getIndex"


@pytest_asyncio.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(retry_wait=0.01) as opened_door:
        yield opened_door


def page_of(days_ago: Sequence[float], asked_of: Asked) -> Page:
    page = Page(asked_of)
    for number, days in enumerate(days_ago):
        page.take(Draft(str(7_570_000_000_000_000_000 + number), NOW - days * DAY))
    return page


FLOWS: Mapping[str, tuple[Sequence[float], float]] = {
    "no pin": ((1, 2, 3, 4, 5), 5),
    "one old pin in front": ((900, 1, 2, 3), 3),
    "three old pins in front": ((900, 800, 700, 1, 2, 3), 3),
    "a new pin before an old one": ((2.5, 900, 1, 2, 3), 3),
    "the newest is pinned before an old pin": ((0.5, 900, 1, 2, 3), 3),
    "an old pin before a new one": ((900, 2.5, 1, 2, 3), 3),
    "a pin of the very last day": ((3, 900, 800, 1, 2, 4), 4),
}


@pytest.mark.parametrize(("days", "reach"), FLOWS.values(), ids=FLOWS)
def test_an_unmarked_pin_never_stretches_what_a_page_covers(days: Sequence[float], reach: float) -> None:
    assert page_of(days, asked("feed")).snapshot().covers_from == NOW - reach * DAY


@pytest.mark.parametrize("platform", [Platform.DOUYIN, Platform.TOUTIAO])
def test_in_a_feed_sorted_by_time_old_pins_at_its_end_are_no_proof_of_how_far_it_reaches(platform: Platform) -> None:
    sorted_feed = page_of((1, 2, 3, 4, 700, 800, 900), asked("feed", platform))

    assert sorted_feed.snapshot().covers_from == NOW - 4 * DAY
    assert page_of((1, 700), asked("feed", platform)).snapshot().covers_from == NOW - DAY


@pytest.mark.parametrize(("channel", "platform"), [("feed", Platform.WECHAT), ("feed", Platform.WEIBO), ("douyin.gateway", None)])
def test_where_pins_come_first_or_not_at_all_the_last_item_counts(channel: str, platform: Platform | None) -> None:
    assert page_of((1, 2, 3, 4, 700), asked(channel, platform)).snapshot().covers_from == NOW - 700 * DAY


def test_a_page_with_a_post_dated_ahead_covers_nothing_since_its_times_are_wrong() -> None:
    snapshot = page_of((-0.3, 1, 2), asked("feed")).snapshot()

    assert snapshot.covers_from is None and snapshot.partial and snapshot.memory == {}


# -- Weibo ------------------------------------------------------------------------------------------------------------------


def status(mid: str, at: str = "Thu Nov 19 18:00:00 +0800 2026", uid: str = UID, **more: Any) -> dict[str, Any]:
    user = {"id": int(uid), "screen_name": "青溪发布"}
    return {"mid": mid, "id": mid, "created_at": at, "text": f"第{mid}条", "user": user, "visible": {"type": 0}, **more}


def cards(*found: Mapping[str, Any]) -> bytes:
    return json.dumps({"ok": 1, "data": {"cards": list(found), "cardlistInfo": {}}}).encode()


def post_cards(*found: Mapping[str, Any]) -> bytes:
    return cards(*({"card_type": 9, "mblog": each} for each in found))


def test_a_post_in_a_card_of_unknown_kind_is_seen_but_does_not_stretch_the_view() -> None:
    known = {"card_type": 9, "mblog": status("5001")}
    newer = {"card_type": 164, "mblog": status("5002", "Fri Nov 20 09:00:00 +0800 2026")}
    older = {"card_type": 200, "card_group": [{"card_type": 201, "mblog": status("4001", "Mon Nov 16 09:00:00 +0800 2020")}]}

    snapshot = read_cards(cards(newer, known, older), asked("weibo.web"), UID, signed_in=True)

    assert [post.id.rsplit(":", 1)[1] for post in snapshot.posts] == ["5002", "5001", "4001"]
    assert snapshot.covers_from == datetime.fromisoformat("2026-11-19T18:00:00+08:00")


def test_a_captcha_is_a_wall_whichever_field_says_so() -> None:
    with pytest.raises(RateLimited):
        opened(b'{"errno":"-100","msg":"","url":"https://m.weibo.cn/captcha?scene=limit"}')


def timeline(total: object, *statuses: Mapping[str, Any]) -> bytes:
    return json.dumps({"statuses": list(statuses), "total_number": total}).encode()


def test_a_list_is_not_all_there_is_where_the_account_counts_more_posts() -> None:
    counted = status("5001", user={"id": int(UID), "screen_name": "青溪发布", "statuses_count": 4_000})

    assert read_statuses(timeline(1, counted), asked("weibo.openapi"), UID).covers_from != BEGINNING
    assert read_statuses(timeline(1, status("5001")), asked("weibo.openapi"), UID).covers_from == BEGINNING


def test_a_flag_is_no_count_of_posts() -> None:
    with pytest.raises(Degraded):
        read_statuses(timeline(False), asked("weibo.openapi"), UID)


async def look(channel: str, door: Door, served: Served, memory: Mapping[str, Any] | None = None, **options: str) -> Snapshot:
    watched = account(channel, served.base_url, **options)
    return await adapter(channel, door, served.base_url).look(watched, watched.channels[0], memory or {}, NOW)


async def test_an_account_that_had_posts_is_not_believed_to_have_none(door: Door) -> None:
    async with serving(Reply(timeline(40, status("5001"))), Reply(timeline(0))) as served:
        before = await look("weibo.openapi", door, served)

        with pytest.raises(Degraded, match="some before"):
            await look("weibo.openapi", door, served, before.memory)

        assert (await look("weibo.openapi", door, served)).covers_from == BEGINNING


@pytest.mark.parametrize("names", [("id",), ("bid",), ("id", "bid")])
async def test_a_new_post_is_seen_in_spite_of_the_peek_where_posts_carry_no_mid(names: Sequence[str], door: Door) -> None:
    def bare(number: str, bid: str) -> dict[str, Any]:
        post = status(number)
        del post["mid"], post["id"]
        return post | {name: {"id": number, "bid": bid}[name] for name in names}

    old, new = bare("4645748019299849", "Kjc77D1jz"), bare("4645748019299850", "Kjc77D1jA")
    async with serving(Reply(post_cards(old)), Reply(post_cards(new))) as served:
        before = await look("weibo.web", door, served)

        after = await look("weibo.web", door, served, before.memory)

    assert not after.unchanged and len(after.posts) == 1 and after.posts[0].id != before.posts[0].id


LONG = status("5001", text='第一句 ...<a href="/status/5001">全文</a>')
WALL = b'{"ok":-100,"url":"https://m.weibo.cn/captcha?scene=limit"}'


@pytest.mark.parametrize("wall", [Reply(WALL), Reply(b"", 432), Reply(b"", 418), Reply(b"", 429)], ids=["captcha", "432", "418", "429"])
async def test_a_wall_before_a_whole_text_is_not_run_into_again_at_every_look(wall: Reply, door: Door) -> None:
    async with serving(Reply(post_cards(LONG))) as served:
        served.by_path[EXTEND] = [wall]
        made, watched = adapter("weibo.web", door, served.base_url), account("weibo.web")
        for minutes in (0, 5, 10):
            snapshot = await made.look(watched, watched.channels[0], {}, NOW + timedelta(minutes=minutes))
            assert snapshot.posts
        assert [request.path for request in served.requests].count(EXTEND) == 1

        await made.look(watched, watched.channels[0], {}, NOW + timedelta(hours=25))

    assert [request.path for request in served.requests].count(EXTEND) == 2


async def test_a_long_post_that_was_hidden_since_is_told_so(door: Door) -> None:
    whole = Reply(b'{"ok":1,"data":{"longTextContent":"all of it"}}')
    hidden = {**LONG, "visible": {"type": 1}}
    async with serving(Reply(post_cards(LONG, status("4001"))), Reply(post_cards(hidden, status("4001")))) as served:
        served.by_path[EXTEND] = [whole]
        made, watched = adapter("weibo.web", door, served.base_url), account("weibo.web")
        before = await made.look(watched, watched.channels[0], {}, NOW)

        after = await made.look(watched, watched.channels[0], before.memory, NOW)

    assert [post.private for post in after.posts if post.id.endswith(":5001")] == [True]


def test_a_page_full_of_fast_forwards_is_read_in_no_time() -> None:
    user = {"id": 1}
    forwards = [
        {"mid": str(5_000_000 + number), "created_at": at, "ori_mid": "5", "ori_uid": UID, "user": user}
        for number, at in enumerate((NOW - timedelta(seconds=each)).strftime("%a %b %d %H:%M:%S +0000 %Y") for each in range(4_000))
    ]
    begun = time.process_time()

    snapshot = read_statuses(timeline(9_999, *forwards), asked("weibo.openapi"), UID)

    assert snapshot.partial and time.process_time() - begun < 0.6


# -- Douyin -----------------------------------------------------------------------------------------------------------------


def works(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(FIXTURES / "douyin.gateway" / f"{name}.json").read_text("utf-8"))
    return loaded


def test_a_list_without_more_is_not_all_there_is_where_the_account_counts_more_works() -> None:
    body = works("complete_list")
    for work in body["data"]["aweme_list"]:
        work["author"]["aweme_count"] = 208

    snapshot = read_works(json.dumps(body).encode(), asked("douyin.gateway"), SEC_UID)

    assert snapshot.covers_from == snapshot.posts[-1].published_at


def test_a_gateway_that_says_no_is_not_read_as_if_it_said_yes() -> None:
    body = {**works("complete_list"), "success": False}

    with pytest.raises(ParseError):
        read_works(json.dumps(body).encode(), asked("douyin.gateway"), SEC_UID)


async def test_a_refusal_around_the_same_works_is_not_overlooked(door: Door) -> None:
    first = works("page")
    async with serving(Reply(json.dumps(first).encode()), Reply(json.dumps({**first, "success": False}).encode())) as served:
        before = await look("douyin.gateway", door, served)

        with pytest.raises(ParseError):
            await look("douyin.gateway", door, served, before.memory)


@pytest.mark.parametrize("wait", ["1" + "0" * 400, "1e400", "-1" + "0" * 400, '"9"', "NaN"])
def test_no_number_in_a_refusal_is_too_large(wait: str) -> None:
    body = '{"error":{"code":"RATE_LIMITED","retry_after":' + wait + "}}"

    with pytest.raises(LookError) as caught:
        read_works(body.encode(), asked("douyin.gateway"), SEC_UID)

    assert caught.value.retry_after is None or 0 <= caught.value.retry_after <= RETRY_AFTER_CAP


async def test_looks_that_find_out_the_version_together_do_not_undo_each_other(door: Door) -> None:
    async with serving(Reply(b'{"detail":"Not Found"}', 404)) as served:
        served.by_path["/api/douyin/web/fetch_user_post_videos"] = [Reply(json.dumps(works("page")).encode())]
        made, watched = adapter("douyin.gateway", door, served.base_url), account("douyin.gateway")

        found = await asyncio.gather(*(made.look(watched, watched.channels[0], {}, NOW) for _ in range(4)))

    assert all(snapshot.posts for snapshot in found)


# -- Toutiao ----------------------------------------------------------------------------------------------------------------

ROWS = (FIXTURES / "toutiao.rows" / "page.json").read_bytes()
OTHER_WISHES = {"one kind only": {"category": "pc_profile_article"}, "another author": {"user_id": "71000000999"}}


@pytest.mark.parametrize("wish", OTHER_WISHES.values(), ids=OTHER_WISHES)
async def test_what_was_remembered_under_other_options_vouches_for_nothing(wish: Mapping[str, str], door: Door) -> None:
    async with serving(Reply(ROWS)) as served:
        before = await look("toutiao.rows", door, served, user_id=TOUTIAO_USER)
        assert (await look("toutiao.rows", door, served, before.memory, user_id=TOUTIAO_USER)).unchanged

        try:
            after = await look("toutiao.rows", door, served, before.memory, **{"user_id": TOUTIAO_USER, **wish})
        except ParseError:
            return

    assert not after.unchanged and after.covers_from is None


@pytest.mark.parametrize("status_code", [200, 403, 418])
async def test_an_access_check_is_a_wall_whatever_its_status(status_code: int, door: Door) -> None:
    async with serving(Reply(b'{"decision":{"type":"verify"}}', status_code)) as served:
        with pytest.raises(RateLimited):
            await look("toutiao.rows", door, served)
