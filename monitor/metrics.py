"""Every metric on one page, on a registry of our own; the only importer of prometheus_client.

Two kinds. Counters and the histogram are fed while polling and live until the process ends. Gauges are a picture of a `Rollup`: each
`publish` replaces them all, so the series of an account, channel or article that is gone vanish at once. The picture is rendered when it
is published, not when it is scraped: a scrape costs the same with a hundred thousand accounts.

Labels hold names, codes and enums; never an error's text, a URL or a secret. Moments are exported as timestamps, never as ages.
"""

from __future__ import annotations

import hashlib
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Literal, TypeVar

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
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from monitor import __version__
from monitor.budgets import Usage
from monitor.errors import LOOK_ERRORS
from monitor.model import (
    Account,
    ChannelState,
    Outcome,
    Platform,
    Poll,
    RepostVerdict,
    Severity,
    Source,
    SourceState,
    Stage,
    Standing,
    Verdict,
)
from monitor.pauses import Rest
from monitor.ports import Expiry

T = TypeVar("T")
Reading = tuple[str, tuple[str, ...], float]
LetterOutcome = Literal["sent", "failed", "uncertain"]

OK = "ok"
EXCLUDED = "excluded"
"""The verdict label of accounts that are not judged: closed, exempt, or a service the profile leaves alone."""

NO_CHANNEL = "none"
OTHER = "other"
LABEL_CAP = 96
"""Characters of a label value: long enough for every honest name, short enough that a hostile roster cannot bloat the page."""

CHILDREN_CAP = 2_000
"""Label sets that polling may create; past it they are counted as `other`, for a payload must not be able to fill our memory."""

