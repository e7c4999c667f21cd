"""How often an account publishes, as the classes that 阜阳 prints instead of a date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

DAILY, WEEKLY, MONTHLY, OVERDUE = "每日", "每周", "每月", "超期"

# S4 prints the classes without their cut-offs; these are ours (handbook 4.2).
DAILY_PERCENT = 80
WEEK_DAYS = 7
MONTH_DAYS = 31


def update_class(days: Sequence[date], start: date, end: date) -> str:
    """Return the class of the posting days within start..end, both counted.

    The caller vouches that the whole window was seen: a post that was missed lowers the class. A gap is the distance between
    two neighbouring posting days; the window's first one is measured from the day before it, its last one to its end.
    """
    posted = sorted({day for day in days if start <= day <= end})
    if not posted:
        return OVERDUE
    window = (end - start).days + 1
    if len(posted) * 100 >= window * DAILY_PERCENT:
        return DAILY
    longest = max((after - before).days for before, after in pairwise([start - timedelta(days=1), *posted, end]))
    if longest <= WEEK_DAYS:
        return WEEKLY
    return MONTHLY if longest <= MONTH_DAYS else OVERDUE
