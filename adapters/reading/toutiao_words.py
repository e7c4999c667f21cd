"""What the author of a 微头条 wrote: whether a list shows it to the end, and the pages its links lead to. Pure.

Platform reference: toutiao.md, sections 4 and 10. How a list marks a text that it cuts is not documented: whatever looks like it counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from adapters.reading.values import FEW_WORDS, unescape, web_url

_CUT = re.compile(r"(?:\.{2,}|…|。{3,}|全文|展开|查看更多)[\s\u200b\]】)）>》]*$")
_TAIL = 40
_ANCHOR = re.compile(r"""<a\b[^<>]{0,1000}?\bhref\s*=\s*["']?(https?:[^"'\s<>]{4,2000})""", re.IGNORECASE)
_ANCHORS = 100
LINKS = 10
"""Links of a post that are kept, as of a Weibo post."""


def is_whole(words: str, *, shows: bool = False) -> bool:
    """Whether a text is there, does not look cut at its end, and is more than the caption of the pictures that the post `shows`."""
    return bool(words) and not _CUT.search(words[-_TAIL:]) and not (shows and len(words) < FEW_WORDS)


def pictured(lists: Iterable[msgspec.Raw]) -> bool:
    """Whether any of these lists of pictures has one."""
    return any(bytes(each) not in (b"", b"null", b"[]", b'""', b"{}") for each in lists)


def anchors(markup: str) -> list[str]:
    """Return the web addresses that the links of a marked-up text lead to, each once."""
    if "<a" not in markup:
        return []
    found = (web_url(unescape(each[1])) for _, each in zip(range(_ANCHORS), _ANCHOR.finditer(markup), strict=False))
    return list(dict.fromkeys(link for link in found if link))[:LINKS]
