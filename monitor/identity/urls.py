"""Addresses in what people paste: share texts, tab-separated rosters, JSON, links without a scheme, links inside links. Pure.

A URL ends at white space. What cannot name an account (user part, port, fragment, parameters) is taken apart here and goes no further.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

TEXT_LIMIT = 8_000
"""Characters of a text that are looked at; the longest share texts have a few hundred."""
LINK_LIMIT = 4_096
LINKS = 10
"""Links of one text that are looked at."""
SHOWN_LIMIT = 80

_SCHEMES = r"https?|snssdk[0-9]{1,6}|sinaweibo"
_LINK = re.compile(rf"(?:{_SCHEMES})://[^\s<>\"'“”‘’（）【】《》，。；、！？]+", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![A-Za-z0-9_@./:%-])(?:[a-z0-9-]{1,30}\.){0,4}(?:weibo\.com|weibo\.cn|weixin\.qq\.com|douyin\.com|iesdouyin\.com|amemv\.com"
    r"|toutiao\.com|t\.cn)(?::[0-9]{1,5})?(?:[/?][^\s<>\"'“”‘’（）【】《》，。；、！？]*)?(?![A-Za-z0-9_.@-])",
    re.IGNORECASE,
)
_LIST = re.compile(r"[,;|]+(?=https?://)", re.IGNORECASE)
_CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
_NICKNAME = re.compile(r"(?:https?://)?[^/?#]*weibo\.c(?:om|n)/n/", re.IGNORECASE)
"""The one page whose address may hold Chinese as it stands."""
_AMPERSAND = re.compile(r"&(?:amp;|#0*38;|#[xX]0*26;)|\\x26(?:amp;)?|\\u0026")
# What follows these is a parameter that somebody glued on, with or without the question mark.
_PATH_END = re.compile(r"[;&,]|%3[FfBb]|%2[36]")


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in parts. The host is in lower case; path and query values stand as they were written, since ids are case-sensitive."""

    scheme: str
    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> list[str]:
        return [part for part in self.path.split("/") if part]

    @property
    def shown(self) -> str:
        """Host and path: what may stand in a message."""
        return (self.host + self.path)[:SHOWN_LIMIT]

    def decoded(self, *names: str) -> str:
        """Return the first parameter that is there, percent-decoded once."""
        return unquote(next((self.query[name] for name in names if self.query.get(name)), ""))


def addresses(text: str) -> Iterator[Address]:
    """Yield the addresses in a text, links with a scheme first; at most `LINKS`."""
    text = _tidy(text[:TEXT_LIMIT])
    found = [match[0] for match in _LINK.finditer(text)] or [match[0] for match in _BARE.finditer(text)]
    for link in found[:LINKS]:
        address = parse(link)
        if address is not None:
            yield address


def parse(link: str) -> Address | None:
    """Return a link in parts, None for what is none."""
    if not _NICKNAME.match(link):
        link = _CHINESE.split(link, maxsplit=1)[0]
    try:
        parts = urlsplit((link if "://" in link else f"https://{link}")[:LINK_LIMIT])
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    # A browser takes "\\" for "/": the host it goes to is not the one that stands behind it.
    host = "" if "\\" in parts.netloc else host
    path = _PATH_END.split(parts.path, maxsplit=1)[0]
    return Address(parts.scheme.lower(), host, path, _query(parts.query)) if host else None


def _tidy(text: str) -> str:
    text = text.replace("\\/", "/")
    # Links are escaped once by a page and once more by whoever copies its source.
    for _ in range(3):
        text = _AMPERSAND.sub("&", text)
    return _LIST.sub(" ", text)


def _query(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split("&")[:100]:
        name, _, value = part.partition("=")
        found.setdefault(name, value)
    return found
