"""What a person said of a post that seemed to carry a key article, and what follows from it. Pure.

The matcher leaves to a person what a machine cannot tell: a picture, a title without its text. The person's word is kept for good beside
what was matched, and stands over it whatever later looks bring.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from monitor.matching import Evidence, Match, MatchingSettings
from monitor.matching.reposts import repost as graded
from monitor.model import Account, Article, Post, Repost
from monitor.wording import minute

Answer = Literal["yes", "no"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's word on one post and one article: whether it carries it, who said so and when.

    `repost` is the repost as it stands by that word, graded; None where the answer was no.
    """

    article_id: str
    account_id: str
    post_id: str
    answer: Answer
    by: str
    at: datetime
    note: str = ""
    repost: Repost | None = None

    @property
    def id(self) -> str:
        return f"{self.article_id} {self.post_id}"


def decided(reposts: Iterable[Repost], decisions: Mapping[str, Decision]) -> tuple[Repost, ...]:
    """Return the reposts as they stand by what people said; `decisions` by their id.

    A no takes a repost away, a yes makes one of a candidate. What has become more than a candidate since stands by itself.
    """
    if not decisions:
        return tuple(reposts)
    kept: list[Repost] = []
    for repost in reposts:
        decision = decisions.get(repost.id)
        if decision is None or (decision.answer == "yes" and repost.grade != "candidate"):
            kept.append(repost)
        elif decision.repost is not None:
            kept.append(decision.repost)
    return tuple(kept)


def decide(
    repost: Repost,
    article: Article,
    post: Post,
    account: Account,
    answer: Answer,
    by: str,
    now: datetime,
    wishes: MatchingSettings,
    note: str = "",
) -> Decision:
    """Return the decision. A post that a person knows to carry the article is graded like any other: a picture is no text."""
    made = None
    if answer == "yes":
        evidence = repost.evidence
        match = Match(
            article_id=article.id,
            post_id=post.id,
            by=Evidence.PERSON,
            field=str(evidence.get("field", "")),
            score=1.0,
            left=str(evidence.get("left", "")),
            right=str(evidence.get("right", "")),
        )
        made = graded(match, article, post, wishes, account)
        said = f"{by}于{minute(now)}核定{f'：{note}' if note else ''}"
        made = made.model_copy(update={"evidence": {**made.evidence, "why": said}})
    return Decision(article.id, repost.account_id, post.id, answer, by, now, note, made)
