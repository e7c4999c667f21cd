"""The parts of a letter: each alert, or several that ask for the same, as three lines with evidence and links below. Pure.

It knows no rule by name: severity, label, message and evidence of a finding are all it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from monitor.alerting import Notice
from monitor.model import Account, Alert, Finding, Role, Severity, Status, Step, local_date
from monitor.notify import phrases
from monitor.notify.facts import (
    NAMES,
    Fact,
    account_facts,
    contact_names,
    day,
    link,
    moment,
    proof_of,
    repost_facts,
    searched,
    sentence_of,
    shown,
    task_facts,
    title_of,
    without,
)
from monitor.notify.heaps import heaps_of, holiday_of, unit_of
from monitor.notify.phrases import Asked
from monitor.telling.marks import address
from monitor.telling.records import Ask
from monitor.wording import article_path, chinese_day, chinese_minute, minute, month_day, pair_path, web_link

LINKED_ACCOUNTS = 15
"""Accounts of a letter that get links of their own; with more, one reads a list, and the console is the better place."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the deployment adds to a letter. `link(ask, alert, address)` is an address that acts when clicked, "" where there is none.

    `rectify_days`: so long after an accusation was told a 整改通知 follows; 0 where none does. `titles` are the channels', by adapter.
    """

    city: str = ""
    console_url: str = ""
    link: Callable[[Ask, Alert, str], str] | None = None
    rectify_days: int = 0
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One account of an item that stands for several."""

    who: str
    unit: str = ""
    facts: tuple[Fact, ...] = ()
    acts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """What the reader reads of one thing. `who`, `said` and `ask` are its first three lines; `sentence` and `end` make a subject.

    `counted` has label and title of each alert it stands for. `links` lead somewhere, `acts` do something.
    """

    label: str
    tone: str
    who: str
    said: str
    ask: str
    sentence: str
    counted: tuple[Fact, ...]
    end: str = ""
    facts: tuple[Fact, ...] = ()
    links: tuple[Fact, ...] = ()
    acts: tuple[Fact, ...] = ()
    rows: tuple[Row, ...] = ()
    is_account: bool = True


