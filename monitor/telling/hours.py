"""When people may be written to: office hours on working days, in Asia/Shanghai. Pure.

A year without an official calendar is not guessed at: its every day is taken for open, so that nothing waits for ever, and whoever
asks can say so (`unsure`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from monitor.model import SHANGHAI, cut, local_date
from monitor.workdays import ONE_DAY, UnknownYear, is_known, is_working_day


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """`opens` and `closes` are times of the day in Shanghai; a second one that is not after the first lies on the next day.

    The same time twice is a day round the clock. What begins on a working day belongs to it, also past midnight.
    """

    opens: time = time(8, 30)
    closes: time = time(18, 0)
    working_days_only: bool = True

    def is_open(self, now: datetime) -> bool:
        today = local_date(now)
        return any(self.works(day) and self.opening(day) <= now < self.closing(day) for day in (today, today - ONE_DAY))

    def works(self, day: date) -> bool:
        """Whether anybody is at work that day; a day of an unknown year counts as one."""
        if not self.working_days_only:
            return True
        try:
            return is_working_day(day)
        except UnknownYear:
            return True

    def opening(self, day: date) -> datetime:
        """Return when the day's hours begin, in UTC, whether or not it is a working day."""
        return cut(datetime.combine(day, self.opens, SHANGHAI))

    def closing(self, day: date) -> datetime:
        """Return when the day's hours end, in UTC."""
        return cut(datetime.combine(day + ONE_DAY if self.closes <= self.opens else day, self.closes, SHANGHAI))

    def next_opening(self, now: datetime) -> datetime:
        """Return the first opening after `now`: the next day's while it is open, today's still to come before."""
        day = local_date(now)
        while not (self.works(day) and self.opening(day) > now):
            day += ONE_DAY
        return self.opening(day)

    def unsure(self, now: datetime) -> int | None:
        """Return the year whose calendar is missing, where that matters for today or the next opening."""
        if not self.working_days_only:
            return None
        days = (local_date(now), local_date(self.next_opening(now)))
        return next((day.year for day in days if not is_known(day.year)), None)
