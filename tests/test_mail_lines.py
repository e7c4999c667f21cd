"""One connection for many letters: it is used again, replaced when the server ends it, and left politely."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from mailroom import LETTER, Mailroom, notifier, open_mailroom, refusal, settings

from monitor.errors import NotifyError
from monitor.ports import Letter

GREETING = b"220 mail.example\r\n"


def letters(count: int) -> list[Letter]:
    return [replace(LETTER, number=f"{number:032x}", to=f"unit{number}@city.example") for number in range(count)]


@asynccontextmanager
async def open_script(*answers: bytes) -> AsyncIterator[tuple[int, list[int]]]:
    """Serve connections that get these answers, one a command, and are then cut; yields the port and a list that grows with each."""
    seen: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(1)
        for answer in answers:
            writer.write(answer)
            await writer.drain()
            if not await reader.readline():
                break
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], seen


async def test_five_hundred_letters_go_over_one_connection_each_to_its_own_address() -> None:
    room, told = Mailroom(), letters(500)

    async with open_mailroom(room) as port:
        post = notifier(settings(port))
        for letter in told:
            await post.send(letter)
        await post.rest()

    assert (room.connections, room.commands[-1]) == (1, "QUIT")
    assert [envelope.rcpt_tos for envelope in room.kept] == [[letter.to] for letter in told]
    others = {letter.to.encode() for letter in told[1:]}
    content = room.kept[0].content
    assert isinstance(content, bytes) and not any(other in content for other in others)


async def test_after_a_rest_the_next_letter_opens_a_connection_anew() -> None:
    room = Mailroom()

    async with open_mailroom(room) as port:
        post = notifier(settings(port))
        await post.rest()
        await post.send(LETTER)
        await post.rest()
        await post.send(LETTER)

    assert (room.connections, len(room.kept)) == (2, 2)


async def test_letters_sent_at_once_take_turns() -> None:
    room, told = Mailroom(), letters(20)

    async with open_mailroom(room) as port:
        post = notifier(settings(port))
        await asyncio.gather(*(post.send(letter) for letter in told))

    assert (room.connections, len(room.kept)) == (1, 20)


@pytest.mark.parametrize("pause", [0.0, 0.2], ids=["at the same moment", "unnoticed before the next letter"])
async def test_a_server_that_closed_in_between_is_connected_once_more(pause: float) -> None:
    room = Mailroom(cut="after")

    async with open_mailroom(room) as port:
        post = notifier(settings(port))
        for letter in letters(3):
            await post.send(letter)
            await asyncio.sleep(pause)

    assert [envelope.rcpt_tos[0] for envelope in room.kept] == [letter.to for letter in letters(3)]


@pytest.mark.parametrize("answer", ["421 4.7.0 enough for now", "452 4.5.3 too many letters", "550 5.7.1 too many letters"])
async def test_a_server_that_takes_only_so_many_letters_gets_the_rest_over_a_new_connection(answer: str) -> None:
    room = Mailroom(letters_per_connection=4, limit_answer=answer)

    async with open_mailroom(room) as port:
        post = notifier(settings(port))
        for letter in letters(10):
            await post.send(letter)

    assert (room.connections, len(room.kept)) == (3, 10)


async def test_a_closing_server_is_asked_once_more_and_no_oftener() -> None:
    room = Mailroom()

    async with open_mailroom(room) as port:
        post = notifier(settings(port))
        await post.send(LETTER)
        room.sender = "421 shutting down"
        with pytest.raises(NotifyError) as caught:
            await post.send(LETTER)

    assert (caught.value.recipient_only, room.connections, room.commands) == (False, 2, ["MAIL", "MAIL", "MAIL"])


@pytest.mark.parametrize("answer", ["450 greylisted", "550 no such mailbox"])
async def test_a_refused_recipient_leaves_the_connection_to_the_others(answer: str) -> None:
    told = letters(3)
    room = Mailroom(rcpts={told[1].to: answer})

    async with open_mailroom(room) as port:
        post = notifier(settings(port))
        await post.send(told[0])
        with pytest.raises(NotifyError) as caught:
            await post.send(told[1])
        await post.send(told[2])

    assert (caught.value.recipient_only, room.connections) == (True, 1)
    assert [envelope.rcpt_tos for envelope in room.kept] == [[told[0].to], [told[2].to]]


async def test_a_refused_text_leaves_the_connection_to_the_others() -> None:
    room = Mailroom(data="552 too big")

    async with open_mailroom(room) as port:
        post = notifier(settings(port))
        with pytest.raises(NotifyError):
            await post.send(LETTER)
        room.data = ""
        await post.send(LETTER)

    assert (room.connections, len(room.kept)) == (1, 1)


async def test_a_letter_of_unknown_fate_is_not_sent_again_and_the_next_has_a_connection_of_its_own() -> None:
    room = Mailroom()

    async with open_mailroom(room) as port:
        post = notifier(settings(port, timeout_seconds=0.5))
        await post.send(LETTER)
        room.cut = "data"
        with pytest.raises(NotifyError) as caught:
            await post.send(LETTER)
        room.cut = ""
        await post.send(LETTER)

    assert (caught.value.uncertain, room.connections, len(room.kept)) == (True, 2, 3)


async def test_a_late_answer_to_one_letter_is_not_taken_for_the_next_ones() -> None:
    room = Mailroom(cut="silence")

    async with open_mailroom(room) as port:
        post = notifier(settings(port, timeout_seconds=0.3))
        with pytest.raises(NotifyError):
            await post.send(LETTER)
        room.cut, room.data = "", "554 refused"
        with pytest.raises(NotifyError) as caught:
            await post.send(LETTER)

    assert (caught.value.permanent, room.connections) == (True, 2)


async def test_a_cancelled_letter_takes_its_connection_with_it() -> None:
    room = Mailroom(cut="silence")

    async with open_mailroom(room) as port:
        post = notifier(settings(port))
        task = asyncio.create_task(post.send(LETTER))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        room.cut = ""
        await post.send(LETTER)

    assert room.connections == 2


async def test_a_line_cut_before_the_server_waits_for_the_text_is_not_uncertain() -> None:
    async with open_script(GREETING, b"250 mail.example\r\n", b"250 OK\r\n", b"250 OK\r\n") as (port, seen):
        error = await refusal(settings(port))

    assert (error.uncertain, error.permanent, error.recipient_only, len(seen)) == (False, False, False, 1)


async def test_a_line_cut_when_the_server_waits_for_the_text_is_uncertain() -> None:
    async with open_script(GREETING, b"250 mail.example\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n") as (port, _):
        error = await refusal(settings(port))

    assert (error.uncertain, error.recipient_only) == (True, False)


async def test_a_server_that_drips_every_answer_is_given_up() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        while await reader.readline():
            for _ in range(50):
                writer.write(b"250-wait\r\n")
                await asyncio.sleep(0.05)
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server:
        error = await refusal(settings(server.sockets[0].getsockname()[1], timeout_seconds=0.2))

    assert (error.permanent, error.uncertain, error.recipient_only) == (False, False, False)


async def test_resting_is_never_a_fault() -> None:
    room = Mailroom(cut="quit")

    async with open_mailroom(room) as port:
        post = notifier(settings(port))
        await post.send(LETTER)
        await post.rest()
        await post.rest()

    assert len(room.kept) == 1
