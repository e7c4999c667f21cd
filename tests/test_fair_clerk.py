"""What a fair clerk would say of posts as county accounts write them: carried, worth a look, or another matter. All texts are invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.matching import ArticleIndex, Doubt, Evidence, Match
from monitor.model import Account, Article, Citation, Platform, Post

ISSUED = datetime(2024, 5, 13, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACCOUNT = Account(id="a", platform=Platform.WEIBO, name="示例发布")
FAIR = "第十二届樾洲春茶文化节在云岭镇开幕"
FAIR_TEXT = (
    "5月12日上午，第十二届樾洲春茶文化节在云岭镇万亩茶园开幕。来自19个省份的260余家茶企和采购商代表齐聚一堂，共品新茶、共谋发展。\n"
    "本届茶文化节为期7天，设置斗茶大赛、茶旅体验、产销对接会等8项活动。开幕式上现场签约项目23个，总金额41.6亿元。\n"
    "近年来，樾洲市把茶产业作为富民强市的支柱产业，全市茶园面积86万亩，年产干茶3.2万吨，带动18万茶农增收。"
)
MEETING = "市政府召开常务会议"
MEETING_TEXT = (
    "5月10日，市长主持召开市政府常务会议，研究稳就业、优化营商环境、城市更新等工作。\n"
    "会议审议通过《樾洲市促进高校毕业生就业创业若干措施》，决定安排专项资金6000万元，开发政策性岗位1.5万个。\n"
    "会议研究城市更新工作，要求坚持留改拆并举，年内完成老旧小区改造92个，惠及居民3.1万户。"
)
OWN_WORDS = "请各合作社、各采购商朋友积极参加，也欢迎外地游客来做客，共品一杯春茶，感受茶乡的热情好客，期待与大家相会！"
OTHER_NEWS = (
    "连日来，本市各学校陆续开展国家安全教育活动，同学们通过主题班会、知识竞赛和参观展览等方式学习有关法律，现场气氛热烈，"
    "大家纷纷表示受益匪浅。市第三中学邀请社区民警走进课堂，用身边的案例讲解怎样识别网络谣言，互动问答环节掌声不断。"
)


def article(title: str = FAIR, text: str = "", **fields: Any) -> Article:
    return Article(**{"id": "k", "title": title, "text": text, "published_at": ISSUED, "due_at": ISSUED + 24 * HOUR, **fields})


def weibo(text: str, hours: float = 5, **fields: Any) -> Post:
    at = ISSUED + hours * HOUR
    made = {"id": "weibo:a:1", "account_id": "a", "published_at": at, "first_seen_at": at, "kind": "post", "whole": True}
    return Post(**{**made, "text": text, **fields})


def listed(title: str, digest: str = "", hours: float = 5, **fields: Any) -> Post:
    """Return a post as WeChat's lists show it: title and digest."""
    return weibo(digest, hours, **{"title": title, "kind": "article", "whole": False, **fields})


def said(post: Post, *articles: Article) -> list[Match]:
    return list(ArticleIndex(articles).find(post, ACCOUNT))


def standing(post: Post, *articles: Article) -> str:
    return {match.article_id: match.standing for match in said(post, *articles)}.get("k", "nothing")


# -- titles alone -----------------------------------------------------------------------------------------------------------------

NOTICE = "关于做好2024年中秋节期间安全生产工作的通知"
LEADER = "沈嘉到云岭县调研春耕备耕和粮食生产工作"
ANOTHER_MATTER = {
    "another holiday": (NOTICE, "关于做好2024年国庆节期间安全生产工作的通知"),
    "another subject": (NOTICE, "关于做好2024年中秋节期间疫情防控工作的通知"),
    "called off": (NOTICE, "关于取消2024年中秋节期间安全生产工作的通知"),
    "another plan": ("关于印发《樾洲市防汛应急预案》的通知", "关于印发《樾洲市防震应急预案》的通知"),
    "another leader": (LEADER, "祁松到云岭县调研春耕备耕和粮食生产工作"),
    "another leader, the office before the name": (f"副市长{LEADER}", "副市长祁松到云岭县调研春耕备耕和粮食生产工作"),
    "another county": (LEADER, "沈嘉到石泉县调研春耕备耕和粮食生产工作"),
    "the other end of it": (FAIR, "第十二届樾洲春茶文化节在云岭镇闭幕"),
    "the warning lifted": ("樾洲市气象台发布暴雨橙色预警信号", "樾洲市气象台解除暴雨橙色预警信号"),
    "another warning": ("樾洲市气象台发布暴雨橙色预警信号", "樾洲市气象台发布暴雨黄色预警信号"),
    "another level": ("樾洲市防汛抗旱指挥部关于启动防汛四级应急响应的通知", "樾洲市防汛抗旱指挥部关于启动防汛三级应急响应的通知"),
    "another number of cases": ("市纪委监委公开通报十起违反中央八项规定精神典型问题", "市纪委监委公开通报七起违反中央八项规定精神典型问题"),
    "another of several meetings": ("市政协五届二次会议举行第二次全体会议 陆明远出席", "市政协五届二次会议举行第三次全体会议 陆明远出席"),
    "the same column over other news": ("【新思想引领新征程】绿色转型的樾洲实践", "【新思想引领新征程】数字赋能的石泉探索"),
    "a live show of it": (FAIR, f"直播｜{FAIR}"),
}


