"""The words of a letter: what heads it, what the reader is asked to do by when, what happens by itself afterwards. Pure.

The ladder of handbook 8: 提醒, 预警, 不合格 (the finding's own label), 整改通知, then 整改逾期未反馈 to the county. Nothing harder is
ever said; a letter tells what was seen, when, and what to do.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.model import SHANGHAI, Alert, Finding, Role, Severity, Step, local_date
from monitor.notify.facts import day, moment, shown
from monitor.telling.records import Ask
from monitor.wording import chinese_minute, month_day
from monitor.workdays import UnknownYear, last_working_day

ONE_DAY = timedelta(days=1)
LABEL_CAP = 20
"""Characters of the word in 【】."""

RECOVERED = "已恢复"
RECTIFY = "整改通知"
OVERDUE = "整改逾期未反馈"
NOTHING_LEFT = "无需办理"
ON_CONSOLE = "一键办理链接仅在邮件中有效"

_FALLBACK_LABEL = {
    Severity.NOTICE: "更新提醒",
    Severity.WARNING: "预警",
    Severity.ACCUSATION: "待整改",
    Severity.TROUBLE: "采集异常",
}
_TONES = {Severity.NOTICE: "mild", Severity.WARNING: "soon", Severity.ACCUSATION: "bad", Severity.TROUBLE: "ours"}
_TROUBLE = "请检查采集渠道；恢复之前不作判定"
_BLIND = "请检查采集渠道，或人工核查该账号；期间不作判定"
_LOOK_BY_HAND = "请人工核查该账号"
_FORM = "按要求规范转载：保留原标题，正文完整，注明来源"


@dataclass(frozen=True, slots=True)
class Asked:
    """One alert as it is put to one reader: in which role, how far telling has gone, the deadline of a 整改通知.

    `then_on`: the day from which on a 整改通知 follows. `stopped`: the roster says that the account is out of use and not closed, which no
    post can mend. `has_county`: there is a county clerk who will hear of a missed deadline.
    """

    alert: Alert
    role: Role
    step: Step = Step.SAID
    due: date | None = None
    then_on: date | None = None
    stopped: bool = False
    has_county: bool = False

    @property
    def finding(self) -> Finding:
        return self.alert.finding

    @property
    def about_us(self) -> bool:
        return self.finding.severity is Severity.TROUBLE

    @property
    def is_task(self) -> bool:
        return self.finding.article_id is not None

    @property
    def of_operator(self) -> bool:
        """Whether it is for an operator to mend, be it by himself or with the county's help."""
        return not self.about_us and (self.role is Role.COUNTY or Role.OPERATOR in self.finding.tells)

    @property
    def please(self) -> str:
        return "请督促" if self.role is Role.COUNTY else "请"


def label(asked: Asked) -> str:
    """Return the word that heads the subject: the step of the ladder, else the first part of the finding's label, else by severity."""
    if asked.finding.severity is Severity.ACCUSATION and asked.step >= Step.RECTIFY:
        return OVERDUE if asked.step is Step.OVERDUE else RECTIFY
    first = "" if asked.about_us else asked.finding.label.partition("·")[0]
    return shown(first, LABEL_CAP) or _FALLBACK_LABEL[asked.finding.severity]


def tone(finding: Finding) -> str:
    """Return the name of its colours in the style sheet."""
    return _TONES[finding.severity]


def to_do(asked: Asked, now: datetime) -> str:
    """Return the third line: what the reader is asked to do, by when where there is a date."""
    if asked.about_us:
        return _BLIND if asked.finding.account_id else _TROUBLE
    if not asked.of_operator:
        return _LOOK_BY_HAND
    if asked.finding.severity is Severity.ACCUSATION:
        return _mend(asked, now)
    return _repost(asked, now) if asked.is_task else _update(asked, now)


def _mend(asked: Asked, now: datetime) -> str:
    please = asked.please
    if asked.due is not None and asked.due < local_date(now):
        unheard = "尚未收到反馈，" if asked.step is Step.OVERDUE else ""
        return f"整改期限{month_day(asked.due)}已过，{unheard}{please}尽快整改并反馈"
    if asked.due is not None:
        return f"{please}于{month_day(asked.due)}前整改并反馈"
    if asked.stopped:
        return f"{please}办理注销；仍在使用的，请联系主管部门更正名册"
    if asked.is_task:
        return f"{please}尽快按要求转载，并注明来源{_then(asked, '转载')}"
    return f"{please}尽快更新{_then(asked, '更新')}；确已停用的账号，{please}申请关停"


def _then(asked: Asked, done: str) -> str:
    return "" if asked.then_on is None else f"，{month_day(asked.then_on)}后仍未{done}的将发整改通知"


def _repost(asked: Asked, now: datetime) -> str:
    if asked.finding.severity is Severity.WARNING:
        return f"{asked.please}核对，并{_FORM}"
    return f"{asked.please}{_repost_by(asked, now)}，并注明来源"


