"""What stands before and behind a title without being part of it: columns, media, calls, notes. The words lie in `affixes.toml`. Pure.

A title is peeled from the outside in, piece by piece. A piece is taken off when its words are known, or when its shape alone shows
a column: a few characters before a rule, or in a leading 【】. What names another document (解读, 金句) is never taken off.
"""

from __future__ import annotations

import importlib.resources
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from monitor.matching.text import normalise_words

PIECES = 3
"""Pieces taken off either end at most: two stacked columns and a call are the most that real titles have."""
COLUMN = 8
"""Characters of an unknown column: 党建强会, 安康发布, 弘扬科学家精神; longer segments are statements."""
LONG_COLUMN = 30
"""Characters of a column in a leading 【】: 【走进茶乡看振兴·春茶时节】. It is believed of the article's own title only."""
_MEDIUM = 12
"""Characters of an unknown medium: 安康市融媒体中心客户端 has eleven."""
_REACH = 60
"""Characters at either end of a title within which a piece is looked for."""
_GAP = "{1,20}"
"""What … in a list stands for: a name or a subject, not a sentence."""
_SEGMENTS = 2_000
"""Segments whose kind is remembered: accounts use the same columns every day."""

_BRACKETS = dict(zip("【〖[［（(〔《「", "】〗]］）)〕》」", strict=True))
_CLOSING = {close: opening for opening, close in _BRACKETS.items()}
_RULE = "|｜丨▏│┃∣︱¦❘"
_COLON = ":：︰"
_WEAK = r"\s!！,，。;；·•/_~～\-—–"
_GAPS = re.compile(rf"(?:[{_RULE}{_COLON}{_WEAK}\u200b-\u200f\ufeff]+|[#＃][^#＃\n]{{1,60}}[#＃])*")
_MENTION = re.compile(r"(?:转发|回复)?/{0,2}[@＠][^\s@＠:：,，!！|丨｜]{1,20}[\s:：,，!！|丨｜]+")
_BEFORE_RULE = re.compile(rf"([^{_RULE}\n]{{1,30}})[{_RULE}]")
_BEFORE_COLON = re.compile(rf"([^{_COLON}\n]{{1,20}})[{_COLON}]")
_BEFORE_GAP = re.compile(rf"([^{_WEAK}{_COLON}]{{1,12}})[{_WEAK}]")
_TAG_BEHIND = re.compile(r"(?:\s*[#＃][^#＃\n]{1,40}[#＃]?|\s+[@＠][^\s@＠]{1,20}|\s*https?://[!-~]+)$", re.IGNORECASE)
_TAG_MARKS = frozenset("#＃@＠/")
_BEHIND_RULE = re.compile(rf"[{_RULE}]([^{_RULE}]{{1,30}})$")
_BEHIND_DASH = re.compile(r"[-—–_]([^-—–_]{1,16})$")
_BEHIND_GAP = re.compile(rf"[{_WEAK}{_COLON}]([^{_WEAK}{_COLON}]{{1,12}})$")
# 第三期丨… is another one than 第四期丨…; the bodies must tell.
_NUMBERED = re.compile(r"\d|第[一二三四五六七八九十]")
_TRAIL = "!！。.…~～、，, \t\n\u3000\u200b\ufeff" + _RULE


class Mark(Enum):
    """What parts a piece from the title."""

    BRACKET = "bracket"
    RULE = "rule"
    COLON = "colon"
    GAP = "gap"


class Kind(Enum):
    """Why a piece may be taken off: its words are known; its shape is a column's or a medium's; it is a long 【column】."""

    KNOWN = "known"
    COLUMN = "column"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Peel:
    """A title's end after some pieces were taken off: `at` is the offset, `column` the unknown ones among them, `long` a long one."""

    at: int
    column: str = ""
    long: bool = False


