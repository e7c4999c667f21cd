"""`douyin.gateway`: what goes over the wire, in both versions; what refusals mean; what is taken for unchanged, and for no works at all."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from channels import NOW, SEC_UID, Reply, account, adapter, asked, fixtures, serving
from pydantic import SecretStr

from adapters.douyin_gateway import DouyinGateway, DouyinGatewaySettings, read
from adapters.http import Door
from adapters.reading.douyin_works import V5_REFUSALS
from adapters.reading.peek import FULL_EVERY
from monitor.access.credentials import CredentialBook, Vault
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault

CHANNEL = "douyin.gateway"
PATH = "/api/douyin/web/fetch_user_post_videos"
POSTS = "/api/v1/douyin/user/posts"
TASK = "/api/v1/tasks/task-1"
KEY = "dtk_key-that-must-never-be-shown"


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


async def look(door: Door, base_url: str, /, **options: str) -> Any:
    watched = account(CHANNEL, **options)
    return await adapter(CHANNEL, door, base_url).look(watched, watched.channels[0], {}, NOW)


def gateway(door: Door, base_url: str, /, **wishes: Any) -> DouyinGateway:
    """Return a gateway's adapter whose credential `gate` holds a key."""
    settings = DouyinGatewaySettings(base_url=base_url, spacing_seconds=0, task_seconds=0.01, timeout_seconds=5, **wishes)
    book = CredentialBook(SecretStr(json.dumps({"gate": {"api_key": KEY}, "torn": {"api_key": "a b\nc"}, "bare": {"x": "y"}})))
    return DouyinGateway(settings, door, Vault(book))


async def seen_by(made: DouyinGateway, memory: Mapping[str, Any] | None = None, /, **options: str) -> Any:
    watched = account(CHANNEL, **options)
    return await made.look(watched, watched.channels[0], memory or {}, NOW)


def fixture(stem: str) -> Path:
    return next(path for path in fixtures(CHANNEL) if path.stem == stem)


def page(stem: str = "page") -> Any:
    return json.loads(fixture(stem).read_bytes())


def body(of: object) -> bytes:
    return json.dumps(of, ensure_ascii=False).encode()


STATUSES = {401: RateLimited, 403: RateLimited, 405: RateLimited, 412: RateLimited, 444: RateLimited, 404: ParseError, 500: TransportFault}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
async def test_a_status_means_what_douyin_means_by_it(status: int, kind: type[LookError], door: Door) -> None:
    async with serving(Reply(b"x", status)) as served:
        with pytest.raises(kind):
            await look(door, served.base_url)


async def test_the_gateway_failing_is_a_fault_of_transport(door: Door) -> None:
    failed = json.dumps({"detail": {"code": 400, "message": "An error occurred.", "time": "2024-10-17", "router": PATH}})
    async with serving(Reply(failed.encode(), 400)) as served:
        with pytest.raises(TransportFault):
            await look(door, served.base_url)

        assert len(served.requests) == 3


@pytest.mark.parametrize("code", V5_REFUSALS)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 502, 503])
async def test_a_v5_refusal_is_told_by_its_code_whatever_the_status(code: str, status: int, door: Door) -> None:
    refused = json.dumps({"success": False, "data": None, "error": {"code": code, "message": "no", "retry_after": 10}})
    async with serving(Reply(refused.encode(), status)) as served:
        with pytest.raises(V5_REFUSALS[code][0]) as caught:
            await look(door, served.base_url)

    assert caught.value.retry_after == 10


async def test_a_version_4_gateway_is_asked_for_the_first_page(door: Door) -> None:
    async with serving(Reply.of(fixture("page"))) as served:
        await look(door, served.base_url + "/", version="4")

    assert served.requests[0].path == PATH
    assert dict(served.requests[0].query) == {"sec_user_id": SEC_UID, "max_cursor": "0", "count": "20"}


async def test_a_version_5_gateway_is_asked_with_its_key_and_for_the_raw_works(door: Door) -> None:
    async with serving(Reply.of(fixture("v5_raw_items"))) as served:
        snapshot = await seen_by(gateway(door, served.base_url), credential="gate")

    (request,) = served.requests
    assert request.path == POSTS
    assert dict(request.query) == {"sec_user_id": SEC_UID, "count": "20", "wait": "2", "include_raw": "true"}
    assert request.headers["X-API-Key"] == KEY
    assert [post.pinned for post in snapshot.posts] == [False, False, True]


