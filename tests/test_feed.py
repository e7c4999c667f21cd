"""`feed`: goldens, conditional requests, identity, what error pages mean, and that links give every post one name."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from channels import BIZ, NOW, Reply, account, adapter, asked, expected, fixtures, platform_of, serving, told
from pydantic import SecretStr

from adapters.feed import read
from adapters.http import Door
from adapters.reading.links import Named, named_by, native_id
from adapters.reading.values import from_text, plain, web_url
from monitor.access.credentials import CredentialBook, Vault
from monitor.errors import AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.matching.urls import canonical_url, reference_of

CHANNEL = "feed"
OWNERS = {"wechat_identities_mixed": BIZ}


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


def fixture(stem: str) -> Path:
    return next(path for path in fixtures(CHANNEL) if path.stem == stem)


@pytest.mark.parametrize("path", fixtures(CHANNEL), ids=lambda path: path.stem)
def test_a_feed_reads_as_expected(path: Path) -> None:
    seen = asked(CHANNEL, platform_of(CHANNEL, path))

    assert told(lambda: read(path.read_bytes(), seen, biz=OWNERS.get(path.stem, ""))) == expected(path)


async def test_an_unchanged_feed_is_asked_for_conditionally_and_never_sent_again(door: Door) -> None:
    headers = {"ETag": 'W/"17"', "Last-Modified": "Thu, 19 Nov 2026 11:00:00 GMT"}
    async with serving(Reply.of(fixture("wechat_mixed_zones"), **headers)) as served:
        watched, made = account(CHANNEL, served.base_url), adapter(CHANNEL, door, served.base_url)
        first = await made.look(watched, watched.channels[0], {}, NOW)
        again = await made.look(watched, watched.channels[0], first.memory, NOW + timedelta(hours=1))

    assert served.requests[1].headers["If-None-Match"] == headers["ETag"]
    assert served.requests[1].headers["If-Modified-Since"] == headers["Last-Modified"]
    assert again.unchanged and again.covers_from == first.covers_from and again.digest == first.digest


REBUILT = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>青溪发布</title><link>http://b.example/</link>
<lastBuildDate>{built}</lastBuildDate><pubDate>{built}</pubDate><item><title>{title}</title><link>https://mp.weixin.qq.com/s/abcdefghijklmnopqrstuv</link>
<pubDate>Thu, 19 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>"""


@pytest.mark.parametrize(
    ("built", "title", "unchanged"),
    {
        "built anew without news": ("Fri, 20 Nov 2026 03:00:00 GMT", "关于停水的通告", True),
        "built anew with an edited item": ("Fri, 20 Nov 2026 03:00:00 GMT", "关于停水的通告（更正）", False),
        "not built anew, with an edited item": ("Fri, 20 Nov 2026 02:00:00 GMT", "关于停水的通告（更正）", False),
    }.values(),
)
async def test_when_a_feed_was_built_is_no_news(built: str, title: str, unchanged: bool, door: Door) -> None:
    before = REBUILT.format(built="Fri, 20 Nov 2026 02:00:00 GMT", title="关于停水的通告")
    async with serving(Reply(before.encode()), Reply(REBUILT.format(built=built, title=title).encode())) as served:
        watched, made = account(CHANNEL, served.base_url, whole="1"), adapter(CHANNEL, door, served.base_url)
        first = await made.look(watched, watched.channels[0], {}, NOW)
        again = await made.look(watched, watched.channels[0], first.memory, NOW + timedelta(hours=1))

    assert again.unchanged is unchanged
    assert [post.title for post in again.posts] == ([] if unchanged else [title])


async def test_a_key_that_a_bridge_writes_into_its_items_is_struck_out(door: Door) -> None:
    key, odd = "key-that-must-never-be-shown", "k/e+y=that must"
    item = "<item><title>通告</title><link>http://b.example/1?k={0}</link><description>see http://b.example/?k={0}</description>"
    item += "<pubDate>Thu, 19 Nov 2026 09:00:00 GMT</pubDate>"
    body = REBUILT.format(built="", title="x").replace("<item>", item.format(key) + "</item><item>")
    book = Vault(CredentialBook(SecretStr(json.dumps({"bridge": {"k": key, "auth_key": odd.replace(" ", "-")}}))))
    async with serving(Reply(body.encode())) as served:
        watched = account(CHANNEL, served.base_url, whole="1", credential="bridge")
        seen = await adapter(CHANNEL, door, served.base_url, book).look(watched, watched.channels[0], {}, NOW)

    assert served.requests[0].query["k"] == key
    assert len(seen.posts) == 2 and key not in seen.model_dump_json()


