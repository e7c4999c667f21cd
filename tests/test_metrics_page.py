"""docs/metrics.md is what the table says, and its bounds hold."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

from example_metrics import filled
from tools import ROOT

from monitor.metrics.page import EXAMPLES, FACTORS, text
from monitor.metrics.table import GROUPS, METRICS

PAGE = ROOT / "docs" / "metrics.md"


def test_the_page_is_the_one_that_the_table_makes() -> None:
    """Made anew by `python -m monitor.metrics.page > docs/metrics.md`."""
    made = subprocess.run([sys.executable, "-m", "monitor.metrics.page"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout

    assert made.decode("utf-8") == text() == PAGE.read_text(encoding="utf-8")


def test_every_metric_is_named_once_with_a_unit_and_a_meaning() -> None:
    listed = [metric for metrics in GROUPS.values() for metric in metrics]
    told = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert told == [metric.name for metric in listed] == list(METRICS)
    assert [metric.name for metric in listed if not metric.unit or not metric.meaning.endswith(".")] == []


def test_every_factor_of_a_bound_is_explained_and_every_explained_one_used() -> None:
    used = {factor for metric in METRICS.values() for factor in metric.bound if isinstance(factor, str)}

    assert used == set(FACTORS)


def test_names_say_their_kind_and_unit() -> None:
    counters = {name for name, metric in METRICS.items() if metric.type == "counter"}
    moments = {name for name in METRICS if name.endswith("_timestamp_seconds")}

    assert counters == {name for name in METRICS if name.endswith("_total")}
    assert {METRICS[name].unit for name in moments} == {"seconds"}
    assert [name for name in METRICS if "age" in name.split("_")] == []


def test_a_full_page_stays_within_the_bounds_of_a_roster_that_is_larger() -> None:
    page = filled().render()[0].decode("utf-8")
    found = Counter(re.sub(r"_(bucket|sum|count)$", "", name) if "_seconds_" in name else name for name in _series(page))

    beyond = {name: number for name, number in found.items() if number > METRICS[name].series(EXAMPLES["a city"])}

    assert beyond == {}


def _series(page: str) -> list[str]:
    return re.findall(r"^(\w+)(?:\{.*\})? \S+$", page, re.MULTILINE)


def test_without_single_accounts_the_page_does_not_grow_with_the_roster() -> None:
    sizes = dict(EXAMPLES["a city"])

    def total(accounts: int) -> int:
        return sum(metric.series({**sizes, "accounts": accounts, "missing": 0}) for metric in METRICS.values() if not metric.per_account)

    assert total(450) == total(1_000_000)
