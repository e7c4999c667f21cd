"""How far the demo has come: a bar on a terminal, a line every two seconds elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from monitor.ports import Clock

PLAIN_WIDTH = 150
"""Columns of the tables where the output is no terminal."""
LINE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class State:
    """How far the daemon has come; two that are equal mean that nothing happened between.

    `doubtful` are the posts that seem to be reposts and were not opened yet, `confirmed` those whose pages showed that they are, `alerts`
    those that live.
    """

    accounts: int
    looked_at: int
    waiting: int
    mails: int
    doubtful: int = 0
    confirmed: int = 0
    alerts: int = 0

    @property
    def all_seen(self) -> bool:
        return 0 < self.accounts <= self.looked_at


Show = Callable[[State], None]


def make_console() -> Console:
    """Return a console that is wide enough for the tables where no terminal sets the width."""
    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH)


@contextmanager
def progress(console: Console, clock: Clock) -> Iterator[Show]:
    """Yield what shows a state."""
    if not console.is_terminal:
        yield _lines(console, clock)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[rest]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("采集账号", total=None, rest="")

        def show(state: State) -> None:
            bar.update(task, total=state.accounts, completed=state.looked_at, rest=_rest(state))

        yield show


def _lines(console: Console, clock: Clock) -> Show:
    shown_at = float("-inf")

    def show(state: State) -> None:
        nonlocal shown_at
        if clock.elapsed() - shown_at >= LINE_SECONDS:
            shown_at = clock.elapsed()
            console.print(f"采集账号 {state.looked_at}/{state.accounts}  {_rest(state)}", markup=False, highlight=False)

    return show


def _rest(state: State) -> str:
    doubtful = f"  疑似转载待核实 {state.doubtful}" if state.doubtful else ""
    return f"待核对 {state.waiting}  邮件 {state.mails}{doubtful}"
