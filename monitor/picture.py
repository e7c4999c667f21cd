"""What one judgement of the whole roster saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.freshness import Duty
from monitor.model import Account, AccountState, Platform, RepostStanding, Source, Standing


@dataclass(slots=True)
class Picture:
    """What one tick saw of the whole roster, for the console, the metrics and the summary."""

    taken_at: datetime
    standings: list[tuple[Account, Standing]] = field(default_factory=list)
    reposts: list[RepostStanding] = field(default_factory=list)
    sources: dict[tuple[Platform, str], Source] = field(default_factory=dict)
    served: dict[tuple[str, str], int] = field(default_factory=dict)
    untried: Counter[Platform] = field(default_factory=Counter)
    judged: Counter[Platform] = field(default_factory=Counter)
    firing: set[str] = field(default_factory=set)
    platforms: dict[str, Platform] = field(default_factory=dict)
    activity: list[tuple[Account, AccountState]] = field(default_factory=list)
    duties: Mapping[Platform, Duty] = field(default_factory=dict)
