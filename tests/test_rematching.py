"""Articles that come after the posts: one walk over what is stored, kept place by place, and nobody accused before it is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from clocks import NOON
from daemons import SetClock, quick_settings, running, until
from makers import DAY, HOUR, account, post, snapshot
from walking import OTHER, article, came, carrying, daemon, doubts, enrolled, found, numbered, shown, verdicts

from daemon import tables
from monitor.app import App
from monitor.carrying import after_changes
from monitor.cli import commands
from monitor.committer import Committer
from monitor.model import Account, Audience, Post, Status
from monitor.polling import Polling
from monitor.rematching import BATCH, CHUNK, CHUNK_CHARACTERS, ROUND_SECONDS, in_chunks, next_walk, unbegun
from monitor.writes import PollWrite, Progress, Written

SETTLE = timedelta(minutes=10)


class Impatient(SetClock):
    """A clock on which every look at the stopwatch finds a round's time over: a round takes one batch."""

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self._asked = count()

    def elapsed(self) -> float:
        # A round asks at its beginning, before its first batch and before its second.
        return next(self._asked) * 0.6 * ROUND_SECONDS


@pytest.fixture
async def app(mongod: str, database: str) -> AsyncIterator[App]:
    async with daemon(mongod, database) as made:
        yield made


# -- the walk ------------------------------------------------------------------------------------------------------------------


async def test_nobody_is_accused_before_all_that_is_stored_was_walked_over(app: App) -> None:
    did, did_not = account("did"), account("didnot")
    await enrolled(app, did, did_not)
    await shown(app, did, carrying(did))
    await shown(app, did_not, carrying(did_not, "今日天气"))
    await came(app, article())

    before = await verdicts(app), await doubts(app)
    await app.rematching.round()

    assert before == ({"did": "无法判定", "didnot": "无法判定"}, {"did": "正在与已存内容比对", "didnot": "正在与已存内容比对"})
    assert await verdicts(app) == {"did": "已转载", "didnot": "未转载"}


async def test_a_killed_daemon_repeats_nothing_that_was_noted(mongod: str, database: str) -> None:
    accounts = numbered(2 * BATCH + 50)
    async with daemon(mongod, database, Impatient(NOON)) as killed:
        await enrolled(killed, *accounts)
        for each in (accounts[0], accounts[-1]):
            await shown(killed, each, carrying(each))
        await came(killed, article())
        await killed.rematching.round()
        reached = (await killed.store.keepings.progress(["t1"]))["t1"].reached
        early = await found(killed)

    async with daemon(mongod, database, SetClock(NOON + 3 * HOUR)) as next_one:
        still_waiting = not next_one.judge.matched
        await next_one.rematching.round()

        assert (reached, early) == (accounts[BATCH - 1].id, ["t1 weibo:n0000:1"])
        assert still_waiting and next_one.judge.matched
        assert await found(next_one) == ["t1 weibo:n0000:1", f"t1 weibo:{accounts[-1].id}:1"]
        first_walk_again = len(accounts) - BATCH
        assert next_one.rematching.accounts == first_walk_again + len(accounts)


async def test_a_restart_where_nothing_changed_walks_over_nothing(mongod: str, database: str) -> None:
    async with daemon(mongod, database) as first:
        await enrolled(first, account("did"))
        await shown(first, account("did"), carrying(account("did")))
        await came(first, article())
        await first.rematching.round()
        first.clock.moment = NOON + HOUR  # type: ignore[attr-defined]
        await first.rematching.round()
        assert first.judge.settled

    async with daemon(mongod, database, SetClock(NOON + 2 * HOUR)) as second:
        await second.rematching.round()

        assert second.judge.settled
        assert second.rematching.accounts == second.rematching.posts == 0


@pytest.mark.parametrize("changed", ["article", "settings"])
async def test_a_corrected_article_and_other_settings_are_matched_again(mongod: str, database: str, changed: str) -> None:
    who = account("did")
    async with daemon(mongod, database) as first:
        await enrolled(first, who)
        await shown(first, who, carrying(who))
        await came(first, article())
        await first.rematching.round()

    wishes = {"matching": {"window_days": 30.0}} if changed == "settings" else {}
    async with daemon(mongod, database, SetClock(NOON + HOUR), **wishes) as second:
        if changed == "article":
            await came(second, article(OTHER))
        waits = not second.judge.matched
        await second.rematching.round()

        assert waits and second.judge.matched
        assert await found(second) == ([] if changed == "article" else ["t1 weibo:did:1"])


async def test_what_another_daemon_wrote_before_it_heard_of_the_article_is_found_by_the_second_walk(app: App) -> None:
    who = account("did")
    await enrolled(app, who)
    await came(app, article())
    await app.rematching.round()
    late = NOON + timedelta(seconds=30)
    await shown(app, who, carrying(who, first_seen_at=late), at=late)

    before = await found(app)
    app.clock.moment = NOON + HOUR  # type: ignore[attr-defined]
    await app.rematching.round()

    assert before == []
    assert await found(app) == ["t1 weibo:did:1"]


