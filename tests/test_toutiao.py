"""`toutiao.rows`: goldens, every row shape, what empty and refused mean, whose rows they are, and the wire."""

from __future__ import annotations

import json
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from channels import NOW, TOUTIAO_TOKEN, TOUTIAO_USER, Reply, account, adapter, asked, expected, fixtures, serving, told
from pydantic import SecretStr

from adapters.http import Door
from adapters.reading.toutiao import bare, moment, token_of
from adapters.reading.toutiao_list import Whom, read_rows
from adapters.toutiao_rows import ToutiaoRows, ToutiaoRowsSettings
from monitor.access.credentials import CredentialBook, Vault
from monitor.errors import LOOK_ERRORS, AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.model import Post, Snapshot

CHANNEL = "toutiao.rows"
WHOM = Whom(TOUTIAO_TOKEN, frozenset({TOUTIAO_USER}))
AT = int(NOW.timestamp())


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


async def look(door: Door, base_url: str, memory: dict[str, Any] | None = None, /, **options: str) -> Snapshot:
    watched = account(CHANNEL, **options)
    return await adapter(CHANNEL, door, base_url).look(watched, watched.channels[0], memory or {}, NOW)


def row(number: int = 1, hours: float = 2, **fields: Any) -> dict[str, Any]:
    at = AT - int(hours * 3600)
    who = {"user_id": TOUTIAO_USER, "name": "青溪发布"}
    made = {"cell_type": 60, "group_id": f"769000000000000{number:04d}", "title": f"第{number}期", "publish_time": at, "user_info": who}
    return {**made, **fields}


def listed(*rows: Any, **envelope: Any) -> bytes:
    whole = {"message": "success", "data": list(rows), "has_more": True, "next": {"max_behot_time": 1}}
    return json.dumps({**whole, **envelope}).encode()


def read(body: bytes, whom: Whom = WHOM, **changes: Any) -> Snapshot:
    return read_rows(body, asked(CHANNEL, **changes), whom)


def one(**fields: Any) -> Post:
    (post,) = read(listed(row(**fields))).posts
    return post


@pytest.mark.parametrize("path", fixtures(CHANNEL), ids=lambda path: path.stem)
def test_a_body_reads_as_expected(path: Path) -> None:
    assert told(lambda: read(path.read_bytes())) == expected(path)


@pytest.mark.parametrize(
    ("fields", "place", "kind"),
    [
        ({"cell_type": 60}, "article", "article"),
        ({"cell_type": 32, "title": None, "content": "一句话"}, "w", "post"),
        ({"cell_type": 49}, "video", "video"),
        ({"cell_type": 0}, "video", "video"),
        ({"cell_type": 0, "has_video": False}, "article", "article"),
        ({"cell_type": None, "has_video": True}, "video", "video"),
        ({"cell_type": None}, "article", "article"),
        ({"cell_type": None, "title": "", "content": "一句话"}, "w", "post"),
        ({"cell_type": 32, "comment_base": {"id": "7690000000000000001", "content": "转发"}}, "w", "repost"),
        ({"cell_type": "60"}, "article", "article"),
        ({"cell_type": 4711}, "article", "article"),
    ],
)
def test_a_kind_of_row_has_its_own_address(fields: dict[str, Any], place: str, kind: str) -> None:
    post = one(**fields)

    assert (post.kind, post.url) == (kind, f"https://www.toutiao.com/{place}/{post.id.rsplit(':', 1)[1]}/")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(AT, AT), (AT * 1000, AT), (str(AT), AT), (f"{AT}000", AT), ("2026-11-20 12:00:00", AT), (0, None), ("", None), (None, None)],
)
def test_a_time_is_in_seconds_or_milliseconds_or_text_of_beijing(value: object, seconds: int | None) -> None:
    assert moment(value) == (datetime.fromtimestamp(seconds, UTC) if seconds else None)


def test_the_time_a_row_was_put_into_the_feed_is_no_time_of_publication() -> None:
    snapshot = read(listed(row(1), {**row(2), "publish_time": None, "behot_time": AT}))

    assert len(snapshot.posts) == 1
    assert (snapshot.skipped, snapshot.covers_from) == ({"no_time": 1}, None)


