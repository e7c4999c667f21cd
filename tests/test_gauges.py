"""What the gauges say of a roster: by region, by days, by article; and what a cap leaves out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from example_metrics import NOW, account, article, rollup, standing

from monitor.freshness import Duty
from monitor.metrics.gauges import READERS, families, idle_band
from monitor.metrics.rollup import Rollup
from monitor.metrics.table import ARTICLES_CAP, GAUGES, MISSING_CAP, REGIONS_CAP
from monitor.model import Account, CanaryState, Platform, RepostStanding, RepostVerdict, Source, Standing, Verdict

DAY = timedelta(days=1)
Samples = dict[tuple[str, ...], float]


def shown(name: str, rollup: Rollup, per_account: bool = True) -> Samples:
    """The samples of one gauge; labels in the table's order."""
    return next(dict(samples) for metric, samples in families(rollup, per_account) if metric.name == name)


def of(*standings: tuple[Account, Standing], **fields: Any) -> Rollup:
    return Rollup(taken_at=NOW, standings=standings, **fields)


def one(number: int = 1, verdict: Verdict | None = Verdict.QUALIFIED, idle: int = 0, **fields: Any) -> tuple[Account, Standing]:
    who = account(number).model_copy(update={"region": "甲县", **fields})
    return who, standing(who, verdict, idle * DAY)


def test_every_gauge_of_the_table_has_a_reader_and_every_reader_a_gauge() -> None:
    assert set(READERS) == set(GAUGES)


# -- accounts ------------------------------------------------------------------------------------------------------------------


def test_a_verdict_is_counted_in_its_platform_and_region_alone() -> None:
    picture = of(one(1, Verdict.FAILED), one(2, Verdict.QUALIFIED, region="乙区"))

    found = shown("zhengwu_accounts", picture)

    assert found["wechat", "甲县", "failed"] == found["wechat", "乙区", "qualified"] == 1
    assert found["wechat", "甲县", "qualified"] == found["wechat", "乙区", "failed"] == 0


def test_an_account_without_a_region_is_counted_under_none_and_not_under_nothing() -> None:
    assert shown("zhengwu_accounts", of(one(region="")))["wechat", "none", "qualified"] == 1


def test_regions_beyond_the_cap_are_counted_together_the_largest_keeping_their_names() -> None:
    small = [one(number, region=f"县{number:04}") for number in range(REGIONS_CAP + 20)]
    large = [one(10_000 + number, region="最大县") for number in range(2)]

    found = shown("zhengwu_accounts", of(*small, *large))
    info = shown("zhengwu_account_info", of(*small, *large))

    regions = {region for _, region, _ in found}
    assert len(regions) == REGIONS_CAP + 1
    assert found["wechat", "最大县", "qualified"] == 2
    assert found["wechat", "other", "qualified"] == 21
    assert sum(found.values()) == len(small) + len(large)
    assert {region for _, _, region, _, _ in info} == regions


SOON = {3: True, 0: True, 4: False}


@pytest.mark.parametrize("left,counts", SOON.items())
def test_soon_is_a_qualified_account_with_at_most_three_days_left(left: int, counts: bool) -> None:
    assert shown("zhengwu_accounts_soon", of(one(idle=14 - left)))["wechat", "甲县"] == counts


def test_a_failed_account_is_not_soon_to_fail() -> None:
    who, failed = one(verdict=Verdict.FAILED, idle=30)

    assert shown("zhengwu_accounts_soon", of((who, failed.model_copy(update={"days_left": 0}))))["wechat", "甲县"] == 0


BANDS = {0: "0-6", 6: "0-6", 7: "7-9", 9: "7-9", 10: "10-12", 12: "10-12", 13: "13", 14: "14-29", 30: "30-59", 60: "60+", 4000: "60+"}


@pytest.mark.parametrize("days,band", BANDS.items())
def test_idle_days_fall_into_their_band(days: int, band: str) -> None:
    verdict = Verdict.FAILED if days >= 14 else Verdict.QUALIFIED

    assert shown("zhengwu_accounts_idle", of(one(verdict=verdict, idle=days)))["wechat", "甲县", band] == 1


def test_never_is_told_from_unknown() -> None:
    _, failed = one(verdict=Verdict.FAILED)
    never = failed.model_copy(update={"idle_days": None, "last_post": None})
    uncounted = failed.model_copy(update={"idle_days": None})

    assert (idle_band(never), idle_band(uncounted)) == ("never", "unknown")


def test_nobody_is_shown_as_long_idle_who_cannot_be_judged() -> None:
    assert idle_band(one(verdict=Verdict.UNDETERMINED, idle=40)[1]) == "unknown"


def test_each_judged_account_is_in_one_band_and_the_excluded_in_none() -> None:
    picture = of(one(1, idle=3), one(2, Verdict.FAILED, 20), one(3, Verdict.UNDETERMINED), one(4, None))

    assert sum(shown("zhengwu_accounts_idle", picture).values()) == 3


def test_an_account_has_the_verdict_it_has_and_no_other() -> None:
    picture = of(one(1, Verdict.FAILED, 20), one(2, None))

    assert shown("zhengwu_account_verdict", picture) == {(account(1).id, "wechat", "failed"): 1}


