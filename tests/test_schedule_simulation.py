"""The schedule against its promises, in a small version of the simulation of benchmarks/schedule.py.

Measured there in November 2026: 2.2, 2.3 and 2.9 times fewer looks than a fixed half hour at a spread of rates of 1.5, 1.75 and
2.0, and 0.37 to 0.43 of the mean delay of Miniflux' rule at equal looks. Here, in a smaller world, 2.4 to 2.5 times and 0.37 to 0.42.
"""

from __future__ import annotations

import pytest

from benchmarks.schedule import DAY, World, adaptive, compare, entry_frequency, fixed, make_world, measure
from monitor.schedule import WEEK


@pytest.mark.parametrize("seed", [1, 2])
def test_it_sees_as_soon_as_a_fixed_half_hour_with_less_than_half_the_looks(seed: int) -> None:
    found = compare(60, 7, spread=1.75, seed=seed)

    assert found.adaptive.delay <= found.fixed.delay
    assert found.fewer_looks > 2.1


@pytest.mark.parametrize("seed", [3, 4])
def test_it_sees_in_half_the_time_of_miniflux_rule_at_equal_looks(seed: int) -> None:
    found = compare(60, 7, spread=1.75, seed=seed)

    assert found.entry_frequency.looks >= found.adaptive.looks
    assert found.delay_share < 0.5


def test_it_stays_within_its_budget() -> None:
    world = make_world(60, 7, spread=1.75, seed=5)

    for budget in (6.0, 12.0, 24.0):
        assert adaptive(world, budget).looks <= budget


def test_more_looks_buy_less_delay_under_every_rule() -> None:
    world = make_world(40, 7, spread=1.75, seed=6)

    for run in (lambda knob: adaptive(world, knob), lambda knob: entry_frequency(world, knob), lambda knob: fixed(world, 7200 / knob)):
        few, many = run(8.0), run(32.0)
        assert few.looks < many.looks
        assert few.delay > many.delay


# -- whether the simulation itself makes sense ------------------------------------------------------------------------------


def test_a_world_is_the_same_for_the_same_seed_and_no_other() -> None:
    assert make_world(5, 7, 1.75, seed=1) == make_world(5, 7, 1.75, seed=1)
    assert make_world(5, 7, 1.75, seed=1) != make_world(5, 7, 1.75, seed=2)


def test_posts_follow_the_hours_of_the_week_and_the_rates_their_spread() -> None:
    world = make_world(50, 28, spread=1.75, seed=1)
    posts = [at for mine in world.posts.values() for at in mine]
    by_hour = [0] * 168
    for at in posts:
        by_hour[int(at // 3600) % 168] += 1

    busiest = sorted(range(168), key=lambda hour: WEEK[hour])[-20:]
    assert sum(by_hour[hour] for hour in busiest) / len(posts) == pytest.approx(sum(WEEK[hour] for hour in busiest) / 168, rel=0.1)
    counts = sorted(len(mine) for mine in world.posts.values())
    assert counts[25] / 84 == pytest.approx(0.5, rel=0.3)
    assert counts[-1] > 20 * counts[25]


def test_a_fixed_half_hour_takes_48_looks_a_day_and_a_quarter_of_an_hour() -> None:
    result = fixed(make_world(60, 7, spread=1.75, seed=1))

    assert result.looks == pytest.approx(48, abs=0.2)
    assert result.delay == pytest.approx(15, abs=1)


def test_delay_runs_from_publication_to_the_first_look_after_it() -> None:
    world = World(days=1, posts={"a": [-5.0, 60.0, 120.0]})

    result = measure(world, {"a": [0.0, 120.0, DAY + 1]})

    assert result.delay == pytest.approx((60 + 0) / 2 / 60)
    assert result.looks == 2
