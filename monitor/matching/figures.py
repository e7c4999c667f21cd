"""Do the numbers of two texts agree? A weekly bulletin with other figures is not a repost, however much of its wording is the same.

Figures are read from folded texts: numbers (`2024`, `147`, of 14.7 too), and Chinese numerals where they count or name a day (第三次,
二〇二四年, 十四届). They are put beside each other by the words around them, in which every other figure is a blank: the same words
and the same figure agree, the same words and another figure differ, and a figure without a place in the other text says nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.matching.numerals import number_of

AROUND = 4
"""Characters on each side that place a figure: the words of a statistic (同比增长0) are no shorter, and a light edit breaks no more."""
FIGURES = 600
"""Figures that are read of one text: a long statistical bulletin has some 500."""

_NUMBER = re.compile(r"[0-9]+|[〇零一二两三四五六七八九十百千]+")
_COUNTED = frozenset("年月日号届次期批季起个项条件名人位家场")
_COUNTED_ONE = frozenset("月日号届季")
"""Behind a lone 一; with the others it is a word (一起, 一个, 一次)."""
_UNITS = frozenset("十百千")
_BLANK = "0"
_LONGEST = 16
"""Numerals of one number that are read: 九千九百九十九 has seven. What stands beyond is no number."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, and the words to its left and right."""

    value: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many figures of a post agree with the article's, and how many differ."""

    agree: int = 0
    differ: int = 0


def figures(folded: str) -> tuple[Figure, ...]:
    """Return the figures of a folded text with their surroundings, the first `FIGURES` of them."""
    found: list[tuple[str, int]] = []
    parts = [" " * AROUND]
    length, last = AROUND, 0
    for match in _NUMBER.finditer(folded):
        if not _counts(match, folded):
            continue
        parts += (folded[last : match.start()], _BLANK)
        length += match.start() - last
        found.append((_value(match[0]), length))
        length, last = length + 1, match.end()
        if len(found) == FIGURES:
            break
    parts += (folded[last : last + AROUND], " " * AROUND)
    blanked = "".join(parts)
    return tuple(Figure(value, blanked[at - AROUND : at], blanked[at + 1 : at + 1 + AROUND]) for value, at in found)


class Figures:
    """An article's figures by the words around them; made once for many posts."""

    def __init__(self, article: Sequence[Figure]) -> None:
        self._both: dict[tuple[str, str], list[str]] = {}
        self._left: dict[str, set[str]] = {}
        self._right: dict[str, set[str]] = {}
        for figure in article:
            self._both.setdefault((figure.left, figure.right), []).append(figure.value)
            self._left.setdefault(figure.left, set()).add(figure.value)
            self._right.setdefault(figure.right, set()).add(figure.value)

    def answer(self, figure: Figure, taken: Counter[tuple[str, str, str]]) -> bool | None:
        """Tell whether the article has this figure in its place, and not only where it is `taken`; None where it has no such place."""
        forms = _forms(figure.value)
        here = self._both.get((figure.left, figure.right))
        if here is None:
            near = [places[words] for places, words in ((self._left, figure.left), (self._right, figure.right)) if words in places]
            return any(form in values for values in near for form in forms) if near else None
        for form in forms:
            key = (figure.left, figure.right, form)
            if form in here and taken[key] < here.count(form):
                taken[key] += 1
                return True
        return False


def agreement(post: Sequence[Figure], article: Figures) -> Agreement:
    """Return how far the figures of the post stand in the same places of the article. Each figure of the article answers once."""
    taken: Counter[tuple[str, str, str]] = Counter()
    answers = [article.answer(figure, taken) for figure in post]
    return Agreement(answers.count(True), answers.count(False))


def _forms(value: str) -> tuple[str, ...]:
    # 24年 is short for 2024年.
    if len(value) == 2:
        return value, f"20{value}"
    return (value, value[2:]) if len(value) == 4 and value.startswith("20") else (value,)


def _counts(match: re.Match[str], folded: str) -> bool:
    """Whether the run is a figure: numerals stand in many words (一起, 统一, 十分), so a single one must be ordinal or be counted."""
    if match[0].isascii() or match.end() - match.start() > 1:
        return True
    before, behind = folded[match.start() - 1 : match.start()], folded[match.end() : match.end() + 1]
    return before == "第" or behind in (_COUNTED_ONE if match[0] == "一" else _COUNTED)


def _value(run: str) -> str:
    """Return the number in digits: 39 for 三十九, 2024 for 二〇二四; digits as they stand."""
    if run.isascii():
        return run
    return number_of(run if _UNITS.isdisjoint(run) else run[:_LONGEST])
