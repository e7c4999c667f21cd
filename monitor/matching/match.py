"""Does this post carry that key article? By the original's id, by its link, by its title: look-ups of hashes only.

What a post and an article have in common is a *key*: `c:` a platform post, `u:` a page, `t:` a title. The store indexes the keys of
posts, so an article that is issued later finds the posts that were already there; both ways give the same answer.

A title that was dressed up or shortened has another key. Such a post is *near*: it proves nothing, but forbids to say that there is none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitor.matching.ids import bid_to_mid
from monitor.matching.text import bracket_title, first_line, normalise_title, normalise_words, title_key
from monitor.matching.urls import PostReference, canonical_url, is_specific, links_in, reference_of, wechat_account
from monitor.model import Account, Article, Post, Repost

EARLY = timedelta(hours=1)
"""A post so much older than the article's stated publication may still carry it: clerks round times, platforms cut seconds."""
KEY_LIMIT = 64
"""Keys of one post at most: a citation, six titles and twenty links make fewer."""
OWN = "o:"
"""Marks, among a post's keys, what the post is rather than what it carries."""
ID_LIMIT = 200
"""Characters of a platform's post id; longer is no id."""
LEFT_LIMIT = 300
"""Characters of the matched field that are kept as evidence."""
NEAR_MINIMUM = 8
"""Normalised characters a title needs to be looked for inside other words: shorter ones stand there by chance."""
NEAR_TEXT_LIMIT = 2_000
"""Characters of a text in which an article's title is looked for: further down it is a mention."""
NEAR_SHARE = 0.7
"""A shortened title keeps at least so much of the article's; less may be the head of many titles."""

By = Literal["citation", "url", "title", "near"]
_SCORES: dict[By, float] = {"citation": 1.0, "url": 1.0, "title": 1.0, "near": 0.5}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_UNIQUE_ALONE = frozenset({"weibo", "douyin", "toutiao"})
"""Platforms whose post ids are unique by themselves. WeChat numbers the pushes of each account anew."""


@dataclass(frozen=True, slots=True)
class Match:
    """A post carries an article. `left` is what the post says in `field`, `right` what of the article it equals ("near": resembles)."""

    article_id: str
    post_id: str
    by: By
    field: str
    score: float
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class _Clue:
    key: str
    by: By
    field: str
    text: str


class ArticleIndex:
    """The key articles by their keys. It judges whether a post carries one, not whether the repost is in order."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self._articles: dict[str, list[tuple[Article, str]]] = {}
        self.articles = tuple(articles)
        for article in self.articles:
            for key, text in _article_keys(article):
                self._articles.setdefault(key, []).append((article, text))
        titles = ((article, normalise_title(article.title)) for article in self.articles)
        self._titles = [(article, bare) for article, bare in titles if len(bare) >= NEAR_MINIMUM]

    def find(self, post: Post, account: Account) -> tuple[Match, ...]:
        """Return one match per article that the post carries, each by its strongest evidence.

        Nothing for a post that the public cannot see, that is older than the article, whose account is not in the article's audience,
        or that is itself the original.
        """
        if not post.visible or not self._articles:
            return ()
        found: dict[str, Match] = {}
        for clue in _clues(post):
            for article, right in self._articles.get(clue.key, ()):
                if article.id not in found and _may_carry(post, account, article):
                    found[article.id] = _match(article, post, clue, right)
        return tuple(found.values())

    def near(self, post: Post, account: Account) -> tuple[Match, ...]:
        """Return one match per article whose title the post shows dressed up or shortened; none that `find` returns.

        The article's title stands inside the post's title, text or citation, or the post's title is most of it. The conditions of
        `find` hold here too.
        """
        if not post.visible or not self._titles:
            return ()
        around, short = _surroundings(post), _shortened(post)
        hits = [
            (article, offer)
            for article, bare in self._titles
            if (offer := _resembling(bare, around, short)) and _may_carry(post, account, article)
        ]
        sure = {match.article_id for match in self.find(post, account)} if hits else set()
        return tuple(
            _match(article, post, _Clue("", "near", field, text), article.title)
            for article, (field, text, _) in hits
            if article.id not in sure
        )

    def originals(self, post: Post, account: Account) -> tuple[str, ...]:
        """Return the ids of the articles this account owes whose original is this very post: it has published them already."""
        if not post.visible or not self._articles:
            return ()
        hit = {article.id: article for key in _own_keys(post) for article, _ in self._articles.get(key, ())}
        return tuple(article.id for article in hit.values() if article.audience.includes(account))


def keys_of(post: Post) -> tuple[str, ...]:
    """Return the keys by which an article finds this post, without repeats: what it carries and, marked `o:`, what it is itself."""
    return tuple(dict.fromkeys([*(clue.key for clue in _clues(post)), *(OWN + key for key in _own_keys(post))]))


def keys_of_article(article: Article) -> tuple[str, ...]:
    """Return the keys to look up among the posts' keys: of posts that carry the article, and of its original."""
    keys = dict.fromkeys(key for key, _ in _article_keys(article))
    return (*keys, *(OWN + key for key in keys if not key.startswith("t:")))


