"""The sign of life to the outside, over a real server: sent while all is well, withheld when not, and its address told to nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from structlog.testing import capture_logs

from adapters.http import Door
from monitor.heartbeat import Heartbeat
from monitor.metrics.registry import Metrics
from monitor.web import Health

TOKEN = "3f1c-secret-of-the-guard"
WELL = Health(alive=True, ready=True)


@dataclass
class Guard:
    """The service outside: notes each heartbeat, and answers with the status it is told."""

    status: int = 200
    heard: list[str] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.heard.append(request.path)
        return web.Response(status=self.status, headers={"Location": "/elsewhere"} if self.status == 302 else {})


@pytest.fixture
async def guard() -> AsyncIterator[Guard]:
    guard = Guard()
    app = web.Application()
    app.router.add_get("/{path:.*}", guard.answer)
    async with TestServer(app) as server:
        guard.url = str(server.make_url(f"/ping/{TOKEN}"))
        yield guard


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(retry_wait=0.0) as door:
        yield door


def beating(door: Door, url: str, *health: Health) -> tuple[Heartbeat, Metrics]:
    """A heartbeat of a daemon whose health is these in turn, well after that."""
    turns, metrics = iter(health), Metrics()

    async def next_health() -> Health:
        return next(turns, WELL)

    async def ask(url: str) -> object:
        return await door.fetch("heartbeat", url, seconds=2.0, redirects=0)

    return Heartbeat(SecretStr(url), ask, next_health, metrics.observe_heartbeat), metrics


def counted(metrics: Metrics, outcome: str) -> float:
    name = f'zhengwu_heartbeats_total{{outcome="{outcome}"}} '
    return float(next(line for line in metrics.render()[0].decode().splitlines() if line.startswith(name)).removeprefix(name))


async def test_a_daemon_that_is_well_gives_a_sign_of_life(guard: Guard, door: Door) -> None:
    heartbeat, metrics = beating(door, guard.url)

    assert await heartbeat.round()

    assert guard.heard == [f"/ping/{TOKEN}"]
    assert (counted(metrics, "ok"), counted(metrics, "failed")) == (1, 0)


@pytest.mark.parametrize(
    "health",
    [
        Health(alive=False, ready=False, reasons=("loop judge has stopped",)),
        Health(alive=True, ready=False, reasons=("the database does not answer",)),
    ],
    ids=["a loop has stopped", "the database is away"],
)
async def test_a_daemon_in_trouble_is_silent_until_it_is_well_again(guard: Guard, door: Door, health: Health) -> None:
    heartbeat, metrics = beating(door, guard.url, health, health)

    with capture_logs() as logs:
        sent = [await heartbeat.round() for _ in range(3)]

    assert sent == [False, False, True]
    assert len(guard.heard) == 1
    assert (counted(metrics, "ok"), counted(metrics, "failed")) == (1, 0)
    assert [entry["event"] for entry in logs] == ["the heartbeat does not go out", "the heartbeat goes out again"]
    assert logs[0]["reasons"] == health.reasons


@pytest.mark.parametrize("status", [302, 404, 410, 500, 503])
async def test_an_answer_that_is_no_success_is_a_failure_and_no_redirect_is_followed(guard: Guard, door: Door, status: int) -> None:
    heartbeat, metrics = beating(door, guard.url)
    guard.status = status

    assert not await heartbeat.round()

    assert counted(metrics, "failed") == 1
    assert set(guard.heard) == {f"/ping/{TOKEN}"}


@pytest.mark.parametrize("url", [f"http://127.0.0.1:1/{TOKEN}", f"http://[bad/{TOKEN}", f"ftp://x.invalid/{TOKEN}", f"\ud800{TOKEN}"])
async def test_an_address_that_does_not_answer_or_is_none_fails_without_being_told(door: Door, url: str) -> None:
    heartbeat, metrics = beating(door, url)

    with capture_logs() as logs:
        sent = [await heartbeat.round() for _ in range(3)]

    assert sent == [False] * 3
    assert counted(metrics, "failed") == 3
    assert len(logs) == 1
    assert TOKEN not in str(logs) + repr(vars(heartbeat)) + metrics.render()[0].decode()


async def test_failures_are_logged_when_they_begin_and_when_they_end(guard: Guard, door: Door) -> None:
    heartbeat, _ = beating(door, guard.url)

    with capture_logs() as logs:
        for guard.status in (200, 404, 404, 200, 200):
            await heartbeat.round()

    assert [entry["log_level"] for entry in logs] == ["warning", "info"]
