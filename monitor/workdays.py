"""Working days and public holidays by the State Council's yearly calendar, shifted days (调休) included.

A year whose calendar is not out yet, or not in the library yet, raises `UnknownYear`: it is said, never guessed.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import chinese_calendar
from chinese_calendar.constants import Holiday as Named

ONE_DAY = timedelta(days=1)
_CHINESE = {each.value: each.chinese for each in Named}


class UnknownYear(ValueError):
    """There is no official calendar for `year`; a count that needs it must not be guessed."""

    def __init__(self, year: int) -> None:
        super().__init__(f"no working-day calendar for {year}")
        self.year = year


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday: all days off in a row, weekends beside it included. `name` as the State Council calls it, 、 between two."""

    name: str
    first: date
    last: date


def working_days(after: date, upto: date) -> int:
    """Return how many working days d have after < d <= upto; 0 when the span is turned round. Raises `UnknownYear`."""
    if upto <= after:
        return 0
    whole = sum(len(_calendar(year)) for year in range(after.year, upto.year))
    return whole + bisect_right(_calendar(upto.year), upto) - bisect_right(_calendar(after.year), after)


def is_working_day(day: date) -> bool:
    """Raises `UnknownYear`."""
    return day in _working(day.year)


def after_working_days(day: date, number: int) -> date:
    """Return the `number`-th working day after a day. Raises `UnknownYear`."""
    while number > 0:
        day += ONE_DAY
        number -= is_working_day(day)
    return day


def last_working_day(upto: date) -> date:
    """Return the last working day up to and including a day. Raises `UnknownYear`."""
    while not is_working_day(upto):
        upto -= ONE_DAY
    return upto


def next_holiday(after: date) -> Holiday | None:
    """Return the first public holiday that begins after a day, within the days whose calendar is known; None where none is.

    A weekend alone is no public holiday. A holiday that runs into a year without a calendar ends, for us, with the known year.
    """
    return next((each for year in (after.year, after.year + 1) for each in _holidays(year) if each.first > after), None)


def is_known(year: int) -> bool:
    """Whether the official calendar of a year is at hand."""
    try:
        _calendar(year)
    except UnknownYear:
        return False
    return True


@cache
def _calendar(year: int) -> tuple[date, ...]:
    # A year costs the library some milliseconds, so it is asked once.
    try:
        return tuple(chinese_calendar.get_workdays(date(year, 1, 1), date(year, 12, 31)))
    except NotImplementedError as error:
        raise UnknownYear(year) from error


@cache
def _working(year: int) -> frozenset[date]:
    return frozenset(_calendar(year))


@cache
def _holidays(year: int) -> tuple[Holiday, ...]:
    """Return the holidays of which a named day lies in the year, those that begin in the year before included."""
    if not is_known(year):
        return ()
    named = chinese_calendar.get_holidays(date(year, 1, 1), date(year, 12, 31))
    found: dict[date, list[str]] = {}
    ends: dict[date, date] = {}
    for day in named:
        _, name = chinese_calendar.get_holiday_detail(day)
        if name not in _CHINESE:
            continue
        first, last = _edge(day, -ONE_DAY), _edge(day, ONE_DAY)
        names = found.setdefault(first, [])
        ends[first] = last
        if _CHINESE[name] not in names:
            names.append(_CHINESE[name])
    return tuple(Holiday("、".join(names), first, ends[first]) for first, names in sorted(found.items()))


def _edge(day: date, step: timedelta) -> date:
    """Return the last day off in a row in one direction; a year without a calendar ends it."""
    while is_known((day + step).year) and not is_working_day(day + step):
        day += step
    return day
