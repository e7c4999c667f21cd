"""Reads what strangers send, no more of it than is allowed."""

from __future__ import annotations

from aiohttp import web


async def read_body(request: web.Request, cap: int) -> bytes | None:
    """Return the body, None where it is over the cap; what comes after the cap is not read."""
    if (request.content_length or 0) > cap:
        return None
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_chunked(cap):
        size += len(part)
        if size > cap:
            return None
        parts.append(part)
    return b"".join(parts)
