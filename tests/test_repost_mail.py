"""The mail about a key article: what it names, how it reads, what a hostile title cannot do to it, and one through a real mail server."""

from __future__ import annotations

import email
from datetime import timedelta
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from clocks import NOON
from daemons import SetClock, quick_settings, running, until
from judging import state
from makers import DAY, HOUR, account, post, snapshot
from makers import poll as polled
from storing import claim_one, write

from daemon import tables
from demo.mailbox import Mail, Mailbox
from monitor.alerting import Notice
from monitor.app import App
from monitor.life import RECOVERY
from monitor.model import Account, Alert, Article, Contact, Finding, Firing, Platform, Repost, Role, Severity, Stage
from monitor.notify import letters
from monitor.ports import AccountFacts, Letter
from monitor.settings import Settings
from monitor.wording import form_words
from rules.missing_repost import MissingRepost

CLERK = Contact(email="clerk@city.example", name="李文书", role=Role.CLERK)
FIRE = account("xa", code="990001M002XL0001", name="示例应急", unit="示例市应急管理局", region="示例市", platform=Platform.WEIBO)
LINK = "https://www.example.invalid/tongzhi/fx01.html"
TASK = Article(id="fx-01", title="关于做好春季山林防火工作的通知", urls=(LINK,), published_at=NOON - 42 * HOUR, due_at=NOON - 18 * HOUR)
EVIDENCE = {
    "post_url": "https://weibo.example/xa/1",
    "published_at": (NOON - HOUR).isoformat(),
    "channel": "weibo.openapi 6100000001",
    "looked_at": (NOON - 3 * HOUR).isoformat(),
    "covers_from": TASK.published_at.isoformat(),
    "covers_until": (NOON - 3 * HOUR).isoformat(),
    "article_title": TASK.title,
    "article_url": LINK,
    "due_at": TASK.due_at.isoformat(),
}
TITLES = {"weibo.openapi": "微博官方接口", "feed": "订阅源"}
FORM = [{"reason": "截断或摘要", "measure": "正文覆盖 38%", "limit": "不低于 60%", "detail": ""}]


def alert(message: str = "《关于做好春季山林防火工作的通知》应于3月3日18:00前转载，“示例应急”(微博)尚未检测到", **fields: Any) -> Alert:
    stage = fields.pop("stage", Stage.OPEN)
    about: dict[str, Any] = {"rule": "missing_repost", "subject": FIRE.id, "account_id": FIRE.id, "article_id": TASK.id}
    said = {"severity": Severity.ACCUSATION, "rung": 2, "label": "未转载", "message": message, "evidence": EVIDENCE, **fields}
    finding = Finding(status=Firing.FIRING, tells=(Role.OPERATOR, Role.CLERK), **about, **said)
    return Alert(id=finding.key, finding=finding, stage=stage, opened_at=NOON, last_seen_at=NOON)


def letter(*opened: Alert, recovered: tuple[Alert, ...] = (), accounts: dict[str, Account] | None = None) -> Letter:
    known = {FIRE.id: FIRE} if accounts is None else accounts
    return letters.write(Notice(CLERK, opened, recovered), known, letters.Words("示例市", "https://jiance.example/", titles=TITLES), NOON)


def lines(made: Letter) -> list[str]:
    return [line.strip() for line in made.text.splitlines() if line.strip()]


def test_a_missing_repost_names_article_link_deadline_account_and_what_was_looked_at() -> None:
    made = letter(alert())

    assert made.subject == "【未转载】《关于做好春季山林防火工作的通知》应于3月3日18:00前转载，“示例应急”(微博)尚未检测到"
    assert lines(made) == [
        "“示例应急”(微博)【未转载】",
        "《关于做好春季山林防火工作的通知》应于3月3日18:00前转载，尚未检测到",
        "请尽快按要求转载，并注明来源",
        "重要信息：《关于做好春季山林防火工作的通知》",
        "截止时间：2026-03-03 18:00",
        "单位：示例市应急管理局，示例市",
        "标识码：990001M002XL0001",
        "核对情况：已核对该账号3月2日18:00至3月4日09:00发布的内容（微博官方接口，3月4日09:00采集），未发现转载",
        f"原文：{LINK}",
        "核对记录：https://jiance.example/articles/fx-01/xa",
        "转载后下次采集自动销号，无需回复。",
        "如与实际不符，请将发布链接告知主管部门复核。",
        "清单与依据：https://jiance.example/",
        "--",
        "李文书：本邮件由示例市政务新媒体监测自动发送　2026-03-04 12:00",
    ]


