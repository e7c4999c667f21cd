"""Bodies of every channel, made up in the platforms' shapes and sizes. Pure; fast enough to be made while a benchmark runs.

A page shows the posts up to `newest`, one a minute since `begun`. `mark` turns a field that a peek watches and a reader does not mind:
the page must then be read whole, and shows nothing new.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from monitor.matching.ids import mid_to_bid

JSON_BYTES = 163_000
WEIBO_BYTES = 60_000
"""A recorded page of m.weibo.cn has 56 to 93 KB."""
ROWS_BYTES = 90_000
LIST_BYTES = 163_000
FEED_BYTES = 30_000
CUBE_DAY = 2
"""Articles a day that the data cube tells of, and that the publish list shows."""
LISTED = 20
STAT_DAYS = 8
"""Days of figures below each article of the data cube."""
_SHANGHAI = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows: whose it is, the number of its newest post, the moment of post 0, the mark."""

    name: str
    newest: int
    begun: int
    mark: bool = False

    def numbers(self, count: int) -> range:
        return range(self.newest, self.newest - count, -1)

    def at(self, number: int) -> int:
        return self.begun + number * 60


def sec_uid(name: str) -> str:
    return f"MS4wLjABAAAA{int(name):043d}"


def uid(name: str) -> str:
    return str(6_100_000_000 + int(name))


def token(name: str) -> str:
    return f"MS4wLjABAAAAbench{int(name):038d}="


