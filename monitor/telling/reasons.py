"""Why somebody is written to about an alert now, or is not: the reason that `status alerts` and the metrics show."""

from __future__ import annotations

from enum import StrEnum


class Why(StrEnum):
    """Why a person is written to about an alert (the first seven), or is not."""

    NEW = "new"
    PRESSING = "pressing"
    RECTIFY = "rectify"
    OVERDUE = "overdue"
    WEEKLY = "weekly"
    RECOVERED = "recovered"
    STANDING = "standing"

    TOLD = "told"
    EARLY = "early"
    PASSED = "passed"
    AGAIN = "again"
    GATE = "gate"
    SILENCED = "silenced"
    ACKNOWLEDGED = "acknowledged"
    DIGEST = "digest"
    FLAPPING = "flapping"
    HOURS = "hours"
    DAILY = "daily"
    UNKNOWN_FATE = "unknown_fate"
    REFUSED = "refused"
    BACKING_OFF = "backing_off"
    BROKEN = "broken"

    @property
    def sends(self) -> bool:
        """Whether a letter goes out for it; what merely stands rides along with one."""
        return self in _SENDING

    @property
    def waits(self) -> bool:
        """Whether a letter is owed and merely cannot go now."""
        return self in _WAITING

    @property
    def label(self) -> str:
        return _WHY_LABELS[self]


_SENDING = frozenset({Why.NEW, Why.PRESSING, Why.RECTIFY, Why.OVERDUE, Why.WEEKLY, Why.RECOVERED})
_WAITING = frozenset({Why.HOURS, Why.DAILY, Why.REFUSED, Why.BACKING_OFF, Why.BROKEN, Why.FLAPPING})
_WHY_LABELS = {
    Why.NEW: "新情况，发送",
    Why.PRESSING: "到期前最后一个工作日，发送",
    Why.RECTIFY: "整改通知，发送",
    Why.OVERDUE: "整改逾期未反馈，发送",
    Why.WEEKLY: "每周重复，发送",
    Why.RECOVERED: "已恢复，发送",
    Why.STANDING: "已告知，随信附上",
    Why.TOLD: "已告知，无新情况",
    Why.EARLY: "未到提醒时间",
    Why.PASSED: "期限已过，提醒不再发送",
    Why.AGAIN: "已再次出现，不再告知恢复",
    Why.GATE: "待本轮核对或人工放行",
    Why.SILENCED: "已静默",
    Why.ACKNOWLEDGED: "对方已确认收到",
    Why.DIGEST: "列入日报",
    Why.FLAPPING: "刚恢复，观察是否反复",
    Why.HOURS: "非工作时间，等待",
    Why.DAILY: "今日已发过一封，等待",
    Why.UNKNOWN_FATE: "投递结果不明，今日视为已告知",
    Why.REFUSED: "地址被退信，暂停发送",
    Why.BACKING_OFF: "对方服务器暂时拒收，稍后重试",
    Why.BROKEN: "邮件生成出错，待修复",
}
