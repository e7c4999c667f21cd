"""Toutiao: whose page an address is (toutiao.md, section 9). The account key is the token, which is not the one Douyin uses."""

from __future__ import annotations

import re
from urllib.parse import unquote

from monitor.identity.found import Ask, Found, Identity, Missing
from monitor.identity.urls import Address
from monitor.model import Platform

HOSTS = frozenset({"toutiao.com", "www.toutiao.com", "m.toutiao.com"})
TOKEN = re.compile(r"(?=[^0-9]|[0-9]+[^0-9])[A-Za-z0-9._-]{16,254}={0,2}")
_CODE = re.compile(r"[A-Za-z0-9_-]{4,40}")
_POST = re.compile(r"(?:article|w|video|group|item)|[ai][0-9]{6,20}")

WHAT = "账号的 token"
HOW = "请在电脑浏览器中打开该账号主页，等地址变为 www.toutiao.com/c/user/token/… 后复制"


def read(address: Address) -> Found:
    """Return the account of a Toutiao address."""
    parts = address.parts
    if address.host not in HOSTS:
        return _missing(address, "不是今日头条账号主页")
    if parts[:3] == ["c", "user", "token"]:
        return _of_token(address, (*parts, "")[3])
    if parts[:2] == ["c", "user"] or parts[:1] == ["profile"]:
        return _of_token(address, (*parts, "", "")[2 if parts[0] == "c" else 1])
    if parts[:1] == ["is"] and len(parts) > 1 and _CODE.fullmatch(parts[1]):
        return _short(address, parts[1])
    if parts and _POST.fullmatch(parts[0]):
        return _missing(address, "这是一篇内容，不是账号主页")
    return _missing(address, "这不是账号主页")


def _of_token(address: Address, text: str) -> Found:
    text = unquote(text)
    if TOKEN.fullmatch(text):
        return _account(text)
    if text.isascii() and text.isdigit():
        return _missing(address, f"数字编号不能用来采集，需要{WHAT}")
    return _missing(address, "地址中没有完整的" + WHAT)


def _account(token: str) -> Identity:
    if token.startswith("MS4wLjABAAAA"):
        return Identity(Platform.TOUTIAO, "token", token)
    return Identity(Platform.TOUTIAO, "token", token, "likely", "token 的写法少见，请核对是否完整")


def _short(address: Address, code: str) -> Missing:
    link = f"https://{address.host}/is/{code}/"
    how = f"加 --online 查询它指向哪里；或{HOW}"
    return Missing(Platform.TOUTIAO, "短链接不含" + WHAT, how, address.shown, Ask("follow", link))


def _missing(address: Address, what: str) -> Missing:
    return Missing(Platform.TOUTIAO, what, HOW, address.shown)


def bare(text: str) -> Found:
    """Return the account of a text that is no address but is said to be Toutiao's."""
    text = unquote(text)
    if TOKEN.fullmatch(text):
        return _account(text)
    return Missing(Platform.TOUTIAO, f"数字编号或名称不能用来采集，需要{WHAT}", HOW)
