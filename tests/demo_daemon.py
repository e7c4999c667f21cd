"""The demo's daemon as something for others to look at: the real daemon with 423 accounts that has met every kind of event."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import ROOT


@contextmanager
def demo_daemon(directory: Path) -> Iterator[str]:
    """Run the demo until the block ends; yield the console's address once it has printed its result."""
    command = [sys.executable, str(ROOT / "daemon.py"), "demo", "--directory", str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield _address(process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"控制台 (http://\S+)", line)
        if found:
            return found[1]
    raise AssertionError("the demo ended before it showed its result")
