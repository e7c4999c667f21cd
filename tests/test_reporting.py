"""What digests and reports are made of, fetched from a real database; and the command that prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clocks import NOON
from daemons import SetClock, quick_settings
from digesting import CLERK, COUNTY, DAY, NOW, OLD, ended, idle, letter, step_of, trouble, unclear
from digesting import alert as accusation
from makers import account, post, snapshot
from makers import poll as polled
from storing import claim_one, enrol, write
from typer.testing import CliRunner

import daemon
from daemon import tables
from monitor.app import App
from monitor.cli import report_command
from monitor.errors import BadInput
from monitor.history import Judgement
from monitor.model import Contact, Role, Stage
from monitor.reports.burden import Month
from monitor.reports.cases import Row
from monitor.reports.reporting import KINDS, Reporting, ReportKind
from monitor.settings import Settings
from monitor.store import Store
from monitor.tasks import TaskSheet
from monitor.telling.mailboxes import Mailbox
from monitor.telling.trail import Act
from monitor.writes import AlertChange

HOUR = timedelta(hours=1)
SETTINGS = Settings(notify={"city": "南溪市"}, web={"public_url": "https://monitor.nanxi.example"})


@dataclass
class PaperRoster:
    """A roster of paper; remembers which past moments it was asked for."""

    listed: list[Row] = field(default_factory=lambda: [idle(OLD, 50)])
    past: list[Row] = field(default_factory=list)
    asked: list[datetime] = field(default_factory=list)
    profile_title: str = "国办秘函〔2019〕19号 · 两周"
    soon_within: str = "3天"
    channel_titles: Mapping[str, str] = field(default_factory=lambda: {"feed": "订阅源"})

    async def rows(self) -> list[Row]:
        return self.listed

    async def sheets(self) -> Sequence[TaskSheet]:
        return ()

    async def standings_at(self, moment: datetime) -> Judgement:
        self.asked.append(moment)
        return Judgement(moment, "guoban-2019", self.past)


async def put(store: Store, *alerts: Any) -> None:
    await store.put_alerts([AlertChange(None, each) for each in alerts])


async def text_of(reporting: Reporting, to: Contact = CLERK, now: datetime = NOW, kind: Any = "daily") -> str:
    made = await reporting.digest(kind, to, now)
    assert made is not None
    return made.text


async def test_a_daily_digest_tells_what_is_new_since_the_last_one_that_was_sent(store: Store) -> None:
    lapsed = accusation(OLD, NOW - 3 * DAY)
    await put(store, lapsed)
    await enrol(store, OLD, now=NOW)

    first = await text_of(Reporting(store, PaperRoster(), SETTINGS))
    await store.correspondence.put_letter(letter("1", NOW - 4 * DAY, to=CLERK.email, about="digest"))
    after_holidays = await text_of(Reporting(store, PaperRoster(), SETTINGS))
    await store.correspondence.put_letter(letter("2", NOW - 2 * DAY, to=CLERK.email, about="digest"))
    regular = await text_of(Reporting(store, PaperRoster(), SETTINGS))

    assert "均为新增" not in first and "均为新增" in after_holidays and "均为新增" not in regular


@pytest.mark.parametrize(
    ("to", "outcome", "ago"), [("other@x", "sent", DAY), (CLERK.email, "refused", DAY), (CLERK.email, "sent", HOUR / 2)]
)
async def test_another_s_digest_a_refused_one_and_today_s_own_are_not_the_last(store: Store, to: str, outcome: str, ago: timedelta) -> None:
    await put(store, accusation(OLD, NOW - 3 * DAY))
    await store.correspondence.put_letter(letter("1", NOW - 4 * DAY, to=CLERK.email, about="digest"))
    await store.correspondence.put_letter(letter("2", NOW - ago, to=to, about="digest", outcome=outcome))

    assert "均为新增" in await text_of(Reporting(store, PaperRoster(), SETTINGS))


async def test_held_accusations_and_marked_addresses_are_read_from_the_database(store: Store) -> None:
    await put(store, accusation(OLD, NOW - DAY, stage=Stage.HELD))
    await store.correspondence.put_mailbox(Mailbox(OLD.contacts[0].email, refused_at=NOW - DAY, refused_why="550 no such user"))

    text = await text_of(Reporting(store, PaperRoster([unclear(OLD)]), SETTINGS))

    assert "已暂扣" in text and "550 no such user" in text


async def test_the_digest_calls_a_troubled_channel_by_its_title(store: Store) -> None:
    await put(store, trouble("采集渠道feed授权失效，涉及2个账号，期间不作判定"))

    text = await text_of(Reporting(store, PaperRoster(), SETTINGS))

    assert "采集渠道订阅源授权失效" in text and "feed" not in text


async def test_a_county_without_accounts_gets_no_digest(store: Store) -> None:
    assert await Reporting(store, PaperRoster(), SETTINGS).digest("daily", COUNTY, NOW) is None


async def test_a_county_s_week_counts_the_letters_about_its_accounts_only(store: Store) -> None:
    mine = OLD.model_copy(update={"contacts": (COUNTY,)})
    lapsed = accusation(mine, NOW - 3 * DAY)
    await put(store, lapsed)
    await store.correspondence.put_letter(letter("1", NOW - DAY, alerts=(lapsed.id,)))
    await store.correspondence.put_letter(letter("2", NOW - DAY, alerts=("another's",)))

    text = await text_of(Reporting(store, PaperRoster([idle(mine, 50)]), SETTINGS), COUNTY, kind="weekly")

    assert "本周发出提醒邮件 1 封" in text


async def test_all_who_read_the_week_share_one_judgement_of_the_past(store: Store) -> None:
    desk = PaperRoster(past=[idle(OLD, 43)])
    reporting = Reporting(store, desk, SETTINGS)

    texts = [await text_of(reporting, Contact(role=Role.CLERK, email=f"{n}@x"), kind="weekly") for n in range(3)]

    assert desk.asked == [NOW - 7 * DAY]
    assert all("不合格：一周前 1 个，现在 1 个" in text for text in texts)


async def test_the_time_to_mend_is_read_from_the_audit_log(store: Store) -> None:
    mended = ended(OLD, NOW - 5 * DAY, NOW - DAY)
    await put(store, mended)
    await store.correspondence.note([step_of(mended, Act.TOLD, NOW - 4 * DAY)])

    text = await text_of(Reporting(store, PaperRoster([idle(OLD, 1)]), SETTINGS), kind="weekly")

    assert "中位用时 3.0 天" in text


async def test_the_meter_reads_a_year_of_alerts_and_a_month_of_letters(store: Store) -> None:
    await put(store, *(ended(OLD, NOW - ago * DAY, NOW - (ago - 2) * DAY) for ago in (300, 200, 100)))
    await store.correspondence.put_letter(letter("1", NOW - 9 * DAY, units=(OLD.unit,)))
    await store.correspondence.put_letter(letter("2", NOW - 40 * DAY, units=(OLD.unit,)))

    made = await Reporting(store, PaperRoster([idle(OLD, 2)]), SETTINGS).report("month", NOW, Month(2020, 2))

    assert made.subject == "【月报】政务新媒体监测 2020-02：提醒邮件1 涉及单位1 建议关停1"
    assert "近12个月 3 次不合格" in made.text and "近12个月 3 次不合格" in made.html


async def test_the_leader_s_page_compares_with_the_end_of_last_quarter(store: Store) -> None:
    desk = PaperRoster([idle(OLD, 1)], past=[idle(OLD, 20)])

    made = await Reporting(store, desk, SETTINGS).report("leader", NOW)

    assert "较上季度末（2019年12月31日，0.00%，基数 1）提高100.00个百分点" in made.text
    assert desk.asked[0].isoformat() == "2019-12-31T15:59:59.999000+00:00"


# -- the command -------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def app(mongod: str, database: str) -> Any:
    async with App(quick_settings(mongod, database, guards={"settle_seconds": 0.0}), tables(), SetClock(NOON)) as made:
        await made.store.put_accounts([account("a"), account("b")], {}, NOON)
        await seen(made, "a", 20)
        await seen(made, "b", 1)
        yield made


async def seen(app: App, id: str, days: int) -> None:
    shown = snapshot(post(1, NOON - days * DAY, id), since=NOON - (days + 1) * DAY)
    await app.store.commit([write(await claim_one(app.store, id), polled(shown, account_id=id))])


@pytest.mark.parametrize("kind", KINDS)
async def test_every_report_is_made_without_a_tick_and_opens_no_alert(app: App, kind: ReportKind) -> None:
    said: list[str] = []

    code = await report_command.show(app, kind, None, None, said.append)

    assert code == 0 and len(said[0]) > 100
    assert await app.store.alerts() == []


async def test_an_accusation_that_waits_at_the_gate_names_nobody_in_a_report(app: App) -> None:
    said: list[str] = []
    await app.store.put_alerts([AlertChange(None, accusation(account("a"), NOON, stage=Stage.HELD))])

    await report_command.show(app, "daily", None, None, said.append)

    assert "超期 0" in said[0] and "无法判定 1" in said[0]


@pytest.mark.parametrize("suffix", [".html", ".txt", ".HTML"])
async def test_a_report_is_written_into_the_file_that_was_named(app: App, tmp_path: Path, suffix: str) -> None:
    said: list[str] = []
    to = tmp_path / f"日报{suffix}"

    await report_command.show(app, "daily", to, None, said.append)

    content = to.read_text(encoding="utf-8")
    assert ("<html" in content) is (suffix.lower() == ".html") and "政务新媒体监测日报" in content
    assert said == [f"已写入 {to}"]


async def test_a_month_that_has_not_come_is_refused(app: App) -> None:
    with pytest.raises(BadInput, match="还没有到"):
        await report_command.show(app, "month", None, Month(2026, 4), print)


BAD = {
    "an unknown report": (["yearly"], "没有报告 yearly；可用：daily、weekly、month、leader"),
    "another suffix": (["daily", "--to", "a.pdf"], "--to：a.pdf 的后缀应为 .html 或 .txt"),
    "no suffix": (["daily", "--to", "a"], "--to：a 的后缀应为"),
    "a missing directory": (["daily", "--to", "missing/a.txt"], "--to：目录 missing 不存在"),
    "no month": (["month", "--month", "2026-13"], "--month：2026-13 不是月份"),
    "a month in words": (["month", "--month", "十月"], "--month：十月 不是月份"),
    "a month for a day": (["daily", "--month", "2026-10"], "--month：只用于 report month"),
}


@pytest.mark.parametrize(("arguments", "said"), BAD.values(), ids=BAD)
def test_a_wrong_wish_is_refused_before_anything_is_opened(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(daemon.app, ["report", *arguments])

    assert result.exit_code == 2 and said in result.output


def test_a_directory_is_no_file_to_write_into(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()

    with pytest.raises(BadInput, match="是目录"):
        report_command.read_wish("daily", tmp_path / "a.txt", None)


async def test_a_file_that_cannot_be_written_is_said(app: App, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="无法写入"):
        await report_command.show(app, "daily", tmp_path / "gone" / "a.txt", None, print)


def test_a_name_that_is_too_long_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="无法写入"):
        report_command.read_wish("daily", tmp_path / f"{'长' * 100}.txt", None)
