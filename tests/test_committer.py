"""Finished polls are written in batches, held while the database is away, and one that cannot be written harms no other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import cast

import pytest
from clocks import NOON, FrozenClock
from makers import account, poll, post, snapshot
from storing import LEASE, enrol, write

from monitor.committer import BATCH, Committer
from monitor.errors import StoreAway
from monitor.model import AccountState
from monitor.store import Store
from monitor.writes import Claim, PollWrite, Written


class Ledger:
    """A store that keeps what it is given; it can be away for some tries, and it chokes on certain accounts."""

    def __init__(self, away: int = 0, chokes_on: Sequence[str] = ()) -> None:
        self.away, self.chokes_on = away, set(chokes_on)
        self.batches: list[list[str]] = []

    async def commit(self, writes: Sequence[PollWrite]) -> Written:
        if self.away:
            self.away -= 1
            raise StoreAway("not now")
        ids = [each.state.account_id for each in writes]
        if self.chokes_on & set(ids):
            raise ValueError("cannot be written")
        self.batches.append(ids)
        return Written(inserted=dict.fromkeys(ids, 1))


def done(id: str) -> PollWrite:
    claim = Claim(AccountState(account_id=id), 1, NOON + timedelta(minutes=3))
    return write(claim, poll(snapshot(), account_id=id))


@contextlib.asynccontextmanager
async def committing(committer: Committer) -> AsyncIterator[None]:
    loop = asyncio.create_task(committer.run())
    try:
        yield
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


def over(ledger: Ledger, clock: FrozenClock, heard: list[bool] | None = None) -> Committer:
    words = [] if heard is None else heard
    return Committer(cast(Store, ledger), clock, words.append)


async def test_polls_that_finish_together_are_written_together() -> None:
    ledger = Ledger()
    committer = over(ledger, FrozenClock())

    async with committing(committer):
        written = await asyncio.gather(*(committer.put(done(f"a{n}")) for n in range(20)))

    assert ledger.batches == [[f"a{n}" for n in range(20)]]
    assert all(each.inserted[f"a{n}"] == 1 for n, each in enumerate(written))


async def test_a_batch_has_a_limit() -> None:
    ledger = Ledger()
    committer = over(ledger, FrozenClock())

    async with committing(committer):
        await asyncio.gather(*(committer.put(done(f"a{n}")) for n in range(BATCH + 5)))

    assert [len(batch) for batch in ledger.batches] == [BATCH, 5]


async def test_while_the_database_is_away_polls_are_held_and_then_written() -> None:
    ledger, clock, heard = Ledger(away=6), FrozenClock(), []
    committer = over(ledger, clock, heard)

    async with committing(committer):
        await committer.put(done("a"))

    assert ledger.batches == [["a"]]
    assert heard == [False] * 6 + [True]
    # The first pause gathers the batch; after it the waits double up to their cap.
    assert clock.slept[1:] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


async def test_a_poll_that_cannot_be_written_harms_no_other() -> None:
    ledger = Ledger(chokes_on=["bad"])
    committer = over(ledger, FrozenClock())

    async with committing(committer):
        results = await asyncio.gather(*(committer.put(done(id)) for id in ("a", "bad", "b")), return_exceptions=True)
        later = await committer.put(done("c"))

    assert isinstance(results[1], ValueError)
    assert [isinstance(each, Written) for each in results] == [True, False, True]
    assert later.inserted == {"c": 1}


async def test_who_stopped_waiting_does_not_disturb_the_batch() -> None:
    ledger = Ledger(away=3)
    committer = over(ledger, FrozenClock())
    impatient = asyncio.create_task(committer.put(done("gone")))
    patient = asyncio.create_task(committer.put(done("a")))
    await asyncio.sleep(0)
    impatient.cancel()

    async with committing(committer):
        await patient

    assert ledger.batches == [["gone", "a"]]


@pytest.mark.parametrize("poison", ["\ud800", "a" * 17_000_000], ids=["half a character", "larger than any document"])
async def test_hostile_text_that_no_database_takes_stops_only_its_own_account(store: Store, poison: str) -> None:
    await enrol(store, account("a"), account("bad"), account("b"))
    claims = {claim.state.account_id: claim for claim in await store.claim_due("us", NOON, LEASE, 9)}
    writes = [
        write(claim, poll(snapshot(post(account_id=id, text=poison if id == "bad" else "正文")), account_id=id))
        for id, claim in claims.items()
    ]
    committer = Committer(store, FrozenClock())

    async with committing(committer):
        results = await asyncio.gather(*(committer.put(each) for each in writes), return_exceptions=True)

    assert {id for id, result in zip(claims, results, strict=True) if isinstance(result, Exception)} == {"bad"}
    assert len(await store.posts("a")) == len(await store.posts("b")) == 1
    assert await store.posts("bad") == []
