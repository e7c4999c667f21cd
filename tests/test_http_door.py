"""The door to the platforms, against a real server: caps, time-outs, broken bodies, retries, spacing, and no foreign error let through."""

from __future__ import annotations

import asyncio
import gzip
import random
import ssl
import time
import traceback
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest
from channels import Handler, Reply, serving, speaking
from clocks import FrozenClock
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.http import Answer, Door, by_status, by_status_alone, retry_after, translate
from monitor.access.budgets import Budgets
from monitor.errors import AccountGone, AuthError, LookError, ParseError, RateLimited, TransportFault
from monitor.ports import Quota

CAP = 100_000


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), body_cap=CAP, retry_wait=0.0) as opened:
        yield opened


async def dripping(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)


async def resetting(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    await writer.drain()
    transport: Any = writer.transport
    transport.abort()


async def hanging_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")


async def gibberish(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\x01 nothing of HTTP\r\n\r\n")


async def truncated_gzip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    half = gzip.compress(random.Random(1).randbytes(9_000))[:5_000]
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(half) + half)


async def broken_chunks(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n")


FAULTS = [dripping, silent, resetting, hanging_up, gibberish, truncated_gzip, broken_chunks]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_a_fault_of_the_line_is_a_transport_fault_and_is_tried_again(fault: Handler, door: Door) -> None:
    tries = 0

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        await fault(reader, writer)

    async with speaking(counted) as url:
        with pytest.raises(TransportFault):
            await door.fetch("lane", url + "/?token=s3cret", seconds=0.2)

    assert tries >= 3


async def test_a_server_that_recovers_is_believed(door: Door) -> None:
    async with serving(Reply(b"", 502), Reply(b"", 500), Reply(b"well")) as served:
        answer = await door.fetch("lane", served.base_url)

    assert answer.body == b"well"
    assert len(served.requests) == 3


STATUSES: dict[int, tuple[type[LookError], int]] = {
    400: (ParseError, 1),
    401: (AuthError, 1),
    403: (AuthError, 1),
    404: (AccountGone, 1),
    408: (TransportFault, 3),
    410: (AccountGone, 1),
    418: (ParseError, 1),
    429: (RateLimited, 1),
    500: (TransportFault, 3),
    503: (TransportFault, 3),
}


@pytest.mark.parametrize(("status", "kind", "tries"), [(status, *expected) for status, expected in STATUSES.items()])
async def test_only_faults_of_transport_are_tried_again(status: int, kind: type[LookError], tries: int, door: Door) -> None:
    async with serving(Reply(b"why", status)) as served:
        with pytest.raises(kind) as caught:
            await door.fetch("lane", served.base_url)

    assert type(caught.value) is kind and caught.value.head == "why"
    assert len(served.requests) == tries


async def test_an_adapter_may_explain_an_answer_or_take_it(door: Door) -> None:
    async with serving(Reply(b"{}", 400)) as served:
        with pytest.raises(AuthError):
            await door.fetch("lane", served.base_url, explain=lambda answer: AuthError("explained"))
        answer = await door.fetch("lane", served.base_url, explain=lambda answer: None)

    assert answer.status == 400


WAITS = {
    "seconds": ({"Retry-After": "120"}, 120.0),
    "a fraction": ({"Retry-After": "1.5"}, 1.5),
    "a date": ({"Retry-After": "Fri, 20 Nov 2026 04:02:00 GMT", "Date": "Fri, 20 Nov 2026 04:00:00 GMT"}, 121.0),
    "a date gone by": ({"Retry-After": "Fri, 20 Nov 2026 03:00:00 GMT", "Date": "Fri, 20 Nov 2026 04:00:00 GMT"}, 1.0),
    "a date without zone": ({"Retry-After": "Fri, 20 Nov 2026 04:02:00", "Date": "Fri, 20 Nov 2026 04:00:00 -0000"}, 121.0),
    "a date without the server's": ({"Retry-After": "Fri, 20 Nov 2026 04:02:00 GMT"}, None),
    "a year": ({"Retry-After": "99999999999"}, 86_400.0),
    "none": ({}, None),
    "blank": ({"Retry-After": " "}, None),
    "negative": ({"Retry-After": "-5"}, None),
    "words": ({"Retry-After": "soon"}, None),
    "other digits": ({"Retry-After": "١٢"}, None),
    "a monstrous date": ({"Retry-After": "Fri, 20 Nov 99999999999999999999 04:02:00 GMT", "Date": "x"}, None),
}


@pytest.mark.parametrize(("headers", "seconds"), WAITS.values(), ids=WAITS)
def test_retry_after_is_read_in_any_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_503_that_says_when_to_come_back_is_a_matter_of_pace() -> None:
    answer = Answer(503, {"Retry-After": "9"}, b"", "http://a.example/x?token=s3cret")

    error = by_status(answer)

    assert isinstance(error, RateLimited) and error.retry_after == 9


@pytest.mark.parametrize("status", [404, 410])
def test_where_the_address_names_an_interface_a_404_says_nothing_of_the_account(status: int) -> None:
    assert isinstance(by_status_alone(Answer(status, {}, b"", "http://a.example/")), ParseError)


def every_subclass(kind: type[BaseException]) -> set[type[BaseException]]:
    below = set(kind.__subclasses__())
    return {kind} | below | {each for one in below for each in every_subclass(one)}


FOREIGN = sorted(every_subclass(aiohttp.ClientError), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: kind.__name__)
def test_no_error_of_the_library_is_let_through(kind: type[BaseException]) -> None:
    error = kind.__new__(kind)

    assert isinstance(translate(error, "a.example"), LookError)


OTHERS = [
    OSError(),
    ConnectionResetError(),
    TimeoutError(),
    ssl.SSLError(),
    zlib.error(),
    EOFError(),
    UnicodeError(),
    ssl.CertificateError(),
]


@pytest.mark.parametrize("error", OTHERS, ids=lambda error: type(error).__name__)
def test_errors_from_below_the_library_are_translated_too(error: BaseException) -> None:
    assert isinstance(translate(error), LookError)


def test_bugs_and_our_own_errors_pass() -> None:
    assert translate(KeyError()) is None
    assert translate(ParseError("ours")) is None
    assert translate(asyncio.CancelledError()) is None


BAD_URLS = [
    "",
    "http://",
    "http:///x",
    "nonsense",
    "http://[::1",
    "http://a b/",
    "http://\u3002/",
    "http://" + "a" * 300 + ".example/",
    "ftp://a.example/",
]


@pytest.mark.parametrize("url", BAD_URLS)
async def test_an_unusable_address_is_a_look_error(url: str, door: Door) -> None:
    with pytest.raises(LookError):
        await door.fetch("lane", url + "?token=s3cret", seconds=2)


async def test_no_secret_of_an_address_gets_into_a_traceback(door: Door) -> None:
    hidden = "s" + "3cret"
    async with serving(Reply(b"", 302, {"Location": "/again?token=" + hidden})) as served:
        for place in (served.base_url + "/", "http://127.0.0.1:1/", "http://[::1/", "nonsense"):
            with pytest.raises(LookError) as caught:
                await door.fetch("lane", place + "?token=" + hidden, headers={"Authorization": "OAuth2 " + hidden})

            assert hidden not in "".join(traceback.format_exception(caught.value))


async def test_redirects_are_followed_only_where_wanted(door: Door) -> None:
    async with serving(Reply(b"there")) as there, serving(Reply(b"", 302, {"Location": there.base_url})) as here:
        followed = await door.fetch("lane", here.base_url)
        with pytest.raises(ParseError):
            await door.fetch("lane", here.base_url, redirects=0)

    assert followed.body == b"there"
    assert len(there.requests) == 1


async def test_requests_of_a_lane_keep_their_distance_and_other_lanes_do_not_wait(door: Door) -> None:
    async with serving(Reply(b"x")) as served:
        begun = time.perf_counter()
        await asyncio.gather(*(door.fetch("slow", served.base_url, spacing=0.15, in_flight=9) for _ in range(4)))
        slow = time.perf_counter() - begun
        begun = time.perf_counter()
        await asyncio.gather(*(door.fetch(f"fast {number}", served.base_url, spacing=10) for number in range(4)))
        fast = time.perf_counter() - begun

    assert 0.44 <= slow < 3
    assert fast < 2


@pytest.mark.parametrize("in_flight", [1, 3])
async def test_no_more_requests_of_a_lane_are_under_way_than_allowed(in_flight: int, door: Door) -> None:
    under_way = most = 0

    async def slowly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    async with speaking(slowly) as url:
        await asyncio.gather(*(door.fetch("lane", url, in_flight=in_flight) for _ in range(9)))

    assert most == in_flight


async def test_a_cancelled_request_frees_its_place(door: Door) -> None:
    async with speaking(silent) as url:
        waiting = asyncio.create_task(door.fetch("lane", url))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    async with serving(Reply(b"next")) as served:
        assert (await asyncio.wait_for(door.fetch("lane", served.base_url), 2)).body == b"next"


async def test_a_cookie_of_one_answer_does_not_travel_with_the_next_request(door: Door) -> None:
    async with serving(Reply(b"x", headers={"Set-Cookie": "SUB=someone; Path=/"})) as served:
        await door.fetch("lane", served.base_url)
        await door.fetch("lane", served.base_url)

    assert "Cookie" not in served.requests[1].headers


class Noting(random.Random):
    """Draws no pause and notes how long it might have been."""

    longest: list[float]

    def uniform(self, a: float, b: float) -> float:
        self.longest.append(b)
        return 0.0


async def test_the_pause_between_tries_doubles_and_comes_from_the_injected_chance() -> None:
    rng = Noting(1)
    rng.longest = []
    async with Door(rng, retry_wait=2.0) as door, serving(Reply(b"", 500)) as served:
        with pytest.raises(TransportFault):
            await door.fetch("lane", served.base_url)

    assert rng.longest[:2] == [4.0, 8.0]


async def test_a_probe_takes_any_answer_for_life(door: Door) -> None:
    async with serving(Reply(b"no", 500)) as served:
        assert await door.probe(served.base_url) == ""

    assert await door.probe("http://127.0.0.1:1") != ""
    assert await door.probe("") != ""


async def test_a_door_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        await Door().fetch("lane", "http://127.0.0.1:1")


# -- budgets through the door ----------------------------------------------------------------------------------------------


def run_of(door: Door, url: str, quotas: tuple[Quota, ...], lanes: Sequence[str], in_flight: int) -> list[Any]:
    return [door.fetch(lane, url, quotas=quotas, in_flight=in_flight) for lane in lanes]


@settings(max_examples=15, deadline=None)
@given(
    rounds=st.lists(st.tuples(st.floats(0, 1500), st.lists(st.sampled_from(["a", "b", "c"]), max_size=12)), max_size=6),
    limits=st.lists(st.tuples(st.integers(1, 8), st.sampled_from([60.0, 3600.0])), min_size=1, max_size=2, unique_by=lambda x: x[1]),
    in_flight=st.integers(1, 4),
    fails=st.booleans(),
)
def test_no_window_is_ever_exceeded_by_requests_side_by_side_that_are_tried_again(
    rounds: list[tuple[float, list[str]]], limits: list[tuple[int, float]], in_flight: int, fails: bool
) -> None:
    async def all_of_it() -> None:
        clock = FrozenClock()
        arrived: list[float] = []

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrived.append(clock.elapsed())
            status = b"500 No" if fails and len(arrived) % 2 else b"200 OK"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        quotas = tuple(Quota("shared", requests, seconds) for requests, seconds in limits)
        async with speaking(answer) as url, Door(retry_wait=0.0, ledger=Budgets(clock)) as door:
            for wait, lanes in rounds:
                clock.advance(wait)
                await asyncio.gather(*run_of(door, url, quotas, lanes, in_flight), return_exceptions=True)
        for requests, seconds in limits:
            for number, end in enumerate(arrived):
                assert sum(1 for at in arrived[: number + 1] if end - seconds < at) <= requests

    asyncio.run(all_of_it())


class Rested:
    """A ledger of a process that has just begun anew: each lane must still be left alone for a moment."""

    def take(self, lane: str, quotas: Sequence[Quota]) -> None:
        return None

    def rested(self, lane: str, spacing: float) -> float:
        return 0.2


@pytest.mark.parametrize("in_flight", [1, 3])
async def test_after_a_restart_every_request_of_a_lane_waits_however_many_may_be_under_way(in_flight: int) -> None:
    async with serving(Reply(b"well")) as served, Door(ledger=Rested()) as door:
        begun = time.monotonic()
        impatient = asyncio.create_task(door.fetch("lane", served.base_url, in_flight=in_flight))
        await asyncio.sleep(0.01)
        others = [asyncio.create_task(door.fetch("lane", served.base_url, in_flight=in_flight)) for _ in range(2)]
        impatient.cancel()
        done, _ = await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)

        assert done and time.monotonic() - begun >= 0.19
        await asyncio.gather(*others)


async def test_a_request_that_waited_while_its_lane_was_refused_is_not_sent() -> None:
    budgets = Budgets(FrozenClock())
    async with serving(Reply(b"", 429)) as served, Door(ledger=budgets) as door:
        refused: set[str] = set()
        budgets.resting = lambda lane: 60.0 if lane in refused else 0.0

        async def look() -> str:
            try:
                await door.fetch("lane", served.base_url)
            except RateLimited as error:
                refused.add("lane")
                return "ours" if error.ours else "theirs"
            return "well"

        told = await asyncio.gather(*(look() for _ in range(4)))

        assert told == ["theirs", "ours", "ours", "ours"]
        assert len(served.requests) == 1
