"""Which accounts owe a repost of a key article: found and in order, found but irregular or late, missing, or not to be told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from pydantic import Field

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
)
from monitor.ports import AccountFacts
from rules.evidence import called, doubt, evidence_of, fault_at, fault_reason, seen_until

NOT_YET_SEEN = "截止时间后尚未采集到有效数据"
OPENED_LATER = "账号开通晚于截止时间"
SEEMS_FOUND = "疑似转载，待人工核实"
FOUND = (RepostVerdict.DONE, RepostVerdict.IRREGULAR, RepostVerdict.LATE)

HINT_RUNG, MISSING_RUNG = 0, 1


class MissingRepost(Noun):
    """Judges each article the account owes. Missing only where everything from its publication to past its deadline was seen.

    Several reposts count once: the earliest for time, the best for form (handbook 5.1). Where there are only candidates it cannot be
    told, before the deadline and after: the standing shows the earliest of them, and no finding fires or clears.
    `grace_hours` forgives a delay, `hint_hours` before the deadline the operator is reminded, 0 for never.
    """

    name: ClassVar[str] = "missing_repost"
    about: ClassVar[Literal["account", "channel", "source"]] = "account"

    grace_hours: float = Field(default=0.0, ge=0)
    hint_hours: float = Field(default=0.0, ge=0)
    sight_max_age_hours: float = Field(default=36.0, gt=0)

    def reposts(self, facts: AccountFacts) -> Iterable[RepostStanding]:
        """Yield what is to be said of each article the account owes."""
        for article in facts.articles:
            yield self._stand(facts, article)

    def judge(self, facts: AccountFacts) -> Iterable[Finding]:
        """Yield a finding per article that is missing, found, or (where asked for) soon due; nothing where it cannot be told."""
        for article in facts.articles:
            standing = self._stand(facts, article)
            if standing.verdict in FOUND:
                yield self._finding(facts, article, Firing.CLEAR, standing.repost)
            elif standing.verdict is RepostVerdict.MISSING:
                yield self._finding(facts, article, Firing.FIRING)
            elif standing.verdict is RepostVerdict.NOT_YET and self._worth_a_hint(facts, article):
                yield self._hint(facts, article)

    def _deadline(self, article: Article) -> datetime:
        return article.due_at + timedelta(hours=self.grace_hours)

    def _stand(self, facts: AccountFacts, article: Article) -> RepostStanding:
        found = _found(facts, article)
        proper = [repost for repost in found if repost.grade != "candidate"]
        if proper:
            return self._graded(facts, article, proper)
        if found:
            return _standing(facts, article, RepostVerdict.UNDETERMINED, SEEMS_FOUND, found[0])
        if facts.now <= self._deadline(article):
            return _standing(facts, article, RepostVerdict.NOT_YET)
        reason = self._doubt(facts, article)
        if reason:
            return _standing(facts, article, RepostVerdict.UNDETERMINED, reason)
        return _standing(facts, article, RepostVerdict.MISSING)

    def _graded(self, facts: AccountFacts, article: Article, found: list[Repost]) -> RepostStanding:
        earliest = found[0]
        best = next((repost for repost in found if repost.grade == "in_order"), earliest)
        late = _late(earliest.published_at - article.due_at) if earliest.published_at > self._deadline(article) else ""
        if best.grade == "irregular":
            reason = "、".join(part for part in (*best.reasons, late) if part)
            return _standing(facts, article, RepostVerdict.IRREGULAR, reason, best)
        return _standing(facts, article, RepostVerdict.LATE if late else RepostVerdict.DONE, late, best)

    def _doubt(self, facts: AccountFacts, article: Article) -> str:
        """Return why the account cannot be said to have missed it; empty when it can."""
        fault = fault_at(facts)
        if fault is not None and fault.code == "account_gone":
            return fault_reason(fault)
        opened = facts.account.opened_on
        if opened is not None and opened > local_date(article.due_at):
            return OPENED_LATER
        seen = seen_until(facts)
        early = seen is not None and seen < max(self._deadline(article), article.published_at)
        return doubt(facts, article.published_at, timedelta(hours=self.sight_max_age_hours), NOT_YET_SEEN if early else "")

    def _worth_a_hint(self, facts: AccountFacts, article: Article) -> bool:
        """Whether the deadline is near and the account provably has not posted it so far."""
        if not self.hint_hours or facts.now < article.due_at - timedelta(hours=self.hint_hours):
            return False
        seen = seen_until(facts)
        early = seen is not None and seen < article.published_at
        return not doubt(facts, article.published_at, timedelta(hours=self.sight_max_age_hours), NOT_YET_SEEN if early else "")

    def _hint(self, facts: AccountFacts, article: Article) -> Finding:
        finding = self._finding(facts, article, Firing.FIRING)
        return finding.model_copy(update={"severity": Severity.NOTICE, "rung": HINT_RUNG, "label": "转载提醒", "tells": (Role.OPERATOR,)})

    def _finding(self, facts: AccountFacts, article: Article, status: Firing, found: Repost | None = None) -> Finding:
        firing = status is Firing.FIRING
        evidence = evidence_of(facts) | {"due_at": article.due_at.isoformat(), "since": self._deadline(article).isoformat()}
        if found is not None:
            evidence |= {"repost_id": found.post_id, "reposted_at": found.published_at.isoformat()}
        return Finding(
            rule=self.name,
            status=status,
            subject=facts.account.id,
            severity=Severity.ACCUSATION if firing else Severity.NOTICE,
            rung=MISSING_RUNG if firing else 0,
            label=(RepostVerdict.MISSING if firing else RepostVerdict.DONE).label,
            message=_message(facts, article, firing),
            account_id=facts.account.id,
            article_id=article.id,
            tells=(Role.OPERATOR, Role.CLERK) if firing else (),
            evidence=evidence,
        )


def _found(facts: AccountFacts, article: Article) -> list[Repost]:
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


def _message(facts: AccountFacts, article: Article, firing: bool) -> str:
    due = article.due_at.astimezone(SHANGHAI)
    if not firing:
        return f"{called(facts.account)}已转载《{article.title}》"
    return f"《{article.title}》应于{due.month}月{due.day}日{due:%H:%M}前转载，{called(facts.account)}尚未检测到"
