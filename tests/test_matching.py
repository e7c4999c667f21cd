"""Which key articles a post carries: by reference, by title, by text; what is doubtful, and what is refused with its reason."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matching import ArticleIndex, Doubt, Evidence, Match, MatchingSettings, mid_to_bid
from monitor.model import Account, Article, Audience, Citation, Platform, Post, Status

ISSUED = datetime(2022, 5, 15, 10, tzinfo=UTC)
TITLE = "国务院关于做好2022年防汛工作的意见"
LINK = "https://www.example.gov.cn/zwgk/t1.html"
ORIGIN = "weibo:1234567890:4900000000000001"
TEXT = """今年汛期来得早，江河湖库底水偏高，各地各部门要立足于防大汛、抢大险、救大灾，把各项准备做在前面。
一要压实责任。行政首长负责制要落实到每一座水库、每一段堤防、每一处蓄滞洪区，5月底前完成责任人名单公示。
二要排查隐患。对1.2万座小型水库逐座检查，病险水库一律空库运行，山洪灾害危险区逐户登记造册。
三要做好预报预警。雨情水情信息要在30分钟内送到村到户到人，该转移的坚决转移，不落一人。
四要备足物资和队伍。市县两级按不低于3天的用量储备抢险物料，综合救援队伍提前驻守重点地段。"""
OTHER_TEXT = """连日来，本市各学校陆续开展国家安全教育活动，同学们通过主题班会、知识竞赛和参观展览等方式学习有关法律。
市第三中学邀请社区民警走进课堂，用身边的案例讲解怎样识别网络谣言，互动问答环节气氛热烈。
活动负责人介绍，下一阶段还将组织亲子读书会，让安全意识走进更多家庭。"""
ACCOUNTS = {
    "weibo": Account(id="w", platform=Platform.WEIBO, name="示例微博", level="县级", groups=("公安",)),
    "wechat": Account(id="999900M001WX0001", platform=Platform.WECHAT, name="示例微信", level="市级"),
    "douyin": Account(id="d", platform=Platform.DOUYIN, name="示例抖音"),
}


def article(**fields: Any) -> Article:
    made: dict[str, Any] = {"id": "a-1", "title": TITLE, "published_at": ISSUED, "due_at": ISSUED + timedelta(hours=24)}
    return Article(**(made | fields))


def post(platform: str = "weibo", native: str = "4911111111111111", hours: float = 2, **fields: Any) -> Post:
    account = ACCOUNTS[platform]
    at = ISSUED + timedelta(hours=hours)
    made: dict[str, Any] = {"id": f"{platform}:{account.id}:{native}", "account_id": account.id, "published_at": at, "first_seen_at": at}
    return Post(**(made | fields))


def matched(each: Post, *articles: Article, standing: str = "found", **wishes: Any) -> tuple[Match, ...]:
    index = ArticleIndex(articles or (article(text=TEXT),), MatchingSettings(**wishes))
    account = ACCOUNTS[each.id.partition(":")[0]]
    weighed = [match for one in index.articles for match in index.weigh(each, account, one.id)]
    return tuple(match for match in weighed if match.standing == standing)


def found(each: Post, *articles: Article, **wishes: Any) -> tuple[Match, ...]:
    return matched(each, *articles, **wishes)


# -- one post, one article ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("each", "by", "field"),
    [
        pytest.param(
            post(citation=Citation(account="1234567890", post_id="4900000000000001")), Evidence.CITATION, "citation.post_id", id="forward"
        ),
        pytest.param(
            post(citation=Citation(post_id="4900000000000001")), Evidence.CITATION, "citation.post_id", id="forward of a deleted original"
        ),
        pytest.param(
            post(citation=Citation(post_id=mid_to_bid("4900000000000001"))), Evidence.CITATION, "citation.post_id", id="forward by bid"
        ),
        pytest.param(
            post("wechat", citation=Citation(url="http://www.example.gov.cn/zwgk/t1.html?from=x")),
            Evidence.LINK,
            "citation.url",
            id="read the original",
        ),
        pytest.param(post(text=f"转发：{LINK}。"), Evidence.LINK, "text", id="link in the text"),
        pytest.param(
            post("wechat", text="见 https://m.weibo.cn/status/4900000000000001"), Evidence.LINK, "text", id="link to the original post"
        ),
        pytest.param(
            post("wechat", native="2247000001_1", title="国务院：关于做好2022年防汛工作的意见"), Evidence.TITLE, "title", id="title"
        ),
        pytest.param(post(text="【国务院关于做好2022年防汛工作的意见】近日……"), Evidence.TITLE, "text", id="title in brackets"),
        pytest.param(
            post(text="#防汛#【国务院关于做好2022年防汛工作的意见】近日……"), Evidence.TITLE, "text", id="title in brackets after a tag"
        ),
        pytest.param(
            post(title="【国务院关于做好2022年防汛工作的意见】近日……"), Evidence.TITLE, "title", id="bridge puts the text in the title"
        ),
        pytest.param(post(text="国务院关于做好2022年防汛工作的意见\n全文如下"), Evidence.TITLE, "text", id="first line"),
        pytest.param(post(citation=Citation(title=TITLE)), Evidence.TITLE, "citation.title", id="card"),
    ],
)
def test_each_kind_of_evidence_finds_the_article(each: Post, by: Evidence, field: str) -> None:
    matches = found(each, article(urls=(LINK,), origins=(ORIGIN,)))

    assert [(match.article_id, match.post_id, match.by, match.field) for match in matches] == [("a-1", each.id, by, field)]


def test_the_strongest_evidence_is_kept_and_both_sides_are_shown() -> None:
    each = post(title=TITLE, text=LINK, citation=Citation(post_id="4900000000000001"))

    match = found(each, article(urls=(LINK,), origins=(ORIGIN,)))[0]

    assert (match.by, match.score, match.left, match.right) == (Evidence.CITATION, 1.0, "4900000000000001", ORIGIN)


@pytest.mark.parametrize(
    "each",
    [
        pytest.param(post(title="国务院关于做好2022年防汛工作的意见，学金句"), id="digest"),
        pytest.param(post(title="关于《国务院关于做好2022年防汛工作的意见》的说明"), id="another document"),
        pytest.param(post(title=TITLE, hours=-1.1), id="older than the article"),
        pytest.param(post(title=TITLE, private=True), id="private"),
        pytest.param(post(title=TITLE, deleted_at=ISSUED + timedelta(days=1)), id="deleted"),
        pytest.param(post("douyin", title=TITLE), id="no text account"),
        pytest.param(post(citation=Citation(post_id="4900000000000002")), id="another post"),
        pytest.param(post(text="https://www.example.gov.cn/"), id="whole site"),
        pytest.param(post(), id="nothing to go by"),
        pytest.param(post(kind="hand_check", native="hand-2022-05-15"), id="hand check"),
    ],
)
def test_what_is_not_a_repost_is_not_found(each: Post) -> None:
    assert found(each, article(urls=(LINK, "https://www.example.gov.cn"), origins=(ORIGIN,))) == ()


def test_an_hour_early_still_counts_since_clerks_round() -> None:
    assert found(post(title=TITLE, hours=-0.9))


def test_a_post_known_by_its_day_counts_on_the_day_of_issue() -> None:
    assert found(post(title=TITLE, hours=-18, precision="day"))
    assert not found(post(title=TITLE, hours=-26, precision="day"))


def test_the_original_itself_is_no_repost_and_is_told_apart() -> None:
    original = post(native="4900000000000001", title=TITLE)
    index = ArticleIndex([article(origins=(ORIGIN,))])

    assert index.find(original, ACCOUNTS["weibo"]) == ()
    assert index.originals(original, ACCOUNTS["weibo"]) == ("a-1",)
    assert index.originals(post(title=TITLE), ACCOUNTS["weibo"]) == ()


@pytest.mark.parametrize("native", ["2247000001_1", "1234567890_2247000001_1", "other"])
def test_a_wechat_original_is_known_by_its_link_whatever_its_id(native: str) -> None:
    url = "http://mp.weixin.qq.com/s?__biz=MTIzNDU2Nzg5MA==&mid=2247000001&idx=1&sn=x"
    index = ArticleIndex([article(origins=("wechat:MTIzNDU2Nzg5MA==:2247000001_1",))])

    assert index.originals(post("wechat", native=native, url=url), ACCOUNTS["wechat"]) == ("a-1",)


def test_wechat_numbers_alone_prove_nothing_since_every_account_counts_anew() -> None:
    asked = article(title="另一篇文章的标题文字", origins=("wechat:MTIzNDU2Nzg5MA==:2247000001_1",))

    assert not found(post("wechat", citation=Citation(post_id="2247000001_1")), asked)
    assert not found(post("wechat", citation=Citation(account="MTExMTExMTExMQ==", post_id="2247000001_1")), asked)
    assert found(post("wechat", citation=Citation(account="1234567890", post_id="2247000001_1")), asked)


def test_the_audience_decides_who_owes() -> None:
    asked = article(audience=Audience(levels=("县级",)))

    assert found(post(title=TITLE), asked)
    assert not found(post("wechat", title=TITLE), asked)
    exempt = ACCOUNTS["weibo"].model_copy(update={"status": Status.EXEMPT})
    assert not ArticleIndex([asked]).find(post(title=TITLE), exempt)


def test_one_post_may_carry_two_articles() -> None:
    second = article(id="a-2", title="另一篇文章的标题文字", urls=(LINK,))

    matches = found(post(title=TITLE, text=LINK), article(), second)

    assert {match.article_id for match in matches} == {"a-1", "a-2"}


def test_a_repost_tells_how_late_it_came() -> None:
    late, early = post(title=TITLE, hours=30, url="https://weibo.com/x"), post(title=TITLE, hours=2)
    index = ArticleIndex([article()])

    made = [repost for each in (late, early) for repost in index.reposts(each, ACCOUNTS["weibo"])]

    assert [each.lag for each in made] == [timedelta(hours=6), timedelta(0)]
    assert made[0].grade == "in_order" and made[0].evidence["by"] == "title" and made[0].evidence["url"] == "https://weibo.com/x"


def test_the_original_stands_as_its_own_repost_in_time() -> None:
    index = ArticleIndex([article(origins=(ORIGIN,))])

    (made,) = index.reposts(post(native="4900000000000001", title=TITLE, hours=40), ACCOUNTS["weibo"])

    assert (made.grade, made.lag, made.evidence["by"]) == ("in_order", timedelta(0), "original")


# -- by title and text ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("each", "by"),
    [
        pytest.param(post(title=TITLE, text=TEXT), Evidence.TITLE, id="as it is"),
        pytest.param(post("wechat", title=f"要闻丨{TITLE}"), Evidence.DRESSED_TITLE, id="column"),
        pytest.param(post("wechat", title=f"【人民日报】{TITLE}（全文）"), Evidence.DRESSED_TITLE, id="medium and note"),
        pytest.param(post(title="汛期将至，这份文件请收好", text=TEXT), Evidence.TEXT, id="retitled with the whole text"),
        pytest.param(post(text=TEXT.replace("，", ", ")), Evidence.TEXT, id="text without a title"),
        pytest.param(post(text="\n".join(TEXT.splitlines()[1:3])), Evidence.TEXT, id="two paragraphs from the middle"),
        pytest.param(post(title=f"一图读懂 | {TITLE}（全文+官方解读）", text=TEXT), Evidence.TEXT, id="graphic with the whole text"),
    ],
)
def test_title_and_text_find_the_article(each: Post, by: Evidence) -> None:
    (match,) = found(each)

    assert (match.article_id, match.by, match.standing) == ("a-1", by, "found")


@pytest.mark.parametrize(
    ("each", "doubt"),
    [
        pytest.param(post("wechat", title=TITLE, kind="picture"), Doubt.PICTURE, id="poster"),
        pytest.param(post(text=f"#{TITLE}#", kind="picture"), Doubt.PICTURE, id="picture under the title as a tag"),
        pytest.param(post("wechat", title=f"{TITLE}印发实施，六项措施请记牢"), Doubt.TITLE_ALONE, id="the title among other words"),
        pytest.param(post(text="http://t.cn/A6abcDEF"), Doubt.SHORT_LINK, id="a short link and nothing else"),
        pytest.param(post(title=TITLE, text=OTHER_TEXT, whole=True), Doubt.OTHER_TEXT, id="its title over another text"),
    ],
)
def test_what_only_resembles_is_left_to_a_person(each: Post, doubt: Doubt) -> None:
    (match,) = matched(each, standing="candidate")

    assert (match.article_id, match.by, match.doubt, match.right[:6]) == ("a-1", Evidence.RESEMBLANCE, doubt, match.right[:6])
    assert found(each) == ()


@pytest.mark.parametrize(
    "each",
    [
        pytest.param(post(title=f"关于《{TITLE}》的说明"), id="an explanation"),
        pytest.param(post(title=f"学习《{TITLE}》，学金句，悟深意！"), id="a digest"),
        pytest.param(post(title=f"{TITLE}金句汇总", text=OTHER_TEXT), id="a digest with a text of its own"),
        pytest.param(post(title=f"{TITLE}要重点抓好6个方面！", text=OTHER_TEXT, whole=True), id="a commentary"),
        pytest.param(post(title="国务院关于做好2023年防汛工作的意见", text=OTHER_TEXT), id="another year"),
        pytest.param(
            post(title=TITLE, text=TEXT.replace("5月", "6月").replace("1.2万", "3.4万").replace("30分", "45分").replace("3天", "7天")),
            id="the same words with other figures",
        ),
    ],
)
def test_near_misses_are_refused_and_say_why(each: Post) -> None:
    (match,) = matched(each, standing="refused")

    assert match.why
    assert found(each) == () == matched(each, standing="candidate")


def test_an_editors_summary_below_the_title_speaks_neither_for_nor_against_it() -> None:
    summary = OTHER_TEXT.splitlines()[0]

    assert [match.by for match in found(post("wechat", title=TITLE, text=summary))] == [Evidence.TITLE]
    (match,) = matched(post("wechat", title=f"{TITLE}，事关你我", text=summary), standing="candidate")
    assert match.doubt is Doubt.TITLE_ALONE


def test_a_recurring_title_over_words_that_may_be_a_summary_is_left_to_a_person() -> None:
    asked = article(title=RECURRING, text=TEXT)
    each = post("wechat", title=RECURRING, text=OTHER_TEXT.splitlines()[0])

    assert [match.doubt for match in matched(each, asked, standing="candidate")] == [Doubt.OTHER_TEXT]
    assert found(each, asked) == ()


def test_a_title_over_a_few_words_of_ones_own_is_left_to_a_person() -> None:
    each = post(text=f"【一图读懂：《{TITLE}》】收好这张图，汛期用得上，也请转给身边的人看一看。")

    assert [match.doubt for match in matched(each, standing="candidate")] == [Doubt.TITLE_ALONE]


def test_a_title_among_other_words_is_kept_for_a_person_where_nobody_entered_the_text() -> None:
    each = post(text=f"近日，有关部门印发的《{TITLE}》提出，要把各项准备工作做在前面，确保人民群众生命财产安全。")

    assert [match.doubt for match in matched(each, article(), standing="candidate")] == [Doubt.TITLE_ALONE]
    assert found(each, article()) == ()


def test_a_video_of_ones_own_is_no_bare_link() -> None:
    assert matched(post(text="安康示例发布的微博视频 http://t.cn/A6abcDEF"), standing="candidate") == ()


# -- the window -----------------------------------------------------------------------------------------------------------------

RECURRING = "市政府召开常务会议"
LONG_AFTER = 24 * 40.0


def test_a_recurring_title_alone_proves_nothing_beyond_the_window() -> None:
    asked = article(title=RECURRING)

    assert [match.doubt for match in matched(post(title=RECURRING, hours=LONG_AFTER), asked, standing="candidate")] == [Doubt.RECURRING]
    assert found(post(title=RECURRING, hours=24), asked)


def test_a_title_of_its_own_proves_a_late_repost_and_so_does_a_link() -> None:
    assert found(post(title=TITLE, hours=LONG_AFTER))
    assert found(post(text=LINK, hours=LONG_AFTER), article(urls=(LINK,)))


def test_a_text_without_its_title_is_doubtful_beyond_the_window_which_can_be_set() -> None:
    each = post(text=TEXT, hours=LONG_AFTER)

    assert [match.doubt for match in matched(each, standing="candidate")] == [Doubt.OUT_OF_WINDOW]
    assert found(each, window_days=60)


def test_the_window_never_ends_before_the_deadline() -> None:
    assert found(post(text=TEXT, hours=LONG_AFTER), article(text=TEXT, due_at=ISSUED + timedelta(days=45)))


def test_of_two_articles_with_one_title_the_one_published_last_before_the_post_is_meant() -> None:
    first = article(id="first", title=RECURRING)
    second = article(id="second", title=RECURRING, published_at=ISSUED + timedelta(days=7), due_at=ISSUED + timedelta(days=8))

    assert [match.article_id for match in found(post(title=RECURRING, hours=24 * 7 + 3), first, second)] == ["second"]
    assert [match.article_id for match in found(post(title=RECURRING, hours=24 * 6), first, second)] == ["first"]


def test_a_round_up_may_carry_two_articles_whole() -> None:
    second = article(id="a-2", title="全市学校开展国家安全教育活动", text=OTHER_TEXT)
    each = post(text=f"{TEXT}\n{OTHER_TEXT}")

    assert {match.article_id for match in found(each, article(text=TEXT), second)} == {"a-1", "a-2"}


# -- robustness -----------------------------------------------------------------------------------------------------------------


@given(title=st.text(max_size=60), text=st.text(max_size=300), asked=st.text(max_size=60), body=st.text(max_size=300))
def test_no_text_can_break_it(title: str, text: str, asked: str, body: str) -> None:
    index = ArticleIndex([article(title=asked, text=body), article(id="a-2", text=TEXT)])

    for match in (*index.find(post(title=title, text=text), ACCOUNTS["weibo"]), *index.weigh(post(text=text), ACCOUNTS["weibo"], "a-2")):
        assert 0 <= match.score <= 1
        assert (match.standing == "candidate") == (match.doubt is not None)


def test_without_articles_nothing_is_found() -> None:
    assert ArticleIndex([]).find(post(title=TITLE), ACCOUNTS["weibo"]) == ()


def test_hostile_posts_take_no_time() -> None:
    index = ArticleIndex([article(text=TEXT)])
    begun = time.process_time()

    for text in ("#" * 1_000_000, "[" * 1_000_000, "http://" * 100_000, "【" * 1_000_000, "e\u0301\u200b" * 300_000, TEXT * 4_000):
        index.reposts(post(title=text, text=text), ACCOUNTS["weibo"])

    assert time.process_time() - begun < 20
