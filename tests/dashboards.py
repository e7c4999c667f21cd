"""Reads the dashboards as Grafana does: panels, queries, variables put in, tables joined. What Grafana would draw is not seen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tools import ROOT

Json = dict[str, Any]

GRAFANA = ROOT / "deploy" / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
BOARDS: dict[str, Json] = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in FILES}

BUILT_IN = {"__rate_interval": "15s"}
"""Grafana derives it from the distance between two scrapes: four of them at the least."""
ALL = ".*"


def panels(uid: str) -> list[Json]:
    """Return the panels of a dashboard without its rows."""
    return [panel for panel in BOARDS[uid]["panels"] if panel["type"] != "row"]


def every_panel() -> list[tuple[str, Json]]:
    return [(uid, panel) for uid in BOARDS for panel in panels(uid)]


def panel(uid: str, title: str) -> Json:
    return next(each for each in panels(uid) if each["title"] == title)


def variables(uid: str) -> dict[str, Json]:
    return {each["name"]: each for each in BOARDS[uid]["templating"]["list"]}


def annotations(uid: str) -> list[Json]:
    """Return the annotations that ask Prometheus; the other one is what people write by hand."""
    return [each for each in BOARDS[uid]["annotations"]["list"] if "builtIn" not in each]


def expressions() -> list[str]:
    """Return every expression, wherever in a dashboard it stands, with its variables still in it."""
    return [expression for board in BOARDS.values() for expression in _expressions_in(board)]


def _expressions_in(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "expr" and isinstance(value, str))
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _expressions_in(inner)


def put_in(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of $name, ${name} and ${name:format}; percentencode is the one format that changes them."""

    def value(found: re.Match[str]) -> str:
        known = values.get(found["plain"] or found["name"])
        if known is None:
            return found[0]
        return quote(known, safe="") if found["format"] == "percentencode" else known

    return re.sub(r"\$(?:(?P<plain>\w+)|\{(?P<name>[\w.]+)(?::(?P<format>\w+))?\})", value, text)


def at_first(uid: str) -> dict[str, str]:
    """Return what stands for a dashboard's variables when it is opened; those that Prometheus fills one of are left out."""
    chosen = {name: _chosen(each) for name, each in variables(uid).items() if "current" in each}
    return {**BUILT_IN, **chosen}


def _chosen(variable: Json) -> str:
    value = variable["current"]["value"]
    if isinstance(value, str):
        return value
    return str(variable["allValue"]) if value == ["$__all"] else f"({'|'.join(value)})"


def offered(regex: str, series: Sequence[Json]) -> list[tuple[str, str]]:
    """Return value and text of what `query_result` and its regex offer; Grafana sees series as text, labels in alphabetical order."""
    body = regex.removeprefix("/").removesuffix("/").replace("(?<", "(?P<")
    texts = (_as_text(each) for each in series)
    return [(found["value"], found["text"]) for text in texts if (found := re.search(body, text))]


def _as_text(series: Json) -> str:
    labels = sorted((key, value) for key, value in series["metric"].items() if key != "__name__")
    written = ",".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in labels)
    return f"{{{written}}} {series['value'][1]} {series['value'][0]}"


def rows(targets: Mapping[str, Sequence[Json]], by: str) -> list[dict[str, str]]:
    """Join the answers of a table's queries by a label, as the transformation joinByField does for labels that differ."""
    joined: dict[str, dict[str, str]] = {}
    for letter, answer in targets.items():
        value = f"Value #{letter}" if len(targets) > 1 else "Value"
        for series in answer:
            row = joined.setdefault(series["metric"][by], {})
            row |= {**series["metric"], value: series["value"][1]}
    return list(joined.values())


def step(of: Json, kind: str) -> Json | None:
    """Return the options of a panel's transformation."""
    return next((each["options"] for each in of.get("transformations", ()) if each["id"] == kind), None)


def links(uid: str) -> Iterator[str]:
    """Return every address that a dashboard leads to."""
    yield from (each["url"] for each in BOARDS[uid]["links"])
    for each in panels(uid):
        config = each["fieldConfig"]
        values = [config["defaults"].get("links", [])]
        values += [prop["value"] for over in config["overrides"] for prop in over["properties"] if prop["id"] == "links"]
        yield from (one["url"] for several in values for one in several)
