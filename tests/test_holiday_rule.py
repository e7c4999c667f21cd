"""The holiday look-ahead: told while somebody can still post, never from doubtful sight, and never a recovery that was none.

In 2026 the Spring Festival lasted from Sunday 15 to Monday 23 February; Saturday 14 was worked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import account, at, facts, fault, source, state
from pydantic import ValidationError

from monitor import alerting, life
from monitor.alerting import Wishes
from monitor.model import (
    BEGINNING,
    Alert,
    Contact,
    Finding,
    Firing,
    Kind,
    Role,
    Severity,
    SourceState,
    Stage,
    Status,
    Verdict,
)
from monitor.ports import AccountFacts
from monitor.telling import marks
from rules import PROFILES, RULES
from rules.holiday import Holiday

RULE = Holiday()
LADDER = PROFILES["guoban-2019"]
SHIQUAN = account()


def seen(last: str, now: str, profile: str = "guoban-2019", **fields: Any) -> AccountFacts:
    """Return the facts of an account that published last at noon of a day and was seen all along, with its standing."""
    known = facts(state(at(f"{last} 12:00"), (BEGINNING, at(now))), **{"now": at(now), "account": SHIQUAN, **fields})
    return replace(known, standing=PROFILES[profile].stand(known))


def told(known: AccountFacts, rule: Holiday = RULE) -> list[Finding]:
    return [finding for finding in rule.judge(known) if finding.status is Firing.FIRING]


def test_the_rule_stands_in_the_table() -> None:
    assert RULES["holiday"] is Holiday


def test_whose_line_falls_into_the_holiday_is_asked_for_a_post_before_it() -> None:
    (finding,) = told(seen("2026-02-03", "2026-02-13 09:00"))

    assert finding.message == "“石泉统计”(微博)将在春节假期内（2月17日）满14天未更新，请于2月14日前更新"
    assert (finding.severity, finding.rung, finding.label) == (Severity.NOTICE, 1, "节前提醒")
    assert finding.tells == (Role.OPERATOR, Role.COUNTY)
    assert finding.key == f"holiday {SHIQUAN.id}"
    days = {"holiday_from": "2026-02-15", "holiday_to": "2026-02-23", "line_on": "2026-02-17", "update_by": "2026-02-14"}
    assert ({"holiday": "春节", "published_at": at("2026-02-03 12:00").isoformat()} | days).items() <= finding.evidence.items()


def test_who_fails_on_the_first_morning_back_is_asked_too() -> None:
    (finding,) = told(seen("2026-02-10", "2026-02-14 09:00"))

    assert finding.message == "“石泉统计”(微博)将在春节假期后首个工作日（2月24日）满14天未更新，请于2月14日前更新"


@pytest.mark.parametrize(
    ("last", "is_told"),
    [
        pytest.param("2026-01-31", False, id="the eve: that is the ladder's to say"),
        pytest.param("2026-02-01", True, id="the first day off"),
        pytest.param("2026-02-09", True, id="the last day off"),
        pytest.param("2026-02-10", True, id="the first working day after"),
        pytest.param("2026-02-11", False, id="the second working day after"),
        pytest.param("2026-01-30", False, id="failing before it"),
    ],
)
def test_the_holiday_reaches_to_the_first_working_day_after_it(last: str, is_told: bool) -> None:
    assert bool(told(seen(last, "2026-02-13 09:00"))) is is_told


@pytest.mark.parametrize(
    ("now", "ahead", "is_told"),
    [
        pytest.param("2026-02-12 23:59", 2, False, id="three working days before"),
        pytest.param("2026-02-13 00:00", 2, True, id="two working days before, the shifted Saturday is one"),
        pytest.param("2026-02-14 23:59", 2, True, id="the eve"),
        pytest.param("2026-02-15 00:00", 2, False, id="the holiday has begun"),
        pytest.param("2026-02-13 12:00", 1, False, id="a city that tells on the eve only"),
        pytest.param("2026-02-06 09:00", 7, True, id="a city that tells a week before"),
        pytest.param("2026-02-05 09:00", 7, False, id="and no earlier"),
    ],
)
def test_it_is_told_from_so_many_working_days_before_until_the_eve(now: str, ahead: int, is_told: bool) -> None:
    assert bool(told(seen("2026-02-03", now), Holiday(ahead_working_days=ahead))) is is_told


def test_a_weekend_alone_is_no_holiday() -> None:
    assert told(seen("2026-02-21", "2026-03-06 09:00")) == []
    assert told(seen("2026-02-23", "2026-03-06 09:00")) == []


@pytest.mark.parametrize(
    ("last", "now", "said"),
    [
        pytest.param("2025-12-19", "2025-12-31 09:00", "元旦假期内（1月2日）满14天未更新，请于12月31日前更新", id="New Year"),
        pytest.param("2022-12-17", "2022-12-30 09:00", "元旦假期内（12月31日）满14天未更新，请于12月30日前更新", id="from December on"),
        pytest.param("2025-09-18", "2025-09-30 09:00", "国庆节、中秋节假期内（10月2日）满14天未更新，请于9月30日前更新", id="two in one"),
    ],
)
def test_each_holiday_is_called_by_its_name(last: str, now: str, said: str) -> None:
    (finding,) = told(seen(last, now))

    assert finding.message == f"“石泉统计”(微博)将在{said}"


@pytest.mark.parametrize(
    ("known", "said"),
    [
        pytest.param(
            seen("2026-01-30", "2026-02-14 09:00", account=account(exempt_until=date(2026, 2, 3))),
            "“石泉统计”(微博)将在春节假期内（2月17日）到期，请于2月14日前更新",
            id="counted from an exemption's end",
        ),
        pytest.param(
            seen("2026-02-05", "2026-02-14 09:00", "fuyang-monthly"),
            "“石泉统计”(微博)将在春节假期后首个工作日（2月24日）到期，请于2月14日前更新",
            id="counted in working days",
        ),
    ],
)
def test_the_number_of_days_is_named_only_where_it_is_plain(known: AccountFacts, said: str) -> None:
    (finding,) = told(known)

    assert finding.message == said


def test_who_never_posted_is_asked_to_publish() -> None:
    now = at("2026-02-14 09:00")
    new = facts(state(None, (BEGINNING, now)), now, account=account(opened_on=date(2026, 2, 3)))

    (finding,) = told(replace(new, standing=LADDER.stand(new)))

    assert finding.message == "“石泉统计”(微博)将在春节假期内（2月17日）到期，请于2月14日前发布内容"


AT = "2026-02-13 09:00"


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(facts(state(at("2026-02-03 12:00")), at(AT)), id="a post seen, nothing since"),
        pytest.param(facts(state(at("2026-02-03 12:00"), (BEGINNING, at("2026-02-11 20:00"))), at(AT)), id="not seen for 37 hours"),
        pytest.param(facts(state(at("2026-02-03 12:00"), (at("2026-02-09 00:00"), at(AT))), at(AT)), id="a gap"),
        pytest.param(facts(state(at("2026-02-03 12:00"), (BEGINNING, at(AT))), at(AT), source=source(SourceState.FROZEN)), id="frozen"),
        pytest.param(facts(state(at("2026-02-03 12:00"), last_error=fault("auth_error")), at(AT)), id="no access"),
    ],
)
def test_where_sight_is_doubtful_nobody_is_asked_and_nobody_is_told_that_all_is_well(known: AccountFacts) -> None:
    graded = replace(known, standing=LADDER.stand(known))

    assert graded.standing is not None and graded.standing.verdict is Verdict.QUALIFIED
    assert list(RULE.judge(graded)) == []


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(seen("2026-01-20", AT), id="it has failed"),
        pytest.param(replace(seen("2026-02-03", AT), standing=None), id="nobody graded it"),
        pytest.param(seen("2026-12-20", "2026-12-31 09:00"), id="the line lies in a year without a calendar"),
        pytest.param(seen("2099-01-03", "2099-01-12 09:00"), id="in a year without a calendar"),
        pytest.param(seen("2026-12-20", "2026-12-31 09:00", "fuyang-monthly"), id="working days of a year without a calendar"),
        pytest.param(seen("2026-02-03", AT, account=account(status=Status.ABANDONED)), id="stopped"),
    ],
)
def test_nothing_is_said_where_nothing_can_be(known: AccountFacts) -> None:
    assert list(RULE.judge(known)) == []


@pytest.mark.parametrize("fields", [{"status": Status.EXEMPT}, {"status": Status.CLOSED}, {"kind": Kind.SERVICE}], ids=str)
def test_who_is_not_judged_any_more_is_no_longer_asked(fields: dict[str, Any]) -> None:
    (finding,) = RULE.judge(seen("2026-02-03", AT, account=account(**fields)))

    assert (finding.status, finding.message) == (Firing.CLEAR, "")


def test_a_post_before_the_holiday_clears_with_its_day() -> None:
    (finding,) = RULE.judge(seen("2026-02-13", "2026-02-13 18:00"))

    assert (finding.status, finding.message) == (Firing.CLEAR, "“石泉统计”(微博)已于2026-02-13更新")
    assert finding.evidence["published_at"] == at("2026-02-13 12:00").isoformat()


OPERATOR = Contact(email="xinxi@shiquan.example")
WISHES = Wishes()


def read(*posts: str) -> list[str]:
    """Return what the operator reads of the holiday at eleven each day, in the words of the rule; a look is taken every morning."""
    alerts: dict[str, Alert] = {}
    letters: list[str] = []
    for day in (date(2026, 2, 10) + timedelta(days=number) for number in range(30)):
        morning, now = f"{day} 09:00", at(f"{day} 11:00")
        alive = {each.finding.key: each for each in alerts.values() if each.stage is not Stage.RESOLVED}
        findings = RULE.judge(seen(max(post for post in posts if post < f"{day}"), morning))
        alerts |= {each.id: each for each in life.settle(alive, findings, at(morning))}
        for notice in alerting.notices(alerting.decide(alerts.values(), lambda _: [OPERATOR], {}, {}, WISHES, now)):
            over = [each.finding.evidence[life.RECOVERY]["message"] for each in notice.recovered]
            letters += [f"{day:%m-%d} {said}" for said in [*(each.finding.message for each in notice.opened), *over]]
            for each in (*notice.opened, *notice.recovered):
                alerts[each.id] = marks.told(each, OPERATOR.email, now, step=notice.step(each))
    return letters


ASKED = "“石泉统计”(微博)将在春节假期内（2月17日）满14天未更新，请于2月14日前更新"
TWICE = [f"02-13 {ASKED}", f"02-14 {ASKED}"]
"""As soon as it is said, and on the eve, when it cannot wait any more."""


@pytest.mark.parametrize(
    ("posts", "letters"),
    [
        pytest.param(["2026-02-12"], [], id="posted before anybody asked"),
        pytest.param(["2026-02-13"], [TWICE[0], "02-14 “石泉统计”(微博)已于2026-02-13更新"], id="posted before it"),
        pytest.param(["2026-02-14"], [*TWICE, "02-24 “石泉统计”(微博)已于2026-02-14更新"], id="posted on the eve"),
        pytest.param(["2026-02-16"], [*TWICE, "02-24 “石泉统计”(微博)已于2026-02-16更新"], id="posted during it"),
        pytest.param([], TWICE, id="not posted: it has failed, and nothing is over"),
        pytest.param(["2026-02-25"], [*TWICE, "02-26 “石泉统计”(微博)已于2026-02-25更新"], id="posted after it had failed"),
    ],
)
def test_nobody_reads_of_an_update_that_was_none(posts: list[str], letters: list[str]) -> None:
    assert read("2026-02-03", *posts) == letters


def test_the_words_do_not_change_from_tick_to_tick() -> None:
    ticks = [f"2026-02-{day} {hour:02}:05" for day in (13, 14) for hour in range(24)]

    findings = [finding for tick in ticks for finding in told(seen("2026-02-03", tick))]

    assert len(findings) == 48
    assert len({(finding.message, finding.rung, finding.label) for finding in findings}) == 1


@pytest.mark.parametrize("wrong", [{"ahead_working_days": 0}, {"ahead_working_days": 31}, {"sight_max_age_hours": 0}, {"days": 1}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Holiday.model_validate(wrong)


@given(st.dates(date(2024, 1, 5), date(2026, 12, 10)), st.integers(0, 20), st.sampled_from(list(PROFILES)))
def test_whoever_is_asked_would_fail_in_the_holiday_and_is_saved_by_a_post_on_the_last_day_named(
    today: date, days: int, profile: str
) -> None:
    last, now = today - timedelta(days=days), f"{today} 13:00"

    for finding in told(seen(f"{last}", now, profile)):
        update_by = date.fromisoformat(finding.evidence["update_by"])
        first, line_on = (date.fromisoformat(finding.evidence[key]) for key in ("holiday_from", "line_on"))
        saved = seen(f"{update_by}", f"{update_by} 13:00", profile)

        assert last <= today <= update_by < first <= line_on
        assert saved.standing is not None and saved.standing.line_on != line_on
        assert saved.standing.line_on is None or saved.standing.line_on > line_on
