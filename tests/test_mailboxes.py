"""What is known of an address: refusals for good and for now, the letter of the day, digests told or tried."""

from __future__ import annotations

from datetime import datetime, timedelta

from clocks import NOON

from monitor.telling import mailboxes
from monitor.telling.mailboxes import GIVE_UP, LONGEST_WAIT, MARK_LASTS, Mailbox

BOX = Mailbox("xxy@example.invalid")


def failing(hours: float, every: timedelta = timedelta(minutes=10)) -> Mailbox:
    """An address whose server says "later" for so many hours, however often it is asked."""
    box, moment = BOX, NOON
    while moment <= NOON + timedelta(hours=hours):
        if box.waits_until(moment) is None and box.refused_at is None:
            box = mailboxes.deferred(box, "450 busy", moment)
        moment += every
    return box


def test_a_temporary_refusal_waits_twice_as_long_each_time_up_to_two_hours() -> None:
    waits, box, moment = [], BOX, NOON
    for _ in range(9):
        box = mailboxes.deferred(box, "450 busy", moment)
        assert box.next_try_at is not None
        waits.append(box.next_try_at - moment)
        moment = box.next_try_at

    assert waits[:4] == [timedelta(minutes=each) for each in (1, 2, 4, 8)]
    assert waits[-1] == LONGEST_WAIT


def test_a_clock_that_ran_ahead_silences_no_address() -> None:
    ahead = NOON + timedelta(days=400)

    assert mailboxes.turned_away(BOX, "550", ahead).marked_until(NOON) is None
    assert mailboxes.deferred(BOX, "450", ahead).waits_until(NOON) is None
    assert mailboxes.deferred(mailboxes.deferred(BOX, "450", ahead), "450", NOON).failing_since == NOON


def test_an_address_is_given_up_after_a_day_of_temporary_refusals_and_not_before() -> None:
    assert failing(hours=23).refused_at is None
    given_up = failing(hours=GIVE_UP.total_seconds() / 3600 + 3)

    assert given_up.refused_at is not None
    assert "24小时" in given_up.refused_why
    assert "450 busy" in given_up.refused_why


def test_a_marked_address_is_left_alone_for_a_week() -> None:
    marked = mailboxes.turned_away(BOX, "550 unknown", NOON)

    assert marked.marked_until(NOON + MARK_LASTS - timedelta(seconds=1)) == NOON + MARK_LASTS
    assert marked.marked_until(NOON + MARK_LASTS) is None


def test_a_letter_that_got_through_clears_everything_that_was_held_against_the_address() -> None:
    again = mailboxes.delivered(mailboxes.turned_away(failing(hours=3), "550", NOON), NOON, duty=True)

    assert again == Mailbox(BOX.address, last_at=NOON)


def test_the_letter_of_the_day_counts_by_the_date_in_shanghai() -> None:
    late = datetime.fromisoformat("2026-03-04T15:59:59+00:00")
    box = mailboxes.delivered(BOX, late, duty=True)

    assert box.had_one_today(late)
    assert not box.had_one_today(late + timedelta(seconds=1))
    assert not mailboxes.delivered(BOX, late, duty=False).had_one_today(late)


def test_a_digest_of_unknown_fate_is_counted_for_its_own_period_only() -> None:
    tried = mailboxes.digest_tried(mailboxes.digest_tried(BOX, "daily", "2026-03-04"), "daily", "2026-03-04")

    assert tried.tries == {"daily 2026-03-04": 2}
    assert mailboxes.digest_refused(tried, "daily", "2026-03-04").tries == {"daily 2026-03-04": 1}
    assert mailboxes.digest_tried(tried, "daily", "2026-03-05").tries == {"daily 2026-03-05": 1}
    assert mailboxes.digest_told(tried, "daily", "2026-03-04") == Mailbox(BOX.address, digests={"daily": "2026-03-04"})
