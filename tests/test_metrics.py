"""What the metrics page shows, and what it must never show."""

from __future__ import annotations

import re
import threading
import timeit
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from example_metrics import NOW, account, article, filled, poll, rollup, standing
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from tools import require_tool, run

from monitor.errors import LOOK_ERRORS, LookError
from monitor.metrics.exposition import LABEL_CAP, clean
from monitor.metrics.registry import Metrics, Rollup
from monitor.metrics.table import CHILDREN_CAP, GAUGES, METRICS
from monitor.model import (
    Channel,
    ChannelState,
    Outcome,
    Platform,
    Poll,
    RepostStanding,
    RepostVerdict,
    Severity,
    Source,
    SourceState,
    Stage,
    Verdict,
)

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def series(metrics: Metrics) -> Series:
    """The page as Prometheus reads it; a repeated series is an error."""
    read: Series = {}
    for family in text_string_to_metric_families(metrics.render()[0].decode("utf-8")):
        for sample in family.samples:
            key = (sample.name, frozenset((name, value) for name, value in sample.labels.items() if value))
            assert key not in read
            read[key] = sample.value
    return read


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return series(metrics).get((name, frozenset(labels.items())))


def named(metrics: Metrics, name: str) -> list[dict[str, str]]:
    return [dict(labels) for (each, labels) in series(metrics) if each == name]


def published(**fields: Any) -> Metrics:
    metrics = Metrics()
    metrics.publish(Rollup(taken_at=NOW, **fields))
    return metrics


@pytest.mark.parametrize("metrics", [Metrics(), filled()], ids=["at the start", "in full work"])
def test_promtool_has_nothing_to_say_about_the_page(metrics: Metrics) -> None:
    promtool = require_tool("promtool", "prometheus")

    verdict = run(promtool, "check", "metrics", input=metrics.render()[0])

    assert (verdict.returncode, verdict.stdout + verdict.stderr) == (0, b"")


def test_the_content_type_is_the_text_format_that_every_prometheus_reads() -> None:
    assert Metrics().render()[1] == "text/plain; version=0.0.4; charset=utf-8"


def test_two_instances_share_nothing() -> None:
    one, other = Metrics(), Metrics()

    one.observe_unexpected("poll")

    assert value(one, "zhengwu_unexpected_errors_total", where="poll") == 1
    assert value(other, "zhengwu_unexpected_errors_total", where="poll") is None


def test_a_poll_is_counted_with_its_outcome_duration_posts_and_skipped_items() -> None:
    metrics = Metrics()

    metrics.observe_poll(poll(account(), seconds=0.4, skipped=3), account(), new_posts=2)

    assert value(metrics, "zhengwu_polls_total", platform="wechat", channel="feed", outcome="ok") == 1
    assert value(metrics, "zhengwu_posts_stored_total", platform="wechat") == 2
    assert value(metrics, "zhengwu_items_skipped_total", channel="feed", reason="future") == 3
    assert value(metrics, "zhengwu_poll_duration_seconds_sum", platform="wechat") == 0.4


def test_every_channel_that_a_poll_tried_is_counted_but_the_poll_once() -> None:
    metrics = Metrics()
    failed = poll(account(), fault="degraded").outcomes[0]
    fine = Outcome(channel=Channel(adapter="second", handle="h"))

    metrics.observe_poll(Poll(account_id="a", at=NOW, outcomes=(failed, fine)), account(), new_posts=0)

    assert value(metrics, "zhengwu_polls_total", platform="wechat", channel="feed", outcome="degraded") == 1
    assert value(metrics, "zhengwu_polls_total", platform="wechat", channel="second", outcome="ok") == 1
    assert value(metrics, "zhengwu_poll_duration_seconds_count", platform="wechat") == 1


