"""Sheets: CSV and XLSX files that a clerk hands us, as rows under known columns; all that is wrong is collected, nothing half read."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from monitor.errors import BadInput
from monitor.roster.cells import Cell, Refused, shown
from monitor.roster.workbook import COLUMN_LIMIT, ROW_LIMIT, read_workbook
from monitor.settings import nearest

T = TypeVar("T")

SIZE_LIMIT = 20 * 1024 * 1024
"""Bytes of a file: a roster of 100,000 accounts has about 15 MiB."""
CELL_LIMIT = 131_072
"""Characters of one CSV cell; an Excel cell holds 32,767."""
UNKNOWN = "?"
"""Stands for a column with a title that we do not know: one complaint about the title is enough."""
HINT_LIMIT, HINT_LENGTH, HINT_CHOICE = 30, 60, 5_000
"""Hints in one file, characters of a word and words to choose from: a search costs milliseconds at most, a file seconds."""
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_SIGNED_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something worth a look that stops nothing. `row` is the row as Excel shows it, 0 for the file as a whole."""

    level: Literal["error", "warning", "info"]
    row: int
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column we know: the field it fills, its Chinese title, and other titles it goes by (its English one among them)."""

    field: str
    title: str
    aliases: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row by field; `number` is the row as Excel shows it."""

    number: int
    cells: Mapping[str, Cell]

    def get(self, name: str) -> Cell:
        return self.cells.get(name)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows that hold something. `header` maps each field to its column's title as printed in the file."""

    file: str
    header: Mapping[str, str]
    rows: tuple[Row, ...]
    remarks: tuple[Remark, ...] = ()


