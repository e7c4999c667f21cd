"""Everything that is remembered, in MongoDB. The only importer of motor (and of the pymongo it carries).

Each write is an upsert by our own id with majority and journal, in unordered batches, so repeating one is harmless and a time-out
decides nothing. An account is claimed by moving its `due_at` to the end of a lease and raising its fence; a late writer with an old
fence changes no state. Driver errors leave here as `StoreAway` when waiting helps; anything else is a bug and passes through.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ASCENDING, DESCENDING, DeleteOne, IndexModel, InsertOne, ReadPreference, ReplaceOne, UpdateOne, WriteConcern
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    CollectionInvalid,
    ConfigurationError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)

from monitor import documents
from monitor.errors import BadSettings, StoreAway
from monitor.keepings import COLLECTIONS as KEEPINGS
from monitor.keepings import Keepings
from monitor.model import Account, AccountState, Alert, Article, ChannelState, Post, PostMark, Repost, Stage, Status, local_date
from monitor.writes import AlertChange, Claim, PollWrite, StoredPost, Written

DUPLICATE_KEY = 11000
RECENT_ACCOUNTS = 4_096
"""Accounts kept in memory beside the database: all of a city; of a larger roster as many as are looked at in a while."""
NAMESPACE_EXISTS = 48

_WAITING_HELPS = (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)

_COLLECTIONS = ("accounts", "articles", "states", "posts", "reposts", "alerts", "polls", "channels", "looks", "leases", *KEEPINGS)

_INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "accounts": [IndexModel([("channels.handle", ASCENDING)])],
    "states": [IndexModel([("due_at", ASCENDING), ("lane", ASCENDING)])],
    "posts": [IndexModel([("account_id", ASCENDING), ("published_at", DESCENDING)]), IndexModel([("keys", ASCENDING)], sparse=True)],
    "reposts": [IndexModel([("account_id", ASCENDING), ("article_id", ASCENDING)])],
    "alerts": [
        # One alert at a time may be alive for a finding, whoever opens it.
        IndexModel([("key", ASCENDING)], unique=True, partialFilterExpression={"alive": True}),
        IndexModel([("account_id", ASCENDING), ("alive", ASCENDING)]),
        IndexModel([("stage", ASCENDING), ("resolved_at", ASCENDING)]),
    ],
    "looks": [IndexModel([("account_id", ASCENDING), ("at", DESCENDING)])],
}


class Store:
    """The database. `open` makes collections and indexes; every method may raise `StoreAway`."""

    def __init__(self, url: str, database: str, *, poll_record_days: int = 90, selection_seconds: float = 30.0) -> None:
        self.poll_record_days = poll_record_days
        self._recent: dict[tuple[str, str], Account] = {}
        # Motor binds to the running loop; a store is therefore made inside it.
        self._client: Any = _client(url, selection_seconds)
        self._database: Any = self._client.get_database(
            database,
            codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
            read_preference=ReadPreference.PRIMARY,
            write_concern=WriteConcern(w="majority", j=True, wtimeout=30_000),
        )
        # Made once: the driver builds a collection anew at each mention of its name.
        self._db: Any = SimpleNamespace(**{name: self._database[name] for name in _COLLECTIONS})
        self.keepings = Keepings(self._db, _translated)

    async def open(self) -> None:
        """Create what is missing: the poll records as a time-series collection with expiry, and all indexes.

        Raises `BadSettings` when the login is refused.
        """
        with _translated(), _login_told():
            await self._make_poll_records(self.poll_record_days * 86_400)
            for name, indexes in _INDEXES.items():
                await self._database[name].create_indexes(list(indexes))

    async def _make_poll_records(self, expiry: int) -> None:
        try:
            await self._database.create_collection(
                "polls",
                timeseries={"timeField": "at", "metaField": "account_id", "granularity": "minutes"},
                expireAfterSeconds=expiry,
            )
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:
                raise
        except CollectionInvalid:
            # It is there: the setting may have changed since.
            await self._database.command({"collMod": "polls", "expireAfterSeconds": expiry})

    async def ping(self) -> None:
        """Raise `StoreAway` when the database does not answer."""
        with _translated():
            await self._client.admin.command("ping")

    def close(self) -> None:
        self._client.close()

    async def leave(self, seconds: float) -> None:
        """Close, but wait no longer than so long: the driver says good-bye to a database that may not answer."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(self._client.close), seconds)

    # -- roster -------------------------------------------------------------------------------------------------------------

    async def put_accounts(self, accounts: Sequence[Account], lanes: Mapping[str, str], now: datetime) -> None:
        """Make the roster exactly these accounts. New ones are due at once; what is known of removed ones is kept but not looked at."""
        ids = [account.id for account in accounts]
        with _translated():
            await self._forget_wrong_pages(accounts, now)
            if accounts:
                await self._db.accounts.bulk_write(
                    [ReplaceOne({"_id": a.id}, documents.plain(a), upsert=True) for a in accounts], ordered=False
                )
                await self._db.states.bulk_write(
                    [UpdateOne({"_id": a.id}, documents.enrolment(a, lanes.get(a.id, ""), now), upsert=True) for a in accounts],
                    ordered=False,
                )
                await self._db.states.update_many({"_id": {"$in": ids}, "due_at": None}, {"$set": {"due_at": now}})
            await self._db.accounts.delete_many({"_id": {"$nin": ids}})
            # The fence rises, so that a look still under way does not put a removed account back on the list of the due.
            await self._db.states.update_many(
                {"_id": {"$nin": ids}, "due_at": {"$ne": None}}, {"$set": {"due_at": None, "lease": None}, "$inc": {"fence": 1}}
            )
            # An account that left the roster, or is no longer judged, has not recovered: its alerts end without a letter.
            judged = [account.id for account in accounts if _judged(account, now)]
            await self._db.alerts.update_many(
                {"alive": True, "account_id": {"$nin": [None, *judged]}},
                {"$set": {"stage": Stage.RESOLVED, "alive": False, "resolved_at": now, "told": {}, "tries": {}}},
            )

    async def _forget_wrong_pages(self, accounts: Sequence[Account], now: datetime) -> None:
        """Let go of what was seen through a channel that an account no longer names: it was another page.

        The posts stay, but under a name of their own; the account is looked at anew, and a look under way on the old page writes nothing.
        """
        before = {account.id: account for account in await self.accounts(account.id for account in accounts)}
        for account in accounts:
            old = before.get(account.id)
            kept = {(channel.adapter, channel.handle) for channel in account.channels}
            lost = [channel for channel in (old.channels if old else ()) if (channel.adapter, channel.handle) not in kept]
            if not lost:
                continue
            fresh = AccountState(account_id=account.id).model_dump(exclude={"account_id", "next_poll_at"})
            await self._db.states.update_one(
                {"_id": account.id}, {"$set": {**fresh, "due_at": now, "lease": None}, "$inc": {"fence": 1}}
            )
            for channel in lost:
                await self._db.posts.update_many(
                    {"account_id": account.id, "channel": channel.adapter}, {"$set": {"account_id": f"{account.id} ~ {channel.key}"}}
                )

    async def heal_clock(self, now: datetime, furthest: timedelta) -> int:
        """Make due what lies further ahead than any plan reaches, as a clock that ran ahead leaves it; return how many."""
        with _translated():
            result = await self._db.states.update_many({"due_at": {"$gt": now + furthest}}, {"$set": {"due_at": now, "lease": None}})
            return int(result.modified_count)

    async def accounts(self, ids: Iterable[str] | None = None) -> list[Account]:
        """Return the roster, or the accounts of these ids, ordered by id."""
        query = {} if ids is None else {"_id": {"$in": list(ids)}}
        with _translated():
            return [documents.account(doc) async for doc in self._db.accounts.find(query).sort("_id", ASCENDING)]

    async def accounts_behind(self, adapter: str, handle: str) -> list[Account]:
        """Return the accounts that have this channel."""
        query = {"channels": {"$elemMatch": {"adapter": adapter, "handle": handle}}}
        with _translated():
            return [documents.account(doc) async for doc in self._db.accounts.find(query).sort("_id", ASCENDING)]

    async def claimed_accounts(self, claims: Sequence[Claim]) -> dict[str, Account]:
        """Return the accounts of these claims. Those read lately come from memory, as long as the roster has not changed them."""
        known = {claim.state.account_id: self._recent.get((claim.state.account_id, claim.revision)) for claim in claims}
        missing = [each for each, account in known.items() if account is None]
        read = {account.id: account for account in await self.accounts(missing)} if missing else {}
        revisions = {claim.state.account_id: claim.revision for claim in claims}
        if len(self._recent) + len(read) > RECENT_ACCOUNTS:
            self._recent.clear()
        self._recent.update({(each, revisions[each]): account for each, account in read.items() if revisions[each]})
        return {**{each: account for each, account in known.items() if account is not None}, **read}

    async def put_articles(self, articles: Sequence[Article]) -> None:
        """Add or correct key articles; those not named stay."""
        with _translated():
            if articles:
                await self._db.articles.bulk_write(
                    [ReplaceOne({"_id": a.id}, documents.plain(a), upsert=True) for a in articles], ordered=False
                )

    async def articles(self) -> list[Article]:
        """Return all key articles, ordered by id."""
        with _translated():
            return [Article.model_validate(documents.fields(doc, "id")) async for doc in self._db.articles.find({}).sort("_id", ASCENDING)]

    # -- claims -------------------------------------------------------------------------------------------------------------

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
        with _translated():
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
        with _translated():
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
        with _translated():
            if writes:
                await self._db.states.bulk_write(writes, ordered=False)

    # -- one poll's writes --------------------------------------------------------------------------------------------------

    async def commit(self, writes: Sequence[PollWrite]) -> Written:
        """Write polls: posts, reposts, alerts, records, and last the states, each guarded by its fence.

        A crash in between means looking again. Nothing is written where there is nothing new.
        """
        written = Written()
        with _translated():
            await self._insert_posts([post for write in writes for post in write.new], written)
            await self._update_posts([post for write in writes for post in write.changed])
            await self._put_reposts([repost for write in writes for repost in write.reposts])
            await self._put_alerts([change for write in writes for change in write.alerts])
            await self._db.polls.insert_many([documents.record(write) for write in writes], ordered=False)
            result = await self._db.states.bulk_write([UpdateOne(*documents.release(write)) for write in writes], ordered=False)
            if result.matched_count < len(writes):
                written.stale = await self._stale(writes)
        return written

    async def _insert_posts(self, posts: Sequence[StoredPost], written: Written) -> None:
        if not posts:
            return
        unique = {each.post.id: each for each in posts}
        refused: set[int] = set()
        try:
            await self._db.posts.bulk_write([InsertOne(documents.stored_post(each)) for each in unique.values()], ordered=False)
        except BulkWriteError as error:
            refused = _duplicates_only(error)
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

    async def _put_alerts(self, changes: Sequence[AlertChange]) -> None:
        """Write alerts; those that end go first, since one finding may end an alert and open the next under the same key."""
        for batch in ([c for c in changes if c.before is not None], [c for c in changes if c.before is None]):
            if not batch:
                continue
            writes = [UpdateOne(*documents.alert_change(change), upsert=change.before is None) for change in batch]
            try:
                await self._db.alerts.bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                # Another writer opened the same alert first: one is enough.
                _duplicates_only(error)

    async def _stale(self, writes: Sequence[PollWrite]) -> set[str]:
        fences = {write.state.account_id: write.claim.fence for write in writes}
        found = self._db.states.find({"_id": {"$in": list(fences)}}, {"fence": 1})
        return {doc["_id"] async for doc in found if doc["fence"] != fences[doc["_id"]]}

    # -- facts --------------------------------------------------------------------------------------------------------------

    async def states(self, ids: Iterable[str]) -> dict[str, AccountState]:
        with _translated():
            found = self._db.states.find({"_id": {"$in": list(ids)}})
            return {doc["_id"]: documents.state(doc) async for doc in found}

    async def roster(self, batch: int = 500) -> AsyncIterator[list[Account]]:
        """Walk over the whole roster, a batch at a time, so that memory does not grow with it."""
        last = ""
        while True:
            with _translated():
                found = self._db.accounts.find({"_id": {"$gt": last}}).sort("_id", ASCENDING).limit(batch)
                accounts = [documents.account(doc) async for doc in found]
            if not accounts:
                return
            yield accounts
            last = accounts[-1].id

    async def watched(self, batch: int = 500) -> AsyncIterator[list[tuple[Account, AccountState]]]:
        """Walk over the whole roster with its states, a batch at a time."""
        async for accounts in self.roster(batch):
            states = await self.states(account.id for account in accounts)
            yield [(account, states.get(account.id) or AccountState(account_id=account.id)) for account in accounts]

    async def alive_alerts(self, account_ids: Iterable[str | None]) -> dict[str | None, dict[str, Alert]]:
        """Return the living alerts of these accounts, by account and by the finding's key; None stands for those about us."""
        alerts: dict[str | None, dict[str, Alert]] = {}
        with _translated():
            async for doc in self._db.alerts.find({"account_id": {"$in": list(account_ids)}, "alive": True}):
                alerts.setdefault(doc["account_id"], {})[doc["key"]] = documents.alert(doc)
        return alerts

    async def reposts(self, account_ids: Iterable[str] | None = None, article_ids: Iterable[str] | None = None) -> dict[str, list[Repost]]:
        """Return reposts by account."""
        query: dict[str, Any] = {}
        if account_ids is not None:
            query["account_id"] = {"$in": list(account_ids)}
        if article_ids is not None:
            query["article_id"] = {"$in": list(article_ids)}
        found: dict[str, list[Repost]] = {}
        with _translated():
            async for doc in self._db.reposts.find(query):
                found.setdefault(doc["account_id"], []).append(documents.repost(doc))
        return found

    async def newest_visible(self, account_ids: Iterable[str], at: datetime, without: Iterable[str] = ()) -> dict[str, PostMark]:
        """Return each account's newest post that the public could see at the moment; accounts without one are missing."""
        stages = [
            {"$match": {"account_id": {"$in": list(account_ids)}, "published_at": {"$lte": at}, "private": {"$ne": True}}},
            {"$match": {"_id": {"$nin": list(without)}}},
            {"$match": {"$or": [{"deleted_at": None}, {"deleted_at": {"$gt": at}}]}},
            {"$sort": {"account_id": ASCENDING, "published_at": DESCENDING}},
            {"$group": {"_id": "$account_id", "post": {"$first": "$$ROOT"}}},
        ]
        with _translated():
            found = self._db.posts.aggregate(stages, allowDiskUse=True)
            return {doc["_id"]: documents.post_mark(doc["post"]) async for doc in found}

    async def posts(self, account_id: str) -> list[Post]:
        """Return an account's posts, newest first."""
        with _translated():
            found = self._db.posts.find({"account_id": account_id}).sort("published_at", DESCENDING)
            return [documents.post(doc) async for doc in found]

    async def stored_between(self, account_id: str, since: datetime, until: datetime, limit: int = 500) -> list[StoredPost]:
        """Return an account's posts of the span, newest first, each with the channel that last showed it."""
        query = {"account_id": account_id, "published_at": {"$gte": since, "$lte": until}}
        with _translated():
            found = self._db.posts.find(query).sort("published_at", DESCENDING).limit(limit)
            return [StoredPost(post=documents.post(doc), hash=doc["hash"], channel=doc.get("channel", "")) async for doc in found]

    async def post_times(self, account_ids: Iterable[str], since: datetime, until: datetime) -> dict[str, list[datetime]]:
        """Return when each account's visible posts of the span were published."""
        query = {"account_id": {"$in": list(account_ids)}, "published_at": {"$gte": since, "$lte": until}, "private": {"$ne": True}}
        times: dict[str, list[datetime]] = {}
        with _translated():
            async for doc in self._db.posts.find(query, {"account_id": 1, "published_at": 1, "deleted_at": 1}):
                if doc.get("deleted_at") is None or doc["deleted_at"] > until:
                    times.setdefault(doc["account_id"], []).append(doc["published_at"])
        return times

    async def posts_with_keys(self, keys: Iterable[str], since: datetime) -> list[Post]:
        """Return the posts that carry one of these match keys, for a key article that came after them."""
        with _translated():
            found = self._db.posts.find({"keys": {"$in": list(keys)}, "published_at": {"$gte": since}})
            return [documents.post(doc) async for doc in found]

    async def posts_since(self, account_ids: Iterable[str], since: datetime, until: datetime, batch: int = 200) -> AsyncIterator[Post]:
        """Walk over the visible posts of these accounts within the span, a batch at a time, so that memory does not grow with them."""
        span = {"account_id": {"$in": list(account_ids)}, "published_at": {"$gte": since, "$lte": until}}
        with _translated():
            async for doc in self._db.posts.find({**span, "private": {"$ne": True}, "deleted_at": None}).batch_size(batch):
                yield documents.post(doc)

    async def posts_by_id(self, ids: Iterable[str]) -> list[Post]:
        """Return the posts of these ids, those that there are."""
        with _translated():
            return [documents.post(doc) async for doc in self._db.posts.find({"_id": {"$in": list(ids)}})]

    async def enrich(self, post: Post, keys: Sequence[str]) -> None:
        """Add to a stored post what its own page showed. Hash and channel stay, so that a list showing it as before changes nothing."""
        with _translated():
            await self._db.posts.update_one({"_id": post.id}, {"$set": documents.enriched(post, keys)})

    async def put_reposts(self, reposts: Sequence[Repost]) -> None:
        with _translated():
            await self._put_reposts(reposts)

    async def drop_reposts(self, ids: Sequence[str]) -> None:
        """Forget reposts that no longer hold, since their article was corrected."""
        with _translated():
            if ids:
                await self._db.reposts.bulk_write([DeleteOne({"_id": each}) for each in ids], ordered=False)

    # -- alerts, the outbox -------------------------------------------------------------------------------------------------

    async def alerts(self, stages: Iterable[Stage] | None = None) -> list[Alert]:
        """Return alerts, oldest first."""
        query = {} if stages is None else {"stage": {"$in": [str(stage) for stage in stages]}}
        with _translated():
            return [documents.alert(doc) async for doc in self._db.alerts.find(query).sort("opened_at", ASCENDING)]

    async def outbox(self, since: datetime) -> list[Alert]:
        """Return what somebody may have to hear of: open alerts, and those resolved since the moment."""
        query = {"$or": [{"stage": Stage.OPEN}, {"stage": Stage.RESOLVED, "resolved_at": {"$gte": since}}]}
        with _translated():
            return [documents.alert(doc) async for doc in self._db.alerts.find(query).sort("opened_at", ASCENDING)]

    async def put_alerts(self, changes: Sequence[AlertChange]) -> None:
        with _translated():
            await self._put_alerts(changes)

    async def put_told(self, alerts: Sequence[Alert]) -> None:
        """Write who was told of what; judging writes the rest of an alert and never these fields."""
        writes = [UpdateOne({"_id": a.id}, {"$set": {"told": documents.told(a), "tries": dict(a.tries)}}) for a in alerts]
        with _translated():
            if writes:
                await self._db.alerts.bulk_write(writes, ordered=False)

    async def hold(self, name: str, owner: str, now: datetime, lease: timedelta) -> bool:
        """Take or keep what one daemon at a time may do, until the lease ends; False while it is another owner's."""
        free = {"_id": name, "$or": [{"until": {"$lte": now}}, {"owner": owner}]}
        with _translated():
            try:
                await self._db.leases.update_one(free, {"$set": {"owner": owner, "until": now + lease}}, upsert=True)
            except DuplicateKeyError:
                return False
        return True

    # -- channels, counts, hand checks --------------------------------------------------------------------------------------

    async def channels(self) -> list[ChannelState]:
        with _translated():
            return [ChannelState.model_validate(documents.fields(doc)) async for doc in self._db.channels.find({})]

    async def put_channels(self, channels: Sequence[ChannelState]) -> None:
        with _translated():
            if channels:
                await self._db.channels.bulk_write(
                    [ReplaceOne({"_id": c.name}, c.model_dump(), upsert=True) for c in channels], ordered=False
                )

    async def counts(self, now: datetime) -> Mapping[str, int]:
        """Return sizes for `status`: accounts, tried, due, open alerts, and posts, which MongoDB only estimates: after a kill it is off."""
        with _translated():
            return {
                "accounts": await self._db.accounts.count_documents({}),
                "tried": await self._db.states.count_documents({"last_tried_at": {"$ne": None}, "due_at": {"$ne": None}}),
                "due": await self._db.states.count_documents({"due_at": {"$lte": now}}),
                "posts": await self._db.posts.estimated_document_count(),
                "open_alerts": await self._db.alerts.count_documents({"alive": True}),
            }

    async def oldest_due(self, now: datetime) -> datetime | None:
        with _translated():
            doc = await self._db.states.find_one({"due_at": {"$lte": now}}, {"due_at": 1}, sort=[("due_at", ASCENDING)])
            return doc["due_at"] if doc else None

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
        with _translated():
            await self._db.looks.replace_one({"_id": f"{write.state.account_id} {evidence['digest']}"}, evidence, upsert=True)
        return await self.commit([write])


