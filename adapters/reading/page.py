"""From posts to a snapshot: what every adapter counts, refuses and covers alike. Pure.

A page of the newest N covers from the oldest post of its ordinary flow; pinned posts stand outside that flow and may be
years old. Whatever makes a page doubtful (an item that could not be read) makes it cover nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.reading.values import TITLE_LIMIT, Precision, is_all, key_of, tidy
from monitor.errors import Degraded, ParseError
from monitor.model import BEGINNING, Account, Channel, Citation, Post, Snapshot

FUTURE = timedelta(minutes=10)
"""Clocks differ; a post dated further ahead is scheduled, or wrong."""

PINS = 3
"""So many pinned posts may stand on a page without a mark: Douyin pins three, and its feeds do not say so."""

MINGLED = frozenset({("feed", "douyin"), ("feed", "toutiao")})
"""Where pins are neither marked nor in front: RSSHub sorts its items by time, so old pins end up last, as if the page reached to them.
Of Weibo's pins it shows only those newer than the rest; WeChat's lists have none."""

UNREADABLE = ("no_id", "no_time", "no_author", "unreadable", "future")
"""Items that may be posts of the account we could not read: with one of them on the page, it is no complete view. One that is dated
ahead is there already, so its time is wrong, and so may be the others'."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: of which account, through which channel, when; how far behind the source is; what came, as a hash."""

    platform: str
    account_id: str
    channel: str
    now: datetime
    delay: timedelta = timedelta(0)
    digest: str = ""
    fingerprint: str = ""

    @classmethod
    def of(cls, account: Account, channel: Channel, now: datetime, delay: timedelta = timedelta(0), digest: str = "") -> Asked:
        return cls(account.platform.value, account.id, channel.adapter, now, delay, digest)

    def answered(self, digest: str, fingerprint: str) -> Asked:
        """Return this with what came, as hashes: one for evidence, one to know the same body again."""
        return replace(self, digest=digest, fingerprint=fingerprint)


@dataclass(slots=True)
class Draft:
    """What an adapter read of one item. `native` is the platform's own id of the post. Not frozen: that would double its cost."""

    native: str
    at: datetime | None
    url: str = ""
    title: str = ""
    text: str = ""
    kind: str = "article"
    whole: bool = False
    pinned: bool = False
    private: bool = False
    deleted: bool = False
    precision: Precision = "second"
    citation: Citation | None = None


