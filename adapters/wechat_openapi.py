"""`wechat.openapi`: the owner's own token; freepublish/batchget and the data cube, which only together show all (群发 and 发布).

Platform reference: wechat.md, sections 2.1, 2.2, 2.3 and 2.5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from adapters.channel import DAY, Base
from adapters.http import Answer
from adapters.reading.page import Asked, Page, milliseconds, recall, unchanged
from adapters.reading.values import header_safe, web_address
from adapters.reading.wechat_datacube import PUBLISHED, Cube, Days, Told, missing, read_cube
from adapters.reading.wechat_errors import BUSY, STALE_TOKEN, code_of
from adapters.reading.wechat_errors import refusal as refusal
from adapters.reading.wechat_progress import Progress, add_rows, cube_alone, together, window
from adapters.reading.wechat_publish import PARTIAL, Published, owners_of, read_published
from adapters.reading.wechat_publish import read as read
from adapters.reading.wechat_tokens import ACCESS, COMPONENT, TICKET, is_fresh, is_ticket_valid, read_authorizer, read_component
from adapters.reading.wechat_tokens import read_token as read_token
from monitor.errors import AuthError, Degraded, LookError, ParseError, SourceRetired
from monitor.model import Account, Channel, Snapshot, end_of_day
from monitor.ports import ChannelSettings, Grant, Quota

LIST, CUBE = "/cgi-bin/freepublish/batchget", "/datacube/getarticletotaldetail"
STABLE, COMPONENT_TOKEN, AUTHORIZER = (
    "/cgi-bin/stable_token",
    "/cgi-bin/component/api_component_token",
    "/cgi-bin/component/api_authorizer_token",
)
COUNT = 20
"""Publications in a page, the most that can be asked for."""
BUSY_TRIES = 3
"""A platform that calls itself busy is asked twice more in a look; the lane's spacing is the pause."""


class WechatOpenApiSettings(ChannelSettings):
    base_url: str = "https://api.weixin.qq.com"
    spacing_seconds: float = 5.0
    min_interval_minutes: float = 15.0
    # What is seen ends with yesterday: a longer pause in the morning would make it too old to judge by.
    max_interval_minutes: float = 180.0
    daily_budget: int = 10_000
    batchget_daily: int = Field(default=100, ge=1, description="calls of freepublish/batchget a day and credential; the platform's default")
    reconcile: bool = Field(default=True, description="ask the data cube too: only both lists together cover anything")
    datacube_daily: int = Field(default=100, ge=1, description="calls of the data cube a day and credential; its limit is not documented")
    datacube_days: int = Field(default=28, ge=1, le=30, description="days the data cube is read back when an account is new; it keeps 30")
    datacube_days_per_call: int = Field(default=1, ge=1, le=30, description="days in one call; how many are allowed is not documented")
    datacube_calls_per_look: int = Field(default=4, ge=1, le=30, description="calls in one look, while an account is new")
    datacube_hour: int = Field(default=8, ge=0, le=23, description="yesterday is asked for only from this hour on, Shanghai time")
    datacube_retry_minutes: float = Field(default=60.0, gt=0, le=1440, description="how long data that are not ready are waited for")


@dataclass(slots=True)
class Reading:
    """What the data cube told in one look: its articles, how far it is read now, the hashes of its answers."""

    progress: Progress
    rows: list[Told] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)


