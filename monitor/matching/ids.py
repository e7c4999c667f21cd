"""Two names of one thing: Weibo's mid and bid of a post, WeChat's bizuin and __biz of an account. Pure."""

from __future__ import annotations

import base64
import binascii
import re

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_MID = re.compile(r"[1-9][0-9]{0,18}")
_BID = re.compile(r"[1-9a-zA-Z][0-9a-zA-Z]{0,11}")
_GROUP = 7
"""Decimal digits of a mid that four base-62 digits stand for, counted from the right."""
_WIDTH = 4
_BIZUIN = re.compile(r"[1-9][0-9]{5,10}")
"""Ten digits; those of old accounts have eight or nine (wechat.md, section 7)."""
_BIZ = re.compile(r"[A-Za-z0-9+/]{8,16}={0,2}")
_BRIDGE_PREFIX = "MP_WXS_"
"""wewe-rss and we-mp-rss write it before the bizuin."""


def mid_to_bid(mid: str) -> str:
    """Return the bid of a mid, or "" when it is not one. 4645748019299849 ↔ Kjc77D1jz."""
    if not _MID.fullmatch(mid):
        return ""
    groups = [mid[max(end - _GROUP, 0) : end] for end in range(len(mid), 0, -_GROUP)][::-1]
    return "".join([_to_base62(int(groups[0])), *(_to_base62(int(group)).rjust(_WIDTH, "0") for group in groups[1:])])


def bid_to_mid(bid: str) -> str:
    """Return the mid of a bid, or "" when it is not one. Upper and lower case differ."""
    if not _BID.fullmatch(bid):
        return ""
    groups = [bid[max(end - _WIDTH, 0) : end] for end in range(len(bid), 0, -_WIDTH)][::-1]
    values = [_from_base62(group) for group in groups]
    if max(values) >= 10**_GROUP:
        return ""
    mid = "".join([str(values[0]), *(str(value).rjust(_GROUP, "0") for value in values[1:])])
    return mid if _MID.fullmatch(mid) else ""


def bizuin_to_biz(number: str) -> str:
    """Return the `__biz` of a decimal bizuin, with its `==`; "" when it is no bizuin. 3294560748 ↔ MzI5NDU2MDc0OA==."""
    return base64.b64encode(number.encode()).decode() if _BIZUIN.fullmatch(number) else ""


def biz_to_bizuin(biz: str) -> str:
    """Return the decimal bizuin of a `__biz`, which may have lost its `=`; "" when it is none."""
    if not _BIZ.fullmatch(biz):
        return ""
    bare = biz.rstrip("=")
    try:
        number = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return number if bizuin_to_biz(number).rstrip("=") == bare else ""


def account_key(text: str) -> str:
    """Return the one form of a platform's account id, by which two ids are the same account.

    A `__biz`, a bizuin and `MP_WXS_<bizuin>` become the decimal bizuin; a Toutiao token loses its trailing `=`; others stay.
    """
    bare = text.strip().removeprefix(_BRIDGE_PREFIX)
    return biz_to_bizuin(bare) or bare.rstrip("=")


def account_kind(key: str) -> str:
    """Return what kind of id a key is, so that only like is compared: a number, a sec_uid or token, `gh`, `wxid`; "" for others."""
    if key.isdigit():
        return "number"
    if key.startswith("MS4wLjABAAAA"):
        return "sec"
    return next((kind for kind in ("gh", "wxid") if key.startswith(f"{kind}_")), "")


def _to_base62(number: int) -> str:
    text = ""
    while number:
        number, rest = divmod(number, 62)
        text = _DIGITS[rest] + text
    return text or "0"


def _from_base62(text: str) -> int:
    value = 0
    for digit in text:
        value = value * 62 + _VALUES[digit]
    return value
