"""WeChat official accounts: whose article or home page an address is (wechat.md, sections 5 and 7). The account key is `__biz`."""

from __future__ import annotations

import re
from urllib.parse import unquote

from monitor.identity.found import Found, Identity, Missing
from monitor.identity.urls import Address
from monitor.matching.ids import biz_to_bizuin, bizuin_to_biz
from monitor.model import Platform

HOST = "mp.weixin.qq.com"
_IDS = ("__biz", "biz", "fakeid", "bizuin")
_ARTICLES = ("/s", "/mp/appmsg/show")
_TOKEN = re.compile(r"/s/[A-Za-z0-9_-]{16,64}/?")
_BRIDGE = re.compile(r"MP_WXS_([0-9]{6,11})")
_ORIGINAL = re.compile(r"(?:gh|wxid)_[A-Za-z0-9]{6,32}")

WHAT = "公众号的 __biz"
HOW = "请在电脑上打开该号任一文章，复制地址栏中含 __biz= 的长链接；若地址仍是短链接，可在网页源代码中查找 var biz"


def read(address: Address) -> Found:
    """Return the account of a WeChat address."""
    if address.host != HOST:
        return _missing(address, *_elsewhere(address))
    # A '+' in a query stands for itself here: it is a letter of base 64.
    biz = biz_of(next((address.query[name] for name in _IDS if address.query.get(name)), ""))
    if biz and address.path.rstrip("/") in _ARTICLES:
        return Identity(Platform.WECHAT, "biz", biz, "likely", "取自一篇文章的链接，请核对文章确由该号发布")
    if biz:
        return Identity(Platform.WECHAT, "biz", biz)
    if _TOKEN.fullmatch(address.path):
        return _missing(address, f"文章短链接不含{WHAT}", HOW)
    if {"src", "signature"} <= address.query.keys():
        return _missing(address, "搜狗的临时链接会失效，也不含" + WHAT, HOW)
    return _missing(address, "地址中没有" + WHAT, HOW)


def _elsewhere(address: Address) -> tuple[str, str]:
    if address.host == "channels.weixin.qq.com":
        return "这是视频号，不是公众号", "视频号不在采集范围，请填公众号的文章链接"
    if address.path.startswith("/r/"):
        return "二维码链接不含" + WHAT, HOW
    return "不是公众号的文章或主页", HOW


def biz_of(text: str) -> str:
    """Return the `__biz`, with its `==`, of any form it comes in: base 64 (percent-encoded, or without `=`), decimal, MP_WXS_…"""
    text = unquote(unquote(text)).strip()
    bridged = _BRIDGE.fullmatch(text)
    number = bridged[1] if bridged else text
    return bizuin_to_biz(number) or bizuin_to_biz(biz_to_bizuin(number))


def _missing(address: Address, what: str, how: str) -> Missing:
    # A short link's token may stand in a message; what comes behind a back-end address may be a session.
    return Missing(Platform.WECHAT, what, how, address.shown)


def bare(text: str) -> Found:
    """Return the account of a text that is no address but is said to be WeChat's."""
    if biz := biz_of(text):
        return Identity(Platform.WECHAT, "biz", biz)
    if _ORIGINAL.fullmatch(text):
        return Missing(Platform.WECHAT, f"原始ID（{text}）不能换算成 __biz", f"{HOW}；原始ID 只用于官方接口的推送", text)
    return Missing(Platform.WECHAT, "微信号或名称会变，不能代替 __biz", HOW)
