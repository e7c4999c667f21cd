"""`import templates`: empty tables for whoever has no checkout; what is there already is never overwritten."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from clocks import NOON

from monitor.cli.commands import import_templates
from monitor.errors import BadInput
from monitor.roster import read_accounts, read_articles, read_looks

NAMES = ("accounts-template.csv", "accounts-template.xlsx", "articles-template.csv", "looks-template.csv")


def test_the_templates_are_written_and_can_be_imported_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "模板"

    assert asyncio.run(import_templates(folder)) == 0

    assert sorted(file.name for file in folder.iterdir()) == list(NAMES)
    accounts = read_accounts(folder / NAMES[0]).accounts
    assert len(accounts) == len(read_accounts(folder / NAMES[1]).accounts) == 2
    assert len(read_articles(folder / NAMES[2])) == len(read_looks(folder / NAMES[3], accounts, NOON)) == 2


def test_a_table_that_may_have_been_filled_in_is_not_overwritten_and_nothing_else_is_written(tmp_path: Path) -> None:
    filled = tmp_path / NAMES[2]
    filled.write_text("filled in", encoding="utf-8")

    with pytest.raises(BadInput, match="已存在，不覆盖"):
        asyncio.run(import_templates(tmp_path))

    assert [file.name for file in tmp_path.iterdir()] == [NAMES[2]]
    assert filled.read_text(encoding="utf-8") == "filled in"


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(BadInput, match="无法写入"):
        asyncio.run(import_templates(tmp_path / "file" / "under"))
