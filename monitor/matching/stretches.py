"""Which stretches of two sentences differ, and which figures; pure. The sentences are known to belong together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from monitor.matching.numerals import in_digits
from monitor.matching.text import fold

WORK_LIMIT = 400_000
"""Pairs of characters that are compared for one pair of texts; real ones need some 20,000. Beyond, sentences are marked whole."""
SLIP = 1
"""Folded characters that may differ without altering a sentence: 的 for 地, 帐 for 账."""

_GAP = r"[ \u3000\u200b-\u200d\ufeff]{0,2}"
"""What typesetting and copying leave inside a number."""
_DIGITS = rf"[0-9０-９](?:{_GAP}[0-9０-９])*+"
POINT = re.compile(rf"(?<=[0-9０-９]){_GAP}[.．]{_GAP}(?=[0-9０-９])")
"""A decimal point. Folding would take it out: 5.2 and 52 would be one."""
_TOKEN = re.compile(rf"{_DIGITS}(?:[,，][0-9０-９]{{3}})*+(?:{_GAP}[.．]{_GAP}{_DIGITS})?|[〇零一二三四五六七八九十百千两]{{1,9}}+|[\s\S]")
_NUMERALS = frozenset("〇零一二三四五六七八九十百千两")

Span = tuple[int, int]


class Marks(NamedTuple):
    """The stretches that differ, as (start, end) in the article's sentence and in the repost's."""

    original: tuple[Span, ...] = ()
    repost: tuple[Span, ...] = ()


NO_MARKS = Marks()


@dataclass(frozen=True, slots=True)
class Stretches:
    """`altered`: more differs than a slip. `matched` counts the article's folded characters that the repost has, None if uncounted."""

    marks: Marks
    altered: bool
    figures: tuple[tuple[str, str], ...] = ()
    matched: int | None = None


@dataclass(slots=True)
class Budget:
    """How much may still be compared for one pair of texts."""

    left: int = WORK_LIMIT

    def takes(self, work: int) -> bool:
        if work > self.left:
            return False
        self.left -= work
        return True


class _Token(NamedTuple):
    folded: str
    start: int
    end: int


def stretches(original: str, repost: str, budget: Budget) -> Stretches:
    """Return what differs between two sentences as they stand. Never raises."""
    left, right = _tokens(original), _tokens(repost)
    head, tail = _common(left, right)
    a, b = left[head : len(left) - tail], right[head : len(right) - tail]
    if not budget.takes(len(a) * len(b)):
        return Stretches(Marks(_spans(original, [a]), _spans(repost, [b])), altered=True)
    changes = [(a[i:j], b[k:m]) for tag, i, j, k, m in _matcher(a, b).get_opcodes() if tag != "equal"]
    size = sum(max(_size(before), _size(after)) for before, after in changes)
    figures = tuple(_figures(changes, original, repost))
    marks = Marks(_spans(original, [before for before, _ in changes]), _spans(repost, [after for _, after in changes]))
    return Stretches(marks, size > SLIP or bool(figures), figures, _size(left) - sum(_size(before) for before, _ in changes))


def _tokens(text: str) -> list[_Token]:
    """Return the letters and numbers of a text, numbers in one form."""
    tokens = (_Token(_one_form(found[0]), found.start(), found.end()) for found in _TOKEN.finditer(text))
    return [token for token in tokens if token.folded]


def _one_form(token: str) -> str:
    if token[0] in _NUMERALS:
        # Behind what numbers something, numerals are read as a number.
        return in_digits(token + "号")[:-1]
    if len(token) == 1:
        return _letter(token)
    # Folding takes the points out: 5.2 and 52 would be one.
    return ".".join(fold(part) for part in re.split("[.．]", token))


@lru_cache(maxsize=8_192)
def _letter(character: str) -> str:
    return fold(character)


def _common(left: Sequence[_Token], right: Sequence[_Token]) -> tuple[int, int]:
    """Return how many tokens both begin with, and how many of the rest they end with."""
    most = min(len(left), len(right))
    head = next((n for n in range(most) if left[n].folded != right[n].folded), most)
    tail = next((n for n in range(most - head) if left[-1 - n].folded != right[-1 - n].folded), most - head)
    return head, tail


def _matcher(left: Sequence[_Token], right: Sequence[_Token]) -> SequenceMatcher[str]:
    return SequenceMatcher(None, [each.folded for each in left], [each.folded for each in right], autojunk=False)


_Change = tuple[Sequence[_Token], Sequence[_Token]]


def _size(tokens: Sequence[_Token]) -> int:
    return sum(len(token.folded.replace(".", "")) for token in tokens)


def _figures(changes: Sequence[_Change], original: str, repost: str) -> Iterator[tuple[str, str]]:
    """Yield the numbers of which one was put for the other, token by token; a number more or less is none."""
    for before, after in changes:
        for old, new in zip(before, after, strict=True) if len(before) == len(after) else ():
            texts = original[old.start : old.end], repost[new.start : new.end]
            # 一定 for 十分 is no other number: a numeral counts where it alone was replaced.
            alone = len(before) == 1 or all(text[0].isdecimal() for text in texts)
            if old.folded != new.folded and old.folded[0].isdecimal() and new.folded[0].isdecimal() and alone:
                yield texts


def _spans(text: str, runs: Sequence[Sequence[_Token]]) -> tuple[Span, ...]:
    return tuple((run[0].start, run[-1].end) for run in runs if run)
