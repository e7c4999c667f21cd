"""How many requests were sent in which window, over restarts. A request that would exceed a window is refused before it is made.

A window slides: none of its length, wherever it begins, holds more requests than allowed. It is counted in slices, each whole as long
as any part of it lies in the window, so the count errs to the cautious side by one slice at most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import floor
from typing import NamedTuple

from monitor.errors import RateLimited
from monitor.ports import Clock, Quota

SLICES = 96
"""Slices of a window: a quarter of an hour of a day."""

SAVE_SECONDS = 10.0
"""How often what was counted is written down; a killed process loses no more than that."""

LOST_REQUESTS = 3
"""What a window in use is charged for the requests a killed process may not have written down: a lane sends one in 5 s at most."""

LATELY = timedelta(hours=1)
"""Lanes used within so long of the last one were at work when the process was killed."""


@dataclass(frozen=True, slots=True)
class KeptTally:
    """A window's counts as the database keeps them: requests by slice number. `at` is when they were written."""

    name: str
    seconds: float
    requests: int
    counts: Mapping[int, int]
    at: datetime

    @property
    def id(self) -> str:
        return f"{self.name} {self.seconds:g}"


@dataclass(frozen=True, slots=True)
class TallyChange:
    """What a window counted since it was last written: additions by slice, and slices that are over."""

    name: str
    seconds: float
    requests: int
    added: Mapping[int, int]
    over: tuple[int, ...]

    @property
    def id(self) -> str:
        return f"{self.name} {self.seconds:g}"


class Usage(NamedTuple):
    """How far a window is used up now."""

    name: str
    seconds: float
    used: int
    requests: int


@dataclass(slots=True)
class _Tally:
    quota: Quota
    slices: deque[list[int]] = field(default_factory=deque)
    used: int = 0
    unsaved: dict[int, int] = field(default_factory=dict)
    over: list[int] = field(default_factory=list)

    @property
    def width(self) -> float:
        return self.quota.seconds / SLICES

    def forget(self, now: float) -> None:
        """Let go of the slices that lie outside the window that ends now. What a clock that ran ahead counted counts as sent now."""
        if self.slices and self.slices[-1][0] * self.width > now + self.quota.seconds:
            self._pull_back(floor(now / self.width))
        first = floor((now - self.quota.seconds) / self.width)
        while self.slices and self.slices[0][0] < first:
            number, count = self.slices.popleft()
            self.used -= count
            self.over.append(number)

    def add(self, now: float, count: int = 1) -> None:
        number = floor(now / self.width)
        self._add(number, count)
        self.unsaved[number] = self.unsaved.get(number, 0) + count

    def _add(self, number: int, count: int) -> None:
        self.used += count
        if self.slices and self.slices[-1][0] >= number:
            # A clock that went back counts on in the newest slice: it is let go of later, never earlier.
            self.slices[-1][1] += count
        else:
            self.slices.append([number, count])

    def _pull_back(self, number: int) -> None:
        ahead = [each for each in self.slices if each[0] > number]
        self.slices = deque(each for each in self.slices if each[0] <= number)
        count = sum(each[1] for each in ahead)
        self.used -= count
        self._add(number, count)
        self.unsaved = {each: times for each, times in self.unsaved.items() if each <= number}
        self.unsaved[number] = self.unsaved.get(number, 0) + count
        self.over += [each[0] for each in ahead]

    def frees(self, now: float) -> float:
        """Return in how many seconds the oldest slice is over."""
        return max(0.0, (self.slices[0][0] + 1) * self.width + self.quota.seconds - now) if self.slices else 0.0

    def absorb(self, counts: Mapping[int, int]) -> None:
        """Take over what all daemons together have written; what we have not written yet is added to it."""
        whole = dict(counts)
        for number, count in self.unsaved.items():
            whole[number] = whole.get(number, 0) + count
        self.slices = deque([number, count] for number, count in sorted(whole.items()) if count > 0)
        self.used = sum(count for _, count in self.slices)


