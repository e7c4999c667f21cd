"""RSS, Atom and JSON feeds as bridges and RSSHub write them, told apart by their content. Pure.

Strict lxml first. On a syntax error feedparser takes what it can, and the caller must treat the look as degraded. Documents with a
DTD are refused: no honest feed has one, and entity bombs need one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from lxml import etree

from adapters.reading.values import Loose, decode, is_html, is_set
from monitor.errors import ParseError

ITEMS_LIMIT = 2_000
"""Items of one feed that are read; bridges show 10 to 200."""
REPAIR_LIMIT = 256 * 1024
"""Bytes of a broken feed that feedparser is let loose on: it needs ten times as long as lxml, on a hostile one 5 ms per KB."""
TAG_LIMIT = 120
"""Characters of an element's name with its namespace; longer ones are nobody's we know."""


class Broken(ParseError):
    """A feed whose XML is broken: feedparser may still read it, slowly, so not on the event loop."""


class NoFeed(ParseError):
    """A body that is no feed at all: it may be a bridge's word of refusal."""


@dataclass(slots=True)
class Entry:
    """One item, as written; `dates` in the order of their worth.

    `full`: the body stands where feeds put whole texts (content:encoded, content, content_html), not in a description or a digest.
    `number` is we-mp-rss's own `<id>`, `owner` the account that a list of many accounts names beside an item.
    """

    title: str = ""
    link: str = ""
    guid: str = ""
    dates: list[str] = field(default_factory=list)
    body: str = ""
    full: bool = False
    number: str = ""
    owner: str = ""
    deleted: bool = False


class Marks(NamedTuple):
    """What a feed tells of who made it. `emblem` is the title of its picture, `words` its description, `fields` JSON's own names."""

    generator: str = ""
    words: str = ""
    link: str = ""
    emblem: str = ""
    fields: frozenset[str] = frozenset()


UNMARKED = Marks()


@dataclass(slots=True)
class Feed:
    title: str
    entries: list[Entry]
    broken: bool = False
    marks: Marks = UNMARKED


