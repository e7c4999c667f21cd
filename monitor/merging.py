"""Posts seen through two channels are one post: a poll and what is stored in, the poll with one name for each post out.

One post has one id where its channels agree on the platform's own. Where they do not (a short link here, numbers there), it is the
same by its address, else by its title and time. Two posts that stand on one page are never one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from monitor.matching.text import normalise_title
from monitor.matching.urls import canonical_url, is_specific
from monitor.model import Account, AccountState, Poll, Post, Snapshot, local_date
from monitor.writes import StoredPost

AROUND = timedelta(days=1)
"""Stored posts are compared from so long before the oldest to so long after the newest post in question."""
CLOSE = timedelta(minutes=10)
"""A push names the end of a mass send, a page its beginning: minutes lie between them, and hours between two posts of one title."""
SHORTEST_TITLE = 4
"""Characters of a title that can tell posts apart at all: 通知 cannot."""
ALIASES_KEPT = 400
"""Second names kept per account: two per post of the two longest pages."""

_PRECISIONS = ("second", "minute", "day")


class PostStore(Protocol):
    """Where posts are kept; may raise `StoreAway`."""

    async def stored_between(self, account_id: str, since: datetime, until: datetime) -> list[StoredPost]: ...


async def joined(store: PostStore, state: AccountState, account: Account, poll: Poll) -> tuple[Poll, AccountState]:
    """Return the poll with one name per post, and the state that knows the second names."""
    span = to_compare(state, account, poll)
    if span is None:
        return poll, state
    poll, aliases = join(state, poll, await store.stored_between(account.id, *span))
    return poll, state if aliases is state.aliases else state.model_copy(update={"aliases": aliases})


def to_compare(state: AccountState, account: Account, poll: Poll) -> tuple[datetime, datetime] | None:
    """Return the span of stored posts that `join` must know, None where nothing of the account ever came through a second channel."""
    if not _mixed(state, account, poll):
        return None
    times = [post.published_at for snapshot in poll.snapshots for post in snapshot.posts]
    return (min(times) - AROUND, max(times) + AROUND) if times else None


def _mixed(state: AccountState, account: Account, poll: Poll) -> bool:
    shown = {snapshot.channel for snapshot in poll.snapshots if snapshot.posts}
    before = {state.last_post.channel} if state.last_post is not None else set()
    return bool(shown) and (len(account.channels) > 1 or len(shown) > 1 or not shown >= before or bool(state.aliases))


def join(state: AccountState, poll: Poll, known: Sequence[StoredPost]) -> tuple[Poll, Mapping[str, str]]:
    """Return the poll with one id per post, and the account's second names after it.

    1. A post known under a second name is an echo: it is left out, unless it tells that the post was deleted or hidden, or the
       state has lost sight of the post. Where both names stand on one page, or the post it echoed has gone and this one tells
       another time, it is a post of its own after all: better one too many than one lost.
    2. A post of another name that is the same as a stored one becomes that one, with whatever it knows better.
    3. A known post that another channel shows keeps what that channel does not tell.
    """
    if not known and not state.aliases and len(poll.snapshots) < 2:
        return poll, state.aliases
    joining = _Joining(state, {each.post.id: each for each in known})
    snapshots = tuple(joining.snapshot(each) for each in poll.snapshots)
    if not joining.news and not joining.parted:
        return replace(poll, snapshots=snapshots), state.aliases
    aliases = {**joining.news, **{second: name for second, name in state.aliases.items() if second not in joining.parted}}
    return replace(poll, snapshots=snapshots), dict(list(aliases.items())[:ALIASES_KEPT])


@dataclass(slots=True)
class _Joining:
    state: AccountState
    known: dict[str, StoredPost]
    news: dict[str, str] = field(default_factory=dict)
    parted: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)

    def snapshot(self, snapshot: Snapshot) -> Snapshot:
        self._part(snapshot)
        here = {self._name(post.id) for post in snapshot.posts}
        posts = [self._post(post, snapshot, here) for post in snapshot.posts]
        kept = {post.id: post for post in posts if post is not None}
        for post in kept.values():
            self.known[post.id] = StoredPost(post=post, hash="", channel=snapshot.channel)
            self.shown.add(post.id)
        return snapshot if list(kept.values()) == list(snapshot.posts) else snapshot.model_copy(update={"posts": tuple(kept.values())})

    def _name(self, post_id: str) -> str:
        return post_id if post_id in self.parted else self.news.get(post_id) or self.state.aliases.get(post_id, post_id)

    def _part(self, snapshot: Snapshot) -> None:
        """Give posts their own names back that turn out to be no echoes: two names on one page, or a twin that has gone."""
        names = Counter(self._name(each) for each in {post.id for post in snapshot.posts})
        for post in snapshot.posts:
            name = self._name(post.id)
            if name != post.id and (names[name] > 1 or self._outlives(post, name)):
                self.parted.add(post.id)
                self.news.pop(post.id, None)

    def _outlives(self, post: Post, name: str) -> bool:
        stored = self.known.get(name)
        if stored is None:
            return not self._is_told(name)
        return post.visible and not stored.post.visible and post.published_at != stored.post.published_at

    def _post(self, post: Post, snapshot: Snapshot, here: set[str]) -> Post | None:
        name = self._name(post.id)
        if name != post.id:
            return self._echo(post, name)
        stored = self.known.get(post.id)
        if stored is not None:
            return post if stored.channel == snapshot.channel or not post.visible else richer(post, stored.post)
        if post.id in self.state.seen or not post.visible:
            return post
        twin = self._twin(post, snapshot, here)
        if twin is None:
            return post
        here.add(twin.id)
        self.news[post.id] = twin.id
        better = richer(twin, post)
        return None if better == twin and self._is_told(twin.id) else better

    def _is_told(self, name: str) -> bool:
        """Whether the state knows the post, or will after this poll."""
        return name in self.state.seen or name in self.shown

    def _echo(self, post: Post, name: str) -> Post | None:
        if not post.visible:
            return post.model_copy(update={"id": name})
        stored = self.known.get(name)
        # A poll whose state was not written leaves posts that the state does not know of: their echo brings them back.
        return stored.post if stored is not None and stored.post.visible and not self._is_told(name) else None

    def _twin(self, post: Post, snapshot: Snapshot, here: set[str]) -> Post | None:
        twin = twin_of(post, [each.post for each in self.known.values() if each.post.id not in here])
        if twin is None or (_address(post) and _address(post) == _address(twin)):
            return twin
        stored = self.known[twin.id]
        # One channel names a post in one way: what it shows again minutes later under another name was published again.
        again = stored.channel == snapshot.channel and not _same_instant(post, twin)
        title = normalise_title(post.title)
        rivals = [each for each in snapshot.posts if each.id != post.id and _close(each, twin) and normalise_title(each.title) == title]
        return None if again or rivals else twin


def _same_instant(one: Post, other: Post) -> bool:
    return one.published_at == other.published_at and "day" not in (one.precision, other.precision)


def twin_of(post: Post, others: Iterable[Post]) -> Post | None:
    """Return the one of these posts that is the same: by its address, else by title and time; None where none or several could be."""
    others = [each for each in others if each.account_id == post.account_id and each.visible and each.kind != "hand_check"]
    address = _address(post)
    same = [each for each in others if address and _address(each) == address]
    title = normalise_title(post.title)
    if not same and len(title) >= SHORTEST_TITLE:
        same = [each for each in others if _close(post, each) and normalise_title(each.title) == title]
    return same[0] if len(same) == 1 else None


def _address(post: Post) -> str:
    address = canonical_url(post.url) if post.url else ""
    return address if address and is_specific(address) else ""


def _close(one: Post, other: Post) -> bool:
    if "day" in (one.precision, other.precision):
        return local_date(one.published_at) == local_date(other.published_at)
    return abs(one.published_at - other.published_at) <= CLOSE


def richer(post: Post, other: Post) -> Post:
    """Return the post with what only the other version of it tells: title, longer text, address, citation, a more exact time."""
    update: dict[str, object] = {}
    if not post.title and other.title:
        update["title"] = other.title
    if len(other.text) > len(post.text):
        update |= {"text": other.text, "whole": other.whole}
    if not post.url and other.url:
        update["url"] = other.url
    if post.citation is None and other.citation is not None:
        update["citation"] = other.citation
    if _PRECISIONS.index(other.precision) < _PRECISIONS.index(post.precision):
        update |= {"published_at": other.published_at, "precision": other.precision}
    return post.model_copy(update=update) if update else post
