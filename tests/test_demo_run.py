"""The demo as a newcomer runs it: the real daemon, a real database, real servers; the known answers come out."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from demo.answers import Expected
from demo.articles import OPENED
from demo.fates import Fate
from demo.faults import FAULTS
from demo.summary import differences
from demo.tidings import CLERK, SYSADMIN
from demo.ways import Way
from demo.world import World
from monitor.clock import SystemClock
from monitor.model import local_date

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 100.0
"""Seconds for a machine that is busy with other tests; the demo settles in some ten."""


@asynccontextmanager
async def demo(directory: Path, *arguments: str) -> AsyncIterator[Process]:
    command = (sys.executable, str(ROOT / "daemon.py"), "demo", "--directory", str(directory), *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, cwd=ROOT)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line_with(process: Process, word: str) -> str:
    """Return the first line of the output that holds the word."""
    assert process.stdout is not None
    while line := (await process.stdout.readline()).decode():
        if word in line:
            return line
    assert process.stderr is not None
    raise AssertionError(f"the demo ended without {word!r}: {(await process.stderr.read()).decode()[-2000:]}")


def summary_in(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((directory / "summary.json").read_bytes())
    return found


def sent_again(directory: Path) -> list[tuple[str, str]]:
    """Return (recipient, subject) of the letters that came more than once: a letter's number is the same however often it is sent."""
    letters = [message_from_bytes(path.read_bytes(), policy=default) for path in (directory / "mails").glob("*.eml")]
    times = Counter(letter["Message-ID"] for letter in letters)
    return sorted({(str(letter["To"]), str(letter["Subject"])) for letter in letters if times[letter["Message-ID"]] > 1})


