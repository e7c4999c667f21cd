"""t.cn links that a list leaves as they are: what was learnt of them, which are still to be asked for, how a post tells them. Pure.

The Open Platform's lists have no link table. Platform reference: weibo.md, sections 3.2 and 11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from adapters.reading.page import milliseconds
from adapters.reading.values import Loose, decode, is_set, keeping_head, text_of, web_url
from adapters.reading.weibo import ShortLinks, with_links
from adapters.reading.weibo_links import Link, UrlEntry, entry_link, is_short, leads_on
from adapters.reading.weibo_statuses import Shorts, Statuses, refusal
from monitor.errors import ParseError
from monitor.model import Citation, Post

KEPT = 60
"""Links of an account that are remembered: three for each post of a page."""
TRIES = 3
"""So often a link is asked for that the platform does not expand; then it stays short."""
LONG_LIMIT = 1_000
"""Characters of a long address that is kept in the memory; an article's real one has about 400 at most."""
NOWHERE = "-"
"""Stands for the address of a link that leads to no page a post could be about, so that it is not asked for again."""

_CODE = re.compile(r"https?://t\.cn/([0-9A-Za-z]{1,16})/?$")
_LINE = re.compile(r"([0-9A-Za-z]{1,16}) (\S{1,1000})")


class Entry(msgspec.Struct):
    url_short: Loose = None
    url_long: Loose = None
    result: Loose = None


class Body(msgspec.Struct):
    urls: list[msgspec.Raw] | None = None
    error_code: Loose = None


BODY = msgspec.json.Decoder(Body)
ENTRY = msgspec.json.Decoder(Entry)


def code_of(link: str) -> str:
    """Return what tells a t.cn link from all others, "" for any other link."""
    found = _CODE.match(link)
    return found[1] if found else ""


def read_expanded(body: bytes) -> dict[str, str]:
    """Return where the links of a `short_url/expand` answer lead, by their codes, without those it does not expand. Raises `LookError`."""
    with keeping_head(body):
        answer = decode(BODY, body)
        error = refusal(Statuses(error_code=answer.error_code), body)
        if error is not None:
            raise error
        if answer.urls is None:
            raise ParseError("no list of expanded links")
        return dict(pair for raw in answer.urls[: 2 * KEPT] if (pair := _pair(raw))[0])


def _pair(raw: msgspec.Raw) -> tuple[str, str]:
    try:
        entry = ENTRY.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return "", ""
    code = code_of(str(entry.url_short or "")[:100])
    if not code or not is_set(entry.result) or not entry.url_long:
        return "", ""
    # A topic, a picture, a script, another short link: known, and of no use.
    long = entry_link(UrlEntry(long_url=entry.url_long)).url
    return code, long if long and len(long) <= LONG_LIMIT else NOWHERE


@dataclass(slots=True)
class Learnt:
    """What is known of an account's t.cn links: where each leads, or how often it was asked for in vain."""

    longs: dict[str, str] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)

    @classmethod
    def recall(cls, memory: Mapping[str, Any]) -> Learnt:
        """Read what `remember` left in the memory; lines that hold something else are forgotten."""
        learnt = cls()
        for line in text_of(memory, "shorts").split("\n")[:KEPT]:
            found = _LINE.fullmatch(line)
            if found and found[2].isdecimal() and len(found[2]) == 1:
                learnt.tries[found[1]] = int(found[2])
            elif found and (found[2] == NOWHERE or web_url(found[2])):
                learnt.longs[found[1]] = found[2]
        return learnt

    def wanted(self, codes: Iterable[str]) -> list[str]:
        """Return those of the links that are worth asking for."""
        return [code for code in codes if code not in self.longs and self.tries.get(code, 0) < TRIES]

    def add(self, longs: Mapping[str, str], asked: Iterable[str] = ()) -> None:
        """Take in where links lead, and that others were asked for in vain."""
        self.longs.update(longs)
        for code in asked:
            if code not in self.longs:
                self.tries[code] = self.tries.get(code, 0) + 1

    def remember(self, codes: Iterable[str], again: datetime | None = None) -> dict[str, Any]:
        """Return what the memory keeps: what is known of the links of this page, and when the same page is to be read again for them."""
        told = [(code, self.longs.get(code) or str(self.tries.get(code, ""))) for code in codes]
        lines = [f"{code} {what}" for code, what in told if what][:KEPT]
        return {"shorts": "\n".join(lines), "shorts_again": milliseconds(again) if again else 0}


def is_due(memory: Mapping[str, Any], now: datetime) -> bool:
    """Whether a page that was read before holds links that are to be asked for again by now."""
    again = memory.get("shorts_again")
    return isinstance(again, int) and 0 < again <= milliseconds(now)


def codes_in(posts: Iterable[Post], shorts: Shorts) -> tuple[str, ...]:
    """Return the codes of the links that stand in visible posts, the newest post's first."""
    links = (link for post in posts if post.visible and post.id in shorts for link in shorts[post.id].links)
    return tuple(dict.fromkeys(code for link in links if (code := code_of(link))))[:KEPT]


def expanded(post: Post, shorts: ShortLinks, longs: Mapping[str, str]) -> Post:
    """Return the post with the addresses its short links stand for; the first becomes its citation where nothing better is one.

    Its text is all there is to read once every link is known to lead to a page that is no film.
    """
    found = [Link(long) for link in shorts.links if (long := longs.get(code_of(link), NOWHERE)) != NOWHERE]
    if not found:
        return post
    whole = shorts.whole and len(found) == len(shorts.links) and not any(leads_on(link.url) for link in found)
    cited = post.citation
    if cited is None or (is_short(cited.url) and not cited.post_id):
        cited = Citation(url=found[0].url)
    return post.model_copy(update={"text": with_links(post.text, found), "citation": cited, "whole": post.whole or whole})
