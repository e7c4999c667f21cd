"""`weibo.openapi`: goldens, every refusal, what goes over the wire, and the readers of Weibo's times and titles."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from channels import NOW, TOKEN, UID, Reply, account, adapter, asked, expected, fixtures, serving, told

from adapters.http import Door
from adapters.reading.weibo import weibo_time
from adapters.reading.weibo_cards import read_cards
from adapters.weibo_openapi import read
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.model import BEGINNING

CHANNEL = "weibo.openapi"


@pytest.mark.parametrize("path", fixtures(CHANNEL), ids=lambda path: path.stem)
def test_a_timeline_reads_as_expected(path: Path) -> None:
    assert told(lambda: read(path.read_bytes(), asked(CHANNEL), UID)) == expected(path)


@pytest.mark.parametrize("path", fixtures("weibo.list"), ids=lambda path: path.stem)
def test_an_uploaded_list_reads_as_expected(path: Path) -> None:
    body = path.read_bytes()

    assert told(lambda: read_cards(body, UID, NOW, account_id="610900M001WX0001", signed_in=True)) == expected(path)


def test_a_list_seen_as_a_guest_covers_nothing() -> None:
    body = fixtures("weibo.list")[0].read_bytes()

    snapshot = read_cards(body, UID, NOW)

    assert snapshot.posts and snapshot.partial and snapshot.covers_from is None
    assert snapshot.posts[0].id == f"weibo:weibo:{UID}:5234000000000405"


REFUSALS = [
    (10004, AuthError),
    (10006, AuthError),
    (10014, AuthError),
    (10022, RateLimited),
    (10023, RateLimited),
    (10024, RateLimited),
    (20003, AccountGone),
    (20101, Degraded),
    (20112, Degraded),
    (20401, AccountGone),
    (20502, AuthError),
    (21301, AuthError),
    (21325, AuthError),
    (21327, AuthError),
    (21332, AuthError),
    (29999, ParseError),
]


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500])
@pytest.mark.parametrize("as_text", [False, True], ids=["number", "text"])
@pytest.mark.parametrize(("code", "kind"), REFUSALS)
async def test_a_refusal_is_told_by_its_code_whatever_the_status(code: int, kind: type[LookError], as_text: bool, status: int) -> None:
    body = json.dumps({"error": "no", "error_code": str(code) if as_text else code, "request": "/2/statuses/user_timeline.json"})
    async with Door(random.Random(1), retry_wait=0.0) as door, serving(Reply(body.encode(), status)) as served:
        watched = account(CHANNEL)

        with pytest.raises(kind) as caught:
            await adapter(CHANNEL, door, served.base_url).look(watched, watched.channels[0], {}, NOW)

    assert type(caught.value) is kind
    assert str(code) in str(caught.value)
    assert (caught.value.retry_after is not None) == (kind is RateLimited)


async def test_the_token_travels_in_the_header_and_never_in_the_address() -> None:
    body = next(path for path in fixtures(CHANNEL) if path.stem == "page").read_bytes()
    async with Door(random.Random(1)) as door, serving(Reply(body)) as served:
        watched = account(CHANNEL)

        await adapter(CHANNEL, door, served.base_url).look(watched, watched.channels[0], {}, NOW)

    asked_for = served.requests[0]
    assert asked_for.path == "/2/statuses/user_timeline.json"
    assert dict(asked_for.query) == {"uid": UID, "count": "5"}
    assert asked_for.headers["Authorization"] == f"OAuth2 {TOKEN}"


async def test_a_redirect_takes_the_token_nowhere() -> None:
    async with Door(random.Random(1)) as door, serving() as other:
        async with serving(Reply(b"", 302, {"Location": other.base_url})) as served:
            watched = account(CHANNEL)

            with pytest.raises(ParseError):
                await adapter(CHANNEL, door, served.base_url).look(watched, watched.channels[0], {}, NOW)

    assert other.requests == []


@pytest.mark.parametrize("credential", ["", "unknown", "app"])
async def test_a_missing_token_is_our_trouble(credential: str) -> None:
    async with Door(random.Random(1)) as door:
        watched = account(CHANNEL, credential=credential)

        with pytest.raises(AuthError):
            await adapter(CHANNEL, door, "http://127.0.0.1:1").look(watched, watched.channels[0], {}, NOW)


async def test_a_handle_that_is_no_uid_is_never_sent() -> None:
    async with Door(random.Random(1)) as door:
        watched = account(CHANNEL)
        wrong = watched.channels[0].model_copy(update={"handle": "ahljaj"})

        with pytest.raises(ParseError):
            await adapter(CHANNEL, door, "http://127.0.0.1:1").look(watched, wrong, {}, NOW)


def status(mid: str, at: str, **changes: Any) -> dict[str, Any]:
    return {"mid": mid, "created_at": at, "text": "x", "user": {"id": int(UID)}, **changes}


PIN_SIGNALS = {"isTop": {"isTop": 1}, "mblogtype": {"mblogtype": 2}, "title": {"title": {"text": "置顶"}}, "as text": {"isTop": "1"}}
NO_PIN_SIGNALS = {"public": {"title": {"text": "公开"}}, "mblogtype 1": {"mblogtype": 1}, "none": {"isTop": 0, "title": None}}


@pytest.mark.parametrize("signal", PIN_SIGNALS.values(), ids=PIN_SIGNALS)
def test_any_signal_of_a_pin_keeps_it_from_stretching_the_view(signal: dict[str, Any]) -> None:
    pinned = status("5000000000000001", "Mon Jan 08 09:00:00 +0800 2024", **signal)
    newest = status("5234000000000405", "Thu Nov 19 18:30:05 +0800 2026")

    snapshot = read(json.dumps({"statuses": [pinned, newest]}).encode(), asked(CHANNEL), UID)

    assert snapshot.covers_from == datetime(2026, 11, 19, 10, 30, 5, tzinfo=UTC)
    assert [post.pinned for post in snapshot.posts] == [False, True]


@pytest.mark.parametrize("signal", NO_PIN_SIGNALS.values(), ids=NO_PIN_SIGNALS)
def test_other_marks_are_no_pins(signal: dict[str, Any]) -> None:
    body = {"statuses": [status("5234000000000405", "Thu Nov 19 18:30:05 +0800 2026", **signal)]}

    assert not read(json.dumps(body).encode(), asked(CHANNEL), UID).posts[0].pinned


def test_a_fast_forward_belongs_to_the_forwarder_and_cites_the_original() -> None:
    forward = status(
        "5234000000000405", "Thu Nov 19 18:30:05 +0800 2026", user={"id": 1700000001}, ori_mid="5233700000000777", ori_uid=int(UID)
    )

    post = read(json.dumps({"statuses": [forward]}).encode(), asked(CHANNEL), UID).posts[0]

    assert post.kind == "repost"
    assert post.citation is not None and (post.citation.account, post.citation.post_id) == ("1700000001", "5233700000000777")


@pytest.mark.parametrize(("kind", "private"), [(0, False), (1, True), (3, True), (4, True), ("0", False), (None, False)])
def test_what_the_public_cannot_see_is_private(kind: object, private: bool) -> None:
    body = {"statuses": [status("5234000000000405", "Thu Nov 19 18:30:05 +0800 2026", visible={"type": kind})]}

    assert read(json.dumps(body).encode(), asked(CHANNEL), UID).posts[0].private is private


def test_a_page_with_a_post_from_the_future_is_read_again_when_its_time_has_come() -> None:
    body = json.dumps({"statuses": [status("1", "Thu Nov 19 18:30:05 +0800 2026"), status("2", "Fri Nov 20 12:30:00 +0800 2026")]})

    before = read(body.encode(), asked(CHANNEL), UID)
    after = read(body.encode(), asked(CHANNEL, now=NOW + timedelta(hours=1)), UID)

    assert before.skipped == {"future": 1} and before.memory == {}
    assert len(after.posts) == 2 and after.memory


TIMES = {
    "Tue Jul 12 10:00:00 +0800 2022": datetime(2022, 7, 12, 2, tzinfo=UTC),
    "Wed Sep 9 10:25:55 +0800 2015": datetime(2015, 9, 9, 2, 25, 55, tzinfo=UTC),
    "刚刚": NOW,
    "30秒前": NOW - timedelta(seconds=30),
    "5分钟前": NOW - timedelta(minutes=5),
    "15小时前": NOW - timedelta(hours=15),
    "昨天 23:59": datetime(2026, 11, 19, 15, 59, tzinfo=UTC),
    "11-20": datetime(2026, 11, 19, 16, tzinfo=UTC),
    "11-21": datetime(2025, 11, 20, 16, tzinfo=UTC),
    "2019-6-1": datetime(2019, 5, 31, 16, tzinfo=UTC),
}


@pytest.mark.parametrize(("text", "moment"), TIMES.items())
def test_a_time_is_read_in_any_form(text: str, moment: datetime) -> None:
    when = weibo_time(text, NOW)

    assert when is not None and when.at == moment
    assert (when.precision == "day") == ("-" in text)


@pytest.mark.parametrize(
    "text", ["", "明天", "13-45", "02-30", "昨天 25:00", "Tue Foo 12 10:00:00 +0800 2022", "99-99", None, 7, "9999小时后"]
)
def test_what_is_no_time_is_none(text: object) -> None:
    assert weibo_time(text, NOW) is None


LIST_REFUSALS = {
    "no content": ({"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}}, Degraded),
    "throttled": ({"ok": 0, "errno": "100005", "msg": "x"}, RateLimited),
    "lost": ({"ok": 0, "errno": 100001, "msg": "x"}, TransportFault),
    "captcha": ({"ok": -100, "errno": "-100", "url": "https://m.weibo.cn/captcha?x"}, RateLimited),
    "login": ({"ok": -100, "url": "https://passport.weibo.com/sso/signin?x"}, AuthError),
    "hidden": ({"ok": 0, "message": "x", "error_code": 20112}, Degraded),
    "empty": ({"ok": 1, "data": {"cards": []}}, Degraded),
    "unknown": ({"ok": 0, "errno": "5"}, ParseError),
    "no list": ({"ok": 1, "data": {}}, ParseError),
}


@pytest.mark.parametrize(("body", "kind"), LIST_REFUSALS.values(), ids=LIST_REFUSALS)
def test_a_refused_list_is_never_an_empty_one(body: dict[str, Any], kind: type[LookError]) -> None:
    with pytest.raises(kind):
        read_cards(json.dumps(body).encode(), UID, NOW)


def test_a_list_that_is_all_the_account_ever_posted_covers_everything() -> None:
    body = next(path for path in fixtures(CHANNEL) if path.stem == "complete_list").read_bytes()

    assert read(body, asked(CHANNEL), UID).covers_from == BEGINNING
