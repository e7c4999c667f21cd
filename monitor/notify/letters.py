"""A notice becomes a letter: subject, plain text and HTML, in the wording of handbook section 8. Pure.

Never 警告, 处罚 or 失职: a letter says what was seen, when, and what to do. It knows no rule by name; severity, label, message and
evidence of a finding are all it reads.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from monitor.alerting import Notice, address
from monitor.life import RECOVERY
from monitor.model import Account, Alert, Finding, Role, Severity, cut, local_date
from monitor.ports import Letter
from monitor.wording import account_title, chinese_day, chinese_minute, form_words, minute, plain, web_link

SUBJECT_CAP = 100
"""Characters of a subject: what a phone shows in two lines."""
TEXT_CAP = 300
"""Characters of one sentence or title from outside."""
NAMES = 60
"""Characters of a channel's name in a line of evidence."""
RECOVERED = "已恢复"

_FALLBACK_LABEL = {
    Severity.NOTICE: "更新提醒",
    Severity.WARNING: "预警",
    Severity.ACCUSATION: "待整改",
    Severity.TROUBLE: "采集异常",
}
_ACTION = {
    Severity.NOTICE: "请在到期前更新",
    Severity.WARNING: "请在到期前更新",
    Severity.ACCUSATION: "请尽快更新；确已停用的账号，请申请关停",
    Severity.TROUBLE: "请检查采集渠道；恢复之前不作判定",
}
_CLERK_ACTION = "请人工核查该账号"
_UNSEEN_ACTION = "请检查采集渠道，或人工核查该账号；期间不作判定"
_REPOST_LABEL = "转载提醒"
_REPOST_ACTION = {
    Severity.NOTICE: "请于截止时间前按要求转载，并注明来源",
    Severity.WARNING: "请核对，并按要求规范转载：保留原标题，正文完整，注明来源",
    Severity.ACCUSATION: "请尽快按要求转载，并注明来源",
}

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=lambda name: name is not None and ".html" in name,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True)
class Item:
    """One alert as the reader sees it: its sentence first, then what to do, then what it rests on."""

    label: str
    title: str
    message: str
    action: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    link: str = ""
    link_name: str = "最近发布"
    is_account: bool = True

    @property
    def sentence(self) -> str:
        """The message on its own, or with its label where it does not bring one."""
        return self.message if self.message.startswith("【") else f"【{self.label}】{self.message}"


def write(notice: Notice, accounts: Mapping[str, Account], *, city: str, console_url: str, now: datetime) -> Letter:
    """Return the letter of a notice. The same notice always gives the same `number`, so a repeat is recognised as one."""
    opened = _opened_items(notice.opened, accounts)
    recovered = [_recovered_item(alert, accounts) for alert in notice.recovered]
    values = {
        "name": plain(notice.person.name, 40),
        "city": plain(city, 40),
        "console": web_link(console_url),
        "written": minute(now),
        "opened": opened,
        "recovered": recovered,
        "asked_for": _asked_for(notice.opened),
    }
    # One task may stand for many accounts: it speaks for itself only where nothing else has to be counted beside it.
    alone = len(opened) == 1 and not recovered
    subject = _subject(opened if alone else [_opened_item(alert, accounts) for alert in notice.opened], recovered)
    return Letter(
        to=notice.person.email.strip(),
        number=number(notice),
        subject=subject,
        text=_templates.get_template("letter.txt.j2").render(values),
        html=_templates.get_template("letter.html.j2").render(values, subject=subject),
    )


def number(notice: Notice) -> str:
    """Return 32 hex digits made of the address, the alerts with their rungs, and the recoveries.

    When the person was told before counts too: a rung that fell and was climbed again is another letter.
    """
    email = address(notice.person.email)
    opened = sorted([alert.id, alert.finding.rung, str(alert.told[email].at) if email in alert.told else ""] for alert in notice.opened)
    content = [email, opened, sorted(alert.id for alert in notice.recovered)]
    return hashlib.sha256(orjson.dumps(content)).hexdigest()[:32]


def _opened_items(alerts: Iterable[Alert], accounts: Mapping[str, Account]) -> list[Item]:
    """Return an item per alert; accounts that miss the same article share one, so that a unit or a clerk reads of it once."""
    heaps: dict[str, list[Alert]] = {}
    for place, alert in enumerate(alerts):
        heaps.setdefault(_task(alert.finding) or str(place), []).append(alert)
    return [_opened_item(heap[0], accounts) if len(heap) == 1 else _task_item(heap, accounts) for heap in heaps.values()]


