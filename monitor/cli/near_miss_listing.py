"""What `match` prints: tables with the texts side by side, or JSON; Chinese, and harmless to a terminal. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from rich.table import Table

from monitor.cli.listing import escaped
from monitor.matching import Doubt, Evidence
from monitor.model import Article
from monitor.near_misses import Findings, Kind, Row
from monitor.wording import account_title, form_words, minute, plain, web_link

TEXT_CAP = 120
"""Characters of a text beside the other's: four lines of a column."""
RAW_CAP = 2_000
"""Characters of a hostile title that are cleaned before it is cut."""

_TITLES: Mapping[Kind, str] = {"found": "发现转载", "candidate": "疑似转载，待人工核实", "refused": "比对过但不算转载"}
_FIELDS = {
    "title": "标题",
    "text": "正文",
    "citation.post_id": "所引内容的编号",
    "citation.url": "所引内容的链接",
    "citation.title": "所引内容的标题",
}
_GRADES = {"in_order": "规范", "irregular": "不规范", "candidate": "待核实"}


def heading(findings: Findings) -> Iterator[str]:
    """Yield what was looked for, in what, and what came of it."""
    article = findings.article
    yield f"《{_shown(article.title)}》　{article.id}"
    yield f"发布 {minute(article.published_at)}　截止 {minute(article.due_at)}" + ("" if findings.live else "　已过比对期")
    yield f"受众账号 {findings.accounts} 个，比对发布内容 {findings.posts} 条"
    told = "　".join(f"{_TITLES[kind]} {findings.counts[kind]} 条" for kind in _TITLES)
    yield f"{told}　未发现的账号 {findings.without} 个"


def tables(findings: Findings) -> Iterator[Table]:
    """Yield a table for each kind of rows there is."""
    for kind, title in _TITLES.items():
        rows = findings.rows(kind)
        if rows:
            cut = f"（共 {findings.counts[kind]} 条，列出 {len(rows)} 条）" if len(rows) < findings.counts[kind] else ""
            yield _table(title + cut, rows)


def _table(title: str, rows: Iterable[Row]) -> Table:
    table = Table(title=title, title_justify="left", show_lines=True)
    for name in ("账号", "依据", "发布内容", "重要信息"):
        table.add_column(name, overflow="fold")
    for row in rows:
        who = f"{account_title(row.account)}\n{minute(row.published_at)}\n{web_link(row.url[:RAW_CAP])}"
        said = "\n".join(_basis(row))
        table.add_row(*(escaped(cell) for cell in (who, said, _text(row, "left"), _text(row, "right"))))
    return table


def _basis(row: Row) -> Iterator[str]:
    evidence = row.evidence
    yield "　".join(part for part in (_by(row), _field(evidence), _figure("得分", evidence.get("score"), ".2f")) if part)
    covered = _figure("含原文", evidence.get("covered"), ".0%")
    if covered:
        yield covered
    if row.grade in ("in_order", "irregular"):
        yield _GRADES[row.grade]
        yield from form_words(evidence.get("form")) or row.reasons
    if row.lag:
        yield f"迟{_hours(row.lag)}"
    yield from (part for part in (_doubt(evidence), _word(evidence, "why")) if part)


def as_json(findings: Findings) -> str:
    """Return all that is shown as one JSON object with Chinese keys."""
    article = findings.article
    whole: dict[str, Any] = {
        "编号": article.id,
        "标题": _shown(article.title),
        "发布时间": minute(article.published_at),
        "截止时间": minute(article.due_at),
        "受众账号": findings.accounts,
        "比对发布": findings.posts,
        "未发现的账号": findings.without,
    }
    for kind, title in _TITLES.items():
        whole[title] = {"条数": findings.counts[kind], "列出": [_record(row, article) for row in findings.rows(kind)]}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _record(row: Row, article: Article) -> dict[str, Any]:
    evidence = row.evidence
    return {
        "标识码": plain(row.account.code or row.account.id),
        "账号名称": plain(row.account.name),
        "平台": row.account.platform.label,
        "发布时间": minute(row.published_at),
        "链接": web_link(row.url[:RAW_CAP]),
        "依据": _by(row),
        "字段": _field(evidence),
        "得分": evidence.get("score"),
        "含原文": evidence.get("covered"),
        "形式": _GRADES.get(row.grade, ""),
        "原因": list(form_words(evidence.get("form")) or row.reasons),
        "迟到小时": round(row.lag.total_seconds() / 3600, 2),
        "疑点": _doubt(evidence),
        "说明": _word(evidence, "why"),
        "发布内容": _text(row, "left"),
        "重要信息": _text(row, "right") or _shown(article.title),
    }


def _by(row: Row) -> str:
    by = "" if row.kind == "refused" else str(row.evidence.get("by", ""))
    return Evidence(by).label if by in list(Evidence) else plain(by, TEXT_CAP)


def _doubt(evidence: Mapping[str, Any]) -> str:
    doubt = str(evidence.get("doubt", ""))
    return Doubt(doubt).label if doubt in list(Doubt) else ""


def _field(evidence: Mapping[str, Any]) -> str:
    return _FIELDS.get(str(evidence.get("field", "")), "")


def _figure(name: str, figure: Any, form: str) -> str:
    return f"{name} {figure:{form}}" if isinstance(figure, int | float) else ""


def _word(evidence: Mapping[str, Any], key: str) -> str:
    return _shown(str(evidence.get(key) or ""))


def _text(row: Row, key: str) -> str:
    return _word(row.evidence, key)


def _shown(text: str) -> str:
    return plain(text[:RAW_CAP], TEXT_CAP)


def _hours(lag: timedelta) -> str:
    minutes = max(1, int(lag.total_seconds() // 60))
    return f"{minutes // 60}小时{minutes % 60}分" if minutes >= 60 else f"{minutes}分钟"
