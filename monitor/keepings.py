"""The small things kept beside accounts and posts: tokens, windows and breakers of the channels, pushes taken, posts verified,
what people decided.

It works on the collections the store hands it and imports no driver; errors are translated by the store's own door.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from monitor import documents
from monitor.access.budgets import KeptTally, TallyChange
from monitor.access.credentials import Kept
from monitor.access.pauses import Rest
from monitor.decisions import Decision
from monitor.model import Fault, Post
from monitor.ports import Grant
from monitor.writes import Progress, Returned, Verified

T = TypeVar("T")
log = structlog.get_logger("keepings")

COLLECTIONS = ("grants", "windows", "lanes", "breakers", "pushes", "verified", "runs", "matchings", "unmatched", "decisions")
PUSH_KEPT = timedelta(days=2)
"""A platform repeats a push for minutes; a replay later than this is refused by its time."""
COUNTS_KEPT = timedelta(days=7)
"""Windows, lanes and breakers that nobody used for so long say nothing any more; no window is longer."""


class Keepings:
    """Every method may raise `StoreAway`."""

    def __init__(self, collections: Any, translated: Callable[[], AbstractContextManager[None]]) -> None:
        self._db = collections
        self._translated = translated

    # -- tokens -------------------------------------------------------------------------------------------------------------

    async def grants(self, name: str = "", kind: str = "") -> list[Kept]:
        """Return all tokens, or the one of this credential and kind. A document nobody can read any more is left alone."""
        query = {"_id": f"{kind} {name}"} if name else {}
        with self._translated():
            return [kept async for doc in self._db.grants.find(query) if (kept := _readable(_kept, doc)) is not None]

    async def put_grant(self, kept: Kept) -> None:
        grant = kept.grant
        document = {
            "credential": kept.name,
            "kind": kept.kind,
            "origin": kept.origin,
            "value": grant.value,
            "issued_at": grant.issued_at,
            "until": grant.until,
            "refresh": grant.refresh,
            "refresh_until": grant.refresh_until,
            "renewals": grant.renewals,
        }
        with self._translated():
            await self._db.grants.replace_one({"_id": f"{kept.kind} {kept.name}"}, document, upsert=True)

    async def drop_grant(self, name: str, kind: str) -> None:
        with self._translated():
            await self._db.grants.delete_one({"_id": f"{kind} {name}"})

    # -- windows and breakers -----------------------------------------------------------------------------------------------

    async def windows(self) -> list[KeptTally]:
        with self._translated():
            return [tally async for doc in self._db.windows.find({}) if (tally := _readable(_tally, doc)) is not None]

    async def count_requests(self, changes: Sequence[TallyChange], lanes: Mapping[str, datetime], now: datetime) -> None:
        """Add what was counted since the last time, and note when each lane was last used."""
        with self._translated():
            for each in changes:
                await self._db.windows.update_one({"_id": each.id}, _window_change(each, now), upsert=bool(each.added))
            for lane, at in lanes.items():
                await self._db.lanes.update_one({"_id": lane}, {"$max": {"last_at": at}}, upsert=True)
            if lanes:
                longest = COUNTS_KEPT.total_seconds()
                await self._db.windows.delete_many({"at": {"$lt": now - COUNTS_KEPT}, "seconds": {"$lte": longest}})
                await self._db.lanes.delete_many({"last_at": {"$lt": now - COUNTS_KEPT}})

    async def lanes(self) -> dict[str, datetime]:
        """Return when each lane was last used."""
        with self._translated():
            return {doc["_id"]: doc["last_at"] async for doc in self._db.lanes.find({})}

    async def breakers(self) -> list[Rest]:
        with self._translated():
            return [rest async for doc in self._db.breakers.find({}) if (rest := _readable(_rest, doc)) is not None]

    async def put_breakers(self, rests: Iterable[Rest], closed: Iterable[str]) -> None:
        with self._translated():
            for rest in rests:
                document = {
                    "until": rest.until,
                    "fault": rest.fault.model_dump(),
                    "strikes": rest.strikes,
                    "refusals": rest.refusals,
                    "accounts": sorted(rest.accounts),
                    "at": rest.at,
                }
                await self._db.breakers.replace_one({"_id": rest.lane}, document, upsert=True)
            for lane in closed:
                await self._db.breakers.delete_one({"_id": lane})

    async def begin_run(self, owner: str) -> bool:
        """Note that a daemon runs; return whether all before it ended in order."""
        with self._translated():
            orderly = int(await self._db.runs.count_documents({}, limit=1)) == 0
            await self._db.runs.delete_many({})
            await self._db.runs.replace_one({"_id": owner}, {}, upsert=True)
        return orderly

    async def mark_run(self, owner: str) -> None:
        """Note that this daemon still runs."""
        with self._translated():
            await self._db.runs.update_one({"_id": owner}, {"$setOnInsert": {"_id": owner}}, upsert=True)

    async def runs(self) -> bool:
        """Whether a daemon runs, as far as is known: one that was killed is taken for running until the next has started."""
        with self._translated():
            return int(await self._db.runs.count_documents({}, limit=1)) > 0

    async def end_run(self, owner: str) -> None:
        with self._translated():
            await self._db.runs.delete_one({"_id": owner})

    # -- articles matched with stored posts ---------------------------------------------------------------------------------

    async def progress(self, article_ids: Iterable[str]) -> dict[str, Progress]:
        """Return how far these articles have been matched; those whose matching never began are missing."""
        with self._translated():
            found = self._db.matchings.find({"_id": {"$in": list(article_ids)}})
            read = [each async for doc in found if (each := _readable(_progress, doc)) is not None]
        return {each.article_id: each for each in read}

    async def begin_matching(self, fresh: Sequence[Progress]) -> None:
        """Begin anew with these articles. Killed in the middle, they are merely without progress."""
        with self._translated():
            await self._db.matchings.delete_many({"_id": {"$in": [each.article_id for each in fresh]}})
            await self._db.matchings.insert_many(
                [
                    {"_id": each.article_id, "revision": each.revision, "began_at": each.began_at, "reached": "", "rounds": 0}
                    for each in fresh
                ]
            )

    async def advance(self, group: Sequence[Progress], reached: str | None) -> None:
        """Note how far a walk has come, None for its end. What was begun anew meanwhile keeps its own place."""
        change: dict[str, Any] = {"$set": {"reached": reached or ""}}
        if reached is None:
            change["$inc"] = {"rounds": 1}
        theirs = {"_id": {"$in": [each.article_id for each in group]}, "revision": {"$in": list({each.revision for each in group})}}
        with self._translated():
            await self._db.matchings.update_many({**theirs, "rounds": group[0].rounds}, change)

    async def leave(self, live: Iterable[str]) -> None:
        """Note that all other articles are out of their time: looks know nothing of them any more."""
        with self._translated():
            await self._db.matchings.update_many({"_id": {"$nin": list(live)}, "left": {"$ne": True}}, {"$set": {"left": True}})

    async def unmatched_accounts(self) -> dict[str, Returned]:
        """Return the accounts that the roster changed and whose stored posts wait to be matched, each as it was noted."""
        with self._translated():
            found = self._db.unmatched.find({})
            return {doc["_id"]: Returned(doc["_id"], doc["revision"], doc.get("at")) async for doc in found}

    async def account_matched(self, account_id: str, revision: str) -> None:
        """Note that the account, as it stood then, waits no longer."""
        with self._translated():
            await self._db.unmatched.delete_one({"_id": account_id, "revision": revision})

    # -- pushes and verified posts ------------------------------------------------------------------------------------------

    async def heard(self, number: str) -> bool:
        """Whether a push of this number was taken before."""
        with self._translated():
            return await self._db.pushes.find_one({"_id": number}) is not None

    async def put_heard(self, number: str, at: datetime) -> None:
        """Keep the number of a push that was taken; numbers too old to be repeated are dropped."""
        with self._translated():
            await self._db.pushes.update_one({"_id": number}, {"$setOnInsert": {"at": at}}, upsert=True)
            await self._db.pushes.delete_many({"at": {"$lt": at - PUSH_KEPT}})

    async def verified(self, ids: Iterable[str]) -> dict[str, Verified]:
        """Return what opening these posts showed, for those that were opened."""
        with self._translated():
            return {doc["_id"]: _verified(doc) async for doc in self._db.verified.find({"_id": {"$in": list(ids)}})}

    async def put_verified(self, verified: Verified) -> None:
        """Keep for good what opening a post showed."""
        post = verified.post.model_dump() if verified.post else None
        with self._translated():
            document = {"at": verified.at, "word": verified.word, "post": post}
            await self._db.verified.replace_one({"_id": verified.post_id}, document, upsert=True)

    # -- what people decided ------------------------------------------------------------------------------------------------

    async def decisions(self, article_ids: Iterable[str]) -> dict[str, Decision]:
        """Return what people said of posts and these articles, by the repost's id; of a pair decided twice the last word."""
        with self._translated():
            found = self._db.decisions.find({"article_id": {"$in": list(article_ids)}})
            return {doc["_id"]: each async for doc in found if (each := _readable(_decision, doc)) is not None}

    async def put_decision(self, decision: Decision) -> None:
        with self._translated():
            document = asdict(decision) | {"repost": documents.stored_repost(decision.repost) if decision.repost else None}
            await self._db.decisions.replace_one({"_id": decision.id}, document, upsert=True)


