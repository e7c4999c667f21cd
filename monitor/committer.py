"""Gathers finished polls and writes them in batches: in batches the journal is nearly free."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from monitor.errors import StoreAway
from monitor.ports import Clock
from monitor.store import Store
from monitor.writes import PollWrite, Written

log = structlog.get_logger("committer")

BATCH = 200
GATHER_SECONDS = 0.01
"""How long the first poll of a batch waits for company: unnoticeable beside a look, long enough to fill a batch under load."""

AWAY_START_SECONDS = 0.5
AWAY_CAP_SECONDS = 5.0


@dataclass(slots=True)
class _Waiting:
    write: PollWrite
    done: asyncio.Future[Written]


class Committer:
    """Takes poll writes and answers when they are safe. While the database is away it holds them and tries again."""

    def __init__(self, store: Store, clock: Clock, on_store: Callable[[bool], None] = lambda up: None) -> None:
        self._store = store
        self._clock = clock
        self._on_store = on_store
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()

    async def put(self, write: PollWrite) -> Written:
        """Return what was written, once it is on disk with the majority."""
        waiting = _Waiting(write, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        return await waiting.done

    async def run(self) -> None:
        """Write batches until cancelled. An error that waiting does not mend goes to the poll that caused it, and to no other."""
        while True:
            batch = await self._gather()
            if not await self._settle(batch) and len(batch) > 1:
                for each in batch:
                    await self._settle([each])

    async def _settle(self, batch: list[_Waiting]) -> bool:
        """Write a batch and answer those who wait; False when a bigger one failed and its polls must be tried one by one."""
        try:
            written = await self._commit([each.write for each in batch])
        except Exception as error:
            if len(batch) == 1 and not batch[0].done.done():
                batch[0].done.set_exception(error)
            return False
        for each in batch:
            if not each.done.done():
                each.done.set_result(written)
        return True

    async def _gather(self) -> list[_Waiting]:
        batch = [await self._queue.get()]
        if self._queue.qsize() < BATCH:
            await self._clock.sleep(GATHER_SECONDS)
        while len(batch) < BATCH and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return batch

    async def _commit(self, writes: list[PollWrite]) -> Written:
        wait = AWAY_START_SECONDS
        while True:
            try:
                written = await self._store.commit(writes)
            except StoreAway as error:
                if wait == AWAY_START_SECONDS:
                    log.warning("database away, holding finished polls", polls=len(writes), reason=str(error))
                self._on_store(False)
                await self._clock.sleep(wait)
                wait = min(wait * 2, AWAY_CAP_SECONDS)
            else:
                if wait > AWAY_START_SECONDS:
                    log.info("database back, held polls written", polls=len(writes))
                self._on_store(True)
                return written
