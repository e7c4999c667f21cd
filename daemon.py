"""The command line and the wiring. It alone knows which channels, rules and profiles there are."""

from __future__ import annotations

import signal
import sys

if __name__ == "__main__":
    # Before the other imports, which take half a second: process 1 hears no SIGTERM until it has asked for it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.access.credentials import CredentialBook, Vault
from monitor.app import App, settle_memory
from monitor.cli import commands, resolving
from monitor.errors import BadInput, MonitorError, NoDatabase, StoreAway
from monitor.logs import configure
from monitor.plugins import Tables
from monitor.ports import Ledger
from monitor.settings import LogSettings, Settings, load

app = typer.Typer(
    help="政务新媒体监测：采集各平台账号的更新情况，判定超期未更新与未转载，发送提醒，汇总结果。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
importing = typer.Typer(
    help="导入名册、重要信息（转载任务）、人工核查记录或保存的页面；templates 写出空白模板。", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(importing, name="import")
showing = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
app.add_typer(showing, name="status")

FAULT_HELP = (
    "模拟一种故障：frozen-source 订阅源停滞，throttle 限流，captcha 验证码，dead-cookie 登录失效，dead-token 授权过期，"
    "guest-view 游客视图，empty-list 空列表，slow 响应极慢，reset 连接重置，wrong-account 张冠李戴"
)
SEND_TO_HELP = "向此邮箱（或 robot:群名）发一封试发信；可多次给出"
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="设置文件，默认为当前目录的 settings.toml", show_default=False)]


def tables() -> Tables:
    """Return the plug-ins. Imported here, so that `--help` need not wait for them."""
    from adapters import ADAPTERS, feed
    from adapters.http import Door
    from adapters.manual import hand_check
    from adapters.reading.page import Asked
    from adapters.reading.uploads import read_upload
    from monitor.model import Snapshot
    from rules import PROFILES, RULES

    def door(settings: Settings, rng: random.Random, ledger: Ledger) -> Door:
        poll = settings.poll
        return Door(
            rng=rng,
            body_cap=poll.body_cap_bytes,
            retry_wait=poll.retry_wait_seconds,
            proxy_from_environment=poll.proxy_from_environment,
            ledger=ledger,
        )

    def of_feed(body: bytes, asked: Asked, biz: str) -> Snapshot:
        # A broken one is refused: it is mended slowly, and the person can save it again.
        return feed.read(body, asked, biz=biz, repair=False)

    reading = partial(read_upload, feed=of_feed)
    return Tables(adapters=ADAPTERS, rules=RULES, profiles=PROFILES, door=door, hand_check=hand_check, read_upload=reading)


@app.command()
def run(settings: SettingsFile = None) -> None:
    """启动守护进程，持续运行，直到收到 SIGTERM 或 Ctrl-C。

    例：python daemon.py run --settings /etc/zhengwu/settings.toml
    """

    async def job(made: App) -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        settle_memory()
        await made.run(stop)
        return 0

    _with_app(settings, job, join=False, leave=True)


@app.command()
def demo(
    seconds: Annotated[
        float | None, typer.Option("--for", help="运行多少秒后自行结束；不填则直到 Ctrl-C", min=1, show_default=False)
    ] = None,
    fault: Annotated[str | None, typer.Option(help=FAULT_HELP, show_default=False)] = None,
    directory: Annotated[Path, typer.Option(help="数据与结果存放处")] = Path("var/demo"),
) -> None:
    """在本机演示：模拟平台、真实守护进程、本地邮件接收，无需外网。

    例：python daemon.py demo --for 40
    """
    try:
        from demo.run import run_demo
    except ModuleNotFoundError as error:
        typer.echo(f'演示缺少 {error.name}，请先安装：pip install "zhengwu-monitor[demo]"（或直接运行 make demo）', err=True)
        raise typer.Exit(1) from None

    _run(lambda: run_demo(seconds, fault, directory, tables=tables()))


