"""Opening candidates: real pages from a real server through the real adapter, matched by the real index, kept in a store of paper."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from channels import BIZ, FIXTURES, NOW, Reply, Served, serving
from clocks import FrozenClock
from pydantic import SecretStr

from adapters.http import Door
from adapters.wechat_article import WechatArticle
from monitor.access.credentials import CredentialBook, Vault
from monitor.access.pauses import Pauses
from monitor.errors import StoreAway
from monitor.matching import ArticleIndex
from monitor.matching.evidence import Doubt
from monitor.metrics.registry import Metrics
from monitor.model import Account, Article, Channel, Platform, Post, Repost, Status
from monitor.schedule import Backoff
from monitor.verifying import (
    AGAIN_CAP,
    AT_ONCE,
    PER_ROUND,
    Candidate,
    Retry,
    Verified,
    Verifying,
    choose,
    enriched,
    identity,
    is_due,
    word,
)

HOUR = timedelta(hours=1)
PAGES = FIXTURES / "wechat.article"
KEY = Article(
    id="k1",
    title="省里召开稳就业工作推进会",
    origins=("wechat:MzI5MDAwMDAwMg==:2247480011_2",),
    published_at=NOW - timedelta(days=3),
    due_at=NOW + timedelta(days=2),
)
FEED = Channel(adapter="feed", handle="https://bridge.example/a.xml", options={"biz": BIZ})
WATCHED = Account(id="a", platform=Platform.WECHAT, name="青溪发布", channels=(FEED,))
BACKOFF = Backoff(start=900.0, cap=6 * 3600.0, gone=24 * 3600.0, auth=6 * 3600.0, rate=900.0)


def seemingly(number: int = 1, title: str = "刚刚！省里召开稳就业工作推进会，这些话和你有关", **fields: Any) -> Post:
    """Return a post whose title only resembles the key article's."""
    token = f"demoDEMOdemoDEMOdemo{number:02d}"
    made = {"id": f"wechat:a:{token}", "account_id": "a", "published_at": NOW - timedelta(days=2), "first_seen_at": NOW}
    return Post(**{**made, "url": f"https://mp.weixin.qq.com/s/{token}", "title": title, **fields})


@dataclass
class PaperJudge:
    """Matches as the judge does."""

    live: tuple[Article, ...] = (KEY,)
    asked: int = 0

    def carried(self, posts: Iterable[Post], account: Account) -> list[Repost]:
        self.asked += 1
        index = ArticleIndex(self.live)
        return [each for post in posts for each in index.reposts(post, account)]


@dataclass
class PaperStore:
    """Keeps what verifying writes; it can be taken away while an outcome is written."""

    kept: dict[str, Post] = field(default_factory=dict)
    found: dict[str, Repost] = field(default_factory=dict)
    outcomes: dict[str, Verified] = field(default_factory=dict)
    account: Account = WATCHED
    away: bool = False
    writes: int = 0
    reads: int = 0

    @classmethod
    def of(cls, *posts: Post, judge: PaperJudge | None = None, account: Account = WATCHED) -> PaperStore:
        found = (judge or PaperJudge()).carried(posts, account)
        return cls({post.id: post for post in posts}, {each.id: each for each in found}, account=account)

    async def reposts(
        self, account_ids: Iterable[str] | None = None, article_ids: Iterable[str] | None = None, grade: str | None = None
    ) -> dict[str, list[Repost]]:
        wanted = set(article_ids or ())
        found = [each for each in self.found.values() if each.article_id in wanted and grade in (None, each.grade)]
        return {self.account.id: found}

    async def accounts(self, ids: Iterable[str] | None = None) -> list[Account]:
        return [self.account] if self.account.id in set(ids or ()) else []

    async def posts_by_id(self, ids: Iterable[str]) -> list[Post]:
        found = [self.kept[each] for each in ids if each in self.kept]
        self.reads += len(found)
        return found

    async def put_reposts(self, reposts: Sequence[Repost]) -> None:
        self.found |= {each.id: each for each in reposts}

    async def enrich(self, post: Post, at: datetime) -> None:
        self.writes += 1
        self.kept[post.id] = post

    async def verified(self, ids: Iterable[str]) -> Mapping[str, Verified]:
        return {each: self.outcomes[each] for each in ids if each in self.outcomes}

    async def put_verified(self, verified: Verified) -> None:
        if self.away:
            raise StoreAway("gone")
        self.outcomes[verified.post_id] = verified

    @property
    def grades(self) -> list[str]:
        return [each.grade for each in self.found.values()]


