"""One click: a link in a letter does what it says, once, for whom it was made. Real HTTP, real MongoDB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from clocks import NOON
from following import COUNTY, GOOD, MATTER, OPERATOR, STRANGER, House, furnish, put, resolve, signed, told_alert
from lxml import html
from makers import HOUR, account
from storing import enrol
from structlog.testing import capture_logs

from monitor.embedded import Embedded
from monitor.model import Contact, PersonsWord, Told
from monitor.store import Store
from monitor.telling.links import BadLink, Flaw, mark_of
from monitor.telling.records import Ask
from monitor.telling.trail import Act

ASKS = list(Ask)


@pytest.fixture
async def house(store: Store) -> House:
    return await furnish(store)


async def press(house: House, path: str, at: timedelta = timedelta(), **headers: str) -> tuple[int, str]:
    """Press the button behind a link; return the status and the page in words."""
    async with house.console(at) as client:
        answer = await client.post(path, headers=headers)
        return answer.status, " ".join(html.fromstring(await answer.text()).text_content().split())


def everything(raw: Any) -> dict[str, Any]:
    """Return all that a link could change."""
    return {name: list(raw[name].find({}, sort=[("_id", 1)])) for name in ("states", "alerts", "requests", "links", "trail")}


# -- looking ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", ASKS)
async def test_opening_a_link_shows_what_it_would_do_and_one_button(house: House, ask: Ask) -> None:
    async with house.console() as client:
        shown = html.fromstring(await (await client.get(house.path(ask))).text())

    assert shown.xpath("//form/@method") == ["post"]
    assert shown.xpath("//form/@action") == []
    assert shown.xpath("//form//button/text()") == [ask.label]
    said = ["“石泉统计”(微博)", "石泉县统计局", MATTER, "有效至3月11日（含当日）"]
    assert [each for each in said if each not in shown.text_content()] == []
    assert shown.xpath("//script | //a") == []


async def test_a_repost_is_asked_to_be_looked_for_in_words_of_its_own(house: House, store: Store) -> None:
    owed = told_alert("missing a 1", rule="missing_repost", article_id="2022-05-a", message="尚未检测到")
    await put(store, owed)

    async with house.console() as client:
        shown = await (await client.get(house.path(about=owed))).text()

    assert "已转载，请复查" in shown
    assert "检测到转载后" in shown


@pytest.mark.parametrize("ask", ASKS)
async def test_a_scanner_that_follows_every_link_changes_nothing(house: House, raw: Any, ask: Ask) -> None:
    before = everything(raw)

    async with house.console() as client:
        looks = [client.get(house.path(ask)) if n % 2 else client.head(house.path(ask)) for n in range(100)]
        statuses = {(await each).status for each in looks}

    assert statuses == {200}
    assert everything(raw) == before
    assert (await press(house, house.path(ask)))[0] == 200


async def test_looking_is_neither_counted_nor_logged(house: House) -> None:
    with capture_logs() as logs:
        async with house.console() as client:
            await client.get(house.path())

    assert (house.outcomes, logs) == ([], [])


# -- acting -----------------------------------------------------------------------------------------------------------------------


async def test_a_recheck_makes_the_account_due_at_once_and_wakes_the_loop(house: House, store: Store, raw: Any) -> None:
    status, page = await press(house, house.path(Ask.RECHECK))

    assert (status, house.woken, house.outcomes) == (200, ["poll"], ["done"])
    assert "已安排复查" in page
    assert (await store.states(["a", "b"]))["a"].next_poll_at == NOON
    assert (await store.states(["a", "b"]))["b"].next_poll_at == NOON + HOUR
    assert raw.alerts.find_one({"_id": "idle a 1"})["acknowledged"] is None


async def test_an_account_that_is_being_looked_at_is_left_alone_and_the_link_kept(house: House, store: Store) -> None:
    claims = await store.claim(["a"], "us", NOON, HOUR)

    during = await press(house, house.path())
    await store.give_back(claims, NOON + HOUR)
    after = await press(house, house.path())

    assert "正在采集" in during[1]
    assert "已安排复查" in after[1]
    assert (await store.states(["a"]))["a"].next_poll_at == NOON


async def test_an_acknowledgement_answers_for_all_that_the_person_was_told(house: House, store: Store) -> None:
    second = told_alert("missing a 1", rule="missing_repost", article_id="2022-05-a")
    untold = told_alert("drift a 1", rule="drift").model_copy(update={"told": {COUNTY: Told(at=NOON, rung=2)}})
    await put(store, second, untold)

    await press(house, house.path(Ask.RECEIVED))

    words = {each.id: each.acknowledged for each in await store.alerts()}
    said = PersonsWord(by=OPERATOR, at=NOON, rung=2, reason="确认收到")
    assert words == {"idle a 1": said, "missing a 1": said, "drift a 1": None}


async def test_an_old_letter_answers_only_for_the_rung_it_told(house: House, store: Store) -> None:
    graver = told_alert().finding.model_copy(update={"rung": 5})
    await resolve(store, told_alert())
    climbed = told_alert("idle a 2").model_copy(update={"finding": graver})
    await put(store, climbed)

    await press(house, house.path(Ask.RECEIVED, told_alert("idle a 2")))

    assert (word := (await store.alert("idle a 2")).acknowledged) is not None  # type: ignore[union-attr]
    assert word.rung == 2


async def test_a_later_answer_to_a_higher_rung_stands(house: House, store: Store, raw: Any) -> None:
    raw.alerts.update_one({"_id": "idle a 1"}, {"$set": {"finding.rung": 5}})
    later = PersonsWord(by=COUNTY, at=NOON, rung=5)
    await store.correspondence.put_acknowledged(told_alert().model_copy(update={"acknowledged": later}))

    await press(house, house.path(Ask.RECEIVED))

    assert (await store.alert("idle a 1")).acknowledged == later  # type: ignore[union-attr]


@pytest.mark.parametrize("ask", [Ask.EXEMPTION, Ask.CLOSURE])
async def test_a_request_lies_before_the_clerk_and_counts_as_an_answer(house: House, store: Store, ask: Ask) -> None:
    await press(house, house.path(ask))

    [request] = await store.correspondence.requests()
    assert (request.account_id, request.kind, request.by, request.at) == ("a", ask, OPERATOR, NOON)
    assert (await store.alert("idle a 1")).acknowledged == PersonsWord(by=OPERATOR, at=NOON, rung=2, reason=ask.label)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "ask,acts",
    [
        (Ask.RECHECK, [Act.RECHECK]),
        (Ask.RECEIVED, [Act.ACKNOWLEDGED]),
        (Ask.EXEMPTION, [Act.ACKNOWLEDGED, Act.EXEMPTION]),
        (Ask.CLOSURE, [Act.ACKNOWLEDGED, Act.CLOSURE]),
    ],
)
async def test_every_step_is_in_the_audit_log_with_person_time_and_reason(house: House, store: Store, ask: Ask, acts: list[Act]) -> None:
    await press(house, house.path(ask))

    entries = [each for each in await store.correspondence.trail("a") if each.by == OPERATOR]
    assert sorted(each.act for each in entries) == acts
    assert {(each.at, each.alert_id, each.reason, each.unit) for each in entries} == {(NOON, "idle a 1", ask.label, "石泉县统计局")}


async def test_the_county_clerk_may_ask_too(house: House, store: Store) -> None:
    status, _ = await press(house, house.path(Ask.CLOSURE, to=COUNTY))

    assert status == 200
    assert [each.by for each in await store.correspondence.requests()] == [COUNTY]


# -- once -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", ASKS)
async def test_a_link_acts_once_and_says_so_afterwards(house: House, raw: Any, ask: Ask) -> None:
    await press(house, house.path(ask))
    before = everything(raw)

    status, page = await press(house, house.path(ask), at=HOUR / 2)
    async with house.console() as client:
        seen = (await client.get(house.path(ask))).status

    assert (status, seen) == (410, 410)
    assert "无需重复办理" in page
    assert everything(raw) == before
    assert house.outcomes == ["done", "used"]


async def test_a_button_pressed_twenty_times_at_once_acts_once(house: House, store: Store) -> None:
    async with house.console() as client:
        answers = await asyncio.gather(*(client.post(house.path(Ask.CLOSURE)) for _ in range(20)))

    assert sorted(each.status for each in answers) == [200] + [410] * 19
    assert len(await store.correspondence.requests()) == 1
    assert len([each for each in await store.correspondence.trail("a") if each.by == OPERATOR]) == 2


@pytest.mark.parametrize("ask", [Ask.RECEIVED, Ask.EXEMPTION, Ask.CLOSURE])
async def test_what_is_over_needs_nothing(house: House, store: Store, raw: Any, ask: Ask) -> None:
    await resolve(store, told_alert())
    before = everything(raw)

    async with house.console() as client:
        seen = await (await client.get(house.path(ask))).text()
    status, page = await press(house, house.path(ask))

    assert "已销号，无需办理" in seen
    assert "<button" not in seen
    assert (status, "已销号，无需办理" in page) == (200, True)
    assert everything(raw) == before


async def test_what_is_over_may_be_looked_at_again(house: House, store: Store) -> None:
    await resolve(store, told_alert())

    _, page = await press(house, house.path(Ask.RECHECK))

    assert "已安排复查" in page
    assert (await store.states(["a"]))["a"].next_poll_at == NOON


# -- what is refused --------------------------------------------------------------------------------------------------------------


def of(*changes: Any) -> str:
    """Return a path whose token is validly signed and says what a letter never would."""
    content: list[Any] = [str(Ask.CLOSURE), "idle a 1", mark_of("a"), mark_of(OPERATOR), 2, GOOD[5]]
    for place, value in changes:
        content[place] = value
    return f"/do/{signed(content)}"


REFUSED = [
    pytest.param("/do/" + "x" * 40, 404, "forged", id="no token of ours"),
    pytest.param(f"/do/{signed(GOOD)}x", 404, "forged", id="altered"),
    pytest.param("/do/" + signed(GOOD)[:60], 404, "forged", id="truncated"),
    pytest.param("/do/" + signed(GOOD, key="another"), 404, "forged", id="of another deployment"),
    pytest.param("/do/%F0%9F%98%80%00%0A", 404, "forged", id="not even text"),
    pytest.param("/do/" + "A" * 5_000, 404, "forged", id="5 KB"),
    pytest.param(of((5, int(NOON.timestamp()))), 410, "expired", id="expired this moment"),
    pytest.param(of((1, "idle a 999")), 410, "failed", id="an alert that never was"),
    pytest.param(of((1, "idle b 1")), 403, "failed", id="an alert of another account"),
    pytest.param(of((1, "idle b 1"), (2, mark_of("b"))), 403, "failed", id="an account that is not the person's"),
    pytest.param(of((3, mark_of(STRANGER))), 403, "failed", id="a person of another account"),
    pytest.param(of((3, "")), 403, "failed", id="nobody"),
]


@pytest.mark.parametrize("path,status,outcome", REFUSED)
async def test_what_is_refused_changes_nothing_is_counted_and_logged(
    house: House, store: Store, raw: Any, path: str, status: int, outcome: str
) -> None:
    await put(store, told_alert("idle b 1", subject="b"))
    before = everything(raw)

    with capture_logs() as logs:
        answered, page = await press(house, path)

    assert (answered, house.outcomes) == (status, [outcome])
    assert "未作任何更改" in page or "链接无效" in page
    assert everything(raw) == before
    assert [each["event"] for each in logs] == ["a link was refused"]
    assert path[4:30] not in str(logs)


@pytest.mark.parametrize("path,status,outcome", REFUSED)
async def test_looking_at_what_is_refused_says_the_same(house: House, store: Store, path: str, status: int, outcome: str) -> None:
    await put(store, told_alert("idle b 1", subject="b"))

    async with house.console() as client:
        answer = await client.get(path)
        page = await answer.text()

    assert answer.status == status
    assert "<button" not in page


async def test_a_token_beyond_what_a_request_may_hold_is_refused(house: House) -> None:
    async with house.console() as client:
        answer = await client.get("/do/" + "A" * 10_240)

    assert answer.status in (400, 404)


async def test_who_left_the_accounts_contacts_can_do_nothing_any_more(house: House, store: Store) -> None:
    path = house.path(Ask.CLOSURE)
    await enrol(store, account("a", contacts=(Contact(email=STRANGER),)))

    status, page = await press(house, path)

    assert status == 403
    assert "不属于这个账号目前的联系人" in page
    assert await store.correspondence.requests() == []


async def test_a_link_for_an_account_that_left_the_roster_has_nothing_to_do(house: House, store: Store) -> None:
    path = house.path(Ask.RECHECK)
    await enrol(store, account("b"))

    status, page = await press(house, path)

    assert (status, house.woken) == (410, [])
    assert "已不在监测范围内" in page


async def test_an_expired_link_tells_what_to_do_instead(house: House) -> None:
    status, page = await press(house, house.path(), at=timedelta(days=9))

    assert status == 410
    assert "最近一封邮件" in page


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_do_nothing(house: House, raw: Any, method: str) -> None:
    before = everything(raw)

    async with house.console() as client:
        answer = await client.request(method, house.path())

    assert answer.status == 405
    assert everything(raw) == before


@pytest.mark.parametrize(
    "headers,status",
    [
        pytest.param({}, 200, id="a browser that says nothing"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 200, id="our own page"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="a neighbour"),
        pytest.param({"Origin": "https://evil.example"}, 403, id="another origin"),
        pytest.param({"Origin": "https://[evil"}, 403, id="a broken origin"),
        pytest.param({"Origin": "null"}, 200, id="an origin that a browser withholds"),
        pytest.param({"Origin": "http://console.example", "Host": "console.example"}, 200, id="our own origin"),
        pytest.param({"Origin": "https://console.example", "X-Forwarded-Host": "console.example"}, 200, id="behind a proxy"),
    ],
)
async def test_the_button_counts_only_on_our_own_page(house: House, headers: dict[str, str], status: int) -> None:
    answered, _ = await press(house, house.path(), **headers)

    assert answered == status
    assert bool(house.woken) == (status == 200)


async def test_a_form_with_more_than_a_button_is_refused(house: House) -> None:
    async with house.console() as client:
        told = await client.post(house.path(), data=b"x" * 2_000)

        async def drip() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"x" * 1_000

        untold = await client.post(house.path(), data=drip())

    assert (told.status, untold.status, house.woken) == (413, 413, [])


async def test_hostile_names_stay_text_on_the_page(house: House, store: Store) -> None:
    evil = "<script>alert(1)</script>\u202e\r\n{{7*7}}"
    await enrol(store, account("a", name=evil, unit=evil, contacts=(Contact(email=OPERATOR),)))
    said = told_alert("idle a 2", rule="other", message=evil * 40)
    await put(store, said)

    async with house.console() as client:
        page = await (await client.get(house.path(about=said))).text()

    assert "<script" not in page
    assert "\u202e" not in page
    assert "{{7*7}}" in page


@pytest.mark.parametrize("path", ["", "x"])
async def test_every_page_behind_a_link_carries_the_guards_and_no_token(house: House, path: str) -> None:
    async with house.console() as client:
        answer = await client.get(house.path() + path)
        page = await answer.text()

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert house.path()[4:] not in page
    assert OPERATOR not in page


async def test_no_log_line_holds_a_token_or_an_address(house: House) -> None:
    with capture_logs() as logs:
        await press(house, house.path(Ask.CLOSURE))
        await press(house, house.path(Ask.CLOSURE))

    assert [each["event"] for each in logs] == ["a link was followed", "a link was refused"]
    assert house.path(Ask.CLOSURE)[4:40] not in str(logs)
    assert OPERATOR not in str(logs)


# -- the database goes away -------------------------------------------------------------------------------------------------------


async def test_while_the_database_is_away_a_link_says_so_and_keeps_working_afterwards(tmp_path: Path) -> None:
    async with Embedded(tmp_path / "mongo") as mongod:
        store = Store(mongod.url, "city", selection_seconds=0.5)
        await store.open()
        house = await furnish(store)
        await mongod.kill()

        away = await press(house, house.path(Ask.CLOSURE))
        await mongod.start()
        back = await press(house, house.path(Ask.CLOSURE))

        assert (away[0], "链接仍然有效" in away[1]) == (503, True)
        assert (back[0], house.outcomes) == (200, ["failed", "done"])
        assert len(await store.correspondence.requests()) == 1
        store.close()


async def test_a_link_that_did_all_but_be_used_up_does_it_again_without_harm(house: House, store: Store, raw: Any) -> None:
    await press(house, house.path(Ask.CLOSURE))
    raw.links.delete_many({})

    status, _ = await press(house, house.path(Ask.CLOSURE), at=HOUR / 2)

    assert status == 200
    assert len(await store.correspondence.requests()) == 1
    assert len([each for each in await store.correspondence.trail("a") if each.by == OPERATOR]) == 2


async def test_a_bad_link_says_why_to_whoever_calls(house: House) -> None:
    with pytest.raises(BadLink) as caught:
        await house.errands.act("x", NOON)

    assert caught.value.reason is Flaw.FORGED