@pytest.mark.parametrize("name", ANOTHER_MATTER)
def test_a_title_in_the_same_words_about_another_matter_is_never_believed(name: str) -> None:
    asked, shown = ANOTHER_MATTER[name]

    assert standing(listed(shown), article(asked)) != "found"
    assert standing(listed(shown), article(asked, f"{asked}。{FAIR_TEXT}")) != "found"


SHORTENED = {
    "years left out": ("《樾洲市城市更新三年行动方案（2024—2026年）》印发", "樾洲市城市更新三年行动方案印发"),
    "the issuer's short name": ("樾洲市卫生健康委员会关于开展夏季传染病防控工作的公告", "市卫健委关于开展夏季传染病防控工作的公告"),
    "our city": ("樾洲市2024年中小学招生入学工作实施意见公布", "我市2024年中小学招生入学工作实施意见公布"),
    "in another order": ("今年前4个月全市经济运行情况发布", "樾洲市前4个月经济运行情况发布"),
    "a preposition before a place": (LEADER, "沈嘉赴云岭县调研春耕备耕和粮食生产工作"),
    "the year in two digits": ("樾洲市2024年度政府工作报告", "樾洲市24年度政府工作报告"),
    "the year in Chinese": ("樾洲市2024年度政府工作报告", "樾洲市二〇二四年度政府工作报告"),
    "from month to month": ("2024年1—4月樾洲市经济运行情况", "2024年1至4月樾洲市经济运行情况"),
    "without its opening word": ("关于开展“清凉一夏”志愿服务活动的倡议书", "“清凉一夏”志愿服务活动倡议书"),
    "a short title": ("惠民十条", "惠民十条"),
    "a short title among words": ("惠民十条", "樾洲“惠民十条”来了！"),
    "a shout of the place's own": (NOTICE, f"樾洲人请注意！{NOTICE}，请转发周知"),
}


@pytest.mark.parametrize("name", SHORTENED)
def test_a_title_as_county_accounts_shorten_it_accuses_nobody(name: str) -> None:
    asked, shown = SHORTENED[name]

    assert standing(listed(shown), article(asked)) in ("found", "candidate")


def test_where_only_the_week_is_left_out_the_title_does_not_tell_which_week() -> None:
    asked = article("樾洲市一周空气质量情况（5月6日—5月12日）")

    assert [match.doubt for match in said(listed("樾洲市一周空气质量情况", hours=24 * 7), asked)] == [Doubt.RECURRING]


def test_a_column_before_the_title_leads_to_it_even_over_a_text_that_differs() -> None:
    asked = article(text="近日，有关部门出台政策文件，明确了活动安排、报名程序和监督举报渠道，相关负责人对热点问题作了回应，全文请见下方。")

    assert [match.doubt for match in said(weibo(f"【樾洲茶讯｜{FAIR}】{OTHER_NEWS}"), asked)] == [Doubt.OTHER_TEXT]


# -- Weibo ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["📢📢", "🔥#樾洲身边事# ", "[心][鲜花]", "@樾洲发布 ", "❗️ "])
def test_emoji_and_calls_before_the_brackets_do_not_hide_the_title(before: str) -> None:
    text = f"{before}【{FAIR}】🍵昨日的新闻发布会后，{FAIR_TEXT}"[:140]

    (match,) = said(weibo(text, whole=False), article(text=FAIR_TEXT))

    assert (match.standing, match.by) == ("found", Evidence.TITLE)


def test_a_sentence_of_the_text_names_no_other_document() -> None:
    opening = "各地广泛开展“茶香樾洲”群众性主题宣传教育活动，一系列主题宣讲、文化展演走进校园和社区，吸引群众广泛参与，营造了浓厚的氛围。"
    asked = article("各地深入开展“茶香樾洲”群众性主题宣传教育活动", opening + FAIR_TEXT)

    assert standing(weibo(opening, whole=False), asked) == "found"


def test_a_text_that_begins_with_the_title_is_no_other_document_for_a_word_further_on() -> None:
    assert standing(weibo(f"{FAIR}。昨日新闻发布会上，记者获悉：{FAIR_TEXT}"[:140], whole=False), article(text=FAIR_TEXT)) == "found"


