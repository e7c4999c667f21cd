"""The bodies that wrap a list of Douyin works, what they refuse, and what an empty one means. Pure.

Platform reference: douyin.md, sections 4, 5, 6 and 11. An empty list is never taken for silence.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from adapters.reading import peek
from adapters.reading.douyin import ABSENT, AWEME, Author, take_work
from adapters.reading.douyin_rows import is_flat, take_row
from adapters.reading.page import PINS, Asked, Page
from adapters.reading.values import Loose, as_id, as_int, decode, is_html, is_set, keeping_head
from monitor.errors import RETRY_AFTER_CAP, AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.model import Snapshot

OTHERS = "works of other accounts stand among the account's own"
GUEST = "the newest works are shown to signed-in visitors only"
CAPTCHA_PAGE = "验证码中间页".encode()
RISK_CODES = frozenset({8, 2154, 2156, 10000, 10001})
LOGIN_CODE = 2483
NOT_CATALOGUED = 3203
"""A vendor's code for an account it does not follow (优质库暂未收录该内容)."""
PIN_MARK = b'"is_top"'
UNFINISHED = ("queued", "running")
WRAPPERS = 3
"""How deep a list may lie in `data` or `result` of an envelope: a v5 task holds it at body.data.data."""

V5_REFUSALS: Mapping[str, tuple[type[LookError], str]] = {
    "RATE_LIMITED": (RateLimited, "too many requests"),
    "QUEUE_FULL": (RateLimited, "queue full"),
    "IDENTITY_POOL_EXHAUSTED": (RateLimited, "no identity is free"),
    "ENDPOINT_CIRCUIT_OPEN": (RateLimited, "the gateway rests"),
    "UPSTREAM_RISK_CONTROL": (RateLimited, "risk control"),
    "SIGNING_FAILED": (TransportFault, "signing failed"),
    "INTERNAL": (TransportFault, "internal error"),
    "TASK_NOT_FOUND": (TransportFault, "the task is gone"),
    "NOT_FOUND": (AccountGone, "not found"),
    "CONTENT_PRIVATE": (AccountGone, "private"),
    "UNAUTHENTICATED": (AuthError, "the key is not valid"),
    "FORBIDDEN_SCOPE": (AuthError, "the key lacks the scope"),
    "INVALID_URL": (AuthError, "the gateway refuses the address"),
    "INVALID_PARAM": (AuthError, "the gateway refuses a parameter"),
    "UPSTREAM_CHANGED": (ParseError, "the platform changed"),
    "UNSUPPORTED_CONTENT": (ParseError, "unsupported content"),
}


class Tip(msgspec.Struct):
    guide_login_tip_exist: Loose = None
    guide_login_tip_text_biserial: Loose = None

    @property
    def hides_newest(self) -> bool:
        return is_set(self.guide_login_tip_exist) or "最新作品" in str(self.guide_login_tip_text_biserial)


class Refused(msgspec.Struct):
    code: Loose = None
    retry_after: Loose = None


class Body(msgspec.Struct):
    """Any layer of an answer: the platform's own body, a gateway's envelope around it, or its word of refusal."""

    code: Loose = None
    status_code: Loose = None
    aweme_list: msgspec.Raw = msgspec.Raw(b"")
    aweme_detail: msgspec.Raw = msgspec.Raw(b"")
    items: msgspec.Raw = msgspec.Raw(b"")
    rows: msgspec.Raw = msgspec.field(default=msgspec.Raw(b""), name="list")
    has_more: Loose = None
    not_login_module: Tip | None = None
    verify_center_decision_conf: msgspec.Raw = msgspec.Raw(b"")
    captcha: msgspec.Raw = msgspec.Raw(b"")
    verify_page: msgspec.Raw = msgspec.Raw(b"")
    verify_ticket: msgspec.Raw = msgspec.Raw(b"")
    success: Loose = None
    task_id: Loose = None
    state: Loose = None
    error: Refused | Loose = None
    detail: msgspec.Raw = msgspec.Raw(b"")
    data: msgspec.Raw = msgspec.Raw(b"")
    result: msgspec.Raw = msgspec.Raw(b"")
    user: Author | None = None
    user_info: Author | None = None

    @property
    def asks_captcha(self) -> bool:
        marks = (self.verify_center_decision_conf, self.captcha, self.verify_page, self.verify_ticket)
        return any(bytes(mark) not in ABSENT for mark in marks)

    @property
    def listed(self) -> bytes:
        """The list, b"" where this layer holds none."""
        return next((bytes(each) for each in (self.aweme_list, self.items, self.rows) if bytes(each)), b"")

    @property
    def is_innermost(self) -> bool:
        return bool(self.listed or bytes(self.aweme_detail)) or self.user is not None or self.user_info is not None

    @property
    def inner(self) -> bytes:
        return bytes(self.data) if bytes(self.data) not in ABSENT else bytes(self.result)