def test_each_channels_part_of_a_poll_is_timed_but_not_that_of_one_passed_over() -> None:
    metrics = Metrics()
    slow = replace(poll(account(), fault="degraded").outcomes[0], seconds=3.0)
    skipped = Outcome(channel=Channel(adapter="paused", handle="h"), passed_over=True, fault=slow.fault)

    metrics.observe_poll(Poll(account_id="a", at=NOW, seconds=3.1, outcomes=(slow, skipped)), account(), new_posts=0)

    assert value(metrics, "zhengwu_look_duration_seconds_sum", channel="feed") == 3.0
    assert named(metrics, "zhengwu_look_duration_seconds_count") == [{"channel": "feed"}]


def test_an_account_without_a_channel_is_counted_and_not_as_a_success() -> None:
    metrics = Metrics()

    metrics.observe_poll(Poll(account_id="a", at=NOW), account(), new_posts=0)

    assert value(metrics, "zhengwu_polls_total", platform="wechat", channel="none", outcome="no_channel") == 1
    assert value(metrics, "zhengwu_polls_total", platform="wechat", channel="none", outcome="ok") == 0


@pytest.mark.parametrize("error", LOOK_ERRORS, ids=lambda error: error.code)
def test_every_outcome_of_a_channel_shows_as_zero_before_it_happens(error: type[LookError]) -> None:
    metrics = Metrics()

    metrics.observe_poll(poll(account()), account(), new_posts=0)

    assert value(metrics, "zhengwu_polls_total", platform="wechat", channel="feed", outcome=error.code) == 0


def test_letters_alerts_bugs_and_the_database_are_counted() -> None:
    metrics = Metrics()

    metrics.observe_letter("uncertain")
    metrics.observe_alert("idle", Stage.HELD)
    metrics.observe_unexpected("tell")
    metrics.observe_store(True)

    assert value(metrics, "zhengwu_letters_total", outcome="uncertain") == 1
    assert value(metrics, "zhengwu_letters_total", outcome="sent") == 0
    assert value(metrics, "zhengwu_alert_changes_total", rule="idle", stage="held") == 1
    assert value(metrics, "zhengwu_unexpected_errors_total", where="tell") == 1
    assert value(metrics, "zhengwu_store_up") == 1


@pytest.mark.parametrize(
    "name,outcomes",
    {
        "zhengwu_letters_total": {"sent", "failed", "uncertain", "deferred", "refused", "broken"},
        "zhengwu_links_total": {"done", "expired", "used", "forged", "failed"},
        "zhengwu_heartbeats_total": {"ok", "failed"},
        "zhengwu_claims_total": {"claimed", "stale", "given_back"},
    }.items(),
)
def test_what_has_few_outcomes_shows_each_as_zero_from_the_start(name: str, outcomes: set[str]) -> None:
    metrics = Metrics()

    assert {labels["outcome"]: value(metrics, name, **labels) for labels in named(metrics, name)} == dict.fromkeys(outcomes, 0)


def test_links_heartbeats_claims_matching_and_time_outs_are_counted() -> None:
    metrics = Metrics()

    metrics.observe_link("forged")
    metrics.observe_heartbeat("failed")
    metrics.observe_claims("claimed", 30)
    metrics.observe_claims("stale")
    metrics.observe_matching(0.02)
    metrics.observe_store_error("timeout")

    assert value(metrics, "zhengwu_links_total", outcome="forged") == 1
    assert value(metrics, "zhengwu_heartbeats_total", outcome="failed") == 1
    assert value(metrics, "zhengwu_claims_total", outcome="claimed") == 30
    assert value(metrics, "zhengwu_claims_total", outcome="stale") == 1
    assert value(metrics, "zhengwu_matching_seconds_sum") == 0.02
    assert value(metrics, "zhengwu_store_errors_total", kind="timeout") == 1
    assert value(metrics, "zhengwu_store_errors_total", kind="away") == 0


def test_the_polls_under_way_are_asked_for_at_each_scrape() -> None:
    metrics, under_way = Metrics(), [1]
    metrics.watch_in_flight(lambda: len(under_way))

    before = value(metrics, "zhengwu_polls_in_flight")
    under_way.append(2)

    assert (before, value(metrics, "zhengwu_polls_in_flight")) == (1, 2)


