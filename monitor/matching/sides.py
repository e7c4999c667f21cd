"""An article and its repost side by side, sentence by sentence: what stands on both sides, what was edited, left out, added. Pure.

Sentences are compared folded, so punctuation, script and line breaks are no difference; nor is it where a text is divided into
sentences, since a sentence counts as intact when its letters stand in a row anywhere in the other text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import Literal

from monitor.matching.stretches import NO_MARKS, POINT, Budget, Marks, Stretches, stretches
from monitor.matching.text import fold

TEXT_LIMIT = 20_000
"""Characters of each text that are compared; a long decision of a plenum has some 20,000."""
SENTENCE_LIMIT = 1_500
"""Sentences of each text that are compared: a text of the full length has about 500."""
SHORT = 6
"""Folded characters below which a sentence is found only as one of its own, or where the one before it ends: else it is chance."""
COMMON = 32
"""Sentences that may share a pair of characters before it says nothing about any of them; bounds the work, too."""
ALIKE = 0.6
"""Share of the shorter sentence's pairs of characters that an edited sentence keeps; under one topic unrelated ones reach 0.3."""

_LINK = r"https?://[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]*"
_SENTENCE = re.compile(rf"(?:{_LINK}|[^。！？!?；;\n])++(?:[。！？!?；;]++[”’」』）)】》\"]*+)?|[。！？!?；;]++", re.IGNORECASE)
_DATELINE = re.compile(r"[^，。！？\n]{0,30}?月[0-9０-９一二三十]{1,3}日(?:电|讯|消息)\s{0,4}(?:[（(][^）)\n]{0,60}[）)])?")
"""新华社北京5月15日电（记者…）, a sentence of its own: one leaves it out, another has the day of a later edition."""
_TITLE = re.compile(r"(?:[#＃][^#＃\n]{1,60}[#＃]\s{0,4}){0,4}【(?:[^【】\n]|【[^【】\n]{0,60}】){1,200}】")
"""How a Weibo post begins; the first sentence follows without a break."""
_TAIL = re.compile(r"(?:…|\.\.)[.…]{0,9}\s{0,4}(?:展开)?全文c?$")
"""What Weibo writes where it folds a text."""
_FURNITURE = re.compile(
    r"(?:时间|日期|来源|作者|编辑|责编|校对|审核|供稿|字号|字体)\s{0,4}[：:|｜丨]|(?:浏览|阅读|点击)\s{0,4}(?:次数|[量数：:])|^\s{0,9}[0-9]{4}[-/.年]"
)
_FURNITURE_LENGTH = 60
"""Characters of a line about a page rather than of its text: when it was put up, how often read, who edited it."""

Change = Literal["same", "edited", "missing", "added"]


@dataclass(frozen=True, slots=True)
class Side:
    """A row of the comparison: what the article says and what the repost says there, "" where it says nothing.

    `marks` are the stretches that differ, in an edited row only. `changed`: the wording itself was altered, which neither leaving out,
    nor adding, nor a slip of one character is. `figures` are numbers that stand in the same place and differ.
    """

    original: str
    repost: str
    change: Change
    marks: Marks = NO_MARKS
    changed: bool = False
    figures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sides:
    """All rows, in the article's order; what was added stands behind what it follows in the repost.

    `covered` is the share of the article's characters found in the repost, 0 for an article without text; `length` is how many folded
    characters it has. `head` and `foot` count the folded characters that were added before and behind. `cut` names the texts that were
    compared only up to `TEXT_LIMIT` or `SENTENCE_LIMIT`.
    """

    pairs: tuple[Side, ...]
    covered: float = 0.0
    length: int = 0
    head: int = 0
    foot: int = 0
    cut: frozenset[Literal["original", "repost"]] = frozenset()

    @property
    def paired(self) -> int:
        """How many rows have both sides."""
        return sum(side.change in ("same", "edited") for side in self.pairs)

    @property
    def changed(self) -> tuple[Side, ...]:
        """The rows whose wording was altered."""
        return tuple(side for side in self.pairs if side.changed)

    @property
    def changed_share(self) -> float:
        """The altered rows among those with both sides."""
        return len(self.changed) / self.paired if self.paired else 0.0

    @property
    def figures(self) -> tuple[tuple[str, str], ...]:
        return tuple(pair for side in self.pairs for pair in side.figures)

    def differing(self, limit: int = 6) -> tuple[tuple[str, str], ...]:
        """Return the first altered rows as (original, repost), those with other figures before the rest."""
        rows = sorted(self.changed, key=lambda side: not side.figures)
        return tuple((side.original, side.repost) for side in rows[:limit])


