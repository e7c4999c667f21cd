"""When to look next: budgets kept, clamps kept, back-off growing to its cap."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import sqrt

import pytest
from clocks import NOON
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import DAY, HOUR, fault, state

from monitor.model import SHANGHAI
from monitor.schedule import (
    WEEK,
    Backoff,
    Pace,
    add_activity,
    after_failure,
    hour_of_week,
    next_due,
    pause,
    phase,
    post_rate,
    solve,
)

BACKOFF = Backoff(start=900.0, cap=6 * 3600.0, gone=24 * 3600.0, auth=6 * 3600.0, rate=900.0)
MOST, LEAST = 1800.0, 6 * 3600.0
PER_DAY = 1 / 86_400
PHASE_OF_SHIQUAN = 0.5171530107036233
"""Pinned: were it to change with a release, all accounts would be shifted at once."""

rate = st.floats(1e-9, 1e-2)
rates = st.lists(rate, min_size=1, max_size=60)
moment = st.integers(0, 14 * 86_400).map(lambda seconds: NOON + timedelta(seconds=seconds))
names = st.text(min_size=1, max_size=20)


def interval(rate: float, pace: Pace) -> float:
    return min(max(pace.constant / sqrt(rate), pace.shortest), pace.longest)


# -- the budget -------------------------------------------------------------------------------------------------------------


@given(rates, st.floats(1.0, 1e6))
def test_all_accounts_together_stay_within_the_budget(rates: list[float], per_day: float) -> None:
    pace = solve(rates, per_day * PER_DAY, MOST, LEAST)

    assert sum(1 / interval(rate, pace) for rate in rates) <= per_day * PER_DAY * 1.001


@given(rates, st.floats(1.0, 1e6))
def test_what_is_solved_has_sense(rates: list[float], per_day: float) -> None:
    pace = solve(rates, per_day * PER_DAY, MOST, LEAST)

    assert pace.constant > 0
    assert pace.shortest == MOST
    assert pace.longest >= LEAST


@pytest.mark.parametrize("per_account", [4, 5, 6, 12, 40])
def test_a_working_day_of_accounts_all_alike_costs_no_more_than_the_budget(per_account: int) -> None:
    accounts = 40
    pace = solve([1e-5] * accounts, accounts * per_account * PER_DAY, MOST, LEAST)
    monday = datetime(2026, 3, 2, tzinfo=SHANGHAI)

    looks = 0
    for each in range(accounts):
        due = monday
        while (due := next_due(1e-5, pace, due, f"account {each}")) < monday + 5 * DAY:
            looks += 1

    assert looks <= 5 * accounts * per_account * 1.01


def test_a_budget_for_everything_gives_everybody_the_shortest_interval() -> None:
    pace = solve([1e-3, 1e-6], 1.0, MOST, LEAST)

    assert interval(1e-3, pace) == interval(1e-6, pace) == MOST


def test_a_budget_too_small_for_the_longest_interval_stretches_it() -> None:
    pace = solve([1e-5] * 100, 50 * PER_DAY, MOST, LEAST)

    assert pace.longest == 2 * 86_400


def test_a_channel_without_accounts_has_a_pace_too() -> None:
    assert solve([], PER_DAY, MOST, LEAST) == Pace(1.0, MOST, LEAST)


def test_a_large_roster_is_solved_as_sparingly_as_a_small_one() -> None:
    rates = [1e-6 * 1.0001**n for n in range(60_000)]

    pace = solve(rates, 60_000 * 8 * PER_DAY, MOST, LEAST)

    spent = sum(1 / interval(rate, pace) for rate in rates) / (60_000 * 8 * PER_DAY)
    assert 0.85 < spent <= 1.001


# -- the next look ----------------------------------------------------------------------------------------------------------

paces = st.builds(Pace, constant=st.floats(1e-3, 1e5), shortest=st.just(MOST), longest=st.floats(LEAST, 40 * LEAST))


@settings(max_examples=300)
@given(rate, paces, moment, names)
def test_the_next_look_lies_between_the_shortest_and_the_longest_interval(rate: float, pace: Pace, now: datetime, name: str) -> None:
    wait = (next_due(rate, pace, now, name) - now).total_seconds()

    assert pace.shortest <= wait <= pace.longest + 0.001


@given(rate, rate, paces, moment, names)
def test_who_posts_more_is_not_looked_at_later(one: float, other: float, pace: Pace, now: datetime, name: str) -> None:
    lively, quiet = max(one, other), min(one, other)

    assert next_due(lively, pace, now, name) <= next_due(quiet, pace, now, name)


@given(rate, paces, moment, st.integers(0, 86_400), names)
def test_a_later_look_is_followed_by_a_later_one(rate: float, pace: Pace, now: datetime, delay: int, name: str) -> None:
    later = now + timedelta(seconds=delay)

    assert next_due(rate, pace, now, name) <= next_due(rate, pace, later, name) + timedelta(milliseconds=1)


def test_a_working_morning_brings_looks_closer_together_than_the_night() -> None:
    pace = Pace(constant=2 * 3600.0 * sqrt(1e-5), shortest=60.0, longest=LEAST)
    morning = datetime(2026, 3, 4, 9, 0, tzinfo=SHANGHAI)
    night = datetime(2026, 3, 4, 0, 0, tzinfo=SHANGHAI)

    assert next_due(1e-5, pace, morning, "a") - morning < timedelta(hours=1.5)
    assert next_due(1e-5, pace, night, "a") - night > timedelta(hours=4)


def test_a_look_in_the_evening_does_not_plan_the_morning_with_the_night_s_weight() -> None:
    pace = Pace(constant=4 * 3600.0 * sqrt(1e-5), shortest=60.0, longest=30 * 3600.0)
    evening = datetime(2026, 3, 4, 23, 0, tzinfo=SHANGHAI)

    # At the night's weight of 0.05 alone the wait would be 18 hours.
    assert next_due(1e-5, pace, evening, "a") - evening < timedelta(hours=11)


def test_accounts_with_one_rhythm_do_not_come_at_once() -> None:
    pace = Pace(constant=3600.0 * sqrt(1e-5), shortest=60.0, longest=LEAST)
    dues = [next_due(1e-5, pace, NOON, f"account {n}") for n in range(100)]

    assert len({due.replace(microsecond=0) for due in dues}) > 60
    assert max(dues) - min(dues) <= (max(dues) - NOON) * 0.11


@given(names)
def test_a_phase_is_a_share_and_always_the_same(name: str) -> None:
    assert 0 <= phase(name) < 1
    assert phase(name) == phase(name)


def test_a_phase_is_the_same_on_every_machine() -> None:
    assert phase("610922M001XL0001") == pytest.approx(PHASE_OF_SHIQUAN)


def test_the_week_s_weights_have_the_mean_one_and_offices_sleep_at_night() -> None:
    assert len(WEEK) == 168
    assert sum(WEEK) / 168 == pytest.approx(1.0)
    friday, night, saturday = (WEEK[hour_of_week(datetime(2026, 3, day, hour))] for day, hour in ((6, 10), (6, 3), (7, 10)))
    assert friday > 10 * night
    assert friday > saturday


# -- how lively an account is -----------------------------------------------------------------------------------------------


def test_a_silent_account_is_still_worth_a_look() -> None:
    assert 0 < post_rate(state(), NOON) * 86_400 < 0.1


def test_a_daily_poster_s_rate_is_about_one_a_day() -> None:
    posts = [NOON - n * DAY for n in range(1, 57)]
    lively = state(activity=add_activity(state(), posts, NOON), activity_at=NOON)

    assert post_rate(lively, NOON) * 86_400 == pytest.approx(1.0, rel=0.05)


def test_posts_found_page_by_page_count_as_much_as_found_at_once() -> None:
    posts = [NOON + n * DAY for n in range(10)]
    growing = state(activity=0.0, activity_at=NOON)
    for each in posts:
        growing = state(activity=add_activity(growing, [each], each), activity_at=each)

    assert growing.activity == pytest.approx(add_activity(state(), posts, posts[-1]))


def test_a_rate_decays_to_a_share_of_1_e_in_fourteen_days_and_ends_at_the_prior() -> None:
    lively = state(activity=100.0, activity_at=NOON)

    assert post_rate(lively, NOON + 14 * DAY) / post_rate(lively, NOON) == pytest.approx(0.37, abs=0.01)
    assert post_rate(lively, NOON + 365 * DAY) == pytest.approx(post_rate(state(), NOON))


def test_posts_older_than_eight_weeks_say_nothing() -> None:
    assert add_activity(state(), [NOON - 57 * DAY, NOON - 3000 * DAY], NOON) == 0.0


def test_a_post_dated_ahead_counts_no_more_than_one_of_now() -> None:
    assert add_activity(state(), [NOON + 9 * DAY], NOON) == 1.0


def test_a_clock_set_back_does_not_make_an_account_livelier() -> None:
    lively = state(activity=4.0, activity_at=NOON)

    assert add_activity(lively, [], NOON - DAY) == 4.0
    assert post_rate(lively, NOON - DAY) == post_rate(lively, NOON)


# -- after a failure --------------------------------------------------------------------------------------------------------


def wait(code: str, failures: int = 1, **fields: float) -> float:
    return (after_failure(fault(code, **fields), failures, BACKOFF, NOON, "a") - NOON).total_seconds()


@pytest.mark.parametrize("code", ["transport_fault", "parse_error", "unexpected", "no_channel"])
def test_failures_of_one_account_double_the_wait_up_to_the_cap(code: str) -> None:
    waits = [wait(code, failures) for failures in range(1, 9)]

    for failures, each in enumerate(waits, 1):
        plain = min(900.0 * 2 ** (failures - 1), BACKOFF.cap)
        assert plain <= each <= 1.1 * plain


@pytest.mark.parametrize("failures", [0, 1000, 10**9], ids=["none", "many", "absurdly many"])
def test_any_number_of_failures_has_a_wait(failures: int) -> None:
    assert BACKOFF.start <= wait("transport_fault", failures) <= 1.1 * BACKOFF.cap


@pytest.mark.parametrize(
    "code,least", [("account_gone", 24 * 3600), ("auth_error", 6 * 3600), ("source_retired", 24 * 3600), ("rate_limited", 900)]
)
def test_what_blames_more_than_the_network_waits_its_own_time(code: str, least: float) -> None:
    assert least <= wait(code) <= 1.1 * least


@pytest.mark.parametrize("code", ["transport_fault", "rate_limited", "auth_error", "account_gone"])
def test_retry_after_is_a_floor(code: str) -> None:
    assert wait(code, retry_after=100_000.0) == 100_000.0
    assert wait(code, retry_after=1.0) >= BACKOFF.start


def test_accounts_that_failed_together_do_not_return_together() -> None:
    returns = {after_failure(fault(), 1, BACKOFF, NOON, f"account {n}") for n in range(50)}

    assert len(returns) > 45


# -- pauses of a channel ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["transport_fault", "account_gone", "parse_error", "degraded", "unexpected", "no_channel"])
def test_what_blames_one_account_pauses_no_channel(code: str) -> None:
    assert pause(fault(code), BACKOFF, NOON) is None


def test_a_channel_waits_at_least_as_long_as_it_was_asked_to() -> None:
    assert pause(fault("auth_error", retry_after=7 * 3600.0), BACKOFF, NOON) == NOON + 7 * HOUR
    assert pause(fault("auth_error", retry_after=1.0), BACKOFF, NOON) == NOON + 6 * HOUR


def test_a_rate_limit_is_the_breakers_matter() -> None:
    assert pause(fault("rate_limited", retry_after=60.0), BACKOFF, NOON) is None


def test_a_retired_source_is_off_until_the_daemon_starts_anew() -> None:
    until = pause(fault("source_retired"), BACKOFF, NOON)

    assert until is not None
    assert until > NOON + 3000 * DAY
