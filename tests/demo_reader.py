"""The real adapters, with the demo's settings and credentials, as they look at the simulated platforms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters import ADAPTERS
from adapters.http import Door
from demo.knobs import PATIENCE, channels, settings_table
from demo.pages import Page
from demo.platforms import Platforms
from demo.pushes import ticket_push
from demo.secrets import COMPONENT
from demo.ways import Way
from demo.world import World
from monitor.access.credentials import CredentialBook, Vault
from monitor.model import Platform, Snapshot
from monitor.ports import Adapter, Listener, Pushed
from monitor.settings import Settings

NOW = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)


def members(world: World, platform: Platform) -> list[Page]:
    """Return who owes the reposts on this platform, by their numbers."""
    return [page for page in world.pages if page.member is not None and page.platform is platform]


class StoppedClock:
    """Shows the moment it is set to."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def elapsed(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Reader:
    """The real adapters behind a real door, patient for so many seconds."""

    def __init__(self, world: World, platforms: Platforms, door: Door, patience: float = PATIENCE) -> None:
        table = settings_table(world, platforms.base_url, 25, Path("unused"))
        book = self.credentials = Vault(CredentialBook(Settings(**table).credentials))
        self.base_url = platforms.base_url
        self.adapters: dict[str, Adapter] = {
            name: ADAPTERS[name](ADAPTERS[name].Settings(**wishes), door, book)  # type: ignore[call-arg]
            for name, wishes in channels(platforms.base_url, patience).items()
        }

    async def take_ticket(self) -> None:
        """Take the ticket that the third-party platform pushes."""
        adapter, push = self.adapters["wechat.callback"], ticket_push(NOW)
        assert isinstance(adapter, Listener)
        heard = adapter.hear(COMPONENT, Pushed("POST", push.query, {}, push.body), NOW)
        assert await adapter.heed(COMPONENT, heard.payload, NOW)

    async def look(self, page: Page, now: datetime, way: Way | None = None, memory: Mapping[str, Any] | None = None) -> Snapshot:
        """Look at the page one way; by its last where none is named. Raises `LookError`."""
        account = page.account(self.base_url)
        channel = account.channels[page.ways.index(way or page.ways[-1])]
        return await self.adapters[channel.adapter].look(account, channel, memory or {}, now)