async def test_a_key_that_cannot_be_sent_is_the_operators_to_mend(door: Door) -> None:
    with pytest.raises(AuthError, match="api_key") as caught:
        await seen_by(gateway(door, "http://127.0.0.1:1"), credential="torn")

    assert "a b" not in str(caught.value)


async def test_without_a_key_none_is_sent(door: Door) -> None:
    async with serving(Reply.of(fixture("page"))) as served:
        await seen_by(gateway(door, served.base_url), credential="bare")

    assert "X-API-Key" not in served.requests[0].headers


async def test_a_key_never_travels_on_to_another_address(door: Door) -> None:
    async with serving(Reply(b"", 302, {"Location": "/elsewhere"})) as served:
        with pytest.raises(ParseError) as caught:
            await seen_by(gateway(door, served.base_url), credential="gate")

    assert len(served.requests) == 1 and KEY not in f"{caught.value} {caught.value.head}"


async def test_a_gateway_that_lacks_the_newer_route_is_asked_in_the_older_way_from_then_on(door: Door) -> None:
    async with serving() as served:
        served.by_path = {POSTS: [Reply(b'{"detail":"Not Found"}', 404)], PATH: [Reply.of(fixture("page"))]}
        made = gateway(door, served.base_url)
        first = await seen_by(made)
        await seen_by(made)

    assert [request.path for request in served.requests] == [POSTS, PATH, PATH]
    assert first.posts and first.covers_from


async def test_a_gateway_that_was_renewed_meanwhile_is_found_again(door: Door) -> None:
    async with serving() as served:
        served.by_path = {
            POSTS: [Reply(b"gone", 404), Reply.of(fixture("v5_raw_items"))],
            PATH: [Reply.of(fixture("page")), Reply(b"gone", 404)],
        }
        made = gateway(door, served.base_url)
        await seen_by(made)
        await seen_by(made)
        await seen_by(made)

    assert [request.path for request in served.requests] == [POSTS, PATH, PATH, POSTS, POSTS]


async def test_an_account_that_is_not_found_is_no_missing_route(door: Door) -> None:
    refused = {"success": False, "data": None, "error": {"code": "NOT_FOUND", "message": "x", "details": {}}}
    async with serving(Reply(body(refused), 404)) as served:
        with pytest.raises(AccountGone):
            await seen_by(gateway(door, served.base_url))

        assert len(served.requests) == 1


@pytest.mark.parametrize("version", ["4", "5"])
async def test_a_version_that_was_set_is_the_only_one_asked(version: str, door: Door) -> None:
    async with serving(Reply(b"gone", 404)) as served:
        with pytest.raises(ParseError, match="404"):
            await seen_by(gateway(door, served.base_url, version=version))

        assert [request.path for request in served.requests] == [PATH if version == "4" else POSTS]


async def test_a_version_nobody_knows_is_refused(door: Door) -> None:
    with pytest.raises(ParseError, match="version"):
        await look(door, "http://127.0.0.1:1", version="6")


def started(state: str = "queued") -> dict[str, Any]:
    return {"success": True, "data": {"task_id": "task-1", "state": state}, "error": None, "meta": {"request_id": "x"}}


async def test_a_task_is_asked_after_until_it_is_done(door: Door) -> None:
    asks = [Reply(body(started())), Reply(body(started("running"))), Reply.of(fixture("v5_task_done"))]
    async with serving() as served:
        served.by_path = {POSTS: [Reply(body(started()), 202)], TASK: asks}
        snapshot = await seen_by(gateway(door, served.base_url), credential="gate")

    assert [request.path for request in served.requests] == [POSTS, TASK, TASK, TASK]
    assert all(request.headers["X-API-Key"] == KEY for request in served.requests)
    assert snapshot.posts and snapshot.covers_from


