"""Holidays that the office announces itself: next year's before the library knows them, and changes within a year. Invented days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from monitor.errors import BadSettings
from monitor.settings import load
from monitor.telling.hours import OfficeHours
from monitor.workdays import (
    Announcement,
    Holiday,
    UnknownYear,
    after_working_days,
    announce,
    holiday_on,
    is_known,
    is_working_day,
    known_until,
    next_holiday,
    working_days,
)

NEW_YEAR = Announcement(name="元旦", first=date(2027, 1, 1), last=date(2027, 1, 3), work=(date(2027, 1, 9),))
NATIONAL = Announcement(name="国庆节", first=date(2027, 10, 1), last=date(2027, 10, 7), work=(date(2027, 9, 26), date(2027, 10, 9)))
WRITTEN = """
[calendar]
holidays = [
  { name = "元旦", first = 2027-01-01, last = 2027-01-03, work = [2027-01-09] },
  { name = "国庆节", first = 2027-10-01, last = 2027-10-07 },
]
"""


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What a test announces must not be known to the next."""
    yield
    announce([])


def test_a_year_is_known_once_its_last_holiday_is_announced() -> None:
    announce([NEW_YEAR])
    assert not is_known(2027) and known_until() == date(2026, 12, 31)

    announce([NEW_YEAR, NATIONAL])
    assert is_known(2027) and known_until() == date(2027, 12, 31)


def test_an_announced_day_off_is_one_though_the_rest_of_its_year_is_unknown() -> None:
    announce([NEW_YEAR])

    assert not is_working_day(date(2027, 1, 1)) and not OfficeHours().works(date(2027, 1, 1))
    with pytest.raises(UnknownYear):
        is_working_day(date(2027, 1, 4))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        pytest.param(date(2027, 1, 1), False, id="a holiday"),
        pytest.param(date(2027, 1, 4), True, id="the day after it"),
        pytest.param(date(2027, 1, 9), True, id="a shifted Saturday"),
        pytest.param(date(2027, 1, 16), False, id="a plain Saturday"),
        pytest.param(date(2027, 9, 26), True, id="a shifted Sunday"),
        pytest.param(date(2027, 10, 7), False, id="the last day off"),
    ],
)
def test_its_days_are_worked_as_announced(day: date, worked: bool) -> None:
    announce([NEW_YEAR, NATIONAL])

    assert is_working_day(day) is worked


def test_counting_and_looking_ahead_run_into_the_announced_year() -> None:
    announce([NEW_YEAR, NATIONAL])

    assert after_working_days(date(2026, 12, 31), 1) == date(2027, 1, 4)
    assert working_days(date(2026, 12, 30), date(2027, 1, 9)) == 1 + 5 + 1
    assert next_holiday(date(2026, 12, 29)) == Holiday("元旦", date(2027, 1, 1), date(2027, 1, 3))
    assert holiday_on(date(2027, 10, 5)) == Holiday("国庆节", date(2027, 10, 1), date(2027, 10, 7))


def test_a_change_within_a_known_year_stands_above_the_library() -> None:
    announce([Announcement(name="春节", first=date(2026, 2, 24), last=date(2026, 2, 25))])

    assert not is_working_day(date(2026, 2, 25)) and is_working_day(date(2026, 2, 26))
    lengthened = holiday_on(date(2026, 2, 20))
    assert lengthened is not None and (lengthened.name, lengthened.last) == ("春节", date(2026, 2, 25))


def test_what_is_announced_replaces_what_was() -> None:
    announce([NEW_YEAR, NATIONAL])
    announce([])

    with pytest.raises(UnknownYear):
        is_working_day(date(2027, 1, 4))


def test_the_settings_take_them_as_toml_writes_dates(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(WRITTEN, encoding="utf-8")

    holidays = load(file).calendar.holidays

    assert [each.name for each in holidays] == ["元旦", "国庆节"]
    assert holidays[0] == NEW_YEAR


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param('{ name = "元旦", first = 2027-01-03, last = 2027-01-01 }', "last 应不早于 first", id="turned round"),
        pytest.param('{ name = "元旦", first = 2027-01-01, last = 2028-01-03 }', "不超过 31 天", id="a wrong year"),
        pytest.param('{ name = "元旦", first = 2027-01-01, last = 2027-01-01, work = [2027-01-05] }', "不是周六", id="a weekday worked"),
        pytest.param('{ name = "元旦", first = 2027-01-01, last = 2027-01-03, work = [2027-01-02] }', "2027-01-02", id="off and worked"),
        pytest.param('{ name = "元旦", first = "一月一日", last = 2027-01-03 }', "first", id="no date"),
        pytest.param('{ name = "", first = 2027-01-01, last = 2027-01-03 }', "name", id="no name"),
    ],
)
def test_an_implausible_announcement_is_refused_with_its_place(row: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"[calendar]\nholidays = [{row}]\n", encoding="utf-8")

    with pytest.raises(BadSettings) as caught:
        load(file)

    assert "calendar.holidays" in str(caught.value) and said in str(caught.value)
