"""Simulates the schedule: how many looks it saves, and how much sooner it sees. Pure, seeded, no network.

    python -m benchmarks.schedule

The world: accounts whose post rates are lognormal (their quantiles, so that a run does not hang on who was drawn), posts that come as
a Poisson process whose rate follows the hours of the week, as in `monitor.schedule.WEEK`. What real offices do beyond that (bursts,
holidays) is left out. The delay of a post runs from its publication to the first look after it; its mean is over posts.

Three ways to choose the next look: a fixed half hour; Miniflux' entry frequency (a week by the posts of the last week); ours, which
learns the rates from what it has seen, as the daemon does, and is solved anew each day.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from math import exp
from statistics import NormalDist

from monitor.model import SHANGHAI, AccountState
from monitor.schedule import WEEK, Pace, add_activity, next_due, phase, post_rate, solve

DAY = 86_400.0
HISTORY_DAYS = 56
"""What is known when a run begins: as much as the rate remembers."""

START = datetime(2026, 1, 5, tzinfo=SHANGHAI) + timedelta(days=HISTORY_DAYS)
"""A Monday; times within a run are seconds from it."""

FIXED = 1800.0
SHORTEST, LONGEST = 120.0, 24 * 3600.0
"""The clamps of both rules that adapt: DESIGN's two minutes, and Miniflux' own day."""

_HOURS = tuple(accumulate(WEEK, initial=0.0))
"""The weights of the week gathered hour by hour: 0 at Monday 00:00, 168 at its end."""


@dataclass(frozen=True, slots=True)
class World:
    """Accounts by name with the moments of all their posts, in seconds from `START`, over history and `days`."""

    days: int
    posts: dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Result:
    """What a way of looking cost (looks an account and day) and what it brought (mean delay in minutes)."""

    looks: float
    delay: float


def make_world(accounts: int, days: int, spread: float, seed: int, median_per_day: float = 0.5) -> World:
    """Return a world whose post rates have the given median and, in their logarithm, the given standard deviation."""
    rng = random.Random(seed)
    ranks = [NormalDist().inv_cdf((n + 0.5) / accounts) for n in range(accounts)]
    return World(days, {f"account {n}": _posts(median_per_day / DAY * exp(spread * z), days, rng) for n, z in enumerate(ranks)})


def _posts(rate: float, days: int, rng: random.Random) -> list[float]:
    """Draw a Poisson process in the time of the weights, and read it off the clock."""
    moments: list[float] = []
    gathered = 0.0
    while True:
        gathered += rng.expovariate(rate * 3600)
        weeks, rest = divmod(gathered, 168.0)
        hour = min(bisect_right(_HOURS, rest), 168) - 1
        at = (weeks * 168 + hour + (rest - _HOURS[hour]) / WEEK[hour]) * 3600 - HISTORY_DAYS * DAY
        if at >= days * DAY:
            return moments
        moments.append(at)


def measure(world: World, looks: dict[str, list[float]]) -> Result:
    """Weigh looks against posts. The looks of each account must end with one at or after the end of the run."""
    end = world.days * DAY
    waited, seen = 0.0, 0
    for name, posts in world.posts.items():
        mine = looks[name]
        for at in posts[bisect_left(posts, 0.0) :]:
            waited += mine[bisect_left(mine, at)] - at
            seen += 1
    count = sum(bisect_left(mine, end) for mine in looks.values())
    return Result(count / len(world.posts) / world.days, waited / seen / 60)


def fixed(world: World, interval: float = FIXED) -> Result:
    """Look at everybody at one interval, each account at its own phase."""
    turns = int(world.days * DAY / interval) + 2
    return measure(world, {name: [(n + phase(name)) * interval for n in range(turns)] for name in world.posts})


def entry_frequency(world: World, factor: float) -> Result:
    """Look as Miniflux does: a week divided by (posts of the last week times the factor), clamped."""
    looks: dict[str, list[float]] = {}
    for name, posts in world.posts.items():
        at = phase(name) * FIXED
        mine = looks[name] = [at]
        while at < world.days * DAY:
            count = bisect_right(posts, at) - bisect_left(posts, at - 7 * DAY)
            at += min(max(7 * DAY / (count * factor), SHORTEST), LONGEST) if count else LONGEST
            mine.append(at)
    return measure(world, looks)


def adaptive(world: World, per_account: float) -> Result:
    """Look as the daemon does, under a budget of so many looks an account and day."""
    watched = [_Watched(name, posts) for name, posts in world.posts.items()]
    for day in range(world.days):
        now = START + timedelta(days=day)
        rates = [post_rate(each.state, now) for each in watched]
        pace = solve(rates, per_account * len(watched) / DAY, SHORTEST, LONGEST)
        for each in watched:
            each.look_until(now + timedelta(days=1), pace)
    return measure(world, {each.name: [*each.looks, (each.due - START).total_seconds()] for each in watched})


class _Watched:
    """One account under our schedule."""

    def __init__(self, name: str, posts: Sequence[float]) -> None:
        self.name, self.posts = name, posts
        self.known = bisect_left(posts, 0.0)
        self.state = self._after(AccountState(account_id=name), self.posts[: self.known], START)
        self.due = START + timedelta(seconds=phase(name) * FIXED)
        self.looks: list[float] = []

    def look_until(self, end: datetime, pace: Pace) -> None:
        while self.due < end:
            at = (self.due - START).total_seconds()
            self.looks.append(at)
            shown = bisect_right(self.posts, at)
            self.state = self._after(self.state, self.posts[self.known : shown], self.due)
            self.known = shown
            self.due = next_due(post_rate(self.state, self.due), pace, self.due, self.name)

    def _after(self, state: AccountState, posts: Sequence[float], now: datetime) -> AccountState:
        published = [START + timedelta(seconds=each) for each in posts]
        activity = add_activity(state, published, now)
        return state.model_copy(update={"activity": activity, "activity_at": now})


def tuned(run: Callable[[float], Result], reached: Callable[[Result], bool], low: float, high: float, steps: int = 7) -> Result:
    """Return the result of the smallest knob, by bisection between low and high, at which enough is reached."""
    best = run(high)
    for _ in range(steps):
        middle = (low * high) ** 0.5
        result = run(middle)
        if reached(result):
            best, high = result, middle
        else:
            low = middle
    return best


@dataclass(frozen=True, slots=True)
class Comparison:
    """The three ways side by side, at one spread of rates."""

    spread: float
    fixed: Result
    adaptive: Result
    entry_frequency: Result

    @property
    def fewer_looks(self) -> float:
        """How many times fewer looks ours takes for the mean delay of the fixed half hour."""
        return self.fixed.looks / self.adaptive.looks

    @property
    def delay_share(self) -> float:
        """Our mean delay as a share of Miniflux', at no more looks."""
        return self.adaptive.delay / self.entry_frequency.delay