@dataclass(slots=True)
class Page:
    """A page while it is read, in the source's order."""

    asked: Asked
    posts: dict[str, Post] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    latest: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.latest = self.asked.now + FUTURE

    def leave(self, reason: str) -> None:
        """Count an item that is left out."""
        self.skipped[reason] += 1

    def take(self, draft: Draft) -> None:
        """Keep an item as a post, or count why not."""
        if not draft.native:
            return self.leave("no_id")
        if draft.at is None:
            return self.leave("no_time")
        if draft.at > self.latest:
            return self.leave("future")
        post = self._post(draft, draft.at)
        known = self.posts.get(post.id)
        if known is None:
            self.posts[post.id] = post
        elif post.pinned and not known.pinned:
            self.posts[post.id] = known.model_copy(update={"pinned": True})
        return None

    def _post(self, draft: Draft, at: datetime) -> Post:
        asked = self.asked
        return Post(
            id=f"{asked.platform}:{asked.account_id}:{key_of(draft.native)}",
            account_id=asked.account_id,
            published_at=at,
            first_seen_at=asked.now,
            deleted_at=asked.now if draft.deleted else None,
            url=draft.url,
            title=tidy(draft.title, TITLE_LIMIT),
            text=tidy(draft.text),
            kind=draft.kind,
            whole=draft.whole and not draft.deleted and is_all("", draft.text),
            pinned=draft.pinned,
            private=draft.private,
            precision=draft.precision,
            citation=draft.citation,
        )

    def snapshot(
        self,
        *,
        whole: bool = False,
        partial: str = "",
        profile: Mapping[str, str] | None = None,
        memory: Mapping[str, Any] | None = None,
    ) -> Snapshot:
        """Return what the page showed; `whole` says that it is all the account ever published, `partial` why it covers nothing.

        Raises `ParseError` when there were items and none is a post of this account.
        """
        self._refuse_unusable()
        start = BEGINNING if whole else self._reach()
        partial = partial or self._doubt() or ("" if start else "nothing but pinned posts was shown")
        covers = (None, None) if partial or start is None else span(start, self.asked)
        return Snapshot(
            channel=self.asked.channel,
            posts=tuple(sorted(self.posts.values(), key=lambda post: post.published_at, reverse=True)),
            covers_from=covers[0],
            covers_until=covers[1],
            partial=partial,
            skipped=dict(self.skipped),
            digest=self.asked.digest,
            memory={} if partial or start is None else self._memory(start, memory or {}),
            profile={key: tidy(value, 200) for key, value in (profile or {}).items() if value.strip()},
        )

    def degraded(self, why: str, profile: Mapping[str, str] | None = None) -> Degraded:
        """Return the error that keeps these posts and covers nothing."""
        return Degraded(why, snapshot=self.snapshot(partial=why, profile=profile))

    def _refuse_unusable(self) -> None:
        if self.posts or not self.skipped:
            return
        if self.skipped.keys() == {"foreign"}:
            raise ParseError(f"wrong account: all {self.skipped['foreign']} items belong to others")
        raise ParseError(f"no usable item: {dict(self.skipped)}")

    def _doubt(self) -> str:
        doubtful = {reason: self.skipped[reason] for reason in UNREADABLE if self.skipped[reason]}
        return f"items that could not be read: {doubtful}" if doubtful else ""

    def _reach(self) -> datetime | None:
        """Return from when on every post would be on this page, None when it shows no ordinary flow.

        Among the first `PINS` what is older than something behind it stands there because it is pinned, and so does all before it.
        Where pins may be `MINGLED` with the flow, the oldest three are no proof of how far it reaches.
        """
        # A day is not told to the hour: the page reaches back to that day, but not surely to its beginning.
        flow = [
            post.published_at + (timedelta(days=1) if post.precision == "day" else timedelta(0))
            for post in self.posts.values()
            if not post.pinned
        ]
        pins = [place for place, at in enumerate(flow[:PINS]) if at < max(flow[place + 1 :], default=at)]
        flow = flow[pins[-1] + 1 if pins else 0 :]
        if not pins and (self.asked.channel, self.asked.platform) in MINGLED:
            flow = sorted(flow)[min(PINS, len(flow) - 1) :] if flow else []
        return min(flow, default=None)

    def _memory(self, start: datetime, more: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"digest": self.asked.digest, "fingerprint": self.asked.fingerprint, "covers_from": milliseconds(start), **more}


def span(start: datetime, asked: Asked) -> tuple[datetime, datetime] | tuple[None, None]:
    """Return what a view that reaches back to `start` covers: until now minus the source's delay, or nothing."""
    until = asked.now - asked.delay
    return (start, until) if start <= until else (None, None)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the last complete view left in the memory: the hashes of its body and how far back it reached."""

    digest: str
    fingerprint: str
    covers_from: datetime


def recall(memory: Mapping[str, Any]) -> Recalled | None:
    """Return what an adapter remembers of its last complete view, None where it remembers nothing sound."""
    digest, start = memory.get("digest"), memory.get("covers_from")
    if not isinstance(digest, str) or not digest or not isinstance(start, int) or not 0 <= start < 10**14:
        return None
    fingerprint = memory.get("fingerprint")
    return Recalled(digest, fingerprint if isinstance(fingerprint, str) else "", datetime.fromtimestamp(start / 1000, UTC))


def unchanged(asked: Asked, recalled: Recalled, memory: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot of a source that answered what it answered before. Nothing is parsed: this is the hot path."""
    start, until = span(recalled.covers_from, asked)
    return Snapshot(channel=asked.channel, covers_from=start, covers_until=until, unchanged=True, digest=recalled.digest, memory=memory)


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
