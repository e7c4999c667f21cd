"""Which channels are left alone, why and until when. A rate limit pauses a lane; a lost or retired access pauses a credential."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.model import Channel, ChannelState, Fault, Outcome
from monitor.schedule import Backoff, pause


@dataclass(frozen=True, slots=True)
class Pause:
    until: datetime
    fault: Fault
    strikes: int


class Pauses:
    """Held in memory: losing it on a restart costs one request per channel, which is harmless.

    It also keeps how each adapter fares with each credential, from which `lost_access` and `retired_source` judge.
    """

    def __init__(self, backoff: Backoff, known: Iterable[ChannelState] = ()) -> None:
        self._backoff = backoff
        self._lanes: dict[str, Pause] = {}
        self._channels: dict[tuple[str, str], ChannelState] = {(each.adapter, each.credential): each for each in known}
        self._changed: set[tuple[str, str]] = set()

    def of(self, channel: Channel, lane: str, now: datetime) -> Fault | None:
        """Return the fault a channel is paused for, or None when it may be tried."""
        found = self._pause(channel, lane, now)
        return found.fault if found else None

    def until(self, channel: Channel, lane: str, now: datetime) -> datetime | None:
        """Return when a paused channel may be tried again, None when it may be tried now."""
        found = self._pause(channel, lane, now)
        return found.until if found else None

    def _pause(self, channel: Channel, lane: str, now: datetime) -> Pause | None:
        lane_pause = self._lanes.get(lane)
        if lane_pause is not None and lane_pause.until > now:
            return lane_pause
        state = self._channels.get((channel.adapter, channel.credential)) if channel.credential else None
        if state is None or state.paused_until is None or state.last_error is None or state.paused_until <= now:
            return None
        return Pause(state.paused_until, state.last_error, 1)

    def record(self, outcome: Outcome, lane: str, now: datetime) -> None:
        """Take note of how a channel fared; call it once for each look that was really made."""
        key = (outcome.channel.adapter, outcome.channel.credential)
        state = self._channels.get(key) or ChannelState(adapter=key[0], credential=key[1])
        fault = outcome.fault
        if fault is None or fault.code == "degraded":
            self._lanes.pop(lane, None)
            self._keep(key, _recovered(state, now), state)
            return
        strikes = self._strikes(lane, now)
        until = pause(fault, strikes, self._backoff, now)
        if fault.code == "rate_limited" and until is not None:
            known = self._lanes.get(lane)
            self._lanes[lane] = Pause(max(until, known.until) if known else until, fault, strikes)
        if fault.code in _BLAMES_CREDENTIAL and outcome.channel.credential:
            update = {
                "last_error": fault.model_copy(update={"head": ""}),
                "failing_since": state.failing_since or now,
                "paused_until": until,
                "retired": fault.code == "source_retired",
            }
            self._keep(key, state.model_copy(update=update), state)

    def _strikes(self, lane: str, now: datetime) -> int:
        """Return how often in a row the lane was refused; requests that were under way together are refused once."""
        known = self._lanes.get(lane)
        if known is None:
            return 1
        return known.strikes if known.until > now else known.strikes + 1

    def _keep(self, key: tuple[str, str], state: ChannelState, before: ChannelState) -> None:
        self._channels[key] = state
        if (state.failing_since, state.paused_until, state.retired) != (before.failing_since, before.paused_until, before.retired):
            self._changed.add(key)

    def states(self) -> list[ChannelState]:
        return list(self._channels.values())

    def changed(self) -> list[ChannelState]:
        """Return the channels whose standing changed since the last call, to be stored."""
        changed, self._changed = self._changed, set()
        return [self._channels[key] for key in changed if key in self._channels]

    def count(self, accounts: dict[tuple[str, str], int]) -> None:
        """Take over how many accounts each channel and credential serves; those that serve none are forgotten."""
        self._channels = {
            key: state.model_copy(update={"accounts": accounts[key]}) for key, state in self._channels.items() if key in accounts
        }


_BLAMES_CREDENTIAL = frozenset({"auth_error", "source_retired"})


def _recovered(state: ChannelState, now: datetime) -> ChannelState:
    update = {"last_good_at": now, "failing_since": None, "last_error": None, "paused_until": None, "retired": False}
    return state.model_copy(update=update)
