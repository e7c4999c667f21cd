"""Walks in trouble: a post that breaks the matcher, wrong clocks, a lease lost, imports that were killed, polls that write meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from clocks import NOON
from daemons import SetClock
from makers import DAY, FEED, HOUR, account, post, snapshot
from walking import OTHER, TITLE, article, came, carrying, daemon, enrolled, found, numbered, shown, verdicts

from daemon import tables
from monitor.app import App
from monitor.carrying import carried_by, indexed, same_article
from monitor.matching import ArticleIndex, MatchingSettings
from monitor.model import Account, Article, Audience, Channel, Post, Repost, Stage, Status
from monitor.near_misses import rows_of
from monitor.polling import Polling
from monitor.rematching import BATCH, IMPORT_PATIENCE, LEASE, next_walk, unbegun
from monitor.writes import Progress

POISON = "毒"
SEEN = "5000000000000001"


class Brittle(ArticleIndex):
    """An index whose matcher fails on a certain post, as one with a mistake in it would."""

    def reposts(self, post: Post, account: Account) -> list[Repost]:
        if POISON in post.title:
            raise RecursionError("too deep")
        return super().reposts(post, account)

    def weigh(self, post: Post, account: Account, article_id: str) -> Any:
        self.reposts(post, account)
        return super().weigh(post, account, article_id)


class Shows:
    """An adapter that shows what it is told to; `meanwhile` happens while it looks."""

    first_hand, verifies, title = True, "", ""
    settings = tables().adapters["feed"].Settings()

    def __init__(self, *posts: Post, meanwhile: Any = None) -> None:
        self._posts, self._meanwhile = posts, meanwhile

    def lane(self, channel: Channel) -> str:
        return "feed"

    def room(self, channel: Channel) -> int:
        return 1

    async def look(self, who: Account, *_: Any) -> Any:
        if self._meanwhile is not None:
            await self._meanwhile()
        return snapshot(*self._posts)

    async def check(self) -> list[str]:
        return []

    async def close(self) -> None: ...


@pytest.fixture
async def app(mongod: str, database: str) -> AsyncIterator[App]:
    async with daemon(mongod, database) as made:
        yield made


def moved(app: App, by: timedelta) -> None:
    app.clock.moment = app.clock.now() + by  # type: ignore[attr-defined]


async def polled(app: App, *posts: Post, meanwhile: Any = None) -> None:
    """Look at the account once, as the daemon does."""
    from monitor.committer import Committer

    class AtOnce(Committer):
        async def put(self, write: Any) -> Any:
            return await app.store.commit([write])

    adapter: Any = {"feed": Shows(*posts, meanwhile=meanwhile)}
    parts: Any = (app.store, AtOnce(app.store, app.clock), app.judge, adapter, app.pauses, app.metrics, app.clock)
    await Polling(*parts, app.settings.poll, app.backoff, "us").poll_now([posts[0].account_id])


# -- a post that breaks the matcher --------------------------------------------------------------------------------------------


async def test_a_post_that_breaks_the_matcher_holds_up_nobody_and_accuses_nobody(app: App) -> None:
    did, broken, did_not = account("did"), account("broken"), account("didnot")
    await enrolled(app, did, broken, did_not)
    await shown(app, did, carrying(did))
    await shown(app, broken, carrying(broken, f"{POISON}药", kind="post"))
    await shown(app, did_not, carrying(did_not, "今日天气"))
    await came(app, article())
    app.judge.index = Brittle(app.judge.live)

    await app.rematching.round()

    assert app.judge.matched
    assert await verdicts(app) == {"did": "已转载", "broken": "无法判定", "didnot": "未转载"}
    assert "出错" in (await app.store.reposts(["broken"]))["broken"][0].evidence["why"]


async def test_a_look_that_shows_such_a_post_is_stored_all_the_same(app: App) -> None:
    who = account("did")
    await enrolled(app, who)
    await came(app, article())
    await app.rematching.round()
    app.judge.index = Brittle(app.judge.live)

    await polled(app, carrying(who, f"{POISON}药"), carrying(who, number=2))

    assert len(await app.store.posts("did")) == 2
    assert await found(app) == ["t1 weibo:did:1", "t1 weibo:did:2"]


def test_such_a_post_is_a_candidate_only_for_what_it_could_carry() -> None:
    who = account("a")
    others = [
        article(id="t2", published_at=NOON + 2 * DAY, due_at=NOON + 3 * DAY),
        article(id="t3", published_at=NOON - 40 * DAY, due_at=NOON - 39 * DAY),
        article(id="t4", audience=Audience(groups=("别人",))),
    ]
    index = Brittle([article(), *others])

    hidden = carrying(who, POISON, deleted_at=NOON)

    assert [(each.article_id, each.grade) for each in carried_by(index, carrying(who, POISON), who)] == [("t1", "candidate")]
    assert carried_by(index, hidden, who) == []
    assert [row.kind for row in rows_of(index, "t1", [carrying(who, POISON), carrying(who)], {"a": who})] == ["candidate", "found"]


def test_an_article_that_breaks_the_matcher_is_left_out_alone() -> None:
    broken = Article.model_construct(**{**article(id="t2").model_dump(), "title": None, "audience": Audience()})

    index, revisions = indexed((article(), broken, article(OTHER, id="t3")), MatchingSettings())

    assert [each.id for each in index.articles] == list(revisions) == ["t1", "t3"]


# -- originals -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["origins", "urls"])
async def test_an_original_older_than_its_article_says_is_found_by_the_walk(app: App, told: str) -> None:
    issuer = account("issuer")
    await enrolled(app, issuer)
    await shown(app, issuer, carrying(issuer, number=SEEN, at=NOON - 8 * DAY))  # type: ignore[arg-type]
    reference = {"origins": (f"weibo:x:{SEEN}",)} if told == "origins" else {"urls": (f"https://weibo.com/1234567890/{SEEN}",)}

    await came(app, article(**reference))
    await app.rematching.round()

    assert await verdicts(app) == {"issuer": "已转载"}


# -- clocks --------------------------------------------------------------------------------------------------------------------


async def test_a_walk_held_by_a_clock_that_ran_ahead_is_taken_over(mongod: str, database: str) -> None:
    async with daemon(mongod, database) as app:
        await app.store.hold("rematching", "a daemon killed", NOON + 400 * DAY, LEASE)
        await enrolled(app, account("did"))
        await came(app, article())

        await app.rematching.round()

        assert app.judge.matched


async def test_a_lease_that_another_holds_by_a_clock_some_seconds_ahead_is_left_to_it(app: App) -> None:
    await app.store.hold("rematching", "another", NOON + timedelta(seconds=30), LEASE)

    assert not await app.store.hold("rematching", "us", NOON, LEASE)


async def test_what_was_seen_while_a_clock_ran_ahead_of_an_article_s_time_is_matched_when_it_is_set_right(app: App) -> None:
    who = account("did")
    await enrolled(app, who)
    await came(app, article())
    for _ in range(2):
        await app.rematching.round()
        moved(app, HOUR)
    assert app.judge.settled
    moved(app, 100 * DAY)
    await app.judge.refresh_articles(app.clock.now())
    await app.rematching.round()
    await shown(app, who, carrying(who))

    app.clock.moment = NOON + DAY  # type: ignore[attr-defined]
    await app.judge.refresh_articles(app.clock.now())
    waits = not app.judge.matched
    await app.rematching.round()

    assert waits
    assert await found(app) == ["t1 weibo:did:1"]


def test_a_second_walk_begun_by_a_clock_that_ran_ahead_sees_everything() -> None:
    settle = timedelta(minutes=10)
    ahead = Progress("t1", "r1", NOON + 400 * DAY, rounds=1)

    walk = next_walk([ahead], settle, NOON)

    assert walk is not None and walk.written_since is not None and walk.written_since < NOON - 10_000 * DAY


def test_an_article_that_was_out_of_its_time_begins_anew() -> None:
    known = {"t1": Progress("t1", "r1", NOON, rounds=2, left=True)}

    assert [each.article_id for each in unbegun({"t1": "r1"}, known, NOON)] == ["t1"]


# -- the roster ----------------------------------------------------------------------------------------------------------------


async def test_who_leaves_an_audience_and_comes_back_keeps_what_was_proven(app: App) -> None:
    who, elsewhere = account("did", groups=("政务",)), account("did", groups=("别处",))
    await enrolled(app, who)
    await shown(app, who, carrying(who))
    await came(app, article(audience=Audience(groups=("政务",))))
    await app.rematching.round()
    (stored,) = await app.store.posts("did")
    await app.store.enrich(stored.model_copy(update={"deleted_at": NOON}), NOON)

    for each in (elsewhere, who):
        await enrolled(app, each)
        await app.judge.refresh_articles(NOON)
        await app.rematching.round()

    assert await verdicts(app) == {"did": "已转载"}


async def test_whom_a_killed_import_noted_is_not_left_waiting_for_good(app: App, raw: Any) -> None:
    await enrolled(app, account("did"))
    await came(app, article())
    raw.unmatched.insert_one({"_id": "did", "revision": "of an account that was never written", "at": NOON})
    await app.judge.refresh_articles(NOON)

    await app.rematching.round()
    under_way = app.judge.matched
    moved(app, IMPORT_PATIENCE)
    await app.rematching.round()

    assert (under_way, app.judge.matched) == (False, True)


async def test_what_a_look_under_way_brings_while_its_account_joins_an_audience_is_matched_by_the_next_look(app: App) -> None:
    who, joined = account("did"), account("did", groups=("政务",))
    await enrolled(app, who)
    await came(app, article(audience=Audience(groups=("政务",))))
    await app.rematching.round()

    async def joins() -> None:
        await enrolled(app, joined)
        await app.judge.refresh_articles(NOON)
        await app.rematching.round()

    await polled(app, carrying(who), meanwhile=joins)
    moved(app, HOUR)
    await polled(app, carrying(who))

    assert app.judge.matched
    assert await found(app) == ["t1 weibo:did:1"]


async def test_what_a_wrong_page_carried_is_let_go_of_with_its_posts_and_comes_back_with_them(app: App) -> None:
    who = account("did")
    right = account("did", channels=(FEED.model_copy(update={"handle": "https://bridge.example/right.xml"}),))
    await enrolled(app, who)
    await came(app, article())
    await app.rematching.round()
    await polled(app, carrying(who))
    before = await verdicts(app)

    await enrolled(app, right)
    without = {each for each, mine in (await app.store.reposts()).items() if mine}
    await polled(app, carrying(who))

    assert before == {"did": "已转载"}
    assert "did" not in without
    assert [each.id for each in (await app.store.reposts(["did"]))["did"]] == ["t1 weibo:did:1"]


# -- alerts that are open --------------------------------------------------------------------------------------------------------


async def accused(app: App, who: Account) -> list[Stage]:
    await app.judge.tick(app.clock.now())
    alerts = await app.store.alerts()
    return [alert.stage for alert in alerts if alert.finding.rule == "missing_repost" and alert.finding.account_id == who.id]


@pytest.mark.parametrize("corrected", ["audience", "deadline", "publication", "roster"])
async def test_an_accusation_ends_when_a_correction_shows_that_nothing_was_owed(app: App, corrected: str) -> None:
    who = account("didnot", groups=("政务",))
    await enrolled(app, who)
    await shown(app, who, carrying(who, "今日天气"))
    await came(app, article(audience=Audience(groups=("政务",))))
    await app.rematching.round()
    assert await verdicts(app) == {"didnot": "未转载"}
    assert await accused(app, who) == [Stage.OPEN]

    fields: dict[str, Any] = {
        "audience": {"audience": Audience(groups=("公安",))},
        "deadline": {"audience": Audience(groups=("政务",)), "due_at": NOON + 5 * DAY},
        "publication": {"audience": Audience(groups=("政务",)), "published_at": NOON + DAY, "due_at": NOON + 5 * DAY},
    }
    if corrected == "roster":
        await enrolled(app, who.model_copy(update={"groups": ("公安",)}))
    else:
        await app.store.put_articles([article(**fields[corrected])])

    assert await accused(app, who) == [Stage.RESOLVED]
    (alert,) = [each for each in await app.store.alerts() if each.finding.rule == "missing_repost"]
    assert not alert.told


async def test_an_open_accusation_outlives_the_walk_of_a_corrected_article(app: App) -> None:
    who = account("didnot")
    await enrolled(app, who)
    await shown(app, who, carrying(who, "今日天气"))
    await came(app, article())
    await app.rematching.round()
    await verdicts(app)

    await app.store.put_articles([article(source="某社")])

    assert await accused(app, who) == [Stage.OPEN]
    await app.rematching.round()
    assert await accused(app, who) == [Stage.OPEN]


# -- polls that write meanwhile --------------------------------------------------------------------------------------------------


async def test_what_a_poll_finds_anew_while_the_walk_lets_go_of_it_stays(app: App) -> None:
    who = account("did")
    await enrolled(app, who)
    await shown(app, who, carrying(who))
    await came(app, article())
    await app.rematching.round()
    read_posts = app.store.posts_since
    edited = carrying(who, OTHER)

    async def posts_then_an_edit(*arguments: Any) -> AsyncIterator[Post]:
        async for each in read_posts(*arguments):
            yield each
        await app.store.put_reposts(app.judge.carried([edited], who))

    await came(app, article(OTHER))
    app.store.posts_since = posts_then_an_edit  # type: ignore[method-assign]
    await app.rematching.round()

    assert await found(app) == ["t1 weibo:did:1"]


async def test_what_a_look_found_of_an_article_corrected_meanwhile_is_let_go_of(app: App) -> None:
    from monitor.committer import Committer

    who = account("did")
    await enrolled(app, who)
    await came(app, article())
    await app.rematching.round()

    class Crossing(Committer):
        """The article is corrected, and its walk is over, while a look is being written."""

        async def put(self, write: Any) -> Any:
            await came(app, article(OTHER))
            await app.rematching.round()
            return await app.store.commit([write])

    adapter: Any = {"feed": Shows(carrying(who))}
    parts: Any = (app.store, Crossing(app.store, app.clock), app.judge, adapter, app.pauses, app.metrics, app.clock)
    await Polling(*parts, app.settings.poll, app.backoff, "us").poll_now(["did"])

    assert await found(app) == []


async def test_what_a_walk_proved_during_a_look_outlives_the_edit_that_the_look_shows(app: App) -> None:
    who = account("did")
    await enrolled(app, who)
    await polled(app, carrying(who))
    moved(app, HOUR)
    nearly = carrying(who, f"刚刚！{TITLE}，这些话和你有关")

    async def walks() -> None:
        await came(app, article())
        await app.rematching.round()

    await polled(app, nearly, meanwhile=walks)

    ((repost,),) = (await app.store.reposts()).values()
    assert repost.grade != "candidate"


async def test_a_walk_that_ends_while_a_tick_reads_accuses_nobody(app: App) -> None:
    who = account("did")
    await enrolled(app, who)
    await shown(app, who, carrying(who))
    await came(app, article())
    read = app.store.reposts

    async def reads_then_the_walk_ends(*arguments: Any, **named: Any) -> dict[str, list[Repost]]:
        before = await read(*arguments, **named)
        app.store.reposts = read  # type: ignore[method-assign]
        await app.rematching.round()
        return before

    app.store.reposts = reads_then_the_walk_ends  # type: ignore[method-assign]
    await app.judge.tick(NOON)

    assert app.judge.matched
    assert [alert.stage for alert in await app.store.alerts() if alert.finding.rule == "missing_repost"] == []


# -- the lease lost in the middle --------------------------------------------------------------------------------------------------


async def test_who_lost_the_walk_in_the_middle_of_a_batch_notes_nothing(app: App, raw: Any) -> None:
    who = account("did")
    await enrolled(app, who)
    await shown(app, who, carrying(who))
    await came(app, article())
    read_posts = app.store.posts_since

    async def slow(*arguments: Any) -> AsyncIterator[Post]:
        moved(app, LEASE)
        assert await app.store.hold("rematching", "another", app.clock.now(), LEASE)
        async for each in read_posts(*arguments):
            yield each

    app.store.posts_since = slow  # type: ignore[method-assign]
    await app.rematching.round()

    assert not app.judge.matched
    assert (await app.store.keepings.progress(["t1"]))["t1"].rounds == 0
    assert raw.leases.find_one({"_id": "rematching"})["owner"] == "another"


async def test_a_batch_that_takes_long_keeps_the_walk(app: App) -> None:
    who = account("did")
    await enrolled(app, who)
    await shown(app, who, carrying(who))
    await came(app, article())
    read_posts, taken = app.store.posts_since, []

    async def slow(*arguments: Any) -> AsyncIterator[Post]:
        moved(app, LEASE * 0.6)
        async for each in read_posts(*arguments):
            yield each
        # The chunk is matched once this ends: the lease was taken anew before it.

    async def carried_slowly(reposts: Sequence[Repost]) -> None:
        moved(app, LEASE * 0.6)
        taken.append(await app.store.hold("rematching", "another", app.clock.now(), LEASE))
        await put(reposts)

    put = app.store.put_reposts
    app.store.posts_since = slow  # type: ignore[method-assign]
    app.store.put_reposts = carried_slowly  # type: ignore[method-assign]
    await app.rematching.round()

    assert taken == [False]
    assert app.judge.matched


# -- the rest ------------------------------------------------------------------------------------------------------------------


async def test_two_daemons_walk_in_turns_and_find_all(mongod: str, database: str) -> None:
    accounts = numbered(3 * BATCH)
    async with daemon(mongod, database) as one, daemon(mongod, database, SetClock(NOON + timedelta(seconds=20))) as other:
        await enrolled(one, *accounts)
        for each in accounts[:: BATCH // 2]:
            await shown(one, each, carrying(each))
        await came(one, article())
        await other.judge.refresh_articles(NOON)

        import asyncio

        await asyncio.gather(one.rematching.round(), other.rematching.round())

        await one.judge.refresh_articles(NOON)
        assert one.judge.matched
        assert len(await found(one)) == 6


async def test_hand_checks_and_posts_without_a_title_carry_nothing_by_themselves(app: App) -> None:
    who = account("didnot")
    await enrolled(app, who)
    empty = {"title": "", "text": ""}
    hand = post("hand-2026-03-02", NOON - 2 * DAY, who.id, kind="hand_check", precision="day", url="", **empty)
    await shown(app, who, hand, carrying(who, "", number=2))
    await came(app, article(urls=("https://city.example/a/1.html",)))

    await app.rematching.round()

    assert await found(app) == []


def test_the_same_article_is_known_by_another_matcher_s_revision() -> None:
    assert same_article("aa.bb", "aa.cc")
    assert not same_article("aa.bb", "ab.bb")


def test_an_account_out_of_the_audience_is_no_candidate() -> None:
    closed = account("a", status=Status.CLOSED)

    assert carried_by(Brittle([article()]), carrying(closed, POISON), closed) == []
