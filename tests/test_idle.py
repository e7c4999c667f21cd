"""The idle ladder: every boundary of the handbook, three states, and that nothing unseen is ever held against an account."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import AS_OF, NOW, account, at, facts, fault, idle_for, look, mark, saw, source, state
from pydantic import ValidationError

from monitor.model import (
    BEGINNING,
    AccountState,
    Finding,
    Firing,
    Kind,
    Platform,
    Role,
    Severity,
    SourceState,
    Status,
    Verdict,
    start_of_day,
)
from monitor.ports import AccountFacts, Grader
from rules import PROFILES
from rules.evidence import FAULT_REASONS
from rules.idle import Idle, Rung

LADDER = PROFILES["guoban-2019"]
QUALIFIED, FAILED, UNDETERMINED = Verdict.QUALIFIED, Verdict.FAILED, Verdict.UNDETERMINED
OLD_POST = at("2020-02-01 12:00")


def only(found: Any) -> Finding:
    (finding,) = found
    return finding


def test_a_profile_is_a_grader() -> None:
    assert isinstance(LADDER, Grader)


@pytest.mark.parametrize(
    ("last", "days", "verdict"),
    [
        pytest.param(at("2020-02-18 23:59"), 14, FAILED, id="last minute of the fourteenth day before"),
        pytest.param(at("2020-02-18 00:00"), 14, FAILED, id="first minute of the fourteenth day before"),
        pytest.param(at("2020-02-19 00:00"), 13, QUALIFIED, id="thirteenth day before"),
        pytest.param(
            datetime.fromisoformat("2020-02-18T16:30:00Z"), 13, QUALIFIED, id="half past midnight in Shanghai, the day before in UTC"
        ),
        pytest.param(datetime.fromisoformat("2020-02-18T15:59:59Z"), 14, FAILED, id="last second of the day in Shanghai"),
    ],
)
def test_days_are_shanghai_dates_and_the_line_is_inclusive(last: datetime, days: int, verdict: Verdict) -> None:
    standing = LADDER.stand(facts(state(last, (last, NOW))))

    assert (standing.idle_days, standing.verdict) == (days, verdict)


@pytest.mark.parametrize(
    ("days", "label", "left", "rung", "severity", "tells"),
    [
        (0, "正常", 14, 0, Severity.NOTICE, ()),
        (6, "正常", 8, 0, Severity.NOTICE, ()),
        (7, "更新提醒", 7, 1, Severity.NOTICE, (Role.OPERATOR,)),
        (9, "更新提醒", 5, 1, Severity.NOTICE, (Role.OPERATOR,)),
        (10, "预警 · 还有4天到期", 4, 2, Severity.WARNING, (Role.OPERATOR,)),
        (12, "预警 · 还有2天到期", 2, 2, Severity.WARNING, (Role.OPERATOR,)),
        (13, "预警 · 明日到期", 1, 3, Severity.WARNING, (Role.OPERATOR, Role.COUNTY)),
        (14, "内容不更新", 0, 4, Severity.ACCUSATION, (Role.OPERATOR, Role.COUNTY, Role.CLERK)),
        (29, "内容不更新", 0, 4, Severity.ACCUSATION, (Role.OPERATOR, Role.COUNTY, Role.CLERK)),
        (30, "内容不更新 · 近一个月未更新", 0, 5, Severity.ACCUSATION, (Role.OPERATOR, Role.COUNTY, Role.CLERK)),
        (59, "内容不更新 · 近一个月未更新", 0, 5, Severity.ACCUSATION, (Role.OPERATOR, Role.COUNTY, Role.CLERK)),
        (60, "内容不更新 · 近两个月未更新 · 僵尸账号", 0, 6, Severity.ACCUSATION, (Role.OPERATOR, Role.COUNTY, Role.CLERK)),
        (400, "内容不更新 · 近两个月未更新 · 僵尸账号", 0, 6, Severity.ACCUSATION, (Role.OPERATOR, Role.COUNTY, Role.CLERK)),
    ],
)
def test_each_rung_has_its_label_and_its_hearers(
    days: int, label: str, left: int, rung: int, severity: Severity, tells: tuple[Role, ...]
) -> None:
    known = facts(idle_for(days))

    standing, finding = LADDER.stand(known), only(LADDER.judge(known))

    assert (standing.label, standing.days_left, standing.idle_days) == (label, left, days)
    assert standing.verdict is (FAILED if days >= 14 else QUALIFIED)
    assert (finding.rung, finding.severity, finding.tells) == (rung, severity, tells)
    assert finding.status is (Firing.FIRING if rung else Firing.CLEAR)


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (2, "“石泉统计”(微博)已于2020-03-01更新"),
        (10, "“石泉统计”(微博)已10天未更新，还有4天到期"),
        (13, "“石泉统计”(微博)已13天未更新，明日到期"),
        (50, "“石泉统计”(微博)已50天未更新(最后更新2020-01-13)"),
    ],
)
def test_the_sentence_says_what_was_seen_and_what_is_left(days: int, message: str) -> None:
    finding = only(LADDER.judge(facts(idle_for(days))))

    assert finding.message == message


def test_an_accusation_carries_its_evidence_as_plain_values() -> None:
    finding = only(LADDER.judge(facts(idle_for(20))))

    assert finding.evidence == {
        "post_id": "weibo:x:1581480000",
        "post_url": "https://weibo.com/1/x",
        "published_at": "2020-02-12T04:00:00+00:00",
        "channel": "feed http://bridge.example/x.rss",
        "looked_at": NOW.isoformat(),
        "digest": "d1",
        "covered_from": BEGINNING.isoformat(),
        "covered_until": NOW.isoformat(),
        "profile": "guoban-2019",
        "idle_days": 20,
        "since": at("2020-02-26 00:00").isoformat(),
    }


def test_a_fresh_post_proves_freshness_however_it_was_seen() -> None:
    guest_view = state(at("2020-03-01 09:00"), last_error=fault("degraded"), last_tried_at=NOW)

    known = facts(guest_view, source=source(SourceState.UNPROVEN))

    assert LADDER.stand(known).verdict is QUALIFIED
    assert only(LADDER.judge(known)).status is Firing.CLEAR


def test_a_reminder_that_is_not_proven_is_not_sent_and_not_taken_back() -> None:
    known = facts(state(at("2020-02-22 09:00"), last_error=fault("degraded"), last_tried_at=NOW))

    standing = LADDER.stand(known)

    assert (standing.verdict, standing.label, standing.days_left) == (QUALIFIED, "正常", 4)
    assert standing.reason == FAULT_REASONS["degraded"]
    assert list(LADDER.judge(known)) == []


def test_a_frozen_source_sends_no_reminders() -> None:
    known = facts(idle_for(10), source=source(SourceState.FROZEN))

    assert LADDER.stand(known).verdict is QUALIFIED
    assert list(LADDER.judge(known)) == []


def test_a_reminder_goes_by_the_days_that_were_seen() -> None:
    last = at("2020-02-22 09:00")
    tenth_day_not_looked_at = state(last, (last, at("2020-03-02 23:00")))

    finding = only(LADDER.judge(facts(tenth_day_not_looked_at, at("2020-03-03 00:30"))))

    assert (finding.rung, finding.label) == (1, "更新提醒")
    assert "还有4天到期" in finding.message


GOOD = (OLD_POST, NOW)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        *(
            pytest.param(facts(state(OLD_POST, last_error=fault(code), last_tried_at=NOW)), reason, id=code)
            for code, reason in FAULT_REASONS.items()
        ),
        pytest.param(facts(state(OLD_POST, last_error=fault("brand_new"), last_tried_at=NOW)), "采集失败", id="a fault nobody named"),
        pytest.param(facts(state(OLD_POST, GOOD), source=source(SourceState.FROZEN)), "采集异常：数据源疑似停滞", id="frozen source"),
        pytest.param(facts(state(OLD_POST, GOOD), source=source(SourceState.UNPROVEN)), "数据源缺少佐证", id="unproven source"),
        pytest.param(facts(state()), "尚未采集", id="never looked"),
        pytest.param(facts(state(OLD_POST, last_tried_at=NOW)), "尚未取得完整数据", id="partial views only"),
        pytest.param(facts(state(OLD_POST, (at("2020-02-20 00:00"), NOW))), "采集有空档", id="hole after the last post"),
        pytest.param(
            facts(state(OLD_POST, (OLD_POST, at("2020-02-10 00:00")), (at("2020-02-10 01:00"), NOW))), "采集有空档", id="hole of an hour"
        ),
        pytest.param(facts(state(OLD_POST, (OLD_POST, at("2020-03-02 08:00")))), "最近一次有效采集已过旧", id="last look too old"),
        pytest.param(
            facts(state(at("2020-02-18 09:00"), (OLD_POST, at("2020-03-02 23:59"))), at("2020-03-03 00:00")),
            "今日尚未采集到有效数据",
            id="day fourteen before its first look",
        ),
    ],
)
def test_silence_that_is_not_proven_is_undetermined_and_says_why(known: AccountFacts, reason: str) -> None:
    standing = LADDER.stand(known)

    assert (standing.verdict, standing.label, standing.reason) == (UNDETERMINED, "无法判定", reason)
    assert list(LADDER.judge(known)) == []


def test_the_four_troubles_of_a_day_have_four_reasons() -> None:
    troubles = ("transport_fault", "auth_error", "account_gone", "degraded")

    reasons = {LADDER.stand(facts(state(OLD_POST, last_error=fault(code), last_tried_at=NOW))).reason for code in troubles}

    assert len(reasons) == 4


def test_day_fourteen_is_judged_after_its_first_good_look() -> None:
    last = at("2020-02-18 09:00")

    before = LADDER.stand(facts(state(last, (last, at("2020-03-02 23:59"))), at("2020-03-03 08:00")))
    after = LADDER.stand(facts(state(last, (last, at("2020-03-03 07:00"))), at("2020-03-03 08:00")))

    assert (before.verdict, after.verdict) == (UNDETERMINED, FAILED)


def test_a_source_with_a_delay_accuses_only_for_the_days_it_shows() -> None:
    last, now = at("2020-02-18 09:00"), at("2020-03-03 20:00")

    standing = LADDER.stand(facts(state(last, (last, now - timedelta(hours=24))), now))

    assert standing.verdict is UNDETERMINED


def test_a_passing_fault_after_a_good_look_takes_no_verdict_back() -> None:
    known = facts(idle_for(20, last_error=fault("transport_fault"), failing_since=NOW))

    assert LADDER.stand(known).verdict is FAILED


def test_an_account_the_platform_denies_is_never_judged_by_its_silence() -> None:
    known = facts(idle_for(2, last_error=fault("account_gone"), failing_since=NOW))

    assert LADDER.stand(known).verdict is UNDETERMINED
    assert "待人工核实" in LADDER.stand(known).reason


def test_a_live_source_lets_the_verdict_stand() -> None:
    assert LADDER.stand(facts(idle_for(20), source=source(SourceState.LIVE))).verdict is FAILED


COMPLETE = (BEGINNING, NOW)


@pytest.mark.parametrize(
    ("opened_on", "verdict", "label"),
    [
        pytest.param(None, FAILED, "无内容", id="opening date unknown"),
        pytest.param(date(2020, 2, 18), FAILED, "无内容", id="opened fourteen days ago"),
        pytest.param(date(2020, 2, 19), QUALIFIED, "预警 · 明日到期", id="opened thirteen days ago"),
        pytest.param(date(2020, 3, 3), QUALIFIED, "正常", id="opened today"),
        pytest.param(date(2020, 4, 1), QUALIFIED, "正常", id="opens next month"),
    ],
)
def test_an_account_without_a_post_counts_from_its_opening(opened_on: date | None, verdict: Verdict, label: str) -> None:
    standing = LADDER.stand(facts(state(None, COMPLETE), account=account(opened_on=opened_on)))

    assert (standing.verdict, standing.label, standing.idle_days) == (verdict, label, None)


def test_an_account_without_a_post_is_told_in_plain_words() -> None:
    new = only(LADDER.judge(facts(state(None, COMPLETE), account=account(opened_on=date(2020, 2, 22)))))
    old = only(LADDER.judge(facts(state(None, COMPLETE))))

    assert new.message == "“石泉统计”(微博)开通后已10天未发布内容，还有4天到期"
    assert (old.message, old.rung, old.severity) == ("“石泉统计”(微博)从未发布内容", LADDER.line_rung, Severity.ACCUSATION)


@pytest.mark.parametrize("opened_on", [None, date(2010, 1, 1), date(2020, 3, 1)])
def test_no_post_in_a_partial_view_is_undetermined(opened_on: date | None) -> None:
    page = state(None, (at("2015-01-01 00:00"), NOW))

    assert LADDER.stand(facts(page, account=account(opened_on=opened_on))).verdict is UNDETERMINED


def test_only_an_old_pinned_post_in_a_partial_view_is_undetermined() -> None:
    pinned = state(at("2018-05-01 10:00"), last_error=fault("degraded"), last_tried_at=NOW)

    assert LADDER.stand(facts(pinned)).verdict is UNDETERMINED


def test_the_newest_post_deleted_falls_back_to_the_one_before_it() -> None:
    """The core keeps only visible posts as the newest; what both looks covered is still covered."""
    standing = LADDER.stand(facts(idle_for(3)))
    fallen_back = LADDER.stand(facts(idle_for(16)))

    assert (standing.verdict, fallen_back.verdict, fallen_back.idle_days) == (QUALIFIED, FAILED, 16)


def test_a_post_from_the_future_is_neither_fresh_nor_absent() -> None:
    ahead = state(NOW + timedelta(hours=1), COMPLETE)

    standing = LADDER.stand(facts(ahead))

    assert (standing.verdict, standing.last_post) == (UNDETERMINED, None)


def test_what_came_after_the_moment_judged_is_not_used() -> None:
    last, as_of = at("2020-02-18 09:00"), at("2020-03-02 23:59")
    later = state(last, (last, NOW), last_error=fault("account_gone"), failing_since=NOW)

    standing = LADDER.stand(facts(later, as_of))

    assert (standing.verdict, standing.idle_days, standing.last_good) == (QUALIFIED, 13, None)


def test_a_hand_check_knows_the_day_only_and_that_is_enough() -> None:
    checked_on_the_same_day = state(None, (at("2020-02-19 00:00"), NOW), last_post=mark(at("2020-02-18 00:00"), "day"))

    assert LADDER.stand(facts(checked_on_the_same_day)).verdict is FAILED


@pytest.mark.parametrize(
    ("fields", "verdict", "label"),
    [
        pytest.param({"status": Status.CLOSED}, None, "已注销", id="closed"),
        pytest.param({"status": Status.EXEMPT, "exempt_until": AS_OF}, None, "报备", id="last day of the exemption"),
        pytest.param({"status": Status.EXEMPT}, None, "报备", id="exemption without an end"),
        pytest.param({"status": Status.EXEMPT, "exempt_until": date(2020, 3, 2)}, QUALIFIED, "正常", id="first day after the exemption"),
        pytest.param(
            {"status": Status.EXEMPT, "exempt_until": date(2020, 2, 18)}, FAILED, "内容不更新", id="fourteen days after the exemption"
        ),
        pytest.param(
            {"status": Status.ACTIVE, "exempt_until": date(2020, 2, 19)}, QUALIFIED, "预警 · 明日到期", id="exempt days do not count"
        ),
        pytest.param({"status": Status.CLOSING}, FAILED, "内容不更新 · 近一个月未更新", id="closing must still post"),
        pytest.param({"status": Status.ABANDONED}, FAILED, "停运未注销", id="stopped, never closed"),
        pytest.param({"status": Status.ABANDONED, "kind": Kind.SERVICE}, FAILED, "停运未注销", id="a stopped service account"),
        pytest.param({"kind": Kind.SERVICE}, None, "服务类", id="service accounts are judged otherwise"),
        pytest.param({"status": Status.ACTIVE}, FAILED, "内容不更新 · 近一个月未更新", id="in use"),
    ],
)
def test_the_roster_state_decides_what_is_judged(fields: dict[str, Any], verdict: Verdict | None, label: str) -> None:
    known = facts(idle_for(40), account=account(**fields))

    standing = LADDER.stand(known)

    assert (standing.verdict, standing.label) == (verdict, label)
    assert verdict is not None or list(LADDER.judge(known)) == []


def test_a_stopped_account_fails_whatever_the_days_and_without_a_look() -> None:
    stopped = account(status=Status.ABANDONED)

    unseen, fresh = LADDER.stand(facts(state(), account=stopped)), LADDER.stand(facts(idle_for(1), account=stopped))

    assert (unseen.verdict, fresh.verdict) == (FAILED, FAILED)
    assert only(LADDER.judge(facts(idle_for(20), account=stopped))).message == "“石泉统计”(微博)已停止运营但未注销(最后更新2020-02-12)"


def test_only_the_days_after_an_exemption_need_to_be_seen() -> None:
    exempted = account(status=Status.EXEMPT, exempt_until=date(2020, 2, 18))
    seen_since = state(at("2019-11-01 12:00"), (at("2020-02-19 00:00"), NOW))

    standing = LADDER.stand(facts(seen_since, account=exempted))
    unseen_day = LADDER.stand(facts(state(at("2019-11-01 12:00"), (at("2020-02-19 09:00"), NOW)), account=exempted))

    assert (standing.verdict, standing.idle_days) == (FAILED, 14)
    assert standing.reason == "报备期满后已14天未更新(最后更新2019-11-01)"
    assert unseen_day.verdict is UNDETERMINED


def test_a_profile_may_judge_service_accounts_too() -> None:
    strict = LADDER.model_copy(update={"judges_services": True})

    assert strict.stand(facts(idle_for(20), account=account(kind=Kind.SERVICE))).verdict is FAILED


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        pytest.param({"line": 15}, "one rung must stand at the line", id="no rung at the line"),
        pytest.param({"rungs": [*LADDER.rungs, LADDER.rungs[-1]]}, "must rise", id="rungs that do not rise"),
        pytest.param({"line": 13}, "accusation exactly from the line on", id="a warning that fails"),
        pytest.param({"line": 30}, "accusation exactly from the line on", id="an accusation below the line"),
        pytest.param({"zombie": 60}, "Extra inputs", id="an unknown key"),
        pytest.param({"sight_max_age_hours": 0}, "greater than 0", id="no age at all"),
        pytest.param({"never_labels": []}, "at least 1", id="no label for no content"),
    ],
)
def test_a_ladder_that_contradicts_itself_is_refused(wrong: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Idle.model_validate({**LADDER.model_dump(), **wrong})


def test_an_accusation_never_waits_for_a_weekday() -> None:
    rung = Rung(days=14, labels=("内容不更新",), severity=Severity.ACCUSATION, weekday=3)

    with pytest.raises(ValidationError, match="weekday"):
        Idle(profile="x", title="x", line=14, rungs=(rung,))


def test_a_profile_survives_its_settings_form() -> None:
    assert Idle.model_validate_json(LADDER.model_dump_json()) == LADDER


def test_a_label_from_the_settings_cannot_reach_into_our_objects() -> None:
    rung = Rung(days=14, labels=("{platform.__class__}",), severity=Severity.ACCUSATION)

    standing = Idle(profile="x", title="x", line=14, rungs=(rung,)).stand(facts(idle_for(20)))

    assert standing.label == "{platform.__class__}"


# Properties: whatever the history, an accusation needs sight.

HOURS = st.integers(min_value=0, max_value=24 * 90)
SPANS = st.lists(st.tuples(HOURS, HOURS), max_size=5)
START = start_of_day(date(2020, 1, 1))
CODES = st.sampled_from([None, *FAULT_REASONS])


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


@st.composite
def histories(draw: st.DrawFn) -> AccountFacts:
    posted = draw(st.none() | HOURS)
    spans = [(hour(a), hour(b)) for a, b in draw(SPANS)]
    if draw(st.booleans()):
        spans.append((BEGINNING, hour(draw(HOURS))))
    code = draw(CODES)
    known = AccountState(
        account_id="x",
        last_post=None if posted is None else mark(hour(posted), draw(st.sampled_from(["second", "day"]))),
        sight=saw(*spans),
        last_error=fault(code) if code else None,
    )
    fields = {"opened_on": draw(st.none() | st.dates(date(2019, 12, 1), date(2020, 4, 1)))}
    kept = draw(st.none() | st.sampled_from([source(each) for each in SourceState]))
    return facts(known, hour(draw(HOURS)), account=account(**fields), source=kept)


PROFILE = st.sampled_from(list(PROFILES.values()))


@given(PROFILE, histories())
def test_nobody_fails_without_a_recent_sight_that_reaches_back_to_the_last_post(ladder: Idle, known: AccountFacts) -> None:
    if ladder.stand(known).verdict is not FAILED:
        return

    sight, last = known.state.sight.until(known.now), known.state.last_post
    span = sight.last_span()
    assert span is not None
    assert known.now - span[1] <= timedelta(hours=36)
    assert last is None or last.published_at + timedelta(days=12) < span[1] <= known.now
    assert span[0] <= (BEGINNING if last is None else last.published_at + timedelta(days=last.precision == "day"))
    assert known.source is None or known.source.state is SourceState.LIVE


@given(PROFILE, histories(), HOURS, HOURS)
def test_more_sight_never_fails_an_account_that_passed_by_a_post(ladder: Idle, known: AccountFacts, start: int, end: int) -> None:
    before = ladder.stand(known)
    wider = known.state.model_copy(update={"sight": known.state.sight.add(hour(start), hour(end))})

    after = ladder.stand(replace(known, state=wider))

    if before.verdict is QUALIFIED and known.state.last_post is not None:
        assert after.verdict is QUALIFIED
    if before.verdict is FAILED and known.state.last_post is not None:
        assert after.verdict in (FAILED, UNDETERMINED)


@given(PROFILE, histories())
def test_the_finding_and_the_standing_never_contradict_each_other(ladder: Idle, known: AccountFacts) -> None:
    standing, findings = ladder.stand(known), list(ladder.judge(known))

    accused = [finding for finding in findings if finding.severity is Severity.ACCUSATION]

    assert len(findings) <= 1
    assert bool(accused) == (standing.verdict is FAILED)
    assert standing.verdict is not UNDETERMINED or not findings
    assert standing.label and standing.label == " · ".join(standing.labels)


@given(PROFILE, histories(), st.integers(min_value=1, max_value=24 * 20))
def test_a_newer_post_never_makes_a_passing_account_fail(ladder: Idle, known: AccountFacts, hours: int) -> None:
    last = known.state.last_post
    if last is None or ladder.stand(known).verdict is not QUALIFIED or last.published_at + timedelta(hours=hours) > known.now:
        return
    newer = known.state.model_copy(update={"last_post": mark(last.published_at + timedelta(hours=hours))})

    standing = ladder.stand(replace(known, state=newer))

    assert standing.verdict is QUALIFIED


def test_no_word_that_judges_people_appears_in_a_sentence() -> None:
    said = [only(LADDER.judge(facts(idle_for(days)))).message for days in (7, 10, 13, 14, 30, 60)]

    assert not any(re.search("警告|处罚|失职", message) for message in said)


def test_a_douyin_account_is_called_by_its_platform() -> None:
    known = facts(idle_for(20), account=account(platform=Platform.DOUYIN, name="平安石泉"))

    assert only(LADDER.judge(known)).message.startswith("“平安石泉”(抖音)已20天未更新")


def test_the_last_good_look_stands_beside_the_last_update() -> None:
    standing = LADDER.stand(facts(idle_for(3)))

    assert standing.last_good == look(NOW)
    assert standing.last_post is not None and standing.last_post.published_at == at("2020-02-29 12:00")


def test_an_exemption_that_ended_is_not_told_as_an_update() -> None:
    exempted = account(status=Status.EXEMPT, exempt_until=date(2020, 3, 1))

    finding = only(LADDER.judge(facts(idle_for(100), account=exempted)))

    assert (finding.status, finding.message) == (Firing.CLEAR, "")


@pytest.mark.parametrize(("late", "verdict"), [(timedelta(0), FAILED), (timedelta(seconds=1), UNDETERMINED)])
def test_a_look_of_thirty_six_hours_ago_is_the_oldest_that_accuses(late: timedelta, verdict: Verdict) -> None:
    seen_until = at("2020-03-02 08:00")

    standing = LADDER.stand(facts(state(OLD_POST, (OLD_POST, seen_until)), seen_until + timedelta(hours=36) + late))

    assert standing.verdict is verdict
