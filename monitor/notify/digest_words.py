"""The words of a digest, section by section, worst first; what has nothing to say is left out. Pure.

It says what was seen, when, and what was done about it; names come from platforms and rosters and are shown as plain text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from monitor.inspection import accused_at
from monitor.model import Account, Alert, RepostVerdict, Severity, local_date
from monitor.notify.facts import moment
from monitor.notify.paper import Line, Section, Tone, capped
from monitor.reports.cases import Case, Mended, Overdue, Unreachable
from monitor.reports.digests import Digest
from monitor.reports.leading import reasons
from monitor.tasks import RepostRates, TaskSheet, missing_by_unit
from monitor.telling.records import Ask
from monitor.urgency import is_feared
from monitor.wording import (
    NAME_CAP,
    REASON_CAP,
    account_title,
    chinese_day,
    chinese_minute,
    minute,
    month_day,
    plain,
    published,
    web_link,
)

FAILED_CAP, FRESH_CAP, SOON_CAP, UNDETERMINED_CAP, OTHER_CAP = 80, 40, 40, 40, 20
"""Lines of a section: what a person reads in one go; a mail of all of them stays far below what mail programs cut off."""
TASK_CAP, UNIT_CAP, NAMES_CAP = 10, 10, 4
"""Key articles told of, units of one that are named, accounts of one unit."""
REASON_KINDS = 8
TITLE_CAP = 60
TROUBLE_CAP = 200
"""Characters of what is wrong with a source: its name alone may have eighty, and what it means stands at the end."""


def when(moment: datetime) -> str:
    """Return the day of a moment within a digest, whose year is the digest's."""
    return month_day(local_date(moment))


def console_of(account: Account, console: str) -> str:
    """Return the address of the console's list with this account alone, "" without a console."""
    return web_link(f"{console.rstrip('/')}/?q={quote(plain(account.code or account.id, NAME_CAP))}") if console else ""


def sections_of(digest: Digest, console: str, within: str) -> list[Section]:
    """Return the parts of a city clerk's digest."""
    parts = [
        fresh(digest, console),
        failed(digest, console),
        soon(digest, console, within),
        undetermined(digest, console),
        *tasks(digest.tasks, digest.now),
        overdue(digest, console),
        mended(digest.mended, console),
        held(digest),
        troubles(digest),
        requests(digest, console),
        unreachable(digest.unreachable, console),
    ]
    return [part for part in parts if part is not None]


# -- accounts ---------------------------------------------------------------------------------------------------------------


def fresh(digest: Digest, console: str) -> Section | None:
    """Return who is new among the failing; None where that is nobody, or everybody, which the next section then says."""
    new = digest.fresh
    if not new or len(new) == len(digest.failed):
        return None
    lines = [Line(headline(case), tone="bad", link=console_of(case.account, console)) for case in new[:FRESH_CAP]]
    return capped(f"新增不合格 {len(new)} 个", lines, FRESH_CAP, total=len(new))


def failed(digest: Digest, console: str) -> Section | None:
    if not digest.failed:
        return None
    everyone = len(digest.fresh) == len(digest.failed)
    lines = [failed_line(case, console, new=case.fresh and not everyone) for case in digest.failed[:FAILED_CAP]]
    title = f"不合格 {len(digest.failed)} 个（{'均为新增，' if everyone else ''}未更新时间长的在前）"
    return capped(title, lines, FAILED_CAP, total=len(digest.failed))


def headline(case: Case) -> str:
    """Return which account and what was seen of it."""
    said = plain(case.standing.reason, REASON_CAP) or plain(case.standing.label, REASON_CAP)
    return f"{account_title(case.account)} {said}"


def failed_line(case: Case, console: str, *, new: bool = False) -> Line:
    label = plain(case.standing.label, REASON_CAP)
    below = (whose(case.account), _joined(label, _since(case.alert)), clocks(case))
    return Line(
        headline(case),
        below=tuple(part for part in below if part),
        marks=tuple(part for part in ("新增" if new else "", *answers(case)) if part),
        tone="bad",
        link=console_of(case.account, console),
    )


def _since(alert: Alert | None) -> str:
    """Return when the line was crossed, as far as that is known, and when we found it, where that was later."""
    if alert is None or alert.finding.severity is not Severity.ACCUSATION:
        return ""
    found, crossed = local_date(accused_at(alert)), moment(alert.finding.evidence.get("since"))
    if crossed is None:
        return f"{month_day(found)}发现"
    day = local_date(crossed)
    began = f"{month_day(day) if day.year == found.year else chinese_day(day)}起超期"
    return began if day >= found else f"{began}，{month_day(found)}发现"


def whose(account: Account) -> str:
    return "，".join(part for part in (plain(account.region, NAME_CAP), plain(account.unit, NAME_CAP)) if part)


def clocks(case: Case) -> str:
    """Return both clocks: their last update, our last good look."""
    post, look = case.standing.last_post, case.standing.last_good
    updated = f"最后更新 {published(post)}" if post else ""
    return _joined(updated, f"最近有效采集 {minute(look.at)}" if look else "尚无有效采集")


