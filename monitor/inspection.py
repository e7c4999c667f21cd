"""Guards against false accusation, and the counting of verdicts. Pure: values in, values out; knows no rule by name.

A source is all accounts of one platform seen through one adapter. Canaries tell when it stands still; the quorum gate holds
accusations that come in a wave; a rate is exact and carries its base.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol

from monitor.errors import Degraded
from monitor.model import (
    Account,
    AccountState,
    Alert,
    CanaryState,
    Channel,
    Platform,
    Severity,
    Source,
    SourceState,
    Stage,
    Standing,
    Status,
    Verdict,
    cut,
)

Rounding = Literal["half_up", "cut"]
Watched = tuple[Account, AccountState]
SourceKey = tuple[Platform, str]
NameOf = Callable[[Channel], str]

NAMES_SHOWN = 3
"""Canaries named in a reason: enough to look at by hand."""


class GuardLimits(Protocol):
    """The limits of the guards; `settings.guards` is one."""

    @property
    def canary_max_idle_hours(self) -> float: ...
    @property
    def canary_unseen_hours(self) -> float: ...
    @property
    def canary_share(self) -> float: ...
    @property
    def witness_hours(self) -> float: ...
    @property
    def quorum_share(self) -> float: ...
    @property
    def quorum_count(self) -> int: ...
    @property
    def quorum_window_hours(self) -> float: ...


def adapter_name(channel: Channel) -> str:
    return channel.adapter


def source_of(account: Account, state: AccountState, name: NameOf = adapter_name) -> SourceKey | None:
    """Return the source an account is seen through: that of its last good look, else of its first channel, None without any."""
    good = state.last_good
    if good is not None:
        # A look may be signed with the adapter's name or with the channel's key, "adapter handle".
        return account.platform, good.source or good.channel.partition(" ")[0]
    return (account.platform, name(account.channels[0])) if account.channels else None


def source_health(
    accounts_with_states: Iterable[Watched],
    first_hand: Mapping[str, bool],
    guards: GuardLimits,
    now: datetime,
    name: NameOf = adapter_name,
) -> dict[SourceKey, Source]:
    """Return the health of every source in use.

    Frozen when enough of its canaries that were tried are stale or unreachable. Else live when it is first hand, or when any
    account seen through it published of late; else unproven. An adapter missing from `first_hand` counts as second hand.
    `name` names the source of a channel that was never looked through: two bridges of one adapter are two sources.
    """
    by_source: dict[SourceKey, list[Watched]] = defaultdict(list)
    for account, state in accounts_with_states:
        key = source_of(account, state, name)
        if key is not None:
            by_source[key].append((account, state))
    hands = {key: first_hand.get(key[1].partition(" ")[0], False) for key in by_source}
    return {key: _health(key, watched, hands[key], guards, now) for key, watched in by_source.items()}


def _health(key: SourceKey, watched: Sequence[Watched], first_hand: bool, guards: GuardLimits, now: datetime) -> Source:
    # A post learnt through another channel proves nothing about this source.
    adapter = key[1].partition(" ")[0]
    posts = (state.last_post for _, state in watched if state.last_post is not None and state.last_post.channel in ("", adapter))
    newest = max((post.published_at for post in posts if post.published_at <= now), default=None)
    reason, state = _frozen_reason(watched, guards, now), SourceState.FROZEN
    if not reason:
        witnessed = newest is not None and now - newest <= timedelta(hours=guards.witness_hours)
        state = SourceState.LIVE if first_hand or witnessed else SourceState.UNPROVEN
        reason = "" if state is SourceState.LIVE else f"近{guards.witness_hours:g}小时内未见任何账号更新"
    canaries = Counter(_canary(each, guards, now) for account, each in watched if account.canary and account.status is Status.ACTIVE)
    return Source(platform=key[0], adapter=key[1], state=state, reason=reason, newest_post_at=newest, canaries=canaries)


def _canary(state: AccountState, guards: GuardLimits, now: datetime) -> CanaryState:
    if _unreachable(state, guards, now):
        return CanaryState.UNSEEN
    return CanaryState.STALE if _stale(state, guards, now) else CanaryState.FRESH


def _frozen_reason(watched: Sequence[Watched], guards: GuardLimits, now: datetime) -> str:
    """Return what speaks for a frozen source, in Chinese; empty when too few canaries do."""
    canaries = [
        (account, state)
        for account, state in watched
        if account.canary and account.status is Status.ACTIVE and state.last_tried_at is not None and state.last_tried_at <= now
    ]
    bad = [account.name for account, state in canaries if _unreachable(state, guards, now) or _stale(state, guards, now)]
    if not bad or len(bad) < guards.canary_share * len(canaries):
        return ""
    named = "、".join(sorted(bad)[:NAMES_SHOWN]) + ("等" if len(bad) > NAMES_SHOWN else "")
    return f"哨兵账号{len(canaries)}个中{len(bad)}个无更新或无法采集（{named}）"


def _unreachable(state: AccountState, guards: GuardLimits, now: datetime) -> bool:
    if state.last_good is None:
        # What is never seen whole, as behind a WeChat feed without `whole=1`, still shows what is published: its posts tell.
        return state.last_error is None or state.last_error.code != Degraded.code
    return now - state.last_good.at > timedelta(hours=guards.canary_unseen_hours)


def _stale(state: AccountState, guards: GuardLimits, now: datetime) -> bool:
    # A time that lies ahead proves nothing: a canary is fresh only by a post that has been published.
    post = state.last_post
    return post is None or post.published_at > now or now - post.published_at > timedelta(hours=guards.canary_max_idle_hours)


@dataclass(frozen=True, slots=True)
class Wave:
    """Accounts of one platform that one rule newly accuses within the window, of how many judged."""

    rule: str
    platform: Platform | None
    accused: int
    judged: int


@dataclass(frozen=True, slots=True)
class Gate:
    """What the quorum gate decided: whom to tell of, whom to hold for a person, and the waves that tripped it."""

    release: tuple[Alert, ...] = ()
    hold: tuple[Alert, ...] = ()
    waves: tuple[Wave, ...] = ()


def quorum(
    pending: Sequence[Alert],
    recent: Iterable[Alert],
    platforms: Mapping[str, Platform],
    judged: Mapping[Platform, int],
    guards: GuardLimits,
    now: datetime,
) -> Gate:
    """Decide per rule and platform: hold all pending accusations when too many came within the window, else release all.

    `recent` may be all living alerts: those accusations among them that were opened or held within the window count along, so a
    wave cannot trickle through in small parts. `platforms` maps account ids; `judged` counts the passing and failing ones.
    An accusation against an account that nobody knows any more is held. Counted are accounts, however many articles each missed.
    """
    since = now - timedelta(hours=guards.quorum_window_hours)
    groups: dict[tuple[str, Platform | None], list[Alert]] = defaultdict(list)
    for alert in pending:
        groups[_group(alert, platforms)].append(alert)
    accused: dict[tuple[str, Platform | None], set[str]] = defaultdict(set)
    for alert in (*pending, *(each for each in recent if _newly_accuses(each, since))):
        accused[_group(alert, platforms)].add(alert.finding.subject)
    release: list[Alert] = []
    hold: list[Alert] = []
    waves: list[Wave] = []
    for (rule, platform), alerts in groups.items():
        wave = Wave(rule, platform, len(accused[rule, platform]), judged.get(platform, 0) if platform else 0)
        if platform is None or trips_quorum(wave.accused, wave.judged, guards):
            hold += alerts
            waves.append(wave)
        else:
            release += alerts
    return Gate(tuple(release), tuple(hold), tuple(waves))


def _group(alert: Alert, platforms: Mapping[str, Platform]) -> tuple[str, Platform | None]:
    return alert.finding.rule, platforms.get(alert.finding.account_id or alert.finding.subject)


def trips_quorum(accused: int, judged: int, guards: GuardLimits) -> bool:
    """Whether so many accounts newly accused, of so many judged, are a wave: both the share and the count must be passed."""
    return accused > guards.quorum_count and accused > guards.quorum_share * judged


def _newly_accuses(alert: Alert, since: datetime) -> bool:
    return alert.finding.severity is Severity.ACCUSATION and alert.stage in (Stage.OPEN, Stage.HELD) and accused_at(alert) >= since


def accused_at(alert: Alert) -> datetime:
    """Return when the alert became an accusation: an alert that began as a reminder is older than what it accuses of.

    A rule says so in its evidence, as `since`; unreadable or absent, the opening counts.
    """
    try:
        return max(alert.opened_at, cut(datetime.fromisoformat(str(alert.finding.evidence.get("since", "")))))
    except (ValueError, OverflowError):
        return alert.opened_at


def judged_by_platform(pairs: Iterable[tuple[Account, Standing]]) -> dict[Platform, int]:
    """Count the passing and failing accounts, for the quorum gate: those we cannot tell must not make a wave look small."""
    counts: dict[Platform, int] = defaultdict(int)
    for account, standing in pairs:
        if standing.verdict in (Verdict.QUALIFIED, Verdict.FAILED):
            counts[account.platform] += 1
    return dict(counts)


def tally(standings: Iterable[Standing]) -> dict[Verdict, int]:
    """Count the verdicts, each of the three named even at 0; accounts that are not judged are left out."""
    counts = dict.fromkeys(Verdict, 0)
    for standing in standings:
        if standing.verdict is not None:
            counts[standing.verdict] += 1
    return counts


def rate(numerator: int, base: int, digits: int = 2, rounding: Rounding = "half_up") -> Decimal | None:
    """Return numerator / base in per cent, exactly rounded to `digits`; None on an empty base.

    Bulletins differ in rounding, even within one (handbook 7.2), so it is chosen per figure.
    Raises ValueError unless 0 <= numerator <= base and digits >= 0.
    """
    if digits < 0 or not 0 <= numerator <= base:
        raise ValueError(f"no rate: {numerator} of {base} to {digits} digits")
    if base == 0:
        return None
    # Whole numbers throughout: a quotient cut to some length first could be rounded twice.
    whole, rest = divmod(numerator * 100 * 10**digits, base)
    if rounding == "half_up" and 2 * rest >= base:
        whole += 1
    return Decimal(whole).scaleb(-digits)
