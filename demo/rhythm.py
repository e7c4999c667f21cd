"""When an account of the demo publishes, and what: believable habits, Shanghai office hours, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import count

from demo.names import BODIES, HEADLINES, SUBJECTS
from monitor.model import SHANGHAI, local_date

FROZEN_DAYS = 20
"""How long ago the feeds stood still under the fault `frozen-source`."""
PAGE_ITEMS = 20
"""Posts that every account has behind that day too, so that a frozen feed is as long as a living one."""
JUST_NOW = timedelta(minutes=2)
"""No history reaches nearer to the present: what comes later is published live."""


class Rhythm(StrEnum):
    """How often an account publishes."""

    SEVERAL = "several a day"
    DAILY = "daily"
    WORKDAYS = "on working days"
    WEEKLY = "weekly"
    SLOW = "every five to nine days"


@dataclass(frozen=True, slots=True)
class Item:
    """One post, before a platform gives it its shape.

    `sent` tells a mass-sent WeChat item from one that was only published. `original` is the Weibo id of the post it forwards,
    `link` the page it quotes, `picture` what stands on the picture that it is instead of a text. What only the page of a WeChat article
    shows: `beneath`, what its 阅读原文 points at, and `reprint`, the WeChat article it was taken over from, as `bizuin:mid_idx`.
    """

    at: datetime
    title: str
    text: str
    sent: bool = True
    pinned: bool = False
    original: str = ""
    link: str = ""
    picture: str = ""
    beneath: str = ""
    reprint: str = ""


HOURS = {
    Rhythm.SEVERAL: ((8, 10), (11, 14), (15, 17)),
    Rhythm.DAILY: ((9, 17),),
    Rhythm.WORKDAYS: ((9, 17),),
    Rhythm.WEEKLY: ((9, 17),),
    Rhythm.SLOW: ((9, 17),),
}
"""The spans of the day, in hours, within each of which one post appears."""


def history(rng: random.Random, where: str, rhythm: Rhythm, idle: int, now: datetime) -> tuple[Item, ...]:
    """Return the account's posts, newest first, the newest `idle` days before today's Shanghai date.

    They go back until twenty lie behind the day on which a frozen source stands still. A day on which `rhythm` does not publish
    is passed over, and so are the hours of today that lie ahead; so `idle` is exact for WEEKLY and SLOW with idle ≥ 1.
    """
    today = local_date(now)
    items: list[Item] = []
    behind = 0
    for back in days_back(rng, rhythm, idle, today):
        fresh = [item for item in _day(rng, where, rhythm, today - timedelta(days=back)) if item.at <= now - JUST_NOW]
        items += fresh
        behind += len(fresh) if back > FROZEN_DAYS else 0
        if behind >= PAGE_ITEMS:
            break
    return tuple(items)


def days_back(rng: random.Random, rhythm: Rhythm, idle: int, today: date) -> Iterator[int]:
    """Yield without end, rising, how many days ago the account published."""
    match rhythm:
        case Rhythm.SEVERAL | Rhythm.DAILY:
            yield from count(idle)
        case Rhythm.WORKDAYS:
            yield from (back for back in count(idle) if (today - timedelta(days=back)).weekday() < 5)
        case Rhythm.WEEKLY:
            yield from count(idle, 7)
        case Rhythm.SLOW:
            back = idle
            while True:
                yield back
                back += rng.randint(5, 9)


def _day(rng: random.Random, where: str, rhythm: Rhythm, day: date) -> list[Item]:
    moments = [at(day, rng.randint(first * 60, last * 60 + 29), rng.randrange(60)) for first, last in HOURS[rhythm]]
    return [write(rng, where, moment) for moment in reversed(moments)]


def at(day: date, minutes: int, seconds: int = 0) -> datetime:
    """Return the moment so many minutes after midnight of a Shanghai day, in UTC."""
    midnight = datetime.combine(day, time(), tzinfo=SHANGHAI)
    return (midnight + timedelta(minutes=minutes, seconds=seconds)).astimezone(UTC)


def write(rng: random.Random, where: str, moment: datetime) -> Item:
    """Return an ordinary post of the unit."""
    what = rng.choice(SUBJECTS)
    headline, body = rng.choice(HEADLINES), rng.choice(BODIES)
    return Item(
        at=moment,
        title=headline.format(where=where, what=what),
        text=body.format(where=where, what=what),
        sent=rng.random() < 0.7,
    )
