"""t.cn links in the official list are expanded: few requests for many, each once, and nothing that goes wrong fails a look."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from channels import BOOK, NOW, UID, Reply, Served, account, serving

from adapters.http import Door
from adapters.reading.weibo_shorts import KEPT, LONG_LIMIT, NOWHERE, Learnt, read_expanded
from adapters.weibo_openapi import EXPAND, LINKS, WeiboOpenApi, WeiboOpenApiSettings
from monitor.access.credentials import Vault
from monitor.errors import AuthError, ParseError, RateLimited
from monitor.model import Channel, Snapshot
from monitor.ports import Quota

CHANNEL = "weibo.openapi"
LONG = "https://www.qingxi.example/art/2026/11/19/art_1_1.html"


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


def status(number: int, text: str, uid: str = UID, **changes: Any) -> dict[str, Any]:
    created = f"Thu Nov 19 10:{number:02}:00 +0800 2026"
    return {"mid": str(5234000000000400 + number), "created_at": created, "text": text, "user": {"id": int(uid)}, **changes}


def timeline(*statuses: Mapping[str, Any]) -> bytes:
    return json.dumps({"statuses": list(statuses), "total_number": 300}).encode()


def answer(longs: Mapping[str, object], result: object = "true") -> Reply:
    urls = [{"url_short": f"http://t.cn/{code}", "url_long": long, "type": 0, "result": result} for code, long in longs.items()]
    return Reply(json.dumps({"urls": urls}).encode())


def made(door: Door, served: Served, **wishes: Any) -> WeiboOpenApi:
    settings = WeiboOpenApiSettings(base_url=served.base_url, spacing_seconds=0, **{"gather_seconds": 0.05, **wishes})
    return WeiboOpenApi(settings, door, Vault(BOOK))


async def look(adapter: WeiboOpenApi, memory: Mapping[str, Any] | None = None, now: datetime = NOW) -> Snapshot:
    watched = account(CHANNEL)
    return await adapter.look(watched, watched.channels[0], memory or {}, now)


def expansions(served: Served) -> list[list[str]]:
    """Return the links that each request to the interface asked for."""
    return [request.query.getall("url_short") for request in served.requests if request.path == EXPAND]


async def test_a_short_link_is_expanded_and_becomes_the_citation(door: Door) -> None:
    async with serving(Reply(timeline(status(1, "【供暖启动】详情见 http://t.cn/A6demo01")))) as served:
        served.by_path[EXPAND] = [answer({"A6demo01": LONG})]

        (post,) = (await look(made(door, served))).posts

    assert post.text == f"【供暖启动】详情见 http://t.cn/A6demo01\n{LONG}"
    assert post.citation is not None and post.citation.url == LONG
    assert expansions(served) == [["http://t.cn/A6demo01"]]
    assert served.requests[-1].headers["Authorization"].startswith("OAuth2 ")


LEADING: dict[str, tuple[dict[str, object], bool]] = {
    "to a page": ({"A6demo01": LONG}, True),
    "nobody knows where": ({}, False),
    "to a film": ({"A6demo01": "https://video.weibo.com/show?fid=1034:5100000000000001"}, False),
    "to a page of the platform's": ({"A6demo01": "https://weibo.com/p/2304445100000000000001"}, False),
}


@pytest.mark.parametrize(("longs", "whole"), LEADING.values(), ids=LEADING)
async def test_a_text_with_a_short_link_is_whole_once_it_is_known_to_lead_to_a_page(
    longs: Mapping[str, object], whole: bool, door: Door
) -> None:
    async with serving(Reply(timeline(status(1, "【供暖启动】详情见 http://t.cn/A6demo01", isLongText=False)))) as served:
        served.by_path[EXPAND] = [answer(longs)]

        (post,) = (await look(made(door, served))).posts

    assert post.whole is whole


async def test_a_folded_text_stays_no_whole_one_when_its_link_is_known(door: Door) -> None:
    async with serving(Reply(timeline(status(1, "【供暖启动】详情见 http://t.cn/A6demo01", isLongText=True)))) as served:
        served.by_path[EXPAND] = [answer({"A6demo01": LONG})]

        (post,) = (await look(made(door, served))).posts

    assert not post.whole


async def test_all_links_of_a_page_are_asked_for_at_once_and_each_once(door: Door) -> None:
    texts = [f"见 http://t.cn/A6x{number} 和 https://t.cn/A6same" for number in range(5)]
    async with serving(Reply(timeline(*(status(number, text) for number, text in enumerate(texts))))) as served:
        served.by_path[EXPAND] = [answer({"A6same": LONG})]

        snapshot = await look(made(door, served))

    assert [len(links) for links in expansions(served)] == [6]
    assert all(LONG in post.text for post in snapshot.posts)


async def test_what_was_learnt_is_told_at_every_look_without_asking_again(door: Door) -> None:
    pages = [timeline(status(1, "旧的 http://t.cn/A6demo01")), timeline(status(2, "新的"), status(1, "旧的 http://t.cn/A6demo01"))]
    async with serving(Reply(pages[0])) as served:
        served.by_path[EXPAND] = [answer({"A6demo01": LONG})]
        first = await look(made(door, served))
        served.replies = [Reply(pages[1])]

        later = await look(made(door, served), first.memory, NOW + timedelta(hours=1))

    assert len(expansions(served)) == 1
    assert later.posts[-1].text == first.posts[0].text and later.posts[-1].citation == first.posts[0].citation


async def test_a_page_whose_links_are_all_known_is_not_read_again(door: Door) -> None:
    async with serving(Reply(timeline(status(1, "http://t.cn/A6demo01")))) as served:
        served.by_path[EXPAND] = [answer({"A6demo01": LONG})]
        first = await look(made(door, served))

        later = await look(made(door, served), first.memory)

    assert later.unchanged and later.memory == first.memory


REFUSALS = {
    "no permission": Reply(json.dumps({"error": "no", "error_code": 10014}).encode(), 403),
    "quota used up": Reply(json.dumps({"error": "no", "error_code": "10023"}).encode()),
    "too many requests": Reply(b"", 429, {"Retry-After": "900"}),
    "no such interface": Reply(b"<html>404</html>", 404),
    "a fault": Reply(b"", 502),
    "no JSON": Reply(b"\x00\xff" * 500),
    "no list": Reply(b'{"urls": null}'),
    "another list": Reply(b'{"urls": [1, "x", null, {"url_short": {}}, []]}'),
    "a redirect": Reply(b"", 302, {"Location": "https://passport.example/login"}),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_a_refusal_leaves_the_link_short_and_the_look_whole(refusal: Reply, door: Door) -> None:
    async with serving(Reply(timeline(status(1, "详情 http://t.cn/A6demo01")))) as served:
        served.by_path[EXPAND] = [refusal]

        snapshot = await look(made(door, served))

    assert snapshot.partial == "" and snapshot.covers_from is not None
    assert snapshot.posts[0].text == "详情 http://t.cn/A6demo01"
    assert snapshot.posts[0].citation is not None and snapshot.posts[0].citation.url == "http://t.cn/A6demo01"


async def test_a_link_that_is_not_expanded_is_asked_for_three_times_and_then_left(door: Door) -> None:
    async with serving(Reply(timeline(status(1, "详情 http://t.cn/A6demo01")))) as served:
        served.by_path[EXPAND] = [answer({"A6demo01": ""}, "false")]
        memory: Mapping[str, Any] = {}
        seen = []
        for number in range(5):
            seen.append(await look(made(door, served), memory, NOW + timedelta(hours=number)))
            memory = seen[-1].memory

    assert len(expansions(served)) == 3
    assert [each.unchanged for each in seen] == [False, False, False, True, True]


async def test_a_link_that_is_expanded_late_is_read_from_the_page_that_is_still_the_same(door: Door) -> None:
    async with serving(Reply(timeline(status(1, "详情 http://t.cn/A6demo01")))) as served:
        served.by_path[EXPAND] = [answer({}), answer({"A6demo01": LONG})]
        first = await look(made(door, served))

        later = await look(made(door, served), first.memory)

    assert LONG not in first.posts[0].text
    assert LONG in later.posts[0].text


async def test_a_permission_that_is_missing_is_not_asked_about_again_that_day(door: Door) -> None:
    async with serving(Reply(timeline(status(1, "详情 http://t.cn/A6demo01")))) as served:
        served.by_path[EXPAND] = [REFUSALS["no permission"]]
        adapter = made(door, served)
        memory: Mapping[str, Any] = {}
        for hours in range(0, 25, 3):
            memory = (await look(adapter, memory, NOW + timedelta(hours=hours))).memory

    assert len(expansions(served)) == 2


async def test_after_a_refusal_the_interface_rests_while_the_list_is_read_on(door: Door) -> None:
    async with serving(Reply(timeline(status(1, "详情 http://t.cn/A6demo01")))) as served:
        served.by_path[EXPAND] = [Reply(b"", 429, {"Retry-After": "7200"})]
        adapter = made(door, served)
        memory = (await look(adapter)).memory

        for minutes in (15, 119, 121):
            memory = (await look(adapter, memory, NOW + timedelta(minutes=minutes))).memory

    assert len(expansions(served)) == 2, "an hour is not enough where two were asked for"


async def test_a_refusal_by_our_own_budget_counts_as_no_try(door: Door) -> None:
    class Spent:
        """A ledger with nothing left for short links."""

        def take(self, lane: str, quotas: Sequence[Quota]) -> None:
            if any("short links" in quota.name for quota in quotas):
                raise RateLimited("used up", retry_after=60, ours=True)

        def rested(self, lane: str, spacing: float) -> float:
            return 0.0

    async with serving(Reply(timeline(status(1, "详情 http://t.cn/A6demo01")))) as served:
        served.by_path[EXPAND] = [answer({"A6demo01": LONG})]
        memory: Mapping[str, Any] = {}
        async with Door(random.Random(1), ledger=Spent()) as spent:
            for _ in range(5):
                memory = (await look(made(spent, served), memory)).memory
        assert expansions(served) == []

        snapshot = await look(made(door, served), memory, NOW + timedelta(minutes=2))

    assert LONG in snapshot.posts[0].text


async def test_every_expansion_counts_under_the_tokens_and_the_hosts_quotas(door: Door) -> None:
    taken: list[Sequence[Quota]] = []

    class Counting:
        """A ledger that writes down what is counted."""

        def take(self, lane: str, quotas: Sequence[Quota]) -> None:
            taken.append(quotas)

        def rested(self, lane: str, spacing: float) -> float:
            return 0.0

    async with serving(Reply(timeline(status(1, "http://t.cn/A6demo01")))) as served:
        served.by_path[EXPAND] = [answer({"A6demo01": LONG})]
        async with Door(random.Random(1), ledger=Counting()) as counting:
            await look(made(counting, served))

    assert set(taken[0]) < set(taken[1])
    assert {quota.requests for quota in set(taken[1]) - set(taken[0])} == {20}


@pytest.mark.parametrize(("calls", "asked_for"), [(0, []), (1, [LINKS]), (2, [LINKS, 5])])
async def test_a_look_asks_no_more_than_it_may(calls: int, asked_for: list[int], door: Door) -> None:
    text = [" ".join(f"http://t.cn/A6n{5 * number + place}" for place in range(5)) for number in range(5)]
    async with serving(Reply(timeline(*(status(number, each) for number, each in enumerate(text))))) as served:
        served.by_path[EXPAND] = [answer({})]

        await look(made(door, served, short_link_calls=calls))

    assert [len(links) for links in expansions(served)] == asked_for


async def test_a_server_that_never_answers_costs_no_posts(door: Door) -> None:
    async with serving(Reply(timeline(status(1, "http://t.cn/A6demo01")))) as served:
        served.held = frozenset(range(2, 10))

        snapshot = await look(made(door, served, timeout_seconds=0.1))

    assert snapshot.covers_from is not None and len(snapshot.posts) == 1


async def test_the_accounts_of_a_batch_have_their_links_expanded_together(door: Door) -> None:
    uids = [str(6200000000 + number) for number in range(8)]

    def talk(request: web.Request, body: bytes) -> Reply:
        if request.path == EXPAND:
            return answer({link.rpartition("/")[2]: f"{LONG}?{link[-2:]}" for link in request.query.getall("url_short")})
        return Reply(timeline(*(status(number, f"见 http://t.cn/A6u{uid[-2:]}", uid) for number, uid in enumerate(uids))))

    async with serving() as served:
        served.make = talk
        adapter = made(door, served)
        watched = account(CHANNEL, mode="batch")
        channels = [Channel(adapter=CHANNEL, handle=uid, options=watched.channels[0].options) for uid in uids]
        seen = await asyncio.gather(*(adapter.look(watched, channel, {}, NOW) for channel in channels))

    assert [len(links) for links in expansions(served)] == [8]
    assert all(each.posts[0].citation and each.posts[0].citation.url.startswith(LONG) for each in seen)


async def test_hidden_and_deleted_posts_are_not_worth_a_request(door: Door) -> None:
    posts = status(1, "http://t.cn/A6a", visible={"type": 1}), status(2, "http://t.cn/A6b", deleted="1")
    async with serving(Reply(timeline(*posts))) as served:
        await look(made(door, served))

    assert expansions(served) == []


async def test_a_retweet_stays_a_retweet_of_its_original(door: Door) -> None:
    retweet = status(1, "请看 http://t.cn/A6demo01", retweeted_status=status(0, "原文", "1700000001"))
    async with serving(Reply(timeline(retweet))) as served:
        served.by_path[EXPAND] = [answer({"A6demo01": LONG})]

        (post,) = (await look(made(door, served))).posts

    assert post.kind == "repost" and post.citation is not None and post.citation.post_id == "5234000000000400"
    assert post.text.endswith(LONG)


HOSTILE = {
    "javascript:alert(1)": NOWHERE,
    "x" * 1_000_000: NOWHERE,
    "https://a.example/" + "x" * LONG_LIMIT: NOWHERE,
    "http://t.cn/A6other": NOWHERE,
    "https://weibo.cn/sinaurl?u=http%3A%2F%2Ft.cn%2FA6other": NOWHERE,
    "https://s.weibo.com/weibo?q=x": NOWHERE,
    "https://user:pass@a.example/": NOWHERE,
    "https://a.example/x y\nSet-Cookie: z": NOWHERE,
    "https://weibo.cn/sinaurl?u=https%3A%2F%2Fa.example%2F1": "https://a.example/1",
    "sinaweibo://browser?url=https%3A%2F%2Fa.example%2F2": "https://a.example/2",
    "https://weibo.com/ttarticle/p/show?id=2309405234000000000001&from=x": "https://weibo.com/ttarticle/p/show?id=2309405234000000000001",
    LONG: LONG,
}


@pytest.mark.parametrize(("long", "kept"), HOSTILE.items(), ids=range(len(HOSTILE)))
def test_only_an_address_a_browser_would_open_is_taken_for_one(long: str, kept: str) -> None:
    found = read_expanded(answer({"A6demo01": long}).body)

    assert found == {"A6demo01": kept}


@pytest.mark.parametrize("result", [False, "false", 0, None, ""])
def test_a_link_without_success_is_no_answer(result: object) -> None:
    assert read_expanded(answer({"A6demo01": LONG}, result).body) == {}


@pytest.mark.parametrize(("body", "kind"), [(b'{"error_code": 21332}', AuthError), (b"[]", ParseError), (b"", ParseError)])
def test_an_answer_that_is_a_refusal_is_told_as_one(body: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        read_expanded(body)


ROUGH = ["", "x", "\n" * 500, "A6 9", "A6 https://a.example\n" * 500, "A6  x", "A6 javascript:x", "A6 12", "\x00 1", 5, None, ["A6 1"]]


@pytest.mark.parametrize("kept", ROUGH, ids=range(len(ROUGH)))
def test_whatever_the_memory_holds_is_recalled_or_forgotten(kept: object) -> None:
    learnt = Learnt.recall({"shorts": kept})

    assert set(learnt.longs.values()) <= {"https://a.example"} and all(tries < 10 for tries in learnt.tries.values())


def test_the_memory_of_links_has_an_end() -> None:
    codes = [f"A6{number}" for number in range(500)]
    learnt = Learnt()
    learnt.add(dict.fromkeys(codes, "https://a.example/" + "x" * (LONG_LIMIT - 18)))

    kept = learnt.remember(codes)

    assert len(kept["shorts"]) <= KEPT * (LONG_LIMIT + 20)
    assert Learnt.recall(kept).longs.keys() == set(codes[:KEPT])
