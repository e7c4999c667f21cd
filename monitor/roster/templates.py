"""Empty tables for clerks to fill in: CSV and XLSX with text cells, so that Excel spoils neither codes nor dates."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from monitor.errors import BadInput
from monitor.model import Kind, Status
from monitor.roster import COLUMNS
from monitor.roster.articles import ARTICLE_COLUMNS
from monitor.roster.looks import LOOK_COLUMNS
from monitor.roster.sheets import Column

Rows = Sequence[Sequence[str]]

TEXT_ROWS = 1_000
"""Rows below the header that are text cells from the start."""
_FILES = (("accounts", "xlsx"), ("accounts", "csv"), ("articles", "csv"), ("looks", "csv"))
_WIDTH, _WIDE = 16, 44
_TEXT = "@"
_EXAMPLES: Rows = (
    ("999900M001WX0001", "微信订阅号", "示例市发布", "示例市人民政府办公室", "示例市人民政府", "市直部门", "市级", "发布类", "正常", "",
     "2018-5-1", "是", "市本级；重点", "示例甲", "a@example.invalid", "",
     "feed http://bridge.example.invalid/feeds/1.rss biz=MTIzNDU2Nzg5MA==", ""),
    ("999921M003XL0001", "新浪微博", "示例县公安", "示例县公安局", "示例县人民政府", "示例县", "县级", "发布类", "正常", "",
     "2019年3月8日", "否", "公安", "示例乙", "b@example.invalid", "county@example.invalid",
     "weibo.openapi 1234567890 credential=example-county", "https://weibo.com/u/1234567890"),
)  # fmt: skip
_ARTICLE_EXAMPLES: Rows = (
    ("2022-05-a", "示例文章：做好汛期安全生产工作的通知", "示例省人民政府网",
     "https://www.example.invalid/zwgk/202205/t20220515_1.html", "", "",
     "2022-05-15 18:00", "2022-05-16 18:00", "", "", "", ""),
    ("2022-05-b", "示例文章：政务服务一件事一次办改革方案", "示例省人民政府网", "", "weibo:1234567890:4900000000000001", "",
     "2022-05-16 9:00", "", "市本级", "", "", "否"),
)  # fmt: skip
_LOOK_EXAMPLES: Rows = (
    ("999900M001WX0001", "微信", "示例市发布", "2022-5-14", "2022-05-15 9:30", "示例丙"),
    ("999921M003XL0001", "微博", "示例县公安", "无内容", "2022-5-15", "示例丙"),
)
_SHORT_WAY = {"adapter", "handle"}
_CHOICES: dict[str, list[str]] = {
    "platform": ["微信订阅号", "微信服务号", "新浪微博", "抖音短视频", "今日头条号", "其他"],
    "kind": [kind.label for kind in Kind],
    "status": [status.label for status in Status],
    "canary": ["是", "否"],
}


def template_rows() -> list[list[str]]:
    """Return the accounts template: the header and two invented rows, to be overwritten."""
    columns = [column for column in COLUMNS if column.field not in _SHORT_WAY]
    return _table(columns, _EXAMPLES)


def article_template_rows() -> list[list[str]]:
    """Return the template for key articles."""
    return _table(ARTICLE_COLUMNS, _ARTICLE_EXAMPLES)


def look_template_rows() -> list[list[str]]:
    """Return the template for hand checks."""
    return _table(LOOK_COLUMNS, _LOOK_EXAMPLES)


def _table(columns: Sequence[Column], examples: Rows) -> list[list[str]]:
    return [[column.title for column in columns], *(list(row) for row in examples)]


def csv_bytes(rows: Rows) -> bytes:
    """Return rows as CSV that Excel opens in Chinese: UTF-8 with BOM, CRLF."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def write_template(path: Path) -> None:
    """Write the accounts template, as XLSX or CSV by the file's ending."""
    rows = template_rows()
    if path.suffix.lower() == ".xlsx":
        _write_workbook(path, rows)
    else:
        path.write_bytes(csv_bytes(rows))


def write_all(directory: Path) -> list[Path]:
    """Write every template into a directory, as they stand in `examples/`; return them.

    Raises `BadInput`, and writes nothing, where one of them is there already: it may have been filled in.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = [directory / f"{name}-template.{ending}" for name, ending in _FILES]
    if there := [file for file in files if file.exists()]:
        raise BadInput([f"{file} 已存在，不覆盖；请换一个目录，或先移走它" for file in there])
    for file in files[:2]:
        write_template(file)
    files[2].write_bytes(csv_bytes(article_template_rows()))
    files[3].write_bytes(csv_bytes(look_template_rows()))
    return files


def _write_workbook(path: Path, rows: Rows) -> None:
    # openpyxl is slow to import and only needed to write.
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "账号"
    for row in rows:
        sheet.append(list(row))
    sheet.freeze_panes = "A2"
    fields = {column.title: column.field for column in COLUMNS}
    for number, title in enumerate(rows[0], 1):
        letter = get_column_letter(number)
        sheet[f"{letter}1"].font = Font(bold=True)
        sheet.column_dimensions[letter].width = _WIDE if title in ("采集渠道", "账号网址") else _WIDTH
        for place in range(2, TEXT_ROWS + 2):
            sheet[f"{letter}{place}"].number_format = _TEXT
        choices = _CHOICES.get(fields[title])
        if choices:
            rule = DataValidation(type="list", formula1=f'"{",".join(choices)}"', allow_blank=True, showErrorMessage=False)
            rule.add(f"{letter}2:{letter}{TEXT_ROWS + 1}")
            sheet.add_data_validation(rule)
    book.save(path)
