"""Handing letters over: against a real SMTP server with STARTTLS and login, and against servers that misbehave."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import replace

import pytest
from mailroom import (
    LETTER,
    NOW,
    PASSWORD,
    Authority,
    Mailroom,
    Trust,
    let_in,
    notifier,
    open_mailroom,
    open_secure_mailroom,
    refusal,
    secure,
)
from mailroom import settings as plain
from pydantic import SecretStr

from monitor.settings import SmtpSettings


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return Authority(tmp_path_factory.mktemp("trust")).vouch()


# -- what arrives ---------------------------------------------------------------------------------------------------------------


async def test_a_letter_arrives_through_starttls_and_login_with_all_its_parts(trust: Trust) -> None:
    room = Mailroom()

    async with open_secure_mailroom(room, trust) as port:
        await notifier(secure(port, trust)).send(LETTER)

    message = room.message()
    assert (room.kept[0].mail_from, room.kept[0].rcpt_tos) == ("monitor@city.example", [LETTER.to])
    assert message["Subject"] == LETTER.subject
    assert message["From"].addresses[0].display_name == "政务新媒体监测"
    assert message["To"] == LETTER.to
    assert message["Message-ID"] == f"<{LETTER.number}@city.example>"
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    text, html = (part.get_content() for part in message.iter_parts())
    assert (text.splitlines(), html.strip()) == (LETTER.text.splitlines(), LETTER.html)


async def test_the_wire_carries_seven_bits_in_short_lines() -> None:
    room = Mailroom()

    async with open_mailroom(room) as port:
        await notifier(plain(port)).send(LETTER)

    content = room.kept[0].content
    assert isinstance(content, bytes) and content.isascii()
    assert max(len(line) for line in content.split(b"\r\n")) <= 998


async def test_a_letter_arrives_over_tls_from_the_first_byte(trust: Trust) -> None:
    room = Mailroom()

    async with open_mailroom(room, implicit=trust.server) as port:
        await notifier(plain(port, security="tls", ca_file=str(trust.ca_file))).send(LETTER)

    assert room.message()["Subject"] == LETTER.subject


async def test_a_chinese_domain_travels_in_ascii() -> None:
    room = Mailroom()

    async with open_mailroom(room) as port:
        await notifier(plain(port)).send(replace(LETTER, to="xinxi@石泉.example"))

    [recipient] = room.kept[0].rcpt_tos
    assert recipient == "xinxi@" + "石泉.example".encode("idna").decode()


async def test_a_line_cut_after_acceptance_is_no_fault() -> None:
    room = Mailroom(cut="quit")

    async with open_mailroom(room) as port:
        await notifier(plain(port)).send(LETTER)

    assert len(room.kept) == 1


# -- what does not --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("room", "meaning"),
    [
        pytest.param(Mailroom(rcpt="550 no such mailbox"), "permanent recipient_only", id="recipient unknown"),
        pytest.param(Mailroom(rcpt="550 5.1.1 no such mailbox"), "permanent recipient_only", id="recipient unknown, in the newer words"),
        pytest.param(Mailroom(rcpt="554 5.7.1 relay access denied"), "recipient_only", id="a relay set up wrongly refuses everybody"),
        pytest.param(Mailroom(data="550 5.7.1 looks like spam"), "recipient_only", id="a rule of the server refuses the text"),
        pytest.param(Mailroom(rcpt="450 greylisted, come again"), "recipient_only", id="greylisting"),
        pytest.param(Mailroom(rcpt="452 mailbox full"), "recipient_only", id="mailbox full"),
        pytest.param(Mailroom(rcpt="421 shutting down"), "", id="the server closes when it hears the recipient"),
        pytest.param(Mailroom(rcpt="530 log in first"), "", id="a login is a setting, not the recipient's fault"),
        pytest.param(Mailroom(sender="553 sender not allowed"), "", id="a sender is a setting and may be mended"),
        pytest.param(Mailroom(sender="421 shutting down"), "", id="the server closes when it hears the sender"),
        pytest.param(Mailroom(cut="rcpt"), "", id="line cut before the letter left"),
        pytest.param(Mailroom(data="552 too big"), "permanent recipient_only", id="content refused"),
        pytest.param(Mailroom(data="451 try later"), "recipient_only", id="content deferred"),
        pytest.param(Mailroom(data="421 shutting down"), "", id="the server closes instead of taking the text"),
        pytest.param(Mailroom(cut="data"), "uncertain", id="line cut after the letter left"),
        pytest.param(Mailroom(cut="silence"), "uncertain", id="no answer after the letter left"),
        pytest.param(Mailroom(data="what?"), "uncertain", id="an answer nobody understands"),
        pytest.param(Mailroom(data="354 more"), "uncertain", id="an answer to something else"),
    ],
)
async def test_where_an_attempt_ends_decides_what_it_means(room: Mailroom, meaning: str) -> None:
    async with open_mailroom(room) as port:
        error = await refusal(plain(port, timeout_seconds=0.5))

    assert [word for word in ("permanent", "uncertain", "recipient_only") if getattr(error, word)] == meaning.split()


async def test_a_server_that_is_down_is_tried_again_later(unused_tcp_port: int) -> None:
    error = await refusal(plain(unused_tcp_port))

    assert (error.permanent, error.uncertain) == (False, False)


async def test_a_server_that_drips_its_greeting_for_ever_is_given_up() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            writer.write(b"220-wait\r\n")
            await asyncio.sleep(0.02)
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server:
        error = await refusal(plain(server.sockets[0].getsockname()[1], timeout_seconds=0.2))

    assert (error.permanent, error.uncertain) == (False, False)


async def test_a_cancelled_attempt_stays_cancelled() -> None:
    async with open_mailroom(Mailroom(cut="silence")) as port:
        task = asyncio.create_task(notifier(plain(port)).send(LETTER))
        await asyncio.sleep(0.2)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("", id="empty"),
        pytest.param("nobody", id="no domain"),
        pytest.param("a@", id="empty domain"),
        pytest.param("@b.example", id="empty mailbox"),
        pytest.param("a@b.example\r\nRCPT TO:<c@d.example>", id="a second command"),
        pytest.param("a@b.example, c@d.example", id="two addresses"),
        pytest.param("王@b.example", id="a mailbox beyond ASCII"),
        pytest.param("a@b..example", id="an empty label"),
        pytest.param("甲 <a@b.example>", id="a name beside it"),
    ],
)
async def test_an_address_no_server_could_take_is_refused_before_connecting(address: str, unused_tcp_port: int) -> None:
    error = await refusal(plain(unused_tcp_port), replace(LETTER, to=address))

    assert (error.permanent, error.uncertain) == (True, False)


async def test_a_letter_that_cannot_be_encoded_is_refused(unused_tcp_port: int) -> None:
    error = await refusal(plain(unused_tcp_port), replace(LETTER, text="\ud800"))

    assert error.permanent


# -- secrets and settings -------------------------------------------------------------------------------------------------------


async def test_a_refused_login_may_be_mended_and_its_error_holds_no_secret(trust: Trust) -> None:
    async with open_secure_mailroom(Mailroom(), trust) as port:
        error = await refusal(secure(port, trust, password=SecretStr("wrong-Pass")))

    assert (error.permanent, error.uncertain) == (False, False)
    assert "535" in str(error)
    assert error.__cause__ is None
    assert "wrong-Pass" not in f"{error!r} {error.__dict__}"


async def test_a_server_that_repeats_the_password_does_not_bring_it_into_the_error() -> None:
    room = Mailroom(rcpt=f"550 you said {PASSWORD}")

    async with open_mailroom(room, authenticator=let_in, auth_require_tls=False, auth_exclude_mechanism=["LOGIN"]) as port:
        error = await refusal(plain(port, username="monitor", password=SecretStr(PASSWORD)))

    assert "550" in str(error)
    assert PASSWORD not in "".join(traceback.format_exception(error))


async def test_an_unknown_certificate_is_not_trusted(trust: Trust) -> None:
    room = Mailroom()

    async with open_secure_mailroom(room, trust) as port:
        error = await refusal(secure(port, trust, ca_file=""))

    assert (error.permanent, room.kept) == (False, [])


async def test_a_server_without_starttls_gets_neither_letter_nor_password(trust: Trust) -> None:
    room = Mailroom()

    async with open_mailroom(room, authenticator=let_in, auth_require_tls=False) as port:
        error = await refusal(secure(port, trust))

    assert (error.permanent, room.kept) == (False, [])


async def test_check_is_silent_when_all_is_well(trust: Trust) -> None:
    room = Mailroom()

    async with open_secure_mailroom(room, trust) as port:
        lines = await notifier(secure(port, trust)).check()

    assert (lines, room.kept) == ([], [])


Break = Callable[[int, Trust], SmtpSettings]


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        pytest.param(lambda port, trust: plain(port, host=""), "smtp.host", id="no host"),
        pytest.param(lambda port, trust: plain(port, sender=""), "smtp.sender", id="no sender"),
        pytest.param(lambda port, trust: plain(port, sender="监测平台"), "smtp.sender", id="a sender without an address"),
        pytest.param(lambda port, trust: plain(port, username="monitor"), "ZHENGWU_SMTP__PASSWORD", id="no password"),
        pytest.param(lambda port, trust: secure(port, trust, password=SecretStr("x")), "登录未成功", id="wrong password"),
        pytest.param(lambda port, trust: secure(port, trust, ca_file=""), "TLS", id="unknown certificate"),
        pytest.param(lambda port, trust: secure(port, trust, ca_file="/nonexistent"), "smtp.ca_file", id="no such CA file"),
        pytest.param(lambda port, trust: secure(1, trust), "无法连接", id="nobody listens"),
    ],
)
async def test_check_says_in_chinese_what_to_mend_and_sending_waits(broken: Break, named: str, trust: Trust) -> None:
    async with open_secure_mailroom(Mailroom(), trust) as port:
        [line] = await notifier(broken(port, trust)).check()
        error = await refusal(broken(port, trust))

    assert named in line
    assert not error.permanent
