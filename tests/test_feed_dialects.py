"""The bridges behind `feed`: whose feed it is, what it proves, how late it is, what its words of refusal and its state mean."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from channels import BIZ, NOW, SEC_UID, SECRET, UID, Reply, Served, adapter, asked, fixtures, serving
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.feed import Feed, FeedSettings, read
from adapters.http import Door
from adapters.reading.addresses import address_of, asking, owner_at
from adapters.reading.bridges import WORDS, Health, read_health, refusal
from adapters.reading.dialects import DIALECTS, PLAIN, Manner, dialect_at, dialect_of, moment_of, zone_of
from adapters.reading.feeds import Marks, parse
from adapters.reading.forwards import forward_of, outward
from adapters.reading.items import Wanted, read_feed
from monitor.access.credentials import CredentialBook, Vault
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired, TransportFault
from monitor.model import Account, Channel, Citation, Platform, Snapshot

HOUR = timedelta(hours=1)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


def fixture(stem: str) -> bytes:
    return next(path for path in fixtures("feed") if path.stem == stem).read_bytes()


def watched(handle: str, platform: Platform = Platform.WECHAT, **options: str) -> Account:
    channel = Channel(adapter="feed", handle=handle, options=options)
    return Account(id="610900M001WX0001", platform=platform, name="青溪发布", channels=(channel,))


async def look(made: Any, account: Account, memory: Mapping[str, Any] | None = None, now: datetime = NOW) -> Snapshot:
    seen = await made.look(account, account.channels[0], memory or {}, now)
    assert isinstance(seen, Snapshot)
    return seen


def feeds(door: Door, **wishes: Any) -> Feed:
    settings = FeedSettings(spacing_seconds=0, timeout_seconds=5, **wishes)
    book = CredentialBook(SecretStr(json.dumps({"keyed": {"k": SECRET}, "header": {"auth_key": SECRET}, "none": {"x": "y"}})))
    return Feed(settings, door, Vault(book))


SIGNS = {
    "wechat_mixed_zones": "static",
    "weibo_rsshub_retweets": "rsshub.weibo",
    "douyin_rsshub": "rsshub.douyin",
    "toutiao_rsshub": "rsshub.toutiao",
    "rsshub_json": "rsshub",
    "wewe_rss": "wewe-rss",
    "we_mp_rss_local_links": "we-mp-rss",
    "we_mp_rss_atom": "we-mp-rss",
    "bridge_json": "we-mp-rss",
    "bridge_articles": "wechat-download-api",
    "exporter_articles": "exporter",
    "json_feed_only_modified": "plain",
    "gb2312": "plain",
}


@pytest.mark.parametrize(("stem", "name"), SIGNS.items())
def test_a_bridge_is_known_by_its_own_marks(stem: str, name: str) -> None:
    assert dialect_of(parse(fixture(stem)).marks).name == name


ADDRESSES = {
    f"http://h.example/weibo/user/{UID}/readable=1&showRetweeted=1": ("rsshub.weibo", UID),
    f"http://h.example/sub/weibo/timeline/{UID}": ("rsshub.weibo", UID),
    f"http://h.example/douyin/user/{SEC_UID}": ("rsshub.douyin", SEC_UID),
    "http://h.example/toutiao/user/token/MS4wLjABAAAAdemo.x-y==": ("rsshub.toutiao", "MS4wLjABAAAAdemo.x-y"),
    "http://h.example/wechat/mp/msgalbum/MzI5MDAwMDAwMQ==/1": ("rsshub", ""),
    "http://h.example/feeds/MP_WXS_3290000001.atom?limit=10": ("wewe-rss", "3290000001"),
    "http://h.example/feeds/all.json": ("wewe-rss", ""),
    "http://h.example/rss/MP_WXS_3290000001": ("we-mp-rss", "3290000001"),
    "http://h.example/feed/MP_WXS_3290000001.json": ("we-mp-rss", "3290000001"),
    "http://h.example/feed/tag/a.rss": ("we-mp-rss", ""),
    "http://h.example/feed/3290000001.xml": ("wechat2rss", "3290000001"),
    "http://h.example/feed/all.xml": ("wechat2rss", ""),
    f"http://h.example/api/rss/{BIZ}": ("wechat-download-api", "3290000001"),
    f"http://h.example/api/feed/articles.json?fakeid={quote(BIZ)}": ("wechat-download-api", "3290000001"),
    f"http://h.example/api/public/v1/article?fakeid={BIZ}&begin=0": ("exporter", "3290000001"),
    "https://raw.example/o/r/main/channels/gh_000000000001.xml": ("static", ""),
    "https://h.example/feed.xml": ("plain", ""),
    "http://[": ("plain", ""),
}


@pytest.mark.parametrize(("handle", "told"), ADDRESSES.items())
def test_an_address_tells_the_bridge_and_the_account(handle: str, told: tuple[str, str]) -> None:
    address = address_of(handle)

    assert (dialect_at(address.path).name, address.owner) == told


def test_every_dialect_is_told_apart_by_some_mark_and_some_address() -> None:
    assert all(each.path and (each.generator or each.fields or each.emblem) for each in DIALECTS)
    assert len({each.name for each in (*DIALECTS, PLAIN)}) == len(DIALECTS) + 1


WHOLE = {"rsshub.toutiao", "static"}


@pytest.mark.parametrize("dialect", [*DIALECTS, PLAIN], ids=lambda each: each.name)
def test_a_bridge_that_may_list_a_part_proves_nothing_unless_the_operator_vouches_for_it(dialect: Any) -> None:
    later = asked("feed", now=NOW + timedelta(days=5))

    doubted = read_feed(fixture("gb2312"), later, Wanted(manner=Manner(dialect=dialect.name)))
    vouched = read_feed(fixture("gb2312"), later, Wanted(manner=Manner(dialect=dialect.name, whole=True)))

    assert (doubted.covers_from is not None) == (dialect.name in WHOLE) == (not doubted.partial)
    assert vouched.covers_from is not None and vouched.posts == doubted.posts
    assert vouched.covers_until == later.now - dialect.delay_hours * HOUR


async def test_what_the_operator_says_of_the_delay_stands_above_what_is_known_of_the_bridge(door: Door) -> None:
    known, told, option = feeds(door), feeds(door, delay_hours=3), feeds(door)
    async with serving(Reply(fixture("wewe_rss"))) as served:
        account = watched(f"{served.base_url}/feeds/MP_WXS_3290000001.rss", whole="1")
        first = await look(known, account)
        again = await look(known, account, first.memory, NOW + HOUR)
        set_once = await look(told, account)
        set_here = await look(option, watched(f"{served.base_url}/a.rss", whole="1", delay_hours="1.5"))

    assert first.covers_until == NOW - 24 * HOUR
    assert again.unchanged and again.covers_until == NOW - 23 * HOUR
    assert set_once.covers_until == NOW - 3 * HOUR
    assert set_here.covers_until == NOW - 1.5 * HOUR


async def test_a_view_that_the_operator_no_longer_vouches_for_is_forgotten(door: Door) -> None:
    made = feeds(door)
    async with serving(Reply(fixture("wewe_rss"), headers={"ETag": '"1"'})) as served:
        handle = f"{served.base_url}/feeds/MP_WXS_3290000001.rss"
        vouched = await look(made, watched(handle, whole="1"))
        plain = await look(made, watched(handle), vouched.memory)

    assert vouched.covers_from is not None and vouched.memory["etag"] == '"1"'
    assert plain.partial and plain.covers_from is None and not plain.unchanged
    assert "If-None-Match" not in served.requests[1].headers


def test_the_hours_that_rsshub_takes_from_a_weibo_post_are_given_back_by_the_delay() -> None:
    true, told = NOW - timedelta(days=14, hours=1), NOW - timedelta(days=14, hours=9)
    delay = next(each.delay_hours for each in DIALECTS if each.name == "rsshub.weibo")

    assert (NOW - delay * HOUR) - told <= NOW - true


async def test_a_memory_that_names_no_known_bridge_is_read_like_a_plain_feeds(door: Door) -> None:
    async with serving(Reply(fixture("gb2312"))) as served:
        account = watched(f"{served.base_url}/x.xml", whole="1")
        first = await look(feeds(door), account, now=NOW + 2 * 24 * HOUR)
        again = await look(feeds(door), account, {**first.memory, "dialect": "gone"}, NOW + 2 * 24 * HOUR)

    assert "dialect" not in first.memory and again.unchanged and again.covers_until == first.covers_until


REMARKED = {
    "a JSON feed, which names no maker, behind an address of the operator's": "json_feed_only_modified",
    "a feed whose generator was rewritten": "gb2312",
}


@pytest.mark.parametrize("stem", REMARKED.values(), ids=REMARKED)
@pytest.mark.parametrize("platform", [each for each in Platform if each is not Platform.OTHER])
def test_a_bridge_without_its_marks_proves_no_silence_on_a_platform(stem: str, platform: Platform) -> None:
    later = asked("feed", platform, now=NOW + timedelta(days=5))

    seen = read_feed(fixture(stem), later, Wanted(address_of("https://feeds.example/a.json")))

    assert seen.posts and seen.covers_from is None and "whole=1" in seen.partial


def test_a_file_that_holds_another_accounts_feed_is_refused() -> None:
    body = fixture("wechat_mixed_zones")
    emblem = parse(body).marks.emblem

    own, other = (Wanted(address_of(f"https://raw.example/o/r/main/channels/{name}.xml")) for name in (emblem, "gh_fffffffffff0"))

    assert emblem.startswith("gh_") and read_feed(body, asked("feed"), own).posts
    with pytest.raises(ParseError, match="wrong account"):
        read_feed(body, asked("feed"), other)


def test_a_sites_own_feed_is_taken_at_its_word() -> None:
    later = asked("feed", Platform.OTHER, now=NOW + timedelta(days=5))

    assert not read_feed(fixture("gb2312"), later, Wanted()).partial


async def test_what_an_older_release_believed_is_not_revived_by_an_unchanged_answer(door: Door) -> None:
    async with serving(Reply(fixture("gb2312"), headers={"ETag": '"1"'})) as served:
        vouched = await look(feeds(door), watched(f"{served.base_url}/x.xml", whole="1"), now=NOW + 48 * HOUR)
        older = {key: value for key, value in vouched.memory.items() if key != "manner"}
        seen = await look(feeds(door), watched(f"{served.base_url}/x.xml"), older, NOW + 240 * HOUR)

    assert vouched.covers_from and not seen.unchanged and seen.covers_from is None
    assert "If-None-Match" not in served.requests[1].headers


def test_a_time_in_utc_that_does_not_tell_its_writers_zone_is_not_eight_hours_early() -> None:
    told = moment_of("Thu, 19 Nov 2026 10:30:00 -0000", None)

    assert told == moment_of("Thu, 19 Nov 2026 10:30:00 +0000", None) == moment_of("2026-11-19T10:30:00-00:00", None)
    assert moment_of("Thu, 19 Nov 2026 10:30:00 -0000", zone_of("Asia/Tokyo")) == told


async def test_a_weak_etag_is_offered_to_rsshub_in_both_forms(door: Door) -> None:
    async with serving(Reply(fixture("toutiao_rsshub"), headers={"ETag": 'W/"17"'})) as served:
        account = watched(f"{served.base_url}/toutiao/user/token/MS4wLjABAAAAdemoDEMO_tt", Platform.TOUTIAO)
        first = await look(feeds(door), account)
        again = await look(feeds(door), account, first.memory)

    assert served.requests[1].headers["If-None-Match"] == 'W/"17", "17"' and again.unchanged


NARROW = {
    f"http://h.example/weibo/user/{UID}/readable=1": "retweets",
    f"http://h.example/weibo/user/{UID}/readable=1&showRetweeted=0": "retweets",
    "http://h.example/feed.xml?filter=供暖": "sifts",
    "http://h.example/feed.xml?filterout_title=a": "sifts",
    "http://h.example/feed.xml?filter_time=86400": "sifts",
    "http://h.example/feeds/MP_WXS_3290000001.rss?title_include=a": "sifts",
    "http://h.example/feed/MP_WXS_3290000001.rss?kw=a": "sifts",
    "http://h.example/feeds/MP_WXS_3290000001.rss?page=2": "later page",
    "http://h.example/feed/MP_WXS_3290000001.rss?offset=50": "later page",
}


@pytest.mark.parametrize(("handle", "why"), NARROW.items())
def test_an_address_that_leaves_posts_out_proves_nothing_even_if_vouched_for(handle: str, why: str) -> None:
    seen = read_feed(fixture("gb2312"), asked("feed"), Wanted(address_of(handle), Manner(whole=True), told=timedelta(0)))

    assert why in seen.partial and seen.posts and seen.covers_from is None


USUAL = (
    f"http://h.example/weibo/user/{UID}/readable=1&showRetweeted=1",
    f"http://h.example/weibo/user/{UID}/1",
    f"http://h.example/weibo/user/{UID}?filter_case_sensitive=false&limit=10&format=json",
    "http://h.example/feeds/MP_WXS_3290000001.rss?limit=10&page=1&mode=fulltext&title_exclude=",
    "http://h.example/feed/MP_WXS_3290000001.rss?limit=50&offset=0",
)


@pytest.mark.parametrize("handle", USUAL)
def test_a_usual_address_leaves_nothing_out(handle: str) -> None:
    assert address_of(handle).narrow == ""


def whose(handle: str, stem: str, platform: Platform = Platform.WECHAT) -> Snapshot:
    return read_feed(fixture(stem), asked("feed", platform), Wanted(address_of(handle)))


STRANGERS = {
    "weibo, by its items": ("http://h/weibo/user/6100000009", "weibo_rsshub", Platform.WEIBO),
    "weibo, by its link": ("http://h/weibo/user/6100000009", "weibo_rsshub_retweets", Platform.WEIBO),
    "douyin": (f"http://h/douyin/user/{SEC_UID[:-1]}9", "douyin_rsshub", Platform.DOUYIN),
    "toutiao": ("http://h/toutiao/user/token/MS4wLjABAAAAother", "toutiao_rsshub", Platform.TOUTIAO),
    "wewe-rss": ("http://h/feeds/MP_WXS_3290000009.rss", "wewe_rss", Platform.WECHAT),
    "we-mp-rss": ("http://h/feed/MP_WXS_3290000009.rss", "we_mp_rss_local_links", Platform.WECHAT),
    "wechat-download-api": ("http://h/api/rss/MzI5MDAwMDAwOQ==", "bridge_articles", Platform.WECHAT),
}


@pytest.mark.parametrize(("handle", "stem", "platform"), STRANGERS.values(), ids=STRANGERS)
def test_a_feed_of_another_account_than_the_address_says_is_refused(handle: str, stem: str, platform: Platform) -> None:
    with pytest.raises(ParseError, match="wrong account"):
        whose(handle, stem, platform)


def test_a_feed_of_all_accounts_gives_only_items_whose_account_is_named() -> None:
    with pytest.raises(ParseError, match="no usable item"):
        whose("http://h/feeds/all.rss", "gb2312")

    wanted = Wanted(address_of("http://h/api/feed/articles.json"), Manner(biz=BIZ))
    ours = read_feed(fixture("bridge_articles"), asked("feed"), wanted)

    assert len(ours.posts) == 1 and ours.profile == {}


def test_articles_are_asked_for_a_second_earlier_and_a_full_list_from_the_old_end_proves_nothing() -> None:
    handle = f"http://h.example/api/feed/articles.json?fakeid={quote(BIZ)}"
    row = {"fakeid": BIZ, "title": "甲"}
    rows = [{**row, "publish_time": 1795000000 + n, "link": f"https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrSt{n:02d}"} for n in range(3)]
    body = json.dumps({"articles": rows, "next_since": 1795000002}).encode()
    seen = [read_feed(body, asked("feed"), Wanted(address_of(handle), Manner(whole=True), most)) for most in (3, 50)]

    assert asking(f"{handle}&since=1795000000", NOW).endswith("since=1794999999")
    assert f"since={int((NOW - timedelta(days=31)).timestamp()) - 1}" in asking(handle, NOW)
    assert asking("http://h.example/feed.xml?since=5", NOW) == "http://h.example/feed.xml?since=5"
    assert "newest" in seen[0].partial and seen[0].covers_from is None
    assert not seen[1].partial and seen[1].covers_from is not None


async def test_the_list_of_articles_is_asked_for_with_since_and_limit(door: Door) -> None:
    async with serving(Reply(fixture("bridge_articles"))) as served:
        await look(feeds(door), watched(f"{served.base_url}/api/feed/articles.json?fakeid={quote(BIZ)}&since=1795000000"))

    assert dict(served.requests[0].query) == {"limit": "200", "fakeid": BIZ, "since": "1794999999"}


TIMES = {
    ("Thu, 19 Nov 2026 07:23:00 ", "UTC"): datetime(2026, 11, 19, 7, 23, tzinfo=UTC),
    ("Thu, 19 Nov 2026 07:23:00 ", ""): datetime(2026, 11, 18, 23, 23, tzinfo=UTC),
    ("Thu, 19 Nov 2026 07:23:00 +0800", "UTC"): datetime(2026, 11, 18, 23, 23, tzinfo=UTC),
    ("Thu, 19 Nov 2026 07:23:00 GMT", "+09:00"): datetime(2026, 11, 19, 7, 23, tzinfo=UTC),
    ("2026-11-19 07:23", "+0900"): datetime(2026, 11, 18, 22, 23, tzinfo=UTC),
    ("2026-11-19T07:23:00.5", "Asia/Tokyo"): datetime(2026, 11, 18, 22, 23, 0, 500_000, tzinfo=UTC),
    ("1795000000", "UTC"): datetime.fromtimestamp(1795000000, UTC),
}


@pytest.mark.parametrize(("written", "moment"), TIMES.items())
def test_a_time_without_a_zone_was_written_where_the_option_says(written: tuple[str, str], moment: datetime) -> None:
    when = moment_of(written[0], zone_of(written[1]))

    assert when is not None and when.at == moment


WRONG = [{"tz": "Mars/Olympus"}, {"tz": "+25:00"}, {"tz": "/etc/passwd"}, {"dialect": "esperanto"}, {"whole": "yes"}, {"sync_url": "x"}]


@pytest.mark.parametrize("options", WRONG, ids=str)
async def test_an_option_that_cannot_be_is_refused(options: dict[str, str], door: Door) -> None:
    async with serving(Reply(fixture("wewe_rss"))) as served:
        with pytest.raises(ParseError):
            await look(feeds(door), watched(f"{served.base_url}/feeds/MP_WXS_3290000001.rss", **options))


def error_page(words: str) -> str:
    styles = "<style>" + "a{}" * 700 + "</style>"
    return f"<html><head>{styles}</head><body><p>Error Message:<br/><code>{words}</code></p><p>Route: <code>/x</code></p></body></html>"


NO_FEED = {
    "dead cookie": (503, error_page("Error: Cookies expired. Please update WEIBO_COOKIES"), AuthError),
    "cooling": (503, error_page("Error: Cooling down before new visitor Cookies may be fetched"), RateLimited),
    "upstream": (503, error_page("TypeError: Cannot read properties of undefined (reading &#39;userInfo&#39;)"), TransportFault),
    "other trouble": (503, error_page("FetchError: no response"), TransportFault),
    "rejected": (403, error_page("RejectError: 无法获取用户信息"), Degraded),
    "no works": (404, error_page("NotFoundError: 暂未发表作品"), Degraded),
    "no route": (404, error_page("NotFoundError"), AuthError),
    "no access": (403, error_page("RejectError: Authentication failed. Access denied."), AuthError),
    "an empty route": (503, error_page("Error: this route is empty, please check the original site"), Degraded),
    "waf": (503, error_page("Error: Empty post data. The request may be filtered by WAF."), RateLimited),
    "empty page": (503, error_page("Error: Empty html"), RateLimited),
    "captcha": (503, error_page("验证码中间页"), RateLimited),
    "wall": (403, "request blocked by WAF", RateLimited),
    "parameter": (503, error_page("InvalidParameterError: Invalid UID"), AuthError),
    "wewe-rss": (400, '{"statusCode":400,"message":"不存在该feed！"}', AuthError),
    "we-mp-rss": (404, '{"detail":{"code":40401,"message":"公众号不存在"}}', AuthError),
    "we-mp-rss, kindly": (200, '{"detail":{"code":40101,"message":"请登录"}}', AuthError),
    "wechat-download-api": (404, '{"detail":"未找到该订阅，请先添加订阅"}', AuthError),
    "escaped": (200, json.dumps({"detail": "未找到该订阅，请先添加订阅"}), AuthError),
    "exporter's key": (200, '{"base_resp":{"ret":-1,"err_msg":"认证信息无效"}}', AuthError),
    "exporter's login": (200, '{"base_resp":{"ret":200003,"err_msg":"invalid session"}}', AuthError),
    "exporter's list": (200, '{"base_resp":{"ret":200013,"err_msg":"freq control"}}', SourceRetired),
    "exporter's account": (200, '{"base_resp":{"ret":200002,"err_msg":"invalid args"}}', AccountGone),
    "html for a feed": (200, "<!DOCTYPE html><html><body>hello</body></html>", ParseError),
    "limited": (429, error_page("Cookies expired"), RateLimited),
}


@pytest.mark.parametrize(("status", "body", "kind"), NO_FEED.values(), ids=NO_FEED)
async def test_every_word_of_refusal_has_its_class(status: int, body: str, kind: type[LookError], door: Door) -> None:
    async with serving(Reply(body.encode(), status, {"Retry-After": "60"} if status == 429 else {})) as served:
        with pytest.raises(LookError) as caught:
            await look(feeds(door), watched(f"{served.base_url}/x"))

    assert isinstance(caught.value, kind) and caught.value.code == kind.code
    assert caught.value.retry_after == (60 if status == 429 else None)
    assert "<style>" not in caught.value.head


def test_every_word_is_found_on_its_own() -> None:
    assert all(refusal(words.encode()) == (kind, meaning) for words, kind, meaning in WORDS)
    assert refusal(b"\xff\xfe nothing of the kind") is None


@pytest.mark.parametrize("words", ["Cookies expired", "环境异常", "request blocked by WAF"])
async def test_words_of_refusal_inside_a_feed_are_somebodys_text(words: str, door: Door) -> None:
    body = fixture("gb2312").decode("gb2312").replace('encoding="gb2312"', 'encoding="utf-8"').replace("冬季供暖今日启动", words)
    async with serving(Reply(body.encode())) as served:
        seen = await look(feeds(door), watched(f"{served.base_url}/x"))

    assert words in [post.title for post in seen.posts]


def synced(**times: timedelta) -> bytes:
    return json.dumps([{"id": key, "name": "x", "syncTime": int((NOW - age).timestamp())} for key, age in times.items()]).encode()


async def checked(door: Door, state: Reply, *, platform: Platform = Platform.WECHAT, **wishes: Any) -> tuple[Snapshot | Degraded, Served]:
    """Look at a wewe-rss feed whose bridge says `state` of itself."""
    async with serving(Reply(fixture("wewe_rss"))) as served:
        served.by_path["/feeds"] = [state]
        account = watched(f"{served.base_url}/feeds/MP_WXS_3290000001.rss", platform, whole="1", sync_url=f"{served.base_url}/feeds")
        try:
            return await look(feeds(door, **wishes), account), served
        except Degraded as error:
            return error, served


@pytest.mark.parametrize(("age", "until"), [(2, 24), (25, 25)])
async def test_a_feed_reaches_no_further_than_its_bridge_has_looked(age: int, until: int, door: Door) -> None:
    seen, _ = await checked(door, Reply(synced(MP_WXS_3290000001=age * HOUR)))

    assert isinstance(seen, Snapshot) and seen.covers_until == NOW - until * HOUR


UNWELL = {
    "since long": (Reply(synced(MP_WXS_3290000001=27 * HOUR)), "since long"),
    "not this one": (Reply(synced(MP_WXS_3290000009=HOUR)), "does not list"),
    "never": (Reply(b'[{"id": "MP_WXS_3290000001", "syncTime": 0}]'), "of no account"),
    "in the future": (Reply(synced(MP_WXS_3290000001=-HOUR)), "future"),
    "none": (Reply(b"[]"), "of no account"),
    "no logins": (Reply(b'{"err": "", "data": []}'), "logins"),
    "dead logins": (Reply(b'{"err": "", "data": [{"id": 1, "available": false, "waitTime": "2026-11-10 21:46:45"}]}'), "logins"),
    "an error": (Reply(b'{"err": "no"}'), "parse_error"),
    "a page": (Reply(b"<html></html>"), "parse_error"),
    "a refusal": (Reply(b"", 401), "auth_error"),
}


@pytest.mark.parametrize(("state", "why"), UNWELL.values(), ids=UNWELL)
async def test_a_bridge_that_is_unwell_keeps_its_posts_and_proves_nothing(state: Reply, why: str, door: Door) -> None:
    seen, _ = await checked(door, state)

    assert isinstance(seen, Degraded) and why in str(seen)
    assert seen.snapshot is not None and len(seen.snapshot.posts) == 2 and seen.snapshot.covers_from is None


def test_a_bridge_with_one_login_left_is_well() -> None:
    health = read_health(b'{"err":"","data":[{"available":false},{"available":true,"needCheck":true}]}')

    assert health.of((), NOW, HOUR) == ("", timedelta(0)) == Health().of((), NOW, HOUR)


async def test_an_unchanged_feed_of_a_bridge_that_stands_still_is_no_silence(door: Door) -> None:
    made = feeds(door)
    async with serving(Reply(fixture("wewe_rss"))) as served:
        served.by_path["/feeds"] = [Reply(synced(MP_WXS_3290000001=HOUR))]
        account = watched(f"{served.base_url}/feeds/MP_WXS_3290000001.rss", whole="1", sync_url=f"{served.base_url}/feeds")
        first = await look(made, account)
        with pytest.raises(Degraded, match="since long"):
            await look(made, account, first.memory, NOW + 30 * HOUR)


async def test_a_bridge_is_asked_once_how_it_fares_for_all_its_accounts(door: Door) -> None:
    made = feeds(door, sync_minutes=30, in_flight=5)
    async with serving(Reply(fixture("wewe_rss"))) as served:
        served.by_path["/feeds"] = [Reply(synced(MP_WXS_3290000001=HOUR))]
        handle = f"{served.base_url}/feeds/MP_WXS_3290000001.rss"
        accounts = [watched(f"{handle}?n={n}", sync_url=f"{served.base_url}/feeds") for n in range(5)]
        await asyncio.gather(*(look(made, account) for account in accounts))
        await look(made, accounts[0], now=NOW + timedelta(minutes=31))

    assert [request.path for request in served.requests].count("/feeds") == 2


async def test_a_key_travels_with_the_request_and_into_no_error(door: Door) -> None:
    async with serving(Reply(b"", 302, {"Location": "http://127.0.0.1:1/elsewhere"})) as served:
        for name in ("keyed", "header"):
            with pytest.raises(LookError) as caught:
                await look(feeds(door), watched(f"{served.base_url}/feed/3290000001.xml?limit=5", credential=name))
            assert SECRET not in f"{caught.value} {caught.value.head} {caught.value.__cause__}"
        with pytest.raises(AuthError, match="none"):
            await look(feeds(door), watched(f"{served.base_url}/x", credential="none"))

    assert dict(served.requests[0].query) == {"limit": "5", "k": SECRET}
    assert served.requests[1].headers["X-Auth-Key"] == SECRET and "k" not in served.requests[1].query
    assert len(served.requests) == 2


QUOTES = {
    "readable": (
        "转发微博 - 转发 @甲: 【一】",
        '<blockquote style="x"><a href="https://weibo.com/6100000002">@甲</a>: 【一】正文<small>原博：'
        '<a href="https://weibo.com/6100000002/QeguI0070">https://weibo.com/6100000002/QeguI0070</a></small></blockquote>',
        Citation(url="https://weibo.com/6100000002/QeguI0070", title="一", account="6100000002", post_id="5234000000000434"),
    ),
    "only the author": (
        "a - 转发 @甲: b",
        '<blockquote> - 转发 <a href="https://weibo.com/6100000002">@甲</a>: b</blockquote>',
        Citation(account="6100000002"),
    ),
    "by a mobile link": (
        "🔁 @甲: b",
        '<blockquote>🔁 @甲: b 原博：<a href="https://m.weibo.cn/status/5234000000000301">x</a></blockquote>',
        Citation(post_id="5234000000000301"),
    ),
    "deleted": (
        "转发微博 - 转发 @[原微博不可访问]: 抱歉",
        '<blockquote> - 转发 <a href="https://weibo.com/sorry">@[原微博不可访问]</a>: 抱歉</blockquote>',
        None,
    ),
    "without markup": ("转发微博 - 转发 @甲: 【一】二", "", Citation(title="一")),
    "cut off": ("a - 转发 @甲: b", "<blockquote", None),
}


@pytest.mark.parametrize(("title", "body", "citation"), QUOTES.values(), ids=QUOTES)
def test_a_retweet_cites_what_it_forwards(title: str, body: str, citation: Citation | None) -> None:
    forward = forward_of(title, body)

    assert forward is not None and forward.citation == citation


@pytest.mark.parametrize(("title", "body"), [("转发有奖", "正文"), ("评论", "<blockquote>诗一首</blockquote>"), ("", "<blockquote")])
def test_what_only_looks_like_a_retweet_is_none(title: str, body: str) -> None:
    assert forward_of(title, body) is None


OUTWARD = {
    '<a href="https://weibo.com/n/甲">@甲</a><a href="https://www.example.gov.cn/a?x=1&amp;y=2">链接</a>': "https://www.example.gov.cn/a?x=1&y=2",
    '<a href="https://m.weibo.cn/search?q=1">#a#</a>': "",
    '<a href="https://weibo.com/ttarticle/p/show?id=2309404000000000000001">文章</a>': "https://weibo.com/ttarticle/p/show?id=2309404000000000000001",
    '<a href="javascript:x">a</a><a href="http://t.cn/R0000">b</a>': "http://t.cn/R0000",
}


@pytest.mark.parametrize(("body", "url"), OUTWARD.items())
def test_a_post_cites_the_first_page_it_links_to(body: str, url: str) -> None:
    links = outward(body)

    assert links[:1] == ([url] if url else [])


def test_an_owner_is_read_from_a_feeds_own_link() -> None:
    assert owner_at("https://www.toutiao.com/c/user/token/MS4w_x=/?source=m") == "MS4w_x"
    assert owner_at("http://b.example/feeds/MP_WXS_3290000001.rss") == "3290000001"
    assert owner_at("https://mp.weixin.qq.com/") == ""


@pytest.mark.parametrize("stem", ["empty", "empty_rss"])
@pytest.mark.parametrize("dialect", [*DIALECTS, PLAIN], ids=lambda each: each.name)
def test_an_empty_feed_of_any_bridge_proves_nothing(dialect: Any, stem: str) -> None:
    with pytest.raises(Degraded, match="empty"):
        read_feed(fixture(stem), asked("feed"), Wanted(manner=Manner(dialect=dialect.name, whole=True)))


def test_a_text_that_could_not_be_fetched_is_no_text() -> None:
    assert [post.text for post in read(fixture("wewe_rss"), asked("feed")).posts] == ["", ""]


def test_a_feed_made_of_marks_alone_is_told_by_the_first_that_fits() -> None:
    assert dialect_of(Marks(generator=" RSSHub ", link="https://weibo.com/1/")).name == "rsshub.weibo"
    assert dialect_of(Marks(words="x - Powered by RSSHub")).name == "rsshub"
    assert dialect_of(Marks(), "/feeds/all.rss").name == "wewe-rss"
    assert dialect_of(Marks(generator="WeWe-RSS"), "/feed/1.xml", forced="plain") is PLAIN


LETTERS = "<>\"'&;:/@-【】转发原博：🔁 blockquote href=https://weibo.com/1234567/Aa?=+\\u0000{}[]"
ROUGH = st.text(alphabet=st.sampled_from(LETTERS), max_size=400)


@given(st.binary(max_size=400) | ROUGH.map(str.encode))
def test_whatever_a_bridge_says_is_read_or_refused(body: bytes) -> None:
    refusal(body)
    with contextlib.suppress(LookError):
        assert isinstance(read_health(body), Health)


@given(ROUGH, ROUGH)
def test_whatever_a_post_holds_it_is_a_forward_or_none(title: str, body: str) -> None:
    forward_of(title, "<blockquote>" + body)
    outward(body)
    address_of(title)
    owner_at(title)
    asking("http://h/api/feed/articles.json?" + title, NOW)
    moment_of(title, UTC)


@given(st.lists(st.tuples(ROUGH, ROUGH), max_size=5), st.sampled_from(["weibo", "douyin", "toutiao", "wechat"]), st.booleans())
def test_a_feed_of_rough_items_is_a_snapshot_or_a_look_error(items: list[tuple[str, str]], platform: str, whole: bool) -> None:
    rows = [{"title": title, "content_html": body, "url": title, "id": body, "date_published": "2026-11-19"} for title, body in items]
    body = json.dumps({"title": "x - Powered by RSSHub", "items": rows}).encode()

    try:
        seen = read_feed(body, asked("feed", Platform(platform)), Wanted(manner=Manner(whole=whole)))
    except LookError:
        return

    assert len(seen.posts) <= len(items) and (seen.covers_from is None or not seen.partial)


PIECES = {
    "links": '<a href="https://weibo.com/1">',
    "open links": "href='https://x",
    "quotes": "<blockquote> - 转发 @",
    "sources": "原博：https://weibo.com/1234567/",
    "names": "@[@[",
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_a_hostile_post_is_read_in_time(piece: str) -> None:
    long = piece * (100_000 // len(piece))
    row = {"title": "转发 - 转发 @" + long[:4_000], "content_html": "<blockquote>" + long, "url": "https://weibo.com/6100000001/QeguI006x"}
    body = json.dumps({"title": "x", "items": [{**row, "date_published": "2026-11-19"}]}).encode()
    begun = time.process_time()

    assert read_feed(body, asked("feed", Platform.WEIBO), Wanted()).posts

    assert time.process_time() - begun < 0.05 * len(body) / 100_000 * 2, "50 ms per 100 KB, and as much for a busy machine"


def test_the_table_of_channels_names_this_adapter(door: Door) -> None:
    assert isinstance(adapter("feed", door, ""), Feed)
