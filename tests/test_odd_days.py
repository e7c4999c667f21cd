"""Weeks that nobody thought of: the line within National Day, an address that refuses, a silence that ends on a holiday, a new operator in
the middle of an episode, an account that flaps day by day, a repost due as the office opens, a gate that holds over a holiday."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import pytest
from judging import at
from sixty_days import COUNTY, HOURLY, OPERATOR, Sent, Unit, told, unit
from test_sixty_days import always, everything_holds, one_a_day, shanghai

from monitor.alerting import Silence
from monitor.model import Article, Contact, Severity, Stage
from monitor.telling.mailboxes import MARK_LASTS
from monitor.telling.reasons import Why

SEPTEMBER = date(2026, 9, 1)
BACK_AT_WORK = date(2026, 10, 8)
SECOND, THIRD = Contact(email="er@shiquan.example"), Contact(email="san@shiquan.example")
ONE = unit()[:1]
WEIBO = ONE[0].id


def accused(sent: Sequence[Sent], to: Contact = OPERATOR) -> list[date]:
    found = told(sent, Why.NEW, Why.WEEKLY, Why.RECTIFY)
    return [letter.day for letter, alert, _ in found if alert.finding.severity is Severity.ACCUSATION and letter.to == to.email]


def over(sent: Sequence[Sent], to: Contact = OPERATOR) -> list[date]:
    return [letter.day for letter, _, _ in told(sent, Why.RECOVERED) if letter.to == to.email]


def test_who_reaches_the_line_on_the_third_day_of_a_holiday_is_asked_before_it_and_accused_after_it() -> None:
    world = Unit(ONE, {WEIBO: [at("2026-08-31 10:00"), at("2026-09-10 10:00"), at("2026-09-19 10:00")]})

    sent = world.live(SEPTEMBER, 45, HOURLY)

    everything_holds(world)
    asked = {letter.day for letter, alert, _ in told(sent) if alert.finding.rule == "holiday" and letter.to == COUNTY.email}
    assert asked and max(asked) <= date(2026, 9, 30)
    last_call = [letter.day for letter, _, decision in told(sent) if letter.to == OPERATOR.email and letter.day < date(2026, 10, 1)]
    assert last_call[-1] == date(2026, 9, 30)
    assert accused(sent)[0] == BACK_AT_WORK


def test_who_posts_on_the_last_day_before_a_holiday_reads_that_it_is_over_and_nothing_else() -> None:
    world = Unit(ONE, {WEIBO: [at("2026-08-31 10:00"), at("2026-09-10 10:00"), at("2026-09-19 10:00"), at("2026-09-30 17:20")]})

    sent = world.live(SEPTEMBER, 42, HOURLY)

    always(world)
    assert accused(sent) == []
    assert [letter.day for letter in sent if letter.to == COUNTY.email and letter.day >= BACK_AT_WORK] == [BACK_AT_WORK]


def test_one_of_three_addresses_refuses_and_the_others_hear_as_ever() -> None:
    accounts = unit(OPERATOR, SECOND, THIRD, COUNTY)[:1]
    world = Unit(accounts, {WEIBO: [at("2026-08-31 10:00")]}, refuses=frozenset({SECOND.email}))

    sent = world.live(SEPTEMBER, 40, HOURLY)

    always(world)
    assert accused(sent) == accused(sent, THIRD) and accused(sent)
    assert not [letter for letter in sent if letter.to == SECOND.email]
    tried = [moment for moment, _ in world.turned_away]
    assert all(after - before >= MARK_LASTS for before, after in pairwise(tried))


def test_a_silence_that_ends_on_a_holiday_lets_nobody_hear_before_the_office_opens() -> None:
    until = at("2026-10-04 00:00")
    silence = Silence(WEIBO, until, "李四", "系统改造", at("2026-09-05 09:00"))
    world = Unit(ONE, {WEIBO: [at("2026-09-04 10:00")]}, silences={WEIBO: silence})

    sent = world.live(SEPTEMBER, 45, HOURLY)

    always(world)
    assert {letter.day for letter in sent if letter.day < date(2026, 10, 12)} == {BACK_AT_WORK}
    assert shanghai(sent[0].at).hour == 9


def test_a_new_operator_in_the_middle_hears_and_the_old_one_reads_only_that_it_is_over() -> None:
    successor = unit(SECOND, COUNTY)[:1]
    posts = {WEIBO: [at("2026-08-20 10:00"), at("2026-09-24 10:00")]}
    world = Unit(ONE, posts, moved=(at("2026-09-10 12:00"), successor))

    sent = world.live(SEPTEMBER, 30, HOURLY)

    always(world)
    assert accused(sent) == [date(2026, 9, 3), date(2026, 9, 10)]
    assert min(accused(sent, SECOND)) == date(2026, 9, 10)
    assert (over(sent), over(sent, SECOND)) == ([date(2026, 9, 24)], [date(2026, 9, 24)])


def test_an_account_that_flaps_daily_for_a_week_costs_nobody_more_than_a_letter_a_day() -> None:
    evenings = [at(f"2026-09-{day} 19:00") for day in range(14, 19)]
    gone = {(WEIBO, moment): moment + timedelta(hours=3) for moment in evenings}
    world = Unit(ONE, {WEIBO: [at("2026-08-28 10:00"), *evenings]}, deleted=gone)

    sent = world.live(SEPTEMBER, 30, HOURLY)

    always(world)
    assert over(sent) == []
    assert accused(sent) == [date(2026, 9, 11), date(2026, 9, 18), date(2026, 9, 28)]


def test_a_repost_due_as_the_office_opens_on_monday_is_asked_for_on_friday() -> None:
    friday, monday = at("2026-09-11 09:00"), at("2026-09-14 08:30")
    task = Article(id="t", title="防汛工作部署", published_at=friday, due_at=monday)
    world = Unit(ONE, {WEIBO: [at(f"2026-09-{day:02} 10:00") for day in range(1, 30)]}, (task,))

    sent = world.live(date(2026, 9, 7), 20, HOURLY)

    always(world)
    asked = [letter.day for letter, alert, _ in told(sent) if alert.finding.severity is Severity.NOTICE]
    assert asked == [date(2026, 9, 11)]
    assert accused(sent)[0] == date(2026, 9, 14)


def test_a_sunday_that_is_worked_is_the_last_call_of_a_repost_due_on_monday_morning() -> None:
    task = Article(id="t", title="防汛工作部署", published_at=at("2026-09-18 09:00"), due_at=at("2026-09-21 08:30"))
    world = Unit(ONE, {WEIBO: [at(f"2026-09-{day:02} 10:00") for day in range(1, 30)]}, (task,))

    sent = world.live(date(2026, 9, 14), 20, HOURLY)

    always(world)
    assert [letter.day for letter, alert, _ in told(sent) if alert.finding.severity is Severity.NOTICE] == [date(2026, 9, 20)]


def test_a_repost_ordered_and_due_within_a_weekend_is_not_asked_for_when_it_is_too_late() -> None:
    task = Article(id="t", title="防汛工作部署", published_at=at("2026-09-12 20:00"), due_at=at("2026-09-14 08:30"))
    world = Unit(ONE, {WEIBO: [at(f"2026-09-{day:02} 10:00") for day in range(1, 30)]}, (task,))

    sent = world.live(date(2026, 9, 7), 20, HOURLY)

    always(world)
    assert {alert.finding.severity for _, alert, _ in told(sent)} == {Severity.ACCUSATION}


@pytest.mark.parametrize("posted_again", [True, False])
def test_an_accusation_that_the_gate_holds_over_a_holiday_is_not_preceded_by_a_recovery(posted_again: bool) -> None:
    """A post of the eve's night is deleted within the holiday: what follows waits for a person, and so does 已恢复."""
    late = at("2026-09-30 20:00")
    posts = [at("2026-09-10 10:00"), late, *([at("2026-10-09 11:00")] if posted_again else [])]
    held = {WEIBO: at("2026-10-12 10:00")}
    world = Unit(ONE, {WEIBO: posts}, deleted={(WEIBO, late): at("2026-10-02 12:00")}, gate=held)
    world.gate = {}
    world.live(SEPTEMBER, 31, HOURLY)
    world.gate = held

    sent = world.live(date(2026, 10, 2), 30, HOURLY)

    one_a_day(sent)
    before = [letter for letter in sent if date(2026, 10, 1) <= letter.day < date(2026, 10, 12)]
    if posted_again:
        assert [letter.day for letter, _, _ in told(before, Why.RECOVERED) if letter.to == OPERATOR.email] == [date(2026, 10, 9)]
    else:
        assert not list(told(before))
        later = (letter.day for letter in sent if letter.day >= date(2026, 10, 12) and letter.to == OPERATOR.email)
        assert next(later) == date(2026, 10, 12)
    assert all(alert.stage is Stage.OPEN for letter in sent for alert in letter.notice.opened)
