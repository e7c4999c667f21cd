"""A digest becomes a letter: subject, plain text and page, in the wording of handbook section 8. Pure.

The city clerk reads of the whole city, a county clerk of the accounts that name that address and of nothing else. Numbers are those of
the console: 正常 + 超期 + 无法判定 are all judged accounts, 将超期 is part of 正常.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import orjson

from monitor.model import Contact, Standing, local_date
from monitor.notify import digest_words as words
from monitor.notify.paper import Figure, Line, Paper, Section, as_page, as_text, capped
from monitor.ports import Letter, ListName
from monitor.reports.courses import Ahead, Course, Week
from monitor.reports.digests import Digest
from monitor.tasks import TaskSheet
from monitor.telling.marks import address
from monitor.urgency import SOON_DAYS, is_feared
from monitor.wording import NAME_CAP, REASON_CAP, account_title, chinese_day, last_update, minute, month_day, plain, web_link

Kind = Literal["daily", "weekly"]
KIND_NAMES = {"daily": "日报", "weekly": "周报"}
SYSTEM = "政务新媒体监测"
REGIONS_NAMED = 2
SHORT_CAP = 400
"""Characters for a group robot: what is read without unfolding."""
SHORT_LINES = 5
PASTE_CAP = 40
"""Accounts in the text for a work group."""

FOOT = (
    "账号更新或补转后，下次采集自动销号。无法判定的不计为不合格，请人工核查。",
    "名单仅供核对与督促，如与实际不符，请将发布链接告知，经复核后更正。",
)


@dataclass(frozen=True, slots=True)
class Head:
    """What stands on every paper of this city: its name, the profile in force, the console's address, within what 将超期 is."""

    city: str = ""
    profile: str = ""
    console: str = ""
    within: str = f"{SOON_DAYS}天"

    @property
    def link(self) -> str:
        return web_link(self.console)


def number(kind: str, period: str, email: str) -> str:
    """Return 32 hex digits: a digest of one kind, period and address is always the same letter."""
    return hashlib.sha256(orjson.dumps(["digest", kind, period, address(email)])).hexdigest()[:32]


def period(now: datetime) -> str:
    """Return the day that a digest is of: a weekly one that a holiday put off may go out in the same week as the next."""
    return local_date(now).isoformat()


def letter(kind: Kind, digest: Digest, to: Contact, head: Head, week: Week | None = None) -> Letter:
    """Return the digest as a letter to this person."""
    name = plain(to.name, NAME_CAP)
    paper = paper_of(kind, digest, head, week, f"{name}，您好：" if name else "您好：")
    page = as_page(paper)
    return Letter(
        to=to.email.strip(),
        number=number(kind, period(digest.now), to.email),
        subject=paper.subject,
        text=as_text(paper),
        html=page,
        to_name=name,
        about=ListName.DIGEST,
        short=short(digest, paper.subject, head),
        kept=page,
    )


def short(digest: Digest, subject: str, head: Head) -> str:
    """Return the same in a few plain lines."""
    first = digest.soon if digest.county else digest.failed
    said = [words.near_the_line(case) if digest.county else words.headline(case) for case in first[:SHORT_LINES]]
    more = [f"另有 {len(first) - SHORT_LINES} 个"] if len(first) > SHORT_LINES else []
    lines = [subject, *said, *more, *([head.link] if head.link else [])]
    while len("\n".join(lines)) > SHORT_CAP and len(lines) > 1:
        del lines[-1]
    return "\n".join(lines)[:SHORT_CAP]


def paper_of(kind: Kind, digest: Digest, head: Head, week: Week | None = None, greeting: str = "") -> Paper:
    """Return the digest laid out; a weekly one begins with the course of the week."""
    parts = _county_sections(digest, head) if digest.county else words.sections_of(digest, head.link, head.within)
    course = _week_sections(week, digest, head.link) if week else []
    return Paper(
        subject=subject(kind, digest),
        title=_title(kind, digest, head),
        date=chinese_day(local_date(digest.now)),
        figures=_figures(digest),
        lead=tuple(_lead(digest, head)),
        sections=(*(parts[:1] if digest.county else ()), *course, *(parts[1:] if digest.county else parts)),
        foot=(*FOOT, f"本期收录自{minute(digest.since)}以来的变化。"),
        greeting=greeting,
        console=head.link,
    )


