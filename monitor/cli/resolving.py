"""The command `resolve`: whose accounts these addresses are, line by line, for the clerk who fills in a roster."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from rich.console import Console

from monitor.errors import AccountGone, AuthError, BadInput, LookError, RateLimited, TransportFault
from monitor.identity import Found, Identity, Missing, identify
from monitor.model import Platform
from monitor.roster.vocabulary import PLATFORM_WORDS
from monitor.settings import nearest
from monitor.wording import plain

STDIN = "-"
_REASONS: tuple[tuple[type[LookError], str], ...] = (
    (TransportFault, "网络无法访问或平台没有应答"),
    (RateLimited, "平台限制访问频次，请稍后再试"),
    (AuthError, "凭据缺失、失效或没有权限，请检查 --credential 和 ZHENGWU_CREDENTIALS"),
    (AccountGone, "平台说没有这个账号或链接已失效"),
)
_OTHER_REASON = "平台的应答无法识别，或链接指向了别处"


class Resolver(Protocol):
    """The half that knows the network: see adapters/resolving.py."""

    async def ask(self, kind: str, value: str, credential: str) -> str:
        """Return an address that tells more than the question did. Raises `LookError`."""
        ...


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for."""

    texts: Sequence[str]
    platform: str = ""
    online: bool = False
    credential: str = ""
    as_json: bool = False


Opening = Callable[[], AbstractAsyncContextManager[Resolver]]
Cell = Callable[[Platform, str], str]
"""What could stand under 采集渠道 for an account."""


async def resolve(wishes: Wishes, cell: Cell, opening: Opening) -> int:
    """Print one line for every address; 0 when all are resolved, 1 when some are not. Raises `BadInput` for an unknown platform.

    `opening` opens the network, only where `--online` asks for it.
    """
    platform = _platform(wishes.platform)
    texts = list(_lines(wishes.texts))
    if not texts:
        raise BadInput(["没有任何网址"])
    if not wishes.online:
        return _told([identify(text, platform) for text in texts], platform, cell, wishes.as_json)
    async with opening() as resolver:
        found = [await _asked(identify(text, platform), resolver, wishes.credential) for text in texts]
    return _told(found, platform, cell, wishes.as_json)


def _lines(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        if text == STDIN:
            yield from (line for line in sys.stdin if line.strip())
        else:
            yield text


def _platform(word: str) -> Platform | None:
    if not word:
        return None
    known = PLATFORM_WORDS.get(word.strip().casefold())
    if known is None:
        raise BadInput([f"--platform：没有平台 {plain(word, 20)}{nearest(word, PLATFORM_WORDS)}"])
    return known


async def _asked(found: Found, resolver: Resolver, credential: str) -> Found:
    """Put the open question of an address to the network, once."""
    if isinstance(found, Identity) or found.ask is None:
        return found
    try:
        text = await resolver.ask(found.ask.kind, found.ask.value, credential)
    except LookError as error:
        reason = next((words for kind, words in _REASONS if isinstance(error, kind)), _OTHER_REASON)
        return Missing(found.platform, f"{found.what}，联网查询未成功：{reason}", found.how, found.shown, raw=found.raw)
    again = identify(text, found.platform)
    if isinstance(again, Missing):
        return Missing(found.platform, f"查询后仍未识别：{again.what}", again.how, found.shown, raw=found.raw)
    return again


def _told(found: Sequence[Found], platform: Platform | None, cell: Cell, as_json: bool) -> int:
    rows = [_row(number, each, platform, cell) for number, each in enumerate(found, 1)]
    if as_json:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    else:
        out = Console(highlight=False, soft_wrap=True)
        for row in rows:
            out.print(_line(row), markup=False)
    return 0 if all(row["resolved"] for row in rows) else 1


def _row(number: int, found: Found, platform: Platform | None, cell: Cell) -> dict[str, Any]:
    """Return what is told of one address; nothing of it but what has been recognised."""
    row: dict[str, Any] = {"number": number, "platform": found.platform.value if found.platform else "", "resolved": False}
    if isinstance(found, Missing):
        return {**row, "address": plain(found.shown, 80), "missing": plain(found.what), "how": plain(found.how)}
    row |= {"handle": found.handle, "address": found.address, "certainty": found.certainty, "note": found.note}
    if platform is not None and found.platform is not platform:
        return {**row, "missing": f"这是{found.platform.label}的账号，不是{platform.label}", "how": "请核对网址和平台"}
    return {**row, "resolved": True, "channel": cell(found.platform, found.handle)}


def _line(row: dict[str, Any]) -> str:
    label = Platform(row["platform"]).label if row["platform"] else "平台不明"
    if not row["resolved"]:
        where = f"{row['address']}　" if row["address"] else ""
        return f"{row['number']}　{label}　{where}未识别：{row['missing']}；办法：{row['how']}"
    note = f"　注意：{row['note']}" if row["note"] else ""
    return f"{row['number']}　{label}　{row['handle']}　采集渠道：{row['channel']}{note}"
