"""The platforms' answers, in the shapes they have on the wire. Pure: posts in, bodies out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Any

import orjson

from demo import ids
from demo.articles import ISSUER, ISSUER_UID
from demo.pages import Page
from demo.rhythm import Item
from monitor.model import SHANGHAI

WEIBO_PAGE = 5
"""The official timeline shows its owner the newest five, whatever count is asked for."""
DOUYIN_PAGE = 20
BATCH_LIMIT = 20
EARLIER_POSTS = 260
"""Posts before those the demo keeps: an account that has published at all has published for years."""
PIN_AGE = timedelta(days=420)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def weibo_timeline(page: Page, items: Sequence[Item]) -> bytes:
    """Return `statuses/user_timeline`: the pinned post if there is one, then the newest five."""
    user = _weibo_user(page, items)
    statuses = [_weibo_status(page, item, user) for item in items[:WEIBO_PAGE]]
    if page.pins:
        statuses.insert(0, _weibo_status(page, _pinned(page), user) | {"isTop": 1, "mblogtype": 2, "title": {"text": "置顶"}})
    return orjson.dumps(
        {
            "statuses": statuses,
            "advertises": [],
            "ad": [],
            "hasvisible": False,
            "previous_cursor": 0,
            "next_cursor": 0,
            "total_number": user["statuses_count"],
        }
    )


def weibo_error(code: int, text: str) -> bytes:
    """Return the Open Platform's error body: the code is a number on the wire."""
    return orjson.dumps({"error": text, "error_code": code, "request": "/2/statuses/user_timeline.json"})


def _weibo_user(page: Page, items: Sequence[Item]) -> dict[str, Any]:
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


def _weibo_status(page: Page, item: Item, user: Mapping[str, Any]) -> dict[str, Any]:
    mid = ids.weibo_mid(item.at, page.serial)
    text = item.text if item.original else f"【{item.title}】{item.text} http://t.cn/A6{ids.token(6, mid)}"
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
        "pic_urls": [],
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


def _pinned(page: Page) -> Item:
    item = page.items[-1]
    return Item(at=item.at - PIN_AGE, title=f"{page.name}政务新媒体公约", text="欢迎关注，请文明留言。", pinned=True)


def douyin_posts(page: Page, items: Sequence[Item], guest: bool) -> bytes:
    """Return the gateway's `fetch_user_post_videos`, pinned work first; a guest's page says so and lacks the newest works."""
    shown = [_aweme(page, item) for item in items[:DOUYIN_PAGE]]
    if page.pins:
        shown.insert(0, _aweme(page, _pinned(page)))
    ordinary = items[:DOUYIN_PAGE]
    data: dict[str, Any] = {
        "status_code": 0,
        "min_cursor": ids.seconds(ordinary[0].at) * 1000 if ordinary else 0,
        "max_cursor": ids.seconds(ordinary[-1].at) * 1000 if ordinary else 0,
        "has_more": int(bool(items)),
        "aweme_list": shown,
        "time_list": None,
        "request_item_cursor": 0,
        "post_serial": 2,
    }
    if guest:
        data["not_login_module"] = {"guide_login_tip_exist": True, "guide_login_tip_text_biserial": "看更多最新作品"}
    return orjson.dumps({"code": 200, "router": "/api/douyin/web/fetch_user_post_videos", "data": data})


def gateway_error(params: Mapping[str, str]) -> bytes:
    """Return what the gateway says to every failure."""
    detail = {"code": 400, "message": "An error occurred.", "router": "/api/douyin/web/fetch_user_post_videos", "params": dict(params)}
    return orjson.dumps({"detail": detail})


def _aweme(page: Page, item: Item) -> dict[str, Any]:
    aweme = ids.douyin_aweme(item.at - timedelta(seconds=40), page.serial)
    tag = page.unit.division.short
    return {
        "aweme_id": aweme,
        "desc": f"{item.title} #{tag}",
        "create_time": ids.seconds(item.at),
        "is_top": int(item.pinned),
        "aweme_type": 0,
        "author": _douyin_author(page),
        "author_user_id": 60_000_000_000 + page.serial,
        "text_extra": [{"type": 1, "hashtag_name": tag, "hashtag_id": "1600000000000001", "start": 0, "end": 0, "is_commerce": False}],
        "images": None,
        "duration": 31_000,
        "region": "CN",
        "share_url": f"https://www.iesdouyin.com/share/video/{aweme}/",
        "preview_title": item.title,
        "statistics": {"digg_count": 21, "comment_count": 2, "share_count": 1, "collect_count": 1, "play_count": 0},
        "status": {"is_delete": False, "private_status": 0, "is_prohibited": False, "in_reviewing": False, "part_see": 0},
    }


def _douyin_author(page: Page) -> dict[str, Any]:
    return {
        "uid": str(60_000_000_000 + page.serial),
        "sec_uid": page.handle,
        "unique_id": f"demo{page.serial}",
        "short_id": "0",
        "nickname": page.name,
        "enterprise_verify_reason": f"{page.unit.name}官方抖音号",
        "secret": 0,
        "user_canceled": False,
    }


def wechat_batch(page: Page, items: Sequence[Item], offset: int, wanted: int) -> bytes:
    """Return `freepublish/batchget`: only what was published without being sent to the followers."""
    listed = [item for item in items if not item.sent]
    shown = [_publication(page, item) for item in listed[offset : offset + max(1, min(wanted, BATCH_LIMIT))]]
    return orjson.dumps({"total_count": len(listed), "item_count": len(shown), "item": shown})


def _publication(page: Page, item: Item) -> dict[str, Any]:
    moment = ids.seconds(item.at)
    news = {
        "title": item.title,
        "author": page.name,
        "digest": item.text[:54],
        "content": f"<p>{escape(item.text)}</p>",
        "content_source_url": item.link,
        "thumb_media_id": ids.token(43, "thumb", page.serial),
        "thumb_url": "http://mmbiz.qpic.cn/mmbiz_jpg/demo/0?wx_fmt=jpeg",
        "show_cover_pic": 0,
        "need_open_comment": 0,
        "only_fans_can_comment": 0,
        "url": article_url(page, item),
        "is_deleted": False,
    }
    content = {"news_item": [news], "create_time": moment, "update_time": moment}
    return {"article_id": ids.token(43, "article", page.serial, moment), "content": content, "update_time": moment}


def article_url(page: Page, item: Item) -> str:
    """Return the article's link: the long form for accounts that are read both ways, else the short one."""
    if page.official:
        mid, sn = ids.wechat_mid(item.at), ids.digest(page.serial, item.at)[:32]
        return f"http://mp.weixin.qq.com/s?__biz={ids.wechat_biz(page.serial)}&mid={mid}&idx=1&sn={sn}&chksm={sn[:8]}&scene=0#rd"
    return f"https://mp.weixin.qq.com/s/{short_id(page, item)}"


def short_id(page: Page, item: Item) -> str:
    return ids.token(22, "s", page.serial, ids.seconds(item.at))
