"""The tokens of `wechat.openapi`: kept, renewed early, obtained by one at a time, through a third-party platform too, and never shown."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from channels import NOW, Reply, Served, serving
from pydantic import SecretStr
from recordings import RECORDINGS, needs_recordings

from adapters.http import Door
from adapters.reading.wechat_tokens import is_ticket_valid, read_authorizer, read_component, read_token
from adapters.wechat_openapi import WechatOpenApi
from monitor.access.credentials import CredentialBook, Kept, Vault
from monitor.errors import AuthError, LookError, ParseError, TransportFault
from monitor.model import Account, Channel, Platform, Snapshot
from monitor.ports import Grant

LIST, STABLE = "/cgi-bin/freepublish/batchget", "/cgi-bin/stable_token"
COMPONENT, AUTHORIZER = "/cgi-bin/component/api_component_token", "/cgi-bin/component/api_authorizer_token"
EMPTY = Reply(b'{"item":[],"total_count":0,"item_count":0}')
MARK = "must-never-be-shown"
TICKET, APPSECRET, REFRESH = f"ticket-{MARK}", f"appsecret-{MARK}", f"refresh-{MARK}"
BOOK = CredentialBook(
    SecretStr(
        json.dumps(
            {
                "app": {"appid": "wx0demo", "secret": f"secret-{MARK}"},
                "platform": {"component_appid": "wx0platform", "component_appsecret": APPSECRET},
                "office": {"component": "platform", "authorizer_appid": "wx0office", "authorizer_refresh_token": REFRESH},
                "other": {"component": "platform", "authorizer_appid": "wx0other", "authorizer_refresh_token": REFRESH},
                "half": {"component": "platform", "authorizer_appid": "wx0half"},
                "lost": {"component": "nowhere", "authorizer_appid": "wx0lost", "authorizer_refresh_token": REFRESH},
            }
        )
    )
)
RECORDED = RECORDINGS / "wechat" / "official_api"


class Shelf:
    """A grant store that keeps what it is given."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Kept] = {}

    async def grants(self, name: str = "", kind: str = "") -> list[Kept]:
        return list(self.kept.values())

    async def put_grant(self, kept: Kept) -> None:
        self.kept[kept.name, kept.kind] = kept

    async def drop_grant(self, name: str, kind: str) -> None:
        self.kept.pop((name, kind), None)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


def adapter(door: Door, served: Served, vault: Vault) -> WechatOpenApi:
    wishes = WechatOpenApi.Settings(base_url=served.base_url, spacing_seconds=0, timeout_seconds=5)
    return WechatOpenApi(wishes, door, vault)


async def look(made: WechatOpenApi, credential: str = "app", later: timedelta = timedelta(0)) -> Snapshot:
    channel = Channel(adapter="wechat.openapi", handle="gh_1", options={"credential": credential, "reconcile": "0"})
    account = Account(id="610900M001WX0001", platform=Platform.WECHAT, name="青溪发布", channels=(channel,))
    return await made.look(account, channel, {}, NOW + later)


async def ticketed(later: timedelta = timedelta(0)) -> Vault:
    vault = Vault(BOOK)
    await vault.keep("platform", "wechat.component_ticket", Grant(TICKET, NOW + later, NOW + later + timedelta(hours=12)))
    return vault


def answer(**fields: Any) -> Reply:
    return Reply(json.dumps(fields).encode())


def error(code: int) -> Reply:
    return answer(errcode=code, errmsg="no rid: 00000000-00000000-00000000")


def fresh(token: str, lasts: int = 7200) -> Reply:
    return answer(access_token=token, expires_in=lasts)


def platform_token(token: str) -> Reply:
    return answer(component_access_token=token, expires_in=7200)


def authorised(token: str, refresh: str = REFRESH) -> Reply:
    return answer(authorizer_access_token=token, expires_in=7200, authorizer_refresh_token=refresh)


def asked(served: Served, path: str) -> list[Mapping[str, Any]]:
    return [json.loads(body) for request, body in zip(served.requests, served.bodies, strict=True) if request.path == path]


def used(served: Served, path: str = LIST, name: str = "access_token") -> list[str]:
    return [request.query[name] for request in served.requests if request.path == path]


async def test_a_token_survives_a_restart(door: Door) -> None:
    shelf = Shelf()
    async with serving() as served:
        served.by_path = {STABLE: [fresh("first"), fresh("second")], LIST: [EMPTY]}
        for hours in (0, 1):
            vault = Vault(BOOK)
            await vault.open(shelf)
            await look(adapter(door, served, vault), later=timedelta(hours=hours))

    assert used(served) == ["first", "first"] and len(asked(served, STABLE)) == 1


async def test_many_looks_at_once_obtain_one_token(door: Door) -> None:
    async with serving() as served:
        served.by_path = {STABLE: [fresh("first"), fresh("second")], LIST: [EMPTY]}
        made = adapter(door, served, Vault(BOOK))

        await asyncio.gather(*(look(made) for _ in range(8)))

    assert used(served) == ["first"] * 8 and len(asked(served, STABLE)) == 1


