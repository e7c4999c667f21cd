"""What a dashboard is made of, as plain values: colours, queries, panels, columns, variables. Nothing here knows a metric by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

GRID = 24
SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
NOTHING = "暂无"

# The console's meanings. Red is for a failed account alone; what could not be judged is grey; our own trouble is orange.
FAILED, SOON, UNDETERMINED, QUALIFIED = "#c4314b", "#c77700", "#7d8793", "#2e8b57"
BLUE, PALE, HELD, TROUBLE = "#2f6db5", "#8fb4dc", "#6b4fa0", "#d9640d"

Steps = Sequence[tuple[float | None, str]]
"""Thresholds: from which value on (None: from the lowest) which colour."""
Words = Mapping[str, tuple[str, str]]
"""What stands for a label's value or a number: the Chinese word and its colour."""

COUNT, RATIO, SECONDS, BYTES, MOMENT, AGO = "none", "percentunit", "s", "bytes", "time:YYYY-MM-DD HH:mm", "dateTimeFromNow"
"""Grafana's units. The last two want milliseconds."""


@dataclass(frozen=True, slots=True)
class Query:
    """One expression; `legend` names its series, with {{label}} for what differs."""

    expr: str
    legend: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: a label by its name, or a query by its letter. `bar` draws a number as a bar from 0 to `bar`; `plain` leaves
    the cell in the colour of all text."""

    of: str
    title: str
    unit: str = ""
    words: Words = field(default_factory=dict)
    steps: Steps = ()
    links: Sequence[Json] = ()
    width: int = 0
    bar: float = 0
    decimals: int | None = None
    plain: bool = False

    @property
    def source(self) -> str:
        """The field's name in Grafana: a query's numbers stand under its letter."""
        return f"Value #{self.of}" if len(self.of) == 1 else self.of


def link(title: str, url: str) -> Json:
    return {"title": title, "url": url, "targetBlank": True}


def stat(title: str, expr: str, unit: str = COUNT, steps: Steps = ((None, BLUE),), **more: Any) -> Json:
    """One large number with its course in small. `words` show instead of numbers, `name` shows the legend instead of the number."""
    panel = _panel("stat", title, [Query(expr, more.pop("legend", title))], (3, 4), more)
    panel["fieldConfig"] = _fields(unit, steps, more)
    panel["options"] = {
        "reduceOptions": _reduced(),
        "colorMode": "value",
        "graphMode": more.get("graph", "area"),
        "textMode": "name" if more.get("name") else "value",
        "justifyMode": "center",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "showPercentChange": False,
        "wideLayout": True,
    }
    return panel


def course(title: str, *queries: Query, unit: str = COUNT, **more: Any) -> Json:
    """Numbers over time. `stacked` adds them up, `line` draws a threshold, `words` name and colour series by their legend."""
    panel = _panel("timeseries", title, queries, (12, 8), more)
    panel["fieldConfig"] = _fields(unit, ((None, BLUE),), more, _lines(more), "palette-classic")
    panel["fieldConfig"]["overrides"] = _named(queries, more.get("words", {}))
    panel["options"] = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    if line := more.get("line"):
        panel["fieldConfig"]["defaults"]["thresholds"] = _thresholds(((None, "transparent"), line))
        panel["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] = {"mode": "dashed"}
    return panel


def bars(title: str, *queries: Query, unit: str = COUNT, steps: Steps = ((None, BLUE),), **more: Any) -> Json:
    """One lying bar for each series as it is now, in the order of the queries."""
    panel = _panel("bargauge", title, queries, (8, 8), more, now=True)
    panel["fieldConfig"] = _fields(unit, steps, {"min": 0, **more})
    panel["fieldConfig"]["overrides"] = _named(queries, more.get("words", {}))
    panel["options"] = {
        "reduceOptions": _reduced(),
        "orientation": "horizontal",
        "displayMode": "basic",
        "valueMode": "color",
        "namePlacement": "left",
        "showUnfilled": True,
        "sizing": "auto",
        "minVizWidth": 8,
        "minVizHeight": 16,
        "maxVizHeight": 300,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
    }
    return panel


def states(title: str, query: Query, words: Words, **more: Any) -> Json:
    """One lane over time for each series, coloured by its state."""
    panel = _panel("state-timeline", title, [query], (12, 8), more)
    panel["fieldConfig"] = _fields(COUNT, ((None, UNDETERMINED),), {"words": words}, {"lineWidth": 0, "fillOpacity": 75})
    panel["options"] = {
        "mergeValues": True,
        "showValue": "never",
        "alignValue": "left",
        "rowHeight": 0.8,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return panel


def stacks(title: str, expressions: Mapping[str, str], by: Column, columns: Sequence[Column], **more: Any) -> Json:
    """Standing bars, one for each value of a label, piled up from the columns."""
    panel = _joined("barchart", title, expressions, by, columns, (8, 8), more)
    panel["fieldConfig"] = _fields(COUNT, ((None, BLUE),), more, {"fillOpacity": 80, "lineWidth": 0}, "palette-classic")
    words = {"matcher": {"id": "byName", "options": by.title}, "properties": [{"id": "mappings", "value": _mappings(by.words)}]}
    panel["fieldConfig"]["overrides"] = [words, *(_fixed(each.title, each.steps[0][1]) for each in columns)]
    panel["options"] = {
        "xField": by.title,
        "stacking": "normal",
        "orientation": "auto",
        "showValue": "auto",
        "barWidth": 0.7,
        "groupWidth": 0.7,
        "fullHighlight": False,
        "xTickLabelRotation": 0,
        "xTickLabelMaxLength": 12,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "none"},
    }
    return panel


def table(title: str, expressions: Mapping[str, str], by: str, columns: Sequence[Column], **more: Any) -> Json:
    """Rows joined by one label. `sort` holds the titles to sort by, those with a leading "-" downwards."""
    panel = _joined("table", title, expressions, Column(by, ""), columns, (24, 10), more)
    panel["fieldConfig"] = _fields(COUNT, ((None, BLUE),), more, {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False})
    panel["fieldConfig"]["overrides"] = [_override(each) for each in columns]
    panel["options"] = {
        "frameIndex": 0,
        "showHeader": True,
        "cellHeight": "sm",
        "enablePagination": True,
        "sortBy": [{"displayName": each.lstrip("-"), "desc": each.startswith("-")} for each in more.get("sort", ())],
    }
    return panel


def row(title: str) -> Json:
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": GRID, "h": 1}}


def _panel(kind: str, title: str, queries: Sequence[Query], size: tuple[int, int], more: Json, *, now: bool = False) -> Json:
    panel: Json = {"type": kind, "title": title, "datasource": SOURCE, "targets": [], "fieldConfig": {}, "options": {}}
    if note := more.get("note"):
        panel["description"] = note
    panel["gridPos"] = {"w": more.get("width", size[0]), "h": more.get("height", size[1])}
    how = {"format": "time_series", "instant": now, "range": not now}
    panel["targets"] = [
        {"refId": chr(ord("A") + place), "datasource": SOURCE, "expr": each.expr, "legendFormat": each.legend, **how}
        for place, each in enumerate(queries)
    ]
    return panel


def _joined(
    kind: str, title: str, expressions: Mapping[str, str], by: Column, columns: Sequence[Column], size: tuple[int, int], more: Json
) -> Json:
    """Make a panel of instant queries joined by a label; only the columns' fields are left, in their order, under their titles."""
    panel = _panel(kind, title, [], size, more)
    how = {"format": "table", "instant": True, "range": False}
    panel["targets"] = [{"refId": letter, "datasource": SOURCE, "expr": expr, **how} for letter, expr in expressions.items()]
    shown = [*([by] if by.title else []), *columns]
    joins = [{"id": "joinByField", "options": {"byField": by.of, "mode": "outer"}}] if len(expressions) > 1 else []
    panel["transformations"] = [
        *joins,
        {"id": "filterFieldsByName", "options": {"include": {"names": [_name(each, expressions) for each in shown]}}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {_name(each, expressions): place for place, each in enumerate(shown)},
                "renameByName": {_name(each, expressions): each.title for each in shown},
            },
        },
    ]
    return panel


