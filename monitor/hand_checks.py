"""Taking in what nobody polled for: a person's look, a file somebody uploads, what a platform pushes. Each is a look like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from monitor.after import After, after
from monitor.carrying import after_changes
from monitor.errors import StoreAway
from monitor.merging import joined
from monitor.model import Account, AccountState, Channel, Fault, Outcome, Poll, Post, Repost, Snapshot
from monitor.store import Store
from monitor.writes import PollWrite, StoredPost

LEASE = timedelta(seconds=60)
Carried = Callable[[Iterable[Post], Account], Sequence[Repost]]
MakeSnapshot = Callable[[Account, date | None, datetime, str], Snapshot]


class HandLook(Protocol):
    """What a row of the file says: who looked when, and the date of the last update (None: nothing was ever published)."""

    @property
    def last_update(self) -> date | None: ...
    @property
    def looked_at(self) -> datetime: ...
    @property
    def by(self) -> str: ...


async def enter(store: Store, account: Account, look: HandLook, make: MakeSnapshot, now: datetime) -> None:
    """Write a person's look; the account is looked at again soon. Raises `StoreAway` when it cannot be claimed."""
    snapshot = make(account, look.last_update, look.looked_at, look.by)
    await take_in(store, account, snapshot, at=look.looked_at, now=now, by=look.by)


async def take_in(
    store: Store, account: Account, snapshot: Snapshot, *, at: datetime, now: datetime, by: str, carried: Carried | None = None
) -> int:
    """Write a snapshot of `at` that came from outside, keep it as evidence under `by`, and return how many posts were new.

    The account is claimed even from a poll under way: this look's fence is newer, so that poll writes no state and the account
    is simply looked at again, at once. A partial view is no failed look: what is known of the account's failures stays as it was.
    Raises `StoreAway` when the account cannot be claimed.
    """
    claims = await store.claim([account.id], f"taking in {by}"[:200], now, LEASE, force=True)
    if not claims:
        raise StoreAway(f"account {account.id} could not be claimed")
    claim = claims[0]
    fault = Fault(code="degraded", message=snapshot.partial, channel=snapshot.channel) if snapshot.partial else None
    outcome = Outcome(channel=Channel(adapter=snapshot.channel, handle=by or "unnamed"), digest=snapshot.digest, fault=fault)
    poll = Poll(account_id=account.id, at=at, outcomes=(outcome,), snapshots=(snapshot,))
    poll, known = await joined(store, claim.state, account, poll)
    result = after(known, poll)
    kept = _failures_of(claim.state) if snapshot.partial else {}
    state = (await _with_newest(store, result, now)).model_copy(update={"next_poll_at": now, **kept})
    fresh = [*result.new, *result.changed]
    write = PollWrite(
        poll=poll,
        state=state,
        claim=claim,
        new=tuple(StoredPost(post=post, hash=mark, channel=snapshot.channel) for post, mark in fresh),
        reposts=await _reposts(store, account, [post for post, _ in fresh], carried, at) if carried and fresh else (),
    )
    written = await store.put_hand_check(write, by)
    return written.inserted.get(account.id, 0)


async def _reposts(store: Store, account: Account, fresh: Sequence[Post], carried: Carried, at: datetime) -> tuple[Repost, ...]:
    known = (await store.reposts([account.id])).get(account.id, [])
    return tuple(after_changes(known, fresh, carried(fresh, account), at))


async def _with_newest(store: Store, result: After, now: datetime) -> AccountState:
    """Return the state; where its newest post was just seen deleted, with the newest that is left."""
    if not result.lost_newest:
        return result.state
    hidden = [post.id for post, _ in (*result.new, *result.changed) if not post.visible]
    marks = await store.newest_visible([result.state.account_id], now, hidden)
    candidates = [mark for mark in (marks.get(result.state.account_id), result.state.last_post) if mark is not None]
    return result.state.model_copy(update={"last_post": max(candidates, key=lambda mark: mark.published_at, default=None)})


def _failures_of(state: AccountState) -> dict[str, object]:
    names = ("failures", "failing_since", "last_error", "last_tried_at")
    return {name: getattr(state, name) for name in names}
