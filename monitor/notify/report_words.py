"""The words of the monthly burden meter and of the leader's page. Pure.

The meter ranks nobody; what might be closed is offered, never demanded. The leader's page names five accounts at most.
"""

from __future__ import annotations

from datetime import datetime

from monitor.model import local_date
from monitor.notify import digest_words as words
from monitor.notify.digest_letters import SYSTEM, Head, took
from monitor.notify.paper import Figure, Line, Paper, Section, Table, capped
from monitor.reports.burden import LAPSES, SILENT_DAYS, Burden, Closure, Load
from monitor.reports.leading import NAMES, REASONS, Leading
from monitor.wording import NAME_CAP, REASON_CAP, account_title, chinese_day, minute, month_day, plain

UNITS_CAP = 1_000
"""Units in the table: a province's; a city has some hundred."""
CLOSURES_CAP = 100
NONE = "—"
_COLUMNS = ("单位", "账号", "来信", "单日最多", "销号", "中位用时", "再次出现", "申请")


# -- the burden meter ----------------------------------------------------------------------------------------------------------


def burden_paper(burden: Burden, head: Head, now: datetime) -> Paper:
    """Return the meter laid out, units in the order of their codes."""
    month = f"{burden.month.year}年{burden.month.number}月"
    most = max((unit.most_a_day for unit in burden.units), default=0)
    return Paper(
        subject=f"【月报】{SYSTEM} {burden.month}：提醒邮件{burden.letters} 涉及单位{len(burden.units)} 建议关停{len(burden.closures)}",
        title=f"{plain(head.city, NAME_CAP)}政务新媒体提醒负担统计",
        date=month,
        figures=(
            Figure("提醒邮件", str(burden.letters)),
            Figure("收信地址", str(burden.readers)),
            Figure("已销号", str(burden.mended), "well"),
            Figure("中位用时", took(burden.typical) if burden.typical is not None else NONE),
        ),
        lead=tuple(_burden_lead(burden, most)),
        sections=tuple(section for section in (_units(burden), _closures(burden, head)) if section is not None),
        foot=(f"统计于 {minute(now)}，依据办理记录（留痕）与发信记录。本表按单位代码排列，不作排名。",),
        console=head.link,
    )


def _burden_lead(burden: Burden, most: int) -> list[str]:
    lines = [f"{burden.untroubled} 个单位当月未收到提醒。"] if burden.untroubled else []
    if most:
        lines.append(f"同一地址一天最多收到 {most} 封关于账号的邮件。")
    return [*lines, "一封邮件涉及多个单位的，各单位分别计一封，合计不重复计。"]


def _units(burden: Burden) -> Section | None:
    rows = tuple(_unit(unit) for unit in burden.units[:UNITS_CAP])
    title = f"各单位情况（{len(burden.units)} 个，按代码排列）"
    return Section(title, table=Table(_COLUMNS, rows), more=max(0, len(burden.units) - UNITS_CAP)) if rows else None


def _unit(unit: Load) -> tuple[str, ...]:
    figures = (unit.accounts, unit.letters, unit.most_a_day, unit.mended)
    typical = took(unit.typical) if unit.typical is not None else NONE
    return (plain(unit.unit, NAME_CAP), *map(str, figures), typical, str(unit.reopened), str(unit.asked))


def _closures(burden: Burden, head: Head) -> Section | None:
    lines = [_closure(each, head.link) for each in burden.closures[:CLOSURES_CAP]]
    notes = ("以下账号维护困难，可考虑与主办单位商议关停或合并；是否关停由人工决定。",)
    return capped(f"建议关停 {len(burden.closures)} 个", lines, CLOSURES_CAP, notes=notes, total=len(burden.closures)) if lines else None


def _closure(each: Closure, console: str) -> Line:
    often = f"近12个月 {each.lapses} 次不合格（{LAPSES} 次及以上列出）" if each.lapses >= LAPSES else ""
    since = chinese_day(each.silent_since) if each.silent_since else ""
    said = f"自{since}发现从未发布内容" if each.never else f"最后更新{since}"
    silent = f"{said}，超过{SILENT_DAYS}天，未收到反馈" if since else ""
    why = "；".join(part for part in (often, silent) if part)
    below = tuple(part for part in (words.whose(each.account), why) if part)
    return Line(account_title(each.account), below, link=words.console_of(each.account, console))


