"""Fetches what digests and reports are made of, and has them written. Reads only; asks no platform and tells nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from monitor.history import Judgement
from monitor.model import Contact, Role, Stage, end_of_day, local_date
from monitor.notify import digest_letters
from monitor.notify.digest_letters import Head, Kind
from monitor.notify.facts import in_titles
from monitor.notify.paper import Paper, as_page, as_text
from monitor.notify.report_words import burden_paper, leading_paper
from monitor.ports import Letter, ListName
from monitor.reports import courses
from monitor.reports.burden import YEAR, Month, burden, month_before
from monitor.reports.cases import AUDIBLE, Material, Row, ended_by_proof
from monitor.reports.courses import WEEK, Verdicts, Week
from monitor.reports.digests import Digest, answered_for, county_digest, digest, last_opening, narrowed
from monitor.reports.leading import last_quarter_end, leading
from monitor.settings import Settings
from monitor.store import Store
from monitor.tasks import TaskSheet
from monitor.telling.hours import OfficeHours
from monitor.telling.marks import address
from monitor.telling.trail import Act

ReportKind = Literal["daily", "weekly", "month", "leader"]
KINDS: tuple[ReportKind, ...] = ("daily", "weekly", "month", "leader")

MEMORY = timedelta(days=14)
"""How far back an accusation or its end may be news: the longest holiday, and the days around it."""


class Desk(Protocol):
    """What is known of the roster; `monitor.app.App` is one."""

    @property
    def profile_title(self) -> str: ...
    @property
    def soon_within(self) -> str: ...
    @property
    def channel_titles(self) -> Mapping[str, str]: ...
    async def rows(self) -> list[Row]: ...
    async def sheets(self) -> Sequence[TaskSheet]: ...
    async def standings_at(self, moment: datetime) -> Judgement: ...


@dataclass(frozen=True, slots=True)
class Report:
    """A report as text and as a page."""

    subject: str
    text: str
    html: str


class Reporting:
    """Writes digests for people and reports for whoever asks. Every method may raise `StoreAway`."""

    def __init__(self, store: Store, desk: Desk, settings: Settings) -> None:
        self._store, self._desk, self._settings = store, desk, settings
        notify = settings.notify
        self._hours = OfficeHours(notify.opens, notify.closes, notify.working_days_only)
        # What one round asks for several times is fetched once: the material of a moment, the verdicts of a past one.
        self._material: Material | None = None
        self._past: tuple[datetime, Verdicts] | None = None

    async def digest(self, kind: Kind, to: Contact, now: datetime) -> Letter | None:
        """Return the digest of the period for this person; None for a county clerk whose accounts have left the roster.

        A city clerk's daily digest tells what is new since the last one that was sent to the address, whichever kind that was.
        """
        material = await self._gathered(now)
        since = now - WEEK if kind == "weekly" else self._since(material, to)
        made = await asyncio.to_thread(_digest_for, material, to, since)
        if made is None:
            return None
        week = None
        if kind == "weekly":
            week, made = await self._over_the_week(made, material, to)
        return await asyncio.to_thread(digest_letters.letter, kind, made, to, self._head(), week)

    async def report(self, kind: ReportKind, now: datetime, month: Month | None = None) -> Report:
        """Return a report on the whole city; `month` is for the burden meter, the last full one where none is given."""
        paper = await self._paper(kind, now, month)
        return await asyncio.to_thread(lambda: Report(paper.subject, as_text(paper), as_page(paper)))

    async def _paper(self, kind: ReportKind, now: datetime, month: Month | None) -> Paper:
        if kind == "month":
            return await self._burden(now, month or month_before(local_date(now)))
        material = await self._gathered(now)
        since = now - WEEK if kind == "weekly" else last_opening(now, self._hours)
        made = await asyncio.to_thread(digest, material, since)
        if kind == "leader":
            quarter_end = last_quarter_end(local_date(now))
            then = await self._verdicts_at(end_of_day(quarter_end))
            return leading_paper(leading(material, made, quarter_end, then), self._head(), now)
        week = None
        if kind == "weekly":
            week, made = await self._over_the_week(made, material, None)
        return digest_letters.paper_of(kind, made, self._head(), week)

    # -- fetching -----------------------------------------------------------------------------------------------------------

    async def _gathered(self, now: datetime) -> Material:
        """Return what every digest of this moment is made of."""
        if self._material is not None and self._material.now == now:
            return self._material
        said = self._store.correspondence
        # A gate that holds is told of by the alerts it holds; what is pending is told to nobody.
        alerts = [*await self._store.outbox(now - MEMORY), *await self._store.alerts([Stage.HELD])]
        self._material = Material(
            now=now,
            rows=await self._desk.rows(),
            sheets=tuple(await self._desk.sheets()),
            alerts=[in_titles(alert, self._desk.channel_titles) for alert in alerts],
            silences=await said.silences(now),
            requests=await said.requests(),
            mailboxes=await said.refused_mailboxes(),
            steps=await said.trail(since=now - MEMORY, acts=AUDIBLE),
            letters=await said.letters(now - MEMORY),
            hours=self._hours,
        )
        return self._material

    def _since(self, material: Material, to: Contact) -> datetime:
        """Return when the last digest went to the address; the opening of the working day before where none did of late."""
        now, email, today = material.now, address(to.email), local_date(material.now)
        digests = (each for each in material.letters if each.about == ListName.DIGEST.value and each.outcome == "sent" and each.at < now)
        sent = (each.at for each in digests if address(each.to) == email and local_date(each.at) < today)
        return max(sent, default=last_opening(now, self._hours))

    async def _over_the_week(self, made: Digest, material: Material, to: Contact | None) -> tuple[Week, Digest]:
        """Return the course of the week, and the digest with what is new to the week marked as that."""
        then = await self._verdicts_at(material.now - WEEK)
        week = await self._week(material, to, then)
        return week, courses.since_then(made, week, then)

    async def _week(self, material: Material, to: Contact | None, then: Verdicts) -> Week:
        ended = [alert.id for alert in material.alerts if ended_by_proof(alert)]
        told = await self._store.correspondence.trail(alert_ids=ended, acts=[Act.TOLD]) if ended else []
        if to is not None and to.role is Role.COUNTY:
            material = narrowed(material, {account.id for account in answered_for(material.rows, to)})
        return await asyncio.to_thread(courses.week, material, then, material.letters, told)

    async def _verdicts_at(self, moment: datetime) -> Verdicts:
        """Return the verdicts of a past moment; the last answer is kept, as all county clerks ask for the same one."""
        if self._past is None or self._past[0] != moment:
            judged = await self._desk.standings_at(moment)
            self._past = moment, {account.id: standing.verdict for account, standing in judged.standings}
        return self._past[1]

    async def _burden(self, now: datetime, month: Month) -> Paper:
        since = min(now, month.end) - YEAR
        material = replace(await self._gathered(now), alerts=await self._store.outbox(since))
        letters = await self._store.correspondence.letters(month.start)
        acts = [Act.TOLD, Act.RECHECK, Act.EXEMPTION, Act.CLOSURE]
        steps = await self._store.correspondence.trail(since=since, acts=acts)
        made = await asyncio.to_thread(burden, material, month, letters, steps)
        return burden_paper(made, self._head(), now)

    def _head(self) -> Head:
        return Head(self._settings.notify.city, self._desk.profile_title, self._settings.web.public_url, self._desk.soon_within)


def _digest_for(material: Material, to: Contact, since: datetime) -> Digest | None:
    return county_digest(material, to, since) if to.role is Role.COUNTY else digest(material, since)
