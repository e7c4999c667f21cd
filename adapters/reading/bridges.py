"""What bridges say beside their feeds: words of refusal, and how they fare themselves. Pure.

Platform reference: wechat.md, sections 1, 2.5, 3 and 4; weibo.md, section 7; douyin.md, section 7; toutiao.md, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from adapters.reading.addresses import plain_owner
from adapters.reading.page import FUTURE
from adapters.reading.values import Loose, as_id, decode, from_unix, is_set
from monitor.errors import AccountGone, AuthError, Degraded, LookError, ParseError, RateLimited, SourceRetired, TransportFault

WORDS: tuple[tuple[str, type[LookError], str], ...] = (
    # RSSHub, whatever its status.
    ("Cookies expired", AuthError, "the instance's cookies have expired"),
    ("Cooling down", RateLimited, "the instance waits for new cookies"),
    ("Empty post data", RateLimited, "the instance was refused"),
    ("Empty html", RateLimited, "the instance was refused"),
    ("request blocked by WAF", RateLimited, "the instance was refused"),
    ("filtered by WAF", RateLimited, "the instance was refused"),
    ("验证码中间页", RateLimited, "a captcha stands before the instance"),
    ("InvalidParameterError", AuthError, "the instance refuses the address"),
    ("无法获取用户信息", Degraded, "the instance could not see the account"),
    # Said of an account without posts and of a refused request alike.
    ("暂未发表作品", Degraded, "the instance was shown nothing, which proves nothing"),
    ("this route is empty", Degraded, "the instance was shown nothing, which proves nothing"),
    ("(reading 'userInfo')", TransportFault, "the instance was answered what it cannot read"),
    # The bridges of WeChat.
    ("不存在该feed", AuthError, "the bridge knows no such feed"),
    ("未找到该订阅", AuthError, "the bridge does not subscribe to the account"),
    ("认证信息无效", AuthError, "the bridge refuses our key"),
    ("环境异常", RateLimited, "a captcha stands before the bridge"),
)
"""What bridges write on their error pages, in HTML, JSON or plain words."""

CODES: tuple[tuple[str, type[LookError], str], ...] = (
    (r'"code":\s*"?40401\b', AuthError, "the bridge knows no such feed"),
    (r'"code":\s*"?40101\b', AuthError, "the bridge wants a login"),
    # The exporter hands on the MP backend's own word. Since 2026-07-29 it refuses the list of every other account.
    (r'"ret":\s*200013\b', SourceRetired, "WeChat no longer lists other accounts"),
    (r'"ret":\s*(?:200003|200040)\b', AuthError, "the bridge's login has ended"),
    (r'"ret":\s*200002\b', AccountGone, "WeChat knows no such account"),
)
WORDS_LIMIT = 20_000
"""Bytes of an error page that are read: RSSHub puts its message behind a page's head."""
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def refusal(body: bytes) -> tuple[type[LookError], str] | None:
    """Return the class and the meaning of a bridge's word of refusal, None where the body holds none that we know."""
    text = body[:WORDS_LIMIT].decode("utf-8", "replace").replace("&#39;", "'").replace("&#x27;", "'").replace("&apos;", "'")
    if "\\u" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    for words, kind, meaning in WORDS:
        if words in text:
            return kind, meaning
    return next(((kind, meaning) for shape, kind, meaning in CODES if re.search(shape, text)), None)


def telling(body: bytes) -> bytes:
    """Return an error page from where it begins to tell something: RSSHub's begin with 2 KB of styles."""
    start = body[:WORDS_LIMIT].find(b"Error Message")
    return body[start:] if start > 0 else body


class Row(msgspec.Struct):
    """A feed in wewe-rss's `/feeds` (`syncTime` in Unix seconds), or a login in Wechat2RSS's `/login/list`."""

    id: Loose = None
    syncTime: Loose = None
    available: Loose = None


class Logins(msgspec.Struct):
    data: list[Row] | None = None


_ROWS = msgspec.json.Decoder(list[Row])
_LOGINS = msgspec.json.Decoder(Logins)


@dataclass(frozen=True, slots=True)
class Health:
    """How a bridge fares. `synced` says when it last asked about each account (bizuin); `trouble` what is wrong with it as a whole."""

    synced: dict[str, datetime] = field(default_factory=dict)
    trouble: str = ""

    def of(self, owners: Iterable[str], now: datetime, limit: timedelta) -> tuple[str, timedelta]:
        """Return what is wrong with the view of these accounts, and how old it is; without owners of all the bridge lists."""
        if self.trouble or not self.synced:
            return self.trouble, timedelta(0)
        wanted = list(owners) or list(self.synced)
        if any(owner not in self.synced for owner in wanted):
            return "the bridge does not list this account, or not when it last looked", timedelta(0)
        age = now - min(self.synced[owner] for owner in wanted)
        if age < -FUTURE:
            return "the bridge says that it last looked in the future", timedelta(0)
        return ("the bridge has not looked since long" if age > limit else ""), max(age, timedelta(0))


def read_health(body: bytes) -> Health:
    """Return what `/feeds` of wewe-rss or `/login/list` of Wechat2RSS says. Raises `ParseError`."""
    if body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
        times = {plain_owner(as_id(row.id)): from_unix(row.syncTime) for row in decode(_ROWS, body)[:10_000]}
        synced = {owner: at for owner, at in times.items() if owner and at}
        return Health(synced, "" if synced else "the bridge says of no account when it last looked")
    logins = decode(_LOGINS, body).data
    if logins is None:
        raise ParseError("neither a list of feeds nor one of logins")
    usable = any(is_set(login.available) for login in logins)
    return Health(trouble="" if usable else "none of the bridge's logins is available")