def _task(finding: Finding) -> str:
    """Name the task a finding asks for; empty where it is about one account's own post, or the evidence does not say enough."""
    asks = finding.article_id and finding.severity in (Severity.ACCUSATION, Severity.NOTICE)
    told = finding.evidence.get("article_title") and _moment(finding.evidence.get("due_at"))
    return f"{finding.article_id} {finding.severity}" if asks and told else ""


def _task_item(alerts: list[Alert], accounts: Mapping[str, Account]) -> Item:
    first = _opened_item(alerts[0], accounts)
    evidence = alerts[0].finding.evidence
    due = _moment(evidence.get("due_at"))
    asked = f"《{plain(str(evidence['article_title']), NAMES)}》" + (f"应于{chinese_minute(due)}前转载" if due else "")
    rows = sorted(_task_row(alert.finding, accounts.get(alert.finding.account_id or "")) for alert in alerts)
    return replace(
        first,
        message=f"{asked}，{first.title}等{len(alerts)}个账号尚未检测到",
        facts=(*first.facts[:2], *((title, searched) for _, title, searched in rows)),
    )


def _task_row(finding: Finding, account: Account | None) -> tuple[str, str, str]:
    """Return unit, account, and what was looked at, so that rows of one unit stand together."""
    unit = plain(account.unit, TEXT_CAP) if account else ""
    told = "；".join(part for part in (unit, _searched(finding.evidence, account)) if part)
    return unit, account_title(account) if account else plain(finding.subject, TEXT_CAP), told or "未转载"


def _opened_item(alert: Alert, accounts: Mapping[str, Account]) -> Item:
    finding = alert.finding
    account = accounts.get(finding.account_id or "")
    title = account_title(account) if account else plain(finding.subject, TEXT_CAP)
    return Item(
        label=label(finding),
        title=title,
        message=plain(finding.message, TEXT_CAP) or f"{title}{label(finding)}",
        action=_action(finding),
        facts=tuple(_task_facts(finding, account) if finding.article_id else _facts(finding, account)),
        link=_link(finding.evidence, "article_url" if finding.article_id else "post_url"),
        link_name="原文" if finding.article_id else "最近发布",
        is_account=bool(finding.account_id),
    )


def _asked_for(opened: Iterable[Alert]) -> str:
    """Return what the readers are asked to have done, 更新 or 转载 or both; empty where nothing is theirs to do."""
    asked = {"转载" if alert.finding.article_id else "更新" for alert in opened if alert.finding.severity is not Severity.TROUBLE}
    return "或".join(f"已{word}" for word in sorted(asked))


def _action(finding: Finding) -> str:
    """Return what the reader is asked to do; who is told says whether it is the operator's to do."""
    if finding.severity is Severity.TROUBLE:
        return _UNSEEN_ACTION if finding.account_id else _ACTION[Severity.TROUBLE]
    if finding.article_id:
        return _REPOST_ACTION[finding.severity]
    return _ACTION[finding.severity] if Role.OPERATOR in finding.tells else _CLERK_ACTION


def label(finding: Finding) -> str:
    """Return the word that heads the subject: the first part of the finding's label, else one by severity."""
    if finding.article_id and finding.severity is not Severity.WARNING:
        return _REPOST_LABEL
    first = "" if finding.severity is Severity.TROUBLE else finding.label.partition("·")[0]
    return plain(first, 20) or _FALLBACK_LABEL[finding.severity]


def _facts(finding: Finding, account: Account | None) -> Iterable[tuple[str, str]]:
    """Yield the lines of evidence: whose account, both clocks, what the rung adds."""
    if "·" in finding.label:
        yield "判定", plain(finding.label, TEXT_CAP)
    yield from _whose(account)
    if at := _moment(finding.evidence.get("published_at")):
        yield "最后更新", minute(at)
    if at := _moment(finding.evidence.get("looked_at")):
        channel = plain(str(finding.evidence.get("channel") or ""), NAMES)
        yield "最近有效采集", f"{minute(at)}（{channel}）" if channel else minute(at)


def _whose(account: Account | None) -> Iterable[tuple[str, str]]:
    if account and (account.unit or account.region):
        yield "单位", "，".join(plain(part, TEXT_CAP) for part in (account.unit, account.region) if part)
    if account and account.code:
        yield "标识码", plain(account.code, 40)


