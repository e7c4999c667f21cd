"""Secrets and tokens: kept over restarts, handed out once at a time, never shown, watched until their end."""

from __future__ import annotations

import asyncio
import html
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from clocks import NOON
from pydantic import SecretStr

from monitor.access.credentials import CredentialBook, Kept, Vault, moment_of
from monitor.errors import AuthError, StoreAway
from monitor.model import ChannelState, Firing
from monitor.ports import ChannelFacts, Expiry, Grant
from monitor.store import Store
from rules.expiring import Expiring

DAY = timedelta(days=1)
MARK = "a-value-that-must-never-be-shown"


def book(**credentials: dict[str, str]) -> CredentialBook:
    return CredentialBook(SecretStr(json.dumps(credentials)))


CITY = {"appid": "wx0", "secret": MARK}


def grant(**fields: Any) -> Grant:
    return Grant(**{"value": MARK, "issued_at": NOON, "until": NOON + 2 * DAY, **fields})


async def vault(store: Store, **credentials: dict[str, str]) -> Vault:
    made = Vault(book(**(credentials or {"city": CITY})))
    await made.open(store.keepings)
    return made


async def test_a_token_survives_a_restart(store: Store) -> None:
    kept = grant(refresh="r", refresh_until=NOON + 30 * DAY, renewals=2)
    await (await vault(store)).keep("city", "wechat.access", kept)

    assert (await vault(store)).grant("city", "wechat.access") == kept


async def test_a_token_of_replaced_secrets_is_not_handed_out(store: Store) -> None:
    await (await vault(store)).keep("city", "wechat.access", grant())

    assert (await vault(store, city={**CITY, "secret": "new"})).grant("city", "wechat.access") is None


async def test_a_token_of_a_credential_that_is_gone_is_not_handed_out(store: Store) -> None:
    await (await vault(store)).keep("city", "wechat.access", grant())

    assert (await vault(store, other=CITY)).grant("city", "wechat.access") is None


async def test_a_dropped_token_stays_dropped(store: Store) -> None:
    ours = await vault(store)
    await ours.keep("city", "wechat.access", grant())

    await ours.drop("city", "wechat.access")

    assert ours.grant("city", "wechat.access") is None
    assert (await vault(store)).grant("city", "wechat.access") is None


async def test_a_token_obtained_while_the_database_is_away_is_written_when_it_is_back() -> None:
    shelf = Shelf()
    ours = Vault(book(city=CITY))
    await ours.open(shelf)
    shelf.away = True

    await ours.keep("city", "douyin.access", grant())
    assert ours.grant("city", "douyin.access") is not None
    shelf.away = False
    await ours.flush()

    assert [kept.kind for kept in shelf.kept] == ["douyin.access"]


class Shelf:
    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.away = False

    async def grants(self, name: str = "", kind: str = "") -> list[Any]:
        return [each for each in self.kept if name]

    async def put_grant(self, kept: Any) -> None:
        if self.away:
            raise StoreAway("gone")
        self.kept.append(kept)

    async def drop_grant(self, name: str, kind: str) -> None:
        raise AssertionError("nothing is dropped here")


async def test_one_caller_at_a_time_obtains_a_token() -> None:
    ours = Vault(book(city=CITY))
    inside, most = 0, 0

    async def obtain() -> None:
        nonlocal inside, most
        async with ours.turn("city", "wechat.access"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(obtain() for _ in range(5)))

    assert most == 1


async def test_a_token_that_another_daemon_renewed_is_taken_over_before_ours_is_renewed(store: Store) -> None:
    ours, theirs = await vault(store), await vault(store)
    await ours.keep("city", "douyin.access", grant(value="first", refresh="once"))
    await theirs.keep("city", "douyin.access", grant(value="second", refresh="twice", issued_at=NOON + DAY))

    async with ours.turn("city", "douyin.access"):
        found = ours.grant("city", "douyin.access")

    assert found is not None and (found.value, found.refresh) == ("second", "twice")