@dataclass
class Bench:
    """Everything a round needs, and the server that stands for WeChat."""

    served: Served
    adapter: WechatArticle
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(NOW))
    judge: PaperJudge = field(default_factory=PaperJudge)
    pauses: Pauses = field(default_factory=lambda: Pauses(BACKOFF))

    def verifying(self, store: PaperStore) -> Verifying:
        return Verifying(store, self.judge, {"wechat.article": self.adapter}, self.pauses, self.clock, Metrics())

    def shows(self, *stems: str) -> None:
        self.served.replies = [Reply.of(PAGES / f"{stem}.html") for stem in stems]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with serving() as served, Door(random.Random(1), retry_wait=0.0) as door:
        wishes = WechatArticle.Settings(base_url=served.base_url, spacing_seconds=0)
        yield Bench(served, WechatArticle(wishes, door, Vault(CredentialBook(SecretStr("{}")))))


async def test_a_candidate_whose_page_names_the_original_becomes_a_repost(bench: Bench) -> None:
    store = PaperStore.of(seemingly())
    bench.shows("reprint_full_text")
    assert store.grades == ["candidate"]

    assert await bench.verifying(store).round() == 1

    (repost,) = store.found.values()
    assert (repost.grade, repost.evidence["by"]) == ("in_order", "citation")
    (post,) = store.kept.values()
    assert post.id == "wechat:a:demoDEMOdemoDEMOdemo01"
    assert post.citation is not None and post.citation.post_id == "2247480011_2"
    assert store.outcomes[post.id].word == "confirmed"


async def test_a_page_is_opened_once_for_good(bench: Bench) -> None:
    store = PaperStore.of(seemingly())
    bench.shows("article")
    verifying = bench.verifying(store)

    for _ in range(3):
        await verifying.round()
        bench.clock.advance(40 * 24 * 3600)
    await bench.verifying(store).round()

    assert len(bench.served.requests) == 1


async def test_a_page_that_proves_nothing_leaves_the_candidate_to_a_person(bench: Bench) -> None:
    store = PaperStore.of(seemingly())
    bench.shows("article")

    await bench.verifying(store).round()

    assert store.grades == ["candidate"]
    assert [each.word for each in store.outcomes.values()] == ["unclear"]


@pytest.mark.parametrize("title", ["刚刚！省里召开稳就业工作推进会，这些话和你有关", KEY.title], ids=["near", "sure"])
async def test_a_page_whose_title_was_edited_undoes_nothing_when_the_stored_post_is_matched_again(title: str, bench: Bench) -> None:
    other = KEY.model_copy(update={"id": "k2", "title": "稳就业工作推进会"})
    bench.judge.live = (KEY, other)
    store = PaperStore.of(seemingly(title=title), judge=bench.judge)
    before = {each.id: each.grade for each in store.found.values()}
    bench.shows("article")

    await bench.verifying(store).round()

    (post,) = store.kept.values()
    assert "candidate" in before.values() and {each.id: each.grade for each in bench.judge.carried([post], WATCHED)} == before
    assert {each.id: each.grade for each in store.found.values()} == before
    assert "政务公开" in post.text


