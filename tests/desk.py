"""A working desk for the console's tests: a small roster of invented accounts and articles, whose store can be taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.errors import StoreAway
from monitor.model import Account, GoodLook, Platform, PostMark, Standing, Verdict
from monitor.tasks import TaskSheet
from monitor.telling.errands import Done, Errands, Shown
from monitor.telling.links import BadLink, Flaw
from monitor.telling.records import LetterRecord
from monitor.telling.trail import Entry as Step
from monitor.web import Health, Pair

NOW = datetime(2020, 3, 3, 1, 0, tzinfo=UTC)
Entry = tuple[Account, Standing]


def entry(number: int, name: str, verdict: Verdict | None, idle: int | None = None, *, url: str = "", **more: object) -> Entry:
    """Return an account with its standing; `idle` counts days back from `NOW`."""
    fields = {"platform": Platform.WEIBO, "unit": f"{name}主办单位", "region": "石泉县", "code": f"610922M{number:03}XL0001", **more}
    standing = {key: fields.pop(key) for key in ("label", "reason") if key in fields}
    account = Account.model_validate({"id": f"610922M{number:03}XL0001", "name": name, **fields})
    post = None if idle is None else PostMark(id=f"weibo:{number}:1", published_at=NOW - timedelta(days=idle), url=url)
    look = GoodLook(channel="weibo.openapi", at=NOW - timedelta(minutes=number), covers_until=NOW)
    seen = verdict is not Verdict.UNDETERMINED
    left = max(0, 14 - idle) if idle is not None and verdict in (Verdict.QUALIFIED, Verdict.FAILED) else None
    known = {"idle_days": idle, "days_left": left, "last_post": post, "last_good": look if seen else None}
    return account, Standing.model_validate({"account_id": account.id, "verdict": verdict, **known, **standing})


def roster() -> list[Entry]:
    """Return one account of each kind, in no useful order."""
    link = "https://weibo.example/1/Abc"
    return [
        entry(1, "石泉发布", Verdict.QUALIFIED, 0, url=link, label="正常"),
        entry(2, "平利县卫生健康", Verdict.QUALIFIED, 11, platform=Platform.WECHAT, region="平利县", label="预警 · 还有3天到期", url=link),
        entry(3, "汉阴林业", Verdict.QUALIFIED, 8, platform=Platform.DOUYIN, region="汉阴县", label="更新提醒", url=link),
        entry(4, "石泉统计", Verdict.FAILED, 50, label="内容不更新 · 近一个月未更新", reason="已50天未更新(最后更新2020-01-13)", url=link),
        entry(5, "岚皋交警", Verdict.FAILED, None, region="岚皋县", label="无内容", reason="从未发布内容"),
        entry(6, "白河县图书馆", Verdict.FAILED, 14, platform=Platform.WECHAT, region="白河县", label="内容不更新", reason="已14天未更新"),
        entry(7, "镇坪文旅", Verdict.UNDETERMINED, 31, region="镇坪县", label="无法判定", reason="采集授权失效"),
        entry(8, "宁陕农业", Verdict.UNDETERMINED, platform=Platform.DOUYIN, region="宁陕县", label="无法判定", reason="数据源无法访问"),
        entry(9, "旬阳便民服务", None, 40, region="旬阳市", label="服务类", reason="服务类账号不按更新天数判定"),
    ]


@dataclass
class PaperDesk:
    """A desk of paper: it hands out what was laid on it."""

    entries: list[Entry] = field(default_factory=roster)
    wellness: Health = field(default_factory=lambda: Health(alive=True, ready=True))
    laid: Sequence[TaskSheet] = ()
    pairs: Sequence[Pair] = ()
    sent: Sequence[LetterRecord] = ()
    steps: Sequence[Step] = ()
    errands: Errands | None = None
    moment: datetime = NOW
    away: bool = False
    profile_title: str = "国办发〔2018〕123号 · 两周"
    public_url: str = ""
    soon_within: str = "3天"
    channel_titles: Mapping[str, str] = field(default_factory=lambda: {"feed": "订阅源", "weibo.openapi": "微博官方接口"})

    def now(self) -> datetime:
        return self.moment

    async def rows(self) -> list[Entry]:
        if self.away:
            raise StoreAway("gone")
        return self.entries

    async def sheets(self) -> Sequence[TaskSheet]:
        if self.away:
            raise StoreAway("gone")
        return self.laid

    async def pair(self, article_id: str, account_id: str) -> Pair | None:
        if self.away:
            raise StoreAway("gone")
        asked = (article_id, account_id)
        return next((each for each in self.pairs if (each.article.id, each.account.id) == asked), None)

    async def letters(self, search: str, outcome: str, skip: int, limit: int) -> tuple[Sequence[LetterRecord], int]:
        if self.away:
            raise StoreAway("gone")
        found = [each for each in self.sent if search in str(each.subject) and outcome in ("", each.outcome)]
        return found[skip : skip + limit], len(found)

    async def letter(self, number: str) -> tuple[LetterRecord, Sequence[Step]] | None:
        if self.away:
            raise StoreAway("gone")
        return next(((each, self.steps) for each in self.sent if each.number == number), None)

    async def errand(self, token: str) -> Shown:
        if self.errands is None:
            raise BadLink(Flaw.FORGED)
        return await self.errands.look(token, self.moment)

    async def run_errand(self, token: str) -> Done:
        if self.errands is None:
            raise BadLink(Flaw.FORGED)
        return await self.errands.act(token, self.moment)

    async def open_alerts(self) -> int:
        return 6

    async def health(self) -> Health:
        return self.wellness


def metrics() -> tuple[bytes, str]:
    return b"zhengwu_accounts 9\n", "text/plain; version=0.0.4; charset=utf-8"
