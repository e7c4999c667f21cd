"""The only importer of aiosmtplib: hands letters to the operator's mail server.

One connection per letter: letters are few, and a connection that broke between two of them cannot be mistaken for a lost letter.
Where an attempt ended decides what it means (RFC 5321 4.2.5, 6.1):

1. before the text left us          not accepted; try again later
2. recipient or text refused, 5xx   not accepted; `permanent`: this address is not worth another try soon
3. line lost after the text left    may have been accepted; `uncertain`
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr
from enum import StrEnum

import aiosmtplib

from monitor.clock import SystemClock
from monitor.errors import NotifyError
from monitor.ports import Clock, Letter
from monitor.settings import SmtpSettings
from monitor.wording import plain

OVERALL_FACTOR = 4
"""A letter takes at most so many time-outs: each is for one answer, and a server may drip its answers for ever."""
QUIT_SECONDS = 2.0
"""How long a polite leave may take; the letter's fate is known by then."""
ANSWER_CAP = 200
"""Characters of a server's answer kept in an error."""

_BARE_ADDRESS = re.compile(r'[^\s@<>(),;:"\[\]\\\x00-\x1f\x7f]+@[^\s@<>(),;:"\[\]\\\x00-\x1f\x7f]+')
_LINE_FAULTS = (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError)


class Step(StrEnum):
    """How far an attempt came; the value is what `check` tells the sysadmin."""

    SETTINGS = "设置不完整"
    TRUST = "证书文件（smtp.ca_file）无法使用"
    CONNECT = "无法连接"
    TLS = "TLS 握手失败，证书不受信任或主机名不符"
    LOGIN = "登录未成功，请核对用户名和密码"
    SENDER = "不接受发件人"
    RECIPIENT = "不接受收件人"
    TEXT = "不接受邮件内容"
    LEAVING = "发送途中连接中断"
    TIME = "响应过慢"


class Undelivered(NotifyError):
    """A letter that was not accepted, with the step at which it failed."""

    def __init__(self, step: Step, reason: str, *, permanent: bool = False, uncertain: bool = False) -> None:
        super().__init__(f"mail stopped at {step.name.lower()}: {reason}", permanent=permanent, uncertain=uncertain)
        self.step = step
        self.reason = reason


