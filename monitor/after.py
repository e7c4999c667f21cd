"""What an account's state becomes after a poll. Pure: state and poll in; state, new posts and changed posts out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.model import AccountState, GoodLook, Poll, Post, PostMark, Sight, Snapshot
from monitor.schedule import add_activity

SEEN_LIMIT = 200
"""Hashes kept per account: four times the longest page; beyond it a post is merely inserted again and found known."""

SIGHT_KEPT = timedelta(days=400)
"""What was seen longer ago serves no judgement any more: four quarters back, and a month for the bulletin to be late."""

FUTURE_TOLERANCE = timedelta(minutes=10)
"""Clocks differ; a post dated further ahead than this is scheduled, not published, and counts as nothing yet."""


@dataclass(frozen=True, slots=True)
class After:
    """The new state (without `next_poll_at`), the posts to write, and whether the newest visible post was lost and must be looked up.

    `channels` says through which channel each post was seen.
    """

    state: AccountState
    new: tuple[tuple[Post, str], ...]
    changed: tuple[tuple[Post, str], ...]
    lost_newest: bool
    channels: Mapping[str, str]


def after(state: AccountState, poll: Poll) -> After:
    """Return what the poll makes of the state.

    1. Posts of all snapshots, partial ones too: unseen ids are new, other hashes are changes.
    2. Last update: the newest visible post, never the first of a page and never one dated ahead.
    3. Sight: only what a complete snapshot covered. A failed or partial look adds nothing to it and takes nothing away.
    4. Failures: counted until a complete view comes. A hand check about an earlier time does not hide a later failure.
    """
    posts = _unique(post for snapshot in poll.snapshots for post in snapshot.posts if post.account_id == state.account_id)
    hashes = {post.id: content_hash(post) for post in posts}
    new = tuple((post, hashes[post.id]) for post in posts if post.id not in state.seen)
    changed = tuple((post, hashes[post.id]) for post in posts if state.seen.get(post.id, hashes[post.id]) != hashes[post.id])
    channels = {post.id: snapshot.channel for snapshot in poll.snapshots for post in snapshot.posts}
    last_post, lost = _newest(state.last_post, posts, channels, poll.at)
    changes: dict[str, Any] = {
        "last_post": last_post,
        "sight": _seen(state.sight, poll.snapshots).since(poll.at - SIGHT_KEPT),
        "last_good": _last_good(state.last_good, poll),
        "seen": _remember(state.seen, hashes, poll.snapshots),
        "memory": _memory(state.memory, poll),
        **_failures(state, poll),
    }
    fresh = [post.published_at for post, _ in new if post.visible and post.kind != "hand_check"]
    # A hand check may speak of an earlier time: the activity is not wound back, or it would decay twice.
    changes["activity_at"] = max(poll.at, state.activity_at or poll.at)
    changes["activity"] = add_activity(state, fresh, changes["activity_at"])
    profile = {key: value for snapshot in poll.snapshots for key, value in snapshot.profile.items()}
    if profile:
        changes["profile"] = _profile(state.profile, profile)
    return After(state.model_copy(update=changes), new, changed, lost, channels)


_KEPT_FIRST = ("name", "subject", "verified", "id")
"""What is told of an account that should not change: what was told first stays beside it, as `first_name` and so on."""


def _profile(known: Mapping[str, str], told: Mapping[str, str]) -> Mapping[str, str]:
    first = {f"first_{key}": told[key] for key in _KEPT_FIRST if key in told}
    now = {**first, **known, **told}
    return known if now == known else now


def sane(state: AccountState, now: datetime) -> AccountState:
    """Return the state without what a clock that ran ahead left in it: nobody has looked at a moment that is still to come.

    The span that reaches beyond `now` is dropped whole: how much of it was truly seen is not known any more.
    """
    ahead = now + FUTURE_TOLERANCE
    last = state.sight.last_span()
    tried, good = state.last_tried_at, state.last_good
    if (last is None or last[1] <= ahead) and (tried is None or tried <= ahead) and (good is None or good.at <= ahead):
        return state
    seen = Sight(spans=tuple(span for span in state.sight.spans if span[1] <= ahead))
    changes: dict[str, Any] = {"sight": seen, "last_good": None if good is not None and good.at > ahead else good}
    if tried is not None and tried > ahead:
        changes |= {"last_tried_at": None, "activity_at": min(state.activity_at, now) if state.activity_at else None}
    return state.model_copy(update=changes)


def content_hash(post: Post) -> str:
    """Return a short hash of what a reader would see of the post; when we first saw it is not part of it."""
    citation = post.citation
    parts = (
        post.published_at.isoformat(),
        post.url,
        post.title,
        post.text,
        post.kind,
        f"{post.pinned:d}{post.private:d}{post.deleted_at is not None:d}{'w' if post.whole else ''}",
        f"{citation.url}\x1f{citation.title}\x1f{citation.account}\x1f{citation.post_id}" if citation else "",
    )
    return hashlib.blake2b("\x1e".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _unique(posts: Iterable[Post]) -> list[Post]:
    return list({post.id: post for post in posts}.values())


def _newest(known: PostMark | None, posts: list[Post], channels: Mapping[str, str], now: datetime) -> tuple[PostMark | None, bool]:
    """Return the newest visible post, and whether the known one was just seen deleted or hidden with nothing newer in sight."""
    gone = known is not None and any(post.id == known.id and not post.visible for post in posts)
    shown = [post for post in posts if post.visible and post.published_at <= now + FUTURE_TOLERANCE]
    best = max(shown, key=lambda post: post.published_at, default=None)
    newest = _mark(best, channels[best.id]) if best is not None else None
    # The page's own word on a known post is the newer one.
    if known is not None and not gone and all(post.id != known.id for post in shown):
        newest = known if newest is None or known.published_at > newest.published_at else newest
    return newest, gone and (newest is None or (known is not None and newest.published_at < known.published_at))


def _mark(post: Post, channel: str) -> PostMark:
    return PostMark(
        id=post.id, channel=channel, published_at=post.published_at, url=post.url, title=post.title[:200], precision=post.precision
    )


def _covering(snapshot: Snapshot) -> bool:
    return snapshot.covers_from is not None and snapshot.covers_until is not None and not snapshot.partial


def _seen(sight: Sight, snapshots: tuple[Snapshot, ...]) -> Sight:
    for snapshot in snapshots:
        if _covering(snapshot) and snapshot.covers_from is not None and snapshot.covers_until is not None:
            sight = sight.add(snapshot.covers_from, snapshot.covers_until)
    return sight


def _last_good(known: GoodLook | None, poll: Poll) -> GoodLook | None:
    """Return the newest look without fault. It counts as seeing the account even where it covers nothing yet, since its source lags."""
    good = next((outcome for outcome in poll.outcomes if outcome.fault is None), None)
    if good is None or (known is not None and poll.at < known.at):
        return known
    snapshot = next((each for each in reversed(poll.snapshots) if not each.partial), None)
    if snapshot is None:
        return known
    source = good.source if good.channel.adapter == snapshot.channel else ""
    until = snapshot.covers_until if _covering(snapshot) else None
    return GoodLook(
        channel=snapshot.channel, source=source or snapshot.channel, at=poll.at, digest=snapshot.digest, covers_until=until
    )


def _remember(seen: Mapping[str, str], hashes: Mapping[str, str], snapshots: tuple[Snapshot, ...]) -> Mapping[str, str]:
    """Keep the newest page's hashes; what fell off it stays while there is room, since pages overlap and channels differ."""
    if not hashes:
        return seen
    kept = {**hashes, **{post: known for post, known in seen.items() if post not in hashes}}
    return dict(list(kept.items())[:SEEN_LIMIT])


