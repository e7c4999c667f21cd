"""Identification codes and their lint (handbook 3.2): it reports and never repairs, and no remark stops an import."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from monitor.model import Platform
from monitor.roster.cells import shown
from monitor.roster.sheets import Remark

ACCOUNT_CODE = re.compile(r"([0-9]{6})M([0-9]{3})([A-Z]{2})([0-9]{4})")
SITE_CODE = re.compile(r"([0-9]{6})([0-9]{4})")
LETTERS: Mapping[str, Platform] = {"WX": Platform.WECHAT, "XL": Platform.WEIBO, "DY": Platform.DOUYIN}
"""Platform letters seen in bulletins. No definition was found, so unknown letters are accepted."""

_COUNTY_SITE = re.compile(r"(?:县|区|旗)人民政府$")
_HEX = re.compile(r"[0-9a-f]{16,64}", re.IGNORECASE)
_ENOUGH_TO_COMPARE = 3
"""Identifiers of one kind from which on their usual length is known."""


@dataclass(frozen=True, slots=True)
class AccountCode:
    """An account code in its four parts."""

    division: str
    unit: str
    letters: str
    serial: str

    @property
    def platform(self) -> Platform | None:
        """The platform that the letters stand for, None for letters never seen."""
        return LETTERS.get(self.letters)


def parse_account_code(code: str) -> AccountCode | None:
    """Return the parts of an account code, None when it is none."""
    found = ACCOUNT_CODE.fullmatch(code)
    return AccountCode(*found.groups()) if found else None


def parse_site_code(code: str) -> tuple[str, str] | None:
    """Return division and serial of a site code, None when it is none."""
    found = SITE_CODE.fullmatch(code)
    return (found[1], found[2]) if found else None


def without_breaks(code: str) -> str:
    """Return a code as it was before a table cell wrapped it."""
    return re.sub(r"\s+", "", code)


@dataclass(frozen=True, slots=True)
class LintRow:
    """One row of an account or site table, as far as the lint reads it.

    `platform` is None for a site; `platform_word` is what the table calls it. For a site `unit` is the site's name.
    `identifiers` maps a kind of identifier (such as `branch_id`) to its value.
    """

    row: int
    code: str = ""
    unit: str = ""
    name: str = ""
    platform: Platform | None = None
    platform_word: str = ""
    identifiers: Mapping[str, str] = field(default_factory=dict)


def identifiers_in(url: str) -> dict[str, str]:
    """Return the long hexadecimal identifiers in a link's query, by parameter."""
    try:
        query = parse_qsl(urlsplit(url).query)
    except ValueError:
        return {}
    return {key: value for key, value in query if _HEX.fullmatch(value)}


def lint_rows(rows: Iterable[LintRow]) -> tuple[Remark, ...]:
    """Return the remarks on a whole table, gravest first, then by row."""
    rows = tuple(rows)
    found = [remark for check in _CHECKS for remark in check(rows)]
    return tuple(sorted(found, key=lambda remark: (_ORDER[remark.level], remark.row)))


def _bad_format(rows: tuple[LintRow, ...]) -> Iterator[Remark]:
    for row in rows:
        if not row.code or _fits(row, row.code):
            continue
        whole = without_breaks(row.code)
        if whole != row.code and _fits(row, whole):
            yield Remark("info", row.row, f"标识码“{shown(row.code)}”被换行或空格断开，应为 {whole}")
        else:
            shape = "6 位区划 + M + 3 位单位 + 2 位平台字母 + 4 位序号" if row.platform else "10 位数字"
            yield Remark("error", row.row, f"标识码“{shown(row.code)}”格式不对，应为{shape}（现为 {len(row.code)} 位）")


def _fits(row: LintRow, code: str) -> bool:
    return bool((ACCOUNT_CODE if row.platform else SITE_CODE).fullmatch(code))


def _duplicate(rows: tuple[LintRow, ...]) -> Iterator[Remark]:
    groups: dict[str, list[LintRow]] = defaultdict(list)
    for row in rows:
        if row.code:
            groups[without_breaks(row.code)].append(row)
    for code, group in groups.items():
        if len(group) > 1:
            names = "、".join(f"第 {row.row} 行{shown(row.name or row.unit)}" for row in group)
            yield Remark("error", group[0].row, f"标识码 {shown(code)} 重复使用：{names}")


def _letters(rows: tuple[LintRow, ...]) -> Iterator[Remark]:
    for row in rows:
        code = parse_account_code(without_breaks(row.code))
        if code and row.platform and code.platform and code.platform is not row.platform:
            word = row.platform_word or row.platform.label
            says = f"字母 {code.letters} 表示{code.platform.label}"
            yield Remark("error", row.row, f"标识码 {row.code} 的{says}，与账号类型“{shown(word)}”不符")


def _truncated(rows: tuple[LintRow, ...]) -> Iterator[Remark]:
    lengths: dict[str, Counter[int]] = defaultdict(Counter)
    for row in rows:
        for kind, value in row.identifiers.items():
            lengths[kind][len(value)] += 1
    for row in rows:
        for kind, value in row.identifiers.items():
            usual, times = lengths[kind].most_common(1)[0]
            if lengths[kind].total() >= _ENOUGH_TO_COMPARE and times * 2 > lengths[kind].total() and len(value) < usual:
                yield Remark("warning", row.row, f"{kind} “{shown(value)}”只有 {len(value)} 位，其余为 {usual} 位，可能被截断")


def _county_with_city_prefix(rows: tuple[LintRow, ...]) -> Iterator[Remark]:
    for row in rows:
        code = parse_site_code(row.code) if row.platform is None else None
        if code and code[0].endswith("00") and _COUNTY_SITE.search(row.unit):
            yield Remark("info", row.row, f"{shown(row.unit)}是县区网站，标识码 {row.code} 却以市级区划 {code[0]} 开头，请核实")


def _unit_twice(rows: tuple[LintRow, ...]) -> Iterator[Remark]:
    groups: dict[tuple[str, Platform], list[LintRow]] = defaultdict(list)
    for row in rows:
        if row.unit and row.platform:
            groups[row.unit, row.platform].append(row)
    for (unit, platform), group in groups.items():
        if len(group) > 1:
            places = "、".join(str(row.row) for row in group)
            text = f"{shown(unit)}有 {len(group)} 个{platform.label}账号（第 {places} 行），原则上一个单位一个平台只开一个"
            yield Remark("info", group[0].row, text)


def _unit_is_name(rows: tuple[LintRow, ...]) -> Iterator[Remark]:
    for row in rows:
        if row.platform and row.unit and row.unit == row.name:
            yield Remark("info", row.row, f"单位名称与账号名称相同（{shown(row.unit)}），请核实单位是否填成了账号")


_ORDER = {"error": 0, "warning": 1, "info": 2}
_CHECKS = (_bad_format, _duplicate, _letters, _truncated, _county_with_city_prefix, _unit_twice, _unit_is_name)
