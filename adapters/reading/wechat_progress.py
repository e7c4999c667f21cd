"""Which days of the data cube are read, which are due, and what that covers together with the publish list. wechat.md, section 2. Pure.

Both lists together hold all an account shows (群发 and 发布); each alone is a partial view. A day counts as read when the data cube told
it whole. The days read are kept in a row without holes, so that what is remembered is a span; each is asked for a second time one
day later, since rows were seen to be late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from adapters.reading.page import Page, milliseconds
from adapters.reading.values import as_int, text_of
from adapters.reading.wechat_datacube import OPENED, Days, Told, names_of
from adapters.reading.wechat_errors import until_midnight
from adapters.reading.wechat_publish import PARTIAL, Published
from monitor.errors import Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.model import SHANGHAI, Snapshot, end_of_day, local_date, start_of_day

DAY = timedelta(days=1)
ALONE = "only the data cube: days without hours, and rows may be missing"
WHY_LIMIT = 160


def window(now: datetime, days: int, hour: int) -> Days | None:
    """Return the days to be read: the last `days` that are over, the newest only from that hour of the next day on, Shanghai time.

    None before the data cube holds any.
    """
    here = now.astimezone(SHANGHAI)
    last = here.date() - DAY * (1 if here.hour >= hour else 2)
    first = max(last - DAY * (days - 1), OPENED)
    return Days(first, last) if first <= last else None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an account's data cube is read.

    `known` are the days read, `checked` the last of them when a second reading was made or due; `floor` is the oldest day that is
    still worth asking for; until `again` nothing is asked, because of `why`. `biz` is the account's decimal number, once a link told it;
    `total` is how many publications it had. `who` names whose token and which account that was: read under another, days are not read.
    """

    known: Days | None = None
    checked: date | None = None
    floor: date = OPENED
    again: datetime | None = None
    why: str = ""
    biz: str = ""
    total: int = 0
    who: str = ""

    @classmethod
    def recall(cls, memory: Mapping[str, Any], now: datetime, days: Days, who: str = "") -> Progress:
        """Return what the memory holds of `who`; what cannot be (days to come, a wait of more than a day) or is too old is forgotten."""
        if text_of(memory, "who") != who:
            return cls(who=who)
        first, last = _day(memory, "cube_first"), _day(memory, "cube_last")
        known = Days(first, last) if first and last and first <= last <= days.last and last >= days.first - DAY else None
        stamp = memory.get("cube_again")
        again = datetime.fromtimestamp(stamp / 1000, UTC) if isinstance(stamp, int) and 0 <= stamp < 10**14 else None
        waits = again is not None and now < again <= now + DAY + timedelta(minutes=1)
        return cls(
            known=known,
            checked=_day(memory, "cube_checked") if known else None,
            floor=_day(memory, "cube_floor") or OPENED,
            again=again if waits else None,
            why=text_of(memory, "cube_why") if waits else "",
            biz=text_of(memory, "biz"),
            total=as_int(memory.get("total")) or 0,
            who=who,
        )

    def remember(self) -> dict[str, Any]:
        """Return this for the memory."""
        days = {"cube_first": self.known.first, "cube_last": self.known.last} if self.known else {}
        if self.checked:
            days["cube_checked"] = self.checked
        if self.floor > OPENED:
            days["cube_floor"] = self.floor
        waits = {"cube_again": milliseconds(self.again), "cube_why": self.why} if self.again else {}
        kept = {**{name: day.isoformat() for name, day in days.items()}, **waits}
        about = {"biz": self.biz, "total": self.total, "who": self.who}
        return {**kept, **{name: value for name, value in about.items() if value}} if kept else {}

    def due(self, days: Days, per_call: int) -> Days | None:
        """Return the days to ask for next, at most so many; None when all is read, or must wait.

        1. What came since the last look, oldest first, so that no hole arises.
        2. The day before the newest, a second time.
        3. Older days, newest first.
        """
        if self.again is not None:
            return None
        step, known = DAY * (per_call - 1), self.known
        floor = max(days.first, self.floor)
        if known is None:
            return Days(max(days.last - step, floor), days.last) if floor <= days.last else None
        if known.last < days.last:
            return Days(known.last + DAY, min(known.last + DAY + step, days.last))
        if self.checked != known.last and known.last - DAY >= known.first:
            return Days(known.last - DAY, known.last - DAY)
        if known.first > floor:
            return Days(max(known.first - DAY - step, floor), known.first - DAY)
        return None

    def read(self, asked: Days, days: Days, trouble: str, now: datetime, retry: timedelta) -> Progress:
        """Return this after an answer for the days asked for; `trouble` says why they are not told whole.

        The newest day is asked for again after `retry`. An older one is given up: what is known begins after it.
        """
        known = self.known
        if known is not None and known.first <= asked.first and asked.last <= known.last:
            return replace(self, checked=known.last)
        if not trouble:
            return self._extended(asked)
        if asked.last >= days.last:
            return replace(self, again=now + retry, why=trouble[:WHY_LIMIT])
        if known is not None and asked.last < known.first:
            return replace(self, floor=known.first)
        return replace(self, known=None, checked=None, floor=asked.last + DAY)

    def _extended(self, asked: Days) -> Progress:
        known = self.known
        if known is None:
            # What is read for the first time is days old already, but for the newest: a second reading would show nothing new.
            return replace(self, known=asked, checked=asked.last)
        return replace(self, known=Days(min(known.first, asked.first), max(known.last, asked.last)))

    def refused(self, error: LookError, now: datetime, retry: timedelta) -> Progress:
        """Return this after a look that failed: a quota is waited for, a fault tried again soon, a refusal on
        the next day. A body nobody expected is nothing to remember: the next look asks again."""
        seconds, why = until_midnight(now), f"{error.code}: {error}"[:WHY_LIMIT]
        if isinstance(error, ParseError):
            return replace(self, why=why)
        if isinstance(error, (TransportFault, Degraded)):
            seconds = retry.total_seconds()
        elif isinstance(error, RateLimited):
            seconds = retry.total_seconds() if error.retry_after is None else error.retry_after
        return replace(self, again=now + timedelta(seconds=seconds), why=why)


