"""Which channels are left alone, why and until when. A refusal rests a lane (its breaker); a lost or retired access a credential."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model import Channel, ChannelState, Fault, Outcome
from monitor.ports import ChannelSettings
from monitor.schedule import Backoff, pause

GOOD_APART = timedelta(minutes=5)
"""How far a channel's last good look must move on before it is stored again."""

FURTHEST_REST = timedelta(days=3)
"""No wait is ever longer, unless the settings say so: the platform's word counts for a day at most."""

FORGOTTEN_AFTER = timedelta(days=7)
"""A lane that was not refused for so long since its last rest begins anew."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a lane rests and for how long: after so many refusals in a row over so many accounts, longer each time."""

    rests: tuple[float, ...] = tuple(60.0 * minutes for minutes in (15, 30, 60, 120, 240, 360))
    refusals: int = 1
    accounts: int = 1

    @classmethod
    def of(cls, wishes: ChannelSettings) -> Breaker:
        return cls(tuple(60.0 * minutes for minutes in wishes.breaker_minutes), wishes.breaker_refusals, wishes.breaker_accounts)

    def rest(self, strikes: int) -> float:
        """Return how long the `strikes`-th rest in a row lasts."""
        return self.rests[min(max(strikes, 1), len(self.rests)) - 1]


@dataclass(frozen=True, slots=True)
class Rest:
    """A lane's breaker: open until `until`, for the `strikes`-th time in a row; `refusals` by `accounts` may open it again.

    `at` is when it was last refused, None where that is not known.
    """

    lane: str
    until: datetime
    fault: Fault
    strikes: int = 0
    refusals: int = 0
    accounts: frozenset[str] = frozenset()
    at: datetime | None = None


