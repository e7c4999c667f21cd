"""The freshness objective: 99 % of the accounts have been looked at within twice their interval. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from monitor.errors import AccountGone
from monitor.model import Account, AccountState, Platform, Status
from monitor.schedule import Pace, next_due, post_rate

PATIENCE = 2
"""Intervals after which an account counts as behind: one look may fail, the next one must not."""

_NOBODY_THERE = frozenset({Status.CLOSED, Status.ABANDONED})


class Duty(NamedTuple):
    """How many accounts are to be looked at, and how many of them were not for too long."""

    watched: int
    behind: int


def duties(
    activity: Iterable[tuple[Account, AccountState]], paces: Mapping[str, Pace], now: datetime
) -> dict[Platform, Duty]:
    """Count the accounts that are watched and behind, by platform.

    `paces` are those in force of all adapters that are switched on and asked. An account whose every channel is brought by hand, pushed
    or switched off is nobody's duty, nor is one that is closed or that the platform says is gone.
    """
    watched: Counter[Platform] = Counter()
    behind: Counter[Platform] = Counter()
    for account, state in activity:
        usable = [channel.adapter for channel in account.channels if channel.adapter in paces]
        if not usable or account.status in _NOBODY_THERE or _is_gone(state):
            continue
        watched[account.platform] += 1
        behind[account.platform] += is_behind(state, paces[_adapter_of(state, usable)], now)
    return {platform: Duty(number, behind[platform]) for platform, number in watched.items()}


def is_behind(state: AccountState, pace: Pace, now: datetime) -> bool:
    """Whether the last good look is older than twice the interval that was planned after it.

    An account that was never seen is behind when it has failed, or waited for its first look, for so long.
    """
    since = state.last_good.at if state.last_good is not None else state.failing_since or state.next_poll_at
    if since is None or since >= now:
        return False
    planned = next_due(post_rate(state, since), pace, since, state.account_id) - since
    return now - since > PATIENCE * planned


def _adapter_of(state: AccountState, usable: list[str]) -> str:
    """Return the channel whose pace the account goes by: the one that last gave a good look, else its first."""
    # A look may be signed with the adapter's name or with the channel's key, "adapter handle".
    good = state.last_good.channel.partition(" ")[0] if state.last_good is not None else ""
    return good if good in usable else usable[0]


def _is_gone(state: AccountState) -> bool:
    return state.last_error is not None and state.last_error.code == AccountGone.code
