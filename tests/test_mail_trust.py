"""Whom a letter and the password are entrusted to: a server whose certificate an authority of ours vouches for, and nobody else."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from mailroom import (
    HERE,
    LETTER,
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
from pydantic import SecretStr

from monitor.settings import SmtpSettings

SECURITIES = ["starttls", "tls"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def wishes(port: int, trust: Trust, security: str) -> SmtpSettings:
    return secure(port, trust, security=security, timeout_seconds=2.0)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@pytest.mark.parametrize("security", SECURITIES)
async def test_many_letters_share_one_secured_connection_and_one_login(authority: Authority, security: str) -> None:
    room, trust = Mailroom(), authority.vouch()
    implicit = trust.server if security == "tls" else None
    door = {"auth_require_tls": False} if implicit else {"require_starttls": True, "tls_context": trust.server}
    login = {"authenticator": let_in, "auth_required": True, "auth_exclude_mechanism": ["LOGIN"]}

    async with open_mailroom(room, implicit=implicit, **door, **login) as port:
        post = notifier(wishes(port, trust, security))
        for _ in range(5):
            await post.send(LETTER)
        await post.rest()

    assert (room.connections, len(room.kept)) == (1, 5)


BAD = {
    "for another host": (x509.DNSName("mail.elsewhere.example"), timedelta(days=1), "mismatch"),
    "expired": (HERE, -timedelta(days=1), "expired"),
}


@pytest.mark.parametrize("security", SECURITIES)
@pytest.mark.parametrize(("name", "good_for", "named"), BAD.values(), ids=BAD)
async def test_a_bad_certificate_gets_neither_letter_nor_password(
    authority: Authority, security: str, name: x509.GeneralName, good_for: timedelta, named: str
) -> None:
    room, trust = Mailroom(), authority.vouch(name, good_for=good_for)
    implicit = trust.server if security == "tls" else None

    async with open_mailroom(room, implicit=implicit, tls_context=None if implicit else trust.server) as port:
        error = await refusal(wishes(port, trust, security))
        [line] = await notifier(wishes(port, trust, security)).check()

    assert (error.permanent, error.uncertain, error.recipient_only, room.commands) == (False, False, False, [])
    assert named in str(error) and "TLS" in line and named in line


@pytest.mark.parametrize("security", SECURITIES)
async def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority, security: str, tmp_path: Path) -> None:
    trust, other = authority.vouch(), Authority(tmp_path)
    room = Mailroom()
    implicit = trust.server if security == "tls" else None

    async with open_mailroom(room, implicit=implicit, tls_context=None if implicit else trust.server) as port:
        error = await refusal(wishes(port, replace(trust, ca_file=other.file), security))

    assert "stopped at tls" in str(error)
    assert room.commands == []


async def test_a_stripped_offer_of_starttls_ends_the_attempt_and_check_says_so(authority: Authority) -> None:
    room, trust = Mailroom(), authority.vouch()

    async with open_mailroom(room, authenticator=let_in, auth_require_tls=False) as port:
        error = await refusal(wishes(port, trust, "starttls"))
        [line] = await notifier(wishes(port, trust, "starttls")).check()

    assert (error.permanent, error.recipient_only, room.commands) == (False, False, [])
    assert "STARTTLS" in line


async def test_a_refused_starttls_ends_the_attempt(authority: Authority) -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example\r\n")
        for answer in (b"250-mail.example\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n", b"454 not now\r\n"):
            heard.append(await reader.readline())
            writer.write(answer)
        heard.append(await reader.readline())
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        error = await refusal(wishes(server.sockets[0].getsockname()[1], authority.vouch(), "starttls"))
        await asyncio.sleep(0.05)

    assert "454" in str(error)
    assert heard[1:] == [b"STARTTLS\r\n", b""]


async def test_tls_spoken_to_a_plain_port_fails_in_words(authority: Authority) -> None:
    async with open_mailroom(Mailroom()) as port:
        [line] = await notifier(wishes(port, authority.vouch(), "tls")).check()

    assert "TLS" in line


async def test_a_bad_password_stands_nowhere_in_what_is_raised(authority: Authority) -> None:
    trust, wrong = authority.vouch(), "wr0ng-Pass"

    async with open_secure_mailroom(Mailroom(), trust) as port:
        error = await refusal(secure(port, trust, password=SecretStr(wrong)))

    assert "535" in str(error)
    assert wrong not in "".join(traceback.format_exception(error)) + repr(vars(error))
    assert error.__context__ is None


async def test_the_words_of_a_server_that_repeats_a_login_are_blotted(authority: Authority) -> None:
    repeated = "AG1vbml0b3IAczNjcmV0LVBhc3M="
    room = Mailroom(rcpt=f"550 you said {repeated}")

    async with open_mailroom(room, authenticator=let_in, auth_require_tls=False, auth_exclude_mechanism=["LOGIN"]) as port:
        error = await refusal(secure(port, authority.vouch(), security="none"))

    assert repeated not in "".join(traceback.format_exception(error))
    assert PASSWORD not in repr(notifier(secure(port, authority.vouch())).settings)
