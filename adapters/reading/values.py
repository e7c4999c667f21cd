"""What every adapter reads alike: ids, numbers, times, text and links out of bodies that may hold anything. Pure."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import TracebackType
from typing import Literal, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from monitor.errors import LookError, ParseError
from monitor.model import SHANGHAI, Channel
from monitor.ports import ChannelSettings

T = TypeVar("T")
Loose = int | str | float | bool | None
"""A scalar whose JSON type platforms do not keep: ids come as numbers, numbers as text, flags as 0 and 1."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any platform: an older time is a missing one (0 seconds, year 1)."""
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_EARLIEST_UNIX, _LATEST_UNIX = EARLIEST.timestamp(), LATEST.timestamp()

TEXT_LIMIT = 100_000
"""Characters of a post's text that are kept; the platforms' own limit is 20,000."""
MARKUP_LIMIT = 20 * TEXT_LIMIT
"""Characters of markup that are read for a text; the longest body had 400,000."""
FEW_WORDS = 200
"""Beside pictures or a film a text of fewer characters may be no more than their caption; one that says it all is longer."""
TITLE_LIMIT = 4_000
"""The longest real title had 3,763 characters."""
REMEMBERED = 32_768
"""Links and dates whose reading is kept: the items of a city's feeds, which show mostly what they showed an hour ago; some 20 MB."""
URL_LIMIT = 2_000
ID_LIMIT = 160
_ID_END = 10**ID_LIMIT
AMPERSANDS = 3
"""How often a link may have been escaped; twice occurs."""
HEAD_BYTES = 8_000

Precision = Literal["second", "minute", "day"]


class When(NamedTuple):
    """A moment and how exactly the source told it."""

    at: datetime
    precision: Precision = "second"


class keeping_head:
    """Give a `ParseError` raised inside the head of the body that caused it, unless it has one."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, ParseError) and not error.head:
            error.head = LookError("", head=self.body[:HEAD_BYTES]).head


def decode(decoder: msgspec.json.Decoder[T], body: bytes | msgspec.Raw) -> T:
    """Decode JSON, with or without a byte order mark; raises `ParseError` for whatever is wrong with it."""
    try:
        return decoder.decode(body.removeprefix(b"\xef\xbb\xbf") if isinstance(body, bytes) else body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        what = "an HTML page" if isinstance(body, bytes) and is_html(body) else "unreadable JSON"
        raise ParseError(f"{what} instead of the expected JSON: {str(error)[:120]}") from error


def is_html(body: bytes) -> bool:
    """Whether the body begins like a web page."""
    head = body[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return head.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def as_id(value: object) -> str:
    """Return an id as text, "" for what can be none: a float has lost digits, an id holds no blanks and has an end."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return ""
    text = str(value).strip() if isinstance(value, str) or abs(value) < _ID_END else ""
    return text if 0 < len(text) <= ID_LIMIT and text.isascii() and text.isprintable() and " " not in text else ""


def as_number(value: object) -> str:
    """Return an id that must be a plain decimal number, else ""."""
    text = as_id(value)
    return text if text.isdigit() else ""


def as_int(value: object) -> int | None:
    """Return a whole number told as a number, a flag or text."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", value):
        return int(value)
    return None


def is_set(value: object) -> bool:
    """Whether a flag is up, told as true, 1, "1" or "true"."""
    return value is True or value == 1 or (isinstance(value, str) and value.strip().lower() in ("1", "true"))


def key_of(text: str) -> str:
    """Return a text that names a post in a form fit for our ids: as it is, or its hash where it is long or odd."""
    return as_id(text) or ("h" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32] if text.strip() else "")


def from_unix(value: object) -> datetime | None:
    """Return the moment of a Unix time in seconds, None for 0, text that is none, and years that cannot be."""
    seconds = as_int(value)
    if seconds is None or not _EARLIEST_UNIX <= seconds < _LATEST_UNIX:
        return None
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=REMEMBERED)
def from_text(text: str) -> When | None:
    """Return the moment of an ISO 8601 or RFC 822 text, or of Unix seconds. Without a zone it is Asia/Shanghai.

    So is "CST": e-mail's books say it is Chicago, but a Chinese server means its own.
    Remembered, since a page shows mostly what the last one showed.
    """
    text = text.strip()[:64]
    if re.fullmatch(r"[0-9]{9,11}", text):
        at = from_unix(text)
        return When(at) if at else None
    at = in_utc((_from_iso(text) if text[:1].isdigit() else None) or _from_mail(text))
    return When(at, _precision(text)) if at else None


def _from_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _from_mail(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(re.sub(r"\bCST$", "+0800", text))
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _precision(text: str) -> Precision:
    if re.fullmatch(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}", text):
        return "day"
    return "minute" if re.fullmatch(r"[^:]*[0-9]{1,2}:[0-9]{2}(?:[^:0-9].*)?", text) else "second"


def in_utc(moment: datetime | None) -> datetime | None:
    """Return the moment in UTC, None where it lies outside the years we believe; without a zone it is Asia/Shanghai."""
    if moment is None:
        return None
    try:
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if EARLIEST <= moment < LATEST else None


_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BREAKS = re.compile(r"<(?:br|/p|/div|/li|/h[1-6]|/section|/blockquote)\b[^<>]*>", re.IGNORECASE)
_IMAGES = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
_ALT = re.compile(r"\balt=[\"']?(\[[^\[\]<>\"']{1,20}\])", re.IGNORECASE)
_SKIPPED = re.compile(r"<(script|style)\b[^<>]{0,500}>[^<]{0,20000}</\1>", re.IGNORECASE)
_TAGS = re.compile(r"<[/!?]?[a-zA-Z\[-][^<>]*>")
_EDGES = " \t\r\n\u200b\ufeff\u3000\xa0\u2002"


def tidy(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return the text without characters no database takes, without blanks at its ends, and not beyond the limit."""
    if len(text) <= limit and text.isprintable():
        return text.strip(_EDGES)
    return _UNWANTED.sub("", text[: limit + 1_000]).replace("\r\n", "\n").strip(_EDGES)[:limit]


