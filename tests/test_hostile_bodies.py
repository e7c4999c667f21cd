"""Any bytes give a snapshot or a look error, nothing else, and quickly: random bytes, mutated fixtures, random JSON, and attacks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from channels import SEC_UID, UID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parsers import KNOWN_BAD, PARSERS, parse, seeds

SEEDS = [path.read_bytes() for path in seeds()]
FIXED_SECONDS, SECONDS_PER_KB = 0.05, 0.0005
"""50 ms per 100 KB, and as much again for a machine that is busy with other things."""
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", PARSERS)
@QUICK
@given(body=st.binary(max_size=2_000))
def test_random_bytes(name: str, body: bytes) -> None:
    parse(name, body)


@pytest.mark.parametrize("name", PARSERS)
def test_what_once_broke_a_parser_breaks_none_any_more(name: str) -> None:
    for body in sorted(KNOWN_BAD.glob("*.bin")):
        timed(name, body.read_bytes())


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Take a fixture and cut, double, swap or overwrite pieces of it."""
    body = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(len(body) - 1, 0)))
        end = min(len(body), start + draw(st.integers(0, 60)))
        other = draw(st.one_of(st.binary(max_size=12), st.sampled_from(ODD)))
        match draw(st.integers(0, 3)):
            case 0:
                del body[start:end]
            case 1:
                body[start:end] = body[start:end] * 2
            case 2:
                body[start:end] = other
            case _:
                del body[start:]
    return bytes(body)


ODD = [b"null", b"[]", b"{}", b"0", b"-1", b"1e400", b"1e308", b"true", b'""', b"9" * 400]
ODD += [b'"\\ud800"', b'"\\u0000"', b"&#x110000;", b"<", b"]]>", b"</item>"]


@pytest.mark.parametrize("name", PARSERS)
@QUICK
@given(body=mutated())
def test_mutated_fixtures(name: str, body: bytes) -> None:
    parse(name, body)


KEYS = """
statuses total_number mid idstr id created_at text user retweeted_status visible type isTop mblogtype title deleted
ok errno error_code url data cards card_type card_group mblog profile_type_id ori_mid ori_uid bid screen_name
item article_id content news_item create_time update_time errcode is_deleted content_source_url access_token expires_in
status_code aweme_list aweme_id desc author sec_uid images status is_top has_more not_login_module items raw result
aweme_detail error code retry_after success state private_status is_delete in_reviewing guide_login_tip_exist
version link content_html content_text date_published date_modified updated publish_time articles name
"""
TIME = "Thu Nov 19 18:30:05 +0800 2026"
TELLING = [UID, SEC_UID, int(UID), TIME, "刚刚", 1_795_084_200, "2026-11-19", "http://a.example/x", "<p>x", "1"]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(TELLING),
    st.text(max_size=12),
)
NAMES = st.sampled_from(sorted(KEYS.split()))
TREES = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=40)


@pytest.mark.parametrize("name", PARSERS)
@QUICK
@given(tree=TREES)
def test_random_json_with_known_names(name: str, tree: object) -> None:
    parse(name, json.dumps(tree).encode())


PIECES = ["<", "<!", "<![CDATA[", "&", "&#", "&amp;", "<a ", '<a b="', "<img alt=[a] ", '<img alt="[a]', "<script>", "</", "<!--"]
PIECES += ["<item>", " ", "\n", "【", "#a# ", "http://", "\\", "<p>", "<br", "&lt;", "<![CDATA[<p>]]>", "\u200b", "9", "@x "]
PIECES += ["<item><title>a</title>", "\u3000\n", "0001-01-01", "[赞]"]
LONG = 100_000


def weibo(**status: Any) -> Any:
    post = {"mid": "12", "user": {"id": UID}, "created_at": TIME, **status}
    return {"statuses": [post], "cards": [{"card_type": 9, "mblog": post}]}


def douyin(long: str) -> Any:
    return {"aweme_list": [{"aweme_id": "12", "author": {"sec_uid": SEC_UID}, "create_time": 1_700_000_000, "desc": long}]}


def wechat(long: str) -> Any:
    news = {"title": long, "content": long, "url": long, "content_source_url": long}
    return {"item": [{"content": {"create_time": 1_700_000_000, "news_item": [news, {**news, "url": "http://a/" + long[:3_000]}]}}]}


def json_feed(long: str) -> Any:
    odd = {"id": long, "url": long, "title": long, "content_html": long, "date_published": long}
    return {"items": [odd, {**odd, "id": "1", "url": "http://a/" + long[:3_000], "date_published": "2026-01-01"}]}


WRAPS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "weibo text": ("weibo.openapi", lambda long: weibo(text=long)),
    "weibo time": ("weibo.web", lambda long: weibo(created_at=long)),
    "douyin": ("douyin.gateway", douyin),
    "wechat": ("wechat.openapi", wechat),
    "json feed": ("feed", json_feed),
}
FEEDS = [
    "%s",
    "<html>%s",
    '<rss x="%s',
    "<rss><channel>%s",
    "<rss><channel><item><title>%s",
    "<rss><channel><item><description><![CDATA[%s]]></description><link>http://a/1</link></item></channel></rss>",
    "<feed xmlns='http://www.w3.org/2005/Atom'><entry><content>%s",
]


def timed(name: str, body: bytes) -> None:
    begun = time.process_time()
    parse(name, body)
    assert time.process_time() - begun < FIXED_SECONDS + 2 * SECONDS_PER_KB * len(body) / 1_000


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("wrap", WRAPS)
def test_no_repetition_makes_a_parser_slow(wrap: str, piece: str) -> None:
    name, wrapped = WRAPS[wrap]

    timed(name, json.dumps(wrapped(piece * (LONG // len(piece))), ensure_ascii=False).encode())


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("frame", FEEDS)
def test_no_repetition_makes_the_reading_of_feeds_slow(frame: str, piece: str) -> None:
    timed("feed", (frame % (piece * (LONG // len(piece)))).encode())
