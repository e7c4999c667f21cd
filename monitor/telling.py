"""The loop that tells. Polling and telling never meet: an opened alert is the outbox entry, and this loop empties the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import structlog

from monitor import alerting
from monitor.errors import NotifyError
from monitor.metrics import Metrics
from monitor.model import Account, Alert, Contact
from monitor.notify.letters import write
from monitor.ports import Clock, Notifier
from monitor.settings import NotifySettings
from monitor.store import Store

log = structlog.get_logger("telling")

RECOVERY_MEMORY = timedelta(days=30)
"""A recovery older than this is no news; it also bounds what an outbox look reads."""

REFUSED_REST = timedelta(hours=6)
"""How long a refused address is left alone: a full mailbox or a closed relay is mended within a working day, hardly within minutes."""

LEASE = "telling"
"""Only the daemon that holds this lease tells, so that two on one database do not send each letter twice."""
LEASE_FLOOR = timedelta(seconds=60)
"""A lease is twice the interval, but of at least so much: one letter to a slow server takes its time."""


class Telling:
    """Sends each person one letter with all that is due to them. Every attempt is written down before it is made.

    With an `owner` it tells only while it holds the lease; without one it believes to be alone.
    """

    def __init__(
        self,
        store: Store,
        notifier: Notifier | None,
        settings: NotifySettings,
        console_url: str,
        metrics: Metrics,
        clock: Clock,
        *,
        owner: str = "",
    ) -> None:
        self._store, self._notifier, self._settings = store, notifier, settings
        self._console_url, self._metrics, self._clock = console_url, metrics, clock
        self._owner = owner
        self._lease = 2 * max(timedelta(seconds=settings.interval_seconds), LEASE_FLOOR)
        self._failing = False
        self._not_before: datetime | None = None
        # By address, and kept when the rest is over, so that it is said once; a letter that got through strikes it out.
        self._refused_until: dict[str, datetime] = {}
        self.waiting = 0

    async def round(self) -> int:
        """Tell whom there is to tell; return how many letters were sent.

        1. Nothing is done while another daemon tells.
        2. Alerts whose rung fell are noted as such, so that a later climb is told again.
        3. For each person: note the attempt, send, note the result. A mail server that is away ends the round: the next one goes on.
           An address that was refused is passed over for `REFUSED_REST`; its letter waits.
        """
        now = self._clock.now()
        if self._not_before is not None and now < self._not_before:
            return 0
        if not await self._my_turn(now):
            self.waiting = 0
            return 0
        outbox = await self._store.outbox(now - RECOVERY_MEMORY)
        fallen = {alert.id: alert for alert in alerting.lowered(outbox)}
        await self._store.put_told(list(fallen.values()))
        outbox = [fallen.get(alert.id, alert) for alert in outbox]
        accounts = {account.id: account for account in await self._store.accounts(_accounts_of(outbox))}
        notices = alerting.due(outbox, lambda alert: self._recipients(alert, accounts), now)
        self.waiting = len(notices)
        return await self._send_all(notices, outbox, accounts, now) if self._notifier else 0

    async def _my_turn(self, now: datetime) -> bool:
        # Who cannot send must not keep the lease from who can.
        if not self._owner or self._notifier is None:
            return True
        return await self._store.hold(LEASE, self._owner, now, self._lease)

    async def _send_all(
        self, notices: Iterable[alerting.Notice], outbox: Iterable[Alert], accounts: Mapping[str, Account], now: datetime
    ) -> int:
        sent = 0
        # Several people hear of one alert: each letter's mark is laid over those before it, never over the alert as first read.
        current = {alert.id: alert for alert in outbox}
        for notice in notices:
            if self._rests(notice.person, now):
                continue
            # Held anew for each letter: a round with a slow mail server may outlast the lease, and another daemon then goes on.
            if not await self._my_turn(self._clock.now()):
                return sent
            try:
                await self._tell(notice, current, accounts, now)
            except NotifyError as error:
                self._log_failure(notice.person, error)
                if error.permanent:
                    self._refused_until[alerting.address(notice.person.email)] = now + REFUSED_REST
                else:
                    self._not_before = now + timedelta(seconds=self._settings.retry_seconds)
                    return sent
            else:
                sent += 1
                self.waiting -= 1
                self._failing = False
                self._refused_until.pop(alerting.address(notice.person.email), None)
        return sent

    def _rests(self, person: Contact, now: datetime) -> bool:
        until = self._refused_until.get(alerting.address(person.email))
        return until is not None and now < until

    async def _tell(self, notice: alerting.Notice, current: dict[str, Alert], accounts: Mapping[str, Account], now: datetime) -> None:
        assert self._notifier is not None
        email = notice.person.email
        letter = write(notice, accounts, city=self._settings.city, console_url=self._console_url, now=now)
        tried = [alerting.attempt(current[alert.id], email) for alert in (*notice.opened, *notice.recovered)]
        await self._mark(tried, current)
        try:
            await self._notifier.send(letter)
        except NotifyError as error:
            self._metrics.observe_letter("uncertain" if error.uncertain else "failed")
            if not error.uncertain:
                await self._mark([alerting.refused(alert, email) for alert in tried], current)
            raise
        await self._mark([alerting.told(alert, email, self._clock.now()) for alert in tried], current)
        self._metrics.observe_letter("sent")
        log.info("letter sent", opened=len(notice.opened), recovered=len(notice.recovered), number=letter.number)

    async def _mark(self, alerts: list[Alert], current: dict[str, Alert]) -> None:
        current.update({alert.id: alert for alert in alerts})
        await self._store.put_told(alerts)

    def _recipients(self, alert: Alert, accounts: Mapping[str, Account]) -> tuple[Contact, ...]:
        account = accounts.get(alert.finding.account_id or "")
        return alerting.recipients_for(alert, account, self._settings.clerks, self._settings.sysadmins)

    def _log_failure(self, person: Contact, error: NotifyError) -> None:
        if error.permanent:
            if alerting.address(person.email) not in self._refused_until:
                log.error("a letter was refused, it waits for its address to be mended", to=person.email, reason=str(error))
        elif not self._failing:
            log.warning("letters cannot be sent now, they wait", reason=str(error))
            self._failing = True


def _accounts_of(alerts: Iterable[Alert]) -> set[str]:
    return {alert.finding.account_id for alert in alerts if alert.finding.account_id}
