"""One account of the demo: who runs it, how it is watched, what it has published."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from demo import ids
from demo.names import CITY_DIVISION, Unit
from demo.rhythm import Item
from monitor.model import Account, Channel, Contact, Platform, Role, Status

LETTERS = {Platform.WECHAT: "WX", Platform.WEIBO: "XL", Platform.DOUYIN: "DY"}
DIALECTS = ("rss", "atom", "json")
PIN_EVERY = 4
"""Every so manieth Weibo and Douyin account keeps an old post pinned on top."""


class Trouble(StrEnum):
    """Why an account cannot be judged; the value is the error class that a look ends in."""

    BROKEN_SOURCE = "transport_fault"
    DEAD_CREDENTIAL = "auth_error"
    DELETED = "account_gone"
    GUEST_VIEW = "degraded"


@dataclass(frozen=True, slots=True)
class Page:
    """An account and its posts, newest first. `idle_days` is set where it is the part the account plays.

    `member` numbers the platform's audience of the key articles from 0; `official` pages are read through the WeChat interface first;
    `lively` ones may publish while the demo runs.
    """

    serial: int
    code: str
    unit: Unit
    platform: Platform
    name: str
    status: Status = Status.ACTIVE
    idle_days: int | None = None
    failing: bool = False
    canary: bool = False
    trouble: Trouble | None = None
    member: int | None = None
    groups: tuple[str, ...] = ()
    official: bool = False
    lively: bool = False
    items: tuple[Item, ...] = ()

    def showing(self, items: Iterable[Item]) -> Page:
        """Return the page with these posts, newest first."""
        return replace(self, items=tuple(sorted(items, key=lambda item: item.at, reverse=True)))

    @property
    def place(self) -> str:
        """Who its posts speak of."""
        return self.unit.division.full if self.unit.level == "县区" else self.unit.name

    @property
    def handle(self) -> str:
        """The platform's own key of the account."""
        return _HANDLES[self.platform](self.serial)

    @property
    def feed(self) -> str:
        """The feed's path at the bridge; the ending says which of the three formats it speaks."""
        # An account that is read both ways needs the long links, by which one article is recognised in both.
        dialect = "rss" if self.official else DIALECTS[self.serial % len(DIALECTS)]
        return f"/feeds/{self.handle}.{dialect}"

    @property
    def pins(self) -> bool:
        return self.platform is not Platform.WECHAT and self.serial % PIN_EVERY == 0 and bool(self.items)

    @property
    def credential(self) -> str:
        """The name of its credential; empty where it is watched without one."""
        if self.platform is Platform.WEIBO:
            return f"weibo-{self.handle}"
        return f"wechat-{self.handle}" if self.official else ""

    @property
    def secrets(self) -> dict[str, str]:
        """What the simulated platform wants to be shown: invented here, worth nothing anywhere."""
        if self.platform is Platform.WEIBO:
            return {"access_token": f"2.00{ids.token(28, 'token', self.serial)}"}
        return {"appid": f"wx{ids.digest('appid', self.serial)[:16]}", "secret": ids.digest("secret", self.serial)[:32]}

    @property
    def operator(self) -> str:
        """All accounts of a unit share one operator."""
        return f"xxy.{self.unit.division.code}m{self.unit.number:03d}@example.invalid"

    @property
    def county_clerk(self) -> str:
        """Empty for the units of the city itself."""
        division = self.unit.division.code
        return "" if division == CITY_DIVISION else f"xianqu.{division}@example.invalid"

    def account(self, base_url: str) -> Account:
        """Return the roster's line, watched at the platforms that answer at `base_url`."""
        return Account(
            id=self.code,
            code=self.code,
            platform=self.platform,
            name=self.name,
            unit=self.unit.name,
            region=self.unit.division.full,
            level=self.unit.level,
            status=self.status,
            canary=self.canary,
            groups=self.groups,
            contacts=self._contacts(),
            channels=self._channels(base_url),
        )

    def _contacts(self) -> tuple[Contact, ...]:
        operator = Contact(role=Role.OPERATOR, email=self.operator, name=f"{self.unit.name}信息员")
        if not self.county_clerk:
            return (operator,)
        return operator, Contact(role=Role.COUNTY, email=self.county_clerk, name=f"{self.unit.division.full}政府办")

    def _channels(self, base_url: str) -> tuple[Channel, ...]:
        if self.platform is Platform.WEIBO:
            return (Channel(adapter="weibo.openapi", handle=self.handle, options={"credential": self.credential}),)
        if self.platform is Platform.DOUYIN:
            return (Channel(adapter="douyin.gateway", handle=self.handle),)
        feed = Channel(adapter="feed", handle=base_url + self.feed, options={"delay_hours": "0"})
        if not self.official:
            return (feed,)
        return Channel(adapter="wechat.openapi", handle=self.handle, options={"credential": self.credential}), feed


_HANDLES = {Platform.WECHAT: ids.wechat_gh, Platform.WEIBO: ids.weibo_uid, Platform.DOUYIN: ids.douyin_sec_uid}
