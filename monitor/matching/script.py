"""Characters in one form: width, case, script and dress taken away, one character at a time.

A character becomes the letters, digits and marks that it stands for, or nothing. Each is worked out when it is first met: by Unicode's
compatibility forms, by case, and by OpenCC's table from traditional to simplified. The answer is kept twice: as strings for short
texts, and as an array of code points, by which a long text is folded in a few microseconds.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt
import opencc

Codes = npt.NDArray[np.uint32]
"""Code points of a folded text."""

_SEPARATORS = frozenset("丨")
"""A letter by Unicode's book, a rule between two parts of a title in practice."""
_INVISIBLE_MARKS = frozenset([0x34F, 0x20E3, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
_TABLE_LIMIT = 70_000
"""Characters remembered; all that are in use are fewer."""
_FOLDS = 3
"""Times a character is folded: after two, none of Unicode's changes any more."""
_SHORT = 48
"""Characters up to which a string look-up for each is cheaper than the fixed cost of the array's few steps."""
_IDEOGRAPHS = 0x2E80
"""Below stand no ideographs: OpenCC is not asked."""
_JAMO = range(0x1100, 0x1200)

# Values of the array that stand for no code point; 0 is what an array begins with, so unmet characters cost no memory.
_UNMET, _DROPPED, _LONG = 0, 1, 2


def bare(text: str) -> str:
    """Return the letters, digits and marks of the text in one form, and nothing else; idempotent."""
    if len(text) <= _SHORT:
        return _settled(text.translate(_TABLE))
    return bare_codes(text).tobytes().decode("utf-32-le")


def bare_codes(text: str) -> Codes:
    """Return `bare(text)` as code points."""
    codes = _code_points(text)
    folded = _ARRAY[codes]
    if not folded.all():
        _meet(np.unique(codes[folded == _UNMET]))
        folded = _ARRAY[codes]
    if (folded == _LONG).any():
        return _code_points(_settled(text.translate(_TABLE)))
    return folded[folded > _LONG]


def _code_points(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _settled(text: str) -> str:
    # The table leaves letters and marks apart, in any order; NFKD orders the marks, NFC puts them together again.
    return text if text.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFKD", text))


def _meet(codes: Codes) -> None:
    for code in codes.tolist():
        _ARRAY[code] = _array_value(_TABLE[code])


def _array_value(kept: str) -> int:
    if not kept:
        return _DROPPED
    plain = len(kept) == 1 and not unicodedata.category(kept).startswith("M") and ord(kept) not in _JAMO
    return ord(kept) if plain else _LONG


class _Table(dict[int, str]):
    """What each character becomes, worked out when it is first met: faster than normalising the whole text.

    Folded in the decomposed form: composing and folding undo each other for ever in U+03B0 and its kin.
    """

    def __missing__(self, code: int) -> str:
        kept = chr(code)
        for _ in range(_FOLDS):
            kept = _fold(kept)
        if len(self) < _TABLE_LIMIT:
            self[code] = kept
        return kept


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKD", text).casefold()
    return "".join(_simplified(character) for character in text if _counts(character))


def _simplified(character: str) -> str:
    if ord(character) < _IDEOGRAPHS:
        return character
    return str(_converter().convert(character)).translate(_BOTH)


_BOTH = str.maketrans("著衞瞭枱敍覆甦藉", "着卫了台叙复苏借")
"""Characters that stand for themselves or for another one, depending on the word and the place: both are folded to one."""


@cache
def _converter() -> opencc.OpenCC:
    # By character, not by phrase: 乾隆 and 干部 fold alike on both sides of a comparison, and an excerpt folds as the whole does.
    return opencc.OpenCC("t2s")


def _counts(character: str) -> bool:
    if character in _SEPARATORS or ord(character) in _INVISIBLE_MARKS:
        return False
    # Marks are vowels in Tibetan, Uyghur and Mongolian script; without them different words would become equal.
    return character.isalnum() or unicodedata.category(character).startswith("M")


_TABLE = _Table()
_ARRAY: Codes = np.zeros(0x110000, dtype=np.uint32)
