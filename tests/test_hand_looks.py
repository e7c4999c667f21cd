"""Hand checks: what a person saw, and every way to write it down wrongly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from monitor.errors import BadInput
from monitor.model import Account, Platform
from monitor.roster.looks import HandLook, read_looks
from monitor.roster.sheets import Remark

FIXTURES = Path(__file__).parent / "fixtures" / "roster"
NOW = datetime(2022, 6, 1, tzinfo=UTC)
ACCOUNTS = (
    Account(id="999900M001WX0001", code="999900M001WX0001", platform=Platform.WECHAT, name="示例发布"),
    Account(id="weibo:1234567890", platform=Platform.WEIBO, name="示例 公安"),
    Account(id="a", code="a", platform=Platform.WECHAT, name="同名"),
    Account(id="b", code="b", platform=Platform.WECHAT, name="同名"),
)
HEADER = "标识码,平台,账号名称,最后更新时间,检查时间,检查人"


def sheet(directory: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = directory / "检查.csv"
    path.write_text("\n".join([header, *rows]), encoding=encoding)
    return path


def test_a_look_is_read_by_code(tmp_path: Path) -> None:
    path = sheet(tmp_path, "999900M001WX0001,,,2022. 5. 1,2022-5-2 9:30,甲")

    looks = read_looks(path, ACCOUNTS, NOW)

    assert looks == (HandLook("999900M001WX0001", date(2022, 5, 1), datetime(2022, 5, 2, 1, 30, tzinfo=UTC), "甲"),)


def test_a_look_is_read_by_platform_and_name_where_these_name_one_account(tmp_path: Path) -> None:
    path = sheet(tmp_path, ",新浪微博,示例公安,无内容,2022-5-2,甲")

    looks = read_looks(path, ACCOUNTS, NOW)

    assert looks == (HandLook("weibo:1234567890", None, datetime(2022, 5, 1, 16, tzinfo=UTC), "甲"),)


def test_an_account_without_a_code_may_be_named_by_its_id(tmp_path: Path) -> None:
    path = sheet(tmp_path, "weibo:1234567890,,,2022-5-1,2022-5-2,甲")

    assert read_looks(path, ACCOUNTS, NOW)[0].account_id == "weibo:1234567890"


def test_a_bare_date_proves_only_the_start_of_that_day(tmp_path: Path) -> None:
    path = sheet(tmp_path, "a,,,2022-5-2,2022-5-2,甲")

    look = read_looks(path, ACCOUNTS, NOW)[0]

    assert look.looked_at == datetime(2022, 5, 1, 16, tzinfo=UTC)
    assert look.last_update == date(2022, 5, 2)


def test_a_look_of_today_is_not_in_the_future(tmp_path: Path) -> None:
    path = sheet(tmp_path, "a,,,2022-5-2,2022-6-1,甲")

    assert read_looks(path, ACCOUNTS, NOW)


def test_every_mistake_is_named_with_its_row() -> None:
    with pytest.raises(BadInput) as caught:
        read_looks(FIXTURES / "looks-bad.csv", ACCOUNTS, NOW)

    expected = [
        ("第 2 行“标识码”", "没有这个标识码，是否想写 999900M001WX0001"),
        ("第 3 行“账号名称”", "有 2 个同名的微信账号"),
        ("第 4 行“账号名称”", "是否想写 示例发布"),
        ("第 5 行“最后更新时间”", "不能晚于检查时间（2022-05-02）"),
        ("第 6 行“检查时间”", "不能晚于现在"),
        ("第 7 行“最后更新时间”", "从未发布的填 无内容"),
        ("第 8 行“检查人”", "不能为空"),
        ("第 9 行“最后更新时间”", "日期序号"),
    ]
    problems = caught.value.problems
    assert len(problems) == len(expected)
    assert all(where in problem and what in problem for problem, (where, what) in zip(problems, expected, strict=True)), problems


def test_two_rows_that_contradict_each_other_are_refused_and_repeats_count_once(tmp_path: Path) -> None:
    repeat = sheet(tmp_path, "a,,,2022-5-1,2022-5-2,甲", "a,,,2022-5-1,2022-5-2,甲")

    assert len(read_looks(repeat, ACCOUNTS, NOW)) == 1

    with pytest.raises(BadInput, match="第 3 行“最后更新时间”列：与第 2 行矛盾"):
        read_looks(sheet(tmp_path, "a,,,2022-5-1,2022-5-2,甲", "a,,,无内容,2022-5-2,甲"), ACCOUNTS, NOW)


def test_without_any_way_to_name_an_account_the_file_is_refused(tmp_path: Path) -> None:
    path = sheet(tmp_path, "2022-5-1,2022-5-2,甲", header="最后更新时间,检查时间,检查人")

    with pytest.raises(BadInput, match="缺少必需的列：标识码"):
        read_looks(path, ACCOUNTS, NOW)


def test_an_empty_sheet_and_a_remark_on_its_encoding(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="没有任何检查记录"):
        read_looks(sheet(tmp_path), ACCOUNTS, NOW)

    remarks: list[Remark] = []
    read_looks(sheet(tmp_path, "a,,,2022-5-1,2022-5-2,甲", encoding="gb18030"), ACCOUNTS, NOW, remarks)
    assert "GB18030" in remarks[0].text
