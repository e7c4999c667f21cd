"""The demo's mail server: takes every letter on loopback, keeps it as a file, delivers it to nobody."""

from __future__ import annotations

import asyncio
import email
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK = "127.0.0.1"
HOSTNAME = "demo.example.invalid"
LETTER_LIMIT = 10 * 1024 * 1024
"""Bytes of one letter; a bigger one is refused."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter that was taken: to one recipient, decoded headers."""

    to: str
    subject: str
    path: Path


class Mailbox:
    """An SMTP server without TLS or login, in this event loop; open it with `async with`. It holds this run's mails only."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.mails: list[Mail] = []

    async def __aenter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        for old in self.directory.glob("[0-9]*.eml"):
            old.unlink()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname=HOSTNAME, data_size_limit=LETTER_LIMIT, enable_SMTPUTF8=True, loop=loop), LOOPBACK, 0
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the letter once for each recipient; the name is aiosmtpd's."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        for recipient in envelope.rcpt_tos:
            self._keep(recipient, content)
        return "250 OK"

    def _keep(self, recipient: str, content: bytes) -> None:
        path = self.directory / f"{len(self.mails) + 1:04d}.eml"
        path.write_bytes(content)
        self.mails.append(Mail(recipient, subject_of(content), path))

    def counts(self) -> Mapping[str, int]:
        """Return how many mails each address got."""
        found: dict[str, int] = {}
        for mail in self.mails:
            found[mail.to] = found.get(mail.to, 0) + 1
        return found


def subject_of(content: bytes) -> str:
    """Return the letter's subject in plain words, empty when it has none."""
    letter = email.message_from_bytes(content, _class=EmailMessage, policy=default)
    return str(letter["Subject"] or "").replace("\n", " ").strip()
