"""What the address of a feed tells by itself: whose feed it is, and whether it asks for a part of it only. Pure.

Platform reference: weibo.md, section 4 (routeParams, global parameters); wechat.md, section 4 (the bridges' parameters).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from monitor.matching.urls import wechat_account

SINCE = timedelta(days=31)
"""How far back wechat-download-api is asked for articles: twice the two weeks of the rule."""
MOST = 200
"""The most articles it hands out at once."""

_OWNERS = (
    r"/weibo/(?:user|timeline)/(\d{5,12})(?:/|$)",
    r"/douyin/user/(MS4wLjABAAAA[\w-]+)",
    r"/toutiao/user/token/([\w.=-]+)",
    r"/(?:feeds?|rss)/MP_WXS_(\d+)",
    r"/feed/(\d{6,12})\.(?:xml|json)$",
    r"/api/rss/([A-Za-z0-9+/]{8,24}={0,2})$",
)
_LINKS = (
    r"https?://(?:www\.)?weibo\.com/(?:u/)?(\d{5,12})(?:[/?#]|$)",
    r"https?://(?:www\.)?douyin\.com/user/(MS4wLjABAAAA[\w-]+)",
    r"https?://(?:www\.)?toutiao\.com/c/user/token/([\w.=-]+)",
    r"https?://[^?#]*/(?:feeds?|rss)/MP_WXS_(\d+)(?:[.?#]|$)",
)
_SHARED = re.compile(r"/feeds/all\.|/feed/(?:all|tag/[^/]+)\.|/api/rss/all$|/api/feed/articles\.json$")
_SIFTING = re.compile(r"filter(?!_case_sensitive$)\w*|title_(?:include|exclude)|kw|keyword|query|search")
_LATER_PAGES = (("page", 1), ("offset", 0), ("begin", 0))


class Address(NamedTuple):
    """What a feed's address tells. `owner` is the account, "" where it does not say; `shared`: a feed of many accounts.

    `narrow` says why the feed leaves posts of the account out, "" where it does not.
    """

    path: str
    owner: str
    shared: bool
    narrow: str


def plain_owner(text: str) -> str:
    """Return an account's id in the form in which we compare: bizuin as a decimal number, a token without its padding."""
    text = wechat_account(text.strip().removeprefix("MP_WXS_"))
    return text if text.isdigit() else text.rstrip("=")


@lru_cache(maxsize=8_192)
def address_of(handle: str) -> Address:
    """Return what the address of a feed tells."""
    try:
        parts = urlsplit(handle)
        path, query = unquote(parts.path).rstrip("/"), dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100))
    except ValueError:
        return Address("", "", False, "")
    found = next((match[1] for match in (re.search(shape, path) for shape in _OWNERS) if match), query.get("fakeid", ""))
    owner = plain_owner(found)
    return Address(path, owner, bool(_SHARED.search(path)) and not query.get("fakeid"), _narrow(path, query))


def _narrow(path: str, query: dict[str, str]) -> str:
    params = re.search(r"/weibo/user/[^/]+/([^/]*=[^/]*)$", path)
    if params and dict(parse_qsl(params[1])).get("showRetweeted", "") not in ("1", "true"):
        # RSSHub's pages say that it is on; in its code any key=value switches it off.
        return "the address hides retweets: add showRetweeted=1 to its parameters"
    if any(value and _SIFTING.fullmatch(key) for key, value in query.items()):
        return "the address sifts the items"
    if any(re.fullmatch(r"[0-9]{1,9}", query.get(key, "")) and int(query[key]) > first for key, first in _LATER_PAGES):
        return "the address asks for a later page"
    return ""


@lru_cache(maxsize=8_192)
def owner_at(link: str) -> str:
    """Return the account that a feed's own link names, "" where it names none."""
    return next((plain_owner(match[1]) for match in (re.match(shape, link) for shape in _LINKS) if match), "")


def asking(handle: str, now: datetime) -> str:
    """Return the address to ask: wechat-download-api wants to be told since when.

    Its `since` means "later than", so that items of the same second would be lost: a second less is asked for.
    """
    if not address_of(handle).path.endswith("/api/feed/articles.json"):
        return handle
    address, _, words = handle.partition("?")
    query = dict(parse_qsl(words.partition("#")[0], max_num_fields=100))
    given = query.get("since", "")
    since = int(given) if re.fullmatch(r"[0-9]{1,11}", given) else int((now - SINCE).timestamp())
    return f"{address}?{urlencode({'limit': str(MOST), **query, 'since': str(max(0, since - 1))})}"


def asked_for(handle: str) -> int:
    """Return how many articles wechat-download-api was asked for, 0 for other feeds."""
    if not address_of(handle).path.endswith("/api/feed/articles.json"):
        return 0
    limit = dict(parse_qsl(urlsplit(handle).query, max_num_fields=100)).get("limit", "")
    return min(int(limit), MOST) if re.fullmatch(r"[0-9]{1,4}", limit) else MOST
