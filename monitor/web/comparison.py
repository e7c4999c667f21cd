"""Two texts side by side, sentence by sentence, ready to be drawn: what differs is marked, what is long and equal is folded. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from monitor.matching.sides import Side, side_by_side
from monitor.matching.stretches import Span
from monitor.wording import plain

LINES_CAP = 800
"""Sentences that are shown: a report to a congress has some 600."""
FOLD_FROM = 5
"""So many equal sentences in a row are folded, all but the first and the last, which show where one is."""
SENTENCE_CAP = 2_000
"""Characters of one sentence that are shown; a text without any full stop is one sentence."""

Change = Literal["same", "edited", "slight", "missing", "added", "alone"]
"""What became of a sentence; `slight` is a difference that alters nothing: a slip, a date line, how often a page was read;
`alone` that there is no other text to compare with."""
_TEXTS = {"original": "原文", "repost": "转载"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a sentence; `marked` where the other side has something else."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of either side beside its counterpart; a side without one is empty."""

    change: Change
    original: tuple[Piece, ...]
    repost: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Sentences that are shown together, or folded away until asked for."""

    folded: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both texts; `alone` says why there is nothing to compare with, then the lines hold the one text that is there. `cut` names texts
    of which only the beginning was compared.
    """

    groups: tuple[Group, ...]
    counts: tuple[tuple[Change, str, int], ...]
    labels: dict[Change, str]
    alone: str = ""
    cut: str = ""
    left_out: int = 0


def compare(original: str, repost: str, *, whole: bool) -> Comparison:
    """Lay the texts side by side. Where the post is not known as a whole, what it lacks is said not to be seen, never to be gone."""
    compared = side_by_side(original, repost)
    alone = _alone(original, repost)
    lines = [replace(_line(side), change="alone") if alone else _line(side) for side in compared.pairs[:LINES_CAP]]
    labels = labels_of(whole)
    return Comparison(
        groups=(Group(False, tuple(lines)),) if alone else tuple(_folded(lines)),
        counts=() if alone else _counted(compared.pairs, labels),
        labels=labels,
        alone=alone,
        cut="和".join(name for key, name in _TEXTS.items() if key in compared.cut),
        left_out=max(0, len(compared.pairs) - LINES_CAP),
    )


def remembered(differs: object, now: str) -> Comparison:
    """Lay out the differing sentences that were kept with a repost, for a post that does not show them any more; `now` says why not."""
    pairs = [each for each in differs if _is_pair(each)] if isinstance(differs, Sequence) and not isinstance(differs, str) else []
    lines = tuple(_line(Side(left, right, "edited", changed=True)) for left, right in pairs)
    alone = f"{now}，以下是认定时记下的不同之处。" if lines else f"{now}，无法比对。"
    return Comparison(groups=(Group(False, lines),) if lines else (), counts=(), labels=labels_of(True), alone=alone)


def labels_of(whole: bool) -> dict[Change, str]:
    missing = "转载中没有" if whole else "未采集到"
    return {"same": "相同", "edited": "改动", "slight": "略有出入", "missing": missing, "added": "转载另有", "alone": ""}


def _is_pair(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2 and all(isinstance(each, str) for each in value)


def _alone(original: str, repost: str) -> str:
    if not plain(original[:SENTENCE_CAP]) and not plain(repost[:SENTENCE_CAP]):
        return "双方正文均未取得，无法比对。"
    if not original.strip():
        return "重要信息未附正文，无法逐句比对；以下是转载的正文。"
    return "" if repost.strip() else "未取得该条内容的正文，无法逐句比对；以下是原文。"


def _line(side: Side) -> Line:
    return Line(_change(side), _pieces(side.original, side.marks.original), _pieces(side.repost, side.marks.repost))


def _change(side: Side) -> Change:
    return "slight" if side.change == "edited" and not side.changed else side.change


def _pieces(text: str, marks: Sequence[Span]) -> tuple[Piece, ...]:
    """Cut a sentence at the ends of its marks; marks beyond what is shown are dropped."""
    shown = text[:SENTENCE_CAP]
    pieces: list[Piece] = []
    reached = 0
    for start, end in marks:
        pieces += (Piece(_printable(shown[reached:start])), Piece(_printable(shown[start:end]), True))
        reached = max(reached, end)
    pieces += (Piece(_printable(shown[reached:])), Piece("…" if len(text) > SENTENCE_CAP else ""))
    return tuple(piece for piece in pieces if piece.text)


def _printable(text: str) -> str:
    """Take out what cannot be shown, but leave a blank at either end: the next piece goes on right there."""
    shown = plain(text)
    if not shown:
        return " " if text.isspace() else ""
    return f"{' ' if text[0].isspace() else ''}{shown}{' ' if text[-1].isspace() else ''}"


def _folded(lines: Iterable[Line]) -> Iterable[Group]:
    for same, run in groupby(lines, key=lambda line: line.change == "same"):
        part = tuple(run)
        if same and len(part) >= FOLD_FROM:
            yield from (Group(False, part[:1]), Group(True, part[1:-1]), Group(False, part[-1:]))
        else:
            yield Group(False, part)


def _counted(pairs: Iterable[Side], labels: dict[Change, str]) -> tuple[tuple[Change, str, int], ...]:
    counts = Counter(_change(side) for side in pairs)
    return tuple((change, label, counts[change]) for change, label in labels.items() if counts[change])
