"""What the demo says at its end: the summary as plain values, and the same as tables in Chinese. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from rich.text import Text

from demo.answers import Expected
from demo.tidings import Post, found_tidings, tidings_differences
from monitor.cli.task_listing import tasks_table
from monitor.matching import Doubt
from monitor.model import SHANGHAI, Account, Alert, Article, RepostStanding, RepostVerdict, Stage, Standing, Verdict
from monitor.tasks import TaskSheet, sheets

REPOST_LABELS = tuple(each.label for each in RepostVerdict if each is not RepostVerdict.NOT_YET)
SHOWN_MAILS = 12
"""Mails that are listed one by one; the others are counted. All stand in the summary file."""
TITLE_SHOWN = 16
"""Characters of an article's title beside an account; the table of articles has all of it."""
REMINDED_DAYS = 7
"""From here on a qualified account is listed by name: it has been reminded."""
SHOWN_PER_REASON = 5
"""Undetermined accounts that are listed for one reason: a source that stands still makes hundreds."""
STYLES = {Verdict.FAILED: "bold red", Verdict.UNDETERMINED: "yellow", Verdict.QUALIFIED: "green"}


Row = tuple[Article, Account, RepostStanding]


@dataclass(frozen=True, slots=True)
class Picture:
    """All that the demo's end is made of: what the daemon found, and what became of its letters.

    `confirmed` posts only seemed to carry an article until their own pages were opened; `doubtful` ones still do.
    """

    standings: Sequence[tuple[Account, Standing]]
    looked_at: int
    articles: Sequence[Article] = ()
    reposts: Sequence[RepostStanding] = ()
    alerts: Sequence[Alert] = ()
    post: Post = field(default_factory=Post)
    confirmed: int = 0
    doubtful: int = 0

    def of(self, verdict: Verdict) -> list[tuple[Account, Standing]]:
        """Return the accounts of this verdict, longest idle first; one that never published stands before all."""
        found = [(account, standing) for account, standing in self.standings if standing.verdict is verdict]
        return sorted(found, key=lambda pair: (-_idle_rank(pair[1]), pair[0].code))

    def missing(self) -> list[tuple[Article, Account]]:
        """Return who owes which article, in the articles' order."""
        return [(article, account) for article, account, each in self._stood() if each.verdict is RepostVerdict.MISSING]

    def irregular(self) -> list[Row]:
        """Return the reposts that are not in order, in the articles' order."""
        return [row for row in self._stood() if row[2].verdict is RepostVerdict.IRREGULAR]

    def seeming(self) -> list[Row]:
        """Return the posts that only seem to be reposts, of which a person must tell, in the articles' order."""
        return [row for row in self._stood() if row[2].verdict is RepostVerdict.UNDETERMINED and row[2].repost is not None]

    def sheets(self) -> list[TaskSheet]:
        """Return the articles with their audience, in the articles' order."""
        accounts = {account.id: account for account, _ in self.standings}
        order = [article.id for article in self.articles]
        return sorted(sheets(self.articles, self.reposts, accounts), key=lambda sheet: order.index(sheet.article.id))

    def _stood(self) -> list[Row]:
        rows = [(sheet.article, row.account, row.standing) for sheet in self.sheets() for row in sheet.rows]
        order = [article.id for article in self.articles]
        return sorted(rows, key=lambda row: (order.index(row[0].id), row[1].code))


def summary(picture: Picture) -> dict[str, Any]:
    """Return what is written to summary.json. Accounts that are not judged (closed, exempt) count in `accounts` only."""
    counts = Counter(standing.verdict for _, standing in picture.standings)
    return {
        "accounts": len(picture.standings),
        "looked_at": picture.looked_at,
        "verdicts": {each.label: counts[each] for each in Verdict},
        "failing": [_failing(account, standing) for account, standing in picture.of(Verdict.FAILED)],
        "undetermined": [_undetermined(account, standing) for account, standing in picture.of(Verdict.UNDETERMINED)],
        "reposts": repost_counts(picture.articles, picture.reposts),
        "irregular": [_irregular(*row) for row in picture.irregular()],
        "seeming": [_pair(article, account) | {"reason": standing.reason} for article, account, standing in picture.seeming()],
        "alerts_opened": sum(alert.stage is Stage.OPEN or bool(alert.told) for alert in picture.alerts),
        "mails": [{"to": to, "subject": subject} for to, subject in picture.post.mails],
        **found_tidings(picture.alerts, picture.post),
    }


