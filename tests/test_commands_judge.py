"""What `judge` and `status` print: an accusation that waits at the gate names nobody; a suspicious share is said in every format."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from clocks import NOON
from daemons import SetClock, quick_settings
from makers import DAY, account, post, snapshot
from makers import poll as polled
from storing import claim_one, write

from daemon import tables
from monitor.app import App
from monitor.cli import commands
from monitor.model import SHANGHAI

SETTLED = NOON + timedelta(minutes=1)


@pytest.fixture
async def app(mongod: str, database: str) -> AsyncIterator[App]:
    async with App(quick_settings(mongod, database, guards={"settle_seconds": 30.0}), tables(), SetClock(NOON)) as made:
        await city(made)
        yield made


async def city(app: App) -> None:
    """Enrol forty accounts, seen whole; four of them silent for 20 days, which is a wave, the rest posted yesterday."""
    accounts = [account(f"n{number:02d}") for number in range(40)]
    await app.store.put_accounts(accounts, {}, NOON)
    for number, each in enumerate(accounts):
        days = 20 if number < 4 else 1
        seen = snapshot(post(1, NOON - days * DAY, each.id), since=NOON - (days + 1) * DAY)
        await app.store.commit([write(await claim_one(app.store, each.id), polled(seen, account_id=each.id))])


async def printed(
    app: App, capsys: pytest.CaptureFixture[str], day: date | None = None, profile: str | None = None
) -> tuple[Counter[str], set[str], str]:
    """Return what `judge` says as JSON: verdicts, what it says of those not 合格, and the words on stderr."""
    capsys.readouterr()
    await commands.judge(app, day, profile, "json", everyone=False)
    told = capsys.readouterr()
    rows = json.loads(told.out)
    return Counter(row["判定"] for row in rows), {row["问题"] + row["原因"] for row in rows if row["判定"] != "合格"}, told.err


async def test_without_any_alert_the_verdict_stays_as_judged_and_the_share_is_warned_of(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    verdicts, _, warned = await printed(app, capsys)

    assert verdicts == {"不合格": 4, "合格": 36}
    assert "4/40 个账号不合格" in warned


async def test_what_is_pending_or_held_is_undetermined_until_it_is_released(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    await app.judge.tick(NOON)
    pending, because, _ = await printed(app, capsys)
    await app.judge.tick(SETTLED)
    held, held_because, warned = await printed(app, capsys)
    await commands.status(app)
    status = capsys.readouterr().out
    await app.judge.release(None, SETTLED, "李四")
    released, _, _ = await printed(app, capsys)

    assert pending == held == {"无法判定": 4, "合格": 36}
    assert because == {"无法判定待本轮采集结束后核对"} and held_because == {"无法判定同批异常账号过多，暂扣待人工核实"}
    assert warned == "" and "不合格 0" in status and "无法判定 4" in status
    assert released == {"不合格": 4, "合格": 36}


@pytest.mark.parametrize(("day", "profile"), [(NOON.astimezone(SHANGHAI).date(), None), (None, "ankang-2020")], ids=["a day", "a profile"])
async def test_another_day_or_profile_is_judged_without_regard_to_the_gate(
    day: date | None, profile: str | None, app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    await app.judge.tick(NOON)
    await app.judge.tick(SETTLED)

    verdicts, _, warned = await printed(app, capsys, day, profile)

    assert verdicts["不合格"] == 4
    assert "超过集中异常线" in warned
