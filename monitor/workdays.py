"""Working days and public holidays by the State Council's yearly calendar, shifted days (调休) included.

The library knows the years that are out. What it does not know yet, or what was changed within a year (2020's Spring Festival was
lengthened in January), the office may `announce`. A year nobody knows raises `UnknownYear`: it is said, never guessed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Self

import chinese_calendar
from chinese_calendar.constants import Holiday as Named
from chinese_calendar.constants import holidays as named_days
from pydantic import BaseModel, ConfigDict, Field, model_validator

ONE_DAY = timedelta(days=1)
LONGEST_DAYS = 31
"""No holiday is longer; a span that is has a wrong date in it."""
LAST_OF_YEAR = "国庆"
"""The last holiday of a year: once it is named, the year's calendar is whole. New Year's days were announced alone before."""

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


class Announcement(BaseModel):
    """What a notice says of one holiday: its days off, and the weekend days worked instead (`work`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=20)
    first: date
    last: date
    work: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if not timedelta(0) <= self.last - self.first < timedelta(days=LONGEST_DAYS):
            raise ValueError(f"last 应不早于 first，且假期不超过 {LONGEST_DAYS} 天")
        for day in self.work:
            if day.weekday() < 5:
                raise ValueError(f"work 中的 {day} 不是周六或周日，无需列为调休上班日")
        return self

    def days(self) -> tuple[date, ...]:
        return tuple(self.first + ONE_DAY * number for number in range((self.last - self.first).days + 1))


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
    """Whether it is worked; a day off that the office announced is none, whatever else is known of its year. Raises `UnknownYear`."""
    return day not in _announced.off and day in _working(day.year)


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
    return year in _PUBLISHED or year in _announced.years


def known_until() -> date:
    """Return the last day of the last year with an official calendar, counted on without a gap from what the library knows."""
    year = max(_PUBLISHED)
    while is_known(year + 1):
        year += 1
    return date(year, 12, 31)


def announce(announcements: Iterable[Announcement]) -> None:
    """Let these stand above what the library says of their days, in place of all announced before. Once, before anything is judged."""
    told = tuple(announcements)
    _announced.off = {day: each.name for each in told for day in each.days()}
    _announced.work = frozenset(day for each in told for day in each.work)
    _announced.years = whole_years(_announced.off)
    for remembered in (_calendar, _working, _holidays):
        remembered.cache_clear()


def at_odds(announcements: Iterable[Announcement]) -> list[date]:
    """Return the days that are said to be off twice, or both off and worked."""
    told = tuple(announcements)
    off = [day for each in told for day in each.days()]
    work = {day for each in told for day in each.work}
    return sorted({day for day in off if day in work or off.count(day) > 1})


def whole_years(named: dict[date, str]) -> frozenset[int]:
    """Return the years whose calendar is whole: the days off are named up to 国庆节, the last holiday of a year."""
    return frozenset(day.year for day, name in named.items() if LAST_OF_YEAR in name)


_NAMED = {day: _NAMES[name] for day, name in named_days.items()}
_PUBLISHED = whole_years(_NAMED)


class _Announced:
    """What the office announced: set as a whole, by `announce` alone."""

    off: dict[date, str] = {}
    work: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()


_announced = _Announced()


@cache
def _calendar(year: int) -> tuple[date, ...]:
    if not is_known(year):
        raise UnknownYear(year)
    first, last = date(year, 1, 1), date(year, 12, 31)
    if year in _PUBLISHED:
        # A year costs the library some milliseconds, so it is asked once.
        usual = set(chinese_calendar.get_workdays(first, last))
    else:
        days = (first + ONE_DAY * number for number in range((last - first).days + 1))
        usual = {day for day in days if day.weekday() < 5}
    worked = {day for day in _announced.work if day.year == year}
    return tuple(sorted((usual | worked) - _announced.off.keys()))


@cache
def _working(year: int) -> frozenset[date]:
    return frozenset(_calendar(year))


@cache
def _holidays(year: int) -> tuple[Holiday, ...]:
    """Return the holidays of which a named day lies in the year, those that begin in the year before included."""
    found: dict[tuple[date, date], list[str]] = {}
    if is_known(year):
        named = _NAMED | _announced.off
        for day in (each for each in sorted(named) if each.year == year and not is_working_day(each)):
            names = found.setdefault((_edge(day, -ONE_DAY), _edge(day, ONE_DAY)), [])
            if (name := named[day]) not in names:
                names.append(name)
    return tuple(Holiday("、".join(names), first, last) for (first, last), names in sorted(found.items()))


def _edge(day: date, step: timedelta) -> date:
    """Return the last day off in a row in one direction; a year without a calendar ends it."""
    while is_known((day + step).year) and not is_working_day(day + step):
        day += step
    return day
