"""Every page a post points at ends in its text or in its citation, whichever way the platform tells it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from channels import UID, asked

from adapters.reading.items import Wanted, read_feed
from adapters.reading.page import Draft
from adapters.reading.toutiao import draft_of, layers_of
from adapters.reading.weibo_statuses import read_statuses
from monitor.model import Platform, Post

LONG = "https://www.qingxi.example/art/2026/11/19/art_1_1.html"


def weibo(**changes: Any) -> Post:
    status = {"mid": "5234000000000405", "created_at": "Thu Nov 19 10:00:00 +0800 2026", "text": "看", "user": {"id": int(UID)}}
    (post,) = read_statuses(json.dumps({"statuses": [{**status, **changes}]}).encode(), asked("weibo.openapi"), UID).posts
    return post


WEIBO_LINKS = {
    "a web page's card": {"page_info": {"type": "webpage", "page_url": LONG, "page_title": "供暖"}},
    "a wrapper in the text": {"text": '<a href="https://weibo.cn/sinaurl?u=https%3A%2F%2Fwww.qingxi.example%2Fart%2F2026%2F11%2F19%2Fart_1_1.html">网页链接</a>'},
    "an app's link in the table": {
        "text": "看 http://t.cn/A6demo01",
        "url_struct": [
            {
                "short_url": "http://t.cn/A6demo01",
                "long_url": "sinaweibo://browser?url=https%3A%2F%2Fwww.qingxi.example%2Fart%2F2026%2F11%2F19%2Fart_1_1.html",
            }
        ],
    },
    "a plain address": {"text": f"看 {LONG}"},
}


@pytest.mark.parametrize("changes", WEIBO_LINKS.values(), ids=WEIBO_LINKS)
def test_a_link_of_a_weibo_post_is_in_its_text_and_cited(changes: dict[str, Any]) -> None:
    post = weibo(**changes)

    assert LONG in post.text and post.citation is not None and post.citation.url == LONG


def toutiao(**changes: Any) -> Draft:
    row = {"group_id": "7690000000000000001", "cell_type": 32, "create_time": 1_795_000_000, "content": "看", **changes}
    return draft_of(layers_of(json.dumps(row).encode()))


TOUTIAO_LINKS = {
    "the row's own address": {"article_url": LONG, "cell_type": 60, "title": "供暖"},
    "an address in the words": {"content": f"全文见 {LONG}"},
    "a link behind words": {"content": "全文见网页链接", "rich_content": f'全文见<a class="outer-link" href="{LONG}">网页链接</a>'},
}


@pytest.mark.parametrize("changes", TOUTIAO_LINKS.values(), ids=TOUTIAO_LINKS)
def test_a_link_of_a_toutiao_row_is_cited(changes: dict[str, Any]) -> None:
    draft = toutiao(**changes)

    assert draft.citation is not None and draft.citation.url == LONG


def of_feed(platform: Platform, item: str) -> Post:
    dated = f"<item>{item}<pubDate>Thu, 19 Nov 2026 10:00:00 GMT</pubDate></item>"
    body = f"<rss version='2.0'><channel><title>x</title>{dated}</channel></rss>"
    (post,) = read_feed(body.encode(), asked("feed", platform), Wanted()).posts
    return post


def test_every_link_of_a_weibo_post_in_a_feed_is_kept() -> None:
    links = "".join(f'&lt;a href="{LONG}?{number}"&gt;链接&lt;/a&gt;' for number in range(3))

    post = of_feed(Platform.WEIBO, f"<link>https://weibo.com/6100000001/QeguI006C</link><description>看 {links}</description>")

    assert post.citation is not None and post.citation.url == f"{LONG}?0"
    assert post.text.splitlines()[1:] == [f"{LONG}?{number}" for number in range(3)]


@pytest.mark.parametrize(("words", "cited"), [("阅读原文", LONG), ("长文" * 60, "")])
def test_the_one_link_of_a_wechat_article_in_a_feed_is_cited_and_a_mention_is_not(words: str, cited: str) -> None:
    link = "<link>https://mp.weixin.qq.com/s/demoDEMOdemoDEMOdemo01</link>"

    post = of_feed(Platform.WECHAT, f"{link}<description>{words}&lt;a href='{LONG}'&gt;链接&lt;/a&gt;</description>")

    assert (post.citation.url if post.citation else "") == cited


def test_a_bridges_own_link_to_the_article_is_no_citation() -> None:
    link = "https://mp.weixin.qq.com/s/demoDEMOdemoDEMOdemo01"

    post = of_feed(Platform.WECHAT, f"<link>{link}</link><description>摘要 &lt;a href='{link}?scene=1'&gt;阅读原文&lt;/a&gt;</description>")

    assert post.citation is None
