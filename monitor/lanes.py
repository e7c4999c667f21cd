"""How many accounts each lane has under way, and how many more fit behind it. Decides nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from monitor.model import Account
from monitor.ports import Adapter

LANE_MARK = " + "
"""Between the lanes of an account, where it has several."""

QUEUE_PER_LANE = 1
"""Accounts lent to a spaced lane beyond what it has under way: the next one is at hand, none waits long."""


class Lanes:
    """Counts who is under way behind which lane; `in_flight` is what a lane takes of which nothing else is known."""

    def __init__(self, adapters: Mapping[str, Adapter], in_flight: int) -> None:
        self._adapters, self._in_flight = adapters, in_flight
        self._taken: Counter[str] = Counter()
        self._behind: dict[str, set[str]] = {}
        self._room: dict[str, int] = {}

    def of(self, account: Account) -> str:
        """Return all that the account's looks may queue behind, and note how much each of these lanes can take.

        All its channels count, not the first alone: where that one never suffices, everybody ends up behind the second.
        """
        lanes: dict[str, None] = {}
        for channel in account.channels:
            adapter = self._adapters.get(channel.adapter)
            if adapter is None:
                continue
            lane = adapter.lane(channel)
            lanes[lane] = None
            if lane not in self._room:
                spaced = adapter.settings.spacing_seconds > 0
                self._room[lane] = adapter.room(channel) + (QUEUE_PER_LANE if spaced else 0)
        whole = LANE_MARK.join(lanes)
        self._parts(whole)
        return whole

    def take(self, account: Account) -> tuple[str, ...]:
        """Count the account as under way; return the lanes to `free` when it has ended."""
        lanes = self._parts(self.of(account))
        self._taken.update(lanes)
        return lanes

    def free(self, lanes: tuple[str, ...]) -> None:
        self._taken.subtract(lanes)

    def full(self) -> set[str]:
        """Return all that cannot be queued behind now, as `of` names it."""
        return {whole for lane in self._room if self._left(lane) <= 0 for whole in self._behind.get(lane, ())}

    def accepting(self) -> Callable[[str], bool]:
        """Return what says whether one more account fits behind all its lanes, counting those it has accepted."""
        taken: Counter[str] = Counter()

        def accept(whole: str) -> bool:
            lanes = self._parts(whole)
            if any(self._left(lane) <= taken[lane] for lane in lanes):
                return False
            taken.update(lanes)
            return True

        return accept

    def _left(self, lane: str) -> int:
        return self._room.get(lane, self._in_flight) - self._taken[lane]

    def _parts(self, whole: str) -> tuple[str, ...]:
        lanes = tuple(whole.split(LANE_MARK)) if whole else ()
        for lane in lanes:
            self._behind.setdefault(lane, set()).add(whole)
        return lanes
