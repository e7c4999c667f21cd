"""The loop that tells. Polling and telling never meet: an opened alert is the outbox entry, and this loop empties the outbox."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import structlog

from monitor import alerting
from monitor.alerting import Decision, Notice
from monitor.errors import NotifyError, StoreAway
from monitor.model import Alert, Role, Told
from monitor.notify.items import Words
from monitor.notify.letters import write
from monitor.ports import Letter, ListName
from monitor.telling import mailboxes, marks, reasons
from monitor.telling.digest_round import DigestRound
from monitor.telling.episodes import episodes
from monitor.telling.marks import address
from monitor.telling.posting import Desk, Posting, Readers, candidates_in, read_desk, to_the_end
from monitor.telling.trail import Act, Entry

log = structlog.get_logger("telling")


class Telling:
    """Sends each person one letter with all that is due to them, then the digests. Every attempt is written down before it is made."""

    def __init__(
        self, posting: Posting, words: Words, wishes: alerting.Wishes, readers: Readers, digests: DigestRound | None = None
    ) -> None:
        self._posting, self._words, self._wishes = posting, words, wishes
        self._readers, self._digests = readers, digests
        # Told, but not yet written down as told: the database went away in between.
        self._unwritten: dict[tuple[str, str], Told] = {}
        # The tries of alerts before an attempt that came to nothing, where the database went away before that was written.
        self._untried: dict[str, Mapping[str, int]] = {}
        self._stumbled: set[str] = set()
        self._cut_short = False
        self._owed_since: dict[str, datetime] = {}
        self.held: Counter[str] = Counter()
        self.refused_addresses = 0

    @property
    def waiting(self) -> int:
        """Letters that could go now and have not gone."""
        return len(self._owed_since)

    @property
    def oldest(self) -> datetime | None:
        """Since when the oldest of them has been owed."""
        return min(self._owed_since.values(), default=None)

    @property
    def pause(self) -> float:
        """How many seconds to wait before the next round: sooner while the mail server or the database is away."""
        return self._posting.pause(cut_short=self._cut_short)

    async def round(self) -> int:
        """Tell whom there is to tell; return how many letters were sent.

        1. Nothing is done while another daemon tells.
        2. What was told but could not be written down is written; what is known of an episode goes on to its last alert; alerts whose rung
           fell are noted, so that a later climb is told again.
        3. For everybody it is decided what is due now and what waits, and why.
        4. For each person: note the attempt, send, note the result. A mail server that is away ends the round for all mail, an address
           that is refused does not, and group robots go on. Then the digests, in the same way, and last those at whom the server hung up
           before: they may be the reason.
        """
        self._cut_short = True
        sent = await self._round()
        self._cut_short = False
        return sent

    async def _round(self) -> int:
        posting = self._posting
        posting.begin()
        now = posting.clock.now()
        if not await posting.my_turn():
            self._owed_since.clear()
            self._untried.clear()
            return 0
        await posting.tidy(now)
        desk = await read_desk(posting.store, now, self._readers, posting.owed_to)
        await self._catch_up(desk)
        # Some 40 µs an alert: after a long holiday too long for the loop that also polls.
        decisions = await asyncio.to_thread(self._decide, desk, now)
        notices = alerting.notices(decisions)
        self._count(decisions, notices, desk, now)
        try:
            return await self._send_all(notices, desk, now)
        finally:
            await posting.rest()

    def _decide(self, desk: Desk, now: datetime) -> list[Decision]:
        people = candidates_in(desk.accounts, self._readers)
        return alerting.decide(list(desk.alerts.values()), people, desk.boxes, desk.silences, self._wishes, now)

    def _count(self, decisions: Iterable[Decision], notices: Iterable[Notice], desk: Desk, now: datetime) -> None:
        """Keep the figures that the metrics show."""
        self.held = Counter(each.why.value for each in decisions if each.why.waits)
        self.refused_addresses = sum(box.marked_until(now) is not None for box in desk.boxes.values())
        self._owed_since = {name: self._owed_since.get(name, now) for name in map(_name_of, notices)}

    async def _catch_up(self, desk: Desk) -> None:
        """Write the marks that a database gone away kept from being written, those of earlier alerts, and those of rungs that fell."""
        late: dict[str, Alert] = {}
        for (alert_id, email), mark in self._unwritten.items():
            alert = late.get(alert_id) or desk.alerts.get(alert_id)
            known = alert.told.get(email) if alert else None
            if alert is not None and (known is None or known.at < mark.at):
                late[alert_id] = marks.with_mark(alert, email, mark)
        restored = {id: late.get(id) or desk.alerts[id] for id in self._untried if id in desk.alerts}
        late |= {id: alert.model_copy(update={"tries": self._untried[id]}) for id, alert in restored.items()}
        await self._mark(list(late.values()), desk)
        self._unwritten.clear()
        self._untried.clear()
        await self._posting.write_down(desk)
        # Off the loop, which also polls: every alert is laid beside those before it.
        handed_on = await asyncio.to_thread(self._handed_on, desk)
        for alert in handed_on:
            await self._posting.store.correspondence.carry_acknowledged(alert)
        await self._mark(handed_on, desk)
        await self._mark(marks.lowered(desk.alerts.values()), desk)

    def _handed_on(self, desk: Desk) -> list[Alert]:
        found = (marks.inherited(chain) for chain in episodes(desk.alerts.values(), self._wishes.flap))
        return [alert for alert in found if alert is not None]

    async def _mark(self, alerts: list[Alert], desk: Desk) -> None:
        # Several people hear of one alert: each letter's mark is laid over those before it, never over the alert as first read.
        desk.alerts.update({alert.id: alert for alert in alerts})
        await self._posting.store.put_told(alerts)

    async def _send_all(self, notices: Iterable[Notice], desk: Desk, now: datetime) -> int:
        listed = list(notices)
        fresh, stumbled = ([each for each in listed if (_name_of(each) in self._stumbled) is last] for last in (False, True))
        sent = await self._send_each(fresh, desk, now)
        if self._digests:
            sent += await self._digests.send(desk, now)
        return sent + await self._send_each(stumbled, desk, now)

    async def _send_each(self, notices: Iterable[Notice], desk: Desk, now: datetime) -> int:
        """Return how many went out. What the mail server does not take any more is left for the next round."""
        sent = 0
        for notice in notices:
            if self._posting.rests(self._posting.clock.now(), notice.person.email) or not self._may_go(notice):
                continue
            if not await self._posting.my_turn():
                return sent
            letter = await self._written(notice, desk, now)
            if letter is None:
                continue
            try:
                await to_the_end(self._tell(notice, letter, desk))
            except NotifyError as error:
                if not await self._posting.goes_on(notice.person, error, desk):
                    self._stumbled.add(_name_of(notice))
                    continue
            except StoreAway:
                raise
            except Exception:
                # An address that cannot be written down, a mistake of ours: whatever it is, only this letter waits.
                self.held[reasons.Why.BROKEN.value] += 1
                self._posting.broken(f"{_name_of(notice)} handed over")
            else:
                sent += 1
                self._owed_since.pop(_name_of(notice), None)
                self._posting.whole(f"{_name_of(notice)} handed over")
            self._stumbled.discard(_name_of(notice))
        return sent

    def _may_go(self, notice: Notice) -> bool:
        """Whether the office is still open: a long round with a slow mail server may outlast the day."""
        at_any_hour = not notice.duty and notice.person.role is Role.SYSADMIN
        return at_any_hour or self._wishes.hours.is_open(self._posting.clock.now())

    async def _written(self, notice: Notice, desk: Desk, now: datetime) -> Letter | None:
        """Return the letter; None where it cannot be written: it waits, is reported once, and the others go out."""
        name = _name_of(notice)
        try:
            letter = await asyncio.to_thread(write, notice, desk.accounts, self._words, now)
        except Exception:
            self.held[reasons.Why.BROKEN.value] += 1
            self._posting.broken(name)
            return None
        self._posting.whole(name)
        return letter

    async def _tell(self, notice: Notice, letter: Letter, desk: Desk) -> None:
        email, posting = notice.person.email, self._posting
        ids = [alert.id for alert in (*notice.opened, *notice.recovered)]
        begun = posting.clock.now()
        before = {each: desk.alerts[each].tries for each in ids}
        await self._mark_tries([marks.attempt(desk.alerts[each], email, begun) for each in ids], before, desk)
        try:
            await posting.send(letter)
        except NotifyError as error:
            if not error.uncertain:
                await self._mark_tries([marks.refused(desk.alerts[each], email, begun) for each in ids], before, desk)
            concerned = [desk.alerts[each] for each in ids]
            outcome = "uncertain" if error.uncertain else "refused" if error.permanent else "failed"
            await posting.record(letter, desk, outcome, concerned, error.told)
            raise
        now = posting.clock.now()
        entries, alerts = _entries(notice, letter, desk, now), [desk.alerts[each] for each in ids]
        posting.went(letter, lambda box: mailboxes.delivered(box, now, duty=notice.duty), desk, alerts, entries)
        await self._mark_told(notice, letter, alerts, desk, now)
        await posting.write_down(desk)
        log.info("letter sent", opened=len(notice.opened), recovered=len(notice.recovered), number=letter.number)

    async def _mark_tries(self, alerts: list[Alert], before: Mapping[str, Mapping[str, int]], desk: Desk) -> None:
        try:
            await self._mark(alerts, desk)
        except StoreAway:
            # No letter has left: a try that was written all the same must not count.
            self._untried |= before
            raise

    async def _mark_told(self, notice: Notice, letter: Letter, alerts: list[Alert], desk: Desk, now: datetime) -> None:
        email = notice.person.email
        marked = [
            marks.told(alert, email, now, step=notice.step(alert), letter=letter.number, due=notice.due(alert)) for alert in alerts
        ]
        try:
            await self._mark(marked, desk)
        except StoreAway:
            # The letter is out: who it went to must not get it again merely because the database was away for a moment.
            self._unwritten |= {(alert.id, address(email)): alert.told[address(email)] for alert in marked}
            raise


def _name_of(notice: Notice) -> str:
    return f"{address(notice.person.email)} {ListName.ACCOUNTS if notice.duty else ListName.TROUBLE}"


def _entries(notice: Notice, letter: Letter, desk: Desk, now: datetime) -> list[Entry]:
    """Return for the audit log that this person was told of each alert, and why."""
    email = address(notice.person.email)
    entries = []
    for alert in (*notice.opened, *notice.recovered):
        account = desk.accounts.get(alert.finding.account_id or "")
        why = notice.decisions[alert.id].why.label if alert.id in notice.decisions else ""
        entries.append(
            Entry(
                id=f"{alert.id} told {email} {letter.number}",
                at=now,
                act=Act.TOLD,
                by=email,
                alert_id=alert.id,
                account_id=alert.finding.account_id or "",
                reason=why.partition("，")[0],
                letter=letter.number,
                unit=account.unit if account else "",
            )
        )
    return entries
