"""What the console asks of the daemon behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.model import Account, AccountState, Article, Post, Repost, RepostStanding, Standing
from monitor.tasks import TaskSheet
from monitor.telling.errands import Done, Shown
from monitor.telling.records import LetterRecord
from monitor.telling.trail import Entry


@dataclass(frozen=True, slots=True)
class Health:
    """`alive`: the loops are running. `ready`: the store answers and there is something to show. `reasons` say what is amiss."""

    alive: bool
    ready: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Carrier:
    """A stored repost with its post; the post is None where it is stored no more."""

    repost: Repost
    post: Post | None


@dataclass(frozen=True, slots=True)
class Passed:
    """A stored post that is no repost of the article. `why`: what spoke against it where something spoke for it, else ""."""

    post: Post
    why: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """One account and one key article it owes, with all that the verdict rests on.

    `carriers` are the account's posts that carry the article or seem to, earliest first; `weighed` counts its public posts that are
    stored since the article came out. Where nothing carries it, `passed` are the posts that were looked through, newest first.
    """

    article: Article
    account: Account
    standing: RepostStanding
    state: AccountState
    carriers: tuple[Carrier, ...] = ()
    weighed: int = 0
    passed: tuple[Passed, ...] = ()


class Desk(Protocol):
    """Hands the console what it shows. Whatever is asynchronous may raise `StoreAway`, but for `health`."""

    @property
    def profile_title(self) -> str: ...
    @property
    def soon_within(self) -> str:
        """How people say within what an account will soon fail: 3天, or 3个工作日."""
        ...

    @property
    def channel_titles(self) -> Mapping[str, str]:
        """What people read for a channel, by adapter."""
        ...

    @property
    def public_url(self) -> str:
        """The address of the console that people are given; "" where there is none."""
        ...

    def now(self) -> datetime: ...
    async def rows(self) -> list[tuple[Account, Standing]]: ...
    async def open_alerts(self) -> int: ...
    async def sheets(self) -> Sequence[TaskSheet]:
        """Return the live key articles, newest first, each with what its audience did."""
        ...

    async def pair(self, article_id: str, account_id: str) -> Pair | None:
        """Return one account on one live key article; None where there is no such article or the account does not owe it."""
        ...

    async def letters(self, search: str, outcome: str, skip: int, limit: int) -> tuple[Sequence[LetterRecord], int]:
        """Return a stretch of the letters without their bodies, newest first, and how many there are; "" finds all."""
        ...

    async def letter(self, number: str) -> tuple[LetterRecord, Sequence[Entry]] | None:
        """Return a letter with its body, and the audit log of what it told, newest first; None where there is no such letter."""
        ...

    async def errand(self, token: str) -> Shown:
        """Return what a link would do; change nothing. Raises `BadLink`."""
        ...

    async def run_errand(self, token: str) -> Done:
        """Do what a link asks for, once. Raises `BadLink`."""
        ...

    async def health(self) -> Health: ...
