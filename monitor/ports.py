"""The seams, as Protocols: what the core asks of adapters, rules, notifiers and the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

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
    hourly_requests: int = Field(default=0, ge=0, description="requests of a lane in any hour; 0 sets no limit")
    daily_requests: int = Field(default=0, ge=0, description="requests of a lane in any 24 hours; 0 sets no limit")
    delay_hours: float = Field(default=0.0, ge=0, description="a look covers only until now minus this")
    breaker_minutes: tuple[float, ...] = Field(
        default=(15.0, 30.0, 60.0, 120.0, 240.0, 360.0), min_length=1, description="how long a refused lane rests, the first time and on"
    )
    breaker_refusals: int = Field(default=1, ge=1, description="refusals in a row that open the breaker ...")
    breaker_accounts: int = Field(default=1, ge=1, description="... over at least so many accounts")


class Quota(NamedTuple):
    """At most `requests` within any `seconds`, counted under a name: a lane, a host, an interface of an app."""

    name: str
    requests: int
    seconds: float


class Ledger(Protocol):
    """Counts requests over restarts, so that no window is ever exceeded."""

    def take(self, lane: str, quotas: Sequence[Quota]) -> None:
        """Count a request of the lane under all quotas. Raises `RateLimited` with the wait, counting nothing, where one is used up."""
        ...

    def rested(self, lane: str, spacing: float) -> float:
        """Return how many seconds a lane that was used before this process began must still be left alone."""
        ...


@dataclass(frozen=True, slots=True)
class Grant:
    """A token obtained live, kept in the database under its credential and kind, and never shown.

    `until` and `refresh_until` are its ends, None where unknown; `renewals` counts renewals of the refresh token.
    """

    value: str = field(repr=False)
    issued_at: datetime
    until: datetime | None = None
    refresh: str = field(default="", repr=False)
    refresh_until: datetime | None = None
    renewals: int = 0


class Expiry(NamedTuple):
    """When a token of a credential ends. `lasts` is its whole life in seconds, None where unknown; `part` says which token it is."""

    credential: str
    kind: str
    part: Literal["access", "refresh"]
    at: datetime
    lasts: float | None


class Credentials(Protocol):
    """Hands out secrets by the name a channel's options give, and keeps the tokens that were obtained with them.

    `secret` raises `AuthError` naming what is missing, never its value; `optional` returns "" instead.
    A grant made with secrets that have been replaced since is not handed out again.
    """

    def secret(self, name: str, field: str) -> str: ...
    def optional(self, name: str, field: str) -> str: ...
    def grant(self, name: str, kind: str) -> Grant | None: ...
    async def keep(self, name: str, kind: str, grant: Grant) -> None: ...
    async def drop(self, name: str, kind: str) -> None: ...
    def turn(self, name: str, kind: str) -> AbstractAsyncContextManager[None]:
        """Let one caller at a time obtain this grant; ask for the grant again inside, another may have brought it."""
        ...


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
    `room` is how many accounts may wait behind that lane at once: more than requests under way where one request asks for many.
    `title` is what people read for it, in Chinese; the name in the table is for rosters, settings and logs.
    `first_hand` is True where the platform itself answers; a second-hand source (bridge, gateway) may stand still unnoticed,
    so what it fails to show is believed only while other accounts prove it alive.
    `verifies` names the platform of which this channel can open a single post, by its address as the handle; "" for all others.
    `polled` is False where nobody asks: what it shows is brought by a person or pushed by the platform, so no look is ever late.
    """

    Settings: ClassVar[type[ChannelSettings]]
    title: ClassVar[str]
    first_hand: ClassVar[bool]
    polled: ClassVar[bool]
    verifies: ClassVar[str]
    settings: ChannelSettings

    def lane(self, channel: Channel) -> str: ...
    def room(self, channel: Channel) -> int: ...
    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot: ...
    async def check(self) -> list[str]:
        """Return Chinese lines on what is missing for this channel to work; empty when all is well."""
        ...

    async def close(self) -> None:
        """End what must not be left half done, such as renewing a token that is handed out only once. Called before the door closes."""
        ...


@dataclass(frozen=True, slots=True)
class Pushed:
    """A request that a platform sent to us; the query and the body may hold anything."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """What an adapter makes of a push: what to answer, and what it told.

    `number` names the push, so that the same one is not taken twice; "" when there is nothing to take. `handle` names the account by
    the channel's handle, "" where the push concerns the credential; `payload` is the opened push, for `told` or `heed`.
    """

    status: int = 200
    answer: str = ""
    number: str = ""
    handle: str = ""
    payload: bytes = b""


@runtime_checkable
class Listener(Protocol):
    """An adapter that is told rather than asks: the console hands it what comes to `/callback/<channel>/<credential>`."""

    def hear(self, credential: str, pushed: Pushed, now: datetime) -> Heard:
        """Check and open a push. Raises `AuthError` for one that is not the platform's, `ParseError` for one nobody expected."""
        ...

    def told(self, account: Account, channel: Channel, payload: bytes, now: datetime) -> Snapshot:
        """Return what a push told of the account, as a partial view. Raises `LookError`."""
        ...

    async def heed(self, credential: str, payload: bytes, now: datetime) -> bool:
        """Take a push that concerns the credential itself (a ticket, a revoked consent); False when it does not."""
        ...


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """All that a rule may know of an account at `now`.

    `source` is the health of the source the last good look came through, None where the platform itself answered (first hand).
    `articles` are the live key articles this account owes, `reposts` what was found of them. `unmatched` are the ids of articles that
    have not yet been looked for in all that was stored before they came: that nothing was found of them says nothing.
    `post_days` are the Shanghai dates of its visible posts in the window of a past judgement, None when they were not read.
    `standing` is what the profile in force says of the account, None for the profile itself and where nobody asked it.
    """

    account: Account
    state: AccountState
    now: datetime
    source: Source | None = None
    articles: tuple[Article, ...] = ()
    reposts: tuple[Repost, ...] = ()
    unmatched: frozenset[str] = frozenset()
    post_days: tuple[date, ...] | None = None
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """All that a rule may know of one adapter with one credential at `now`; `expiries` are the ends of that credential's tokens."""

    channel: ChannelState
    now: datetime
    expiries: tuple[Expiry, ...] = ()


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


class ListName(StrEnum):
    """What a letter is about, as its List-Id says: so that people can sort their mail."""

    ACCOUNTS = "accounts"
    DIGEST = "digest"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to one address, ready to be sent. `number` makes a repeat recognisable as the same letter.

    `thread` are the numbers of earlier letters that it answers, oldest first. `short` is the same in a few plain lines, for a group
    robot. Links that act carry a secret: `kept` is the HTML without them, for the record.
    """

    to: str
    number: str
    subject: str
    text: str
    html: str
    to_name: str = ""
    thread: tuple[str, ...] = ()
    about: ListName = ListName.ACCOUNTS
    short: str = ""
    kept: str = ""


class Notifier(Protocol):
    """Hands a letter over; raises `NotifyError`. Knows nothing of alerts.

    `send` may keep its connection for the next letter; `rest` ends it, and is called when there is nothing more to send.
    """

    async def send(self, letter: Letter) -> None: ...
    async def rest(self) -> None: ...