class WechatOpenApi(Base):
    """Looks at accounts whose owners gave us access, by a token kept elsewhere, an appid and a secret, or a third-party platform.

    Tokens that are obtained are kept as grants, so that a restart does not ask anew. `biz` among a channel's options names the account
    (several ids parted by commas, in either form): articles of others are then left out. The option `reconcile` is `0` where
    the data cube is not to be asked. Whatever the data cube refuses leaves a partial view, which says what is refused.
    """

    Settings: ClassVar[type[ChannelSettings]] = WechatOpenApiSettings
    first_hand: ClassVar[bool] = True
    name: ClassVar[str] = "wechat.openapi"
    title: ClassVar[str] = "微信官方接口"

    @property
    def wishes(self) -> WechatOpenApiSettings:
        """The settings, as what they are."""
        return self.settings if isinstance(self.settings, WechatOpenApiSettings) else WechatOpenApiSettings()

    def lane(self, channel: Channel) -> str:
        # The quotas are the token's own: one account out of its quota must not hold up the others.
        return f"{self.name} {channel.credential}"

    async def look(self, account: Account, channel: Channel, memory: Mapping[str, Any], now: datetime) -> Snapshot:
        """Return the newest published items and what the data cube tells of the days before. Raises `LookError`.

        1. The publish list, at every look.
        2. The days of the data cube that are not read yet, a few calls at a time: in the usual run two calls a day.
        3. Both together; see `together` for what they cover.

        Where the account may not use the publish list at all (48001), the data cube alone is shown, as a partial view.
        """
        asked = Asked.of(account, channel, now)
        owners = owners_of(channel.options.get("biz", ""))
        if not _is_on(channel, self.wishes):
            answer, published = await self._published(channel, asked, owners)
            return _partial(published, answer.digest)
        days = window(now, self.wishes.datacube_days, self.wishes.datacube_hour)
        recalled = Progress.recall(memory, now, days, self._who(channel)) if days else Progress()
        try:
            answer = await self._listed(channel, asked)
            same = _unchanged(answer, asked, memory, recalled, days, self.wishes.datacube_days_per_call)
            if same is not None:
                return same
            published = read_published(answer.utf8(), replace(asked, digest=answer.digest), owners)
        except SourceRetired as refused:
            return await self._alone(channel, asked, owners, recalled, days, refused)
        biz = (next(iter(owners)) if len(owners) == 1 else "") or published.biz or recalled.biz
        reading = await self._reading(channel, asked, owners, replace(recalled, biz=biz), days, published.page)
        add_rows(published.page, tuple(reading.rows), reading.progress.biz, published.short and not published.owners)
        seen = together(published, reading.progress, days, _evidence(answer.digest, *reading.digests))
        return seen.model_copy(update={"memory": {**seen.memory, **_known(seen, answer)}})

    def _who(self, channel: Channel) -> str:
        """Return a hash that changes when another account's token is asked, or another account is meant."""
        name, apps = channel.credential, ("appid", "authorizer_appid")
        words = (name, channel.options.get("biz", ""), *(self.credentials.optional(name, each).strip() for each in apps))
        return hashlib.sha256("\x1f".join(words).encode("utf-8", "replace")).hexdigest()[:16]

    async def _published(self, channel: Channel, asked: Asked, owners: frozenset[str]) -> tuple[Answer, Published]:
        answer = await self._listed(channel, asked)
        return answer, read_published(answer.utf8(), replace(asked, digest=answer.digest), owners)

    async def _listed(self, channel: Channel, asked: Asked) -> Answer:
        quota = Quota(f"{self.lane(channel)} batchget", self.wishes.batchget_daily, DAY)
        return await self._ask(channel, LIST, {"offset": 0, "count": COUNT, "no_content": 0}, asked.now, quota)

    async def _alone(
        self, channel: Channel, asked: Asked, owners: frozenset[str], recalled: Progress, days: Days | None, refused: SourceRetired
    ) -> Snapshot:
        """Return what the data cube shows. Raises the publish list's refusal where the data cube shows nothing either."""
        reading = await self._reading(channel, asked, owners, recalled, days, Page(asked))
        if reading.progress.known is None:
            raise refused
        page = Page(asked)
        add_rows(page, tuple(reading.rows), reading.progress.biz, short=False)
        return cube_alone(page, reading.progress, str(refused), _evidence(*reading.digests))

    async def _reading(
        self, channel: Channel, asked: Asked, owners: frozenset[str], progress: Progress, days: Days | None, page: Page
    ) -> Reading:
        """Ask the data cube for the days that are due, until nothing is or something is refused. A refusal is kept, not raised."""
        reading, wishes = Reading(progress), self.wishes
        retry = timedelta(minutes=wishes.datacube_retry_minutes)
        for _ in range(wishes.datacube_calls_per_look if days else 0):
            due = reading.progress.due(days, wishes.datacube_days_per_call) if days else None
            if due is None or days is None:
                break
            try:
                answer, cube = await self._cube(channel, asked, due, owners)
            except LookError as error:
                reading.progress = reading.progress.refused(error, asked.now, retry)
                break
            trouble = cube.trouble or _untold(missing(page.posts.values(), cube.rows, due))
            reading.progress = reading.progress.read(due, days, trouble, asked.now, retry)
            reading.rows += cube.rows
            reading.digests.append(answer.digest)
            known = reading.progress
            reading.progress = replace(known, biz=known.biz or _owner(cube), total=known.total or _published_of(cube))
        return reading

    async def _cube(self, channel: Channel, asked: Asked, days: Days, owners: frozenset[str]) -> tuple[Answer, Cube]:
        quota = Quota(f"{self.lane(channel)} datacube", self.wishes.datacube_daily, DAY)
        body = {"begin_date": days.first.isoformat(), "end_date": days.last.isoformat()}
        answer = await self._ask(channel, CUBE, body, asked.now, quota)
        try:
            return answer, read_cube(answer.utf8(), asked, days, owners)
        except Degraded as error:
            return answer, Cube((), str(error))

    async def _ask(self, channel: Channel, path: str, body: Mapping[str, Any], now: datetime, quota: Quota) -> Answer:
        """Return what an interface of the account answers. A token found stale is obtained anew, once. Raises `LookError`."""
        token = await self._token(channel, now)
        # The platform takes the token nowhere but in the query; the door keeps queries out of every text.
        answer = await self._post(channel, path, {"access_token": token}, body, quota)
        if code_of(answer.utf8()) in STALE_TOKEN and await self._spent(channel.credential, ACCESS, token, now):
            token = await self._token(channel, now)
            answer = await self._post(channel, path, {"access_token": token}, body, quota)
            if code_of(answer.utf8()) in STALE_TOKEN:
                await self._spent(channel.credential, ACCESS, token, now)
        return answer

    async def _token(self, channel: Channel, now: datetime) -> str:
        """Return the token the operator manages elsewhere, else the one that was obtained, else a new one. Raises `LookError`."""
        name = channel.credential
        given = header_safe(self.credentials.optional(name, "access_token"))
        if given:
            return given
        known = self.credentials.grant(name, ACCESS)
        if known is not None and is_fresh(known, now):
            return known.value
        async with self.credentials.turn(name, ACCESS):
            known = self.credentials.grant(name, ACCESS)
            if known is None or not is_fresh(known, now):
                known = await self._obtain(channel, known, now)
                await self.credentials.keep(name, ACCESS, known)
        return known.value

    async def _obtain(self, channel: Channel, known: Grant | None, now: datetime) -> Grant:
        name = channel.credential
        if self.credentials.optional(name, "component"):
            return await self._authorized(channel, known, now)
        body = {
            "grant_type": "client_credential",
            "appid": self.credentials.secret(name, "appid"),
            "secret": self.credentials.secret(name, "secret"),
            # A forced renewal would take the token away from the owner's other systems.
            "force_refresh": False,
        }
        return read_token((await self._post(channel, STABLE, {}, body)).utf8(), now)

    async def _authorized(self, channel: Channel, known: Grant | None, now: datetime) -> Grant:
        """Return the access token of an account that authorised a third-party platform, and its newest refresh token."""
        name = channel.credential
        refresh = (known.refresh if known else "") or self.credentials.secret(name, "authorizer_refresh_token")
        component = self.credentials.secret(name, "component")
        body = {
            "component_appid": self.credentials.secret(component, "component_appid"),
            "authorizer_appid": self.credentials.secret(name, "authorizer_appid"),
            "authorizer_refresh_token": refresh,
        }
        token = await self._component(channel, component, now)
        answer = await self._post(channel, AUTHORIZER, {"component_access_token": token}, body)
        if code_of(answer.utf8()) in STALE_TOKEN and await self._spent(component, COMPONENT, token, now):
            token = await self._component(channel, component, now)
            answer = await self._post(channel, AUTHORIZER, {"component_access_token": token}, body)
        return read_authorizer(answer.utf8(), now, refresh, known.renewals if known else 0)

    async def _component(self, channel: Channel, component: str, now: datetime) -> str:
        """Return the platform's own token, obtained with the ticket that WeChat pushed last. Raises `LookError`."""
        async with self.credentials.turn(component, COMPONENT):
            known = self.credentials.grant(component, COMPONENT)
            if known is None or not is_fresh(known, now):
                body = {
                    "component_appid": self.credentials.secret(component, "component_appid"),
                    "component_appsecret": self.credentials.secret(component, "component_appsecret"),
                    "component_verify_ticket": self._ticket(component, now),
                }
                known = read_component((await self._post(channel, COMPONENT_TOKEN, {}, body)).utf8(), now)
                await self.credentials.keep(component, COMPONENT, known)
            return known.value

    def _ticket(self, component: str, now: datetime) -> str:
        ticket = self.credentials.grant(component, TICKET)
        if ticket is None or not is_ticket_valid(ticket, now):
            state = "has come yet" if ticket is None else "has come for twelve hours"
            raise AuthError(
                f"credential {component!r}: no component_verify_ticket {state}; WeChat pushes one every ten minutes: "
                f"its authorisation event address must be /callback/wechat.callback/{component} here, and reachable"
            )
        return ticket.value

    async def _spent(self, name: str, kind: str, token: str, now: datetime) -> bool:
        """Mark an obtained token as spent; False where none was obtained, so that nothing newer can be. The refresh token stays."""
        async with self.credentials.turn(name, kind):
            known = self.credentials.grant(name, kind)
            if known is None:
                return False
            if known.value == token and (known.until is None or known.until > now):
                await self.credentials.keep(name, kind, replace(known, until=now))
            return True

    async def _post(
        self, channel: Channel, path: str, params: Mapping[str, str], body: Mapping[str, Any], quota: Quota | None = None
    ) -> Answer:
        """Post to the platform's own address, never to one that an account's options name; a busy platform is asked again."""
        url = web_address(self.settings.base_url, "base_url") + path
        for _ in range(BUSY_TRIES):
            answer = await self.fetch(channel, url, method="POST", params=params, json=body, more=(quota,) if quota else ())
            if code_of(answer.utf8()) != BUSY:
                break
        return answer

    async def check(self) -> list[str]:
        trouble = await self.door.probe(self.settings.base_url)
        return [f"微信公众平台接口 {self.settings.base_url} 无法访问：{trouble}"] if trouble else []


