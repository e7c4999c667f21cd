"""The outbox while the database goes away between sending and marking: a daemon that lives on sends nothing twice and forgets nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
import structlog.testing
from clocks import NOON, FrozenClock
from mail_servers import PostOffice, Taken
from outbox import CLERK, notify, opened, telling, unit, units

from monitor.embedded import Embedded
from monitor.errors import StoreAway
from monitor.store import Store
from monitor.telling.rounds import Telling
from monitor.telling.trail import Act


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


class Deaf:
    """Something that is away for some writes of one kind: each, and they are written all the same; or every so many, and those are lost."""

    def __init__(self, inner: Any, write: str, every: int, **others: Any) -> None:
        self._inner, self._write, self._every, self._others, self._asked = inner, write, every, others, 0
        self.hears = False

    def __getattr__(self, name: str) -> Any:
        if name in self._others:
            return self._others[name]
        return self._deaf if name == self._write and not self.hears else getattr(self._inner, name)

    async def _deaf(self, written: Any) -> None:
        self._asked += bool(written)
        away = bool(written) and self._asked % self._every == 0
        if not away or self._every == 1:
            await getattr(self._inner, self._write)(written)
        if away:
            raise StoreAway("no answer")


@pytest.mark.parametrize("every", [pytest.param(1, id="that it is tried"), pytest.param(2, id="that it was not accepted")])
async def test_a_mark_that_was_not_confirmed_uses_no_try_up_while_no_letter_has_left(store: Store, every: int) -> None:
    clock = FrozenClock(NOON)
    await opened(store, unit(0))
    deaf = Deaf(store, "put_told", every)

    async with PostOffice() as office:
        await office.stop()
        loop = telling(cast(Store, deaf), office.port, clock)
        for _ in range(3):
            with pytest.raises(StoreAway):
                await loop.round()
        deaf.hears = True
        await office.start()
        await loop.round()

    assert office.counts() == {unit(0): 1}


@pytest.mark.parametrize("every", [pytest.param(1, id="that it is tried"), pytest.param(2, id="that it was not accepted")])
async def test_so_it_is_with_digests(store: Store, every: int) -> None:
    clock = FrozenClock(NOON)
    deaf = Deaf(store.correspondence, "put_mailbox", every)

    async with PostOffice() as office:
        await office.stop()
        loop = telling(cast(Store, Deaf(store, "", 1, correspondence=deaf)), office.port, clock, notify(clerks=(CLERK,)))
        for _ in range(5):
            with suppress(StoreAway):
                await loop.round()
            clock.advance(30)
        deaf.hears = True
        await office.start()
        await loop.round()

    assert office.counts() == {CLERK: 1}


class Unwritable(Deaf):
    """A database that can hold no record of a letter, for whatever reason."""

    async def _deaf(self, written: Any) -> None:
        raise ValueError("no such character")


async def test_a_record_that_cannot_be_written_keeps_nobody_s_letter_back_and_is_reported(store: Store) -> None:
    clock = FrozenClock(NOON)
    await opened(store, *units(3))
    broken = Unwritable(store.correspondence, "put_letter", 1)

    async with PostOffice() as office:
        loop = telling(cast(Store, Deaf(store, "", 1, correspondence=broken)), office.port, clock)
        with structlog.testing.capture_logs() as logs:
            await loop.round()
            await loop.round()

    assert office.counts() == dict.fromkeys(units(3), 1)
    assert [each["log_level"] for each in logs if "written down" in each["event"]] == ["error"] * 3
    assert all(box.had_one_today(NOON) for box in (await store.correspondence.mailboxes()).values())


async def test_after_a_round_that_the_database_cut_short_the_next_one_comes_soon(mongo: Embedded, city: Store) -> None:
    async with PostOffice() as office:
        loop = telling(city, office.port, FrozenClock(NOON))
        await mongo.kill()

        with pytest.raises(StoreAway):
            await loop.round()

    assert loop.pause == notify().retry_seconds
