"""`douyin.openapi`: the Open Platform's list of an account's own works, with that account's consent.

Platform reference: douyin.md, section 3. The list is reported as retired for most apps: off by default, and its word that it is
offline (28001056) retires the channel; it is never "no new works".
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from adapters.channel import Base
from adapters.http import Answer, Door, by_status_alone, host_of
from adapters.reading.douyin_openapi import RENEWED_OUT, STALE_TOKEN, Tokens, code_of, read_tokens
from adapters.reading.douyin_openapi import read_list as read
from adapters.reading.page import Asked, recall, unchanged
from adapters.reading.values import EARLIEST, delay_of, from_text, header_safe
from monitor.errors import AuthError, LookError, ParseError
from monitor.model import Account, Channel, Snapshot
from monitor.ports import ChannelSettings, Credentials, Grant

__all__ = ["DouyinOpenApi", "DouyinOpenApiSettings", "explain", "read"]

KIND = "douyin.access"
COUNT = 10
TOO_MANY = 429
"""The one status that says more than a code: how long to wait."""
EARLY = timedelta(days=5)
"""An access token (15 days) is prolonged so long before its end, two days before anybody is told that it ends."""
RENEW_EARLY = timedelta(days=10)
"""A refresh token (30 days) is renewed so long before its end."""
RENEWALS = 5
"""The platform renews a refresh token no oftener; then the account must consent again."""
PAUSE = timedelta(hours=6)
"""Between two attempts to prolong a token that still serves."""


class Mismatch(AuthError):
    """The tokens are another account's: nothing may be read with them."""


class DouyinOpenApiSettings(ChannelSettings):
    enabled: bool = False
    base_url: str = "https://open.douyin.com"
    spacing_seconds: float = 6.0
    min_interval_minutes: float = 15.0
    max_interval_minutes: float = 360.0


