"""Runs the real daemon in the demo's world, shows how it gets on, and ends with what it found."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import orjson
from rich.console import Console

from demo.answers import Expected
from demo.fates import Fate
from demo.faults import FAULTS, SHORT_PATIENCE, SLOW
from demo.knobs import PATIENCE, free_port, settings_table
from demo.mailbox import Mailbox
from demo.operator import Operator, links_in
from demo.past import leave_traces
from demo.platforms import Platforms
from demo.progress import State, make_console, progress
from demo.pushes import TICKET_KIND, Pusher, ticket_grant
from demo.secrets import COMPONENT
from demo.story import OVER_SECONDS, SWEPT_SECONDS, TOLD_SECONDS, Step, hold_letters, let_letters_out, nothing, told_to_the_end
from demo.summary import Picture, differences, post_line, summary, tables, verified_line
from demo.tidings import Post
from demo.world import World
from monitor import hand_checks
from monitor.app import App
from monitor.clock import SystemClock
from monitor.embedded import RUN_FILE, Embedded
from monitor.logs import configure
from monitor.model import Stage, local_date
from monitor.plugins import Tables
from monitor.ports import Clock
from monitor.settings import Settings
from monitor.telling.records import Ask

DIRECTORY = Path("var/demo")
SUMMARY_FILE = "summary.json"
STOP_RESERVE = 5.0
"""Seconds kept of a given running time for stopping in order; of a short one a quarter."""


class Demo:
    """The parts of a run, once all are open."""

    def __init__(
        self, app: App, world: World, platforms: Platforms, pusher: Pusher, mailbox: Mailbox, directory: Path, console: Console
    ) -> None:
        self.app, self.world, self.platforms, self.pusher, self.mailbox = app, world, platforms, pusher, mailbox
        self.directory, self.console = directory, console
        known = self.answers.tidings
        self.operator = Operator(platforms.stage, mailbox, known.mender if known else None)

    @property
    def answers(self) -> Expected:
        return self.world.expected_under(self.platforms.stage.fault)

    async def state(self) -> State:
        counts = await self.app.store.counts(self.app.clock.now())
        living = await self.app.store.alerts([Stage.PENDING, Stage.HELD, Stage.OPEN])
        pending = sum(alert.stage is Stage.PENDING for alert in living)
        waiting = pending + self.app.telling.waiting + len(self.operator.awaited)
        return State(counts["accounts"], counts["tried"], waiting, len(self.mailbox.mails), *await self.verified(), len(living))

    async def verified(self) -> tuple[int, int]:
        """Return how many posts only seem to be reposts and were not opened yet, and how many were opened and proved to be."""
        reposts = [each for mine in (await self.app.store.reposts()).values() for each in mine]
        known = await self.app.store.keepings.verified({each.post_id for each in reposts})
        opened = tuple(f"{adapter.verifies}:" for adapter in self.app.adapters.values() if adapter.verifies)
        doubtful = {each.post_id for each in reposts if each.grade == "candidate" and each.post_id.startswith(opened)}
        return len(doubtful - set(known)), sum(each.word == "confirmed" for each in known.values())

    async def picture(self) -> Picture:
        """Return what the daemon's last judgement said, with the alerts and mails up to now."""
        counts = await self.app.store.counts(self.app.clock.now())
        doubtful, confirmed = await self.verified()
        return Picture(
            standings=await self.app.rows(),
            looked_at=counts["tried"],
            articles=self.world.articles,
            reposts=await self.app.repost_standings(),
            alerts=await self.app.store.alerts(),
            post=await self._post(),
            confirmed=confirmed,
            doubtful=doubtful,
        )

    async def _post(self) -> Post:
        boxes, now = (await self.app.store.correspondence.mailboxes()).values(), self.app.clock.now()
        return Post(
            mails=[(mail.to, mail.subject) for mail in self.mailbox.mails],
            threaded=self.mailbox.recovered,
            refused=frozenset(box.address for box in boxes if box.marked_until(now)),
            deferred=frozenset(box.address for box in boxes if box.failures),
            rechecks=self.operator.presses,
            begun=self.world.now,
        )

    def write_summary(self, picture: Picture) -> None:
        path = self.directory / SUMMARY_FILE
        draft = path.with_suffix(".tmp")
        draft.write_bytes(orjson.dumps(summary(picture), option=orjson.OPT_INDENT_2) + b"\n")
        draft.replace(path)

    def show(self, picture: Picture, *, settled: bool) -> None:
        """Print the tables, whether they agree with the known answers, and where the console is."""
        for table in tables(picture):
            self.console.print(table)
        self.console.print(verified_line(picture), markup=False)
        self.console.print(post_line(picture.post), markup=False)
        if settled:
            self.console.print(self._compared(picture), markup=False)
        web = self.app.web_address
        pushes = f"  收到平台推送 {self.pusher.taken} 次" if self.pusher.taken else ""
        self.console.print(f"控制台 {web}  指标 {web}metrics  邮件 {self.mailbox.directory}{pushes}", markup=False)

    def pages_to_open(self) -> Iterator[str]:
        """Yield what can be opened while the daemon runs."""
        web = self.app.web_address
        yield f"重要信息 {web}articles  转载情况、未转载名单、原文与转载的逐句对照"
        yield f"已发通知 {web}letters  每封邮件的原样与办理记录"
        taken = {self.operator.page.operator} if self.operator.page else set()
        operators = {page.operator for page in self.world.pages} - taken
        for mail in self.mailbox.mails:
            links = links_in(mail, Ask.RECEIVED) if mail.to in operators else ()
            if links:
                yield f"一键办理（取自{mail.path.name}，点开后按“{Ask.RECEIVED.label}”）{links[0]}"
                return

    def _compared(self, picture: Picture) -> str:
        if local_date(self.app.clock.now()) != local_date(self.world.now):
            return "已过零点：预设答案按演示开始之日计算，不再比对。"
        wrong = differences(summary(picture), self.answers)
        return "\n".join(["与预设答案不一致：", *wrong]) if wrong else "判定结果与预设答案完全一致。"


