"""The address platforms push to: `/callback/<channel>/<credential>`. The adapter judges what came, the books take what it told.

Anybody can send here. So a body has a cap and the whole a time limit; what is wrong is refused without a word on why; neither query nor
body is ever logged or answered back, apart from what the adapter itself wants answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import structlog
from aiohttp import web
from aiohttp.http import HttpProcessingError

from monitor.errors import AuthError, LookError, StoreAway
from monitor.model import Account, Channel, Snapshot
from monitor.ports import Adapter, Clock, Heard, Listener, Pushed
from monitor.web.bodies import read_body

log = structlog.get_logger("callback")

BODY_CAP = 64 * 1024
"""Bytes of a push; a send of eight articles has four thousand."""
SECONDS = 4.0
"""WeChat waits for five, then sends the push again."""
NOBODY = Heard(status=404)


class Callbacks(Protocol):
    """Takes a push for the web server and says what to answer. Raises `LookError` for one that is refused, `StoreAway`."""

    async def hear(self, channel: str, credential: str, pushed: Pushed) -> Heard: ...


class CallbackBooks(Protocol):
    """What the switchboard needs of the store. Every method may raise `StoreAway`."""

    async def heard(self, number: str) -> bool:
        """Whether a push of this number was taken; numbers are kept for a day at least."""
        ...

    async def put_heard(self, number: str, at: datetime) -> None:
        """Keep the number of a push that was taken."""
        ...

    async def listening(self, adapter: str, handle: str) -> Sequence[tuple[Account, Channel]]:
        """Return the accounts with such a channel, each with that channel."""
        ...

    async def enter(self, account: Account, channel: Channel, snapshot: Snapshot, now: datetime) -> None:
        """Write what was told like a partial look: posts, reposts, state; the account is looked at again at once."""
        ...


class Switchboard:
    """Hands each push to its adapter and enters what it told. The same push is taken once; it is answered as often as it comes."""

    def __init__(self, adapters: Mapping[str, Adapter], credentials: Collection[str], books: CallbackBooks, clock: Clock) -> None:
        self._listeners = {name: adapter for name, adapter in adapters.items() if isinstance(adapter, Listener)}
        self._credentials, self._books, self._clock = frozenset(credentials), books, clock

    async def hear(self, channel: str, credential: str, pushed: Pushed) -> Heard:
        """Check, open, take.

        1. Nobody listens there, or no such credential: 404.
        2. The adapter checks and opens the push; its error is the caller's to answer.
        3. A push without a number, or whose number was taken before, is only answered.
        4. It is heeded where it concerns the credential, else entered for every account it names.
        5. Its number is kept last: what fails before is sent again, and taking a push twice changes nothing.
        """
        listener = self._listeners.get(channel)
        if listener is None or credential not in self._credentials:
            return NOBODY
        now = self._clock.now()
        heard = listener.hear(credential, pushed, now)
        number = f"{channel} {credential} {heard.number}"
        if not heard.number or await self._books.heard(number):
            return heard
        if heard.handle:
            await self._enter(listener, channel, credential, heard, now)
        else:
            await listener.heed(credential, heard.payload, now)
        await self._books.put_heard(number, now)
        return heard

    async def _enter(self, listener: Listener, name: str, credential: str, heard: Heard, now: datetime) -> None:
        for account, channel in await self._books.listening(name, heard.handle):
            # One credential's owner must not speak for the accounts of another.
            if channel.credential == credential:
                await self._books.enter(account, channel, listener.told(account, channel, heard.payload, now), now)


CALLBACKS: web.AppKey[Callbacks] = web.AppKey("callbacks")
PATIENCE: web.AppKey[float] = web.AppKey("callback_seconds", float)


def add_callbacks(app: web.Application, callbacks: Callbacks, seconds: float = SECONDS) -> None:
    """Add the route platforms push to; an answer is given within so many seconds."""
    app[CALLBACKS], app[PATIENCE] = callbacks, seconds
    path = "/callback/{channel:[a-z0-9_.]{1,40}}/{credential:[^/]{1,100}}"
    app.router.add_get(path, callback, allow_head=False)
    app.router.add_post(path, callback)


async def callback(request: web.Request) -> web.Response:
    """Answer a push: 404 unknown, 413 too large, 403 not the platform's, 400 not understood, 503 while it cannot be taken."""
    channel, credential = request.match_info["channel"], request.match_info["credential"]
    try:
        async with asyncio.timeout(request.app[PATIENCE]):
            body = await read_body(request, BODY_CAP)
            if body is None:
                return _answer(413)
            pushed = Pushed(request.method, dict(request.query), dict(request.headers), body)
            heard = await request.app[CALLBACKS].hear(channel, credential, pushed)
    except LookError as error:
        # The error's class alone: its sender chose every word that might stand in it.
        log.warning("a push was refused", channel=channel, reason=error.code)
        return _answer(403 if isinstance(error, AuthError) else 400)
    except (HttpProcessingError, web.RequestPayloadError):
        return _answer(400)
    except (StoreAway, TimeoutError):
        log.warning("a push could not be taken now", channel=channel)
        return _answer(503)
    return _answer(heard.status, heard.answer)


def _answer(status: int, text: str = "") -> web.Response:
    return web.Response(status=status, text=text, content_type="text/plain")
