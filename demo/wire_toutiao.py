"""Toutiao's rows, in the shapes they are handed on in. Pure: posts in, bodies out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from demo import ids
from demo.pages import Page
from demo.rhythm import Item

ROWS = 15
UGC_EVERY = 4
"""Every so manieth row is a 微头条, which has no title."""


def rows(page: Page, items: Sequence[Item]) -> bytes:
    """Return a list of all kinds of rows, newest first."""
    shown = items[:ROWS]
    listed = [_row(page, item, place) for place, item in enumerate(shown)]
    more: dict[str, Any] = {"has_more": bool(shown)} | ({"next": {"max_behot_time": ids.seconds(shown[-1].at)}} if shown else {})
    return orjson.dumps({"message": "success", "data": listed} | more)


def _row(page: Page, item: Item, place: int) -> dict[str, Any]:
    number, moment = group_id(page, item), ids.seconds(item.at)
    base = {"id": number, "group_id": number, "item_id": number, "publish_time": moment, "behot_time": moment, "is_feed_ad": False}
    cell = {"itemCell": {"userInfo": {"userID": page.user_id, "mediaID": str(1_700_000_000_000 + page.serial)}}}
    who = {"user_id": page.user_id, "name": page.name, "verified_content": f"{page.unit.name}官方头条号"}
    if place % UGC_EVERY == UGC_EVERY - 1:
        text = f"{item.title}。{item.text}"
        return base | cell | {"cell_type": 32, "content": text, "rich_content": text, "create_time": moment, "user": who}
    link = f"https://www.toutiao.com/article/{number}/"
    article = {"cell_type": 60, "title": item.title, "abstract": item.text, "article_url": link, "display_url": link}
    return base | cell | article | {"user_info": who, "source": page.name, "is_original": True}


def group_id(page: Page, item: Item) -> str:
    """Return 19 digits that rise with time."""
    return str((ids.seconds(item.at) << 32) | page.serial)