async def test_a_task_that_does_not_end_is_no_answer(door: Door) -> None:
    async with serving(Reply(body(started()), 202)) as served:
        with pytest.raises(TransportFault, match="not finished"):
            await seen_by(gateway(door, served.base_url, task_polls=3))

        assert len(served.requests) == 4


async def test_a_task_that_failed_says_why_though_the_status_is_200(door: Door) -> None:
    async with serving() as served:
        served.by_path = {POSTS: [Reply(body(started()), 202)], TASK: [Reply.of(fixture("v5_task_failed"))]}
        with pytest.raises(RateLimited) as caught:
            await seen_by(gateway(door, served.base_url))

    assert caught.value.retry_after == 60


async def test_a_task_that_is_gone_is_a_fault_of_transport(door: Door) -> None:
    gone = {"success": False, "data": None, "error": {"code": "TASK_NOT_FOUND", "message": "x", "details": {}}}
    async with serving() as served:
        served.by_path = {POSTS: [Reply(body(started()), 202)], TASK: [Reply(body(gone), 404)]}
        with pytest.raises(TransportFault):
            await seen_by(gateway(door, served.base_url))


@pytest.mark.parametrize("task", ["../../admin", "a?b", "", "x" * 200, None])
async def test_a_task_whose_id_fits_in_no_address_is_not_asked_after(task: object, door: Door) -> None:
    answer = {"success": True, "data": {"task_id": task, "state": "queued"}}
    async with serving(Reply(body(answer), 202)) as served:
        with pytest.raises(ParseError):
            await seen_by(gateway(door, served.base_url))

        assert len(served.requests) == 1


async def test_a_refusal_without_a_time_of_its_own_takes_the_headers(door: Door) -> None:
    refused = {"success": False, "data": None, "error": {"code": "QUEUE_FULL", "message": "x"}}
    async with serving(Reply(body(refused), 503, {"Retry-After": "33"})) as served:
        with pytest.raises(RateLimited) as caught:
            await seen_by(gateway(door, served.base_url))

    assert caught.value.retry_after == 33


async def test_an_account_may_have_a_gateway_of_its_own(door: Door) -> None:
    async with serving(Reply.of(fixture("page"))) as served:
        snapshot = await look(door, "http://127.0.0.1:1", base_url=served.base_url)

    assert snapshot.posts


@pytest.mark.parametrize("base_url", ["file:///etc/passwd", "ftp://gateway.example", "gateway.example", "http://"])
async def test_a_gateway_that_is_no_web_address_is_refused(base_url: str, door: Door) -> None:
    with pytest.raises(ParseError):
        await look(door, "http://127.0.0.1:1", base_url=base_url)


async def test_without_a_gateway_the_operator_is_told(door: Door) -> None:
    with pytest.raises(AuthError):
        await look(door, "")

    assert "base_url" in (await adapter(CHANNEL, door, "").check())[0]


@pytest.mark.parametrize("handle", ["100000000000001", "qingxi", "MS4wLjABAAAA", SEC_UID + "&x=1", SEC_UID + "/../"])
async def test_a_handle_that_is_no_sec_uid_is_never_sent(handle: str, door: Door) -> None:
    watched = account(CHANNEL)
    wrong = watched.channels[0].model_copy(update={"handle": handle})

    with pytest.raises(ParseError):
        await adapter(CHANNEL, door, "http://127.0.0.1:1").look(watched, wrong, {}, NOW)


def logged(of: Any, number: int) -> bytes:
    """Return the body with a log id of its own, as every real answer has one."""
    return body({**of, "data": {**of["data"], "log_pb": {"impr_id": f"2026112012000{number}"}}})


async def test_the_same_works_in_another_body_are_not_read_again_but_now_and_then(door: Door) -> None:
    async with serving(*(Reply(logged(page(), number)) for number in range(FULL_EVERY + 1))) as served:
        made = gateway(door, served.base_url)
        first = await seen_by(made)
        looks = [first]
        for _ in range(FULL_EVERY):
            looks.append(await seen_by(made, looks[-1].memory))

    assert [each.unchanged for each in looks] == [False] + [True] * (FULL_EVERY - 1) + [False]
    assert {each.covers_from for each in looks} == {first.covers_from}
    assert looks[-1].posts == first.posts