class SmtpNotifier:
    """Sends letters by SMTP with STARTTLS, TLS or neither, and a login where a user name is set. Knows nothing of alerts."""

    def __init__(self, settings: SmtpSettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()

    async def send(self, letter: Letter) -> None:
        """Hand the letter over; raises `NotifyError`. Its text names the server's answer and code, never a secret."""
        if self._gaps():
            raise Undelivered(Step.SETTINGS, "smtp.host, smtp.sender or the password is missing or unusable")
        recipient = bare_address(letter.to)
        content = self._compose(letter, recipient)
        left = accepted = False
        try:
            async with self._in_time(), self._connected() as client:
                await self._envelope(client, recipient)
                left = True
                await self._hand_over(client, content)
                accepted = True
        except TimeoutError as error:
            if not accepted:
                raise Undelivered(Step.TIME, "the mail server took too long", uncertain=left) from error

    async def check(self) -> list[str]:
        """Return Chinese lines on what is missing for mail to work; empty after a connection, TLS and login that went well."""
        gaps = self._gaps()
        if gaps:
            return gaps
        try:
            async with self._in_time(), self._connected():
                return []
        except Undelivered as error:
            return [f"邮件服务器 {self.settings.host}:{self.settings.port}：{error.step.value}（{error.reason}）"]
        except TimeoutError:
            return [f"邮件服务器 {self.settings.host}:{self.settings.port}：{Step.TIME.value}"]

    def _gaps(self) -> list[str]:
        settings, lines = self.settings, []
        if not settings.host:
            lines.append("smtp.host 未设置，无法发送邮件；请填写邮件服务器地址（或环境变量 ZHENGWU_SMTP__HOST）")
        if not settings.sender:
            lines.append("smtp.sender 未设置，无法发送邮件；请填发件人，如 监测平台 <a@example.gov.cn>（或环境变量 ZHENGWU_SMTP__SENDER）")
        elif not _usable(parseaddr(settings.sender)[1]):
            lines.append("smtp.sender 不是有效的邮件地址；应如 监测平台 <monitor@example.gov.cn>")
        if settings.username and not settings.password.get_secret_value():
            lines.append("smtp.username 已设置但没有密码；请设置环境变量 ZHENGWU_SMTP__PASSWORD 或 ZHENGWU_SMTP__PASSWORD_FILE")
        return lines

    def _in_time(self) -> asyncio.Timeout:
        return asyncio.timeout(self.settings.timeout_seconds * OVERALL_FACTOR)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """Connect, secure the line, log in; at the end leave politely, and whatever happens then changes nothing."""
        client = self._client()
        try:
            await self._connect(client)
            yield client
            with suppress(*_LINE_FAULTS):
                await client.quit(timeout=QUIT_SECONDS)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        settings = self.settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=settings.timeout_seconds,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=None if settings.security == "none" else self._trust(),
            # Its own look-up of this machine's name can hang for long on a closed network.
            local_hostname=self._sender().rpartition("@")[2],
        )

    def _trust(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.settings.ca_file or None)
        except OSError as error:
            raise Undelivered(Step.TRUST, type(error).__name__) from error

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.connect()
        except ssl.SSLError as error:
            raise Undelivered(Step.TLS, str(error.reason or type(error).__name__)) from error
        except _LINE_FAULTS as error:
            raise Undelivered(Step.CONNECT, self._answer(error)) from error
        if self.settings.username:
            await self._login(client)

    async def _login(self, client: aiosmtplib.SMTP) -> None:
        # A server's words may repeat what it was sent, so neither they nor the error that quotes them go on.
        try:
            await client.login(self.settings.username, self.settings.password.get_secret_value())
        except aiosmtplib.SMTPResponseException as error:
            raise Undelivered(Step.LOGIN, str(error.code)) from None
        except _LINE_FAULTS as error:
            raise Undelivered(Step.LOGIN, type(error).__name__) from None

    async def _envelope(self, client: aiosmtplib.SMTP, recipient: str) -> None:
        try:
            await client.mail(self._sender())
        except _LINE_FAULTS as error:
            # A sender is a setting and may be mended: never permanent.
            raise Undelivered(Step.SENDER, self._answer(error)) from error
        try:
            await client.rcpt(recipient)
        except _LINE_FAULTS as error:
            raise Undelivered(Step.RECIPIENT, self._answer(error), permanent=_final(error)) from error

    async def _hand_over(self, client: aiosmtplib.SMTP, content: bytes) -> None:
        try:
            await client.data(content)
        except aiosmtplib.SMTPDataError as error:
            raise Undelivered(Step.TEXT, self._answer(error), permanent=_final(error)) from error
        except _LINE_FAULTS as error:
            raise Undelivered(Step.LEAVING, self._answer(error), uncertain=True) from error

    def _answer(self, error: BaseException) -> str:
        if not isinstance(error, aiosmtplib.SMTPResponseException):
            return type(error).__name__
        secret = self.settings.password.get_secret_value()
        text = error.message.replace(secret, "…") if secret else error.message
        return f"{error.code} {plain(text, ANSWER_CAP)}"

    def _sender(self) -> str:
        return bare_address(parseaddr(self.settings.sender)[1])

    def _compose(self, letter: Letter, recipient: str) -> bytes:
        try:
            return self._message(letter, recipient).as_bytes()
        except (MessageError, ValueError) as error:
            raise Undelivered(Step.TEXT, "the letter cannot be encoded", permanent=True) from error

    def _message(self, letter: Letter, recipient: str) -> EmailMessage:
        sender = self._sender()
        message = EmailMessage(policy=WIRE)
        message["From"] = Address(display_name=plain(parseaddr(self.settings.sender)[0]), addr_spec=sender)
        message["To"] = Address(addr_spec=recipient)
        message["Subject"] = plain(letter.subject)
        message["Date"] = format_datetime(self._clock.now())
        # The same letter sent again carries the same name, so that a mail server or a reader can tell.
        message["Message-ID"] = f"<{letter.number}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text, cte="base64")
        message.add_alternative(letter.html, subtype="html", cte="base64")
        return message


def _final(error: BaseException) -> bool:
    return isinstance(error, aiosmtplib.SMTPResponseException) and 500 <= error.code < 600


def bare_address(text: str) -> str:
    """Return the address with its domain in ASCII. Raises a permanent `NotifyError` for what no server could take."""
    ready = _in_ascii(text.strip())
    if not ready:
        raise Undelivered(Step.RECIPIENT, "not an e-mail address", permanent=True)
    return ready


def _usable(text: str) -> bool:
    return bool(_in_ascii(text))


def _in_ascii(text: str) -> str:
    """Return the address as it goes over the wire; empty for several addresses, a name, a line break or an unusable domain."""
    if not _BARE_ADDRESS.fullmatch(text):
        return ""
    local, _, domain = text.partition("@")
    try:
        ready = f"{local}@{domain.encode('idna').decode('ascii')}"
        Address(addr_spec=ready)
    except (MessageError, ValueError, IndexError):
        return ""
    return ready if ready.isascii() else ""
