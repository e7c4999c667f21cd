"""A source that stands still is told to those who can look after it, never to the accounts behind it."""

from __future__ import annotations

from judging import NOW, source

from monitor.model import Firing, Role, Severity, SourceState
from monitor.ports import SourceFacts
from rules.frozen_source import FrozenSource

RULE = FrozenSource()


def test_a_frozen_source_tells_the_sysadmin_and_the_clerk() -> None:
    frozen = source(SourceState.FROZEN).model_copy(update={"reason": "哨兵账号2个中1个无更新或无法采集（安康发布）"})

    (finding,) = RULE.judge(SourceFacts(frozen, NOW))

    assert (finding.status, finding.severity, finding.label) == (Firing.FIRING, Severity.TROUBLE, "采集异常")
    assert finding.tells == (Role.SYSADMIN, Role.CLERK)
    assert finding.key == "frozen_source wechat/feed"
    assert finding.message == "微信源（feed）疑似停滞：哨兵账号2个中1个无更新或无法采集（安康发布），期间不作判定"


def test_a_live_source_clears() -> None:
    (finding,) = RULE.judge(SourceFacts(source(SourceState.LIVE), NOW))

    assert (finding.status, finding.key) == (Firing.CLEAR, "frozen_source wechat/feed")


def test_an_unproven_source_neither_fires_nor_clears() -> None:
    assert list(RULE.judge(SourceFacts(source(SourceState.UNPROVEN), NOW))) == []
