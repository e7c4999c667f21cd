"""What comes in beside the polls: pushes of a platform, and the pages of posts that verifying opens. Binds both to the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from monitor import hand_checks
from monitor.judging import Judge
from monitor.model import Account, Channel, Post, Repost, Snapshot
from monitor.store import Store
from monitor.writes import Verified


class PushBooks:
    """What the switchboard needs of the store; a push is entered like a file somebody uploads, and its posts are matched at once."""

    def __init__(self, store: Store, judge: Judge) -> None:
        self._store, self._judge = store, judge

    async def heard(self, number: str) -> bool:
        return await self._store.keepings.heard(number)

    async def put_heard(self, number: str, at: datetime) -> None:
        await self._store.keepings.put_heard(number, at)

    async def listening(self, adapter: str, handle: str) -> Sequence[tuple[Account, Channel]]:
        accounts = await self._store.accounts_behind(adapter, handle)
        return [(a, c) for a in accounts for c in a.channels if (c.adapter, c.handle) == (adapter, handle)]

    async def enter(self, account: Account, channel: Channel, snapshot: Snapshot, now: datetime) -> None:
        await hand_checks.take_in(self._store, account, snapshot, at=now, now=now, by=channel.key, carried=self._judge.carried)


class OpenedPosts:
    """What verifying needs of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def reposts(
        self, account_ids: Iterable[str] | None = None, article_ids: Iterable[str] | None = None, grade: str | None = None
    ) -> dict[str, list[Repost]]:
        return await self._store.reposts(account_ids, article_ids, grade)

    async def accounts(self, ids: Iterable[str] | None = None) -> list[Account]:
        return await self._store.accounts(ids)

    async def posts_by_id(self, ids: Iterable[str]) -> list[Post]:
        return await self._store.posts_by_id(ids)

    async def put_reposts(self, reposts: Sequence[Repost]) -> None:
        await self._store.put_reposts(reposts)

    async def enrich(self, post: Post, at: datetime) -> None:
        await self._store.enrich(post, at)

    async def verified(self, ids: Iterable[str]) -> Mapping[str, Verified]:
        return await self._store.keepings.verified(ids)

    async def put_verified(self, verified: Verified) -> None:
        await self._store.keepings.put_verified(verified)
