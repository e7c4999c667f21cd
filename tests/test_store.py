"""The store's collections, roster and sizes, against a real mongod."""

from __future__ import annotations

from typing import Any

import pytest
from clocks import NOON
from makers import DAY, account, poll, post, snapshot
from storing import LEASE, NEXT, alert, claim_one, enrol, finding, looked, write

from monitor.model import (
    Alert,
    Stage,
    Status,
    Told,
)
from monitor.store import Store
from monitor.writes import AlertChange

# -- the roster ----------------------------------------------------------------------------------------------------------------


async def test_the_roster_becomes_exactly_what_is_put(store: Store) -> None:
    await enrol(store, account("a"), account("b", name="旧名"))

    await enrol(store, account("b", name="新名"), account("c"))

    assert [(each.id, each.name) for each in await store.accounts()] == [("b", "新名"), ("c", "c发布")]
    assert [each.id for each in await store.accounts(["c", "a"])] == ["c"]


async def test_an_account_that_stays_keeps_its_state_and_its_place_in_the_queue(store: Store) -> None:
    await enrol(store, account())
    before = await looked(store, poll(snapshot(post())))

    await enrol(store, account(name="改名"), account("b"), now=NOON)

    assert (await store.states(["a"]))["a"] == before
    assert [claim.state.account_id for claim in await store.claim_due("us", NOON, LEASE, 9)] == ["b"]


async def test_a_removed_account_is_not_looked_at_and_what_is_known_of_it_is_kept(store: Store) -> None:
    await enrol(store, account("a"), account("b"))
    await looked(store, poll(snapshot(post())))

    await enrol(store, account("b"))

    assert [claim.state.account_id for claim in await store.claim_due("us", NOON + 9 * DAY, LEASE, 9)] == ["b"]
    assert await store.claim(["a"], "us", NOON, LEASE, force=True) == []
    assert len(await store.posts("a")) == 1
    assert (await store.states(["a"]))["a"].last_post is not None


async def test_a_look_under_way_does_not_bring_a_removed_account_back(store: Store) -> None:
    await enrol(store, account("a"), account("b"))
    claim = await claim_one(store)
    await enrol(store, account("b"))

    written = await store.commit([write(claim, poll(snapshot(post())))])

    assert written.stale == {"a"}
    assert [each.state.account_id for each in await store.claim_due("us", NOON + 9 * DAY, LEASE, 9)] == ["b"]


async def test_an_account_that_returns_is_due_at_once_and_remembers(store: Store) -> None:
    await enrol(store, account())
    await looked(store, poll(snapshot(post())))
    await enrol(store, account("b"))

    await enrol(store, account(), now=NOON)

    claims = await store.claim_due("us", NOON, LEASE, 9)
    assert [(claim.state.account_id, len(claim.state.seen)) for claim in claims] == [("a", 1)]


@pytest.mark.parametrize("status", [None, Status.CLOSED, Status.EXEMPT], ids=["removed", "closed", "exempt"])
async def test_alerts_of_accounts_no_longer_judged_end_without_a_letter(store: Store, status: Status | None) -> None:
    await enrol(store, account("a"), account("b"))
    about_a, about_b = alert(id="1", subject="a"), alert(id="2", subject="b")
    about_us = Alert(
        id="3", finding=finding("frozen_source", "wechat/feed", account_id=None), stage=Stage.OPEN, opened_at=NOON, last_seen_at=NOON
    )
    await store.put_alerts([AlertChange(None, each) for each in (about_a, about_b, about_us)])
    await store.put_told([about_a.model_copy(update={"told": {"x@y": Told(at=NOON, rung=1)}, "tries": {"x@y 2": 1}})])

    remaining = [account("b")] if status is None else [account("a", status=status), account("b")]
    await enrol(store, *remaining, now=NEXT)

    ended, others = (await store.alerts([Stage.RESOLVED])), (await store.alerts([Stage.OPEN]))
    assert [(each.id, each.resolved_at, each.told, each.tries) for each in ended] == [("1", NEXT, {}, {})]
    assert {each.id for each in others} == {"2", "3"}


async def test_the_whole_roster_is_walked_over_in_batches(store: Store) -> None:
    await enrol(store, *(account(f"a{n}") for n in range(7)))

    batches = [batch async for batch in store.watched(batch=3)]

    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert [each.id for batch in batches for each, _ in batch] == [f"a{n}" for n in range(7)]
    assert all(each.id == known.account_id for batch in batches for each, known in batch)


async def test_sizes_for_the_status_page(store: Store) -> None:
    await enrol(store, account("a"), account("b"), account("c"))
    await looked(store, poll(snapshot(post(1), post(2))))
    await store.put_alerts([AlertChange(None, alert())])

    assert await store.counts(NOON) == {"accounts": 3, "tried": 1, "due": 2, "posts": 2, "open_alerts": 1}
    assert await store.oldest_due(NOON) == NOON
    assert await store.oldest_due(NOON - DAY) is None


# -- collections and indexes ---------------------------------------------------------------------------------------------------


async def test_poll_records_expire_and_lie_in_a_time_series(store: Store, raw: Any) -> None:
    options = next(raw.list_collections(filter={"name": "polls"}))["options"]

    assert options["timeseries"]["timeField"] == "at"
    assert options["timeseries"]["metaField"] == "account_id"
    assert options["timeseries"]["granularity"] == "minutes"
    assert options["expireAfterSeconds"] == 90 * 86_400


async def test_a_changed_expiry_is_taken_over_at_the_next_start(store: Store, raw: Any, mongod: str, database: str) -> None:
    again = Store(mongod, database, poll_record_days=7)

    await again.open()

    again.close()
    assert next(raw.list_collections(filter={"name": "polls"}))["options"]["expireAfterSeconds"] == 7 * 86_400


async def test_a_write_counts_when_the_majority_has_it_on_disk(store: Store) -> None:
    concern = store._db.posts.write_concern.document

    assert (concern["w"], concern["j"]) == ("majority", True)


async def test_what_is_asked_often_has_an_index(store: Store, raw: Any) -> None:
    def plan(collection: str, query: dict[str, Any], sort: list[tuple[str, int]]) -> str:
        return str(raw[collection].find(query, sort=sort).explain()["queryPlanner"]["winningPlan"])

    assert "IXSCAN" in plan("states", {"due_at": {"$lte": NOON}, "lane": {"$nin": []}}, [("due_at", 1)])
    assert "IXSCAN" in plan("posts", {"account_id": "a"}, [("published_at", -1)])
    assert "IXSCAN" in plan("alerts", {"account_id": {"$in": ["a"]}, "alive": True}, [])
    assert "IXSCAN" in plan("reposts", {"account_id": {"$in": ["a"]}}, [])
