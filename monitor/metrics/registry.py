"""Every metric on one page, on a registry of our own; the only importer of prometheus_client.

Two kinds. Counters and histograms are fed while polling and live until the process ends. Gauges are a picture of a `Rollup`: each
`publish` replaces them all, so the series of an account, channel or article that is gone vanish at once. The picture is rendered when it
is published, not when it is scraped: a scrape costs the same with a hundred thousand accounts.

What there is, and what it means, stands in `monitor.metrics.table`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from monitor import __version__
from monitor.errors import LOOK_ERRORS
from monitor.metrics.exposition import clean, page
from monitor.metrics.gauges import OTHER, families
from monitor.metrics.rollup import Rollup as Rollup
from monitor.metrics.table import CHILDREN_CAP, GAUGES, METRICS
from monitor.model import Account, Outcome, Platform, Poll, Stage

LetterOutcome = Literal["sent", "failed", "uncertain", "deferred", "refused", "broken"]
LinkOutcome = Literal["done", "expired", "used", "forged", "failed"]
HeartbeatOutcome = Literal["ok", "failed"]
ClaimOutcome = Literal["claimed", "stale", "given_back"]
StoreError = Literal["timeout", "away"]

OK = "ok"
NO_CHANNEL = "none"


class Metrics:
    """Counts what happens and shows the last rollup. `per_account` False leaves out the series of single accounts."""

    def __init__(self, *, per_account: bool = True) -> None:
        # The moment a counter was created helps nobody here and doubles the page. Named, as the library leaves it untyped.
        leave_out_created: Callable[[], None] = disable_created_metrics
        leave_out_created()
        self.per_account = per_account
        self.registry = CollectorRegistry()
        self._children: dict[tuple[str, ...], Counter] = {}
        self._durations: dict[Platform, Histogram] = {}
        self._looks: dict[str, Histogram] = {}
        self._make_poll_metrics()
        self._make_telling_metrics()
        self._make_process_metrics()
        self._picture = page((metric, ()) for metric in GAUGES.values())

    def _make_poll_metrics(self) -> None:
        self._polls = self._counter("zhengwu_polls_total")
        self._stored = self._counter("zhengwu_posts_stored_total")
        self._skipped = self._counter("zhengwu_items_skipped_total")
        self._poll_seconds = self._histogram("zhengwu_poll_duration_seconds")
        self._look_seconds = self._histogram("zhengwu_look_duration_seconds")
        self._matching_seconds = self._histogram("zhengwu_matching_seconds")
        self._in_flight = self._live("zhengwu_polls_in_flight")
        self._claims = self._counter("zhengwu_claims_total", get_args(ClaimOutcome))

    def _make_telling_metrics(self) -> None:
        self._changes = self._counter("zhengwu_alert_changes_total")
        self._letters = self._counter("zhengwu_letters_total", get_args(LetterOutcome))
        self._links = self._counter("zhengwu_links_total", get_args(LinkOutcome))
        self._heartbeats = self._counter("zhengwu_heartbeats_total", get_args(HeartbeatOutcome))

    def _make_process_metrics(self) -> None:
        self._unexpected = self._counter("zhengwu_unexpected_errors_total")
        self._store_errors = self._counter("zhengwu_store_errors_total", get_args(StoreError))
        self._store_up = self._live("zhengwu_store_up")
        self._rollup_seconds = self._live("zhengwu_rollup_seconds")
        build = METRICS["zhengwu_build_info"]
        Info(build.name.removesuffix("_info"), build.meaning, registry=self.registry).info({"version": __version__})
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def _counter(self, name: str, shown: Iterable[str] = ()) -> Counter:
        """Make a counter of the table; of its only label these values are shown before they happen: a rate needs the zero before."""
        counter = Counter(name.removesuffix("_total"), METRICS[name].meaning, METRICS[name].labels, registry=self.registry)
        for value in shown:
            counter.labels(value)
        return counter

    def _histogram(self, name: str) -> Histogram:
        metric = METRICS[name]
        return Histogram(name, metric.meaning, metric.labels, buckets=metric.buckets, registry=self.registry)

    def _live(self, name: str) -> Gauge:
        return Gauge(name, METRICS[name].meaning, registry=self.registry)

    # -- looking ------------------------------------------------------------------------------------------------------------

    def observe_poll(self, poll: Poll, account: Account, new_posts: int) -> None:
        """Count one poll: every channel it tried, the items left out, the posts stored, and how long it took."""
        platform = account.platform
        self._duration(platform).observe(poll.seconds)
        for outcome in poll.outcomes:
            self._observe_outcome(platform, outcome)
        if not poll.outcomes:
            self._child(self._polls, platform, NO_CHANNEL, poll.fault.code if poll.fault else OK).inc()
        if new_posts > 0:
            self._child(self._stored, platform).inc(new_posts)

    def _observe_outcome(self, platform: Platform, outcome: Outcome) -> None:
        channel = outcome.channel.adapter
        self._child(self._polls, platform, channel, outcome.fault.code if outcome.fault else OK).inc()
        if not outcome.passed_over:
            self._look(channel).observe(outcome.seconds)
        for reason, number in outcome.skipped.items():
            self._child(self._skipped, channel, reason).inc(max(0, number))

    def observe_claims(self, outcome: ClaimOutcome, number: int = 1) -> None:
        """Count accounts that were claimed for a poll, given back, or found taken by somebody else when it ended."""
        self._claims.labels(outcome).inc(number)

    def watch_in_flight(self, count: Callable[[], float]) -> None:
        """Ask this for the polls under way, at each scrape."""
        self._in_flight.set_function(count)

    def observe_matching(self, seconds: float) -> None:
        self._matching_seconds.observe(seconds)

    # -- telling ------------------------------------------------------------------------------------------------------------

    def observe_letter(self, outcome: LetterOutcome) -> None:
        self._letters.labels(outcome).inc()

    def observe_link(self, outcome: LinkOutcome) -> None:
        self._links.labels(outcome).inc()

    def observe_heartbeat(self, outcome: HeartbeatOutcome) -> None:
        self._heartbeats.labels(outcome).inc()

    def observe_alert(self, rule: str, stage: Stage) -> None:
        """Count an alert that entered a stage."""
        self._child(self._changes, rule, stage).inc()

    # -- the daemon ---------------------------------------------------------------------------------------------------------

    def observe_unexpected(self, where: str) -> None:
        """Count a bug. `where` names the loop it came from, never what it said."""
        self._child(self._unexpected, where).inc()

    def observe_store(self, up: bool) -> None:
        self._store_up.set(1 if up else 0)

    def observe_store_error(self, kind: StoreError) -> None:
        self._store_errors.labels(kind).inc()

    def observe_rollup(self, seconds: float) -> None:
        """Note how long judging the whole roster and rendering its page took."""
        self._rollup_seconds.set(seconds)

    # -- the page -----------------------------------------------------------------------------------------------------------

    def publish(self, rollup: Rollup) -> None:
        """Replace all gauges by this picture. Safe to call from a thread: the page shows the old picture or the new one, never half."""
        self._picture = page(families(rollup, self.per_account))

    def render(self) -> tuple[bytes, str]:
        """Return the page and its whole Content-Type header."""
        return generate_latest(self.registry) + self._picture, CONTENT_TYPE_PLAIN_0_0_4

    # -- children -----------------------------------------------------------------------------------------------------------

    def _duration(self, platform: Platform) -> Histogram:
        child = self._durations.get(platform)
        if child is None:
            child = self._durations[platform] = self._poll_seconds.labels(platform.value)
            self._child(self._stored, platform)
        return child

    def _look(self, channel: str) -> Histogram:
        child = self._looks.get(channel)
        if child is None:
            child = self._looks[channel] = self._look_seconds.labels(clean(channel))
        return child

    def _child(self, counter: Counter, *labels: str) -> Counter:
        """Return the counter's child; looked up in our own dict, as `labels()` costs several times that and this runs on every poll."""
        # The name keeps children of equal labels apart; it is an attribute, and cheaper to hash than the counter.
        key = (counter._name, *labels)
        child = self._children.get(key)
        return self._new_child(counter, key) if child is None else child

    def _new_child(self, counter: Counter, key: tuple[str, ...]) -> Counter:
        if len(self._children) >= CHILDREN_CAP:
            return counter.labels(*(OTHER for _ in key[1:]))
        if counter is self._polls:
            self._announce(key[1], key[2])
        child = self._children[key] = counter.labels(*(clean(str(label)) for label in key[1:]))
        return child

    def _announce(self, platform: str, channel: str) -> None:
        """Show a channel's every outcome from its first poll on: a rate needs the zero before the first failure, or success."""
        for code in (OK, *(error.code for error in LOOK_ERRORS)):
            self._polls.labels(clean(str(platform)), clean(channel), code)
