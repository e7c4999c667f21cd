"""The plug-ins as daemon.py hands them over, and how they are made of their settings; all that is wrong is told at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from monitor.errors import BadSettings
from monitor.model import Account, Snapshot
from monitor.ports import Adapter, Credentials, Grader, Ledger, Rule
from monitor.schedule import Backoff
from monitor.settings import ScheduleSettings, Settings, channel_settings, nearest, owned
from monitor.uploads import ReadUpload


@dataclass(frozen=True, slots=True)
class Tables:
    """The plug-ins, by name: what daemon.py alone knows. `door` makes the one HTTP door they share; `hand_check` reads a person's look.

    `read_upload` reads a page that a person saved.
    """

    adapters: Mapping[str, type[Adapter]]
    rules: Mapping[str, type[Rule]]
    profiles: Mapping[str, Grader]
    door: Callable[[Settings, random.Random, Ledger], Any]
    hand_check: Callable[[Account, date | None, datetime, str], Snapshot]
    read_upload: ReadUpload


def backoff_of(schedule: ScheduleSettings) -> Backoff:
    return Backoff(
        start=schedule.backoff_start_minutes * 60,
        cap=schedule.backoff_cap_hours * 3600,
        gone=schedule.gone_hours * 3600,
        auth=schedule.auth_pause_hours * 3600,
        rate=schedule.rate_pause_minutes * 60,
    )


def adapters_of(settings: Settings, tables: Tables, door: Any, credentials: Credentials) -> dict[str, Adapter]:
    problems = [
        f"channels.{name}：没有这个渠道{nearest(name, tables.adapters)}" for name in settings.channels if name not in tables.adapters
    ]
    adapters: dict[str, Adapter] = {}
    for name, kind in tables.adapters.items():
        try:
            wishes = channel_settings(settings, name, kind.Settings)
        except BadSettings as error:
            problems += error.problems
            continue
        if wishes.enabled:
            make: Any = kind
            adapters[name] = make(wishes, door, credentials)
    if problems:
        raise BadSettings(problems)
    return adapters


def rules_of(settings: Settings, tables: Tables) -> tuple[list[Rule], Grader]:
    problems = [f"rules.{name}：没有这条规则{nearest(name, tables.rules)}" for name in settings.rules if name not in tables.rules]
    rules: list[Rule] = []
    for name, kind in tables.rules.items():
        model: Any = kind
        try:
            rules.append(owned(model, settings.rules.get(name, {}), f"rules.{name}"))
        except BadSettings as error:
            problems += error.problems
    try:
        grader = profile_of(settings, tables, settings.judge.profile)
    except BadSettings as error:
        problems += error.problems
    if problems:
        raise BadSettings(problems)
    return rules, grader


def profile_of(settings: Settings, tables: Tables, name: str) -> Grader:
    """Return a shipped profile with the settings' changes laid over it."""
    if name not in tables.profiles:
        raise BadSettings([f"judge.profile：没有名为 {name} 的口径{nearest(name, tables.profiles)}；可用：{'、'.join(tables.profiles)}"])
    shipped: Any = tables.profiles[name]
    changes = settings.profiles.get(name, {})
    if not changes:
        made: Grader = shipped
        return made
    laid: Grader = owned(type(shipped), {**shipped.model_dump(), **changes}, f"profiles.{name}")
    return laid
