"""The real daemon, killed -9 again and again while it walks over stored posts: nothing is lost, nobody accused too early."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daemons import quick_settings, until
from makers import DAY, HOUR, account, post
from storing import stored
from tools import ROOT
from walking import shown

from daemon import tables
from monitor import documents
from monitor.app import App
from monitor.clock import SystemClock
from monitor.model import Article
from monitor.rematching import BATCH

ACCOUNTS = 8 * BATCH
EVERY = 40
"""Of so many accounts one carries the article."""
TITLE = "全市优化营商环境大会召开"
TEXT = "会议强调，要持续优化营商环境，提升政务服务水平，推动高质量发展取得新的成效。" * 20
KILLS = 3


async def city(mongod: str, database: str, raw: Any) -> list[str]:
    """Store a city whose accounts were all seen whole and posted daily; return who carries the article."""
    now = SystemClock().now()
    accounts = [account(f"n{number:05d}") for number in range(ACCOUNTS)]
    async with App(quick_settings(mongod, database), tables()) as app:
        await app.store.put_accounts(accounts, {}, now)
        await shown(app, accounts[0], post(0, now - HOUR, accounts[0].id), at=now)
        like = raw.states.find_one({"_id": accounts[0].id}, {"_id": 0, "sight": 1, "last_good": 1, "last_tried_at": 1, "last_post": 1})
        raw.posts.delete_many({})
        raw.states.update_many({}, {"$set": {**like, "due_at": now + DAY}})
        posts = [
            post(number, now - 2 * DAY + number * HOUR, each.id, title=f"第{number}条", text=TEXT[number:], first_seen_at=now - DAY)
            for each in accounts
            for number in range(8)
        ]
        carrying = accounts[::EVERY]
        posts += [post("it", now - 2 * DAY, each.id, title=TITLE, first_seen_at=now - DAY) for each in carrying]
        raw.posts.insert_many([documents.stored_post(each) for each in stored(*posts)])
        await app.store.put_articles([Article(id="t1", title=TITLE, published_at=now - 3 * DAY, due_at=now - DAY)])
    return [each.id for each in carrying]


async def killed_when(true: Callable[[], bool], environment: dict[str, str], folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "daemon.py"), "run"), env=environment, cwd=folder, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await until(true, 60)
    finally:
        process.kill()
        await process.wait()


async def test_a_daemon_killed_in_the_middle_of_a_walk_goes_on_where_it_stopped(
    mongod: str, database: str, raw: Any, tmp_path: Path
) -> None:
    carrying = await city(mongod, database, raw)
    environment = {
        **os.environ,
        "ZHENGWU_MONGO__URL": mongod,
        "ZHENGWU_MONGO__DATABASE": database,
        "ZHENGWU_WEB__ENABLED": "false",
        "ZHENGWU_JUDGE__TICK_SECONDS": "0.2",
        "ZHENGWU_GUARDS": json.dumps({"settle_seconds": 0.0, "quorum_share": 1.0, "quorum_count": 10**6}),
    }
    places = [""]
    accusations = {"finding.rule": "missing_repost"}

    def reached() -> str:
        doc = raw.matchings.find_one({"_id": "t1"}) or {}
        return str(doc.get("reached", "")) if doc.get("rounds", 0) == 0 else "the end"

    for _ in range(KILLS):
        # The lease of the daemon killed before would hold the next one up for two minutes.
        raw.leases.delete_many({})
        await killed_when(lambda: reached() > places[-1], environment, tmp_path)
        places.append(reached())
        assert places[-1] == "the end" or raw.alerts.count_documents(accusations) == 0

    raw.leases.delete_many({})
    await killed_when(lambda: raw.alerts.count_documents({**accusations, "stage": "open"}) > 0, environment, tmp_path)

    assert places[1] != "the end", "the first kill came too late to be in the middle"
    assert places == sorted(places)
    assert sorted(doc["account_id"] for doc in raw.reposts.find()) == carrying
    accused = {doc["account_id"] for doc in raw.alerts.find(accusations)}
    assert accused and not accused & set(carrying)
