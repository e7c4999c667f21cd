"""`weibo.openapi`: goldens, every refusal, what goes over the wire; what no window may exceed."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from channels import BOOK, NOW, TOKEN, UID, Reply, account, adapter, asked, expected, fixtures, serving, told

from adapters.http import Door
from adapters.weibo_openapi import WeiboOpenApi, WeiboOpenApiSettings, read
from monitor.access.credentials import Vault
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited
from monitor.model import BEGINNING, Sight
from monitor.ports import Quota

CHANNEL = "weibo.openapi"


@pytest.mark.parametrize("path", fixtures(CHANNEL), ids=lambda path: path.stem)
def test_a_timeline_reads_as_expected(path: Path) -> None:
    assert told(lambda: read(path.read_bytes(), asked(CHANNEL), UID)) == expected(path)


REFUSALS = [
    (10004, AuthError),
    (10006, AuthError),
    (10014, AuthError),
    (10022, RateLimited),
    (10023, RateLimited),
    (10024, RateLimited),
    (20003, AccountGone),
    (20101, Degraded),
    (20112, Degraded),
    (20401, AccountGone),
    (20502, AuthError),
    (21301, AuthError),
    (21325, AuthError),
    (21327, AuthError),
    (21332, AuthError),
    (29999, ParseError),
]


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500])
@pytest.mark.parametrize("as_text", [False, True], ids=["number", "text"])
@pytest.mark.parametrize(("code", "kind"), REFUSALS)
async def test_a_refusal_is_told_by_its_code_whatever_the_status(code: int, kind: type[LookError], as_text: bool, status: int) -> None:
    body = json.dumps({"error": "no", "error_code": str(code) if as_text else code, "request": "/2/statuses/user_timeline.json"})
    async with Door(random.Random(1), retry_wait=0.0) as door, serving(Reply(body.encode(), status)) as served:
        watched = account(CHANNEL)

        with pytest.raises(kind) as caught:
            await adapter(CHANNEL, door, served.base_url).look(watched, watched.channels[0], {}, NOW)

    assert type(caught.value) is kind
    assert str(code) in str(caught.value)
    assert (caught.value.retry_after is not None) == (kind is RateLimited)


async def test_the_token_travels_in_the_header_and_never_in_the_address() -> None:
    body = next(path for path in fixtures(CHANNEL) if path.stem == "page").read_bytes()
    async with Door(random.Random(1)) as door, serving(Reply(body)) as served:
        watched = account(CHANNEL)

        await adapter(CHANNEL, door, served.base_url).look(watched, watched.channels[0], {}, NOW)

    asked_for = served.requests[0]
    assert asked_for.path == "/2/statuses/user_timeline.json"
    assert dict(asked_for.query) == {"uid": UID, "count": "5"}
    assert asked_for.headers["Authorization"] == f"OAuth2 {TOKEN}"


async def test_a_redirect_takes_the_token_nowhere() -> None:
    async with Door(random.Random(1)) as door, serving() as other:
        async with serving(Reply(b"", 302, {"Location": other.base_url})) as served:
            watched = account(CHANNEL)

            with pytest.raises(ParseError):
                await adapter(CHANNEL, door, served.base_url).look(watched, watched.channels[0], {}, NOW)

    assert other.requests == []


@pytest.mark.parametrize("credential", ["", "unknown", "app"])
async def test_a_missing_token_is_our_trouble(credential: str) -> None:
    async with Door(random.Random(1)) as door:
        watched = account(CHANNEL, credential=credential)

        with pytest.raises(AuthError):
            await adapter(CHANNEL, door, "http://127.0.0.1:1").look(watched, watched.channels[0], {}, NOW)


async def test_a_handle_that_is_no_uid_is_never_sent() -> None:
    async with Door(random.Random(1)) as door:
        watched = account(CHANNEL)
        wrong = watched.channels[0].model_copy(update={"handle": "ahljaj"})

        with pytest.raises(ParseError):
            await adapter(CHANNEL, door, "http://127.0.0.1:1").look(watched, wrong, {}, NOW)


def status(mid: str, at: str, **changes: Any) -> dict[str, Any]:
    return {"mid": mid, "created_at": at, "text": "x", "user": {"id": int(UID)}, **changes}


PIN_SIGNALS = {"isTop": {"isTop": 1}, "mblogtype": {"mblogtype": 2}, "title": {"title": {"text": "置顶"}}, "as text": {"isTop": "1"}}
NO_PIN_SIGNALS = {"public": {"title": {"text": "公开"}}, "mblogtype 1": {"mblogtype": 1}, "none": {"isTop": 0, "title": None}}


@pytest.mark.parametrize("signal", PIN_SIGNALS.values(), ids=PIN_SIGNALS)
def test_any_signal_of_a_pin_keeps_it_from_stretching_the_view(signal: dict[str, Any]) -> None:
    pinned = status("5000000000000001", "Mon Jan 08 09:00:00 +0800 2024", **signal)
    newest = status("5234000000000405", "Thu Nov 19 18:30:05 +0800 2026")

    snapshot = read(json.dumps({"statuses": [pinned, newest]}).encode(), asked(CHANNEL), UID)

    assert snapshot.covers_from == datetime(2026, 11, 19, 10, 30, 5, tzinfo=UTC)
    assert [post.pinned for post in snapshot.posts] == [False, True]


@pytest.mark.parametrize("signal", NO_PIN_SIGNALS.values(), ids=NO_PIN_SIGNALS)
def test_other_marks_are_no_pins(signal: dict[str, Any]) -> None:
    body = {"statuses": [status("5234000000000405", "Thu Nov 19 18:30:05 +0800 2026", **signal)]}

    assert not read(json.dumps(body).encode(), asked(CHANNEL), UID).posts[0].pinned


@pytest.mark.parametrize(("kind", "private"), [(0, False), (1, True), (3, True), (4, True), ("0", False), (None, False)])
def test_what_the_public_cannot_see_is_private(kind: object, private: bool) -> None:
    body = {"statuses": [status("5234000000000405", "Thu Nov 19 18:30:05 +0800 2026", visible={"type": kind})]}

    assert read(json.dumps(body).encode(), asked(CHANNEL), UID).posts[0].private is private


def test_a_page_with_a_post_from_the_future_is_read_again_when_its_time_has_come() -> None:
    body = json.dumps({"statuses": [status("1", "Thu Nov 19 18:30:05 +0800 2026"), status("2", "Fri Nov 20 12:30:00 +0800 2026")]})

    before = read(body.encode(), asked(CHANNEL), UID)
    after = read(body.encode(), asked(CHANNEL, now=NOW + timedelta(hours=1)), UID)

    assert before.skipped == {"future": 1} and before.memory == {}
    assert before.covers_from is None and "future" in before.partial, "a post that is there already was dated wrongly: others may be"
    assert len(after.posts) == 2 and after.memory and after.covers_from


def test_a_list_that_is_all_the_account_ever_posted_covers_everything() -> None:
    body = next(path for path in fixtures(CHANNEL) if path.stem == "complete_list").read_bytes()

    assert read(body, asked(CHANNEL), UID).covers_from == BEGINNING


def test_where_all_posts_are_unseen_the_time_before_them_stays_unseen() -> None:
    before = read(timeline(status(str(number), f"Thu Nov 19 10:0{number}:00 +0800 2026") for number in (5, 4, 3, 2, 1)), at(-24), UID)
    after = read(timeline(status(f"1{number}", f"Thu Nov 19 18:0{number}:00 +0800 2026") for number in (5, 4, 3, 2, 1)), at(0), UID)

    sight = Sight()
    for seen in (before, after):
        assert seen.covers_from is not None and seen.covers_until is not None
        sight = sight.add(seen.covers_from, seen.covers_until)

    assert before.covers_until is not None and after.covers_from is not None
    assert before.covers_until < after.covers_from == after.posts[-1].published_at
    assert not sight.saw(before.covers_until, after.covers_from)
    assert len(sight.spans) == 2


def timeline(statuses: Any, total: int = 300) -> bytes:
    return json.dumps({"statuses": list(statuses), "total_number": total}).encode()


def at(hours: int) -> Any:
    return asked(CHANNEL, now=NOW + timedelta(hours=hours))


def test_each_token_has_a_day_of_its_own_and_all_share_the_hosts_hour() -> None:
    made = WeiboOpenApi(WeiboOpenApiSettings(), Door(), Vault(BOOK))
    quotas = {
        (name, mode): set(made.quotas(account(CHANNEL, credential=name, mode=mode).channels[0]))
        for name in ("a", "b")
        for mode in ("own", "batch", "other")
    }

    host = Quota("weibo.openapi host api.weibo.com", 15_000, 3600)
    assert quotas["a", "own"] == {Quota("weibo.openapi user a", 100, 86_400), host}
    # A batch counts for the same user as his own timeline does.
    assert quotas["a", "batch"] == quotas["a", "own"]
    assert quotas["a", "own"] & quotas["b", "own"] == {host}
    assert Quota("weibo.openapi host c.api.weibo.com", 15_000, 3600) in quotas["a", "other"]


async def test_a_token_out_of_its_quota_is_not_asked_with() -> None:
    class Full:
        """A ledger that has no request left for one user."""

        def take(self, lane: str, quotas: Sequence[Quota]) -> None:
            if any(quota.name == "weibo.openapi user demo" for quota in quotas):
                raise RateLimited("used up", retry_after=60)

        def rested(self, lane: str, spacing: float) -> float:
            return 0.0

    async with Door(random.Random(1), ledger=Full()) as door, serving() as served:
        each = account(CHANNEL)

        with pytest.raises(RateLimited):
            await adapter(CHANNEL, door, served.base_url).look(each, each.channels[0], {}, NOW)

    assert served.requests == []
