"""One account of the demo: who runs it, how it is watched, what it has published."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from demo import ids
from demo.fates import Fate
from demo.names import CITY_DIVISION, Unit
from demo.rhythm import Item
from demo.secrets import KINDS, own_secrets
from demo.ways import WECHAT_OFFICIAL, Way, channel_of
from monitor.model import Account, Contact, Platform, Role, Status

LETTERS = {Platform.WECHAT: "WX", Platform.WEIBO: "XL", Platform.DOUYIN: "DY", Platform.TOUTIAO: "TT"}
DIALECTS = ("rss", "atom", "json")
PIN_EVERY = 4
"""Every so manieth Weibo and Douyin account keeps an old post pinned on top."""
PIN_AGE = timedelta(days=420)


class Trouble(StrEnum):
    """Why an account cannot be judged; the value is the error class that a look ends in."""

    BROKEN_SOURCE = "transport_fault"
    DEAD_CREDENTIAL = "auth_error"
    DELETED = "account_gone"
    GUEST_VIEW = "degraded"


@dataclass(frozen=True, slots=True)
class Page:
    """An account and its posts, newest first. `idle_days` is set where it is the part the account plays.

    `ways` are how it is watched, in order. `member` numbers the platform's audience of the key articles from 0; `lively` ones may
    publish while the demo runs.
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
    fate: Fate | None = None
    member: int | None = None
    groups: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    lively: bool = False
    items: tuple[Item, ...] = ()

    def showing(self, items: Iterable[Item]) -> Page:
        """Return the page with these posts, newest first."""
        return replace(self, items=tuple(sorted(map(self.publishing, items), key=lambda item: item.at, reverse=True)))

    def publishing(self, item: Item) -> Item:
        """Return a post as this account publishes it: whoever is watched through a bridge of what is sent, sends everything."""
        return replace(item, sent=True) if Way.WECHAT2RSS in self.ways else item

    @property
    def place(self) -> str:
        """Who its posts speak of."""
        return self.unit.division.full if self.unit.level == "县区" else self.unit.name

    @property
    def official(self) -> bool:
        """Whether it is read through the WeChat interface."""
        return not WECHAT_OFFICIAL.isdisjoint(self.ways)

    @property
    def long_links(self) -> bool:
        """Whether its articles bear the long links, by which one is known anywhere; static feeds have no others."""
        return self.official or Way.WECHAT_STATIC in self.ways

    @property
    def handle(self) -> str:
        """The platform's own key of the account."""
        return _HANDLES[self.platform](self.serial)

    @property
    def bizuin(self) -> str:
        """A WeChat account's number, as bridges name it."""
        return ids.wechat_bizuin(self.serial)

    @property
    def biz(self) -> str:
        """The same number as WeChat's own links bear it."""
        return ids.wechat_biz(self.serial)

    @property
    def user_id(self) -> str:
        """A Toutiao account's number, by which its rows are known as its own."""
        return ids.toutiao_user(self.serial)

    @property
    def feed(self) -> str:
        """The feed's path at the bridge; the ending says which of the three formats it speaks."""
        # An account that is read both ways needs the long links, by which one article is recognised in both.
        dialect = "rss" if self.official else DIALECTS[self.serial % len(DIALECTS)]
        return f"/feeds/{self.handle}.{dialect}"

    @property
    def pins(self) -> bool:
        return self.platform in (Platform.WEIBO, Platform.DOUYIN) and self.serial % PIN_EVERY == 0 and bool(self.items)

    @property
    def pinned(self) -> Item:
        """The old post it keeps on top; only where it `pins`."""
        return Item(at=self.items[-1].at - PIN_AGE, title=f"{self.name}政务新媒体公约", text="欢迎关注，请文明留言。", pinned=True)

    @property
    def credential(self) -> str:
        """The name of its own credential; empty where it is watched without one."""
        return f"{self.platform}-{self.handle}" if self.secrets else ""

    @property
    def secrets(self) -> dict[str, str]:
        """What the simulated platform wants to be shown of this account: invented here, worth nothing anywhere."""
        kinds = {KINDS[way] for way in self.ways if way in KINDS}
        return {name: value for kind in sorted(kinds) for name, value in own_secrets(kind, self.serial).items()}

    @property
    def operator(self) -> str:
        """All accounts of a unit share one operator."""
        return f"xxy.{self.unit.division.code}m{self.unit.number:03d}@example.invalid"

    @property
    def county_clerk(self) -> str:
        """Empty for the units of the city itself."""
        division = self.unit.division.code
        return "" if division == CITY_DIVISION else f"xianqu.{division}@example.invalid"

    @property
    def readers(self) -> frozenset[str]:
        """The addresses that answer for the account."""
        return frozenset({self.operator, self.county_clerk} - {""})

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
            channels=tuple(channel_of(self, way, base_url) for way in self.ways),
        )

    def _contacts(self) -> tuple[Contact, ...]:
        operator = Contact(role=Role.OPERATOR, email=self.operator, name=f"{self.unit.name}信息员")
        if not self.county_clerk:
            return (operator,)
        return operator, Contact(role=Role.COUNTY, email=self.county_clerk, name=f"{self.unit.division.full}政府办")


_HANDLES = {
    Platform.WECHAT: ids.wechat_gh,
    Platform.WEIBO: ids.weibo_uid,
    Platform.DOUYIN: ids.douyin_sec_uid,
    Platform.TOUTIAO: ids.toutiao_token,
}
