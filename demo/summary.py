"""What the demo says at its end: the summary as plain values, and the same as tables in Chinese. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from demo.answers import Expected
from monitor.model import SHANGHAI, Account, Alert, Article, RepostStanding, RepostVerdict, Stage, Standing, Verdict

REPOST_LABELS = tuple(each.label for each in RepostVerdict if each is not RepostVerdict.NOT_YET)
SHOWN_MAILS = 12
"""Mails that are listed one by one; the others are counted. All stand in the summary file."""
REMINDED_DAYS = 7
"""From here on a qualified account is listed by name: it has been reminded."""
SHOWN_PER_REASON = 5
"""Undetermined accounts that are listed for one reason: a source that stands still makes hundreds."""
STYLES = {Verdict.FAILED: "bold red", Verdict.UNDETERMINED: "yellow", Verdict.QUALIFIED: "green"}


@dataclass(frozen=True, slots=True)
class Picture:
    """All that the demo's end is made of: what the daemon found, and the (recipient, subject) of the mails that came.

    `confirmed` posts only seemed to carry an article until their own pages were opened; `doubtful` ones still do.
    """

    standings: Sequence[tuple[Account, Standing]]
    looked_at: int
    articles: Sequence[Article] = ()
    reposts: Sequence[RepostStanding] = ()
    alerts: Sequence[Alert] = ()
    mails: Sequence[tuple[str, str]] = ()
    confirmed: int = 0
    doubtful: int = 0

    def of(self, verdict: Verdict) -> list[tuple[Account, Standing]]:
        """Return the accounts of this verdict, longest idle first; one that never published stands before all."""
        found = [(account, standing) for account, standing in self.standings if standing.verdict is verdict]
        return sorted(found, key=lambda pair: (-_idle_rank(pair[1]), pair[0].code))

    def missing(self) -> list[tuple[Article, Account]]:
        """Return who owes which article, in the articles' order."""
        articles = {article.id: article for article in self.articles}
        accounts = {account.id: account for account, _ in self.standings}
        order = list(articles)
        owed = [each for each in self.reposts if each.verdict is RepostVerdict.MISSING]
        owed = [each for each in owed if each.article_id in articles and each.account_id in accounts]
        owed.sort(key=lambda each: (order.index(each.article_id), accounts[each.account_id].code))
        return [(articles[each.article_id], accounts[each.account_id]) for each in owed]


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
        "alerts_opened": sum(alert.stage is Stage.OPEN or bool(alert.told) for alert in picture.alerts),
        "mails": [{"to": to, "subject": subject} for to, subject in picture.mails],
    }


def repost_counts(articles: Iterable[Article], standings: Iterable[RepostStanding]) -> dict[str, dict[str, int]]:
    """Return, by the article's title, how many accounts stand where; accounts whose deadline lies ahead are left out."""
    counts = Counter((each.article_id, each.verdict.label) for each in standings)
    return {article.title: {label: counts[article.id, label] for label in REPOST_LABELS} for article in articles}


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
    return [verdict_table(picture), repost_table(picture), missing_table(picture), mail_table(picture.mails)]


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
    # Text, not str: a name may hold what rich would take for markup.
    table.add_row(Text(verdict.label, style=STYLES[verdict]), *(Text(cell) for cell in cells))


def repost_table(picture: Picture) -> Table:
    """Return the articles with the number of accounts in each standing."""
    table = _table("重要信息转载情况", "重要信息", *REPOST_LABELS)
    for title, counts in repost_counts(picture.articles, picture.reposts).items():
        table.add_row(Text(title), *(str(counts[label]) for label in REPOST_LABELS))
    return table


def missing_table(picture: Picture) -> Table:
    """Return who owes which article."""
    table = _table("未转载", "账号名称", "平台", "主办单位", "重要信息", "截止时间")
    for article, account in picture.missing():
        due = article.due_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        table.add_row(*(Text(cell) for cell in (account.name, account.platform.label, account.unit, article.title, due)))
    return table


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
    return lines
