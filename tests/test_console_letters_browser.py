"""The pages behind a letter's links and the record of letters in a real browser, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from clocks import NOON
from desk import PaperDesk, metrics
from following import House, furnish
from mails import HTML, every_kind, letter, steps
from playwright.async_api import Page, async_playwright
from test_console_browser import QUIET
from tools import require_tool

from monitor.store import Store
from monitor.telling.records import Ask
from monitor.web import build

DESK, PHONE = 1280, 390
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
EVIL = f"<script>top.document.title='owned'</script><img src=x onerror=\"top.document.title='owned'\">{HTML}"


@asynccontextmanager
async def browse(desk: PaperDesk, address: str, width: int = DESK) -> AsyncIterator[tuple[Page, list[str]]]:
    """Open a page in Chromium; what the browser complained of stands in the list."""
    chromium = require_tool("chromium", "chromium")
    complaints: list[str] = []
    async with TestServer(build(desk, metrics)) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=QUIET)
        try:
            page = await browser.new_page(viewport={"width": width, "height": 844})
            page.on("console", lambda said: complaints.append(said.text) if "favicon" not in str(said.location) else None)
            await page.goto(str(server.make_url(address)))
            yield page, complaints
        finally:
            await browser.close()


@pytest.fixture
async def house(store: Store) -> House:
    return await furnish(store)


@pytest.mark.parametrize("width", [DESK, PHONE], ids=["desk", "phone"])
async def test_a_link_is_followed_with_one_press(house: House, store: Store, tmp_path: Path, width: int) -> None:
    desk = PaperDesk(errands=house.errands, moment=NOON)

    async with browse(desk, house.path(Ask.CLOSURE), width) as (page, complaints):
        await page.screenshot(path=tmp_path / "link.png", full_page=True)
        button = await page.get_by_role("button", name="申请关停").bounding_box()
        overflow = await page.evaluate(OVERFLOW)
        await page.get_by_role("button", name="申请关停").click()
        await page.screenshot(path=tmp_path / "done.png", full_page=True)
        heading = await page.locator("h1").text_content()
        await page.reload()
        again = await page.locator("h1").text_content()

    assert (heading, again) == ("申请关停：已登记", "该链接已使用")
    assert button is not None
    assert button["height"] >= 40
    assert button["y"] + button["height"] < 844
    assert overflow <= 0
    assert [each for each in complaints if "410" not in each] == []
    assert len(await store.correspondence.requests()) == 1


@pytest.mark.parametrize("width", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("address", ["/letters", "/letters/1", "/do/x"])
async def test_nothing_overflows(address: str, width: int, tmp_path: Path) -> None:
    to = f"{'w' * 64}@{'w' * 180}.example"
    long = letter(9, subject="长" * 90 + "W" * 90, units=("W" * 90,) * 9, to=to, why="W" * 500, outcome="refused")
    desk = PaperDesk(sent=[*every_kind(), long], steps=steps(), moment=NOON)

    async with browse(desk, address, width) as (page, _):
        await page.screenshot(path=tmp_path / "page.png", full_page=True)
        overflow = await page.evaluate(OVERFLOW)

    assert overflow <= 0


async def test_a_letter_is_drawn_in_its_frame_and_what_is_hostile_in_it_does_nothing(tmp_path: Path) -> None:
    desk = PaperDesk(sent=[letter(1, html=EVIL)], steps=steps(), moment=NOON)

    async with browse(desk, "/letters/1") as (page, complaints):
        await page.screenshot(path=tmp_path / "letter.png", full_page=True)
        title = await page.title()
        frame = page.frame_locator("iframe")
        drawn = await frame.locator(".card").evaluate("each => getComputedStyle(each).backgroundColor")
        link = await frame.locator("a").evaluate("each => getComputedStyle(each).pointerEvents")

    assert "owned" not in title
    assert drawn == "rgb(255, 255, 255)"
    assert link == "none"
    assert complaints
