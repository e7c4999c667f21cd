"""A letter's bytes: headers that every mail program reads alike, and that no name, title or number can break."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header
from email.message import EmailMessage
from email.policy import compat32, default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.notify.wire import REFERENCES_CAP, Ends, as_bytes, ascii_address
from monitor.ports import Letter, ListName
from monitor.wording import plain

NOW = datetime(2020, 3, 2, 20, 30, 5, tzinfo=UTC)
ENDS = Ends("monitor@city.example", "xinxi@shiquan.example", "政务新媒体监测")
LETTER = Letter(to=ENDS.recipient, number="0f" * 16, subject="【更新提醒】石泉发布", text="您好\n", html="<p>您好</p>")
ENCODED_WORD = re.compile(rb"=\?[^?]+\?[bBqQ]\?([^?]*)\?=")
HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "List-Id", "Auto-Submitted", "X-Auto-Response-Suppress"),
    *("MIME-Version", "Content-Type"),
]
HOSTILE = {
    "a header of its own": "甲\r\nBcc: all@city.example",
    "a header after a bare feed": "a\nBcc: all@city.example",
    "a header after a bare return": "a\rBcc: all@city.example",
    "a header after an odd line end": "a\x0bBcc: all@city.example\x85Bcc: b@city.example\u2028Bcc: c@city.example",
    "an early end of the headers": "a\r\n\r\n<p>read this instead</p>",
    "another address": "甲, all@city.example",
    "another address in brackets": "a <all@city.example>, b",
    "a quote left open": 'a" <all@city.example',
    "a comment left open": "a (all@city.example",
    "a group": "a: all@city.example;",
    "an encoded word of its own": "=?utf-8?q?a=0D=0ABcc:_all@city.example?=",
    "a null and a bell": "a\x00b\x07",
    "marks that turn a line around": "a\u202e\u2066moc.elpmaxe",
    "half a surrogate pair": "a\ud800b",
    "a backslash": "a\\",
    "nothing": "",
    "blanks": " \t ",
}


def written(letter: Letter = LETTER, ends: Ends = ENDS) -> bytes:
    return as_bytes(letter, ends, NOW)


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage) and message.defects == []
    return message


def heading(content: bytes) -> bytes:
    return content.partition(b"\r\n\r\n")[0]


def words_of(content: bytes, header: str) -> str:
    """Read a header as an old mail program does: unfold it, then decode its words one by one."""
    raw = str(message_from_bytes(content, policy=compat32)[header]).replace("\r\n", "").replace("\n", "")
    return "".join(part if isinstance(part, str) else part.decode(charset or "ascii") for part, charset in decode_header(raw))


def assert_fit_for_the_wire(content: bytes) -> None:
    assert content.isascii() and content.endswith(b"\r\n")
    assert b"\r" not in content.replace(b"\r\n", b"") and b"\n" not in content.replace(b"\r\n", b"")
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    for line in heading(content).split(b"\r\n"):
        assert line.strip(), "a blank line folded into a header"
        assert b"=?" not in line or len(line) <= 76
    for word in ENCODED_WORD.finditer(heading(content)):
        assert len(word.group()) <= 75


# -- what stands in it ------------------------------------------------------------------------------------------------------------


def test_the_headers_are_these_and_no_others() -> None:
    message = read(written())

    assert list(message.keys()) == HEADERS
    assert message["Date"] == "Tue, 03 Mar 2020 04:30:05 +0800"
    assert message["Message-ID"] == f"<{LETTER.number}@city.example>"
    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert [address.addr_spec for address in message["To"].addresses] == [LETTER.to]
    assert message["From"].addresses[0].display_name == "政务新媒体监测"


def test_an_answer_names_its_thread() -> None:
    message = read(written(replace(LETTER, thread=("a" * 32, "b" * 32, "c" * 32))))

    assert message["In-Reply-To"] == f"<{'c' * 32}@city.example>"
    assert str(message["References"]).split() == [f"<{letter * 32}@city.example>" for letter in "abc"]


def test_a_long_thread_keeps_its_head_and_its_latest() -> None:
    thread = tuple(f"{number:032x}" for number in range(200))

    message = read(written(replace(LETTER, thread=thread)))

    named = str(message["References"]).split()
    assert (len(named), named[0], named[-1]) == (REFERENCES_CAP, f"<{thread[0]}@city.example>", f"<{thread[-1]}@city.example>")


@pytest.mark.parametrize("about", ListName)
def test_the_list_says_what_the_letter_is_about(about: ListName) -> None:
    content = written(replace(LETTER, about=about))

    assert re.search(rb"^List-Id: =\?utf-8\?b\?\S+\?=\s+<" + about.value.encode() + rb"\.zhengwu-monitor\.city\.example>\r$", content, re.M)


def test_text_and_html_arrive_as_they_were_written() -> None:
    text, html = "第一行\n\n.点\nFrom 行\n" + "长" * 500, "<p>“引”&amp;😀</p>\n" * 50

    parts = list(read(written(replace(LETTER, text=text, html=html))).iter_parts())

    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [part.get_content().replace("\r\n", "\n") for part in parts] == [text, html]
    assert {part["Content-Transfer-Encoding"] for part in parts} == {"base64"}


def test_the_same_letter_has_the_same_bytes() -> None:
    assert written() == written()


# -- long and odd texts -----------------------------------------------------------------------------------------------------------

SUBJECTS = {
    "short": "【预警】石泉统计",
    "long": "【内容不更新】“石泉统计”(微博)已50天未更新(最后更新2020-01-13)，请于9月30日前更新" * 4,
    "Latin words between": "【整改通知】Shiquan 统计 (Weibo) 已 50 天未更新 please update 请更新 now " * 3,
    "emoji": "🇨🇳😀𠮷" * 30,
    "ASCII": "Reminder: 3 accounts are due",
    "long ASCII": "word " * 49,
    "an encoded word's look": "=?utf-8?b?5oKo?= is text",
    "blanks within": "甲   乙\t丙",
}


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_a_subject_is_read_alike_by_new_programs_and_old(subject: str) -> None:
    content = written(replace(LETTER, subject=subject))

    assert_fit_for_the_wire(content)
    assert str(read(content)["Subject"]) == words_of(content, "Subject") == plain(subject)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("王某某", id="Chinese"),
        pytest.param('王"某", 张\'某\'', id="quotes and commas"),
        pytest.param("王某 <wang@elsewhere.example>", id="an address"),
        pytest.param("😀王🏛️", id="emoji"),
        pytest.param("石泉县统计局信息中心" * 20, id="two hundred characters"),
        pytest.param("Wang, Shiquan; Bureau: a (b) \\", id="Latin with signs"),
        pytest.param("Shiquan Bureau", id="Latin"),
    ],
)
def test_a_name_stays_a_name(name: str) -> None:
    content = written(replace(LETTER, to_name=name))

    [address] = read(content)["To"].addresses
    assert_fit_for_the_wire(content)
    assert address.addr_spec == LETTER.to
    # This Python's reader sets a blank between two encoded words of a name, against RFC 2047, 6.2; the older one does not.
    assert address.display_name.replace(" ", "") == plain(name).replace(" ", "")
    assert words_of(content, "To").replace(f" <{LETTER.to}>", f"<{LETTER.to}>") == f"{plain(name)}<{LETTER.to}>"


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_name_and_subject_fit_the_wire(name: str, subject: str) -> None:
    content = written(replace(LETTER, to_name=name, subject=subject))

    assert_fit_for_the_wire(content)
    assert words_of(content, "Subject") == plain(subject)
    assert [address.addr_spec for address in read(content)["To"].addresses] == [LETTER.to]


# -- nothing gets in ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("place", ["to_name", "subject", "number", "thread", "sender_name"])
def test_no_text_ends_a_header_or_adds_an_address(place: str, text: str) -> None:
    letter, ends = replace(LETTER, thread=("a" * 32,)), ENDS
    if place == "sender_name":
        ends = replace(ends, sender_name=text)
    else:
        letter = replace(letter, **{place: ("b" * 32, text) if place == "thread" else text})

    content = written(letter, ends)

    message = read(content)
    assert_fit_for_the_wire(content)
    assert sorted(message.keys()) == sorted([*HEADERS, "In-Reply-To", "References"])
    assert [address.addr_spec for address in message["To"].addresses] == [LETTER.to]
    assert [address.addr_spec for address in message["From"].addresses] == [ENDS.sender]
    assert place == "subject" or b"all@city.example" not in content
    assert len(list(message.iter_parts())) == 2


def test_a_number_unfit_for_a_header_still_makes_a_repeat_recognisable() -> None:
    first, second, other = (read(written(replace(LETTER, number=number)))["Message-ID"] for number in ("a b\r\n", "a b\r\n", "a b\r\nc"))

    assert first == second != other
    assert re.fullmatch(r"<[0-9a-f]{32}@city\.example>", first)


def test_a_body_cannot_end_its_part() -> None:
    boundary = re.search(rb'boundary="([^"]+)"', written())
    assert boundary is not None
    text = f"--{boundary.group(1).decode()}--\r\nContent-Type: text/html\r\n\r\nread this instead"

    parts = list(read(written(replace(LETTER, text=text))).iter_parts())

    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert parts[0].get_content().splitlines() == text.splitlines()


def test_an_address_longer_than_any_server_takes_is_none() -> None:
    assert ascii_address("a" * 60 + "@city.example")
    assert ascii_address("a" * 250 + "@city.example") == ""
