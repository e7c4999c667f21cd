"""Working days and public holidays: two years by the published calendar, the year's edge, and years that nobody knows yet."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.workdays import (
    ONE_DAY,
    Holiday,
    UnknownYear,
    after_working_days,
    before_working_days,
    holiday_on,
    is_known,
    is_working_day,
    last_working_day,
    next_holiday,
    whole_years,
    working_days,
)

# As the State Council's office published them: 国办发明电〔2024〕12号 for 2025, 国办发明电〔2025〕7号 for 2026.
HOLIDAYS = [
    Holiday("元旦", date(2025, 1, 1), date(2025, 1, 1)),
    Holiday("春节", date(2025, 1, 28), date(2025, 2, 4)),
    Holiday("清明节", date(2025, 4, 4), date(2025, 4, 6)),
    Holiday("劳动节", date(2025, 5, 1), date(2025, 5, 5)),
    Holiday("端午节", date(2025, 5, 31), date(2025, 6, 2)),
    Holiday("国庆节、中秋节", date(2025, 10, 1), date(2025, 10, 8)),
    Holiday("元旦", date(2026, 1, 1), date(2026, 1, 3)),
    Holiday("春节", date(2026, 2, 15), date(2026, 2, 23)),
    Holiday("清明节", date(2026, 4, 4), date(2026, 4, 6)),
    Holiday("劳动节", date(2026, 5, 1), date(2026, 5, 5)),
    Holiday("端午节", date(2026, 6, 19), date(2026, 6, 21)),
    Holiday("中秋节", date(2026, 9, 25), date(2026, 9, 27)),
    Holiday("国庆节", date(2026, 10, 1), date(2026, 10, 7)),
]
SHIFTED = [
    *(date(2025, 1, 26), date(2025, 2, 8), date(2025, 4, 27), date(2025, 9, 28), date(2025, 10, 11)),
    *(date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10)),
]
LAST_KNOWN, FIRST_UNKNOWN = date(2026, 12, 31), 2027
KNOWN_DAYS = st.dates(date(2010, 1, 1), date(2025, 12, 31))


def holidays_of(first: date, last: date) -> list[Holiday]:
    found: list[Holiday] = []
    while (holiday := next_holiday(found[-1].first if found else first - ONE_DAY)) and holiday.first <= last:
        found.append(holiday)
    return found


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def test_the_public_holidays_of_two_years_are_those_that_were_published() -> None:
    assert holidays_of(date(2025, 1, 1), LAST_KNOWN) == HOLIDAYS


def test_every_day_of_two_years_is_worked_as_published() -> None:
    off = {day for each in HOLIDAYS for day in days(each.first, each.last)}

    for day in days(date(2025, 1, 1), LAST_KNOWN):
        assert is_working_day(day) is (day in SHIFTED or (day.weekday() < 5 and day not in off)), day


@pytest.mark.parametrize("day", SHIFTED, ids=str)
def test_a_shifted_saturday_or_sunday_is_a_working_day_and_no_holiday(day: date) -> None:
    assert day.weekday() >= 5
    assert is_working_day(day)
    assert holiday_on(day) is None


@pytest.mark.parametrize(
    ("day", "name"),
    [
        pytest.param(date(2026, 2, 14), None, id="the working Saturday before it"),
        pytest.param(date(2026, 2, 15), "春节", id="its first day"),
        pytest.param(date(2026, 2, 23), "春节", id="its last day"),
        pytest.param(date(2026, 2, 24), None, id="the first working day after it"),
        pytest.param(date(2026, 2, 7), None, id="a plain Saturday"),
        pytest.param(date(2022, 12, 31), "元旦", id="a New Year that begins in the year before"),
        pytest.param(date(2023, 1, 2), "元旦", id="and ends in the next"),
        pytest.param(date(2016, 12, 31), "元旦", id="a Saturday that belongs to the New Year after it"),
        pytest.param(date(2025, 10, 6), "国庆节、中秋节", id="two at once"),
    ],
)
def test_a_day_lies_in_the_holiday_with_the_weekend_beside_it(day: date, name: str | None) -> None:
    holiday = holiday_on(day)

    assert (holiday.name if holiday else None) == name


def test_a_new_year_that_begins_in_december_is_found_from_there() -> None:
    assert next_holiday(date(2022, 12, 20)) == Holiday("元旦", date(2022, 12, 31), date(2023, 1, 2))
    assert next_holiday(date(2016, 12, 20)) == Holiday("元旦", date(2016, 12, 31), date(2017, 1, 2))


def test_after_the_last_holiday_known_there_is_none() -> None:
    assert next_holiday(date(2026, 9, 30)) == HOLIDAYS[-1]
    assert next_holiday(date(2026, 10, 1)) is None
    assert next_holiday(date(FIRST_UNKNOWN, 1, 1)) is None


def test_a_year_without_a_calendar_is_never_guessed() -> None:
    unknown = date(FIRST_UNKNOWN, 1, 1)

    assert is_known(2026) and not is_known(FIRST_UNKNOWN)
    for asked in (
        lambda: is_working_day(unknown),
        lambda: holiday_on(unknown),
        lambda: working_days(LAST_KNOWN, unknown),
        lambda: last_working_day(unknown),
        lambda: after_working_days(LAST_KNOWN, 1),
        lambda: before_working_days(unknown, 1),
        lambda: before_working_days(date(2004, 1, 1), 1),
    ):
        with pytest.raises(UnknownYear):
            asked()


def test_who_asks_is_told_which_year_is_missing() -> None:
    with pytest.raises(UnknownYear, match="2027") as caught:
        after_working_days(date(2026, 12, 28), 20)

    assert caught.value.year == FIRST_UNKNOWN


def test_one_named_day_does_not_make_a_whole_year_known() -> None:
    named = {date(2026, 1, 1): "元旦", date(2026, 10, 1): "国庆节、中秋节", date(2027, 1, 1): "元旦"}

    assert whole_years(named) == {2026}


@pytest.mark.parametrize(
    ("day", "number", "expected"),
    [
        pytest.param(date(2026, 2, 13), 1, date(2026, 2, 14), id="a shifted Saturday counts"),
        pytest.param(date(2026, 2, 14), 1, date(2026, 2, 24), id="over a holiday"),
        pytest.param(date(2026, 2, 14), 5, date(2026, 2, 28), id="over a holiday to a shifted Saturday"),
        pytest.param(date(2025, 12, 31), 1, date(2026, 1, 4), id="over New Year"),
        pytest.param(date(2026, 3, 2), 0, date(2026, 3, 2), id="none"),
    ],
)
def test_working_days_are_counted_on_from_a_day(day: date, number: int, expected: date) -> None:
    assert after_working_days(day, number) == expected


@pytest.mark.parametrize(
    ("day", "number", "expected"),
    [
        pytest.param(date(2026, 2, 15), 1, date(2026, 2, 14), id="the eve is a shifted Saturday"),
        pytest.param(date(2026, 2, 15), 2, date(2026, 2, 13), id="and before it a Friday"),
        pytest.param(date(2026, 1, 4), 1, date(2025, 12, 31), id="over New Year"),
        pytest.param(date(2026, 3, 1), 0, date(2026, 3, 1), id="none"),
    ],
)
def test_working_days_are_counted_back_from_a_day(day: date, number: int, expected: date) -> None:
    assert before_working_days(day, number) == expected


@given(KNOWN_DAYS, st.integers(1, 40))
def test_counting_on_and_counting_between_agree(day: date, number: int) -> None:
    reached = after_working_days(day, number)

    assert is_working_day(reached)
    assert working_days(day, reached) == number
    assert working_days(day, reached - ONE_DAY) == number - 1
    assert before_working_days(reached, number) <= day < before_working_days(reached, number - 1)


@given(KNOWN_DAYS)
def test_the_last_working_day_is_that_before_the_next_or_the_day_itself(day: date) -> None:
    last = last_working_day(day)

    assert last == (day if is_working_day(day) else before_working_days(day, 1))


@given(KNOWN_DAYS)
def test_a_holiday_lies_between_two_working_days_and_is_off_throughout(day: date) -> None:
    holiday = next_holiday(day)

    assert holiday is not None and holiday.first > day
    assert is_working_day(holiday.first - ONE_DAY) and is_working_day(holiday.last + ONE_DAY)
    assert {holiday_on(each) for each in days(holiday.first, holiday.last)} == {holiday}
    assert not any(is_working_day(each) for each in days(holiday.first, holiday.last))
