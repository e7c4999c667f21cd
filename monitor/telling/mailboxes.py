"""What is known of each address we write to: when it last got a letter, whether it takes any, which digests it has. Pure.

A permanent refusal marks the address; a temporary one is tried again, ever more slowly, for `GIVE_UP`, and then marks it too. A mark is
told to the clerk, and wears off after `MARK_LASTS`, so that a mended mailbox hears again without anybody doing anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.life import CLOCK_TROUBLE
from monitor.model import local_date

GIVE_UP = timedelta(hours=24)
"""So long a temporary refusal is tried again before the address counts as one that takes no mail."""
FEWEST_TRIES = 6
"""Nor after fewer tries than these, which take half an hour: a night or a weekend between two of them is no day of trying."""
MARK_LASTS = timedelta(days=7)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=2)
UNANSWERED = "24小时内一直未能送达"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One address. `last_at` is when its last letter about accounts went out; `digests` the last period told, by kind of digest.

    `tries` counts digests handed over whose fate is unknown, by kind and period. `refused_why` is the server's answer, without secrets.
    """

    address: str
    last_at: datetime | None = None
    refused_at: datetime | None = None
    refused_why: str = ""
    failing_since: datetime | None = None
    failures: int = 0
    next_try_at: datetime | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    tries: Mapping[str, int] = field(default_factory=dict)

    def had_one_today(self, now: datetime) -> bool:
        return self.last_at is not None and local_date(self.last_at) == local_date(now)

    def marked_until(self, now: datetime) -> datetime | None:
        """Return until when the address is left alone because it was refused, None where it may be written to."""
        # What lies further ahead than anybody is made to wait was written by a clock that ran ahead.
        until = None if self.refused_at is None else self.refused_at + MARK_LASTS
        return until if until is not None and now < until <= now + MARK_LASTS + CLOCK_TROUBLE else None

    def waits_until(self, now: datetime) -> datetime | None:
        """Return until when it is left alone after a temporary refusal, None where it may be tried."""
        at = self.next_try_at
        return at if at is not None and now < at <= now + LONGEST_WAIT + CLOCK_TROUBLE else None


def delivered(box: Mailbox, now: datetime, *, duty: bool) -> Mailbox:
    """Note a letter that was taken; `duty` for one that counts as the day's."""
    return replace(
        box,
        last_at=now if duty else box.last_at,
        refused_at=None,
        refused_why="",
        failing_since=None,
        failures=0,
        next_try_at=None,
    )


def turned_away(box: Mailbox, why: str, now: datetime) -> Mailbox:
    """Note a refusal for good."""
    return replace(box, refused_at=now, refused_why=why, failing_since=None, failures=0, next_try_at=None)


def deferred(box: Mailbox, why: str, now: datetime) -> Mailbox:
    """Note a refusal for now: wait twice as long as the last time; after `GIVE_UP` it counts as one for good."""
    since = min(box.failing_since or now, now)
    if now - since >= GIVE_UP and box.failures >= FEWEST_TRIES:
        return turned_away(box, f"{UNANSWERED}（{why}）", now)
    wait = min(FIRST_WAIT * 2 ** min(box.failures, 16), LONGEST_WAIT)
    return replace(box, failing_since=since, failures=box.failures + 1, next_try_at=now + wait)


def digest_tried(box: Mailbox, kind: str, period: str) -> Mailbox:
    """Note that a digest is about to leave; tries of earlier periods no longer matter."""
    key = f"{kind} {period}"
    kept = {name: count for name, count in box.tries.items() if name == key}
    return replace(box, tries={**kept, key: kept.get(key, 0) + 1})


def digest_refused(box: Mailbox, kind: str, period: str) -> Mailbox:
    """Take the last try back: it was certainly not accepted."""
    key = f"{kind} {period}"
    left = box.tries.get(key, 0) - 1
    return replace(box, tries={key: left} if left > 0 else {})


def digest_told(box: Mailbox, kind: str, period: str) -> Mailbox:
    return replace(box, digests={**box.digests, kind: period}, tries={})
