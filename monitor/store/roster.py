"""Accounts, articles and states: who is watched, and what is known of each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from pymongo import ASCENDING, ReplaceOne, UpdateOne

from monitor import documents
from monitor.model import Account, AccountState, Article, Stage, Status, local_date
from monitor.store.connection import Connection
from monitor.telling.trail import dropped
from monitor.writes import Claim

BATCH = 200
"""Accounts decoded in one go: the loop that reads them polls, too."""
RECENT_ACCOUNTS = 4_096
"""Accounts kept in memory beside the database: all of a city; of a larger roster as many as are looked at in a while."""


class Roster(Connection):
    """The roster, and the states beside it."""

    async def put_accounts(self, accounts: Sequence[Account], lanes: Mapping[str, str], now: datetime) -> None:
        """Make the roster exactly these accounts. New ones are due at once; what is known of removed ones is kept but not looked at."""
        ids = [account.id for account in accounts]
        with self.translated():
            before = {account.id: account for account in await self.accounts(ids)}
            await self._forget_wrong_pages(accounts, before, now)
            changed = await self._let_match_again(accounts, before, now)
            if accounts:
                await self._db.accounts.bulk_write(
                    [ReplaceOne({"_id": a.id}, documents.plain(a), upsert=True) for a in accounts], ordered=False
                )
                await self._db.states.bulk_write(
                    [UpdateOne({"_id": a.id}, documents.enrolment(a, lanes.get(a.id, ""), now), upsert=True) for a in accounts],
                    ordered=False,
                )
                await self._db.states.update_many({"_id": {"$in": ids}, "due_at": None}, {"$set": {"due_at": now}})
                # A look under way knows the account as it was: what it brings must be new to the next look, which knows it as it is.
                await self._db.states.update_many(
                    {"_id": {"$in": changed}, "lease": {"$ne": None}}, {"$set": {"lease": None}, "$inc": {"fence": 1}}
                )
            await self._db.accounts.delete_many({"_id": {"$nin": ids}})
            # The fence rises, so that a look still under way does not put a removed account back on the list of the due.
            await self._db.states.update_many(
                {"_id": {"$nin": ids}, "due_at": {"$ne": None}}, {"$set": {"due_at": None, "lease": None}, "$inc": {"fence": 1}}
            )
            # An account that left the roster, or is no longer judged, has not recovered: its alerts end without a letter.
            judged = [account.id for account in accounts if is_judged(account, now)]
            turned = [account.id for account in accounts if account.id in before and account.kind is not before[account.id].kind]
            # A service is not asked for updates, nor does anybody say that it has recovered: were it asked still, that opens anew.
            of_turned = {"account_id": {"$in": turned}, "finding.article_id": None}
            theirs = {"alive": True, "$or": [{"account_id": {"$nin": [None, *judged]}}, of_turned]}
            await self._note([dropped(documents.alert(doc), now) async for doc in self._db.alerts.find(theirs)])
            await self._db.alerts.update_many(
                theirs,
                {"$set": {"stage": Stage.RESOLVED, "alive": False, "resolved_at": now, "told": {}, "tries": {}}},
            )

    async def _let_match_again(self, accounts: Sequence[Account], before: Mapping[str, Account], now: datetime) -> list[str]:
        """Note whose stored posts must be matched with the key articles: accounts that come back, or may owe now what they did not.

        Returns their ids.

        Who waits already is noted as it stands now: what is noted is compared with the roster before it counts as done.
        """
        fresh = [account.id for account in accounts if account.id not in before]
        noted = {doc["_id"] async for doc in self._db.states.find({"_id": {"$in": fresh}}, {"_id": 1})}
        noted |= {doc["_id"] async for doc in self._db.unmatched.find({}, {"_id": 1})}
        waiting = [a for a in accounts if a.id in noted or (a.id in before and owes_as(a) != owes_as(before[a.id]))]
        if waiting:
            await self._db.unmatched.bulk_write(
                [ReplaceOne({"_id": a.id}, {"revision": documents.revision(a), "at": now}, upsert=True) for a in waiting], ordered=False
            )
        return [account.id for account in waiting]

    async def _forget_wrong_pages(self, accounts: Sequence[Account], before: Mapping[str, Account], now: datetime) -> None:
        """Let go of what was seen through a channel that an account no longer names: it was another page.

        The posts stay, but under a name of their own, and with them what they carry of key articles; the account is looked at anew, and
        a look under way on the old page writes nothing.
        """
        for account in accounts:
            old = before.get(account.id)
            kept = {(channel.adapter, channel.handle) for channel in account.channels}
            lost = [channel for channel in (old.channels if old else ()) if (channel.adapter, channel.handle) not in kept]
            if not lost:
                continue
            fresh = AccountState(account_id=account.id).model_dump(exclude={"account_id", "next_poll_at"})
            await self._db.states.update_one({"_id": account.id}, {"$set": {**fresh, "due_at": now, "lease": None}, "$inc": {"fence": 1}})
            for channel in lost:
                other = f"{account.id} ~ {channel.key}"
                await self._db.posts.update_many({"account_id": account.id, "channel": channel.adapter}, {"$set": {"account_id": other}})
                # By the posts' new name, so that an import killed in between does it when it is repeated.
                theirs = [doc["_id"] async for doc in self._db.posts.find({"account_id": other}, {"_id": 1})]
                await self._db.reposts.update_many(
                    {"account_id": account.id, "post_id": {"$in": theirs}}, {"$set": {"account_id": other}}
                )

    async def heal_clock(self, now: datetime, furthest: timedelta) -> int:
        """Make due what lies further ahead than any plan reaches, as a clock that ran ahead leaves it; return how many."""
        with self.translated():
            result = await self._db.states.update_many({"due_at": {"$gt": now + furthest}}, {"$set": {"due_at": now, "lease": None}})
            return int(result.modified_count)

    async def look_now(self, ids: Iterable[str], now: datetime) -> set[str]:
        """Make accounts due at once; return those that are due now: not one being looked at, and none that left the roster."""
        wanted = list(ids)
        with self.translated():
            await self._db.states.update_many({"_id": {"$in": wanted}, "due_at": {"$gt": now}, "lease": None}, {"$set": {"due_at": now}})
            return {doc["_id"] async for doc in self._db.states.find({"_id": {"$in": wanted}, "due_at": {"$lte": now}}, {"_id": 1})}

    async def accounts(self, ids: Iterable[str] | None = None) -> list[Account]:
        """Return the roster, or the accounts of these ids, ordered by id."""
        query = {} if ids is None else {"_id": {"$in": list(ids)}}
        with self.translated():
            found = self._db.accounts.find(query).sort("_id", ASCENDING).batch_size(BATCH)
            return [documents.account(doc) async for doc in found]

    async def accounts_behind(self, adapter: str, handle: str) -> list[Account]:
        """Return the accounts that have this channel."""
        query = {"channels": {"$elemMatch": {"adapter": adapter, "handle": handle}}}
        with self.translated():
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
        with self.translated():
            if articles:
                await self._db.articles.bulk_write(
                    [ReplaceOne({"_id": a.id}, documents.plain(a), upsert=True) for a in articles], ordered=False
                )

    async def articles(self) -> list[Article]:
        """Return all key articles, ordered by id."""
        with self.translated():
            return [Article.model_validate(documents.fields(doc, "id")) async for doc in self._db.articles.find({}).sort("_id", ASCENDING)]

    async def states(self, ids: Iterable[str]) -> dict[str, AccountState]:
        with self.translated():
            found = self._db.states.find({"_id": {"$in": list(ids)}})
            return {doc["_id"]: documents.state(doc) async for doc in found}

    async def roster(self, batch: int = 500) -> AsyncIterator[list[Account]]:
        """Walk over the whole roster, a batch at a time, so that memory does not grow with it."""
        last = ""
        while accounts := await self.accounts_after(last, batch):
            yield accounts
            last = accounts[-1].id

    async def accounts_after(self, last: str, limit: int, until: str | None = None) -> list[Account]:
        """Return the next accounts in the order of their ids, none beyond `until`."""
        query = {"_id": {"$gt": last} if until is None else {"$gt": last, "$lte": until}}
        with self.translated():
            found = self._db.accounts.find(query).sort("_id", ASCENDING).limit(limit)
            return [documents.account(doc) async for doc in found]

    async def watched(self, batch: int = 500) -> AsyncIterator[list[tuple[Account, AccountState]]]:
        """Walk over the whole roster with its states, a batch at a time."""
        async for accounts in self.roster(batch):
            states = await self.states(account.id for account in accounts)
            yield [(account, states.get(account.id) or AccountState(account_id=account.id)) for account in accounts]

    async def counts(self, now: datetime) -> Mapping[str, int]:
        """Return sizes for `status`: accounts, tried, due, open alerts, and posts, which MongoDB only estimates: after a kill it is off."""
        with self.translated():
            return {
                "accounts": await self._db.accounts.count_documents({}),
                "tried": await self._db.states.count_documents({"last_tried_at": {"$ne": None}, "due_at": {"$ne": None}}),
                "due": await self._db.states.count_documents({"due_at": {"$lte": now}}),
                "posts": await self._db.posts.estimated_document_count(),
                "open_alerts": await self._db.alerts.count_documents({"alive": True}),
            }

    async def oldest_due(self, now: datetime) -> datetime | None:
        with self.translated():
            doc = await self._db.states.find_one({"due_at": {"$lte": now}}, {"due_at": 1}, sort=[("due_at", ASCENDING)])
            return doc["due_at"] if doc else None


def owes_as(account: Account) -> tuple[object, ...]:
    """Return all that an audience looks at: accounts alike in it owe the same articles."""
    return (account.platform, account.status, account.level, account.region, frozenset(account.groups))


def is_judged(account: Account, now: datetime) -> bool:
    """Whether the account is judged at all: not once it is closed, nor while it is excused."""
    if account.status is Status.EXEMPT:
        return account.exempt_until is not None and account.exempt_until < local_date(now)
    return account.status is not Status.CLOSED
