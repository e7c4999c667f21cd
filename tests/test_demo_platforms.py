"""The simulated platforms speak the real wire formats: the real adapters read every account of the demo through them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from demo_reader import NOW, Reader, StoppedClock

from demo.douyin import fresh_token, renewed_token
from demo.knobs import channels, settings_table
from demo.mailbox import Mailbox
from demo.pages import Page, Trouble
from demo.platforms import Platforms
from demo.secrets import COMPONENT, SHARED, WEIBO_APP
from demo.ways import Way
from demo.world import LIVE_SECONDS, World
from monitor.errors import Degraded, LookError, SourceRetired
from monitor.model import BEGINNING, Channel, Platform, local_date, start_of_day
from monitor.notify.mail import SmtpNotifier
from monitor.ports import Letter
from monitor.settings import Settings

pytest_plugins = ["demo_served"]


def files_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


EVENINGS = (Way.WECHAT_FULL, Way.WECHAT_COMPONENT)
"""Ways that see each day when it is over: what was sent today is told of tomorrow."""
TARDY = (*EVENINGS, Way.WECHAT_STATIC, Way.MANUAL)


async def test_the_adapters_see_of_every_account_what_it_published_last(world: World, platforms: Platforms, reader: Reader) -> None:
    for page in world.pages:
        if page.trouble or page.ways[-1] in TARDY:
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


async def test_the_business_interface_answers_for_several_accounts_in_one_request(world: World, reader: Reader) -> None:
    pages = [page for page in world.pages if Way.WEIBO_BUSINESS_BATCH in page.ways]

    found = await asyncio.gather(*(reader.look(page, NOW, Way.WEIBO_BUSINESS_BATCH) for page in pages))

    assert len(pages) >= 2 and len({snapshot.digest for snapshot in found}) == 1
    for page, snapshot in zip(pages, found, strict=True):
        assert snapshot.posts[0].published_at == page.items[0].at and snapshot.covers_until == NOW


async def test_the_business_interface_wants_its_own_token(platforms: Platforms) -> None:
    headers = {"Authorization": f"OAuth2 {SHARED[WEIBO_APP]['access_token']}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{platforms.base_url}/2/statuses/user_timeline_batch.json?uids=7900000001") as answer:
            told = await answer.json()

    assert told["error_code"] == 21332


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


async def test_an_authorisation_that_ends_within_ten_days_is_renewed_and_the_old_one_is_dead(
    world: World, platforms: Platforms, reader: Reader
) -> None:
    pages = [page for page in world.pages if Way.DOUYIN_OWN in page.ways]
    for page in pages:
        await reader.look(page, NOW, Way.DOUYIN_OWN)

        grant = reader.credentials.grant(page.credential, "douyin.access")
        assert grant is not None and grant.value == fresh_token(page)
        assert grant.refresh == renewed_token(page, 1) and grant.renewals == 1
        assert grant.refresh_until == NOW + timedelta(days=30)
    assert len(pages) >= 2 and await refreshed(platforms, pages[0], renewed_token(pages[0], 1)) == 0
    assert await refreshed(platforms, pages[0], pages[0].secrets["refresh_token"]) == 10010


async def refreshed(platforms: Platforms, page: Page, token: str) -> int:
    """Return the code of the answer to a refresh with this token."""
    form = {"client_key": page.secrets["client_key"], "grant_type": "refresh_token", "refresh_token": token}
    async with aiohttp.ClientSession() as session, session.post(f"{platforms.base_url}/oauth/refresh_token/", data=form) as answer:
        return int((await answer.json())["data"]["error_code"])


async def test_an_authorisation_is_renewed_five_times_and_no_oftener(world: World, platforms: Platforms) -> None:
    page = next(page for page in world.pages if Way.DOUYIN_OWN in page.ways)
    token, codes = page.secrets["refresh_token"], []

    async with aiohttp.ClientSession() as session:
        for _ in range(6):
            form = {"client_key": page.secrets["client_key"], "refresh_token": token}
            async with session.post(f"{platforms.base_url}/oauth/renew_refresh_token/", data=form) as answer:
                told = (await answer.json())["data"]
            codes.append(told["error_code"])
            token = told.get("refresh_token", token)

    assert codes == [0, 0, 0, 0, 0, 10020]


async def test_the_platform_says_that_its_list_of_works_is_retired(world: World, reader: Reader) -> None:
    page = next(page for page in world.pages if Way.DOUYIN_RETIRED in page.ways)

    with pytest.raises(SourceRetired):
        await reader.look(page, NOW, Way.DOUYIN_RETIRED)


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


def test_an_unknown_fault_is_refused(world: World, clock: StoppedClock) -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        Platforms(world, clock, "flood")


WIRE_REFUSALS = {
    "weibo without a token": ("GET", "/2/statuses/user_timeline.json", {}, 403, "error_code", 21332),
    "weibo's short links without a token": ("GET", "/2/short_url/expand.json?url_short=http://t.cn/A6x", {}, 403, "error_code", 21332),
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
