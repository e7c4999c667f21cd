"""`wechat.openapi`: the owner's own token and freepublish/batchget. It lists 发布 items only, so by itself it covers nothing.

Platform reference: wechat.md, sections 2.1, 2.2 and 2.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import msgspec

from adapters.channel import Base
from adapters.http import HEAD_BYTES, Answer, Door, by_status_alone
from adapters.reading.links import https_where_known, named_by, sn_of
from adapters.reading.page import Asked, Draft, Page
from adapters.reading.values import (
    Loose,
    as_id,
    as_int,
    decode,
    from_unix,
    header_safe,
    is_set,
    keeping_head,
    plain,
    unescape,
    web_address,
    web_url,
)
from monitor.errors import AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired, TransportFault
from monitor.model import SHANGHAI, Account, Channel, Citation, Snapshot, end_of_day
from monitor.ports import ChannelSettings, Credentials

PARTIAL = "only 发布 items: 群发 is not listed"
COUNT = 20
EARLY = timedelta(seconds=300)
"""A token is renewed so long before its end; old and new are both valid for five minutes."""

OK = (None, 0)
STALE_TOKEN = frozenset({40001, 40014, 42001})
QUOTA = frozenset({45009, 48006})

REFUSALS: Mapping[int, tuple[type[LookError], str]] = {
    -1: (TransportFault, "system busy"),
    40001: (AuthError, "the credential is not valid or not the latest"),
    40013: (AuthError, "wrong appid"),
    40014: (AuthError, "bad token"),
    40097: (ParseError, "bad arguments"),
    40125: (AuthError, "wrong secret"),
    40164: (AuthError, "this address is not on the account's list"),
    41001: (AuthError, "token missing"),
    42001: (AuthError, "token expired"),
    42007: (AuthError, "the user changed the password: authorise again"),
    45009: (RateLimited, "daily quota used up"),
    47001: (ParseError, "bad JSON"),
    47009: (SourceRetired, "the interface is offline"),
    48001: (SourceRetired, "the account is not allowed to use the interface"),
    48006: (RateLimited, "resets of the quota used up"),
    50002: (AuthError, "the account is restricted"),
    61003: (AuthError, "the account did not authorise the component"),
    61004: (AuthError, "this address is not registered"),
    61005: (AuthError, "the component's ticket has expired"),
    61006: (AuthError, "the component's ticket is not valid"),
    61007: (AuthError, "the account did not authorise this interface"),
    61011: (AuthError, "wrong component"),
    61023: (AuthError, "the refresh token is not valid"),
    61500: (ParseError, "bad date"),
    61501: (ParseError, "bad range of dates"),
    61503: (Degraded, "the data are not ready"),
}
"""By `errcode`, which comes with HTTP 200; an answer that succeeded often has none."""


class NewsItem(msgspec.Struct):
    title: Loose = ""
    content: Loose = ""
    content_source_url: Loose = ""
    url: Loose = ""
    is_deleted: Loose = False


class Content(msgspec.Struct):
    news_item: list[msgspec.Raw] | None = None
    create_time: Loose = None
    update_time: Loose = None


class Item(msgspec.Struct):
    article_id: Loose = None
    update_time: Loose = None
    content: Content | None = None


class Body(msgspec.Struct):
    errcode: Loose = None
    access_token: Loose = None
    expires_in: Loose = None
    item: list[msgspec.Raw] | None = None


BODY = msgspec.json.Decoder(Body)
ITEM = msgspec.json.Decoder(Item)
NEWS = msgspec.json.Decoder(NewsItem)


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    until: datetime


class WechatOpenApiSettings(ChannelSettings):
    base_url: str = "https://api.weixin.qq.com"
    spacing_seconds: float = 5.0
    min_interval_minutes: float = 15.0
    max_interval_minutes: float = 360.0
    daily_budget: int = 10_000


class WechatOpenApi(Base):
    """Holds each credential's token in memory until shortly before its end; a restart asks for the same one again."""

    Settings: ClassVar[type[ChannelSettings]] = WechatOpenApiSettings
    first_hand: ClassVar[bool] = True
    name: ClassVar[str] = "wechat.openapi"

    def __init__(self, settings: ChannelSettings, door: Door, credentials: Credentials) -> None:
        super().__init__(settings, door, credentials)
        self._tokens: dict[str, Token] = {}

    def lane(self, channel: Channel) -> str:
        # The quotas are the token's own: one account out of its quota must not hold up the others.
        return f"wechat.openapi {channel.credential}"

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the newest published items as a partial view. A token found stale is fetched anew, once. Raises `LookError`."""
        name = channel.credential
        answer = await self._list(channel, await self._token(channel, now))
        if _code(answer.utf8()) in STALE_TOKEN and self._tokens.pop(name, None) is not None:
            answer = await self._list(channel, await self._token(channel, now))
        try:
            return read(answer.utf8(), Asked.of(account, channel, now, digest=answer.digest))
        except AuthError:
            self._tokens.pop(name, None)
            raise

    async def _list(self, channel: Channel, token: str) -> Answer:
        # The platform takes the token nowhere but in the query; the door keeps queries out of every text.
        return await self._post(
            channel, "/cgi-bin/freepublish/batchget", {"access_token": token}, {"offset": 0, "count": COUNT, "no_content": 0}
        )

    async def _token(self, channel: Channel, now: datetime) -> str:
        ready = self._ready(channel.credential)
        if ready:
            return ready
        known = self._tokens.get(channel.credential)
        if known is None or known.until <= now:
            known = self._tokens[channel.credential] = await self._fetch_token(channel, now)
        return known.value

    def _ready(self, name: str) -> str:
        """Return the token the operator manages elsewhere, "" when the credential holds an appid and a secret instead."""
        try:
            return header_safe(self.credentials.secret(name, "access_token"))
        except AuthError:
            return ""

    async def _fetch_token(self, channel: Channel, now: datetime) -> Token:
        body = {
            "grant_type": "client_credential",
            "appid": self.credentials.secret(channel.credential, "appid"),
            "secret": self.credentials.secret(channel.credential, "secret"),
            "force_refresh": False,
        }
        answer = await self._post(channel, "/cgi-bin/stable_token", {}, body)
        return read_token(answer.utf8(), now)

    async def _post(self, channel: Channel, path: str, params: Mapping[str, str], body: Mapping[str, Any]) -> Answer:
        return await self.door.fetch(
            self.lane(channel),
            web_address(self.settings.base_url, "base_url") + path,
            method="POST",
            params=params,
            json=body,
            seconds=self.settings.timeout_seconds,
            spacing=self.settings.spacing_seconds,
            in_flight=self.settings.in_flight,
            redirects=0,
            explain=by_status_alone,
        )

    async def check(self) -> list[str]:
        trouble = await self.door.probe(self.settings.base_url)
        return [f"微信公众平台接口 {self.settings.base_url} 无法访问：{trouble}"] if trouble else []


def refusal(code: int | None, now: datetime, head: bytes = b"") -> LookError | None:
    """Return the error an errcode stands for, None for success. A daily quota ends at midnight in Shanghai."""
    if code in OK:
        return None
    kind, meaning = REFUSALS.get(code or 0, (ParseError, "unknown error"))
    message = f"WeChat error {code}: {meaning}"
    if kind is Degraded:
        return Degraded(message, head=head)
    wait = (end_of_day(now.astimezone(SHANGHAI).date()) - now).total_seconds() + 1.0 if code in QUOTA else None
    return kind(message, retry_after=wait, head=head)


def _code(body: bytes) -> int | None:
    try:
        return as_int(decode(BODY, body).errcode)
    except ParseError:
        return None


def read_token(body: bytes, now: datetime) -> Token:
    """Return the token of a stable_token answer. Raises `LookError`, which never quotes the body: it may hold a token."""
    answer = decode(BODY, body)
    error = refusal(as_int(answer.errcode), now)
    if error is not None:
        raise error
    value = header_safe(answer.access_token) if isinstance(answer.access_token, str) else ""
    lasts = as_int(answer.expires_in)
    if not value:
        raise ParseError("an answer without a token")
    return Token(value, now + timedelta(seconds=min(max(lasts or 0, 0), 7200)) - EARLY)


def read(body: bytes, asked: Asked) -> Snapshot:
    """Return the snapshot of a batchget answer, always partial. Raises `LookError`."""
    with keeping_head(body):
        answer = decode(BODY, body)
        error = refusal(as_int(answer.errcode), asked.now, body[:HEAD_BYTES])
        if error is not None:
            raise error
        if answer.item is None:
            raise ParseError("no list of items")
        page = Page(asked)
        for raw in answer.item:
            _take_item(page, raw)
        return page.snapshot(partial=PARTIAL)


def _take_item(page: Page, raw: msgspec.Raw) -> None:
    try:
        item = ITEM.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return page.leave("unreadable")
    content = item.content or Content()
    # update_time moves when the article is edited; it stands inside `content`, outside it, or both.
    at = from_unix(content.create_time) or from_unix(content.update_time) or from_unix(item.update_time)
    for place, each in enumerate(content.news_item or [], 1):
        _take_news(page, each, at, as_id(item.article_id), place)
    if not content.news_item:
        page.leave("unreadable")
    return None


def _take_news(page: Page, raw: msgspec.Raw, at: datetime | None, article: str, place: int) -> None:
    try:
        news = NEWS.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return page.leave("unreadable")
    url = https_where_known(str(news.url or ""))
    named = named_by(url, "wechat")
    source = web_url(str(news.content_source_url or ""))
    draft = Draft(
        native=named.native if named else sn_of(url) or (f"{article}_{place}" if article else ""),
        at=at,
        url=url,
        title=unescape(str(news.title or "")),
        text=plain(str(news.content or "")),
        deleted=is_set(news.is_deleted),
        citation=Citation(url=source) if source else None,
    )
    return page.take(draft)
