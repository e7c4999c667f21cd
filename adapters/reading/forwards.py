"""What a Weibo post in a feed points at: RSSHub writes a retweet into the post's HTML. Pure.

Platform reference: weibo.md, section 4. The original's own link stands there only with `readable=1`; without it the author alone
is known, and the original's words have to do.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from adapters.reading.links import named_by
from adapters.reading.values import plain, unescape, web_url
from adapters.reading.weibo_links import LINKS, is_furniture, leads_on, unwrapped
from monitor.matching.ids import mid_to_bid
from monitor.matching.text import bracket_title
from monitor.model import Citation

QUOTE_LIMIT = 20_000
"""Characters of the quoted post that are read; a Weibo post has at most some 10,000 with its markup."""

_IN_TITLE = re.compile(r"(?:- 转发|🔁) ?@")
_LEAD = re.compile(r"^\s*(?:-\s*)?(?:转发|🔁)?\s*@(?P<name>\[[^\[\]]{1,40}\]|[^:：\s]{1,40})\s*[:：]?\s*")
_AUTHOR = re.compile(r"https?://(?:www\.)?weibo\.com/(?:u/)?([0-9]{5,12})(?=[\"'?#/<>\s])")
_POST = re.compile(r"https?://(?:www\.weibo\.com|weibo\.com|m\.weibo\.cn)/[0-9A-Za-z/]{5,60}")
_SOURCE = "原博："
_HREF = re.compile(r"href=[\"'](https?://[^\"'<>\s]{1,2000})[\"']")
_OWN = re.compile(r"https?://(?:[a-z]+\.)?weibo\.(?:com|cn)/(?!sinaurl|ttarticle)", re.IGNORECASE)
_WRAPS = re.compile("sinaurl|redirect")


class Forward(NamedTuple):
    """A retweet; `citation` is None where the original is gone and nothing of it is told."""

    citation: Citation | None


def forward_of(title: str, body: str) -> Forward | None:
    """Return what a post forwards, None when it is no retweet. The title comes unescaped, the body as HTML."""
    start = body.find("<blockquote")
    quote = body[start : start + QUOTE_LIMIT].partition(">")[2].partition("</blockquote>")[0] if start >= 0 else ""
    words = plain(quote)
    marked = _IN_TITLE.search(title)
    if not (marked or _SOURCE in words or re.match(r"\s*(?:- 转发|🔁)", words)):
        return None
    return Forward(_original(quote, words or (title[marked.start() :] if marked else "")))


def _original(quote: str, words: str) -> Citation | None:
    lead = _LEAD.match(words)
    if (lead and lead["name"].startswith("[")) or "weibo.com/sorry" in quote[:600]:
        # A deleted original: what stands there is Weibo's notice, not a post.
        return None
    before, mark, after = quote.partition(_SOURCE)
    link = _POST.search(after[:600]) if mark else None
    named = named_by(link[0], "weibo") if link else None
    author = _AUTHOR.search(before[:600]) or (_AUTHOR.match(link[0]) if link else None)
    account, mid = author[1] if author else "", named.native if named else ""
    text = words[lead.end() :] if lead else words
    title = bracket_title(text)
    url = f"https://weibo.com/{account}/{mid_to_bid(mid)}" if account and mid else ""
    return Citation(url=url, title=title, account=account, post_id=mid) if account or mid or title else None


def hides_more(body: str) -> bool:
    """Whether what a post tells may lie behind a link of its body: a film, or a short link that nobody resolved."""
    return any(leads_on(each[1]) for each in _HREF.finditer(body[:100_000]))


def outward(body: str) -> list[str]:
    """Return the links of a post that lead off Weibo's own pages, or to a Weibo article, each once and unwrapped."""
    found: dict[str, None] = {}
    for href in dict.fromkeys(each[1] for each in _HREF.finditer(body[:100_000])):
        if _OWN.match(href) and not _WRAPS.search(href):
            # Tags and people, ten to a post: not worth a closer look.
            continue
        link = unwrapped(web_url(unescape(href) if "&#" in href else href))
        if link and not _OWN.match(link) and not is_furniture(link):
            found[link] = None
        if len(found) >= LINKS:
            break
    return list(found)
