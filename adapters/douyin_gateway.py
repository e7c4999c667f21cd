"""`douyin.gateway`: a gateway the operator runs, which hands on the platform's own list of works (v4; other wrappings are read too).

Platform reference: douyin.md, sections 4.1, 6, 8 and 9. An empty list is never taken for silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from adapters.channel import Base
from adapters.http import HEAD_BYTES, Answer, by_status_alone, host_of, retry_after
from adapters.reading.douyin import BODY, Refused, take_work, unwrap, v5_refusal, works
from adapters.reading.page import Asked, Page, recall, unchanged
from adapters.reading.values import Loose, as_int, decode, delay_of, is_html, keeping_head, web_address
from monitor.errors import AuthError, LookError, ParseError, RateLimited, TransportFault
from monitor.model import Account, Channel, Snapshot
from monitor.ports import ChannelSettings

GUEST = "the newest works are shown to signed-in visitors only"
CAPTCHA_PAGE = "验证码中间页".encode()
RISK_STATUSES = frozenset({401, 403, 405, 412, 429, 444})
_SEC_UID = re.compile(r"MS4wLjABAAAA[0-9A-Za-z_=-]{10,120}")


class V4Detail(msgspec.Struct):
    code: Loose = None


class V4Error(msgspec.Struct):
    detail: V4Detail


V4_ERROR = msgspec.json.Decoder(V4Error)


class DouyinGatewaySettings(ChannelSettings):
    spacing_seconds: float = 6.0
    timeout_seconds: float = 60.0
    min_interval_minutes: float = 30.0
    max_interval_minutes: float = 360.0


class DouyinGateway(Base):
    """Reads page 1 only. It sees what the gateway's login sees, at second hand."""

    Settings: ClassVar[type[ChannelSettings]] = DouyinGatewaySettings
    first_hand: ClassVar[bool] = False
    name: ClassVar[str] = "douyin.gateway"

    def lane(self, channel: Channel) -> str:
        return "douyin.gateway " + host_of(channel.options.get("base_url") or self.settings.base_url)

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the newest page of works, or that nothing changed. Raises `LookError`."""
        if not _SEC_UID.fullmatch(channel.handle):
            raise ParseError("the handle is not a sec_uid")
        delay = delay_of(channel, self.settings)
        answer = await self._fetch(channel)
        asked = Asked.of(account, channel, now, delay)
        known = recall(memory)
        if known is not None and known.fingerprint == answer.fingerprint:
            return unchanged(asked, known, memory)
        return read(answer.utf8(), asked.answered(answer.digest, answer.fingerprint), channel.handle)

    async def _fetch(self, channel: Channel) -> Answer:
        base = channel.options.get("base_url") or self.settings.base_url
        if not base:
            raise AuthError("no gateway is configured: base_url is empty")
        return await self.door.fetch(
            self.lane(channel),
            # Built by hand: the handle is made of letters that need no quoting, and a query built from parts costs as much as a parse.
            f"{web_address(base, 'base_url')}/api/douyin/web/fetch_user_post_videos?sec_user_id={channel.handle}&max_cursor=0&count=20",
            seconds=self.settings.timeout_seconds,
            spacing=self.settings.spacing_seconds,
            in_flight=self.settings.in_flight,
            explain=explain,
        )

    async def check(self) -> list[str]:
        if not self.settings.base_url:
            return ['channels."douyin.gateway".base_url 未设置：请填写自建抖音网关的地址']
        trouble = await self.door.probe(self.settings.base_url)
        return [f"抖音网关 {self.settings.base_url} 无法访问：{trouble}"] if trouble else []


def explain(answer: Answer) -> LookError:
    """Return what a refusal means: by the gateway's error body, else by the status as Douyin uses it."""
    body, head = answer.utf8(), answer.body[:HEAD_BYTES]
    error = _told(body) or (_refused_page(body) if body else None)
    if error is None and answer.status in RISK_STATUSES:
        error = RateLimited(f"risk control: HTTP {answer.status}")
    if error is None:
        return by_status_alone(answer)
    error.head = error.head or LookError("", head=head).head
    if isinstance(error, RateLimited) and error.retry_after is None:
        error.retry_after = retry_after(answer.headers)
    return error


def _told(body: bytes) -> LookError | None:
    """Return the error in a v5 or v4 error body; v4 turns every exception of its own into HTTP 400."""
    try:
        layer = decode(BODY, body)
        if isinstance(layer.error, Refused):
            return v5_refusal(layer.error)
        detail = decode(V4_ERROR, body).detail
    except ParseError:
        return None
    return TransportFault("the gateway failed (v4 error 400)") if as_int(detail.code) == 400 else None


def _refused_page(body: bytes) -> LookError | None:
    """Return the refusal that an answer is which is no JSON at all."""
    head = body[:4_096].strip()
    if not head:
        return RateLimited("an empty answer: the platform refused the gateway")
    if head.lower().startswith(b"blocked"):
        return RateLimited("blocked")
    if is_html(body) and CAPTCHA_PAGE in body:
        return RateLimited("a captcha page")
    return None


def read(body: bytes, asked: Asked, sec_uid: str) -> Snapshot:
    """Return the snapshot of a list of works, however it is wrapped. Raises `LookError`; see section 6 for what empty means."""
    with keeping_head(body):
        refused = _refused_page(body)
        if refused is not None:
            raise refused
        layer = unwrap(body.removeprefix(b"\xef\xbb\xbf"))
        page = Page(asked)
        profile: dict[str, str] = {}
        for raw in works(layer):
            author = take_work(page, raw, sec_uid)
            profile = profile or (author.profile if author else {})
        if layer.not_login_module is not None and layer.not_login_module.hides_newest:
            raise page.degraded(GUEST, profile)
        if bytes(layer.aweme_detail):
            raise page.degraded("one work, not the account's list", profile)
        return page.snapshot(whole=as_int(layer.has_more) == 0, profile=profile)
