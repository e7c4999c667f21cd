"""What came of an address: an account, or what is missing and how to get it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from monitor.matching.ids import account_key
from monitor.model import Platform

AskKind = Literal["follow", "domain", "screen_name"]


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that only the network can answer: where a short link leads, whose custom domain or nickname it is."""

    kind: AskKind
    value: str


@dataclass(frozen=True, slots=True)
class Identity:
    """An account by its platform's own stable id: Weibo's uid, WeChat's __biz, Douyin's sec_uid, Toutiao's token.

    `likely` where the address is no account page (an article, a post) or the id has an unusual form: a person should look once.
    `raw` is the text as given, for audit only: it may hold pasted secrets and is never shown.
    """

    platform: Platform
    kind: Literal["uid", "biz", "sec_uid", "token"]
    handle: str
    certainty: Literal["certain", "likely"] = "certain"
    note: str = ""
    raw: str = field(default="", repr=False, compare=False)

    @property
    def key(self) -> str:
        """The one form by which two ids are the same account."""
        return account_key(self.handle)

    @property
    def address(self) -> str:
        """The account's page in its canonical form; nothing of what was pasted beside the id."""
        return _PAGES[self.platform].format(self.handle)


_PAGES = {
    Platform.WEIBO: "https://weibo.com/u/{}",
    Platform.WECHAT: "https://mp.weixin.qq.com/mp/profile_ext?action=home&__biz={}",
    Platform.DOUYIN: "https://www.douyin.com/user/{}",
    Platform.TOUTIAO: "https://www.toutiao.com/c/user/token/{}/",
}


@dataclass(frozen=True, slots=True)
class Missing:
    """An address that names no account by itself, in words for a clerk: `what` is missing and `how` to get it.

    `platform` is None where not even that is known. `shown` is the address without anything that could be a secret.
    """

    platform: Platform | None
    what: str
    how: str
    shown: str = ""
    ask: Ask | None = None
    raw: str = field(default="", repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.what}；{self.how}"


Found = Identity | Missing