def unescape(text: str) -> str:
    """Return the text with HTML's character references read; as it is where one of them cannot be."""
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except (ValueError, OverflowError):
        return text


def plain(markup: str, limit: int = TEXT_LIMIT) -> str:
    """Return what a reader sees of a piece of HTML: breaks become lines, emoji images their names, tags go."""
    if "<" in markup:
        markup = markup[: 20 * limit].replace("<![CDATA[", "").replace("]]>", "")
        markup = _SKIPPED.sub("", markup)
        markup = _TAGS.sub("", _IMAGES.sub(_emoji, _BREAKS.sub("\n", markup)))
    lines = [line for each in unescape(markup[: 8 * limit]).splitlines() if (line := each.strip(_EDGES))]
    return tidy("\n".join(lines), limit)


def is_all(markup: str, text: str) -> bool:
    """Whether `plain` read the markup to its end and the text holds all of it: a text that our own limits cut is not whole."""
    return len(markup) < MARKUP_LIMIT and len(text) < TEXT_LIMIT


def _emoji(image: re.Match[str]) -> str:
    found = _ALT.search(image[0])
    return found[1] if found else ""


def web_url(text: str) -> str:
    """Return an http(s) link as a browser would follow it, else "". Escapes that feeds leave in (`&amp;amp;`, `\\/`) are read."""
    link = text.strip()[: 2 * URL_LIMIT].replace("\\/", "/")
    for _ in range(AMPERSANDS):
        # Not unescape: it would read `&copy=` in a query as a sign.
        if "&amp;" not in link:
            break
        link = link.replace("&amp;", "&")
    if not link.isascii():
        link = tidy(link)
    if len(link) > URL_LIMIT or any(mark in link for mark in ' <>"\n\t\\') or not link.isprintable():
        return ""
    try:
        parts = urlsplit(link)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        return ""
    return link if usable else ""


@lru_cache(maxsize=1_024)
def web_address(text: str, what: str) -> str:
    """Return an address to send requests to, without a slash at its end; raises `ParseError` naming what it was to be."""
    address = web_url(text).rstrip("/")
    if not address:
        raise ParseError(f"{what} is not an http(s) address")
    return address


def delay_of(channel: Channel, settings: ChannelSettings) -> timedelta:
    """Return how far behind the source may be: the channel's option `delay_hours`, else the setting. Raises `ParseError`."""
    option = channel.options.get("delay_hours")
    if option is None:
        return timedelta(hours=settings.delay_hours)
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", option):
        raise ParseError("option delay_hours is not a number of hours")
    return timedelta(hours=float(option))


def header_safe(secret: str) -> str:
    """Return a secret fit for a header or a query, "" where it holds blanks or line ends a file left in its middle."""
    secret = secret.strip()
    return secret if secret.isascii() and secret.isprintable() and " " not in secret else ""


def text_of(memory: Mapping[str, object], key: str) -> str:
    """Return a text from an adapter's memory, "" where it holds something else."""
    value = memory.get(key)
    return value if isinstance(value, str) else ""


def struck(body: bytes, secrets: Iterable[str]) -> bytes:
    """Return the body without these secrets, as they are or as an address writes them."""
    for secret in secrets:
        for form in {secret, quote(secret, safe=""), quote(secret)} - {""}:
            body = body.replace(form.encode(), b"***")
    return body


def folded(name: str) -> str:
    """Return a name by which two spellings are the same: without blanks, width and case."""
    return unicodedata.normalize("NFKC", "".join(name.split())).casefold()
