"""What a letter asks of whom, by when: the wording ladder step by step, for operators, counties and those who look after us."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from writing import (
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

from monitor.alerting import Decision, Notice
from monitor.model import Alert, Contact, Role, Severity, Status, Step
from monitor.ports import ListName
from monitor.telling.reasons import Why

TODAY = date(2020, 3, 3)
DAY = timedelta(days=1)
HINT = {"article_title": "春耕", "due_at": "2020-03-05T10:00:00+00:00"}


def hint(due: str = "2020-03-05T10:00:00+00:00") -> Alert:
    return alert(STATISTICS, "", Severity.NOTICE, "转载提醒", article_id="a1", evidence=HINT | {"due_at": due})


MISSING = alert(STATISTICS, "", Severity.ACCUSATION, "未转载", article_id="a1", evidence=HINT)
IRREGULAR = alert(STATISTICS, "“石泉统计”(微博)已转载《春耕》", Severity.WARNING, "转载不规范", article_id="a1", evidence=HINT)
GONE = alert(FUND, "“安康住房公积金”(微信)平台显示账号不存在", Severity.WARNING, "账号疑似注销", tells=(Role.CLERK,))
CLERK = Contact(email="clerk@city.example", role=Role.CLERK)


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        pytest.param(warned(FUND), "请于3月6日前更新，3月7日起超期", id="before the line, counted from the day before it"),
        pytest.param(warned(FUND, line_on="2020-03-05"), "请于3月4日前更新，3月5日起超期", id="two days left"),
        pytest.param(warned(FUND, line_on="2020-03-04"), "请于今日下班前更新，明日起超期", id="the last day"),
        pytest.param(warned(FUND, line_on="2020-03-03"), "请尽快更新", id="the line is today"),
        pytest.param(warned(FUND, line_on="soon"), "请在到期前更新", id="no date is known"),
        pytest.param(stale(STATISTICS), "请尽快更新；确已停用的账号，请申请关停", id="past the line"),
        pytest.param(holiday(STATISTICS), "请于4月3日前更新", id="before a holiday"),
        pytest.param(hint(), "请于3月5日18:00前转载，并注明来源", id="a repost by its deadline"),
        pytest.param(hint("2020-03-03T08:00:00+00:00"), "请于今日16:00前转载，并注明来源", id="a repost due today"),
        pytest.param(hint("2020-03-02T08:00:00+00:00"), "请尽快按要求转载，并注明来源", id="a repost that was due"),
        pytest.param(hint("someday"), "请于截止时间前按要求转载，并注明来源", id="a repost without a deadline"),
        pytest.param(MISSING, "请尽快按要求转载，并注明来源", id="a missing repost"),
        pytest.param(IRREGULAR, "请核对，并按要求规范转载：保留原标题，正文完整，注明来源", id="an irregular repost"),
    ],
)
def test_the_third_line_says_what_to_do_by_when(told: Alert, asked: str) -> None:
    operator, county = letter(told), letter(told, person=COUNTY)

    assert lines(operator)[2] == asked
    assert lines(county)[2].startswith("请督促" + asked.removeprefix("请")[:2])
    assert asked in operator.html


@pytest.mark.parametrize(
    ("line_on", "asked"),
    [
        pytest.param("2020-03-09", "请于3月6日前更新，3月9日起超期", id="a line on a Monday"),
        pytest.param("2020-04-06", "请于4月3日前更新，4月6日起超期", id="a line within a holiday, as the look-ahead says it"),
        pytest.param("2033-03-07", "请于3月6日前更新，3月7日起超期", id="a year without a calendar"),
    ],
)
def test_an_update_is_asked_for_on_a_day_at_work(line_on: str, asked: str) -> None:
    assert lines(letter(warned(FUND, line_on=line_on)))[2] == asked


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        pytest.param(
            stale(STATISTICS), "请尽快更新，3月10日后仍未更新的将发整改通知；确已停用的账号，请申请关停", id="an account past the line"
        ),
        pytest.param(MISSING, "请尽快按要求转载，并注明来源，3月10日后仍未转载的将发整改通知", id="a missing repost"),
    ],
)
def test_an_accusation_says_from_when_on_it_becomes_a_notice_to_mend(told: Alert, asked: str) -> None:
    operator = written(notice(told), rectify_days=7)
    county = written(notice(told, person=COUNTY), rectify_days=7)
    rectified = written(notice(told, step=Step.RECTIFY, due=TODAY + 7 * DAY), rectify_days=7)

    assert lines(operator)[2] == asked
    assert "将发整改通知" not in county.text + rectified.text


def test_an_account_out_of_use_is_asked_to_be_closed_and_not_to_be_updated() -> None:
    stopped = STATISTICS.model_copy(update={"status": Status.ABANDONED})
    told = alert(stopped, "“石泉统计”(微博)已停止运营但未注销", Severity.ACCUSATION, "停运未注销", rung=4)

    made = letter(told, accounts={stopped.id: stopped}, links=True)

    assert lines(made)[2] == "请办理注销；仍在使用的，请联系主管部门更正名册"
    assert "停运未注销的账号，名册登记为已注销或在用后自动销号。" in lines(made)
    assert "申请关停" in made.html and "确认收到" in made.html
    assert "更新后" not in made.text and "请复查" not in made.text + made.html


@pytest.mark.parametrize(
    ("due", "said"),
    [
        pytest.param(TODAY, "已50天未更新(最后更新2020-01-13)；整改期限3月3日", id="on its last day"),
        pytest.param(TODAY - DAY, "已50天未更新(最后更新2020-01-13)；整改期限3月2日已过", id="the day after"),
    ],
)
def test_what_was_told_before_says_when_its_deadline_has_passed(due: date, said: str) -> None:
    before = stale(STATISTICS)
    decisions = {before.id: Decision(before, OPERATOR, Why.STANDING, Step.RECTIFY, due=due)}

    made = written(Notice(OPERATOR, (warned(FUND),), standing=(before,), decisions=decisions))

    assert any(line.endswith(f"：{said}") for line in lines(made))


@pytest.mark.parametrize(
    ("told", "step", "due", "subject", "asked"),
    [
        pytest.param(
            warned(FUND), Step.PRESSING, None,
            "【预警】“安康住房公积金”(微信)已10天未更新，还有4天到期，请于今日下班前更新",
            "请于今日下班前更新，3月7日起超期", id="the last working day before the line",
        ),
        pytest.param(
            hint("2020-03-04T00:00:00+00:00"), Step.PRESSING, None,
            "【转载提醒】“石泉统计”(微博)转载提醒", "请于今日下班前转载（截止3月4日08:00），并注明来源", id="due before office hours",
        ),
        pytest.param(
            stale(STATISTICS), Step.RECTIFY, TODAY + 7 * DAY,
            "【整改通知】“石泉统计”(微博)已50天未更新(最后更新2020-01-13)，请于3月10日前整改并反馈",
            "请于3月10日前整改并反馈", id="the notice to mend",
        ),
        pytest.param(
            stale(STATISTICS), Step.RECTIFY, TODAY, "【整改通知】“石泉统计”(微博)已50天未更新(最后更新2020-01-13)，请于3月3日前整改并反馈",
            "请于3月3日前整改并反馈", id="on its last day",
        ),
        pytest.param(
            stale(STATISTICS), Step.RECTIFY, TODAY - DAY,
            "【整改通知】“石泉统计”(微博)已50天未更新(最后更新2020-01-13)，整改期限3月2日已过",
            "整改期限3月2日已过，请尽快整改并反馈", id="a day late",
        ),
    ],
)  # fmt: skip
def test_the_ladder_rises_step_by_step(told: Alert, step: Step, due: date | None, subject: str, asked: str) -> None:
    made = letter(told, step=step, due=due)

    assert made.subject == subject
    assert lines(made)[2] == asked


def test_a_deadline_that_passed_unanswered_is_the_countys_to_follow_up() -> None:
    made = letter(stale(STATISTICS), person=COUNTY, step=Step.OVERDUE, due=TODAY - DAY)

    assert made.subject == "【整改逾期未反馈】“石泉统计”(微博)已50天未更新(最后更新2020-01-13)，整改期限3月2日已过"
    assert lines(made)[2] == "整改期限3月2日已过，尚未收到反馈，请督促尽快整改并反馈"


def test_several_that_press_say_in_the_subject_until_when() -> None:
    made = letter(warned(FUND), warned(STATISTICS), person=COUNTY, step=Step.PRESSING)

    assert made.subject.startswith("【预警】") and made.subject.endswith("等2个账号，请督促于今日下班前更新")
    assert not letter(warned(FUND), stale(STATISTICS), step=Step.PRESSING).subject.endswith("更新")


def test_a_trouble_of_ours_says_since_when_it_is_known() -> None:
    made = letter(trouble(), person=SYSADMIN, duty=False)

    assert "发现时间：2020-03-03 09:00" in lines(made)


@pytest.mark.parametrize(("person", "named"), [(CLERK, "微信源（订阅源）疑似停滞"), (SYSADMIN, "微信源（feed）疑似停滞")])
def test_the_clerk_reads_what_a_channel_is_and_the_sysadmin_what_the_settings_call_it(person: Contact, named: str) -> None:
    made = written(notice(trouble(), person=person, duty=False), titles={"feed": "订阅源"})

    assert named in made.subject and named in made.text
    assert ("feed" in made.text + made.subject + made.short) is (person is SYSADMIN)


def test_a_clerk_reads_of_a_channel_that_is_well_again_by_its_title() -> None:
    over = resolved(trouble(), message="微信源（feed）已恢复")

    made = written(notice(person=CLERK, recovered=(over,), duty=False), titles={"feed": "订阅源"})

    assert "微信源（订阅源）已恢复" in made.subject and "feed" not in made.text


def test_a_long_sentence_never_pushes_the_deadline_out_of_the_subject() -> None:
    told = alert(STATISTICS, "长" * 300, Severity.ACCUSATION, "内容不更新")

    made = letter(told, step=Step.RECTIFY, due=TODAY + 7 * DAY)

    assert len(made.subject) == 100
    assert made.subject.endswith("…，请于3月10日前整改并反馈")


def test_a_county_reads_who_to_ring_up_and_no_address() -> None:
    made = letter(stale(STATISTICS), person=COUNTY)

    assert "联系人：王小明" in lines(made) and "联系人：王小明" in made.html
    assert "联系人" not in letter(stale(STATISTICS)).text


def test_a_contact_whose_name_is_an_address_stays_unnamed() -> None:
    careless = STATISTICS.model_copy(update={"contacts": (Contact(email="a@b.example", name="a@b.example"),)})

    made = letter(stale(careless), person=COUNTY, accounts={careless.id: careless})

    assert "联系人" not in made.text + made.html
    assert "b.example" not in made.text + made.html + made.short


def test_a_county_clerk_who_runs_an_account_is_asked_as_its_operator() -> None:
    own, other = stale(STATISTICS), warned(FUND)
    decisions = {
        own.id: Decision(own, COUNTY.model_copy(update={"role": Role.OPERATOR}), Why.NEW),
        other.id: Decision(other, COUNTY, Why.NEW),
    }

    made = written(Notice(COUNTY, (own, other), decisions=decisions))

    assert "请尽快更新；确已停用的账号，请申请关停" in lines(made)
    assert "请督促于3月6日前更新，3月7日起超期" in lines(made)


def test_what_only_the_clerk_hears_is_the_clerks_to_look_at() -> None:
    assert lines(letter(GONE, person=CLERK))[2] == "请人工核查该账号"


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        pytest.param(trouble(), "请检查采集渠道；恢复之前不作判定", id="of a source"),
        pytest.param(
            alert(STATISTICS, "“石泉统计”(微博)自2020-03-02 09:00起无有效数据：采集中断", Severity.TROUBLE),
            "请检查采集渠道，或人工核查该账号；期间不作判定",
            id="of one account",
        ),
    ],
)
def test_trouble_of_ours_asks_nobody_for_a_post(told: Alert, asked: str) -> None:
    made = letter(told, person=SYSADMIN, duty=False)

    assert lines(made)[2] == asked
    assert made.subject.startswith("【采集异常】")
    assert made.about is ListName.TROUBLE and letter(stale(STATISTICS)).about is ListName.ACCOUNTS
    assert "恢复后自动告知，期间不作判定。" in lines(made) and "更新后" not in made.text


@pytest.mark.parametrize(
    ("told", "said"),
    [
        pytest.param(warned(FUND), "到期仍未更新的，判为不合格，列入主管部门的监测清单。", id="a warning"),
        pytest.param(hint(), "截止时间后仍未检测到的，列为未转载，列入主管部门的监测清单。", id="a repost that is due"),
        pytest.param(hint(), "转载后下次采集自动销号，无需回复。", id="a repost closes by itself"),
        pytest.param(IRREGULAR, "规范转载后下次采集自动销号，无需回复。", id="a repost of bad form is mended by a better one"),
        pytest.param(stale(STATISTICS), "更新后下次采集自动销号，无需回复。", id="an update closes by itself"),
        pytest.param(stale(STATISTICS), "如与实际不符，请将发布链接告知主管部门复核。", id="there is an appeal"),
    ],
)
def test_the_end_says_what_happens_by_itself(told: Alert, said: str) -> None:
    made = letter(told)

    assert said in lines(made)
    assert said in made.html


def test_who_owes_both_is_told_of_both() -> None:
    assert "更新或转载后下次采集自动销号，无需回复。" in lines(letter(stale(STATISTICS), MISSING))


def test_a_notice_to_mend_says_who_hears_of_a_missed_deadline() -> None:
    made = letter(stale(STATISTICS), step=Step.RECTIFY, due=TODAY + DAY, links=True)

    assert "期限内未整改也未反馈的，将告知县区主管部门。点“确认收到”即视为反馈。" in lines(made)


def test_nobody_is_threatened_with_a_county_that_the_account_does_not_name() -> None:
    made = letter(stale(FUND), step=Step.RECTIFY, due=TODAY + DAY)

    assert "期限内未整改也未反馈的，将在主管部门的监测清单中注明。不能按期整改的，请向主管部门反馈。" in lines(made)
    assert "县区" not in made.text


def test_a_recovery_asks_for_nothing_more() -> None:
    made = letter(recovered=(resolved(stale(STATISTICS), message="“石泉统计”(微博)已于2020-03-03更新", post_url="https://weibo.example/2"),))

    assert lines(made)[:5] == [
        "“石泉统计”(微博)【已恢复】",
        "已于2020-03-03更新，问题已销号",
        "无需办理",
        "原问题：“石泉统计”(微博)已50天未更新(最后更新2020-01-13)",
        "最近发布：https://weibo.example/2",
    ]
    assert made.subject == "【已恢复】“石泉统计”(微博)已于2020-03-03更新，问题已销号"
    assert "请" not in made.text


def test_a_recovery_without_proof_of_an_update_claims_none() -> None:
    made = letter(recovered=(resolved(stale(STATISTICS)),))

    assert made.subject == "【已恢复】“石泉统计”(微博)的问题已销号"
    assert lines(made)[:2] == ["“石泉统计”(微博)【已恢复】", "问题已销号"]


def test_what_one_update_ended_is_told_once() -> None:
    done = "“石泉统计”(微博)已于2020-03-03更新"
    over = (resolved(stale(STATISTICS), message=done), resolved(holiday(STATISTICS), message=done))

    made = letter(recovered=over)

    assert made.subject == f"【已恢复】{done}，问题已销号"
    assert made.text.count("无需办理") == 1 and made.text.count("原问题：") == 2


# -- several accounts in one item ---------------------------------------------------------------------------------------------


def test_accounts_that_reach_the_line_in_one_holiday_are_told_together() -> None:
    made = letter(holiday(FUND), holiday(STATISTICS, "2020-04-04"))

    assert made.subject == "【节前提醒】清明假期内将超期的账号2个，请于4月3日前更新"
    assert lines(made)[:7] == [
        "“安康住房公积金”(微信)等2个账号【节前提醒】",
        "清明假期（4月4日至4月6日）内将超期",
        "请于4月3日前更新",
        "· “安康住房公积金”(微信)",
        "超期日期：4月5日",
        "· “石泉统计”(微博)　石泉县统计局",
        "超期日期：4月4日",
    ]


def test_one_account_before_a_holiday_has_the_rules_own_sentence_as_subject() -> None:
    made = letter(holiday(STATISTICS))

    assert made.subject == "【节前提醒】“石泉统计”(微博)将在清明假期内（4月5日）满14天未更新，请于4月3日前更新"
    assert lines(made)[1] == "清明假期（4月4日至4月6日）内将超期"


@pytest.mark.parametrize(
    ("lines_on", "said"),
    [
        pytest.param(("2020-04-07",), "清明假期（4月4日至4月6日）后首个工作日将超期", id="the morning after"),
        pytest.param(("2020-04-07", "2020-04-04"), "清明假期（4月4日至4月6日）内及节后首个工作日将超期", id="one within, one after"),
    ],
)
def test_a_line_on_the_morning_after_a_holiday_is_told_as_that(lines_on: tuple[str, ...], said: str) -> None:
    told = [holiday(account, line_on) for account, line_on in zip((STATISTICS, FUND), lines_on, strict=False)]

    assert lines(letter(*told))[1] == said


def test_who_is_asked_to_mend_it_by_a_date_is_not_mixed_with_who_is_told_first() -> None:
    other = alert(FUND, "", Severity.ACCUSATION, "未转载", article_id="a1", evidence=HINT)
    told = notice(MISSING, other)
    decisions = {**told.decisions, other.id: Decision(other, OPERATOR, Why.RECTIFY, Step.RECTIFY, due=TODAY + DAY)}

    made = written(Notice(OPERATOR, (MISSING, other), decisions=decisions))

    assert made.subject == "【未转载】“石泉统计”(微博)等2个账号：未转载1项、整改通知1项"
    assert {"请尽快按要求转载，并注明来源", "请于3月4日前整改并反馈"} <= set(lines(made))


def test_the_letter_reads_unit_by_unit_and_account_by_account() -> None:
    theirs = STATISTICS.model_copy(update={"id": "t", "name": "石泉数据"})
    other = FUND.model_copy(update={"unit": "公积金中心"})
    accounts = {each.id: each for each in (STATISTICS, theirs, other)}

    made = letter(stale(STATISTICS), stale(other), warned(theirs), warned(STATISTICS), accounts=accounts, person=COUNTY)

    heads = [line for line in lines(made) if line.startswith("“")]
    assert heads == [
        "“石泉统计”(微博)　石泉县统计局【内容不更新】",
        "“石泉统计”(微博)　石泉县统计局【预警】",
        "“石泉数据”(微博)　石泉县统计局【预警】",
        "“安康住房公积金”(微信)　公积金中心【内容不更新】",
    ]


def test_moments_are_those_of_the_letter_not_of_the_machine() -> None:
    assert lines(letter(stale(STATISTICS)))[-1].endswith(NOW.astimezone().strftime("%Y-%m-%d") + " 09:00")
