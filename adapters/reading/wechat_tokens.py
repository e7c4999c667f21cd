"""WeChat's token interfaces, read into grants: stable_token, a component's token, an authoriser's. wechat.md, section 2.1. Pure.

Errors raised here never quote the body: it may hold a token.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from adapters.reading.values import Loose, as_int, decode, header_safe
from adapters.reading.wechat_errors import refuse
from monitor.errors import ParseError
from monitor.ports import Grant

ACCESS, COMPONENT, TICKET = "wechat.access", "wechat.component", "wechat.component_ticket"
"""The kinds of grants: an account's access token; a third-party platform's own token; the ticket that WeChat pushes to it."""

EARLY = timedelta(seconds=300)
"""A token is renewed so long before its end; old and new are both valid for five minutes."""
LONGEST = 7_200
"""Seconds that any of these tokens lives; an answer that says more is not believed."""
TICKET_LASTS = timedelta(hours=12)


class Body(msgspec.Struct):
    errcode: Loose = None
    errmsg: Loose = ""
    access_token: Loose = None
    component_access_token: Loose = None
    authorizer_access_token: Loose = None
    authorizer_refresh_token: Loose = None
    expires_in: Loose = None


BODY = msgspec.json.Decoder(Body)


def is_fresh(grant: Grant | None, now: datetime) -> bool:
    """Whether a token may still be used: five minutes before its end it is renewed. A token without an end is not believed to have none."""
    return grant is not None and grant.until is not None and now < grant.until - EARLY


def is_ticket_valid(grant: Grant | None, now: datetime) -> bool:
    """Whether a component's ticket may be used: until its end, or for twelve hours where none was noted."""
    return grant is not None and bool(grant.value) and now < (grant.until or grant.issued_at + TICKET_LASTS)


def read_token(body: bytes, now: datetime) -> Grant:
    """Return the token of a `stable_token` answer. Raises `LookError`."""
    answer = _answer(body, now)
    return _grant(answer.access_token, answer, now)


def read_component(body: bytes, now: datetime) -> Grant:
    """Return the token of an `api_component_token` answer. Raises `LookError`."""
    answer = _answer(body, now)
    return _grant(answer.component_access_token, answer, now)


def read_authorizer(body: bytes, now: datetime, refresh: str, renewals: int = 0) -> Grant:
    """Return the tokens of an `api_authorizer_token` answer; the refresh token stays the one that was sent where none comes back.

    Raises `LookError`.
    """
    answer = _answer(body, now)
    again = _secret(answer.authorizer_refresh_token) or refresh
    return _grant(answer.authorizer_access_token, answer, now, again, renewals + (again != refresh))


def _answer(body: bytes, now: datetime) -> Body:
    answer = decode(BODY, body)
    refuse(answer.errcode, now, said=answer.errmsg)
    return answer


def _grant(value: Loose, answer: Body, now: datetime, refresh: str = "", renewals: int = 0) -> Grant:
    token, lasts = _secret(value), as_int(answer.expires_in)
    if not token:
        raise ParseError("an answer without a token")
    return Grant(token, now, now + timedelta(seconds=min(max(lasts or 0, 0), LONGEST)), refresh, renewals=renewals)


def _secret(value: Loose) -> str:
    return header_safe(value) if isinstance(value, str) else ""
