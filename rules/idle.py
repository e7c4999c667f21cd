"""The idle ladder: how long an account has been silent, what it is called for that, and whether the silence is proven.

An account is failed only on a silence that was wholly seen, through a source that is known to be alive, not long ago. A fresh post,
however it was seen, proves the opposite. Everything between is undetermined, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from monitor.model import Finding, Firing, Kind, Noun, Role, Severity, Standing, Status, Verdict, local_date, start_of_day
from monitor.ports import AccountFacts
from monitor.workdays import UnknownYear, after_working_days, working_days
from rules.cadence import update_class
from rules.evidence import NO_VIEW, called, doubt, evidence_of, fault_at, fault_reason, last_good, last_post, seen_until, updated_on
from rules.silence import Silence, recovery, silence_of

NORMAL = "正常"
NOT_YET_TODAY = "今日尚未采集到有效数据"
FUTURE_POST = "最后更新时间晚于判定时点"
UNIT_WORDS = {"days": "天", "working_days": "个工作日"}


class Rung(Noun):
    """One step of the ladder, reached after `days` in the profile's unit.

    In `labels`, {platform} and {left} stand for the platform's short name and what remains until the line.
    With `weekday` (0 = Monday) it is judged as of the latest such day only.
    """

    days: int = Field(ge=1)
    labels: tuple[str, ...] = Field(min_length=1)
    severity: Severity
    tells: tuple[Role, ...] = ()
    weekday: int | None = Field(default=None, ge=0, le=6)

    def judged_on(self, upto: date) -> date:
        """Return the latest date this rung is judged on, up to a date."""
        if self.weekday is None:
            return upto
        return upto - timedelta(days=(upto.weekday() - self.weekday) % 7)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A standing and the rung it is on: 0 below the first, None where nothing may be said aloud."""

    standing: Standing
    rung: int | None = None
    message: str = ""
    failed_on: date | None = None


