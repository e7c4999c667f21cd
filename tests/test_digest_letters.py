"""Digests and reports as letters: subjects of the handbook, sections worst first, harmless to whoever reads them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest
from digest_papers import HEAD, HOSTILE, SINCE, hostile_city, leader_paper, month_paper, titles
from digesting import (
    CLERK,
    COUNTY,
    DAY,
    FRESH,
    NOW,
    OLD,
    OPERATOR,
    SOON,
    TOMORROW,
    UNCLEAR,
    WELL,
    account,
    alert,
    city,
    idle,
    never,
    task_of,
    trouble,
    unclear,
)

from monitor.model import Contact, RepostVerdict, start_of_day
from monitor.notify.digest_letters import Head, number, paper_of, period
from monitor.notify.digest_letters import letter as write
from monitor.notify.paper import as_page, as_text, numeral
from monitor.ports import ListName
from monitor.reports.courses import Course, Week
from monitor.reports.digests import Tally, county_digest, digest


def daily(**changes):
    return write("daily", digest(city(**changes), SINCE), CLERK, HEAD)


def countys():
    made = county_digest(city(), COUNTY, SINCE)
    assert made is not None
    return write("daily", made, COUNTY, HEAD)


def test_the_subject_is_that_of_the_handbook() -> None:
    assert daily().subject == "【日报】政务新媒体监测 2020-03-03：正常4 超期3 将超期2 无法判定1"


@pytest.mark.parametrize(
    ("since", "opened", "said"),
    [
        pytest.param("2020-01-27", NOW - 2 * DAY, "1月27日起超期，3月1日发现", id="before we first looked"),
        pytest.param("2019-11-27", NOW - 2 * DAY, "2019年11月27日起超期，3月1日发现", id="in another year"),
        pytest.param("2020-03-02", NOW - 7 * DAY, "3月2日起超期", id="while we looked on"),
        pytest.param("", NOW - 2 * DAY, "3月1日发现", id="nobody knows"),
    ],
)
def test_a_failing_account_tells_when_its_line_was_and_when_we_found_it(since: str, opened: datetime, said: str) -> None:
    evidence = {"since": start_of_day(date.fromisoformat(since)).isoformat()} if since else {}

    text = daily(alerts=[alert(OLD, opened, opened_at=opened, evidence=evidence)]).text

    assert f"　{said}\n" in text


def test_a_long_name_of_a_source_does_not_hide_what_is_wrong_with_it() -> None:
    text = daily(alerts=[trouble(f"采集渠道douyin.openapi/{'x' * 70}的接口已被平台关闭，涉及1个账号，期间不作判定")]).text

    assert "期间不作判定" in text


def test_a_county_s_subject_begins_with_what_can_still_be_helped() -> None:
    assert countys().subject == "【日报】东山县政务新媒体 2020-03-03：将超期1 超期2 无法判定0"


def test_the_sections_of_a_city_come_worst_first() -> None:
    assert titles(daily().text) == [
        "新增不合格 1 个",
        "不合格 3 个（未更新时间长的在前）",
        "3天内将超期 2 个",
        "无法判定 1 个",
        "重要信息转载 1 篇",
        "已恢复 1 个",
        "暂扣待核实",
        "采集与系统",
        "待办申请 1 件",
        "无法送达的地址 1 个",
    ]


def test_a_section_with_nothing_to_say_is_left_out() -> None:
    made = daily(rows=[idle(WELL, 0)], sheets=(), alerts=[], requests=(), mailboxes={})

    assert titles(made.text) == []
    assert "目前没有超期、将超期或无法判定的账号。" in made.text and "合格率 100.00%（基数 1" in made.text


def test_where_everybody_is_new_the_list_says_so_once() -> None:
    made = daily(rows=[idle(FRESH, 14)], alerts=[alert(FRESH, NOW)], requests=(), mailboxes={}, sheets=())

    assert titles(made.text) == ["不合格 1 个（均为新增，未更新时间长的在前）"]


def test_an_entry_says_who_was_told_what_was_answered_and_both_clocks() -> None:
    text = daily().text

    assert "“南溪文旅”(微信) 已50天未更新(最后更新2020-01-13)" in text
    assert "2月24日已告知" in text and "整改期限3月2日已过，未反馈" in text and "3月2日申请关停" in text
    assert "最后更新 2020-01-13 08:30　最近有效采集 2020-03-03 07:50" in text and "西河区，南溪市文化和旅游局" in text


def test_both_rates_stand_with_their_base_and_who_is_missing_by_unit() -> None:
    text = daily().text

    assert "转载率 50.00%，规范转载率 25.00%（基数 4，无法判定 1 个）" in text
    assert "未转载：南溪市文化和旅游局（“南溪文旅”(微信)）" in text


def test_before_the_deadline_there_is_no_rate_yet() -> None:
    text = daily(sheets=task_of([(WELL, RepostVerdict.NOT_YET), (FRESH, RepostVerdict.NOT_YET)])).text

    assert "受众 2 个，未到期 2 个，暂无转载率" in text


def test_what_the_gate_holds_is_named_by_platform_with_the_way_out() -> None:
    text = daily().text

    assert "抖音：1 个账号在同一轮新判为不合格，已暂扣，未列入以上名单" in text and "release 抖音" in text


def test_a_county_reads_its_own_accounts_and_nobody_s_address() -> None:
    made = countys()
    whole = "".join((made.subject, made.text, made.html, made.short))

    for stranger in (OLD, TOMORROW, UNCLEAR, WELL):
        assert stranger.name not in whole and stranger.unit not in whole
    assert titles(made.text)[:2] == ["3天内将超期 1 个", "可转发到工作群的文字"]
    assert not re.findall(r"[\w.]+@[\w.]+", whole)
    assert "疑似停滞" not in whole and "暂扣" not in whole and "正常 2" in made.text


def test_the_text_for_the_work_group_says_what_to_do() -> None:
    text = countys().text

    assert "以下账号即将超期，请在到期前更新：\n1. “东山县卫生健康”(微信) 预警 · 还有3天到期，3月6日起超期" in text
    assert "以下账号已超期，请尽快更新；确已停用的，请申请关停：" in text


def test_a_digest_is_the_same_letter_whenever_it_is_written_that_day() -> None:
    later = write("daily", digest(city(now=NOW + timedelta(hours=9)), SINCE), CLERK, HEAD)

    assert daily().number == later.number == number("daily", "2020-03-03", " Shizhengfu@nanxi.example")
    assert len({number("daily", "2020-03-03", "a@x"), number("weekly", "2020-03-03", "a@x"), number("daily", "2020-03-03", "b@x")}) == 3
    assert period(NOW) == "2020-03-03"


def test_a_letter_goes_to_the_digests_list_and_is_kept_whole() -> None:
    made = daily()

    assert (made.about, made.to, made.to_name, made.thread) == (ListName.DIGEST, CLERK.email, "赵科", ())
    assert made.kept == made.html
    assert made.short.startswith(made.subject) and "南溪文旅" in made.short and len(made.short) <= 400


def test_a_week_begins_with_its_course() -> None:
    course = Week(course=Course(Tally(5, 3, 0), newly=1, back=1), letters=4, mended=1, typical=2 * DAY)

    made = write("weekly", digest(city(), NOW - 7 * DAY), CLERK, HEAD, course)

    assert made.subject.startswith("【周报】") and titles(made.text)[0] == "本周情况"
    assert "不合格：一周前 3 个，现在 3 个" in made.text and "恢复 1 个，新增 1 个" in made.text
    assert "合格率：一周前 62.50%（基数 8），现在 57.14%（基数 7）（基数不同，仅供参考）" in made.text
    assert "本周发出提醒邮件 4 封，从首次告知到恢复，中位用时 2.0 天" in made.text


def test_a_week_without_a_past_says_so() -> None:
    assert "一周前尚无可比数据" in write("weekly", digest(city(), NOW - 7 * DAY), CLERK, HEAD, Week(course=None)).text


def test_a_county_s_week_still_begins_with_what_can_be_helped() -> None:
    made = county_digest(city(), COUNTY, NOW - 7 * DAY)
    assert made is not None

    assert titles(write("weekly", made, COUNTY, HEAD, Week(course=None)).text)[:2] == ["3天内将超期 1 个", "本周情况"]


# -- reports -----------------------------------------------------------------------------------------------------------------


def test_the_meter_offers_and_ranks_nobody() -> None:
    text = as_text(month_paper())

    assert "建议关停 1 个" in text and "最后更新2019年11月30日，超过60天，未收到反馈" in text and "不作排名" in text
    assert month_paper().subject == "【月报】政务新媒体监测 2020-02：提醒邮件2 涉及单位1 建议关停1"


def test_the_leader_reads_the_rate_with_its_base_and_that_there_is_nothing_to_compare_with() -> None:
    text = as_text(leader_paper())

    assert "合格率 57.14%" in text and "合格率以 7 个为基数" in text and "当时尚无可比数据" in text
    assert "采集授权失效 1 个。需人工核查" in text


def test_no_paper_threatens_anybody() -> None:
    course = Week(course=Course(Tally(5, 3, 0), newly=1, back=1))
    papers = [paper_of("weekly", digest(city(), SINCE), HEAD, course), month_paper(), leader_paper()]
    told = "".join(as_text(paper) + as_page(paper) for paper in papers) + countys().html

    assert not re.findall("警告|处罚|失职|排行", told)


# -- hostile and huge --------------------------------------------------------------------------------------------------------


def test_hostile_names_are_plain_text_in_every_part() -> None:
    to, head = Contact(email=" a@b ", name=HOSTILE), Head(HOSTILE, HOSTILE, "javascript:alert(1)")

    made = write("daily", digest(hostile_city(), SINCE), to, head)

    assert "<img" not in made.html and "javascript:" not in made.html + made.text
    for part in (made.subject, made.text, made.html, made.short, made.to_name):
        part.encode()
        assert "\u202e" not in part
    assert "\n" not in made.subject and made.to == "a@b"
    assert all(len(line) < 700 for line in made.text.splitlines())


@pytest.mark.parametrize("name", ["南溪市第一人民医院发布", "长" * 200], ids=["usual", "hostile"])
def test_five_hundred_failing_accounts_make_a_mail_of_less_than_300_kb(name: str) -> None:
    accounts = [account(n, f"{name}{n}", unit=name * 2, region="东山县", contacts=(OPERATOR,)) for n in range(500)]
    rows = [*(idle(who, 20) for who in accounts), *(idle(account(600 + n, name), 12) for n in range(50))]
    alerts = [alert(who, NOW - timedelta(hours=3)) for who in accounts[:300]]

    made = daily(rows=rows, alerts=alerts, sheets=task_of([(who, RepostVerdict.MISSING) for who in accounts]))

    assert len(made.html.encode()) < 300_000 and len(made.text.encode()) < 300_000
    assert "不合格 500 个" in made.text and "另有 420 个，见控制台" in made.text


def test_never_posted_and_unknown_reasons_have_words() -> None:
    text = daily(rows=[never(SOON), unclear(FRESH, "")], alerts=[]).text

    assert "“东山县卫生健康”(微信) 从未发布内容" in text and "“南溪统计”(微博) 原因不明" in text


def test_headings_are_numbered_in_chinese_as_far_as_they_go() -> None:
    assert [numeral(n) for n in (1, 10, 12, 99)] == ["一", "十", "十二", "99"]
