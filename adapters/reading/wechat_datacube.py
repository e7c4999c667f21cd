"""`datacube/getarticletotaldetail`: every article of a day, 群发 and 发布, told on the next day. wechat.md, section 2.3. Pure.

What is contested is read cautiously: a list was seen with fewer rows than articles, so a day that misses an article known from the
publish list counts as not told; a list is believed only where the platform says in so many words that nothing is delayed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import msgspec

from adapters.reading.links import Named, https_where_known, named_by
from adapters.reading.page import Asked, Draft
from adapters.reading.values import HEAD_BYTES, Loose, as_id, as_int, decode, from_text, is_set, keeping_head, unescape
from adapters.reading.wechat_errors import refuse
from monitor.errors import ParseError
from monitor.model import Post, local_date, start_of_day

SENT, PUBLISHED = 0, 1
"""`publish_type`: 已通知 (群发) and 未开启通知 (发布)."""
NOT_DELAYED = (False, "0", "false")
"""What `is_delay` says of a day that is told whole: the document has it in every answer."""
OPENED = date(2025, 11, 1)
"""Articles before this day are not in the data cube."""


class Days(NamedTuple):
    """Days in a row, both ends included."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last


class Row(msgspec.Struct):
    ref_date: Loose = None
    msgid: Loose = None
    publish_type: Loose = None
    title: Loose = ""
    content_url: Loose = ""


class Body(msgspec.Struct):
    errcode: Loose = None
    errmsg: Loose = ""
    rows: list[msgspec.Raw] | None = msgspec.field(name="list", default=None)
    is_delay: Loose = None


BODY = msgspec.json.Decoder(Body)
ROW = msgspec.json.Decoder(Row)


@dataclass(frozen=True, slots=True)
class Told:
    """One article of the data cube. `number` is `mid_idx`; `named` what its link says of it, None without a link.

    The document makes `msgid` of a push's own number and the place; that this is the `mid` of the article's link is our inference.
    """

    day: date
    number: str
    kind: int | None
    title: str
    url: str
    named: Named | None

    @property
    def names(self) -> frozenset[str]:
        """What this article may be called elsewhere: its number, its short link's token."""
        found = {self.number, number_of(self.named.native) or self.named.native if self.named else ""}
        return frozenset(found - {""})

    def draft(self, biz: str, short: bool) -> Draft:
        """Return this as a post, dated to the day and named as the account's other lists name it.

        By account, push and place where the account's number is known; else, and where those lists use short links, by the link.
        """
        own = self.named.owner if self.named and self.named.owner else biz
        token = self.named.native if self.named and not self.named.owner else ""
        whole = f"{own}_{self.number}" if own and self.number else ""
        long = self.named.native if self.named and self.named.owner else ""
        native = long or (token if short else "") or whole or token or self.number
        return Draft(native=native, at=start_of_day(self.day), url=self.url, title=self.title, precision="day")


@dataclass(frozen=True, slots=True)
class Cube:
    """An answer of the data cube for some days. `trouble` says why the days are not surely told whole, "" where they are."""

    rows: tuple[Told, ...]
    trouble: str = ""


def read_cube(body: bytes, asked: Asked, days: Days, owners: frozenset[str] = frozenset()) -> Cube:
    """Return the articles of the days that were asked for; `owners` as in `read_published`. Raises `LookError`.

    Days are not told whole where the platform says they are delayed, where a row cannot be read, does not say whether it was sent or
    published, or belongs to other days or to another account, and where the word is missing that nothing is delayed.
    """
    with keeping_head(body):
        answer = decode(BODY, body)
        refuse(answer.errcode, asked.now, body[:HEAD_BYTES], answer.errmsg)
        if answer.rows is None:
            raise ParseError("no list of rows")
        rows = [_row(raw) for raw in answer.rows]
    return Cube(tuple(each for each in rows if each is not None and _own(each, owners)), _trouble(answer, rows, days, owners))


def _trouble(answer: Body, rows: list[Told | None], days: Days, owners: frozenset[str]) -> str:
    if is_set(answer.is_delay):
        return "the data are delayed"
    told = answer.is_delay in NOT_DELAYED
    if not rows and not told:
        return "an empty list without a word on delay"
    read = [each for each in rows if each is not None]
    if len(read) < len(rows):
        return f"{len(rows) - len(read)} rows that could not be read"
    if not all(_own(each, owners) for each in read):
        return "rows of another account"
    if any(each.day not in days for each in read):
        return "rows of days that were not asked for"
    if any(each.kind is None for each in read):
        return "rows that do not say whether they were sent"
    return "" if told else "rows without a word on delay"


def _own(row: Told, owners: frozenset[str]) -> bool:
    return not owners or row.named is None or not row.named.owner or row.named.owner in owners


def _row(raw: msgspec.Raw) -> Told | None:
    try:
        row = ROW.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    when = from_text(str(row.ref_date or ""))
    number = as_id(row.msgid)
    number = number if re.fullmatch(r"[0-9]{1,20}_[0-9]{1,3}", number) else ""
    url = https_where_known(str(row.content_url or ""))
    named = named_by(url, "wechat")
    if when is None or when.precision != "day" or not (number or named):
        return None
    return Told(local_date(when.at), number, as_int(row.publish_type), unescape(str(row.title or "")), url, named)


def missing(posts: Iterable[Post], rows: Iterable[Told], days: Days) -> int:
    """Return how many 发布 articles of these days, known from the publish list, the data cube does not tell of.

    Articles are told apart by their numbers and links; where both lists name an article differently, a day's count decides.
    Deleted articles are not missed.
    """
    told = list(rows)
    names = frozenset().union(*(each.names for each in told))
    known: dict[date, list[Post]] = {}
    for post in posts:
        day = local_date(post.published_at)
        if day in days and post.deleted_at is None and post.precision != "day":
            known.setdefault(day, []).append(post)
    return sum(_missing_of(each, names, sum(row.day == day and row.kind == PUBLISHED for row in told)) for day, each in known.items())


def _missing_of(posts: list[Post], names: frozenset[str], counted: int) -> int:
    unseen = sum(not names & names_of(post) for post in posts)
    return unseen if counted < len(posts) else 0


def names_of(post: Post) -> frozenset[str]:
    """Return what a listed article may be called in the data cube: its `mid_idx`, its short link's token."""
    native = post.id.rsplit(":", 1)[-1]
    named = named_by(post.url, "wechat")
    found = {native, number_of(native), named.native if named else "", number_of(named.native) if named else ""}
    return frozenset(found - {""})


def number_of(native: str) -> str:
    """Return the `mid_idx` of a name made of account, push and place, "" for any other name."""
    found = re.fullmatch(r"[0-9]+_([0-9]+_[0-9]+)", native)
    return found[1] if found else ""
