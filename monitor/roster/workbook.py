"""XLSX workbooks, read by calamine after a look at what the zip would unfold to: a small file can ask for all memory there is.

Two ways it can: a compression bomb, and a single cell at XFD1048576, since calamine lays out the whole rectangle. The sizes that a zip
states about itself are not believed; every part is inflated under a cap.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from xml.parsers import expat

from monitor.roster.cells import Cell, Refused

UNFOLDED_LIMIT = 64 * 1024 * 1024
"""Bytes all parts may have together: a roster of 100,000 rows has about 40 MiB."""
PART_LIMIT = 1_000
ROW_LIMIT = 200_000
COLUMN_LIMIT = 100
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 0x1
_LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".emf", ".wmf", ".bin", ".vml", ".tiff")
_DAMAGED = "Excel 文件已损坏或不是 .xlsx，请用 Excel 或 WPS 打开后另存为 .xlsx 再导入"


def read_workbook(data: bytes) -> tuple[list[list[Cell]], list[str]]:
    """Return the rows of the first visible sheet, from row 1 on, and the names of further visible sheets that hold something.

    Raises `Refused` for what is damaged, encrypted, too large or a trap.
    """
    for name, part in _parts(data):
        _check_part(name, part)
    # calamine is a compiled library that only this path needs.
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [
            book.get_sheet_by_name(each.name)
            for each in book.sheets_metadata
            if each.visible is SheetVisibleEnum.Visible and each.typ is SheetTypeEnum.WorkSheet
        ]
        if not sheets:
            raise Refused("Excel 文件中没有可见的工作表")
        rows: list[list[Cell]] = [list(row) for row in sheets[0].to_python(skip_empty_area=False)]
        return rows, [sheet.name for sheet in sheets[1:] if sheet.height]
    except (CalamineError, ValueError, OverflowError, OSError, KeyError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(_DAMAGED) from error


def _parts(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        entries = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OSError) as error:
        raise Refused(_DAMAGED) from error
    if len(entries) > PART_LIMIT:
        raise Refused(f"Excel 文件内部的部件过多（超过 {PART_LIMIT} 个）")
    room = UNFOLDED_LIMIT
    for entry in entries:
        part = _unfold(data, entry, room)
        room -= len(part)
        yield entry.filename, part


def _unfold(data: bytes, entry: zipfile.ZipInfo, room: int) -> bytes:
    """Inflate one part, stopping at `room`: the size stated in the directory may be a lie."""
    if entry.flag_bits & _ENCRYPTED:
        raise Refused("Excel 文件有密码，请取消密码后再导入")
    start = entry.header_offset
    header = data[start : start + _LOCAL_HEADER.size]
    if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
        raise Refused(_DAMAGED)
    *_, name_length, extra_length = _LOCAL_HEADER.unpack(header)
    start += _LOCAL_HEADER.size + name_length + extra_length
    raw = data[start : start + entry.compress_size]
    if entry.compress_type == _STORED:
        part = raw
    elif entry.compress_type == _DEFLATED:
        part = _inflate(raw, room)
    else:
        raise Refused(_DAMAGED)
    if len(part) > room:
        raise Refused(f"Excel 文件解压后超过 {UNFOLDED_LIMIT // 1024 // 1024} MB，已拒绝；请拆分后导入")
    return part


def _inflate(raw: bytes, room: int) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, room + 1)
    except zlib.error as error:
        raise Refused(_DAMAGED) from error


def _check_part(name: str, part: bytes) -> None:
    """Raise `Refused` for a part with a cell far out, a DTD, or no XML where XML is due."""
    if name.endswith("/") or not part:
        return
    if name.lower().endswith(_PICTURES) and b"sheetData" not in part:
        return
    parser = expat.ParserCreate()
    parser.StartElementHandler = _refuse_far_cell
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(part, True)
    except expat.ExpatError as error:
        raise Refused(_DAMAGED) from error


def _refuse_doctype(*_: object) -> None:
    raise Refused("Excel 文件内含不允许的 XML 声明，已拒绝")


def _refuse_far_cell(element: str, attributes: dict[str, str]) -> None:
    if element.rpartition(":")[2] not in ("c", "row") or "r" not in attributes:
        return
    place = attributes["r"]
    letters = place.rstrip("0123456789")
    row = place[len(letters) :]
    if (row and int(row.lstrip("0")[:9] or 0) > ROW_LIMIT) or _column_number(letters) > COLUMN_LIMIT:
        raise Refused(f"单元格 {place[:20]} 超出范围（最多 {ROW_LIMIT} 行、{COLUMN_LIMIT} 列），请删除表格外的内容后再导入")


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters[:4].upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
