"""Article pages that other people recorded, each with what must be read from it. Skipped where the recordings are not at hand."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from channels import ARTICLE, asked
from recordings import RECORDINGS, needs_recordings

from adapters.reading import wechat_push
from adapters.reading.wechat_page import read, see
from monitor.errors import Degraded, LookError, ParseError, TransportFault

RECORDED = RECORDINGS / "wechat"
pytestmark = needs_recordings
NOW = datetime(2026, 9, 1, tzinfo=UTC)


class Page(NamedTuple):
    """What a page shows: whose it is, which article, when (UTC), how its title begins, its kind, and the original it names."""

    name: str
    biz: str
    place: str
    at: str
    title: str
    kind: str = "article"
    original: str = ""
    link: str = ""
    text: str = ""


# fmt: off
PAGES = {
    "appmsg_type10002_publish_only_original_author01": Page(
        "左岸读书", "2399024900", "2650707699_1", "2026-01-02T09:39:33", "最后的止痛药"),
    "appmsg_type9_multi_idx2_c01": Page("金榜时代官微", "3234721291", "2247664546_2", "2025-12-04T10:00:51", "睡前数学知识点｜Day15"),
    "appmsg_type9_original_03": Page("印记中文", "3239902349", "2247544521_1", "2025-11-11T04:09:03", "前端播客周刊 #026"),
    "appmsg_type9_original_04": Page("波元霸", "3211836190", "2247494261_1", "2025-11-04T07:59:29", "好险，就差1.5点，两手准备"),
    "appmsg_type9_original_with_source_url_02": Page(
        "阮一峰的网络日志", "3286016687", "2650242275_1", "2025-11-07T00:31:48", "科技爱好者周刊#372：软件界面如何设计",
        link="https://www.ruanyifeng.com/blog/2025/11/weekly-issue-372.html"),
    "appmsg_type9_paid_claimsource_c02": Page(
        "小说拾遗", "3260866002", "2247495124_1", "2026-04-01T10:13:05", "来聊聊我心目中近三年的仙草"),
    "appmsg_type9_plain_01": Page("轩辕的编程宇宙", "3226319644", "2247504179_1", "2025-11-10T04:00:10", "AI编程害死我了"),
    "picshare_type8_03": Page(
        "神光的编程秘籍", "3879630932", "2247504238_1", "2025-10-30T02:12:29", "发工资了", "picture", text="还是打工好"),
    "picshare_type8_05": Page(
        "趋势动物小程序说明书", "3928491237", "2247490415_1", "2025-12-18T09:13:08", "20251218 警惕技术泡沫", "picture"),
    "picshare_type8_10002_01": Page("36氪", "3264997043", "2248864730_1", "2025-11-05T10:30:00", "新能源车均价创6年新低", "picture"),
    "reprint_fulltext_reprinttype3_04": Page(
        "前端欧阳", "3933637331", "2247486005_1", "2024-10-28T01:52:46", "20分钟带你vue转react", original="3940678907 2247483841_1",
        text="以下文章来源于Dolphin海豚"),
    "reprint_fulltext_reprinttype3_guidewords_02": Page(
        "轩辕的编程宇宙", "3226319644", "2247504165_1", "2025-11-06T00:55:11", "Google的这个AI新产品", original="3198906115 2247483903_1",
        text="编者荐语：大家好，我是轩辕"),
    "reprint_fulltext_reprinttype3_idx3_01": Page(
        "36氪", "3264997043", "2248865513_3", "2025-11-11T00:06:46", "比小学生说烂梗更可怕的", original="2398330323 2654868330_1",
        text="以下文章来源于新周刊"),
    "reprint_sharepage_reprinttype2_03": Page(
        "阮一峰的网络日志", "3286016687", "2650222329_1", "2019-11-25T12:07:23", "和死神赛跑", "share", "3217172106 2247483687_1",
        text="上周，我推荐《在线》杂志的长文"),
    "textshare_type10_c01": Page("金榜时代官微", "3234721291", "2247655338_1", "2025-01-30T10:02:14", "春节期间，如何利用碎片时间", "text"),
    "textshare_type10_titled_01": Page(
        "轩辕的编程宇宙", "3226319644", "2247503866_1", "2025-10-07T06:13:11", "AI编程带给程序员的危与机", "text", text="这两年经常听到"),
    "textshare_type10_untitled_04": Page(
        "阮一峰的网络日志", "3286016687", "2650227640_1", "2021-09-30T00:51:22", "明天是十一假期", "text", text="可以翻翻以前的周刊"),
    "changjiangribao_2018-03-19_voice_digest": Page("长江日报", "2398025700", "2651788393_1", "2018-03-18T21:30:00", "语音 | 早安武汉"),
    "gongchandangyuan_2018-03-20_video_source_xinhua": Page(
        "共产党员", "3088536018", "2671068104_7", "2018-03-20T03:19:59", "【视频】石榴花开", text="（来源：新华社）"),
    "huashangbao_2018-04-06_digest": Page("华商报", "853290361", "2654593305_1", "2018-04-05T22:56:20", "4月6日周五【新闻速览一分钟】"),
    "original_marked_2018-04-07_qqmusic": Page("闲云野鹤古刹", "3209768755", "2247484727_1", "2018-04-07T14:21:55", "关于音乐"),
}
# fmt: on
GONE = {
    "unavailable_deleted_zh_01": "",
    "unavailable_deleted_en_06": "",
    "unavailable_violation_01": "神光的编程秘籍",
    "unavailable_violation_02": "前端欧阳",
}
OTHERS: dict[str, type[LookError]] = {
    "unavailable_temporarily_01": TransportFault,
    "unavailable_link_expired": Degraded,
    "sogou_profile_history_msgList_2017": ParseError,
}


def body(stem: str) -> bytes:
    (path,) = RECORDED.glob(f"article_pages*/{stem}.html")
    return path.read_bytes()


@pytest.mark.parametrize("stem", PAGES)
def test_a_recorded_page_is_read_whole(stem: str) -> None:
    page = PAGES[stem]

    snapshot = read(body(stem), asked("wechat.article", now=NOW), ARTICLE)
    seen = see(body(stem).decode())

    (post,) = snapshot.posts
    assert (snapshot.profile["name"], seen.biz, seen.place) == (page.name, page.biz, page.place)
    assert post.published_at == datetime.fromisoformat(page.at + "+00:00")
    assert post.title.startswith(page.title) and post.kind == page.kind
    assert page.text in post.text and post.text
    citation = post.citation
    assert (f"{citation.account} {citation.post_id}".strip() if citation else "") == page.original
    assert not page.link or (citation is not None and citation.url == page.link)
    assert bool(citation) == bool(page.original or page.link)


@pytest.mark.parametrize("stem", GONE)
def test_a_recorded_page_of_an_article_that_is_gone_gives_it_deleted(stem: str) -> None:
    snapshot = read(body(stem), asked("wechat.article", now=NOW), ARTICLE)

    assert [post.visible for post in snapshot.posts] == [False]
    assert snapshot.profile.get("name", "") == GONE[stem]


@pytest.mark.parametrize("stem", OTHERS)
def test_a_recorded_page_that_shows_no_article_is_no_deletion(stem: str) -> None:
    with pytest.raises(OTHERS[stem]):
        read(body(stem), asked("wechat.article", now=NOW), ARTICLE)


def test_every_recorded_page_stands_in_a_table_here() -> None:
    assert {path.stem for path in RECORDED.glob("article_pages*/*.html")} == {*PAGES, *GONE, *OTHERS}


@pytest.mark.parametrize("stem", PAGES)
def test_a_recorded_page_is_read_quickly(stem: str) -> None:
    page = body(stem)
    begun = time.process_time()

    read(page, asked("wechat.article", now=NOW), ARTICLE)

    assert time.process_time() - begun < 0.05 * max(1.0, len(page) / 100_000)


def test_the_recorded_push_of_a_send_tells_its_article() -> None:
    recorded = (RECORDED / "official_api/event_MASSSENDJOBFINISH_recorded_2022-04.xml").read_bytes()

    snapshot = wechat_push.read(recorded, asked("wechat.callback"))

    (post,) = snapshot.posts
    assert post.url == "https://mp.weixin.qq.com/s/8yzT20EvmDg37Jso9nsIIw"
    assert post.published_at == datetime(2022, 4, 25, 14, 20, 41, tzinfo=UTC)


def test_the_documents_sample_of_a_publication_names_no_usable_address() -> None:
    sample = (RECORDED / "official_api/event_PUBLISHJOBFINISH_docsample.xml").read_bytes()

    with pytest.raises(ParseError, match="no_id"):
        wechat_push.read(sample, asked("wechat.callback"))
