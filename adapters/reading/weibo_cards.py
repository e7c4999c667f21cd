"""A post list of m.weibo.cn, fetched or uploaded; its envelope and its refusals, which weibo.com/ajax shares. No fetching here. Pure.

Platform reference: weibo.md, sections 5.2, 7 and 9.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import msgspec

from adapters.reading.page import Asked, Page
from adapters.reading.values import Loose, as_id, as_int, decode, is_html, is_set, keeping_head
from adapters.reading.weibo import NO_RAW, Timeline, User
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.model import Snapshot

ABSENT = (b"", b"null")
POST_CARD = 9
GROUP_CARD = 11
WALL = -100
"""`ok`, and `errno` beside it, where a captcha or a login is asked for."""
GUEST = "a guest's page misses some posts"
PROFILE = "an account's profile, not its posts"
ONE_POST = "one post, not the account's list"
LATER_PAGE = "not the first page"

REFUSALS: Mapping[str, tuple[type[LookError], str]] = {
    "100001": (TransportFault, "the server says it lost its way"),
    "100005": (RateLimited, "too many requests"),
    "20003": (AccountGone, "the user does not exist"),
    "20101": (Degraded, "the post does not exist"),
    "20112": (Degraded, "no permission to see this"),
    "21301": (AuthError, "log in again"),
}
_LOGIN_HOSTS = ("passport.weibo.cn", "passport.weibo.com", "visitor.passport.weibo.cn", "login.sina.com.cn")
_LOGIN_MARKS = re.compile("Sina Visitor System|passport\\.weibo\\.c|weibo\\.com/login|登录后使用".encode())
"""Seen on refusals only. "captcha" and "geetest" stand on good pages as well and mean nothing (section 7)."""
_MARKS_WITHIN = 20_000
"""Bytes of a page in which its marks are looked for."""


class Card(msgspec.Struct):
    card_type: Loose = None
    profile_type_id: Loose = None
    mblog: msgspec.Raw = NO_RAW
    card_group: msgspec.Raw = NO_RAW


class ListInfo(msgspec.Struct):
    page: Loose = None


class Inner(msgspec.Struct):
    """The `data` of an answer: a list of cards (m.weibo.cn), of posts (ajax), a profile, a post, or the whole text of one."""

    cards: list[msgspec.Raw] | None = None
    posts: msgspec.Raw = msgspec.field(name="list", default=NO_RAW)
    userInfo: msgspec.Raw = NO_RAW
    cardlistInfo: msgspec.Raw = NO_RAW
    mid: Loose = None
    mblogid: Loose = None
    absstr: Loose = None
    login: Loose = None
    longTextContent: Loose = None


class Envelope(msgspec.Struct):
    """What is around every answer. `data` may be missing: the `data` part alone is what people save."""

    ok: Loose = None
    errno: Loose = None
    error_code: Loose = None
    url: Loose = None
    data: msgspec.Raw = NO_RAW


ENVELOPE = msgspec.json.Decoder(Envelope)
INNER = msgspec.json.Decoder(Inner)
CARD = msgspec.json.Decoder(Card)
GROUP = msgspec.json.Decoder(list[Card])
LIST_INFO = msgspec.json.Decoder(ListInfo)
USER = msgspec.json.Decoder(User)


class Opened(msgspec.Struct):
    """An answer that is no refusal: what it holds, and that as bytes."""

    inner: Inner
    raw: bytes


def opened(body: bytes) -> Opened:
    """Return what an answer holds. Raises the `LookError` of a refusal, and `ParseError` for what is no answer at all."""
    if is_html(body):
        raise refused_page(body) or ParseError("an HTML page instead of the expected JSON")
    envelope = decode(ENVELOPE, body)
    refused = refusal(envelope)
    if refused is not None:
        raise refused
    # The data part alone has no `data` of its own; neither has a post that stands beside `ok`.
    raw = bytes(envelope.data) if len(bytes(envelope.data)) > 2 else body
    return Opened(decode(INNER, raw), raw)


def refused_page(body: bytes) -> LookError | None:
    """Return the refusal that a web page is which came in place of an answer, None for a page without a mark."""
    return AuthError("a login page instead of an answer") if _LOGIN_MARKS.search(body[:_MARKS_WITHIN]) else None


def refusal(envelope: Envelope) -> LookError | None:
    """Return what an answer refuses with, None for a good one. All of these come with HTTP 200 as well (section 7)."""
    code = as_id(envelope.errno) or as_id(envelope.error_code)
    if code in REFUSALS:
        kind, meaning = REFUSALS[code]
        return kind(f"Weibo error {code}: {meaning}")
    ok = envelope.ok
    if as_int(ok) == WALL or code == str(WALL):
        return _wall(str(envelope.url or ""))
    if ok is None or is_set(ok):
        return None if code in ("", "0") else ParseError(f"Weibo error {code}: unknown")
    if _is_empty(bytes(envelope.data)):
        # Empty, cancelled, wrong uid, for signed-in eyes only: the answer is the same for all.
        return Degraded("no content is shown")
    return ParseError(f"Weibo says no, code {code or 'missing'}")


def _wall(url: str) -> LookError:
    """Return what `ok:-100` means: a captcha on this cookie or address, which is never tried again by itself, or a login."""
    try:
        path = urlsplit(url).path
    except ValueError:
        path = ""
    return RateLimited("a captcha is asked for") if "captcha" in path else AuthError("a login is asked for")


def _is_empty(data: bytes) -> bool:
    try:
        return INNER.decode(data).cards == [] if data else False
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False


def is_login_address(location: str) -> bool:
    """Whether a redirect leads to the login or the visitor page."""
    try:
        parts = urlsplit(location)
        host = parts.hostname or ""
    except ValueError:
        return False
    return host in _LOGIN_HOSTS or (host.endswith("weibo.com") and parts.path.startswith(("/login", "/visitor")))


def read_cards(body: bytes, asked: Asked, uid: str, *, signed_in: bool = False) -> Snapshot:
    """Return the snapshot of a getIndex answer, or of its `data` part alone. Raises `LookError`.

    Only a first page that was seen signed in covers anything: guests miss 5 to 10 % of the posts (section 11).
    """
    return read_page(body, asked, uid, signed_in=signed_in)[0]


def read_page(body: bytes, asked: Asked, uid: str, *, signed_in: bool) -> tuple[Snapshot, Mapping[str, str]]:
    """Return the snapshot of a getIndex answer, and which of its posts are cut, each with the mark of its whole text."""
    with keeping_head(body):
        answer = opened(body)
        timeline = Timeline(Page(asked), uid)
        if answer.inner.cards is None:
            raise _no_list(answer, timeline)
        for mblog, pinned in _posts(answer.inner.cards, timeline.page):
            timeline.take(mblog, pinned=pinned)
        if not timeline.page.posts and not timeline.page.skipped:
            raise Degraded("a list without posts")
        partial = "" if signed_in else GUEST
        return timeline.snapshot(partial=partial or _later(answer.inner)), timeline.folded


def _later(inner: Inner) -> str:
    """Return why a page is not the newest. Where pages are numbered `page` names the next one; other ways of paging do not tell."""
    try:
        number = as_int(LIST_INFO.decode(inner.cardlistInfo).page) if bytes(inner.cardlistInfo) else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        number = None
    return LATER_PAGE if number is not None and number > 2 else ""


def _posts(cards: list[msgspec.Raw], page: Page) -> Iterator[tuple[msgspec.Raw, bool]]:
    """Yield the posts of all cards, and whether each stands outside the list's order.

    A pin does, and so does what lies in a card of a kind we do not know: it may be a recommendation of something old, but a post of
    the account's it may be as well, and that must not be missed.
    """
    for raw in cards:
        try:
            card = CARD.decode(raw)
            group = GROUP.decode(card.card_group) if len(bytes(card.card_group)) > 4 else []
        except (msgspec.MsgspecError, ValueError, RecursionError):
            page.leave("unreadable")
            continue
        for each in (card, *group):
            if bytes(each.mblog) not in ABSENT:
                known = as_int(each.card_type) in (POST_CARD, GROUP_CARD)
                yield each.mblog, not known or as_id(each.profile_type_id).startswith("proweibotop")


def _no_list(answer: Opened, timeline: Timeline) -> LookError:
    """Return what an answer without a list is: a profile, a single post, or nothing known."""
    if len(bytes(answer.inner.userInfo)) > 2:
        return _profile(answer.inner.userInfo, timeline)
    return one_post(answer, timeline) or ParseError("no list of cards")


def _profile(raw: msgspec.Raw, timeline: Timeline) -> LookError:
    try:
        user = USER.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ParseError("an unreadable profile")
    if user.uid != timeline.uid:
        return ParseError("wrong account: the profile belongs to another")
    return timeline.page.degraded(PROFILE, user.profile)


def one_post(answer: Opened, timeline: Timeline) -> LookError | None:
    """Return a single post as what it is, a view that covers nothing; None where the answer is none. Raises `ParseError`."""
    if answer.inner.mid is None and answer.inner.mblogid is None:
        return None
    timeline.take(answer.raw)
    return Degraded(ONE_POST, snapshot=timeline.snapshot(partial=ONE_POST))


def read_whole_text(body: bytes) -> str:
    """Return the markup of `statuses/extend` or `ajax/statuses/longtext`. Raises `LookError`."""
    with keeping_head(body):
        text = opened(body).inner.longTextContent
        if not isinstance(text, str) or not text.strip():
            raise ParseError("no longTextContent")
        return text


def read_login(body: bytes) -> bool:
    """Return whether `/api/config` says that the cookie is a login. Raises `LookError`."""
    with keeping_head(body):
        return is_set(opened(body).inner.login)
