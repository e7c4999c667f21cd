"""What identifying an account needs of the network: where a short link leads, and whose custom domain or nickname it is at Weibo.

Platform reference: weibo.md, sections 3.2 and 10; douyin.md, section 10; toutiao.md, section 9. Nothing here looks at posts.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import msgspec

from adapters.http import HEAD_BYTES, Answer, Door, by_status, by_status_alone, host_of
from adapters.reading.values import Loose, as_id, as_int, as_number, decode, header_safe, keeping_head, web_address
from monitor.errors import AccountGone, AuthError, LookError, ParseError, RateLimited
from monitor.model import Platform
from monitor.ports import Credentials

SHORT_LINKS: Mapping[str, str] = {
    "v.douyin.com": "https://v.douyin.com",
    "v.amemv.com": "https://v.amemv.com",
    "m.toutiao.com": "https://m.toutiao.com",
    "www.toutiao.com": "https://www.toutiao.com",
    "toutiao.com": "https://www.toutiao.com",
}
"""The hosts whose short links are followed, and where each is asked."""

LED_TO = ("douyin.com", "iesdouyin.com", "amemv.com", "toutiao.com")
"""Where a short link may lead: these domains and what is under them."""

CELLS: Mapping[Platform, str] = {
    Platform.WEIBO: "weibo.openapi {} credential=凭据名",
    Platform.WECHAT: "feed 订阅源地址 biz={}",
    Platform.DOUYIN: "douyin.gateway {}",
    Platform.TOUTIAO: "feed RSSHub地址/toutiao/user/token/{}",
}
"""What to write under 采集渠道 for an account, to be completed by hand."""

SPACING = 6.0
"""Seconds between two requests to one host, as for looks (README.md, "Politeness and limits")."""

WEIBO_SPACING = 10.0
_MOVED = frozenset({301, 302, 303, 307, 308})
_HOUR, _DAY = 3600.0, 86_400.0
_REFUSALS: Mapping[int, tuple[type[LookError], str, float | None]] = {
    10022: (RateLimited, "hourly quota of this address used up", _HOUR),
    10023: (RateLimited, "daily quota of this user used up", _DAY),
    10024: (RateLimited, "daily quota of this user for this interface used up", _DAY),
    20003: (AccountGone, "the user does not exist", None),
    20401: (AccountGone, "the domain does not exist", None),
    **dict.fromkeys((10004, 10006, 10014, 20502, 21301, 21325, 21327, 21332), (AuthError, "the token may not ask this", None)),
}


def cell(platform: Platform, handle: str) -> str:
    """Return what could stand under 采集渠道 for an account."""
    return CELLS[platform].format(handle)


class User(msgspec.Struct):
    """The few fields of `users/show` and `users/domain_show` that tell who it is."""

    id: Loose = None
    idstr: Loose = None
    screen_name: Loose = None
    domain: Loose = None
    error_code: Loose = None


USER = msgspec.json.Decoder(User)


class Resolver:
    """Answers one question at a time. It follows at most one redirect, and only between hosts that are listed here."""

    def __init__(
        self,
        door: Door,
        credentials: Credentials,
        *,
        weibo: str = "https://api.weibo.com",
        short_links: Mapping[str, str] = SHORT_LINKS,
        spacing: float = SPACING,
    ) -> None:
        self._door, self._credentials = door, credentials
        self._weibo, self._short_links, self._spacing = weibo, short_links, spacing

    async def ask(self, kind: str, value: str, credential: str) -> str:
        """Return an address that tells more than the question did. Raises `LookError`.

        `follow`: where the short link `value` leads. `domain`, `screen_name`: the page, by its number, of the Weibo account that has it.
        """
        return await (self._follow(value) if kind == "follow" else self._weibo_user(kind, value, credential))

    async def _follow(self, link: str) -> str:
        parts = urlsplit(link)
        base = self._short_links.get(parts.hostname or "")
        if base is None:
            raise ParseError("not a short link that is followed")
        answer = await self._door.fetch(
            f"resolve {parts.hostname}", base + parts.path, spacing=self._spacing, redirects=0, explain=_unless_moved
        )
        location = answer.headers.get("Location", "") if answer.status in _MOVED else ""
        target = _joined(link, location)
        if not target:
            raise ParseError(f"{parts.hostname}: the link leads nowhere")
        return target

    async def _weibo_user(self, kind: str, value: str, credential: str) -> str:
        token = header_safe(self._credentials.secret(credential, "access_token"))
        if not token:
            raise AuthError(f"credential {credential!r}: access_token holds blanks or line ends")
        page = "domain_show" if kind == "domain" else "show"
        answer = await self._door.fetch(
            f"resolve {credential}",
            f"{web_address(self._weibo, 'base_url')}/2/users/{page}.json",
            params={kind: value},
            headers={"Authorization": f"OAuth2 {token}"},
            spacing=max(self._spacing, WEIBO_SPACING) if self._spacing else 0.0,
            redirects=0,
            explain=_explain,
        )
        return f"https://weibo.com/u/{read_user(answer.utf8(), kind, value)}"


def read_user(body: bytes, kind: str, value: str) -> str:
    """Return the uid of a `users/show` or `users/domain_show` answer, which must be about whom was asked. Raises `LookError`."""
    with keeping_head(body):
        user = decode(USER, body)
        error = _refusal(user, body)
        if error is not None:
            raise error
        uid = as_number(user.idstr) or as_number(user.id)
        told = as_id(user.domain) if kind == "domain" else str(user.screen_name or "")
        if not uid:
            raise ParseError("no user in the answer")
        # A domain that was never chosen is answered as the number itself.
        if told.casefold() != value.casefold():
            raise ParseError("the answer is about another account")
        return uid


def _unless_moved(answer: Answer) -> LookError | None:
    return None if answer.status in _MOVED else by_status(answer)


def _explain(answer: Answer) -> LookError:
    try:
        error = _refusal(decode(USER, answer.utf8()), answer.body)
    except ParseError:
        error = None
    return error or by_status_alone(answer)


def _refusal(user: User, body: bytes) -> LookError | None:
    if user.error_code in (None, "", 0, "0"):
        return None
    code = as_int(user.error_code)
    kind, meaning, wait = _REFUSALS.get(code if code is not None else -1, (ParseError, "unknown error", None))
    return kind(f"Weibo error {code if code is not None else 'without a number'}: {meaning}", retry_after=wait, head=body[:HEAD_BYTES])


def _joined(link: str, location: str) -> str:
    """Return where a redirect leads, "" when that is no web address of the domains allowed."""
    try:
        target = urljoin(link, location.strip()) if location.strip() else ""
        parts = urlsplit(target)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""
    allowed = any(host == domain or host.endswith(f".{domain}") for domain in LED_TO)
    return target if allowed and parts.scheme in ("http", "https") and host_of(target) else ""
