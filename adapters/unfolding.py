"""Compressed bodies, unfolded piece by piece: the library would unfold a small bomb whole before we could count."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from monitor.errors import ParseError


class Unfold(Protocol):
    """Unfolds a body piece by piece, at most `limit` bytes at a time."""

    eof: bool

    def decompress(self, chunk: bytes, limit: int) -> bytes: ...


class _Identity:
    eof = True

    def decompress(self, chunk: bytes, limit: int) -> bytes:
        return chunk


class _Gzip:
    """Gzip, also in several members one after the other, as the standard allows. Rubbish behind the last one is ignored."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self.eof = False

    def decompress(self, chunk: bytes, limit: int) -> bytes:
        out = self._inner.decompress(chunk, limit)
        while self._inner.eof and len(out) < limit and self._inner.unused_data[:2] == b"\x1f\x8b":
            rest = self._inner.unused_data
            self._inner = zlib.decompressobj(zlib.MAX_WBITS | 16)
            out += self._inner.decompress(rest, limit - len(out))
        self.eof = self._inner.eof
        return out


class _Deflate:
    """Deflate as it is met: with a zlib head, as the standard says, or raw, as some servers send it."""

    def __init__(self) -> None:
        self._inner: Any = None
        self.eof = False

    def decompress(self, chunk: bytes, limit: int) -> bytes:
        if self._inner is None:
            zlib_head = chunk[0] & 0x0F == 8 and (len(chunk) < 2 or int.from_bytes(chunk[:2], "big") % 31 == 0)
            self._inner = zlib.decompressobj(zlib.MAX_WBITS if zlib_head else -zlib.MAX_WBITS)
        out = bytes(self._inner.decompress(chunk, limit))
        self.eof = bool(self._inner.eof)
        return out


_DECODERS: Mapping[str, Callable[[], Unfold]] = {
    "": _Identity,
    "identity": _Identity,
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
}


def unfolder(encoding: str) -> Unfold:
    """Return what unfolds a body of that Content-Encoding; raises `ParseError` for one we did not ask for."""
    made = _DECODERS.get(encoding.strip().lower())
    if made is None:
        raise ParseError(f"content encoding {encoding[:20]!r} was not asked for")
    return made()
