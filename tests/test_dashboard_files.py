"""The dashboards as files: made from their generator, laid out, named, coloured, wired to each other and to their provisioning."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest
import yaml
from dashboards import BOARDS, GRAFANA, annotations, every_panel, expressions, links, panels, variables
from example_metrics import filled
from tools import ROOT

from deploy.grafana import boards, health, make, overview, reposts, running
from deploy.grafana.boards import CONSOLE, OVERVIEW, PLATFORMS
from deploy.grafana.parts import FAILED, UNDETERMINED
from monitor.errors import LOOK_ERRORS
from monitor.metrics.gauges import NO_REGION, OTHER
from monitor.model import Platform, RepostVerdict, SourceState, Verdict
from monitor.telling.reasons import Why

Json = dict[str, Any]

COLUMNS = 24
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PANELS = [pytest.param(panel, id=f"{uid}-{panel['title']}") for uid, panel in every_panel()]
BY_UID = pytest.mark.parametrize("uid", BOARDS)
NOT_OF_THE_TREE = ("unexpected", "no_channel")
"""How a look may end beside the error tree: a bug of ours, and a channel that is switched off."""
CLASSIC_RED = re.compile(r"\bred\b|dark-red|#c4162a|#f2495c", re.IGNORECASE)


@BY_UID
def test_a_file_is_what_the_generator_writes(uid: str) -> None:
    file = GRAFANA / "dashboards" / f"{uid}.json"

    assert file.read_text(encoding="utf-8") == make.text(make.dashboards()[uid])


def test_another_console_changes_that_variable_and_nothing_else() -> None:
    moved = make.dashboards("https://console.example.invalid")

    for uid, board in moved.items():
        assert make.text(board).replace("https://console.example.invalid", CONSOLE) == make.text(BOARDS[uid])


def test_there_are_three_with_uids_of_grafanas_own_limits() -> None:
    uids = [board["uid"] for board in BOARDS.values()]

    assert uids == list(BOARDS) and len(set(uids)) == 3
    assert all(re.fullmatch(r"[0-9A-Za-z_-]{1,40}", uid) for uid in uids)


@BY_UID
def test_ids_and_titles_are_unique_and_titles_and_notes_are_chinese(uid: str) -> None:
    ids = [panel["id"] for panel in BOARDS[uid]["panels"]]
    titles = [panel["title"] for panel in BOARDS[uid]["panels"]]
    notes = [panel["description"] for panel in panels(uid) if "description" in panel]

    assert len(ids) == len(set(ids))
    assert [title for title in titles if titles.count(title) > 1] == []
    assert all(CHINESE.search(text) for text in (*titles, *notes, BOARDS[uid]["title"], BOARDS[uid]["description"]))


@BY_UID
def test_no_word_that_a_reader_sees_accuses(uid: str) -> None:
    assert not re.search("警告|处罚|失职", json.dumps(BOARDS[uid], ensure_ascii=False))


@BY_UID
def test_panels_do_not_overlap_and_stay_on_the_grid(uid: str) -> None:
    places = [panel["gridPos"] for panel in BOARDS[uid]["panels"]]

    outside = [place for place in places if place["x"] < 0 or place["w"] < 1 or place["h"] < 1 or place["x"] + place["w"] > COLUMNS]
    overlapping = [(one, other) for one, other in combinations(places, 2) if _overlap(one, other)]

    assert outside == []
    assert overlapping == []


@BY_UID
def test_every_line_of_panels_is_full_and_of_one_height(uid: str) -> None:
    """A gap at the right, or panels of two heights beside each other, would look like something missing."""
    lines: dict[int, list[Json]] = {}
    for panel in BOARDS[uid]["panels"]:
        lines.setdefault(panel["gridPos"]["y"], []).append(panel["gridPos"])

    assert {y: sum(each["w"] for each in line) for y, line in lines.items()} == dict.fromkeys(lines, COLUMNS)
    assert all(len({each["h"] for each in line}) == 1 for line in lines.values())


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (beside or apart)


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_has_a_unit_a_word_for_nothing_and_its_data_source_by_variable(panel: Json) -> None:
    sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
    refs = [target["refId"] for target in panel["targets"]]

    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["fieldConfig"]["defaults"]["noValue"]
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    assert len(refs) == len(set(refs)) > 0


@pytest.mark.parametrize("panel", PANELS)
def test_every_series_has_a_legend_that_a_reader_understands(panel: Json) -> None:
    if step := panel.get("transformations"):
        titles = step[-1]["options"]["renameByName"].values()
        assert all(CHINESE.search(title) for title in titles)
        return
    legends = [target["legendFormat"] for target in panel["targets"]]

    assert all(legends) and len(legends) == len(set(legends))
    assert all(CHINESE.search(legend) or re.fullmatch(r"\{\{\w+\}\}", legend) for legend in legends)
    shown = panel["options"].get("legend", {}).get("showLegend", True)
    assert shown or panel["type"] == "bargauge", "a bar carries its name beside it"


def test_every_column_with_a_link_a_word_or_a_width_is_a_column_that_the_table_has() -> None:
    for _, panel in every_panel():
        if panel["type"] == "table":
            titles = set(panel["transformations"][-1]["options"]["renameByName"].values())
            named = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]}
            sorted_by = {each["displayName"] for each in panel["options"]["sortBy"]}
            assert named <= titles and sorted_by <= titles, panel["title"]


# -- colours and words -------------------------------------------------------------------------------------------------------


def test_red_is_for_failed_accounts_and_missing_reposts_alone() -> None:
    red = [panel["title"] for _, panel in every_panel() if FAILED in json.dumps(panel)]
    text = json.dumps(list(BOARDS.values()))

    assert all(re.search("不合格|账号|转载|平台|县区|重要信息", title) for title in red)
    assert not CLASSIC_RED.search(text)
    assert FAILED not in json.dumps(BOARDS["zhengwu-health"])


def test_what_cannot_be_judged_is_grey() -> None:
    assert overview.RANKS["2"] == (Verdict.UNDETERMINED.label, UNDETERMINED)
    assert reposts.VERDICTS["undetermined"] == (RepostVerdict.UNDETERMINED.label, UNDETERMINED)


def test_there_is_a_word_for_every_value_that_the_daemon_may_show() -> None:
    assert {platform.value: platform.label for platform in Platform} == PLATFORMS
    assert {verdict.value: verdict.label for verdict in Verdict} == overview.VERDICTS
    assert set(reposts.VERDICTS) == set(RepostVerdict) == set(reposts.OWED.split("|"))
    assert set(health.OUTCOMES) == {"ok", *(error.code for error in LOOK_ERRORS), *NOT_OF_THE_TREE}
    assert set(boards.REGION_WORDS) == {NO_REGION, OTHER}
    assert set(running.HELD_WHY) == {why.value for why in Why if why.waits}
    assert len(health.STATES) == len(SourceState)


@pytest.mark.parametrize(
    ("metric", "label", "words"),
    [
        ("zhengwu_letters_total", "outcome", running.LETTERS),
        ("zhengwu_links_total", "outcome", running.LINKS),
        ("zhengwu_heartbeats_total", "outcome", running.HEARTBEATS),
        ("zhengwu_claims_total", "outcome", running.CLAIMS),
        ("zhengwu_store_errors_total", "kind", running.STORE_ERRORS),
        ("zhengwu_canaries", "state", health.CANARIES),
        ("zhengwu_accounts_idle", "days", overview.IDLE),
    ],
)
def test_the_words_are_those_of_the_page(metric: str, label: str, words: dict[str, Any]) -> None:
    page = filled().render()[0].decode("utf-8")

    values = {found[1] for line in re.findall(rf"^{metric}{{.*", page, re.MULTILINE) if (found := re.search(rf'{label}="([^"]*)"', line))}

    assert values == set(words)


def test_every_metric_that_a_dashboard_names_is_on_the_page() -> None:
    page = filled().render()[0].decode("utf-8")
    exported = set(re.findall(r"^(\w+)[{ ]", page, re.MULTILINE))

    named = {name for expression in expressions() for name in re.findall(r"(?<![:\w])(?:zhengwu|process|python)_\w+", expression)}

    assert len(named) > 40
    assert named - exported == set()


# -- variables, links, provisioning ------------------------------------------------------------------------------------------


@BY_UID
def test_every_variable_is_used_and_every_used_one_is_there(uid: str) -> None:
    text = json.dumps([BOARDS[uid]["panels"], annotations(uid)], ensure_ascii=False)
    queries = json.dumps([each.get("query") for each in variables(uid).values()], ensure_ascii=False)

    used = set(re.findall(r"\$\{?(\w+)", text + queries)) - {"__rate_interval", "__data", "__value", "__url_time_range"}

    assert used == set(variables(uid))


@BY_UID
def test_each_dashboard_leads_to_the_two_others_and_keeps_time_and_choice(uid: str) -> None:
    links = BOARDS[uid]["links"]

    assert {each["url"] for each in links} == {f"/d/{other}" for other in BOARDS if other != uid}
    assert all(each["keepTime"] and each["includeVars"] and not each["targetBlank"] for each in links)


@BY_UID
def test_every_link_leads_to_a_dashboard_that_is_there_or_to_the_console(uid: str) -> None:
    found = list(links(uid))

    inside = [url for url in found if url.startswith("/d/")]
    assert {re.match(r"/d/([\w-]+)", url)[1] for url in inside} <= set(BOARDS)  # type: ignore[index]
    assert all(url.startswith("${console:raw}/") for url in found if url not in inside)


@BY_UID
def test_what_a_link_puts_into_an_address_is_encoded(uid: str) -> None:
    """An article's id, a county or a code may hold anything; only the console's own address is put in as it is."""
    put_in = [each for url in links(uid) for each in re.findall(r"\$\{[^}]+\}", url)]

    whole = ("${console:raw}", "${__url_time_range}")
    assert [each for each in put_in if not each.endswith((":percentencode}", ":queryparam}")) and each not in whole] == []


@BY_UID
def test_a_link_to_a_dashboard_keeps_the_time_that_is_looked_at(uid: str) -> None:
    inside = [url for url in links(uid) if url.startswith("/d/") and "?" in url]

    assert [url for url in inside if "?${__url_time_range}&" not in url] == []


@pytest.mark.parametrize("uid", [uid for uid in BOARDS if "console" in variables(uid)])
def test_an_address_cannot_choose_the_console(uid: str) -> None:
    console = variables(uid)["console"]

    assert (console["type"], console["hide"], console["skipUrlSync"]) == ("constant", 2, True)


@BY_UID
def test_time_is_chinas_and_the_page_renews_itself(uid: str) -> None:
    board = BOARDS[uid]

    assert (board["timezone"], board["weekStart"]) == ("Asia/Shanghai", "monday")
    assert re.fullmatch(r"now-\d+[hd]", board["time"]["from"]) and re.fullmatch(r"\d+m", board["refresh"])


@BY_UID
def test_restarts_and_frozen_sources_are_marked(uid: str) -> None:
    names = [each["name"] for each in annotations(uid)]

    assert names[:2] == ["程序启动与升级", "采集异常"]


@BY_UID
def test_the_data_source_variable_starts_at_the_provisioned_one(uid: str) -> None:
    provisioned = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text(encoding="utf-8"))["datasources"]
    variable = variables(uid)["datasource"]

    assert [each["uid"] for each in provisioned] == [variable["current"]["value"]]
    assert [each["type"] for each in provisioned] == [variable["query"]]


def test_grafana_is_given_the_files_and_opens_the_overview() -> None:
    grafana = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["grafana"]
    mounts = {inside: outside for outside, inside, *_ in (volume.split(":") for volume in grafana["volumes"])}
    provider = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "zhengwu.yml").read_text(encoding="utf-8"))["providers"][0]

    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]

    folder = provider["options"]["path"]
    assert mounts[folder] == "./deploy/grafana/dashboards" and mounts["/etc/grafana/provisioning"] == "./deploy/grafana/provisioning"
    assert home == f"{folder}/{OVERVIEW}.json"
    assert provider["folder"] == "政务新媒体监测"


def test_no_file_of_grafana_holds_a_secret() -> None:
    texts = [file.read_text(encoding="utf-8") for file in GRAFANA.rglob("*") if file.suffix in (".py", ".md", ".json", ".yml")]

    assert not [text for text in texts if re.search(r"password|secureJsonData|Bearer|apiKey", text, re.IGNORECASE)]
