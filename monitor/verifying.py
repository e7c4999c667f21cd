"""Opens the posts that only seem to carry a key article, one page at a time, so that fewer of them wait for a person.

A candidate is a post whose title resembles a key article's. Its own page tells what a list does not: where it was taken from, what
it links to, its whole text. Verifying only ever strengthens: it can show that a candidate is a repost. It never takes a candidate away,
for what a page does not show is no proof that an account did nothing; nor is a page that has gone meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from monitor.access.pauses import Breaker, Pauses
from monitor.errors import AuthError, Degraded, LookError, RateLimited, SourceRetired
from monitor.matching.evidence import Doubt
from monitor.metrics.registry import Metrics
from monitor.model import Account, Article, Channel, Outcome, Post, Repost, Snapshot, local_date
from monitor.ports import Adapter, Clock
from monitor.writes import Verified, Word

log = structlog.get_logger("verifying")

PER_ROUND = 12
"""Pages opened in one round: at 5 s apart, a minute's work."""
AT_ONCE = 200
"""Candidates whose posts are read at once: there may be tens of thousands, and their texts must not fill the memory."""
AGAIN_FIRST, AGAIN_CAP = timedelta(hours=1), timedelta(hours=24)
"""When a page that could not be read is opened again: after an hour, then twice as long each time, at most a day."""
BEYOND_A_PAGE = frozenset({Doubt.OUT_OF_WINDOW, Doubt.RECURRING})
"""Doubts that no page dispels: when a post was published, and that its title is used again and again."""
IDENTITY = ("biz",)
"""Options of an account's own channels that say who it is: a page of somebody else is then refused."""


class VerifyingStore(Protocol):
    """What verifying needs of the store. Every method may raise `StoreAway`."""

    async def reposts(
        self, account_ids: Iterable[str] | None = None, article_ids: Iterable[str] | None = None, grade: str | None = None
    ) -> dict[str, list[Repost]]: ...
    async def accounts(self, ids: Iterable[str] | None = None) -> list[Account]: ...
    async def posts_by_id(self, ids: Iterable[str]) -> list[Post]: ...
    async def put_reposts(self, reposts: Sequence[Repost]) -> None: ...
    async def enrich(self, post: Post, at: datetime) -> None:
        """Write a stored post's title, text, kind, citation, time and deletion, as its page showed them at this moment.

        Its content hash and channel stay: a list that shows the post as before must not write the shorter version back.
        """
        ...

    async def verified(self, ids: Iterable[str]) -> Mapping[str, Verified]: ...
    async def put_verified(self, verified: Verified) -> None: ...