def is_original(post: Post, article: Article) -> bool:
    """Whether the post is the article's original itself, by its platform id or its own link."""
    own = _own_keys(post)
    return any(key in own for key, _ in _article_keys(article))


def repost(match: Match, article: Article, post: Post) -> Repost:
    """Return the repost that the match shows, a candidate where it is only near. `lag` is zero when the post came by the deadline."""
    return Repost(
        article_id=article.id,
        account_id=post.account_id,
        post_id=post.id,
        grade="candidate" if match.by == "near" else "in_order",
        published_at=post.published_at,
        lag=max(post.published_at - article.due_at, timedelta(0)),
        evidence={
            "by": match.by,
            "field": match.field,
            "score": match.score,
            "left": match.left,
            "right": match.right,
            "url": post.url,
        },
    )


def _may_carry(post: Post, account: Account, article: Article) -> bool:
    return latest_moment(post) >= article.published_at - EARLY and article.audience.includes(account) and not is_original(post, article)


def latest_moment(post: Post) -> datetime:
    """Return the last moment at which the post may have been published, as far as its source tells."""
    return post.published_at + timedelta(days=1) if post.precision == "day" else post.published_at


def _match(article: Article, post: Post, clue: _Clue, right: str) -> Match:
    left = clue.text[:LEFT_LIMIT]
    return Match(article.id, post.id, clue.by, clue.field, _SCORES[clue.by], left, right[:LEFT_LIMIT])


def _clues(post: Post) -> list[_Clue]:
    """Return what the post offers for comparison, strongest first."""
    clues = [*_citation_clues(post), *_link_clues(post), *_title_clues(post)]
    return clues[:KEY_LIMIT]


def _citation_clues(post: Post) -> Iterator[_Clue]:
    citation = post.citation
    if citation and citation.post_id:
        key = _post_key(PostReference(_platform(post), citation.account, citation.post_id))
        if key:
            yield _Clue(key, "citation", "citation.post_id", citation.post_id)


def _link_clues(post: Post) -> Iterator[_Clue]:
    if post.citation and post.citation.url:
        yield from _clues_of_link(post.citation.url, "citation.url")
    for link in links_in(post.text):
        yield from _clues_of_link(link, "text")


def _clues_of_link(link: str, field: str) -> Iterator[_Clue]:
    for key in _link_keys(link):
        yield _Clue(key, "url", field, link)


def _title_clues(post: Post) -> Iterator[_Clue]:
    for field, text in _title_offers(post):
        key = title_key(text) if text else ""
        if key:
            yield _Clue(f"t:{key}", "title", field, text)


def _title_offers(post: Post) -> list[tuple[str, str]]:
    """A title field, or the 【…】 at the head of a text; the first line stands in where a post has no title."""
    offers = [("title", post.title), ("title", bracket_title(post.title)), ("text", bracket_title(post.text))]
    if not post.title:
        offers.append(("text", first_line(post.text)))
    if post.citation:
        offers += [("citation.title", post.citation.title), ("citation.title", bracket_title(post.citation.title))]
    return offers


