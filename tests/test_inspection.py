"""The guards and the counting: canaries, the quorum gate, exact rates."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import NOW, look, mark, state

from monitor.inspection import (
    Rounding,
    accused_at,
    judged_by_platform,
    quorum,
    rate,
    source_health,
    source_of,
    tally,
)
from monitor.model import (
    Account,
    AccountState,
    Alert,
    CanaryState,
    Channel,
    Fault,
    Finding,
    Firing,
    Platform,
    Severity,
    Source,
    SourceState,
    Stage,
    Standing,
    Status,
    Verdict,
)
from monitor.settings import GuardSettings

GUARDS = GuardSettings()
HOUR = timedelta(hours=1)
SECOND_HAND = {"feed": False, "weibo.openapi": True}
WECHAT, WEIBO = Platform.WECHAT, Platform.WEIBO


# Sources and their canaries.


def watched(
    post: timedelta | None = HOUR, good: timedelta | None = HOUR, *, canary: bool = False, tried: bool = True, **fields: Any
) -> tuple[Account, AccountState]:
    adapter = fields.pop("adapter", "feed")
    account = Account(
        **{
            "id": "x",
            "platform": WECHAT,
            "name": "安康发布",
            "channels": (Channel(adapter=adapter, handle="h"),),
            "canary": canary,
            **fields,
        }
    )
    known = state(
        last_post=mark(NOW - post) if post is not None else None,
        last_good=look(NOW - good, f"{adapter} h") if good is not None else None,
        last_tried_at=NOW if tried else None,
    )
    return account, known


def health(*accounts: tuple[Account, AccountState], **guards: float) -> Source:
    (only,) = source_health(accounts, SECOND_HAND, GuardSettings(**guards), NOW).values()
    return only


DAYS_20 = timedelta(days=20)


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        pytest.param([watched()], SourceState.LIVE, id="somebody published of late"),
        pytest.param([watched(canary=True)], SourceState.LIVE, id="a canary published of late"),
        pytest.param([watched(DAYS_20), watched(72 * HOUR)], SourceState.LIVE, id="one witness on the limit"),
        pytest.param([watched(DAYS_20), watched(73 * HOUR)], SourceState.UNPROVEN, id="no witness"),
        pytest.param([watched(None, None)], SourceState.UNPROVEN, id="nothing seen at all"),
        pytest.param([watched(-HOUR)], SourceState.UNPROVEN, id="a post from the future is no witness"),
        pytest.param([watched(DAYS_20, canary=True)], SourceState.FROZEN, id="a stale canary"),
        pytest.param([watched(None, canary=True)], SourceState.FROZEN, id="a canary without a post"),
        pytest.param([watched(-HOUR, canary=True)], SourceState.FROZEN, id="a canary with a post from the future only"),
        pytest.param([watched(HOUR, 13 * HOUR, canary=True)], SourceState.FROZEN, id="an unreachable canary"),
        pytest.param([watched(None, None, canary=True)], SourceState.FROZEN, id="a canary tried in vain"),
        pytest.param([watched(None, None, canary=True, tried=False), watched()], SourceState.LIVE, id="a canary not tried yet"),
        pytest.param([watched(canary=True), watched(DAYS_20, canary=True)], SourceState.FROZEN, id="half of the canaries"),
        pytest.param([watched(canary=True), watched(canary=True), watched(DAYS_20, canary=True)], SourceState.LIVE, id="a third"),
        pytest.param([watched(), watched(DAYS_20, canary=True)], SourceState.FROZEN, id="a canary outweighs a witness"),
        pytest.param(
            [watched(), watched(DAYS_20, canary=True, status=Status.CLOSED)], SourceState.LIVE, id="a closed canary sings no more"
        ),
    ],
)
def test_a_second_hand_source_needs_singing_canaries_or_a_witness(accounts: list[Any], expected: SourceState) -> None:
    assert health(*accounts).state is expected


def in_part(post: timedelta, fault: str) -> tuple[Account, AccountState]:
    """Return a canary that was never seen whole, as behind a WeChat feed without `whole=1`."""
    account, known = watched(post, None, canary=True)
    return account, known.model_copy(update={"last_error": Fault(code=fault, channel="feed")})


@pytest.mark.parametrize(
    ("post", "fault", "expected"),
    [
        pytest.param(HOUR, "degraded", SourceState.LIVE, id="its posts are seen, though not the whole account"),
        pytest.param(DAYS_20, "degraded", SourceState.FROZEN, id="its posts are seen, and are old"),
        pytest.param(HOUR, "transport", SourceState.FROZEN, id="its bridge does not answer"),
    ],
)
def test_a_canary_seen_in_part_sings_by_its_posts(post: timedelta, fault: str, expected: SourceState) -> None:
    assert health(in_part(post, fault)).state is expected


def test_a_first_hand_source_needs_no_witness_but_heeds_its_canaries() -> None:
    quiet = watched(DAYS_20, adapter="weibo.openapi", platform=WEIBO)
    stale = watched(DAYS_20, adapter="weibo.openapi", platform=WEIBO, canary=True)

    assert health(quiet).state is SourceState.LIVE
    assert health(quiet, stale).state is SourceState.FROZEN


def test_an_adapter_nobody_vouches_for_counts_as_second_hand() -> None:
    assert health(watched(DAYS_20, adapter="brand.new")).state is SourceState.UNPROVEN


def test_a_frozen_source_names_its_canaries() -> None:
    stale = [watched(DAYS_20, canary=True, name=name) for name in ("丁", "丙", "乙", "甲")]

    assert health(*stale).reason == "哨兵账号4个中4个无更新或无法采集（丁、丙、乙等）"


def test_the_canaries_of_a_source_are_counted_by_what_they_show() -> None:
    canaries = [
        watched(canary=True),
        watched(DAYS_20, canary=True),
        watched(None, canary=True),
        watched(HOUR, 13 * HOUR, canary=True),
        watched(None, None, canary=True, tried=False),
        watched(canary=True, status=Status.CLOSED),
        watched(),
    ]

    assert health(*canaries).canaries == {CanaryState.FRESH: 1, CanaryState.STALE: 2, CanaryState.UNSEEN: 2}


def test_a_source_is_a_platform_seen_through_an_adapter() -> None:
    accounts = [watched(), watched(platform=WEIBO), watched(adapter="wechat.openapi")]

    sources = source_health(accounts, SECOND_HAND, GUARDS, NOW)

    assert set(sources) == {(WECHAT, "feed"), (WEIBO, "feed"), (WECHAT, "wechat.openapi")}
    assert sources[WECHAT, "feed"].newest_post_at == NOW - HOUR


@pytest.mark.parametrize("signed", ["feed", "feed h"])
def test_an_account_belongs_to_the_source_of_its_last_good_look(signed: str) -> None:
    account, _ = watched(adapter="wechat.openapi")

    assert source_of(account, state(last_good=look(NOW, signed))) == (WECHAT, "feed")
    assert source_of(account, state()) == (WECHAT, "wechat.openapi")
    assert source_of(account.model_copy(update={"channels": ()}), state()) is None


# The quorum gate.


def accusation(number: int, rule: str = "idle", stage: Stage = Stage.PENDING, **fields: Any) -> Alert:
    finding = Finding(
        rule=rule,
        status=Firing.FIRING,
        subject=f"a{number}",
        account_id=f"a{number}",
        article_id=fields.pop("article_id", None),
        severity=fields.pop("severity", Severity.ACCUSATION),
        evidence=fields.pop("evidence", {}),
    )
    return Alert(**{"id": f"{finding.key} {stage}", "finding": finding, "stage": stage, "opened_at": NOW, "last_seen_at": NOW, **fields})


PLATFORMS = {f"a{number}": WECHAT for number in range(100)} | {f"a{number}": WEIBO for number in range(100, 200)}
JUDGED = {WECHAT: 100, WEIBO: 100}


def gate(pending: list[Alert], recent: list[Alert] | None = None, judged: dict[Platform, int] | None = None) -> tuple[int, int]:
    decided = quorum(pending, recent or [], PLATFORMS, judged or JUDGED, GUARDS, NOW)
    return len(decided.release), len(decided.hold)


OPEN = [accusation(number, stage=Stage.OPEN) for number in range(4)]


@pytest.mark.parametrize(
    ("pending", "recent", "judged", "expected"),
    [
        pytest.param([], [], JUDGED, (0, 0), id="nothing pending"),
        pytest.param([accusation(n) for n in range(5)], [], JUDGED, (5, 0), id="five of a hundred: the share is not passed"),
        pytest.param([accusation(n) for n in range(6)], [], JUDGED, (0, 6), id="six of a hundred: all are held"),
        pytest.param([accusation(n) for n in range(3)], [], {WECHAT: 10}, (3, 0), id="three of ten: too few to be a wave"),
        pytest.param([accusation(n) for n in range(4)], [], {WECHAT: 10}, (0, 4), id="four of ten"),
        pytest.param([accusation(n) for n in range(4)], [], {WEIBO: 10}, (0, 4), id="nothing judged on that platform"),
        pytest.param([accusation(n) for n in range(4, 6)], OPEN, JUDGED, (0, 2), id="a wave in two parts"),
        pytest.param(
            [accusation(n) for n in range(4, 6)],
            [a.model_copy(update={"stage": Stage.HELD}) for a in OPEN],
            JUDGED,
            (0, 2),
            id="held ones count",
        ),
        pytest.param(
            [accusation(n) for n in range(4, 6)],
            [a.model_copy(update={"opened_at": NOW - 25 * HOUR}) for a in OPEN],
            JUDGED,
            (2, 0),
            id="opened before the window",
        ),
        pytest.param(
            [accusation(n) for n in range(4, 6)],
            [
                accusation(n, stage=Stage.OPEN, opened_at=NOW - timedelta(days=7), evidence={"since": (NOW - 3 * HOUR).isoformat()})
                for n in range(4)
            ],
            JUDGED,
            (0, 2),
            id="opened as reminders, accusing since this morning",
        ),
        pytest.param(
            [accusation(n) for n in range(4, 6)],
            [accusation(n, stage=Stage.OPEN, severity=Severity.WARNING) for n in range(4)],
            JUDGED,
            (2, 0),
            id="reminders do not count",
        ),
        pytest.param([accusation(n) for n in range(5)], [accusation(n) for n in range(5)], JUDGED, (5, 0), id="nobody counts twice"),
        pytest.param([accusation(n) for n in range(97, 103)], [], JUDGED, (6, 0), id="three on each platform"),
        pytest.param(
            [*(accusation(n) for n in range(3)), *(accusation(n, "missing_repost", article_id="a") for n in range(3, 6))],
            [],
            JUDGED,
            (6, 0),
            id="three by each rule",
        ),
        pytest.param(
            [accusation(n, "missing_repost", article_id=article) for n in range(3) for article in ("a", "b", "c")],
            [],
            JUDGED,
            (9, 0),
            id="accounts count, not articles",
        ),
        pytest.param([accusation(999)], [], JUDGED, (0, 1), id="an account nobody knows any more"),
    ],
)
def test_the_gate_holds_a_wave_and_lets_the_ordinary_pass(
    pending: list[Alert], recent: list[Alert], judged: dict[Platform, int], expected: tuple[int, int]
) -> None:
    assert gate(pending, recent, judged) == expected


def test_the_gate_says_which_wave_tripped_it() -> None:
    decided = quorum([accusation(n) for n in range(10)], [], PLATFORMS, JUDGED, GUARDS, NOW)

    assert [(wave.rule, wave.platform, wave.accused, wave.judged) for wave in decided.waves] == [("idle", WECHAT, 10, 100)]


def test_ankang_does_not_trip_the_gate() -> None:
    """Eight of some 250 WeChat accounts and six of 133 on Weibo: a real quarter's failures pass."""
    pending = [accusation(n) for n in range(8)] + [accusation(n) for n in range(100, 106)]

    assert gate(pending, judged={WECHAT: 250, WEIBO: 131}) == (14, 0)


