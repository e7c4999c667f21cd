"""A post as it is weighed against key articles: the lines that may be its title, and all its words. Pure; made once per post."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.matching.bodies import Words
from monitor.matching.text import bracket_title, first_line, fold, normalise_title
from monitor.matching.urls import links_in
from monitor.model import Post

TITLE_MINIMUM = 6
"""Normalised characters a title needs to stand for an article: shorter ones (通知, 要闻速递) are shared by chance."""
SHORTEST_TITLE = 2
"""Normalised characters of a title that only makes a person look."""
OFFER_LIMIT = 320
"""Characters of a line that may be a title: the roster takes titles of 300."""
BODY_MINIMUM = 40
"""Folded characters beside the title that make a text worth comparing; fewer are an editor's word or a summary."""
BRACKETED_LINE = 80
"""Characters of a line that begins with 【…】 and may be a title as a whole: 【学习】习近平…. A longer one is title and text."""
SENTENCE_MINIMUM = 12
"""Characters before the first sentence of running text ends: 定了！ and 重磅！ are calls before a title."""
HEAD = 2_000
"""Characters of a text in which a title is looked for: further down it is a mention."""
BARE_LIMIT = 8
"""Folded characters beside a short link under which a post says nothing but where the link leads."""

SHORT_HOSTS = ("t.cn", "dwz.cn", "url.cn", "w.url.cn", "suo.im", "b23.tv", "m.tb.cn", "v.douyin.com", "z.toutiao.com", "is.gd", "bit.ly")
"""Hosts whose links say nothing of where they lead."""
_SHORT_LINK = re.compile(rf"https?://(?:{'|'.join(re.escape(host) for host in SHORT_HOSTS)})/[0-9A-Za-z]{{3,20}}(?![0-9A-Za-z/])")
_SENTENCE_END = re.compile(r"[。！？!?；;](?=[^”’」』）)】》\s])")
_HASHTAG = re.compile(r"[#＃]([^#＃\n]{6,100})[#＃]")
OWN_VIDEO = re.compile(r"的?(?:微博|秒拍|美拍|快手|抖音)视频")
"""What Weibo writes beside the link to a post's own video."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A line of the post that may be its title: where it stands, as it stands, and normalised.

    `running`: it is a sentence of the text. That may hold a title, but what else it says names no other document.
    """

    field: str
    text: str
    bare: str
    running: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The post, the lines that may be its title, those and shorter ones, and all its words."""

    post: Post
    offers: tuple[Offer, ...]
    lines: tuple[Offer, ...]
    text: str
    words: Words

    @property
    def size(self) -> int:
        """How many folded characters the words have."""
        return len(self.words.codes)

    @property
    def is_picture(self) -> bool:
        return self.post.kind == "picture"

    @property
    def may_be_summary(self) -> bool:
        """Whether the text may be what an editor wrote below the title instead of the article itself."""
        return not self.post.whole and bool(self.post.title) and self.post.kind not in ("post", "text")

    def is_card(self, offer: Offer) -> bool:
        """Whether the line is what a forward or a link is called: the words of the post are then a comment, not what it heads."""
        cited = self.post.citation.title if self.post.citation else ""
        return offer.field == "citation.title" or (bool(cited) and offer.text == cited and cited not in self.post.text)

    def says_little_beside(self, offer: Offer) -> bool:
        """Whether nothing but the title tells what the post is: beside it stand few words, or perhaps not the post's own."""
        beside = self.size - len(offer.bare)
        return beside > 0 and (beside < BODY_MINIMUM or (self.may_be_summary and offer.field == "title"))

    def tags(self) -> Iterator[str]:
        """Yield the #话题# of title and text that are long enough to be a title."""
        text = f"{self.post.title[:OFFER_LIMIT]}\n{self.post.text[:HEAD]}"
        if "#" in text or "＃" in text:
            yield from _HASHTAG.findall(text)

    def _links(self) -> Iterator[str]:
        if self.post.citation and self.post.citation.url:
            yield self.post.citation.url
        yield from links_in(self.post.text)

    def bare_link(self) -> str:
        """Return the short link beside which the post says nothing, "" where it says something, or where it leads is known."""
        text = self.post.text
        if self.size >= 2 * BARE_LIMIT or "://" not in text or self.post.kind == "repost" or OWN_VIDEO.search(text):
            return ""
        if any(not _SHORT_LINK.fullmatch(link) for link in self._links()):
            return ""
        link = _SHORT_LINK.search(text)
        return link[0] if link and len(fold(_HASHTAG.sub("", text))) < BARE_LIMIT else ""


def read(post: Post) -> Reading:
    """Return the post as it is weighed."""
    offers: dict[str, Offer] = {}
    for field, text in _lines(post):
        if text and text not in offers and len(text) <= OFFER_LIMIT:
            bare = normalise_title(text)
            if len(bare) >= SHORTEST_TITLE:
                offers[text] = Offer(field, text, bare, running=field == "text" and "。" in text)
    repeated = not post.title or post.title in post.text[:OFFER_LIMIT]
    text = post.text if repeated else f"{post.title}\n{post.text}"
    if post.kind == "repost" and post.citation and post.citation.title not in text:
        # A forward shows the words of its original.
        text = f"{text}\n{post.citation.title}"
    told = tuple(offer for offer in offers.values() if len(offer.bare) >= TITLE_MINIMUM)
    return Reading(post, told, tuple(offers.values()), text, Words(text))


def _lines(post: Post) -> Iterator[tuple[str, str]]:
    """Yield a title field, and the 【…】 at the head of a text; the first line stands in where a post has neither."""
    yield "title", _sentence(post.title)
    yield "title", bracket_title(post.title)
    in_brackets = bracket_title(post.text)
    yield "text", in_brackets
    line = "" if post.title else first_line(post.text)
    if line and (not in_brackets or len(line) < BRACKETED_LINE):
        yield "text", _sentence(line)
    if post.citation:
        yield "citation.title", _sentence(post.citation.title)
        yield "citation.title", bracket_title(post.citation.title)


def _sentence(line: str) -> str:
    """Return the first sentence of running text; what it says further on is no part of a title, and names no other document."""
    if line.lstrip()[:1] in ("【", "[", "#") or (len(line) < BRACKETED_LINE and "。" not in line):
        return line
    end = _SENTENCE_END.search(line, SENTENCE_MINIMUM)
    return line[: end.end()] if end else line


def latest_moment(post: Post) -> datetime:
    """Return the last moment at which the post may have been published, as far as its source tells."""
    return post.published_at + timedelta(days=1) if post.precision == "day" else post.published_at


