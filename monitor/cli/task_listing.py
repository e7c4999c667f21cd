"""Key articles as lists: the tables on a terminal, CSV and JSON for machines. Pure.

Every rate stands with its base, and 无法判定 beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich.table import Table

from monitor.cli.listing import csv_text, escaped, json_text
from monitor.matching.evidence import Evidence
from monitor.model import Article, Platform, RepostVerdict
from monitor.tasks import RepostRates, TaskRow, TaskSheet, missing_by_unit, repost_rates
from monitor.wording import account_title, edited_away, form_words, minute, plain, web_link

TITLE_CAP = 120
"""Characters of a title in a table: three lines of its column."""
NO_RATE = "—"
_VERDICTS = (
    RepostVerdict.DONE,
    RepostVerdict.IRREGULAR,
    RepostVerdict.LATE,
    RepostVerdict.MISSING,
    RepostVerdict.UNDETERMINED,
    RepostVerdict.NOT_YET,
)
_FOLDED = {RepostVerdict.IRREGULAR: "转载\n不规范", RepostVerdict.LATE: "转载\n不及时", RepostVerdict.UNDETERMINED: "无法\n判定"}
"""Headers on two lines, so that the matrix fits a terminal beside a title."""


def _percent(rate: Decimal | None) -> str:
    return NO_RATE if rate is None else f"{rate}%"


def _figures(rates: RepostRates) -> list[str]:
    return [*(str(rates.counts[verdict]) for verdict in _VERDICTS), str(rates.base), _percent(rates.reposted), _percent(rates.in_order)]


def _matrix(first: str, title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first, overflow="fold")
    for name in ("受众", *(_FOLDED.get(verdict, verdict.label) for verdict in _VERDICTS), "基数", "转载率", "规范\n转载率"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def tasks_table(sheets: Iterable[TaskSheet], title: str) -> Table:
    """Return one line per article: its audience by verdict, both rates and their base."""
    table = _matrix("重要信息", title)
    for sheet in sheets:
        named = f"{plain(sheet.article.title, TITLE_CAP)}\n{sheet.article.id}　截止 {minute(sheet.article.due_at)}"
        table.add_row(escaped(named), str(sheet.rates.audience), *_figures(sheet.rates))
    return table


def overall_line(rates: RepostRates, articles: int) -> str:
    """Return the rates over all tasks, where every account counts once, by its worst."""
    told = "　".join(f"{verdict.label} {rates.counts[verdict]}" for verdict in _VERDICTS)
    return f"共 {articles} 篇，受众账号 {rates.audience} 个（每个账号按最差的一篇计）：{told}\n{rate_line(rates)}"


def rate_line(rates: RepostRates) -> str:
    """Return both rates with numerator and base, and what the base leaves out."""
    aside = "、".join(f"{verdict.label} {rates.counts[verdict]}" for verdict in (RepostVerdict.UNDETERMINED, RepostVerdict.NOT_YET))
    if not rates.base:
        return f"转载率 —（尚无可判定的账号；{aside}，不计入）"
    reposted, done = rates.base - rates.counts[RepostVerdict.MISSING], rates.counts[RepostVerdict.DONE]
    return (
        f"转载率 {_percent(rates.reposted)}（{reposted}/{rates.base}）　"
        f"规范转载率 {_percent(rates.in_order)}（{done}/{rates.base}）　{aside}，不计入基数"
    )


def article_lines(article: Article) -> tuple[str, ...]:
    """Return the facts of an article, a line each."""
    link = next((url for url in article.urls if web_link(url)), "")
    times = f"发布 {minute(article.published_at)}　截止 {minute(article.due_at)}"
    source = f"来源 {plain(article.source, TITLE_CAP)}　" if article.source else ""
    return tuple(line for line in (f"{article.id} 《{plain(article.title, TITLE_CAP)}》", source + times, link) if line)


def platforms_table(sheet: TaskSheet) -> Table:
    """Return the audience by platform and verdict, and its sum."""
    table = _matrix("平台", "受众与判定")
    for platform in Platform:
        mine = repost_rates(row.standing for row in sheet.rows if row.account.platform is platform)
        if mine.audience:
            table.add_row(platform.label, str(mine.audience), *_figures(mine))
    table.add_section()
    table.add_row("合计", str(sheet.rates.audience), *_figures(sheet.rates))
    return table


def missing_table(sheet: TaskSheet) -> Table:
    """Return who did not repost, under the units that run them."""
    table = Table(title=f"未转载 {sheet.rates.counts[RepostVerdict.MISSING]}", title_justify="left")
    for name in ("主办单位", "账号", "标识码"):
        table.add_column(name, overflow="fold", no_wrap=name == "标识码")
    for unit, rows in missing_by_unit(sheet):
        for number, row in enumerate(rows):
            table.add_row(escaped(plain(unit) if not number else ""), escaped(account_title(row.account)), escaped(_code(row)))
    return table


def reasons_table(rows: Sequence[TaskRow], title: str) -> Table:
    """Return accounts with the reason of their verdict, and the post it speaks of."""
    table = Table(title=f"{title} {len(rows)}", title_justify="left")
    for name in ("账号", "主办单位", "发布时间", "原因与链接"):
        table.add_column(name, overflow="fold", no_wrap=name == "发布时间")
    for row in rows:
        told = "\n".join(part for part in (reason(row), _post_link(row)) if part)
        table.add_row(escaped(account_title(row.account)), escaped(plain(row.account.unit)), _posted_at(row), escaped(told))
    return table


def by_verdict(sheet: TaskSheet, *verdicts: RepostVerdict) -> list[TaskRow]:
    return [row for row in sheet.rows if row.standing.verdict in verdicts]


def reason(row: TaskRow) -> str:
    """Return the standing's reason; where each flaw was measured, with what was measured and asked."""
    repost = row.standing.repost
    edited = edited_away(repost.evidence) if repost else ""
    words = _reason(row)
    return "；".join(part for part in (words, f"{edited} 发现该内容已被修改" if edited else "") if part)


