"""Where the counting of idle days starts, and what must have been seen for the count to be believed. Knows no thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.model import BEGINNING, local_date, start_of_day
from monitor.ports import AccountFacts
from rules.evidence import called, last_post


@dataclass(frozen=True, slots=True)
class Silence:
    """What is known of an account's silence.

    `day` is the date idle days count from, None for an account that never posted and whose opening date is unknown.
    `since` is the moment from which on nothing may have gone unseen. `never`: as far as we know nothing was ever published.
    `resumed`: the count starts at the end of an exemption, as exempt days do not count (handbook 3.3).
    """

    day: date | None
    since: datetime
    never: bool = False
    resumed: bool = False


def silence_of(facts: AccountFacts) -> Silence:
    """Return where counting starts: the last update, else the opening; an exemption that has ended since moves it on."""
    silence = _unbroken(facts)
    resumed = facts.account.exempt_until
    if resumed is None or resumed >= local_date(facts.now) or (silence.day is not None and resumed <= silence.day):
        return silence
    # Only the complete view tells that nothing was ever published.
    since = silence.since if silence.never else start_of_day(resumed + timedelta(days=1))
    return Silence(resumed, since, silence.never, resumed=True)


def _unbroken(facts: AccountFacts) -> Silence:
    post = last_post(facts)
    if post is None:
        return Silence(facts.account.opened_on, BEGINNING, never=True)
    day = local_date(post.published_at)
    if post.precision == "day":
        # A hand check knows the day only; what else was posted on that day changes no count.
        return Silence(day, start_of_day(day + timedelta(days=1)))
    return Silence(day, post.published_at)


def recovery(facts: AccountFacts, silence: Silence) -> str:
    """Say when the account was updated; nothing where an exemption, not an update, brought the count down."""
    post = None if silence.resumed else last_post(facts)
    return f"{called(facts.account)}已于{local_date(post.published_at).isoformat()}更新" if post else ""
