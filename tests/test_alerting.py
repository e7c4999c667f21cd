"""Who is due to be told, why, and why not yet; as scenarios on plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from test_life import CLERK, FAILED, LATER, MONTH, NOW, OPERATOR, REMINDER, WARNING, alert, clear, idle, keyed

from monitor.alerting import Decision, Notice, Silence, Wishes, candidates_for, decide, notices
from monitor.life import settle
from monitor.model import Account, Alert, Contact, Finding, Firing, Platform, Role, Severity, Stage, Step
from monitor.telling import marks
from monitor.telling.hours import OfficeHours
from monitor.telling.mailboxes import Mailbox
from monitor.telling.marks import attempt, lowered, refused, told
from monitor.telling.reasons import Why

ALWAYS = Wishes(hours=OfficeHours(time(0), time(0), False), flap=timedelta(0), one_a_day=False)
"""Nobody sleeps: what is due is told at once."""
COUNTY = Contact(email="xianqu@shiquan.example", role=Role.COUNTY)
SYSADMIN = Contact(email="root@city.example", role=Role.SYSADMIN)


def to(*people: Contact) -> Callable[[Alert], Iterable[Contact]]:
    return lambda _: people


def due(alerts: Iterable[Alert], people: Callable[[Alert], Iterable[Contact]], now: datetime) -> list[Notice]:
    return notices(decide(alerts, people, {}, {}, ALWAYS, now))


# -- who is due ---------------------------------------------------------------------------------------------------------------


def test_one_notice_per_mailbox_gravest_first() -> None:
    reminder, accusation, graver = (
        settle({}, [idle(rung, subject=name)], NOW)[0].model_copy(update={"stage": Stage.OPEN})
        for rung, name in ((REMINDER, "a"), (FAILED, "b"), (MONTH, "c"))
    )
    same_mailbox = Contact(email=" Xinxi@Shiquan.example ")

    [notice] = due([reminder, accusation, graver], to(OPERATOR, same_mailbox), NOW)

    assert notice.opened == (graver, accusation, reminder)
    assert notice.recovered == ()


@pytest.mark.parametrize("stage", [Stage.PENDING, Stage.HELD])
def test_an_accusation_before_the_gate_is_told_to_nobody(stage: Stage) -> None:
    assert due([alert(FAILED, stage)], to(OPERATOR), NOW) == []


def test_a_person_is_told_of_each_rung_once() -> None:
    told_of_warning = told(alert(WARNING), OPERATOR.email, NOW)
    risen = told_of_warning.model_copy(update={"finding": idle(FAILED)})

    assert due([told_of_warning], to(OPERATOR), LATER) == []
    assert [notice.person for notice in due([risen], to(OPERATOR), LATER)] == [OPERATOR]


def test_a_person_who_joins_at_a_higher_rung_is_told_and_the_others_are_left_alone() -> None:
    second = Contact(email="second@shiquan.example")
    warned = told(alert(FAILED), OPERATOR.email, NOW)

    assert [notice.person for notice in due([warned], to(OPERATOR, second), LATER)] == [second]


def test_a_recovery_is_told_once_to_everybody_who_heard_also_when_the_roster_dropped_them() -> None:
    [over] = settle(keyed(told(alert(FAILED), OPERATOR.email, NOW)), [clear()], LATER)

    [notice] = due([over], to(CLERK), LATER)

    assert notice.recovered == (over,)
    assert notice.person.email == OPERATOR.email
    assert due([told(over, OPERATOR.email, LATER)], to(CLERK), LATER) == []


def test_a_rung_that_fell_sends_nothing_and_a_later_climb_is_told_again() -> None:
    graver = told(alert(MONTH), OPERATOR.email, NOW)
    [fallen] = settle(keyed(graver), [idle(FAILED)], LATER)

    [cut] = lowered([fallen])

    assert due([fallen], to(OPERATOR), LATER) == due([cut], to(OPERATOR), LATER) == []
    [again] = settle(keyed(cut), [idle(MONTH)], LATER)
    assert len(due([again], to(OPERATOR), LATER)) == 1
    assert lowered([cut, again]) == []


def test_an_empty_address_is_nobody() -> None:
    assert due([alert(REMINDER)], to(Contact(email=" ")), NOW) == []


def test_an_alert_from_the_future_waits() -> None:
    assert due([alert(REMINDER)], to(OPERATOR), NOW - timedelta(seconds=1)) == []


# -- crashes between sending and marking ----------------------------------------------------------------------------------------


def test_a_letter_killed_between_sending_and_marking_is_told_again_exactly_once() -> None:
    once = attempt(alert(REMINDER), OPERATOR.email, NOW)

    twice = attempt(once, OPERATOR.email, NOW)

    assert len(due([once], to(OPERATOR), NOW)) == 1
    assert due([twice], to(OPERATOR), NOW) == []


def test_two_letters_of_unknown_fate_are_enough_for_the_day_and_one_for_each_day_after() -> None:
    tomorrow = NOW + timedelta(days=1)
    unknown = attempt(attempt(alert(REMINDER), OPERATOR.email, NOW), OPERATOR.email, NOW)

    again = attempt(unknown, OPERATOR.email, tomorrow)

    assert len(due([unknown], to(OPERATOR), tomorrow)) == 1
    assert due([again], to(OPERATOR), tomorrow) == []
    assert told(again, OPERATOR.email, tomorrow).tries == {}


def test_a_server_that_is_down_for_an_hour_uses_no_tries_up() -> None:
    waiting = alert(REMINDER)
    for _ in range(60):
        waiting = refused(attempt(waiting, OPERATOR.email, NOW), OPERATOR.email, NOW)

    assert waiting.tries == {}
    assert len(due([waiting], to(OPERATOR), NOW)) == 1


def test_a_refusal_after_a_letter_of_unknown_fate_leaves_that_one_counted() -> None:
    unknown = attempt(alert(REMINDER), OPERATOR.email, NOW)

    after = refused(attempt(unknown, OPERATOR.email, NOW), OPERATOR.email, NOW)

    assert after.tries == unknown.tries


def test_being_told_settles_all_tries_of_that_person_only() -> None:
    second = Contact(email="second@shiquan.example")
    both = attempt(attempt(alert(REMINDER), OPERATOR.email, NOW), second.email, NOW)

    after = told(both, OPERATOR.email.upper(), NOW)

    assert list(after.told) == [OPERATOR.email]
    assert [notice.person for notice in due([after], to(OPERATOR, second), NOW)] == [second]
    assert len(after.tries) == 1


def test_letters_of_unknown_fate_do_not_swallow_the_next_rung() -> None:
    unknown = attempt(attempt(alert(WARNING), OPERATOR.email, NOW), OPERATOR.email, NOW)

    risen = unknown.model_copy(update={"finding": idle(FAILED)})

    assert len(due([risen], to(OPERATOR), LATER)) == 1


def test_letters_of_unknown_fate_do_not_swallow_the_recovery() -> None:
    unknown = attempt(attempt(alert(FAILED), OPERATOR.email, NOW), OPERATOR.email, NOW)

    [over] = settle(keyed(unknown), [clear()], LATER)

    [notice] = due([over], to(OPERATOR), LATER)
    assert notice.recovered == (over,)
    assert due([attempt(attempt(over, OPERATOR.email, LATER), OPERATOR.email, LATER)], to(OPERATOR), LATER) == []


# -- why, and why not yet -------------------------------------------------------------------------------------------------------

OFFICE = Wishes()
"""As shipped: 08:30 to 18:00 on working days, one letter a day, a repeat after a week, an hour to see whether a recovery holds."""
FRIDAY = datetime(2020, 3, 6, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai."""
TUESDAY_NIGHT = datetime(2020, 3, 3, 14, 0, tzinfo=UTC)
WEDNESDAY_OPENING = datetime(2020, 3, 4, 0, 30, tzinfo=UTC)


