"""`feed`: an RSS, Atom or JSON feed that a bridge or RSSHub of the operator makes of an account. Second hand, and late.

Platform reference: wechat.md, sections 4 and 5; weibo.md, section 4; douyin.md, section 7; toutiao.md, section 8.
An empty feed proves nothing; nor does one of a bridge that lists a part only, or of a platform's feed of unknown make, unless the
operator vouches for it (option `whole`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from pydantic import Field

from adapters.channel import Base
from adapters.http import HEAD_BYTES, Answer, Door, by_status_alone, host_of, retry_after
from adapters.reading.addresses import Address, address_of, asked_for, asking
from adapters.reading.bridges import Health, read_health, refusal, telling
from adapters.reading.dialects import PLAIN, Dialect, Manner, named_dialect
from adapters.reading.feeds import Broken, NoFeed, undated
from adapters.reading.items import Wanted, late, read_feed
from adapters.reading.page import Asked, Recalled, recall, unchanged
from adapters.reading.values import delay_of, header_safe, struck, text_of, web_address
from monitor.errors import AuthError, Degraded, LookError, ParseError
from monitor.model import Account, Channel, Snapshot
from monitor.ports import ChannelSettings, Credentials

CONFIGURATION = frozenset({400, 401, 403, 404, 410})
"""Statuses by which bridges say that they know no such feed or no such reader."""

SECRETS = ("k", "key")
"""Fields of a credential that travel as query parameters: Wechat2RSS's and RSSHub's keys."""


class FeedSettings(ChannelSettings):
    spacing_seconds: float = 5.0
    timeout_seconds: float = 70.0
    min_interval_minutes: float = 60.0
    max_interval_minutes: float = 180.0
    daily_budget: int = 20_000
    delay_hours: float = Field(default=24.0, ge=0, description="where set, it stands above what is known of each bridge")
    sync_minutes: float = Field(default=30.0, gt=0, description="a bridge's sync_url is not asked more often")
    sync_hours: float = Field(default=26.0, gt=0, description="a bridge that has not looked for so long shows nothing to rely on")


@dataclass(slots=True)
class Watch:
    """What a bridge last said of itself, for all its accounts; `gate` lets one look at a time ask it."""

    gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    at: datetime | None = None
    health: Health = field(default_factory=Health)


class Feed(Base):
    """Asks conditionally where the server knows how. A page of the newest N: it covers from its oldest item."""

    Settings: ClassVar[type[ChannelSettings]] = FeedSettings
    first_hand: ClassVar[bool] = False
    name: ClassVar[str] = "feed"
    title: ClassVar[str] = "订阅源"

    def __init__(self, settings: ChannelSettings, door: Door, credentials: Credentials) -> None:
        super().__init__(settings, door, credentials)
        self._watches: dict[str, Watch] = {}

    def lane(self, channel: Channel) -> str:
        return "feed " + host_of(channel.handle)

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the newest items, or that nothing changed. Raises `LookError`; a broken feed is `Degraded` with its posts.

        1. What the options ask for; what was remembered under other options is forgotten.
        2. The feed, conditionally; then, where the options say where, how the bridge itself fares.
        3. The same body as last time is not parsed.
        """
        manner, address = Manner.of(channel), address_of(channel.handle)
        asked = Asked.of(account, channel, now, delay_of(channel, self.settings))
        bridge = _bridge(manner, memory)
        known = recall(memory) if text_of(memory, "manner") == manner.signature and _vouched(bridge, manner, asked) else None
        conditions = _conditions(memory, bridge) if known else {}
        answer = await self._ask(channel, asking(web_address(channel.handle, "the handle"), now), conditions)
        trouble, age = await self._fares(channel, address, manner, now)
        if answer.status == 304 and not conditions:
            raise ParseError("304 without a condition")
        fingerprint = replace(answer, body=undated(answer.body)).fingerprint
        if known is not None and (answer.status == 304 or fingerprint == known.fingerprint):
            return _unchanged(late(asked, bridge, self._told(channel), age), known, memory, answer, trouble)
        wanted = Wanted(address, manner, asked_for(channel.handle), trouble, age, self._told(channel))
        return await _read(answer, asked.answered(answer.digest, fingerprint), wanted)

    async def check(self) -> list[str]:
        """There is no one source to try: every account's feed has an address of its own."""
        return []

    def _told(self, channel: Channel) -> timedelta | None:
        """Return how late the feed is by the operator's word, None where the bridge's own lag counts."""
        told = "delay_hours" in channel.options or "delay_hours" in self.settings.model_fields_set
        return delay_of(channel, self.settings) if told else None

    async def _ask(self, channel: Channel, url: str, headers: Mapping[str, str]) -> Answer:
        """Fetch with the credential's key, where there is one; then nothing is redirected, lest the key travel elsewhere."""
        name = channel.credential
        secrets = {each: header_safe(self.credentials.optional(name, each)) for each in (*SECRETS, "auth_key")} if name else {}
        if name and not any(secrets.values()):
            raise AuthError(f"credential {name!r} has none of the fields {', '.join(secrets)}")
        sent = tuple(secrets.values())
        key = secrets.pop("auth_key", "")
        answer = await self.fetch(
            channel,
            url,
            params={each: secret for each, secret in secrets.items() if secret} or None,
            headers={**headers, **({"X-Auth-Key": key} if key else {})},
            redirects=0 if name else 5,
            explain=explain,
        )
        # A bridge may write the address it was asked by into its items, key and all: they are stored and mailed.
        return replace(answer, body=struck(answer.body, sent)) if name else answer

    async def _fares(self, channel: Channel, address: Address, manner: Manner, now: datetime) -> tuple[str, timedelta]:
        """Return what is wrong with the bridge, and how long ago it looked; nothing where no `sync_url` tells."""
        if "sync_url" not in channel.options:
            return "", timedelta(0)
        wishes = self.settings
        assert isinstance(wishes, FeedSettings)
        health = await self._health(channel, timedelta(minutes=wishes.sync_minutes), now)
        owners = Wanted(address, manner).owners
        return health.of(owners, now, timedelta(hours=wishes.sync_hours))

    async def _health(self, channel: Channel, rest: timedelta, now: datetime) -> Health:
        """Return what the bridge says of itself, asked once for all its accounts; that it could not be asked counts as trouble."""
        url = web_address(channel.options["sync_url"], "sync_url")
        watch = self._watches.setdefault(url, Watch())
        async with watch.gate:
            if watch.at is None or not timedelta(0) <= now - watch.at < rest:
                try:
                    watch.health = read_health((await self._ask(channel, url, {})).utf8())
                except LookError as error:
                    watch.health = Health(trouble=f"the bridge's own state could not be read: {error.code}")
                watch.at = now
        return watch.health


