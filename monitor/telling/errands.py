"""Does what a link in a letter asks for: look again now, take note, or lay a request before the clerk. Each at most once, each logged.

Looking at a link changes nothing: mail scanners follow every link they see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import structlog

from monitor.errors import StoreAway
from monitor.metrics.registry import LinkOutcome
from monitor.model import Account, Alert, PersonsWord, Stage
from monitor.store import Store
from monitor.telling.links import BadLink, Errand, Flaw, Links, mark_of
from monitor.telling.marks import address
from monitor.telling.records import Ask, Request
from monitor.telling.trail import Act, Entry

log = structlog.get_logger("errands")

_ACTS = {Ask.RECHECK: Act.RECHECK, Ask.EXEMPTION: Act.EXEMPTION, Ask.CLOSURE: Act.CLOSURE, Ask.RECEIVED: Act.ACKNOWLEDGED}
_OUTCOMES: dict[Flaw, LinkOutcome] = {Flaw.FORGED: "forged", Flaw.EXPIRED: "expired", Flaw.USED: "used"}


class Result(StrEnum):
    """What came of a link. `OVER`: the alert has ended, there was nothing to do. `BUSY`: the account is being looked at this moment."""

    DONE = "done"
    OVER = "over"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a link would do."""

    ask: Ask
    account: Account
    alert: Alert
    expires_at: datetime

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do; looking again is always of use."""
        return self.alert.stage is Stage.RESOLVED and self.ask is not Ask.RECHECK


@dataclass(frozen=True, slots=True)
class Done:
    """What a link did."""

    ask: Ask
    account: Account
    alert: Alert
    result: Result


@dataclass(frozen=True, slots=True)
class _Found:
    errand: Errand
    shown: Shown
    by: str


class Errands:
    """Follows links. `observe` counts how it went, `on_recheck` is called when an account was made due."""

    def __init__(
        self,
        store: Store,
        links: Links,
        observe: Callable[[LinkOutcome], None] = lambda outcome: None,
        on_recheck: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._links = store, links
        self._observe, self._on_recheck = observe, on_recheck

    async def look(self, token: str, now: datetime) -> Shown:
        """Return what the link would do, and change nothing. Raises `BadLink`, `StoreAway`."""
        try:
            return (await self._find(token, now)).shown
        except BadLink as error:
            log.warning("a link was refused", reason=error.reason, alert=error.alert, acted=False)
            if error.reason is Flaw.FORGED:
                self._observe("forged")
            raise

    async def act(self, token: str, now: datetime) -> Done:
        """Do what the link asks for, once. Raises `BadLink`; with `StoreAway` the link can be used again."""
        try:
            done = await self._do(await self._find(token, now), now)
        except BadLink as error:
            log.warning("a link was refused", reason=error.reason, alert=error.alert, acted=True)
            self._observe(_OUTCOMES.get(error.reason, "failed"))
            raise
        except StoreAway:
            log.warning("a link could not be followed now")
            self._observe("failed")
            raise
        log.info("a link was followed", ask=done.ask, account=done.account.id, alert=done.alert.id, result=done.result)
        self._observe("done")
        return done

    async def _find(self, token: str, now: datetime) -> _Found:
        """Check a link against the roster as it stands.

        1. It is ours, whole, and in time.
        2. Its alert is known, and about the account the link was made for.
        3. The account is watched still, and whom the letter went to is among its contacts.
        4. It was not used before.
        5. Its matter may go on in another alert.
        """
        errand = self._links.read(token, now)
        alert = await self._store.alert(errand.alert_id)
        if alert is None:
            raise BadLink(Flaw.UNKNOWN, errand.alert_id)
        about = alert.finding.account_id or ""
        if mark_of(about) != errand.account:
            raise BadLink(Flaw.STRANGER, alert.id)
        accounts = await self._store.accounts([about])
        if not accounts:
            raise BadLink(Flaw.UNKNOWN, alert.id)
        by = next((email for each in accounts[0].contacts if mark_of(email := address(each.email)) == errand.to), None)
        if by is None:
            raise BadLink(Flaw.STRANGER, alert.id)
        if await self._store.correspondence.link_used(errand.mark):
            raise BadLink(Flaw.USED, alert.id)
        alert = await self._living(alert)
        return _Found(replace(errand, alert_id=alert.id), Shown(errand.ask, accounts[0], alert, errand.expires_at), by)

    async def _living(self, alert: Alert) -> Alert:
        """Return the alert in which the matter goes on.

        What flares up again shortly after its end is not told anew: the letter that there is speaks of what stands now.
        """
        if alert.stage is not Stage.RESOLVED:
            return alert
        account = alert.finding.account_id
        again = (await self._store.alive_alerts([account])).get(account, {}).get(alert.finding.key)
        return again if again is not None and again.stage is Stage.OPEN else alert

    async def _do(self, found: _Found, now: datetime) -> Done:
        """Log, act, use up.

        Every step may be repeated without harm, and the link is used up last: whatever fails before, the link still works, and
        nothing is ever done that the log does not know.
        """
        ask, account, alert = found.shown.ask, found.shown.account, found.shown.alert
        if found.shown.over:
            return Done(ask, account, alert, Result.OVER)
        alive = (await self._store.alive_alerts([account.id])).get(account.id, {})
        answered = [] if ask is Ask.RECHECK else answer(alive.values(), found.errand, found.by, now)
        await self._store.correspondence.note(_entries(found, answered, now))
        if ask is Ask.RECHECK:
            if account.id not in await self._store.look_now([account.id], now):
                return Done(ask, account, alert, Result.BUSY)
            self._on_recheck()
        elif ask is not Ask.RECEIVED:
            await self._store.correspondence.put_request(Request(account.id, ask, found.by, now, alert.id))
        for each in answered:
            await self._store.correspondence.put_acknowledged(each)
        if not await self._store.correspondence.use_link(found.errand.mark, now):
            raise BadLink(Flaw.USED, alert.id)
        return Done(ask, account, alert, Result.DONE)


def answer(alerts: Iterable[Alert], errand: Errand, by: str, now: datetime) -> list[Alert]:
    """Return the alerts that this person has now answered: all they were told of, each as far as they were told. Pure.

    A letter of last week answers for what it said: a rung reached since is told all the same. What somebody answered later stands.
    """
    return [
        alert.model_copy(update={"acknowledged": PersonsWord(by=by, at=now, rung=rung, reason=errand.ask.label)})
        for alert in alerts
        if (rung := _told_rung(alert, errand, by)) is not None and (alert.acknowledged is None or alert.acknowledged.rung <= rung)
    ]


def _told_rung(alert: Alert, errand: Errand, by: str) -> int | None:
    mark = alert.told.get(by)
    rungs = [mark.rung] if mark is not None and not mark.recovered else []
    # The letter itself proves what it told, even where its mark was lost with a kill.
    rungs += [errand.rung] if alert.id == errand.alert_id else []
    return min(max(rungs), alert.finding.rung) if rungs else None


def _entries(found: _Found, answered: Iterable[Alert], now: datetime) -> list[Entry]:
    """Return what the audit log holds of it; named by the link, so that doing it again adds nothing."""
    errand, account = found.errand, found.shown.account
    act = _ACTS[errand.ask]
    asked = [(act, errand.alert_id)]
    asked += [(Act.ACKNOWLEDGED, each.id) for each in answered if (Act.ACKNOWLEDGED, each.id) not in asked]
    return [
        Entry(
            id=f"{errand.mark} {kind} {alert_id}",
            at=now,
            act=kind,
            by=found.by,
            alert_id=alert_id,
            account_id=account.id,
            reason=errand.ask.label,
            unit=account.unit,
        )
        for kind, alert_id in asked
    ]