def with_change(name: str) -> Any:
    changed = page()
    data = changed["data"]
    match name:
        case "a new work":
            data["aweme_list"].insert(3, {**data["aweme_list"][2], "aweme_id": "7571000000000000001"})
        case "an old work, newly visible":
            data["aweme_list"].append({**data["aweme_list"][2], "aweme_id": "7561000000000000001", "create_time": 1_794_400_000})
        case "a work less":
            del data["aweme_list"][4]
        case "a pin taken off":
            data["aweme_list"][0]["is_top"] = 0
        case "a work hidden":
            data["aweme_list"][2]["status"]["private_status"] = 1
        case "no more to come":
            data["has_more"] = 0
    return changed


CHANGES = ["a new work", "an old work, newly visible", "a work less", "a pin taken off", "a work hidden", "no more to come"]


@pytest.mark.parametrize("name", CHANGES)
async def test_a_page_that_changed_is_read(name: str, door: Door) -> None:
    async with serving(Reply(logged(page(), 1)), Reply(logged(with_change(name), 2))) as served:
        made = gateway(door, served.base_url)
        first = await seen_by(made)
        again = await seen_by(made, first.memory)

    assert not again.unchanged and again.posts


async def test_an_old_work_that_becomes_visible_is_a_new_post_with_its_old_time(door: Door) -> None:
    before = read(body(page()), asked(CHANNEL), SEC_UID)
    after = read(body(with_change("an old work, newly visible")), asked(CHANNEL), SEC_UID)

    (late,) = {post.id for post in after.posts} - {post.id for post in before.posts}
    assert late.endswith(":7561000000000000001")
    assert max(post.published_at for post in after.posts) == max(post.published_at for post in before.posts)


DOUBTS: dict[str, tuple[dict[str, Any], type[LookError]]] = {
    "guest": ({"not_login_module": {"guide_login_tip_exist": True}}, Degraded),
    "guest, told in words": ({"not_login_module": {"guide_login_tip_text_biserial": "看更多最新作品"}}, Degraded),
    "captcha": ({"captcha": {"x": 1}}, RateLimited),
    "verify": ({"verify_ticket": "x"}, RateLimited),
    "risk": ({"status_code": 2156}, RateLimited),
    "login": ({"status_code": 2483}, AuthError),
}


@pytest.mark.parametrize(("doubt", "kind"), DOUBTS.values(), ids=DOUBTS)
async def test_the_same_works_under_a_mark_of_doubt_are_never_unchanged(doubt: dict[str, Any], kind: type[LookError], door: Door) -> None:
    marked = page()
    marked["data"].update(doubt)
    async with serving(Reply(logged(page(), 1)), Reply(logged(marked, 2))) as served:
        made = gateway(door, served.base_url)
        first = await seen_by(made)
        with pytest.raises(kind):
            await seen_by(made, first.memory)


async def test_an_account_that_becomes_private_is_not_unchanged(door: Door) -> None:
    gone = page()
    for work in gone["data"]["aweme_list"]:
        work["author"]["secret"] = 1
    async with serving(Reply(logged(page(), 1)), Reply(logged(gone, 2))) as served:
        made = gateway(door, served.base_url)
        first = await seen_by(made)
        with pytest.raises(AccountGone):
            await seen_by(made, first.memory)


async def test_a_large_compressed_page_is_read(door: Door) -> None:
    large = page()
    for work in large["data"]["aweme_list"]:
        work["video"] = {"play_addr": {"url_list": ["https://v.example/" + "x" * 1_000] * 100}}
    packed = gzip.compress(body(large))
    async with serving(Reply(packed, headers={"Content-Encoding": "gzip"})) as served:
        snapshot = await look(door, served.base_url)

    assert len(body(large)) > 800_000 and len(snapshot.posts) == 9


EMPTY: dict[str, Any] = {"code": 200, "data": {"status_code": 0, "has_more": 0, "aweme_list": []}}
PROFILE = "/api/douyin/web/handler_user_profile"


def profile(**user: Any) -> Reply:
    facts = {"sec_uid": SEC_UID, "nickname": "青溪发布", "aweme_count": 0, "secret": 0, "is_ban": False}
    return Reply(body({"code": 200, "data": {"status_code": 0, "user": {**facts, **user}}}))