@dataclass(slots=True)
class Problems:
    """Collects what is wrong with a file, as Chinese lines."""

    file: str
    header: Mapping[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    hints: int = HINT_LIMIT

    def add(self, text: str, row: int = 0) -> None:
        self.lines.append(f"{self.file}：第 {row} 行：{text}" if row else f"{self.file}：{text}")

    def at(self, row: Row, name: str, expected: str, value: Cell = None) -> None:
        """Note what is expected of one cell and what stands there."""
        value = row.get(name) if value is None else value
        actual = "为空" if value in (None, "") else f"实际为“{shown(value)}”"
        title = self.header.get(name) or name
        self.lines.append(f"{self.file}：第 {row.number} 行“{title}”列：{expected}，{actual}")

    def take(self, row: Row, name: str, read: Callable[[Cell], T], default: T) -> T:
        """Return what `read` makes of the cell; note the refusal and return the default where it refuses."""
        try:
            return read(row.get(name))
        except Refused as reason:
            self.at(row, name, str(reason))
            return default

    def need(self, row: Row, name: str, read: Callable[[Cell], str]) -> str:
        """Like `take`, for a text that must not be empty."""
        before = len(self.lines)
        text = self.take(row, name, read, "")
        if not text and len(self.lines) == before:
            self.at(row, name, "不能为空")
        return text

    def hint(self, word: str, known: Collection[str]) -> str:
        """Return `，是否想写 X？` with the nearest known word; nothing once enough was said, as the search is slow."""
        if self.hints <= 0 or len(word) > HINT_LENGTH or len(known) > HINT_CHOICE:
            return ""
        self.hints -= 1
        return nearest(word, known)

    def raise_if_any(self) -> None:
        if self.lines:
            raise BadInput(self.lines)


def read_sheet(path: Path, columns: Sequence[Column]) -> Sheet:
    """Read a CSV or XLSX file by its content, whatever its name says. Raises `BadInput` where it cannot be read as a whole.

    CSV: UTF-8 with or without BOM; GB18030, as Excel saves it, is read too and remarked upon. Row 1 of the table is the first row
    that holds something; wholly blank rows are passed over but counted.
    """
    problems = Problems(path.name)
    try:
        rows, remarks = _rows(_content(path))
        table = [(number, row) for number, row in enumerate(rows, 1) if any(cell not in (None, "") for cell in row)]
        if not table:
            raise Refused("文件中没有内容")
        if len(rows) > ROW_LIMIT + 1:
            raise Refused(f"行数过多，最多 {ROW_LIMIT} 行")
    except Refused as reason:
        problems.add(str(reason))
        raise BadInput(problems.lines) from reason
    fields, header = _header(table[0], columns, problems)
    made = tuple(_body(table[1:], fields, problems))
    problems.raise_if_any()
    return Sheet(path.name, header, made, tuple(remarks))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise Refused(f"无法读取文件（{error.strerror or type(error).__name__}）") from error
    if len(data) > SIZE_LIMIT:
        raise Refused(f"文件超过 {SIZE_LIMIT // 1024 // 1024} MB")
    return data


def _rows(data: bytes) -> tuple[list[list[Cell]], list[Remark]]:
    if data.startswith(_OLD_EXCEL):
        raise Refused("旧版 .xls 或有密码的 Excel 文件无法读取，请另存为无密码的 .xlsx 再导入")
    if data.startswith(_ZIP):
        rows, others = read_workbook(data)
        text = f"只读取第一个工作表，未读取：{'、'.join(shown(name) for name in others)}"
        return rows, [Remark("warning", 0, text)] if others else []
    text, remarks = _decoded(data)
    return _csv_rows(text), remarks


def _decoded(data: bytes) -> tuple[str, list[Remark]]:
    if data.startswith(_SIGNED_UTF16):
        raise Refused("文件是 UTF-16 编码，请另存为“CSV UTF-8（逗号分隔）”再导入")
    if b"\x00" in data:
        raise Refused("文件含有空字节，不是文本文件；请导入 .csv 或 .xlsx")
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("gb18030"), [Remark("warning", 0, "文件不是 UTF-8 编码，已按 GB18030 读取，请核对中文是否正确")]
    except UnicodeDecodeError as error:
        raise Refused("文字编码无法识别，请另存为“CSV UTF-8（逗号分隔）”再导入") from error


def _csv_rows(text: str) -> list[list[Cell]]:
    head = text.lstrip()[:200].lower()
    if head.startswith(("<!doctype", "<html", "<?xml", "<table")):
        raise Refused("文件内容是网页而不是表格，请另存为 .csv 或 .xlsx 再导入")
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = "\t" if "\t" in first and "," not in first else ","
    csv.field_size_limit(CELL_LIMIT)
    rows: list[list[Cell]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            rows.append(list(row))
    except csv.Error as error:
        raise Refused(f"第 {len(rows) + 1} 行不是正确的 CSV（引号不成对，或单元格过长）") from error
    return rows


def _header(first: tuple[int, list[Cell]], columns: Sequence[Column], problems: Problems) -> tuple[list[str], dict[str, str]]:
    """Return the field of each column, "" for one without title, and the titles as printed."""
    known = {_plain(title): column for column in columns for title in (column.field, column.title, *column.aliases)}
    fields: list[str] = []
    header: dict[str, str] = {}
    for cell in first[1]:
        title = shown(cell).strip()
        column = known.get(_plain(title))
        if title and column is None:
            problems.add(f"不认识的列“{title}”{problems.hint(title, [each.title for each in columns])}", first[0])
        elif column and column.field in header:
            problems.add(f"“{title}”与“{header[column.field]}”是同一列，只能保留一个", first[0])
        elif column:
            header[column.field] = title
        fields.append(column.field if column else UNKNOWN if title else "")
    missing = [column.title for column in columns if column.required and column.field not in header]
    if missing:
        problems.add(f"缺少必需的列：{'、'.join(missing)}", first[0])
    if len(first[1]) > COLUMN_LIMIT:
        problems.add(f"列数过多，最多 {COLUMN_LIMIT} 列", first[0])
    problems.header = header
    return fields, header


_REQUIRED_MARK = re.compile(r"[\s*＊]|[(（]必填[)）]")


def _plain(title: str) -> str:
    """Return a title without what does not matter: width, case, blanks, a star for "required"."""
    return unicodedata.normalize("NFKC", _REQUIRED_MARK.sub("", title)).casefold()


def _body(table: Sequence[tuple[int, list[Cell]]], fields: list[str], problems: Problems) -> Iterator[Row]:
    for number, cells in table:
        strays = [cell for name, cell in zip([*fields, *[""] * len(cells)], cells, strict=False) if not name and cell not in (None, "")]
        if strays:
            problems.add(f"有 {len(strays)} 个单元格不在任何标题之下（“{shown(strays[0])}”），可能多了逗号或缺了标题", number)
        named = ((name, cell) for name, cell in zip(fields, cells, strict=False) if name not in ("", UNKNOWN))
        yield Row(number, {name: cell for name, cell in named if cell not in (None, "")})
