"""Verdicts as lists: the table on a terminal, CSV and JSON for machines. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.markup import escape
from rich.table import Table

from monitor import inspection
from monitor.model import SHANGHAI, Account, Standing, Verdict
from monitor.wording import last_update

_NARROW = frozenset({"判定", "标识码", "平台", "最后更新", "未更新天数"})


def standings_table(rows: Iterable[tuple[Account, Standing]], title: str) -> Table:
    """Return the table of verdicts as clerks know it."""
    table = Table(title=title, title_justify="left")
    for name in ("判定", "标识码", "账号名称", "平台", "主办单位", "最后更新", "未更新天数", "问题或原因"):
        table.add_column(name, justify="right" if name == "未更新天数" else "left", overflow="fold", no_wrap=name in _NARROW)
    for account, standing in rows:
        verdict = standing.verdict.label if standing.verdict else "不计入"
        days = "" if standing.idle_days is None else str(standing.idle_days)
        told = standing.label if standing.verdict is Verdict.FAILED else (standing.reason or standing.label)
        cells = (verdict, account.code, account.name, account.platform.label, account.unit, last_update(standing), days, told)
        table.add_row(*(escaped(cell) for cell in cells), style="red" if standing.verdict is Verdict.FAILED else None)
    return table


def escaped(text: str) -> str:
    """Return the text so that the terminal shows it as it is."""
    return escape(text)


def tally_line(rows: Iterable[tuple[Account, Standing]]) -> str:
    """Return the totals and the pass rate with its base."""
    listed = list(rows)
    count = Counter(standing.verdict for _, standing in listed)
    base = count[Verdict.QUALIFIED] + count[Verdict.FAILED]
    rate = f"，合格率 {inspection.rate(count[Verdict.QUALIFIED], base)}%（基数 {base}，无法判定不计入）" if base else ""
    parts = "　".join(f"{verdict.label} {count[verdict]}" for verdict in Verdict)
    return f"共 {len(listed)} 个账号：{parts}　不计入 {count[None]}{rate}"


_COLUMNS = (
    "判定",
    "标识码",
    "账号名称",
    "平台",
    "主办单位",
    "地区",
    "最后更新",
    "未更新天数",
    "问题",
    "原因",
    "证据链接",
    "采集渠道",
    "有效采集时间",
)


def _record(account: Account, standing: Standing) -> tuple[str, ...]:
    good = standing.last_good
    return (
        standing.verdict.label if standing.verdict else "不计入",
        account.code or account.id,
        account.name,
        account.platform.label,
        account.unit,
        account.region,
        last_update(standing),
        "" if standing.idle_days is None else str(standing.idle_days),
        standing.label,
        standing.reason,
        standing.last_post.url if standing.last_post else "",
        good.channel if good else "",
        good.at.astimezone(SHANGHAI).isoformat(timespec="seconds") if good else "",
    )


def as_csv(rows: list[tuple[Account, Standing]]) -> str:
    """Return the rows as CSV with a Chinese header."""
    return csv_text(_COLUMNS, [_record(account, standing) for account, standing in rows])


def csv_text(columns: Sequence[str], records: Iterable[Sequence[str]]) -> str:
    """Return records as CSV; no cell of them is a formula to a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_harmless(cell) for cell in record] for record in records)
    return text.getvalue()


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell that is a formula begins with; Chinese spreadsheets take the wide forms for the narrow ones."""


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a name or title for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def as_json(rows: list[tuple[Account, Standing]]) -> str:
    """Return the rows as a JSON list of objects with Chinese keys."""
    return json_text(_COLUMNS, [_record(account, standing) for account, standing in rows])


def json_text(columns: Sequence[str], records: Iterable[Sequence[str]]) -> str:
    """Return records as a JSON list of objects with the columns as keys."""
    listed = [dict(zip(columns, record, strict=True)) for record in records]
    return json.dumps(listed, ensure_ascii=False, indent=1) + "\n"
