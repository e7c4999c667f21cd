"""WeChat's pushes to a callback address: how they are signed and sealed, and who sends them while the demo runs."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import quote, urlencode, urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from demo import ids
from demo.secrets import COMPONENT, SHARED, TICKET
from demo.stage import Stage
from demo.ways import Way
from demo.wire_wechat import push_published, push_sent
from monitor.ports import Grant

TICKET_KIND = "wechat.component_ticket"
PADDED = 32
PAUSE = 0.5
"""Seconds between two looks at what is due."""
ANSWER_SECONDS = 5.0
"""So long WeChat waits for an answer."""


@dataclass(frozen=True, slots=True)
class Push:
    """A request to a callback address."""

    query: Mapping[str, str]
    body: bytes


def pushed(secrets: Mapping[str, str], message: str, moment: datetime, appid: str) -> Push:
    """Return the message as it travels: signed with the token, and sealed where the credential has a key."""
    stamp, nonce = str(ids.seconds(moment)), ids.digest("nonce", message, moment)[:10]
    query = {"signature": signature(secrets["token"], stamp, nonce), "timestamp": stamp, "nonce": nonce}
    if "aes_key" not in secrets:
        return Push(query, message.encode())
    sealed = seal(message, secrets["aes_key"], appid)
    query |= {"encrypt_type": "aes", "msg_signature": signature(secrets["token"], stamp, nonce, sealed)}
    return Push(query, f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode())


def signature(*words: str) -> str:
    return hashlib.sha1("".join(sorted(words)).encode()).hexdigest()


def seal(message: str, letters: str, appid: str) -> str:
    """Return the message sealed: random bytes, its length, itself, the appid, padded to blocks of 32."""
    key, plain = base64.b64decode(letters + "="), message.encode()
    box = bytes.fromhex(ids.digest("random", message)[:32]) + len(plain).to_bytes(4, "big") + plain + appid.encode()
    padding = PADDED - len(box) % PADDED
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(box + bytes([padding]) * padding) + encryptor.finalize()).decode()


def ticket_push(moment: datetime) -> Push:
    """Return the third-party platform's ticket, which it pushes every ten minutes, sealed always."""
    secrets = SHARED[COMPONENT]
    told = f"<InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket><![CDATA[{TICKET}]]></ComponentVerifyTicket>"
    about = f"<AppId>{secrets['component_appid']}</AppId><CreateTime>{ids.seconds(moment)}</CreateTime>"
    return pushed(secrets, f"<xml>{about}{told}</xml>", moment, secrets["component_appid"])


def ticket_grant(moment: datetime) -> Grant:
    """Return the ticket as it is kept once it was pushed; it lasts for twelve hours."""
    return Grant(TICKET, moment, moment + timedelta(hours=12))


class Pusher:
    """Sends the ticket first, then each live post of the accounts that have a callback address; open it with `async with`.

    `address` tells the console's, "" until it listens. Nothing is pushed under a fault: what people then see must not depend on
    when they look.
    """

    def __init__(self, stage: Stage, address: Callable[[], str]) -> None:
        self.stage, self.address = stage, address
        self.taken = 0
        self._done = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._push_for_ever(), name="pushes")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _push_for_ever(self) -> None:
        if self.stage.fault:
            return
        ticket_taken = False
        while True:
            await asyncio.sleep(PAUSE)
            if not self.address():
                continue
            ticket_taken = ticket_taken or await self._send(COMPONENT, ticket_push(self.stage.clock.now()))
            await self.push_due()

    async def push_due(self) -> None:
        """Push what was published since the last time."""
        while self._done < self.stage.published:
            self._done += 1
            page, item = self.stage.world.live(self._done)
            if Way.WECHAT_PUSH in page.ways:
                message = push_sent(page, item) if item.sent else push_published(page, item)
                await self._send(page.credential, pushed(page.secrets, message, self.stage.clock.now(), page.secrets["appid"]))

    async def _send(self, credential: str, push: Push) -> bool:
        """Post it; say whether it was taken, and count it. Nobody who listens, or not yet, is no trouble of the platform's."""
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await post(f"{self.address()}callback/wechat.callback/{quote(credential)}?{urlencode(push.query)}", push.body)
                self.taken += answer.endswith(b"success")
                return answer.endswith(b"success")
        return False


async def post(url: str, body: bytes) -> bytes:
    """Return the whole answer to a POST, its head included. Raises OSError."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        head = f"POST {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: text/xml\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        return await reader.read()
    finally:
        writer.close()