async def test_the_running_daemon_walks_by_itself(mongod: str, database: str) -> None:
    who = account("did", channels=())
    async with daemon(mongod, database) as before:
        await enrolled(before, who)
        await shown(before, who, carrying(who))

    async with running(quick_settings(mongod, database), SetClock(NOON)) as app:
        await app.store.put_articles([article()])

        await until(lambda: "t1" in app.judge.revisions and app.judge.matched)
        assert await found(app) == ["t1 weibo:did:1"]


TASKS = "编号,标题,发布时间,截止时间\nt1,全市优化营商环境大会召开,2026-03-01 09:00,2026-03-02 09:00\n"


async def test_an_import_with_no_daemon_about_walks_itself(
    mongod: str, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tasks.csv"
    file.write_text(TASKS, "utf-8")
    async with App(quick_settings(mongod, database), tables(), SetClock(NOON), join=True) as app:
        who = account("did")
        await enrolled(app, who)
        await shown(app, who, carrying(who))

        await commands.import_articles(app, file)

        assert app.judge.matched
    assert "已存数据中找到转载 1 条" in capsys.readouterr().out


async def test_an_import_beside_a_daemon_leaves_the_walk_to_it(app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tasks.csv"
    file.write_text(TASKS, "utf-8")

    await commands.import_articles(app, file)

    assert not app.judge.matched
    assert "由守护进程在后台与已存内容比对" in capsys.readouterr().out


async def test_one_daemon_at_a_time_walks(mongod: str, database: str) -> None:
    accounts = numbered(BATCH + 1)
    async with daemon(mongod, database, Impatient(NOON)) as one, daemon(mongod, database) as other:
        await enrolled(one, *accounts)
        await came(one, article())
        await other.judge.refresh_articles(NOON)
        await one.rematching.round()

        await other.rematching.round()
        kept_out = other.rematching.accounts
        other.clock.moment = NOON + HOUR  # type: ignore[attr-defined]
        await other.rematching.round()

        assert kept_out == 0
        assert other.judge.matched


async def test_a_repost_that_a_poll_writes_during_the_walk_is_not_dropped(app: App) -> None:
    who = account("did")
    await enrolled(app, who)
    await came(app, article())
    read_posts = app.store.posts_since

    async def posts_then_a_look(*arguments: Any) -> AsyncIterator[Post]:
        async for each in read_posts(*arguments):
            yield each
        await shown(app, who, carrying(who))
        await app.store.put_reposts(app.judge.carried(await app.store.posts(who.id), who))

    app.store.posts_since = posts_then_a_look  # type: ignore[method-assign]
    await app.rematching.round()

    assert await found(app) == ["t1 weibo:did:1"]


async def test_a_look_that_crosses_the_coming_of_an_article_is_matched_with_it(mongod: str, database: str) -> None:
    class Crossing(Committer):
        """The article comes, and its walk is over, while a look is being written."""

        async def put(self, write: PollWrite) -> Written:
            await came(app, article())
            await app.rematching.round()
            return await app.store.commit([write])

    class Shows:
        """An adapter that shows one post."""

        first_hand, verifies, title = True, "", ""
        settings = tables().adapters["feed"].Settings()

        def lane(self, channel: Any) -> str:
            return "feed"

        def room(self, channel: Any) -> int:
            return 1

        async def look(self, who: Account, *_: Any) -> Any:
            return snapshot(carrying(who))

        async def check(self) -> list[str]:
            return []

        async def close(self) -> None: ...

    async with daemon(mongod, database) as app:
        await enrolled(app, account("did"))
        parts: Any = (app.store, Crossing(app.store, app.clock), app.judge, {"feed": Shows()}, app.pauses, app.metrics, app.clock)
        polling = Polling(*parts, app.settings.poll, app.backoff, "us")

        await polling.poll_now(["did"])

        assert app.judge.matched
        assert await found(app) == ["t1 weibo:did:1"]


# -- the roster ----------------------------------------------------------------------------------------------------------------


async def test_an_account_that_joins_an_audience_is_matched_with_what_it_had_posted_before(app: App) -> None:
    who, joined = account("did"), account("did", groups=("政务",))
    await enrolled(app, who)
    await shown(app, who, carrying(who))
    await came(app, article(audience=Audience(groups=("政务",))))
    await app.rematching.round()
    before = await found(app)

    await enrolled(app, joined)
    await app.judge.refresh_articles(NOON)
    meanwhile = await verdicts(app)
    await app.rematching.round()

    assert (before, meanwhile) == ([], {"did": "无法判定"})
    assert await verdicts(app) == {"did": "已转载"}


async def test_an_account_that_comes_back_to_the_roster_is_matched_with_what_is_stored_of_it(app: App) -> None:
    who = account("did")
    await enrolled(app, who)
    await shown(app, who, carrying(who))
    await enrolled(app, account("other"))
    await came(app, article())
    await app.rematching.round()

    await enrolled(app, who.model_copy(update={"name": "改名"}), account("other"))
    await app.judge.refresh_articles(NOON)
    await app.rematching.round()

    assert app.judge.matched
    assert await found(app) == ["t1 weibo:did:1"]


async def test_a_new_account_or_another_name_makes_nobody_wait(app: App) -> None:
    await enrolled(app, account("did"))
    await came(app, article())
    await app.rematching.round()

    await enrolled(app, account("did", name="改名"), account("new"))
    await app.judge.refresh_articles(NOON)

    assert app.judge.matched


async def test_who_left_again_before_being_matched_keeps_nobody_waiting(app: App) -> None:
    await enrolled(app, account("did"))
    await enrolled(app, account("did", status=Status.CLOSING))
    await enrolled(app, account("other"))

    await app.judge.refresh_articles(NOON)
    await app.rematching.round()

    assert app.judge.matched


# -- edits and corrections -----------------------------------------------------------------------------------------------------


async def test_a_stored_repost_outlives_the_edit_of_its_post_and_is_doubted_once_the_article_is_corrected(app: App) -> None:
    who = account("did")
    await enrolled(app, who)
    await came(app, article())
    await app.rematching.round()
    edited = carrying(who, "今日天气", first_seen_at=NOON + HOUR)
    for each, at in ((carrying(who), NOON), (edited, NOON + HOUR)):
        known = (await app.store.reposts()).get("did", [])
        await shown(app, who, each, at=at)
        await app.store.put_reposts(after_changes(known, [each], app.judge.carried([each], who), at))
    after_the_edit = await verdicts(app)

    await came(app, article(OTHER))
    await app.rematching.round()

    assert after_the_edit == {"did": "已转载"}
    assert await verdicts(app) == {"did": "无法判定"}


# -- the parts -----------------------------------------------------------------------------------------------------------------


def progress(id: str, reached: str = "", rounds: int = 0, began_at: datetime = NOON) -> Progress:
    return Progress(id, "r1", began_at, reached, rounds)


def names(group: tuple[Progress, ...]) -> list[str]:
    return [each.article_id for each in group]


def test_an_article_that_comes_during_a_walk_catches_up_and_goes_along() -> None:
    under_way = [progress("t1", "m"), progress("t2", "m")]

    behind = next_walk([*under_way, progress("t3", "c")], SETTLE, NOON)
    together = next_walk([*under_way, progress("t3", "m")], SETTLE, NOON)

    assert behind is not None and (names(behind.group), behind.reached, behind.until) == (["t3"], "c", "m")
    assert together is not None and (names(together.group), together.reached, together.until) == (["t1", "t2", "t3"], "m", None)


def test_the_second_walk_waits_for_looks_under_way_and_for_all_first_walks() -> None:
    once = progress("t1", rounds=1)

    assert next_walk([once], SETTLE, NOON + SETTLE / 2) is None
    second = next_walk([once], SETTLE, NOON + SETTLE)
    first = next_walk([once, progress("t2")], SETTLE, NOON + SETTLE)

    assert second is not None and (names(second.group), second.written_since) == (["t1"], NOON - SETTLE)
    assert first is not None and (names(first.group), first.written_since) == (["t2"], None)
    assert next_walk([progress("t1", rounds=2)], SETTLE, NOON + DAY) is None


def test_a_walk_begun_by_a_clock_that_ran_ahead_is_ended_nevertheless() -> None:
    assert next_walk([progress("t1", rounds=1, began_at=NOON + 400 * DAY)], SETTLE, NOON) is not None


def test_only_what_was_never_matched_as_it_stands_begins_anew() -> None:
    known = {"t1": progress("t1", rounds=2), "t2": progress("t2", rounds=2)}

    begun = unbegun({"t1": "r1", "t2": "r2", "t3": "r1"}, known, NOON)

    assert [(each.article_id, each.revision, each.rounds) for each in begun] == [("t2", "r2", 0), ("t3", "r1", 0)]


async def test_chunks_are_bounded_by_number_and_by_size() -> None:
    async def posts(*texts: str) -> AsyncIterator[Post]:
        for text in texts:
            yield post(1, title="", text=text)

    small = [len(chunk) async for chunk in in_chunks(posts(*["短"] * (2 * CHUNK + 1)))]
    giant = [len(chunk) async for chunk in in_chunks(posts(*["长" * CHUNK_CHARACTERS] * 3))]

    assert (small, giant) == ([CHUNK, CHUNK, 1], [1, 1, 1])
    assert [chunk async for chunk in in_chunks(posts())] == []


async def test_without_accounts_or_articles_there_is_nothing_to_wait_for(app: App) -> None:
    await app.rematching.round()
    without_articles = app.judge.settled
    await came(app, article())

    assert await app.rematching.finish()
    assert without_articles
