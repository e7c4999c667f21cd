"""What WeChat pushes to us: signed, sealed, fresh, taken once, and entered only for the account it is about."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from channels import EXAMPLES, NOW, asked, expected, fixtures, told
from clocks import FrozenClock
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from desk import PaperDesk, metrics
from pydantic import SecretStr
from structlog.testing import capture_logs

from adapters.http import Door
from adapters.reading.wechat_crypto import is_signed, unsealed
from adapters.wechat_callback import ACCESS_KIND, TICKET_KIND, WechatCallback
from monitor.access.credentials import CredentialBook, Vault
from monitor.errors import AuthError, Degraded, LookError, ParseError, StoreAway
from monitor.model import Account, Channel, Platform, Snapshot
from monitor.ports import Adapter, Grant, Heard, Listener, Pushed
from monitor.web import build
from monitor.web.callback import BODY_CAP, Switchboard, add_callbacks

NAME = "wechat.callback"
GH = "gh_000000000001"
WORD, KEY, APPID, COMPONENT = "the-callback-word", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0demo", "wx0component"
TICKET = "ticket@@@that-must-never-be-shown"
BOOK = {
    "sealed": {"token": WORD, "aes_key": KEY, "appid": APPID},
    "clear": {"token": WORD, "appid": APPID},
    "component": {"token": WORD, "aes_key": KEY, "component_appid": COMPONENT},
    "first": {"component": "component", "authorizer_appid": "wx0first"},
    "second": {"component": "component", "authorizer_appid": "wx0second"},
    "nothing": {"appid": APPID},
    "short": {"token": WORD, "aes_key": "short", "appid": APPID},
}
EVENTS = {path.stem: path.read_bytes() for path in fixtures(NAME)}
SENT = EVENTS["sent"]


def signature(*words: str) -> str:
    return hashlib.sha1("".join(sorted(words)).encode()).hexdigest()


def seal(message: bytes, appid: str = APPID, key: str = KEY, padding: int | None = None) -> str:
    """Return the message as WeChat seals it."""
    plain = b"r" * 16 + len(message).to_bytes(4, "big") + message + appid.encode()
    pad = 32 - len(plain) % 32
    plain += bytes([pad if padding is None else padding]) * pad
    secret = base64.b64decode(key + "=")
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def clear(body: bytes = SENT, at: datetime = NOW, nonce: str = "n1", word: str = WORD, **query: str) -> Pushed:
    stamp = str(int(at.timestamp()))
    asked_for = {"signature": signature(word, stamp, nonce), "timestamp": stamp, "nonce": nonce, **query}
    return Pushed("POST", asked_for, {}, body)


def sealed(message: bytes = SENT, at: datetime = NOW, nonce: str = "n1", word: str = WORD, appid: str = APPID, **seals: object) -> Pushed:
    stamp, box = str(int(at.timestamp())), seal(message, appid, **seals)  # type: ignore[arg-type]
    body = f"<xml><ToUserName><![CDATA[{GH}]]></ToUserName><Encrypt><![CDATA[{box}]]></Encrypt></xml>".encode()
    words = {"msg_signature": signature(word, stamp, nonce, box), "signature": signature(word, stamp, nonce)}
    return Pushed("POST", {**words, "timestamp": stamp, "nonce": nonce, "encrypt_type": "aes", "openid": "oX"}, {}, body)


def info(kind: str, appid: str = COMPONENT, at: datetime = NOW, **fields: str) -> bytes:
    more = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
    stamp = int(at.timestamp())
    return f"<xml><AppId>{appid}</AppId><CreateTime>{stamp}</CreateTime><InfoType>{kind}</InfoType>{more}</xml>".encode()


@pytest.fixture
def vault() -> Vault:
    return Vault(CredentialBook(SecretStr(json.dumps(BOOK))))


@pytest.fixture
async def made(vault: Vault) -> AsyncIterator[WechatCallback]:
    async with Door(random.Random(1)) as door:
        yield WechatCallback(WechatCallback.Settings(), door, vault)


def watched(credential: str = "sealed", handle: str = GH) -> tuple[Account, Channel]:
    channel = Channel(adapter=NAME, handle=handle, options={"credential": credential})
    return Account(id="610900M001WX0001", platform=Platform.WECHAT, name="青溪发布", channels=(channel,)), channel


# -- what a push tells --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", fixtures(NAME), ids=lambda path: path.stem)
def test_every_push_is_read_as_written_down(path: Path) -> None:
    reader = EXAMPLES[NAME].read
    assert reader is not None

    assert told(lambda: reader(path.read_bytes(), asked(NAME))) == expected(path)


def test_it_listens_and_is_never_asked(made: WechatCallback) -> None:
    assert isinstance(made, Listener)


async def test_a_look_is_no_failure_of_the_account_and_no_silence(made: WechatCallback) -> None:
    account, channel = watched()

    with pytest.raises(Degraded):
        await made.look(account, channel, {}, NOW)


def test_a_push_is_told_to_its_own_account_only(made: WechatCallback) -> None:
    account, channel = watched(handle="gh_000000000002")

    with pytest.raises(ParseError, match="wrong account"):
        made.told(account, channel, SENT, NOW)


# -- what is let in -----------------------------------------------------------------------------------------------------------


async def test_the_first_question_of_the_platform_is_answered_with_its_own_word(made: WechatCallback) -> None:
    asked_first = Pushed("GET", {**clear().query, "echostr": "7241593840"}, {}, b"")

    assert made.hear("sealed", asked_first, NOW) == Heard(answer="7241593840")


@pytest.mark.parametrize("word", ["<script>alert(1)</script> x", "ä", "1" * 5_000, ""])
def test_what_is_answered_back_is_a_plain_word_or_nothing(word: str, made: WechatCallback) -> None:
    answer = made.hear("clear", Pushed("GET", {**clear().query, "echostr": word}, {}, b""), NOW).answer

    assert len(answer) <= 200 and " " not in answer and answer.isascii()


@pytest.mark.parametrize("credential", ["clear", "sealed"])
def test_a_send_is_opened_numbered_and_handed_on(credential: str, made: WechatCallback) -> None:
    heard = made.hear(credential, clear() if credential == "clear" else sealed(), NOW)

    assert (heard.status, heard.answer, heard.handle, heard.payload) == (200, "success", GH, SENT)
    assert heard.number


def test_a_sealed_push_sent_again_has_the_same_number_and_another_message_another(made: WechatCallback) -> None:
    first, again = made.hear("sealed", sealed(), NOW), made.hear("sealed", sealed(nonce="n2", at=NOW + timedelta(seconds=5)), NOW)
    other = made.hear("sealed", sealed(EVENTS["published"]), NOW)

    assert first.number == again.number != other.number


def test_a_signature_overheard_serves_for_no_second_body(made: WechatCallback) -> None:
    first, forged = made.hear("clear", clear(), NOW), made.hear("clear", clear(EVENTS["published"]), NOW)

    assert first.number == forged.number


def test_what_followers_write_is_answered_and_not_kept(made: WechatCallback) -> None:
    heard = made.hear("sealed", sealed(EVENTS["message_of_a_follower"]), NOW)

    assert heard == Heard(answer="success")


REFUSED = {
    "a wrong signature": ("clear", clear(signature="0" * 40)),
    "no signature": ("clear", Pushed("POST", {"timestamp": clear().query["timestamp"], "nonce": "n1"}, {}, SENT)),
    "another word": ("clear", clear(word="guess")),
    "six minutes old": ("clear", clear(at=NOW - timedelta(minutes=6))),
    "six minutes ahead": ("clear", clear(at=NOW + timedelta(minutes=6))),
    "no time": ("clear", clear(timestamp="soon")),
    "in the clear, though a key is set": ("sealed", clear()),
    "a wrong seal": ("sealed", sealed(word="guess")),
    "the plain signature in place of the seal's": ("sealed", clear(sealed().body, msg_signature=clear().query["signature"])),
    "for another appid": ("sealed", sealed(appid="wx0other")),
    "for no appid": ("sealed", sealed(appid="")),
    "sealed with another key": ("sealed", sealed(key=KEY[::-1])),
    "a padding that cannot be": ("sealed", sealed(padding=200)),
    "a key that is none": ("short", sealed()),
    "a credential without its word": ("nothing", clear()),
    "a component's push in the clear": ("clear", clear(info("component_verify_ticket", ComponentVerifyTicket=TICKET))),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_the_platforms_is_refused_and_quotes_nothing(case: str, made: WechatCallback) -> None:
    credential, pushed = REFUSED[case]

    with pytest.raises(AuthError) as caught:
        made.hear(credential, pushed, NOW)

    said = f"{caught.value} {caught.value.head} {caught.value.__cause__}"
    assert not any(secret in said for secret in (WORD, KEY, TICKET, GH, "short'"))


@pytest.mark.parametrize("body", [b"", b"<xml>", b"<rss/>", b"\xff\xfe", b'{"a": 1}', b"<xml>" * 50_000, EVENTS["entities"]])
def test_a_signed_body_nobody_expected_is_a_parse_error(body: bytes, made: WechatCallback) -> None:
    with pytest.raises(ParseError):
        made.hear("clear", clear(body), NOW)


@pytest.mark.parametrize("box", ["", "!!!", base64.b64encode(b"x" * 15).decode(), base64.b64encode(b"x" * 16).decode()])
def test_a_box_that_is_none_is_refused(box: str) -> None:
    with pytest.raises(AuthError):
        unsealed(box, KEY, (APPID,))


def test_a_blank_token_lets_nobody_in(vault: Vault) -> None:
    book = CredentialBook(SecretStr(json.dumps({"blank": {"token": "  ", "appid": APPID}})))
    made = WechatCallback(WechatCallback.Settings(), Door(), Vault(book))

    with pytest.raises(AuthError, match="token"):
        made.hear("blank", clear(word=""), NOW)


def test_an_empty_appid_fits_nothing() -> None:
    with pytest.raises(AuthError):
        unsealed(seal(b"<xml/>", appid=""), KEY, ("", ""))


def test_a_signature_is_that_of_the_sorted_words() -> None:
    assert is_signed(signature("b", "a", "c"), "c", "b", "a")
    assert not is_signed("ä", "a")


# -- what concerns a component ------------------------------------------------------------------------------------------------


async def test_a_components_ticket_is_kept_for_twelve_hours(made: WechatCallback, vault: Vault) -> None:
    pushed = sealed(info("component_verify_ticket", ComponentVerifyTicket=TICKET), appid=COMPONENT)

    heard = made.hear("component", pushed, NOW)

    assert heard.handle == "" and heard.number
    assert await made.heed("component", heard.payload, NOW)
    grant = vault.grant("component", TICKET_KIND)
    assert grant is not None
    assert (grant.value, grant.issued_at, grant.until) == (TICKET, NOW, NOW + timedelta(hours=12))


async def test_an_older_ticket_does_not_replace_a_newer_one(made: WechatCallback, vault: Vault) -> None:
    await made.heed("component", info("component_verify_ticket", ComponentVerifyTicket="new"), NOW)
    await made.heed("component", info("component_verify_ticket", at=NOW - timedelta(minutes=10), ComponentVerifyTicket="old"), NOW)
    await made.heed("component", info("component_verify_ticket", at=NOW + timedelta(days=400), ComponentVerifyTicket="ahead"), NOW)

    kept = vault.grant("component", TICKET_KIND)
    assert kept is not None and kept.value == "new"


async def test_a_revoked_consent_ends_the_access_of_that_account_alone(made: WechatCallback, vault: Vault) -> None:
    for name in ("first", "second"):
        await vault.keep(name, ACCESS_KIND, Grant("t", NOW))

    assert await made.heed("component", info("unauthorized", AuthorizerAppid="wx0first"), NOW)

    assert vault.grant("first", ACCESS_KIND) is None
    assert vault.grant("second", ACCESS_KIND) is not None


async def test_other_words_of_a_component_are_heeded_and_change_nothing(made: WechatCallback, vault: Vault) -> None:
    assert await made.heed("component", info("authorized", AuthorizerAppid="wx0first"), NOW)
    assert not await made.heed("component", SENT, NOW)
    assert vault.expiries() == []


async def test_the_ticket_of_another_component_is_refused(made: WechatCallback) -> None:
    with pytest.raises(AuthError):
        await made.heed("component", info("component_verify_ticket", appid="wx0other", ComponentVerifyTicket=TICKET), NOW)


# -- over real HTTP -----------------------------------------------------------------------------------------------------------


@dataclass
class PaperBooks:
    """A store of paper: which numbers were taken, what was entered; it can be taken away."""

    accounts: Sequence[tuple[Account, Channel]] = field(default_factory=lambda: [watched()])
    numbers: dict[str, datetime] = field(default_factory=dict)
    entered: list[tuple[Account, Channel, Snapshot]] = field(default_factory=list)
    away: bool = False
    slow: float = 0.0

    async def heard(self, number: str) -> bool:
        await asyncio.sleep(self.slow)
        if self.away:
            raise StoreAway("gone")
        return number in self.numbers

    async def put_heard(self, number: str, at: datetime) -> None:
        self.numbers[number] = at

    async def listening(self, adapter: str, handle: str) -> Sequence[tuple[Account, Channel]]:
        return [(account, channel) for account, channel in self.accounts if (channel.adapter, channel.handle) == (adapter, handle)]

    async def enter(self, account: Account, channel: Channel, snapshot: Snapshot, now: datetime) -> None:
        self.entered.append((account, channel, snapshot))


@asynccontextmanager
async def console(adapter: Adapter, vault: Vault, books: PaperBooks) -> AsyncIterator[TestClient]:
    board = Switchboard({NAME: adapter}, vault.names(), books, FrozenClock(NOW))
    async with TestClient(TestServer(build(PaperDesk(), metrics, board))) as client:
        yield client


async def push(client: TestClient, pushed: Pushed, where: str = f"{NAME}/sealed") -> tuple[int, str]:
    answer = await client.request(pushed.method, f"/callback/{where}", params=dict(pushed.query), data=pushed.body or None)
    return answer.status, await answer.text()


async def test_a_send_is_entered_once_however_often_it_comes(made: WechatCallback, vault: Vault) -> None:
    books = PaperBooks()
    async with console(made, vault, books) as client:
        answers = [await push(client, sealed(nonce=nonce)) for nonce in ("n1", "n1", "n2")]

    assert answers == [(200, "success")] * 3
    ((account, channel, snapshot),) = books.entered
    assert (account.id, channel.handle, snapshot.partial != "", snapshot.covers_from) == ("610900M001WX0001", GH, True, None)
    assert len(snapshot.posts) == 2


async def test_the_platforms_question_is_answered_over_http_as_text(made: WechatCallback, vault: Vault) -> None:
    async with console(made, vault, PaperBooks()) as client:
        answer = await client.get(f"/callback/{NAME}/sealed", params={**clear().query, "echostr": "42"})

        assert (answer.status, await answer.text(), answer.content_type) == (200, "42", "text/plain")


async def test_a_credential_speaks_for_no_other_credentials_accounts(made: WechatCallback, vault: Vault) -> None:
    books = PaperBooks([watched(credential="clear")])
    async with console(made, vault, books) as client:
        assert await push(client, sealed()) == (200, "success")

    assert books.entered == []


@pytest.mark.parametrize("where", ["feed/sealed", f"{NAME}/nobody", f"{NAME}/", "no.such/sealed", f"{NAME}/sealed/more"])
async def test_where_nobody_listens_there_is_nothing(where: str, made: WechatCallback, vault: Vault) -> None:
    async with console(made, vault, PaperBooks()) as client:
        assert (await push(client, sealed(), where))[0] == 404


async def test_without_a_switchboard_there_is_no_such_address() -> None:
    async with TestClient(TestServer(build(PaperDesk(), metrics))) as client:
        assert (await push(client, sealed()))[0] == 404


@pytest.mark.parametrize(
    ("pushed", "status"),
    [
        pytest.param(clear(signature="0" * 40), 403, id="not the platform's"),
        pytest.param(sealed(EVENTS["not_a_push"]), 400, id="not understood"),
        pytest.param(clear(b"x" * (BODY_CAP + 1)), 413, id="too large"),
    ],
)
async def test_a_refusal_is_a_bare_number_and_nothing_of_the_push_is_logged(
    pushed: Pushed, status: int, made: WechatCallback, vault: Vault
) -> None:
    books = PaperBooks()
    with capture_logs() as logs:
        async with console(made, vault, books) as client:
            assert await push(client, pushed) == (status, "")

    written = json.dumps(logs, default=str)
    assert not any(word in written for word in (*pushed.query.values(), WORD, KEY, GH))
    assert (books.entered, books.numbers) == ([], {})


async def test_a_body_without_a_stated_length_has_the_same_cap(made: WechatCallback, vault: Vault) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b"x" * 1024

    async with console(made, vault, PaperBooks()) as client:
        answer = await client.post(f"/callback/{NAME}/sealed", params=dict(sealed().query), data=drops())

        assert answer.status == 413


async def test_while_the_database_is_away_the_push_is_asked_for_again(made: WechatCallback, vault: Vault) -> None:
    books = PaperBooks(away=True)
    async with console(made, vault, books) as client:
        assert (await push(client, sealed()))[0] == 503
        books.away = False
        assert await push(client, sealed()) == (200, "success")

    assert len(books.entered) == 1


async def test_a_slow_database_does_not_keep_the_platform_waiting(made: WechatCallback, vault: Vault) -> None:
    app = web.Application()
    add_callbacks(app, Switchboard({NAME: made}, vault.names(), PaperBooks(slow=5.0), FrozenClock(NOW)), seconds=0.1)
    async with TestClient(TestServer(app)) as client:
        assert (await push(client, sealed()))[0] == 503


async def test_a_ticket_that_comes_over_http_is_kept_and_never_written_anywhere(made: WechatCallback, vault: Vault) -> None:
    with capture_logs() as logs:
        async with console(made, vault, PaperBooks()) as client:
            pushed = sealed(info("component_verify_ticket", ComponentVerifyTicket=TICKET), appid=COMPONENT)
            assert await push(client, pushed, f"{NAME}/component") == (200, "success")

    assert vault.grant("component", TICKET_KIND) is not None
    assert TICKET not in json.dumps(logs, default=str) and TICKET not in repr(vault.grant("component", TICKET_KIND))


@pytest.mark.parametrize("path", fixtures(NAME), ids=lambda path: path.stem)
def test_any_piece_of_a_push_is_a_snapshot_or_a_look_error(path: Path) -> None:
    reader, body = EXAMPLES[NAME].read, path.read_bytes()
    assert reader is not None

    for cut in range(0, len(body), 7):
        for piece in (body[:cut], body[cut:], body[:cut] + b"\0<" + body[cut:]):
            try:
                reader(piece, asked(NAME))
            except LookError as error:
                assert error.head == ""
