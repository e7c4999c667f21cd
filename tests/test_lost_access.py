"""A dead credential: one alert for all its accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from judging import NOW, fault

from monitor.model import ChannelState, Firing, Role, Severity
from monitor.ports import ChannelFacts
from rules.lost_access import LostAccess

RULE = LostAccess()
HOUR = timedelta(hours=1)


def channel(**fields: Any) -> ChannelFacts:
    return ChannelFacts(ChannelState(**{"adapter": "weibo.openapi", "credential": "luan", "accounts": 12, **fields}), NOW)


DENIED = {"last_error": fault("auth_error"), "failing_since": NOW - HOUR}


@pytest.mark.parametrize("good", [None, NOW - 2 * HOUR, NOW - HOUR])
def test_a_refused_credential_tells_the_sysadmin_once_for_all_accounts(good: Any) -> None:
    (finding,) = RULE.judge(channel(**DENIED, last_good_at=good))

    assert (finding.status, finding.severity, finding.tells) == (Firing.FIRING, Severity.TROUBLE, (Role.SYSADMIN,))
    assert finding.key == "lost_access weibo.openapi/luan"
    assert finding.message == "采集渠道weibo.openapi/luan授权失效，涉及12个账号，期间不作判定"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"last_good_at": NOW}, id="well"),
        pytest.param({"last_good_at": NOW, "failing_since": NOW - HOUR}, id="a good look after the failure"),
        pytest.param({**DENIED, "last_good_at": NOW}, id="a good look after the error that is still remembered"),
    ],
)
def test_a_good_look_clears(fields: dict[str, Any]) -> None:
    (finding,) = RULE.judge(channel(**fields))

    assert (finding.status, finding.key) == (Firing.CLEAR, "lost_access weibo.openapi/luan")


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="never used"),
        pytest.param({"last_error": fault("transport_fault"), "failing_since": NOW - HOUR}, id="another fault"),
        pytest.param({**DENIED, "retired": True}, id="closed for good, which has its own alert"),
    ],
)
def test_it_is_silent(fields: dict[str, Any]) -> None:
    assert list(RULE.judge(channel(**fields))) == []
