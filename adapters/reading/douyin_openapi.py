"""Answers of Douyin's Open Platform: tokens, the list of an account's own works, and what its codes mean. Pure.

Platform reference: douyin.md, sections 3.1 to 3.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from urllib.parse import urlsplit

import msgspec

from adapters.reading.douyin import address
from adapters.reading.links import named_by
from adapters.reading.page import Asked, Draft, Page
from adapters.reading.values import Loose, as_int, decode, from_unix, header_safe, is_set, keeping_head, key_of, web_url
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired, TransportFault
from monitor.matching.text import first_line
from monitor.model import SHANGHAI, Snapshot, end_of_day

PUBLIC = 5
HIDDEN = frozenset({2, 4, 6, 7})
"""video_status: 2 not fit to be public, 4 in review, 6 for friends, 7 private. 1 is split into 5, 6 and 7, so it tells nothing."""
NOTE = 2
"""media_type of pictures; 4 is a video."""
UNSURE = "works whose visibility is not told"
DISORDER = "the list does not run from new to old, so that works may stand elsewhere"

STALE_TOKEN = frozenset({10008, 28001008, 2190008, 2190002})
"""The access token has ended or is not valid: refreshed once, then it is for the operator."""
RENEWED_OUT = 10020
QUOTA = frozenset({28003017, 2190001})
"""Used up until the next day."""
WRONG_PATH = b"Unsupported path(Janus)"

REFUSALS: Mapping[int, tuple[type[LookError], str]] = {
    28001005: (TransportFault, "system busy"),
    28001006: (TransportFault, "network trouble"),
    2100004: (TransportFault, "system busy"),
    28001008: (AuthError, "access token expired"),
    2190008: (AuthError, "access token expired"),
    2190002: (AuthError, "access token not valid"),
    28001012: (AuthError, "the user has not authorised the app"),
    28001014: (AuthError, "the app lacks the capability"),
    28001018: (AuthError, "the app lacks the capability"),
    2190003: (AuthError, "the app lacks the permission"),
    2190004: (AuthError, "the user has not granted the scope"),
    2100007: (AuthError, "no permission"),
    28001015: (AuthError, "token and open_id do not belong together"),
    2190015: (AuthError, "token and open_id do not belong together"),
    28001045: (AccountGone, "the user cancelled the account"),
    28001046: (AccountGone, "the user is banned"),
    28001047: (AccountGone, "the account is private"),
    2100009: (AccountGone, "the user is banned from the interface"),
    28001016: (SourceRetired, "the app is not available"),
    28001019: (SourceRetired, "the app's capability is closed"),
    28001056: (SourceRetired, "the interface is offline"),
    2190016: (SourceRetired, "the app is not available"),
    28003017: (RateLimited, "quota used up"),
    2190001: (RateLimited, "quota used up"),
    28003018: (RateLimited, "too many requests"),
    28001052: (RateLimited, "risk control"),
    28001007: (ParseError, "bad parameter"),
    2100005: (ParseError, "bad parameter"),
    10002: (AuthError, "bad parameter"),
    10003: (AuthError, "wrong client_key"),
    10004: (AuthError, "the scope is not granted to the app"),
    10005: (AuthError, "a parameter is missing"),
    10006: (AuthError, "wrong redirect_uri"),
    10007: (AuthError, "the code has expired"),
    10008: (AuthError, "access token expired"),
    10010: (AuthError, "refresh token expired: the account must authorise again"),
    10013: (AuthError, "wrong client_key or client_secret"),
    10014: (AuthError, "the client_key does not match the token"),
    10015: (AuthError, "wrong type of app"),
    10020: (AuthError, "the refresh token was renewed as often as it can be: the account must authorise again"),
}
"""By `data.error_code`, else `extra.error_code`. The words of 28001016, 28001019, 2100007 and 2100009 are ours: the books differ."""


class Coded(msgspec.Struct):
    error_code: Loose = None


class Answer(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"")
    extra: msgspec.Raw = msgspec.Raw(b"")


class Granted(msgspec.Struct):
    access_token: Loose = None
    refresh_token: Loose = None
    open_id: Loose = None
    expires_in: Loose = None
    refresh_expires_in: Loose = None


class Listed(msgspec.Struct):
    rows: list[msgspec.Raw] | None = msgspec.field(default=None, name="list")
    has_more: Loose = None


class Row(msgspec.Struct):
    item_id: Loose = None
    title: Loose = ""
    create_time: Loose = None
    is_top: Loose = None
    is_reviewed: Loose = None
    video_status: Loose = None
    media_type: Loose = None
    share_url: Loose = ""


ANSWER = msgspec.json.Decoder(Answer)
CODED = msgspec.json.Decoder(Coded)
GRANTED = msgspec.json.Decoder(Granted)
LISTED = msgspec.json.Decoder(Listed)
ROW = msgspec.json.Decoder(Row)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a refreshing or renewing answer brought; "" and None for what it did not hold. Lives are in seconds."""

    access: str
    refresh: str
    open_id: str
    lasts: int | None
    refresh_lasts: int | None

    def __repr__(self) -> str:
        return "Tokens(...)"


