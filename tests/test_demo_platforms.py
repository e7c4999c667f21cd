"""The simulated platforms speak the real wire formats: the real adapters read every account of the demo through them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from channels import Reply, serving
from demo_reader import NOW, Reader, StoppedClock

from adapters.http import Door
from demo.articles import FORMS
from demo.douyin import fresh_token
from demo.faults import FROZEN_SOURCE
from demo.knobs import channels, settings_table
from demo.mailbox import Mailbox
from demo.pages import Page, Trouble
from demo.platforms import Platforms
from demo.pushes import Pusher, pushed
from demo.rhythm import FROZEN_DAYS
from demo.secrets import COMPONENT
from demo.ways import STATES, WECHAT_BRIDGES, Way
from demo.wire_wechat import article_url, push_published, push_sent
from demo.world import LIVE_SECONDS, World
from monitor.errors import Degraded, LookError, SourceRetired
from monitor.matching import ArticleIndex
from monitor.model import BEGINNING, Account, Channel, Platform, RepostVerdict, Status, local_date, start_of_day
from monitor.notify.mail import SmtpNotifier
from monitor.ports import Letter, Listener, Pushed
from monitor.settings import Settings


@pytest.fixture(scope="module")
def world() -> World:
    return World.build(NOW)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(NOW)


@pytest.fixture
async def platforms(world: World, clock: StoppedClock) -> AsyncIterator[Platforms]:
    async with Platforms(world, clock) as served:
        yield served


@pytest.fixture
async def reader(world: World, platforms: Platforms) -> AsyncIterator[Reader]:
    async with Door(random.Random(1), retry_wait=0.0) as door:
        yield Reader(world, platforms, door)


def files_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def members(world: World, platform: Platform) -> list[Page]:
    return [page for page in world.pages if page.member is not None and page.platform is platform]


EVENINGS = (Way.WECHAT_FULL, Way.WECHAT_COMPONENT)
"""Ways that see each day when it is over: what was sent today is told of tomorrow."""


async def test_the_adapters_see_of_every_account_what_it_published_last(world: World, platforms: Platforms, reader: Reader) -> None:
    for page in world.pages:
        if page.trouble or page.ways[-1] in EVENINGS:
            continue

        snapshot = await reader.look(page, NOW)

        newest = platforms.newest(page.code)
        assert [post.published_at for post in snapshot.posts if not post.pinned][:1] == ([newest.at] if newest else []), page.ways
        assert not snapshot.skipped
        assert snapshot.covers_until == NOW
        assert snapshot.covers_from is not None and (newest is None or snapshot.covers_from <= newest.at)


@pytest.mark.parametrize("way", EVENINGS)
async def test_with_the_data_cube_the_owners_own_lists_show_everything_up_to_midnight(world: World, reader: Reader, way: Way) -> None:
    await reader.take_ticket()
    midnight = start_of_day(local_date(NOW))
    for page in [page for page in world.pages if way in page.ways]:
        snapshot = await reader.look(page, NOW, way)

        month = {item.title for item in page.items if midnight - timedelta(days=27) < item.at < midnight}
        assert month <= {post.title for post in snapshot.posts}
        assert snapshot.covers_until is not None and timedelta(0) < midnight - snapshot.covers_until < timedelta(seconds=1)


@pytest.mark.parametrize("way", list(Way))
def test_every_way_is_gone_by_two_accounts_at_least(world: World, way: Way) -> None:
    assert sum(way in page.ways for page in world.pages) >= 2


@pytest.mark.parametrize("way", [way for way in Way if not way.complete])
async def test_a_way_that_shows_a_part_or_nothing_never_covers(world: World, reader: Reader, way: Way) -> None:
    for page in [page for page in world.pages if way in page.ways]:
        try:
            snapshot = await reader.look(page, NOW, way)
        except LookError:
            continue

        assert snapshot.partial and snapshot.covers_from is None


async def test_the_mobile_site_cuts_long_texts_and_hands_out_the_whole_of_new_ones(world: World, reader: Reader) -> None:
    for page in [page for page in world.pages if Way.WEIBO_WEB in page.ways]:
        snapshot = await reader.look(page, NOW, Way.WEIBO_WEB)

        newest = next(post for post in snapshot.posts if not post.pinned)
        assert page.items[0].text in newest.text and "全文" not in newest.text
        assert newest.title == page.items[0].title


async def test_an_outdated_token_of_the_open_platform_is_refreshed_once(world: World, reader: Reader) -> None:
    page = next(page for page in world.pages if Way.DOUYIN_OWN in page.ways)

    await reader.look(page, NOW, Way.DOUYIN_OWN)

    grant = reader.credentials.grant(page.credential, "douyin.access")
    assert grant is not None and grant.value == fresh_token(page) != page.secrets["access_token"]


async def test_the_platform_says_that_its_list_of_works_is_retired(world: World, reader: Reader) -> None:
    page = next(page for page in world.pages if Way.DOUYIN_RETIRED in page.ways)

    with pytest.raises(SourceRetired):
        await reader.look(page, NOW, Way.DOUYIN_RETIRED)


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


async def test_an_account_that_never_published_is_seen_as_a_complete_empty_list(world: World, reader: Reader) -> None:
    page = next(page for page in world.pages if not page.items)

    snapshot = await reader.look(page, NOW)

    assert (snapshot.posts, snapshot.covers_from) == ((), BEGINNING)


@pytest.mark.parametrize("trouble", list(Trouble))
async def test_each_trouble_ends_in_its_error_class(world: World, reader: Reader, trouble: Trouble) -> None:
    page = next(page for page in world.pages if page.trouble is trouble)

    with pytest.raises(LookError) as caught:
        await reader.look(page, NOW)

    assert caught.value.code == trouble.value


async def test_the_guest_is_shown_old_posts_only(world: World, reader: Reader) -> None:
    page = next(page for page in world.pages if page.trouble is Trouble.GUEST_VIEW)

    with pytest.raises(Degraded) as caught:
        await reader.look(page, NOW)

    shown = caught.value.snapshot
    assert shown is not None and shown.posts
    assert all(NOW - post.published_at > timedelta(days=40) for post in shown.posts)


async def test_a_pinned_post_is_shown_first_and_is_not_the_newest(world: World, reader: Reader) -> None:
    for platform in (Platform.WEIBO, Platform.DOUYIN):
        page = next(page for page in world.pages if page.pins and page.platform is platform and not page.trouble)

        snapshot = await reader.look(page, NOW)

        assert [post.pinned for post in snapshot.posts].count(True) == 1
        assert not snapshot.posts[0].pinned


async def test_the_official_list_is_partial_and_names_its_articles_as_the_feed_does(world: World, reader: Reader) -> None:
    page = next(page for page in world.pages if Way.WECHAT_LIST in page.ways)

    partial = await reader.look(page, NOW, Way.WECHAT_LIST)
    whole = await reader.look(page, NOW, Way.WECHAT_FEED)

    assert partial.partial and partial.covers_from is None
    assert {post.id for post in whole.posts} > {post.id for post in partial.posts if post.published_at >= whole.posts[-1].published_at}
    assert {post.id for post in whole.posts} & {post.id for post in partial.posts}


async def test_a_feed_that_did_not_change_answers_that_it_did_not(world: World, reader: Reader, clock: StoppedClock) -> None:
    page = next(page for page in world.pages if page.platform is Platform.WECHAT and not page.trouble and not page.lively)
    first = await reader.look(page, NOW)
    clock.moment = NOW + timedelta(minutes=5)

    second = await reader.look(page, clock.moment, memory=first.memory)

    assert second.unchanged and second.posts == ()
    assert (second.covers_from, second.covers_until) == (first.covers_from, clock.moment)


async def test_a_live_post_appears_when_its_moment_has_come(world: World, reader: Reader, clock: StoppedClock) -> None:
    page, item = world.live(3)
    before = await reader.look(page, NOW)
    clock.moment = NOW + timedelta(seconds=4 * LIVE_SECONDS)

    after = await reader.look(page, clock.moment, memory=before.memory)

    assert item.at not in {post.published_at for post in before.posts}
    assert item.at in {post.published_at for post in after.posts}


@pytest.mark.parametrize("platform", list(FORMS))
async def test_the_reposts_are_found_late_or_missing_as_the_answers_say(world: World, reader: Reader, platform: Platform) -> None:
    index = ArticleIndex(world.articles)
    due = {article.id: article.due_at for article in world.articles}
    counts = dict.fromkeys((RepostVerdict.DONE, RepostVerdict.LATE, RepostVerdict.MISSING), 0)
    missing = set()

    for page in members(world, platform):
        account: Account = page.account(reader.base_url)
        snapshot = await reader.look(page, NOW)
        found = {match.article_id: post.published_at for post in snapshot.posts for match in index.find(post, account)}
        missing |= {(article.id, page.code) for article in world.articles if article.id not in found}
        for article in world.articles:
            moment = found.get(article.id)
            late = moment is not None and moment > due[article.id]
            counts[RepostVerdict.MISSING if moment is None else RepostVerdict.LATE if late else RepostVerdict.DONE] += 1
        assert snapshot.covers_from is not None and snapshot.covers_from < world.articles[0].published_at

    assert missing == {pair for pair in world.expected.missing if world.by_code[pair[1]].platform is platform}
    assert counts[RepostVerdict.LATE] >= 6 and counts[RepostVerdict.DONE] > 40


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


def test_an_unknown_fault_is_refused(world: World, clock: StoppedClock) -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        Platforms(world, clock, "flood")


WIRE_REFUSALS = {
    "weibo without a token": ("GET", "/2/statuses/user_timeline.json", {}, 403, "error_code", 21332),
    "wechat with a foreign appid": ("POST", "/cgi-bin/stable_token", {"appid": "wx0"}, 200, "errcode", 40013),
    "wechat with a made-up token": ("POST", "/cgi-bin/freepublish/batchget?access_token=x", {}, 200, "errcode", 40001),
}


@pytest.mark.parametrize(("method", "path", "body", "status", "key", "code"), list(WIRE_REFUSALS.values()), ids=list(WIRE_REFUSALS))
async def test_a_wrong_credential_gets_the_platforms_own_refusal(
    platforms: Platforms, method: str, path: str, body: dict[str, str], status: int, key: str, code: int
) -> None:
    async with aiohttp.ClientSession() as session, session.request(method, platforms.base_url + path, json=body) as answer:
        told = await answer.json()

    assert (answer.status, told[key]) == (status, code)


async def test_weibo_shows_a_token_its_own_account_only(world: World, platforms: Platforms) -> None:
    mine, other = [page for page in world.pages if page.platform is Platform.WEIBO and not page.trouble][:2]
    headers = {"Authorization": f"OAuth2 {mine.secrets['access_token']}"}

    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{platforms.base_url}/2/statuses/user_timeline.json?uid={other.handle}") as answer:
            told = await answer.json()

    assert told["error_code"] == 10014


async def test_the_gateway_answers_an_unknown_account_as_it_answers_every_failure(platforms: Platforms) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{platforms.base_url}/api/douyin/web/fetch_user_post_videos?sec_user_id=x") as answer:
            told = await answer.json()

    assert (answer.status, told["detail"]["code"]) == (400, 400)


async def test_the_mailbox_keeps_a_letter_as_a_file_and_reads_its_chinese_subject(tmp_path: Path) -> None:
    (tmp_path / "0001.eml").write_text("of an earlier run")
    async with Mailbox(tmp_path) as mailbox:
        table = settings_table(World.build(NOW), "http://127.0.0.1:1", mailbox.port, tmp_path)
        letter = Letter("xxy@example.invalid", "1", "【更新提醒】“石泉统计”(微博)已10天未更新", "正文", "<p>正文</p>")

        await SmtpNotifier(Settings(**table).smtp).send(letter)

    assert [(mail.to, mail.subject) for mail in mailbox.mails] == [(letter.to, letter.subject)]
    assert mailbox.counts() == {letter.to: 1}
    assert [mail.path.name for mail in mailbox.mails] == files_in(tmp_path) == ["0001.eml"]


def test_every_channel_of_the_roster_has_settings_and_every_credential_a_secret(world: World) -> None:
    accounts = world.roster("http://127.0.0.1:1")
    named: list[Channel] = [channel for account in accounts for channel in account.channels]
    book = world.credentials()

    assert {channel.adapter for channel in named} | {"wechat.article"} == set(channels("http://127.0.0.1:1"))
    assert {channel.credential for channel in named if channel.credential} | {COMPONENT} == set(book)
