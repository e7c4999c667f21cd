"""From a match to a repost as it is kept: graded, with the evidence that people are shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from monitor.matching.evidence import Evidence, Match
from monitor.matching.grading import Flaw, flaws
from monitor.matching.sides import side_by_side
from monitor.matching.wishes import MatchingSettings
from monitor.model import Account, Article, Post, Repost

DIFFERS = 6
"""Sentences that differ and are kept with a repost: the page shows all of them, from the texts themselves."""
SENTENCE_LIMIT = 200
"""Characters of such a sentence."""


def repost(match: Match, article: Article, post: Post, wishes: MatchingSettings, account: Account | None = None) -> Repost:
    """Return the repost that the match shows, a candidate where a person must look. `lag` is zero when it came by the deadline."""
    found = flaws(article, post, match, wishes, account) if match.standing == "found" else ()
    return Repost(
        article_id=article.id,
        account_id=post.account_id,
        post_id=post.id,
        grade="candidate" if match.standing != "found" else "irregular" if found else "in_order",
        reasons=tuple(flaw.reason.label for flaw in found),
        published_at=post.published_at,
        lag=max(post.published_at - article.due_at, timedelta(0)),
        evidence=_evidence(match, article, post, found),
    )


def original(article: Article, post: Post) -> Repost:
    """Return the original as a repost of itself: who published it owes nothing more, and was on time."""
    evidence = {"by": Evidence.ORIGINAL.value, "score": 1.0, "url": post.url}
    return Repost(article_id=article.id, account_id=post.account_id, post_id=post.id, published_at=post.published_at, evidence=evidence)


def _evidence(match: Match, article: Article, post: Post, found: tuple[Flaw, ...]) -> Mapping[str, Any]:
    evidence: dict[str, Any] = {
        "by": match.by.value,
        "field": match.field,
        "score": match.score,
        "left": match.left,
        "right": match.right,
        "url": post.url,
    }
    if match.doubt is not None:
        evidence["doubt"] = match.doubt.value
    if match.why:
        evidence["why"] = match.why
    if match.covered is not None:
        evidence["covered"] = round(match.covered, 3)
    if found:
        evidence["form"] = [
            {"reason": flaw.reason.label, "measure": flaw.measure, "limit": flaw.limit, "detail": flaw.detail} for flaw in found
        ]
        evidence["differs"] = _differing(article, post)
    return evidence


def _differing(article: Article, post: Post) -> list[list[str]]:
    if not article.text or not post.text:
        return []
    rows = side_by_side(article.text, post.text).differing(DIFFERS)
    return [[theirs[:SENTENCE_LIMIT], ours[:SENTENCE_LIMIT]] for theirs, ours in rows]
