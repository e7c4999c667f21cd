"""What is over and is there again, or waits for the gate: nobody reads 已恢复 of an account just before it is accused once more."""

from __future__ import annotations

from datetime import timedelta
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
from monitor.model import Alert, Contact, Role, Stage
from monitor.store import Store
from monitor.telling.mailboxes import Mailbox as Known
from monitor.telling.marks import told
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