class DouyinOpenApi(Base):
    """Reads the newest ten works of an account that authorised the app.

    The handle is the sec_uid; `open_id` stands in the channel's options or in the credential, beside `client_key`, `refresh_token`
    and `access_token` (either of the last two suffices, but without the first nothing can be prolonged). The platform does not
    say whose list it is, only that token and open_id belong together.
    """

    Settings: ClassVar[type[ChannelSettings]] = DouyinOpenApiSettings
    first_hand: ClassVar[bool] = True
    name: ClassVar[str] = "douyin.openapi"
    title: ClassVar[str] = "抖音官方接口"

    def __init__(self, settings: ChannelSettings, door: Door, credentials: Credentials) -> None:
        super().__init__(settings, door, credentials)
        self._tried: dict[str, datetime] = {}
        self._running: set[asyncio.Task[Grant]] = set()

    def lane(self, channel: Channel) -> str:
        """Name the app, by a hash of its key: the quotas are the app's own, over all accounts that authorised it."""
        key = self.credentials.optional(channel.credential, "client_key")
        return f"douyin.openapi {_short(key) if key else channel.credential}"

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the newest works, or that nothing changed. A token found stale is refreshed, once. Raises `LookError`."""
        delay = delay_of(channel, self.settings)
        open_id = self._open_id(channel)
        grant = await self._grant(channel, open_id, now)
        answer = await self._list(channel, open_id, grant)
        if grant.refresh and _code(answer) in STALE_TOKEN:
            grant = await self._prolonged(channel, open_id, now, grant)
            answer = await self._list(channel, open_id, grant)
        asked = Asked.of(account, channel, now, delay)
        known = recall(memory)
        if known is not None and known.fingerprint == answer.fingerprint:
            return unchanged(asked, known, memory)
        return read(answer.utf8(), asked.answered(answer.digest, answer.fingerprint))

    def _open_id(self, channel: Channel) -> str:
        told = channel.options.get("open_id", "")
        kept = self.credentials.optional(channel.credential, "open_id").strip()
        if told and kept and told != kept:
            raise AuthError(f"credential {channel.credential!r}: open_id is another than the channel's")
        if not (told or kept):
            raise AuthError(f"credential {channel.credential!r} has no field 'open_id', nor has the channel that option")
        return told or kept

    async def _list(self, channel: Channel, open_id: str, grant: Grant) -> Answer:
        url = f"{self.base(channel)}/api/douyin/v1/video/video_list/?open_id={quote(open_id, safe='')}&cursor=0&count={COUNT}"
        return await self.fetch(channel, url, headers={"access-token": grant.value}, explain=explain)

    async def _grant(self, channel: Channel, open_id: str, now: datetime) -> Grant:
        """Return the token to look with; one whose end is near is prolonged, and still used where that fails."""
        known = self._known(channel)
        needed = not known.value or (known.until is not None and known.until <= now)
        if not known.refresh or not (needed or self._is_due(channel, known, now)):
            return known
        try:
            return await self._prolonged(channel, open_id, now, known)
        except Mismatch:
            raise
        except LookError:
            # It may still serve for days, and its end is announced to people by itself.
            if needed:
                raise
            self._tried[channel.credential] = now
            return known

    def _known(self, channel: Channel) -> Grant:
        """Return the grant that was kept, else the tokens the operator wrote down, of which the value may be missing."""
        kept = self.credentials.grant(channel.credential, KIND)
        if kept is not None:
            return kept
        value, refresh = self._field(channel, "access_token"), self._field(channel, "refresh_token")
        if not value and not refresh:
            raise AuthError(f"credential {channel.credential!r} has no field 'access_token', nor 'refresh_token'")
        ends = [from_text(self.credentials.optional(channel.credential, field)) for field in ("expires_at", "refresh_expires_at")]
        until, refresh_until = (each.at if each else None for each in ends)
        return Grant(value, EARLIEST, until, refresh, refresh_until)

    def _field(self, channel: Channel, field: str) -> str:
        value = self.credentials.optional(channel.credential, field)
        if value.strip() and not header_safe(value):
            raise AuthError(f"credential {channel.credential!r}: {field} holds blanks or line ends")
        return header_safe(value)

    def _is_due(self, channel: Channel, grant: Grant, now: datetime) -> bool:
        """Whether a token that serves should be prolonged. One that the operator wrote down is at once: only so do we learn its end."""
        tried = self._tried.get(channel.credential)
        if tried is not None and now - tried < PAUSE:
            return False
        unknown = self.credentials.grant(channel.credential, KIND) is None
        return unknown or _nears(grant.until, grant.issued_at, now) or _is_renewable(grant, now)

    async def _prolonged(self, channel: Channel, open_id: str, now: datetime, seen: Grant) -> Grant:
        """Prolong, and let that end even if the look does not: a renewed token is handed out once, and the old one is dead by then."""
        task = asyncio.ensure_future(self._prolong(channel, open_id, now, seen))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Wait for tokens that are being renewed: each is handed out once."""
        if self._running:
            await asyncio.wait(set(self._running))

    def _ended(self, task: asyncio.Task[Grant]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            # Nobody may be left to hear of it.
            task.exception()

    async def _prolong(self, channel: Channel, open_id: str, now: datetime, seen: Grant) -> Grant:
        """Renew the refresh token where its end is near, then refresh the access token; keep each as soon as it is there.

        One caller at a time: who comes after another finds it done. Raises `LookError`.
        """
        async with self.credentials.turn(channel.credential, KIND):
            grant = self._known(channel)
            if grant.issued_at > seen.issued_at:
                return grant
            if _is_renewable(grant, now):
                grant = await self._renewed(channel, grant, now)
            return await self._refreshed(channel, open_id, grant, now)

    async def _renewed(self, channel: Channel, grant: Grant, now: datetime) -> Grant:
        """Return the grant with a new refresh token, or as it was where the platform gives none: the access token comes first."""
        form = {"client_key": self.credentials.secret(channel.credential, "client_key"), "refresh_token": grant.refresh}
        try:
            body = (await self._post(channel, "/oauth/renew_refresh_token/", form)).utf8()
            if code_of(body) == RENEWED_OUT:
                return replace(grant, renewals=RENEWALS)
            tokens = read_tokens(body, now)
        except LookError:
            self._tried[channel.credential] = now
            return grant
        if not tokens.refresh:
            return grant
        until = _end(tokens.refresh_lasts or tokens.lasts, now)
        renewed = replace(grant, refresh=tokens.refresh, refresh_until=until, renewals=grant.renewals + 1)
        await self.credentials.keep(channel.credential, KIND, renewed)
        return renewed

    async def _refreshed(self, channel: Channel, open_id: str, grant: Grant, now: datetime) -> Grant:
        key = self.credentials.secret(channel.credential, "client_key")
        form = {"client_key": key, "grant_type": "refresh_token", "refresh_token": grant.refresh}
        tokens = read_tokens((await self._post(channel, "/oauth/refresh_token/", form)).utf8(), now)
        if tokens.open_id and tokens.open_id != open_id:
            raise Mismatch(f"credential {channel.credential!r}: its token belongs to another open_id")
        if not tokens.access:
            raise ParseError("an answer without an access token")
        fresh = Grant(tokens.access, now, _end(tokens.lasts, now), *_refresh_of(tokens, grant, now), grant.renewals)
        await self.credentials.keep(channel.credential, KIND, fresh)
        return fresh

    async def _post(self, channel: Channel, path: str, form: Mapping[str, str]) -> Answer:
        return await self.fetch(channel, self.base(channel) + path, method="POST", form=form, explain=_explain_tokens)

    async def check(self) -> list[str]:
        trouble = await self.door.probe(self.settings.base_url)
        return [f"抖音开放平台接口 {host_of(self.settings.base_url)} 无法访问：{trouble}"] if trouble else []


def _short(key: str) -> str:
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def _end(lasts: int | None, now: datetime) -> datetime | None:
    return now + timedelta(seconds=lasts) if lasts else None


def _refresh_of(tokens: Tokens, grant: Grant, now: datetime) -> tuple[str, datetime | None]:
    """Return the refresh token and its end. Refreshing does not move that end, whatever life the answer prints."""
    told = _end(tokens.refresh_lasts, now)
    if tokens.refresh and tokens.refresh != grant.refresh:
        return tokens.refresh, told
    ends = [end for end in (grant.refresh_until, told) if end is not None]
    return grant.refresh, min(ends, default=None)


def _nears(end: datetime | None, begun: datetime, now: datetime) -> bool:
    """Whether a token's end is near: so many days before it, or in the last third of a shorter life."""
    return end is not None and end - now <= min(EARLY, (end - begun) / 3)


def _is_renewable(grant: Grant, now: datetime) -> bool:
    end = grant.refresh_until
    return bool(grant.refresh) and end is not None and now < end <= now + RENEW_EARLY and grant.renewals < RENEWALS


def _code(answer: Answer) -> int | None:
    try:
        return code_of(answer.utf8())
    except ParseError:
        return None


def explain(answer: Answer) -> LookError | None:
    """Return what a refusal means: None where the body's code tells (its reader asks), else the status."""
    return None if _code(answer) and answer.status != TOO_MANY else by_status_alone(answer)


def _explain_tokens(answer: Answer) -> LookError | None:
    """As `explain`; but no piece of the body is kept, since it may hold a token."""
    if _code(answer) and answer.status != TOO_MANY:
        return None
    error = by_status_alone(answer)
    error.head = ""
    return error