@pytest.mark.parametrize(
    "evidence", [{}, {"since": "yesterday"}, {"since": None}, {"since": "2020-03-04"}, {"since": "0001-01-01T00:00+08:00"}]
)
def test_an_unreadable_since_falls_back_to_the_opening(evidence: dict[str, Any]) -> None:
    assert accused_at(accusation(1, evidence=evidence)) == NOW


@given(st.lists(st.integers(0, 250), max_size=60), st.integers(0, 300), st.integers(0, 300))
def test_the_gate_loses_nobody(numbers: list[int], wechat: int, weibo: int) -> None:
    pending = [accusation(number) for number in numbers]

    decided = quorum(pending, pending, PLATFORMS, {WECHAT: wechat, WEIBO: weibo}, GUARDS, NOW)

    assert sorted(alert.id for alert in (*decided.release, *decided.hold)) == sorted(alert.id for alert in pending)
    assert len({alert.finding.subject for alert in decided.release}) <= max(3, wechat * 0.05) + max(3, weibo * 0.05)


def test_only_those_with_a_verdict_make_a_wave_look_small() -> None:
    account, _ = watched()
    standings = [Standing(account_id="x", verdict=verdict) for verdict in (Verdict.QUALIFIED, Verdict.FAILED, Verdict.UNDETERMINED, None)]

    assert judged_by_platform((account, standing) for standing in standings) == {WECHAT: 2}


