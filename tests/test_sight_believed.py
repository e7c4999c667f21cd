"""How far a look is believed: bridges only as far as they are proven alive, pages only of the account they belong to, clocks not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from clocks import NOON
from daemons import SetClock, quick_settings
from makers import DAY, HOUR, account, post, snapshot, state

from daemon import tables
from monitor.after import after, sane
from monitor.app import App
from monitor.lanes import LANE_MARK
from monitor.model import Account, Alert, Channel, Finding, Firing, GoodLook, Outcome, Poll, Severity, Snapshot, Source, SourceState, Stage
from monitor.writes import AlertChange

BRIDGE, OTHER = "feed one.example", "feed two.example"


@pytest.fixture
async def app(mongod: str, database: str) -> AsyncIterator[App]:
    async with App(quick_settings(mongod, database), tables(), SetClock(NOON)) as made:
        yield made


def through(bridge: str, seen: Snapshot) -> Poll:
    channel = Channel(adapter="feed", handle=f"https://{bridge.removeprefix('feed ')}/a.xml")
    return Poll(account_id="a", at=NOON, outcomes=(Outcome(channel=channel, source=bridge),), snapshots=(seen,))


def source(who: Account, bridge: str, **fields: Any) -> dict[Any, Source]:
    return {(who.platform, bridge): Source(platform=who.platform, adapter=bridge, state=SourceState.LIVE, **fields)}


async def test_a_bridge_is_believed_up_to_the_newest_post_behind_it(app: App) -> None:
    who = account("a")
    app.judge.sources = source(who, BRIDGE, newest_post_at=NOON - 3 * HOUR)
    old = snapshot(post(1, NOON - 20 * DAY), since=NOON - 30 * DAY)

    (kept,) = app.judge.believed(who, through(BRIDGE, old)).snapshots

    assert (kept.covers_from, kept.covers_until) == (NOON - 30 * DAY, NOON - 3 * HOUR)


async def test_what_a_bridge_did_not_show_while_it_stood_still_stays_a_hole_after_it_recovers(app: App) -> None:
    who, seen = account("a"), state()
    app.judge.sources = source(who, BRIDGE, newest_post_at=NOON - 10 * DAY)
    still = snapshot(post(1, NOON - 12 * DAY), since=NOON - 13 * DAY)
    seen = after(seen, app.judge.believed(who, through(BRIDGE, still))).state

    app.judge.sources = source(who, BRIDGE, newest_post_at=NOON)
    back = snapshot(post(2, NOON - DAY), post(3, NOON - 2 * DAY), since=NOON - 2 * DAY)
    seen = after(seen, app.judge.believed(who, through(BRIDGE, back))).state

    assert seen.sight.saw(NOON - 2 * DAY, NOON)
    assert not seen.sight.saw(NOON - 9 * DAY, NOON - 3 * DAY)


async def test_a_living_bridge_does_not_vouch_for_a_dead_one(app: App) -> None:
    who = account("a")
    app.judge.sources = source(who, OTHER, newest_post_at=NOON)
    old = snapshot(post(1, NOON - 20 * DAY), since=NOON - 30 * DAY)

    (kept,) = app.judge.believed(who, through(BRIDGE, old)).snapshots

    assert kept.covers_until == NOON - 20 * DAY


async def test_the_platform_itself_is_believed_up_to_the_look(app: App) -> None:
    who = account("a")
    channel = Channel(adapter="weibo.openapi", handle="1")
    seen = snapshot(post(1, NOON - 20 * DAY), since=NOON - 30 * DAY, channel="weibo.openapi")
    poll = Poll(account_id="a", at=NOON, outcomes=(Outcome(channel=channel, source="weibo.openapi"),), snapshots=(seen,))

    assert app.judge.believed(who, poll).snapshots == (seen,)


async def test_an_account_queues_behind_all_its_channels(app: App) -> None:
    first = Channel(adapter="wechat.openapi", handle="gh_1", options={"credential": "one"})
    feed = Channel(adapter="feed", handle="https://one.example/1.xml")

    whole = app.polling.lane_of(account("a", channels=(first, feed)))
    accept = app.polling._lanes.accepting()
    others = [account(f"n{n}", channels=(first.model_copy(update={"handle": f"gh_{n}"}), feed)) for n in range(9)]
    taken = sum(accept(app.polling.lane_of(each)) for each in others)

    assert whole.split(LANE_MARK)[1] == BRIDGE
    # One under way and one at hand: the bridge takes one request at a time.
    assert taken == 2


async def test_a_corrected_handle_lets_go_of_the_wrong_page(app: App) -> None:
    wrong, right = (Channel(adapter="feed", handle=f"https://one.example/{name}.xml") for name in ("wrong", "right"))
    await app.store.put_accounts([account("a", channels=(wrong,))], {}, NOON)
    (claim,) = await app.store.claim(["a"], "us", NOON, HOUR)
    await app.store._db.posts.insert_one({**post(1).model_dump(exclude={"id"}), "_id": "weibo:a:1", "channel": "feed", "hash": "h"})
    await app.store._db.states.update_one({"_id": "a"}, {"$set": {"sight": {"spans": [[NOON - DAY, NOON]]}}})

    await app.store.put_accounts([account("a", channels=(right,))], {}, NOON)

    seen = (await app.store.states(["a"]))["a"]
    assert (seen.sight.spans, seen.last_post) == ((), None)
    assert await app.store.posts("a") == []
    assert await app.store._db.posts.count_documents({}) == 1
    again = await app.store.claim_due("us", NOON, HOUR, 5)
    assert [each.fence > claim.fence for each in again] == [True]


def test_what_a_clock_that_ran_ahead_left_behind_is_not_believed() -> None:
    ahead = NOON + 30 * DAY
    good = GoodLook(channel="feed", at=ahead, covers_until=ahead)
    wrong = after(state(last_tried_at=ahead, last_good=good), Poll(account_id="a", at=ahead)).state
    wrong = wrong.model_copy(update={"sight": wrong.sight.add(NOON - 9 * DAY, NOON - 5 * DAY).add(NOON - 3 * DAY, ahead)})

    right = sane(wrong, NOON)

    assert right.sight.spans == ((NOON - 9 * DAY, NOON - 5 * DAY),)
    assert (right.last_good, right.last_tried_at) == (None, None)


async def test_what_was_planned_by_a_clock_that_ran_ahead_is_due_now(app: App) -> None:
    await app.store.put_accounts([account("a")], {}, NOON + 300 * DAY)

    healed = await app.store.heal_clock(NOON, timedelta(days=3))

    assert healed == 1
    assert len(await app.store.claim_due("us", NOON, HOUR, 5)) == 1


@pytest.mark.parametrize(
    "about",
    [
        {"rule": "lost_access", "subject": "weibo.openapi/gone"},
        {"rule": "missing_repost", "subject": "a", "account_id": "a", "article_id": "old"},
    ],
    ids=["a credential nobody uses any more", "an article out of its time"],
)
async def test_an_alert_nobody_judges_any_more_ends_without_a_letter(app: App, about: dict[str, str]) -> None:
    await app.store.put_accounts([account("a")], {}, NOON)
    finding = Finding.model_validate({"status": Firing.FIRING, "severity": Severity.TROUBLE, **about})
    await app.store.put_alerts([AlertChange(None, Alert(id="x", finding=finding, stage=Stage.OPEN, opened_at=NOON, last_seen_at=NOON))])

    await app.judge.tick(NOON + DAY)

    (ended,) = [alert for alert in await app.store.alerts() if alert.id == "x"]
    assert ended.stage is Stage.RESOLVED
    assert ended.told == {}
