"""A sign of life to the outside: whoever waits for it rings when it stops, also when this whole machine is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import structlog
from pydantic import SecretStr

from monitor.errors import LookError
from monitor.web.desk import Health

log = structlog.get_logger("heartbeat")

Outcome = Literal["ok", "failed"]


class Heartbeat:
    """Asks an address at each round, and only while the daemon is well: a daemon that runs and judges nobody must not look alive.

    `ask` fetches the address and raises `LookError` for all but a plain success. The address is a secret, for whoever knows it can vouch
    for us: it goes to `ask` and nowhere else. Failures are counted, and logged when they begin and when they end.
    """

    def __init__(
        self,
        url: SecretStr,
        ask: Callable[[str], Awaitable[object]],
        health: Callable[[], Awaitable[Health]],
        count: Callable[[Outcome], None],
    ) -> None:
        self._url, self._ask, self._health, self._count = url, ask, health, count
        self._said = ""

    async def round(self) -> bool:
        """Send one heartbeat; return whether it arrived. Not well, none is sent and none is counted."""
        health = await self._health()
        if not (health.alive and health.ready):
            self._say("withheld", reasons=health.reasons)
            return False
        try:
            await self._ask(self._url.get_secret_value())
        except LookError as error:
            # Its code only: the text may name the host, and some addresses carry their secret there.
            self._count("failed")
            self._say("failed", reason=error.code)
            return False
        self._count("ok")
        self._say("")
        return True

    def _say(self, trouble: str, **fields: object) -> None:
        if trouble and trouble != self._said:
            log.warning("the heartbeat does not go out", why=trouble, **fields)
        elif self._said and not trouble:
            log.info("the heartbeat goes out again")
        self._said = trouble
