"""What the commands do and print, for people: Chinese, tables on a terminal, files for machines."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from rich.console import Console

from monitor import hand_checks, inspection, near_misses, uploads
from monitor.app import App
from monitor.cli import near_miss_listing, task_status
from monitor.cli import status as status_page
from monitor.cli.listing import as_csv, as_json, standings_table, tally_line
from monitor.errors import BadInput
from monitor.judging import heard
from monitor.model import SHANGHAI, Account, Alert, Platform, Stage, Standing, Verdict, end_of_day
from monitor.roster import difference, read_accounts, read_articles, read_looks, render_difference
from monitor.roster.sheets import Remark
from monitor.roster.templates import write_all
from monitor.urgency import urgency
from monitor.wording import minute

FORMATS = ("table", "csv", "json")
MATCH_FORMATS = ("table", "json")
_WRITERS = {"csv": as_csv, "json": as_json}

PIPED_WIDTH = 180
"""Columns where no terminal says otherwise: a table in a file should not be folded to eighty."""

out = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)


# -- import -----------------------------------------------------------------------------------------------------------------


async def import_accounts(app: App, file: Path, yes: bool) -> int:
    """Replace the roster by the file's; show what changes and ask before accounts leave it."""
    roster = read_accounts(file, app.tables.adapters)
    _print_remarks(file, roster.warnings)
    before = await app.store.accounts()
    change = difference(before, roster.accounts)
    out.print(render_difference(change), markup=False)
    if (
        change.removed
        and not yes
        and not _confirmed(f"将有 {len(change.removed)} 个账号移出名册，不再采集和判定（历史数据保留）。继续吗？")
    ):
        out.print("未导入，名册没有变化。", markup=False)
        return 1
    await app.store.put_accounts(roster.accounts, app.lanes(list(roster.accounts)), app.clock.now())
    out.print(f"已导入 {len(roster.accounts)} 个账号。", markup=False)
    return 0


_REMARKS_SHOWN = 50
_REMARK_LABELS = {"error": "错误", "warning": "注意", "info": "提示"}


def _print_remarks(file: Path, remarks: Sequence[Remark]) -> None:
    """Print what the lint found: it stops nothing, and a long list is cut."""
    for remark in remarks[:_REMARKS_SHOWN]:
        where = f"{file.name}：第 {remark.row} 行" if remark.row else file.name
        err.print(f"{_REMARK_LABELS.get(remark.level, '提示')}　{where}：{remark.text}", markup=False)
    if len(remarks) > _REMARKS_SHOWN:
        err.print(f"提示　{file.name}：另有 {len(remarks) - _REMARKS_SHOWN} 条", markup=False)


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        err.print(f"{question}（非交互运行，请加 --yes 确认）", markup=False)
        return False
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes", "是")


async def import_templates(directory: Path) -> int:
    """Write the empty tables that the other imports read."""
    try:
        written = write_all(directory)
    except OSError as error:
        raise BadInput([f"{directory}：无法写入（{error.strerror}）"]) from None
    for file in written:
        out.print(f"已写出 {file}", markup=False)
    return 0


async def import_articles(app: App, file: Path) -> int:
    """Add or correct key articles, and match them with the posts already stored; a daemon that runs does that by itself."""
    remarks: list[Remark] = []
    articles = read_articles(file, remarks)
    _print_remarks(file, remarks)
    await app.store.put_articles(articles)
    await app.judge.refresh_articles(app.clock.now())
    if await app.store.keepings.runs():
        out.print(f"已导入 {len(articles)} 条重要信息，由守护进程在后台与已存内容比对，完成前不判未转载。", markup=False)
        return 0
    if not await app.rematching.finish(_told_of_matching):
        err.print("另一进程正在与已存内容比对，完成前不判未转载。", markup=False)
    stored = await app.store.reposts(article_ids=[article.id for article in articles])
    found = Counter(each.article_id for reposts in stored.values() for each in reposts)
    for article in articles:
        out.print(f"《{article.title}》截止 {minute(article.due_at)}，已存数据中找到转载 {found[article.id]} 条", markup=False)
    out.print(f"已导入 {len(articles)} 条重要信息。", markup=False)
    return 0


def _told_of_matching(accounts: int, posts: int) -> None:
    err.print(f"与已存内容比对：{accounts} 个账号，{posts} 条", markup=False)


async def import_looks(app: App, file: Path) -> int:
    """Take hand checks over: each is a look like any other, and is kept as evidence."""
    now = app.clock.now()
    accounts = {account.id: account for account in await app.store.accounts()}
    remarks: list[Remark] = []
    looks = read_looks(file, list(accounts.values()), now, remarks)
    _print_remarks(file, remarks)
    make = app.tables.hand_check
    for look in looks:
        await hand_checks.enter(app.store, accounts[look.account_id], look, make, now)
    out.print(f"已导入 {len(looks)} 条人工核查记录。", markup=False)
    return 0


async def import_export(app: App, files: Sequence[Path], account: str, saved_at: str | None, by: str) -> int:
    """Take in pages that a person saved of one account; 0 when every file was taken, 1 when some were refused."""
    now = app.clock.now()
    wishes = uploads.Wishes(files, account, uploads.saved_at(saved_at, now), by)
    plainly = partial(out.print, markup=False), partial(err.print, markup=False)
    taking = uploads.Taking(app.store, app.tables.read_upload, app.judge.carried, *plainly)
    return await uploads.take(taking, wishes, await app.store.accounts(), now)


# -- poll -------------------------------------------------------------------------------------------------------------------


