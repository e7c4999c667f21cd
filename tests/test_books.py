"""Budgets and breakers over restarts, in a real database: a daemon that starts anew goes on counting."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from clocks import NOON, FrozenClock
from makers import fault
from pydantic import SecretStr

from monitor.access.books import Books
from monitor.access.budgets import LOST_REQUESTS, SAVE_SECONDS, Budgets
from monitor.access.credentials import CredentialBook, Vault
from monitor.access.pauses import Breaker, Pauses
from monitor.errors import RateLimited
from monitor.model import Channel, Outcome
from monitor.ports import Quota
from monitor.schedule import Backoff
from monitor.store import Store

BACKOFF = Backoff(start=900.0, cap=6 * 3600.0, gone=24 * 3600.0, auth=6 * 3600.0, rate=900.0)
DAY = Quota("weibo.openapi city", 5, 86_400.0)
FEED = Channel(adapter="feed", handle="https://b.example/1")


class Process:
    """What one daemon keeps in memory, and its books."""

    def __init__(self, store: Store, clock: FrozenClock, owner: str, daemon: bool = True) -> None:
        self.store, self.clock, self.owner, self.daemon = store, clock, owner, daemon

    async def start(self) -> Process:
        keepings = self.store.keepings
        self.budgets = Budgets(self.clock)
        self.pauses = Pauses(BACKOFF, (), await keepings.breakers())
        vault = Vault(CredentialBook(SecretStr("")))
        self.books = Books(keepings, self.budgets, self.pauses, vault, self.clock, self.owner, self.daemon)
        await self.books.open()
        return self

    def sent(self, times: int) -> int:
        done = 0
        for _ in range(times):
            try:
                self.budgets.take("weibo.openapi city", [DAY])
                done += 1
            except RateLimited:
                break
        return done


async def test_a_budget_is_one_over_an_orderly_restart(store: Store) -> None:
    clock = FrozenClock()
    first = await Process(store, clock, "one").start()
    assert first.sent(3) == 3
    await first.books.close()

    second = await Process(store, clock, "two").start()

    assert second.sent(9) == 2


async def test_after_a_kill_the_requests_nobody_wrote_down_are_charged(store: Store) -> None:
    clock = FrozenClock()
    first = await Process(store, clock, "one").start()
    first.sent(1)
    await first.books.save()

    second = await Process(store, clock, "two").start()

    assert second.sent(9) == 5 - 1 - LOST_REQUESTS


async def test_a_window_frees_itself_in_the_database_too(store: Store) -> None:
    clock = FrozenClock()
    first = await Process(store, clock, "one").start()
    first.sent(5)
    await first.books.save()
    clock.advance(2 * 86_400)
    first.sent(1)
    await first.books.save()

    assert [sum(each.counts.values()) for each in await store.keepings.windows()] == [1]


async def test_two_daemons_share_a_budget(store: Store) -> None:
    clock = FrozenClock()
    one, two = await Process(store, clock, "one").start(), await Process(store, clock, "two").start()
    one.sent(2)
    await one.books.save()
    two.sent(1)
    await two.books.save()

    assert two.sent(9) == 2


async def test_a_command_beside_the_daemon_does_not_make_it_look_killed(store: Store) -> None:
    clock = FrozenClock()
    daemon = await Process(store, clock, "daemon").start()
    daemon.sent(1)
    await daemon.books.save()
    command = await Process(store, clock, "command", daemon=False).start()
    await command.books.close()
    await daemon.books.close()

    again = await Process(store, clock, "daemon again").start()

    assert again.sent(9) == 4


async def test_an_open_breaker_stays_open_and_a_closed_one_is_forgotten(store: Store) -> None:
    clock = FrozenClock()
    first = await Process(store, clock, "one").start()
    for lane in ("stays", "goes"):
        first.pauses.record(Outcome(channel=FEED, fault=fault("rate_limited")), lane, NOON, "a", Breaker())
    await first.books.save()
    first.pauses.record(Outcome(channel=FEED), "goes", NOON, "a", Breaker())
    await first.books.close()

    second = await Process(store, clock, "two").start()

    assert [rest.lane for rest in second.pauses.rests(NOON)] == ["stays"]
    assert second.pauses.of(FEED, "stays", NOON) is not None


async def test_the_first_request_after_a_restart_keeps_its_distance(store: Store) -> None:
    clock = FrozenClock()
    first = await Process(store, clock, "one").start()
    first.sent(1)
    await first.books.close()

    second = await Process(store, clock, "two").start()

    assert second.budgets.rested("weibo.openapi city", 10.0) == pytest.approx(SAVE_SECONDS + 10)


class Stuck:
    """The keepings of a database that takes counts very slowly, once."""

    def __init__(self, keepings: Any) -> None:
        self.keepings, self.begun = keepings, asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.keepings, name)

    async def count_requests(self, *counts: Any) -> None:
        if not self.begun.is_set():
            self.begun.set()
            await asyncio.sleep(60)
        await self.keepings.count_requests(*counts)


async def test_counts_being_written_when_the_daemon_stops_are_in_the_last_writing(store: Store) -> None:
    clock, stuck = FrozenClock(), Stuck(store.keepings)
    first = await Process(store, clock, "one").start()
    books = Books(stuck, first.budgets, first.pauses, Vault(CredentialBook(SecretStr(""))), clock, "one", daemon=True)  # type: ignore[arg-type]
    first.sent(3)
    saving = asyncio.create_task(books.save())
    await stuck.begun.wait()

    saving.cancel()
    await asyncio.gather(saving, return_exceptions=True)
    await books.close()

    second = await Process(store, clock, "two").start()
    assert second.sent(9) == 2


async def test_a_kill_is_noticed_although_another_daemon_came_and_went(store: Store) -> None:
    clock = FrozenClock()
    killed = await Process(store, clock, "one").start()
    killed.sent(1)
    await killed.books.save()
    other = await Process(store, clock, "two").start()
    killed.sent(1)
    await killed.books.save()
    await other.books.close()

    assert not await store.keepings.begin_run("three")


async def test_what_nobody_used_for_days_is_not_kept(store: Store, raw: Any) -> None:
    clock = FrozenClock()
    first = await Process(store, clock, "one").start()
    first.sent(2)
    first.pauses.record(Outcome(channel=FEED, fault=fault("rate_limited")), "old lane", clock.now(), "a", Breaker())
    await first.books.save()
    clock.advance(9 * 86_400)
    first.budgets.take("another", [Quota("another", 9, 3600.0)])
    first.pauses.heal(clock.now())
    await first.books.save()

    assert [doc["name"] for doc in raw.windows.find({})] == ["another"]
    assert [doc["_id"] for doc in raw.lanes.find({})] == ["another"]
    assert raw.breakers.count_documents({}) == 0


async def test_kept_documents_that_nobody_can_read_do_not_keep_a_daemon_from_starting(store: Store, raw: Any) -> None:
    raw.breakers.insert_one({"_id": "lane", "until": NOON, "fault": {"code": "rate_limited", "of a later version": 1}})
    raw.windows.insert_one({"_id": "window", "counts": {"x": "y"}})
    raw.grants.insert_one({"_id": "grant", "credential": "city"})

    assert (await store.keepings.breakers(), await store.keepings.windows(), await store.keepings.grants()) == ([], [], [])