def why(
    *alerts: Alert,
    person: Contact = OPERATOR,
    now: datetime = NOW,
    wishes: Wishes = OFFICE,
    boxes: Mapping[str, Mailbox] | None = None,
    silences: Mapping[str, Silence] | None = None,
) -> list[Decision]:
    """What is decided about one person, in the order of alerts."""
    decisions = decide(alerts, to(person), boxes or {}, silences or {}, wishes, now)
    return [each for each in decisions if each.person.email == person.email]


def reasons(*alerts: Alert, **given: Any) -> list[Why]:
    return [each.why for each in why(*alerts, **given)]


def lapsing(line_on: date, rung: int = WARNING) -> Alert:
    """A warning whose account fails on that day."""
    finding = idle(rung).model_copy(update={"evidence": {"line_on": line_on.isoformat()}})
    return alert(rung).model_copy(update={"finding": finding})


def trouble(tells: tuple[Role, ...] = (Role.SYSADMIN, Role.CLERK)) -> Alert:
    finding = Finding(rule="frozen_source", status=Firing.FIRING, subject="weibo/a", severity=Severity.TROUBLE, rung=1, tells=tells)
    return settle({}, [finding], NOW)[0]


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        pytest.param(NOW, Why.NEW, id="a Tuesday morning"),
        pytest.param(TUESDAY_NIGHT, Why.HOURS, id="ten at night"),
        pytest.param(datetime(2020, 3, 8, 2, tzinfo=UTC), Why.HOURS, id="a Sunday"),
        pytest.param(datetime(2020, 1, 19, 2, tzinfo=UTC), Why.NEW, id="a Sunday that is a working day"),
        pytest.param(datetime(2020, 1, 31, 2, tzinfo=UTC), Why.HOURS, id="a Friday within the lengthened spring festival"),
        pytest.param(datetime(2020, 3, 4, 0, 29, 59, tzinfo=UTC), Why.HOURS, id="a second before opening"),
        pytest.param(WEDNESDAY_OPENING, Why.NEW, id="the opening itself"),
        pytest.param(datetime(2020, 3, 4, 10, 0, tzinfo=UTC), Why.HOURS, id="closing time"),
    ],
)
def test_people_are_written_to_in_office_hours_of_working_days(now: datetime, reason: Why) -> None:
    opened = alert(WARNING).model_copy(update={"opened_at": now - timedelta(minutes=1)})

    assert reasons(opened, now=now) == [reason]


