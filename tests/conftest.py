"""What many tests share: one real mongod for the whole run, and a fresh database for each test that asks."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from monitor.embedded import Embedded
from monitor.store import Store

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connection string of a mongod that lives as long as the test run."""
    embedded = Embedded(tmp_path_factory.mktemp("mongo"))
    asyncio.run(embedded.__aenter__())
    try:
        yield embedded.url
    finally:
        asyncio.run(embedded.__aexit__())


@pytest.fixture(scope="session")
def client(mongod: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """An eye of its own on the database: plain pymongo, which knows nothing of our store."""
    client: MongoClient[dict[str, Any]] = MongoClient(mongod, tz_aware=True)
    yield client
    client.close()


@pytest.fixture
def database(client: MongoClient[dict[str, Any]]) -> Iterator[str]:
    """The name of a database that nobody else uses; dropped afterwards."""
    name = f"test_{next(_NUMBERS)}"
    yield name
    client.drop_database(name)


@pytest.fixture
async def store(mongod: str, database: str) -> AsyncIterator[Store]:
    """An opened store on a fresh database, made in the test's own loop."""
    store = Store(mongod, database, selection_seconds=5.0)
    await store.open()
    yield store
    store.close()


@pytest.fixture
def raw(client: MongoClient[dict[str, Any]], database: str) -> Any:
    """The test's database as plain documents."""
    return client[database]
