"""Our own writing of the text format, laid beside the library's."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
from example_metrics import rollup
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from monitor.metrics.exposition import LINES, Sample, clean, number, page
from monitor.metrics.gauges import families
from monitor.metrics.table import Metric

TWO = Metric("zhengwu_two", "gauge", "1", ("second", "first"), "Two labels, not in the order of their names.")
NONE = Metric("zhengwu_none", "gauge", "1", (), "No label.")
NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**18), 10**18) | st.booleans()


class Given(Collector):
    def __init__(self, families: Iterable[tuple[Metric, list[Sample]]]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for metric, samples in self._families:
            family = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
            # Of two samples with equal labels the later counts.
            for labels, value in {tuple(clean(str(label)) for label in labels): value for labels, value in samples}.items():
                family.add_metric(labels, float(value))
            yield family


def by_the_library(families: Iterable[tuple[Metric, list[Sample]]]) -> bytes:
    return generate_latest(Given(families))  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.tuples(st.text(max_size=120), st.text(max_size=5)), NUMBERS), max_size=8), st.lists(NUMBERS, max_size=1))
def test_any_samples_are_written_byte_for_byte_as_the_library_writes_them(two: list[Sample], none: list[float]) -> None:
    made: list[tuple[Metric, list[Sample]]] = [(TWO, two), (NONE, [((), value) for value in none])]

    assert page(made) == by_the_library(made)


def test_a_whole_picture_is_written_byte_for_byte_as_the_library_writes_it() -> None:
    made = [(metric, list(samples)) for metric, samples in families(rollup(), per_account=True)]

    assert page(made) == by_the_library(made)


def test_more_lines_than_are_joined_at_once_are_all_there() -> None:
    samples: list[Sample] = [((f"账号{each}", "x"), each) for each in range(2 * LINES + 1)]

    assert page([(TWO, samples)]) == by_the_library([(TWO, samples)])


VALUES = (0, 1, 999_999, 1_000_000, 1_772_510_400.0, 1_772_510_400.25, 1e16, 1.5e300, -1e7, 1e-9, math.inf, -math.inf)


@pytest.mark.parametrize("value", VALUES)
def test_numbers_are_written_as_go_writes_them_and_lose_nothing(value: float) -> None:
    assert float(number(value)) == value
    assert by_the_library([(NONE, [((), value)])]).endswith(f" {number(value)}\n".encode())
