"""What the HTML of a WeChat article holds beside its words: pictures alone, or little more than one link. Pure.

Platform reference: wechat.md, section 8, points 8 and 9.
"""

from __future__ import annotations

import re

from adapters.reading.values import FEW_WORDS, web_url
from monitor.matching.urls import links_in

SHORT_BODY = 80
"""A body of fewer characters is a hint at its link; a longer one only mentions its links."""
_LINK = re.compile(r"""<a\b[^<>]{0,2000}?\bhref\s*=\s*["']([^"'<>]{8,2000})["']""", re.IGNORECASE)
_SHOWS = re.compile(
    r"<(?:img|iframe|video|audio|svg|canvas|object|embed|mp-?[a-z])|background(?:-image)?\s*:[^;<>]{0,200}url\(", re.IGNORECASE
)
"""Pictures stand in styles, too: those that open at a touch are drawn like that."""
_READ = 100_000
"""Characters of a body's markup in which its link is looked for."""


def lone_link(body: str, text: str) -> str:
    """Return the link of a body that has little else, "" where it has none or is a text of its own."""
    if len(text) >= SHORT_BODY:
        return ""
    found = _LINK.search(body[:_READ])
    in_text = links_in(text, 1)
    return web_url(found[1] if found else in_text[0] if in_text else "")


def tells_all(body: str, text: str) -> bool:
    """Whether the words of a body are what it tells: what is written in its pictures or said in its films, nobody reads here."""
    return bool(text) and (len(text) >= FEW_WORDS or not _SHOWS.search(body))


def is_pictures_only(body: str, text: str) -> bool:
    """Whether a body shows pictures and no words."""
    return not text and "<img" in body