def test_a_database_that_went_away_shows() -> None:
    metrics = filled()

    metrics.observe_store(False)

    assert value(metrics, "zhengwu_store_up") == 0


@pytest.mark.parametrize("name", GAUGES)
def test_every_gauge_has_a_series_in_a_full_rollup_and_is_described_before(name: str) -> None:
    before, after = Metrics(), filled()

    assert f"# TYPE {name} gauge".encode() in before.render()[0]
    assert named(before, name) == []
    assert named(after, name)


def test_every_family_on_a_full_page_is_in_the_table_as_it_is_there_and_the_other_way_round() -> None:
    page = filled().render()[0].decode("utf-8")

    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    meanings = dict(re.findall(r"^# HELP (\S+) (.+)$", page, re.MULTILINE))
    assert types == {name: metric.type for name, metric in METRICS.items()}
    assert {name: meanings[name] for name in METRICS if name.startswith("zhengwu_")} == {
        name: metric.meaning for name, metric in METRICS.items() if name.startswith("zhengwu_")
    }


def test_every_series_of_a_full_page_has_exactly_the_labels_of_the_table() -> None:
    wrong = []
    for family in text_string_to_metric_families(filled().render()[0].decode("utf-8")):
        for sample in family.samples:
            metric = METRICS.get(sample.name) or METRICS.get(family.name) or METRICS[f"{family.name}_total"]
            if set(sample.labels) - {"le"} != set(metric.labels):
                wrong.append((sample.name, sample.labels))

    assert wrong == []


def test_verdicts_are_counted_by_platform_and_region_with_zeros_and_the_excluded_apart() -> None:
    weibo = [account(number, Platform.WEIBO).model_copy(update={"region": "甲县"}) for number in range(3)]
    verdicts = (Verdict.FAILED, Verdict.FAILED, None)

    metrics = published(standings=[(each, standing(each, v, timedelta(days=20))) for each, v in zip(weibo, verdicts, strict=True)])

    verdicts_shown = ("qualified", "failed", "undetermined", "excluded")
    found = {
        verdict: value(metrics, "zhengwu_accounts", platform="weibo", region="甲县", verdict=verdict) for verdict in verdicts_shown
    }
    assert found == {"qualified": 0, "failed": 2, "undetermined": 0, "excluded": 1}


def test_moments_are_timestamps_and_not_ages() -> None:
    metrics = published(standings=[(account(), standing(account(), Verdict.FAILED, timedelta(days=14)))])

    labels = {"account": account().id, "platform": "wechat"}
    last_post = (NOW - timedelta(days=14)).timestamp()
    assert value(metrics, "zhengwu_account_last_post_timestamp_seconds", **labels) == last_post
    assert value(metrics, "zhengwu_account_last_good_look_timestamp_seconds", **labels) == (NOW - timedelta(minutes=20)).timestamp()
    assert value(metrics, "zhengwu_rollup_timestamp_seconds") == NOW.timestamp()


def test_an_account_never_seen_to_publish_has_no_last_post_rather_than_one_in_1970() -> None:
    never = standing(account(), Verdict.UNDETERMINED, timedelta(0)).model_copy(update={"last_post": None, "last_good": None})

    metrics = published(standings=[(account(), never)])

    assert named(metrics, "zhengwu_account_last_post_timestamp_seconds") == []
    assert named(metrics, "zhengwu_account_last_good_look_timestamp_seconds") == []
    assert named(metrics, "zhengwu_account_info") != []


def test_an_account_that_is_not_judged_has_no_series_of_its_own() -> None:
    metrics = published(standings=[(account(), standing(account(), None, timedelta(days=400)))])

    assert named(metrics, "zhengwu_account_last_post_timestamp_seconds") == []