def test_what_falls_outside_waits_for_the_next_opening() -> None:
    [waiting] = why(alert(WARNING), now=TUESDAY_NIGHT)

    assert waiting.until == WEDNESDAY_OPENING


def test_trouble_reaches_the_sysadmin_at_night_and_the_clerk_in_the_morning() -> None:
    assert reasons(trouble(), person=SYSADMIN, now=TUESDAY_NIGHT) == [Why.NEW]
    assert reasons(trouble(), person=CLERK, now=TUESDAY_NIGHT) == [Why.HOURS]
    assert reasons(trouble(), person=CLERK, now=WEDNESDAY_OPENING) == [Why.NEW]


def test_the_city_clerk_reads_of_accounts_in_the_digest_only() -> None:
    over = settle(keyed(alert(FAILED)), [clear()], LATER)[0]

    assert reasons(alert(FAILED), person=CLERK) == [Why.DIGEST]
    assert reasons(told(over, CLERK.email, NOW), person=CLERK, now=LATER) != [Why.RECOVERED]


def test_who_had_a_letter_today_waits_for_tomorrow_and_reads_the_rest_then() -> None:
    had_one = {OPERATOR.email: Mailbox(OPERATOR.email, last_at=NOW - timedelta(minutes=20))}

    [waiting] = why(alert(WARNING), boxes=had_one)

    assert (waiting.why, waiting.until) == (Why.DAILY, WEDNESDAY_OPENING)
    assert reasons(alert(WARNING), boxes=had_one, now=WEDNESDAY_OPENING) == [Why.NEW]


