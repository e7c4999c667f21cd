"""Lending accounts out, and writing what a look showed: the fence guards every state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo import ASCENDING, UpdateOne

from monitor import documents
from monitor.store.alerts import Alerts
from monitor.store.posts import Posts
from monitor.writes import Claim, PollWrite, Written


class Polls(Posts, Alerts):
    """Claims and commits."""

    async def claim_due(
        self,
        owner: str,
        now: datetime,
        lease: timedelta,
        limit: int,
        accept: Callable[[str], bool] = lambda lane: True,
        full: Iterable[str] = (),
    ) -> list[Claim]:
        """Lend up to `limit` accounts that are due, the longest due first.

        `accept` is asked about each account's lane and keeps count itself; `full` names lanes that can take none. So nobody is lent
        only to queue.
        """
        query: dict[str, Any] = {"due_at": {"$lte": now}, "lane": {"$nin": list(full)}}
        with self.translated():
            due = self._db.states.find(query, {"lane": 1}).sort("due_at", ASCENDING).limit(4 * limit)
            ids: list[str] = []
            async for doc in due:
                if len(ids) < limit and accept(doc.get("lane", "")):
                    ids.append(doc["_id"])
            return await self._lend(ids, {"due_at": {"$lte": now}}, owner, now, lease) if ids else []

    async def claim(self, ids: Sequence[str], owner: str, now: datetime, lease: timedelta, *, force: bool = False) -> list[Claim]:
        """Lend these accounts whether or not they are due, unless they are lent already; with `force`, even then. Never removed ones."""
        free: dict[str, Any] = {"due_at": {"$ne": None}}
        if not force:
            free["$or"] = [{"lease": None}, {"due_at": {"$lte": now}}]
        with self.translated():
            return await self._lend(list(ids), free, owner, now, lease)

    async def _lend(self, ids: list[str], free: Mapping[str, Any], owner: str, now: datetime, lease: timedelta) -> list[Claim]:
        until = now + lease
        # Named anew each time: two claims of one owner in one millisecond must not read back each other's accounts.
        mark = f"{owner} {uuid4().hex}"
        await self._db.states.update_many({"_id": {"$in": ids}, **free}, {"$set": {"due_at": until, "lease": mark}, "$inc": {"fence": 1}})
        mine = self._db.states.find({"_id": {"$in": ids}, "lease": mark})
        return [Claim(state=documents.state(doc), fence=doc["fence"], until=until, revision=doc.get("revision", "")) async for doc in mine]

    async def give_back(self, claims: Iterable[Claim], now: datetime) -> None:
        """Make lent accounts due again at once, for whoever comes next."""
        writes = [UpdateOne({"_id": c.state.account_id, "fence": c.fence}, {"$set": {"due_at": now, "lease": None}}) for c in claims]
        with self.translated():
            if writes:
                await self._db.states.bulk_write(writes, ordered=False)

    async def commit(self, writes: Sequence[PollWrite]) -> Written:
        """Write polls: posts, reposts, alerts, records, and last the states, each guarded by its fence.

        A crash in between means looking again. Nothing is written where there is nothing new.
        """
        written = Written()
        with self.translated():
            await self._insert_posts([post for write in writes for post in write.new], written)
            await self._update_posts([post for write in writes for post in write.changed])
            await self._put_reposts([repost for write in writes for repost in write.reposts])
            await self._put_alerts([change for write in writes for change in write.alerts])
            await self._db.polls.insert_many([documents.record(write) for write in writes], ordered=False)
            result = await self._db.states.bulk_write([UpdateOne(*documents.release(write)) for write in writes], ordered=False)
            if result.matched_count < len(writes):
                written.stale = await self._stale(writes)
        return written

    async def _stale(self, writes: Sequence[PollWrite]) -> set[str]:
        fences = {write.state.account_id: write.claim.fence for write in writes}
        found = self._db.states.find({"_id": {"$in": list(fences)}}, {"fence": 1})
        return {doc["_id"] async for doc in found if doc["fence"] != fences[doc["_id"]]}

    async def put_hand_check(self, write: PollWrite, by: str) -> Written:
        """Commit a look from outside and keep it as evidence that never expires."""
        evidence = {
            "account_id": write.state.account_id,
            "at": write.poll.at,
            "by": by,
            "channel": write.poll.outcomes[0].channel.adapter,
            "digest": write.poll.outcomes[0].digest,
            "posts": [each.post.id for each in (*write.new, *write.changed)],
        }
        with self.translated():
            await self._db.looks.replace_one({"_id": f"{write.state.account_id} {evidence['digest']}"}, evidence, upsert=True)
        return await self.commit([write])
