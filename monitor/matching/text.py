"""Titles, made comparable: what is left when width, case, punctuation, emoji, tags and links are taken away.

Real titles of one article differ in just these (handbook 5.4): 1,271 of 15,019 shared titles only in punctuation or spaces.
Traditional characters stay what they are.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata

KEY_MINIMUM = 6
"""Characters a normalised title needs to stand for an article: shorter ones (通知, 要闻速递) are shared by chance."""

TITLE_LIMIT = 4_000
"""Characters of a title that are looked at: the longest real one had 3,763."""

_LINK = re.compile(r"(?:https?://|www\.)[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]*", re.IGNORECASE)
_FACE = re.compile(r"[\[［][\u4e00-\u9fffA-Za-z]{1,8}[\]］]")
# Douyin's tags end at a blank, Weibo's at a second #; one of the first kind stands before another or at the end.
_TAG = re.compile(r"[#＃][^\s#＃]{1,40}(?=\s*$|\s+[#＃][^\s#＃])|[#＃][^#＃\n]{1,60}[#＃]")
_HEAD = re.compile(r"\s*(?:[#＃][^#＃\n]{1,60}[#＃]\s*)*【([^【】]{1,200})】")
_SEPARATORS = frozenset("丨")
"""A letter by Unicode's book, a rule between two parts of a title in practice."""
_INVISIBLE_MARKS = frozenset([0x34F, 0x20E3, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
_TABLE_LIMIT = 70_000
_FOLDS = 3
"""Times a character is folded: after two, none of Unicode's changes any more."""


def normalise_title(text: str) -> str:
    """Return the letters, digits and marks of the title in one form; idempotent.

    Links and [表情] go, a #话题# beside a title goes, a #话题# that *is* the title keeps its words.
    """
    text = _undressed(text)
    if "#" in text or "＃" in text:
        beside = _bare(_TAG.sub(" ", text))
        if len(beside) >= KEY_MINIMUM:
            return beside
    return _bare(text)


def normalise_words(text: str) -> str:
    """Return the text in the form of `normalise_title`, but with the words of every #话题# kept: a title may stand in one."""
    return _bare(_undressed(text))


def title_key(text: str) -> str:
    """Return 16 hex digits that equal titles share, or "" where too little is left to tell articles apart."""
    bare = normalise_title(text)
    if len(bare) < KEY_MINIMUM:
        return ""
    return hashlib.blake2b(bare.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def bracket_title(text: str) -> str:
    """Return what stands in a leading 【…】, where Weibo posts carry their title; "" when there is none."""
    found = _HEAD.match(text[:TITLE_LIMIT])
    return found[1].strip() if found else ""


def first_line(text: str) -> str:
    """Return the first line that is not blank."""
    return next((line.strip() for line in text[:TITLE_LIMIT].splitlines() if line.strip()), "")


def _undressed(text: str) -> str:
    text = text[:TITLE_LIMIT]
    if "&" in text:
        text = html.unescape(text)
    if ":" in text or "." in text:
        text = _LINK.sub(" ", text)
    if "[" in text or "［" in text:
        text = _FACE.sub(" ", text)
    return text


def _bare(text: str) -> str:
    # The table leaves letters and marks apart, in any order; NFKD orders the marks, NFC puts them together again.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKD", text.translate(_TABLE)))


class _Table(dict[int, str]):
    """What each character becomes, worked out when it is first met: faster than normalising the whole title.

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
    return "".join(character for character in text if _counts(character))


def _counts(character: str) -> bool:
    if character in _SEPARATORS or ord(character) in _INVISIBLE_MARKS:
        return False
    # Marks are vowels in Tibetan, Uyghur and Mongolian script; without them different words would become equal.
    return character.isalnum() or unicodedata.category(character).startswith("M")


_TABLE = _Table()
