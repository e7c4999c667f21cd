"""`weibo.openapi`: the Open Platform and the business API: one account's posts, or those of up to twenty in one request.

Platform reference: weibo.md, sections 3 and 7.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from adapters.channel import DAY, HOUR, Base
from adapters.http import Answer, Door, Explain, by_status_alone, host_of
from adapters.reading.page import Asked, recall, unchanged
from adapters.reading.values import as_number, decode, delay_of, header_safe, web_address
from adapters.reading.weibo_statuses import ENVELOPE, OneOfMany, Share, read_share, read_statuses, refusal, shares
from monitor.errors import AuthError, Degraded, LookError, ParseError
from monitor.model import Account, Channel, Snapshot
from monitor.ports import ChannelSettings, Credentials, Quota

NEWEST = 5
"""user_timeline returns no more, whatever is asked for."""
PAGE = 20
"""Posts asked for elsewhere: the documented page of timeline_batch, within what user_timeline/other allows now."""
MANY = 20
"""Accounts a batch interface takes at once."""

read = read_statuses


class Mode(NamedTuple):
    """One of the interfaces: where it is, whether it takes many accounts, whether it belongs to the paid business API."""

    path: str
    many: bool = False
    business: bool = False
    newest: int = PAGE


MODES: Mapping[str, Mode] = {
    "own": Mode("/2/statuses/user_timeline.json", newest=NEWEST),
    "batch": Mode("/2/statuses/timeline_batch.json", many=True),
    "other": Mode("/2/statuses/user_timeline/other.json", business=True),
    "other_batch": Mode("/2/statuses/user_timeline_batch.json", many=True, business=True),
}
"""By the channel's option `mode`; `own` where it is not given."""


class WeiboOpenApiSettings(ChannelSettings):
    """The figures of section 3.4; those of the business API are not published, so the same hold for it."""

    base_url: str = "https://api.weibo.com"
    business_url: str = "https://c.api.weibo.com"
    spacing_seconds: float = 10.0
    min_interval_minutes: float = 15.0
    max_interval_minutes: float = 360.0
    daily_budget: int = 8_000
    user_daily_requests: int = Field(default=100, ge=0, description="requests with one token in any 24 hours; 0 sets no limit")
    host_hourly_requests: int = Field(default=15_000, ge=0, description="requests to one host in any hour; 0 sets no limit")
    breaker_minutes: tuple[float, ...] = (30.0, 120.0, 1440.0)
    gather_seconds: float = Field(default=0.5, ge=0, le=30, description="how long a batch waits for further accounts")


@dataclass(slots=True)
class Batch:
    """Accounts that will be asked for together, how many looks wait for them, and what fetches them once it is closed."""

    accounts: dict[str, None] = field(default_factory=dict)
    waiting: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[dict[str, Share]] | None = None
    digest: str = ""


