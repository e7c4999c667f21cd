"""`douyin.openapi`: how tokens are refreshed, renewed and never lost, and what goes over the wire."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from channels import NOW, SEC_UID, Reply, Served, account, serving
from douyin_talking import CHANNEL, OPEN_ID, page, refreshed, said
from pydantic import SecretStr

from adapters.douyin_openapi import KIND, DouyinOpenApi, DouyinOpenApiSettings
from adapters.http import Door
from adapters.reading.douyin_openapi import STALE_TOKEN
from monitor.access.credentials import CredentialBook, Vault
from monitor.errors import AuthError, LookError, TransportFault
from monitor.model import Snapshot
from monitor.ports import Grant

LIST = "/api/douyin/v1/video/video_list/"
REFRESH = "/oauth/refresh_token/"
RENEW = "/oauth/renew_refresh_token/"
GIVEN = {"client_key": "key0demo", "client_secret": "marker-secret", "refresh_token": "marker-rft-0", "open_id": OPEN_ID}
DAY = timedelta(days=1)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


def vault(**fields: str) -> Vault:
    return Vault(CredentialBook(SecretStr(json.dumps({"demo": {**GIVEN, **fields}}))))


def adapter(door: Door, base_url: str, kept: Vault) -> DouyinOpenApi:
    return DouyinOpenApi(DouyinOpenApiSettings(base_url=base_url, spacing_seconds=0, timeout_seconds=5), door, kept)


async def look(door: Door, served: Served, kept: Vault, now: datetime = NOW, made: DouyinOpenApi | None = None) -> Snapshot:
    watched = account(CHANNEL, open_id=OPEN_ID)
    return await (made or adapter(door, served.base_url, kept)).look(watched, watched.channels[0], {}, now)


def refusing(code: int) -> Reply:
    return Reply(json.dumps({"data": {"error_code": code, "description": "x"}, "extra": {"error_code": code, "logid": "x"}}).encode())


def grant(**changes: Any) -> Grant:
    ends = {"until": NOW + 14 * DAY, "refresh_until": NOW + 29 * DAY}
    return Grant(**{"value": "marker-act-0", "issued_at": NOW - DAY, "refresh": "marker-rft-0", **ends, **changes})


async def holding(kept: Grant, **fields: str) -> Vault:
    made = vault(**fields)
    await made.keep("demo", KIND, kept)
    return made


def paths(served: Served) -> list[str]:
    return [request.path for request in served.requests]


def tokens_sent(served: Served) -> list[str]:
    return [request.headers.get("access-token", "") for request in served.requests if request.path == LIST]


async def test_the_newest_works_are_asked_for_with_the_token_in_a_header(door: Door) -> None:
    async with serving(page()) as served:
        snapshot = await look(door, served, await holding(grant()))

    (request,) = served.requests
    assert request.path == LIST and dict(request.query) == {"open_id": OPEN_ID, "cursor": "0", "count": "10"}
    assert request.raw_path.split("open_id=")[1].startswith("open%2Bid")
    assert request.headers["access-token"] == "marker-act-0"
    assert snapshot.posts


async def test_a_credential_of_an_access_token_alone_serves_while_it_lasts(door: Door) -> None:
    book = CredentialBook(SecretStr(json.dumps({"demo": {"access_token": "act", "open_id": OPEN_ID}})))
    async with serving(page()) as served:
        await look(door, served, Vault(book))
        served.replies[:] = [refusing(28001008)]
        with pytest.raises(AuthError):
            await look(door, served, Vault(book))

    assert paths(served) == [LIST, LIST]


async def test_a_refresh_token_alone_brings_an_access_token_and_both_ends_are_known(door: Door) -> None:
    kept = vault()
    async with serving(page()) as served:
        served.by_path = {REFRESH: [refreshed()]}
        await look(door, served, kept)
        await look(door, served, kept, NOW + timedelta(hours=1))

    assert paths(served) == [REFRESH, LIST, LIST]
    assert served.bodies[0] == b"client_key=key0demo&grant_type=refresh_token&refresh_token=marker-rft-0"
    assert served.requests[0].content_type == "application/x-www-form-urlencoded"
    assert tokens_sent(served) == ["marker-act-1"] * 2
    assert {each.part: each.at for each in kept.expiries()} == {"access": NOW + 15 * DAY, "refresh": NOW + 30 * DAY}


async def test_a_written_down_token_still_serves_where_its_end_cannot_be_learned(door: Door) -> None:
    kept = vault(access_token="marker-own")
    async with serving(page()) as served:
        served.by_path = {REFRESH: [refusing(28001005)]}
        made = adapter(door, served.base_url, kept)
        await look(door, served, kept, made=made)
        await look(door, served, kept, NOW + timedelta(hours=1), made)
        await look(door, served, kept, NOW + timedelta(hours=7), made)

    assert paths(served) == [REFRESH, LIST, LIST, REFRESH, LIST]
    assert tokens_sent(served) == ["marker-own"] * 3


@pytest.mark.parametrize(("left", "asked_for"), [(5.1, False), (4.9, True), (-0.1, True)])
async def test_an_access_token_is_prolonged_within_five_days_of_its_end(left: float, asked_for: bool, door: Door) -> None:
    kept = await holding(grant(until=NOW + left * DAY, issued_at=NOW - 15 * DAY))
    async with serving(page()) as served:
        served.by_path = {REFRESH: [refreshed()]}
        await look(door, served, kept)

    assert (REFRESH in paths(served)) is asked_for
    assert tokens_sent(served) == ["marker-act-1" if asked_for else "marker-act-0"]


async def test_a_token_of_a_short_life_is_not_prolonged_at_every_look(door: Door) -> None:
    kept = vault()
    async with serving(page()) as served:
        served.by_path = {REFRESH: [refreshed(lasts="86400", refresh_lasts="86400000")]}
        for hour in range(20):
            await look(door, served, kept, NOW + timedelta(hours=hour))

    assert paths(served).count(REFRESH) == 2


@pytest.mark.parametrize("code", sorted(STALE_TOKEN))
async def test_a_stale_token_is_refreshed_once(code: int, door: Door) -> None:
    kept = await holding(grant())
    async with serving() as served:
        served.by_path = {LIST: [refusing(code), page()], REFRESH: [refreshed()]}
        snapshot = await look(door, served, kept)

    assert paths(served) == [LIST, REFRESH, LIST]
    assert tokens_sent(served) == ["marker-act-0", "marker-act-1"] and snapshot.posts


async def test_a_token_that_is_stale_after_its_refresh_is_the_operators_to_mend(door: Door) -> None:
    kept = await holding(grant())
    async with serving() as served:
        served.by_path = {LIST: [refusing(28001008)], REFRESH: [refreshed()]}
        with pytest.raises(AuthError):
            await look(door, served, kept)

    assert paths(served) == [LIST, REFRESH, LIST]


async def test_a_stale_token_is_found_also_under_an_http_error(door: Door) -> None:
    kept = await holding(grant())
    async with serving() as served:
        served.by_path = {LIST: [Reply(refusing(2190008).body, 401), page()], REFRESH: [refreshed()]}

        assert (await look(door, served, kept)).posts


@pytest.mark.parametrize(("code", "kind"), [(10010, AuthError), (10004, AuthError), (10013, AuthError), (28001005, TransportFault)])
async def test_a_refresh_that_is_refused_ends_the_look(code: int, kind: type[LookError], door: Door) -> None:
    kept = await holding(grant())
    async with serving() as served:
        served.by_path = {LIST: [refusing(28001008)], REFRESH: [refusing(code)]}
        with pytest.raises(kind):
            await look(door, served, kept)

    assert paths(served) == [LIST, REFRESH]


@pytest.mark.parametrize(("left", "renewals", "asked_for"), [(10.1, 0, False), (9.9, 0, True), (9.9, 4, True), (9.9, 5, False)])
async def test_a_refresh_token_is_renewed_five_times_near_its_end(left: float, renewals: int, asked_for: bool, door: Door) -> None:
    kept = await holding(grant(refresh_until=NOW + left * DAY, renewals=renewals))
    async with serving(page()) as served:
        served.by_path = {RENEW: [Reply(said(refresh_token="marker-rft-1", expires_in="2592000"))], REFRESH: [refreshed(refresh="")]}
        await look(door, served, kept)

    assert (RENEW in paths(served)) is asked_for
    if asked_for:
        assert paths(served) == [RENEW, REFRESH, LIST]
        assert served.bodies[0] == b"client_key=key0demo&refresh_token=marker-rft-0"
        assert b"refresh_token=marker-rft-1" in served.bodies[1]
        held = kept.grant("demo", KIND)
        assert held is not None
        assert (held.refresh, held.refresh_until, held.renewals) == ("marker-rft-1", NOW + 30 * DAY, renewals + 1)


async def test_a_renewed_token_is_kept_though_the_refresh_after_it_fails(door: Door) -> None:
    kept = await holding(grant(refresh_until=NOW + 9 * DAY))
    async with serving(page()) as served:
        served.by_path = {RENEW: [Reply(said(refresh_token="marker-rft-1", expires_in=2592000))], REFRESH: [refusing(28001005)]}
        await look(door, served, kept)

    held = kept.grant("demo", KIND)
    assert held is not None and (held.value, held.refresh, held.renewals) == ("marker-act-0", "marker-rft-1", 1)


async def test_a_renewed_token_is_kept_though_the_look_is_broken_off(door: Door) -> None:
    kept = await holding(grant(refresh_until=NOW + 9 * DAY))
    asked_for, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Vault):
        async def keep(self, name: str, kind: str, grant: Grant) -> None:
            asked_for.set()
            await go_on.wait()
            await super().keep(name, kind, grant)

    slow = Slow(CredentialBook(SecretStr(json.dumps({"demo": GIVEN}))))
    slow._grants = kept._grants
    async with serving(page()) as served:
        renewed = Reply(said(refresh_token="marker-rft-1", expires_in=2592000))
        served.by_path = {RENEW: [renewed], REFRESH: [refreshed(refresh="marker-rft-1")]}
        made = adapter(door, served.base_url, slow)
        looking = asyncio.create_task(look(door, served, slow, made=made))
        await asked_for.wait()
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        go_on.set()
        await made.close()

    held = slow.grant("demo", KIND)
    assert looking.cancelled()
    assert held is not None and (held.refresh, held.value, held.renewals) == ("marker-rft-1", "marker-act-1", 1)


async def test_a_renewal_refused_for_good_is_not_asked_for_again_and_the_rest_goes_on(door: Door) -> None:
    kept = await holding(grant(refresh_until=NOW + 9 * DAY))
    async with serving(page()) as served:
        served.by_path = {RENEW: [refusing(10020)], REFRESH: [refreshed()]}
        made = adapter(door, served.base_url, kept)
        await look(door, served, kept, made=made)
        await look(door, served, kept, NOW + DAY, made)

    assert paths(served) == [RENEW, REFRESH, LIST, LIST]


async def test_a_renewal_that_fails_for_now_is_tried_again_hours_later(door: Door) -> None:
    kept = await holding(grant(refresh_until=NOW + 9 * DAY))
    async with serving(page()) as served:
        served.by_path = {RENEW: [refusing(28001005)], REFRESH: [refreshed()]}
        made = adapter(door, served.base_url, kept)
        for hours in (0, 1, 5, 7):
            await look(door, served, kept, NOW + timedelta(hours=hours), made)

    assert paths(served).count(RENEW) == 2


async def test_refreshing_does_not_move_the_end_of_the_refresh_token(door: Door) -> None:
    kept = await holding(grant(until=NOW + DAY, issued_at=NOW - 14 * DAY, refresh_until=NOW + 16 * DAY))
    async with serving(page()) as served:
        served.by_path = {REFRESH: [refreshed(refresh_lasts=2592000)]}
        await look(door, served, kept)

    held = kept.grant("demo", KIND)
    assert held is not None and held.refresh_until == NOW + 16 * DAY


@pytest.mark.parametrize("answer", [Reply(b"x", 500), Reply(b"<html>"), Reply(said()), refusing(10004)])
async def test_a_renewal_that_fails_in_any_way_does_not_keep_from_refreshing(answer: Reply, door: Door) -> None:
    kept = await holding(grant(until=NOW, refresh_until=NOW + 9 * DAY))
    async with serving(page()) as served:
        served.by_path = {RENEW: [answer], REFRESH: [refreshed()]}
        await look(door, served, kept)

    assert tokens_sent(served) == ["marker-act-1"]


async def test_looks_at_the_same_time_refresh_once(door: Door) -> None:
    kept = vault()
    async with serving(page()) as served:
        served.by_path = {REFRESH: [refreshed()]}
        made = adapter(door, served.base_url, kept)
        await asyncio.gather(*(look(door, served, kept, made=made) for _ in range(5)))

    assert paths(served).count(REFRESH) == 1


@pytest.mark.parametrize("own", ["", "marker-own"])
async def test_a_token_of_another_account_is_never_used(own: str, door: Door) -> None:
    other = said(access_token="marker-other", refresh_token="r", open_id="somebody else", expires_in=1296000)
    kept = vault(access_token=own)
    async with serving(page()) as served:
        served.by_path = {REFRESH: [Reply(other)]}
        with pytest.raises(AuthError, match="open_id"):
            await look(door, served, kept)

    assert paths(served) == [REFRESH] and kept.grant("demo", KIND) is None


@pytest.mark.parametrize(("option", "field"), [("", ""), ("a", "b")])
async def test_an_account_whose_open_id_is_unknown_or_doubtful_is_not_asked_about(option: str, field: str, door: Door) -> None:
    watched = account(CHANNEL, open_id=option)
    made = adapter(door, "http://127.0.0.1:1", vault(open_id=field))

    with pytest.raises(AuthError, match="open_id"):
        await made.look(watched, watched.channels[0], {}, NOW)


async def test_an_open_id_may_stand_in_the_credential(door: Door) -> None:
    watched = account(CHANNEL, open_id="")
    async with serving(page()) as served:
        await adapter(door, served.base_url, await holding(grant())).look(watched, watched.channels[0], {}, NOW)

    assert served.requests[0].query["open_id"] == OPEN_ID


@pytest.mark.parametrize("fields", [{"refresh_token": "a b"}, {"access_token": "a\nb"}, {"refresh_token": "", "access_token": ""}])
async def test_tokens_that_are_missing_or_torn_are_the_operators_to_mend(fields: Mapping[str, str], door: Door) -> None:
    async with serving(page()) as served:
        with pytest.raises(AuthError) as caught:
            await look(door, served, vault(**fields))

    assert served.requests == [] and "a b" not in str(caught.value) and "'demo'" in str(caught.value)


async def test_a_missing_client_key_is_named(door: Door) -> None:
    with pytest.raises(AuthError, match="client_key"):
        await look(door, Served(base_url="http://127.0.0.1:1"), vault(client_key=""))


MARKED = b'{"data":{"access_token":"marker-act-9","error_code":%d},"message":"marker-act-9"}'
ANSWERS = [Reply(MARKED % 10010), Reply(MARKED % 0, 500), Reply(b"marker-act-9", 400), Reply(MARKED % 5, 302, {"Location": "/marker"})]


@pytest.mark.parametrize("answer", [*ANSWERS, Reply(b"<html>marker-act-9"), Reply(b'{"data":{"refresh_token":{}},"marker-act-9":1}')])
async def test_no_token_gets_into_an_error(answer: Reply, door: Door) -> None:
    async with serving(answer) as served:
        with pytest.raises(LookError) as caught:
            await look(door, served, vault())

    fault = caught.value.fault()
    assert "marker" not in f"{caught.value!r} {fault} {caught.value.__cause__!r} {caught.value.head}"


async def test_all_accounts_of_an_app_queue_together_under_a_name_without_its_key(door: Door) -> None:
    book = {"demo": GIVEN, "sister": {**GIVEN, "open_id": "x"}, "stranger": {**GIVEN, "client_key": "another"}, "keyless": {}}
    made = adapter(door, "http://127.0.0.1:1", Vault(CredentialBook(SecretStr(json.dumps(book)))))
    lanes = {name: made.lane(account(CHANNEL, credential=name).channels[0]) for name in book}

    assert lanes["demo"] == lanes["sister"] != lanes["stranger"]
    assert lanes["keyless"] == "douyin.openapi keyless"
    assert not any(secret in lane for lane in lanes.values() for secret in GIVEN.values())


def test_the_channel_is_off_until_it_is_wanted() -> None:
    wishes = DouyinOpenApiSettings()

    assert not wishes.enabled and wishes.base_url == "https://open.douyin.com" and wishes.spacing_seconds == 6.0
    assert SEC_UID.startswith("MS4wLjABAAAA")
