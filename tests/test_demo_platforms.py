"""The simulated platforms speak the real wire formats: the real adapters read every account of the demo through them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters import ADAPTERS
from adapters.http import Door
from demo.articles import FORMS
from demo.knobs import channels, settings_table
from demo.mailbox import Mailbox
from demo.pages import Page, Trouble
from demo.platforms import FROZEN_SOURCE, Platforms
from demo.rhythm import FROZEN_DAYS
from demo.world import LIVE_SECONDS, World
from monitor.credentials import CredentialBook, Vault
from monitor.errors import Degraded, LookError
from monitor.matching import ArticleIndex
from monitor.model import BEGINNING, Account, Channel, Platform, RepostVerdict, Snapshot, Status, local_date
from monitor.notify.mail import SmtpNotifier
from monitor.ports import Adapter, Letter
from monitor.settings import Settings

NOW = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)


class StoppedClock:
    """Shows the moment it is set to."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def elapsed(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


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


class Reader:
    """The real adapters behind a real door."""

    def __init__(self, world: World, platforms: Platforms, door: Door) -> None:
        table = settings_table(world, platforms.base_url, 25, Path("unused"))
        book = Vault(CredentialBook(Settings(**table).credentials))
        self.base_url = platforms.base_url
        self.adapters: dict[str, Adapter] = {
            name: ADAPTERS[name](ADAPTERS[name].Settings(**wishes), door, book)  # type: ignore[call-arg]
            for name, wishes in channels(platforms.base_url).items()
        }

    async def look(self, page: Page, now: datetime, adapter: str = "", memory: Mapping[str, Any] | None = None) -> Snapshot:
        account = page.account(self.base_url)
        channel = next(each for each in account.channels if each.adapter == (adapter or account.channels[-1].adapter))
        return await self.adapters[channel.adapter].look(account, channel, memory or {}, now)


@pytest.fixture
async def reader(world: World, platforms: Platforms) -> AsyncIterator[Reader]:
    async with Door(random.Random(1), retry_wait=0.0) as door:
        yield Reader(world, platforms, door)


def files_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def members(world: World, platform: Platform) -> list[Page]:
    return [page for page in world.pages if page.member is not None and page.platform is platform]


async def test_the_adapters_see_of_every_account_what_it_published_last(world: World, platforms: Platforms, reader: Reader) -> None:
    for page in world.pages:
        if page.trouble:
            continue

        snapshot = await reader.look(page, NOW)

        newest = platforms.newest(page.code)
        assert [post.published_at for post in snapshot.posts if not post.pinned][:1] == ([newest.at] if newest else [])
        assert not snapshot.skipped
        assert snapshot.covers_until == NOW
        assert snapshot.covers_from is not None and (newest is None or snapshot.covers_from <= newest.at)


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
    page = next(page for page in world.pages if page.official)

    partial = await reader.look(page, NOW, "wechat.openapi")
    whole = await reader.look(page, NOW, "feed")

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
        feeds = [page for page in world.pages if page.platform is Platform.WECHAT and not page.trouble and page.status is Status.ACTIVE]
        for page in feeds[::10] + [page for page in feeds if page.canary]:
            shown = await reader.look(page, clock.moment)

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

    assert {channel.adapter for channel in named} == set(channels("http://127.0.0.1:1"))
    assert {channel.credential for channel in named if channel.credential} == set(book)
