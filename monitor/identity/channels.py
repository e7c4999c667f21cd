"""Which account a roster's channel looks at, as far as its handle and options say. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from monitor.identity import douyin, toutiao, wechat, weibo
from monitor.identity.found import Identity
from monitor.matching.ids import account_key
from monitor.model import Channel, Platform

NAMED_OTHERWISE = frozenset({"feed", "wechat.callback", "wechat.article"})
"""Channels whose handle is no account id: a feed's address, the 原始ID that events carry, an article's address."""

FORMER = "former"
"""The option with ids that the account had before, parted by commas: a migration changes a `__biz` (wechat.md, section 7)."""

_IDS = ("biz", "uid", "sec_uid", "token")
_SHAPES: Mapping[Platform, re.Pattern[str]] = {Platform.WEIBO: weibo.UID, Platform.DOUYIN: douyin.SEC_UID, Platform.TOUTIAO: toutiao.TOKEN}
_ROUTES: Mapping[Platform, re.Pattern[str]] = {
    Platform.WEIBO: re.compile(r"/weibo/user/([1-9][0-9]{4,10})(?=[/?#]|$)"),
    Platform.WECHAT: re.compile(r"/(MP_WXS_[0-9]{6,11})(?=[./?#]|$)"),
    Platform.DOUYIN: re.compile(r"/douyin/user/(MS4wLjABAAAA[A-Za-z0-9_-]{24,116})(?=[/?#]|$)"),
    Platform.TOUTIAO: re.compile(r"/toutiao/user/token/([A-Za-z0-9._-]{16,254})={0,2}(?=[/?#]|$)"),
}
"""Addresses of RSSHub and of WeChat bridges that tell whose feed they are."""


def fills(adapter: str, identity: Identity) -> bool:
    """Whether the account's id is what this channel wants as its handle."""
    return adapter not in NAMED_OTHERWISE and adapter.partition(".")[0] in (identity.platform.value, "manual")


def agrees(channel: Channel, identity: Identity) -> bool:
    """Whether the channel looks at this account, or does not say at whose. An account's former ids are its own."""
    now = set(_named(channel, identity.platform))
    return not now or identity.key in now | set(_listed(channel, FORMER))


def _named(channel: Channel, platform: Platform) -> Iterator[str]:
    for name in _IDS:
        yield from _listed(channel, name)
    if "://" in channel.handle:
        route = _ROUTES.get(platform)
        found = route.search(channel.handle) if route else None
        if found:
            yield account_key(found[1])
    elif channel.adapter.partition(".")[0] == platform.value and _is_id(channel.handle, platform):
        yield account_key(channel.handle)


def _is_id(handle: str, platform: Platform) -> bool:
    shape = _SHAPES.get(platform)
    return bool(shape.fullmatch(handle)) if shape else bool(wechat.biz_of(handle))


def _listed(channel: Channel, option: str) -> Iterator[str]:
    # Both forms of a __biz may stand there, with or without the escapes of a link.
    for part in channel.options.get(option, "").split(","):
        if part.strip():
            yield account_key(wechat.biz_of(part) or part)
