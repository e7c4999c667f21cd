"""What the tests of the store share: enrolling, claiming, committing polls, and alerts with few words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from clocks import NOON
from makers import HOUR

from monitor.after import after, content_hash
from monitor.model import (
    Account,
    AccountState,
    Alert,
    Finding,
    Firing,
    Poll,
    Post,
    Stage,
)
from monitor.store import Store
from monitor.writes import Claim, PollWrite, StoredPost

LEASE = timedelta(minutes=3)
NEXT = NOON + HOUR


async def enrol(store: Store, *accounts: Account, now: datetime = NOON) -> None:
    await store.put_accounts(accounts, {each.id: "lane" for each in accounts}, now)


def stored(*posts: Post) -> tuple[StoredPost, ...]:
    return tuple(StoredPost(each, content_hash(each)) for each in posts)


def write(claim: Claim, made: Poll, **more: Any) -> PollWrite:
    """Return what the poll of this claimed account has to write, as the daemon would make it."""
    result = after(claim.state, made)
    new = tuple(StoredPost(each, mark) for each, mark in result.new)
    changed = tuple(StoredPost(each, mark) for each, mark in result.changed)
    next_state = result.state.model_copy(update={"next_poll_at": made.at + HOUR})
    return PollWrite(**{"poll": made, "state": next_state, "claim": claim, "lane": "lane", "new": new, "changed": changed, **more})


async def claim_one(store: Store, id: str = "a", now: datetime = NOON) -> Claim:
    claims = await store.claim([id], "us", now, LEASE)
    assert len(claims) == 1
    return claims[0]


async def looked(store: Store, *polls: Poll, id: str = "a") -> AccountState:
    """Claim, look and commit once for each poll; return the state as it is stored then."""
    for each in polls:
        await store.commit([write(await claim_one(store, id, each.at), each)])
    return (await store.states([id]))[id]


def finding(rule: str = "idle", subject: str = "a", status: Firing = Firing.FIRING, **fields: Any) -> Finding:
    return Finding(**{"rule": rule, "status": status, "subject": subject, "account_id": subject, "label": "内容不更新", **fields})


def alert(stage: Stage = Stage.OPEN, at: datetime = NOON, id: str = "1", **fields: Any) -> Alert:
    return Alert(id=id, finding=finding(**fields), stage=stage, opened_at=at, last_seen_at=at)
