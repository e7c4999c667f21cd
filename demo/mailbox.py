"""The demo's mail server: takes every letter on loopback, keeps it as a file, delivers it to nobody."""

from __future__ import annotations

import asyncio
import email
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK = "127.0.0.1"
HOSTNAME = "demo.example.invalid"
RECOVERED = "已恢复"
LETTER_LIMIT = 10 * 1024 * 1024
"""Bytes of one letter; a bigger one is refused."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter that was taken: to one recipient, decoded headers. `number` is its Message-ID, `answers` what it answers."""

    to: str
    subject: str
    path: Path
    number: str = ""
    answers: str = ""


class Mailbox:
    """An SMTP server without TLS or login, in this event loop; open it with `async with`. It holds this run's mails only.

    Addresses in `refused` are unknown here and refused for good, those in `greylisted` are refused for now on the first try.
    """

    def __init__(self, directory: Path, refused: Collection[str] = (), greylisted: Collection[str] = ()) -> None:
        self.directory = directory
        self.mails: list[Mail] = []
        self._refused, self._greylisted = frozenset(refused), set(greylisted)

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

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Take the recipient or not; the name is aiosmtpd's."""
        if address in self._refused:
            return "550 5.1.1 no such mailbox"
        if address in self._greylisted:
            self._greylisted.discard(address)
            return "450 4.7.1 greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the letter once for each recipient; the name is aiosmtpd's."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        for recipient in envelope.rcpt_tos:
            self._keep(recipient, content)
        return "250 OK"

    def _keep(self, recipient: str, content: bytes) -> None:
        path = self.directory / f"{len(self.mails) + 1:04d}.eml"
        path.write_bytes(content)
        letter = email.message_from_bytes(content, _class=EmailMessage, policy=default)
        self.mails.append(Mail(recipient, subject_of(letter), path, str(letter["Message-ID"] or ""), str(letter["In-Reply-To"] or "")))

    @property
    def recovered(self) -> frozenset[str]:
        """Who read that something is over, in answer to an earlier letter of this run."""
        numbers = {(mail.to, mail.number) for mail in self.mails}
        return frozenset(mail.to for mail in self.mails if RECOVERED in mail.subject and (mail.to, mail.answers) in numbers)

    def counts(self) -> Mapping[str, int]:
        """Return how many mails each address got."""
        found: dict[str, int] = {}
        for mail in self.mails:
            found[mail.to] = found.get(mail.to, 0) + 1
        return found


def subject_of(letter: EmailMessage) -> str:
    """Return the letter's subject in plain words, empty when it has none."""
    return str(letter["Subject"] or "").replace("\n", " ").strip()
