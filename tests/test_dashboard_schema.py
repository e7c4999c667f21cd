"""The dashboards against JSON schemas made from Grafana's own types: the dashboard's, and those of the panel types in use."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
from dashboards import BOARDS, every_panel
from jsonschema import Draft7Validator
from test_real_bridges import installed, node_program

Json = dict[str, Any]

KINDS = sorted({panel["type"] for _, panel in every_panel()})
PANELS = [pytest.param(panel, id=f"{uid}-{panel['title']}") for uid, panel in every_panel()]
PLAIN = {"stat", "bargauge"}
"""Panel types without fields of their own: their FieldConfig is the common one."""
OF_THE_SOURCE = {"expr", "step", "titleFormat", "textFormat", "tagKeys", "useValueForTime"}
"""What Prometheus' plug-in reads of an annotation; the types of Grafana itself know none of it."""

# npm's first installation takes some seconds.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def schemas() -> Mapping[str, Json]:
    home, node = installed("grafana"), node_program()
    # Folders of panel types are written without a hyphen.
    written = subprocess.check_output([node, "write.mjs", *(kind.replace("-", "") for kind in KINDS)], cwd=home, timeout=300)
    return dict(json.loads(written))


def faults(schema: Json, value: object) -> list[str]:
    return [f"{each.json_path}: {each.message[:200]}" for each in Draft7Validator(schema).iter_errors(value)]


@pytest.mark.parametrize("uid", BOARDS)
def test_the_frame_of_a_dashboard_is_as_grafana_writes_it(schemas: Mapping[str, Json], uid: str) -> None:
    board = BOARDS[uid]
    notes = [{key: value for key, value in each.items() if key not in OF_THE_SOURCE} for each in board["annotations"]["list"]]
    frame = {**board, "panels": [], "annotations": {"list": notes}}

    assert faults(schemas["Dashboard"], frame) == []
    assert [fault for row in board["panels"] if row["type"] == "row" for fault in faults(schemas["RowPanel"], row)] == []


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_is_as_grafana_writes_it(schemas: Mapping[str, Json], panel: Json) -> None:
    kind = panel["type"].replace("-", "")

    found = faults(schemas["Panel"], panel) + faults(schemas[f"{kind} Options"], panel["options"])

    if kind not in PLAIN:
        found += faults(schemas[f"{kind} FieldConfig"], panel["fieldConfig"]["defaults"]["custom"])
    assert found == []


@pytest.mark.parametrize("panel", [each for each in PANELS if each.values[0]["fieldConfig"]["overrides"]])
def test_what_is_said_of_single_fields_is_as_grafana_writes_it(schemas: Mapping[str, Json], panel: Json) -> None:
    properties = [each for override in panel["fieldConfig"]["overrides"] for each in override["properties"]]
    common = {each["id"]: each["value"] for each in properties if not each["id"].startswith("custom.")}
    own = {each["id"].removeprefix("custom."): each["value"] for each in properties if each["id"].startswith("custom.")}

    found = faults(schemas["FieldConfig"], common)

    if own:
        every = {**panel["fieldConfig"]["defaults"]["custom"], **own}
        found += faults(schemas[f"{panel['type'].replace('-', '')} FieldConfig"], every)
    assert found == []


def test_a_wrong_word_or_type_is_noticed(schemas: Mapping[str, Json]) -> None:
    panel = PANELS[0].values[0]
    options = {**panel["options"], "graphMode": "curve"}

    assert faults(schemas["Panel"], {**panel, "tittle": "x"})
    assert faults(schemas["Panel"], {**panel, "id": "one"})
    assert faults(schemas[f"{panel['type']} Options"], options)
