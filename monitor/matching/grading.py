"""Is a repost in order (规范转载)? Each reason why not, with what was measured and the limit it missed; pure (handbook 5.3).

Only what is known is held against an account: a text that may be cut by its source, a picture's words, where a short link leads are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from monitor.matching.attribution import is_source, names_of, source_in
from monitor.matching.evidence import Evidence, Match
from monitor.matching.reading import OWN_VIDEO
from monitor.matching.sides import Sides, side_by_side
from monitor.matching.text import bracket_title, first_line, fold, normalise_words, said
from monitor.matching.titles import Relation, Titles
from monitor.matching.urls import links_in
from monitor.matching.wishes import FormLimits, MatchingSettings
from monitor.model import Account, Article, Post

TEXT_MINIMUM = 60
"""Folded characters from which an article's text is one to measure by; fewer are a summary in its place."""
BODY_SHARE = 0.5
"""Share of the article's text that shows that the post carries it, whatever its title."""
PAIRED_MINIMUM = 3
"""Sentences with a counterpart from which alterations are counted where half the text is not there: two texts share stock phrases."""
CHANGED_MINIMUM = 2
"""Altered sentences at least: one may be a misprint that was put right, in either text."""
TITLE_REACH = 300
"""Characters at the head of a text in which its title stands."""
ROUND_UP = 1.4
"""Times the article's length that a post has which carries others too: its title is that of all of them."""
TEXT_REACH = 20_000
"""Characters of such a post in which the article's title is looked for, on a line of its own."""
PICTURE_WORDS = 40
"""Folded characters beside the title of a picture post from which its words are a text of their own."""
SHOWN_LIMIT = 200
"""Characters of a title or sentence in a detail."""

_TEXTUAL = frozenset({"article", "post", "text"})
"""Kinds of posts whose content is their text. What is said in a film or drawn on a poster is not known."""
_UNTITLED = frozenset({"post", "text"})
"""Kinds without a title of their own: what adapters call so is the first line, or that of a card. Their title stands in 【】."""
_TITLES = frozenset({Evidence.TITLE, Evidence.DRESSED_TITLE, Evidence.EDITED_TITLE, Evidence.TITLE_PART})
_SAME = frozenset({Relation.EQUAL, Relation.DRESSED})
_SHORT_LINK = re.compile(r"https?://(?:t\.cn|url\.cn|dwz\.cn|suo\.im|w\.url\.cn|t\.co|bit\.ly)/[0-9A-Za-z]", re.IGNORECASE)
_OWN_ARTICLE = re.compile(r"https?://(?:card\.)?weibo\.com/(?:ttarticle|article)/", re.IGNORECASE)
"""Behind such a card stands a Weibo account's own long text, which is not in the post."""
_STOCK = re.compile(
    r"(?:戳|点击|请点|猛戳)?(?:网页链接|阅读原文|查看原文|原文链接|全文链接|查看全文|阅读全文|链接|查看详情|详情请?(?:点击|戳|见)?)"
)


class Reason(StrEnum):
    """Why a repost is 转载不规范. `label` is what people read."""

    RETITLED = "retitled"
    UNSOURCED = "unsourced"
    LINK_ONLY = "link_only"
    CUT = "cut"
    PICTURE = "picture"
    CHANGED = "changed"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Reason.RETITLED: "改标题",
    Reason.UNSOURCED: "无来源",
    Reason.LINK_ONLY: "仅链接",
    Reason.CUT: "截断或摘要",
    Reason.PICTURE: "图片",
    Reason.CHANGED: "内容改动",
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """A reason with what was measured, the limit, and what to show of it; all in Chinese, for people."""

    reason: Reason
    measure: str
    limit: str
    detail: str = ""


def flaws(article: Article, post: Post, match: Match, wishes: MatchingSettings, account: Account | None = None) -> tuple[Flaw, ...]:
    """Return why the repost is not in order, in the order of `Reason`; nothing where it is, or where that cannot be told.

    Nothing for a match that is not found, for the original itself, and for the platform's own forward of it, whose card names the
    source and shows the whole. Of 仅链接 and 截断 the graver is given. `account` published the post; where it is the source itself, its
    name above the post says so.
    """
    if match.standing != "found" or match.by is Evidence.ORIGINAL or is_forward(post, match):
        return ()
    return tuple(_flaws(_Case(article, post, match, wishes, account)))


