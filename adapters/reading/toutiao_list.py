"""A list of Toutiao's rows with its envelope: refusals, doubts, whose rows they are, and what the list covers. Pure.

Platform reference: toutiao.md, sections 3, 5, 7 and 9. About two of three lists come back empty: empty is never silence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

import msgspec

from adapters.reading.page import PINS, Asked, Page
from adapters.reading.toutiao import (
    FEED_LEAD,
    Layers,
    bare,
    draft_of,
    is_advertisement,
    is_creators,
    layers_of,
    media_ids,
    page_token,
    profile_of,
    user_ids,
)
from adapters.reading.values import Loose, as_int, decode, is_html, keeping_head
from monitor.errors import Degraded, LookError, ParseError, RateLimited
from monitor.model import Snapshot

ABSENT = (b"", b"null")
WRAPPERS = 4
"""How deep a list may lie in envelopes: a gateway's, the platform's, and `data` as an object."""
ROWS_LIMIT = 1_000
"""Rows of one list that are read; the platform shows 10 to 20."""
WALLS = tuple(word.encode() for word in ("captcha", "verify", "访问验证", "安全验证"))
ALL = "profile_all"
"""The category that shows every kind of row; the others show one kind only and so prove nothing of the rest."""

UNNAMED = "the rows do not say whose they are"


@dataclass(frozen=True, slots=True)
class Whom:
    """Whose rows are wanted: the token, and the numbers known of the account, as user or as media.

    `strict`: rows that name an author by a number are only believed when that number is known; else the page's one author is.
    """

    token: str = ""
    numbers: frozenset[str] = frozenset()
    strict: bool = False


class Next(msgspec.Struct):
    max_behot_time: Loose = None


class Envelope(msgspec.Struct):
    """Any layer of an answer; also a single row, which is told by its own fields."""

    message: Loose = None
    data: msgspec.Raw = msgspec.Raw(b"")
    rows: msgspec.Raw = msgspec.field(default=msgspec.Raw(b""), name="list")
    items: msgspec.Raw = msgspec.Raw(b"")
    has_more: msgspec.Raw = msgspec.Raw(b"")
    next: Next | Loose = None
    decision: msgspec.Raw = msgspec.Raw(b"")
    assembleCell: msgspec.Raw = msgspec.Raw(b"")
    group_id: msgspec.Raw = msgspec.Raw(b"")

    @property
    def inner(self) -> bytes | None:
        """The first of the fields a list may stand in; None where the envelope has none of them."""
        told = [bytes(each) for each in (self.data, self.rows, self.items) if bytes(each)]
        return next((each for each in told if each != b"null"), told[0] if told else None)

    @property
    def is_row(self) -> bool:
        return self.inner is None and bool(bytes(self.assembleCell) or bytes(self.group_id))


ENVELOPE = msgspec.json.Decoder(Envelope)
LIST = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(slots=True)
class Listed:
    """The rows of an answer, and what its envelope leaves in doubt; `degraded` where the page itself names it so."""

    rows: list[msgspec.Raw]
    doubt: str = ""
    degraded: str = ""


def refused_page(body: bytes) -> LookError | None:
    """Return the refusal an answer is that is no JSON at all, None for what may be one (section 7)."""
    head = body[:8_000].removeprefix(b"\xef\xbb\xbf").strip()
    if not head:
        return RateLimited("an empty answer: the platform refused")
    if head.lower().startswith((b"blocked", b'"blocked"')):
        return RateLimited("blocked")
    if is_html(body) and any(wall in body[:100_000].lower() for wall in WALLS):
        return RateLimited("a captcha page")
    return None


def access_check(body: bytes) -> LookError | None:
    """Return the refusal of an answer that checks who asks, whatever its status; None for any other."""
    try:
        _refuse(decode(ENVELOPE, body))
    except RateLimited as error:
        return error
    except ParseError:
        return None
    return None


def read_rows(body: bytes, asked: Asked, whom: Whom, category: str = ALL, manner: str = "") -> Snapshot:
    """Return the snapshot of a list of rows, however it is wrapped.

    It covers from its oldest ordinary row, and only as the first page of all kinds with a sound envelope: `has_more` a real
    flag, a cursor where more is promised, ids once each, rows in the order of time, every row with a title, a time of its own
    and an author. Anything else makes it partial. `manner` is remembered with it. Raises `ParseError` where a row is another author's.
    """
    with keeping_head(body):
        refused = refused_page(body)
        if refused is not None:
            raise refused
        listed = _listed(body)
        reading = Reading(Page(asked), whom)
        for raw in listed.rows[:ROWS_LIMIT]:
            reading.take(raw)
        reading.agree()
        if listed.degraded:
            raise reading.page.degraded("; ".join(filter(None, (listed.degraded, UNNAMED if reading.unnamed else ""))), reading.profile)
        only = "" if category == ALL else "one kind of rows only"
        partial = listed.doubt or reading.doubt() or only
        memory = {key: value for key, value in (("author", reading.author), ("manner", manner)) if value}
        return reading.page.snapshot(partial=partial, profile=reading.profile, memory=memory)


def _listed(body: bytes) -> Listed:
    """Return the rows and the doubts about them. Raises `LookError` for a refusal and for what is no list of rows."""
    layer, rest, message = Envelope(), body.removeprefix(b"\xef\xbb\xbf").strip(), None
    for _ in range(WRAPPERS):
        if rest[:1] == b"[":
            return _judged(layer, decode(LIST, rest), message)
        layer = _inheriting(decode(ENVELOPE, rest), layer)
        # Only the platform's own word is handed down to an inner object that has none; a gateway's "ok" says nothing of the list.
        message = layer.message if layer.message is not None else (message if message == "success" else None)
        if layer.is_row:
            return Listed([msgspec.Raw(rest)], degraded="one row, not the account's list")
        _refuse(layer)
        inner = layer.inner
        if inner is None:
            break
        if inner in (*ABSENT, b"{}"):
            return _judged(layer, [], message)
        rest = inner
    raise ParseError("no list of rows")


def _inheriting(inner: Envelope, outer: Envelope) -> Envelope:
    """Return the inner layer with what the outer one says of the list, where it says nothing itself (`data` as an object)."""
    if not bytes(inner.has_more):
        inner.has_more, inner.next = outer.has_more, inner.next if isinstance(inner.next, Next) else outer.next
    return inner


def _refuse(layer: Envelope) -> None:
    if layer.message == "success":
        return
    if bytes(layer.decision) not in ABSENT:
        raise RateLimited("an access check instead of the list")
    # An envelope around the platform's own may say whatever it likes.
    if layer.message is not None and (layer.inner or b"")[:1] != b"{":
        raise ParseError("the message is not success")


def _judged(layer: Envelope, rows: list[msgspec.Raw], message: Loose) -> Listed:
    more = bytes(layer.has_more)
    if not rows:
        raise Degraded("more is promised, yet the list is empty" if more == b"true" else "an empty list, which proves nothing")
    if message is None:
        return Listed(rows, doubt="the envelope does not say that it succeeded")
    if message != "success":
        raise ParseError("the message is not success")
    if more not in (b"true", b"false"):
        return Listed(rows, doubt="has_more is no flag")
    cursor = as_int(layer.next.max_behot_time) if isinstance(layer.next, Next) else None
    if more == b"true" and not (cursor and cursor > 0):
        # Page 1 was asked for with the cursor 0: getting it back is a repetition.
        return Listed(rows, degraded="more is promised without a cursor")
    return Listed(rows)


@dataclass(slots=True)
class Reading:
    """A page of rows while it is read."""

    page: Page
    whom: Whom
    profile: dict[str, str] = field(default_factory=dict)
    authors: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    repeated: bool = False
    unnamed: bool = False
    untitled: int = 0

    @property
    def author(self) -> str:
        return next(iter(self.authors)) if len(self.authors) == 1 else ""

    def take(self, raw: msgspec.Raw) -> None:
        """Read one row into the page, or count why not. Raises `ParseError` for a row of another author."""
        try:
            row = layers_of(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return self.page.leave("unreadable")
        if is_advertisement(row):
            return self.page.leave("advertisement")
        if not self._is_ours(row):
            return self.page.leave("no_author")
        self.profile = self.profile or profile_of(row)
        draft = draft_of(row)
        if draft.native and not draft.pinned:
            # A pinned row may stand in its own place as well.
            self.repeated = self.repeated or draft.native in self.seen
            self.seen.add(draft.native)
        if draft.kind == "article" and not draft.title:
            self.untitled += 1
            return self.page.leave("untitled")
        return self.page.take(draft)

    def _is_ours(self, row: Layers) -> bool:
        """Whether the row says that it is the account's; False when it does not say whose it is."""
        token, users = page_token(row), user_ids(row)
        numbers = {*users, *media_ids(row)}
        told = bool(token and self.whom.token)
        if told and token != bare(self.whom.token):
            raise ParseError("wrong account: a row links to another author's page")
        if self.whom.numbers and numbers and not numbers & self.whom.numbers:
            raise ParseError("wrong account: a row is another author's")
        if users:
            self.authors.add(users[0])
        known = told or bool(numbers & self.whom.numbers)
        if known or (users and not self.whom.strict):
            return True
        self.unnamed = self.unnamed or (is_creators(row) and not numbers)
        return is_creators(row) and not numbers

    def agree(self) -> None:
        """Raise `ParseError` where nothing tells which of several authors is meant."""
        if len(self.authors) > 1 and not self.whom.numbers:
            raise ParseError("wrong account: the rows have several authors")

    def doubt(self) -> str:
        if self.untitled:
            return f"articles without a title: {self.untitled}"
        if self.unnamed:
            return UNNAMED
        if self.repeated:
            return "the list repeats a row"
        times = [post.published_at for post in self.page.posts.values() if not post.pinned]
        return "" if _in_order(times) else "the rows are not in the order of time"


def _in_order(times: list[datetime]) -> bool:
    """Whether the newest come first, behind at most `PINS` older rows that may be pinned. An old row further down was pushed up again."""
    heads = (pins for pins in range(1, min(PINS, len(times) - 1) + 1) if max(times[:pins]) < min(times[pins:]))
    return any(_descends(times[pins:]) for pins in (0, *heads))


def _descends(times: list[datetime]) -> bool:
    return all(later <= earlier + FEED_LEAD for earlier, later in pairwise(times))