def test_trouble_is_told_beside_the_letter_of_the_day() -> None:
    had_one = {SYSADMIN.email: Mailbox(SYSADMIN.email, last_at=NOW)}

    assert reasons(trouble(), person=SYSADMIN, boxes=had_one) == [Why.NEW]


def test_what_was_told_and_still_stands_rides_along_with_what_is_new() -> None:
    known = told(alert(FAILED), OPERATOR.email, NOW)
    fresh = settle({}, [idle(WARNING, subject="b")], NOW)[0]

    [notice] = notices(decide([known, fresh], to(OPERATOR), {}, {}, OFFICE, LATER))

    assert (notice.opened, notice.standing) == ((fresh,), (known,))
    assert notices(decide([known], to(OPERATOR), {}, {}, OFFICE, LATER)) == []


@pytest.mark.parametrize(("days", "reason"), [(6, Why.STANDING), (7, Why.WEEKLY)])
def test_what_stays_open_is_told_again_after_a_week(days: int, reason: Why) -> None:
    standing = told(alert(WARNING), OPERATOR.email, NOW)

    assert reasons(standing, now=NOW + timedelta(days=days)) == [reason]


def test_a_letter_about_something_else_in_between_puts_the_weekly_repeat_off() -> None:
    standing = told(alert(WARNING), OPERATOR.email, NOW)
    read_of_it = {OPERATOR.email: Mailbox(OPERATOR.email, last_at=NOW + timedelta(days=3))}

    assert reasons(standing, now=NOW + timedelta(days=7), boxes=read_of_it) == [Why.STANDING]
    assert reasons(standing, now=NOW + timedelta(days=10), boxes=read_of_it) == [Why.WEEKLY]


def test_an_accusation_that_lasts_a_week_becomes_a_rectification_notice_with_a_deadline() -> None:
    accused = told(alert(FAILED), OPERATOR.email, NOW)

    [rectify] = why(accused, now=NOW + timedelta(days=7))

    assert (rectify.why, rectify.step, rectify.due) == (Why.RECTIFY, Step.RECTIFY, date(2020, 3, 17))
    noticed = told(accused, OPERATOR.email, NOW + timedelta(days=7), step=rectify.step, due=rectify.due)
    assert reasons(noticed, now=NOW + timedelta(days=8)) == [Why.STANDING]
    assert reasons(noticed, now=NOW + timedelta(days=14)) == [Why.WEEKLY]


def test_a_rectification_notice_without_an_answer_goes_to_the_county_once_its_deadline_has_passed() -> None:
    both = told(alert(FAILED), COUNTY.email, NOW)
    county = both.model_copy(update={"finding": both.finding.model_copy(update={"tells": (Role.OPERATOR, Role.COUNTY)})})
    noticed = told(county, OPERATOR.email, NOW, step=Step.RECTIFY, due=date(2020, 3, 4))

    on_time = reasons(noticed, person=COUNTY, now=datetime(2020, 3, 4, 2, tzinfo=UTC))
    late = why(noticed, person=COUNTY, now=datetime(2020, 3, 5, 2, tzinfo=UTC))
    answered = marks.acknowledged(noticed, OPERATOR.email, NOW)

    assert on_time == [Why.STANDING]
    assert [(each.why, each.step, each.due) for each in late] == [(Why.OVERDUE, Step.OVERDUE, date(2020, 3, 4))]
    assert reasons(answered, person=COUNTY, now=datetime(2020, 3, 5, 2, tzinfo=UTC)) == [Why.ACKNOWLEDGED]


