"""The audit log (留痕): every step in the life of an alert, with person, time and reason. Pure.

An entry is named by what happened, so that a step written twice is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from monitor.life import RECOVERY
from monitor.model import Alert, Role, Stage
from monitor.writes import AlertChange

DAEMON = "系统"
"""Who acts where no person did."""


class Act(StrEnum):
    """What happened."""

    OPENED = "opened"
    HELD = "held"
    RELEASED = "released"
    ESCALATED = "escalated"
    TOLD = "told"
    REFUSED = "refused"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    UNSILENCED = "unsilenced"
    RECHECK = "recheck"
    EXEMPTION = "exemption"
    CLOSURE = "closure"
    RESOLVED = "resolved"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Act.OPENED: "发现",
    Act.HELD: "暂扣",
    Act.RELEASED: "放行",
    Act.ESCALATED: "升级",
    Act.TOLD: "告知",
    Act.REFUSED: "退信",
    Act.ACKNOWLEDGED: "确认收到",
    Act.SILENCED: "静默",
    Act.UNSILENCED: "取消静默",
    Act.RECHECK: "请求复查",
    Act.EXEMPTION: "申请报备",
    Act.CLOSURE: "申请关停",
    Act.RESOLVED: "销号",
}

_HIGHER = {Role.COUNTY: "县区", Role.CLERK: "市级"}
"""Whom an alert escalates to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step. `by` names a person, an address written to, or the daemon; `letter` the number of a letter; `unit` the account's unit."""

    id: str
    at: datetime
    act: Act
    by: str
    alert_id: str = ""
    account_id: str = ""
    reason: str = ""
    letter: str = ""
    unit: str = ""


def steps_of(changes: Iterable[AlertChange], by: str = DAEMON, at: datetime | None = None) -> list[Entry]:
    """Return what these changes mean for the log: an alert's new stage, and whom a higher rung brings in.

    `by` made them, and `at` that moment where the alerts themselves do not say when.
    """
    made = (entry for change in changes for entry in _steps(change.before, change.after))
    return [replace(entry, by=by, at=at or entry.at) for entry in made]


def steps_behind(alert: Alert) -> list[Entry]:
    """Return the steps that an alert as it stands must have taken. What it went through before, held or escalated, it no longer tells."""
    began = alert.model_copy(update={"stage": Stage.PENDING})
    return [*_steps(None, alert), *_staged(began, alert, alert.finding.message or alert.finding.label)]


def dropped(alert: Alert, at: datetime) -> Entry:
    """Return the step of an alert that ends because the roster no longer asks for its account to be judged."""
    return _entry(alert, Act.RESOLVED, at, "名册变更：账号已移出或不再判定")


def _steps(before: Alert | None, after: Alert) -> Iterable[Entry]:
    said = after.finding.message or after.finding.label
    if before is None:
        yield _entry(after, Act.OPENED, after.opened_at, said)
        before_roles: set[Role] = set()
    else:
        before_roles = set(before.finding.tells)
        if before.stage is not after.stage:
            yield from _staged(before, after, said)
    gained = [name for role, name in _HIGHER.items() if role in after.finding.tells and role not in before_roles]
    if gained and after.stage is not Stage.RESOLVED and before is not None:
        yield _entry(after, Act.ESCALATED, after.last_seen_at, f"{'、'.join(gained)}：{said}", f" {after.finding.rung}")


def _staged(before: Alert, after: Alert, said: str) -> Iterable[Entry]:
    if after.stage is Stage.RESOLVED:
        proof = after.finding.evidence.get(RECOVERY)
        over = str(proof.get("message") or "") if isinstance(proof, Mapping) else ""
        yield _entry(after, Act.RESOLVED, after.resolved_at or after.last_seen_at, over or f"原问题：{said}")
    elif after.stage is Stage.HELD:
        yield _entry(after, Act.HELD, after.last_seen_at, said)
    elif before.stage is Stage.HELD and after.stage is Stage.OPEN:
        yield _entry(after, Act.RELEASED, after.last_seen_at, said)


def _entry(alert: Alert, act: Act, at: datetime, reason: str, mark: str = "") -> Entry:
    return Entry(
        id=f"{alert.id} {act}{mark}",
        at=at,
        act=act,
        by=DAEMON,
        alert_id=alert.id,
        account_id=alert.finding.account_id or "",
        reason=reason,
    )
