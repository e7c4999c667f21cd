"""The course of a week, the burden of a month, the leader's page: figures from letters, steps and alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from digesting import (
    ACCOUNTS,
    BACK,
    BACK_ALERT,
    DAY,
    EXEMPT,
    FRESH,
    NEVER,
    NOW,
    OLD,
    OLD_ALERT,
    SOON,
    account,
    alert,
    city,
    ended,
    idle,
    letter,
    never,
    step_of,
)

from monitor.model import Account, PersonsWord, Status, Verdict
from monitor.reports.burden import Burden, Month, burden, closures, month_before
from monitor.reports.courses import Ahead, week
from monitor.reports.digests import digest
from monitor.reports.leading import last_quarter_end, leading
from monitor.tasks import NO_UNIT
from monitor.telling.records import Ask, Request
from monitor.telling.trail import Act

FEBRUARY = Month(2020, 2)
HOUR = timedelta(hours=1)
FOUND = NOW - 10 * DAY
"""Some day in February."""


def of(made: Burden, who: Account) -> tuple[int, int, int, int, int]:
    found = next(unit for unit in made.units if unit.unit == who.unit)
    return found.letters, found.most_a_day, found.mended, found.reopened, found.asked


# -- a week -----------------------------------------------------------------------------------------------------------------


def test_a_week_without_a_past_has_no_course() -> None:
    assert week(city(), {}, [], []).course is None


def test_a_week_counts_letters_once_and_only_those_that_somebody_may_have_read() -> None:
    sent = [
        *(letter("1", NOW - DAY), letter("1", NOW - DAY), letter("2", NOW - DAY, outcome="uncertain")),
        *(letter("3", NOW - DAY, outcome="refused"), letter("4", NOW - DAY, about="digest"), letter("5", NOW - 8 * DAY)),
    ]

    assert week(city(), {}, sent, []).letters == 2


def test_the_time_to_mend_runs_from_the_first_letter() -> None:
    steps = [step_of(BACK_ALERT, Act.TOLD, NOW - 2 * DAY), step_of(BACK_ALERT, Act.TOLD, NOW - 10 * HOUR - 3 * DAY)]

    made = week(city(), {}, [], steps)

    assert made.typical == 3 * DAY and made.mended == 1


def test_what_nobody_was_told_of_has_no_time_to_mend() -> None:
    made = week(city(), {}, [], [step_of(BACK_ALERT, Act.RECHECK, NOW - 2 * DAY)])

    assert made.typical is None and made.mended == 1


def test_the_articles_of_a_week_are_those_that_came_due_in_it() -> None:
    assert [sheet.article.id for sheet in week(city(), {}, [], []).due] == ["2020-07"]
    assert week(city(now=NOW + 6 * DAY), {}, [], []).due == ()


def ahead_of(now: datetime, days: int) -> Ahead | None:
    return week(city(now=now, rows=[idle(OLD, days, now)], alerts=[], sheets=()), {}, [], []).ahead


def test_before_a_holiday_those_are_named_whose_line_falls_into_it() -> None:
    made = ahead_of(datetime(2020, 4, 27, 1, 0, tzinfo=UTC), 9)

    assert made is not None
    assert (made.holiday.name, made.holiday.first, made.holiday.last) == ("劳动节", date(2020, 5, 1), date(2020, 5, 5))
    assert [who for who, _ in made.rows] == [OLD] and made.act_by == date(2020, 4, 30)


@pytest.mark.parametrize(("now", "days"), [(datetime(2020, 4, 27, 1, tzinfo=UTC), 3), (datetime(2020, 3, 3, 1, tzinfo=UTC), 13)])
def test_a_holiday_that_catches_nobody_or_is_far_away_is_not_spoken_of(now: datetime, days: int) -> None:
    assert ahead_of(now, days) is None


# -- a month ----------------------------------------------------------------------------------------------------------------


def test_a_letter_about_two_units_counts_for_each_and_once_in_the_sum() -> None:
    sent = [letter("1", FOUND, units=(OLD.unit, FRESH.unit)), letter("2", FOUND, units=(OLD.unit,)), letter("3", NOW, units=(OLD.unit,))]
    steps = [step_of(OLD_ALERT, Act.TOLD, FOUND, letter="1", unit=OLD.unit), step_of(OLD_ALERT, Act.TOLD, FOUND, letter="9")]

    made = burden(city(), FEBRUARY, sent, steps)

    assert (made.letters, made.readers) == (3, 1)
    assert of(made, OLD)[:2] == (3, 2) and of(made, FRESH)[:2] == (1, 1)


def test_units_stand_in_the_order_of_their_codes_and_unknown_ones_last() -> None:
    sent = [letter(str(n), FOUND, units=(unit,)) for n, unit in enumerate(["已撤销单位", OLD.unit, "", FRESH.unit])]

    made = burden(city(), FEBRUARY, sent, [])

    assert [unit.unit for unit in made.units] == [FRESH.unit, OLD.unit, "已撤销单位", NO_UNIT]
    assert made.untroubled == len(ACCOUNTS) - 2


def test_what_units_asked_for_and_what_came_back_is_counted_in_its_month() -> None:
    first, second = ended(FRESH, NOW - 40 * DAY, NOW - 30 * DAY), ended(FRESH, NOW - 15 * DAY, NOW - 5 * DAY)
    steps = [
        *(step_of(second, Act.TOLD, NOW - 9 * DAY, unit=FRESH.unit, letter="7"), step_of(second, Act.RECHECK, NOW - 6 * DAY)),
        *(step_of(OLD_ALERT, Act.CLOSURE, FOUND, unit=OLD.unit), step_of(OLD_ALERT, Act.EXEMPTION, NOW - 60 * DAY)),
    ]

    made = burden(city(alerts=[first, second]), FEBRUARY, [], steps)

    assert of(made, FRESH) == (1, 0, 1, 1, 1)
    assert of(made, OLD) == (0, 0, 0, 0, 1)
    assert (made.mended, made.typical) == (1, 4 * DAY)


def test_a_month_ends_where_the_next_begins_in_shanghai() -> None:
    december = Month(2019, 12)

    assert december.holds(datetime(2019, 12, 31, 15, 59, tzinfo=UTC))
    assert not december.holds(datetime(2019, 12, 31, 16, 0, tzinfo=UTC))
    assert (str(month_before(date(2020, 1, 15))), month_before(date(2020, 3, 31))) == ("2019-12", FEBRUARY)


def lapses_of(who: Account, *starts: int) -> list:
    return [ended(who, NOW - start * DAY, NOW - (start - 3) * DAY) for start in starts]


def test_an_account_that_lapsed_three_times_within_a_year_might_be_closed() -> None:
    rows = [idle(FRESH, 2), idle(OLD, 2), idle(SOON, 2)]
    alerts = [*lapses_of(FRESH, 300, 200, 100), *lapses_of(OLD, 200, 100), *lapses_of(SOON, 400, 200, 100)]

    found = closures(city(rows=rows, alerts=alerts))

    assert [(each.account, each.lapses, each.silent_since) for each in found] == [(FRESH, 3, None)]


def test_what_wavers_is_one_lapse() -> None:
    wavering = [ended(FRESH, NOW - 100 * DAY + n * HOUR, NOW - 100 * DAY + (n + 0.5) * HOUR) for n in range(4)]

    assert closures(city(rows=[idle(FRESH, 2)], alerts=wavering)) == ()


def test_a_repost_that_was_missed_is_no_lapse_of_an_account() -> None:
    missed = [ended(FRESH, NOW - n * DAY, NOW - (n - 1) * DAY, rule="missing_repost", article_id="a") for n in (30, 60, 90)]

    assert closures(city(rows=[idle(FRESH, 2)], alerts=missed)) == ()


def test_who_has_been_silent_for_sixty_days_and_answered_nothing_might_be_closed() -> None:
    since = NOW - 80 * DAY
    rows = [idle(OLD, 94), never(NEVER), idle(FRESH, 40)]
    alerts = [alert(who, since) for who in (OLD, NEVER, FRESH)]

    found = closures(city(rows=rows, alerts=alerts, requests=()))

    assert [(each.account, each.never) for each in found] == [(OLD, False), (NEVER, True)]
    assert found[0].silent_since == date(2019, 11, 30)


def test_who_answered_is_not_offered_to_be_closed() -> None:
    answered = alert(OLD, NOW - 80 * DAY, acknowledged=PersonsWord(by="王一", at=NOW, rung=4))
    silent = alert(OLD, NOW - 80 * DAY)

    assert closures(city(rows=[idle(OLD, 94)], alerts=[answered])) == ()
    assert closures(city(rows=[idle(OLD, 94)], alerts=[silent], requests=[Request(OLD.id, Ask.EXEMPTION, "x", NOW)])) == ()
    closing = OLD.model_copy(update={"status": Status.CLOSING})
    assert closures(city(rows=[idle(closing, 94)], alerts=[silent])) == ()


# -- the leader's ------------------------------------------------------------------------------------------------------------


def page(**then: Verdict | None):
    material = city()
    return leading(material, digest(material, NOW - DAY), last_quarter_end(date(2020, 3, 3)), then)


def test_the_change_is_the_difference_of_both_rates_as_printed() -> None:
    failed_then = {who.id: Verdict.FAILED if who in (OLD, NEVER, BACK) else Verdict.QUALIFIED for who in ACCOUNTS if who is not EXEMPT}

    made = page(**failed_then)

    assert made.then is not None
    assert (made.tally.rate, made.then.rate, made.change) == (Decimal("57.14"), Decimal("62.50"), Decimal("-5.36"))


def test_without_a_past_there_is_no_change() -> None:
    assert page().change is None
    assert page(**{OLD.id: Verdict.UNDETERMINED}).then is None


def test_at_most_five_names_and_only_failing_ones() -> None:
    rows = [idle(account(n, f"第{n}号"), 20 + n) for n in range(9)]

    made = leading(city(rows=rows), digest(city(rows=rows, alerts=[]), NOW), date(2019, 12, 31), {})

    assert len(made.names) == 5 and made.names[0].standing.idle_days == 28
    assert {case.standing.verdict for case in made.names} == {Verdict.FAILED}


@pytest.mark.parametrize(
    ("day", "end"), [(date(2020, 1, 1), date(2019, 12, 31)), (date(2020, 3, 31), date(2019, 12, 31)), (date(2020, 4, 1), date(2020, 3, 31))]
)
def test_the_quarter_before_ends_before_the_quarter_of_the_day(day: date, end: date) -> None:
    assert last_quarter_end(day) == end


def test_what_is_being_done_counts_accounts() -> None:
    doing = page().doing

    assert (doing.told, doing.answered, doing.overdue, doing.rectifying, doing.asked) == (1, 1, 1, 0, 1)


def test_the_material_of_a_meter_may_name_accounts_that_have_left() -> None:
    gone = ended(account(77, "已退出"), FOUND - DAY, FOUND)
    told = step_of(gone, Act.TOLD, FOUND - HOUR, unit="已退出单位", letter="5")

    made = burden(replace(city(), alerts=[gone]), FEBRUARY, [], [told])

    assert {unit.unit for unit in made.units} == {"已退出单位", NO_UNIT}