class Affixes:
    """The known words and the shapes of pieces. It knows nothing of articles and posts."""

    def __init__(self, prefixes: Iterable[str] = (), suffixes: Iterable[str] = (), others: Iterable[str] = ()) -> None:
        listed = _listed()
        self._calls = frozenset(_folded([*listed["media"], *listed["calls"]]))
        known = [*listed["media"], *listed["columns"], *listed["calls"], *listed["notes"], *listed["patterns"], *prefixes, *suffixes]
        self._shouts = shapes(listed["shouts"])
        self._known = frozenset(_folded(word for word in known if "…" not in word))
        self._patterns = shapes(word for word in known if "…" in word)
        self._endings, self._beginnings = tuple(listed["medium_endings"]), tuple(listed["medium_beginnings"])
        self._no_media = frozenset(listed["no_medium"])
        self.genres = any_of([*listed["genres"], *others])
        self.graphics = any_of(listed["graphics"])
        self.doings = any_of(listed["doings"])
        self.recurring = shapes(listed["recurring"])
        self.opposites = tuple(any_of(words) for words in listed["opposites"])
        self._kind = lru_cache(_SEGMENTS)(self._judge)

    def heads(self, title: str) -> list[Peel]:
        """Return the beginnings of the title: as it stands, and after each piece that may be taken off before it."""
        peels = [Peel(0)]
        while len(peels) <= PIECES and (following := self._head(title, peels[-1])):
            peels.append(following)
        return peels

    def tails(self, title: str) -> list[Peel]:
        """Return the ends of the title, likewise. A short title may be a piece by either; then nothing is left between."""
        peels = [Peel(len(title))]
        while len(peels) <= PIECES and (following := self._tail(title, peels[-1])):
            peels.append(following)
        return peels

    def _head(self, title: str, last: Peel) -> Peel | None:
        start = _skip(title, last.at)
        if mention := _MENTION.match(title, start):
            return Peel(_skip(title, mention.end()), last.column, last.long)
        for segment, end, mark in _segments_before(title, start):
            if kind := self._kind(segment, mark, True):
                return _further(last, _skip(title, end), kind, segment)
        return Peel(start, last.column, last.long) if start > last.at else None

    def _tail(self, title: str, last: Peel) -> Peel | None:
        floor = max(0, last.at - _REACH)
        rest = title[floor : last.at].rstrip(_TRAIL)
        if _TAG_MARKS.intersection(rest) and (tag := _TAG_BEHIND.search(rest)):
            return Peel(floor + tag.start(), last.column, last.long)
        for segment, begin, mark in _segments_behind(rest):
            if kind := self._kind(segment, mark, False):
                return _further(last, floor + begin, kind, segment)
        return None

    def _judge(self, segment: str, mark: Mark, leading: bool) -> Kind | None:
        words = normalise_words(segment)
        if not words or words in (self._calls if mark is Mark.GAP else self._known) or self._is_shout(words):
            return Kind.KNOWN
        if mark is Mark.GAP:
            return None
        if self._patterns.fullmatch(words):
            return Kind.KNOWN
        if self.genres.search(words) or self.graphics.search(words):
            return None
        return self._shape(segment, words, mark, leading)

    def _shape(self, segment: str, words: str, mark: Mark, leading: bool) -> Kind | None:
        if _NUMBERED.search(words):
            return None
        if leading and (mark is Mark.RULE or segment[0] in "【〖"):
            if len(words) <= COLUMN:
                return Kind.COLUMN
            return Kind.LONG if mark is Mark.BRACKET and len(words) <= LONG_COLUMN else None
        return Kind.COLUMN if self._is_medium(words) and segment[0] != "《" else None

    def _is_shout(self, words: str) -> bool:
        return len(words) <= COLUMN and bool(self._shouts.fullmatch(words))

    def _is_medium(self, words: str) -> bool:
        if not 3 <= len(words) <= _MEDIUM or words in self._no_media:
            return False
        return words.endswith(self._endings) or words.startswith(self._beginnings)


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that finds any of the words in a normalised text; the longest where several begin at one place."""
    folded = sorted(set(_folded(words)), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, folded)) or r"(?!)")


def shapes(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that a normalised text must match whole; … is a gap of 1 to 20 characters."""
    shapes = (f".{_GAP}".join(re.escape(normalise_words(part)) for part in word.split("…")) for word in words if normalise_words(word))
    return re.compile("|".join(shapes) or r"(?!)")


def _further(last: Peel, at: int, kind: Kind, segment: str) -> Peel:
    column = last.column if kind is Kind.KNOWN else last.column + normalise_words(segment)
    return Peel(at, column, last.long or kind is Kind.LONG)


def _segments_before(title: str, start: int) -> Iterable[tuple[str, int, Mark]]:
    opening = title[start : start + 1]
    if opening in _BRACKETS:
        close = title.find(_BRACKETS[opening], start, start + _REACH)
        if close > start + 1:
            yield title[start : close + 1], close + 1, Mark.BRACKET
        return
    for pattern, mark in ((_BEFORE_RULE, Mark.RULE), (_BEFORE_COLON, Mark.COLON), (_BEFORE_GAP, Mark.GAP)):
        if found := pattern.match(title, start):
            yield found[1], found.end(), mark


def _segments_behind(rest: str) -> Iterable[tuple[str, int, Mark]]:
    if rest[-1:] in _CLOSING:
        begin = rest.rfind(_CLOSING[rest[-1]])
        if begin >= 0:
            yield rest[begin:], begin, Mark.BRACKET
        return
    for pattern, mark in ((_BEHIND_RULE, Mark.RULE), (_BEHIND_DASH, Mark.RULE), (_BEHIND_GAP, Mark.GAP)):
        if found := pattern.search(rest):
            yield found[1], found.start(), mark


def _skip(title: str, at: int) -> int:
    found = _GAPS.match(title, at)
    return found.end() if found else at


def _folded(words: Iterable[str]) -> Iterable[str]:
    return (folded for word in words if (folded := normalise_words(word)))


@cache
def _listed() -> Mapping[str, Any]:
    text = importlib.resources.files("monitor.matching").joinpath("affixes.toml").read_text("utf-8")
    lists: dict[str, Any] = tomllib.loads(text)
    return lists
