"""What reading alone costs: microseconds of CPU per body, nothing fetched and nothing stored, and the peek beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from adapters.reading import wechat_page
from adapters.reading.douyin_glance import peeked as glance
from adapters.reading.douyin_works import read_works
from adapters.reading.items import Wanted, read_feed
from adapters.reading.page import Asked
from adapters.reading.peek import peeked
from adapters.reading.toutiao_list import Whom, read_rows
from adapters.reading.wechat_datacube import Days, read_cube
from adapters.reading.wechat_publish import read_published
from adapters.reading.weibo_cards import read_page
from adapters.reading.weibo_statuses import read_statuses
from adapters.weibo_web import DOUBT, IDS
from benchmarks.pages import PAGES, Shown, cube, publish_list, sec_uid, token, uid

SECONDS = 0.2
"""How long each body is read; the best of several such spells counts."""
SPELLS = 3
ARTICLE = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "wechat.article" / "article.html"
ARTICLE_BYTES = (100_000, 400_000)
"""Whole pages have 64 to 900 KB."""
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
NAME = "1"


def microseconds(read: Callable[[], object]) -> float:
    """Return the CPU time of one reading: of several spells, the best."""

    def spell() -> float:
        count, begun = 0, time.process_time()
        while time.process_time() - begun < SECONDS:
            read()
            count += 1
        return (time.process_time() - begun) / count

    return min(spell() for _ in range(SPELLS)) * 1e6


def article(size: int) -> bytes:
    """Return an article's page of about that size: the platform's scripts make up most of a real one, and stand behind the article."""
    page = ARTICLE.read_bytes()
    script = b'<script>window.__mod("a/b", function (require) { var i = 1 < 2 && "x"; return { ok: i, name: "\\u4e00" }; });</script>\n'
    return page.replace(b"</body>", script * ((size - len(page)) // len(script)) + b"</body>")


def readings() -> Iterator[tuple[str, bytes, Callable[[], object]]]:
    """Yield what is read, its body and the reading."""
    begun = int((NOW - timedelta(days=1)).timestamp())
    bodies = {kind: make(Shown(NAME, count, begun)) for kind, (count, make) in PAGES.items()}

    def asked(platform: str, channel: str) -> Asked:
        return Asked(platform, "bench1", channel, NOW)

    douyin, weibo = asked("douyin", "douyin.gateway"), asked("weibo", "weibo.web")
    v4, v5, cards = bodies["douyin.v4"], bodies["douyin.v5"], bodies["weibo.web"]
    yield "douyin.gateway v4, peek", v4, lambda: glance(v4)
    yield "douyin.gateway v4, whole", v4, lambda: read_works(v4, douyin, sec_uid(NAME), "")
    yield "douyin.gateway v5, peek", v5, lambda: glance(v5)
    yield "douyin.gateway v5, whole", v5, lambda: read_works(v5, douyin, sec_uid(NAME), "")
    yield "weibo.web, peek", cards, lambda: peeked(cards, IDS, DOUBT)
    yield "weibo.web, whole", cards, lambda: read_page(cards, weibo, uid(NAME), signed_in=True)
    own = bodies["weibo.own"]
    yield "weibo.openapi", own, lambda: read_statuses(own, asked("weibo", "weibo.openapi"), uid(NAME))
    rows = bodies["toutiao.rows"]
    yield "toutiao.rows", rows, lambda: read_rows(rows, asked("toutiao", "toutiao.rows"), Whom(token(NAME)))
    yield from _feeds(bodies)
    wechat, day = asked("wechat", "wechat.openapi"), date(2026, 11, 19)
    listed, told = publish_list(NAME, date(2026, 11, 20)), cube(NAME, day, day)
    yield "wechat.openapi, publish list", listed, lambda: read_published(listed, wechat)
    yield "wechat.openapi, a day of the data cube", told, lambda: read_cube(told, wechat, Days(day, day))
    for size in ARTICLE_BYTES:
        yield "wechat.article", (page := article(size)), _reading_article(page, asked("wechat", "wechat.article"))


def _feeds(bodies: dict[str, bytes]) -> Iterator[tuple[str, bytes, Callable[[], object]]]:
    titles = {"rss": "RSS", "wewe.rss": "wewe-rss", "atom": "we-mp-rss Atom", "json.feed": "JSON Feed", "rsshub": "RSSHub Weibo"}
    for kind, title in titles.items():
        yield f"feed: {title}", bodies[kind], _reading_feed(bodies[kind], "weibo" if kind == "rsshub" else "wechat")


def _reading_feed(body: bytes, platform: str) -> Callable[[], object]:
    asked = Asked(platform, "bench1", "feed", NOW)
    return lambda: read_feed(body, asked, Wanted())


def _reading_article(body: bytes, asked: Asked) -> Callable[[], object]:
    return lambda: wechat_page.read(body, asked, "https://mp.weixin.qq.com/s/demoDEMOdemoDEMOdemo01")
