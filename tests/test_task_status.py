"""What `status articles` prints: the audience by verdict with both rates, then one article's accounts with the reasons of each."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any

import pytest
from clocks import NOON, FrozenClock
from daemons import quick_settings
from makers import DAY, HOUR, account, post, snapshot
from makers import poll as polled
from rich.cells import cell_len
from rich.console import Console
from storing import alert, claim_one, write
from typer.testing import CliRunner

import daemon
from monitor.app import App
from monitor.cli import commands
from monitor.errors import BadInput
from monitor.model import Account, Article, Platform, Repost, Severity, Stage, Status
from monitor.writes import AlertChange

TASK = Article(
    id="fx-01",
    title="关于做好春季山林防火工作的通知",
    source="示例市应急管理局",
    urls=("https://www.example.invalid/tongzhi/fx01.html",),
    published_at=NOON - 2 * DAY,
    due_at=NOON - DAY,
)
LATER = Article(id="fx-02", title="春耕备耕服务指南", published_at=NOON - HOUR, due_at=NOON + DAY)
FORM = [{"reason": "改标题", "measure": "标题相符 40%", "limit": "与原标题一致", "detail": ""}]


def owing(id: str, code: str, name: str, platform: Platform, unit: str) -> Account:
    return account(id, code=code, name=name, platform=platform, unit=unit, region="示例市")


ROSTER = (
    owing("done", "990001M001", "示例发布", Platform.WECHAT, "市府办"),
    owing("odd", "990001M002", "示例应急", Platform.WEIBO, "市应急局"),
    owing("late", "990001M003", "示例林业", Platform.TOUTIAO, "市林业局"),
    owing("miss1", "990001M004", "示例警方", Platform.WECHAT, "市公安局"),
    owing("miss2", "990001M005", "示例警方", Platform.WEIBO, "市公安局"),
    owing("seems", "990001M006", "示例文旅", Platform.WECHAT, "市文旅局"),
    owing("unseen", "990001M007", "示例体育[green]", Platform.WEIBO, ""),
    owing("film", "990001M008", "示例视频", Platform.DOUYIN, "市府办"),
    account("excused", status=Status.EXEMPT, platform=Platform.WECHAT),
)


def found(account_id: str, before: timedelta, grade: Any = "in_order", **fields: Any) -> Repost:
    evidence = {"by": "title", "url": f"https://weibo.example/{account_id}", **fields.pop("evidence", {})}
    return Repost(
        article_id="fx-01",
        account_id=account_id,
        post_id=f"x:{account_id}:1",
        grade=grade,
        published_at=NOON - before,
        evidence=evidence,
        **fields,
    )


REPOSTS = (
    found("done", 30 * HOUR),
    found("odd", 20 * HOUR, "irregular", reasons=("改标题",), evidence={"form": FORM}),
    found("late", 18 * HOUR),
    found("seems", 30 * HOUR, "candidate", evidence={"doubt": "picture"}),
)


async def lay_out(app: App, articles: Iterable[Article] = (TASK, LATER)) -> None:
    """Store a city of nine accounts: all but one were seen whole, and four posts carry the first task or seem to."""
    await app.store.put_accounts(ROSTER, {}, NOON)
    for each in ROSTER:
        if each.id != "unseen":
            page = snapshot(post(1, NOON - HOUR, each.id), since=NOON - 9 * DAY)
            await app.store.commit([write(await claim_one(app.store, each.id), polled(page, account_id=each.id))])
    await app.store.put_articles(tuple(articles))
    await app.judge.refresh_articles(NOON)
    await app.rematching.finish()
    await app.store.put_reposts(REPOSTS)


@pytest.fixture
async def app(mongod: str, database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    monkeypatch.setattr(commands, "out", Console(width=120, highlight=False))
    async with App(quick_settings(mongod, database), daemon.tables(), FrozenClock(NOON), random.Random(1)) as made:
        yield made


async def shown(app: App, capsys: pytest.CaptureFixture[str], article: str | None = None, format: str = "table") -> str:
    capsys.readouterr()
    assert await commands.status_articles(app, article, format) == 0
    return capsys.readouterr().out


async def test_every_article_stands_with_its_audience_by_verdict_and_both_rates(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    await lay_out(app)

    (later, task) = json.loads(await shown(app, capsys, format="json"))

    assert (later["编号"], later["未到期"], later["无法判定"], later["转载率"]) == ("fx-02", "7", "0", "")
    counts = {name: task[name] for name in ("受众", "已转载", "转载不规范", "转载不及时", "未转载", "无法判定", "未到期", "基数")}
    assert list(counts.values()) == ["7", "1", "1", "1", "2", "2", "0", "5"]
    assert (task["转载率"], task["规范转载率"]) == ("60.00%", "20.00%")


async def test_the_table_fits_a_terminal_and_ends_with_the_rates_over_all(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    await lay_out(app)

    lines = (await shown(app, capsys)).splitlines()

    assert max(cell_len(line) for line in lines) <= 120
    assert any("关于做好春季山林防火工作的通知" in line for line in lines)
    assert "转载率 60.00%（3/5）　规范转载率 20.00%（1/5）　无法判定 2、未到期 0，不计入基数" in lines


async def test_one_article_lists_the_missing_by_unit_and_the_rest_with_reasons(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    await lay_out(app)

    told = await shown(app, capsys, "fx-01")

    for words in ("未转载 2", "市公安局", "“示例警方”(微信)", "“示例警方”(微博)", "https://www.example.invalid/tongzhi/fx01.html"):
        assert words in told
    assert "改标题（标题相符 40%，标准：与原标题一致）" in told and "迟4小时0分" in told and "迟6小时0分" in told
    assert "疑似转载，待人工核实（标题或话题相符，内容为图片或海报）" in told and "数据源缺少佐证" in told and "示例体育[green]" in told
    assert "示例视频" not in told and told.count("市公安局") == 1


@pytest.mark.parametrize("format", ["csv", "json"])
async def test_one_article_for_machines_has_a_record_per_account(format: str, app: App, capsys: pytest.CaptureFixture[str]) -> None:
    await lay_out(app)

    told = await shown(app, capsys, "fx-01", format)

    rows = json.loads(told) if format == "json" else list(csv.DictReader(io.StringIO(told)))
    assert [row["判定"] for row in rows] == ["未转载", "未转载", "转载不规范", "转载不及时", "无法判定", "无法判定", "已转载"]
    assert rows[-1]["转载链接"] == "https://weibo.example/done" and rows[-1]["依据"] == "标题一致"


async def test_an_unknown_article_names_those_there_are(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    await lay_out(app)

    with pytest.raises(BadInput) as refused:
        await commands.status_articles(app, "fx-99", "table")

    assert refused.value.problems == ["没有编号为 fx-99 的重要信息；现有：fx-02、fx-01"]


async def test_without_articles_it_says_how_they_come(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    assert "import articles" in await shown(app, capsys)
    assert json.loads(await shown(app, capsys, format="json")) == []


async def test_a_repost_that_is_held_at_the_gate_is_no_missing_one_yet(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    await lay_out(app)
    about = {"rule": "missing_repost", "subject": "miss1", "article_id": "fx-01", "severity": Severity.ACCUSATION}
    await app.store.put_alerts([AlertChange(None, alert(Stage.HELD, **about))])

    told = await shown(app, capsys, "fx-01")

    assert "未转载 1" in told and "同批异常账号过多，暂扣待人工核实" in told


async def test_a_title_that_would_be_markup_or_a_formula_stays_text(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = TASK.model_copy(update={"title": "=cmd|[red]防火" + "长" * 4_000})
    await lay_out(app, [hostile])

    table, sheet = await shown(app, capsys), await shown(app, capsys, format="csv")

    assert "=cmd|[red]防火" in table and len(table) < 5_000
    assert "'=cmd|[red]防火" in sheet


async def test_showing_writes_nothing(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    await lay_out(app)

    await shown(app, capsys)

    assert await app.store.alerts() == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["status", "articles", "--format", "xml"], 2, "应为 table、csv、json 之一", id="another format"),
        pytest.param(["status", "nothing"], 2, "nothing", id="another word"),
        pytest.param(["status", "--help"], 0, "articles", id="help names it"),
        pytest.param(["status", "articles", "--help"], 0, "重要信息的编号", id="its own help"),
    ],
)
def test_the_command_line(arguments: list[str], code: int, said: str) -> None:
    result = CliRunner().invoke(daemon.app, arguments)

    assert result.exit_code == code
    assert said in result.output


@pytest.mark.parametrize("place", ["before", "after"])
def test_settings_may_stand_before_or_after_the_word(place: str) -> None:
    option = ["--settings", "/nonexistent/settings.toml"]
    words = ["status", *option, "articles"] if place == "before" else ["status", "articles", *option]

    result = CliRunner().invoke(daemon.app, words)

    assert result.exit_code == 2
    assert "/nonexistent/settings.toml" in result.output


async def test_nobody_missed_an_article_that_came_when_its_time_was_over_and_was_never_looked_for(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    await lay_out(app)
    past = TASK.model_copy(update={"id": "fx-00", "published_at": NOON - 8 * DAY, "due_at": NOON - 7 * DAY})
    gone = past.model_copy(update={"published_at": NOON - 40 * DAY, "due_at": NOON - 39 * DAY})
    await app.store.put_articles([past])
    await app.judge.refresh_articles(NOON)
    await app.rematching.finish()

    matched = json.loads(await shown(app, capsys, "fx-00", "json"))
    await app.store.put_articles([gone])
    never = json.loads(await shown(app, capsys, "fx-00", "json"))

    assert "未转载" in {row["判定"] for row in matched}
    assert {row["判定"] for row in never} == {"无法判定"}
    assert {row["原因"] for row in never} == {"已过比对期，未曾与已存内容比对"}
