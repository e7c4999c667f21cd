"""Takes the tables, builds the parts, runs the loops, and stops them in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import structlog
from aiohttp import web

from monitor import history
from monitor.access.books import Books
from monitor.access.budgets import SAVE_SECONDS, Budgets
from monitor.access.credentials import CredentialBook, Vault
from monitor.access.pauses import FURTHEST_REST, Pauses
from monitor.clock import SystemClock
from monitor.committer import Committer
from monitor.embedded import Embedded
from monitor.errors import BadSettings, StoreAway
from monitor.heartbeat import Heartbeat
from monitor.intake import OpenedPosts, PushBooks
from monitor.judging import Judge, Picture
from monitor.metrics.registry import Metrics
from monitor.model import Account, AccountState, Poll, RepostStanding, Stage, Standing
from monitor.notify.post import open_post
from monitor.plugins import Tables, adapters_of, backoff_of, profile_of, rules_of
from monitor.polling import Polling
from monitor.ports import Clock
from monitor.rematching import Rematching
from monitor.reports.reporting import Reporting
from monitor.settings import EMBEDDED, Settings
from monitor.showing import Showing
from monitor.store import Store
from monitor.tasks import TaskSheet
from monitor.telling.errands import Done, Shown
from monitor.telling.outgoing import Outgoing, Roll, links_of, readers_with
from monitor.telling.records import LetterRecord
from monitor.telling.trail import Entry
from monitor.ticking import Ticking
from monitor.urgency import soon_within
from monitor.verifying import Verifying
from monitor.web import Health, Pair, build, server_log
from monitor.web.callback import Switchboard
from monitor.workdays import announce

log = structlog.get_logger("app")

WATCH_SECONDS = 5.0
"""How often to see whether our own mongod still runs."""

REMATCH_SECONDS = 5.0
"""How often to see whether key articles wait to be matched with what is stored; with nothing waiting that costs nothing."""

VERIFY_LEASE = timedelta(minutes=10)
"""How long one daemon keeps the opening of single posts to itself; a round lasts a minute or two."""

LEAVE_SECONDS = 2.0
"""What closing the console or the database may take when somebody at the other end does not answer."""

HEARTBEAT_TIMEOUT = 10.0
"""Seconds for a sign of life to be taken."""

LOOP_PATIENCE = 10
"""A loop that has not come round for so many of its periods is reported as dead by /healthz."""


class App:
    """The daemon's parts. Open it with `async with` (database, door), then `run` it, or use its parts for one command.

    Raises `BadSettings` when a channel, rule or profile named in the settings is unknown or wrongly set.
    """

    def __init__(
        self, settings: Settings, tables: Tables, clock: Clock | None = None, rng: random.Random | None = None, *, join: bool = False
    ) -> None:
        self.settings, self.tables = settings, tables
        announce(settings.calendar.holidays)
        self.clock: Clock = clock or SystemClock()
        self.rng = rng or random.Random()
        self.metrics = Metrics(per_account=settings.watch.per_account)
        self.credentials = Vault(CredentialBook(settings.credentials))
        self.rules, self.grader = rules_of(settings, tables)
        self.backoff = backoff_of(settings.schedule)
        self.budgets = Budgets(self.clock)
        self._door = tables.door(settings, self.rng, self.budgets)
        self.adapters = adapters_of(settings, tables, self._door, self.credentials)
        proxied = settings.poll.proxy_from_environment
        self.notifier = open_post(settings.smtp, settings.notify.robots, self.clock, proxy_from_environment=proxied)
        self._join = join
        self._stack = AsyncExitStack()
        self.web_address = ""
        self._beats: dict[str, tuple[float, float]] = {}
        self._embedded: Embedded | None = None

    async def __aenter__(self) -> App:
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _open(self) -> None:
        mongo = self.settings.mongo
        url = mongo.url.get_secret_value()
        if url == EMBEDDED:
            self._embedded = await self._stack.enter_async_context(Embedded(mongo.data_directory, mongo.mongod, join=self._join))
            url = self._embedded.url
        self.store = Store(url, mongo.database, poll_record_days=mongo.poll_record_days, selection_seconds=mongo.server_selection_seconds)
        self.store.seen, self.store.moved = self.metrics.observe_store_error, self.metrics.observe_alert
        self._stack.push_async_callback(self.store.leave, LEAVE_SECONDS)
        await self.store.open()
        await self.credentials.open(self.store.keepings)
        now = self.clock.now()
        self._owner = owner = f"{socket.gethostname()} {os.getpid()} {self.rng.getrandbits(32):08x}"
        await self._stack.enter_async_context(self._door)
        # A lost access is tried once after a start, since settings may have been mended; a breaker stays open over it.
        known = [each.model_copy(update={"paused_until": None}) for each in await self.store.channels()]
        self.pauses = Pauses(self.backoff, known, await self.store.keepings.breakers())
        self.budgets.resting = lambda lane: self.pauses.left(lane, self.clock.now())
        parts = (self.store.keepings, self.budgets, self.pauses, self.credentials, self.clock)
        self.books = Books(*parts, owner, daemon=not self._join)
        await self.books.open()
        self._stack.push_async_callback(self.books.close)
        self._stack.push_async_callback(self._close_adapters)
        self.judge = Judge(self.store, self.rules, self.grader, self.adapters, self.settings.guards, self.settings.matching)
        self.committer = Committer(self.store, self.clock, self.metrics.observe_store)
        self.polling = Polling(
            *(self.store, self.committer, self.judge, self.adapters, self.pauses, self.metrics, self.clock),
            *(self.settings.poll, self.backoff, owner, self.credentials.blotted),
        )
        links = await links_of(self.store, self.settings)
        self.reporting = Reporting(self.store, self, self.settings)
        readers = readers_with(self.settings, Roll(lambda: self.ticking.picture), self.notifier)
        self.outgoing = Outgoing(
            *(self.store, self.settings, self.clock, self.metrics, self.notifier, self.reporting, links, readers, owner),
            on_recheck=self.polling.wake,
            titles=self.channel_titles,
        )
        self.telling = self.outgoing.telling
        self.verifying = Verifying(OpenedPosts(self.store), self.judge, self.adapters, self.pauses, self.clock, self.metrics)
        self.showing = Showing(self.store)
        self._switchboard = Switchboard(self.adapters, self.credentials.names(), PushBooks(self.store, self.judge), self.clock)
        looks_end = timedelta(seconds=self.settings.judge.tick_seconds + self.settings.poll.lease_seconds)
        self.rematching = Rematching(self.store, self.judge, self.clock, owner, looks_end)
        self.ticking = Ticking(
            *(self.store, self.judge, self.polling, self.telling, self.metrics, self.clock),
            *(self.adapters, self.pauses, self.budgets, self.credentials),
            furthest_rest=self._furthest_rest,
            solve_seconds=self.settings.schedule.solve_seconds,
        )
        await self.judge.refresh_articles(now)

    async def _close_adapters(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await asyncio.gather(*(adapter.close() for adapter in self.adapters.values()), return_exceptions=True)

    # -- running ------------------------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; then claim nothing more, finish or give back what is under way, and write what is finished."""
        rematch_seconds = min(REMATCH_SECONDS, self.settings.judge.tick_seconds)
        async with AsyncExitStack() as stack:
            if self.settings.web.enabled:
                await self._serve(stack)
            committing = asyncio.create_task(self.committer.run(), name="commit")
            polling = asyncio.create_task(self._poll_loop(stop), name="poll")
            loops = [
                asyncio.create_task(self._every("judge", self.settings.judge.tick_seconds, self.ticking.tick, stop), name="judge"),
                asyncio.create_task(self._every("tell", lambda: self.telling.pause, self.telling.round, stop), name="tell"),
                polling,
                asyncio.create_task(self._every("verify", self.settings.poll.verify_seconds, self._verify, stop), name="verify"),
                asyncio.create_task(self._every("rematch", rematch_seconds, self.rematching.round, stop), name="rematch"),
                asyncio.create_task(self._every("books", SAVE_SECONDS, self.books.save, stop), name="books"),
                asyncio.create_task(self._every("database", WATCH_SECONDS, self._watch_database, stop), name="database"),
            ]
            if self.settings.watch.heartbeat_url.get_secret_value():
                beat = self._every("heartbeat", self.settings.watch.heartbeat_seconds, self._heartbeat().round, stop)
                loops.append(asyncio.create_task(beat, name="heartbeat"))
            log.info("started", accounts=(await self.store.counts(self.clock.now()))["accounts"], console=self.web_address)
            await stop.wait()
            log.info("stopping")
            # First the loop that claims, so that nothing is claimed that nobody would give back.
            self.polling.wake()
            await asyncio.wait({polling}, timeout=self.settings.poll.stop_seconds / 4)
            await self.polling.finish(self.settings.poll.stop_seconds)
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            committing.cancel()
            await asyncio.gather(committing, return_exceptions=True)
            log.info("stopped")

    def _heartbeat(self) -> Heartbeat:
        async def ask(url: str) -> object:
            return await self._door.fetch("heartbeat", url, redirects=0, seconds=HEARTBEAT_TIMEOUT)

        return Heartbeat(self.settings.watch.heartbeat_url, ask, self.health, self.metrics.observe_heartbeat)

    async def _watch_database(self) -> None:
        """Start our own mongod again when it has died (its journal brings the data back); note whether the database answers."""
        if self._embedded is not None and self._embedded.died:
            log.error("the embedded mongod has died and is started again")
            await self._embedded.start()
        # Asked on its own: after a moment's absence the next to notice may be the judgement, minutes later.
        await self.store.ping()
        self.metrics.observe_store(True)

    async def _verify(self) -> None:
        """Open posts that wait for it; one daemon at a time, since a platform shows single pages to one slow reader only."""
        if await self.store.hold("verifying", self._owner, self.clock.now(), VERIFY_LEASE):
            await self.verifying.round()

    async def _poll_loop(self, stop: asyncio.Event) -> None:
        # The first picture comes before the first look, so that no look is judged without knowing the sources.
        await self._first_tick(stop)
        while not stop.is_set():
            await self._guarded("poll", lambda: self.polling.run(stop))

    async def _first_tick(self, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        ticked = asyncio.create_task(self.ticking.done.wait())
        await asyncio.wait({stopping, ticked}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        ticked.cancel()

    async def _every(
        self, name: str, pause: float | Callable[[], float], once: Callable[[], Awaitable[object]], stop: asyncio.Event
    ) -> None:
        """Do something at an interval until `stop`. The database may go away and anything may fail: the loop lives on."""
        while not stop.is_set():
            await self._guarded(name, once)
            seconds = pause() if callable(pause) else pause
            self._beats[name] = (self.clock.elapsed(), seconds)
            try:
                await asyncio.wait_for(stop.wait(), timeout=seconds)
            except TimeoutError:
                continue

    async def _guarded(self, name: str, once: Callable[[], Awaitable[object]]) -> None:
        try:
            await once()
        except StoreAway as error:
            self.metrics.observe_store(False)
            log.warning("database away", loop=name, reason=str(error))
        except Exception:
            self.metrics.observe_unexpected(name)
            log.exception("a loop failed and goes on", loop=name)
            await self.clock.sleep(1.0)

    @property
    def _furthest_rest(self) -> timedelta:
        longest = max((max(adapter.settings.breaker_minutes) for adapter in self.adapters.values()), default=0.0)
        return max(FURTHEST_REST, timedelta(minutes=longest), timedelta(seconds=self.backoff.auth))

    # -- the console --------------------------------------------------------------------------------------------------------

    async def _serve(self, stack: AsyncExitStack) -> None:
        console = build(self, self.metrics.render, self._switchboard)
        runner = web.AppRunner(console, access_log=None, logger=server_log(), shutdown_timeout=LEAVE_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self.settings.web.host, self.settings.web.port)
        try:
            await site.start()
        except OSError as error:
            raise BadSettings(
                [f"web.host/web.port：无法在 {self.settings.web.host}:{self.settings.web.port} 上监听（{error.strerror}）"]
            ) from error
        host, port = runner.addresses[0][:2]
        self.web_address = f"http://{host}:{port}/"

    @property
    def picture(self) -> Picture | None:
        """What the last tick saw; None before the first."""
        return self.ticking.picture

    @property
    def soon_within(self) -> str:
        return soon_within(getattr(self.grader, "unit", "days"))

    @property
    def channel_titles(self) -> Mapping[str, str]:
        """What people read for each channel of the tables, switched on or not: what it showed before still stands."""
        return {name: adapter.title for name, adapter in self.tables.adapters.items()}

    @property
    def profile_title(self) -> str:
        return str(getattr(self.grader, "title", "") or self.grader.profile)

    @property
    def public_url(self) -> str:
        return self.settings.web.public_url

    def now(self) -> datetime:
        return self.clock.now()

    async def rows(self) -> list[tuple[Account, Standing]]:
        """Return every account with its standing, as of the last tick."""
        return self.picture.standings if self.picture else []

    async def sheets(self) -> Sequence[TaskSheet]:
        """Return every live key article with what its audience did, as of the last tick."""
        return await self.showing.sheets(self.picture, self.judge.live, self.clock.now())

    async def pair(self, article_id: str, account_id: str) -> Pair | None:
        return await self.showing.pair(await self.sheets(), self.judge.index, article_id, account_id, self.clock.now())

    async def letters(self, search: str, outcome: str, skip: int, limit: int) -> tuple[Sequence[LetterRecord], int]:
        return await self.store.correspondence.letters_found(search, outcome, skip, limit)

    async def letter(self, number: str) -> tuple[LetterRecord, Sequence[Entry]] | None:
        return await self.showing.letter(number)

    async def errand(self, token: str) -> Shown:
        return await self.outgoing.errands.look(token, self.clock.now())

    async def run_errand(self, token: str) -> Done:
        return await self.outgoing.errands.act(token, self.clock.now())

    async def open_alerts(self) -> int:
        return len(await self.store.alerts([Stage.OPEN]))

    async def health(self) -> Health:
        """Alive while every loop comes round; ready when the database answers and the first tick is done."""
        now = self.clock.elapsed()
        beats = {**self._beats, "poll": (self.polling.came_round_at or now, self.settings.poll.idle_seconds)}
        dead = [name for name, (beat, seconds) in beats.items() if now - beat > LOOP_PATIENCE * max(seconds, 60.0)]
        reasons = [f"loop {name} has stopped" for name in dead]
        try:
            await asyncio.wait_for(self.store.ping(), timeout=2.0)
        except (StoreAway, TimeoutError):
            reasons.append("the database does not answer")
        if not self.ticking.done.is_set():
            reasons.append("the first judgement is not done")
        return Health(alive=not dead, ready=not reasons, reasons=tuple(reasons))

    # -- for commands -------------------------------------------------------------------------------------------------------

    def lanes(self, accounts: list[Account]) -> dict[str, str]:
        """Return what each account's looks queue behind."""
        return {account.id: self.polling.lane_of(account) for account in accounts}

    async def standings(self) -> list[tuple[Account, Standing]]:
        """Judge the whole roster as it stands, and return it."""
        return (await self.ticking.look(self.clock.now())).standings

    async def repost_standings(self) -> list[RepostStanding]:
        return self.picture.reposts if self.picture else []

    async def standings_at(self, moment: datetime, profile: str | None = None) -> history.Judgement:
        """Judge the whole roster as of a past moment, under any profile. Raises `BadSettings` for an unknown one."""
        grader = profile_of(self.settings, self.tables, profile or self.settings.judge.profile)
        first_hand = {name: adapter.first_hand for name, adapter in self.adapters.items()}
        return await history.judge_at(self.store, grader, first_hand, self.settings.guards, moment, self.judge.name_of)

    async def poll_now(self, ids: list[str]) -> dict[str, Poll]:
        """Look at these accounts once, and write what was seen."""
        await self.judge.look_around(self.clock.now())
        committing = asyncio.create_task(self.committer.run())
        try:
            return await self.polling.poll_now(ids)
        finally:
            committing.cancel()

    async def states(self, ids: list[str]) -> dict[str, AccountState]:
        return await self.store.states(ids)


def settle_memory() -> None:
    """Spare the collector what stays for good: modules and tables. A daemon makes many short-lived values and hardly a cycle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
