"""The lint of identification codes: what it must say of the published tables (T4), and that it says no more."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from monitor.model import Platform
from monitor.roster.codes import LintRow, identifiers_in, lint_rows, parse_account_code, parse_site_code
from monitor.roster.vocabulary import PLATFORM_WORDS

TRUTH = Path(__file__).resolve().parents[2] / "shared" / "domain" / "ground_truth"
needs_truth = pytest.mark.skipif(not TRUTH.is_dir(), reason="the ground-truth tables are not beside this checkout")


def table(name: str) -> list[dict[str, str]]:
    with (TRUTH / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def said(rows: list[LintRow], level: str) -> list[tuple[int, str]]:
    return [(remark.row, remark.text) for remark in lint_rows(rows) if remark.level == level]


def account(row: int, **fields: str) -> LintRow:
    word = fields.pop("platform", "微信")
    return LintRow(row=row, platform=PLATFORM_WORDS[word], platform_word=word, **fields)


def test_an_account_code_falls_into_its_four_parts() -> None:
    code = parse_account_code("341500M040XL0006")

    assert code is not None
    assert (code.division, code.unit, code.letters, code.serial, code.platform) == ("341500", "040", "XL", "0006", Platform.WEIBO)


@pytest.mark.parametrize(
    "text", ["", "341500M040XL006", "341500m040XL0006", "341500M040XL0006 ", "３41500M040XL0006", "341500M040XL0006\n"]
)
def test_what_is_no_account_code_has_no_parts(text: str) -> None:
    assert parse_account_code(text) is None


def test_unknown_letters_are_accepted() -> None:
    code = parse_account_code("341500M040TT0006")

    assert code is not None and code.platform is None
    assert lint_rows([account(2, code="341500M040TT0006", platform="其他")]) == ()


def test_a_site_code_is_ten_digits() -> None:
    assert parse_site_code("3415000044") == ("341500", "0044")
    assert parse_site_code("61090000112") is None


@pytest.mark.parametrize(
    ("rows", "level", "row", "part"),
    [
        pytest.param([LintRow(2, code="61090000112")], "error", 2, "应为10 位数字（现为 11 位）", id="eleven digits"),
        pytest.param([account(2, code="3415M040WX1")], "error", 2, "格式不对", id="bad account code"),
        pytest.param([account(2, code="341500M040XL0018")], "error", 2, "字母 XL 表示微博，与账号类型“微信”不符", id="letters"),
        pytest.param(
            [LintRow(2, code="1234567890", unit="甲"), LintRow(5, code="1234567890", unit="乙")],
            "error",
            2,
            "第 2 行甲、第 5 行乙",
            id="duplicate",
        ),
        pytest.param([account(2, code="341503M02\n3DY0001", platform="抖音")], "info", 2, "应为 341503M023DY0001", id="broken by wrap"),
        pytest.param([LintRow(2, code="3415000004", unit="六安市叶集区人民政府")], "info", 2, "县区网站", id="county with city prefix"),
        pytest.param(
            [account(2, unit="某局", name="甲"), account(3, unit="某局", name="乙")],
            "info",
            2,
            "有 2 个微信账号（第 2、3 行）",
            id="unit twice",
        ),
        pytest.param([account(2, unit="某局", name="某局")], "info", 2, "单位名称与账号名称相同", id="unit is name"),
    ],
)
def test_each_rule_fires_once_on_its_case(rows: list[LintRow], level: str, row: int, part: str) -> None:
    remarks = lint_rows(rows)

    assert [(remark.level, remark.row) for remark in remarks] == [(level, row)]
    assert part in remarks[0].text


def test_a_short_identifier_among_longer_ones_is_a_warning() -> None:
    urls = [
        "http://x.invalid/?branch_id=5212bc2e682e09147c7e4",
        *(f"http://x.invalid/?branch_id=5212bc2d682e09147c7c4a{n}" for n in (10, 11, 12)),
    ]

    remarks = lint_rows([LintRow(n, identifiers=identifiers_in(url)) for n, url in enumerate(urls, 2)])

    assert [(remark.level, remark.row) for remark in remarks] == [("warning", 2)]
    assert "21 位，其余为 24 位" in remarks[0].text


def test_two_identifiers_of_different_length_prove_nothing() -> None:
    rows = [LintRow(2, identifiers={"id": "a" * 20}), LintRow(3, identifiers={"id": "a" * 24})]

    assert lint_rows(rows) == ()


def test_healthy_rows_pass_in_silence() -> None:
    rows = [
        account(2, code="999900M001WX0001", unit="甲局", name="甲发布"),
        account(3, code="999900M001XL0001", unit="甲局", name="甲发布", platform="微博"),
        LintRow(4, code="3415000001", unit="六安市人民政府"),
        LintRow(5, code="3415220046", unit="霍邱县人民政府"),
        account(6, unit="", name=""),
    ]

    assert lint_rows(rows) == ()


# -- T4: the published tables -------------------------------------------------------------------------------------------------


def accounts(name: str, name_column: str = "account_name", code: str = "id_code") -> list[LintRow]:
    return [
        account(n, code=row.get(code, ""), unit=row["unit"], name=row[name_column], platform=row["platform"])
        for n, row in enumerate(table(name), 2)
    ]


def sites(name: str) -> list[LintRow]:
    return [LintRow(n, code=row["site_code"], unit=row["site_name"]) for n, row in enumerate(table(name), 2)]


def bulletins() -> dict[str, list[list[LintRow]]]:
    """The tables of each bulletin; S1 prints two accounts in a site's row, S4 in a unit's."""
    first = [
        LintRow(n, code=row["site_code"], unit=row["site_name"], identifiers=identifiers_in(row["open_info_url"]))
        for n, row in enumerate(table("luan_2018q3_websites.csv"), 2)
    ]
    pairs = [("weibo_name", "微博"), ("wechat_name", "微信")]
    named = [
        account(n, unit=row["site_name"], name=row[column], platform=word)
        for n, row in enumerate(table("luan_2018q3_websites.csv"), 2)
        for column, word in pairs
    ]
    return {
        "S0": [accounts("luan_2020q4_newmedia.csv"), sites("luan_2020q4_websites.csv")],
        "S1": [first, named],
        "S2": [accounts("luan_2022q2_newmedia.csv")],
        "S3": [accounts("ankang_2020q1_newmedia.csv"), sites("ankang_2020q1_websites.csv")],
        "S4": [accounts("fuyang_2021_05_newmedia_long.csv"), sites("fuyang_2021_05_websites.csv")],
    }


def of_level(level: str) -> dict[str, list[tuple[int, str]]]:
    return {name: [each for rows in tables for each in said(rows, level)] for name, tables in bulletins().items()}


@needs_truth
def test_all_fourteen_published_account_codes_parse() -> None:
    codes = [row["id_code"] for name in ("luan_2020q4_newmedia.csv", "luan_2022q2_newmedia.csv") for row in table(name)]

    assert len(codes) == 14
    assert all(parse_account_code(code) for code in codes)


@needs_truth
def test_the_errors_in_the_bulletins_are_exactly_the_known_ones() -> None:
    errors = of_level("error")

    assert [len(errors[name]) for name in ("S0", "S1", "S2", "S3", "S4")] == [1, 0, 0, 1, 2]
    assert "341500M040XL0018" in errors["S0"][0][1] and "微信" in errors["S0"][0][1]
    assert errors["S3"][0][0] == 25 and "61090000112" in errors["S3"][0][1]
    assert all(part in errors["S4"][0][1] for part in ("3412000029", "临泉县", "阜阳市生态环境局"))
    assert all(part in errors["S4"][1][1] for part in ("3412000030", "颍州区", "阜阳市水利局"))


@needs_truth
def test_the_one_truncated_identifier_is_found() -> None:
    warnings = of_level("warning")

    assert {name: [row for row, _ in found] for name, found in warnings.items() if found} == {"S1": [2]}


@needs_truth
def test_the_remarks_in_the_bulletins_are_exactly_the_known_ones() -> None:
    infos = of_level("info")

    def naming(part: str) -> list[tuple[str, str]]:
        return [(name, text) for name, found in infos.items() for _, text in found if part in text]

    assert [name for name, _ in naming("县区网站")] == ["S0", "S4", "S4", "S4"]
    assert all(any(place in text for _, text in naming("县区网站")) for place in ("叶集", "阜南", "临泉", "颍州"))
    same = naming("相同")
    assert [name for name, _ in same] == ["S1", "S2", "S2", "S2", "S2", "S3", "S4", "S4"]
    assert "六安市民政局" in same[0][1] and "石泉县扶贫开发局" in same[5][1] and "界首市人民政府" in same[6][1]
    assert [text[:12] for _, text in naming("原则上")] == ["市公安局有 7 个微博账", "市公安局有 2 个微信账"]
    assert sum(map(len, infos.values())) == 4 + 8 + 2
