"""Finds the programs that tests lean on: in our own environment first, then on the PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def require_tool(name: str, package: str) -> str:
    """Return the program's path. Where it is missing the test is skipped, naming the package; under CI it fails instead."""
    beside_python = shutil.which(name, path=str(Path(sys.executable).parent))
    path = beside_python or shutil.which(name)
    if path is not None:
        return path
    reason = f"{name} is missing: install the package {package}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def run(*command: str, input: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, within a minute, in the project's root; the caller looks at the exit code."""
    return subprocess.run(command, input=input, capture_output=True, timeout=60, cwd=ROOT, check=False)
