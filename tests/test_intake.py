"""What comes in beside the polls: a push and a page that show the same post, uploads, and what they may never do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from clocks import NOON
from makers import HOUR, account, partial, snapshot

from monitor import hand_checks
from monitor.model import Account, Channel, Platform, Poll, Post
from monitor.store import Store
from monitor.writes import PollWrite

LONG = "https://mp.weixin.qq.com/s?__biz=MzI5MDAwMDAwMQ==&mid=2247480001&idx=1"
CHANNELS = (Channel(adapter="wechat.callback", handle="gh_1"), Channel(adapter="feed", handle="https://b.example/1"))


def watched() -> Account:
    return account("acc", platform=Platform.WECHAT, channels=CHANNELS)


def a_post(name: str, **fields: Any) -> Post:
    given = {"published_at": NOON - HOUR, "first_seen_at": NOON, "url": LONG} | fields
    return Post(id=f"wechat:acc:{name}", account_id="acc", **given)


async def enrolled(store: Store) -> Account:
    await store.put_accounts([watched()], {}, NOON)
    return watched()


async def take(store: Store, mine: Account, *posts: Post, channel: str = "wechat.callback") -> int:
    shown = partial(*posts, channel=channel)
    return await hand_checks.take_in(store, mine, shown, at=NOON, now=NOON, by="test")


async def test_a_push_after_the_page_leaves_title_and_text_alone(store: Store) -> None:
    mine = await enrolled(store)
    await take(store, mine, a_post("1_1", title="关于停水的通告", text="全文"), channel="feed")

    new = await take(store, mine, a_post("1_1"))

    assert new == 0
    assert [(post.title, post.text) for post in await store.posts("acc")] == [("关于停水的通告", "全文")]


async def test_a_page_after_the_push_fills_in_what_it_lacked(store: Store) -> None:
    mine = await enrolled(store)
    await take(store, mine, a_post("1_1"))

    await take(store, mine, a_post("token", title="关于停水的通告", text="全文"), channel="feed")

    assert [(post.id, post.title) for post in await store.posts("acc")] == [("wechat:acc:1_1", "关于停水的通告")]


async def test_a_partial_look_from_outside_moves_the_last_update_and_covers_nothing(store: Store) -> None:
    mine = await enrolled(store)

    await take(store, mine, a_post("1_1"))

    state = (await store.states(["acc"]))["acc"]
    assert state.last_post is not None and state.last_post.channel == "wechat.callback"
    assert state.sight.last_span() is None
    assert (state.failures, state.last_error, state.last_tried_at, state.last_good) == (0, None, None, None)


async def test_a_partial_look_from_outside_does_not_hide_that_the_account_cannot_be_seen(store: Store) -> None:
    mine = await enrolled(store)
    claims = await store.claim(["acc"], "test", NOON, timedelta(minutes=1))
    failing = claims[0].state.model_copy(update={"failures": 3, "failing_since": NOON - HOUR, "next_poll_at": NOON})
    await store.commit([PollWrite(poll=Poll(account_id="acc", at=NOON), state=failing, claim=claims[0])])

    await take(store, mine, a_post("1_1"))

    state = (await store.states(["acc"]))["acc"]
    assert (state.failures, state.failing_since) == (3, NOON - HOUR)


async def test_what_came_in_is_kept_as_evidence(store: Store, raw: Any) -> None:
    mine = await enrolled(store)

    await hand_checks.take_in(store, mine, snapshot(a_post("1_1"), channel="manual"), at=NOON, now=NOON, by="王科员")

    kept = raw.looks.find_one({})
    assert (kept["by"], kept["channel"], kept["posts"]) == ("王科员", "manual", ["wechat:acc:1_1"])


async def test_what_comes_in_leaves_the_lane_the_account_queues_in(store: Store, raw: Any) -> None:
    mine = watched()
    await store.put_accounts([mine], {"acc": "feed b.example"}, NOON)

    await take(store, mine, a_post("1_1"))

    assert raw.states.find_one({"_id": "acc"})["lane"] == "feed b.example"


async def test_a_newest_post_that_came_in_as_deleted_gives_way_to_the_one_before(store: Store) -> None:
    mine = await enrolled(store)
    await take(store, mine, a_post("1_1"), a_post("0_1", url="", published_at=NOON - 5 * HOUR))

    await take(store, mine, a_post("1_1", deleted_at=NOON))

    last = (await store.states(["acc"]))["acc"].last_post
    assert last is not None and last.id == "wechat:acc:0_1"
