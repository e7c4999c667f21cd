"""`douyin.gateway`: a gateway the operator runs, version 4 or 5, which hands on the platform's own list of works.

Platform reference: douyin.md, sections 4, 6, 8, 9 and 11. An empty list is never taken for silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field

from adapters.channel import Base
from adapters.http import HEAD_BYTES, Answer, Door, by_status_alone, host_of, retry_after
from adapters.reading.douyin_glance import peeked
from adapters.reading.douyin_works import read_profile, refusal, shows_none, unfinished, without_works
from adapters.reading.douyin_works import read_works as read
from adapters.reading.page import Asked, recall, unchanged
from adapters.reading.peek import again, same
from adapters.reading.values import delay_of, header_safe
from monitor.errors import AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.model import Account, Channel, Snapshot
from monitor.ports import ChannelSettings, Credentials

__all__ = ["DouyinGateway", "DouyinGatewaySettings", "explain", "read"]

COUNT = 20
RISK_STATUSES = frozenset({401, 403, 405, 412, 429, 444})
VERSIONS = ("auto", "4", "5")
_SEC_UID = re.compile(r"MS4wLjABAAAA[0-9A-Za-z_=-]{10,120}")
_TASK = re.compile(r"[0-9A-Za-z_-]{1,100}")


class DouyinGatewaySettings(ChannelSettings):
    spacing_seconds: float = 6.0
    timeout_seconds: float = 60.0
    min_interval_minutes: float = 30.0
    max_interval_minutes: float = 360.0
    breaker_refusals: int = 3
    breaker_accounts: int = 2
    version: Literal["auto", "4", "5"] = Field(default="auto", description="auto asks as version 5, and as 4 where that is not served")
    wait_seconds: int = Field(default=20, ge=0, le=30, description="how long version 5 may hold a request before it makes it a task")
    signed_in: bool = Field(default=False, description="the gateway's cookie is signed in and watched: only then can there be no works")
    task_seconds: float = Field(default=2.0, gt=0, description="pause between two questions whether a task is done")
    task_polls: int = Field(default=10, ge=1, description="so many questions, then the look has failed")


class DouyinGateway(Base):
    """Reads page 1 only. It sees what the gateway's login sees, at second hand.

    Options: `base_url`, `version` (auto, 4 or 5), `credential` with the field `api_key` for version 5. Which version a gateway
    speaks is kept in this process only, and asked anew once it answers that the route is not there.
    """

    Settings: ClassVar[type[ChannelSettings]] = DouyinGatewaySettings
    first_hand: ClassVar[bool] = False
    name: ClassVar[str] = "douyin.gateway"
    title: ClassVar[str] = "抖音网关"

    def __init__(self, settings: ChannelSettings, door: Door, credentials: Credentials) -> None:
        super().__init__(settings, door, credentials)
        self.own = settings if isinstance(settings, DouyinGatewaySettings) else DouyinGatewaySettings.model_validate(settings.model_dump())
        self._old: set[str] = set()

    def lane(self, channel: Channel) -> str:
        return "douyin.gateway " + host_of(channel.options.get("base_url") or self.settings.base_url)

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the newest page of works, or that nothing changed. Raises `LookError`."""
        if not _SEC_UID.fullmatch(channel.handle):
            raise ParseError("the handle is not a sec_uid")
        delay = delay_of(channel, self.settings)
        answer = await self._fetch(channel)
        asked = Asked.of(account, channel, now, delay)
        known = recall(memory)
        if known is not None and known.fingerprint == answer.fingerprint:
            return unchanged(asked, known, memory)
        body = answer.utf8()
        seen = peeked(body)
        if known is not None and same(memory, seen):
            return unchanged(asked, known, again(memory))
        asked = asked.answered(answer.digest, answer.fingerprint)
        signed_in = self._signed_in(channel)
        try:
            return read(body, asked, channel.handle, seen, signed_in)
        except Degraded:
            none = await self._none(channel, asked) if signed_in and shows_none(body) else None
            if none is None:
                raise
            return none

    def _signed_in(self, channel: Channel) -> bool:
        """Whether the operator says that the gateway looks with a login: the channel's option `signed_in`, else the setting."""
        option = channel.options.get("signed_in", "")
        if option not in ("", "0", "1"):
            raise ParseError("option signed_in is neither 0 nor 1")
        return self.own.signed_in if option == "" else option == "1"

    async def _none(self, channel: Channel, asked: Asked) -> Snapshot | None:
        """Return the complete view of an account without works, where its profile says that it has none. Raises `AccountGone`.

        The answer of version 5 to this was never seen: what is read of it is the platform's own `user`, else nothing.
        """
        base, old = self.base(channel), self._version(channel) == "4"
        path = "/api/douyin/web/handler_user_profile" if old else "/api/v1/douyin/user"
        headers = {} if old else self._key(channel)
        try:
            answer = await self.fetch(channel, f"{base}{path}?sec_user_id={channel.handle}", headers=headers, explain=_explain_task)
            author = read_profile((await self._finished(channel, base, headers, answer)).utf8())
        except (ParseError, TransportFault):
            return None
        return without_works(author, asked, channel.handle)

    async def _fetch(self, channel: Channel) -> Answer:
        """Ask in the version that is set, or the one the gateway speaks: a 404 of the route itself tells that it does not."""
        if not (channel.options.get("base_url") or self.settings.base_url):
            raise AuthError("no gateway is configured: base_url is empty")
        base, version = self.base(channel), self._version(channel)
        answer = await self._ask(channel, base, version)
        if answer.status != 404:
            return answer
        if self._wish(channel) == "auto":
            # Not turned round, but set: several looks may find it out at the same time.
            (self._old.discard if version == "4" else self._old.add)(base)
            answer = await self._ask(channel, base, self._version(channel))
        if answer.status == 404:
            raise by_status_alone(answer)
        return answer

    def _wish(self, channel: Channel) -> str:
        wish = channel.options.get("version", self.own.version)
        if wish not in VERSIONS:
            raise ParseError("option version is none of auto, 4 and 5")
        return wish

    def _version(self, channel: Channel) -> str:
        """Return the version to speak: the one that is set, else the one this gateway was found to speak."""
        wish = self._wish(channel)
        return ("4" if self.base(channel) in self._old else "5") if wish == "auto" else wish

    async def _ask(self, channel: Channel, base: str, version: str) -> Answer:
        # Built by hand: the handle is made of letters that need no quoting, and a query built from parts costs as much as a parse.
        if version == "4":
            path = f"/api/douyin/web/fetch_user_post_videos?sec_user_id={channel.handle}&max_cursor=0&count={COUNT}"
            return await self.fetch(channel, base + path, explain=explain)
        wait = min(self.own.wait_seconds, int(self.settings.timeout_seconds / 2))
        path = f"/api/v1/douyin/user/posts?sec_user_id={channel.handle}&count={COUNT}&wait={wait}&include_raw=true"
        headers = self._key(channel)
        return await self._finished(channel, base, headers, await self.fetch(channel, base + path, headers=headers, explain=explain))

    async def _finished(self, channel: Channel, base: str, headers: Mapping[str, str], answer: Answer) -> Answer:
        """Return the answer, or what becomes of the task it names. Questions after a task queue apart from those that start one."""
        task = _task(answer)
        if task is None:
            return answer
        if not _TASK.fullmatch(task):
            raise ParseError("a task without a usable id", head=answer.body[:HEAD_BYTES])
        for _ in range(self.own.task_polls):
            answer = await self.door.fetch(
                f"{self.lane(channel)} tasks",
                f"{base}/api/v1/tasks/{task}",
                headers=headers,
                seconds=self.settings.timeout_seconds,
                spacing=self.own.task_seconds,
                quotas=self.quotas(channel),
                redirects=0,
                explain=_explain_task,
            )
            if _task(answer) is None:
                return answer
        raise TransportFault("the gateway has not finished in time")

    def _key(self, channel: Channel) -> dict[str, str]:
        """Return the header with the gateway's key, where the channel's credential holds one. Raises `AuthError`."""
        key = self.credentials.optional(channel.credential, "api_key") if channel.credential else ""
        if key and not header_safe(key):
            raise AuthError(f"credential {channel.credential!r}: api_key holds blanks or line ends")
        return {"X-API-Key": header_safe(key)} if key else {}

    async def check(self) -> list[str]:
        if not self.settings.base_url:
            return ['channels."douyin.gateway".base_url 未设置：请填写自建抖音网关的地址']
        trouble = await self.door.probe(self.settings.base_url)
        return [f"抖音网关 {self.settings.base_url} 无法访问：{trouble}"] if trouble else []


def _task(answer: Answer) -> str | None:
    """Return the id of a task that is not done, None for any other answer. Only a small body can be one."""
    return unfinished(answer.body) if len(answer.body) < HEAD_BYTES else None


def explain(answer: Answer) -> LookError | None:
    """Return what a refusal means: by the gateway's error body, else by the status as Douyin uses it; None for an unknown route."""
    error = _refused(answer)
    return None if error is None and answer.status == 404 else error or by_status_alone(answer)


def _explain_task(answer: Answer) -> LookError:
    return _refused(answer) or by_status_alone(answer)


def _refused(answer: Answer) -> LookError | None:
    error = refusal(answer.utf8())
    if error is None and answer.status in RISK_STATUSES:
        error = RateLimited(f"risk control: HTTP {answer.status}")
    if error is None:
        return None
    error.head = error.head or LookError("", head=answer.body[:HEAD_BYTES]).head
    if isinstance(error, RateLimited) and error.retry_after is None:
        error.retry_after = retry_after(answer.headers)
    return error
