"""The console's page on one account and one key article: what a verdict rests on, and both texts side by side."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from desk import NOW, PaperDesk
from lxml import html
from pages import cells, page, words
from papers import (
    ARTICLES,
    HOUR,
    OUT,
    SENTENCES,
    candidate,
    edited,
    irregular,
    missing,
    owing,
    pair,
    post_of,
    repost,
    standing,
)

from monitor.model import AccountState, Fault, GoodLook, RepostVerdict, Sight
from monitor.tasks import sheets
from monitor.web import Carrier, Pair
from monitor.web.comparison import LINES_CAP, SENTENCE_CAP, compare
from monitor.wording import pair_path

MAIN = "/articles/2020-07"


async def pair_page(shown: Pair, query: str = "") -> html.HtmlElement:
    return await page(PaperDesk(pairs=[shown]), pair_path(shown.article.id, shown.account.id) + query)


def lines(shown: html.HtmlElement, change: str) -> list[list[str]]:
    found = shown.xpath(f"//*[@class='line {change}']")
    return [[words(part) for part in line.xpath("div")] for line in found]


def facts(shown: html.HtmlElement) -> dict[str, str]:
    return {words(term): words(term.getnext()) for term in shown.xpath("//dl[@class='pairs']/dt")}


# -- one account and one article ------------------------------------------------------------------------------------------------


async def test_a_missing_repost_shows_what_was_looked_at_and_when() -> None:
    shown = await pair_page(missing())

    assert facts(shown) == {
        "最近有效采集": "2020-03-03 08:55（wechat.lists），内容覆盖至 2020-03-03 08:55",
        "重要信息发布以来看全的时段": "2020-02-29 21:00 至 2020-03-03 08:55",
        "同期已采集的发布": "6 条",
    }
    assert "没有找到这条重要信息" in shown.text_content()


async def test_an_account_never_seen_is_not_said_to_lack_anything() -> None:
    state = AccountState(
        account_id=owing(1).id, failures=3, failing_since=NOW - HOUR, last_tried_at=NOW, last_error=Fault(code="auth_error", message="x")
    )

    shown = await pair_page(pair(RepostVerdict.UNDETERMINED, state=state, weighed=0))

    assert facts(shown) == {
        "最近有效采集": "尚无",
        "重要信息发布以来看全的时段": "尚无",
        "同期已采集的发布": "0 条",
        "采集失败": "自 2020-03-03 08:00 起连续 3 次",
        "最近一次尝试": "2020-03-03 09:00",
    }
    assert "没有找到" not in shown.text_content()


async def test_a_hole_in_the_sight_is_shown_as_a_hole() -> None:
    spans = ((OUT - HOUR, OUT + HOUR), (OUT + 9 * HOUR, NOW - HOUR))
    look = GoodLook(channel="feed", at=NOW - HOUR, digest="d")

    shown = await pair_page(pair(RepostVerdict.UNDETERMINED, state=AccountState(account_id="x", sight=Sight(spans=spans), last_good=look)))

    assert facts(shown)["重要信息发布以来看全的时段"] == "2020-02-29 21:00 至 2020-02-29 22:00；2020-03-01 06:00 至 2020-03-03 08:00"


async def test_the_verdict_names_its_evidence_with_field_score_and_both_sides() -> None:
    told = {"by": "dressed_title", "field": "title", "score": 0.97, "left": "要闻丨南溪市打响沿江排口治理攻坚战", "covered": 1.0}
    carried = repost(owing(1), **told)

    shown = await pair_page(pair(RepostVerdict.DONE, Carrier(carried, post_of(carried))))

    assert {key: value for key, value in facts(shown).items() if key not in ("最近有效采集", "同期已采集的发布")} == {
        "凭什么认定": "标题仅多栏目名、来源等前后缀",
        "比对的内容": "标题 相符程度 0.97",
        "重要信息": "南溪市打响沿江排口治理攻坚战",
        "该账号": "要闻丨南溪市打响沿江排口治理攻坚战",
        "正文覆盖": "原文的 100%",
        "重要信息发布以来看全的时段": "2020-02-29 21:00 至 2020-03-03 08:55",
    }


async def test_each_reason_stands_with_its_measure_and_limit() -> None:
    shown = await pair_page(irregular())

    assert [words(each) for each in shown.xpath("//ul[@class='flaws']/li")] == [
        "内容改动改动 2 句，占 29%要求：不高于 10%2.4亿元 → 3.4亿元",
        "改标题标题不同要求：只可增加栏目名、来源等前后缀我县三处排口列入全市治理名单",
    ]


async def test_reasons_kept_without_measures_are_shown_bare() -> None:
    bare = repost(owing(1), "irregular").model_copy(update={"reasons": ("无来源",)})

    shown = await pair_page(pair(RepostVerdict.IRREGULAR, Carrier(bare, None)))

    assert [words(each) for each in shown.xpath("//ul[@class='flaws']/li")] == ["无来源"]


async def test_both_texts_stand_side_by_side_with_what_differs_marked() -> None:
    shown = await pair_page(irregular())

    edited = lines(shown, "edited")
    assert lines(shown, "titles") == [["南溪市打响沿江排口治理攻坚战", "我县三处排口列入全市治理名单", "标题"]]
    assert edited[0] == [SENTENCES[0], SENTENCES[0].replace("2.4", "3.4"), "改动"]
    marks = shown.xpath("//*[@class='line edited'][1]//mark/text()")
    assert len(marks) == 2 and "2" in marks[0] and "3" in marks[1]
    assert lines(shown, "added")[0] == ["", "编者按：本县有三处排口在治理名单上。", "转载另有"]
    assert [words(each) for each in shown.xpath("//details/summary")] == ["相同的 3 句"]


async def test_the_title_at_the_head_of_a_weibo_text_stands_in_the_titles_row_alone() -> None:
    carried = repost(owing(1))
    title = "南溪市打响沿江排口治理攻坚战"

    shown = await pair_page(pair(RepostVerdict.DONE, Carrier(carried, post_of(carried, f"【{title}】{SENTENCES[0]}", title=title))))

    assert lines(shown, "titles") == [[title, title, "标题"]]
    assert lines(shown, "added") == []


async def test_what_a_post_not_known_as_a_whole_lacks_is_not_called_gone() -> None:
    carried = repost(owing(1))

    shown = await pair_page(pair(RepostVerdict.DONE, Carrier(carried, post_of(carried, SENTENCES[0], whole=False))))

    assert {line[2] for line in lines(shown, "missing")} == {"未采集到"}
    assert "未见的句子不等于被删" in shown.text_content()


async def test_several_posts_are_listed_and_the_counted_and_the_earliest_are_named() -> None:
    shown = await pair_page(irregular())

    rows = cells(shown, "//table[@class='cards']/tbody/tr")
    assert [row[1:] for row in rows] == [
        ["2020-03-01 23:00", "不规范最早，计时以此为准", "文章，全文", "比对此条"],
        ["2020-03-02 02:00", "不规范判定依据", "文章，全文", "见下"],
    ]


async def test_another_of_several_posts_can_be_compared() -> None:
    shown = irregular()
    [link] = (await pair_page(shown)).xpath("//a[text()='比对此条']/@href")

    other = await page(PaperDesk(pairs=[shown]), link)

    assert [row[-1] for row in cells(other, "//table[@class='cards']/tbody/tr")] == ["见下", "比对此条"]
    assert "正文覆盖 25%" in other.text_content()


async def test_a_candidate_says_what_is_doubted_and_is_not_called_found() -> None:
    shown = await pair_page(candidate())

    assert facts(shown)["凭什么认定"] == "疑似：标题或话题相符，内容为图片或海报"
    assert facts(shown)["说明"] == "话题与标题相符，正文只有图片"
    headings = [words(each) for each in shown.xpath("//h2")]
    assert "疑似的内容" in headings and "找到的内容" not in headings
    assert "该条内容是图片" in shown.text_content() and lines(shown, "missing") == []
    assert "全文" not in shown.text_content()


async def test_of_a_post_stored_no_more_the_kept_differences_are_shown() -> None:
    kept = repost(owing(1), "irregular", differs=[["安排资金2.4亿元", "安排资金3.4亿元"], ["odd"], 7])

    shown = await pair_page(pair(RepostVerdict.IRREGULAR, Carrier(kept, None)))

    assert lines(shown, "edited") == [["安排资金2.4亿元", "安排资金3.4亿元", "改动"]]
    assert "已不在库中" in shown.text_content()


async def test_a_post_edited_since_is_not_held_against_what_it_showed_then() -> None:
    shown = await pair_page(edited())

    assert "2020-03-03 06:00 发现已修改，判定依据修改前的内容" in shown.text_content()
    assert lines(shown, "edited") == [["安排资金2.4亿元", "安排资金3.4亿元", "改动"]]
    assert lines(shown, "missing") == lines(shown, "added") == []


async def test_a_missing_repost_names_the_posts_that_were_compared_those_that_came_near_first() -> None:
    shown = await pair_page(missing())

    rows = [[words(cell) for cell in row.xpath("td")] for row in shown.xpath("//h2[.='已比对的内容']/following-sibling::table/tbody/tr")]
    assert rows == [
        ["一图读懂沿江排口治理要点", "2020-02-29 22:00", "标题中的“一图读懂”表明是另一篇"],
        ["今日天气", "2020-03-01 06:00", "未见相符之处"],
    ]
    assert shown.xpath("//a[.='今日天气']/@href") == ["https://weibo.example/1"]


async def test_what_was_found_after_the_verdict_is_said_to_be_newer() -> None:
    found = repost(owing(1))
    newer = pair(RepostVerdict.MISSING, Carrier(found, post_of(found)))
    newer = replace(newer, standing=standing(owing(1), RepostVerdict.MISSING))

    assert "判定将在下一轮更新" in (await pair_page(newer)).text_content()


async def test_a_late_candidate_shows_how_late_it_is() -> None:
    late = repost(owing(1), "candidate", timedelta(days=2, hours=3))

    shown = await pair_page(pair(RepostVerdict.UNDETERMINED, Carrier(late, post_of(late, deleted_at=NOW))))

    assert "比截止时间晚2天3小时" in words(shown.xpath("//*[@class='outcome']")[0])
    assert "2020-03-03 09:00 起已不可见" in shown.text_content()


async def test_a_post_known_to_the_day_shows_no_hour() -> None:
    carried = repost(owing(1))

    shown = await pair_page(pair(RepostVerdict.DONE, Carrier(carried, post_of(carried, precision="day"))))

    assert cells(shown, "//table[@class='cards']/tbody/tr")[0][1] == "2020-03-02"


# -- what must not break it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"by": {}, "doubt": [], "score": "x", "covered": float("nan"), "form": "text", "left": 7},
        {"by": "near", "score": True, "form": {"a": 1}, "url": 7},
        {"form": [{}], "covered": 10**400, "differs": "text"},
    ],
    ids=["nothing", "wrong types", "of an earlier version", "empty parts"],
)
async def test_evidence_of_any_shape_is_no_error(evidence: dict[str, object]) -> None:
    who = owing(1)
    carried = repost(who).model_copy(update={"evidence": evidence})
    laid = sheets(ARTICLES[:1], [standing(who, RepostVerdict.DONE, carried)], {who.id: who})
    desk = PaperDesk(laid=laid, pairs=[pair(RepostVerdict.DONE, Carrier(carried, None), account=who)])

    for address in (MAIN, pair_path("2020-07", who.id), pair_path("2020-07", who.id) + "?post=%00"):
        assert await page(desk, address) is not None


@pytest.mark.parametrize(
    ("original", "other"),
    [
        pytest.param("", "", id="both empty"),
        pytest.param("", SENTENCES[0], id="an article without text"),
        pytest.param("水" * 1_000_000, "水" * 1_000_000, id="a million characters without a full stop"),
        pytest.param("水。" * 500_000, "火。" * 500_000, id="half a million sentences"),
        pytest.param("\ud800\x00" * 900, "\u200b" * 900, id="nothing that can be shown"),
    ],
)
def test_texts_of_any_size_are_laid_side_by_side_within_bounds(original: str, other: str) -> None:
    shown = compare(original, other, whole=True)

    drawn = [line for group in shown.groups for line in group.lines]
    assert len(drawn) <= LINES_CAP
    assert all(sum(len(piece.text) for piece in side) <= SENTENCE_CAP + 1 for line in drawn for side in (line.original, line.repost))


def test_pieces_put_together_are_the_sentences_again() -> None:
    shown = compare("南溪市 今年  安排资金2.4亿元。", "南溪市 今年  安排资金3.4亿元。", whole=True)

    [line] = [line for group in shown.groups for line in group.lines]
    assert "".join(piece.text for piece in line.original) == "南溪市 今年 安排资金2.4亿元。"
    assert [piece.text for piece in line.repost if piece.marked] != []
