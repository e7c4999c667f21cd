"""`weibo.openapi`: the Open Platform and the business API: one account's posts, or those of up to twenty in one request.

Platform reference: weibo.md, sections 3 and 7.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlencode

from pydantic import Field

from adapters.channel import DAY, HOUR, Base
from adapters.http import Answer, Door, Explain, by_status_alone, host_of
from adapters.reading.page import Asked, recall, unchanged
from adapters.reading.values import as_number, decode, delay_of, header_safe, web_address
from adapters.reading.weibo_shorts import Learnt, codes_in, expanded, is_due, read_expanded
from adapters.reading.weibo_statuses import ENVELOPE, OneOfMany, Share, Shorts, read_share, read_statuses, read_timeline, refusal, shares
from monitor.errors import AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.model import Account, Channel, Snapshot
from monitor.ports import ChannelSettings, Credentials, Quota

NEWEST = 5
"""user_timeline returns no more, whatever is asked for."""
PAGE = 20
"""Posts asked for elsewhere: the documented page of timeline_batch, within what user_timeline/other allows now."""
MANY = 20
"""Accounts a batch interface takes at once."""
EXPAND = "/2/short_url/expand.json"
LINKS = 20
"""Short links that are expanded in one request, the most it takes."""
EXPAND_SECONDS = 30.0
"""A look waits no longer for its links: its posts are what it is for."""
ANSWERS_KEPT = 2_000
"""Expanded links this process remembers for all accounts: one article's link stands in many posts."""

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
    short_link_calls: int = Field(default=1, ge=0, le=5, description="requests of a look for its new t.cn links, 20 links each; 0: none")
    short_link_daily: int = Field(default=20, ge=0, description="such requests with one token in any 24 hours; 0 sets no limit")


@dataclass(slots=True)
class Batch:
    """Accounts that will be asked for together, how many looks wait for them, and what fetches them once it is closed."""

    accounts: dict[str, None] = field(default_factory=dict)
    waiting: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[dict[str, Share]] | None = None
    digest: str = ""


@dataclass(slots=True)
class Expanding:
    """The t.cn links that looks behind one lane wait for; `gate` lets one of them ask at a time, for the others as well."""

    gate: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: dict[str, None] = field(default_factory=dict)
    rests: datetime | None = None