@app.command()
def check(
    send_to: Annotated[
        list[str] | None, typer.Option("--send-to", metavar="地址", help=SEND_TO_HELP, show_default=False)
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """检查设置，测试 MongoDB、邮件服务器和各采集渠道，一次列出所有问题。

    例：python daemon.py check --send-to zhang@example.gov.cn
    """
    from monitor.cli.checking import check as check_all

    _run(lambda: check_all(settings, tables(), send_to or ()))


@importing.command("accounts")
def import_accounts(
    file: Annotated[Path, typer.Argument(help="CSV 或 XLSX；模板见 examples/accounts-template.csv")],
    yes: Annotated[bool, typer.Option("--yes", help="有账号将被移出名册时不再询问")] = False,
    settings: SettingsFile = None,
) -> None:
    """导入账号名册，显示新增、变更和移出的账号。文件有误则整体不导入。

    例：python daemon.py import accounts examples/ankang-2020q1/accounts.csv
    """
    _with_app(settings, lambda made: commands.import_accounts(made, file, yes))


@importing.command("templates")
def import_templates(directory: Annotated[Path, typer.Argument(help="写到哪个目录")] = Path()) -> None:
    """写出空白模板，供填写后导入：账号名册（XLSX 和 CSV）、重要信息、人工核查记录。不覆盖已有文件。

    例：python daemon.py import templates 模板
    """
    _run(lambda: commands.import_templates(directory))


@importing.command("articles")
def import_articles(
    file: Annotated[Path, typer.Argument(help="CSV 或 XLSX；模板见 examples/articles-template.csv")], settings: SettingsFile = None
) -> None:
    """导入重要信息（转载任务）；编号相同的会被更新。

    例：python daemon.py import articles tasks.xlsx
    """
    _with_app(settings, lambda made: commands.import_articles(made, file))


@importing.command("looks")
def import_looks(
    file: Annotated[Path, typer.Argument(help="CSV 或 XLSX；模板见 examples/looks-template.csv")], settings: SettingsFile = None
) -> None:
    """导入人工核查记录：标识码、最后更新时间（日期或“无内容”）、检查时间、检查人。

    例：python daemon.py import looks examples/ankang-2020q1/looks.csv
    """
    _with_app(settings, lambda made: commands.import_looks(made, file))


@importing.command("export")
def import_export(
    files: Annotated[list[Path], typer.Argument(help="从平台保存的列表、文章页或订阅源（JSON、HTML、XML），可多个")],
    account: Annotated[str, typer.Option("--account", help="这些文件所属账号的标识码")],
    saved_at: Annotated[
        str | None, typer.Option("--saved-at", help="保存时间（北京时间），如“2026-11-20 09:30”；不填则相对时间不采用", show_default=False)
    ] = None,
    by: Annotated[str, typer.Option("--by", help="上传人，留作证据")] = "未注明",
    settings: SettingsFile = None,
) -> None:
    """导入人工保存的平台页面，作为一次不完整的查看：可补充发布、证明转载，不能证明没有发布。

    例：python daemon.py import export 列表.json --account 341500M040XL0006 --saved-at "2026-11-20 09:30" --by 张三
    """
    _with_app(settings, lambda made: commands.import_export(made, files, account, saved_at, by))


@app.command()
def poll(accounts: Annotated[list[str], typer.Argument(help="账号标识码，可多个")], settings: SettingsFile = None) -> None:
    """立即采集指定账号一次，显示结果。

    例：python daemon.py poll 341500M040XL0006
    """
    _with_app(settings, lambda made: commands.poll(made, accounts))


@app.command()
def judge(
    as_of: Annotated[str | None, typer.Option("--as-of", help="截至日期 YYYY-MM-DD（当日24时）；不填则为此刻", show_default=False)] = None,
    profile: Annotated[str | None, typer.Option(help="判定口径，如 guoban-2019、ankang-2020", show_default=False)] = None,
    format: Annotated[str, typer.Option(help="table、csv 或 json")] = "table",
    everyone: Annotated[bool, typer.Option("--all", help="表格中也列出合格账号")] = False,
    settings: SettingsFile = None,
) -> None:
    """按已存数据重新判定，可指定过去任一日期和任一口径。

    例：python daemon.py judge --as-of 2020-03-03 --profile ankang-2020
    """
    day = _day(as_of)
    _check_format(format)
    _with_app(settings, lambda made: commands.judge(made, day, profile, format, everyone))


@showing.callback()
def status(context: typer.Context, settings: SettingsFile = None) -> None:
    """显示名册规模、判定汇总、各渠道状态和待处理的提醒；status articles 显示重要信息的转载情况。

    例：python daemon.py status
    """
    if context.invoked_subcommand is None:
        _with_app(settings, commands.status)
    context.obj = settings


@showing.command("articles")
def status_articles(
    context: typer.Context,
    article: Annotated[str | None, typer.Argument(help="重要信息的编号；不填则列出全部在办的", show_default=False)] = None,
    format: Annotated[str, typer.Option(help="table、csv 或 json")] = "table",
    settings: SettingsFile = None,
) -> None:
    """显示每篇重要信息的受众按判定分布和转载率；给出编号则列出未转载、转载不规范和无法判定的账号。

    例：python daemon.py status articles 2022-05-a
    """
    _check_format(format)
    _with_app(settings or context.obj, lambda made: commands.status_articles(made, article, format))


@showing.command("alerts")
def status_alerts(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="也列出已销号的")] = False,
    format: Annotated[str, typer.Option(help="table、csv 或 json")] = "table",
    settings: SettingsFile = None,
) -> None:
    """列出每个提醒涉及谁、何时告知，以及邮件发出或暂不发出的原因。

    例：python daemon.py status alerts
    """
    from monitor.cli import notice_listing

    _check_format(format)
    _with_app(settings or context.obj, lambda made: notice_listing.show_alerts(made, everything, format, commands.out))