class Budgets:
    """The ledger the door asks. It lives in memory; its owner writes `changes` down now and then and reads back what others wrote."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tallies: dict[tuple[str, float], _Tally] = {}
        self._last: dict[str, datetime] = {}
        self._before: dict[str, datetime] = {}
        self._touched: set[str] = set()
        self.resting: Callable[[str], float] = _never

    def take(self, lane: str, quotas: Sequence[Quota]) -> None:
        """Count a request; refuse it where a window is used up, or where the lane was refused while this request waited for its turn."""
        rest = self.resting(lane)
        if rest > 0:
            raise RateLimited(f"{lane} rests after a refusal", retry_after=rest, ours=True)
        now = self._clock.now()
        moment = now.timestamp()
        tallies = [self._tally(quota) for quota in quotas]
        for tally in tallies:
            tally.forget(moment)
            if tally.used >= tally.quota.requests:
                raise RateLimited(_used_up(tally.quota), retry_after=tally.frees(moment), ours=True)
        for tally in tallies:
            tally.add(moment)
        self._last[lane] = now
        self._touched.add(lane)

    def rested(self, lane: str, spacing: float) -> float:
        last = self._before.get(lane)
        if last is None:
            return 0.0
        # Between the last writing and the end of the process more requests may have gone out.
        free = last + timedelta(seconds=SAVE_SECONDS + spacing)
        return min(max(0.0, (free - self._clock.now()).total_seconds()), SAVE_SECONDS + spacing)

    def _tally(self, quota: Quota) -> _Tally:
        key = (quota.name, quota.seconds)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally(quota)
        elif tally.quota.requests != quota.requests:
            tally.quota = quota
        return tally

    def open(self, kept: Iterable[KeptTally], lanes: Mapping[str, datetime], *, orderly: bool) -> None:
        """Begin with what was written down before. After a kill each window in use is charged for what was not."""
        self._before = dict(lanes)
        now = self._clock.now().timestamp()
        for each in kept:
            tally = self._tally(Quota(each.name, each.requests, each.seconds))
            tally.absorb(each.counts)
            tally.forget(now)
            if not orderly and tally.used:
                tally.add(now, _lost(tally.quota, lanes))

    def changes(self) -> tuple[list[TallyChange], dict[str, datetime]]:
        """Return what is to be written: each window's new counts, and when each lane was last used. What is returned counts as written."""
        now = self._clock.now().timestamp()
        found = []
        for tally in self._tallies.values():
            tally.forget(now)
            if tally.unsaved or tally.over:
                found.append(TallyChange(*_plain(tally.quota), dict(tally.unsaved), tuple(tally.over)))
                tally.unsaved, tally.over = {}, []
        lanes = {lane: self._last[lane] for lane in self._touched}
        self._touched = set()
        return found, lanes

    def give_back(self, changes: Iterable[TallyChange], lanes: Iterable[str] = ()) -> None:
        """Take changes back that could not be written, or may not have been: counted twice is better than not at all."""
        self._touched |= set(lanes)
        for each in changes:
            tally = self._tally(Quota(each.name, each.requests, each.seconds))
            for number, count in each.added.items():
                tally.unsaved[number] = tally.unsaved.get(number, 0) + count
            tally.over.extend(each.over)

    def absorb(self, kept: Iterable[KeptTally]) -> None:
        """Take over what other daemons have counted under the same names."""
        now = self._clock.now().timestamp()
        for each in kept:
            tally = self._tallies.get((each.name, each.seconds))
            if tally is not None:
                tally.absorb(each.counts)
                tally.forget(now)

    def usage(self) -> list[Usage]:
        """Return how far each window is used up, in the order of their names."""
        now = self._clock.now().timestamp()
        for tally in self._tallies.values():
            tally.forget(now)
        return sorted(Usage(t.quota.name, t.quota.seconds, t.used, t.quota.requests) for t in self._tallies.values())


def _lost(quota: Quota, lanes: Mapping[str, datetime]) -> int:
    """Return what a window is charged after a kill: for its own lane, or for all that may share it; then a twentieth of it at most."""
    if quota.name in lanes:
        return LOST_REQUESTS
    newest = max(lanes.values(), default=None)
    adapter = quota.name.partition(" ")[0]
    used = [lane for lane, at in lanes.items() if newest is not None and newest - at <= LATELY and lane.partition(" ")[0] == adapter]
    return max(LOST_REQUESTS, min(LOST_REQUESTS * len(used), quota.requests // 20))


def _never(lane: str) -> float:
    return 0.0


def _plain(quota: Quota) -> tuple[str, float, int]:
    return quota.name, quota.seconds, quota.requests


def _used_up(quota: Quota) -> str:
    hours = quota.seconds / 3600
    return f"{quota.name}: our budget of {quota.requests} requests in {hours:g} h is used up"