def _readable(read: Callable[[Mapping[str, Any]], T], doc: Mapping[str, Any]) -> T | None:
    """Return what the document says, None for one that cannot be read: it must not keep a daemon from starting."""
    try:
        return read(doc)
    except (KeyError, TypeError, ValueError, AttributeError):
        log.warning("a kept document cannot be read and is left alone", kind=read.__name__.strip("_"))
        return None


def _verified(doc: Mapping[str, Any]) -> Verified:
    post = Post.model_validate(doc["post"]) if doc.get("post") else None
    return Verified(doc["_id"], doc["at"], doc["word"], post)


def _decision(doc: Mapping[str, Any]) -> Decision:
    told = {name: doc[name] for name in ("article_id", "account_id", "post_id", "answer", "by", "at", "note")}
    return Decision(**told, repost=documents.repost(doc["repost"]) if doc.get("repost") else None)


def _progress(doc: Mapping[str, Any]) -> Progress:
    return Progress(doc["_id"], doc["revision"], doc["began_at"], doc["reached"], int(doc["rounds"]), bool(doc.get("left")))


def _kept(doc: Mapping[str, Any]) -> Kept:
    grant = Grant(
        value=doc["value"],
        issued_at=doc["issued_at"],
        until=doc.get("until"),
        refresh=doc.get("refresh", ""),
        refresh_until=doc.get("refresh_until"),
        renewals=doc.get("renewals", 0),
    )
    return Kept(doc["credential"], doc["kind"], doc["origin"], grant)


def _tally(doc: Mapping[str, Any]) -> KeptTally:
    counts = {int(number): int(count) for number, count in doc.get("counts", {}).items()}
    return KeptTally(doc["name"], float(doc["seconds"]), int(doc["requests"]), counts, doc["at"])


def _window_change(each: TallyChange, now: datetime) -> dict[str, Any]:
    change: dict[str, Any] = {"$set": {"name": each.name, "seconds": each.seconds, "requests": each.requests}}
    if each.added:
        change["$set"]["at"] = now
    added = {f"counts.{number}": count for number, count in each.added.items()}
    over = {f"counts.{number}": "" for number in each.over if number not in each.added}
    return {**change, **({"$inc": added} if added else {}), **({"$unset": over} if over else {})}


def _rest(doc: Mapping[str, Any]) -> Rest:
    accounts = frozenset(doc.get("accounts", ()))
    return Rest(doc["_id"], doc["until"], Fault.model_validate(doc["fault"]), doc["strikes"], doc["refusals"], accounts, doc.get("at"))
