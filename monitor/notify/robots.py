"""Group robots and plain webhooks: the same letters in a few plain lines. Off until `notify.robots` names one.

The setting is a secret, JSON text: `[{"name": "监测群", "url": "wecombot://…", "role": "clerk"}]`. Who knows a robot's address can write
to its group: it stands in no log, error, page or metric, and people know a robot by its name, `robot:监测群`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson
from pydantic import SecretStr

from monitor.errors import BadSettings, NotifyError
from monitor.ports import Letter
from monitor.wording import plain

if TYPE_CHECKING:
    from monitor.notify.group_plugins import Heard

PREFIX = "robot:"
"""Heads the address of a robot; no mail address has a colon."""
SETTING = "notify.robots"
NAME_CAP = 40
ROBOTS_CAP = 50
"""More groups than any city has clerks."""
TEXT_CAP_BYTES = 2048
"""What 企业微信 takes of a text; 钉钉 and 飞书 take more, but nobody reads more in a group."""
TITLE_CAP = 120
LINE_CAP = 1_000
LINES = 6
"""Lines of a letter that has no short form."""
TIMEOUT_SECONDS = 10.0
OVERALL_FACTOR = 3
"""A message takes at most so many time-outs, the spacing of a busy group included."""

KEYS = {"name", "url", "role"}
ROLES = ("clerk", "sysadmin")
SCHEMAS = ("wecombot://", "dingtalk://", "feishu://", "json://", "jsons://")

_OPENS_A_MENTION = str.maketrans("<>", "＜＞")
"""飞书 and 企业微信 read `<at …>` and `<@…>` in a plain text: a name must not call a whole group."""


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot of a group, or a webhook, and whose letters it gets."""

    name: str
    url: SecretStr
    role: Literal["clerk", "sysadmin"]

    @property
    def address(self) -> str:
        return PREFIX + self.name


def is_robot(address: str) -> bool:
    return address.strip().casefold().startswith(PREFIX)


def read_robots(secret: str) -> tuple[Robot, ...]:
    """Return the robots; none for an empty text. Raises `BadSettings` with every problem, in Chinese; no line quotes what it read."""
    if not secret.strip():
        return ()
    rows = _rows(secret)
    problems = [f"{SETTING}：第 {number} 项：{line}" for number, row in enumerate(rows, 1) for line in _complaints(row)]
    names = [_known_by(row["name"]) for row in rows if isinstance(row, dict) and isinstance(row.get("name"), str)]
    if len(names) != len(set(names)):
        problems.append(f"{SETTING}：name 不得重复")
    if problems:
        raise BadSettings(problems)
    return tuple(Robot(row["name"], SecretStr(row["url"].strip()), row["role"]) for row in rows)


def _rows(secret: str) -> list[Any]:
    # Raised outside the `except`: the parser's error holds the whole text.
    try:
        rows = orjson.loads(secret.encode("utf-8", "replace"))
    except orjson.JSONDecodeError:
        rows = None
    if not isinstance(rows, list):
        example = '[{"name": "监测群", "url": "wecombot://…", "role": "clerk"}]'
        raise BadSettings([f"{SETTING}：应为 JSON 列表，如 {example}（环境变量 ZHENGWU_NOTIFY__ROBOTS）"])
    if len(rows) > ROBOTS_CAP:
        raise BadSettings([f"{SETTING}：最多 {ROBOTS_CAP} 项，现有 {len(rows)} 项"])
    return rows


def _complaints(row: Any) -> Iterator[str]:
    if not isinstance(row, dict) or set(row) != KEYS or not all(isinstance(value, str) for value in row.values()):
        yield "应有且只有 name、url、role 三个键，值均为文字"
        return
    if not row["name"] or plain(row["name"], NAME_CAP) != row["name"]:
        yield f"name 应为 1 至 {NAME_CAP} 个可显示的字，首尾不留空格"
    if row["role"] not in ROLES:
        yield f"role 应为 {' 或 '.join(ROLES)}"
    if not row["url"].strip().lower().startswith(SCHEMAS):
        yield f"url 应以 {'、'.join(SCHEMAS)} 之一开头"
    elif not _usable(row["url"].strip()):
        yield "url 的密钥或地址无法使用，或关闭了证书校验；请对照机器人页面给出的地址改写"


