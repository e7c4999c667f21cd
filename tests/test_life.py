"""Alerts: what opens, rises, falls and ends them; as scenarios on plain values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from monitor import life
from monitor.life import hold, release, settle
from monitor.model import Alert, Contact, Finding, Firing, Role, Severity, Stage
from monitor.telling.marks import attempt, told

NOW = datetime(2020, 3, 3, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
REMINDER, WARNING, FAILED, MONTH = 1, 2, 4, 5
SEVERITIES = {REMINDER: Severity.NOTICE, WARNING: Severity.WARNING, FAILED: Severity.ACCUSATION, MONTH: Severity.ACCUSATION}
OPERATOR = Contact(email="xinxi@shiquan.example", name="信息员")
CLERK = Contact(email="clerk@city.example", role=Role.CLERK)


def idle(rung: int, message: str = "", subject: str = "610922M001XL0001") -> Finding:
    return Finding(
        rule="idle",
        status=Firing.FIRING,
        subject=subject,
        account_id=subject,
        severity=SEVERITIES[rung],
        rung=rung,
        label=f"阶梯{rung}",
        message=message,
        tells=(Role.OPERATOR,) if rung < FAILED else (Role.OPERATOR, Role.CLERK),
    )


def clear(subject: str = "610922M001XL0001") -> Finding:
    return Finding(rule="idle", status=Firing.CLEAR, subject=subject, account_id=subject, evidence={"published_at": "2020-03-03T00:30:00Z"})


def alert(rung: int, stage: Stage = Stage.OPEN) -> Alert:
    [opened] = settle({}, [idle(rung)], NOW)
    return opened.model_copy(update={"stage": stage})


def keyed(*alerts: Alert) -> dict[str, Alert]:
    return {each.finding.key: each for each in alerts}


# -- opening ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rung", "stage"),
    [
        pytest.param(REMINDER, Stage.OPEN, id="a reminder is open at once"),
        pytest.param(WARNING, Stage.OPEN, id="a warning is open at once"),
        pytest.param(FAILED, Stage.PENDING, id="an accusation waits for the quorum gate"),
    ],
)
def test_a_new_firing_finding_opens_an_alert(rung: int, stage: Stage) -> None:
    [opened] = settle({}, [idle(rung)], NOW)

    assert opened.stage is stage
    assert (opened.opened_at, opened.last_seen_at, opened.resolved_at) == (NOW, NOW, None)


def test_the_same_poll_judged_twice_makes_the_same_alert() -> None:
    assert settle({}, [idle(FAILED)], NOW) == settle({}, [idle(FAILED)], NOW)


def test_a_clear_finding_without_an_alert_writes_nothing() -> None:
    assert settle({}, [clear()], NOW) == []


def test_two_findings_of_one_key_in_one_poll_make_one_alert() -> None:
    [opened] = settle({}, [idle(REMINDER), idle(WARNING)], NOW)

    assert opened.finding.rung == WARNING


# -- going on -----------------------------------------------------------------------------------------------------------------


def test_a_silent_rule_changes_nothing() -> None:
    """Losing sight of a zombie does not resolve its alert."""
    assert settle(keyed(alert(FAILED)), [], LATER) == []


def test_a_poll_with_nothing_new_writes_no_alert() -> None:
    assert settle(keyed(alert(WARNING)), [idle(WARNING)], LATER) == []


@pytest.mark.parametrize(
    ("finding", "now"),
    [
        pytest.param(idle(REMINDER), LATER, id="another rung"),
        pytest.param(idle(WARNING, message="已11天未更新"), LATER, id="another sentence"),
        pytest.param(idle(WARNING).model_copy(update={"label": "预警 · 明日到期"}), LATER, id="another label"),
        pytest.param(idle(WARNING), NOW + timedelta(days=1), id="a day has passed"),
    ],
)
def test_an_alert_is_written_again_when_its_words_change_or_daily(finding: Finding, now: datetime) -> None:
    [changed] = settle(keyed(alert(WARNING)), [finding], now)

    assert changed.stage is Stage.OPEN
    assert (changed.finding, changed.last_seen_at, changed.opened_at) == (finding, now, NOW)


def test_a_warning_that_becomes_an_accusation_waits_at_the_gate_and_remembers_who_heard_the_warning() -> None:
    warned = told(alert(WARNING), OPERATOR.email, NOW)

    [pending] = settle(keyed(warned), [idle(FAILED)], LATER)

    assert pending.stage is Stage.PENDING
    assert pending.id == warned.id
    assert pending.told == warned.told


def test_an_accusation_past_the_gate_stays_open_when_it_grows_graver() -> None:
    [graver] = settle(keyed(alert(FAILED)), [idle(MONTH)], LATER)

    assert graver.stage is Stage.OPEN


@pytest.mark.parametrize("stage", [Stage.PENDING, Stage.HELD])
def test_an_accusation_nobody_heard_of_just_becomes_milder(stage: Stage) -> None:
    [milder] = settle(keyed(alert(FAILED, stage)), [idle(REMINDER)], LATER)

    assert (milder.stage, milder.finding.rung) == (Stage.OPEN, REMINDER)


def test_an_open_accusation_that_falls_to_a_reminder_is_taken_back_and_a_notice_opens() -> None:
    accused = told(alert(FAILED), OPERATOR.email, NOW)

    over, fresh = settle(keyed(accused), [idle(REMINDER)], LATER)

    assert (over.id, over.stage, over.resolved_at) == (accused.id, Stage.RESOLVED, LATER)
    assert (fresh.stage, fresh.told, fresh.id != over.id) == (Stage.OPEN, {}, True)


def test_a_finding_older_than_the_alert_is_ignored() -> None:
    seen_later = alert(FAILED).model_copy(update={"last_seen_at": LATER})

    assert settle(keyed(seen_later), [clear()], NOW) == []


# -- the end ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [Stage.PENDING, Stage.HELD, Stage.OPEN])
def test_a_clear_finding_resolves_the_alert_and_leaves_its_proof(stage: Stage) -> None:
    [over] = settle(keyed(alert(FAILED, stage)), [clear()], LATER)

    assert (over.stage, over.resolved_at) == (Stage.RESOLVED, LATER)
    assert over.finding.rung == FAILED
    assert over.finding.evidence[life.RECOVERY]["published_at"] == "2020-03-03T00:30:00Z"


def test_a_lapse_after_a_recovery_is_a_new_alert() -> None:
    [over] = settle(keyed(alert(FAILED)), [clear()], LATER)

    [again] = settle(keyed(over), [idle(FAILED)], LATER + timedelta(days=14))

    assert (again.stage, again.id != over.id) == (Stage.PENDING, True)


# -- the gate -----------------------------------------------------------------------------------------------------------------


def test_release_opens_what_was_pending_or_held_and_nothing_else() -> None:
    alerts = [alert(FAILED, stage) for stage in Stage]

    released = release(alerts, LATER)

    assert [each.stage for each in released] == [Stage.OPEN, Stage.OPEN]


def test_hold_stops_only_what_is_pending() -> None:
    held = hold([alert(FAILED, stage) for stage in Stage], LATER)

    assert [each.stage for each in held] == [Stage.HELD]


@pytest.mark.parametrize("decide", [release, hold])
def test_the_gate_decides_nothing_about_alerts_that_opened_after_it_counted(decide: Callable[..., list[Alert]]) -> None:
    assert decide([alert(FAILED, Stage.PENDING)], NOW - timedelta(seconds=1)) == []


def test_judging_never_touches_what_telling_wrote() -> None:
    marked = attempt(told(alert(WARNING), OPERATOR.email, NOW), CLERK.email, NOW)
    words = [idle(FAILED), idle(REMINDER), clear()]

    changed = [settle(keyed(marked), [word], LATER)[0] for word in words]

    assert all((each.told, each.tries) == (marked.told, marked.tries) for each in changed)
