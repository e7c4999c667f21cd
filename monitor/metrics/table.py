"""Every metric of the page in one table: name, kind, unit, labels, meaning, and how many series it may have.

The registry, the gauges and docs/metrics.md are all made from it. A moment is a timestamp, an age is `time() - moment` in PromQL.
Labels hold names, codes and enums; never an error's text, a URL or a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Literal

Kind = Literal["gauge", "counter", "histogram", "live", "library"]

LOOK_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Buckets: a healthy look takes under a second, a look with two retries at the default time-out up to 90."""

MATCHING_SECONDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Buckets: a post costs a fifth of a millisecond, a first page of fifty long ones some tens, a hostile one up to a second."""

REGIONS_CAP = 500
"""Regions with series of their own: more than any province has counties and districts. The smallest beyond that are `other`."""

ARTICLES_CAP = 500
"""Live key articles with series: ten a week for a year. Beyond that those due last are shown."""

MISSING_CAP = 20_000
"""Pairs of account and article named as missing: twice a province's roster. Beyond that those of the articles due last are shown."""

CHILDREN_CAP = 2_000
"""Label sets that polling may create; past it they are counted as `other`, for a payload must not be able to fill our memory."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One family. `kind` live is a gauge that the process keeps itself, library one that prometheus_client brings.

    `bound` are the factors of the most series it may have. `per_account` ones are left out with `watch.per_account = false`.
    """

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    meaning: str
    bound: tuple[str | int, ...] = (1,)
    per_account: bool = False
    buckets: tuple[float, ...] = ()

    @property
    def type(self) -> str:
        """The type as Prometheus reads it."""
        return {"live": "gauge", "library": "counter" if self.name.endswith("_total") else "gauge"}.get(self.kind, self.kind)

    def series(self, sizes: Mapping[str, int]) -> int:
        """Return the most series there may be for a roster of these sizes; a histogram's buckets, sum and count are series each."""
        lines = len(self.buckets) + 3 if self.buckets else 1
        return lines * prod(sizes[each] if isinstance(each, str) else each for each in self.bound)


def _account(name: str, unit: str, labels: tuple[str, ...], meaning: str, bound: tuple[str | int, ...] = ("accounts",)) -> Metric:
    return Metric(name, "gauge", unit, labels, meaning, bound, per_account=True)


_IS = ("account", "platform")
_WHERE = ("platform", "region")
_MOVED = "Alerts that entered a stage, by a look, a round of judging or a person; those of accounts that left the roster are not counted."

