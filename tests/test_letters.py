"""Letters: the subjects of handbook 8, the order and the words of the text, and what hostile names cannot do to them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from writing import (
    FUND,
    NOW,
    OPERATOR,
    STATISTICS,
    alert,
    letter,
    lines,
    notice,
    resolved,
    stale,
    trouble,
    warned,
    written,
)

from monitor.alerting import Notice
from monitor.errors import BrokenLetter
from monitor.life import RECOVERY
from monitor.model import Alert, Contact, Role, Severity, Stage, Step
from monitor.notify import letters
from monitor.telling.marks import told
from monitor.wording import plain, web_link

STALE = stale(STATISTICS)
REMINDER = alert(FUND, "“安康住房公积金”(微信)已7天未更新，还有7天到期", Severity.NOTICE, "更新提醒")
WARNING = warned(FUND)
REPOST = alert(STATISTICS, "《春耕》应于5月16日18:00前转载，“石泉统计”(微博)尚未检测到", Severity.ACCUSATION, "未转载", article_id="a1")
HINT = alert(STATISTICS, "《春耕》应于5月16日18:00前转载，“石泉统计”(微博)尚未检测到", Severity.NOTICE, "转载提醒", article_id="a2")
TROUBLE = trouble()
GONE = alert(FUND, "“安康住房公积金”(微信)平台显示账号不存在", Severity.WARNING, "账号疑似注销", tells=(Role.CLERK,))
CLERK = Contact(email="clerk@city.example", role=Role.CLERK)


@pytest.mark.parametrize(
    ("opened", "recovered", "subject"),
    [
        pytest.param((REMINDER,), (), "【更新提醒】“安康住房公积金”(微信)已7天未更新，还有7天到期", id="reminder"),
        pytest.param((WARNING,), (), "【预警】“安康住房公积金”(微信)已10天未更新，还有4天到期", id="warning"),
        pytest.param((STALE,), (), "【内容不更新】“石泉统计”(微博)已50天未更新(最后更新2020-01-13)", id="stale"),
        pytest.param((HINT,), (), "【转载提醒】《春耕》应于5月16日18:00前转载，“石泉统计”(微博)尚未检测到", id="a repost that is due"),
        pytest.param((REPOST,), (), "【未转载】《春耕》应于5月16日18:00前转载，“石泉统计”(微博)尚未检测到", id="a repost that is missing"),
        pytest.param((TROUBLE,), (), "【采集异常】微信源（feed）疑似停滞，期间不作判定", id="our own trouble"),
        pytest.param((GONE,), (), "【账号疑似注销】“安康住房公积金”(微信)平台显示账号不存在", id="a label of its own"),
        pytest.param((STALE, STALE.model_copy(update={"finding": WARNING.finding})), (),
                     "【内容不更新】“石泉统计”(微博)等2个账号：内容不更新1项、预警1项", id="two accounts, mixed"),
        pytest.param((REPOST, STALE), (), "【未转载】“石泉统计”(微博)等2项：未转载1项、内容不更新1项", id="one account twice"),
        pytest.param((TROUBLE, TROUBLE), (), "【采集异常】微信/feed等2项", id="sources are not accounts"),
        pytest.param((), (resolved(STALE, published_at="2020-03-02T20:00:00+00:00"),),
                     "【已恢复】“石泉统计”(微博)已于2020年3月3日更新，问题已销号", id="recovered by a post, dated in Shanghai"),
        pytest.param((), (resolved(STALE, published_at="2020-01-13T02:00:00+00:00"),),
                     "【已恢复】“石泉统计”(微博)的问题已销号", id="recovered without a newer post"),
        pytest.param((), (resolved(REPOST, message="《春耕》，“石泉统计”(微博)已检测到转载"),),
                     "【已恢复】《春耕》，“石泉统计”(微博)已检测到转载，问题已销号", id="recovered by a repost"),
        pytest.param((), (resolved(TROUBLE, message="微信源（feed）已恢复"),), "【已恢复】微信源（feed）已恢复", id="source recovered"),
        pytest.param((), (resolved(TROUBLE),), "【已恢复】微信/feed采集已恢复", id="source recovered without words"),
        pytest.param((), (resolved(STALE), resolved(WARNING)),
                     "【已恢复】“石泉统计”(微博)等2个账号，问题已销号", id="several recovered"),
        pytest.param((WARNING,), (resolved(STALE),),
                     "【预警】“安康住房公积金”(微信)等2个账号：预警1项、已恢复1项", id="one up, one down"),
    ],
)  # fmt: skip
def test_the_subject_is_the_handbooks(opened: tuple[Alert, ...], recovered: tuple[Alert, ...], subject: str) -> None:
    assert letter(*opened, recovered=recovered).subject == subject


def test_the_text_says_which_account_how_long_what_to_do_and_then_what_it_rests_on() -> None:
    made = letter(STALE)

    assert lines(made) == [
        "“石泉统计”(微博)【内容不更新】",
        "已50天未更新(最后更新2020-01-13)",
        "请尽快更新；确已停用的账号，请申请关停",
        "判定：内容不更新 · 近一个月未更新",
        "单位：石泉县统计局，石泉县",
        "标识码：610922M001XL0001",
        "最后更新：2020-01-13 10:00",
        "最近有效采集：2020-03-03 08:50（weibo.openapi）",
        "最近发布：https://weibo.example/1/Abc",
        "更新后下次采集自动销号，无需回复。",
        "如与实际不符，请将发布链接告知主管部门复核。",
        "清单与依据：https://jiance.example/",
        "--",
        "王小明：本邮件由安康市政务新媒体监测自动发送　2020-03-03 09:00",
    ]
    assert made.to == OPERATOR.email and made.to_name == "王小明"


def test_html_and_text_say_the_same_in_the_same_order() -> None:
    made = letter(STALE, WARNING, recovered=(resolved(REPOST),), standing=(REMINDER,))

    for body in (made.text, made.html.partition("<body")[2]):
        places = [body.index(word) for word in ("已50天未更新", "还有4天到期", "已恢复", "尚未销号")]
        assert places == sorted(places)


def test_no_hard_word_stands_anywhere_in_what_letters_are_made_of() -> None:
    sources = [path for path in Path(letters.__file__).parent.rglob("*") if path.suffix in (".j2", ".py", ".css")]

    # A promise that they are never said names them, in a docstring; no sentence of ours does.
    said = ["".join(re.split(r'"""', path.read_text(encoding="utf-8"))[::2]) for path in sources]
    assert len(sources) > 8
    assert not any(word in text for text in said for word in ("警告", "处罚", "失职"))


