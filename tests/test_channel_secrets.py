"""No secret of a channel gets into anything that is kept or told, whatever a server makes of what it was sent."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from aiohttp import web
from channels import EXAMPLES, NOW, Reply, serving
from roads import EVERYTHING, FETCHING, ROADS, echo, good, polled, road, shown, talking, tells
from structlog.testing import capture_logs

from adapters import ADAPTERS
from adapters.http import Door
from monitor.errors import LOOK_ERRORS
from monitor.model import Fault


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), body_cap=200_000, retry_wait=0.0) as opened:
        yield opened


# -- secrets --------------------------------------------------------------------------------------------------------------------


def parrot(status: int, shape: str) -> Any:
    """Return a server that answers everything with what it was sent, in the body and in every header a client might keep."""

    def answer(request: web.Request, body: bytes) -> Reply:
        said = echo(request, body)
        line = quote(said, safe="")[:4_000]
        headers = {"ETag": f'"{line}"', "Last-Modified": line, "Location": f"/elsewhere?{line}", "Set-Cookie": f"a={line}", "X-Said": line}
        shapes = {
            "plain": said,
            "html": f"<!DOCTYPE html><html><head><title>{escape(said)}</title></head><body>{escape(said)}</body></html>",
            "json": json.dumps({"error": said, "message": said, "errmsg": said, "msg": said, "hello": said}),
            "a refusal": json.dumps(
                {"error_code": 10023, "errcode": 40001, "ok": -100, "errno": said, "url": said, "error": said, "msg": said}
            ),
            "a code": json.dumps(
                {"data": {"error_code": 2190002, "description": said}, "errcode": said, "status_code": said, "message": said}
            ),
        }
        return Reply(shapes[shape].encode(), status, headers)

    return answer


@pytest.mark.parametrize("shape", ["plain", "html", "json", "a refusal", "a code"])
@pytest.mark.parametrize("status", [200, 302, 307, 400, 401, 403, 404, 418, 429, 500, 503])
@pytest.mark.parametrize("name", ROADS)
async def test_a_server_that_repeats_what_it_was_sent_gets_no_secret_anywhere(
    name: str, status: int, shape: str, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving() as served:
        served.make = parrot(status, shape)
        made, watched, vault = await road(name, door, served.base_url)
        with capture_logs() as logs:
            poll = await polled(made, watched, vault)

    assert served.requests, "nothing was asked, so nothing was shown"
    assert tells(shown(poll)) == []
    assert tells(json.dumps(logs, default=repr)) == [] and tells(caplog.text) == []


@pytest.mark.parametrize("status", [200, 302, 403, 500])
@pytest.mark.parametrize("name", ROADS)
async def test_the_text_of_an_error_and_of_its_causes_holds_no_secret(name: str, status: int, door: Door) -> None:
    async with serving() as served:
        served.make = parrot(status, "json")
        made, watched, _ = await road(name, door, served.base_url)
        with pytest.raises(LOOK_ERRORS) as caught:
            await made.look(watched, watched.channels[0], {}, NOW)

    error: BaseException | None = caught.value
    while error is not None:
        assert tells(f"{error} {error.args}") == []
        error = error.__cause__


@pytest.mark.parametrize("name", FETCHING)
async def test_headers_that_repeat_secrets_leave_none_in_what_is_kept_of_a_good_look(name: str, door: Door) -> None:
    async with serving() as served:
        served.make = lambda request, body: replace(parrot(200, "plain")(request, body), body=good(name))
        made, watched, vault = await road(name, door, served.base_url)
        poll = await polled(made, watched, vault)
        again = await polled(made, watched, vault, poll.snapshots[0].memory)

    assert poll.snapshots and tells(shown(poll)) == [] and tells(shown(again)) == []


@pytest.mark.parametrize("name", ROADS)
async def test_a_lane_and_its_quotas_name_no_secret(name: str, door: Door) -> None:
    made, watched, vault = await road(name, door, "http://127.0.0.1:1")
    channel = watched.channels[0]
    quotas = made.quotas(channel) if hasattr(made, "quotas") else ()

    assert made.room(channel) >= 1
    assert tells(made.lane(channel)) == [] and tells(repr(quotas)) == []
    assert tells(f"{made!r} {vault!r} {made.settings!r}") == []


@pytest.mark.parametrize("name", ROADS)
async def test_tokens_obtained_on_the_way_are_not_shown_either(name: str, door: Door) -> None:
    async with serving() as served:
        talking(served, ROADS[name][0])
        made, watched, vault = await road(name, door, served.base_url)
        with capture_logs() as logs:
            poll = await polled(made, watched, vault)

    assert poll.snapshots and tells(shown(poll)) == [] and tells(json.dumps(logs, default=repr)) == []


# -- the markers themselves -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROADS)
async def test_every_road_sends_a_marked_secret_so_that_the_tests_above_can_fail(name: str, door: Door) -> None:
    async with serving() as served:
        talking(served, ROADS[name][0])
        made, watched, vault = await road(name, door, served.base_url)
        await polled(made, watched, vault)

    sent = "\n".join(echo(request, body) for request, body in zip(served.requests, served.bodies, strict=True))
    assert bool(tells(sent)) == (name not in ("wechat.article", "douyin.gateway, version 4"))


def test_a_secret_is_found_however_it_is_quoted() -> None:
    secret = EVERYTHING["key"]

    for form in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret), escape(secret)):
        assert tells(Fault(code="x", message=f"said {form}").model_dump_json())


def test_every_channel_that_asks_has_a_road() -> None:
    assert {channel for channel, _ in ROADS.values()} == {name for name in ADAPTERS if EXAMPLES[name].fetches}