async def test_a_token_that_waits_to_be_written_is_not_replaced_by_what_is_stored(store: Store) -> None:
    stored, shelf = grant(value="stored", issued_at=NOON + DAY), Shelf()
    ours = Vault(book(city=CITY))
    await ours.open(shelf)
    shelf.away, shelf.kept = True, [Kept("city", "a", book(city=CITY).origin("city"), stored)]
    await ours.keep("city", "a", grant(value="unwritten"))

    async with ours.turn("city", "a"):
        found = ours.grant("city", "a")

    assert found is not None and found.value == "unwritten"


async def test_nothing_that_can_be_printed_shows_a_value() -> None:
    ours = Vault(book(city=CITY))
    await ours.keep("city", "wechat.access", grant(refresh=MARK))

    shown = [repr(ours), str(ours), repr(ours.grant("city", "wechat.access")), repr(ours.expiries())]

    assert all(MARK not in text for text in shown)
    with pytest.raises(AuthError) as caught:
        ours.secret("city", "cookie")
    assert MARK not in str(caught.value)


# -- ends -------------------------------------------------------------------------------------------------------------------


def test_an_end_that_the_operator_wrote_beside_a_token_is_known() -> None:
    ours = Vault(book(a={"access_token": MARK, "expires_at": "2026-12-01 08:00"}, b={"access_token": MARK}))

    assert ours.expiries() == [Expiry("a", "given", "access", datetime(2026, 12, 1, tzinfo=UTC), None)]


async def test_the_ends_of_what_was_obtained_are_known_by_part() -> None:
    ours = Vault(book(city=CITY))
    await ours.keep("city", "douyin.access", grant(until=NOON + 15 * DAY, refresh="r", refresh_until=NOON + 30 * DAY))

    assert [(each.part, each.at) for each in ours.expiries()] == [("access", NOON + 15 * DAY), ("refresh", NOON + 30 * DAY)]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1796083200", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01T08:00:00+08:00", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 11, 30, 16, tzinfo=UTC)),
        ("soon", None),
        ("", None),
        ("9" * 30, None),
        ("0001-01-01", None),
    ],
)
def test_moments_as_operators_write_them(text: str, moment: datetime | None) -> None:
    assert moment_of(text) == moment


# -- the rule ---------------------------------------------------------------------------------------------------------------

WEIBO = ChannelState(adapter="weibo.openapi", credential="city", accounts=7)


def end(days: float, part: Any = "access", lasts: float | None = None) -> Expiry:
    return Expiry("city", "given", part, NOON + days * DAY, lasts)


def said(*expiries: Expiry) -> list[tuple[Firing, int]]:
    return [(each.status, each.rung) for each in Expiring().judge(ChannelFacts(WEIBO, NOON, expiries))]


@pytest.mark.parametrize(
    ("expiry", "word"),
    {
        "an access token with four days": (end(4), (Firing.CLEAR, 0)),
        "an access token with three days": (end(3), (Firing.FIRING, 1)),
        "an access token that has ended": (end(-1), (Firing.FIRING, 2)),
        "a refresh token with eight days": (end(8, "refresh"), (Firing.CLEAR, 0)),
        "a refresh token with seven days": (end(7, "refresh"), (Firing.FIRING, 1)),
        "a token of two hours, which is renewed all day": (end(0.01, lasts=7200.0), (Firing.CLEAR, 0)),
        "a token of fifteen days that was not renewed": (end(2, lasts=15 * 86400.0), (Firing.FIRING, 1)),
    }.values(),
)
def test_an_end_is_told_in_time(expiry: Expiry, word: tuple[Firing, int]) -> None:
    assert said(expiry) == [word]


def test_a_credential_without_a_known_end_is_spoken_of_neither_way() -> None:
    assert said() == []


def test_the_alert_says_whom_it_touches_and_what_to_do() -> None:
    finding = next(iter(Expiring().judge(ChannelFacts(WEIBO, NOON, (end(2),)))))

    assert "7个账号" in finding.message and "重新授权" in finding.message and "2026-03-06 12:00" in finding.message
    assert [role.value for role in finding.tells] == ["sysadmin"]


