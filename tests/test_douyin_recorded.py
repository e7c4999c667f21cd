"""What other people recorded of Douyin, read by our parsers, with what we expect of each. Skipped where the recordings are not at hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from channels import asked
from recordings import RECORDINGS, needs_recordings

from adapters.douyin_gateway import read
from adapters.reading.douyin_glance import peeked
from adapters.reading.douyin_openapi import read_list, read_tokens
from adapters.reading.douyin_works import read_profile, unfinished
from monitor.errors import AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired, TransportFault
from monitor.model import Snapshot

RECORDED = RECORDINGS / "douyin"
pytestmark = needs_recordings
NOW = datetime(2026, 9, 1, tzinfo=UTC)
SYNTHETIC = "MS4wLjABAAAA_SYNTHETIC_DOUYIN_AUTHOR_0001"
CCTV = "MS4wLjABAAAAgq8cb7cn9ByhZbmx-XQDdRTvFzmJeBBXOUO4QflP96M"
ELEPHANT = "MS4wLjABAAAAl6JYmBWwiAwBFL_0NeoxwIjLD43oCae8gi0jeh3xRVVVHP5TPEQ2Zhut8OFZ2BSk"


def body(name: str) -> bytes:
    return (RECORDED / f"{name}.json").read_bytes()


def works(name: str, sec_uid: str = SYNTHETIC) -> Snapshot:
    return read(body(name), asked("douyin.gateway", now=NOW), sec_uid)


def own(name: str) -> Snapshot:
    return read_list(body(name), asked("douyin.openapi", now=NOW))


REFUSED: dict[str, tuple[Callable[[str], Any], type[LookError]]] = {
    "fixture_v5_risk_control_captcha": (works, RateLimited),
    "fixture_v5_risk_control_empty_detail": (works, Degraded),
    "fixture_v5_video_deleted_trimmed": (works, Degraded),
    "fixture_v5_video_private_trimmed": (works, Degraded),
    "gateway_v4_bare_envelope_issue603": (works, RateLimited),
    "gateway_v4_err_400_issue562": (works, TransportFault),
    "gateway_v5_err_invalid_url_docsample": (works, AuthError),
    "gateway_v5_err_pool_exhausted_docsample": (works, RateLimited),
    "gateway_v5_list_empty_docsample": (works, Degraded),
    "gateway_v5_task_queued_202_docsample": (works, TransportFault),
    "web_aweme_post_single_20230317": (works, ParseError),
    "share_userinfo_base_daxiangnews_20230522": (works, ParseError),
    "web_user_profile_other_cctvnews_20230522": (works, ParseError),
    "openapi_err_2100005_docsample": (own, ParseError),
    "openapi_video_list_err_28001056_offline": (own, SourceRetired),
}
READ = {
    "fixture_v5_user_posts_page1_trimmed",
    "web_aweme_post_cctvnews_20230524_trimmed",
    "openapi_video_list_ok_docsample",
    "openapi_oauth_refresh_token_docsample",
    "openapi_oauth_renew_refresh_token_docsample",
}
NOT_OURS = {"openapi_webhook_docsamples"}
"""Pushes are no feed: they tell of works shared through the app alone, and we take none."""


def test_no_recording_is_left_out() -> None:
    assert {path.stem for path in RECORDED.glob("*.json")} == {*REFUSED, *READ, *NOT_OURS}


@pytest.mark.parametrize(("name", "reader", "kind"), [(name, *how) for name, how in REFUSED.items()], ids=list(REFUSED))
def test_a_refusal_has_its_class(name: str, reader: Callable[[str], Any], kind: type[LookError]) -> None:
    with pytest.raises(kind) as caught:
        reader(name)

    assert type(caught.value) is kind


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")) if RECORDED.is_dir() else [], ids=lambda path: path.stem)
@pytest.mark.parametrize("reader", [works, own])
def test_nothing_recorded_reads_as_silence(path: Path, reader: Callable[[str], Snapshot]) -> None:
    try:
        snapshot = reader(path.stem)
    except LookError:
        return

    assert snapshot.posts


def test_an_exhausted_gateway_says_how_long_to_wait() -> None:
    with pytest.raises(RateLimited) as caught:
        works("gateway_v5_err_pool_exhausted_docsample")

    assert caught.value.retry_after == 10


def test_a_queued_task_is_known_by_its_id() -> None:
    assert unfinished(body("gateway_v5_task_queued_202_docsample")) == "0f2f1b7c-3f9e-4b8a-9a11-0a6d2b0e51c3"
    assert unfinished(body("gateway_v5_list_empty_docsample")) is None


@pytest.mark.parametrize(("name", "private"), [("fixture_v5_video_deleted_trimmed", False), ("fixture_v5_video_private_trimmed", True)])
def test_a_single_work_keeps_its_standing_and_covers_nothing(name: str, private: bool) -> None:
    with pytest.raises(Degraded) as caught:
        works(name)

    assert caught.value.snapshot is not None
    (post,) = caught.value.snapshot.posts
    assert (post.private, post.deleted_at is None) == (private, private)
    assert caught.value.snapshot.covers_from is None


def test_the_page_of_yangshi_xinwen_is_read_whole() -> None:
    page = json.loads(body("web_aweme_post_cctvnews_20230524_trimmed"))

    snapshot = works("web_aweme_post_cctvnews_20230524_trimmed", CCTV)

    assert [post.id.rsplit(":", 1)[1] for post in snapshot.posts] == [work["aweme_id"] for work in page["aweme_list"]]
    assert snapshot.posts[0].published_at == datetime(2023, 5, 24, 8, 31, 30, tzinfo=UTC)
    assert snapshot.covers_from == datetime.fromtimestamp(page["max_cursor"] / 1000, UTC)
    assert dict(snapshot.profile) == {"name": "央视新闻", "verified": "央视新闻官方抖音号", "posts": "7780", "id": CCTV}
    assert all(post.visible and not post.pinned and 27 <= len(post.text) <= 71 for post in snapshot.posts)


def test_a_work_is_published_after_it_was_made() -> None:
    snapshot = works("web_aweme_post_cctvnews_20230524_trimmed", CCTV)

    made = {post.id: datetime.fromtimestamp(int(post.id.rsplit(":", 1)[1]) >> 32, UTC) for post in snapshot.posts}
    assert all(timedelta(0) < post.published_at - made[post.id] < timedelta(days=13) for post in snapshot.posts)


def test_a_recorded_page_is_known_again_whatever_its_log_id() -> None:
    raw = body("web_aweme_post_cctvnews_20230524_trimmed")
    page = json.loads(raw)
    page["log_pb"]["impr_id"] = "another"

    assert peeked(raw) == peeked(json.dumps(page).encode()) != ""
    del page["aweme_list"][3]
    assert peeked(raw) != peeked(json.dumps(page).encode())


def test_a_page_with_a_pin_and_a_picture_post() -> None:
    snapshot = works("fixture_v5_user_posts_page1_trimmed")

    assert [(post.kind, post.pinned) for post in snapshot.posts] == [("note", False), ("video", True)]
    assert snapshot.covers_from == snapshot.posts[0].published_at
    assert snapshot.profile["name"] == "Synthetic Creator" and "verified" not in snapshot.profile


def test_a_page_of_one_work_covers_from_it() -> None:
    snapshot = works("web_aweme_post_single_20230317", "MS4wLjABAAAA_PSEUDONYM_A")

    (post,) = snapshot.posts
    assert post.id.endswith(":7188795449468259623") and snapshot.covers_from == post.published_at


PROFILES = {
    "web_user_profile_other_cctvnews_20230522": {"name": "央视新闻", "verified": "央视新闻官方抖音号", "posts": "7781", "id": CCTV},
    "share_userinfo_base_daxiangnews_20230522": {
        "name": "大象新闻",
        "verified": "河南广播电视台大象新闻官方抖音号",
        "posts": "45761",
        "id": ELEPHANT,
    },
}


@pytest.mark.parametrize(("name", "facts"), PROFILES.items())
def test_a_profile_tells_who_it_is(name: str, facts: dict[str, str]) -> None:
    author = read_profile(body(name))

    assert author.profile == facts and author.trouble == ""


def test_the_official_list_has_works_in_a_number_space_of_its_own() -> None:
    snapshot = own("openapi_video_list_ok_docsample")

    (post,) = snapshot.posts
    assert post.id.endswith(":@8hxdhauTCMppanGnM4ltGM780mDqPP+KPpR0qQOmLVAXb/T060zdRmYqig357zEBq6CZRp4NVe6qLIJW/V/x1w==")
    assert (post.title, post.kind, post.visible) == ("测试视频 #测试话题 @抖音小助手", "note", True)
    assert post.published_at == datetime(2019, 10, 14, 17, 45, 29, tzinfo=UTC)
    assert post.url.startswith("https://www.iesdouyin.com/share/video/") and "u_code" not in post.url
    assert snapshot.covers_from == datetime(1970, 1, 1, tzinfo=UTC)


def test_tokens_tell_their_lives_as_text() -> None:
    refreshed = read_tokens(body("openapi_oauth_refresh_token_docsample"), NOW)
    renewed = read_tokens(body("openapi_oauth_renew_refresh_token_docsample"), NOW)

    assert (refreshed.access, refreshed.refresh) == ("access_token", "refresh_token")
    assert (refreshed.lasts, refreshed.refresh_lasts) == (86400, 86400)
    assert (renewed.access, renewed.refresh, renewed.lasts) == ("", "refresh_token", 86400)
