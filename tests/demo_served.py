"""The demo's world and its simulated platforms, served to the tests that read them with the real adapters: a plugin of fixtures."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest
from demo_reader import NOW, Reader, StoppedClock

from adapters.http import Door
from demo.platforms import Platforms
from demo.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return World.build(NOW)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(NOW)


@pytest.fixture
async def platforms(world: World, clock: StoppedClock) -> AsyncIterator[Platforms]:
    async with Platforms(world, clock) as served:
        yield served


@pytest.fixture
async def reader(world: World, platforms: Platforms) -> AsyncIterator[Reader]:
    async with Door(random.Random(1), retry_wait=0.0) as door:
        yield Reader(world, platforms, door)
