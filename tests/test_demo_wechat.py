"""WeChat as the demo simulates it: bridges in all their formats, articles' own pages, and pushes."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from channels import Reply, serving
from demo_reader import NOW, Reader, StoppedClock, members

from adapters.http import Door
from demo.bridges import last_written
from demo.faults import FROZEN_SOURCE
from demo.feeds import FEED_ITEMS
from demo.platforms import Platforms
from demo.pushes import Pusher, pushed
from demo.rhythm import FROZEN_DAYS
from demo.ways import STATES, STATIC_HOURS, WECHAT_BRIDGES, Way, feed_path
from demo.wire_wechat import article_url, push_published, push_sent
from demo.world import LIVE_SECONDS, World
from monitor.errors import Degraded
from monitor.matching import ArticleIndex
from monitor.model import Channel, Platform, Status, local_date
from monitor.ports import Listener, Pushed

pytest_plugins = ["demo_served"]


async def test_static_files_show_what_was_there_when_they_were_written_and_are_believed_up_to_hours_ago(
    world: World, reader: Reader, clock: StoppedClock
) -> None:
    noon = NOW.replace(hour=4, minute=15)
    clock.moment = NOW + timedelta(hours=1)
    for page in [page for page in world.pages if Way.WECHAT_STATIC in page.ways]:
        snapshot = await reader.look(page, NOW, Way.WECHAT_STATIC)

        assert [post.published_at for post in snapshot.posts] == [item.at for item in page.items if item.at <= noon][:FEED_ITEMS]
        assert snapshot.covers_until == NOW - timedelta(hours=STATIC_HOURS)
        assert snapshot.memory["dialect"] == "static" and not snapshot.partial
        assert all(page.bizuin in post.id for post in snapshot.posts)


LAST_WRITTEN = {
    "2026-11-18T00:30:00+08:00": "2026-11-17T17:15:00+08:00",
    "2026-11-18T08:14:59+08:00": "2026-11-17T17:15:00+08:00",
    "2026-11-18T08:15:00+08:00": "2026-11-18T08:15:00+08:00",
    "2026-11-18T15:00:00+08:00": "2026-11-18T12:15:00+08:00",
    "2027-01-01T07:00:00+08:00": "2026-12-31T17:15:00+08:00",
}


@pytest.mark.parametrize(("now", "written"), list(LAST_WRITTEN.items()))
def test_static_files_are_written_three_times_a_day_and_no_later_than_the_roster_allows_for(now: str, written: str) -> None:
    moment = datetime.fromisoformat(now)

    assert last_written(moment) == datetime.fromisoformat(written)
    assert moment - last_written(moment) < timedelta(hours=STATIC_HOURS)


FORMATS = {Way.WEWE_RSS: ("rss", "atom", "json"), Way.WE_MP_RSS: ("rss", "atom"), Way.WECHAT_FEED: ("rss", "atom", "json")}


@pytest.mark.parametrize("way", list(FORMATS))
def test_every_format_of_a_bridge_is_taken_by_two_accounts_at_least(world: World, way: Way) -> None:
    endings = Counter(feed_path(page, way).rpartition(".")[2] for page in world.pages if way in page.ways)

    assert set(endings) == set(FORMATS[way]) and min(endings.values()) >= 2


@pytest.mark.parametrize("way", [Way.WEWE_RSS, Way.WE_MP_RSS])
async def test_a_bridge_is_known_by_its_marks_in_every_format(world: World, reader: Reader, way: Way) -> None:
    names = {(await reader.look(page, NOW, way)).memory["dialect"] for page in world.pages if way in page.ways}

    assert names == {way.removeprefix("wechat.")}


async def test_a_candidates_article_page_tells_title_time_and_account(world: World, platforms: Platforms, reader: Reader) -> None:
    for official in (True, False):
        page = next(page for page in world.pages if page.platform is Platform.WECHAT and page.items and page.official is official)
        item = page.items[3]
        channel = Channel(adapter="wechat.article", handle=article_url(page, item), options={"biz": page.bizuin})

        snapshot = await reader.adapters["wechat.article"].look(page.account(platforms.base_url), channel, {}, NOW)

        assert [(post.title, post.published_at, post.text) for post in snapshot.posts] == [(item.title, item.at, item.text)]
        assert snapshot.profile["name"] == page.name and snapshot.partial


async def test_the_article_page_of_a_repost_shows_what_it_was_taken_from(world: World, platforms: Platforms, reader: Reader) -> None:
    page, item = next(
        (page, item) for page in members(world, Platform.WECHAT) for item in page.items if item.link == world.articles[0].urls[0]
    )
    channel = Channel(adapter="wechat.article", handle=article_url(page, item))

    snapshot = await reader.adapters["wechat.article"].look(page.account(platforms.base_url), channel, {}, NOW)

    (post,) = snapshot.posts
    assert post.citation is not None and post.citation.url == item.link
    assert [match.article_id for match in ArticleIndex(world.articles).find(post, page.account(platforms.base_url))] == ["demo-1"]


async def test_the_article_page_of_an_unknown_article_says_that_it_was_deleted(world: World, platforms: Platforms, reader: Reader) -> None:
    account = next(page for page in world.pages if page.platform is Platform.WECHAT).account(platforms.base_url)
    channel = Channel(adapter="wechat.article", handle="https://mp.weixin.qq.com/s/" + "x" * 22)

    snapshot = await reader.adapters["wechat.article"].look(account, channel, {}, NOW)

    assert [post.visible for post in snapshot.posts] == [False]


@pytest.mark.parametrize("sent", [True, False], ids=["sent to the followers", "only published"])
async def test_a_push_in_the_clear_or_sealed_is_heard_and_tells_of_the_article(world: World, reader: Reader, sent: bool) -> None:
    adapter = reader.adapters["wechat.callback"]
    assert isinstance(adapter, Listener)
    for page in [page for page in world.pages if Way.WECHAT_PUSH in page.ways]:
        item = page.items[0]
        message = push_sent(page, item) if sent else push_published(page, item)
        push = pushed(page.secrets, message, NOW, page.secrets["appid"])

        heard = adapter.hear(page.credential, Pushed("POST", push.query, {}, push.body), NOW)
        shown = adapter.told(page.account(reader.base_url), page.account(reader.base_url).channels[0], heard.payload, NOW)

        assert (heard.status, heard.answer, heard.handle) == (200, "success", page.handle)
        assert [(post.published_at, post.url) for post in shown.posts] == [(item.at, article_url(page, item))]


async def test_a_published_post_is_pushed_to_the_callback_address_once(world: World, clock: StoppedClock, platforms: Platforms) -> None:
    async with serving(Reply(body=b"success")) as console:
        pusher = Pusher(platforms.stage, lambda: console.base_url + "/")
        clock.moment = NOW + timedelta(seconds=9 * LIVE_SECONDS)
        platforms.stage.publish_due(clock.now())
        await pusher.push_due()
        await pusher.push_due()

    expected = [page.credential for number in range(1, 10) for page, _ in [world.live(number)] if Way.WECHAT_PUSH in page.ways]
    assert [each.path.rpartition("/")[2] for each in console.requests] == expected and len(expected) >= 2
    assert pusher.taken == len(expected)


async def test_the_official_list_is_partial_and_names_its_articles_as_the_feed_does(world: World, reader: Reader) -> None:
    page = next(page for page in world.pages if Way.WECHAT_LIST in page.ways)

    partial = await reader.look(page, NOW, Way.WECHAT_LIST)
    whole = await reader.look(page, NOW, Way.WECHAT_FEED)

    assert partial.partial and partial.covers_from is None
    assert {post.id for post in whole.posts} > {post.id for post in partial.posts if post.published_at >= whole.posts[-1].published_at}
    assert {post.id for post in whole.posts} & {post.id for post in partial.posts}


async def test_under_the_frozen_source_every_feed_stands_still_and_weibo_goes_on(world: World, clock: StoppedClock) -> None:
    clock.moment = NOW + timedelta(minutes=1)
    async with Platforms(world, clock, FROZEN_SOURCE) as frozen, Door(random.Random(1), retry_wait=0.0) as door:
        reader = Reader(world, frozen, door)
        feeds = [page for page in world.pages if page.ways[-1] in WECHAT_BRIDGES and not page.trouble and page.status is Status.ACTIVE]
        special = [page for page in feeds if page.ways != (Way.WECHAT_FEED,)]
        for page in feeds[::10] + special + [page for page in feeds if page.canary]:
            try:
                shown = await reader.look(page, clock.moment)
            except Degraded as error:
                # Two of the bridges can tell themselves that they do not look any more.
                assert page.ways[-1] in STATES
                assert error.snapshot is not None
                shown = error.snapshot

            newest = shown.posts[0].published_at
            assert (local_date(NOW) - local_date(newest)).days >= FROZEN_DAYS

        weibo = next(page for page in world.pages if page.canary and page.platform is Platform.WEIBO)
        assert NOW - (await reader.look(weibo, clock.moment)).posts[0].published_at < timedelta(days=2)