def side_by_side(original: str, repost: str) -> Sides:
    """Return both texts by sentence. Never raises; a second on hostile texts, milliseconds on real ones."""
    return _side_by_side(original[: TEXT_LIMIT + 1], repost[: TEXT_LIMIT + 1])


# A verdict and the page that explains it ask for the same pair.
@lru_cache(maxsize=8)
def _side_by_side(original: str, repost: str) -> Sides:
    left, right = _Text.of(original), _Text.of(repost)
    groups = _Groups(len(left.raw), len(right.raw))
    _join_equal(left, right, groups)
    standing = [*_standing_in(left, right), *((i, j) for j, i in _standing_in(right, left))]
    for i, j in [*standing, *_alike(left, right, standing)]:
        groups.join(i, j)
    return _told(left, right, groups)


@dataclass(slots=True)
class _Text:
    """A text's sentences, as they stand and folded. `intact`: found in the other text; `equal`: as which sentence of it, -1 for none."""

    raw: list[str]
    folded: list[str]
    cut: bool
    stream: str = field(init=False)
    starts: list[int] = field(init=False)
    intact: list[bool] = field(init=False)
    equal: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.stream = "".join(self.folded)
        self.starts = [0, *accumulate(len(each) for each in self.folded)][:-1]
        self.intact = [not each for each in self.folded]
        self.equal = [-1] * len(self.raw)

    @classmethod
    def of(cls, text: str) -> _Text:
        raw: list[str] = []
        folded: list[str] = []
        for sentence in _sentences(text[:TEXT_LIMIT]):
            bare = fold(POINT.sub("点", _TAIL.sub("", sentence)))
            if not bare and "://" not in sentence:
                continue
            if len(raw) == SENTENCE_LIMIT:
                return cls(raw, folded, True)
            raw.append(sentence)
            folded.append(bare)
        return cls(raw, folded, len(text) > TEXT_LIMIT)

    def altered(self) -> Iterator[int]:
        """Yield the sentences not found in the other text. A title tells in brief what a sentence tells at length: it is none of them."""
        return (number for number, intact in enumerate(self.intact) if not intact and not _TITLE.fullmatch(self.raw[number]))

    def between(self, start: int, end: int) -> range:
        """Return the sentences that have characters between two places of the stream."""
        return range(bisect_right(self.starts, start) - 1, bisect_left(self.starts, end))


def _sentences(text: str) -> Iterator[str]:
    for found in _SENTENCE.finditer(text):
        sentence = found[0].strip()
        while sentence and (opening := _TITLE.match(sentence) or _DATELINE.match(sentence)):
            yield opening[0].rstrip()
            sentence = sentence[opening.end() :].lstrip()
        if sentence:
            yield sentence


class _Groups:
    """Sentences of both texts that belong in one row."""

    def __init__(self, lefts: int, rights: int) -> None:
        self._lefts = lefts
        self._above = list(range(lefts + rights))

    def join(self, left: int, right: int) -> None:
        self._above[self._top(left)] = self._top(self._lefts + right)

    def rows(self) -> list[tuple[list[int], list[int]]]:
        """Return the sentences of each row, the rows in no order."""
        rows: dict[int, tuple[list[int], list[int]]] = {}
        for each in range(len(self._above)):
            left, right = rows.setdefault(self._top(each), ([], []))
            if each < self._lefts:
                left.append(each)
            else:
                right.append(each - self._lefts)
        return list(rows.values())

    def _top(self, each: int) -> int:
        while self._above[each] != each:
            self._above[each] = self._above[self._above[each]]
            each = self._above[each]
        return each


def _join_equal(left: _Text, right: _Text, groups: _Groups) -> None:
    """Join equal sentences one to one, in order."""
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for j in reversed(range(len(right.raw))):
        waiting[right.folded[j]].append(j)
    for i, folded in enumerate(left.folded):
        if folded and waiting.get(folded):
            j = waiting[folded].pop()
            left.intact[i] = right.intact[j] = True
            left.equal[i], right.equal[j] = j, i
            groups.join(i, j)


def _standing_in(text: _Text, other: _Text) -> Iterator[tuple[int, int]]:
    """Yield where the text's sentences stand in the other, however that is divided; a mere repetition is intact, but has no place."""
    at = 0
    for number, folded in enumerate(text.folded):
        if text.equal[number] >= 0:
            at = other.starts[text.equal[number]] + len(folded)
            continue
        found = _place(folded, other.stream, at)
        if found < 0:
            continue
        at = found + len(folded)
        text.intact[number] = True
        places = other.between(found, at)
        if not all(other.equal[place] >= 0 for place in places):
            yield from ((number, place) for place in places)


