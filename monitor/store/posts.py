"""Posts and reposts: written once, written again where they changed, read in every way the rules and people ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, DeleteOne, InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import (
    BulkWriteError,
)

from monitor import documents
from monitor.model import Post, PostMark, Repost
from monitor.store.connection import Connection, duplicates_only
from monitor.writes import StoredPost, Written


class Posts(Connection):
    """What accounts published, and which of it carries a key article."""

    async def _insert_posts(self, posts: Sequence[StoredPost], written: Written) -> None:
        if not posts:
            return
        unique = {each.post.id: each for each in posts}
        refused: set[int] = set()
        try:
            await self._db.posts.bulk_write([InsertOne(documents.stored_post(each)) for each in unique.values()], ordered=False)
        except BulkWriteError as error:
            refused = duplicates_only(error)
        for index, each in enumerate(unique.values()):
            if index not in refused:
                written.inserted[each.post.account_id] = written.inserted.get(each.post.account_id, 0) + 1
        known = [each for index, each in enumerate(unique.values()) if index in refused]
        await self._update_posts(known)

    async def _update_posts(self, posts: Sequence[StoredPost]) -> None:
        """Write known posts again where their content changed; when they were first seen stays."""
        if posts:
            await self._db.posts.bulk_write([UpdateOne(*documents.rewrite(each)) for each in posts], ordered=False)

    async def _put_reposts(self, reposts: Sequence[Repost]) -> None:
        if reposts:
            await self._db.reposts.bulk_write(
                [ReplaceOne({"_id": repost.id}, documents.stored_repost(repost), upsert=True) for repost in reposts], ordered=False
            )

    async def posts(self, account_id: str) -> list[Post]:
        """Return an account's posts, newest first."""
        with self.translated():
            found = self._db.posts.find({"account_id": account_id}).sort("published_at", DESCENDING)
            return [documents.post(doc) async for doc in found]

    async def stored_between(self, account_id: str, since: datetime, until: datetime, limit: int = 500) -> list[StoredPost]:
        """Return an account's posts of the span, newest first, each with the channel that last showed it."""
        query = {"account_id": account_id, "published_at": {"$gte": since, "$lte": until}}
        with self.translated():
            found = self._db.posts.find(query).sort("published_at", DESCENDING).limit(limit)
            return [StoredPost(post=documents.post(doc), hash=doc["hash"], channel=doc.get("channel", "")) async for doc in found]

    async def newest_visible(self, account_ids: Iterable[str], at: datetime, without: Iterable[str] = ()) -> dict[str, PostMark]:
        """Return each account's newest post that the public could see at the moment; accounts without one are missing."""
        stages = [
            {"$match": {"account_id": {"$in": list(account_ids)}, "published_at": {"$lte": at}, "private": {"$ne": True}}},
            {"$match": {"_id": {"$nin": list(without)}}},
            {"$match": {"$or": [{"deleted_at": None}, {"deleted_at": {"$gt": at}}]}},
            {"$sort": {"account_id": ASCENDING, "published_at": DESCENDING}},
            {"$group": {"_id": "$account_id", "post": {"$first": "$$ROOT"}}},
        ]
        with self.translated():
            found = self._db.posts.aggregate(stages, allowDiskUse=True)
            return {doc["_id"]: documents.post_mark(doc["post"]) async for doc in found}

    async def post_times(self, account_ids: Iterable[str], since: datetime, until: datetime) -> dict[str, list[datetime]]:
        """Return when each account's visible posts of the span were published."""
        query = {"account_id": {"$in": list(account_ids)}, "published_at": {"$gte": since, "$lte": until}, "private": {"$ne": True}}
        times: dict[str, list[datetime]] = {}
        with self.translated():
            async for doc in self._db.posts.find(query, {"account_id": 1, "published_at": 1, "deleted_at": 1}):
                if doc.get("deleted_at") is None or doc["deleted_at"] > until:
                    times.setdefault(doc["account_id"], []).append(doc["published_at"])
        return times

    async def posts_since(
        self, account_ids: Iterable[str], since: datetime, written_since: datetime | None = None, batch: int = 100
    ) -> AsyncIterator[Post]:
        """Walk over the visible posts of these accounts since a moment, a batch at a time, so that memory does not grow with them.

        With `written_since`, only over those that were seen new or changed since then.
        """
        query: dict[str, Any] = {"account_id": {"$in": list(account_ids)}, "published_at": {"$gte": since}}
        if written_since is not None:
            query["written_at"] = {"$gte": written_since}
        with self.translated():
            async for doc in self._db.posts.find({**query, "private": {"$ne": True}, "deleted_at": None}).batch_size(batch):
                yield documents.post(doc)

    async def posts_by_id(self, ids: Iterable[str]) -> list[Post]:
        """Return the posts of these ids, those that there are."""
        with self.translated():
            return [documents.post(doc) async for doc in self._db.posts.find({"_id": {"$in": list(ids)}})]

    async def enrich(self, post: Post, at: datetime) -> None:
        """Add to a stored post what its own page showed. Hash and channel stay, so that a list showing it as before changes nothing."""
        with self.translated():
            await self._db.posts.update_one({"_id": post.id}, {"$set": documents.enriched(post, at)})

    async def reposts(
        self, account_ids: Iterable[str] | None = None, article_ids: Iterable[str] | None = None, grade: str | None = None
    ) -> dict[str, list[Repost]]:
        """Return reposts by account; with a grade, only those of it."""
        query: dict[str, Any] = {} if grade is None else {"grade": grade}
        if account_ids is not None:
            query["account_id"] = {"$in": list(account_ids)}
        if article_ids is not None:
            query["article_id"] = {"$in": list(article_ids)}
        found: dict[str, list[Repost]] = {}
        with self.translated():
            async for doc in self._db.reposts.find(query):
                found.setdefault(doc["account_id"], []).append(documents.repost(doc))
        return found

    async def put_reposts(self, reposts: Sequence[Repost]) -> None:
        with self.translated():
            await self._put_reposts(reposts)

    async def drop_reposts(self, ids: Sequence[str]) -> None:
        """Forget reposts that no longer hold, since their article was corrected."""
        with self.translated():
            if ids:
                await self._db.reposts.bulk_write([DeleteOne({"_id": each}) for each in ids], ordered=False)
