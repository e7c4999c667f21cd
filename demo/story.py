"""The demo's day: the sweep is judged before the office opens, then the letters leave, then one operator answers. Steps wait for calm."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from demo.progress import Show, State
from monitor.ports import Clock
from monitor.store import Store
from monitor.telling.posting import LEASE

OWNER = "demo"
HELD_BACK = timedelta(minutes=4)
"""Longest that the letters wait for the first sweep; a machine that takes longer sends them as it goes."""
CHECK_SECONDS = 0.5
SWEPT_SECONDS = 5.5
"""So long nothing may change before the sweep counts as judged: longer than a round of looks and one of judging."""
TOLD_SECONDS = 2.5
"""So long no letter may come before all are out: longer than a round of telling and one of judging."""
OVER_SECONDS = 3.0
"""The same after the operator's recovery."""
STUCK_SECONDS = 8.0
"""After so long without change the story goes on although something still waits to be checked."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done once nothing has changed for so many seconds."""

    calm: float
    act: Callable[[], Awaitable[None]]


async def hold_letters(store: Store, clock: Clock) -> None:
    """Keep the letters back, as another daemon that tells would: an operator then gets one letter with all that is open."""
    await store.hold(LEASE, OWNER, clock.now(), HELD_BACK)


async def let_letters_out(store: Store, clock: Clock) -> None:
    await store.hold(LEASE, OWNER, clock.now(), timedelta(0))


async def nothing() -> None:
    """The last step: to see that nothing changes any more."""


async def told_to_the_end(
    steps: Sequence[Step], state_of: Callable[[], Awaitable[State]], show: Show, clock: Clock, stop: asyncio.Event
) -> bool:
    """Take the steps in order, none before every account was looked at; False when `stop` came first."""
    left, last, since, given_up = list(steps), None, clock.elapsed(), 0
    while not stop.is_set():
        state = await state_of()
        show(state)
        if state != last:
            last, since = state, clock.elapsed()
        # What could not be checked in the first step will not be in the next: it is waited for once.
        first = len(left) == len(steps)
        stuck = state.waiting > given_up or (first and state.doubtful)
        if state.all_seen and clock.elapsed() - since >= (STUCK_SECONDS if stuck else left[0].calm):
            given_up = state.waiting if first else given_up
            await left.pop(0).act()
            since = clock.elapsed()
        if not left:
            return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), CHECK_SECONDS)
    return False
