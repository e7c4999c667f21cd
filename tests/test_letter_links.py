"""The links of a letter: who gets which, what is kept without them, how long a letter may be, and what it answers to."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from writing import (
    CONSOLE,
    COUNTY,
    FUND,
    NOW,
    OPERATOR,
    STATISTICS,
    SYSADMIN,
    alert,
    holiday,
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
from monitor.model import Account, Alert, Contact, Platform, Role, Severity
from monitor.notify.items import LINKED_ACCOUNTS
from monitor.ports import Letter
from monitor.telling.marks import told
from monitor.telling.records import Ask
from monitor.wording import article_path, pair_path

TASK = {"article_title": "春耕", "due_at": "2020-03-02T10:00:00+00:00", "article_url": "https://www.example.invalid/a.html"}
EACH_ASK = re.compile(r"https://jiance\.example/do/(\w+)")
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")


def missing(account: Account) -> Alert:
    return alert(account, "", Severity.ACCUSATION, "未转载", article_id="a:1", evidence=TASK)


def asks(made: Letter) -> list[str]:
    return EACH_ASK.findall(made.html)


@pytest.mark.parametrize("person", [OPERATOR, COUNTY], ids=["operator", "county"])
def test_an_account_has_four_links_that_act(person: Contact) -> None:
    made = letter(stale(STATISTICS), person=person, links=True)

    assert asks(made) == [ask.value for ask in Ask]
    assert all(ask.label in made.html and f"{ask.label}：https" in made.text for ask in Ask)
    for body in (made.text, made.html):
        places = [body.index(f"do/{ask}") for ask in Ask]
        assert places == sorted(places)
    assert sum(bool(EACH_ASK.search(line)) for line in lines(made)) == 4


def test_a_missing_repost_has_its_own_words_and_no_closure() -> None:
    made = letter(missing(STATISTICS), links=True)

    assert asks(made) == ["recheck", "exemption", "received"]
    assert "已转载，请复查" in made.text and "申请关停" not in made.text + made.html


@pytest.mark.parametrize(
    "told_of",
    [
        pytest.param(trouble(), id="trouble of ours"),
        pytest.param(alert(FUND, "", Severity.WARNING, "账号疑似注销", tells=(Role.CLERK,)), id="what the clerk looks at"),
    ],
)
def test_what_nobody_can_mend_by_a_click_has_no_links(told_of: Alert) -> None:
    assert asks(letter(told_of, person=SYSADMIN, links=True)) == []


def test_each_account_of_a_shared_item_has_links_of_its_own() -> None:
    seen: list[tuple[str, str, str]] = []

    def link(ask: Ask, about: Alert, to: str) -> str:
        seen.append((ask.value, about.finding.subject, to))
        return f"{CONSOLE}do/{ask}"

    made = written(notice(holiday(STATISTICS), holiday(FUND), person=OPERATOR.model_copy(update={"email": "A@B.example "})), link=link)

    assert len(asks(made)) == 8
    assert set(seen) == {(ask.value, account.id, "a@b.example") for ask in Ask for account in (STATISTICS, FUND)}


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "https://x@jiance.example/"])
def test_what_is_no_web_address_is_no_link(url: str) -> None:
    made = written(notice(stale(STATISTICS)), link=lambda ask, about, to: url)

    assert "申请报备" not in made.text + made.html
    assert made.kept == ""
    assert "确认收到" not in made.text


def test_what_is_kept_and_what_is_shortened_holds_no_link_that_acts() -> None:
    made = letter(stale(STATISTICS), missing(STATISTICS), holiday(FUND), links=True)

    assert not EACH_ASK.search(made.kept + made.short)
    assert made.kept.count("一键办理链接仅在邮件中有效") == 3
    assert "一键办理" not in made.html
    assert "https://weibo.example/1/Abc" in made.kept


def test_without_links_nothing_is_said_of_clicking() -> None:
    made = letter(stale(STATISTICS))

    assert "确认收到" not in made.text and made.kept == ""
    assert "点“确认收到”后，同一情况不再重复来信，情况加重时除外。" in lines(letter(stale(STATISTICS), links=True))


def test_a_repost_leads_to_the_article_and_to_the_comparison_on_the_console() -> None:
    one, several = letter(missing(STATISTICS)), letter(missing(STATISTICS), missing(FUND))

    assert f"核对记录：{CONSOLE.rstrip('/')}{pair_path('a:1', STATISTICS.id)}" in lines(one)
    assert f"转载情况：{CONSOLE.rstrip('/')}{article_path('a:1')}" in lines(several)
    assert "原文：https://www.example.invalid/a.html" in lines(one)
    assert "核对记录" not in letter(missing(STATISTICS), console_url="").text


# -- long letters -------------------------------------------------------------------------------------------------------------


def city(number: int) -> dict[str, Account]:
    units = [f"示例县第{n // 3}单位" for n in range(number)]
    of = [STATISTICS.model_copy(update={"id": f"990001M{n:03}XL0001", "name": f"示例第{n}号", "unit": units[n]}) for n in range(number)]
    return {each.id: each for each in of}


def test_the_first_accounts_of_a_long_letter_have_links_and_one_line_leads_to_the_rest() -> None:
    accounts = city(20)

    made = letter(*(stale(each) for each in accounts.values()), accounts=accounts, person=COUNTY, links=True)

    assert len(asks(made)) == LINKED_ACCOUNTS * len(Ask)
    assert lines(made).count("其余5个账号请到控制台办理。") == made.html.count("其余5个账号请到控制台办理。") == 1


def test_a_letter_about_sixty_accounts_names_them_all_in_less_than_mail_programs_cut_off() -> None:
    accounts = city(60)
    told_of = notice(*(stale(each) for each in accounts.values()), person=COUNTY)
    written(told_of, accounts, links=True)

    began = time.process_time()
    made = written(told_of, accounts, links=True)
    took = time.process_time() - began

    assert len(made.html.encode()) < 100_000
    assert all(f"“{each.name}”" in made.html and f"“{each.name}”" in made.text for each in accounts.values())
    assert made.subject == "【内容不更新】“示例第0号”(微博)等60个账号"
    assert took < 0.5, "about 15 ms on an idle machine"


def test_a_thousand_accounts_without_data_make_one_letter_of_bounded_size() -> None:
    accounts = city(1000)
    silent = [alert(each, f"“{each.name}”(微博)自2020-03-02 09:00起无有效数据", Severity.TROUBLE) for each in accounts.values()]

    made = letter(*silent, accounts=accounts, person=SYSADMIN, standing=(trouble(),), duty=False)

    assert "另有760项未列出，请到控制台查看。" in lines(made)
    assert len(made.html.encode()) < 150_000


def test_a_thousand_accounts_that_miss_one_article_make_one_letter_of_bounded_size() -> None:
    accounts = city(1000)

    made = letter(*(missing(each) for each in accounts.values()), accounts=accounts, person=COUNTY, links=True)

    assert made.subject == "【未转载】《春耕》应于3月2日18:00前转载，“示例第0号”(微博)等1000个账号尚未检测到"
    assert len(made.html.encode()) < 150_000


def test_the_short_form_fits_a_chat_and_starts_with_the_gravest() -> None:
    accounts = city(30)
    made = letter(stale(STATISTICS), *(warned(each) for each in accounts.values()), accounts=accounts | {STATISTICS.id: STATISTICS})

    assert made.short.startswith("【内容不更新】“石泉统计”(微博)")
    assert len(made.short) <= 400
    assert "另有25项" in made.short and made.short.endswith(f"清单与依据：{CONSOLE}")


def test_a_short_form_says_what_to_do() -> None:
    assert letter(stale(STATISTICS)).short.splitlines()[0] == (
        "【内容不更新】“石泉统计”(微博)：已50天未更新(最后更新2020-01-13)。请尽快更新；确已停用的账号，请申请关停"
    )


# -- threads ------------------------------------------------------------------------------------------------------------------


def test_a_recovery_answers_in_the_thread_of_what_it_ends() -> None:
    before = told(told(stale(STATISTICS), OPERATOR.email, NOW, letter="first"), OPERATOR.email, NOW, letter="second")

    assert letter(recovered=(resolved(before),)).thread == ("first", "second")


def test_a_letter_answers_what_this_person_was_told_of_its_alerts_oldest_first() -> None:
    one = told(stale(STATISTICS), OPERATOR.email, NOW, letter="later")
    other = told(warned(FUND), OPERATOR.email.upper(), NOW - timedelta(days=2), letter="earlier")
    other = told(other, COUNTY.email, NOW, letter="somebody else's")

    assert letter(one, other, alert(FUND, "", Severity.NOTICE)).thread == ("earlier", "later")
    assert letter(stale(STATISTICS)).thread == ()


def test_a_long_thread_keeps_its_latest_letters() -> None:
    many = [told(stale(each), OPERATOR.email, NOW + timedelta(minutes=n), letter=f"n{n}") for n, each in enumerate(city(30).values())]

    assert letter(*many, accounts=city(30)).thread == tuple(f"n{n}" for n in range(10, 30))


# -- whose business -----------------------------------------------------------------------------------------------------------


def test_no_letter_holds_anybodys_address() -> None:
    leaky = STATISTICS.model_copy(update={"unit": "统计局 zhang@leak.example", "name": "石泉 <li@leak.example>"})
    everything = (stale(leaky), missing(leaky), holiday(leaky), warned(leaky))
    mended = told(resolved(stale(leaky), message="“x”已更新 wang@leak.example"), COUNTY.email, NOW, letter="n")

    for person in (OPERATOR, COUNTY, SYSADMIN):
        made = letter(*everything, person=person, recovered=(mended,), standing=everything, accounts={leaky.id: leaky}, links=True)
        assert not ADDRESS.search("".join((made.subject, made.text, made.html, made.kept, made.short)))


def test_an_operator_reads_of_nobody_who_is_not_in_the_notice() -> None:
    strangers = {f"s{n}": Account(id=f"s{n}", platform=Platform.WEIBO, name=f"外单位{n}号", unit=f"外单位{n}") for n in range(5)}

    made = written(Notice(OPERATOR, (stale(STATISTICS), missing(STATISTICS))), {STATISTICS.id: STATISTICS, **strangers}, links=True)

    assert "外单位" not in made.text + made.html + made.kept + made.short
