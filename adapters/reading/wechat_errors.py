"""WeChat's refusals: HTTP 200 with an `errcode`, and what each of them means for us. wechat.md, section 2.5. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from adapters.reading.values import Loose, as_int, decode
from monitor.errors import AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired, TransportFault
from monitor.model import SHANGHAI, end_of_day

OK = (None, 0)
BUSY = -1
STALE_TOKEN = frozenset({40001, 40014, 42001})
"""The token is not valid, not the latest or too old: a new one is obtained once."""
QUOTA = frozenset({45009, 48006})
SHORT = 4_096
"""Bytes of the longest answer that may be a refusal: a code, a sentence and a request number have about 150."""

REFUSALS: Mapping[int, tuple[type[LookError], str]] = {
    BUSY: (TransportFault, "system busy"),
    40001: (AuthError, "the credential is not valid or not the latest"),
    40013: (AuthError, "wrong appid"),
    40014: (AuthError, "bad token"),
    40097: (ParseError, "bad arguments"),
    40125: (AuthError, "wrong secret"),
    40164: (AuthError, "this address is not on the account's list"),
    41001: (AuthError, "token missing"),
    42001: (AuthError, "token expired"),
    42007: (AuthError, "the user changed the password: authorise again"),
    45009: (RateLimited, "daily quota used up"),
    47001: (ParseError, "bad JSON"),
    47009: (SourceRetired, "the interface is offline"),
    48001: (SourceRetired, "the account is not allowed to use the interface"),
    48006: (RateLimited, "resets of the quota used up"),
    50002: (AuthError, "the account is restricted"),
    61003: (AuthError, "the account did not authorise the component"),
    61004: (AuthError, "this address is not registered"),
    61005: (AuthError, "the component's ticket has expired"),
    61006: (AuthError, "the component's ticket is not valid"),
    61007: (AuthError, "the account did not authorise this interface"),
    61011: (AuthError, "wrong component"),
    61023: (AuthError, "the refresh token is not valid: the account must authorise again"),
    61500: (ParseError, "bad date"),
    61501: (ParseError, "bad range of dates"),
    61503: (Degraded, "the data are not ready"),
}
"""By `errcode`; an answer that succeeded often has none. Of the `errmsg` only the address is repeated that is to be put on a list."""

UNLISTED = frozenset({40164, 61004})
_ADDRESS = re.compile(r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|\b(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{1,4}\b")


class Envelope(msgspec.Struct):
    errcode: Loose = None


ENVELOPE = msgspec.json.Decoder(Envelope)


def code_of(body: bytes) -> int | None:
    """Return the errcode of a short answer, None where there is none or the body is no JSON."""
    if len(body) > SHORT:
        return None
    try:
        return as_int(decode(ENVELOPE, body).errcode)
    except ParseError:
        return None


def refusal(code: int | None, now: datetime, head: bytes = b"", said: str = "") -> LookError | None:
    """Return the error an errcode stands for, None for success. A daily quota ends at midnight in Shanghai.

    `said` is the errmsg: it names our own address where that is not on the account's list, and the operator needs it to put it there.
    """
    if code in OK:
        return None
    kind, meaning = REFUSALS.get(code or 0, (ParseError, "unknown error"))
    address = _ADDRESS.search(said[:200]) if code in UNLISTED else None
    message = f"WeChat error {code}: {meaning}" + (f" ({address[0]})" if address else "")
    if kind is Degraded:
        return Degraded(message, head=head)
    return kind(message, retry_after=until_midnight(now) if code in QUOTA else None, head=head)


def refuse(code: Loose, now: datetime, head: bytes = b"", said: Loose = "") -> None:
    """Raise what the errcode of an answer stands for; return where it stands for success.

    A code that is no number (`"errcode": "no"`) is no success either. Raises `LookError`.
    """
    number = as_int(code)
    if number is None and code not in (None, ""):
        raise ParseError("an errcode that is no number", head=head)
    error = refusal(number, now, head, said if isinstance(said, str) else "")
    if error is not None:
        raise error


def until_midnight(now: datetime) -> float:
    """Return the seconds until the next day begins in Shanghai, where WeChat's daily quotas begin anew."""
    return (end_of_day(now.astimezone(SHANGHAI).date()) - now).total_seconds() + 1.0