# -- the leader's page ---------------------------------------------------------------------------------------------------------


def leading_paper(page: Leading, head: Head, now: datetime) -> Paper:
    """Return the page laid out, short enough for one sheet of A4."""
    tally, rate = page.tally, page.tally.rate
    shown = f"{rate}%" if rate is not None else NONE
    return Paper(
        subject=f"【专报】{SYSTEM} {local_date(now).isoformat()}：合格率{shown}（基数{tally.base}）",
        title=f"{plain(head.city, NAME_CAP)}政务新媒体运行情况",
        date=chinese_day(local_date(now)),
        figures=(
            Figure("合格率", shown, "well"),
            Figure("合格", str(tally.qualified), "well"),
            Figure("不合格", str(tally.failed), "bad"),
            Figure("无法判定", str(tally.undetermined), "ours"),
        ),
        lead=(
            f"截至 {minute(now)}，判定账号 {tally.judged} 个；合格率以 {tally.base} 个为基数，无法判定不计入。{_profile(head)}",
            _change(page),
        ),
        sections=tuple(section for section in (_platforms(page), _names(page), _doing(page), _doubtful(page)) if section is not None),
        foot=("名单经复核前仅供内部掌握。",),
    )


def _profile(head: Head) -> str:
    return f"判定口径：{plain(head.profile, NAME_CAP)}。" if head.profile else ""


def _change(page: Leading) -> str:
    """Return the change against last quarter's end in the words of a bulletin, with both figures and both bases."""
    end, then, change = chinese_day(page.quarter_end), page.then, page.change
    if then is None or then.rate is None or change is None:
        return f"与上季度末（{end}）相比：当时尚无可比数据。"
    words_of_change = "持平" if not change else f"{'提高' if change > 0 else '下降'}{abs(change)}个百分点"
    base = "" if then.base == page.tally.base else f"，基数由{then.base}变为{page.tally.base}"
    return f"较上季度末（{end}，{then.rate}%，基数 {then.base}）{words_of_change}{base}；上季度末按现行口径和名册重新判定。"


def _platforms(page: Leading) -> Section | None:
    rows = tuple(
        (each.label, f"{tally.rate}%" if tally.rate is not None else NONE, str(tally.base), str(tally.failed), str(tally.undetermined))
        for each, tally in page.platforms
    )
    return Section("各平台合格率", table=Table(("平台", "合格率", "基数", "不合格", "无法判定"), rows)) if rows else None


def _names(page: Leading) -> Section | None:
    total = page.tally.failed
    lines = tuple(Line(words.headline(case), (words.whose(case.account),), tone="bad") for case in page.names)
    title = f"未更新时间最长的账号（不合格共 {total} 个，列 {len(lines)} 个）"
    return Section(title, lines=lines[:NAMES]) if lines else None


def _doing(page: Leading) -> Section | None:
    doing, total = page.doing, page.tally.failed
    if not total:
        return None
    due = f"，最近期限{month_day(doing.next_due)}" if doing.next_due else ""
    figures = [
        (f"已告知信息员或县区 {doing.told} 个", True),
        (f"已确认收到 {doing.answered} 个", doing.answered > 0),
        (f"已发整改通知、期限未到 {doing.rectifying} 个{due}", doing.rectifying > 0),
        (f"整改期限已过、尚未反馈 {doing.overdue} 个", doing.overdue > 0),
        (f"已申请报备、关停或复查 {doing.asked} 个", doing.asked > 0),
    ]
    return Section(f"办理情况（不合格 {total} 个）", lines=tuple(Line(text) for text, said in figures if said))


def _doubtful(page: Leading) -> Section | None:
    if not page.tally.undetermined:
        return None
    named = "；".join(f"{plain(reason, REASON_CAP) or '原因不明'} {count} 个" for reason, count in page.reasons[:REASONS])
    rest = sum(count for _, count in page.reasons[REASONS:])
    note = f"{named}{f'；其他 {rest} 个' if rest else ''}。需人工核查，不计为不合格。"
    return Section(f"无法判定 {page.tally.undetermined} 个", lines=(Line(note, tone="ours"),))
