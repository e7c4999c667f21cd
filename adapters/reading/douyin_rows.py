"""Douyin works in other clothes than the platform's own: a v5 gateway's items and a vendor's flat rows. Pure.

Platform reference: douyin.md, sections 4.2 and 4.3.
"""

from __future__ import annotations

import re

import msgspec

from adapters.reading.douyin import AWEME, IMAGE_TYPES, Author, address, belongs, take_work
from adapters.reading.page import Draft, Page
from adapters.reading.values import Loose, as_id, as_int, as_number, from_text, is_set
from monitor.matching.text import first_line

KINDS = {"image_album": "note", "live": "live"}


class Row(msgspec.Struct):
    """An item of a list that is no aweme: a v5 item (`content_id`, with `raw` where it was asked for), or a vendor's (`videoId`)."""

    raw: msgspec.Raw = msgspec.Raw(b"")
    content_id: Loose = None
    kind: Loose = None
    title: Loose = ""
    description: Loose = ""
    created_at: Loose = None
    is_deleted: Loose = None
    is_private: Loose = None
    author: Author | None = None
    video_id: Loose = msgspec.field(default=None, name="videoId")
    content: Loose = ""
    publish_time: Loose = msgspec.field(default=None, name="publishTime")
    video_type: Loose = msgspec.field(default=None, name="videoType")


ROW = msgspec.json.Decoder(Row)


def take_row(page: Page, raw: msgspec.Raw, sec_uid: str) -> Author | None:
    """Read one item into the page, or count why not; return its author when it is the account. A v5 item's `raw` goes first.

    Raises `AccountGone`, and what msgspec raises for another shape.
    """
    row = ROW.decode(raw)
    if bytes(row.raw)[:1] == b"{":
        work = AWEME.decode(row.raw)
        work.author = work.author or row.author
        return take_work(page, work, sec_uid)
    if as_id(row.video_id):
        page.take(_flat(row))
        return None
    if row.content_id is None:
        page.leave("no_id")
        return None
    if not belongs(page, row.author, sec_uid):
        return None
    page.take(_item(row))
    return row.author


def is_flat(raw: msgspec.Raw) -> bool:
    """Whether an item is a vendor's flat row, which does not say whose work it is."""
    try:
        return bool(as_id(ROW.decode(raw).video_id))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False


def _item(row: Row) -> Draft:
    """Read a v5 item. Its `title` is the first line only, its pins are not marked, and its time may be null."""
    key, kind = as_number(row.content_id), KINDS.get(as_id(row.kind), "video")
    text = str(row.description or row.title or "")
    when = from_text(str(row.created_at)) if row.created_at else None
    return Draft(
        native=key,
        at=when.at if when else None,
        precision=when.precision if when else "second",
        url=address(kind, key),
        title=first_line(str(row.title or "")) or first_line(text),
        text=text,
        kind=kind,
        private=is_set(row.is_private),
        deleted=is_set(row.is_deleted),
    )


def _flat(row: Row) -> Draft:
    """Read a vendor's row: the time is a wall clock in Beijing, the kind a number with or without words ("63直播录屏")."""
    key, text = as_number(row.video_id), str(row.content or "")
    number = re.match(r"[0-9]{1,4}", str(row.video_type or ""))
    kind = "note" if number and as_int(number[0]) in IMAGE_TYPES else "video"
    when = from_text(str(row.publish_time)) if row.publish_time else None
    return Draft(
        native=key,
        at=when.at if when else None,
        precision=when.precision if when else "second",
        url=address(kind, key),
        title=first_line(text),
        text=text,
        kind=kind,
    )
