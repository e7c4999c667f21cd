"""What must hold of the letters of a unit over sixty days, whoever posts when: National Day 2026, Spring Festival 2026, weekends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from judging import at
from sixty_days import COUNTY, HOURLY, OFTEN, OPERATOR, Sent, Unit, told, unit

from monitor.alerting import Silence, deadline
from monitor.model import SHANGHAI, Article, Role, Severity, Stage, Step
from monitor.telling.reasons import Why
from monitor.workdays import is_working_day

DAY = timedelta(days=1)
FIRST = {"national day": date(2026, 9, 1), "spring festival": date(2026, 1, 20)}
ACCOUNTS = unit()
WEIBO, WECHAT, DOUYIN = (account.id for account in ACCOUNTS)
SILENT = {account.id: (-3,) for account in ACCOUNTS}


def tasks(first: date) -> tuple[Article, ...]:
    """Return a day's task in the middle of a week, one over a weekend, and one that ends within the holiday."""
    starts = (("t1", 7, 10), ("t2", 17, 15), ("t3", 28, 16))
    published = {name: at(f"{first + day * DAY} {hour}:00") for name, day, hour in starts}
    return tuple(Article(id=name, title="防汛工作部署", published_at=when, due_at=when + DAY) for name, when in published.items())


def lived(first: date, days: Mapping[str, Sequence[int]], reposts: Mapping[tuple[str, str], int] | None = None, **more: Any) -> Unit:
    """Return the unit after sixty days; posts by day before (negative) or after the first, reposts by hours after publication."""
    posts = {who: [at(f"{first + day * DAY} 11:00") for day in theirs] for who, theirs in days.items()}
    published = {article.id: article.published_at for article in tasks(first)}
    found = {pair: published[pair[0]] + timedelta(hours=hours) for pair, hours in (reposts or {}).items()}
    made = Unit(ACCOUNTS, posts, tasks(first), found, **more)
    made.live(first, 60, OFTEN)
    return made


def shanghai(moment: datetime) -> datetime:
    return moment.astimezone(SHANGHAI)


# -- what holds whoever posts when --------------------------------------------------------------------------------------------


def one_a_day(sent: Sequence[Sent]) -> None:
    assert max(Counter((letter.to, letter.day) for letter in sent if letter.notice.duty).values(), default=0) <= 1


def office_hours(sent: Sequence[Sent]) -> None:
    for letter in sent:
        clock = shanghai(letter.at).time()
        assert is_working_day(letter.day)
        assert (8, 30) <= (clock.hour, clock.minute) < (18, 0)


def told_before_failing(world: Unit, sent: Sequence[Sent]) -> None:
    """Operator and county both read of it on a working day before the line, or at the latest on the day before it."""
    warned = {(letter.to, alert.finding.account_id, line) for letter, alert, _ in told(sent) if (line := deadline(alert)) is not None}
    for alert in world.alerts.values():
        if alert.finding.rule == "idle" and alert.finding.severity is Severity.ACCUSATION:
            line = datetime.fromisoformat(str(alert.finding.evidence["since"]))
            if line >= world.began + 15 * DAY:
                for person in (OPERATOR, COUNTY):
                    assert (person.email, alert.finding.account_id, line) in warned, (person, alert.finding.message)


def each_rung_once(sent: Sequence[Sent]) -> None:
    said = Counter((letter.to, alert.id, alert.finding.rung) for letter, alert, _ in told(sent, Why.NEW))
    assert max(said.values(), default=0) <= 1
    steps = Counter((letter.to, alert.id, d.why) for letter, alert, d in told(sent, Why.RECTIFY, Why.OVERDUE))
    assert max(steps.values(), default=0) <= 1
    pressed = Counter((letter.to, alert.id, alert.finding.rung) for letter, alert, _ in told(sent, Why.PRESSING))
    assert max(pressed.values(), default=0) <= 1


def repeats_weekly(sent: Sequence[Sent]) -> None:
    for letter, _, _ in told(sent, Why.WEEKLY):
        before = [each.day for each in sent if each.to == letter.to and each.at < letter.at and each.notice.duty]
        assert letter.day - before[-1] >= 7 * DAY


def recovered_once(world: Unit, sent: Sequence[Sent]) -> None:
    """Who heard reads once that it is over, unless it was there again before that could be told; and nobody else reads it."""
    over = Counter((letter.to, alert.id) for letter, alert, _ in told(sent, Why.RECOVERED))
    heard = {(letter.to, alert.id): alert.finding.key for letter, alert, d in told(sent) if d.why is not Why.RECOVERED}
    assert max(over.values(), default=0) <= 1
    assert {(to, world.alerts[name].finding.key) for to, name in over} <= {(to, key) for (to, _), key in heard.items()}
    owed = {pair for pair in heard if world.alerts[pair[1]].stage is Stage.RESOLVED and _long_over(world, pair[1])}
    assert {pair for pair in owed if not _there_again(world, pair[1])} <= over.keys()


def _long_over(world: Unit, alert_id: str) -> bool:
    resolved = world.alerts[alert_id].resolved_at
    return resolved is not None and resolved < world.ended - 12 * DAY