def test_what_is_gone_from_the_rollup_is_gone_from_the_page() -> None:
    metrics = filled()

    metrics.publish(Rollup(taken_at=NOW))

    assert {name for name in GAUGES if named(metrics, name)} == {
        "zhengwu_rollup_timestamp_seconds",
        "zhengwu_accounts_due",
        "zhengwu_letters_waiting",
        "zhengwu_notices_held",
        "zhengwu_addresses_refused",
        "zhengwu_series_left_out",
    }


def test_publishing_leaves_the_counters_alone() -> None:
    metrics = filled()
    before = value(metrics, "zhengwu_polls_total", platform="weibo", channel="weibo.openapi", outcome="ok")

    metrics.publish(rollup())

    assert value(metrics, "zhengwu_polls_total", platform="weibo", channel="weibo.openapi", outcome="ok") == before == 1


def test_single_accounts_can_be_left_out() -> None:
    metrics = Metrics(per_account=False)

    metrics.publish(rollup())

    single = {name for name, metric in METRICS.items() if "account" in metric.labels}
    assert single == {name for name, metric in METRICS.items() if metric.per_account}
    assert [name for name in single if named(metrics, name)] == []
    assert named(metrics, "zhengwu_accounts")
    assert account().id not in metrics.render()[0].decode("utf-8")


def test_a_failing_channel_shows_its_errors_code_and_a_well_one_none() -> None:
    metrics = filled()

    assert value(metrics, "zhengwu_channel_failing", channel="weibo.openapi/weibo-a", reason="auth_error") == 1
    assert value(metrics, "zhengwu_channel_failing", channel="feed") == 0
    assert value(metrics, "zhengwu_channel_retired", channel="old.closed") == 1


def test_an_old_error_of_a_channel_that_is_well_again_is_no_reason() -> None:
    well = ChannelState(adapter="feed", last_good_at=NOW, last_error=poll(account(), fault="auth_error").outcomes[0].fault)

    metrics = published(channels=[well])

    assert named(metrics, "zhengwu_channel_failing") == [{"channel": "feed"}]


def test_a_source_is_in_exactly_one_state() -> None:
    metrics = published(sources=[Source(platform=Platform.WECHAT, adapter="feed", state=SourceState.FROZEN)])

    states = {state: value(metrics, "zhengwu_source_state", source="wechat/feed", state=state) for state in SourceState}
    assert states == {SourceState.FROZEN: 1, SourceState.LIVE: 0, SourceState.UNPROVEN: 0}


def test_reposts_are_counted_by_article_with_zeros() -> None:
    late = [RepostStanding(article_id="task-1", account_id=each, verdict=RepostVerdict.LATE) for each in ("a", "b")]

    metrics = published(articles=[article("task-1", NOW)], reposts=late)

    assert value(metrics, "zhengwu_reposts", article="task-1", verdict="late") == 2
    assert value(metrics, "zhengwu_reposts", article="task-1", verdict="missing") == 0


def test_alive_alerts_are_counted_by_rule_severity_and_stage() -> None:
    metrics = published(alerts_by={("idle", Severity.ACCUSATION, Stage.HELD): 31})

    assert value(metrics, "zhengwu_alerts", rule="idle", severity="accusation", stage="held") == 31


def test_no_error_text_url_or_payload_is_on_the_page() -> None:
    metrics = filled()
    outcome = poll(account(), fault="parse_error").outcomes[0]
    told = replace(outcome, fault=poll(account(), fault="parse_error").fault)
    assert told.fault is not None
    loud = replace(told, fault=told.fault.model_copy(update={"message": "secret-token", "head": "<html>secret-token"}))

    metrics.observe_poll(Poll(account_id="a", at=NOW, outcomes=(loud,)), account(), new_posts=0)

    page = metrics.render()[0].decode("utf-8")
    assert "secret-token" not in page
    assert "https://" not in page
    assert "<html" not in page


