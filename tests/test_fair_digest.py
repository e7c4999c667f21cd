"""A digest says no more than is known, in the words of its profile, and what nobody answered for reaches the city."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from digest_papers import HEAD, SINCE, titles
from digesting import (
    ARTICLE,
    CLERK,
    COUNTY,
    DAY,
    FRESH,
    NOW,
    OLD,
    OPERATOR,
    SOON,
    TOMORROW,
    alert,
    city,
    idle,
    letter,
    step_of,
    told,
    trouble,
)

from monitor.model import PersonsWord, Step, Verdict
from monitor.notify.digest_letters import letter as write
from monitor.reports.burden import Month, burden
from monitor.reports.cases import Material, Row
from monitor.reports.courses import week
from monitor.reports.digests import county_digest, digest
from monitor.tasks import NO_UNIT
from monitor.telling.records import Ask, Request
from monitor.telling.trail import Act
from monitor.urgency import soon_within

BLIND = "数据源无法访问"


def unseen(row: Row) -> Row:
    """Return the account as it stands where we could not look since."""
    who, standing = row
    return who, standing.model_copy(update={"label": "正常", "reason": BLIND})


def text_of(material: Material, head=HEAD) -> str:
    return write("daily", digest(material, SINCE), CLERK, head).text


def test_who_may_have_posted_unseen_is_counted_but_not_said_to_fall_overdue() -> None:
    text = text_of(city(rows=[unseen(idle(SOON, 11)), idle(TOMORROW, 13)]))

    assert "3天内将超期 2 个\n其中 1 个目前看不全或采集中断，可能已经更新，请人工核查；到期时仍无法确认的，转为无法判定。" in text
    assert f"“东山县卫生健康”(微信) {BLIND}，3月6日到期，是否更新待核查" in text
    assert "“西河教育”(微博) 预警 · 明日到期，3月4日起超期" in text


def test_where_all_was_seen_nothing_is_added() -> None:
    assert "可能已经更新" not in text_of(city())


def test_the_text_for_the_work_group_names_nobody_who_may_have_posted_unseen() -> None:
    made = county_digest(city(rows=[unseen(idle(SOON, 11)), idle(FRESH, 14)]), COUNTY, SINCE)
    assert made is not None

    text = write("daily", made, COUNTY, HEAD).text

    pasted = text.partition("可转发到工作群的文字")[2].partition("、不合格")[0]
    assert FRESH.name in pasted and SOON.name not in pasted and "即将超期" not in pasted and "未列出" not in pasted
    assert titles(text)[0] == "3天内将超期 1 个"


@pytest.mark.parametrize(("unit", "said"), [("days", "3天"), ("working_days", "3个工作日")])
def test_a_profile_of_working_days_is_not_said_to_count_days(unit: str, said: str) -> None:
    head = replace(HEAD, within=soon_within(unit))
    empty = county_digest(city(rows=[idle(FRESH, 14)]), COUNTY, SINCE)
    assert empty is not None

    assert f"{said}内将超期 2 个" in titles(text_of(city(), head))
    assert f"{said}内将超期 0 个" in titles(write("daily", empty, COUNTY, head).text)


# -- a missing repost that nobody answered for ----------------------------------------------------------------------------------


def missing(**fields):
    known = {"rule": "missing_repost", "article_id": ARTICLE.id, "label": "未转载"}
    evidence = {"since": ARTICLE.due_at.isoformat(), "article_title": ARTICLE.title}
    given = {"told": told(NOW - 9 * DAY, Step.RECTIFY, date(2020, 3, 2)), **fields}
    return alert(OLD, ARTICLE.due_at, evidence=evidence, **known, **given)


def test_the_city_reads_of_a_missing_repost_whose_deadline_passed_unanswered() -> None:
    text = text_of(city(alerts=[missing()], requests=()))

    assert "转载整改逾期未反馈 1 个" in titles(text)
    assert f"“南溪文旅”(微信) 未转载《{ARTICLE.title}》\n   西河区，南溪市文化和旅游局\n   整改期限3月2日已过，未反馈" in text


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"told": told(NOW - 9 * DAY, Step.RECTIFY, date(2020, 3, 3))}, id="due today"),
        pytest.param({"told": told(NOW - 9 * DAY)}, id="no deadline named yet"),
        pytest.param({"acknowledged": PersonsWord(by="王一", at=NOW - DAY, rung=4)}, id="answered"),
    ],
)
def test_who_has_time_left_or_has_answered_is_not_among_them(fields) -> None:
    assert not re.search("转载整改逾期", text_of(city(alerts=[missing(**fields)], requests=())))


def test_who_asked_for_something_has_answered() -> None:
    asked = missing()

    text = text_of(city(alerts=[asked], requests=[Request(OLD.id, Ask.RECHECK, OPERATOR.email, NOW - DAY, asked.id)]))

    assert "转载整改逾期" not in text


def test_a_county_reads_of_its_own_only() -> None:
    made = county_digest(city(alerts=[missing()], requests=()), COUNTY, SINCE)

    assert made is not None and made.overdue == ()


# -- a week, a month --------------------------------------------------------------------------------------------------------------


def test_who_failed_before_we_could_look_is_new_to_the_week_and_said_to_be_so() -> None:
    then = {FRESH.id: Verdict.QUALIFIED, OLD.id: Verdict.UNDETERMINED}
    material = city(rows=[idle(FRESH, 14), idle(OLD, 50)], alerts=[])

    course = week(material, then, [], [])
    text = write("weekly", digest(material, SINCE), CLERK, HEAD, course).text

    assert course.course is not None and (course.course.newly, course.course.found) == (2, 1)
    assert "新增 2 个（其中 1 个一周前无法判定）" in text


def test_a_letter_about_a_trouble_of_ours_is_no_burden_to_anybody() -> None:
    ours, at = trouble("微信源连续6小时无有效数据"), NOW - 10 * DAY
    blind = trouble("抖音无有效数据", who=OLD)
    steps = [
        step_of(ours, Act.TOLD, at, letter="t1", by="ops@nanxi.example"),
        step_of(blind, Act.TOLD, at, letter="t2", by="ops@nanxi.example", unit=OLD.unit),
    ]
    sent = [letter(number, at, to="ops@nanxi.example", about="trouble") for number in ("t1", "t2")]

    made = burden(city(), Month(2020, 2), sent, steps)

    assert (made.letters, made.readers) == (0, 0)
    assert not [unit for unit in made.units if unit.letters or unit.unit == NO_UNIT]
