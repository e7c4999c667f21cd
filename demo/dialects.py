"""The feeds of known bridges, each with its own marks and habits. Pure: posts in, bodies out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape
from xml.sax.saxutils import escape as xml_escape

import orjson

from demo import ids
from demo.articles import ISSUER, ISSUER_UID
from demo.feeds import Feed, body
from demo.pages import Page
from demo.rhythm import Item
from demo.wire_douyin import aweme_id
from demo.wire_toutiao import group_id
from demo.wire_wechat import article_url, short_id
from monitor.matching.ids import mid_to_bid
from monitor.model import SHANGHAI, Platform

RSSHUB_HEAD = '<?xml version="1.0" encoding="UTF-8"?><rss xmlns:atom="http://www.w3.org/2005/Atom" version="2.0"><channel>'
ATOM = 'xmlns="http://www.w3.org/2005/Atom"'
HOME_PAGES = {
    Platform.WEIBO: ("https://weibo.com/{}/", "{}的微博"),
    Platform.DOUYIN: ("https://www.douyin.com/user/{}", "{}"),
    Platform.TOUTIAO: ("https://www.toutiao.com/c/user/token/{}/", "{}的头条主页 - 今日头条(www.toutiao.com)"),
}


def rsshub(page: Page, items: Sequence[Item]) -> bytes:
    """RSSHub: GMT, no CDATA, the link as the guid, retweets only told in words, Douyin's pins first and unmarked."""
    home, title = HOME_PAGES[page.platform]
    pins = [page.pinned] if page.pins and page.platform is Platform.DOUYIN else []
    entries = "".join(_rsshub_item(page, item) for item in (*pins, *items))
    about = xml_escape(f"{title.format(page.name)} - Powered by RSSHub")
    head = f"<title>{xml_escape(title.format(page.name))}</title><link>{home.format(page.handle)}</link><description>{about}</description>"
    marks = "<generator>RSSHub</generator><webMaster>contact@rsshub.invalid (RSSHub)</webMaster><language>en</language><ttl>5</ttl>"
    return f"{RSSHUB_HEAD}{head}{marks}{entries}</channel></rss>".encode()


def _rsshub_item(page: Page, item: Item) -> str:
    link, title, text = _RSSHUB_POSTS[page.platform](page, item)
    moment = format_datetime(item.at.replace(microsecond=0), usegmt=True)
    told = f"<title>{xml_escape(title)}</title><description>{xml_escape(text)}</description><link>{link}</link>"
    return f'<item>{told}<guid isPermaLink="false">{link}</guid><pubDate>{moment}</pubDate><author>{xml_escape(page.name)}</author></item>'


def _weibo_post(page: Page, item: Item) -> tuple[str, str, str]:
    link = f"https://weibo.com/{page.handle}/{mid_to_bid(ids.weibo_mid(item.at, page.serial))}"
    if not item.original:
        return link, f"【{item.title}】{item.text}", f"【{escape(item.title)}】{escape(item.text)}"
    original = f"https://weibo.com/{ISSUER_UID}/{mid_to_bid(item.original)}"
    quoted = f'<blockquote> - 转发 <a href="https://weibo.com/{ISSUER_UID}">@{ISSUER}</a>: 【{escape(item.title)}】<br>原博：'
    text = f'{item.text}<br>{quoted}<a href="{original}">{original}</a></blockquote>'
    return link, f"{item.text} - 转发 @{ISSUER}:&ensp;【{item.title}】", text


def _douyin_post(page: Page, item: Item) -> tuple[str, str, str]:
    return f"https://www.douyin.com/video/{aweme_id(page, item)}", item.title, f"{escape(item.title)} #{page.unit.division.short}<br>"


def _toutiao_post(page: Page, item: Item) -> tuple[str, str, str]:
    return f"https://www.toutiao.com/article/{group_id(page, item)}/", item.title, escape(item.text)


