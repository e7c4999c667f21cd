"""Weibo's answers, in the shapes they have on the wire. Pure: posts in, bodies out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from demo import ids
from demo.articles import ISSUER, ISSUER_UID
from demo.pages import Page
from demo.rhythm import Item
from monitor.matching.ids import mid_to_bid
from monitor.model import SHANGHAI

WEIBO_PAGE = 5
"""The official timeline shows its owner the newest five, whatever count is asked for."""
CARDS_PAGE = 10
EARLIER_POSTS = 260
"""Posts before those the demo keeps: an account that has published at all has published for years."""
PIN_MARKS = {"isTop": 1, "mblogtype": 2, "title": {"text": "置顶"}}
SHORT_TEXT = 40
"""Characters after which m.weibo.cn cuts a post of the demo; the real site shows some 140."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def weibo_timeline(page: Page, items: Sequence[Item], count: int = WEIBO_PAGE) -> bytes:
    """Return `statuses/user_timeline`: the pinned post if there is one, then the newest, five or what the business interface gives."""
    user = weibo_user(page, items)
    statuses = [weibo_status(page, item, user) for item in items[:count]]
    if page.pins:
        statuses.insert(0, weibo_status(page, page.pinned, user) | PIN_MARKS)
    return _timeline(statuses, user["statuses_count"])


def weibo_batch(pages: Sequence[tuple[Page, Sequence[Item]]], count: int) -> bytes:
    """Return `statuses/timeline_batch`: the newest posts of all these accounts together, so many at most; nobody's pinned ones."""
    rows = [(item, page, items) for page, items in pages for item in items[:count]]
    rows.sort(key=lambda row: row[0].at, reverse=True)
    users = {page.code: weibo_user(page, items) for page, items in pages}
    statuses = [weibo_status(page, item, users[page.code]) for item, page, _ in rows[:count]]
    return _timeline(statuses, sum(user["statuses_count"] for user in users.values()))


def weibo_nothing(page: Page, items: Sequence[Item]) -> bytes:
    """Return an empty list of an account that is said to have posts."""
    return _timeline([], weibo_user(page, items)["statuses_count"])


def _timeline(statuses: list[dict[str, Any]], total: int) -> bytes:
    lists: dict[str, Any] = {"statuses": statuses, "advertises": [], "ad": [], "hasvisible": False}
    return orjson.dumps(lists | {"previous_cursor": 0, "next_cursor": 0, "total_number": total})


def weibo_error(code: int, text: str) -> bytes:
    """Return the Open Platform's error body: the code is a number on the wire."""
    return orjson.dumps({"error": text, "error_code": code, "request": "/2/statuses/user_timeline.json"})


def weibo_user(page: Page, items: Sequence[Item]) -> dict[str, Any]:
    return {
        "id": int(page.handle),
        "idstr": page.handle,
        "screen_name": page.name,
        "name": page.name,
        "verified": True,
        "verified_type": 1,
        "verified_reason": f"{page.unit.name}官方微博",
        "statuses_count": len(items) + EARLIER_POSTS if items else 0,
        "domain": "",
    }


def weibo_status(page: Page, item: Item, user: Mapping[str, Any]) -> dict[str, Any]:
    mid = ids.weibo_mid(item.at, page.serial)
    text = _text(item, mid)
    status = {
        "created_at": weibo_time(item.at),
        "id": int(mid),
        "mid": mid,
        "idstr": mid,
        "text": text,
        "textLength": 2 * len(text),
        "source": '<a href="http://weibo.com/" rel="nofollow">微博网页版</a>',
        "favorited": False,
        "truncated": False,
        "isLongText": False,
        "pic_urls": [{"thumbnail_pic": f"http://wx1.sinaimg.cn/thumbnail/demo{mid}.jpg"}] if item.picture else [],
        "user": user,
        "reposts_count": 3,
        "comments_count": 1,
        "attitudes_count": 8,
        "visible": {"type": 0, "list_id": 0},
    }
    return status | {"retweeted_status": _weibo_original(item)} if item.original else status


def _weibo_original(item: Item) -> dict[str, Any]:
    return {
        "id": int(item.original),
        "mid": item.original,
        "idstr": item.original,
        "created_at": weibo_time(ids.weibo_moment(item.original)),
        "text": f"【{item.title}】",
        "user": {"id": int(ISSUER_UID), "idstr": ISSUER_UID, "screen_name": ISSUER, "verified": True, "verified_type": 1},
    }


