"""Alerts: one alive per finding, whoever opens it; judging and telling write side by side."""

from __future__ import annotations

from clocks import NOON
from makers import DAY
from storing import NEXT, alert, finding

from monitor.model import (
    Alert,
    Finding,
    Firing,
    Stage,
    Told,
)
from monitor.store import Store
from monitor.writes import AlertChange


async def test_two_writers_open_one_alert(store: Store) -> None:
    await store.put_alerts([AlertChange(None, alert(id="ours"))])

    await store.put_alerts([AlertChange(None, alert(id="theirs")), AlertChange(None, alert(id="other", subject="b"))])

    assert {each.id for each in await store.alerts()} == {"ours", "other"}


async def test_an_alert_that_ended_makes_room_for_the_next(store: Store) -> None:
    first = alert(id="first")
    ended = first.model_copy(update={"stage": Stage.RESOLVED, "resolved_at": NOON})
    await store.put_alerts([AlertChange(None, first)])

    await store.put_alerts([AlertChange(first, ended), AlertChange(None, alert(id="second", at=NEXT))])

    assert [(each.id, each.stage) for each in await store.alerts()] == [("first", Stage.RESOLVED), ("second", Stage.OPEN)]
    assert (await store.alive_alerts(["a"]))["a"]["idle a"].id == "second"


async def test_writing_the_same_opening_again_changes_nothing(store: Store) -> None:
    opened = alert()
    await store.put_alerts([AlertChange(None, opened)])
    told = opened.model_copy(update={"told": {"x@y.example": Told(at=NOON, rung=1)}})
    await store.put_told([told])

    await store.put_alerts([AlertChange(None, opened)])

    assert await store.alerts() == [told]


async def test_a_change_of_an_alert_that_somebody_else_moved_is_dropped(store: Store) -> None:
    pending = alert(Stage.PENDING)
    await store.put_alerts([AlertChange(None, pending)])
    held = pending.model_copy(update={"stage": Stage.HELD})
    await store.put_alerts([AlertChange(pending, held)])

    await store.put_alerts([AlertChange(pending, pending.model_copy(update={"stage": Stage.OPEN}))])

    assert [each.stage for each in await store.alerts()] == [Stage.HELD]


async def test_judging_and_telling_do_not_overwrite_each_other(store: Store) -> None:
    opened = alert()
    await store.put_alerts([AlertChange(None, opened)])

    heard = {"zhang.san@city.gov.example": Told(at=NOON, rung=2)}
    await store.put_told([opened.model_copy(update={"told": heard, "tries": {"a.b@c 2": 1}})])
    await store.put_alerts([AlertChange(opened, opened.model_copy(update={"finding": finding(rung=3), "last_seen_at": NEXT}))])

    both = (await store.alerts())[0]
    assert both.told == heard
    assert both.tries == {"a.b@c 2": 1}
    assert (both.finding.rung, both.last_seen_at) == (3, NEXT)


async def test_the_outbox_holds_what_is_open_and_what_ended_of_late(store: Store) -> None:
    stages = {
        "pending": alert(Stage.PENDING, id="pending", subject="a"),
        "held": alert(Stage.HELD, id="held", subject="b"),
        "open": alert(Stage.OPEN, id="open", subject="c"),
        "ended": alert(Stage.RESOLVED, id="ended", subject="d").model_copy(update={"resolved_at": NOON}),
        "long over": alert(Stage.RESOLVED, id="long over", subject="e").model_copy(update={"resolved_at": NOON - 9 * DAY}),
    }
    await store.put_alerts([AlertChange(None, each) for each in stages.values()])

    assert {each.id for each in await store.outbox(NOON - DAY)} == {"open", "ended"}
    assert {each.id for each in await store.alerts([Stage.PENDING, Stage.HELD])} == {"pending", "held"}


async def test_alerts_about_us_stand_under_no_account(store: Store) -> None:
    ours = Alert(
        id="1",
        finding=Finding(rule="lost_access", status=Firing.FIRING, subject="weibo.openapi/city"),
        stage=Stage.OPEN,
        opened_at=NOON,
        last_seen_at=NOON,
    )
    await store.put_alerts([AlertChange(None, ours)])

    assert await store.alive_alerts([None]) == {None: {"lost_access weibo.openapi/city": ours}}
    assert await store.alive_alerts(["a"]) == {}
