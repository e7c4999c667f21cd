"""The samples of every gauge, read from a rollup. Pure; one line of the table `READERS` per gauge, each read on its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from itertools import islice

from monitor.metrics.exposition import Sample
from monitor.metrics.rollup import Rollup
from monitor.metrics.table import ARTICLES_CAP, GAUGES, MISSING_CAP, REGIONS_CAP, Metric
from monitor.model import Account, Article, CanaryState, RepostStanding, RepostVerdict, SourceState, Standing, Verdict
from monitor.telling.reasons import Why
from monitor.urgency import is_soon

EXCLUDED = "excluded"
"""The verdict label of accounts that are not judged: closed, exempt, or a service the profile leaves alone."""

NO_REGION = "none"
OTHER = "other"

IDLE_BANDS = ((6, "0-6"), (9, "7-9"), (12, "10-12"), (13, "13"), (29, "14-29"), (59, "30-59"))
"""The last day of each band: a week is quiet, ten days are the reminder, thirteen the last day, fourteen the line."""
LONGEST, NEVER, UNKNOWN = "60+", "never", "unknown"

Samples = Iterator[Sample]
Where = tuple[str, str]


def families(rollup: Rollup, per_account: bool) -> Iterator[tuple[Metric, Iterable[Sample]]]:
    """Yield every gauge with its samples, in the table's order; those of single accounts have none unless `per_account`."""
    shown = Shown(rollup)
    for name, metric in GAUGES.items():
        yield metric, READERS[name](shown) if per_account or not metric.per_account else ()


class Shown:
    """A rollup with what several gauges need of it, worked out once."""

    def __init__(self, rollup: Rollup) -> None:
        self.rollup = rollup

    @cached_property
    def regions(self) -> Mapping[str, str]:
        """The label of each region of the roster: its own for the largest, `other` for the rest."""
        sizes = Counter(account.region for account, _ in self.rollup.standings)
        ranked = sorted(sizes, key=lambda region: (-sizes[region], region))
        return {region: (region or NO_REGION) if place < REGIONS_CAP else OTHER for place, region in enumerate(ranked)}

    @cached_property
    def judged(self) -> list[tuple[Account, Standing]]:
        return [(account, standing) for account, standing in self.rollup.standings if standing.verdict is not None]

    @cached_property
    def places(self) -> list[Where]:
        """Every platform and region with an account: their counts are shown even at zero."""
        return sorted({self.where(account) for account, _ in self.rollup.standings})

    @cached_property
    def articles(self) -> list[Article]:
        """The live articles that are shown, those due last first."""
        return sorted(self.rollup.articles, key=lambda article: (article.due_at, article.id), reverse=True)[:ARTICLES_CAP]

    @cached_property
    def missing(self) -> list[RepostStanding]:
        return [each for each in self.rollup.reposts if each.verdict is RepostVerdict.MISSING]

    def where(self, account: Account) -> Where:
        return account.platform.value, self.regions[account.region]


# -- accounts ---------------------------------------------------------------------------------------------------------------


def _verdicts(shown: Shown) -> Samples:
    tally = Counter((shown.where(account), standing.verdict) for account, standing in shown.rollup.standings)
    for where in shown.places:
        for verdict in (*Verdict, None):
            yield (*where, verdict or EXCLUDED), tally[where, verdict]


def _soon(shown: Shown) -> Samples:
    tally = Counter(shown.where(account) for account, standing in shown.judged if is_soon(standing))
    return ((where, tally[where]) for where in shown.places)


def _idle(shown: Shown) -> Samples:
    tally = Counter((shown.where(account), idle_band(standing)) for account, standing in shown.judged)
    bands = (*(band for _, band in IDLE_BANDS), LONGEST, NEVER, UNKNOWN)
    return (((*where, band), tally[where, band]) for where in shown.places for band in bands)


def idle_band(standing: Standing) -> str:
    """Return the band of a judged account's idle days. Of an undetermined one nobody knows how long it has been silent."""
    if standing.verdict is Verdict.UNDETERMINED:
        return UNKNOWN
    if standing.idle_days is None:
        return NEVER if standing.last_post is None else UNKNOWN
    days = standing.idle_days
    return next((band for last, band in IDLE_BANDS if days <= last), LONGEST)


def _is(account: Account) -> tuple[str, str]:
    return account.id, account.platform.value


def _names(shown: Shown, account: Account) -> tuple[str, ...]:
    return (*_is(account), shown.regions[account.region], account.unit, account.name)


def _days_left(shown: Shown) -> Samples:
    for account, standing in shown.judged:
        if standing.verdict is Verdict.QUALIFIED and standing.days_left is not None:
            yield _is(account), standing.days_left


def _last_posts(shown: Shown) -> Samples:
    return ((_is(account), each.last_post.published_at.timestamp()) for account, each in shown.judged if each.last_post is not None)


def _last_good_looks(shown: Shown) -> Samples:
    return ((_is(account), each.last_good.at.timestamp()) for account, each in shown.judged if each.last_good is not None)


# -- key articles -----------------------------------------------------------------------------------------------------------


def _reposts(shown: Shown) -> Samples:
    tally = Counter((each.article_id, each.verdict) for each in shown.rollup.reposts)
    return (((article.id, verdict), tally[article.id, verdict]) for article in shown.articles for verdict in RepostVerdict)


def _missing(shown: Shown) -> Samples:
    accounts = {account.id: account for account, _ in shown.rollup.standings}
    places = {article.id: place for place, article in enumerate(shown.articles)}
    known = (each for each in shown.missing if each.article_id in places and each.account_id in accounts)
    ranked = sorted(known, key=lambda each: (places[each.article_id], each.account_id))
    return (((each.article_id, *_names(shown, accounts[each.account_id])), 1) for each in islice(ranked, MISSING_CAP))


