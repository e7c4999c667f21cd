"""A look at the raw ids of a body, before it is parsed: where a platform knows no ETag, most pages show nothing new. Pure.

A peek is blind to edits and deletions, so every `FULL_EVERY`-th look at the same ids is parsed after all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import xxhash

from adapters.reading.values import text_of

FULL_EVERY = 8
"""With a look every half hour an edit is noticed within four hours."""


def peeked(body: bytes, ids: re.Pattern[bytes], doubt: re.Pattern[bytes] | None = None) -> str:
    """Return a fingerprint of the ids in their order; "" where there are none, or where the body holds a mark of doubt."""
    found = ids.findall(body)
    if not found or (doubt is not None and doubt.search(body)):
        return ""
    return xxhash.xxh3_128_hexdigest(b"\n".join(found))


def same(memory: Mapping[str, Any], fingerprint: str) -> bool:
    """Whether these ids were shown last time, and a full reading is not due yet."""
    looks = memory.get("peeks")
    return bool(fingerprint) and fingerprint == text_of(memory, "peek") and isinstance(looks, int) and 0 <= looks < FULL_EVERY - 1


def again(memory: Mapping[str, Any]) -> dict[str, Any]:
    """Return the memory after one more look at the same ids."""
    looks = memory.get("peeks")
    return {**memory, "peeks": looks + 1 if isinstance(looks, int) else 1}


def remembered(fingerprint: str) -> dict[str, Any]:
    """Return what a full reading adds to the memory."""
    return {"peek": fingerprint, "peeks": 0} if fingerprint else {}