@pytest.mark.parametrize(
    "hiding",
    [
        {"group_id_str": "7690000000000000777"},
        {"itemCell": {"articleBase": {"gidStr": "7690000000000000777"}}},
        {"itemCell": {"articleBase": {"groupID": 7690000000000000777}}},
        {"thread_id": 7690000000000000777},
        {"base_cell": {"log_pb": {"group_id_str": "7690000000000000777"}}},
        {"log_pb": {"group_id": "7690000000000000777"}},
        {"stream_cell": {"raw_data": '{"group_id": "7690000000000000777"}'}},
        {"stream_cell": {"raw_data": '{"thread_id": 7690000000000000777}'}},
        {"post_gid": "7690000000000000777"},
        {"logpb_group_id": "7690000000000000777"},
        {"item_id": "7690000000000000777"},
        {"id": "7690000000000000777", "stream_cell": {"raw_data": "{broken"}},
    ],
)
def test_a_posts_number_is_found_wherever_it_hides(hiding: dict[str, Any]) -> None:
    assert one(group_id=None, **hiding).id.endswith(":7690000000000000777")


def test_the_groups_number_goes_before_the_items() -> None:
    assert one(group_id=6442641253398413570, item_id=6442668314584941069).id.endswith(":6442641253398413570")


@pytest.mark.parametrize(
    "author",
    [
        {"user_info": {"user_id": TOUTIAO_USER}},
        {"user_info": {"user_id": int(TOUTIAO_USER)}},
        {"user_info": "", "user": {"user_id": TOUTIAO_USER}},
        {"user_info": None, "user": {"info": {"user_id": TOUTIAO_USER}}},
        {"user_info": None, "itemCell": {"userInfo": {"userID": int(TOUTIAO_USER), "mediaID": 5}}},
        {"user_info": None, "itemCell": {"userInfo": {"userID": 888, "mediaID": int(TOUTIAO_USER)}}},
        {"user_info": None, "media_info": {"media_id": int(TOUTIAO_USER)}},
        {"user_info": None, "media_url": f"/c/user/token/{bare(TOUTIAO_TOKEN)}/"},
        {"user_info": None, "media_url": f"//www.toutiao.com/c/user/token/{bare(TOUTIAO_TOKEN)}%3D%3D/?source=feed"},
    ],
)
def test_an_author_is_known_by_a_number_or_by_the_page(author: dict[str, Any]) -> None:
    assert read(listed(row(**author))).covers_from is not None


@pytest.mark.parametrize(
    "author",
    [
        {"itemCell": {"userInfo": {"userID": 72000000002, "mediaID": 72000000003}}, "user_info": None},
        {"user_info": {"user_id": "72000000002"}},
        {"user_info": None, "media_url": "/c/user/token/MS4wLjABAAAAother/"},
    ],
)
def test_one_row_of_another_author_refuses_the_page(author: dict[str, Any]) -> None:
    with pytest.raises(ParseError, match="wrong account"):
        read(listed(row(1), row(2, **author)))


def test_without_a_known_number_the_rows_must_agree_on_their_author() -> None:
    trusted = read(listed(row(1), row(2, hours=3)), Whom(TOUTIAO_TOKEN))

    assert trusted.memory["author"] == TOUTIAO_USER and trusted.profile["id"] == TOUTIAO_USER
    with pytest.raises(ParseError, match="several authors"):
        read(listed(row(1), row(2, user_info={"user_id": "72000000002"})), Whom(TOUTIAO_TOKEN))


def test_a_strict_reading_believes_no_number_it_does_not_know() -> None:
    with pytest.raises(ParseError, match="no_author"):
        read(listed(row(1)), Whom(TOUTIAO_TOKEN, strict=True))


def test_a_repost_names_the_original_by_its_number_and_the_link_alone_names_it_too() -> None:
    thread = {"thread_id": "7690000000000000900", "itemCell": {"shareInfo": {"title": "关于优化营商环境的若干措施"}}}
    forwarded = one(cell_type=32, title=None, comment_base={"id": "7690000000000000001", "content": "转发"}, origin_thread=thread)
    linked = one(cell_type=32, title=None, content="全文见 https://www.toutiao.com/article/7690000000000000900/?iid=1")

    assert forwarded.citation is not None and forwarded.citation.title == "关于优化营商环境的若干措施"
    assert forwarded.citation.post_id == "7690000000000000900"
    assert linked.citation is not None and linked.citation.post_id == "7690000000000000900"


