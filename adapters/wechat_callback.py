"""`wechat.callback`: the account, or the component it authorised, tells us itself what was sent. A supplement: it covers nothing.

The credential's fields are `token`, `aes_key` (wanted: without it nothing proves who wrote a body) and `appid`, or `component_appid`.
Platform reference: wechat.md, sections 2.1 and 2.4. Whether a send made in WeChat's own console fires the event is not known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, runtime_checkable

from adapters.channel import Base
from adapters.reading import wechat_push
from adapters.reading.page import Asked
from adapters.reading.values import as_id, as_int, from_unix, header_safe
from adapters.reading.wechat_crypto import is_signed, unsealed
from monitor.errors import AuthError, Degraded, ParseError
from monitor.model import Account, Channel, Snapshot
from monitor.ports import ChannelSettings, Grant, Heard, Pushed

FRESH = timedelta(minutes=5)
"""A push whose timestamp lies further off is an old one sent again."""
WORD_LIMIT = 200
"""Characters of a word of the query; WeChat's have 10 to 40."""
DONE = "success"
"""The answer WeChat wants; without it, it sends the push again, three times."""
TICKET_LIFE = timedelta(hours=12)
TICKET_KIND, ACCESS_KIND = "wechat.component_ticket", "wechat.access"


@runtime_checkable
class Naming(Protocol):
    """Credentials that can be listed, so that the one of a revoked consent is found."""

    def names(self) -> frozenset[str]: ...


class WechatCallbackSettings(ChannelSettings):
    spacing_seconds: float = 0.0


class WechatCallback(Base):
    """Told rather than asking. Of all that comes to a callback it takes the two events of a publication and a component's own."""

    Settings: ClassVar[type[ChannelSettings]] = WechatCallbackSettings
    first_hand: ClassVar[bool] = True
    polled: ClassVar[bool] = False
    name: ClassVar[str] = "wechat.callback"
    title: ClassVar[str] = "微信推送"

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        raise Degraded("its posts are pushed, not asked for")

    async def check(self) -> list[str]:
        return []

    def hear(self, credential: str, pushed: Pushed, now: datetime) -> Heard:
        """Check and open a push; what is none of ours is answered and has no number. Raises `AuthError` or `ParseError`.

        A sealed push is numbered by its content, one in the clear by its nonce: its signature says nothing of the body, so that a
        signature overheard must not serve for a second body.
        """
        query = {name: value[:WORD_LIMIT] for name, value in pushed.query.items()}
        self._refuse_stale(query, now)
        if pushed.method == "GET":
            self._refuse_unsigned(credential, query, query.get("signature", ""))
            return Heard(answer=as_id(query.get("echostr", "")))
        payload, number = self._opened(credential, query, pushed.body)
        push = wechat_push.parse(payload)
        if push.info:
            if not self.credentials.optional(credential, "aes_key").strip():
                raise AuthError("a component's push in the clear proves nothing: set field 'aes_key'")
            return Heard(answer=DONE, number=number, payload=payload)
        if push.event not in (wechat_push.SENT, wechat_push.PUBLISHED) or not push.to:
            return Heard(answer=DONE)
        return Heard(answer=DONE, number=number, handle=push.to, payload=payload)

    def told(self, account: Account, channel: Channel, payload: bytes, now: datetime) -> Snapshot:
        """Return the articles a push told of. Raises `ParseError` for the push of another account."""
        push = wechat_push.parse(payload)
        if push.to != channel.handle:
            raise ParseError("wrong account: the push is for another")
        return wechat_push.told(push, Asked.of(account, channel, now, digest=hashlib.sha256(payload).hexdigest()))

    async def heed(self, credential: str, payload: bytes, now: datetime) -> bool:
        """Keep a component's ticket for its 12 hours; forget the access of an account that revoked its consent."""
        push = wechat_push.parse(payload)
        if not push.info:
            return False
        if push.text("AppId") != self.credentials.secret(credential, "component_appid"):
            raise AuthError("a push for another component")
        if push.info == wechat_push.TICKET:
            await self._keep_ticket(credential, push, now)
        if push.info == wechat_push.REVOKED:
            for name in self._granted_by(credential, push.text("AuthorizerAppid")):
                await self.credentials.drop(name, ACCESS_KIND)
        return True

    def _refuse_stale(self, query: Mapping[str, str], now: datetime) -> None:
        sent = from_unix(query.get("timestamp", ""))
        if sent is None or abs(now - sent) > FRESH:
            raise AuthError("a push that is not of this moment")

    def _refuse_unsigned(self, credential: str, query: Mapping[str, str], signature: str, *more: str) -> None:
        token = self.credentials.secret(credential, "token").strip()
        if not token:
            # Words signed with nothing are signed by anybody.
            raise AuthError(f"credential {credential!r} has an empty field 'token'")
        if not is_signed(signature, token, query.get("timestamp", ""), query.get("nonce", ""), *more):
            raise AuthError("a push with a wrong signature")

    def _opened(self, credential: str, query: Mapping[str, str], body: bytes) -> tuple[bytes, str]:
        """Return the message and its number. Where a key is set, what is not sealed with it is refused, even beside a sealed part."""
        key = self.credentials.optional(credential, "aes_key").strip()
        if not key:
            self._refuse_unsigned(credential, query, query.get("signature", ""))
            return body, _number("nonce", query.get("timestamp", ""), query.get("nonce", ""))
        sealed = wechat_push.parse(body).sealed
        if not sealed:
            raise AuthError("a push in the clear, though field 'aes_key' is set")
        self._refuse_unsigned(credential, query, query.get("msg_signature", ""), sealed)
        appids = tuple(self.credentials.optional(credential, name).strip() for name in ("appid", "component_appid"))
        payload = unsealed(sealed, key, appids)
        return payload, _number("message", payload.decode("utf-8", "replace"))

    async def _keep_ticket(self, credential: str, push: wechat_push.Push, now: datetime) -> None:
        ticket = header_safe(push.text("ComponentVerifyTicket"))
        if not ticket:
            raise ParseError("a push without its ticket")
        issued = from_unix(as_int(push.text("CreateTime"))) or now
        known = self.credentials.grant(credential, TICKET_KIND)
        if issued <= now + FRESH and (known is None or known.issued_at <= issued):
            await self.credentials.keep(credential, TICKET_KIND, Grant(ticket, issued, issued + TICKET_LIFE))

    def _granted_by(self, component: str, appid: str) -> list[str]:
        names = self.credentials.names() if isinstance(self.credentials, Naming) else frozenset[str]()
        of_this = (name for name in sorted(names) if self.credentials.optional(name, "component") == component)
        return [name for name in of_this if appid and self.credentials.optional(name, "authorizer_appid") == appid]


def _number(*words: str) -> str:
    return hashlib.sha256("\x1f".join(words).encode("utf-8", "replace")).hexdigest()[:40]
