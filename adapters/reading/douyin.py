"""A Douyin work (`aweme`) and the bodies that wrap a list of them. Pure. Platform reference: douyin.md, sections 4, 5, 6, 9."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from adapters.reading.page import Draft, Page
from adapters.reading.values import Loose, as_id, as_int, as_number, decode, from_unix, is_set
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, TransportFault
from monitor.matching.text import first_line

RISK_CODES = frozenset({8, 2154, 2156, 10000, 10001})
LOGIN_CODE = 2483
IMAGE_TYPES = (68,)
ABSENT = (b"", b"null")
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


class Author(msgspec.Struct):
    sec_uid: Loose = None
    nickname: Loose = None
    enterprise_verify_reason: Loose = None
    aweme_count: Loose = None
    user_canceled: Loose = None
    secret: Loose = None

    @property
    def profile(self) -> dict[str, str]:
        facts = {"name": self.nickname, "verified": self.enterprise_verify_reason, "posts": self.aweme_count}
        return {key: str(value) for key, value in facts.items() if value not in (None, "")}


class State(msgspec.Struct):
    is_delete: Loose = None
    is_prohibited: Loose = None
    in_reviewing: Loose = None
    private_status: Loose = None

    @property
    def hidden(self) -> bool:
        return as_int(self.private_status) not in (0, None) or is_set(self.is_prohibited) or is_set(self.in_reviewing)


class Aweme(msgspec.Struct):
    aweme_id: Loose = None
    desc: Loose = ""
    create_time: Loose = None
    is_top: Loose = None
    aweme_type: Loose = None
    author: Author | None = None
    images: msgspec.Raw = msgspec.Raw(b"")
    status: State | None = None

    @property
    def is_note(self) -> bool:
        # Image posts carry a `video` object and often a /video/ link too; their pictures tell them apart.
        return bytes(self.images) not in (*ABSENT, b"[]") or as_int(self.aweme_type) in IMAGE_TYPES


class Tip(msgspec.Struct):
    guide_login_tip_exist: Loose = None
    guide_login_tip_text_biserial: Loose = None

    @property
    def hides_newest(self) -> bool:
        return is_set(self.guide_login_tip_exist) or "最新作品" in str(self.guide_login_tip_text_biserial)


class Refused(msgspec.Struct):
    code: Loose = None
    retry_after: Loose = None


class Row(msgspec.Struct):
    raw: msgspec.Raw = msgspec.Raw(b"")


class Body(msgspec.Struct):
    """Any layer of an answer: the platform's own body, a gateway's envelope around it, or its word of refusal."""

    status_code: Loose = None
    aweme_list: msgspec.Raw = msgspec.Raw(b"")
    aweme_detail: msgspec.Raw = msgspec.Raw(b"")
    items: list[Row] | None = None
    has_more: Loose = None
    not_login_module: Tip | None = None
    verify_center_decision_conf: msgspec.Raw = msgspec.Raw(b"")
    captcha: msgspec.Raw = msgspec.Raw(b"")
    verify_page: msgspec.Raw = msgspec.Raw(b"")
    verify_ticket: msgspec.Raw = msgspec.Raw(b"")
    success: Loose = None
    state: Loose = None
    error: Refused | Loose = None
    data: msgspec.Raw = msgspec.Raw(b"")
    result: msgspec.Raw = msgspec.Raw(b"")

    @property
    def asks_captcha(self) -> bool:
        marks = (self.verify_center_decision_conf, self.captcha, self.verify_page, self.verify_ticket)
        return any(bytes(mark) not in ABSENT for mark in marks)

    @property
    def holds_works(self) -> bool:
        return bool(bytes(self.aweme_list) or bytes(self.aweme_detail)) or self.items is not None


BODY = msgspec.json.Decoder(Body)
AWEME = msgspec.json.Decoder(Aweme)
LIST = msgspec.json.Decoder(list[msgspec.Raw])


def unwrap(body: bytes) -> Body:
    """Return the layer that holds the works, or the innermost there is. Raises `LookError` for a refusal on the way."""
    if body[:64].lstrip().startswith(b"["):
        return Body(aweme_list=msgspec.Raw(body))
    layer = decode(BODY, body)
    for _ in range(WRAPPERS):
        _refuse(layer)
        inner = bytes(layer.data) if bytes(layer.data) not in ABSENT else bytes(layer.result)
        if layer.holds_works or inner[:1] not in (b"{", b"["):
            break
        layer = Body(aweme_list=msgspec.Raw(inner)) if inner[:1] == b"[" else decode(BODY, inner)
    _refuse(layer)
    return layer


def _refuse(layer: Body) -> None:
    """Raise what a layer says no with."""
    if isinstance(layer.error, Refused):
        raise v5_refusal(layer.error)
    code = as_int(layer.status_code)
    if code in RISK_CODES or layer.asks_captcha:
        raise RateLimited(f"captcha or risk control (status_code {code})")
    if code == LOGIN_CODE:
        raise AuthError("a login is asked for")
    if code not in (0, None):
        raise ParseError(f"unknown status_code {code}")
    if as_id(layer.state) in ("queued", "running"):
        raise TransportFault("the gateway has not finished yet")


def v5_refusal(error: Refused) -> LookError:
    """Return what a v5 gateway's error code means."""
    code = as_id(error.code)
    kind, meaning = V5_REFUSALS.get(code, (ParseError, "unknown error"))
    wait = as_int(error.retry_after)
    return kind(f"gateway error {code[:40] or 'without a code'}: {meaning}", retry_after=None if wait is None else float(max(0, wait)))


