"""What the demo knows of its letters beforehand, the mail server that refuses some, and the operator who answers one."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from demo_reader import NOW, StoppedClock

from demo.fates import Fate
from demo.faults import FAULTS
from demo.mailbox import Mail, Mailbox
from demo.operator import Operator, links_in
from demo.pages import Page
from demo.progress import State
from demo.stage import Stage
from demo.story import STUCK_SECONDS, Step, told_to_the_end
from demo.tidings import CLERK, Tidings, tidings_differences
from demo.world import World
from monitor.errors import NotifyError
from monitor.notify.mail import SmtpNotifier
from monitor.ports import Letter
from monitor.settings import SmtpSettings
from monitor.telling.records import Ask


@pytest.fixture(scope="module")
def world() -> World:
    return World.build(NOW)


def fated(world: World, fate: Fate) -> Page:
    [page] = [page for page in world.pages if page.fate is fate]
    return page


def tidings(world: World, fault: str = "") -> Tidings:
    known = world.expected_under(fault).tidings
    assert known is not None
    return known


def test_each_fate_befalls_one_failing_account_long_enough_idle_to_have_been_told(world: World) -> None:
    fates = [page for page in world.pages if page.fate]

    assert Counter(page.fate for page in fates) == dict.fromkeys(Fate, 1)
    assert all(page.failing and page.idle_days is not None for page in fates)
    assert all((page.idle_days or 0) - (page.fate.days_told or 0) >= 14 for page in fates if page.fate)


def test_who_answered_or_was_silenced_reads_nothing_and_who_did_not_answer_is_set_a_deadline(world: World) -> None:
    letters = tidings(world).letters

    assert not {fated(world, fate).operator for fate in Fate if fate.quiet} & letters.keys()
    assert letters[fated(world, Fate.RECTIFY).operator] == {"整改通知", "未转载"}
    assert fated(world, Fate.BOUNCED).operator in tidings(world).refused - letters.keys()


@pytest.mark.parametrize("fault", ["", *sorted(FAULTS)])
def test_under_every_fault_there_is_an_operator_who_can_be_seen_to_publish(world: World, fault: str) -> None:
    known = tidings(world, fault)

    assert known.mender is not None
    assert known.recoveries == {known.mender.operator, known.mender.county_clerk}
    assert known.recoveries <= known.letters.keys()


KNOWN = Tidings(
    letters={"a@x.invalid": frozenset({"预警"}), "b@x.invalid": frozenset({"未转载"}), "c@x.invalid": frozenset({"预警"})},
    digest="正常1 超期0 将超期1 无法判定0",
    refused=frozenset({"d@x.invalid"}),
    delayed=frozenset({"b@x.invalid"}),
    counties=frozenset({"c@x.invalid"}),
)
DIGEST = {"to": CLERK, "subject": "【日报】政务新媒体监测 2026-11-18：正常1 超期0 将超期1 无法判定0"}
COUNTY = {"to": "c@x.invalid", "subject": "【日报】某县政务新媒体 2026-11-18：将超期1 超期0 无法判定0"}
FOUND: dict[str, Any] = {
    "letters": {"a@x.invalid": ["预警"], "b@x.invalid": ["未转载"], "c@x.invalid": ["预警"]},
    "refused": ["d@x.invalid"],
    "deferred": [],
    "recovered": [],
    "rechecks": 0,
    "mails": [{"to": "a@x.invalid", "subject": "【预警】一"}, {"to": "a@x.invalid", "subject": "【已恢复】一"}, DIGEST, COUNTY],
}
DEPARTURES = {
    "as known": (FOUND, []),
    "a delayed letter": (FOUND | {"letters": FOUND["letters"] | {"b@x.invalid": []}}, []),
    "another rung": (
        FOUND | {"letters": FOUND["letters"] | {"a@x.invalid": ["更新提醒"]}},
        ["告知不符：a@x.invalid（更新提醒，应为预警）"],
    ),
    "not marked": (FOUND | {"refused": []}, ["退信地址不符：d@x.invalid"]),
    "twice": (FOUND | {"mails": [*FOUND["mails"], {"to": "a@x.invalid", "subject": "【预警】二"}]}, ["恢复之前告知了 2 次：a@x.invalid"]),
    "no digest": (
        FOUND | {"mails": []},
        ["日报不符：无（应为正常1 超期0 将超期1 无法判定0）", "没有收到日报：c@x.invalid"],
    ),
}


@pytest.mark.parametrize(("found", "lines"), list(DEPARTURES.values()), ids=list(DEPARTURES))
def test_a_letter_that_departs_from_the_known_answers_is_named(found: dict[str, Any], lines: list[str]) -> None:
    assert list(tidings_differences(found, KNOWN)) == lines


def test_a_recovery_that_nobody_read_of_is_named(world: World) -> None:
    mender = tidings(world).mender
    assert mender is not None

    lines = list(tidings_differences(FOUND, replace(KNOWN, mender=mender)))

    assert lines == [*(f"恢复未在原邮件下告知：{each}" for each in sorted({mender.operator, mender.county_clerk})), "一键复查未被受理"]


def notifier(mailbox: Mailbox) -> SmtpNotifier:
    return SmtpNotifier(SmtpSettings(host="127.0.0.1", port=mailbox.port, security="none", sender="z@example.invalid"))


async def test_the_mail_server_refuses_one_address_for_good_and_another_on_the_first_try(tmp_path: Path) -> None:
    outcomes = []
    async with Mailbox(tmp_path, refused={"gone@x.invalid"}, greylisted={"grey@x.invalid"}) as mailbox:
        for number, to in enumerate(("gone@x.invalid", "grey@x.invalid", "grey@x.invalid")):
            try:
                await notifier(mailbox).send(Letter(to, str(number), "主题", "正文", "<p>正文</p>"))
                outcomes.append("taken")
            except NotifyError as error:
                outcomes.append("for good" if error.permanent else "for now")

    assert outcomes == ["for good", "for now", "taken"]
    assert [mail.to for mail in mailbox.mails] == ["grey@x.invalid"]


async def test_only_a_recovery_that_answers_an_earlier_letter_counts(tmp_path: Path) -> None:
    async with Mailbox(tmp_path) as mailbox:
        for to, number, subject, thread in (
            ("a@x.invalid", "1", "【预警】", ()),
            ("a@x.invalid", "2", "【已恢复】", ("1",)),
            ("b@x.invalid", "3", "【已恢复】", ("1",)),
        ):
            await notifier(mailbox).send(Letter(to, number, subject, "正文", "<p>正文</p>", thread=thread))

    assert mailbox.recovered == {"a@x.invalid"}


async def test_the_operator_publishes_and_presses_the_link_of_its_letter(world: World, tmp_path: Path) -> None:
    asked: list[str] = []

    async def console(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode().split()[1])
        busy = "正在采集" if len(asked) == 1 else "请求复查：已登记"
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + busy.encode())
        writer.close()

    mender = tidings(world).mender
    assert mender is not None
    server = await asyncio.start_server(console, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    text = f"“某号”【预警】\n\n已更新，请复查：{base}/do/one\n确认收到：{base}/do/two\n"
    stage = Stage(world, StoppedClock(datetime(2026, 11, 18, 7, 1, tzinfo=UTC)))

    async with server, Mailbox(tmp_path) as mailbox:
        operator = Operator(stage, mailbox, mender)
        await operator.act()
        before, stage_now = stage.newest(mender.code), stage.clock.now()
        await notifier(mailbox).send(Letter(mender.operator, "1", "【预警】", text, "<p>正文</p>"))
        await operator.act()

    newest = stage.newest(mender.code)
    assert before == mender.items[0] and newest is not None and newest.at == stage_now
    assert asked == ["/do/one?", "/do/one?"]
    assert operator.presses == 1 and operator.awaited == {mender.operator, mender.county_clerk}
    assert links_in(mailbox.mails[0], Ask.RECEIVED) == [f"{base}/do/two"]
    assert links_in(Mail("a", "b", mailbox.mails[0].path), Ask.CLOSURE) == []


class Hurried(StoppedClock):
    """A clock on which each look at the state takes a second."""

    def __init__(self) -> None:
        super().__init__(NOW)
        self.seconds = 0.0

    def elapsed(self) -> float:
        return self.seconds


UNCHECKED = {"nothing": (0, 0, 3.0), "posts that cannot be opened": (0, 2, STUCK_SECONDS), "an accusation": (1, 0, STUCK_SECONDS)}


@pytest.mark.parametrize(("waiting", "doubtful", "first"), list(UNCHECKED.values()), ids=list(UNCHECKED))
async def test_a_step_waits_for_calm_and_what_cannot_be_checked_is_waited_for_once(waiting: int, doubtful: int, first: float) -> None:
    clock, stop = Hurried(), asyncio.Event()
    taken: list[float] = []

    async def state() -> State:
        clock.seconds += 1
        return State(accounts=3, looked_at=min(int(clock.seconds), 2) + 1, waiting=waiting, mails=0, doubtful=doubtful)

    async def take() -> None:
        taken.append(clock.seconds)

    steps = [Step(3.0, take), Step(3.0, take)]
    settled = await told_to_the_end(steps, state, lambda state: None, clock, stop)

    assert settled
    assert taken == [first + 2, first + 5]