@showing.command("trail")
def status_trail(
    context: typer.Context,
    account: Annotated[str | None, typer.Argument(help="账号标识码；不填则全部", show_default=False)] = None,
    days: Annotated[int, typer.Option(help="最近多少天", min=1)] = 30,
    settings: SettingsFile = None,
) -> None:
    """列出办理记录（留痕）：发现、告知、确认、静默、升级、销号，各有经手人、时间和原因。

    例：python daemon.py status trail 341500M040XL0006
    """
    from monitor.cli import answering, notice_listing

    async def job(made: App) -> int:
        found = await answering.account_of(made, account) if account else None
        return await notice_listing.show_trail(made, found, days, commands.out)

    _with_app(settings or context.obj, job)


@app.command()
def report(
    kind: Annotated[str, typer.Argument(help="daily 日报，weekly 周报，month 提醒负担月报，leader 领导专报（一页）")],
    to: Annotated[Path | None, typer.Option("--to", help="写入文件：.html 或 .txt；不填则显示在终端", show_default=False)] = None,
    month: Annotated[str | None, typer.Option("--month", help="月报的月份 YYYY-MM；不填则为上一个整月", show_default=False)] = None,
    settings: SettingsFile = None,
) -> None:
    """生成报告：日报、周报、提醒负担月报或领导专报；只读，不发送邮件。

    例：python daemon.py report leader --to 专报.html
    """
    from monitor.cli import report_command

    try:
        chosen, of = report_command.read_wish(kind, to, month)
    except BadInput as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(2) from None
    _with_app(settings, lambda made: report_command.show(made, chosen, to, of, typer.echo))


@app.command()
def match(
    article: Annotated[str, typer.Argument(help="重要信息的编号")],
    account: Annotated[str | None, typer.Option("--account", help="只看这个账号（标识码）", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="每类最多列出多少条；0 为全部", min=0)] = 20,
    format: Annotated[str, typer.Option(help="table 或 json")] = "table",
    settings: SettingsFile = None,
) -> None:
    """对一篇重要信息，列出已存内容中的转载、疑似转载和比对过但不算的，并说明依据；只读，不改动任何数据。

    例：python daemon.py match 2022-05-a --account 341500M040XL0006
    """
    _check_format(format, commands.MATCH_FORMATS)
    _with_app(settings, lambda made: commands.match(made, article, account, limit, format))


