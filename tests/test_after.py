"""What a poll makes of an account's state: last update, sight, failures, and what is left to write."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from clocks import NOON
from hypothesis import given
from hypothesis import strategies as st
from makers import DAY, FEED, HOUR, failed, fault, partial, poll, post, snapshot, state, walked

from monitor.after import SEEN_LIMIT, After, after, content_hash
from monitor.model import BEGINNING, Channel, Citation, Outcome, Poll, Sight, Snapshot


def written(result: After) -> tuple[list[str], list[str]]:
    return [post.id for post, _ in result.new], [post.id for post, _ in result.changed]


# -- 1. posts ---------------------------------------------------------------------------------------------------------------


def test_the_first_page_is_all_new() -> None:
    result = after(state(), poll(snapshot(post(2), post(1))))

    assert written(result) == (["weibo:a:2", "weibo:a:1"], [])


def test_a_page_seen_before_has_nothing_to_write() -> None:
    known = walked(poll(snapshot(post(2), post(1))))

    result = after(known, poll(snapshot(post(2), post(1)), at=NOON + HOUR))

    assert written(result) == ([], [])


EDITS = {
    "title": {"title": "改过的标题"},
    "text": {"text": "改过的正文"},
    "time": {"published_at": NOON - 2 * HOUR},
    "link": {"url": "https://weibo.example/a/moved"},
    "pinned": {"pinned": True},
    "made private": {"private": True},
    "deleted": {"deleted_at": NOON + HOUR},
    "citation": {"citation": Citation(post_id="4999")},
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_whatever_a_reader_would_notice_is_a_change(edit: dict[str, object]) -> None:
    known = walked(poll(snapshot(post())))

    result = after(known, poll(snapshot(post(**edit)), at=NOON + HOUR))

    assert written(result) == ([], ["weibo:a:1"])


def test_when_we_saw_a_post_is_no_change_and_neither_is_when_we_found_it_deleted() -> None:
    assert content_hash(post(first_seen_at=NOON)) == content_hash(post(first_seen_at=NOON + DAY))
    assert content_hash(post(deleted_at=NOON)) == content_hash(post(deleted_at=NOON + DAY))


def test_text_moved_from_title_to_body_is_a_change() -> None:
    assert content_hash(post(title="甲", text="")) != content_hash(post(title="", text="甲"))


def test_posts_of_another_account_are_not_taken() -> None:
    result = after(state(), poll(snapshot(post(1), post(9, account_id="b", at=NOON))))

    assert written(result) == (["weibo:a:1"], [])
    assert result.state.last_post is not None
    assert result.state.last_post.id == "weibo:a:1"


def test_a_post_in_two_snapshots_of_one_poll_is_written_once_as_the_last_of_them_says() -> None:
    result = after(state(), poll(partial(post(title="半截")), snapshot(post(title="全文"))))

    assert written(result) == (["weibo:a:1"], [])
    assert result.new[0][0].title == "全文"


def test_only_so_many_hashes_are_kept_and_the_newest_page_comes_first() -> None:
    pages = [
        poll(snapshot(*(post(f"{page}-{n}", at=NOON - DAY) for n in range(50))), at=NOON + page * HOUR) for page in range(6)
    ]

    seen = walked(*pages).seen

    assert len(seen) == SEEN_LIMIT
    assert {f"weibo:a:5-{n}" for n in range(50)} <= set(seen)
    assert not any(post.startswith("weibo:a:0-") for post in seen)


# -- 2. last update ---------------------------------------------------------------------------------------------------------


def test_a_pinned_old_post_at_the_top_is_not_the_last_update() -> None:
    pinned = post(1, at=NOON - 900 * DAY, pinned=True)

    result = after(state(), poll(snapshot(pinned, post(2, at=NOON - DAY), post(3, at=NOON - 2 * DAY))))

    assert result.state.last_post is not None
    assert result.state.last_post.id == "weibo:a:2"


def test_a_post_dated_ahead_is_kept_but_is_no_update_yet() -> None:
    result = after(state(), poll(snapshot(post(2, at=NOON + HOUR), post(1, at=NOON - HOUR))))

    assert written(result)[0] == ["weibo:a:2", "weibo:a:1"]
    assert result.state.last_post is not None
    assert result.state.last_post.id == "weibo:a:1"


def test_a_post_dated_ahead_becomes_the_update_when_its_time_has_come_and_it_is_shown() -> None:
    page = snapshot(post(2, at=NOON + HOUR), post(1))

    last = walked(poll(page), poll(page, at=NOON + 2 * HOUR)).last_post

    assert last is not None
    assert last.id == "weibo:a:2"


def test_a_post_some_minutes_ahead_is_a_matter_of_clocks() -> None:
    last = walked(poll(snapshot(post(1, at=NOON + timedelta(minutes=5))))).last_post

    assert last is not None


@pytest.mark.parametrize("hidden", [{"private": True}, {"deleted_at": NOON}], ids=["private", "deleted"])
def test_what_the_public_cannot_see_is_no_update(hidden: dict[str, object]) -> None:
    result = after(state(), poll(snapshot(post(2, at=NOON - HOUR, **hidden), post(1, at=NOON - DAY))))

    assert result.state.last_post is not None
    assert result.state.last_post.id == "weibo:a:1"
    assert not result.lost_newest


@pytest.mark.parametrize("hidden", [{"private": True}, {"deleted_at": NOON + HOUR}], ids=["made private", "deleted"])
def test_when_the_newest_post_goes_the_next_one_counts_and_the_store_is_to_be_asked(hidden: dict[str, object]) -> None:
    known = walked(poll(snapshot(post(2, at=NOON - HOUR), post(1, at=NOON - DAY))))

    result = after(known, poll(snapshot(post(2, at=NOON - HOUR, **hidden), post(1, at=NOON - DAY)), at=NOON + HOUR))

    assert result.lost_newest
    assert result.state.last_post is not None
    assert result.state.last_post.id == "weibo:a:1"


def test_when_the_only_post_goes_nothing_is_left_and_the_store_is_to_be_asked() -> None:
    known = walked(poll(snapshot(post())))

    result = after(known, poll(snapshot(post(deleted_at=NOON)), at=NOON + HOUR))

    assert result.state.last_post is None
    assert result.lost_newest


def test_a_newer_post_beside_the_deleted_one_needs_no_search() -> None:
    known = walked(poll(snapshot(post(1))))

    result = after(known, poll(snapshot(post(2, at=NOON), post(1, deleted_at=NOON)), at=NOON + HOUR))

    assert not result.lost_newest
    assert result.state.last_post is not None
    assert result.state.last_post.id == "weibo:a:2"


def test_an_empty_page_does_not_forget_the_last_update() -> None:
    known = walked(poll(snapshot(post())))

    result = after(known, poll(snapshot(), at=NOON + HOUR))

    assert result.state.last_post == known.last_post
    assert not result.lost_newest


def test_the_page_s_own_word_on_a_known_post_is_the_newer_one() -> None:
    known = walked(poll(snapshot(post(title="旧题"))))

    last = after(known, poll(snapshot(post(title="新题")), at=NOON + HOUR)).state.last_post

    assert last is not None
    assert last.title == "新题"


def test_a_hand_check_that_knows_the_day_does_not_hide_a_post_of_that_day() -> None:
    known = walked(poll(snapshot(post(1, at=NOON - HOUR))))
    by_hand = post("hand", at=NOON - 12 * HOUR, kind="hand_check", precision="day")

    last = walked(poll(snapshot(by_hand, channel="manual"), at=NOON + HOUR), start=known).last_post

    assert last is not None
    assert last.id == "weibo:a:1"


moments = st.integers(0, 200).map(lambda hours: NOON - hours * HOUR)
pages = st.lists(st.lists(st.integers(0, 30), max_size=8, unique=True), max_size=8)


@given(st.lists(moments, min_size=31, max_size=31), pages, st.data())
def test_the_last_update_never_moves_back_unless_its_post_is_gone(
    times: list[datetime], pages: list[list[int]], data: st.DataObject
) -> None:
    current = state()
    for turn, page in enumerate(pages):
        hidden = data.draw(st.sets(st.sampled_from(page))) if page else set()
        view = [post(n, at=times[n], private=n in hidden) for n in page]
        make = data.draw(st.sampled_from([snapshot, partial]))
        result = after(current, poll(make(*view), at=NOON + turn * HOUR))
        before, last = current.last_post, result.state.last_post
        if before is not None and before.id not in {post.id for post in view if not post.visible}:
            assert last is not None
            assert last.published_at >= before.published_at
        elif before is not None and (last is None or last.published_at < before.published_at):
            assert result.lost_newest
        visible = [each.published_at for each in view if each.visible]
        assert last is None or not visible or last.published_at >= max(visible)
        current = result.state


# -- 3. sight ---------------------------------------------------------------------------------------------------------------


def test_a_complete_view_is_seen_and_is_a_good_look() -> None:
    result = walked(poll(snapshot(post(), since=NOON - DAY)))

    assert result.sight.spans == ((NOON - DAY, NOON),)
    assert result.last_good is not None
    assert (result.last_good.channel, result.last_good.at, result.last_good.digest) == ("feed", NOON, "d1")


PARTIAL = {
    "without a span": partial(post()),
    "with a span, but said to be partial": snapshot(post(), partial="guest view"),
    "half a span": Snapshot(channel="feed", posts=(post(),), covers_from=NOON - DAY),
}


@pytest.mark.parametrize("view", PARTIAL.values(), ids=PARTIAL)
def test_a_partial_view_gives_its_posts_and_covers_nothing(view: Snapshot) -> None:
    known = state(sight=Sight(spans=((BEGINNING, NOON - DAY),)))
    outcome = Outcome(channel=FEED, fault=fault("degraded"))

    result = after(known, poll(view, outcomes=(outcome,)))

    assert written(result) == (["weibo:a:1"], [])
    assert result.state.sight == known.sight
    assert result.state.last_good is None
    assert result.state.last_post is not None
    assert result.state.failures == 1


def test_an_unchanged_view_extends_what_was_seen_and_nothing_else() -> None:
    known = walked(poll(snapshot(post(), since=NOON - DAY, memory={"etag": "1"})))

    result = after(known, poll(snapshot(since=NOON - DAY, until=NOON + HOUR, unchanged=True), at=NOON + HOUR))

    assert written(result) == ([], [])
    assert result.state.sight.spans == ((NOON - DAY, NOON + HOUR),)
    assert result.state.last_post == known.last_post
    assert result.state.seen == known.seen
    assert result.state.memory == known.memory


def test_looks_too_far_apart_leave_a_hole() -> None:
    result = walked(
        poll(snapshot(post(1), since=NOON - DAY)),
        poll(snapshot(post(2), since=NOON + DAY, until=NOON + 2 * DAY), at=NOON + 2 * DAY),
    )

    assert result.sight.saw(NOON - DAY, NOON)
    assert not result.sight.saw(NOON - DAY, NOON + DAY)


# -- 4. failures ------------------------------------------------------------------------------------------------------------


def test_failures_are_counted_from_the_first_and_take_nothing_away() -> None:
    good = walked(poll(snapshot(post())))

    bad = walked(failed(at=NOON + HOUR), failed("parse_error", at=NOON + 2 * HOUR), start=good)

    assert (bad.failures, bad.failing_since, bad.last_tried_at) == (2, NOON + HOUR, NOON + 2 * HOUR)
    assert bad.last_error is not None
    assert bad.last_error.code == "parse_error"
    assert (bad.sight, bad.last_good, bad.last_post, bad.seen) == (good.sight, good.last_good, good.last_post, good.seen)


def test_a_complete_view_ends_the_failures() -> None:
    well = walked(failed(at=NOON), poll(snapshot(post()), at=NOON + HOUR))

    assert (well.failures, well.failing_since, well.last_error) == (0, None, None)


def test_a_fallback_that_works_is_no_failure() -> None:
    second = Channel(adapter="weibo.openapi", handle="1")
    outcomes = (Outcome(channel=FEED, fault=fault()), Outcome(channel=second))

    result = walked(poll(snapshot(post(), channel="weibo.openapi"), outcomes=outcomes))

    assert result.failures == 0
    assert result.last_good is not None
    assert result.last_good.channel == "weibo.openapi"


def test_an_account_without_a_channel_is_a_failure() -> None:
    result = walked(poll(outcomes=()))

    assert result.last_error is not None
    assert result.last_error.code == "no_channel"


def test_a_hand_check_about_an_earlier_time_does_not_hide_a_later_failure() -> None:
    failing = walked(failed(at=NOON + DAY))
    by_hand = poll(snapshot(post(kind="hand_check"), channel="manual"), at=NOON)

    result = walked(by_hand, start=failing)

    assert (result.failures, result.last_tried_at) == (1, NOON + DAY)
    assert result.last_error is not None
    assert result.sight.saw(NOON - DAY, NOON)
    assert result.last_good is not None


def test_a_hand_check_about_an_earlier_time_is_not_the_last_good_look() -> None:
    good = walked(poll(snapshot(post(), until=NOON + DAY), at=NOON + DAY))

    result = walked(poll(snapshot(channel="manual", until=NOON), at=NOON), start=good)

    assert result.last_good == good.last_good


def test_a_look_that_was_passed_over_counts_as_tried_but_not_as_a_failure() -> None:
    before = state(failures=2, failing_since=NOON - HOUR, last_error=fault("auth_error"))
    waited = Poll(account_id="a", at=NOON, outcomes=(Outcome(channel=FEED, passed_over=True, fault=fault("auth_error")),))

    now = after(before, waited).state

    assert (now.failures, now.failing_since, now.last_tried_at) == (2, NOON - HOUR, NOON)
