"""The rules: one file and one line each. The idle ladder stands apart, as the profile in force decides which one is used."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.ports import Rule
from rules.drift import Drift
from rules.expiring import Expiring
from rules.frozen_source import FrozenSource
from rules.holiday import Holiday
from rules.idle import Idle
from rules.lost_access import LostAccess
from rules.missing_repost import MissingRepost
from rules.profiles import ANKANG_2020, FUYANG_MONTHLY, GANSU_WEEKLY, GUIZHOU_2025, GUOBAN_2019, LUAN_2020Q4
from rules.retired_source import RetiredSource
from rules.unseen import Unseen

RULES: Mapping[str, type[Rule]] = {
    "missing_repost": MissingRepost,
    "holiday": Holiday,
    "unseen": Unseen,
    "lost_access": LostAccess,
    "retired_source": RetiredSource,
    "frozen_source": FrozenSource,
    "drift": Drift,
    "expiring": Expiring,
}

PROFILES: Mapping[str, Idle] = {
    "guoban-2019": GUOBAN_2019,
    "ankang-2020": ANKANG_2020,
    "luan-2020q4": LUAN_2020Q4,
    "fuyang-monthly": FUYANG_MONTHLY,
    "gansu-weekly": GANSU_WEEKLY,
    "guizhou-2025": GUIZHOU_2025,
}
