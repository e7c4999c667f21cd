"""`freepublish/batchget`: what an account published without sending it to its followers (发布). wechat.md, section 2.2. Pure.

群发 is not in it, nor are video posts and 话题: by itself the list is a partial view.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

import msgspec

from adapters.reading.links import https_where_known, named_by, sn_of
from adapters.reading.page import UNREADABLE, Asked, Draft, Page
from adapters.reading.values import (
    HEAD_BYTES,
    Loose,
    as_id,
    as_int,
    decode,
    from_unix,
    is_all,
    is_set,
    keeping_head,
    plain,
    unescape,
    web_url,
)
from adapters.reading.wechat_bodies import is_pictures_only, lone_link, tells_all
from adapters.reading.wechat_errors import refuse
from monitor.errors import ParseError
from monitor.matching.urls import wechat_account
from monitor.model import BEGINNING, Citation, Snapshot

PARTIAL = "only 发布 items: 群发 is not listed"


class NewsItem(msgspec.Struct):
    title: Loose = ""
    content: Loose = ""
    content_source_url: Loose = ""
    url: Loose = ""
    is_deleted: Loose = False


class Content(msgspec.Struct):
    news_item: list[msgspec.Raw] | None = None
    create_time: Loose = None
    update_time: Loose = None


class Item(msgspec.Struct):
    article_id: Loose = None
    update_time: Loose = None
    content: Content | None = None


class Body(msgspec.Struct):
    """A `batchget` answer; `news_item` and the times beside it are those of a `getarticle` answer, which holds one item bare."""

    errcode: Loose = None
    errmsg: Loose = ""
    item: list[msgspec.Raw] | None = None
    total_count: Loose = None
    item_count: Loose = None
    news_item: list[msgspec.Raw] | None = None
    create_time: Loose = None
    update_time: Loose = None


BODY = msgspec.json.Decoder(Body)
ITEM = msgspec.json.Decoder(Item)
NEWS = msgspec.json.Decoder(NewsItem)


@dataclass(slots=True)
class Published:
    """A list of 发布 while it is put together with other sources.

    `times` are the items' (created, updated) in the list's order; `total` is how many publications the account has, a publication of
    several articles counting once. `owners` are the accounts that the links name, as decimal numbers, `short` whether links of the
    short form were seen.
    """

    page: Page
    total: int | None = None
    stated: int | None = None
    times: list[tuple[datetime, datetime]] = field(default_factory=list)
    listed: int = 0
    owners: set[str] = field(default_factory=set)
    short: bool = False

    @property
    def biz(self) -> str:
        """The one account whose articles these are, as a decimal number; "" where the links do not say, or name several."""
        return next(iter(self.owners)) if len(self.owners) == 1 else ""

    @property
    def profile(self) -> dict[str, str]:
        return {"id": biz_of(self.biz)} if self.biz else {}

    def reach(self) -> datetime | None:
        """Return from when on every 发布 article is on this page, None where that cannot be told.

        The list is not documented to be in any order. Where the account has no more publications than are listed, it reaches to the
        beginning. Else it must be seen to be ordered, by creation or by edit; an article that is not listed is then older than the
        smallest time of that order, and the smallest creation or edit, whichever is later, is right for both.
        """
        if any(self.page.skipped[reason] for reason in UNREADABLE) or len(self.times) != self.listed:
            return None
        if self.page.skipped["foreign"] or (self.stated is not None and self.stated != self.listed):
            return None
        if self.total is None or self.total < self.listed:
            return None
        if self.total <= self.listed:
            return BEGINNING
        created, updated = [each[0] for each in self.times], [max(each) for each in self.times]
        if not self.times or not (_falls(created) or _falls(updated)):
            return None
        return max(min(created), min(updated))


def _falls(times: Sequence[datetime]) -> bool:
    return all(later >= earlier for later, earlier in pairwise(times))


def read(body: bytes, asked: Asked) -> Snapshot:
    """Return the snapshot of a `batchget` or `getarticle` answer, always partial. Raises `LookError`."""
    with keeping_head(body):
        published = read_published(body, asked)
        return published.page.snapshot(partial=PARTIAL, profile=published.profile)


def read_published(body: bytes, asked: Asked, owners: frozenset[str] = frozenset()) -> Published:
    """Return a `batchget` answer. `owners` are the account's ids as decimal numbers: what a link says of another account is left out.

    Raises `LookError`.
    """
    with keeping_head(body):
        answer = decode(BODY, body)
        refuse(answer.errcode, asked.now, body[:HEAD_BYTES], answer.errmsg)
        published = Published(Page(asked), as_int(answer.total_count), as_int(answer.item_count))
        if answer.item is None and answer.news_item is not None:
            _take(published, Item(content=Content(answer.news_item, answer.create_time, answer.update_time)), owners)
            return published
        if answer.item is None:
            raise ParseError("no list of items")
        for raw in answer.item:
            _take_item(published, raw, owners)
        if not published.page.posts and published.page.skipped.keys() == {"foreign"}:
            # What else the token can read is another account's too, also where no link says whose it is.
            raise ParseError("wrong account: the publish list is another's")
        return published


def _take_item(published: Published, raw: msgspec.Raw, owners: frozenset[str]) -> None:
    published.listed += 1
    try:
        item = ITEM.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return published.page.leave("unreadable")
    return _take(published, item, owners)


def _take(published: Published, item: Item, owners: frozenset[str]) -> None:
    content = item.content or Content()
    # update_time moves when the article is edited; it stands inside `content`, outside it, or both.
    updated = from_unix(content.update_time) or from_unix(item.update_time)
    at = from_unix(content.create_time) or updated
    if at is not None:
        published.times.append((at, updated or at))
    for place, each in enumerate(content.news_item or [], 1):
        _take_news(published, each, at, f"{as_id(item.article_id)}_{place}" if as_id(item.article_id) else "", owners)
    if not content.news_item:
        published.page.leave("unreadable")


def _take_news(published: Published, raw: msgspec.Raw, at: datetime | None, fallback: str, owners: frozenset[str]) -> None:
    page = published.page
    try:
        news = NEWS.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return page.leave("unreadable")
    url = https_where_known(str(news.url or ""))
    named = named_by(url, "wechat")
    if named and owners and named.owner and named.owner not in owners:
        return page.leave("foreign")
    if named:
        published.owners |= {named.owner} if named.owner else set()
        published.short |= not named.owner
    body = str(news.content or "")
    text = plain(body)
    source = web_url(str(news.content_source_url or "")) or https_where_known(lone_link(body, text))
    draft = Draft(
        native=named.native if named else sn_of(url) or fallback,
        at=at,
        url=url,
        title=unescape(str(news.title or "")),
        text=text,
        kind="picture" if is_pictures_only(body, text) else "article",
        # The body itself comes with the list; a digest is never taken for it.
        whole=is_all(body, text) and (is_pictures_only(body, text) or tells_all(body, text)),
        deleted=is_set(news.is_deleted),
        citation=Citation(url=source) if source else None,
    )
    return page.take(draft)


def owners_of(option: str) -> frozenset[str]:
    """Return the accounts an option `biz` names, as decimal numbers: one, or several parted by commas, in either form."""
    return frozenset(number for each in option.split(",") if (number := bizuin_of(each)))


def bizuin_of(text: str) -> str:
    """Return the decimal number of a `__biz` in either form, also with `MP_WXS_` before it; "" for what is none."""
    number = wechat_account(text.strip().removeprefix("MP_WXS_"))
    return number if re.fullmatch(r"[0-9]{5,12}", number) else ""


def biz_of(bizuin: str) -> str:
    """Return the `__biz` of a decimal number: its base64 form."""
    return b64encode(bizuin.encode("ascii", "ignore")).decode() if bizuin else ""
