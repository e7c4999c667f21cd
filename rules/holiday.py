"""The holiday look-ahead: who will reach the line while nobody is at work hears of it while there is still somebody to post."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from monitor import workdays
from monitor.model import Finding, Firing, Noun, Role, Severity, Standing, Verdict, local_date
from monitor.ports import AccountFacts
from rules.evidence import called, doubt, evidence_of, last_post
from rules.silence import Silence, recovery, silence_of

LABEL = "节前提醒"
NOTICE_RUNG = 1


class Ahead(NamedTuple):
    """A holiday within which a line falls, the first day on which that is told, and the last on which somebody can post."""

    holiday: workdays.Holiday
    told_from: date
    update_by: date


class Holiday(Noun):
    """Reminds before each public holiday whoever passes now and will fail in it, or on the first working day after it.

    That day counts in, since who is back on its morning is at the line already. A weekend alone is no holiday.

    1. From `ahead_working_days` working days before the holiday up to its eve it fires, for operator and county. Only where all since
       the last update was seen: what went unseen might be the very update that is asked for.
    2. While the holiday lasts, and once the account has failed, it says nothing: the alert lives on, though there is nothing left to ask
       for, and nobody reads of a recovery that was none. The accusation is the idle ladder's.
    3. As soon as a newer update moves the line beyond the holiday it clears with the day of that update, however late that is. Where an
       exemption moved the line, or the account is not judged any more (exempt, closed), it clears without words.

    Nothing is said where the calendar of the year of the line is unknown.
    """

    name: ClassVar[str] = "holiday"
    about: ClassVar[Literal["account", "channel", "source"]] = "account"

    ahead_working_days: int = Field(default=2, ge=1, le=30)
    sight_max_age_hours: float = Field(default=36.0, gt=0)

    def judge(self, facts: AccountFacts) -> Iterable[Finding]:
        """Yield the reminder, or that none is due; nothing where neither can be told, and while the holiday lasts."""
        standing = facts.standing
        if standing is None:
            return
        if standing.verdict is None:
            yield _finding(facts, Firing.CLEAR)
        if standing.verdict is not Verdict.QUALIFIED or standing.line_on is None:
            return
        try:
            ahead = _ahead(standing.line_on, self.ahead_working_days)
        except workdays.UnknownYear:
            return
        today = local_date(facts.now)
        if ahead is None or today < ahead.told_from:
            yield _finding(facts, Firing.CLEAR, message=recovery(facts, silence_of(facts)))
        elif today <= ahead.update_by:
            yield from self._reminder(facts, standing, standing.line_on, ahead)

    def _reminder(self, facts: AccountFacts, standing: Standing, line_on: date, ahead: Ahead) -> Iterable[Finding]:
        silence = silence_of(facts)
        if doubt(facts, silence.since, timedelta(hours=self.sight_max_age_hours)):
            return
        holiday = {"holiday": ahead.holiday.name, "holiday_from": ahead.holiday.first, "holiday_to": ahead.holiday.last}
        days = {"line_on": line_on, "update_by": ahead.update_by}
        yield _finding(
            facts,
            Firing.FIRING,
            rung=NOTICE_RUNG,
            label=LABEL,
            message=_message(facts, standing, silence, line_on, ahead),
            tells=(Role.OPERATOR, Role.COUNTY),
            evidence=evidence_of(facts) | {key: str(value) for key, value in (holiday | days).items()},
        )


@lru_cache(maxsize=1_000)
def _ahead(line_on: date, working_days: int) -> Ahead | None:
    """Return the holiday that a line falls in or right after, None where it is another day. Raises `UnknownYear`."""
    holiday = workdays.holiday_on(line_on)
    if holiday is None and workdays.is_working_day(line_on):
        holiday = workdays.holiday_on(line_on - workdays.ONE_DAY)
    if holiday is None:
        return None
    return Ahead(holiday, workdays.before_working_days(holiday.first, working_days), workdays.before_working_days(holiday.first, 1))


def _finding(facts: AccountFacts, status: Firing, **fields: Any) -> Finding:
    account = facts.account.id
    fields.setdefault("evidence", evidence_of(facts))
    return Finding(rule=Holiday.name, status=status, subject=account, account_id=account, severity=Severity.NOTICE, **fields)


def _message(facts: AccountFacts, standing: Standing, silence: Silence, line_on: date, ahead: Ahead) -> str:
    when = "内" if line_on <= ahead.holiday.last else "后首个工作日"
    what = "发布内容" if silence.never else "更新"
    end = f"{ahead.holiday.name}假期{when}（{_day(line_on)}）{_lapse(facts, standing, silence, line_on)}"
    return f"{called(facts.account)}将在{end}，请于{_day(ahead.update_by)}前{what}"


def _lapse(facts: AccountFacts, standing: Standing, silence: Silence, line_on: date) -> str:
    """Say what happens on that day; the number of days only where the line is counted in plain days from the last update."""
    post = None if silence.resumed else last_post(facts)
    days = (line_on - local_date(post.published_at)).days if post else None
    plain = days is not None and days == (standing.idle_days or 0) + (standing.days_left or 0)
    return f"满{days}天未更新" if plain else "到期"


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