class Idle(Noun):
    """A profile: a ladder of rungs of which those from `line` on fail an account. The line is inclusive (handbook 4)."""

    name: ClassVar[str] = "idle"
    about: ClassVar[Literal["account", "channel", "source"]] = "account"

    profile: str
    title: str
    unit: Literal["days", "working_days"] = "days"
    line: int = Field(ge=1)
    rungs: tuple[Rung, ...]
    never_labels: tuple[str, ...] = Field(default=("无内容",), min_length=1)
    stopped_label: str = "停运未注销"
    judges_services: bool = False
    update_classes: bool = False
    class_window_days: int = Field(default=31, ge=1)
    sight_max_age_hours: float = Field(default=36.0, gt=0)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.line not in {rung.days for rung in self.rungs}:
            raise ValueError("one rung must stand at the line")
        if any(after.days <= before.days for before, after in pairwise(self.rungs)):
            raise ValueError("the rungs' days must rise")
        for rung in self.rungs:
            fails = rung.days >= self.line
            if fails != (rung.severity is Severity.ACCUSATION):
                raise ValueError(f"the rung at {rung.days}: an accusation exactly from the line on")
            if fails and rung.weekday is not None:
                raise ValueError(f"the rung at {rung.days}: only a warning may wait for a weekday")
        return self

    def stand(self, facts: AccountFacts) -> Standing:
        """Return the account's verdict at `now`, with its labels and, where it is not plain, the reason."""
        return self._weigh(facts).standing

    def judge(self, facts: AccountFacts) -> Iterable[Finding]:
        """Yield the rung the account provably stands on, or that it stands below the first; nothing when that is not known."""
        weighed = self._weigh(facts)
        if weighed.rung is not None:
            yield self._finding(facts, weighed, weighed.rung)

    def count(self, day: date, upto: date) -> int:
        """Return the idle days from the day of the last update to a date, never below 0. Raises `UnknownYear`."""
        if self.unit == "working_days":
            return working_days(day, upto)
        return max(0, (upto - day).days)

    def reached(self, day: date, upto: date) -> int:
        """Return the number of the highest rung reached by a date, counted from 1; 0 below the first."""
        numbers = (n for n, rung in enumerate(self.rungs, 1) if self.count(day, rung.judged_on(upto)) >= rung.days)
        return max(numbers, default=0)

    def line_after(self, day: date) -> date:
        """Return the day on which the line is reached, counted from the day of the last update. Raises `UnknownYear`."""
        return after_working_days(day, self.line) if self.unit == "working_days" else day + timedelta(days=self.line)

    @property
    def line_rung(self) -> int:
        """The number of the first rung that fails an account."""
        return next(number for number, rung in enumerate(self.rungs, 1) if rung.days == self.line)

    @property
    def sight_max_age(self) -> timedelta:
        return timedelta(hours=self.sight_max_age_hours)

    def _weigh(self, facts: AccountFacts) -> Weighed:
        """Weigh what is known: 1. what the roster alone decides, 2. an account the platform denies, 3. the ladder."""
        by_roster = self._by_roster(facts)
        if by_roster is not None:
            return by_roster
        fault = fault_at(facts)
        if fault is not None and fault.code == "account_gone":
            return self._undetermined(facts, fault_reason(fault))
        mark = facts.state.last_post
        if mark is not None and mark.published_at > facts.now:
            # The newest update before `now` is then unknown; it must not be taken for "never posted".
            return self._undetermined(facts, FUTURE_POST)
        try:
            return self._on_the_ladder(facts, silence_of(facts))
        except UnknownYear as error:
            return self._surely_fresh(facts) or self._undetermined(facts, f"缺少{error.year}年工作日历，无法计算工作日")

    def _by_roster(self, facts: AccountFacts) -> Weighed | None:
        account = facts.account
        if account.status is Status.CLOSED:
            return self._unjudged(facts, Status.CLOSED.label, "账号已注销")
        if account.status is Status.EXEMPT and account.exempt_until is None:
            return self._unjudged(facts, Status.EXEMPT.label, "已报备，未填截止日期")
        if account.status is Status.EXEMPT and account.exempt_until and account.exempt_until >= local_date(facts.now):
            return self._unjudged(facts, Status.EXEMPT.label, f"已报备至{account.exempt_until.isoformat()}")
        if account.status is Status.ABANDONED:
            return self._stopped(facts)
        if account.kind is Kind.SERVICE and not self.judges_services:
            return self._unjudged(facts, Kind.SERVICE.label, "服务类账号不按更新天数判定")
        return None

    def _on_the_ladder(self, facts: AccountFacts, silence: Silence) -> Weighed:
        """Judge the silence, counted to now and again to the last look: an accusation needs both past the line."""
        day, today, seen = silence.day, local_date(facts.now), seen_until(facts)
        short = day is not None and self.count(day, today) < self.line
        early = not short and day is not None and seen is not None and self.count(day, local_date(seen)) < self.line
        reason = doubt(facts, silence.since, self.sight_max_age, NOT_YET_TODAY if early else "")
        # A post seen anywhere proves freshness. An account without any needs the complete view to be called new.
        if day is not None and short and not (silence.never and reason):
            return self._qualified(facts, silence, day, reason)
        if reason or seen is None:
            return self._undetermined(facts, reason or NO_VIEW)
        if silence.never or day is None:
            return self._never(facts, silence)
        return self._failed(facts, silence, day, local_date(seen))

    def _surely_fresh(self, facts: AccountFacts) -> Weighed | None:
        """Judge without the calendar: there are never more working days than days, so fewer days than the first rung's are below it."""
        silence = silence_of(facts)
        if silence.day is None or (local_date(facts.now) - silence.day).days >= self.rungs[0].days:
            return None
        if silence.never and doubt(facts, silence.since, self.sight_max_age):
            return None
        return Weighed(self._standing(facts, Verdict.QUALIFIED, self._well(facts), ""), 0, recovery(facts, silence))

    def _qualified(self, facts: AccountFacts, silence: Silence, day: date, reason: str) -> Weighed:
        """Build the passing standing; a rung that is feared but not proven is not said aloud."""
        seen, today = seen_until(facts), local_date(facts.now)
        left, line = self.line - self.count(day, today), self._line_on(day)
        feared = self.reached(day, today)
        proven = self.reached(day, local_date(seen)) if seen and not reason else 0
        if proven:
            labels = self._labels(facts, self.rungs[proven - 1].labels, left)
            return Weighed(self._standing(facts, Verdict.QUALIFIED, labels, "", left, line), proven, self._warning(facts, silence, left))
        if feared:
            return Weighed(self._standing(facts, Verdict.QUALIFIED, (NORMAL,), reason or NOT_YET_TODAY, left, line))
        return Weighed(self._standing(facts, Verdict.QUALIFIED, self._well(facts), "", left, line), 0, recovery(facts, silence))

    def _never(self, facts: AccountFacts, silence: Silence) -> Weighed:
        labels, said = self._labels(facts, self.never_labels), "从未发布内容"
        standing = self._standing(facts, Verdict.FAILED, labels, said, 0)
        return Weighed(standing, self.line_rung, called(facts.account) + said, self._failed_on(silence))

    def _failed(self, facts: AccountFacts, silence: Silence, day: date, seen_day: date) -> Weighed:
        """Build the failing standing; its sentence counts to the last look, as far as we know it to be true."""
        rung = self.reached(day, seen_day)
        labels = self._labels(facts, self.rungs[rung - 1].labels)
        said = f"{_after_exemption(silence)}已{self.count(day, seen_day)}{UNIT_WORDS[self.unit]}未更新{updated_on(last_post(facts))}"
        standing = self._standing(facts, Verdict.FAILED, labels, said, 0)
        return Weighed(standing, rung, called(facts.account) + said, self._failed_on(silence))

    def _stopped(self, facts: AccountFacts) -> Weighed:
        said = f"已停止运营但未注销{updated_on(last_post(facts))}"
        standing = self._standing(facts, Verdict.FAILED, (self.stopped_label,), "名册登记为停运未注销", 0)
        return Weighed(standing, self.line_rung, called(facts.account) + said)

    def _undetermined(self, facts: AccountFacts, reason: str) -> Weighed:
        return Weighed(self._standing(facts, Verdict.UNDETERMINED, (Verdict.UNDETERMINED.label,), reason))

    def _unjudged(self, facts: AccountFacts, label: str, reason: str) -> Weighed:
        return Weighed(self._standing(facts, None, (label,), reason))

    def _standing(
        self,
        facts: AccountFacts,
        verdict: Verdict | None,
        labels: tuple[str, ...],
        reason: str,
        left: int | None = None,
        line_on: date | None = None,
    ) -> Standing:
        return Standing(
            account_id=facts.account.id,
            verdict=verdict,
            label=" · ".join(labels),
            labels=labels,
            reason=reason,
            idle_days=self._idle_days(facts),
            days_left=left,
            line_on=line_on,
            last_post=last_post(facts),
            last_good=last_good(facts),
        )

    def _idle_days(self, facts: AccountFacts) -> int | None:
        """Return the idle days up to `now`, None where nothing was published or the calendar is missing."""
        silence = silence_of(facts)
        if silence.never or silence.day is None:
            return None
        try:
            return self.count(silence.day, local_date(facts.now))
        except UnknownYear:
            return None

    def _line_on(self, day: date) -> date | None:
        """Return the day on which a passing account will fail, None where the calendar does not reach so far."""
        try:
            return self.line_after(day)
        except UnknownYear:
            return None

    def _failed_on(self, silence: Silence) -> date | None:
        """Return the day on which the line was crossed, None where there is no date to count from."""
        return None if silence.day is None else self.line_after(silence.day)

    def _labels(self, facts: AccountFacts, labels: tuple[str, ...], left: int = 0) -> tuple[str, ...]:
        # Not str.format: labels come from settings, and format reaches into attributes.
        platform = facts.account.platform.label
        return tuple(label.replace("{platform}", platform).replace("{left}", str(left)) for label in labels)

    def _well(self, facts: AccountFacts) -> tuple[str, ...]:
        """Return the label below the first rung: the update class where the whole window was seen, else 正常."""
        if not self.update_classes or facts.post_days is None:
            return (NORMAL,)
        end = local_date(facts.now)
        start = end - timedelta(days=self.class_window_days - 1)
        if doubt(facts, start_of_day(start), self.sight_max_age):
            return (NORMAL,)
        return (update_class(facts.post_days, start, end),)

    def _warning(self, facts: AccountFacts, silence: Silence, left: int) -> str:
        """Say how long and how much is left, in the words of handbook 8."""
        word, idle = UNIT_WORDS[self.unit], self.line - left
        until = "明日到期" if left == 1 and self.unit == "days" else f"还有{left}{word}到期"
        what = "未发布内容" if silence.never else "未更新"
        since = "开通后" if silence.never and not silence.resumed else _after_exemption(silence)
        return f"{called(facts.account)}{since}已{idle}{word}{what}，{until}"

    def _finding(self, facts: AccountFacts, weighed: Weighed, number: int) -> Finding:
        rung = self.rungs[number - 1] if number else None
        evidence = evidence_of(facts) | {"profile": self.profile, "idle_days": weighed.standing.idle_days}
        if weighed.failed_on is not None:
            evidence["since"] = start_of_day(weighed.failed_on).isoformat()
        if rung and weighed.standing.line_on is not None:
            evidence["line_on"] = weighed.standing.line_on.isoformat()
        return Finding(
            rule=self.name,
            status=Firing.FIRING if rung else Firing.CLEAR,
            subject=facts.account.id,
            severity=rung.severity if rung else Severity.NOTICE,
            rung=number,
            label=weighed.standing.label,
            message=weighed.message,
            account_id=facts.account.id,
            tells=rung.tells if rung else (),
            evidence=evidence,
        )


def _after_exemption(silence: Silence) -> str:
    return "报备期满后" if silence.resumed else ""