async def test_a_new_body_replaces_what_was_remembered(door: Door) -> None:
    old, new = Reply.of(fixture("wechat_mixed_zones"), ETag='"1"'), Reply.of(fixture("gb2312"), ETag='"2"')
    async with serving(old, new) as served:
        watched, made = account(CHANNEL, served.base_url, whole="1"), adapter(CHANNEL, door, served.base_url)
        first = await made.look(watched, watched.channels[0], {}, NOW)
        second = await made.look(watched, watched.channels[0], first.memory, NOW)

    assert not second.unchanged
    assert second.memory["etag"] == '"2"' and second.memory["digest"] == second.digest != first.digest


@pytest.mark.parametrize("memory", [{"digest": 7}, {"digest": "x"}, {"digest": "x", "covers_from": "y"}, {"etag": '"1"'}])
async def test_an_unsound_memory_asks_without_conditions(memory: dict[str, object], door: Door) -> None:
    async with serving(Reply.of(fixture("wechat_mixed_zones"), ETag='"1"')) as served:
        watched, made = account(CHANNEL, served.base_url), adapter(CHANNEL, door, served.base_url)

        snapshot = await made.look(watched, watched.channels[0], {**memory, "last_modified": "x"}, NOW)

    assert snapshot.posts
    assert "If-None-Match" not in served.requests[0].headers


async def test_not_modified_is_no_view_where_no_validator_was_sent(door: Door) -> None:
    async with serving(Reply.of(fixture("wechat_mixed_zones")), Reply(b"", 304)) as served:
        watched, made = account(CHANNEL, served.base_url), adapter(CHANNEL, door, served.base_url)
        first = await made.look(watched, watched.channels[0], {}, NOW)

        assert first.memory and "etag" not in first.memory
        with pytest.raises(ParseError, match="304"):
            await made.look(watched, watched.channels[0], first.memory, NOW + timedelta(days=3))


async def test_not_modified_without_a_question_is_no_view(door: Door) -> None:
    async with serving(Reply(b"", 304)) as served:
        watched = account(CHANNEL, served.base_url)

        with pytest.raises(ParseError):
            await adapter(CHANNEL, door, served.base_url).look(watched, watched.channels[0], {}, NOW)


@pytest.mark.parametrize("stem", ["broken", "unreadable_items", "naive_times"])
async def test_a_doubtful_feed_leaves_no_memory(stem: str, door: Door) -> None:
    async with serving(Reply.of(fixture(stem), ETag='"1"')) as served:
        watched = account(CHANNEL, served.base_url)
        try:
            snapshot = await adapter(CHANNEL, door, served.base_url).look(watched, watched.channels[0], {}, NOW)
        except Degraded as error:
            assert error.snapshot is not None
            snapshot = error.snapshot

    assert snapshot.posts and snapshot.memory == {}


PAGES = {
    "dead cookie": (503, "<html>Error: Cookies expired. Please update WEIBO_COOKIES</html>", AuthError),
    "cooling": (503, "Cooling down before new visitor Cookies", RateLimited),
    "waf": (503, "Error: Empty post data. The request may be filtered by WAF.", RateLimited),
    "wall": (403, "request blocked by WAF", RateLimited),
    "parameter": (503, "InvalidParameterError: Invalid UID", AuthError),
    "upstream": (503, "Cannot read properties of undefined", TransportFault),
    "unknown feed": (404, '{"detail":{"code":40401}}', AuthError),
    "bad id": (400, "不存在该feed！", AuthError),
    "no key": (401, "", AuthError),
    "gone": (410, "", AuthError),
    "teapot": (418, "", ParseError),
}


