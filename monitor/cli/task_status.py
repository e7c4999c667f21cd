"""What `status articles` prints: where the audience of every key article stands, or of one. Reads only; asks no platform."""

from __future__ import annotations

import sys
from dataclasses import replace

from rich.console import Console

from monitor.app import App
from monitor.cli import task_listing
from monitor.errors import BadInput
from monitor.judging import ARTICLE_LIFE
from monitor.model import Account, Article, RepostStanding, RepostVerdict, Stage
from monitor.ports import RepostGrader
from monitor.roster.articles import ids_told
from monitor.tasks import TaskSheet, heard, overall, sheets
from monitor.wording import minute

NEVER_MATCHED = "已过比对期，未曾与已存内容比对"
"""Of an article that was imported or corrected when its time was over: that nothing was found says nothing."""


async def show(app: App, article_id: str | None, format: str, out: Console) -> int:
    """Print every live article with its audience by verdict; with an id, that article's accounts. Raises `BadInput` for an unknown id."""
    chosen = await _chosen(app, article_id)
    made = await _sheets(app, chosen)
    if article_id:
        _print_one(made[0], format, out)
    elif format != "table":
        sys.stdout.write(task_listing.tasks_as(format, made))
    elif made:
        out.print(task_listing.tasks_table(made, f"重要信息转载情况 · 截至 {minute(app.clock.now())}"))
        out.print(task_listing.overall_line(overall(made), len(made)), markup=False)
    else:
        out.print("没有在办的重要信息；用 import articles 导入。", markup=False)
    return 0


async def live_sheets(app: App) -> tuple[TaskSheet, ...]:
    """Return the articles still looked for, newest first, with their audiences as they stand."""
    return await _sheets(app, await _chosen(app, None))


async def _chosen(app: App, article_id: str | None) -> list[Article]:
    """Return the articles still looked for, or the one that was asked for, whatever its age."""
    known, now = await app.store.articles(), app.clock.now()
    live = [article for article in known if article.published_at <= now <= article.due_at + ARTICLE_LIFE]
    if article_id is None:
        return live
    chosen = [article for article in known if article.id == article_id]
    if not chosen:
        named = ids_told(known)
        raise BadInput([f"没有编号为 {article_id} 的重要信息；" + (f"现有：{named}" if named else "尚未导入任何重要信息")])
    return chosen


async def _sheets(app: App, articles: list[Article]) -> tuple[TaskSheet, ...]:
    """Judge the articles' audiences as they stand, batch by batch; open no alert."""
    rule = next((each for each in app.rules if isinstance(each, RepostGrader)), None)
    if rule is None or not articles:
        return sheets(articles, (), {})
    now = app.clock.now()
    await app.judge.look_around(now)
    never = await app.judge.never_matched(articles)
    known: dict[str, Account] = {}
    standings: list[RepostStanding] = []
    async for batch in app.store.watched():
        known |= {account.id: account for account, _ in batch}
        reposts = await app.store.reposts([account.id for account, _ in batch], [article.id for article in articles])
        for account, state in batch:
            owed = tuple(article for article in articles if article.published_at <= now and article.audience.includes(account))
            facts = replace(app.judge.facts(account, state, now, reposts.get(account.id, ())), articles=owed)
            standings += [_as_far_as_known(each, never) for each in rule.reposts(facts)]
    waiting = await app.store.alerts([Stage.PENDING, Stage.HELD])
    return sheets(articles, heard(standings, waiting, rule.name), known)


def _as_far_as_known(standing: RepostStanding, never: frozenset[str]) -> RepostStanding:
    if standing.article_id not in never or standing.repost is not None:
        return standing
    return standing.model_copy(update={"verdict": RepostVerdict.UNDETERMINED, "reason": NEVER_MATCHED})


def _print_one(sheet: TaskSheet, format: str, out: Console) -> None:
    if format != "table":
        sys.stdout.write(task_listing.rows_as(format, sheet))
        return
    for line in task_listing.article_lines(sheet.article):
        out.print(line, markup=False)
    out.print(task_listing.rate_line(sheet.rates), markup=False)
    out.print(task_listing.platforms_table(sheet))
    if sheet.rates.counts[RepostVerdict.MISSING]:
        out.print(task_listing.missing_table(sheet))
    for title, verdicts in _WITH_REASONS.items():
        rows = task_listing.by_verdict(sheet, *verdicts)
        if rows:
            out.print(task_listing.reasons_table(rows, title))


_WITH_REASONS = {
    "转载不规范、不及时": (RepostVerdict.IRREGULAR, RepostVerdict.LATE),
    "无法判定": (RepostVerdict.UNDETERMINED,),
}
