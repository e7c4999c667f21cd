"""The roster's column 账号网址: an address gives a channel its handle, or is held against the one that stands there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.identity import Found, Identity, Missing, agrees, fills, identify
from monitor.model import Channel, Platform
from monitor.roster.cells import Refused, block, refuse_spoilt
from monitor.roster.sheets import Problems, Remark, Row

COLUMN = "url"


@dataclass(frozen=True, slots=True)
class AccountUrl:
    """What a row's address says. `found` is None where the cell is empty or refused."""

    row: Row
    platform: Platform
    found: Found | None = None

    @classmethod
    def of(cls, row: Row, platform: Platform, problems: Problems) -> AccountUrl:
        """Read the row's address; note where it belongs to another platform than the row."""
        text = ""
        try:
            text = block(row.get(COLUMN))
            refuse_spoilt(text)
        except Refused as reason:
            # A spoilt number may be shown; whatever else stands there may hold a session.
            problems.at(row, COLUMN, str(reason), text or "…")
            return cls(row, platform)
        if not text:
            return cls(row, platform)
        found = identify(text, platform)
        if found.platform not in (None, platform):
            label = found.platform.label if found.platform else ""
            problems.at(row, COLUMN, f"应为{platform.label}账号的网址，这是{label}的网址", _shown(found))
            return cls(row, platform)
        return cls(row, platform, found)

    @property
    def identity(self) -> Identity | None:
        return self.found if isinstance(self.found, Identity) else None

    def handle_for(self, adapter: str) -> str:
        """Return the handle that the channel's empty cell gets, "" where the address gives none that it could use."""
        return self.identity.handle if self.identity and fills(adapter, self.identity) else ""

    def compare(self, channels: Sequence[Channel], problems: Problems) -> None:
        """Note the channels that look at another account than the address names."""
        if self.identity is None:
            return
        for channel in channels:
            if not agrees(channel, self.identity):
                told = f"网址中的账号是 {self.identity.handle}，与采集渠道“{channel.key}”不是同一账号，请核对"
                problems.at(self.row, COLUMN, told, self.identity.address)

    def remarks(self, channels: Sequence[Channel]) -> list[Remark]:
        """Return what a person should know: what is missing and how to get it, what is only likely, what is still to be filled in."""
        if isinstance(self.found, Missing):
            return [Remark("warning", self.row.number, f"账号网址无法识别：{self.found}")]
        if self.identity is None:
            return []
        known = f"账号网址识别为{self.platform.label} {self.identity.handle}"
        remarks = [Remark("warning", self.row.number, f"{known}：{self.identity.note}")] if self.identity.note else []
        return remarks if channels else [*remarks, Remark("info", self.row.number, f"{known}，尚未填写采集渠道")]


def _shown(found: Found) -> str:
    """Return the address without what may have been pasted beside it."""
    return found.address if isinstance(found, Identity) else found.shown or "…"