async def test_a_page_that_is_gone_marks_the_post_and_leaves_the_candidate(bench: Bench) -> None:
    store = PaperStore.of(seemingly())
    bench.shows("gone_deleted")

    await bench.verifying(store).round()

    (post,) = store.kept.values()
    assert (post.deleted_at, post.title, post.published_at) == (NOW, seemingly().title, seemingly().published_at)
    assert store.grades == ["candidate"]
    assert [each.word for each in store.outcomes.values()] == ["deleted"]


async def test_a_bad_link_is_never_opened_again_and_changes_nothing(bench: Bench) -> None:
    store = PaperStore.of(seemingly())
    bench.shows("restricted_parameters")
    verifying = bench.verifying(store)

    await verifying.round()
    bench.clock.advance(40 * 24 * 3600)
    await verifying.round()

    assert (len(bench.served.requests), store.writes, store.grades) == (1, 0, ["candidate"])
    assert [each.word for each in store.outcomes.values()] == ["unusable"]


async def test_what_passes_is_opened_again_later_and_later(bench: Bench) -> None:
    store = PaperStore.of(seemingly())
    bench.shows("later_in_review")
    verifying = bench.verifying(store)

    opened = []
    for _ in range(8 * 24):
        opened.append(await verifying.round())
        bench.clock.advance(3600)

    hours = [hour for hour, number in enumerate(opened) if number]
    assert hours[:5] == [0, 1, 3, 7, 15]
    assert {later - earlier for earlier, later in pairwise(hours[5:])} == {24}
    assert store.outcomes == {} and store.grades == ["candidate"]

    bench.shows("reprint_full_text")
    bench.clock.advance(24 * 3600)
    await verifying.round()
    assert store.grades == ["in_order"]


async def test_a_wall_ends_the_round_and_the_lane_rests(bench: Bench) -> None:
    store = PaperStore.of(seemingly(1), seemingly(2), seemingly(3))
    bench.shows("wall", "reprint_full_text")
    verifying = bench.verifying(store)

    assert await verifying.round() == 0
    bench.clock.advance(29 * 60)
    assert await verifying.round() == 0
    assert len(bench.served.requests) == 1

    bench.clock.advance(2 * 60)
    assert await verifying.round() == 3
    assert store.grades == ["in_order"] * 3


async def test_a_refusal_without_a_word_is_a_wall_too(bench: Bench) -> None:
    store = PaperStore.of(seemingly())
    bench.served.replies = [Reply(b"", 403)]
    verifying = bench.verifying(store)

    for _ in range(20):
        await verifying.round()
        bench.clock.advance(60)

    assert len(bench.served.requests) == 1


async def test_the_page_of_another_account_proves_nothing(bench: Bench) -> None:
    other = WATCHED.model_copy(update={"channels": (FEED.model_copy(update={"options": {"biz": "MzI5OTk5OTk5OQ=="}}),)})
    store = PaperStore.of(seemingly(), account=other)
    bench.shows("reprint_full_text")

    await bench.verifying(store).round()

    assert (store.writes, store.grades, store.outcomes) == (0, ["candidate"], {})


async def test_what_a_list_wrote_over_is_put_back_without_asking_again(bench: Bench) -> None:
    store = PaperStore.of(seemingly())
    bench.shows("reprint_full_text")
    verifying = bench.verifying(store)
    await verifying.round()

    again = PaperStore.of(seemingly())
    store.kept, store.found = again.kept, again.found
    await verifying.round()

    assert (store.grades, len(bench.served.requests)) == (["in_order"], 1)


async def test_an_outcome_that_could_not_be_kept_is_worked_out_again(bench: Bench) -> None:
    store = PaperStore.of(seemingly(), seemingly(2))
    bench.shows("reprint_full_text")
    store.away = True
    with pytest.raises(StoreAway):
        await bench.verifying(store).round()

    store.away = False
    await bench.verifying(store).round()

    assert store.grades == ["in_order"] * 2


