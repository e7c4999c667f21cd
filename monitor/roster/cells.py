"""Cells: what one cell of a sheet may hold, read strictly; what Excel has spoilt is refused, never guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from monitor.model import SHANGHAI, end_of_day, start_of_day

Cell = str | int | float | bool | date | datetime | time | timedelta | None
T = TypeVar("T")

EXACT_LIMIT = 10**15
"""Excel keeps 15 significant digits; what it stores above has lost its last digits without a word."""
TEXT_LIMIT = 500
"""Characters of a name, unit or other short text."""
FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Years a date may lie in: before, there were no such accounts; after, it is a slip."""

AS_TEXT = "请把该列单元格格式设为“文本”后重新填写"
_EXCEL_NUMBER = f"应为文本；该数字已被 Excel 按数值保存，末尾数字已丢失，{AS_TEXT}"
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+[eE]\+?|[eE]\+)[0-9]{2,3}")
_ROUNDED = re.compile(r"[1-9][0-9]{14}0{3,}")
_DECIMAL = re.compile(r"[0-9]+\.0+")
_DAY = re.compile(r"([0-9]{4})\s*(?:[-./]|年)\s*([0-9]{1,2})\s*(?:[-./]|月)\s*([0-9]{1,2})\s*日?")
_TIME = re.compile(r"([0-9]{1,2})\s*(?::|时|点)\s*([0-9]{1,2})\s*(?:(?::|分)\s*(?:([0-9]{1,2})(?:\.[0-9]+)?\s*秒?)?)?")
_ZONE = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$")
_TWO_NUMBERS_AND_YEAR = re.compile(r"[0-9]{1,2}[-./][0-9]{1,2}[-./][0-9]{2,4}.*")
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
_EMAIL_LIMIT = 254
_LIST = re.compile(r"[；;、\n]+")
_EMAIL_LIST = re.compile(r"[；;，,、\s]+")
_YES = frozenset({"是", "yes", "y", "true", "1", "√", "✓"})
_NO = frozenset({"", "否", "no", "n", "false", "0", "×"})
# Turned writing direction can make one name look like another.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_EXPECTED_DAY = "应为日期，如 2020-2-9、2020.2.9、2020/2/9 或 2020年2月9日"


class Refused(ValueError):
    """A cell that cannot be used; the message says in Chinese what is expected."""


def shown(value: Cell, limit: int = 40) -> str:
    """Return the value as it may stand in a message: short, on one line."""
    text = "" if value is None else str(value)
    text = "".join(character if character.isprintable() else "␤" if character == "\n" else "�" for character in text)
    return text if len(text) <= limit else text[:limit] + "…"


