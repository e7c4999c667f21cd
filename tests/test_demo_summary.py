"""The demo's summary says what the issue asks for, in its exact shape."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from rich.cells import cell_len
from rich.console import Console

from demo.answers import Expected
from demo.progress import LINE_SECONDS, State, progress
from demo.summary import SHOWN_MAILS, SHOWN_PER_REASON, Picture, differences, post_line, summary, tables, verified_line
from demo.tidings import Post
from monitor.matching import Doubt
from monitor.model import (
    Account,
    Alert,
    Article,
    Finding,
    Firing,
    Platform,
    PostMark,
    Repost,
    RepostStanding,
    RepostVerdict,
    Stage,
    Standing,
    Told,
    Verdict,
)

NOW = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)


def account(code: str, name: str, platform: Platform = Platform.WEIBO) -> Account:
    return Account(id=code, code=code, platform=platform, name=name, unit=f"{name}的主办单位")


def standing(code: str, verdict: Verdict | None, idle: int | None = None, label: str = "", reason: str = "") -> Standing:
    mark = PostMark(id=f"weibo:{code}:1", published_at=NOW - timedelta(days=idle)) if idle is not None else None
    return Standing(account_id=code, verdict=verdict, idle_days=idle, label=label, reason=reason, last_post=mark)


def alert(number: int, stage: Stage, told: bool = False) -> Alert:
    finding = Finding(rule="idle", status=Firing.FIRING, subject=f"a{number}", label="内容不更新 · 近一个月未更新")
    heard = {"a@example.invalid": Told(at=NOW, rung=1)} if told else {}
    return Alert(id=str(number), finding=finding, stage=stage, opened_at=NOW, last_seen_at=NOW, told=heard)


ARTICLE = Article(id="k1", title="关于一件要事的通知", published_at=NOW - timedelta(days=3), due_at=NOW - timedelta(days=1))
CHANGED = Repost(article_id="k1", account_id="c3", post_id="weibo:c3:1", published_at=NOW, grade="irregular", reasons=("改标题",))
DRAWN = Repost(
    article_id="k1", account_id="c4", post_id="weibo:c4:1", published_at=NOW, grade="candidate", evidence={"doubt": Doubt.PICTURE}
)
PICTURE = Picture(
    standings=[
        (account("c1", "甲发布"), standing("c1", Verdict.QUALIFIED, 0, "正常")),
        (account("c2", "乙发布", Platform.WECHAT), standing("c2", Verdict.FAILED, 14, "内容不更新")),
        (account("c3", "丙发布"), standing("c3", Verdict.FAILED, None, "无内容")),
        (account("c4", "[red]丁[/red]", Platform.DOUYIN), standing("c4", Verdict.UNDETERMINED, 45, "", "只能看到部分内容")),
        (account("c5", "戊发布"), standing("c5", None, None, "已注销")),
        (account("c6", "己发布"), standing("c6", Verdict.QUALIFIED, 10, "预警 · 还有4天到期")),
    ],
    looked_at=5,
    articles=[ARTICLE],
    reposts=[
        RepostStanding(article_id="k1", account_id="c1", verdict=RepostVerdict.DONE),
        RepostStanding(article_id="k1", account_id="c6", verdict=RepostVerdict.MISSING),
        RepostStanding(article_id="k1", account_id="c3", verdict=RepostVerdict.IRREGULAR, reason="改标题、迟2小时0分", repost=CHANGED),
        RepostStanding(article_id="k1", account_id="c4", verdict=RepostVerdict.UNDETERMINED, reason="疑似转载", repost=DRAWN),
        RepostStanding(article_id="k1", account_id="c5", verdict=RepostVerdict.UNDETERMINED, reason="采集授权失效"),
        RepostStanding(article_id="k1", account_id="c2", verdict=RepostVerdict.NOT_YET),
        RepostStanding(article_id="of another roster", account_id="c2", verdict=RepostVerdict.MISSING),
    ],
    alerts=[alert(1, Stage.OPEN), alert(2, Stage.PENDING), alert(3, Stage.RESOLVED), alert(4, Stage.RESOLVED, told=True)],
    post=Post(
        mails=[("a@example.invalid", "【内容不更新】")],
        threaded=frozenset({"b@example.invalid"}),
        refused=frozenset({"c@example.invalid"}),
        deferred=frozenset({"d@example.invalid"}),
        rechecks=1,
    ),
)


def printed(picture: Picture, width: int = 150) -> str:
    console = Console(file=io.StringIO(), width=width)
    for table in tables(picture):
        console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_summary_has_the_shape_of_the_issue() -> None:
    found = summary(PICTURE)

    assert found == {
        "accounts": 6,
        "looked_at": 5,
        "verdicts": {"合格": 2, "不合格": 2, "无法判定": 1},
        "failing": [
            {"code": "c3", "name": "丙发布", "platform": "微博", "label": "无内容", "last_post_at": None, "idle_days": None},
            {
                "code": "c2",
                "name": "乙发布",
                "platform": "微信",
                "label": "内容不更新",
                "last_post_at": "2026-11-04T15:00:00+08:00",
                "idle_days": 14,
            },
        ],
        "undetermined": [{"code": "c4", "name": "[red]丁[/red]", "reason": "只能看到部分内容"}],
        "reposts": {"关于一件要事的通知": {"已转载": 1, "转载不规范": 1, "转载不及时": 0, "未转载": 1, "无法判定": 2}},
        "irregular": [
            {"article": "k1", "code": "c3", "name": "丙发布", "platform": "微博", "reasons": ["改标题"], "told": "改标题、迟2小时0分"}
        ],
        "seeming": [{"article": "k1", "code": "c4", "name": "[red]丁[/red]", "platform": "抖音", "reason": "疑似转载"}],
        "alerts_opened": 2,
        "mails": [{"to": "a@example.invalid", "subject": "【内容不更新】"}],
        "letters": {"a@example.invalid": ["内容不更新"]},
        "refused": ["c@example.invalid"],
        "deferred": ["d@example.invalid"],
        "recovered": ["b@example.invalid"],
        "rechecks": 1,
    }
    assert orjson.loads(orjson.dumps(found)) == found


def test_the_gravest_verdicts_are_printed_first_and_names_stay_names() -> None:
    text = printed(PICTURE)

    places = [text.index(word) for word in ("丙发布", "乙发布", "[red]丁[/red]", "己发布", "其余 1 个账号")]
    assert places == sorted(places)
    assert "戊发布" not in text


def test_missing_reposts_are_printed_with_their_deadline() -> None:
    text = printed(PICTURE)

    assert "未转载 1" in text and "11-17 15:00" in text
    assert [(article.id, owing.code) for article, owing in PICTURE.missing()] == [("k1", "c6")]


def test_both_rates_stand_with_their_base_and_each_reason_and_doubt_with_its_account() -> None:
    text = printed(PICTURE)

    row = next(line for line in text.splitlines() if ARTICLE.title in line)
    assert [cell.strip() for cell in row.split("│")[2:-1]] == ["6", "1", "1", "0", "1", "2", "1", "3", "66.67%", "33.33%"]
    assert "转载不规范 1" in text and "改标题、迟2小时0分" in text
    assert "疑似转载，待人工核实 1" in text and Doubt.PICTURE.label in text


def test_every_table_on_reposts_can_be_read_at_120_columns() -> None:
    long = ARTICLE.model_copy(update={"title": "一件要事" * 8})

    text = printed(replace(PICTURE, articles=[long]), width=120)

    assert max(map(cell_len, text.splitlines())) <= 120
    assert "改标题、迟2小时0分" in text and Doubt.PICTURE.label in text and "11-17 15:00" in text


@pytest.mark.parametrize(
    ("confirmed", "doubtful", "line"),
    [
        (2, 0, "已核实疑似转载 2 条。"),
        (0, 2, "已核实疑似转载 0 条，另有 2 条尚无法打开原文核实。"),
    ],
)
def test_what_was_opened_to_be_verified_is_one_line(confirmed: int, doubtful: int, line: str) -> None:
    assert verified_line(replace(PICTURE, confirmed=confirmed, doubtful=doubtful)) == line


def test_what_became_of_the_letters_is_one_line() -> None:
    assert post_line(PICTURE.post) == "一键复查 1 次，恢复告知 1 封，退信地址 1 个，暂时拒收 1 个。"


def test_a_long_list_of_mails_is_cut_in_the_table_and_whole_in_the_summary() -> None:
    mails = [(f"m{number}@example.invalid", "主题") for number in range(SHOWN_MAILS + 3)]
    many = Picture(standings=[], looked_at=0, post=Post(mails=mails))

    text = printed(many)

    assert "已发邮件 15 封" in text and "另有 3 封" in text
    assert len(summary(many)["mails"]) == SHOWN_MAILS + 3


def test_nothing_looked_at_yet_gives_an_honest_empty_summary() -> None:
    found: dict[str, Any] = summary(Picture(standings=[], looked_at=0))

    assert found["verdicts"] == {"合格": 0, "不合格": 0, "无法判定": 0}
    assert (found["failing"], found["mails"], found["reposts"]) == ([], [], {})


REPOSTS = {"关于一件要事的通知": {"已转载": 1, "转载不规范": 1, "转载不及时": 0, "未转载": 1, "无法判定": 2}}
TRUTH = Expected(
    qualified=2,
    failing={"c2": 14, "c3": None},
    undetermined={"c4": "degraded"},
    reminded={},
    reposts=REPOSTS,
    missing=frozenset({("k1", "c6")}),
    irregular={("k1", "c3"): ("改标题",)},
    seeming=frozenset({("k1", "c4")}),
)
ANSWERS = {
    "as known": (TRUTH, []),
    "one too many": (replace(TRUTH, failing={"c2": 14}), ["不合格多出：c3"]),
    "one too few": (replace(TRUTH, undetermined={"c4": "degraded", "c9": "auth_error"}), ["无法判定缺少：c9"]),
    "a day wrong": (replace(TRUTH, failing={"c2": 15, "c3": None}), ["未更新天数不符：c2"]),
    "another reason": (replace(TRUTH, irregular={("k1", "c3"): ("无来源",)}), ["转载不规范的原因不符：k1 c3（改标题，应为无来源）"]),
    "one seeming too many": (replace(TRUTH, seeming=frozenset()), ["疑似转载不符：k1 c4"]),
    "a repost wrong": (replace(TRUTH, reposts={"关于一件要事的通知": {"已转载": 2}}), ["转载情况不符：关于一件要事的通知"]),
}


@pytest.mark.parametrize(("expected", "lines"), list(ANSWERS.values()), ids=list(ANSWERS))
def test_a_departure_from_the_known_answers_is_named(expected: Expected, lines: list[str]) -> None:
    assert differences(summary(PICTURE), expected) == lines


def test_hundreds_that_cannot_be_judged_for_one_reason_are_listed_in_part() -> None:
    codes = [f"c{number}" for number in range(100, 140)]
    pairs = [(account(code, f"账号{code}"), standing(code, Verdict.UNDETERMINED, reason="数据源疑似停滞")) for code in codes]

    text = printed(Picture(standings=pairs, looked_at=40))

    assert text.count("的主办单位") == SHOWN_PER_REASON
    assert "另有 35 个账号" in text


class Ticking:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOW

    def elapsed(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def test_off_a_terminal_progress_is_a_plain_line_every_two_seconds() -> None:
    out, clock = io.StringIO(), Ticking()

    with progress(Console(file=out, width=120), clock) as show:
        for number in range(9):
            clock.seconds = number * LINE_SECONDS / 4
            show(State(accounts=423, looked_at=number, waiting=0, mails=0))

    assert out.getvalue().splitlines() == [f"采集账号 {number}/423  待核对 0  邮件 0" for number in (0, 4, 8)]


def test_on_a_terminal_progress_is_a_bar() -> None:
    out = io.StringIO()

    with progress(Console(file=out, width=120, force_terminal=True), Ticking()) as show:
        show(State(accounts=423, looked_at=100, waiting=2, mails=1))

    assert "100/423" in out.getvalue()
