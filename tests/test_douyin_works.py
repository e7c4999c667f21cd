"""Bodies with Douyin works: goldens, the kinds of "empty", wrappings, pins, kinds of works, and anything else at all."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from channels import SEC_UID, asked, expected, fixtures, told
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.douyin_gateway import read
from adapters.reading.douyin_glance import peeked
from adapters.reading.douyin_works import read_profile, refusal, shows_none, unfinished
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault

CHANNEL = "douyin.gateway"


def fixture(stem: str) -> Path:
    return next(path for path in fixtures(CHANNEL) if path.stem == stem)


def page(stem: str = "page") -> Any:
    return json.loads(fixture(stem).read_bytes())


def body(of: object) -> bytes:
    return json.dumps(of, ensure_ascii=False).encode()


@pytest.mark.parametrize("path", fixtures(CHANNEL), ids=lambda path: path.stem)
def test_a_body_reads_as_expected(path: Path) -> None:
    assert told(lambda: read(path.read_bytes(), asked(CHANNEL), SEC_UID, signed_in=True)) == expected(path)


NOTHING = {
    "no bytes": (b"", RateLimited),
    "blocked": (b"blocked", RateLimited),
    "captcha page": ("<html><title>验证码中间页</title></html>".encode(), RateLimited),
    "another page": (b"<html>hello</html>", ParseError),
    "bare envelope": (b'{"status_code":0}', RateLimited),
    "risk code": (b'{"status_code":8}', RateLimited),
    "verify ticket": (b'{"status_code":0,"verify_ticket":"x","aweme_list":[]}', RateLimited),
    "login": (b'{"status_code":2483,"aweme_list":[]}', AuthError),
    "empty, no more": (b'{"status_code":0,"has_more":0,"aweme_list":[]}', Degraded),
    "empty, more": (b'{"status_code":0,"has_more":1,"aweme_list":[]}', Degraded),
    "null list": (b'{"status_code":0,"aweme_list":null}', Degraded),
    "withheld work": (b'{"status_code":0,"aweme_detail":null}', Degraded),
    "v5, empty with more": (b'{"success":true,"data":{"items":[],"has_more":true}}', Degraded),
    "v5, queued": (b'{"success":true,"data":{"task_id":"x","state":"queued"}}', TransportFault),
    "v5, running": (b'{"success":true,"data":{"task_id":"x","state":"running"}}', TransportFault),
    "v5, failed without a word": (b'{"success":true,"data":{"task_id":"x","state":"failed","error":null}}', TransportFault),
    "v5, other items": (b'{"success":true,"data":{"items":[{"content_id":"1"}]}}', ParseError),
    "v5, foreign items": (b'{"success":true,"data":{"items":[{"content_id":"1","author":{"sec_uid":"MS4wLjABAAAAother"}}]}}', ParseError),
    "captcha": (b'{"status_code":0,"captcha":{"x":1},"aweme_list":[]}', RateLimited),
    "verify page": (b'{"status_code":0,"verify_page":"x","aweme_list":[]}', RateLimited),
    "verify center": (b'{"status_code":0,"verify_center_decision_conf":"{}"}', RateLimited),
    "code as text": (b'{"status_code":"2154"}', RateLimited),
    **{f"risk {code}": (b'{"status_code":%d,"status_msg":"x"}' % code, RateLimited) for code in (2154, 2156, 10000, 10001)},
    "another code": (b'{"status_code":5,"aweme_list":[]}', ParseError),
    "a list of items only": (b'{"items":[]}', Degraded),
    "nothing known": (b'{"hello":1}', ParseError),
}


@pytest.mark.parametrize("wrap", ["%s", '{"code":200,"data":%s}', '{"ok":true,"result":%s}'], ids=["raw", "v4", "result"])
@pytest.mark.parametrize(("raw", "kind"), NOTHING.values(), ids=NOTHING)
def test_nothing_shown_is_never_silence(raw: bytes, kind: type[LookError], wrap: str) -> None:
    if raw[:1] == b"{":
        raw = wrap.encode() % raw

    with pytest.raises(kind) as caught:
        read(raw, asked(CHANNEL), SEC_UID)

    assert type(caught.value) is kind


@pytest.mark.parametrize("has_more", [0, False, "0"])
def test_a_list_without_more_is_complete(has_more: object) -> None:
    complete = page("complete_list")
    complete["data"]["has_more"] = has_more

    assert read(body(complete), asked(CHANNEL), SEC_UID).covers_from is not None
    assert read(body(complete), asked(CHANNEL), SEC_UID).memory["covers_from"] == 0


@pytest.mark.parametrize("has_more", [1, True, None, "x"])
def test_a_list_that_may_go_on_covers_from_its_oldest_work(has_more: object) -> None:
    complete = page("complete_list")
    complete["data"]["has_more"] = has_more

    snapshot = read(body(complete), asked(CHANNEL), SEC_UID)

    assert snapshot.covers_from == snapshot.posts[-1].published_at


WRAPS = ["{}", '{{"code":200,"data":{}}}', '{{"success":true,"data":{}}}', '{{"data":{{"data":{}}}}}', '{{"ok":true,"result":{}}}']


@pytest.mark.parametrize("wrap", WRAPS)
def test_a_list_is_read_in_any_wrapping(wrap: str) -> None:
    inner = page()["data"]

    snapshot = read(wrap.format(json.dumps(inner)).encode(), asked(CHANNEL), SEC_UID)
    bare = read(body(inner["aweme_list"]), asked(CHANNEL), SEC_UID)

    assert snapshot.posts == bare.posts and len(snapshot.posts) == 9


@pytest.mark.parametrize("key", ["aweme_list", "items", "list"])
def test_works_are_works_under_whatever_name_their_list_has(key: str) -> None:
    inner = page()["data"]

    snapshot = read(body({"data": {key: inner["aweme_list"], "has_more": 1}}), asked(CHANNEL), SEC_UID, signed_in=True)

    assert len(snapshot.posts) == 9 and snapshot.covers_from is not None


@pytest.mark.parametrize(("images", "kind"), [([{"uri": "x"}], "note"), ([], "video"), (None, "video")])
def test_pictures_make_a_note_whatever_the_links_say(images: object, kind: str) -> None:
    work = {**page()["data"]["aweme_list"][2], "aweme_type": 0, "images": images, "share_url": "https://www.iesdouyin.com/share/video/1/"}

    (post,) = read(body([work]), asked(CHANNEL), SEC_UID).posts

    assert post.kind == kind and f"/{kind}/" in post.url


@pytest.mark.parametrize("number", [4, 55, 61, 63, 109, 201, 999, None])
def test_any_other_type_of_work_is_a_video(number: object) -> None:
    work = {**page()["data"]["aweme_list"][2], "aweme_type": number, "images": None}

    (post,) = read(body([work]), asked(CHANNEL), SEC_UID).posts

    assert post.kind == "video"


@pytest.mark.parametrize("pins", [0, 1, 2, 3])
@pytest.mark.parametrize("marked", [True, False])
def test_pins_never_stretch_what_is_covered(pins: int, marked: bool) -> None:
    flow = [work for work in page()["data"]["aweme_list"] if not work["is_top"] and work["create_time"]][:4]
    old = [{**flow[0], "aweme_id": str(70 + n), "create_time": 1_794_000_000 - 86_400 * (n * 7 % 3), "is_top": 1} for n in range(pins)]
    shown = [{**work, "is_top": work["is_top"] if marked else None} for work in old + flow]

    snapshot = read(body({"aweme_list": shown, "has_more": 1}), asked(CHANNEL), SEC_UID, signed_in=True)

    assert snapshot.covers_from is not None
    assert snapshot.covers_from.timestamp() == min(int(work["create_time"]) for work in flow)
    assert snapshot.posts[0].published_at.timestamp() == int(flow[0]["create_time"])


def test_a_raw_work_without_its_maker_belongs_to_the_items_author() -> None:
    listed = page("v5_raw_items")
    for item in listed["data"]["items"]:
        item["author"] = item["raw"].pop("author")

    assert read(body(listed), asked(CHANNEL), SEC_UID).posts == read(fixture("v5_raw_items").read_bytes(), asked(CHANNEL), SEC_UID).posts


def test_where_pins_are_marked_no_other_is_guessed() -> None:
    listed = page("v5_raw_items")
    items = listed["data"]["items"]
    items[1]["raw"]["create_time"], items[2]["raw"]["create_time"] = items[2]["raw"]["create_time"], items[1]["raw"]["create_time"]

    snapshot = read(body(listed), asked(CHANNEL), SEC_UID)

    assert sum(post.pinned for post in snapshot.posts) == 1


def test_a_pin_younger_than_others_does_not_hide_the_older_ones_behind_it() -> None:
    work = page()["data"]["aweme_list"][2]
    times = [1_795_000_000, 1_600_000_000, 1_795_084_200, 1_794_900_000]
    shown = [{**work, "aweme_id": str(7 + n), "create_time": at, "is_top": None} for n, at in enumerate(times)]

    snapshot = read(body({"aweme_list": shown, "has_more": 1}), asked(CHANNEL), SEC_UID, signed_in=True)

    assert snapshot.covers_from is not None and snapshot.covers_from.timestamp() == 1_794_900_000


def test_a_cursor_of_any_size_and_kind_is_of_no_account() -> None:
    for cursor in (0, 2**31, "1795084200000", 2**70, None):
        assert read(body({**page()["data"], "max_cursor": cursor}), asked(CHANNEL), SEC_UID).posts


@pytest.mark.parametrize("raw", [b"", b"x", b"[]", b"{}", b"null", b"1", b'{"aweme_list":[1]}', b'{"aweme_list":[{}]}', b"\xff"])
def test_a_glance_at_something_else_tells_nothing(raw: bytes) -> None:
    assert peeked(raw) == ""


SEEDS = [path.read_bytes() for path in fixtures(CHANNEL)]


def torn(raw: bytes) -> st.SearchStrategy[bytes]:
    """Return the body with a piece of it replaced by something else."""
    odd = st.binary(max_size=6) | st.sampled_from([b"null", b"[]", b"{}", b"1e400", b'"', b"9" * 400, b'"\\ud800"'])
    places = st.tuples(st.integers(0, len(raw)), st.integers(0, 40), odd)
    return places.map(lambda each: raw[: each[0]] + each[2] + raw[each[0] + each[1] :])


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=300) | st.sampled_from(SEEDS).flatmap(torn))
def test_any_bytes_are_peeked_at_and_told_without_another_error(raw: bytes) -> None:
    assert isinstance(peeked(raw), str) and isinstance(unfinished(raw), str | None) and isinstance(shows_none(raw), bool)
    assert isinstance(refusal(raw), LookError | None)
    with contextlib.suppress(LookError):
        assert read_profile(raw).profile


PIECES = ['{"data":', "[", '{"aweme_list":[', '{"items":[{"raw":', '"aweme_id":1,', "<html>", "验证码中间页", "\\u0000"]


@pytest.mark.parametrize("piece", PIECES)
def test_no_repetition_makes_a_glance_slow(piece: str) -> None:
    raw = (piece * (100_000 // len(piece))).encode()
    begun = time.process_time()

    for look_at in (peeked, unfinished, shows_none, refusal):
        look_at(raw)

    assert time.process_time() - begun < 0.2


@pytest.mark.parametrize("mark", [{"user_canceled": True}, {"secret": 1}, {"is_ban": True}])
def test_a_cancelled_or_private_account_is_gone(mark: dict[str, Any]) -> None:
    work = {"aweme_id": "1", "create_time": 1_700_000_000, "author": {"sec_uid": SEC_UID, **mark}}

    with pytest.raises(AccountGone):
        read(json.dumps({"status_code": 0, "aweme_list": [work]}).encode(), asked(CHANNEL), SEC_UID)


@pytest.mark.parametrize("name", ["raw_list", "v5_raw_items", "v5_task_done", "v5_items_without_raw"])
def test_a_list_without_the_platform_s_word_on_guests_covers_nothing_unless_the_operator_vouches_for_a_login(name: str) -> None:
    raw = fixture(name).read_bytes()

    guest, vouched = read(raw, asked(CHANNEL), SEC_UID), read(raw, asked(CHANNEL), SEC_UID, signed_in=True)

    assert guest.posts == vouched.posts != ()
    assert "signed_in" in guest.partial or "status_code" in raw.decode()
    assert (guest.covers_from is None) == bool(guest.partial)
