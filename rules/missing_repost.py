"""Which accounts owe a repost of a key article: found and in order, found but irregular or late, missing, or not to be told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field

from monitor.matching.evidence import Doubt, Evidence
from monitor.model import (
    SHANGHAI,
    Article,
    Finding,
    Firing,
    Noun,
    Repost,
    RepostStanding,
    RepostVerdict,
    Role,
    Severity,
    local_date,
    start_of_day,
)
from monitor.ports import AccountFacts
from monitor.workdays import UnknownYear, before_working_days, is_working_day
from rules.evidence import called, doubt, evidence_of, fault_at, fault_reason, seen_until

NOT_YET_SEEN = "截止时间后尚未采集到有效数据"
OPENED_LATER = "账号开通晚于截止时间"
STILL_MATCHING = "正在与已存内容比对"
SEEMS_FOUND = "疑似转载，待人工核实"
FOUND = (RepostVerdict.DONE, RepostVerdict.IRREGULAR, RepostVerdict.LATE)

EARLY_RUNG, HALF_RUNG, LAST_CALL_RUNG, IRREGULAR_RUNG, MISSING_RUNG = range(5)

STILL_TIME = time(10, 30)
"""A deadline later in the day than this leaves time at work on that day: offices open by half past eight, and a post takes a while."""
STILL_AT_WORK = time(17, 0)
"""A reminder later in the day than this may reach nobody any more: some offices close then."""

TITLE_SHOWN = 40
"""Characters of an article's title in a sentence: with more, a mail's subject would lose the account it speaks of."""


class MissingRepost(Noun):
    """Judges each article the account owes. Missing only where everything from its publication to past its deadline was seen.

    Several reposts count once: the earliest for time, the best for form (handbook 5.1). Where there are only candidates it cannot be
    told, before the deadline and after: the standing shows the earliest of them, and no finding fires or clears.
    `grace_hours` forgives a delay.

    Before the deadline the operator is reminded, as long as the account provably has not posted it so far: at half time between publication
    and deadline (`remind_half`) and `remind_hours` before it, 0 for never. Each is a rung, so each is told, in the same words. Where the
    first of them would fall into a night, a weekend or a holiday that lasts until the deadline, the reminder stands from the beginning of
    the last working day before, one rung lower: whoever tells sees that it cannot wait. A year without a calendar goes without that.
    A reminder is a notice and accuses nobody; past the deadline nothing is added to it until the account is found, or proven missing:
    then the same alert becomes the accusation, and passes the gate as any other.

    `tell_irregular`: 转载不规范 is a finding of its own, told to operator and clerk. Off, it only stands in the lists: no bulletin says
    what 规范 means, a post once published can rarely be mended, and a mail that asks for that is a burden (handbook 5.1, 8).
    """

    name: ClassVar[str] = "missing_repost"
    about: ClassVar[Literal["account", "channel", "source"]] = "account"

    grace_hours: float = Field(default=0.0, ge=0)
    remind_half: bool = True
    remind_hours: float = Field(default=2.0, ge=0, le=1_000)
    sight_max_age_hours: float = Field(default=36.0, gt=0)
    tell_irregular: bool = False

    def reposts(self, facts: AccountFacts) -> Iterable[RepostStanding]:
        """Yield what is to be said of each article the account owes."""
        for article in facts.articles:
            yield self._stand(facts, article)

    def judge(self, facts: AccountFacts) -> Iterable[Finding]:
        """Yield a finding per article that is missing, found, or (where asked for) soon due; nothing where it cannot be told."""
        for article in facts.articles:
            standing = self._stand(facts, article)
            if standing.verdict in FOUND:
                yield from self._found(facts, article, standing)
            elif standing.verdict is RepostVerdict.MISSING:
                yield self._missing(facts, article)
            elif standing.verdict is RepostVerdict.NOT_YET:
                yield from self._hint(facts, article)

    def _deadline(self, article: Article) -> datetime:
        return article.due_at + timedelta(hours=self.grace_hours)

    def _stand(self, facts: AccountFacts, article: Article) -> RepostStanding:
        found = _reposts(facts, article)
        proper = [repost for repost in found if repost.grade != "candidate"]
        if proper:
            return self._graded(facts, article, proper)
        if found:
            return _standing(facts, article, RepostVerdict.UNDETERMINED, _seems(found[0]), found[0])
        if facts.now <= self._deadline(article):
            return _standing(facts, article, RepostVerdict.NOT_YET)
        reason = self._doubt(facts, article)
        if reason:
            return _standing(facts, article, RepostVerdict.UNDETERMINED, reason)
        return _standing(facts, article, RepostVerdict.MISSING)

    def _graded(self, facts: AccountFacts, article: Article, found: list[Repost]) -> RepostStanding:
        earliest = found[0]
        best = min(found, key=lambda repost: (repost.grade != "in_order", len(repost.reasons)))
        # Whoever published the original owed nothing, whenever that was.
        own = any(repost.evidence.get("by") == Evidence.ORIGINAL for repost in found)
        late = _late(earliest.published_at - article.due_at) if earliest.published_at > self._deadline(article) and not own else ""
        if best.grade == "irregular":
            reason = "、".join(part for part in (*best.reasons, late) if part)
            return _standing(facts, article, RepostVerdict.IRREGULAR, reason, best)
        return _standing(facts, article, RepostVerdict.LATE if late else RepostVerdict.DONE, late, best)

    def _doubt(self, facts: AccountFacts, article: Article) -> str:
        """Return why the account cannot be said to have missed it; empty when it can."""
        if article.id in facts.unmatched:
            return STILL_MATCHING
        fault = fault_at(facts)
        if fault is not None and fault.code == "account_gone":
            return fault_reason(fault)
        opened = facts.account.opened_on
        if opened is not None and opened > local_date(article.due_at):
            return OPENED_LATER
        seen = seen_until(facts)
        early = seen is not None and seen < max(self._deadline(article), article.published_at)
        return doubt(facts, article.published_at, timedelta(hours=self.sight_max_age_hours), NOT_YET_SEEN if early else "")

    def _hint(self, facts: AccountFacts, article: Article) -> Iterable[Finding]:
        rung = self._nearness(article, facts.now)
        if rung is not None and self._is_unposted(facts, article):
            update = {"severity": Severity.NOTICE, "rung": rung, "label": "转载提醒", "tells": (Role.OPERATOR,)}
            yield self._missing(facts, article).model_copy(update=update)

    def _nearness(self, article: Article, now: datetime) -> int | None:
        """Return the rung of the reminder that is due, None before the first and past the deadline."""
        last_call = article.due_at - timedelta(hours=self.remind_hours)
        half = article.published_at + (article.due_at - article.published_at) / 2
        wanted = [moment for moment, is_wanted in ((last_call, self.remind_hours), (half, self.remind_half)) if is_wanted]
        if not wanted or now >= article.due_at:
            return None
        if self.remind_hours and now >= last_call:
            return LAST_CALL_RUNG
        if self.remind_half and now >= half:
            return HALF_RUNG
        return EARLY_RUNG if _too_late_to_wait(min(wanted), article.due_at, now) else None

    def _is_unposted(self, facts: AccountFacts, article: Article) -> bool:
        """Whether the account provably has not posted it so far."""
        if article.id in facts.unmatched:
            return False
        seen = seen_until(facts)
        early = seen is not None and seen < article.published_at
        return not doubt(facts, article.published_at, timedelta(hours=self.sight_max_age_hours), NOT_YET_SEEN if early else "")

    def _missing(self, facts: AccountFacts, article: Article) -> Finding:
        return self._finding(facts, article, Firing.FIRING).model_copy(
            update={
                "severity": Severity.ACCUSATION,
                "rung": MISSING_RUNG,
                "label": RepostVerdict.MISSING.label,
                "message": _not_found(facts, article),
                "tells": (Role.OPERATOR, Role.CLERK),
                "evidence": self._task(facts, article) | _searched(facts, article),
            }
        )

    def _found(self, facts: AccountFacts, article: Article, standing: RepostStanding) -> Iterable[Finding]:
        """Yield what is said of a repost: that nothing is owed any more, or (where asked for) that its form is not in order."""
        evidence = self._task(facts, article) | _proof(standing)
        told = self.tell_irregular and standing.verdict is RepostVerdict.IRREGULAR
        if told and article.id in facts.unmatched:
            # A better one may lie among the posts not compared yet.
            return
        update: dict[str, Any] = {"label": RepostVerdict.DONE.label, "message": _done(facts, article, standing), "evidence": evidence}
        if told:
            update |= {"severity": Severity.WARNING, "rung": IRREGULAR_RUNG, "label": RepostVerdict.IRREGULAR.label}
            update |= {"message": _irregular(facts, article, standing), "tells": (Role.OPERATOR, Role.CLERK)}
        yield self._finding(facts, article, Firing.FIRING if told else Firing.CLEAR).model_copy(update=update)

    def _finding(self, facts: AccountFacts, article: Article, status: Firing) -> Finding:
        return Finding(rule=self.name, status=status, subject=facts.account.id, account_id=facts.account.id, article_id=article.id)

    def _task(self, facts: AccountFacts, article: Article) -> dict[str, Any]:
        """Return what was asked for, beside what every judgement rests on."""
        task = {"article_title": article.title, "due_at": article.due_at.isoformat(), "since": self._deadline(article).isoformat()}
        return evidence_of(facts) | task | ({"article_url": article.urls[0]} if article.urls else {})


def _too_late_to_wait(reminder: datetime, due_at: datetime, now: datetime) -> bool:
    """Whether this is the last working day with time at work before the deadline, or later, and the reminder comes after that work."""
    try:
        day = _last_day_at_work(due_at)
    except UnknownYear:
        return False
    return now >= start_of_day(day) and reminder > datetime.combine(day, STILL_AT_WORK, SHANGHAI)


def _last_day_at_work(due_at: datetime) -> date:
    due = due_at.astimezone(SHANGHAI)
    if due.time() >= STILL_TIME and is_working_day(due.date()):
        return due.date()
    return before_working_days(due.date(), 1)


def _searched(facts: AccountFacts, article: Article) -> dict[str, Any]:
    """Return the span in which no repost was found: from the article's publication, all of it seen."""
    seen = seen_until(facts)
    return {"covers_from": article.published_at.isoformat(), "covers_until": seen.isoformat()} if seen else {}