def _there_again(world: Unit, alert_id: str) -> bool:
    """Whether it opened again before anybody at work could have read that it was over."""
    alert = world.alerts[alert_id]
    assert alert.resolved_at is not None
    stable = alert.resolved_at + world.wishes.flap
    by = stable if world.wishes.hours.is_open(stable) else world.wishes.hours.next_opening(stable)
    return any(
        each.finding.key == alert.finding.key and alert.opened_at < each.opened_at <= by + DAY for each in world.alerts.values()
    )


def accused_while_open(sent: Sequence[Sent]) -> None:
    for letter in sent:
        assert {alert.stage for alert in (*letter.notice.opened, *letter.notice.standing)} <= {Stage.OPEN}
        accused = {alert.finding.key for alert in letter.notice.opened if alert.finding.severity is Severity.ACCUSATION}
        assert not accused & {alert.finding.key for alert in letter.notice.recovered}


def nothing_too_late(sent: Sequence[Sent]) -> None:
    for letter, alert, _ in told(sent, Why.NEW, Why.PRESSING, Why.WEEKLY):
        line = deadline(alert)
        assert alert.finding.severity is Severity.ACCUSATION or line is None or letter.at < line, alert.finding.message


def no_notice_of_rectification_before_a_week(sent: Sequence[Sent]) -> None:
    accused: dict[tuple[str, str], date] = {}
    for letter, alert, decision in told(sent):
        if alert.finding.severity is Severity.ACCUSATION and decision.why is not Why.RECOVERED:
            accused.setdefault((letter.to, alert.id), letter.day)
            if decision.step >= Step.RECTIFY:
                assert letter.notice.person.role is Role.COUNTY or letter.day - accused[letter.to, alert.id] >= 7 * DAY
        if decision.why is Why.OVERDUE:
            assert decision.due is not None and decision.due < letter.day


def unanswered_goes_to_the_county(world: Unit, sent: Sequence[Sent]) -> None:
    over = {alert.id for _, alert, _ in told(sent, Why.OVERDUE)}
    for letter, alert, decision in told(sent, Why.RECTIFY):
        final = world.alerts[alert.id]
        assert decision.due is not None
        lasted = final.stage is Stage.OPEN or (final.resolved_at or letter.at) > letter.at + 30 * DAY
        if lasted and decision.due < world.ended.date() - 12 * DAY:
            assert alert.id in over, alert.finding.message


def always(world: Unit) -> None:
    """What holds also where letters are refused, held by the gate or silenced, and where people change."""
    sent = world.sent
    one_a_day(sent)
    office_hours(sent)
    accused_while_open(sent)
    each_rung_once(sent)
    repeats_weekly(sent)
    recovered_once(world, sent)
    nothing_too_late(sent)


def everything_holds(world: Unit) -> None:
    sent = world.sent
    always(world)
    told_before_failing(world, sent)
    no_notice_of_rectification_before_a_week(sent)
    unanswered_goes_to_the_county(world, sent)


DAYS = st.lists(st.integers(-13, 59), max_size=7).map(lambda drawn: [-3, *drawn])
PAIRS = st.dictionaries(
    st.tuples(st.sampled_from(["t1", "t2", "t3"]), st.sampled_from([WEIBO, WECHAT])), st.integers(1, 60), max_size=4
)


@settings(max_examples=10, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.sampled_from(sorted(FIRST)), st.fixed_dictionaries({WEIBO: DAYS, WECHAT: DAYS, DOUYIN: DAYS}), PAIRS)
def test_whoever_posts_when(period: str, days: dict[str, list[int]], reposts: dict[tuple[str, str], int]) -> None:
    everything_holds(lived(FIRST[period], days, reposts))


@pytest.mark.parametrize("period", FIRST)
@pytest.mark.parametrize("last", range(-2, 30, 4))
def test_whoever_falls_silent_on_any_day(period: str, last: int) -> None:
    everything_holds(lived(FIRST[period], {WEIBO: [-3, last], WECHAT: [-4, last - 1], DOUYIN: [-5, last - 2, 45]}))


# -- what people do about it --------------------------------------------------------------------------------------------------


def test_who_is_silenced_reads_nothing_until_it_ends() -> None:
    first, until = FIRST["national day"], at("2026-10-20 00:00")

    silence = Silence(WEIBO, until, "李四", "系统改造", at("2026-08-31 09:00"))

    world = lived(first, SILENT, silences={WEIBO: silence})

    of_it = [letter.day for letter, alert, _ in told(world.sent) if alert.finding.account_id == WEIBO]
    assert of_it
    assert min(of_it) == date(2026, 10, 20)
    one_a_day(world.sent)
    office_hours(world.sent)


def test_who_has_acknowledged_hears_again_only_as_it_grows_graver() -> None:
    world = lived(FIRST["national day"], SILENT, answers={WEIBO: at("2026-09-15 10:00")})

    of_it = [(letter.day, decision.why) for letter, alert, decision in told(world.sent) if alert.finding.key == f"idle {WEIBO}"]
    assert {each for each in of_it if date(2026, 9, 15) < each[0] < date(2026, 10, 5)} == {(date(2026, 9, 28), Why.NEW)}


def test_hour_by_hour_all_that_holds_too() -> None:
    world = Unit(ACCOUNTS[:1], {WEIBO: [at("2026-08-30 11:00"), at("2026-09-18 17:30")]})

    world.live(date(2026, 9, 1), 40, HOURLY)

    everything_holds(world)
