"""What a restart must know of the channels: requests counted, breakers open, tokens obtained. Written down now and then, and at the end."""

from __future__ import annotations

import asyncio
import contextlib

from monitor.access.budgets import Budgets
from monitor.access.credentials import Vault
from monitor.access.pauses import Pauses
from monitor.errors import StoreAway
from monitor.keepings import Keepings
from monitor.ports import Clock

LEAVE_SECONDS = 0.5
"""What the last writing may take when the database does not answer: all bounds of a stop together must stay below ten seconds.

What is not written then is charged at the next start, as after a kill."""


class Books:
    """Keeps the books of one process. `daemon` is False for a command beside a running daemon: it counts, but is no run of its own."""

    def __init__(self, keepings: Keepings, budgets: Budgets, pauses: Pauses, vault: Vault, clock: Clock, owner: str, daemon: bool) -> None:
        self._keepings, self._budgets, self._pauses, self._vault = keepings, budgets, pauses, vault
        self._clock, self._owner, self._daemon = clock, owner, daemon

    async def open(self) -> None:
        """Go on counting where the last daemon stopped."""
        orderly = not self._daemon or await self._keepings.begin_run(self._owner)
        self._budgets.open(await self._keepings.windows(), await self._keepings.lanes(), orderly=orderly)

    async def save(self) -> None:
        """Write what is new, and take over what other daemons counted. What cannot be written now waits; raises `StoreAway` then.

        A writing that is called off in its middle waits too: the last one, at the end, must not be without it.
        """
        changes, lanes = self._budgets.changes()
        rests, closed = self._pauses.changed_lanes()
        try:
            await self._keepings.count_requests(changes, lanes, self._clock.now())
            changes = []
            await self._keepings.put_breakers(rests, closed)
            if self._daemon and lanes:
                # Another daemon's start takes all names off the list of those that run.
                await self._keepings.mark_run(self._owner)
        except BaseException:
            self._budgets.give_back(changes, lanes)
            self._pauses.give_back([*(rest.lane for rest in rests), *closed])
            raise
        await self._vault.flush()
        if lanes:
            self._budgets.absorb(await self._keepings.windows())

    async def close(self) -> None:
        """Write for the last time, and note that this run ended in order; a database that does not answer is not waited for."""
        with contextlib.suppress(StoreAway, TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self.save()
                if self._daemon:
                    await self._keepings.end_run(self._owner)
