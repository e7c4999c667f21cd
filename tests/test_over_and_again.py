"""What is over and is there again, or waits for the gate: nobody reads 已恢复 of an account just before it is accused once more."""

from __future__ import annotations

from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from clocks import NOON, FrozenClock
from test_alerting import mended, reasons
from test_life import FAILED, LATER, MONTH, NOW, OPERATOR, REMINDER, WARNING, alert
from test_telling import SETTINGS, finding, opened, resolved, smtp, telling

from demo.mailbox import Mailbox
from monitor import life
from monitor.model import Alert, Contact, Role, Stage, Step
from monitor.store import Store
from monitor.telling.mailboxes import Mailbox as Known
from monitor.telling.marks import acknowledged, inherited, told
from monitor.telling.posting import Readers, read_desk
from monitor.telling.reasons import Why
from monitor.writes import AlertChange

BACK = LATER + timedelta(days=6)
"""Too late to be the old lapse."""
SOON_AFTER = BACK + timedelta(hours=2)


def over(rung: int = FAILED) -> Alert:
    return mended(told(alert(rung), OPERATOR.email, NOW), LATER)


def again(rung: int = FAILED, stage: Stage = Stage.OPEN) -> Alert:
    return alert(rung, stage).model_copy(update={"id": "again", "opened_at": BACK})


def test_what_is_there_again_before_anybody_read_of_its_end_is_told_to_nobody_twice() -> None:
    soon = again().model_copy(update={"opened_at": LATER + timedelta(days=2)})

    assert reasons(over(), soon, now=BACK) == [Why.STANDING]
    assert reasons(over(), mended(soon, BACK), now=SOON_AFTER) == [Why.RECOVERED]


def test_who_read_of_the_end_reads_that_it_is_there_again() -> None:
    soon = again().model_copy(update={"opened_at": LATER + timedelta(days=2)})

    assert reasons(told(over(), OPERATOR.email, LATER), soon, now=BACK) == [Why.NEW]


@pytest.mark.parametrize("stage", [Stage.PENDING, Stage.HELD])
def test_nobody_reads_that_it_is_over_while_a_new_accusation_waits_for_the_gate(stage: Stage) -> None:
    assert reasons(over(), now=BACK) == [Why.RECOVERED]
    assert reasons(over(), again(stage=stage), now=BACK) == [Why.GATE, Why.GATE]


def test_who_is_accused_again_reads_of_that_and_not_that_it_was_over_in_between() -> None:
    known = told(again(), OPERATOR.email, BACK)

    assert reasons(over(), again(), now=BACK) == [Why.AGAIN, Why.NEW]
    assert reasons(over(), mended(known, BACK), now=SOON_AFTER) == [Why.AGAIN, Why.RECOVERED]


def test_what_the_gate_held_and_never_let_out_leaves_the_old_recovery_to_be_told() -> None:
    never_said = mended(again(stage=Stage.HELD), BACK)

    assert reasons(over(), never_said, now=SOON_AFTER) == [Why.RECOVERED]


@pytest.mark.parametrize("rung", [REMINDER, WARNING])
def test_an_accusation_that_is_over_is_told_though_the_account_is_silent_again(rung: int) -> None:
    assert reasons(over(MONTH), again(rung), now=BACK) == [Why.RECOVERED, Why.NEW]


def test_a_reminder_that_is_due_again_is_told_alone() -> None:
    assert reasons(over(REMINDER), again(REMINDER), now=BACK) == [Why.AGAIN, Why.NEW]


async def test_the_loop_that_tells_knows_what_the_gate_holds(store: Store, tmp_path: Path) -> None:
    clock = FrozenClock(NOON)
    async with Mailbox(tmp_path / "mails") as box:
        loop = telling(store, smtp(box.port), clock)
        await opened(store, "a")
        await loop.round()
        clock.advance(3600)
        await resolved(store, clock)
        clock.advance(2 * 3600)
        [pending] = life.settle({}, [finding()], clock.now())
        await store.put_alerts([AlertChange(None, pending)])

        await loop.round()

        [held] = life.hold([pending], clock.now())
        await store.put_alerts([AlertChange(pending, held)])
        await loop.round()

    subjects = [str(message_from_bytes(path.read_bytes(), policy=default)["subject"]) for path in (tmp_path / "mails").iterdir()]
    assert len(subjects) == 2
    assert not [subject for subject in subjects if "已恢复" in subject]


async def test_a_desk_holds_the_addresses_it_may_write_to_and_those_that_took_no_letter(store: Store) -> None:
    await opened(store, "a")
    for email in ("xxy@example.invalid", "nobody@example.invalid", "gone@example.invalid", "ban@example.invalid", "late@example.invalid"):
        await store.correspondence.put_mailbox(Known(email, last_at=NOON, refused_at=NOON if email.startswith("gone") else None))
    clerks = tuple(Contact(role=Role.CLERK, email=each) for each in SETTINGS.clerks)

    desk = await read_desk(store, NOON, Readers(clerks=clerks), ["late@example.invalid"])

    assert set(desk.boxes) == {"xxy@example.invalid", "gone@example.invalid", "ban@example.invalid", "late@example.invalid"}


# -- the same lapse, or another -------------------------------------------------------------------------------------------------


def counted(rung: int, line_on: date, **update: object) -> Alert:
    """An alert whose silence is counted from a post that puts the line on that day."""
    written = alert(rung)
    finding = written.finding.model_copy(update={"evidence": {"line_on": line_on.isoformat()}})
    return written.model_copy(update={"finding": finding, **update})


