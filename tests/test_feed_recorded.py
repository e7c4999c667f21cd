"""Feeds that other people recorded, version by version where there are several, and what bridges say when they refuse."""

from __future__ import annotations

import re
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from channels import asked
from recordings import RECORDINGS, needs_recordings

from adapters import feed
from adapters.http import Answer
from adapters.reading.addresses import address_of
from adapters.reading.bridges import read_health, refusal
from adapters.reading.dialects import Manner, dialect_of, zone_of
from adapters.reading.feeds import parse
from adapters.reading.items import Wanted, read_feed
from monitor.errors import AuthError, LookError, ParseError
from monitor.model import Citation, Platform, Snapshot

RECORDED = RECORDINGS
FEEDS = RECORDED / "wechat" / "feeds"
SCHOLAR = FEEDS / "recorded_wechat_scholar"
pytestmark = needs_recordings
NOW = datetime(2026, 9, 1, tzinfo=UTC)

SEQUENCES = {
    "poll_sequence_gh_4c61a9d0b449_2025-08-08_2025-08-16.tar.gz": 7,
    "poll_sequence_gh_c1f2e5989666_2026-06-20_2026-08-23.tar.gz": 44,
}


def versions(name: str) -> list[tuple[datetime, bytes]]:
    """Return a feed's versions in their order, each with the time of its commit."""
    found = []
    with tarfile.open(SCHOLAR / name) as archive:
        for member in sorted(archive.getmembers(), key=lambda each: each.name):
            content = archive.extractfile(member) if member.isfile() else None
            told = re.search(r"(\d{4}-\d\d-\d\dT\d{6})p0800", member.name)
            if content is not None and told:
                at = datetime.strptime(f"{told[1]}+0800", "%Y-%m-%dT%H%M%S%z")
                found.append((at, content.read()))
    return found


def test_no_recorded_sequence_is_left_out() -> None:
    assert {path.name for path in SCHOLAR.glob("*.tar.gz")} == set(SEQUENCES)


@pytest.mark.parametrize(("name", "number"), SEQUENCES.items())
def test_every_version_of_a_feed_is_read_whole_and_late_items_are_new_by_their_id(name: str, number: int) -> None:
    seen: dict[str, datetime] = {}
    late = timedelta(0)
    polls = versions(name)
    for at, body in polls:
        snapshot = feed.read(body, asked("feed", now=at), repair=False)
        assert snapshot.skipped == {} and not snapshot.partial and len(snapshot.posts) == body.count(b"<item>")
        fresh = {post.id: post.published_at for post in snapshot.posts if post.id not in seen}
        late = max([late, *(at - moment for moment in fresh.values())]) if seen else late
        assert all(seen.get(post.id, post.published_at) == post.published_at for post in snapshot.posts), "the same instant in either zone"
        seen |= fresh

    assert len(polls) == number
    assert timedelta(hours=10) < late < timedelta(hours=72), "the delay that the dialect allows for is what such feeds need"


@pytest.mark.parametrize("path", sorted(SCHOLAR.glob("*.xml")), ids=lambda path: path.stem)
def test_a_static_repository_is_known_by_the_account_in_its_picture(path: Path) -> None:
    found = parse(path.read_bytes())

    assert dialect_of(found.marks).name == "static"
    assert found.marks.emblem == path.stem


SYNTHETIC = {
    "we_mp_rss_2025_naive_pubdate.rss": "we-mp-rss",
    "we_mp_rss_2025_naive_pubdate_escaped_cdata.rss": "we-mp-rss",
    "we_mp_rss_new_empty_items": "we-mp-rss",
    "we_mp_rss_new_json": "we-mp-rss",
    "wechat_download_api.rss": "wechat-download-api",
    "wechat_download_api_articles": "wechat-download-api",
    **{f"wewe_rss_{what}": "wewe-rss" for what in ("account", "all", "empty", "account.rss", "all.rss", "empty.rss")},
    **{f"wewe_rss_{what}.atom": "wewe-rss" for what in ("account", "all", "empty")},
}


@pytest.mark.parametrize("path", sorted((FEEDS / "synthetic").glob("*")), ids=lambda path: path.name)
def test_a_bridges_feed_is_known_by_its_marks(path: Path) -> None:
    if path.stem == "wewe_rss_feeds_list":
        health = read_health(path.read_bytes())
        assert health.synced == {"3075193430": datetime(2026, 1, 1, tzinfo=UTC)} and not health.trouble
        return

    assert dialect_of(parse(path.read_bytes()).marks).name == SYNTHETIC[path.stem]


