"""A real SMTP server for tests, as an operator's would be, and one that misbehaves; with certificates of its own making."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from clocks import FrozenClock
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from monitor.errors import NotifyError
from monitor.notify.mail import SmtpNotifier
from monitor.ports import Letter
from monitor.settings import SmtpSettings

NOW = datetime(2020, 3, 3, 1, 0, tzinfo=UTC)
PASSWORD = "s3cret-Pass"
LETTER = Letter(
    to="xinxi@shiquan.example",
    number="0123456789abcdef0123456789abcdef",
    subject="【内容不更新】“石泉统计”(微博)已50天未更新(最后更新2020-01-13)，" + "请尽快更新" * 8,
    text="您好：\n\n.以点开头的一行\n已更新？下次采集后自动销号。\n",
    html="<p>您好：" + "长" * 2000 + "</p>",
)


@dataclass
class Mailroom:
    """A mail server's conduct: keeps what it takes; each answer may be replaced by a refusal or a cut line."""

    rcpt: str = ""
    sender: str = ""
    data: str = ""
    cut: str = ""
    rcpts: dict[str, str] = field(default_factory=dict)
    kept: list[Envelope] = field(default_factory=list)
    connections: int = 0
    letters_per_connection: int = 0
    limit_answer: str = "421 4.7.0 enough letters over this connection"
    commands: list[str] = field(default_factory=list)
    _letters: dict[int, int] = field(default_factory=dict)

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        self.commands.append("MAIL")
        if self.letters_per_connection and self._taken_by(server) >= self.letters_per_connection:
            return self.limit_answer
        envelope.mail_from = address
        return self.sender or "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.cut == "rcpt":
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return self.rcpts.get(address) or self.rcpt or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if not self.data.startswith(("4", "5")):
            self.kept.append(envelope)
            self._letters[id(server)] = self._taken_by(server) + 1
        if self.cut == "data":
            server.transport.abort()
        if self.cut == "silence":
            await asyncio.sleep(30)
        if self.cut == "after":
            asyncio.get_running_loop().call_later(0.05, server.transport.close)
        return self.data or "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.commands.append("QUIT")
        if self.cut == "quit":
            server.transport.abort()
        return "221 Bye"

    def _taken_by(self, server: SMTP) -> int:
        return self._letters.get(id(server), 0)

    def message(self) -> EmailMessage:
        [envelope] = self.kept
        assert isinstance(envelope.content, bytes)
        parsed = message_from_bytes(envelope.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed


def let_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: Any) -> AuthResult:
    well = (auth_data.login, auth_data.password) == (b"monitor", PASSWORD.encode())
    return AuthResult(success=well, handled=False)


@dataclass(frozen=True)
class Trust:
    server: ssl.SSLContext
    ca_file: Path


HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


class Authority:
    """A certificate authority of an inner network: signs what a test asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Inner Authority")])
        self.file = folder / "authority.pem"
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = self._unsigned(self.name, self.key.public_key(), timedelta(days=1)).add_extension(usage, critical=True)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.file.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def vouch(self, name: x509.GeneralName = HERE, *, good_for: timedelta = timedelta(days=1)) -> Trust:
        """Return a server's side with a certificate for that name, and the authority to trust."""
        key = ec.generate_private_key(ec.SECP256R1())
        common = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
        made = self._unsigned(common, key.public_key(), good_for)
        made = made.add_extension(x509.SubjectAlternativeName([name]), critical=False)
        cert, secret = self.folder / "cert.pem", self.folder / "key.pem"
        cert.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        secret.write_bytes(key.private_bytes(*form))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, secret)
        return Trust(context, self.file)

    def _unsigned(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, good_for: timedelta) -> x509.CertificateBuilder:
        # The machine's own time, since the TLS library asks for no other.
        today = datetime.now(UTC)
        builder = x509.CertificateBuilder(subject_name=subject, issuer_name=self.name, public_key=key)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(today - timedelta(days=9)).not_valid_after(today + good_for)


@asynccontextmanager
async def open_mailroom(room: Mailroom, *, implicit: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """Serve the mailroom on a free port; options are aiosmtpd's."""
    loop = asyncio.get_running_loop()

    talks: list[SMTP] = []

    def greet() -> SMTP:
        room.connections += 1
        talks.append(SMTP(room, hostname="mail.example", loop=loop, **options))
        return talks[-1]

    server = await loop.create_server(greet, "127.0.0.1", 0, ssl=implicit)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for talk in talks:
            if talk.transport is not None:
                talk.transport.abort()


@asynccontextmanager
async def open_secure_mailroom(room: Mailroom, trust: Trust) -> AsyncIterator[int]:
    """Serve it as an operator's server would be: STARTTLS first, then a login."""
    options = {"require_starttls": True, "auth_required": True, "auth_exclude_mechanism": ["LOGIN"]}
    async with open_mailroom(room, tls_context=trust.server, authenticator=let_in, **options) as port:
        yield port


def settings(port: int, **more: Any) -> SmtpSettings:
    sender = "政务新媒体监测 <monitor@city.example>"
    return SmtpSettings(**{"host": "127.0.0.1", "port": port, "security": "none", "sender": sender, "timeout_seconds": 5.0, **more})


def secure(port: int, trust: Trust, **more: Any) -> SmtpSettings:
    login = {"username": "monitor", "password": SecretStr(PASSWORD)}
    return settings(port, **{"security": "starttls", "ca_file": str(trust.ca_file), **login, **more})


def notifier(wishes: SmtpSettings) -> SmtpNotifier:
    return SmtpNotifier(wishes, FrozenClock(NOW))


async def refusal(wishes: SmtpSettings, letter: Letter = LETTER) -> NotifyError:
    with pytest.raises(NotifyError) as caught:
        await notifier(wishes).send(letter)
    return caught.value
