"""What a digest says: sums that add up, worst first, nothing that is another county's, nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from digesting import (
    ACCOUNTS,
    BACK,
    BACK_ALERT,
    COUNTY,
    DAY,
    FRESH,
    FRESH_ALERT,
    NEVER,
    NOW,
    OLD,
    OLD_ALERT,
    OPERATOR,
    SOON,
    TOMORROW,
    UNCLEAR,
    account,
    alert,
    city,
    ended,
    idle,
    step_of,
    told,
    unclear,
    unjudged,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerting import Silence
from monitor.life import RECOVERY
from monitor.model import Account, Contact, PersonsWord, Platform, RepostVerdict, Role, Severity, Stage, Step, Verdict, start_of_day
from monitor.reports.cases import Case, Row
from monitor.reports.courses import WEEK, course, since_then, week
from monitor.reports.digests import Digest, county_digest, digest, last_opening, missing_calendar, tally
from monitor.reports.leading import leading
from monitor.telling.hours import OfficeHours
from monitor.telling.mailboxes import Mailbox
from monitor.telling.records import Ask, Request
from monitor.telling.trail import Act

SINCE = NOW - DAY


def case_of(made: Digest, who: Account) -> Case:
    return next(case for case in (*made.failed, *made.soon, *made.undetermined) if case.account == who)


# -- sums -------------------------------------------------------------------------------------------------------------------


@st.composite
def rosters(draw: st.DrawFn) -> list[Row]:
    """Draw accounts in any state on any platform."""
    rows: list[Row] = []
    for number in range(draw(st.integers(0, 25))):
        who = account(number, f"第{number}号", platform=draw(st.sampled_from(Platform)))
        make = draw(st.sampled_from([unclear, unjudged, lambda each: idle(each, draw(st.integers(0, 90)))]))
        rows.append(make(who))
    return rows


@settings(max_examples=60, deadline=None)
@given(rosters())
def test_every_judged_account_is_counted_once_and_every_list_is_as_long_as_its_figure(rows: list[Row]) -> None:
    made = digest(city(rows=rows, alerts=[], sheets=()), SINCE)

    sums = made.tally
    assert sums.qualified + sums.failed + sums.undetermined == sums.judged == len(rows) - sums.unjudged
    assert (len(made.failed), len(made.soon), len(made.undetermined)) == (sums.failed, sums.soon, sums.undetermined)
    assert sums.soon <= sums.qualified
    platforms = leading(city(rows=rows), made, date(2019, 12, 31), {}).platforms
    assert sum(each.judged for _, each in platforms) == sums.judged
    assert sum(each.base for _, each in platforms) == sums.base


@settings(max_examples=60, deadline=None)
@given(rosters(), st.data())
def test_the_course_of_a_week_leads_from_the_old_number_to_the_new(rows: list[Row], data: st.DataObject) -> None:
    then = {who.id: data.draw(st.sampled_from([*Verdict, None])) for who, _ in rows}

    moved = course(rows, then)

    if moved is None:
        assert not {Verdict.QUALIFIED, Verdict.FAILED} & set(then.values())
    else:
        assert moved.then.failed - moved.back - moved.unclear - moved.gone + moved.newly == tally(rows).failed


# -- the city's ----------------------------------------------------------------------------------------------------------------


def test_the_failing_come_with_the_longest_silence_first_and_who_never_posted_before_all() -> None:
    made = digest(city(), SINCE)

    assert [case.account for case in made.failed] == [NEVER, OLD, FRESH]
    assert [case.account for case in made.soon] == [TOMORROW, SOON]
    assert [case.account for case in made.undetermined] == [UNCLEAR]


def test_only_what_became_an_accusation_since_the_last_digest_is_new() -> None:
    made = digest(city(), SINCE)

    assert [case.account for case in made.fresh] == [FRESH]


@pytest.mark.parametrize("act", [Act.OPENED, Act.ESCALATED, Act.RELEASED])
def test_an_old_accusation_that_was_released_or_proven_only_now_is_new(act: Act) -> None:
    made = digest(city(steps=[step_of(OLD_ALERT, act, NOW - timedelta(hours=1))]), SINCE)

    assert [case.account for case in made.fresh] == [OLD, FRESH]


def test_a_step_that_says_nothing_to_a_clerk_makes_nothing_new() -> None:
    made = digest(city(steps=[step_of(OLD_ALERT, Act.TOLD, NOW - timedelta(hours=1))]), SINCE)

    assert [case.account for case in made.fresh] == [FRESH]


def test_a_deadline_that_passed_without_an_answer_is_overdue() -> None:
    made = digest(city(), SINCE)

    found = case_of(made, OLD)
    assert found.overdue and found.due == date(2020, 3, 2) and found.told == NOW - 8 * DAY


def test_whoever_acknowledged_or_asked_for_something_has_answered() -> None:
    spoken = OLD_ALERT.model_copy(update={"acknowledged": PersonsWord(by="王一", at=NOW - DAY, rung=4)})
    asked = [Request(OLD.id, Ask.EXEMPTION, OPERATOR.email, NOW - DAY)]

    acknowledged = digest(city(alerts=[spoken]), SINCE)
    requested = digest(city(requests=asked), SINCE)

    assert not case_of(acknowledged, OLD).overdue and case_of(acknowledged, OLD).answered == NOW - DAY
    assert not case_of(requested, OLD).overdue and case_of(requested, OLD).asked == tuple(asked)


def test_an_acknowledgement_of_a_lower_rung_is_no_answer_to_a_higher_one() -> None:
    spoken = OLD_ALERT.model_copy(update={"acknowledged": PersonsWord(by="王一", at=NOW - 20 * DAY, rung=3)})

    made = digest(city(alerts=[spoken]), SINCE)

    assert case_of(made, OLD).answered is None and case_of(made, OLD).overdue


def test_a_silence_is_shown_while_it_lasts() -> None:
    over = Silence(FRESH.id, NOW - DAY, "赵科", "系统迁移", NOW - 3 * DAY)
    lasting = Silence(OLD.id, NOW + DAY, "赵科", "系统迁移", NOW - 3 * DAY)

    made = digest(city(silences={FRESH.id: over, OLD.id: lasting}), SINCE)

    assert case_of(made, OLD).silenced == NOW + DAY and case_of(made, FRESH).silenced is None


def test_who_has_no_operator_or_a_dead_address_cannot_be_reached() -> None:
    well = digest(city(mailboxes={}), SINCE)
    dead = digest(city(), SINCE)

    assert case_of(well, OLD).reachable and not case_of(well, NEVER).reachable
    assert not case_of(dead, OLD).reachable


def test_a_refusal_that_wore_off_is_not_reported() -> None:
    worn = {OPERATOR.email: Mailbox(OPERATOR.email, refused_at=NOW - 8 * DAY, refused_why="550")}

    assert digest(city(mailboxes=worn), SINCE).unreachable == ()
    assert len(digest(city(), SINCE).unreachable[0].accounts) == 8


def test_other_alerts_of_an_account_do_not_speak_for_its_updates() -> None:
    renamed = alert(SOON, NOW, severity=Severity.WARNING, rule="drift", label="名称变更", told=told(NOW), rung=9)
    warned = alert(SOON, NOW, severity=Severity.WARNING, label="预警 · 还有3天到期", rung=2)

    made = digest(city(alerts=[renamed, warned]), SINCE)

    assert case_of(made, SOON).alert == warned and case_of(made, SOON).told is None


def test_what_ended_by_proof_is_reported_once_and_not_while_it_lapses_again() -> None:
    again = alert(BACK, NOW - timedelta(hours=1))

    once = digest(city(), SINCE)
    lapsed = digest(city(alerts=[BACK_ALERT, again]), SINCE)
    earlier = digest(city(), NOW - timedelta(hours=9))

    assert [each.account for each in once.mended] == [BACK]
    assert lapsed.mended == () and earlier.mended == ()


def test_an_alert_that_ended_without_proof_is_no_recovery() -> None:
    removed = alert(BACK, NOW - 5 * DAY, stage=Stage.RESOLVED, resolved_at=NOW - timedelta(hours=2))
    still_silent = ended(OLD, NOW - 5 * DAY, NOW - timedelta(hours=2))

    made = digest(city(alerts=[removed, still_silent]), SINCE)

    assert made.mended == ()


def test_what_an_exemption_ended_is_no_recovery() -> None:
    evidence = {"since": SINCE.isoformat(), "published_at": "2020-01-20T02:00:00+00:00"}
    same_post = {**evidence, RECOVERY: {"published_at": evidence["published_at"], "message": ""}}
    over = alert(BACK, SINCE, stage=Stage.RESOLVED, resolved_at=NOW, evidence=same_post)

    made = digest(city(alerts=[over]), SINCE)

    assert made.mended == ()


def test_an_article_is_mended_by_a_repost_only() -> None:
    asked = {"rule": "missing_repost", "article_id": "2020-07"}
    without = ended(BACK, SINCE, NOW, **asked)
    posted = ended(BACK, SINCE, NOW, **asked, evidence={RECOVERY: {"reposted_at": NOW.isoformat()}})

    assert digest(city(alerts=[without]), SINCE).mended == ()
    assert [each.account for each in digest(city(alerts=[posted]), SINCE).mended] == [BACK]


def test_a_week_counts_as_mended_what_its_list_names() -> None:
    lapsed_again = alert(FRESH, NOW - DAY, opened_at=NOW - DAY)
    material = city(alerts=[BACK_ALERT, ended(FRESH, NOW - 5 * DAY, NOW - 2 * DAY), lapsed_again, ended(UNCLEAR, NOW - 3 * DAY, NOW - DAY)])

    assert week(material, {}, (), ()).mended == len(digest(material, NOW - WEEK).mended) == 1


def test_what_failed_a_week_ago_is_not_new_to_the_week_however_new_it_is_to_us() -> None:
    then = {FRESH.id: Verdict.QUALIFIED, OLD.id: Verdict.FAILED, NEVER.id: Verdict.FAILED}
    material = city(alerts=[alert(each, NOW - DAY, opened_at=NOW - DAY) for each in (FRESH, OLD, NEVER)])
    found = digest(material, NOW - WEEK)
    course_of = week(material, then, (), ())

    made = since_then(found, course_of, then)

    assert len(found.fresh) == 3
    assert [case.account for case in made.fresh] == [FRESH] and course_of.course is not None and course_of.course.newly == 1
    assert since_then(found, week(material, {}, (), ()), {}) == found


def test_what_the_gate_holds_is_counted_by_platform_and_named_by_nobody() -> None:
    made = digest(city(), SINCE)

    assert made.held == {Platform.DOUYIN: 1}
    assert UNCLEAR not in [case.account for case in made.failed]


def test_trouble_of_ours_is_told_once_and_blind_accounts_are_only_counted() -> None:
    made = digest(city(), SINCE)

    assert len(made.troubles) == 1 and made.blind == 1


def test_a_missing_calendar_is_said_in_its_year_and_in_the_december_before() -> None:
    hours = OfficeHours()

    assert missing_calendar(datetime(2099, 5, 4, tzinfo=UTC), hours) == 2099
    assert missing_calendar(NOW, hours) is None
    assert missing_calendar(NOW, replace(hours, working_days_only=False)) is None
    assert missing_calendar(datetime(2019, 12, 2, tzinfo=UTC), hours) is None


def test_the_last_opening_is_that_of_the_working_day_before() -> None:
    monday = datetime(2020, 3, 9, 1, 0, tzinfo=UTC)

    assert last_opening(monday, OfficeHours()) == datetime(2020, 3, 6, 0, 30, tzinfo=UTC)


# -- a county's --------------------------------------------------------------------------------------------------------------


def test_a_county_clerk_reads_of_the_own_accounts_only() -> None:
    made = county_digest(city(), COUNTY, SINCE)

    assert made is not None
    theirs = {who for who in ACCOUNTS if COUNTY in who.contacts}
    told_of = {case.account for case in (*made.failed, *made.soon, *made.undetermined)}
    assert told_of == {NEVER, FRESH, SOON} and told_of <= theirs
    assert made.tally.judged == 4 and made.tally.unjudged == 1
    assert made.held == {} and made.troubles == () and made.blind == 0 and made.no_calendar is None
    assert made.regions == ("东山县",)


def test_a_county_s_repost_rates_rest_on_its_own_accounts() -> None:
    made = county_digest(city(), COUNTY, SINCE)

    assert made is not None
    rates = made.tasks[0].rates
    assert (rates.audience, rates.base) == (3, 2)
    assert rates.counts[RepostVerdict.MISSING] == 1


def test_the_address_counts_however_it_is_typed_and_the_role_must_be_the_county_s() -> None:
    typed = Contact(role=Role.COUNTY, email=" DongShan@nanxi.example ")
    operator = Contact(role=Role.COUNTY, email=OPERATOR.email)

    assert county_digest(city(), typed, SINCE) is not None
    assert county_digest(city(), operator, SINCE) is None
    assert county_digest(city(), Contact(role=Role.COUNTY, email=" "), SINCE) is None


def test_an_account_that_fell_behind_long_ago_but_got_a_rectification_is_no_news() -> None:
    late = alert(FRESH, start_of_day(date(2020, 2, 20)), told=told(NOW, Step.RECTIFY, date(2020, 3, 10)))

    made = digest(city(alerts=[late]), SINCE)

    found = case_of(made, FRESH)
    assert not found.fresh and not found.overdue and found.due == date(2020, 3, 10)


def test_an_alert_that_began_as_a_reminder_is_new_from_its_line_on() -> None:
    assert FRESH_ALERT.opened_at < SINCE

    assert case_of(digest(city(), SINCE), FRESH).fresh