async def test_many_looks_that_find_one_token_stale_renew_it_once(door: Door) -> None:
    vault = Vault(BOOK)
    await vault.keep("app", "wechat.access", Grant("stale", NOW, NOW + timedelta(hours=2)))
    async with serving() as served:
        served.by_path = {STABLE: [fresh("second"), fresh("third")], LIST: [error(40001), EMPTY]}
        made = adapter(door, served, vault)

        await asyncio.gather(*(look(made) for _ in range(4)))

    assert len(asked(served, STABLE)) == 1 and set(used(served)) == {"stale", "second"}


async def test_a_token_that_ends_at_once_is_used_and_not_kept_for_the_next_look(door: Door) -> None:
    async with serving() as served:
        served.by_path = {STABLE: [fresh("first", 0), fresh("second", -5), fresh("third", 10**9)], LIST: [EMPTY]}
        made = adapter(door, served, Vault(BOOK))

        for _ in range(3):
            await look(made)
        await look(made, later=timedelta(seconds=7_200))

    assert used(served) == ["first", "second", "third", "third"]


async def test_a_renewal_is_never_forced(door: Door) -> None:
    async with serving() as served:
        served.by_path = {STABLE: [fresh("first")], LIST: [error(40001)]}

        with pytest.raises(AuthError):
            await look(adapter(door, served, Vault(BOOK)))

    assert [wish["force_refresh"] for wish in asked(served, STABLE)] == [False, False]


async def test_a_busy_platform_is_asked_three_times_and_then_is_a_transport_fault(door: Door) -> None:
    async with serving() as served:
        served.by_path = {STABLE: [error(-1), fresh("first")], LIST: [error(-1), error(-1), EMPTY, error(-1)]}
        made = adapter(door, served, Vault(BOOK))

        calm = await look(made)
        with pytest.raises(TransportFault):
            await look(made)

    assert calm.partial and len(asked(served, STABLE)) == 2 and len(used(served)) == 6


async def test_an_account_that_authorised_a_platform_is_looked_at_with_its_token(door: Door) -> None:
    vault = await ticketed()
    async with serving() as served:
        served.by_path = {COMPONENT: [platform_token("platform-1")], AUTHORIZER: [authorised("office-1", "newer")], LIST: [EMPTY]}

        await look(adapter(door, served, vault), "office")

    wish = {"component_appid": "wx0platform", "component_appsecret": APPSECRET, "component_verify_ticket": TICKET}
    assert asked(served, COMPONENT) == [wish]
    wish = {"component_appid": "wx0platform", "authorizer_appid": "wx0office", "authorizer_refresh_token": REFRESH}
    assert asked(served, AUTHORIZER) == [wish]
    assert (used(served, AUTHORIZER, "component_access_token"), used(served)) == (["platform-1"], ["office-1"])
    grant = vault.grant("office", "wechat.access")
    assert grant is not None and (grant.refresh, grant.renewals, grant.until) == ("newer", 1, NOW + timedelta(hours=2))


async def test_the_newest_refresh_token_is_sent_and_outlives_a_stale_access_token(door: Door) -> None:
    vault = await ticketed()
    async with serving() as served:
        served.by_path = {
            COMPONENT: [platform_token("platform-1")],
            AUTHORIZER: [authorised("office-1", "newer"), answer(authorizer_access_token="office-2", expires_in=7200)],
            LIST: [error(42001), EMPTY],
        }

        await look(adapter(door, served, vault), "office")

    assert [wish["authorizer_refresh_token"] for wish in asked(served, AUTHORIZER)] == [REFRESH, "newer"]
    assert used(served) == ["office-1", "office-2"]
    grant = vault.grant("office", "wechat.access")
    assert grant is not None and (grant.value, grant.refresh) == ("office-2", "newer")


async def test_accounts_of_one_platform_share_its_token(door: Door) -> None:
    async with serving() as served:
        served.by_path = {COMPONENT: [platform_token("platform-1")], AUTHORIZER: [authorised("a"), authorised("b")], LIST: [EMPTY]}
        made = adapter(door, served, await ticketed())

        await asyncio.gather(look(made, "office"), look(made, "other"))

    assert len(asked(served, COMPONENT)) == 1 and set(used(served)) == {"a", "b"}


async def test_a_stale_token_of_the_platform_is_obtained_anew_once(door: Door) -> None:
    async with serving() as served:
        served.by_path = {
            COMPONENT: [platform_token("platform-1"), platform_token("platform-2"), platform_token("platform-3")],
            AUTHORIZER: [error(42001), authorised("office-1"), error(40001)],
            LIST: [EMPTY],
        }
        made = adapter(door, served, await ticketed())

        await look(made, "office")
        with pytest.raises(AuthError):
            await look(made, "other")

    assert used(served, AUTHORIZER, "component_access_token") == ["platform-1", "platform-2", "platform-2", "platform-3"]