def letter_to(directory: Path, address: str, words: str) -> str:
    """Return the plain text of the letter to this address whose subject holds the words."""
    letters = [message_from_bytes(path.read_bytes(), policy=default) for path in sorted((directory / "mails").glob("*.eml"))]
    found = [letter for letter in letters if address in str(letter["To"]) and words in str(letter["Subject"])]
    assert len(found) == 1, (address, words)
    body = found[0].get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def fetched(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        return await answer.text()


def failed_on(platform: str, metrics: str) -> float:
    """Return how many accounts of the platform fail, over all that parts the series."""
    lines = [line for line in metrics.splitlines() if line.startswith("zhengwu_accounts{") and 'verdict="failed"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines if f'platform="{platform}"' in line)


def compare(found: dict[str, Any], expected: Expected, begun: World) -> None:
    if local_date(SystemClock().now()) != local_date(begun.now):
        pytest.skip("midnight in Shanghai passed during the run: idle days are a day more")
    assert differences(found, expected) == []
    assert found["verdicts"] == expected.verdicts
    assert found["looked_at"] == found["accounts"] == 423
    assert expected.tidings is not None
    assert expected.tidings.mailed <= {mail["to"] for mail in found["mails"]}


async def test_the_demo_ends_with_the_known_answers_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    world = World.build(SystemClock().now())

    async with demo(tmp_path) as process, asyncio.timeout(PATIENCE):
        verified = await line_with(process, "已核实疑似转载")
        address = (await line_with(process, "控制台 ")).split()[1]
        articles = (await line_with(process, "重要信息 ")).split()[1]
        letters = (await line_with(process, "已发通知 ")).split()[1]
        link = (await line_with(process, "一键办理")).split("）")[-1].strip()
        page, metrics, tasks = await fetched(address), await fetched(address + "metrics"), await fetched(articles)
        record, offered = await fetched(letters), await fetched(link)
        process.send_signal(signal.SIGINT)
        rest, errors = await process.communicate()

    found = summary_in(tmp_path)
    assert process.returncode == 0
    assert {line.partition("] ")[2].partition(",")[0] for line in errors.decode().splitlines()} <= {"an address takes no letters"}
    assert all(article.title in tasks for article in world.articles)
    assert f"ZHENGWU_MONGO__DATA_DIRECTORY={tmp_path / 'mongo'} " in rest.decode()
    compare(found, world.expected, world)
    assert len({row["reason"] for row in found["undetermined"]}) == 4
    assert verified.strip() == f"已核实疑似转载 {len(OPENED)} 条。"
    assert "岚皋交警" in page and failed_on("wechat", metrics) == 8
    assert sent_again(tmp_path) == []
    assert "整改通知" in record and "已恢复" in record and "确认收到" in offered
    assert_the_days_of_the_letters(tmp_path, world)


def assert_the_days_of_the_letters(directory: Path, world: World) -> None:
    """The past goes on: a week after the first letter comes the 整改通知; the digest names what was asked, silenced and returned."""
    fates = {page.fate: page for page in world.pages if page.fate}
    digest = letter_to(directory, CLERK, "日报")
    told = letter_to(directory, fates[Fate.RECTIFY].operator, "整改通知")
    assert "前整改并反馈" in told and "/do/" in told
    assert fates[Fate.BOUNCED].operator in digest.partition("无法送达的地址 1 个")[2]
    assert f"“{fates[Fate.CLOSING].name}”" in digest.partition("待办申请 1 件")[2]
    assert "静默至" in digest and "整改期限" in digest and "确认收到" in digest


async def test_a_platform_that_stands_still_ends_in_a_fault_of_ours_and_fails_nobody_more(tmp_path: Path) -> None:
    world = World.build(SystemClock().now())

    async with demo(tmp_path, "--fault", "frozen-source") as process, asyncio.timeout(PATIENCE):
        await line_with(process, "控制台 ")
        process.send_signal(signal.SIGTERM)
        await process.communicate()

    found = summary_in(tmp_path)
    assert process.returncode == 0
    compare(found, world.expected_under("frozen-source"), world)
    assert set(world.expected_under("frozen-source").failing) < set(world.expected.failing)
    assert any(mail["to"] == SYSADMIN and "采集异常" in mail["subject"] for mail in found["mails"])
    assert sum("采集异常" in row["reason"] for row in found["undetermined"]) > 200


async def test_a_throttled_platform_leaves_its_accounts_undetermined_but_for_those_with_another_way(tmp_path: Path) -> None:
    world = World.build(SystemClock().now())
    spared = {page.code for page in world.pages if page.ways == (Way.WEIBO_OWN, Way.WEIBO_RSSHUB)}

    async with demo(tmp_path, "--fault", "throttle") as process, asyncio.timeout(PATIENCE):
        await line_with(process, "控制台 ")
        process.send_signal(signal.SIGTERM)
        await process.communicate()

    found, answers = summary_in(tmp_path), world.expected_under("throttle")
    undetermined = {row["code"]: row["reason"] for row in found["undetermined"]}
    assert process.returncode == 0
    compare(found, answers, world)
    assert set(answers.failing) < set(world.expected.failing)
    assert len(spared) >= 2 and not spared & undetermined.keys()
    assert sum(reason == "平台限制访问频次" for reason in undetermined.values()) > 100
    assert any(mail["to"] == SYSADMIN and "采集异常" in mail["subject"] for mail in found["mails"])


async def test_a_run_too_short_to_see_everything_says_so_and_ends_in_time(tmp_path: Path) -> None:
    clock = SystemClock()
    begun = clock.elapsed()

    async with demo(tmp_path, "--for", "4") as process, asyncio.timeout(PATIENCE):
        output, _ = await process.communicate()

    found = summary_in(tmp_path)
    assert process.returncode == 0
    assert "在得出全部结果之前结束" in output.decode()
    assert found["looked_at"] <= 423
    assert sum(found["verdicts"].values()) <= 423
    assert clock.elapsed() - begun < PATIENCE


async def test_an_unknown_fault_is_wrong_usage_and_names_those_there_are(tmp_path: Path) -> None:
    async with demo(tmp_path, "--fault", "flood") as process, asyncio.timeout(PATIENCE):
        output, _ = await process.communicate()

    assert process.returncode == 2
    assert all(f"  {name}  {meaning}" in output.decode() for name, meaning in FAULTS.items())
    assert not (tmp_path / "summary.json").exists()