def _reason(row: TaskRow) -> str:
    repost = row.standing.repost
    flaws = form_words(repost.evidence.get("form")) if repost and row.standing.verdict is RepostVerdict.IRREGULAR else ()
    said = [part for part in row.standing.reason.split("、") if part]
    if not flaws or repost is None:
        return plain("、".join(said))
    # What the measured reasons do not hold is the delay.
    return plain("；".join([*flaws, *(part for part in said if part not in repost.reasons)]))


def _posted_at(row: TaskRow) -> str:
    return minute(row.standing.repost.published_at) if row.standing.repost else "—"


def _post_link(row: TaskRow) -> str:
    return web_link(str(row.standing.repost.evidence.get("url") or "")) if row.standing.repost else ""


def _code(row: TaskRow) -> str:
    return plain(row.account.code or row.account.id)


_SHEET_COLUMNS = (
    "编号",
    "标题",
    "来源",
    "发布时间",
    "截止时间",
    "受众",
    *(each.label for each in _VERDICTS),
    "基数",
    "转载率",
    "规范转载率",
)
_ROW_COLUMNS = ("判定", "标识码", "账号名称", "平台", "主办单位", "地区", "原因", "转载时间", "转载链接", "依据")


def _sheet_record(sheet: TaskSheet) -> tuple[str, ...]:
    article = sheet.article
    times = minute(article.published_at), minute(article.due_at)
    figures = ("" if each == NO_RATE else each for each in _figures(sheet.rates))
    return (article.id, plain(article.title), plain(article.source), *times, str(sheet.rates.audience), *figures)


def _row_record(row: TaskRow) -> tuple[str, ...]:
    account, repost = row.account, row.standing.repost
    by = str(repost.evidence.get("by") or "") if repost else ""
    return (
        row.standing.verdict.label,
        _code(row),
        plain(account.name),
        account.platform.label,
        plain(account.unit),
        plain(account.region),
        reason(row),
        minute(repost.published_at) if repost else "",
        _post_link(row),
        Evidence(by).label if by in list(Evidence) else "",
    )


def tasks_as(format: str, sheets: Iterable[TaskSheet]) -> str:
    """Return a record per article, as `csv` or `json`."""
    return _WRITERS[format](_SHEET_COLUMNS, [_sheet_record(sheet) for sheet in sheets])


def rows_as(format: str, sheet: TaskSheet) -> str:
    """Return a record per account of the article's audience, as `csv` or `json`."""
    return _WRITERS[format](_ROW_COLUMNS, [_row_record(row) for row in sheet.rows])


_WRITERS = {"csv": csv_text, "json": json_text}
