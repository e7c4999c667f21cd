"""The alert rules and who is told of them: each fires and ends, says in Chinese what is the matter, and finds its reader."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import dashboards
import pytest
from alert_rules import (
    ALERTMANAGER,
    ALERTS,
    ALL_RULES,
    DEPLOY,
    RECORDED,
    RULE_TESTS,
    RULES,
    RUNBOOK_PATH,
    WATCHDOG,
    every_alert,
    read,
)
from tools import require_tool, run

from monitor.metrics.table import METRICS
from monitor.model import RepostVerdict, Severity, SourceState, Stage, Verdict
from monitor.telling.reasons import Why

RECEIVERS = {"critical": "sysadmin", "warning": "sysadmin", "none": "outside-guard"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
NOT_SAID = ("警告", "处罚", "失职")


# -- the tools' own checks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_promtool_has_nothing_to_say_about_the_rules(file: Path) -> None:
    result = run(require_tool("promtool", "prometheus"), "check", "rules", "--lint=all", "--lint-fatal", str(file))

    assert result.returncode == 0, (result.stdout + result.stderr).decode()


@pytest.mark.parametrize("file", RULE_TESTS, ids=lambda file: file.stem)
def test_the_rules_fire_end_and_keep_still_as_told(file: Path) -> None:
    result = run(require_tool("promtool", "prometheus"), "test", "rules", str(file))

    assert result.returncode == 0, (result.stdout + result.stderr).decode()


# -- what is tested, and what is said ---------------------------------------------------------------------------------------


def cases(alert: str) -> Iterator[tuple[str, list[tuple[float, bool]]]]:
    """Return each test group that asks about an alert: its name, and when it was found firing or not."""
    for file in RULE_TESTS:
        for group in read(file)["tests"]:
            found = [(_minutes(case["eval_time"]), bool(case["exp_alerts"])) for case in group.get("alert_rule_test", ())]
            asked = [case["alertname"] == alert for case in group.get("alert_rule_test", ())]
            if any(asked):
                yield group["name"], sorted(pair for pair, about in zip(found, asked, strict=True) if about)


def _minutes(text: str) -> float:
    return sum(float(number) * {"h": 60, "m": 1}[unit] for number, unit in re.findall(r"(\d+)([hm])", text))


@every_alert
def test_every_alert_is_seen_to_fire_to_end_and_to_keep_still_on_a_well_day(alert: str) -> None:
    found = dict(cases(alert))
    well_day = next(answers for name, answers in found.items() if name.startswith("a well day"))

    fires = [answers for answers in found.values() if any(firing for _, firing in answers)]
    ends = [answers for answers in fires if answers[-1][1] is False]

    assert fires
    if alert != WATCHDOG:
        assert ends
        assert not any(firing for _, firing in well_day)


@every_alert
def test_every_alert_says_in_chinese_what_is_the_matter_and_where_to_read_on(alert: str) -> None:
    rule = ALERTS[alert]
    said = rule["annotations"]

    assert set(said) == {"summary", "description", "runbook_url"}
    assert CHINESE.search(said["summary"]) and CHINESE.search(said["description"])
    assert not [word for word in NOT_SAID for text in said.values() if word in text]
    assert said["runbook_url"] == f"{RUNBOOK_PATH}#{alert.lower()}"
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in RECEIVERS


def test_no_alert_has_two_rules() -> None:
    names = [rule["alert"] for rule in ALL_RULES if "alert" in rule]

    assert len(names) == len(ALERTS) > 25


# -- who is told ------------------------------------------------------------------------------------------------------------


def routed(**labels: str) -> str:
    amtool = require_tool("amtool", "prometheus-alertmanager")
    pairs = (f"{name}={value}" for name, value in labels.items())
    result = run(amtool, "config", "routes", "test", f"--config.file={ALERTMANAGER}", *pairs)
    return result.stdout.decode().strip()


@every_alert
def test_every_alert_finds_who_it_is_for(alert: str) -> None:
    severity = ALERTS[alert]["labels"]["severity"]

    assert routed(alertname=alert, severity=severity) == RECEIVERS[severity]


def test_an_alert_of_somebody_elses_finds_the_sysadmin_too() -> None:
    assert routed(alertname="DiskFull", severity="unheard-of") == "sysadmin"
    assert routed(alertname="DiskFull") == "sysadmin"


def test_the_watchdog_is_repeated_oftener_than_anybody_outside_need_wait() -> None:
    route = next(each for each in read(ALERTMANAGER)["route"]["routes"] if each["receiver"] == RECEIVERS["none"])

    assert route["matchers"] == [f'alertname="{WATCHDOG}"']
    assert route["repeat_interval"] == "5m"


def matched(matchers: list[str]) -> set[str]:
    """Return the names of our alerts that matchers on the alert's name let through."""
    names = set(ALERTS)
    for matcher in matchers:
        found = re.fullmatch(r'alertname(=~|!~|!=|=)"(.+)"', matcher)
        assert found, matcher
        wanted = {name for name in ALERTS if re.fullmatch(found[2] if "~" in found[1] else re.escape(found[2]), name)}
        assert wanted, f"{matcher} names no alert of ours"
        assert "~" not in found[1] or all(any(re.fullmatch(each, name) for name in ALERTS) for each in found[2].split("|")), matcher
        names &= set(ALERTS) - wanted if found[1].startswith("!") else wanted
    return names


def inhibited_by(alert: str) -> set[str]:
    rules = read(ALERTMANAGER)["inhibit_rules"]
    held = [matched(rule["target_matchers"]) for rule in rules if alert in matched(rule["source_matchers"])]
    return set().union(*held) - {alert}


