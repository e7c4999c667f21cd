"""The day on which a passing account will fail: in the unit of its profile, and only where the calendar reaches so far."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import NOW, account, at, facts, fault, idle_for, state

from monitor.model import BEGINNING, Kind, Status, Verdict, end_of_day
from monitor.ports import AccountFacts
from rules import PROFILES

LADDER, FUYANG = PROFILES["guoban-2019"], PROFILES["fuyang-monthly"]


@pytest.mark.parametrize(
    ("days", "line_on"),
    [
        pytest.param(0, date(2020, 3, 17), id="updated today"),
        pytest.param(6, date(2020, 3, 11), id="below the first rung"),
        pytest.param(13, date(2020, 3, 4), id="tomorrow"),
        pytest.param(14, None, id="it has failed"),
        pytest.param(90, None, id="long ago"),
    ],
)
def test_the_line_is_reached_fourteen_days_after_the_last_update(days: int, line_on: date | None) -> None:
    assert LADDER.stand(facts(idle_for(days))).line_on == line_on


@pytest.mark.parametrize(
    ("last", "now", "line_on"),
    [
        pytest.param("2020-02-24 10:00", "2020-02-28 18:00", date(2020, 3, 5), id="a weekend does not count"),
        pytest.param("2020-09-25 10:00", "2020-09-28 18:00", date(2020, 10, 13), id="a holiday does not, its shifted days do"),
        pytest.param("2025-12-25 10:00", "2025-12-31 18:00", date(2026, 1, 7), id="over New Year"),
        pytest.param("2026-12-25 10:00", "2026-12-31 18:00", None, id="into a year without a calendar"),
        pytest.param("2098-12-30 10:00", "2098-12-31 18:00", None, id="in a year without a calendar"),
    ],
)
def test_a_line_in_working_days_goes_by_the_calendar(last: str, now: str, line_on: date | None) -> None:
    standing = FUYANG.stand(facts(state(at(last), (at(last), at(now))), at(now)))

    assert (standing.verdict, standing.line_on) == (Verdict.QUALIFIED, line_on)


OLD = idle_for(10)


@pytest.mark.parametrize(
    ("known", "line_on"),
    [
        pytest.param(facts(state(None, (BEGINNING, NOW)), account=account(opened_on=date(2020, 2, 25))), date(2020, 3, 10), id="new"),
        pytest.param(facts(OLD.model_copy(update={"last_error": fault("auth_error")})), date(2020, 3, 7), id="a fault since"),
        pytest.param(facts(state(at("2020-02-22 10:00"), last_tried_at=NOW)), date(2020, 3, 7), id="seen once, silent or not"),
        pytest.param(facts(OLD, account=account(exempt_until=date(2020, 2, 27))), date(2020, 3, 12), id="counted from an exemption's end"),
        pytest.param(facts(OLD, account=account(status=Status.EXEMPT)), None, id="exempt"),
        pytest.param(facts(OLD, account=account(status=Status.CLOSED)), None, id="closed"),
        pytest.param(facts(OLD, account=account(status=Status.ABANDONED)), None, id="stopped"),
        pytest.param(facts(OLD, account=account(kind=Kind.SERVICE)), None, id="a service account"),
        pytest.param(facts(state(None)), None, id="never looked"),
    ],
)
def test_who_is_judged_and_passes_has_a_line_ahead(known: AccountFacts, line_on: date | None) -> None:
    assert LADDER.stand(known).line_on == line_on


@pytest.mark.parametrize(
    ("days", "line"),
    [
        pytest.param(7, {"line_on": "2020-03-10"}, id="a reminder"),
        pytest.param(13, {"line_on": "2020-03-04"}, id="a warning"),
        pytest.param(14, {}, id="an accusation"),
        pytest.param(2, {}, id="all is well"),
    ],
)
def test_a_warning_names_the_day_of_the_line_in_its_evidence(days: int, line: dict[str, str]) -> None:
    (finding,) = LADDER.judge(facts(idle_for(days)))

    assert {key: value for key, value in finding.evidence.items() if key == "line_on"} == line


@given(st.sampled_from(sorted(PROFILES)), st.integers(0, 40), st.dates(date(2019, 3, 1), date(2025, 11, 1)))
def test_the_line_is_the_first_day_that_fails_if_nothing_is_published(profile: str, days: int, today: date) -> None:
    ladder, known = PROFILES[profile], idle_for(days, end_of_day(today))
    standing = ladder.stand(facts(known, end_of_day(today)))

    def verdict(day: date) -> Any:
        now = end_of_day(day)
        assert known.last_post is not None
        return ladder.stand(facts(state(known.last_post.published_at, (BEGINNING, now)), now)).verdict

    assert (standing.line_on is None) is (standing.verdict is Verdict.FAILED)
    if standing.line_on is not None:
        assert standing.line_on > today
        assert verdict(standing.line_on) is Verdict.FAILED
        assert verdict(date.fromordinal(standing.line_on.toordinal() - 1)) is Verdict.QUALIFIED