def test_an_explanation_that_quotes_at_length_is_left_to_a_person() -> None:
    post = listed(f"解读｜{FAIR}", FAIR_TEXT.splitlines()[0], whole=True)

    assert standing(post, article(text=FAIR_TEXT)) == "candidate"


def test_own_words_above_a_forward_or_a_card_do_not_speak_against_its_title() -> None:
    asked, card = article(text=FAIR_TEXT), "https://weibo.com/ttarticle/p/show?id=2309404000000000000000"

    forward = weibo(OWN_WORDS, kind="repost", citation=Citation(account="1", post_id="5033333333333333", title=FAIR))
    linked = weibo(f"{OWN_WORDS} {card}", title=FAIR, citation=Citation(url=card, title=FAIR))

    assert standing(forward, asked) == standing(linked, asked) == "found"


def test_a_forward_of_a_text_without_a_title_is_known_by_the_words_it_shows() -> None:
    shown = FAIR_TEXT[:60]

    assert (
        standing(weibo("转发微博", kind="repost", citation=Citation(post_id="5033333333333333", title=shown)), article(text=FAIR_TEXT))
        == "found"
    )


def test_a_few_own_words_under_a_recurring_title_leave_it_to_a_person() -> None:
    own = f"【{MEETING}】高校毕业生来樾有专项资金支持，老旧小区今年要改造92个，办事将更多实现掌上办，一起来了解吧！"

    assert [match.doubt for match in said(weibo(own), article(MEETING, MEETING_TEXT))] == [Doubt.OTHER_TEXT]


def test_another_text_under_the_title_long_after_is_another_article() -> None:
    post = listed(FAIR, OTHER_NEWS, hours=24 * 60, whole=True)

    (match,) = ArticleIndex([article(text=FAIR_TEXT)]).weigh(post, ACCOUNT, "k")

    assert (match.standing, "时间窗" in match.why) == ("refused", True)


# -- links ------------------------------------------------------------------------------------------------------------------------

SHORT = "http://t.cn/A6abcDEF"


@pytest.mark.parametrize(
    "post",
    [
        pytest.param(weibo(f"转发微博 {SHORT}", kind="repost", citation=Citation(post_id="5033333333333333")), id="a forward"),
        pytest.param(weibo(f"{SHORT}\nhttps://www.other.example/news/1.html"), id="opened by its adapter"),
        pytest.param(weibo(SHORT, citation=Citation(url="https://www.other.example/news/1.html")), id="a card that says where"),
    ],
)
def test_a_short_link_that_is_known_to_lead_elsewhere_is_no_candidate(post: Post) -> None:
    assert said(post, article()) == []


def test_a_bare_short_link_may_stand_for_the_newest_articles_before_it_not_for_later_ones() -> None:
    later = [
        article(f"另一篇第{number}号重点稿件标题", id=f"l{number}", published_at=ISSUED + 99 * HOUR, due_at=ISSUED + 123 * HOUR)
        for number in range(25)
    ]

    assert [(match.article_id, match.doubt) for match in said(weibo(SHORT), article(), *later)] == [("k", Doubt.SHORT_LINK)]


# -- two articles -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [FAIR_TEXT, ""], ids=["with its text", "title only"])
def test_one_document_that_two_offices_asked_for_is_carried_for_both(text: str) -> None:
    twin = article(text=text, id="twin", published_at=ISSUED + HOUR, due_at=ISSUED + 48 * HOUR)

    matches = said(listed(FAIR, text, whole=bool(text)), article(text=text), twin)

    assert {match.article_id: match.standing for match in matches} == {"k": "found", "twin": "found"}


def test_of_near_equal_titles_in_one_week_the_other_is_not_believed() -> None:
    other = article(LEADER.replace("云岭", "石泉"), id="other", published_at=ISSUED + 24 * HOUR, due_at=ISSUED + 48 * HOUR)

    assert {match.article_id for match in said(listed(LEADER, hours=26), article(LEADER), other)} == {"k"}


def test_what_lost_to_a_likelier_article_says_so() -> None:
    second = article(MEETING, MEETING_TEXT, id="second", published_at=ISSUED + HOUR)
    index = ArticleIndex([article(MEETING, FAIR_TEXT), second])

    assert [(match.standing, match.why) for match in index.weigh(listed(MEETING), ACCOUNT, "k")] == [
        ("refused", "同样的文字更符合另一篇重点稿件")
    ]


def test_a_round_up_may_hold_the_text_of_one_article_and_the_title_of_another() -> None:
    post = weibo(f"【{FAIR}】{FAIR_TEXT}\n樾洲市2024年中小学招生入学工作实施意见公布\n{OTHER_NEWS}{OWN_WORDS}")
    named = article("樾洲市2024年中小学招生入学工作实施意见公布", id="named")

    assert {match.article_id: match.standing for match in said(post, article(text=FAIR_TEXT), named)} == {
        "k": "found",
        "named": "candidate",
    }
