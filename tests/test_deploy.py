"""Keeps deploy/, compose.yaml and the Dockerfile in step with the code and with each other; the tools' own checks on top."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from example_metrics import filled
from pydantic import BaseModel
from test_dashboard import DASHBOARD
from tools import ROOT, require_tool, run

from monitor.model import RepostVerdict, Severity, SourceState, Stage, Verdict
from monitor.settings import PREFIX, SECRETS, Settings, WebSettings

DEPLOY = ROOT / "deploy"
PROMETHEUS = DEPLOY / "prometheus" / "prometheus.yml"
RULES = DEPLOY / "prometheus" / "rules" / "zhengwu.yml"
RULE_TESTS = DEPLOY / "prometheus" / "tests" / "zhengwu_test.yml"
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"
PORT = WebSettings().port
LOOPBACK = "127.0.0.1:"


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


COMPOSE = read(ROOT / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ALERTS = [rule for group in read(RULES)["groups"] for rule in group["rules"]]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

TOOL_CHECKS = {
    "the configuration of prometheus": ("promtool", "prometheus", ("check", "config", str(PROMETHEUS))),
    "the alert rules": ("promtool", "prometheus", ("check", "rules", "--lint=all", "--lint-fatal", str(RULES))),
    "each alert fires and keeps still": ("promtool", "prometheus", ("test", "rules", str(RULE_TESTS))),
    "the configuration of alertmanager": ("amtool", "prometheus-alertmanager", ("check-config", str(ALERTMANAGER))),
}


@pytest.mark.parametrize("check", TOOL_CHECKS.values(), ids=TOOL_CHECKS.keys())
def test_the_tools_own_checks_pass(check: tuple[str, str, tuple[str, ...]]) -> None:
    name, package, arguments = check
    program = require_tool(name, package)

    result = run(program, *arguments)

    assert result.returncode == 0, (result.stdout + result.stderr).decode()


@pytest.mark.parametrize("severity", ["critical", "warning", "unheard-of"])
def test_every_alert_finds_the_sysadmin(severity: str) -> None:
    amtool = require_tool("amtool", "prometheus-alertmanager")

    result = run(amtool, "config", "routes", "test", f"--config.file={ALERTMANAGER}", f"severity={severity}", "alertname=ZhengwuDown")

    assert result.stdout.decode().strip() == "sysadmin"


STATUSES = {"firing": ("【采集异常】", "异常"), "resolved": ("【已恢复】", "已恢复")}


@pytest.mark.parametrize("status", STATUSES)
def test_the_mail_of_alertmanager_says_what_happened_and_escapes_names(status: str, tmp_path: Path) -> None:
    """`amtool check-config` does not read the templates that stand in the configuration itself."""
    mail = read(ALERTMANAGER)["receivers"][0]["email_configs"][0]
    annotations = {"summary": "渠道<b>", "description": "详情"}
    alert = {"status": status, "labels": {}, "annotations": annotations, "startsAt": "2026-03-03T04:00:00Z"}
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"status": status, "alerts": [alert, alert]}), encoding="utf-8")

    subject, text, html = (_rendered(mail["headers"]["Subject"], "text", data), *(_rendered(mail[k], k, data) for k in ("text", "html")))

    assert subject == f"{STATUSES[status][0]}渠道<b>等2项"
    assert STATUSES[status][1] in text
    assert "2026-03-03 04:00:00 UTC" in text
    assert "渠道&lt;b&gt;" in html
    assert "渠道<b>" not in html


def _rendered(template: str, kind: str, data: Path) -> str:
    amtool = require_tool("amtool", "prometheus-alertmanager")
    result = run(
        *(amtool, "template", "render", f"--template.glob={data.parent}/none*.tmpl", f"--template.text={template}"),
        *(f"--template.type={kind}", f"--template.data={data}"),
    )
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode("utf-8")


def test_every_alert_is_tested_firing_and_keeping_still() -> None:
    cases = [case for group in read(RULE_TESTS)["tests"] for case in group["alert_rule_test"]]
    names = {rule["alert"] for rule in ALERTS}

    assert {case["alertname"] for case in cases if case["exp_alerts"]} == names
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == names


def test_every_alert_says_in_chinese_what_is_the_matter() -> None:
    lacking = [
        rule["alert"]
        for rule in ALERTS
        if not all(re.search(r"[\u4e00-\u9fff]", rule["annotations"].get(key, "")) for key in ("summary", "description"))
        or rule["labels"].get("severity") not in ("critical", "warning")
    ]

    assert lacking == []


def test_alert_names_in_inhibitions_exist() -> None:
    matchers = [m for rule in read(ALERTMANAGER)["inhibit_rules"] for m in (*rule["source_matchers"], *rule["target_matchers"])]
    patterns = [re.fullmatch(r'alertname=~?"(.+)"', matcher) for matcher in matchers]

    unknown = [
        each for p in patterns if p for each in p[1].split("|") if not any(re.fullmatch(each, rule["alert"]) for rule in ALERTS)
    ]

    assert all(patterns)
    assert unknown == []


def expressions() -> list[str]:
    return [rule["expr"] for rule in ALERTS] + [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]


def test_every_metric_that_rules_and_dashboard_name_is_on_the_page() -> None:
    page = filled().render()[0].decode("utf-8")
    exported = set(re.findall(r"^(\w+)[{ ]", page, re.MULTILINE))

    named = {name for expression in expressions() for name in re.findall(r"\b(?:zhengwu|process|python)_\w+", expression)}

    assert len(named) > 15
    assert named - exported == set()


def test_every_metric_that_the_tests_of_the_rules_feed_in_is_on_the_page_with_those_labels() -> None:
    page = filled().render()[0].decode("utf-8")
    fed = [line["series"] for group in read(RULE_TESTS)["tests"] for line in group["input_series"] if line["series"].startswith("zhengwu_")]

    for series in fed:
        name, labels = re.split(r"(?={)", series, maxsplit=1)
        known = set(re.findall(r"(\w+)=\"", " ".join(re.findall(rf"^{name}(?:{{.*}})? ", page, re.MULTILINE))))
        assert set(re.findall(r"(\w+)=\"", labels)) - {"instance"} <= known, series


VALUES = {
    "verdict": {*Verdict, *RepostVerdict, "excluded"},
    "state": set(SourceState),
    "stage": set(Stage),
    "severity": set(Severity),
}


def test_every_enum_value_that_rules_and_dashboard_name_exists() -> None:
    named = [
        (label, value)
        for expression in expressions()
        for label, values in re.findall(r'(\w+)(?:=|=~|!=|!~)"([^"]*)"', expression)
        if label in VALUES
        for value in values.split("|")
    ]

    assert named
    assert [(label, value) for label, value in named if value not in VALUES[label]] == []


def test_the_port_is_the_same_everywhere() -> None:
    daemon = SERVICES["daemon"]
    scraped = [target for job in read(PROMETHEUS)["scrape_configs"] for static in job["static_configs"] for target in static["targets"]]

    assert scraped == [f"daemon:{PORT}"]
    assert daemon["ports"] == [f"{LOOPBACK}{PORT}:{PORT}"]
    assert daemon["environment"][f"{PREFIX}WEB__PORT"] == str(PORT)
    assert f"EXPOSE {PORT}\n" in DOCKERFILE
    assert f"http://127.0.0.1:{PORT}/healthz" in DOCKERFILE
    assert f"http://127.0.0.1:{PORT}/healthz" in daemon["healthcheck"]["test"][-1]


def test_prometheus_scrapes_the_path_and_job_that_everything_else_names() -> None:
    jobs = {job["job_name"]: job["metrics_path"] for job in read(PROMETHEUS)["scrape_configs"]}

    assert jobs == {"zhengwu": "/metrics"}
    assert {job for each in expressions() for job in re.findall(r'job="(\w+)"', each)} == set(jobs)


def container_variables() -> list[str]:
    return [name for name in SERVICES["daemon"]["environment"] if name.startswith(PREFIX)] + re.findall(r"(ZHENGWU_\w+)=", DOCKERFILE)


@pytest.mark.parametrize("variable", container_variables())
def test_every_variable_of_the_containers_is_a_setting(variable: str) -> None:
    keys = variable.removeprefix(PREFIX).removesuffix("_FILE").lower().split("__")

    if keys != ["settings"]:
        assert _is_setting(Settings, keys)
    if variable.endswith("_FILE"):
        assert tuple(keys) in SECRETS


def _is_setting(model: type[BaseModel], keys: list[str]) -> bool:
    field = model.model_fields.get(keys[0])
    if field is None or len(keys) == 1:
        return field is not None
    inner = [each for each in (field.annotation, *get_args(field.annotation)) if isinstance(each, type) and issubclass(each, BaseModel)]
    return bool(inner) and _is_setting(inner[0], keys[1:])


def test_the_values_of_the_containers_variables_make_valid_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVICES["daemon"]["environment"].items():
        if not name.endswith("_FILE"):
            monkeypatch.setenv(name, value)

    settings = Settings()

    assert settings.web.host == "0.0.0.0"
    assert settings.web.port == PORT
    assert settings.mongo.url.get_secret_value().startswith("mongodb://mongo:")


def test_a_host_that_a_file_names_is_a_service() -> None:
    texts = [file.read_text(encoding="utf-8") for file in DEPLOY.rglob("*.yml")] + [yaml.safe_dump(SERVICES)]
    services = "|".join(("mongo", "prometheus", "alertmanager", "grafana", "mailpit", "daemon"))

    named = {host for text in texts for host in re.findall(r"\b([a-z]+):(?:27017|9090|9093|1025|8780|3000)\b", text)}

    assert set(SERVICES) == set(services.split("|"))
    assert named <= set(SERVICES)
    assert SERVICES["daemon"]["environment"][f"{PREFIX}SMTP__HOST"] in SERVICES
    assert "replicaSet=rs0" in SERVICES["daemon"]["environment"][f"{PREFIX}MONGO__URL"]
    assert "rs0" in SERVICES["mongo"]["command"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_pinned_watched_and_without_privileges(name: str) -> None:
    service = SERVICES[name]
    tag = service["image"].rpartition(":")[2]

    assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag)
    assert service["healthcheck"]["test"][0] == "CMD"
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "network_mode", "pid", "cap_add", "devices"} & set(service)
    assert all(port.startswith(LOOPBACK) for port in service.get("ports", ()))


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_is_a_service_that_can_become_healthy(name: str) -> None:
    awaited: dict[str, dict[str, str]] = SERVICES[name].get("depends_on", {})

    assert set(awaited) <= set(SERVICES)
    assert all(each == {"condition": "service_healthy"} for each in awaited.values())


def test_prometheus_does_not_wait_for_what_it_watches() -> None:
    assert "daemon" not in SERVICES["prometheus"]["depends_on"]


def test_only_the_daemon_reaches_the_database() -> None:
    on_store = [name for name, service in SERVICES.items() if "store" in service["networks"]]

    assert sorted(on_store) == ["daemon", "mongo"]
    assert SERVICES["mongo"]["networks"] == ["store"]
    assert COMPOSE["networks"]["store"] == {"internal": True}
    assert "ports" not in SERVICES["mongo"]


def test_every_mounted_file_is_there_and_every_named_volume_declared() -> None:
    mounts = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())]

    here = [mount for mount in mounts if mount.startswith("./")]
    named = {mount for mount in mounts if not mount.startswith("./")}
    assert here
    assert [mount for mount in here if not (ROOT / mount).exists()] == []
    assert named == set(COMPOSE["volumes"])


def test_the_database_and_the_daemons_data_survive_a_new_container() -> None:
    assert any(volume.endswith(":/data/db") for volume in SERVICES["mongo"]["volumes"])
    assert any(volume.endswith(":/data") for volume in SERVICES["daemon"]["volumes"])


def test_the_daemon_is_given_the_time_it_needs_to_stop() -> None:
    grace = int(SERVICES["daemon"]["stop_grace_period"].removesuffix("s"))

    assert grace >= Settings().poll.stop_seconds + 5


def test_the_daemon_hears_a_stop_while_it_still_starts() -> None:
    """As process 1 it would not: the kernel keeps a signal from a process 1 that has not asked for it."""
    assert SERVICES["daemon"]["init"] is True


def test_no_secret_stands_in_a_file() -> None:
    files = [ROOT / "compose.yaml", ROOT / "Dockerfile", *(file for file in DEPLOY.rglob("*") if file.suffix in (".yml", ".json"))]
    # A value given at start (`${…}`) is no secret; a file that holds one is named only.
    secret = re.compile(r"(?i)(password|token|secret|api_?key)[\"']?\s*[:=]\s*[\"']?(?!\$\{)\w{4,}")

    assert {file.name: secret.findall(file.read_text(encoding="utf-8")) for file in files if secret.search(file.read_text("utf-8"))} == {}
    assert (DEPLOY / "compose" / "credentials.empty.json").read_text(encoding="utf-8").strip() == "{}"


def test_grafana_finds_its_provisioned_files_where_compose_mounts_them() -> None:
    provider = read(DEPLOY / "grafana" / "provisioning" / "dashboards" / "zhengwu.yml")["providers"][0]
    source = read(DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml")["datasources"][0]
    mounts = [volume.split(":")[1] for volume in SERVICES["grafana"]["volumes"]]

    assert provider["options"]["path"] in mounts
    assert source["url"] == "http://prometheus:9090"


def test_plain_smtp_is_used_towards_mailpit_only() -> None:
    mail = read(ALERTMANAGER)["global"]

    assert mail["smtp_require_tls"] or mail["smtp_smarthost"].startswith("mailpit:")
    environment = SERVICES["daemon"]["environment"]
    assert environment[f"{PREFIX}SMTP__SECURITY"] != "none" or environment[f"{PREFIX}SMTP__HOST"] == "mailpit"