def test_days_left_are_told_of_qualified_accounts_with_a_line() -> None:
    without_line = one(3)[0], one(3)[1].model_copy(update={"days_left": None})
    picture = of(one(1, idle=4), one(2, Verdict.FAILED, 20), without_line)

    assert shown("zhengwu_account_left_until_line", picture) == {(account(1).id, "wechat"): 10}


def test_an_account_shows_its_region_unit_and_name() -> None:
    found = shown("zhengwu_account_info", of(one(1, unit="甲县示例局", name="甲县发布")))

    assert list(found) == [(account(1).id, "wechat", "甲县", "甲县示例局", "甲县发布")]


def test_the_duty_of_looking_is_shown_by_platform() -> None:
    picture = of(duties={Platform.WEIBO: Duty(watched=100, behind=2)})

    assert shown("zhengwu_accounts_watched", picture) == {("weibo",): 100}
    assert shown("zhengwu_accounts_behind", picture) == {("weibo",): 2}


# -- key articles --------------------------------------------------------------------------------------------------------------


def missing(number: int, task: str = "task-1") -> RepostStanding:
    return RepostStanding(article_id=task, account_id=account(number).id, verdict=RepostVerdict.MISSING)


def test_who_is_missing_an_article_is_named_with_region_and_unit() -> None:
    done = RepostStanding(article_id="task-1", account_id=account(2).id, verdict=RepostVerdict.DONE)
    picture = of(one(1, unit="甲县示例局", name="甲县发布"), one(2), articles=[article("task-1", NOW)], reposts=[missing(1), done])

    assert list(shown("zhengwu_repost_missing_info", picture)) == [
        ("task-1", account(1).id, "wechat", "甲县", "甲县示例局", "甲县发布")
    ]
    assert shown("zhengwu_repost_missing_info", picture, per_account=False) == {}


def test_who_is_no_more_on_the_roster_is_not_named_as_missing() -> None:
    picture = of(one(2), articles=[article("task-1", NOW)], reposts=[missing(1)])

    assert shown("zhengwu_repost_missing_info", picture) == {}


def test_an_article_shows_its_title_and_its_moments() -> None:
    picture = of(articles=[article("task-1", NOW)])

    assert list(shown("zhengwu_article_info", picture)) == [("task-1", "重要信息task-1")]
    assert shown("zhengwu_article_due_timestamp_seconds", picture) == {("task-1",): NOW.timestamp()}
    assert shown("zhengwu_article_published_timestamp_seconds", picture) == {("task-1",): (NOW - 2 * DAY).timestamp()}


def test_an_article_that_nobody_has_been_judged_by_yet_shows_zeros() -> None:
    found = shown("zhengwu_reposts", of(articles=[article("task-1", NOW)]))

    assert found == {("task-1", verdict): 0 for verdict in RepostVerdict}


def test_beyond_the_cap_the_articles_due_last_are_shown_and_the_rest_is_said() -> None:
    many = [article(f"task-{number}", NOW + number * timedelta(hours=1)) for number in range(ARTICLES_CAP + 3)]

    found = shown("zhengwu_article_info", of(articles=many))

    assert len(found) == ARTICLES_CAP
    assert ("task-0", "重要信息task-0") not in found
    assert shown("zhengwu_series_left_out", of(articles=many))["zhengwu_article_info",] == 3


def test_beyond_the_cap_the_missing_of_the_articles_due_last_are_named() -> None:
    everybody = [one(number) for number in range(200)]
    tasks = [article(f"task-{place}", NOW - place * DAY) for place in range(MISSING_CAP // len(everybody) + 1)]
    owed = [missing(number, task.id) for task in tasks for number in range(len(everybody))]
    picture = of(*everybody, articles=tasks, reposts=owed)

    found = shown("zhengwu_repost_missing_info", picture)

    assert len(found) == MISSING_CAP
    assert {task for task, *_ in found} == {task.id for task in tasks[:-1]}
    assert shown("zhengwu_series_left_out", picture)["zhengwu_repost_missing_info",] == len(everybody)


# -- sources and letters -------------------------------------------------------------------------------------------------------


def test_the_canaries_of_a_source_are_counted_by_state_with_zeros() -> None:
    source = Source(platform=Platform.WECHAT, adapter="feed", canaries={CanaryState.STALE: 2})

    assert shown("zhengwu_canaries", of(sources=[source])) == {
        ("wechat/feed", "fresh"): 0,
        ("wechat/feed", "stale"): 2,
        ("wechat/feed", "unseen"): 0,
    }


def test_what_is_held_is_shown_by_reason_and_only_by_reasons_that_wait() -> None:
    found = shown("zhengwu_notices_held", of(held={"hours": 4, "told": 9, 'x"} 1': 7}))

    assert found["hours",] == 4
    assert set(found) == {("hours",), ("daily",), ("refused",), ("backing_off",), ("broken",), ("flapping",)}


def test_the_outbox_has_no_oldest_letter_when_it_is_empty() -> None:
    assert shown("zhengwu_outbox_oldest_timestamp_seconds", of()) == {}
    assert shown("zhengwu_outbox_oldest_timestamp_seconds", rollup()) == {(): (NOW - timedelta(seconds=20)).timestamp()}


def test_the_end_of_the_known_calendar_is_shown() -> None:
    assert shown("zhengwu_calendar_known_until_timestamp_seconds", of(calendar_until=NOW)) == {(): NOW.timestamp()}
