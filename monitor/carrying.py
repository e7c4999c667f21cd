"""What a post carries, and what becomes of that when the post is edited or the article corrected. Touches nothing of the world.

That a post carried an article once stays proven by the evidence kept then: an edit or a poorer view of the post takes nothing away. Only
a corrected article does, for what was kept then says nothing of the article as it stands now. A post that cannot be matched at all is left
to a person: it neither stops the others nor accuses its account.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from monitor.matching import MATCHER_VERSION, ArticleIndex, Evidence, MatchingSettings, bid_to_mid, canonical_url, origin_of, reference_of
from monitor.model import Account, Article, Post, Repost

log = structlog.get_logger("carrying")

EDITED_AWAY = "edited_away_at"
"""In a repost's evidence: since when its post no longer shows what the evidence says."""

_UNPROVEN = "发布内容已修改，修改前的依据是与更正前的重要信息比对所得"
_UNREAD = "比对该内容时程序出错，未能判断是否为转载"
_SHOWN = 300
"""Characters of a post that could not be matched, kept to show."""


def revision_of(article: Article, wishes: MatchingSettings) -> str:
    """Return two short hashes of all that decides which posts carry the article, and how well: the article's, and the matcher's."""
    return f"{_digest(repr(article))}.{_digest(repr(wishes), str(MATCHER_VERSION))}"


def indexed(articles: tuple[Article, ...], wishes: MatchingSettings) -> tuple[ArticleIndex, dict[str, str]]:
    """Return the index and each article's revision. An article that cannot be indexed is left out: nobody is judged by it, nor held up."""
    try:
        index = ArticleIndex(articles, wishes)
    except Exception:
        index = ArticleIndex([article for article in articles if _can_be_indexed(article, wishes)], wishes)
    return index, {article.id: revision_of(article, wishes) for article in index.articles}


def _can_be_indexed(article: Article, wishes: MatchingSettings) -> bool:
    try:
        ArticleIndex([article], wishes)
    except Exception:
        log.exception("an article cannot be matched and is left out", article=article.id)
        return False
    return True


def same_article(one: str, other: str) -> bool:
    """Whether two revisions are of the article as it stands, by whichever matcher."""
    return one.partition(".")[0] == other.partition(".")[0]


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1e".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def carried_by(index: ArticleIndex, post: Post, account: Account) -> list[Repost]:
    """Return what the post carries or seems to; where the matcher fails on it, a candidate for each article that it could carry."""
    try:
        return index.reposts(post, account)
    except Exception:
        log.exception("a post could not be matched", post=post.id)
        return [_unread(article, post) for article in index.articles if _could_carry(post, account, article, index.wishes)]


def _could_carry(post: Post, account: Account, article: Article, wishes: MatchingSettings) -> bool:
    ends = max(article.published_at + timedelta(days=wishes.window_days), article.due_at)
    in_time = article.published_at - timedelta(days=1) <= post.published_at <= ends
    return in_time and post.visible and article.audience.includes(account)


def _unread(article: Article, post: Post) -> Repost:
    evidence = {"by": Evidence.RESEMBLANCE.value, "left": (post.title or post.text)[:_SHOWN], "right": article.title[:_SHOWN]}
    return Repost(
        article_id=article.id,
        account_id=post.account_id,
        post_id=post.id,
        grade="candidate",
        published_at=post.published_at,
        lag=max(post.published_at - article.due_at, timedelta(0)),
        evidence={**evidence, "url": post.url, "why": _UNREAD},
    )


def carried_of(index: ArticleIndex, posts: Iterable[Post], accounts: Mapping[str, Account], wanted: frozenset[str]) -> list[Repost]:
    """Return what these posts carry of the wanted articles."""
    return [each for post in posts for each in carried_by(index, post, accounts[post.account_id]) if each.article_id in wanted]


def original_ids(articles: Iterable[Article], accounts: Iterable[Account]) -> Iterator[str]:
    """Yield the ids that the articles' originals would have as posts of these accounts: they count however old they are."""
    references = {reference for article in articles for reference in _references(article)}
    for account in accounts:
        yield from (f"{platform}:{account.id}:{post}" for platform, post in references if platform == account.platform.value)


def _references(article: Article) -> Iterator[tuple[str, str]]:
    for told in (*(origin_of(each) for each in article.origins), *(reference_of(canonical_url(each)) for each in article.urls)):
        if told is not None and told.post:
            yield told.platform, told.post
            yield told.platform, bid_to_mid(told.post) if told.platform == "weibo" and not told.post.isdigit() else told.post


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
