"""Handing letters over: against a real SMTP server with STARTTLS and login, and against servers that misbehave."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
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


class StoppedClock:
    def now(self) -> datetime:
        return NOW

    def elapsed(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class Mailroom:
    """A mail server's conduct: keeps what it takes; each answer may be replaced by a refusal or a cut line."""

    rcpt: str = ""
    sender: str = ""
    data: str = ""
    cut: str = ""
    kept: list[Envelope] = field(default_factory=list)

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        envelope.mail_from = address
        return self.sender or "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.cut == "rcpt":
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return self.rcpt or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if not self.data.startswith(("4", "5")):
            self.kept.append(envelope)
        if self.cut == "data":
            server.transport.abort()
        if self.cut == "silence":
            await asyncio.sleep(30)
        return self.data or "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.cut == "quit":
            server.transport.abort()
        return "221 Bye"

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


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    folder = tmp_path_factory.mktemp("trust")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return Trust(context, folder / "cert.pem")


@asynccontextmanager
async def open_mailroom(room: Mailroom, *, implicit: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """Serve the mailroom on a free port; options are aiosmtpd's."""
    loop = asyncio.get_running_loop()

    talks: list[SMTP] = []

    def greet() -> SMTP:
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


def plain(port: int, **more: Any) -> SmtpSettings:
    sender = "政务新媒体监测 <monitor@city.example>"
    return SmtpSettings(**{"host": "127.0.0.1", "port": port, "security": "none", "sender": sender, "timeout_seconds": 5.0, **more})


def secure(port: int, trust: Trust, **more: Any) -> SmtpSettings:
    login = {"username": "monitor", "password": SecretStr(PASSWORD)}
    return plain(port, **{"security": "starttls", "ca_file": str(trust.ca_file), **login, **more})


def notifier(settings: SmtpSettings) -> SmtpNotifier:
    return SmtpNotifier(settings, StoppedClock())


async def refusal(settings: SmtpSettings, letter: Letter = LETTER) -> NotifyError:
    with pytest.raises(NotifyError) as caught:
        await notifier(settings).send(letter)
    return caught.value


# -- what arrives ---------------------------------------------------------------------------------------------------------------


async def test_a_letter_arrives_through_starttls_and_login_with_all_its_parts(trust: Trust) -> None:
    room = Mailroom()

    async with open_secure_mailroom(room, trust) as port:
        await notifier(secure(port, trust)).send(LETTER)

    message = room.message()
    assert (room.kept[0].mail_from, room.kept[0].rcpt_tos) == ("monitor@city.example", [LETTER.to])
    assert message["Subject"] == LETTER.subject
    assert message["From"].addresses[0].display_name == "政务新媒体监测"
    assert message["To"] == LETTER.to
    assert message["Message-ID"] == f"<{LETTER.number}@city.example>"
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    text, html = (part.get_content() for part in message.iter_parts())
    assert (text.splitlines(), html.strip()) == (LETTER.text.splitlines(), LETTER.html)


async def test_the_wire_carries_seven_bits_in_short_lines() -> None:
    room = Mailroom()

    async with open_mailroom(room) as port:
        await notifier(plain(port)).send(LETTER)

    content = room.kept[0].content
    assert isinstance(content, bytes) and content.isascii()
    assert max(len(line) for line in content.split(b"\r\n")) <= 998


async def test_a_letter_arrives_over_tls_from_the_first_byte(trust: Trust) -> None:
    room = Mailroom()

    async with open_mailroom(room, implicit=trust.server) as port:
        await notifier(plain(port, security="tls", ca_file=str(trust.ca_file))).send(LETTER)

    assert room.message()["Subject"] == LETTER.subject


async def test_a_chinese_domain_travels_in_ascii() -> None:
    room = Mailroom()

    async with open_mailroom(room) as port:
        await notifier(plain(port)).send(replace(LETTER, to="xinxi@石泉.example"))

    [recipient] = room.kept[0].rcpt_tos
    assert recipient == "xinxi@" + "石泉.example".encode("idna").decode()


async def test_a_line_cut_after_acceptance_is_no_fault() -> None:
    room = Mailroom(cut="quit")

    async with open_mailroom(room) as port:
        await notifier(plain(port)).send(LETTER)

    assert len(room.kept) == 1


# -- what does not --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("room", "permanent", "uncertain"),
    [
        pytest.param(Mailroom(rcpt="550 no such mailbox"), True, False, id="recipient unknown"),
        pytest.param(Mailroom(rcpt="451 greylisted, come again"), False, False, id="greylisting"),
        pytest.param(Mailroom(rcpt="452 mailbox full"), False, False, id="mailbox full"),
        pytest.param(Mailroom(sender="553 sender not allowed"), False, False, id="a sender is a setting and may be mended"),
        pytest.param(Mailroom(cut="rcpt"), False, False, id="line cut before the letter left"),
        pytest.param(Mailroom(data="554 content refused"), True, False, id="content refused"),
        pytest.param(Mailroom(data="451 try later"), False, False, id="content deferred"),
        pytest.param(Mailroom(cut="data"), False, True, id="line cut after the letter left"),
        pytest.param(Mailroom(cut="silence"), False, True, id="no answer after the letter left"),
        pytest.param(Mailroom(data="what?"), False, True, id="an answer nobody understands"),
    ],
)
async def test_where_an_attempt_ends_decides_what_it_means(room: Mailroom, permanent: bool, uncertain: bool) -> None:
    async with open_mailroom(room) as port:
        error = await refusal(plain(port, timeout_seconds=0.5))

    assert (error.permanent, error.uncertain) == (permanent, uncertain)


