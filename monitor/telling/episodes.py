"""Which alerts about one thing are one episode to those who read of it: the way down and up in between is told to nobody. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from monitor.model import Alert, Severity

SAME_LAPSE = timedelta(days=3)
"""What is there again so soon after its end is the old lapse: a post that was deleted, a look that erred. A true one takes longer than
any weekend, as no ladder's first rung is below five working days."""
_COUNTED_TO = ("line_on", "since")
"""Where evidence says on which day a silence reaches the line, or reached it: another day means that it is counted from another post."""


def episodes(alerts: Iterable[Alert], flap: timedelta) -> list[list[Alert]]:
    """Group the alerts about one thing, oldest first, where each opened within `flap`, or `SAME_LAPSE`, after the one before ended.

    An accusation that was taken back for something milder is over: that must be told. So is a lapse that another post ended, though an
    old one that came to light late: the next is counted from that post, and comes soon.
    """
    chains: list[list[Alert]] = []
    latest: dict[str, list[Alert]] = {}
    for alert in sorted(alerts, key=lambda each: (each.opened_at, each.id)):
        chain = latest.get(alert.finding.key)
        if chain is None or not _goes_on(chain[-1], alert, flap):
            chain = latest[alert.finding.key] = []
            chains.append(chain)
        chain.append(alert)
    return chains


def _goes_on(before: Alert, after: Alert, flap: timedelta) -> bool:
    alike = (before.finding.severity is Severity.ACCUSATION) == (after.finding.severity is Severity.ACCUSATION)
    soon = before.resolved_at is not None and after.opened_at - before.resolved_at <= max(flap, SAME_LAPSE)
    return alike and soon and all(_agree(before.finding.evidence.get(each), after.finding.evidence.get(each)) for each in _COUNTED_TO)


def _agree(before: object, after: object) -> bool:
    return before is None or after is None or before == after


def there_again(chains: Iterable[list[Alert]]) -> dict[str, list[Alert]]:
    """Return the alerts of later episodes, by what they are about, where there is more than one."""
    firsts: set[str] = set()
    later: dict[str, list[Alert]] = {}
    for chain in chains:
        key = chain[0].finding.key
        if key in firsts:
            later.setdefault(key, []).extend(chain)
        firsts.add(key)
    return later
