"""Judging again: the whole roster as of a past moment, from what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor import inspection
from monitor.model import Account, AccountState, GoodLook, Platform, Sight, Source, Standing, local_date
from monitor.ports import AccountFacts, Grader
from monitor.settings import GuardSettings
from monitor.store import Store

CADENCE_WINDOW = timedelta(days=31)
"""How far back posts are counted for an update class (每日, 每周, 每月)."""


@dataclass(slots=True)
class Judgement:
    """Every account with its standing at the moment, and the sources as they looked then."""

    moment: datetime
    profile: str
    standings: list[tuple[Account, Standing]] = field(default_factory=list)
    sources: dict[tuple[Platform, str], Source] = field(default_factory=dict)


async def judge_at(
    store: Store,
    grader: Grader,
    first_hand: Mapping[str, bool],
    guards: GuardSettings,
    moment: datetime,
    name: inspection.NameOf = inspection.adapter_name,
) -> Judgement:
    """Return the roster's verdicts as of the moment, under the grader's profile.

    Later posts are ignored, posts deleted since count as they stood, and only what had been covered up to the moment counts as seen.
    The roster itself is today's: its past is not kept.
    """
    judgement = Judgement(moment, grader.profile)
    pairs: list[tuple[Account, AccountState]] = []
    async for batch in store.watched():
        marks = await store.newest_visible([account.id for account, _ in batch], moment)
        for account, state in batch:
            pairs.append((account, as_of(state, moment).model_copy(update={"last_post": marks.get(account.id)})))
    judgement.sources = inspection.source_health(pairs, first_hand, guards, moment, name)
    times = await store.post_times([account.id for account, _ in pairs], moment - CADENCE_WINDOW, moment)
    for account, state in pairs:
        key = inspection.source_of(account, state, name)
        facts = AccountFacts(
            account=account,
            state=state,
            now=moment,
            source=judgement.sources.get(key) if key else None,
            post_days=tuple(sorted({local_date(each) for each in times.get(account.id, ())})),
        )
        judgement.standings.append((account, grader.stand(facts)))
    return judgement


def as_of(state: AccountState, moment: datetime) -> AccountState:
    """Return the state as far as it reaches to the moment; `last_post` is the caller's to find.

    A later good look still vouches for the span it covered before the moment, and for no more; a failure that began later is none yet.
    """
    failing = state.failing_since is not None and state.failing_since <= moment
    sight = state.sight.until(moment)
    return state.model_copy(
        update={
            "sight": sight,
            "last_good": _good_until(state.last_good, sight, moment),
            "last_tried_at": min(state.last_tried_at, moment) if state.last_tried_at else None,
            "last_error": state.last_error if failing else None,
            "failing_since": state.failing_since if failing else None,
            "failures": state.failures if failing else 0,
            "seen": {},
            "memory": {},
        }
    )


def _good_until(good: GoodLook | None, sight: Sight, moment: datetime) -> GoodLook | None:
    """Return the last good look as far as it reaches to the moment; one that came later counts from the end of what was seen before it."""
    if good is None or good.at <= moment:
        return good
    span = sight.last_span()
    return good.model_copy(update={"at": span[1], "covers_until": span[1]}) if span else None
