"""A letter as the bytes that go over the wire (RFC 5322, 2045, 2047). Pure; the same letter at the same time gives the same bytes.

The headers are written here and not by `email.policy`: in Python 3.11 its folding of long Chinese headers joins plain words to encoded
ones, so that readers show them undecoded, and makes encoded words longer than the 75 characters that RFC 2047 allows. Whatever comes
from outside goes through `plain` and is encoded unless it is letters, digits and blanks: no text can end a header or add an address.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import format_datetime

from monitor.model import SHANGHAI
from monitor.ports import Letter, ListName
from monitor.wording import plain

SUBJECT_CAP = 250
"""Characters of a subject: more than anybody reads, and few enough for every server."""
NAME_CAP = 250
"""Characters of a name in From or To."""
LINE_LENGTH = 76
"""Characters of a header line with encoded words (RFC 2047, 2)."""
WORD_LENGTH = 75
"""Characters of an encoded word (RFC 2047, 2)."""
REFERENCES_CAP = 30
"""Names of earlier letters in a header: the first, which heads the thread, and the latest."""
ADDRESS_CAP = 254
"""Characters of an address (RFC 5321, 4.5.3.1.3)."""
LIST_HOST = "zhengwu-monitor"

LIST_TITLES = {
    ListName.ACCOUNTS: "账号更新与转载提醒",
    ListName.DIGEST: "监测汇总",
    ListName.TROUBLE: "采集异常",
}

_OPEN, _CLOSE = "=?utf-8?b?", "?="
_SIMPLE_NAME = re.compile(r"[A-Za-z0-9]+( [A-Za-z0-9]+)*")
_SIMPLE_TEXT = re.compile(r"[!-~]+( [!-~]+)*")
_ATOM = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_BARE_ADDRESS = re.compile(r'[^\s@<>(),;:"\[\]\\\x00-\x1f\x7f]+@[^\s@<>(),;:"\[\]\\\x00-\x1f\x7f]+')
_LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Ends:
    """Who writes to whom: bare addresses in ASCII, and the name that stands beside ours."""

    sender: str
    recipient: str
    sender_name: str = ""


def as_bytes(letter: Letter, ends: Ends, now: datetime) -> bytes:
    """Return the letter, all in ASCII and short lines. Raises `ValueError` where its body holds what no UTF-8 can carry."""
    boundary = "=_" + _digest(letter.number + letter.to)
    head = "\r\n".join(_headers(letter, ends, boundary, now))
    parts = [_part(kind, body, boundary) for kind, body in (("plain", letter.text), ("html", letter.html))]
    return f"{head}\r\n\r\n{''.join(parts)}--{boundary}--\r\n".encode("ascii")


def ascii_address(text: str) -> str:
    """Return the address as it goes over the wire; empty for several addresses, a name, a line break or an unusable domain."""
    if not _BARE_ADDRESS.fullmatch(text):
        return ""
    local, _, domain = text.partition("@")
    try:
        ready = f"{local}@{domain.encode('idna').decode('ascii')}"
        Address(addr_spec=ready)
    except (MessageError, ValueError, IndexError):
        return ""
    return ready if ready.isascii() and len(ready) <= ADDRESS_CAP else ""


def _headers(letter: Letter, ends: Ends, boundary: str, now: datetime) -> Iterator[str]:
    domain = ends.sender.rpartition("@")[2]
    yield _folded("From", [*_phrase("From", ends.sender_name), _address(ends.sender_name, ends.sender)])
    yield _folded("To", [*_phrase("To", letter.to_name), _address(letter.to_name, ends.recipient)])
    yield _folded("Subject", _text("Subject", plain(letter.subject, SUBJECT_CAP)))
    yield f"Date: {format_datetime(now.astimezone(SHANGHAI))}"
    # The same letter sent again carries the same name, so that a mail server or a reader can tell.
    yield f"Message-ID: {_name(letter.number, domain)}"
    if letter.thread:
        yield f"In-Reply-To: {_name(letter.thread[-1], domain)}"
        yield _folded("References", [_name(number, domain) for number in _remembered(letter.thread)])
    list_id = f"<{letter.about.value}.{LIST_HOST}.{domain}>"
    yield _folded("List-Id", [*_phrase("List-Id", LIST_TITLES[letter.about]), list_id])
    # No `Precedence: bulk`: who answers by machine heeds these three, while some inner gateways file bulk mail as advertising.
    yield "Auto-Submitted: auto-generated"
    yield "X-Auto-Response-Suppress: All"
    yield "MIME-Version: 1.0"
    yield f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"'


def _part(kind: str, body: str, boundary: str) -> str:
    lines = base64.encodebytes(_LINE_END.sub("\r\n", body).encode("utf-8")).decode("ascii").replace("\n", "\r\n")
    return f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{lines}"


def _address(name: str, address: str) -> str:
    return f"<{address}>" if plain(name) else address


def _name(number: str, domain: str) -> str:
    """Return a Message-ID; a number that could not stand in one is replaced by its digest, so that repeats stay recognisable."""
    return f"<{number if len(number) <= 64 and _ATOM.fullmatch(number) else _digest(number)}@{domain}>"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _remembered(thread: tuple[str, ...]) -> tuple[str, ...]:
    return thread if len(thread) <= REFERENCES_CAP else (thread[0], *thread[1 - REFERENCES_CAP :])


def _phrase(header: str, name: str) -> list[str]:
    shown = plain(name, NAME_CAP)
    return [shown] if len(shown) <= LINE_LENGTH // 2 and _SIMPLE_NAME.fullmatch(shown) else list(_encoded(header, shown))


def _text(header: str, text: str) -> list[str]:
    simple = len(header) + 2 + len(text) <= LINE_LENGTH and "=?" not in text and _SIMPLE_TEXT.fullmatch(text)
    return [text] if simple else list(_encoded(header, text))


def _encoded(header: str, text: str) -> Iterator[str]:
    """Yield encoded words, none of which breaks a character; the first leaves room for the header's name on its line."""
    room = _bytes_in(LINE_LENGTH - len(header) - 2)
    taken = b""
    for char in text:
        more = char.encode("utf-8")
        if len(taken) + len(more) > room:
            yield _word(taken)
            taken, room = b"", _bytes_in(WORD_LENGTH)
        taken += more
    if taken:
        yield _word(taken)


def _bytes_in(length: int) -> int:
    return (length - len(_OPEN) - len(_CLOSE)) // 4 * 3


def _word(taken: bytes) -> str:
    return _OPEN + base64.b64encode(taken).decode("ascii") + _CLOSE


def _folded(header: str, tokens: list[str]) -> str:
    """Return the header with a new line before each token that would make its line too long."""
    lines = [f"{header}:"]
    for token in tokens:
        # Never an empty first line: some gateways drop such a header.
        if len(lines[-1]) + 1 + len(token) <= LINE_LENGTH or lines == [f"{header}:"]:
            lines[-1] += f" {token}"
        else:
            lines.append(f" {token}")
    return "\r\n".join(lines)
