"""Weibo: whose page an address is (weibo.md, section 10). The account key is the uid."""

from __future__ import annotations

import re
from urllib.parse import unquote

from monitor.identity.found import Ask, Found, Identity, Missing
from monitor.identity.urls import Address
from monitor.model import Platform

HOSTS = frozenset({"weibo.com", "www.weibo.com", "m.weibo.cn", "weibo.cn", "www.weibo.cn", "e.weibo.com", "m.weibo.com"})
"""Hosts whose paths name accounts; others of the same domain are searches, videos, topics."""

UID = re.compile(r"[1-9][0-9]{4,10}")
"""Ten digits; those of old accounts have five to nine."""
_PAGE = re.compile(r"([0-9]{6})([1-9][0-9]{9})(?:[_-].*)?")
_ACCOUNT_PAGES = frozenset({"100505", "100306", "107603", "100206", "100106", "100406", "100605", "100606", "230413", "230283"})
"""Kinds of page that belong to an account. Articles (1001603…, 2309404…) and topics (100808…) are written alike."""
_NOT_ACCOUNTS = frozenset({
    "detail", "status", "statuses", "ttarticle", "article", "tv", "show", "video", "hot", "search", "login", "newlogin", "login.php",
    "signup", "home", "mygroups", "mygroup", "a", "ajax", "at", "fav", "friends", "discover", "settings", "set", "reg.php",
    "index.php", "api", "sorry", "message", "messages", "notice", "help", "topic", "t", "k", "compose", "feed", "visitor", "sinaurl",
    "profile", "u", "p", "n", "m", "index",
})  # fmt: skip
"""Single words that are pages of Weibo itself, never somebody's domain."""
_POSTS = frozenset({"detail", "status", "statuses"})
_OWN_PAGES = frozenset({"home", "profile", "info", "album", "fans", "follow", "photos", "about"})
_DOMAIN = re.compile(r"(?=[0-9_.-]*[A-Za-z])[A-Za-z0-9_.-]{3,40}")
_CONTENT_IDS = ("value", "uid")

NUMBER = "账号的数字编号（uid）"
COPY = "在电脑上打开该账号主页，点“微博”或头像后复制地址栏中 /u/ 后面的数字"


def read(address: Address) -> Found:
    """Return the account of a Weibo address, by the page's rules in their order."""
    parts = address.parts
    if address.scheme == "sinaweibo" and address.host == "userinfo":
        return _numbered(address, address.decoded("uid"))
    if address.host == "t.cn":
        return _missing(address, "短链接不含账号编号", "请打开链接，复制跳转后账号主页的地址")
    if address.host not in HOSTS:
        return _missing(address, "不是微博账号主页", COPY)
    # The roster of 2018 has weibo.com/m/u/5110803966 and weibo.com/m/ahljaj.
    if parts[:1] == ["m"]:
        parts = parts[1:]
    if address.host == "m.weibo.cn" and (found := _of_container(address)):
        return found
    return _by_path(address, parts)


def _by_path(address: Address, parts: list[str]) -> Found:
    name, second = (*parts, "", "")[:2]
    first = name.lower()
    if first in ("u", "profile") and UID.fullmatch(second):
        return _account(second)
    if first == "u" and second == "page" and len(parts) > 3 and UID.fullmatch(parts[3]):
        return _account(parts[3])
    if UID.fullmatch(first):
        return _account(first) if second in ("", *_OWN_PAGES) else _author(first)
    if first == "p":
        return _of_page(address, second)
    if first == "n" and second:
        return _named(address, unquote(second))
    if first in _NOT_ACCOUNTS or not first:
        return _missing(address, "这是微博的一个页面或一条内容，不是账号主页", COPY)
    if _DOMAIN.fullmatch(name) and second in ("", *_OWN_PAGES):
        return custom_domain(name, address.shown)
    return _missing(address, "地址中没有" + NUMBER, COPY)


def _numbered(address: Address, uid: str) -> Found:
    return _account(uid) if UID.fullmatch(uid) else _missing(address, "地址中没有" + NUMBER, COPY)


def _of_container(address: Address) -> Found | None:
    """Return the account that a query of the mobile site names, None where it names none; where path and query differ it is nobody's.

    Beside a single post a uid may also be that of who shared it.
    """
    told = {value for name in _CONTENT_IDS if UID.fullmatch(value := address.decoded(name))}
    found = _PAGE.fullmatch(address.decoded("containerid"))
    if found and found[1] in _ACCOUNT_PAGES:
        told.add(found[2])
    if not told:
        return None
    first, second = (*address.parts, "", "")[:2]
    named = second if first.lower() in ("u", "profile") else first
    if UID.fullmatch(named):
        told.add(named)
    if len(told) > 1:
        return _missing(address, "地址中有几个不同的账号编号", COPY)
    return _author(told.pop()) if first.lower() in _POSTS or (UID.fullmatch(first) and second) else _account(told.pop())


def _of_page(address: Address, page: str) -> Found:
    found = _PAGE.fullmatch(page)
    if found and found[1] in _ACCOUNT_PAGES:
        return _account(found[2])
    return _missing(address, "这是专题、文章或超话页面，不是账号主页", COPY)


def _account(uid: str) -> Identity:
    return Identity(Platform.WEIBO, "uid", uid)


def _author(uid: str) -> Identity:
    return Identity(Platform.WEIBO, "uid", uid, "likely", "取自一条微博的地址，请核对是否由该账号发布")


def custom_domain(domain: str, shown: str = "") -> Missing:
    """Say that a custom domain does not tell the uid."""
    what = f"个性域名 {domain} 不含{NUMBER}"
    how = f"{COPY}，或加 --online --credential 凭据名 查询（users/domain_show）"
    return Missing(Platform.WEIBO, what, how, shown or f"weibo.com/{domain}", Ask("domain", domain))


def _named(address: Address, name: str) -> Missing:
    if not name.isprintable() or len(name) > 40 or "=" in name:
        return _missing(address, "地址中没有" + NUMBER, COPY)
    how = f"{COPY}，或加 --online --credential 凭据名 查询（users/show）"
    return Missing(Platform.WEIBO, f"昵称会变，不能代替{NUMBER}", how, address.shown, Ask("screen_name", name))


def _missing(address: Address, what: str, how: str) -> Missing:
    return Missing(Platform.WEIBO, what, how, address.shown)


def bare(text: str) -> Found:
    """Return the account of a text that is no address but is said to be Weibo's."""
    if UID.fullmatch(text):
        return _account(text)
    if _DOMAIN.fullmatch(text) and text.lower() not in _NOT_ACCOUNTS:
        return custom_domain(text)
    return Missing(Platform.WEIBO, f"昵称会变，不能代替{NUMBER}", COPY)
