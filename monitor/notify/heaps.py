"""Which alerts of a letter are told together, and in which order: unit by unit, account by account, the gravest first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitor.model import Account, Finding, Severity
from monitor.notify.facts import NAMES, day, moment, shown
from monitor.notify.phrases import Asked


def heaps_of(asked: Iterable[Asked], accounts: Mapping[str, Account]) -> list[list[Asked]]:
    """Return what is told as one: accounts that miss the same article, or reach their line in the same holiday, else each by itself.

    A unit stands where its gravest alert stands, and so does an account within it; what several units share stands by itself.
    """
    heaps: dict[str, list[Asked]] = {}
    for place, each in enumerate(asked):
        heaps.setdefault(_shared(each) or f"{place}", []).append(each)
    units: dict[str, int] = {}
    within: dict[str, int] = {}
    for place, heap in enumerate(heaps.values()):
        units.setdefault(_unit(heap, accounts) or f"{place}", place)
        within.setdefault(heap[0].finding.subject, place)
    ranked = [
        (units[_unit(heap, accounts) or f"{place}"], within[heap[0].finding.subject], place, heap)
        for place, heap in enumerate(heaps.values())
    ]
    return [heap for *_, heap in sorted(ranked, key=lambda each: each[:3])]


def _unit(heap: Iterable[Asked], accounts: Mapping[str, Account]) -> str:
    units = {unit_of(each.finding, accounts) for each in heap}
    return f"unit {units.pop()}" if len(units) == 1 and "" not in units else ""


def unit_of(finding: Finding, accounts: Mapping[str, Account]) -> str:
    account = accounts.get(finding.account_id or "")
    return shown(account.unit, NAMES) if account else ""


def _shared(asked: Asked) -> str:
    """Name what is asked for, where others may be asked for the very same; empty where it is about one account's own post."""
    finding = asked.finding
    what = _task(finding) or (f"{holiday_of(finding)} {finding.evidence.get('update_by')}" if holiday_of(finding) else "")
    return f"{what} {finding.severity} {asked.role} {asked.step} {asked.due}" if what else ""


def _task(finding: Finding) -> str:
    owed = finding.article_id and finding.severity in (Severity.ACCUSATION, Severity.NOTICE)
    told = shown(finding.evidence.get("article_title")) and moment(finding.evidence.get("due_at"))
    return f"article {finding.article_id}" if owed and told else ""


def holiday_of(finding: Finding) -> str:
    """Return the holiday that a look-ahead speaks of; empty for all else, and where it does not say until when to update."""
    named = finding.account_id and day(finding.evidence.get("update_by"))
    return shown(finding.evidence.get("holiday"), 20) if named else ""
