"""What was published, and what looking at an account showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from monitor.model.accounts import Channel
from monitor.model.base import Identifier, Moment, Noun
from monitor.sight import Sight


class Citation(Noun):
    """What a post points at: the original it forwards, or the page it links to. Ids are the platform's own."""

    url: str = ""
    title: str = ""
    account: str = ""
    post_id: str = ""


class Post(Noun):
    """What an account published. `id` is `platform:account:post`; `private` marks what the public cannot see.

    `precision` says what the source told: a hand check knows the day only, and then `published_at` is that day's start.
    `whole`: `text` is all that a reader of the post reads, by the source's own form; what may be cut, folded or a summary is not.
    """

    id: Identifier
    account_id: Identifier
    published_at: Moment
    first_seen_at: Moment
    deleted_at: Moment | None = None
    url: str = ""
    title: str = ""
    text: str = ""
    kind: str = "article"
    whole: bool = False
    pinned: bool = False
    private: bool = False
    precision: Literal["second", "minute", "day"] = "second"
    citation: Citation | None = None

    @property
    def visible(self) -> bool:
        """Whether the public can see it: only such posts count as updates."""
        return not self.private and self.deleted_at is None


class Snapshot(Noun):
    """What one look showed, newest first.

    `covers_from`..`covers_until` is the span in which every public post would have been in this snapshot; both are None
    for a partial view, and `partial` then says why. `unchanged` means: the source answered that nothing is new since the
    memory handed in, so `posts` is empty and says nothing about silence by itself. `skipped` counts items left out, by reason.
    `digest` is the hash of the raw answer, kept as evidence. `memory` is what the adapter wants back at its next look.
    """

    channel: str
    posts: tuple[Post, ...] = ()
    covers_from: Moment | None = None
    covers_until: Moment | None = None
    partial: str = ""
    unchanged: bool = False
    skipped: Mapping[str, int] = Field(default_factory=dict)
    digest: str = ""
    memory: Mapping[str, Any] = Field(default_factory=dict)
    profile: Mapping[str, str] = Field(default_factory=dict)


class Fault(Noun):
    """Why a look failed: the error's code (also its metric label), its text without secrets, and where it happened.

    `ours`: our own budget refused it, the platform was not asked.
    """

    code: str
    message: str = ""
    channel: str = ""
    credential: str = ""
    retry_after: float | None = None
    head: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one channel fared within a poll. `fault` is None when it gave a complete snapshot.

    `source` names what the channel looks through: the adapter where the platform itself answers, else the adapter's lane.
    `passed_over`: the channel was not asked at all, since it is paused for this fault. `seconds` is what asking it took.
    """

    channel: Channel
    source: str = ""
    passed_over: bool = False
    fault: Fault | None = None
    digest: str = ""
    skipped: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Poll:
    """One attempt to look at an account: what each channel said, and the snapshots that came of it.

    Made once per look and never stored as such: a plain value, where the others are checked models. `at` is in UTC.
    """

    account_id: str
    at: datetime
    seconds: float = 0.0
    outcomes: tuple[Outcome, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()

    @property
    def fault(self) -> Fault | None:
        """The fault that the account is left with: none if any channel gave a complete view, else the last channel's."""
        if any(outcome.fault is None for outcome in self.outcomes):
            return None
        return self.outcomes[-1].fault if self.outcomes else Fault(code="no_channel", message="the roster names no channel")


class PostMark(Noun):
    """A pointer to a post, small enough to keep in the account's state as evidence; `channel` is what last showed it."""

    id: str
    channel: str = ""
    published_at: Moment
    url: str = ""
    title: str = ""
    precision: Literal["second", "minute", "day"] = "second"


class GoodLook(Noun):
    """The last look that showed all there was to see: the second of the two clocks.

    `source` is what it looked through. `covers_until` is None where the page, though whole, reached back less far than its source lags.
    """

    channel: str
    source: str = ""
    at: Moment
    digest: str = ""
    covers_until: Moment | None = None


class AccountState(Noun):
    """All that is remembered of an account between two looks.

    `seen` maps the posts of the last snapshots to their content hashes, so a poll with nothing new writes no post.
    `aliases` maps the names under which a second channel shows posts to those they are kept under (see monitor.merging).
    `activity` is the exponentially weighted number of posts at `activity_at` (see monitor.schedule).
    """

    account_id: Identifier
    last_post: PostMark | None = None
    sight: Sight = Sight()
    last_good: GoodLook | None = None
    last_tried_at: Moment | None = None
    failures: int = 0
    failing_since: Moment | None = None
    last_error: Fault | None = None
    next_poll_at: Moment | None = None
    memory: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    seen: Mapping[str, str] = Field(default_factory=dict)
    aliases: Mapping[str, str] = Field(default_factory=dict)
    activity: float = 0.0
    activity_at: Moment | None = None
    profile: Mapping[str, str] = Field(default_factory=dict)
