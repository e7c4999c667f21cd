"""The one door to the platforms: one keep-alive session, bounded bodies, spaced requests, foreign errors translated.

It is the only importer of aiohttp's client. Nothing of a URL's query or of a header goes into an error text or a log:
both may hold a credential.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import xxhash
from aiohttp.http import HttpProcessingError
from asyncio_throttle.throttler import Throttler
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from adapters.unfolding import unfolder
from monitor.errors import RETRY_AFTER_CAP, AccountGone, AuthError, LookError, ParseError, RateLimited, TransportFault
from monitor.ports import Ledger, Quota

BODY_CAP = 5 * 1024 * 1024
"""Bytes of a decompressed body that we are willing to read; the largest honest page seen was 1 MB."""

CHUNK = 64 * 1024
ATTEMPTS = 3
HEAD_BYTES = 8_000
"""Bytes of a refused body that are handed on: enough for the characters an error keeps."""
PROBE_SECONDS = 5.0

USER_AGENT = "zhengwu-monitor/0.1 (+government account monitor; operated by the account owner's supervising office)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def digest(self) -> str:
        """The body's SHA-256 in hex: kept as evidence of what was seen. It costs as much as half a fetch, so take it once."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def fingerprint(self) -> str:
        """A hash that only tells whether the body is the same as last time: nobody could forge silence by it, and it is nearly free."""
        return xxhash.xxh3_128_hexdigest(self.body)

    @property
    def charset(self) -> str:
        """The codec the server names for the body; empty when it names none, UTF-8 or one that is not on our list.

        The list is short on purpose: some of Python's codecs need quadratic time on a hostile body.
        """
        parameter = self.headers.get("Content-Type", "").lower().partition("charset=")[2]
        return _CODECS.get(parameter.split(";")[0].strip(" \t\"'"), "")

    def utf8(self) -> bytes:
        """Return the body in UTF-8, whatever charset the server named."""
        return self.body.decode(self.charset, "replace").encode() if self.charset else self.body