def test_a_missing_repost_that_nobody_answered_for_goes_to_the_county_though_the_finding_did_not_name_it() -> None:
    finding = alert(FAILED).finding.model_copy(update={"article_id": "t1", "tells": (Role.OPERATOR, Role.CLERK)})
    noticed = told(alert(FAILED).model_copy(update={"finding": finding}), OPERATOR.email, NOW, step=Step.RECTIFY, due=date(2020, 3, 4))
    late = datetime(2020, 3, 5, 2, tzinfo=UTC)

    assert reasons(noticed, person=COUNTY, now=datetime(2020, 3, 4, 2, tzinfo=UTC)) == []
    assert reasons(noticed, person=COUNTY, now=late) == [Why.OVERDUE]
    assert reasons(told(noticed, COUNTY.email, late, step=Step.OVERDUE), person=COUNTY, now=late + timedelta(days=1)) == [Why.STANDING]
    assert reasons(marks.acknowledged(noticed, OPERATOR.email, NOW), person=COUNTY, now=late) == []


def test_an_acknowledged_alert_is_not_repeated_until_its_rung_rises() -> None:
    known = marks.acknowledged(told(alert(FAILED), OPERATOR.email, NOW), OPERATOR.email, NOW)
    graver = known.model_copy(update={"finding": idle(MONTH)})

    assert reasons(known, now=NOW + timedelta(days=9)) == [Why.ACKNOWLEDGED]
    assert reasons(graver, now=NOW + timedelta(days=9)) == [Why.NEW]


def test_an_answer_holds_for_the_whole_episode_unless_somebody_read_that_it_was_over() -> None:
    answered = marks.acknowledged(told(alert(FAILED), OPERATOR.email, NOW), OPERATOR.email, NOW)
    over = mended(answered, LATER)
    back = alert(FAILED).model_copy(update={"id": "second", "opened_at": LATER + timedelta(hours=2)})
    read = over.model_copy(update={"told": {email: mark.model_copy(update={"recovered": True}) for email, mark in over.told.items()}})
    week = NOW + timedelta(days=9)

    assert reasons(over, back, now=week) == [Why.ACKNOWLEDGED]
    assert reasons(read, told(back, OPERATOR.email, LATER + timedelta(hours=3)), now=week) == [Why.RECTIFY]


@pytest.mark.parametrize(
    ("line_on", "now", "reason"),
    [
        pytest.param(date(2020, 3, 7), FRIDAY, Why.PRESSING, id="the line is on Saturday"),
        pytest.param(date(2020, 3, 9), FRIDAY, Why.PRESSING, id="the line is on Monday, before anybody reads"),
        pytest.param(date(2020, 3, 10), FRIDAY, Why.STANDING, id="the line is on Tuesday"),
        pytest.param(date(2020, 3, 8), FRIDAY - timedelta(days=1), Why.STANDING, id="it is Thursday: tomorrow is time enough"),
        pytest.param(date(2020, 3, 6), FRIDAY, Why.PASSED, id="the line has come already"),
    ],
)
def test_a_warning_is_told_once_more_on_the_last_working_day_before_the_line(line_on: date, now: datetime, reason: Why) -> None:
    warned = told(lapsing(line_on), OPERATOR.email, NOW)

    assert reasons(warned, now=now) == [reason]


def test_what_presses_is_told_once_and_to_the_county_too() -> None:
    warned = told(lapsing(date(2020, 3, 8)), OPERATOR.email, NOW)

    [pressing] = why(warned, now=FRIDAY)
    again = told(warned, OPERATOR.email, FRIDAY, step=pressing.step)

    assert reasons(again, now=FRIDAY + timedelta(hours=1)) == [Why.STANDING]
    assert reasons(warned, person=COUNTY, now=FRIDAY) == [Why.NEW]
    assert reasons(warned, person=COUNTY, now=FRIDAY - timedelta(days=1)) == []


