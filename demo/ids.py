"""Ids as the platforms give them: the same shape, the same order in time, never a real account's."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

WECHAT_ISSUER = "3989999999"
"""The WeChat number of who issues the key articles; it is none of the accounts."""
WEIBO_EPOCH = 515_483_463
"""Unix second from which a mid's upper bits count; it makes our mids rise with time, as the platform's do."""


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def digest(*parts: object) -> str:
    """Return 64 hex digits that stay the same for the same parts."""
    return hashlib.sha256(" ".join(str(part) for part in parts).encode()).hexdigest()


def token(length: int, *parts: object) -> str:
    """Return so many characters of base64url, at most 86."""
    raw = hashlib.sha512(" ".join(str(part) for part in parts).encode()).digest()
    return base64.urlsafe_b64encode(raw).decode()[:length]


def letters(length: int, *parts: object) -> str:
    """Return so many letters and digits, at most 60; the last one fits the end of a key in base64."""
    return digest(*parts)[: length - 1] + "A"


def weibo_uid(serial: int) -> str:
    return str(7_900_000_000 + serial)


def weibo_mid(moment: datetime, serial: int) -> str:
    return str(((seconds(moment) - WEIBO_EPOCH) << 22) | serial)


def weibo_moment(mid: str) -> datetime:
    return datetime.fromtimestamp((int(mid) >> 22) + WEIBO_EPOCH, UTC)


def wechat_biz(serial: int) -> str:
    return base64.b64encode(wechat_bizuin(serial).encode()).decode()


def wechat_bizuin(serial: int) -> str:
    return str(3_990_000_000 + serial)


def wechat_gh(serial: int) -> str:
    return f"gh_{digest('gh', serial)[:12]}"


def wechat_mid(moment: datetime) -> int:
    """Rises with every second: each demo push holds one article."""
    return 2_000_000_000 + seconds(moment) % 1_000_000_000


def douyin_sec_uid(serial: int) -> str:
    return "MS4wLjABAAAA" + token(43, "sec", serial)


def toutiao_token(serial: int) -> str:
    """It looks like Douyin's, and is another one for the same organisation."""
    return "MS4wLjABAAAA" + token(43, "toutiao", serial)


def toutiao_user(serial: int) -> str:
    return str(4_000_000_000 + serial)


def douyin_aweme(moment: datetime, serial: int) -> str:
    return str((seconds(moment) << 32) | serial)