def _usable(url: str) -> bool:
    # Here and below: whoever has no robots does not pay for the import.
    from monitor.notify.group_plugins import make

    return make(url) is not None


def _known_by(address: str) -> str:
    return address.strip().casefold().removeprefix(PREFIX)


class RobotNotifier:
    """Says letters in groups, one at a time in each. A failure is never permanent, and concerns the one group only."""

    def __init__(self, robots: Sequence[Robot], *, timeout_seconds: float = TIMEOUT_SECONDS, proxy_from_environment: bool = False) -> None:
        from monitor.notify.group_plugins import make

        self._plugins = {_known_by(robot.name): make(robot.url.get_secret_value()) for robot in robots}
        self._turns = {name: asyncio.Lock() for name in self._plugins}
        self._threads: dict[str, threading.Thread] = {}
        self._timeout_seconds = timeout_seconds
        self._proxied = proxy_from_environment

    async def send(self, letter: Letter) -> None:
        """Say the letter's subject and its short form; raises `NotifyError`, which names neither address nor key."""
        from monitor.notify.group_plugins import say

        name = _known_by(letter.to)
        plugin = self._plugins.get(name)
        if plugin is None:
            raise NotifyError("no robot of this name is set up", recipient_only=True, told="没有这个名称的群机器人，请核对 notify.robots")
        title, body = words(letter)
        async with self._turns[name]:
            heard = await self._heard(name, lambda: say(plugin, title, body, self._timeout_seconds, proxied=self._proxied))
        if not heard.taken:
            told = f"群机器人未接受（{heard.reason}）"
            raise NotifyError(
                f"a robot did not take the letter: {heard.reason}", uncertain=heard.uncertain, recipient_only=True, told=told
            )

    async def rest(self) -> None:
        """Do nothing: no connection is kept."""

    async def check(self) -> list[str]:
        """Return nothing: addresses were read when the settings were, and only a message in the group could tell more."""
        return []

    async def _heard(self, name: str, say: Callable[[], Heard]) -> Heard:
        """Run it in a thread that may be left behind: a server that drips its answer can neither be stopped nor waited for."""
        if name in self._threads and self._threads[name].is_alive():
            raise NotifyError("a robot has not answered the last letter yet", recipient_only=True, told="群机器人上一条消息尚无回应")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Heard] = loop.create_future()
        # A daemon, since the process would wait for it at its end, and not one of the pool, which others need.
        self._threads[name] = thread = threading.Thread(target=lambda: _tell(loop, answer, say()), daemon=True, name="robot")
        thread.start()
        try:
            return await asyncio.wait_for(answer, self._timeout_seconds * OVERALL_FACTOR)
        except TimeoutError:
            told = "群机器人未在时限内回应"
            raise NotifyError("a robot did not answer in time", uncertain=True, recipient_only=True, told=told) from None


def _tell(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Heard], heard: Heard) -> None:
    def settle() -> None:
        if not answer.done():
            answer.set_result(heard)

    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)


def words(letter: Letter) -> tuple[str, str]:
    """Return title and text for a group, within `TEXT_CAP_BYTES` together; whole lines, but for a first one that is too long.

    A letter without a short form lends its first lines, none with a link: a link may carry the right to act, and is for its reader.
    """
    title = _shown(letter.subject, TITLE_CAP)
    chosen = letter.short.splitlines() or [line for line in letter.text.splitlines() if line.strip() and "://" not in line][:LINES]
    lines = [_shown(line, LINE_CAP) for line in chosen]
    room = TEXT_CAP_BYTES - len(title.encode()) - 1
    kept: list[str] = []
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            kept += [] if kept else [_cut(line, room + len(line.encode()))]
            break
        kept.append(line)
    return title, "\n".join(kept).strip()


def _shown(line: str, cap: int) -> str:
    return plain(line, cap).translate(_OPENS_A_MENTION)


def _cut(line: str, room: int) -> str:
    return line.encode()[: room - len("…".encode())].decode("utf-8", "ignore") + "…"