@pytest.mark.parametrize(("status", "body", "kind"), PAGES.values(), ids=PAGES)
async def test_an_error_page_is_read_for_its_cause(status: int, body: str, kind: type[LookError], door: Door) -> None:
    async with serving(Reply(body.encode(), status)) as served:
        watched = account(CHANNEL, served.base_url)

        with pytest.raises(kind) as caught:
            await adapter(CHANNEL, door, served.base_url).look(watched, watched.channels[0], {}, NOW)

    assert type(caught.value) is kind


@pytest.mark.parametrize("handle", ["file:///etc/passwd", "gh_000000000001", "//bridge.example/x", "http://user:pw@bridge.example/x"])
async def test_a_handle_that_is_no_web_address_is_refused(handle: str, door: Door) -> None:
    watched = account(CHANNEL)
    wrong = watched.channels[0].model_copy(update={"handle": handle})

    with pytest.raises(ParseError):
        await adapter(CHANNEL, door, "").look(watched, wrong, {}, NOW)


STRANGER = "MzE5OTk5OTk5OQ=="
OURS = {"as in links": BIZ, "as a number": "3290000001", "one of several": f"{STRANGER}, {BIZ}"}


@pytest.mark.parametrize("biz", OURS.values(), ids=OURS)
def test_a_feed_of_our_account_is_taken(biz: str) -> None:
    assert read(fixture("wechat_mixed_zones").read_bytes(), asked(CHANNEL), biz=biz).covers_from is not None


def test_a_feed_of_another_account_is_refused() -> None:
    with pytest.raises(ParseError, match="wrong account"):
        read(fixture("wechat_mixed_zones").read_bytes(), asked(CHANNEL), biz=STRANGER)


@pytest.mark.parametrize("body", [b"<rss></rss>", b"<html></html>", b"<opml/>", b"<rss", b"<a></b>", b"\x00\x01", b"not a feed"])
def test_what_is_no_feed_is_a_parse_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        read(body, asked(CHANNEL))