# -- what others say --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["SUB=_2A25abc; SUBP=x/y+z=", "plain-token-123456", '"quoted"&<token>'])
@pytest.mark.parametrize("form", ["{}", 'a "{}" b'])
def test_our_secrets_are_blotted_out_of_whatever_form_they_come_back_in(secret: str, form: str) -> None:
    ours = Vault(book(city={"cookie": secret}))

    for shape in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], html.escape(secret)):
        assert ours.blotted(form.format(shape)) == form.format("***")


async def test_tokens_obtained_are_blotted_out_too_and_public_names_are_not() -> None:
    ours = Vault(book(city={"appid": "wx0123456789", "secret": MARK}))
    await ours.keep("city", "wechat.access", grant(value="obtained-token", refresh="refresh-token"))

    assert ours.blotted(f"wx0123456789 {MARK} obtained-token refresh-token") == "wx0123456789 *** *** ***"


def test_a_secret_that_was_cut_at_the_end_is_blotted_out() -> None:
    ours = Vault(book(city={"secret": MARK}))

    assert ours.blotted("told: " + MARK[:20]) == "told: ***"


@pytest.mark.parametrize(
    "shown",
    {
        "slashes as PHP escapes them": json.dumps("x/y+z=1234").replace("/", "\\/")[1:-1],
        "percents in small letters": "x%2fy%2bz%3d1234",
        "slashes left alone in an address": "x/y%2Bz%3D1234",
    }.values(),
)
def test_rarer_forms_of_a_secret_are_blotted_out_too(shown: str) -> None:
    assert Vault(book(city={"secret": "x/y+z=1234"})).blotted(f"<{shown}>") == "<***>"


def test_one_value_of_a_cookie_is_a_secret_too() -> None:
    ours = Vault(book(city={"cookie": "SUB=_2AkMexample; SUBP=0033Wexample; ok=1"}))

    assert ours.blotted("bad SUB: _2AkMexample, SUBP 0033Wexample, ok=1") == "bad SUB: ***, SUBP ***, ok=1"


async def test_a_token_obtained_after_the_first_blotting_is_blotted_out_as_well() -> None:
    ours = Vault(book(city=CITY))
    assert ours.blotted(f"{MARK} second-token third-token") == "*** second-token third-token"

    await ours.keep("city", "a", grant(value="second-token"))
    assert ours.blotted(f"{MARK} second-token third-token") == "*** *** third-token"
    await ours.keep("city", "b", grant(value="third-token"))

    assert ours.blotted(f"{MARK} second-token third-token") == "*** *** ***"


def test_the_longer_of_two_secrets_that_begin_alike_leaves_no_rest_behind() -> None:
    ours = Vault(book(city={"secret": "abcdef", "token": "abcdefghijkl"}))

    assert ours.blotted("abcdefghijkl abcdef") == "*** ***"


def test_hundreds_of_tokens_are_looked_for_in_no_time() -> None:
    fields = {f"c{n}": {"access_token": f"{n:04d}" + "x" * 116, "secret": f"{n:04d}" + "y" * 28} for n in range(450)}
    ours = Vault(book(**fields))
    ours.blotted("once")

    begun = time.process_time()
    for _ in range(10):
        ours.blotted("some refused payload " * 100)

    assert (time.process_time() - begun) / 10 < 0.02


class SlowShelf(Shelf):
    """A database to which an older writing takes longer than a newer one."""

    async def put_grant(self, kept: Any) -> None:
        await asyncio.sleep(0.05 if kept.grant.value == "older" else 0)
        self.kept.append(kept)


async def test_an_older_token_is_never_written_over_a_newer_one() -> None:
    shelf = SlowShelf()
    ours = Vault(book(city=CITY))
    await ours.open(shelf)

    await asyncio.gather(*(ours.keep("city", "douyin.access", grant(value=value)) for value in ("older", "newer")))

    assert shelf.kept[-1].grant.value == "newer"
