"""Keeps deploy/, compose.yaml and the Dockerfile in step with the code and with each other; the tools' own checks on top."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel
from tools import ROOT, require_tool, run

from monitor.settings import PREFIX, SECRETS, Settings, WebSettings

DEPLOY = ROOT / "deploy"
PROMETHEUS = DEPLOY / "prometheus" / "prometheus.yml"
ALERTMANAGER = DEPLOY / "alertmanager.yml"
PORT = WebSettings().port
LOOPBACK = "127.0.0.1:"


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


COMPOSE = read(ROOT / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

TOOL_CHECKS = {
    "the configuration of prometheus": ("promtool", "prometheus", ("check", "config", str(PROMETHEUS))),
    "the configuration of alertmanager": ("amtool", "prometheus-alertmanager", ("check-config", str(ALERTMANAGER))),
}


@pytest.mark.parametrize("check", TOOL_CHECKS.values(), ids=TOOL_CHECKS.keys())
def test_the_tools_own_checks_pass(check: tuple[str, str, tuple[str, ...]]) -> None:
    name, package, arguments = check
    program = require_tool(name, package)

    result = run(program, *arguments)

    assert result.returncode == 0, (result.stdout + result.stderr).decode()


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
    files = (*DEPLOY.glob("prometheus/rules/*.yml"), *DEPLOY.glob("grafana/dashboards/*.json"))
    texts = [file.read_text(encoding="utf-8") for file in files]

    assert jobs == {"zhengwu": "/metrics"}
    assert {job for text in texts for job in re.findall(r'job=\\?"(\w+)', text)} == set(jobs)


@pytest.mark.parametrize("service", ["prometheus", "alertmanager"])
def test_what_a_configuration_names_beside_itself_lies_there_in_its_container_too(service: str) -> None:
    here, inside = {"prometheus": PROMETHEUS, "alertmanager": ALERTMANAGER}[service], PurePosixPath(f"/etc/{service}/{service}.yml")
    patterns = [*read(here).get("rule_files", ()), *read(here).get("templates", ())]
    mounts = [volume.split(":")[:2] for volume in SERVICES[service]["volumes"] if volume.startswith("./")]

    mounted = {PurePosixPath(there): ROOT / source for source, there in mounts}

    assert f"--config.file={inside}" in SERVICES[service]["command"]
    assert mounted[inside].samefile(here)
    assert patterns
    for pattern in patterns:
        assert list(here.parent.glob(pattern))
        folder = PurePosixPath(pattern).parent
        assert mounted[inside.parent / folder].samefile(here.parent / folder)


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


def test_the_letters_of_the_whole_house_have_links_and_their_address_can_be_chosen() -> None:
    value = SERVICES["daemon"]["environment"][f"{PREFIX}WEB__PUBLIC_URL"]

    assert value == f"${{PUBLIC_URL:-http://127.0.0.1:{PORT}}}"
    assert "export PUBLIC_URL=" in (DEPLOY / "README.md").read_text(encoding="utf-8")


OUTSIDE = ("ANALYTICS_REPORTING_ENABLED", "ANALYTICS_CHECK_FOR_UPDATES", "ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "NEWS_NEWS_FEED_ENABLED")


def test_grafana_asks_nobody_outside() -> None:
    chosen = SERVICES["grafana"]["environment"]

    assert {chosen[f"GF_{name}"] for name in OUTSIDE} == {"false"}
    assert chosen["GF_SECURITY_DISABLE_GRAVATAR"] == chosen["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"


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
