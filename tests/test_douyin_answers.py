"""Answers of Douyin's Open Platform: goldens, every code, which works the public sees, tokens, and anything else at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from channels import NOW, Reply, asked, expected, fixtures, told
from douyin_talking import CHANNEL, page, refreshed, said
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.reading.douyin_openapi import QUOTA, REFUSALS, STALE_TOKEN, read_list, read_tokens
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired, TransportFault


def torn(body: bytes) -> st.SearchStrategy[bytes]:
    """Return the body with a piece of it replaced by something else."""
    odd = st.binary(max_size=6) | st.sampled_from([b"null", b"[]", b"{}", b"1e400"])
    places = st.tuples(st.integers(0, len(body)), st.integers(0, 40), odd)
    return places.map(lambda each: body[: each[0]] + each[2] + body[each[0] + each[1] :])


def refusing(code: int) -> Reply:
    return Reply(json.dumps({"data": {"error_code": code, "description": "x"}, "extra": {"error_code": code, "logid": "x"}}).encode())


@pytest.mark.parametrize("path", fixtures(CHANNEL), ids=lambda path: path.stem)
def test_a_body_reads_as_expected(path: Path) -> None:
    assert told(lambda: read_list(path.read_bytes(), asked(CHANNEL))) == expected(path)


KINDS: dict[type[LookError], set[int]] = {
    TransportFault: {28001005, 28001006, 2100004},
    AuthError: {
        *(28001008, 2190008, 2190002, 28001012, 28001014, 28001018, 2190003, 2190004, 2100007, 28001015, 2190015),
        *(10002, 10003, 10004, 10005, 10006, 10007, 10008, 10010, 10013, 10014, 10015, 10020),
    },
    AccountGone: {28001045, 28001046, 28001047, 2100009},
    SourceRetired: {28001016, 28001019, 28001056, 2190016},
    RateLimited: {28003017, 28003018, 28001052, 2190001},
    ParseError: {28001007, 2100005},
}


def test_no_code_of_the_reference_is_left_out() -> None:
    assert set(REFUSALS) == set().union(*KINDS.values())
    assert {10008, 28001008, 2190008, 2190002} == STALE_TOKEN


@pytest.mark.parametrize("place", ["data", "extra", "both", "text"])
@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in KINDS.items() for code in sorted(codes)])
def test_a_code_has_its_class_wherever_it_stands(kind: type[LookError], code: int, place: str) -> None:
    body: dict[str, Any] = {
        "data": {"data": {"error_code": code}},
        "extra": {"data": {"description": ""}, "extra": {"error_code": code, "log_id": "x"}},
        "both": {"data": {"error_code": code}, "extra": {"error_code": code, "logid": "x"}},
        "text": {"data": {"error_code": str(code)}, "message": "error"},
    }[place]

    with pytest.raises(kind) as caught:
        read_list(json.dumps(body).encode(), asked(CHANNEL))

    assert type(caught.value) is kind and str(code) in str(caught.value)


@pytest.mark.parametrize("code", sorted(QUOTA))
def test_a_quota_ends_with_the_day_in_shanghai(code: int) -> None:
    with pytest.raises(RateLimited) as caught:
        read_list(refusing(code).body, asked(CHANNEL, now=datetime(2026, 11, 20, 15, 0, tzinfo=UTC)))

    assert caught.value.retry_after == pytest.approx(3600, abs=2)


def test_too_high_a_frequency_does_not_wait_for_the_next_day() -> None:
    with pytest.raises(RateLimited) as caught:
        read_list(refusing(28003018).body, asked(CHANNEL))

    assert caught.value.retry_after is None


@pytest.mark.parametrize("body", [b"Unsupported path(Janus)", b'{"message":"Unsupported path(Janus)"}'])
def test_a_path_that_is_not_served_is_our_mistake(body: bytes) -> None:
    with pytest.raises(ParseError, match="path"):
        read_list(body, asked(CHANNEL))


@pytest.mark.parametrize("rows", [[], None])
@pytest.mark.parametrize("has_more", [True, False, 0, 1])
def test_an_empty_list_is_never_silence(rows: object, has_more: object) -> None:
    with pytest.raises((Degraded, ParseError)):
        read_list(said(list=rows, has_more=has_more), asked(CHANNEL))


STATUSES = {5: True, "5": True, 2: False, 4: False, 6: False, 7: False}


@pytest.mark.parametrize(("status", "public"), STATUSES.items())
def test_only_status_5_is_seen_by_the_public(status: object, public: bool) -> None:
    row = {"item_id": "@a==", "title": "x", "create_time": 1_795_000_000, "video_status": status, "is_reviewed": True}

    snapshot = read_list(said(list=[row], has_more=False), asked(CHANNEL))

    assert [post.visible for post in snapshot.posts] == [public]
    assert not snapshot.partial


@pytest.mark.parametrize("status", [1, None, "x", 99])
def test_a_work_whose_visibility_is_not_told_is_neither_public_nor_hidden(status: object) -> None:
    row = {"item_id": "@a==", "title": "x", "create_time": 1_795_000_000, "video_status": status}
    public = {**row, "item_id": "@b==", "video_status": 5}

    snapshot = read_list(said(list=[row, public], has_more=False), asked(CHANNEL))

    assert [post.id.rsplit(":", 1)[1] for post in snapshot.posts] == ["@b=="] and snapshot.skipped == {"unsure": 1}
    assert snapshot.partial and snapshot.covers_from is None
    with pytest.raises(Degraded, match="visibility"):
        read_list(said(list=[row], has_more=False), asked(CHANNEL))


def test_a_review_that_is_over_may_have_been_failed() -> None:
    row = {"item_id": "@a==", "title": "x", "create_time": 1_795_000_000, "video_status": 2, "is_reviewed": True}

    (post,) = read_list(said(list=[row], has_more=False), asked(CHANNEL)).posts

    assert not post.visible


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://www.iesdouyin.com/share/video/7570000000000000009/?region=CN&u_code=x", "https://www.douyin.com/video/7570000000000000009"),
        ("https://www.iesdouyin.com/share/video/QDlWd0E=/?mid=6753173704399670023&u_code=x", "https://www.iesdouyin.com/share/video/QDlWd0E=/"),
        ("https://evil.example/share/video/x/", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_a_shared_link_loses_what_it_tracks_by_and_names_the_work_where_it_can(link: str, url: str) -> None:
    row = {"item_id": "@a+/b==", "title": "x", "create_time": 1_795_000_000, "video_status": 5, "share_url": link}

    (post,) = read_list(said(list=[row], has_more=False), asked(CHANNEL)).posts

    assert post.url == url and post.id.endswith(":@a+/b==")


def test_a_pin_in_any_place_does_not_stretch_what_is_covered() -> None:
    rows = [{"item_id": f"@{n}==", "title": "x", "create_time": 1_795_000_000 - n, "video_status": 5, "is_top": False} for n in range(3)]
    pin = {"item_id": "@p==", "title": "x", "create_time": 1_600_000_000, "video_status": 5, "is_top": True}

    for place in range(4):
        snapshot = read_list(said(list=[*rows[:place], pin, *rows[place:]], has_more=True), asked(CHANNEL))
        assert snapshot.covers_from is not None and snapshot.covers_from.timestamp() == 1_794_999_998


@pytest.mark.parametrize("lasts", [1296000, "1296000"])
def test_a_life_is_told_as_a_number_or_as_text(lasts: object) -> None:
    assert read_tokens(said(access_token="a", expires_in=lasts), NOW).lasts == 1296000


@pytest.mark.parametrize("lasts", [None, "", "soon", 0, -5, 10**18, True and 1.5])
def test_a_life_that_is_none_is_unknown(lasts: object) -> None:
    assert read_tokens(said(access_token="a", expires_in=lasts), NOW).lasts is None


TOKENLESS = [said(), said(access_token=""), said(access_token=7), said(access_token="a b\nc"), b"{}", b"[]", b"<html>"]


@pytest.mark.parametrize("body", TOKENLESS)
def test_an_answer_without_a_token_is_refused_and_never_quoted(body: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        read_tokens(body, NOW)

    assert caught.value.head == ""


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=300) | st.sampled_from([refreshed().body, page().body]).flatmap(torn))
def test_any_bytes_give_tokens_or_a_look_error(body: bytes) -> None:
    try:
        tokens = read_tokens(body, NOW)
    except LookError as error:
        assert error.head == ""
    else:
        assert tokens.access or tokens.refresh


def test_tokens_are_never_shown() -> None:
    assert "marker" not in repr(read_tokens(refreshed().body, NOW))
