"""Which accounts owe a repost of a key article: found and in order, found but irregular or late, missing, or not to be told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
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
)
from monitor.ports import AccountFacts
from rules.evidence import called, doubt, evidence_of, fault_at, fault_reason, seen_until

NOT_YET_SEEN = "截止时间后尚未采集到有效数据"
OPENED_LATER = "账号开通晚于截止时间"
STILL_MATCHING = "正在与已存内容比对"
SEEMS_FOUND = "疑似转载，待人工核实"
FOUND = (RepostVerdict.DONE, RepostVerdict.IRREGULAR, RepostVerdict.LATE)

HINT_RUNG, IRREGULAR_RUNG, MISSING_RUNG = 0, 1, 2

TITLE_SHOWN = 40
"""Characters of an article's title in a sentence: with more, a mail's subject would lose the account it speaks of."""


class MissingRepost(Noun):
    """Judges each article the account owes. Missing only where everything from its publication to past its deadline was seen.

    Several reposts count once: the earliest for time, the best for form (handbook 5.1). Where there are only candidates it cannot be
    told, before the deadline and after: the standing shows the earliest of them, and no finding fires or clears.
    `grace_hours` forgives a delay, `hint_hours` before the deadline the operator is reminded, 0 for never.
    `tell_irregular`: 转载不规范 is a finding of its own, told to operator and clerk. Off, it only stands in the lists: no bulletin says
    what 规范 means, a post once published can rarely be mended, and a mail that asks for that is a burden (handbook 5.1, 8).
    """

    name: ClassVar[str] = "missing_repost"
    about: ClassVar[Literal["account", "channel", "source"]] = "account"

    grace_hours: float = Field(default=0.0, ge=0)
    hint_hours: float = Field(default=0.0, ge=0)
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
            elif standing.verdict is RepostVerdict.NOT_YET and self._worth_a_hint(facts, article):
                yield self._hint(facts, article)

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

    def _worth_a_hint(self, facts: AccountFacts, article: Article) -> bool:
        """Whether the deadline is near and the account provably has not posted it so far."""
        if not self.hint_hours or facts.now < article.due_at - timedelta(hours=self.hint_hours) or article.id in facts.unmatched:
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

    def _hint(self, facts: AccountFacts, article: Article) -> Finding:
        update = {"severity": Severity.NOTICE, "rung": HINT_RUNG, "label": "转载提醒", "tells": (Role.OPERATOR,)}
        return self._missing(facts, article).model_copy(update=update)

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
