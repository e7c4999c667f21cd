"""The one door to the platforms: one keep-alive session, bounded bodies, spaced requests, foreign errors translated.

It is the only importer of aiohttp's client. Nothing of a URL's query or of a header goes into an error text or a log:
both may hold a credential.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from asyncio_throttle.throttler import Throttler
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from monitor.errors import AccountGone, AuthError, LookError, ParseError, RateLimited, TransportFault

BODY_CAP = 5 * 1024 * 1024
"""Bytes of a decompressed body that we are willing to read; the largest honest page seen was 1 MB."""

CHUNK = 64 * 1024
ATTEMPTS = 3
RETRY_AFTER_CAP = 24 * 3600.0
"""A server that asks for more than a day is not believed; the channel's own pause rules then."""

USER_AGENT = "zhengwu-monitor/0.1 (+government account monitor; operated by the account owner's supervising office)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is decompressed; `digest` is its SHA-256 in hex."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    digest: str
    url: str


Explain = Callable[[Answer], LookError | None]


@dataclass(slots=True)
class Lane:
    """What requests queue behind: spaced by the throttle, counted by the gate."""

    throttle: Throttler | None
    gate: asyncio.Semaphore
    last_used: float = 0.0


@dataclass(slots=True)
class Door:
    """Fetches for all adapters. Open it with `async with`; `retry_wait` scales the pause between tries, in seconds."""

    rng: random.Random = field(default_factory=random.Random)
    body_cap: int = BODY_CAP
    retry_wait: float = 1.0
    connections: int = 100
    proxy_from_environment: bool = False
    _session: aiohttp.ClientSession | None = None
    _lanes: dict[str, Lane] = field(default_factory=dict)

    async def __aenter__(self) -> Door:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.connections, keepalive_timeout=60),
            # We decompress ourselves: the library would unfold a small bomb in one piece before we could count.
            auto_decompress=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
            # A cookie set by one account's answer must not travel with another account's request.
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=self.proxy_from_environment,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fetch(
        self,
        lane: str,
        url: str,
        *,
        method: str = "GET",
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        seconds: float = 30.0,
        spacing: float = 0.0,
        in_flight: int = 1,
        explain: Explain | None = None,
    ) -> Answer:
        """Fetch one body; wait for the lane first; try a `TransportFault` again, twice.

        `explain` is asked about every answer that is neither 2xx nor 304 and returns the error to raise, or None to get the
        answer itself; `by_status` is the default. Raises `LookError` only: `TransportFault`, `RateLimited`, `AuthError`,
        `AccountGone`, `ParseError` (a body over the cap, a broken encoding, an unusable URL).
        """
        limits = aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, 10.0))
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransportFault),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=self.retry_wait, max=10 * self.retry_wait),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                async with self._turn(lane, spacing, in_flight):
                    with _translated(url):
                        answer = await self._once(method, url, params, headers, json, limits)
                if 200 <= answer.status < 300 or answer.status == 304:
                    return answer
                error = (explain or by_status)(answer)
                if error is None:
                    return answer
                raise error
        raise AssertionError("tenacity re-raises")  # pragma: no cover

    async def _once(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        json: Any,
        limits: aiohttp.ClientTimeout,
    ) -> Answer:
        if self._session is None:
            raise RuntimeError("the door is not open")
        async with self._session.request(
            method, url, params=params, headers=headers, json=json, timeout=limits, max_redirects=5
        ) as response:
            body = await self._body(response)
            return Answer(response.status, response.headers, body, hashlib.sha256(body).hexdigest(), str(response.url))

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        unfold = _decoder(response.headers.get("Content-Encoding", ""))
        parts: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_chunked(CHUNK):
            part = chunk if unfold is None else unfold.decompress(chunk, self.body_cap - size + 1)
            size += len(part)
            if size > self.body_cap:
                raise ParseError(f"body over {self.body_cap} bytes", head=b"".join(parts))
            parts.append(part)
        if unfold is not None and not unfold.eof:
            raise TransportFault("compressed body ends early", head=b"".join(parts))
        return b"".join(parts)

    @asynccontextmanager
    async def _turn(self, name: str, spacing: float, in_flight: int) -> AsyncIterator[None]:
        lane = self._lanes.get(name)
        if lane is None:
            throttle = Throttler(rate_limit=1, period=spacing, retry_interval=min(0.2, spacing / 4)) if spacing else None
            lane = self._lanes[name] = Lane(throttle, asyncio.Semaphore(in_flight))
        async with lane.gate:
            if lane.throttle is None:
                yield
            else:
                async with lane.throttle:
                    yield


