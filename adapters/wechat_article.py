"""`wechat.article`: one article's page, opened to verify what a candidate really is. It covers nothing and needs no login.

Platform reference: wechat.md, sections 6 and 9: one page at a time, 5 s apart; a verification wall is left alone, never answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from adapters.channel import Base
from adapters.http import HEAD_BYTES, Answer, by_status_alone, host_of
from adapters.reading.links import named_by
from adapters.reading.page import Asked
from adapters.reading.values import web_url
from adapters.reading.wechat_gone import is_wall
from adapters.reading.wechat_page import read
from monitor.errors import LookError, ParseError, RateLimited
from monitor.matching.urls import canonical_url
from monitor.model import Account, Channel, Snapshot
from monitor.ports import ChannelSettings

LONG_PAGE = 512 * 1024
"""Bytes of a page that is read beside the event loop: whole ones have up to 4.5 MB, a fifth of a second's work."""
KEPT = ("__biz", "mid", "idx", "sn", "chksm")
"""Parameters of a long link that are sent on: without `chksm` some are refused, the others only tell where a reader came from."""


class WechatArticleSettings(ChannelSettings):
    base_url: str = "https://mp.weixin.qq.com"
    spacing_seconds: float = 5.0
    daily_requests: int = 200
    min_interval_minutes: float = 360.0
    max_interval_minutes: float = 1440.0
    breaker_minutes: tuple[float, ...] = (30.0, 60.0, 120.0, 240.0, 360.0)


class WechatArticle(Base):
    """Looks at one article, whose address is the channel's handle. Option `biz` names the account it must belong to: one or
    several ids parted by commas, in either form.

    Sogou's temporary links and all other hosts are refused before anything is sent.
    """

    Settings: ClassVar[type[ChannelSettings]] = WechatArticleSettings
    first_hand: ClassVar[bool] = True
    verifies: ClassVar[str] = "wechat"
    name: ClassVar[str] = "wechat.article"
    title: ClassVar[str] = "微信文章页"

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the article as a partial view of one post, deleted where the page says so for good. Raises `LookError`."""
        url = web_url(channel.handle)
        answer = await self.fetch(channel, self.base(channel) + path_of(url), explain=explain)
        body = answer.utf8()
        asked = Asked.of(account, channel, now, digest=answer.digest)
        biz = channel.options.get("biz", "")
        if len(body) > LONG_PAGE:
            return await asyncio.to_thread(read, body, asked, url, biz)
        return read(body, asked, url, biz)


def path_of(url: str) -> str:
    """Return the path and query to ask for. Raises `ParseError` for what is no lasting link to a WeChat article."""
    canonical = canonical_url(url)
    if host_of(canonical) != "mp.weixin.qq.com" or named_by(canonical, "wechat") is None:
        raise ParseError("the handle is no lasting link to a WeChat article")
    parts = urlsplit(canonical)
    if not parts.query:
        return parts.path
    # A '+' means a blank to parse_qsl, yet is a letter of base 64.
    given = dict(parse_qsl(urlsplit(url).query.replace("+", "%2B")))
    ours = {**given, **dict(parse_qsl(parts.query.replace("+", "%2B")))}
    return f"{parts.path}?{urlencode({name: ours[name] for name in KEPT if name in ours}, safe='=')}"


def explain(answer: Answer) -> LookError:
    """Return what an answer other than success means: a way to a captcha is a wall, as is a bare refusal, for we show no credential.

    No redirect is followed.
    """
    if 300 <= answer.status < 400 and is_wall(answer.headers.get("Location", "")):
        return RateLimited(f"{host_of(answer.url)}: sent to a verification: left alone, never answered", head=answer.body[:HEAD_BYTES])
    if answer.status in (401, 403):
        return RateLimited(f"{host_of(answer.url)}: HTTP {answer.status}", head=answer.body[:HEAD_BYTES])
    return by_status_alone(answer)
