"""The database goes away: everything says so, nothing acknowledged is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from clocks import NOON
from makers import account, poll, post, snapshot
from storing import LEASE, alert, claim_one, enrol, write

from monitor.embedded import Embedded
from monitor.errors import StoreAway
from monitor.store import Store
from monitor.writes import AlertChange


@pytest.fixture
async def fragile(tmp_path: Path) -> AsyncIterator[tuple[Embedded, Store]]:
    """A store on a mongod of its own, which the test may kill."""
    async with Embedded(tmp_path / "mongo") as mongod:
        store = Store(mongod.url, "city", selection_seconds=0.5)
        await store.open()
        yield mongod, store
        store.close()


async def test_while_the_database_is_away_everything_says_so(fragile: tuple[Embedded, Store]) -> None:
    mongod, store = fragile
    await enrol(store, account())
    claim = await claim_one(store)
    await mongod.kill()

    for asking in (
        store.ping(),
        store.claim_due("us", NOON, LEASE, 1),
        store.commit([write(claim, poll(snapshot(post())))]),
        store.newest_visible(["a"], NOON),
        store.accounts(),
        store.put_alerts([AlertChange(None, alert())]),
        store.open(),
    ):
        with pytest.raises(StoreAway):
            await asking


async def test_acknowledged_posts_survive_a_kill_and_the_store_goes_on(fragile: tuple[Embedded, Store]) -> None:
    mongod, store = fragile
    await enrol(store, *(account(f"a{n}") for n in range(20)))
    claims = await store.claim_due("us", NOON, LEASE, 20)
    for claim in claims[:10]:
        id = claim.state.account_id
        await store.commit([write(claim, poll(snapshot(post(1, account_id=id)), account_id=id))])

    await mongod.kill()
    await mongod.start()

    for claim in claims[:10]:
        assert len(await store.posts(claim.state.account_id)) == 1
    for claim in claims[10:]:
        id = claim.state.account_id
        written = await store.commit([write(claim, poll(snapshot(post(1, account_id=id)), account_id=id))])
        assert written.stale == set()
        assert len(await store.posts(id)) == 1


async def test_each_operation_that_finds_nobody_there_is_counted_once(fragile: tuple[Embedded, Store]) -> None:
    mongod, store = fragile
    seen: list[str] = []
    store.seen = seen.append
    await store.ping()
    await mongod.kill()

    for asking in (store.ping(), store.keepings.unmatched_accounts(), store.put_accounts([account()], {}, NOON)):
        with pytest.raises(StoreAway):
            await asking

    assert seen == ["away"] * 3


async def test_a_database_that_is_there_and_does_not_answer_in_time_is_counted_apart(store: Store, raw: Any) -> None:
    seen: list[str] = []
    store.seen = seen.append
    await enrol(store, account())

    with pytest.raises(StoreAway), store.translated():
        # A server that sleeps over each document, and a limit far below that.
        list(raw.accounts.find({"$where": "sleep(2000) || true"}).max_time_ms(50))

    assert seen == ["timeout"]
