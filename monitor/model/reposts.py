"""Reposts, and how an account stands towards a key article."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from monitor.model.base import Moment, Noun


class Repost(Noun):
    """A post that carries a key article. `lag` is how long after the deadline it came, zero when in time.

    Grade `candidate`: it only seems to carry it, so a person must look; it counts neither for nor against the account.
    """

    article_id: str
    account_id: str
    post_id: str
    grade: Literal["in_order", "irregular", "candidate"] = "in_order"
    reasons: tuple[str, ...] = ()
    published_at: Moment
    lag: timedelta = timedelta(0)
    evidence: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.article_id} {self.post_id}"


class RepostVerdict(StrEnum):
    """An account's standing on one key article (handbook 5.2); `NOT_YET` while the deadline lies ahead and nothing is found."""

    DONE = "done"
    IRREGULAR = "irregular"
    LATE = "late"
    MISSING = "missing"
    UNDETERMINED = "undetermined"
    NOT_YET = "not_yet"

    @property
    def label(self) -> str:
        return _REPOST_LABELS[self]


_REPOST_LABELS = {
    RepostVerdict.DONE: "已转载",
    RepostVerdict.IRREGULAR: "转载不规范",
    RepostVerdict.LATE: "转载不及时",
    RepostVerdict.MISSING: "未转载",
    RepostVerdict.UNDETERMINED: "无法判定",
    RepostVerdict.NOT_YET: "未到期",
}


class RepostStanding(Noun):
    """What is to be said of one account and one key article at a moment."""

    article_id: str
    account_id: str
    verdict: RepostVerdict
    reason: str = ""
    repost: Repost | None = None
