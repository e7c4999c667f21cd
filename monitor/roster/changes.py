"""What a new roster adds, changes and removes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.model import Account

FIELD_TITLES: Mapping[str, str] = {
    "code": "标识码", "platform": "平台", "name": "账号名称", "unit": "主办单位", "supervisor": "主管单位", "region": "地区",
    "level": "层级", "kind": "类别", "status": "状态", "canary": "哨兵", "opened_on": "开通日期", "exempt_until": "报备截止",
    "groups": "分组", "contacts": "联系人", "channels": "采集渠道",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one account, before and after."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Changed:
    """An account that stayed, and what is different about it."""

    old: Account
    new: Account
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two rosters compared by account id."""

    added: tuple[Account, ...] = ()
    changed: tuple[Changed, ...] = ()
    removed: tuple[Account, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def difference(old: Iterable[Account], new: Iterable[Account]) -> Difference:
    """Compare two rosters; added and changed accounts in the order of the new one, removed ones in that of the old."""
    before = {account.id: account for account in old}
    after = {account.id: account for account in new}
    both = [(before[key], account) for key, account in after.items() if key in before]
    return Difference(
        added=tuple(account for key, account in after.items() if key not in before),
        changed=tuple(Changed(was, now, _changes(was, now)) for was, now in both if was != now),
        removed=tuple(account for key, account in before.items() if key not in after),
    )


def _changes(old: Account, new: Account) -> tuple[Change, ...]:
    pairs = ((name, getattr(old, name), getattr(new, name)) for name in FIELD_TITLES)
    return tuple(Change(name, was, now) for name, was, now in pairs if was != now)


def render_difference(found: Difference, limit: int = 50) -> str:
    """Return the difference in Chinese, at most `limit` accounts of each sort by name."""
    if not found:
        return "名单没有变化"
    head = f"新增 {len(found.added)} 个，变更 {len(found.changed)} 个，移除 {len(found.removed)} 个"
    added = [f"  + {_named(account)}" for account in found.added]
    changed = [f"  ~ {_named(each.new)}：{'；'.join(_told(change) for change in each.changes)}" for each in found.changed]
    removed = [f"  - {_named(account)}" for account in found.removed]
    return "\n".join([head, *_first(added, limit), *_first(changed, limit), *_first(removed, limit)])


def _first(lines: list[str], limit: int) -> list[str]:
    return lines if len(lines) <= limit else [*lines[:limit], f"  …… 另有 {len(lines) - limit} 个"]


def _named(account: Account) -> str:
    return f"{account.name}（{account.platform.label}，{account.id}）"


def _told(change: Change) -> str:
    return f"{FIELD_TITLES[change.field]} {_shown(change.field, change.old)} → {_shown(change.field, change.new)}"


def _shown(field: str, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if field == "contacts":
        return "、".join(f"{contact.name} {contact.email}".strip() for contact in value) or "（空）"
    if field == "channels":
        return "；".join(" ".join([channel.key, *(f"{k}={v}" for k, v in channel.options.items())]) for channel in value) or "（空）"
    if isinstance(value, tuple):
        return "、".join(value) or "（空）"
    return str(getattr(value, "label", value) or "（空）")
