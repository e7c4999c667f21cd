"""The commands by which people answer alerts: acknowledge, silence, deal with a request, give an address another chance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from uuid import uuid4

from rich.console import Console

from monitor.alerting import Silence
from monitor.app import App
from monitor.errors import BadInput
from monitor.model import Account, Alert, Stage, end_of_day, local_date
from monitor.telling import marks
from monitor.telling.marks import address
from monitor.telling.records import Ask
from monitor.telling.trail import Act, Entry
from monitor.wording import account_title, minute, plain

BY_LIMIT, REASON_LIMIT = 40, 200
"""Characters of a name, and of a reason."""
LONGEST_SILENCE_DAYS = 180
"""Half a year: whoever needs longer has filed an exemption, which belongs in the roster."""

REQUESTS = {"报备": Ask.EXEMPTION, "关停": Ask.CLOSURE}


async def acknowledge(app: App, code: str, by: str, note: str, out: Console) -> int:
    """Note that somebody has taken the account's open alerts in hand: they are not repeated until they grow graver."""
    account, by = await account_of(app, code), _person(by)
    now, reason = app.clock.now(), plain(note, REASON_LIMIT)
    open_now = await _open_alerts(app, account)
    for alert in open_now:
        await app.store.correspondence.put_acknowledged(marks.acknowledged(alert, by, now, reason))
    await app.store.correspondence.note([_entry(Act.ACKNOWLEDGED, account, by, now, reason, alert) for alert in open_now])
    said = f"已记录：{by}确认了{account_title(account)}的 {len(open_now)} 个问题；情况加重之前不再重复提醒。"
    out.print(said if open_now else f"{account_title(account)}没有未销号的问题。", markup=False)
    return 0


async def silence(app: App, code: str, until: date, reason: str, by: str, out: Console) -> int:
    """Hold all letters about an account until the end of a day; verdicts and lists are as ever."""
    account, by, now = await account_of(app, code), _person(by), app.clock.now()
    problems = [] if plain(reason) else ["--reason：请写明静默的原因"]
    ahead = (until - local_date(now)).days
    if not 0 <= ahead <= LONGEST_SILENCE_DAYS:
        problems.append(f"--until：应为今天起 {LONGEST_SILENCE_DAYS} 天之内的日期；更久的请在名册中登记报备")
    if problems:
        raise BadInput(problems)
    said = plain(reason, REASON_LIMIT)
    made = Silence(account.id, end_of_day(until), by, said, now)
    await app.store.correspondence.put_silence(made)
    await app.store.correspondence.note([_entry(Act.SILENCED, account, by, now, f"至{until.isoformat()}：{said}")])
    out.print(f"{account_title(account)}：{minute(made.until)} 之前不发邮件（{said}）；判定和清单照常。", markup=False)
    return 0


async def unsilence(app: App, code: str, by: str, out: Console) -> int:
    account, by, now = await account_of(app, code), _person(by), app.clock.now()
    if await app.store.correspondence.end_silence(account.id):
        await app.store.correspondence.note([_entry(Act.UNSILENCED, account, by, now, "")])
        out.print(f"{account_title(account)}：已取消静默。", markup=False)
    else:
        out.print(f"{account_title(account)}没有被静默。", markup=False)
    return 0


async def dismiss(app: App, code: str, what: str, note: str, by: str, out: Console) -> int:
    """Note that a request for exemption or closure has been dealt with, outside, by a person."""
    if what not in REQUESTS:
        raise BadInput([f"“{plain(what, 20)}”：应为 {'、'.join(REQUESTS)} 之一"])
    account, by, now, ask = await account_of(app, code), _person(by), app.clock.now(), REQUESTS[what]
    if not await app.store.correspondence.end_request(account.id, ask):
        out.print(f"{account_title(account)}没有待办的{ask.label}。", markup=False)
        return 0
    act = Act.EXEMPTION if ask is Ask.EXEMPTION else Act.CLOSURE
    await app.store.correspondence.note([_entry(act, account, by, now, f"已办：{plain(note, REASON_LIMIT)}")])
    out.print(f"{account_title(account)}的{ask.label}已记为办结。状态的变更请在名册中登记并重新导入。", markup=False)
    return 0


async def retry_address(app: App, email: str, out: Console) -> int:
    """Take the mark off an address that was refused: what waits for it goes out in the next round."""
    key = address(email)
    box = (await app.store.correspondence.mailboxes([key])).get(key)
    if box is None or not (box.refused_at or box.next_try_at):
        out.print(f"{plain(email, 80)} 没有被标记为退信。", markup=False)
        return 0
    await app.store.correspondence.put_mailbox(
        replace(box, refused_at=None, refused_why="", failing_since=None, failures=0, next_try_at=None)
    )
    out.print(f"{key}：已取消退信标记，下一轮起重新发送。", markup=False)
    return 0


async def account_of(app: App, code: str) -> Account:
    """Return the account of this id or code. Raises `BadInput`."""
    found = [account for account in await app.store.accounts() if code in (account.id, account.code)]
    if not found:
        raise BadInput([f"名册中没有标识码为“{plain(code, 60)}”的账号"])
    return found[0]


async def _open_alerts(app: App, account: Account) -> list[Alert]:
    alive = (await app.store.alive_alerts([account.id])).get(account.id, {})
    return [alert for alert in alive.values() if alert.stage is Stage.OPEN]


def _person(by: str) -> str:
    name = plain(by, BY_LIMIT)
    if not name:
        raise BadInput(["--by：请写明姓名，留作记录"])
    return name


def _entry(act: Act, account: Account, by: str, now: datetime, reason: str, alert: Alert | None = None) -> Entry:
    # Named anew each time: a person may do the same thing twice, and both are on record.
    name = f"{account.id} {act} {uuid4().hex[:12]}"
    return Entry(name, now, act, by, alert.id if alert else "", account.id, reason, unit=account.unit)