def test_the_page_says_the_same_and_links_to_the_original_not_to_the_last_post() -> None:
    made = letter(alert())

    assert all(line.partition("：")[2] in made.html for line in lines(made)[3:8])
    assert f'href="{LINK}"' in made.html and "查看原文" in made.html
    assert "weibo.example" not in made.html + made.text


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        pytest.param(("channel",), "发布的内容（3月4日09:00采集），未发现转载", id="no channel"),
        pytest.param(("looked_at",), "发布的内容（微博官方接口），未发现转载", id="no time of a look"),
        pytest.param(("channel", "looked_at"), "发布的内容，未发现转载", id="neither"),
    ],
)
def test_what_is_not_known_of_the_look_is_not_said(gone: tuple[str, ...], told: str) -> None:
    evidence = {key: value for key, value in EVIDENCE.items() if key not in gone}

    assert any(line.endswith(told) for line in lines(letter(alert(evidence=evidence))))


def test_without_a_span_nothing_is_claimed_to_have_been_looked_through() -> None:
    made = letter(alert(evidence={}))

    assert "核对情况" not in made.text and "原文：" not in made.text
    assert made.html.count("href") == 2, "the record on the console, and the console"


HOSTILE = '<img src=x onerror=alert(1)>"\r\nBcc: all@city.example\u202e\x00'


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://gov.example@evil.example/", "data:text/html,x", "https://a.example/\n"])
def test_a_hostile_article_stays_text_and_gives_no_link(url: str) -> None:
    made = letter(alert(evidence=EVIDENCE | {"article_title": HOSTILE * 200, "article_url": url, "channel": HOSTILE}))

    assert "<img" not in made.html and "\nBcc:" not in made.text
    assert "查看原文" not in made.html and "原文：" not in made.text
    assert not any(char in made.text + made.html for char in "\r\x00\u202e")
    assert len(made.text) < 2_000


@pytest.mark.parametrize("value", [None, 5, {}, [], "昨天"], ids=repr)
def test_unreadable_evidence_is_left_out(value: Any) -> None:
    made = letter(alert(evidence=dict.fromkeys([*EVIDENCE, "form", "repost_url", RECOVERY], value)))

    assert "截止时间" not in made.text and "核对情况" not in made.text and "不规范之处" not in made.text


def test_who_left_the_roster_is_named_by_its_id() -> None:
    assert lines(letter(alert(), accounts={}))[0] == "xa【未转载】"


def test_a_hint_asks_for_the_repost_in_time() -> None:
    later = EVIDENCE | {"due_at": (NOON + 6 * HOUR).isoformat()}

    made = letter(alert(severity=Severity.NOTICE, rung=0, label="转载提醒", evidence=later))

    assert made.subject.startswith("【转载提醒】")
    assert lines(made)[2] == "请于今日18:00前转载，并注明来源"


def test_an_irregular_repost_says_what_was_measured_and_where_it_stands() -> None:
    evidence = EVIDENCE | {"form": FORM, "repost_url": "https://weibo.example/xa/7", "reason": "截断或摘要"}
    evidence = {key: value for key, value in evidence.items() if not key.startswith("covers")}
    message = "“示例应急”(微博)已转载《关于做好春季山林防火工作的通知》，形式与要求不符：截断或摘要"
    made = letter(alert(message, severity=Severity.WARNING, rung=1, label="转载不规范", evidence=evidence))

    assert made.subject == f"【转载不规范】{message}"
    assert {
        "请核对，并按要求规范转载：保留原标题，正文完整，注明来源",
        "不规范之处：截断或摘要（正文覆盖 38%，标准：不低于 60%）",
        "转载：https://weibo.example/xa/7",
    } <= set(lines(made))
    assert not any(word in made.text for word in ("警告", "处罚", "失职", "未发现转载"))


