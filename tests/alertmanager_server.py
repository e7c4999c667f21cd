"""A real Alertmanager on loopback, with our own configuration and templates: only the mail server and the waiting times are the test's."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alert_rules import DEPLOY
from served import Served

SHIPPED_MAIL_SERVER = "smtp_smarthost: mailpit:1025"
SHIPPED_GUARD = "  - name: outside-guard\n"


class AlertmanagerServer(Served):
    """Mails to `smtp_port` on loopback, and calls `guard` with the watchdog; `faster` rewrites the waiting times of the configuration."""

    name = "alertmanager"

    def __init__(self, program: str, directory: Path, smtp_port: int, guard: str, faster: Callable[[str], str]) -> None:
        super().__init__(program, directory)
        self.smtp_port = smtp_port
        self.guard = guard
        self.faster = faster

    def arguments(self, port: int) -> list[str]:
        text = (DEPLOY / "alertmanager.yml").read_text(encoding="utf-8")
        assert SHIPPED_MAIL_SERVER in text and text.endswith(SHIPPED_GUARD)
        text = text.replace(SHIPPED_MAIL_SERVER, f"smtp_smarthost: 127.0.0.1:{self.smtp_port}")
        # As the file itself says, and as its older version spells it.
        text += f"    webhook_configs:\n      - url: {self.guard}\n        send_resolved: false\n"
        config = self.directory / "alertmanager.yml"
        config.write_text(self.faster(text), encoding="utf-8")
        shutil.copytree(DEPLOY / "alertmanager", self.directory / "alertmanager", dirs_exist_ok=True)
        return [
            f"--config.file={config}",
            f"--storage.path={self.directory / 'state'}",
            f"--web.listen-address=127.0.0.1:{port}",
            # Alone, it need not look for others of its kind.
            "--cluster.listen-address=",
        ]

    def alerts(self) -> dict[str, dict[str, Any]]:
        """Return every alert that is alive, by name: one of each name at most in these tests."""
        return {alert["labels"]["alertname"]: alert for alert in self.get("/api/v2/alerts")}


WAITS = re.compile(r"^( *(?:- )?(for|keep_firing_for|group_wait|group_interval|repeat_interval): )(\d+)([smhd])$", re.MULTILINE)
WINDOWS = re.compile(r"\[(\d+)([smhd])\]")
AGES = re.compile(r"(_timestamp_seconds > )(\d+)$", re.MULTILINE)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LEAST_SECONDS = {"for": 3, "window": 3}
"""A `for` of less would take one scrape that comes late, on a busy machine, for a dead daemon; a window needs two. Else a second."""


def hastened(text: str, times: int) -> str:
    """Return rules or a configuration whose waiting times and windows are so many times shorter; nothing else is touched."""

    def shorter(kind: str, number: str, unit: str) -> str:
        return f"{max(int(number) * SECONDS[unit] // times, LEAST_SECONDS.get(kind, 1))}s"

    text = WAITS.sub(lambda found: found[1] + shorter(found[2], found[3], found[4]), text)
    text = WINDOWS.sub(lambda found: f"[{shorter('window', found[1], found[2])}]", text)
    return AGES.sub(lambda found: f"{found[1]}{max(1, int(found[2]) // times)}", text)
