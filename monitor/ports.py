"""The seams, as Protocols: what the core asks of adapters, rules, notifiers and the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from monitor.model import (
    Account,
    AccountState,
    Article,
    Channel,
    ChannelState,
    Finding,
    Repost,
    RepostStanding,
    Snapshot,
    Source,
    Standing,
)


class ChannelSettings(BaseModel):
    """What every channel can be told. An adapter with wishes of its own extends it as its class `Settings`.

    The figures are limits, not goals: the adaptive schedule stays below them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    base_url: str = ""
    spacing_seconds: float = Field(default=6.0, ge=0, description="at least so long between two requests of a lane")
    in_flight: int = Field(default=1, ge=1, description="requests of a lane under way at once")
    timeout_seconds: float = Field(default=30.0, gt=0)
    min_interval_minutes: float = Field(default=30.0, gt=0, description="an account is not looked at more often")
    max_interval_minutes: float = Field(default=360.0, gt=0, description="nor less often, while it is well")
    daily_budget: int = Field(default=5_000, ge=1, description="looks a day over all accounts of the channel")
    delay_hours: float = Field(default=0.0, ge=0, description="a look covers only until now minus this")


class Credentials(Protocol):
    """Hands out secrets by the name a channel's options give. Raises `AuthError` naming what is missing, never its value."""

    def secret(self, name: str, field: str) -> str: ...


class Clock(Protocol):
    """Tells the time in UTC. A `random.Random` is injected beside it where jitter is wanted."""

    def now(self) -> datetime: ...
    def elapsed(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class Adapter(Protocol):
    """The code of a channel.

    `look` returns the newest posts first and raises a `LookError` of the right class; an empty snapshot is never "could not look".
    `memory` is the mapping that the last snapshot of this channel asked to be kept; the adapter returns the next one in the snapshot.
    `lane` names what requests of this channel queue behind (one host, one quota): they are spaced and counted together.
    `first_hand` is True where the platform itself answers; a second-hand source (bridge, gateway) may stand still unnoticed,
    so what it fails to show is believed only while other accounts prove it alive.
    """

    Settings: ClassVar[type[ChannelSettings]]
    first_hand: ClassVar[bool]
    settings: ChannelSettings

    def lane(self, channel: Channel) -> str: ...
    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot: ...
    async def check(self) -> list[str]:
        """Return Chinese lines on what is missing for this channel to work; empty when all is well."""
        ...


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """All that a rule may know of an account at `now`.

    `source` is the health of the source the last good look came through, None where the platform itself answered (first hand).
    `articles` are the live key articles this account owes, `reposts` what was found of them.
    `post_days` are the Shanghai dates of its visible posts in the window of a past judgement, None when they were not read.
    """

    account: Account
    state: AccountState
    now: datetime
    source: Source | None = None
    articles: tuple[Article, ...] = ()
    reposts: tuple[Repost, ...] = ()
    post_days: tuple[date, ...] | None = None


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """All that a rule may know of one adapter with one credential at `now`."""

    channel: ChannelState
    now: datetime


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """All that a rule may know of one source at `now`."""

    source: Source
    now: datetime


Facts = AccountFacts | ChannelFacts | SourceFacts


class Rule(Protocol):
    """What judges. Pure; silent when it cannot tell. A rule is its own settings model: its thresholds are its typed fields.

    `about` says which facts it is handed.
    """

    name: ClassVar[str]
    about: ClassVar[Literal["account", "channel", "source"]]

    def judge(self, facts: Any) -> Iterable[Finding]: ...


@runtime_checkable
class Grader(Protocol):
    """The one rule that also says an account's standing: the idle ladder of a profile."""

    name: ClassVar[str]
    about: ClassVar[Literal["account", "channel", "source"]]
    profile: str

    def judge(self, facts: Any) -> Iterable[Finding]: ...
    def stand(self, facts: AccountFacts) -> Standing: ...


@runtime_checkable
class RepostGrader(Protocol):
    """The rule that says what each account did about each key article it owes."""

    name: ClassVar[str]
    about: ClassVar[Literal["account", "channel", "source"]]

    def judge(self, facts: Any) -> Iterable[Finding]: ...
    def reposts(self, facts: AccountFacts) -> Iterable[RepostStanding]: ...


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one person, ready to be rendered and sent. `number` makes a repeat recognisable as the same letter."""

    to: str
    number: str
    subject: str
    text: str
    html: str


class Notifier(Protocol):
    """Hands a letter over; raises `NotifyError`. Knows nothing of alerts."""

    async def send(self, letter: Letter) -> None: ...
