"""What `report` does: the digest, the meter or the leader's page, on the terminal or into a file. Opens no alert, tells nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from monitor.app import App
from monitor.cli import task_status
from monitor.cli.commands import as_heard
from monitor.errors import BadInput
from monitor.history import Judgement
from monitor.model import local_date
from monitor.reports.burden import Month
from monitor.reports.cases import Row
from monitor.reports.reporting import KINDS, Report, Reporting, ReportKind
from monitor.tasks import TaskSheet

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_WRITERS: dict[str, Callable[[Report], str]] = {".html": lambda made: made.html, ".txt": lambda made: made.text}


class AtRest:
    """The roster as a command sees it beside the daemon: judged from what is stored, without a tick."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def profile_title(self) -> str:
        return self._app.profile_title

    @property
    def soon_within(self) -> str:
        return self._app.soon_within

    @property
    def channel_titles(self) -> Mapping[str, str]:
        return self._app.channel_titles

    async def rows(self) -> list[Row]:
        judgement = await self._app.standings_at(self._app.clock.now())
        return await as_heard(self._app, judgement.standings)

    async def sheets(self) -> Sequence[TaskSheet]:
        return await task_status.live_sheets(self._app)

    async def standings_at(self, moment: datetime) -> Judgement:
        return await self._app.standings_at(moment)


def read_wish(kind: str, to: Path | None, month: str | None) -> tuple[ReportKind, Month | None]:
    """Check what was asked for before anything is opened. Raises `BadInput` with every problem."""
    problems = [*_kind_problems(kind), *(_file_problems(to) if to else [])]
    read = _MONTH.fullmatch(month or "")
    if month and (read is None or not 1 <= int(read[2]) <= 12 or int(read[1]) < 2000):
        problems.append(f"--month：{month} 不是月份，应如 2026-10")
    elif month and kind != "month":
        problems.append("--month：只用于 report month")
    if problems:
        raise BadInput(problems)
    chosen = next(each for each in KINDS if each == kind)
    return chosen, Month(int(read[1]), int(read[2])) if read else None


def _kind_problems(kind: str) -> list[str]:
    return [] if kind in KINDS else [f"没有报告 {kind}；可用：{'、'.join(KINDS)}"]


def _file_problems(to: Path) -> list[str]:
    if to.suffix.lower() not in _WRITERS:
        return [f"--to：{to} 的后缀应为 {' 或 '.join(_WRITERS)}"]
    try:
        if not to.parent.is_dir():
            return [f"--to：目录 {to.parent} 不存在"]
        return [f"--to：{to} 是目录"] if to.is_dir() else []
    except OSError as error:
        return [_unwritable(to, error)]


def _unwritable(to: Path, error: OSError) -> str:
    return f"--to：无法写入 {to}（{error.strerror or type(error).__name__}）"


async def show(app: App, kind: ReportKind, to: Path | None, month: Month | None, say: Callable[[str], None]) -> int:
    """Print the report, or write it where it is asked for. Raises `BadInput` for a month that is not over or a file it cannot write."""
    now = app.clock.now()
    if month is not None and month.first > local_date(now):
        raise BadInput([f"--month：{month} 还没有到"])
    made = await Reporting(app.store, AtRest(app), app.settings).report(kind, now, month)
    if to is None:
        say(made.text)
        return 0
    _write(to, _WRITERS[to.suffix.lower()](made))
    say(f"已写入 {to}")
    return 0


def _write(to: Path, content: str) -> None:
    try:
        to.write_text(content, encoding="utf-8")
    except OSError as error:
        raise BadInput([_unwritable(to, error)]) from error
