"""Fetches for the console what it shows of key articles: the sheets of the last tick, and all that is known of one pair."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from monitor.judging import Picture
from monitor.model import AccountState, Article
from monitor.store import Store
from monitor.tasks import TaskRow, TaskSheet, sheets
from monitor.web.desk import Carrier, Pair


class Showing:
    """Reads only. The sheets of a picture are made once, however often they are asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._made: tuple[Picture, tuple[TaskSheet, ...]] | None = None

    async def sheets(self, picture: Picture | None, live: Sequence[Article], now: datetime) -> tuple[TaskSheet, ...]:
        """Return what the picture says of each article that is out, newest first. Raises `StoreAway`: then the picture grows old."""
        await self._store.ping()
        if picture is None:
            return ()
        if self._made is None or self._made[0] is not picture:
            accounts = {account.id: account for account, _ in picture.standings}
            out = [article for article in live if article.published_at <= now]
            # Some 2 µs a row: with a large roster and many articles too long for the loop that also polls.
            self._made = (picture, await asyncio.to_thread(sheets, out, picture.reposts, accounts))
        return self._made[1]

    async def pair(self, made: Sequence[TaskSheet], article_id: str, account_id: str, now: datetime) -> Pair | None:
        """Return the pair with its reposts and their posts as they are stored now; None where the sheets have no such pair."""
        found = _find(made, article_id, account_id)
        if found is None:
            return None
        article, row = found
        reposts = sorted(
            (await self._store.reposts([account_id], [article_id])).get(account_id, []), key=lambda each: (each.published_at, each.post_id)
        )
        posts = {post.id: post for post in await self._store.posts_by_id(repost.post_id for repost in reposts)}
        states = await self._store.states([account_id])
        times = await self._store.post_times([account_id], article.published_at, now)
        return Pair(
            article=article,
            account=row.account,
            standing=row.standing,
            state=states.get(account_id) or AccountState(account_id=account_id),
            carriers=tuple(Carrier(repost, posts.get(repost.post_id)) for repost in reposts),
            weighed=len(times.get(account_id, ())),
        )


def _find(made: Sequence[TaskSheet], article_id: str, account_id: str) -> tuple[Article, TaskRow] | None:
    for sheet in made:
        if sheet.article.id == article_id:
            return next(((sheet.article, row) for row in sheet.rows if row.account.id == account_id), None)
    return None