class Pauses:
    """Held in memory and written down, so that a restart does not run against a wall that is still there.

    It also keeps how each adapter fares with each credential, from which `lost_access` and `retired_source` judge.
    """

    def __init__(self, backoff: Backoff, known: Iterable[ChannelState] = (), rests: Iterable[Rest] = ()) -> None:
        self._backoff = backoff
        self._lanes: dict[str, Rest] = {rest.lane: rest for rest in rests}
        self._channels: dict[tuple[str, str], ChannelState] = {(each.adapter, each.credential): each for each in known}
        self._changed: set[tuple[str, str]] = set()
        self._stored_good: dict[tuple[str, str], datetime] = {}
        self._changed_lanes: set[str] = set()
        self._blamed: dict[tuple[str, str], set[str]] = {}
        self._serves: dict[tuple[str, str], int] = {}

    def of(self, channel: Channel, lane: str, now: datetime) -> Fault | None:
        """Return the fault a channel is paused for, or None when it may be tried."""
        found = self._pause(channel, lane, now)
        return found.fault if found else None

    def until(self, channel: Channel, lane: str, now: datetime) -> datetime | None:
        """Return when a paused channel may be tried again, None when it may be tried now."""
        found = self._pause(channel, lane, now)
        return found.until if found else None

    def _pause(self, channel: Channel, lane: str, now: datetime) -> Rest | None:
        rest = self._lanes.get(lane)
        if rest is not None and rest.until > now:
            return rest
        state = self._channels.get((channel.adapter, channel.credential)) if channel.credential else None
        if state is None or state.paused_until is None or state.last_error is None or state.paused_until <= now:
            return None
        return Rest(lane, state.paused_until, state.last_error)

    def left(self, lane: str, now: datetime) -> float:
        """Return how many seconds a lane must still be left alone."""
        rest = self._lanes.get(lane)
        return max(0.0, (rest.until - now).total_seconds()) if rest is not None else 0.0

    def record(
        self,
        outcome: Outcome,
        lane: str,
        now: datetime,
        account: str = "",
        breaker: Breaker | None = None,
        began: datetime | None = None,
    ) -> None:
        """Take note of how a channel fared with an account; call it as soon as a look that was really made has ended.

        `began` is when the look did: one that was under way when another was refused gets through, and proves nothing.
        """
        key = (outcome.channel.adapter, outcome.channel.credential)
        state = self._channels.get(key) or ChannelState(adapter=key[0], credential=key[1])
        fault = outcome.fault
        if fault is None or fault.code == "degraded":
            self._got_through(lane, began or now)
            self._blamed.pop(key, None)
            self._keep(key, _recovered(state, now), state)
            return
        if fault.code != "account_gone" and not fault.ours:
            state = self._channels[key] = state.model_copy(update={"last_failed_at": now})
        if fault.code == "rate_limited":
            self._refused(lane, fault, account, breaker or Breaker(), now)
        if fault.code in _BLAMES_CREDENTIAL and outcome.channel.credential and self._is_blamed(key, state, account):
            update = {
                "last_error": fault.model_copy(update={"head": ""}),
                "failing_since": state.failing_since or now,
                "paused_until": pause(fault, self._backoff, now),
                "retired": fault.code == "source_retired",
            }
            self._keep(key, state.model_copy(update=update), state)

    def _is_blamed(self, key: tuple[str, str], state: ChannelState, account: str) -> bool:
        """Whether it is the credential that fails: where it serves several accounts, a second one must say so before any gets through.

        Else one mistyped address, or one account that withdrew its consent, would put all the others out of sight.
        """
        blamed = self._blamed.setdefault(key, set())
        blamed.add(account)
        return state.failing_since is not None or len(blamed) >= min(self._serves.get(key, state.accounts), ACCUSERS)

    def _got_through(self, lane: str, began: datetime) -> None:
        rest = self._lanes.get(lane)
        if rest is None or (rest.at is not None and began < rest.at):
            return
        del self._lanes[lane]
        self._changed_lanes.add(lane)

    def _refused(self, lane: str, fault: Fault, account: str, breaker: Breaker, now: datetime) -> None:
        """Rest the lane, or count towards that. Requests that were under way together are refused once."""
        fault = fault.model_copy(update={"head": ""})
        known = self._lanes.get(lane) or Rest(lane, now, fault)
        self._changed_lanes.add(lane)
        if fault.ours:
            # Nobody refused us: the lane waits for its own budget, and is not thought worse of.
            until = now + timedelta(seconds=fault.retry_after or 0.0)
            if until > known.until or known.until <= now:
                self._lanes[lane] = replace(known, until=until, fault=fault)
            return
        resting = known.until > now and known.strikes > 0
        known = replace(known, fault=fault, refusals=known.refusals + 1, accounts=known.accounts | {account}, at=now)
        ready = known.refusals >= breaker.refusals and len(known.accounts) >= breaker.accounts
        # One refusal is enough where the platform names the wait, and after a rest that did not help.
        if not (ready or resting or known.strikes or fault.retry_after):
            self._lanes[lane] = known
            return
        strikes = known.strikes if resting else known.strikes + 1
        until = now + timedelta(seconds=max(breaker.rest(strikes), fault.retry_after or 0.0))
        self._lanes[lane] = replace(known, until=max(until, known.until), strikes=strikes, refusals=0, accounts=frozenset())

    def heal(self, now: datetime, furthest: timedelta = FURTHEST_REST) -> int:
        """End what a clock that ran ahead left behind, and forget lanes long at rest; return how many lanes and channels it was.

        What rests longer than anything can is tried at once; a retired access stays off. `furthest` is the longest rest there is.
        """
        ahead = [rest for rest in self._lanes.values() if rest.until > now + furthest or (rest.at is not None and rest.at > now + furthest)]
        for rest in ahead:
            self._lanes[rest.lane] = replace(rest, until=min(rest.until, now), at=None)
        old = [rest.lane for rest in self._lanes.values() if rest.until < now - FORGOTTEN_AFTER]
        for lane in old:
            del self._lanes[lane]
        self._changed_lanes |= {*old, *(rest.lane for rest in ahead)}
        healed = 0
        for key, state in list(self._channels.items()):
            sane = _sane(state, now, furthest)
            if sane is not state:
                healed += 1
                self._channels[key] = sane
                self._changed.add(key)
                self._stored_good.pop(key, None)
        return len(ahead) + healed

    def rests(self, now: datetime) -> list[Rest]:
        """Return the lanes that rest now."""
        return [rest for rest in self._lanes.values() if rest.until > now]

    def changed_lanes(self) -> tuple[list[Rest], list[str]]:
        """Return the breakers that changed since the last call, to be stored, and the lanes that have none any more."""
        changed, self._changed_lanes = self._changed_lanes, set()
        return [self._lanes[lane] for lane in changed if lane in self._lanes], [lane for lane in changed if lane not in self._lanes]

    def give_back(self, lanes: Iterable[str]) -> None:
        """Take lanes back whose change could not be stored."""
        self._changed_lanes |= set(lanes)

    def _keep(self, key: tuple[str, str], state: ChannelState, before: ChannelState) -> None:
        self._channels[key] = state
        stored, good = self._stored_good.get(key), state.last_good_at
        moved = good is not None and (stored is None or good - stored >= GOOD_APART)
        if moved or (state.failing_since, state.paused_until, state.retired) != (before.failing_since, before.paused_until, before.retired):
            self._changed.add(key)

    def states(self) -> list[ChannelState]:
        return list(self._channels.values())

    def changed(self) -> list[ChannelState]:
        """Return the channels whose standing changed since the last call, or whose last good look is some minutes newer, to be stored."""
        changed, self._changed = self._changed, set()
        found = [self._channels[key] for key in changed if key in self._channels]
        self._stored_good.update({(each.adapter, each.credential): each.last_good_at for each in found if each.last_good_at})
        return found

    def count(self, accounts: dict[tuple[str, str], int]) -> None:
        """Take over how many accounts each channel and credential serves; those that serve none are forgotten."""
        self._serves = dict(accounts)
        self._channels = {
            key: state.model_copy(update={"accounts": accounts[key]}) for key, state in self._channels.items() if key in accounts
        }


_BLAMES_CREDENTIAL = frozenset({"auth_error", "source_retired"})
ACCUSERS = 2
"""Accounts that must be turned away before a credential shared by several counts as lost."""


def _sane(state: ChannelState, now: datetime, furthest: timedelta) -> ChannelState:
    """Return the state without times that nobody can have seen yet."""
    change: dict[str, datetime | None] = {}
    if state.paused_until is not None and state.paused_until > now + furthest and not state.retired:
        change["paused_until"] = now
    if state.last_good_at is not None and state.last_good_at > now + furthest:
        change["last_good_at"] = None
    if state.last_failed_at is not None and state.last_failed_at > now + furthest:
        change["last_failed_at"] = None
    if state.failing_since is not None and state.failing_since > now + furthest:
        change["failing_since"] = now
    return state.model_copy(update=change) if change else state


def _recovered(state: ChannelState, now: datetime) -> ChannelState:
    update = {"last_good_at": now, "failing_since": None, "last_error": None, "paused_until": None, "retired": False}
    return state.model_copy(update=update)