async def ask_of_nobody(door: Door, empty: Any, told: Reply, **wishes: Any) -> tuple[Any, list[str]]:
    """Look at an account that shows no works, with what its profile tells; return what came of it, and what was asked."""
    async with serving() as served:
        served.by_path = {PATH: [Reply(body(empty))], PROFILE: [told]}
        made = gateway(door, served.base_url, version="4", **wishes)
        try:
            return await seen_by(made), [request.path for request in served.requests]
        except LookError as error:
            return error, [request.path for request in served.requests]


async def test_an_account_has_no_works_where_a_signed_in_source_and_its_profile_agree(door: Door) -> None:
    found, paths = await ask_of_nobody(door, EMPTY, profile(), signed_in=True)

    assert paths == [PATH, PROFILE]
    assert found.posts == () and found.covers_from is not None and found.covers_until == NOW
    assert found.memory == {} and found.profile["posts"] == "0"


async def test_a_source_of_which_it_is_not_known_whether_it_is_signed_in_never_shows_that_there_are_no_works(door: Door) -> None:
    found, paths = await ask_of_nobody(door, EMPTY, profile())

    assert isinstance(found, Degraded) and paths == [PATH]


UNSURE = [profile(aweme_count=3), profile(aweme_count=None), profile(aweme_count=False), profile(sec_uid="MS4wLjABAAAAother"), Reply(b"{}")]
UNSURE += [Reply(b"<html>"), Reply(b"x", 500), Reply(b"x", 404), Reply(body({"code": 200, "data": {"status_code": 0}})), Reply(body(EMPTY))]


@pytest.mark.parametrize("told", UNSURE)
async def test_a_profile_that_does_not_say_so_leaves_an_empty_list_in_doubt(told: Reply, door: Door) -> None:
    found, _ = await ask_of_nobody(door, EMPTY, told, signed_in=True)

    assert isinstance(found, Degraded) and found.snapshot is None


DOUBTFUL = [{"has_more": 1}, {"has_more": None}, {"aweme_list": None}, {"not_login_module": {"guide_login_tip_exist": 1}}]


@pytest.mark.parametrize("data", DOUBTFUL)
async def test_an_empty_list_with_any_doubt_about_it_asks_for_no_profile(data: dict[str, Any], door: Door) -> None:
    found, paths = await ask_of_nobody(door, {"code": 200, "data": {**EMPTY["data"], **data}}, profile(), signed_in=True)

    assert isinstance(found, Degraded) and paths == [PATH]


@pytest.mark.parametrize("mark", [{"secret": 1}, {"is_ban": True}, {"user_canceled": True}])
async def test_a_profile_tells_that_the_account_is_gone(mark: dict[str, Any], door: Door) -> None:
    found, _ = await ask_of_nobody(door, EMPTY, profile(**mark), signed_in=True)

    assert isinstance(found, AccountGone)


@pytest.mark.parametrize("told", [Reply(b""), Reply(b"blocked"), Reply(b"x", 403)])
async def test_a_refused_profile_is_a_refusal(told: Reply, door: Door) -> None:
    found, _ = await ask_of_nobody(door, EMPTY, told, signed_in=True)

    assert isinstance(found, RateLimited)


def test_the_lanes_figures_are_those_of_the_reference() -> None:
    wishes = DouyinGatewaySettings()

    assert (wishes.spacing_seconds, wishes.in_flight) == (6.0, 1)
    assert (wishes.breaker_refusals, wishes.breaker_accounts, wishes.breaker_minutes[0], wishes.breaker_minutes[-1]) == (3, 2, 15.0, 360.0)
    assert wishes.min_interval_minutes >= 30 and wishes.wait_seconds <= 30


async def test_no_request_goes_beyond_the_days_quota(door: Door) -> None:
    watched = account(CHANNEL).channels[0]
    made = gateway(door, "http://gate.example", daily_requests=100, hourly_requests=20)

    assert [(quota.requests, quota.seconds) for quota in made.quotas(watched)] == [(20, 3600.0), (100, 86_400.0)]
