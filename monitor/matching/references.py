"""What a post points at and what an article is known by, as short keys: `c:` a platform's post, `u:` a page. Pure look-ups of hashes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from monitor.matching.evidence import Evidence
from monitor.matching.ids import bid_to_mid
from monitor.matching.urls import PostReference, canonical_url, is_specific, links_in, reference_of, wechat_account
from monitor.model import Article, Post

ID_LIMIT = 200
"""Characters of a platform's post id; longer is no id."""
CLUE_LIMIT = 64
"""References of one post at most: a citation and twenty links make fewer."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_UNIQUE_ALONE = frozenset({"weibo", "douyin", "toutiao"})
"""Platforms whose post ids are unique by themselves. WeChat numbers the pushes of each account anew."""


@dataclass(frozen=True, slots=True)
class Clue:
    """What a post says in `field` that points at something: the key of it, and the words as they stand."""

    key: str
    by: Evidence
    field: str
    text: str


def clues_of(post: Post) -> list[Clue]:
    """Return what the post points at, the platform's own reference first, then links in their order."""
    return [*_citation_clues(post), *_link_clues(post)][:CLUE_LIMIT]


def keys_of_article(article: Article) -> Iterator[tuple[str, str]]:
    """Yield the keys by which a post points at the article, each with the article's own words for it."""
    for origin in article.origins:
        reference = origin_of(origin)
        key = _post_key(reference) if reference else ""
        if key:
            yield key, origin
    for url in article.urls:
        for key in _link_keys(url):
            yield key, url


def own_keys(post: Post) -> tuple[str, ...]:
    """Return the keys an article has if this very post is its original."""
    native = post.id.removeprefix(f"{_platform(post)}:{post.account_id}:")
    by_id = _post_key(PostReference(_platform(post), "", native))
    # Where the id alone names the post, its link would only say the same at greater cost.
    by_link = _link_keys(post.url)[:1] if post.url and not by_id else ()
    return tuple(dict.fromkeys(key for key in (by_id, *by_link) if key))


def origin_of(text: str) -> PostReference | None:
    """Read `platform:account:post`; None when it is not of that form. An account may be left empty where the post id is unique."""
    platform, _, rest = text.partition(":")
    account, _, post = rest.rpartition(":")
    return PostReference(platform.lower(), account, post) if platform and post else None


def _citation_clues(post: Post) -> Iterator[Clue]:
    citation = post.citation
    if citation and citation.post_id:
        key = _post_key(PostReference(_platform(post), citation.account, citation.post_id))
        if key:
            yield Clue(key, Evidence.CITATION, "citation.post_id", citation.post_id)


def _link_clues(post: Post) -> Iterator[Clue]:
    if post.citation and post.citation.url:
        yield from _clues_of_link(post.citation.url, "citation.url")
    for link in links_in(post.text):
        yield from _clues_of_link(link, "text")


def _clues_of_link(link: str, field: str) -> Iterator[Clue]:
    for key in _link_keys(link):
        yield Clue(key, Evidence.LINK, field, link)


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


def _platform(post: Post) -> str:
    return post.id.partition(":")[0]