BOMBS = {
    "laughs": '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><rss><channel><title>&b;</title></channel></rss>',
    "outside": '<?xml version="1.0"?><!DOCTYPE rss SYSTEM "file:///etc/passwd"><rss><channel/></rss>',
    "behind a long comment": "<?xml version='1.0'?><!--" + "x" * 9_000 + "--><!DOCTYPE rss [<!ENTITY a 'b'>]><rss><channel/></rss>",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_document_with_a_dtd_is_refused(bomb: str, encoding: str) -> None:
    with pytest.raises(ParseError):
        read(bomb.encode(encoding), asked(CHANNEL))


def test_a_declared_encoding_that_could_hide_markup_is_refused() -> None:
    with pytest.raises(ParseError, match="encoding"):
        read(b'<?xml version="1.0" encoding="utf-7"?><rss><channel/></rss>', asked(CHANNEL))


def test_the_servers_charset_counts_where_the_document_names_none() -> None:
    text = fixture("gb2312").read_bytes().decode("gb2312").replace(' encoding="gb2312"', "")

    assert read(text.encode("gb18030"), asked(CHANNEL), charset="gb18030").posts[0].title == "冬季供暖今日启动"
    assert read(fixture("gb2312").read_bytes(), asked(CHANNEL), charset="big5hkscs").posts[0].title == "冬季供暖今日启动"


LINKS = {
    "http://mp.weixin.qq.com/s?__biz=MzI5MDAwMDAwMQ==&mid=2247500001&idx=2&sn=0&chksm=1&scene=0#rd": "3290000001_2247500001_2",
    "https://mp.weixin.qq.com/s?__biz=MzI5MDAwMDAwMQ%3D%3D&mid=2247500001&idx=2": "3290000001_2247500001_2",
    "https://mp.weixin.qq.com/s?mid=2247500001&idx=2&__biz=MzI5MDAwMDAwMQ==": "3290000001_2247500001_2",
    "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv?scene=1": "AbCdEfGhIjKlMnOpQrStUv",
}


@pytest.mark.parametrize(("link", "native"), LINKS.items())
def test_every_form_of_a_wechat_link_gives_one_name(link: str, native: str) -> None:
    named = named_by(link, "wechat")

    assert named is not None and named.native == native


USUAL = [*LINKS, "https://weibo.com/6100000001/QeguI006x", "https://www.douyin.com/note/7570000000000000009?x=1"]


@pytest.mark.parametrize("platform", ["wechat", "weibo", "douyin"])
@pytest.mark.parametrize("link", USUAL)
def test_the_quick_reading_of_links_agrees_with_the_thorough_one(link: str, platform: str) -> None:
    found = reference_of(canonical_url(link))
    thorough = None if found is None or found.platform != platform else f"{found.account}_{found.post}".removeprefix("_")

    named = named_by(link, platform)

    assert (named.native if named else None) == thorough


def test_without_a_known_link_the_guid_names_a_post_and_then_the_link() -> None:
    assert native_id("https://www.example.gov.cn/a", "tag:a", "wechat") == Named("tag:a")
    assert native_id("https://www.example.gov.cn/a", "", "wechat") == Named("https://www.example.gov.cn/a")
    assert native_id("", "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv", "wechat") == Named("AbCdEfGhIjKlMnOpQrStUv")
    assert native_id("", " ", "wechat") is None
    long = native_id("", "标识" * 200, "wechat")
    assert long is not None and len(long.native) == 33


MOMENTS = {
    "Thu, 19 Nov 2026 18:30:05 +0800": datetime(2026, 11, 19, 10, 30, 5, tzinfo=UTC),
    "Thu, 19 Nov 2026 10:30:05 GMT": datetime(2026, 11, 19, 10, 30, 5, tzinfo=UTC),
    "Thu, 19 Nov 2026 18:30:05 ": datetime(2026, 11, 19, 10, 30, 5, tzinfo=UTC),
    "Thu, 19 Nov 2026 18:30:05 CST": datetime(2026, 11, 19, 10, 30, 5, tzinfo=UTC),
    "2026-11-19T10:30:05.123Z": datetime(2026, 11, 19, 10, 30, 5, 123000, tzinfo=UTC),
    "2026-11-19 18:30": datetime(2026, 11, 19, 10, 30, tzinfo=UTC),
    "2026-11-19": datetime(2026, 11, 18, 16, tzinfo=UTC),
    "1795084200": datetime(2026, 11, 19, 10, 30, tzinfo=UTC),
}


@pytest.mark.parametrize(("text", "moment"), MOMENTS.items())
def test_a_time_is_read_in_any_form(text: str, moment: datetime) -> None:
    when = from_text(text)

    assert when is not None and when.at == moment


@pytest.mark.parametrize("text", ["", "soon", "0", "0001-01-01", "9999-12-31T23:59:59-23:00", "Thu, 99 Nov 2026", "9" * 400, "1970-01-01"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert from_text(text) is None


PRECISIONS = {"2026-11-19": "day", "2026-11-19 18:30": "minute", "2026-11-19T18:30+08:00": "minute", "2026-11-19T18:30:00Z": "second"}


@pytest.mark.parametrize(("text", "precision"), PRECISIONS.items())
def test_a_time_keeps_how_exactly_it_was_told(text: str, precision: str) -> None:
    when = from_text(text)

    assert when is not None and when.precision == precision


WEB_URLS = {
    "https://a.example/x?a=1&amp;amp;copy=2": "https://a.example/x?a=1&copy=2",
    "https:\\/\\/a.example\\/x": "https://a.example/x",
    "javascript:alert(1)": "",
    "https://user:pw@a.example/": "",
    "https://a.example/ b": "",
    "https://[::1": "",
    "ftp://a.example/": "",
    "": "",
}


@pytest.mark.parametrize(("text", "url"), WEB_URLS.items())
def test_only_links_a_browser_would_follow_are_kept(text: str, url: str) -> None:
    assert web_url(text) == url


MARKUP = {
    "<p>一</p><p>二<br/>三</p>": "一\n二\n三",
    "A &amp; B &nbsp;": "A & B",
    '好<img alt="[赞]" src="x">的': "好[赞]的",
    "<script>alert(1)</script>正文<style>p{}</style>": "正文",
    "<![CDATA[<p>正文</p>]]>": "正文",
    "1 < 2 且 3 > 2": "1 < 2 且 3 > 2",
    "&#" + "9" * 5_000 + ";": "&#" + "9" * 5_000 + ";",
}


@pytest.mark.parametrize(("markup", "text"), MARKUP.items(), ids=range(len(MARKUP)))
def test_markup_becomes_what_a_reader_sees(markup: str, text: str) -> None:
    assert plain(markup) == text
