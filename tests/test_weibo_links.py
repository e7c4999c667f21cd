"""What a Weibo post points at and where its text is cut: folds, wrapped links, cards, and texts made to hurt."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec
import pytest
from channels import UID, asked

from adapters.reading.weibo_links import card_of, cut_fold, is_folded, unwrapped
from adapters.reading.weibo_statuses import read_statuses
from monitor.model import Post

CHANNEL = "weibo.openapi"
OTHER = "1700000001"


def status(mid: str = "5234000000000405", **changes: Any) -> dict[str, Any]:
    user = {"id": int(UID), "screen_name": "青溪发布"}
    return {"mid": mid, "created_at": "Thu Nov 19 18:30:05 +0800 2026", "text": "平常", "user": user, **changes}


def one(**changes: Any) -> Post:
    (post,) = read_statuses(json.dumps({"statuses": [status(**changes)]}).encode(), asked(CHANNEL), UID).posts
    return post


FOLDS = {
    '开头 ...<a href="/status/5234">全文</a>': "开头 ",
    '开头<br />二 ...<span class="expand">展开</span>': "开头<br />二 ",
    "开头…全文： http://m.weibo.cn/6100000001/5234000000000402 \u200b": "开头",
    "开头...展开\u200b\u200b": "开头",
    "读者可查阅报告全文": "读者可查阅报告全文",
    "请点击展开": "请点击展开",
    "": "",
}


@pytest.mark.parametrize(("text", "cut"), FOLDS.items())
def test_a_fold_is_cut_off_and_only_a_fold(text: str, cut: str) -> None:
    assert cut_fold(text) == cut
    assert is_folded(text) == (text != cut)


@pytest.mark.parametrize("text", ["结尾\u200b", "结尾 \u200b\u200b\u200b", "\u200b结尾\n"])
def test_an_invisible_end_is_no_text(text: str) -> None:
    assert one(text=text).text == "结尾"


def test_the_whole_text_is_preferred_where_the_body_has_it() -> None:
    post = one(text='【标题 ...<a href="/status/5">全文</a>', isLongText=True, longText={"longTextContent": "【标题在后头】<br />全文"})

    assert (post.title, post.text) == ("标题在后头", "【标题在后头】\n全文")


def test_the_plain_text_stands_in_where_there_is_no_other() -> None:
    assert one(text="", text_raw="只有纯文本\u200b").text == "只有纯文本"
    assert one(text=None, raw_text="转发微博").text == "转发微博"


CARD_2015 = (
    "sinaweibo://infopage?containerid=1&showurl=http%3A%2F%2Ffeed.mix.sina.com.cn%2Flink_card%2Fredirect"
    "%3Furl%3Dhttp%253A%252F%252Fnews.example%252Fa%252F1.shtml&url_open_direct=1"
)
WRAPPED = {
    "https://weibo.cn/sinaurl?luicode=1&u=https%3A%2F%2Fnews.example%2Fa%3Fid%3D7": "https://news.example/a?id=7",
    "https://weibo.cn/sinaurl/blocked4?luicode=1&url=http%3A%2F%2Fnews.example%2Fb": "http://news.example/b",
    "https://m.weibo.cn/sinaurl?u=http%3A%2F%2Fnews.example%2Fc": "http://news.example/c",
    "sinaweibo://browser?url=https%3A%2F%2Fnews.example%2Fd": "https://news.example/d",
    CARD_2015: "http://news.example/a/1.shtml",
    "http://paper.example/app.php?m=News&id=7&url_type=39&object_type=webpage&pos=1": "http://paper.example/app.php?m=News&id=7",
    "http://paper.example/7?url_type=39&object_type=webpage&pos=1": "http://paper.example/7",
    "http://t.cn/A6demo01": "http://t.cn/A6demo01",
    "https://news.example/sinaurl?u=https%3A%2F%2Felsewhere.example": "https://news.example/sinaurl?u=https%3A%2F%2Felsewhere.example",
    "sinaweibo://detail?mblogid=5141239977217903": "",
    "javascript:alert(1)": "",
    "http://[": "",
    "": "",
}


@pytest.mark.parametrize(("link", "inner"), WRAPPED.items())
def test_a_wrapped_link_is_unwrapped(link: str, inner: str) -> None:
    assert unwrapped(link) == inner


def test_every_page_a_post_points_at_can_be_found_and_the_best_is_its_citation() -> None:
    post = one(
        text="【标题】见 http://t.cn/A6aaaaaa 和 http://t.cn/A6bbbbbb 和 http://t.cn/A6cccccc",
        url_struct=[
            {"short_url": "http://t.cn/A6aaaaaa", "long_url": "https://s.weibo.com/weibo?q=x", "url_title": "话题"},
            {"short_url": "http://t.cn/A6bbbbbb", "long_url": "https://news.example/1", "url_title": "网页链接"},
            {"short_url": "http://t.cn/A6cccccc", "ori_url": "sinaweibo://browser?url=https%3A%2F%2Fnews.example%2F2", "url_title": "题"},
            {"short_url": "http://t.cn/A6elsewhere", "long_url": "https://news.example/3"},
        ],
    )

    assert post.citation is not None and (post.citation.url, post.citation.title) == ("https://news.example/1", "")
    assert post.text.splitlines()[1:] == ["https://news.example/1", "https://news.example/2"]


def test_a_short_link_is_kept_where_nothing_resolves_it() -> None:
    post = one(text="详情 http://t.cn/A6demo01")

    assert post.citation is not None and post.citation.url == "http://t.cn/A6demo01"
    assert post.text == "详情 http://t.cn/A6demo01"


def test_topics_pictures_and_mentions_are_no_links_of_a_post() -> None:
    markup = (
        '<a href="https://m.weibo.cn/search?containerid=1">#话题#</a><a href="/n/x">@x</a><a href=\'https://weibo.com/n/x\'>@x</a>'
        '<a href="https://wx4.sinaimg.cn/large/a.jpg">查看图片</a><a href="https://m.weibo.cn/p/index?containerid=2">地点</a>'
    )

    assert one(text=markup).citation is None


CARDS = {
    "article on the mobile site": (
        {"type": "article", "page_title": "@ 某某 ", "content1": "标题", "object_id": "1022:2309405234000000000001"},
        ("https://weibo.com/ttarticle/p/show?id=2309405234000000000001", "标题"),
    ),
    "article of type 24": (
        {"type": "24", "page_id": "2309405234000000000001", "content1": "标题"},
        ("https://weibo.com/ttarticle/p/show?id=2309405234000000000001", "标题"),
    ),
    "article known by its address": (
        {
            "object_type": "article",
            "page_url": "sinaweibo://articlebrowser?url=https%3A%2F%2Fweibo.com%2Fttarticle%2Fx%2Fm%2Fshow%23%2Fid%3D2309405234000000000001%26a%3D1",
        },
        ("https://weibo.com/ttarticle/p/show?id=2309405234000000000001", ""),
    ),
    "web page": (
        {"type": "webpage", "page_url": "https://weibo.cn/sinaurl?u=https%3A%2F%2Fa.example%2F", "page_title": "题"},
        ("https://a.example/", "题"),
    ),
    "video": ({"type": "video", "page_title": "某某的微博视频", "title": "片名", "content1": "某某的微博视频"}, ("", "片名")),
    "video without a name": ({"object_type": 11, "type": "11", "title": "某某的微博视频"}, ("", "")),
    "topic": ({"type": "search_topic", "page_title": "#话题#", "content1": "0讨论 0阅读"}, ("", "")),
    "place": ({"type": "place", "page_title": "某地"}, ("", "")),
}


@pytest.mark.parametrize(("card", "what"), CARDS.values(), ids=CARDS)
def test_a_card_tells_what_it_is(card: dict[str, Any], what: tuple[str, str]) -> None:
    assert card_of(msgspec.Raw(json.dumps(card).encode())) == what


def test_the_card_under_a_retweet_is_the_originals() -> None:
    article = {"type": "24", "object_type": "article", "content1": "原文标题", "object_id": "1022:2309405234000000000001"}

    post = one(page_info=article, retweeted_status=status("5233700000000777", user={"id": int(OTHER)}, text="看", page_info=article))

    assert post.title == "" and post.citation is not None
    assert (post.citation.title, post.citation.post_id) == ("原文标题", "5233700000000777")


HOSTILE = {
    "anchors without an end": "<a " * 30_000,
    "anchors of blanks": "<a" + " href=" * 15_000 + ">",
    "many anchors": '<a href="http://a.example/x">x</a>' * 3_000,
    "many links": "http://t.cn/A6demo01 " * 4_500,
    "dots before a fold": "." * 99_000 + "全文",
    "blanks after a fold": "全文" + "\u200b" * 30_000,
    "nested wrappers": "http://weibo.cn/sinaurl?u=" * 3_500,
    "brackets": "【" * 30_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_read_quickly(text: str) -> None:
    body = json.dumps({"statuses": [status(text=text, url_struct=[{"short_url": "http://t.cn/A6demo01", "long_url": text[:50_000]}])]})

    begun = time.process_time()
    read_statuses(body.encode(), asked(CHANNEL), UID)

    assert time.process_time() - begun < 0.05 + 0.0005 * len(body.encode()) / 1024 * 2
