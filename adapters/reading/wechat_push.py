"""What WeChat pushes to a callback address: which event it is, whom it concerns, which articles it tells of. Pure.

XML without document types, whatever else it holds; an account's callback also gets what its followers write, and none of that is read
further than to see that it is no event of ours. Platform reference: wechat.md, section 2.4.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from adapters.reading.feeds import strict_parser
from adapters.reading.links import https_where_known, named_by
from adapters.reading.page import Asked, Draft, Page
from adapters.reading.values import as_id, as_int, from_unix, is_set, web_url
from monitor.errors import ParseError
from monitor.model import Citation, Snapshot

SENT, PUBLISHED = "MASSSENDJOBFINISH", "PUBLISHJOBFINISH"
TICKET, REVOKED = "component_verify_ticket", "unauthorized"
ITEMS_LIMIT = 32
"""Articles of one push that are read; a send has 8 at most."""
PARTIAL = "one push, not the account's list"
UNNAMED = "a send whose articles the push does not name"


@dataclass(frozen=True, slots=True)
class Push:
    """An opened push: `event` or, from a component, `info` names it; `to` is the account's gh_ id."""

    root: etree._Element

    def text(self, path: str) -> str:
        return (self.root.findtext(path) or "").strip()

    @property
    def to(self) -> str:
        return as_id(self.text("ToUserName"))

    @property
    def event(self) -> str:
        return self.text("Event") if self.text("MsgType") == "event" else ""

    @property
    def info(self) -> str:
        return self.text("InfoType")

    @property
    def sealed(self) -> str:
        """The sealed message, "" for a push in the clear."""
        return self.text("Encrypt")


def parse(body: bytes) -> Push:
    """Return the push. Raises `ParseError`, without the body: it may hold a ticket or what a follower wrote."""
    upper = body.replace(b"\0", b"").upper()
    if b"<!DOCTYPE" in upper or b"<!ENTITY" in upper:
        raise ParseError("a push with a DTD")
    try:
        # The encoding is given: a declared one could hide a document type.
        root = etree.fromstring(body, strict_parser("utf-8"))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ParseError(f"a push that is no XML: {type(error).__name__}") from None
    if root is None or root.tag != "xml" or root.getroottree().docinfo.internalDTD is not None:
        raise ParseError("XML that is no push")
    return Push(root)


def read(body: bytes, asked: Asked) -> Snapshot:
    """Return what an opened push tells of its account. Raises `ParseError`."""
    return told(parse(body), asked)


def told(push: Push, asked: Asked) -> Snapshot:
    """Return the articles a push tells of, as a partial view without titles.

    A send that failed, a publication that did not succeed (`publish_status` other than 0) and a send that names no article give none.
    """
    if push.event == SENT:
        return _sent(push, asked)
    if push.event == PUBLISHED:
        return _published(push, asked)
    raise ParseError("a push of another kind")


def _sent(push: Push, asked: Asked) -> Snapshot:
    page = Page(asked)
    # Written with and without the blank.
    if push.text("Status").replace(" ", "").lower() != "sendsuccess":
        return page.snapshot(partial="a send that did not succeed")
    items = push.root.findall("ArticleUrlResult/ResultList/item")[:ITEMS_LIMIT]
    originals = _originals(push)
    for item in items:
        _take(page, push, item.findtext("ArticleUrl"), originals.get(as_int(item.findtext("ArticleIdx")) or 0))
    return page.snapshot(partial=PARTIAL if items else UNNAMED)


def _published(push: Push, asked: Asked) -> Snapshot:
    page = Page(asked)
    status = as_int(push.text("PublishEventInfo/publish_status"))
    if status != 0:
        return page.snapshot(partial=f"a publication that did not succeed: publish_status {status}")
    items = push.root.findall("PublishEventInfo/article_detail/item")[:ITEMS_LIMIT]
    for item in items:
        _take(page, push, item.findtext("article_url"), None)
    return page.snapshot(partial=PARTIAL if items else UNNAMED)


def _take(page: Page, push: Push, address: str | None, original: str | None) -> None:
    url = https_where_known(address or "")
    named = named_by(url, "wechat")
    citation = Citation(url=original) if original else None
    page.take(Draft(native=named.native if named else "", at=from_unix(push.text("CreateTime")), url=url, citation=citation))


def _originals(push: Push) -> dict[int, str]:
    """Return, by place, the original of each article that WeChat itself found to be a reprint and marks as one."""
    found: dict[int, str] = {}
    for item in push.root.findall("CopyrightCheckResult/ResultList/item")[:ITEMS_LIMIT]:
        url = https_where_known(web_url(item.findtext("OriginalArticleUrl") or ""))
        marked = is_set(item.findtext("NeedShowReprintSource")) or is_set(item.findtext("NeedReplaceContent"))
        if url and marked:
            found[as_int(item.findtext("ArticleIdx")) or 0] = url
    return found
