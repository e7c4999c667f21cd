"""A post list of m.weibo.cn, read from a file a person uploaded or for a later channel. No fetching here. Pure.

Platform reference: weibo.md, sections 5.2, 7 and 9.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from adapters.reading.page import Asked, Page
from adapters.reading.values import Loose, as_id, as_int, decode, keeping_head
from adapters.reading.weibo import take_status
from monitor.errors import AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.model import Snapshot

POST_CARD = 9
GROUP_CARD = 11
GUEST = "a guest's page misses some posts"

REFUSALS: Mapping[str, tuple[type[LookError], str]] = {
    "100001": (TransportFault, "the server says it lost its way"),
    "100005": (RateLimited, "too many requests"),
    "20112": (Degraded, "no permission to see this"),
    "21301": (AuthError, "log in again"),
}


class Card(msgspec.Struct):
    card_type: Loose = None
    profile_type_id: Loose = None
    mblog: msgspec.Raw = msgspec.Raw(b"")
    card_group: list[Card] | None = None


class Cards(msgspec.Struct):
    cards: list[msgspec.Raw] | None = None


class Body(msgspec.Struct):
    ok: Loose = None
    errno: Loose = None
    error_code: Loose = None
    url: Loose = None
    data: Cards | None = None
    cards: list[msgspec.Raw] | None = None


BODY = msgspec.json.Decoder(Body)
CARD = msgspec.json.Decoder(Card)


def read_cards(body: bytes, uid: str, now: datetime, *, account_id: str = "", signed_in: bool = False) -> Snapshot:
    """Return the snapshot of a getIndex answer, or of its `data` part alone.

    Posts are named after `account_id`, which defaults to `weibo:uid` like a roster account without a code. Only a page that
    was seen signed in covers anything: guests miss 5 to 10 % of the posts. Raises `LookError`.
    """
    asked = Asked("weibo", account_id or f"weibo:{uid}", "weibo.list", now, digest=hashlib.sha256(body).hexdigest())
    with keeping_head(body):
        answer = decode(BODY, body)
        cards = answer.data.cards if answer.data else answer.cards
        if answer.ok is not None and as_int(answer.ok) != 1:
            raise _refusal(answer)
        if cards is None:
            raise ParseError("no list of cards")
        page = Page(asked)
        profile: dict[str, str] = {}
        for mblog, pinned in _posts(cards, page):
            author = take_status(page, mblog, uid, pinned=pinned)
            profile = profile or (author.profile if author else {})
        if not page.posts and not page.skipped:
            raise Degraded("a list without posts")
        return page.snapshot(partial="" if signed_in else GUEST, profile=profile)


def _posts(cards: list[msgspec.Raw], page: Page) -> Iterator[tuple[msgspec.Raw, bool]]:
    for raw in cards:
        try:
            card = CARD.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            page.leave("unreadable")
            continue
        for each in card.card_group or [] if as_int(card.card_type) == GROUP_CARD else [card]:
            # Other cards are filters, advertisements and recommendations.
            if bytes(each.mblog) not in (b"", b"null") and as_int(each.card_type) in (POST_CARD, GROUP_CARD):
                yield each.mblog, as_id(each.profile_type_id).startswith("proweibotop")


def _refusal(answer: Body) -> LookError:
    code = as_id(answer.errno) or as_id(answer.error_code)
    url = str(answer.url or "")
    if code in REFUSALS:
        kind, meaning = REFUSALS[code]
        return kind(f"m.weibo.cn error {code}: {meaning}")
    if as_int(answer.ok) == -100:
        return RateLimited("a captcha is asked for") if "captcha" in url else AuthError("a login is asked for")
    if answer.data is not None and answer.data.cards == []:
        # Empty, cancelled, wrong uid, for signed-in eyes only: the answer is the same for all.
        return Degraded("no content is shown")
    return ParseError(f"m.weibo.cn says no, code {code or 'missing'}")
