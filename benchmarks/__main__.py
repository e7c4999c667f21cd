"""`make bench`: prints every figure as a ratio against a bare limit measured in the same run."""

from __future__ import annotations

import asyncio

from rich.console import Console
from rich.table import Table

from benchmarks import polls, schedule
from monitor.logs import configure
from monitor.settings import LogSettings

# Limits of DESIGN "Performance" over its bare fetch of 0.13 ms CPU; the target is twice the limit.
LIMITS = {
    ("json", "same"): ("unchanged poll (163 KB JSON)", 0.20 / 0.13),
    ("json", "touched"): ("poll, other bytes, nothing new", 0.44 / 0.13),
    ("json", "new"): ("poll with ten new posts stored", 0.82 / 0.13),
    ("rss", "same"): ("unchanged RSS poll (30 KB)", 0.60 / 0.13),
    ("rss", "touched"): ("RSS poll, other bytes, nothing new", 0.60 / 0.13),
    ("rss", "new"): ("RSS poll with ten new items stored", 1.90 / 0.13),
}


def main() -> None:
    configure(LogSettings(level="error"))
    table = Table(title="CPU per poll against a bare aiohttp fetch of 163 KB, same server, same run", title_justify="left")
    for name in ("what", "ms CPU", "ratio", "target"):
        table.add_column(name, justify="left" if name == "what" else "right")
    # One kind after the other, each in a loop of its own: the bare loop runs before and after, under the same collector.
    with polls.server() as base:
        measured = {kind: asyncio.run(polls.cpu(base, kind)) for kind in ("json", "rss")}
        memory = {what: polls.peak_memory(what, base) for what in ("bare", "idle", "daemon")}
    bare = measured["json"]["bare"]
    table.add_row("bare fetch, 163 KB JSON", f"{bare:.3f}", "1.00", "")
    table.add_row("bare fetch, 30 KB RSS", f"{measured['rss']['bare']:.3f}", f"{measured['rss']['bare'] / bare:.2f}", "")
    for (kind, case), (what, limit) in LIMITS.items():
        ms = measured[kind][case]
        table.add_row(what, f"{ms:.3f}", f"{ms / bare:.2f}", f"≤ {2 * limit:.1f}")
    console = Console(width=110)
    console.print(table)
    working = memory["daemon"] - memory["idle"]
    console.print(
        f"peak memory at {polls.IN_FLIGHT} in flight, MiB: bare loop {memory['bare']:.0f}, daemon {memory['daemon']:.0f}"
        f" ({memory['daemon'] / memory['bare']:.2f}); of it for polling {working:.0f}"
    )
    chosen = asyncio.run(polls.choosing())
    console.print(
        f"claiming {polls.CHOSEN} due of {polls.STATES}: {chosen['claim']:.0f} ms,"
        f" {chosen['claim'] / chosen['bare']:.1f} times a bare find and update of as many ({chosen['bare']:.0f} ms)"
    )
    console.print("the adaptive schedule, simulated:")
    schedule.main()


if __name__ == "__main__":
    main()
