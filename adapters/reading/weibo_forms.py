"""In what form a Weibo post shows what it carries: whether its text is all there is to read, whether it is a picture alone. Pure.

Platform reference: weibo.md, sections 5.2, 6.2 and 11.
"""

from __future__ import annotations

import re

import msgspec

from adapters.reading.values import FEW_WORDS

PICTURES_SHOWN = 9
"""With more pictures than these the platform folds the post, whatever its text's length (section 6.2)."""

_NO_WORDS = re.compile(r"#[^#\n]{1,60}#|\[[^\[\]\n]{1,20}\]|@[\w-]{1,40}")
"""Topics, expressions and mentions: what stands around words."""
_OF_THE_PLATFORM = ("分享图片",)
"""What Weibo writes under a picture whose author wrote nothing."""
_NOTHING = (b"", b"null", b"[]", b"{}", b'""')
_LONGEST = 300
"""Characters of a text that is worth asking whether it says nothing; topics and expressions alone are shorter."""


def holds_any(*raws: msgspec.Raw) -> bool:
    """Whether any of these lists of pictures has one; they come as arrays and as objects."""
    return any(bytes(raw) not in _NOTHING for raw in raws)


def is_caption(text: str, pictures: bool) -> bool:
    """Whether a text may be no more than the caption of the pictures beside it, in which the article itself may stand."""
    return pictures and len(text) < FEW_WORDS


def says_nothing(text: str) -> bool:
    """Whether a text has no words beside topics, expressions and mentions."""
    if len(text) > _LONGEST:
        return False
    rest = _NO_WORDS.sub("", text).strip()
    return rest in _OF_THE_PLATFORM or not any(letter.isalnum() for letter in rest)
