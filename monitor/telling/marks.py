"""What a person has been told of an alert, and how it is written down: the alert itself is the outbox. Pure.

`attempt` is written before a letter leaves, then `told` or `refused`. A letter killed in between leaves a try behind and is sent once
more; after `UNKNOWN_LIMIT` letters of unknown fate the person counts as told for the day, and gets one more each day after until the
fate of one is known. A try belongs to the state it spoke of: it never swallows the next rung or the recovery.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from monitor.life import RECOVERY
from monitor.model import Alert, PersonsWord, Stage, Step, Told, local_date

UNKNOWN_LIMIT = 2
"""Letters of unknown fate after which a person counts as told for the day: the first, and one repeat. On a later day it is one."""


def address(email: str) -> str:
    """Return the form of an e-mail address under which `told` and `tries` are kept: one mailbox, however it is typed."""
    return "".join(email.split()).lower()


def _state(alert: Alert) -> str:
    return "recovered" if alert.stage is Stage.RESOLVED else str(alert.finding.rung)


def _letter(alert: Alert, email: str, today: date) -> str:
    """Name the day's letters that tell this person of the alert's present state: the key in `tries`."""
    return f"{email} {today} {_state(alert)}"


def enough(alert: Alert, email: str, today: date) -> bool:
    """Whether letters of unknown fate are enough for the day: two on the first, one on each later one."""
    key = _letter(alert, email, today)
    before = any(each != key and each.startswith(f"{email} ") and each.endswith(f" {_state(alert)}") for each in alert.tries)
    return alert.tries.get(key, 0) >= (1 if before else UNKNOWN_LIMIT)


def attempt(alert: Alert, email: str, now: datetime) -> Alert:
    """Mark that a letter is about to leave; to be written before it does."""
    key = _letter(alert, address(email), local_date(now))
    return alert.model_copy(update={"tries": {**alert.tries, key: alert.tries.get(key, 0) + 1}})


def told(alert: Alert, email: str, now: datetime, *, step: Step = Step.SAID, letter: str = "", due: date | None = None) -> Alert:
    """Mark that the person has been told of the alert as it stands; what became of earlier letters no longer matters.

    `letter` is the number of the letter that told it; the first one about this alert names the thread.
    """
    key = address(email)
    before = alert.told.get(key)
    mark = Told(
        at=now,
        rung=alert.finding.rung,
        recovered=alert.stage is Stage.RESOLVED,
        step=step,
        letter=letter,
        thread=(before.thread if before else "") or letter,
        due=due,
    )
    return with_mark(alert, key, mark)


def with_mark(alert: Alert, key: str, mark: Told) -> Alert:
    """Return the alert with what this address was told; its tries end with that."""
    tries = {name: count for name, count in alert.tries.items() if name.partition(" ")[0] != key}
    return alert.model_copy(update={"told": {**alert.told, key: mark}, "tries": tries})


def refused(alert: Alert, email: str, now: datetime) -> Alert:
    """Take the try of `now` back: the letter was certainly not accepted. Earlier letters of unknown fate still count."""
    key = _letter(alert, address(email), local_date(now))
    left = alert.tries.get(key, 0) - 1
    others = {letter: count for letter, count in alert.tries.items() if letter != key}
    return alert.model_copy(update={"tries": {**others, key: left} if left > 0 else others})


def lowered(alerts: Iterable[Alert]) -> list[Alert]:
    """Return the living alerts whose rung fell below what people were told, with `told` pulled down to it.

    To be written by whoever tells, so that a later climb, which is a new lapse, is told again.
    """
    return [_lowered(alert) for alert in alerts if alert.stage is not Stage.RESOLVED and _graver_told(alert)]


def _graver_told(alert: Alert) -> bool:
    return any(mark.rung > alert.finding.rung for mark in alert.told.values())


def _lowered(alert: Alert) -> Alert:
    rung = alert.finding.rung
    lower = {"rung": rung, "step": Step.SAID, "due": None}
    told = {email: mark.model_copy(update=lower) if mark.rung > rung else mark for email, mark in alert.told.items()}
    tries = {key: count for key, count in alert.tries.items() if key.endswith(f" {rung}")}
    return alert.model_copy(update={"told": told, "tries": tries})


def acknowledged(alert: Alert, by: str, now: datetime, reason: str = "") -> Alert:
    """Mark that a person has taken note of the alert as it stands: it is not repeated until its rung rises."""
    return alert.model_copy(update={"acknowledged": PersonsWord(by=by, at=now, rung=alert.finding.rung, reason=reason)})


def who_heard(chain: Iterable[Alert]) -> list[str]:
    """Return who was told of any alert of the episode, or may have been by a letter of unknown fate."""
    return sorted({email for alert in chain for email in (*alert.told, *(key.partition(" ")[0] for key in alert.tries))})


def tried(chain: Iterable[Alert], email: str) -> bool:
    return any(key.partition(" ")[0] == email for alert in chain for key in alert.tries)


def since_read_end(chain: Sequence[Alert]) -> Sequence[Alert]:
    """Return the alerts of an episode after the last one of which somebody read that it was over: answers and deadlines end with that.

    What ended without proof, as its account left the roster, begins anew as well: it may have gone to other people.
    """
    ends = [place for place, alert in enumerate(chain[:-1], 1) if _ended_for_good(alert)]
    return chain[ends[-1] :] if ends else chain


def _ended_for_good(alert: Alert) -> bool:
    return RECOVERY not in alert.finding.evidence or any(mark.recovered for mark in alert.told.values())


def knowing(chain: Sequence[Alert]) -> Alert:
    """Return the last alert of an episode with what people were told of those before it (its letters answer theirs), and their answers.

    An answer ends with the word that it was over: what came back afterwards nobody has answered yet.
    """
    if len(chain) == 1:
        return chain[0]
    answers = [each.acknowledged for each in since_read_end(chain) if each.acknowledged is not None]
    marks = {email: mark for alert in chain for email, mark in alert.told.items()}
    return chain[-1].model_copy(update={"told": marks, "acknowledged": answers[-1] if answers else None})


def inherited(chain: Sequence[Alert]) -> Alert | None:
    """Return the open last alert of an episode with what is known and was answered before it; None where it has all of that.

    To be written by whoever tells: the alerts before it are forgotten while it lasts.
    """
    last = chain[-1]
    if len(chain) == 1 or last.stage is not Stage.OPEN:
        return None
    standing, anew = who_heard(since_read_end(chain)), {"step": Step.SAID, "due": None}
    known = {email: mark for email in who_heard(chain) if email not in last.told and (mark := knows(chain, email)) is not None}
    # Whose last letter is of before an end that somebody read is not late by its deadline.
    known = {email: mark if email in standing else mark.model_copy(update=anew) for email, mark in known.items()}
    answer = last.acknowledged or knowing(chain).acknowledged
    if not known and answer == last.acknowledged:
        return None
    return last.model_copy(update={"told": {**known, **last.told}, "acknowledged": answer})


def knows(chain: Iterable[Alert], email: str) -> Told | None:
    """Return what the person knows of the episode, as last told: a recovery ends what was said before it."""
    latest: Told | None = None
    last: Alert | None = None
    for alert in chain:
        latest, last = alert.told.get(email, latest), alert
    if latest is not None and latest.recovered and last is not None and last.stage is not Stage.RESOLVED:
        return None
    return latest
