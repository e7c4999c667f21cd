"""Is this title that title: equal, dressed up, a part of it, or another document's. Pure.

What separates a title in new clothes from a commentary on it is what stands beside it: a column, a medium, a call or a note is dress;
解读, 金句, 关于《…》的说明 is another document; of all else only the bodies tell (handbook 5.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from monitor.matching.affixes import Affixes, Peel
from monitor.matching.likeness import (
    SHORTENED_SHARE,
    STATEMENT,
    are_similar,
    exchanges,
    is_other_speaker,
    is_same,
    likeness,
    may_be_one,
    pairs,
)
from monitor.matching.numerals import Figures, clash, figures, in_digits, ranged
from monitor.matching.text import normalise_title, normalise_words
from monitor.matching.wishes import MatchingSettings

REACH = 500
"""Characters of a title that is taken apart: the longest real headline has some 150, more is a text."""
CORE = 6
"""Characters that must remain when known words are taken off: less is shared by chance."""
UNKNOWN_CORE = 8
"""Characters that must remain when a column is known by its shape only, and that a title needs to be looked for inside another."""
PART = 0.25
"""A clause shows at least so much of the article's title: real ones have two to four clauses."""
NEARLY = 0.85
"""Share of the article's pairs of characters by which its title stands in another one, but for a character or two."""
RECURRING = 30
"""Characters of a title that is used again and again at most: a longer one says what happened."""
MOSTLY = 0.6
"""Share below which a title that stands nearly whole in the article's is a clause of it, and says nothing of the rest."""
GENRE_REACH = 20
"""Characters behind an article's title in which a word names another document: further on it is running text."""
_KEPT = 1_000
"""Titles that are remembered taken apart: of some hundred live articles, and of the posts in hand."""
_OCCURRENCES = 8
"""Places of a clause in a title that are looked at."""

_WHICH = re.compile(r"[\d第至到年度月日号期次届季周旬上中下半〇一二三四五六七八九十]*")
_CLAUSES = re.compile(r"[\s、，,：:—–!！?？；;。…|｜丨▏·/【】-]+")

_TAG = re.compile(r"[#＃][^#＃\n]{1,60}[#＃]|[#＃][^\s#＃]{1,40}(?=\s|$)")
_OPENING = "【“‘「 "
# A figure, or a second clause, says which one it is.
_TELLING = re.compile(r"\d|第[一二三四五六七八九十]|\w[\s，,：:；;。！!—]+\w")


