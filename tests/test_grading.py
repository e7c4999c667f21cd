"""Which reposts are not in order, and why; and, for each reason, when it must not be given (handbook 5.3)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.matching.evidence import Evidence, Match
from monitor.matching.grading import Flaw, Reason, flaws
from monitor.matching.wishes import FormLimits, MatchingSettings
from monitor.model import Article, Citation, Post

ISSUED = datetime(2024, 5, 15, 2, tzinfo=UTC)
TITLE = "临江市部署2024年防汛抗旱工作"
LINK = "https://www.linjiang.example/zwgk/t20240515.html"
TEXT = (
    "5月15日，临江市召开2024年防汛抗旱工作会议，总结去年工作，安排今年任务。会议指出，今年入汛时间较往年提前12天，形势更为复杂。\n"
    "会议要求，各县区要在5月底前完成186座水库的安全检查，备足抢险物资3.5万件。要逐村逐户排查低洼地带和地质灾害点，明确转移路线。\n"
    "会议强调，要严格执行领导带班和24小时值班制度，遇有险情第一时间上报。各部门要加强会商研判，及时发布预警，确保群众生命财产安全。\n"
    "会前，与会人员到江心洲泵站查看了设备运行情况。"
)
SUMMARY = "5月15日，临江市召开2024年防汛抗旱工作会议，总结去年工作，安排今年任务。"
SOURCE = "\n来源：临江市人民政府办公室"
ARTICLE = Article(
    id="t-1", title=TITLE, text=TEXT, urls=(LINK,), source="临江市人民政府办公室", published_at=ISSUED, due_at=ISSUED + timedelta(hours=24)
)
WISHES = MatchingSettings()


def wechat(**fields: Any) -> Post:
    """Return an article of a WeChat account as its page shows it: whole and in order, but for the fields."""
    return _post("wechat", "article", {"title": TITLE, "text": TEXT + SOURCE, "whole": True, **fields})


def weibo(**fields: Any) -> Post:
    """Return a Weibo post that was unfolded: whole and in order, but for the fields."""
    return _post("weibo", "post", {"title": TITLE, "text": f"【{TITLE}】{TEXT}{SOURCE}", "whole": True, **fields})


def _post(platform: str, kind: str, fields: dict[str, Any]) -> Post:
    at = ISSUED + timedelta(hours=2)
    return Post(**{"id": f"{platform}:a:1", "account_id": "a", "published_at": at, "first_seen_at": at, "kind": kind, **fields})


def match(by: Evidence = Evidence.TITLE, **fields: Any) -> Match:
    return Match(**{"article_id": "t-1", "post_id": "p", "by": by, "field": "title", "score": 1.0, "left": "", "right": "", **fields})


def found(post: Post, by: Evidence = Evidence.TITLE, article: Article = ARTICLE, wishes: MatchingSettings = WISHES) -> tuple[Flaw, ...]:
    return flaws(article, post, match(by), wishes)


def reasons(post: Post, by: Evidence = Evidence.TITLE, article: Article = ARTICLE, **form: Any) -> list[str]:
    return [flaw.reason.label for flaw in found(post, by, article, MatchingSettings(form=FormLimits(**form)))]


def edited(**fields: Any) -> Article:
    return ARTICLE.model_copy(update=fields)


BRACKETS = f"【{TITLE}】"
REWORDED = TEXT.replace("总结去年工作，安排今年任务", "回顾了上年成绩并布置后续事项").replace("遇有险情第一时间上报", "发现问题尽快报告")
IRREGULAR: dict[str, tuple[Post, Evidence, list[str]]] = {
    "another title over the same text": (wechat(title="汛期将至，这些事情你要知道"), Evidence.TEXT, ["改标题"]),
    "a title cut to one clause": (wechat(title="防汛抗旱工作"), Evidence.TEXT, ["改标题"]),
    "a title with words of its own around the article's": (wechat(title=f"书记点名！{TITLE}，你看到了吗？"), Evidence.TEXT, ["改标题"]),
    "a part of the title over the text": (wechat(title="部署2024年防汛抗旱工作"), Evidence.TITLE_PART, ["改标题"]),
    "another title over a link": (
        wechat(title="本周要闻一览请收好", text=f"{TEXT}\n{LINK}", citation=Citation(url=LINK)),
        Evidence.LINK,
        ["改标题"],
    ),
    "another title in brackets": (weibo(title="汛期来了", text=f"【汛期将至大家注意】{TEXT}{SOURCE}"), Evidence.TEXT, ["改标题"]),
    "no word on the source": (wechat(text=TEXT), Evidence.TITLE, ["无来源"]),
    "a column that names no medium": (wechat(title=f"要闻丨{TITLE}", text=TEXT), Evidence.DRESSED_TITLE, ["无来源"]),
    "a source that is nobody": (wechat(text=TEXT + "\n来源：网络"), Evidence.TITLE, ["无来源"]),
    "income sources are no source": (wechat(text=TEXT + "\n要拓宽群众收入来源渠道，做好后勤。"), Evidence.TITLE, ["无来源"]),
    "what follows from the news is no source": (wechat(text="根据雨情消息及时转移。" + TEXT), Evidence.TITLE, ["无来源"]),
    "a link to another site of that name": (wechat(text=TEXT + "\nhttp://school.linjiang.example/"), Evidence.TITLE, ["无来源"]),
    "a title and a link": (weibo(text=f"{BRACKETS}{LINK}"), Evidence.LINK, ["仅链接"]),
    "a title, tags and a short link": (weibo(text=f"#防汛#{BRACKETS}详情请戳 http://t.cn/A6abcDEF #临江发布#"), Evidence.TITLE, ["仅链接"]),
    "a share page": (
        wechat(kind="share", text="", citation=Citation(url=LINK, account="12", post_id="3_1")),
        Evidence.CITATION,
        ["仅链接"],
    ),
    "a share page with a comment": (wechat(kind="share", text="请各单位认真学习贯彻。" * 9), Evidence.LINK, ["仅链接"]),
    "a summary": (weibo(text=f"{BRACKETS}{SUMMARY}（临江市政府办）"), Evidence.TITLE, ["截断或摘要"]),
    "the first third": (wechat(text=TEXT[:90] + SOURCE), Evidence.TITLE, ["截断或摘要"]),
    "a title alone, without a link": (weibo(text=f"{BRACKETS}（临江市政府办）"), Evidence.TITLE, ["截断或摘要"]),
    "a poster": (wechat(kind="picture", text="", whole=True), Evidence.TITLE, ["图片"]),
    "a page without a word": (wechat(text=""), Evidence.TITLE, ["图片"]),
    "a poster with a link under it": (wechat(kind="picture", text=f"详情：{LINK}"), Evidence.LINK, ["图片"]),
    "sentences in other words": (wechat(text=REWORDED + SOURCE), Evidence.TITLE, ["内容改动"]),
    "other figures": (wechat(text=TEXT.replace("186座", "168座") + SOURCE), Evidence.TITLE, ["内容改动"]),
    "two reasons at once": (wechat(title="汛期将至，这些事情你要知道", text=TEXT), Evidence.TEXT, ["改标题", "无来源"]),
    "a summary under another title": (
        weibo(title="", text=f"【汛期将至大家注意】{SUMMARY}{SOURCE}"),
        Evidence.TEXT,
        ["改标题", "截断或摘要"],
    ),
}


@pytest.mark.parametrize("name", IRREGULAR)
def test_a_repost_that_is_not_in_order_says_why(name: str) -> None:
    post, by, expected = IRREGULAR[name]

    given = found(post, by)

    assert [flaw.reason.label for flaw in given] == expected
    assert all(flaw.measure and flaw.limit for flaw in given)


CARD = f"{TEXT}\n以下文章来源于临江发布"
FORMAL = Citation(url=LINK, account="3200000000", post_id="2650000000_1")
FORWARD = Citation(account="1234567890", post_id="4900000000000001")
IN_ORDER: dict[str, tuple[Post, Evidence]] = {
    "the whole with its source": (wechat(), Evidence.TITLE),
    "the original itself": (wechat(title="另一个完全不同的标题", text=""), Evidence.ORIGINAL),
    # 改标题
    "a column before the title": (wechat(title=f"要闻丨{TITLE}"), Evidence.DRESSED_TITLE),
    "a source before the title": (wechat(title=f"【新华社】{TITLE}"), Evidence.DRESSED_TITLE),
    "a note behind the title": (wechat(title=f"{TITLE}（全文）"), Evidence.DRESSED_TITLE),
    "punctuation and blanks in the title": (wechat(title="临江市：部署 2024年“防汛抗旱”工作！"), Evidence.TITLE),
    "a title that a list cut": (wechat(title="临江市部署2024年防汛抗…"), Evidence.TEXT),
    "a Weibo text without a title": (weibo(title="", text=TEXT + SOURCE), Evidence.TEXT),
    "a first line that an adapter took for a title": (weibo(title="各位市民朋友请注意", text=TEXT + SOURCE), Evidence.TEXT),
    "the title of a card beside the text": (weibo(title="临江发布的微博视频", text=TEXT + SOURCE), Evidence.TEXT),
    "a column in brackets before the title": (weibo(title="", text=f"【权威发布】{BRACKETS}{TEXT}{SOURCE}"), Evidence.TITLE),
    "a call before the title": (weibo(title="", text=f"【请扩散周知】{TITLE}\n{TEXT}{SOURCE}"), Evidence.TEXT),
    "a headline above the title": (weibo(title="", text=f"#防汛#【汛期里的温暖守护者】{BRACKETS}{TEXT}{SOURCE}"), Evidence.TEXT),
    # 无来源
    "a local medium before the title": (wechat(title=f"【临江日报】{TITLE}", text=TEXT), Evidence.DRESSED_TITLE),
    "a column named after its publisher": (wechat(title=f"临江发布丨{TITLE}", text=TEXT), Evidence.DRESSED_TITLE),
    "a local medium in brackets at the foot": (wechat(text=f"{TEXT}\n（临江融媒体中心）"), Evidence.TITLE),
    "a short form of the issuer": (wechat(text=TEXT + "\n（市政府办）"), Evidence.TITLE),
    "a medium's name at the head": (wechat(text="人民日报消息 " + TEXT), Evidence.TITLE),
    "a dateline": (wechat(text="新华社临江5月15日电 " + TEXT), Evidence.TITLE),
    "another source than ours": (wechat(text=TEXT + "\n来源｜江东晚报"), Evidence.TITLE),
    "taken from somewhere": (wechat(text="转自江东发布\n" + TEXT), Evidence.TITLE),
    "a report that is quoted": (wechat(text="据江东电视台报道，" + TEXT), Evidence.TITLE),
    "the source in the title": (wechat(title=f"{TITLE}（来源：临江发布）", text=TEXT), Evidence.DRESSED_TITLE),
    "a card that names the source": (wechat(text=CARD), Evidence.TITLE),
    "a formal reprint of somebody's": (wechat(text=TEXT, citation=FORMAL), Evidence.TITLE),
    "the article's link": (wechat(text=TEXT, citation=Citation(url=LINK)), Evidence.LINK),
    "a link to the issuer's site": (wechat(text=TEXT + "\nhttp://www.linjiang.example/"), Evidence.TITLE),
    "a short link to nobody knows where": (weibo(text=f"{BRACKETS}{TEXT} http://t.cn/A6abcDEF"), Evidence.TITLE),
    "a source line above a long foot": (wechat(text=TEXT + SOURCE + "\n" + "关注我们，了解更多政务服务。" * 40), Evidence.TITLE),
    # 仅链接
    "a forward of the original": (weibo(kind="repost", title="", text="转发微博", citation=FORWARD), Evidence.CITATION),
    "a forward of a repost": (weibo(kind="repost", title="", text="学习！", citation=FORWARD), Evidence.TITLE),
    "a forward that shows another title": (weibo(kind="repost", title="请大家认真学习", text=TEXT, citation=FORWARD), Evidence.TEXT),
    "a formal reprint": (wechat(title="原题另拟", text=TEXT, citation=FORMAL), Evidence.CITATION),
    "a link under the whole text": (weibo(text=f"{BRACKETS}{TEXT}\n{LINK}"), Evidence.LINK),
    "an article of the account's own behind a card": (
        weibo(text=f"{BRACKETS}\nhttps://weibo.com/ttarticle/p/show?id=2309404900000000000001"),
        Evidence.TITLE,
    ),
    # 截断
    "a text that its list cut": (wechat(text=SUMMARY, whole=False), Evidence.TITLE),
    "a text behind a fold": (weibo(text=f"{BRACKETS}{SUMMARY}...全文", whole=False), Evidence.TITLE),
    "nothing known but the title": (wechat(text="", whole=False), Evidence.TITLE),
    "a film with its title": (wechat(kind="video", text="视频来源见片尾"), Evidence.TITLE),
    "a text without its last lines": (wechat(text=TEXT[:190] + SOURCE), Evidence.TITLE),
    "the article behind much else": (wechat(text="各地动态汇总如下。" * 2_500 + TEXT + SOURCE), Evidence.TITLE),
    # 图片
    "a picture post that carries the words": (wechat(kind="picture", text=TEXT + SOURCE), Evidence.TITLE),
    # 内容改动
    "an editor's note above and a call below": (
        wechat(text=f"编者按：汛期将至，请各单位认真学习领会。\n{TEXT}{SOURCE}\n编辑：张三 审核：李四\n长按二维码关注我们。"),
        Evidence.TITLE,
    ),
    "other punctuation and lines": (wechat(text=TEXT.replace("。", "，\n") + SOURCE), Evidence.TITLE),
    "a title in front of the first sentence": (weibo(text=f"#防汛#{BRACKETS}{TEXT}{SOURCE}"), Evidence.TITLE),
    "traditional script": (wechat(text=TEXT.replace("会议", "會議").replace("领导", "領導") + SOURCE), Evidence.TITLE),
    "captions between the lines": (wechat(text=TEXT.replace("。\n", "。\n图为会议现场。\n") + SOURCE), Evidence.TITLE),
    "one sentence put right": (wechat(text=TEXT.replace("查看了设备", "实地查看了各类设备") + SOURCE), Evidence.TITLE),
    "the day it was put up": (wechat(text="发布时间：2024-05-16 09:30\n" + TEXT + SOURCE), Evidence.TITLE),
}


@pytest.mark.parametrize("name", IN_ORDER)
def test_a_repost_in_order_or_not_known_well_enough_has_no_flaw(name: str) -> None:
    post, by = IN_ORDER[name]

    assert found(post, by) == ()


def test_two_stock_phrases_in_other_words_alter_no_text() -> None:
    other = "会议强调，要落实领导带班和全天值班制度，遇有险情第一时间报告。" + "本次演练分为六个科目，共有三百余人参加。" * 20

    assert reasons(wechat(text=other + SOURCE)) == ["截断或摘要"]


def test_a_short_text_with_another_figure_was_altered() -> None:
    text = "5月15日起对江滨大道实行交通管制，预计持续36天，请过往车辆提前绕行建设路、解放路。管制期间3路公交车改道，学校门口另设临时站点。"

    assert reasons(wechat(text=text.replace("36天", "63天") + SOURCE), article=edited(text=text)) == ["内容改动"]


def test_a_short_article_with_a_link_is_no_link_alone() -> None:
    text = "明日零时起江滨大道恢复通行。"

    assert reasons(weibo(text=f"{BRACKETS}{text}{LINK}"), Evidence.LINK, edited(text=text)) == []


def test_the_words_of_a_link_are_no_text() -> None:
    assert reasons(weibo(text=f"{BRACKETS}戳网页链接 {LINK}"), Evidence.LINK, link_only=1) == ["仅链接"]


def test_a_platform_where_all_have_accounts_is_no_source() -> None:
    article = edited(urls=("https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA",))

    assert reasons(wechat(text=f"{TEXT}\nhttps://mp.weixin.qq.com/s/BBBBBBBBBBBBBBBBBBBBBB"), article=article) == ["无来源"]


@pytest.mark.parametrize("standing", ["candidate", "refused"])
def test_nothing_is_held_against_a_post_that_may_not_carry_the_article(standing: Any) -> None:
    assert flaws(ARTICLE, wechat(text="", title="海报"), match(Evidence.RESEMBLANCE, standing=standing), WISHES) == ()


def test_another_title_counts_only_where_the_body_or_a_link_shows_that_it_is_the_article() -> None:
    post = wechat(title="防汛抗旱工作会议", text="", whole=False)

    assert reasons(post, Evidence.TITLE_PART) == []
    assert reasons(post, Evidence.LINK) == ["改标题"]


def test_an_article_without_text_cuts_and_changes_nothing() -> None:
    for text in ("", "防汛会议召开。"):
        assert reasons(wechat(text=SUMMARY + SOURCE), article=edited(text=text)) == []


def test_an_article_without_a_named_source_asks_for_any() -> None:
    article = edited(source="")

    assert reasons(wechat(), article=article) == []
    assert reasons(wechat(text=TEXT), article=article) == ["无来源"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("临江市人民政府办公室", "临江市政府办公室"),
        ("临江市人民政府办公室", "市人民政府办公室"),
        ("临江市政府办", "市人民政府办公室"),
        ("中共临江市委宣传部", "市委宣传部"),
        ("江东省临江市教育局", "临江市教育局"),
        ("江东晚报、临江发布", "临江發布"),
        ("国务院办公厅", "国务院办公厅"),
    ],
)
def test_an_issuer_is_known_by_its_forms(source: str, words: str) -> None:
    text = "全市各学校五月起开展防溺水教育。" * 5

    assert reasons(wechat(text=f"{text}\n{words}"), article=edited(source=source, text=text)) == []
    assert reasons(wechat(text=text), article=edited(source=source, text=text)) == ["无来源"]


def test_a_source_amid_a_long_text_is_not_at_its_head_or_foot() -> None:
    filler = "各单位要结合实际抓好落实。" * 30
    post = wechat(text=f"{filler}临江市人民政府办公室{filler}")

    assert reasons(post, article=edited(text="")) == ["无来源"]
    assert reasons(post, article=edited(text=""), source_reach=1_000) == []


SWITCHED_OFF = {
    "改标题": (wechat(title="汛期将至，这些事情你要知道"), Evidence.TEXT, {"retitled": False}),
    "无来源": (wechat(text=TEXT), Evidence.TITLE, {"unsourced": False}),
    "仅链接": (weibo(text=f"{BRACKETS}{LINK}"), Evidence.LINK, {"link_only": 0, "cut_share": 0}),
    "截断或摘要": (wechat(text=SUMMARY + SOURCE), Evidence.TITLE, {"cut_share": 0}),
    "图片": (wechat(kind="picture", text=""), Evidence.TITLE, {"picture": False}),
    "内容改动": (wechat(text=TEXT.replace("186座", "168座") + SOURCE), Evidence.TITLE, {"changed_share": 1}),
}


@pytest.mark.parametrize("label", SWITCHED_OFF)
def test_a_reason_that_is_switched_off_is_never_given(label: str) -> None:
    post, by, form = SWITCHED_OFF[label]

    assert reasons(post, by) == [label]
    assert reasons(post, by, **form) == []


def test_every_reason_has_a_label() -> None:
    assert sorted(SWITCHED_OFF) == sorted(reason.label for reason in Reason)


def test_a_measure_never_seems_to_meet_the_limit_it_missed() -> None:
    article = edited(text="".join(chr(0x4E00 + n) + ("。" if n % 20 == 19 else "") for n in range(2_000)))
    post = wechat(text=article.text[:1_259] + SOURCE)

    [flaw] = found(post, article=article)

    assert flaw.reason is Reason.CUT
    assert "60%" not in flaw.measure and "60%" in flaw.limit


def test_details_name_what_was_found() -> None:
    given = {flaw.reason: flaw for name in ("another title over the same text", "other figures") for flaw in found(*IRREGULAR[name][:2])}

    assert TITLE in given[Reason.RETITLED].detail and "汛期将至" in given[Reason.RETITLED].detail
    assert "186座" in given[Reason.CHANGED].detail and "168座" in given[Reason.CHANGED].detail


# -- whatever comes in --------------------------------------------------------------------------------------------------------

WORDS = st.text(st.sampled_from("临江市防汛抗旱工作会议要求各地加强巡查排险情12３三。！；，“”（）【】#@:/ \n"), max_size=300)
ANY = st.text(max_size=200)


@given(WORDS | ANY)
@settings(deadline=None)
def test_a_whole_repost_with_a_source_line_has_no_flaw_whatever_the_article_says(text: str) -> None:
    article = edited(text=text)
    post = wechat(text=f"{text}\n来源：临江市人民政府办公室")

    assert found(post, Evidence.TITLE, article) == ()


@given(ANY, ANY, ANY, st.sampled_from(list(Evidence)), st.sampled_from(["article", "post", "picture", "share", "repost", "text"]))
@settings(deadline=None)
def test_no_input_is_an_error(title: str, text: str, body: str, by: Evidence, kind: str) -> None:
    post = wechat(title=title, text=text, kind=kind)

    given = found(post, by, edited(text=body, source=title))

    labels = [flaw.reason for flaw in given]
    assert len(set(labels)) == len(labels)
    assert not {Reason.CUT, Reason.LINK_ONLY} <= set(labels)


HOSTILE = {
    "a megabyte of one letter": "的" * 1_000_000,
    "a megabyte of source lines": "来源：" * 300_000,
    "a megabyte of links": "http://a.b/" * 90_000,
    "a megabyte of 据": "据" * 1_000_000,
    "brackets": "【" * 1_000_000,
    "tags": "#" * 1_000_000,
    "surrogates": "\ud800\x00" * 500_000,
    "a title of 4,000 characters": TITLE * 300,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_is_graded_slowly(name: str) -> None:
    text = HOSTILE[name]
    post = weibo(title=text[:4_000], text=text)
    started = time.process_time()

    found(post, Evidence.LINK, edited(text=text, source=text[:4_000]))

    assert time.process_time() - started < 3
