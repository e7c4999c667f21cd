"""Douyin: whose page an address is (douyin.md, section 10). The account key is the sec_uid, in exactly its letters."""

from __future__ import annotations

import re

from monitor.identity.found import Ask, Found, Identity, Missing
from monitor.identity.urls import Address
from monitor.model import Platform

HOSTS = frozenset({"douyin.com", "www.douyin.com", "m.douyin.com", "iesdouyin.com", "www.iesdouyin.com", "amemv.com", "www.amemv.com"})
SHORT_HOSTS = frozenset({"v.douyin.com", "v.amemv.com"})
SEC_UID = re.compile(r"MS4wLjABAAAA[A-Za-z0-9_-]{24,116}")
USUAL_LENGTHS = frozenset({55, 76})
_CODE = re.compile(r"[A-Za-z0-9_-]{4,40}")
_IN_QUERY = ("sec_uid", "sec_user_id")
_WORKS = frozenset({"video", "note", "slides", "article"})

WHAT = "sec_uid（MS4wLjABAAAA 开头）"
HOW = "请在电脑上打开 www.douyin.com 中该账号的主页，复制 /user/ 后面的一串字符"


def read(address: Address) -> Found:
    """Return the account of a Douyin address."""
    if address.scheme.startswith("snssdk"):
        return _of_app(address)
    if address.host in SHORT_HOSTS:
        return _short(address)
    if address.host == "live.douyin.com":
        return _missing(address, "这是直播间，不是账号主页", HOW)
    parts = address.parts
    if address.host not in HOSTS:
        return _missing(address, "不是抖音账号主页", HOW)
    if parts[:1] == ["share"]:
        parts = parts[1:]
    if parts[:1] != ["user"]:
        return _missing(address, _page_of(parts), HOW)
    return _of_user(address, parts[1] if len(parts) > 1 else "")


def _of_user(address: Address, name: str) -> Found:
    """Return the account of a user page. The query goes before the path, which may be a number or empty; a contradiction is nobody."""
    # Not percent-decoded: an id that would need it is not one.
    told = {address.query[each] for each in _IN_QUERY if SEC_UID.fullmatch(address.query.get(each, ""))}
    if SEC_UID.fullmatch(name):
        told.add(name)
    if len(told) > 1:
        return _missing(address, "地址中有两个不同的 sec_uid", HOW)
    if told:
        return _account(told.pop())
    if name == "self":
        return _missing(address, "这是登录者本人的主页地址，不含" + WHAT, HOW)
    if name.isdigit():
        return _missing(address, f"数字 uid 会变，需要{WHAT}", HOW)
    return _missing(address, "地址中没有完整的" + WHAT, HOW)


def _of_app(address: Address) -> Found:
    if address.host != "user":
        return _missing(address, "这不是账号主页", HOW)
    return _of_user(address, (address.parts[1:] or [""])[0])


def _short(address: Address) -> Found:
    code = (address.parts or [""])[0]
    if not _CODE.fullmatch(code):
        return _missing(address, "短链接不完整", HOW)
    link = f"https://{address.host}/{code}/"
    what, how = "短链接不含" + WHAT, f"加 --online 查询它指向哪里，或打开后复制账号主页地址：{HOW}"
    return Missing(Platform.DOUYIN, what, how, address.shown, Ask("follow", link))


def _page_of(parts: list[str]) -> str:
    if parts[:1] and parts[0] in _WORKS:
        return "这是一个作品，不是账号主页"
    if parts[:1] == ["search"]:
        return "这是搜索结果，不是账号主页"
    return "这不是账号主页"


def _account(sec_uid: str) -> Identity:
    if len(sec_uid) in USUAL_LENGTHS:
        return Identity(Platform.DOUYIN, "sec_uid", sec_uid)
    note = f"sec_uid 长 {len(sec_uid)} 个字符，常见为 55 或 76，请核对是否完整"
    return Identity(Platform.DOUYIN, "sec_uid", sec_uid, "likely", note)


def _missing(address: Address, what: str, how: str) -> Missing:
    return Missing(Platform.DOUYIN, what, how, address.shown)


def bare(text: str) -> Found:
    """Return the account of a text that is no address but is said to be Douyin's."""
    if SEC_UID.fullmatch(text):
        return _account(text)
    what = "数字 uid 会变" if text.isdigit() else "抖音号可以修改，不能用来采集"
    return Missing(Platform.DOUYIN, f"{what}，需要{WHAT}", HOW)
