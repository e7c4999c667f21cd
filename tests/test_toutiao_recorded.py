"""What other people recorded of Toutiao, read by our parsers. Skipped where the recordings are not at hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from channels import NOW, asked
from recordings import RECORDINGS, needs_recordings

from adapters.reading.toutiao_list import Whom, read_rows
from monitor.errors import Degraded, ParseError
from monitor.model import Snapshot

RECORDED = RECORDINGS / "toutiao"
pytestmark = needs_recordings


def read(body: bytes, whom: Whom, now: datetime = NOW) -> Snapshot:
    return read_rows(body, asked("toutiao.rows", now=now), whom)


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_bytes())


def test_the_recorded_app_feed_mixes_authors_and_is_refused() -> None:
    body = (RECORDED / "app_feed_recommend_rows_20170715.json").read_bytes()

    with pytest.raises(ParseError, match="wrong account"):
        read(body, Whom(numbers=frozenset({"4377795668"})))
    with pytest.raises(ParseError, match="several authors"):
        read(body, Whom())


def test_a_recorded_pinned_row_of_the_app_feed_is_read() -> None:
    body = recorded("app_feed_recommend_rows_20170715.json")
    body["data"] = body["data"][:1]

    with pytest.raises(Degraded, match="without a cursor") as caught:
        read(json.dumps(body).encode(), Whom(numbers=frozenset({"62213436706"})))

    assert caught.value.snapshot is not None
    (post,) = caught.value.snapshot.posts
    assert post.id.endswith(":6442416232502214913") and post.pinned and post.kind == "article" and post.citation is None
    assert post.published_at == datetime(2017, 7, 14, 1, 5, 5, tzinfo=UTC)
    assert post.url == "https://www.toutiao.com/article/6442416232502214913/"
    assert caught.value.snapshot.profile == {"name": "学习进行时", "id": "62213436706", "media_id": "1571589787106305"}


def test_a_recorded_row_cites_the_site_it_was_taken_from() -> None:
    body = recorded("app_feed_recommend_rows_20170715.json")
    body["data"] = body["data"][1:]

    with pytest.raises(Degraded) as caught:
        read(json.dumps(body).encode(), Whom(numbers=frozenset({"4377795668"})))

    assert caught.value.snapshot is not None
    (post,) = caught.value.snapshot.posts
    assert post.id.endswith(":6442641253398413570") and not post.pinned
    assert post.published_at == datetime(2017, 7, 14, 16, 28, 34, tzinfo=UTC)
    assert post.citation is not None and post.citation.url == "http://news.xinhuanet.com/legal/2017-07/15/c_1121322535.htm"
    assert caught.value.snapshot.profile["verified"] == "新华网官方头条号"


def test_the_recorded_home_rows_say_neither_author_nor_time() -> None:
    with pytest.raises(ParseError, match=r"advertisement.*no_author|no_author.*advertisement"):
        read((RECORDED / "pc_feed_home_rows_20260910_mirror.json").read_bytes(), Whom())


def test_the_recorded_minimal_article_list_covers_from_its_only_row() -> None:
    body = (RECORDED / "fixture_user_feed_article_minimal.json").read_bytes()
    published = datetime(2026, 9, 15, 3, 36, 2, tzinfo=UTC)

    snapshot = read(body, Whom(numbers=frozenset({"6733312456"})), now=published + timedelta(hours=1))

    (post,) = snapshot.posts
    assert (post.id.rsplit(":", 1)[1], post.title, post.published_at) == ("7685708916088439359", "article", published)
    assert (snapshot.covers_from, snapshot.covers_until) == (published, published + timedelta(hours=1))


def test_the_recorded_creators_row_is_kept_and_covers_nothing() -> None:
    with pytest.raises(Degraded, match="one row") as caught:
        read((RECORDED / "fixture_creator_assembleCell_item.json").read_bytes(), Whom())

    assert caught.value.snapshot is not None
    (post,) = caught.value.snapshot.posts
    assert (post.id.rsplit(":", 1)[1], post.title, post.text) == ("12345", "标题", "摘要")
    assert post.published_at == datetime(2026, 8, 5, 0, 54, 36, tzinfo=UTC)