def _repost_by(asked: Asked, now: datetime) -> str:
    due = moment(asked.finding.evidence.get("due_at"))
    if due is None:
        return "于截止时间前按要求转载"
    if due <= now:
        return "尽快按要求转载"
    if local_date(due) == local_date(now):
        return f"于今日{due.astimezone(SHANGHAI):%H:%M}前转载"
    if asked.step is Step.PRESSING:
        return f"于今日下班前转载（截止{chinese_minute(due)}）"
    return f"于{chinese_minute(due)}前转载"


def _update(asked: Asked, now: datetime) -> str:
    today, line = local_date(now), line_on(asked.finding)
    by = _update_by(asked.finding, today)
    if by is None:
        return f"{asked.please}在到期前更新"
    if by < today:
        return f"{asked.please}尽快更新"
    # Only a working day has an end of work: on a Sunday nobody is written to.
    when = "今日下班前" if by == today or asked.step is Step.PRESSING else f"{month_day(by)}前"
    # A look-ahead has said where the line falls, and has one date for several accounts.
    late = "" if line is None or "update_by" in asked.finding.evidence else f"，{_from(line, today)}起超期"
    return f"{asked.please}于{when}更新{late}"


def _update_by(finding: Finding, today: date) -> date | None:
    """Return the last day on which an update comes in time: the evidence's own, else the last day at work before the line.

    A day off stands only where no working day is left before the line, or its calendar is not known.
    """
    line, said = line_on(finding), day(finding.evidence.get("update_by"))
    if said is not None or line is None:
        return said
    try:
        at_work = last_working_day(line - ONE_DAY)
    except UnknownYear:
        return line - ONE_DAY
    return at_work if at_work >= today else line - ONE_DAY


def line_on(finding: Finding) -> date | None:
    """Return the day on which the account fails unless it publishes."""
    return day(finding.evidence.get("line_on"))


def _from(line: date, today: date) -> str:
    return "明日" if line == today + ONE_DAY else month_day(line)


def subject_end(asked: Asked, now: datetime) -> str:
    """Return what a subject says beyond the sentence: a deadline that is new, or is over."""
    if asked.finding.severity is Severity.ACCUSATION and asked.due is not None:
        over = asked.due < local_date(now)
        return f"，整改期限{month_day(asked.due)}已过" if over else f"，请于{month_day(asked.due)}前整改并反馈"
    if asked.step is Step.PRESSING and not asked.is_task and asked.of_operator and "今日下班前" in to_do(asked, now):
        return f"，{asked.please}于今日下班前更新"
    return ""


def clicks(asked: Asked) -> tuple[tuple[Ask, str], ...]:
    """Return what the reader may ask for with one click, and how that is called; nothing where it is not the operator's to mend."""
    if not asked.of_operator or asked.role not in (Role.OPERATOR, Role.COUNTY) or asked.finding.account_id is None:
        return ()
    if asked.stopped:
        return tuple((ask, ask.label) for ask in (Ask.CLOSURE, Ask.RECEIVED))
    if not asked.is_task:
        return tuple((ask, ask.label) for ask in Ask)
    recheck = "已转载，请复查" if asked.finding.severity is not Severity.WARNING else "已更正，请复查"
    return tuple((ask, recheck if ask is Ask.RECHECK else ask.label) for ask in Ask if ask is not Ask.CLOSURE)


def afterwards(asked: Collection[Asked], *, linked: bool) -> list[str]:
    """Return what happens by itself after this letter, a sentence each; `linked` where it has links that act."""
    lines = ["恢复后自动告知，期间不作判定。"] if any(each.about_us for each in asked) else []
    owed = [each for each in asked if each.of_operator]
    if not owed:
        return lines
    done = {_mended_by(each) for each in owed if not each.stopped}
    if done:
        lines.append(f"{'或'.join(word for word in _WAYS if word in done)}后下次采集自动销号，无需回复。")
    if any(each.stopped for each in owed):
        lines.append("停运未注销的账号，名册登记为已注销或在用后自动销号。")
    if any(each.finding.severity in (Severity.NOTICE, Severity.WARNING) and not each.is_task for each in owed):
        lines.append("到期仍未更新的，判为不合格，列入主管部门的监测清单。")
    if any(each.finding.severity is Severity.NOTICE and each.is_task for each in owed):
        lines.append("截止时间后仍未检测到的，列为未转载，列入主管部门的监测清单。")
    if rectified := [each for each in owed if each.step is Step.RECTIFY and each.role is Role.OPERATOR]:
        heard = "将告知县区主管部门" if any(each.has_county for each in rectified) else "将在主管部门的监测清单中注明"
        answer = "点“确认收到”即视为反馈。" if linked else "不能按期整改的，请向主管部门反馈。"
        lines.append(f"期限内未整改也未反馈的，{heard}。{answer}")
    elif linked:
        lines.append("点“确认收到”后，同一情况不再重复来信，情况加重时除外。")
    lines.append("如与实际不符，请将发布链接告知主管部门复核。")
    return lines


_WAYS = ("更新", "转载", "规范转载")


def _mended_by(asked: Asked) -> str:
    if not asked.is_task:
        return "更新"
    return "规范转载" if asked.finding.severity is Severity.WARNING else "转载"