async def run_demo(seconds: float | None, fault: str | None, directory: Path = DIRECTORY, *, tables: Tables) -> int:
    """Run until Ctrl-C, or for at most so many seconds, the stop included; return the exit code: 0 fine, 2 an unknown fault.

    Raises `NoDatabase` and what else keeps the daemon from starting.
    """
    clock, console = SystemClock(), make_console()
    begun = clock.elapsed()
    if fault and fault not in FAULTS:
        console.print(f"没有名为 {fault} 的故障。可用的故障：", markup=False)
        for name, meaning in FAULTS.items():
            console.print(f"  {name}  {meaning}", markup=False)
        return 2
    stop = asyncio.Event()
    deadline = None if seconds is None else begun + seconds - min(STOP_RESERVE, seconds / 4)
    async with _opened(clock, fault or "", directory, tables, console) as demo, _stopped_by_signals(stop):
        await _live(demo, stop, deadline)
    return 0


@asynccontextmanager
async def _opened(clock: Clock, fault: str, directory: Path, tables: Tables, console: Console) -> AsyncIterator[Demo]:
    """Build the world; open database, platforms, mail server and daemon, in this order; put the roster in."""
    world = World.build(clock.now())
    await _fresh(directory / "mongo")
    async with AsyncExitStack() as stack:
        platforms = await stack.enter_async_context(Platforms(world, clock, fault))
        refused, greylisted = ({page.operator for page in world.pages if page.fate is fate} for fate in (Fate.BOUNCED, Fate.GREYLISTED))
        mailbox = await stack.enter_async_context(Mailbox(directory / "mails", refused, greylisted))
        patience = SHORT_PATIENCE if fault == SLOW else PATIENCE
        settings = Settings(**settings_table(world, platforms.base_url, mailbox.port, directory, free_port(), patience))
        configure(settings.log)
        app = await stack.enter_async_context(App(settings, tables, clock, random.Random()))
        accounts = list(world.roster(platforms.base_url))
        await app.store.put_accounts(accounts, app.lanes(accounts), clock.now())
        await app.store.put_articles(world.articles)
        await app.judge.refresh_articles(clock.now())
        for page, look in world.hand_looks():
            await hand_checks.enter(app.store, page.account(platforms.base_url), look, app.tables.hand_check, clock.now())
        await leave_traces(app, world, platforms.base_url)
        await hold_letters(app.store, clock)
        # As the push of some minutes ago left it: without a ticket the first looks would be refused.
        await app.credentials.keep(COMPONENT, TICKET_KIND, ticket_grant(clock.now()))
        pusher = await stack.enter_async_context(Pusher(platforms.stage, lambda: app.web_address))
        yield Demo(app, world, platforms, pusher, mailbox, directory, console)