def _task_facts(finding: Finding, account: Account | None) -> Iterable[tuple[str, str]]:
    """Yield the lines about a key article: what was to be reposted by when, by whom, and what was looked at or found."""
    evidence = finding.evidence
    if title := plain(str(evidence.get("article_title") or ""), TEXT_CAP):
        yield "重要信息", f"《{title}》"
    if due := _moment(evidence.get("due_at")):
        yield "截止时间", minute(due)
    yield "账号", account_title(account) if account else plain(finding.subject, TEXT_CAP)
    yield from _whose(account)
    if searched := _searched(evidence, account):
        yield "核对情况", searched
    if flaws := form_words(evidence.get("form")):
        yield "不规范之处", plain("；".join(flaws), TEXT_CAP)
    if url := _link(evidence, "repost_url"):
        yield "转载链接", url


def _searched(evidence: Mapping[str, Any], account: Account | None) -> str:
    """Return in one line which span was looked through in vain, and when and where we looked last; empty without a span."""
    since, until = _moment(evidence.get("covers_from")), _moment(evidence.get("covers_until"))
    if since is None or until is None:
        return ""
    # Evidence may sign a look with the channel's key, whose second half is the account's handle there.
    adapter = plain(str(evidence.get("channel") or ""), NAMES).partition(" ")[0]
    at = _moment(evidence.get("looked_at"))
    looked = [f"{account.platform.label} {adapter}" if account and adapter else adapter, f"{chinese_minute(at)}采集" if at else ""]
    source = "，".join(part for part in looked if part)
    return f"已核对该账号{chinese_minute(since)}至{chinese_minute(until)}发布的内容{f'（{source}）' if source else ''}，未发现转载"


def _recovered_item(alert: Alert, accounts: Mapping[str, Account]) -> Item:
    finding = alert.finding
    account = accounts.get(finding.account_id or "")
    title = account_title(account) if account else plain(finding.subject, TEXT_CAP)
    proof = _mapping(finding.evidence.get(RECOVERY))
    return Item(
        label=RECOVERED,
        title=title,
        message=_recovery(finding, title, proof),
        facts=(("原问题", plain(finding.message, TEXT_CAP)),) if finding.message else (),
        link=_link(proof, "repost_url" if finding.article_id else "post_url"),
        link_name="转载" if finding.article_id else "最近发布",
        is_account=bool(finding.account_id),
    )


def _recovery(finding: Finding, title: str, proof: Mapping[str, Any]) -> str:
    """Return the sentence that closes the thread: the rule's own, else with the day of the update where there was one."""
    ending = "" if finding.severity is Severity.TROUBLE else "，问题已销号"
    said = plain(str(proof.get("message") or ""), TEXT_CAP)
    if said:
        return said + ending
    if finding.severity is Severity.TROUBLE:
        return f"{title}采集已恢复"
    if finding.article_id and _moment(proof.get("reposted_at")):
        return f"{title}已转载{f'《{named}》' if (named := plain(str(proof.get('article_title') or ''), NAMES)) else '重要信息'}{ending}"
    before, after = _moment(finding.evidence.get("published_at")), _moment(proof.get("published_at"))
    if after and (before is None or after > before):
        return f"{title}已于{chinese_day(local_date(after))}更新{ending}"
    return f"{title}的问题已销号"


def _subject(opened: list[Item], recovered: list[Item]) -> str:
    """Return the sentence of a single alert, or a summary headed by the gravest."""
    items = opened + recovered
    first = items[0]
    if len(items) == 1:
        return plain(first.sentence, SUBJECT_CAP)
    labels = Counter(item.label for item in items)
    one_each = len({item.title for item in items}) == len(items) and all(item.is_account for item in items)
    several = f"等{len(items)}个账号" if one_each else f"等{len(items)}项"
    parts = "：" + "、".join(f"{label}{count}项" for label, count in labels.items()) if len(labels) > 1 else ""
    ending = "，问题已销号" if set(labels) == {RECOVERED} else ""
    return plain(f"【{first.label}】{first.title}{several}{parts}{ending}", SUBJECT_CAP)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _link(evidence: Mapping[str, Any], key: str) -> str:
    return web_link(str(evidence.get(key) or ""))


def _moment(value: Any) -> datetime | None:
    """Read a moment from evidence, where it stands as a datetime or as ISO text; anything else is no moment."""
    try:
        return cut(datetime.fromisoformat(value) if isinstance(value, str) else value)
    except (AttributeError, TypeError, ValueError):
        return None
