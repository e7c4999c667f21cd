"""A Debian service in a test: on a loopback port of its own, with its files in the test's directory, and gone at the end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

READY_SECONDS = 30.0
START_ATTEMPTS = 3
OPENER = build_opener(ProxyHandler({}))


class Served:
    """A program that answers `/-/ready`. Open it with `with`; `name` is that of its log."""

    name = "service"

    def __init__(self, program: str, directory: Path) -> None:
        self.program = program
        self.directory = directory
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def arguments(self, port: int) -> list[str]:
        """Write what the program reads, and return what it is called with."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        # The port is chosen before the program binds it, so another process may take it in between.
        for attempt in range(START_ATTEMPTS):
            self._start()
            if self._wait_ready():
                return self
            self.stop()
            if attempt + 1 == START_ATTEMPTS:
                raise RuntimeError(f"{self.name} did not start:\n{self.log()[-2000:]}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def log(self) -> str:
        return (self.directory / f"{self.name}.log").read_text(encoding="utf-8", errors="replace")

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

    def get(self, path: str, **parameters: str) -> Any:
        """Return what the program answers, a refusal included: that comes with status 400 and the reason in its body."""
        try:
            with OPENER.open(f"{self.url}{path}?{urlencode(parameters)}", timeout=10) as response:
                return json.load(response)
        except URLError as error:
            if not hasattr(error, "read"):
                raise
            return json.loads(error.read())

    def _start(self) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [self.program, *self.arguments(port)]
        with (self.directory / f"{self.name}.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def _wait_ready(self) -> bool:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and self._process is not None and self._process.poll() is None:
            try:
                with OPENER.open(f"{self.url}/-/ready", timeout=1):
                    return True
            except (URLError, OSError):
                time.sleep(0.1)
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
