"""Does this post carry that article: titles, links, citations; and the store's look-up gives the same answer."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matching import ArticleIndex, Match, is_original, keys_of, keys_of_article, mid_to_bid, normalise_title, repost, title_key
from monitor.model import Account, Article, Audience, Citation, Platform, Post, Status

ISSUED = datetime(2022, 5, 15, 10, tzinfo=UTC)
TITLE = "国务院关于做好2022年防汛工作的意见"
LINK = "https://www.example.gov.cn/zwgk/t1.html"
ORIGIN = "weibo:1234567890:4900000000000001"
RECORDED = Path(__file__).resolve().parents[2] / "shared" / "recorded" / "wechat" / "crossposts" / "exact_title_groups_official.jsonl"
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


def found(each: Post, *articles: Article, platform: str = "") -> tuple[Match, ...]:
    return ArticleIndex(articles or (article(),)).find(each, ACCOUNTS[platform or each.id.partition(":")[0]])


# -- titles -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "variant",
    [
        "国务院 关于做好２０２２年防汛工作的意见",
        "国务院关于做好2022年“防汛”工作的意见！",
        "\u200b国务院关于做好2022年防汛工作的意见\ufeff",
        "【国务院关于做好2022年防汛工作的意见】",
        "国务院丨关于做好2022年防汛工作的意见",
        "国务院：关于做好2022年防汛工作的意见[强]🌊",
        "#防汛救灾# 国务院关于做好2022年防汛工作的意见",
        "国务院关于做好2022年防汛工作的意见 #防汛 #应急",
        "国务院关于做好2022年防汛工作的意见 http://t.cn/A6abcDEF",
        "国务院关于做好2022年防汛工作的意见&nbsp;",
        "#国务院关于做好2022年防汛工作的意见#",
        "#防汛 救灾# 国务院关于做好2022年防汛工作的意见",
        "国务院关于做好\n2022年防汛工作的意见",
    ],
)
def test_titles_that_differ_only_in_dress_are_equal(variant: str) -> None:
    assert normalise_title(variant) == "国务院关于做好2022年防汛工作的意见"
    assert title_key(variant) == title_key(TITLE) != ""


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("国务院令第5号公布施行条例", "国务院令第6号公布施行条例"),
        ("国令[2021]第五号公布施行", "国令[2022]第五号公布施行"),
        ("关于某项规划的建议全文", "关于某项规划的建议全文的说明"),
        ("བོད་ཡིག་གསར་འགྱུར", "བད་ཡག་གསར་འགྱར"),
    ],
)
def test_titles_that_say_different_things_stay_different(left: str, right: str) -> None:
    assert normalise_title(left) != normalise_title(right)


@given(st.text(max_size=120))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise_title(text)

    assert normalise_title(once) == once


@given(st.text(alphabet=st.characters(categories=["Mn", "Mc", "Lo", "Cf", "Lm", "Sk", "Lu"]), max_size=30))
def test_normalising_is_settled_for_combining_marks_too(text: str) -> None:
    once = normalise_title(text)

    assert normalise_title(once) == once


@pytest.mark.parametrize("text", ["\u03d4\u05aa\u0340\u1df9", "\u03b0" * 5, "\u1fb7\u0345", "ﬃ\u0301\u200b\u0323", "각\u11a8"])
def test_letters_whose_folding_and_composing_undo_each_other_come_to_rest(text: str) -> None:
    once = normalise_title(text)

    assert normalise_title(once) == once


def test_every_character_is_at_rest_after_one_turn() -> None:
    whole = [normalise_title(chr(code)) for code in range(0xFFFF)]

    assert [normalise_title(text) for text in whole] == whole


@pytest.mark.parametrize("text", ["", "通知", "要闻速递", "#要闻#", "🌊🌊🌊🌊🌊🌊🌊", "……！！！——"])
def test_too_short_a_title_has_no_key(text: str) -> None:
    assert title_key(text) == ""


def test_a_key_is_sixteen_hexadecimal_digits_and_stays_the_same() -> None:
    assert title_key("示例文章标题一二三") == "c7d47d9795eebce1"


def test_normalising_is_cheap() -> None:
    text = ("国务院关于深入实施“某项行动”的意见，全文：见【示例社】Hello World！" * 10)[:200]
    normalise_title(text)
    rounds = 300

    best = min(_timed(text, rounds) for _ in range(5))

    # Measured at 11 µs; the bound leaves room for a busy machine.
    assert best / rounds < 60e-6


def _timed(text: str, rounds: int) -> float:
    start = time.perf_counter()
    for _ in range(rounds):
        normalise_title(text)
    return time.perf_counter() - start


def test_a_hostile_title_takes_no_time() -> None:
    start = time.perf_counter()

    for text in ("#" * 1_000_000, "[" * 1_000_000, "http://" * 100_000, "【" * 1_000_000, "e\u0301\u200b" * 300_000):
        keys_of(post(title=text, text=text))

    assert time.perf_counter() - start < 3


def test_titles_recorded_as_equal_share_a_key() -> None:
    if not RECORDED.exists():
        pytest.skip("the recordings are not beside this checkout")
    groups = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]

    keys = [{title_key(item["title"]) for item in group["items"]} for group in groups]

    assert groups
    assert all(len(key) == 1 and key != {""} for key in keys)
    assert len(set.union(*keys)) == len(groups)


# -- one post, one article ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("each", "by", "field"),
    [
        pytest.param(
            post(citation=Citation(account="1234567890", post_id="4900000000000001")), "citation", "citation.post_id", id="forward"
        ),
        pytest.param(
            post(citation=Citation(post_id="4900000000000001")), "citation", "citation.post_id", id="forward of a deleted original"
        ),
        pytest.param(post(citation=Citation(post_id=mid_to_bid("4900000000000001"))), "citation", "citation.post_id", id="forward by bid"),
        pytest.param(
            post("wechat", citation=Citation(url="http://www.example.gov.cn/zwgk/t1.html?from=x")),
            "url",
            "citation.url",
            id="read the original",
        ),
        pytest.param(post(text=f"转发：{LINK}。"), "url", "text", id="link in the text"),
        pytest.param(post("wechat", text="见 https://m.weibo.cn/status/4900000000000001"), "url", "text", id="link to the original post"),
        pytest.param(post("wechat", native="2247000001_1", title="国务院：关于做好2022年防汛工作的意见"), "title", "title", id="title"),
        pytest.param(post(text="【国务院关于做好2022年防汛工作的意见】近日……"), "title", "text", id="title in brackets"),
        pytest.param(post(text="#防汛#【国务院关于做好2022年防汛工作的意见】近日……"), "title", "text", id="title in brackets after a tag"),
        pytest.param(post(title="【国务院关于做好2022年防汛工作的意见】近日……"), "title", "title", id="bridge puts the text in the title"),
        pytest.param(post(text="国务院关于做好2022年防汛工作的意见\n全文如下"), "title", "text", id="first line"),
        pytest.param(post(citation=Citation(title=TITLE)), "title", "citation.title", id="card"),
    ],
)
def test_each_kind_of_evidence_finds_the_article(each: Post, by: str, field: str) -> None:
    matches = found(each, article(urls=(LINK,), origins=(ORIGIN,)))

    assert [(match.article_id, match.post_id, match.by, match.field) for match in matches] == [("a-1", each.id, by, field)]


def test_the_strongest_evidence_is_kept_and_both_sides_are_shown() -> None:
    each = post(title=TITLE, text=LINK, citation=Citation(post_id="4900000000000001"))

    match = found(each, article(urls=(LINK,), origins=(ORIGIN,)))[0]

    assert (match.by, match.score, match.left, match.right) == ("citation", 1.0, "4900000000000001", ORIGIN)


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
    asked = article(origins=("wechat:MTIzNDU2Nzg5MA==:2247000001_1",))

    assert is_original(post("wechat", native=native, url=url), asked)


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

    made = [repost(found(each)[0], article(), each) for each in (late, early)]

    assert [each.lag for each in made] == [timedelta(hours=6), timedelta(0)]
    assert made[0].grade == "in_order" and made[0].evidence["by"] == "title" and made[0].evidence["url"] == "https://weibo.com/x"


# -- near titles --------------------------------------------------------------------------------------------------------------

LONGER = "\u200b【示例社】国务院 关于做好２０２２年“防汛”工作的意见（全文）"


def near(each: Post, *articles: Article) -> tuple[Match, ...]:
    return ArticleIndex(articles or (article(),)).near(each, ACCOUNTS[each.id.partition(":")[0]])


@pytest.mark.parametrize(
    ("each", "field"),
    [
        pytest.param(post("wechat", title=LONGER), "title", id="prefix and suffix"),
        pytest.param(post("wechat", title=f"要闻丨{TITLE}"), "title", id="column"),
        pytest.param(post("wechat", title=f"转发：{TITLE}，学金句"), "title", id="both ends"),
        pytest.param(post(text=f"近日印发的《{TITLE}》提出……"), "text", id="in the text"),
        pytest.param(post(text=f"#{TITLE}# 近日，有关部门印发了全文"), "text", id="as a tag"),
        pytest.param(post(title="微博", text="正文" * 900 + TITLE), "text", id="far down"),
        pytest.param(post(citation=Citation(title=f"示例社：{TITLE}")), "citation.title", id="card"),
        pytest.param(post("wechat", title="关于做好2022年防汛工作的意见"), "title", id="shortened"),
        pytest.param(post(text="【国务院关于做好2022年防汛工作】近日……"), "text", id="shortened in brackets"),
    ],
)
def test_a_title_dressed_up_or_shortened_is_near_but_not_found(each: Post, field: str) -> None:
    (match,) = near(each)

    assert (match.article_id, match.by, match.field, match.score, match.right) == ("a-1", "near", field, 0.5, TITLE)
    assert found(each) == ()
    assert repost(match, article(), each).grade == "candidate"


@pytest.mark.parametrize(
    "each",
    [
        pytest.param(post(title=TITLE), id="found already"),
        pytest.param(post(title=LONGER, text=LINK), id="found by its link"),
        pytest.param(post(title="国务院关于做好2023年防汛工作的意见"), id="another year"),
        pytest.param(post(title="今日天气晴到多云"), id="unrelated"),
        pytest.param(post(title="2022年防汛工作的意见"), id="too little of it"),
        pytest.param(post(title="微博", text="正文" * 1_000 + TITLE), id="too far down"),
        pytest.param(post(title="国务院关于做好", text="2022年防汛工作的意见"), id="halves in two fields"),
        pytest.param(post(title=LONGER, hours=-1.1), id="older than the article"),
        pytest.param(post(title=LONGER, private=True), id="private"),
        pytest.param(post(title=LONGER, deleted_at=ISSUED + timedelta(days=1)), id="deleted"),
        pytest.param(post("douyin", title=LONGER), id="no text account"),
        pytest.param(post(native="4900000000000001", title=LONGER), id="the original itself"),
        pytest.param(post(kind="hand_check", native="hand-2022-05-15"), id="hand check"),
    ],
)
def test_what_is_found_or_unlike_is_not_near(each: Post) -> None:
    assert near(each, article(urls=(LINK,), origins=(ORIGIN,))) == ()


def test_a_short_title_is_not_looked_for_among_other_words() -> None:
    assert near(post(title="今日要闻：防汛工作会议召"), article(title="防汛工作会议")) == ()


def test_one_article_may_be_found_while_another_is_near() -> None:
    second = article(id="a-2", title="另一篇文章的标题文字")
    each = post(title=TITLE, text="另见《另一篇文章的标题文字》")

    assert [match.article_id for match in found(each, article(), second)] == ["a-1"]
    assert [match.article_id for match in near(each, article(), second)] == ["a-2"]


def test_looking_for_near_titles_is_cheap() -> None:
    index = ArticleIndex(article(id=f"a-{n}", title=f"示例文章标题编号{n}号全文") for n in range(50))
    each = post(title="今日天气晴到多云转小雨", text="正文，" * 2_000)

    best = min(_nearing(index, each) for _ in range(5))

    # Measured well below half a millisecond; the bound leaves room for a busy machine.
    assert best < 3e-3


def _nearing(index: ArticleIndex, each: Post) -> float:
    start = time.perf_counter()
    assert not index.near(each, ACCOUNTS["weibo"])
    return time.perf_counter() - start


# -- the store's look-up ------------------------------------------------------------------------------------------------------

TITLES = ["", "通知", TITLE, "国务院：关于做好2022年防汛工作的意见", "另一篇文章的标题文字", "【另一篇文章的标题文字】近日"]
LINKS = [
    "",
    LINK,
    "http://www.example.gov.cn/zwgk/t1.html?utm_source=x",
    "https://www.example.gov.cn",
    "https://weibo.com/detail/4900000000000001",
    "坏链接",
]
IDS = ["", "4900000000000001", mid_to_bid("4900000000000001"), "4911111111111111", "2247000001_1"]
ORIGINS = [ORIGIN, "weibo::4911111111111111", "wechat:MTIzNDU2Nzg5MA==:2247000001_1", "wechat::2247000001_1"]


@given(
    platform=st.sampled_from(["weibo", "wechat"]),
    native=st.sampled_from(["4911111111111111", "4900000000000001", "2247000001_1"]),
    title=st.sampled_from(TITLES),
    text=st.sampled_from([*TITLES, *LINKS]),
    citation=st.builds(
        Citation,
        url=st.sampled_from(LINKS),
        title=st.sampled_from(TITLES),
        account=st.sampled_from(["", "1234567890"]),
        post_id=st.sampled_from(IDS),
    ),
    asked_title=st.sampled_from([TITLE, "另一篇文章的标题文字", "通知"]),
    urls=st.lists(st.sampled_from(LINKS), max_size=2),
    origins=st.lists(st.sampled_from(ORIGINS), max_size=2),
)
def test_a_look_up_by_keys_finds_what_the_index_finds(
    platform: str, native: str, title: str, text: str, citation: Citation, asked_title: str, urls: list[str], origins: list[str]
) -> None:
    each = post(platform, native=native, title=title, text=text, citation=citation)
    asked = article(title=asked_title, urls=tuple(urls), origins=tuple(origins))
    index = ArticleIndex([asked])

    by_index = bool(index.find(each, ACCOUNTS[platform]) or index.originals(each, ACCOUNTS[platform]))
    by_keys = bool(set(keys_of(each)) & set(keys_of_article(asked)))

    assert by_index == by_keys


def test_keys_are_few_short_and_without_repeats() -> None:
    each = post(
        title=TITLE,
        text=f"{TITLE} " + " ".join(f"https://www.example.gov.cn/{n}" for n in range(100)),
        citation=Citation(title=TITLE, url=LINK),
    )

    keys = keys_of(each)

    assert len(keys) == len(set(keys)) <= 40
    assert all(len(key) < 80 for key in keys)


def test_finding_does_not_slow_down_with_the_number_of_articles() -> None:
    def seconds(count: int) -> float:
        index = ArticleIndex(article(id=f"a-{n}", title=f"示例文章标题编号{n}") for n in range(count))
        each = post(title="示例文章标题编号7", text="正文" * 200)
        return min(_finding(index, each) for _ in range(5))

    few, many = seconds(10), seconds(5_000)

    assert many < few * 5


def _finding(index: ArticleIndex, each: Post) -> float:
    start = time.perf_counter()
    for _ in range(100):
        assert index.find(each, ACCOUNTS["weibo"])
    return time.perf_counter() - start