async def test_other_platforms_sure_reposts_and_posts_without_an_address_are_left_alone(bench: Bench) -> None:
    weibo = WATCHED.model_copy(update={"platform": Platform.WEIBO})
    for store in (
        PaperStore.of(seemingly(), account=weibo),
        PaperStore.of(seemingly(title=KEY.title)),
        PaperStore.of(seemingly(url="")),
    ):
        assert await bench.verifying(store).round() == 0

    assert bench.served.requests == []


async def test_without_live_articles_or_an_adapter_that_opens_posts_nothing_is_asked(bench: Bench) -> None:
    store = PaperStore.of(seemingly())

    assert await Verifying(store, bench.judge, {}, bench.pauses, bench.clock, Metrics()).round() == 0
    bench.judge = PaperJudge(live=())
    assert await bench.verifying(store).round() == 0
    assert bench.served.requests == []


async def test_a_round_ends_so_that_other_work_is_not_held_up(bench: Bench) -> None:
    store = PaperStore.of(*(seemingly(number) for number in range(1, 31)))
    bench.shows("article")
    verifying = bench.verifying(store)

    assert [await verifying.round() for _ in range(4)] == [12, 12, 6, 0]


# -- the choice ---------------------------------------------------------------------------------------------------------------


def candidate(number: int, article: Article = KEY, **fields: Any) -> Candidate:
    post = seemingly(number, **fields)
    repost = Repost(article_id=article.id, account_id="a", post_id=post.id, grade="candidate", published_at=post.published_at)
    return Candidate(repost, WATCHED, post, "wechat.article")


def test_the_article_due_first_comes_first_and_each_post_once() -> None:
    sooner = KEY.model_copy(update={"id": "k0", "due_at": NOW})
    offered = [candidate(1), candidate(2, sooner), candidate(1, sooner), candidate(3)]

    chosen = choose(offered, {}, {}, [KEY, sooner], NOW)

    assert [(each.repost.article_id, each.post.id[-2:]) for each in chosen] == [("k0", "01"), ("k0", "02"), ("k1", "03")]


def test_what_is_known_waits_hidden_or_no_longer_live_is_not_chosen() -> None:
    known = {candidate(1).post.id: Verified(candidate(1).post.id, NOW, "unclear")}
    waiting = {candidate(2).post.id: Retry(1, NOW + HOUR)}
    ended = KEY.model_copy(update={"id": "old"})
    offered = [candidate(1), candidate(2), candidate(3, deleted_at=NOW), candidate(4, ended), candidate(5)]

    assert [each.post.id[-2:] for each in choose(offered, known, waiting, [KEY], NOW)] == ["05"]
    assert [each.post.id[-2:] for each in choose(offered, known, waiting, [KEY], NOW + HOUR)] == ["02", "05"]


@pytest.mark.parametrize("doubt", [Doubt.OUT_OF_WINDOW, Doubt.RECURRING])
def test_no_page_is_opened_for_a_doubt_that_it_cannot_dispel(doubt: Doubt) -> None:
    each = candidate(1)
    hopeless = replace(each, repost=each.repost.model_copy(update={"evidence": {"doubt": str(doubt)}}))
    open_to_proof = replace(each, repost=each.repost.model_copy(update={"evidence": {"doubt": Doubt.TITLE_ALONE}}))

    assert choose([hopeless], {}, {}, [KEY], NOW) == []
    assert choose([hopeless, open_to_proof], {}, {}, [KEY], NOW) == [open_to_proof]


def test_a_page_adds_to_a_post_and_takes_nothing_away() -> None:
    post = seemingly(text="列表里的摘要", citation={"url": "https://a.example/1"})
    bare = seemingly(title="", text="")

    assert enriched(post, bare) == post


def test_a_shorter_text_and_another_citation_displace_nothing_that_proved_something() -> None:
    post = seemingly(text="正文" * 40, citation={"url": "https://mp.weixin.qq.com/s/originalOriginal01"})
    page = seemingly(text="编者按", citation={"url": "https://a.example/more"})

    made = enriched(post, page)

    assert made.text.startswith("正文" * 40) and made.text.endswith("https://mp.weixin.qq.com/s/originalOriginal01")
    assert made.citation == page.citation
    assert enriched(made, page).text == made.text


