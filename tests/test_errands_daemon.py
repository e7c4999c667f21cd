"""From a letter's link to the recovery, in a running daemon: the operator publishes, clicks, and is done. Real SMTP, HTTP and MongoDB."""

from __future__ import annotations

import email
import re
from datetime import UTC, datetime, timedelta
from email.policy import default
from email.utils import format_datetime
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from daemons import SetClock, enrol, quick_settings, running, until

from demo.mailbox import Mail, Mailbox
from monitor.model import Account, Channel, Contact, Platform, Verdict
from monitor.telling.records import Ask
from monitor.telling.trail import Act

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OPERATOR = "zhang@unit.example"
SLOW = {"feed": {"spacing_seconds": 0, "in_flight": 4, "min_interval_minutes": 600, "max_interval_minutes": 600, "delay_hours": 0}}
CONSOLE = {"enabled": True, "host": "127.0.0.1", "port": 0, "public_url": "http://console.example"}


def feed(*ages: timedelta) -> str:
    shown = "".join(
        f"<item><title>第{age.days}天</title><link>https://wechat.example/{age.days}</link>"
        f"<pubDate>{format_datetime(NOON - age)}</pubDate></item>"
        for age in ages
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>石泉统计</title>{shown}</channel></rss>'


def links_in(mail: Mail) -> list[str]:
    """Return the paths of the links that act, as they stand in the letter's plain text."""
    letter = email.message_from_bytes(mail.path.read_bytes(), policy=default)
    text = "\n".join(str(part.get_content()) for part in letter.walk() if part.get_content_type() == "text/plain")
    return re.findall(r"http://console\.example(/do/\S+)", text)


async def test_an_operator_publishes_clicks_and_hears_that_it_is_over(mongod: str, database: str, tmp_path: Path) -> None:
    published = [50 * DAY, 60 * DAY]
    site = web.Application()

    async def bridge(request: web.Request) -> web.Response:
        # Another account that publishes proves the bridge alive: before one is seen an old feed is believed of nobody.
        ages = published if request.path == "/a.xml" else [DAY / 24, 60 * DAY]
        return web.Response(text=feed(*ages), content_type="application/rss+xml")

    site.router.add_get("/{name}.xml", bridge)
    async with TestServer(site) as server, Mailbox(tmp_path / "mails") as mailbox:
        channels = {name: Channel(adapter="feed", handle=str(server.make_url(f"/{name}.xml")), options={"whole": "1"}) for name in "ab"}
        fields = {"platform": Platform.WECHAT, "unit": "石泉县统计局", "contacts": (Contact(email=OPERATOR),)}
        watched = [Account(id=name, name="石泉统计", channels=(channel,), **fields) for name, channel in channels.items()]
        smtp = {"host": "127.0.0.1", "port": mailbox.port, "security": "none", "sender": "z@example.invalid"}
        notify = {"one_a_day": False, "flap_minutes": 0}
        settings = quick_settings(mongod, database, channels=SLOW, web=CONSOLE, smtp=smtp, notify=notify)
        async with running(settings, SetClock(NOON)) as app, aiohttp.ClientSession() as operator:
            await enrol(app, watched[1])
            await until(lambda: app.picture and [each for _, each in app.picture.standings if each.verdict is Verdict.QUALIFIED])
            await enrol(app, *watched)
            await until(lambda: [mail for mail in mailbox.mails if mail.to == OPERATOR])
            [recheck, *_] = links = links_in(mailbox.mails[0])
            published.insert(0, timedelta(minutes=5))

            answer = await operator.post(app.web_address.rstrip("/") + recheck)
            shown = await answer.text()
            await until(lambda: [mail for mail in mailbox.mails if "已恢复" in mail.subject])
            entries = await app.store.correspondence.trail("a", acts=[Act.RECHECK])
            number = (await app.store.correspondence.letters())[-1].number
            paths = ("letters", f"letters/{number}", f"letters/{number}/body")
            record = [await (await operator.get(app.web_address + path)).text() for path in paths]
            metrics = app.metrics.render()[0].decode()

    assert len(links) == len(Ask)
    assert (answer.status, "已安排复查" in shown) == (200, True)
    assert [(each.by, each.reason) for each in entries] == [(OPERATOR, "已更新，请复查")]
    assert 'zhengwu_links_total{outcome="done"} 1.0' in metrics
    assert "z**@unit.example" in record[0]
    assert [page for page in record if "/do/" in page or OPERATOR in page] == []
