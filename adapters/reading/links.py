"""A post's own name on its platform, read from its link; the same whichever channel showed the link. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from adapters.reading.values import REMEMBERED, as_id, key_of, web_url
from monitor.matching.ids import bid_to_mid
from monitor.matching.urls import canonical_url, reference_of, wechat_account


class Named(NamedTuple):
    """`native` names the post; `owner` the account where the link tells it (WeChat's __biz as a decimal number)."""

    native: str
    owner: str = ""


def named_by(link: str, platform: str) -> Named | None:
    """Return the name a link gives to a post of the platform, None when it is no link to one.

    WeChat: account, push and place in it (`3294560748_2247515628_1`: after a migration two accounts' pushes may share a
    number), or the token of a short link; only opening the page would tell which of both forms mean one article.
    Weibo: the mid. Douyin: the work's number.
    """
    usual = _USUAL.get(platform)
    named = usual(link) if usual else None
    if named is not None:
        return named
    found = reference_of(canonical_url(link))
    if found is None or found.platform != platform:
        return None
    return Named(f"{found.account}_{found.post}" if found.account else found.post, found.account)


_account = lru_cache(maxsize=4_096)(wechat_account)
_LONG = re.compile(r"https?://mp\.weixin\.qq\.com/s\?__biz=([A-Za-z0-9+/]{6,32}={0,2})&mid=([0-9]{1,20})&idx=([0-9]{1,20})(?:[&#]|$)")
_SHORT = re.compile(r"https?://mp\.weixin\.qq\.com/s/([A-Za-z0-9_-]{16,64})/?(?:[?#]|$)")
_WEIBO = re.compile(r"https?://(?:www\.)?weibo\.com/[0-9]{5,12}/([0-9A-Za-z]*[A-Za-z][0-9A-Za-z]*)/?(?:[?#]|$)")
_DOUYIN = re.compile(r"https?://www\.douyin\.com/(?:video|note)/([0-9]{6,20})/?(?:[?#]|$)")


def _wechat(link: str) -> Named | None:
    found = _LONG.match(link)
    if found and (account := _account(found[1])).isdigit():
        return Named(f"{account}_{found[2]}_{found[3]}", account)
    token = _SHORT.match(link)
    return Named(token[1]) if token else None


def _weibo(link: str) -> Named | None:
    found = _WEIBO.match(link)
    mid = bid_to_mid(found[1]) if found else ""
    return Named(mid) if len(mid) > 10 else None


def _douyin(link: str) -> Named | None:
    found = _DOUYIN.match(link)
    return Named(found[1]) if found else None


_USUAL: Mapping[str, Callable[[str], Named | None]] = {"wechat": _wechat, "weibo": _weibo, "douyin": _douyin}
"""The forms nearly all links have, read in a tenth of the time; `canonical_url` reads the rest, and these the same way."""


@lru_cache(maxsize=REMEMBERED)
def native_id(link: str, guid: str, platform: str) -> Named | None:
    """Return a post's name from its link, else from its guid (which may be a link), else the link as it stands."""
    named = named_by(link, platform) or (named_by(guid, platform) if "://" in guid else None)
    if named is not None:
        return named
    native = key_of(guid) or key_of(link)
    return Named(native) if native else None


@lru_cache(maxsize=REMEMBERED)
def https_where_known(link: str) -> str:
    """Return a usable link; WeChat hands out its own as http, which browsers refuse by now."""
    url = web_url(link)
    return "https" + url.removeprefix("http") if url.startswith("http://mp.weixin.qq.com/") else url


def sn_of(link: str) -> str:
    """Return the `sn` token of a WeChat link that lacks its numbers, "" when there is none."""
    _, _, rest = link.partition("sn=")
    token = rest.partition("&")[0].partition("#")[0]
    return as_id(token) if token.isalnum() else ""
