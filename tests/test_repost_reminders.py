"""Deadlines of reposts are told before they pass; and what whoever owes one reads on the way."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from judging import at, source, state
from test_missing_repost import ARTICLE, DUE, IN_TIME, LATE, NOW, PUBLISHED, RULE, TELLING, owing, repost

from monitor import alerting, life
from monitor.alerting import Wishes
from monitor.model import Alert, Article, Contact, Firing, Role, Severity, SourceState, Stage
from monitor.ports import AccountFacts
from monitor.telling import marks
from monitor.telling.hours import OfficeHours
from rules.missing_repost import MissingRepost

OPERATOR = Contact(email="xinxi@unit.example")
ALWAYS = Wishes(hours=OfficeHours(time(0), time(0), working_days_only=False), flap=timedelta(0), one_a_day=False)
HALF = PUBLISHED + timedelta(hours=12)
NOT_YET, HALFWAY, LAST_CALL, MISSED = (owing(now=now) for now in (HALF - timedelta(hours=1), HALF, DUE - timedelta(hours=1), NOW))
UNPROVEN = owing(state(None, (PUBLISHED, DUE - timedelta(hours=1))))
IRREGULAR = owing(reposts=(repost(IN_TIME, "irregular", reasons=("改标题",)),))
WORSE = owing(reposts=(repost(IN_TIME, "irregular", reasons=("改标题", "无来源")),))
BETTER = owing(reposts=(repost(IN_TIME, "irregular", reasons=("改标题",)), repost(LATE)))
DONE_EARLY = owing(now=DUE, reposts=(repost("2022-05-16 17:30"),))
SEEMING = owing(reposts=(repost(IN_TIME, "candidate"),))


def letters(*steps: AccountFacts) -> list[str]:
    """Return what the operator reads on the way: labels of what opened, 已恢复 for what was closed; every accusation passes the gate."""
    alerts: dict[str, Alert] = {}
    read: list[str] = []
    now = steps[0].now - timedelta(hours=1)
    for step in steps:
        now = max(now + timedelta(hours=1), step.now)
        alive = {each.finding.key: each for each in alerts.values() if each.stage is not Stage.RESOLVED}
        changed = life.settle(alive, TELLING.judge(step), now)
        alerts |= {each.id: each for each in [*changed, *life.release(changed, now)]}
        alerts |= {each.id: each for each in marks.lowered(alerts.values())}
        for notice in alerting.notices(alerting.decide(alerts.values(), lambda _: [OPERATOR], {}, {}, ALWAYS, now)):
            read += [*("已恢复" for _ in notice.recovered), *(each.finding.label for each in notice.opened)]
            told = (*notice.opened, *notice.recovered)
            alerts |= {each.id: marks.told(each, OPERATOR.email, now, step=notice.step(each)) for each in told}
    return read


@pytest.mark.parametrize(
    ("steps", "read"),
    [
        pytest.param([MISSED, MISSED], ["未转载"], id="missing is told once"),
        pytest.param(
            [MISSED, IRREGULAR, IRREGULAR, BETTER, BETTER], ["未转载", "已恢复", "转载不规范", "已恢复"], id="missing to in order"
        ),
        pytest.param([IRREGULAR, WORSE, IRREGULAR], ["转载不规范"], id="other reasons are no other state"),
        pytest.param([IRREGULAR, SEEMING, IRREGULAR], ["转载不规范"], id="what cannot be told ends nothing"),
        pytest.param([IRREGULAR, MISSED], ["转载不规范", "未转载"], id="a repost that proved to be none"),
        pytest.param([NOT_YET, HALFWAY, HALFWAY], ["转载提醒"], id="half time is told once"),
        pytest.param([HALFWAY, LAST_CALL, LAST_CALL], ["转载提醒", "转载提醒"], id="the last call is told again"),
        pytest.param([NOT_YET, LAST_CALL, IRREGULAR], ["转载提醒", "转载不规范"], id="a hint swallows nothing that comes after it"),
        pytest.param([LAST_CALL, UNPROVEN, MISSED], ["转载提醒", "未转载"], id="between deadline and proof nothing is told"),
        pytest.param([LAST_CALL, DONE_EARLY, DONE_EARLY], ["转载提醒", "已恢复"], id="who posts in time reads that it is seen"),
        pytest.param([NOT_YET, DONE_EARLY], [], id="nobody reads of what was never missing"),
    ],
)
def test_every_change_of_state_is_told_once(steps: list[AccountFacts], read: list[str]) -> None:
    assert letters(*steps) == read


def test_past_the_deadline_the_reminder_itself_becomes_the_accusation_and_passes_the_gate() -> None:
    (reminder,) = life.settle({}, RULE.judge(LAST_CALL), LAST_CALL.now)

    (accusation,) = life.settle({reminder.finding.key: reminder}, RULE.judge(MISSED), MISSED.now)

    assert (reminder.stage, reminder.finding.severity) == (Stage.OPEN, Severity.NOTICE)
    assert (accusation.id, accusation.stage, accusation.finding.label) == (reminder.id, Stage.PENDING, "未转载")


def test_who_posts_after_a_reminder_reads_how_the_repost_is_seen() -> None:
    (reminder,) = life.settle({}, RULE.judge(LAST_CALL), LAST_CALL.now)

    (done,) = life.settle({reminder.finding.key: reminder}, RULE.judge(DONE_EARLY), DONE_EARLY.now)

    assert done.stage is Stage.RESOLVED
    assert done.finding.evidence[life.RECOVERY]["message"] == "“六安商务”(微博)已转载《全市防汛工作部署会召开》"


# The seventh of May 2022 was a working Saturday, the fifteenth a Sunday; the first to the fourth were off.


def task(published: str, due: str) -> Article:
    return ARTICLE.model_copy(update={"published_at": at(published), "due_at": at(due)})


def hints(article: Article, now: str, rule: MissingRepost = RULE, **fields: Any) -> list[int]:
    """Return the rung of the reminder at that moment, for an account that was seen all along."""
    seen = state(None, (article.published_at - timedelta(days=9), at(now)))
    found = rule.judge(owing(seen, **{"now": at(now), "articles": (article,), **fields}))
    return [finding.rung for finding in found if finding.severity is Severity.NOTICE and finding.status is Firing.FIRING]


A_DAY = task("2022-05-16 18:00", "2022-05-17 18:00")
FOUR_DAYS = task("2022-05-16 09:00", "2022-05-20 09:00")


@pytest.mark.parametrize(
    ("article", "now", "rungs"),
    [
        pytest.param(A_DAY, "2022-05-17 05:59", [], id="before half time"),
        pytest.param(A_DAY, "2022-05-17 06:00", [1], id="half time"),
        pytest.param(A_DAY, "2022-05-17 15:59", [1], id="before the last call"),
        pytest.param(A_DAY, "2022-05-17 16:00", [2], id="the last call"),
        pytest.param(A_DAY, "2022-05-17 17:59", [2], id="the last minute"),
        pytest.param(A_DAY, "2022-05-17 18:00", [], id="the deadline"),
        pytest.param(FOUR_DAYS, "2022-05-18 08:59", [], id="days before half time"),
        pytest.param(FOUR_DAYS, "2022-05-18 09:00", [1], id="half time of days"),
        pytest.param(task("2022-05-17 10:00", "2022-05-17 11:30"), "2022-05-17 10:00", [2], id="a task shorter than the last call"),
        pytest.param(task("2022-05-17 10:00", "2022-05-17 13:00"), "2022-05-17 11:30", [2], id="half time after the last call"),
        pytest.param(task("2022-05-17 10:00", "2022-05-17 16:00"), "2022-05-17 12:59", [], id="half time is still at work: no haste"),
    ],
)
def test_the_operator_is_reminded_at_half_time_and_shortly_before_the_deadline(article: Article, now: str, rungs: list[int]) -> None:
    assert hints(article, now) == rungs


@pytest.mark.parametrize(
    ("article", "now", "rungs"),
    [
        pytest.param(task("2022-05-13 14:00", "2022-05-14 14:00"), "2022-05-13 14:00", [0], id="over a Saturday: told on Friday"),
        pytest.param(task("2022-05-12 09:00", "2022-05-16 08:00"), "2022-05-13 00:00", [0], id="Monday before work: told on Friday"),
        pytest.param(task("2022-05-12 09:00", "2022-05-16 08:00"), "2022-05-12 23:59", [], id="Thursday is too early"),
        pytest.param(task("2022-05-12 09:00", "2022-05-16 10:29"), "2022-05-13 00:00", [0], id="Monday, hardly any time at work"),
        pytest.param(task("2022-05-12 21:00", "2022-05-16 10:30"), "2022-05-13 10:00", [], id="Monday, time enough at work"),
        pytest.param(task("2022-05-17 12:00", "2022-05-17 23:00"), "2022-05-17 12:00", [0], id="half time after work, due that night"),
        pytest.param(task("2022-05-17 08:00", "2022-05-17 23:00"), "2022-05-17 12:00", [], id="due that night, half time at work"),
        pytest.param(task("2022-04-30 08:00", "2022-05-05 08:00"), "2022-04-30 09:00", [0], id="it came out on the holiday itself"),
        pytest.param(task("2022-04-29 08:00", "2022-05-05 08:00"), "2022-04-29 09:00", [0], id="a long holiday: told before it"),
        pytest.param(task("2022-05-06 20:00", "2022-05-08 20:00"), "2022-05-07 09:00", [0], id="a shifted Saturday is a working day"),
        pytest.param(task("2022-05-06 20:00", "2022-05-08 20:00"), "2022-05-06 21:00", [], id="and the day before it too early"),
    ],
)
def test_what_nobody_at_work_would_read_in_time_stands_from_the_last_working_day_on(article: Article, now: str, rungs: list[int]) -> None:
    assert hints(article, now) == rungs


def test_without_a_calendar_only_half_time_and_last_call_remind() -> None:
    article = task("2099-05-15 14:00", "2099-05-16 14:00")

    assert [hints(article, now) for now in ("2099-05-15 15:00", "2099-05-16 02:00", "2099-05-16 12:00")] == [[], [1], [2]]


@pytest.mark.parametrize(
    ("settings", "now", "rungs"),
    [
        pytest.param({"remind_half": False}, "2022-05-17 15:59", [], id="no half time"),
        pytest.param({"remind_half": False}, "2022-05-17 16:00", [2], id="the last call alone"),
        pytest.param({"remind_hours": 0}, "2022-05-17 17:59", [1], id="half time alone"),
        pytest.param({"remind_hours": 4}, "2022-05-17 14:00", [2], id="an earlier last call"),
        pytest.param({"remind_half": False, "remind_hours": 0}, "2022-05-17 17:59", [], id="none at all"),
    ],
)
def test_a_city_chooses_its_reminders(settings: dict[str, Any], now: str, rungs: list[int]) -> None:
    assert hints(A_DAY, now, MissingRepost(**settings)) == rungs


def test_a_city_without_reminders_has_none_before_a_weekend_either() -> None:
    weekend = task("2022-05-13 14:00", "2022-05-14 14:00")

    assert hints(weekend, "2022-05-13 15:00", MissingRepost(remind_half=False, remind_hours=0)) == []


def test_a_reminder_is_a_notice_to_the_operator_whose_words_stay_the_same() -> None:
    findings = [only for now in (HALF, HALF + timedelta(minutes=5), DUE - timedelta(hours=1)) for only in RULE.judge(owing(now=now))]

    assert {(each.severity, each.tells, each.label) for each in findings} == {(Severity.NOTICE, (Role.OPERATOR,), "转载提醒")}
    assert {each.message for each in findings} == {"《全市防汛工作部署会召开》应于5月16日18:00前转载，“六安商务”(微博)尚未检测到"}
    assert [each.rung for each in findings] == [1, 1, 2]
    assert findings[0].evidence["due_at"] == DUE.isoformat()


def test_within_the_grace_nobody_is_reminded_of_a_deadline_that_has_passed() -> None:
    assert hints(A_DAY, "2022-05-17 19:00", MissingRepost(grace_hours=4)) == []


def test_a_task_due_before_it_came_out_reminds_nobody() -> None:
    assert hints(task("2022-05-17 18:00", "2022-05-17 12:00"), "2022-05-17 18:00", MissingRepost(grace_hours=24)) == []


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(owing(state(), now=LAST_CALL.now), id="never looked"),
        pytest.param(owing(state(None, (at("2022-05-01 00:00"), at("2022-05-15 17:00"))), now=LAST_CALL.now), id="not since it appeared"),
        pytest.param(owing(state(None, (at("2022-05-16 09:00"), at("2022-05-16 14:00"))), now=LAST_CALL.now), id="a hole"),
        pytest.param(owing(now=LAST_CALL.now, unmatched=frozenset({"a1"})), id="not compared yet"),
        pytest.param(owing(now=LAST_CALL.now, source=source(SourceState.FROZEN)), id="frozen source"),
        pytest.param(owing(now=LAST_CALL.now, reposts=(repost("2022-05-16 09:00", "candidate"),)), id="it seems to be there"),
    ],
)
def test_no_reminder_where_it_may_be_posted_already(known: AccountFacts) -> None:
    assert list(RULE.judge(known)) == []
