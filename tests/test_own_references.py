"""The platform's own reference to what a post forwards is kept, whichever channel tells it and whatever became of the original."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from channels import UID, asked

from adapters.reading.forwards import forward_of
from adapters.reading.toutiao import draft_of, layers_of
from adapters.reading.uploads import read_upload
from adapters.reading.wechat_page import see
from adapters.reading.wechat_push import read as read_push
from adapters.reading.weibo_ajax import read_ajax
from adapters.reading.weibo_cards import read_cards
from adapters.reading.weibo_statuses import read_statuses
from monitor.model import Account, Channel, Citation, Platform, Post, Snapshot

ORIGINAL, ISSUER = "5233700000000777", "1700000001"
GROUP = "7690000000000000900"
CREATED = "Thu Nov 19 10:00:00 +0800 2026"


def of_api(status: dict[str, Any]) -> Snapshot:
    return read_statuses(json.dumps({"statuses": [status]}).encode(), asked("weibo.openapi"), UID)


def of_cards(status: dict[str, Any]) -> Snapshot:
    body = {"ok": 1, "data": {"cards": [{"card_type": 9, "mblog": status}]}}
    return read_cards(json.dumps(body).encode(), asked("weibo.web"), UID, signed_in=True)


def of_ajax(status: dict[str, Any]) -> Snapshot:
    return read_ajax(json.dumps({"ok": 1, "data": {"list": [status]}}).encode(), asked("weibo.web"), UID, signed_in=True)


def of_upload(status: dict[str, Any]) -> Snapshot:
    watched = Account(id=f"weibo:{UID}", platform=Platform.WEIBO, name="青溪发布", channels=(Channel(adapter="manual", handle=UID),))
    body = json.dumps({"statuses": [status]}).encode()
    return read_upload(body, watched, asked("manual").now, True, feed=lambda body, asked, who: of_api({}))[1]


READERS = {"the official list": of_api, "the mobile site": of_cards, "the web site": of_ajax, "a saved file": of_upload}
Read = Callable[[dict[str, Any]], Snapshot]


def post_of(read: Read, **changes: Any) -> Post:
    (post,) = read({"mid": "5234000000000405", "created_at": CREATED, "text": "转发微博", "user": {"id": int(UID)}, **changes}).posts
    return post


GONE = {
    "as the official list has it": {"mid": ORIGINAL, "deleted": "1", "text": "此微博已被原作者删除。", "created_at": ""},
    "as the mobile site has it": {"mid": ORIGINAL, "user": None, "deleted": "1", "text": "抱歉，此微博已被作者删除。查看帮助："},
    "as the web site has it": {"mid": ORIGINAL, "user": None, "deleted": "1", "text_raw": "抱歉，此微博已被作者删除。查看帮助："},
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_retweet_names_its_original_and_whose_it_is(read: Read) -> None:
    original = {"mid": ORIGINAL, "user": {"id": int(ISSUER)}, "text": "【供暖启动】今天起供暖。", "created_at": CREATED}

    post = post_of(read, retweeted_status=original)

    assert post.kind == "repost" and post.citation is not None
    assert (post.citation.post_id, post.citation.account, post.citation.title) == (ORIGINAL, ISSUER, "供暖启动")


@pytest.mark.parametrize("original", GONE.values(), ids=GONE)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_retweet_names_an_original_that_was_deleted(read: Read, original: dict[str, Any]) -> None:
    post = post_of(read, retweeted_status=original)

    assert post.kind == "repost" and post.deleted_at is None
    assert post.citation is not None and (post.citation.post_id, post.citation.title) == (ORIGINAL, "")


@pytest.mark.parametrize("read", [of_api, of_cards, of_ajax], ids=["the official list", "the mobile site", "the web site"])
def test_a_fast_forward_names_what_it_hands_on(read: Read) -> None:
    suffix = [{"type": 2, "scheme": f"sinaweibo://userinfo?uid={UID}"}]

    post = post_of(read, user={"id": int(ISSUER)}, ori_mid=ORIGINAL, ori_uid=int(UID), screen_name_suffix_new=suffix)

    assert post.kind == "repost"
    assert post.citation is not None and (post.citation.post_id, post.citation.account) == (ORIGINAL, ISSUER)


def test_a_retweet_in_rsshubs_feed_names_its_original_where_the_feed_links_to_it() -> None:
    quote = "<blockquote> - 转发 <a href='https://weibo.com/1700000001'>@省政府</a>: 【供暖启动】原博：https://weibo.com/1700000001/Kjc77D1jz</blockquote>"

    forward = forward_of("转发 - 转发 @省政府: 【供暖启动】", quote)

    assert forward is not None and forward.citation is not None
    assert (forward.citation.post_id, forward.citation.account) == ("4645748019299849", ISSUER)


# -- WeChat --------------------------------------------------------------------------------------------------------------------

IN_THE_OBJECT = (
    "copyright_info: { copyright_stat: '2' * 1, reprint_type: '%s' * 1, source_encode_biz: JsDecode('MzI5MDAwMDAwMg=='),"
    " source_mid: '2247500009' * 1, source_idx: '3' * 1, reprint_url: JsDecode('http://mp.weixin.qq.com/s/demoDEMOdemoDEMOdemo09') }"
)
IN_VARIABLES = (
    "var copyright_stat = \"\" || '2'; var reprint_type = '%s'; var source_encode_biz = \"\" || 'MzI5MDAwMDAwMg==';"
    " var source_mid = '' || '2247500009'; var source_idx = '' || '3';"
)


def reprint(form: str, kind: str) -> Citation | None:
    facts = form % kind
    script = f"window.cgiDataNew = {{ title: JsDecode('供暖启动'), {facts} }};" if form is IN_THE_OBJECT else facts
    return see(f'<div id="js_article"></div><script>{script}</script><div id="js_content"><p>正文</p></div>').citation


@pytest.mark.parametrize("kind", ["3", "2"], ids=["full text", "share page"])
@pytest.mark.parametrize("form", [IN_THE_OBJECT, IN_VARIABLES], ids=["object", "variables"])
def test_a_formal_reprint_names_account_push_and_place_of_its_source(form: str, kind: str) -> None:
    citation = reprint(form, kind)

    assert citation is not None and (citation.account, citation.post_id) == ("3290000002", "2247500009_3")


def test_a_push_tells_the_original_that_wechat_itself_found() -> None:
    item = "<item><ArticleIdx>1</ArticleIdx><ArticleUrl>http://mp.weixin.qq.com/s/demoDEMOdemoDEMOdemo01</ArticleUrl></item>"
    found = (
        "<item><ArticleIdx>1</ArticleIdx><OriginalArticleUrl>http://mp.weixin.qq.com/s/demoDEMOdemoDEMOdemo09</OriginalArticleUrl>"
        "<NeedShowReprintSource>1</NeedShowReprintSource></item>"
    )
    push = (
        "<xml><MsgType>event</MsgType><Event>MASSSENDJOBFINISH</Event><CreateTime>1795000000</CreateTime><Status>send success</Status>"
        f"<ArticleUrlResult><ResultList>{item}</ResultList></ArticleUrlResult>"
        f"<CopyrightCheckResult><ResultList>{found}</ResultList></CopyrightCheckResult></xml>"
    )

    (post,) = read_push(push.encode(), asked("wechat.callback")).posts

    assert post.citation is not None and post.citation.url == "https://mp.weixin.qq.com/s/demoDEMOdemoDEMOdemo09"


# -- Toutiao -------------------------------------------------------------------------------------------------------------------

THREADS: dict[str, dict[str, Any]] = {
    "by its group": {"group_id": GROUP},
    "by its group, as a number": {"group_id": int(GROUP)},
    "by its thread": {"thread_id": GROUP},
    "by its article": {"itemCell": {"articleBase": {"gidStr": GROUP}}},
    "by its log": {"log_pb": {"group_id_str": GROUP}},
    "with what it shares": {"group_id": GROUP, "itemCell": {"shareInfo": {"title": "供暖启动"}}},
}


@pytest.mark.parametrize("thread", THREADS.values(), ids=THREADS)
def test_a_toutiao_forward_names_the_group_of_its_origin(thread: dict[str, Any]) -> None:
    row = {"cell_type": 32, "comment_base": {"id": "7690000000000000055", "content": "转发了", "create_time": 1_795_000_000}}

    draft = draft_of(layers_of(json.dumps({**row, "origin_thread": thread}).encode()))

    assert (draft.kind, draft.native) == ("repost", "7690000000000000055")
    assert draft.citation is not None and draft.citation.post_id == GROUP


def test_a_forward_whose_origin_is_told_by_words_alone_cites_those() -> None:
    thread = {"itemCell": {"shareInfo": {"title": "供暖启动", "description": "今天起供暖。"}}}
    row = {"cell_type": 32, "comment_base": {"id": "7690000000000000055", "content": "看", "create_time": 1_795_000_000}}

    draft = draft_of(layers_of(json.dumps({**row, "origin_thread": thread}).encode()))

    assert draft.citation is not None and (draft.citation.title, draft.citation.post_id) == ("供暖启动", "")


def test_a_comment_without_its_origin_is_a_forward_of_the_page_it_links_to() -> None:
    link = f"https://www.toutiao.com/article/{GROUP}/"
    row = {"cell_type": 32, "comment_base": {"id": "76", "content": f"看 {link}", "create_time": 1_795_000_000}}

    draft = draft_of(layers_of(json.dumps(row).encode()))

    assert draft.kind == "repost" and draft.citation is not None and draft.citation.post_id == GROUP
