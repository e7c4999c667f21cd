"""What was said and answered before the demo begins, put into its database as the daemon would have left it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rich.console import Console

from demo.fates import Fate
from demo.names import CITY
from demo.pages import Page
from demo.rhythm import at
from demo.world import World
from monitor.alerting import Notice
from monitor.app import App
from monitor.cli import answering
from monitor.life import alert_id
from monitor.model import Account, AccountState, Alert, Contact, GoodLook, PostMark, Sight, Stage, local_date
from monitor.notify.letters import Words, write
from monitor.ports import AccountFacts
from monitor.telling import mailboxes, marks, reasons
from monitor.telling.mailboxes import Mailbox
from monitor.telling.records import Ask, LetterRecord, Request
from monitor.telling.trail import Act, Entry
from monitor.writes import AlertChange

CLERK_NAME = "抽查员"
SILENT_DAYS = 5
SILENCE_REASON = "公众号正在迁移，报备手续办理中"
OPENED_MINUTES = 9 * 60
"""When the letters of those days left: at nine."""
ANSWER_AFTER = timedelta(hours=2)
"""How long the operators took to answer what they were told."""
SIGHT = timedelta(days=30)
REFUSED_BEFORE = timedelta(seconds=50)
"""So long before the start a mail server said "not now": the minute until the next try ends while the demo runs."""
NOT_NOW = "450 4.2.1 mailbox busy, try again later"
ANSWERS = {Fate.ANSWERED: Ask.RECEIVED, Fate.CLOSING: Ask.CLOSURE}


async def leave_traces(app: App, world: World, base_url: str) -> None:
    """Write the alerts, letters, answers, silences and refusals that the world's accounts have behind them."""
    for page in world.pages:
        if page.fate is None:
            continue
        account = page.account(base_url)
        if page.fate.days_told is not None:
            await _tell(app, page, account, at(local_date(world.now) - timedelta(days=page.fate.days_told), OPENED_MINUTES))
        elif page.fate is Fate.SILENCED:
            until = local_date(world.now) + timedelta(days=SILENT_DAYS)
            await answering.silence(app, page.code, until, SILENCE_REASON, CLERK_NAME, Console(quiet=True))
        elif page.fate is Fate.RETRIED:
            box = mailboxes.deferred(Mailbox(page.operator), NOT_NOW, world.now - REFUSED_BEFORE)
            await app.store.correspondence.put_mailbox(box)


async def _tell(app: App, page: Page, account: Account, then: datetime) -> None:
    """Open the alert as of that moment, tell everybody of it, and let the operator answer where that is its fate."""
    alert = _opened(app, page, account, then)
    letters: list[tuple[LetterRecord, Entry]] = []
    for person in account.contacts:
        letter = write(Notice(person, opened=(alert,)), {account.id: account}, Words(city=CITY), then)
        alert = marks.told(alert, person.email, then, letter=letter.number)
        record = LetterRecord(
            *(letter.number, letter.to, then, letter.subject, letter.short, letter.html, letter.about.value, "sent"),
            *(letter.to_name, (account.unit,), (alert.id,)),
        )
        letters.append((record, _told(alert, account, person, letter.number, then)))
    word = _answered(page, alert, then + ANSWER_AFTER)
    await app.store.put_alerts([AlertChange(None, word or alert)])
    for record, entry in letters:
        await app.store.correspondence.put_letter(record)
        await app.store.correspondence.note([entry])
        await app.store.correspondence.put_mailbox(mailboxes.delivered(Mailbox(marks.address(record.to)), then, duty=True))
    if word is not None:
        await _answer(app, page, word)


def _opened(app: App, page: Page, account: Account, then: datetime) -> Alert:
    newest = page.items[0]
    mark = PostMark(id=f"{page.platform}:{page.handle}:before", published_at=newest.at, title=newest.title)
    state = AccountState(
        account_id=account.id,
        last_post=mark,
        sight=Sight().add(newest.at - SIGHT, then),
        last_good=GoodLook(channel=account.channels[0].adapter, at=then, covers_until=then),
        last_tried_at=then,
    )
    [finding] = app.grader.judge(AccountFacts(account, state, then))
    return Alert(id=alert_id(finding, then), finding=finding, stage=Stage.OPEN, opened_at=then, last_seen_at=then)


def _told(alert: Alert, account: Account, person: Contact, number: str, then: datetime) -> Entry:
    name = f"{alert.id} told {person.email} {number}"
    reason = reasons.Why.NEW.label.partition("，")[0]
    return Entry(name, then, Act.TOLD, person.email, alert.id, account.id, reason, number, account.unit)


def _answered(page: Page, alert: Alert, when: datetime) -> Alert | None:
    ask = ANSWERS.get(page.fate) if page.fate else None
    return marks.acknowledged(alert, page.operator, when, ask.label) if ask else None


async def _answer(app: App, page: Page, alert: Alert) -> None:
    """Note the answer as a followed link leaves it behind."""
    word = alert.acknowledged
    assert word is not None
    asked = ANSWERS[page.fate] if page.fate else Ask.RECEIVED
    if asked is Ask.CLOSURE:
        await app.store.correspondence.put_request(Request(page.code, asked, word.by, word.at, alert.id))
    entries = [
        Entry(f"{alert.id} {act} before", word.at, act, word.by, alert.id, page.code, word.reason, unit=page.unit.name)
        for act in _acts(asked)
    ]
    await app.store.correspondence.note(entries)


def _acts(asked: Ask) -> Iterator[Act]:
    if asked is Ask.CLOSURE:
        yield Act.CLOSURE
    yield Act.ACKNOWLEDGED