def test_a_deadline_before_the_next_opening_is_told_in_time_though_half_time_has_not_come() -> None:
    due_at = datetime(2020, 3, 7, 4, tzinfo=UTC)
    finding = Finding(
        rule="missing_repost",
        status=Firing.FIRING,
        subject="a",
        account_id="a",
        article_id="t1",
        tells=(Role.OPERATOR,),
        evidence={"due_at": due_at.isoformat()},
    )
    early = settle({}, [finding], NOW)[0]

    assert reasons(early, now=FRIDAY - timedelta(days=1)) == [Why.EARLY]
    assert reasons(early, now=FRIDAY) == [Why.NEW]
    assert reasons(told(early, OPERATOR.email, FRIDAY, step=Step.PRESSING), now=FRIDAY + timedelta(hours=1)) == [Why.STANDING]


def test_a_silence_holds_letters_about_its_account_until_it_ends() -> None:
    until = NOW + timedelta(days=2)
    quiet = {"610922M001XL0001": Silence("610922M001XL0001", until, "李四", "系统改造", NOW)}

    [silenced] = why(alert(FAILED), silences=quiet)

    assert (silenced.why, silenced.until) == (Why.SILENCED, until)
    assert reasons(alert(FAILED), silences=quiet, now=until) == [Why.NEW]


def test_a_recovery_is_told_once_it_has_held_for_an_hour() -> None:
    [over] = settle(keyed(told(alert(FAILED), OPERATOR.email, NOW)), [clear()], LATER)

    assert reasons(over, now=LATER + timedelta(minutes=59)) == [Why.FLAPPING]
    assert reasons(over, now=LATER + timedelta(minutes=60)) == [Why.RECOVERED]


def mended(alert: Alert, at: datetime) -> Alert:
    [over] = settle(keyed(alert), [alert.finding.model_copy(update={"status": Firing.CLEAR})], at)
    return over


def test_a_source_that_flaps_is_told_twice_in_all() -> None:
    """Down, up, down, up within the hour: people read that it went down, and that it is back for good."""
    minutes = [NOW + timedelta(minutes=10 * each) for each in range(5)]
    first = told(trouble(), SYSADMIN.email, minutes[0])
    over = mended(first, minutes[1])
    again = first.model_copy(update={"id": "second", "opened_at": minutes[2], "told": {}})
    back = mended(again, minutes[3])

    assert reasons(over, person=SYSADMIN, now=minutes[1]) == [Why.FLAPPING]
    assert reasons(over, again, person=SYSADMIN, now=minutes[2]) == [Why.STANDING]
    assert reasons(over, back, person=SYSADMIN, now=minutes[4]) == [Why.FLAPPING]
    [last] = why(over, back, person=SYSADMIN, now=minutes[3] + timedelta(hours=1))
    assert (last.why, last.alert.id) == (Why.RECOVERED, "second")
    assert reasons(over, told(back, SYSADMIN.email, LATER), person=SYSADMIN, now=NOW + timedelta(days=1)) == [Why.TOLD]


def test_a_lapse_while_its_recovery_goes_out_is_told_once_though_it_is_milder() -> None:
    graver = trouble().model_copy(update={"finding": trouble().finding.model_copy(update={"rung": 2})})
    over = told(mended(told(graver, SYSADMIN.email, NOW), NOW), SYSADMIN.email, LATER)
    again = trouble().model_copy(update={"id": "second", "opened_at": LATER})
    known = told(again, SYSADMIN.email, LATER)

    assert reasons(over, again, person=SYSADMIN, now=LATER) == [Why.NEW]
    assert reasons(over, known, person=SYSADMIN, now=LATER) == [Why.STANDING]
    assert reasons(over, mended(known, LATER), person=SYSADMIN, now=LATER + timedelta(hours=1)) == [Why.RECOVERED]


def test_the_letters_of_an_episode_answer_the_first_of_them() -> None:
    over = mended(told(trouble(), SYSADMIN.email, NOW, letter="first"), NOW + timedelta(minutes=1))
    again = trouble().model_copy(update={"id": "second", "opened_at": NOW + timedelta(minutes=2)})

    [back] = why(over, mended(again, NOW + timedelta(minutes=3)), person=SYSADMIN, now=LATER + timedelta(hours=1))

    assert back.why is Why.RECOVERED
    assert back.alert.told[SYSADMIN.email].thread == "first"