_RSSHUB_POSTS = {Platform.WEIBO: _weibo_post, Platform.DOUYIN: _douyin_post, Platform.TOUTIAO: _toutiao_post}


def wewe_rss(page: Page, items: Sequence[Item]) -> bytes:
    """wewe-rss as RSS 2.0: titles in CDATA, the link as the guid, an enclosure type that is none."""
    entries = "".join(
        f"<item><title><![CDATA[{item.title}]]></title><link>{article_url(page, item)}</link><guid>{article_url(page, item)}</guid>"
        f"<pubDate>{format_datetime(item.at, usegmt=True)}</pubDate>"
        f'<enclosure url="https://mmbiz.qpic.cn/mmbiz_jpg/demo/0" length="0" type="image//mmbiz_jpg/demo/0"/></item>'
        for item in items
    )
    head = f"<title>{xml_escape(page.name)}</title><link>https://mp.weixin.qq.com/</link><description>{xml_escape(page.name)}</description>"
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{head}{_by("wewe-rss")}{entries}</channel></rss>'.encode()


def wewe_atom(page: Page, items: Sequence[Item]) -> bytes:
    """wewe-rss as Atom: `updated` only, and the bare token as the entry's id."""
    entries = "".join(
        f'<entry><title type="html"><![CDATA[{item.title}]]></title><id>{short_id(page, item)}</id><link href="{article_url(page, item)}"/>'
        f"<updated>{item.at:%Y-%m-%dT%H:%M:%S.000Z}</updated></entry>"
        for item in items
    )
    head = f"<id>MP_WXS_{page.bizuin}</id><title>{xml_escape(page.name)}</title><generator>WeWe-RSS</generator>"
    return f'<?xml version="1.0" encoding="utf-8"?><feed {ATOM}>{head}{entries}</feed>'.encode()


def wewe_json(page: Page, items: Sequence[Item]) -> bytes:
    """wewe-rss as JSON Feed 1: `date_modified` only, no text."""
    entries = [
        {"id": article_url(page, item).rpartition("/")[2], "url": article_url(page, item), "title": item.title}
        | {"content_html": "", "date_modified": f"{item.at:%Y-%m-%dT%H:%M:%S.000Z}"}
        for item in items
    ]
    head = {"version": "https://jsonfeed.org/version/1", "title": page.name, "generator": "WeWe-RSS", "items": entries}
    return orjson.dumps(head)


def we_mp_rss(page: Page, items: Sequence[Item]) -> bytes:
    """we-mp-rss: times at +0800, an `id` that RSS does not know, the text as an escaped literal CDATA."""
    entries = "".join(
        f"<item><id>{ids.wechat_mid(item.at)}</id><title>{xml_escape(item.title)}</title><link>{article_url(page, item)}</link>"
        f"<guid>{article_url(page, item)}</guid><pubDate>{format_datetime(item.at.astimezone(SHANGHAI))}</pubDate>"
        f"<content:encoded>{xml_escape(f'<![CDATA[{body(item)}]]>')}</content:encoded></item>"
        for item in items
    )
    head = f"<title>{xml_escape(page.name)}</title><link>/feed/MP_WXS.rss</link><description>{xml_escape(page.name)}</description>"
    names = 'version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    return f'<?xml version="1.0" encoding="utf-8"?><rss {names}><channel>{head}{_by("Mp-We-Rss")}{entries}</channel></rss>'.encode()


def we_mp_atom(page: Page, items: Sequence[Item]) -> bytes:
    """we-mp-rss as Atom, which it is not quite: e-mail's dates, and ids by which an entry names account, push and place."""
    entries = "".join(
        f'<entry><title>{xml_escape(item.title)}</title><link href="{article_url(page, item)}"/>'
        f"<id>{page.bizuin}-{ids.wechat_mid(item.at)}_1</id><updated>{format_datetime(item.at.astimezone(SHANGHAI))}</updated>"
        f"<summary>{xml_escape(item.text)}</summary></entry>"
        for item in items
    )
    head = f"<id>/feed/MP_WXS_{page.bizuin}.atom</id><title>{xml_escape(page.name)}</title>{_by('Mp-We-Rss')}"
    return f'<?xml version="1.0" encoding="utf-8"?><feed {ATOM}>{head}{entries}</feed>'.encode()


