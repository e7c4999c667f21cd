"""Which accounts are to be looked at, and which have not been for too long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from clocks import NOON
from makers import FEED, account, fault, state

from monitor.freshness import Duty, duties, is_behind
from monitor.model import Account, AccountState, Channel, GoodLook, Platform, Status
from monitor.schedule import Pace, next_due, post_rate

HOUR = timedelta(hours=1)
HOURLY = Pace(constant=1.0, shortest=3600.0, longest=3600.0)
"""Every look is planned an hour after the last, whatever the account's rate."""
PACES = {"feed": HOURLY}
BY_HAND = Channel(adapter="manual", handle="h")
OFF = Channel(adapter="switched.off", handle="h")


def seen(ago: timedelta, channel: str = "feed", **fields: Any) -> AccountState:
    return state(last_good=GoodLook(channel=channel, at=NOON - ago), **fields)


def duty(of: Account, known: AccountState, paces: dict[str, Pace] | None = None) -> Duty | None:
    return duties([(of, known)], paces or PACES, NOON).get(of.platform)


@pytest.mark.parametrize("ago,behind", [(HOUR, False), (2 * HOUR, False), (2 * HOUR + timedelta(seconds=1), True), (99 * HOUR, True)])
def test_an_account_is_behind_once_its_last_good_look_is_older_than_twice_its_interval(ago: timedelta, behind: bool) -> None:
    assert is_behind(seen(ago), HOURLY, NOON) is behind


def test_the_interval_is_the_one_that_was_planned_after_that_look() -> None:
    pace = Pace(constant=18.0, shortest=1800.0, longest=6 * 3600.0)
    known = seen(timedelta(0))
    planned = next_due(post_rate(known, NOON), pace, NOON, known.account_id) - NOON

    assert not is_behind(known, pace, NOON + 2 * planned)
    assert is_behind(known, pace, NOON + 2 * planned + timedelta(seconds=1))


def test_a_failed_look_does_not_make_an_account_fresh() -> None:
    assert is_behind(seen(5 * HOUR, last_tried_at=NOON, failing_since=NOON - 4 * HOUR), HOURLY, NOON)


NEVER_SEEN: dict[str, tuple[dict[str, datetime], bool]] = {
    "waits for its first look since an hour": ({"next_poll_at": NOON - HOUR}, False),
    "waits for its first look since a day": ({"next_poll_at": NOON - 24 * HOUR}, True),
    "is to be looked at later": ({"next_poll_at": NOON + 24 * HOUR}, False),
    "failed at first an hour ago": ({"failing_since": NOON - HOUR, "next_poll_at": NOON + HOUR}, False),
    "fails since yesterday": ({"failing_since": NOON - 24 * HOUR, "next_poll_at": NOON + HOUR}, True),
    "is not planned at all": ({}, False),
}


@pytest.mark.parametrize("fields,behind", NEVER_SEEN.values(), ids=NEVER_SEEN)
def test_an_account_that_was_never_seen(fields: dict[str, datetime], behind: bool) -> None:
    assert is_behind(state(**fields), HOURLY, NOON) is behind


def test_a_look_that_lies_ahead_is_not_behind() -> None:
    assert not is_behind(seen(-5 * HOUR), HOURLY, NOON)


NOBODYS_DUTY: dict[str, tuple[dict[str, Any], AccountState]] = {
    "is looked at by people only": ({"channels": (BY_HAND,)}, seen(99 * HOUR)),
    "has no channel": ({"channels": ()}, seen(99 * HOUR)),
    "has a channel that is switched off": ({"channels": (OFF, BY_HAND)}, seen(99 * HOUR)),
    "is closed": ({"status": Status.CLOSED}, seen(99 * HOUR)),
    "is abandoned": ({"status": Status.ABANDONED}, seen(99 * HOUR)),
    "is gone, by the platform's word": ({}, seen(99 * HOUR, last_error=fault("account_gone"))),
}


@pytest.mark.parametrize("fields,known", NOBODYS_DUTY.values(), ids=NOBODYS_DUTY)
def test_it_is_nobodys_duty_to_look_at_an_account_that(fields: dict[str, Any], known: AccountState) -> None:
    assert duty(account(**fields), known) is None


def test_an_account_with_one_channel_that_is_asked_counts_whatever_else_it_has() -> None:
    assert duty(account(channels=(BY_HAND, OFF, FEED)), seen(HOUR)) == Duty(watched=1, behind=0)


def test_an_excused_account_is_looked_at_like_any_other() -> None:
    assert duty(account(status=Status.EXEMPT), seen(9 * HOUR)) == Duty(watched=1, behind=1)


def test_the_pace_is_that_of_the_channel_that_last_gave_a_good_look() -> None:
    second = Channel(adapter="second", handle="h")
    daily = Pace(constant=1.0, shortest=86_400.0, longest=86_400.0)
    paces = {"feed": HOURLY, "second": daily}
    who = account(channels=(FEED, second))

    assert duty(who, seen(9 * HOUR, channel="second h"), paces) == Duty(watched=1, behind=0)
    assert duty(who, seen(9 * HOUR, channel="feed"), paces) == Duty(watched=1, behind=1)
    assert duty(who, seen(9 * HOUR, channel="gone.from.the.roster"), paces) == Duty(watched=1, behind=1)


def test_platforms_are_counted_apart() -> None:
    weibo, wechat = account("a"), account("b", platform=Platform.WECHAT)

    counted = duties([(weibo, seen(9 * HOUR)), (wechat, seen(HOUR))], PACES, NOON)

    assert counted == {Platform.WEIBO: Duty(1, 1), Platform.WECHAT: Duty(1, 0)}
