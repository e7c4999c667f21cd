"""The figures of a title: 二〇二五年 and 2025年 are one, 第三次 and 第四次 are two. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VALUES = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "0": 0, "o": 0}
_TENS = {"十": 10, "百": 100, "千": 1_000}
# Without a unit behind them numerals are words (一体推进, 三农); a lone 一 is one even before most units (一批, 一年).
_NUMERALS = re.compile(
    r"[〇零0o一二三四五六七八九]{4}(?=年)"
    r"|[一二三四五六七八九]?十[一二三四五六七八九]五(?=规划|时期|期间|$)"
    r"|第[〇零一二两三四五六七八九十百千]{1,9}"
    r"|[〇零一二两三四五六七八九十百千]{1,9}(?=月|日|号|届|级|期(?!间)|季度|中全会)"
    r"|(?:[二两三四五六七八九][十百千]?|[一二三四五六七八九]?[十百千])[〇零一二三四五六七八九十百]{0,6}"
    r"(?=年|次|批|轮|集|卷|辑|讲|版|个|条|项|场|名|位|人|万|亿|倍|周年|件|例|家|座|所|起(?![来步草点始码诉源航飞]))"
    r"|(?<=[届会])[一二三四五六七八九十]{1,3}(?=次)"
)
_RANGE = re.compile(r"(?<=\d)[-—–－~～至]{1,2}(?=\d)")
_ANY = re.compile("[〇一二三四五六七八九十两]")
_FIGURE = re.compile(r"(\d+)(\D?)")
_SHOWN = frozenset("年月日号届级次期批轮集卷辑讲版个条项场名位人万亿倍件例家座所起")
"""Units that say something by themselves; 中 of 四中全会 does not."""
_LONGEST = 24
"""Digits of a figure that are looked at."""

Figures = Mapping[str, frozenset[str]]
"""The figures of a title by the character behind each: what is counted, or the 年, 届, 次 that it numbers."""


def in_digits(title: str) -> str:
    """Return a normalised title with its Chinese numerals written in digits where they number or count something."""
    return _NUMERALS.sub(lambda found: _digits(found[0]), title) if _ANY.search(title) else title


def figures(title: str) -> Figures:
    """Return the figures of a title that `in_digits` wrote."""
    found: dict[str, frozenset[str]] = {}
    for number, unit in _FIGURE.findall(title):
        found[unit] = found.get(unit, frozenset()) | {(number.lstrip("0") or "0")[:_LONGEST]}
    return found


def clash(left: Figures, right: Figures) -> str:
    """Return the figures by which two titles speak of different things, "" when there are none.

    A figure that only one of them has is no clash: titles are cut and added to. Both must have one of a kind that the other lacks;
    24年 lacks no 2024年.
    """
    for unit in left.keys() & right.keys():
        mine, other = _lacking(left[unit], right[unit]), _lacking(right[unit], left[unit])
        if mine and other:
            shown = unit if unit in _SHOWN else ""
            return f"{min(mine)}{shown} ≠ {min(other)}{shown}"
    return ""


def ranged(title: str) -> str:
    """Return the title with 至 between two numbers that a dash parts: 1—4月 is no 14月. As long as it was, so places in it stay."""
    return _RANGE.sub(lambda found: "至".ljust(len(found[0]), "-"), title)


def has_range(title: str) -> bool:
    """Whether `ranged` would change the title."""
    return _RANGE.search(title) is not None


def _lacking(values: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    return frozenset(value for value in values if value not in other and value[2:] not in other and f"20{value}" not in other)


def number_of(numeral: str) -> str:
    """Return a Chinese numeral in digits: 39 for 三十九, 2024 for 二〇二四."""
    if any(character in _TENS for character in numeral):
        return str(_value(numeral))
    return "".join(str(_VALUES[character]) for character in numeral)


def _digits(numeral: str) -> str:
    head = "第" if numeral[0] == "第" else ""
    numeral = numeral.removeprefix("第")
    if len(numeral) > 2 and numeral[-1] == "五" and numeral[-3:-1].startswith("十"):
        return f"{head}{_value(numeral[:-1])}5"
    return head + number_of(numeral)


def _value(numeral: str) -> int:
    total = digit = 0
    for character in numeral:
        if character in _TENS:
            total += (digit or 1) * _TENS[character]
            digit = 0
        else:
            digit = _VALUES[character]
    return total + digit