HOSTILE = {
    "a newline and a forged series": 'x"} 1\nzhengwu_store_up 0\n# {"',
    "quotes and backslashes": 'a"b\\c\\',
    "a NUL, which ends the page for Prometheus": "a\0b",
    "a lone surrogate, which cannot be encoded": "a\ud800b",
    "control characters": "\r\x1b[31m\u202e",
    "far too long": "长" * 10_000,
    "nothing at all": "",
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_label_harms_neither_the_page_nor_its_neighbours(hostile: str) -> None:
    promtool = require_tool("promtool", "prometheus")
    metrics = filled()
    # Built unchecked: the page must hold even where the model's own checks were passed by.
    bad = account().model_copy(update={"id": f"id{hostile}", "name": hostile})

    metrics.observe_unexpected(hostile)
    metrics.publish(Rollup(taken_at=NOW, standings=[(each, standing(each, Verdict.FAILED, timedelta(0))) for each in (bad, account(2))]))

    verdict = run(promtool, "check", "metrics", input=metrics.render()[0])
    assert (verdict.returncode, verdict.stderr) == (0, b"")
    assert value(metrics, "zhengwu_store_up") == 1
    assert len(named(metrics, "zhengwu_account_info")) == 2
    assert all(len(v) <= LABEL_CAP for labels in named(metrics, "zhengwu_account_info") for v in labels.values())


@given(st.lists(st.text(max_size=300), min_size=2, max_size=2, unique=True))
def test_cleaning_never_makes_two_labels_one(values: list[str]) -> None:
    assert clean(values[0]) != clean(values[1])


@given(st.text(st.characters(), max_size=300))
def test_a_clean_label_is_short_printable_and_stays_as_it_is(value: str) -> None:
    label = clean(value)

    assert len(label) <= LABEL_CAP
    assert label.isprintable()
    assert clean(label) == label


def test_the_same_account_twice_in_a_rollup_is_shown_once() -> None:
    pair = (account(), standing(account(), Verdict.FAILED, timedelta(days=20)))

    metrics = published(standings=[pair, pair])

    assert len(named(metrics, "zhengwu_account_last_post_timestamp_seconds")) == 1


def test_a_flood_of_skip_reasons_does_not_fill_the_memory() -> None:
    metrics = Metrics()

    for number in range(CHILDREN_CAP + 500):
        metrics.observe_poll(_with_skipped(f"reason-{number}"), account(), new_posts=0)

    assert len(named(metrics, "zhengwu_items_skipped_total")) <= CHILDREN_CAP
    assert (value(metrics, "zhengwu_items_skipped_total", channel="other", reason="other") or 0) >= 500


def _with_skipped(reason: str) -> Poll:
    outcome = Outcome(channel=Channel(adapter="feed", handle="h"), skipped={reason: 1})
    return Poll(account_id="a", at=NOW, outcomes=(outcome,))


def test_a_page_read_while_another_picture_is_published_is_whole() -> None:
    metrics = Metrics()
    small, large = Rollup(taken_at=NOW), rollup()
    sizes = set()
    for picture in (small, large):
        metrics.publish(picture)
        sizes.add(_gauges_of(metrics))

    def publish_in_turns() -> None:
        for number in range(200):
            metrics.publish((small, large)[number % 2])

    publishing = threading.Thread(target=publish_in_turns)
    publishing.start()
    seen = set()
    while publishing.is_alive():
        seen.add(_gauges_of(metrics))
    publishing.join()

    assert seen <= sizes


def _gauges_of(metrics: Metrics) -> int:
    page = metrics.render()[0]
    return len(page) - page.index(b"# HELP zhengwu_rollup_timestamp_seconds")


def test_counting_a_poll_costs_microseconds() -> None:
    """The bound is generous, as the test machine is shared; measured: 3 µs."""
    metrics, seen, whose = Metrics(), poll(account(), skipped=1), account()

    best = min(timeit.repeat(lambda: metrics.observe_poll(seen, whose, 1), number=2_000, repeat=5)) / 2_000

    assert best < 30e-6