async def _fresh(data: Path) -> None:
    """Remove the last run's database: its alerts were told, its world is a day older."""
    if (data / RUN_FILE).exists():
        # A killed run left its mongod behind, or another demo is running: the first is stopped so, the second raises.
        async with Embedded(data):
            pass
    await asyncio.to_thread(shutil.rmtree, data, ignore_errors=True)


@asynccontextmanager
async def _stopped_by_signals(stop: asyncio.Event) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _live(demo: Demo, stop: asyncio.Event, deadline: float | None) -> None:
    """Run the daemon; show the result when it has settled, or at the end what there is; write the summary both times."""
    running = asyncio.create_task(demo.app.run(stop))
    running.add_done_callback(lambda _: stop.set())
    if deadline is not None:
        asyncio.get_running_loop().call_later(max(0.0, deadline - demo.app.clock.elapsed()), stop.set)
    settled = False
    try:
        settled = await _until_settled(demo, stop)
        if settled:
            await _report(demo)
            demo.console.print("演示继续运行，按 Ctrl-C 结束。" if deadline is None else "演示继续运行，到时自动结束。")
            await stop.wait()
    finally:
        stop.set()
        await running
    picture = await demo.picture()
    demo.write_summary(picture)
    if not settled:
        total = len(demo.world.pages)
        demo.console.print(f"在得出全部结果之前结束：{total} 个账号中已查看 {picture.looked_at} 个，以下为目前的结果。")
        demo.show(picture, settled=False)
    demo.console.print(f"汇总已写入 {demo.directory / SUMMARY_FILE}", markup=False)
    demo.console.print("\n".join(_ways_to_look(demo)), markup=False, soft_wrap=True)


def _ways_to_look(demo: Demo) -> Iterator[str]:
    """Yield how to ask the database that the demo leaves behind."""
    mongo = demo.app.settings.mongo
    yield "数据库保留到下次演示，可继续查看："
    yield f"  export ZHENGWU_MONGO__DATA_DIRECTORY={mongo.data_directory} ZHENGWU_MONGO__DATABASE={mongo.database}"
    commands = {
        "status articles": "每篇重要信息的转载情况和两率",
        f"match {demo.world.articles[1].id}": "哪些内容算转载、依据什么，哪些相近而不算",
        "status alerts": "每个提醒告知了谁，发出或暂不发出的原因",
        "status trail": "办理记录（留痕）：发现、告知、确认、静默、退信、复查、销号",
        "report daily": "日报；另有 weekly",
        f"report month --month {local_date(demo.world.now):%Y-%m}": "本月提醒负担",
        "report leader --to leader.html": "领导专报，一页",
    }
    yield from (f"  python daemon.py {command:<33}{meaning}" for command, meaning in commands.items())


async def _report(demo: Demo) -> None:
    picture = await demo.picture()
    demo.write_summary(picture)
    demo.show(picture, settled=True)
    for line in demo.pages_to_open():
        demo.console.print(line, markup=False, soft_wrap=True)


async def _until_settled(demo: Demo, stop: asyncio.Event) -> bool:
    """Wait until the sweep is judged, the letters are out and one was answered; False when `stop` came first."""
    store, clock = demo.app.store, demo.app.clock
    steps = (
        Step(SWEPT_SECONDS, lambda: let_letters_out(store, clock)),
        Step(TOLD_SECONDS, demo.operator.act),
        Step(OVER_SECONDS, nothing),
    )
    with progress(demo.console, clock) as show:
        return await told_to_the_end(steps, demo.state, show, clock, stop)
