"""The outbox while the mail server is away, slow, or picky: nothing is lost, nobody waits for somebody else, its return is noticed soon."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from clocks import NOON, FrozenClock
from daemons import quick_settings, running, until
from mail_servers import PostOffice
from outbox import CLERK, ROUND_THE_CLOCK, SENDER, notify, opened, over, telling, unit, units
from rich.console import Console

from daemon import tables
from monitor.app import App
from monitor.cli.answering import retry_address
from monitor.clock import SystemClock
from monitor.model import Contact, Role, Stage
from monitor.store import Store
from monitor.telling.rounds import Telling

RETURN_SECONDS = 30.0
"""Within so long after its return the mail server has what waited for it."""
NIGHT = NOON.replace(hour=14)
MORNING = (NOON + timedelta(days=1)).replace(hour=0, minute=30)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with PostOffice() as office:
        yield office


async def rounds(loop: Telling, clock: FrozenClock, seconds: float, step: float = 0.0) -> None:
    """Go round as the daemon does, or in longer steps, for so long."""
    end = clock.moment + timedelta(seconds=seconds)
    while clock.moment < end:
        await loop.round()
        clock.advance(max(loop.pause, step))


@pytest.mark.parametrize("back_after", [3601.0, 3613.0, 3659.0])
async def test_a_server_that_was_down_for_an_hour_has_everything_within_half_a_minute_of_its_return(
    store: Store, office: PostOffice, back_after: float
) -> None:
    clock = FrozenClock(NOON)
    loop = telling(store, office.port, clock, notify(clerks=(CLERK,)))
    await opened(store, *units(3))
    await office.stop()
    await rounds(loop, clock, back_after)

    await office.start()
    # The loop sleeps at this moment; it wakes when it had meant to.
    returned = NOON + timedelta(seconds=back_after)
    while clock.moment <= returned + timedelta(seconds=RETURN_SECONDS):
        await loop.round()
        clock.advance(loop.pause)

    assert office.counts() == {**dict.fromkeys(units(3), 1), CLERK: 1}
    assert loop.waiting == 0
    assert all(each.tries == {} for each in await store.alerts())


async def test_the_return_is_noticed_in_real_time_with_the_settings_as_shipped(
    mongod: str, database: str, store: Store, office: PostOffice
) -> None:
    await opened(store, *units(4), at=SystemClock().now() - MINUTE)
    await office.stop()
    shipped = {"interval_seconds": 60.0, "retry_seconds": 20.0, **ROUND_THE_CLOCK}
    smtp = {"host": "127.0.0.1", "port": office.port, "security": "none", "sender": SENDER}
    async with running(quick_settings(mongod, database, notify=shipped, smtp=smtp)) as app:
        await until(lambda: app.telling.waiting == 4)
        await asyncio.sleep(random.Random().uniform(0.5, 8.0))

        returned = asyncio.get_running_loop().time()
        await office.start()
        await until(lambda: len(office.taken) == 4, RETURN_SECONDS + 5)

    assert max(each.at for each in office.taken) - returned < RETURN_SECONDS
    assert office.counts() == dict.fromkeys(units(4), 1)


async def test_a_server_that_takes_the_text_and_never_says_so_all_day_costs_nobody_his_letter(store: Store, office: PostOffice) -> None:
    clock = FrozenClock(NOON)
    loop = telling(store, office.port, clock, seconds=0.1)
    await opened(store, *units(3))
    office.conduct = "hang"
    await rounds(loop, clock, 3600)
    first_day = dict(office.counts())

    office.conduct = "answer"
    clock.moment = MORNING
    await rounds(loop, clock, 600)

    assert first_day == dict.fromkeys(units(3), 2), "the letter, and one repeat"
    assert office.counts() == dict.fromkeys(units(3), 3), "the day after once more: who may not have got it is not left without"
    assert all(len(numbers) == 1 for numbers in office.numbers().values())


async def test_a_recipient_at_whom_the_server_hangs_up_keeps_nobody_waiting(store: Store, office: PostOffice) -> None:
    clock = FrozenClock(NOON)
    loop = telling(store, office.port, clock, notify(clerks=(CLERK,)))
    await opened(store, *units(5))
    office.refusing[unit(0)] = "421 4.3.2 not now"

    await rounds(loop, clock, 30)

    assert office.counts() == {**dict.fromkeys(units(5)[1:], 1), CLERK: 1}
    office.refusing.clear()
    await rounds(loop, clock, RETURN_SECONDS)
    assert office.counts()[unit(0)] == 1


async def test_a_digest_at_whose_reader_the_server_hangs_up_keeps_no_other_reader_waiting(store: Store, office: PostOffice) -> None:
    clock, second = FrozenClock(NOON), "zhuren@example.invalid"
    loop = telling(store, office.port, clock, notify(clerks=(CLERK, second)))
    office.refusing[CLERK] = "421 4.3.2 not now"

    await rounds(loop, clock, 30)

    assert office.counts() == {second: 1}


async def test_one_of_twenty_told_to_wait_lets_the_others_have_theirs_over_one_connection(store: Store, office: PostOffice) -> None:
    clock = FrozenClock(NOON)
    await opened(store, *units(20))
    office.refusing[unit(7)] = "450 4.2.1 mailbox busy"
    loop = telling(store, office.port, clock)

    sent = await loop.round()

    assert (sent, office.connections) == (19, 1)
    assert office.counts() == dict.fromkeys(set(units(20)) - {unit(7)}, 1)
    assert loop.held == {} and loop.pause == notify().interval_seconds


async def test_a_mailbox_that_is_busy_for_a_day_is_asked_ever_more_seldom_then_marked_and_hears_again_when_a_person_says_so(
    mongod: str, database: str, office: PostOffice
) -> None:
    clock, settings = FrozenClock(NOON), notify(**ROUND_THE_CLOCK)
    async with App(quick_settings(mongod, database), tables(), clock) as app:
        store = app.store
        await opened(store, unit(0))
        office.refusing[unit(0)] = "450 4.2.1 mailbox busy"
        loop = telling(store, office.port, clock, settings)
        await rounds(loop, clock, 26 * 3600, step=600)
        [box] = (await store.correspondence.mailboxes([unit(0)])).values()

        office.refusing.clear()
        await rounds(loop, clock, 600)
        marked = dict(office.counts())
        await retry_address(app, unit(0).upper(), Console(quiet=True))
        await loop.round()

    assert box.refused_at is not None and timedelta(hours=24) <= box.refused_at - NOON <= timedelta(hours=26)
    assert 10 <= office.asked[unit(0)] <= 20
    assert (marked, office.counts()) == ({}, {unit(0): 1})


async def test_a_night_between_two_busy_answers_is_no_day_of_trying(store: Store, office: PostOffice) -> None:
    friday = NOON + timedelta(days=2, hours=5, minutes=55)
    clock = FrozenClock(friday)
    loop = telling(store, office.port, clock)
    await opened(store, unit(0))
    office.refusing[unit(0)] = "451 4.7.1 greylisted"
    await rounds(loop, clock, 300)

    clock.moment = (friday + timedelta(days=3)).replace(hour=0, minute=30)
    await loop.round()
    office.refusing.clear()
    await rounds(loop, clock, 3600)

    assert office.counts() == {unit(0): 1}


async def test_a_mailbox_that_is_gone_is_marked_at_once_and_the_others_get_theirs(store: Store, office: PostOffice) -> None:
    clock = FrozenClock(NOON)
    await opened(store, *units(3))
    office.refusing[unit(1)] = "550 5.1.1 no such user"
    loop = telling(store, office.port, clock)

    await loop.round()
    await rounds(loop, clock, 3600)

    assert office.counts() == {unit(0): 1, unit(2): 1}
    assert (office.asked[unit(1)], loop.refused_addresses, loop.held) == (1, 1, {"refused": 1})


async def test_a_digest_that_met_no_server_is_told_when_it_is_back_within_the_day(store: Store, office: PostOffice) -> None:
    clock = FrozenClock(NOON)
    loop = telling(store, office.port, clock, notify(clerks=(CLERK,)))
    await office.stop()
    await rounds(loop, clock, 4 * 3600, step=600)

    await office.start()
    await rounds(loop, clock, 3600, step=600)

    assert office.counts() == {CLERK: 1}
    [box] = (await store.correspondence.mailboxes([CLERK])).values()
    assert box.tries == {}


async def test_a_recovery_never_overtakes_the_letter_it_recovers_from(store: Store, office: PostOffice) -> None:
    clock = FrozenClock(NOON)
    loop = telling(store, office.port, clock)
    await opened(store, unit(0))
    await office.stop()
    await loop.round()
    await over(store, clock.now())

    await office.start()
    clock.moment = NOON + timedelta(days=1)
    await rounds(loop, clock, 2 * 3600)

    assert office.taken == [], "who was not told of a lapse is not told that it is over"


async def test_a_recovery_answers_the_letter_that_did_go_out(store: Store, office: PostOffice) -> None:
    clock = FrozenClock(NOON)
    loop = telling(store, office.port, clock)
    await opened(store, *units(2))
    office.refusing[unit(1)] = "450 4.2.1 mailbox busy"
    await loop.round()

    await over(store, clock.now())
    office.refusing.clear()
    clock.moment = NOON + timedelta(days=1)
    await rounds(loop, clock, 2 * 3600)

    assert office.counts() == {unit(0): 2}


async def test_trouble_of_ours_goes_to_the_sysadmin_at_night_as_soon_as_the_server_is_back(store: Store, office: PostOffice) -> None:
    clock, ops = FrozenClock(NIGHT), "ops@example.invalid"
    loop = telling(store, office.port, clock, notify(sysadmins=(ops,)))
    await opened(store, unit(0), at=NIGHT - MINUTE, severity="trouble", tells=(Role.SYSADMIN,))
    await office.stop()
    await rounds(loop, clock, 300)

    await office.start()
    await rounds(loop, clock, RETURN_SECONDS)

    assert office.counts() == {ops: 1}


async def test_an_orderly_stop_lets_the_letter_under_way_be_told_to_the_end(store: Store, office: PostOffice) -> None:
    clock = SystemClock()
    await opened(store, *units(3), at=clock.now() - MINUTE)
    settings = notify(**ROUND_THE_CLOCK)
    asked = asyncio.Event()

    async def slow(_: object) -> None:
        asked.set()
        await asyncio.sleep(0.3)

    office.when_taken = slow
    stopped = asyncio.create_task(telling(store, office.port, clock, settings).round())
    await asyncio.wait_for(asked.wait(), 10)
    stopped.cancel()
    await asyncio.gather(stopped, return_exceptions=True)
    before = dict(office.counts())

    office.when_taken = None
    await telling(store, office.port, clock, settings).round()

    assert before == {unit(0): 1}
    assert office.counts() == dict.fromkeys(units(3), 1)
    assert all(each.tries == {} for each in await store.alerts([Stage.OPEN]))


async def test_a_stop_waits_for_no_server_that_does_not_answer(store: Store, office: PostOffice) -> None:
    await opened(store, unit(0))
    office.conduct = "hang"
    asked = asyncio.Event()

    async def note(_: object) -> None:
        asked.set()

    office.when_taken = note
    round = asyncio.create_task(telling(store, office.port, FrozenClock(NOON), seconds=60).round())
    await asyncio.wait_for(asked.wait(), 10)

    begun = asyncio.get_running_loop().time()
    round.cancel()
    await asyncio.gather(round, return_exceptions=True)

    assert asyncio.get_running_loop().time() - begun < 6


async def test_two_readers_of_one_account_each_hear_at_least_once_whatever_befalls_the_other(store: Store, office: PostOffice) -> None:
    clock, county = FrozenClock(NOON), Contact(role=Role.COUNTY, email="xianqu@example.invalid")
    loop = telling(store, office.port, clock, seconds=0.2)
    await opened(store, unit(0), more=(county,), tells=(Role.OPERATOR, Role.COUNTY))
    office.refusing[county.email] = "450 4.2.1 mailbox busy"
    await loop.round()
    office.refusing.clear()

    await rounds(loop, clock, 600)

    assert office.counts() == {unit(0): 1, county.email: 1}


async def test_a_failure_by_a_clock_that_ran_ahead_keeps_no_letter_waiting_once_it_is_set_right(store: Store, office: PostOffice) -> None:
    clock = FrozenClock(NOON)
    loop = telling(store, office.port, clock)
    await opened(store, *units(1))
    await office.stop()
    clock.advance(86_400)
    assert await loop.round() == 0

    await office.start()
    clock.moment = NOON + MINUTE

    assert await loop.round() > 0
