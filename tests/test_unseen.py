"""Accounts we are blind to: about us, not about them; and the ones a platform denies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from judging import NOW, account, at, facts, fault, look, state

from monitor.model import AccountState, Firing, Role, Severity, Status
from rules.unseen import Unseen

RULE = Unseen()
DAY = timedelta(hours=24)


def failing(code: str | None, since: timedelta, good: timedelta | None = None, credential: str = "") -> AccountState:
    fields = {"failing_since": NOW - since, "last_tried_at": NOW, "last_error": fault(code, credential) if code else None}
    return state(**fields, last_good=look(NOW - good) if good is not None else None)


def test_a_day_without_a_good_look_tells_the_sysadmin_and_nobody_else() -> None:
    (finding,) = RULE.judge(facts(failing("transport_fault", DAY, good=DAY + timedelta(minutes=1))))

    assert (finding.status, finding.severity, finding.tells) == (Firing.FIRING, Severity.TROUBLE, (Role.SYSADMIN,))
    assert finding.message == "“石泉统计”(微博)自2020-03-02 23:58起无有效数据：数据源无法访问"


def test_the_text_does_not_change_while_nothing_changes() -> None:
    blind = failing("transport_fault", DAY * 2)

    (earlier,), (later,) = RULE.judge(facts(blind)), RULE.judge(facts(blind, NOW + timedelta(hours=5)))

    assert earlier.message == later.message


def test_a_refusal_without_a_credential_is_told_per_account() -> None:
    (finding,) = RULE.judge(facts(failing("auth_error", DAY * 3)))

    assert finding.status is Firing.FIRING


def test_an_account_never_seen_counts_from_its_first_failure() -> None:
    (finding,) = RULE.judge(facts(failing("parse_error", DAY + timedelta(seconds=1))))

    assert finding.status is Firing.FIRING


def test_a_recent_good_look_clears_even_if_the_last_one_failed() -> None:
    (finding,) = RULE.judge(facts(failing("transport_fault", timedelta(hours=1), good=timedelta(hours=2))))

    assert finding.status is Firing.CLEAR


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(state(), id="never tried"),
        pytest.param(failing("transport_fault", timedelta(hours=23)), id="failing for less than a day"),
        pytest.param(failing("account_gone", timedelta(hours=23)), id="denied for less than a day"),
        pytest.param(failing("auth_error", DAY * 3, credential="luan-fabu"), id="a credential has its own alert"),
        pytest.param(failing("source_retired", DAY * 3, credential="luan-fabu"), id="a closed interface has its own alert"),
    ],
)
def test_it_is_silent(known: AccountState) -> None:
    assert list(RULE.judge(facts(known))) == []


def test_closed_accounts_are_nobodys_trouble() -> None:
    assert list(RULE.judge(facts(failing("account_gone", DAY * 9), account=account(status=Status.CLOSED)))) == []


def test_an_account_the_platform_denies_is_for_the_clerk_to_check() -> None:
    (finding,) = RULE.judge(facts(failing("account_gone", DAY * 2, good=DAY * 3)))

    assert (finding.label, finding.tells) == ("账号疑似注销", (Role.CLERK,))
    assert finding.severity is not Severity.ACCUSATION
    assert finding.message == "“石泉统计”(微博)平台显示账号不存在或已注销，待人工核实"


def test_views_that_never_cover_anything_are_blindness_too() -> None:
    (finding,) = RULE.judge(facts(failing(None, DAY * 2)))

    assert "尚未取得完整数据" in finding.message


def test_the_hours_are_a_setting() -> None:
    (finding,) = Unseen(hours=2).judge(facts(failing("transport_fault", timedelta(hours=3)), at("2020-03-03 23:59")))

    assert finding.status is Firing.FIRING
