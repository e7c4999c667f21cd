"""A coverage-guided search for bodies that break a parser: `python tests/fuzz.py --minutes 10`. Needs the extra `fuzz` (atheris).

The first byte of an input chooses the parser. A body that breaks one is written to tests/fixtures/hostile, where the tests read it from
then on. What is found interesting on the way is kept in var/fuzz, out of the repository.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

with atheris.instrument_imports(include=["adapters", "monitor.matching"]):
    from parsers import KNOWN_BAD, PARSERS, parse, seeds

NAMES = sorted(PARSERS)
BODY_LIMIT = 64 * 1024
FIXED_SECONDS, SECONDS_PER_KB = 0.25, 0.005
"""Ten times what a parser may take: instrumented code is slow, and the machine does other things."""
MEMORY_MB = 1024
"""What the process may hold: ten times what it needs, so a parser whose memory is not bounded by its body ends here."""


def one_input(data: bytes) -> None:
    if not data:
        return
    name, body = NAMES[data[0] % len(NAMES)], data[1:]
    begun = time.perf_counter()
    try:
        parse(name, body)
    except Exception:
        keep(name, body, "broken")
        raise
    if time.perf_counter() - begun > FIXED_SECONDS + SECONDS_PER_KB * len(body) / 1_000:
        keep(name, body, "slow")
        raise TimeoutError(f"{name}: {len(body)} bytes took {time.perf_counter() - begun:.2f} s")


def keep(name: str, body: bytes, what: str) -> None:
    KNOWN_BAD.mkdir(parents=True, exist_ok=True)
    file = KNOWN_BAD / f"{name}-{what}-{hashlib.sha256(body).hexdigest()[:8]}.bin"
    file.write_bytes(body)
    print(f"kept as {file.relative_to(ROOT)}", file=sys.stderr)


def plant(corpus: Path) -> None:
    """Give every parser every body the project holds, so that each also meets the others'."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number in range(len(NAMES)):
        for seed in seeds():
            body = bytes([number]) + seed.read_bytes()[:BODY_LIMIT]
            (corpus / f"seed-{hashlib.sha256(body).hexdigest()[:16]}").write_bytes(body)


def main() -> None:
    wishes = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    wishes.add_argument("--minutes", type=float, default=10.0, help="how long to search (default 10)")
    wishes.add_argument("--corpus", type=Path, default=ROOT / "var" / "fuzz", help="where interesting bodies are kept")
    asked = wishes.parse_args()
    plant(asked.corpus)
    options = [f"-max_total_time={max(1, int(asked.minutes * 60))}", f"-max_len={BODY_LIMIT}", "-timeout=20", f"-rss_limit_mb={MEMORY_MB}"]
    atheris.Setup([sys.argv[0], *options, "-print_final_stats=1", str(asked.corpus)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
