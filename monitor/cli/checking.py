"""The command `check`: every problem at once, before people depend on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from monitor.app import App
from monitor.cli.commands import err, out
from monitor.errors import BadInput, NoDatabase, NotifyError, StoreAway
from monitor.model import local_date
from monitor.notify.trial import trial
from monitor.plugins import Tables
from monitor.ports import Notifier
from monitor.settings import load
from monitor.workdays import known_until

CALENDAR_AHEAD_DAYS = 30
"""The State Council publishes next year's calendar in November; whoever has not got it by December should be told."""


async def check(path: Path | None, tables: Tables, send_to: Sequence[str] = ()) -> int:
    """Print every problem at once: settings, database, mail, each channel. 0 when all is well, 2 for settings, 1 for the rest.

    Only to the addresses in `send_to` is anything sent: a trial letter each.
    """
    try:
        settings = load(path)
        app = App(settings, tables, join=True)
    except BadInput as error:
        for problem in error.problems:
            err.print(f"✗ {problem}", markup=False)
        return 2
    problems: list[str] = []
    code = 1
    try:
        async with app:
            out.print("✓ 数据库可用", markup=False)
            problems += await _check_mail(app, send_to)
            problems += await _check_channels(app)
            problems += await _check_roster(app)
    except (NoDatabase, StoreAway) as error:
        problems.append(f"数据库：{error}")
        problems += await _check_mail(app, send_to)
    except BadInput as error:
        # Settings that only the database could show to be wrong.
        code = 2
        problems += [*error.problems, *await _check_mail(app, send_to)]
    for problem in problems:
        err.print(f"✗ {problem}", markup=False)
    out.print("检查完毕，没有发现问题。" if not problems else f"检查完毕，发现 {len(problems)} 个问题。", markup=False)
    return code if problems else 0


async def _check_mail(app: App, send_to: Sequence[str]) -> list[str]:
    if app.notifier is None:
        return ["邮件：未设置 smtp.host，不会发送任何提醒"]
    problems = list(await app.notifier.check())
    if not problems:
        out.print("✓ 邮件服务器可用", markup=False)
    for address in send_to:
        problems += await _send_trial(app, app.notifier, address)
    await app.notifier.rest()
    return problems + _check_readers(app)


async def _send_trial(app: App, notifier: Notifier, address: str) -> list[str]:
    settings = app.settings
    try:
        await notifier.send(trial(address.strip(), settings.notify.city, settings.web.public_url, app.clock.now()))
    except NotifyError as error:
        return [f"试发 {address}：{error.told}"]
    out.print(f"✓ 试发 {address}：已被接收，请到收件处核对", markup=False)
    return []


def _check_readers(app: App) -> list[str]:
    """Return what keeps people from being told, though letters could be sent."""
    notify, today = app.settings.notify, local_date(app.clock.now())
    problems = [] if notify.sysadmins else ["邮件：notify.sysadmins 为空，采集异常将无人知晓"]
    if not app.settings.web.public_url:
        problems.append("邮件：未设置 web.public_url，邮件中没有一键办理链接，也没有控制台地址")
    ends = known_until()
    if notify.working_days_only and (ends - today).days < CALENDAR_AHEAD_DAYS:
        year = ends.year + 1
        told = f"工作日历：只到{ends.isoformat()}，没有{year}年的安排；请升级 chinesecalendar，或在 settings.toml 的 [calendar] 中填写"
        problems.append(f"{told}，否则{year}年每天都按工作日发信，且没有节前提醒")
    return problems


async def _check_channels(app: App) -> list[str]:
    problems: list[str] = []
    used = Counter(channel.adapter for account in await app.store.accounts() for channel in account.channels)
    for name in sorted(app.settings.channels.keys() | used.keys()):
        adapter = app.adapters.get(name)
        if adapter is None:
            problems.append(f"渠道 {name}：名册中有 {used[name]} 个账号使用，但该渠道未启用")
            continue
        found = [f"渠道 {name}：{line}" for line in await adapter.check()]
        if not found:
            out.print(f"✓ 渠道 {name} 可用", markup=False)
        problems += found
    return problems


async def _check_roster(app: App) -> list[str]:
    accounts = await app.store.accounts()
    if not accounts:
        return ["名册：还没有账号，请先 import accounts"]
    known = {channel.credential for account in accounts for channel in account.channels if channel.credential}
    missing = sorted(known - app.credentials.names())
    problems = [f"凭据：名册用到的 {name} 不在 ZHENGWU_CREDENTIALS 中" for name in missing[:20]]
    if len(missing) > 20:
        problems.append(f"凭据：另有 {len(missing) - 20} 个缺失")
    return problems
