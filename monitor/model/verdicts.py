"""An account's standing at a moment."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from monitor.model.base import Noun
from monitor.model.looks import GoodLook, PostMark


class Verdict(StrEnum):
    """An account's standing. Undetermined never counts as failed."""

    QUALIFIED = "qualified"
    FAILED = "failed"
    UNDETERMINED = "undetermined"

    @property
    def label(self) -> str:
        return _VERDICT_LABELS[self]


_VERDICT_LABELS = {Verdict.QUALIFIED: "合格", Verdict.FAILED: "不合格", Verdict.UNDETERMINED: "无法判定"}


class Standing(Noun):
    """An account's verdict at a moment with its reason; `verdict` is None where the account is not judged at all.

    `idle_days` counts in the profile's unit from the last known update to the moment, None when nothing was ever published
    or nothing is known. `days_left` is what remains until the failing line, `line_on` the day on which a passing account will fail
    unless it publishes, None where that cannot be said (no date to count from, a year without a calendar).
    """

    account_id: str
    verdict: Verdict | None
    label: str = ""
    labels: tuple[str, ...] = ()
    reason: str = ""
    idle_days: int | None = None
    days_left: int | None = None
    line_on: date | None = None
    last_post: PostMark | None = None
    last_good: GoodLook | None = None