def subject(kind: Kind, digest: Digest) -> str:
    """Return the subject of handbook 8; a county clerk's begins with what can still be helped."""
    tally, day = digest.tally, local_date(digest.now).isoformat()
    if digest.county:
        counts = f"将超期{tally.soon} 超期{tally.failed} 无法判定{tally.undetermined}"
        return f"【{KIND_NAMES[kind]}】{_region(digest)}政务新媒体 {day}：{counts}"
    counts = f"正常{tally.qualified} 超期{tally.failed} 将超期{tally.soon} 无法判定{tally.undetermined}"
    return f"【{KIND_NAMES[kind]}】{SYSTEM} {day}：{counts}"


def _region(digest: Digest) -> str:
    named = "、".join(plain(region, 20) for region in digest.regions)
    return named if named and len(digest.regions) <= REGIONS_NAMED else "所辖"


def _title(kind: Kind, digest: Digest, head: Head) -> str:
    whose = _region(digest) if digest.county else plain(head.city, NAME_CAP)
    return f"{whose}政务新媒体监测{KIND_NAMES[kind]}"


def _figures(digest: Digest) -> tuple[Figure, ...]:
    tally = digest.tally
    soon, failed = Figure("将超期", str(tally.soon), "soon"), Figure("超期", str(tally.failed), "bad")
    well, doubtful = Figure("正常", str(tally.qualified), "well"), Figure("无法判定", str(tally.undetermined), "ours")
    return (soon, failed, doubtful, well) if digest.county else (well, failed, soon, doubtful)


def _lead(digest: Digest, head: Head) -> list[str]:
    tally = digest.tally
    beside = f"；另有 {tally.unjudged} 个不判定（报备、已注销、服务类等）" if tally.unjudged else ""
    lines = [f"截至 {minute(digest.now)}，判定账号 {tally.judged} 个{beside}。将超期的计入正常。"]
    if tally.rate is not None:
        lines.append(f"合格率 {tally.rate}%（基数 {tally.base}，无法判定不计入）。")
    if head.profile:
        lines.append(f"判定口径：{plain(head.profile, NAME_CAP)}。")
    if not (digest.failed or digest.soon or digest.undetermined):
        lines.append("目前没有超期、将超期或无法判定的账号。")
    return lines


# -- a county ----------------------------------------------------------------------------------------------------------------


def _county_sections(digest: Digest, head: Head) -> list[Section]:
    """Return the parts of a county's digest, 将超期 first; nothing of the city's, and no addresses."""
    console = head.link
    parts = [
        words.soon(digest, console, head.within) or Section(f"{head.within}内将超期 0 个"),
        _for_group(digest),
        words.fresh(digest, console),
        words.failed(digest, console),
        words.undetermined(digest, console),
        *words.tasks(digest.tasks, digest.now),
        words.overdue(digest, console),
        words.mended(digest.mended, console),
        words.requests(digest, console),
        words.unreachable(digest.unreachable, console, named=False),
    ]
    return [part for part in parts if part is not None]


def _for_group(digest: Digest) -> Section | None:
    """Return the text for the work group: what to do by when, without anybody's mail address, and nobody who may well have posted."""
    known = [case for case in digest.soon if not is_feared(case.standing)]
    near = [f"{place}. {words.near_the_line(case)}" for place, case in enumerate(known[:PASTE_CAP], 1)]
    late = [f"{place}. {words.headline(case)}" for place, case in enumerate(digest.failed[:PASTE_CAP], 1)]
    if not near and not late:
        return None
    lines = [f"各单位：截至{chinese_day(local_date(digest.now))}，政务新媒体更新情况如下。"]
    lines += ["以下账号即将超期，请在到期前更新：", *near] if near else []
    lines += ["以下账号已超期，请尽快更新；确已停用的，请申请关停：", *late] if late else []
    left = len(known) + len(digest.failed) - len(near) - len(late)
    lines += [f"另有 {left} 个账号未列出。"] if left else []
    return Section("可转发到工作群的文字", paste=tuple(lines))


