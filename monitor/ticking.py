"""The tick: the whole roster judged, and the picture of it that console, digests and metrics show."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from monitor.access.budgets import Budgets
from monitor.access.credentials import Vault
from monitor.access.pauses import Pauses
from monitor.freshness import duties
from monitor.judging import Judge
from monitor.metrics.registry import Metrics, Rollup
from monitor.model import Severity, Stage, end_of_day
from monitor.picture import Picture
from monitor.polling import Polling
from monitor.ports import Adapter, Clock
from monitor.schedule import post_rate, solve
from monitor.store import Store
from monitor.telling.rounds import Telling
from monitor.workdays import known_until

log = structlog.get_logger("app")

DAY_SECONDS = 86_400.0
FURTHEST_PLAN = timedelta(days=3)
"""No look is ever planned so far ahead; whatever is, was planned by a clock that ran ahead."""

TRAIL_LOOK_BACK = timedelta(days=30)
"""How long a daemon may have been away after a kill and still complete the audit log for alerts that ended."""
TRAIL_SETTLES = timedelta(minutes=1)
"""A step is noted within a moment of being written; one that still lacks its note after so long was left behind."""


class Ticking:
    """Judges every account on the clock, so that a deadline is judged in time without a look. `done` is set after the first tick.

    It heals what a clock that ran ahead or a kill left behind, and solves how often each channel is asked.
    """

    def __init__(
        self,
        store: Store,
        judge: Judge,
        polling: Polling,
        telling: Telling,
        metrics: Metrics,
        clock: Clock,
        adapters: Mapping[str, Adapter],
        pauses: Pauses,
        budgets: Budgets,
        credentials: Vault,
        *,
        furthest_rest: timedelta,
        solve_seconds: float,
    ) -> None:
        self._store, self._judge, self._polling, self._telling = store, judge, polling, telling
        self._metrics, self._clock, self._adapters = metrics, clock, adapters
        self._pauses, self._budgets, self._credentials = pauses, budgets, credentials
        self._furthest_rest, self._solve_seconds = furthest_rest, solve_seconds
        self._solved_at: datetime | None = None
        self._began_at: datetime | None = None
        self._trail_whole = False
        self.picture: Picture | None = None
        self.done = asyncio.Event()

    async def look(self, now: datetime) -> Picture:
        """Judge the whole roster as it stands, and keep and return the picture."""
        self.picture = await self._judge.tick(now)
        return self.picture

    async def tick(self) -> None:
        """Heal, judge, plan, and show the picture."""
        now, begun = self._clock.now(), self._clock.elapsed()
        await self._heal(now)
        picture = await self._judge.tick(now)
        for account, _ in picture.activity:
            # So that the first claim already knows what queues behind what.
            self._polling.lane_of(account)
        self._pauses.count(picture.served)
        await self._store.put_channels(self._pauses.changed())
        await self._judge.judge_channels(self._pauses.states(), self._credentials.expiries(), now)
        self._solve_paces(picture, now)
        paces = {name: self._polling.pace(name) for name, adapter in self._adapters.items() if adapter.polled and not adapter.verifies}
        picture.duties = await asyncio.to_thread(duties, picture.activity, paces, now)
        picture.activity = []
        self.picture = picture
        await self._publish(picture, now)
        self._metrics.observe_rollup(self._clock.elapsed() - begun)
        self._metrics.observe_store(True)
        self.done.set()

    async def _heal(self, now: datetime) -> None:
        await self._complete_trail(now)
        healed = await self._store.heal_clock(now, FURTHEST_PLAN)
        if healed:
            log.warning("accounts were planned too far ahead and are due now: did the clock run ahead?", accounts=healed)
        if self._pauses.heal(now, self._furthest_rest):
            log.warning("channels rested too far ahead and are tried now: did the clock run ahead?")

    async def _complete_trail(self, now: datetime) -> None:
        """A step is noted right after it is written; a kill in between leaves the log without it until the next start.

        Whoever is started again at once finds such a step too young: it is looked for again until none from before the start is.
        """
        if self._trail_whole:
            return
        self._began_at = self._began_at or now
        noted = await self._store.complete_trail(now - TRAIL_LOOK_BACK, now - TRAIL_SETTLES)
        if noted:
            log.warning("steps of alerts were missing from the audit log and are noted now", steps=noted)
        self._trail_whole = now - self._began_at > TRAIL_SETTLES

    def _solve_paces(self, picture: Picture, now: datetime) -> None:
        """Solve each channel's pace anew, now and then: post rates move slowly, and a large roster makes it costly."""
        if self._solved_at is not None and (now - self._solved_at).total_seconds() < self._solve_seconds:
            return
        self._solved_at = now
        by_channel: dict[str, list[float]] = {}
        for account, state in picture.activity:
            if account.channels:
                by_channel.setdefault(account.channels[0].adapter, []).append(post_rate(state, now))
        for name, rates in by_channel.items():
            adapter = self._adapters.get(name)
            if adapter is not None:
                wishes = adapter.settings
                shortest, longest = wishes.min_interval_minutes * 60, wishes.max_interval_minutes * 60
                self._polling.paces[name] = solve(rates, wishes.daily_budget / DAY_SECONDS, shortest, longest)

    async def _publish(self, picture: Picture, now: datetime) -> None:
        alerts: Counter[tuple[str, Severity, Stage]] = Counter(
            (a.finding.rule, a.finding.severity, a.stage) for a in await self._store.alerts([Stage.PENDING, Stage.HELD, Stage.OPEN])
        )
        rollup = Rollup(
            taken_at=now,
            standings=picture.standings,
            duties=picture.duties,
            articles=self._judge.live,
            reposts=picture.reposts,
            alerts_by=alerts,
            channels=self._pauses.states(),
            sources=list(picture.sources.values()),
            due=(await self._store.counts(now))["due"],
            oldest_due_at=await self._store.oldest_due(now),
            letters_waiting=self._telling.waiting,
            outbox_oldest=self._telling.oldest,
            held=self._telling.held,
            addresses_refused=self._telling.refused_addresses,
            budgets=self._budgets.usage(),
            rests=self._pauses.rests(now),
            expiries=self._credentials.expiries(),
            calendar_until=end_of_day(known_until()),
        )
        # Some 20 µs an account: with a large roster too long for the loop that also polls.
        await asyncio.to_thread(self._metrics.publish, rollup)
