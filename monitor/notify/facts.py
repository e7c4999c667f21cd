"""What a letter says its sentence rests on: lines read from the evidence of a finding. Pure.

Evidence is whatever a rule or an older version stored: what cannot be read is left out, the letter goes without that line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from monitor.life import RECOVERY
from monitor.model import Account, Alert, Contact, Finding, Role, Severity, cut
from monitor.wording import account_title, channel_title, chinese_minute, form_words, minute, plain, web_link, with_titles

TEXT_CAP = 300
"""Characters of one sentence or title from outside."""
NAMES = 60
"""Characters of a channel's or a person's name in a line of evidence."""
CODE_CAP = 40
CONTACTS_SHOWN = 3
"""Contacts named to a county clerk; more would not be rung up."""

_READ_CAP = 4_000
"""Characters of a stored text that are looked at; no name, title or sentence of ours is as long."""
_YEARS = range(1990, 2200)
"""A date outside them is a slip; near the ends of the calendar it could not even be moved to Shanghai."""
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")

Fact = tuple[str, str]
"""A name and a text."""


def shown(text: Any, cap: int = TEXT_CAP) -> str:
    """Return an outside text as it may stand in a letter: on one line, capped, without anybody's address; "" for what is no text."""
    if not isinstance(text, str):
        return ""
    return plain(_ADDRESS.sub("…", plain(text[:_READ_CAP])), cap)


def title_of(finding: Finding, account: Account | None) -> str:
    """Return the account as bulletins name it; one that left the roster, and what is no account, by what the finding is about."""
    return shown(account_title(account)) if account else shown(finding.subject)


def in_titles(alert: Alert, titles: Mapping[str, str]) -> Alert:
    """Return a trouble of ours for a reader who does not run the software: channels by what people read for them."""
    finding = alert.finding
    if finding.severity is not Severity.TROUBLE or finding.account_id is not None:
        return alert
    evidence = dict(finding.evidence)
    if isinstance(said := proof_of(finding).get("message"), str):
        evidence[RECOVERY] = {**proof_of(finding), "message": with_titles(said, titles)}
    update = {
        "subject": with_titles(finding.subject, titles),
        "message": with_titles(finding.message, titles),
        "evidence": evidence,
    }
    return alert.model_copy(update={"finding": finding.model_copy(update=update)})


def sentence_of(words: Any, account: Account | None) -> str:
    """Return a rule's sentence with the account named as everywhere in the letter, so that an endless name leaves room for the rest."""
    if isinstance(words, str) and account:
        words = words.replace(f"“{account.name}”({account.platform.label})", account_title(account), 1)
    return shown(words)


def without(title: str, sentence: str) -> str:
    """Return the sentence less the account it names, which stands in a line of its own."""
    return sentence.replace(title, "", 1).strip("，。 ") if title else sentence


def moment(value: Any) -> datetime | None:
    """Read a moment from evidence, where it stands as a datetime or as ISO text; anything else is no moment."""
    try:
        read = cut(datetime.fromisoformat(value) if isinstance(value, str) else value)
    except (AttributeError, OverflowError, TypeError, ValueError):
        return None
    return read if read.year in _YEARS else None


def day(value: Any) -> date | None:
    """Read a calendar date from evidence; anything but ISO text is none."""
    try:
        read = date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return read if read.year in _YEARS else None


def link(evidence: Mapping[str, Any], key: str) -> str:
    """Return an address from evidence if a person may be sent there, else ""."""
    value = evidence.get(key)
    return web_link(value) if isinstance(value, str) else ""


def proof_of(finding: Finding) -> Mapping[str, Any]:
    """Return what a recovery rests on."""
    proof = finding.evidence.get(RECOVERY)
    return proof if isinstance(proof, Mapping) else {}


def account_facts(finding: Finding, account: Account | None, titles: Mapping[str, str], *, with_contacts: bool) -> Iterable[Fact]:
    """Yield whose account it is, both clocks, and what the rung adds. `titles` name the channels."""
    if "·" in finding.label and finding.severity is Severity.ACCUSATION:
        yield "判定", shown(finding.label)
    yield from whose(account, with_contacts=with_contacts)
    if at := moment(finding.evidence.get("published_at")):
        yield "最后更新", minute(at)
    if at := moment(finding.evidence.get("looked_at")):
        channel = _channel(finding.evidence, titles)
        yield "最近有效采集", f"{minute(at)}（{channel}）" if channel else minute(at)


def whose(account: Account | None, *, with_contacts: bool) -> Iterable[Fact]:
    if account is None:
        return
    if unit := "，".join(part for part in (shown(account.unit, NAMES), shown(account.region, NAMES)) if part):
        yield "单位", unit
    if with_contacts and (names := contact_names(account.contacts)):
        yield "联系人", names
    if code := shown(account.code, CODE_CAP):
        yield "标识码", code


def contact_names(contacts: Iterable[Contact]) -> str:
    """Return who runs the account, by name only: an address is nobody else's business."""
    names = (plain(each.name, NAMES) for each in contacts if each.role is Role.OPERATOR and "@" not in each.name)
    return "、".join(list(dict.fromkeys(name for name in names if name))[:CONTACTS_SHOWN])


def task_facts(finding: Finding) -> Iterable[Fact]:
    """Yield what was to be reposted by when."""
    if title := shown(finding.evidence.get("article_title")):
        yield "重要信息", f"《{title}》"
    if due := moment(finding.evidence.get("due_at")):
        yield "截止时间", minute(due)


def repost_facts(finding: Finding, account: Account | None, titles: Mapping[str, str], *, with_contacts: bool) -> Iterable[Fact]:
    """Yield by whom a key article was to be reposted, and what was looked at or found."""
    yield from whose(account, with_contacts=with_contacts)
    if said := searched(finding.evidence, titles):
        yield "核对情况", said
    if flaws := form_words(finding.evidence.get("form")):
        yield "不规范之处", shown("；".join(flaws))


def searched(evidence: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Return in one line which span was looked through in vain, and when and where we looked last; empty without a span."""
    since, until = moment(evidence.get("covers_from")), moment(evidence.get("covers_until"))
    if since is None or until is None:
        return ""
    at = moment(evidence.get("looked_at"))
    source = "，".join(part for part in (_channel(evidence, titles), f"{chinese_minute(at)}采集" if at else "") if part)
    return f"已核对该账号{chinese_minute(since)}至{chinese_minute(until)}发布的内容{f'（{source}）' if source else ''}，未发现转载"


def _channel(evidence: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    # Evidence may sign a look with the channel's key, whose second half is the account's handle there.
    return channel_title(shown(evidence.get("channel"), NAMES), titles)
