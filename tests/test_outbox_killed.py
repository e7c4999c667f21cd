"""The real daemon, killed -9 between a letter and its mark, again and again: nobody is left out, each kill costs one repeat at most."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from clocks import NOON, FrozenClock
from daemons import until
from mail_servers import PostOffice, Taken
from outbox import CLERK, ROUND_THE_CLOCK, SENDER, notify, opened, telling, unit, units
from tools import ROOT

from monitor.clock import SystemClock
from monitor.model import SHANGHAI
from monitor.store import Store

MINUTE = timedelta(minutes=1)
READERS = 6
LEASE_SECONDS = 181
"""The daemon's lease: what one letter may take with the mail server's time-out as shipped, and a minute."""
NIGHT_SECONDS = 7.0
"""The rest of a night: a daemon starts, is killed, and another one starts."""


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with PostOffice() as office:
        yield office


class Daemon:
    """`daemon.py run` on the test's database and mail server, which can be killed and started again."""

    def __init__(self, office: PostOffice, mongod: str, database: str, raw: Any, folder: Path, **wishes: Any) -> None:
        self.office, self._raw, self._folder = office, raw, folder
        tell = {"interval_seconds": 0.5, "opens": "00:00:00", "closes": "00:00:00", "working_days_only": False, **wishes}
        self._environment = {
            **os.environ,
            "ZHENGWU_MONGO__URL": mongod,
            "ZHENGWU_MONGO__DATABASE": database,
            "ZHENGWU_WEB__ENABLED": "false",
            "ZHENGWU_SMTP": json.dumps({"host": "127.0.0.1", "port": office.port, "security": "none", "sender": SENDER}),
            "ZHENGWU_NOTIFY": json.dumps(tell),
        }

    async def start(self) -> None:
        # The lease of one killed before would hold the next one up for two minutes.
        self._raw.leases.delete_many({})
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "daemon.py"), "run"), env=self._environment, cwd=self._folder, stderr=asyncio.subprocess.DEVNULL
        )

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    async def gone(self) -> None:
        await asyncio.wait_for(self._process.wait(), 60)

    @contextlib.asynccontextmanager
    async def until(self, true: Callable[[], Any]) -> AsyncIterator[None]:
        """Let it run until something is so, and for the block after that."""
        await self.start()
        try:
            await until(true, 60)
            yield
        finally:
            self.kill()
            await self.gone()

    async def killed_at(self, taken: int, *, answered: bool) -> None:
        """Run it until the mail server has its `taken`-th letter of all, and kill it before or right after the answer."""
        office = self.office

        async def before(_: Taken) -> None:
            if len(office.taken) == taken and not answered:
                self.kill()
                await self.gone()

        def after(_: Taken) -> None:
            if len(office.taken) == taken and answered:
                self.kill()

        office.when_taken, office.when_answered = before, after
        await self.start()
        try:
            await self.gone()
        finally:
            self.kill()
            office.when_taken = office.when_answered = None


@pytest.fixture
def daemon(office: PostOffice, mongod: str, database: str, raw: Any, tmp_path: Path) -> Daemon:
    return Daemon(office, mongod, database, raw, tmp_path)


async def test_three_kills_cost_at_most_one_repeat_each_and_leave_nobody_out(store: Store, office: PostOffice, daemon: Daemon) -> None:
    await opened(store, *units(READERS), at=SystemClock().now() - MINUTE)

    await daemon.killed_at(2, answered=False)
    # Over the repeat of the same letter.
    await daemon.killed_at(3, answered=False)
    await daemon.killed_at(5, answered=True)
    async with daemon.until(lambda: set(office.counts()) == set(units(READERS))):
        await asyncio.sleep(1.5)

    counts = dict(office.counts())
    assert counts.pop(unit(1)) == 2, "killed over twice, it is not sent a third time that day"
    assert counts.pop(unit(3)) <= 2
    assert counts == dict.fromkeys([unit(0), unit(2), unit(4), unit(5)], 1), "who was not under way gets no second one"
    assert all(len(numbers) == 1 for numbers in office.numbers().values()), "a repeat is recognisable as the same letter"


async def test_a_digest_killed_between_sending_and_marking_is_repeated_once(
    store: Store, office: PostOffice, mongod: str, database: str, raw: Any, tmp_path: Path
) -> None:
    await opened(store, unit(0), at=SystemClock().now() - MINUTE, tells=())
    raw.states.update_many({}, {"$set": {"last_tried_at": SystemClock().now()}})
    readers = [CLERK, "zhuren@example.invalid"]
    daemon = Daemon(office, mongod, database, raw, tmp_path, clerks=readers)

    await daemon.killed_at(1, answered=False)
    async with daemon.until(lambda: set(office.counts()) == set(readers)):
        await asyncio.sleep(1.5)

    assert office.counts() == {CLERK: 2, readers[1]: 1}
    assert len(office.numbers()[CLERK]) == 1


async def test_another_daemon_goes_on_after_the_lease_of_one_killed_in_mid_round(store: Store, office: PostOffice, daemon: Daemon) -> None:
    clock = FrozenClock(SystemClock().now())
    await opened(store, *units(READERS), at=clock.now() - MINUTE)
    settings = notify(**ROUND_THE_CLOCK)
    other = telling(store, office.port, clock, settings, "another machine")
    await daemon.killed_at(3, answered=False)

    clock.moment = SystemClock().now()
    too_early = await other.round()
    clock.advance(LEASE_SECONDS)
    await other.round()
    await other.round()

    assert too_early == 0
    assert office.counts() == {**dict.fromkeys(units(READERS), 1), unit(2): 2}
    assert len(office.numbers()[unit(2)]) == 1


async def test_what_was_held_by_night_goes_out_once_in_the_morning_though_the_daemon_was_killed_by_night(
    store: Store, office: PostOffice, mongod: str, database: str, raw: Any, tmp_path: Path
) -> None:
    now = SystemClock().now()
    opens = (now + timedelta(seconds=NIGHT_SECONDS)).replace(microsecond=0)
    hours = {"opens": f"{opens.astimezone(SHANGHAI):%T}", "closes": f"{(opens - timedelta(hours=1)).astimezone(SHANGHAI):%T}"}
    await opened(store, *units(3), at=now - MINUTE)
    daemon = Daemon(office, mongod, database, raw, tmp_path, **hours)
    async with daemon.until(lambda: raw.leases.count_documents({"_id": "telling"})):
        at_night = list(office.taken)

    async with daemon.until(lambda: len(office.taken) == 3):
        morning = SystemClock().now()
        await asyncio.sleep(1.5)

    assert (at_night, morning >= opens) == ([], True)
    assert office.counts() == dict.fromkeys(units(3), 1)


async def test_a_letter_killed_in_the_evening_is_repeated_in_the_morning_and_not_before(store: Store, office: PostOffice) -> None:
    evening = NOON.replace(hour=9, minute=59)
    clock = FrozenClock(evening)
    await opened(store, unit(0), at=evening)
    office.conduct = "cut"
    await telling(store, office.port, clock).round()
    office.conduct = "answer"

    clock.moment = evening + 2 * MINUTE
    await telling(store, office.port, clock).round()
    in_the_evening = dict(office.counts())
    clock.moment = (NOON + timedelta(days=1)).replace(hour=0, minute=30)
    for _ in range(3):
        await telling(store, office.port, clock).round()
        clock.advance(60)

    assert in_the_evening == {unit(0): 1}
    assert office.counts() == {unit(0): 2}
