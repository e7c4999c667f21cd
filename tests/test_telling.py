"""The outbox emptied for real: a mail server on loopback, a database, and everything that may break between the two."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import structlog.testing
from clocks import NOON, FrozenClock
from makers import account

from demo.mailbox import Mailbox
from monitor import life
from monitor.errors import NotifyError
from monitor.metrics import Metrics
from monitor.model import Alert, Contact, Finding, Firing, Role, Severity, Stage
from monitor.notify.mail import SmtpNotifier
from monitor.ports import Letter, Notifier
from monitor.settings import NotifySettings, SmtpSettings
from monitor.store import Store
from monitor.telling import REFUSED_REST, Telling
from monitor.writes import AlertChange

OPERATOR, COUNTY = Contact(email="xxy@example.invalid"), Contact(role=Role.COUNTY, email="xianqu@example.invalid")
SETTINGS = NotifySettings(clerks=("ban@example.invalid",), sysadmins=("ops@example.invalid",), retry_seconds=300.0)


def finding(subject: str = "a", rung: int = 4, status: Firing = Firing.FIRING) -> Finding:
    return Finding(
        rule="idle",
        status=status,
        subject=subject,
        account_id=subject,
        severity=Severity.ACCUSATION,
        rung=rung,
        label="内容不更新",
        message=f"“{subject}发布”(微博)已14天未更新(最后更新2020-02-18)",
        tells=(Role.OPERATOR, Role.COUNTY, Role.CLERK),
    )


async def opened(store: Store, *subjects: str) -> None:
    """Put accounts on the roster with one open accusation each."""
    await store.put_accounts([account(each, contacts=(OPERATOR, COUNTY)) for each in subjects], {}, NOON)
    alerts = life.settle({}, [finding(each) for each in subjects], NOON)
    await store.put_alerts([AlertChange(None, alert) for alert in alerts])
    await store.put_alerts([AlertChange(before, after) for before, after in zip(alerts, life.release(alerts, NOON), strict=True)])


async def resolved(store: Store, clock: FrozenClock) -> None:
    alive = {alert.finding.key: alert for alert in await store.alerts([Stage.OPEN])}
    over = [finding(alert.finding.subject, status=Firing.CLEAR) for alert in alive.values()]
    before = {alert.id: alert for alert in alive.values()}
    await store.put_alerts([AlertChange(before[each.id], each) for each in life.settle(alive, over, clock.now())])


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    async with Mailbox(tmp_path / "mails") as box:
        yield box


def smtp(port: int) -> SmtpNotifier:
    return SmtpNotifier(SmtpSettings(host="127.0.0.1", port=port, security="none", sender="jiance@example.invalid", timeout_seconds=5))


def telling(store: Store, notifier: Notifier, clock: FrozenClock, owner: str = "") -> Telling:
    return Telling(store, notifier, SETTINGS, "", Metrics(), clock, owner=owner)


class Picky:
    """A mail server that refuses one address for good, until it is mended."""

    def __init__(self, inner: Notifier) -> None:
        self.inner, self.refused, self.mended = inner, 0, False

    async def send(self, letter: Letter) -> None:
        if letter.to == OPERATOR.email and not self.mended:
            self.refused += 1
            raise NotifyError("554 Relay access denied", permanent=True)
        await self.inner.send(letter)


class Dying:
    """A mail program killed right after the server took the letter, so many times; then it works."""

    def __init__(self, inner: Notifier, deaths: int) -> None:
        self.inner, self.deaths = inner, deaths

    async def send(self, letter: Letter) -> None:
        await self.inner.send(letter)
        if self.deaths:
            self.deaths -= 1
            raise KeyboardInterrupt("killed")


class Down:
    """A mail server that cannot be reached."""

    def __init__(self) -> None:
        self.asked = 0

    async def send(self, letter: Letter) -> None:
        self.asked += 1
        raise NotifyError("connection refused")


async def test_each_person_gets_one_letter_with_all_that_opened(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a", "b", "c")
    clock = FrozenClock(NOON)
    loop = telling(store, smtp(mailbox.port), clock)

    await loop.round()
    await loop.round()

    assert Counter(mail.to for mail in mailbox.mails) == {OPERATOR.email: 1, COUNTY.email: 1, "ban@example.invalid": 1}
    letter = message_from_bytes(mailbox.mails[0].path.read_bytes(), policy=default)
    text = letter.get_body(("plain",)).get_content()
    assert all(f"{each}发布" in text for each in "abc")


async def test_a_recovery_closes_the_thread_once_for_everybody_who_heard(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    clock = FrozenClock(NOON)
    loop = telling(store, smtp(mailbox.port), clock)
    await loop.round()

    clock.moment = NOON + timedelta(hours=1)
    await resolved(store, clock)
    await loop.round()
    await loop.round()

    assert Counter(mail.to for mail in mailbox.mails) == {OPERATOR.email: 2, COUNTY.email: 2, "ban@example.invalid": 2}
    assert all("【已恢复】" in mail.subject for mail in mailbox.mails[3:])


async def test_a_mail_server_that_is_down_for_an_hour_loses_nothing_and_is_left_in_peace(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a", "b")
    clock, down = FrozenClock(NOON), Down()
    loop = telling(store, down, clock)

    for minute in range(60):
        clock.moment = NOON + timedelta(minutes=minute)
        await loop.round()
    clock.moment = NOON + timedelta(hours=1)
    await telling(store, smtp(mailbox.port), clock).round()

    assert Counter(mail.to for mail in mailbox.mails) == {OPERATOR.email: 1, COUNTY.email: 1, "ban@example.invalid": 1}
    assert down.asked == 12


@pytest.mark.parametrize("deaths", [1, 2, 5])
async def test_killed_between_sending_and_marking_it_is_told_again_at_most_once(store: Store, mailbox: Mailbox, deaths: int) -> None:
    await opened(store, "a")
    clock, dying = FrozenClock(NOON), Dying(smtp(mailbox.port), deaths)

    for _ in range(deaths + 2):
        try:
            await telling(store, dying, clock).round()
        except KeyboardInterrupt:
            continue

    counted = Counter(mail.to for mail in mailbox.mails)
    assert set(counted) == {OPERATOR.email, COUNTY.email, "ban@example.invalid"}
    assert max(counted.values()) <= 2
    letters = {(mail.to, str(message_from_bytes(mail.path.read_bytes(), policy=default)["Message-ID"])) for mail in mailbox.mails}
    assert len(letters) == 3, "a repeat is recognisable as the same letter"


async def test_what_is_pending_or_held_is_told_to_nobody(store: Store, mailbox: Mailbox) -> None:
    await store.put_accounts([account("a", contacts=(OPERATOR,))], {}, NOON)
    (pending,) = life.settle({}, [finding("a")], NOON)
    await store.put_alerts([AlertChange(None, pending)])
    loop = telling(store, smtp(mailbox.port), FrozenClock(NOON))

    await loop.round()
    (held,) = life.hold([pending], NOON)
    await store.put_alerts([AlertChange(pending, held)])
    await loop.round()

    assert mailbox.mails == []


async def test_an_address_that_is_refused_rests_for_hours_and_stops_nobody_else(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    picky, clock = Picky(smtp(mailbox.port)), FrozenClock(NOON)
    loop = telling(store, picky, clock)

    with structlog.testing.capture_logs() as logs:
        for minute in range(0, 360, 60):
            clock.moment = NOON + timedelta(minutes=minute)
            await loop.round()
        within = picky.refused
        clock.moment = NOON + REFUSED_REST
        await loop.round()

    assert (within, picky.refused, loop.waiting) == (1, 2, 1)
    assert Counter(mail.to for mail in mailbox.mails) == {COUNTY.email: 1, "ban@example.invalid": 1}
    assert len([each for each in logs if each["log_level"] == "error"]) == 1
    (stored,) = await store.alerts([Stage.OPEN])
    assert OPERATOR.email not in stored.told and stored.tries == {}


async def test_a_letter_that_was_refused_is_not_lost_once_the_address_is_mended(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    picky, clock = Picky(smtp(mailbox.port)), FrozenClock(NOON)
    loop = telling(store, picky, clock)
    await loop.round()

    picky.mended = True
    clock.moment = NOON + REFUSED_REST
    await loop.round()

    assert Counter(mail.to for mail in mailbox.mails) == {OPERATOR.email: 1, COUNTY.email: 1, "ban@example.invalid": 1}
    assert loop.waiting == 0


async def test_two_daemons_on_one_database_send_each_letter_once(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a", "b")
    clock = FrozenClock(NOON)
    one, other = (telling(store, smtp(mailbox.port), clock, owner) for owner in ("host 1", "host 2"))

    sent = await asyncio.gather(one.round(), other.round())
    again = await asyncio.gather(one.round(), other.round())

    assert (sorted(sent), again) == ([0, 3], [0, 0])
    assert Counter(mail.to for mail in mailbox.mails) == {OPERATOR.email: 1, COUNTY.email: 1, "ban@example.invalid": 1}


async def test_when_the_daemon_that_told_is_gone_the_other_one_tells(store: Store, mailbox: Mailbox) -> None:
    clock = FrozenClock(NOON)
    one, other = (telling(store, smtp(mailbox.port), clock, owner) for owner in ("host 1", "host 2"))
    await one.round()
    await opened(store, "a")

    too_early = await other.round()
    clock.moment = NOON + timedelta(minutes=2)

    assert (too_early, await other.round()) == (0, 3)


async def test_a_daemon_without_a_mail_server_does_not_keep_the_others_from_telling(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    clock = FrozenClock(NOON)

    await Telling(store, None, SETTINGS, "", Metrics(), clock, owner="host 1").round()

    assert await telling(store, smtp(mailbox.port), clock, "host 2").round() == 3


async def test_the_marks_of_a_letter_survive_a_judgement_in_between(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    (read_before,) = await store.alerts([Stage.OPEN])
    clock = FrozenClock(NOON)
    await telling(store, smtp(mailbox.port), clock).round()

    later: Alert = read_before.model_copy(update={"finding": finding("a", rung=5), "last_seen_at": NOON + timedelta(days=1)})
    await store.put_alerts([AlertChange(read_before, later)])

    (stored,) = await store.alerts([Stage.OPEN])
    assert stored.finding.rung == 5
    assert {email: told.rung for email, told in stored.told.items()} == {OPERATOR.email: 4, COUNTY.email: 4, "ban@example.invalid": 4}
