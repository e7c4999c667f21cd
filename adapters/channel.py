"""What all channels have in common: their settings, the lane they queue behind, one way through the door, a first check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from adapters.http import Answer, Door, Explain, by_status_alone, host_of
from adapters.reading.values import web_address
from monitor.model import Channel
from monitor.ports import ChannelSettings, Credentials, Quota

HOUR = 3600.0
DAY = 24 * HOUR


class Base:
    """What an adapter extends. By itself it queues behind one lane for all, and asks as often as its settings allow."""

    Settings: ClassVar[type[ChannelSettings]] = ChannelSettings
    first_hand: ClassVar[bool] = True
    polled: ClassVar[bool] = True
    verifies: ClassVar[str] = ""
    name: ClassVar[str]
    """The line of the table, e.g. `weibo.openapi`."""
    title: ClassVar[str] = ""
    """What people read for it; without one they read its name."""

    def __init__(self, settings: ChannelSettings, door: Door, credentials: Credentials) -> None:
        self.settings = settings
        self.door = door
        self.credentials = credentials

    def lane(self, channel: Channel) -> str:
        return self.name

    def room(self, channel: Channel) -> int:
        return self.settings.in_flight

    def base(self, channel: Channel) -> str:
        """Return the address requests go to: the channel's own, where its options name one. Raises `ParseError`."""
        return web_address(channel.options.get("base_url") or self.settings.base_url, "base_url")

    def quotas(self, channel: Channel) -> tuple[Quota, ...]:
        """Return the windows no request may exceed: those of the settings, per lane. An adapter adds what the platform counts besides."""
        lane, wishes = self.lane(channel), self.settings
        windows = ((wishes.hourly_requests, HOUR), (wishes.daily_requests, DAY))
        return tuple(Quota(lane, requests, seconds) for requests, seconds in windows if requests)

    async def fetch(
        self,
        channel: Channel,
        url: str,
        *,
        method: str = "GET",
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        more: Sequence[Quota] = (),
        redirects: int = 0,
        explain: Explain = by_status_alone,
    ) -> Answer:
        """Fetch through the door with this channel's lane, spacing, time-out and quotas. Raises `LookError`."""
        wishes = self.settings
        return await self.door.fetch(
            self.lane(channel),
            url,
            method=method,
            params=params,
            headers=headers,
            json=json,
            form=form,
            seconds=wishes.timeout_seconds,
            spacing=wishes.spacing_seconds,
            in_flight=wishes.in_flight,
            quotas=(*self.quotas(channel), *more),
            redirects=redirects,
            explain=explain,
        )

    async def check(self) -> list[str]:
        """Return Chinese lines on what is missing for this channel to work; an empty base_url is asked for nothing."""
        trouble = await self.door.probe(self.settings.base_url) if self.settings.base_url else ""
        return [f"{host_of(self.settings.base_url) or self.settings.base_url} 无法访问：{trouble}"] if trouble else []

    async def close(self) -> None:
        """Nothing is left half done."""
