"""What `match` prints: reposts with their evidence, doubts, near misses with what spoke against them; and that it writes nothing."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from clocks import NOON
from daemons import SetClock, quick_settings
from makers import DAY, HOUR, account, post, snapshot
from makers import poll as polled
from rich.cells import cell_len
from rich.console import Console
from storing import claim_one, write
from typer.testing import CliRunner

import daemon
from monitor.app import App
from monitor.cli import commands
from monitor.errors import BadInput
from monitor.matching import ArticleIndex
from monitor.model import Article, Audience
from monitor.near_misses import Findings, Row, rows_of

TITLE = "全市优化营商环境大会召开"
TASK = Article(id="t1", title=TITLE, published_at=NOON - 3 * DAY, due_at=NOON - 2 * DAY, audience=Audience(groups=("政务",)))
TITLES = {
    "did": TITLE,
    "late": f"【示例日报】{TITLE}",
    "seems": f"刚刚！{TITLE}，这些话和你有关",
    "refused": f"企业家热议：{TITLE}",
    "other": "今日天气",
}
MEMBERS = tuple(account(each, code=f"99000{number}", groups=("政务",)) for number, each in enumerate(TITLES))


@pytest.fixture
async def app(mongod: str, database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    monkeypatch.setattr(commands, "out", Console(width=120, highlight=False))
    async with App(quick_settings(mongod, database), daemon.tables(), SetClock(NOON), random.Random(1)) as app:
        await app.store.put_accounts((*MEMBERS, account("outside")), {}, NOON)
        for each in MEMBERS:
            at = NOON - DAY if each.id == "late" else NOON - 2 * DAY - HOUR
            seen = snapshot(post(1, at, each.id, title=TITLES[each.id], text="\x1b[31m\u202e" if each.id == "did" else ""))
            await app.store.commit([write(await claim_one(app.store, each.id), polled(seen, account_id=each.id))])
        await app.store.put_articles([TASK])
        yield app


async def printed(app: App, capsys: pytest.CaptureFixture[str], code: str | None = None, limit: int = 20, format: str = "table") -> str:
    capsys.readouterr()
    assert await commands.match(app, "t1", code, limit, format) == 0
    return capsys.readouterr().out


async def test_reposts_doubts_and_near_misses_stand_with_their_reasons(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(await printed(app, capsys, format="json"))

    found, seems, refused = told["发现转载"], told["疑似转载，待人工核实"], told["比对过但不算转载"]
    assert (found["条数"], seems["条数"], refused["条数"]) == (2, 1, 1)
    assert next((row["标识码"], row["依据"], row["得分"]) for row in found["列出"]) == ("990000", "标题一致", 1.0)
    assert found["列出"][1]["迟到小时"] == 24.0
    assert (seems["列出"][0]["疑点"], seems["列出"][0]["发布内容"]) == ("标题近似，未取得正文可供比对", TITLES["seems"])
    assert "企业家热议" in refused["列出"][0]["说明"]
    assert (told["受众账号"], told["比对发布"], told["未发现的账号"]) == (5, 5, 2)


async def test_the_tables_fit_a_terminal_and_let_no_control_character_through(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    told = await printed(app, capsys)

    assert max(cell_len(line) for line in told.splitlines()) <= 120
    assert "发现转载 2 条　疑似转载，待人工核实 1 条　比对过但不算转载 1 条　未发现的账号 2 个" in told
    assert "“late发布”(微博)" in told and "迟24小时0分" in told
    assert not [letter for letter in told if not letter.isprintable() and letter not in "\n\u3000"]


async def test_one_account_is_looked_at_alone(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(await printed(app, capsys, "990003", format="json"))

    assert (told["受众账号"], told["发现转载"]["条数"], told["比对过但不算转载"]["条数"]) == (1, 0, 1)


async def test_it_writes_nothing(app: App, capsys: pytest.CaptureFixture[str], raw: Any) -> None:
    def everything() -> dict[str, list[dict[str, Any]]]:
        return {name: list(raw[name].find().sort("_id")) for name in raw.list_collection_names() if not name.startswith("system.")}

    before = everything()
    await printed(app, capsys)

    assert everything() == before


async def test_an_article_past_its_time_is_still_looked_for(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    app.clock.moment = NOON + 100 * DAY  # type: ignore[attr-defined]

    told = await printed(app, capsys)

    assert "发现转载 2 条" in told and "已过比对期" in told


@pytest.mark.parametrize(
    ("article", "code", "complaint"),
    [
        ("t2", None, "没有编号为 t2 的重要信息，是否想写 t1？；现有：t1"),
        ("t1", "没有", "--account：名册中没有 没有"),
        ("t1", "outside", "不在《全市优化营商环境大会召开》的受众之内"),
    ],
    ids=["article", "account", "audience"],
)
async def test_what_is_not_there_is_named(app: App, article: str, code: str | None, complaint: str) -> None:
    with pytest.raises(BadInput) as refused:
        await commands.match(app, article, code, 20, "table")

    assert complaint in refused.value.problems[0]


async def test_without_any_article_the_import_is_named(app: App, raw: Any) -> None:
    raw.articles.delete_many({})

    with pytest.raises(BadInput) as refused:
        await commands.match(app, "t1", None, 20, "table")

    assert "import articles" in refused.value.problems[0]


def row(number: int, score: float) -> Row:
    return Row("refused", MEMBERS[0], f"https://a.example/{number}", NOON + timedelta(seconds=number), {"score": score})


def test_the_nearest_are_kept_of_many_and_all_are_counted() -> None:
    findings = Findings(TASK, limit=3, live=True)

    for number in range(1_000):
        findings.add(row(number, number % 10 / 10))

    assert findings.counts["refused"] == 1_000
    assert [each.evidence["score"] for each in findings.rows("refused")] == [0.9, 0.9, 0.9]
    assert [each.url for each in findings.rows("refused")] == [f"https://a.example/{number}" for number in (9, 19, 29)]
    assert sum(len(rows) for rows in findings._rows.values()) < 20


def test_the_original_itself_stands_among_what_was_found() -> None:
    task = TASK.model_copy(update={"origins": ("weibo:did:1",)})
    index = ArticleIndex([task])

    (found,) = rows_of(index, "t1", [post(1, NOON - DAY, "did", title=TITLE)], {"did": MEMBERS[0]})

    assert (found.kind, found.evidence["by"]) == ("found", "original")


def test_a_wrong_format_and_a_missing_article_are_usage_errors() -> None:
    run = CliRunner()

    assert run.invoke(daemon.app, ["match", "t1", "--format", "csv"]).exit_code == 2
    assert run.invoke(daemon.app, ["match"]).exit_code == 2
    assert "只读" in run.invoke(daemon.app, ["match", "--help"]).output
