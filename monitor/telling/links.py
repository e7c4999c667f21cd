"""Links in letters that act with one click: signed, for one person and one alert, expiring, to be used once. Pure.

A link is the same for the same person, state and day, so that a letter sent again carries what it carried before. It names nobody: the
address stands in it as a hash, and whoever it belongs to is found among the account's contacts.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from monitor.errors import MonitorError
from monitor.model import Alert, local_date, start_of_day
from monitor.telling.marks import address
from monitor.telling.records import Ask
from monitor.wording import web_link

TOKEN_CAP = 400
"""Characters of a token: with the console's address it stays below the 998 of a line of mail, and most clients wrap far beyond."""
SALT = "zhengwu one-click 1"
"""Parts what is signed here from anything else ever signed with the same key."""
_MARK = 22
"""Hex digits of a hash in a token: 88 bits, far beyond chance, and short."""


class Flaw(StrEnum):
    """Why a link is not followed."""

    FORGED = "forged"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    USED = "used"
    STRANGER = "stranger"


class BadLink(MonitorError):
    """A link that is not followed; nothing was changed. `alert` is what it is about, "" where the link is not ours to believe."""

    def __init__(self, reason: Flaw, alert: str = "") -> None:
        super().__init__(f"the link is not followed: {reason}")
        self.reason, self.alert = reason, alert


@dataclass(frozen=True, slots=True)
class Errand:
    """What a link asks for. `account` and `to` are hashes (`mark_of`), `rung` is what the letter told, by `mark` the link is used up."""

    ask: Ask
    alert_id: str
    account: str
    to: str
    rung: int
    expires_at: datetime
    mark: str


class Links:
    """Makes and reads links. Without a key, or without an address of the console that people can reach, it makes none and reads none."""

    def __init__(self, key: str, base_url: str, lifetime: timedelta) -> None:
        self._base = _base(base_url)
        self._lifetime = lifetime
        self._signer = Signer(key, salt=SALT, key_derivation="hmac", digest_method=hashlib.sha256) if key else None

    def link(self, ask: Ask, alert: Alert, to: str, now: datetime) -> str:
        """Return the address that asks this of this alert's account on behalf of whom a letter goes to; "" where there can be none."""
        account = alert.finding.account_id
        if self._signer is None or not self._base or not account:
            return ""
        # By the day, so that a letter sent again has the same links, and none ends in the middle of a working day.
        expires = start_of_day(local_date(now) + timedelta(days=1)) + self._lifetime
        told = [str(ask), alert.id, mark_of(account), mark_of(address(to)), alert.finding.rung, int(expires.timestamp())]
        # Not packed, as itsdangerous would: a packed token begins with a dot, and many a proxy hides such paths.
        content = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        token = self._signer.sign(base64_encode(content)).decode("ascii")
        return f"{self._base}/do/{token}" if len(token) <= TOKEN_CAP else ""

    def read(self, token: str, now: datetime) -> Errand:
        """Return what the token asks for. Raises `BadLink` where it is not ours, was altered, or has expired."""
        if self._signer is None or len(token) > TOKEN_CAP or not token.isascii():
            raise BadLink(Flaw.FORGED)
        try:
            errand = _errand(json.loads(base64_decode(self._signer.unsign(token))))
        except (BadData, ValueError, TypeError, OverflowError, OSError) as error:
            raise BadLink(Flaw.FORGED) from error
        if now >= errand.expires_at:
            raise BadLink(Flaw.EXPIRED, errand.alert_id)
        return errand


def mark_of(name: str) -> str:
    """Return the hash by which a token speaks of an account or an address."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:_MARK]


def _errand(told: Any) -> Errand:
    ask, alert_id, account, to, rung, expires = told
    if not all(isinstance(each, str) for each in (alert_id, account, to)):
        raise ValueError("not of our making")
    # Named by what is asked and not by the token: the same content could be written as base64 in more than one way.
    mark = hashlib.sha256("\n".join(map(str, told)).encode("utf-8", "replace")).hexdigest()[:32]
    return Errand(Ask(ask), alert_id, account, to, int(rung), datetime.fromtimestamp(int(expires), UTC), mark)


def _base(url: str) -> str:
    safe = web_link(url)
    return "" if not safe or urlsplit(safe).query or urlsplit(safe).fragment else safe.rstrip("/")
