"""When to look next. Pure: rates, weights and back-off in, a moment out.

The poll rate that minimises the mean delay under a budget goes with the square root of the post rate. So the interval of an account is
c / sqrt(rate * weight), where weight is the platform's hour-of-week weight and c is solved per channel so that the sum of all looks
stays within its daily budget, clamped to [shortest, longest].
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, exp, log, sqrt

from monitor.model import SHANGHAI, AccountState, Fault

ACTIVITY_CONSTANT = timedelta(days=14)
"""How fast an old post stops mattering for the rate."""

ACTIVITY_WINDOW = timedelta(days=56)
"""Older posts say nothing about today's habits."""

PRIOR_POSTS = 0.5
"""A silent account is still worth a look now and then: half a post, as if seen over the time constant."""

_EFFECTIVE_DAYS = ACTIVITY_CONSTANT.days * (1 - exp(-ACTIVITY_WINDOW / ACTIVITY_CONSTANT))

_WORKDAY = (0.1, 0.05, 0.05, 0.05, 0.05, 0.2, 0.6, 1.4, 2.2, 2.6, 2.6, 2.2, 1.6, 1.4, 1.8, 2.2, 2.4, 2.4, 1.6, 1.2, 1.0, 0.8, 0.5, 0.3)
_WEEKEND = tuple(0.45 * hour for hour in _WORKDAY)
_MEAN = (5 * sum(_WORKDAY) + 2 * sum(_WEEKEND)) / 168
WEEK: tuple[float, ...] = tuple(hour / _MEAN for day in range(7) for hour in (_WORKDAY if day < 5 else _WEEKEND))
"""Weight of each hour of the week in Asia/Shanghai, Monday 00:00 first, mean 1: government offices post in office hours."""

_WORKDAY_SWINGS = tuple(sqrt(weight) for weight in WEEK[:24])
"""How much quicker than its mean an account is looked at, hour by hour."""

_CLASSES = 50
"""Classes of post rates per factor e: they differ by 2 %."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a channel allows an account: the solved constant c (seconds * sqrt(posts per second)) and the clamps, in seconds."""

    constant: float
    shortest: float
    longest: float


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to leave an account or channel alone after a failure, in seconds. Retired means: until the daemon starts anew."""

    start: float
    cap: float
    gone: float
    auth: float
    rate: float
    retired: float = 3650 * 24 * 3600.0


def add_activity(state: AccountState, published: Iterable[datetime], now: datetime) -> float:
    """Return the activity at `now`: the old one decayed, and every new post of the window weighted by its age."""
    old = state.activity
    if state.activity_at is not None:
        old *= exp(-max(0.0, (now - state.activity_at) / ACTIVITY_CONSTANT))
    fresh = (max(timedelta(0), now - moment) for moment in published)
    return old + sum(exp(-age / ACTIVITY_CONSTANT) for age in fresh if age <= ACTIVITY_WINDOW)


def post_rate(state: AccountState, now: datetime) -> float:
    """Return the expected posts per second, never zero."""
    activity = state.activity
    if state.activity_at is not None:
        activity *= exp(-max(0.0, (now - state.activity_at) / ACTIVITY_CONSTANT))
    return (activity + PRIOR_POSTS) / (_EFFECTIVE_DAYS * 86_400)


def hour_of_week(local: datetime) -> int:
    """Return the place of a local moment's hour in `WEEK`."""
    return local.weekday() * 24 + local.hour


def next_due(rate: float, pace: Pace, now: datetime, account_id: str) -> datetime:
    """Return when to look next after a good look at `now`.

    The look is due when the expected share of a post has gathered: the weights are integrated hour by hour, so that a look in the
    evening does not plan the morning with the night's weight. The account's own phase shifts it by up to a tenth, the same each
    time, so that accounts with one rhythm do not come at once.
    """
    wanted = 0.95 + 0.1 * phase(account_id)
    local = now.astimezone(SHANGHAI)
    hour = hour_of_week(local)
    left = 3600.0 - local.minute * 60 - local.second - local.microsecond / 1e6
    gathered = waited = 0.0
    while waited < pace.longest:
        speed = sqrt(rate * WEEK[hour % 168]) / pace.constant
        step = min(left, pace.longest - waited)
        if gathered + speed * step >= wanted:
            waited += (wanted - gathered) / speed
            break
        gathered, waited, hour, left = gathered + speed * step, waited + step, hour + 1, 3600.0
    return now + timedelta(seconds=max(waited, pace.shortest))


def phase(account_id: str) -> float:
    """Return a number in [0, 1) that is the same for an account on every machine and every day."""
    return int.from_bytes(hashlib.blake2b(account_id.encode(), digest_size=4).digest()) / 2**32


def solve(rates: Sequence[float], looks_per_second: float, shortest: float, longest: float) -> Pace:
    """Return the pace at which the accounts with these post rates together cost no more than the budget.

    Bisection over c; the clamped intervals make the sum a falling function of c. When even the longest intervals cost more than
    the budget, the longest is stretched to what the budget pays for: a budget is a promise to the platform, on a working day too.
    """
    if not rates:
        return Pace(constant=1.0, shortest=shortest, longest=longest)
    longest = max(longest, len(rates) / looks_per_second)
    # Rounded up to some hundred classes, so that a large roster costs no more than a small one.
    roots = Counter(exp(ceil(log(rate) / 2 * _CLASSES) / _CLASSES) for rate in rates)

    def cost(constant: float) -> float:
        return sum(count * _frequency(root / constant, shortest, longest) for root, count in roots.items())

    low, high = shortest * min(roots) / 2, longest * max(roots) * 2
    for _ in range(60):
        middle = sqrt(low * high)
        low, high = (middle, high) if cost(middle) > looks_per_second else (low, middle)
    return Pace(constant=high, shortest=shortest, longest=longest)


def _frequency(speed: float, shortest: float, longest: float) -> float:
    """Return the looks per second that an account costs on a working day, when it is looked at as often as `next_due` allows.

    Its quick hours are not made up for by slow ones where the night is cut off at the longest interval: they count as they are.
    """
    most, least = 1 / shortest, 1 / longest
    by_hour = sum(min(max(speed * swing, least), most) for swing in _WORKDAY_SWINGS) / len(_WORKDAY_SWINGS)
    return max(by_hour, min(max(speed, least), most))


def after_failure(fault: Fault, failures: int, backoff: Backoff, now: datetime, account_id: str) -> datetime:
    """Return when to look again after the `failures`-th failed look in a row.

    What blames the account alone doubles from `start` to `cap`; what blames our pace or credential waits for the channel's pause;
    `retry_after` is a floor in every case.
    """
    doubling = min(backoff.start * 2 ** min(max(failures, 1) - 1, 20), backoff.cap)
    wait = {
        "account_gone": backoff.gone,
        "auth_error": backoff.auth,
        "rate_limited": max(backoff.rate, doubling),
        "source_retired": backoff.gone,
    }.get(fault.code, doubling)
    wait *= 1 + 0.1 * phase(f"{account_id} {failures}")
    return now + timedelta(seconds=max(wait, fault.retry_after or 0.0))


def pause(fault: Fault, backoff: Backoff, now: datetime) -> datetime | None:
    """Return until when a channel with this credential is left alone after this fault, or None when only the account or lane waits."""
    wait = {"auth_error": backoff.auth, "source_retired": backoff.retired}.get(fault.code)
    return None if wait is None else now + timedelta(seconds=max(wait, fault.retry_after or 0.0))