def resolved(**proof: Any) -> Alert:
    return alert(stage=Stage.RESOLVED, evidence=EVIDENCE | {RECOVERY: proof})


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        pytest.param(
            {"message": "“示例应急”(微博)已转载《防火》（转载不及时：迟2小时0分）"},
            "“示例应急”(微博)已转载《防火》（转载不及时：迟2小时0分），问题已销号",
            id="the rule's own words",
        ),
        pytest.param(
            {"reposted_at": NOON.isoformat(), "published_at": NOON.isoformat(), "article_title": "防火"},
            "“示例应急”(微博)已转载《防火》，问题已销号",
            id="a repost whose form is told of in an alert of its own",
        ),
    ],
)
def test_a_recovery_says_reposted_and_leads_to_the_repost(proof: dict[str, str], said: str) -> None:
    made = letter(recovered=(resolved(repost_url="https://weibo.example/xa/7", **proof),))

    assert made.subject == f"【已恢复】{said}"
    assert "转载：https://weibo.example/xa/7" in lines(made)
    assert "查看转载" in made.html


POLICE = [account(f"x{n}", name="示例警方", unit="示例市公安局", platform=each) for n, each in enumerate((Platform.WECHAT, Platform.WEIBO))]
CITY = {each.id: each for each in (FIRE, *POLICE)}


def missing(of: Account, **fields: Any) -> Alert:
    about = alert(f"《防火》应于3月3日18:00前转载，“{of.name}”({of.platform.label})尚未检测到", **fields)
    finding = about.finding.model_copy(update={"subject": of.id, "account_id": of.id})
    return about.model_copy(update={"id": finding.key, "finding": finding})


def test_accounts_that_miss_the_same_article_share_a_paragraph_by_unit() -> None:
    made = letter(missing(POLICE[1]), missing(FIRE), missing(POLICE[0]), accounts=CITY)

    looked = "已核对该账号3月2日18:00至3月4日09:00发布的内容（微博官方接口，3月4日09:00采集），未发现转载"
    assert made.subject == "【未转载】《关于做好春季山林防火工作的通知》应于3月3日18:00前转载，“示例警方”(微博)等3个账号尚未检测到"
    assert lines(made)[:12] == [
        "“示例警方”(微博)等3个账号【未转载】",
        "《关于做好春季山林防火工作的通知》应于3月3日18:00前转载，尚未检测到",
        "请尽快按要求转载，并注明来源",
        "重要信息：《关于做好春季山林防火工作的通知》",
        "截止时间：2026-03-03 18:00",
        "· “示例警方”(微信)　示例市公安局",
        f"核对情况：{looked}",
        "· “示例警方”(微博)　示例市公安局",
        f"核对情况：{looked}",
        "· “示例应急”(微博)　示例市应急管理局",
        f"核对情况：{looked}",
        f"原文：{LINK}",
    ]


def test_beside_a_recovery_the_subject_counts_the_accounts_of_a_shared_paragraph() -> None:
    mended = alert(stage=Stage.RESOLVED)

    made = letter(missing(POLICE[1]), missing(POLICE[0]), recovered=(mended,), accounts=CITY)

    assert made.subject == "【未转载】“示例警方”(微博)等3个账号：未转载2项、已恢复1项"


def test_other_articles_and_other_requests_keep_paragraphs_of_their_own() -> None:
    other = missing(POLICE[0])
    other = other.model_copy(update={"finding": other.finding.model_copy(update={"article_id": "fx-02"})})
    warned = missing(POLICE[1], severity=Severity.WARNING, label="转载不规范")

    made = letter(missing(FIRE), other, warned, missing(POLICE[0]), accounts=CITY)

    assert made.text.count("\n请") == 3
    assert made.subject == "【未转载】“示例应急”(微博)等4项：未转载3项、转载不规范1项"


def test_who_owes_both_is_asked_for_both() -> None:
    idle = alert("“示例应急”(微博)已50天未更新", label="内容不更新")
    idle = idle.model_copy(update={"finding": idle.finding.model_copy(update={"article_id": None})})

    assert any(line.startswith("更新或转载后下次采集自动销号") for line in lines(letter(alert(), idle)))


