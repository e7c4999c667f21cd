"""Prometheus' text format for the picture: quicker than the library's, and never long in one go, for the event loop waits for each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice

from monitor.metrics.table import Metric

Sample = tuple[tuple[str, ...], float]
"""Label values in the table's order, and the value."""

LABEL_CAP = 96
"""Characters of a label value: long enough for every honest name, short enough that a hostile roster cannot bloat the page."""

LINES = 500
"""Lines that are joined and encoded at once: some 50 µs, in which no other thread runs."""


def clean(value: str) -> str:
    """Return a label value that cannot harm the page or its reader; what was changed gets a hash, so that two never become one.

    A lone surrogate cannot be encoded and would kill the whole page; a NUL ends it for Prometheus.
    """
    if len(value) <= LABEL_CAP and value.isprintable():
        return value
    safe = "".join(character if character.isprintable() else " " for character in value[: LABEL_CAP - 9])
    return f"{safe}~{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def page(families: Iterable[tuple[Metric, Iterable[Sample]]]) -> bytes:
    """Return all families, also those without a sample."""
    return b"".join(chunk for metric, samples in families for chunk in family(metric, samples))


def family(metric: Metric, samples: Iterable[Sample]) -> Iterator[bytes]:
    """Yield a family in chunks, labels in the order of their names. Of two samples with equal labels the later counts: a page may not
    repeat one."""
    yield f"# HELP {metric.name} {metric.meaning}\n# TYPE {metric.name} {metric.type}\n".encode()
    lines = iter(_series(metric, samples).items())
    while some := list(islice(lines, LINES)):
        yield "".join([f"{series} {number(value)}\n" for series, value in some]).encode()


def _series(metric: Metric, samples: Iterable[Sample]) -> dict[str, float]:
    order = sorted(range(len(metric.labels)), key=metric.labels.__getitem__)
    names = ",".join(f"{metric.labels[place]}=%s" for place in order)
    form = f"{metric.name}{{{names}}}" if names else metric.name
    return {form % tuple([_quoted(labels[place]) for place in order]): value for labels, value in samples}


def _quoted(value: str) -> str:
    # What is clean holds no line break.
    label = clean(str(value))
    if '"' in label or "\\" in label:
        label = label.replace("\\", r"\\").replace('"', r"\"")
    return f'"{label}"'


def number(value: float) -> str:
    """Return a number as Go and the library write it: with an exponent from a million on, so that equal pages are equal bytes."""
    written = repr(float(value))
    point = written.find(".")
    if value > 0 and point > 6:
        digits = f"{written[0]}.{written[1:point]}{written[point + 1 :]}".rstrip("0.")
        return f"{digits}e+{point - 1:02d}"
    return _GO.get(written, written)


_GO = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}