def is_forward(post: Post, match: Match) -> bool:
    """Whether the platform itself shows the original within the post: a forward, a formal 转载; not a share page, which shows a card."""
    return post.kind == "repost" or (match.by is Evidence.CITATION and post.kind != "share")


@dataclass(frozen=True)
class _Case:
    """What the reasons look at; the costly part is worked out when one of them asks for it."""

    article: Article
    post: Post
    match: Match
    wishes: MatchingSettings
    account: Account | None = None

    @property
    def limits(self) -> FormLimits:
        return self.wishes.form

    @property
    def title(self) -> str:
        """The post's own title, "" where it has none."""
        return (bracket_title(self.post.text) if self.post.kind in _UNTITLED else self.post.title).strip()

    @property
    def shown(self) -> tuple[str, ...]:
        """All that a reader may take for the title: a Weibo post's first 【…】 may hold a column or a call."""
        return (self.title, first_line(self.post.text), self.post.title) if self.post.kind in _UNTITLED else (self.title,)

    @property
    def textual(self) -> bool:
        """Whether all that a reader is given is known, and is text."""
        if not self.post.whole or self.post.kind not in _TEXTUAL or OWN_VIDEO.search(self.post.text):
            return False
        return not any(map(_OWN_ARTICLE.match, _links(self.post)))

    @cached_property
    def words(self) -> int:
        """How many folded characters stand beside title, links, tags and stock phrases."""
        rest = fold(_STOCK.sub(" ", said(self.post.text)))
        for title in (self.post.title, self.title, self.article.title):
            rest = rest.replace(normalise_words(title), "") if title else rest
        return len(rest)

    @cached_property
    def sides(self) -> Sides:
        return side_by_side(self.article.text, self.post.text)

    @property
    def comparable(self) -> bool:
        """Whether both texts are known, and as far as they are needed."""
        return self.textual and self.words > 0 and self.sides.length >= TEXT_MINIMUM and "repost" not in self.sides.cut

    @property
    def covered(self) -> float:
        """The share of the article that the post shows, by whichever measure sees more."""
        own = self.sides.covered if self.post.text and self.article.text else 0.0
        return max(own, self.match.covered or 0.0)


def _flaws(case: _Case) -> Iterator[Flaw]:
    if case.limits.retitled:
        yield from _retitled(case)
    yield from _unsourced(case)
    graver = next((found for reason in (_picture, _link_only, _cut) if (found := reason(case))), None)
    if graver:
        yield graver
    yield from _changed(case)


def _retitled(case: _Case) -> Iterator[Flaw]:
    if not case.title or _cut_off(case.title, case.article.title):
        return
    if case.match.by not in (Evidence.LINK, Evidence.CITATION, Evidence.TEXT) and case.covered < BODY_SHARE:
        return
    titles = Titles.of(case.wishes)
    compared = titles.compare(case.article.title, case.title)
    if not any(titles.compare(case.article.title, shown).relation in _SAME for shown in case.shown if shown) and not _heads(case):
        clash = f"（{compared.clash}）" if compared.clash else ""
        shown = f"原标题：{_shown(case.article.title)}；转载标题：{_shown(case.title)}{clash}"
        # A title that holds the whole of the article's is judged by what it has beyond.
        within = compared.share >= 1 and compared.rest.strip()
        measure = f"原标题之外另有：{_shown(compared.rest.strip())}" if within else f"与原标题重合 {_percent(compared.share)}"
        yield Flaw(Reason.RETITLED, measure, "除栏目名、来源等前后缀外与原标题一致", shown)


def _heads(case: _Case) -> bool:
    """Whether the article's title heads its text all the same: at the head of a post without a title field, or within a round-up."""
    title = normalise_words(case.article.title)
    if case.sides.length and len(fold(case.post.text)) >= ROUND_UP * case.sides.length and title:
        return any(title in normalise_words(line) for line in case.post.text[:TEXT_REACH].splitlines() if len(line) <= TITLE_REACH)
    return case.post.kind in _UNTITLED and bool(title) and title in normalise_words(case.post.text[:TITLE_REACH])


