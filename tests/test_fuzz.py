"""The fuzzer itself works: it starts, reaches every parser, and finds nothing in a few seconds. `make fuzz` searches for longer."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from parsers import PARSERS

FUZZER = Path(__file__).with_name("fuzz.py")


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="atheris has no wheel for this Python")
async def test_the_fuzzer_runs_and_finds_nothing_at_once(tmp_path: Path) -> None:
    command = [sys.executable, str(FUZZER), "--minutes", "0.05", "--corpus", str(tmp_path / "corpus")]

    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    said = (await process.communicate())[0].decode("utf-8", "replace")

    assert process.returncode == 0, said[-2_000:]
    assert "stat::number_of_executed_units" in said
    first_bytes = {path.read_bytes()[0] % len(PARSERS) for path in (tmp_path / "corpus").glob("seed-*")}
    assert first_bytes == set(range(len(PARSERS)))
