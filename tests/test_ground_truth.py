"""The 安康 2020Q1 bulletin, reached through the whole line: roster, hand checks, store, judgement."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from daemons import quick_settings

from daemon import tables
from monitor.app import App
from monitor.cli import commands
from monitor.model import Account, Standing, Verdict, end_of_day

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "ankang-2020q1"


@pytest.fixture
async def city(mongod: str, database: str):
    async with App(quick_settings(mongod, database), tables()) as app:
        assert await commands.import_accounts(app, EXAMPLES / "accounts.csv", yes=True) == 0
        assert await commands.import_looks(app, EXAMPLES / "looks.csv") == 0
        yield app


async def failed(app: App, day: date, profile: str = "ankang-2020") -> list[tuple[Account, Standing]]:
    judgement = await app.standings_at(end_of_day(day), profile)
    assert not [s for _, s in judgement.standings if s.verdict is Verdict.UNDETERMINED]
    return [(account, standing) for account, standing in judgement.standings if standing.verdict is Verdict.FAILED]


async def test_the_fourteen_of_the_bulletin_fail_with_its_labels(city: App) -> None:
    rows = await failed(city, date(2020, 3, 3))

    assert Counter(standing.label for _, standing in rows) == {"僵尸微信": 7, "僵尸微博": 6, "停运未注销": 1}


async def test_idle_days_equal_the_table(city: App) -> None:
    rows = await failed(city, date(2020, 3, 3))

    days = {(account.name, account.platform.label): standing.idle_days for account, standing in rows}
    assert days[("安康住房公积金", "微信")] == 23
    assert days[("石泉统计", "微博")] == 50
    assert days[("汉阴农林科技", "微信")] == 316
    assert days[("岚皋交警", "微博")] is None
    assert sorted(each for each in days.values() if each is not None) == [14, 14, 14, 19, 22, 22, 23, 25, 26, 32, 34, 50, 316]


async def test_a_day_earlier_eleven_fail_and_three_stand_at_thirteen_days(city: App) -> None:
    rows = await failed(city, date(2020, 3, 2))
    judgement = await city.standings_at(end_of_day(date(2020, 3, 2)), "ankang-2020")

    assert len(rows) == 11
    passed = [standing for _, standing in judgement.standings if standing.verdict is Verdict.QUALIFIED]
    assert [standing.idle_days for standing in passed] == [13, 13, 13]


@pytest.mark.parametrize(
    ("profile", "labels"),
    [
        ("guoban-2019", {"内容不更新": 9, "内容不更新 · 近一个月未更新": 3, "停运未注销": 1, "无内容": 1}),
        ("luan-2020q4", {"内容不更新": 9, "近一个月未更新": 3, "停运未注销": 1, "僵尸帐号": 1}),
    ],
)
async def test_the_same_history_under_another_profile(city: App, profile: str, labels: dict[str, int]) -> None:
    rows = await failed(city, date(2020, 3, 3), profile)

    assert Counter(standing.label for _, standing in rows) == labels


async def test_working_days_flag_all_fourteen(city: App) -> None:
    assert len(await failed(city, date(2020, 3, 3), "fuyang-monthly")) == 14


async def test_the_looks_are_kept_as_evidence(city: App) -> None:
    looks = [doc async for doc in city.store._db.looks.find({})]

    assert len(looks) == 14
    assert {look["by"] for look in looks} == {"市电子政务办公室"}
    assert all(look["digest"] and look["channel"] == "manual" for look in looks)


async def test_importing_the_same_looks_again_changes_nothing(city: App) -> None:
    before = await failed(city, date(2020, 3, 3))

    await commands.import_looks(city, EXAMPLES / "looks.csv")

    assert await failed(city, date(2020, 3, 3)) == before
    assert await city.store._db.looks.count_documents({}) == 14