def _proof(standing: RepostStanding) -> dict[str, Any]:
    """Return the repost that counts for form, where it stands, and what is not in order."""
    repost = standing.repost
    if repost is None:
        return {}
    proof = {"repost_id": repost.post_id, "reposted_at": repost.published_at.isoformat(), "verdict": standing.verdict.label}
    shown = {"repost_url": repost.evidence.get("url"), "form": repost.evidence.get("form"), "reason": standing.reason}
    return proof | {key: value for key, value in shown.items() if value}


def _seems(candidate: Repost) -> str:
    """Return why a person must look: what is doubted of the candidate, where that is known."""
    doubted = candidate.evidence.get("doubt")
    return f"{SEEMS_FOUND}（{Doubt(doubted).label}）" if doubted in list(Doubt) else SEEMS_FOUND


def _reposts(facts: AccountFacts, article: Article) -> list[Repost]:
    """Return what was found of the article up to `now`, earliest first."""
    mine = (
        repost
        for repost in facts.reposts
        if repost.article_id == article.id and repost.account_id == facts.account.id and repost.published_at <= facts.now
    )
    return sorted(mine, key=lambda repost: (repost.published_at, repost.post_id))


def _standing(
    facts: AccountFacts, article: Article, verdict: RepostVerdict, reason: str = "", repost: Repost | None = None
) -> RepostStanding:
    return RepostStanding(article_id=article.id, account_id=facts.account.id, verdict=verdict, reason=reason, repost=repost)