def _name(column: Column, expressions: Mapping[str, str]) -> str:
    # With a single query Grafana leaves its letter out.
    return "Value" if len(column.of) == 1 and len(expressions) == 1 else column.source


def _fields(unit: str, steps: Steps, more: Json, custom: Json | None = None, colours: str = "thresholds") -> Json:
    defaults: Json = {"unit": unit, "color": {"mode": colours}, "thresholds": _thresholds(steps), "noValue": more.get("none", NOTHING)}
    defaults |= {key: more[key] for key in ("min", "max", "decimals", "links") if key in more}
    if colours == "thresholds" and more.get("words"):
        defaults["mappings"] = _mappings(more["words"])
    if custom is not None:
        defaults["custom"] = custom
    return {"defaults": defaults, "overrides": []}


def _thresholds(steps: Steps) -> Json:
    return {"mode": "absolute", "steps": [{"color": colour, "value": value} for value, colour in steps]}


def _mappings(words: Words) -> list[Json]:
    options = {key: {"text": text, "color": colour, "index": place} for place, (key, (text, colour)) in enumerate(words.items())}
    return [{"type": "value", "options": options}]


def _lines(more: Json) -> Json:
    stacked = more.get("stacked", False)
    return {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 1 if stacked else 2,
        "fillOpacity": 45 if stacked else 0,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "axisLabel": more.get("axis", ""),
        "axisPlacement": "auto",
    }


def _named(queries: Sequence[Query], words: Words) -> list[Json]:
    """Colour series by their legend; where words are given they also stand for it."""
    fixed = [_fixed(each.legend, each.colour) for each in queries if each.colour]
    spoken = [_fixed(key, colour, text) for key, (text, colour) in words.items()]
    return fixed + spoken


def _fixed(name: str, colour: str, text: str = "") -> Json:
    properties: list[Json] = [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}]
    if text:
        properties.append({"id": "displayName", "value": text})
    return {"matcher": {"id": "byName", "options": name}, "properties": properties}


def _override(column: Column) -> Json:
    properties: list[Json] = []
    if column.unit:
        properties.append({"id": "unit", "value": column.unit})
    if column.decimals is not None:
        properties.append({"id": "decimals", "value": column.decimals})
    if column.words:
        properties.append({"id": "mappings", "value": _mappings(column.words)})
    if column.steps:
        properties.append({"id": "thresholds", "value": _thresholds(column.steps)})
    if column.links:
        properties.append({"id": "links", "value": list(column.links)})
    if column.width:
        properties.append({"id": "custom.width", "value": column.width})
    properties += _cell(column)
    return {"matcher": {"id": "byName", "options": column.title}, "properties": properties}


def _cell(column: Column) -> list[Json]:
    if column.bar:
        cell = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
        return [
            {"id": "custom.cellOptions", "value": cell},
            {"id": "min", "value": 0},
            {"id": "max", "value": column.bar},
        ]
    if (column.words or column.steps) and not column.plain:
        return [{"id": "custom.cellOptions", "value": {"type": "color-text"}}]
    return []


def _reduced() -> Json:
    return {"calcs": ["lastNotNull"], "fields": "", "values": False}
