"""Builders for the tests of letters: accounts, alerts as the rules word them, notices, and the letter of one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from monitor.alerting import Decision, Notice
from monitor.life import RECOVERY
from monitor.model import Account, Alert, Contact, Finding, Firing, Platform, Role, Severity, Stage, Step
from monitor.notify import letters
from monitor.notify.letters import Words
from monitor.ports import Letter
from monitor.telling.reasons import Why
from monitor.telling.records import Ask

NOW = datetime(2020, 3, 3, 1, 0, tzinfo=UTC)
"""A Tuesday morning, 09:00 in Shanghai."""
CONSOLE = "https://jiance.example/"

OPERATOR = Contact(email="xinxi@shiquan.example", name="王小明")
COUNTY = Contact(email="wang@county.example", name="李文书", role=Role.COUNTY)
SYSADMIN = Contact(email="root@city.example", role=Role.SYSADMIN)

STATISTICS = Account(
    id="610922M001XL0001",
    code="610922M001XL0001",
    platform=Platform.WEIBO,
    name="石泉统计",
    unit="石泉县统计局",
    region="石泉县",
    contacts=(OPERATOR, COUNTY),
)
FUND = Account(id="610900M002WX0001", platform=Platform.WECHAT, name="安康住房公积金")
ACCOUNTS = {account.id: account for account in (STATISTICS, FUND)}


def alert(account: Account | None, message: str, severity: Severity, label: str = "", stage: Stage = Stage.OPEN, **more: Any) -> Alert:
    finding = Finding(
        rule=more.pop("rule", "idle"),
        status=Firing.FIRING,
        subject=account.id if account else more.pop("subject", "微信/feed"),
        account_id=account.id if account else None,
        severity=severity,
        rung=more.pop("rung", 1),
        label=label,
        message=message,
        tells=more.pop("tells", (Role.OPERATOR,)),
        article_id=more.pop("article_id", None),
        evidence=more.pop("evidence", {}),
    )
    return Alert(id=f"{finding.key} {message}", finding=finding, stage=stage, opened_at=NOW, last_seen_at=NOW, **more)


def called(account: Account) -> str:
    return f"“{account.name}”({account.platform.label})"


def stale(account: Account, **evidence: Any) -> Alert:
    """Return an account that has been silent for 50 days."""
    seen = {
        "published_at": "2020-01-13T02:00:00+00:00",
        "post_url": "https://weibo.example/1/Abc",
        "looked_at": "2020-03-03T00:50:00+00:00",
        "channel": "weibo.openapi",
    }
    message = f"{called(account)}已50天未更新(最后更新2020-01-13)"
    return alert(account, message, Severity.ACCUSATION, "内容不更新 · 近一个月未更新", rung=5, evidence=seen | evidence)


def warned(account: Account, **evidence: Any) -> Alert:
    """Return an account with four days left: it fails on 7 March."""
    message = f"{called(account)}已10天未更新，还有4天到期"
    evidence = {"line_on": "2020-03-07", **evidence}
    return alert(account, message, Severity.WARNING, "预警 · 还有4天到期", rung=2, evidence=evidence)


def holiday(account: Account, line_on: str = "2020-04-05") -> Alert:
    """Return an account whose line falls into the holiday of April."""
    span = {"holiday": "清明", "holiday_from": "2020-04-04", "holiday_to": "2020-04-06", "line_on": line_on, "update_by": "2020-04-03"}
    message = f"{called(account)}将在清明假期内（4月5日）满14天未更新，请于4月3日前更新"
    return alert(account, message, Severity.NOTICE, "节前提醒", rule="holiday", tells=(Role.OPERATOR, Role.COUNTY), evidence=span)


def resolved(before: Alert, **proof: Any) -> Alert:
    finding = before.finding.model_copy(update={"evidence": {**before.finding.evidence, RECOVERY: proof}})
    return before.model_copy(update={"stage": Stage.RESOLVED, "finding": finding, "resolved_at": NOW})


def trouble() -> Alert:
    return alert(None, "微信源（feed）疑似停滞，期间不作判定", Severity.TROUBLE, "采集异常", tells=(Role.SYSADMIN,))


def notice(
    *opened: Alert,
    person: Contact = OPERATOR,
    recovered: tuple[Alert, ...] = (),
    standing: tuple[Alert, ...] = (),
    step: Step = Step.SAID,
    due: date | None = None,
    duty: bool = True,
) -> Notice:
    """Return a notice in which everything opened has come as far as `step`."""
    decisions = {each.id: Decision(each, person, Why.NEW, step, due=due) for each in opened}
    return Notice(person, opened, recovered, standing, decisions, duty)


def link(ask: Ask, about: Alert, to: str) -> str:
    """Return a link as long as a signed one."""
    return f"https://jiance.example/do/{ask}-{'x' * 300}"


def written(told: Notice, accounts: dict[str, Account] | None = None, *, links: bool = False, **words: Any) -> Letter:
    words = {"city": "安康市", "console_url": CONSOLE, "link": link if links else None, **words}
    return letters.write(told, ACCOUNTS if accounts is None else accounts, Words(**words), NOW)


def letter(
    *opened: Alert, accounts: dict[str, Account] | None = None, links: bool = False, console_url: str = CONSOLE, **told: Any
) -> Letter:
    return written(notice(*opened, **told), accounts, links=links, console_url=console_url)


def lines(made: Letter) -> list[str]:
    return [line.strip() for line in made.text.splitlines() if line.strip()]