def answers(case: Case) -> list[str]:
    """Return what was done about it: told, answered, silenced, asked for, and how a 整改通知 stands."""
    told = f"{when(case.told)}已告知" if case.told else "尚未告知"
    unread = "" if case.reachable else "信息员邮箱缺失或无法送达"
    due = "" if case.due is None else f"整改期限{month_day(case.due)}" + ("已过，未反馈" if case.overdue else "")
    asked = [f"{when(each.at)}{_asked(each.kind)}" for each in case.asked]
    answered = f"{when(case.answered)}确认收到" if case.answered else ""
    silenced = f"静默至{when(case.silenced)}" if case.silenced else ""
    return [part for part in (told, unread, due, answered, *asked, silenced) if part]


def _asked(kind: Ask) -> str:
    return {Ask.RECHECK: "请求复查", Ask.RECEIVED: "确认收到"}.get(kind, kind.label)


def soon(digest: Digest, console: str, within: str) -> Section | None:
    lines = [soon_line(case, console) for case in digest.soon[:SOON_CAP]]
    feared = sum(is_feared(case.standing) for case in digest.soon)
    notes = (f"其中 {feared} 个目前看不全或采集中断，可能已经更新，请人工核查；到期时仍无法确认的，转为无法判定。",) if feared else ()
    return capped(f"{within}内将超期 {len(digest.soon)} 个", lines, SOON_CAP, notes=notes, total=len(digest.soon)) if lines else None


def soon_line(case: Case, console: str) -> Line:
    below = tuple(part for part in (whose(case.account), clocks(case)) if part)
    tone: Tone = "ours" if is_feared(case.standing) else "soon"
    return Line(near_the_line(case), below, tuple(answers(case)), tone, console_of(case.account, console))


def near_the_line(case: Case) -> str:
    """Return which account and when its line is; where that is feared but not proven, what is missing for the proof."""
    standing = case.standing
    said = plain(standing.reason, REASON_CAP) or plain(standing.label, REASON_CAP)
    ending = "到期，是否更新待核查" if is_feared(standing) else "起超期"
    line = f"{month_day(standing.line_on)}{ending}" if standing.line_on else ""
    return f"{account_title(case.account)} {_joined(said, line, between='，')}"


def undetermined(digest: Digest, console: str) -> Section | None:
    """Return the list for a check by hand, with how many there are of each reason."""
    cases = digest.undetermined
    kinds = [f"{plain(reason, REASON_CAP) or '原因不明'} {count} 个" for reason, count in list(reasons(digest).items())[:REASON_KINDS]]
    lines = [_undetermined_line(case, console) for case in cases[:UNDETERMINED_CAP]]
    notes = (f"请人工核查，不计为不合格。{'；'.join(kinds)}",)
    return capped(f"无法判定 {len(cases)} 个", lines, UNDETERMINED_CAP, notes=notes, total=len(cases)) if cases else None


def _undetermined_line(case: Case, console: str) -> Line:
    reason = plain(case.standing.reason, REASON_CAP) or "原因不明"
    below = tuple(part for part in (whose(case.account), clocks(case)) if part)
    return Line(f"{account_title(case.account)} {reason}", below, tone="ours", link=console_of(case.account, console))


def mended(items: Sequence[Mended], console: str) -> Section | None:
    lines = [Line(_mended(each), tone="well", link=console_of(each.account, console)) for each in items[:OTHER_CAP]]
    return capped(f"已恢复 {len(items)} 个", lines, OTHER_CAP, total=len(items)) if items else None


def _mended(item: Mended) -> str:
    finding, at = item.alert.finding, when(item.alert.resolved_at or item.alert.last_seen_at)
    done = f"已转载{_article(item.alert)}" if finding.article_id else "已更新"
    return f"{account_title(item.account)} {done}，{at}销号"


# -- key articles -----------------------------------------------------------------------------------------------------------


def tasks(sheets: Sequence[TaskSheet], now: datetime) -> list[Section]:
    """Return one section of all live key articles: deadline, both rates with their base, and who is missing, by unit."""
    if not sheets:
        return []
    lines = [task_line(sheet, now) for sheet in sheets[:TASK_CAP]]
    return [capped(f"重要信息转载 {len(sheets)} 篇", lines, TASK_CAP, total=len(sheets))]


def task_line(sheet: TaskSheet, now: datetime) -> Line:
    article, missing = sheet.article, sheet.rates.counts[RepostVerdict.MISSING]
    over = article.due_at <= now
    below = [f"{'已截止' if over else '截止'} {minute(article.due_at)}", rates(sheet.rates)]
    units = missing_by_unit(sheet)
    below += [f"未转载：{_unit(name, [row.account for row in rows])}" for name, rows in units[:UNIT_CAP]]
    below += [f"另有 {len(units) - UNIT_CAP} 个单位未转载"] if len(units) > UNIT_CAP else []
    marks = (f"未转载 {missing} 个",) if missing else ()
    return Line(f"《{plain(article.title, TITLE_CAP)}》", tuple(below), marks, "bad" if missing else "")