async def test_an_address_that_is_not_listed_is_named_to_the_operator(door: Door) -> None:
    refused = answer(errcode=40164, errmsg="invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 0-0-0")
    async with serving() as served:
        served.by_path = {STABLE: [refused]}

        with pytest.raises(AuthError, match=r"40164: .*\(203\.0\.113\.7\)$"):
            await look(adapter(door, served, Vault(BOOK)))


async def test_without_a_ticket_the_operator_is_told_where_it_comes_from(door: Door) -> None:
    async with serving() as served:
        with pytest.raises(AuthError, match=r"component_verify_ticket.*/callback/wechat\.callback/platform"):
            await look(adapter(door, served, Vault(BOOK)), "office")

    assert served.requests == []


async def test_an_old_ticket_is_not_sent(door: Door) -> None:
    async with serving() as served:
        with pytest.raises(AuthError, match="for twelve hours"):
            await look(adapter(door, served, await ticketed()), "office", later=timedelta(hours=12))

    assert served.requests == []


def test_a_ticket_without_an_end_lasts_twelve_hours() -> None:
    ticket = Grant(TICKET, NOW)

    assert is_ticket_valid(ticket, NOW + timedelta(hours=11, minutes=59))
    assert not is_ticket_valid(ticket, NOW + timedelta(hours=12))
    assert not is_ticket_valid(Grant("", NOW), NOW) and not is_ticket_valid(None, NOW)


REFUSED = [(COMPONENT, 61004), (COMPONENT, 61005), (COMPONENT, 61006), (COMPONENT, 61011), (AUTHORIZER, 61003), (AUTHORIZER, 61023)]


@pytest.mark.parametrize(("path", "code"), REFUSED)
async def test_a_refusal_of_the_platform_is_our_trouble_and_shows_no_secret(path: str, code: int, door: Door) -> None:
    async with serving() as served:
        served.by_path = {COMPONENT: [platform_token(f"platform-{MARK}")], AUTHORIZER: [authorised(f"office-{MARK}")], LIST: [EMPTY]}
        served.by_path[path] = [error(code)]

        with pytest.raises(AuthError) as caught:
            await look(adapter(door, served, await ticketed()), "office")

    assert MARK not in f"{caught.value} {caught.value.head} {caught.value.__cause__} {caught.value.__context__}"
    assert used(served) == []


@pytest.mark.parametrize(("credential", "field"), [("half", "authorizer_refresh_token"), ("lost", "component_appid")])
async def test_a_credential_that_lacks_a_field_says_which(credential: str, field: str, door: Door) -> None:
    async with serving() as served:
        with pytest.raises(AuthError, match=field):
            await look(adapter(door, served, await ticketed()), credential)


@pytest.mark.parametrize("status", [301, 400, 403, 404, 500, 503])
@pytest.mark.parametrize("path", [STABLE, COMPONENT, AUTHORIZER])
async def test_a_failing_token_interface_is_a_look_error_without_secrets(path: str, status: int, door: Door) -> None:
    async with serving() as served:
        served.by_path = {COMPONENT: [platform_token("platform-1")]}
        served.by_path[path] = [Reply(b"no", status, {"Location": "/elsewhere"})]

        with pytest.raises(LookError) as caught:
            await look(adapter(door, served, await ticketed()), "app" if path == STABLE else "office")

    assert MARK not in f"{caught.value} {caught.value.head} {caught.value.__cause__}"
    assert all(request.path != "/elsewhere" for request in served.requests)


BROKEN = [b"", b"{}", b"[]", b'{"component_access_token": 1}', b'{"authorizer_access_token": "a b"}', b'{"errcode": "x"}']


@pytest.mark.parametrize("body", BROKEN)
def test_a_broken_answer_is_a_parse_error_that_quotes_nothing(body: bytes) -> None:
    for read in (read_token, read_component, lambda raw, now: read_authorizer(raw, now, REFRESH)):
        with pytest.raises(ParseError) as caught:
            read(body, NOW)

        assert caught.value.head == ""


@needs_recordings
def test_the_answers_of_the_documents_are_read() -> None:
    stable = read_token((RECORDED / "SYNTHETIC_token_response.json").read_bytes(), NOW)
    platform = read_component((RECORDED / "SYNTHETIC_api_component_token_response.json").read_bytes(), NOW)
    office = read_authorizer((RECORDED / "SYNTHETIC_api_authorizer_token_response.json").read_bytes(), NOW, "older", 3)

    assert (stable.value, stable.until) == ("REDACTED_ACCESS_TOKEN", NOW + timedelta(hours=2))
    assert (platform.value, platform.refresh) == ("REDACTED", "")
    assert (office.value, office.refresh, office.renewals) == ("REDACTED", "REDACTED", 4)
