"""Key articles from CSV or XLSX."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from monitor.matching import canonical_url, origin_of, title_key
from monitor.matching.urls import is_specific
from monitor.model import Article, Audience, Platform, cut
from monitor.roster.cells import Cell, Refused, block, flag, identifier, line, moment, shown, words
from monitor.roster.sheets import Column, Problems, Remark, Row, read_sheet

ARTICLE_COLUMNS = (
    Column("id", "编号", ("序号", "任务编号"), required=True),
    Column("title", "标题", ("文章标题",), required=True),
    Column("source", "来源", ("发文单位",)),
    Column("urls", "链接", ("网址", "原文链接", "url")),
    Column("origins", "原文标识", ("origin",)),
    Column("text", "正文", ("内容",)),
    Column("published_at", "发布时间", ("发布日期",), required=True),
    Column("due_at", "截止时间", ("截止日期", "转载截止时间")),
    Column("groups", "分组", ("组别", "group")),
    Column("levels", "层级", ("级别", "level")),
    Column("regions", "地区", ("县区", "region")),
    Column("everybody", "含视频类", ("含视频类账号", "全部账号")),
)
DUE_AFTER = timedelta(hours=24)
"""Time to repost where the task states none (handbook 5.1)."""

TITLE_LIMIT = 300
IDS_SHOWN = 20
"""Ids named to whoever asked for one that is not there."""
_NONE: tuple[str, ...] = ()
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_LINK_LIST = re.compile(r"[；\s]+|;(?=\s|https?://|$)")


def read_articles(path: Path, remarks: list[Remark] | None = None) -> tuple[Article, ...]:
    """Read key articles. Raises `BadInput` with every problem. Times without a zone are Asia/Shanghai.

    A bare date as 发布时间 is that day's first moment, as 截止时间 its last. What is worth a look is added to `remarks`.
    """
    sheet = read_sheet(path, ARTICLE_COLUMNS)
    problems = Problems(sheet.file, sheet.header)
    seen: dict[str, int] = {}
    made = [_article(row, problems, seen) for row in sheet.rows]
    if not sheet.rows:
        problems.add("没有任何文章")
    problems.raise_if_any()
    if remarks is not None:
        remarks.extend(sheet.remarks)
    return tuple(article for article in made if article)


def ids_told(articles: Iterable[Article]) -> str:
    """Return the ids of the newest articles, for whoever asked for one that is not there; "" without any."""
    newest = sorted(articles, key=lambda article: article.published_at, reverse=True)
    return "、".join(article.id for article in newest[:IDS_SHOWN]) + ("等" if len(newest) > IDS_SHOWN else "")


def _article(row: Row, problems: Problems, seen: dict[str, int]) -> Article | None:
    before = len(problems.lines)
    article_id = problems.need(row, "id", _article_id)
    if article_id and seen.setdefault(article_id, row.number) != row.number:
        problems.at(row, "id", f"与第 {seen[article_id]} 行重复")
    title = problems.need(row, "title", _title)
    urls = problems.take(row, "urls", _urls, _NONE)
    origins = problems.take(row, "origins", _origins, _NONE)
    if len(problems.lines) == before and not title_key(title) and not urls and not origins:
        problems.at(row, "title", "过短，无法据此比对；请补充链接或原文标识")
    published_at, due_at = _times(row, problems)
    audience = Audience(
        groups=problems.take(row, "groups", words, _NONE),
        levels=problems.take(row, "levels", words, _NONE),
        regions=problems.take(row, "regions", words, _NONE),
        text_only=not problems.take(row, "everybody", flag, False),
    )
    source, text = problems.take(row, "source", line, ""), problems.take(row, "text", block, "")
    if len(problems.lines) > before or published_at is None or due_at is None:
        return None
    return Article(
        id=article_id, title=title, text=text, urls=urls, origins=origins, source=source,
        published_at=published_at, due_at=due_at, audience=audience,
    )  # fmt: skip


def _times(row: Row, problems: Problems) -> tuple[datetime | None, datetime | None]:
    before = len(problems.lines)
    published_at = problems.take(row, "published_at", moment, None)
    if published_at is None and len(problems.lines) == before:
        problems.at(row, "published_at", "不能为空")
    due_at = problems.take(row, "due_at", lambda cell: moment(cell, bare_day_ends=True), None)
    if due_at is None and published_at is not None:
        due_at = published_at + DUE_AFTER
    if published_at and due_at and cut(due_at) < cut(published_at):
        problems.at(row, "due_at", "不能早于发布时间")
    return published_at, due_at


def _article_id(cell: Cell) -> str:
    text = identifier(cell)
    if text and not _ID.fullmatch(text):
        raise Refused("只能用字母、数字、- 和 _，最多 64 个字符")
    return text


def _title(cell: Cell) -> str:
    text = line(cell)
    if len(text) > TITLE_LIMIT:
        raise Refused(f"过长，最多 {TITLE_LIMIT} 个字符")
    return text


def _urls(cell: Cell) -> tuple[str, ...]:
    urls = tuple(dict.fromkeys(part for part in _LINK_LIST.split(block(cell)) if part))
    for url in urls:
        if not is_specific(canonical_url(url)):
            raise Refused(
                f"应为文章网页的完整链接（不是网站首页），如 https://www.gov.cn/…/content.htm，多个用；分隔；“{shown(url)}”不能用"
            )
    return urls


def _origins(cell: Cell) -> tuple[str, ...]:
    origins = tuple(dict.fromkeys(part for part in re.split(r"[；;\s]+", block(cell)) if part))
    for text in origins:
        reference = origin_of(text)
        if reference is None or reference.platform not in set(Platform):
            platforms = "、".join(Platform)
            raise Refused(f"应为 平台:账号:原文编号（平台为 {platforms}），如 weibo:1234567890:4900000000000001；“{shown(text)}”不能用")
    return origins
