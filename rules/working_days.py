"""Count working days by the State Council's yearly calendar, shifted days (调休) included."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from functools import cache

import chinese_calendar


class UnknownYear(ValueError):
    """There is no official calendar for `year`; a count that needs it must not be guessed."""

    def __init__(self, year: int) -> None:
        super().__init__(f"no working-day calendar for {year}")
        self.year = year


def working_days(after: date, upto: date) -> int:
    """Return how many working days d have after < d <= upto; 0 when the span is turned round. Raises `UnknownYear`."""
    if upto <= after:
        return 0
    whole = sum(len(_calendar(year)) for year in range(after.year, upto.year))
    return whole + bisect_right(_calendar(upto.year), upto) - bisect_right(_calendar(after.year), after)


@cache
def _calendar(year: int) -> tuple[date, ...]:
    # A year costs the library some milliseconds, so it is asked once.
    try:
        return tuple(chinese_calendar.get_workdays(date(year, 1, 1), date(year, 12, 31)))
    except NotImplementedError as error:
        raise UnknownYear(year) from error
