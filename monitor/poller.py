"""One look at one account: its channels in order until one gives a complete view. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from monitor.access.pauses import Pauses
from monitor.errors import Degraded, LookError, TransportFault
from monitor.model import BEGINNING, Account, AccountState, Channel, Fault, Outcome, Poll, Snapshot
from monitor.ports import Adapter, Clock

log = structlog.get_logger("poller")


NOTHING_ANY_MORE = "nothing is shown of an account that had published"

Note = Callable[[Outcome], None]


def _unnoted(outcome: Outcome) -> None:
    """Take note of nothing."""


async def look(
    account: Account,
    state: AccountState,
    adapters: Mapping[str, Adapter],
    pauses: Pauses,
    clock: Clock,
    seconds: float,
    note: Note = _unnoted,
    blotted: Callable[[str], str] = str,
) -> Poll:
    """Try the account's channels in the roster's order until one gives a complete snapshot; record how each fared.

    1. A paused channel is passed over, and stands in the record with the fault that paused it.
    2. A partial view gives its posts and is not enough: the next channel is tried.
    3. All channels together may take so many `seconds`, waiting for their turn included: a look must end before its lease does.
    4. A `LookError` is an outcome, not an exception. Anything else is a bug: logged whole, counted as `unexpected`.
    5. `note` hears of each channel that was asked as soon as it has answered: the next one may take minutes, and whoever queues behind
       a lane that has just been refused must not run against the wall meanwhile.
    6. What a fault quotes passes through `blotted` first, which takes our secrets out.
    """
    now, begun = clock.now(), clock.elapsed()
    outcomes: list[Outcome] = []
    snapshots: list[Snapshot] = []
    for channel in account.channels:
        asked = clock.elapsed()
        left = seconds - (asked - begun)
        outcome, snapshot = await _try(account, channel, state, adapters, pauses, clock, now, left)
        outcome = replace(_clean(outcome, blotted), seconds=clock.elapsed() - asked)
        outcomes.append(outcome)
        if not outcome.passed_over:
            note(outcome)
        if snapshot is not None:
            snapshots.append(snapshot)
        if outcome.fault is None:
            break
    return Poll(account_id=account.id, at=now, seconds=clock.elapsed() - begun, outcomes=tuple(outcomes), snapshots=tuple(snapshots))


async def _try(
    account: Account,
    channel: Channel,
    state: AccountState,
    adapters: Mapping[str, Adapter],
    pauses: Pauses,
    clock: Clock,
    now: datetime,
    seconds: float,
) -> tuple[Outcome, Snapshot | None]:
    adapter = adapters.get(channel.adapter)
    if adapter is None:
        return Outcome(
            channel=channel, fault=_fault(channel, "no_channel", f"channel {channel.adapter!r} is unknown or off"), passed_over=True
        ), None
    limit = asyncio.timeout(max(seconds, 0.0))
    try:
        # Other looks may have been refused while this one waited for its first channel: the time is asked anew.
        paused = pauses.of(channel, adapter.lane(channel), clock.now())
        if paused is not None:
            return Outcome(channel=channel, passed_over=True, fault=paused), None
        async with limit:
            snapshot = await adapter.look(account, channel, state.memory.get(channel.key, {}), now)
    except Degraded as error:
        shown = error.snapshot
        partial = shown.model_copy(update={"covers_from": None, "covers_until": None, "partial": str(error)}) if shown else None
        return _outcome(channel, error, shown), partial
    except LookError as error:
        return _outcome(channel, error, None), None
    except Exception as error:
        if isinstance(error, TimeoutError) and limit.expired():
            fault = _fault(channel, TransportFault.code, "the look took longer than its lease allows")
            return Outcome(channel=channel, fault=fault), None
        log.exception("unexpected error in a look", account=account.id, channel=channel.adapter)
        return Outcome(channel=channel, fault=_fault(channel, "unexpected", type(error).__name__)), None
    snapshot = _doubted(snapshot, state)
    if snapshot.partial:
        fault = _fault(channel, Degraded.code, snapshot.partial)
        return Outcome(channel=channel, fault=fault, digest=snapshot.digest, skipped=snapshot.skipped), snapshot
    return Outcome(channel=channel, source=source_name(adapter, channel), digest=snapshot.digest, skipped=snapshot.skipped), snapshot


def _doubted(snapshot: Snapshot, state: AccountState) -> Snapshot:
    """Return a view that nothing was ever published as a partial one, where we know better: somebody was shown an empty page."""
    empty = not snapshot.posts and not snapshot.partial and snapshot.covers_from == BEGINNING
    if not empty or state.last_post is None:
        return snapshot
    return snapshot.model_copy(update={"covers_from": None, "covers_until": None, "partial": NOTHING_ANY_MORE, "memory": {}})


def source_name(adapter: Adapter, channel: Channel) -> str:
    """Return what a channel looks through: the platform itself, by the adapter's name, or one bridge of several, by its lane."""
    return channel.adapter if adapter.first_hand else adapter.lane(channel)


def _fault(channel: Channel, code: str, message: str) -> Fault:
    return Fault(code=code, message=message, channel=channel.adapter, credential=channel.credential)


def _outcome(channel: Channel, error: LookError, shown: Snapshot | None) -> Outcome:
    fault = error.fault(channel.adapter, channel.credential)
    return Outcome(channel=channel, fault=fault, digest=shown.digest if shown else "", skipped=shown.skipped if shown else {})


def _clean(outcome: Outcome, blotted: Callable[[str], str]) -> Outcome:
    """Return the outcome with our secrets blotted out of what its fault quotes: an answer may repeat what it was asked with."""
    fault = outcome.fault
    if fault is None or outcome.passed_over:
        return outcome
    return replace(outcome, fault=fault.model_copy(update={"message": blotted(fault.message), "head": blotted(fault.head)}))