@app.command()
def confirm(
    article: Annotated[str, typer.Argument(help="重要信息的编号")],
    account: Annotated[str, typer.Argument(help="账号标识码")],
    answer: Annotated[str, typer.Argument(help="是：该内容是转载；否：不是")],
    by: Annotated[str, typer.Option("--by", help="核定人，留作证据")],
    post: Annotated[str, typer.Option("--post", help="有多条时指明哪一条：链接或编号的一部分", show_default=False)] = "",
    note: Annotated[str, typer.Option("--note", help="说明，如“海报内为全文”", show_default=False)] = "",
    settings: SettingsFile = None,
) -> None:
    """人工核定一条疑似转载：看过原内容后，认定是或不是转载；此后以核定为准。

    例：python daemon.py confirm 2022-05-a 341500M040XL0006 是 --by 张三 --note 海报内为全文
    """
    from monitor.cli import deciding

    _with_app(settings, lambda made: deciding.confirm(made, article, account, answer, by, post, note, commands.out))


@app.command()
def release(
    platform: Annotated[str | None, typer.Argument(help="平台，如 微信；不填则全部", show_default=False)] = None,
    by: Annotated[str, typer.Option("--by", help="放行人，留作记录")] = "未注明",
    settings: SettingsFile = None,
) -> None:
    """人工核实后，放行因“集中异常”被暂扣的不合格判定。

    例：python daemon.py release 微信 --by 张三
    """
    _with_app(settings, lambda made: commands.release(made, platform, by))


@app.command()
def acknowledge(
    account: Annotated[str, typer.Argument(help="账号标识码")],
    by: Annotated[str, typer.Option("--by", help="确认人，留作记录")],
    note: Annotated[str, typer.Option("--note", help="说明，如“已电话联系”", show_default=False)] = "",
    settings: SettingsFile = None,
) -> None:
    """确认收到某账号的问题：情况加重之前不再重复提醒。

    例：python daemon.py acknowledge 341500M040XL0006 --by 张三 --note 已电话联系
    """
    from monitor.cli import answering

    _with_app(settings, lambda made: answering.acknowledge(made, account, by, note, commands.out))


@app.command()
def silence(
    account: Annotated[str, typer.Argument(help="账号标识码")],
    until: Annotated[str, typer.Option("--until", help="静默到哪一天（含），YYYY-MM-DD")],
    reason: Annotated[str, typer.Option("--reason", help="原因，留作记录")],
    by: Annotated[str, typer.Option("--by", help="经办人，留作记录")],
    settings: SettingsFile = None,
) -> None:
    """在某日之前不发某账号的邮件；判定和清单照常。

    例：python daemon.py silence 341500M040XL0006 --until 2026-12-01 --reason 系统迁移 --by 张三
    """
    from monitor.cli import answering

    day = _day(until, "--until")
    assert day is not None
    _with_app(settings, lambda made: answering.silence(made, account, day, reason, by, commands.out))


@app.command()
def unsilence(
    account: Annotated[str, typer.Argument(help="账号标识码")],
    by: Annotated[str, typer.Option("--by", help="经办人，留作记录")],
    settings: SettingsFile = None,
) -> None:
    """取消静默。

    例：python daemon.py unsilence 341500M040XL0006 --by 张三
    """
    from monitor.cli import answering

    _with_app(settings, lambda made: answering.unsilence(made, account, by, commands.out))


@app.command()
def dismiss(
    account: Annotated[str, typer.Argument(help="账号标识码")],
    what: Annotated[str, typer.Argument(help="报备 或 关停")],
    by: Annotated[str, typer.Option("--by", help="经办人，留作记录")],
    note: Annotated[str, typer.Option("--note", help="办理结果", show_default=False)] = "",
    settings: SettingsFile = None,
) -> None:
    """把信息员提出的报备或关停申请记为办结，不再列入日报；账号状态请在名册中登记。

    例：python daemon.py dismiss 341500M040XL0006 关停 --by 张三 --note 已同意，月底注销
    """
    from monitor.cli import answering

    _with_app(settings, lambda made: answering.dismiss(made, account, what, note, by, commands.out))