def repost_counts(articles: Iterable[Article], standings: Iterable[RepostStanding]) -> dict[str, dict[str, int]]:
    """Return, by the article's title, how many accounts stand where; accounts whose deadline lies ahead are left out."""
    counts = Counter((each.article_id, each.verdict.label) for each in standings)
    return {article.title: {label: counts[article.id, label] for label in REPOST_LABELS} for article in articles}


def _irregular(article: Article, account: Account, standing: RepostStanding) -> dict[str, Any]:
    reasons = list(standing.repost.reasons) if standing.repost else []
    return _pair(article, account) | {"reasons": reasons, "told": standing.reason}


def _pair(article: Article, account: Account) -> dict[str, Any]:
    return {"article": article.id, "code": account.code, "name": account.name, "platform": account.platform.label}


def _failing(account: Account, standing: Standing) -> dict[str, Any]:
    return {
        "code": account.code,
        "name": account.name,
        "platform": account.platform.label,
        "label": standing.label,
        "last_post_at": _moment(standing),
        "idle_days": standing.idle_days,
    }


def _undetermined(account: Account, standing: Standing) -> dict[str, Any]:
    return {"code": account.code, "name": account.name, "reason": standing.reason}


def _moment(standing: Standing) -> str | None:
    """In Shanghai, where every official rule counts its days."""
    if standing.last_post is None:
        return None
    return standing.last_post.published_at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def _idle_rank(standing: Standing) -> float:
    return float("inf") if standing.idle_days is None else standing.idle_days


def tables(picture: Picture) -> list[Table]:
    """Return the tables to print, gravest first."""
    reposts = [repost_table(picture), missing_table(picture), irregular_table(picture), seeming_table(picture)]
    return [verdict_table(picture), *reposts, mail_table(picture.post.mails)]


def verdict_table(picture: Picture) -> Table:
    """Return 不合格, then 无法判定, then the reminded; the other 合格 are one line."""
    table = _table("判定结果", "判定", "账号名称", "平台", "主办单位", "最后更新", "未更新天数", "说明")
    for account, standing in picture.of(Verdict.FAILED):
        _add(table, account, standing, standing.label)
    _add_undetermined(table, picture.of(Verdict.UNDETERMINED))
    healthy = picture.of(Verdict.QUALIFIED)
    reminded = [(account, standing) for account, standing in healthy if _is_reminded(standing)]
    for account, standing in reminded:
        _add(table, account, standing, standing.label)
    table.add_row(Text(Verdict.QUALIFIED.label, style=STYLES[Verdict.QUALIFIED]), Text(f"其余 {len(healthy) - len(reminded)} 个账号"))
    return table


def _add_undetermined(table: Table, pairs: Sequence[tuple[Account, Standing]]) -> None:
    reasons = Counter(standing.reason for _, standing in pairs)
    for reason in sorted(reasons, key=reasons.__getitem__):
        for account, standing in [pair for pair in pairs if pair[1].reason == reason][:SHOWN_PER_REASON]:
            _add(table, account, standing, reason)
        if reasons[reason] > SHOWN_PER_REASON:
            rest = f"另有 {reasons[reason] - SHOWN_PER_REASON} 个账号"
            label = Text(Verdict.UNDETERMINED.label, style=STYLES[Verdict.UNDETERMINED])
            table.add_row(label, Text(rest), "", "", "", "", Text(reason))


def _is_reminded(standing: Standing) -> bool:
    return standing.idle_days is not None and standing.idle_days >= REMINDED_DAYS


def _add(table: Table, account: Account, standing: Standing, remark: str) -> None:
    verdict = standing.verdict or Verdict.UNDETERMINED
    idle = "—" if standing.idle_days is None else str(standing.idle_days)
    last = (_moment(standing) or "无内容")[:10] if verdict is not Verdict.UNDETERMINED or standing.last_post else "—"
    cells = (account.name, account.platform.label, account.unit, last, idle, remark)
    table.add_row(Text(verdict.label, style=STYLES[verdict]), *map(Text, cells))


def repost_table(picture: Picture) -> Table:
    """Return the articles with the number of accounts in each standing and both rates, as `status articles` prints them."""
    return tasks_table(picture.sheets(), "重要信息转载情况")


