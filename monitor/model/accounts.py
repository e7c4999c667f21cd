"""Whom we watch: accounts, their channels and their people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from pydantic import Field

from monitor.model.base import Identifier, Noun


class Platform(StrEnum):
    """Where an account lives. `label` is the short Chinese name used in labels and mails; `carries_text` marks the audience of reposts."""

    WECHAT = "wechat"
    WEIBO = "weibo"
    DOUYIN = "douyin"
    TOUTIAO = "toutiao"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _PLATFORM_LABELS[self]

    @property
    def carries_text(self) -> bool:
        """True for 文字信息类: the accounts that owe reposts (handbook 5.1)."""
        return self in _TEXT_PLATFORMS


_PLATFORM_LABELS = {
    Platform.WECHAT: "微信",
    Platform.WEIBO: "微博",
    Platform.DOUYIN: "抖音",
    Platform.TOUTIAO: "今日头条",
    Platform.OTHER: "其他",
}
_TEXT_PLATFORMS = frozenset({Platform.WECHAT, Platform.WEIBO, Platform.TOUTIAO})


class Kind(StrEnum):
    """What an account is for. The two-week line aims at publishing accounts."""

    PUBLISHING = "publishing"
    SERVICE = "service"

    @property
    def label(self) -> str:
        return {Kind.PUBLISHING: "发布类", Kind.SERVICE: "服务类"}[self]


class Status(StrEnum):
    """Where an account stands in its life, from the roster (handbook 3.3)."""

    ACTIVE = "active"
    EXEMPT = "exempt"
    CLOSING = "closing"
    CLOSED = "closed"
    ABANDONED = "abandoned"

    @property
    def label(self) -> str:
        return _STATUS_LABELS[self]


_STATUS_LABELS = {
    Status.ACTIVE: "正常",
    Status.EXEMPT: "报备",
    Status.CLOSING: "注销中",
    Status.CLOSED: "已注销",
    Status.ABANDONED: "停运未注销",
}


class Role(StrEnum):
    """Who a message is for."""

    OPERATOR = "operator"
    COUNTY = "county"
    CLERK = "clerk"
    SYSADMIN = "sysadmin"


class Contact(Noun):
    """A person to tell, by e-mail."""

    role: Role = Role.OPERATOR
    email: str
    name: str = ""


class Channel(Noun):
    """One way of looking at one account: an adapter, the account's handle there, and options the adapter reads.

    `options["credential"]` names an entry of the credentials file; options never hold a secret.
    """

    adapter: Identifier
    handle: Identifier
    options: Mapping[str, str] = Field(default_factory=dict)

    @property
    def credential(self) -> str:
        """The name of the credential this channel looks with; empty when it needs none."""
        return self.options.get("credential", "")

    @property
    def key(self) -> str:
        """Name this channel within its account, for the per-channel memory."""
        return f"{self.adapter} {self.handle}"


class Account(Noun):
    """A page we watch. `id` is the identification code, else `platform:handle`; the name is never a key."""

    id: Identifier
    code: str = ""
    platform: Platform
    name: str
    unit: str = ""
    supervisor: str = ""
    region: str = ""
    level: str = ""
    kind: Kind = Kind.PUBLISHING
    status: Status = Status.ACTIVE
    canary: bool = False
    opened_on: date | None = None
    exempt_until: date | None = None
    groups: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    channels: tuple[Channel, ...] = ()
