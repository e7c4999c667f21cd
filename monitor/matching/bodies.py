"""Which articles a text stands in, or which stand in it: rare runs of characters as seeds, then both texts laid side by side.

A likeness that is the same from both sides can neither see an excerpt nor refuse a template. So two shares are taken: how much of the
post stands in the article, and how much of the article in the post; and their figures must agree. Runs of five characters are hashed to
64 bits and kept in sorted arrays: no strings of them, no dicts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from monitor.matching.figures import Agreement, Figure, Figures, agreement, figures
from monitor.matching.script import Codes, bare, bare_codes
from monitor.matching.spans import RUN, Ids, Places, Positions, common, placed
from monitor.matching.text import dress, fold, said
from monitor.matching.verdicts import SHORT, SHORTEST, Sizes, Verdict, is_template, verdict

Hashes = npt.NDArray[np.uint64]

SEEDS, SEED_SPREAD = 12, 8
"""A post with so many runs that so few articles have is looked for by these alone."""
PLACES = 1_500
"""Places of a post's rarest runs that are looked up where those are too few: a title of words that are in use everywhere."""
SEEN, SEEN_OF_SEEDS = 0.35, 0.35
"""Of the runs of the post, or of the article, that must be common to look further: the most edited reposts keep four tenths. And of the
seeds: the rare words of a repost lead to one article, those of other news to many."""
CANDIDATES = 4
"""Articles that are laid beside the post: the same frame has more, but the one that the words came from is among the first."""
RIVAL = 0.5
"""Of the best candidate's seeds, that another needs to be laid beside the post too."""
SPARSE_BITS, MOST_BITS = 2, 23
"""The table of heads is indexed by so many more bits of a hash than would number all runs, but by no more than take 32 MB."""

_FACTORS = tuple(np.uint64(factor) for factor in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))
"""Odd and without a pattern, so that neighbouring code points end far apart."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a post has in common with article `number`.

    `of_post`, `of_article`, `of_title`: shares of characters standing in the other text. `shared`: characters of the post standing in
    the article. `agree`, `differ`: figures in the same places of both.
    """

    number: int
    of_post: float = 0.0
    of_article: float = 0.0
    shared: int = 0
    agree: int = 0
    differ: int = 0
    verdict: Verdict = "other"
    of_title: float = 0.0


