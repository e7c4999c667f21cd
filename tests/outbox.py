"""What the tests of the outbox share: alerts that are due to somebody, the loop that tells, and digests of one line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from clocks import NOON
from makers import account
from storing import alert

from monitor import life
from monitor.metrics.registry import Metrics
from monitor.model import Channel, Contact, Firing, Role, Severity, Stage
from monitor.notify.items import Words
from monitor.notify.mail import SmtpNotifier
from monitor.ports import Clock, Letter, ListName
from monitor.settings import NotifySettings, SmtpSettings
from monitor.store import Store
from monitor.telling.digest_round import DigestRound, Kind
from monitor.telling.posting import Posting, readers_of, wishes_of
from monitor.telling.rounds import Telling
from monitor.writes import AlertChange

ROUND_THE_CLOCK: dict[str, Any] = {"opens": time(0), "closes": time(0), "working_days_only": False}
"""Office hours for tests that look at a real clock, or at a whole day."""
SENDER = "jiance@example.invalid"
UNASKED = Channel(adapter="manual", handle="by hand")
"""So that a real daemon looks at nothing."""
CLERK = "ban@example.invalid"


def unit(number: int) -> str:
    return f"unit{number:02}@example.invalid"


def units(count: int) -> list[str]:
    return [unit(number) for number in range(count)]


async def opened(store: Store, *emails: str, at: datetime = NOON, more: Sequence[Contact] = (), **fields: Any) -> None:
    """Make a roster with one account for each address, and open one accusation each that is due to it."""
    told = {"severity": Severity.ACCUSATION, "rung": 4, "tells": (Role.OPERATOR,), **fields}
    names = {email.partition("@")[0]: email for email in emails}
    roster = [account(name, channels=(UNASKED,), contacts=(Contact(email=email), *more)) for name, email in names.items()]
    await store.put_accounts(roster, {}, at)
    for name in names:
        words = {"subject": name, "message": f"“{name}发布”(微博)已14天未更新(最后更新2020-02-18)"}
        await store.put_alerts([AlertChange(None, alert(at=at, id=f"idle {name} {at.timestamp()}", **words, **told))])


async def over(store: Store, now: datetime) -> None:
    """Resolve whatever is open."""
    alive = {each.finding.key: each for each in await store.alerts([Stage.OPEN])}
    before = {each.id: each for each in alive.values()}
    clear = [each.finding.model_copy(update={"status": Firing.CLEAR}) for each in alive.values()]
    await store.put_alerts([AlertChange(before[each.id], each) for each in life.settle(alive, clear, now)])


def notify(**changes: Any) -> NotifySettings:
    """Return the settings as shipped but for these changes."""
    return NotifySettings(**changes)


class OneLine:
    """Writes digests of one line; the same one for a kind, a day and a reader."""

    async def digest(self, kind: Kind, to: Contact, now: datetime) -> Letter | None:
        number = f"{kind}{now:%Y%m%d}{to.email.partition('@')[0]}"
        return Letter(to.email, number, f"【日报】{now:%m-%d}", "正文", "<p>正文</p>", about=ListName.DIGEST)


def telling(
    store: Store,
    port: int,
    clock: Clock,
    settings: NotifySettings | None = None,
    owner: str = "",
    seconds: float = 5.0,
    metrics: Metrics | None = None,
) -> Telling:
    """Return the loop over a real mail program; it sends digests too where the settings name a clerk."""
    wishes = settings or NotifySettings()
    smtp = SmtpSettings(host="127.0.0.1", port=port, security="none", sender=SENDER, timeout_seconds=seconds)
    posting, readers = Posting(store, SmtpNotifier(smtp, clock), wishes, metrics or Metrics(), clock, owner), readers_of(wishes)
    return Telling(posting, Words(), wishes_of(wishes), readers, DigestRound(posting, OneLine(), readers, wishes))
