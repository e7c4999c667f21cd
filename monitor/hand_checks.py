"""Entering a person's look: a look like any other, through the channel `manual`, kept as evidence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Protocol

from monitor.after import after
from monitor.errors import StoreAway
from monitor.model import Account, Channel, Outcome, Poll, Snapshot
from monitor.store import Store
from monitor.writes import PollWrite, StoredPost

LEASE = timedelta(seconds=60)
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
    """Write the look; the account's next poll is left as it was planned.

    The account is claimed even from a poll under way: the hand check's fence is newer, so that poll writes no state and the account
    is simply looked at again. Raises `StoreAway` when it cannot be claimed.
    """
    claims = await store.claim([account.id], f"hand check {look.by}", now, LEASE, force=True)
    if not claims:
        raise StoreAway(f"account {account.id} could not be claimed")
    claim = claims[0]
    snapshot = make(account, look.last_update, look.looked_at, look.by)
    channel = Channel(adapter=snapshot.channel, handle=look.by or "unnamed")
    outcome = Outcome(channel=channel, digest=snapshot.digest)
    poll = Poll(account_id=account.id, at=look.looked_at, outcomes=(outcome,), snapshots=(snapshot,))
    result = after(claim.state, poll)
    state = result.state.model_copy(update={"next_poll_at": now})
    new = tuple(StoredPost(post=post, hash=mark, channel=snapshot.channel) for post, mark in (*result.new, *result.changed))
    await store.put_hand_check(PollWrite(poll=poll, state=state, claim=claim, new=new), look.by)
