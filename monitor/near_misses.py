"""What `match` finds: which stored posts carry one key article, which only seem to, which were refused and why. Reads only."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog

from monitor.carrying import carried_by
from monitor.errors import BadInput
from monitor.judging import Judge
from monitor.matching import ArticleIndex, Match, MatchingSettings
from monitor.model import Account, Article, Post, Repost
from monitor.ports import Clock
from monitor.rematching import BATCH, in_chunks, posts_for
from monitor.roster.articles import ids_told
from monitor.settings import nearest
from monitor.store import Store
from monitor.uploads import account_named

log = structlog.get_logger("near_misses")

SLACK = 4
"""Rows gathered, as a multiple of those shown, before the lesser ones are let go."""
SAID_SECONDS = 2.0
"""Between two words on how far the work has come."""

Kind = Literal["found", "candidate", "refused"]
Said = Callable[[int, int, int], None]
"""Is told how many posts were weighed, and how many accounts are done of how many."""


@dataclass(frozen=True, slots=True)
class Row:
    """A post beside the article: whose it is, what the match rests on, how good its form, and why it was doubted or refused."""

    kind: Kind
    account: Account
    url: str
    published_at: datetime
    evidence: Mapping[str, Any]
    grade: str = ""
    reasons: tuple[str, ...] = ()
    lag: timedelta = timedelta(0)

    @property
    def rank(self) -> tuple[float, datetime, str]:
        """Sort key: what is nearest to being a repost first, then what came first."""
        score = self.evidence.get("score")
        return -(score if isinstance(score, int | float) else 0.0), self.published_at, self.url


@dataclass(slots=True)
class Findings:
    """What was found of the article: the best rows of each kind, how many there are, and who has nothing. `limit` 0 keeps all rows."""

    article: Article
    limit: int
    live: bool
    accounts: int = 0
    posts: int = 0
    counts: Counter[Kind] = field(default_factory=Counter)
    with_something: set[str] = field(default_factory=set)
    _rows: dict[Kind, list[Row]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        self.counts[row.kind] += 1
        if row.kind != "refused":
            self.with_something.add(row.account.id)
        rows = self._rows.setdefault(row.kind, [])
        rows.append(row)
        if self.limit and len(rows) >= SLACK * self.limit:
            self._rows[row.kind] = sorted(rows, key=lambda each: each.rank)[: self.limit]

    def rows(self, kind: Kind) -> list[Row]:
        """Return the rows of a kind, the nearest first."""
        rows = sorted(self._rows.get(kind, ()), key=lambda each: each.rank)
        return rows[: self.limit] if self.limit else rows

    @property
    def without(self) -> int:
        """How many accounts of the audience have no post that carries it or seems to."""
        return self.accounts - len(self.with_something)


class Weighing:
    """Walks over the stored posts of an article's audience, in bounded memory, outside the event loop."""

    def __init__(self, store: Store, judge: Judge, clock: Clock, wishes: MatchingSettings, said: Said = lambda *_: None) -> None:
        self._store, self._judge, self._clock, self._wishes, self._said = store, judge, clock, wishes, said

    async def weigh(self, article_id: str, code: str | None, limit: int) -> Findings:
        """Return what is found of the article, in all its audience or in one account's posts.

        Raises `BadInput` for an article or account that is not there, and for an account that does not owe the article.
        """
        article = await self._article(article_id)
        chosen = self._chosen(article, account_named(code, await self._store.accounts())) if code else None
        index, live = await self._index(article)
        findings = Findings(article, limit, live)
        total = 1 if chosen else await self._owing(article)
        await self._walk(findings, index, chosen, total)
        return findings

    async def _article(self, article_id: str) -> Article:
        known = {article.id: article for article in await self._store.articles()}
        if article_id in known:
            return known[article_id]
        if not known:
            raise BadInput(["尚未导入任何重要信息；用 import articles 导入"])
        raise BadInput([f"没有编号为 {article_id} 的重要信息{nearest(article_id, known)}；现有：{ids_told(known.values())}"])

    def _chosen(self, article: Article, account: Account) -> Account:
        if not article.audience.includes(account):
            raise BadInput([f"--account：{account.name}（{account.platform.label}）不在《{article.title}》的受众之内"])
        return account

    async def _index(self, article: Article) -> tuple[ArticleIndex, bool]:
        """Return the index that the daemon matches with; of an article past its time, one with it added."""
        await self._judge.refresh_articles(self._clock.now())
        if article in self._judge.live:
            return self._judge.index, True
        others = [each for each in self._judge.live if each.id != article.id]
        return await asyncio.to_thread(ArticleIndex, [*others, article], self._wishes), False

    async def _owing(self, article: Article) -> int:
        return sum([article.audience.includes(account) async for batch in self._store.roster(BATCH) for account in batch])

    async def _walk(self, findings: Findings, index: ArticleIndex, chosen: Account | None, total: int) -> None:
        article, said_at = findings.article, self._clock.elapsed()
        async for batch in self._batches(chosen):
            owing = {account.id: account for account in batch if article.audience.includes(account)}
            findings.accounts += len(owing)
            async for posts in in_chunks(posts_for(self._store, [article], owing)):
                for row in await asyncio.to_thread(rows_of, index, article.id, posts, owing):
                    findings.add(row)
                findings.posts += len(posts)
                if self._clock.elapsed() - said_at >= SAID_SECONDS:
                    said_at = self._clock.elapsed()
                    self._said(findings.posts, findings.accounts, total)

    async def _batches(self, chosen: Account | None) -> AsyncIterator[Sequence[Account]]:
        if chosen is not None:
            yield [chosen]
            return
        async for batch in self._store.roster(BATCH):
            yield batch


def rows_of(index: ArticleIndex, article_id: str, posts: Iterable[Post], accounts: Mapping[str, Account]) -> list[Row]:
    """Return a row for each of these posts that carries the article, seems to, or was weighed and refused."""
    return [row for post in posts for row in _rows_of(index, article_id, post, accounts[post.account_id])]


def _rows_of(index: ArticleIndex, article_id: str, post: Post, account: Account) -> list[Row]:
    try:
        told = index.weigh(post, account, article_id)
        if not told and article_id not in index.originals(post, account):
            return []
        refused = [_refused(match, account, post) for match in told if match.standing == "refused"]
    except Exception:
        # What cannot be weighed is carried, if at all, with the words of why.
        log.exception("a post could not be weighed", post=post.id)
        refused = []
    return refused or [_row(each, account, post) for each in carried_by(index, post, account) if each.article_id == article_id]


def _row(repost: Repost, account: Account, post: Post) -> Row:
    kind: Kind = "candidate" if repost.grade == "candidate" else "found"
    return Row(kind, account, post.url, post.published_at, repost.evidence, repost.grade, repost.reasons, repost.lag)


def _refused(match: Match, account: Account, post: Post) -> Row:
    evidence: dict[str, Any] = {"by": match.by.value, "field": match.field, "score": match.score, "left": match.left, "right": match.right}
    evidence["why"] = match.why
    if match.covered is not None:
        evidence["covered"] = match.covered
    return Row("refused", account, post.url, post.published_at, evidence)
