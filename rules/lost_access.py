"""A credential that no longer opens its channel: one alert, however many accounts hang on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from monitor.model import Finding, Noun
from monitor.ports import ChannelFacts
from rules.channels import trouble, well, works


class LostAccess(Noun):
    """Fires while the channel's last word is an authorisation error; clear after a good look; any other fault leaves it silent."""

    name: ClassVar[str] = "lost_access"
    about: ClassVar[Literal["account", "channel", "source"]] = "channel"

    def judge(self, facts: ChannelFacts) -> Iterable[Finding]:
        channel = facts.channel
        if works(channel):
            yield well(self.name, facts)
        elif channel.last_error is not None and channel.last_error.code == "auth_error" and not channel.retired:
            yield trouble(self.name, facts, "采集授权失效", "授权失效")
