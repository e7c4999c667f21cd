"""The shipped profiles against the one table whose dates are printed: 安康 2020Q1; and the working-day calendar behind 阜阳."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from ankang import ROWS, STOPPED, Row, checked, posted_days_before
from hypothesis import given
from hypothesis import strategies as st
from judging import NOW, account, at, facts, idle_for, state

from monitor.model import BEGINNING, Firing, Kind, Platform, Role, Severity, Standing, Verdict, end_of_day, start_of_day
from monitor.workdays import UnknownYear, working_days
from rules import PROFILES
from rules.cadence import update_class
from rules.idle import Idle, Rung

TABLE = Path(__file__).resolve().parents[2] / "shared" / "domain" / "ground_truth" / "ankang_2020q1_newmedia.csv"
ANKANG = PROFILES["ankang-2020"]


def judged(ladder: Idle, as_of: date = date(2020, 3, 3), stopped: bool = True) -> dict[Row, Standing]:
    return {row: ladder.stand(checked(row, as_of, stopped)) for row in ROWS}


def failing(standings: dict[Row, Standing]) -> list[Standing]:
    return [standing for standing in standings.values() if standing.verdict is Verdict.FAILED]


def test_each_profile_stands_under_its_own_name() -> None:
    assert {name: ladder.profile for name, ladder in PROFILES.items()} == {name: name for name in PROFILES}


def test_ankang_gives_the_fourteen_flags_of_its_bulletin() -> None:
    standings = judged(ANKANG)

    assert Counter(standing.label for standing in failing(standings)) == {"僵尸微信": 7, "僵尸微博": 6, "停运未注销": 1}
    assert {row.name: standing.label for row, standing in standings.items()} == {row.name: row.label for row in ROWS}


def test_ankang_counts_the_idle_days_of_its_bulletin() -> None:
    assert {row: standing.idle_days for row, standing in judged(ANKANG).items()} == {row: row.idle_days for row in ROWS}


def test_ankang_a_day_earlier_gives_eleven_flags_and_three_warnings() -> None:
    standings = judged(ANKANG, date(2020, 3, 2))

    warned = [standing for standing in standings.values() if standing.verdict is Verdict.QUALIFIED]

    assert len(failing(standings)) == 11
    assert [(standing.idle_days, standing.label) for standing in warned] == [(13, "预警 · 还有1天到期")] * 3


@pytest.mark.parametrize(("last", "verdict"), [(14, Verdict.FAILED), (13, Verdict.QUALIFIED)])
def test_ankang_at_its_boundary(last: int, verdict: Verdict) -> None:
    assert ANKANG.stand(posted_days_before(last, NOW)).verdict is verdict


@pytest.mark.skipif(not TABLE.exists(), reason="the ground-truth tables are not here")
def test_our_rows_are_those_of_the_ground_truth() -> None:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        printed = [
            (row["platform"], row["account_name"], row["last_update_iso"], row["problem_class"], row["idle_days_at_2020-03-03"])
            for row in csv.DictReader(lines)
        ]

    ours = [(row.platform.label, row.name, str(row.last or ""), row.label, str(row.idle_days or "")) for row in ROWS]

    assert ours == printed


@pytest.mark.parametrize(
    ("profile", "labels"),
    [
        (
            "guoban-2019",
            {"内容不更新": 9, "内容不更新 · 近一个月未更新": 3, "内容不更新 · 近两个月未更新 · 僵尸账号": 1, "无内容": 1},
        ),
        ("luan-2020q4", {"内容不更新": 9, "近一个月未更新": 3, "僵尸帐号": 2}),
        ("fuyang-monthly", {"超期": 13, "超期 · 无内容": 1}),
        ("gansu-weekly", {"内容不更新": 13, "无内容": 1}),
        ("guizhou-2025", {"内容不更新": 12, "内容不更新 · 僵尸清单": 1, "无内容": 1}),
    ],
)
def test_other_profiles_on_the_same_rows(profile: str, labels: dict[str, int]) -> None:
    standings = judged(PROFILES[profile], stopped=False)

    assert Counter(standing.label for standing in failing(standings)) == labels


@pytest.mark.parametrize(("line", "failed"), [(14, 14), (30, 5), (60, 2)])
def test_what_another_line_would_have_found(line: int, failed: int) -> None:
    rung = Rung(days=line, labels=("内容不更新",), severity=Severity.ACCUSATION)
    ladder = Idle(profile="what-if", title="what if", line=line, rungs=(rung,))

    assert len(failing(judged(ladder))) == failed
    assert len(failing(judged(ladder, stopped=False))) == failed


def test_the_stopped_account_is_stopped_under_every_profile() -> None:
    row = next(row for row in ROWS if row.name == STOPPED)

    assert {ladder.stand(checked(row)).label for ladder in PROFILES.values()} == {"停运未注销"}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_accusation_reaches_the_operator_the_county_and_the_clerk(profile: str) -> None:
    for rung in PROFILES[profile].rungs:
        if rung.severity is Severity.ACCUSATION:
            assert rung.tells == (Role.OPERATOR, Role.COUNTY, Role.CLERK)


@pytest.mark.parametrize(
    ("days", "label"),
    [(30, "近一个月未更新"), (59, "近一个月未更新"), (60, "近两个月未更新"), (89, "近两个月未更新"), (90, "僵尸帐号")],
)
def test_luan_replaces_its_label_from_rung_to_rung(days: int, label: str) -> None:
    assert PROFILES["luan-2020q4"].stand(facts(idle_for(days))).label == label


@pytest.mark.parametrize(("platform", "label"), [(Platform.DOUYIN, "僵尸抖音"), (Platform.WECHAT, "僵尸微信")])
def test_ankang_names_the_platform(platform: Platform, label: str) -> None:
    assert ANKANG.stand(facts(idle_for(14), account=account(platform=platform))).label == label


# 甘肃: who is idle for more than seven days is warned as of each Thursday; 2020-03-05 was one.


@pytest.mark.parametrize(
    ("last", "now", "label"),
    [
        pytest.param("2020-02-26 10:00", "2020-03-04 18:00", "正常", id="seven days on a Wednesday"),
        pytest.param("2020-02-26 10:00", "2020-03-05 18:00", "更新预警", id="eight days on the Thursday"),
        pytest.param("2020-02-27 10:00", "2020-03-05 18:00", "正常", id="seven days on the Thursday"),
        pytest.param("2020-02-27 10:00", "2020-03-11 18:00", "正常", id="thirteen days on the Wednesday after: not yet warned"),
        pytest.param("2020-02-26 10:00", "2020-03-08 18:00", "更新预警", id="still idle on the Sunday after"),
        pytest.param("2020-03-06 10:00", "2020-03-08 18:00", "正常", id="posted since that Thursday"),
    ],
)
def test_gansu_warns_as_of_the_latest_thursday(last: str, now: str, label: str) -> None:
    standing = PROFILES["gansu-weekly"].stand(facts(state(at(last), (at(last), at(now))), at(now)))

    assert (standing.verdict, standing.label) == (Verdict.QUALIFIED, label)


# 阜阳: working days, and classes instead of dates.

FUYANG = PROFILES["fuyang-monthly"]


def fuyang(last: str, now: str) -> Standing:
    return FUYANG.stand(facts(state(at(last), (at(last), at(now))), at(now)))


@pytest.mark.parametrize(
    ("last", "now", "days", "verdict", "label"),
    [
        pytest.param("2020-02-24 10:00", "2020-02-28 18:00", 4, Verdict.QUALIFIED, "正常", id="four working days"),
        pytest.param("2020-02-24 10:00", "2020-03-01 18:00", 4, Verdict.QUALIFIED, "正常", id="a weekend does not count"),
        pytest.param("2020-02-24 10:00", "2020-03-02 18:00", 5, Verdict.QUALIFIED, "预警 · 还有3个工作日到期", id="five warn"),
        pytest.param("2020-02-24 10:00", "2020-03-04 18:00", 7, Verdict.QUALIFIED, "预警 · 还有1个工作日到期", id="seven pass"),
        pytest.param("2020-02-24 10:00", "2020-03-05 18:00", 8, Verdict.FAILED, "超期", id="the eighth fails"),
        pytest.param(
            "2021-02-10 10:00", "2021-02-20 18:00", 3, Verdict.QUALIFIED, "正常", id="spring festival; the shifted Saturday counts"
        ),
        pytest.param("2020-09-30 10:00", "2020-10-10 18:00", 2, Verdict.QUALIFIED, "正常", id="national day; the shifted Saturday counts"),
    ],
)
def test_fuyang_counts_working_days(last: str, now: str, days: int, verdict: Verdict, label: str) -> None:
    standing = fuyang(last, now)

    assert (standing.idle_days, standing.verdict, standing.label) == (days, verdict, label)


def test_fuyang_says_how_many_working_days() -> None:
    known = facts(state(at("2020-02-24 10:00"), (at("2020-02-24 10:00"), at("2020-03-05 18:00"))), at("2020-03-05 18:00"))

    (finding,) = FUYANG.judge(known)

    assert finding.message == "“石泉统计”(微博)已8个工作日未更新(最后更新2020-02-24)"
    assert finding.evidence["since"] == at("2020-03-05 00:00").isoformat()


def test_a_year_without_a_calendar_is_said_and_not_guessed() -> None:
    known = facts(state(at("2098-12-30 10:00"), (at("2098-12-30 10:00"), at("2099-01-20 18:00"))), at("2099-01-20 18:00"))

    standing = FUYANG.stand(known)

    assert (standing.verdict, standing.idle_days) == (Verdict.UNDETERMINED, None)
    assert "工作日历" in standing.reason
    assert list(FUYANG.judge(known)) == []


@pytest.mark.parametrize(
    ("days", "verdict", "rungs"),
    [
        pytest.param(0, Verdict.QUALIFIED, [0], id="today"),
        pytest.param(4, Verdict.QUALIFIED, [0], id="four days are at most four working days"),
        pytest.param(5, Verdict.UNDETERMINED, [], id="five days may be the first rung"),
    ],
)
def test_without_a_calendar_a_fresh_post_is_fresh_all_the_same(days: int, verdict: Verdict, rungs: list[int]) -> None:
    now = at("2099-01-20 18:00")
    known = facts(idle_for(days, now), now)

    standing, findings = FUYANG.stand(known), list(FUYANG.judge(known))

    assert standing.verdict is verdict
    assert [finding.rung for finding in findings] == rungs
    assert all(finding.status is Firing.CLEAR for finding in findings)


def test_without_a_calendar_a_new_account_is_fresh_only_where_all_was_seen() -> None:
    now = at("2099-01-20 18:00")
    new = account(opened_on=date(2099, 1, 18))

    seen = FUYANG.stand(facts(state(None, (BEGINNING, now)), now, account=new))
    unseen = FUYANG.stand(facts(state(None), now, account=new))

    assert (seen.verdict, unseen.verdict) == (Verdict.QUALIFIED, Verdict.UNDETERMINED)


def test_a_span_that_reaches_into_an_unknown_year_raises_and_names_the_first() -> None:
    with pytest.raises(UnknownYear, match="2003"):
        working_days(date(2003, 12, 31), date(2099, 1, 1))


@given(*[st.dates(date(2010, 1, 1), date(2025, 12, 31))] * 3)
def test_working_days_add_up_and_never_exceed_the_calendar(one: date, two: date, three: date) -> None:
    first, second, third = sorted((one, two, three))

    assert working_days(first, second) + working_days(second, third) == working_days(first, third)
    assert 0 <= working_days(first, third) <= (third - first).days
    assert working_days(third, first) == 0


MAY = (date(2021, 5, 1), date(2021, 5, 31))


def days_of_may(*days: int) -> list[date]:
    return [date(2021, 5, day) for day in days]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(range(1, 32), "每日", id="every day"),
        pytest.param(range(1, 26), "每日", id="25 of 31 days, four fifths"),
        pytest.param(range(1, 25), "每周", id="24 of 31 days"),
        pytest.param((7, 14, 21, 28), "每周", id="seven days apart, from the eve of the window"),
        pytest.param((8, 14, 21, 28), "每月", id="a first gap of eight days"),
        pytest.param((7, 14, 23, 30), "每月", id="a gap of nine days"),
        pytest.param((7, 14, 21), "每月", id="ten days of silence at the end"),
        pytest.param((16,), "每月", id="one post"),
        pytest.param((), "超期", id="none"),
    ],
)
def test_the_update_class_goes_by_the_longest_gap(days: range | tuple[int, ...], expected: str) -> None:
    assert update_class(days_of_may(*days), *MAY) == expected


def test_posts_outside_the_window_and_several_a_day_do_not_count() -> None:
    days = [*days_of_may(16, 16, 16), *(date(2021, 4, day) for day in range(1, 31))]

    assert update_class(days, *MAY) == "每月"


def test_a_window_longer_than_a_month_may_be_overdue_between_two_posts() -> None:
    assert update_class([date(2021, 5, 1), date(2021, 6, 30)], date(2021, 5, 1), date(2021, 6, 30)) == "超期"


def test_fuyang_prints_the_class_where_the_month_was_wholly_seen() -> None:
    now = end_of_day(date(2021, 5, 31))
    seen = state(at("2021-05-31 09:00"), (start_of_day(MAY[0]), now))
    weekly = tuple(days_of_may(3, 10, 17, 24, 31))

    assert FUYANG.stand(facts(seen, now, post_days=weekly)).label == "每周"
    assert FUYANG.stand(facts(seen, now)).label == "正常"


def test_fuyang_prints_no_class_where_posts_may_have_been_missed() -> None:
    now = end_of_day(date(2021, 5, 31))
    seen_late = state(at("2021-05-31 09:00"), (start_of_day(MAY[0]) + timedelta(days=9), now))

    assert FUYANG.stand(facts(seen_late, now, post_days=tuple(days_of_may(31)))).label == "正常"


def test_service_accounts_are_left_alone_by_every_shipped_profile() -> None:
    known = facts(idle_for(100), account=account(kind=Kind.SERVICE))

    assert {ladder.stand(known).verdict for ladder in PROFILES.values()} == {None}
