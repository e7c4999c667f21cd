"""The only importer of aiosmtplib: hands letters to the operator's mail server.

One connection carries many letters, one after another, until `rest`. Where an attempt ended decides what it means (RFC 5321 4.2.5, 6.1):

1. before the text left us          not accepted; try again later. On a connection that had served before, a new one is tried at once
2. recipient or text refused        not accepted; `recipient_only`, and with 5xx `permanent`: not worth another try soon
3. line lost after the text left    may have been accepted; `uncertain`
4. the text was accepted            the letter is told; nothing that happens afterwards is its fault
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from contextlib import suppress
from email.utils import parseaddr
from enum import StrEnum

import aiosmtplib

from monitor.clock import SystemClock
from monitor.errors import NotifyError
from monitor.notify.wire import Ends, as_bytes, ascii_address
from monitor.ports import Clock, Letter
from monitor.settings import SmtpSettings
from monitor.wording import plain

OVERALL_FACTOR = 4
"""A letter takes at most so many time-outs: each is for one answer, and a server may drip its answers for ever."""
QUIT_SECONDS = 2.0
"""How long a polite leave may take; every letter's fate is known by then."""
ANSWER_CAP = 200
"""Characters of a server's answer kept in an error."""
START_TEXT = 354
NOT_ABOUT_THE_LETTER = frozenset({421, 503, 530, 534, 535, 538})
"""What a server answers to whatever it is asked: it hangs up, lost count, or wants a login or TLS first."""

_LINE_FAULTS = (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError)


class Step(StrEnum):
    """How far an attempt came; the value is what `check` tells the sysadmin."""

    SETTINGS = "设置不完整"
    TRUST = "证书文件（smtp.ca_file）无法使用"
    CONNECT = "无法连接"
    STARTTLS = "不提供 STARTTLS 加密，请核对 smtp.port 与 smtp.security"
    TLS = "TLS 握手失败，证书不受信任或主机名不符"
    LOGIN = "登录未成功，请核对用户名和密码"
    SENDER = "不接受发件人"
    RECIPIENT = "不接受收件人"
    TEXT = "不接受邮件内容"
    LEAVING = "发送途中连接中断"
    TIME = "响应过慢"


class Undelivered(NotifyError):
    """A letter that was not accepted, with the step at which it failed. After `lost` the connection is of no more use."""

    def __init__(self, step: Step, reason: str, *, permanent: bool = False, uncertain: bool = False, lost: bool = False) -> None:
        super().__init__(
            f"mail stopped at {step.name.lower()}: {reason}",
            permanent=permanent,
            uncertain=uncertain,
            recipient_only=step in (Step.RECIPIENT, Step.TEXT) and not lost,
            told=f"{step.value}（{reason}）",
        )
        self.step = step
        self.reason = reason
        self.lost = lost


