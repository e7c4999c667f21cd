"""Every query, variable, table and link of the Grafana dashboards, on a real Prometheus that scrapes the demo's daemon. No Grafana."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest
from dashboards import ALL, BOARDS, annotations, at_first, every_panel, offered, panel, put_in, rows, step, variables
from demo_daemon import demo_daemon
from prometheus_server import PrometheusServer
from tools import ROOT, require_tool

from deploy.grafana import overview
from deploy.grafana.boards import HEALTH, OVERVIEW, REPOSTS

Json = dict[str, Any]

SCRAPES_SECONDS = 30.0
OPENER = build_opener(ProxyHandler({}))
QUERIES = [
    pytest.param(uid, target["expr"], id=f"{uid}-{each['id']}-{each['title']}-{target['refId']}")
    for uid, each in every_panel()
    for target in each["targets"]
]
NOTES = [pytest.param(uid, each["expr"], id=f"{uid}-{each['name']}") for uid in BOARDS for each in annotations(uid)]
ASKED = [
    pytest.param(uid, each, id=f"{uid}-{each['name']}") for uid in BOARDS for each in variables(uid).values() if each["type"] == "query"
]
TABLES = [pytest.param(uid, each, id=f"{uid}-{each['title']}") for uid, each in every_panel() if each.get("transformations")]

# The demo's world takes its time on a busy machine.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The console of the real daemon in the demo's world, where accounts fail, reposts are missing and sources break."""
    with demo_daemon(tmp_path_factory.mktemp("demo")) as address:
        yield address.rstrip("/")