HOSTILE = '<script>alert(1)</script>"甲"\r\nBcc: all@city.example\u202e\x00'


def test_a_hostile_name_stays_text_and_breaks_no_line() -> None:
    named = STATISTICS.model_copy(update={"name": HOSTILE, "unit": HOSTILE, "region": HOSTILE, "code": HOSTILE})
    made = letter(
        alert(named, f"“{HOSTILE}”已50天未更新", Severity.ACCUSATION, HOSTILE),
        alert(named, "", Severity.WARNING),
        accounts={named.id: named},
        person=Contact(email="a@b.example", name=HOSTILE),
    )

    assert "<script>" not in made.html
    assert "\nBcc:" not in made.text
    assert not any(char in made.subject + made.text + made.html + made.short + made.to_name for char in "\r\x00\u202e")
    assert "\n" not in made.subject + made.to_name
    assert "city.example" not in made.text + made.html + made.subject


def test_an_endless_name_leaves_room_for_what_is_said_of_it() -> None:
    named = STATISTICS.model_copy(update={"name": "长" * 500})

    made = letter(stale(named), accounts={named.id: named})

    assert lines(made)[1] == "已50天未更新(最后更新2020-01-13)"
    assert "已50天未更新" in made.subject and len(made.subject) <= letters.SUBJECT_CAP


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("javascript:alert(1)", id="script"),
        pytest.param("data:text/html,x", id="data"),
        pytest.param("https:///nohost", id="no host"),
        pytest.param("https://gov.example@evil.example/", id="one host dressed up as another"),
        pytest.param("https://evil.example\\@gov.example/", id="backslash"),
        pytest.param("https://a.example/ b", id="blank"),
        pytest.param("https://a.example/\n", id="line break"),
        pytest.param("https://a.example/\u202egpj.exe", id="turned around"),
        pytest.param("https://a.example:99999/", id="impossible port"),
        pytest.param("http://[::1", id="broken bracket"),
        pytest.param("//a.example/", id="no scheme"),
        pytest.param("https://a.example/" + "a" * 2000, id="endless"),
        pytest.param("", id="empty"),
    ],
)
def test_only_plain_web_addresses_become_links(url: str) -> None:
    evil = STALE.model_copy(update={"finding": STALE.finding.model_copy(update={"evidence": {"post_url": url}})})

    made = letter(evil, console_url=url)

    assert web_link(url) == ""
    assert "href" not in made.html
    assert "最近发布" not in made.text


