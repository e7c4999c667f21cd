"""Writes the dashboards: python -m deploy.grafana.make [--console URL]. Why they are made and not drawn: README.md beside it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from deploy.grafana import health, overview, reposts
from deploy.grafana.boards import CONSOLE
from deploy.grafana.parts import Json

HERE = Path(__file__).parent / "dashboards"


def dashboards(console: str = CONSOLE) -> Mapping[str, Json]:
    """Return every dashboard by its uid."""
    boards = (overview.make(console), reposts.make(console), health.make())
    return {board["uid"]: board for board in boards}


def text(board: Json) -> str:
    return json.dumps(board, ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the dashboards to deploy/grafana/dashboards.")
    parser.add_argument("--console", default=CONSOLE, help="where readers find the console, without a slash at the end")
    for uid, board in dashboards(parser.parse_args().console.rstrip("/")).items():
        (HERE / f"{uid}.json").write_text(text(board), encoding="utf-8")


if __name__ == "__main__":
    main()