BODY = msgspec.json.Decoder(Body)
REFUSED = msgspec.json.Decoder(Refused)
LIST = msgspec.json.Decoder(list[msgspec.Raw])


def unwrap(body: bytes) -> Body:
    """Return the layer that holds the works, or the innermost there is. Raises `LookError` for a refusal on the way."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    if body[:64].lstrip().startswith(b"["):
        return Body(aweme_list=msgspec.Raw(body))
    layer = decode(BODY, body)
    for _ in range(WRAPPERS):
        _refuse(layer)
        inner = layer.inner
        if layer.is_innermost or inner[:1] not in (b"{", b"["):
            break
        layer = Body(aweme_list=msgspec.Raw(inner)) if inner[:1] == b"[" else decode(BODY, inner)
    _refuse(layer)
    return layer


def _refuse(layer: Body) -> None:
    """Raise what a layer says no with."""
    error = told(layer)
    if error is not None:
        raise error
    code = as_int(layer.status_code)
    if code in RISK_CODES or layer.asks_captcha:
        raise RateLimited(f"captcha or risk control (status_code {code})")
    if code == LOGIN_CODE:
        raise AuthError("a login is asked for")
    if code not in (0, None):
        raise ParseError(f"unknown status_code {str(code)[:20]}")
    if as_id(layer.state) in UNFINISHED:
        raise TransportFault("the gateway has not finished yet")
    if as_id(layer.state) == "failed":
        raise TransportFault("the gateway's task failed without a reason")


def told(layer: Body) -> LookError | None:
    """Return the error that a gateway or vendor itself tells of, None where it tells of none."""
    if isinstance(layer.error, Refused):
        return v5_refusal(layer.error)
    if layer.success is False:
        return ParseError("the gateway says no, without a reason")
    if as_int(layer.code) == NOT_CATALOGUED:
        return Degraded("the vendor does not follow this account, which proves nothing")
    # v4 turns every exception of its own into this, with a time that is the process's start.
    if bytes(layer.detail)[:1] == b"{" and as_int(decode(REFUSED, layer.detail).code) == 400:
        return TransportFault("the gateway failed (v4 error 400)")
    return None


def v5_refusal(error: Refused) -> LookError:
    """Return what a v5 gateway's error code means."""
    code = as_id(error.code)
    kind, meaning = V5_REFUSALS.get(code, (ParseError, "unknown error"))
    wait = error.retry_after if isinstance(error.retry_after, float) else as_int(error.retry_after)
    # A body may tell a number that no float can hold.
    seconds = None if wait is None else float(min(max(0, wait), RETRY_AFTER_CAP))
    return kind(f"gateway error {code[:40] or 'without a code'}: {meaning}", retry_after=seconds)


def refused_page(body: bytes) -> LookError | None:
    """Return the refusal that an answer is which is no JSON at all."""
    head = body[:4_096].strip()
    if not head:
        return RateLimited("an empty answer: the platform refused the gateway")
    if head.lower().startswith(b"blocked"):
        return RateLimited("blocked")
    if is_html(body) and CAPTCHA_PAGE in body:
        return RateLimited("a captcha page")
    return None


def refusal(body: bytes) -> LookError | None:
    """Return the refusal that an answer with an error status is, None where only its status tells."""
    if not body:
        return None
    try:
        return told(decode(BODY, body)) or refused_page(body)
    except ParseError:
        return refused_page(body)


def unfinished(body: bytes) -> str | None:
    """Return the id of the task a v5 gateway is still at ("" where it tells none), None where it has finished."""
    try:
        layer = decode(BODY, decode(BODY, body).data)
    except ParseError:
        return None
    return as_id(layer.task_id) if as_id(layer.state) in UNFINISHED else None


def works(layer: Body) -> list[msgspec.Raw]:
    """Return the works a layer holds. Raises `RateLimited` for the bare envelope, `Degraded` for an empty or withheld list."""
    if bytes(layer.aweme_detail):
        found = [] if bytes(layer.aweme_detail) == b"null" else [layer.aweme_detail]
    elif not layer.listed:
        raise _listless(layer)
    else:
        found = [] if layer.listed == b"null" else decode(LIST, layer.listed)
    if not found:
        # No posts, a private account, a guest's view, broken paging: the answer is the same for all.
        raise Degraded("an empty list, which proves nothing")
    return found


