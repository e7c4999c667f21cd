"""The metrics page of a large roster: its size, what rendering and answering cost, and how long the event loop waits meanwhile.

`python -m benchmarks.metrics 10000` prints one JSON object, `… 100000 counted` that of a page without single accounts; each roster gets a
process of its own, as memory is measured.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

from aiohttp import web

from monitor.app import settle_memory
from monitor.freshness import Duty
from monitor.metrics.registry import Metrics, Rollup
from monitor.model import Account, Article, GoodLook, Platform, PostMark, RepostStanding, RepostVerdict, Standing, Verdict
from monitor.web import Desk, build

T = TypeVar("T")

COUNTED = "counted"
ROSTERS = (("450",), ("10000",), ("100000",), ("100000", COUNTED))
NOW = datetime(2026, 3, 3, 4, tzinfo=UTC)
PLATFORMS = (Platform.WECHAT, Platform.WEIBO, Platform.DOUYIN, Platform.TOUTIAO)
ACCOUNTS_PER_REGION = 100
ARTICLES = 10
MISSING_SHARE = 0.05
RUNS = 5
TICK_SECONDS = 0.001
MIB = 1 << 20
ASK = "import sys, time, urllib.request as r\nt = time.perf_counter()\nr.urlopen(sys.argv[1]).read()\nprint(time.perf_counter() - t)"


@dataclass(slots=True)
class Page:
    """What one page costs, in seconds. It is rendered in a thread; a delay is the longest that the loop was not let run meanwhile.

    Each figure is the least of a few runs: what we do stops the loop in each of them, what else the machine does only adds to some.
    """

    accounts: int
    bytes: int
    render: float
    answer: float
    delay_rendering: float
    delay_answering: float
    peak_mib: float


def rollup_of(accounts: int) -> Rollup:
    """Return a believable picture: Chinese names, a third of the accounts idle for long, one in twenty missing each article."""
    rng = random.Random(1)
    standings = [_judged(number, rng) for number in range(accounts)]
    articles = [
        Article(id=f"task-{number}", title=f"第{number}号重要信息转载任务", published_at=NOW - timedelta(days=2), due_at=NOW)
        for number in range(ARTICLES)
    ]
    reposts = [
        RepostStanding(
            article_id=article.id,
            account_id=account.id,
            verdict=RepostVerdict.MISSING if rng.random() < MISSING_SHARE else RepostVerdict.DONE,
        )
        for article in articles
        for account, _ in standings
        if account.platform.carries_text
    ]
    duties = dict.fromkeys(PLATFORMS, Duty(accounts // len(PLATFORMS), accounts // 200))
    return Rollup(taken_at=NOW, standings=standings, articles=articles, reposts=reposts, duties=duties)


def _judged(number: int, rng: random.Random) -> tuple[Account, Standing]:
    region = f"第{number // ACCOUNTS_PER_REGION}县"
    platform = PLATFORMS[number % len(PLATFORMS)]
    code, name = f"61{number:06}MB{number % 9973:04}WX01", f"{region}发布{number}"
    account = Account(id=code, platform=platform, name=name, region=region, unit=f"{region}人民政府")
    idle = rng.randrange(21)
    published = NOW - timedelta(days=idle, seconds=rng.randrange(86_400))
    looked = NOW - timedelta(seconds=rng.randrange(7_200))
    return account, Standing(
        account_id=account.id,
        verdict=Verdict.FAILED if idle >= 14 else Verdict.QUALIFIED,
        idle_days=idle,
        days_left=max(0, 14 - idle),
        last_post=PostMark(id=f"{platform}:{account.id}:1", published_at=published),
        last_good=GoodLook(channel="feed", at=looked, covers_until=looked),
    )


async def page_of(accounts: int, per_account: bool = True) -> Page:
    rollup, metrics = rollup_of(accounts), Metrics(per_account=per_account)
    settle_memory()
    await _longest_delay(asyncio.to_thread(sum, range(1000)))
    before = _forget_peak()
    times, delays = [], []
    for _ in range(RUNS):
        begun = time.perf_counter()
        _, delay = await _longest_delay(asyncio.to_thread(metrics.publish, rollup))
        times.append(time.perf_counter() - begun)
        delays.append(delay)
    answers, waits = await _answers(metrics)
    peak = (_memory("VmHWM") - before) / MIB
    return Page(accounts, len(metrics.render()[0]), min(times), min(answers), min(delays), min(waits), peak)


async def _answers(metrics: Metrics) -> tuple[list[float], list[float]]:
    runner = web.AppRunner(build(cast(Desk, None), metrics.render), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/metrics"
    asked = [await _longest_delay(_ask(url)) for _ in range(RUNS)]
    await runner.cleanup()
    return [seconds for seconds, _ in asked], [delay for _, delay in asked]


async def _ask(url: str) -> float:
    """Ask as Prometheus does, from another process; return how long the whole answer took."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ASK, url, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    return float(output)


async def _longest_delay(work: Awaitable[T]) -> tuple[T, float]:
    """Do the work; return what came of it, and how much later than asked the loop came round at worst."""
    stop, longest = asyncio.Event(), 0.0

    async def tick() -> None:
        nonlocal longest
        while not stop.is_set():
            begun = time.perf_counter()
            await asyncio.sleep(TICK_SECONDS)
            longest = max(longest, time.perf_counter() - begun - TICK_SECONDS)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    result = await work
    stop.set()
    await ticking
    return result, longest


def _forget_peak() -> int:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(what: str) -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(what))


def pages() -> Iterator[dict[str, Any]]:
    for roster in ROSTERS:
        done = subprocess.run([sys.executable, "-m", "benchmarks.metrics", *roster], stdout=subprocess.PIPE, check=True)
        yield {**json.loads(done.stdout), "counted": COUNTED in roster}


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(page_of(int(sys.argv[1]), COUNTED not in sys.argv)))))
