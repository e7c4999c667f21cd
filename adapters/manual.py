"""`manual`: a person's own look at an account, entered as a row. A channel like any other, except that nobody polls it.

Pages that a person saved come through it too: they are read by `adapters.reading.uploads`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

from adapters.channel import Base
from monitor.errors import BadInput, Degraded
from monitor.model import BEGINNING, Account, Channel, Post, Snapshot, cut, local_date, start_of_day
from monitor.ports import ChannelSettings

NEVER = "无内容"


class Manual(Base):
    """Stands in the table so that a roster may name it; its looks come from `import looks` (a row) and `import export` (a saved page)."""

    Settings: ClassVar[type[ChannelSettings]] = ChannelSettings
    first_hand: ClassVar[bool] = True
    polled: ClassVar[bool] = False
    name: ClassVar[str] = "manual"
    title: ClassVar[str] = "人工核查"

    def lane(self, channel: Channel) -> str:
        return "manual"

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        raise Degraded("hand checks are imported, not polled")

    async def check(self) -> list[str]:
        return []


def hand_check(account: Account, last_update: date | None, looked_at: datetime, by: str) -> Snapshot:
    """Return what a person saw who looked at `looked_at`: the day of the last update, or None for 无内容.

    Covers from that day's beginning, or from the beginning of time where nothing was ever published, until the look.
    Raises `BadInput` for an update after the look.
    """
    looked_at = cut(looked_at)
    if last_update is not None and last_update > local_date(looked_at):
        raise BadInput([f"{account.name}：最后更新时间 {last_update} 晚于检查时间 {local_date(looked_at)}"])
    start = BEGINNING if last_update is None else start_of_day(last_update)
    return Snapshot(
        channel="manual",
        posts=() if last_update is None else (_post(account, last_update, looked_at),),
        covers_from=start,
        covers_until=looked_at,
        digest=_digest(account, last_update, looked_at, by),
        profile={"checked_by": by} if by else {},
    )


def _post(account: Account, day: date, looked_at: datetime) -> Post:
    return Post(
        id=f"{account.platform.value}:{account.id}:hand-{day.isoformat()}",
        account_id=account.id,
        published_at=start_of_day(day),
        first_seen_at=looked_at,
        kind="hand_check",
        precision="day",
    )


def _digest(account: Account, last_update: date | None, looked_at: datetime, by: str) -> str:
    row = "\x1f".join((account.id, last_update.isoformat() if last_update else NEVER, looked_at.isoformat(), by.strip()))
    return hashlib.sha256(row.encode("utf-8", "replace")).hexdigest()
