"""`check --send-to`: a trial letter by the ways that are set up, against real servers; nothing is sent unasked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from groups import Group
from mail_servers import LOOPBACK, PostOffice

from daemon import tables
from monitor.cli.checking import check

pytest_plugins = ["group_served"]

CLERK = "clerk@ankang.example"
NAMED = "robot:监测群"


@pytest.fixture
def city(mongod: str, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Settings for a city whose database is there and whose mail server is not."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZHENGWU_MONGO__URL", mongod)
    monkeypatch.setenv("ZHENGWU_MONGO__DATABASE", database)
    return monkeypatch


def with_mail(city: pytest.MonkeyPatch, office: PostOffice) -> None:
    values = {"HOST": LOOPBACK, "PORT": str(office.port), "SECURITY": "none", "SENDER": "monitor@ankang.example"}
    for name, value in values.items():
        city.setenv(f"ZHENGWU_SMTP__{name}", value)


async def test_a_trial_letter_goes_to_whom_it_is_asked_for(city: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async with PostOffice() as office:
        with_mail(city, office)

        await check(None, tables(), [CLERK])

    assert [taken.to for taken in office.taken] == [CLERK]
    assert f"✓ 试发 {CLERK}：已被接收" in capsys.readouterr().out


async def test_nothing_is_sent_unasked(city: pytest.MonkeyPatch) -> None:
    async with PostOffice() as office:
        with_mail(city, office)

        await check(None, tables())

    assert (office.connections, office.taken) == (1, [])


async def test_a_refusal_is_a_problem_and_the_others_are_still_tried(
    city: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with PostOffice(refusing={CLERK: "550 5.1.1 no such mailbox"}) as office:
        with_mail(city, office)

        code = await check(None, tables(), [CLERK, "other@ankang.example"])

    told = capsys.readouterr()
    assert code == 1
    assert f"✗ 试发 {CLERK}：不接受收件人" in told.err
    assert [taken.to for taken in office.taken] == ["other@ankang.example"]


async def test_what_is_no_address_is_refused_before_the_server_hears_it(
    city: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with PostOffice() as office:
        with_mail(city, office)

        code = await check(None, tables(), ["a@b.example\r\nBcc: c@d.example"])

    assert (code, office.taken) == (1, [])
    assert "✗ 试发" in capsys.readouterr().err


async def test_a_group_hears_a_trial_message(city: pytest.MonkeyPatch, group: Group, capsys: pytest.CaptureFixture[str]) -> None:
    city.setenv("ZHENGWU_NOTIFY__ROBOTS", json.dumps([{"name": "监测群", "url": "wecombot://5a1e9d0c4b7f", "role": "clerk"}]))

    await check(None, tables(), [NAMED, "robot:无此群"])

    told = capsys.readouterr()
    assert "试发" in str(group.told[0]) and len(group.told) == 1
    assert f"✓ 试发 {NAMED}" in told.out
    assert "✗ 试发 robot:无此群：没有这个名称的群机器人" in told.err


async def test_letters_are_tried_though_the_database_is_away(
    city: pytest.MonkeyPatch, unused_tcp_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    city.setenv("ZHENGWU_MONGO__URL", f"mongodb://{LOOPBACK}:{unused_tcp_port}/?serverSelectionTimeoutMS=300")
    async with PostOffice() as office:
        with_mail(city, office)

        code = await check(None, tables(), [CLERK])

    assert code == 1
    assert [taken.to for taken in office.taken] == [CLERK]
    assert "✗ 数据库：" in capsys.readouterr().err
