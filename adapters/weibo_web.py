"""`weibo.web`: m.weibo.cn's own list of an account's posts, seen with the operator's cookie. Off unless it is switched on.

Platform reference: weibo.md, sections 5, 7, 11 and 12. Low reliability: its gate moves every few months.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from adapters.channel import HOUR, Base
from adapters.http import HEAD_BYTES, Answer, Door, by_status_alone, host_of, retry_after
from adapters.reading.page import Asked, recall, unchanged
from adapters.reading.peek import again, peeked, remembered, same
from adapters.reading.values import as_number, delay_of, is_set, text_of
from adapters.reading.weibo import unfolded
from adapters.reading.weibo_cards import is_login_address, opened, read_login, read_page, read_whole_text, refused_page
from monitor.errors import AuthError, LookError, ParseError, RateLimited
from monitor.model import Account, Channel, Snapshot
from monitor.ports import ChannelSettings, Credentials

CONTAINER = "107603"
"""Before the uid it names the list of an account's posts."""
RISK_CONTROL = 432
THROTTLED = 418
BLOCKED_SECONDS = 3 * HOUR
"""A 418 was seen to lift after two to three hours."""
TOO_FAST = frozenset({414, 429})
READ_MARKS = 30
"""Posts whose whole text is remembered as read: three times a page."""
MOBILE = "Mozilla/5.0 (Linux; Mobile) zhengwu-monitor/0.1 (+government account monitor; operated by the supervising office)"
"""Says that it wants the mobile site, and who it is."""

IDS = re.compile(
    rb'"(?:id|mid|bid|profile_type_id|edit_count|edit_at|deleted|isTop|mblogtype|type)"\s*:\s*(?:"[^"\\]{0,80}"|-?[0-9]{1,20}|true|false|null)'
)
"""What must be the same for two pages to show the same: the ids in their order, pins, edits, deletions and who may see them."""
DOUBT = re.compile(rb'"ok"\s*:\s*(?:[^1\s]|1[0-9])')


class WeiboWebSettings(ChannelSettings):
    """Figures of section 12: accounts and addresses were blocked for less politeness than this."""

    enabled: bool = False
    base_url: str = "https://m.weibo.cn"
    spacing_seconds: float = 10.0
    min_interval_minutes: float = 30.0
    max_interval_minutes: float = 360.0
    daily_budget: int = 1_000
    daily_requests: int = 1_500
    breaker_minutes: tuple[float, ...] = (30.0, 120.0, 1440.0)
    long_texts: int = Field(default=3, ge=0, le=10, description="new posts of a look whose whole text is fetched")
    login_hours: float = Field(default=0.25, gt=0, description="how long /api/config is believed about a cookie; some died within minutes")
    user_agent: str = Field(default=MOBILE, description="sent with every request; that of the browser the cookie is from serves best")


class Look(NamedTuple):
    """What one look carries along: whose page, when, and the fingerprint of the ids it showed."""

    uid: str
    now: datetime
    peek: str