async def _read(answer: Answer, asked: Asked, wanted: Wanted) -> Snapshot:
    reading = partial(read_feed, answer.body, asked, wanted, charset=answer.charset, memory=_validators(answer))
    try:
        return reading(repair=False)
    except Broken:
        return await asyncio.to_thread(reading)
    except NoFeed as error:
        raise _refused(answer) or error from None


def read(
    body: bytes, asked: Asked, *, biz: str = "", charset: str = "", validators: Mapping[str, str] | None = None, repair: bool = True
) -> Snapshot:
    """Return the snapshot of a feed of nobody knows which address, as late as `asked` says. `biz` names the only accounts it may show.

    Raises `ParseError` for what is no feed or another account's, `Degraded` for an empty or a broken one, `Broken` for a
    broken one that is not to be repaired.
    """
    wanted = Wanted(manner=Manner(biz=biz), told=asked.delay)
    return read_feed(body, asked, wanted, charset=charset, memory=validators, repair=repair)


def explain(answer: Answer) -> LookError:
    """Return what a refusal means: by the words on the error page, else by the status."""
    error = None if answer.status == 429 else _refused(answer)
    if error is not None:
        return error
    if answer.status in CONFIGURATION:
        where = f"{host_of(answer.url)}: HTTP {answer.status}"
        return AuthError(f"{where}: the bridge knows no such feed", head=telling(answer.body)[:HEAD_BYTES])
    return by_status_alone(replace(answer, body=telling(answer.body)))


def _refused(answer: Answer) -> LookError | None:
    """Return the error that the words of an answer without a feed mean, None where it holds none that we know."""
    found = refusal(answer.utf8())
    if found is None:
        return None
    kind, meaning = found
    text, head = f"{host_of(answer.url)}: HTTP {answer.status}: {meaning}", telling(answer.body)[:HEAD_BYTES]
    return Degraded(text, head=head) if kind is Degraded else kind(text, retry_after=retry_after(answer.headers), head=head)


def _conditions(memory: Mapping[str, Any], bridge: Dialect) -> dict[str, str]:
    names = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}
    found = {header: text_of(memory, key) for key, header in names.items() if text_of(memory, key)}
    tag = found.get("If-None-Match", "")
    return {**found, "If-None-Match": f"{tag}, {tag[2:]}"} if bridge.weakens and tag.startswith("W/") else found


def _validators(answer: Answer) -> dict[str, str]:
    found = {"etag": answer.headers.get("ETag", ""), "last_modified": answer.headers.get("Last-Modified", "")}
    return {key: value for key, value in found.items() if 0 < len(value) <= 500 and value.isascii() and value.isprintable()}


def _bridge(manner: Manner, memory: Mapping[str, Any]) -> Dialect:
    """Return whose feed it was when it was last read; a memory that names nobody we know counts as nobody's."""
    try:
        return named_dialect(manner.dialect or text_of(memory, "dialect") or PLAIN.name)
    except ParseError:
        return PLAIN


def _vouched(bridge: Dialect, manner: Manner, asked: Asked) -> bool:
    """Whether what was remembered as complete still counts as such: an older release may have believed a bridge that this one doubts."""
    return manner.whole or not bridge.doubts(asked.platform)


def _unchanged(asked: Asked, known: Recalled, memory: Mapping[str, Any], answer: Answer, trouble: str) -> Snapshot:
    if trouble:
        raise Degraded(trouble)
    fresh = _validators(answer)
    return unchanged(asked, known, {**memory, **fresh} if fresh else memory)