class WeiboOpenApi(Base):
    """Reads newest pages only. With the account's own token it may see what the public does not: such posts are marked private.

    Where none of a page's posts was known before, more may have been published than a page holds: it covers from its oldest post,
    so the time between the last look and that post stays unseen.
    """

    Settings: ClassVar[type[ChannelSettings]] = WeiboOpenApiSettings
    first_hand: ClassVar[bool] = True
    name: ClassVar[str] = "weibo.openapi"

    def __init__(self, settings: WeiboOpenApiSettings, door: Door, credentials: Credentials) -> None:
        super().__init__(settings, door, credentials)
        self._wishes = settings
        self._batches: dict[tuple[str, str], Batch] = {}
        self._alone: set[tuple[str, str]] = set()

    def lane(self, channel: Channel) -> str:
        # The quotas are the token's own: one account out of its quota must not hold up the others.
        mode = channel.options.get("mode", "own")
        return f"weibo.openapi {channel.credential}" + ("" if mode == "own" else f" {mode}")

    def room(self, channel: Channel) -> int:
        mode = MODES.get(channel.options.get("mode", "own"))
        return 2 * MANY if mode and mode.many else super().room(channel)

    def quotas(self, channel: Channel) -> tuple[Quota, ...]:
        wishes, host = self._wishes, host_of(self._address(channel, _mode(channel)))
        told = (
            Quota(f"weibo.openapi user {channel.credential}", wishes.user_daily_requests, DAY),
            Quota(f"weibo.openapi host {host}", wishes.host_hourly_requests, HOUR),
        )
        return (*super().quotas(channel), *(quota for quota in told if quota.requests))

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the newest posts, or that nothing changed. Raises `LookError`."""
        uid = as_number(channel.handle)
        if not uid:
            raise ParseError("the handle is not a uid")
        mode = _mode(channel)
        asked = Asked.of(account, channel, now, delay_of(channel, self.settings))
        if mode.many:
            return await self._look_together(channel, uid, asked, memory)
        answer = await self._ask(channel, mode, {"uid": uid, "count": str(mode.newest)}, explain)
        known = recall(memory)
        if known is not None and known.fingerprint == answer.fingerprint:
            return unchanged(asked, known, memory)
        return _counted(read_statuses(answer.utf8(), asked.answered(answer.digest, answer.fingerprint), uid), memory)

    async def _ask(self, channel: Channel, mode: Mode, params: Mapping[str, str], explain: Explain) -> Answer:
        token = header_safe(self.credentials.secret(channel.credential, "access_token"))
        if not token:
            raise AuthError(f"credential {channel.credential!r}: access_token holds blanks or line ends")
        headers = {"Authorization": f"OAuth2 {token}"}
        return await self.fetch(channel, self._address(channel, mode) + mode.path, params=params, headers=headers, explain=explain)

    def _address(self, channel: Channel, mode: Mode) -> str:
        return web_address(self._wishes.business_url, "business_url") if mode.business else self.base(channel)

    # -- many accounts in one request ---------------------------------------------------------------------------------------

    async def _look_together(self, channel: Channel, uid: str, asked: Asked, memory: Mapping[str, Any]) -> Snapshot:
        share, digest = await self._share(channel, uid)
        known = recall(memory)
        if known is not None and known.fingerprint == share.fingerprint:
            return unchanged(asked, known, memory)
        return read_share(share, asked.answered(digest, share.fingerprint), uid)

    async def _share(self, channel: Channel, uid: str) -> tuple[Share, str]:
        """Wait for the answer this account's look shares with others. Who gives up waiting takes nobody else along."""
        batch = self._join(channel, uid)
        batch.waiting += 1
        try:
            assert batch.task is not None
            return (await asyncio.shield(batch.task))[uid], batch.digest
        except LookError as error:
            # Each look gets an error of its own: one raised in twenty places would collect twenty tracebacks.
            raise copy(error) from None
        finally:
            batch.waiting -= 1
            if not batch.waiting and batch.task is not None and not batch.task.done():
                # Closed, so that nobody joins what is being called off.
                batch.closed.set()
                batch.task.cancel()

    def _join(self, channel: Channel, uid: str) -> Batch:
        """Return the batch this account goes with: the open one of its credential and mode, or a new one; alone where it must be."""
        key = (self.lane(channel), self._address(channel, _mode(channel)))
        alone = (self.lane(channel), uid) in self._alone
        batch = None if alone else self._batches.get(key)
        if batch is None or batch.closed.is_set() or batch.task is None or batch.task.done():
            batch = Batch()
            batch.task = asyncio.create_task(self._together(channel, batch), name="weibo.openapi batch")
            batch.task.add_done_callback(partial(self._ended, key, batch))
            if not alone:
                self._batches[key] = batch
        batch.accounts[uid] = None
        if alone or len(batch.accounts) >= MANY:
            batch.closed.set()
        return batch

    def _ended(self, key: tuple[str, str], batch: Batch, task: asyncio.Task[dict[str, Share]]) -> None:
        """Forget a batch with its answer, and take note of how it ended: where all who waited had gone, nobody else does."""
        if self._batches.get(key) is batch:
            del self._batches[key]
        if not task.cancelled():
            task.exception()

    async def _together(self, channel: Channel, batch: Batch) -> dict[str, Share]:
        """Gather, ask once, part the answer."""
        try:
            async with asyncio.timeout(self._wishes.gather_seconds):
                await batch.closed.wait()
        except TimeoutError:
            batch.closed.set()
        uids = tuple(batch.accounts)
        mode = _mode(channel)

        def explain_many(answer: Answer) -> LookError:
            return explain(answer, len(uids))

        try:
            answer = await self._ask(channel, mode, {"uids": ",".join(uids), "count": str(mode.newest)}, explain_many)
            parted = shares(answer.utf8(), uids)
        except OneOfMany:
            self._alone.update((self.lane(channel), uid) for uid in uids)
            raise
        if len(uids) == 1:
            self._alone.discard((self.lane(channel), uids[0]))
        batch.digest = answer.digest
        return parted


def _mode(channel: Channel) -> Mode:
    name = channel.options.get("mode", "own")
    mode = MODES.get(name)
    if mode is None:
        raise ParseError(f"option mode is none of {', '.join(MODES)}")
    return mode


def _counted(snapshot: Snapshot, memory: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot, remembering that there were posts. Raises `Degraded` where an account that had some is said to have none.

    A token that is not the account's, or a consent withdrawn, may well look like that.
    """
    if not snapshot.posts and memory.get("posts"):
        raise Degraded("no posts at all are told of, yet there were some before")
    kept = {**snapshot.memory, "posts": True} if snapshot.posts and snapshot.memory else snapshot.memory
    return snapshot.model_copy(update={"memory": kept})


def explain(answer: Answer, accounts: int = 1) -> LookError:
    """Return what a refusal means: by the body's error_code whatever the HTTP status, else by the status."""
    try:
        envelope = decode(ENVELOPE, answer.utf8())
    except ParseError:
        return by_status_alone(answer)
    return refusal(envelope, answer.body, accounts=accounts) or by_status_alone(answer)