class WeiboWeb(Base):
    """Reads page 1 only. A cookie that is no login sees a guest's page: its posts are kept, and it covers nothing.

    It is a login where the credential's field `login` says so (1 or 0), else where /api/config does. A captcha is never answered,
    and no cookie is ever made up.
    """

    Settings: ClassVar[type[ChannelSettings]] = WeiboWebSettings
    first_hand: ClassVar[bool] = True
    name: ClassVar[str] = "weibo.web"
    title: ClassVar[str] = "微博网页"

    def __init__(self, settings: WeiboWebSettings, door: Door, credentials: Credentials) -> None:
        super().__init__(settings, door, credentials)
        self._wishes = settings
        self._logins: dict[tuple[str, int], tuple[datetime, bool]] = {}
        self._rests: dict[str, datetime] = {}

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the newest page, or that nothing changed. Raises `LookError`.

        1. Fetch the page, and ask whether the cookie is a login, where that is not known.
        2. Where it is the last page again, or shows the same ids, its posts are not read: every eighth time they are all the same,
           and always while a whole text is still wanted.
        3. Read the page; fetch the whole text of new posts that are cut.
        """
        uid = as_number(channel.handle)
        if not uid:
            raise ParseError("the handle is not a uid")
        asked = Asked.of(account, channel, now, delay_of(channel, self.settings))
        address = f"{self.base(channel)}/api/container/getIndex?type=uid&value={uid}&containerid={CONTAINER}{uid}"
        answer = await self._ask(channel, address, uid)
        known, peek = recall(memory), peeked(answer.body, IDS, DOUBT)
        whole_body = known is not None and known.fingerprint == answer.fingerprint
        if not whole_body:
            # A refusal in the body is told before anything else is asked.
            opened(answer.utf8())
        signed_in = await self._signed_in(channel, uid, now)
        # What a login's page covered, a guest's page with the same posts does not.
        if known is not None and signed_in and (whole_body or same(memory, peek)):
            return unchanged(asked, known, memory if whole_body else again(memory))
        asked = replace(asked, digest=answer.digest, fingerprint=answer.fingerprint)
        snapshot, folded = read_page(answer.utf8(), asked, uid, signed_in=signed_in)
        return await self._whole(channel, snapshot, folded, memory, Look(uid, now, peek))

    async def _ask(self, channel: Channel, address: str, uid: str) -> Answer:
        headers = {
            "Referer": f"https://m.weibo.cn/u/{uid}",
            "MWeibo-Pwa": "1",
            "X-Requested-With": "XMLHttpRequest",
            "User-Agent": self._wishes.user_agent,
            "Cookie": self._cookie(channel),
        }
        return await self.fetch(channel, address, headers=headers, explain=explain)

    def _cookie(self, channel: Channel) -> str:
        """Return the operator's cookie. Raises `AuthError` that says what to put where."""
        cookie = self.credentials.optional(channel.credential, "cookie").strip()
        if not cookie:
            where = f"into credential {channel.credential!r}" if channel.credential else "into a credential that the channel names"
            raise AuthError(f"m.weibo.cn shows nothing without a cookie: put the operator's own {where}, as field 'cookie'")
        if not (cookie.isascii() and cookie.isprintable()):
            raise AuthError(f"credential {channel.credential!r}: the cookie holds line ends or other letters than a header can carry")
        return cookie

    async def _signed_in(self, channel: Channel, uid: str, now: datetime) -> bool:
        """Whether the cookie is a login; asked of the site now and then, and a guest's where the site does not answer."""
        said = self.credentials.optional(channel.credential, "login").strip()
        if said:
            return is_set(said)
        # Under the cookie's hash, so that a replaced one is asked about anew.
        key = (channel.credential, hash(self._cookie(channel)))
        asked_at, login = self._logins.get(key, (None, False))
        if asked_at is not None and 0 <= (now - asked_at).total_seconds() < self._wishes.login_hours * HOUR:
            return login
        try:
            login = read_login(await self._aside(channel, "/api/config", uid, now))
        except LookError:
            return False
        self._logins[key] = (now, login)
        return login

    async def _aside(self, channel: Channel, path: str, uid: str, now: datetime) -> bytes:
        """Return what the site answers to a question beside the list. Raises `LookError`.

        That the site refuses it does not spoil the list, but a refusal is not provoked again: none is asked for as long as the
        breaker would rest, a captcha least of all.
        """
        rest = self._rests.get(channel.credential)
        if rest is not None and now < rest:
            raise RateLimited("what is asked beside the list rests")
        try:
            body = (await self._ask(channel, self.base(channel) + path, uid)).utf8()
            opened(body)
        except RateLimited as error:
            if not error.ours:
                seconds = max(error.retry_after or 0.0, 60.0 * self._wishes.breaker_minutes[0])
                self._rests[channel.credential] = now + timedelta(seconds=seconds)
            raise
        return body

    async def _whole(
        self, channel: Channel, snapshot: Snapshot, folded: Mapping[str, str], memory: Mapping[str, Any], look: Look
    ) -> Snapshot:
        """Return the snapshot with the whole text of its new posts, as many as allowed; what fails stays cut and is wanted again.

        A post whose whole text was read before is left out: it is stored, and what is shown of it now would replace that.
        """
        read = text_of(memory, "read").split()
        posts, fetched, wanted, room = [], [], 0, self._wishes.long_texts
        for post in snapshot.posts:
            mark = folded.get(post.id, "")
            if mark and mark in read and post.visible:
                continue
            if mark and post.visible:
                whole = await self._text(channel, look, mark.partition("/")[0]) if room > 0 else ""
                room = room - 1 if whole else 0
                wanted += not whole
                fetched += [mark] if whole else []
                post = unfolded(post, whole) if whole else post
            posts.append(post)
        kept = [mark for mark in read if mark in folded.values()]
        marks = {"read": " ".join([*fetched, *kept][:READ_MARKS])} if fetched or kept else {}
        done = bool(snapshot.memory) and (not wanted or not self._wishes.long_texts)
        return snapshot.model_copy(
            update={"posts": tuple(posts), "memory": {**snapshot.memory, **remembered(look.peek), **marks} if done else marks}
        )

    async def _text(self, channel: Channel, look: Look, mid: str) -> str:
        """Return the whole text of a post as markup, "" where it cannot be had: that says nothing about the account."""
        try:
            return read_whole_text(await self._aside(channel, f"/statuses/extend?id={mid}", look.uid, look.now))
        except LookError:
            return ""


def explain(answer: Answer) -> LookError:
    """Return what a refusal means: by its status where that speaks for itself, by the body, by where a redirect leads (section 7)."""
    where, head = f"{host_of(answer.url)}: HTTP {answer.status}", answer.body[:HEAD_BYTES]
    wait = retry_after(answer.headers)
    if answer.status == RISK_CONTROL:
        return RateLimited(f"{where}: the cookie is not taken, or risk control", retry_after=wait, head=head)
    if answer.status == THROTTLED:
        return RateLimited(where, retry_after=max(wait or 0.0, BLOCKED_SECONDS), head=head)
    if answer.status in TOO_FAST:
        return RateLimited(where, retry_after=wait, head=head)
    if 300 <= answer.status < 400:
        return _redirected(answer, where)
    return refused_page(answer.body) or _told(answer) or by_status_alone(answer)


def _redirected(answer: Answer, where: str) -> LookError:
    # The address itself is not told: it holds what was asked for, and at times more.
    if is_login_address(answer.headers.get("Location", "")):
        return AuthError(f"{where}: sent to the login page, the cookie is dead")
    return ParseError(f"{where}: sent elsewhere")


def _told(answer: Answer) -> LookError | None:
    """Return the refusal a JSON body holds, None where the body tells nothing."""
    try:
        opened(answer.utf8())
    except ParseError:
        return None
    except LookError as error:
        return error
    return None
