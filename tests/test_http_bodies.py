"""Bodies as they come through the door: unfolded, capped, in any charset, broken ones refused."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import time
import zlib
from collections.abc import AsyncIterator

import pytest
from channels import Reply, serving, speaking

from adapters.http import Answer, Door
from monitor.errors import ParseError

CAP = 100_000


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), body_cap=CAP, retry_wait=0.0) as opened:
        yield opened


async def fetched(door: Door, reply: Reply) -> Answer:
    async with serving(reply) as served:
        return await door.fetch("lane", served.base_url)


def packed(body: bytes, wbits: int) -> bytes:
    packer = zlib.compressobj(wbits=wbits)
    return packer.compress(body) + packer.flush()


ENCODINGS = {
    "plain": ("identity", b"hello"),
    "gzip": ("gzip", gzip.compress(b"hello")),
    "gzip in two members": ("gzip", gzip.compress(b"hel") + gzip.compress(b"lo")),
    "gzip with rubbish behind": ("x-gzip", gzip.compress(b"hello") + b"rubbish"),
    "deflate with its head": ("deflate", packed(b"hello", 15)),
    "deflate without": ("deflate", packed(b"hello", -15)),
}


@pytest.mark.parametrize(("encoding", "body"), ENCODINGS.values(), ids=ENCODINGS)
async def test_a_body_is_unfolded(encoding: str, body: bytes, door: Door) -> None:
    answer = await fetched(door, Reply(body, headers={"Content-Encoding": encoding}))

    assert answer.body == b"hello"
    assert answer.digest == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
async def test_an_empty_body_is_no_fault_of_its_encoding(encoding: str, door: Door) -> None:
    assert (await fetched(door, Reply(b"", headers={"Content-Encoding": encoding}))).body == b""


async def test_a_304_that_names_an_encoding_is_an_answer(door: Door) -> None:
    answer = await fetched(door, Reply(b"", 304, {"Content-Encoding": "gzip"}))

    assert answer.status == 304


BOMBS = {
    "too long": ("", b"x" * (CAP + 1)),
    "gzip bomb": ("gzip", gzip.compress(b"\0" * 50_000_000)),
    "deflate bomb": ("deflate", packed(b"\0" * 50_000_000, 15)),
    "bomb in the second member": ("gzip", gzip.compress(b"x") + gzip.compress(b"\0" * 50_000_000)),
    "endless rubbish behind": ("gzip", gzip.compress(b"x") + b"\0" * (CAP + 1)),
    "broken": ("gzip", b"\x1f\x8b\x08\x00" + b"\xff" * 100),
    "not what it says": ("gzip", b"hello"),
    "not asked for": ("br", b"hello"),
}


@pytest.mark.parametrize(("encoding", "body"), BOMBS.values(), ids=BOMBS)
async def test_a_body_we_cannot_take_is_a_parse_error_at_once(encoding: str, body: bytes, door: Door) -> None:
    begun = time.perf_counter()

    with pytest.raises(ParseError):
        await fetched(door, Reply(body, headers={"Content-Encoding": encoding}))

    assert time.perf_counter() - begun < 2


async def test_a_body_of_just_the_cap_is_taken(door: Door) -> None:
    answer = await fetched(door, Reply(gzip.compress(b"x" * CAP), headers={"Content-Encoding": "gzip"}))

    assert len(answer.body) == CAP


async def test_an_endless_body_is_cut_off(door: Door) -> None:
    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    async with speaking(pour) as url:
        with pytest.raises(ParseError, match="over"):
            await door.fetch("lane", url)


CHARSETS = {
    "application/json": "utf-8",
    "application/json; charset=UTF-8": "utf-8",
    "application/json;charset=gbk": "gbk",
    'text/json; charset="GB2312"; x=y': "gb2312",
    "text/json; charset=big5": "big5",
    "text/json; charset=utf-16": "utf-16",
}


@pytest.mark.parametrize(("kind", "codec"), CHARSETS.items())
async def test_a_body_in_another_charset_is_read(kind: str, codec: str, door: Door) -> None:
    answer = await fetched(door, Reply(json.dumps({"a": "中文"}, ensure_ascii=False).encode(codec), headers={"Content-Type": kind}))

    assert json.loads(answer.utf8()) == {"a": "中文"}


@pytest.mark.parametrize("charset", ["idna", "punycode", "unicode_escape", "zlib", "rot13", "no-such", ""])
async def test_a_charset_that_is_none_is_not_tried(charset: str, door: Door) -> None:
    answer = await fetched(door, Reply(b"{}", headers={"Content-Type": f"text/json; charset={charset}"}))

    assert answer.charset == "" and answer.utf8() == b"{}"