def _cut_off(title: str, whole: str) -> bool:
    """Whether a list showed only the head of the title."""
    return title.endswith(("…", "...")) and normalise_words(whole).startswith(normalise_words(title))


def _unsourced(case: _Case) -> Iterator[Flaw]:
    if not case.limits.unsourced or not case.textual or not fold(case.post.text) or _leads_back(case):
        return
    if case.account is not None and is_source(case.article, case.account.name, case.account.unit):
        return
    reach = case.limits.source_reach
    if not source_in(case.article, case.post.title, case.post.text, reach):
        names = "、".join(names_of(case.article)) or "任一来源"
        yield Flaw(
            Reason.UNSOURCED,
            f"标题、首尾各 {reach} 字和来源行均未写明来源",
            "写明发文单位或来源媒体",
            _shown(f"查找：{names}；常见媒体名；“来源：”“转自”“据……报道”等"),
        )


def _leads_back(case: _Case) -> bool:
    """Whether the post leads to the original by itself, or by a link of which we do not know where it leads."""
    citation = case.post.citation
    if case.match.by is Evidence.LINK or (citation and citation.post_id):
        return True
    return _SHORT_LINK.search(f"{citation.url if citation else ''} {case.post.text}") is not None


def _picture(case: _Case) -> Flaw | None:
    # Of a text post the title is the text.
    wordless = case.textual and case.post.kind != "text" and not fold(case.post.text)
    if not case.limits.picture or not (wordless or case.post.kind == "picture") or case.words >= PICTURE_WORDS:
        return None
    shown = "内容为图片或海报" if case.post.kind == "picture" else "未见文字"
    return Flaw(Reason.PICTURE, f"除标题外文字 {case.words} 字", "以文字刊载正文", shown)


def _link_only(case: _Case) -> Flaw | None:
    least = case.limits.link_only
    if least and case.post.kind == "share":
        return Flaw(Reason.LINK_ONLY, "分享页，不载正文", "刊载正文", _link(case.post))
    if not case.textual or case.words >= least or case.match.by not in (*_TITLES, Evidence.LINK) or not _link(case.post):
        return None
    if case.sides.length and case.covered >= (case.limits.cut_share or BODY_SHARE):
        return None
    return Flaw(Reason.LINK_ONLY, f"除标题和链接外文字 {case.words} 字", f"不少于 {least} 字", _link(case.post))


def _link(post: Post) -> str:
    return next((_shown(link) for link in _links(post)), "")


def _links(post: Post) -> tuple[str, ...]:
    cited = (post.citation.url,) if post.citation and post.citation.url else ()
    return (*cited, *links_in(post.text))


def _cut(case: _Case) -> Flaw | None:
    least = case.limits.cut_share
    if not least or not case.comparable or case.covered >= least:
        return None
    missing = next((side.original for side in case.sides.pairs if side.change == "missing"), "")
    measure = f"刊载原文 {_percent(case.covered)}（原文 {case.sides.length} 字）"
    return Flaw(Reason.CUT, measure, f"不低于 {_percent(least)}", f"未刊载：{_shown(missing)}" if missing else "")


def _changed(case: _Case) -> Iterator[Flaw]:
    most = case.limits.changed_share
    if most >= 1 or not case.comparable or (case.sides.paired < PAIRED_MINIMUM and case.covered < BODY_SHARE):
        return
    changed, share, figures = case.sides.changed, case.sides.changed_share, case.sides.figures
    if not figures and (len(changed) < CHANGED_MINIMUM or share <= most):
        return
    other = f"，数字不同 {len(figures)} 处" if figures else ""
    shown = "；".join(f"原文：{_shown(before)} 转载：{_shown(after)}" for before, after in case.sides.differing(2))
    yield Flaw(
        Reason.CHANGED,
        f"{case.sides.paired} 句中 {len(changed)} 句有改动（{_percent(share)}）{other}",
        f"改动不超过 {_percent(most)} 的句子，数字一致",
        shown,
    )


def _percent(share: float) -> str:
    """Cut, not rounded: 59.97 % is not the 60 % it misses."""
    return f"{int(share * 1_000 + 1e-6) / 10:g}%"


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN_LIMIT else text[: SHOWN_LIMIT - 1] + "…"
