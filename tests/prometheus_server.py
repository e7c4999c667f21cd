"""A real Prometheus on loopback, in a directory of its own, that scrapes one target every second."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, build_opener

import yaml

READY_SECONDS = 30.0
START_ATTEMPTS = 3
OPENER = build_opener(ProxyHandler({}))


class PrometheusServer:
    """Scrapes `metrics_url` as job `zhengwu`. Open it with `with`; it is stopped, and its process gone, at the end."""

    def __init__(self, program: str, directory: Path, metrics_url: str, rules: tuple[Path, ...] = ()) -> None:
        self.program = program
        self.directory = directory
        self.metrics_url = metrics_url
        self.rules = rules
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> PrometheusServer:
        # The port is chosen before Prometheus binds it, so another process may take it in between.
        for attempt in range(START_ATTEMPTS):
            self._start()
            if self._wait_ready():
                return self
            self.stop()
            if attempt + 1 == START_ATTEMPTS:
                raise RuntimeError(f"prometheus did not start:\n{self.log()[-2000:]}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Evaluate now and return the result's series; raises `AssertionError` with Prometheus' words when it refuses."""
        answer = self._get("/api/v1/query", {"query": expression})
        assert answer["status"] == "success", answer
        data = answer["data"]
        return [{"metric": {}, "value": data["result"]}] if data["resultType"] == "scalar" else list(data["result"])

    def wait_for(self, expression: str, seconds: float) -> list[dict[str, Any]]:
        """Ask until the expression gives a number, at most so long; returns the last answer's series, without those that are NaN."""
        until = time.monotonic() + seconds
        while True:
            found = [series for series in self.query(expression) if series["value"][1] != "NaN"]
            if found or time.monotonic() > until:
                return found
            time.sleep(0.25)

    def judged_rules(self, seconds: float) -> list[dict[str, Any]]:
        """Return every alert rule once each was evaluated; at most so long, and then as they are."""
        until = time.monotonic() + seconds
        while True:
            groups = self._get("/api/v1/rules", {})["data"]["groups"]
            rules = [rule for group in groups for rule in group["rules"]]
            if all(rule["health"] != "unknown" for rule in rules) or time.monotonic() > until:
                return rules
            time.sleep(0.25)

    def log(self) -> str:
        return (self.directory / "prometheus.log").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _start(self) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        config = self.directory / "prometheus.yml"
        config.write_text(yaml.safe_dump(self._config()), encoding="utf-8")
        with (self.directory / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    self.program,
                    f"--config.file={config}",
                    f"--storage.tsdb.path={self.directory / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _config(self) -> dict[str, Any]:
        target = urlsplit(self.metrics_url)
        return {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rule) for rule in self.rules],
            "scrape_configs": [
                {"job_name": "zhengwu", "metrics_path": target.path, "static_configs": [{"targets": [target.netloc]}]}
            ],
        }

    def _wait_ready(self) -> bool:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and self._process is not None and self._process.poll() is None:
            try:
                with OPENER.open(f"{self.url}/-/ready", timeout=1):
                    return True
            except (URLError, OSError):
                time.sleep(0.1)
        return False

    def _get(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        try:
            with OPENER.open(f"{self.url}{path}?{urlencode(parameters)}", timeout=10) as response:
                answer: dict[str, Any] = json.load(response)
        except URLError as error:
            # A refused query comes with status 400 and Prometheus' reason in the body.
            if not hasattr(error, "read"):
                raise
            answer = json.loads(error.read())
        return answer


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
