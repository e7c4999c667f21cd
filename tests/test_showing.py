"""What the console is handed of key articles, out of a real database: sheets of the last tick, and pairs as they are stored now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from clocks import NOON
from makers import HOUR, account, poll, post, snapshot
from storing import claim_one, enrol, write

from monitor.errors import StoreAway
from monitor.judging import Picture
from monitor.matching import ArticleIndex
from monitor.model import Account, Article, Repost, RepostStanding, RepostVerdict, Standing
from monitor.showing import Showing
from monitor.store import Store

TASK = Article(id="2020-07", title="南溪市打响沿江排口治理攻坚战", published_at=NOON - 9 * HOUR, due_at=NOON - HOUR)
LATER = TASK.model_copy(update={"id": "2020-09", "published_at": NOON + HOUR, "due_at": NOON + 9 * HOUR})
MISSING = RepostVerdict.MISSING
INDEX = ArticleIndex([TASK])


def picture(*accounts: Account, verdict: RepostVerdict = MISSING) -> Picture:
    shown = [(each, Standing(account_id=each.id, verdict=None)) for each in accounts]
    reposts = [RepostStanding(article_id=TASK.id, account_id=each.id, verdict=verdict) for each in accounts]
    return Picture(taken_at=NOON, standings=shown, reposts=reposts)


def carried(number: int, hours: int) -> Repost:
    return Repost(article_id=TASK.id, account_id="a", post_id=f"weibo:a:{number}", published_at=NOON - hours * HOUR)


async def test_the_sheets_are_made_once_for_each_picture(store: Store) -> None:
    showing, first = Showing(store), picture(account("a"), account("b"))

    made = await showing.sheets(first, [TASK], NOON)

    assert [row.account.id for row in made[0].rows] == ["a", "b"]
    assert await showing.sheets(first, [TASK], NOON) is made
    assert await showing.sheets(picture(account("a")), [TASK], NOON) is not made


async def test_before_the_first_tick_and_before_its_publication_an_article_is_not_shown(store: Store) -> None:
    showing = Showing(store)

    assert await showing.sheets(None, [TASK], NOON) == ()
    assert [each.article.id for each in await showing.sheets(picture(account("a")), [TASK, LATER], NOON)] == ["2020-07"]


async def test_a_pair_comes_with_its_posts_by_time_its_state_and_how_much_was_weighed(store: Store) -> None:
    await enrol(store, account("a"))
    early, late, before = post(1, NOON - 6 * HOUR), post(2, NOON - 2 * HOUR), post(3, NOON - timedelta(days=2))
    await store.commit([write(await claim_one(store), poll(snapshot(late, early, before)))])
    await store.put_reposts([carried(2, 2), carried(1, 6), carried(9, 3)])
    showing = Showing(store)
    made = await showing.sheets(picture(account("a")), [TASK], NOON)

    pair = await showing.pair(made, INDEX, TASK.id, "a", NOON)

    assert pair is not None
    assert [(each.repost.post_id, each.post is not None) for each in pair.carriers] == [
        ("weibo:a:1", True),
        ("weibo:a:9", False),
        ("weibo:a:2", True),
    ]
    assert (pair.account.id, pair.standing.verdict, pair.weighed) == ("a", MISSING, 2)
    assert pair.state.last_good is not None and pair.state.last_good.at == NOON


async def test_where_nothing_carries_it_the_posts_that_were_looked_through_come_with_what_spoke_against_them(store: Store) -> None:
    await enrol(store, account("a"))
    near = post(1, NOON - 6 * HOUR, title=f"关于《{TASK.title}》的说明")
    other, before, hidden = post(2, NOON - 2 * HOUR, title="今日天气"), post(3, NOON - timedelta(days=2)), post(4, private=True)
    await store.commit([write(await claim_one(store), poll(snapshot(other, near, hidden, before)))])
    showing = Showing(store)
    made = await showing.sheets(picture(account("a")), [TASK], NOON)

    pair = await showing.pair(made, INDEX, TASK.id, "a", NOON)

    assert pair is not None and pair.carriers == ()
    assert [each.post.id for each in pair.passed] == [other.id, near.id]
    assert pair.passed[0].why == "" and "表明是另一篇" in pair.passed[1].why


@pytest.mark.parametrize(("article", "who"), [("none", "a"), ("2020-07", "b"), ("2020-07", "\x00")])
async def test_what_nobody_owes_is_no_pair(store: Store, article: str, who: str) -> None:
    showing = Showing(store)

    made = await showing.sheets(picture(account("a")), [TASK], NOON)

    assert await showing.pair(made, INDEX, article, who, NOON) is None


async def test_an_account_never_looked_at_has_an_empty_state(store: Store) -> None:
    showing = Showing(store)

    pair = await showing.pair(await showing.sheets(picture(account("a")), [TASK], NOON), INDEX, TASK.id, "a", NOON)

    assert pair is not None
    assert (pair.state.last_good, pair.carriers, pair.weighed) == (None, (), 0)


async def test_an_old_picture_is_not_shown_while_the_store_is_away() -> None:
    store = Store("mongodb://127.0.0.1:1", "gone", selection_seconds=0.2)

    with pytest.raises(StoreAway):
        await Showing(store).sheets(picture(account("a")), [TASK], NOON)

    store.close()
