"""`douyin.gateway`: goldens, the kinds of "empty", what statuses and error bodies mean, and what goes over the wire."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from channels import NOW, SEC_UID, Reply, account, adapter, asked, expected, fixtures, serving, told

from adapters.douyin_gateway import read
from adapters.http import Door
from adapters.reading.douyin import V5_REFUSALS
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault

CHANNEL = "douyin.gateway"
PATH = "/api/douyin/web/fetch_user_post_videos"


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


async def look(door: Door, base_url: str, /, **options: str) -> Any:
    watched = account(CHANNEL, **options)
    return await adapter(CHANNEL, door, base_url).look(watched, watched.channels[0], {}, NOW)


@pytest.mark.parametrize("path", fixtures(CHANNEL), ids=lambda path: path.stem)
def test_a_body_reads_as_expected(path: Path) -> None:
    assert told(lambda: read(path.read_bytes(), asked(CHANNEL), SEC_UID)) == expected(path)


NOTHING = {
    "no bytes": (b"", RateLimited),
    "blocked": (b"blocked", RateLimited),
    "captcha page": ("<html><title>验证码中间页</title></html>".encode(), RateLimited),
    "another page": (b"<html>hello</html>", ParseError),
    "bare envelope": (b'{"status_code":0}', RateLimited),
    "risk code": (b'{"status_code":8}', RateLimited),
    "verify ticket": (b'{"status_code":0,"verify_ticket":"x","aweme_list":[]}', RateLimited),
    "login": (b'{"status_code":2483,"aweme_list":[]}', AuthError),
    "empty, no more": (b'{"status_code":0,"has_more":0,"aweme_list":[]}', Degraded),
    "empty, more": (b'{"status_code":0,"has_more":1,"aweme_list":[]}', Degraded),
    "null list": (b'{"status_code":0,"aweme_list":null}', Degraded),
    "withheld work": (b'{"status_code":0,"aweme_detail":null}', Degraded),
    "v5, empty with more": (b'{"success":true,"data":{"items":[],"has_more":true}}', Degraded),
    "v5, queued": (b'{"success":true,"data":{"task_id":"x","state":"queued"}}', TransportFault),
    "v5, other items": (b'{"success":true,"data":{"items":[{"content_id":"1"}]}}', ParseError),
    "nothing known": (b'{"hello":1}', ParseError),
}


@pytest.mark.parametrize("wrap", ["%s", '{"code":200,"data":%s}', '{"ok":true,"result":%s}'], ids=["raw", "v4", "result"])
@pytest.mark.parametrize(("body", "kind"), NOTHING.values(), ids=NOTHING)
def test_nothing_shown_is_never_silence(body: bytes, kind: type[LookError], wrap: str) -> None:
    if body[:1] == b"{":
        body = wrap.encode() % body

    with pytest.raises(kind) as caught:
        read(body, asked(CHANNEL), SEC_UID)

    assert type(caught.value) is kind


@pytest.mark.parametrize("has_more", [0, False, "0"])
def test_a_list_without_more_is_complete(has_more: object) -> None:
    page = json.loads(next(path for path in fixtures(CHANNEL) if path.stem == "complete_list").read_bytes())
    page["data"]["has_more"] = has_more

    assert read(json.dumps(page).encode(), asked(CHANNEL), SEC_UID).covers_from is not None
    assert read(json.dumps(page).encode(), asked(CHANNEL), SEC_UID).memory["covers_from"] == 0


@pytest.mark.parametrize("has_more", [1, True, None, "x"])
def test_a_list_that_may_go_on_covers_from_its_oldest_work(has_more: object) -> None:
    page = json.loads(next(path for path in fixtures(CHANNEL) if path.stem == "complete_list").read_bytes())
    page["data"]["has_more"] = has_more

    snapshot = read(json.dumps(page).encode(), asked(CHANNEL), SEC_UID)

    assert snapshot.covers_from == snapshot.posts[-1].published_at


STATUSES = {401: RateLimited, 403: RateLimited, 405: RateLimited, 412: RateLimited, 444: RateLimited, 404: ParseError, 500: TransportFault}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
async def test_a_status_means_what_douyin_means_by_it(status: int, kind: type[LookError], door: Door) -> None:
    async with serving(Reply(b"x", status)) as served:
        with pytest.raises(kind):
            await look(door, served.base_url)


async def test_the_gateway_failing_is_a_fault_of_transport(door: Door) -> None:
    body = json.dumps({"detail": {"code": 400, "message": "An error occurred.", "time": "2024-10-17", "router": PATH}})
    async with serving(Reply(body.encode(), 400)) as served:
        with pytest.raises(TransportFault):
            await look(door, served.base_url)

        assert len(served.requests) == 3


@pytest.mark.parametrize("code", V5_REFUSALS)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 502, 503])
async def test_a_v5_refusal_is_told_by_its_code_whatever_the_status(code: str, status: int, door: Door) -> None:
    body = json.dumps({"success": False, "data": None, "error": {"code": code, "message": "no", "retry_after": 10}})
    async with serving(Reply(body.encode(), status)) as served:
        with pytest.raises(V5_REFUSALS[code][0]) as caught:
            await look(door, served.base_url)

    assert caught.value.retry_after == 10


async def test_the_first_page_of_the_account_is_asked_for(door: Door) -> None:
    page = next(path for path in fixtures(CHANNEL) if path.stem == "page")
    async with serving(Reply.of(page)) as served:
        await look(door, served.base_url + "/")

    assert served.requests[0].path == PATH
    assert dict(served.requests[0].query) == {"sec_user_id": SEC_UID, "max_cursor": "0", "count": "20"}


async def test_an_account_may_have_a_gateway_of_its_own(door: Door) -> None:
    page = next(path for path in fixtures(CHANNEL) if path.stem == "page")
    async with serving(Reply.of(page)) as served:
        snapshot = await look(door, "http://127.0.0.1:1", base_url=served.base_url)

    assert snapshot.posts


@pytest.mark.parametrize("base_url", ["file:///etc/passwd", "ftp://gateway.example", "gateway.example", "http://"])
async def test_a_gateway_that_is_no_web_address_is_refused(base_url: str, door: Door) -> None:
    with pytest.raises(ParseError):
        await look(door, "http://127.0.0.1:1", base_url=base_url)


async def test_without_a_gateway_the_operator_is_told(door: Door) -> None:
    with pytest.raises(AuthError):
        await look(door, "")

    assert "base_url" in (await adapter(CHANNEL, door, "").check())[0]


@pytest.mark.parametrize("handle", ["100000000000001", "qingxi", "MS4wLjABAAAA", SEC_UID + "&x=1", SEC_UID + "/../"])
async def test_a_handle_that_is_no_sec_uid_is_never_sent(handle: str, door: Door) -> None:
    watched = account(CHANNEL)
    wrong = watched.channels[0].model_copy(update={"handle": handle})

    with pytest.raises(ParseError):
        await adapter(CHANNEL, door, "http://127.0.0.1:1").look(watched, wrong, {}, NOW)


@pytest.mark.parametrize("mark", [{"user_canceled": True}, {"secret": 1}])
def test_a_cancelled_or_private_account_is_gone(mark: dict[str, Any]) -> None:
    work = {"aweme_id": "1", "create_time": 1_700_000_000, "author": {"sec_uid": SEC_UID, **mark}}

    with pytest.raises(AccountGone):
        read(json.dumps({"status_code": 0, "aweme_list": [work]}).encode(), asked(CHANNEL), SEC_UID)
