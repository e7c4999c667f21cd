"""What other people recorded of the platforms, read by our parsers. Skipped where the recordings are not at hand."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from channels import asked

from adapters import douyin_gateway, feed, wechat_openapi, weibo_openapi
from adapters.reading.weibo_cards import read_cards
from monitor.errors import AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired, TransportFault
from monitor.model import Platform, Snapshot

RECORDED = Path(__file__).resolve().parents[2] / "shared" / "recorded"
pytestmark = pytest.mark.skipif(not RECORDED.is_dir() and not os.environ.get("CI"), reason="the recordings are not at hand")
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def recorded(pattern: str) -> list[Any]:
    return [pytest.param(path, id=path.stem) for path in sorted(RECORDED.glob(pattern))] if RECORDED.is_dir() else []


def body(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


@pytest.mark.parametrize("path", recorded("wechat/feeds/recorded_wechat_scholar/*.xml"))
def test_a_recorded_wechat_feed_is_read_whole(path: Path) -> None:
    raw = path.read_bytes()

    snapshot = feed.read(raw, asked("feed", now=NOW), repair=False)

    assert len(snapshot.posts) == raw.count(b"<item>") > 0
    assert snapshot.skipped == {} and snapshot.partial == ""
    assert all(re.search(r":\d+_\d+_\d$", post.id) and post.title and post.url.startswith("https://mp.") for post in snapshot.posts)
    assert snapshot.covers_from == snapshot.posts[-1].published_at


def test_items_of_one_push_share_their_time_and_keep_their_places() -> None:
    snapshot = feed.read(body("wechat/feeds/recorded_wechat_scholar/gh_c1f2e5989666.xml"), asked("feed", now=NOW), biz="MzI5NDU2MDc0OA==")

    pushes: dict[str, set[datetime]] = {}
    for post in snapshot.posts:
        pushes.setdefault(post.id.rsplit("_", 1)[0], set()).add(post.published_at)
    assert len(pushes) < len(snapshot.posts)
    assert all(len(times) == 1 for times in pushes.values())


def test_the_feed_of_another_account_is_refused() -> None:
    with pytest.raises(ParseError, match="wrong account"):
        feed.read(body("wechat/feeds/recorded_wechat_scholar/gh_4c61a9d0b449.xml"), asked("feed", now=NOW), biz="MzI5NDU2MDc0OA==")


@pytest.mark.parametrize("path", recorded("wechat/feeds/synthetic/*"))
def test_every_bridges_format_is_read(path: Path) -> None:
    if "empty" in path.stem:
        with pytest.raises(Degraded):
            feed.read(path.read_bytes(), asked("feed", now=NOW))
        return
    if "feeds_list" in path.stem:
        with pytest.raises(ParseError):
            feed.read(path.read_bytes(), asked("feed", now=NOW))
        return

    snapshot = feed.read(path.read_bytes(), asked("feed", now=NOW), repair=False)

    assert snapshot.posts[0].published_at == datetime(2025, 12, 31, 23, 23, tzinfo=UTC)
    assert snapshot.posts[0].id.endswith(":AAAAAAAAAAAAAAAAAAAAAA")
    assert snapshot.posts[0].title == "【新华社】示例：同一篇重点文章 & 标题"


@pytest.mark.parametrize("path", recorded("wechat/feeds/bridge_json/*.json"))
def test_a_bridges_word_of_refusal_is_no_feed(path: Path) -> None:
    with pytest.raises(ParseError):
        feed.read(path.read_bytes(), asked("feed", now=NOW))


def test_a_feed_of_rsshub_names_posts_by_their_mid() -> None:
    snapshot = feed.read(body("weibo/rss/CONSTRUCTED_rsshub_weibo_user.xml"), asked("feed", Platform.WEIBO, now=NOW))

    assert [post.id.rsplit(":", 1)[1] for post in snapshot.posts][:1] == ["4649106427873349"]
    assert not any("&" in post.title for post in snapshot.posts)


def list_of(number: int, **options: Any) -> Snapshot:
    return read_cards(body(f"weibo/m_weibo_cn/bison_6279793937_list_poll{number}.json"), "6279793937", NOW, **options)


def test_two_polls_differ_by_exactly_one_post_and_the_pinned_one_is_not_the_newest() -> None:
    before, after = list_of(1), list_of(2)

    new = {post.id for post in after.posts} - {post.id for post in before.posts}
    assert new == {"weibo:weibo:6279793937:4649106427873349"}
    assert after.posts[0].id in new and not after.posts[0].pinned
    (pinned,) = [post for post in after.posts if post.pinned]
    assert pinned.id.endswith(":4645748019299849") and pinned == after.posts[-1]


def test_a_list_seen_signed_in_covers_from_its_oldest_ordinary_post() -> None:
    seen = list_of(2, signed_in=True)

    assert seen.covers_from == datetime(2021, 6, 9, 7, 0, 3, tzinfo=UTC)


@pytest.mark.parametrize("path", recorded("weibo/m_weibo_cn/*list*.json"))
def test_every_recorded_list_is_read_whole(path: Path) -> None:
    uid = path.stem.split("_")[1] if path.stem.split("_")[1].isdigit() else "9000000001"

    snapshot = read_cards(path.read_bytes(), uid, NOW)

    cards = json.loads(path.read_bytes())["data"]["cards"]
    assert len(snapshot.posts) == len(cards) and snapshot.skipped == {}
    assert {post.url.rsplit("/", 1)[1] for post in snapshot.posts} == {card["mblog"]["bid"] for card in cards}


def test_a_retweet_of_a_deleted_post_still_cites_it() -> None:
    (post,) = read_cards(body("weibo/m_weibo_cn/list_retweet_of_deleted_2019.redacted.json"), "9000000001", NOW).posts

    assert post.citation is not None and post.citation.post_id == "4367289639894573"


TIMELINES = {
    "home_timeline_2018_5cf35be": ("9000000003", 4),
    "public_timeline_2012": ("1916577653", 1),
    "statuses_2011": ("1650111241", 1),
    "repost_timeline_including_deleted_2011": ("9000000014", 3),
}


@pytest.mark.parametrize(("name", "uid", "posts"), [(name, *expected) for name, expected in TIMELINES.items()], ids=list(TIMELINES))
def test_a_recorded_timeline_gives_the_posts_of_one_account(name: str, uid: str, posts: int) -> None:
    raw = body(f"weibo/open_api/{name}.redacted.json")

    snapshot = weibo_openapi.read(raw, asked("weibo.openapi", now=NOW), uid)

    everything = json.loads(raw)
    statuses = everything if isinstance(everything, list) else everything["statuses"]
    mids = [each["mid"] for each in statuses if str(each["user"]["id"]) == uid]
    assert [post.id.rsplit(":", 1)[1] for post in snapshot.posts] == mids
    assert len(mids) == posts and snapshot.skipped["foreign"] > 0


def test_old_posts_are_known_by_their_mid_and_cite_deleted_ones() -> None:
    snapshot = weibo_openapi.read(
        body("weibo/open_api/repost_timeline_including_deleted_2011.redacted.json"), asked("weibo.openapi", now=NOW), "9000000019"
    )

    (post,) = snapshot.posts
    assert post.id.endswith(":3340050540882304")
    assert post.citation is not None and post.citation.post_id == "3339924837243194"


WEIBO_ERRORS = {
    "openapi_10006_missing_appkey_doc_sample": AuthError,
    "openapi_10023_user_rate": RateLimited,
    "openapi_10023_user_rate_short": RateLimited,
    "openapi_20502_doc_sample": AuthError,
    "openapi_21325_invalid_grant": AuthError,
    "openapi_21327_expired_token": AuthError,
    "openapi_21332_invalid_access_token": AuthError,
}
LIST_ERRORS = {
    "m_getindex_ok0_no_content": Degraded,
    "m_getindex_okminus100_captcha": RateLimited,
    "m_ok0_100001_server_lost": TransportFault,
    "m_ok0_100005_too_frequent": RateLimited,
    "web_ajax_okminus100_login": AuthError,
    "web_ajax_show_ok0_20112_no_permission": Degraded,
}


def test_no_recorded_weibo_error_is_left_out() -> None:
    assert {path.stem for path in (RECORDED / "weibo/errors").glob("*.json")} == {*WEIBO_ERRORS, *LIST_ERRORS}


@pytest.mark.parametrize(("name", "kind"), WEIBO_ERRORS.items())
def test_a_recorded_error_of_the_open_platform_has_its_class(name: str, kind: type[LookError]) -> None:
    with pytest.raises(kind):
        weibo_openapi.read(body(f"weibo/errors/{name}.json"), asked("weibo.openapi", now=NOW), "6100000001")


@pytest.mark.parametrize(("name", "kind"), LIST_ERRORS.items())
def test_a_recorded_refusal_of_a_list_has_its_class(name: str, kind: type[LookError]) -> None:
    with pytest.raises(kind):
        read_cards(body(f"weibo/errors/{name}.json"), "6100000001", NOW)


def test_a_recorded_publish_list_is_read_and_stays_partial() -> None:
    snapshot = wechat_openapi.read(body("wechat/official_api/freepublish_batchget.json"), asked("wechat.openapi", now=NOW))

    (post,) = snapshot.posts
    assert post.published_at == datetime(2021, 10, 23, 8, 5, 6, tzinfo=UTC)
    assert post.url.startswith("https://mp.weixin.qq.com/s?") and post.citation is not None
    assert snapshot.partial and snapshot.covers_from is None


def test_a_recorded_empty_publish_list_proves_nothing() -> None:
    snapshot = wechat_openapi.read(body("wechat/official_api/freepublish_batchget_empty.json"), asked("wechat.openapi", now=NOW))

    assert snapshot.posts == () and snapshot.partial and snapshot.covers_from is None


WECHAT_ERRORS = {1: TransportFault, 45009: RateLimited, 48001: SourceRetired}


@pytest.mark.parametrize("path", [*recorded("wechat/errors/*.json"), *recorded("wechat/official_api/error_*.json")])
def test_a_recorded_wechat_error_has_its_class(path: Path) -> None:
    number = int(re.findall(r"\d+", path.stem)[0])
    kind = SourceRetired if number == 47009 else WECHAT_ERRORS.get(number, AuthError)

    with pytest.raises(kind):
        wechat_openapi.read(path.read_bytes(), asked("wechat.openapi", now=NOW))


def test_the_page_of_yangshi_xinwen_is_read_whole() -> None:
    raw = body("douyin/web_aweme_post_cctvnews_20230524_trimmed.json")
    page = json.loads(raw)
    sec_uid = page["aweme_list"][0]["author"]["sec_uid"]

    snapshot = douyin_gateway.read(raw, asked("douyin.gateway", now=NOW), sec_uid)

    assert [post.id.rsplit(":", 1)[1] for post in snapshot.posts] == [work["aweme_id"] for work in page["aweme_list"]]
    assert snapshot.posts[0].published_at == datetime(2023, 5, 24, 8, 31, 30, tzinfo=UTC)
    assert snapshot.covers_from == datetime.fromtimestamp(page["max_cursor"] / 1000, UTC)
    assert snapshot.profile["name"] == "央视新闻" and all(post.title for post in snapshot.posts)


SYNTHETIC = "MS4wLjABAAAA_SYNTHETIC_DOUYIN_AUTHOR_0001"
DOUYIN_BODIES = {
    "fixture_v5_risk_control_captcha": RateLimited,
    "fixture_v5_risk_control_empty_detail": Degraded,
    "fixture_v5_video_deleted_trimmed": Degraded,
    "fixture_v5_video_private_trimmed": Degraded,
    "gateway_v4_bare_envelope_issue603": RateLimited,
    "gateway_v5_err_invalid_url_docsample": AuthError,
    "gateway_v5_err_pool_exhausted_docsample": RateLimited,
    "gateway_v5_list_empty_docsample": Degraded,
    "gateway_v5_task_queued_202_docsample": TransportFault,
    "web_aweme_post_single_20230317": ParseError,
}


@pytest.mark.parametrize(("name", "kind"), DOUYIN_BODIES.items())
def test_a_recorded_douyin_body_without_a_list_of_ours_has_its_class(name: str, kind: type[LookError]) -> None:
    with pytest.raises(kind) as caught:
        douyin_gateway.read(body(f"douyin/{name}.json"), asked("douyin.gateway", now=NOW), SYNTHETIC)

    if name.startswith("fixture_v5_video"):
        assert isinstance(caught.value, Degraded) and caught.value.snapshot is not None
        assert [post.visible for post in caught.value.snapshot.posts] == [False]


def test_a_recorded_page_with_a_pin_and_a_picture_post() -> None:
    snapshot = douyin_gateway.read(body("douyin/fixture_v5_user_posts_page1_trimmed.json"), asked("douyin.gateway", now=NOW), SYNTHETIC)

    assert [(post.kind, post.pinned) for post in snapshot.posts] == [("note", False), ("video", True)]
    assert snapshot.covers_from == snapshot.posts[0].published_at


@pytest.mark.parametrize("path", recorded("douyin/*.json"))
def test_no_recorded_douyin_body_reads_as_silence(path: Path) -> None:
    try:
        snapshot = douyin_gateway.read(path.read_bytes(), asked("douyin.gateway", now=NOW), SYNTHETIC)
    except LookError:
        return

    assert snapshot.posts
