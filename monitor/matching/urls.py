"""Links, made comparable without the network: one form for every way a platform writes the address of one post."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from monitor.matching.ids import bid_to_mid

LENGTH_LIMIT = 4_096
"""Characters of a link; WeChat's longest real ones have about 400."""
WRAP_LIMIT = 3
"""Wrappers around a link that are taken off."""

_AMPERSAND = re.compile(r"&(?:amp;|#0*38;|#[xX]0*26;)|\\x26(?:amp;)?|\\u0026")
_BARE_HOST = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z]{2,18}(?:[/?:]|$)", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]{1,63}\.)+[\w-]{1,63}")
_LINKS = re.compile(r"https?://[^\s<>\"'“”‘’（）【】《》，。；、！？\u4e00-\u9fff]{3,2000}", re.IGNORECASE)
_TRAILING = ".,;:!?)]}"
_KEEP_IN_PATH = "/:@!$&'()*+,;=~-._"

# fmt: off
_TRACKING = frozenset({
    "spm", "from", "isappinstalled", "share_token", "share_from", "sharefrom", "share_source", "share_medium", "share_id", "share_uid",
    "nsukey", "scene", "xtrack", "chksm", "sessionid", "wvr", "refer_flag", "luicode", "lfid", "featurecode", "weibo_id",
    "wechat_redirect", "wx_header", "tt_from", "mkt_from", "fbclid", "gclid",
})
# fmt: on
_WRAPPERS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("weibo.cn", "/sinaurl"): ("u", "url"),
    ("m.weibo.cn", "/sinaurl"): ("u", "url"),
    ("link.zhihu.com", "/"): ("target",),
    ("link.csdn.net", "/"): ("target",),
    ("www.google.com", "/url"): ("q", "url"),
    ("c.pc.qq.com", "/"): ("pfurl", "url"),
    ("mail.qq.com", "/cgi-bin/readtemplate"): ("gourl",),
    ("www.toutiao.com", "/search/jump"): ("url",),
}


class PostReference(NamedTuple):
    """The platform's own name of one post; `account` is empty where the post's id alone is unique."""

    platform: str
    account: str
    post: str


def canonical_url(url: str) -> str:
    """Return the one form of a link to a page, or "" for what is no such link. Idempotent; never raises.

    http and https are one; fragments and tracking parameters go; wrappers are opened. WeChat articles become `…/s?__biz&mid&idx`
    or `…/s/<token>`, Weibo posts `weibo.com/detail/<mid>`, Douyin works `douyin.com/video/<id>`, Toutiao articles
    `toutiao.com/article/<id>`; every other page keeps its path and the rest of its query in alphabetical order.
    """
    try:
        return _canonical(url)
    except ValueError:
        return ""


def links_in(text: str, limit: int = 20) -> tuple[str, ...]:
    """Return the first links that stand in a text, as they stand there."""
    if "://" not in text:
        return ()
    found: list[str] = []
    for link in _LINKS.finditer(text):
        found.append(link[0].rstrip(_TRAILING))
        if len(found) >= limit:
            break
    return tuple(found)


def reference_of(canonical: str) -> PostReference | None:
    """Return which platform post a canonical link names, None for any other page."""
    parts = urlsplit(canonical)
    reader = _REFERENCES.get(parts.hostname or "")
    return reader(parts) if reader else None


def is_specific(canonical: str) -> bool:
    """Whether a canonical link names one page rather than a whole site."""
    parts = urlsplit(canonical)
    return bool(parts.hostname) and bool(parts.path.strip("/") or parts.query)


def wechat_account(text: str) -> str:
    """Return a WeChat `__biz` as its decimal number, whichever of the two forms it comes in; other text as it is."""
    text = unquote(text).strip()
    if not re.fullmatch(r"[A-Za-z0-9+/]{8,24}={0,2}", text) or text.isdigit():
        return text
    try:
        number = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return text
    return number if number.isdigit() else text


def _canonical(url: str) -> str:
    for _ in range(WRAP_LIMIT + 1):
        parts = _split(url)
        if parts is None:
            return ""
        inner = _wrapped(parts)
        if not inner:
            return _known(parts) or _plain(parts)
        url = inner
    return ""


def _split(url: str) -> SplitResult | None:
    url = _tidy(url)
    if url.startswith("//"):
        url = "https:" + url
    elif _BARE_HOST.match(url):
        url = "https://" + url
    parts = urlsplit(url) if 0 < len(url) <= LENGTH_LIMIT else SplitResult("", "", "", "", "")
    if parts.scheme == "sinaweibo":
        return parts
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        return None
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    path = quote(unquote(parts.path), safe=_KEEP_IN_PATH).rstrip("/")
    return SplitResult("https", host + port, path, parts.query, "")


def _tidy(url: str) -> str:
    url = url.strip().split(None, 1)[0] if url.strip() else ""
    url = url[: LENGTH_LIMIT + 1].replace("\\/", "/")
    while (plain := _AMPERSAND.sub("&", url)) != url:
        url = plain
    return url


def _wrapped(parts: SplitResult) -> str:
    """Return the link inside a redirect page's link; "" when it is none."""
    names: tuple[str, ...] = ("url",) if parts.scheme == "sinaweibo" else ()
    for (host, path), parameters in _WRAPPERS.items():
        if parts.netloc == host and (parts.path == path or parts.path.startswith(path.rstrip("/") + "/")):
            names = parameters
    query = dict(parse_qsl(parts.query))
    return next((query[name] for name in names if "://" in query.get(name, "")), "")


