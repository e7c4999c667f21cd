"""The demo's world keeps its promises at every hour of every weekday."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from adapters.manual import hand_check
from demo.articles import FORMS, GROUP, MISSES, OPENED, SPECIAL, form_of, is_late, verdict
from demo.bridges import last_written
from demo.faults import FAULTS, FROZEN, FROZEN_SOURCE
from demo.names import FAILING
from demo.pages import Page, Trouble
from demo.rhythm import FROZEN_DAYS, PAGE_ITEMS
from demo.texts import WORDS
from demo.tidings import COUNTY_DAYS
from demo.ways import WEIBO_MANY, Way
from demo.wire_douyin import DOUYIN_PAGE
from demo.wire_toutiao import ROWS
from demo.wire_weibo import WEIBO_PAGE
from demo.world import CASTS, World
from monitor.matching.grading import Reason
from monitor.model import SHANGHAI, Platform, RepostVerdict, Role, Status, local_date

MOMENTS = {
    "a working afternoon": datetime(2026, 11, 18, 7, 0, tzinfo=UTC),
    "just after midnight in Shanghai": datetime(2026, 11, 18, 16, 3, tzinfo=UTC),
    "a Monday before the office opens": datetime(2026, 11, 23, 0, 5, tzinfo=UTC),
    "a Sunday evening": datetime(2026, 11, 22, 13, 0, tzinfo=UTC),
    "the last minute of the year": datetime(2026, 12, 31, 15, 59, tzinfo=UTC),
    "a leap day": datetime(2028, 2, 29, 4, 0, tzinfo=UTC),
}
BATCH_PAGE = 20
"""Posts that are asked for in one question after several Weibo accounts."""
CANARY_MAX_IDLE = timedelta(hours=48)
"""Well inside the 72 hours after which a canary counts as stale."""


@pytest.fixture(params=list(MOMENTS.values()), ids=list(MOMENTS), scope="module")
def world(request: pytest.FixtureRequest) -> World:
    moment: datetime = request.param
    return World.build(moment)


def idle(world: World, page: Page) -> int | None:
    return (local_date(world.now) - local_date(page.items[0].at)).days if page.items else None


def test_the_same_seed_and_moment_make_the_same_world() -> None:
    now = MOMENTS["a working afternoon"]

    first, second, other = World.build(now), World.build(now), World.build(now, seed=7)

    assert first == second
    assert first.roster("http://x") == second.roster("http://x")
    assert first.pages != other.pages


def test_the_roster_has_the_size_of_the_published_quarter(world: World) -> None:
    accounts = world.roster("http://127.0.0.1:1")

    assert Counter(account.platform for account in accounts) == {
        Platform.WECHAT: 246,
        Platform.WEIBO: 133,
        Platform.DOUYIN: 40,
        Platform.TOUTIAO: 4,
    }
    assert len({account.id for account in accounts}) == 423
    assert len({account.channels[0].key for account in accounts}) == 423


def test_the_fourteen_are_idle_for_as_many_days_as_in_the_table(world: World) -> None:
    failing = [page for page in world.pages if page.failing]

    assert [(page.name, page.unit.name, page.platform) for page in failing] == [(each.name, each.unit, each.platform) for each in FAILING]
    assert [idle(world, page) for page in failing] == [each.idle_days for each in FAILING]
    assert [page.name for page in failing if page.status is Status.ABANDONED] == ["汉阴农林科技"]
    assert sum(idle(world, page) == 14 for page in failing) == 3


def test_nobody_else_who_can_be_seen_is_idle_for_fourteen_days(world: World) -> None:
    healthy = [page for page in world.pages if not page.failing and not page.trouble]

    days = Counter(idle(world, page) or 0 for page in healthy)

    assert max(days) == COUNTY_DAYS
    assert {day for day in days if day >= 7} == set(range(7, 14))
    assert days[10] >= 3 and days[13] >= 3
    assert {page.code: idle(world, page) for page in healthy if (idle(world, page) or 0) >= 7} == world.expected.reminded


def test_the_four_in_trouble_show_nothing_fresh_and_fail_in_four_ways(world: World) -> None:
    troubled = [page for page in world.pages if page.trouble]

    assert {page.trouble for page in troubled} == set(Trouble)
    assert all((idle(world, page) or 0) > FROZEN_DAYS for page in troubled)
    assert set(world.expected.undetermined.values()) == {trouble.value for trouble in Trouble}


def test_no_history_reaches_into_the_future_and_all_stand_newest_first(world: World) -> None:
    for page in world.pages:
        moments = [item.at for item in page.items]

        assert all(later >= earlier for later, earlier in pairwise(moments))
        assert not moments or moments[0] < world.now


def test_healthy_accounts_publish_in_office_hours(world: World) -> None:
    hours = Counter(item.at.astimezone(SHANGHAI).hour for page in world.pages for item in page.items)

    assert set(hours) <= set(range(8, 19))


def test_every_platform_has_canaries_that_publish_daily(world: World) -> None:
    canaries = [page for page in world.pages if page.canary]

    assert Counter(page.platform for page in canaries) == {Platform.WECHAT: 6, Platform.WEIBO: 4, Platform.DOUYIN: 4}
    assert all(world.now - page.items[0].at < CANARY_MAX_IDLE for page in canaries)


def test_a_frozen_feed_is_as_long_as_a_living_one(world: World) -> None:
    line = local_date(world.now) - timedelta(days=FROZEN_DAYS)

    for page in world.pages:
        behind = [item for item in page.items if local_date(item.at) <= line]

        assert len(behind) >= PAGE_ITEMS or not page.items


@pytest.mark.parametrize(("platform", "shown"), [(Platform.WECHAT, PAGE_ITEMS), (Platform.WEIBO, WEIBO_PAGE)])
def test_one_look_at_an_account_that_owes_reposts_reaches_behind_the_oldest_article(world: World, platform: Platform, shown: int) -> None:
    members = [page for page in world.pages if page.member is not None and page.platform is platform]

    oldest = [page.items[:shown][-1].at for page in members]

    assert len(members) >= 18
    assert max(oldest) < world.articles[0].published_at


def test_every_account_that_ever_published_fills_a_page_of_its_platform(world: World) -> None:
    shown = {Platform.WECHAT: PAGE_ITEMS, Platform.WEIBO: WEIBO_PAGE, Platform.DOUYIN: DOUYIN_PAGE, Platform.TOUTIAO: ROWS}

    assert all(len(page.items) >= shown[page.platform] for page in world.pages if page.items)
    assert [page.name for page in world.pages if not page.items] == ["岚皋交警"]


@pytest.mark.parametrize("way", sorted(WEIBO_MANY))
def test_a_batchs_newest_posts_show_each_of_its_accounts(world: World, way: Way) -> None:
    pages = [page for page in world.pages if way in page.ways]
    newest = sorted(((item.at, page.code) for page in pages for item in page.items), reverse=True)[:BATCH_PAGE]

    assert len(pages) >= 5
    assert {code for _, code in newest} == {page.code for page in pages}


def test_who_is_watched_through_a_bridge_of_what_is_sent_sends_everything(world: World) -> None:
    pages = [page for page in world.pages if Way.WECHAT2RSS in page.ways]
    live = [item for number in range(1, 400) for page, item in [world.live(number)] if page in pages]

    assert len(pages) >= 2 and live
    assert all(item.sent for item in (*live, *(item for page in pages for item in page.items)))


def test_who_is_watched_through_static_files_publishes_too_often_for_their_lag_to_matter(world: World) -> None:
    pages = [page for page in world.pages if Way.WECHAT_STATIC in page.ways]

    for page in pages:
        seen = [item for item in page.items if item.at <= last_written(world.now)]
        assert (local_date(world.now) - local_date(seen[0].at)).days < 7
    assert len(pages) >= 2


def test_who_is_looked_at_by_hand_was_seen_to_the_day_of_the_newest_post_and_publishes_nothing_more(world: World) -> None:
    looks = list(world.hand_looks())
    authors = {page.code for page, _ in map(world.live, range(1, 200))}

    for page, look in looks:
        snapshot = hand_check(page.account("http://x"), look.last_update, look.looked_at, look.by)
        assert [local_date(post.published_at) for post in snapshot.posts] == [local_date(page.items[0].at)]
        assert snapshot.covers_until is not None and snapshot.covers_until <= world.now
    assert len(looks) >= 2 and not authors & {page.code for page, _ in looks}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_what_was_seen_by_hand_stands_under_every_fault(world: World, fault: str) -> None:
    assert not {page.code for page, _ in world.hand_looks()} & set(world.expected_under(fault).undetermined)


def test_the_reposts_that_must_be_opened_hold_the_articles_title_in_one_of_their_own(world: World) -> None:
    for platform, member, number in OPENED:
        page = next(page for page in world.pages if page.platform is platform and page.member == member)
        article = world.articles[number]

        (item,) = [item for item in page.items if article.title in item.title]
        assert verdict((platform, member, number)) in (RepostVerdict.DONE, RepostVerdict.IRREGULAR)
        assert article.published_at < item.at <= article.due_at
        assert item.title != article.title and not item.link and (item.beneath or item.reprint)
    assert {verdict(place) for place in OPENED} == {RepostVerdict.DONE, RepostVerdict.IRREGULAR}


def test_every_form_of_a_repost_is_taken_by_somebody_who_owes_it() -> None:
    members = [(platform, member) for platform, cast in CASTS.items() for member in range(cast.audience)]
    places = [(platform, member, number) for platform, member in members for number in range(3)]

    taken = Counter(id(form) for place in places if (form := form_of(place)))

    assert set(taken) == {id(form) for form in (*SPECIAL.values(), *FORMS[Platform.WECHAT], *FORMS[Platform.WEIBO])}
    assert {*SPECIAL, *MISSES} <= set(places) and not set(SPECIAL) & set(MISSES)
    assert any(is_late(place) and SPECIAL[place].reasons for place in SPECIAL)


def test_each_article_has_a_text_of_its_own_with_figures_that_names_neither_its_title_nor_its_issuer(world: World) -> None:
    for article in world.articles:
        assert 250 <= len(article.text) <= 500
        assert len(re.findall(r"\d+", article.text)) >= 8
        assert article.title not in article.text and article.source not in article.text and "{" not in article.text
    assert len({article.text for article in world.articles}) == 3


def test_who_does_not_repost_posts_something_near_within_the_same_days(world: World) -> None:
    for platform, member, number in MISSES:
        page = next(page for page in world.pages if page.platform is platform and page.member == member)
        article, (_, text) = world.articles[number], WORDS[number].near[MISSES[platform, member, number]]

        (item,) = [item for item in page.items if item.text == text]
        assert article.published_at < item.at < world.now and article.text != text


def test_every_deadline_has_passed_and_every_late_repost_is_published(world: World) -> None:
    for article in world.articles:
        assert timedelta(hours=24) <= article.due_at - article.published_at <= timedelta(hours=48)
        assert article.due_at < world.now

    assert [(local_date(world.now) - local_date(article.published_at)).days for article in world.articles] == [6, 4, 2]


def test_the_missing_reposts_stay_below_the_quorum_gate(world: World) -> None:
    missing = world.expected.missing

    platforms = Counter(world.by_code[code].platform for _, code in missing)

    assert platforms == {Platform.WECHAT: 3, Platform.WEIBO: 3}
    assert len({code for _, code in missing}) == 6


def test_the_reposts_of_an_article_add_up_to_its_audience(world: World) -> None:
    accounts = world.roster("http://127.0.0.1:1")

    for article in world.articles:
        counts = world.expected.reposts[article.title]

        assert sum(counts.values()) == sum(article.audience.includes(account) for account in accounts)
        assert counts[RepostVerdict.DONE.label] > 35
        assert counts[RepostVerdict.IRREGULAR.label] >= 5
        assert counts[RepostVerdict.LATE.label] >= 5
        assert counts[RepostVerdict.UNDETERMINED.label] == 4
        assert counts[RepostVerdict.MISSING.label] == 2


def test_each_article_is_seen_as_a_picture_and_nearly_every_reason_is_met(world: World) -> None:
    reasons = [reason for told in world.expected.irregular.values() for reason in told]

    assert Counter(article for article, _ in world.expected.seeming) == dict.fromkeys((each.id for each in world.articles), 2)
    assert set(reasons) == {reason.label for reason in Reason} - {Reason.PICTURE.label}
    assert any(len(told) > 1 for told in world.expected.irregular.values())


def test_the_newly_failing_stay_below_the_quorum_gate(world: World) -> None:
    failing = Counter(world.by_code[code].platform for code in world.expected.failing)

    for platform, number in failing.items():
        judged = sum(page.platform is platform and not page.trouble for page in world.pages)

        assert number <= 0.05 * judged


def test_the_expected_verdicts_are_those_of_the_issue(world: World) -> None:
    assert world.expected.verdicts == {"合格": 405, "不合格": 14, "无法判定": 4}


def test_under_the_frozen_source_nobody_fails_who_did_not_before(world: World) -> None:
    frozen = world.expected_under(FROZEN_SOURCE)

    assert set(frozen.failing) < set(world.expected.failing)
    assert {world.by_code[code].platform for code in frozen.failing} == {Platform.WEIBO, Platform.WECHAT}
    assert sum(cause == FROZEN for cause in frozen.undetermined.values()) > 200
    assert frozen.qualified + len(frozen.failing) + len(frozen.undetermined) == 423


def test_accounts_of_one_unit_share_their_operator_and_all_addresses_are_invalid(world: World) -> None:
    accounts = world.roster("http://127.0.0.1:1")
    operators: dict[tuple[str, str], set[str]] = {}
    for account in accounts:
        found = operators.setdefault((account.region, account.unit), set())
        found.update(each.email for each in account.contacts if each.role is Role.OPERATOR)

    assert all(len(emails) == 1 for emails in operators.values())
    assert len(operators) < len(accounts)
    assert all(contact.email.endswith("@example.invalid") for account in accounts for contact in account.contacts)


def test_live_posts_come_in_order_from_accounts_whose_answer_they_do_not_change(world: World) -> None:
    live = [world.live(number) for number in range(1, 200)]

    assert all(later.at > earlier.at for (_, earlier), (_, later) in pairwise(live))
    assert not any(page.failing or page.trouble or page.idle_days or GROUP in page.groups for page, _ in live)
    assert len({page.code for page, _ in live}) > 50
    assert live == [world.live(number) for number in range(1, 200)]