_Offer = tuple[str, str, str]
"""A field's name, what it says, and that normalised."""


def _surroundings(post: Post) -> list[_Offer]:
    """Return where an article's title may stand among other words."""
    offers = [("title", post.title), ("text", post.text[:NEAR_TEXT_LIMIT])]
    if post.citation:
        offers.append(("citation.title", post.citation.title))
    return [(field, text, normalise_words(text)) for field, text in offers if text]


def _shortened(post: Post) -> list[_Offer]:
    """Return what may be the head or another part of an article's title."""
    offers = ((field, text, normalise_title(text)) for field, text in dict.fromkeys(_title_offers(post)) if text)
    return [offer for offer in offers if len(offer[2]) >= NEAR_MINIMUM]


def _resembling(title: str, around: Iterable[_Offer], short: Iterable[_Offer]) -> _Offer | None:
    inside = next((offer for offer in around if title in offer[2]), None)
    return inside or next((offer for offer in short if len(offer[2]) >= NEAR_SHARE * len(title) and offer[2] in title), None)


def _article_keys(article: Article) -> Iterator[tuple[str, str]]:
    for origin in article.origins:
        reference = origin_of(origin)
        key = _post_key(reference) if reference else ""
        if key:
            yield key, origin
    for url in article.urls:
        for key in _link_keys(url):
            yield key, url
    key = title_key(article.title)
    if key:
        yield f"t:{key}", article.title


def origin_of(text: str) -> PostReference | None:
    """Read `platform:account:post`; None when it is not of that form. An account may be left empty where the post id is unique."""
    platform, _, rest = text.partition(":")
    account, _, post = rest.rpartition(":")
    return PostReference(platform.lower(), account, post) if platform and post else None


def _link_keys(link: str) -> tuple[str, ...]:
    canonical = canonical_url(link)
    if not canonical or not is_specific(canonical):
        return ()
    page = "u:" + hashlib.blake2b(canonical.encode("utf-8", "replace"), digest_size=8).hexdigest()
    reference = reference_of(canonical)
    post = _post_key(reference) if reference else ""
    return (post, page) if post else (page,)


def _post_key(reference: PostReference) -> str:
    """Return the key of a platform's post, "" where the id is not unique without the account that is missing."""
    post = reference.post
    if len(post) + len(reference.account) > ID_LIMIT:
        return ""
    if reference.platform == "weibo":
        post = post if post.isdigit() else bid_to_mid(post)
    if reference.platform in _UNIQUE_ALONE:
        return f"c:{reference.platform}:{post}" if post else ""
    if reference.platform == "wechat":
        return _wechat_key(reference.account, post)
    return f"c:{reference.platform}:{reference.account}:{post}" if reference.account else ""


def _wechat_key(account: str, post: str) -> str:
    """Read `mid_idx`, unique within its account, `account_mid_idx`, or the token of a short link, unique by itself."""
    numbers = post.split("_")
    if not all(number.isdigit() for number in numbers):
        return f"c:wechat:{post}" if _TOKEN.fullmatch(post) else ""
    if len(numbers) == 3:
        account, *numbers = numbers
    return f"c:wechat:{wechat_account(account)}:{'_'.join(numbers)}" if account else ""


def _own_keys(post: Post) -> tuple[str, ...]:
    """Return the keys an article has if this very post is its original; no more than two, since every stored post has them."""
    native = post.id.removeprefix(f"{_platform(post)}:{post.account_id}:")
    by_id = _post_key(PostReference(_platform(post), "", native))
    # Where the id alone names the post, its link would only say the same at greater cost.
    by_link = _link_keys(post.url)[:1] if post.url and not by_id else ()
    return tuple(dict.fromkeys(key for key in (by_id, *by_link) if key))


def _platform(post: Post) -> str:
    return post.id.partition(":")[0]
