"""CPU per poll, memory and choosing, as ratios against a bare aiohttp loop on the same server in the same run."""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from benchmarks.kinds import IN_FLIGHT, KINDS, WECHAT, Kind, channel_settings, credentials
from benchmarks.server import TAG
from daemon import tables
from monitor.app import App, settle_memory
from monitor.clock import SystemClock
from monitor.embedded import Embedded
from monitor.model import local_date, start_of_day
from monitor.settings import Settings

ACCOUNTS = 500
REPEATS = 3
"""Of a bare loop, which is short and all is measured against."""
LOOKS = 2
SHOWING = frozenset({"full", "rebuilt", "tagged"})
"""Modes whose first look still shows what changed by the switch: it is made, and not counted."""
REFERENCE = "douyin.v4"
"""The kind whose body of 163 KB the design's limits speak of."""
CHOSEN = 1_000
STATES = 100_000


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run the other end; yield its base URL."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdin is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.stdin.close()
        process.wait(10)


@dataclass(slots=True)
class Shifted:
    """A clock that is so far behind or ahead of the machine's: days pass when a benchmark says so."""

    ahead: timedelta = timedelta(0)
    machine: SystemClock = field(default_factory=SystemClock)

    def now(self) -> datetime:
        return self.machine.now() + self.ahead

    def elapsed(self) -> float:
        return self.machine.elapsed()

    async def sleep(self, seconds: float) -> None:
        await self.machine.sleep(seconds)


def urls(kind: Kind, base: str) -> list[str]:
    return [base + kind.path(str(number)) for number in range(ACCOUNTS)]


async def bare(urls: list[str], headers: Mapping[str, str] | None = None) -> float:
    """Fetch every URL with a bare keep-alive session, so many in flight; return CPU seconds per fetch."""
    queue = list(urls)

    async def worker(session: aiohttp.ClientSession) -> None:
        while queue:
            # The URL is encoded as it stands: what is asked for must be what the daemon asks for.
            async with session.get(URL(queue.pop(), encoded=True), headers=headers) as response:
                await response.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:
        begun = time.process_time()
        await asyncio.gather(*(worker(session) for _ in range(IN_FLIGHT)))
        return (time.process_time() - begun) / len(urls)


def settings(url: str, base: str, kind: Kind = KINDS[REFERENCE]) -> Settings:
    return Settings(
        mongo={"url": url, "database": "bench"},
        web={"enabled": False},
        poll={"in_flight": IN_FLIGHT, "idle_seconds": 0.02},
        judge={"tick_seconds": 3600},
        notify={"interval_seconds": 3600},
        log={"level": "error"},
        channels=channel_settings(kind, base),
        credentials=credentials(ACCOUNTS),
    )


@contextlib.asynccontextmanager
async def daemon(base: str, kind: Kind, clock: Shifted | None = None) -> AsyncIterator[App]:
    """Run the real daemon with a thousand accounts of one kind."""
    with tempfile.TemporaryDirectory() as directory:
        async with Embedded(Path(directory) / "mongo", cache_gb=1.0) as mongod:
            async with App(settings(mongod.url, base, kind), tables(), clock or Shifted(), random.Random(1)) as app:
                accounts = [kind.account(number, base) for number in range(ACCOUNTS)]
                await app.store.put_accounts(accounts, app.lanes(accounts), app.clock.now())
                stop = asyncio.Event()
                settle_memory()
                loops = asyncio.create_task(app.run(stop))
                try:
                    yield app
                finally:
                    stop.set()
                    await loops


async def sweep(app: App, *, due: bool = True) -> float:
    """Have every account looked at once; return CPU seconds per poll, all the daemon's work included."""
    states: Any = app.store._db.states
    begun_at, begun = app.clock.now(), time.process_time()
    if due:
        await states.update_many({}, {"$set": {"due_at": begun_at}})

    async def looked_at() -> int:
        return int(await states.count_documents({"last_tried_at": {"$gte": begun_at}, "lease": None}))

    for _ in range(3_000):
        if await looked_at() == ACCOUNTS:
            break
        await asyncio.sleep(0.1)
    spent = (time.process_time() - begun) / ACCOUNTS
    failed = await states.find_one({"last_error": {"$ne": None}, "last_tried_at": {"$gte": begun_at}})
    if failed is not None and "only 发布" not in failed["last_error"]["message"]:
        raise RuntimeError(f"a look failed, so nothing was measured: {failed['last_error']['message'][:200]}")
    return spent


