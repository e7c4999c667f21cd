"""What the rules share: how far we saw, why a silence cannot be believed, what is kept as evidence, how an account is called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from monitor.model import Account, Fault, GoodLook, PostMark, Sight, SourceState, local_date
from monitor.ports import AccountFacts

FAULT_REASONS: Mapping[str, str] = {
    "transport_fault": "数据源无法访问",
    "rate_limited": "平台限制访问频次",
    "auth_error": "采集授权失效",
    "source_retired": "平台已关闭该接口",
    "account_gone": "平台显示账号不存在或已注销，待人工核实",
    "degraded": "只能看到部分内容（游客视图）",
    "parse_error": "返回内容无法识别",
    "no_channel": "名册未填采集渠道",
    "unexpected": "采集程序异常",
}
OTHER_FAULT = "采集失败"
SOURCE_DOUBTS: Mapping[SourceState, str] = {
    SourceState.FROZEN: "采集异常：数据源疑似停滞",
    SourceState.UNPROVEN: "数据源缺少佐证",
}
NEVER_LOOKED = "尚未采集"
NO_VIEW = "尚未取得完整数据"
GAP = "采集有空档"
TOO_OLD = "最近一次有效采集已过旧"


def fault_at(facts: AccountFacts) -> Fault | None:
    """Return the fault the account was left with at `now`; one that began later belongs to a later judgement."""
    state = facts.state
    if state.failing_since is not None and state.failing_since > facts.now:
        return None
    return state.last_error


def fault_reason(fault: Fault) -> str:
    """Return the Chinese reason for a fault; its message is for the log, not for a bulletin."""
    return FAULT_REASONS.get(fault.code, OTHER_FAULT)


def last_post(facts: AccountFacts) -> PostMark | None:
    """Return the newest update known, unless it lies after `now`."""
    mark = facts.state.last_post
    return mark if mark is not None and mark.published_at <= facts.now else None


def last_good(facts: AccountFacts) -> GoodLook | None:
    """Return the last good look, unless it came after `now`."""
    look = facts.state.last_good
    return look if look is not None and look.at <= facts.now else None


def sight_at(facts: AccountFacts) -> Sight:
    """Return what was seen at or before `now`."""
    span = facts.state.sight.last_span()
    # Judging the present, which is the hot path, nothing lies ahead and nothing need be cut.
    return facts.state.sight if span is None or span[1] <= facts.now else facts.state.sight.until(facts.now)


def seen_until(facts: AccountFacts) -> datetime | None:
    """Return the end of the last span seen at or before `now`, None when nothing was."""
    span = sight_at(facts).last_span()
    return span[1] if span else None


def doubt(facts: AccountFacts, since: datetime, max_age: timedelta, unripe: str = "") -> str:
    """Return the Chinese reason why silence from `since` until the last look cannot be believed; empty when it can.

    `unripe` is the reason to give where the last look came too early for the question asked, empty where it did not.
    Where several hold, the cause goes before the effect: a fault of ours explains the gap it leaves.
    """
    seen = seen_until(facts)
    source = SOURCE_DOUBTS.get(facts.source.state, "") if facts.source else ""
    # Nothing needs to be seen of a span that begins after the last look; `unripe` and the age speak of that.
    covered = seen is not None and sight_at(facts).saw(min(since, seen), seen)
    old = seen is None or facts.now - seen > max_age
    if covered and not (source or unripe or old):
        return ""
    fault = fault_at(facts)
    if fault is not None:
        return fault_reason(fault)
    if source:
        return source
    if seen is None:
        return NEVER_LOOKED if facts.state.last_tried_at is None else NO_VIEW
    if not covered:
        return GAP
    return unripe or TOO_OLD


def evidence_of(facts: AccountFacts) -> dict[str, Any]:
    """Return what the judgement rests on, as plain values: the newest post, the last good look, the span seen."""
    shown: dict[str, Any] = {}
    post, look = last_post(facts), last_good(facts)
    span = sight_at(facts).last_span()
    if post is not None:
        shown |= {"post_id": post.id, "post_url": post.url, "published_at": post.published_at.isoformat()}
    if look is not None:
        shown |= {"channel": look.channel, "looked_at": look.at.isoformat(), "digest": look.digest}
    if span is not None:
        shown |= {"covered_from": span[0].isoformat(), "covered_until": span[1].isoformat()}
    return shown


def called(account: Account) -> str:
    """Return the account as notices name it: “石泉统计”(微博)."""
    return f"“{account.name}”({account.platform.label})"


def updated_on(post: PostMark | None) -> str:
    """Return `(最后更新2020-01-13)`, empty when nothing is known."""
    return f"(最后更新{local_date(post.published_at).isoformat()})" if post else ""