@pytest.mark.parametrize(
    ("form", "words"),
    [
        pytest.param(FORM, ("截断或摘要（正文覆盖 38%，标准：不低于 60%）",), id="measure and limit"),
        pytest.param([{"reason": "图片"}], ("图片",), id="neither"),
        pytest.param([{"reason": "图片", "limit": "有文字"}], ("图片（标准：有文字）",), id="a limit alone"),
        pytest.param([{"measure": "3"}, "x", None], (), id="odd entries"),
        pytest.param("改标题", (), id="no list"),
    ],
)
def test_a_flaw_is_told_with_its_measure_and_limit(form: Any, words: tuple[str, ...]) -> None:
    assert form_words(form) == words


# -- from the rule to the mailbox -----------------------------------------------------------------------------------------------


SEEN = NOON - HOUR / 2
"""When the account was last looked at: its next look comes after all that happens here."""


async def store_city(settings: Settings, silent: Account) -> None:
    """Enrol an account that published other things only, seen whole until half an hour ago, with the task it owes."""
    async with App(settings, tables(), SetClock(SEEN)) as app:
        await app.store.put_accounts([silent], {}, SEEN)
        page = snapshot(post(1, NOON - 2 * HOUR, silent.id, title="今日天气"), since=NOON - 9 * DAY, until=SEEN)
        await app.store.put_articles([TASK])
        await app.store.commit([write(await claim_one(app.store, silent.id, SEEN), polled(page, account_id=silent.id, at=SEEN))])


def read(mail: Mail) -> tuple[str, str]:
    """Return the plain and the HTML part of a mail as it lay on the server."""
    message = email.message_from_bytes(mail.path.read_bytes(), policy=default)
    parts = {part.get_content_type(): str(part.get_content()) for part in message.walk() if not part.is_multipart()}
    return parts["text/plain"], parts["text/html"]


async def test_a_missing_repost_reaches_the_operator_by_mail_and_its_recovery_too(mongod: str, database: str, tmp_path: Path) -> None:
    silent = FIRE.model_copy(update={"contacts": (Contact(email="xinxi@yingji.example", name="王小明"),)})
    async with Mailbox(tmp_path / "mails") as mailbox:
        smtp = {"host": "127.0.0.1", "port": mailbox.port, "security": "none", "sender": "z@example.invalid"}
        settings = quick_settings(mongod, database, smtp=smtp, notify={"city": "示例市", "one_a_day": False, "flap_minutes": 0})
        await store_city(settings, silent)
        clock = SetClock(NOON)
        async with running(settings, clock) as app:
            await until(lambda: mailbox.mails)
            late = Repost(
                article_id=TASK.id,
                account_id=silent.id,
                post_id="weibo:xa:2",
                published_at=NOON,
                evidence={"url": "https://weibo.example/xa/2"},
            )
            clock.moment = NOON + timedelta(minutes=1)
            await app.store.put_reposts([late])
            await until(lambda: len(mailbox.mails) > 1)

    (told, recovered) = mailbox.mails
    text, page = read(told)
    assert told.to == recovered.to == "xinxi@yingji.example"
    assert told.subject == "【未转载】《关于做好春季山林防火工作的通知》应于3月3日18:00前转载，“示例应急”(微博)尚未检测到"
    assert "核对情况：已核对该账号3月2日18:00至3月4日11:30发布的内容（订阅源，3月4日11:30采集），未发现转载" in text
    assert f"原文：{LINK}" in text and f'href="{LINK}"' in page
    assert recovered.subject.startswith("【已恢复】“示例应急”(微博)已转载《关于做好春季山林防火工作的通知》（转载不及时：迟18小时0分）")
    assert "转载：https://weibo.example/xa/2" in read(recovered)[0]


def test_the_rule_s_own_evidence_is_what_the_letter_reads() -> None:
    owing = AccountFacts(account=FIRE, state=state(None, (NOON - 9 * DAY, NOON - HOUR), account_id=FIRE.id), now=NOON, articles=(TASK,))
    (finding,) = MissingRepost().judge(owing)

    made = letter(Alert(id="1", finding=finding, stage=Stage.OPEN, opened_at=NOON, last_seen_at=NOON))

    assert "核对情况：已核对该账号3月2日18:00至3月4日11:00发布的内容（订阅源，3月4日11:00采集），未发现转载" in lines(made)
    assert f"原文：{LINK}" in lines(made) and "截止时间：2026-03-03 18:00" in lines(made)
