"""What can be made to go wrong in the demo: which ways of looking it strikes, and what a look then ends in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demo.ways import WECHAT_BRIDGES, WECHAT_OFFICIAL, WEIBO_MANY, WEIBO_SITE, Way

FROZEN = "source_frozen"
"""Not an error class of a look: the reason for accounts that are seen through a source which stands still."""
FROZEN_SOURCE = "frozen-source"
THROTTLE = "throttle"
CAPTCHA = "captcha"
DEAD_COOKIE = "dead-cookie"
DEAD_TOKEN = "dead-token"
GUEST_VIEW = "guest-view"
EMPTY_LIST = "empty-list"
SLOW = "slow"
RESET = "reset"
WRONG_ACCOUNT = "wrong-account"

THROTTLE_SECONDS = 1800
"""What `Retry-After` says under the fault `throttle`."""
SLOW_SECONDS = 30.0
"""How long an answer takes under the fault `slow`."""
SHORT_PATIENCE = 1.5
"""Seconds the demo's daemon waits for an answer under that fault, so that one sees the end of it within a minute."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`meaning` is for who watches; `strikes` are the ways that no longer show an account whole; `cause` is what looks end in then.

    `pages` tells whether the page of a single WeChat article can still be opened.
    """

    meaning: str
    strikes: frozenset[Way]
    cause: str
    pages: bool = True


_DOUYIN = frozenset(way for way in Way if way.startswith("douyin."))
_WEIBO = frozenset(way for way in Way if way.startswith("weibo."))
_WECHAT = frozenset(way for way in Way if way.startswith("wechat."))

TABLE: Mapping[str, Fault] = {
    FROZEN_SOURCE: Fault("微信订阅源整体停滞：所有公众号（含哨兵账号）20天来没有新内容", WECHAT_BRIDGES, FROZEN),
    THROTTLE: Fault("微博限流：所有接口返回429，要求半小时后再试", WEIBO_SITE, "rate_limited"),
    CAPTCHA: Fault(
        "验证码墙：m.weibo.cn 和微信文章页要求验证，抖音网关被风控拦截",
        frozenset({Way.WEIBO_WEB, Way.WEIBO_GUEST, Way.DOUYIN_V4, Way.DOUYIN_V5}),
        "rate_limited",
        pages=False,
    ),
    DEAD_COOKIE: Fault(
        "登录失效：m.weibo.cn 要求登录或跳转到登录页，RSSHub 与抖音网关的 Cookie 已过期",
        frozenset({Way.WEIBO_WEB, Way.WEIBO_GUEST, Way.WEIBO_RSSHUB, Way.DOUYIN_V4}),
        "auth_error",
    ),
    DEAD_TOKEN: Fault(
        "授权过期：微博、微信、抖音开放平台的令牌全部失效",
        frozenset({Way.WEIBO_OWN, Way.WEIBO_BUSINESS, *WEIBO_MANY, *WECHAT_OFFICIAL, Way.DOUYIN_OWN, Way.DOUYIN_RETIRED}),
        "auth_error",
    ),
    GUEST_VIEW: Fault("游客视图：抖音网关未登录，只给出旧作品，看不到最新作品", frozenset({Way.DOUYIN_V4}), "degraded"),
    EMPTY_LIST: Fault("空列表：微博所有接口返回200但列表为空", _WEIBO, "degraded"),
    SLOW: Fault("响应极慢：抖音各接口迟迟不返回", _DOUYIN, "transport_fault"),
    RESET: Fault("连接被重置：微信接口和订阅源全部断开", _WECHAT, "transport_fault", pages=False),
    WRONG_ACCOUNT: Fault(
        "张冠李戴：微博、抖音网关和头条接口返回的是别的账号的内容",
        frozenset({*WEIBO_SITE - WEIBO_MANY, Way.DOUYIN_V4, Way.DOUYIN_V5, Way.TOUTIAO_ROWS}),
        "parse_error",
    ),
}
FAULTS: Mapping[str, str] = {name: fault.meaning for name, fault in TABLE.items()}
"""What can be made to go wrong, for `make demo FAULT=…`, and what that means in one line."""
