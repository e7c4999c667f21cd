"""A state as of a past moment: nothing that came later may speak, and nothing may be claimed that was not seen."""

from __future__ import annotations

from clocks import NOON
from makers import DAY, HOUR, fault, state

from monitor.history import as_of
from monitor.model import BEGINNING, AccountState, GoodLook, Sight

LATER = NOON + 5 * DAY


def good(at: object, **fields: object) -> GoodLook:
    return GoodLook.model_validate({"channel": "feed", "at": at, "covers_until": at, "digest": "d", **fields})


def seen(*hours_from_noon: tuple[int, int], **fields: object) -> AccountState:
    return state(sight=Sight(spans=tuple((NOON + a * HOUR, NOON + b * HOUR) for a, b in hours_from_noon)), **fields)


def test_sight_ends_at_the_moment() -> None:
    assert as_of(seen((-24, -1), (-1, 24)), NOON).sight == Sight(spans=((NOON - DAY, NOON),))


def test_a_good_look_of_before_stays_as_it_was() -> None:
    before = seen((-24, -2), last_good=good(NOON - 2 * HOUR))

    assert as_of(before, NOON).last_good == before.last_good


def test_a_later_look_vouches_for_what_it_covered_before_the_moment() -> None:
    past = as_of(seen((-24, 120), last_good=good(LATER)), NOON).last_good

    assert past is not None
    assert (past.at, past.covers_until, past.digest) == (NOON, NOON, "d")


def test_a_later_look_that_began_after_the_moment_vouches_only_for_what_was_seen_before() -> None:
    past = as_of(seen((-24, -10), (3, 120), last_good=good(LATER)), NOON).last_good

    assert past is not None
    assert (past.at, past.covers_until) == (NOON - 10 * HOUR, NOON - 10 * HOUR)


def test_where_nothing_was_seen_before_the_moment_there_was_no_good_look() -> None:
    assert as_of(seen((3, 120), last_good=good(LATER)), NOON).last_good is None


def test_a_failure_that_began_later_is_none_yet() -> None:
    failing = state(failures=3, failing_since=LATER, last_error=fault(), last_tried_at=LATER)

    past = as_of(failing, NOON)

    assert (past.failures, past.failing_since, past.last_error, past.last_tried_at) == (0, None, None, NOON)


def test_a_failure_that_had_begun_is_one() -> None:
    failing = state(failures=3, failing_since=NOON - DAY, last_error=fault(), last_tried_at=LATER)

    past = as_of(failing, NOON)

    assert (past.failures, past.failing_since, past.last_error) == (3, NOON - DAY, failing.last_error)


def test_before_anything_was_seen_nothing_is_known() -> None:
    past = as_of(seen((-24, 120), last_good=good(LATER)), BEGINNING)

    assert past.sight.spans == ()
    assert past.last_good is None