_URL_SETTING = "mongo.url（环境变量 ZHENGWU_MONGO__URL）"
_LOGIN_REFUSED = {
    13: "数据库要求登录，或该用户没有读写权限，请核对用户名及其角色",
    18: "数据库登录未成功，请核对用户名、密码和 authSource",
}
"""Unauthorized, AuthenticationFailed: only the operator can mend these."""


def _client(url: str, selection_seconds: float) -> Any:
    """Return the driver's client. Raises `BadSettings` for an address it cannot use; the driver's words, which quote it, end here."""
    try:
        return AsyncIOMotorClient(
            url,
            tz_aware=True,
            tzinfo=UTC,
            retryWrites=True,
            appname="zhengwu-monitor",
            serverSelectionTimeoutMS=int(selection_seconds * 1000),
            connectTimeoutMS=10_000,
            socketTimeoutMS=60_000,
        )
    except (ConfigurationError, ValueError, OSError):
        expected = "应如 mongodb://用户名:密码@主机:27017/，用户名和密码中的特殊字符须写成 %40 这样的百分号编码"
        raise BadSettings([f"{_URL_SETTING}：不是可用的数据库地址，{expected}"]) from None


@contextlib.contextmanager
def _login_told() -> Iterator[None]:
    try:
        yield
    except ConfigurationError as error:
        raise BadSettings([f"{_URL_SETTING}：其中的选项与数据库不符（{type(error).__name__}）"]) from None
    except OperationFailure as error:
        if error.code not in _LOGIN_REFUSED:
            raise
        raise BadSettings([f"{_URL_SETTING}：{_LOGIN_REFUSED[error.code]}"]) from None


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except BulkWriteError as error:
        if _waiting_mends(error):
            raise StoreAway("the database did not confirm a batch in time") from error
        raise
    except _WAITING_HELPS as error:
        raise StoreAway(f"the database cannot be reached: {type(error).__name__}") from error
    except DuplicateKeyError:
        raise
    except OperationFailure as error:
        # The driver's own mark for errors that pass: elections, shutdown, interrupted operations.
        if error.has_error_label("RetryableWriteError") or error.code in _PASSING_CODES:
            raise StoreAway(f"the database is changing: code {error.code}") from error
        raise


_PASSING_CODES = frozenset({91, 189, 10107, 11600, 11602, 13435, 13436})
"""ShutdownInProgress, PrimarySteppedDown, NotWritablePrimary, Interrupted…, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary."""


def _waiting_mends(error: BulkWriteError) -> bool:
    """Whether a batch failed only because the database was going or coming; duplicates beside that will be found again."""
    details = error.details or {}
    codes = {each["code"] for each in details.get("writeErrors", [])} - {DUPLICATE_KEY}
    return codes <= _PASSING_CODES and bool(codes or details.get("writeConcernErrors"))


def _judged(account: Account, now: datetime) -> bool:
    """Whether the account is judged at all: not once it is closed, nor while it is excused."""
    if account.status is Status.EXEMPT:
        return account.exempt_until is not None and account.exempt_until < local_date(now)
    return account.status is not Status.CLOSED


def _duplicates_only(error: BulkWriteError) -> set[int]:
    """Return the indexes refused as duplicates; raise when anything else went wrong."""
    details = error.details or {}
    errors = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(each["code"] != DUPLICATE_KEY for each in errors):
        raise error
    return {each["index"] for each in errors}