GROUPS: Mapping[str, tuple[Metric, ...]] = {
    "Accounts, counted": (
        Metric(
            *("zhengwu_accounts", "gauge", "accounts", (*_WHERE, "verdict")),
            "Accounts by verdict: qualified, failed, undetermined; excluded ones are not judged.",
            ("platforms", "regions", 4),
        ),
        Metric(
            *("zhengwu_accounts_soon", "gauge", "accounts", _WHERE),
            "Qualified accounts with at most three days left until the line.",
            ("platforms", "regions"),
        ),
        Metric(
            *("zhengwu_accounts_idle", "gauge", "accounts", (*_WHERE, "days")),
            "Judged accounts by idle days, in the profile's unit; never: nothing was ever published; unknown: cannot be told.",
            ("platforms", "regions", 9),
        ),
        Metric(
            *("zhengwu_accounts_watched", "gauge", "accounts", ("platform",)),
            "Accounts that are to be looked at: neither closed, abandoned nor gone, with a channel that can be asked.",
            ("platforms",),
        ),
        Metric(
            *("zhengwu_accounts_behind", "gauge", "accounts", ("platform",)),
            "Of the watched accounts those whose last good look is older than twice the interval then planned.",
            ("platforms",),
        ),
        Metric("zhengwu_accounts_due", "gauge", "accounts", (), "Accounts whose next look is due."),
        Metric(
            *("zhengwu_oldest_due_timestamp_seconds", "gauge", "seconds", ()),
            "Since when the account that waits longest has been due; absent when none is.",
        ),
    ),
    "Single accounts": (
        _account("zhengwu_account_info", "1", (*_IS, "region", "unit", "name"), "1; the names of a judged account, to be joined in."),
        _account("zhengwu_account_verdict", "1", (*_IS, "verdict"), "1 for the verdict that a judged account has."),
        _account(
            *("zhengwu_account_left_until_line", "days", _IS),
            "Days until the line for a qualified account, in the profile's unit; absent where that cannot be said.",
        ),
        _account("zhengwu_account_last_post_timestamp_seconds", "seconds", _IS, "When a judged account last published, as far as we know."),
        _account(
            "zhengwu_account_last_good_look_timestamp_seconds", "seconds", _IS, "When a look at a judged account last covered something."
        ),
    ),
    "Key articles": (
        Metric("zhengwu_article_info", "gauge", "1", ("article", "title"), "1; the title of a live key article.", ("articles",)),
        Metric(
            *("zhengwu_article_published_timestamp_seconds", "gauge", "seconds", ("article",)),
            "When a live key article was published.",
            ("articles",),
        ),
        Metric(
            "zhengwu_article_due_timestamp_seconds", "gauge", "seconds", ("article",), "Until when it is to be reposted.", ("articles",)
        ),
        Metric(
            *("zhengwu_reposts", "gauge", "accounts", ("article", "verdict")),
            "Accounts that owe a key article, by what they did: done, irregular, late, missing, undetermined, not_yet.",
            ("articles", 6),
        ),
        _account(
            *("zhengwu_repost_missing_info", "1", ("article", *_IS, "region", "unit", "name")),
            "1 for each account that is missing a key article.",
            ("missing",),
        ),
    ),
    "Looks": (
        Metric(
            *("zhengwu_polls_total", "counter", "channels tried", ("platform", "channel", "outcome")),
            "Channels tried while polling, by how it went: ok or an error's code.",
            ("platforms", "adapters", "outcomes"),
        ),
        Metric(
            *("zhengwu_poll_duration_seconds", "histogram", "seconds", ("platform",)),
            "Duration of a poll over all the channels it tried.",
            ("platforms",),
            buckets=LOOK_SECONDS,
        ),
        Metric(
            *("zhengwu_look_duration_seconds", "histogram", "seconds", ("channel",)),
            "Duration of one channel's part of a poll, waiting for its turn included; a channel passed over is not counted.",
            ("adapters",),
            buckets=LOOK_SECONDS,
        ),
        Metric("zhengwu_polls_in_flight", "live", "polls", (), "Polls under way."),
        Metric(
            *("zhengwu_claims_total", "counter", "accounts", ("outcome",)),
            "Accounts claimed for a poll; of them those given back unfinished, and polls dropped since their lease had run out (stale).",
            (3,),
        ),
        Metric(
            "zhengwu_posts_stored_total", "counter", "posts", ("platform",), "Posts seen for the first time and stored.", ("platforms",)
        ),
        Metric(
            *("zhengwu_items_skipped_total", "counter", "items", ("channel", "reason")),
            "Items of a feed that were left out.",
            ("adapters", "reasons"),
        ),
        Metric(
            *("zhengwu_matching_seconds", "histogram", "seconds", ()),
            "Time to match one look's new and changed posts with the key articles.",
            buckets=MATCHING_SECONDS,
        ),
    ),
    "Channels and sources": (
        Metric(
            "zhengwu_channel_accounts", "gauge", "accounts", ("channel",), "Accounts that are looked at through a channel.", ("channels",)
        ),
        Metric(
            *("zhengwu_channel_last_good_timestamp_seconds", "gauge", "seconds", ("channel",)),
            "When a channel last gave a good look; absent when it never did.",
            ("channels",),
        ),
        Metric(
            *("zhengwu_channel_last_failed_timestamp_seconds", "gauge", "seconds", ("channel",)),
            "When a look through a channel last failed, but for accounts that are gone and our own budgets; absent when none did.",
            ("channels",),
        ),
        Metric(
            *("zhengwu_channel_failing", "gauge", "1", ("channel", "reason")),
            "1 while a channel's credential is refused (auth_error) or its interface closed (source_retired); else 0.",
            ("channels",),
        ),
        Metric(
            *("zhengwu_channel_paused_until_timestamp_seconds", "gauge", "seconds", ("channel",)),
            "Until when a channel is left alone; absent when it is not.",
            ("channels",),
        ),
        Metric(
            "zhengwu_channel_retired", "gauge", "1", ("channel",), "1 when the platform closed the channel for good; else 0.", ("channels",)
        ),
        Metric(
            *("zhengwu_budget_used_requests", "gauge", "requests", ("window", "seconds")),
            "Requests in a window now; it is named after a lane, host or interface.",
            ("windows",),
        ),
        Metric(
            "zhengwu_budget_limit_requests", "gauge", "requests", ("window", "seconds"), "Requests a window may hold.", ("windows",)
        ),
        Metric(
            *("zhengwu_lane_rests_until_timestamp_seconds", "gauge", "seconds", ("lane", "reason")),
            "Until when a lane's breaker is open; absent while it is closed.",
            ("lanes",),
        ),
        Metric(
            *("zhengwu_credential_expiry_timestamp_seconds", "gauge", "seconds", ("credential", "kind", "part")),
            "When a token of a credential ends.",
            ("tokens",),
        ),
        Metric(
            *("zhengwu_source_state", "gauge", "1", ("source", "state")),
            "1 for the state that a source is in: live, frozen or unproven; else 0.",
            ("sources", 3),
        ),
        Metric(
            *("zhengwu_source_newest_post_timestamp_seconds", "gauge", "seconds", ("source",)),
            "When the newest post seen through a source was published.",
            ("sources",),
        ),
        Metric(
            *("zhengwu_canaries", "gauge", "accounts", ("source", "state")),
            "Canaries of a source: fresh, stale (no post of late), unseen (no good look of late).",
            ("sources", 3),
        ),
    ),
    "Alerts and letters": (
        Metric("zhengwu_alerts", "gauge", "alerts", ("rule", "severity", "stage"), "Alerts that are alive.", ("rules", 4, 3)),
        Metric("zhengwu_alert_changes_total", "counter", "alerts", ("rule", "stage"), _MOVED, ("rules", 4)),
        Metric("zhengwu_letters_waiting", "gauge", "letters", (), "Letters that are owed, could go now and have not gone."),
        Metric(
            *("zhengwu_notices_held", "gauge", "pairs", ("why",)),
            "Pairs of person and alert of whom a letter is owed and cannot go now, by the reason.",
            ("waits",),
        ),
        Metric(
            *("zhengwu_outbox_oldest_timestamp_seconds", "gauge", "seconds", ()),
            "Since when the oldest letter that could go now has been owed; absent when none is.",
        ),
        Metric("zhengwu_addresses_refused", "gauge", "addresses", (), "Addresses marked as taking no mail."),
        Metric(
            *("zhengwu_letters_total", "counter", "letters", ("outcome",)),
            "Letters by how it went: sent; failed, to be tried again; uncertain whether the server took it; deferred: not taken for this "
            "address now; refused for good; broken: could not be written.",
            (6,),
        ),
        Metric(
            *("zhengwu_links_total", "counter", "links", ("outcome",)),
            "One-click links that were acted on, by how it went: done, expired, used before, forged, failed.",
            (5,),
        ),
        Metric("zhengwu_heartbeats_total", "counter", "heartbeats", ("outcome",), "Heartbeats sent to the outside, ok or failed.", (2,)),
    ),
    "The daemon": (
        Metric(
            *("zhengwu_rollup_timestamp_seconds", "gauge", "seconds", ()),
            "When the gauges of accounts, articles, alerts, channels and sources were taken.",
        ),
        Metric("zhengwu_rollup_seconds", "live", "seconds", (), "How long the last judgement of the whole roster and its page took."),
        Metric(
            *("zhengwu_series_left_out", "gauge", "series", ("metric",)),
            "Series that a metric was left without at the last picture, since there were too many.",
            (2,),
        ),
        Metric("zhengwu_store_up", "live", "1", (), "1 while MongoDB answers; else 0."),
        Metric(
            *("zhengwu_store_errors_total", "counter", "errors", ("kind",)),
            "Operations of the database that timed out (timeout) or found nobody there (away).",
            (2,),
        ),
        Metric(
            "zhengwu_unexpected_errors_total", "counter", "errors", ("where",), "Errors nobody foresaw: bugs, by their loop.", ("loops",)
        ),
        Metric(
            *("zhengwu_calendar_known_until_timestamp_seconds", "gauge", "seconds", ()),
            "End of the last year with an official calendar of working days.",
        ),
        Metric("zhengwu_build_info", "live", "1", ("version",), "1; the running version."),
    ),
    "The process": (
        Metric("process_virtual_memory_bytes", "library", "bytes", (), "Virtual memory."),
        Metric("process_resident_memory_bytes", "library", "bytes", (), "Resident memory."),
        Metric("process_start_time_seconds", "library", "seconds", (), "When the process started."),
        Metric("process_cpu_seconds_total", "library", "seconds", (), "CPU time of user and system."),
        Metric("process_open_fds", "library", "descriptors", (), "Open file descriptors."),
        Metric("process_max_fds", "library", "descriptors", (), "File descriptors there may be."),
        Metric("python_info", "library", "1", ("implementation", "major", "minor", "patchlevel", "version"), "1; the interpreter."),
        Metric("python_gc_objects_collected_total", "library", "objects", ("generation",), "Objects collected.", (3,)),
        Metric("python_gc_objects_uncollectable_total", "library", "objects", ("generation",), "Objects that could not be freed.", (3,)),
        Metric("python_gc_collections_total", "library", "collections", ("generation",), "Times a generation was collected.", (3,)),
    ),
}

METRICS: Mapping[str, Metric] = {metric.name: metric for metrics in GROUPS.values() for metric in metrics}
GAUGES: Mapping[str, Metric] = {name: metric for name, metric in METRICS.items() if metric.kind == "gauge"}
"""The picture: replaced as a whole at each judgement of the roster."""