ODD = ["", "gestern", 5, None, {}, [[]], "2020-01-13T02:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", 10**5000]
KEYS = ["published_at", "looked_at", "post_url", "channel", "line_on", "update_by", "holiday", "holiday_from", "article_title", "due_at"]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_unreadable_evidence_is_left_out(value: Any) -> None:
    odd = alert(STATISTICS, "已50天未更新", Severity.ACCUSATION, evidence=dict.fromkeys([*KEYS, RECOVERY], value))

    made = letter(odd, recovered=(odd.model_copy(update={"stage": Stage.RESOLVED}),))

    assert "最后更新：" not in made.text
    assert "最近有效采集：" not in made.text


def test_a_subject_is_cut_to_what_a_phone_shows() -> None:
    made = letter(alert(STATISTICS, "长" * 500, Severity.NOTICE))

    assert len(made.subject) == letters.SUBJECT_CAP
    assert made.subject.endswith("…")


def test_an_account_that_left_the_roster_is_named_by_its_id() -> None:
    made = letter(alert(STATISTICS, "", Severity.ACCUSATION, "内容不更新"), accounts={})

    assert made.subject == "【内容不更新】610922M001XL0001内容不更新"


NAMES = st.text(max_size=80)
SCRAPS = st.one_of(st.none(), st.integers(), st.text(max_size=40), st.dates().map(str), st.lists(st.text(max_size=5), max_size=2))


@given(NAMES, NAMES, NAMES, NAMES, st.sampled_from(Severity), st.dictionaries(st.sampled_from(KEYS), SCRAPS), st.sampled_from([None, "a1"]))
@settings(max_examples=120, deadline=None)
def test_whatever_a_document_holds_a_letter_comes_of_it_in_one_piece(
    name: str, unit: str, message: str, text: str, severity: Severity, evidence: dict[str, Any], article: str | None
) -> None:
    of = STATISTICS.model_copy(update={"name": name, "unit": unit})
    odd = alert(of, message, severity, text, evidence=evidence, article_id=article)

    made = letter(odd, standing=(odd,), recovered=(resolved(odd, message=text),), accounts={of.id: of}, links=True)

    whole = "".join((made.subject, made.text, made.html, made.kept, made.short, made.to_name))
    whole.encode()
    assert "\n" not in made.subject and 0 < len(made.subject) <= letters.SUBJECT_CAP
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", whole)
    assert made.html.count("<script") == made.html.count("<img") == 0


def test_a_letter_that_cannot_be_written_says_so_in_one_way() -> None:
    def broken(ask: Any, about: Any, to: Any) -> str:
        raise RuntimeError("no key")

    with pytest.raises(BrokenLetter):
        written(notice(STALE), link=broken)


# -- the number -----------------------------------------------------------------------------------------------------------------


def test_the_same_notice_has_the_same_number_however_it_is_ordered_and_worded() -> None:
    reworded = STALE.model_copy(update={"finding": STALE.finding.model_copy(update={"message": "已51天未更新"})})
    shouted = OPERATOR.model_copy(update={"email": OPERATOR.email.upper(), "name": ""})

    assert letter(STALE, WARNING).number == letter(WARNING, reworded, person=shouted).number
    assert len(letter(STALE).number) == 32


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Notice(OPERATOR, (STALE, WARNING)), id="one alert more"),
        pytest.param(Notice(Contact(email="b@b.example"), (STALE,)), id="another person"),
        pytest.param(Notice(OPERATOR, (), (resolved(STALE),)), id="its recovery"),
        pytest.param(
            Notice(OPERATOR, (STALE.model_copy(update={"finding": STALE.finding.model_copy(update={"rung": 6})}),)), id="a higher rung"
        ),
        pytest.param(Notice(OPERATOR, (told(STALE, OPERATOR.email, NOW),)), id="a rung climbed again"),
        pytest.param(notice(STALE, step=Step.RECTIFY), id="a further step"),
    ],
)
def test_another_notice_has_another_number(other: Notice) -> None:
    assert letters.number(other) != letters.number(Notice(OPERATOR, (STALE,)))


def test_plain_keeps_what_can_be_read() -> None:
    assert plain(" 甲\t乙\n\x1b[31m丙\ud800 ") == "甲 乙 [31m丙"
    assert plain("一二三四五", 3) == "一二…"