def parse(body: bytes, charset: str = "", *, repair: bool = True) -> Feed:
    """Return the feed in the body. `charset` is what the server named, and yields to what the document itself says.

    Raises `NoFeed` (a `ParseError`) for whatever is no feed, `ParseError` for a refused one, `Broken` for a broken one that
    is not to be repaired.
    """
    head = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:1] in (b"{", b"["):
        try:
            return _json(body.decode(charset, "replace").encode() if charset else body)
        except ParseError as error:
            raise NoFeed(str(error)) from error
    if is_html(body):
        raise NoFeed("an HTML page instead of a feed")
    _refuse_dtd(body)
    if charset and not _DECLARED.match(body[:256]):
        body = body.decode(charset, "replace").encode()
    try:
        root = etree.fromstring(body, strict_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        return _repaired(body, error, repair)
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise ParseError("a document with a DTD instead of a feed")
    return _xml(root)


_FIRST = re.compile(rb"<(?:item|entry)[\s>]")
_BUILT = re.compile(rb"<(lastBuildDate|pubDate|updated)>[^<>]{0,64}</\1>")


def undated(body: bytes) -> bytes:
    """Return the body without the moment at which the feed was made: bridges write it anew with every answer, and it is never read.

    It is looked for before the first item only; whatever else differs makes another body.
    """
    first = _FIRST.search(body)
    return _BUILT.sub(b"", body[: first.start()]) + body[first.start() :] if first else body


_DECLARED = re.compile(rb"""(?:\xef\xbb\xbf)?\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ENCODINGS = (b"utf-8", b"utf8", b"gb2312", b"gbk", b"gb18030", b"big5", b"us-ascii", b"ascii", b"iso-8859-1", b"windows-1252", b"utf-16")


def _refuse_dtd(body: bytes) -> None:
    """Raise for a document type, also one hidden in another encoding: only those that spell ASCII as ASCII are let in."""
    declared = _DECLARED.match(body[:256])
    if declared and declared[1].lower() not in _ENCODINGS:
        raise ParseError(f"a feed in the encoding {declared[1].decode('ascii', 'replace')!r}")
    upper = body[:4_096].replace(b"\0", b"").upper()
    if b"<!DOCTYPE" in upper or b"<!ENTITY" in upper:
        raise ParseError("a document with a DTD instead of a feed")


def strict_parser(encoding: str | None = None) -> etree.XMLParser:
    """Return a parser that follows nothing and unfolds nothing; `encoding` overrules what the document says of itself."""
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
    )


_PLAIN = {"", "http://purl.org/rss/1.0/", "http://backend.userland.com/rss2", "http://my.netscape.com/rdf/simple/0.9/"}
_ATOM = "http://www.w3.org/2005/Atom"
_OTHERS: Mapping[str, str] = {
    "{http://purl.org/rss/1.0/modules/content/}encoded": "encoded",
    "{http://purl.org/dc/elements/1.1/}date": "date",
}

Fields = dict[str, str]


def _xml(root: etree._Element) -> Feed:
    name = _name(root)
    reader = _ROOTS.get(name)
    if reader is None:
        raise NoFeed(f"<{name[:40]}> instead of a feed")
    return reader(root)


def _name(element: etree._Element) -> str:
    """Return the element's name in lower case, "" for one in a namespace of extensions: their titles are not the post's."""
    tag = element.tag
    if not isinstance(tag, str) or len(tag) > TAG_LIMIT:
        return ""
    return _local(tag)


@lru_cache(maxsize=1_024)
def _local(tag: str) -> str:
    if tag[0] != "{":
        return tag.lower()
    space, _, local = tag[1:].partition("}")
    return local.lower() if space in _PLAIN or space == _ATOM or local.lower() == "rdf" else _OTHERS.get(tag, "")


def _rss(root: etree._Element) -> Feed:
    channel = next((child for child in root if _name(child) == "channel"), root)
    # RSS 1.0 keeps its items beside the channel.
    items = [child for parent in (channel, root) for child in parent if _name(child) == "item"][:ITEMS_LIMIT]
    if channel is root and not items:
        raise ParseError("a feed without a channel")
    fields = _fields(channel)
    image = channel.find("image")
    emblem = _fields(image).get("title", "") if image is not None else ""
    marks = Marks(fields.get("generator", ""), fields.get("description", ""), fields.get("link", ""), emblem)
    return Feed(fields.get("title", ""), [_rss_entry(_fields(item)) for item in items], marks=marks)


def _rss_entry(fields: Fields) -> Entry:
    return Entry(
        title=fields.get("title", ""),
        link=fields.get("link", ""),
        guid=fields.get("guid", "") or fields.get("id", ""),
        dates=[fields[key] for key in ("pubdate", "published", "date", "updated") if key in fields],
        body=fields.get("encoded", "") or fields.get("description", ""),
        full=bool(fields.get("encoded")),
        number=fields.get("id", ""),
    )


def _atom(root: etree._Element) -> Feed:
    entries = [child for child in root if _name(child) == "entry"][:ITEMS_LIMIT]
    fields = _fields(root)
    marks = Marks(fields.get("generator", ""), fields.get("subtitle", ""), _atom_link(root) or fields.get("id", ""))
    return Feed(fields.get("title", ""), [_atom_entry(entry) for entry in entries], marks=marks)


def _atom_entry(entry: etree._Element) -> Entry:
    fields = _fields(entry)
    return Entry(
        title=fields.get("title", ""),
        link=_atom_link(entry) or fields.get("link", ""),
        guid=fields.get("id", ""),
        dates=[fields[key] for key in ("published", "issued", "updated", "modified") if key in fields],
        body=fields.get("content", "") or fields.get("summary", ""),
        full=bool(fields.get("content")),
    )


def _atom_link(entry: etree._Element) -> str:
    links = [child for child in entry if _name(child) == "link" and child.get("href")]
    chosen = next((link for link in links if link.get("rel", "alternate") == "alternate"), None)
    return str(chosen.get("href")) if chosen is not None else ""


def _fields(element: etree._Element) -> Fields:
    """Return the texts of an element's children by name, the first that is not empty of each."""
    fields: Fields = {}
    for child in element:
        name = _name(child)
        if name and name not in ("item", "entry", "image", "author") and not fields.get(name):
            fields[name] = (child.text or "").strip() if len(child) == 0 else _words(child)
    return fields


def _words(element: etree._Element) -> str:
    return "".join(str(text) for text in element.itertext()).strip()


_ROOTS: Mapping[str, Callable[[etree._Element], Feed]] = {"rss": _rss, "rdf": _rss, "feed": _atom}


class JsonMaker(msgspec.Struct):
    id: Loose = None


class JsonItem(msgspec.Struct):
    """An item of JSON Feed, or of the lists that bridges make.

    we-mp-rss: `link`, `updated`, `content`, `feed`. wechat-download-api: `publish_time`, `fakeid`. The exporter's interface hands on
    WeChat's own rows (appmsgex): `aid`, `create_time`, `is_deleted`.
    """

    id: Loose = None
    aid: Loose = None
    url: Loose = None
    link: Loose = None
    title: Loose = None
    content_html: Loose = None
    content_text: Loose = None
    content: Loose = None
    summary: Loose = None
    description: Loose = None
    digest: Loose = None
    date_published: Loose = None
    date_modified: Loose = None
    updated: Loose = None
    publish_time: Loose = None
    create_time: Loose = None
    update_time: Loose = None
    fakeid: Loose = None
    is_deleted: Loose = None
    feed: msgspec.Raw = msgspec.Raw(b"")


class JsonFeed(msgspec.Struct):
    title: Loose = None
    name: Loose = None
    generator: Loose = None
    description: Loose = None
    home_page_url: Loose = None
    link: Loose = None
    next_since: Loose = None
    version: Loose = None
    base_resp: msgspec.Raw = msgspec.Raw(b"")
    items: list[msgspec.Raw] | None = None
    articles: list[msgspec.Raw] | None = None


_JSON_FEED = msgspec.json.Decoder(JsonFeed)
_JSON_ITEM = msgspec.json.Decoder(JsonItem)
_JSON_MAKER = msgspec.json.Decoder(JsonMaker)


def _json(body: bytes) -> Feed:
    feed = decode(_JSON_FEED, body)
    items = feed.items if feed.items is not None else feed.articles
    if items is None:
        raise NoFeed("JSON without a list of items instead of a feed")
    told = {name for name in ("name", "version", "next_since", "items", "articles") if getattr(feed, name) is not None}
    fields = frozenset(told | ({"base_resp"} if feed.base_resp else set()))
    marks = Marks(_first(feed.generator), _first(feed.description), _first(feed.home_page_url, feed.link), fields=fields)
    return Feed(_first(feed.title, feed.name), list(_json_entries(items[:ITEMS_LIMIT])), marks=marks)


def _json_entries(items: list[msgspec.Raw]) -> Iterator[Entry]:
    for raw in items:
        try:
            item = _JSON_ITEM.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            # Without id and time it will be counted as an item that could not be read.
            yield Entry()
            continue
        dates = (item.date_published, item.publish_time, item.create_time, item.updated, item.date_modified, item.update_time)
        yield Entry(
            title=_first(item.title),
            link=_first(item.url, item.link),
            guid=_first(item.id, item.aid),
            dates=[str(date) for date in dates if date not in (None, "")],
            body=_first(item.content_html, item.content_text, item.content, item.summary, item.description, item.digest),
            full=bool(_first(item.content_html, item.content_text, item.content)),
            number=_first(item.id),
            owner=_first(item.fakeid) or _maker(item.feed),
            deleted=is_set(item.is_deleted),
        )


def _maker(raw: msgspec.Raw) -> str:
    """Return the id of the account that we-mp-rss names beside an item, "" where it names none."""
    try:
        return _first(_JSON_MAKER.decode(raw).id) if raw else ""
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""


def _first(*values: object) -> str:
    return next((str(value) for value in values if value not in (None, "") and not isinstance(value, bool)), "")


def _repaired(body: bytes, error: Exception, repair: bool) -> Feed:
    """Return what feedparser makes of a broken feed. Raises `ParseError` where it looks like none or yields nothing."""
    if not re.search(rb"<(?:rss|feed|rdf:rdf)[\s>]", body[:2_048], re.IGNORECASE) or len(body) > REPAIR_LIMIT:
        raise NoFeed(f"no feed: {str(error)[:120]}") from error
    if not repair:
        raise Broken(f"broken feed: {str(error)[:120]}") from error
    # Imported late: it costs more than all feeds of a sweep, and most runs never need it.
    import feedparser

    try:
        # As a stream: given bytes, it would take them for the name of a file first.
        found = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
        entries = [_loose_entry(entry) for entry in found.entries[:ITEMS_LIMIT]]
    except Exception as other:
        # A parser for broken input breaks in ways of its own; whatever it is, this body cannot be read.
        raise ParseError(f"no feed: {type(other).__name__}") from other
    if not entries:
        raise NoFeed(f"no feed: {str(error)[:120]}") from error
    named = {key: str(found.feed.get(key, "")) for key in ("title", "generator", "subtitle", "link")}
    return Feed(named["title"], entries, broken=True, marks=Marks(named["generator"], named["subtitle"], named["link"]))


def _loose_entry(found: Any) -> Entry:
    # A copy without feedparser's aliases, which warn when they stand in for a missing time.
    entry = dict(found)
    contents = entry.get("content") or [{}]
    return Entry(
        title=str(entry.get("title", "")),
        link=str(entry.get("link", "")),
        guid=str(entry.get("id", "")),
        dates=[str(entry[key]) for key in ("published", "updated") if entry.get(key)],
        body=str(contents[0].get("value") or entry.get("summary", "")),
    )
