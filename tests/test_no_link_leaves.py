"""Markers are planted in links, keys and names, servers answer with what they were sent: all that is written is searched for them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from daemons import SetClock, enrol, quick_settings, running, until
from lxml import html
from mailroom import PASSWORD, Authority, Mailroom, open_secure_mailroom
from structlog.testing import capture_logs

from monitor.app import App
from monitor.model import Account, Contact, Platform, Role, Status

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
KEY = "MARKER-key-of-links-0123456789abcdef"
HOOK = "MARKERhook5a1e9d0c"
PUBLIC = "http://console.example"
HOSTILE = "<script>alert('planted')</script>\r\nBcc: evil@planted.example\u202e\"><img src=x onerror=planted()>"
OPERATOR, REFUSED, LATER = "zhang@unit.example", "li@gone.example", "wang@slow.example"
ACTS = re.compile(r"/do/([A-Za-z0-9_.-]{20,})")


@asynccontextmanager
async def chatty_group() -> AsyncIterator[TestServer]:
    """Stand in for a webhook that refuses, and answers with all it was sent."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=500, text=f"{request.url} {dict(request.headers)} {await request.text()}")

    site = web.Application()
    site.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(site) as server:
        yield server


def settings(mongod: str, database: str, mail_port: int, ca_file: str, group: TestServer) -> Any:
    hook = {"name": "监测群", "url": f"json://127.0.0.1:{group.port}/{HOOK}?+X-Token={HOOK}", "role": "sysadmin"}
    login = {"username": "monitor", "password": PASSWORD, "security": "starttls", "ca_file": ca_file}
    return quick_settings(
        mongod,
        database,
        web={"enabled": True, "host": "127.0.0.1", "port": 0, "public_url": PUBLIC},
        smtp={"host": "127.0.0.1", "port": mail_port, "sender": "z@city.example", **login},
        notify={"one_a_day": False, "link_key": KEY, "robots": json.dumps([hook]), "clerks": ["clerk@city.example"], "city": HOSTILE},
        rules={"unseen": {"hours": 0.0001}},
    )


def accounts() -> list[Account]:
    """Accounts that need no look to be failed: the roster says that they are out of use."""
    people = {"a": OPERATOR, "b": REFUSED, "c": LATER}
    county = Contact(role=Role.COUNTY, email="county@x.example")
    common: dict[str, Any] = {"platform": Platform.WECHAT, "unit": HOSTILE, "region": HOSTILE, "status": Status.ABANDONED}
    return [
        Account(id=name, name=HOSTILE, contacts=(Contact(email=email, name=HOSTILE), county), **common) for name, email in people.items()
    ]


def written(raw: Any) -> dict[str, str]:
    return {name: repr(list(raw[name].find({}))) for name in raw.list_collection_names()}


def letters_in(room: Mailroom) -> list[str]:
    """Return each letter's parts, decoded."""
    mails = [message_from_bytes(bytes(envelope.content or b""), policy=default) for envelope in room.kept]
    return ["\n".join(str(part.get_content()) for part in mail.walk() if not part.is_multipart()) for mail in mails]


async def pages_of(app: App, browser: aiohttp.ClientSession, *more: str) -> dict[str, str]:
    numbers = [each.number for each in await app.store.correspondence.letters()]
    paths = ["/", "/articles", "/metrics", "/letters", *more]
    paths += [f"/letters/{number}{end}" for number in numbers for end in ("", "/body")]
    return {path: await (await browser.get(app.web_address.rstrip("/") + path)).text() for path in paths}


async def test_no_link_key_or_password_is_in_anything_that_is_written(
    mongod: str, database: str, raw: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    refusal = f"550 5.1.1 <{REFUSED}> {PASSWORD} {HOSTILE.partition(chr(13))[0]}"
    room = Mailroom(rcpts={REFUSED: refusal, LATER: f"451 4.7.1 <{LATER}> try later {PASSWORD}"})
    trust = Authority(tmp_path).vouch()
    async with chatty_group() as group, open_secure_mailroom(room, trust) as port:
        with capture_logs() as logs:
            wishes = settings(mongod, database, port, str(trust.ca_file), group)
            async with running(wishes, SetClock(NOON)) as app, aiohttp.ClientSession() as browser:
                await enrol(app, *accounts())
                await until(lambda: any("/do/" in told for told in letters_in(room)))
                await until(lambda: any(str(record.get("reason", "")).count("550") for record in logs))
                tokens = sorted({token for told in letters_in(room) for token in ACTS.findall(told)})
                base = app.web_address.rstrip("/")
                for token in tokens:
                    for forged in (token, token[:-1] + "~", token + "x"):
                        shown = await (await browser.get(f"{base}/do/{forged}", headers={"Host": "evil.example"})).text()
                        assert token not in shown and "evil.example" not in shown
                for token in tokens[:2]:
                    await browser.post(f"{base}/do/{token}")
                    await browser.post(f"{base}/do/{token}")
                await until(lambda: any(record["event"] == "a link was refused" and record["acted"] for record in logs))
                pages = await pages_of(app, browser)

    output = capfd.readouterr()
    everything = {**written(raw), **pages, "logs": repr(logs), "stdout": output.out, "stderr": output.err}
    secrets = {"key": KEY, "hook": HOOK, "password": PASSWORD, **{f"link {number}": token for number, token in enumerate(tokens)}}
    secrets |= {f"signature {number}": token.rpartition(".")[2] for number, token in enumerate(tokens)}
    found = {f"{what} in {where}" for where, text in everything.items() for what, secret in secrets.items() if secret in text}
    assert found == set()
    assert tokens and all(word in everything["letters"] for word in ("'outcome': 'refused'", "'outcome': 'failed'", "550", "451"))


async def test_names_and_answers_plant_nothing_in_letters_and_pages(mongod: str, database: str, tmp_path: Path) -> None:
    refusal = f"550 5.1.1 {HOSTILE.partition(chr(13))[0]}<img src=x onerror=planted()>"
    room = Mailroom(rcpts={REFUSED: refusal})
    trust = Authority(tmp_path).vouch()
    async with chatty_group() as group, open_secure_mailroom(room, trust) as port:
        wishes = settings(mongod, database, port, str(trust.ca_file), group)
        async with running(wishes, SetClock(NOON)) as app, aiohttp.ClientSession() as browser:
            await enrol(app, *accounts())
            await until(lambda: any("日报" in told for told in letters_in(room)) and any("/do/" in told for told in letters_in(room)))
            [first, *_] = [token for told in letters_in(room) for token in ACTS.findall(told)]
            pages = await pages_of(app, browser, f"/do/{first}")
            heads = [bytes(envelope.content or b"").partition(b"\r\n\r\n")[0] for envelope in room.kept]

    drawn = [text for path, text in pages.items() if path != "/metrics"] + [told[told.index("<!DOCTYPE") :] for told in letters_in(room)]
    for text in drawn:
        tree = html.fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))
        assert tree.xpath("//script | //img[@onerror] | //*[@onerror]") == []
    assert any("planted" in text for text in drawn)
    assert [head for head in heads if re.search(rb"(?im)^bcc:", head) or b"\xe2\x80\xae" in head] == []
    readers = {OPERATOR, LATER, "county@x.example", "clerk@city.example"}
    assert {address for envelope in room.kept for address in envelope.rcpt_tos} <= readers
