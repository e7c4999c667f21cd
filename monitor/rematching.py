"""Matches key articles that are new or corrected with the posts already stored: in the background, batch by batch, from where it stopped.

Polls match what they see with the articles known then. What was stored before an article came is walked over here, once for all articles
that wait, account by account. How far a walk has come is kept in the database with each batch, so a killed daemon repeats one batch at
most; nothing is walked at a start where nothing changed.

Each article is walked for twice. The first walk sees every post. The second, some minutes later, sees those written since the first
began: another daemon may have written them before it knew of the article. Nobody is accused of missing an article before the first is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from monitor.carrying import after_changes, after_correction, carried_of, original_ids
from monitor.documents import revision as roster_revision
from monitor.judging import Judge
from monitor.matching import ArticleIndex
from monitor.model import Account, Article, Post, Repost
from monitor.ports import Clock
from monitor.store import Store
from monitor.writes import Progress, Returned

log = structlog.get_logger("rematching")

BATCH = 100
"""Accounts between two notes of how far the walk has come: a second of work, of busy accounts some minutes, which a kill repeats."""
ASKED = 5 * BATCH
"""Accounts that the roster changed and that are read at once: more than a batch, since some may have to wait."""
CHUNK = 100
"""Posts matched at a time outside the event loop: some 25 ms among 10,000 articles."""
CHUNK_CHARACTERS = 1_000_000
"""Characters of a chunk at most, and one post more: one account with giant texts must not fill the memory."""
BEFORE_PUBLICATION = timedelta(hours=25)
"""How far back stored posts are read for an article: a post known to the day only may stand at that day's start."""
LEASE = timedelta(minutes=2)
"""How long one daemon keeps the walk to itself; taken anew with every batch, and within one that takes its time."""
IMPORT_PATIENCE = timedelta(minutes=10)
"""After so long an import of the roster is over or was killed: whom it noted is then matched as the roster has it."""
IDS_AT_ONCE = 5_000
"""Posts asked for by their ids at once."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
ROUND_SECONDS = 60.0
"""After so long a round ends, so that the loop is seen to be alive; the next goes on at once."""

Said = Callable[[int, int], None]
"""Is told how many accounts a walk has passed, and how many posts it has matched."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Articles that stand at the same place of the roster, and what of it is next: accounts after `reached`, none beyond `until`.

    `written_since` is None for the first walk; the second looks only at posts written since then.
    """

    group: tuple[Progress, ...]
    reached: str
    until: str | None
    written_since: datetime | None = None


class Rematching:
    """Call `round` now and then. One daemon at a time walks; the others see what it has done with their next tick."""

    def __init__(self, store: Store, judge: Judge, clock: Clock, owner: str, settle: timedelta) -> None:
        """`settle`: so long after an article came, looks that know nothing of it may still be written."""
        self._store, self._judge, self._clock = store, judge, clock
        self._owner, self._settle = owner, settle
        self._held_at = LONG_AGO
        self._left: Mapping[str, str] | None = None
        self.accounts = self.posts = 0

    async def round(self) -> None:
        """Walk on for a while, if anything waits. Raises `StoreAway`."""
        await self._note_what_left()
        end = self._clock.elapsed() + ROUND_SECONDS
        while not self._judge.settled and self._clock.elapsed() < end:
            if not await self._step():
                return
            await asyncio.sleep(0)

    async def finish(self, said: Said = lambda accounts, posts: None) -> bool:
        """Walk until every live article has been matched with what was stored; False where somebody else is walking."""
        while not self._judge.matched:
            if not await self._step():
                break
            said(self.accounts, self.posts)
        return self._judge.matched

    async def _note_what_left(self) -> None:
        if self._judge.revisions is not self._left:
            revisions = self._judge.revisions
            await self._store.keepings.leave(revisions)
            self._left = revisions

    async def _hold(self) -> bool:
        now = self._clock.now()
        held = await self._store.hold("rematching", self._owner, now, LEASE)
        self._held_at = now if held else LONG_AGO
        return held

    async def _still_held(self) -> bool:
        """Whether the walk is still ours to make; the lease is taken anew before it may have ended."""
        return timedelta(0) <= self._clock.now() - self._held_at < LEASE / 4 or await self._hold()

    async def _step(self) -> bool:
        """Take the next batch; False where nothing is to be done now, or somebody else does it."""
        now = self._clock.now()
        if not await self._hold():
            return False
        # Taken together: articles that are adopted while this batch is matched are not part of it.
        live, index, revisions = self._judge.live, self._judge.index, dict(self._judge.revisions)
        done = await self._match_returned(live, index, now) or await self._walk_on(live, index, revisions, now)
        await self._judge.refresh_progress()
        if not done or self._judge.settled:
            await self._store.hold("rematching", self._owner, now, timedelta(0))
        return done

    # -- accounts that the roster changed ------------------------------------------------------------------------------------

    async def _match_returned(self, live: tuple[Article, ...], index: ArticleIndex, now: datetime) -> bool:
        waiting = await self._store.keepings.unmatched_accounts()
        asked = sorted(waiting)[:ASKED]
        known = {account.id: account for account in await self._store.accounts(asked)} if asked else {}
        # One whose import is not through yet is left for later.
        ready = [each for each in asked if each not in known or is_through(known[each], waiting[each], now)][:BATCH]
        accounts = [known[each] for each in ready if each in known]
        if accounts and live and not await self._match(accounts, live, index, None):
            return False
        for each in ready:
            await self._store.keepings.account_matched(each, waiting[each].revision)
        return bool(ready)

    # -- articles that came or changed ---------------------------------------------------------------------------------------

    async def _walk_on(self, live: tuple[Article, ...], index: ArticleIndex, revisions: Mapping[str, str], now: datetime) -> bool:
        progress = await self._store.keepings.progress(revisions)
        fresh = unbegun(revisions, progress, now)
        if fresh:
            await self._store.keepings.begin_matching(fresh)
            log.info("matching stored posts", articles=len(fresh))
        progress |= {each.article_id: each for each in fresh}
        walk = next_walk(progress.values(), self._settle, now)
        if walk is None:
            return False
        accounts = await self._store.accounts_after(walk.reached, BATCH, walk.until)
        ids = {each.article_id for each in walk.group}
        if not await self._match(accounts, tuple(article for article in live if article.id in ids), index, walk.written_since):
            return False
        reached = accounts[-1].id if len(accounts) == BATCH else walk.until
        await self._store.keepings.advance(walk.group, reached)
        if reached is None:
            log.info("stored posts matched", articles=len(ids), round=walk.group[0].rounds + 1, accounts=self.accounts, posts=self.posts)
        return True

    # -- one batch of accounts -----------------------------------------------------------------------------------------------

    async def _match(
        self, accounts: Sequence[Account], articles: tuple[Article, ...], index: ArticleIndex, written_since: datetime | None
    ) -> bool:
        """Store what these accounts' posts carry of these articles; after a whole walk, let go of what no longer holds.

        What is stored is read before the posts: a repost that a poll writes meanwhile must not look like one that no longer holds.
        False where somebody else took the walk over in the middle: then nothing is let go of, and nothing counts as done.
        """
        self.accounts += len(accounts)
        audiences = {article.audience for article in articles}
        owing = {account.id: account for account in accounts if any(each.includes(account) for each in audiences)}
        ids = [article.id for article in articles]
        known = {each.id: each for mine in (await self._store.reposts([a.id for a in accounts], ids)).values() for each in mine}
        wanted, found = frozenset(ids), set[str]()
        async for posts in in_chunks(posts_for(self._store, articles, owing, written_since)):
            if not await self._still_held():
                return False
            carried = await asyncio.to_thread(carried_of, index, posts, owing, wanted)
            found |= {each.id for each in carried}
            late = written_since is not None
            await self._store.put_reposts(after_changes(known.values(), posts, carried, self._clock.now()) if late else carried)
            self.posts += len(posts)
        owed = {(article.id, each.id) for article in articles for each in owing.values() if article.audience.includes(each)}
        # Who owes an article no more keeps what was found: the roster may let it owe the article again.
        gone = [each for each in known.values() if each.id not in found and (each.article_id, each.account_id) in owed]
        if gone and written_since is None:
            await self._let_go(gone, index, owing, wanted)
        return True

    async def _let_go(self, gone: Sequence[Repost], index: ArticleIndex, owing: Mapping[str, Account], wanted: frozenset[str]) -> None:
        posts = [post for post in await self._store.posts_by_id({each.post_id for each in gone}) if post.account_id in owing]
        shown = [post.model_copy(update={"deleted_at": None, "private": False}) for post in posts if not post.visible]
        still = await asyncio.to_thread(carried_of, index, shown, owing, wanted)
        stored = await self._store.reposts({each.account_id for each in gone}, wanted)
        # What a poll has written since it was read is newer, and stays.
        as_read = [each for each in gone if each in stored.get(each.account_id, ())]
        dropped, doubted = after_correction(as_read, posts, still)
        await self._store.put_reposts(doubted)
        await self._store.drop_reposts(dropped)


def unbegun(revisions: Mapping[str, str], progress: Mapping[str, Progress], now: datetime) -> list[Progress]:
    """Return a beginning for each article that was never matched as it stands now."""
    known = {each.article_id: each.revision for each in progress.values() if not each.left}
    return [Progress(each, revision, now) for each, revision in revisions.items() if known.get(each) != revision]


def next_walk(progress: Iterable[Progress], settle: timedelta, now: datetime) -> Walk | None:
    """Return which articles go on, from where and how far; None where none has to walk now.

    Those furthest behind go on until they have caught up with the next; from there they go together. First walks come before second ones.
    """
    waiting = list(progress)
    first = [each for each in waiting if each.rounds == 0]
    second = [each for each in waiting if each.rounds == 1 and not timedelta(0) <= now - each.began_at < settle]
    chosen = first or second
    if not chosen:
        return None
    places = sorted({each.reached for each in chosen})
    group = tuple(each for each in chosen if each.reached == places[0])
    # Begun by a clock that ran ahead, it says nothing of what was written when.
    begun = [each.began_at if each.began_at <= now else LONG_AGO + settle for each in group]
    since = None if first else min(begun) - settle
    return Walk(group, places[0], places[1] if len(places) > 1 else None, since)


def is_through(account: Account, noted: Returned, now: datetime) -> bool:
    """Whether the import that noted the account has written it; one that was killed never will, and nobody waits for it for good."""
    under_way = noted.at is not None and timedelta(0) <= now - noted.at < IMPORT_PATIENCE
    return not under_way or roster_revision(account) == noted.revision


async def posts_for(
    store: Store, articles: Sequence[Article], owing: Mapping[str, Account], written_since: datetime | None = None
) -> AsyncIterator[Post]:
    """Yield what may carry the articles: what was published since the first of them, and their originals, however old."""
    since = min(article.published_at for article in articles) - BEFORE_PUBLICATION
    if written_since is None:
        ids = list(original_ids(articles, owing.values()))
        for start in range(0, len(ids), IDS_AT_ONCE):
            for post in await store.posts_by_id(ids[start : start + IDS_AT_ONCE]):
                if post.published_at < since and post.account_id in owing and post.visible:
                    yield post
    async for post in store.posts_since(owing, since, written_since):
        yield post


async def in_chunks(posts: AsyncIterator[Post]) -> AsyncIterator[list[Post]]:
    """Gather posts into chunks, bounded by number and by size."""
    chunk: list[Post] = []
    size = 0
    async for post in posts:
        chunk.append(post)
        size += len(post.title) + len(post.text)
        if len(chunk) >= CHUNK or size >= CHUNK_CHARACTERS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
