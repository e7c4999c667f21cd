"""The forms in which Weibo writes times (weibo.md, section 8). All are UTC+8. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from adapters.reading.values import When, in_utc
from monitor.model import SHANGHAI

_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_ABSOLUTE = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +([0-9]{1,2}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) ([+-][0-9]{4}) ([0-9]{4})")
_AGO = re.compile(r"([0-9]{1,4}) *(秒|分钟|小时)前")
_AT = re.compile(r"(今天|昨天) *([0-9]{1,2}):([0-9]{2})")
_DAY = re.compile(r"(?:([0-9]{4})-)?([0-9]{1,2})-([0-9]{1,2})")
_UNITS = {"秒": timedelta(seconds=1), "分钟": timedelta(minutes=1), "小时": timedelta(hours=1)}
_DAYS_BACK = {"今天": 0, "昨天": 1}


def weibo_time(value: object, now: datetime) -> When | None:
    """Return the moment of any form Weibo writes times in (section 8); relative ones count from `now` in Asia/Shanghai."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        return _absolute(text) or _relative(text, now.astimezone(SHANGHAI))
    except (ValueError, OverflowError):
        return None


def _absolute(text: str) -> When | None:
    found = _ABSOLUTE.fullmatch(text)
    if not found or found[1] not in _MONTHS:
        return None
    # English names, read without the machine's locale.
    at = in_utc(datetime.fromisoformat(f"{found[5]}-{_MONTHS[found[1]]:02}-{int(found[2]):02}T{found[3]}{found[4]}"))
    return When(at) if at else None


def _relative(text: str, now: datetime) -> When | None:
    if text == "刚刚":
        return When(now, "minute")
    if ago := _AGO.fullmatch(text):
        return When(now - int(ago[1]) * _UNITS[ago[2]], "minute")
    if clock := _AT.fullmatch(text):
        day = now - timedelta(days=_DAYS_BACK[clock[1]])
        return When(day.replace(hour=int(clock[2]), minute=int(clock[3]), second=0, microsecond=0), "minute")
    return _calendar_day(text, now)


def _calendar_day(text: str, now: datetime) -> When | None:
    found = _DAY.fullmatch(text)
    if not found:
        return None
    day = datetime(int(found[1] or now.year), int(found[2]), int(found[3]), tzinfo=SHANGHAI)
    if not found[1] and day > now:
        # A day without a year lies in the past: in January, 12-30 is last year's.
        day = day.replace(year=day.year - 1)
    at = in_utc(day)
    return When(at, "day") if at else None