def code_of(body: bytes) -> int | None:
    """Return the code of an answer, 0 for success, None where it has none. Raises `ParseError` for what is no answer of the platform."""
    if WRONG_PATH in body[:4_096]:
        raise ParseError("the platform does not serve this path")
    answer = decode(ANSWER, body)
    codes = (as_int(decode(CODED, part).error_code) for part in (answer.data, answer.extra) if bytes(part)[:1] == b"{")
    told = [code for code in codes if code is not None]
    # The data come first; where they claim success, a failure told beside them is believed.
    return next((code for code in told if code), told[0] if told else None)


def refusal(code: int | None, now: datetime) -> LookError | None:
    """Return the error a code stands for, None for success or none. A quota ends with the day in Shanghai."""
    if code in (None, 0):
        return None
    kind, meaning = REFUSALS.get(code or 0, (ParseError, "unknown error"))
    wait = (end_of_day(now.astimezone(SHANGHAI).date()) - now).total_seconds() + 1.0 if code in QUOTA else None
    return kind(f"Douyin error {code}: {meaning}", retry_after=wait)


def _data(body: bytes, now: datetime) -> msgspec.Raw:
    error = refusal(code_of(body), now)
    if error is not None:
        raise error
    data = decode(ANSWER, body).data
    if bytes(data)[:1] != b"{":
        raise ParseError("an answer without data")
    return data


def read_tokens(body: bytes, now: datetime) -> Tokens:
    """Return the tokens of an answer. Raises `LookError`, which never quotes the body: it may hold a token."""
    granted = decode(GRANTED, _data(body, now))
    found = Tokens(
        access=_secret(granted.access_token),
        refresh=_secret(granted.refresh_token),
        open_id=str(granted.open_id or ""),
        lasts=_seconds(granted.expires_in),
        refresh_lasts=_seconds(granted.refresh_expires_in),
    )
    if not found.access and not found.refresh:
        raise ParseError("an answer without a token")
    return found


def _secret(value: Loose) -> str:
    return header_safe(value) if isinstance(value, str) else ""


def _seconds(value: Loose) -> int | None:
    """Return how long something lasts, told as a number or as text; None for nothing, and for what is over already."""
    seconds = as_int(value)
    return seconds if seconds is not None and 0 < seconds < timedelta(days=3650).total_seconds() else None


def read_list(body: bytes, asked: Asked) -> Snapshot:
    """Return the snapshot of an account's own works. Raises `LookError`; an empty list proves nothing.

    The order of a page is not documented: one that does not run from new to old covers nothing. Nor does one with works of which
    it is not sure whether the public sees them. These are left out: called private, one that was public yesterday would take the
    account's last update with it.
    """
    with keeping_head(body):
        listed = decode(LISTED, _data(body, asked.now))
        if listed.rows is None:
            raise ParseError("no list of works")
        if not listed.rows:
            raise Degraded("an empty list, which proves nothing")
        page = Page(asked)
        for raw in listed.rows:
            _take(page, raw)
        if page.skipped.keys() == {"unsure"} and not page.posts:
            raise Degraded(UNSURE)
        whole = as_int(listed.has_more) == 0
        partial = UNSURE if page.skipped["unsure"] else "" if whole or _runs_down(page) else DISORDER
        return page.snapshot(whole=whole, partial=partial)


def _take(page: Page, raw: msgspec.Raw) -> None:
    """Read one work into the page, or count why not."""
    try:
        row = ROW.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return page.leave("unreadable")
    status = as_int(row.video_status)
    # Reviewed means that the review is over, whether it was passed or not: only the status tells.
    public = status == PUBLIC and (row.is_reviewed is None or is_set(row.is_reviewed))
    if not public and status not in HIDDEN:
        return page.leave("unsure")
    return page.take(_draft(row, public))


def _draft(row: Row, public: bool) -> Draft:
    text = str(row.title or "")
    kind = "note" if as_int(row.media_type) == NOTE else "video"
    return Draft(
        # Opaque, and in a number space of its own: never the number by which the web knows the work.
        native=key_of(row.item_id) if isinstance(row.item_id, str) else "",
        at=from_unix(row.create_time),
        url=_shared(str(row.share_url or ""), kind),
        title=first_line(text),
        text=text,
        kind=kind,
        pinned=is_set(row.is_top),
        private=not public,
    )


_HOSTS = ("douyin.com", "iesdouyin.com", "amemv.com")


def _shared(link: str, kind: str) -> str:
    """Return a work's address: the web's own where the link has its number, else the link without what it tracks people by."""
    named = named_by(link, "douyin") if link else None
    if named is not None:
        return address(kind, named.native)
    url = web_url(link)
    if not url:
        return ""
    parts = urlsplit(url)
    known = any((parts.hostname or "").endswith(f".{host}") or parts.hostname == host for host in _HOSTS)
    return parts._replace(query="", fragment="").geturl() if known else ""


def _runs_down(page: Page) -> bool:
    times = [post.published_at for post in page.posts.values() if not post.pinned]
    return all(earlier >= later for earlier, later in pairwise(times))