NAIVE = "synthetic/we_mp_rss_2025_naive_pubdate.rss.xml"


@pytest.mark.parametrize(("zone", "hour"), [("", 23), ("Asia/Shanghai", 23), ("UTC", 7), ("+09:00", 22)])
def test_a_bridges_naive_times_are_read_in_its_own_zone(zone: str, hour: int) -> None:
    snapshot = read_feed((FEEDS / NAIVE).read_bytes(), asked("feed", now=NOW), Wanted(manner=Manner(zone=zone_of(zone))))

    assert snapshot.posts[0].published_at.hour == hour and snapshot.posts[0].published_at.minute == 23
    assert snapshot.profile == {"name": "共青团中央", "id": "MzA3NTE5MzQzMA=="}


def test_a_feed_of_all_accounts_is_not_one_accounts() -> None:
    body = (FEEDS / "synthetic/wewe_rss_all.rss.xml").read_bytes()

    with pytest.raises(ParseError):
        read_feed(body, asked("feed", now=NOW), Wanted(address_of("http://h/feeds/all.rss")))


def weibo() -> Snapshot:
    return feed.read((RECORDED / "weibo/rss/CONSTRUCTED_rsshub_weibo_user.xml").read_bytes(), asked("feed", Platform.WEIBO, now=NOW))


def test_the_constructed_feed_of_rsshub_is_read_with_its_retweets() -> None:
    own, retweet, deleted = weibo().posts

    assert own.id.endswith(":4649106427873349") and not any("&" in post.title for post in weibo().posts)
    assert (own.kind, own.citation) == ("post", None)
    assert (retweet.kind, retweet.citation) == ("repost", Citation(account="6279793937"))
    assert retweet.published_at == datetime(2021, 6, 16, 12, 7, 7, tzinfo=UTC) and "转发 @明日方舟Arknights:\u2002" in retweet.title
    assert (deleted.kind, deleted.citation) == ("repost", None)
    assert weibo().profile == {"name": "明日方舟Arknights", "id": "6279793937"} and "guest" in weibo().partial


def test_the_constructed_error_page_of_rsshub_is_the_operators_to_mend() -> None:
    page = (RECORDED / "weibo/rss/CONSTRUCTED_rsshub_error_503.html").read_bytes()

    error = feed.explain(Answer(503, {}, page, "http://rsshub.example/weibo/user/1644114654"))

    assert isinstance(error, AuthError) and "cookies" in str(error) and error.head.startswith("Error Message")


REFUSALS: dict[str, tuple[int, type[LookError]]] = {
    "exporter_api_bad_key": (200, AuthError),
    "we_mp_rss_unknown_feed_404_SYNTHETIC": (404, AuthError),
    "wechat_download_api_unknown_fakeid_404_SYNTHETIC": (404, AuthError),
    "wewe_rss_feed_not_found_400_SYNTHETIC": (400, AuthError),
}
ANSWERS = {"wechat2rss_api_query_docsample", "wechat2rss_list_docsample", "wechat2rss_login_list_docsample"}


def test_no_recorded_word_of_a_bridge_is_left_out() -> None:
    assert {path.stem for path in (FEEDS / "bridge_json").glob("*")} == {*REFUSALS, *ANSWERS}


@pytest.mark.parametrize(("name", "told"), REFUSALS.items())
def test_a_bridges_recorded_word_of_refusal_has_its_class(name: str, told: tuple[int, type[LookError]]) -> None:
    body = (FEEDS / f"bridge_json/{name}.json").read_bytes()
    found = refusal(body)

    assert found is not None and found[0] is told[1]
    assert type(feed.explain(Answer(told[0], {}, body, "http://bridge.example/x"))) is told[1]
    with pytest.raises(ParseError):
        feed.read(body, asked("feed", now=NOW))


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_what_a_bridge_lists_beside_its_feeds_is_neither_refusal_nor_feed(name: str) -> None:
    body = (FEEDS / f"bridge_json/{name}.json").read_bytes()

    assert refusal(body) is None
    with pytest.raises(ParseError):
        feed.read(body, asked("feed", now=NOW))


def test_the_recorded_list_of_logins_tells_that_one_is_available() -> None:
    assert read_health((FEEDS / "bridge_json/wechat2rss_login_list_docsample.json").read_bytes()).trouble == ""
