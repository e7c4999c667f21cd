"""People answer alerts from the command line: acknowledged, silenced, requests dealt with; and ask why a letter went or waits."""

from __future__ import annotations

import io
import json
import random
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from clocks import NOON
from daemons import SetClock, quick_settings
from makers import account
from rich.console import Console
from typer.testing import CliRunner

import daemon
from monitor import life
from monitor.app import App
from monitor.cli.answering import acknowledge, dismiss, retry_address, silence, unsilence
from monitor.cli.notice_listing import show_alerts, show_trail
from monitor.errors import BadInput
from monitor.model import Contact, Finding, Firing, Role, Severity
from monitor.telling import mailboxes, marks
from monitor.telling.mailboxes import Mailbox
from monitor.telling.records import Ask, Request
from monitor.telling.trail import Act
from monitor.writes import AlertChange

OPERATOR = Contact(email="xxy@example.invalid")
CODE = "610922M001XL0001"


@pytest.fixture
async def app(mongod: str, database: str) -> AsyncIterator[App]:
    """One account with one open warning, in the daemon's own parts."""
    async with App(quick_settings(mongod, database), daemon.tables(), SetClock(NOON), random.Random(1)) as app:
        who = account("a", code=CODE, name="石泉统计", unit="县统计局", contacts=(OPERATOR,))
        await app.store.put_accounts([who], {}, NOON)
        warning = Finding(
            rule="idle",
            status=Firing.FIRING,
            subject="a",
            account_id="a",
            severity=Severity.WARNING,
            rung=2,
            label="预警",
            tells=(Role.OPERATOR,),
        )
        await app.store.put_alerts([AlertChange(None, each) for each in life.settle({}, [warning], NOON)])
        yield app


def paper() -> Console:
    return Console(file=io.StringIO(), width=200, highlight=False)


def read(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


async def acts(app: App) -> dict[Act, tuple[str, str]]:
    return {entry.act: (entry.by, entry.reason) for entry in await app.store.correspondence.trail("a")}


async def test_an_acknowledgement_is_kept_with_name_and_reason(app: App) -> None:
    out = paper()

    code = await acknowledge(app, CODE, "张三", "已电话联系", out)

    [alert] = await app.store.alerts()
    assert code == 0
    assert "1 个问题" in read(out)
    assert alert.acknowledged is not None
    assert (alert.acknowledged.by, alert.acknowledged.rung, alert.acknowledged.reason) == ("张三", 2, "已电话联系")
    assert (await acts(app))[Act.ACKNOWLEDGED] == ("张三", "已电话联系")


async def test_a_silence_holds_letters_and_its_end_lets_them_go(app: App) -> None:
    await silence(app, CODE, date(2026, 3, 10), "系统迁移", "张三", paper())
    held = paper()
    await show_alerts(app, False, "table", held)
    await unsilence(app, CODE, "李四", paper())
    free = paper()
    await show_alerts(app, False, "table", free)

    assert "已静默" in read(held)
    assert "2026-03-10 23:59" in read(held)
    assert "已静默" not in read(free)
    assert {Act.SILENCED, Act.UNSILENCED} <= set(await acts(app))


@pytest.mark.parametrize(
    ("until", "reason", "by", "problem"),
    [
        (date(2026, 3, 10), " ", "张三", "--reason"),
        (date(2026, 3, 3), "系统迁移", "张三", "--until"),
        (date(2027, 3, 3), "系统迁移", "张三", "--until"),
        (date(2026, 3, 10), "系统迁移", " ", "--by"),
    ],
)
async def test_a_silence_without_reason_end_or_name_is_refused(app: App, until: date, reason: str, by: str, problem: str) -> None:
    with pytest.raises(BadInput) as refused:
        await silence(app, CODE, until, reason, by, paper())

    assert any(problem in line for line in refused.value.problems)
    assert await app.store.correspondence.silences(NOON) == {}


async def test_a_request_that_was_dealt_with_is_listed_no_more(app: App) -> None:
    await app.store.correspondence.put_request(Request("a", Ask.CLOSURE, OPERATOR.email, NOON))
    done, again = paper(), paper()

    await dismiss(app, CODE, "关停", "同意，月底注销", "张三", done)
    await dismiss(app, CODE, "关停", "", "张三", again)

    assert await app.store.correspondence.requests() == []
    assert "办结" in read(done)
    assert "没有待办" in read(again)
    assert (await acts(app))[Act.CLOSURE] == ("张三", "已办：同意，月底注销")


async def test_a_marked_address_is_given_another_chance(app: App) -> None:
    marked = mailboxes.turned_away(Mailbox(OPERATOR.email), "550 unknown", NOON)
    await app.store.correspondence.put_mailbox(marked)
    before, after = paper(), paper()

    await show_alerts(app, False, "table", before)
    await retry_address(app, "XXY@example.invalid", paper())
    await show_alerts(app, False, "table", after)

    assert "退信" in read(before)
    assert "新情况，发送" in read(after)


@pytest.mark.parametrize("job", [acknowledge])
async def test_an_unknown_account_is_named(app: App, job: object) -> None:
    with pytest.raises(BadInput, match="名册中没有"):
        await acknowledge(app, "999", "张三", "", paper())


async def test_the_listing_says_who_was_told_when_and_why_nothing_more_is_sent(app: App) -> None:
    [alert] = await app.store.alerts()
    await app.store.put_told([marks.told(alert, OPERATOR.email, NOON - timedelta(hours=1))])
    out = paper()

    await show_alerts(app, False, "json", out)

    [line] = json.loads(read(out))
    assert (line["code"], line["role"], line["address"]) == (CODE, "信息员", OPERATOR.email)
    assert (line["told"], line["why"]) == ("2026-03-04 11:00", "已告知，随信附上")


async def test_what_nobody_will_be_told_of_stands_first_and_no_cell_is_a_formula(app: App) -> None:
    orphan = account("b", code="=1+1", name="[red]无人\u202e@SUM(A1)", contacts=())
    await app.store.put_accounts([*await app.store.accounts(), orphan], {}, NOON)
    found = (await app.store.alerts())[0].finding.model_copy(update={"subject": "b", "account_id": "b"})
    await app.store.put_alerts([AlertChange(None, each) for each in life.settle({}, [found], NOON)])
    table, sheet, narrow = paper(), paper(), Console(file=io.StringIO(), width=60, highlight=False)

    await show_alerts(app, False, "csv", sheet)
    await show_alerts(app, False, "table", table)
    await show_alerts(app, False, "table", narrow)

    first = read(sheet).splitlines()[1]
    assert "无人可告知" in first
    assert ",=1+1" not in first
    assert "无人可告知" in read(table) and "[red]" in read(table) and "\u202e" not in read(table)
    assert max(map(len, read(narrow).splitlines())) <= 60


async def test_the_log_of_an_account_reads_newest_first(app: App) -> None:
    await acknowledge(app, CODE, "张三", "已电话联系", paper())
    out = paper()

    [account] = await app.store.accounts()
    await show_trail(app, account, 30, out)

    text = read(out)
    assert "确认收到" in text and "发现" in text and "石泉统计" in text


@pytest.mark.parametrize("command", ["acknowledge", "silence", "unsilence", "dismiss", "retry-address"])
def test_each_command_says_what_it_is_for_and_gives_an_example(command: str) -> None:
    told = CliRunner().invoke(daemon.app, [command, "--help"])

    assert told.exit_code == 0
    assert f"python daemon.py {command}" in told.output
