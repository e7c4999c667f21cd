"""Reading the console's pages over real HTTP: answers as trees, cells as words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp.test_utils import TestClient, TestServer
from desk import PaperDesk, metrics
from lxml import html

from monitor.web import build


@asynccontextmanager
async def visit(desk: PaperDesk) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(build(desk, metrics))) as client:
        yield client


async def page(desk: PaperDesk, address: str, status: int = 200) -> html.HtmlElement:
    async with visit(desk) as client:
        answer = await client.get(address)
        assert answer.status == status
        return html.fromstring(await answer.text())


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def cells(shown: html.HtmlElement, path: str) -> list[list[str]]:
    return [[words(cell) for cell in row.xpath("th|td")] for row in shown.xpath(path)]
