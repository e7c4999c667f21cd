"""What a poll leaves in an account's state besides its posts and its sight: memories, profile, liveliness."""

from __future__ import annotations

import pytest
from clocks import NOON
from makers import DAY, FEED, HOUR, fault, partial, poll, post, snapshot, walked

from monitor.after import after
from monitor.model import Channel, Outcome


def test_each_channel_gets_back_what_it_asked_to_keep() -> None:
    other = Channel(adapter="weibo.openapi", handle="1")
    outcomes = (Outcome(channel=FEED, fault=fault("degraded")), Outcome(channel=other))
    views = (partial(memory={"etag": "f"}), snapshot(channel="weibo.openapi", memory={"since": 7}))

    result = walked(poll(*views, outcomes=outcomes))

    assert result.memory == {FEED.key: {"etag": "f"}, other.key: {"since": 7}}


def test_two_pages_behind_one_adapter_do_not_share_a_memory() -> None:
    first, second = Channel(adapter="feed", handle="https://a.example/1"), Channel(adapter="feed", handle="https://b.example/2")
    outcomes = (Outcome(channel=first, fault=fault("degraded")), Outcome(channel=second, fault=fault()))

    result = walked(poll(partial(memory={"etag": "of the first"}), outcomes=outcomes))

    assert result.memory.get(second.key) is None


def test_the_second_of_two_pages_behind_one_adapter_keeps_its_memory_when_it_was_the_good_one() -> None:
    first, second = Channel(adapter="feed", handle="https://a.example/1"), Channel(adapter="feed", handle="https://b.example/2")
    outcomes = (Outcome(channel=first, fault=fault()), Outcome(channel=second))

    result = walked(poll(snapshot(memory={"etag": "of the second"}), outcomes=outcomes))

    assert result.memory == {second.key: {"etag": "of the second"}}


def test_what_a_profile_shows_is_laid_over_what_was_known() -> None:
    result = walked(
        poll(snapshot(profile={"name": "旧名", "posts": "3"})), poll(snapshot(profile={"name": "新名"}), at=NOON + HOUR)
    )

    assert result.profile == {"name": "新名", "posts": "3", "first_name": "旧名"}


def test_new_posts_make_an_account_lively_and_known_ones_do_not() -> None:
    once = walked(poll(snapshot(post(1), post(2))))

    again = walked(poll(snapshot(post(1), post(2)), at=NOON + HOUR), start=once)

    assert 1.9 < once.activity <= 2.0
    assert again.activity < once.activity


@pytest.mark.parametrize("fields", [{"private": True}, {"kind": "hand_check"}], ids=["hidden", "entered by hand"])
def test_what_is_no_sign_of_life_does_not_make_an_account_lively(fields: dict[str, object]) -> None:
    assert walked(poll(snapshot(post(**fields)))).activity == 0.0


def test_a_hand_check_about_an_earlier_time_does_not_wind_the_activity_back() -> None:
    lively = walked(poll(snapshot(post()), at=NOON + DAY))

    result = walked(poll(snapshot(channel="manual"), at=NOON), start=lively)

    assert (result.activity, result.activity_at) == (lively.activity, lively.activity_at)


def test_the_state_handed_in_is_left_alone() -> None:
    known = walked(poll(snapshot(post())))
    copy = known.model_copy(deep=True)

    after(known, poll(snapshot(post(2, at=NOON), memory={"etag": "2"}), at=NOON + HOUR))

    assert known == copy


def test_a_title_of_a_whole_page_does_not_swell_the_state() -> None:
    last = walked(poll(snapshot(post(title="长" * 5_000)))).last_post

    assert last is not None
    assert len(last.title) == 200
