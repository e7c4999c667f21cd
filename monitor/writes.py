"""What is lent by the store and what is handed back to it: values between the poll and its commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from monitor.model import AccountState, Alert, Poll, Post, Repost


@dataclass(frozen=True, slots=True)
class Claim:
    """An account lent to us until `until`; the fence proves that it is still ours, `revision` names the roster's word on it."""

    state: AccountState
    fence: int
    until: datetime
    revision: str = ""


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert as it was (None when new) and as it shall be: the write is dropped when somebody else moved it meanwhile."""

    before: Alert | None
    after: Alert


@dataclass(frozen=True, slots=True)
class StoredPost:
    """A post with what the store keeps beside it: its content hash, and the channel that showed it."""

    post: Post
    hash: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class PollWrite:
    """All that one poll has to write. `lane` and `claim` release the account; None leaves the lane as it is."""

    poll: Poll
    state: AccountState
    claim: Claim
    lane: str | None = None
    new: tuple[StoredPost, ...] = ()
    changed: tuple[StoredPost, ...] = ()
    reposts: tuple[Repost, ...] = ()
    alerts: tuple[AlertChange, ...] = ()


@dataclass(slots=True)
class Written:
    """What a commit did: posts really inserted, per account, and accounts whose fence had moved on."""

    inserted: dict[str, int] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)


Word = Literal["confirmed", "unclear", "deleted", "unusable"]


@dataclass(frozen=True, slots=True)
class Verified:
    """What opening a post's page showed, kept for good; `post` is the post with what the page added, None for one it said nothing of."""

    post_id: str
    at: datetime
    word: Word
    post: Post | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a key article, as it stands at `revision`, has been matched with the posts that were stored before it came.

    `rounds` counts finished walks over the roster: the first sees every post, the second those written since about `began_at`.
    `reached` is the last account that the walk under way is done with. `left`: the article was out of its time since, so that looks
    knew nothing of it; should it come back, as after a clock that ran ahead, it is matched anew.
    """

    article_id: str
    revision: str
    began_at: datetime
    reached: str = ""
    rounds: int = 0
    left: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """An account that the roster let come back, or owe what it did not: as it stood then, and when that was noted."""

    account_id: str
    revision: str
    at: datetime | None