@app.command("retry-address")
def retry_address(
    email: Annotated[str, typer.Argument(help="邮件地址")],
    settings: SettingsFile = None,
) -> None:
    """取消某邮件地址的退信标记，立即恢复发送（标记也会在 7 天后自行失效）。

    例：python daemon.py retry-address xxy@example.gov.cn
    """
    from monitor.cli import answering

    _with_app(settings, lambda made: answering.retry_address(made, email, commands.out))


@app.command()
def resolve(
    urls: Annotated[list[str], typer.Argument(help="账号主页或文章网址、含链接的分享文字，可多个；- 表示从标准输入逐行读取")],
    online: Annotated[bool, typer.Option("--online", help="联网查询短链接（只跟随一次跳转）和微博个性域名、昵称")] = False,
    platform: Annotated[str, typer.Option(help="这些网址或编号所属的平台，如 微博", show_default=False)] = "",
    credential: Annotated[str, typer.Option(help="查询微博所用的凭据名", show_default=False)] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    settings: SettingsFile = None,
) -> None:
    """识别网址是哪个平台的哪个账号，给出可填入名册的采集渠道；识别不了时说明缺什么、怎样取得。

    例：python daemon.py resolve https://weibo.com/u/1234567890
    """
    from adapters.http import Door
    from adapters.resolving import Resolver, cell

    @contextlib.asynccontextmanager
    async def opening() -> AsyncIterator[Resolver]:
        made = load(settings)
        configure(made.log)
        api = made.channels.get("weibo.openapi", {}).get("base_url") or "https://api.weibo.com"
        async with Door(retry_wait=made.poll.retry_wait_seconds, proxy_from_environment=made.poll.proxy_from_environment) as door:
            yield Resolver(door, Vault(CredentialBook(made.credentials)), weibo=api)

    _run(lambda: resolving.resolve(resolving.Wishes(urls, platform, online, credential, as_json), cell, opening))


def _day(text: str | None, option: str = "--as-of") -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(f"{text} 不是日期，应如 2020-03-03", param_hint=option) from None


def _check_format(format: str, known: Sequence[str] = commands.FORMATS) -> None:
    if format not in known:
        raise typer.BadParameter(f"应为 {'、'.join(known)} 之一", param_hint="--format")


def _with_app(path: Path | None, job: Callable[[App], Awaitable[int]], *, join: bool = True, leave: bool = False) -> None:
    async def whole() -> int:
        settings = load(path)
        configure(settings.log)
        made = App(settings, tables(), join=join)
        configure(settings.log, made.credentials.blotted)
        async with made:
            code = await job(made)
        if leave:
            # Everything is written or given back. Threads of the driver may still wait for a database that hangs, for a
            # minute; an engine that asked us to stop kills sooner.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        return code

    _run(whole)


def _run(job: Callable[[], Any]) -> None:
    """Run a job; turn what it raises into a message and an exit code: 1 the job failed, 2 wrong usage or settings."""
    try:
        code = asyncio.run(job())
    except BadInput as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        code = 2
    except NoDatabase as error:
        typer.echo(str(error), err=True)
        code = 1
    except StoreAway as error:
        typer.echo(f"数据库无法访问，请检查 ZHENGWU_MONGO__URL 与网络（{error}）", err=True)
        code = 1
    except MonitorError as error:
        typer.echo(str(error), err=True)
        code = 1
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # The reader of our output has gone, as `| head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    raise typer.Exit(code)


def main() -> None:
    """Run the command line."""
    # Before anything can fail: the library's own default prints the local variables of a traceback, and a token may be one.
    configure(LogSettings(level="warning"))
    app()


if __name__ == "__main__":
    main()