def block(cell: Cell) -> str:
    """Read text that may have several lines."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        raise Refused("应为文本，不是 TRUE/FALSE")
    if isinstance(cell, (int, float)):
        return _number(cell)
    if isinstance(cell, (date, time, timedelta)):
        raise Refused(f"应为文本；Excel 把它变成了日期或时间，{AS_TEXT}")
    text = cell.replace("\r\n", "\n").replace("\r", "\n").strip()
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        raise Refused("含有控制字符，请删除后重新填写")
    return text


def line(cell: Cell) -> str:
    """Read text of one line: it may stand in the subject of a mail."""
    text = block(cell)
    if "\n" in text or "\t" in text:
        raise Refused("不能换行或含制表符")
    if _TURNING & set(text):
        raise Refused("含有改变文字方向的不可见字符，请删除后重新填写")
    if len(text) > TEXT_LIMIT:
        raise Refused(f"过长，最多 {TEXT_LIMIT} 个字符")
    return text


def identifier(cell: Cell) -> str:
    """Read an id: text of one line that Excel has not turned into a number and back."""
    text = line(cell)
    refuse_spoilt(text)
    return text


def refuse_spoilt(text: str) -> None:
    """Raise `Refused` for an id that has been through a numeric cell: 1.23457E+18, 6100068350.0, 4645748019299840000."""
    if _SCIENTIFIC.fullmatch(text) or _ROUNDED.fullmatch(text):
        raise Refused(_EXCEL_NUMBER)
    if _DECIMAL.fullmatch(text):
        raise Refused(f"应为文本，不应带小数点，{AS_TEXT}")


def refuse_wide(text: str) -> None:
    """Raise `Refused` for an id typed in full width (６１０９, ｇｈ＿): it names nobody. Brackets in a Chinese name may stay."""
    narrow = unicodedata.normalize("NFKC", text)
    wide = any(each.isalnum() and each != unicodedata.normalize("NFKC", each) for each in text)
    if narrow != text and (wide or narrow.isascii()):
        raise Refused(f"应为半角字母、数字和符号，如“{shown(narrow)}”，请关闭全角输入后重新填写")


def _number(value: float) -> str:
    if isinstance(value, float) and not value.is_integer():
        raise Refused(f"应为文本，不是小数，{AS_TEXT}")
    if abs(value) >= EXACT_LIMIT:
        raise Refused(_EXCEL_NUMBER)
    return str(int(value))


def words(cell: Cell) -> tuple[str, ...]:
    """Read a list parted by ；or ; or 、 or line breaks, without repeats."""
    parts = (line(part) for part in _LIST.split(block(cell)))
    return tuple(dict.fromkeys(part for part in parts if part))


def flag(cell: Cell) -> bool:
    """Read 是 or 否; empty is 否."""
    text = str(cell).lower() if isinstance(cell, bool) else line(cell).lower()
    if text not in _YES | _NO:
        raise Refused("应填 是 或 否")
    return text in _YES


def emails(cell: Cell) -> tuple[str, ...]:
    """Read mail addresses, parted by ；or commas; plain ASCII ones only, as mail servers want them."""
    found = tuple(dict.fromkeys(part for part in _EMAIL_LIST.split(block(cell)) if part))
    for address in found:
        if len(address) > _EMAIL_LIMIT or not _EMAIL.fullmatch(address):
            raise Refused("应为有效的邮箱地址，如 name@example.gov.cn，多个用；分隔")
    return found


def day(cell: Cell) -> date | None:
    """Read a date; None when empty. A time beside it is dropped; bare numbers and 03/04/2020 are refused."""
    if cell is None:
        return None
    if isinstance(cell, datetime):
        return _in_years(cell.date())
    if isinstance(cell, date):
        return _in_years(cell)
    text = _dated(cell)
    return _split_moment(text)[0] if text else None


def moment(cell: Cell, *, bare_day_ends: bool = False) -> datetime | None:
    """Read a time, Asia/Shanghai unless it names its zone; None when empty.

    A bare date stands for its first moment, or with `bare_day_ends` for its last.
    """
    if cell is None:
        return None
    if isinstance(cell, datetime):
        _in_years(cell.date())
        return cell if cell.tzinfo else cell.replace(tzinfo=SHANGHAI)
    if isinstance(cell, date):
        return _bare(_in_years(cell), bare_day_ends)
    text = _dated(cell)
    if not text:
        return None
    on, at = _split_moment(text)
    return _bare(on, bare_day_ends) if at is None else _at(on, at)


def _bare(on: date, ends: bool) -> datetime:
    return end_of_day(on) if ends else start_of_day(on)


def _dated(cell: Cell) -> str:
    """Return the text of a date, after refusing what is no date at all."""
    if isinstance(cell, (bool, time, timedelta)):
        raise Refused(_EXPECTED_DAY)
    if isinstance(cell, (int, float)) or (isinstance(cell, str) and re.fullmatch(r"\s*[0-9]+(?:\.[0-9]+)?\s*", cell)):
        raise Refused(f"{_EXPECTED_DAY}；单独的数字可能是 Excel 的日期序号，请按日期重新填写")
    return unicodedata.normalize("NFKC", line(cell))


def _split_moment(text: str) -> tuple[date, str | None]:
    found = _DAY.match(text)
    if not found:
        if _TWO_NUMBERS_AND_YEAR.fullmatch(text):
            raise Refused(f"{_EXPECTED_DAY}；月和日的先后无法判断，请把年份写在最前")
        raise Refused(_EXPECTED_DAY)
    try:
        on = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise Refused("日期不存在，请核对月和日") from None
    rest = text[found.end() :].strip()
    if rest and not _TIME.match(rest.removeprefix("T").strip()):
        raise Refused(_EXPECTED_DAY)
    return _in_years(on), rest or None


def _in_years(on: date) -> date:
    if not FIRST_YEAR <= on.year <= LAST_YEAR:
        raise Refused(f"年份应在 {FIRST_YEAR} 至 {LAST_YEAR} 之间")
    return on


def _at(on: date, text: str) -> datetime:
    text = text.removeprefix("T").strip()
    zone = _ZONE.search(text)
    clock = _TIME.fullmatch(text[: zone.start()].strip() if zone else text)
    try:
        if clock is None:
            raise ValueError(text)
        hour, minute, second = (int(part or 0) for part in clock.groups())
        naive = datetime(on.year, on.month, on.day, hour, minute, second)
        if zone is None:
            return naive.replace(tzinfo=SHANGHAI)
        return datetime.fromisoformat(f"{naive.isoformat()}{zone[0].replace('Z', '+00:00')}")
    except ValueError:
        raise Refused("应为时间，如 2022-05-15 18:00（北京时间）") from None


def one_of(cell: Cell, table: Mapping[str, T], expected: str, default: T) -> T:
    """Read a word of a literal table, whatever its case and width; `default` when empty."""
    text = unicodedata.normalize("NFKC", line(cell)).strip().casefold()
    if not text:
        return default
    if text not in table:
        raise Refused(expected)
    return table[text]