def test_a_database_that_is_away_silences_the_rest_but_neither_the_daemons_end_nor_the_watchdog() -> None:
    assert inhibited_by("ZhengwuStoreDown") == set(ALERTS) - {"ZhengwuStoreDown", "ZhengwuDown", WATCHDOG}
    assert inhibited_by("ZhengwuDown") == set(ALERTS) - {"ZhengwuDown", WATCHDOG}


def test_a_lost_access_silences_its_channel_only() -> None:
    rule = next(each for each in read(ALERTMANAGER)["inhibit_rules"] if "ZhengwuAccessLost" in each["source_matchers"][0])

    assert inhibited_by("ZhengwuAccessLost") == {name for name in ALERTS if name.startswith("ZhengwuChannel")}
    assert "channel" in rule["equal"]


def test_nothing_silences_across_daemons() -> None:
    """Two cities may share one Alertmanager."""
    assert all("instance" in rule["equal"] for rule in read(ALERTMANAGER)["inhibit_rules"])


# -- the mail ---------------------------------------------------------------------------------------------------------------

STATUSES = {"firing": ("【监测异常】", "【异常】"), "resolved": ("【已恢复】", "【已恢复】")}


@pytest.mark.parametrize("status", STATUSES)
def test_the_mail_says_what_happened_since_when_and_what_to_do_and_escapes_names(status: str, tmp_path: Path) -> None:
    """`amtool check-config` reads the templates, but renders none."""
    data = alerts_file(status, tmp_path)
    mail = read(ALERTMANAGER)["receivers"][0]["email_configs"][0]

    subject, text, html = (_rendered(mail["headers"]["Subject"], "text", data), *(_rendered(mail[k], k, data) for k in ("text", "html")))

    assert subject == f"{STATUSES[status][0]}渠道<b>等2项"
    assert text.count(STATUSES[status][1]) == 2
    assert text.count("2026-03-04 07:59:00（北京时间）") == 2
    assert text.count("2026-03-04 08:30:00（北京时间）") == (2 if status == "resolved" else 0)
    # Of what is over neither the description, which speaks of now, nor what to do is said.
    for part in ("详情", "处理办法：docs/runbook.md#zhengwudown"):
        assert (text.count(part), html.count(part)) == ((2, 2) if status == "firing" else (0, 0))
    assert "渠道&lt;b&gt;" in html and "渠道<b>" not in html
    assert html.count("2026-03-04 07:59:00（北京时间）") == 2
    assert not [word for word in NOT_SAID if word in subject + text + html]


def alerts_file(status: str, directory: Path) -> Path:
    annotations = {"summary": "渠道<b>", "description": "详情", "runbook_url": "docs/runbook.md#zhengwudown"}
    # One minute before midnight in UTC: in Beijing it is the next morning.
    moments = {"startsAt": "2026-03-03T23:59:00Z", "endsAt": "2026-03-04T00:30:00Z"}
    alert = {"status": status, "labels": {}, "annotations": annotations, **moments}
    path = directory / "alerts.json"
    path.write_text(json.dumps({"status": status, "alerts": [alert, alert]}), encoding="utf-8")
    return path


def _rendered(template: str, kind: str, data: Path) -> str:
    result = run(
        *(require_tool("amtool", "prometheus-alertmanager"), "template", "render"),
        *(f"--template.glob={DEPLOY / 'alertmanager'}/*.tmpl", f"--template.text={template}"),
        *(f"--template.type={kind}", f"--template.data={data}"),
    )
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode("utf-8")


# -- what the rules and the dashboards name ---------------------------------------------------------------------------------


def expressions() -> list[str]:
    return [rule["expr"] for rule in ALL_RULES] + dashboards.expressions()


def family(name: str) -> str:
    """Return the metric that a series belongs to: a histogram has several."""
    return name if name in METRICS else re.sub(r"_(bucket|sum|count)$", "", name)


def test_every_metric_that_rules_and_dashboards_name_is_on_the_page_or_recorded() -> None:
    named = {name for each in expressions() for name in re.findall(r"\b(?:zhengwu|process|python)_\w+", each)}
    recorded = {name for each in expressions() for name in re.findall(r"\bzhengwu(?::\w+)+", each)}

    assert len(named) > 30
    assert {name for name in named if family(name) not in METRICS} == set()
    assert recorded - RECORDED == set()


def test_every_series_that_the_tests_of_the_rules_feed_in_is_one_of_the_page_with_its_labels() -> None:
    series = [line["series"] for file in RULE_TESTS for group in read(file)["tests"] for line in group["input_series"]]

    for each in (each for each in series if each.startswith("zhengwu_")):
        name, _, labels = each.partition("{")
        # A label that is empty is none: `reason` of a channel that is well.
        assert set(re.findall(r'(\w+)="', labels)) - {"instance"} <= set(METRICS[family(name)].labels), each


VALUES = {
    "verdict": {*Verdict, *RepostVerdict, "excluded"},
    "state": {*SourceState, "fresh", "stale", "unseen"},
    "stage": set(Stage),
    "severity": set(Severity),
    "why": set(Why),
}


def test_every_enum_value_that_rules_and_dashboards_name_exists() -> None:
    named = [
        (label, value)
        for expression in expressions()
        for label, values in re.findall(r'(\w+)(?:=|=~|!=|!~)"([^"$]*)"', expression)
        if label in VALUES
        for value in values.split("|")
    ]

    assert named
    assert [(label, value) for label, value in named if value not in VALUES[label]] == []