def _day(memory: Mapping[str, Any], key: str) -> date | None:
    try:
        return date.fromisoformat(text_of(memory, key))
    except ValueError:
        return None


def add_rows(page: Page, rows: tuple[Told, ...], biz: str, short: bool) -> None:
    """Put the data cube's articles beside those of the publish list; one that stands in both stays as the list told it, to the second."""
    names = {name for post in page.posts.values() for name in names_of(post)}
    for row in rows:
        if not names & row.names:
            page.take(row.draft(biz, short))


def together(published: Published, progress: Progress, days: Days | None, digest: str) -> Snapshot:
    """Return what both lists show and cover.

    They cover from the first day that the data cube was read for, or from where the publish list reaches to where that is later,
    until the end of the newest day that is over: never until now, since nobody tells of today's 群发. Where the newest day is not read,
    or the list does not reach that far back, the view is partial and says what it lacks.
    """
    page, known = published.page, progress.known
    reach = published.reach()
    lack = _lack(progress, days) or ("" if reach else "the publish list may be incomplete")
    if progress.total and published.total == 0:
        # Nobody deletes everything at once; a list that fails does look like this.
        lack = f"the publish list is empty, where there were {progress.total} publications"
    progress = replace(progress, total=published.total or progress.total)
    start = end = None
    if not lack and known is not None and reach is not None:
        start, end = max(start_of_day(known.first), reach), min(end_of_day(known.last), page.asked.now)
        if start >= end:
            lack = f"the publish list reaches back to {local_date(start)} only"
    seen = page.snapshot(partial=f"{PARTIAL} ({lack})" if lack else PARTIAL, profile=published.profile)
    covers = {} if lack else {"partial": "", "covers_from": start, "covers_until": end}
    return seen.model_copy(update={**covers, "memory": progress.remember(), "digest": digest})


def _lack(progress: Progress, days: Days | None) -> str:
    if days is None:
        return "the data cube holds no day yet"
    if progress.known is not None and progress.known.last == days.last:
        return ""
    return f"data cube: {progress.why or 'not read yet'}"


def cube_alone(page: Page, progress: Progress, why: str, digest: str) -> Snapshot:
    """Return what the data cube shows where the publish list is refused: always partial."""
    seen = page.snapshot(partial=f"{ALONE} ({why})"[: 2 * WHY_LIMIT])
    return seen.model_copy(update={"memory": progress.remember(), "digest": digest})