class _Deflate:
    """Deflate as it is met: with a zlib head, as the standard says, or raw, as some servers send it."""

    def __init__(self) -> None:
        self._inner: Any = None

    def decompress(self, chunk: bytes, limit: int) -> bytes:
        if self._inner is None:
            zlib_head = bool(chunk) and chunk[0] & 0x0F == 8
            self._inner = zlib.decompressobj(zlib.MAX_WBITS if zlib_head else -zlib.MAX_WBITS)
        return bytes(self._inner.decompress(chunk, limit))

    @property
    def eof(self) -> bool:
        return self._inner is None or bool(self._inner.eof)


def _decoder(encoding: str) -> Any:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(zlib.MAX_WBITS | 16)
        case "deflate":
            return _Deflate()
        case other:
            raise ParseError(f"content encoding {other[:20]!r} was not asked for")


class _translated:
    """Turn every error of aiohttp, zlib, ssl and the socket into one of ours. What is left is a bug and passes through."""

    def __init__(self, url: str) -> None:
        self.host = host_of(url)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        ours = translate(error, self.host)
        if ours is not None:
            raise ours from error


def translate(error: BaseException | None, host: str = "") -> LookError | None:
    """Return our error for a foreign one, None for ours and for bugs. Texts name the host only: a query may hold a token."""
    match error:
        case None | LookError():
            return None
        case aiohttp.InvalidURL():
            return ParseError(f"unusable URL at {host or 'unknown host'}")
        case aiohttp.TooManyRedirects():
            return ParseError(f"{host}: too many redirects")
        case TimeoutError():
            return TransportFault(f"{host}: no answer in time")
        case aiohttp.ClientError() | OSError():
            return TransportFault(f"{host}: {type(error).__name__}")
        case zlib.error():
            return ParseError(f"{host}: broken compression")
    return None


def by_status(answer: Answer) -> LookError | None:
    """Return the error that an HTTP status alone means; adapters that can read the body decide before this."""
    where = f"{host_of(answer.url)}: HTTP {answer.status}"
    wait = retry_after(answer.headers)
    match answer.status:
        case 429:
            return RateLimited(where, retry_after=wait, head=answer.body)
        case 503 if wait is not None:
            return RateLimited(where, retry_after=wait, head=answer.body)
        case status if status >= 500:
            return TransportFault(where, head=answer.body)
        case 401 | 403 | 407:
            return AuthError(where, head=answer.body)
        case 404 | 410:
            return AccountGone(where, head=answer.body)
        case 408 | 425:
            return TransportFault(where, head=answer.body)
    return ParseError(where, head=answer.body)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return Retry-After in seconds, from seconds or an HTTP date; None when absent or unreadable.

    A date has a resolution of one second, so one is added. The result lies between 0 and `RETRY_AFTER_CAP`.
    """
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), RETRY_AFTER_CAP)
    try:
        until = parsedate_to_datetime(value)
        served = parsedate_to_datetime(headers["Date"]) if "Date" in headers else now or datetime.now(UTC)
        return min(max(0.0, (until - served).total_seconds()) + 1.0, RETRY_AFTER_CAP)
    except (TypeError, ValueError):
        return None


def host_of(url: str) -> str:
    """Return the host and port of a URL, without user, path or query; empty when it has none."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return ""
