"""Which channels are left alone, why and until when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from clocks import NOON
from makers import DAY, HOUR, fault

from monitor.access.pauses import Breaker, Pauses
from monitor.model import Channel, ChannelState, Outcome
from monitor.schedule import Backoff

BACKOFF = Backoff(start=900.0, cap=6 * 3600.0, gone=24 * 3600.0, auth=6 * 3600.0, rate=900.0)
MINUTE = timedelta(minutes=1)
CITY = Channel(adapter="weibo.openapi", handle="1", options={"credential": "city"})
COUNTY = Channel(adapter="weibo.openapi", handle="2", options={"credential": "county"})
OPEN = Channel(adapter="feed", handle="https://a.example/1")


def pauses(*known: ChannelState) -> Pauses:
    return Pauses(BACKOFF, known)


def say(pauses: Pauses, code: str | None, channel: Channel = CITY, lane: str = "lane", now: datetime = NOON, **fields: float) -> None:
    """Record how a look through the channel went; None stands for well."""
    pauses.record(Outcome(channel=channel, fault=fault(code, **fields) if code else None), lane, now)


def standing(pauses: Pauses, channel: Channel = CITY) -> ChannelState:
    return next(each for each in pauses.states() if (each.adapter, each.credential) == (channel.adapter, channel.credential))


def test_nothing_is_paused_at_first() -> None:
    assert pauses().of(CITY, "lane", NOON) is None
    assert pauses().until(CITY, "lane", NOON) is None


# -- rate limits pause a lane -----------------------------------------------------------------------------------------------


def test_a_rate_limit_pauses_the_whole_lane_for_a_while() -> None:
    ours = pauses()

    say(ours, "rate_limited")

    found = ours.of(COUNTY, "lane", NOON + 14 * MINUTE)
    assert found is not None
    assert found.code == "rate_limited"
    assert ours.until(CITY, "lane", NOON) == NOON + 15 * MINUTE
    assert ours.of(CITY, "another lane", NOON) is None
    assert ours.of(CITY, "lane", NOON + 15 * MINUTE) is None
    assert ours.until(CITY, "lane", NOON + 15 * MINUTE) is None


def test_each_rate_limit_after_a_pause_doubles_the_next() -> None:
    ours = pauses()
    say(ours, "rate_limited")
    say(ours, "rate_limited", now=NOON + HOUR)

    assert ours.of(CITY, "lane", NOON + HOUR + 29 * MINUTE) is not None
    assert ours.of(CITY, "lane", NOON + HOUR + 30 * MINUTE) is None


def test_requests_refused_together_count_as_one_refusal() -> None:
    ours = pauses()

    for _ in range(5):
        say(ours, "rate_limited")

    assert ours.of(CITY, "lane", NOON + 15 * MINUTE) is None


def test_of_two_refusals_the_longer_pause_holds() -> None:
    ours = pauses()

    say(ours, "rate_limited", retry_after=7200.0)
    say(ours, "rate_limited")

    assert ours.of(CITY, "lane", NOON + 119 * MINUTE) is not None
    assert ours.of(CITY, "lane", NOON + 120 * MINUTE) is None


@pytest.mark.parametrize("code", [None, "degraded"], ids=["well", "partly"])
def test_a_look_that_gets_through_ends_the_pause_and_the_count(code: str | None) -> None:
    ours = pauses()
    say(ours, "rate_limited")
    say(ours, "rate_limited", now=NOON + HOUR)

    say(ours, code, now=NOON + HOUR + MINUTE)

    assert ours.of(CITY, "lane", NOON + HOUR + MINUTE) is None
    say(ours, "rate_limited", now=NOON + 2 * HOUR)
    assert ours.of(CITY, "lane", NOON + 2 * HOUR + 15 * MINUTE) is None


@pytest.mark.parametrize("code", ["transport_fault", "account_gone", "parse_error", "unexpected"])
def test_what_blames_one_account_pauses_nothing(code: str) -> None:
    ours = pauses()

    say(ours, code)

    assert ours.of(CITY, "lane", NOON) is None
    assert ours.changed() == []


# -- a lost or retired access pauses a credential ---------------------------------------------------------------------------


def test_a_lost_access_pauses_every_account_of_that_credential_and_no_other() -> None:
    ours = pauses()

    say(ours, "auth_error")

    sibling = Channel(adapter="weibo.openapi", handle="99", options={"credential": "city"})
    assert ours.of(sibling, "any lane", NOON + 5 * HOUR) is not None
    assert ours.of(COUNTY, "lane", NOON) is None
    assert ours.of(CITY, "lane", NOON + 6 * HOUR) is None


def test_one_dead_feed_does_not_pause_all_feeds() -> None:
    ours = pauses()

    say(ours, "source_retired", OPEN)

    assert ours.of(OPEN, "lane", NOON) is None


def test_a_retired_source_stays_off() -> None:
    ours = pauses()

    say(ours, "source_retired")

    assert ours.of(CITY, "lane", NOON + 3000 * DAY) is not None
    assert standing(ours).retired


def test_how_long_it_has_been_failing_counts_from_the_first_time() -> None:
    ours = pauses()

    say(ours, "auth_error")
    say(ours, "auth_error", now=NOON + 7 * HOUR)

    assert standing(ours).failing_since == NOON
    assert standing(ours).paused_until == NOON + 13 * HOUR


def test_a_good_look_ends_it_all() -> None:
    ours = pauses()
    say(ours, "auth_error")

    say(ours, None, now=NOON + 7 * HOUR)

    now = standing(ours)
    assert (now.failing_since, now.last_error, now.paused_until, now.retired) == (None, None, None, False)
    assert now.last_good_at == NOON + 7 * HOUR


def test_no_payload_is_kept_with_a_channel() -> None:
    ours = pauses()

    ours.record(Outcome(channel=CITY, fault=fault("auth_error", head="<html>token=…")), "lane", NOON)

    last = standing(ours).last_error
    assert last is not None
    assert last.head == ""


def test_what_an_earlier_run_knew_still_holds() -> None:
    known = ChannelState(adapter="weibo.openapi", credential="city", paused_until=NOON + HOUR, last_error=fault("auth_error"))

    assert pauses(known).of(CITY, "lane", NOON) is not None


# -- what is to be stored ---------------------------------------------------------------------------------------------------


def test_a_change_of_standing_is_to_be_stored_and_once() -> None:
    ours = pauses()
    say(ours, None)
    ours.changed()

    say(ours, "auth_error", now=NOON + HOUR)

    assert [each.name for each in ours.changed()] == ["weibo.openapi/city"]
    assert ours.changed() == []


def test_a_good_look_is_to_be_stored_when_it_is_some_minutes_newer_than_the_stored_one() -> None:
    ours, stored = pauses(), []

    for minutes in (0, 1, 4, 5, 9, 12):
        say(ours, None, now=NOON + minutes * MINUTE)
        stored += [each.last_good_at for each in ours.changed()]

    assert stored == [NOON, NOON + 5 * MINUTE, NOON + 12 * MINUTE]


def test_a_channel_that_serves_nobody_any_more_is_forgotten() -> None:
    ours = pauses()
    say(ours, "auth_error")
    say(ours, "auth_error", COUNTY)

    ours.count({("weibo.openapi", "county"): 12, ("feed", ""): 3})

    assert [(each.name, each.accounts) for each in ours.states()] == [("weibo.openapi/county", 12)]
    assert [each.name for each in ours.changed()] == ["weibo.openapi/county"]


# -- breakers ---------------------------------------------------------------------------------------------------------------

WEIBO = Breaker(rests=(1800.0, 7200.0, 86400.0))
PATIENT = Breaker(refusals=3, accounts=2)


def refuse(known: Pauses, account: str = "a", breaker: Breaker = WEIBO, now: datetime = NOON, **fields: Any) -> None:
    known.record(Outcome(channel=OPEN, fault=fault("rate_limited", **fields)), "lane", now, account, breaker)


def test_a_breaker_rests_longer_each_time_and_longest_for_ever() -> None:
    ours, now, rests = pauses(), NOON, []

    for _ in range(4):
        refuse(ours, now=now)
        until = ours.until(OPEN, "lane", now)
        assert until is not None
        rests.append((until - now) / HOUR)
        now = until

    assert rests == [0.5, 2, 24, 24]


def test_a_patient_breaker_opens_on_three_refusals_over_two_accounts() -> None:
    ours = pauses()

    opened = []
    for account in ("a", "a", "a", "b"):
        refuse(ours, account, PATIENT)
        opened.append(ours.of(OPEN, "lane", NOON) is not None)

    assert opened == [False, False, False, True]


def test_a_good_look_makes_refusals_before_it_forgotten() -> None:
    ours = pauses()
    refuse(ours, "a", PATIENT)
    refuse(ours, "b", PATIENT)

    ours.record(Outcome(channel=OPEN), "lane", NOON, "a", PATIENT)
    refuse(ours, "a", PATIENT)

    assert ours.of(OPEN, "lane", NOON) is None


def test_a_platform_that_names_the_wait_is_believed_at_once() -> None:
    ours = pauses()

    refuse(ours, "a", PATIENT, retry_after=3600.0)

    assert ours.until(OPEN, "lane", NOON) == NOON + HOUR


def test_our_own_budget_rests_a_lane_just_as_long_as_it_must_and_is_no_strike() -> None:
    ours = pauses()

    refuse(ours, retry_after=60.0, ours=True)
    refuse(ours, now=NOON + HOUR)

    assert ours.until(OPEN, "lane", NOON) == NOON + 1.5 * HOUR
    assert [rest.strikes for rest in ours.rests(NOON + HOUR)] == [1]


def test_a_breaker_stays_open_over_a_restart_and_remembers_its_strikes() -> None:
    before = pauses()
    refuse(before)
    changed, gone = before.changed_lanes()

    after = Pauses(BACKOFF, (), changed)
    refuse(after, now=NOON + HOUR)

    assert after.until(OPEN, "lane", NOON) is not None
    assert after.until(OPEN, "lane", NOON + HOUR) == NOON + 3 * HOUR
    assert gone == []
    assert before.changed_lanes() == ([], [])


def test_a_closed_breaker_is_named_so_that_it_can_be_forgotten() -> None:
    ours = pauses()
    refuse(ours)
    ours.changed_lanes()

    ours.record(Outcome(channel=OPEN), "lane", NOON)

    assert ours.changed_lanes() == ([], ["lane"])


def test_what_is_written_of_a_refusal_holds_no_payload() -> None:
    ours = pauses()

    ours.record(Outcome(channel=OPEN, fault=fault("rate_limited", head="<html>cookie=…")), "lane", NOON, "a", WEIBO)

    assert [rest.fault.head for rest in ours.changed_lanes()[0]] == [""]


def test_a_look_that_was_under_way_when_another_was_refused_does_not_close_the_breaker() -> None:
    ours = pauses()
    refuse(ours, retry_after=3600.0)

    ours.record(Outcome(channel=OPEN), "lane", NOON + MINUTE, "b", WEIBO, began=NOON - MINUTE)
    assert ours.until(OPEN, "lane", NOON + MINUTE) == NOON + HOUR

    ours.record(Outcome(channel=OPEN), "lane", NOON + HOUR + MINUTE, "b", WEIBO, began=NOON + HOUR)
    assert ours.rests(NOON) == []


def test_our_own_budget_does_not_speak_over_the_refusal_it_comes_after() -> None:
    ours = pauses()
    refuse(ours)

    refuse(ours, ours=True, retry_after=60.0)

    assert [(rest.until, rest.fault.ours) for rest in ours.rests(NOON)] == [(NOON + HOUR / 2, False)]


def test_what_a_clock_that_ran_ahead_left_resting_is_tried_at_once() -> None:
    ahead = NOON + 400 * DAY
    ours = pauses()
    refuse(ours, now=ahead)
    say(ours, "auth_error", now=ahead)
    say(ours, None, COUNTY, "another lane", now=ahead)
    ours.changed()
    ours.changed_lanes()

    assert ours.heal(NOON) == 4

    assert (ours.of(OPEN, "lane", NOON), ours.of(CITY, "other", NOON)) == (None, None)
    assert standing(ours, COUNTY).last_good_at is None
    assert {each.name for each in ours.changed()} == {"feed", "weibo.openapi/city", "weibo.openapi/county"}
    assert [rest.lane for rest in ours.changed_lanes()[0]] == ["lane"]
    assert ours.heal(NOON) == 0


def test_healing_leaves_alone_what_may_be_so_and_forgets_lanes_long_at_rest() -> None:
    ours = pauses()
    refuse(ours, retry_after=86_400.0)
    say(ours, "source_retired")
    ours.changed_lanes()

    assert ours.heal(NOON) == 0
    assert ours.of(OPEN, "lane", NOON) is not None
    assert ours.of(CITY, "other", NOON + 300 * DAY) is not None

    ours.heal(NOON + 9 * DAY)
    assert ours.changed_lanes() == ([], ["lane"])


def turned_away(ours: Pauses, account: str, code: str | None = "auth_error") -> None:
    ours.record(Outcome(channel=CITY, fault=fault(code) if code else None), "lane", NOON, account)


def test_one_account_that_is_turned_away_does_not_put_out_of_sight_all_that_share_its_credential() -> None:
    ours = pauses()
    ours.count({("weibo.openapi", "city"): 40})

    for _ in range(3):
        turned_away(ours, "mistyped")
        turned_away(ours, "well", None)
    turned_away(ours, "mistyped")
    assert ours.of(CITY, "lane", NOON) is None

    turned_away(ours, "another")
    assert ours.of(CITY, "lane", NOON) is not None


@pytest.mark.parametrize("code", ["auth_error", "source_retired"])
def test_the_only_account_of_a_credential_speaks_for_it(code: str) -> None:
    ours = pauses()
    ours.count({("weibo.openapi", "city"): 1})

    turned_away(ours, "a", code)

    assert ours.of(CITY, "lane", NOON) is not None


def test_the_seconds_left_of_a_rest_are_told() -> None:
    ours = pauses()
    refuse(ours)

    assert [ours.left("lane", NOON + MINUTE), ours.left("lane", NOON + HOUR), ours.left("another", NOON)] == [1740.0, 0.0, 0.0]
