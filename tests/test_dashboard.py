"""The one Grafana dashboard: its shape, and every query of every panel on a real Prometheus. No Grafana server takes part."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
import yaml
from demo_daemon import demo_daemon
from prometheus_server import PrometheusServer
from tools import ROOT, require_tool

GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((GRAFANA / "dashboards" / "zhengwu.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [
    pytest.param(target["expr"], id=f"{panel['id']}-{panel['title']}-{target['refId']}") for panel in PANELS for target in panel["targets"]
]
COLUMNS = 24
VARIABLES = {"$platform": ".*", "$top": "10", "$__rate_interval": "30s"}
"""What stands for Grafana's variables here; `.*` is the value that the dashboard itself gives to "all"."""

SCRAPES_SECONDS = 20.0


def substituted(text: str) -> str:
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    return text


@pytest.fixture(scope="module")
def metrics_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page to scrape: the real daemon's, in the demo's world, where mails are sent and sources fail."""
    with demo_daemon(tmp_path_factory.mktemp("demo")) as console:
        yield f"{console}metrics"


@pytest.fixture(scope="module")
def prometheus(metrics_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    program = require_tool("prometheus", "prometheus")
    rules = (ROOT / "deploy" / "prometheus" / "rules" / "zhengwu.yml",)
    with PrometheusServer(program, tmp_path_factory.mktemp("prometheus"), metrics_url, rules) as server:
        yield server


@pytest.mark.parametrize("expression", QUERIES)
def test_every_query_of_every_panel_returns_numbers(prometheus: PrometheusServer, expression: str) -> None:
    query = substituted(expression)

    found = prometheus.wait_for(query, SCRAPES_SECONDS)

    assert "$" not in query
    assert found, query


def test_the_query_of_the_platform_variable_finds_the_platforms(prometheus: PrometheusServer) -> None:
    variable = next(each for each in DASHBOARD["templating"]["list"] if each["name"] == "platform")
    asked = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"])
    assert asked is not None

    found = prometheus.wait_for(asked[1], SCRAPES_SECONDS)

    assert {series["metric"][asked[2]] for series in found} >= {"wechat", "weibo", "douyin"}


def test_the_account_that_is_silent_longest_comes_with_its_name(prometheus: PrometheusServer) -> None:
    panel = next(panel for panel in PANELS if panel["title"].startswith("最久未更新账号"))

    found = prometheus.wait_for(substituted(panel["targets"][0]["expr"]), SCRAPES_SECONDS)

    longest = max(found, key=lambda series: float(series["value"][1]))
    assert longest["metric"]["name"] == "汉阴农林科技"
    assert len(found) <= int(VARIABLES["$top"])


def test_every_alert_rule_is_evaluated_without_an_error(prometheus: PrometheusServer) -> None:
    prometheus.wait_for("zhengwu_accounts", SCRAPES_SECONDS)

    rules = prometheus.judged_rules(SCRAPES_SECONDS)

    assert len(rules) > 10
    assert {rule["name"]: rule.get("lastError", "") for rule in rules if rule["health"] != "ok"} == {}


def test_a_query_that_finds_nothing_is_noticed(prometheus: PrometheusServer) -> None:
    found = prometheus.wait_for("zhengwu_no_such_metric", 0)

    assert found == []


def test_ids_are_unique_and_titles_are_chinese() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    titles = [panel["title"] for panel in DASHBOARD["panels"]]

    assert len(ids) == len(set(ids))
    assert len(titles) == len(set(titles))
    assert all(re.search(r"[\u4e00-\u9fff]", title) for title in (*titles, DASHBOARD["title"]))


def test_dashboards_have_unique_uids() -> None:
    uids = [json.loads(file.read_text(encoding="utf-8"))["uid"] for file in (GRAFANA / "dashboards").glob("*.json")]

    assert len(uids) == len(set(uids)) == 1
    # Grafana's own limit.
    assert all(re.fullmatch(r"[0-9A-Za-z_-]{1,40}", uid) for uid in uids)


def test_panels_do_not_overlap_and_stay_on_the_grid() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]

    outside = [place for place in places if place["x"] < 0 or place["w"] < 1 or place["h"] < 1 or place["x"] + place["w"] > COLUMNS]
    overlapping = [(one, other) for one, other in combinations(places, 2) if _overlap(one, other)]

    assert outside == []
    assert overlapping == []


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (beside or apart)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_panel_has_a_unit_and_its_data_source_by_variable(panel: dict[str, Any]) -> None:
    sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
    refs = [target["refId"] for target in panel["targets"]]

    assert panel["fieldConfig"]["defaults"]["unit"]
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    assert len(refs) == len(set(refs)) > 0


def test_the_data_source_variable_starts_at_the_provisioned_one() -> None:
    provisioned = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text(encoding="utf-8"))["datasources"]
    variable = next(each for each in DASHBOARD["templating"]["list"] if each["name"] == "datasource")

    assert [each["uid"] for each in provisioned] == [variable["current"]["value"]]
    assert [each["type"] for each in provisioned] == [variable["query"]]


def test_every_variable_is_used_and_every_used_one_is_there() -> None:
    text = json.dumps(DASHBOARD["panels"], ensure_ascii=False)
    used = set(re.findall(r"\$\{?(\w+)", text))
    known = {each["name"] for each in DASHBOARD["templating"]["list"]}

    assert used - {"__rate_interval"} == known


def test_no_file_of_grafana_holds_a_secret() -> None:
    texts = [file.read_text(encoding="utf-8") for file in GRAFANA.rglob("*") if file.is_file()]

    assert not [text for text in texts if re.search(r"password|secureJsonData|Bearer|apiKey", text, re.IGNORECASE)]
