"""Weibo's two names of one post: the decimal mid and the base-62 bid that stands in links."""

from __future__ import annotations

import re

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_MID = re.compile(r"[1-9][0-9]{0,18}")
_BID = re.compile(r"[1-9a-zA-Z][0-9a-zA-Z]{0,11}")
_GROUP = 7
"""Decimal digits of a mid that four base-62 digits stand for, counted from the right."""
_WIDTH = 4


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