def test_a_repost_is_not_named_after_its_original() -> None:
    thread = {"group_id": "7690000000000000900", "user_info": {"user_id": "72000000002"}}
    post = one(group_id="7690000000000000900", cell_type=32, comment_base={"id": "7690000000000000055"}, origin_thread=thread)

    assert post.id.endswith(":7690000000000000055")
    assert post.citation is not None and (post.citation.post_id, post.citation.account) == ("7690000000000000900", "72000000002")


def test_an_address_outside_the_platform_is_what_the_row_cites() -> None:
    outside = one(article_url="//www.qingxi.example/a/1.html", display_url="http://toutiao.com/group/7690000000000000001/")

    assert outside.citation is not None and outside.citation.url == "https://www.qingxi.example/a/1.html"
    assert one(article_url="http://toutiao.com/group/7690000000000000001/").citation is None


def test_both_marks_of_a_pinned_row_are_read() -> None:
    assert one(is_stick=True).pinned and one(label="置顶").pinned and not one(is_stick=False, label="热").pinned


def test_a_pinned_row_that_stands_in_its_own_place_too_is_no_repetition() -> None:
    snapshot = read(listed(row(3, is_stick=True), row(1), row(2, hours=3), row(3, hours=4)))

    assert len(snapshot.posts) == 3 and snapshot.covers_from == NOW - timedelta(hours=3)
    assert read(listed(row(1), row(1))).partial == "the list repeats a row"


def test_one_kind_of_rows_covers_nothing() -> None:
    snapshot = read_rows(listed(row(1)), asked(CHANNEL), WHOM, "pc_profile_article")

    assert len(snapshot.posts) == 1 and snapshot.partial == "one kind of rows only" and not snapshot.memory


@pytest.mark.parametrize(("text", "token"), [
    ("MS4wLjABAAAAx-_.y", "MS4wLjABAAAAx-_.y"),
    (" MS4wLjABAAAAx= ", "MS4wLjABAAAAx="),
    ("MS4wLjABAAAAx==", "MS4wLjABAAAAx=="),
    ("MS4wLjABAAAAx%3D%3D", "MS4wLjABAAAAx=="),
    ("MS4wLjABAAAAx===", ""),
    ("a b", ""),
    ("a/b", ""),
    ("", ""),
    ("x" * 257, ""),
])  # fmt: skip
def test_a_token_is_decoded_once_and_keeps_its_end(text: str, token: str) -> None:
    assert token_of(text) == token


def test_tokens_are_compared_without_their_end() -> None:
    assert bare("abc==") == bare("abc=") == bare("abc")


REFUSALS = {
    "no bytes": (b"", RateLimited),
    "blocked": (b"blocked", RateLimited),
    "a captcha page": ("<html><body>安全验证</body></html>".encode(), RateLimited),
    "an access check": (b'{"decision": {"code": 1}}', RateLimited),
    "another page": (b"<html><body>hello</body></html>", ParseError),
    "no success": (b'{"message": "error"}', ParseError),
    "an empty list": (listed(has_more=False), Degraded),
    "more of nothing": (listed(), Degraded),
}


@pytest.mark.parametrize(("body", "kind"), REFUSALS.values(), ids=REFUSALS)
async def test_no_refusal_and_nothing_empty_is_silence(body: bytes, kind: type[LookError], door: Door) -> None:
    async with serving(Reply(body)) as served:
        with pytest.raises(kind) as caught:
            await look(door, served.base_url)

    assert type(caught.value) is kind
    assert not isinstance(caught.value, Degraded) or caught.value.snapshot is None or not caught.value.snapshot.covers_from


