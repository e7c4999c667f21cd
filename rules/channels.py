"""What the two rules about channels share: whether a channel is well again, and the shape of their findings."""

from __future__ import annotations

from monitor.model import ChannelState, Finding, Firing, Role, Severity
from monitor.ports import ChannelFacts


def works(channel: ChannelState) -> bool:
    """Whether a good look came after whatever went wrong last."""
    good, since = channel.last_good_at, channel.failing_since
    if good is None:
        return False
    if channel.last_error is None:
        return since is None or good >= since
    return since is not None and good > since


def trouble(rule: str, facts: ChannelFacts, label: str, what: str) -> Finding:
    """Return the one finding for all accounts of the channel."""
    channel = facts.channel
    evidence = {
        "accounts": channel.accounts,
        "last_good_at": channel.last_good_at.isoformat() if channel.last_good_at else None,
        "failing_since": channel.failing_since.isoformat() if channel.failing_since else None,
        "error": channel.last_error.message if channel.last_error else "",
    }
    return Finding(
        rule=rule,
        status=Firing.FIRING,
        subject=channel.name,
        severity=Severity.TROUBLE,
        rung=1,
        label=label,
        message=f"采集渠道{channel.name}{what}，涉及{channel.accounts}个账号，期间不作判定",
        tells=(Role.SYSADMIN,),
        evidence=evidence,
    )


def well(rule: str, facts: ChannelFacts) -> Finding:
    """Return the finding that the channel works."""
    return Finding(rule=rule, status=Firing.CLEAR, subject=facts.channel.name, message=f"采集渠道{facts.channel.name}已恢复")