def _left_out(shown: Shown) -> Samples:
    yield ("zhengwu_article_info",), max(0, len(shown.rollup.articles) - ARTICLES_CAP)
    yield ("zhengwu_repost_missing_info",), max(0, len(shown.missing) - MISSING_CAP)


# -- channels, sources, letters ---------------------------------------------------------------------------------------------


def _failing(shown: Shown) -> Samples:
    for channel in shown.rollup.channels:
        failing = channel.failing_since is not None
        reason = channel.last_error.code if failing and channel.last_error else ""
        yield (channel.name, reason), failing


def _states(shown: Shown) -> Samples:
    return (((source.name, state), state is source.state) for source in shown.rollup.sources for state in SourceState)


def _canaries(shown: Shown) -> Samples:
    return (((each.name, state), each.canaries.get(state, 0)) for each in shown.rollup.sources for state in CanaryState)


def _held(shown: Shown) -> Samples:
    return (((why.value,), shown.rollup.held.get(why.value, 0)) for why in Why if why.waits)


def _moments(pairs: Iterable[tuple[str, datetime | None]]) -> Samples:
    """Return the moments that are known; what is not is absent, and not in 1970."""
    return (((name,), moment.timestamp()) for name, moment in pairs if moment is not None)


def _one(moment: datetime | None) -> Samples:
    return (((), each.timestamp()) for each in (moment,) if each is not None)


READERS: Mapping[str, Callable[[Shown], Iterable[Sample]]] = {
    "zhengwu_accounts": _verdicts,
    "zhengwu_accounts_soon": _soon,
    "zhengwu_accounts_idle": _idle,
    "zhengwu_accounts_watched": lambda shown: [((platform,), duty.watched) for platform, duty in shown.rollup.duties.items()],
    "zhengwu_accounts_behind": lambda shown: [((platform,), duty.behind) for platform, duty in shown.rollup.duties.items()],
    "zhengwu_accounts_due": lambda shown: [((), shown.rollup.due)],
    "zhengwu_oldest_due_timestamp_seconds": lambda shown: _one(shown.rollup.oldest_due_at),
    "zhengwu_account_info": lambda shown: ((_names(shown, account), 1) for account, _ in shown.judged),
    "zhengwu_account_verdict": lambda shown: (((*_is(account), str(each.verdict)), 1) for account, each in shown.judged),
    "zhengwu_account_left_until_line": _days_left,
    "zhengwu_account_last_post_timestamp_seconds": _last_posts,
    "zhengwu_account_last_good_look_timestamp_seconds": _last_good_looks,
    "zhengwu_article_info": lambda shown: (((each.id, each.title), 1) for each in shown.articles),
    "zhengwu_article_published_timestamp_seconds": lambda shown: _moments((each.id, each.published_at) for each in shown.articles),
    "zhengwu_article_due_timestamp_seconds": lambda shown: _moments((each.id, each.due_at) for each in shown.articles),
    "zhengwu_reposts": _reposts,
    "zhengwu_repost_missing_info": _missing,
    "zhengwu_channel_accounts": lambda shown: [((each.name,), each.accounts) for each in shown.rollup.channels],
    "zhengwu_channel_last_good_timestamp_seconds": lambda shown: _moments((each.name, each.last_good_at) for each in shown.rollup.channels),
    "zhengwu_channel_last_failed_timestamp_seconds": lambda shown: _moments(
        (each.name, each.last_failed_at) for each in shown.rollup.channels
    ),
    "zhengwu_channel_failing": _failing,
    "zhengwu_channel_paused_until_timestamp_seconds": lambda shown: _moments(
        (each.name, each.paused_until) for each in shown.rollup.channels
    ),
    "zhengwu_channel_retired": lambda shown: [((each.name,), each.retired) for each in shown.rollup.channels],
    "zhengwu_budget_used_requests": lambda shown: [((each.name, f"{each.seconds:g}"), each.used) for each in shown.rollup.budgets],
    "zhengwu_budget_limit_requests": lambda shown: [((each.name, f"{each.seconds:g}"), each.requests) for each in shown.rollup.budgets],
    "zhengwu_lane_rests_until_timestamp_seconds": lambda shown: [
        ((each.lane, each.fault.code), each.until.timestamp()) for each in shown.rollup.rests
    ],
    "zhengwu_credential_expiry_timestamp_seconds": lambda shown: [
        ((each.credential, each.kind, each.part), each.at.timestamp()) for each in shown.rollup.expiries
    ],
    "zhengwu_source_state": _states,
    "zhengwu_source_newest_post_timestamp_seconds": lambda shown: _moments(
        (each.name, each.newest_post_at) for each in shown.rollup.sources
    ),
    "zhengwu_canaries": _canaries,
    "zhengwu_alerts": lambda shown: shown.rollup.alerts_by.items(),
    "zhengwu_letters_waiting": lambda shown: [((), shown.rollup.letters_waiting)],
    "zhengwu_notices_held": _held,
    "zhengwu_outbox_oldest_timestamp_seconds": lambda shown: _one(shown.rollup.outbox_oldest),
    "zhengwu_addresses_refused": lambda shown: [((), shown.rollup.addresses_refused)],
    "zhengwu_rollup_timestamp_seconds": lambda shown: _one(shown.rollup.taken_at),
    "zhengwu_series_left_out": _left_out,
    "zhengwu_calendar_known_until_timestamp_seconds": lambda shown: _one(shown.rollup.calendar_until),
}
