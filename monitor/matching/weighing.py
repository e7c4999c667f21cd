"""One post and one article, seen by title and by text: carried, doubtful, refused, or nothing to do with each other. Pure.

Titles alone give false matches and texts alone cannot tell a bulletin from last week's; together they can (handbook 5.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monitor.matching.evidence import Doubt, Evidence
from monitor.matching.titles import Relation

BodyVerdict = Literal["same", "part", "alike", "template", "other"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is known of the pair. `body` is None where one of them has no text to compare.

    `rest` is what the post's title says beyond the article's, `clash` by which figures the titles part.
    `recurring`: the title is used again and again. `fresh`: the post came within days of the article, whatever the window.
    `short`: the post says no more than a sentence. `summary`: other words stand below the title, perhaps an editor's.
    `whole`: its text is known to its end, and too long for what an editor says of another.
    """

    relation: Relation
    body: BodyVerdict | None
    rest: str = ""
    clash: str = ""
    picture: bool = False
    in_window: bool = True
    fresh: bool = True
    recurring: bool = False
    whole: bool = False
    short: bool = False
    summary: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """`why` says in Chinese what spoke against a pair that was refused."""

    standing: Literal["found", "candidate", "refused"]
    by: Evidence
    doubt: Doubt | None = None
    why: str = ""


def weigh(seen: Sighting) -> Decision | None:
    """Decide one pair; None where nothing connects the two."""
    decision = _DECISIONS[seen.relation](seen)
    if decision is None or decision.standing != "found" or seen.in_window:
        return decision
    if decision.by in (Evidence.TITLE, Evidence.DRESSED_TITLE) and (seen.body is not None or not seen.recurring):
        # Late is not missing: a title of its own, or one with the text below, proves a repost weeks later too.
        return decision
    return _candidate(Doubt.RECURRING if seen.recurring and seen.body is None else Doubt.OUT_OF_WINDOW)


def _equal(seen: Sighting) -> Decision:
    by = Evidence.TITLE if seen.relation is Relation.EQUAL else Evidence.DRESSED_TITLE
    match seen.body:
        case "alike":
            return _candidate(Doubt.ALIKE)
        case "template":
            return _refused("标题一致，但文中数字、日期或届次不同")
        case "other" if seen.recurring and seen.whole:
            return _refused("标题反复使用，正文是另一篇")
        case "other" if not seen.in_window:
            return _refused("标题一致，但正文不同，且不在转载时间窗内")
        case "other":
            return _candidate(Doubt.OTHER_TEXT)
        case None if seen.picture:
            return _candidate(Doubt.PICTURE)
        case None if seen.recurring and seen.summary:
            # This week's bulletin or last week's: words that could be a summary of either do not tell.
            return _candidate(Doubt.OTHER_TEXT)
    return Decision("found", by)


def _part(seen: Sighting) -> Decision | None:
    said = _by_text(seen, "标题只是原标题的一部分，正文不同")
    return said or _by_less_than_a_title(seen, Evidence.TITLE_PART)


def _edited(seen: Sighting) -> Decision | None:
    return _by_text(seen, "标题相近，正文不同") or _by_less_than_a_title(seen, Evidence.EDITED_TITLE)


def _similar(seen: Sighting) -> Decision | None:
    match seen.body:
        case "part" if seen.short:
            return _by_less_than_a_title(seen, Evidence.TEXT)
        case "same" | "part":
            return Decision("found", Evidence.TEXT)
        case "alike":
            return _candidate(Doubt.ALIKE) if seen.in_window else None
        case "template" | "other":
            return _refused("标题相近，正文不同")
    if not seen.fresh or seen.recurring:
        return None
    return _candidate(Doubt.PICTURE if seen.picture else Doubt.TITLE_ALONE)


def _inside(seen: Sighting) -> Decision:
    return _by_text(seen, f"标题另有“{seen.rest}”，正文不同") or _candidate(Doubt.TITLE_ALONE)


def _by_text(seen: Sighting, why: str) -> Decision | None:
    """Return what the text decides under a title that is not quite the article's; `why` is what speaks against it where it is another.

    None where there is no text to compare and no picture either: then the title alone must tell.
    """
    match seen.body:
        case "same" | "part":
            return Decision("found", Evidence.TEXT)
        case "alike":
            return _candidate(Doubt.ALIKE)
        case "template" | "other":
            return _refused(why)
    return _candidate(Doubt.PICTURE) if seen.picture else None


def _by_less_than_a_title(seen: Sighting, by: Evidence) -> Decision | None:
    """A part of a title, or one with a word exchanged, says little: next month's news may be worded so, too."""
    if seen.recurring:
        return _candidate(Doubt.RECURRING) if seen.in_window else None
    return Decision("found", by) if seen.fresh else _candidate(Doubt.TITLE_ALONE)


def _other_document(seen: Sighting) -> Decision:
    if seen.body == "same":
        # An explanation with the whole text above or below it.
        return Decision("found", Evidence.TEXT)
    if seen.body == "part":
        # What is about the article may quote it; but so does an excerpt under a title of its own making.
        return _candidate(Doubt.ALIKE)
    return _refused(f"标题中的“{seen.rest}”表明是另一篇")


def _different(seen: Sighting) -> Decision | None:
    if seen.clash and seen.body != "same":
        return _refused(f"标题相近，但“{seen.clash}”不同")
    match seen.body:
        case "part" if seen.short:
            return _by_less_than_a_title(seen, Evidence.TEXT)
        case "same" | "part":
            return Decision("found", Evidence.TEXT)
        case "alike" if seen.in_window:
            return _candidate(Doubt.ALIKE)
        case "template":
            return _refused("文字大体相同，但数字、日期或届次不同")
    return None


def _candidate(doubt: Doubt) -> Decision:
    return Decision("candidate", Evidence.RESEMBLANCE, doubt)


def _refused(why: str) -> Decision:
    return Decision("refused", Evidence.RESEMBLANCE, why=why)


_DECISIONS = {
    Relation.EQUAL: _equal,
    Relation.DRESSED: _equal,
    Relation.PART: _part,
    Relation.INSIDE: _inside,
    Relation.OTHER_DOCUMENT: _other_document,
    Relation.EDITED: _edited,
    Relation.SIMILAR: _similar,
    Relation.DIFFERENT: _different,
}
