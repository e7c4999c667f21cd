"""What a bridge makes of a WeChat account: RSS 2.0, Atom or JSON Feed, each with the habits of a real bridge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape
from xml.sax.saxutils import escape as xml_escape

import orjson

from demo.pages import Page
from demo.rhythm import PAGE_ITEMS, Item
from demo.wire_wechat import article_url, short_id
from monitor.model import SHANGHAI

Feed = Callable[[Page, Sequence[Item]], bytes]


def rss(page: Page, items: Sequence[Item]) -> bytes:
    """RSS 2.0: times at +0800, links without a guid, descriptions as escaped HTML."""
    entries = "".join(
        f"<item><title>{xml_escape(item.title)}</title><link>{xml_escape(article_url(page, item))}</link>"
        f"<description>{xml_escape(body(item))}</description><pubDate>{format_datetime(item.at.astimezone(SHANGHAI))}</pubDate></item>"
        for item in items
    )
    about = f"<description>{xml_escape(page.unit.name)}</description>"
    head = f"<title>{xml_escape(page.name)}</title><link>https://mp.weixin.qq.com/</link>{about}"
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{head}{entries}</channel></rss>'.encode()


def atom(page: Page, items: Sequence[Item]) -> bytes:
    """Atom with `updated` only, and the bare token as the entry's id."""
    entries = "".join(
        f"<entry><title>{xml_escape(item.title)}</title><id>{short_id(page, item)}</id>"
        f'<link href="{xml_escape(article_url(page, item))}"/><updated>{_zulu(item.at)}</updated>'
        f'<content type="html">{xml_escape(body(item))}</content></entry>'
        for item in items
    )
    updated = f"<updated>{_zulu(items[0].at)}</updated>" if items else ""
    head = f"<id>{page.handle}</id><title>{xml_escape(page.name)}</title>{updated}"
    return f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{entries}</feed>'.encode()


def json_feed(page: Page, items: Sequence[Item]) -> bytes:
    """JSON Feed 1 with `date_modified` only."""
    entries = [
        {
            "id": short_id(page, item),
            "url": article_url(page, item),
            "title": item.title,
            "content_html": body(item),
            "date_modified": _zulu(item.at),
        }
        for item in items
    ]
    head = {"version": "https://jsonfeed.org/version/1", "title": page.name, "description": page.unit.name}
    return orjson.dumps(head | {"home_page_url": "https://mp.weixin.qq.com/", "items": entries})


def body(item: Item) -> str:
    """The article as HTML; what 阅读原文 points at stands at its foot."""
    foot = f"<p>原文链接：{escape(item.link)}</p>" if item.link else ""
    return f"<p>{escape(item.text)}</p>{foot}"


def _zulu(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.000Z}"


FEEDS: Mapping[str, tuple[Feed, str]] = {
    "rss": (rss, "application/rss+xml"),
    "atom": (atom, "application/atom+xml"),
    "json": (json_feed, "application/feed+json"),
}
"""By the ending of the feed's path: the writer and its content type."""
FEED_ITEMS = PAGE_ITEMS