# -- a week ------------------------------------------------------------------------------------------------------------------


def _week_sections(week: Week, digest: Digest, console: str) -> list[Section]:
    """Return the course of the week, the articles that came due, and the holiday ahead."""
    parts = [Section("本周情况", lines=tuple(_course_lines(week, digest)))]
    if week.due:
        due = [Line(_due(sheet)) for sheet in week.due[: words.TASK_CAP]]
        parts.append(capped(f"本周到期的转载任务 {len(week.due)} 篇", due, words.TASK_CAP, total=len(week.due)))
    if week.ahead:
        parts.append(_ahead(week.ahead, console))
    return parts


def _due(sheet: TaskSheet) -> str:
    return f"《{plain(sheet.article.title, words.TITLE_CAP)}》{words.rates(sheet.rates)}"


def _course_lines(week: Week, digest: Digest) -> list[Line]:
    lines = [Line("一周前尚无可比数据", tone="ours")] if week.course is None else _compared(week.course, digest)
    lines.append(Line(f"本周销号 {week.mended} 个", tone="well"))
    typical = f"，从首次告知到恢复，中位用时 {took(week.typical)}" if week.typical is not None else ""
    lines.append(Line(f"本周发出提醒邮件 {week.letters} 封{typical}"))
    return lines


def _compared(course: Course, digest: Digest) -> list[Line]:
    then, now = course.then, digest.tally
    sums = [("恢复", course.back), ("转为无法判定", course.unclear), ("不再判定", course.gone), ("新增", course.newly)]
    moved = "，".join(f"{name} {count} 个" for name, count in sums if count) or "没有变化"
    moved += f"（其中 {course.found} 个一周前无法判定）" if course.found else ""
    failing = Line(f"不合格：一周前 {then.failed} 个，现在 {now.failed} 个", below=(moved,), tone="bad" if course.newly else "")
    if then.rate is None or now.rate is None:
        return [failing]
    same_base = "" if then.base == now.base else "（基数不同，仅供参考）"
    rates = f"合格率：一周前 {then.rate}%（基数 {then.base}），现在 {now.rate}%（基数 {now.base}）{same_base}"
    return [failing, Line(rates, below=("一周前按现行口径和名册重新判定。",))]


def _ahead(ahead: Ahead, console: str) -> Section:
    holiday = ahead.holiday
    span = f"{month_day(holiday.first)}至{month_day(holiday.last)}"
    note = f"请于{month_day(ahead.act_by)}前更新。" if ahead.act_by else "请于放假前更新。"
    lines = [
        Line(
            f"{account_title(account)} {month_day(standing.line_on)}起超期" if standing.line_on else account_title(account),
            below=tuple(part for part in (words.whose(account), f"最后更新 {last_update(standing)}", _unsure(standing)) if part),
            tone="soon",
            link=words.console_of(account, console),
        )
        for account, standing in ahead.rows[: words.SOON_CAP]
    ]
    title = f"{holiday.name}假期（{span}）内将超期 {len(ahead.rows)} 个"
    return capped(title, lines, words.SOON_CAP, notes=(note,), total=len(ahead.rows))


def _unsure(standing: Standing) -> str:
    """Return why it may have posted since, where that could not be seen."""
    return plain(standing.reason, REASON_CAP)


def took(span: timedelta) -> str:
    """Return how long something took, in days or hours, as one says it."""
    hours = span.total_seconds() / 3600
    return f"{hours / 24:.1f} 天" if hours >= 24 else f"{hours:.1f} 小时"