# Tallies, rates.


def test_the_tally_names_all_three_verdicts_and_leaves_out_who_is_not_judged() -> None:
    standings = [Standing(account_id="x", verdict=verdict) for verdict in (Verdict.FAILED, Verdict.FAILED, None)]

    assert tally(standings) == {Verdict.QUALIFIED: 0, Verdict.FAILED: 2, Verdict.UNDETERMINED: 0}


@pytest.mark.parametrize(
    ("numerator", "base", "digits", "rounding", "printed"),
    [
        pytest.param(43, 47, 0, "half_up", "91", id="S0 sites"),
        pytest.param(188, 205, 0, "half_up", "92", id="S0 accounts"),
        pytest.param(205, 379, 0, "half_up", "54", id="S0 coverage"),
        pytest.param(54, 228, 0, "half_up", "24", id="S0 drawn"),
        pytest.param(35, 45, 0, "half_up", "78", id="S0 replies"),
        pytest.param(48, 55, 0, "half_up", "87", id="S1 sites"),
        pytest.param(249, 253, 2, "half_up", "98.42", id="S2 accounts"),
        pytest.param(180, 224, 2, "cut", "80.35", id="S2 reposts as printed"),
        pytest.param(180, 224, 2, "half_up", "80.36", id="S2 reposts rounded"),
        pytest.param(409, 423, 0, "cut", "96", id="S3 accounts"),
        pytest.param(409, 423, 2, "half_up", "96.69", id="S3 accounts exactly"),
        pytest.param(1, 8, 2, "half_up", "12.50", id="trailing zero"),
        pytest.param(1, 800, 2, "half_up", "0.13", id="a half goes up"),
        pytest.param(7, 7, 2, "half_up", "100.00", id="all"),
        pytest.param(0, 7, 2, "cut", "0.00", id="none"),
    ],
)
def test_rates_are_exact_and_rounded_as_asked(numerator: int, base: int, digits: int, rounding: Rounding, printed: str) -> None:
    assert str(rate(numerator, base, digits, rounding)) == printed


def test_a_rate_on_nothing_is_no_rate() -> None:
    assert rate(0, 0) is None


@pytest.mark.parametrize(("numerator", "base", "digits"), [(2, 1, 2), (-1, 1, 2), (0, -1, 2), (1, 2, -1)])
def test_a_rate_that_makes_no_sense_is_refused(numerator: int, base: int, digits: int) -> None:
    with pytest.raises(ValueError, match="no rate"):
        rate(numerator, base, digits)


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 4))
def test_rates_agree_with_decimal_arithmetic(one: int, other: int, digits: int) -> None:
    numerator, base = sorted((one, other))
    base = max(base, 1)
    exact, step = Decimal(numerator) * 100 / Decimal(base), Decimal(1).scaleb(-digits)

    assert rate(numerator, base, digits, "cut") == exact.quantize(step, ROUND_DOWN)
    assert rate(numerator, base, digits) == exact.quantize(step, ROUND_HALF_UP)
