"""Budgets: no window is ever exceeded, whatever the clock, the restarts and the other daemons do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from clocks import NOON, FrozenClock
from hypothesis import given
from hypothesis import strategies as st

from monitor.access.budgets import LOST_REQUESTS, SAVE_SECONDS, SLICES, Budgets, KeptTally, TallyChange
from monitor.errors import RateLimited
from monitor.ports import Quota

HOUR = 3600.0
TEN = Quota("lane", 10, HOUR)


def kept(changes: list[TallyChange], before: dict[str, KeptTally] | None = None) -> dict[str, KeptTally]:
    """Do what the store does: add what is new, drop what is over."""
    known = dict(before or {})
    for each in changes:
        counts = dict(known[each.id].counts) if each.id in known else {}
        for number, count in each.added.items():
            counts[number] = counts.get(number, 0) + count
        for number in each.over:
            counts.pop(number, None)
        known[each.id] = KeptTally(each.name, each.seconds, each.requests, counts, NOON)
    return known


def sent(budgets: Budgets, *quotas: Quota) -> bool:
    try:
        budgets.take("lane", quotas)
    except RateLimited:
        return False
    return True


def test_a_window_takes_what_it_allows_and_not_one_more() -> None:
    budgets = Budgets(FrozenClock())

    assert [sent(budgets, TEN) for _ in range(12)] == [True] * 10 + [False] * 2


def test_a_refusal_of_ours_says_when_the_window_frees_and_that_it_is_ours() -> None:
    clock = FrozenClock()
    budgets = Budgets(clock)
    for _ in range(10):
        budgets.take("lane", [TEN])
    clock.advance(600)

    with pytest.raises(RateLimited) as caught:
        budgets.take("lane", [TEN])

    assert caught.value.ours and caught.value.retry_after is not None
    assert 3000 <= caught.value.retry_after <= 3000 + HOUR / SLICES
    clock.advance(caught.value.retry_after)
    assert sent(budgets, TEN)


def test_a_request_refused_by_one_window_counts_in_none() -> None:
    budgets = Budgets(FrozenClock())
    wide, narrow = Quota("host", 100, HOUR), Quota("lane", 1, HOUR)

    results = [sent(budgets, wide, narrow) for _ in range(5)]

    assert results == [True, False, False, False, False]
    assert [(each.name, each.used) for each in budgets.usage()] == [("host", 1), ("lane", 1)]


def test_windows_of_one_name_are_shared_by_all_who_name_them() -> None:
    budgets = Budgets(FrozenClock())
    host = Quota("api.example", 3, HOUR)

    assert [sent(budgets, Quota(lane, 100, HOUR), host) for lane in "abcd"] == [True, True, True, False]


@given(
    steps=st.lists(st.tuples(st.floats(0, 2000), st.sampled_from(["ask", "save", "restart"])), max_size=120),
    limits=st.lists(st.tuples(st.integers(1, 6), st.sampled_from([60.0, 600.0, 3600.0])), min_size=1, max_size=3, unique_by=lambda x: x[1]),
)
def test_no_window_of_any_kind_ever_holds_more_than_it_may(steps: list[tuple[float, str]], limits: list[tuple[int, float]]) -> None:
    clock = FrozenClock()
    budgets, stored = Budgets(clock), dict[str, KeptTally]()
    quotas = [Quota("lane", requests, seconds) for requests, seconds in limits]
    times: list[float] = []
    for wait, step in steps:
        clock.advance(wait)
        if step == "ask":
            if sent(budgets, *quotas):
                times.append(clock.elapsed())
            continue
        stored = kept(budgets.changes()[0], stored)
        if step == "restart":
            budgets = Budgets(clock)
            budgets.open(stored.values(), {}, orderly=True)

    for requests, seconds in limits:
        for number, end in enumerate(times):
            assert sum(1 for time in times[: number + 1] if end - seconds < time) <= requests


def test_a_killed_daemon_is_charged_for_what_it_could_not_write_down() -> None:
    clock = FrozenClock()
    before = Budgets(clock)
    for _ in range(4):
        before.take("lane", [TEN])
    stored = kept(before.changes()[0])
    before.take("lane", [TEN])

    after = Budgets(clock)
    after.open(stored.values(), {}, orderly=False)

    assert [each.used for each in after.usage()] == [4 + LOST_REQUESTS]


def test_what_two_daemons_count_under_one_name_is_one_budget() -> None:
    clock = FrozenClock()
    one, two = Budgets(clock), Budgets(clock)
    for _ in range(6):
        one.take("lane", [TEN])
    two.take("lane", [TEN])
    stored = kept(one.changes()[0])
    two.take("lane", [TEN])
    stored = kept(two.changes()[0], stored)
    two.take("lane", [TEN])

    two.absorb(stored.values())

    assert [each.used for each in two.usage()] == [9]


def test_changes_that_could_not_be_written_are_written_next_time() -> None:
    budgets = Budgets(FrozenClock())
    budgets.take("lane", [TEN])
    changes, _ = budgets.changes()

    budgets.give_back(changes)

    assert budgets.changes()[0] == changes


def test_a_lane_used_just_before_a_restart_rests_before_its_next_request() -> None:
    clock = FrozenClock()
    before = Budgets(clock)
    before.take("lane", [])
    _, lanes = before.changes()
    clock.advance(2)

    after = Budgets(clock)
    after.open([], lanes, orderly=True)

    assert after.rested("lane", 10.0) == SAVE_SECONDS + 10 - 2
    assert after.rested("another", 10.0) == 0
    clock.advance(60)
    assert after.rested("lane", 10.0) == 0


def test_a_clock_that_goes_back_frees_nothing() -> None:
    clock = FrozenClock(NOON)
    budgets = Budgets(clock)
    for _ in range(10):
        budgets.take("lane", [TEN])

    clock.moment = NOON - timedelta(hours=5)

    assert not sent(budgets, TEN)


def test_what_a_clock_far_ahead_has_counted_holds_for_one_window_and_not_for_ever() -> None:
    clock = FrozenClock(NOON + timedelta(days=400))
    before = Budgets(clock)
    for _ in range(10):
        before.take("lane", [TEN])
    stored = kept(before.changes()[0])

    clock.moment = NOON
    after = Budgets(clock)
    after.open(stored.values(), {}, orderly=True)

    assert not sent(after, TEN)
    clock.advance(HOUR + HOUR / SLICES)
    assert sent(after, TEN)
    stored = kept(after.changes()[0], stored)
    assert sum(each for each in stored[f"lane {HOUR:g}"].counts.values()) == 1


def test_a_lane_that_was_refused_while_a_request_waited_for_its_turn_takes_no_more() -> None:
    budgets = Budgets(FrozenClock())
    budgets.resting = {"lane": 90.0, "free": 0.0}.__getitem__

    with pytest.raises(RateLimited) as caught:
        budgets.take("lane", [TEN])

    assert (caught.value.ours, caught.value.retry_after) == (True, 90.0)
    assert budgets.usage() == []
    budgets.take("free", [TEN])


def test_lanes_whose_use_could_not_be_written_are_written_next_time() -> None:
    budgets = Budgets(FrozenClock())
    budgets.take("lane", [TEN])
    changes, lanes = budgets.changes()

    budgets.give_back(changes, lanes)

    assert budgets.changes() == (changes, lanes)


@pytest.mark.parametrize(
    ("window", "charged"),
    {
        "one lane's own": (Quota("weibo.openapi c1", 1000, HOUR), LOST_REQUESTS),
        "a host's, shared by forty lanes at work": (Quota("weibo.openapi host api.example", 15_000, HOUR), 40 * LOST_REQUESTS),
        "a small one that they may share": (Quota("weibo.openapi user c1", 100, HOUR), 5),
        "one of another adapter": (Quota("feed host", 15_000, HOUR), LOST_REQUESTS),
    }.values(),
)
def test_after_a_kill_a_shared_window_is_charged_for_all_who_share_it(window: Quota, charged: int) -> None:
    clock = FrozenClock()
    before = Budgets(clock)
    before.take("lane", [window])
    stored = kept(before.changes()[0])
    lanes = {f"weibo.openapi c{n}": NOON for n in range(40)} | {f"weibo.openapi idle{n}": NOON - timedelta(days=1) for n in range(9)}

    after = Budgets(clock)
    after.open(stored.values(), lanes, orderly=False)

    assert [each.used for each in after.usage()] == [1 + charged]
