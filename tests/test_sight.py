"""Sight: what all looks of an account covered. The truth beside it is a plain set of hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from clocks import NOON
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.model import BEGINNING, Sight

HOURS = 48
hour = st.integers(0, HOURS)
span = st.tuples(hour, hour)


def at(hour: int) -> datetime:
    return BEGINNING + timedelta(hours=hour)


def sight(spans: list[tuple[int, int]]) -> Sight:
    seen = Sight()
    for start, end in spans:
        seen = seen.add(at(start), at(end))
    return seen


def hours(spans: list[tuple[int, int]]) -> set[int]:
    """Return every hour of the spans, named by its start: the brute-force model."""
    return {each for start, end in spans for each in range(start, end)}


def shown(seen: Sight) -> set[int]:
    return {each for each in range(HOURS) if seen.saw(at(each), at(each + 1))}


@given(st.lists(span), hour, hour)
def test_it_answers_like_a_set_of_hours(spans: list[tuple[int, int]], start: int, end: int) -> None:
    seen = sight(spans)

    assert shown(seen) == hours(spans)
    if start < end:
        assert seen.saw(at(start), at(end)) == (set(range(start, end)) <= hours(spans))


@given(st.lists(span))
def test_spans_are_ordered_and_stand_apart(spans: list[tuple[int, int]]) -> None:
    seen = sight(spans).spans

    assert all(start < end for start, end in seen)
    assert all(before[1] < after[0] for before, after in pairwise(seen))


@given(st.lists(span).flatmap(lambda spans: st.tuples(st.just(spans), st.permutations(spans))))
def test_the_order_of_looks_does_not_matter(orders: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> None:
    given_order, other_order = orders

    assert sight(given_order) == sight(other_order)


@given(st.lists(span, min_size=1))
def test_seeing_the_same_again_changes_nothing(spans: list[tuple[int, int]]) -> None:
    seen = sight(spans)

    again = seen.add(at(spans[0][0]), at(spans[0][1]))

    assert again == seen
    assert seen.merge(seen) == seen


@given(st.lists(span), st.lists(span))
def test_merging_two_sights_is_the_union_of_their_hours(ours: list[tuple[int, int]], theirs: list[tuple[int, int]]) -> None:
    assert shown(sight(ours).merge(sight(theirs))) == hours(ours) | hours(theirs)


@given(st.lists(span), hour)
def test_as_of_a_past_moment_nothing_later_was_seen(spans: list[tuple[int, int]], moment: int) -> None:
    past = sight(spans).until(at(moment))

    assert shown(past) == {each for each in hours(spans) if each < moment}
    assert all(end <= at(moment) for _, end in past.spans)


@given(st.lists(span))
def test_it_survives_being_written_down(spans: list[tuple[int, int]]) -> None:
    seen = sight(spans)

    assert Sight.model_validate(seen.model_dump()) == seen
    assert Sight.model_validate_json(seen.model_dump_json()) == seen


def test_a_hole_stays_a_hole() -> None:
    seen = sight([(0, 10), (12, 20)])

    assert seen.saw(at(0), at(10))
    assert seen.saw(at(12), at(20))
    assert not seen.saw(at(9), at(13))
    assert not seen.saw(at(0), at(20))
    assert not seen.saw(at(11), at(11))


def test_touching_spans_become_one() -> None:
    seen = sight([(10, 20), (0, 10)])

    assert seen.spans == ((at(0), at(20)),)
    assert seen.last_span() == (at(0), at(20))


@pytest.mark.parametrize("start,end", [(5, 5), (9, 3)], ids=["no length", "turned round"])
def test_a_span_that_ends_where_it_starts_or_before_covers_nothing(start: int, end: int) -> None:
    seen = Sight().add(at(start), at(end))

    assert seen.spans == ()
    assert seen.last_span() is None
    assert not seen.saw(at(start), at(end))


def test_a_span_turned_round_was_never_seen() -> None:
    assert not sight([(0, 20)]).saw(at(9), at(3))


def test_spans_written_down_in_disorder_are_put_in_order() -> None:
    seen = Sight(spans=((at(12), at(20)), (at(0), at(5)), (at(4), at(6)), (at(9), at(9))))

    assert seen.spans == ((at(0), at(6)), (at(12), at(20)))


@pytest.mark.parametrize("spans", [[[NOON]], "yes", [["soon", "later"]], [[NOON, None]]], ids=["half", "text", "no times", "open end"])
def test_what_is_no_list_of_spans_is_refused(spans: object) -> None:
    with pytest.raises(ValidationError):
        Sight.model_validate({"spans": spans})
