"""What the console asks of the daemon behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.model import Account, Standing


@dataclass(frozen=True, slots=True)
class Health:
    """`alive`: the loops are running. `ready`: the store answers and there is something to show. `reasons` say what is amiss."""

    alive: bool
    ready: bool
    reasons: tuple[str, ...] = ()


class Desk(Protocol):
    """Hands the console what it shows. `rows` and `open_alerts` may raise `StoreAway`."""

    @property
    def profile_title(self) -> str: ...
    def now(self) -> datetime: ...
    async def rows(self) -> list[tuple[Account, Standing]]: ...
    async def open_alerts(self) -> int: ...
    async def health(self) -> Health: ...
