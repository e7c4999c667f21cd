"""What `status` prints: sizes, verdicts, sources, and how each channel fares: last good look, budget, breaker, ends of tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table

from monitor.access.budgets import Usage
from monitor.access.pauses import Rest
from monitor.app import App
from monitor.cli.listing import escaped, tally_line
from monitor.model import Account, ChannelState, Source, SourceState, Stage, Standing
from monitor.ports import Expiry
from monitor.wording import minute

SOON = timedelta(days=7)
"""Tokens that end within so long are listed."""
SHOWN = 20
"""Lines of one kind; a city has 140 Weibo tokens."""

_SOURCE_LABELS = {SourceState.LIVE: "正常", SourceState.FROZEN: "采集异常", SourceState.UNPROVEN: "缺少佐证"}
_COUNT_LABELS = {"accounts": "账号", "tried": "已采集过", "due": "到期待采", "posts": "已存发布", "open_alerts": "未结提醒"}
_REASONS = {"rate_limited": "被限流", "auth_error": "授权失效", "source_retired": "接口已关闭"}
_PARTS = {"access": "访问令牌", "refresh": "刷新令牌"}


async def show(app: App, standings: Sequence[tuple[Account, Standing]], sources: Iterable[Source], out: Console) -> None:
    """Print the whole picture. Nothing is asked of any platform."""
    now = app.clock.now()
    counts = await app.store.counts(now)
    out.print("　".join(f"{_COUNT_LABELS[name]} {count}" for name, count in counts.items()), markup=False)
    out.print(tally_line(list(standings)), markup=False)
    _show_sources(sources, out)
    channels = await app.store.channels()
    usage, rests = app.budgets.usage(), app.pauses.rests(now)
    if channels or usage or rests:
        out.print(channel_table(channels, usage, rests))
    for line in (*_troubles(channels), *_resting(rests), *_used_up(usage), *_ending(app.credentials.expiries(), now)):
        out.print(line, markup=False)
    held = await app.store.alerts([Stage.HELD])
    if held:
        out.print(f"有 {len(held)} 个不合格判定因集中异常被暂扣，核实后用 release 放行。", markup=False)


def _show_sources(sources: Iterable[Source], out: Console) -> None:
    listed = sorted(sources, key=lambda each: each.name)
    if not listed:
        return
    table = Table(title="数据源", title_justify="left")
    for name in ("来源", "状态", "最新发布", "说明"):
        table.add_column(name)
    for source in listed:
        newest = minute(source.newest_post_at) if source.newest_post_at else "—"
        table.add_row(f"{source.platform.label} {source.adapter}", _SOURCE_LABELS[source.state], newest, escaped(source.reason))
    out.print(table)


def channel_table(channels: Iterable[ChannelState], usage: Iterable[Usage], rests: Iterable[Rest]) -> Table:
    """Return one line per channel, over all its credentials: its fullest window stands for its budget."""
    table = Table(title="采集渠道", title_justify="left")
    for name in ("渠道", "账号", "凭据", "失效", "熔断", "最近成功", "预算（最满的窗口）"):
        table.add_column(name, justify="right" if name in ("账号", "凭据", "失效", "熔断") else "left")
    by_adapter: dict[str, list[ChannelState]] = defaultdict(list)
    for channel in channels:
        by_adapter[channel.adapter].append(channel)
    resting, windows = list(rests), list(usage)
    for name, states in sorted(by_adapter.items()):
        good = [each.last_good_at for each in states if each.last_good_at]
        table.add_row(
            name,
            str(sum(each.accounts for each in states)),
            str(sum(bool(each.credential) for each in states)),
            str(sum(each.failing_since is not None for each in states)),
            str(sum(_of(rest.lane, name) for rest in resting)),
            minute(max(good)) if good else "—",
            _fullest([each for each in windows if _of(each.name, name)]),
        )
    return table


def _of(window: str, adapter: str) -> bool:
    """Whether a lane or window is the adapter's: they are named after it."""
    return window == adapter or window.startswith(f"{adapter} ")


def _fullest(windows: Sequence[Usage]) -> str:
    if not windows:
        return "—"
    fullest = max(windows, key=lambda each: each.used / each.requests)
    return f"{fullest.used}/{fullest.requests}（{fullest.seconds / 3600:g} 小时）"


def _cut(lines: Sequence[str]) -> list[str]:
    return [*lines[:SHOWN], *([f"（另有 {len(lines) - SHOWN} 条）"] if len(lines) > SHOWN else [])]


def _troubles(channels: Iterable[ChannelState]) -> list[str]:
    lines = []
    for channel in channels:
        if channel.failing_since is not None and channel.last_error is not None:
            state = "已停用" if channel.retired else "授权失效"
            lines.append(f"渠道 {channel.name}：{state}，自 {minute(channel.failing_since)}（{channel.last_error.message}）")
    return _cut(lines)


def _resting(rests: Iterable[Rest]) -> list[str]:
    lines = []
    for rest in sorted(rests, key=lambda each: each.lane):
        why = "预算用完" if rest.fault.ours else _REASONS.get(rest.fault.code, rest.fault.code)
        lines.append(f"熔断 {rest.lane}：{why}，{minute(rest.until)} 后再试（{rest.fault.message}）")
    return _cut(lines)


def _used_up(usage: Iterable[Usage]) -> list[str]:
    return _cut([f"预算 {each.name}：{each.used}/{each.requests}，已用完" for each in usage if each.used >= each.requests])


def _ending(expiries: Iterable[Expiry], now: datetime) -> list[str]:
    lines = []
    for each in expiries:
        if each.at - now <= SOON and (each.lasts is None or each.lasts > SOON.total_seconds()):
            word = "已到期" if each.at <= now else "即将到期"
            lines.append(f"凭据 {each.credential}：{_PARTS[each.part]}{word}（{minute(each.at)}）")
    return _cut(lines)
