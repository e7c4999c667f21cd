"""What an overlap amounts to: the same text, a part of it, one that a person must look at, a template with other figures, or another.

The limits were chosen once, on the labelled sets that the design names, and lie where edited reposts (every twentieth character disturbed,
a quarter of the sentences gone) and other texts in the same frame part; each says which side it guards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monitor.matching.figures import Agreement
from monitor.matching.spans import Common

Verdict = Literal["same", "part", "alike", "template", "other"]

SHORT = 60
"""Characters up to which a post is a title or a sentence: too little for shares to mean much, so nearly every character must fit."""
SHORTEST = 8
"""Shared characters that can mean anything: less is a name and an office."""

MOST = 0.6
"""Of the article, in a post that is the same text: a quarter of the sentences gone, and errors in what is left."""
SOME = 0.3
"""Of the article, in a post that hardly says anything else: more than half of it cut. Less is an excerpt."""
ALL = 0.9
"""Of the article, in a post that may say much besides: a round-up, a long note of the editor's."""
OWN = 0.75
"""Of a post that is the article cut and edited; its errors and its own heading are the rest."""
EXCERPT = 0.88
"""Of a post that is an excerpt: a word in front (关注｜) and nothing else of its own."""
EXCERPT_MINIMUM = 55
"""Shared characters of an excerpt from anywhere in the article: one sentence of usual length stands in other texts too."""
STRANGE = 0.1
"""Of the post, other words and passages between shared ones: edits have up to a tenth, another visit in the same frame an eighth."""
STRANGE_EXCERPT = 0.04
"""The same in an excerpt, which is quoted and not edited."""
ALIKE = 0.7
"""Of the post or the article, in a pair that a person should see: less is the usual phrases of two texts on one thing."""
STRANGE_ALIKE = 0.25
"""Other words and passages in a pair that a person should see."""
ALIKE_TITLE = 0.6
"""Of the article's title, in a line that a person should see."""

TITLE_SHOWN = 0.85
"""Of the article's title, in a post that is this title with a word or two changed."""
SLACK = 6
"""Characters by which an edited title may be longer or shorter than the article's."""
OPENING_MINIMUM = 30
"""Characters of the article's opening sentence, quoted alone; shorter ones are the frame of many articles (…日下午，…在京会见…)."""
TRUE_COPY = 0.95
"""Of an opening sentence quoted alone; titles and names make the rest."""

FEW = 4
"""Differing figures that make a template even where most agree: errors disturb three in the longest texts, a new bulletin more."""
MANY = 0.3
"""Of the figures that can be compared, differing in a template of `FEW` or more."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Folded characters of the post, the article and its title. `before`, `after`: dress of a short post, words like 关注｜ and ！速看."""

    post: int
    article: int
    title: int
    before: int = 0
    after: int = 0


def verdict(common: Common, sizes: Sizes) -> Verdict:
    """Say what the overlap amounts to by its words: "same" and "part" hold unless the figures make it a template."""
    if common.shared < SHORTEST:
        return "other"
    if sizes.post <= SHORT:
        return _of_a_line(common, sizes)
    of_post, of_article = common.shared / sizes.post, common.found / sizes.article
    if not _is_carried(common, of_post, of_article):
        alike = max(of_post, of_article) >= ALIKE and common.strange <= STRANGE_ALIKE * common.shared
        return "alike" if alike and common.shared >= EXCERPT_MINIMUM else "other"
    return "same" if of_article >= MOST else "part"


def is_template(figures: Agreement, sizes: Sizes) -> bool:
    """Whether so many figures differ that it is another bulletin. One of two is enough: the date of a meeting is its name."""
    agree, differ = figures.agree, figures.differ
    if sizes.post <= SHORT:
        return differ > 0
    return differ > 0 and (differ >= agree or (differ >= FEW and differ >= MANY * (agree + differ)))


def _is_carried(common: Common, of_post: float, of_article: float) -> bool:
    strange = common.strange / (common.shared + common.strange)
    if of_article >= ALL and common.changed <= STRANGE_EXCERPT * common.shared:
        return True
    if strange <= STRANGE and (of_article >= MOST or (of_article >= SOME and of_post >= OWN)):
        return True
    return of_post >= EXCERPT and strange <= STRANGE_EXCERPT and common.shared >= EXCERPT_MINIMUM


def _of_a_line(common: Common, sizes: Sizes) -> Verdict:
    before, after = max(0, common.before - sizes.before), max(0, common.after - sizes.after)
    bare = sizes.post - min(common.before, sizes.before) - min(common.after, sizes.after)
    of_bare = common.shared / bare
    longer = common.reach - (sizes.post - common.before - common.after)
    whole = before + after == 0 and not common.strange
    if whole and common.titled >= TITLE_SHOWN * sizes.title and of_bare >= TITLE_SHOWN and longer <= SLACK:
        return "part"
    unbroken = before + after <= 1 and abs(longer) <= 1 and not common.strange
    if unbroken and common.first + SHORTEST <= sizes.title:
        return "part"
    if unbroken and common.shared >= OPENING_MINIMUM and of_bare >= TRUE_COPY and common.first <= sizes.title + 1:
        return "part"
    return "alike" if of_bare >= ALIKE and common.titled >= ALIKE_TITLE * sizes.title else "other"
