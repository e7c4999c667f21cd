"""A person's word on what a machine cannot tell: kept for good, graded like any other repost, and stronger than later looks."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from clocks import NOON
from daemons import SetClock, quick_settings
from makers import DAY, HOUR, account, post, snapshot
from makers import poll as polled
from rich.console import Console
from storing import claim_one, write
from typer.testing import CliRunner

import daemon
from monitor.app import App
from monitor.cli.deciding import confirm
from monitor.decisions import Decision, decided
from monitor.errors import BadInput
from monitor.model import Article, Repost, RepostVerdict

TITLE = "全市优化营商环境大会召开"
TASK = Article(id="t1", title=TITLE, published_at=NOON - 3 * DAY, due_at=NOON - 2 * DAY)
OUT = Console(width=160, highlight=False)


@pytest.fixture
async def app(mongod: str, database: str) -> AsyncIterator[App]:
    async with App(quick_settings(mongod, database), daemon.tables(), SetClock(NOON), random.Random(1)) as app:
        who = account("poster", code="990001")
        await app.store.put_accounts([who, account("nobody", code="990002")], {}, NOON)
        seen = snapshot(post(1, NOON - 2 * DAY - HOUR, who.id, title=TITLE, text="", kind="picture"))
        await app.store.commit([write(await claim_one(app.store, who.id), polled(seen, account_id=who.id))])
        await app.store.put_articles([TASK])
        await app.judge.refresh_articles(NOON)
        await app.rematching.finish()
        yield app


async def verdict(app: App) -> tuple[RepostVerdict, str]:
    now = app.clock.now()
    for minutes in (0, 11, 12):
        picture = await app.judge.tick(now + timedelta(minutes=minutes))
    (standing,) = [each for each in picture.reposts if each.account_id == "poster"]
    return standing.verdict, standing.reason


async def test_a_poster_that_a_person_knows_to_be_the_article_is_a_repost_out_of_order(app: App) -> None:
    before = await verdict(app)

    code = await confirm(app, "t1", "990001", "是", "张三", "", "海报内为全文", OUT)

    assert code == 0
    assert before[0] is RepostVerdict.UNDETERMINED
    assert await verdict(app) == (RepostVerdict.IRREGULAR, "图片")
    carrier = (await app.store.keepings.decisions(["t1"])).popitem()[1]
    why = carrier.repost.evidence["why"] if carrier.repost else ""
    assert why.startswith("张三于") and "海报内为全文" in why


async def test_a_no_takes_the_candidate_away_and_may_be_taken_back(app: App) -> None:
    await confirm(app, "t1", "990001", "否", "张三", "", "", OUT)
    no = await verdict(app)
    await confirm(app, "t1", "990001", "是", "李四", "", "", OUT)

    assert no[0] in (RepostVerdict.MISSING, RepostVerdict.UNDETERMINED) and "疑似" not in no[1]
    assert (await verdict(app))[0] is RepostVerdict.IRREGULAR


async def test_a_persons_word_outlives_later_looks_and_walks(app: App) -> None:
    await confirm(app, "t1", "990001", "是", "张三", "", "", OUT)

    again = snapshot(post(1, NOON - 2 * DAY - HOUR, "poster", title=TITLE, text="#优化营商环境#", kind="picture"))
    await app.store.commit([write(await claim_one(app.store, "poster"), polled(again, account_id="poster"))])
    await app.store.put_articles([TASK.model_copy(update={"source": "示例市人民政府"})])
    await app.judge.refresh_articles(NOON)
    await app.rematching.finish()

    assert (await verdict(app))[0] is RepostVerdict.IRREGULAR


@pytest.mark.parametrize(
    ("article", "code", "answer", "by", "post_part", "said"),
    [
        ("t9", "990001", "是", "张三", "", "现有：t1"),
        ("t1", "990009", "是", "张三", "", "名册中没有"),
        ("t1", "990002", "是", "张三", "", "没有任何内容"),
        ("t1", "990001", "也许", "张三", "", "应为 是 或 否"),
        ("t1", "990001", "是", " ", "", "请写明核定人"),
        ("t1", "990001", "是", "张三", "不存在的链接", "可核定的有"),
    ],
)
async def test_what_is_not_clear_is_said_and_nothing_is_kept(
    app: App, article: str, code: str, answer: str, by: str, post_part: str, said: str
) -> None:
    with pytest.raises(BadInput) as caught:
        await confirm(app, article, code, answer, by, post_part, "", OUT)

    assert said in "\n".join(caught.value.problems)
    assert await app.store.keepings.decisions(["t1"]) == {}


def test_a_yes_leaves_what_has_become_sure_since_and_a_no_takes_even_that() -> None:
    sure = Repost(article_id="t1", account_id="a", post_id="p", published_at=NOON)
    yes = Decision("t1", "a", "p", "yes", "张三", NOON, repost=sure.model_copy(update={"grade": "irregular"}))
    no = Decision("t1", "a", "p", "no", "张三", NOON)

    assert decided([sure], {yes.id: yes}) == (sure,)
    assert decided([sure], {no.id: no}) == ()
    assert decided([sure], {}) == (sure,)


def test_the_command_is_there_and_helps() -> None:
    told = CliRunner().invoke(daemon.app, ["confirm", "--help"])

    assert told.exit_code == 0 and "核定" in told.output
