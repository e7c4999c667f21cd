"""Writes docs/metrics.md from the table: `python -m monitor.metrics.page > docs/metrics.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from monitor.errors import LOOK_ERRORS
from monitor.metrics.exposition import LABEL_CAP
from monitor.metrics.table import ARTICLES_CAP, CHILDREN_CAP, GROUPS, METRICS, MISSING_CAP, REGIONS_CAP, Metric
from monitor.telling.reasons import Why

FACTORS: Mapping[str, str] = {
    "accounts": "judged accounts of the roster",
    "platforms": "platforms of the roster, at most 5",
    "regions": f"regions of the roster; the {REGIONS_CAP} with most accounts have a label each, the rest is `other`; no region is `none`",
    "articles": f"live key articles: until 14 days after their deadline, at most {ARTICLES_CAP}",
    "missing": f"pairs of account and article that stand as 未转载, at most {MISSING_CAP:,}",
    "adapters": "kinds of channel that the roster names",
    "channels": "those, times the credentials each is used with",
    "sources": "platforms seen through each kind of channel; a bridge is a source of its own",
    "lanes": "hosts, bridges and credentials whose requests queue",
    "windows": "budgets: up to two a lane, and what a platform counts besides",
    "tokens": "tokens of credentials that end",
    "rules": "rules",
    "outcomes": "`ok` and the error codes",
    "reasons": "reasons for which an item of a feed may be left out",
    "waits": "reasons for which a letter may wait",
    "loops": "loops of the daemon",
}

_FIXED = {"rules": 10, "outcomes": 1 + len(LOOK_ERRORS), "reasons": 12, "waits": sum(why.waits for why in Why), "loops": 10}
MISSING_SHARE = 20
"""In the examples one account in so many is missing each article."""


def _roster(accounts: int, regions: int, articles: int, channels: int) -> dict[str, int]:
    missing = min(MISSING_CAP, accounts * articles // MISSING_SHARE)
    seen = {"channels": channels, "sources": channels, "lanes": 2 * channels, "windows": 3 * channels, "tokens": channels}
    grown = {"regions": min(regions, REGIONS_CAP + 1), "articles": articles, "missing": missing}
    return {"accounts": accounts, "platforms": 4, "adapters": min(channels, 8), **grown, **seen, **_FIXED}


EXAMPLES: Mapping[str, Mapping[str, int]] = {
    "a city": _roster(450, 11, 6, 6),
    "a province": _roster(10_000, 120, 10, 20),
    "many provinces": _roster(100_000, 1_200, 20, 40),
}

HEAD = f"""# Metrics

<!-- Made by `python -m monitor.metrics.page > docs/metrics.md` from monitor/metrics/table.py; a test keeps the two equal. -->

`GET /metrics` of the console's address answers in Prometheus' text format. Everything starts with `zhengwu_`, but for what the process
says of itself.

- **Moments are timestamps, never ages**: `time() - zhengwu_rollup_timestamp_seconds` is how old the picture is.
- **Gauges are a picture** of the last judgement of the whole roster (`judge.tick_seconds`) and are replaced as a whole: the series of an
  account, channel or article that is gone vanish with the next one. A gauge marked *live* and all counters are of the moment.
- **Counters start at zero** with the process. Those with few label values show every value as 0 before it happens.
- **Labels hold names, codes and enums**, never an error's text, an address or a secret. A value longer than {LABEL_CAP} characters, or with
  one that cannot be shown, is cut and marked with a hash. An empty value is, to Prometheus, no label.
- **Names** stand in info series alone and are joined in, for what follows a name must not break when it changes:
  `zhengwu_account_left_until_line * on (account) group_left (name, unit, region) zhengwu_account_info`.
"""

TAIL = f"""
Histograms have a series for each bucket, and three more for the rest, the sum and the count. Label sets that polling creates
are capped at {CHILDREN_CAP:,} over all its counters; what comes beyond is counted with `other`. What a cap leaves out of the picture is
said by `zhengwu_series_left_out`; counts of accounts are not touched by any.

An account costs five series and some 600 bytes of the page, ten at most. With `per_account = false` under `[watch]` in settings.toml the
metrics marked *per account* are left out; the page then depends on platforms, regions, articles and channels only. Prometheus is set to
refuse a page of more than 32 MB: beyond some 40,000 accounts the switch is needed, not just advised.
"""


def text() -> str:
    """Return the whole page."""
    groups = (line for title, metrics in GROUPS.items() for line in _group(title, metrics))
    return "\n".join([HEAD, *groups, *_cardinality(), TAIL])


def _group(title: str, metrics: tuple[Metric, ...]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| metric | type | unit | labels | meaning | at most |"
    yield "|---|---|---|---|---|---|"
    yield from map(_row, metrics)
    yield ""


def _row(metric: Metric) -> str:
    marks = [metric.type, *(["live"] if metric.kind == "live" else []), *(["per account"] if metric.per_account else [])]
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {', '.join(marks)} | {metric.unit} | {labels} | {metric.meaning} | {_bound(metric)} |"


def _bound(metric: Metric) -> str:
    lines = [f"{len(metric.buckets) + 3}"] if metric.buckets else []
    factors = [*(str(each) for each in metric.bound if each != 1), *lines]
    return " × ".join(factors) or "1"


def _cardinality() -> Iterator[str]:
    yield "## How many series\n"
    yield "*At most* is a product of these:\n"
    yield "| factor | what |"
    yield "|---|---|"
    yield from (f"| {name} | {meaning} |" for name, meaning in FACTORS.items())
    yield "\nThe sum over all metrics, for rosters that one might have; each article is missed by one account in twenty:\n"
    yield "| roster | accounts | regions | articles | channels | series | without single accounts |"
    yield "|---|---|---|---|---|---|---|"
    yield from (_example(name, sizes) for name, sizes in EXAMPLES.items())


def _example(name: str, sizes: Mapping[str, int]) -> str:
    everything = sum(metric.series(sizes) for metric in METRICS.values())
    without = sum(metric.series(sizes) for metric in METRICS.values() if not metric.per_account)
    figures = (*(sizes[each] for each in ("accounts", "regions", "articles", "channels")), everything, without)
    return f"| {name} | " + " | ".join(f"{figure:,}" for figure in figures) + " |"


if __name__ == "__main__":
    sys.stdout.write(text())
