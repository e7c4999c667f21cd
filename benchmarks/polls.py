"""CPU per poll, memory and choosing, as ratios against a bare aiohttp loop on the same server in the same run."""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from daemon import tables
from monitor.app import App, settle_memory
from monitor.embedded import Embedded
from monitor.model import Account, Channel, Platform
from monitor.settings import Settings

ACCOUNTS = 1_000
IN_FLIGHT = 64
REPEATS = 3
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


def sec_uid(number: int) -> str:
    return f"MS4wLjABAAAA{number:043d}"


def json_urls(base: str) -> list[str]:
    return [f"{base}/api/douyin/web/fetch_user_post_videos?sec_user_id={sec_uid(n)}&max_cursor=0&count=20" for n in range(ACCOUNTS)]


def rss_urls(base: str) -> list[str]:
    return [f"{base}/rss/feed{n}" for n in range(ACCOUNTS)]


async def bare(urls: list[str]) -> float:
    """Fetch every URL with a bare keep-alive session, so many in flight; return CPU seconds per fetch."""
    queue = list(urls)

    async def worker(session: aiohttp.ClientSession) -> None:
        while queue:
            async with session.get(queue.pop()) as response:
                await response.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:
        begun = time.process_time()
        await asyncio.gather(*(worker(session) for _ in range(IN_FLIGHT)))
        return (time.process_time() - begun) / len(urls)


def account(number: int, base: str, kind: str) -> Account:
    if kind == "json":
        channel, platform = Channel(adapter="douyin.gateway", handle=sec_uid(number)), Platform.DOUYIN
    else:
        channel, platform = Channel(adapter="feed", handle=f"{base}/rss/feed{number}"), Platform.WECHAT
    return Account(id=f"{kind}{number}", platform=platform, name=f"账号{number}", channels=(channel,))


def settings(url: str, base: str) -> Settings:
    wide = {"spacing_seconds": 0, "in_flight": IN_FLIGHT, "min_interval_minutes": 600, "max_interval_minutes": 700}
    return Settings(
        mongo={"url": url, "database": "bench"},
        web={"enabled": False},
        poll={"in_flight": IN_FLIGHT, "idle_seconds": 0.02},
        judge={"tick_seconds": 3600},
        notify={"interval_seconds": 3600},
        log={"level": "error"},
        channels={"douyin.gateway": {**wide, "base_url": base}, "feed": {**wide, "delay_hours": 0}},
    )


@contextlib.asynccontextmanager
async def daemon(base: str, kind: str) -> AsyncIterator[App]:
    """Run the real daemon with a thousand accounts of one kind."""
    with tempfile.TemporaryDirectory() as directory:
        async with Embedded(Path(directory) / "mongo", cache_gb=1.0) as mongod:
            async with App(settings(mongod.url, base), tables(), rng=random.Random(1)) as app:
                accounts = [account(n, base, kind) for n in range(ACCOUNTS)]
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
    return (time.process_time() - begun) / ACCOUNTS


async def switch(base: str, mode: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{base}/mode/{mode}") as response:
        await response.read()


async def cpu(base: str, kind: str) -> dict[str, float]:
    """Return CPU milliseconds per poll for each case, and of the bare loop; the best of some repeats, since noise only adds."""
    urls = json_urls(base) if kind == "json" else rss_urls(base)
    await switch(base, "same")
    await bare(urls)
    measured = {"bare": min([await bare(urls) for _ in range(REPEATS)])}
    async with daemon(base, kind) as app:
        measured["first"] = await sweep(app, due=False)
        measured["same"] = min([await sweep(app) for _ in range(REPEATS)])
        await switch(base, "touched")
        measured["touched"] = min([await sweep(app) for _ in range(REPEATS)])
        await switch(base, "new")
        measured["new"] = min([await sweep(app) for _ in range(REPEATS)])
    await switch(base, "same")
    measured["bare"] = min(measured["bare"], *[await bare(urls) for _ in range(REPEATS)])
    return {name: seconds * 1000 for name, seconds in measured.items()}


def peak_memory(what: str, base: str) -> float:
    """Return the peak memory, in MiB, of a process of its own that does one thing."""
    command = [sys.executable, "-m", "benchmarks.polls", what, base]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


async def _alone(what: str, base: str) -> None:
    if what == "bare":
        await bare(json_urls(base))
    else:
        async with daemon(base, "json") as app:
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
