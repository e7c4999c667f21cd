"""A believable page of metrics: one city's roster with every kind of trouble in it. Shared by the tests of metrics, rules and dashboard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.budgets import Usage
from monitor.metrics import Metrics, Rollup
from monitor.model import (
    Account,
    Channel,
    ChannelState,
    Fault,
    GoodLook,
    Outcome,
    Platform,
    Poll,
    PostMark,
    RepostVerdict,
    Severity,
    Source,
    SourceState,
    Stage,
    Standing,
    Verdict,
)
from monitor.pauses import Rest
from monitor.ports import Expiry

NOW = datetime(2026, 3, 3, 4, tzinfo=UTC)
ADAPTERS = {Platform.WECHAT: "feed", Platform.WEIBO: "weibo.openapi", Platform.DOUYIN: "douyin.gateway"}
VERDICTS = (Verdict.QUALIFIED, Verdict.QUALIFIED, Verdict.FAILED, Verdict.UNDETERMINED, None)


def account(number: int = 1, platform: Platform = Platform.WECHAT, name: str = "") -> Account:
    return Account(id=f"610900M{number:03}WX0001", platform=platform, name=name or f"示例发布{number}")


def poll(at: Account, *, fault: str = "", seconds: float = 0.3, skipped: int = 0) -> Poll:
    """One look through the platform's adapter; with a fault's code it failed."""
    channel = Channel(adapter=ADAPTERS[at.platform], handle="h")
    outcome = Outcome(channel=channel, fault=Fault(code=fault) if fault else None, skipped={"future": skipped} if skipped else {})
    return Poll(account_id=at.id, at=NOW, seconds=seconds, outcomes=(outcome,))


def standing(of: Account, verdict: Verdict | None, idle: timedelta, now: datetime = NOW) -> Standing:
    return Standing(
        account_id=of.id,
        verdict=verdict,
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
            Source(platform=Platform.WECHAT, adapter="feed", state=SourceState.FROZEN, newest_post_at=now - timedelta(days=20)),
            Source(platform=Platform.WEIBO, adapter="weibo.openapi", state=SourceState.LIVE, newest_post_at=now),
        ],
        reposts={"task-1": {RepostVerdict.DONE: 9, RepostVerdict.MISSING: 1}, "task-2": {RepostVerdict.NOT_YET: 10}},
        due=4,
        oldest_due_at=now - timedelta(minutes=3),
        letters_waiting=2,
        budgets=[Usage("weibo.openapi city", 86_400.0, 42, 100)],
        rests=[Rest("feed bridge.example", now + timedelta(minutes=15), Fault(code="rate_limited", message="secret-token-in-a-text"), 1)],
        expiries=[Expiry("city", "douyin.access", "refresh", now + timedelta(days=6), 30 * 86_400.0)],
    )


def _channels(now: datetime) -> list[ChannelState]:
    dead = Fault(code="auth_error", message="secret-token-in-a-message https://example.invalid/?key=1")
    return [
        ChannelState(adapter="feed", last_good_at=now - timedelta(minutes=1), accounts=5),
        ChannelState(adapter="weibo.openapi", credential="weibo-a", failing_since=now, last_error=dead, accounts=4),
        ChannelState(adapter="douyin.gateway", last_good_at=now, paused_until=now + timedelta(minutes=15), accounts=5),
        ChannelState(adapter="old.closed", last_good_at=now - timedelta(days=9), retired=True, accounts=1),
    ]


def happen(metrics: Metrics) -> None:
    """Let a moment pass: every kind of event occurs at least once."""
    for number, platform in enumerate(ADAPTERS, start=1):
        metrics.observe_poll(poll(account(number, platform), skipped=1), account(number, platform), new_posts=2)
        metrics.observe_poll(poll(account(number, platform), fault="transport_fault", seconds=31), account(number, platform), new_posts=0)
    for outcome in ("sent", "failed", "uncertain"):
        metrics.observe_letter(outcome)
    metrics.observe_alert("idle", Stage.OPEN)
    metrics.observe_unexpected("poll")
    metrics.observe_store(True)


def filled(now: datetime = NOW) -> Metrics:
    metrics = Metrics()
    happen(metrics)
    metrics.publish(rollup(now))
    return metrics