def _memory(memory: Mapping[str, Mapping[str, Any]], poll: Poll) -> Mapping[str, Mapping[str, Any]]:
    news: dict[str, Mapping[str, Any]] = {}
    for snapshot in poll.snapshots:
        asked = [each for each in poll.outcomes if each.channel.adapter == snapshot.channel and not each.passed_over]
        if _covering(snapshot):
            # Only the channel that ended the poll gave a complete view.
            asked = asked[-1:]
        # Two pages behind one adapter: what cannot be told apart is forgotten, for another page's ETag must not vouch for this one.
        if len(asked) == 1 and snapshot.memory:
            news[asked[0].channel.key] = snapshot.memory
    return {**memory, **news} if news else memory


def _failures(state: AccountState, poll: Poll) -> dict[str, Any]:
    if state.last_tried_at is not None and poll.at < state.last_tried_at:
        return {}
    fault = poll.fault
    if fault is None:
        return {"last_tried_at": poll.at, "failures": 0, "failing_since": None, "last_error": None}
    return {
        "last_tried_at": poll.at,
        # A channel passed over was not looked at: the account has not failed once more.
        "failures": state.failures + any(not outcome.passed_over for outcome in poll.outcomes),
        "failing_since": state.failing_since or poll.at,
        "last_error": fault,
    }