class Relation(StrEnum):
    """What a post's title is to an article's. `OTHER_DOCUMENT` names the article, but says that it is something else.

    `EDITED` is the same but for a word or two; `SIMILAR` may be the same, or what is written in the same words about another thing.
    """

    EQUAL = "equal"
    DRESSED = "dressed"
    PART = "part"
    INSIDE = "inside"
    OTHER_DOCUMENT = "other_document"
    EDITED = "edited"
    SIMILAR = "similar"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two titles compared. `rest`: what the longer has beyond, as it stands there; `share`: of the article's title in the post's, 0 to 1.

    `clash` names figures or words by which they speak of different things (another year, session, end); `relation` is then DIFFERENT.
    """

    relation: Relation
    rest: str
    share: float
    clash: str = ""

    @property
    def only_lacks_which(self) -> bool:
        """Whether a part leaves out nothing but which of many it is: a week, an issue, a quarter."""
        left_out = normalise_words(self.rest)
        return self.relation is Relation.PART and bool(left_out and _WHICH.fullmatch(left_out))


@dataclass(frozen=True, slots=True)
class _Core:
    """A title without some of its pieces: `text` normalised, numerals as digits; `start` and `end` in the title as it stands."""

    text: str
    start: int
    end: int
    column: str = ""
    long: bool = False


@dataclass(frozen=True, slots=True)
class _Title:
    """A title taken apart. `cores` begin with the whole one."""

    raw: str
    cores: tuple[_Core, ...]
    figures: Figures

    @property
    def text(self) -> str:
        return self.cores[0].text


class Titles:
    """The words by which titles are compared: those of the data file, and what the settings add."""

    def __init__(self, prefixes: tuple[str, ...] = (), suffixes: tuple[str, ...] = (), others: tuple[str, ...] = ()) -> None:
        self._affixes = Affixes(prefixes, suffixes, others)
        self._read = lru_cache(_KEPT)(self._take_apart)

    @classmethod
    def of(cls, wishes: MatchingSettings) -> Titles:
        """Return the titles that go by these settings, the same for the same settings."""
        return _titles(wishes.prefixes, wishes.suffixes, wishes.others)

    def cores(self, title: str) -> tuple[str, ...]:
        """Return the normalised title, then what remains of it without pieces that may be dress; numerals as digits; 17 at most.

        Titles that share one are worth a `compare`; those that share none are neither equal nor dressed.
        """
        whole, title = normalise_title(title), ranged(title)
        return tuple(dict.fromkeys((whole, *(core.text for core in self._cores(title, normalise_title(title))))))

    def compare(self, article: str, post: str) -> Compared:
        """Tell what the post's title is to the article's, both as they stand.

        1. Equal when normalised. 2. Figures that clash: different. 3. Equal without dress. 4. The article's title inside the post's,
        5. a clause of it, 6. nearly all of it beside words that name another document. 7. Edited, or similar. 8. Different.
        """
        left, right = self._read(article), self._read(post)
        if not left.text or not right.text:
            return Compared(Relation.DIFFERENT, "", 0.0)
        if left.text == right.text:
            return Compared(Relation.EQUAL, "", 1.0)
        share = _share(left, right)
        if figures := clash(left.figures, right.figures):
            return Compared(Relation.DIFFERENT, "", share, figures)
        return (
            _dressed(left, right)
            or self._inside(left, right)
            or self._part(left, right, share)
            or self._nearly(left, right, share)
            or self._edited(left, right, share)
            or Compared(Relation.DIFFERENT, "", share)
        )

    def recurring(self, title: str) -> bool:
        """Whether the title is used again and again (要闻速递, …会见…): alone it proves nothing beyond the time window."""
        core = self._read(title).cores[-1]
        if len(core.text) < CORE:
            return True
        if len(core.text) > RECURRING or _TELLING.search(title, core.start, core.end):
            return False
        return bool(self._affixes.recurring.fullmatch(core.text))

    def _take_apart(self, title: str) -> _Title:
        title = ranged(title)
        cores = tuple(self._cores(title, normalise_title(title)))
        return _Title(title, cores, figures(cores[0].text))

    def _cores(self, title: str, whole: str) -> Iterator[_Core]:
        title = title.replace("○", "〇")
        yield _Core(in_digits(normalise_title(title) if "〇" in title else whole), 0, len(title))
        if len(title) > REACH:
            return
        heads = self._affixes.heads(title)
        tails = self._affixes.tails(title)
        if len(heads) == len(tails) == 1:
            return
        # The least taken off first: what two titles share longest is what they have in common.
        for head, tail in sorted(((head, tail) for head in heads for tail in tails), key=lambda pair: pair[0].at - pair[1].at):
            if (head.at or tail.at < len(title)) and (core := _core(title, head, tail)):
                yield core

    def _inside(self, article: _Title, post: _Title) -> Compared | None:
        for core in article.cores:
            if len(core.text) < UNKNOWN_CORE:
                continue
            for whole in reversed(post.cores):
                at = _find(core.text, whole.text) if not whole.long else -1
                if at >= 0:
                    before, behind = whole.text[:at], whole.text[at + len(core.text) :][:GENRE_REACH]
                    other = self._names_another(before, behind) or bool(self._affixes.doings.search(before))
                    rest = _beyond(post.raw, post.text, core.text)
                    return Compared(Relation.OTHER_DOCUMENT if other else Relation.INSIDE, rest, 1.0)
        return None

    def _part(self, article: _Title, post: _Title, share: float) -> Compared | None:
        for core in post.cores:
            if len(core.text) < UNKNOWN_CORE or core.long:
                continue
            for at in _places(core.text, article.text):
                end = at + len(core.text)
                if end - _beginning(article) < UNKNOWN_CORE:
                    # The article's column, which others wear as well.
                    continue
                begins, ends = _clause(article, at, end)
                rest = _beyond(article.raw, article.text, core.text)
                if self._names_another(article.text[begins:at], article.text[end:ends]):
                    return Compared(Relation.OTHER_DOCUMENT, rest, share)
                enough = len(core.text) >= min(PART * len(article.text), STATEMENT)
                if enough and (at == 0 or (at == begins and end == ends)):
                    return Compared(Relation.PART, rest, share)
        return None

    def _nearly(self, article: _Title, post: _Title, share: float) -> Compared | None:
        if share < NEARLY and (share < MOSTLY or _share(post, article) < NEARLY):
            return None
        mine, other = self._genres(article), self._genres(post)
        return Compared(Relation.OTHER_DOCUMENT, "、".join(sorted(mine ^ other)), share) if mine != other else None

    def _edited(self, article: _Title, post: _Title, share: float) -> Compared | None:
        mine = article.cores[-1].text
        if share < SHORTENED_SHARE or len(mine) < UNKNOWN_CORE or self._genres(article) != self._genres(post):
            return None
        yours = max((core.text for core in post.cores), key=lambda text: likeness(mine, text))
        if not are_similar(mine, yours) or not may_be_one(mine, yours) or is_other_speaker(article.raw, post.raw):
            return None
        changes = exchanges(mine, yours)
        if any(change.is_place_for_place for change in changes):
            return None
        figure = next((f"{change.mine} ≠ {change.yours}" for change in changes if change.is_figure), "")
        if opposite := figure or self._opposite(mine, yours):
            return Compared(Relation.DIFFERENT, "", share, opposite)
        return Compared(Relation.EDITED if is_same(mine, yours) else Relation.SIMILAR, "", share)

    def _opposite(self, one: str, other: str) -> str:
        """Return two words by which the titles tell of two ends of one thing, "" for none."""
        for words in self._affixes.opposites:
            mine, yours = set(words.findall(one)), set(words.findall(other))
            if mine and yours and not mine & yours:
                return f"{min(mine)} ≠ {min(yours)}"
        return ""

    def _genres(self, title: _Title) -> set[str]:
        return set(self._affixes.genres.findall(title.cores[-1].text))

    def _names_another(self, *words: str) -> bool:
        return any(self._affixes.genres.search(each) and not self._affixes.graphics.search(each) for each in words)


@lru_cache(8)
def _titles(prefixes: tuple[str, ...], suffixes: tuple[str, ...], others: tuple[str, ...]) -> Titles:
    return Titles(prefixes, suffixes, others)


def _core(title: str, head: Peel, tail: Peel) -> _Core | None:
    text = in_digits(normalise_title(title[head.at : tail.at]))
    column = head.column + tail.column
    if len(text) < (UNKNOWN_CORE if column else CORE):
        return None
    return _Core(text, head.at, tail.at, column, head.long)


def _dressed(article: _Title, post: _Title) -> Compared | None:
    """Find what both are without dress. Two unknown columns may be two places' or two persons': then the bodies must tell."""
    worn = {core.text: core for core in reversed(post.cores)}
    for core in article.cores:
        other = worn.get(core.text)
        if other:
            unsure = other.long or (core.column and other.column and core.column != other.column)
            longer, kept = (post.raw, other) if other.text != post.text else (article.raw, core)
            rest = _joined(longer[: kept.start], longer[kept.end :])
            return Compared(Relation.INSIDE if unsure else Relation.DRESSED, rest, 1.0)
    return None


def _beginning(title: _Title) -> int:
    """Return where the title begins behind its column, in its normalised form."""
    return max(title.text.find(title.cores[-1].text), 0)


def _share(article: _Title, post: _Title) -> float:
    """Return how many of the article's pairs of neighbouring characters, without its dress, stand in the post's title."""
    own = pairs(article.cores[-1].text)
    return len(own & pairs(post.text)) / len(own)


def _places(part: str, whole: str) -> Iterator[int]:
    at = -1
    for _ in range(_OCCURRENCES):
        at = _find(part, whole, at + 1)
        if at < 0:
            return
        yield at


def _find(part: str, whole: str, start: int = 0) -> int:
    """Return where the part stands in the whole, -1 for nowhere; a figure is not cut in two (第1期 is no part of 第12期)."""
    at = whole.find(part, start)
    for _ in range(_OCCURRENCES):
        if at < 0 or not (_cuts(whole, at) or _cuts(whole, at + len(part))):
            return at
        at = whole.find(part, at + 1)
    return -1


def _cuts(text: str, at: int) -> bool:
    return text[max(at - 1, 0) : at].isdigit() and text[at : at + 1].isdigit()


def _clause(title: _Title, at: int, end: int) -> tuple[int, int]:
    """Return where the clauses begin and end that hold this stretch of the normalised title."""
    begins, reached = 0, 0
    for clause in _CLAUSES.split(_plain(title.raw[:REACH], title.text)):
        reached += len(in_digits(normalise_words(clause)))
        if reached >= end:
            return begins, reached
        begins = reached if reached <= at else begins
    return begins, len(title.text)


def _beyond(title: str, normalised: str, part: str) -> str:
    """Return what the title says before and behind the part, as it stands."""
    at = normalised.find(part)
    if at < 0 or len(title) > REACH:
        return normalised.replace(part, "…", 1).strip("…")[:REACH]
    plain = _plain(title, normalised)
    return _joined(title[: _offset(plain, at, False)].rstrip(_OPENING), title[_offset(plain, at + len(part), True) :])


def _plain(title: str, normalised: str) -> str:
    """Return the title with blanks for the #话题# that its normalised form does without."""
    kept = in_digits(normalise_words(title)) == normalised
    return title if kept else _TAG.sub(lambda tag: " " * len(tag[0]), title)


def _offset(title: str, length: int, behind: bool) -> int:
    """Return the offset in the title before which `length` characters of its normalised form stand: the last such, or the first."""
    low, high = 0, len(title)
    while low < high:
        middle = (low + high) // 2
        reached = len(in_digits(normalise_words(title[:middle])))
        if reached < length or (not behind and reached == length):
            low = middle + 1
        else:
            high = middle
    return low if behind or low == len(title) else max(low - 1, 0)


def _joined(before: str, behind: str) -> str:
    return "…".join(part for part in (before.strip(), behind.strip()) if part)
