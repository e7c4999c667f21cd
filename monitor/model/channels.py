"""How the ways of looking fare."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from monitor.model.accounts import Platform
from monitor.model.base import Moment, Noun
from monitor.model.looks import Fault


class SourceState(StrEnum):
    """What is known of a source: all accounts of one platform seen through one adapter."""

    LIVE = "live"
    FROZEN = "frozen"
    UNPROVEN = "unproven"


class CanaryState(StrEnum):
    """What a canary shows of its source. Stale: no post of late. Unseen: no good look of late, or none yet."""

    FRESH = "fresh"
    STALE = "stale"
    UNSEEN = "unseen"


class Source(Noun):
    """A source's health. Frozen: its canaries look stale or unreachable. Unproven: nothing recent was seen through it at all."""

    platform: Platform
    adapter: str
    state: SourceState = SourceState.UNPROVEN
    reason: str = ""
    newest_post_at: Moment | None = None
    canaries: Mapping[CanaryState, int] = Field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.platform}/{self.adapter}"


class ChannelState(Noun):
    """How an adapter fares with one credential, over all its accounts.

    `last_failed_at` is the last look that failed, and not by its account's fault or for our own budget; `failing_since` is since when
    the credential itself is refused, or its interface closed.
    """

    adapter: str
    credential: str = ""
    last_good_at: Moment | None = None
    last_failed_at: Moment | None = None
    failing_since: Moment | None = None
    last_error: Fault | None = None
    paused_until: Moment | None = None
    retired: bool = False
    accounts: int = 0

    @property
    def name(self) -> str:
        return f"{self.adapter}/{self.credential}" if self.credential else self.adapter
