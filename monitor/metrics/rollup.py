"""What the gauges show, taken at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.access.budgets import Usage
from monitor.access.pauses import Rest
from monitor.freshness import Duty
from monitor.model import Account, Article, ChannelState, Platform, RepostStanding, Severity, Source, Stage, Standing
from monitor.ports import Expiry


@dataclass(frozen=True, slots=True)
class Rollup:
    """All that the picture of the metrics page is made of; it only holds on to what others made, so that taking it costs nothing.

    `alerts_by` counts the alive alerts; `due` and `oldest_due_at` tell how far we lag. `letters_waiting` are the letters owed that could
    go now, `outbox_oldest` since when the oldest of them is owed; `held` counts what waits by its reason (a value of reasons.Why),
    `addresses_refused` the addresses marked as taking no mail. `calendar_until` is the end of the last year with a calendar.
    """

    taken_at: datetime
    standings: Sequence[tuple[Account, Standing]] = ()
    duties: Mapping[Platform, Duty] = field(default_factory=dict)
    articles: Sequence[Article] = ()
    reposts: Sequence[RepostStanding] = ()
    alerts_by: Mapping[tuple[str, Severity, Stage], int] = field(default_factory=dict)
    channels: Sequence[ChannelState] = ()
    sources: Sequence[Source] = ()
    due: int = 0
    oldest_due_at: datetime | None = None
    letters_waiting: int = 0
    held: Mapping[str, int] = field(default_factory=dict)
    outbox_oldest: datetime | None = None
    addresses_refused: int = 0
    budgets: Sequence[Usage] = ()
    rests: Sequence[Rest] = ()
    expiries: Sequence[Expiry] = ()
    calendar_until: datetime | None = None
