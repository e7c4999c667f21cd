"""A digest or report as it is laid out: headed figures, sections of lines or a table. Pure; the words are made elsewhere.

The same paper becomes plain text and a page. Every section is cut to its cap, and says what it left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.notify.pages import render_page, render_text

Tone = Literal["bad", "soon", "ours", "well", ""]

NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四", "十五")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in the head with its name."""

    name: str
    value: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry: what one reads first, then lines of small print, then words that stand out (`marks`). `link` opens the console."""

    text: str
    below: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    tone: Tone = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under their titles; the first column is text, the others are figures."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part. `notes` stand before the lines; `more` counts what was left out; `paste` is a text to be copied as it is."""

    title: str
    notes: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    table: Table | None = None
    more: int = 0
    paste: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """The whole of it. `lead` is said in sentences under the figures, `foot` at the end."""

    subject: str
    title: str
    date: str
    figures: tuple[Figure, ...]
    lead: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    foot: tuple[str, ...] = ()
    greeting: str = ""
    console: str = ""


def capped(title: str, lines: Sequence[Line], cap: int, *, notes: tuple[str, ...] = (), total: int | None = None) -> Section:
    """Return a section of the first `cap` lines; `total` is how many there are, where not all lines were made."""
    return Section(title, notes, tuple(lines[:cap]), more=max(0, (len(lines) if total is None else total) - cap))


def as_text(paper: Paper) -> str:
    """Return the paper as plain text."""
    return render_text("digest.txt.j2", paper=paper, numeral=numeral)


def as_page(paper: Paper) -> str:
    """Return the paper as HTML that needs nothing from elsewhere."""
    return render_page("digest.html.j2", paper=paper, numeral=numeral)


def numeral(number: int) -> str:
    """Return 一 for 1, as headings are numbered; beyond fifteen in figures."""
    return NUMERALS[number - 1] if 1 <= number <= len(NUMERALS) else str(number)