def missing_table(picture: Picture) -> Table:
    """Return who owes which article."""
    owed = picture.missing()
    table = _table(f"未转载 {len(owed)}", "账号名称", "平台", "主办单位", "重要信息", "截止时间")
    for article, account in owed:
        due = article.due_at.astimezone(SHANGHAI).strftime("%m-%d %H:%M")
        _add_cells(table, account.name, account.platform.label, account.unit, _short(article), due)
    return table


def irregular_table(picture: Picture) -> Table:
    """Return whose reposts are not in order, and why."""
    return _remarks(f"转载不规范 {len(picture.irregular())}", "原因", picture.irregular(), _told)


def seeming_table(picture: Picture) -> Table:
    """Return which posts only seem to be reposts, and what is doubted of them."""
    return _remarks(f"疑似转载，待人工核实 {len(picture.seeming())}", "疑点", picture.seeming(), _doubt)


def _doubt(standing: RepostStanding) -> str:
    named = standing.repost.evidence.get("doubt") if standing.repost else None
    return Doubt(named).label if named else standing.reason


def _told(standing: RepostStanding) -> str:
    return standing.reason


def _remarks(title: str, remark: str, rows: Iterable[Row], told: Callable[[RepostStanding], str]) -> Table:
    table = _table(title, "账号名称", "平台", "主办单位", "重要信息", remark)
    for article, account, standing in rows:
        _add_cells(table, account.name, account.platform.label, account.unit, _short(article), told(standing))
    return table


def _add_cells(table: Table, *cells: str) -> None:
    # Text, not str: a name may hold what rich would take for markup.
    table.add_row(*map(Text, cells))


def _short(article: Article) -> str:
    return article.title if len(article.title) <= TITLE_SHOWN else article.title[: TITLE_SHOWN - 1] + "…"


def mail_table(mails: Sequence[tuple[str, str]]) -> Table:
    """Return the first mails and the number of the others."""
    table = _table(f"已发邮件 {len(mails)} 封", "收件人", "主题")
    for to, subject in mails[:SHOWN_MAILS]:
        table.add_row(Text(to), Text(subject))
    if len(mails) > SHOWN_MAILS:
        table.add_row(Text("……"), Text(f"另有 {len(mails) - SHOWN_MAILS} 封"))
    return table


def verified_line(picture: Picture) -> str:
    """Return how many seeming reposts were settled by opening them."""
    rest = f"，另有 {picture.doubtful} 条尚无法打开原文核实" if picture.doubtful else ""
    return f"已核实疑似转载 {picture.confirmed} 条{rest}。"


def post_line(post: Post) -> str:
    """Return in one line what became of the letters beside those that were taken."""
    away = f"退信地址 {len(post.refused)} 个，暂时拒收 {len(post.deferred)} 个"
    return f"一键复查 {post.rechecks} 次，恢复告知 {len(post.threaded)} 封，{away}。"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def differences(found: Mapping[str, Any], expected: Expected) -> list[str]:
    """Return Chinese lines on where a summary departs from the known answers; empty when it does not."""
    lines = []
    for key, title, wanted in (("failing", "不合格", set(expected.failing)), ("undetermined", "无法判定", set(expected.undetermined))):
        codes = {row["code"] for row in found[key]}
        lines += [f"{title}多出：{code}" for code in sorted(codes - wanted)]
        lines += [f"{title}缺少：{code}" for code in sorted(wanted - codes)]
    idle = {row["code"]: row["idle_days"] for row in found["failing"]}
    lines += [f"未更新天数不符：{code}" for code, days in expected.failing.items() if code in idle and idle[code] != days]
    lines += [f"转载情况不符：{title}" for title, counts in expected.reposts.items() if found["reposts"].get(title) != counts]
    told = tidings_differences(found, expected.tidings) if expected.tidings else ()
    return [*lines, *_repost_differences(found, expected), *told]


def _repost_differences(found: Mapping[str, Any], expected: Expected) -> Iterator[str]:
    irregular = {(row["article"], row["code"]): tuple(row["reasons"]) for row in found["irregular"]}
    for pair in sorted(irregular.keys() | expected.irregular.keys()):
        told, known = irregular.get(pair, ()), expected.irregular.get(pair, ())
        if told != known:
            yield f"转载不规范的原因不符：{' '.join(pair)}（{'、'.join(told) or '无'}，应为{'、'.join(known) or '无'}）"
    for pair in sorted({(row["article"], row["code"]) for row in found["seeming"]} ^ expected.seeming):
        yield f"疑似转载不符：{' '.join(pair)}"
