"""Names and ids that no longer fit: a question to the clerk, never an accusation; and no alarm where nothing is known."""

from __future__ import annotations

from typing import Any

import pytest
from judging import account, facts, state

from monitor.model import Channel, Finding, Firing, Platform, Role, Severity, Status
from rules.drift import SHOWN_LIMIT, Drift

RULE = Drift()
WEIBO = Channel(adapter="weibo.openapi", handle="6100000001")
FEED = Channel(adapter="feed", handle="http://bridge.example/x.rss")
SEC_UID = "MS4wLjABAAAAdemoDEMOdemoDEMOdemoDEMOdemoDEMOdemo_001"


def judged(profile: dict[str, str], **fields: Any) -> list[Finding]:
    watched = account(**{"name": "石泉统计", "unit": "石泉县统计局", "channels": (WEIBO,), **fields})
    return list(RULE.judge(facts(state(profile=profile), account=watched)))


def status_of(profile: dict[str, str], **fields: Any) -> Firing | None:
    found = judged(profile, **fields)
    return found[0].status if found else None


def test_another_name_asks_the_clerk_to_look_and_accuses_nobody() -> None:
    (finding,) = judged({"name": "石泉旅游", "first_name": "石泉统计"})

    assert (finding.status, finding.severity, finding.rung, finding.tells) == (Firing.FIRING, Severity.NOTICE, 1, (Role.CLERK,))
    assert finding.message == "“石泉统计”(微博)名称不符：名册为“石泉统计”，平台显示为“石泉旅游”，请核对是否更名或填错账号"
    assert finding.evidence == {"name": {"expected": "石泉统计", "told": "石泉旅游"}}
    assert finding.key == "drift 610922M001XL0001"


@pytest.mark.parametrize(
    "told",
    ["石泉统计", " 石泉 统计\u200b", "石泉统计的微博", "石泉统计 - 微信公众号", "「石泉统计」", "石泉统计☀️"],
)
def test_the_same_name_however_it_is_dressed_is_clear(told: str) -> None:
    assert status_of({"name": told}) is Firing.CLEAR


@pytest.mark.parametrize(
    ("roster", "told"), [("ＡＢＣ发布", "abc发布"), ("石泉(统计)", "石泉（统计）"), ("石泉统计的主页", "石泉统计的主页"), ("བོད", "བོད")]
)
def test_width_case_and_brackets_do_not_matter(roster: str, told: str) -> None:
    assert status_of({"name": told}, name=roster) is Firing.CLEAR


def test_vowel_signs_do_matter() -> None:
    assert status_of({"name": "བད"}, name="བོད") is Firing.FIRING


@pytest.mark.parametrize("told", ["石泉统计", "石泉统计 - Powered by RSSHub", "【公众号】石泉统计（自建）", "石泉统计发布"])
def test_the_title_of_a_feed_may_hold_more_than_the_name(told: str) -> None:
    assert status_of({"name": told}, channels=(FEED,)) is Firing.CLEAR


@pytest.mark.parametrize("told", ["石泉旅游", "石泉", "全部公众号"])
def test_the_title_of_a_feed_without_the_name_is_told(told: str) -> None:
    assert status_of({"name": told}, channels=(FEED,)) is Firing.FIRING


def test_what_a_platform_itself_shows_must_be_the_whole_name() -> None:
    assert status_of({"name": "石泉统计粉丝团"}) is Firing.FIRING


@pytest.mark.parametrize("profile", [{}, {"posts": "12"}, {"name": " ", "subject": ""}, {"first_name": "甲"}, {"verified": "某局官方微博"}])
def test_nothing_told_or_nothing_to_compare_with_is_silence(profile: dict[str, str]) -> None:
    assert judged(profile) == []


def test_a_name_of_signs_alone_cannot_be_compared() -> None:
    assert status_of({"name": "☀☀☀"}) is Firing.CLEAR


def test_a_closed_account_is_left_in_peace() -> None:
    assert judged({"name": "石泉旅游"}, status=Status.CLOSED) == []


