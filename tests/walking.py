"""What the tests of walks over stored posts share: a daemon without loops, posts that nobody matched, and what is found then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from clocks import NOON
from daemons import SetClock, quick_settings
from makers import DAY, HOUR, account, post, snapshot
from makers import poll as polled
from storing import claim_one, write

from daemon import tables
from monitor.app import App
from monitor.model import Account, Article, Post

TITLE = "全市优化营商环境大会召开"
OTHER = "全市安全生产工作会议召开"


@asynccontextmanager
async def daemon(mongod: str, database: str, clock: SetClock | None = None, **changes: Any) -> AsyncIterator[App]:
    async with App(quick_settings(mongod, database, **changes), tables(), clock or SetClock(NOON)) as made:
        yield made


def article(title: str = TITLE, **fields: Any) -> Article:
    return Article(**{"id": "t1", "title": title, "published_at": NOON - 3 * DAY, "due_at": NOON - 2 * DAY, **fields})


def numbered(count: int) -> list[Account]:
    return [account(f"n{number:04d}") for number in range(count)]


async def enrolled(app: App, *accounts: Account) -> None:
    await app.store.put_accounts(accounts, {}, app.clock.now())


async def shown(app: App, who: Account, *posts: Post, at: datetime = NOON) -> None:
    """Commit a look that nobody matches: as a daemon does that has not heard of the article."""
    await app.store.commit([write(await claim_one(app.store, who.id, at), polled(snapshot(*posts, until=at), at=at, account_id=who.id))])


def carrying(who: Account, title: str = TITLE, number: int = 1, **fields: Any) -> Post:
    return post(number, **{"at": NOON - 2 * DAY - HOUR, "account_id": who.id, "title": title, **fields})


async def came(app: App, *articles: Article) -> None:
    await app.store.put_articles(articles)
    await app.judge.refresh_articles(app.clock.now())


async def found(app: App) -> list[str]:
    return sorted(each.id for mine in (await app.store.reposts()).values() for each in mine)


async def verdicts(app: App) -> dict[str, str]:
    now = app.clock.now()
    await app.judge.tick(now)
    await app.judge.tick(now + timedelta(minutes=11))
    picture = await app.judge.tick(now + timedelta(minutes=12))
    return {each.account_id: each.verdict.label for each in picture.reposts}


async def doubts(app: App) -> dict[str, str]:
    picture = await app.judge.tick(app.clock.now())
    return {each.account_id: each.reason for each in picture.reposts}