def _late(lag: timedelta) -> str:
    minutes = int(lag.total_seconds() // 60)
    return f"迟{minutes // 60}小时{minutes % 60}分" if minutes >= 60 else f"迟{max(1, minutes)}分钟"


def _named(article: Article) -> str:
    title = " ".join(article.title.split())
    return f"《{title if len(title) <= TITLE_SHOWN else title[: TITLE_SHOWN - 1] + '…'}》"


def _not_found(facts: AccountFacts, article: Article) -> str:
    due = article.due_at.astimezone(SHANGHAI)
    return f"{_named(article)}应于{due.month}月{due.day}日{due:%H:%M}前转载，{called(facts.account)}尚未检测到"


def _done(facts: AccountFacts, article: Article, standing: RepostStanding) -> str:
    """Return the sentence of recovery; whoever was told of a missing repost reads how the one that came is seen."""
    beside = "：".join(part for part in (standing.verdict.label, standing.reason) if part)
    return f"{called(facts.account)}已转载{_named(article)}" + ("" if standing.verdict is RepostVerdict.DONE else f"（{beside}）")


def _irregular(facts: AccountFacts, article: Article, standing: RepostStanding) -> str:
    reason = f"：{standing.reason}" if standing.reason else ""
    return f"{called(facts.account)}已转载{_named(article)}，形式与要求不符{reason}"
