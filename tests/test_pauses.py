"""Which channels are left alone, why and until when."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from clocks import NOON
from makers import DAY, HOUR, fault

from monitor.model import Channel, ChannelState, Outcome
from monitor.pauses import Pauses
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


def test_only_a_change_of_standing_is_to_be_stored_and_once() -> None:
    ours = pauses()
    say(ours, None)
    assert ours.changed() == []

    say(ours, "auth_error", now=NOON + HOUR)

    assert [each.name for each in ours.changed()] == ["weibo.openapi/city"]
    assert ours.changed() == []


def test_a_channel_that_serves_nobody_any_more_is_forgotten() -> None:
    ours = pauses()
    say(ours, "auth_error")
    say(ours, "auth_error", COUNTY)

    ours.count({("weibo.openapi", "county"): 12, ("feed", ""): 3})

    assert [(each.name, each.accounts) for each in ours.states()] == [("weibo.openapi/county", 12)]
    assert [each.name for each in ours.changed()] == ["weibo.openapi/county"]