def biz(name: str) -> str:
    return str(3_290_000_000 + int(name))


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=16)
def ballast(size: int) -> str:
    """Return JSON of about that size which no reader wants: nested like the variants of a video, not one long string."""
    variant = {
        "gear_name": "normal_720_0",
        "bit_rate": 1_048_576,
        "is_h265": 0,
        "type": "pic",
        "play_addr": {
            "uri": "v0200fg10000c0ffee0c0ffee0c0ffee",
            "url_list": [f"https://v{n}.media.example/0123456789abcdef/video/tos/cn/?a=1128&br=1024" for n in range(3)],
            "width": 720,
            "height": 1280,
            "data_size": 1_234_567,
        },
    }
    return _dumps([variant] * max(1, size // len(_dumps(variant))))


def _with(row: Mapping[str, Any], name: str, size: int) -> str:
    """Return the row as JSON with ballast under the name, about `size` bytes in all."""
    text = _dumps(row)
    return f'{text[:-1]},"{name}":{ballast(max(0, size - len(text.encode())))}}}'


# -- Douyin -------------------------------------------------------------------------------------------------------------------

WORKS = 18


def _works(shown: Shown) -> list[str]:
    author = {"uid": "1", "sec_uid": sec_uid(shown.name), "nickname": "某发布", "unique_id": "fabu", "secret": 0, "user_canceled": False}
    return [
        _with(
            {
                "aweme_id": str(7_300_000_000_000_000_000 + number),
                "desc": f"第{number}期：为民服务解难题，一线见闻与便民提示。#政务服务#",
                "create_time": shown.at(number),
                "is_top": 0,
                "aweme_type": 0,
                "author": author,
                "status": {"is_delete": False, "private_status": 0, "in_reviewing": False},
                "text_extra": [{"type": 1, "hashtag_name": "政务服务"}],
                "statistics": {"digg_count": number, "comment_count": 3, "share_count": 1},
            },
            "video",
            JSON_BYTES // WORKS,
        )
        for number in shown.numbers(WORKS)
    ]


def douyin_v4(shown: Shown) -> bytes:
    more = "true" if shown.mark else "1"
    inner = f'{{"status_code":0,"has_more":{more},"max_cursor":{shown.begun}000,"min_cursor":0,"aweme_list":[{",".join(_works(shown))}]}}'
    return f'{{"code":200,"router":"/","data":{inner}}}'.encode()


def douyin_v5(shown: Shown) -> bytes:
    pairs = zip(shown.numbers(WORKS), _works(shown), strict=True)
    works = [f'{{"content_id":"{7_300_000_000_000_000_000 + number}","raw":{work}}}' for number, work in pairs]
    more = "1" if shown.mark else "true"
    return f'{{"success":true,"data":{{"items":[{",".join(works)}],"cursor":"x","has_more":{more}}},"error":null,"meta":{{}}}}'.encode()


# -- Weibo --------------------------------------------------------------------------------------------------------------------

CARDS = 10
OWN = 5


def _mid(number: int) -> str:
    return str(5_234_000_000_000_000 + number)


def _status(shown: Shown, number: int) -> dict[str, Any]:
    user = {"id": int(uid(shown.name)), "screen_name": "某发布", "statuses_count": 312, "verified_reason": "某县人民政府新闻办公室官方微博"}
    mid = _mid(number)
    at = datetime.fromtimestamp(shown.at(number), UTC) + _SHANGHAI
    return {
        "visible": {"type": 0, "list_id": 0},
        "created_at": at.strftime("%a %b %d %H:%M:%S +0800 %Y"),
        "id": mid,
        "mid": mid,
        "text": f"【第{number}期便民提示】今天起全县集中供暖，一线见闻与办事指南。<br />来源：县住建局 #政务服务#",
        "source": "微博网页版",
        "user": user,
        "reposts_count": 3,
        "isLongText": False,
        # 0 and 1 both stand on ordinary posts.
        "mblogtype": int(shown.mark),
    }


def weibo_web(shown: Shown) -> bytes:
    size = WEIBO_BYTES // CARDS
    cards = [
        f'{{"card_type":9,"profile_type_id":"proweibo_{_mid(n)}","mblog":{_with(_status(shown, n), "pics", size)}}}'
        for n in shown.numbers(CARDS)
    ]
    info = _dumps({"containerid": f"107603{uid(shown.name)}", "v_p": 42, "total": 312})
    return f'{{"ok":1,"data":{{"cardlistInfo":{info},"cards":[{",".join(cards)}]}}}}'.encode()


def weibo_own(shown: Shown) -> bytes:
    posts = [_with(_status(shown, n), "pic_infos", 3_000) for n in shown.numbers(OWN)]
    return f'{{"statuses":[{",".join(posts)}],"total_number":312}}'.encode()


# -- Toutiao ------------------------------------------------------------------------------------------------------------------

ROWS = 15


def toutiao_rows(shown: Shown) -> bytes:
    rows = [_with(_row(shown, number), "image_list", ROWS_BYTES // ROWS) for number in shown.numbers(ROWS)]
    tail = f'"has_more":true,"next":{{"max_behot_time":{shown.begun}}}'
    return f'{{"message":"success","data":[{",".join(rows)}],{tail}}}'.encode()


def author_of(name: str) -> int:
    return 71_000_000_000 + int(name)


def _row(shown: Shown, number: int) -> dict[str, Any]:
    group = str(7_690_000_000_000_000_000 + number)
    author = author_of(shown.name)
    return {
        "cell_type": 60,
        "group_id": group,
        "item_id": group,
        "id": group,
        "title": f"第{number}期便民提示",
        "abstract": "本期要闻<br>共三条",
        "publish_time": shown.at(number),
        "behot_time": shown.at(number) + int(shown.mark),
        "user_info": {"user_id": author, "name": "某发布", "verified_content": "某市人民政府新闻办公室官方账号"},
        "has_video": False,
        "article_url": f"//www.toutiao.com/group/{group}/",
        "itemCell": {"articleBase": {"gidStr": group, "itemStatus": 1}, "userInfo": {"userID": author, "mediaID": author + 1}},
    }


# -- WeChat's own interfaces --------------------------------------------------------------------------------------------------


def _articles(name: str, day: date) -> list[tuple[int, str]]:
    """Return the articles of a day: the push's number and the link."""
    numbers = [2_240_000_000 + day.toordinal() * 10 + place for place in range(CUBE_DAY)]
    link = "http://mp.weixin.qq.com/s?__biz={}&mid={}&idx=1&sn=0123456789abcdef0123456789abcdef&chksm=ec00#rd"
    return [(number, link.format(biz(name), number)) for number in numbers]


def publish_list(name: str, today: date) -> bytes:
    """Return the newest publications as of a day's morning, each with its whole text."""
    piece = "<section><p style='font-size:16px'>第几段：办事指南与一线见闻。</p></section>"
    text = piece * (LIST_BYTES // LISTED // len(piece.encode()))
    items = []
    for back in range(1, LISTED // CUBE_DAY + 1):
        day = today - timedelta(days=back)
        for number, link in reversed(_articles(name, day)):
            at = int(datetime(day.year, day.month, day.day, 2, tzinfo=UTC).timestamp()) + number % 10 * 60
            news = {"title": f"便民提示{number}", "author": "某发布", "content": text, "url": link, "is_deleted": False}
            content = {"news_item": [news], "create_time": at, "update_time": at}
            items.append({"article_id": f"bench-{number}", "content": content, "update_time": at})
    return _dumps({"total_count": 370, "item_count": len(items), "item": items}).encode()


def cube(name: str, first: date, last: date) -> bytes:
    """Return the data cube's answer for some days: each article with its figures."""
    figures = {"read_user": 41, "share_user": 3, "zaikan_user": 1, "like_user": 2, "comment_count": 0, "collection_user": 1}
    rows = [
        {
            "ref_date": (first + timedelta(days=ahead)).isoformat(),
            "msgid": f"{number}_1",
            "publish_type": 1,
            "title": f"便民提示{number}",
            "content_url": link,
            "detail_list": [{"stat_date": (first + timedelta(days=ahead + n)).isoformat(), **figures} for n in range(STAT_DAYS)],
        }
        for ahead in range((last - first).days + 1)
        for number, link in _articles(name, first + timedelta(days=ahead))
    ]
    return _dumps({"list": rows, "is_delay": False}).encode()


# -- feeds --------------------------------------------------------------------------------------------------------------------

ITEMS = 20
BUILT = "Sat, 21 Nov 2026 00:00:00 GMT"
"""When a feed was made, as bridges write it anew with every answer."""
_MARKUP = "<p>办事指南与一线见闻，请看<a href='https://www.example.gov.cn/art/1.html'>全文</a>。</p>"


def _link(shown: Shown, number: int) -> str:
    return f"https://mp.weixin.qq.com/s/{int(shown.name):06d}_{number:015d}"


def rss(shown: Shown) -> bytes:
    """A plain feed: one long text without markup in each item."""
    words = "正文" * ((FEED_BYTES // ITEMS - 300) // 6)
    items = "".join(
        f"<item><title>第{n}期便民提示</title><link>{_link(shown, n)}</link>"
        f"<description>{words}</description><pubDate>{formatdate(shown.at(n))}</pubDate></item>"
        for n in shown.numbers(ITEMS)
    )
    head = f"<title>某发布</title><lastBuildDate>{BUILT}</lastBuildDate>"
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


def wewe_rss(shown: Shown) -> bytes:
    """As wewe-rss writes it, with markup in CDATA."""
    body = _MARKUP * ((FEED_BYTES // ITEMS - 450) // len(_MARKUP.encode()))
    items = "".join(
        f"<item><title><![CDATA[第{n}期便民提示]]></title><link>{_link(shown, n)}</link><guid>{_link(shown, n)}</guid>"
        f"<pubDate>{formatdate(shown.at(n), usegmt=True)}</pubDate>"
        f'<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/"><![CDATA[{body}]]></content:encoded></item>'
        for n in shown.numbers(ITEMS)
    )
    head = f"<title>某发布</title><lastBuildDate>{BUILT}</lastBuildDate><generator>WeWe-RSS</generator>"
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


def rsshub_weibo(shown: Shown) -> bytes:
    """As RSSHub writes an account of Weibo: markup as escaped text."""
    body = (_MARKUP * ((FEED_BYTES // ITEMS - 450) // len(_MARKUP.encode()))).replace("<", "&lt;").replace(">", "&gt;")
    link = f"https://weibo.com/{uid(shown.name)}"
    items = "".join(
        f"<item><title>第{n}期便民提示</title><description>{body}</description><link>{link}/{mid_to_bid(_mid(n))}</link>"
        f'<guid isPermaLink="false">{link}/{mid_to_bid(_mid(n))}</guid><pubDate>{formatdate(shown.at(n), usegmt=True)}</pubDate></item>'
        for n in shown.numbers(ITEMS)
    )
    head = f"<title>某发布的微博</title><link>{link}/</link><generator>RSSHub</generator><lastBuildDate>{BUILT}</lastBuildDate>"
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


def atom(shown: Shown) -> bytes:
    """As we-mp-rss writes it."""
    body = (_MARKUP * ((FEED_BYTES // ITEMS - 400) // len(_MARKUP.encode()))).replace("<", "&lt;").replace(">", "&gt;")
    items = "".join(
        f'<entry><title>第{n}期便民提示</title><link href="{_link(shown, n)}"/><id>{biz(shown.name)}-{n:010d}_1</id>'
        f"<updated>{datetime.fromtimestamp(shown.at(n), UTC).isoformat()}</updated><content type='html'>{body}</content></entry>"
        for n in shown.numbers(ITEMS)
    )
    head = f"<title>某发布</title><generator>Mp-We-Rss</generator><updated>{BUILT}</updated>"
    return f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{items}</feed>'.encode()


def json_feed(shown: Shown) -> bytes:
    """A JSON Feed as wewe-rss writes it."""
    body = _MARKUP * ((FEED_BYTES // ITEMS - 350) // len(_MARKUP.encode()))
    items = [
        {
            "id": _link(shown, n),
            "url": _link(shown, n),
            "title": f"第{n}期便民提示",
            "content_html": body,
            "date_modified": datetime.fromtimestamp(shown.at(n), UTC).isoformat(),
        }
        for n in shown.numbers(ITEMS)
    ]
    return _dumps({"version": "https://jsonfeed.org/version/1", "title": "某发布", "items": items}).encode()


PAGES: Mapping[str, tuple[int, Callable[[Shown], bytes]]] = {
    "douyin.v4": (WORKS, douyin_v4),
    "douyin.v5": (WORKS, douyin_v5),
    "weibo.web": (CARDS, weibo_web),
    "weibo.own": (OWN, weibo_own),
    "toutiao.rows": (ROWS, toutiao_rows),
    "rss": (ITEMS, rss),
    "wewe.rss": (ITEMS, wewe_rss),
    "atom": (ITEMS, atom),
    "json.feed": (ITEMS, json_feed),
    "rsshub": (ITEMS, rsshub_weibo),
}
"""Posts on a page, and what makes it."""
