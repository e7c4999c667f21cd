"""Reading CSV and XLSX as files: encodings, damage, traps. What the cells mean is tested with the roster."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from monitor.errors import BadInput
from monitor.roster.sheets import Column, Remark, read_sheet

FIXTURES = Path(__file__).parent / "fixtures" / "roster"
COLUMNS = (
    Column("code", "标识码", ("id_code",)),
    Column("name", "账号名称", required=True),
    Column("opened_on", "开通日期"),
)


def write(directory: Path, data: bytes, name: str = "table.csv") -> Path:
    path = directory / name
    path.write_bytes(data)
    return path


def workbook(rows: list[list[object]], directory: Path) -> Path:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(directory / "table.xlsx")
    return directory / "table.xlsx"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("标识码,账号名称\n1,甲\n".encode(), id="utf-8"),
        pytest.param("标识码,账号名称\r\n1,甲\r\n".encode("utf-8-sig"), id="with BOM and CRLF"),
        pytest.param("标识码,账号名称\r1,甲\r".encode(), id="old Macintosh line ends"),
        pytest.param("标识码\t账号名称\n1\t甲\n".encode(), id="tabs"),
        pytest.param(" 标识码 ,账号名称（必填）\n1,甲\n".encode(), id="decorated titles"),
        pytest.param('"标识码","账号名称"\n"1","甲"\n'.encode(), id="quotes"),
        pytest.param("ID_CODE,NAME\n1,甲\n".encode(), id="English titles"),
    ],
)
def test_every_honest_form_of_a_table_reads_the_same(data: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, data)

    sheet = read_sheet(path, COLUMNS)

    assert [dict(row.cells) for row in sheet.rows] == [{"code": "1", "name": "甲"}]
    assert sheet.remarks == ()


def test_gb18030_is_read_and_announced(tmp_path: Path) -> None:
    path = write(tmp_path, "标识码,账号名称\r\n1,示例𠮷发布\r\n".encode("gb18030"))

    sheet = read_sheet(path, COLUMNS)

    assert sheet.rows[0].cells["name"] == "示例𠮷发布"
    assert [remark.level for remark in sheet.remarks] == ["warning"] and "GB18030" in sheet.remarks[0].text


def test_rows_keep_the_number_that_excel_shows(tmp_path: Path) -> None:
    path = write(tmp_path, '标识码,账号名称\n1,"甲\n乙"\n\n,\n3,丙\n'.encode())

    sheet = read_sheet(path, COLUMNS)

    assert [row.number for row in sheet.rows] == [2, 5]


def test_a_workbook_keeps_dates_numbers_and_row_numbers(tmp_path: Path) -> None:
    path = workbook(
        [[], ["标识码", "账号名称", "开通日期"], ["x", "甲", date(2020, 2, 9)], [], [6100068350, "乙", datetime(2020, 2, 9, 8)]], tmp_path
    )

    sheet = read_sheet(path, COLUMNS)

    assert [row.number for row in sheet.rows] == [3, 5]
    assert sheet.rows[0].cells["opened_on"] == date(2020, 2, 9)
    assert sheet.rows[1].cells["code"] == 6100068350


def test_a_second_sheet_with_content_is_remarked_upon(tmp_path: Path) -> None:
    path = workbook([["账号名称"], ["甲"]], tmp_path)
    book = Workbook()
    book.worksheets[0].append(["账号名称"])
    book.worksheets[0].append(["甲"])
    book.create_sheet("去年").append(["旧"])
    book.create_sheet("空表")
    book.save(path)

    sheet = read_sheet(path, COLUMNS)

    assert sheet.remarks == (Remark("warning", 0, "只读取第一个工作表，未读取：去年"),)


def test_a_workbook_is_known_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    path = workbook([["账号名称"], ["甲"]], tmp_path).rename(tmp_path / "table.csv")

    sheet = read_sheet(path, COLUMNS)

    assert len(sheet.rows) == 1


def refused(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        read_sheet(path, COLUMNS)
    return "\n".join(caught.value.problems)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "无法读取文件" in refused(tmp_path / "none.csv")
    assert "无法读取文件" in refused(tmp_path)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 100, "旧版 .xls", id="xls or password"),
        pytest.param(b"PK\x03\x04" + b"junk" * 50, "已损坏", id="no zip"),
        pytest.param(b"a,b\x00c\n", "空字节", id="NUL"),
        pytest.param(b"x" * (20 * 1024 * 1024 + 1), "超过 20 MB", id="too large"),
        pytest.param("账号名称\n".encode() + b"x" * 200_000, "单元格过长", id="endless cell"),
        pytest.param("账号名称\n".encode() + b"x\n" * 200_002, "行数过多", id="too many rows"),
        pytest.param(("账号名称," + "," * 150 + "\n甲\n").encode(), "列数过多", id="too many columns"),
        pytest.param(b"", "没有内容", id="empty"),
        pytest.param(b"\xef\xbb\xbf\r\n ,\r\n"[:5], "没有内容", id="only line ends"),
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(data: bytes, expected: str, tmp_path: Path) -> None:
    assert expected in refused(write(tmp_path, data))


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return out.getvalue()


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def with_sheet(directory: Path, change: tuple[bytes, bytes]) -> bytes:
    parts = parts_of(workbook([["账号名称"], ["甲"]], directory))
    assert change[0] in parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(*change)
    return zipped(parts)


def test_a_zip_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    bomb = zipped({"xl/worksheets/sheet1.xml": b" " * (80 * 1024 * 1024)})

    assert "解压后超过 64 MB" in refused(write(tmp_path, bomb, "bomb.xlsx"))


def test_a_zip_that_lies_about_its_size_is_refused_all_the_same(tmp_path: Path) -> None:
    bomb = bytearray(zipped({"a.xml": b" " * (80 * 1024 * 1024)}))
    directory = bomb.rindex(b"PK\x01\x02")
    bomb[22:26] = bomb[directory + 24 : directory + 28] = struct.pack("<I", 100)

    assert "解压后超过 64 MB" in refused(write(tmp_path, bytes(bomb), "bomb.xlsx"))


@pytest.mark.parametrize("place", [b"XFD1048576", b"A1048576", b"XFD2", b"A0001048576", b"ZZZZ2"])
def test_a_cell_far_out_is_refused_before_its_rectangle_is_laid_out(place: bytes, tmp_path: Path) -> None:
    data = with_sheet(tmp_path, (b'r="A2"', b'r="' + place + b'"'))

    assert "超出范围" in refused(write(tmp_path, data, "far.xlsx"))


def test_entities_in_a_workbook_are_refused(tmp_path: Path) -> None:
    data = with_sheet(tmp_path, (b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet'))

    assert "不允许的 XML 声明" in refused(write(tmp_path, data, "entities.xlsx"))


def test_a_workbook_with_a_password_on_its_parts_is_refused(tmp_path: Path) -> None:
    data = bytearray(workbook([["账号名称"]], tmp_path).read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1

    assert "有密码" in refused(write(tmp_path, bytes(data), "locked.xlsx"))


def test_a_part_hidden_as_a_picture_is_still_looked_at(tmp_path: Path) -> None:
    parts = parts_of(workbook([["账号名称"], ["甲"]], tmp_path))
    sheet = parts.pop("xl/worksheets/sheet1.xml").replace(b'r="A2"', b'r="XFD1048576"')
    parts["xl/worksheets/sheet1.png"] = sheet
    parts["xl/_rels/workbook.xml.rels"] = parts["xl/_rels/workbook.xml.rels"].replace(b"sheet1.xml", b"sheet1.png")

    assert "超出范围" in refused(write(tmp_path, zipped(parts), "hidden.xlsx"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
def test_any_bytes_give_a_sheet_or_problems(data: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, data)

    try:
        read_sheet(path, COLUMNS)
    except BadInput as error:
        assert error.problems


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(min_value=0, max_value=2**32), part=st.integers(min_value=0, max_value=20), junk=st.binary(min_size=1, max_size=6))
def test_a_workbook_with_spoilt_bytes_gives_a_sheet_or_problems(seed: int, part: int, junk: bytes, tmp_path: Path) -> None:
    parts = parts_of(workbook([["标识码", "账号名称"], ["1", "甲"], [2, True]], tmp_path))
    name = sorted(parts)[part % len(parts)]
    at = seed % len(parts[name])
    parts[name] = parts[name][:at] + junk + parts[name][at + len(junk) :]

    try:
        read_sheet(write(tmp_path, zipped(parts), "spoilt.xlsx"), COLUMNS)
    except BadInput as error:
        assert error.problems


def test_a_truncated_deflate_stream_is_refused(tmp_path: Path) -> None:
    data = workbook([["账号名称"], ["甲"]], tmp_path).read_bytes()

    assert refused(write(tmp_path, data[: len(data) // 2], "half.xlsx"))