def test_a_first_letter_of_unknown_fate_is_not_forgotten_over_a_flap() -> None:
    over = mended(attempt(trouble(), SYSADMIN.email, NOW), NOW + timedelta(minutes=1))
    back = mended(trouble().model_copy(update={"id": "second", "opened_at": NOW + timedelta(minutes=2)}), NOW + timedelta(minutes=3))

    assert reasons(over, back, person=SYSADMIN, now=LATER + timedelta(hours=1)) == [Why.RECOVERED]


def test_what_ended_without_proof_is_over_without_a_word() -> None:
    """The account left the roster while its letter was under way, and the letter's mark was written afterwards."""
    left = told(alert(FAILED), OPERATOR.email, NOW).model_copy(update={"stage": Stage.RESOLVED, "resolved_at": NOW})

    assert reasons(left, now=LATER + timedelta(hours=1)) == []


def test_trouble_wakes_the_sysadmin_who_is_also_the_clerk() -> None:
    both = Contact(email=SYSADMIN.email.upper(), role=Role.CLERK)

    [decision] = decide([trouble()], to(both, SYSADMIN), {}, {}, OFFICE, TUESDAY_NIGHT)

    assert (decision.why, decision.person) == (Why.NEW, SYSADMIN)


def test_who_runs_an_account_and_answers_for_it_is_asked_as_who_runs_it() -> None:
    county = Contact(email=OPERATOR.email, role=Role.COUNTY)
    accused = told(alert(FAILED), OPERATOR.email, NOW)
    accused = accused.model_copy(update={"finding": accused.finding.model_copy(update={"tells": (Role.COUNTY, Role.OPERATOR)})})

    [decision] = decide([accused], to(county, OPERATOR), {}, {}, OFFICE, NOW + timedelta(days=7))

    assert (decision.why, decision.person) == (Why.RECTIFY, OPERATOR)


def test_who_heard_only_of_what_pressed_is_told_of_the_recovery_by_name() -> None:
    county = Contact(email=COUNTY.email, role=Role.COUNTY, name="县政府办")
    over = mended(told(alert(WARNING), COUNTY.email, NOW), LATER)

    [decision] = decide([over], to(OPERATOR, county), {}, {}, OFFICE, LATER + timedelta(hours=1))

    assert (decision.why, decision.person) == (Why.RECOVERED, county)


def test_a_clock_that_ran_ahead_puts_no_repeat_off_and_hastens_no_rectification() -> None:
    ahead = NOW + timedelta(days=400)
    accused, known = (told(alert(FAILED), OPERATOR.email, at) for at in (ahead, NOW))
    box = {OPERATOR.email: Mailbox(OPERATOR.email, last_at=ahead)}

    assert reasons(accused, now=NOW) == [Why.WEEKLY]
    assert reasons(known, boxes=box) == [Why.STANDING]


def test_letters_about_accounts_put_no_repeat_about_us_off() -> None:
    known = told(trouble(), SYSADMIN.email, NOW)
    had_one = {SYSADMIN.email: Mailbox(SYSADMIN.email, last_at=NOW + timedelta(days=6))}

    assert reasons(known, person=SYSADMIN, boxes=had_one, now=NOW + timedelta(days=7)) == [Why.WEEKLY]


def test_a_lapse_long_after_a_recovery_is_news() -> None:
    [over] = settle(keyed(told(alert(FAILED), OPERATOR.email, NOW)), [clear()], LATER)
    again = alert(FAILED).model_copy(update={"id": "second", "opened_at": LATER + timedelta(days=6)})

    assert reasons(told(over, OPERATOR.email, LATER), again, now=LATER + timedelta(days=6, hours=1)) == [Why.TOLD, Why.NEW]


