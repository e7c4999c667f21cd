"""Posts seen through two channels are one post, and two posts are never made one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from clocks import NOON
from makers import HOUR, account, poll, snapshot, state

from monitor.after import after
from monitor.merging import ALIASES_KEPT, join, joined, richer, to_compare, twin_of
from monitor.model import AccountState, Channel, Citation, Post
from monitor.writes import StoredPost

MINUTE = timedelta(minutes=1)
TITLE = "关于做好秋冬季森林防火工作的通告"
LONG = "https://mp.weixin.qq.com/s?__biz=MzI5MDAwMDAwMQ==&mid=2247480001&idx=1"
SHORT = "https://mp.weixin.qq.com/s/abcdefghijklmnopqrstuv"
TWO_CHANNELS = account(channels=(Channel(adapter="wechat.openapi", handle="gh_1"), Channel(adapter="feed", handle="https://b.example/1")))


def a_post(name: str = "long", **fields: Any) -> Post:
    given = {"title": TITLE, "published_at": NOON - HOUR, "first_seen_at": NOON, "url": LONG, "text": "全文。"} | fields
    return Post(id=f"wechat:acc:{name}", account_id="acc", **given)


def stored(post: Post, channel: str = "wechat.openapi") -> StoredPost:
    return StoredPost(post=post, hash="h", channel=channel)


def joined_posts(shown: Post, *known: StoredPost, before: AccountState | None = None) -> tuple[tuple[Post, ...], dict[str, str]]:
    before = before or state(seen={each.post.id: "h" for each in known})
    made, aliases = join(before, poll(snapshot(shown, channel="feed")), known)
    return made.snapshots[0].posts, dict(aliases)


def test_a_short_link_of_the_same_title_and_time_is_the_post_of_the_long_one() -> None:
    posts, aliases = joined_posts(a_post("short", url=SHORT), stored(a_post()))

    assert posts == ()
    assert aliases == {"wechat:acc:short": "wechat:acc:long"}


def test_the_same_address_is_enough_whatever_the_title_says() -> None:
    posts, aliases = joined_posts(
        a_post("other", url=LONG + "&scene=0&xtrack=1#rd", title="", published_at=NOON), stored(a_post())
    )

    assert posts == ()
    assert aliases == {"wechat:acc:other": "wechat:acc:long"}


def test_what_the_second_channel_knows_better_is_kept_under_the_first_name() -> None:
    pushed = a_post(title="", text="", url=LONG, published_at=NOON)
    full = a_post("short", title=TITLE, text="全文。")

    posts, _ = joined_posts(full, stored(pushed, "wechat.callback"))

    assert [(post.id, post.title, post.text, post.published_at) for post in posts] == [("wechat:acc:long", TITLE, "全文。", NOON)]


def test_a_push_without_a_title_does_not_empty_what_a_page_told() -> None:
    posts, _ = joined_posts(a_post(title="", text=""), stored(a_post()))

    assert [(post.title, post.text) for post in posts] == [(TITLE, "全文。")]


def test_the_same_channel_may_shorten_its_own_post() -> None:
    posts, _ = joined_posts(a_post(text="改。"), stored(a_post(), "feed"))

    assert [post.text for post in posts] == ["改。"]


@pytest.mark.parametrize(
    "other",
    {
        "another title": a_post("short", url=SHORT, title=TITLE + "（第二批）"),
        "an hour later": a_post("short", url=SHORT, published_at=NOON),
        "too short a title to tell": a_post("short", url=SHORT, title="通告"),
        "no title at all": a_post("short", url=SHORT, title=""),
    }.values(),
)
def test_another_post_stays_another_post(other: Post) -> None:
    known = a_post(title=other.title) if len(other.title) < 4 else a_post()

    posts, aliases = joined_posts(other, stored(known))

    assert (posts, aliases) == ((other,), {})


def test_two_posts_of_one_page_are_two_however_alike() -> None:
    first, second = a_post("one", url=SHORT), a_post("two", url=SHORT + "2")

    made, aliases = join(state(), poll(snapshot(first, second, channel="feed")), [stored(first, "feed")])

    assert [post.id for post in made.snapshots[0].posts] == [first.id, second.id]
    assert aliases == {}


def test_two_candidates_make_none() -> None:
    known = [a_post("one", url=SHORT + "1"), a_post("two", url=SHORT + "2")]

    assert twin_of(a_post("three", url=SHORT), known) is None


def test_a_deleted_post_is_no_twin_for_one_published_again() -> None:
    gone = a_post(deleted_at=NOON)

    posts, aliases = joined_posts(a_post("again", url=SHORT), stored(gone))

    assert [post.id for post in posts] == ["wechat:acc:again"]
    assert aliases == {}


def test_an_echo_that_tells_of_a_deletion_reaches_the_post() -> None:
    before = state(aliases={"wechat:acc:short": "wechat:acc:long"}, seen={"wechat:acc:long": "h"})

    posts, _ = joined_posts(a_post("short", url=SHORT, deleted_at=NOON), before=before)

    assert [(post.id, post.visible) for post in posts] == [("wechat:acc:long", False)]


def test_two_channels_of_one_poll_give_one_post() -> None:
    both = poll(snapshot(a_post(), channel="wechat.openapi"), snapshot(a_post("short", url=SHORT), channel="feed"), account_id="acc")

    made, aliases = join(state("acc"), both, [])
    result = after(state("acc", aliases=aliases), made)

    assert [post.id for post, _ in result.new] == ["wechat:acc:long"]


def test_a_day_is_filled_in_by_a_channel_that_knows_the_second() -> None:
    day = a_post(precision="day", published_at=NOON - 4 * HOUR)

    better = richer(day, a_post("short", published_at=NOON - HOUR))

    assert (better.published_at, better.precision, better.id) == (NOON - HOUR, "second", day.id)


def test_a_citation_is_never_lost_between_channels() -> None:
    cited = a_post(citation=Citation(url="https://gov.example/1"))

    assert richer(a_post(), cited).citation == cited.citation


def test_an_account_of_one_channel_is_never_compared() -> None:
    one = account(channels=(Channel(adapter="feed", handle="https://b.example/1"),))

    assert to_compare(state(), one, poll(snapshot(a_post(), channel="feed"))) is None


def test_an_account_of_two_channels_is_compared_around_the_posts_in_question() -> None:
    span = to_compare(state(), TWO_CHANNELS, poll(snapshot(a_post(), channel="feed")))

    assert span == (NOON - HOUR - timedelta(days=1), NOON - HOUR + timedelta(days=1))


def test_second_names_do_not_grow_without_end() -> None:
    before = state(aliases={f"wechat:acc:{n}": "wechat:acc:x" for n in range(ALIASES_KEPT)}, seen={"wechat:acc:long": "h"})

    _, aliases = joined_posts(a_post("short", url=SHORT), stored(a_post()), before=before)

    assert len(aliases) == ALIASES_KEPT
    assert "wechat:acc:short" in aliases


class Shelf:
    def __init__(self, *posts: StoredPost) -> None:
        self.posts = list(posts)

    async def stored_between(self, account_id: str, since: Any, until: Any) -> list[StoredPost]:
        return [each for each in self.posts if since <= each.post.published_at <= until]


async def test_the_state_learns_the_second_names() -> None:
    before = state(seen={"wechat:acc:long": "h"})
    made, known = await joined(Shelf(stored(a_post())), before, TWO_CHANNELS, poll(snapshot(a_post("short", url=SHORT), channel="feed")))

    assert made.snapshots[0].posts == ()
    assert known.aliases == {"wechat:acc:short": "wechat:acc:long"}


# -- two posts stay two, and none is lost ----------------------------------------------------------------------------------

ECHO = {"wechat:acc:short": "wechat:acc:long"}
MINUTES = 5 * MINUTE


def seen_and_echoed() -> AccountState:
    return state(aliases=ECHO, seen={"wechat:acc:long": "h"})


def test_a_post_taken_down_and_published_again_through_one_channel_is_another_post() -> None:
    again = a_post("again", url=SHORT, published_at=NOON - HOUR + MINUTES)

    posts, aliases = joined_posts(again, stored(a_post(), "feed"))

    assert (posts, aliases) == ((again,), {})


def test_two_bridges_that_tell_the_same_second_show_one_post() -> None:
    posts, aliases = joined_posts(a_post("short", url=SHORT), stored(a_post(), "feed"))

    assert (posts, aliases) == ((), ECHO)


def test_two_new_posts_of_one_page_never_become_the_same_known_one() -> None:
    first, second = a_post("one", url=SHORT), a_post("two", url=SHORT + "2", published_at=NOON - HOUR + MINUTES)

    made, aliases = join(state(seen={"wechat:acc:long": "h"}), poll(snapshot(second, first, channel="feed")), [stored(a_post())])

    assert {post.id for post in made.snapshots[0].posts} == {first.id, second.id}
    assert aliases == {}


def test_two_names_that_stand_on_one_page_are_two_posts_whatever_was_thought_before() -> None:
    both = poll(snapshot(a_post("short", url=SHORT, deleted_at=NOON), a_post(), channel="feed"))

    made, aliases = join(seen_and_echoed(), both, [stored(a_post())])

    assert [(post.id, post.visible) for post in made.snapshots[0].posts] == [("wechat:acc:short", False), ("wechat:acc:long", True)]
    assert aliases == {}


def test_a_post_whose_twin_has_gone_is_shown_when_it_tells_another_time() -> None:
    again = a_post("short", url=SHORT, published_at=NOON - HOUR + MINUTES)

    posts, aliases = joined_posts(again, stored(a_post(deleted_at=NOON)), before=seen_and_echoed())

    assert (posts, aliases) == ((again,), {})


def test_a_lagging_echo_of_a_deleted_post_does_not_bring_it_back() -> None:
    posts, aliases = joined_posts(a_post("short", url=SHORT), stored(a_post(deleted_at=NOON)), before=seen_and_echoed())

    assert (posts, aliases) == ((), ECHO)


def test_a_twin_that_the_state_does_not_know_moves_the_last_update() -> None:
    posts, _ = joined_posts(a_post("short", url=SHORT), stored(a_post()), before=state(seen={"wechat:acc:older": "h"}))
    result = after(state("acc"), poll(snapshot(*posts, channel="feed"), account_id="acc"))

    assert result.state.last_post is not None and result.state.last_post.id == "wechat:acc:long"


def test_an_echo_of_a_post_that_the_state_lost_brings_it_back() -> None:
    posts, aliases = joined_posts(a_post("short", url=SHORT), stored(a_post()), before=state(aliases=ECHO))

    assert ([post.id for post in posts], aliases) == (["wechat:acc:long"], ECHO)


def test_a_second_name_for_a_post_that_nobody_has_is_no_echo() -> None:
    shown = a_post("short", url=SHORT)

    posts, aliases = joined_posts(shown, before=state(aliases=ECHO))

    assert (posts, aliases) == ((shown,), {})


def test_known_echoes_are_compared_too() -> None:
    assert to_compare(state(aliases=ECHO), TWO_CHANNELS, poll(snapshot(a_post("short"), channel="feed"))) is not None


def test_an_echo_that_a_page_shows_twice_stays_an_echo() -> None:
    echo = a_post("short", url=SHORT)
    twice = poll(snapshot(echo, echo.model_copy(update={"pinned": True}), channel="feed"))

    made, aliases = join(seen_and_echoed(), twice, [stored(a_post())])

    assert (made.snapshots[0].posts, aliases) == ((), ECHO)
