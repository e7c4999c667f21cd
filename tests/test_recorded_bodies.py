"""What other people recorded of the platforms, read by our parsers. Skipped where the recordings are not at hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from channels import asked
from recordings import RECORDINGS, needs_recordings

from adapters import feed, wechat_openapi
from monitor.errors import AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired, TransportFault

RECORDED = RECORDINGS
pytestmark = needs_recordings
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


def test_a_repositorys_list_of_its_feeds_is_no_feed() -> None:
    with pytest.raises(ParseError):
        feed.read(body("wechat/feeds/recorded_wechat_scholar/channels.json"), asked("feed", now=NOW))


def test_a_recorded_publish_list_is_read_and_stays_partial() -> None:
    snapshot = wechat_openapi.read(body("wechat/official_api/freepublish_batchget.json"), asked("wechat.openapi", now=NOW))

    (post,) = snapshot.posts
    assert post.published_at == datetime(2021, 10, 23, 8, 5, 6, tzinfo=UTC)
    assert post.url.startswith("https://mp.weixin.qq.com/s?") and post.citation is not None
    assert snapshot.partial and snapshot.covers_from is None


def test_a_recorded_empty_publish_list_proves_nothing() -> None:
    snapshot = wechat_openapi.read(body("wechat/official_api/freepublish_batchget_empty.json"), asked("wechat.openapi", now=NOW))

    assert snapshot.posts == () and snapshot.partial and snapshot.covers_from is None


ERRORS: dict[str, type[LookError]] = {
    "SYNTHETIC_errcode_1": TransportFault,
    "SYNTHETIC_errcode_40001": AuthError,
    "SYNTHETIC_errcode_40013": AuthError,
    "SYNTHETIC_errcode_40125": AuthError,
    "SYNTHETIC_errcode_40164": AuthError,
    "SYNTHETIC_errcode_42001": AuthError,
    "SYNTHETIC_errcode_45009": RateLimited,
    "SYNTHETIC_errcode_48001": SourceRetired,
    "SYNTHETIC_errcode_61003": AuthError,
    "SYNTHETIC_errcode_61004": AuthError,
    "SYNTHETIC_errcode_61007": AuthError,
    "SYNTHETIC_errcode_61023": AuthError,
}


@pytest.mark.parametrize(("name", "kind"), ERRORS.items(), ids=ERRORS)
def test_a_wechat_error_has_its_class(name: str, kind: type[LookError]) -> None:
    with pytest.raises(LookError) as caught:
        wechat_openapi.read(body(f"wechat/errors/{name}.json"), asked("wechat.openapi", now=NOW))

    assert type(caught.value) is kind
