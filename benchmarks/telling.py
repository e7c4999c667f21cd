"""What telling costs: a digest of five hundred accounts, chosen, worded and rendered."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple

from monitor.model import (
    Account,
    Alert,
    Article,
    Contact,
    Finding,
    Firing,
    GoodLook,
    Platform,
    PostMark,
    RepostStanding,
    RepostVerdict,
    Role,
    Severity,
    Stage,
    Standing,
    Verdict,
)
from monitor.notify.digest_letters import Head, letter
from monitor.reports.cases import Material, Row
from monitor.reports.digests import digest
from monitor.tasks import sheets

NOW = datetime(2026, 3, 4, 0, 30, tzinfo=UTC)
DAY = timedelta(days=1)
ROUNDS = 9
HEAD = Head("南溪市", "国办秘函〔2019〕19号 · 两周", "https://monitor.nanxi.example/")
CLERK = Contact(role=Role.CLERK, email="shizhengfu@nanxi.example", name="赵科")


class DigestCost(NamedTuple):
    """Milliseconds of choosing and of rendering, and the size of the page in KiB."""

    chosen_ms: float
    rendered_ms: float
    page_kib: float


def digest_of_500(failing: int = 500) -> DigestCost:
    """Return what the daily digest of a city costs in which so many accounts fail, besides a hundred near the line."""
    material = made(failing)
    chosen, rendered, size = [], [], 0
    for _ in range(ROUNDS):
        start = time.process_time()
        found = digest(material, NOW - DAY)
        between = time.process_time()
        size = len(letter("daily", found, CLERK, HEAD).html.encode())
        rendered.append(time.process_time() - between)
        chosen.append(between - start)
    return DigestCost(median(chosen) * 1000, median(rendered) * 1000, size / 1024)


def made(failing: int) -> Material:
    """Return a city with so many failing accounts, all new, each with its alert, and ten live key articles that they miss."""
    rows = [_row(number, 14 + number % 200) for number in range(failing)]
    rows += [_row(failing + number, 11 + number % 3) for number in range(100)]
    articles = [_article(number) for number in range(10)]
    accounts = {account.id: account for account, _ in rows}
    owed = [
        RepostStanding(article_id=article.id, account_id=each, verdict=RepostVerdict.MISSING) for article in articles for each in accounts
    ]
    alerts = [_alert(account) for account, standing in rows if standing.verdict is Verdict.FAILED]
    return Material(now=NOW, rows=rows, sheets=sheets(articles, owed, accounts), alerts=alerts)


def _row(number: int, days: int) -> Row:
    code = f"610900M{number:03}WX{number:04}"
    contact = Contact(email=f"xinxiyuan{number}@nanxi.example", name="王一")
    account = Account(
        id=code,
        code=code,
        platform=Platform.WECHAT,
        name=f"南溪市第{number}号政务发布",
        unit=f"南溪市第{number}号行政管理局办公室",
        region="东山县",
        contacts=(contact,),
    )
    post = PostMark(id=f"wechat:{number}:1", published_at=NOW - days * DAY, url=f"https://mp.example/{number}")
    failed = days >= 14
    standing = Standing(
        account_id=code,
        verdict=Verdict.FAILED if failed else Verdict.QUALIFIED,
        label="内容不更新 · 近一个月未更新" if failed else f"预警 · 还有{14 - days}天到期",
        reason=f"已{days}天未更新(最后更新2026-01-01)" if failed else "",
        idle_days=days,
        days_left=max(0, 14 - days),
        last_post=post,
        last_good=GoodLook(channel="wechat.openapi", at=NOW - timedelta(minutes=20)),
    )
    return account, standing


def _alert(account: Account) -> Alert:
    since = NOW - timedelta(hours=8)
    finding = Finding(
        rule="idle",
        status=Firing.FIRING,
        subject=account.id,
        account_id=account.id,
        severity=Severity.ACCUSATION,
        rung=4,
        label="内容不更新 · 近一个月未更新",
        evidence={"since": since.isoformat()},
    )
    return Alert(id=f"{finding.key} 1", finding=finding, stage=Stage.OPEN, opened_at=since, last_seen_at=since)


def _article(number: int) -> Article:
    title = f"南溪市第{number}次全体会议强调抓好年度重点工作落实"
    return Article(id=f"2026-{number}", title=title, published_at=NOW - 3 * DAY, due_at=NOW - 2 * DAY)
