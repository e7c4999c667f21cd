"""What two texts have in common, laid side by side: how much of each, and what stands in between.

The index finds runs of characters that both have; this module looks at the gaps between them. A gap in which both sides say nearly the
same is an edit or a typing error. A gap in which they say different things is another name in the same frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]
Ids = npt.NDArray[np.int32]
Covered = npt.NDArray[np.bool_]

RUN = 5
"""Characters of a run: four stand in many texts by chance, six lose half the runs of a text with an error in every twentieth character."""
GAP = 24
"""Characters between two runs up to which the gap is looked into: what is longer is a passage of its own, not an edit."""
SLIP = 8
"""Characters by which the two sides of an edit may differ in length."""
GAPS = 2_000
"""Gaps that are looked into; the rest of a text with more stays uncovered."""
NAME = 3
"""Characters in one place that are another word: an error or a synonym changes one or two, another name three or more."""

_WIDTH = 32
"""Bits that hold any position."""


@dataclass(frozen=True, slots=True)
class Common:
    """What a post and an article share, in characters of the folded texts.

    `shared`: of the post, standing in the article; `found`: of the article, standing in the post; `titled`: of its title among them.
    `changed`: other words in the post in the place of the article's; `strange`: those, and passages of its own between shared ones.
    `before`, `after`: what the post says before the first and after the last shared one. `first`, `reach`: where in the article the
    shared part begins, and from there to its end.
    """

    shared: int
    found: int
    titled: int
    changed: int
    strange: int
    before: int
    after: int
    first: int
    reach: int


@dataclass(frozen=True, slots=True)
class Places:
    """The runs of an article by id, and within each id by position."""

    ids: Ids
    positions: Ids

    def first(self, ids: Ids) -> tuple[Covered, Positions]:
        """Tell for each run whether the article has it, and where its places begin."""
        starts = np.searchsorted(self.ids, ids)
        starts[starts == len(self.ids)] = 0
        return self.ids[starts] == ids, starts

    def of(self, wanted: Ids) -> Positions:
        """Return all positions of these runs, which are sorted."""
        at = np.searchsorted(wanted, self.ids)
        at[at == len(wanted)] = 0
        every: Positions = self.positions[wanted[at] == self.ids].astype(np.int64)
        return every

    def have(self, ids: Ids, positions: Positions) -> Covered:
        """Tell for each run whether it stands at its position."""
        keys = (self.ids.astype(np.int64) << _WIDTH) + self.positions
        wanted = (ids.astype(np.int64) << _WIDTH) + positions
        at = np.searchsorted(keys, wanted)
        at[at == len(keys)] = 0
        found: Covered = keys[at] == wanted
        return found


def placed(at: Positions, ids: Ids, starts: Positions, places: Places) -> Positions:
    """Return where in the article each run of the post belongs; all of them stand there, their places beginning at `starts`.

    A title's words stand again in the opening sentence, and once more below. A run with several places belongs where it continues the
    last one before it that has one place, else where it leads to the next such, else at its first place.
    """
    to: Positions = places.positions[starts].astype(np.int64)
    follow = np.minimum(starts + 1, len(places.ids) - 1)
    several = (places.ids[follow] == ids) & (follow > starts)
    unsure = np.flatnonzero(several)
    if not len(unsure):
        return to
    order = np.arange(len(at))
    before = np.maximum.accumulate(np.where(several, 0, order))
    after = np.minimum.accumulate(np.where(several, len(at) - 1, order)[::-1])[::-1]
    for beside in (after[unsure], before[unsure]):
        wanted = to[beside] + at[unsure] - at[beside]
        stands = places.have(ids[unsure], wanted)
        to[unsure[stands]] = wanted[stands]
    return to


def common(post: str, article: str, title: int, at: Positions, to: Positions, every: Positions) -> Common:
    """Lay the texts side by side. The runs of the post at `at`, ascending, stand in the article at `to`; `every` are all their places.

    `title` is how many characters of the article, at its head, are its title. There must be at least one run.
    """
    mine, theirs = _covered(len(post), at), _covered(len(article), every)
    changed = _bridge(post, article, at, to, mine, theirs)
    start, end = int(at[0]), int(at[-1]) + RUN
    return Common(
        shared=int(np.count_nonzero(mine)),
        found=int(np.count_nonzero(theirs)),
        titled=int(np.count_nonzero(theirs[:title])),
        changed=changed,
        strange=_strange(mine[start:end]),
        before=start,
        after=len(post) - end,
        first=int(to.min()),
        reach=int(to.max() - to.min()) + RUN,
    )


def _covered(length: int, starts: Positions) -> Covered:
    begins = np.zeros(length - RUN + 1, dtype=np.bool_)
    begins[starts] = True
    covered = np.zeros(length, dtype=np.bool_)
    for offset in range(RUN):
        covered[offset : offset + len(begins)] |= begins
    return covered


def _bridge(post: str, article: str, at: Positions, to: Positions, mine: Covered, theirs: Covered) -> int:
    """Count as covered what both sides of a gap say; return how many characters of the post are other words."""
    steps, leaps = np.diff(at), np.diff(to)
    near = ((steps > RUN) | (leaps > RUN)) & (steps <= RUN + GAP) & (leaps > 0) & (np.abs(leaps - steps) <= SLIP)
    gaps = np.flatnonzero(near)[:GAPS]
    changed = 0
    sides = (at[gaps] + RUN, at[gaps + 1], to[gaps] + RUN, to[gaps + 1])
    for start, end, left, right in zip(*(side.tolist() for side in sides), strict=True):
        said, written = post[start:end], article[left:right]
        _keep(mine, start, said, written)
        _keep(theirs, left, written, said)
        other = sum(character not in written for character in said)
        changed += other if other >= NAME else 0
    return changed


def _keep(covered: Covered, start: int, said: str, written: str) -> None:
    for place, character in enumerate(said, start):
        if character in written:
            covered[place] = True


def _strange(inner: Covered) -> int:
    """Return how many characters stand uncovered in places of `NAME` characters or more."""
    edges = np.flatnonzero(np.diff(inner))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths >= NAME].sum())
