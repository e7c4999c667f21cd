"""Builders for the tests of the core: accounts, posts, snapshots, polls and states with few words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from clocks import NOON

from monitor.after import after
from monitor.model import Account, AccountState, Channel, Fault, Outcome, Platform, Poll, Post, Snapshot

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FEED = Channel(adapter="feed", handle="https://bridge.example/a.xml?x=1&y.z=$2")
"""A handle with all that a database might stumble over in a key: dots, dollars, blanks come of its `key`."""


def account(id: str = "a", **fields: Any) -> Account:
    return Account(**{"id": id, "platform": Platform.WEIBO, "name": f"{id}发布", "channels": (FEED,), **fields})


def post(number: int | str = 1, at: datetime = NOON - HOUR, account_id: str = "a", **fields: Any) -> Post:
    return Post(
        **{
            "id": f"weibo:{account_id}:{number}",
            "account_id": account_id,
            "published_at": at,
            "first_seen_at": NOON,
            "url": f"https://weibo.example/{account_id}/{number}",
            "title": f"第{number}条",
            **fields,
        }
    )


def snapshot(*posts: Post, since: datetime | None = NOON - 10 * DAY, until: datetime | None = NOON, **fields: Any) -> Snapshot:
    """Return a complete view of since..until; without a `since` it covers nothing."""
    covers = {"covers_from": since, "covers_until": until if since else None}
    return Snapshot(**{"channel": "feed", "posts": posts, "digest": "d1", **covers, **fields})


def partial(*posts: Post, **fields: Any) -> Snapshot:
    return snapshot(*posts, since=None, partial="a guest's view", **fields)


def fault(code: str = "transport_fault", **fields: Any) -> Fault:
    return Fault(code=code, message=f"a {code}", channel="feed", **fields)


def poll(*snapshots: Snapshot, at: datetime = NOON, account_id: str = "a", **fields: Any) -> Poll:
    """Return a poll of one channel, good when one of the snapshots is complete."""
    good = any(each.covers_from is not None and not each.partial for each in snapshots)
    outcome = Outcome(channel=FEED, fault=None if good else fault("degraded" if snapshots else "transport_fault"), digest="d1")
    return Poll(**{"account_id": account_id, "at": at, "outcomes": (outcome,), "snapshots": snapshots, **fields})


def failed(code: str = "transport_fault", at: datetime = NOON, account_id: str = "a", **fields: Any) -> Poll:
    return Poll(account_id=account_id, at=at, outcomes=(Outcome(channel=FEED, fault=fault(code, **fields)),))


def state(account_id: str = "a", **fields: Any) -> AccountState:
    return AccountState(account_id=account_id, **fields)


def walked(*polls: Poll, start: AccountState | None = None) -> AccountState:
    """Return the state after several polls in a row."""
    current = start or state()
    for each in polls:
        current = after(current, each).state
    return current
