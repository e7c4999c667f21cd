"""For the tests of adapters: an example of every channel, a real server that answers what it is told, and golden pairs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from adapters import ADAPTERS, douyin_gateway, feed, wechat_openapi, weibo_openapi
from adapters.http import Door
from adapters.reading import douyin_openapi, wechat_page, wechat_push
from adapters.reading.page import Asked
from adapters.reading.toutiao_list import Whom, read_rows
from adapters.reading.weibo_cards import read_page
from monitor.access.credentials import CredentialBook, Vault
from monitor.errors import Degraded, LookError
from monitor.model import Account, Channel, Platform, Post, Snapshot
from monitor.ports import Adapter

FIXTURES = Path(__file__).parent / "fixtures"
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
UID = "6100000001"
SEC_UID = "MS4wLjABAAAAdemoDEMOdemoDEMOdemoDEMOdemoDEMOdemo_001"
TOUTIAO_TOKEN = "MS4wLjABAAAAdemoToutiao_demoToutiao-demo.001="
TOUTIAO_USER = "71000000001"
BIZ = "MzI5MDAwMDAwMQ=="
ARTICLE = "https://mp.weixin.qq.com/s/demoDEMOdemoDEMOdemo01"
TOKEN = "token-that-must-never-be-shown"
SECRET = "secret-that-must-never-be-shown"
COOKIE = f"SUB={SECRET}; _T_WM=1"
BOOK = CredentialBook(
    SecretStr(
        json.dumps(
            {
                "demo": {"access_token": TOKEN},
                "app": {"appid": "wx0demo", "secret": SECRET},
                "web": {"cookie": COOKIE, "login": "1"},
                "guest": {"cookie": COOKIE, "login": "0"},
                "unsaid": {"cookie": COOKIE},
            }
        )
    )
)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Read = Callable[[bytes, Asked], Snapshot]


@dataclass(frozen=True)
class Example:
    """How one channel is looked at: its account, and its pure reader. `polled` is False for the one nobody polls."""

    platform: Platform
    handle: str = "x"
    options: Mapping[str, str] = field(default_factory=dict)
    read: Read | None = None
    fetches: bool = True


EXAMPLES: Mapping[str, Example] = {
    "weibo.openapi": Example(Platform.WEIBO, UID, {"credential": "demo"}, lambda body, asked: weibo_openapi.read(body, asked, UID)),
    "weibo.web": Example(Platform.WEIBO, UID, {"credential": "web"}, lambda body, asked: read_page(body, asked, UID, signed_in=True)[0]),
    "wechat.openapi": Example(Platform.WECHAT, "gh_000000000001", {"credential": "demo"}, wechat_openapi.read),
    "douyin.gateway": Example(Platform.DOUYIN, SEC_UID, {}, lambda body, asked: douyin_gateway.read(body, asked, SEC_UID, "", True)),
    "douyin.openapi": Example(Platform.DOUYIN, SEC_UID, {"credential": "demo", "open_id": "open-id-demo"}, douyin_openapi.read_list),
    "toutiao.rows": Example(
        Platform.TOUTIAO,
        TOUTIAO_TOKEN,
        {"user_id": TOUTIAO_USER},
        lambda body, asked: read_rows(body, asked, Whom(TOUTIAO_TOKEN, frozenset({TOUTIAO_USER}))),
    ),
    "wechat.article": Example(Platform.WECHAT, ARTICLE, {}, lambda body, asked: wechat_page.read(body, asked, ARTICLE)),
    "wechat.callback": Example(Platform.WECHAT, "gh_000000000001", {"credential": "push"}, wechat_push.read, fetches=False),
    "feed": Example(Platform.WECHAT, "", {"delay_hours": "0"}, feed.read),
    "manual": Example(Platform.WECHAT, fetches=False),
}
"""One for every line of ADAPTERS."""

FEED_PLATFORMS = {
    "weibo_rsshub": Platform.WEIBO,
    "weibo_rsshub_retweets": Platform.WEIBO,
    "weibo_rsshub_early_time": Platform.WEIBO,
    "douyin_rsshub": Platform.DOUYIN,
    "douyin_rsshub_unmarked_pins": Platform.DOUYIN,
    "toutiao_rsshub": Platform.TOUTIAO,
}
"""Feed fixtures of other platforms than WeChat."""


def platform_of(channel: str, fixture: Path) -> Platform:
    return FEED_PLATFORMS.get(fixture.stem, EXAMPLES[channel].platform)


def fixtures(channel: str) -> list[Path]:
    """Return a channel's recorded-like bodies, without what we expect to read from them."""
    found = sorted((FIXTURES / channel).glob("*.*")) if (FIXTURES / channel).exists() else []
    return [path for path in found if not path.name.endswith(".expected.json")]