@pytest.mark.parametrize(
    ("status", "kind"), [(403, AuthError), (404, ParseError), (429, RateLimited), (502, TransportFault), (304, ParseError)]
)
async def test_a_status_without_a_body_to_tell_more(status: int, kind: type[LookError], door: Door) -> None:
    async with serving(Reply(b"", status, {"Retry-After": "9"} if status == 429 else {})) as served:
        with pytest.raises(kind):
            await look(door, served.base_url)


async def test_a_wall_behind_any_status_is_a_wall(door: Door) -> None:
    async with serving(Reply("<html>访问验证 captcha</html>".encode(), 403, {"Retry-After": "60"})) as served:
        with pytest.raises(RateLimited) as caught:
            await look(door, served.base_url)

    assert caught.value.retry_after == 60 and "访问验证" in caught.value.head


async def test_nothing_is_asked_before_an_address_is_set(door: Door) -> None:
    with pytest.raises(AuthError, match="base_url"):
        await look(door, "")

    (line,) = await adapter(CHANNEL, door, "").check()
    assert "未设置" in line


def keyed(door: Door, base_url: str) -> ToutiaoRows:
    book = CredentialBook(SecretStr('{"gateway": {"api_key": "key-that-must-never-be-shown"}}'))
    return ToutiaoRows(ToutiaoRowsSettings(base_url=base_url, spacing_seconds=0), door, Vault(book))


async def test_page_one_is_asked_for_with_the_token_as_it_was_found(door: Door) -> None:
    page = Reply.of(fixtures(CHANNEL)[[path.stem for path in fixtures(CHANNEL)].index("page")])
    watched = account(CHANNEL, credential="gateway")
    async with serving(page) as served:
        await look(door, served.base_url)
        await keyed(door, served.base_url + "/lists?of={token}&page=1").look(watched, watched.channels[0], {}, NOW)
        await look(door, "http://127.0.0.1:1", url=served.base_url + "/own/{token}.json")

    plain, pattern, own = served.requests
    assert plain.path == f"/toutiao/rows/{TOUTIAO_TOKEN}" and "X-API-Key" not in plain.headers
    assert (pattern.path, pattern.query["of"], pattern.query["page"]) == ("/lists", TOUTIAO_TOKEN, "1")
    assert pattern.headers["X-API-Key"] == "key-that-must-never-be-shown"
    assert own.path == f"/own/{TOUTIAO_TOKEN}.json"


async def test_the_author_seen_first_is_held_on_to(door: Door) -> None:
    other = {"user_id": "72000000002", "name": "云州发布"}
    async with serving(Reply(listed(row(1))), Reply(listed(row(1), row(2, hours=5))), Reply(listed(row(3, user_info=other)))) as served:
        first = await look(door, served.base_url, user_id="")
        second = await look(door, served.base_url, dict(first.memory), user_id="")

        with pytest.raises(ParseError, match="wrong account"):
            await look(door, served.base_url, dict(second.memory), user_id="")

    assert len(second.posts) == 2


async def test_without_the_account_s_number_a_page_proves_no_silence_and_names_the_number_it_saw(door: Door) -> None:
    async with serving(Reply(listed(row(1), row(2, hours=5)))) as served:
        seen = await look(door, served.base_url, user_id="")
        again = await look(door, served.base_url, dict(seen.memory), user_id="")
        told = await look(door, served.base_url)

    assert TOUTIAO_USER in seen.partial and seen.covers_from is None and len(seen.posts) == 2
    assert again.partial == seen.partial and again.covers_from is None
    assert told.covers_from is not None


@pytest.mark.parametrize("user_id", ["青溪", "12", "1,x", "1" * 30])
async def test_a_number_that_is_none_is_a_mistake_of_the_roster(user_id: str, door: Door) -> None:
    with pytest.raises(ParseError, match="user_id"):
        await look(door, "http://127.0.0.1:1", user_id=user_id)


async def test_a_handle_that_is_no_token_is_not_asked_for(door: Door) -> None:
    watched = account(CHANNEL)
    odd = watched.channels[0].model_copy(update={"handle": "../admin"})

    with pytest.raises(ParseError, match="token"):
        await adapter(CHANNEL, door, "http://127.0.0.1:1").look(watched, odd, {}, NOW)


