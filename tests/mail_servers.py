"""A mail server that stays on its port while it comes and goes, and that tells a test when it has taken a letter."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK = "127.0.0.1"
Conduct = Literal["answer", "hang", "cut"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A letter whose text the server has, whether or not it came to say so."""

    to: str
    number: str
    connection: int
    at: float


@dataclass
class PostOffice:
    """Takes letters on loopback; open it with `async with`. `stop` and `start` take it away and bring it back on the same port.

    `conduct` is what follows a text: an answer, none at all, or a cut line; `when_taken` is called before that, `when_answered` right
    after the answer left. `refusing` holds answers to recipients; one that begins with 421 hangs up.
    """

    conduct: Conduct = "answer"
    refusing: dict[str, str] = field(default_factory=dict)
    when_taken: Callable[[Taken], Awaitable[None]] | None = None
    when_answered: Callable[[Taken], None] | None = None
    taken: list[Taken] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    port: int = 0
    _talks: list[SMTP] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._greet, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for talk in self._talks:
            if talk.transport is not None:
                talk.transport.abort()
        self._talks.clear()

    def _greet(self) -> SMTP:
        self.connections += 1
        self._talks.append(SMTP(self, hostname="mail.example", enable_SMTPUTF8=True, loop=asyncio.get_running_loop()))
        return self._talks[-1]

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]) -> str:
        self.asked[address] += 1
        answer = self.refusing.get(address, "")
        if answer.startswith("421"):
            asyncio.get_running_loop().call_soon(server.transport.close)
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        taken = self._keep(envelope)
        if self.when_taken is not None:
            await self.when_taken(taken)
        if self.conduct == "cut":
            server.transport.abort()
        if self.conduct == "hang":
            await asyncio.sleep(3600)
        if self.when_answered is not None:
            asyncio.get_running_loop().call_soon(self.when_answered, taken)
        return "250 OK"

    def _keep(self, envelope: Envelope) -> Taken:
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        number = str(message_from_bytes(content)["Message-ID"])
        [to] = envelope.rcpt_tos
        self.taken.append(Taken(to, number, self.connections, asyncio.get_running_loop().time()))
        return self.taken[-1]

    def counts(self) -> Mapping[str, int]:
        return Counter(each.to for each in self.taken)

    def numbers(self) -> Mapping[str, set[str]]:
        """Return by recipient under which names its letters came."""
        return {to: {each.number for each in self.taken if each.to == to} for to in self.counts()}
