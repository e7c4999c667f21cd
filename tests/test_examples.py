"""What stands in examples/ imports cleanly and says what examples/README.md says of it."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from monitor.model import Platform, Status
from monitor.roster import read_accounts
from monitor.roster.articles import read_articles
from monitor.roster.codes import parse_account_code
from monitor.roster.looks import read_looks
from monitor.roster.sheets import read_sheet
from monitor.roster.templates import article_template_rows, csv_bytes, look_template_rows, template_rows, write_template

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADAPTERS = ("feed", "weibo.openapi", "wechat.openapi", "douyin.gateway", "manual")


@pytest.mark.parametrize(
    ("name", "accounts", "errors"),
    [
        ("accounts-template.csv", 2, 0),
        ("accounts-template.xlsx", 2, 0),
        ("ankang-2020q1/accounts.csv", 14, 0),
        ("luan-2020q4/accounts.csv", 10, 1),
        ("luan-2022q2/accounts.csv", 4, 0),
    ],
)
def test_every_roster_imports(name: str, accounts: int, errors: int) -> None:
    file = read_accounts(EXAMPLES / name, ADAPTERS)

    assert len(file.accounts) == accounts
    assert sum(remark.level == "error" for remark in file.warnings) == errors
    assert all(parse_account_code(account.code) for account in file.accounts)


def test_the_looks_of_ankang_cover_its_fourteen_accounts() -> None:
    accounts = read_accounts(EXAMPLES / "ankang-2020q1/accounts.csv").accounts

    looks = {look.account_id: look for look in read_looks(EXAMPLES / "ankang-2020q1/looks.csv", accounts, NOW)}

    by_name = {(account.name, account.platform): account for account in accounts}
    assert looks.keys() == {account.id for account in accounts}
    assert Counter(account.platform for account in accounts) == {Platform.WECHAT: 8, Platform.WEIBO: 6}
    assert looks[by_name["岚皋交警", Platform.WEIBO].id].last_update is None
    stopped = by_name["汉阴农林科技", Platform.WECHAT]
    assert stopped.status is Status.ABANDONED and looks[stopped.id].last_update == date(2019, 4, 22)
    assert {look.looked_at for look in looks.values()} == {datetime(2020, 3, 2, 16, tzinfo=UTC)}


def test_the_looks_of_ankang_agree_with_the_published_table() -> None:
    table = Path(__file__).resolve().parents[2] / "shared" / "domain" / "ground_truth" / "ankang_2020q1_newmedia.csv"
    if not table.exists():
        pytest.skip("the ground-truth tables are not beside this checkout")
    accounts = read_accounts(EXAMPLES / "ankang-2020q1/accounts.csv").accounts

    looks = read_looks(EXAMPLES / "ankang-2020q1/looks.csv", accounts, NOW)

    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(account.name, account.unit) for account in accounts] == [(row["account_name"], row["unit"]) for row in rows]
    assert [look.last_update.isoformat() if look.last_update else "" for look in looks] == [row["last_update_iso"] for row in rows]


def test_the_article_and_look_templates_import() -> None:
    accounts = read_accounts(EXAMPLES / "accounts-template.csv").accounts

    assert len(read_articles(EXAMPLES / "articles-template.csv")) == 2
    assert len(read_looks(EXAMPLES / "looks-template.csv", accounts, NOW)) == 2


def test_the_templates_are_what_the_importer_knows(tmp_path: Path) -> None:
    write_template(tmp_path / "fresh.xlsx")

    assert (EXAMPLES / "accounts-template.csv").read_bytes() == csv_bytes(template_rows())
    assert (EXAMPLES / "articles-template.csv").read_bytes() == csv_bytes(article_template_rows())
    assert (EXAMPLES / "looks-template.csv").read_bytes() == csv_bytes(look_template_rows())
    fresh, kept = (read_accounts(path).accounts for path in (tmp_path / "fresh.xlsx", EXAMPLES / "accounts-template.xlsx"))
    assert fresh == kept == read_accounts(EXAMPLES / "accounts-template.csv").accounts


def test_cells_of_the_workbook_template_are_text_so_that_excel_spoils_nothing() -> None:
    from openpyxl import load_workbook

    sheet = load_workbook(EXAMPLES / "accounts-template.xlsx").worksheets[0]

    assert {sheet.cell(row, column).number_format for row in (2, 3, 4, 500, 1001) for column in range(1, sheet.max_column + 1)} == {"@"}


def test_no_example_holds_a_real_address_or_a_telephone_number() -> None:
    import re

    for path in EXAMPLES.rglob("*.csv"):
        text = path.read_text(encoding="utf-8-sig")
        assert set(re.findall(r"@([\w.]+)", text)) <= {"example.invalid"}, path
        assert not re.search(r"(?<![\d:])1[3-9]\d{9}(?!\d)", text), path


def test_the_template_has_every_column_but_the_short_way() -> None:
    from monitor.roster import COLUMNS

    assert read_sheet(EXAMPLES / "accounts-template.csv", COLUMNS).header.keys() == {
        column.field for column in COLUMNS if column.field not in ("adapter", "handle")
    }
