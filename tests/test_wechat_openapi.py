"""`wechat.openapi`: goldens, the token's life, every errcode, and that it never claims to have seen all."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from channels import NOW, SECRET, TOKEN, Reply, Served, account, adapter, asked, expected, fixtures, serving, told

from adapters.http import Door
from adapters.wechat_openapi import read, read_token, refusal
from monitor.errors import AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired, TransportFault
from monitor.model import SHANGHAI
from monitor.ports import Adapter

CHANNEL = "wechat.openapi"
LIST, STABLE = "/cgi-bin/freepublish/batchget", "/cgi-bin/stable_token"
EMPTY = Reply(b'{"item":[],"total_count":0,"item_count":0}')


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


def fresh(token: str, lasts: int = 7200) -> Reply:
    return Reply(json.dumps({"access_token": token, "expires_in": lasts}).encode())


def error(code: int) -> Reply:
    return Reply(json.dumps({"errcode": code, "errmsg": "no rid: 00000000-00000000-00000000"}).encode())


async def look(made: Adapter, credential: str = "app", now: datetime = NOW) -> Any:
    watched = account(CHANNEL, credential=credential)
    return await made.look(watched, watched.channels[0], {}, now)


def tokens_used(served: Served) -> list[str]:
    return [request.query["access_token"] for request in served.requests if request.path == LIST]


@pytest.mark.parametrize("path", fixtures(CHANNEL), ids=lambda path: path.stem)
def test_a_list_reads_as_expected(path: Path) -> None:
    assert told(lambda: read(path.read_bytes(), asked(CHANNEL))) == expected(path)


@pytest.mark.parametrize("path", [each for each in fixtures(CHANNEL) if "error" not in expected(each)], ids=lambda path: path.stem)
def test_it_never_claims_a_complete_view(path: Path) -> None:
    snapshot = read(path.read_bytes(), asked(CHANNEL))

    assert (snapshot.covers_from, snapshot.covers_until) == (None, None)
    assert "群发" in snapshot.partial


async def test_a_token_is_fetched_once_and_renewed_before_it_ends(door: Door) -> None:
    async with serving() as served:
        served.by_path = {STABLE: [fresh("first"), fresh("second")], LIST: [EMPTY]}
        made = adapter(CHANNEL, door, served.base_url)

        await look(made)
        await look(made, now=NOW + timedelta(seconds=6_899))
        await look(made, now=NOW + timedelta(seconds=6_900))

    assert tokens_used(served) == ["first", "first", "second"]
    wish = json.loads(served.bodies[0])
    assert wish == {"grant_type": "client_credential", "appid": "wx0demo", "secret": SECRET, "force_refresh": False}
    assert json.loads(served.bodies[1]) == {"offset": 0, "count": 20, "no_content": 0}


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_stale_token_is_fetched_anew_once(code: int, door: Door) -> None:
    async with serving() as served:
        served.by_path = {STABLE: [fresh("first"), fresh("second")], LIST: [error(code), EMPTY]}

        await look(adapter(CHANNEL, door, served.base_url))

    assert tokens_used(served) == ["first", "second"]


async def test_a_token_stale_twice_is_our_trouble(door: Door) -> None:
    async with serving() as served:
        served.by_path = {STABLE: [fresh("first"), fresh("second"), fresh("third")], LIST: [error(40001)]}

        with pytest.raises(AuthError):
            await look(adapter(CHANNEL, door, served.base_url))

    assert tokens_used(served) == ["first", "second"]


async def test_a_token_managed_elsewhere_is_used_as_it_is(door: Door) -> None:
    async with serving() as served:
        served.by_path = {LIST: [error(42001)]}

        with pytest.raises(AuthError):
            await look(adapter(CHANNEL, door, served.base_url), credential="demo")

    assert tokens_used(served) == [TOKEN]


@pytest.mark.parametrize("credential", ["", "unknown"])
async def test_a_missing_credential_is_our_trouble(credential: str, door: Door) -> None:
    with pytest.raises(AuthError):
        await look(adapter(CHANNEL, door, "http://127.0.0.1:1"), credential=credential)


async def test_a_wrong_secret_is_our_trouble_and_is_not_told(door: Door) -> None:
    async with serving() as served:
        served.by_path = {STABLE: [error(40125)], LIST: [EMPTY]}

        with pytest.raises(AuthError) as caught:
            await look(adapter(CHANNEL, door, served.base_url))

    assert SECRET not in f"{caught.value} {caught.value.head}"
    assert tokens_used(served) == []


BROKEN_TOKENS = [b"{}", b"", b"[]", b'{"access_token": 7}', b'{"access_token": "a b"}', b'{"access_token":"secret-in-a-broken']


@pytest.mark.parametrize("body", BROKEN_TOKENS)
def test_an_answer_without_a_token_is_a_parse_error_that_quotes_nothing(body: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        read_token(body, NOW)

    assert caught.value.head == ""
    assert "secret" not in str(caught.value)


REFUSALS = {
    -1: TransportFault,
    40013: AuthError,
    40097: ParseError,
    40125: AuthError,
    40164: AuthError,
    41001: AuthError,
    42007: AuthError,
    45009: RateLimited,
    47001: ParseError,
    47009: SourceRetired,
    48001: SourceRetired,
    48006: RateLimited,
    50002: AuthError,
    61003: AuthError,
    61004: AuthError,
    61005: AuthError,
    61006: AuthError,
    61007: AuthError,
    61011: AuthError,
    61023: AuthError,
    61500: ParseError,
    61501: ParseError,
    61503: Degraded,
    99999: ParseError,
}


@pytest.mark.parametrize("as_text", [False, True], ids=["number", "text"])
@pytest.mark.parametrize(("code", "kind"), REFUSALS.items())
def test_every_errcode_has_its_class(code: int, kind: type[LookError], as_text: bool) -> None:
    body = json.dumps({"errcode": str(code) if as_text else code, "errmsg": "no"}).encode()

    with pytest.raises(kind) as caught:
        read(body, asked(CHANNEL))

    assert type(caught.value) is kind


def test_a_daily_quota_ends_at_midnight_in_shanghai() -> None:
    evening = datetime(2026, 11, 20, 23, 0, tzinfo=SHANGHAI)

    error = refusal(45009, evening)

    assert error is not None and error.retry_after == pytest.approx(3_600, abs=1)


@pytest.mark.parametrize("body", [b'{"errcode":0,"item":[]}', b'{"item":[]}'])
def test_success_needs_no_errcode(body: bytes) -> None:
    assert read(body, asked(CHANNEL)).posts == ()