def test_an_accusation_taken_back_for_a_reminder_is_told_as_over() -> None:
    accused = told(alert(FAILED), OPERATOR.email, NOW)
    over, milder = settle(keyed(accused), [idle(REMINDER)], LATER)

    found = reasons(over, milder, now=LATER + timedelta(hours=1))

    assert found == [Why.RECOVERED, Why.NEW]


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        pytest.param(Mailbox(OPERATOR.email, refused_at=NOW - timedelta(days=6), refused_why="550"), Why.REFUSED, id="refused for good"),
        pytest.param(Mailbox(OPERATOR.email, refused_at=NOW - timedelta(days=7), refused_why="550"), Why.NEW, id="refused a week ago"),
        pytest.param(Mailbox(OPERATOR.email, next_try_at=NOW + timedelta(minutes=1)), Why.BACKING_OFF, id="refused for now"),
        pytest.param(Mailbox(OPERATOR.email, next_try_at=NOW), Why.NEW, id="tried again"),
    ],
)
def test_an_address_that_takes_no_mail_is_left_alone(box: Mailbox, reason: Why) -> None:
    assert reasons(alert(WARNING), boxes={OPERATOR.email: box}) == [reason]


def test_who_answers_for_more_gets_one_letter_as_such() -> None:
    own, other = alert(FAILED), settle({}, [idle(WARNING, subject="b")], NOW)[0]
    own = own.model_copy(update={"finding": own.finding.model_copy(update={"tells": (Role.COUNTY,)})})
    people = {own.id: COUNTY, other.id: Contact(email=COUNTY.email.upper())}

    [notice] = notices(decide([own, other], lambda each: [people[each.id]], {}, {}, OFFICE, NOW))

    assert notice.person == COUNTY
    assert len(notice.opened) == 2


def test_letters_about_us_are_letters_of_their_own() -> None:
    both = Contact(email=OPERATOR.email, role=Role.SYSADMIN)
    people = {"idle": OPERATOR, "frozen_source": both}

    found = notices(decide([alert(WARNING), trouble()], lambda each: [people[each.finding.rule]], {}, {}, OFFICE, NOW))

    assert [(len(each.opened), each.duty) for each in found] == [(1, False), (1, True)]


def test_every_reason_has_words_and_either_sends_waits_or_rests() -> None:
    assert all(each.label for each in Why)
    assert not [each for each in Why if each.sends and each.waits]


def test_those_who_might_hear_are_the_accounts_own_contacts_then_clerks_then_sysadmins() -> None:
    account = Account(id="610922M001XL0001", platform=Platform.WEIBO, name="石泉统计", contacts=(OPERATOR, COUNTY))

    assert candidates_for(account, [CLERK], [SYSADMIN]) == (OPERATOR, COUNTY, CLERK, SYSADMIN)
    assert candidates_for(None, [CLERK], [SYSADMIN]) == (CLERK, SYSADMIN)


def test_whom_a_finding_does_not_name_it_does_not_concern() -> None:
    assert reasons(alert(FAILED), person=SYSADMIN) == []


def test_what_the_gate_holds_says_so() -> None:
    assert reasons(alert(FAILED, Stage.HELD)) == [Why.GATE]
    assert reasons(alert(FAILED, Stage.PENDING)) == [Why.GATE]


@pytest.mark.parametrize("evidence", [{"line_on": "0001-01-01"}, {"line_on": 7}, {"line_on": "soon"}, {"line_on": None}, {}])
def test_evidence_that_makes_no_sense_keeps_nobody_from_being_told(evidence: dict[str, Any]) -> None:
    odd = alert(WARNING)
    odd = odd.model_copy(update={"finding": odd.finding.model_copy(update={"evidence": evidence})})
    due = {"article_id": "t", "evidence": {"due_at": "0001-01-01T00:00+14:00"}}
    task = odd.model_copy(update={"finding": odd.finding.model_copy(update=due)})

    assert reasons(odd)[0] in (Why.NEW, Why.PASSED)
    assert reasons(task) == [Why.NEW]