class Itemising:
    """Makes the items of one letter. `unlinked` counts the accounts that could have links of their own, were they not too many."""

    def __init__(self, notice: Notice, accounts: Mapping[str, Account], words: Words, now: datetime) -> None:
        self._notice, self._accounts, self._words, self._now = notice, accounts, words, now
        self._console = web_link(words.console_url).rstrip("/")
        self._heaps = heaps_of([self._asked(alert) for alert in notice.opened], accounts)
        clickable = [asked.alert.id for heap in self._heaps for asked in heap if words.link and phrases.clicks(asked)]
        self._linked = frozenset(clickable[:LINKED_ACCOUNTS])
        self.unlinked = len(clickable) - len(self._linked)
        everything = (*notice.opened, *notice.standing, *notice.recovered)
        self._many_units = len({unit_of(alert.finding, accounts) for alert in everything} - {""}) > 1

    @property
    def asked(self) -> list[Asked]:
        """All that is new to the reader, in the order in which it is read."""
        return [asked for heap in self._heaps for asked in heap]

    def opened(self) -> list[Item]:
        """Return what is new to the reader: unit by unit, account by account; accounts that are asked for the same share an item."""
        return [self._item(heap) for heap in self._heaps]

    def recovered(self) -> list[Item]:
        """Return what is over; what one update ended is told once."""
        told: dict[Fact, Item] = {}
        for item in map(self._recovered, self._notice.recovered):
            before = told.get((item.who, item.said))
            told[item.who, item.said] = replace(before, facts=(*before.facts, *item.facts)) if before else item
        return list(told.values())

    def standing(self) -> list[Fact]:
        """Return who and what, for each thing that was told before and still holds."""
        return [self._standing(self._asked(alert)) for alert in self._notice.standing]

    def _asked(self, alert: Alert) -> Asked:
        # A county clerk who runs an account himself is asked as its operator.
        decision = self._notice.decisions.get(alert.id)
        role = decision.person.role if decision else self._notice.person.role
        account, step = self._account(alert.finding), self._notice.step(alert)
        is_update = alert.finding.article_id is None and alert.finding.severity is Severity.ACCUSATION
        return Asked(
            alert,
            role,
            step,
            self._notice.due(alert),
            then_on=self._then_on() if role is Role.OPERATOR and step < Step.RECTIFY else None,
            stopped=is_update and account is not None and account.status is Status.ABANDONED,
            has_county=account is not None and any(each.role is Role.COUNTY for each in account.contacts),
        )

    def _then_on(self) -> date | None:
        days = self._words.rectify_days
        return local_date(self._now) + timedelta(days=days) if days else None

    def _item(self, heap: list[Asked]) -> Item:
        first = heap[0]
        item = self._headed(heap)
        if len(heap) > 1:
            return self._shared_holiday(item, heap) if holiday_of(first.finding) else self._shared_task(item, heap)
        facts = self._task_evidence if first.is_task else self._account_evidence
        found = (("发现时间", minute(first.alert.opened_at)),) if first.about_us else ()
        return replace(
            item,
            facts=(*facts(first, self._account(first.finding)), *found),
            links=_usable(self._task_links(first) if first.is_task else [("最近发布", link(first.finding.evidence, "post_url"))]),
            acts=self._acts(first),
        )

    def _headed(self, heap: list[Asked]) -> Item:
        """Return the item with its lines as they are for a single account."""
        first = heap[0]
        finding, account = first.finding, self._account(first.finding)
        label = phrases.label(first)
        title = title_of(finding, account)
        message = sentence_of(finding.message, account) or f"{title}{label}"
        return Item(
            label=label,
            tone=phrases.tone(finding),
            who=self._who(finding),
            said=_holiday_words(heap) or without(title, message) or label,
            ask=phrases.to_do(first, self._now),
            sentence=message,
            counted=tuple((phrases.label(each), title_of(each.finding, self._account(each.finding))) for each in heap),
            end=phrases.subject_end(first, self._now),
            is_account=bool(finding.account_id),
        )

    def _shared_task(self, item: Item, heap: list[Asked]) -> Item:
        """Return the item of an article that several accounts are asked to repost."""
        finding = heap[0].finding
        due = moment(finding.evidence.get("due_at"))
        task = f"《{shown(finding.evidence.get('article_title'), NAMES)}》" + (f"应于{chinese_minute(due)}前转载" if due else "")
        several = f"{item.counted[0][1]}等{len(heap)}个账号"
        sheet = f"{self._console}{article_path(finding.article_id or '')}" if self._console else ""
        return replace(
            item,
            who=several,
            said=f"{task}，尚未检测到",
            sentence=f"{task}，{several}尚未检测到",
            facts=tuple(task_facts(finding)),
            links=_usable([("原文", link(finding.evidence, "article_url")), ("转载情况", sheet)]),
            rows=self._rows(heap, self._row_of_task),
        )

    def _shared_holiday(self, item: Item, heap: list[Asked]) -> Item:
        """Return the item of a public holiday within which several accounts will reach their line."""
        finding = heap[0].finding
        by = day(finding.evidence.get("update_by"))
        until = f"，请于{month_day(by)}前更新" if by else ""
        return replace(
            item,
            who=f"{item.counted[0][1]}等{len(heap)}个账号",
            sentence=f"{holiday_of(finding)}假期内将超期的账号{len(heap)}个{until}",
            rows=self._rows(heap, _row_of_holiday),
        )

    def _rows(self, heap: list[Asked], facts: Callable[[Asked, Account | None], Iterable[Fact]]) -> tuple[Row, ...]:
        """Return a row for each account, those of one unit together."""
        rows = []
        for asked in heap:
            account = self._account(asked.finding)
            names = contact_names(account.contacts) if account and asked.role is Role.COUNTY else ""
            told = [*([("联系人", names)] if names else []), *facts(asked, account)]
            rows.append(Row(title_of(asked.finding, account), unit_of(asked.finding, self._accounts), tuple(told), self._acts(asked)))
        return tuple(sorted(rows, key=lambda row: (row.unit, row.who)))

    def _acts(self, asked: Asked) -> tuple[Fact, ...]:
        if self._words.link is None or asked.alert.id not in self._linked:
            return ()
        to = address(self._notice.person.email)
        return _usable((called, self._words.link(ask, asked.alert, to)) for ask, called in phrases.clicks(asked))

    def _task_links(self, asked: Asked) -> Iterable[Fact]:
        finding = asked.finding
        yield "原文", link(finding.evidence, "article_url")
        yield "转载", link(finding.evidence, "repost_url")
        if self._console and finding.account_id:
            yield "核对记录", self._console + pair_path(finding.article_id or "", finding.account_id)

    def _recovered(self, alert: Alert) -> Item:
        finding, account = alert.finding, self._account(alert.finding)
        title = title_of(finding, account)
        sentence = _recovery(finding, account, title)
        key, called = ("repost_url", "转载") if finding.article_id else ("post_url", "最近发布")
        return Item(
            label=phrases.RECOVERED,
            tone="well",
            who=self._who(finding),
            said=without(title, sentence).removeprefix("的"),
            ask=phrases.NOTHING_LEFT,
            sentence=sentence,
            counted=((phrases.RECOVERED, title),),
            facts=(("原问题", before),) if (before := sentence_of(finding.message, account)) else (),
            links=_usable([(called, link(proof_of(finding), key))]),
            is_account=bool(finding.account_id),
        )

    def _standing(self, asked: Asked) -> Fact:
        account = self._account(asked.finding)
        title = title_of(asked.finding, account)
        said = without(title, sentence_of(asked.finding.message, account)) or phrases.label(asked)
        over = "已过" if asked.due and asked.due < local_date(self._now) else ""
        return self._who(asked.finding), said + (f"；整改期限{month_day(asked.due)}{over}" if asked.due else "")

    def _who(self, finding: Finding) -> str:
        """Return the first line: the account, and whose it is where the letter speaks of several units."""
        unit = unit_of(finding, self._accounts) if self._many_units else ""
        title = title_of(finding, self._account(finding))
        return f"{title}　{unit}" if unit else title

    def _account_evidence(self, asked: Asked, account: Account | None) -> Iterable[Fact]:
        return account_facts(asked.finding, account, self._words.titles, with_contacts=asked.role is Role.COUNTY)

    def _task_evidence(self, asked: Asked, account: Account | None) -> Iterable[Fact]:
        yield from task_facts(asked.finding)
        yield from repost_facts(asked.finding, account, self._words.titles, with_contacts=asked.role is Role.COUNTY)

    def _row_of_task(self, asked: Asked, account: Account | None) -> Iterable[Fact]:
        yield "核对情况", searched(asked.finding.evidence, self._words.titles) or phrases.label(asked)

    def _account(self, finding: Finding) -> Account | None:
        return self._accounts.get(finding.account_id or "")


