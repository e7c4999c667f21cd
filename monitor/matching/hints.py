"""What makes a person look at a post that neither title nor text leads to: a short title, one in a #tag# or among other words, a bare
short link. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from monitor.matching.evidence import Doubt
from monitor.matching.reading import HEAD, SHORTEST_TITLE, Reading
from monitor.matching.text import normalise_title, normalise_words
from monitor.model import Article

TAGGED_LIMIT = 80
"""Folded characters of a text beside which a fitting #话题# says nothing: the text itself then tells."""
MENTION_MINIMUM = 8
"""Normalised characters a title needs to be looked for inside other words."""
SHORT_MENTION = 4
"""Characters of a short title that is looked for inside the lines that may be a title: 惠民十条 in 樾洲“惠民十条”来了."""
TEXTLESS_LIMIT = 500
"""Articles without a text whose titles are looked for inside other words: half a millisecond a post."""
LINKED_ARTICLES = 20
"""Newest articles that a bare short link may stand for: a person cannot weigh more."""


class Hint(NamedTuple):
    """What makes a person look: the article's number, the post's words, and the doubt."""

    number: int
    text: str
    doubt: Doubt


class Hints:
    """Looks for such hints. `bare` are the normalised titles of the articles, `texts` whose text is known, `cores` them by title."""

    def __init__(self, articles: Sequence[Article], bare: Sequence[str], texts: Sequence[bool], cores: Mapping[str, Sequence[int]]) -> None:
        self._bare, self._cores = bare, cores
        self._newest = sorted(range(len(articles)), key=lambda number: articles[number].published_at, reverse=True)
        self._brief = [number for number in self._newest if SHORTEST_TITLE <= len(bare[number]) < MENTION_MINIMUM][:TEXTLESS_LIMIT]
        self._textless = [number for number in self._newest if not texts[number] and len(bare[number]) >= MENTION_MINIMUM][:TEXTLESS_LIMIT]

    def of(self, reading: Reading, live: Callable[[int], bool]) -> list[Hint]:
        """Return the hints of a post, one for an article; `live` tells by an article's number whether the post may carry it at all."""
        sorts = (self._linked(reading, live), self._briefly(reading), self._mentioned(reading), self._tagged(reading))
        hints = {hint.number: hint for sort in sorts for hint in sort}
        return [hint for number, hint in hints.items() if live(number)]

    def _briefly(self, reading: Reading) -> Iterator[Hint]:
        """Titles too short to prove anything: as a line of the post, or inside one."""
        for line in reading.lines if self._brief else ():
            for number in self._brief:
                bare = self._bare[number]
                if bare == line.bare or (len(bare) >= SHORT_MENTION and bare in line.bare):
                    yield Hint(number, line.text, Doubt.PICTURE if reading.is_picture else Doubt.TITLE_ALONE)

    def _tagged(self, reading: Reading) -> Iterator[Hint]:
        if reading.size >= TAGGED_LIMIT and not reading.is_picture:
            return
        for tag in reading.tags():
            for number in self._cores.get(normalise_title(tag), ()):
                yield Hint(number, tag, Doubt.PICTURE if reading.is_picture else Doubt.TITLE_ALONE)

    def _mentioned(self, reading: Reading) -> Iterator[Hint]:
        """Only for articles whose text nobody entered: with it, a mention is told from a repost."""
        if not self._textless:
            return
        words = normalise_words(reading.text[:HEAD])
        for number in self._textless:
            if self._bare[number] in words:
                yield Hint(number, reading.text, Doubt.TITLE_ALONE)

    def _linked(self, reading: Reading, live: Callable[[int], bool]) -> Iterator[Hint]:
        link = reading.bare_link()
        if link:
            yield from (Hint(number, link, Doubt.SHORT_LINK) for number in islice(filter(live, self._newest), LINKED_ARTICLES))