class SmtpNotifier:
    """Sends letters by SMTP with STARTTLS, TLS or neither, and a login where a user name is set. Knows nothing of alerts.

    Letters take turns on one connection; `rest` ends it.
    """

    def __init__(self, settings: SmtpSettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()
        self._line: aiosmtplib.SMTP | None = None
        self._turn = asyncio.Lock()

    async def send(self, letter: Letter) -> None:
        """Hand the letter over; raises `NotifyError`. Its text names the server's answer and code, never a secret."""
        if self._gaps():
            raise Undelivered(Step.SETTINGS, "smtp.host, smtp.sender or the password is missing or unusable")
        recipient = bare_address(letter.to)
        content = self._compose(letter, recipient)
        async with self._turn:
            await self._deliver(recipient, content)

    async def rest(self) -> None:
        """Leave the mail server politely; whatever happens then changes nothing."""
        async with self._turn:
            line, self._line = self._line, None
            if line is not None:
                await _leave(line)

    async def check(self) -> list[str]:
        """Return Chinese lines on what is missing for mail to work; empty after a connection, TLS and login that went well."""
        gaps = self._gaps()
        if gaps:
            return gaps
        where = f"邮件服务器 {self.settings.host}:{self.settings.port}"
        try:
            async with self._in_time():
                await _leave(await self._open())
        except Undelivered as error:
            return [f"{where}：{error.step.value}（{error.reason}）"]
        except TimeoutError:
            return [f"{where}：{Step.TIME.value}"]
        return []

    def _gaps(self) -> list[str]:
        settings, lines = self.settings, []
        if not settings.host:
            lines.append("smtp.host 未设置，无法发送邮件；请填写邮件服务器地址（或环境变量 ZHENGWU_SMTP__HOST）")
        if not settings.sender:
            lines.append("smtp.sender 未设置，无法发送邮件；请填发件人，如 监测平台 <a@example.gov.cn>（或环境变量 ZHENGWU_SMTP__SENDER）")
        elif not ascii_address(parseaddr(settings.sender)[1]):
            lines.append("smtp.sender 不是有效的邮件地址；应如 监测平台 <monitor@example.gov.cn>")
        if settings.username and not settings.password.get_secret_value():
            lines.append("smtp.username 已设置但没有密码；请设置环境变量 ZHENGWU_SMTP__PASSWORD 或 ZHENGWU_SMTP__PASSWORD_FILE")
        return lines

    def _in_time(self) -> asyncio.Timeout:
        return asyncio.timeout(self.settings.timeout_seconds * OVERALL_FACTOR)

    # -- a letter ---------------------------------------------------------------------------------------------------------------

    async def _deliver(self, recipient: str, content: bytes) -> None:
        left = sound = False
        try:
            async with self._in_time():
                line = await self._awaiting_text(recipient)
                left = True
                await self._hand_over(line, content)
            sound = True
        except Undelivered as error:
            sound = not error.lost
            raise
        except TimeoutError as error:
            raise Undelivered(Step.TIME, "the mail server took too long", uncertain=left, lost=True) from error
        finally:
            # Also when we were cancelled: what the server would say next belongs to this letter, not to another.
            if not sound:
                self._drop()

    async def _awaiting_text(self, recipient: str) -> aiosmtplib.SMTP:
        """Return a connection on which the server waits for the text; one that had served before may be replaced, once."""
        line = self._line
        if line is not None and line.is_connected:
            try:
                await self._envelope(line, recipient, used=True)
                return line
            except Undelivered as error:
                # Servers end idle connections, and refuse to begin another letter after so many. Nothing of this one has left yet.
                if not error.lost and error.step is not Step.SENDER:
                    raise
        self._drop()
        self._line = line = await self._open()
        await self._envelope(line, recipient, used=False)
        return line

    async def _envelope(self, line: aiosmtplib.SMTP, recipient: str, *, used: bool) -> None:
        try:
            if used:
                await line.rset()
            await line.mail(self._sender())
        except _LINE_FAULTS as error:
            # A sender is a setting and may be mended: never permanent.
            raise self._undelivered(Step.SENDER, error) from error
        try:
            await line.rcpt(recipient)
        except _LINE_FAULTS as error:
            raise self._undelivered(Step.RECIPIENT, error) from error
        try:
            answer = await line.execute_command(b"DATA")
        except _LINE_FAULTS as error:
            raise self._undelivered(Step.TEXT, error) from error
        if answer.code != START_TEXT:
            raise self._undelivered(Step.TEXT, aiosmtplib.SMTPDataError(answer.code, answer.message))

    async def _hand_over(self, line: aiosmtplib.SMTP, content: bytes) -> None:
        """Send the text after a 354. The library's own `data` would not tell whether a line broke before or after that."""
        talk = line.protocol
        if talk is None:
            raise Undelivered(Step.TEXT, "the line was lost before the text left", lost=True)
        try:
            talk.write(_stuffed(content))
            answer = await talk.read_response(timeout=self.settings.timeout_seconds)
        except _LINE_FAULTS as error:
            raise Undelivered(Step.LEAVING, self._answer(error), uncertain=True, lost=True) from error
        if 200 <= answer.code < 300:
            return
        refusal = aiosmtplib.SMTPDataError(answer.code, answer.message)
        if not 400 <= answer.code < 600:
            raise Undelivered(Step.LEAVING, self._answer(refusal), uncertain=True, lost=True)
        raise self._undelivered(Step.TEXT, refusal)

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    # -- a connection -----------------------------------------------------------------------------------------------------------

    async def _open(self) -> aiosmtplib.SMTP:
        """Connect, secure the line, log in."""
        line = self._client()
        try:
            await self._connect(line)
            if self.settings.security == "starttls":
                await self._secure(line)
            if self.settings.username:
                await self._login(line)
        except BaseException:
            line.close()
            raise
        return line

    def _client(self) -> aiosmtplib.SMTP:
        settings = self.settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=settings.timeout_seconds,
            use_tls=settings.security == "tls",
            # Asked for by `_secure`, which can tell a server that offers none from one whose certificate is bad.
            start_tls=False,
            tls_context=None if settings.security == "none" else self._trust(),
            # Its own look-up of this machine's name can hang for long on a closed network.
            local_hostname=self._sender().rpartition("@")[2],
        )

    def _trust(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.settings.ca_file or None)
        except OSError as error:
            raise Undelivered(Step.TRUST, type(error).__name__) from error

    async def _connect(self, line: aiosmtplib.SMTP) -> None:
        try:
            await line.connect()
        except _LINE_FAULTS as error:
            # With TLS from the first byte the library wraps what the handshake says.
            if isinstance(error.__cause__, ssl.SSLError):
                raise Undelivered(Step.TLS, _distrust(error.__cause__)) from error
            raise Undelivered(Step.CONNECT, self._answer(error)) from error

    async def _secure(self, line: aiosmtplib.SMTP) -> None:
        """Go on in TLS or not at all: who strips the offer on the way gets neither letter nor password."""
        try:
            await line.ehlo()
            if not line.supports_extension("starttls"):
                raise Undelivered(Step.STARTTLS, "not offered")
            await line.starttls()
        except ssl.SSLError as error:
            raise Undelivered(Step.TLS, _distrust(error)) from error
        except aiosmtplib.SMTPResponseException as error:
            raise Undelivered(Step.STARTTLS, self._answer(error)) from error
        except _LINE_FAULTS as error:
            raise Undelivered(Step.TLS, type(error).__name__) from error

    async def _login(self, line: aiosmtplib.SMTP) -> None:
        # A server's words may repeat what it was sent, so neither they nor the error that quotes them go on, not even as its context.
        try:
            await line.login(self.settings.username, self.settings.password.get_secret_value())
            return
        except aiosmtplib.SMTPResponseException as error:
            reason = str(error.code)
        except _LINE_FAULTS as error:
            reason = type(error).__name__
        raise Undelivered(Step.LOGIN, reason)

    # -- words ------------------------------------------------------------------------------------------------------------------

    def _undelivered(self, step: Step, error: BaseException) -> Undelivered:
        refused = _refuses(error)
        final = refused and step is not Step.SENDER and getattr(error, "code", 0) >= 500 and not _by_policy(error)
        return Undelivered(step, self._answer(error), permanent=final, lost=not refused)

    def _answer(self, error: BaseException) -> str:
        if not isinstance(error, aiosmtplib.SMTPResponseException):
            return type(error.__cause__ or error).__name__
        for secret in self._secrets():
            error.message = error.message.replace(secret, "…")
        # A traceback shows the cause of an error too.
        error.args = (error.code, error.message)
        return f"{error.code} {plain(error.message, ANSWER_CAP)}"

    def _secrets(self) -> list[str]:
        """Return the password, plain and in the forms a login sends it."""
        password = self.settings.password.get_secret_value()
        if not password:
            return []
        sent = (f"\0{self.settings.username}\0{password}", password)
        return [password, *(base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii") for text in sent)]

    def _sender(self) -> str:
        return bare_address(parseaddr(self.settings.sender)[1])

    def _compose(self, letter: Letter, recipient: str) -> bytes:
        ends = Ends(self._sender(), recipient, parseaddr(self.settings.sender)[0])
        try:
            return as_bytes(letter, ends, self._clock.now())
        except ValueError as error:
            raise Undelivered(Step.TEXT, "the letter cannot be encoded", permanent=True) from error


async def _leave(line: aiosmtplib.SMTP) -> None:
    try:
        with suppress(*_LINE_FAULTS):
            await line.quit(timeout=QUIT_SECONDS)
    finally:
        line.close()


def _stuffed(content: bytes) -> bytes:
    """Return the text as it follows a 354 (RFC 5321, 4.5.2)."""
    return re.sub(rb"(?m)^\.", b"..", content) + b".\r\n"


def _refuses(error: BaseException) -> bool:
    """Tell a refusal, after which the connection goes on, from a line that is lost or speaks no SMTP any more."""
    return isinstance(error, aiosmtplib.SMTPResponseException) and 400 <= error.code < 600 and error.code not in NOT_ABOUT_THE_LETTER


def _by_policy(error: BaseException) -> bool:
    """Whether a rule of the server refused and not the mailbox (RFC 3463, 5.7.x): a relay set up wrongly says so of every address.

    It is tried again, ever more slowly; who is still refused after a day counts as one that takes no mail.
    """
    return isinstance(error, aiosmtplib.SMTPResponseException) and error.message.lstrip().startswith("5.7.")


def _distrust(error: ssl.SSLError) -> str:
    return plain(str(getattr(error, "verify_message", "") or error.reason or type(error).__name__), ANSWER_CAP)


def bare_address(text: str) -> str:
    """Return the address with its domain in ASCII. Raises a permanent `NotifyError` for what no server could take."""
    ready = ascii_address(text.strip())
    if not ready:
        raise Undelivered(Step.RECIPIENT, "not an e-mail address", permanent=True)
    return ready
