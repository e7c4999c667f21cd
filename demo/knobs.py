"""The demo's settings: its own pace, its own platforms and mail server, secrets that open nothing elsewhere."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import orjson

from demo.mailbox import LOOPBACK
from demo.names import CITY
from demo.tidings import CLERK, SYSADMIN
from demo.world import World
from monitor.model import local_date

PACE = {
    # Loopback needs no politeness; a look every four seconds lets the live posts be seen to arrive,
    # and a bridge that was believed up to its newest post be looked at again soon.
    "spacing_seconds": 0.0,
    "in_flight": 32,
    "min_interval_minutes": 0.07,
    "max_interval_minutes": 0.07,
    "daily_budget": 100_000_000,
}
NO_LIMIT = 100_000_000
CUBE = {
    # The whole month in one question, at whatever hour the demo is run.
    "batchget_daily": NO_LIMIT,
    "datacube_daily": NO_LIMIT,
    "datacube_days_per_call": 30,
    "datacube_hour": 0,
}
PATIENCE = 10.0
"""Seconds that an answer may take."""


def free_port() -> int:
    """Return a port that nobody listens on: letters must name the console before it listens."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def settings_table(
    world: World, base_url: str, mail_port: int, directory: Path, web_port: int = 0, patience: float = PATIENCE
) -> dict[str, Any]:
    """Return what to lay over the default settings. `mongo.url` is left to the caller, who starts the database."""
    return {
        "mongo": {"database": "zhengwu_demo", "data_directory": directory / "mongo"},
        "web": {"host": LOOPBACK, "port": web_port, "public_url": f"http://{LOOPBACK}:{web_port}" if web_port else ""},
        "smtp": {"host": LOOPBACK, "port": mail_port, "security": "none", "sender": "zhengwu@example.invalid"},
        "notify": {
            "city": CITY,
            "clerks": (CLERK,),
            "sysadmins": (SYSADMIN,),
            "interval_seconds": 1.0,
            "retry_seconds": 2.0,
            # Whoever runs the demo may do so at night or on a Sunday, and has no hour to see a recovery hold.
            "opens": "00:00:00",
            "closes": "00:00:00",
            "working_days_only": False,
            "one_a_day": False,
            "flap_minutes": 0.02,
            # A daily digest for everybody, on whichever day of the week: the weekly one would take its place.
            "county_digest": "daily",
            "weekly_on": (local_date(world.now).weekday() + 1) % 7,
        },
        "poll": {"in_flight": 64, "idle_seconds": 0.1, "retry_wait_seconds": 0.05, "stop_seconds": 5.0, "verify_seconds": 1.0},
        "guards": {"settle_seconds": 1.0},
        "judge": {"tick_seconds": 1.0},
        "log": {"level": "error"},
        "channels": channels(base_url, patience),
        "credentials": orjson.dumps(world.credentials()).decode(),
    }


def channels(base_url: str, patience: float = PATIENCE) -> dict[str, dict[str, Any]]:
    """Return the channels' settings; a feed's handle is its whole address already."""
    pace = PACE | {"timeout_seconds": patience}
    there = pace | {"base_url": base_url}
    return {
        # Loopback has no quotas either: the looks of an hour would use up those of a month.
        "weibo.openapi": there
        | {"user_daily_requests": 0, "host_hourly_requests": 0, "short_link_daily": 0, "gather_seconds": 0.1, "business_url": base_url},
        "wechat.openapi": there | CUBE,
        "douyin.gateway": there | {"version": "4", "task_seconds": 0.05},
        "toutiao.rows": there,
        "weibo.web": there | {"enabled": True, "daily_requests": 0},
        "wechat.article": there | {"daily_requests": 0},
        "wechat.callback": {},
        "douyin.openapi": there | {"enabled": True},
        "feed": pace | {"sync_minutes": 0.05},
        "manual": {},
    }
