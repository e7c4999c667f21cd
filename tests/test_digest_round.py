"""Who is due which digest, and that it goes out once a period: with a mail server and a database for real."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from clocks import NOON, FrozenClock

from demo.mailbox import Mailbox as MailServer
from monitor.errors import NotifyError
from monitor.metrics.registry import Metrics
from monitor.model import Contact, Role
from monitor.notify.mail import SmtpNotifier
from monitor.ports import Letter, ListName, Notifier
from monitor.settings import Cadence, NotifySettings, SmtpSettings
from monitor.store import Store
from monitor.telling.digest_round import PATIENCE, DigestRound, Kind, period_of
from monitor.telling.hours import OfficeHours
from monitor.telling.mailboxes import Mailbox
from monitor.telling.posting import Posting, Readers, read_desk

OFFICE = OfficeHours()
BOX = Mailbox("ban@example.invalid")
CLERK = Contact(role=Role.CLERK, email="ban@example.invalid")
COUNTY = Contact(role=Role.COUNTY, email="xianqu@example.invalid")
SETTINGS = NotifySettings()
MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)


def at(day: str) -> datetime:
    """Ten in the morning of that day in Shanghai."""
    return datetime.fromisoformat(f"{day}T02:00:00+00:00")


class Plain:
    """Writes one line; nothing for who has no accounts left."""

    def __init__(self, nothing_for: str = "") -> None:
        self.nothing_for = nothing_for
        self.asked: list[tuple[Kind, str]] = []

    async def digest(self, kind: Kind, to: Contact, now: datetime) -> Letter | None:
        self.asked.append((kind, to.email))
        if to.email == self.nothing_for:
            return None
        number = f"{kind}{now:%Y%m%d}{len(to.email)}"
        return Letter(to.email, number, f"【{kind}】{now:%m-%d}", "正文", "<p>正文</p>", about=ListName.DIGEST)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[MailServer]:
    async with MailServer(tmp_path / "mails") as box:
        yield box


def smtp(port: int) -> SmtpNotifier:
    return SmtpNotifier(SmtpSettings(host="127.0.0.1", port=port, security="none", sender="jiance@example.invalid", timeout_seconds=5))


def made(store: Store, notifier: Notifier, clock: FrozenClock, plain: Plain, readers: Readers) -> DigestRound:
    return DigestRound(Posting(store, notifier, SETTINGS, Metrics(), clock), plain, readers, SETTINGS)


async def went(store: Store, rounds: DigestRound, clock: FrozenClock) -> int:
    desk = await read_desk(store, clock.now(), Readers(clerks=(CLERK,), counties=lambda: [COUNTY]))
    return await rounds.send(desk, clock.now())


@pytest.mark.parametrize(
    ("cadence", "day", "told", "due"),
    [
        pytest.param("daily", "2026-03-03", {}, "daily", id="a Tuesday, never told anything"),
        pytest.param("daily", "2026-03-02", {}, "weekly", id="a Monday"),
        pytest.param("daily", "2026-03-03", {"weekly": "2026-W09"}, "weekly", id="the machine was off on Monday"),
        pytest.param("daily", "2026-03-02", {"weekly": "2026-W10"}, "daily", id="a Monday on which the weekly one is out"),
        pytest.param("daily", "2026-03-03", {"daily": "2026-03-03"}, None, id="told today"),
        pytest.param("weekly", "2026-03-04", {}, None, id="weekly, on a Wednesday"),
        pytest.param("weekly", "2026-04-07", {}, "weekly", id="the Tuesday after a Monday that was a holiday"),
        pytest.param("off", "2026-03-02", {}, None, id="not wanted"),
    ],
)
def test_which_digest_is_due(cadence: Cadence, day: str, told: dict[str, str], due: str | None) -> None:
    box = Mailbox(BOX.address, digests=told)

    assert period_of(cadence, 0, OFFICE, box, at(day))[0] == due


@pytest.mark.parametrize(
    ("weekly_on", "day", "told", "due"),
    [
        pytest.param(6, "2026-03-09", {}, "2026-W10", id="a Sunday's, on Monday"),
        pytest.param(5, "2026-03-09", {}, "2026-W10", id="a Saturday's, on Monday"),
        pytest.param(6, "2026-03-10", {}, None, id="not on the Tuesday of who never had one"),
        pytest.param(6, "2026-03-10", {"weekly": "2026-W10"}, None, id="told on Monday"),
        pytest.param(6, "2026-03-10", {"weekly": "2026-W09"}, "2026-W10", id="the machine was off on Monday"),
        pytest.param(4, "2026-09-28", {}, "2026-W39", id="a Friday within the mid-autumn festival's, on Monday"),
        pytest.param(4, "2026-10-02", {"weekly": "2026-W39"}, "2026-W40", id="and the Friday after has its own"),
        pytest.param(0, "2026-12-28", {}, "2026-W53", id="the last week of the year"),
        pytest.param(0, "2027-01-04", {"weekly": "2026-W53"}, "2027-W01", id="the first of the next"),
    ],
)
def test_a_day_off_hands_the_weekly_digest_on_into_the_next_week(weekly_on: int, day: str, told: dict[str, str], due: str | None) -> None:
    kind, period = period_of("weekly", weekly_on, OFFICE, Mailbox(BOX.address, digests=told), at(day))

    assert (kind, period) == (("weekly", due) if due else (None, ""))


def test_a_digest_of_unknown_fate_is_sent_once_more_and_no_more() -> None:
    once, twice = (Mailbox(BOX.address, tries={"daily 2026-03-03": count}) for count in (1, 2))

    assert period_of("daily", 0, OFFICE, once, at("2026-03-03")) == ("daily", "2026-03-03")
    assert period_of("daily", 0, OFFICE, twice, at("2026-03-03")) == (None, "")


async def test_each_reader_gets_one_a_period_and_the_weekly_one_takes_the_days_place(store: Store, server: MailServer) -> None:
    clock = FrozenClock(MONDAY)
    rounds = made(store, smtp(server.port), clock, Plain(), Readers(clerks=(CLERK,), counties=lambda: [COUNTY]))

    for hour in range(60):
        clock.moment = MONDAY + timedelta(hours=hour)
        await went(store, rounds, clock)

    kinds = Counter((mail.to, mail.subject[1:-6]) for mail in server.mails)
    assert kinds == {(CLERK.email, "weekly"): 1, (CLERK.email, "daily"): 2, (COUNTY.email, "weekly"): 1}


async def test_a_digest_waits_for_the_first_sweep_but_not_for_ever(store: Store, server: MailServer) -> None:
    clock = FrozenClock(MONDAY)
    rounds = made(store, smtp(server.port), clock, Plain(), Readers(clerks=(CLERK,), settled=lambda: False))

    early = await went(store, rounds, clock)
    clock.moment = MONDAY + PATIENCE

    assert (early, await went(store, rounds, clock)) == (0, 1)


async def test_nothing_is_told_of_a_roster_that_was_not_yet_judged(store: Store, server: MailServer) -> None:
    clock = FrozenClock(MONDAY)
    rounds = made(store, smtp(server.port), clock, Plain(), Readers(clerks=(CLERK,), known=lambda: False, settled=lambda: False))

    await went(store, rounds, clock)
    clock.moment = MONDAY + 2 * PATIENCE

    assert await went(store, rounds, clock) == 0


async def test_nobody_reads_a_digest_outside_office_hours(store: Store, server: MailServer) -> None:
    clock = FrozenClock(datetime.combine(MONDAY.date(), time(23), UTC))
    rounds = made(store, smtp(server.port), clock, Plain(), Readers(clerks=(CLERK,)))

    assert await went(store, rounds, clock) == 0


async def test_who_has_nothing_to_read_of_is_asked_about_once_a_period(store: Store, server: MailServer) -> None:
    clock, plain = FrozenClock(MONDAY), Plain(nothing_for=COUNTY.email)
    rounds = made(store, smtp(server.port), clock, plain, Readers(counties=lambda: [COUNTY]))

    await went(store, rounds, clock)
    await went(store, rounds, clock)

    assert (plain.asked, server.mails) == ([("weekly", COUNTY.email)], [])


async def test_a_clerk_who_also_stands_in_the_roster_reads_the_citys_digest(store: Store, server: MailServer) -> None:
    clock, plain = FrozenClock(NOON), Plain()
    both = Contact(role=Role.COUNTY, email=CLERK.email.upper())
    rounds = made(store, smtp(server.port), clock, plain, Readers(clerks=(CLERK,), counties=lambda: [both]))

    await went(store, rounds, clock)

    assert plain.asked == [("daily", CLERK.email)]


class Refusing:
    """A mail server that refuses one address."""

    def __init__(self, inner: Notifier, error: NotifyError) -> None:
        self.inner, self.error = inner, error

    async def send(self, letter: Letter) -> None:
        if letter.to == CLERK.email:
            raise self.error
        await self.inner.send(letter)

    async def rest(self) -> None:
        await self.inner.rest()


async def test_a_refused_clerk_stops_no_county_and_is_told_when_the_mark_has_worn_off(store: Store, server: MailServer) -> None:
    clock = FrozenClock(MONDAY)
    refusing = Refusing(smtp(server.port), NotifyError("550 unknown", permanent=True))
    rounds = made(store, refusing, clock, Plain(), Readers(clerks=(CLERK,), counties=lambda: [COUNTY]))

    await went(store, rounds, clock)
    refusing.error = NotifyError("must not be asked", permanent=True)
    clock.moment = MONDAY + timedelta(days=1)
    await went(store, rounds, clock)

    [box] = (await store.correspondence.mailboxes([CLERK.email])).values()
    assert box.refused_why == "550 unknown"
    assert [mail.to for mail in server.mails] == [COUNTY.email]
    assert box.tries == {}
