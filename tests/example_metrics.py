"""A believable page of metrics: one city's roster with every kind of trouble in it. Shared by the tests of metrics, rules and dashboard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

from monitor.access.budgets import Usage
from monitor.access.pauses import Rest
from monitor.freshness import Duty
from monitor.metrics.registry import LetterOutcome, Metrics, Rollup
from monitor.model import (
    Account,
    Article,
    CanaryState,
    Channel,
    ChannelState,
    Fault,
    GoodLook,
    Outcome,
    Platform,
    Poll,
    PostMark,
    RepostStanding,
    RepostVerdict,
    Severity,
    Source,
    SourceState,
    Stage,
    Standing,
    Verdict,
)
from monitor.ports import Expiry
from monitor.telling.reasons import Why

NOW = datetime(2026, 3, 3, 4, tzinfo=UTC)
ADAPTERS = {Platform.WECHAT: "feed", Platform.WEIBO: "weibo.openapi", Platform.DOUYIN: "douyin.gateway"}
REGIONS = ("甲县", "乙区", "")
VERDICTS = (Verdict.QUALIFIED, Verdict.QUALIFIED, Verdict.FAILED, Verdict.UNDETERMINED, None)


def account(number: int = 1, platform: Platform = Platform.WECHAT, name: str = "") -> Account:
    region = REGIONS[number % len(REGIONS)]
    code = f"610900M{number:03}WX0001"
    return Account(id=code, platform=platform, name=name or f"示例发布{number}", region=region, unit=f"{region}示例局")


def poll(at: Account, *, fault: str = "", seconds: float = 0.3, skipped: int = 0) -> Poll:
    """One look through the platform's adapter; with a fault's code it failed."""
    channel = Channel(adapter=ADAPTERS[at.platform], handle="h")
    trouble, left_out = Fault(code=fault) if fault else None, {"future": skipped} if skipped else {}
    outcome = Outcome(channel=channel, fault=trouble, skipped=left_out, seconds=seconds)
    return Poll(account_id=at.id, at=NOW, seconds=seconds, outcomes=(outcome,))


def standing(of: Account, verdict: Verdict | None, idle: timedelta, now: datetime = NOW) -> Standing:
    return Standing(
        account_id=of.id,
        verdict=verdict,
        idle_days=idle.days,
        days_left=max(0, 14 - idle.days) if verdict is Verdict.QUALIFIED else None,
        last_post=PostMark(id=f"{of.platform}:{of.id}:1", published_at=now - idle),
        last_good=GoodLook(channel=ADAPTERS[of.platform], at=now - timedelta(minutes=20), covers_until=now - timedelta(minutes=20)),
    )


def rollup(now: datetime = NOW) -> Rollup:
    """Fifteen accounts on three platforms, one source frozen, one credential dead, one channel closed."""
    accounts = [account(number, platform) for number, platform in enumerate([*ADAPTERS] * 5, start=1)]
    return Rollup(
        taken_at=now,
        standings=[(each, standing(each, VERDICTS[i // 3], timedelta(days=i), now)) for i, each in enumerate(accounts)],
        alerts_by={
            ("idle", Severity.ACCUSATION, Stage.OPEN): 3,
            ("idle", Severity.ACCUSATION, Stage.HELD): 2,
            ("lost_access", Severity.TROUBLE, Stage.OPEN): 1,
        },
        channels=_channels(now),
        sources=[
            Source(
                platform=Platform.WECHAT,
                adapter="feed",
                state=SourceState.FROZEN,
                newest_post_at=now - timedelta(days=20),
                canaries={CanaryState.STALE: 2, CanaryState.FRESH: 1},
            ),
            Source(platform=Platform.WEIBO, adapter="weibo.openapi", state=SourceState.LIVE, newest_post_at=now),
        ],
        duties={platform: Duty(watched=5, behind=number) for number, platform in enumerate(ADAPTERS)},
        articles=[article("task-1", now - timedelta(days=1)), article("task-2", now + timedelta(days=1))],
        reposts=[
            *(_owed("task-1", each, RepostVerdict.MISSING if each is accounts[0] else RepostVerdict.DONE) for each in accounts[:10]),
            *(_owed("task-2", each, RepostVerdict.NOT_YET) for each in accounts[:10]),
        ],
        due=4,
        oldest_due_at=now - timedelta(minutes=3),
        letters_waiting=2,
        held={Why.HOURS.value: 3, Why.REFUSED.value: 1},
        outbox_oldest=now - timedelta(seconds=20),
        addresses_refused=1,
        calendar_until=now + timedelta(days=303),
        budgets=[Usage("weibo.openapi city", 86_400.0, 42, 100)],
        rests=[Rest("feed bridge.example", now + timedelta(minutes=15), Fault(code="rate_limited", message="secret-token-in-a-text"), 1)],
        expiries=[Expiry("city", "douyin.access", "refresh", now + timedelta(days=6), 30 * 86_400.0)],
    )


def article(id: str, due_at: datetime) -> Article:
    return Article(id=id, title=f"重要信息{id}", published_at=due_at - timedelta(days=2), due_at=due_at)


def _owed(article_id: str, of: Account, verdict: RepostVerdict) -> RepostStanding:
    return RepostStanding(article_id=article_id, account_id=of.id, verdict=verdict)


def _channels(now: datetime) -> list[ChannelState]:
    dead = Fault(code="auth_error", message="secret-token-in-a-message https://example.invalid/?key=1")
    return [
        ChannelState(adapter="feed", last_good_at=now - timedelta(minutes=1), accounts=5),
        ChannelState(adapter="weibo.openapi", credential="weibo-a", last_failed_at=now, failing_since=now, last_error=dead, accounts=4),
        ChannelState(adapter="douyin.gateway", last_good_at=now, paused_until=now + timedelta(minutes=15), accounts=5),
        ChannelState(adapter="old.closed", last_good_at=now - timedelta(days=9), retired=True, accounts=1),
    ]


def happen(metrics: Metrics) -> None:
    """Let a moment pass: every kind of event occurs at least once."""
    for number, platform in enumerate(ADAPTERS, start=1):
        metrics.observe_poll(poll(account(number, platform), skipped=1), account(number, platform), new_posts=2)
        metrics.observe_poll(poll(account(number, platform), fault="transport_fault", seconds=31), account(number, platform), new_posts=0)
    for outcome in get_args(LetterOutcome):
        metrics.observe_letter(outcome)
    metrics.observe_link("done")
    metrics.observe_heartbeat("ok")
    metrics.observe_claims("claimed", 6)
    metrics.observe_matching(0.004)
    metrics.observe_store_error("timeout")
    metrics.observe_rollup(1.5)
    metrics.watch_in_flight(lambda: 3)
    metrics.observe_alert("idle", Stage.OPEN)
    metrics.observe_unexpected("poll")
    metrics.observe_store(True)


def filled(now: datetime = NOW) -> Metrics:
    metrics = Metrics()
    happen(metrics)
    metrics.publish(rollup(now))
    return metrics
