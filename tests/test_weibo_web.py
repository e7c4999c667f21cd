"""`weibo.web`: what goes over the wire, every refusal of the site, logins and guests, the peek, and whole texts."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from channels import COOKIE, FIXTURES, NOW, SECRET, UID, Reply, Served, account, adapter, serving
from pydantic import SecretStr

from adapters.http import Door
from adapters.reading.peek import FULL_EVERY
from adapters.weibo_web import WeiboWeb, WeiboWebSettings
from monitor.access.credentials import CredentialBook, Vault
from monitor.errors import LOOK_ERRORS, AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.model import Snapshot

CHANNEL = "weibo.web"
LIST = "/api/container/getIndex"
EXTEND = "/statuses/extend"
CONFIG = "/api/config"
PAGE = (FIXTURES / CHANNEL / "page.json").read_bytes()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


async def look(
    door: Door, served: Served, memory: Mapping[str, Any] | None = None, hours: int = 0, credential: str = "web", **wishes: Any
) -> Snapshot:
    watched = account(CHANNEL, credential=credential)
    made = adapter(CHANNEL, door, served.base_url, **wishes)
    return await made.look(watched, watched.channels[0], memory or {}, NOW + timedelta(hours=hours))


def post(number: int, text: str = "平常", **changes: Any) -> dict[str, Any]:
    mid = f"52340000000004{number:02}"
    at = f"Thu Nov 19 18:{number:02}:00 +0800 2026"
    return {"mid": mid, "created_at": at, "text": text, "user": {"id": int(UID), "screen_name": "青溪发布"}, **changes}


def cut(number: int, **changes: Any) -> dict[str, Any]:
    return post(number, f'开头 ...<a href="/status/52340000000004{number:02}">全文</a>', isLongText=True, **changes)


def page(*posts: dict[str, Any]) -> Reply:
    cards = [{"card_type": 9, "profile_type_id": f"proweibo_{each['mid']}", "mblog": each} for each in posts]
    return Reply(json.dumps({"ok": 1, "data": {"cards": cards}}, ensure_ascii=False).encode())


def whole(text: str) -> Reply:
    return Reply(json.dumps({"ok": 1, "data": {"ok": 1, "longTextContent": text}}).encode())


def test_it_is_off_until_somebody_switches_it_on_and_polite_then() -> None:
    settings = WeiboWebSettings()

    assert not settings.enabled
    assert settings.spacing_seconds >= 10 and settings.min_interval_minutes >= 30 and settings.daily_requests
    assert settings.breaker_minutes == (30, 120, 1440)


async def test_the_request_is_the_mobile_sites_own_with_the_operators_cookie(door: Door) -> None:
    async with serving(Reply(PAGE)) as served:
        await look(door, served, user_agent="Mozilla/5.0 (Linux; Mobile) mine")

    (request,) = served.requests
    assert request.path == LIST
    assert dict(request.query) == {"type": "uid", "value": UID, "containerid": f"107603{UID}"}
    assert request.headers["Cookie"] == COOKIE
    assert request.headers["Referer"] == f"https://m.weibo.cn/u/{UID}"
    assert request.headers["MWeibo-Pwa"] == "1" and request.headers["X-Requested-With"] == "XMLHttpRequest"
    assert request.headers["User-Agent"] == "Mozilla/5.0 (Linux; Mobile) mine"


@pytest.mark.parametrize("credential", ["", "unknown", "app"])
async def test_without_a_cookie_nothing_is_asked_and_the_error_says_what_to_put_where(credential: str, door: Door) -> None:
    async with serving(Reply(PAGE)) as served:
        with pytest.raises(AuthError, match="'cookie'") as caught:
            await look(door, served, credential=credential)

    assert served.requests == []
    assert credential in str(caught.value)


REFUSED = {
    "risk control": (Reply(b"", 432), RateLimited),
    "throttled address": (Reply(b"", 418), RateLimited),
    "too many requests": (Reply(b"", 429), RateLimited),
    "too fast": (Reply(b"", 414), RateLimited),
    "forbidden": (Reply("请登录后使用".encode(), 403), AuthError),
    "sent to the visitor page": (Reply(b"", 302, {"Location": "https://visitor.passport.weibo.cn/visitor/visitor?a=1"}), AuthError),
    "sent to passport": (Reply(b"", 302, {"Location": "https://passport.weibo.com/sso/signin?a=1"}), AuthError),
    "sent to login": (Reply(b"", 302, {"Location": "https://weibo.com/login.php?a=1"}), AuthError),
    "sent elsewhere": (Reply(b"", 302, {"Location": "https://elsewhere.example/"}), ParseError),
    "visitor page": (Reply(b"<!DOCTYPE html><html><head><title>Sina Visitor System</title></head></html>"), AuthError),
    "login page with a status": (Reply(b"<html><a href='https://weibo.com/login.php'></a></html>", 404), AuthError),
    "another page": (Reply(b"<!DOCTYPE html><html>geetest captcha</html>"), ParseError),
    "captcha": (Reply(b'{"ok":-100,"errno":"-100","msg":"","url":"https://m.weibo.cn/captcha?scene=limit"}'), RateLimited),
    "captcha with a status": (Reply(b'{"ok":-100,"errno":-100,"url":"https://m.weibo.cn/captcha?scene=limit"}', 400), RateLimited),
    "login wall": (Reply(b'{"ok":-100,"url":"https://passport.weibo.com/sso/signin?url=https%3A%2F%2Fm.weibo.cn%2Fcaptcha"}'), AuthError),
    "wall of no kind": (Reply(b'{"ok":-100}'), AuthError),
    "too frequent": (Reply('{"ok":0,"errno":"100005","msg":"请求过于频繁,歇歇吧"}'.encode()), RateLimited),
    "too frequent, a number": (Reply(b'{"ok":0,"errno":100005}'), RateLimited),
    "lost": (Reply('{"ok":0,"errno":"100001","msg":"服务器走丢了"}'.encode()), TransportFault),
    "nothing here": (Reply('{"ok":0,"msg":"这里还没有内容","data":{"cards":[]}}'.encode()), Degraded),
    "an empty list": (Reply(b'{"ok":1,"data":{"cards":[]}}'), Degraded),
    "no permission": (Reply(b'{"ok":0,"message":"x","error_code":20112}'), Degraded),
    "relogin": (Reply(b'{"ok":0,"error":"relogin!","error_code":"21301"}'), AuthError),
    "unknown": (Reply(b'{"ok":0,"errno":"7"}'), ParseError),
    "unknown, and yet ok": (Reply(b'{"ok":1,"errno":"7","data":{"cards":[]}}'), ParseError),
}


@pytest.mark.parametrize(("reply", "kind"), REFUSED.values(), ids=REFUSED)
async def test_a_refusal_has_its_class_and_is_never_silence(reply: Reply, kind: type[LookError], door: Door) -> None:
    async with serving(reply) as served:
        with pytest.raises(LOOK_ERRORS) as caught:
            await look(door, served)

    assert type(caught.value) is kind
    assert {request.path for request in served.requests} == {LIST}
    assert SECRET not in f"{caught.value} {caught.value.head} {caught.value.__cause__}"


async def test_a_blocked_address_waits_three_hours_at_least_and_others_as_long_as_they_are_told(door: Door) -> None:
    waits = []
    for status in (418, 432):
        async with serving(Reply(b"", status, {"Retry-After": "60"})) as served:
            with pytest.raises(RateLimited) as caught:
                await look(door, served)
        waits.append(caught.value.retry_after)

    assert waits == [3 * 3600, 60]


async def test_the_cookie_follows_no_redirect(door: Door) -> None:
    async with serving() as other:
        async with serving(Reply(b"", 302, {"Location": other.base_url})) as served:
            with pytest.raises(ParseError):
                await look(door, served)

    assert other.requests == []


async def test_a_stated_login_covers_and_a_stated_guest_does_not(door: Door) -> None:
    async with serving(Reply(PAGE)) as served:
        login = await look(door, served)
        guest = await look(door, served, credential="guest")

    assert login.covers_from is not None and login.partial == ""
    assert guest.covers_from is None and "guest" in guest.partial
    assert guest.posts == login.posts
    assert {request.path for request in served.requests} == {LIST}


CONFIGS = {
    "a login": (Reply(b'{"ok":1,"data":{"login":true}}'), True),
    "a guest": (Reply(b'{"ok":1,"data":{"login":false}}'), False),
    "no word": (Reply(b'{"ok":1,"data":{}}'), False),
    "a refusal": (Reply(b'{"ok":-100}'), False),
    "a wall": (Reply(b"", 432), False),
}


@pytest.mark.parametrize(("reply", "complete"), CONFIGS.values(), ids=CONFIGS)
async def test_what_nobody_stated_the_site_is_asked(reply: Reply, complete: bool, door: Door) -> None:
    async with serving(Reply(PAGE)) as served:
        served.by_path[CONFIG] = [reply]

        seen = await look(door, served, credential="unsaid")

    assert (seen.covers_from is not None) == complete
    assert [request.path for request in served.requests] == [LIST, CONFIG]


async def test_the_site_is_asked_about_a_cookie_now_and_then_only(door: Door) -> None:
    async with serving(Reply(PAGE)) as served:
        served.by_path[CONFIG] = [Reply(b'{"ok":1,"data":{"login":true}}')]
        made = adapter(CHANNEL, door, served.base_url)
        watched = account(CHANNEL, credential="unsaid")
        for minutes in (0, 5, 14, 16):
            await made.look(watched, watched.channels[0], {}, NOW + timedelta(minutes=minutes))

    assert [request.path for request in served.requests].count(CONFIG) == 2


async def test_what_a_login_saw_does_not_make_a_guests_page_complete(door: Door) -> None:
    async with serving(Reply(PAGE)) as served:
        first = await look(door, served)

        later = await look(door, served, first.memory, 1, credential="guest")

    assert later.covers_from is None and later.partial and not later.unchanged


async def test_a_page_with_the_same_ids_is_not_read_again_but_for_every_eighth_look(door: Door) -> None:
    replies = [page(post(2, attitudes_count=number), post(1)) for number in range(FULL_EVERY + 2)]
    async with serving(*replies) as served:
        seen, memory = [], {}
        for number in range(FULL_EVERY + 1):
            seen.append(await look(door, served, memory, number))
            memory = dict(seen[-1].memory)

    assert [each.unchanged for each in seen] == [False, *[True] * (FULL_EVERY - 1), False]
    assert all(each.covers_until == NOW + timedelta(hours=number) for number, each in enumerate(seen))
    assert len({each.covers_from for each in seen}) == 1


CHANGES = {
    "a new post": (post(3), post(2), post(1)),
    "a pin": (post(2), post(1, isTop=1)),
    "an edit": (post(2), post(1, edit_count=1)),
    "a deletion": (post(2), post(1, deleted="1")),
    "a post that was hidden": (post(2), post(1, visible={"type": 1})),
    "another order": (post(1), post(2)),
    "one post less": (post(2),),
}


@pytest.mark.parametrize("posts", CHANGES.values(), ids=CHANGES)
async def test_what_changed_is_seen_in_spite_of_the_peek(posts: tuple[dict[str, Any], ...], door: Door) -> None:
    async with serving(page(post(2), post(1)), page(*posts)) as served:
        first = await look(door, served)

        second = await look(door, served, first.memory, 1)

    assert not second.unchanged and second.posts


async def test_the_whole_text_of_a_new_post_is_fetched_once(door: Door) -> None:
    text = '【全县冬季供暖今日启动】开头<br />结尾 <a href="https://weibo.cn/sinaurl?u=https%3A%2F%2Fnews.example%2F1">网页链接</a>'
    async with serving(page(cut(2), post(1)), page(post(3), cut(2), post(1))) as served:
        served.by_path[EXTEND] = [whole(text)]
        first = await look(door, served)
        second = await look(door, served, first.memory, 1)

    read = first.posts[0]
    assert read.text == "【全县冬季供暖今日启动】开头\n结尾 网页链接\nhttps://news.example/1"
    assert read.title == "全县冬季供暖今日启动"
    assert read.citation is not None and read.citation.url == "https://news.example/1"
    assert [dict(request.query) for request in served.requests if request.path == EXTEND] == [{"id": "5234000000000402"}]
    # What was read whole is not shown again with its cut text, which would replace it.
    assert [post.id.rsplit(":", 1)[1] for post in second.posts] == ["5234000000000403", "5234000000000401"]
    assert second.covers_from == first.covers_from


async def test_a_post_that_was_edited_is_fetched_again(door: Door) -> None:
    async with serving(page(cut(2), post(1)), page(cut(2, edit_count=1), post(1))) as served:
        served.by_path[EXTEND] = [whole("第一版"), whole("第二版")]
        first = await look(door, served)

        second = await look(door, served, first.memory, 1)

    assert [first.posts[0].text, second.posts[0].text] == ["第一版", "第二版"]


async def test_no_more_whole_texts_are_fetched_at_once_than_allowed_and_the_rest_later(door: Door) -> None:
    posts = [cut(number) for number in (5, 4, 3, 2, 1)]
    async with serving(page(*posts)) as served:
        served.by_path[EXTEND] = [whole("全文")]
        first = await look(door, served)
        asked_first = [request.query["id"][-1] for request in served.requests if request.path == EXTEND]
        second = await look(door, served, first.memory, 1)
        third = await look(door, served, second.memory, 2)

    assert asked_first == ["5", "4", "3"]
    assert [post.text for post in first.posts] == ["全文", "全文", "全文", "开头", "开头"]
    assert [(post.id[-1], post.text) for post in second.posts] == [("2", "全文"), ("1", "全文")]
    assert not first.unchanged and not second.unchanged and third.unchanged
    assert first.covers_from == second.covers_from == third.covers_from


FAILURES = {
    "a refusal": Reply(b'{"ok":-100,"url":"https://m.weibo.cn/captcha?a"}'),
    "a wall": Reply(b"", 432),
    "nothing": Reply(b""),
    "no text": Reply(b'{"ok":1,"data":{"longTextContent":""}}'),
}


@pytest.mark.parametrize("reply", FAILURES.values(), ids=FAILURES)
async def test_a_whole_text_that_cannot_be_had_leaves_the_cut_one_and_is_wanted_again(reply: Reply, door: Door) -> None:
    async with serving(page(cut(3), cut(2), post(1))) as served:
        served.by_path[EXTEND] = [reply, whole("全文")]
        first = await look(door, served)
        requests = len([request for request in served.requests if request.path == EXTEND])
        second = await look(door, served, first.memory, 1)

    assert [post.text for post in first.posts] == ["开头", "开头", "平常"]
    assert first.partial == "" and first.covers_from is not None
    assert requests == 1
    assert [post.text for post in second.posts] == ["全文", "全文", "平常"]


async def test_whole_texts_can_be_left_alone_and_hidden_posts_always_are(door: Door) -> None:
    async with serving(page(cut(2), post(1))) as served:
        first = await look(door, served, long_texts=0)
        again = await look(door, served, first.memory, 1, long_texts=0)
    async with serving(page(cut(2, visible={"type": 1}), post(1))) as hidden:
        await look(door, hidden)

    assert first.posts[0].text == "开头" and again.unchanged
    assert {request.path for request in (*served.requests, *hidden.requests)} == {LIST}


async def test_what_is_remembered_of_whole_texts_is_flat_and_small(door: Door) -> None:
    async with serving(page(*[cut(number) for number in range(11, 0, -1)])) as served:
        served.by_path[EXTEND] = [whole("全文")]
        memory: Mapping[str, Any] = {}
        for hours in range(6):
            memory = (await look(door, served, memory, hours)).memory

    assert all(isinstance(value, (str, int)) for value in memory.values())
    assert len(str(memory["read"]).split()) == 11 and len(str(memory["read"])) < 400


async def test_a_handle_that_is_no_uid_is_never_sent(door: Door) -> None:
    watched = account(CHANNEL)
    wrong = watched.channels[0].model_copy(update={"handle": "ahljaj"})

    with pytest.raises(ParseError, match="uid"):
        await adapter(CHANNEL, door, "http://127.0.0.1:1").look(watched, wrong, {}, NOW)


async def test_a_cookie_no_header_can_carry_is_our_trouble(door: Door) -> None:
    book = CredentialBook(SecretStr(json.dumps({"web": {"cookie": f"SUB={SECRET}\nX-Evil: 1"}})))
    made = WeiboWeb(WeiboWebSettings(base_url="http://127.0.0.1:1"), door, Vault(book))
    watched = account(CHANNEL)

    with pytest.raises(AuthError, match="cookie") as caught:
        await made.look(watched, watched.channels[0], {}, NOW)

    assert SECRET not in str(caught.value)
