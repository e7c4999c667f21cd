"""Saved lists of a WeChat account: goldens of every shape, every word of refusal, and what was recorded of them."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from channels import FIXTURES, asked, expected, fixtures, told
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import RECORDINGS, needs_recordings

from adapters.reading.wechat_lists import read_list
from monitor.errors import LOOK_ERRORS, AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired
from monitor.model import Snapshot

BIZ, BIZUIN = "MzI5MDAwMDAwMQ==", "3290000001"
ASKED = asked("manual")
RECORDED = RECORDINGS / "wechat"
LATER = datetime(2026, 11, 1, tzinfo=UTC)


def fixture(name: str) -> bytes:
    return (FIXTURES / "wechat.lists" / f"{name}.json").read_bytes()


def recorded(name: str, **options: Any) -> Snapshot:
    return read_list((RECORDED / name).read_bytes(), asked("manual", now=LATER), **options)


def lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (RECORDED / name).read_text("utf-8").splitlines()]


def natives(snapshot: Snapshot) -> list[str]:
    return [post.id.rsplit(":", 1)[1] for post in snapshot.posts]


@pytest.mark.parametrize("path", fixtures("wechat.lists"), ids=lambda path: path.stem)
def test_a_saved_list_reads_as_expected(path: Path) -> None:
    assert told(lambda: read_list(path.read_bytes(), ASKED, BIZ)) == expected(path)


@pytest.mark.parametrize("path", fixtures("wechat.lists"), ids=lambda path: path.stem)
def test_a_saved_list_never_covers_anything(path: Path) -> None:
    try:
        snapshot = read_list(path.read_bytes(), ASKED)
    except LookError:
        return

    assert snapshot.partial and (snapshot.covers_from, snapshot.covers_until) == (None, None)


ERRORS = {
    "ret_session": AuthError,
    "ret_csrf": AuthError,
    "ret_key": AuthError,
    "ret_freq": SourceRetired,
    "ret_args": AccountGone,
    "ret_blocked": RateLimited,
    "ret_unknown": ParseError,
    "appmsgpublish_empty": Degraded,
    "appmsgpublish_hollow": Degraded,
    "album_empty": Degraded,
    "profile_ext_home_empty": Degraded,
    "bridge_logins": Degraded,
    "bridge_error": ParseError,
    "bridge_unknown": AuthError,
    "accounts": ParseError,
    "foreign": ParseError,
}


@pytest.mark.parametrize(("name", "kind"), ERRORS.items())
def test_a_word_of_refusal_has_its_class(name: str, kind: type[LookError]) -> None:
    with pytest.raises(kind) as caught:
        read_list(fixture(name), ASKED, BIZ)

    assert type(caught.value) is kind


def test_a_refusal_for_frequency_ends_only_for_ones_own_account() -> None:
    with pytest.raises(RateLimited) as caught:
        read_list(fixture("ret_freq"), ASKED, own=True)

    assert caught.value.retry_after == 86_400


@pytest.mark.parametrize("biz", [BIZ, BIZUIN, f"MP_WXS_{BIZUIN}", f"MzI5MDAwMDAwOQ==, {BIZUIN}"])
def test_the_account_is_named_in_any_form_and_by_several_ids(biz: str) -> None:
    assert natives(read_list(fixture("homepage"), ASKED, biz)) == [f"{BIZUIN}_2247500110_1"]


def test_the_articles_of_another_account_are_refused() -> None:
    with pytest.raises(ParseError, match="wrong account"):
        read_list(fixture("profile_ext"), ASKED, "MzI5MDAwMDAwOQ==")


def test_the_same_article_has_one_name_whichever_list_shows_it() -> None:
    link = "http://mp.weixin.qq.com/s?__biz=MzI5MDAwMDAwMQ==&mid=7&idx=1&sn=0123456789abcdef0123456789abcdef#rd"
    rows = {
        "app_msg_list": [{"title": "a", "link": link, "create_time": 1795084200}],
        "articles": [{"title": "a", "aid": "7_1", "create_time": "1795084200"}],
        "appmsg_list": [{"title": "a", "link": link.replace("&", "&amp;amp;"), "sendtime": 1795084200}],
    }

    named = [natives(read_list(json.dumps({name: items}).encode(), ASKED, BIZ)) for name, items in rows.items()]

    assert named == [[f"{BIZUIN}_7_1"]] * 3


def test_an_inner_list_may_stand_there_without_its_second_coding() -> None:
    body = json.loads(fixture("appmsgpublish"))
    page = json.loads(body["publish_page"])
    page["publish_list"] = [{**each, "publish_info": json.loads(each["publish_info"] or '""')} for each in page["publish_list"]]

    snapshot = read_list(json.dumps({**body, "publish_page": page}).encode(), ASKED)

    assert snapshot.posts == read_list(fixture("appmsgpublish"), ASKED).posts


@pytest.mark.parametrize("broken", ['"publish_page": "{"', '"publish_page": 7', '"general_msg_list": "["', '"general_msg_list": 1'])
def test_a_broken_inner_list_is_a_parse_error(broken: str) -> None:
    with pytest.raises(ParseError):
        read_list(f"{{{broken}}}".encode(), ASKED)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html></html>", b'{"base_resp": {"ret": 0}}', b'{"data": []}', b'{"articles": [7]}'])
def test_a_body_that_is_no_list_is_a_parse_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        read_list(body, ASKED)


@pytest.mark.parametrize("path", fixtures("wechat.lists"), ids=lambda path: path.stem)
def test_a_list_cut_anywhere_gives_a_snapshot_or_a_look_error(path: Path) -> None:
    body = path.read_bytes()

    for end in range(0, len(body), max(1, len(body) // 60)):
        for piece in (body[:end], body[:end] + b'"}]}', body[:end] + body[end + 7 :]):
            try:
                snapshot = read_list(piece, ASKED, BIZ)
            except LOOK_ERRORS:
                continue
            assert snapshot.posts and snapshot.partial


@needs_recordings
def test_the_recorded_backend_list_of_another_account() -> None:
    snapshot = recorded("mp_backend/appmsgpublish_other_account_2026-07.json")

    assert len(snapshot.posts) == 6 and snapshot.skipped == {}
    assert sorted(post.kind for post in snapshot.posts) == ["article", "article", "article", "picture", "text", "video"]
    # The seventh article repeats the link of the first: one post.
    assert all(post.visible and post.title != "（已删除的文章）" for post in snapshot.posts)
    assert {"一次群发·头条", "一次群发·次条"} < {post.title for post in snapshot.posts}
    assert max(len(post.title) for post in snapshot.posts) > 500


@needs_recordings
def test_the_recorded_backend_list_of_renmin_ribao() -> None:
    (post,) = recorded("mp_backend/appmsgpublish_rmrb_partial_2026-04.json").posts

    assert post.id.endswith(":lathoSifoD-d-6Z3m45kUw") and post.title == "祝贺孙颖莎！"
    assert post.published_at == datetime(2026, 4, 5, 13, 13, 37, tzinfo=UTC)


@needs_recordings
def test_the_recorded_list_of_the_exporter() -> None:
    snapshot = recorded("mp_backend/articles_appmsgex_via_exporter_api_2025-07.json")

    assert natives(snapshot) == ["wZxawrdSdSUAAZc89XuhWg", "eFsIOWDXfs9DbcNmr2vtjQ"]
    assert snapshot.posts[0].published_at == datetime(2025, 7, 28, 1, 34, 53, tzinfo=UTC)


@needs_recordings
def test_the_recorded_older_list_names_its_account() -> None:
    snapshot = recorded("mp_backend/list_ex_and_searchbiz_2024-04.json")

    assert natives(snapshot) == ["2395021820_2652432579_1", "2395021820_2652432579_2"]
    assert dict(snapshot.profile) == {"name": "360安全云盘", "id": "MjM5NTAyMTgyMA=="}


@needs_recordings
def test_the_recorded_items_of_2020_are_read_whole() -> None:
    rows = lines("mp_backend/appmsg_list_ex_items_2020-11.jsonl")

    snapshot = read_list(json.dumps({"app_msg_list": rows, "base_resp": {"ret": 0}}).encode(), asked("manual", now=LATER))

    assert set(natives(snapshot)) == {f"2390483595_{row['aid']}" for row in rows} and len(snapshot.posts) == 26
    assert {post.title for post in snapshot.posts} == {row["title"].strip() for row in rows}


PUSHES = {
    "gongqingtuan_zhongyang_2019-09_getmsg_items": ("3075193430", 73),
    "nanfangzhoumo_2019_getmsg_items": ("699115", 83),
    "geekchoice_2019_getmsg_items_first12": ("3091325634", 20),
}


@needs_recordings
@pytest.mark.parametrize(("name", "bizuin", "count"), [(name, *told) for name, told in PUSHES.items()], ids=list(PUSHES))
def test_recorded_pushes_are_read_whole_and_live(name: str, bizuin: str, count: int) -> None:
    rows = lines(f"profile_ext/{name}.jsonl")
    body = json.dumps({"ret": 0, "general_msg_list": json.dumps({"list": rows})}).encode()

    snapshot = read_list(body, asked("manual", now=LATER), bizuin)

    assert len(snapshot.posts) == count and snapshot.skipped == {}
    assert all(post.visible and post.url.startswith("https://mp.weixin.qq.com/s?__biz=") for post in snapshot.posts)
    assert all(native.startswith(f"{bizuin}_") for native in natives(snapshot))
    assert len({post.published_at for post in snapshot.posts}) == len(rows)


@needs_recordings
def test_recorded_rows_of_gongqingtuan_cite_their_originals() -> None:
    rows = lines("profile_ext/gongqingtuan_zhongyang_2019-09_getmsg_items.jsonl")
    items = [each["app_msg_ext_info"] for each in rows]
    items += [inner for each in items for inner in each["multi_app_msg_item_list"]]
    body = json.dumps({"general_msg_list": {"list": rows}}).encode()

    snapshot = read_list(body, asked("manual", now=LATER))

    cited = {post.id: post.citation.url for post in snapshot.posts if post.citation}
    assert len(cited) == sum(bool(item["source_url"]) for item in items) == 6
    assert all(url.startswith("https://") and "\\" not in url and "&amp;" not in url for url in cited.values())


RECORDED_ERRORS = {
    "mp_backend/accountbyurl_via_exporter_api": ParseError,
    "mp_backend/searchbiz_via_exporter_api": ParseError,
    "mp_backend/searchbiz_rmrb_partial_2026-04": ParseError,
    "mp_backend/exporter_public_api_params": ParseError,
    "mp_backend/appmsgalbum_empty": Degraded,
    "mp_backend/appmsgpublish_freq_control": SourceRetired,
    "mp_backend/invalid_args": AccountGone,
    "mp_backend/invalid_csrf_token": AuthError,
    "mp_backend/invalid_session": AuthError,
    "profile_ext/home_empty_2026-09": Degraded,
    "feeds/bridge_json/exporter_api_bad_key": AuthError,
    "feeds/bridge_json/we_mp_rss_unknown_feed_404_SYNTHETIC": AuthError,
    "feeds/bridge_json/wechat_download_api_unknown_fakeid_404_SYNTHETIC": AuthError,
    "feeds/bridge_json/wewe_rss_feed_not_found_400_SYNTHETIC": AuthError,
    "feeds/bridge_json/wechat2rss_list_docsample": ParseError,
    "feeds/bridge_json/wechat2rss_login_list_docsample": ParseError,
}


@needs_recordings
@pytest.mark.parametrize(("name", "kind"), RECORDED_ERRORS.items())
def test_a_recorded_body_without_a_list_has_its_class(name: str, kind: type[LookError]) -> None:
    with pytest.raises(kind) as caught:
        recorded(f"{name}.json")

    assert type(caught.value) is kind


@needs_recordings
def test_the_recorded_answer_of_wechat2rss() -> None:
    snapshot = recorded("feeds/bridge_json/wechat2rss_api_query_docsample.json")

    (post,) = snapshot.posts
    assert post.published_at == datetime(2025, 4, 9, 4, 34, 56, tzinfo=UTC) and post.text == "xxxxx"
    assert "发布 is missing" in snapshot.partial


@needs_recordings
def test_no_recording_of_a_list_is_left_unread() -> None:
    folders = ("mp_backend", "profile_ext", "feeds/bridge_json")
    found = {f"{name}/{path.stem}" for name in folders for path in (RECORDED / name).iterdir()}
    read = {
        "mp_backend/appmsgpublish_other_account_2026-07",
        "mp_backend/appmsgpublish_rmrb_partial_2026-04",
        "mp_backend/articles_appmsgex_via_exporter_api_2025-07",
        "mp_backend/list_ex_and_searchbiz_2024-04",
        "mp_backend/appmsg_list_ex_items_2020-11",
        "feeds/bridge_json/wechat2rss_api_query_docsample",
    }

    assert found == read | set(RECORDED_ERRORS) | {f"profile_ext/{name}" for name in PUSHES}


NAMES = """
base_resp ret err_msg err publish_page publish_list publish_info publish_type sent_info time appmsgex appmsg_info aid appmsgid itemidx title
digest link url content_url create_time sendtime update_time created is_deleted item_show_type app_msg_list fakey_info fakeid nickname
general_msg_list list comm_msg_info datetime app_msg_ext_info multi_app_msg_item_list del_flag getalbum_resp article_list base_info
appmsg_list articles data biz_id biz_name available home_page_list detail statusCode
"""
TELLING = [BIZ, BIZUIN, 1795084200, "1795084200", "2026-11-19T18:30:00+08:00", "http://mp.weixin.qq.com/s/DemoTokenDemoToken0001", "1_1", 0]
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(TELLING) | st.text(max_size=8)
FIELDS = st.sampled_from(sorted(NAMES.split()))
TREES = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner | inner.map(json.dumps), max_size=6),
    max_leaves=40,
)


@settings(max_examples=400, deadline=None)
@given(tree=st.dictionaries(FIELDS, TREES, max_size=4))
def test_any_body_gives_a_snapshot_or_a_look_error(tree: object) -> None:
    try:
        snapshot = read_list(json.dumps(tree).encode(), ASKED, BIZ)
    except LOOK_ERRORS:
        return

    assert snapshot.posts and snapshot.partial and snapshot.covers_from is None


ODD = ["<em ", "<em>", "</em", "&amp;", "&", "<", "\\/", "\\", '"', "【", "<p>", "http://mp.weixin.qq.com/s?__biz="]


@pytest.mark.parametrize("odd", ODD)
def test_a_long_odd_text_is_read_in_no_time(odd: str) -> None:
    long = odd * (100_000 // len(odd))
    article = {"aid": "1_1", "title": long, "digest": long, "link": long, "create_time": 1795084200, "created": long}
    bodies = [{"articles": [article] * 3}, {"publish_page": long}, {"general_msg_list": json.dumps({"list": [article]})}]

    begun = time.process_time()
    for body in bodies:
        try:
            read_list(json.dumps(body).encode(), ASKED, BIZ)
        except LOOK_ERRORS:
            continue

    assert time.process_time() - begun < 0.5 * 1.5, "1.5 MB in all, 50 ms for each 100 KB"