def static(page: Page, items: Sequence[Item]) -> bytes:
    """A file of a repository: RSS with long links and no guids; the picture's title is the account's gh_ id."""
    entries = "".join(
        f"<item><title>{xml_escape(item.title)}</title><link>{xml_escape(article_url(page, item).replace('#', '&xtrack=1#'))}</link>"
        f"<description>{xml_escape(item.text[:54])}</description><pubDate>{format_datetime(item.at.astimezone(SHANGHAI))}</pubDate></item>"
        for item in items
    )
    picture = f"<image><url>https://wx.qlogo.cn/demo/0</url><title>{page.handle}</title><link>https://mp.weixin.qq.com/</link></image>"
    head = f"<title>{xml_escape(page.name)}</title><link>https://mp.weixin.qq.com/</link><description>{xml_escape(page.name)}</description>"
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{head}{picture}{entries}</channel></rss>'.encode()


def wechat2rss(page: Page, items: Sequence[Item]) -> bytes:
    """Wechat2RSS: long links, and only what was sent to the followers."""
    entries = "".join(
        f"<item><title>{xml_escape(item.title)}</title><link>{xml_escape(article_url(page, item))}</link>"
        f"<description>{xml_escape(body(item))}</description><pubDate>{format_datetime(item.at.astimezone(SHANGHAI))}</pubDate></item>"
        for item in items
        if item.sent
    )
    head = f"<title>{xml_escape(page.name)}</title><link>https://mp.weixin.qq.com/</link><description>{xml_escape(page.name)}</description>"
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{head}{_by("Wechat2RSS")}{entries}</channel></rss>'.encode()


def wechat_download(page: Page, items: Sequence[Item]) -> bytes:
    """wechat-download-api as JSON: `publish_time` in Unix seconds, and from where to ask on."""
    rows = [
        {"id": ids.wechat_mid(item.at), "fakeid": page.biz, "nickname": page.name, "title": item.title, "digest": item.text[:54]}
        | {"author": "", "publish_time": ids.seconds(item.at), "link": article_url(page, item), "cover": "", "content_fetched": False}
        for item in items
    ]
    return orjson.dumps({"articles": rows, "next_since": ids.seconds(items[0].at) if items else 0})


def wewe_state(pages: Iterable[Page], moment: datetime) -> bytes:
    """wewe-rss's list of its feeds: when it last looked at each."""
    stamp = ids.seconds(moment)
    about = {"intro": "", "cover": "", "syncTime": stamp, "updateTime": stamp}
    return orjson.dumps([{"id": f"MP_WXS_{page.bizuin}", "name": page.name} | about for page in pages])


def wechat2rss_state(available: bool) -> bytes:
    """Wechat2RSS's list of its logins."""
    return orjson.dumps({"err": "", "data": [{"id": 1, "available": available, "needCheck": not available, "waitTime": 0}]})


def _by(generator: str) -> str:
    return f"<generator>{generator}</generator>"


XML, ATOM_XML = "application/rss+xml", "application/atom+xml"
DIALECTS: Mapping[str, tuple[Feed, str]] = {
    "rsshub": (rsshub, XML),
    "wewe-rss": (wewe_rss, XML),
    "wewe-json": (wewe_json, "application/feed+json"),
    "wewe-atom": (wewe_atom, ATOM_XML),
    "we-mp-rss": (we_mp_rss, XML),
    "we-mp-atom": (we_mp_atom, ATOM_XML),
    "static": (static, "text/plain"),
    "wechat2rss": (wechat2rss, XML),
    "wechat-download-api": (wechat_download, "application/json"),
}
"""By the bridge's name and format: the writer and its content type."""
