"""What `status alerts` and `status trail` print: who was told of what, who waits for what and why, and every step on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

import orjson
from rich.console import Console
from rich.table import Table

from monitor import alerting
from monitor.alerting import Decision
from monitor.app import App
from monitor.cli.listing import csv_text, escaped
from monitor.model import Account, Alert, Role, Severity, Stage
from monitor.telling.marks import address
from monitor.telling.posting import candidates_in, read_desk
from monitor.telling.trail import Entry
from monitor.wording import account_title, minute, plain

ROLES = {Role.OPERATOR: "信息员", Role.COUNTY: "县区", Role.CLERK: "市级", Role.SYSADMIN: "运维"}
STAGES = {Stage.PENDING: "待核对", Stage.HELD: "暂扣", Stage.OPEN: "未销号", Stage.RESOLVED: "已销号"}
TRAIL_SHOWN = 200
"""Steps printed where nobody asks for more."""


@dataclass(frozen=True, slots=True)
class Line:
    """One person and one alert, in words."""

    account: str
    code: str
    problem: str
    stage: str
    since: str
    role: str
    address: str
    told: str
    why: str
    until: str


async def show_alerts(app: App, everything: bool, format: str, out: Console) -> int:
    """Print for each alert whom it concerns, when they were told, and why a letter goes out or waits; without `everything` living ones."""
    now = app.clock.now()
    desk = await read_desk(app.store, now, app.outgoing.readers)
    waiting = await app.store.alerts([Stage.PENDING, Stage.HELD])
    alerts = [*({each.id: each for each in waiting} | desk.alerts).values()]
    accounts = {**desk.accounts, **{each.id: each for each in await app.store.accounts({a.finding.account_id or "" for a in waiting})}}
    people = candidates_in(accounts, app.outgoing.readers)
    decisions = alerting.decide(alerts, people, desk.boxes, desk.silences, app.outgoing.wishes, now)
    chosen = [each for each in decisions if everything or each.alert.stage is not Stage.RESOLVED or each.why.waits or each.why.sends]
    read = {each.alert.id for each in decisions}
    unread = [alert for alert in alerts if alert.stage is not Stage.RESOLVED and alert.id not in read]
    lines = [_unread(each, accounts) for each in sorted(unread, key=alerting.gravity)]
    lines += [_line(each, accounts) for each in sorted(chosen, key=lambda each: (*alerting.gravity(each.alert), each.person.email))]
    _write(lines, format, out)
    return 0


NOBODY = "无人可告知：没有联系人，或该角色未设置"
"""An alert that concerns nobody whose address is known stands first: no letter will ever tell of it."""


def _unread(alert: Alert, accounts: Mapping[str, Account]) -> Line:
    ours = alert.finding.severity is Severity.TROUBLE
    return _worded(alert, accounts, role="运维" if ours else "信息员", address="", told="", why=NOBODY, until="")


def _line(decision: Decision, accounts: Mapping[str, Account]) -> Line:
    mark = decision.alert.told.get(address(decision.person.email))
    return _worded(
        decision.alert,
        accounts,
        role=ROLES[decision.person.role],
        address=plain(decision.person.email, 80),
        told=minute(mark.at) if mark else "",
        why=decision.why.label,
        until=minute(decision.until) if decision.until else "",
    )


def _worded(alert: Alert, accounts: Mapping[str, Account], **known: str) -> Line:
    account = accounts.get(alert.finding.account_id or "")
    return Line(
        account=account_title(account) if account else plain(alert.finding.subject, 60),
        code=plain(account.code, 60) if account else "",
        problem=plain(alert.finding.label or alert.finding.message, 60),
        stage=STAGES[alert.stage],
        since=minute(alert.opened_at),
        **known,
    )


TITLES = ("账号", "标识码", "问题", "状态", "发现", "角色", "地址", "已告知", "处置与原因", "等待至")


def _write(lines: Sequence[Line], format: str, out: Console) -> None:
    if format == "json":
        out.file.write(orjson.dumps([asdict(line) for line in lines], option=orjson.OPT_INDENT_2).decode() + "\n")
    elif format == "csv":
        out.file.write(csv_text(TITLES, [tuple(asdict(line).values()) for line in lines]))
    elif not lines:
        out.print("没有未销号的提醒。", markup=False)
    else:
        out.print(_table(lines))


def _table(lines: Iterable[Line]) -> Table:
    table = Table(title="提醒与告知", title_justify="left")
    for title in TITLES:
        table.add_column(title, overflow="fold")
    for line in lines:
        table.add_row(*(escaped(cell) for cell in asdict(line).values()))
    return table


async def show_trail(app: App, account: Account | None, days: int, out: Console) -> int:
    """Print the audit log, newest first, of one account or of all."""
    since = app.clock.now() - timedelta(days=days)
    entries = await app.store.correspondence.trail(account.id if account else "", since, limit=TRAIL_SHOWN + 1)
    if not entries:
        out.print(f"最近 {days} 天没有记录。", markup=False)
        return 0
    names = {each.id: account_title(each) for each in await app.store.accounts({entry.account_id for entry in entries if entry.account_id})}
    out.print(_trail_table(entries[:TRAIL_SHOWN], names))
    if len(entries) > TRAIL_SHOWN:
        out.print(f"（只列出最近 {TRAIL_SHOWN} 条，更早的请减小 --days 或指定账号）", markup=False)
    return 0


def _trail_table(entries: Iterable[Entry], names: Mapping[str, str]) -> Table:
    table = Table(title="办理记录（留痕）", title_justify="left")
    for title in ("时间", "动作", "经手", "账号", "说明"):
        table.add_column(title, overflow="fold", no_wrap=title == "时间")
    for entry in entries:
        account = names.get(entry.account_id, entry.account_id)
        cells = (minute(entry.at), entry.act.label, plain(entry.by, 80), plain(account, 80), plain(entry.reason, 200))
        table.add_row(*(escaped(cell) for cell in cells))
    return table