LOOK_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Buckets: a healthy look takes under a second, a look with two retries at the default time-out up to 90."""

GAUGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "zhengwu_rollup_timestamp_seconds": ("When the gauges of accounts, alerts, channels and sources were taken.", ()),
    "zhengwu_accounts": ("Accounts by verdict; excluded ones are not judged.", ("platform", "verdict")),
    "zhengwu_account_info": ("The name of a judged account.", ("account", "platform", "name")),
    "zhengwu_account_last_post_timestamp_seconds": ("When a judged account last published, as far as we know.", ("account", "platform")),
    "zhengwu_account_last_good_look_timestamp_seconds": ("When a look at an account last covered something.", ("account", "platform")),
    "zhengwu_accounts_due": ("Accounts whose next look is due.", ()),
    "zhengwu_oldest_due_timestamp_seconds": ("Since when the account that waits longest has been due; absent when none is.", ()),
    "zhengwu_alerts": ("Alerts that are alive.", ("rule", "severity", "stage")),
    "zhengwu_letters_waiting": ("Letters that are due to be sent.", ()),
    "zhengwu_channel_accounts": ("Accounts that are looked at through a channel.", ("channel",)),
    "zhengwu_channel_last_good_timestamp_seconds": ("When a channel last gave a good look; absent when it never did.", ("channel",)),
    "zhengwu_channel_failing": ("1 while a channel fails, the reason being its last error's code; else 0.", ("channel", "reason")),
    "zhengwu_channel_paused_until_timestamp_seconds": ("Until when a channel is left alone; absent when it is not.", ("channel",)),
    "zhengwu_channel_retired": ("1 when the platform closed the channel for good.", ("channel",)),
    "zhengwu_budget_used_requests": ("Requests in a window now; it is named after a lane, host or interface.", ("window", "seconds")),
    "zhengwu_budget_limit_requests": ("Requests a window may hold.", ("window", "seconds")),
    "zhengwu_lane_rests_until_timestamp_seconds": ("Until when a lane's breaker is open; absent while it is closed.", ("lane", "reason")),
    "zhengwu_credential_expiry_timestamp_seconds": ("When a token of a credential ends.", ("credential", "kind", "part")),
    "zhengwu_source_state": ("1 for the state that a source is in.", ("source", "state")),
    "zhengwu_source_newest_post_timestamp_seconds": ("When the newest post seen through a source was published.", ("source",)),
    "zhengwu_reposts": ("Accounts that owe a key article, by what they did.", ("article", "verdict")),
}


@dataclass(frozen=True, slots=True)
class Rollup:
    """What the gauges show, taken at one moment. `alerts_by` counts the alive alerts; `due` and `oldest_due_at` tell how far we lag."""

    taken_at: datetime
    standings: Sequence[tuple[Account, Standing]] = ()
    alerts_by: Mapping[tuple[str, Severity, Stage], int] = field(default_factory=dict)
    channels: Sequence[ChannelState] = ()
    sources: Sequence[Source] = ()
    reposts: Mapping[str, Mapping[RepostVerdict, int]] = field(default_factory=dict)
    due: int = 0
    oldest_due_at: datetime | None = None
    letters_waiting: int = 0
    budgets: Sequence[Usage] = ()
    rests: Sequence[Rest] = ()
    expiries: Sequence[Expiry] = ()


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
        self._make_poll_metrics()
        self._make_telling_metrics()
        self._make_process_metrics()
        self._picture = _render(_families(()))

    def _make_poll_metrics(self) -> None:
        self._polls = self._counter("zhengwu_polls", "Channels tried while polling, by how it went.", "platform", "channel", "outcome")
        self._stored = self._counter("zhengwu_posts_stored", "Posts seen for the first time and stored.", "platform")
        self._skipped = self._counter("zhengwu_items_skipped", "Items of a feed that were left out.", "channel", "reason")
        self._seconds = Histogram(
            "zhengwu_poll_duration_seconds",
            "Duration of a poll over all the channels it tried.",
            ("platform",),
            buckets=LOOK_SECONDS,
            registry=self.registry,
        )

    def _make_telling_metrics(self) -> None:
        self._letters = self._counter("zhengwu_letters", "Letters handed to the mail server, by how it went.", "outcome")
        self._changes = self._counter("zhengwu_alert_changes", "Alerts that entered a stage.", "rule", "stage")
        for outcome in ("sent", "failed", "uncertain"):
            self._letters.labels(outcome)

    def _make_process_metrics(self) -> None:
        self._unexpected = self._counter("zhengwu_unexpected_errors", "Errors nobody foresaw: bugs.", "where")
        self._store_up = Gauge("zhengwu_store_up", "1 while MongoDB answers.", registry=self.registry)
        Info("zhengwu_build", "The running version.", registry=self.registry).info({"version": __version__})
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

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
        for reason, number in outcome.skipped.items():
            self._child(self._skipped, channel, reason).inc(max(0, number))

    def observe_letter(self, outcome: LetterOutcome) -> None:
        self._letters.labels(outcome).inc()

    def observe_alert(self, rule: str, stage: Stage) -> None:
        """Count an alert that entered a stage."""
        self._child(self._changes, rule, stage).inc()

    def observe_unexpected(self, where: str) -> None:
        """Count a bug. `where` names the loop it came from, never what it said."""
        self._child(self._unexpected, where).inc()

    def observe_store(self, up: bool) -> None:
        self._store_up.set(1 if up else 0)

    def publish(self, rollup: Rollup) -> None:
        """Replace all gauges by this picture. Safe to call from a thread: the page shows the old picture or the new one, never half."""
        self._picture = _render(_families(_readings(rollup, self.per_account)))

    def render(self) -> tuple[bytes, str]:
        """Return the page and its whole Content-Type header."""
        return generate_latest(self.registry) + self._picture, CONTENT_TYPE_PLAIN_0_0_4

    def _duration(self, platform: Platform) -> Histogram:
        child = self._durations.get(platform)
        if child is None:
            child = self._durations[platform] = self._seconds.labels(platform.value)
            self._child(self._stored, platform)
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


def clean(value: str) -> str:
    """Return a label value that cannot harm the page or its reader; what was changed gets a hash, so that two never become one.

    A lone surrogate cannot be encoded and would kill the whole page; a NUL ends it for Prometheus.
    """
    if len(value) <= LABEL_CAP and value.isprintable():
        return value
    safe = "".join(character if character.isprintable() else " " for character in value[: LABEL_CAP - 9])
    return f"{safe}~{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _readings(rollup: Rollup, per_account: bool) -> Iterator[Reading]:
    yield "zhengwu_rollup_timestamp_seconds", (), rollup.taken_at.timestamp()
    yield "zhengwu_accounts_due", (), rollup.due
    yield "zhengwu_letters_waiting", (), rollup.letters_waiting
    yield from _moment("zhengwu_oldest_due_timestamp_seconds", (), rollup.oldest_due_at)
    yield from _verdicts(rollup.standings)
    if per_account:
        yield from _each(_account, rollup.standings)
    yield from (("zhengwu_alerts", (rule, *rest), number) for (rule, *rest), number in rollup.alerts_by.items())
    yield from _each(_channel, rollup.channels)
    yield from _each(_budget, rollup.budgets)
    yield from (
        ("zhengwu_lane_rests_until_timestamp_seconds", (each.lane, each.fault.code), each.until.timestamp()) for each in rollup.rests
    )
    yield from (
        ("zhengwu_credential_expiry_timestamp_seconds", (each.credential, each.kind, each.part), each.at.timestamp())
        for each in rollup.expiries
    )
    yield from _each(_source, rollup.sources)
    yield from _each(_repost, rollup.reposts.items())


def _each(read: Callable[[T], Iterator[Reading]], things: Iterable[T]) -> Iterator[Reading]:
    return chain.from_iterable(map(read, things))


def _verdicts(standings: Sequence[tuple[Account, Standing]]) -> Iterator[Reading]:
    tally = Tally((account.platform, standing.verdict) for account, standing in standings)
    for platform in {platform for platform, _ in tally}:
        for verdict in (*Verdict, None):
            yield "zhengwu_accounts", (platform.value, verdict or EXCLUDED), tally[platform, verdict]


def _account(pair: tuple[Account, Standing]) -> Iterator[Reading]:
    account, standing = pair
    if standing.verdict is None:
        return
    labels = (account.id, account.platform.value)
    yield "zhengwu_account_info", (*labels, account.name), 1
    if standing.last_post is not None:
        yield "zhengwu_account_last_post_timestamp_seconds", labels, standing.last_post.published_at.timestamp()
    if standing.last_good is not None:
        yield "zhengwu_account_last_good_look_timestamp_seconds", labels, standing.last_good.at.timestamp()


def _channel(channel: ChannelState) -> Iterator[Reading]:
    name = (channel.name,)
    failing = channel.failing_since is not None
    reason = channel.last_error.code if failing and channel.last_error else ""
    yield "zhengwu_channel_accounts", name, channel.accounts
    yield "zhengwu_channel_failing", (*name, reason), failing
    yield "zhengwu_channel_retired", name, channel.retired
    yield from _moment("zhengwu_channel_last_good_timestamp_seconds", name, channel.last_good_at)
    yield from _moment("zhengwu_channel_paused_until_timestamp_seconds", name, channel.paused_until)


def _budget(usage: Usage) -> Iterator[Reading]:
    labels = (usage.name, f"{usage.seconds:g}")
    yield "zhengwu_budget_used_requests", labels, usage.used
    yield "zhengwu_budget_limit_requests", labels, usage.requests


def _source(source: Source) -> Iterator[Reading]:
    for state in SourceState:
        yield "zhengwu_source_state", (source.name, state), state is source.state
    yield from _moment("zhengwu_source_newest_post_timestamp_seconds", (source.name,), source.newest_post_at)


def _repost(article: tuple[str, Mapping[RepostVerdict, int]]) -> Iterator[Reading]:
    for verdict in RepostVerdict:
        yield "zhengwu_reposts", (article[0], verdict), article[1].get(verdict, 0)


def _moment(name: str, labels: tuple[str, ...], moment: datetime | None) -> Iterator[Reading]:
    if moment is not None:
        yield name, labels, moment.timestamp()


class _Picture(Collector):
    def __init__(self, families: Iterable[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return self._families


def _families(readings: Iterable[Reading]) -> Iterable[GaugeMetricFamily]:
    """Return every gauge, also those without a series. Of two readings with equal labels the later counts: a page may not repeat one."""
    families = {name: GaugeMetricFamily(name, meaning, labels=labels) for name, (meaning, labels) in GAUGES.items()}
    unique = {(name, tuple(clean(str(label)) for label in labels)): value for name, labels, value in readings}
    for (name, labels), value in unique.items():
        families[name].add_metric(labels, float(value))
    return families.values()


def _render(families: Iterable[GaugeMetricFamily]) -> bytes:
    return generate_latest(_Picture(families))
