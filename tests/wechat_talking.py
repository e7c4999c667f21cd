"""A WeChat for tests that answers of any day: a publish list and a data cube of our own, on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from aiohttp import web
from channels import BOOK, NOW

from adapters.http import Door
from adapters.reading.wechat_datacube import Days
from adapters.wechat_openapi import WechatOpenApi
from monitor.access.credentials import Vault
from monitor.model import Account, Channel, Platform, Snapshot, start_of_day

YESTERDAY = date(2026, 11, 19)
BIZ, BIZUIN = "MzI5MDAwMDAwMQ==", "3290000001"


def day(back: int) -> date:
    return YESTERDAY - timedelta(days=back)


def noon(back: int) -> datetime:
    return start_of_day(day(back)) + timedelta(hours=12)


def link(mid: int, idx: int = 1, biz: str = BIZ) -> str:
    return f"http://mp.weixin.qq.com/s?__biz={biz}&mid={mid}&idx={idx}&sn=0123456789abcdef0123456789abcdef#rd"


def row(back: int, mid: int, kind: int = 0, **more: Any) -> dict[str, Any]:
    return {"ref_date": day(back).isoformat(), "msgid": f"{mid}_1", "publish_type": kind, "title": f"第{mid}篇", "detail_list": [], **more}


def item(back: int, mid: int, updated: datetime | None = None, url: str | None = None, **news: Any) -> dict[str, Any]:
    at = int(noon(back).timestamp())
    told = {"title": f"第{mid}篇", "content": "正文", "url": link(mid) if url is None else url, "is_deleted": False, **news}
    times = {"create_time": at, "update_time": int(updated.timestamp()) if updated else at}
    return {"article_id": f"demo{mid}", "content": {"news_item": [told], **times}}


@dataclass
class Wechat:
    """A platform that answers for any day: `rows` by day; what `refused` or `cube` names is answered instead. It notes what it is asked."""

    items: list[dict[str, Any]] = field(default_factory=list)
    total: int | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    listed: dict[str, Any] | None = None
    cube: dict[date, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, Any] | None = None
    status: int = 200
    days: list[Days] = field(default_factory=list)
    lists: int = 0
    base_url: str = ""

    async def _list(self, request: web.Request) -> web.Response:
        self.lists += 1
        total = len(self.items) if self.total is None else self.total
        return web.json_response(self.listed or {"item": self.items, "total_count": total, "item_count": len(self.items)})

    async def _cube(self, request: web.Request) -> web.Response:
        body = await request.json()
        days = Days(date.fromisoformat(body["begin_date"]), date.fromisoformat(body["end_date"]))
        self.days.append(days)
        rows = [each for each in self.rows if date.fromisoformat(each["ref_date"]) in days]
        told = {"list": rows, "is_delay": False}
        return web.json_response(self.refused or self.cube.get(days.first, told), status=self.status)


@asynccontextmanager
async def speaking(wechat: Wechat) -> AsyncIterator[Wechat]:
    application = web.Application()
    application.add_routes(
        [web.post("/cgi-bin/freepublish/batchget", wechat._list), web.post("/datacube/getarticletotaldetail", wechat._cube)]
    )
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    wechat.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield wechat
    finally:
        await runner.cleanup()


def adapter(door: Door, wechat: Wechat, **wishes: Any) -> WechatOpenApi:
    pace = {"spacing_seconds": 0, "timeout_seconds": 5, "datacube_days": 3, **wishes}
    return WechatOpenApi(WechatOpenApi.Settings(base_url=wechat.base_url, **pace), door, Vault(BOOK))


async def look(made: WechatOpenApi, memory: Any = None, later: timedelta = timedelta(0), **options: str) -> Snapshot:
    channel = Channel(adapter="wechat.openapi", handle="gh_1", options={"credential": "demo", **options})
    account = Account(id="610900M001WX0001", platform=Platform.WECHAT, name="青溪发布", channels=(channel,))
    return await made.look(account, channel, memory or {}, NOW + later)


def natives(snapshot: Snapshot) -> list[str]:
    return [post.id.rsplit(":", 1)[1] for post in snapshot.posts]


def covered(snapshot: Snapshot) -> tuple[datetime | None, datetime | None]:
    return snapshot.covers_from, snapshot.covers_until