@pytest.fixture(scope="module")
def prometheus(console: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    program = require_tool("prometheus", "prometheus")
    rules = tuple(sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml")))
    with PrometheusServer(program, tmp_path_factory.mktemp("prometheus"), f"{console}/metrics", rules) as server:
        yield server


@pytest.fixture(scope="module")
def article(prometheus: PrometheusServer) -> str:
    """The key article that most accounts are missing."""
    found = prometheus.wait_for('topk(1, zhengwu_reposts{verdict="missing"} > 0)', SCRAPES_SECONDS)
    assert found, "no article of the demo is missing anywhere"
    return str(found[0]["metric"]["article"])


@pytest.fixture
def values(article: str) -> Mapping[str, str]:
    """What stands for the variable that the reader has to choose."""
    return {"article": article}


def asked(prometheus: PrometheusServer, uid: str, expr: str, values: Mapping[str, str]) -> list[Json]:
    query = put_in(expr, {**at_first(uid), **values})
    assert "$" not in query, query
    return prometheus.wait_for(query, SCRAPES_SECONDS)


def answers(prometheus: PrometheusServer, uid: str, of: Json, values: Mapping[str, str]) -> dict[str, list[Json]]:
    return {target["refId"]: asked(prometheus, uid, target["expr"], values) for target in of["targets"]}


def number(prometheus: PrometheusServer, uid: str, title: str, values: Mapping[str, str]) -> float:
    [series] = asked(prometheus, uid, panel(uid, title)["targets"][0]["expr"], values)
    return float(series["value"][1])


@pytest.mark.parametrize(("uid", "expression"), [*QUERIES, *NOTES])
def test_every_query_of_every_panel_and_annotation_returns_numbers(
    prometheus: PrometheusServer, values: Mapping[str, str], uid: str, expression: str
) -> None:
    found = asked(prometheus, uid, expression, values)

    assert found, expression


def test_a_query_that_finds_nothing_is_noticed(prometheus: PrometheusServer) -> None:
    found = prometheus.wait_for("zhengwu_no_such_metric", 0)

    assert found == []


def test_every_rule_is_evaluated_without_an_error(prometheus: PrometheusServer) -> None:
    prometheus.wait_for("zhengwu_accounts", SCRAPES_SECONDS)

    rules = prometheus.judged_rules(SCRAPES_SECONDS)

    assert len(rules) > 20
    assert {rule["name"]: rule.get("lastError", "") for rule in rules if rule["health"] != "ok"} == {}


@pytest.mark.parametrize(("uid", "variable"), ASKED)
def test_every_variable_is_filled(prometheus: PrometheusServer, uid: str, variable: Json) -> None:
    query = put_in(variable["query"]["query"], at_first(uid))

    if listing := re.fullmatch(r"label_values\((.+), (\w+)\)", query):
        found = {series["metric"].get(listing[2], "") for series in prometheus.wait_for(listing[1], SCRAPES_SECONDS)}
    else:
        inner = query.removeprefix("query_result(").removesuffix(")")
        found = {text for _, text in offered(variable["regex"], prometheus.wait_for(inner, SCRAPES_SECONDS))}

    assert len(found - {""}) > 2


def test_a_title_with_a_quote_is_offered_whole() -> None:
    series = [{"metric": {"article": "a-1", "instance": "i", "title": '关于“三化”的"通知"'}, "value": [0, "1"]}]

    found = offered(variables(REPOSTS)["article"]["regex"], series)

    assert found == [("a-1", '关于“三化”的\\"通知\\"')]


@pytest.mark.parametrize(("uid", "table"), TABLES)
def test_the_fields_that_a_table_shows_are_in_its_answers(
    prometheus: PrometheusServer, values: Mapping[str, str], uid: str, table: Json
) -> None:
    several = len(table["targets"]) > 1
    found = answers(prometheus, uid, table, values)

    labels = [set().union(*(series["metric"] for series in answer)) for answer in found.values() if answer]
    fields = set().union(*labels) | {f"Value #{letter}" if several else "Value" for letter in found}
    shown = step(table, "filterFieldsByName")["include"]["names"]  # type: ignore[index]
    assert [name for name in shown if name not in fields] == []
    # A label that two queries return would stand there twice, as "platform 1" and "platform 2".
    by = step(table, "joinByField")["byField"] if several else ""  # type: ignore[index]
    twice = [name for name in set().union(*labels) - {by} if sum(name in each for each in labels) > 1]
    assert twice == []
    assert all(by in each for each in labels) or not several


# -- the numbers are the console's -------------------------------------------------------------------------------------------


def page(address: str) -> str:
    with OPENER.open(address, timeout=20) as response:
        text: str = response.read().decode("utf-8")
    return text


def test_the_numbers_at_the_top_are_those_of_the_console(console: str, prometheus: PrometheusServer) -> None:
    titles = {"不合格": "今日超期", "3天内将超期": "3天内将超期", "无法判定": "无法判定", "合格": "合格"}

    shown = {title: number(prometheus, OVERVIEW, title, {}) for title in titles}

    found = re.findall(r"<strong>(\d+)</strong>\s*<span>([^<]+)</span>", page(f"{console}/"))
    counted = {word: float(count) for count, word in found}
    assert shown == {title: counted[word] for title, word in titles.items()}
    assert all(shown.values())


def listed(prometheus: PrometheusServer, values: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of the list of accounts, the worst first, as its table sorts them."""
    table = panel(OVERVIEW, "账号列表（问题最重的在前）")
    found = rows(answers(prometheus, OVERVIEW, table, values), "account")
    return sorted(found, key=lambda row: (-float(row["Value #A"]), -float(row.get("Value #B", "-1"))))


def test_who_never_published_stands_first_as_in_the_console_and_is_said_to_have_published_never(
    console: str, prometheus: PrometheusServer
) -> None:
    first = listed(prometheus, {})[0]

    assert first["name"] in page(f"{console}/?verdict=failed").partition("<tbody")[2].partition("</tr>")[0]
    assert (first["Value #A"], float(first["Value #B"]), "Value #C" in first) == ("3", overview.NEVER_DAYS, False)
    table = panel(OVERVIEW, "账号列表（问题最重的在前）")
    [days] = [each["properties"] for each in table["fieldConfig"]["overrides"] if each["matcher"]["options"] == "未更新天数"]
    words = next(each["value"][0]["options"] for each in days if each["id"] == "mappings")
    assert words[str(overview.NEVER_DAYS)]["text"] == "从未发布"


def test_who_has_published_follows_the_longest_silence_first(console: str, prometheus: PrometheusServer) -> None:
    found = listed(prometheus, {})

    first = next(row for row in found if "Value #C" in row)
    assert (first["name"], first["region"], first["platform"]) == ("汉阴农林科技", "汉阴县", "wechat")
    assert float(first["Value #B"]) > 300
    assert {row["Value #A"] for row in found} == {"3", "2"}
    assert len(found) == number(prometheus, OVERVIEW, "不合格", {}) + number(prometheus, OVERVIEW, "无法判定", {})


def test_a_chosen_county_platform_unit_and_verdict_narrow_the_list(prometheus: PrometheusServer) -> None:
    everybody = listed(prometheus, {"verdict": ALL})
    one = everybody[0]

    county = listed(prometheus, {"verdict": ALL, "region": one["region"]})
    unit = listed(prometheus, {"verdict": ALL, "unit": one["unit"]})
    platform = listed(prometheus, {"verdict": "qualified", "platform": "weibo"})

    assert len(everybody) > 400
    assert {row["region"] for row in county} == {one["region"]} and len(county) < len(everybody)
    assert {row["unit"] for row in unit} == {one["unit"]} and len(unit) < len(county)
    assert {(row["platform"], row["Value #A"]) for row in platform} == {("weibo", "1")}


def test_idle_days_are_calendar_days_in_shanghai(prometheus: PrometheusServer) -> None:
    # 2020-02-18T16:30Z is 00:30 on the 19th in Shanghai, thirteen days before 2020-03-03 and not fourteen.
    counted = overview.days_since("vector(1582043400)").replace("time()", "1583240400")

    [answer] = prometheus.query(counted)

    assert answer["value"][1] == "13"


def first_link(uid: str, title: str, column: str, row: Mapping[str, str], values: Mapping[str, str]) -> str:
    overrides = panel(uid, title)["fieldConfig"]["overrides"]
    properties = next(each["properties"] for each in overrides if each["matcher"]["options"] == column)
    url = next(each["value"] for each in properties if each["id"] == "links")[-1]["url"]
    return put_in(url, {f"__data.fields.{name}": value for name, value in row.items()} | dict(values))


def test_the_link_of_an_account_leads_to_it_in_the_console(console: str, prometheus: PrometheusServer) -> None:
    row = listed(prometheus, {})[0]

    address = first_link(OVERVIEW, "账号列表（问题最重的在前）", "账号名称", row, {"console": console})

    assert row["name"] in page(address)
    assert "共 1 个" in page(address) or page(address).count('class="verdict') <= 2


def test_the_links_of_a_missing_repost_and_of_its_article_lead_to_their_pages(
    console: str, prometheus: PrometheusServer, article: str
) -> None:
    values = {"console": console, "article": article}
    who = rows(answers(prometheus, REPOSTS, panel(REPOSTS, "未转载名单"), values), "account")
    all_articles = rows(answers(prometheus, REPOSTS, panel(REPOSTS, "重要信息一览"), values), "article")
    this = next(row for row in all_articles if row["article"] == article)

    pair = first_link(REPOSTS, "未转载名单", "账号名称", who[0], values)
    sheet = first_link(REPOSTS, "重要信息一览", "标题", this, values)

    assert who[0]["name"] in page(pair)
    assert this["title"] in page(sheet).replace("&#34;", '"')
    assert len(who) == number(prometheus, REPOSTS, "未转载", values) == float(this["Value #G"])


def test_the_sources_of_the_demo_answer_and_the_daemon_is_up(prometheus: PrometheusServer) -> None:
    assert number(prometheus, HEALTH, "监测程序", {}) == 1
    assert number(prometheus, HEALTH, "数据库", {}) == 1
    assert number(prometheus, HEALTH, "采集异常的数据源", {}) == 0


def test_a_channel_whose_last_look_failed_is_not_shown_as_well(prometheus: PrometheusServer) -> None:
    """Only a refused credential or a closed interface counts as lost; a network that fails is a failure all the same."""
    table = panel(HEALTH, "渠道")

    state = {series["metric"]["channel"]: float(series["value"][1]) for series in answers(prometheus, HEALTH, table, {})["A"]}

    lost = {series["metric"]["channel"] for series in prometheus.query("zhengwu_channel_failing == 1")}
    failed = prometheus.query("zhengwu_channel_last_failed_timestamp_seconds > zhengwu_channel_last_good_timestamp_seconds")
    assert lost and {channel for channel, value in state.items() if value == 2} == lost
    assert all(state[series["metric"]["channel"]] >= 1 for series in failed)
    assert 0 in state.values()
