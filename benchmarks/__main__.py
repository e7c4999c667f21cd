"""`make bench`: prints every figure as a ratio against a bare limit measured in the same run.

`python -m benchmarks douyin.v4 rss` measures some kinds only, `python -m benchmarks reading` what reading alone costs.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import metrics, notices, peers, polls, reading, reposts, schedule, telling
from benchmarks.kinds import IN_FLIGHT, KINDS, WECHAT, Kind
from benchmarks.labelled import score
from benchmarks.made_posts import make
from monitor.logs import configure
from monitor.settings import LogSettings

WECHAT_NAME = "wechat.openapi"
NAMES = (*KINDS, WECHAT_NAME, "reading", "reposts", "memory", "choosing", "metrics", "telling", "schedule")
REPOSTS = (400, 3_000)
"""Key articles and posts of the made set: enough for the figures to stand still, little enough for the slowest peer."""
WINDOW_DAYS = 14.0
console = Console(width=120)


def main(wanted: Collection[str]) -> None:
    configure(LogSettings(level="error"))
    if {*KINDS, WECHAT_NAME, "memory"} & set(wanted):
        with polls.server() as base:
            _cpu(base, wanted)
            if "memory" in wanted:
                _memory(base)
    if "reading" in wanted:
        _reading()
    if "reposts" in wanted:
        _reposts()
    if "choosing" in wanted:
        _choosing()
    if "metrics" in wanted:
        _metrics()
    if "telling" in wanted:
        _telling()
    if "schedule" in wanted:
        console.print("the adaptive schedule, simulated:")
        schedule.main()


def _cpu(base: str, wanted: Collection[str]) -> None:
    """Measure one kind after the other, each in a loop of its own: the bare loops run before and after, under the same collector."""
    table = Table(title="CPU of a look, beside bare aiohttp fetches in the same run", title_justify="left")
    for name in ("what", "ms CPU", "of its own bodies", "of 163 KB JSON", "target"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for name, kind in KINDS.items():
        if name in wanted:
            _add(table, kind, asyncio.run(polls.cpu(base, kind)))
    if "rss" in wanted:
        table.add_row("  bare conditional fetch, 304", f"{asyncio.run(polls.bare_304(base)):.3f}", "", "", "")
    if WECHAT_NAME in wanted:
        _add(table, WECHAT, asyncio.run(polls.cpu_of_days(base)))
    if table.rows:
        console.print(table)


def _add(table: Table, kind: Kind, measured: polls.Measured) -> None:
    own, reference = measured.own, measured.reference
    table.add_row(f"[bold]{kind.title}[/]: bare fetch", f"{own:.3f}", "1.00", f"{own / reference:.2f}", "")
    for case in kind.cases:
        ms = measured.cases[case.mode]
        target = f"≤ {case.target:.1f}" if case.target else ""
        table.add_row(f"  {case.title}", f"{ms:.3f}", f"{ms / own:.2f}", f"{ms / reference:.2f}", target)


def _memory(base: str) -> None:
    memory = {what: polls.peak_memory(what, base) for what in ("bare", "idle", "daemon")}
    console.print(
        f"peak memory at {IN_FLIGHT} in flight, MiB: bare loop {memory['bare']:.0f}, daemon {memory['daemon']:.0f}"
        f" ({memory['daemon'] / memory['bare']:.2f}); of it for polling {memory['daemon'] - memory['idle']:.0f}"
    )


def _reading() -> None:
    table = Table(title="reading alone", title_justify="left")
    for name in ("what", "KB", "µs CPU", "µs per KB"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for what, body, read in reading.readings():
        spent = reading.microseconds(read)
        table.add_row(what, f"{len(body) / 1000:.0f}", f"{spent:.0f}", f"{spent / len(body) * 1000:.1f}")
    console.print(table)


def _reposts() -> None:
    """Measure the matcher on a made set without and with a window, and beside each peer on the same posts."""
    made = make(*REPOSTS)
    table = Table(title=f"which of {REPOSTS[0]} articles a post carries, {REPOSTS[1]} made posts", title_justify="left")
    for name in ("what", "posts", "µs CPU a post", "times ours", "F1", "ours on the same posts"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for window in (None, WINDOW_DAYS):
        run = reposts.measure(made.articles, made.posts, window)
        told = reposts.report(run, score(made.posts, run.said))
        title = f"[bold]ours, {f'{window:.0f} days' if window else 'no window'}[/]"
        table.add_row(title, f"{told['posts']}", f"{told['microseconds_per_post']:.0f}", "1.00", f"{told['f1']:.3f}", "")
    for peer in peers.verdicts(made.articles, made.posts, WINDOW_DAYS):
        table.add_row(*_beside(reposts.beside(run, made.posts, peer)))
    console.print(table)


def _beside(told: dict[str, Any]) -> tuple[str, ...]:
    if "missing" in told:
        return f"  {told['name']}: {told['missing']}", "", "", "", "", ""
    figures = f"{told['posts']}", f"{told['microseconds_per_post']:.0f}", f"{told['times_ours']:.2f}", f"{told['f1']:.3f}"
    return f"  {told['name']}", *figures, f"{told['our_f1']:.3f}"


def _choosing() -> None:
    chosen = asyncio.run(polls.choosing())
    console.print(
        f"claiming {polls.CHOSEN} due of {polls.STATES}: {chosen['claim']:.0f} ms,"
        f" {chosen['claim'] / chosen['bare']:.1f} times a bare find and update of as many ({chosen['bare']:.0f} ms)"
    )


def _telling() -> None:
    chosen, digest = notices.choosing(), telling.digest_of_500()
    console.print(
        f"whom to tell among {notices.ALERTS} open alerts: {chosen['decide']:.0f} ms for {chosen['notices']:.0f} notices,"
        f" {chosen['decide'] / chosen['walk']:.0f} times a bare walk over them and their people (target ≤ 1,000 ms)"
    )
    chose, rendered, size = digest
    console.print(
        f"a digest of 500 failing accounts: {chose:.0f} ms to choose, {rendered:.0f} ms to render (target ≤ 300 ms), {size:.0f} KiB"
    )


def _metrics() -> None:
    table = Table(title="the metrics page, and how long the event loop waits meanwhile", title_justify="left")
    for name in ("accounts", "MB", "render, ms", "loop waits, ms", "answer, ms", "loop waits, ms", "peak, MiB"):
        table.add_column(name, justify="right")
    for page in metrics.pages():
        times = (page[name] * 1000 for name in ("render", "delay_rendering", "answer", "delay_answering"))
        figures = (page["bytes"] / 1e6, *times, page["peak_mib"])
        table.add_row(f"{page['accounts']:,}{', counted only' if page['counted'] else ''}", *(f"{figure:.1f}" for figure in figures))
    console.print(table)


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(NAMES)
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    main(sys.argv[1:] or NAMES)
