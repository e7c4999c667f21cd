"""Alerts: what opens, rises, falls and ends them, and who is due to be told; as scenarios on plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest

from monitor import life
from monitor.alerting import attempt, due, hold, lowered, recipients_for, refused, release, settle, told
from monitor.model import Account, Alert, Contact, Finding, Firing, Platform, Role, Severity, Stage

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


def to(*people: Contact) -> Callable[[Alert], Iterable[Contact]]:
    return lambda _: people


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


def test_an_accusation_that_nobody_heard_of_ends_without_a_letter() -> None:
    [over] = settle(keyed(alert(FAILED, Stage.HELD)), [clear()], LATER)

    assert due([over], to(OPERATOR, CLERK), LATER) == []


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


# -- who is due ---------------------------------------------------------------------------------------------------------------


def test_one_notice_per_mailbox_gravest_first() -> None:
    reminder, accusation, graver = (
        settle({}, [idle(rung, subject=name)], NOW)[0].model_copy(update={"stage": Stage.OPEN})
        for rung, name in ((REMINDER, "a"), (FAILED, "b"), (MONTH, "c"))
    )
    same_mailbox = Contact(email=" Xinxi@Shiquan.example ")

    [notice] = due([reminder, accusation, graver], to(OPERATOR, same_mailbox), NOW)

    assert notice.opened == (graver, accusation, reminder)
    assert notice.recovered == ()


@pytest.mark.parametrize("stage", [Stage.PENDING, Stage.HELD])
def test_an_accusation_before_the_gate_is_told_to_nobody(stage: Stage) -> None:
    assert due([alert(FAILED, stage)], to(OPERATOR), NOW) == []


def test_a_person_is_told_of_each_rung_once() -> None:
    told_of_warning = told(alert(WARNING), OPERATOR.email, NOW)
    risen = told_of_warning.model_copy(update={"finding": idle(FAILED)})

    assert due([told_of_warning], to(OPERATOR), LATER) == []
    assert [notice.person for notice in due([risen], to(OPERATOR), LATER)] == [OPERATOR]


def test_a_person_who_joins_at_a_higher_rung_is_told_and_the_others_are_left_alone() -> None:
    warned = told(alert(FAILED), OPERATOR.email, NOW)

    assert [notice.person for notice in due([warned], to(OPERATOR, CLERK), LATER)] == [CLERK]


def test_a_recovery_is_told_once_to_everybody_who_heard_also_when_the_roster_dropped_them() -> None:
    [over] = settle(keyed(told(alert(FAILED), OPERATOR.email, NOW)), [clear()], LATER)

    [notice] = due([over], to(CLERK), LATER)

    assert notice.recovered == (over,)
    assert notice.person.email == OPERATOR.email
    assert due([told(over, OPERATOR.email, LATER)], to(CLERK), LATER) == []


def test_a_rung_that_fell_sends_nothing_and_a_later_climb_is_told_again() -> None:
    graver = told(alert(MONTH), OPERATOR.email, NOW)
    [fallen] = settle(keyed(graver), [idle(FAILED)], LATER)

    [cut] = lowered([fallen])

    assert due([fallen], to(OPERATOR), LATER) == due([cut], to(OPERATOR), LATER) == []
    [again] = settle(keyed(cut), [idle(MONTH)], LATER)
    assert len(due([again], to(OPERATOR), LATER)) == 1
    assert lowered([cut, again]) == []


def test_an_empty_address_is_nobody() -> None:
    assert due([alert(REMINDER)], to(Contact(email=" ")), NOW) == []


def test_an_alert_from_the_future_waits() -> None:
    assert due([alert(REMINDER)], to(OPERATOR), NOW - timedelta(seconds=1)) == []


# -- crashes between sending and marking ----------------------------------------------------------------------------------------


def test_a_letter_killed_between_sending_and_marking_is_told_again_exactly_once() -> None:
    once = attempt(alert(REMINDER), OPERATOR.email)

    twice = attempt(once, OPERATOR.email)

    assert len(due([once], to(OPERATOR), NOW)) == 1
    assert due([twice], to(OPERATOR), NOW) == []


def test_a_server_that_is_down_for_an_hour_uses_no_tries_up() -> None:
    waiting = alert(REMINDER)
    for _ in range(60):
        waiting = refused(attempt(waiting, OPERATOR.email), OPERATOR.email)

    assert waiting.tries == {}
    assert len(due([waiting], to(OPERATOR), NOW)) == 1


def test_a_refusal_after_a_letter_of_unknown_fate_leaves_that_one_counted() -> None:
    unknown = attempt(alert(REMINDER), OPERATOR.email)

    after = refused(attempt(unknown, OPERATOR.email), OPERATOR.email)

    assert after.tries == unknown.tries


def test_being_told_settles_all_tries_of_that_person_only() -> None:
    both = attempt(attempt(alert(REMINDER), OPERATOR.email), CLERK.email)

    after = told(both, OPERATOR.email.upper(), NOW)

    assert list(after.told) == [OPERATOR.email]
    assert [notice.person for notice in due([after], to(OPERATOR, CLERK), NOW)] == [CLERK]
    assert len(after.tries) == 1


def test_letters_of_unknown_fate_do_not_swallow_the_next_rung() -> None:
    unknown = attempt(attempt(alert(WARNING), OPERATOR.email), OPERATOR.email)

    risen = unknown.model_copy(update={"finding": idle(FAILED)})

    assert len(due([risen], to(OPERATOR), LATER)) == 1


def test_letters_of_unknown_fate_do_not_swallow_the_recovery() -> None:
    unknown = attempt(attempt(alert(FAILED), OPERATOR.email), OPERATOR.email)

    [over] = settle(keyed(unknown), [clear()], LATER)

    [notice] = due([over], to(OPERATOR), LATER)
    assert notice.recovered == (over,)
    assert due([attempt(attempt(over, OPERATOR.email), OPERATOR.email)], to(OPERATOR), LATER) == []


def test_judging_never_touches_what_telling_wrote() -> None:
    marked = attempt(told(alert(WARNING), OPERATOR.email, NOW), CLERK.email)
    words = [idle(FAILED), idle(REMINDER), clear()]

    changed = [settle(keyed(marked), [word], LATER)[0] for word in words]

    assert all((each.told, each.tries) == (marked.told, marked.tries) for each in changed)


# -- recipients -----------------------------------------------------------------------------------------------------------------


def test_recipients_are_the_roles_the_finding_names_each_mailbox_once() -> None:
    account = Account(
        id="610922M001XL0001",
        platform=Platform.WEIBO,
        name="石泉统计",
        contacts=(OPERATOR, Contact(email="county@shiquan.example", role=Role.COUNTY), Contact(email="CLERK@city.example")),
    )

    people = recipients_for(alert(FAILED), account, ["clerk@city.example", "second@city.example"], ["root@city.example"])

    assert [person.email for person in people] == [OPERATOR.email, "CLERK@city.example", "second@city.example"]


def test_trouble_of_ours_goes_to_the_sysadmins_without_any_account() -> None:
    trouble = Finding(rule="lost_access", status=Firing.FIRING, subject="weibo", severity=Severity.TROUBLE, tells=(Role.SYSADMIN,))
    [opened] = settle({}, [trouble], NOW)

    people = recipients_for(opened, None, ["clerk@city.example"], ["root@city.example"])

    assert [(person.role, person.email) for person in people] == [(Role.SYSADMIN, "root@city.example")]
