"""One poll: the account's channels in order, each outcome on record, no failure taken for silence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

import pytest
from clocks import NOON, FrozenClock
from makers import DAY, account, fault, partial, post, snapshot, state, walked
from makers import poll as known_poll

from monitor.access.pauses import Pauses
from monitor.after import after
from monitor.errors import (
    LOOK_ERRORS,
    AuthError,
    Degraded,
    LookError,
    RateLimited,
    TransportFault,
)
from monitor.model import BEGINNING, Account, Channel, Outcome, Poll, PostMark, Snapshot
from monitor.poller import look
from monitor.ports import Adapter, ChannelSettings
from monitor.schedule import Backoff

BACKOFF = Backoff(start=900.0, cap=6 * 3600.0, gone=24 * 3600.0, auth=6 * 3600.0, rate=900.0)
FIRST, SECOND, THIRD = (Channel(adapter=name, handle="1", options={"credential": "city"}) for name in ("first", "second", "third"))
ACCOUNT = account(channels=(FIRST, SECOND, THIRD))


class Script:
    """An adapter that says what it was given to say: a snapshot, or an error."""

    Settings: ClassVar[type[ChannelSettings]] = ChannelSettings
    title: ClassVar[str] = "剧本"
    first_hand: ClassVar[bool] = True
    verifies: ClassVar[str] = ""

    def __init__(self, name: str, word: Snapshot | Exception, clock: FrozenClock, seconds: float = 0.0) -> None:
        self.settings = ChannelSettings()
        self.name, self.word, self.clock, self.seconds = name, word, clock, seconds
        self.asked: list[tuple[str, Mapping[str, Any], datetime]] = []

    def lane(self, channel: Channel) -> str:
        return f"{self.name} {channel.credential}"

    def room(self, channel: Channel) -> int:
        return 1

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        self.asked.append((account.id, memory, now))
        await self.clock.sleep(self.seconds)
        if isinstance(self.word, Exception):
            raise self.word
        return self.word

    async def check(self) -> list[str]:
        return []


class Desk:
    """Three scripted channels, a clock that stands still, and nothing paused."""

    def __init__(self, *words: Snapshot | Exception, seconds: float = 0.0) -> None:
        self.clock = FrozenClock()
        named = zip(("first", "second", "third"), words, strict=False)
        self.adapters = {name: Script(name, word, self.clock, seconds) for name, word in named}
        self.pauses = Pauses(BACKOFF)

    async def poll(self, asked: Account = ACCOUNT, last_post: PostMark | None = None, **memory: Any) -> Poll:
        adapters: Mapping[str, Adapter] = self.adapters
        return await look(asked, state(memory=memory, last_post=last_post), adapters, self.pauses, self.clock, 60.0)

    @property
    def asked(self) -> list[str]:
        return [name for name, adapter in self.adapters.items() if adapter.asked]


def codes(poll: Poll) -> list[str]:
    return [outcome.fault.code if outcome.fault else "" for outcome in poll.outcomes]


async def test_the_first_channel_that_sees_everything_ends_the_poll() -> None:
    desk = Desk(snapshot(post(), channel="first"), snapshot(channel="second"))

    poll = await desk.poll()

    assert desk.asked == ["first"]
    assert (codes(poll), poll.fault) == ([""], None)
    assert [each.channel for each in poll.snapshots] == ["first"]


@pytest.mark.parametrize("error", [kind for kind in LOOK_ERRORS if kind is not Degraded], ids=lambda kind: kind.code)
async def test_whatever_goes_wrong_with_one_channel_the_next_is_tried(error: type[LookError]) -> None:
    desk = Desk(error("no luck"), snapshot(post(), channel="second"))

    poll = await desk.poll()

    assert desk.asked == ["first", "second"]
    assert codes(poll) == [error.code, ""]
    assert poll.fault is None


async def test_after_a_partial_view_the_next_channel_is_tried_and_both_give_their_posts() -> None:
    desk = Desk(partial(post(1), channel="first"), snapshot(post(2), channel="second"))

    poll = await desk.poll()

    assert codes(poll) == ["degraded", ""]
    assert [[each.id for each in view.posts] for view in poll.snapshots] == [["weibo:a:1"], ["weibo:a:2"]]


async def test_a_degraded_look_s_posts_are_kept_and_cover_nothing_whatever_it_claims() -> None:
    shown = snapshot(post(1), channel="first", since=NOON - DAY, skipped={"no_time": 2}, digest="half")
    desk = Desk(Degraded("a guest's view", snapshot=shown), TransportFault("down"), TransportFault("down"))

    poll = await desk.poll()

    assert [each.id for each in poll.snapshots[0].posts] == ["weibo:a:1"]
    assert (poll.snapshots[0].covers_from, poll.snapshots[0].partial) == (None, "a guest's view")
    assert (poll.outcomes[0].digest, poll.outcomes[0].skipped) == ("half", {"no_time": 2})
    assert after(state(), poll).state.sight.spans == ()


async def test_a_degraded_look_may_have_shown_nothing() -> None:
    poll = await Desk(Degraded("a login wall"), Degraded("another"), Degraded("a third")).poll()

    assert poll.snapshots == ()
    assert codes(poll) == ["degraded"] * 3


async def test_a_whole_page_that_reaches_back_less_than_its_source_lags_is_a_good_look_that_covers_nothing() -> None:
    desk = Desk(snapshot(post(), channel="first", since=None), snapshot(channel="second"))

    poll = await desk.poll()
    seen = after(state(), poll).state

    assert codes(poll) == [""]
    assert seen.last_good is not None
    assert seen.last_good.covers_until is None
    assert seen.sight.spans == ()


async def test_a_look_ends_before_its_lease_and_is_a_fault_of_the_way() -> None:
    class Waiting(Script):
        async def look(self, *_: object) -> Snapshot:
            await asyncio.sleep(30)
            raise AssertionError("it was not stopped")

    desk = Desk(snapshot(channel="first"))
    desk.adapters["first"] = Waiting("first", snapshot(channel="first"), desk.clock, 0.0)

    poll = await look(ACCOUNT, state(), desk.adapters, desk.pauses, desk.clock, 0.05)

    assert codes(poll)[0] == "transport_fault"


async def test_an_unchanged_view_is_enough() -> None:
    desk = Desk(snapshot(channel="first", unchanged=True))

    assert (await desk.poll()).fault is None


async def test_when_no_channel_sees_the_account_is_left_with_the_last_one_s_fault() -> None:
    poll = await Desk(AuthError("token expired"), TransportFault("down"), RateLimited("slow down", retry_after=60.0, head="<html>")).poll()

    assert poll.snapshots == ()
    assert poll.fault is not None
    assert (poll.fault.code, poll.fault.channel, poll.fault.credential) == ("rate_limited", "third", "city")
    assert (poll.fault.retry_after, poll.fault.head) == (60.0, "<html>")


BUGS = [KeyError("secret"), ValueError("bad"), TimeoutError(), ZeroDivisionError()]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: type(bug).__name__)
async def test_a_bug_becomes_an_outcome_and_never_a_snapshot(bug: Exception) -> None:
    poll = await Desk(bug, bug, bug).poll()

    assert codes(poll) == ["unexpected"] * 3
    assert poll.snapshots == ()
    assert poll.fault is not None
    # The text of a foreign error may quote anything; its kind may not.
    assert poll.fault.message == type(bug).__name__
    unseen = after(state(), poll)
    assert (unseen.state.sight.spans, unseen.new, unseen.state.failures) == ((), (), 1)


async def test_a_bug_in_one_channel_does_not_keep_the_next_from_being_tried() -> None:
    poll = await Desk(RuntimeError("bug"), snapshot(post(), channel="second")).poll()

    assert codes(poll) == ["unexpected", ""]


class NoLane(Script):
    """An adapter with a bug outside its look."""

    def lane(self, channel: Channel) -> str:
        raise ValueError("what is this handle?")


async def test_a_bug_in_naming_the_lane_is_an_outcome_too() -> None:
    desk = Desk(snapshot(), snapshot(channel="second"))
    desk.adapters["first"] = NoLane("first", snapshot(), desk.clock)

    assert codes(await desk.poll()) == ["unexpected", ""]


async def test_a_paused_channel_is_passed_over_with_the_fault_that_paused_it() -> None:
    desk = Desk(snapshot(channel="first"), snapshot(channel="second"))
    desk.pauses.record(Outcome(channel=FIRST, fault=fault("auth_error")), "first city", NOON)

    poll = await desk.poll()

    assert desk.asked == ["second"]
    assert (codes(poll), poll.outcomes[0].passed_over) == (["auth_error", ""], True)


async def test_a_channel_that_is_unknown_or_off_is_passed_over_and_named() -> None:
    desk = Desk()

    poll = await desk.poll()

    assert codes(poll) == ["no_channel"] * 3
    assert all(outcome.passed_over for outcome in poll.outcomes)
    assert poll.fault is not None
    assert "third" in poll.fault.message


async def test_an_account_without_channels_is_left_with_a_fault() -> None:
    poll = await Desk().poll(account(channels=()))

    assert poll.fault is not None
    assert poll.fault.code == "no_channel"


async def test_each_channel_is_handed_its_own_memory_and_one_moment() -> None:
    desk = Desk(TransportFault("down"), snapshot(channel="second"), seconds=2.0)

    poll = await desk.poll(**{FIRST.key: {"etag": "1"}, SECOND.key: {"cursor": 9}})

    assert desk.adapters["first"].asked == [("a", {"etag": "1"}, NOON)]
    assert desk.adapters["second"].asked == [("a", {"cursor": 9}, NOON)]
    assert (poll.at, poll.seconds) == (NOON, 4.0)


async def test_each_channel_s_outcome_is_told_before_the_next_channel_is_asked() -> None:
    desk = Desk(RateLimited("slow down", retry_after=60), snapshot(channel="second"), seconds=30.0)
    told: list[tuple[str, datetime]] = []

    def note(outcome: Outcome) -> None:
        told.append((outcome.channel.adapter, desk.clock.now()))

    await look(ACCOUNT, state(), desk.adapters, desk.pauses, desk.clock, 100.0, note)

    assert [(name, (at - NOON).total_seconds()) for name, at in told] == [("first", 30.0), ("second", 60.0)]


async def test_a_channel_refused_meanwhile_is_passed_over_although_the_look_began_before() -> None:
    desk = Desk(TransportFault("down"), snapshot(channel="second"), seconds=30.0)
    asked = account(channels=(FIRST, SECOND))

    def refused_elsewhere(_: Outcome) -> None:
        desk.pauses.record(Outcome(channel=SECOND, fault=fault("rate_limited", retry_after=10.0)), "second city", desk.clock.now())

    poll = await look(asked, state(), desk.adapters, desk.pauses, desk.clock, 100.0, refused_elsewhere)

    assert [outcome.passed_over for outcome in poll.outcomes] == [False, True]


# -- an empty page of somebody who had published ----------------------------------------------------------------------------


def nothing(**fields: Any) -> Snapshot:
    """A view that says that nothing was ever published."""
    return snapshot(since=BEGINNING, **fields)


KNOWN = walked(known_poll(snapshot(post())))


async def test_an_account_that_had_published_is_not_believed_to_have_published_nothing_ever() -> None:
    desk = Desk(nothing())

    poll = await desk.poll(last_post=KNOWN.last_post)

    assert codes(poll)[0] == "degraded" and poll.fault is not None
    assert after(KNOWN, poll).state.sight == KNOWN.sight


async def test_an_account_of_which_nothing_is_known_may_have_published_nothing() -> None:
    poll = await Desk(nothing()).poll()

    assert codes(poll) == [""]
    assert poll.snapshots[0].covers_from == BEGINNING


async def test_each_channels_part_of_the_look_is_timed() -> None:
    desk = Desk(Degraded("a guest's view"), snapshot(post()), seconds=2.0)

    polled = await desk.poll()

    assert [outcome.seconds for outcome in polled.outcomes] == [2.0, 2.0]
    assert polled.seconds == 4.0
