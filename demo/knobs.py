"""The demo's settings: its own pace, its own platforms and mail server, secrets that open nothing elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from demo.answers import CLERK, SYSADMIN
from demo.mailbox import LOOPBACK
from demo.names import CITY
from demo.world import World

PACE = {
    # Loopback needs no politeness; a look every four seconds lets the live posts be seen to arrive,
    # and a bridge that was believed up to its newest post be looked at again soon.
    "spacing_seconds": 0.0,
    "in_flight": 32,
    "min_interval_minutes": 0.07,
    "max_interval_minutes": 0.07,
    "daily_budget": 100_000_000,
    "timeout_seconds": 10.0,
}


def settings_table(world: World, base_url: str, mail_port: int, directory: Path, web_port: int = 0) -> dict[str, Any]:
    """Return what to lay over the default settings. `mongo.url` is left to the caller, who starts the database."""
    return {
        "mongo": {"database": "zhengwu_demo", "data_directory": directory / "mongo"},
        "web": {"host": LOOPBACK, "port": web_port},
        "smtp": {"host": LOOPBACK, "port": mail_port, "security": "none", "sender": "zhengwu@example.invalid"},
        "notify": {"city": CITY, "clerks": (CLERK,), "sysadmins": (SYSADMIN,), "interval_seconds": 3.0, "retry_seconds": 2.0},
        "poll": {"in_flight": 64, "idle_seconds": 0.1, "retry_wait_seconds": 0.05, "stop_seconds": 5.0},
        "guards": {"settle_seconds": 1.0},
        "judge": {"tick_seconds": 1.0},
        "log": {"level": "error"},
        "channels": channels(base_url),
        "credentials": orjson.dumps(world.credentials()).decode(),
    }


def channels(base_url: str) -> dict[str, dict[str, Any]]:
    """Return the channels' settings; a feed's handle is its whole address already."""
    return {
        "weibo.openapi": {**PACE, "base_url": base_url},
        "wechat.openapi": {**PACE, "base_url": base_url},
        "douyin.gateway": {**PACE, "base_url": base_url},
        "feed": PACE,
    }
