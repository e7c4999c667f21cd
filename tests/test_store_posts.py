"""Posts and reposts: written once, rewritten only when changed, told for any past moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from clocks import NOON
from makers import DAY, FEED, HOUR, account, failed, poll, post, snapshot
from storing import LEASE, NEXT, claim_one, enrol, looked, stored, write

from monitor.after import content_hash
from monitor.model import (
    Citation,
    Repost,
)
from monitor.store import Store
from monitor.writes import StoredPost

# -- posts ---------------------------------------------------------------------------------------------------------------------


async def test_a_poll_with_nothing_new_writes_no_post(store: Store, raw: Any) -> None:
    await enrol(store, account())
    page = [post(n, at=NOON - n * HOUR) for n in range(1, 11)]
    await looked(store, poll(snapshot(*page)))
    before = list(raw.posts.find().sort("_id"))
    raw.command("profile", 2)

    claim = await claim_one(store, now=NEXT)
    made = write(claim, poll(snapshot(*(each.model_copy(update={"first_seen_at": NEXT}) for each in page), until=NEXT), at=NEXT))
    await store.commit([made])

    raw.command("profile", 0)
    assert (made.new, made.changed) == ((), ())
    assert list(raw.posts.find().sort("_id")) == before
    # MongoDB's own account of what touched what: the state is written, no post is even asked for.
    touched = [(each["op"], each["ns"].partition(".")[2]) for each in raw["system.profile"].find()]
    assert ("update", "states") in touched
    assert not [op for op, collection in touched if collection == "posts"]


async def test_a_post_that_is_known_already_is_not_stored_twice(store: Store) -> None:
    await enrol(store, account())
    claim = await claim_one(store)
    first = await store.commit([write(claim, poll(snapshot()), new=stored(post(1), post(1), post(2)))])

    second = await store.commit([write(claim, poll(snapshot()), new=stored(post(2), post(3)))])

    assert first.inserted == {"a": 2}
    assert second.inserted == {"a": 1}
    assert len(await store.posts("a")) == 3


async def test_many_accounts_are_written_in_one_batch(store: Store) -> None:
    await enrol(store, *(account(f"a{n}") for n in range(30)))
    claims = await store.claim_due("us", NOON, LEASE, 30)

    written = await store.commit(
        [
            write(claim, poll(snapshot(post(1, account_id=claim.state.account_id)), account_id=claim.state.account_id))
            for claim in claims
        ]
    )

    assert written.inserted == {f"a{n}": 1 for n in range(30)}
    assert written.stale == set()


async def test_a_changed_post_is_rewritten_and_keeps_when_it_was_first_seen(store: Store) -> None:
    await enrol(store, account())
    edited = post(title="$改后的标题", text="$$ROOT 不是字段", first_seen_at=NEXT, citation=Citation(post_id="49"))

    await looked(store, poll(snapshot(post())), poll(snapshot(edited), at=NEXT))

    kept = (await store.posts("a"))[0]
    assert (kept.title, kept.text, kept.citation) == (edited.title, edited.text, edited.citation)
    assert kept.first_seen_at == NOON


async def test_a_known_post_found_by_a_state_that_forgot_it_is_updated_too(store: Store) -> None:
    await enrol(store, account())
    await looked(store, poll(snapshot(post())))
    claim = await claim_one(store, now=NEXT)

    written = await store.commit([write(claim, poll(snapshot()), new=stored(post(title="改后", first_seen_at=NEXT)))])

    kept = (await store.posts("a"))[0]
    assert written.inserted == {}
    assert (kept.title, kept.first_seen_at) == ("改后", NOON)


async def test_a_known_post_with_the_same_hash_is_not_written_again(store: Store) -> None:
    await enrol(store, account())
    await looked(store, poll(snapshot(post())))
    claim = await claim_one(store, now=NEXT)
    same = StoredPost(post(text="not looked at"), content_hash(post()))

    await store.commit([write(claim, poll(snapshot()), new=(same,))])

    assert await store.posts("a") == [post()]


async def test_a_deleted_post_keeps_its_content_and_when_it_was_first_found_deleted_until_it_is_seen_again(store: Store) -> None:
    await enrol(store, account())
    gone, again = post(title="$gone", deleted_at=NEXT), post(title="$gone, differently", deleted_at=NEXT + HOUR)
    await looked(store, poll(snapshot(post())), poll(snapshot(gone), at=NEXT), poll(snapshot(again), at=NEXT + HOUR))
    found_gone = (await store.posts("a"))[0]

    await looked(store, poll(snapshot(post()), at=NEXT + 2 * HOUR))

    assert (found_gone.deleted_at, found_gone.title) == (NEXT, "第1条")
    assert (await store.posts("a"))[0].deleted_at is None


async def test_the_newest_visible_post_is_told_for_any_past_moment(store: Store) -> None:
    await enrol(store, account("a"), account("b"))
    claim = await claim_one(store)
    posts = [
        post(1, at=NOON - 9 * DAY),
        post(2, at=NOON - 5 * DAY, deleted_at=NOON - 2 * DAY),
        post(3, at=NOON - 4 * DAY, private=True),
        post(4, at=NOON + DAY),
    ]
    await store.commit([write(claim, poll(snapshot()), new=stored(*posts))])

    async def newest(at: datetime, **more: Any) -> str | None:
        mark = (await store.newest_visible(["a", "b"], at, **more)).get("a")
        return mark.id.rpartition(":")[2] if mark else None

    assert await newest(NOON - 10 * DAY) is None
    assert await newest(NOON - 9 * DAY) == "1"
    assert await newest(NOON - 3 * DAY) == "2"
    assert await newest(NOON - 2 * DAY) == "1"
    assert await newest(NOON + DAY) == "4"
    assert await newest(NOON, without=["weibo:a:1"]) is None
    assert "b" not in await store.newest_visible(["a", "b"], NOON)


async def test_times_of_posts_leave_out_what_nobody_could_see(store: Store) -> None:
    await enrol(store, account())
    claim = await claim_one(store)
    posts = [
        post(1, at=NOON - DAY),
        post(2, at=NOON - 2 * DAY, deleted_at=NOON + DAY),
        post(3, at=NOON - 3 * DAY, deleted_at=NOON - DAY),
        post(4, at=NOON - 4 * DAY, private=True),
        post(5, at=NOON - 40 * DAY),
    ]
    await store.commit([write(claim, poll(snapshot()), new=stored(*posts))])

    times = await store.post_times(["a"], NOON - 31 * DAY, NOON)

    assert sorted(times["a"]) == [NOON - 2 * DAY, NOON - DAY]


async def test_a_walk_sees_what_the_public_sees_of_these_accounts_since_the_moment(store: Store) -> None:
    await enrol(store, account("a"), account("b"))
    hidden = (post(3, deleted_at=NOON), post(4, private=True), post(5, account_id="b"), post(2, at=NOON - 30 * DAY))
    await store.commit([write(await claim_one(store), poll(snapshot()), new=stored(post(1), *hidden))])

    found = [each.id async for each in store.posts_since(["a"], NOON - 7 * DAY)]

    assert found == ["weibo:a:1"]


async def test_a_walk_over_what_came_lately_sees_new_changed_and_opened_posts_only(store: Store) -> None:
    await enrol(store, account())
    old = (post(1), post(2), post(3))
    changed, fresh = post(2, title="改后", first_seen_at=NEXT), post(4, first_seen_at=NEXT)
    await looked(store, poll(snapshot(*old)), poll(snapshot(*old[::2], changed, fresh), at=NEXT))
    await store.enrich(old[2], NEXT)

    found = {each.id async for each in store.posts_since(["a"], NOON - 7 * DAY, NEXT)}

    assert found == {"weibo:a:2", "weibo:a:3", "weibo:a:4"}


async def test_what_a_failed_poll_said_is_on_record(store: Store, raw: Any) -> None:
    await enrol(store, account())

    await looked(store, failed("parse_error", head="<html>"))

    record = raw.polls.find_one()
    assert record["account_id"] == "a"
    assert record["channels"][0]["error"]["code"] == "parse_error"
    assert record["channels"][0]["error"]["head"] == "<html>"


# -- reposts -------------------------------------------------------------------------------------------------------------------


async def test_reposts_are_read_back_corrected_and_dropped(store: Store) -> None:
    late = Repost(
        article_id="k1",
        account_id="a",
        post_id="weibo:a:1",
        grade="irregular",
        reasons=("改了标题",),
        published_at=NOON,
        lag=timedelta(hours=5, milliseconds=7),
        evidence={"https://gov.example/$1.html": "url"},
    )
    await store.put_reposts([late])

    assert await store.reposts(["a"], ["k1"]) == {"a": [late]}
    better = late.model_copy(update={"grade": "in_order"})
    await store.put_reposts([better])
    assert await store.reposts() == {"a": [better]}
    await store.drop_reposts([late.id])
    assert await store.reposts() == {}


async def test_posts_let_go_of_with_a_feed_come_back_when_its_new_address_shows_them_unchanged(store: Store) -> None:
    moved = FEED.model_copy(update={"handle": "https://new-bridge.example/a.xml"})
    await enrol(store, account(channels=(FEED,)))
    claim = await claim_one(store)
    shown = StoredPost(post(1), content_hash(post(1)), channel="feed")
    await store.commit([write(claim, poll(snapshot(post(1))), new=(shown,))])

    await enrol(store, account(channels=(moved,)), now=NEXT)
    assert await store.posts("a") == []
    await looked(store, poll(snapshot(post(1)), at=NEXT))

    assert [each.id for each in await store.posts("a")] == [post(1).id]
    assert (await store.newest_visible(["a"], NEXT))["a"].id == post(1).id
