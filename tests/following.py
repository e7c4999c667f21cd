"""What the tests of one-click links share: a store with an account, its contacts and an alert, and the console before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp.test_utils import TestClient, TestServer
from clocks import NOON
from desk import PaperDesk, metrics
from itsdangerous import Signer
from itsdangerous.encoding import base64_encode
from makers import HOUR, account
from storing import alert, enrol

from monitor.model import Alert, Contact, Role, Stage, Told
from monitor.store import Store
from monitor.telling.errands import Errands
from monitor.telling.links import SALT, Links, mark_of
from monitor.telling.records import Ask
from monitor.web import build
from monitor.writes import AlertChange

KEY = "a key that only this deployment has"
BASE = "https://console.example"
WEEK = timedelta(days=7)
OPERATOR, COUNTY, STRANGER = "zhang@unit.example", "county@gov.example", "li@other.example"
PEOPLE = (Contact(email=OPERATOR), Contact(role=Role.COUNTY, email=COUNTY))
LETTER = Told(at=NOON - HOUR, rung=2, letter="n1")
MATTER = "“石泉统计”(微博)已50天未更新(最后更新2020-01-13)"
GOOD = [str(Ask.RECHECK), "1", mark_of("a"), mark_of(OPERATOR), 0, int((NOON + WEEK).timestamp())]
"""What a token says, as `signed` takes it."""


def signed(content: object, key: str = KEY, salt: str = SALT) -> str:
    """Sign whatever is given, as somebody who has the key could."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Signer(key, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256).sign(base64_encode(text)).decode()


def told_alert(id: str = "idle a 1", **fields: object) -> Alert:
    """Return an alert that the operator read of in a letter."""
    opened = alert(**{"id": id, "at": NOON - 2 * HOUR, "rung": 2, "message": MATTER, **fields})
    return opened.model_copy(update={"told": {OPERATOR: LETTER}})


@dataclass
class House:
    """A store, the links of this deployment, and what following them did beside the store."""

    store: Store
    links: Links = field(default_factory=lambda: Links(KEY, BASE, WEEK))
    outcomes: list[str] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)

    @property
    def errands(self) -> Errands:
        return Errands(self.store, self.links, self.outcomes.append, lambda: self.woken.append("poll"))

    def path(self, ask: Ask = Ask.RECHECK, about: Alert | None = None, to: str = OPERATOR) -> str:
        """Return the path of a link as it would stand in a letter of this noon."""
        return urlsplit(self.links.link(ask, about or told_alert(), to, NOON)).path

    @asynccontextmanager
    async def console(self, at: timedelta = timedelta()) -> AsyncIterator[TestClient]:
        desk = PaperDesk(errands=self.errands, moment=NOON + at)
        async with TestClient(TestServer(build(desk, metrics))) as client:
            yield client


async def put(store: Store, *alerts: Alert) -> None:
    await store.put_alerts([AlertChange(None, each) for each in alerts])


async def resolve(store: Store, about: Alert) -> None:
    over = about.model_copy(update={"stage": Stage.RESOLVED, "resolved_at": NOON, "last_seen_at": NOON})
    await store.put_alerts([AlertChange(about, over)])


async def furnish(store: Store) -> House:
    """Put two accounts on the roster, looked at an hour ago and due in an hour, one with an alert that its operator was told of."""
    watched = account("a", name="石泉统计", unit="石泉县统计局", contacts=PEOPLE)
    await enrol(store, watched, account("b", contacts=(Contact(email=STRANGER),)))
    claims = await store.claim(["a", "b"], "us", NOON, HOUR)
    await store.give_back(claims, NOON + HOUR)
    await put(store, told_alert())
    return House(store)