def test_a_post_of_last_week_that_came_to_light_late_begins_another_lapse_whose_warnings_are_told() -> None:
    first = mended(told(counted(WARNING, date(2020, 3, 7)), OPERATOR.email, NOW), LATER)
    next_day = LATER + timedelta(days=1)
    reminder = counted(REMINDER, date(2020, 3, 10), id="second", opened_at=next_day)
    warning = counted(WARNING, date(2020, 3, 10), id="second", opened_at=next_day)
    reminded = told(reminder, OPERATOR.email, next_day)

    assert reasons(first, reminder, now=next_day) == [Why.AGAIN, Why.NEW]
    assert reasons(first, warning.model_copy(update={"told": reminded.told}), now=next_day + timedelta(days=1)) == [Why.AGAIN, Why.NEW]


def test_a_deleted_post_brings_the_old_lapse_back() -> None:
    first = mended(told(counted(WARNING, date(2020, 3, 7)), OPERATOR.email, NOW), LATER)
    back = counted(WARNING, date(2020, 3, 7), id="second", opened_at=LATER + timedelta(days=1))

    assert reasons(first, back, now=LATER + timedelta(days=1)) == [Why.STANDING]


def test_what_came_back_milder_and_grew_grave_again_is_told_at_that_rung() -> None:
    first = mended(told(alert(MONTH), OPERATOR.email, NOW), LATER)
    back = told(alert(FAILED).model_copy(update={"id": "second", "opened_at": LATER}), OPERATOR.email, LATER + timedelta(days=1))
    graver = back.model_copy(update={"finding": alert(MONTH).finding})

    assert reasons(first, graver, now=LATER + timedelta(days=2)) == [Why.NEW]


def test_an_accusation_of_another_post_is_told_though_nobody_read_meanwhile_that_the_first_was_over() -> None:
    """A post that came to light late takes the accusation back for a weekend; by Monday its own fourteen days have passed."""

    def accused(since: str, **update: object) -> Alert:
        finding = alert(FAILED).finding.model_copy(update={"evidence": {"since": since}})
        return alert(FAILED).model_copy(update={"finding": finding, **update})

    first = mended(told(accused("2020-03-02T16:00:00+00:00"), OPERATOR.email, NOW), LATER)
    second = accused("2020-03-07T16:00:00+00:00", id="second", opened_at=LATER)

    assert reasons(first, second, now=BACK) == [Why.AGAIN, Why.NEW]


# -- what an end that somebody read of leaves behind ----------------------------------------------------------------------------


def test_an_answer_to_what_came_back_holds_when_it_flaps_once_more() -> None:
    read = told(over(), OPERATOR.email, LATER)
    second = alert(FAILED).model_copy(update={"id": "second", "opened_at": LATER + timedelta(days=1)})
    answered = acknowledged(told(second, OPERATOR.email, second.opened_at), OPERATOR.email, second.opened_at)
    third = alert(FAILED).model_copy(update={"id": "third", "opened_at": LATER + timedelta(days=3)})

    found = reasons(read, mended(answered, LATER + timedelta(days=2)), third, now=NOW + timedelta(days=9))

    assert found == [Why.ACKNOWLEDGED]


def test_an_answer_ends_when_the_account_leaves_the_roster() -> None:
    """Back on it two days later it may be another unit's: nobody there has answered."""
    answered = acknowledged(told(alert(FAILED), OPERATOR.email, NOW), OPERATOR.email, NOW)
    left = answered.model_copy(update={"stage": Stage.RESOLVED, "resolved_at": LATER, "told": {}})
    back = told(alert(FAILED).model_copy(update={"id": "second", "opened_at": LATER + timedelta(days=2)}), OPERATOR.email, LATER)

    assert reasons(left, back, now=NOW + timedelta(days=9)) == [Why.RECTIFY]


def test_a_deadline_of_before_an_end_that_was_read_makes_nobody_late_afterwards() -> None:
    late, county = NOW + timedelta(days=9), Contact(email="xianqu@shiquan.example", role=Role.COUNTY)
    gone = "gone@shiquan.example"
    named = told(alert(FAILED), gone, NOW, step=Step.RECTIFY, due=date(2020, 3, 4))
    read = told(mended(told(named, county.email, NOW), late), county.email, late)
    back = alert(FAILED).model_copy(update={"id": "second", "opened_at": late + timedelta(hours=2)})

    handed_on = inherited([read, back])
    assert handed_on is not None and (handed_on.told[gone].rung, handed_on.told[gone].due) == (FAILED, None)
    for second in (back, handed_on):
        assert reasons(read, second, person=county, now=late + timedelta(hours=3)) == []
    assert reasons(named, person=county, now=late) == [Why.OVERDUE]


async def test_what_people_know_of_a_lapse_outlasts_the_memory_of_its_first_alert(store: Store, tmp_path: Path) -> None:
    clock = FrozenClock(NOON)
    async with Mailbox(tmp_path / "mails") as box:
        loop = telling(store, smtp(box.port), clock)
        await opened(store, "a")
        assert await loop.round() == 2
        [first] = await store.alerts([Stage.OPEN])
        await store.correspondence.put_acknowledged(acknowledged(first, "张三", clock.now()))
        clock.advance(600)
        await resolved(store, clock)
        clock.advance(600)
        [pending] = life.settle({}, [finding()], clock.now())
        [back] = life.release([pending], clock.now())
        await store.put_alerts([AlertChange(None, back)])
        assert await loop.round() == 0

        clock.advance(40 * 86_400)

        assert await loop.round() == 0
    [now] = await store.alerts([Stage.OPEN])
    assert set(now.told) == {"xxy@example.invalid", "xianqu@example.invalid"} and now.acknowledged is not None
