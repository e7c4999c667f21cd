"""What was said and answered comes out of the database as it went in; the audit log keeps each step once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from clocks import NOON
from makers import account
from storing import enrol, finding

from monitor import life
from monitor.alerting import Silence
from monitor.model import Alert, Kind, Role, Severity, Stage
from monitor.store import Store
from monitor.telling import marks
from monitor.telling.mailboxes import Mailbox
from monitor.telling.records import Ask, LetterRecord, Request
from monitor.telling.trail import DAEMON, Act, Entry
from monitor.writes import AlertChange


async def accused(store: Store) -> Alert:
    """An open accusation, as judging writes it."""
    [opened] = life.settle({}, [finding(severity=Severity.ACCUSATION)], NOON)
    await store.put_alerts([AlertChange(None, opened)])
    return opened


async def test_a_mailbox_comes_back_as_it_was(store: Store) -> None:
    box = Mailbox("a.b@x.example", NOON, NOON, "550 $no.such", NOON, 3, NOON, {"daily": "2026-03-04"}, {"weekly 2026-W10": 1})

    await store.correspondence.put_mailbox(box)

    assert await store.correspondence.mailboxes() == {box.address: box}
    assert await store.correspondence.mailboxes(["nobody@x.example"]) == {}


async def test_a_silence_holds_until_it_ends(store: Store) -> None:
    silence = Silence("610922M001XL0001", NOON + timedelta(days=1), "李四", "系统迁移", NOON)

    await store.correspondence.put_silence(silence)

    assert await store.correspondence.silences(NOON) == {silence.subject: silence}
    assert await store.correspondence.silences(silence.until) == {}
    assert await store.correspondence.end_silence(silence.subject)
    assert not await store.correspondence.end_silence(silence.subject)


async def test_a_request_stands_until_a_clerk_has_dealt_with_it(store: Store) -> None:
    request = Request("610922M001XL0001", Ask.CLOSURE, "xxy@example.invalid", NOON, "idle 1")

    await store.correspondence.put_request(request)
    await store.correspondence.put_request(request)

    assert await store.correspondence.requests() == [request]
    assert await store.correspondence.end_request(request.account_id, Ask.CLOSURE)
    assert await store.correspondence.requests() == []


async def test_a_link_is_used_once_even_by_two_at_the_same_moment(store: Store) -> None:
    used = await asyncio.gather(*(store.correspondence.use_link("mark", NOON) for _ in range(8)))

    assert sorted(used) == [False] * 7 + [True]
    assert await store.correspondence.link_used("mark")


async def test_the_first_to_ask_for_a_key_makes_it(store: Store) -> None:
    keys = await asyncio.gather(*(store.correspondence.key("links", f"key {number}") for number in range(4)))

    assert len(set(keys)) == 1


async def test_a_letter_comes_back_whole_and_lists_come_without_bodies(store: Store) -> None:
    record = LetterRecord("ab12", "x@y.example", NOON, "主题", "正文", "<p>正文</p>", "accounts", "sent", "张三", ("统计局",), ("idle 1",))

    await store.correspondence.put_letter(record)

    assert await store.correspondence.letter("ab12") == record
    assert [each.html for each in await store.correspondence.letters()] == [""]
    assert await store.correspondence.letter("none") is None


async def test_an_answer_is_not_overwritten_by_judging_or_telling(store: Store) -> None:
    opened = await accused(store)
    await store.correspondence.put_acknowledged(marks.acknowledged(opened, "张三", NOON, "已联系"))

    graver = opened.model_copy(update={"finding": finding(rung=5), "last_seen_at": NOON + timedelta(hours=1)})
    await store.put_alerts([AlertChange(opened, graver)])
    await store.put_told([marks.told(opened, "x@y.example", NOON)])

    [alert] = await store.alerts()
    assert alert.acknowledged is not None
    assert (alert.acknowledged.by, alert.acknowledged.reason) == ("张三", "已联系")
    assert alert.finding.rung == 5
    assert alert.told


async def test_every_step_of_an_alert_is_on_record_with_who_did_it(store: Store) -> None:
    opened = await accused(store)
    [held] = life.hold([opened], NOON)
    [released] = life.release([held], NOON)
    over = released.model_copy(update={"stage": Stage.RESOLVED, "resolved_at": NOON + timedelta(hours=2)})

    await store.put_alerts([AlertChange(opened, held)])
    await store.put_alerts([AlertChange(held, released)], "李四", NOON + timedelta(hours=1))
    await store.put_alerts([AlertChange(released, over)])

    entries = await store.correspondence.trail(account_id=opened.finding.account_id or "")
    assert {entry.act: entry.by for entry in entries} == {Act.OPENED: DAEMON, Act.HELD: DAEMON, Act.RELEASED: "李四", Act.RESOLVED: DAEMON}
    assert [(entry.act, entry.at) for entry in entries][:2] == [
        (Act.RESOLVED, NOON + timedelta(hours=2)),
        (Act.RELEASED, NOON + timedelta(hours=1)),
    ]


async def test_a_step_that_another_writer_forestalled_is_not_on_record(store: Store) -> None:
    """A person releases what the gate holds, while a look has just ended it."""
    opened = await accused(store)
    [held] = life.hold([opened], NOON)
    [released] = life.release([held], NOON)
    await store.put_alerts([AlertChange(opened, held)])
    await store.put_alerts([AlertChange(held, held.model_copy(update={"stage": Stage.RESOLVED, "resolved_at": NOON}))])

    await store.put_alerts([AlertChange(held, released)], "李四", NOON)

    entries = await store.correspondence.trail(account_id=opened.finding.account_id or "")
    assert {entry.act for entry in entries} == {Act.OPENED, Act.HELD, Act.RESOLVED}


async def test_who_comes_in_at_a_higher_rung_is_recorded_as_an_escalation(store: Store) -> None:
    opened = await accused(store)
    milder = opened.model_copy(update={"finding": opened.finding.model_copy(update={"tells": (Role.OPERATOR,)})})
    graver = opened.model_copy(update={"finding": opened.finding.model_copy(update={"rung": 9, "tells": (Role.OPERATOR, Role.COUNTY)})})

    await store.put_alerts([AlertChange(milder, graver)])

    [entry] = await store.correspondence.trail(acts=[Act.ESCALATED])
    assert entry.reason.startswith("县区")


async def test_an_alert_that_another_writer_opened_first_leaves_no_second_step(store: Store) -> None:
    opened = await accused(store)
    rival = opened.model_copy(update={"id": "another"})

    await store.put_alerts([AlertChange(None, rival)])

    assert [entry.alert_id for entry in await store.correspondence.trail()] == [opened.id]


async def test_what_a_kill_kept_from_the_log_is_noted_at_the_next_start(store: Store, raw: Any) -> None:
    opened = await accused(store)
    over = opened.model_copy(update={"stage": Stage.RESOLVED, "resolved_at": NOON + timedelta(hours=2)})
    await store.put_alerts([AlertChange(opened, over)])
    before = await store.correspondence.trail()
    raw.trail.delete_many({})

    noted = await store.complete_trail(NOON - timedelta(days=30), NOON + timedelta(days=1))

    assert noted == 2
    assert await store.correspondence.trail() == before
    assert await store.complete_trail(NOON - timedelta(days=30), NOON + timedelta(days=1)) == 0


async def test_a_step_that_may_yet_be_noted_by_who_took_it_is_left_alone(store: Store, raw: Any) -> None:
    await accused(store)
    raw.trail.delete_many({})

    assert await store.complete_trail(NOON - timedelta(days=30), NOON) == 0


async def test_what_a_person_released_is_not_noted_as_held_again(store: Store) -> None:
    opened = await accused(store)
    [held] = life.hold([opened], NOON)
    await store.put_alerts([AlertChange(opened, held)])
    await store.put_alerts([AlertChange(held, *life.release([held], NOON))], "李四", NOON)

    assert await store.complete_trail(NOON - timedelta(days=30), NOON + timedelta(days=1)) == 0
    assert {entry.act: entry.by for entry in await store.correspondence.trail()}[Act.RELEASED] == "李四"


async def test_a_step_noted_twice_is_one(store: Store) -> None:
    entry = Entry("one", NOON, Act.TOLD, "x@y.example", "alert", "account", "新情况", "letter", "统计局")

    await store.correspondence.note([entry])
    await store.correspondence.note([entry])

    assert await store.correspondence.trail() == [entry]


async def test_an_account_that_leaves_the_roster_takes_its_alerts_off_the_record_with_a_reason(store: Store) -> None:
    await enrol(store, account("a"))
    opened = await accused(store)

    await store.put_accounts([], {}, NOON + timedelta(hours=1))

    [entry] = await store.correspondence.trail(acts=[Act.RESOLVED])
    assert (entry.alert_id, entry.at) == (opened.id, NOON + timedelta(hours=1))
    assert "名册" in entry.reason


async def test_an_account_that_becomes_a_service_is_asked_for_updates_no_more_but_still_for_reposts(store: Store) -> None:
    who = account("a")
    await store.put_accounts([who], {}, NOON)
    update = await accused(store)
    repost = finding(rung=4, rule="missing_repost", article_id="t1", tells=(Role.OPERATOR,))
    [owed] = life.settle({}, [repost], NOON)
    await store.put_alerts([AlertChange(None, owed)])

    await store.put_accounts([who.model_copy(update={"kind": Kind.SERVICE})], {}, NOON)

    stages = {alert.id: alert.stage for alert in await store.alerts()}
    assert (stages[update.id], stages[owed.id]) == (Stage.RESOLVED, owed.stage)


async def test_letters_and_used_links_are_forgotten_in_time_and_the_log_is_not(store: Store) -> None:
    opened = await accused(store)
    for number, at in (("old", NOON - timedelta(days=2)), ("new", NOON)):
        await store.correspondence.put_letter(LetterRecord(number, "x@y.example", at, "主题", "", "", "accounts", "sent"))
        await store.correspondence.use_link(number, at)

    await store.correspondence.forget(NOON - timedelta(days=1), NOON - timedelta(days=1))

    assert [each.number for each in await store.correspondence.letters()] == ["new"]
    assert (await store.correspondence.link_used("old"), await store.correspondence.link_used("new")) == (False, True)
    assert [entry.alert_id for entry in await store.correspondence.trail()] == [opened.id]


async def test_every_stage_an_alert_enters_is_counted_whoever_moved_it_and_a_later_look_at_it_is_not(store: Store) -> None:
    moves: list[tuple[str, Stage]] = []
    store.moved = lambda rule, stage: moves.append((rule, stage))
    opened = await accused(store)
    [held] = life.hold([opened], NOON)
    [released] = life.release([held], NOON)

    await store.put_alerts([AlertChange(opened, held)])
    await store.put_alerts([AlertChange(held, held.model_copy(update={"last_seen_at": NOON + timedelta(hours=1)}))])
    await store.put_alerts([AlertChange(held, released)], "李四", NOON)

    assert [stage for _, stage in moves] == [opened.stage, Stage.HELD, Stage.OPEN]