def account(channel: str, base_url: str = "", /, **options: str) -> Account:
    """Return an account seen through the channel; a feed's handle is an address at `base_url`."""
    example = EXAMPLES[channel]
    handle = example.handle or f"{base_url or 'http://bridge.example'}/feed.xml"
    made = Channel(adapter=channel, handle=handle, options={**example.options, **options})
    return Account(id="610900M001WX0001", platform=example.platform, name="青溪发布", channels=(made,))


def adapter(channel: str, door: Door, base_url: str, vault: Vault | None = None, **wishes: Any) -> Adapter:
    """Return the channel's adapter, pointed at a server of ours and in no need of politeness."""
    kind: Any = ADAPTERS[channel]
    settings = kind.Settings(**{"base_url": base_url, "spacing_seconds": 0, "timeout_seconds": 5, **wishes})
    made: Adapter = kind(settings, door, vault or Vault(BOOK))
    return made


def asked(channel: str, platform: Platform | None = None, **changes: Any) -> Asked:
    values = {"platform": (platform or EXAMPLES[channel].platform).value, "account_id": "610900M001WX0001", "channel": channel, "now": NOW}
    return Asked(**{**values, "digest": "d" * 64, **changes})


def told(read: Callable[[], Snapshot]) -> dict[str, Any]:
    """Return what a reader says of a body, as a golden file has it: a snapshot or an error with what it kept."""
    try:
        snapshot = read()
    except Degraded as error:
        return {"error": error.code, "message": str(error), **(_shown(error.snapshot) if error.snapshot else {})}
    except LookError as error:
        return {"error": error.code, "message": str(error), **({"retry_after": error.retry_after} if error.retry_after else {})}
    return _shown(snapshot)


def _shown(snapshot: Snapshot) -> dict[str, Any]:
    covers = [moment.isoformat() if moment else None for moment in (snapshot.covers_from, snapshot.covers_until)]
    shown: dict[str, Any] = {"covers": covers if any(covers) else None, "partial": snapshot.partial, "skipped": dict(snapshot.skipped)}
    return {**shown, "profile": dict(snapshot.profile), "posts": [_post(post) for post in snapshot.posts]}


def _post(post: Post) -> dict[str, Any]:
    return post.model_dump(mode="json", exclude_defaults=True, exclude={"account_id", "first_seen_at"})


def expected(fixture: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(fixture.with_name(fixture.stem + ".expected.json").read_text("utf-8"))
    return loaded


@dataclass
class Reply:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, **headers: str) -> Reply:
        return cls(path.read_bytes(), headers=headers)


@dataclass
class Served:
    """A server of ours: `replies` are handed out in order, the last one for ever; what it was asked is kept.

    `make` answers instead, where it is set. `held` are requests, by their number from 1, that are left without an answer;
    `holding` is set at the first of them.
    """

    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    by_path: dict[str, list[Reply]] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    base_url: str = ""
    make: Callable[[web.Request, bytes], Reply] | None = None
    held: frozenset[int] = frozenset()
    holding: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        self.bodies.append(await request.read())
        if len(self.requests) in self.held:
            self.holding.set()
            await self.closing.wait()
        made = self.make(request, self.bodies[-1]) if self.make else None
        replies = [made] if made else self.by_path.get(request.path, self.replies)
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        etag = reply.headers.get("ETag")
        if etag and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=dict(reply.headers))
        return web.Response(body=reply.body, status=reply.status, headers=dict(reply.headers))


@asynccontextmanager
async def serving(*replies: Reply) -> AsyncIterator[Served]:
    served = Served(list(replies) or [Reply()])
    application = web.Application(client_max_size=2**24)
    application.router.add_route("*", "/{tail:.*}", served._answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield served
    finally:
        served.closing.set()
        await runner.cleanup()


@asynccontextmanager
async def speaking(handle: Handler) -> AsyncIterator[str]:
    """Serve whatever bytes `handle` writes after a request's head."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await handle(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
