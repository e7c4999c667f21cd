"""Sends the digests: to clerks and counties, once a period, as soon as the office opens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

import structlog

from monitor.errors import NotifyError, StoreAway
from monitor.model import Contact, local_date
from monitor.ports import Letter
from monitor.settings import Cadence, NotifySettings
from monitor.telling import mailboxes, marks
from monitor.telling.hours import OfficeHours
from monitor.telling.mailboxes import Mailbox
from monitor.telling.marks import address
from monitor.telling.posting import Desk, Posting, Readers, to_the_end, wishes_of

log = structlog.get_logger("digests")

Kind = Literal["daily", "weekly"]

PATIENCE = timedelta(hours=2)
"""So long after the opening, or our start, a digest waits for the sweep to be over; then it tells what is known."""


class Digests(Protocol):
    """Writes digests; None where a person has nothing to read of. May raise `StoreAway`."""

    async def digest(self, kind: Kind, to: Contact, now: datetime) -> Letter | None: ...


class DigestRound:
    """Finds who is due a digest, and sends it: the attempt is written down first, as with every letter."""

    def __init__(self, posting: Posting, digests: Digests, readers: Readers, settings: NotifySettings) -> None:
        self._posting, self._digests, self._readers, self._settings = posting, digests, readers, settings
        self._hours = wishes_of(settings).hours
        self._began_at: datetime | None = None
        self._stumbled: set[str] = set()

    async def send(self, desk: Desk, now: datetime) -> int:
        """Return how many were sent. Who the mail server hung up on comes last the next time, so that nobody waits behind him for ever."""
        sent = 0
        for person, kind, period in sorted(self._due(desk, now), key=lambda due: address(due[0].email) in self._stumbled):
            if self._posting.rests(self._posting.clock.now(), person.email):
                continue
            if not await self._posting.my_turn():
                return sent
            try:
                sent += await to_the_end(self._send(person, kind, period, desk, now))
            except NotifyError as error:
                if not await self._posting.goes_on(person, error, desk):
                    self._stumbled.add(address(person.email))
                    continue
            except StoreAway:
                raise
            except Exception:
                self._posting.broken(f"{kind} {period} {address(person.email)} handed over")
            self._stumbled.discard(address(person.email))
        return sent

    def _due(self, desk: Desk, now: datetime) -> Iterable[tuple[Contact, Kind, str]]:
        self._began_at = self._began_at or now
        late = now - max(self._began_at, self._hours.opening(local_date(now))) >= PATIENCE
        if not self._hours.is_open(now) or not self._readers.known() or not (late or self._readers.settled()):
            return
        for email, (person, cadence) in sorted(self._readers_by_address().items()):
            box = desk.box(email)
            kind, period = period_of(cadence, self._settings.weekly_on, self._hours, box, now)
            if kind and not (box.marked_until(now) or box.waits_until(now)):
                yield person, kind, period

    def _readers_by_address(self) -> dict[str, tuple[Contact, Cadence]]:
        """Return each address once; who is a city clerk reads the city's digest."""
        counties = {address(person.email): (person, self._settings.county_digest) for person in self._readers.counties()}
        clerks = {address(person.email): (person, self._settings.clerk_digest) for person in self._readers.clerks}
        return {email: each for email, each in {**counties, **clerks}.items() if self._readers.reaches(each[0].email)}

    async def _send(self, person: Contact, kind: Kind, period: str, desk: Desk, now: datetime) -> int:
        posting, box = self._posting, desk.box(person.email)
        letter, written = await self._written(person, kind, period, now)
        if letter is None:
            if written:
                await posting.put_box(mailboxes.digest_told(box, kind, period), desk)
            return 0
        await self._put_tries(mailboxes.digest_tried(box, kind, period), box, desk)
        try:
            await posting.send(letter)
        except NotifyError as error:
            if not error.uncertain:
                await self._put_tries(mailboxes.digest_refused(desk.box(person.email), kind, period), box, desk)
            raise
        at = posting.clock.now()
        posting.went(letter, lambda box: mailboxes.delivered(_told(box, kind, period, now), at, duty=False), desk)
        await posting.write_down(desk)
        log.info("digest sent", kind=kind, period=period, number=letter.number)
        return 1

    async def _put_tries(self, box: Mailbox, before: Mailbox, desk: Desk) -> None:
        try:
            await self._posting.put_box(box, desk)
        except StoreAway:
            # No digest has left: a try that was written all the same must not count.
            self._posting.owe(box.address, lambda known: replace(known, tries=before.tries))
            raise

    async def _written(self, person: Contact, kind: Kind, period: str, now: datetime) -> tuple[Letter | None, bool]:
        """Return the digest, and whether writing it went well: one that cannot be written is reported once and waits."""
        name = f"{kind} {period} {address(person.email)}"
        try:
            letter = await self._digests.digest(kind, person, now)
        except StoreAway:
            raise
        except Exception:
            self._posting.broken(name)
            return None, False
        self._posting.whole(name)
        return letter, True


def _told(box: Mailbox, kind: Kind, period: str, now: datetime) -> Mailbox:
    told = mailboxes.digest_told(box, kind, period)
    # The weekly one says all that the day's would.
    return replace(told, digests={**told.digests, "daily": local_date(now).isoformat()}) if kind == "weekly" else told


def period_of(cadence: Cadence, weekly_on: int, hours: OfficeHours, box: Mailbox, now: datetime) -> tuple[Kind | None, str]:
    """Return which digest the address is due now, and its period; None where it has had it.

    The weekly one takes the daily's place. It is due on its day; on the next working day where that one was off, be it in the week
    after; and late where the address has had earlier ones but nobody told this one. After `UNKNOWN_LIMIT` letters of unknown fate it
    counts as told.
    """
    today = local_date(now)
    since = (today.weekday() - weekly_on) % 7
    # Named after the week of its day, so that what a Sunday owes is not the week's that begins on Monday.
    year, week, _ = (today - timedelta(days=since)).isocalendar()
    due: list[tuple[Kind, str]] = []
    if cadence != "off":
        first = not any(hours.works(today - timedelta(days=back)) for back in range(1, since + 1))
        if first or "weekly" in box.digests:
            due.append(("weekly", f"{year}-W{week:02}"))
    if cadence == "daily":
        due.append(("daily", today.isoformat()))
    for kind, period in due:
        if box.digests.get(kind) != period and box.tries.get(f"{kind} {period}", 0) < marks.UNKNOWN_LIMIT:
            return kind, period
    return None, ""
