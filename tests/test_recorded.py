"""The daemon on recorded feeds: version by version from a real server, with the clock at each version's commit time."""

from __future__ import annotations

import os
import re
import tarfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from daemons import SetClock, enrol, quick_settings, running, until

from monitor.model import Account, Channel, Platform

RECORDED = Path(__file__).resolve().parents[2] / "shared" / "recorded"
FEEDS = RECORDED / "wechat" / "feeds" / "recorded_wechat_scholar"
SEQUENCES = (
    "poll_sequence_gh_4c61a9d0b449_2025-08-08_2025-08-16.tar.gz",
    "poll_sequence_gh_c1f2e5989666_2026-06-20_2026-08-23.tar.gz",
)

pytestmark = pytest.mark.skipif(
    not RECORDED.exists() and not os.environ.get("CI"), reason="the third-party recordings are not beside this checkout"
)


@dataclass
class Version:
    at: datetime
    body: bytes
    posts: dict[tuple[str, ...], datetime] = field(default_factory=dict)


def versions(archive: str) -> list[Version]:
    """Read a sequence with the standard library alone: what the daemon must agree with."""
    found = []
    with tarfile.open(FEEDS / archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda each: each.name):
            taken = re.search(r"_(\d{4}-\d\d-\d\dT\d{6})p0800_", member.name)
            content = tar.extractfile(member)
            assert taken and content
            body = content.read()
            at = datetime.strptime(taken[1] + "+0800", "%Y-%m-%dT%H%M%S%z").astimezone(UTC)
            found.append(Version(at, body, posts_of(body)))
    return found


def posts_of(body: bytes) -> dict[tuple[str, ...], datetime]:
    posts = {}
    for item in ET.fromstring(body).iter("item"):
        query = parse_qs(urlsplit(item.findtext("link") or "").query)
        key = tuple(query[name][0] for name in ("__biz", "mid", "idx"))
        posts[key] = parsedate_to_datetime(item.findtext("pubDate") or "")
    return posts


@pytest.mark.parametrize("archive", SEQUENCES)
async def test_after_every_version_last_update_and_posts_equal_what_the_file_says(archive: str, mongod: str, database: str) -> None:
    sequence = versions(archive)
    served = sequence[0]

    async def feed(request: web.Request) -> web.Response:
        return web.Response(body=served.body, content_type="application/xml")

    site = web.Application()
    site.router.add_get("/gh.xml", feed)
    clock = SetClock(sequence[0].at)
    known: dict[tuple[str, ...], datetime] = {}
    settings = quick_settings(
        mongod, database, channels={"feed": {"spacing_seconds": 0, "min_interval_minutes": 2, "max_interval_minutes": 60, "delay_hours": 0}}
    )
    async with TestServer(site) as server, running(settings, clock) as app:
        handle = str(server.make_url("/gh.xml"))
        channel = Channel(adapter="feed", handle=handle)
        await enrol(app, Account(id="scholar", platform=Platform.WECHAT, name="某学会", channels=(channel,)))
        for version in sequence:
            served, clock.moment = version, version.at
            known |= version.posts

            async def looked(at: datetime = version.at) -> bool:
                return (await app.store.states(["scholar"]))["scholar"].last_tried_at == at

            await until(looked)

            state = (await app.store.states(["scholar"]))["scholar"]
            stored = await app.store.posts("scholar")
            assert state.last_error is None
            assert state.last_post is not None
            assert state.last_post.published_at == max(known.values())
            assert len(stored) == len(known)
            assert sorted(post.published_at for post in stored) == sorted(known.values())
            # A bridge is believed as far as its newest post proves it alive, not up to the look.
            assert state.sight.saw(min(version.posts.values()), max(version.posts.values()))
            assert not state.sight.saw(min(version.posts.values()), version.at)


async def test_a_zone_change_within_the_sequence_stores_nothing_twice_and_rewrites_no_instant(mongod: str, database: str) -> None:
    before, after = versions(SEQUENCES[0])[2:4]
    assert b"+0800" not in before.body
    assert b"+0800" in after.body
    assert before.posts == {key: after.posts[key] for key in before.posts if key in after.posts}