def _known(parts: SplitResult) -> str:
    reader = _SITES.get(parts.netloc)
    return reader(parts) if reader else ""


def _plain(parts: SplitResult) -> str:
    if parts.scheme != "https":
        return ""
    query = sorted((key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if not _is_tracking(key))
    made = f"https://{parts.netloc}{parts.path}" + (f"?{urlencode(query)}" if query else "")
    return made if len(made) <= LENGTH_LIMIT else ""


def _is_tracking(key: str) -> bool:
    return key.lower() in _TRACKING or key.lower().startswith("utm_")


def _wechat(parts: SplitResult) -> str:
    token = re.fullmatch(r"/s/([A-Za-z0-9_-]{16,64})/?", parts.path)
    if token:
        return f"https://mp.weixin.qq.com/s/{token[1]}"
    # A '+' in a query means a blank to parse_qsl, yet is a letter of base 64.
    query = dict(parse_qsl(parts.query.replace("+", "%2B")))
    biz, mid, idx = query.get("__biz", ""), query.get("mid") or query.get("appmsgid", ""), query.get("idx") or query.get("itemidx", "1")
    biz = unquote(biz)
    if parts.path.rstrip("/") in ("/s", "/mp/appmsg/show") and _is_biz(biz) and _is_number(mid) and _is_number(idx):
        # The number is written back in the one form that links carry.
        biz = base64.b64encode(wechat_account(biz).encode()).decode() if wechat_account(biz).isdigit() else biz
        return f"https://mp.weixin.qq.com/s?__biz={biz}&mid={mid}&idx={idx}"
    return ""


def _is_biz(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9+/]{6,32}={0,2}", text))


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,20}", text))


_WEIBO_PATH = re.compile(
    r"/(?:(?:detail|status|statuses/show|statuses/extend|[0-9]{5,12})/(?P<id>[0-9A-Za-z]{8,19})|statuses/(?:show|extend))/?"
)
_WEIBO_MID = re.compile(r"[1-9][0-9]{14,17}")
"""A mid has 16 digits; a bid of digits alone is shorter."""
_WEIBO_WORDS = frozenset(["followers", "following"])
"""Pages of an account whose names read like a bid."""


def _weibo(parts: SplitResult) -> str:
    found = _WEIBO_PATH.fullmatch(parts.path)
    if not found:
        return _weibo_article(parts)
    name = found["id"] or dict(parse_qsl(parts.query)).get("id", "")
    mid = name if _WEIBO_MID.fullmatch(name) else bid_to_mid("" if name in _WEIBO_WORDS else name)
    return f"https://weibo.com/detail/{mid}" if _WEIBO_MID.fullmatch(mid) else ""


def _weibo_article(parts: SplitResult) -> str:
    name = dict(parse_qsl(parts.query)).get("id", "")
    if parts.path.startswith("/ttarticle/") and re.fullmatch(r"[0-9]{10,40}", name):
        return f"https://weibo.com/ttarticle/p/show?id={name}"
    return ""


def _douyin(parts: SplitResult) -> str:
    # One number space for all; the word before it differs between channels for the same work.
    found = re.fullmatch(r"(?:/share)?/(?:video|note|slides)/([0-9]{6,20})/?", parts.path)
    return f"https://www.douyin.com/video/{found[1]}" if found else ""


_TOUTIAO_KINDS: Mapping[str, str] = {"w": "w", "video": "video"}


def _toutiao(parts: SplitResult) -> str:
    found = re.fullmatch(r"/(?:(article|group|item|w|video)/|[ai])([0-9]{6,20})/?", parts.path)
    return f"https://www.toutiao.com/{_TOUTIAO_KINDS.get(found[1] or '', 'article')}/{found[2]}" if found else ""


_WEIBO_HOSTS = ("weibo.com", "www.weibo.com", "m.weibo.cn", "weibo.cn", "e.weibo.com", "m.weibo.com")
_SITES: Mapping[str, Callable[[SplitResult], str]] = {
    "mp.weixin.qq.com": _wechat,
    **dict.fromkeys(_WEIBO_HOSTS, _weibo),
    **dict.fromkeys(("www.douyin.com", "douyin.com", "www.iesdouyin.com", "m.douyin.com"), _douyin),
    **dict.fromkeys(("www.toutiao.com", "toutiao.com", "m.toutiao.com", "m.toutiaocdn.com"), _toutiao),
}


def _wechat_reference(parts: SplitResult) -> PostReference | None:
    if parts.path.startswith("/s/"):
        return PostReference("wechat", "", parts.path.removeprefix("/s/"))
    query = dict(parse_qsl(parts.query.replace("+", "%2B")))
    if parts.path == "/s" and {"__biz", "mid", "idx"} <= query.keys():
        return PostReference("wechat", wechat_account(query["__biz"]), f"{query['mid']}_{query['idx']}")
    return None


def _last_number(platform: str, pattern: str) -> Callable[[SplitResult], PostReference | None]:
    shape = re.compile(pattern)

    def read(parts: SplitResult) -> PostReference | None:
        found = shape.fullmatch(parts.path)
        return PostReference(platform, "", found[1]) if found else None

    return read


_REFERENCES: Mapping[str, Callable[[SplitResult], PostReference | None]] = {
    "mp.weixin.qq.com": _wechat_reference,
    "weibo.com": _last_number("weibo", r"/detail/([0-9]+)"),
    "www.douyin.com": _last_number("douyin", r"/video/([0-9]+)"),
    "www.toutiao.com": _last_number("toutiao", r"/(?:article|w|video)/([0-9]+)"),
}