def _place(sentence: str, stream: str, at: int) -> int:
    """Return where a sentence stands in a stream, from `at` on if it can be; a short one only right there. -1 for nowhere."""
    if not sentence or stream.startswith(sentence, at):
        return at if sentence else -1
    if len(sentence) < SHORT:
        return -1
    found = stream.find(sentence, at)
    return found if found >= 0 else stream.find(sentence)


def _alike(left: _Text, right: _Text, standing: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield for each altered sentence the altered one of the other text that shares most with it, if that is enough.

    What already stands in the other as a whole speaks for no second sentence.
    """
    own, theirs = ({number: _pairs(text.folded[number]) for number in text.altered()} for text in (left, right))
    for i, j in standing:
        if j in theirs and left.intact[i]:
            theirs[j] -= _pairs(left.folded[i])
        if i in own and right.intact[j]:
            own[i] -= _pairs(right.folded[j])
    places: defaultdict[str, list[int]] = defaultdict(list)
    for j, pairs in theirs.items():
        for pair in pairs:
            places[pair].append(j)
    for i, pairs in own.items():
        shared = Counter(j for pair in pairs if len(places.get(pair, ())) <= COMMON for j in places.get(pair, ()))
        for j, _ in shared.most_common(1):
            if len(pairs & theirs[j]) >= ALIKE * max(min(len(pairs), len(theirs[j])), SHORT - 1):
                yield i, j


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}


def _told(left: _Text, right: _Text, groups: _Groups) -> Sides:
    budget = Budget()
    placed: list[tuple[tuple[int, int], Side]] = []
    found, before = 0, -1
    rows = groups.rows()
    homes = {j: lefts[0] for lefts, rights in rows if lefts for j in rights}
    behind: list[int] = []
    for j in range(len(right.raw)):
        before = homes.get(j, before)
        behind.append(before)
    for lefts, rights in rows:
        side, share = _row(left, right, lefts, rights, budget)
        found += share
        placed.append(((lefts[0], -1) if lefts else (behind[rights[0]], rights[0]), side))
    length, both = len(left.stream), [j for j in range(len(right.raw)) if j in homes]
    return Sides(
        pairs=tuple(side for _, side in sorted(placed, key=lambda each: each[0])),
        covered=found / length if length else 0.0,
        length=length,
        head=sum(len(each) for each in right.folded[: both[0]]) if both else len(right.stream),
        foot=sum(len(each) for each in right.folded[both[-1] + 1 :]) if both else 0,
        cut=_cut(left, right),
    )


def _cut(left: _Text, right: _Text) -> frozenset[Literal["original", "repost"]]:
    names: tuple[tuple[Literal["original", "repost"], bool], ...] = (("original", left.cut), ("repost", right.cut))
    return frozenset(name for name, cut in names if cut)


def _row(left: _Text, right: _Text, lefts: list[int], rights: list[int], budget: Budget) -> tuple[Side, int]:
    """Return the row, and how many of the article's folded characters the repost has of it."""
    original, repost = "".join(left.raw[i] for i in lefts), "".join(right.raw[j] for j in rights)
    intact = sum(len(left.folded[i]) for i in lefts if left.intact[i])
    if not lefts or not rights:
        return Side(original, repost, "missing" if lefts else "added"), intact
    kept, unaltered = all(left.intact[i] for i in lefts), all(right.intact[j] for j in rights)
    if kept and unaltered:
        return Side(original, repost, "same"), intact
    found = stretches(original, repost, budget)
    altered = not kept and not unaltered and not _is_furniture(original, repost)
    return Side(original, repost, "edited", found.marks, altered and found.altered, found.figures if altered else ()), max(
        intact, _matched(left, right, lefts, rights, found)
    )


def _matched(left: _Text, right: _Text, lefts: Iterable[int], rights: Iterable[int], found: Stretches) -> int:
    size = sum(len(left.folded[i]) for i in lefts)
    if found.matched is not None:
        return min(found.matched, size)
    own, theirs = (_pairs("".join(text.folded[n] for n in numbers)) for text, numbers in ((left, lefts), (right, rights)))
    return int(size * len(own & theirs) / len(own)) if own else 0


def _is_furniture(*texts: str) -> bool:
    return all(_DATELINE.fullmatch(text) or (len(text) <= _FURNITURE_LENGTH and _FURNITURE.search(text)) for text in texts)
