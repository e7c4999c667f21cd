"""A source whose canaries look stale: the source is at fault, not the thousand accounts behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from monitor.model import Finding, Firing, Noun, Role, Severity, Source, SourceState
from monitor.ports import SourceFacts


class FrozenSource(Noun):
    """Fires while a source is frozen, clear while it is live. Unproven is neither: nothing is known of it."""

    name: ClassVar[str] = "frozen_source"
    about: ClassVar[Literal["account", "channel", "source"]] = "source"

    def judge(self, facts: SourceFacts) -> Iterable[Finding]:
        source = facts.source
        if source.state is SourceState.FROZEN:
            yield self._frozen(source)
        elif source.state is SourceState.LIVE:
            yield Finding(rule=self.name, status=Firing.CLEAR, subject=source.name, message=f"{_called(source)}已恢复")

    def _frozen(self, source: Source) -> Finding:
        cause = f"：{source.reason}" if source.reason else ""
        newest = source.newest_post_at.isoformat() if source.newest_post_at else None
        return Finding(
            rule=self.name,
            status=Firing.FIRING,
            subject=source.name,
            severity=Severity.TROUBLE,
            rung=1,
            label="采集异常",
            message=f"{_called(source)}疑似停滞{cause}，期间不作判定",
            tells=(Role.SYSADMIN, Role.CLERK),
            evidence={"newest_post_at": newest, "reason": source.reason},
        )


def _called(source: Source) -> str:
    return f"{source.platform.label}源（{source.adapter}）"
