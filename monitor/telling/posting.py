"""What every round of letters shares: whom to write to, what is known of them, whose turn it is, and what a failure means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import structlog

from monitor import alerting
from monitor.alerting import Silence, Wishes
from monitor.errors import NotifyError, StoreAway
from monitor.metrics.registry import Metrics
from monitor.model import Account, Alert, Contact, Role, Stage, local_date
from monitor.notify.robots import is_robot
from monitor.ports import Clock, Letter, Notifier
from monitor.settings import NotifySettings
from monitor.store import Store
from monitor.telling import mailboxes
from monitor.telling.hours import OfficeHours
from monitor.telling.mailboxes import Mailbox
from monitor.telling.marks import address, who_heard
from monitor.telling.records import LetterRecord
from monitor.telling.trail import DAEMON, Act, Entry

log = structlog.get_logger("posting")

RECOVERY_MEMORY = timedelta(days=30)
"""A recovery older than this is no news; it also bounds what an outbox look reads."""

LEASE = "telling"
"""Only the daemon that holds this lease tells, so that two on one database do not send each letter twice."""
LEASE_FLOOR = timedelta(seconds=60)
"""A lease is twice the interval, but of at least so much: one letter to a slow server takes its time."""
FINISH_SECONDS = 3.0
"""How long a stop waits for the letter under way: a server takes one in a second, and one that hangs must not hold the daemon."""
SOONEST_SECONDS = 0.05
"""Between two rounds, however soon the mail server is to be tried again."""

T = TypeVar("T")
Change = Callable[[Mailbox], Mailbox]


@dataclass(frozen=True, slots=True)
class Readers:
    """Who is told beside the accounts' own contacts. `counties` are the roster's county clerks.

    `known`: there is a picture of the roster to write of; `settled`: every account was looked at, and no accusation waits for its sweep.

    `reaches` says whether there is a way to an address at all: without a mail server group robots can be reached, and nobody else.
    """

    clerks: tuple[Contact, ...] = ()
    sysadmins: tuple[Contact, ...] = ()
    counties: Callable[[], Iterable[Contact]] = tuple
    known: Callable[[], bool] = lambda: True
    settled: Callable[[], bool] = lambda: True
    reaches: Callable[[str], bool] = lambda email: True


def readers_of(settings: NotifySettings, robots: Iterable[Contact] = ()) -> Readers:
    """Return whom the settings name; a group robot is a reader like any other, at an address of its own kind."""
    listed = tuple(robots)
    clerks = tuple(Contact(role=Role.CLERK, email=email) for email in settings.clerks)
    sysadmins = tuple(Contact(role=Role.SYSADMIN, email=email) for email in settings.sysadmins)
    return Readers(
        (*clerks, *(each for each in listed if each.role is Role.CLERK)),
        (*sysadmins, *(each for each in listed if each.role is Role.SYSADMIN)),
    )


def wishes_of(settings: NotifySettings) -> Wishes:
    return Wishes(
        hours=OfficeHours(settings.opens, settings.closes, settings.working_days_only),
        repeat=timedelta(days=settings.repeat_days),
        flap=timedelta(minutes=settings.flap_minutes),
        rectify_after=timedelta(days=settings.rectify_days),
        rectify_working_days=settings.rectify_working_days,
        one_a_day=settings.one_a_day,
    )


def candidates_in(accounts: Mapping[str, Account], readers: Readers) -> alerting.Candidates:
    """Return who might hear of an alert, from the roster and the settings."""

    def candidates(alert: Alert) -> Iterable[Contact]:
        account = accounts.get(alert.finding.account_id or "")
        everybody = alerting.candidates_for(account, readers.clerks, readers.sysadmins)
        return [person for person in everybody if readers.reaches(person.email)]

    return candidates


@dataclass(slots=True)
class Desk:
    """What a round works on: the outbox as it stands, whom it is about, and what is known of the addresses."""

    alerts: dict[str, Alert]
    accounts: Mapping[str, Account]
    boxes: dict[str, Mailbox]
    silences: Mapping[str, Silence]

    def box(self, email: str) -> Mailbox:
        key = address(email)
        return self.boxes.get(key) or Mailbox(key)


async def read_desk(store: Store, now: datetime, readers: Readers, owed: Iterable[str] = ()) -> Desk:
    """Read all that deciding and sending need; of the addresses those that may be written to, those in `owed`, and all refused ones.

    An accusation that waits for the gate is read too, where its account is owed the word that an earlier one is over.
    """
    outbox = await store.outbox(now - RECOVERY_MEMORY)
    outbox += await store.unheard(_owed_an_ending(outbox))
    accounts = {account.id: account for account in await store.accounts(_accounts_of(outbox))}
    known = {address(email) for email in (*_addresses(outbox, accounts.values(), readers), *owed)}
    boxes = await store.correspondence.mailboxes(known) | await store.correspondence.refused_mailboxes()
    return Desk({alert.id: alert for alert in outbox}, accounts, boxes, await store.correspondence.silences(now))


def _owed_an_ending(outbox: Iterable[Alert]) -> set[str]:
    """Return the accounts of which somebody heard what is over now, and has not heard that it is."""
    over = (alert for alert in outbox if alert.stage is Stage.RESOLVED)
    return _accounts_of(alert for alert in over if alert.tries or any(not mark.recovered for mark in alert.told.values()))


def _addresses(outbox: Iterable[Alert], accounts: Iterable[Account], readers: Readers) -> Iterable[str]:
    for person in (*readers.clerks, *readers.sysadmins, *readers.counties()):
        yield person.email
    for account in accounts:
        yield from (contact.email for contact in account.contacts)
    yield from who_heard(outbox)


def _accounts_of(alerts: Iterable[Alert]) -> set[str]:
    return {alert.finding.account_id for alert in alerts if alert.finding.account_id}


@dataclass(frozen=True, slots=True)
class _Owed:
    """What is to be written down: what became of an address, and of a letter that was taken its record and the audit log."""

    email: str
    change: Change
    record: LetterRecord | None = None
    entries: Sequence[Entry] = ()


async def to_the_end(telling: Coroutine[Any, Any, T]) -> T:
    """Let a letter that is under way be sent and marked, also when we are asked to stop meanwhile; but not for ever."""
    task = asyncio.create_task(telling)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=FINISH_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


class Posting:
    """Hands letters over one by one. With an `owner` only while it holds the lease; without one it believes to be alone.

    `slowest` is what one letter may take at most.
    """

    def __init__(
        self,
        store: Store,
        notifier: Notifier | None,
        settings: NotifySettings,
        metrics: Metrics,
        clock: Clock,
        owner: str = "",
        slowest: timedelta = timedelta(0),
    ) -> None:
        self.store, self.notifier, self.metrics, self.clock = store, notifier, metrics, clock
        self._settings, self._owner = settings, owner
        # No letter may take so long that another daemon begins to tell meanwhile.
        self._lease = max(2 * max(timedelta(seconds=settings.interval_seconds), LEASE_FLOOR), slowest + LEASE_FLOOR)
        self._failing = False
        self._not_before: datetime | None = None
        self._away = False
        self._broken: set[str] = set()
        self._tidied_on: date | None = None
        self._owed: list[_Owed] = []

    def pause(self, *, cut_short: bool) -> float:
        """Return the seconds until the next round: no longer than until a mail server that was away is tried again.

        `cut_short` for a round that the database cut short: it too may be back soon.
        """
        wishes = self._settings
        if (left := self._left(self.clock.now())) > 0:
            return min(wishes.interval_seconds, max(left, SOONEST_SECONDS))
        return min(wishes.interval_seconds, wishes.retry_seconds) if cut_short else wishes.interval_seconds

    async def tidy(self, now: datetime) -> None:
        """Drop, once a day, the letters and used-up links that nobody will ask for any more."""
        if self._tidied_on != local_date(now):
            # A link ends with a day: one more, and no link that still works is forgotten to have been used.
            links_before = now - timedelta(days=self._settings.link_days + 2)
            await self.store.correspondence.forget(now - timedelta(days=self._settings.letters_kept_days), links_before)
            self._tidied_on = local_date(now)

    def begin(self) -> None:
        """Begin a round: a mail server that failed in the last one may be tried again, once its time has come."""
        self._away = False

    def rests(self, now: datetime, email: str) -> bool:
        """Whether there is no way to the address now: a mail server that was away a moment ago keeps no group robot waiting."""
        if self.notifier is None or is_robot(email):
            return self.notifier is None
        return self._away or self._left(now) > 0

    def _left(self, now: datetime) -> float:
        """Return the seconds until a mail server that was away is tried again; none where a clock that ran ahead said when."""
        left = (self._not_before - now).total_seconds() if self._not_before is not None else 0.0
        return left if left <= self._settings.retry_seconds else 0.0

    async def my_turn(self) -> bool:
        # Who cannot send must not keep the lease from who can. Held anew for each letter: a round with a slow mail server may outlast it.
        if not self._owner or self.notifier is None:
            return True
        return await self.store.hold(LEASE, self._owner, self.clock.now(), self._lease)

    async def rest(self) -> None:
        """End the connection that several letters shared."""
        if self.notifier is not None:
            await self.notifier.rest()

    async def send(self, letter: Letter) -> None:
        """Raises `NotifyError`."""
        assert self.notifier is not None
        await self.notifier.send(letter)

    def went(self, letter: Letter, change: Change, desk: Desk, alerts: Iterable[Alert] = (), entries: Sequence[Entry] = ()) -> None:
        """Note a letter that was taken: `change` is what it does to its address. `write_down` puts it into the database."""
        self._failing = False
        self.metrics.observe_letter("sent")
        self.owe(letter.to, change, self._recorded(letter, desk, "sent", alerts), entries)

    def owe(self, email: str, change: Change, record: LetterRecord | None = None, entries: Sequence[Entry] = ()) -> None:
        """Remember what the next `write_down` has to write."""
        self._owed.append(_Owed(email, change, record, entries))

    @property
    def owed_to(self) -> set[str]:
        """The addresses of which something is still to be written down."""
        return {each.email for each in self._owed}

    async def write_down(self, desk: Desk) -> None:
        """Write what is owed; what a database gone away keeps from being written is kept for the next time."""
        while self._owed:
            try:
                await self._write(self._owed[0], desk)
            except StoreAway:
                raise
            except Exception:
                # What cannot be written at all must not keep everybody's letters back.
                self.metrics.observe_unexpected("tell")
                log.exception("what became of a letter cannot be written down")
            del self._owed[0]

    async def _write(self, owed: _Owed, desk: Desk) -> None:
        await self.put_box(owed.change(desk.box(owed.email)), desk)
        await self.store.correspondence.note(owed.entries)
        if owed.record is not None:
            await self.store.correspondence.put_letter(owed.record)

    async def goes_on(self, person: Contact, error: NotifyError, desk: Desk) -> bool:
        """Note a failure with whom it belongs to; return whether the server takes the next letter: if not, all mail of the round waits."""
        now = self.clock.now()
        if error.permanent:
            await self._turned_away(person, mailboxes.turned_away(desk.box(person.email), error.told, now), desk)
            return True
        # A server that puts one address off for a while (greylisting) works; only what ails itself is a failure of ours to send.
        self.metrics.observe_letter("uncertain" if error.uncertain else "deferred" if error.recipient_only else "failed")
        if error.recipient_only:
            box = mailboxes.deferred(desk.box(person.email), error.told, now)
            await (self.put_box(box, desk) if box.refused_at is None else self._turned_away(person, box, desk))
            return True
        if not self._failing:
            log.warning("letters cannot be sent now, they wait", reason=str(error))
            self._failing = True
        self._not_before = now + timedelta(seconds=self._settings.retry_seconds)
        self._away = True
        return False

    async def _turned_away(self, person: Contact, box: Mailbox, desk: Desk) -> None:
        """Mark the address: nothing more is sent to it for a while, and the clerk reads of it in the digest."""
        self.metrics.observe_letter("refused")
        await self.put_box(box, desk)
        at = box.refused_at or self.clock.now()
        entry = Entry(f"{box.address} refused {at.isoformat()}", at, Act.REFUSED, DAEMON, reason=f"{box.address}：{box.refused_why}")
        await self.store.correspondence.note([entry])
        log.error("an address takes no letters, they wait for it to be mended", role=person.role.value, reason=box.refused_why)

    async def put_box(self, box: Mailbox, desk: Desk) -> None:
        desk.boxes[box.address] = box
        await self.store.correspondence.put_mailbox(box)

    def broken(self, name: str) -> None:
        """Report a letter that cannot be written, once; to be called while its error is being handled."""
        if name not in self._broken:
            self._broken.add(name)
            self.metrics.observe_letter("broken")
            log.exception("a letter cannot be written, it waits")

    def whole(self, name: str) -> None:
        self._broken.discard(name)

    async def record(self, letter: Letter, desk: Desk, outcome: str, alerts: Iterable[Alert] = (), why: str = "") -> None:
        """Keep what was said to whom, without the links that act."""
        await self.store.correspondence.put_letter(self._recorded(letter, desk, outcome, alerts, why))

    def _recorded(self, letter: Letter, desk: Desk, outcome: str, alerts: Iterable[Alert] = (), why: str = "") -> LetterRecord:
        alerts = tuple(alerts)
        units = {account.unit for alert in alerts if (account := desk.accounts.get(alert.finding.account_id or "")) and account.unit}
        return LetterRecord(
            number=letter.number,
            to=letter.to,
            at=self.clock.now(),
            subject=letter.subject,
            text=letter.short,
            html=letter.kept or letter.html,
            about=letter.about.value,
            outcome=outcome,
            name=letter.to_name,
            units=tuple(sorted(units)),
            alerts=tuple(alert.id for alert in alerts),
            why=why,
        )
