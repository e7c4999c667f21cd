"""How pressing an account is: whether it will soon fail, and the order in which people read a list. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.model import Account, Standing, Verdict

SOON_DAYS = 3
"""将超期: so few days, working days under a profile that counts those, are left until the failing line (handbook 1)."""

_BEYOND = 10**6
"""Stands for "no figure" in a sort: later than any day."""
_ORDER: Mapping[Verdict | None, int] = {Verdict.FAILED: 0, Verdict.UNDETERMINED: 1, Verdict.QUALIFIED: 2, None: 3}


def is_soon(standing: Standing) -> bool:
    """将超期: it passes today, and the failing line is at most so many days away."""
    return standing.verdict is Verdict.QUALIFIED and standing.days_left is not None and standing.days_left <= SOON_DAYS


def is_feared(standing: Standing) -> bool:
    """Whether it is 将超期 only as far as we know: not all since was seen, so that it may have posted; at the line it will be 无法判定."""
    return is_soon(standing) and bool(standing.reason)


def soon_within(unit: str) -> str:
    """Return within what an account is 将超期, in the words of a profile's unit."""
    return f"{SOON_DAYS}个工作日" if unit == "working_days" else f"{SOON_DAYS}天"


def urgency(entry: tuple[Account, Standing]) -> tuple[int, int, str]:
    """Sort key: failed with the longest silence first (never posted before all), then undetermined, then by days left, then the rest."""
    account, standing = entry
    match standing.verdict:
        case Verdict.FAILED:
            figure = -(_BEYOND if standing.idle_days is None else standing.idle_days)
        case Verdict.QUALIFIED:
            figure = _BEYOND if standing.days_left is None else standing.days_left
        case _:
            figure = 0
    return _ORDER[standing.verdict], figure, account.id
