"""Group robots and webhooks: what is said, what a refusal means, and that no address ever shows. Against a real HTTP server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import traceback
from dataclasses import replace

import pytest
from groups import Group
from pydantic import SecretStr

from monitor.errors import BadSettings, NotifyError
from monitor.notify import group_plugins
from monitor.notify.robots import TEXT_CAP_BYTES, Robot, RobotNotifier, read_robots, words
from monitor.ports import Letter

pytest_plugins = ["group_served"]

KEY = "5a1e9d0c4b7f"
SIGN = "SEC77aa12cd"
LETTER = Letter(
    to="robot:监测群",
    number="0f" * 16,
    subject="【预警】石泉统计（微博）已12天未更新",
    text="您好：\n\n石泉统计（微博）已12天未更新。\n查看：https://console.example/do/secret-token\n请于3月9日前更新。\n",
    html="<p>您好</p>",
    short="石泉统计（微博）已12天未更新，请于3月9日前更新。",
)


def robots(*urls: str, timeout_seconds: float = 5.0) -> RobotNotifier:
    named = [Robot("监测群" if not number else f"群{number}", SecretStr(url), "clerk") for number, url in enumerate(urls)]
    return RobotNotifier(named, timeout_seconds=timeout_seconds)


def webhook(group: Group) -> str:
    return group.url.replace("http://", "json://") + f"/hook/{KEY}?+X-Token={KEY}"


async def refusal(notifier: RobotNotifier, letter: Letter = LETTER) -> NotifyError:
    with pytest.raises(NotifyError) as caught:
        await notifier.send(letter)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert (caught.value.permanent, caught.value.recipient_only) == (False, True)
    return caught.value


# -- what is said -------------------------------------------------------------------------------------------------------------------

WHOLE = f"{LETTER.subject}\n{LETTER.short}"


async def test_wecom_is_told_in_a_plain_text(group: Group) -> None:
    await robots(f"wecombot://{KEY}").send(LETTER)

    assert group.told == [{"msgtype": "text", "text": {"content": WHOLE}}]
    assert group.heard[0].path_qs == f"/cgi-bin/webhook/send?key={KEY}"


async def test_dingtalk_is_told_in_a_plain_text_and_signed_as_it_asks(group: Group) -> None:
    await robots(f"dingtalk://{SIGN}@{KEY}").send(LETTER)

    [told], [request] = group.told, group.heard
    assert (told["msgtype"], told["text"]) == ("text", {"content": WHOLE})
    assert request.query["access_token"] == KEY
    signed = f"{request.query['timestamp']}\n{SIGN}".encode()
    assert request.query["sign"] == base64.b64encode(hmac.new(SIGN.encode(), signed, hashlib.sha256).digest()).decode()


async def test_dingtalk_without_a_secret_is_not_signed(group: Group) -> None:
    await robots(f"dingtalk://{KEY}").send(LETTER)

    assert "sign" not in group.heard[0].query


async def test_feishu_is_told_in_a_plain_text(group: Group) -> None:
    group.body = '{"code": 0, "msg": "success", "data": {}}'

    await robots(f"feishu://{KEY}").send(LETTER)

    assert group.told == [{"msg_type": "text", "content": {"text": WHOLE}}]
    assert group.heard[0].path == f"/open-apis/bot/v2/hook/{KEY}"


async def test_a_webhook_gets_title_and_text_apart_and_may_answer_anything(group: Group) -> None:
    group.status, group.body = 204, ""

    await robots(webhook(group)).send(LETTER)

    assert (group.told[0]["title"], group.told[0]["message"]) == (LETTER.subject, LETTER.short)
    assert (group.heard[0].path, group.heard[0].headers["X-Token"]) == (f"/hook/{KEY}", KEY)


def test_the_hosts_are_those_of_the_platforms() -> None:
    assert group_plugins.WeCom.notify_url == "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={key}"
    assert group_plugins.DingTalk.notify_url == "https://oapi.dingtalk.com/robot/send?access_token={token}"
    assert group_plugins.Feishu.notify_url == "https://open.feishu.cn/open-apis/bot/v2/hook/{token}"


# -- what is refused ----------------------------------------------------------------------------------------------------------------

SERVICES = [f"wecombot://{KEY}", f"dingtalk://{KEY}", f"feishu://{KEY}"]


@pytest.mark.parametrize("url", SERVICES, ids=["wecom", "dingtalk", "feishu"])
@pytest.mark.parametrize(
    ("body", "named"),
    [
        pytest.param('{"errcode": 93000, "errmsg": "invalid webhook url"}', "93000", id="wecom's word"),
        pytest.param('{"errcode": 310000, "errmsg": "sign not match"}', "310000", id="dingtalk's word"),
        pytest.param('{"code": 19024, "msg": "Key Words Not Found"}', "19024", id="feishu's word"),
        pytest.param("<html>sign in to this network</html>", "missing", id="a page of somebody else"),
        pytest.param("[]", "missing", id="no verdict"),
        pytest.param('{"errcode": "0"}', "missing", id="a verdict of another kind"),
    ],
)
async def test_a_refusal_that_comes_with_status_200_is_a_refusal(group: Group, url: str, body: str, named: str) -> None:
    group.body = body

    error = await refusal(robots(url))

    assert named in str(error) and not error.uncertain


@pytest.mark.parametrize("status", [302, 401, 404, 429, 500])
async def test_a_status_that_is_no_success_is_a_refusal_and_no_redirect_is_followed(group: Group, status: int) -> None:
    group.status = status

    error = await refusal(robots(webhook(group)))

    assert f"HTTP {status}" in str(error)
    assert len(group.heard) == 1


async def test_a_server_that_is_down_has_certainly_not_heard(unused_tcp_port: int) -> None:
    error = await refusal(robots(f"json://127.0.0.1:{unused_tcp_port}/{KEY}"))

    assert not error.uncertain


async def test_a_server_that_does_not_answer_may_have_heard(group: Group) -> None:
    group.wait = 5.0

    error = await refusal(robots(webhook(group), timeout_seconds=0.2))

    assert error.uncertain


async def test_a_server_that_drips_its_answer_is_left_behind_and_the_other_groups_go_on(group: Group) -> None:
    group.drips = True
    notifier = robots(webhook(group), webhook(group), timeout_seconds=0.3)

    first = await refusal(notifier)
    second = await refusal(notifier)
    group.drips = False
    await notifier.send(replace(LETTER, to="robot:群1"))

    assert (first.uncertain, second.uncertain, len(group.heard)) == (True, False, 2)


async def test_a_robot_nobody_has_set_up_is_an_error_of_its_own(group: Group) -> None:
    error = await refusal(robots(webhook(group)), replace(LETTER, to="robot:别的群"))

    assert "no robot" in str(error)


@pytest.mark.parametrize("service", [*SERVICES, "json://127.0.0.1:1/" + KEY])
async def test_no_library_writes_an_address_into_a_log(group: Group, service: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    group.status = 500

    await refusal(robots(service))

    ours = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert KEY not in "\n".join(ours)
    assert KEY not in repr(Robot("群", SecretStr(service), "clerk"))


async def test_the_loop_is_free_while_a_group_is_told(group: Group) -> None:
    group.wait = 0.3
    beats = 0
    task = asyncio.create_task(robots(webhook(group)).send(LETTER))
    while not task.done():
        await asyncio.sleep(0.02)
        beats += 1

    assert beats > 5


# -- words --------------------------------------------------------------------------------------------------------------------------


def test_a_letter_without_a_short_form_lends_its_first_lines_but_no_link() -> None:
    _, body = words(replace(LETTER, short=""))

    assert body.splitlines() == ["您好：", "石泉统计（微博）已12天未更新。", "请于3月9日前更新。"]


@pytest.mark.parametrize("short", ["石" * 5_000, "石泉统计已12天未更新\n" * 500, "a" * 3_000, ""])
def test_a_long_text_is_cut_to_what_the_services_take(short: str) -> None:
    title, body = words(replace(LETTER, subject="【预警】" * 300, short=short, text="行\n" * 900))

    assert len(f"{title}\n{body}".encode()) <= TEXT_CAP_BYTES
    assert title.endswith("…") and body


def test_a_name_cannot_call_the_whole_group_or_turn_a_line_around() -> None:
    title, body = words(replace(LETTER, subject='甲<at user_id="all">所有人</at>\r\n', short="<@all>\u202e乙\ud800\x07"))

    assert (title, body) == ('甲＜at user_id="all"＞所有人＜/at＞', "＜@all＞乙")


# -- settings -----------------------------------------------------------------------------------------------------------------------


def row(**changed: object) -> dict[str, object]:
    return {"name": "监测群", "url": f"wecombot://{KEY}", "role": "clerk", **changed}


def test_robots_are_read_with_their_roles() -> None:
    text = json.dumps([row(), row(name="运维", url=f"jsons://hooks.example/{KEY}", role="sysadmin")], ensure_ascii=False)

    first, second = read_robots(text)

    assert (first.address, first.role, second.address, second.role) == ("robot:监测群", "clerk", "robot:运维", "sysadmin")
    assert KEY not in repr((first, second))


@pytest.mark.parametrize("text", ["", "  \n", "[]"])
def test_there_are_none_by_default(text: str) -> None:
    assert read_robots(text) == ()


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        pytest.param(f'[{{"url": "wecombot://{KEY}"', "JSON", id="cut off"),
        pytest.param(f'"wecombot://{KEY}"', "JSON", id="an address alone"),
        pytest.param([f"wecombot://{KEY}"], "第 1 项", id="a list of addresses"),
        pytest.param([row(), row(name="二", url=None)], "第 2 项", id="no address"),
        pytest.param([row(name="二", extra=KEY)], "name、url、role", id="a key too many"),
        pytest.param([row(name="")], "name", id="no name"),
        pytest.param([row(name="a\nb")], "name", id="a name of two lines"),
        pytest.param([row(name="群" * 41)], "name", id="a long name"),
        pytest.param([row(), row(name="监测群 ")], "name", id="a blank behind a name"),
        pytest.param([row(name="Ops"), row(name="ops")], "重复", id="two of one name"),
        pytest.param([row(role="operator")], "role", id="a role that has no group"),
        pytest.param([row(url=f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}")], "wecombot://", id="the address as copied"),
        pytest.param([row(url=f"syslog://{KEY}")], "url", id="another of apprise's many"),
        pytest.param([row(url="wecombot://")], "url", id="no key"),
        pytest.param([row(url=f"wecombot://{KEY}%20{KEY}")], "url", id="an impossible key"),
        pytest.param([row(url=f"jsons://hooks.example/{KEY}?verify=no")], "证书校验", id="verification switched off"),
        pytest.param([row(name=f"群{number}") for number in range(51)], "50", id="too many"),
    ],
)
def test_bad_settings_are_named_in_chinese_and_never_quoted(
    rows: object, named: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    text = rows if isinstance(rows, str) else json.dumps(rows, ensure_ascii=False)

    with pytest.raises(BadSettings) as caught:
        read_robots(text)

    assert all("notify.robots" in line for line in caught.value.problems)
    assert named in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value)) + caplog.text + "".join(capfd.readouterr())
    assert caught.value.__context__ is None