class Matcher(Protocol):
    """What verifying needs of the judge: the live key articles, and which of them a post carries."""

    @property
    def live(self) -> tuple[Article, ...]: ...
    def carried(self, posts: Iterable[Post], account: Account) -> list[Repost]: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post to open: what it seems to carry, whose it is, and the adapter that can open it."""

    repost: Repost
    account: Account
    post: Post
    adapter: str


@dataclass(frozen=True, slots=True)
class Retry:
    tries: int
    at: datetime


class Verifying:
    """Call `round` now and then; one round at a time. What failed for a while is remembered in memory only: a restart asks once more."""

    def __init__(
        self, store: VerifyingStore, judge: Matcher, adapters: Mapping[str, Adapter], pauses: Pauses, clock: Clock, metrics: Metrics
    ) -> None:
        self._store, self._judge, self._adapters = store, judge, adapters
        self._pauses, self._clock, self._metrics = pauses, clock, metrics
        self._retries: dict[str, Retry] = {}
        self._by_platform = {adapter.verifies: name for name, adapter in adapters.items() if adapter.verifies}

    async def round(self) -> int:
        """Open the pages of candidates not yet verified, the most urgent first; return how many were opened. Raises `StoreAway`.

        1. Take the candidates of live articles whose platform some adapter can open posts of.
        2. A page opened before is never opened again: what it showed is applied once more where a list has overwritten it since.
        3. Open the others one after the other; a refusal ends the round.
        """
        if not self._by_platform or not self._judge.live:
            return 0
        live = {article.id: article for article in self._judge.live}
        reposts = await self._reposts(live)
        self._retries = {each.post_id: self._retries[each.post_id] for each in reposts if each.post_id in self._retries}
        waiting: dict[str, Candidate] = {}
        for start in range(0, len(reposts), AT_ONCE):
            batch = reposts[start : start + AT_ONCE]
            known = await self._store.verified({each.post_id for each in batch})
            full = len(waiting) >= PER_ROUND
            wanted = [each for each in batch if each.post_id in known or (not full and self._is_due(each))]
            candidates = await self._candidates(wanted, live)
            await self._restore(candidates, known)
            for each in choose(candidates, known, self._retries, live.values(), self._clock.now()):
                waiting.setdefault(each.post.id, each)
        opened = 0
        for each in list(waiting.values())[:PER_ROUND]:
            if not await self._open(each):
                break
            opened += 1
        return opened

    async def _reposts(self, live: Mapping[str, Article]) -> list[Repost]:
        """Return the candidates of live articles, those of the article due first before the others."""
        found = await self._store.reposts(article_ids=live, grade="candidate")
        return sorted(
            (each for mine in found.values() for each in mine if each.article_id in live),
            key=lambda each: (live[each.article_id].due_at, each.published_at, each.post_id),
        )

    def _is_due(self, repost: Repost) -> bool:
        return repost.evidence.get("doubt") not in BEYOND_A_PAGE and is_due(self._retries.get(repost.post_id), self._clock.now())

    async def _candidates(self, reposts: Sequence[Repost], live: Mapping[str, Article]) -> list[Candidate]:
        if not reposts:
            return []
        accounts = {account.id: account for account in await self._store.accounts({each.account_id for each in reposts})}
        mine = [
            each
            for each in reposts
            if (account := accounts.get(each.account_id))
            and account.platform in self._by_platform
            and live[each.article_id].audience.includes(account)
        ]
        posts = {post.id: post for post in await self._store.posts_by_id({each.post_id for each in mine})}
        return [
            Candidate(each, accounts[each.account_id], posts[each.post_id], self._by_platform[accounts[each.account_id].platform])
            for each in mine
            if each.post_id in posts
        ]

    async def _restore(self, candidates: Iterable[Candidate], known: Mapping[str, Verified]) -> None:
        for each in candidates:
            verified = known.get(each.post.id)
            if verified is None or verified.post is None or not each.post.visible or told(verified.post) == told(each.post):
                continue
            carried = self._judge.carried([verified.post], each.account)
            if any(repost.id == each.repost.id and repost.grade != "candidate" for repost in carried):
                await self._write(verified.post, carried)

    async def _open(self, candidate: Candidate) -> bool:
        """Open one page and keep what it showed; return False where the adapter must be left alone now."""
        adapter, account, post = self._adapters[candidate.adapter], candidate.account, candidate.post
        channel = Channel(adapter=candidate.adapter, handle=post.url, options=identity(account))
        now, lane = self._clock.now(), adapter.lane(channel)
        if self._pauses.of(channel, lane, now) is not None:
            return False
        try:
            snapshot = await adapter.look(account, channel, {}, now)
        except LookError as error:
            self._record(channel, lane, account, error, now)
            return await self._failed(candidate, error, now)
        except Exception:
            log.exception("unexpected error while verifying", post=post.id)
            self._metrics.observe_unexpected("verifying")
            self._put_off(post.id, now)
            return True
        self._record(channel, lane, account, None, now)
        await self._take(candidate, snapshot, now)
        return True

    async def _failed(self, candidate: Candidate, error: LookError, now: datetime) -> bool:
        if isinstance(error, Degraded):
            # The link leads nowhere a reader may go, and never will.
            await self._keep(candidate, Verified(candidate.post.id, now, "unusable"))
            return True
        refused = isinstance(error, (RateLimited, AuthError, SourceRetired))
        if refused:
            log.warning("verifying stopped for now", adapter=candidate.adapter, reason=error.code)
        if not isinstance(error, RateLimited):
            # A lane that was refused rests by itself, and its posts need not wait beyond that.
            self._put_off(candidate.post.id, now)
        return not refused

    async def _take(self, candidate: Candidate, snapshot: Snapshot, now: datetime) -> None:
        seen = snapshot.posts[0] if snapshot.posts else None
        if seen is None:
            self._put_off(candidate.post.id, now)
            return
        post = self._titled(candidate, enriched(candidate.post, seen))
        carried = self._judge.carried([post], candidate.account)
        await self._write(post, carried)
        await self._keep(candidate, Verified(post.id, now, word(candidate.repost, post, carried), post))

    def _titled(self, candidate: Candidate, post: Post) -> Post:
        """Return the post with the list's title where the page's proves less: a title edited since must not undo what it showed."""
        listed = {each.id: each.grade for each in self._judge.carried([candidate.post], candidate.account)}
        opened = {each.id: each.grade for each in self._judge.carried([post], candidate.account)}
        weaker = any(opened.get(each, "") not in (grade, "in_order") for each, grade in listed.items())
        return post.model_copy(update={"title": candidate.post.title}) if post.visible and weaker else post

    async def _write(self, post: Post, carried: Sequence[Repost]) -> None:
        await self._store.enrich(post, self._clock.now())
        await self._store.put_reposts(carried)

    async def _keep(self, candidate: Candidate, verified: Verified) -> None:
        """Keep the outcome last: what failed before is done again."""
        await self._store.put_verified(verified)
        self._retries.pop(verified.post_id, None)
        log.info("a candidate was opened", post=verified.post_id, article=candidate.repost.article_id, outcome=verified.word)

    def _put_off(self, post_id: str, now: datetime) -> None:
        tries = self._retries[post_id].tries + 1 if post_id in self._retries else 1
        self._retries[post_id] = Retry(tries, now + min(AGAIN_FIRST * 2 ** min(tries - 1, 10), AGAIN_CAP))

    def _record(self, channel: Channel, lane: str, account: Account, error: LookError | None, now: datetime) -> None:
        fault = error.fault(channel.adapter) if error else None
        breaker = Breaker.of(self._adapters[channel.adapter].settings)
        self._pauses.record(Outcome(channel=channel, fault=fault), lane, self._clock.now(), account.id, breaker, began=now)


def choose(
    candidates: Iterable[Candidate], known: Mapping[str, Verified], retries: Mapping[str, Retry], live: Iterable[Article], now: datetime
) -> list[Candidate]:
    """Return the candidates whose page is to be opened now, each post once, those of the article due first before the others."""
    due = {article.id: article.due_at for article in live}
    open_now = [
        each
        for each in candidates
        if each.post.id not in known
        and each.post.visible
        and each.post.url
        and each.repost.article_id in due
        and each.repost.evidence.get("doubt") not in BEYOND_A_PAGE
        and is_due(retries.get(each.post.id), now)
    ]
    chosen: dict[str, Candidate] = {}
    for each in sorted(open_now, key=lambda each: (due[each.repost.article_id], each.post.published_at, each.post.id)):
        chosen.setdefault(each.post.id, each)
    return list(chosen.values())


def is_due(retry: Retry | None, now: datetime) -> bool:
    """Whether a page may be opened; one put off beyond the longest wait was put off by a clock that ran ahead."""
    return retry is None or not now < retry.at <= now + AGAIN_CAP


def told(post: Post) -> tuple[object, ...]:
    """Return what of a post decides what it carries: where two are alike in it, matching the other anew shows nothing."""
    return post.title, post.text, post.kind, post.whole, post.citation, post.published_at, post.url


def enriched(post: Post, seen: Post) -> Post:
    """Return the stored post with what its own page shows. A page that is gone adds that alone; a time told exactly before stays."""
    if not seen.visible:
        return post.model_copy(update={"deleted_at": seen.deleted_at})
    changes: dict[str, object] = {
        "title": seen.title or post.title,
        "text": _whole(post, seen),
        "kind": seen.kind,
        # What a list called whole, its own page may show to be a piece, or the words above a film.
        "whole": seen.whole or (post.whole and len(post.text) > len(seen.text)),
        "citation": seen.citation or post.citation,
    }
    if post.precision == "day" and local_date(post.published_at) == local_date(seen.published_at):
        changes |= {"published_at": seen.published_at, "precision": seen.precision}
    return post.model_copy(update=changes)


def _whole(post: Post, seen: Post) -> str:
    """Return the longer text, with the link that the page's own citation would otherwise displace: what proved something still does."""
    text = max(seen.text, post.text, key=len)
    displaced = post.citation.url if post.citation and seen.citation and post.citation != seen.citation else ""
    return f"{text}\n{displaced}".strip() if displaced and displaced not in text else text


def word(repost: Repost, post: Post, carried: Iterable[Repost]) -> Word:
    """Return what the opened page says of the candidate."""
    if not post.visible:
        return "deleted"
    return "confirmed" if any(each.id == repost.id and each.grade != "candidate" for each in carried) else "unclear"


def identity(account: Account) -> dict[str, str]:
    """Return the options by which an adapter knows the account's own pages; an account that migrated has several ids."""
    found = {name: [channel.options[name] for channel in account.channels if channel.options.get(name)] for name in IDENTITY}
    return {name: ",".join(dict.fromkeys(told)) for name, told in found.items() if told}