def _listless(layer: Body) -> LookError:
    if as_int(layer.status_code) == 0 and layer.user is None and layer.user_info is None:
        return RateLimited("a bare envelope: the platform refused the gateway")
    return ParseError("no list of works")


UNTOLD = "the gateway does not tell a guest's page: set signed_in where it has a login"


def read_works(body: bytes, asked: Asked, sec_uid: str, seen: str = "", signed_in: bool = False) -> Snapshot:
    """Return the snapshot of a list of works, however it is wrapped; `seen` is what a peek told of it. Raises `LookError`.

    A list without the platform's own envelope (version 5, other wrappings) lacks its word on guests, from whom the newest works are
    hidden: it covers something only where the operator says that the gateway is `signed_in`.
    """
    with keeping_head(body):
        refused = refused_page(body)
        if refused is not None:
            raise refused
        layer = unwrap(body)
        found = works(layer)
        page = Page(asked)
        profile = _take(page, found, sec_uid)
        if layer.not_login_module is not None and layer.not_login_module.hides_newest:
            raise page.degraded(GUEST, profile)
        if bytes(layer.aweme_detail):
            raise page.degraded("one work, not the account's list", profile)
        if is_flat(found[0]):
            raise page.degraded("the rows do not say whose works they are", profile)
        # Works made together with others bear one author's name only: nobody knows whose update such a one was.
        untold = "" if signed_in or layer.status_code is not None else UNTOLD
        partial = OTHERS if page.skipped["foreign"] else untold
        return page.snapshot(whole=_is_all(layer, page, profile), partial=partial, profile=profile, memory=peek.remembered(seen))


def _is_all(layer: Body, page: Page, profile: Mapping[str, str]) -> bool:
    """Whether the list is said to end here, and the account's own count does not tell of more works than it shows."""
    shown = len(page.posts)
    counted = as_int(profile.get("posts", shown))
    return as_int(layer.has_more) == 0 and counted is not None and counted <= shown


def _take(page: Page, found: list[msgspec.Raw], sec_uid: str) -> dict[str, str]:
    """Read the works into the page and return the profile. Raises `ParseError` where the first of them is another account's."""
    profile: dict[str, str] = {}
    marked = False
    for raw in found:
        try:
            work = AWEME.decode(raw)
            author = take_work(page, work, sec_uid) if work.aweme_id is not None else take_row(page, raw, sec_uid)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            page.leave("unreadable")
            continue
        marked = marked or work.is_top is not None or (work.aweme_id is None and PIN_MARK in bytes(raw))
        profile = profile or (author.profile if author else {})
        if page.skipped["foreign"] and not profile:
            raise ParseError("wrong account: the first work is another's")
    if not marked:
        _mark_pins(page)
    return profile


def _mark_pins(page: Page) -> None:
    """Mark the pins of a list that does not mark them: among the first three, whatever is older than something after it.

    All else is strictly newest first (one exception in 841 recorded works).
    """
    posts = list(page.posts.values())
    for place, post in enumerate(posts[:PINS]):
        if any(post.published_at < later.published_at for later in posts[place + 1 :]):
            page.posts[post.id] = post.model_copy(update={"pinned": True})


def shows_none(body: bytes) -> bool:
    """Whether a body shows an empty list with nothing more to come, and no mark of a guest's view."""
    try:
        layer = unwrap(body)
    except LookError:
        return False
    guest = layer.not_login_module is not None and layer.not_login_module.hides_newest
    ended = layer.has_more is not None and as_int(layer.has_more) == 0
    return layer.listed == b"[]" and ended and not guest


def without_works(author: Author, asked: Asked, sec_uid: str) -> Snapshot | None:
    """Return the complete view of an account whose own profile, too, counts no works; None where it does not say so.

    Only to be asked after an empty page from a source that is signed in (section 6). Raises `AccountGone`.
    """
    if as_id(author.sec_uid) != sec_uid:
        return None
    if author.trouble:
        raise AccountGone(author.trouble)
    if as_int(author.aweme_count) != 0 or author.aweme_count is False:
        return None
    # Nothing to remember: the profile must be asked again each time.
    return Page(asked).snapshot(whole=True, profile=author.profile).model_copy(update={"memory": {}})


def read_profile(body: bytes) -> Author:
    """Return the account that a profile or share page's body is about. Raises `LookError`; `Author.trouble` says if it is gone."""
    with keeping_head(body):
        refused = refused_page(body)
        if refused is not None:
            raise refused
        layer = unwrap(body)
        author = layer.user or layer.user_info
        if author is None or not as_id(author.sec_uid):
            raise ParseError("no profile")
        return author