def test_a_page_that_is_more_than_its_words_is_believed_over_a_list_that_called_them_whole() -> None:
    listed = seemingly(text="试读的一段", whole=True)

    assert not enriched(listed, seemingly(text="试读的一段", whole=False)).whole
    assert enriched(listed, seemingly(text="试读的一段，和其余全部", whole=True)).whole
    assert enriched(listed, seemingly(text="", whole=False)).whole


def test_a_time_known_to_the_day_is_made_exact_by_a_page_of_that_day_only() -> None:
    day = seemingly(published_at=NOW.replace(hour=0) - timedelta(hours=8), precision="day")
    same, other = (seemingly(published_at=day.published_at + timedelta(hours=hours)) for hours in (20, 30))

    assert (enriched(day, same).published_at, enriched(day, same).precision) == (same.published_at, "second")
    assert enriched(day, other).published_at == day.published_at
    assert enriched(seemingly(), other).published_at == seemingly().published_at


def test_the_word_is_about_the_candidate_itself() -> None:
    each, sure = candidate(1), candidate(1).repost.model_copy(update={"grade": "in_order"})

    assert word(each.repost, each.post, [sure]) == "confirmed"
    assert word(each.repost, each.post, [sure.model_copy(update={"article_id": "k9"}), each.repost]) == "unclear"
    assert word(each.repost, each.post.model_copy(update={"deleted_at": NOW}), [sure]) == "deleted"


def test_only_what_says_who_the_account_is_travels_to_the_page() -> None:
    channels = (FEED.model_copy(update={"options": {"biz": BIZ, "credential": "x", "base_url": "http://a.example"}}), FEED)

    assert identity(WATCHED.model_copy(update={"channels": channels})) == {"biz": BIZ}
    assert json.dumps(identity(WATCHED.model_copy(update={"channels": ()}))) == "{}"


def test_an_account_that_migrated_is_known_by_all_its_ids() -> None:
    channels = tuple(FEED.model_copy(update={"options": {"biz": biz}}) for biz in ("3290000009", BIZ, BIZ, ""))

    assert identity(WATCHED.model_copy(update={"channels": channels})) == {"biz": f"3290000009,{BIZ}"}


async def test_what_is_stored_as_its_page_showed_it_is_not_written_round_after_round(bench: Bench) -> None:
    store = PaperStore.of(seemingly())
    bench.shows("article")
    await bench.verifying(store).round()
    matched = bench.judge.asked

    await bench.verifying(store).round()

    assert bench.judge.asked == matched


async def test_of_very_many_candidates_only_a_few_posts_are_read_at_once_and_those_of_no_use_not_at_all(bench: Bench) -> None:
    store = PaperStore.of(*(seemingly(number) for number in range(3 * AT_ONCE)))
    for each in list(store.found.values())[AT_ONCE:]:
        store.found[each.id] = each.model_copy(update={"evidence": {**each.evidence, "doubt": Doubt.OUT_OF_WINDOW.value}})
    bench.shows("article")

    assert await bench.verifying(store).round() == PER_ROUND
    assert store.reads <= AT_ONCE


async def test_a_candidate_of_an_account_that_owes_the_article_no_more_is_not_opened(bench: Bench) -> None:
    store = PaperStore.of(seemingly())
    store.account = WATCHED.model_copy(update={"status": Status.CLOSED})
    bench.shows("reprint_full_text")

    assert await bench.verifying(store).round() == 0


def test_a_page_put_off_by_a_clock_that_ran_ahead_is_opened_again() -> None:
    assert is_due(Retry(1, NOW + timedelta(days=400)), NOW)
    assert not is_due(Retry(1, NOW + AGAIN_CAP), NOW)
    assert is_due(None, NOW)
