"""An interface that the platform has closed for good: one alert, until the settings change and a look succeeds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from monitor.model import Finding, Noun
from monitor.ports import ChannelFacts
from rules.channels import trouble, well, works


class RetiredSource(Noun):
    """Fires while the channel is off because its interface is closed; clear after a good look."""

    name: ClassVar[str] = "retired_source"
    about: ClassVar[Literal["account", "channel", "source"]] = "channel"

    def judge(self, facts: ChannelFacts) -> Iterable[Finding]:
        if facts.channel.retired:
            yield trouble(self.name, facts, "接口已关闭", "的接口已被平台关闭")
        elif works(facts.channel):
            yield well(self.name, facts)
