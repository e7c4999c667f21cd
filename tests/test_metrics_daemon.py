"""The metrics page of the real daemon: what its loops feed in while they run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from daemons import enrol, quick_settings, running, until
from makers import post
from prometheus_client.parser import text_string_to_metric_families

from adapters.channel import Base
from daemon import tables
from monitor.app import App
from monitor.clock import SystemClock
from monitor.model import Account, Article, Channel, Platform, Snapshot
from monitor.plugins import Tables
from monitor.ports import ChannelSettings

OPEN = Channel(adapter="open", handle="h")
BY_HAND = Channel(adapter="manual", handle="h")


class Quick(ChannelSettings):
    spacing_seconds: float = 0.0


class Open(Base):
    """A channel that shows one post of today and all there was before it."""

    Settings: ClassVar[type[ChannelSettings]] = Quick
    name: ClassVar[str] = "open"

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        shown = post(1, now - timedelta(hours=1), account.id)
        return Snapshot(channel="open", posts=(shown,), covers_from=now - timedelta(days=30), covers_until=now, digest="d")


@pytest.fixture
def plugged() -> Iterator[Tables]:
    shipped = tables()
    yield dataclasses.replace(shipped, adapters={**shipped.adapters, "open": Open})


def account(id: str, *channels: Channel) -> Account:
    return Account(id=id, platform=Platform.WEIBO, name=f"{id}发布", region="甲县", unit="甲县示例局", channels=channels)


def page(app: App) -> dict[tuple[str, ...], float]:
    """The page's series by name and sorted label values."""
    families = text_string_to_metric_families(app.metrics.render()[0].decode("utf-8"))
    return {(each.name, *(value for _, value in sorted(each.labels.items()))): each.value for family in families for each in family.samples}


async def test_what_the_loops_do_stands_on_the_page(mongod: str, database: str, plugged: Tables) -> None:
    now = SystemClock().now()
    async with running(quick_settings(mongod, database), plugged=plugged) as app:
        live = Article(id="task-1", title="重要信息一", published_at=now - timedelta(days=1), due_at=now + timedelta(days=1))
        await app.store.put_articles([live])
        await until(lambda: app.judge.live)
        await enrol(app, account("seen", OPEN), account("by-hand", BY_HAND))

        await until(lambda: page(app).get(("zhengwu_account_verdict", "seen", "weibo", "qualified")) == 1)
        shown = page(app)

    assert shown["zhengwu_claims_total", "claimed"] >= 2
    assert shown["zhengwu_claims_total", "stale"] == 0
    assert shown["zhengwu_look_duration_seconds_count", "open"] >= 1
    assert shown["zhengwu_matching_seconds_count",] >= 1
    assert (shown["zhengwu_accounts_watched", "weibo"], shown["zhengwu_accounts_behind", "weibo"]) == (1, 0)
    assert shown["zhengwu_accounts", "weibo", "甲县", "qualified"] == 1
    assert shown["zhengwu_article_info", "task-1", "重要信息一"] == 1
    assert shown["zhengwu_rollup_seconds",] > 0
    assert shown["zhengwu_calendar_known_until_timestamp_seconds",] > 0
    assert shown["zhengwu_polls_in_flight",] >= 0


async def test_single_accounts_are_left_out_where_the_settings_say_so(mongod: str, database: str, plugged: Tables) -> None:
    async with running(quick_settings(mongod, database, watch={"per_account": False}), plugged=plugged) as app:
        await enrol(app, account("610900M001WB0001", OPEN))

        await until(lambda: page(app).get(("zhengwu_accounts", "weibo", "甲县", "qualified")) == 1)

        assert "610900M001WB0001" not in app.metrics.render()[0].decode("utf-8")


async def test_the_series_of_an_account_go_with_it(mongod: str, database: str, plugged: Tables) -> None:
    async with running(quick_settings(mongod, database), plugged=plugged) as app:
        await enrol(app, account("stays", OPEN), account("leaves", OPEN))
        await until(lambda: ("zhengwu_account_verdict", "leaves", "weibo", "qualified") in page(app))

        await enrol(app, account("stays", OPEN))
        await until(lambda: ("zhengwu_account_verdict", "leaves", "weibo", "qualified") not in page(app))

        assert [series for series in page(app) if "leaves" in series] == []
        assert ("zhengwu_account_verdict", "stays", "weibo", "qualified") in page(app)
