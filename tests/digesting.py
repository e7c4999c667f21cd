"""A small city for the tests of digests and reports: invented accounts in every state, what was said of them, what was answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from monitor.life import RECOVERY
from monitor.model import (
    Account,
    Alert,
    Article,
    Contact,
    Finding,
    Firing,
    GoodLook,
    PersonsWord,
    Platform,
    PostMark,
    RepostStanding,
    RepostVerdict,
    Role,
    Severity,
    Stage,
    Standing,
    Step,
    Told,
    Verdict,
    local_date,
    start_of_day,
)
from monitor.reports.cases import Material, Row
from monitor.tasks import sheets
from monitor.telling.mailboxes import Mailbox
from monitor.telling.records import Ask, LetterRecord, Request
from monitor.telling.trail import DAEMON, Act, Entry

NOW = datetime(2020, 3, 3, 0, 30, tzinfo=UTC)
"""A Tuesday, 08:30 in Shanghai."""
DAY = timedelta(days=1)
LINE = 14
OPERATOR = Contact(email="xinxiyuan@nanxi.example", name="王一")
CLERK = Contact(role=Role.CLERK, email="shizhengfu@nanxi.example", name="赵科")
COUNTY = Contact(role=Role.COUNTY, email="dongshan@nanxi.example", name="陈主任")


def account(number: int, name: str, **fields: Any) -> Account:
    code = f"610900M{number:03}XL0001"
    given = {"unit": f"{name}主办单位", "region": "东山县", "contacts": (OPERATOR, COUNTY), "platform": Platform.WEIBO, **fields}
    return Account(id=code, code=code, name=name, **given)


def idle(who: Account, days: int, now: datetime = NOW) -> Row:
    """Return the account silent for so many days, judged by the two-week line."""
    post = PostMark(id=f"weibo:{who.id}:1", published_at=now - days * DAY, url="https://weibo.example/1")
    line_on = local_date(now) + (LINE - days) * DAY
    passes = days < LINE
    said = f"还有{LINE - days}天到期" if LINE - days > 1 else "明日到期"
    label = "正常" if days < 7 else f"预警 · {said}" if passes else "内容不更新"
    reason = "" if passes else f"已{days}天未更新(最后更新{local_date(post.published_at)})"
    known = {"idle_days": days, "days_left": max(0, LINE - days), "line_on": line_on if passes else None, "last_post": post}
    verdict = Verdict.QUALIFIED if passes else Verdict.FAILED
    look = GoodLook(channel="weibo.openapi", at=now - timedelta(minutes=40))
    return who, Standing(account_id=who.id, verdict=verdict, label=label, reason=reason, last_good=look, **known)


def never(who: Account) -> Row:
    return who, Standing(account_id=who.id, verdict=Verdict.FAILED, label="无内容", reason="从未发布内容", days_left=0)


def unclear(who: Account, reason: str = "采集授权失效") -> Row:
    return who, Standing(account_id=who.id, verdict=Verdict.UNDETERMINED, label="无法判定", reason=reason)


def unjudged(who: Account) -> Row:
    return who, Standing(account_id=who.id, verdict=None, label="报备", reason="已报备至2020-06-30")


def alert(who: Account, since: datetime, *, severity: Severity = Severity.ACCUSATION, stage: Stage = Stage.OPEN, **fields: Any) -> Alert:
    """Return the alert of an account that began to fail then."""
    known = {"rule": "idle", "label": "内容不更新", "rung": 4, "evidence": {"since": since.isoformat()}, "message": f"{who.name}未更新"}
    known |= {name: fields.pop(name) for name in ("rule", "label", "rung", "evidence", "article_id", "message") if name in fields}
    finding = Finding(status=Firing.FIRING, subject=who.id, account_id=who.id, severity=severity, **known)
    opened = fields.pop("opened_at", since)
    given = {"last_seen_at": max(since, opened), **fields}
    return Alert(id=f"{finding.key} {round(opened.timestamp() * 1000)}", finding=finding, stage=stage, opened_at=opened, **given)


def ended(who: Account, since: datetime, at: datetime, **fields: Any) -> Alert:
    """Return an accusation that a post ended."""
    evidence = {"since": since.isoformat(), RECOVERY: {"published_at": at.isoformat()}, **fields.pop("evidence", {})}
    return alert(who, since, stage=Stage.RESOLVED, resolved_at=at, evidence=evidence, **fields)


def trouble(message: str, subject: str = "wechat/feed", who: Account | None = None) -> Alert:
    finding = Finding(
        rule="frozen_source",
        status=Firing.FIRING,
        subject=who.id if who else subject,
        account_id=who.id if who else None,
        severity=Severity.TROUBLE,
        rung=1,
        label="采集异常",
        message=message,
    )
    return Alert(id=f"{finding.key} 1", finding=finding, stage=Stage.OPEN, opened_at=NOW - DAY, last_seen_at=NOW)


def told(at: datetime, step: Step = Step.SAID, due: date | None = None) -> dict[str, Told]:
    return {OPERATOR.email: Told(at=at, rung=4, step=step, due=due, letter="a1")}


def step_of(alert: Alert, act: Act, at: datetime, **fields: Any) -> Entry:
    given = {"by": DAEMON, "alert_id": alert.id, "account_id": alert.finding.account_id or "", **fields}
    return Entry(id=f"{alert.id} {act} {at.timestamp()}", at=at, act=act, **given)


def letter(number: str, at: datetime, to: str = OPERATOR.email, **fields: Any) -> LetterRecord:
    given = {"subject": "【内容不更新】", "text": "", "html": "", "about": "accounts", "outcome": "sent", **fields}
    return LetterRecord(number=number, to=to, at=at, **given)


ARTICLE = Article(
    id="2020-07",
    title="南溪市打响沿江排口治理攻坚战",
    source="南溪日报",
    published_at=NOW - 3 * DAY,
    due_at=NOW - 2 * DAY,
)


def task_of(rows: Iterable[tuple[Account, RepostVerdict]], article: Article = ARTICLE) -> tuple[Any, ...]:
    """Return the sheet of one article."""
    listed = list(rows)
    stood = [RepostStanding(article_id=article.id, account_id=who.id, verdict=verdict) for who, verdict in listed]
    return sheets([article], stood, {who.id: who for who, _ in listed})


FRESH = account(1, "南溪统计")
OLD = account(2, "南溪文旅", platform=Platform.WECHAT, region="西河区", contacts=(OPERATOR,), unit="南溪市文化和旅游局")
NEVER = account(3, "东山交警", contacts=(COUNTY,))
SOON = account(4, "东山县卫生健康", platform=Platform.WECHAT)
TOMORROW = account(5, "西河教育", region="西河区", contacts=(OPERATOR,))
UNCLEAR = account(6, "西河农业", platform=Platform.DOUYIN, region="西河区", contacts=(OPERATOR,))
WELL = account(7, "南溪发布", platform=Platform.WECHAT, region="", contacts=(OPERATOR,))
BACK = account(8, "东山林业")
EXEMPT = account(9, "东山图书馆")
ACCOUNTS = (FRESH, OLD, NEVER, SOON, TOMORROW, UNCLEAR, WELL, BACK, EXEMPT)

FRESH_ALERT = alert(FRESH, start_of_day(local_date(NOW)), opened_at=NOW - 7 * DAY)
OLD_ALERT = alert(
    OLD,
    start_of_day(date(2020, 1, 27)),
    told=told(NOW - 8 * DAY, Step.RECTIFY, date(2020, 3, 2)),
    label="内容不更新 · 近一个月未更新",
)
NEVER_ALERT = alert(NEVER, NOW - 20 * DAY, label="无内容", acknowledged=PersonsWord(by="陈主任", at=NOW - 2 * DAY, rung=4))
BACK_ALERT = ended(BACK, NOW - 5 * DAY, NOW - timedelta(hours=10))


def city(**changes: Any) -> Material:
    """Return the material of the small city."""
    rows: Sequence[Row] = [
        *(idle(FRESH, 14), idle(OLD, 50), never(NEVER), idle(SOON, 11), idle(TOMORROW, 13)),
        *(unclear(UNCLEAR), idle(WELL, 0), idle(BACK, 1), unjudged(EXEMPT)),
    ]
    verdicts = [
        *((WELL, RepostVerdict.DONE), (SOON, RepostVerdict.IRREGULAR), (FRESH, RepostVerdict.MISSING)),
        *((OLD, RepostVerdict.MISSING), (BACK, RepostVerdict.UNDETERMINED)),
    ]
    given: dict[str, Any] = {
        "now": NOW,
        "rows": rows,
        "sheets": task_of(verdicts),
        "alerts": [
            *(FRESH_ALERT, OLD_ALERT, NEVER_ALERT, BACK_ALERT),
            alert(UNCLEAR, NOW - DAY, stage=Stage.HELD),
            trouble("微信源（feed）疑似停滞：近72小时内未见任何账号更新，期间不作判定"),
            trouble("抖音无有效数据", who=UNCLEAR),
        ],
        "requests": [Request(NEVER.id, Ask.CLOSURE, COUNTY.email, NOW - DAY)],
        "mailboxes": {OPERATOR.email: Mailbox(OPERATOR.email, refused_at=NOW - DAY, refused_why="550 no such user")},
    }
    return Material(**{**given, **changes})
