"""Links in letters: signed, for one person and one alert, expiring, the same for the same letter. No store, no network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from clocks import NOON
from following import BASE, GOOD, KEY, OPERATOR, WEEK, signed
from storing import alert

from monitor.model import Alert
from monitor.telling.links import TOKEN_CAP, BadLink, Flaw, Links, mark_of
from monitor.telling.records import Ask


def links(key: str = KEY, base: str = BASE) -> Links:
    return Links(key, base, WEEK)


def made(ask: Ask = Ask.RECHECK, about: Alert | None = None, to: str = OPERATOR, at: datetime = NOON) -> str:
    """Return the token of a link."""
    return links().link(ask, about or alert(), to, at).rpartition("/")[2]


def refusal(token: str, now: datetime = NOON) -> Flaw:
    with pytest.raises(BadLink) as caught:
        links().read(token, now)
    return caught.value.reason


# -- what a link is ---------------------------------------------------------------------------------------------------------------


def test_a_link_says_what_it_asks_for_on_whose_behalf_and_until_when() -> None:
    about = alert(id="idle a 1", rung=3)

    errand = links().read(made(Ask.CLOSURE, about), NOON)

    assert (errand.ask, errand.alert_id, errand.rung) == (Ask.CLOSURE, "idle a 1", 3)
    assert (errand.account, errand.to) == (mark_of("a"), mark_of(OPERATOR))
    assert errand.expires_at == datetime(2026, 3, 11, 16, 0, tzinfo=UTC)


def test_a_letter_sent_again_on_the_same_day_carries_the_same_links_and_next_weeks_carries_others() -> None:
    again, next_week = NOON + timedelta(hours=5), NOON + WEEK

    marks = [links().read(made(at=at), at).mark for at in (NOON, again, next_week)]

    assert made(at=NOON) == made(at=again)
    assert marks[0] == marks[1] != marks[2]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(made(Ask.RECEIVED), id="another wish"),
        pytest.param(made(about=alert(id="2")), id="another alert"),
        pytest.param(made(about=alert(rung=1)), id="a higher rung"),
        pytest.param(made(to="li@unit.example"), id="another person"),
    ],
)
def test_what_differs_is_used_up_on_its_own(other: str) -> None:
    assert links().read(other, NOON).mark != links().read(made(), NOON).mark


def test_one_mailbox_is_one_person_however_it_is_typed() -> None:
    assert made(to=" Zhang@Unit.Example ") == made()


def test_a_link_names_nobody() -> None:
    token = made()

    assert "zhang" not in token.lower()
    assert "unit.example" not in str(links().read(token, NOON))


@pytest.mark.parametrize(
    "id", ["idle 610922M001XL0001 1583200000000", f"missing_repost douyin:MS4wLjABAAAA{'M' * 64} 2022-05-a 1583200000000", "闲置 账号 1"]
)
def test_a_token_is_short_and_plain_for_every_usual_id(id: str) -> None:
    token = made(about=alert(id=id))

    assert len(token) <= TOKEN_CAP
    assert token.replace("-", "").replace("_", "").replace(".", "").isalnum()
    assert not token.startswith(".")
    assert links().read(token, NOON).alert_id == id


@pytest.mark.parametrize(
    "base,expected",
    [
        ("https://console.example/", "https://console.example/do/"),
        ("http://10.0.0.8:8780", "http://10.0.0.8:8780/do/"),
        ("https://example.cn/jiance/", "https://example.cn/jiance/do/"),
        ("", ""),
        ("console.example", ""),
        ("javascript:alert(1)", ""),
        ("https://user@evil.example", ""),
        ("https://console.example/?a=1", ""),
        ("https://console.example/#top", ""),
        ("https://console.example/\nSet-Cookie: x", ""),
    ],
)
def test_there_are_links_only_where_people_can_reach_the_console(base: str, expected: str) -> None:
    link = links(base=base).link(Ask.RECHECK, alert(), OPERATOR, NOON)

    assert link.startswith(expected)
    assert bool(link) == bool(expected)
    assert urlsplit(link).query == ""


@pytest.mark.parametrize(
    "key,about",
    [
        pytest.param("", alert(), id="no key"),
        pytest.param(KEY, alert(account_id=None), id="trouble of ours"),
        pytest.param(KEY, alert(id="x" * 1024), id="an absurd id"),
    ],
)
def test_where_there_can_be_no_link_there_is_none(key: str, about: Alert) -> None:
    assert links(key).link(Ask.RECHECK, about, OPERATOR, NOON) == ""


# -- what is refused --------------------------------------------------------------------------------------------------------------


def test_a_link_works_until_the_end_of_its_last_day() -> None:
    token, last = made(), datetime(2026, 3, 11, 15, 59, 59, tzinfo=UTC)

    assert links().read(token, last).ask is Ask.RECHECK
    assert refusal(token, last + timedelta(seconds=1)) is Flaw.EXPIRED


def test_what_the_test_signs_would_be_read() -> None:
    assert links().read(signed(GOOD), NOON).alert_id == "1"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing"),
        pytest.param("x", id="a letter"),
        pytest.param(made()[:-1], id="truncated"),
        pytest.param(made()[1:], id="beheaded"),
        pytest.param(made() + "A", id="prolonged"),
        pytest.param(made().swapcase(), id="altered"),
        pytest.param(made().partition(".")[0], id="unsigned"),
        pytest.param(made().partition(".")[0] + "." + made(Ask.CLOSURE).partition(".")[2], id="another link's signature"),
        pytest.param("A" * 10_000, id="10 KB"),
        pytest.param("链接", id="not ASCII"),
        pytest.param("\ud800", id="a lone surrogate"),
        pytest.param("\x00.\x00", id="controls"),
        pytest.param(signed(GOOD, key="the key of another deployment"), id="another deployment"),
        pytest.param(signed(GOOD, salt="another purpose"), id="another purpose"),
        pytest.param(signed(b"not json"), id="signed, not JSON"),
        pytest.param(signed(b"[" * 300), id="signed, nested"),
        pytest.param(signed({"ask": "recheck"}), id="signed, a mapping"),
        pytest.param(signed([]), id="signed, empty"),
        pytest.param(signed([*GOOD, 1]), id="signed, too much"),
        pytest.param(signed(["delete", *GOOD[1:]]), id="signed, an unknown wish"),
        pytest.param(signed([GOOD[0], {"$ne": ""}, *GOOD[2:]]), id="signed, an id that is a query"),
        pytest.param(signed([*GOOD[:5], 10**30]), id="signed, an absurd expiry"),
        pytest.param(signed([*GOOD[:5], None]), id="signed, no expiry"),
    ],
)
def test_what_is_not_ours_is_forged(token: str) -> None:
    assert refusal(token) is Flaw.FORGED


def test_without_a_key_nothing_is_believed() -> None:
    with pytest.raises(BadLink):
        links(key="").read(signed(GOOD, key=""), NOON)
