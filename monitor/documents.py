"""Nouns to MongoDB documents and back. Knows the shape of every collection; talks to nobody.

An update is a pair (filter, change), ready for the driver.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from monitor.model import Account, AccountState, Alert, Noun, Outcome, Post, PostMark, Repost, Stage
from monitor.writes import AlertChange, PollWrite, StoredPost

ALIVE = (Stage.PENDING, Stage.HELD, Stage.OPEN)
Update = tuple[dict[str, Any], Any]


def plain(noun: Noun) -> dict[str, Any]:
    """Return a roster noun as a document; dates and moments as text, since nobody asks the database about them."""
    document = noun.model_dump(mode="json")
    document["_id"] = document.pop("id")
    return document


def revision(account: Account) -> str:
    """Return a short hash of all that the roster says of the account."""
    return hashlib.blake2b(account.model_dump_json().encode(), digest_size=8).hexdigest()


def fields(doc: dict[str, Any], id_field: str = "") -> dict[str, Any]:
    identity = doc.pop("_id")
    if id_field:
        doc[id_field] = identity
    return doc


def account(doc: dict[str, Any]) -> Account:
    return Account.model_validate(fields(doc, "id"))


def enrolment(account: Account, lane: str, now: datetime) -> dict[str, Any]:
    fresh = AccountState(account_id=account.id).model_dump(exclude={"next_poll_at"})
    return {"$setOnInsert": {**fresh, "due_at": now, "lease": None, "fence": 0}, "$set": {"lane": lane, "revision": revision(account)}}


_STATE_FIELDS = frozenset(AccountState.model_fields) - {"next_poll_at"}
_KEPT_FIELDS = _STATE_FIELDS - {"account_id"}


def state(doc: Mapping[str, Any]) -> AccountState:
    known = {name: value for name, value in doc.items() if name in _STATE_FIELDS}
    return AccountState.model_validate({**known, "next_poll_at": doc.get("due_at")})


def release(write: PollWrite) -> Update:
    """Give the account back with what the poll changed; what it left alone is not written again."""
    before, now = write.claim.state, write.state
    changed = {name for name in _KEPT_FIELDS if getattr(now, name) is not getattr(before, name)}
    change = now.model_dump(include=changed) if changed else {}
    change |= {"due_at": now.next_poll_at, "lease": None}
    if write.lane is not None:
        change["lane"] = write.lane
    return {"_id": now.account_id, "fence": write.claim.fence}, {"$set": change}


def record(write: PollWrite) -> dict[str, Any]:
    poll = write.poll
    return {
        "at": poll.at,
        "account_id": poll.account_id,
        "seconds": poll.seconds,
        "new": len(write.new),
        "channels": [_outcome_record(outcome) for outcome in poll.outcomes],
    }


def _outcome_record(outcome: Outcome) -> dict[str, Any]:
    record: dict[str, Any] = {"channel": outcome.channel.adapter, "digest": outcome.digest}
    if outcome.passed_over:
        record["passed_over"] = True
    if outcome.fault is not None:
        record["error"] = outcome.fault.model_dump(exclude_defaults=True)
    if outcome.skipped:
        record["skipped"] = dict(outcome.skipped)
    return record


def stored_post(stored: StoredPost) -> dict[str, Any]:
    """Return the document of a post; `written_at` says when it was last seen new or changed, for a walk over what came lately."""
    document = stored.post.model_dump()
    document["_id"] = document.pop("id")
    document["hash"] = stored.hash
    document["channel"] = stored.channel
    document["written_at"] = stored.post.first_seen_at
    return document


def rewrite(stored: StoredPost) -> Update:
    """Write a known post again where its content changed; when it was first seen stays, and when it was first found deleted.

    A post that was let go of with another page of its account, and is shown again, comes back to the account.
    """
    document = stored_post(stored)
    differs = [{"hash": {"$ne": stored.hash}}, {"account_id": {"$ne": stored.post.account_id}}]
    changed = {"_id": document.pop("_id"), "$or": differs}
    if stored.post.deleted_at is None:
        del document["first_seen_at"]
        return changed, {"$set": document}
    # What a platform sends in a deleted post's place is no content: what was seen of it before stays as evidence.
    gone = {"$ifNull": ["$deleted_at", stored.post.deleted_at]}
    return changed, [{"$set": {"account_id": stored.post.account_id, "hash": stored.hash, "deleted_at": gone}}]


def enriched(post: Post, at: datetime) -> dict[str, Any]:
    """Return what opening a post's page at this moment may change of it."""
    told = {"title", "text", "kind", "whole", "citation", "deleted_at", "published_at", "precision"}
    return {**post.model_dump(include=told), "written_at": at}


_POST_FIELDS = frozenset(Post.model_fields) - {"id"}


def post(doc: Mapping[str, Any]) -> Post:
    return Post.model_validate({"id": doc["_id"], **{name: doc[name] for name in _POST_FIELDS if name in doc}})


def post_mark(doc: Mapping[str, Any]) -> PostMark:
    return PostMark(
        id=doc["_id"],
        channel=doc.get("channel", ""),
        published_at=doc["published_at"],
        url=doc["url"],
        title=doc["title"],
        precision=doc.get("precision", "second"),
    )


def stored_repost(repost: Repost) -> dict[str, Any]:
    document = repost.model_dump(exclude={"lag"})
    return {**document, "_id": repost.id, "lag_seconds": repost.lag.total_seconds()}


def repost(doc: dict[str, Any]) -> Repost:
    known = fields(dict(doc))
    lag = timedelta(seconds=known.pop("lag_seconds"))
    return Repost.model_validate({**known, "lag": lag})


def told(alert: Alert) -> dict[str, Any]:
    return {person: mark.model_dump(mode="json") | {"at": mark.at} for person, mark in alert.told.items()}


def alert_change(change: AlertChange) -> Update:
    after = change.after
    judged = {
        "finding": after.finding.model_dump(),
        "key": after.finding.key,
        "account_id": after.finding.account_id,
        "stage": after.stage,
        "alive": after.stage in ALIVE,
        "last_seen_at": after.last_seen_at,
        "resolved_at": after.resolved_at,
    }
    answered = after.acknowledged.model_dump() if after.acknowledged else None
    born = {"opened_at": after.opened_at, "told": told(after), "tries": dict(after.tries), "acknowledged": answered}
    if change.before is None:
        return ({"_id": after.id}, {"$setOnInsert": {**judged, **born}})
    return ({"_id": after.id, "stage": change.before.stage}, {"$set": judged})


_ALERT_FIELDS = frozenset(Alert.model_fields) - {"id"}


def alert(doc: Mapping[str, Any]) -> Alert:
    return Alert.model_validate({"id": doc["_id"], **{name: doc[name] for name in _ALERT_FIELDS if name in doc}})
