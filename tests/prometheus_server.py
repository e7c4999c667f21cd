"""A real Prometheus on loopback, in a directory of its own, that scrapes one target every second."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from served import Served

RESEND_SECONDS = 3
"""Prometheus' own is a minute. What fires before it has found its Alertmanager, some five seconds after its start, is told only then."""


class PrometheusServer(Served):
    """Scrapes `metrics_url` as job `zhengwu`; tells an Alertmanager where there is one."""

    name = "prometheus"

    def __init__(self, program: str, directory: Path, metrics_url: str, rules: tuple[Path, ...] = (), alertmanager: str = "") -> None:
        super().__init__(program, directory)
        self.metrics_url = metrics_url
        self.rules = rules
        self.alertmanager = alertmanager

    def arguments(self, port: int) -> list[str]:
        config = self.directory / "prometheus.yml"
        config.write_text(yaml.safe_dump(self._config()), encoding="utf-8")
        return [
            f"--config.file={config}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            f"--rules.alert.resend-delay={RESEND_SECONDS}s",
        ]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Evaluate now and return the result's series; raises `AssertionError` with Prometheus' words when it refuses."""
        answer = self.get("/api/v1/query", query=expression)
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
        """Return every rule once each was evaluated; at most so long, and then as they are."""
        until = time.monotonic() + seconds
        while True:
            groups = self.get("/api/v1/rules")["data"]["groups"]
            rules = [rule for group in groups for rule in group["rules"]]
            if all(rule["health"] != "unknown" for rule in rules) or time.monotonic() > until:
                return rules
            time.sleep(0.25)

    def _config(self) -> dict[str, Any]:
        target = urlsplit(self.metrics_url)
        config: dict[str, Any] = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rule) for rule in self.rules],
            "scrape_configs": [
                {"job_name": "zhengwu", "metrics_path": target.path, "static_configs": [{"targets": [target.netloc]}]}
            ],
        }
        if self.alertmanager:
            config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [urlsplit(self.alertmanager).netloc]}]}]}
        return config