async def test_a_server_that_is_down_is_tried_again_later(unused_tcp_port: int) -> None:
    error = await refusal(plain(unused_tcp_port))

    assert (error.permanent, error.uncertain) == (False, False)


async def test_a_server_that_drips_its_greeting_for_ever_is_given_up() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            writer.write(b"220-wait\r\n")
            await asyncio.sleep(0.02)
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server:
        error = await refusal(plain(server.sockets[0].getsockname()[1], timeout_seconds=0.2))

    assert (error.permanent, error.uncertain) == (False, False)


async def test_a_cancelled_attempt_stays_cancelled() -> None:
    async with open_mailroom(Mailroom(cut="silence")) as port:
        task = asyncio.create_task(notifier(plain(port)).send(LETTER))
        await asyncio.sleep(0.2)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("", id="empty"),
        pytest.param("nobody", id="no domain"),
        pytest.param("a@", id="empty domain"),
        pytest.param("@b.example", id="empty mailbox"),
        pytest.param("a@b.example\r\nRCPT TO:<c@d.example>", id="a second command"),
        pytest.param("a@b.example, c@d.example", id="two addresses"),
        pytest.param("王@b.example", id="a mailbox beyond ASCII"),
        pytest.param("a@b..example", id="an empty label"),
        pytest.param("甲 <a@b.example>", id="a name beside it"),
    ],
)
async def test_an_address_no_server_could_take_is_refused_before_connecting(address: str, unused_tcp_port: int) -> None:
    error = await refusal(plain(unused_tcp_port), replace(LETTER, to=address))

    assert (error.permanent, error.uncertain) == (True, False)


async def test_a_letter_that_cannot_be_encoded_is_refused(unused_tcp_port: int) -> None:
    error = await refusal(plain(unused_tcp_port), replace(LETTER, text="\ud800"))

    assert error.permanent


# -- secrets and settings -------------------------------------------------------------------------------------------------------


async def test_a_refused_login_may_be_mended_and_its_error_holds_no_secret(trust: Trust) -> None:
    async with open_secure_mailroom(Mailroom(), trust) as port:
        error = await refusal(secure(port, trust, password=SecretStr("wrong-Pass")))

    assert (error.permanent, error.uncertain) == (False, False)
    assert "535" in str(error)
    assert error.__cause__ is None
    assert "wrong-Pass" not in f"{error!r} {error.__dict__}"


async def test_a_server_that_repeats_the_password_does_not_bring_it_into_the_error() -> None:
    room = Mailroom(rcpt=f"550 you said {PASSWORD}")

    async with open_mailroom(room, authenticator=let_in, auth_require_tls=False, auth_exclude_mechanism=["LOGIN"]) as port:
        error = await refusal(plain(port, username="monitor", password=SecretStr(PASSWORD)))

    assert "550" in str(error)
    assert PASSWORD not in str(error)


async def test_an_unknown_certificate_is_not_trusted(trust: Trust) -> None:
    room = Mailroom()

    async with open_secure_mailroom(room, trust) as port:
        error = await refusal(secure(port, trust, ca_file=""))

    assert (error.permanent, room.kept) == (False, [])


async def test_a_server_without_starttls_gets_neither_letter_nor_password(trust: Trust) -> None:
    room = Mailroom()

    async with open_mailroom(room, authenticator=let_in, auth_require_tls=False) as port:
        error = await refusal(secure(port, trust))

    assert (error.permanent, room.kept) == (False, [])


async def test_check_is_silent_when_all_is_well(trust: Trust) -> None:
    room = Mailroom()

    async with open_secure_mailroom(room, trust) as port:
        lines = await notifier(secure(port, trust)).check()

    assert (lines, room.kept) == ([], [])


Break = Callable[[int, Trust], SmtpSettings]


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        pytest.param(lambda port, trust: plain(port, host=""), "smtp.host", id="no host"),
        pytest.param(lambda port, trust: plain(port, sender=""), "smtp.sender", id="no sender"),
        pytest.param(lambda port, trust: plain(port, sender="监测平台"), "smtp.sender", id="a sender without an address"),
        pytest.param(lambda port, trust: plain(port, username="monitor"), "ZHENGWU_SMTP__PASSWORD", id="no password"),
        pytest.param(lambda port, trust: secure(port, trust, password=SecretStr("x")), "登录未成功", id="wrong password"),
        pytest.param(lambda port, trust: secure(port, trust, ca_file=""), "TLS", id="unknown certificate"),
        pytest.param(lambda port, trust: secure(port, trust, ca_file="/nonexistent"), "smtp.ca_file", id="no such CA file"),
        pytest.param(lambda port, trust: secure(1, trust), "无法连接", id="nobody listens"),
    ],
)
async def test_check_says_in_chinese_what_to_mend_and_sending_waits(broken: Break, named: str, trust: Trust) -> None:
    async with open_secure_mailroom(Mailroom(), trust) as port:
        [line] = await notifier(broken(port, trust)).check()
        error = await refusal(broken(port, trust))

    assert named in line
    assert not error.permanent
