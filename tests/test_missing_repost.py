"""Who owes a repost: found, irregular, late, missing, or not to be told; and that a gap in our sight never makes anyone a defaulter."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import account, at, facts, fault, saw, source, state
from pydantic import ValidationError

from monitor.matching.evidence import Doubt
from monitor.model import (
    AccountState,
    Article,
    Firing,
    Platform,
    Repost,
    RepostStanding,
    RepostVerdict,
    Role,
    Severity,
    SourceState,
)
from monitor.ports import AccountFacts, RepostGrader
from rules.missing_repost import MissingRepost

RULE = MissingRepost()
PUBLISHED, DUE, NOW = at("2022-05-15 18:00"), at("2022-05-16 18:00"), at("2022-05-17 09:00")
ARTICLE = Article(id="a1", title="全市防汛工作部署会召开", published_at=PUBLISHED, due_at=DUE)
OWES = account(id="341500M001XL0001", name="六安商务", platform=Platform.WEIBO)
SEEN = state(None, (at("2022-05-01 00:00"), NOW))


def owing(known: AccountState = SEEN, **fields: Any) -> AccountFacts:
    return facts(known, **{"now": NOW, "account": OWES, "articles": (ARTICLE,), **fields})


def repost(text: str, grade: Any = "in_order", **fields: Any) -> Repost:
    post = f"weibo:{OWES.id}:{text}"
    return Repost(**{"article_id": "a1", "account_id": OWES.id, "post_id": post, "grade": grade, "published_at": at(text), **fields})


def stand(known: AccountFacts, rule: MissingRepost = RULE) -> RepostStanding:
    (standing,) = rule.reposts(known)
    return standing


def test_the_rule_is_a_repost_grader() -> None:
    assert isinstance(RULE, RepostGrader)


IN_TIME, LATE = "2022-05-16 18:00", "2022-05-16 21:30"


@pytest.mark.parametrize(
    ("found", "verdict", "reason"),
    [
        pytest.param([repost(IN_TIME)], RepostVerdict.DONE, "", id="in the last minute"),
        pytest.param([repost(LATE)], RepostVerdict.LATE, "迟3小时30分", id="late"),
        pytest.param([repost("2022-05-16 18:01")], RepostVerdict.LATE, "迟1分钟", id="a minute late"),
        pytest.param([repost(IN_TIME, "irregular", reasons=("改标题",))], RepostVerdict.IRREGULAR, "改标题", id="irregular"),
        pytest.param(
            [repost(LATE, "irregular", reasons=("无来源",))],
            RepostVerdict.IRREGULAR,
            "无来源、迟3小时30分",
            id="irregular keeps the late flag",
        ),
        pytest.param([repost(LATE), repost(IN_TIME)], RepostVerdict.DONE, "", id="the earliest counts for time"),
        pytest.param([repost(IN_TIME, "irregular"), repost(LATE)], RepostVerdict.DONE, "", id="the best counts for form"),
        pytest.param([repost("2022-05-15 18:01")], RepostVerdict.DONE, "", id="before the task was issued"),
    ],
)
def test_what_was_found_is_graded_by_time_and_form(found: list[Repost], verdict: RepostVerdict, reason: str) -> None:
    known = owing(reposts=tuple(found))

    standing = stand(known)
    (finding,) = RULE.judge(known)

    assert (standing.verdict, standing.reason) == (verdict, reason)
    assert standing.repost in found
    assert finding.status is Firing.CLEAR


def test_what_was_found_counts_even_without_any_sight() -> None:
    blind = owing(state(last_error=fault("degraded")), reposts=(repost(IN_TIME),), source=source(SourceState.FROZEN))

    assert stand(blind).verdict is RepostVerdict.DONE


def test_nothing_found_after_the_deadline_is_missing_and_told_neutrally() -> None:
    known = owing()

    (finding,) = RULE.judge(known)

    assert stand(known).verdict is RepostVerdict.MISSING
    assert (finding.status, finding.severity, finding.rung) == (Firing.FIRING, Severity.ACCUSATION, 4)
    assert finding.tells == (Role.OPERATOR, Role.CLERK)
    assert finding.message == "《全市防汛工作部署会召开》应于5月16日18:00前转载，“六安商务”(微博)尚未检测到"
    assert finding.key == f"missing_repost {OWES.id} a1"
    assert finding.evidence["due_at"] == DUE.isoformat()


def test_a_missing_repost_says_which_article_and_what_was_looked_at() -> None:
    linked = ARTICLE.model_copy(update={"urls": ("https://www.example.invalid/a.html", "https://m.example.invalid/a.html")})

    (finding,) = RULE.judge(owing(articles=(linked,)))

    looked = {"channel": "feed http://bridge.example/x.rss", "looked_at": NOW.isoformat()}
    span = {"covers_from": PUBLISHED.isoformat(), "covers_until": NOW.isoformat()}
    task = {"article_title": ARTICLE.title, "article_url": "https://www.example.invalid/a.html", "due_at": DUE.isoformat()}
    assert (looked | span | task).items() <= finding.evidence.items()


def test_an_article_without_a_link_has_none_in_its_evidence() -> None:
    (finding,) = RULE.judge(owing())

    assert "article_url" not in finding.evidence


def test_a_title_without_end_leaves_room_for_account_and_deadline() -> None:
    endless = ARTICLE.model_copy(update={"title": "防汛\n" * 2_000})

    (finding,) = RULE.judge(owing(articles=(endless,)))

    assert finding.message.endswith("…》应于5月16日18:00前转载，“六安商务”(微博)尚未检测到")
    assert len(finding.message) < 100 and "\n" not in finding.message


def test_before_the_deadline_nothing_is_owed_yet() -> None:
    known = owing(now=DUE)

    assert stand(known).verdict is RepostVerdict.NOT_YET
    assert list(RULE.judge(known)) == []
    assert [finding.severity for finding in RULE.judge(owing(now=DUE - timedelta(hours=1)))] == [Severity.NOTICE]


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        pytest.param(owing(state()), "尚未采集", id="never looked"),
        pytest.param(owing(state(last_error=fault("auth_error"), last_tried_at=NOW)), "采集授权失效", id="no access"),
        pytest.param(owing(SEEN, source=source(SourceState.FROZEN)), "采集异常：数据源疑似停滞", id="frozen source"),
        pytest.param(owing(SEEN, source=source(SourceState.UNPROVEN)), "数据源缺少佐证", id="unproven source"),
        pytest.param(owing(state(None, (PUBLISHED + timedelta(minutes=1), NOW))), "采集有空档", id="a minute unseen after publication"),
        pytest.param(owing(state(None, (PUBLISHED, at("2022-05-16 12:00")), (at("2022-05-16 12:30"), NOW))), "采集有空档", id="a hole"),
        pytest.param(
            owing(state(None, (PUBLISHED, at("2022-05-16 17:59")))), "截止时间后尚未采集到有效数据", id="last look before the deadline"
        ),
        pytest.param(owing(SEEN, now=at("2022-05-20 09:00")), "最近一次有效采集已过旧", id="may have come late since"),
        pytest.param(
            owing(SEEN.model_copy(update={"last_error": fault("account_gone")})),
            "平台显示账号不存在或已注销，待人工核实",
            id="account gone",
        ),
        pytest.param(
            owing(SEEN, account=OWES.model_copy(update={"opened_on": date(2022, 5, 17)})),
            "账号开通晚于截止时间",
            id="opened after the deadline",
        ),
    ],
)
def test_what_was_not_wholly_seen_is_undetermined_and_silent(known: AccountFacts, reason: str) -> None:
    standing = stand(known)

    assert (standing.verdict, standing.reason) == (RepostVerdict.UNDETERMINED, reason)
    assert list(RULE.judge(known)) == []


def test_a_deadline_before_publication_accuses_nobody_unseen() -> None:
    odd = ARTICLE.model_copy(update={"published_at": NOW, "due_at": DUE})

    known = owing(state(None, (PUBLISHED, NOW - timedelta(hours=1))), articles=(odd,))

    assert stand(known).verdict is RepostVerdict.UNDETERMINED


@pytest.mark.parametrize("now", [DUE - timedelta(hours=1), NOW], ids=["before the deadline", "after it"])
def test_a_candidate_alone_is_undetermined_and_silent(now: datetime) -> None:
    first, second = repost("2022-05-16 09:00", "candidate"), repost("2022-05-16 12:00", "candidate")
    known = owing(reposts=(second, first), now=now)

    standing = stand(known)

    assert (standing.verdict, standing.reason, standing.repost) == (RepostVerdict.UNDETERMINED, "疑似转载，待人工核实", first)
    assert list(RULE.judge(known)) == []


@pytest.mark.parametrize(
    ("doubted", "reason"),
    [
        *((doubt.value, f"疑似转载，待人工核实（{doubt.label}）") for doubt in Doubt),
        pytest.param("a doubt of another version", "疑似转载，待人工核实", id="unknown"),
        pytest.param({}, "疑似转载，待人工核实", id="no word at all"),
    ],
)
def test_a_candidate_says_what_is_doubted_of_it(doubted: Any, reason: str) -> None:
    known = owing(reposts=(repost(IN_TIME, "candidate", evidence={"doubt": doubted}),))

    assert stand(known).reason == reason


@pytest.mark.parametrize(
    ("proper", "verdict"),
    [
        pytest.param(repost(IN_TIME), RepostVerdict.DONE, id="in order"),
        pytest.param(repost(LATE), RepostVerdict.LATE, id="late, whatever the candidate's time"),
        pytest.param(repost(IN_TIME, "irregular"), RepostVerdict.IRREGULAR, id="irregular"),
    ],
)
def test_a_proper_repost_wins_over_a_candidate(proper: Repost, verdict: RepostVerdict) -> None:
    known = owing(reposts=(repost("2022-05-15 19:00", "candidate"), proper))

    standing = stand(known)
    (finding,) = RULE.judge(known)

    assert (standing.verdict, standing.repost) == (verdict, proper)
    assert finding.status is Firing.CLEAR


def test_a_candidate_from_after_the_moment_judged_is_not_counted() -> None:
    assert stand(owing(reposts=(repost("2022-05-17 09:01", "candidate"),))).verdict is RepostVerdict.MISSING


def test_what_was_published_after_the_moment_judged_is_not_counted() -> None:
    known = owing(reposts=(repost("2022-05-17 09:01"),))

    assert stand(known).verdict is RepostVerdict.MISSING


@pytest.mark.parametrize("other", [{"article_id": "a2"}, {"account_id": "341500M002XL0001"}])
def test_reposts_of_others_do_not_count(other: dict[str, str]) -> None:
    assert stand(owing(reposts=(repost(IN_TIME, **other),))).verdict is RepostVerdict.MISSING


def test_grace_forgives_a_delay() -> None:
    patient = MissingRepost(grace_hours=4)

    assert stand(owing(reposts=(repost(LATE),)), patient).verdict is RepostVerdict.DONE
    assert stand(owing(now=DUE + timedelta(hours=4)), patient).verdict is RepostVerdict.NOT_YET
    assert stand(owing(), patient).verdict is RepostVerdict.MISSING


def test_each_article_is_judged_for_itself() -> None:
    second = ARTICLE.model_copy(update={"id": "a2", "title": "第二篇"})
    known = owing(articles=(ARTICLE, second), reposts=(repost(IN_TIME),))

    assert [standing.verdict for standing in RULE.reposts(known)] == [RepostVerdict.DONE, RepostVerdict.MISSING]
    assert [finding.article_id for finding in RULE.judge(known)] == ["a1", "a2"]


def test_of_several_irregular_reposts_the_one_with_the_fewest_reasons_counts_for_form() -> None:
    worse, better = repost(IN_TIME, "irregular", reasons=("改标题", "无来源")), repost(LATE, "irregular", reasons=("无来源",))

    standing = stand(owing(reposts=(worse, better)))

    assert (standing.verdict, standing.reason, standing.repost) == (RepostVerdict.IRREGULAR, "无来源", better)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(repost(IN_TIME), "“六安商务”(微博)已转载《全市防汛工作部署会召开》", id="in order"),
        pytest.param(repost(LATE), "“六安商务”(微博)已转载《全市防汛工作部署会召开》（转载不及时：迟3小时30分）", id="late"),
        pytest.param(
            repost(LATE, "irregular", reasons=("改标题",)),
            "“六安商务”(微博)已转载《全市防汛工作部署会召开》（转载不规范：改标题、迟3小时30分）",
            id="irregular and late",
        ),
    ],
)
def test_what_clears_says_how_the_repost_is_seen_and_where_it_stands(found: Repost, said: str) -> None:
    known = owing(reposts=(found.model_copy(update={"evidence": {"url": "https://weibo.example/1/A"}}),))

    (finding,) = RULE.judge(known)

    assert (finding.status, finding.message, finding.tells) == (Firing.CLEAR, said, ())
    assert finding.evidence["repost_url"] == "https://weibo.example/1/A"


FORM = [{"reason": "改标题", "measure": "标题相符 40%", "limit": "与原标题一致", "detail": ""}]
TELLING = MissingRepost(tell_irregular=True)


def test_an_irregular_repost_is_told_only_where_a_city_asks_for_it() -> None:
    known = owing(reposts=(repost(IN_TIME, "irregular", reasons=("改标题",), evidence={"form": FORM}),))

    (silent,), (told,) = RULE.judge(known), TELLING.judge(known)

    assert silent.status is Firing.CLEAR
    assert (told.status, told.severity, told.rung, told.label) == (Firing.FIRING, Severity.WARNING, 3, "转载不规范")
    assert told.tells == (Role.OPERATOR, Role.CLERK)
    assert told.message == "“六安商务”(微博)已转载《全市防汛工作部署会召开》，形式与要求不符：改标题"
    assert told.evidence["form"] == FORM


def test_an_irregular_repost_is_not_told_of_while_a_better_one_may_lie_among_posts_not_compared_yet() -> None:
    known = owing(reposts=(repost(IN_TIME, "irregular", reasons=("改标题",)),), unmatched=frozenset({"a1"}))

    assert list(TELLING.judge(known)) == []
    assert [finding.status for finding in RULE.judge(known)] == [Firing.CLEAR]


def test_who_published_the_original_is_never_late() -> None:
    assert stand(owing(reposts=(repost(LATE, evidence={"by": "original"}),))).verdict is RepostVerdict.DONE


@pytest.mark.parametrize("wrong", [{"grace_hours": -1}, {"remind_hours": -1}, {"sight_max_age_hours": 0}, {"grace": 1}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        MissingRepost.model_validate(wrong)


HOURS = st.integers(min_value=0, max_value=24 * 6)


@given(st.lists(st.tuples(HOURS, HOURS), max_size=4), HOURS)
def test_nobody_is_missing_unless_all_from_publication_past_the_deadline_was_seen(spans: list[tuple[int, int]], now: int) -> None:
    start = at("2022-05-14 00:00")
    sight = saw(*((start + timedelta(hours=a), start + timedelta(hours=b)) for a, b in spans))
    known = owing(state(sight=sight, last_tried_at=start), now=start + timedelta(hours=now))

    missing = stand(known).verdict is RepostVerdict.MISSING

    assert not missing or (known.now > DUE and sight.saw(PUBLISHED, DUE))