def _is_on(channel: Channel, settings: WechatOpenApiSettings) -> bool:
    option = channel.options.get("reconcile", "")
    if option not in ("", "0", "1"):
        raise ParseError("option reconcile is neither 0 nor 1")
    return settings.reconcile if option == "" else option == "1"


def _unchanged(
    answer: Answer, asked: Asked, memory: Mapping[str, Any], progress: Progress, days: Days | None, per_call: int
) -> Snapshot | None:
    """Return the last complete view again where the list is the same and the data cube is not due, else None. Nothing is parsed."""
    view, read = recall(memory), progress.known
    if view is None or read is None or days is None or view.fingerprint != answer.fingerprint or read.last != days.last:
        return None
    if progress.due(days, per_call) is not None:
        return None
    return unchanged(replace(asked, delay=asked.now - min(end_of_day(read.last), asked.now)), view, memory)


def _known(seen: Snapshot, answer: Answer) -> dict[str, Any]:
    """Return what a complete view adds to the memory, so that the same list is known again."""
    # A list that holds something dated ahead shows one post more when its time has come: it must be read again then.
    if seen.partial or seen.covers_from is None or not seen.memory or seen.skipped.get("future"):
        return {}
    return {"digest": seen.digest, "fingerprint": answer.fingerprint, "covers_from": milliseconds(seen.covers_from)}


def _partial(published: Published, digest: str) -> Snapshot:
    seen = published.page.snapshot(partial=PARTIAL, profile=published.profile)
    return seen.model_copy(update={"digest": digest})


def _owner(cube: Cube) -> str:
    owners = {row.named.owner for row in cube.rows if row.named and row.named.owner}
    return owners.pop() if len(owners) == 1 else ""


def _published_of(cube: Cube) -> int:
    """Return how many 发布 articles the data cube tells of: a publish list that is empty beside them is not to be believed."""
    return sum(row.kind == PUBLISHED for row in cube.rows)


def _untold(count: int) -> str:
    return f"{count} published articles are not told" if count else ""


def _evidence(*digests: str) -> str:
    """Return what is kept as evidence: the answer's own hash, or the hash of several answers' hashes in the order they came."""
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