def weibo_time(moment: datetime) -> str:
    """Return `Tue Jul 12 10:00:00 +0800 2022`: English names whatever the locale."""
    local = moment.astimezone(SHANGHAI)
    return f"{WEEKDAYS[local.weekday()]} {MONTHS[local.month - 1]} {local:%d %H:%M:%S +0800 %Y}"


def _text(item: Item, mid: str) -> str:
    if item.original:
        return item.text
    if item.picture:
        return f"#{item.picture}#"
    return f"【{item.title}】{item.text}" + (f" {short_link(mid)}" if item.link else "")


def short_link(mid: str) -> str:
    """Return what the platform makes of the link in a post."""
    return f"http://t.cn/A6{ids.letters(6, 'link', mid)}"


def weibo_expanded(asked: Sequence[str], known: Mapping[str, str]) -> bytes:
    """Return `short_url/expand`: where these short links lead."""
    rows = [{"url_short": short, "url_long": known.get(short, ""), "type": 0, "result": short in known} for short in asked]
    return orjson.dumps({"urls": rows})


def weibo_cards(page: Page, items: Sequence[Item], guest: bool = False) -> bytes:
    """Return m.weibo.cn's `container/getIndex` of an account: post cards among others; a guest misses every tenth post."""
    user = weibo_user(page, items)
    shown = [item for number, item in enumerate(items) if not guest or number % 10 != 9][:CARDS_PAGE]
    cards = [_card(page, item, user) for item in shown]
    if page.pins:
        cards.insert(0, _card(page, page.pinned, user))
    cards.insert(1, {"card_type": 11, "itemid": "", "show_type": 1, "card_group": [{"card_type": 42, "desc": "全部微博"}]})
    info = {"containerid": f"107603{page.handle}", "v_p": 42, "show_style": 1, "total": user["statuses_count"], "since_id": 0}
    return orjson.dumps({"ok": 1, "data": {"cardlistInfo": info, "cards": cards, "scheme": "sinaweibo://cardlist", "showAppTips": 1}})


def weibo_empty_cards() -> bytes:
    return orjson.dumps({"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}})


def weibo_wall(url: str) -> bytes:
    """Return the refusal that points at a login or a captcha page, with HTTP 200."""
    return orjson.dumps({"ok": -100, "errno": "-100", "msg": "", "url": url, "extra": ""})


def weibo_long_text(item: Item, mid: str) -> bytes:
    """Return `statuses/extend`: the whole text as HTML."""
    body = {"ok": 1, "longTextContent": _text(item, mid), "reposts_count": 3, "comments_count": 1, "attitudes_count": 8}
    return orjson.dumps({"ok": 1, "data": body})


def weibo_config(login: bool, uid: str = "7899999998") -> bytes:
    """Return `api/config`, which says whether the cookie is a login."""
    return orjson.dumps({"preferQuickapp": 0, "data": {"login": login, "st": "d3m0aa", "uid": uid if login else ""}, "ok": 1})


def _card(page: Page, item: Item, user: Mapping[str, Any]) -> dict[str, Any]:
    mid = ids.weibo_mid(item.at, page.serial)
    kind = "proweibotop_" if item.pinned else "proweibo_"
    return {
        "card_type": 9,
        "itemid": f"107603{page.handle}_-_{mid}",
        "scheme": f"https://m.weibo.cn/status/{mid_to_bid(mid)}?mblogid={mid_to_bid(mid)}&luicode=10000011",
        "profile_type_id": kind + mid,
        "show_type": 0,
        "mblog": _mblog(page, item, user),
    }


def _mblog(page: Page, item: Item, user: Mapping[str, Any]) -> dict[str, Any]:
    """The same post in the shapes of the mobile site: HTML, a bid, ids as strings, long texts cut."""
    post = weibo_status(page, item, user)
    mid = post["mid"]
    whole = str(post["text"])
    cut = len(whole) > SHORT_TEXT and not item.original
    link = f' ...<a href="/status/{mid}">全文</a>'
    mobile = {"id": mid, "bid": mid_to_bid(mid), "isLongText": cut, "pic_num": 0, "mblogtype": 0, "source": "微博网页版"}
    top = PIN_MARKS if item.pinned else {}
    return post | mobile | top | {"text": whole[:SHORT_TEXT] + link if cut else whole, "region_name": "发布于 陕西"}
