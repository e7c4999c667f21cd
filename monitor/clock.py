"""The only reader of the time."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from monitor.model import cut


class SystemClock:
    """The machine's clock, in UTC, cut to milliseconds."""

    def now(self) -> datetime:
        return cut(datetime.now(UTC))

    def elapsed(self) -> float:
        """Return seconds of a clock that never jumps, for measuring durations."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
