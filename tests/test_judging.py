"""From facts to alerts, through the store: the sweep, the quorum gate, key articles that come late, looks that cross a judgement."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest
from clocks import NOON
from daemons import SetClock, quick_settings
from makers import DAY, account, partial, post, snapshot

from daemon import tables
from monitor.after import after
from monitor.app import App
from monitor.model import Account, Alert, Article, Platform, Snapshot, Stage, Status, Verdict
from monitor.writes import Claim, PollWrite, StoredPost

SETTLED = NOON + timedelta(minutes=1)
WITNESS = "witness"
"""An account that posted an hour ago, so that the source is believed."""


@pytest.fixture
async def app(mongod: str, database: str) -> AsyncIterator[App]:
    async with App(quick_settings(mongod, database, guards={"settle_seconds": 30.0}), tables(), SetClock(NOON)) as made:
        yield made


async def enrolled(app: App, *accounts: Account) -> None:
    await app.store.put_accounts(accounts, {}, NOON)


async def looked(app: App, who: Account, seen: Snapshot, at: datetime = NOON) -> None:
    """Commit a look as the poller does, without judging it."""
    (claim,) = await app.store.claim([who.id], "test", at, timedelta(minutes=1), force=True)
    await app.store.commit([write_of(who, claim, seen, at)])


def write_of(who: Account, claim: Claim, seen: Snapshot, at: datetime) -> PollWrite:
    from makers import poll

    made = poll(seen, at=at, account_id=who.id)
    result = after(claim.state, made)
    new = tuple(StoredPost(post=each, hash=mark, channel="feed") for each, mark in result.new)
    return PollWrite(poll=made, state=result.state.model_copy(update={"next_poll_at": at + DAY}), claim=claim, new=new)


async def silent(app: App, who: Account, days: int) -> None:
    """Have the account seen whole, with its last post so many days ago."""
    await looked(app, who, snapshot(post(who.id, NOON - days * DAY, who.id), since=NOON - (days + 1) * DAY))


async def city(app: App, silent_ones: int, of: int, *more: Account) -> list[Account]:
    """Enrol a platform of which some accounts are silent for 20 days, the rest posted yesterday."""
    accounts = [account(f"n{number:03d}") for number in range(of)]
    await enrolled(app, *accounts, *more)
    for number, each in enumerate(accounts):
        await silent(app, each, 20 if number < silent_ones else 1)
    return accounts


async def stages(app: App) -> Counter[Stage]:
    return Counter(alert.stage for alert in await app.store.alerts() if alert.finding.rule == "idle")


async def verdicts(app: App, at: datetime) -> Counter[Verdict | None]:
    picture = await app.judge.tick(at)
    return Counter(standing.verdict for _, standing in picture.standings)


async def test_an_accusation_waits_for_the_sweep_and_is_then_opened(app: App) -> None:
    await city(app, 1, 40)

    first = await verdicts(app, NOON)
    waiting = await stages(app)
    await app.judge.tick(SETTLED)

    assert (first[Verdict.FAILED], first[Verdict.UNDETERMINED]) == (0, 1)
    assert waiting == {Stage.PENDING: 1}
    assert await stages(app) == {Stage.OPEN: 1}
    assert (await verdicts(app, SETTLED))[Verdict.FAILED] == 1


async def test_nothing_is_opened_while_an_account_of_the_platform_was_never_tried(app: App) -> None:
    await city(app, 1, 40, account("untried"))

    await app.judge.tick(NOON)
    await app.judge.tick(SETTLED)

    assert await stages(app) == {Stage.PENDING: 1}


async def test_a_wave_is_held_whole_and_nobody_is_failed_until_a_person_releases_it(app: App) -> None:
    await city(app, 4, 40)
    await app.judge.tick(NOON)

    held = await verdicts(app, SETTLED)
    assert held[Verdict.FAILED] == 0
    assert await stages(app) == {Stage.HELD: 4}
    told = [alert for alert in await app.store.alerts([Stage.OPEN]) if alert.finding.rule == "quorum"]
    assert len(told) == 1

    assert await app.judge.release(Platform.WEIBO, SETTLED, "李四") == 4
    after_release = await verdicts(app, SETTLED + timedelta(minutes=1))

    assert after_release[Verdict.FAILED] == 4
    assert await stages(app) == {Stage.OPEN: 4}
    assert not [alert for alert in await app.store.alerts([Stage.OPEN]) if alert.finding.rule == "quorum"]


async def test_three_of_forty_are_no_wave(app: App) -> None:
    await city(app, 3, 40)

    await app.judge.tick(NOON)
    await app.judge.tick(SETTLED)

    assert await stages(app) == {Stage.OPEN: 3}


async def test_a_wave_does_not_trickle_through_in_small_parts(app: App) -> None:
    accounts = await city(app, 2, 40)
    await app.judge.tick(NOON)
    await app.judge.tick(SETTLED)

    for each in accounts[10:12]:
        await app.store._db.posts.delete_many({"account_id": each.id})
        await app.store._db.states.update_one({"_id": each.id}, {"$set": {"last_post": None, "seen": {}, "sight": {"spans": []}}})
        await silent(app, each, 20)
    later = SETTLED + timedelta(hours=1)
    await app.judge.tick(later)
    await app.judge.tick(later + timedelta(minutes=1))

    assert await stages(app) == {Stage.OPEN: 2, Stage.HELD: 2}


async def test_a_post_resolves_the_accusation_and_losing_sight_does_not(app: App) -> None:
    accounts = await city(app, 1, 40)
    await app.judge.tick(NOON)
    await app.judge.tick(SETTLED)

    blind = SETTLED + 3 * DAY
    await app.judge.tick(blind)
    assert (await stages(app))[Stage.OPEN] == 1

    await looked(app, accounts[0], snapshot(post("fresh", blind, accounts[0].id), since=NOON - 5 * DAY, until=blind), blind)
    await app.judge.tick(blind)

    assert [alert.stage for alert in await alerts_of(app, accounts[0])] == [Stage.RESOLVED]


async def alerts_of(app: App, who: Account) -> list[Alert]:
    return [alert for alert in await app.store.alerts() if alert.finding.account_id == who.id and alert.finding.rule == "idle"]


async def test_an_account_that_leaves_the_roster_is_not_said_to_have_recovered(app: App) -> None:
    accounts = await city(app, 1, 40)
    await app.judge.tick(NOON)
    await app.judge.tick(SETTLED)

    await enrolled(app, *accounts[1:])

    (gone,) = await alerts_of(app, accounts[0])
    assert gone.stage is Stage.RESOLVED
    assert gone.told == {}


async def test_an_account_that_is_closed_is_judged_no_more(app: App) -> None:
    accounts = await city(app, 1, 40)
    await app.judge.tick(NOON)
    await app.judge.tick(SETTLED)

    await enrolled(app, accounts[0].model_copy(update={"status": Status.CLOSED}), *accounts[1:])
    found = await verdicts(app, SETTLED)

    assert found[Verdict.FAILED] == 0
    assert found[None] == 1


def article(title: str, **fields: object) -> Article:
    times = {"published_at": NOON - 3 * DAY, "due_at": NOON - 2 * DAY}
    return Article.model_validate({"id": "t1", "title": title, **times, **fields})


async def repost_verdicts(app: App, at: datetime = SETTLED) -> dict[str, str]:
    """Match what waits, as the daemon does in the background, and judge."""
    await app.judge.refresh_articles(at)
    await app.rematching.round()
    await app.judge.tick(at)
    await app.judge.tick(at + timedelta(minutes=11))
    picture = await app.judge.tick(at + timedelta(minutes=12))
    return {each.account_id: each.verdict.label for each in picture.reposts}


async def seen_posts(app: App, who: Account, *titles: str) -> None:
    posts = [post(f"{who.id}{n}", NOON - 2 * DAY - timedelta(hours=n + 1), who.id, title=title) for n, title in enumerate(titles)]
    await looked(app, who, snapshot(*posts))


async def test_who_is_newly_missing_a_repost_is_not_named_before_the_gate_lets_it_pass(app: App) -> None:
    who = account("didnot")
    await enrolled(app, who)
    await seen_posts(app, who, "另一件事")
    await app.store.put_articles([article("关于防汛工作的意见")])
    await app.judge.refresh_articles(SETTLED)
    await app.rematching.round()

    first = await app.judge.tick(SETTLED)

    assert [(each.verdict.label, each.reason) for each in first.reposts] == [("无法判定", "待本轮采集结束后核对")]
    assert await repost_verdicts(app) == {"didnot": "未转载"}


async def test_an_article_that_comes_late_finds_the_posts_that_were_already_stored(app: App) -> None:
    did, did_not = account("did"), account("didnot")
    await enrolled(app, did, did_not)
    await seen_posts(app, did, "全市优化营商环境大会召开", "别的消息")
    await seen_posts(app, did_not, "今日天气", "别的消息")
    await app.judge.tick(NOON)

    await app.store.put_articles([article("全市优化营商环境大会 召开！")])

    assert await repost_verdicts(app) == {"did": "已转载", "didnot": "未转载"}


async def test_a_near_title_stored_before_its_article_came_is_no_default(app: App) -> None:
    nearly, did_not = account("nearly"), account("didnot")
    await enrolled(app, nearly, did_not)
    await seen_posts(app, nearly, "刚刚！全市优化营商环境大会召开，这些话和你有关", "别的消息")
    await seen_posts(app, did_not, "今日天气", "别的消息")
    await app.judge.tick(NOON)

    await app.store.put_articles([article("全市优化营商环境大会召开")])

    assert await repost_verdicts(app) == {"nearly": "无法判定", "didnot": "未转载"}
    # The second round must not forget what the first one found.
    assert await repost_verdicts(app, SETTLED + timedelta(minutes=1)) == {"nearly": "无法判定", "didnot": "未转载"}
    assert [alert.finding.account_id for alert in await app.store.alerts() if alert.finding.rule == "missing_repost"] == ["didnot"]


async def test_a_near_title_that_a_look_brings_after_its_article_is_no_default(app: App) -> None:
    nearly, did, did_not = account("nearly"), account("did"), account("didnot")
    await enrolled(app, nearly, did, did_not)
    await app.store.put_articles([article("全市优化营商环境大会召开")])
    # Matching is over before the posts come, so that only their look can find them.
    await repost_verdicts(app, NOON)

    for who, title in (
        (nearly, "刚刚！全市优化营商环境大会召开，这些话和你有关"),
        (did, "全市优化营商环境大会召开"),
        (did_not, "今日天气"),
    ):
        await seen_posts(app, who, title)
        (stored,) = await app.store.posts(who.id)
        await app.store.put_reposts(app.judge.carried([stored], who))

    assert await repost_verdicts(app) == {"nearly": "无法判定", "did": "已转载", "didnot": "未转载"}


@pytest.mark.parametrize(
    ("title", "verdict"),
    [("全市优化营商环境大会召开", "已转载"), ("刚刚！全市优化营商环境大会召开，这些话和你有关", "无法判定")],
    ids=["sure", "near"],
)
async def test_a_repost_whose_post_was_deleted_later_is_not_forgotten_by_a_correction(app: App, title: str, verdict: str) -> None:
    who = account("did")
    await enrolled(app, who)
    await seen_posts(app, who, title)
    await app.store.put_articles([article("全市优化营商环境大会召开")])
    assert await repost_verdicts(app) == {"did": verdict}
    (stored,) = await app.store.posts(who.id)
    await app.store.enrich(stored.model_copy(update={"deleted_at": NOON}), NOON)

    await app.store.put_articles([article("全市优化营商环境大会召开", source="示例社")])

    assert await repost_verdicts(app) == {"did": verdict}


async def test_a_corrected_article_lets_go_of_near_titles_too(app: App) -> None:
    who = account("nearly")
    await enrolled(app, who)
    await seen_posts(app, who, "刚刚！全市优化营商环境大会召开，这些话和你有关")
    await app.store.put_articles([article("全市优化营商环境大会召开")])
    assert await repost_verdicts(app) == {"nearly": "无法判定"}

    await app.store.put_articles([article("全市安全生产工作会议召开")])

    assert await repost_verdicts(app) == {"nearly": "未转载"}


async def test_the_original_seen_by_a_look_stands_as_its_publishers_repost(app: App) -> None:
    issuer = account("issuer")
    original = post("5000000000000001", NOON - 3 * DAY, "issuer", title="全市优化营商环境大会召开")
    await enrolled(app, issuer)
    await app.store.put_articles([article("全市优化营商环境大会召开", origins=("weibo:issuer:5000000000000001",))])
    await app.judge.tick(NOON)

    (found,) = app.judge.carried([original], issuer)

    assert (found.grade, found.evidence["by"]) == ("in_order", "original")


async def test_a_corrected_article_lets_go_of_what_no_longer_matches(app: App) -> None:
    who = account("did")
    await enrolled(app, who)
    await seen_posts(app, who, "全市优化营商环境大会召开")
    await app.store.put_articles([article("全市优化营商环境大会召开")])
    assert await repost_verdicts(app) == {"did": "已转载"}

    await app.store.put_articles([article("全市安全生产工作会议召开")])

    assert await repost_verdicts(app) == {"did": "未转载"}


@pytest.mark.parametrize("seen", ["partial", "gap"], ids=["a partial view", "a hole in the sight"])
async def test_without_full_sight_a_missing_repost_is_not_claimed(app: App, seen: str) -> None:
    who = account("half")
    await enrolled(app, who, account(WITNESS))
    if seen == "partial":
        await looked(app, who, partial(post("x", NOON - DAY, who.id)))
    else:
        await looked(app, who, snapshot(post("x", NOON - DAY, who.id), since=NOON - DAY))
    await app.store.put_articles([article("全市优化营商环境大会召开")])

    assert (await repost_verdicts(app))["half"] == "无法判定"


async def test_who_published_the_original_owes_no_repost(app: App) -> None:
    issuer = account("issuer")
    await enrolled(app, issuer)
    original = post("5000000000000001", NOON - 3 * DAY, "issuer", title="全市优化营商环境大会召开")
    await looked(app, issuer, snapshot(original))
    await app.store.put_articles([article("全市优化营商环境大会召开", origins=("weibo:issuer:5000000000000001",))])

    found = await repost_verdicts(app)

    assert set(found.values()) <= {"已转载"}


async def test_a_look_that_ends_an_alert_while_a_judgement_runs_is_not_undone(app: App) -> None:
    accounts = await city(app, 1, 40)
    await app.judge.tick(NOON)
    await app.judge.tick(SETTLED)
    picture = await app.judge.look_around(SETTLED)

    who = accounts[0]
    alive_before: Sequence[Alert] = await alerts_of(app, who)
    await looked(app, who, snapshot(post("fresh", SETTLED, who.id), since=NOON - 5 * DAY, until=SETTLED), SETTLED)
    await app.judge._judge_batch([who], picture)

    assert [alert.stage for alert in alive_before] == [Stage.OPEN]
    assert [alert.stage for alert in await alerts_of(app, who)] == [Stage.RESOLVED]