def compare(accounts: int, days: int, spread: float, seed: int = 1) -> Comparison:
    """Run all three in one world: ours tuned to the fixed delay, then Miniflux' rule to at least our looks."""
    world = make_world(accounts, days, spread, seed)
    half_hour = fixed(world)
    ours = tuned(lambda knob: adaptive(world, knob), lambda result: result.delay <= half_hour.delay, 6.0, 60.0)
    theirs = tuned(lambda knob: entry_frequency(world, knob), lambda result: result.looks >= ours.looks, 0.05, 500.0, steps=16)
    return Comparison(spread, half_hour, ours, theirs)


def main() -> None:
    print("spread  way              looks/account/day  mean delay (min)  ratio")
    for spread in (1.5, 1.75, 2.0):
        found = compare(120, 10, spread)
        rows = (
            ("fixed 30 min", found.fixed, ""),
            ("adaptive", found.adaptive, f"{found.fewer_looks:.2f} times fewer looks than fixed"),
            ("entry frequency", found.entry_frequency, f"adaptive waits {found.delay_share:.2f} of it at equal looks"),
        )
        for way, result, ratio in rows:
            print(f"{spread:<7} {way:<16} {result.looks:>17.2f} {result.delay:>17.2f}  {ratio}")


if __name__ == "__main__":
    main()
