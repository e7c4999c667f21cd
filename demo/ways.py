"""How an account of the demo may be watched: each way is one channel of the roster, read at one simulated platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from monitor.model import Channel

if TYPE_CHECKING:
    from demo.pages import Page


class Way(StrEnum):
    """A channel with the habits of what stands behind it."""

    WEIBO_OWN = "weibo.own"
    WEIBO_BATCH = "weibo.batch"
    WEIBO_BUSINESS = "weibo.business"
    WEIBO_BUSINESS_BATCH = "weibo.business-batch"
    WEIBO_WEB = "weibo.web"
    WEIBO_GUEST = "weibo.guest"
    WEIBO_RSSHUB = "weibo.rsshub"
    WECHAT_LIST = "wechat.list"
    WECHAT_FULL = "wechat.full"
    WECHAT_COMPONENT = "wechat.component"
    WECHAT_PUSH = "wechat.push"
    WECHAT_FEED = "wechat.feed"
    WEWE_RSS = "wechat.wewe-rss"
    WE_MP_RSS = "wechat.we-mp-rss"
    WECHAT2RSS = "wechat.wechat2rss"
    WECHAT_DOWNLOAD = "wechat.wechat-download-api"
    WECHAT_STATIC = "wechat.static"
    DOUYIN_OWN = "douyin.own"
    DOUYIN_RETIRED = "douyin.retired"
    DOUYIN_V4 = "douyin.v4"
    DOUYIN_V5 = "douyin.v5"
    DOUYIN_RSSHUB = "douyin.rsshub"
    TOUTIAO_ROWS = "toutiao.rows"
    TOUTIAO_RSSHUB = "toutiao.rsshub"
    MANUAL = "manual"

    @property
    def complete(self) -> bool:
        """Whether a look this way shows all that the account published of late."""
        return self not in _PARTIAL


_PARTIAL = frozenset({Way.WEIBO_GUEST, Way.WECHAT_LIST, Way.WECHAT_PUSH, Way.DOUYIN_RETIRED, Way.MANUAL})
"""By hand nothing is ever polled: what is known of such an account is what a person entered."""
WECHAT_OFFICIAL = frozenset({Way.WECHAT_LIST, Way.WECHAT_FULL, Way.WECHAT_COMPONENT})
"""Read with the owner's consent, through the platform's own interface."""
WECHAT_BRIDGES = frozenset({Way.WECHAT_FEED, Way.WEWE_RSS, Way.WE_MP_RSS, Way.WECHAT2RSS, Way.WECHAT_DOWNLOAD, Way.WECHAT_STATIC})
WEIBO_MANY = frozenset({Way.WEIBO_BATCH, Way.WEIBO_BUSINESS_BATCH})
"""Asked for with others in one request."""
WEIBO_SITE = frozenset({Way.WEIBO_OWN, Way.WEIBO_BUSINESS, Way.WEIBO_WEB, Way.WEIBO_GUEST, *WEIBO_MANY})
"""Answered by the platform itself, not by somebody's bridge."""
_SHARED: Mapping[Way, str] = {
    Way.WEIBO_BATCH: "weibo-app",
    Way.WEIBO_BUSINESS: "weibo-business",
    Way.WEIBO_BUSINESS_BATCH: "weibo-business",
    Way.WEIBO_WEB: "weibo-web",
    Way.WEIBO_GUEST: "weibo-guest",
    Way.WECHAT_COMPONENT: "wechat-component",
    Way.DOUYIN_V5: "douyin-gateway",
}
"""The ways that need a credential which several accounts share."""


def shared_by(ways: Iterable[Way]) -> set[str]:
    """Return the names of the credentials that these ways share with other accounts."""
    return {name for way, name in _SHARED.items() if way in ways}


def channel_of(page: Page, way: Way, base_url: str) -> Channel:
    """Return the roster's channel for a way; `base_url` is where all simulated platforms answer."""
    if way in _FEEDS:
        told = {"sync_url": base_url + STATES[way]} if way in STATES else {}
        owner = {"biz": page.biz} if way in (Way.WECHAT_FEED, Way.WECHAT_STATIC) else {}
        wishes = {"delay_hours": "0", **_FEEDS[way], **owner, **told}
        return Channel(adapter="feed", handle=base_url + feed_path(page, way), options=wishes)
    adapter, options = _CHANNELS[way]
    credential = _SHARED[way] if way in _SHARED and way is not Way.WECHAT_COMPONENT else page.credential if way in _OWN else ""
    named = {"credential": credential} if credential else {}
    author = {"user_id": page.user_id} if way is Way.TOUTIAO_ROWS else {}
    return Channel(adapter=adapter, handle=page.handle, options={**options, **named, **author})


