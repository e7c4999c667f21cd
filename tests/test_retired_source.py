"""A closed interface: one alert, until a look through it succeeds again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from judging import NOW, fault

from monitor.model import ChannelState, Firing, Role, Severity
from monitor.ports import ChannelFacts
from rules.retired_source import RetiredSource

RULE = RetiredSource()


def channel(**fields: Any) -> ChannelFacts:
    return ChannelFacts(ChannelState(**{"adapter": "douyin.gateway", "accounts": 40, **fields}), NOW)


def test_a_closed_interface_tells_the_sysadmin() -> None:
    (finding,) = RULE.judge(channel(retired=True, last_good_at=NOW - timedelta(days=1), last_error=fault("source_retired")))

    assert (finding.status, finding.severity, finding.tells) == (Firing.FIRING, Severity.TROUBLE, (Role.SYSADMIN,))
    assert finding.key == "retired_source douyin.gateway"
    assert finding.message == "采集渠道douyin.gateway的接口已被平台关闭，涉及40个账号，期间不作判定"


def test_a_good_look_clears() -> None:
    (finding,) = RULE.judge(channel(last_good_at=NOW))

    assert finding.status is Firing.CLEAR


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="never used"),
        pytest.param({"last_error": fault("source_retired"), "failing_since": NOW}, id="switched on again, not yet looked"),
        pytest.param(
            {"last_error": fault("auth_error"), "failing_since": NOW, "last_good_at": NOW - timedelta(hours=1)}, id="another fault"
        ),
    ],
)
def test_it_is_silent(fields: dict[str, Any]) -> None:
    assert list(RULE.judge(channel(**fields))) == []
