"""The moments and the values that all nouns are made of."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""Every date an official rule speaks of is a calendar date here, whatever zone the server keeps."""


def cut(moment: datetime) -> datetime:
    """Return the moment in UTC, cut to milliseconds, as MongoDB keeps no more; refuse a time without a zone."""
    if moment.tzinfo is UTC and not moment.microsecond % 1000:
        return moment
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def local_date(moment: datetime) -> date:
    """Return the calendar date of the moment in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).date()


def start_of_day(day: date) -> datetime:
    """Return the moment at which the day begins in Asia/Shanghai, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """Return the last millisecond of the day in Asia/Shanghai, in UTC: the moment a bulletin judges at."""
    return start_of_day(day + timedelta(days=1)) - timedelta(milliseconds=1)


Moment = Annotated[datetime, AfterValidator(cut)]
Identifier = Annotated[str, Field(min_length=1, max_length=1024)]


class Noun(BaseModel):
    """A frozen value that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
