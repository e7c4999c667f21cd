"""Whose account an address is. Pure: what only the network could tell is said to be missing, together with the question to ask it.

The rules are those of the platforms' pages: weibo.md §10, wechat.md §5 and §7, douyin.md §10, toutiao.md §9.
Nothing that was pasted beside an id (tracking parameters, device ids, sessions) comes back in any answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from monitor.identity import douyin, toutiao, wechat, weibo
from monitor.identity.channels import agrees as agrees
from monitor.identity.channels import fills as fills
from monitor.identity.found import Ask as Ask
from monitor.identity.found import Found as Found
from monitor.identity.found import Identity as Identity
from monitor.identity.found import Missing as Missing
from monitor.identity.urls import Address, addresses, parse
from monitor.identity.wechat import biz_of as biz_of
from monitor.model import Platform

WRAPS = 3
"""Redirect pages around an address that are taken off."""

_DOMAINS: Mapping[str, Platform] = {
    **dict.fromkeys(("weibo.com", "weibo.cn", "t.cn"), Platform.WEIBO),
    "weixin.qq.com": Platform.WECHAT,
    **dict.fromkeys(("douyin.com", "iesdouyin.com", "amemv.com"), Platform.DOUYIN),
    "toutiao.com": Platform.TOUTIAO,
}
_SCHEMES: Mapping[str, Platform] = {"snssdk1128": Platform.DOUYIN, "sinaweibo": Platform.WEIBO}
_READERS: Mapping[Platform, Callable[[Address], Found]] = {
    Platform.WEIBO: weibo.read,
    Platform.WECHAT: wechat.read,
    Platform.DOUYIN: douyin.read,
    Platform.TOUTIAO: toutiao.read,
}
_BARE: Mapping[Platform, Callable[[str], Found]] = {
    Platform.WEIBO: weibo.bare,
    Platform.WECHAT: wechat.bare,
    Platform.DOUYIN: douyin.bare,
    Platform.TOUTIAO: toutiao.bare,
}
# A visitor who is sent to log in copies the address of the login page.
_WRAPPERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("passport.weibo.com", "passport.weibo.cn", "visitor.passport.weibo.cn", "login.sina.com.cn"), ("url", "r")),
    **dict.fromkeys(("weibo.com/login.php", "www.weibo.com/login.php", "weibo.com/newlogin"), ("url",)),
    **dict.fromkeys(("weibo.cn/sinaurl", "m.weibo.cn/sinaurl"), ("u", "url")),
    **dict.fromkeys(("mp.weixin.qq.com/mp/wappoc_appmsgcaptcha", "mp.weixin.qq.com/mp/readtemplate"), ("target_url",)),
    "mp.weixinbridge.com": ("url",),
    "c.pc.qq.com": ("pfurl", "url"),
    "www.toutiao.com/search/jump": ("url",),
}
ID_LIMIT = 300
"""Characters of a text that can still be an id alone; a token has at most 256."""
_ANY_PLATFORM = "微博、微信公众号、抖音或今日头条"


def identify(text: str, platform: Platform | None = None) -> Found:
    """Return whose account a text names: an address, a share text with one inside, or an id where `platform` says whose it is.

    Never raises. An account of another platform than `platform` is returned as what it is: the caller compares. Where a text names
    two accounts it names nobody.
    """
    found = [_read(address) for address in addresses(text)]
    if not found:
        return replace(_bare(text.strip(), platform), raw=text)
    accounts = {each.key: each for each in found if isinstance(each, Identity)}
    ours = {key: each for key, each in accounts.items() if each.platform is platform}
    chosen = ours or accounts
    if len(chosen) > 1:
        return Missing(platform, "文字中有几个不同账号的网址", "每格只保留一个账号的网址", raw=text)
    for identity in chosen.values():
        return replace(identity, raw=text)
    return replace(min((each for each in found if isinstance(each, Missing)), key=lambda each: each.ask is None), raw=text)


def _read(address: Address) -> Found:
    for _ in range(WRAPS):
        inner = _unwrapped(address)
        if inner is None:
            break
        address = inner
    platform = _platform(address)
    if platform is None:
        return Missing(None, "不是" + _ANY_PLATFORM + "的网址", "请填账号主页的网址", address.host)
    return _READERS[platform](address)


def _platform(address: Address) -> Platform | None:
    if address.scheme not in ("http", "https"):
        return _SCHEMES.get(address.scheme)
    labels = address.host.split(".")
    return next((_DOMAINS[name] for start in range(len(labels)) if (name := ".".join(labels[start:])) in _DOMAINS), None)


def _unwrapped(address: Address) -> Address | None:
    names = _WRAPPERS.get(address.host) or _WRAPPERS.get(address.host + address.path.rstrip("/"))
    inner = address.decoded(*names) if names else ""
    return parse(inner) if "://" in inner else None


_KEY = re.compile(r"MS4wLjABAAAA[A-Za-z0-9_-]+={0,2}")


def _bare(text: str, platform: Platform | None) -> Found:
    """Return the account of a text without any address."""
    if not text:
        return Missing(platform, "为空", "请填账号主页的网址")
    if len(text) > ID_LIMIT:
        return Missing(platform, "没有可识别的网址", f"请填{_ANY_PLATFORM}账号主页的网址")
    reader = _BARE.get(platform) if platform else None
    if reader:
        return reader(text)
    found = wechat.bare(text)
    if not text.isdigit() and (isinstance(found, Identity) or found.shown):
        return found
    if _KEY.fullmatch(text):
        return Missing(None, "抖音与今日头条的编号写法相同，无法区分", "请注明平台，或填账号主页的网址")
    if text.isdigit():
        return Missing(None, "只有数字，不知道是哪个平台的编号", "请注明平台，或填账号主页的网址")
    return Missing(None, "没有可识别的网址", f"请填{_ANY_PLATFORM}账号主页的网址")
