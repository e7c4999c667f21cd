"""When a text counts as all that a reader reads: only where the source's own form says so; and what is a picture alone."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from channels import ARTICLE, BIZ, FIXTURES, NOW, SEC_UID, UID, account, asked, fixtures, told
from recordings import RECORDINGS, needs_recordings

from adapters.reading.dialects import DIALECTS, Manner
from adapters.reading.douyin_works import read_works
from adapters.reading.items import Wanted, read_feed
from adapters.reading.page import Draft, Page
from adapters.reading.toutiao import draft_of, layers_of
from adapters.reading.values import TEXT_LIMIT
from adapters.reading.wechat_lists import read_list
from adapters.reading.wechat_page import read, see
from adapters.reading.wechat_publish import read as read_published
from adapters.reading.weibo import unfolded
from adapters.reading.weibo_forms import says_nothing
from adapters.reading.weibo_statuses import read_statuses
from monitor.matching import ArticleIndex
from monitor.matching.evidence import Doubt
from monitor.model import Article, Platform, Post

LONG = "各乡镇要在月底前完成设备检修，公布报修电话，保证困难群众温暖过冬。" * 8

HOUR = timedelta(hours=1)


def weibo(**changes: Any) -> Post:
    status = {"mid": "5234000000000405", "created_at": "Thu Nov 19 10:00:00 +0800 2026", "text": "平常", "user": {"id": int(UID)}}
    body = json.dumps({"statuses": [{**status, **changes}]}).encode()
    (post,) = read_statuses(body, asked("weibo.openapi"), UID).posts
    return post


VIDEO = {"type": "video", "title": "看现场"}
WEIBO = {
    "it is not long": ({"isLongText": False}, True),
    "it is not long, told as a number": ({"isLongText": 0}, True),
    "it is not long, told as text": ({"isLongText": "0"}, True),
    "nothing is said": ({}, False),
    "nothing we know is said": ({"isLongText": "maybe"}, False),
    "it is long": ({"isLongText": True}, False),
    "it is long, and came": ({"isLongText": True, "text": "平…全文", "longText": {"longTextContent": LONG}}, True),
    "a fold contradicts": ({"isLongText": False, "text": '平 ...<a href="/status/5">全文</a>'}, False),
    "a plain fold contradicts": ({"isLongText": False, "text": "平...展开\u200b"}, False),
    "it was truncated": ({"isLongText": False, "truncated": True}, False),
    "nine pictures": ({"isLongText": False, "pic_num": 9, "text": LONG}, True),
    "ten pictures": ({"isLongText": False, "pic_num": 10, "text": LONG}, False),
    "a caption over pictures": ({"isLongText": False, "pic_ids": ["a"], "text": "【供暖启动】详情见图"}, False),
    "a caption over counted pictures": ({"isLongText": False, "pic_num": 1, "text": "【供暖启动】详情见图"}, False),
    "a video": ({"isLongText": False, "page_info": VIDEO}, False),
    "films and pictures mixed": ({"isLongText": False, "mix_media_info": {"items": [{"type": "video"}]}}, False),
    "a retweet": ({"isLongText": False, "text": "转发微博", "retweeted_status": {"mid": "52", "text": "原"}}, False),
    "a link that nobody resolves": ({"isLongText": False, "text": "【供暖启动】 http://t.cn/A6demo01"}, False),
    "a link to a film": ({"isLongText": False, "text": "看现场 https://video.weibo.com/show?fid=1034:51"}, False),
    "a link to a page": ({"isLongText": False, "text": "详情 https://www.qingxi.example/a.html"}, True),
    "a fast-forward": ({"isLongText": False, "ori_mid": "5233800000000404", "ori_uid": int(UID)}, False),
    "a notice in its place": ({"isLongText": False, "text": "此微博已被原作者删除。"}, False),
    "no words at all": ({"isLongText": False, "text": "", "pic_urls": [{"thumbnail_pic": "http://a.example/1.jpg"}]}, True),
}


@pytest.mark.parametrize(("changes", "whole"), WEIBO.values(), ids=WEIBO)
def test_a_weibo_post_is_whole_where_the_platform_says_that_it_is_not_long(changes: dict[str, Any], whole: bool) -> None:
    assert weibo(**changes).whole is whole


def test_a_long_text_that_was_fetched_is_whole_and_one_that_still_folds_is_not() -> None:
    post = weibo(isLongText=True, text="平 ...<a href='/status/5'>全文</a>")

    assert not post.whole
    assert unfolded(post, LONG + "<br />完").whole
    assert not unfolded(post, LONG + " ...<a href='/status/5'>全文</a>").whole
    assert not unfolded(post, LONG + " <a href='https://video.weibo.com/show?fid=1034:51'>县融媒的微博视频</a>").whole
    assert not unfolded(post, LONG + " <a href='http://t.cn/A6demo01'>网页链接</a>").whole


PICTURES: tuple[dict[str, Any], ...] = (
    {"pics": [{"pid": "a"}]},
    {"pics": {"0": {"pid": "a"}}},
    {"pic_ids": ["a"]},
    {"pic_infos": {"a": {}}},
    {"pic_urls": [{"x": "y"}]},
)
NO_PICTURES: tuple[dict[str, Any], ...] = ({"pics": []}, {"pics": {}}, {"pic_ids": None}, {"pic_urls": []}, {})


@pytest.mark.parametrize("pictures", PICTURES, ids=range(len(PICTURES)))
@pytest.mark.parametrize("text", ["", "#供暖通知#", "#供暖通知# [心]", "分享图片", "🔥🔥 @县融媒", "\u200b"])
def test_pictures_without_words_are_a_picture(text: str, pictures: dict[str, Any]) -> None:
    assert weibo(text=text, **pictures).kind == "picture"


@pytest.mark.parametrize("pictures", NO_PICTURES, ids=range(len(NO_PICTURES)))
def test_without_pictures_nothing_is_a_picture(pictures: dict[str, Any]) -> None:
    assert weibo(text="#供暖通知#", **pictures).kind == "post"


OTHERWISE: dict[str, tuple[dict[str, Any], str]] = {
    "words": ({"text": "#供暖# 今天启动"}, "post"),
    "a link": ({"text": "http://t.cn/A6demo01"}, "post"),
    "a video": ({"text": "", "page_info": VIDEO}, "post"),
    "a fold": ({"text": "#供暖#...展开"}, "post"),
    "a retweet": ({"text": "", "retweeted_status": {"mid": "5233800000000404", "text": "原"}}, "repost"),
}


@pytest.mark.parametrize(("changes", "kind"), OTHERWISE.values(), ids=OTHERWISE)
def test_what_says_more_than_its_pictures_is_none(changes: dict[str, Any], kind: str) -> None:
    assert weibo(pic_ids=["a"], **changes).kind == kind


@pytest.mark.parametrize("text", ["#" * 100_000, "[" * 100_000, "@" + "长" * 100_000, "#a#" * 50_000])
def test_a_hostile_text_is_no_picture_and_soon_told(text: str) -> None:
    assert not says_nothing(text)


def test_a_text_that_our_own_limit_cuts_is_not_whole() -> None:
    page = Page(asked("weibo.openapi"))

    page.take(Draft(native="1", at=NOW, text="字" * TEXT_LIMIT, whole=True))
    page.take(Draft(native="2", at=NOW, text="字" * (TEXT_LIMIT - 1), whole=True))
    page.take(Draft(native="3", at=NOW, text="字", whole=True, deleted=True))

    assert [post.whole for post in page.posts.values()] == [False, True, False]


RECURRING = "市政府召开常务会议"
OWN_WORDS = "会议部署的各项任务与我们的工作密切相关，全体干部要认真学习会议精神，结合实际抓好落实，用心用情做好本职工作，不断提升服务水平。"


def test_own_words_above_a_retweet_of_a_recurring_title_accuse_nobody() -> None:
    original = {"mid": "5233800000000404", "user": {"id": 1700000001}, "text": f"【{RECURRING}】今天的会议研究供暖。"}
    post = weibo(isLongText=False, text=OWN_WORDS, retweeted_status=original)
    day = post.published_at
    article = Article(id="k", title=RECURRING, text=LONG, published_at=day - HOUR, due_at=day + HOUR)

    (found,) = ArticleIndex([article]).find(post, account("weibo.openapi"))

    assert (found.standing, found.doubt) == ("candidate", Doubt.OTHER_TEXT)


# -- WeChat --------------------------------------------------------------------------------------------------------------------


def page_of(body: str, show_type: int = 0, more: str = "") -> str:
    escaped = body.replace("<", "\\x3c").replace(">", "\\x3e").replace("'", "\\x27")
    facts = f"title: JsDecode('供暖启动'), ori_create_time: '1795000000' * 1, item_show_type: '{show_type}' * 1, {more}"
    script = f"<script>window.cgiDataNew = {{ {facts} content_noencode: JsDecode('{escaped}') }};</script>"
    return f"<html><div id=\"js_article\"></div>{script}</html>"


SHARED = "copyright_info: { copyright_stat: '2' * 1, reprint_type: '2' * 1, source_mid: '2247500009' * 1, source_idx: '1' * 1 },"
PAGES = {
    "a text": (page_of(f"<p>{LONG}</p>"), True),
    "a short text": (page_of("<p>今天停水。</p>"), True),
    "a long text with pictures": (page_of(f"<p>{LONG}</p><img data-src='a'/>"), True),
    "a few words under a poster": (page_of("<img data-src='a'/><p>来源：县住建局</p>"), False),
    "a few words under a film": (page_of("<iframe class='video_iframe'></iframe><p>点击观看</p>"), False),
    "pictures alone": (page_of("<img data-src='a'/>"), True),
    "a touch to open": (page_of("<section style='background-image: url(a.png)'></section><p>点击图片查看</p>"), False),
    "a drawing": (page_of("<svg viewBox='0 0 1 1'></svg><p>点击图片查看</p>"), False),
    "a picture post": (page_of("", 8), True),
    "a picture post with words": (page_of("一图读懂供暖启动，转给家人。", 8), False),
    "a text post": (page_of("第一行就是标题", 10), True),
    "a video": (page_of("现场视频", 5), False),
    "an audio": (page_of("听一听", 7), False),
    "no body": (page_of(""), False),
    "a paid article": (page_of(f"<p>{LONG}</p>", more="is_pay_subscribe: '1' * 1,"), False),
    "an article that is not paid for": (page_of(f"<p>{LONG}</p>", more="is_pay_subscribe: '0' * 1,"), True),
    "a share page": (page_of("", more=SHARED), False),
    "markup that ends": (f'<div id="js_article"><div id="js_content"><p>{LONG}</p></div></div>', True),
    "markup that was cut off": (f'<div id="js_article"><div id="js_content"><p>{LONG}', False),
    "an enormous body": (page_of(f"<p>{LONG}</p><!--" + "x" * 600_000 + "-->"), False),
}


@pytest.mark.parametrize(("page", "whole"), PAGES.values(), ids=PAGES)
def test_an_opened_article_is_whole_where_its_body_was_seen_to_its_end(page: str, whole: bool) -> None:
    assert see(page).whole is whole


def test_a_page_that_is_gone_has_no_whole_text() -> None:
    (post,) = read((FIXTURES / "wechat.article" / "gone_complaint.html").read_bytes(), asked("wechat.article"), ARTICLE).posts

    assert post.deleted_at is not None and not post.whole


NEWS = {
    "a body": ({"content": f"<p>{LONG}</p>"}, True, "article"),
    "a digest alone": ({"digest": LONG}, False, "article"),
    "an empty body": ({"content": "  ", "digest": LONG}, False, "article"),
    "pictures alone": ({"content": "<img src='a'/>"}, True, "picture"),
    "few words under a poster": ({"content": "<p>来源：县住建局</p><img src='a'/>"}, False, "article"),
    "deleted": ({"content": f"<p>{LONG}</p>", "is_deleted": True}, False, "article"),
}


@pytest.mark.parametrize(("news", "whole", "kind"), NEWS.values(), ids=NEWS)
def test_the_publish_list_tells_bodies_and_a_digest_is_none(news: dict[str, Any], whole: bool, kind: str) -> None:
    item = {"article_id": "a", "content": {"news_item": [{"title": "供暖启动", **news}], "create_time": 1_795_000_000}}

    (post,) = read_published(json.dumps({"item": [item], "total_count": 1}).encode(), asked("wechat.openapi")).posts

    assert (post.whole, post.kind) == (whole, kind)


def test_the_only_link_of_a_published_body_is_its_citation() -> None:
    news = {"title": "供暖启动", "content": "<a href='https://www.qingxi.example/a.html'>点击阅读</a>"}
    item = {"article_id": "a", "content": {"news_item": [news], "create_time": 1_795_000_000}}

    (post,) = read_published(json.dumps({"item": [item]}).encode(), asked("wechat.openapi")).posts

    assert post.citation is not None and post.citation.url == "https://www.qingxi.example/a.html"


def test_a_saved_list_of_articles_holds_no_whole_text() -> None:
    seen = [told(partial(read_list, path.read_bytes(), asked("manual"), BIZ)) for path in fixtures("wechat.lists")]
    posts = [post for each in seen for post in each.get("posts", ())]

    assert posts and not any(post.get("whole") for post in posts)


# -- Toutiao, Douyin -----------------------------------------------------------------------------------------------------------

ROWS = {
    "a micro post": ({"cell_type": 32, "content": LONG}, True),
    "one in markup": ({"cell_type": 32, "rich_content": f"<p>{LONG}</p>"}, True),
    "one that ends in dots": ({"cell_type": 32, "content": LONG + "..."}, False),
    "one that ends in an ellipsis": ({"cell_type": 32, "content": LONG + "……"}, False),
    "one that ends in a fold": ({"cell_type": 32, "content": LONG + "…全文"}, False),
    "one without words": ({"cell_type": 32, "content": ""}, False),
    "an article": ({"cell_type": 60, "title": "供暖启动", "abstract": LONG}, False),
    "a video": ({"cell_type": 49, "title": "供暖启动", "content": LONG}, False),
    "a forward": ({"cell_type": 32, "comment_base": {"id": "76", "content": "转发微头条"}}, False),
    "a caption over pictures": ({"cell_type": 32, "content": "供暖启动，详情见图", "large_image_list": [{"url": "a"}]}, False),
    "a text over pictures": ({"cell_type": 32, "content": LONG, "image_list": [{"url": "a"}]}, True),
    "a short one without pictures": ({"cell_type": 32, "content": "今天停水。", "image_list": []}, True),
    "one with a film": ({"cell_type": 32, "content": LONG, "has_video": True}, False),
}


@pytest.mark.parametrize(("row", "whole"), ROWS.values(), ids=ROWS)
def test_the_words_of_a_micro_post_are_whole_and_an_abstract_is_not(row: dict[str, Any], whole: bool) -> None:
    draft = draft_of(layers_of(json.dumps({"group_id": "7690000000000000001", "create_time": 1_795_000_000, **row}).encode()))

    assert draft.whole is whole


def test_a_caption_is_not_the_work() -> None:
    seen = read_works((FIXTURES / "douyin.gateway" / "page.json").read_bytes(), asked("douyin.gateway"), SEC_UID)

    assert seen.posts and not any(post.whole for post in seen.posts)


# -- feeds ---------------------------------------------------------------------------------------------------------------------

ENCODED = f"<description>摘要</description><content:encoded><![CDATA[<p>{LONG}</p>]]></content:encoded>"
SUMMED = f"<description><![CDATA[<p>{LONG}</p>]]></description>"
TELLING = {
    "rsshub.weibo": (True, True),
    "wewe-rss": (True, False),
    "we-mp-rss": (True, False),
    "wechat2rss": (True, False),
}


def of_feed(item: str, dialect: str, platform: Platform = Platform.WECHAT, link: str = "https://mp.weixin.qq.com/s/demoDEMOdemo01") -> Post:
    dated = f"<item><title>供暖</title><link>{link}</link>{item}<pubDate>Thu, 19 Nov 2026 10:00:00 GMT</pubDate></item>"
    space = "xmlns:content='http://purl.org/rss/1.0/modules/content/'"
    body = f"<rss version='2.0' {space}><channel><title>x</title>{dated}</channel></rss>"
    (post,) = read_feed(body.encode(), asked("feed", platform), Wanted(manner=Manner(dialect=dialect))).posts
    return post


@pytest.mark.parametrize("dialect", [*(each.name for each in DIALECTS), "plain"])
def test_a_feeds_text_is_whole_only_where_its_bridge_is_known_to_put_whole_texts(dialect: str) -> None:
    seen = of_feed(ENCODED, dialect).whole, of_feed(SUMMED, dialect).whole

    assert seen == TELLING.get(dialect, (False, False))


DIGEST = "各乡镇要在月底前完成设备检修，公布报修电话，保证困难群众温暖过冬。"
WALL = "<h2>环境异常</h2><p>当前环境异常，完成验证后即可继续访问。</p><a>去验证</a>"
STAND_INS = ["获取全文失败，请重试~", "None", "null", "DELETED", "", "<img src='a'/>", "<img src='a'/><p>来源：县住建局</p>", DIGEST, WALL]


@pytest.mark.parametrize("content", STAND_INS)
def test_what_stands_in_for_a_text_is_none(content: str) -> None:
    item = f"<description>摘要</description><content:encoded><![CDATA[{content}]]></content:encoded>"

    assert not any(of_feed(item, dialect).whole for dialect in ("wewe-rss", "we-mp-rss", "wechat2rss"))


def in_rsshub(text: str) -> Post:
    item = f"<description><![CDATA[{text}]]></description>"
    return of_feed(item, "rsshub.weibo", Platform.WEIBO, "https://weibo.com/6100000001/QeguI006C")


SIGN = "<span class='url-icon'><img alt=[心] src='//h5.sinaimg.cn/m/emoticon/a.png'></span>"


@pytest.mark.parametrize("words", [LONG, LONG + "<img src='a'>", "短", f"短{SIGN}", "见 <a href='https://www.qingxi.example/a.html'>网页</a>"])
def test_a_post_in_rsshubs_feed_is_whole_unless_it_shows_a_fold(words: str) -> None:
    assert in_rsshub(words).whole
    assert not in_rsshub(words + " ...<a href='/status/5234'>全文</a><br><img src='a'>").whole


MORE = {
    "a caption over pictures": "【供暖启动】详情见图<br><img src='a'>",
    "a film": "看现场<br><video src='a'></video>",
    "a link to a film": "看现场 <a href='https://video.weibo.com/show?fid=1034:51'>县融媒的微博视频</a>",
    "a link that nobody resolved": "详情 <a href='http://t.cn/A6demo01'>网页链接</a>",
    "a forward": "评论<blockquote> - 转发 <a href='https://weibo.com/1700000001'>@x</a>: 原文</blockquote>",
}


@pytest.mark.parametrize("words", MORE.values(), ids=MORE)
def test_a_post_in_rsshubs_feed_that_shows_more_than_its_words_is_not_whole(words: str) -> None:
    assert not in_rsshub(words).whole


# -- recordings ----------------------------------------------------------------------------------------------------------------

CUT_SHORT = (
    "appmsg_type9_paid_claimsource_c02",
    "picshare_type8_03",
    "picshare_type8_05",
    "picshare_type8_10002_01",
    "reprint_sharepage_reprinttype2_03",
)
"""Recorded pages whose words are not all: what must be paid for, words below a picture, words above the card of an original."""


@needs_recordings
def test_recorded_article_pages_are_whole_but_for_those_that_tell_more_than_their_words() -> None:
    pages = sorted((RECORDINGS / "wechat" / "article_pages").glob("*.html"))
    shown = {path.stem: see(path.read_text("utf-8")) for path in pages if not path.stem.startswith("unavailable")}

    assert {stem for stem, seen in shown.items() if not seen.whole} == set(CUT_SHORT)


@needs_recordings
def test_no_recorded_post_that_is_folded_counts_as_whole() -> None:
    for path in sorted((RECORDINGS / "weibo").glob("*/*.json")):
        for raw in _statuses(json.loads(path.read_text("utf-8"))):
            status = {**raw, "user": {"id": int(UID)}, "created_at": "Thu Nov 19 10:00:00 +0800 2026", "mid": "5234000000000405"}
            post = weibo(**status)
            folded = ">全文<" in str(raw.get("text")) or "展开<" in str(raw.get("text"))
            assert not (post.whole and (folded or raw.get("isLongText")) and not raw.get("longText")), path.name


def _statuses(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [status for each in value for status in _statuses(each)]
    if not isinstance(value, dict):
        return []
    own = [value] if "created_at" in value and "text" in value else []
    return [*own, *(status for each in value.values() for status in _statuses(each))]