class BodyIndex:
    """The texts of articles, ready to be found in posts. `number` is an article's place in the order they were given.

    Ten thousand articles of 500 characters take some 230 MB and three seconds, and for a moment 300 MB.
    """

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        """Take (title, text) of each article."""
        self._titles = [len(fold(title)) for title, _ in texts]
        self._texts = [fold(f"{title}\n{text}") for title, text in texts]
        self._figures: dict[int, Figures] = {}
        self._sizes = np.array([max(0, len(text) - RUN + 1) for text in self._texts], dtype=np.int64)
        self._smallest = int(self._sizes.min()) if len(self._sizes) else 0
        self._bounds = np.concatenate(([0], np.cumsum(self._sizes)))
        self._sort()
        self._set_heads()

    def _sort(self) -> None:
        """Order all runs by their hash, for looking up, and within each article, for laying side by side."""
        runs = self._all_runs()
        order = np.argsort(runs, kind="stable")
        runs = runs[order]
        numbers = np.repeat(np.arange(len(self._sizes), dtype=np.int32), self._sizes)[order]
        new = np.ones(len(runs), dtype=np.bool_)
        new[1:] = runs[1:] != runs[:-1]
        self._known = runs[new]
        del runs
        ids = np.cumsum(new, dtype=np.int32) - 1
        # Of one run's places, only the first in each article counts towards its spread.
        new[1:] |= numbers[1:] != numbers[:-1]
        self._articles = numbers[new]
        self._starts = np.searchsorted(ids[new], np.arange(len(self._known) + 1, dtype=np.int32)).astype(np.int32)
        self._spread = np.diff(self._starts)
        by_article = np.argsort(numbers, kind="stable")
        self._ids = ids[by_article]
        self._positions = (order[by_article] - np.repeat(self._bounds[:-1], self._sizes)).astype(np.int32)

    def _all_runs(self) -> Hashes:
        runs = np.empty(int(self._bounds[-1]), dtype=np.uint64)
        for number, text in enumerate(self._texts):
            runs[self._bounds[number] : self._bounds[number + 1]] = _runs(_codes(text))
        return runs

    def _set_heads(self) -> None:
        """Note where the hashes with each head begin: most runs of most posts are known to be foreign, or found, after one look."""
        bits = min(len(self._known).bit_length() + SPARSE_BITS, MOST_BITS)
        self._shift = np.uint64(64 - bits)
        self._heads = np.full(1 << bits, -1, dtype=np.int32)
        # The last of those assigned to one place stays: from behind, that is the first.
        self._heads[self._known[::-1] >> self._shift] = np.arange(len(self._known) - 1, -1, -1, dtype=np.int32)

    def overlaps(self, post: Words, limit: int = CANDIDATES) -> list[Overlap]:
        """Return the articles that share so much with the post that a verdict may come of it, best first.

        Articles that share the same words come together; which of them is meant, their titles and dates must tell.
        """
        runs = _runs(post.codes)
        at, ids = self.look_up(runs)
        if len(ids) < SEEN * min(len(runs), self._smallest):
            return []
        found = [self.beside(number, post, at, ids) for number in self._candidates(ids, len(runs))]
        return sorted(found, key=_merit)[:limit]

    def look_up(self, runs: Hashes) -> tuple[Positions, Ids]:
        """Return where in the post the runs stand that any article has, and which those are."""
        heads = self._heads.take((runs >> self._shift).view(np.int64))
        at = (heads >= 0).nonzero()[0]
        ids, wanted = heads.take(at), runs.take(at)
        known = self._known.take(ids)
        missed = (known < wanted).nonzero()[0]
        if len(missed):
            further = self._known.searchsorted(wanted.take(missed))
            further[further == len(self._known)] = 0
            ids[missed] = further
            known[missed] = self._known.take(further)
        hit = (known == wanted).nonzero()[0]
        return at.take(hit), ids.take(hit)

    def _candidates(self, ids: Ids, runs: int) -> list[int]:
        """Return the articles that most of the post's rarest runs point to, likeliest first."""
        if len(ids) <= SHORTEST - RUN:
            return []
        seeds = self._seeds(ids)
        taken = len(seeds) / len(ids)
        counts = np.bincount(self._articles.take(self._places_of(seeds)))
        numbers = (counts > SHORTEST - RUN).nonzero()[0]
        if not len(numbers):
            return []
        seen = counts[numbers]
        of_post = (seen >= SEEN * taken * runs) & (seen >= SEEN_OF_SEEDS * len(seeds))
        enough = of_post | (seen >= SEEN * taken * self._sizes[numbers])
        numbers, seen = numbers[enough], seen[enough]
        best = np.argsort(-seen, kind="stable")[:CANDIDATES]
        return [int(number) for number in numbers[best[seen[best] >= RIVAL * seen[best[:1]]]]]

    def _seeds(self, ids: Ids) -> Ids:
        """Return the runs that the fewest articles have."""
        spread = self._spread.take(ids)
        few = (spread <= SEED_SPREAD).nonzero()[0]
        if len(few) >= SEEDS:
            return ids.take(few)
        order = np.argsort(spread, kind="stable")
        return ids[order[: max(1, int(np.searchsorted(np.cumsum(spread[order]), PLACES, side="right")))]]

    def _places_of(self, seeds: Ids) -> Positions:
        """Return the places of all articles that have the seeds, in the list of articles by run."""
        spread = self._spread.take(seeds)
        ends = spread.cumsum()
        places: Positions = (self._starts.take(seeds) - ends + spread).repeat(spread) + np.arange(int(ends[-1]))
        return places

    def beside(self, number: int, post: Words, at: Positions, ids: Ids) -> Overlap:
        """Lay one article beside the post, whose known runs `ids` stand at `at`."""
        own = slice(int(self._bounds[number]), int(self._bounds[number + 1]))
        places = Places(self._ids[own], self._positions[own])
        hit, starts = places.first(ids)
        found = int(np.count_nonzero(hit))
        if not found or found < SEEN * min(len(post.codes) - RUN + 1, int(self._sizes[number])):
            return Overlap(number)
        at, ids = at[hit], ids[hit]
        to, every = placed(at, ids, starts[hit], places), places.of(np.sort(ids))
        article = self._texts[number]
        both = common(post.words, article, self._titles[number], at, to, every)
        sizes = Sizes(len(post.words), len(article), self._titles[number], *post.dress)
        said = verdict(both, sizes)
        told = agreement(post.figures, self._figures_of(number)) if said != "other" else Agreement()
        return Overlap(
            number,
            of_post=both.shared / sizes.post,
            of_article=both.found / sizes.article,
            shared=both.shared,
            agree=told.agree,
            differ=told.differ,
            verdict="template" if is_template(told, sizes) else said,
            of_title=both.titled / sizes.title if sizes.title else 0.0,
        )

    def _figures_of(self, number: int) -> Figures:
        if number not in self._figures:
            self._figures[number] = Figures(figures(self._texts[number]))
        return self._figures[number]


class Words:
    """All words of a post (title, line break, body), in the forms they are asked for."""

    def __init__(self, text: str) -> None:
        self._said = said(text)
        self.codes = bare_codes(self._said)

    @cached_property
    def words(self) -> str:
        return self.codes.tobytes().decode("utf-32-le")

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        return figures(self.words)

    @cached_property
    def dress(self) -> tuple[int, int]:
        """How many characters of a short post are words like 关注｜ in front and ！速看 behind."""
        if len(self.codes) > SHORT:
            return 0, 0
        before, after = dress(self._said)
        return len(bare(before)), len(bare(after))


def _merit(overlap: Overlap) -> tuple[bool, float]:
    return overlap.verdict in ("template", "other"), -max(overlap.of_post, overlap.of_article)


def _codes(folded: str) -> Codes:
    return np.frombuffer(folded.encode("utf-32-le"), dtype=np.uint32)


def _runs(codes: Codes) -> Hashes:
    """Return the hash of each run of `RUN` characters, by where it begins."""
    if len(codes) < RUN:
        return np.zeros(0, dtype=np.uint64)
    first, second, third = _FACTORS
    wide = codes.astype(np.uint64)
    twos = wide[:-1] * first + wide[1:]
    fours = twos[:-2] * second + twos[2:]
    fives: Hashes = (fours[:-1] * third + wide[4:]) * first
    return fives
