"""Fetches for the console what it shows of key articles: the sheets of the last tick, and all that is known of one pair."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog

from monitor.decisions import decided
from monitor.judging import Picture
from monitor.matching import ArticleIndex
from monitor.model import Account, AccountState, Article, Post
from monitor.rematching import in_chunks
from monitor.store import Store
from monitor.tasks import TaskRow, TaskSheet, sheets
from monitor.telling.records import LetterRecord
from monitor.telling.trail import Entry
from monitor.web.desk import Carrier, Pair, Passed

log = structlog.get_logger("showing")

PASSED_CAP = 1_000
"""Posts of one account that are weighed for a page, some 0.3 ms each: more than a busy city account publishes in a month."""
PASSED_TEXT = 300
"""Characters of such a post's text that are kept to name it by."""
STEPS_CAP = 1_000
"""Steps of the audit log read for a letter; the page shows the newest of them."""
UNWEIGHED = "未能比对，请人工查看"
NOW_SEEN = "按目前的比对可能是转载，判定将在下一轮更新"


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

    async def pair(
        self, made: Sequence[TaskSheet], index: ArticleIndex, article_id: str, account_id: str, now: datetime
    ) -> Pair | None:
        """Return the pair with its reposts and their posts as they are stored now; None where the sheets have no such pair."""
        found = _find(made, article_id, account_id)
        if found is None:
            return None
        article, row = found
        stored = (await self._store.reposts([account_id], [article_id])).get(account_id, [])
        standing = decided(stored, await self._store.keepings.decisions([article_id]))
        reposts = sorted(standing, key=lambda each: (each.published_at, each.post_id))
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
            passed=() if reposts else tuple(await self._passed(index, article, row.account)),
        )

    async def letter(self, number: str) -> tuple[LetterRecord, Sequence[Entry]] | None:
        """Return a letter with its body and what the audit log holds of the alerts it told, newest first; None where there is none."""
        record = await self._store.correspondence.letter(number)
        if record is None:
            return None
        # Asked about no alert at all, the log would tell of every one.
        steps = await self._store.correspondence.trail(alert_ids=record.alerts, limit=STEPS_CAP) if record.alerts else []
        return record, steps

    async def _passed(self, index: ArticleIndex, article: Article, account: Account) -> list[Passed]:
        """Weigh the account's posts since the article came out, as the daemon does: who is said to miss it may ask what was read."""
        found: list[Passed] = []
        async for posts in in_chunks(self._store.posts_since([account.id], article.published_at)):
            found += await asyncio.to_thread(_weighed, index, article.id, account, posts)
            if len(found) >= PASSED_CAP:
                break
        return sorted(found, key=lambda each: each.post.published_at, reverse=True)


def _weighed(index: ArticleIndex, article_id: str, account: Account, posts: Iterable[Post]) -> list[Passed]:
    looked = [post for post in posts if post.kind != "hand_check"]
    return [Passed(post.model_copy(update={"text": post.text[:PASSED_TEXT]}), _why(index, article_id, account, post)) for post in looked]


def _why(index: ArticleIndex, article_id: str, account: Account, post: Post) -> str:
    try:
        told = index.weigh(post, account, article_id)
    except Exception:
        log.exception("a post could not be weighed", post=post.id)
        return UNWEIGHED
    return "" if not told else told[0].why if told[0].standing == "refused" else NOW_SEEN


def _find(made: Sequence[TaskSheet], article_id: str, account_id: str) -> tuple[Article, TaskRow] | None:
    for sheet in made:
        if sheet.article.id == article_id:
            return next(((sheet.article, row) for row in sheet.rows if row.account.id == account_id), None)
    return None
