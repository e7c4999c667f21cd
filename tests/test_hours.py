"""Office hours: their edges, what lies round midnight, days off, and a year without a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import at

from monitor.model import SHANGHAI, local_date
from monitor.telling.hours import OfficeHours

OFFICE = OfficeHours()
EVERY_DAY = OfficeHours(working_days_only=False)
ROUND_THE_CLOCK = OfficeHours(time(0), time(0), working_days_only=False)
NIGHT_SHIFT = OfficeHours(time(22), time(6))
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 30), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("hours", "now", "is_open"),
    [
        pytest.param(OFFICE, "2026-03-03 08:29:59.999", False, id="a moment before opening"),
        pytest.param(OFFICE, "2026-03-03 08:30", True, id="opening"),
        pytest.param(OFFICE, "2026-03-03 17:59:59.999", True, id="a moment before closing"),
        pytest.param(OFFICE, "2026-03-03 18:00", False, id="closing"),
        pytest.param(OFFICE, "2026-03-07 10:00", False, id="a Saturday"),
        pytest.param(OFFICE, "2026-02-14 10:00", True, id="a shifted Saturday"),
        pytest.param(OFFICE, "2026-02-16 10:00", False, id="a Monday in a holiday"),
        pytest.param(EVERY_DAY, "2026-02-16 10:00", True, id="a day off where that is no matter"),
        pytest.param(OFFICE, "2027-01-01 10:00", True, id="a day of an unknown year is taken for open"),
        pytest.param(OFFICE, "2027-01-01 19:00", False, id="though not its evening"),
        pytest.param(ROUND_THE_CLOCK, "2026-03-03 00:00", True, id="round the clock at midnight"),
        pytest.param(ROUND_THE_CLOCK, "2026-03-07 23:59:59.999", True, id="round the clock on a Saturday"),
        pytest.param(OfficeHours(time(0), time(0)), "2026-03-07 00:00", False, id="the whole working day ends with it"),
        pytest.param(OfficeHours(time(8), time(8)), "2026-03-04 07:59", True, id="twenty-four hours from eight"),
        pytest.param(NIGHT_SHIFT, "2026-03-03 23:00", True, id="before midnight"),
        pytest.param(NIGHT_SHIFT, "2026-03-07 05:59", True, id="Friday's night ends on Saturday"),
        pytest.param(NIGHT_SHIFT, "2026-03-07 06:00", False, id="at six"),
        pytest.param(NIGHT_SHIFT, "2026-03-07 23:00", False, id="Saturday's own night"),
        pytest.param(NIGHT_SHIFT, "2026-03-09 05:00", False, id="nor Sunday's"),
    ],
)
def test_offices_are_open_from_opening_until_before_closing(hours: OfficeHours, now: str, is_open: bool) -> None:
    assert hours.is_open(at(now)) is is_open


@pytest.mark.parametrize(
    ("hours", "now", "opening"),
    [
        pytest.param(OFFICE, "2026-03-03 08:29", "2026-03-03 08:30", id="today's is still to come"),
        pytest.param(OFFICE, "2026-03-03 08:30", "2026-03-04 08:30", id="while it is open, tomorrow's"),
        pytest.param(OFFICE, "2026-03-06 20:00", "2026-03-09 08:30", id="over a weekend"),
        pytest.param(OFFICE, "2026-02-13 20:00", "2026-02-14 08:30", id="a shifted Saturday"),
        pytest.param(OFFICE, "2026-02-14 12:00", "2026-02-24 08:30", id="over the Spring Festival"),
        pytest.param(OFFICE, "2025-12-31 18:00", "2026-01-04 08:30", id="over New Year to a shifted Sunday"),
        pytest.param(OFFICE, "2026-12-31 18:00", "2027-01-01 08:30", id="a day of an unknown year is waited for no longer than any"),
        pytest.param(EVERY_DAY, "2026-03-06 20:00", "2026-03-07 08:30", id="any day"),
        pytest.param(ROUND_THE_CLOCK, "2026-03-06 00:00", "2026-03-07 00:00", id="round the clock, the next midnight"),
    ],
)
def test_the_next_opening_is_the_first_after_the_moment(hours: OfficeHours, now: str, opening: str) -> None:
    assert hours.next_opening(at(now)) == at(opening)


@pytest.mark.parametrize(
    ("hours", "now", "year"),
    [
        pytest.param(OFFICE, "2026-12-30 10:00", None, id="tomorrow is known"),
        pytest.param(OFFICE, "2026-12-31 10:00", 2027, id="the next opening is not"),
        pytest.param(OFFICE, "2027-01-01 10:00", 2027, id="nor is today"),
        pytest.param(OFFICE, "2003-12-31 10:00", 2003, id="a year before the calendars"),
        pytest.param(EVERY_DAY, "2027-01-01 10:00", None, id="it does not matter"),
    ],
)
def test_a_missing_calendar_is_said_where_it_matters(hours: OfficeHours, now: str, year: int | None) -> None:
    assert hours.unsure(at(now)) == year


@given(MOMENTS)
def test_the_next_opening_lies_ahead_on_a_working_day_and_nothing_opens_before_it(now: datetime) -> None:
    opening = OFFICE.next_opening(now)
    between = [now + timedelta(hours=hour) for hour in range(24 * 11) if now + timedelta(hours=hour) < opening]

    assert now < opening and OFFICE.is_open(opening) and not OFFICE.is_open(opening - timedelta(milliseconds=1))
    # Whatever is open before that belongs to the day that `now` is in.
    assert all(local_date(each) == local_date(now) for each in between if OFFICE.is_open(each))


@given(MOMENTS, st.sampled_from(["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Shanghai"]))
def test_the_zone_of_a_server_and_its_summer_time_change_nothing(now: datetime, zone: str) -> None:
    there = now.astimezone(ZoneInfo(zone))

    assert OFFICE.is_open(there) is OFFICE.is_open(now)
    assert OFFICE.next_opening(there) == OFFICE.next_opening(now)


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 7, 1), date(2026, 10, 25), date(2026, 11, 1)], ids=str)
def test_hours_begin_and_end_at_the_same_time_of_the_day_all_year(day: date) -> None:
    assert OFFICE.opening(day) == datetime.combine(day, time(0, 30), UTC)
    assert OFFICE.closing(day) == datetime.combine(day, time(10), UTC)
    assert OFFICE.opening(day).astimezone(SHANGHAI).time() == time(8, 30)
