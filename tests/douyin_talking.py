"""What Douyin's Open Platform says in tests: its page of works, and its answers around tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from channels import Reply, fixtures

CHANNEL = "douyin.openapi"
OPEN_ID = "open+id/demo=="


def fixture(stem: str) -> Path:
    return next(path for path in fixtures(CHANNEL) if path.stem == stem)


def page() -> Reply:
    return Reply.of(fixture("page"))


def said(**data: Any) -> bytes:
    return json.dumps({"data": {"error_code": 0, "description": "", **data}, "message": "success"}).encode()


def refreshed(access: str = "marker-act-1", refresh: str = "marker-rft-0", lasts: Any = "1296000", refresh_lasts: Any = "2592000") -> Reply:
    ends = {"expires_in": lasts, "refresh_expires_in": refresh_lasts}
    return Reply(said(access_token=access, refresh_token=refresh, open_id=OPEN_ID, scope="video.list", **ends))
