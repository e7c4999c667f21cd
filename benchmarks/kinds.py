"""What is measured: every channel's hot path, as an account's channel, the requests of one look, and the cases, in a literal table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from benchmarks.pages import author_of, sec_uid, token, uid
from monitor.model import Account, Channel, Platform

IN_FLIGHT = 64
MUCH = 10_000_000
"""A budget that never ends, so that its bookkeeping is measured and its end is not."""

# Limits of DESIGN "Performance" over its bare fetch of 0.13 ms CPU; the target is twice the limit.
SAME, OTHER, NEW = 2 * 0.20 / 0.13, 2 * 0.44 / 0.13, 2 * 0.82 / 0.13
FEED, FEED_NEW = 2 * 0.60 / 0.13, 2 * 1.90 / 0.13


@dataclass(frozen=True, slots=True)
class Case:
    """What is served, what to call it, and the target as a multiple of a bare fetch of 163 KB, None where the design names none."""

    mode: str
    title: str
    target: float | None = None


UNCHANGED = Case("same", "unchanged bytes", SAME)
PEEKED = Case("touched", "other bytes, nothing new (peek)", OTHER)
WHOLE = Case("full", "the same read whole (no peek)")
UNPEEKED = Case("touched", "other bytes, nothing new (read whole)", OTHER)
TEN_NEW = Case("new", "ten new posts stored", NEW)
FIVE_NEW = Case("new", "five new posts stored", NEW)
FEED_SAME = Case("same", "unchanged bytes", FEED)
FEED_OTHER = Case("touched", "other bytes, nothing new", FEED)
FEED_REBUILT = Case("rebuilt", "nothing but its build date differs", FEED)
FEED_ITEMS = Case("new", "ten new items stored", FEED_NEW)
CONDITIONAL = Case("tagged", "304, nothing sent")
WITH_PEEK = (UNCHANGED, PEEKED, WHOLE, TEN_NEW)
OF_FEED = (FEED_SAME, FEED_OTHER, FEED_ITEMS)


@dataclass(frozen=True, slots=True)
class Kind:
    """One hot path. `path` is what one look fetches of an account, as the bare loop fetches it."""

    title: str
    platform: Platform
    adapter: str
    handle: Callable[[str, str], str]
    path: Callable[[str], str]
    cases: tuple[Case, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    wishes: Mapping[str, Any] = field(default_factory=dict)

    def account(self, number: int, base: str) -> Account:
        name = str(number)
        each = {"credential": f"bench{number}", "user_id": str(author_of(name))}
        options = {**self.options, **{option: each[option] for option in self.options if option in each}}
        channel = Channel(adapter=self.adapter, handle=self.handle(base, name), options=options)
        return Account(id=f"bench{number}", platform=self.platform, name="某发布", channels=(channel,))


def _feed(title: str, kind: str, platform: Platform = Platform.WECHAT, cases: tuple[Case, ...] = OF_FEED, **options: str) -> Kind:
    def at(base: str, name: str) -> str:
        return f"{base}/{kind}/{name}"

    return Kind(title, platform, "feed", at, lambda name: at("", name), cases, options)


KINDS: Mapping[str, Kind] = {
    "douyin.v4": Kind(
        "douyin.gateway v4, 163 KB",
        Platform.DOUYIN,
        "douyin.gateway",
        lambda _, name: sec_uid(name),
        lambda name: f"/api/douyin/web/fetch_user_post_videos?sec_user_id={sec_uid(name)}&max_cursor=0&count=20",
        WITH_PEEK,
        wishes={"version": "4"},
    ),
    "douyin.v5": Kind(
        "douyin.gateway v5, 163 KB",
        Platform.DOUYIN,
        "douyin.gateway",
        lambda _, name: sec_uid(name),
        lambda name: f"/api/v1/douyin/user/posts?sec_user_id={sec_uid(name)}&count=20&wait=20&include_raw=true",
        WITH_PEEK,
        {"signed_in": "1"},
    ),
    "weibo.web": Kind(
        "weibo.web, 60 KB",
        Platform.WEIBO,
        "weibo.web",
        lambda _, name: uid(name),
        lambda name: f"/api/container/getIndex?type=uid&value={uid(name)}&containerid=107603{uid(name)}",
        WITH_PEEK,
        {"credential": "each"},
        {"enabled": True, "daily_requests": MUCH},
    ),
    "weibo.own": Kind(
        "weibo.openapi, 15 KB",
        Platform.WEIBO,
        "weibo.openapi",
        lambda _, name: uid(name),
        lambda name: f"/2/statuses/user_timeline.json?uid={uid(name)}&count=5",
        (UNCHANGED, UNPEEKED, FIVE_NEW),
        {"credential": "each"},
        {"host_hourly_requests": MUCH, "user_daily_requests": MUCH},
    ),
    "toutiao.rows": Kind(
        "toutiao.rows, 90 KB",
        Platform.TOUTIAO,
        "toutiao.rows",
        lambda _, name: token(name),
        lambda name: f"/rows/{quote(token(name), safe='')}",
        WITH_PEEK,
        {"user_id": "each"},
        wishes={"base_url": "{base}/rows/{{token}}"},
    ),
    "rss": _feed("feed: RSS, 30 KB", "rss", cases=(*OF_FEED, CONDITIONAL), whole="1"),
    "wewe.rss": _feed("feed: wewe-rss RSS, 30 KB", "wewe.rss", cases=(FEED_SAME, FEED_REBUILT, FEED_OTHER, FEED_ITEMS), whole="1"),
    "atom": _feed("feed: we-mp-rss Atom, 30 KB", "atom", whole="1"),
    "json.feed": _feed("feed: JSON Feed, 30 KB", "json.feed", whole="1"),
    "rsshub": _feed("feed: RSSHub Weibo, 30 KB", "rsshub", Platform.WEIBO, whole="1"),
}

WECHAT = Kind(
    "wechat.openapi, 163 KB list",
    Platform.WECHAT,
    "wechat.openapi",
    lambda _, name: f"gh_{int(name):012d}",
    lambda name: f"/cgi-bin/freepublish/batchget?access_token={secret(name)}",
    (Case("list", "the same publish list"), Case("day", "daily look: list and two calls of the data cube, two new")),
    {"credential": "each"},
    {"batchget_daily": MUCH, "datacube_daily": MUCH, "datacube_days": 3},
)
"""Measured apart: its days come from the clock."""
CUBE_PATH = "/datacube/getarticletotaldetail?access_token={}"


def secret(name: str) -> str:
    return f"bench-token-{int(name):06d}"


def credentials(accounts: int) -> str:
    """Return a credential for every account: its own token, and a cookie that is a login."""
    each = {"cookie": "SUB=bench; _T_WM=1", "login": "1"}
    return json.dumps({f"bench{number}": {**each, "access_token": secret(str(number))} for number in range(accounts)})


def channel_settings(kind: Kind, base: str) -> dict[str, dict[str, Any]]:
    """Return the channel's settings: as impolite as the simulated platform allows, and never due again by itself."""
    wide = {"spacing_seconds": 0, "in_flight": IN_FLIGHT, "min_interval_minutes": 600, "max_interval_minutes": 700}
    where = {"delay_hours": 0} if kind.adapter == "feed" else {"base_url": base}
    wishes = {key: value.format(base=base) if isinstance(value, str) else value for key, value in kind.wishes.items()}
    return {kind.adapter: {**wide, **where, **wishes}}
