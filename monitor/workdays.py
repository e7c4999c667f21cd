"""Working days and public holidays by the State Council's yearly calendar, shifted days (调休) included.

A year whose calendar is not out yet, or not in the library yet, raises `UnknownYear`: it is said, never guessed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import chinese_calendar
from chinese_calendar.constants import Holiday as Named
from chinese_calendar.constants import holidays as named_days

ONE_DAY = timedelta(days=1)

# The library shortens three of them; the State Council's notices write 节.
_NAMES = {each.value: each.chinese for each in Named} | {
    Named.tomb_sweeping_day.value: "清明节",
    Named.dragon_boat_festival.value: "端午节",
    Named.mid_autumn_festival.value: "中秋节",
}


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
    """Return the `number`-th working day after a day, the day itself for none. Raises `UnknownYear`."""
    if number <= 0:
        return day
    year, place = day.year, bisect_right(_calendar(day.year), day) + number - 1
    while place >= len(_calendar(year)):
        place -= len(_calendar(year))
        year += 1
    return _calendar(year)[place]


def before_working_days(day: date, number: int) -> date:
    """Return the `number`-th working day before a day, the day itself for none. Raises `UnknownYear`."""
    if number <= 0:
        return day
    year, place = day.year, bisect_left(_calendar(day.year), day) - number
    while place < 0:
        year -= 1
        place += len(_calendar(year))
    return _calendar(year)[place]


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


def holiday_on(day: date) -> Holiday | None:
    """Return the public holiday that a day lies in, weekends beside it included; None for a working day and a plain weekend.

    Raises `UnknownYear`.
    """
    if is_working_day(day):
        return None
    return next((each for year in (day.year, day.year + 1) for each in _holidays(year) if each.first <= day <= each.last), None)


def is_known(year: int) -> bool:
    """Whether the official calendar of a year is at hand."""
    return year in _KNOWN


def known_until() -> date:
    """Return the last day of the last year with an official calendar."""
    return date(max(_KNOWN), 12, 31)


def whole_years(named: Mapping[date, str]) -> frozenset[int]:
    """Return the years whose calendar is whole: the days off are named up to 国庆节, the last holiday of a year.

    New Year's days were announced alone before, and one named day would make its whole year known.
    """
    return frozenset(day.year for day, name in named.items() if name == Named.national_day.value)


_KNOWN = whole_years(named_days)


@cache
def _calendar(year: int) -> tuple[date, ...]:
    if not is_known(year):
        raise UnknownYear(year)
    # A year costs the library some milliseconds, so it is asked once.
    return tuple(chinese_calendar.get_workdays(date(year, 1, 1), date(year, 12, 31)))


@cache
def _working(year: int) -> frozenset[date]:
    return frozenset(_calendar(year))


@cache
def _holidays(year: int) -> tuple[Holiday, ...]:
    """Return the holidays of which a named day lies in the year, those that begin in the year before included."""
    found: dict[tuple[date, date], list[str]] = {}
    if is_known(year):
        for day in (each for each in sorted(named_days) if each.year == year and not is_working_day(each)):
            names = found.setdefault((_edge(day, -ONE_DAY), _edge(day, ONE_DAY)), [])
            if (name := _NAMES[named_days[day]]) not in names:
                names.append(name)
    return tuple(Holiday("、".join(names), first, last) for (first, last), names in sorted(found.items()))


def _edge(day: date, step: timedelta) -> date:
    """Return the last day off in a row in one direction; a year without a calendar ends it."""
    while is_known((day + step).year) and not is_working_day(day + step):
        day += step
    return day
