"""A list of posts as the Open Platform, the business API and the app's API give it, and their errors. No fetching here. Pure.

Platform reference: weibo.md, sections 3 and 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import xxhash

from adapters.reading.page import Asked, Page
from adapters.reading.values import HEAD_BYTES, Loose, as_int, decode, keeping_head
from adapters.reading.weibo import STATUS, ShortLinks, Timeline, publisher
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited
from monitor.model import Snapshot

_HOUR = 3600.0
_DAY = 24 * _HOUR

REFUSALS: Mapping[int, tuple[type[LookError], str, float | None]] = {
    10004: (AuthError, "this address is not allowed", None),
    10006: (AuthError, "app key missing", None),
    10014: (AuthError, "the app lacks the permission", None),
    10022: (RateLimited, "hourly quota of this address used up", _HOUR),
    10023: (RateLimited, "daily quota of this user used up", _DAY),
    10024: (RateLimited, "daily quota of this user for this interface used up", _DAY),
    20003: (AccountGone, "the user does not exist", None),
    20101: (Degraded, "the post does not exist", None),
    20112: (Degraded, "no permission to see the post", None),
    20401: (AccountGone, "the domain does not exist", None),
    20502: (AuthError, "the app must follow this user", None),
    21301: (AuthError, "log in again", None),
    21325: (AuthError, "invalid grant", None),
    21327: (AuthError, "token expired", None),
    21332: (AuthError, "invalid token", None),
}
"""By `error_code`: the class, what it means, and how long to wait. HTTP statuses beside these codes are not documented."""

OF_ONE = frozenset({20003, 20101, 20112, 20401, 20502})
"""Codes that speak of one account or post: an answer for many does not say of which."""
NOT_ON_PAGE = "none of the newest posts of all accounts asked for is this account's"


STRANGERS = 3
"""Items of nobody that every account of an answer gets to see: one makes its view doubtful, thousands would only be read by each."""


Shorts = Mapping[str, ShortLinks]
"""The t.cn links of posts, by the post's id."""


class Statuses(msgspec.Struct):
    """The envelope. `ad` and `advertises` beside it are other people's and are not read."""

    statuses: list[msgspec.Raw] | None = None
    total_number: Loose = None
    error_code: Loose = None


ENVELOPE = msgspec.json.Decoder(Statuses)
LIST = msgspec.json.Decoder(list[msgspec.Raw])


class OneOfMany(Degraded):
    """A refusal because of one of the accounts asked for together: nobody's evidence, and each must be asked for alone."""


def refusal(envelope: Statuses, body: bytes = b"", *, accounts: int = 1) -> LookError | None:
    """Return the error an answer's error_code stands for, None when it holds none. It comes as a number or as text."""
    if envelope.error_code in (None, "", 0, "0"):
        return None
    code = as_int(envelope.error_code)
    head = body[:HEAD_BYTES]
    kind, meaning, wait = REFUSALS.get(code if code is not None else -1, (ParseError, "unknown error", None))
    message = f"Weibo error {code if code is not None else 'without a number'}: {meaning}"
    if code in OF_ONE and accounts > 1:
        return OneOfMany(f"{message}; it does not say which of {accounts} accounts", head=head)
    if kind is Degraded:
        return Degraded(message, head=head)
    return kind(message, retry_after=wait, head=head)


def read_statuses(body: bytes, asked: Asked, uid: str, *, partial: str = "") -> Snapshot:
    """Return the snapshot of one account's list of posts, an object with `statuses` or the bare array. Raises `LookError`.

    It covers from the oldest post it shows: where none of them was known before, posts may be missing between the last look and
    that oldest one, and the sight keeps that hole. It is all the account ever posted only where neither `total_number` nor the account's
    own count tells of more; an empty list is a complete view only where the platform says that there are no posts at all. `partial`
    says why it covers nothing all the same: nobody knows which page of what list a saved file is.
    """
    return read_timeline(body, asked, uid, partial=partial)[0]


def read_timeline(body: bytes, asked: Asked, uid: str, *, partial: str = "") -> tuple[Snapshot, Shorts]:
    """Return what `read_statuses` does, and which of its posts hold t.cn links that the list leaves as they are. Raises `LookError`."""
    with keeping_head(body):
        envelope, statuses = _opened(body)
        timeline = Timeline(Page(asked), uid)
        for raw in statuses:
            timeline.take(raw)
        if not statuses and (envelope.total_number is False or as_int(envelope.total_number) != 0):
            raise timeline.page.degraded("an empty list, and no word that there are no posts")
        return timeline.snapshot(whole=_is_all(envelope, timeline) and not partial, partial=partial), timeline.shorts


def _is_all(envelope: Statuses, timeline: Timeline) -> bool:
    shown, told = len(timeline.page.posts), as_int(envelope.total_number)
    counted = as_int(timeline.profile.get("posts", shown))
    return told is not None and 0 <= told <= shown and counted is not None and counted <= shown


def _opened(body: bytes, accounts: int = 1) -> tuple[Statuses, list[msgspec.Raw]]:
    if body[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
        statuses = decode(LIST, body)
        return Statuses(statuses=statuses), statuses
    envelope = decode(ENVELOPE, body)
    error = refusal(envelope, body, accounts=accounts)
    if error is not None:
        raise error
    if envelope.statuses is None:
        raise ParseError("no list of statuses")
    return envelope, envelope.statuses


class Share(msgspec.Struct, frozen=True):
    """What an answer for many accounts holds of one of them: its posts as they came, joined to a list."""

    body: bytes
    mine: bool

    @property
    def fingerprint(self) -> str:
        return xxhash.xxh3_128_hexdigest(self.body)


def shares(body: bytes, uids: Sequence[str]) -> dict[str, Share]:
    """Part an answer for many accounts: each gets its own posts, and `STRANGERS` of those of which it cannot be said whose they are.

    The shares are bytes, so no parsed tree outlives this call. Raises `LookError`.
    """
    with keeping_head(body):
        parts: dict[str, list[bytes]] = {uid: [] for uid in uids}
        own: set[str] = set()
        strangers: list[bytes] = []
        for raw in _opened(body, len(uids))[1]:
            by = _publisher(raw)
            own.add(by)
            (strangers if not by else parts.get(by, [])).append(bytes(raw))
        for part in parts.values():
            part += strangers[:STRANGERS]
        return {uid: Share(b"[" + b",".join(part) + b"]", uid in own) for uid, part in parts.items()}


def _publisher(raw: msgspec.Raw) -> str:
    try:
        return publisher(STATUS.decode(raw))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""


def read_share(share: Share, asked: Asked, uid: str) -> tuple[Snapshot, Shorts]:
    """Return the snapshot of one account out of an answer for many, and its t.cn links. Raises `LookError`.

    The page holds the newest posts of all of them together: whoever shows at least one is covered from its oldest. Of one that
    shows none nothing is known: others' posts may have pushed its own off the page, or its consent may be missing.
    """
    if not share.mine:
        raise Degraded(NOT_ON_PAGE)
    return read_timeline(share.body, asked, uid)
