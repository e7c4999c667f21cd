"""Douyin's answers and its gateways', in the shapes they have on the wire. Pure: posts in, bodies out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from demo import ids
from demo.pages import Page
from demo.rhythm import Item

DOUYIN_PAGE = 20
V4_ROUTER = "/api/douyin/web/fetch_user_post_videos"
UPLOADED_BEFORE = timedelta(seconds=40)
"""A work's number tells when it was uploaded, a little before it is published."""


def douyin_posts(page: Page, items: Sequence[Item], guest: bool) -> bytes:
    """Return the gateway's `fetch_user_post_videos`, pinned work first; a guest's page says so and lacks the newest works."""
    shown = [aweme(page, item) for item in items[:DOUYIN_PAGE]]
    if page.pins:
        shown.insert(0, aweme(page, page.pinned))
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
    return v4(data)


def v4(data: Mapping[str, Any]) -> bytes:
    """Return the platform's own body in the envelope of a gateway of the fourth version."""
    return orjson.dumps({"code": 200, "router": V4_ROUTER, "data": data})


def v5_posts(page: Page, items: Sequence[Item], count: int, raw: bool) -> dict[str, Any]:
    """Return the `data` of a fifth version's list: flat items, the platform's own beside each where it was asked for."""
    shown = [*([page.pinned] if page.pins else []), *items[:count]]
    return {"items": [_v5_item(page, item, raw) for item in shown], "cursor": "b3BhcXVl" if items else None, "has_more": bool(items)}


def v5(data: object, task: str, *, cached: bool = False) -> bytes:
    """Return a success in the envelope of a gateway of the fifth version."""
    return orjson.dumps({"success": True, "data": data, "error": None, "meta": _v5_meta(task) | {"cached": cached}})


def v5_error(code: str, message: str, retry_after: float | None = None) -> bytes:
    error: dict[str, Any] = {"code": code, "message": message, "details": {}}
    if retry_after is not None:
        error["retry_after"] = retry_after
    return orjson.dumps({"success": False, "data": None, "error": error, "meta": _v5_meta("")})


def _v5_meta(task: str) -> dict[str, Any]:
    about = {"request_id": f"req_{ids.digest('request', task)[:12]}", "duration_ms": 41, "endpoint": "author_posts"}
    return about | {"platform": "douyin", "task_id": task or None}


def _v5_item(page: Page, item: Item, raw: bool) -> dict[str, Any]:
    own = aweme(page, item)
    number, author = own["aweme_id"], own["author"]
    return {
        "platform": "douyin",
        "content_id": number,
        "kind": "video",
        "web_url": f"https://www.douyin.com/video/{number}",
        "title": own["desc"].split("\n")[0],
        "description": own["desc"],
        "created_at": f"{item.at:%Y-%m-%dT%H:%M:%SZ}",
        "duration_ms": own["duration"],
        "is_deleted": False,
        "is_private": False,
        "author": {"uid": page.handle, "sec_uid": page.handle, "unique_id": author["unique_id"], "nickname": page.name, "verified": True},
        "stats": {"play_count": None, "digg_count": 21, "comment_count": 2, "share_count": 1, "collect_count": 1},
        "tags": [page.unit.division.short],
        "location": None,
        "fetched_at": f"{item.at:%Y-%m-%dT%H:%M:%SZ}",
        "raw": own if raw else None,
    }


def open_videos(page: Page, items: Sequence[Item], count: int) -> bytes:
    """Return the Open Platform's `video_list`: item ids of its own kind, the caption as the title."""
    shown = [*([page.pinned] if page.pins else []), *items[:count]]
    works = [_open_item(page, each) for each in shown]
    data = {"error_code": 0, "description": "", "cursor": 0, "has_more": len(items) > count, "list": works}
    return orjson.dumps({"data": data, "extra": _open_extra(0, "")})


def open_error(code: int, text: str) -> bytes:
    return orjson.dumps({"data": {"error_code": code, "description": text}, "extra": _open_extra(code, text)})


def open_grant(**fields: object) -> bytes:
    """Return an OAuth answer: what was granted, `expires_in` as the text it is in the platform's samples."""
    return orjson.dumps({"data": {**fields, "error_code": 0, "description": ""}, "message": "success"})


def _open_extra(code: int, text: str) -> dict[str, Any]:
    empty = {"sub_error_code": 0, "sub_description": "", "logid": ids.digest("log", code)[:32], "now": 1_700_000_000_000}
    return {"error_code": code, "description": text} | empty


def _open_item(page: Page, item: Item) -> dict[str, Any]:
    own = aweme(page, item)
    return {
        "item_id": f"@{ids.token(40, 'item', own['aweme_id'])}==",
        "title": own["desc"],
        "create_time": own["create_time"],
        "is_top": item.pinned,
        "is_reviewed": True,
        "video_status": 5,
        "media_type": 4,
        "share_url": own["share_url"],
        "cover": "",
        "statistics": {"digg_count": 21, "comment_count": 2, "share_count": 1, "forward_count": 0, "download_count": 0, "play_count": 120},
    }


def aweme_id(page: Page, item: Item) -> str:
    return ids.douyin_aweme(item.at - UPLOADED_BEFORE, page.serial)


def gateway_error(params: Mapping[str, str]) -> bytes:
    """Return what the gateway says to every failure."""
    detail = {"code": 400, "message": "An error occurred.", "router": V4_ROUTER, "params": dict(params)}
    return orjson.dumps({"detail": detail})


def aweme(page: Page, item: Item) -> dict[str, Any]:
    number = aweme_id(page, item)
    tag = page.unit.division.short
    return {
        "aweme_id": number,
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
        "share_url": f"https://www.iesdouyin.com/share/video/{number}/",
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
