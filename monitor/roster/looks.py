"""Hand checks from CSV or XLSX: what a person saw, when, and who it was."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from monitor.model import Account, Platform, cut, local_date
from monitor.roster.cells import Cell, Refused, block, day, line, moment
from monitor.roster.codes import without_breaks
from monitor.roster.sheets import Column, Problems, Remark, Row, read_sheet
from monitor.roster.vocabulary import platform_of

LOOK_COLUMNS = (
    Column("code", "标识码", ("政务新媒体标识码", "账号标识码", "id_code")),
    Column("platform", "平台", ("账号类型", "类型")),
    Column("name", "账号名称", ("账号", "帐号名称", "名称", "account_name")),
    Column("last_update", "最后更新时间", ("最后更新日期", "最后更新"), required=True),
    Column("looked_at", "检查时间", ("检查日期", "核查时间"), required=True),
    Column("by", "检查人", ("核查人", "检查单位"), required=True),
)
NEVER = frozenset({"无内容", "从未发布", "从未更新", "none"})
"""What stands in the date cell of an account that never published (handbook 2)."""


@dataclass(frozen=True, slots=True)
class HandLook:
    """One account as a person saw it. `last_update` is None where there was no content at all."""

    account_id: str
    last_update: date | None
    looked_at: datetime
    by: str


def read_looks(path: Path, accounts: Iterable[Account], now: datetime, remarks: list[Remark] | None = None) -> tuple[HandLook, ...]:
    """Read hand checks of known accounts. Raises `BadInput` with every problem.

    An account is named by its code, or by platform and name where these name exactly one. A bare date as 检查时间 is the start of that
    day, because that is all it proves. What is worth a look is added to `remarks`.
    """
    sheet = read_sheet(path, LOOK_COLUMNS)
    problems = Problems(sheet.file, sheet.header)
    if not {"code", "name"} & sheet.header.keys():
        problems.add("缺少必需的列：标识码（或 平台 和 账号名称）")
    problems.raise_if_any()
    finder = _Finder(accounts)
    made = [(row, _look(row, problems, finder, now)) for row in sheet.rows]
    if not sheet.rows:
        problems.add("没有任何检查记录")
    _refuse_contradictions(made, problems)
    problems.raise_if_any()
    if remarks is not None:
        remarks.extend(sheet.remarks)
    return tuple(dict.fromkeys(look for _, look in made if look))


class _Finder:
    """Finds the account a row means."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self.by_code: dict[str, Account] = {}
        self.by_name: dict[tuple[Platform, str], list[Account]] = defaultdict(list)
        for account in accounts:
            self.by_code[account.id] = account
            if account.code:
                self.by_code[account.code] = account
            self.by_name[account.platform, _plain(account.name)].append(account)

    def find(self, row: Row, problems: Problems) -> Account | None:
        """Return the account, or None after noting why it cannot be told."""
        code = problems.take(row, "code", lambda cell: without_breaks(block(cell)), "")
        return self._coded(row, code, problems) if code else self._named(row, problems)

    def _coded(self, row: Row, code: str, problems: Problems) -> Account | None:
        if code not in self.by_code:
            problems.at(row, "code", f"名单中没有这个标识码{problems.hint(code, self.by_code)}")
        return self.by_code.get(code)

    def _named(self, row: Row, problems: Problems) -> Account | None:
        name = problems.need(row, "name", line)
        platform = platform_of(row, problems) if name else None
        if platform is None:
            return None
        found = self.by_name.get((platform, _plain(name)), [])
        if len(found) == 1:
            return found[0]
        if found:
            problems.at(row, "name", f"名单中有 {len(found)} 个同名的{platform.label}账号，请填写标识码")
        else:
            names = [each.name for (where, _), group in self.by_name.items() if where is platform for each in group]
            problems.at(row, "name", f"名单中没有这个{platform.label}账号{problems.hint(name, names)}")
        return None


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", "".join(name.split())).casefold()


def _look(row: Row, problems: Problems, finder: _Finder, now: datetime) -> HandLook | None:
    before = len(problems.lines)
    account = finder.find(row, problems)
    last_update = problems.take(row, "last_update", _last_update, None)
    looked_at = problems.take(row, "looked_at", _looked_at, None)
    by = problems.need(row, "by", line)
    if looked_at and looked_at > now:
        problems.at(row, "looked_at", "不能晚于现在")
    if looked_at and last_update and last_update > local_date(looked_at):
        problems.at(row, "last_update", f"不能晚于检查时间（{local_date(looked_at)}）")
    if len(problems.lines) > before or account is None or looked_at is None:
        return None
    return HandLook(account.id, last_update, looked_at, by)


def _last_update(cell: Cell) -> date | None:
    if isinstance(cell, str) and cell.strip().casefold() in NEVER:
        return None
    found = day(cell)
    if found is None:
        raise Refused("应为日期，从未发布的填 无内容")
    return found


def _looked_at(cell: Cell) -> datetime:
    found = moment(cell)
    if found is None:
        raise Refused("不能为空")
    return cut(found)


def _refuse_contradictions(made: Iterable[tuple[Row, HandLook | None]], problems: Problems) -> None:
    seen: dict[tuple[str, datetime], tuple[int, date | None]] = {}
    for row, look in made:
        if look is None:
            continue
        number, last_update = seen.setdefault((look.account_id, look.looked_at), (row.number, look.last_update))
        if last_update != look.last_update:
            problems.at(row, "last_update", f"与第 {number} 行矛盾：同一账号、同一检查时间")
