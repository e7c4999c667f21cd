"""What `status` shows of the channels: last good look, fullest window, open breakers, dead and ending credentials."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from clocks import NOON, FrozenClock
from daemons import quick_settings
from makers import HOUR, fault
from rich.console import Console

from daemon import tables
from monitor.access.budgets import Usage
from monitor.access.pauses import Breaker, Rest
from monitor.app import App
from monitor.cli import commands
from monitor.cli.status import channel_table
from monitor.model import Channel, ChannelState, Outcome
from monitor.ports import Grant, Quota

BOOK = '{"city": {"access_token": "never-shown", "expires_at": "2026-03-06 12:00"}, "app": {"refresh_token": "never-shown"}}'
WEIBO = Channel(adapter="weibo.openapi", handle="6100000001", options={"credential": "city"})


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def cells(table: Any) -> list[list[str]]:
    return [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]


def test_a_channel_s_line_adds_up_its_credentials_and_shows_its_fullest_window() -> None:
    good, dead = NOON - HOUR, fault("auth_error")
    states = [
        ChannelState(adapter="weibo.openapi", credential="a", last_good_at=good, accounts=3),
        ChannelState(adapter="weibo.openapi", credential="b", failing_since=NOON, last_error=dead, accounts=1),
        ChannelState(adapter="feed", last_good_at=good, accounts=5),
    ]
    usage = [Usage("weibo.openapi a", 86400.0, 40, 100), Usage("weibo.openapi b", 86400.0, 90, 100), Usage("weibo.openapi2 x", 1.0, 9, 9)]
    rests = [Rest("feed bridge.example", NOON + HOUR, fault("rate_limited"), 1)]

    rows = cells(channel_table(states, usage, rests))

    assert rows == [
        ["feed", "5", "0", "0", "1", "2026-03-04 11:00", "—"],
        ["weibo.openapi", "4", "2", "1", "0", "2026-03-04 11:00", "90/100（24 小时）"],
    ]


async def test_the_command_shows_what_the_daemon_wrote_down(
    mongod: str, database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "out", Console(width=180, highlight=False))
    settings, clock = quick_settings(mongod, database, credentials=BOOK), FrozenClock(NOON)
    async with App(settings, tables(), clock, random.Random(1)) as daemon:
        for _ in range(2):
            daemon.budgets.take("weibo.openapi city", [Quota("weibo.openapi city", 2, 86_400.0)])
        refused = Outcome(channel=WEIBO, fault=fault("rate_limited"))
        daemon.pauses.record(refused, "weibo.openapi city", NOON, "a", Breaker(rests=(1800.0,)))
        await daemon.credentials.keep(
            "app", "douyin.access", Grant("never-shown", NOON, NOON + timedelta(days=2), "x", NOON + timedelta(days=30))
        )
    async with App(settings, tables(), clock, random.Random(2), join=True) as command:
        await commands.status(command)

    shown = printed(capsys)
    assert "熔断 weibo.openapi city：被限流，2026-03-04 12:30 后再试" in shown
    assert "预算 weibo.openapi city：2/2，已用完" in shown
    assert "凭据 city：访问令牌即将到期（2026-03-06 12:00）" in shown
    assert "never-shown" not in shown


async def test_hundreds_of_dead_credentials_are_one_line_of_the_table_and_some_lines_below_it(
    mongod: str, database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "out", Console(width=180, highlight=False))
    book = {f"c{n}": {"access_token": f"never-shown-{n}", "expires_at": "2026-03-05 12:00"} for n in range(450)}
    settings, clock = quick_settings(mongod, database, credentials=json.dumps(book)), FrozenClock(NOON)
    async with App(settings, tables(), clock, random.Random(1)) as app:
        for name in book:
            channel = Channel(adapter="weibo.openapi", handle="1", options={"credential": name})
            app.pauses.record(Outcome(channel=channel, fault=fault("auth_error")), f"weibo.openapi {name}", NOON, name)
            app.pauses.record(Outcome(channel=channel, fault=fault("rate_limited")), f"weibo.openapi {name}", NOON, name)
        await app.store.put_channels(app.pauses.changed())

        await commands.status(app)

    shown = printed(capsys).splitlines()
    assert len(shown) < 90
    row = next(line for line in shown if line.startswith("│ weibo.openapi"))
    assert [cell.strip() for cell in row.split("│")[3:6]] == ["450", "450", "450"]
    assert sum("（另有 430 条）" in line for line in shown) == 3
    assert not any("never-shown" in line for line in shown)