def works(layer: Body) -> list[msgspec.Raw]:
    """Return the works a layer holds. Raises `RateLimited` for the bare envelope, `Degraded` for an empty or withheld list."""
    if layer.items is not None:
        found = [row.raw for row in layer.items if bytes(row.raw) not in ABSENT]
        if layer.items and not found:
            raise ParseError("a list of another kind of items")
    elif bytes(layer.aweme_detail):
        found = [] if bytes(layer.aweme_detail) == b"null" else [layer.aweme_detail]
    elif not bytes(layer.aweme_list):
        raise _listless(layer)
    else:
        found = [] if bytes(layer.aweme_list) == b"null" else decode(LIST, bytes(layer.aweme_list))
    if not found:
        # No posts, a private account, a guest's view, broken paging: the answer is the same for all.
        raise Degraded("an empty list, which proves nothing")
    return found


def _listless(layer: Body) -> LookError:
    if as_int(layer.status_code) == 0:
        return RateLimited("a bare envelope: the platform refused the gateway")
    return ParseError("no list of works")


def take_work(page: Page, raw: msgspec.Raw, sec_uid: str) -> Author | None:
    """Read one work of the account into the page, or count why not; return its author when it is the account.

    Raises `AccountGone` when the account is marked as cancelled or private.
    """
    try:
        work = AWEME.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        page.leave("unreadable")
        return None
    author = as_id(work.author.sec_uid) if work.author else ""
    if author != sec_uid:
        page.leave("foreign" if author else "no_author")
        return None
    if work.author and (is_set(work.author.user_canceled) or is_set(work.author.secret)):
        raise AccountGone("the account is cancelled or private")
    page.take(_draft(work))
    return work.author


def _draft(work: Aweme) -> Draft:
    key = as_number(work.aweme_id)
    state = work.status or State()
    text = str(work.desc or "")
    kind = "note" if work.is_note else "video"
    return Draft(
        native=key,
        at=from_unix(work.create_time),
        url=f"https://www.douyin.com/{kind}/{key}" if key else "",
        title=first_line(text),
        text=text,
        kind=kind,
        pinned=is_set(work.is_top),
        private=state.hidden,
        deleted=is_set(state.is_delete),
    )
