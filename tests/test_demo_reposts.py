"""The reposts of the demo, read by the real adapters from the simulated platforms and judged by the real matcher, end as is known."""

from __future__ import annotations

import pytest
from demo_reader import NOW, Reader, members

from demo.articles import FORMS, MISSES, OPENED, SPECIAL, Place, form_of
from demo.faults import CAPTCHA
from demo.pages import Page
from demo.world import World
from monitor.matching import ArticleIndex, Doubt, Evidence
from monitor.model import Account, Channel, Platform, Post, Repost, RepostVerdict
from monitor.verifying import enriched, identity

pytest_plugins = ["demo_served"]


async def opened(reader: Reader, account: Account, post: Post) -> Post:
    """Return the post with what its own page shows, as verifying opens it."""
    channel = Channel(adapter="wechat.article", handle=post.url, options=identity(account))
    snapshot = await reader.adapters["wechat.article"].look(account, channel, {}, NOW)
    return enriched(post, snapshot.posts[0])


async def listed(reader: Reader, page: Page) -> tuple[Post, ...]:
    return (await reader.look(page, NOW)).posts


async def found(reader: Reader, index: ArticleIndex, page: Page) -> dict[str, Repost]:
    """Return the account's reposts by article, its candidates' pages opened where the platform has such."""
    account, reposts = page.account(reader.base_url), dict[str, Repost]()
    for post in await listed(reader, page):
        mine = index.reposts(post, account)
        if page.platform is Platform.WECHAT and any(each.grade == "candidate" for each in mine):
            mine = index.reposts(await opened(reader, account, post), account)
        reposts |= {each.article_id: each for each in mine}
    return reposts


def verdict(repost: Repost | None) -> RepostVerdict:
    if repost is None:
        return RepostVerdict.MISSING
    if repost.grade == "candidate":
        return RepostVerdict.UNDETERMINED
    if repost.grade == "irregular":
        return RepostVerdict.IRREGULAR
    return RepostVerdict.LATE if repost.lag else RepostVerdict.DONE


@pytest.mark.parametrize("platform", list(FORMS))
async def test_every_repost_ends_in_its_verdict_with_its_reasons(world: World, reader: Reader, platform: Platform) -> None:
    index = ArticleIndex(world.articles)
    codes = {page.code for page in members(world, platform)}
    told = {page.code: await found(reader, index, page) for page in members(world, platform)}

    pairs = {(article.id, code): told[code].get(article.id) for code in codes for article in world.articles}

    ended = {pair: verdict(repost) for pair, repost in pairs.items()}
    assert {pair for pair, each in ended.items() if each is RepostVerdict.MISSING} == {p for p in world.expected.missing if p[1] in codes}
    assert {pair for pair, each in ended.items() if each is RepostVerdict.UNDETERMINED} == {
        pair for pair in world.expected.seeming if pair[1] in codes
    }
    irregular = {pair: repost.reasons for pair, repost in pairs.items() if repost and repost.grade == "irregular"}
    assert irregular == {pair: reasons for pair, reasons in world.expected.irregular.items() if pair[1] in codes}
    assert sum(each is RepostVerdict.LATE for each in ended.values()) >= 6


async def test_every_member_is_seen_back_to_before_the_first_article(world: World, reader: Reader) -> None:
    for platform in FORMS:
        for page in members(world, platform):
            snapshot = await reader.look(page, NOW)

            assert snapshot.covers_from is not None and snapshot.covers_from < world.articles[0].published_at


PROOFS = {
    (Platform.WECHAT, 12, 0): Evidence.LINK,
    (Platform.WECHAT, 21, 2): Evidence.LINK,
    (Platform.WECHAT, 13, 2): Evidence.CITATION,
}
"""What the opened page of each proves it by: its 阅读原文, or the original that a 转载 names."""


@pytest.mark.parametrize("place", OPENED)
async def test_a_repost_under_a_title_that_holds_the_articles_only_seems_to_be_one_until_its_page_is_opened(
    world: World, reader: Reader, place: Place
) -> None:
    platform, member, number = place
    page, index, key = members(world, platform)[member], ArticleIndex(world.articles), world.articles[number].id
    account = page.account(reader.base_url)

    (post, match) = next(
        (post, match) for post in await listed(reader, page) for match in index.find(post, account) if match.article_id == key
    )
    (proved,) = index.find(await opened(reader, account, post), account)

    assert (match.standing, match.doubt) == ("candidate", Doubt.TITLE_ALONE)
    assert (proved.article_id, proved.standing, proved.by) == (key, "found", PROOFS[place])
    assert identity(account) == {"biz": page.biz}


@pytest.mark.parametrize("place", [place for place, form in SPECIAL.items() if form.drawn])
async def test_a_poster_is_left_to_a_person_whether_or_not_its_page_is_opened(world: World, reader: Reader, place: Place) -> None:
    platform, member, number = place
    page, index = members(world, platform)[member], ArticleIndex(world.articles)
    account, key = page.account(reader.base_url), world.articles[number].id

    post = next(each for each in await listed(reader, page) if any(repost.article_id == key for repost in index.reposts(each, account)))
    seen = await opened(reader, account, post) if platform is Platform.WECHAT else post
    (repost,) = index.reposts(seen, account)

    assert [each.grade for each in index.reposts(post, account)] == ["candidate"]
    assert (seen.kind, repost.grade, repost.evidence["doubt"]) == ("picture", "candidate", Doubt.PICTURE)
    assert repost.article_id == key and (key, page.code) in world.expected_under(CAPTCHA).seeming


@pytest.mark.parametrize("place", list(MISSES))
async def test_a_near_miss_was_weighed_and_refused_or_never_came_near(world: World, reader: Reader, place: Place) -> None:
    platform, member, number = place
    page, index, key = members(world, platform)[member], ArticleIndex(world.articles), world.articles[number].id
    account = page.account(reader.base_url)

    weighed = [match for post in await listed(reader, page) for match in index.weigh(post, account, key)]

    assert form_of(place) is None and (key, page.code) in world.expected.missing
    assert all(match.standing == "refused" and match.why for match in weighed)


async def test_the_last_meetings_bulletin_under_the_same_title_is_refused_by_its_text(world: World, reader: Reader) -> None:
    page, article = members(world, Platform.WEIBO)[8], world.articles[1]
    account = page.account(reader.base_url)

    (post,) = [post for post in await listed(reader, page) if post.title == article.title]
    (match,) = ArticleIndex(world.articles).weigh(post, account, article.id)

    assert match.standing == "refused" and "正文" in match.why


async def test_weibo_says_where_its_short_links_lead(world: World, reader: Reader) -> None:
    page, article = members(world, Platform.WEIBO)[1], world.articles[0]

    posts = await listed(reader, page)

    (linking,) = [post for post in posts if article.urls[0] in post.text]
    assert "http://t.cn/" in linking.text and linking.citation is not None and linking.citation.url == article.urls[0]
