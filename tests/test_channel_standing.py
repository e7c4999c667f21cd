"""How a channel fares, as the alert rules need it: the last look that failed, and nothing of a channel that is switched off."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from clocks import NOON
from daemons import SetClock, quick_settings
from makers import HOUR, account, fault

from daemon import tables
from monitor.access.pauses import Pauses
from monitor.app import App
from monitor.metrics.gauges import READERS, Shown
from monitor.metrics.rollup import Rollup
from monitor.model import Channel, ChannelState, Fault, Outcome
from monitor.schedule import Backoff

BACKOFF = Backoff(start=900.0, cap=6 * 3600.0, gone=24 * 3600.0, auth=6 * 3600.0, rate=900.0)
CITY = Channel(adapter="weibo.openapi", handle="1", options={"credential": "city"})
FAILED = "zhengwu_channel_last_failed_timestamp_seconds"


def after(*faults: Fault | None) -> ChannelState | None:
    """Return the channel's standing after looks that went so, one an hour; None while nothing is known of it."""
    ours = Pauses(BACKOFF)
    for number, each in enumerate(faults):
        ours.record(Outcome(channel=CITY, fault=each), "lane", NOON + number * HOUR)
    return next(iter(ours.states()), None)


@pytest.mark.parametrize("code", ["transport_fault", "rate_limited", "parse_error", "unexpected", "auth_error"])
def test_a_failed_look_is_remembered_whatever_failed_and_the_last_good_one_beside_it(code: str) -> None:
    found = after(None, fault(code))

    assert found is not None
    assert (found.last_good_at, found.last_failed_at) == (NOON, NOON + HOUR)


def test_a_channel_that_has_failed_from_its_first_look_on_is_known() -> None:
    found = after(fault("transport_fault"))

    assert found is not None
    assert (found.last_good_at, found.last_failed_at) == (None, NOON)


@pytest.mark.parametrize("spared", [fault("account_gone"), fault("degraded"), Fault(code="rate_limited", ours=True)], ids=str)
def test_a_gone_account_a_partial_view_and_our_own_budget_are_no_failure_of_the_channel(spared: Fault) -> None:
    found = after(None, spared)

    assert found is not None
    assert found.last_failed_at is None


def test_a_failure_that_a_clock_ahead_wrote_down_is_forgotten() -> None:
    ours = Pauses(BACKOFF, [ChannelState(adapter="feed", last_failed_at=NOON + 2000 * HOUR)])

    ours.heal(NOON)

    assert ours.states()[0].last_failed_at is None


def test_the_page_shows_when_a_channel_last_failed_and_nothing_of_one_that_never_did() -> None:
    channels = [ChannelState(adapter="feed", last_failed_at=NOON), ChannelState(adapter="weibo.web", last_good_at=NOON)]

    samples = list(READERS[FAILED](Shown(Rollup(taken_at=NOON, channels=channels))))

    assert samples == [(("feed",), NOON.timestamp())]


@pytest.fixture
async def app(mongod: str, database: str) -> AsyncIterator[App]:
    """A daemon in whose database a lost access is written down, through a channel that has been switched off since."""
    async with App(quick_settings(mongod, database), tables(), SetClock(NOON)) as made:
        yield made


async def test_a_channel_that_is_switched_off_has_no_standing_any_more(app: App) -> None:
    """Nobody asks it again: what it last was would be mailed every four hours until the roster is rewritten."""
    on, off = Channel(adapter="feed", handle="https://bridge.example/a"), Channel(adapter="switched.off", handle="1")
    await app.store.put_accounts([account("a", channels=(off, on))], {}, NOON)

    picture = await app.judge.look_around(NOON)

    assert "switched.off" not in app.adapters
    assert set(picture.served) == {("feed", "")}