async def switch(base: str, mode: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{base}/mode/{mode}") as response:
        await response.read()


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU milliseconds of one kind: of a bare fetch of 163 KB and of its own bodies, and of a look in each case."""

    reference: float
    own: float
    cases: Mapping[str, float]


async def best(measure: Callable[[], Awaitable[float]], repeats: int = REPEATS) -> float:
    """Return the best of some repeats, in milliseconds: noise only adds."""
    return min([await measure() for _ in range(repeats)]) * 1000


async def cpu(base: str, kind: Kind) -> Measured:
    """Measure every case of a kind, and the bare loop before and after."""
    reference, own = urls(KINDS[REFERENCE], base), urls(kind, base)
    await switch(base, "same")
    await bare(own)
    bares = [await best(lambda: bare(reference)), await best(lambda: bare(own))]
    found: dict[str, float] = {}
    async with daemon(base, kind) as app:
        await sweep(app, due=False)
        for case in kind.cases:
            await switch(base, case.mode)
            if case.mode in SHOWING:
                await sweep(app)
            found[case.mode] = await best(lambda: sweep(app), LOOKS)
    await switch(base, "same")
    return Measured(min(bares[0], await best(lambda: bare(reference))), min(bares[1], await best(lambda: bare(own))), found)


async def bare_304(base: str) -> float:
    """Return CPU milliseconds of a bare conditional fetch that is answered with nothing new."""
    await switch(base, "tagged")
    found = await best(lambda: bare(urls(KINDS["rss"], base), {"If-None-Match": TAG}))
    await switch(base, "same")
    return found


async def cpu_of_days(base: str) -> Measured:
    """Measure WeChat's own interfaces: a look that asks for the publish list alone, and the first of a day, which asks for three bodies."""
    clock = Shifted(_to_the_morning(SystemClock().now()))
    reference, own = urls(KINDS[REFERENCE], base), urls(WECHAT, base)

    async def next_day() -> float:
        clock.ahead += timedelta(days=1)
        await switch(base, local_date(clock.now()).isoformat())
        return await sweep(app)

    await switch(base, local_date(clock.now()).isoformat())
    await bare(own)
    bares = [await best(lambda: bare(reference)), await best(lambda: bare(own))]
    async with daemon(base, WECHAT, clock) as app:
        # The days an account begins with, and the second reading of the first of them.
        await sweep(app, due=False)
        await next_day()
        found = {"day": await best(next_day, LOOKS), "list": await best(lambda: sweep(app), LOOKS)}
    return Measured(bares[0], bares[1], found)


def _to_the_morning(now: datetime) -> timedelta:
    """Return the way to ten in the morning of a day two weeks ago: yesterday is told by then, and no day to come is."""
    return start_of_day(local_date(now)) + timedelta(hours=10) - timedelta(days=14) - now


def peak_memory(what: str, base: str) -> float:
    """Return the peak memory, in MiB, of a process of its own that does one thing."""
    command = [sys.executable, "-m", "benchmarks.polls", what, base]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


async def _alone(what: str, base: str) -> None:
    if what == "bare":
        await bare(urls(KINDS[REFERENCE], base))
    else:
        async with daemon(base, KINDS[REFERENCE]) as app:
            if what == "daemon":
                await sweep(app, due=False)
                await sweep(app)


def _state(number: int, due_at: datetime) -> dict[str, Any]:
    return {"_id": f"a{number}", "account_id": f"a{number}", "due_at": due_at, "fence": 0, "lane": f"l{number % 20}", "lease": None}


async def choosing() -> dict[str, float]:
    """Return milliseconds to claim a thousand due accounts of a hundred thousand, beside bare reads and writes of as many."""
    with tempfile.TemporaryDirectory() as directory:
        async with Embedded(Path(directory) / "mongo", cache_gb=1.0) as mongod:
            async with App(settings(mongod.url, "http://127.0.0.1:9"), tables()) as app:
                now = app.clock.now()
                states: Any = app.store._db.states
                await states.insert_many([_state(n, now + timedelta(seconds=n - CHOSEN)) for n in range(STATES)], ordered=False)
                begun = time.perf_counter()
                ids = [doc["_id"] async for doc in states.find({"due_at": {"$lt": now}}, {"_id": 1}).limit(CHOSEN)]
                await states.update_many({"_id": {"$in": ids}}, {"$set": {"touched": 1}})
                bare_ms = (time.perf_counter() - begun) * 1000
                begun = time.perf_counter()
                claims = await app.store.claim_due("bench", now, timedelta(seconds=60), CHOSEN)
                took_ms = (time.perf_counter() - begun) * 1000
                assert len(claims) == CHOSEN, len(claims)
                return {"bare": bare_ms, "claim": took_ms}


if __name__ == "__main__":
    asyncio.run(_alone(sys.argv[1], sys.argv[2]))
    # Not getrusage: a child inherits its parent's peak there.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(int(status["VmHWM"].split()[0]) / 1024)