def feed_path(page: Page, way: Way) -> str:
    """Return where a bridge offers the account's feed: each bridge in its own manner."""
    match way:
        case Way.WEWE_RSS:
            return f"/feeds/MP_WXS_{page.bizuin}.{_in_turn(page, 'rss', 'atom', 'json')}"
        case Way.WE_MP_RSS:
            return f"/feed/MP_WXS_{page.bizuin}.{_in_turn(page, 'rss', 'atom')}"
        case Way.WECHAT2RSS:
            return f"/feed/{page.bizuin}.xml"
        case Way.WECHAT_DOWNLOAD:
            return f"/api/feed/articles.json?{urlencode({'fakeid': page.biz})}"
        case Way.WEIBO_RSSHUB:
            return f"/weibo/user/{page.handle}/readable=1&showRetweeted=1"
        case Way.DOUYIN_RSSHUB:
            return f"/douyin/user/{page.handle}"
        case Way.TOUTIAO_RSSHUB:
            return f"/toutiao/user/token/{page.handle}"
        case Way.WECHAT_STATIC:
            return f"/channels/{page.handle}.xml"
    return page.feed


def _in_turn(page: Page, *forms: str) -> str:
    """Return the form in which this account's feed is taken: a bridge that speaks several is heard in each."""
    return forms[page.serial % len(forms)]


STATIC_TIMES = ((8, 15), (12, 15), (17, 15))
"""When a repository of static feeds writes its files, in hours and minutes at Shanghai."""
STATIC_HOURS = 16
"""So late an article may come there: a night lies between the last time and the first."""
_WHOLE = {"whole": "1"}
"""The operator's word that the bridge lists everything: that it is signed in, or that the account sends whatever it publishes."""
_FEEDS: Mapping[Way, Mapping[str, str]] = {
    Way.WECHAT_FEED: _WHOLE,
    Way.WEWE_RSS: _WHOLE,
    Way.WE_MP_RSS: _WHOLE,
    Way.WECHAT2RSS: _WHOLE,
    Way.WECHAT_DOWNLOAD: _WHOLE,
    # The files say for themselves that they hold everything, but only so many hours later.
    Way.WECHAT_STATIC: {"delay_hours": str(STATIC_HOURS)},
    Way.WEIBO_RSSHUB: _WHOLE,
    Way.DOUYIN_RSSHUB: _WHOLE,
    Way.TOUTIAO_RSSHUB: _WHOLE,
}
STATES: Mapping[Way, str] = {Way.WEWE_RSS: "/feeds", Way.WECHAT2RSS: "/login/list"}
"""Where a bridge tells how it fares itself."""
_OWN = frozenset(
    {Way.WEIBO_OWN, Way.WECHAT_LIST, Way.WECHAT_FULL, Way.WECHAT_COMPONENT, Way.WECHAT_PUSH, Way.DOUYIN_OWN, Way.DOUYIN_RETIRED}
)
"""The ways that need a credential of the account's own."""
_CHANNELS: Mapping[Way, tuple[str, Mapping[str, str]]] = {
    Way.WEIBO_OWN: ("weibo.openapi", {}),
    Way.WEIBO_BATCH: ("weibo.openapi", {"mode": "batch"}),
    Way.WEIBO_BUSINESS: ("weibo.openapi", {"mode": "other"}),
    Way.WEIBO_BUSINESS_BATCH: ("weibo.openapi", {"mode": "other_batch"}),
    Way.WEIBO_WEB: ("weibo.web", {}),
    Way.WEIBO_GUEST: ("weibo.web", {}),
    Way.WECHAT_LIST: ("wechat.openapi", {"reconcile": "0"}),
    Way.WECHAT_FULL: ("wechat.openapi", {}),
    Way.WECHAT_COMPONENT: ("wechat.openapi", {}),
    Way.WECHAT_PUSH: ("wechat.callback", {}),
    Way.DOUYIN_OWN: ("douyin.openapi", {}),
    Way.DOUYIN_RETIRED: ("douyin.openapi", {}),
    Way.DOUYIN_V4: ("douyin.gateway", {}),
    Way.DOUYIN_V5: ("douyin.gateway", {"version": "5", "signed_in": "1"}),
    Way.TOUTIAO_ROWS: ("toutiao.rows", {}),
    Way.MANUAL: ("manual", {}),
}
"""The adapter and its options; the credential is named beside them."""
