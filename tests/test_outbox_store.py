"""The outbox while the database goes away between sending and marking: a daemon that lives on sends nothing twice and forgets nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from clocks import NOON, FrozenClock
from mail_servers import PostOffice, Taken
from outbox import CLERK, notify, opened, telling, unit, units

from monitor.embedded import Embedded
from monitor.errors import StoreAway
from monitor.store import Store
from monitor.telling import Telling
from monitor.trail import Act


@pytest.fixture
async def mongo(tmp_path: Path) -> AsyncIterator[Embedded]:
    """A mongod of the test's own, to be killed."""
    async with Embedded(tmp_path / "mongo") as mongod:
        yield mongod


@pytest.fixture
async def city(mongo: Embedded) -> AsyncIterator[Store]:
    store = Store(mongo.url, "city", selection_seconds=0.5)
    await store.open()
    yield store
    store.close()


async def lived_through(loop: Telling, mongo: Embedded, clock: FrozenClock, rounds: int = 3) -> int:
    """Go round while the database is away and after it has come back; return how many rounds it cut short."""
    away = 0
    for number in range(rounds + 2):
        if number == 2:
            await mongo.start()
        try:
            await loop.round()
        except StoreAway:
            away += 1
        clock.advance(loop.pause)
    return away


@pytest.mark.parametrize("victim", [0, 2])
async def test_a_database_killed_between_sending_and_marking_costs_nobody_a_second_letter(
    mongo: Embedded, city: Store, victim: int
) -> None:
    clock = FrozenClock(NOON)
    await opened(city, *units(4))

    async with PostOffice() as office:

        async def kill(taken: Taken) -> None:
            if taken.to == unit(victim) and len(office.taken) == victim + 1:
                await mongo.kill()

        office.when_taken = kill
        loop = telling(city, office.port, clock)
        away = await lived_through(loop, mongo, clock)

    assert away == 2
    assert office.counts() == dict.fromkeys(units(4), 1)
    assert all(each.told and each.tries == {} for each in await city.alerts())
    assert {letter.to for letter in await city.correspondence.letters()} == set(units(4)), "what was said is on record all the same"
    assert {entry.by for entry in await city.correspondence.trail(acts=[Act.TOLD])} == set(units(4))
    boxes = await city.correspondence.mailboxes(units(4))
    assert all(box.had_one_today(NOON) for box in boxes.values()) and len(boxes) == 4


async def test_a_database_killed_between_sending_a_digest_and_marking_it_costs_nobody_a_second_one(mongo: Embedded, city: Store) -> None:
    clock, readers = FrozenClock(NOON), (CLERK, "zhuren@example.invalid")

    async with PostOffice() as office:

        async def kill(taken: Taken) -> None:
            if len(office.taken) == 1:
                await mongo.kill()

        office.when_taken = kill
        loop = telling(city, office.port, clock, notify(clerks=readers))
        await lived_through(loop, mongo, clock)

    assert office.counts() == dict.fromkeys(readers, 1)
    assert len(await city.correspondence.letters()) == 2


async def test_a_database_that_stands_still_for_a_moment_between_sending_and_marking_changes_nothing(mongo: Embedded, city: Store) -> None:
    clock = FrozenClock(NOON)
    await opened(city, *units(3))

    async with PostOffice() as office:

        async def stand_still(taken: Taken) -> None:
            if len(office.taken) == 2:
                mongo.pause()
                asyncio.get_running_loop().call_later(0.5, mongo.resume)

        office.when_taken = stand_still
        loop = telling(city, office.port, clock, notify(clerks=(CLERK,)))
        for _ in range(2):
            await loop.round()

    assert office.counts() == {**dict.fromkeys(units(3), 1), CLERK: 1}


class Cut:
    """A store whose answer to some writes of marks is lost: the database has taken them, and the daemon is told that it is away."""

    def __init__(self, inner: Store, *, times: int, first: Literal["attempt", "refusal"] = "attempt") -> None:
        self.inner, self.left, self._skip = inner, times, 0 if first == "attempt" else 1

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    async def put_told(self, alerts: list[object]) -> None:
        await self.inner.put_told(alerts)  # type: ignore[arg-type]
        if alerts and self._skip:
            self._skip = 0
        elif alerts and self.left:
            self.left -= 1
            raise StoreAway("no answer")


async def test_attempts_whose_mark_was_not_confirmed_use_no_tries_up(store: Store) -> None:
    clock = FrozenClock(NOON)
    await opened(store, unit(0))

    async with PostOffice() as office:
        loop = telling(Cut(store, times=3), office.port, clock)  # type: ignore[arg-type]
        for _ in range(3):
            with pytest.raises(StoreAway):
                await loop.round()
        unsent = list(office.taken)
        await loop.round()

    assert unsent == []
    assert office.counts() == {unit(0): 1}, "no letter has left, so none is of unknown fate"


async def test_after_a_round_that_the_database_cut_short_the_next_one_comes_soon(mongo: Embedded, city: Store) -> None:
    async with PostOffice() as office:
        loop = telling(city, office.port, FrozenClock(NOON))
        await mongo.kill()

        with pytest.raises(StoreAway):
            await loop.round()

    assert loop.pause == notify().retry_seconds
