"""What becomes of a repost when its post is edited or its article corrected, and when that is so; pure.

That a post carried an article once stays proven by the evidence kept then: an edit or a poorer view of the post takes nothing away. Only
a corrected article does, for what was kept then says nothing of the article as it stands now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from monitor.matching import MATCHER_VERSION, MatchingSettings
from monitor.model import Article, Post, Repost

EDITED_AWAY = "edited_away_at"
"""In a repost's evidence: since when its post no longer shows what the evidence says."""

_UNPROVEN = "发布内容已修改，修改前的依据是与更正前的重要信息比对所得"


def revision_of(article: Article, wishes: MatchingSettings) -> str:
    """Return a short hash of all that decides which posts carry the article, and how well."""
    parts = (repr(article), repr(wishes), str(MATCHER_VERSION))
    return hashlib.blake2b("\x1e".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def after_changes(known: Iterable[Repost], posts: Sequence[Post], carried: Sequence[Repost], at: datetime) -> list[Repost]:
    """Return what is to be stored once these posts were seen new or changed, and carry what they carry now.

    A repost that was sure and is no more keeps its evidence, marked with the time; a candidate never displaces it.
    """
    seen = {post.id for post in posts if post.visible}
    sure = {each.id: each for each in known if each.grade != "candidate" and each.post_id in seen}
    found = [each for each in carried if each.grade != "candidate" or each.id not in sure]
    kept = sure.keys() - {each.id for each in found}
    return [*found, *(_edited(sure[each], at) for each in sorted(kept) if EDITED_AWAY not in sure[each].evidence)]


def _edited(repost: Repost, at: datetime) -> Repost:
    return repost.model_copy(update={"evidence": {**repost.evidence, EDITED_AWAY: at.isoformat()}})


def after_correction(gone: Iterable[Repost], posts: Iterable[Post], still: Iterable[Repost]) -> tuple[list[str], list[Repost]]:
    """Return the ids of the reposts to drop, and those to store as candidates, of all that a corrected article no longer finds.

    `posts` are their posts as stored, `still` what those carry that only lack being public: that stays as it is, since it was seen when
    it stood there. Of a post edited since nobody can tell whether it carried the article as it stands now: a person must look.
    """
    hidden, stored = {each.id for each in still}, {post.id for post in posts}
    lost = [each for each in gone if each.id not in hidden]
    unproven = [each for each in lost if EDITED_AWAY in each.evidence and each.post_id in stored]
    doubted = [each.model_copy(update={"grade": "candidate", "reasons": (), "evidence": _doubtful(each)}) for each in unproven]
    return sorted({each.id for each in lost} - {each.id for each in unproven}), [each for each in doubted if each not in unproven]


def _doubtful(repost: Repost) -> dict[str, object]:
    return {**repost.evidence, "why": _UNPROVEN}