async def poll(app: App, accounts: Sequence[str]) -> int:
    """Look at the accounts now; 1 when one of them could not be seen."""
    known = {account.id: account for account in await app.store.accounts()}
    by_code = {account.code: account.id for account in known.values() if account.code}
    ids = [by_code.get(each, each) for each in accounts]
    unknown = [each for each in ids if each not in known]
    if unknown:
        raise BadInput([f"名册中没有 {each}" for each in unknown])
    polls = await app.poll_now(ids)
    states = await app.states(ids)
    for each in ids:
        account = known[each]
        if each not in polls:
            out.print(f"{account.name}（{account.platform.label}）：正由守护进程采集，请稍后再试", markup=False)
            continue
        for outcome in polls[each].outcomes:
            told = "完整" if outcome.fault is None else f"{outcome.fault.code}：{outcome.fault.message}"
            out.print(f"{account.name}（{account.platform.label}） {outcome.channel.adapter}：{told}", markup=False)
        last = states[each].last_post
        out.print(f"    最后更新 {minute(last.published_at) if last else '未见'}  {last.url if last else ''}", markup=False)
    return 0 if all(each in polls and polls[each].fault is None for each in ids) else 1


# -- judge ------------------------------------------------------------------------------------------------------------------


async def judge(app: App, day: date | None, profile: str | None, format: str, everyone: bool) -> int:
    """Print the verdicts as of the end of the day, or as they stand now: then nobody is failed whose accusation still waits."""
    moment = end_of_day(day) if day else app.clock.now()
    if moment > end_of_day(app.clock.now().astimezone(SHANGHAI).date()):
        raise BadInput([f"--as-of：{day} 还没有到"])
    judgement = await app.standings_at(moment, profile)
    standings = judgement.standings if day or profile else await as_heard(app, judgement.standings)
    rows = sorted(standings, key=urgency)
    _warn_about_shares(app, rows)
    if format in _WRITERS:
        sys.stdout.write(_WRITERS[format](rows))
        return 0
    until = day.isoformat() if day else minute(moment)
    shown = rows if everyone else [row for row in rows if row[1].verdict in (Verdict.FAILED, Verdict.UNDETERMINED)]
    out.print(standings_table(shown, f"截至 {until} · 口径 {judgement.profile}"))
    out.print(tally_line(rows), markup=False)
    return 0


async def as_heard(app: App, standings: Iterable[tuple[Account, Standing]]) -> list[tuple[Account, Standing]]:
    """Return the standings as the daemon shows them: what is pending or held at the gate is undetermined. Opens no alert itself."""
    rule = app.grader.name
    waiting: dict[str | None, list[Alert]] = {}
    for alert in await app.store.alerts([Stage.PENDING, Stage.HELD]):
        if alert.finding.rule == rule:
            waiting.setdefault(alert.finding.account_id, []).append(alert)
    return [(account, _unnamed(standing, waiting.get(account.id, []), rule)) for account, standing in standings]


def _unnamed(standing: Standing, waiting: Sequence[Alert], rule: str) -> Standing:
    known = heard(standing, waiting, rule) if waiting else standing
    if known.verdict is standing.verdict:
        return standing
    # The label goes too: a file for machines would still name the account by it.
    return known.model_copy(update={"label": Verdict.UNDETERMINED.label, "labels": (Verdict.UNDETERMINED.label,)})


def _warn_about_shares(app: App, rows: Iterable[tuple[Account, Standing]]) -> None:
    guards = app.settings.guards
    failed: Counter[Platform] = Counter()
    total: Counter[Platform] = Counter()
    for account, standing in rows:
        total[account.platform] += standing.verdict is not None
        failed[account.platform] += standing.verdict is Verdict.FAILED
    for platform, count in failed.items():
        if inspection.trips_quorum(count, total[platform], guards):
            err.print(
                f"提示：{platform.label} {count}/{total[platform]} 个账号不合格，超过集中异常线，请先确认数据来源无误。", markup=False
            )


# -- status, release --------------------------------------------------------------------------------------------------------


async def status(app: App) -> int:
    """Print what is stored: sizes, verdicts, sources, channels, alerts."""
    judgement = await app.standings_at(app.clock.now())
    await status_page.show(app, await as_heard(app, judgement.standings), judgement.sources.values(), out)
    return 0


async def status_articles(app: App, article: str | None, format: str) -> int:
    """Print where the audience of each key article stands, or of one."""
    return await task_status.show(app, article, format, out)


async def match(app: App, article: str, account: str | None, limit: int, format: str) -> int:
    """Print which stored posts carry the article, which seem to, and which were refused, with the reasons. Writes nothing."""
    weighing = near_misses.Weighing(app.store, app.judge, app.clock, app.settings.matching, _told_of_weighing)
    findings = await weighing.weigh(article, account, limit)
    if format == "json":
        sys.stdout.write(near_miss_listing.as_json(findings))
        return 0
    for line in near_miss_listing.heading(findings):
        out.print(line, markup=False)
    for table in near_miss_listing.tables(findings):
        out.print(table)
    return 0


def _told_of_weighing(posts: int, accounts: int, total: int) -> None:
    err.print(f"已比对 {posts} 条（{accounts}/{total} 个账号）", markup=False)


async def release(app: App, platform: str | None, by: str) -> int:
    """Open what the quorum gate holds."""
    labels = {each.label: each for each in Platform} | {each.value: each for each in Platform}
    if platform is not None and platform not in labels:
        raise BadInput([f"没有平台 {platform}；可用：{'、'.join(each.label for each in Platform)}"])
    count = await app.judge.release(labels[platform] if platform else None, app.clock.now(), by)
    out.print(f"已放行 {count} 个判定。" if count else "没有被暂扣的判定。", markup=False)
    return 0
