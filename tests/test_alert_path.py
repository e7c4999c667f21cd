"""From a fault to a mail, over what really runs: the daemon, Debian's Prometheus and Alertmanager with our own files, an SMTP server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from alert_rules import ALERTS, DEPLOY, RULES, WATCHDOG
from alertmanager_server import AlertmanagerServer, hastened
from daemons import quick_settings, running, until
from prometheus_server import PrometheusServer
from served import Served
from tools import require_tool

from demo.mailbox import Mailbox
from monitor.embedded import Embedded

S = TypeVar("S", bound=Served)

TIMES = 120
"""How much shorter every waiting time is here: half an hour is fifteen seconds."""

PATIENCE = 45.0
"""A mail comes within ten seconds on a quiet machine."""

STORE, STALE, ERRORS = "ZhengwuStoreDown", "ZhengwuRollupStale", "ZhengwuStoreErrors"
FIGURES = re.compile(r"\[\d+[smhd]\]|(?<=_timestamp_seconds > )\d+$")
CONSOLE = {"enabled": True, "host": "127.0.0.1", "port": 0}


@dataclass
class House:
    """The whole path, up and well."""

    mongod: Embedded
    prometheus: PrometheusServer
    alertmanager: AlertmanagerServer
    mailbox: Mailbox
    rings: list[dict[str, Any]]

    def mails_on(self, alert: str) -> list[EmailMessage]:
        """Return the mails that speak of an alert, in the order they came."""
        read = [message_from_bytes(mail.path.read_bytes(), _class=EmailMessage, policy=default) for mail in self.mailbox.mails]
        summary = ALERTS[alert]["annotations"]["summary"].partition("（{{")[0]
        return [mail for mail in read if summary in str(mail["Subject"])]

    async def state_of(self, alert: str) -> str:
        """Return what Alertmanager says of an alert: active, suppressed, or "" while it does not know of it."""
        found = (await asyncio.to_thread(self.alertmanager.alerts)).get(alert)
        return found["status"]["state"] if found else ""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    programs = [require_tool(name, name) for name in ("prometheus", "prometheus-alertmanager")]
    for name in ("mails", "prometheus", "alertmanager", "rules"):
        (tmp_path / name).mkdir()
    for rule in RULES:
        (tmp_path / "rules" / rule.name).write_text(hastened(rule.read_text(encoding="utf-8"), TIMES), encoding="utf-8")
    async with AsyncExitStack() as stack:
        mailbox = await stack.enter_async_context(Mailbox(tmp_path / "mails"))
        mongod = await stack.enter_async_context(Embedded(tmp_path / "mongo"))
        app = await stack.enter_async_context(running(quick_settings(mongod.url, "alerts", web=CONSOLE)))
        await until(lambda: app.web_address)
        faster = partial(hastened, times=TIMES)
        rings: list[dict[str, Any]] = []
        guard = await stack.enter_async_context(listening(rings))
        outside = str(guard.make_url("/"))
        alertmanager = await opened(AlertmanagerServer(programs[1], tmp_path / "alertmanager", mailbox.port, outside, faster), stack)
        rules = tuple(sorted((tmp_path / "rules").glob("*.yml")))
        prometheus = PrometheusServer(programs[0], tmp_path / "prometheus", f"{app.web_address}metrics", rules, alertmanager.url)
        yield House(mongod, await opened(prometheus, stack), alertmanager, mailbox, rings)


def listening(rings: list[dict[str, Any]]) -> TestServer:
    """The guard outside: keeps what it is told."""

    async def ring(request: web.Request) -> web.Response:
        rings.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", ring)
    return TestServer(app)


async def opened(server: S, stack: AsyncExitStack) -> S:
    """Start a service without stopping the loop, in which the daemon and the mail server run."""
    await asyncio.to_thread(server.__enter__)
    stack.push_async_callback(asyncio.to_thread, server.stop)
    return server


async def test_a_dead_database_is_mailed_and_so_is_its_return_but_nothing_that_follows_from_it(house: House) -> None:
    """The judgement stands still as well; that alert fires, and Alertmanager holds it back."""
    await until(partial(is_up, house), PATIENCE)
    assert house.mails_on(STORE) == []

    await house.mongod.kill()
    await until(lambda: house.mails_on(STORE), PATIENCE)
    await until(partial(is_held_back, house, STALE), PATIENCE)
    await house.mongod.start()
    await until(lambda: len(house.mails_on(STORE)) == 2, PATIENCE)

    fault, recovery = house.mails_on(STORE)
    summary = ALERTS[STORE]["annotations"]["summary"]
    assert (fault["Subject"], recovery["Subject"]) == (f"【监测异常】{summary}", f"【已恢复】{summary}")
    assert {mail.to for mail in house.mailbox.mails} == {"sysadmin@example.invalid"}
    for mail, words in ((fault, ("【异常】", "采集暂停", "docs/runbook.md#zhengwustoredown")), (recovery, ("【已恢复】", "至 20"))):
        assert {part.get_content_type() for part in mail.iter_parts()} == {"text/plain", "text/html"}
        text = str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]
        assert all(word in text for word in (*words, "自 20", "（北京时间）"))
    # Its own end comes with the database's, so it was never told at all.
    await until(partial(is_over, house, STALE), PATIENCE)
    assert house.mails_on(STALE) == house.mails_on(ERRORS) == []


async def test_the_watchdog_rings_outside_again_and_again_and_in_nobodys_mailbox(house: House) -> None:
    await until(lambda: len(house.rings) >= 3, PATIENCE)

    assert {alert["labels"]["alertname"] for ring in house.rings for alert in ring["alerts"]} == {WATCHDOG}
    assert {ring["status"] for ring in house.rings} == {"firing"}
    assert house.mails_on(WATCHDOG) == []


async def is_up(house: House) -> bool:
    found = await asyncio.to_thread(house.prometheus.query, "zhengwu_store_up == 1")
    return bool(found)


async def is_held_back(house: House, alert: str) -> bool:
    return await house.state_of(alert) == "suppressed"


async def is_over(house: House, alert: str) -> bool:
    return await house.state_of(alert) == ""


def test_only_waiting_times_are_shortened() -> None:
    for file in (*RULES, DEPLOY / "alertmanager.yml"):
        text = file.read_text(encoding="utf-8")

        changed = [(old, new) for old, new in zip(text.splitlines(), hastened(text, TIMES).splitlines(), strict=True) if old != new]

        waits = [(old, new) for old, new in changed if re.match(r" *(- )?(for|keep_firing_for|group_\w+|repeat_interval): ", old)]
        figures = [(old, new) for old, new in changed if (old, new) not in waits]
        assert [old for old, new in waits if old.split(":")[0] != new.split(":")[0]] == []
        assert [old for old, new in figures if FIGURES.sub("", old) != FIGURES.sub("", new)] == []
