"""The known answers on letters: who must read what, who cannot be reached, who hears that it is over. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from demo.fates import Fate
from demo.pages import Page
from monitor.model import Alert, Severity, Status, Step
from monitor.urgency import SOON_DAYS

LINE_DAYS = 14
COUNTY_DAYS = 13
WARNED_DAYS = 10
CLERK = "chouchaban@example.invalid"
SYSADMIN = "yunwei@example.invalid"
RECTIFY, MISSING, RECOVERED, DAILY = "整改通知", "未转载", "已恢复", "【日报】"
OCCASIONAL = frozenset({"holiday"})
"""Rules that speak on some days of the year only: what they say is no known answer."""


@dataclass(frozen=True, slots=True)
class Tidings:
    """By address, what its one letter tells. `delayed` addresses may still wait for theirs, `refused` ones take none.

    `mender` publishes once its letter has come, and `recoveries` must read of that; None where nobody can be seen to recover.
    `digest` ends the subject of the clerk's digest. `counties` are all that answer for accounts: they have a digest too.
    """

    letters: Mapping[str, frozenset[str]]
    digest: str
    refused: frozenset[str] = frozenset()
    delayed: frozenset[str] = frozenset()
    mender: Page | None = None
    counties: frozenset[str] = frozenset()

    @property
    def recoveries(self) -> frozenset[str]:
        return self.mender.readers if self.mender else frozenset()

    @property
    def mailed(self) -> frozenset[str]:
        """All addresses that must get a letter of any kind."""
        return frozenset({CLERK, SYSADMIN, *self.counties, *self.letters.keys() - self.delayed})


def expect_tidings(
    pages: Sequence[Page],
    failing: Collection[str],
    reminded: Mapping[str, int],
    missing: Collection[str],
    lost: int,
    glimpsed: Iterable[int] = (),
) -> Tidings:
    """Return the answers.

    `missing` are the codes of who misses an article, `lost` is the number of those that cannot be judged, `glimpsed` the idle days of
    those that pass by what little is seen of them: nobody is reminded of those, but they stand in the digest where the line is near.
    """
    letters: dict[str, set[str]] = {}
    for page in pages:
        for address, label in _told(page, failing, reminded, missing):
            letters.setdefault(address, set()).add(label)
    refused = _addresses(pages, Fate.BOUNCED) & letters.keys()
    soon = sum(days >= LINE_DAYS - SOON_DAYS for days in (*reminded.values(), *glimpsed))
    return Tidings(
        letters={address: frozenset(labels) for address, labels in letters.items() if address not in refused},
        digest=f"正常{len(pages) - len(failing) - lost} 超期{len(failing)} 将超期{soon} 无法判定{lost}",
        refused=frozenset(refused),
        delayed=frozenset(_addresses(pages, Fate.GREYLISTED) & letters.keys()),
        mender=next((page for page in pages if reminded.get(page.code) == COUNTY_DAYS and page.county_clerk), None),
        counties=frozenset(page.county_clerk for page in pages if page.county_clerk),
    )


def _told(page: Page, failing: Collection[str], reminded: Mapping[str, int], missing: Collection[str]) -> Iterator[tuple[str, str]]:
    if page.code in missing:
        yield page.operator, MISSING
    if page.fate is Fate.RECTIFY:
        # Whether or not it can be seen today: what was told a week ago stands until an update is seen.
        yield page.operator, RECTIFY
        yield page.county_clerk, _failed(page)
    elif page.fate and page.fate.quiet:
        return
    elif page.code in failing:
        yield from ((address, _failed(page)) for address in page.readers)
    elif page.code in reminded:
        days = reminded[page.code]
        label = "预警" if days >= WARNED_DAYS else "更新提醒"
        yield page.operator, label
        if days == COUNTY_DAYS and page.county_clerk:
            yield page.county_clerk, label


def _failed(page: Page) -> str:
    if page.status is Status.ABANDONED:
        return Status.ABANDONED.label
    return "无内容" if page.idle_days is None else "内容不更新"


def _addresses(pages: Iterable[Page], fate: Fate) -> set[str]:
    return {page.operator for page in pages if page.fate is fate}


@dataclass(frozen=True, slots=True)
class Post:
    """What the mail server and the daemon's own record say. `mails` are (recipient, subject), `threaded` whose recovery answers a letter.

    `refused` are the addresses that the daemon has marked, `deferred` those that it tries again later.
    """

    mails: Sequence[tuple[str, str]] = ()
    threaded: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    deferred: frozenset[str] = frozenset()
    rechecks: int = 0
    begun: datetime | None = field(default=None)


def found_tidings(alerts: Iterable[Alert], post: Post) -> dict[str, Any]:
    """Return for the summary who read what since the demo began, and what became of the letters."""
    letters: dict[str, set[str]] = {}
    for alert in alerts:
        if alert.finding.severity is Severity.TROUBLE or alert.finding.rule in OCCASIONAL:
            continue
        for address, mark in alert.told.items():
            if post.begun is None or mark.at >= post.begun:
                letters.setdefault(address, set()).add(RECTIFY if mark.step is Step.RECTIFY else alert.finding.label.split(" · ")[0])
    return {
        "letters": {address: sorted(labels) for address, labels in sorted(letters.items())},
        "refused": sorted(post.refused),
        "deferred": sorted(post.deferred),
        "recovered": sorted(post.threaded),
        "rechecks": post.rechecks,
    }


def tidings_differences(found: Mapping[str, Any], expected: Tidings) -> Iterator[str]:
    """Yield Chinese lines on where the letters depart from the known answers."""
    for address in sorted(found["letters"].keys() | expected.letters.keys()):
        told, known = found["letters"].get(address, []), sorted(expected.letters.get(address, ()))
        if told != known and not (address in expected.delayed and not told):
            yield f"告知不符：{address}（{'、'.join(told) or '无'}，应为{'、'.join(known) or '无'}）"
    yield from (f"退信地址不符：{address}" for address in sorted(set(found["refused"]) ^ expected.refused))
    yield from (f"恢复未在原邮件下告知：{address}" for address in sorted(expected.recoveries - set(found["recovered"])))
    if expected.mender and not found["rechecks"]:
        yield "一键复查未被受理"
    yield from _mail_differences([(mail["to"], mail["subject"]) for mail in found["mails"]], expected)


def _mail_differences(mails: Sequence[tuple[str, str]], expected: Tidings) -> Iterator[str]:
    about = [(to, subject) for to, subject in mails if to not in (CLERK, SYSADMIN) and not subject.startswith((DAILY, f"【{RECOVERED}】"))]
    counts = {address: sum(to == address for to, _ in about) for address, _ in about}
    yield from (f"恢复之前告知了 {count} 次：{address}" for address, count in sorted(counts.items()) if count > 1)
    digests = [subject for to, subject in mails if to == CLERK and subject.startswith(DAILY)]
    if len(digests) != 1 or not digests[0].endswith(f"：{expected.digest}"):
        yield f"日报不符：{'；'.join(digests) or '无'}（应为{expected.digest}）"
    had = {to for to, subject in mails if subject.startswith(DAILY)}
    yield from (f"没有收到日报：{address}" for address in sorted(expected.counties - had))
