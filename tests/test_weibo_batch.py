"""`weibo.openapi` in its other modes: up to twenty accounts in one request, and the business API."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from channels import BOOK, NOW, TOKEN, Reply, Served, account, serving

from adapters.http import Door
from adapters.weibo_openapi import MANY, WeiboOpenApi, WeiboOpenApiSettings
from monitor.access.credentials import Vault
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.model import Account, Snapshot

CHANNEL = "weibo.openapi"


def timeline(statuses: Any, total: int = 300) -> bytes:
    return json.dumps({"statuses": list(statuses), "total_number": total}).encode()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


def uid_of(number: int) -> str:
    return str(6200000000 + number)


def watched(number: int, **options: str) -> Account:
    made = account(CHANNEL, **{"mode": "batch", **options})
    channel = made.channels[0].model_copy(update={"handle": uid_of(number)})
    return made.model_copy(update={"id": f"weibo:{uid_of(number)}", "channels": (channel,)})


def of(number: int, mid: int, hour: int = 10, **changes: Any) -> dict[str, Any]:
    created = f"Thu Nov 19 {hour}:00:00 +0800 2026"
    return {"mid": str(mid), "created_at": created, "text": "x", "user": {"id": int(uid_of(number))}, **changes}


def batching(door: Door, served: Served, **wishes: Any) -> WeiboOpenApi:
    settings = WeiboOpenApiSettings(
        base_url=served.base_url, business_url=f"{served.base_url}/business", spacing_seconds=0, **{"gather_seconds": 0.05, **wishes}
    )
    return WeiboOpenApi(settings, door, Vault(BOOK))


async def together(
    made: WeiboOpenApi, numbers: Sequence[int], memory: Mapping[str, Any] | None = None, **options: str
) -> list[Snapshot | BaseException]:
    looks = [made.look(each, each.channels[0], memory or {}, NOW) for each in (watched(number, **options) for number in numbers)]
    return await asyncio.gather(*looks, return_exceptions=True)


async def test_looks_that_come_together_share_one_request_and_each_gets_its_own_posts(door: Door) -> None:
    body = timeline([of(1, 11, 12), of(3, 31, 11), of(1, 12, 10), of(9, 91, 9)])
    async with serving(Reply(body)) as served:
        seen = await together(batching(door, served), (1, 2, 3))

    (request,) = served.requests
    assert request.path == "/2/statuses/timeline_batch.json"
    assert dict(request.query) == {"uids": ",".join(uid_of(number) for number in (1, 2, 3)), "count": "20"}
    assert request.headers["Authorization"] == f"OAuth2 {TOKEN}"
    one, two, three = seen
    assert isinstance(one, Snapshot) and isinstance(three, Snapshot)
    assert [post.id for post in one.posts] == [f"weibo:weibo:{uid_of(1)}:11", f"weibo:weibo:{uid_of(1)}:12"]
    assert [post.id for post in three.posts] == [f"weibo:weibo:{uid_of(3)}:31"]
    assert (one.covers_from, three.covers_from) == (one.posts[-1].published_at, three.posts[0].published_at)
    assert one.digest == three.digest != ""
    # Nothing of its own is on the page: that may be silence, a page that is full, or a consent that is missing.
    assert type(two) is Degraded


async def test_an_item_of_nobody_makes_every_accounts_view_doubtful(door: Door) -> None:
    body = timeline([of(1, 11), {"mid": "5", "text": "whose?"}, of(2, 21)])
    async with serving(Reply(body)) as served:
        one, two = await together(batching(door, served), (1, 2))

    assert isinstance(one, Snapshot) and isinstance(two, Snapshot)
    assert one.posts and two.posts
    assert one.partial and two.partial and one.covers_from is None is two.covers_from


async def test_no_request_names_more_accounts_than_the_interface_takes(door: Door) -> None:
    numbers = range(MANY + 5)
    async with serving(Reply(timeline([of(number, 100 + number) for number in numbers]))) as served:
        seen = await together(batching(door, served, gather_seconds=0.2), numbers)

    assert sorted(len(request.query["uids"].split(",")) for request in served.requests) == [5, MANY]
    assert all(isinstance(each, Snapshot) for each in seen)


async def test_a_full_batch_does_not_wait_for_more(door: Door) -> None:
    async with serving(Reply(timeline([of(number, 100 + number) for number in range(MANY)]))) as served:
        async with asyncio.timeout(5):
            seen = await together(batching(door, served, gather_seconds=30), range(MANY))

    assert len(served.requests) == 1 and all(isinstance(each, Snapshot) for each in seen)


async def test_accounts_of_different_credentials_or_modes_are_never_asked_for_together(door: Door) -> None:
    async with serving(Reply(timeline([of(1, 11), of(2, 21)]))) as served:
        made = batching(door, served)
        one, two = watched(1), watched(2, mode="other_batch")
        await asyncio.gather(*(made.look(each, each.channels[0], {}, NOW) for each in (one, two)))
        lanes = {made.lane(account(CHANNEL, credential=name, mode=mode).channels[0]) for name in ("a", "b") for mode in ("batch", "own")}

    assert sorted(request.path for request in served.requests) == [
        "/2/statuses/timeline_batch.json",
        "/business/2/statuses/user_timeline_batch.json",
    ]
    assert len(lanes) == 4


async def test_who_gives_up_waiting_takes_nobody_along(door: Door) -> None:
    async with serving(Reply(timeline([of(1, 11), of(2, 21)]))) as served:
        made = batching(door, served, gather_seconds=0.2)
        first, second = watched(1), watched(2)
        impatient = asyncio.create_task(made.look(first, first.channels[0], {}, NOW))
        patient = asyncio.create_task(made.look(second, second.channels[0], {}, NOW))
        await asyncio.sleep(0.05)
        impatient.cancel()

        seen = await patient

    assert impatient.cancelled() and [post.id[-2:] for post in seen.posts] == ["21"]


async def test_what_nobody_waits_for_any_more_is_not_asked_and_does_not_hurt_who_comes_next(door: Door) -> None:
    async with serving(Reply(timeline([of(1, 11)]))) as served:
        made = batching(door, served, gather_seconds=0.1)
        each = watched(1)
        gone = asyncio.create_task(made.look(each, each.channels[0], {}, NOW))
        await asyncio.sleep(0.02)
        gone.cancel()
        await asyncio.sleep(0)

        seen = await made.look(each, each.channels[0], {}, NOW)

    assert seen.posts and len(served.requests) == 1


async def test_an_answer_as_before_is_unchanged_for_each_account_by_itself(door: Door) -> None:
    async with serving(Reply(timeline([of(1, 11), of(2, 21)])), Reply(timeline([of(2, 22, 11), of(1, 11), of(2, 21)]))) as served:
        made = batching(door, served)
        first = watched(1)
        before = await together(made, (1, 2))
        assert isinstance(before[0], Snapshot)
        again = asyncio.create_task(made.look(first, first.channels[0], before[0].memory, NOW + timedelta(hours=1)))
        await together(made, (2,))

        seen = await again

    assert seen.unchanged and seen.covers_from == before[0].covers_from and seen.covers_until == NOW + timedelta(hours=1)


@pytest.mark.parametrize(("code", "kind"), [(21327, AuthError), (10023, RateLimited), (10014, AuthError), (29999, ParseError)])
async def test_a_refusal_of_all_reaches_everybody_as_an_error_of_his_own(code: int, kind: type[LookError], door: Door) -> None:
    async with serving(Reply(json.dumps({"error_code": code}).encode(), 403)) as served:
        seen = await together(batching(door, served), (1, 2, 3))

    assert len(served.requests) == 1
    assert all(type(each) is kind for each in seen) and len({id(each) for each in seen}) == 3
    waits = {each.retry_after for each in seen if isinstance(each, LookError)}
    assert waits == ({24 * 3600.0} if kind is RateLimited else {None})


@pytest.mark.parametrize("status_code", [200, 400])
@pytest.mark.parametrize("code", [20003, 20401, 20502])
async def test_a_refusal_because_of_one_is_not_held_against_the_others(code: int, status_code: int, door: Door) -> None:
    refused = Reply(json.dumps({"error_code": code}).encode(), status_code)
    bodies = [timeline(posts) for posts in ([of(1, 11)], [of(2, 21)], [of(1, 11), of(2, 21)])]
    async with serving(refused, *map(Reply, bodies)) as served:
        made = batching(door, served)
        first = await together(made, (1, 2))
        alone = await together(made, (1, 2))
        await together(made, (1, 2))

    assert all(isinstance(each, Degraded) for each in first)
    assert all(isinstance(each, (Snapshot, Degraded)) for each in alone)
    assert [request.query["uids"].count(",") for request in served.requests] == [1, 0, 0, 1]


async def test_the_one_who_is_gone_is_found_when_he_is_asked_for_alone(door: Door) -> None:
    async with serving(Reply(b'{"error_code":20003}', 400)) as served:
        made = batching(door, served)
        await together(made, (1, 2))

        (seen,) = await together(made, (1,))

    assert type(seen) is AccountGone


@pytest.mark.parametrize("broken", [b"", b"<html></html>", b'{"statuses": 5}', b"[1,"])
async def test_a_broken_batch_is_an_error_for_everybody(broken: bytes, door: Door) -> None:
    async with serving(Reply(broken)) as served:
        seen = await together(batching(door, served), (1, 2))

    assert all(type(each) is ParseError for each in seen)


async def test_a_missing_token_stops_a_batch_before_it_is_sent(door: Door) -> None:
    async with serving() as served:
        seen = await together(batching(door, served), (1, 2), credential="app")

    assert served.requests == [] and all(type(each) is AuthError for each in seen)


async def test_the_business_api_is_asked_for_any_account_at_its_own_address(door: Door) -> None:
    async with serving(Reply(timeline([of(1, 11)]))) as served:
        each = watched(1, mode="other")

        seen = await batching(door, served).look(each, each.channels[0], {}, NOW)

    (request,) = served.requests
    assert request.path == "/business/2/statuses/user_timeline/other.json"
    assert dict(request.query) == {"uid": uid_of(1), "count": "20"}
    assert seen.covers_from == seen.posts[0].published_at


async def test_a_mode_nobody_knows_is_refused_before_anything_is_sent(door: Door) -> None:
    each = watched(1, mode="all")
    async with serving() as served:
        with pytest.raises(ParseError, match="mode"):
            await batching(door, served).look(each, each.channels[0], {}, NOW)

    assert served.requests == []


async def test_polling_may_lend_as_many_accounts_as_fill_two_batches(door: Door) -> None:
    async with serving() as served:
        made = batching(door, served)

    assert made.room(watched(1).channels[0]) == made.room(watched(1, mode="other_batch").channels[0]) == 2 * MANY
    assert made.room(account(CHANNEL).channels[0]) == made.settings.in_flight
    assert made.room(account(CHANNEL, mode="nonsense").channels[0]) == made.settings.in_flight


async def test_a_failing_server_fails_everybody_after_three_tries(door: Door) -> None:
    async with serving(Reply(b"oops", 502)) as served:
        seen = await together(batching(door, served), (1, 2))

    assert len(served.requests) == 3 and all(type(each) is TransportFault for each in seen)
