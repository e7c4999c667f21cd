"""`weibo.openapi`: the Open Platform's user_timeline, one account's own newest five posts with that account's own token.

Platform reference: weibo.md, sections 3 and 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from adapters.channel import Base
from adapters.http import HEAD_BYTES, Answer, by_status_alone
from adapters.reading.page import Asked, Page, recall, unchanged
from adapters.reading.values import Loose, as_int, as_number, decode, delay_of, header_safe, keeping_head, web_address
from adapters.reading.weibo import take_status
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited
from monitor.model import Account, Channel, Snapshot
from monitor.ports import ChannelSettings

NEWEST = 5
"""The interface returns no more, whatever is asked for."""

_HOUR = 3600.0
_DAY = 24 * _HOUR

REFUSALS: Mapping[int, tuple[type[LookError], str, float | None]] = {
    10004: (AuthError, "this address is not allowed", None),
    10006: (AuthError, "app key missing", None),
    10014: (AuthError, "the app lacks the permission", None),
    10022: (RateLimited, "hourly quota of this address used up", _HOUR),
    10023: (RateLimited, "daily quota of this user used up", _DAY),
    10024: (RateLimited, "daily quota of this user for this interface used up", _DAY),
    20003: (AccountGone, "the user does not exist", None),
    20101: (Degraded, "the post does not exist", None),
    20112: (Degraded, "no permission to see the post", None),
    20401: (AccountGone, "the domain does not exist", None),
    20502: (AuthError, "the app must follow this user", None),
    21301: (AuthError, "log in again", None),
    21325: (AuthError, "invalid grant", None),
    21327: (AuthError, "token expired", None),
    21332: (AuthError, "invalid token", None),
}
"""By `error_code`: the class, what it means, and how long to wait. HTTP statuses beside these codes are not documented."""


class Timeline(msgspec.Struct):
    statuses: list[msgspec.Raw] | None = None
    total_number: Loose = None
    error_code: Loose = None
    error: Loose = None


TIMELINE = msgspec.json.Decoder(Timeline)
LIST = msgspec.json.Decoder(list[msgspec.Raw])


class WeiboOpenApiSettings(ChannelSettings):
    base_url: str = "https://api.weibo.com"
    spacing_seconds: float = 10.0
    min_interval_minutes: float = 15.0
    max_interval_minutes: float = 360.0
    daily_budget: int = 8_000


class WeiboOpenApi(Base):
    """Looks with the token of the account itself, so it may see what the public does not: such posts are marked private."""

    Settings: ClassVar[type[ChannelSettings]] = WeiboOpenApiSettings
    first_hand: ClassVar[bool] = True
    name: ClassVar[str] = "weibo.openapi"

    def lane(self, channel: Channel) -> str:
        # The quotas are the token's own: one account out of its quota must not hold up the others.
        return f"weibo.openapi {channel.credential}"

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the newest five posts, or that nothing changed. Raises `LookError`."""
        uid = as_number(channel.handle)
        if not uid:
            raise ParseError("the handle is not a uid")
        delay = delay_of(channel, self.settings)
        answer = await self._fetch(channel, uid)
        asked = Asked.of(account, channel, now, delay)
        known = recall(memory)
        if known is not None and known.fingerprint == answer.fingerprint:
            return unchanged(asked, known, memory)
        return read(answer.utf8(), asked.answered(answer.digest, answer.fingerprint), uid)

    async def _fetch(self, channel: Channel, uid: str) -> Answer:
        token = header_safe(self.credentials.secret(channel.credential, "access_token"))
        if not token:
            raise AuthError(f"credential {channel.credential!r}: access_token holds blanks or line ends")
        return await self.door.fetch(
            self.lane(channel),
            web_address(self.settings.base_url, "base_url") + "/2/statuses/user_timeline.json",
            params={"uid": uid, "count": str(NEWEST)},
            headers={"Authorization": f"OAuth2 {token}"},
            seconds=self.settings.timeout_seconds,
            spacing=self.settings.spacing_seconds,
            in_flight=self.settings.in_flight,
            redirects=0,
            explain=explain,
        )

    async def check(self) -> list[str]:
        trouble = await self.door.probe(self.settings.base_url)
        return [f"微博开放平台接口 {self.settings.base_url} 无法访问：{trouble}"] if trouble else []


def explain(answer: Answer) -> LookError:
    """Return what a refusal means: by the body's error_code whatever the HTTP status, else by the status."""
    try:
        timeline = decode(TIMELINE, answer.utf8())
    except ParseError:
        return by_status_alone(answer)
    return refusal(timeline, answer.body) or by_status_alone(answer)


def refusal(timeline: Timeline, body: bytes = b"") -> LookError | None:
    """Return the error an answer's error_code stands for, None when it holds none."""
    if timeline.error_code in (None, "", 0, "0"):
        return None
    code = as_int(timeline.error_code)
    head = body[:HEAD_BYTES]
    kind, meaning, wait = REFUSALS.get(code if code is not None else -1, (ParseError, "unknown error", None))
    message = f"Weibo error {code if code is not None else 'without a number'}: {meaning}"
    if kind is Degraded:
        return Degraded(message, head=head)
    return kind(message, retry_after=wait, head=head)


def read(body: bytes, asked: Asked, uid: str) -> Snapshot:
    """Return the snapshot of a user_timeline answer.

    An empty one is a complete view only where the platform says that there are no posts at all. Raises `LookError`.
    """
    with keeping_head(body):
        timeline = _timeline(body)
        error = refusal(timeline, body)
        if error is not None:
            raise error
        if timeline.statuses is None:
            raise ParseError("no list of statuses")
        return _snapshot(timeline, timeline.statuses, asked, uid)


def _timeline(body: bytes) -> Timeline:
    if body[:64].lstrip().startswith(b"["):
        return Timeline(statuses=decode(LIST, body))
    return decode(TIMELINE, body)


def _snapshot(timeline: Timeline, statuses: list[msgspec.Raw], asked: Asked, uid: str) -> Snapshot:
    page = Page(asked)
    profile: dict[str, str] = {}
    for raw in statuses:
        author = take_status(page, raw, uid)
        profile = profile or (author.profile if author else {})
    total = as_int(timeline.total_number)
    if not statuses and total != 0:
        raise page.degraded("an empty list, and no word that there are no posts")
    whole = total is not None and 0 <= total <= len(page.posts) and not page.skipped["future"]
    return page.snapshot(whole=whole, profile=profile)
