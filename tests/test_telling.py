"""The outbox emptied for real: a mail server on loopback, a database, and everything that may break between the two."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import time, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
from clocks import NOON, FrozenClock
from makers import account

from demo.mailbox import Mailbox
from monitor import life
from monitor.errors import NotifyError, StoreAway
from monitor.metrics.registry import Metrics
from monitor.model import Alert, Contact, Finding, Firing, Role, Severity, Stage
from monitor.notify.items import Words
from monitor.notify.mail import SmtpNotifier
from monitor.ports import Letter, Notifier
from monitor.settings import NotifySettings, SmtpSettings
from monitor.store import Store
from monitor.telling.mailboxes import MARK_LASTS
from monitor.telling.posting import Posting, readers_of, wishes_of
from monitor.telling.records import Ask
from monitor.telling.rounds import Telling
from monitor.telling.trail import Act
from monitor.writes import AlertChange

OPERATOR, COUNTY = Contact(email="xxy@example.invalid"), Contact(role=Role.COUNTY, email="xianqu@example.invalid")
SETTINGS = NotifySettings(clerks=("ban@example.invalid",), sysadmins=("ops@example.invalid",), retry_seconds=300.0)
BOTH = {OPERATOR.email: 1, COUNTY.email: 1}
"""Who hears of an accusation by letter; the city clerk reads of it in the digest."""


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


def telling(
    store: Store,
    notifier: Notifier | None,
    clock: FrozenClock,
    owner: str = "",
    settings: NotifySettings = SETTINGS,
    words: Words | None = None,
) -> Telling:
    posting = Posting(store, notifier, settings, Metrics(), clock, owner)
    return Telling(posting, words or Words(), wishes_of(settings), readers_of(settings))


class Picky:
    """A mail server that refuses one address for good, until it is mended."""

    def __init__(self, inner: Notifier) -> None:
        self.inner, self.refused, self.mended = inner, 0, False

    async def send(self, letter: Letter) -> None:
        if letter.to == OPERATOR.email and not self.mended:
            self.refused += 1
            raise NotifyError("554 Relay access denied", permanent=True)
        await self.inner.send(letter)

    async def rest(self) -> None:
        await self.inner.rest()


class Killed(BaseException):
    """The end of a mail program, which nobody catches."""


class Dying:
    """A mail program killed right after the server took the letter, so many times; then it works."""

    def __init__(self, inner: Notifier, deaths: int) -> None:
        self.inner, self.deaths = inner, deaths

    async def send(self, letter: Letter) -> None:
        await self.inner.send(letter)
        if self.deaths:
            self.deaths -= 1
            raise Killed

    async def rest(self) -> None:
        await self.inner.rest()


class Busy:
    """A mail server that always says "later" to one address."""

    def __init__(self, inner: Notifier) -> None:
        self.inner, self.asked = inner, 0

    async def send(self, letter: Letter) -> None:
        if letter.to == OPERATOR.email:
            self.asked += 1
            raise NotifyError("450 mailbox busy", recipient_only=True)
        await self.inner.send(letter)

    async def rest(self) -> None:
        await self.inner.rest()


class Forgetful:
    """A database that goes away for a moment, right after the first letter went out."""

    def __init__(self, inner: Store) -> None:
        self.inner, self.away = inner, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def put_told(self, alerts: list[Alert]) -> None:
        if self.away and any(alert.told for alert in alerts):
            self.away = False
            raise StoreAway("gone")
        await self.inner.put_told(alerts)


class Down:
    """A mail server that cannot be reached."""

    def __init__(self) -> None:
        self.asked = 0

    async def send(self, letter: Letter) -> None:
        self.asked += 1
        raise NotifyError("connection refused")

    async def rest(self) -> None:
        return None


async def test_each_person_gets_one_letter_with_all_that_opened(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a", "b", "c")
    clock = FrozenClock(NOON)
    loop = telling(store, smtp(mailbox.port), clock)

    await loop.round()
    await loop.round()

    assert Counter(mail.to for mail in mailbox.mails) == BOTH
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
    same_day = len(mailbox.mails)
    clock.moment = NOON + timedelta(days=1)
    await loop.round()
    await loop.round()

    assert same_day == 2
    assert Counter(mail.to for mail in mailbox.mails) == {OPERATOR.email: 2, COUNTY.email: 2}
    assert all("【已恢复】" in mail.subject for mail in mailbox.mails[2:])
    first, answer = (message_from_bytes(mailbox.mails[each].path.read_bytes(), policy=default) for each in (0, 2))
    assert first["To"] == answer["To"]
    assert answer["In-Reply-To"] == first["Message-ID"]


async def test_a_mail_server_that_is_down_for_an_hour_loses_nothing_and_is_left_in_peace(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a", "b")
    clock, down = FrozenClock(NOON), Down()
    loop = telling(store, down, clock)

    for minute in range(60):
        clock.moment = NOON + timedelta(minutes=minute)
        await loop.round()
    clock.moment = NOON + timedelta(hours=1)
    await telling(store, smtp(mailbox.port), clock).round()

    assert Counter(mail.to for mail in mailbox.mails) == BOTH
    assert down.asked == 12


@pytest.mark.parametrize("deaths", [1, 2, 5])
async def test_killed_between_sending_and_marking_it_is_told_again_at_most_once(store: Store, mailbox: Mailbox, deaths: int) -> None:
    await opened(store, "a")
    clock, dying = FrozenClock(NOON), Dying(smtp(mailbox.port), deaths)

    for _ in range(deaths + 2):
        try:
            await telling(store, dying, clock).round()
        except Killed:
            continue

    counted = Counter(mail.to for mail in mailbox.mails)
    assert set(counted) == set(BOTH)
    assert max(counted.values()) <= 2
    letters = {(mail.to, str(message_from_bytes(mail.path.read_bytes(), policy=default)["Message-ID"])) for mail in mailbox.mails}
    assert len(letters) == 2, "a repeat is recognisable as the same letter"


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


async def test_an_address_that_is_refused_is_marked_for_a_week_and_stops_nobody_else(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    picky, clock = Picky(smtp(mailbox.port)), FrozenClock(NOON)
    loop = telling(store, picky, clock)

    with structlog.testing.capture_logs() as logs:
        for day in range(7):
            clock.moment = NOON + timedelta(days=day)
            await loop.round()
        within, marked = picky.refused, loop.refused_addresses
        clock.moment = NOON + MARK_LASTS
        await loop.round()

    assert (within, marked, picky.refused) == (1, 1, 2)
    assert Counter(mail.to for mail in mailbox.mails) == {COUNTY.email: 2}, "the county has its weekly repeat"
    assert len([each for each in logs if each["log_level"] == "error"]) == 2
    (stored,) = await store.alerts([Stage.OPEN])
    assert OPERATOR.email not in stored.told and stored.tries == {}
    assert [entry.act for entry in await store.correspondence.trail(acts=[Act.REFUSED])] == [Act.REFUSED] * 2


async def test_a_letter_that_was_refused_is_not_lost_once_the_address_is_mended(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    picky, clock = Picky(smtp(mailbox.port)), FrozenClock(NOON)
    loop = telling(store, picky, clock)
    await loop.round()

    picky.mended = True
    clock.moment = NOON + MARK_LASTS
    await loop.round()

    assert OPERATOR.email in Counter(mail.to for mail in mailbox.mails)
    assert loop.waiting == 0


async def test_a_server_that_says_later_to_one_address_is_asked_again_for_a_day_while_the_others_get_their_letters(
    store: Store, mailbox: Mailbox
) -> None:
    await opened(store, "a")
    busy, clock = Busy(smtp(mailbox.port)), FrozenClock(NOON)
    settings = SETTINGS.model_copy(update={"opens": time(0), "closes": time(0), "working_days_only": False})
    loop = telling(store, busy, clock, settings=settings)

    for minute in range(0, 30 * 60, 10):
        clock.moment = NOON + timedelta(minutes=minute)
        await loop.round()

    [box] = (await store.correspondence.mailboxes([OPERATOR.email])).values()
    assert Counter(mail.to for mail in mailbox.mails) == {COUNTY.email: 1}
    assert box.refused_at is not None and timedelta(hours=24) <= box.refused_at - NOON <= timedelta(hours=26)
    assert 10 <= busy.asked <= 30


async def test_the_database_gone_between_sending_and_marking_costs_nobody_a_second_letter(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    forgetful = Forgetful(store)
    clock = FrozenClock(NOON)
    loop = telling(forgetful, smtp(mailbox.port), clock)  # type: ignore[arg-type]

    with pytest.raises(StoreAway):
        await loop.round()
    await loop.round()
    await loop.round()

    assert Counter(mail.to for mail in mailbox.mails) == BOTH
    (stored,) = await store.alerts([Stage.OPEN])
    assert set(stored.told) == set(BOTH)
    assert stored.tries == {}


async def test_a_letter_that_cannot_be_written_waits_and_the_others_go_out(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    clock = FrozenClock(NOON)

    def broken(ask: Ask, alert: Alert, to: str) -> str:
        if to == OPERATOR.email:
            raise RuntimeError("a template that does not render")
        return ""

    loop = telling(store, smtp(mailbox.port), clock, words=Words(console_url="https://console.example", link=broken))
    with structlog.testing.capture_logs() as logs:
        await loop.round()
        await loop.round()

    assert Counter(mail.to for mail in mailbox.mails) == {COUNTY.email: 1}
    assert loop.held == {"broken": 1}
    assert len([each for each in logs if each["log_level"] == "error"]) == 1
    (stored,) = await store.alerts([Stage.OPEN])
    assert OPERATOR.email not in stored.told and stored.tries == {}


async def test_nothing_leaves_at_night_and_everything_in_the_morning(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    clock = FrozenClock(NOON.replace(hour=14))
    loop = telling(store, smtp(mailbox.port), clock)

    at_night = await loop.round()
    waiting = dict(loop.held)
    clock.moment = (NOON + timedelta(days=1)).replace(hour=0, minute=30)
    in_the_morning = await loop.round()

    assert (at_night, waiting, in_the_morning) == (0, {"hours": 2}, 2)


class Slow:
    """A mail server that takes an hour for each letter."""

    def __init__(self, inner: Notifier, clock: FrozenClock) -> None:
        self.inner, self.clock = inner, clock

    async def send(self, letter: Letter) -> None:
        await self.inner.send(letter)
        self.clock.moment += timedelta(hours=1)

    async def rest(self) -> None:
        await self.inner.rest()


async def test_a_round_that_outlasts_the_office_hours_sends_the_rest_in_the_morning(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    clock = FrozenClock(NOON.replace(hour=9, minute=30))
    loop = telling(store, Slow(smtp(mailbox.port), clock), clock)

    before_closing = await loop.round()
    clock.moment = (NOON + timedelta(days=1)).replace(hour=1)
    in_the_morning = await loop.round()

    assert (before_closing, in_the_morning) == (1, 1)
    assert Counter(mail.to for mail in mailbox.mails) == BOTH


class Faulty:
    """A mail program with a mistake that shows at one address."""

    def __init__(self, inner: Notifier) -> None:
        self.inner = inner

    async def send(self, letter: Letter) -> None:
        if letter.to == COUNTY.email:
            raise KeyError("no such thing")
        await self.inner.send(letter)

    async def rest(self) -> None:
        await self.inner.rest()


async def test_a_mistake_of_ours_with_one_letter_keeps_nobody_else_waiting(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    loop = telling(store, Faulty(smtp(mailbox.port)), FrozenClock(NOON))

    with structlog.testing.capture_logs() as logs:
        await loop.round()
        await loop.round()

    assert Counter(mail.to for mail in mailbox.mails) == {OPERATOR.email: 1}
    assert len([each for each in logs if each["log_level"] == "error"]) == 1


async def test_a_stored_document_that_nobody_can_read_keeps_nobody_else_waiting(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a", "b")
    loop = telling(store, smtp(mailbox.port), FrozenClock(NOON))
    broken, _ = await store.alerts()
    await store._db.alerts.update_one({"_id": broken.id}, {"$set": {"told": "nobody"}})
    await store._db.mailboxes.insert_one({"_id": OPERATOR.email, "tries": None, "refused_at": "soon", "failures": "many"})

    with structlog.testing.capture_logs() as logs:
        sent = await loop.round()

    assert sent == 2
    assert [each["alert"] for each in logs if each["log_level"] == "error"] == [broken.id]


async def test_what_was_said_is_on_record_with_the_units_it_was_about_and_every_reader_in_the_log(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    clock = FrozenClock(NOON)
    await telling(store, smtp(mailbox.port), clock).round()

    letters = await store.correspondence.letters()
    told = await store.correspondence.trail(acts=[Act.TOLD])

    assert {letter.to for letter in letters} == set(BOTH)
    assert {letter.outcome for letter in letters} == {"sent"}
    assert {entry.by for entry in told} == set(BOTH)
    assert {entry.letter for entry in told} == {letter.number for letter in letters}


async def test_two_daemons_on_one_database_send_each_letter_once(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a", "b")
    clock = FrozenClock(NOON)
    one, other = (telling(store, smtp(mailbox.port), clock, owner) for owner in ("host 1", "host 2"))

    sent = await asyncio.gather(one.round(), other.round())
    again = await asyncio.gather(one.round(), other.round())

    assert (sorted(sent), again) == ([0, 2], [0, 0])
    assert Counter(mail.to for mail in mailbox.mails) == BOTH


async def test_when_the_daemon_that_told_is_gone_the_other_one_tells(store: Store, mailbox: Mailbox) -> None:
    clock = FrozenClock(NOON)
    one, other = (telling(store, smtp(mailbox.port), clock, owner) for owner in ("host 1", "host 2"))
    await one.round()
    await opened(store, "a")

    too_early = await other.round()
    clock.moment = NOON + timedelta(minutes=2)

    assert (too_early, await other.round()) == (0, 2)


async def test_a_daemon_without_a_mail_server_does_not_keep_the_others_from_telling(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    clock = FrozenClock(NOON)

    await telling(store, None, clock, "host 1").round()

    assert await telling(store, smtp(mailbox.port), clock, "host 2").round() == 2


async def test_the_marks_of_a_letter_survive_a_judgement_in_between(store: Store, mailbox: Mailbox) -> None:
    await opened(store, "a")
    (read_before,) = await store.alerts([Stage.OPEN])
    clock = FrozenClock(NOON)
    await telling(store, smtp(mailbox.port), clock).round()

    later: Alert = read_before.model_copy(update={"finding": finding("a", rung=5), "last_seen_at": NOON + timedelta(days=1)})
    await store.put_alerts([AlertChange(read_before, later)])

    (stored,) = await store.alerts([Stage.OPEN])
    assert stored.finding.rung == 5
    assert {email: told.rung for email, told in stored.told.items()} == {OPERATOR.email: 4, COUNTY.email: 4}