def test_a_changed_subject_is_told_with_both_values() -> None:
    (finding,) = judged({"name": "石泉统计", "first_subject": "石泉县统计局", "subject": "某某文化公司"}, unit="")

    assert finding.message == "“石泉统计”(微博)认证主体变化：原为“石泉县统计局”，现为“某某文化公司”，请核对是否更名或填错账号"
    assert finding.evidence == {"subject": {"expected": "石泉县统计局", "told": "某某文化公司"}}


@pytest.mark.parametrize("key", ["subject", "verified"])
@pytest.mark.parametrize(
    ("first", "now", "unit", "expected"),
    [
        pytest.param("石泉县统计局", "石泉县统计局 ", "", Firing.CLEAR, id="a blank more"),
        pytest.param("石泉县统计局", "某某文化公司", "", Firing.FIRING, id="another"),
        pytest.param("石泉县计委", "石泉县统计局官方微博", "石泉县统计局", Firing.CLEAR, id="the roster's unit"),
        pytest.param("石泉县计委", "局", "局", Firing.FIRING, id="a unit of one letter proves nothing"),
    ],
)
def test_a_certification_is_compared_with_the_first_one_and_with_the_unit(
    key: str, first: str, now: str, unit: str, expected: Firing
) -> None:
    assert status_of({key: now, f"first_{key}": first}, unit=unit) is expected


@pytest.mark.parametrize(
    ("first", "now", "expected"),
    [
        pytest.param("6100000001", "6100000002", Firing.FIRING, id="another number"),
        pytest.param("MzI5MDAwMDAwMQ==", "3290000001", Firing.CLEAR, id="both forms of one __biz"),
        pytest.param("MzI5MDAwMDAwMQ==", "MzI5MDAwMDAwMg==", Firing.FIRING, id="another __biz"),
        pytest.param("gh_000000000001", "MzI5MDAwMDAwMQ==", Firing.CLEAR, id="ids of two kinds say nothing"),
        pytest.param("12345678901", SEC_UID, Firing.CLEAR, id="uid and sec_uid say nothing"),
        pytest.param("token-a=", "token-a", Firing.CLEAR, id="a token without its ="),
        pytest.param("6200000002", "6100000001", Firing.CLEAR, id="the one the roster names"),
    ],
)
def test_only_ids_of_one_kind_are_compared(first: str, now: str, expected: Firing) -> None:
    assert status_of({"id": now, "first_id": first}) is expected


@pytest.mark.parametrize(
    "options",
    [{"biz": "MzI5MDAwMDAwMg=="}, {"biz": "MzI5MDAwMDAwMQ==,3290000002"}, {"biz": "3290000001", "former": "MP_WXS_3290000002"}],
)  # fmt: skip
def test_an_id_that_the_roster_knows_is_no_change(options: dict[str, str]) -> None:
    channel = FEED.model_copy(update={"options": options})

    assert status_of({"id": "MzI5MDAwMDAwMg==", "first_id": "MzI5MDAwMDAwMQ=="}, channels=(channel,)) is Firing.CLEAR


def test_several_drifts_of_one_account_are_one_finding() -> None:
    profile = {"name": "石泉旅游", "subject": "乙公司", "first_subject": "甲公司", "id": "6100000009", "first_id": "6100000008"}

    (finding,) = judged(profile, platform=Platform.WEIBO)

    assert list(finding.evidence) == ["name", "subject", "id"]
    assert finding.message.count("请核对") == 1 and finding.message.count("；") == 2


def test_a_name_made_to_break_a_letter_is_shown_on_one_short_line() -> None:
    (finding,) = judged({"name": "恶意\n\u202e\x00名称" + "长" * 300})

    shown = finding.evidence["name"]["told"]
    assert len(shown) == SHOWN_LIMIT and "\n" not in finding.message and "\u202e" not in finding.message and "\x00" not in finding.message


def test_the_words_accuse_nobody() -> None:
    (finding,) = judged({"name": "石泉旅游", "id": "6100000009", "first_id": "6100000008"})

    assert not any(word in finding.message for word in ("不合格", "僵尸", "违规", "失职", "处罚", "警告"))