def test_the_defaults_are_the_pages_figures() -> None:
    wishes = ToutiaoRowsSettings()

    assert wishes.enabled and not wishes.base_url and wishes.spacing_seconds >= 6 and wishes.timeout_seconds > 60
    assert (wishes.breaker_refusals, wishes.breaker_accounts, wishes.min_interval_minutes) == (3, 2, 60)


def test_any_value_in_any_field_gives_a_snapshot_or_a_look_error() -> None:
    names = [*row(), "user", "itemCell", "assembleCell", "base_cell", "stream_cell", "comment_base", "origin_thread", "media_url", "label"]
    odd: list[Any] = [None, True, 0, -1, 1e308, 10**30, "", "\ud800", "9" * 400, [], {}, [1], {"id": []}, {"raw_data": "[" * 5_000}]
    for name in names:
        for value in odd:
            try:
                snapshot = read(json.dumps({"message": "success", "data": [{**row(), name: value}], "has_more": True}).encode())
            except LOOK_ERRORS:
                continue
            assert snapshot.covers_from is None


DEEP = '{"comment_base": {"id": 1}, "origin_thread": ' * 2_000 + "1" + "}" * 2_000
HOSTILE = {
    "rows that hold nothing": listed(*[{}] * 25_000),
    "reposts of reposts": b'{"message": "success", "has_more": true, "data": [' + DEEP[: DEEP.rindex("1") + 1].encode() + b"]}",
    "a deep repost": ('{"message": "success", "has_more": false, "data": [' + DEEP + "]}").encode(),
    "envelopes": b'{"data":' * 12_000,
    "text of tags": listed(row(cell_type=32, content="<p><" * 25_000)),
    "text of links": listed(row(cell_type=32, content="http://a" * 12_000)),
    "folded text": listed(row(stream_cell={"raw_data": "[" * 100_000})),
    "a long address": listed(row(article_url="//" + "a." * 50_000)),
    "a long page": listed(row(media_url="/c/user/token/" * 7_000)),
    "tags of a wall": b"<html>" + b"capt" * 25_000,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_list_is_read_or_refused_in_time(body: bytes) -> None:
    begun = time.process_time()
    try:
        snapshot = read(body)
    except LOOK_ERRORS:
        snapshot = None

    assert snapshot is None or not snapshot.covers_from or snapshot.posts
    assert time.process_time() - begun < 0.2


# -- the peek ---------------------------------------------------------------------------------------------------------------


async def looks(door: Door, *bodies: bytes) -> list[Snapshot]:
    """Look as often as there are bodies, each time with what the look before left."""
    seen: list[Snapshot] = []
    async with serving(*(Reply(each) for each in bodies)) as served:
        for _ in bodies:
            seen.append(await look(door, served.base_url, dict(seen[-1].memory) if seen else None))
    return seen


async def test_read_counts_that_moved_are_no_news_and_a_page_is_read_whole_now_and_then(door: Door) -> None:
    seen = await looks(door, *(listed(row(1, read_count=count), row(2, hours=5)) for count in range(10)))

    assert [each.unchanged for each in seen] == [False, *[True] * 7, False, True]
    assert all(each.covers_from == seen[0].covers_from for each in seen)


NEWS = {
    "a new row": listed(row(3), row(1), row(2, hours=5)),
    "a row that is gone": listed(row(1)),
    "another author": listed(row(1), row(2, hours=5, user_info={"user_id": "72000000002"})),
    "a pin": listed(row(1, is_stick=True), row(2, hours=5)),
    "a new row within JSON in JSON": listed({"stream_cell": {"raw_data": json.dumps(row(4))}}, row(1), row(2, hours=5)),
    "an access check": listed(row(1), row(2, hours=5)).replace(b'"message"', b'"decision": {"x": 1}, "message"', 1),
}


@pytest.mark.parametrize("name", NEWS)
async def test_the_peek_hides_nothing_but_counts_and_edits(name: str, door: Door) -> None:
    first = listed(row(1), row(2, hours=5))
    async with serving(Reply(first), Reply(NEWS[name])) as served:
        seen = await look(door, served.base_url)
        try:
            again = await look(door, served.base_url, dict(seen.memory))
        except LookError:
            return

    assert not again.unchanged
