"""Key articles as lists for machines: no cell is a formula to a spreadsheet, and what became of a post since is said."""

from __future__ import annotations

import csv
import io

import pytest
from papers import edited, owing, standing

from monitor.cli.task_listing import reason, rows_as
from monitor.model import RepostVerdict
from monitor.tasks import TaskRow, sheets


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠SUM(A1)"])
def test_a_name_that_would_be_a_formula_in_either_width_stays_text(name: str) -> None:
    who = owing(1, name)
    (sheet,) = sheets([edited().article], [standing(who, RepostVerdict.MISSING)], {who.id: who})

    (row,) = csv.DictReader(io.StringIO(rows_as("csv", sheet)))

    assert row["账号名称"] == f"'{name}"


def test_a_reason_says_that_the_post_was_edited_since() -> None:
    pair = edited()

    told = reason(TaskRow(pair.account, pair.standing))

    assert told.endswith("；2020-03-03 06:00 发现该内容已被修改")
    assert told.startswith("内容改动（改动 2 句，占 29%")
