"""The console of a running daemon: who carried a key article and who missed it, with what both rest on, read over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from daemons import enrol, quick_settings, running, until
from lxml import html
from pages import words

from monitor.model import Account, Article, Channel, Platform, RepostVerdict
from monitor.wording import pair_path

TITLE = "南溪市打响沿江排口治理攻坚战"
TEXT = "".join(f"南溪市第{number}处沿江排口已经封堵，沿线{number + 3}个村的污水改由管网收集。" for number in range(1, 9))
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
CHANNELS = {"feed": {"spacing_seconds": 0, "in_flight": 4, "min_interval_minutes": 0.005, "max_interval_minutes": 0.01, "delay_hours": 0}}
CONSOLE = {"enabled": True, "host": "127.0.0.1", "port": 0}


def feed(name: str, *items: tuple[str, str, timedelta]) -> str:
    shown = "".join(
        f"<item><title>{title}</title><description>{text}</description><link>https://wechat.example/{name}/{number}</link>"
        f"<pubDate>{format_datetime(NOW - ago)}</pubDate></item>"
        for number, (title, text, ago) in enumerate(items)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title>{shown}</channel></rss>'


CARRYING, OLD = (f"要闻丨{TITLE}", f"来源：南溪日报。{TEXT}", 20 * HOUR), ("旧闻", "。", 90 * HOUR)
FEEDS = {
    "carries": feed(
        "carries",
        ("天气提示", "今夜有雨。", HOUR / 60),
        (f"要闻丨{TITLE}", f"来源：南溪日报。{TEXT}", 20 * HOUR),
        ("旧闻", "。", 90 * HOUR),
    ),
    "misses": feed("misses", ("办事指南", "周一至周五。", HOUR / 60), OLD),
}


async def bridge(request: web.Request) -> web.Response:
    return web.Response(text=FEEDS[request.match_info["name"]], content_type="application/rss+xml")


def account(server: TestServer, name: str) -> Account:
    channel = Channel(adapter="feed", handle=str(server.make_url(f"/{name}.xml")), options={"whole": "1"})
    return Account(id=f"wechat:{name}/1", platform=Platform.WECHAT, name=f"{name}发布", unit="南溪市政府办", channels=(channel,))


ARTICLE = Article(
    id="2020-07",
    title=TITLE,
    text=TEXT,
    source="南溪日报",
    published_at=NOW - 30 * HOUR,
    due_at=NOW - 6 * HOUR,
    urls=("https://nanxi.example/7",),
)


async def test_a_running_daemon_shows_who_carried_an_article_and_who_missed_it(mongod: str, database: str) -> None:
    site = web.Application()
    site.router.add_get("/{name}.xml", bridge)
    settings = quick_settings(mongod, database, channels=CHANNELS, web=CONSOLE)
    async with TestServer(site) as server, running(settings) as app, aiohttp.ClientSession() as reader:
        await app.store.put_articles([ARTICLE])
        await enrol(app, account(server, "carries"), account(server, "misses"))

        async def judged() -> bool:
            verdicts = {standing.account_id: standing.verdict for standing in await app.repost_standings()}
            return verdicts == {"wechat:carries/1": RepostVerdict.DONE, "wechat:misses/1": RepostVerdict.MISSING}

        await until(judged)
        shown = {
            path: html.fromstring(await (await reader.get(app.web_address.rstrip("/") + path)).text())
            for path in ("/articles", "/articles/2020-07", *(pair_path("2020-07", f"wechat:{name}/1") for name in ("carries", "misses")))
        }

    rates, sheet, carries, misses = shown.values()
    assert "50.00%" in words(rates) and TITLE in words(rates)
    assert [words(each) for each in sheet.xpath("//dl[@class='units']/div")] == ["南溪市政府办misses发布（微信）"]
    assert "标题仅多栏目名、来源等前后缀" in words(carries) and "相同的" in words(carries)
    assert "没有找到这条重要信息" in words(misses) and "同期已采集的发布1 条" in words(misses)