def overdue(digest: Digest, console: str) -> Section | None:
    """Return the missing reposts whose 整改通知 nobody answered in time; overdue updates stand beside their accounts."""
    lines = [_overdue(each, console) for each in digest.overdue[:OTHER_CAP]]
    return capped(f"转载整改逾期未反馈 {len(digest.overdue)} 个", lines, OTHER_CAP, total=len(digest.overdue)) if lines else None


def _overdue(each: Overdue, console: str) -> Line:
    said = f"{account_title(each.account)} 未转载{_article(each.alert)}"
    below = (whose(each.account), f"整改期限{month_day(each.due)}已过，未反馈")
    return Line(said, tuple(part for part in below if part), tone="bad", link=console_of(each.account, console))


def _article(alert: Alert) -> str:
    title = plain(str(alert.finding.evidence.get("article_title") or ""), TITLE_CAP)
    return f"《{title}》" if title else "重要信息"


def _unit(name: str, accounts: Sequence[Account]) -> str:
    named = "、".join(account_title(account) for account in accounts[:NAMES_CAP])
    return f"{plain(name, NAME_CAP)}（{named}{f' 等{len(accounts)}个' if len(accounts) > NAMES_CAP else ''}）"


def rates(found: RepostRates) -> str:
    """Return both rates with their base; what cannot be told, or not yet, stands beside it."""
    doubtful, later = found.counts[RepostVerdict.UNDETERMINED], found.counts[RepostVerdict.NOT_YET]
    beside = (f"，无法判定 {doubtful} 个" if doubtful else "") + (f"，未到期 {later} 个" if later else "")
    if found.reposted is None:
        return f"受众 {found.audience} 个{beside}，暂无转载率"
    return f"转载率 {found.reposted}%，规范转载率 {found.in_order}%（基数 {found.base}{beside}）"


# -- what is the city's ----------------------------------------------------------------------------------------------------


def held(digest: Digest) -> Section | None:
    """Return how many accusations wait for a person, without naming anybody, and how to let them pass."""
    lines = [
        Line(
            f"{platform.label}：{count} 个账号在同一轮新判为不合格，已暂扣，未列入以上名单",
            below=(f"请先确认数据来源无误，再放行：daemon.py release {platform.label}",),
            tone="ours",
        )
        for platform, count in digest.held.items()
    ]
    return Section("暂扣待核实", lines=tuple(lines)) if lines else None


def troubles(digest: Digest) -> Section | None:
    lines = [_trouble(alert) for alert in digest.troubles[:OTHER_CAP]]
    if digest.blind:
        lines.append(Line(f"{digest.blind} 个账号采集中断，期间不作判定", tone="ours"))
    if digest.no_calendar:
        lines.append(Line(f"缺少{digest.no_calendar}年工作日历：该年各日均按工作日处理，节前提醒暂缺，请更新软件", tone="ours"))
    return capped("采集与系统", lines, OTHER_CAP + 2) if lines else None


def _trouble(alert: Alert) -> Line:
    said = plain(alert.finding.message, TROUBLE_CAP) or plain(alert.finding.label, REASON_CAP)
    return Line(said, below=(f"自{minute(alert.opened_at)}",), tone="ours")


def requests(digest: Digest, console: str) -> Section | None:
    lines = [
        Line(
            f"{account_title(account)} {each.kind.label}",
            below=tuple(part for part in (whose(account), f"{chinese_minute(each.at)}提出") if part),
            link=console_of(account, console),
        )
        for account, each in digest.requests[:OTHER_CAP]
    ]
    return capped(f"待办申请 {len(digest.requests)} 件", lines, OTHER_CAP, total=len(digest.requests)) if lines else None


def unreachable(found: Sequence[Unreachable], console: str, *, named: bool = True) -> Section | None:
    """Return the addresses that take no letters; `named` false keeps the addresses themselves out of it."""
    lines = [_unreachable(each, console, named) for each in found[:OTHER_CAP]]
    notes = ("请在名册中更正联系人邮箱。",)
    return capped(f"无法送达的地址 {len(found)} 个", lines, OTHER_CAP, notes=notes, total=len(found)) if lines else None


def _unreachable(each: Unreachable, console: str, named: bool) -> Line:
    accounts = "、".join(account_title(account) for account in each.accounts[:NAMES_CAP])
    several = f" 等{len(each.accounts)}个账号" if len(each.accounts) > NAMES_CAP else ""
    if not named:
        return Line(f"{accounts}{several} 的联系人邮箱无法送达", link=console_of(each.accounts[0], console))
    since = f"自{minute(each.box.refused_at)}" if each.box.refused_at else ""
    below = (f"{accounts}{several}", _joined(since, plain(each.box.refused_why, REASON_CAP)))
    return Line(plain(each.box.address, NAME_CAP), tuple(part for part in below if part))


def _joined(*parts: str, between: str = "　") -> str:
    return between.join(part for part in parts if part)