_CODECS = {
    **dict.fromkeys(("gbk", "gb2312", "gb18030", "x-gbk", "cp936"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs"), "big5hkscs"),
    **dict.fromkeys(("utf-16", "utf-16le", "utf-16be"), "utf-16"),
}
Explain = Callable[[Answer], LookError | None]


@dataclass(slots=True)
class Lane:
    """What requests queue behind: spaced by the throttle, counted by the gate. `free_at`, on the loop's clock, is when a restart
    leaves it free."""

    throttle: Throttler | None
    gate: asyncio.Semaphore
    free_at: float = 0.0


@dataclass(slots=True)
class Door:
    """Fetches for all adapters. Open it with `async with`; `retry_wait` scales the pause between tries, in seconds."""

    rng: random.Random = field(default_factory=random.Random)
    body_cap: int = BODY_CAP
    retry_wait: float = 1.0
    connections: int = 100
    proxy_from_environment: bool = False
    ledger: Ledger | None = None
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
        form: Mapping[str, str] | None = None,
        seconds: float = 30.0,
        spacing: float = 0.0,
        in_flight: int = 1,
        quotas: Sequence[Quota] = (),
        redirects: int = 5,
        explain: Explain | None = None,
    ) -> Answer:
        """Fetch one body; wait for the lane first; try a `TransportFault` again, twice. Each try counts under the quotas.

        Send credentials with `redirects=0`: a 3xx is then an answer like any other, and nothing travels to another host.

        `explain` is asked about every answer that is neither 2xx nor 304 and returns the error to raise, or None to get the
        answer itself; `by_status` is the default. Raises `LookError` only: `TransportFault`, `RateLimited`, `AuthError`,
        `AccountGone`, `ParseError` (a body over the cap, a broken encoding, an unusable URL).
        """
        limits = aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, 10.0))

        turn = self._lane(lane, spacing, in_flight)

        async def once() -> Answer:
            async with turn.gate:
                if turn.free_at:
                    await asyncio.sleep(turn.free_at - asyncio.get_running_loop().time())
                    turn.free_at = 0.0
                if turn.throttle is not None:
                    await turn.throttle.acquire()  # type: ignore[no-untyped-call]
                if self.ledger is not None:
                    self.ledger.take(lane, quotas)
                with _translated(url):
                    answer = await self._once(method, url, params, headers, json, form, limits, redirects)
            if 200 <= answer.status < 300 or answer.status == 304:
                return answer
            error = (explain or by_status)(answer)
            if error is not None:
                raise error
            return answer

        try:
            return await once()
        except TransportFault as fault:
            return await self._again(once, fault)

    async def _again(self, once: Callable[[], Awaitable[Answer]], fault: TransportFault) -> Answer:
        """Try again what has just failed once. The retrying is only made here: most fetches never need it, and making it costs."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransportFault),
            stop=stop_after_attempt(ATTEMPTS),
            wait=self._wait,
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                if attempt.retry_state.attempt_number == 1:
                    raise fault
                return await once()
        raise AssertionError("tenacity re-raises")  # pragma: no cover

    async def probe(self, url: str) -> str:
        """Return "" when some answer comes from the address, whatever it says; else what went wrong, in a word."""
        try:
            with _translated(url):
                await self._once("GET", url, None, None, None, None, aiohttp.ClientTimeout(total=PROBE_SECONDS), 0)
        except ParseError as error:
            # A body we cannot use is still an answer; only an address we cannot use is not.
            return str(error) if not host_of(url) else ""
        except LookError as error:
            return str(error)
        return ""

    def _wait(self, state: RetryCallState) -> float:
        """Full jitter over a doubling span, so that accounts that failed together do not return together."""
        return self.rng.uniform(0, min(self.retry_wait * 2.0**state.attempt_number, 10 * self.retry_wait))

    async def _once(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        json: Any,
        form: Mapping[str, str] | None,
        limits: aiohttp.ClientTimeout,
        redirects: int,
    ) -> Answer:
        if self._session is None:
            raise RuntimeError("the door is not open")
        async with self._session.request(
            method,
            url,
            params=params,
            headers=headers,
            json=json,
            data=form,
            timeout=limits,
            allow_redirects=redirects > 0,
            max_redirects=redirects,
        ) as response:
            body = await self._body(response)
            return Answer(response.status, response.headers, body, str(response.url))

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        encoding, length = response.headers.get("Content-Encoding", ""), response.content_length
        if not encoding and length is not None and length <= self.body_cap:
            # The parser reads no further than the stated length: nothing to count.
            return await response.content.read()
        unfold = unfolder(encoding)
        parts: list[bytes] = []
        size = raw = 0
        async for chunk in response.content.iter_chunked(CHUNK):
            raw += len(chunk)
            part = unfold.decompress(chunk, self.body_cap - size + 1)
            size += len(part)
            # What comes after the end of a compressed body unfolds to nothing, but must not be read for ever either.
            if max(size, raw) > self.body_cap:
                raise ParseError(f"body over {self.body_cap} bytes", head=b"".join(parts)[:HEAD_BYTES])
            parts.append(part)
        if raw and not unfold.eof:
            raise TransportFault("compressed body ends early", head=b"".join(parts)[:HEAD_BYTES])
        return b"".join(parts)

    def _lane(self, name: str, spacing: float, in_flight: int) -> Lane:
        lane = self._lanes.get(name)
        if lane is None:
            throttle = Throttler(rate_limit=1, period=spacing, retry_interval=min(0.2, spacing / 4)) if spacing else None
            rest = self.ledger.rested(name, spacing) if self.ledger is not None else 0.0
            free_at = asyncio.get_running_loop().time() + rest if rest else 0.0
            lane = self._lanes[name] = Lane(throttle, asyncio.Semaphore(in_flight), free_at)
        return lane


class _translated:
    """Turn every error of aiohttp, zlib, ssl and the socket into one of ours. What is left is a bug and passes through."""

    def __init__(self, url: str) -> None:
        self.host = host_of(url)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        ours = translate(error, self.host)
        if ours is None:
            return
        if isinstance(error, _QUOTE_THE_URL):
            raise ours from None
        raise ours from error


_QUOTE_THE_URL = (aiohttp.InvalidURL, aiohttp.ClientResponseError, UnicodeError)
"""Errors whose own text holds the whole URL: it must not reach a traceback, so they are not chained."""


def translate(error: BaseException | None, host: str = "") -> LookError | None:
    """Return our error for a foreign one, None for ours and for bugs. Texts name the host only: a query may hold a token."""
    match error:
        case None | LookError():
            return None
        case aiohttp.InvalidURL() | UnicodeError():
            return ParseError(f"unusable URL at {host or 'unknown host'}")
        case aiohttp.TooManyRedirects():
            return ParseError(f"{host}: too many redirects")
        case TimeoutError():
            return TransportFault(f"{host}: no answer in time")
        case aiohttp.ClientError() | OSError() | EOFError() | HttpProcessingError():
            return TransportFault(f"{host}: {type(error).__name__}")
        case zlib.error():
            return ParseError(f"{host}: broken compression")
    return None


def by_status(answer: Answer) -> LookError | None:
    """Return the error that an HTTP status alone means; adapters that can read the body decide before this."""
    where = f"{host_of(answer.url)}: HTTP {answer.status}"
    wait = retry_after(answer.headers)
    head = answer.body[:HEAD_BYTES]
    match answer.status:
        case 429:
            return RateLimited(where, retry_after=wait, head=head)
        case 503 if wait is not None:
            return RateLimited(where, retry_after=wait, head=head)
        case status if status >= 500:
            return TransportFault(where, head=head)
        case 401 | 403 | 407:
            return AuthError(where, head=head)
        case 404 | 410:
            return AccountGone(where, head=head)
        case 408 | 425:
            return TransportFault(where, head=head)
    return ParseError(where, head=head)


def by_status_alone(answer: Answer) -> LookError:
    """Return what an HTTP status means where the address names an interface, not an account: a 404 then blames the address."""
    error = by_status(answer)
    if error is None or isinstance(error, AccountGone):
        return ParseError(f"{host_of(answer.url)}: HTTP {answer.status}", head=answer.body[:HEAD_BYTES])
    return error


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return Retry-After in seconds, from seconds or an HTTP date; None when absent or unreadable.

    A date counts from the server's own `Date`, so no clock need agree; it has a resolution of one second, so one is added.
    The result lies between 0 and `RETRY_AFTER_CAP`.
    """
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", value):
        return min(float(value), RETRY_AFTER_CAP)
    until, served = _http_date(value), _http_date(headers.get("Date", ""))
    if until is None or served is None:
        return None
    return min(max(0.0, (until - served).total_seconds()) + 1.0, RETRY_AFTER_CAP)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value[:64])
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@lru_cache(maxsize=8192)
def host_of(url: str) -> str:
    """Return the host and port of a URL, without user, path or query; empty when it has none."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return ""
