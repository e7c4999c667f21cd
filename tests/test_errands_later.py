"""What becomes of a link after its letter: its matter flared up again, grew graver, or ended; and requests that no browser sends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from clocks import NOON
from desk import PaperDesk, metrics
from following import COUNTY, OPERATOR, PEOPLE, House, furnish, put, resolve, told_alert
from lxml import html
from makers import HOUR, account
from storing import enrol
from structlog.testing import capture_logs

from monitor.errors import StoreAway
from monitor.model import PersonsWord, Role, Severity, Stage, Status
from monitor.notify.phrases import Asked, clicks
from monitor.ports import Heard, Pushed
from monitor.store import Store
from monitor.telling.records import Ask
from monitor.web import build, server_log
from monitor.web.callback import Callbacks

GRAVER = "“石泉统计”(微博)已51天未更新(最后更新2020-01-13)"


@pytest.fixture
async def house(store: Store) -> House:
    return await furnish(store)


async def opened(house: House, path: str) -> html.HtmlElement:
    async with house.console() as client:
        return html.fromstring(await (await client.get(path)).text())


async def press(house: House, path: str) -> str:
    async with house.console() as client:
        return await (await client.post(path)).text()


# -- the matter moves on ----------------------------------------------------------------------------------------------------------


async def flared_up_again(store: Store, stage: Stage = Stage.OPEN) -> None:
    """Let the matter end and begin again within the hour in which nobody is told of either."""
    await resolve(store, told_alert())
    again = told_alert("idle a 2", message=GRAVER).model_copy(update={"told": {}, "opened_at": NOON + HOUR / 2, "stage": stage})
    await put(store, again)


@pytest.mark.parametrize("ask", [Ask.RECEIVED, Ask.EXEMPTION, Ask.CLOSURE])
async def test_what_flared_up_again_is_not_called_over(house: House, store: Store, ask: Ask) -> None:
    await flared_up_again(store)

    seen = await opened(house, house.path(ask))
    said = await press(house, house.path(ask))

    assert "已销号，无需办理" not in seen.text_content() + said
    assert GRAVER in seen.text_content()
    assert (await store.alert("idle a 2")).acknowledged == PersonsWord(by=OPERATOR, at=NOON, rung=2, reason=ask.label)  # type: ignore[union-attr]
    assert {each.alert_id for each in await store.correspondence.trail("a") if each.by == OPERATOR} == {"idle a 2"}


async def test_what_flared_up_again_and_nobody_may_hear_of_yet_stays_over(house: House, store: Store) -> None:
    await flared_up_again(store, Stage.PENDING)

    seen = await opened(house, house.path(Ask.CLOSURE))

    assert "已销号，无需办理" in seen.text_content()
    assert GRAVER not in seen.text_content()


@pytest.mark.parametrize("stage", [Stage.PENDING, Stage.HELD])
@pytest.mark.parametrize("ask", list(Ask))
async def test_an_accusation_that_nobody_may_hear_of_yet_is_not_read_behind_the_link_of_a_warning(
    house: House, store: Store, raw: Any, ask: Ask, stage: Stage
) -> None:
    graver = {"stage": stage, "finding.message": GRAVER, "finding.severity": Severity.ACCUSATION, "finding.rung": 5}
    raw.alerts.update_one({"_id": "idle a 1"}, {"$set": graver})

    seen = await opened(house, house.path(ask))
    said = await press(house, house.path(ask))

    assert GRAVER not in seen.text_content() + said
    assert "以邮件告知的为准" in seen.text_content()
    assert (word := (await store.alert("idle a 1")).acknowledged) is None or word.rung == 2  # type: ignore[union-attr]


LETTER_SAYS = {Severity.NOTICE: "已转载，请复查", Severity.WARNING: "已更正，请复查", Severity.ACCUSATION: "已转载，请复查"}


@pytest.mark.parametrize("severity", LETTER_SAYS)
async def test_the_button_is_called_as_the_letter_called_its_link(house: House, store: Store, severity: Severity) -> None:
    owed = told_alert("missing a 1", rule="missing_repost", article_id="2022-05-a", severity=severity)
    await put(store, owed)
    by_letter = clicks(Asked(owed, Role.COUNTY))

    called = {ask: (await opened(house, house.path(ask, owed))).xpath("string(//button)") for ask in Ask if ask is not Ask.CLOSURE}

    assert called == dict(by_letter)
    assert called[Ask.RECHECK] == LETTER_SAYS[severity]


@pytest.mark.parametrize("ask", [Ask.RECHECK, Ask.RECEIVED, Ask.EXEMPTION])
async def test_who_owes_a_repost_is_not_asked_to_update(house: House, store: Store, ask: Ask) -> None:
    owed = told_alert("missing a 1", rule="missing_repost", article_id="2022-05-a", message="尚未检测到")
    await put(store, owed)

    before = (await opened(house, house.path(ask, owed))).text_content()
    after = await press(house, house.path(ask, owed))

    assert "更新" not in before + after
    assert "转载" in before + after


@pytest.mark.parametrize("ask", [Ask.CLOSURE, Ask.RECEIVED])
async def test_who_runs_an_account_out_of_use_is_not_asked_to_update_it(house: House, store: Store, ask: Ask) -> None:
    await enrol(store, account("a", status=Status.ABANDONED, contacts=PEOPLE))
    stopped = told_alert("idle a 2", rule="other", message="名册登记为停运未注销")
    await put(store, stopped)

    before = (await opened(house, house.path(ask, stopped))).text_content()
    after = await press(house, house.path(ask, stopped))

    assert "更新" not in before + after
    assert "自动销号" in before and "自动销号" in after


async def test_a_link_works_to_the_last_moment_of_its_last_day(house: House) -> None:
    [last] = [each.expires_at for each in [house.links.read(house.path().removeprefix("/do/"), NOON)]]

    async with house.console(last - NOON - timedelta(milliseconds=1)) as client:
        before = (await client.get(house.path())).status
    async with house.console(last - NOON) as client:
        after = (await client.post(house.path())).status

    assert (before, after, house.woken) == (200, 410, [])


async def test_two_people_may_press_at_once_and_both_are_in_the_log(house: House, store: Store) -> None:
    async with house.console() as client:
        paths = [house.path(Ask.EXEMPTION), house.path(Ask.EXEMPTION, to=COUNTY)]
        answers = await asyncio.gather(*(client.post(path) for path in paths))

    assert [each.status for each in answers] == [200, 200]
    assert {each.by for each in await store.correspondence.trail("a")} >= {OPERATOR, COUNTY}
    assert len(await store.correspondence.requests()) == 1


async def test_a_refused_link_is_logged_with_the_alert_that_it_names(house: House, store: Store) -> None:
    await put(store, told_alert("idle b 1", subject="b"))
    foreign = house.path(Ask.CLOSURE, told_alert("idle b 1", subject="b"))

    with capture_logs() as logs:
        await press(house, foreign)
        await press(house, "/do/forged")

    assert [(each["reason"], each["alert"]) for each in logs] == [("stranger", "idle b 1"), ("forged", "")]


# -- the database goes away -------------------------------------------------------------------------------------------------------


class AwayDesk(PaperDesk):
    async def errand(self, token: str) -> Any:
        raise StoreAway("gone")


async def test_opening_a_link_while_the_database_is_away_says_that_it_stays_valid() -> None:
    async with serving(AwayDesk()) as port:
        status, _, page = await said(port, b"GET /do/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    assert (status, "链接仍然有效" in page) == (503, True)
    assert 'href="/articles"' not in page


# -- what no browser sends ----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def serving(desk: PaperDesk, callbacks: Callbacks | None = None) -> AsyncIterator[int]:
    """Serve the console as the daemon does and yield its port."""
    runner = web.AppRunner(build(desk, metrics, callbacks), access_log=None, logger=server_log())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def said(port: int, request: bytes) -> tuple[int, str, str]:
    """Return status, head and body of the answer to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = (await asyncio.wait_for(reader.read(), 15)).decode("utf-8", "replace")
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split(" ")[1]), head, body


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Collect what the web server logs, tracebacks and all."""
    kept: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(self.format(record))

    handler = Kept()
    logging.getLogger().addHandler(handler)
    yield kept
    logging.getLogger().removeHandler(handler)


BROKEN_BODIES = [
    pytest.param(b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde", id="no gzip"),
    pytest.param(b"Content-Encoding: deflate\r\nContent-Length: 5\r\n\r\nabcde", id="no deflate"),
    pytest.param(b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", id="no chunk"),
]


@pytest.mark.parametrize("rest", BROKEN_BODIES)
async def test_a_form_that_cannot_be_read_is_refused_without_a_traceback(house: House, rest: bytes, lines: list[str]) -> None:
    desk = PaperDesk(errands=house.errands, moment=NOON)

    async with serving(desk) as port:
        status, _, _ = await said(port, b"POST " + house.path().encode() + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + rest)

    assert status in (400, 413)
    assert (house.woken, lines) == ([], [])


@pytest.mark.parametrize(
    "origin,public_url,status",
    [
        pytest.param("http://console.example:8080", "http://Console.example:8080/jk/", 200, id="a proxy that says nothing of its name"),
        pytest.param("http://other.example", "http://console.example", 403, id="somebody else"),
        pytest.param("http://[broken", "", 403, id="no address at all"),
        pytest.param("file://", "", 403, id="a page from a disk"),
    ],
)
async def test_the_button_counts_behind_a_proxy_that_asks_under_its_own_name(
    house: House, origin: str, public_url: str, status: int
) -> None:
    async with serving(PaperDesk(errands=house.errands, moment=NOON, public_url=public_url)) as port:
        head = f"Host: 127.0.0.1:8780\r\nOrigin: {origin}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        answered, _, _ = await said(port, f"POST {house.path()} HTTP/1.1\r\n{head}".encode())

    assert (answered, bool(house.woken)) == (status, status == 200)


class DeafCallbacks:
    async def hear(self, channel: str, credential: str, pushed: Pushed) -> Heard:
        raise AssertionError("what cannot be read is not heard")


@pytest.mark.parametrize("rest", BROKEN_BODIES)
async def test_a_push_that_cannot_be_read_is_refused_without_a_traceback(rest: bytes, lines: list[str]) -> None:
    with capture_logs() as logs:
        async with serving(PaperDesk(), DeafCallbacks()) as port:
            status, _, _ = await said(port, b"POST /callback/wechat/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + rest)

    assert (status, lines, logs) == (400, [], [])


async def test_who_leaves_while_sending_changes_nothing_and_is_not_logged(house: House, lines: list[str]) -> None:
    with capture_logs() as logs:
        async with serving(PaperDesk(errands=house.errands, moment=NOON), DeafCallbacks()) as port:
            for path in (house.path(), "/callback/wechat/a"):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nabc".encode())
                await writer.drain()
                await asyncio.sleep(0.1)
                writer.transport.abort()
            await asyncio.sleep(0.2)

    assert (house.woken, lines, logs) == ([], [], [])


@pytest.mark.parametrize(
    "request_line",
    [
        pytest.param("get {path} HTTP/1.1\r\nHost: a\r\n\r\n", id="no method"),
        pytest.param("GET {path}\x00 HTTP/1.1\r\nHost: a\r\n\r\n", id="a byte that no address has"),
        pytest.param("GET /x HTTP/1.1\r\nHost: a\r\nReferer: {path}" + "x" * 9_000 + "\r\n\r\n", id="a header without end"),
    ],
)
async def test_what_is_no_request_is_refused_and_nothing_of_it_logged(house: House, request_line: str, lines: list[str]) -> None:
    async with serving(PaperDesk(errands=house.errands, moment=NOON)) as port:
        status, _, _ = await said(port, request_line.format(path=house.path()).encode())

    assert status == 400
    assert lines == []


async def test_an_error_of_ours_is_logged_and_said_in_words() -> None:
    class BrokenDesk(PaperDesk):
        async def open_alerts(self) -> int:
            raise RuntimeError("a bug")

    with capture_logs() as logs:
        async with serving(BrokenDesk()) as port:
            status, head, page = await said(port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    assert status == 500
    assert [(each["event"], each["log_level"], each["exc_info"]) for each in logs] == [("a page could not be shown", "error", True)]
    assert "a bug" not in page
    assert "Content-Security-Policy: default-src 'none'" in head
    assert "暂时无法显示" in page