def _usable(links: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple((called, url) for called, each in links if (url := web_link(each)))


def _row_of_holiday(asked: Asked, account: Account | None) -> Iterable[Fact]:
    if line := phrases.line_on(asked.finding):
        yield "超期日期", month_day(line)
    if at := moment(asked.finding.evidence.get("published_at")):
        yield "最后更新", minute(at)


def _holiday_words(heap: list[Asked]) -> str:
    """Return the second line of a look-ahead; empty for all else. A line may also fall on the morning after."""
    finding = heap[0].finding
    name = holiday_of(finding)
    first, last = day(finding.evidence.get("holiday_from")), day(finding.evidence.get("holiday_to"))
    span = f"（{month_day(first)}至{month_day(last)}）" if first and last else ""
    after = {bool(last and line > last) for each in heap if (line := phrases.line_on(each.finding))}
    when = {frozenset({True}): "后首个工作日", frozenset({True, False}): "内及节后首个工作日"}.get(frozenset(after), "内")
    return f"{name}假期{span}{when}将超期" if name else ""


def _recovery(finding: Finding, account: Account | None, title: str) -> str:
    """Return the sentence that closes the thread: the rule's own, else with the day of the update where there was one."""
    proof, trouble = proof_of(finding), finding.severity is Severity.TROUBLE
    ending = "" if trouble else "，问题已销号"
    if said := sentence_of(proof.get("message"), account):
        return said + ending
    if trouble:
        return f"{title}采集已恢复"
    if finding.article_id and moment(proof.get("reposted_at")):
        named = shown(proof.get("article_title"), NAMES)
        return f"{title}已转载{f'《{named}》' if named else '重要信息'}{ending}"
    before, after = moment(finding.evidence.get("published_at")), moment(proof.get("published_at"))
    if after and (before is None or after > before):
        return f"{title}已于{chinese_day(local_date(after))}更新{ending}"
    return f"{title}的问题已销号"
