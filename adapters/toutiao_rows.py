"""`toutiao.rows`: Toutiao's rows as JSON from an address of the operator's own: a gateway, or a store of collected lists.

Platform reference: toutiao.md, sections 2, 3, 7 and 11. The platform's own lists want a signature made in a browser; no such
address is shipped, so nothing happens until one is set. An empty list is never taken for silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

from adapters.channel import Base
from adapters.http import HEAD_BYTES, Answer, by_status_alone, host_of, retry_after
from adapters.reading.page import Asked, recall, unchanged
from adapters.reading.peek import again, peeked, remembered, same
from adapters.reading.toutiao import token_of
from adapters.reading.toutiao_list import ALL, Whom, access_check, read_rows, refused_page
from adapters.reading.values import delay_of, header_safe, text_of, web_address
from monitor.errors import AuthError, LookError, ParseError
from monitor.model import Account, Channel, Snapshot
from monitor.ports import ChannelSettings

ROUTE = "/toutiao/rows/{token}"
"""What is asked for where the address itself does not say where the token goes."""
NUMBERS_LIMIT = 20
UNSET = 'no address of Toutiao rows is set: channels."toutiao.rows".base_url'


TOLD = re.compile(
    rb'''"(?:id|group_id|group_id_str|groupID|gidStr|item_id|item_id_str|thread_id|user_id|userID|media_id|mediaID'''
    rb'''|publish_time|publishTime|create_time|createTime|behot_time|max_behot_time|is_stick|label|has_more|message|cell_type)'''
    rb'''\\{0,8}"\s{0,4}:\s{0,4}(\\{0,8}"[^"\\]{0,60}|[^,}\]\s"]{1,40})'''
)
"""What makes a page the same to us: ids, authors, times, pins and the envelope, also inside JSON within JSON. Read counts are not."""
DOUBT = re.compile(rb'"decision"')


class ToutiaoRowsSettings(ChannelSettings):
    """`base_url` may hold `{token}`; else `/toutiao/rows/{token}` is added. A gateway that signs may need a minute."""

    spacing_seconds: float = 6.0
    timeout_seconds: float = 75.0
    min_interval_minutes: float = 60.0
    max_interval_minutes: float = 360.0
    daily_budget: int = 5_000
    breaker_refusals: int = 3
    breaker_accounts: int = 2


class ToutiaoRows(Base):
    """Reads page 1 only. The handle is the account's token; options:

    `url` another address for this account; `user_id` the account's numbers, as user or as media, parted by commas: a row of
    anybody else is refused; without it the author that was seen first is held on to, and the page covers nothing: the rows do not
    tell whether that author is the token's. `category` what the address lists, where
    it is not all kinds of rows (`pc_profile_article` and the like): such a page covers nothing. `credential` names an entry whose
    `api_key` goes out as `X-API-Key`, where the gateway wants one.
    """

    Settings: ClassVar[type[ChannelSettings]] = ToutiaoRowsSettings
    first_hand: ClassVar[bool] = False
    name: ClassVar[str] = "toutiao.rows"
    title: ClassVar[str] = "头条列表"

    def lane(self, channel: Channel) -> str:
        return "toutiao.rows " + host_of(self._pattern(channel))

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the first page of rows, or that nothing changed. Raises `LookError`."""
        token = token_of(channel.handle)
        if not token:
            raise ParseError("the handle is not a token")
        delay = delay_of(channel, self.settings)
        numbers = numbers_of(channel)
        whom = Whom(token, numbers or frozenset(filter(None, [text_of(memory, "author")])))
        answer = await self.fetch(channel, self._address(channel, token), headers=self._headers(channel), explain=explain)
        if not 200 <= answer.status < 300:
            # Nothing was asked under a condition: there is nothing it could be unchanged from.
            raise ParseError(f"{host_of(answer.url)}: HTTP {answer.status}")
        asked = Asked.of(account, channel, now, delay)
        category = channel.options.get("category", ALL)
        manner = f"{category} {channel.options.get('user_id', '')}"
        # What was remembered under other options says nothing of what the same body means under these.
        known = recall(memory) if text_of(memory, "manner") == manner else None
        if known is not None and known.fingerprint == answer.fingerprint:
            return unchanged(asked, known, memory)
        body = answer.utf8()
        seen = peeked(body, TOLD, DOUBT)
        if known is not None and same(memory, seen):
            return unchanged(asked, known, again(memory))
        asked = asked.answered(answer.digest, answer.fingerprint)
        snapshot = read_rows(body, asked, whom, category, manner)
        if not numbers:
            return _unnamed(snapshot)
        return snapshot.model_copy(update={"memory": {**snapshot.memory, **remembered(seen)}}) if snapshot.memory else snapshot

    def _pattern(self, channel: Channel) -> str:
        return channel.options.get("url") or channel.options.get("base_url") or self.settings.base_url

    def _address(self, channel: Channel, token: str) -> str:
        pattern = self._pattern(channel)
        if not pattern:
            raise AuthError(UNSET)
        address = web_address(pattern, "the address of the rows")
        return (address if "{token}" in address else address + ROUTE).replace("{token}", quote(token, safe=""))

    def _headers(self, channel: Channel) -> dict[str, str]:
        if not channel.credential:
            return {"Accept": "application/json"}
        key = header_safe(self.credentials.secret(channel.credential, "api_key"))
        if not key:
            raise AuthError(f"credential {channel.credential!r}: api_key holds blanks or line ends")
        return {"Accept": "application/json", "X-API-Key": key}

    async def check(self) -> list[str]:
        if not self.settings.base_url:
            return ['channels."toutiao.rows".base_url 未设置：请填写自建头条数据接口的地址（可含 {token}）']
        trouble = await self.door.probe(self.settings.base_url.partition("{token}")[0])
        return [f"头条数据接口 {host_of(self.settings.base_url)} 无法访问：{trouble}"] if trouble else []


def _unnamed(snapshot: Snapshot) -> Snapshot:
    """Return the view of an account whose number nobody has given: it shows posts, and proves no silence."""
    author = text_of(snapshot.memory, "author")
    seen = f" (the page's author is {author})" if author else ""
    partial = snapshot.partial or f"the option user_id is missing{seen}"
    held = {"author": author} if author else {}
    return snapshot.model_copy(update={"covers_from": None, "covers_until": None, "partial": partial, "memory": held})


def numbers_of(channel: Channel) -> frozenset[str]:
    """Return the account's numbers as its options tell them. Raises `ParseError` for what is none."""
    told = [each.strip() for each in channel.options.get("user_id", "").split(",") if each.strip()]
    if len(told) > NUMBERS_LIMIT or not all(re.fullmatch(r"[1-9][0-9]{2,19}", each) for each in told):
        raise ParseError("option user_id is not a number, or several parted by commas")
    return frozenset(told)


def explain(answer: Answer) -> LookError:
    """Return what a refusal means: by the body where it shows a wall, else by the status. A missing page blames the address."""
    body = answer.utf8()
    walled = (refused_page(body) or access_check(body)) if body.strip() else None
    if walled is None:
        return by_status_alone(answer)
    walled.retry_after = retry_after(answer.headers)
    walled.head = LookError("", head=answer.body[:HEAD_BYTES]).head
    return walled
