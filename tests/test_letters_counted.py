"""The counter of letters tells a server that puts one address off from a server that takes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from clocks import NOON, FrozenClock
from mail_servers import PostOffice
from outbox import opened, telling, unit, units

from monitor.metrics.registry import Metrics
from monitor.store import Store


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with PostOffice() as office:
        yield office


def counted(metrics: Metrics) -> dict[str, float]:
    """Return how letters went, without what never happened."""
    page = metrics.render()[0].decode("utf-8")
    lines = (line for line in page.splitlines() if line.startswith("zhengwu_letters_total{"))
    found = {line.split('"')[1]: float(line.rsplit(" ", 1)[1]) for line in lines}
    return {outcome: number for outcome, number in found.items() if number}


async def test_an_address_that_is_put_off_is_no_failure_of_the_server(store: Store, office: PostOffice) -> None:
    metrics = Metrics()
    loop = telling(store, office.port, FrozenClock(NOON), metrics=metrics)
    await opened(store, *units(3))
    office.refusing[unit(1)] = "451 4.7.1 greylisted"

    await loop.round()

    assert counted(metrics) == {"sent": 2, "deferred": 1}


async def test_a_server_that_is_away_is_one(store: Store, office: PostOffice) -> None:
    metrics = Metrics()
    loop = telling(store, office.port, FrozenClock(NOON), metrics=metrics)
    await opened(store, *units(3))
    await office.stop()

    await loop.round()

    assert counted(metrics) == {"failed": 1}
