"""The loop that looks: claim, look, judge, commit. One straight line per account, many accounts side by side."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from monitor import poller
from monitor.access.pauses import Breaker, Pauses
from monitor.after import After, after, sane
from monitor.carrying import after_changes
from monitor.committer import Committer
from monitor.errors import StoreAway
from monitor.judging import Judge, Unmatched
from monitor.lanes import Lanes
from monitor.merging import joined
from monitor.metrics.registry import Metrics
from monitor.model import Account, AccountState, Alert, Outcome, Poll, Post, Repost
from monitor.ports import Adapter, ChannelSettings, Clock
from monitor.schedule import Backoff, Pace, after_failure, next_due, phase, post_rate
from monitor.settings import PollSettings
from monitor.store import Store
from monitor.writes import AlertChange, Claim, PollWrite, StoredPost

log = structlog.get_logger("polling")

GATHER_SECONDS = 0.01
"""How long the first look to end waits for others to end, before new ones are claimed."""

LEASE_MARGIN = 0.1
"""Share of a lease that is kept for judging and writing what a look showed."""

FIRST_CONSTANT = 18.0
"""Until a channel's pace is first solved: an account with two posts a day is looked at about hourly."""


class Polling:
    """Keeps up to `in_flight` looks under way until told to stop; then finishes them or gives them back."""

    def __init__(
        self,
        store: Store,
        committer: Committer,
        judge: Judge,
        adapters: Mapping[str, Adapter],
        pauses: Pauses,
        metrics: Metrics,
        clock: Clock,
        settings: PollSettings,
        backoff: Backoff,
        owner: str,
        blotted: Callable[[str], str] = str,
    ) -> None:
        self._store, self._committer, self._judge = store, committer, judge
        self._adapters, self._pauses, self._metrics, self._clock = adapters, pauses, metrics, clock
        self._settings, self._backoff, self._owner = settings, backoff, owner
        self._blotted = blotted
        self._lease = timedelta(seconds=settings.lease_seconds)
        self._under_way: dict[asyncio.Task[Poll | None], Claim] = {}
        self._lanes = Lanes(adapters, settings.in_flight)
        self._freed = asyncio.Event()
        self.paces: dict[str, Pace] = {}
        self.came_round_at: float | None = None
        metrics.watch_in_flight(lambda: len(self._under_way))

    # -- the loop -----------------------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Claim and look until `stop`. While the database is away nothing is claimed, and nothing ends."""
        away = False
        while not stop.is_set():
            self.came_round_at = self._clock.elapsed()
            try:
                started = await self._start_some()
                away = False
            except StoreAway as error:
                if not away:
                    log.warning("database away, claiming nothing", reason=str(error))
                    self._metrics.observe_store(False)
                away, started = True, 0
            if not started or len(self._under_way) >= self._settings.in_flight:
                await self._rest()
            else:
                await asyncio.sleep(0)

    async def _rest(self) -> None:
        """Wait until some looks have ended, or a short while has passed; a claim for one account costs as much as one for thirty."""
        self._freed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.idle_seconds):
                await self._freed.wait()
                await asyncio.sleep(GATHER_SECONDS)

    def wake(self) -> None:
        """End a rest at once: the loop shall see that it is to stop."""
        self._freed.set()

    async def _start_some(self) -> int:
        space = self._settings.in_flight - len(self._under_way)
        if space <= 0:
            return 0
        accepting, full = self._lanes.accepting(), self._lanes.full()
        claims = await self._store.claim_due(self._owner, self._clock.now(), self._lease, space, accepting, full)
        if claims:
            self._metrics.observe_claims("claimed", len(claims))
            await self._start(claims)
        return len(claims)

    async def _start(self, claims: Sequence[Claim]) -> None:
        ids = [claim.state.account_id for claim in claims]
        accounts = await self._store.claimed_accounts(claims)
        alive = await self._store.alive_alerts(ids)
        live, unmatched = self._judge.live, self._judge.unmatched
        reposts = await self._store.reposts(ids, [article.id for article in live]) if live else {}
        for claim in claims:
            account = accounts.get(claim.state.account_id)
            if account is None:
                continue
            lanes = self._lanes.take(account)
            known = reposts.get(account.id, [])
            one = self._one_poll(claim, account, alive.get(account.id, {}), known, unmatched)
            task = asyncio.create_task(one, name=f"look {account.id}")
            self._under_way[task] = claim
            task.add_done_callback(partial(self._ended, lanes))

    def _ended(self, lanes: tuple[str, ...], task: asyncio.Task[Poll | None]) -> None:
        self._under_way.pop(task, None)
        self._freed.set()
        self._lanes.free(lanes)
        if not task.cancelled() and isinstance(task.exception(), StoreAway):
            log.warning("database away, a look is made again when its lease ends", task=task.get_name())
        elif not task.cancelled() and task.exception() is not None:
            self._metrics.observe_unexpected("poll")
            log.error("a poll failed unexpectedly", task=task.get_name(), exc_info=task.exception())

    def lane_of(self, account: Account) -> str:
        """Return all that the account's looks may queue behind (see `Lanes.of`)."""
        return self._lanes.of(account)

    async def finish(self, seconds: float) -> None:
        """Let the looks under way finish; give back what has not after `seconds`. Nothing is lost: a lease ends by itself."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=seconds)
        unfinished = list(self._under_way.items())
        for task, _ in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.gather(*(task for task, _ in unfinished), return_exceptions=True)
            try:
                await asyncio.wait_for(self._store.give_back([claim for _, claim in unfinished], self._clock.now()), timeout=2.0)
                self._metrics.observe_claims("given_back", len(unfinished))
            except (StoreAway, TimeoutError):
                log.warning("could not give accounts back; their leases end by themselves", accounts=len(unfinished))

    # -- one poll -----------------------------------------------------------------------------------------------------------

    async def poll_now(self, ids: Sequence[str]) -> dict[str, Poll]:
        """Look at these accounts now, due or not; return what each look was. An account under way elsewhere is left out."""
        polls: dict[str, Poll] = {}
        for each in ids:
            # One at a time: a lease runs from its claim, and the last of many would wait longer than it lasts.
            claims = await self._store.claim([each], self._owner, self._clock.now(), self._lease)
            self._metrics.observe_claims("claimed", len(claims))
            accounts = await self._store.claimed_accounts(claims)
            alive = await self._store.alive_alerts([each])
            unmatched = self._judge.unmatched
            reposts = await self._store.reposts([each])
            for claim in claims:
                poll = await self._one_poll(claim, accounts[each], alive.get(each, {}), reposts.get(each, []), unmatched)
                if poll is not None:
                    polls[each] = poll
        return polls

    async def _one_poll(
        self, claim: Claim, account: Account, alive: Mapping[str, Alert], reposts: Sequence[Repost], unmatched: Unmatched
    ) -> Poll | None:
        """Look, judge, commit; return None when nothing could be written.

        1. Look, for as long as the lease allows; take note of how each channel fared. What a second-hand source covers is believed
           only as far as it is proven alive.
        2. Give each post its one name; make the state after it, when to look next, and what the new posts carry.
        3. Judge, and write everything at once. A look that outlived its lease writes nothing: somebody else has the account now.
        """
        seconds = (claim.until - self._clock.now()).total_seconds() - LEASE_MARGIN * self._settings.lease_seconds
        note = partial(self._note, account.id, self._clock.now())
        poll = await poller.look(account, claim.state, self._adapters, self._pauses, self._clock, seconds, note, self._blotted)
        poll = self._judge.believed(account, poll)
        poll, known = await joined(self._store, claim.state, account, poll)
        outcome_of = after(sane(known, poll.at), poll)
        state = await self._settled_state(outcome_of, account, poll)
        fresh = [post for post, _ in (*outcome_of.new, *outcome_of.changed)]
        if outcome_of.changed:
            # The look took its time: what a walk has proven of these posts meanwhile must outlive their edit.
            reposts = (await self._store.reposts([account.id])).get(account.id, [])
        index, found = self._judge.index, self._carried(fresh, account)
        carried = after_changes(reposts, fresh, found, poll.at)
        write = PollWrite(
            poll=poll,
            state=state,
            claim=claim,
            lane=self.lane_of(account),
            new=_stored(outcome_of.new, outcome_of.channels),
            changed=_stored(outcome_of.changed, outcome_of.channels),
            reposts=tuple(carried),
            alerts=self._alerts(claim.state, state, account, fresh, alive, [*reposts, *carried], unmatched),
        )
        if not await self._commit(write, account):
            return None
        if self._judge.index is not index and fresh:
            await self._match_again(account, fresh, reposts, found, poll.at)
        return poll

    async def _match_again(
        self, account: Account, fresh: Sequence[Post], known: Sequence[Repost], found: Sequence[Repost], at: datetime
    ) -> None:
        """An article came or was corrected while a look was written: its walk over the stored posts may have passed this account already.

        `found` was written with the article as it stood before.
        """
        live = {article.id for article in self._judge.live}
        again = self._carried(fresh, account)
        await self._store.put_reposts(after_changes(known, fresh, again, at))
        outdated = {each.id for each in found if each.article_id in live} - {each.id for each in (*known, *again)}
        await self._store.drop_reposts(sorted(outdated))

    def _carried(self, fresh: Sequence[Post], account: Account) -> list[Repost]:
        if not fresh or not self._judge.live:
            return []
        begun = self._clock.elapsed()
        found = self._judge.carried(fresh, account)
        self._metrics.observe_matching(self._clock.elapsed() - begun)
        return found

    def _note(self, account_id: str, began: datetime, outcome: Outcome) -> None:
        """Tell the pauses how a channel fared. A wait counts from the answer, not from the beginning of the look."""
        adapter = self._adapters[outcome.channel.adapter]
        breaker = Breaker.of(adapter.settings)
        self._pauses.record(outcome, adapter.lane(outcome.channel), self._clock.now(), account_id, breaker, began)

    def _alerts(
        self,
        before: AccountState,
        state: AccountState,
        account: Account,
        fresh: Sequence[Post],
        alive: Mapping[str, Alert],
        reposts: Sequence[Repost],
        unmatched: Unmatched,
    ) -> tuple[AlertChange, ...]:
        if not fresh and not alive and before.last_error is None and state.last_error is None:
            # The look changed nothing a rule could speak of; the next tick, a few minutes from now, judges by the calendar.
            return ()
        at = state.last_tried_at or self._clock.now()
        return tuple(self._judge.changes(self._judge.facts(account, state, at, reposts, unmatched), alive))

    async def _commit(self, write: PollWrite, account: Account) -> bool:
        if self._clock.now() >= write.claim.until:
            self._metrics.observe_claims("stale")
            log.warning("a look outlived its lease and is dropped", account=account.id)
            return False
        written = await self._committer.put(write)
        self._metrics.observe_poll(write.poll, account, written.inserted.get(account.id, 0))
        _log_edges(account, write.claim.state, write.state)
        if account.id in written.stale:
            self._metrics.observe_claims("stale")
            return False
        return True

    async def _settled_state(self, result: After, account: Account, poll: Poll) -> AccountState:
        state = result.state
        if result.lost_newest:
            hidden = [post.id for post, _ in (*result.new, *result.changed) if not post.visible]
            marks = await self._store.newest_visible([account.id], poll.at, hidden)
            candidates = [mark for mark in (marks.get(account.id), state.last_post) if mark is not None]
            newest = max(candidates, key=lambda mark: mark.published_at, default=None)
            state = state.model_copy(update={"last_post": newest})
        return state.model_copy(update={"next_poll_at": self._next(state, account, poll)})

    def _next(self, state: AccountState, account: Account, poll: Poll) -> datetime:
        """Return when to look next: never further ahead than a day or so, since what is stored outlives the reason for it."""
        furthest = poll.at + max(timedelta(seconds=self._backoff.gone), timedelta(days=1)) * 1.1
        return min(self._planned(state, account, poll), furthest)

    def _planned(self, state: AccountState, account: Account, poll: Poll) -> datetime:
        fault = poll.fault
        resumes = self._resumes(poll)
        if resumes is not None:
            # Spread over a minute: all accounts of the channel wait for this moment.
            return resumes + timedelta(seconds=60 * phase(account.id))
        if fault is not None and fault.code != "degraded":
            ended = poll.at + timedelta(seconds=poll.seconds)
            return after_failure(fault, state.failures, self._backoff, ended, account.id)
        adapter = poll.outcomes[-1].channel.adapter if poll.outcomes else ""
        return next_due(post_rate(state, poll.at), self.pace(adapter), poll.at, account.id)

    def _resumes(self, poll: Poll) -> datetime | None:
        """Return when the first of the account's channels may be tried again, when all of them are paused by now."""
        ends = [
            self._pauses.until(each.channel, self._adapters[each.channel.adapter].lane(each.channel), poll.at)
            for each in poll.outcomes
            if each.channel.adapter in self._adapters
        ]
        known = [end for end in ends if end is not None]
        return min(known) if poll.outcomes and len(known) == len(poll.outcomes) else None

    def pace(self, name: str) -> Pace:
        """Return the channel's solved pace; before it is first solved, its own limits around a usual rate."""
        if name not in self.paces:
            wishes = self._adapters[name].settings if name in self._adapters else ChannelSettings()
            return Pace(FIRST_CONSTANT, wishes.min_interval_minutes * 60, wishes.max_interval_minutes * 60)
        return self.paces[name]


def _stored(posts: Sequence[tuple[Post, str]], channels: Mapping[str, str]) -> tuple[StoredPost, ...]:
    return tuple(StoredPost(post=post, hash=mark, channel=channels[post.id]) for post, mark in posts)


def _log_edges(account: Account, before: AccountState, now: AccountState) -> None:
    """Log when an account is lost from sight and when it is seen again, never while it stays so."""
    old = before.last_error.code if before.last_error else None
    new = now.last_error.code if now.last_error else None
    if old == new:
        return
    if now.last_error is not None:
        log.warning("account cannot be seen", account=account.id, channel=now.last_error.channel, error=new, reason=now.last_error.message)
    else:
        log.info("account seen again", account=account.id, after=old)
