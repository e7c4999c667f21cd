"""Key articles as tasks: whose worst task counts, what a base leaves out, and the quarter of 六安 through it all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from clocks import NOON
from hypothesis import given
from hypothesis import strategies as st
from makers import DAY, account

from monitor.model import Account, Alert, Article, Finding, Firing, Platform, RepostStanding, RepostVerdict, Severity, Stage, Status
from monitor.tasks import GRAVEST_FIRST, NO_UNIT, TaskSheet, heard, missing_by_unit, overall, repost_rates, sheets, worst


def article(id: str = "a", **fields: Any) -> Article:
    return Article(**{"id": id, "title": f"第{id}号通知", "published_at": NOON - DAY, "due_at": NOON, **fields})


def standing(account_id: str, verdict: RepostVerdict, article_id: str = "a", **fields: Any) -> RepostStanding:
    return RepostStanding(article_id=article_id, account_id=account_id, verdict=verdict, **fields)


def standings(**counts: int) -> list[RepostStanding]:
    """Return so many standings of each verdict, every one of another account."""
    return [standing(f"{name}{number}", RepostVerdict(name)) for name, count in counts.items() for number in range(count)]


def sheet_of(*listed: RepostStanding, accounts: dict[str, Account] | None = None) -> TaskSheet:
    known = accounts or {each.account_id: account(each.account_id) for each in listed}
    (sheet,) = sheets([article()], listed, known)
    return sheet


# -- rates ----------------------------------------------------------------------------------------------------------------------


def test_the_repost_rates_of_luan_2022q2() -> None:
    quarter = standings(done=157, irregular=23, missing=44)

    half_up, cut = repost_rates(quarter), repost_rates(quarter, rounding="cut")

    assert (half_up.audience, half_up.base) == (224, 224)
    assert (str(half_up.reposted), str(half_up.in_order)) == ("80.36", "70.09")
    assert str(cut.reposted) == "80.35"


def test_a_name_listed_twice_is_one_account_less() -> None:
    once = repost_rates(standings(done=158, irregular=23, missing=43))

    assert (str(once.reposted), str(once.in_order)) == ("80.80", "70.54")


def test_what_cannot_be_told_is_taken_out_of_the_base_and_shown_beside() -> None:
    rates = repost_rates(standings(done=6, late=1, irregular=1, missing=2, undetermined=5, not_yet=3))

    assert (rates.audience, rates.base) == (18, 10)
    assert (str(rates.reposted), str(rates.in_order)) == ("80.00", "60.00")
    assert rates.counts[RepostVerdict.UNDETERMINED] == 5


def test_an_audience_nobody_can_tell_of_has_no_rate() -> None:
    rates = repost_rates(standings(undetermined=5))

    assert (rates.base, rates.reposted, rates.in_order) == (0, None, None)


# -- sheets ---------------------------------------------------------------------------------------------------------------------

CITY = [account(f"city{number:03d}", platform=(Platform.WECHAT, Platform.WEIBO, Platform.TOUTIAO)[number % 3]) for number in range(224)]
FILM = [account(f"film{number}", platform=Platform.DOUYIN) for number in range(29)]
EXCUSED = [account("excused", status=Status.EXEMPT), account("closed", status=Status.CLOSED)]
TASKS = article("t1"), article("t2", published_at=NOON - 2 * DAY)


def drawn(number: int, task: int) -> RepostVerdict:
    """Return what an account of the quarter did about one of its two tasks: 44 missed one of them at least, 23 more did one badly."""
    if number < 44:
        return RepostVerdict.MISSING if task == number % 2 else RepostVerdict.DONE
    if number < 67:
        return RepostVerdict.IRREGULAR if task == number % 2 else RepostVerdict.DONE
    return RepostVerdict.DONE


def test_two_tasks_of_luan_2022q2_give_the_printed_rates_over_the_text_accounts() -> None:
    roster = [*CITY, *FILM, *EXCUSED]
    owing = [(number, each) for number, each in enumerate(roster) if TASKS[0].audience.includes(each)]
    listed = [standing(each.id, drawn(number, task), TASKS[task].id) for number, each in owing for task in (0, 1)]

    made = sheets(TASKS, listed, {each.id: each for each in roster})
    half_up, cut = overall(made), overall(made, rounding="cut")

    assert len(roster) == 224 + 29 + 2
    assert [sheet.article.id for sheet in made] == ["t1", "t2"]
    assert [sheet.rates.counts[RepostVerdict.MISSING] for sheet in made] == [22, 22]
    assert (half_up.audience, half_up.base) == (224, 224)
    assert (half_up.counts[RepostVerdict.MISSING], half_up.counts[RepostVerdict.IRREGULAR]) == (44, 23)
    assert (str(cut.reposted), str(half_up.reposted), str(half_up.in_order)) == ("80.35", "80.36", "70.09")


def test_sheets_are_newest_first_and_their_rows_gravest_first_by_code() -> None:
    old, new = article("old", published_at=NOON - 9 * DAY), article("new")
    roster = {id: account(id, code=code) for id, code in (("x", "341502M1"), ("y", "341500M1"), ("z", "341500M2"))}
    listed = [
        standing("x", RepostVerdict.MISSING, "new"),
        standing("y", RepostVerdict.MISSING, "new"),
        standing("z", RepostVerdict.DONE, "new"),
        standing("z", RepostVerdict.LATE, "old"),
    ]

    made = sheets([old, new], listed, roster)

    assert [sheet.article.id for sheet in made] == ["new", "old"]
    assert [row.account.id for row in made[0].rows] == ["y", "x", "z"]


def test_an_article_nobody_owes_has_an_empty_sheet() -> None:
    (sheet,) = sheets([article()], [], {})

    assert (sheet.rows, sheet.rates.audience, sheet.rates.reposted) == ((), 0, None)
    assert overall([]).audience == 0


def test_who_left_the_roster_is_on_no_sheet() -> None:
    sheet = sheet_of(standing("a", RepostVerdict.DONE), standing("gone", RepostVerdict.MISSING), accounts={"a": account("a")})

    assert [row.account.id for row in sheet.rows] == ["a"]
    assert sheet.rates.audience == 1


@pytest.mark.parametrize(
    ("verdicts", "counted"),
    [
        pytest.param((RepostVerdict.DONE, RepostVerdict.MISSING), RepostVerdict.MISSING, id="missing once is missing"),
        pytest.param((RepostVerdict.LATE, RepostVerdict.IRREGULAR), RepostVerdict.IRREGULAR, id="irregular goes before late"),
        pytest.param((RepostVerdict.UNDETERMINED, RepostVerdict.MISSING), RepostVerdict.MISSING, id="what is proven outweighs the unknown"),
        pytest.param((RepostVerdict.UNDETERMINED, RepostVerdict.LATE), RepostVerdict.LATE, id="a delay that is proven too"),
        pytest.param((RepostVerdict.DONE, RepostVerdict.UNDETERMINED), RepostVerdict.UNDETERMINED, id="half seen is not all in order"),
        pytest.param((RepostVerdict.DONE, RepostVerdict.NOT_YET), RepostVerdict.DONE, id="what is not due yet says nothing"),
    ],
)
def test_an_account_takes_its_worst_task_and_the_row_names_it(verdicts: tuple[RepostVerdict, ...], counted: RepostVerdict) -> None:
    articles = [article(f"t{number}") for number in range(len(verdicts))]
    listed = [standing("a", verdict, f"t{number}") for number, verdict in enumerate(verdicts)]

    made = sheets(articles, listed, {"a": account("a")})
    (row,) = worst(made)

    assert (row.standing.verdict, row.standing.article_id) == (counted, f"t{verdicts.index(counted)}")
    assert overall(made).counts[counted] == overall(made).audience == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from(list(RepostVerdict))), max_size=12))
def test_every_account_counts_once_and_never_better_than_on_any_sheet(drawn: list[tuple[str, str, RepostVerdict]]) -> None:
    listed = {(who, task): standing(who, verdict, task) for who, task, verdict in drawn}.values()
    made = sheets([article(task) for task in "xyz"], listed, {who: account(who) for who in "abc"})

    counted = {row.account.id: GRAVEST_FIRST.index(row.standing.verdict) for row in worst(made)}

    assert overall(made).audience == len({each.account_id for each in listed}) == len(counted)
    assert all(counted[each.account_id] <= GRAVEST_FIRST.index(each.verdict) for each in listed)


def test_the_order_of_gravity_names_every_verdict_once() -> None:
    assert sorted(GRAVEST_FIRST) == sorted(RepostVerdict)


# -- by unit --------------------------------------------------------------------------------------------------------------------


def test_the_missing_stand_under_their_units_in_the_order_of_codes() -> None:
    roster = {
        "1": account("1", code="341500M001", unit="市公安局", platform=Platform.WEIBO),
        "2": account("2", code="341500M002", unit=" "),
        "3": account("3", code="341500M003", unit="市商务局"),
        "4": account("4", code="341500M004", unit="市公安局", platform=Platform.WECHAT),
        "5": account("5", code="341500M005", unit="市公安局"),
    }
    missing = [standing(id, RepostVerdict.MISSING) for id in "4321"]

    units = missing_by_unit(sheet_of(*missing, standing("5", RepostVerdict.DONE), accounts=roster))

    assert [(unit, [row.account.id for row in rows]) for unit, rows in units] == [
        ("市公安局", ["1", "4"]),
        ("市商务局", ["3"]),
        (NO_UNIT, ["2"]),
    ]


def test_nobody_missing_is_no_unit() -> None:
    assert missing_by_unit(sheet_of(standing("a", RepostVerdict.DONE))) == ()


# -- what waits at the gate -----------------------------------------------------------------------------------------------------


def waiting(stage: Stage, account_id: str = "a", article_id: str = "a", rule: str = "missing_repost") -> Alert:
    about: dict[str, Any] = {"subject": account_id, "account_id": account_id, "article_id": article_id}
    finding = Finding(rule=rule, status=Firing.FIRING, severity=Severity.ACCUSATION, **about)
    return Alert(id=finding.key, finding=finding, stage=stage, opened_at=NOON, last_seen_at=NOON + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("alert", "verdict"),
    [
        pytest.param(waiting(Stage.PENDING), RepostVerdict.UNDETERMINED, id="pending"),
        pytest.param(waiting(Stage.HELD), RepostVerdict.UNDETERMINED, id="held"),
        pytest.param(waiting(Stage.OPEN), RepostVerdict.MISSING, id="open"),
        pytest.param(waiting(Stage.HELD, article_id="b"), RepostVerdict.MISSING, id="of another article"),
        pytest.param(waiting(Stage.HELD, account_id="b"), RepostVerdict.MISSING, id="of another account"),
        pytest.param(waiting(Stage.HELD, rule="idle"), RepostVerdict.MISSING, id="of another rule"),
    ],
)
def test_an_accusation_that_waits_at_the_gate_names_nobody(alert: Alert, verdict: RepostVerdict) -> None:
    (shown,) = heard([standing("a", RepostVerdict.MISSING)], [alert], "missing_repost")

    assert shown.verdict is verdict
    assert bool(shown.reason) is (verdict is RepostVerdict.UNDETERMINED)


def test_the_gate_changes_no_other_verdict() -> None:
    listed = [standing("a", verdict) for verdict in RepostVerdict if verdict is not RepostVerdict.MISSING]

    assert heard(listed, [waiting(Stage.HELD)], "missing_repost") == listed
