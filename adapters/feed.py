"""`feed`: an RSS, Atom or JSON feed that a bridge or RSSHub of the operator makes of an account. Second hand, and late.

Platform reference: wechat.md, sections 4 and 5; weibo.md, section 4; douyin.md, section 7. An empty feed proves nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from adapters.channel import Base
from adapters.http import HEAD_BYTES, Answer, by_status_alone, host_of, retry_after
from adapters.reading.feeds import Broken, Entry, parse
from adapters.reading.links import https_where_known, native_id
from adapters.reading.page import Asked, Draft, Page, Recalled, recall, unchanged
from adapters.reading.values import delay_of, from_text, keeping_head, plain, text_of, unescape, web_address
from monitor.errors import AuthError, LookError, ParseError, RateLimited, TransportFault
from monitor.matching.urls import wechat_account
from monitor.model import Account, Channel, Snapshot
from monitor.ports import ChannelSettings

CONFIGURATION = frozenset({400, 401, 403, 404, 410})
"""Statuses by which bridges say that they know no such feed or no such reader."""

TROUBLE_PAGES: tuple[tuple[bytes, type[LookError], str], ...] = (
    (b"Cookies expired", AuthError, "the instance's cookies have expired"),
    (b"Cooling down", RateLimited, "the instance waits for new cookies"),
    (b"Empty post data", RateLimited, "the instance was refused"),
    (b"Empty html", RateLimited, "the instance was refused"),
    (b"request blocked by WAF", RateLimited, "the instance was refused"),
    (b"InvalidParameterError", AuthError, "the instance refuses the address"),
)
"""What the error pages of RSSHub say, whatever their status."""


class FeedSettings(ChannelSettings):
    spacing_seconds: float = 5.0
    timeout_seconds: float = 70.0
    min_interval_minutes: float = 60.0
    max_interval_minutes: float = 180.0
    daily_budget: int = 20_000
    delay_hours: float = 24.0


class Feed(Base):
    """Asks conditionally where the server knows how. A page of the newest N: it covers from its oldest item."""

    Settings: ClassVar[type[ChannelSettings]] = FeedSettings
    first_hand: ClassVar[bool] = False
    name: ClassVar[str] = "feed"

    def lane(self, channel: Channel) -> str:
        return "feed " + host_of(channel.handle)

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the newest items, or that nothing changed. Raises `LookError`; a broken feed is `Degraded` with its posts."""
        delay = delay_of(channel, self.settings)
        known = recall(memory)
        answer = await self._fetch(channel, _conditions(memory) if known else {})
        asked = Asked.of(account, channel, now, delay)
        if known is not None and (answer.status == 304 or answer.fingerprint == known.fingerprint):
            return _unchanged(asked, known, memory, answer)
        if answer.status == 304:
            raise ParseError("304 without a condition")
        asked = asked.answered(answer.digest, answer.fingerprint)
        reading = partial(
            read, answer.body, asked, biz=channel.options.get("biz", ""), charset=answer.charset, validators=_validators(answer)
        )
        try:
            return reading(repair=False)
        except Broken:
            return await asyncio.to_thread(reading)

    async def _fetch(self, channel: Channel, conditions: Mapping[str, str]) -> Answer:
        return await self.door.fetch(
            self.lane(channel),
            web_address(channel.handle, "the handle"),
            headers=conditions,
            seconds=self.settings.timeout_seconds,
            spacing=self.settings.spacing_seconds,
            in_flight=self.settings.in_flight,
            explain=explain,
        )

    async def check(self) -> list[str]:
        return []


def explain(answer: Answer) -> LookError:
    """Return what a refusal means: by RSSHub's error page, else by the status."""
    where = f"{host_of(answer.url)}: HTTP {answer.status}"
    head = answer.body[:HEAD_BYTES]
    for mark, kind, meaning in TROUBLE_PAGES:
        if mark in head:
            return kind(f"{where}: {meaning}", retry_after=retry_after(answer.headers), head=head)
    if answer.status in CONFIGURATION:
        return AuthError(f"{where}: the bridge knows no such feed", head=head)
    return by_status_alone(answer)


def _conditions(memory: Mapping[str, Any]) -> dict[str, str]:
    names = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}
    return {header: text_of(memory, key) for key, header in names.items() if text_of(memory, key)}


def _validators(answer: Answer) -> dict[str, str]:
    found = {"etag": answer.headers.get("ETag", ""), "last_modified": answer.headers.get("Last-Modified", "")}
    return {key: value for key, value in found.items() if 0 < len(value) <= 500 and value.isascii() and value.isprintable()}


def _unchanged(asked: Asked, known: Recalled, memory: Mapping[str, Any], answer: Answer) -> Snapshot:
    fresh = _validators(answer)
    return unchanged(asked, known, {**memory, **fresh} if fresh else memory)


def read(
    body: bytes, asked: Asked, *, biz: str = "", charset: str = "", validators: Mapping[str, str] | None = None, repair: bool = True
) -> Snapshot:
    """Return the snapshot of a feed. `biz` names the only WeChat account whose items belong here (several parted by commas).

    Raises `ParseError` for what is no feed or another account's, `Degraded` for an empty or a broken one, `Broken` for a
    broken one that is not to be repaired.
    """
    with keeping_head(body):
        if not body.strip():
            raise TransportFault("an empty answer")
        feed = parse(body, charset, repair=repair)
        page = Page(asked)
        owners = {wechat_account(each) for each in biz.split(",") if each.strip()}
        for entry in feed.entries:
            _take(page, entry, owners)
        profile = {"name": unescape(feed.title)}
        if not feed.entries:
            raise page.degraded("an empty feed, which proves nothing", profile)
        if feed.broken:
            raise page.degraded("a broken feed: some of its items may be missing", profile)
        # Items of several accounts in one feed crowd each other out: how far back it reaches for ours is unknown.
        mixed = "the feed mixes several accounts" if page.skipped["foreign"] else ""
        return page.snapshot(partial=mixed, profile=profile, memory=validators)


def _take(page: Page, entry: Entry, owners: set[str]) -> None:
    link = https_where_known(entry.link) or https_where_known(entry.guid)
    named = native_id(link, entry.guid, page.asked.platform)
    owner = named.owner if named else ""
    if owners and owner and owner not in owners:
        return page.leave("foreign")
    when = next((found for found in map(from_text, entry.dates) if found), None)
    return page.take(
        Draft(
            native=named.native if named else "",
            at=when.at if when else None,
            precision=when.precision if when else "second",
            url=link,
            # RSSHub escapes twice: its titles still hold references like &ensp; when the XML is read.
            title=unescape(entry.title),
            text=plain(entry.body),
            kind="video" if page.asked.platform == "douyin" else "article",
        )
    )