class WeiboOpenApi(Base):
    """Reads newest pages only. With the account's own token it may see what the public does not: such posts are marked private.

    Where none of a page's posts was known before, more may have been published than a page holds: it covers from its oldest post,
    so the time between the last look and that post stays unseen.
    """

    Settings: ClassVar[type[ChannelSettings]] = WeiboOpenApiSettings
    first_hand: ClassVar[bool] = True
    name: ClassVar[str] = "weibo.openapi"
    title: ClassVar[str] = "微博官方接口"

    def __init__(self, settings: WeiboOpenApiSettings, door: Door, credentials: Credentials) -> None:
        super().__init__(settings, door, credentials)
        self._wishes = settings
        self._batches: dict[tuple[str, str], Batch] = {}
        self._alone: set[tuple[str, str]] = set()
        self._expanding: dict[str, Expanding] = {}
        self._longs: dict[str, str] = {}

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
        address = self._address(channel, mode) + mode.path
        answer = await self._ask(channel, address, {"uid": uid, "count": str(mode.newest)}, explain)
        known = recall(memory)
        if known is not None and known.fingerprint == answer.fingerprint and not is_due(memory, now):
            return unchanged(asked, known, memory)
        snapshot, shorts = read_timeline(answer.utf8(), asked.answered(answer.digest, answer.fingerprint), uid)
        return await self._expanded(channel, _counted(snapshot, memory), shorts, memory, now)

    async def _ask(
        self, channel: Channel, url: str, params: Mapping[str, str] | None, explain: Explain, more: Sequence[Quota] = ()
    ) -> Answer:
        token = header_safe(self.credentials.secret(channel.credential, "access_token"))
        if not token:
            raise AuthError(f"credential {channel.credential!r}: access_token holds blanks or line ends")
        headers = {"Authorization": f"OAuth2 {token}"}
        return await self.fetch(channel, url, params=params, headers=headers, more=more, explain=explain)

    def _address(self, channel: Channel, mode: Mode) -> str:
        return web_address(self._wishes.business_url, "business_url") if mode.business else self.base(channel)

    # -- many accounts in one request ---------------------------------------------------------------------------------------

    async def _look_together(self, channel: Channel, uid: str, asked: Asked, memory: Mapping[str, Any]) -> Snapshot:
        share, digest = await self._share(channel, uid)
        known = recall(memory)
        if known is not None and known.fingerprint == share.fingerprint and not is_due(memory, asked.now):
            return unchanged(asked, known, memory)
        snapshot, shorts = read_share(share, asked.answered(digest, share.fingerprint), uid)
        return await self._expanded(channel, snapshot, shorts, memory, asked.now)

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
            address = self._address(channel, mode) + mode.path
            answer = await self._ask(channel, address, {"uids": ",".join(uids), "count": str(mode.newest)}, explain_many)
            parted = shares(answer.utf8(), uids)
        except OneOfMany:
            self._alone.update((self.lane(channel), uid) for uid in uids)
            raise
        if len(uids) == 1:
            self._alone.discard((self.lane(channel), uids[0]))
        batch.digest = answer.digest
        return parted

    # -- links that the list leaves short -----------------------------------------------------------------------------------

    async def _expanded(self, channel: Channel, snapshot: Snapshot, shorts: Shorts, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the snapshot with the addresses of its t.cn links. Nothing that goes wrong here fails the look.

        1. What was learnt before is told again at every look, lest the list's short form replace it in the store.
        2. What is new is asked for; what cannot be had stays short, and is asked for again at the next looks, three times in all.
        3. Until then the memory says when the same page is to be read again.
        """
        codes = codes_in(snapshot.posts, shorts)
        if not codes:
            return snapshot
        learnt = Learnt.recall(memory)
        learnt.add({code: self._longs[code] for code in codes if code in self._longs})
        if self._wishes.short_link_calls and (wanted := learnt.wanted(codes)):
            asked = await self._expand(channel, wanted, now)
            learnt.add({code: self._longs[code] for code in wanted if code in self._longs}, asked)
        posts = tuple(expanded(post, shorts[post.id], learnt.longs) if post.id in shorts else post for post in snapshot.posts)
        waiting = bool(self._wishes.short_link_calls and learnt.wanted(codes))
        again = max(self._expanding[self.lane(channel)].rests or now, now) if waiting else None
        kept = {**(snapshot.memory or memory), **learnt.remember(codes, again)}
        return snapshot.model_copy(update={"posts": posts, "memory": kept})

    async def _expand(self, channel: Channel, wanted: Sequence[str], now: datetime) -> set[str]:
        """Ask where links lead, as often as a look may, and keep the answers; return those of them that were asked for."""
        line, asked = self._expanding.setdefault(self.lane(channel), Expanding()), set[str]()
        line.waiting.update(dict.fromkeys(wanted))
        try:
            async with line.gate:
                if _mode(channel).many:
                    # The accounts of a batch are told at the same moment: their links go together.
                    await asyncio.sleep(self._wishes.gather_seconds)
                for _ in range(self._wishes.short_link_calls):
                    asked.update(await self._expand_once(channel, line, [code for code in wanted if code not in asked], now))
        finally:
            for code in wanted:
                line.waiting.pop(code, None)
        return asked.intersection(wanted)

    async def _expand_once(self, channel: Channel, line: Expanding, wanted: Sequence[str], now: datetime) -> list[str]:
        """Ask for the links that nobody has learnt of meanwhile, and for others' that wait; return what was asked for."""
        mine = [code for code in wanted if code not in self._longs]
        if not mine or (line.rests is not None and now < line.rests):
            return []
        codes = list(dict.fromkeys([*mine, *line.waiting]))[:LINKS]
        for code in codes:
            line.waiting.pop(code, None)
        base, wishes = self.base(channel), self._wishes
        daily = Quota(f"{self.lane(channel)} short links", wishes.short_link_daily, DAY)
        url = f"{base}{EXPAND}?{urlencode([('url_short', f'http://t.cn/{code}') for code in codes])}"
        try:
            async with asyncio.timeout(EXPAND_SECONDS):
                answer = await self._ask(channel, url, None, explain, (daily,) if daily.requests else ())
            self._learn({code: long for code, long in read_expanded(answer.utf8()).items() if code in codes})
        except (LookError, TimeoutError) as error:
            line.rests = now + self._rest(error)
            return [] if isinstance(error, RateLimited) and error.ours else codes
        return codes

    def _rest(self, error: LookError | TimeoutError) -> timedelta:
        """Return how long the interface is left alone: a missing permission, or an answer nobody expected, is so tomorrow as well."""
        told = timedelta(seconds=(error.retry_after if isinstance(error, LookError) else None) or 0.0)
        if isinstance(error, RateLimited) and error.ours:
            return told
        passing = isinstance(error, (RateLimited, TransportFault, TimeoutError))
        return max(told, timedelta(minutes=self._wishes.breaker_minutes[0]) if passing else timedelta(days=1))

    def _learn(self, longs: Mapping[str, str]) -> None:
        self._longs.update(longs)
        while len(self._longs) > ANSWERS_KEPT:
            del self._longs[next(iter(self._longs))]


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
