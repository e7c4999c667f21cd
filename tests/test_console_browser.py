"""The console in a real browser: it is drawn, it can be searched, and hostile names do nothing there either."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp.test_utils import TestServer
from desk import PaperDesk, entry, metrics, roster
from playwright.async_api import Page, async_playwright
from tools import require_tool

from monitor.model import Verdict
from monitor.web import build

QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
DRAW = """(name, glyph) => {
    const canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d');
    pen.font = getComputedStyle(name).font;
    pen.fillText(glyph, 10, 40);
    return Array.from(pen.getImageData(0, 0, 60, 60).data).join();
}"""
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@asynccontextmanager
async def browse(desk: PaperDesk, address: str = "/") -> AsyncIterator[Page]:
    """Open the console in Chromium; a script error or a refused resource of the page fails the test."""
    chromium = require_tool("chromium", "chromium")
    complaints: list[str] = []
    async with TestServer(build(desk, metrics)) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=QUIET)
        try:
            page = await browser.new_page(viewport={"width": 1366, "height": 768})
            page.on("console", lambda said: complaints.append(said.text) if "favicon" not in str(said.location) else None)
            await page.goto(str(server.make_url(address)))
            yield page
        finally:
            await browser.close()
    assert complaints == []


async def test_the_page_is_drawn_with_its_style(tmp_path: Path) -> None:
    async with browse(PaperDesk()) as page:
        picture = await page.screenshot(path=tmp_path / "console.png", full_page=True)
        failed = await page.locator("tr.failed .verdict").first.evaluate("each => getComputedStyle(each).backgroundColor")
        doubtful = await page.locator("tr.undetermined .verdict").first.evaluate("each => getComputedStyle(each).backgroundColor")
        overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    assert len(picture) > 20_000
    assert failed != doubtful
    assert overflow <= 0


async def test_a_search_typed_by_hand_finds_the_account() -> None:
    async with browse(PaperDesk()) as page:
        await page.get_by_role("searchbox").fill("统计")
        await page.get_by_role("button", name="搜索").click()
        found = await page.locator("tbody .name").all_text_contents()

        await page.get_by_role("link", name="清除条件").click()
        everything = await page.locator("tbody .name").count()

    assert found == ["石泉统计"]
    assert everything == len(roster())


async def test_a_click_on_a_count_shows_those_accounts_and_a_second_click_all() -> None:
    async with browse(PaperDesk()) as page:
        await page.locator("a.count.undetermined").click()
        doubtful = await page.locator("tbody .name").all_text_contents()

        await page.locator("a.count.undetermined").click()
        everything = await page.locator("tbody .name").count()

    assert doubtful == ["镇坪文旅", "宁陕农业"]
    assert everything == len(roster())


async def test_a_hostile_name_is_drawn_as_text() -> None:
    async with browse(PaperDesk(entries=[entry(1, HOSTILE[:60], Verdict.FAILED, 50, region=HOSTILE, reason=HOSTILE)])) as page:
        title = await page.title()
        strangers = await page.locator("main img, main script").count()
        name = await page.locator("tbody .name").text_content()

    assert title == "政务新媒体监测"
    assert strangers == 0
    assert name == HOSTILE[:60]


async def test_chinese_characters_are_really_drawn() -> None:
    """Without a font every character is the same empty box, and the DOM does not notice."""
    async with browse(PaperDesk()) as page:
        name = page.locator("tbody .name").first
        drawn = [await name.evaluate(DRAW, glyph) for glyph in "政务转载政"]
        box = await name.evaluate(DRAW, "\U0010fffd")

    first, *others, again = drawn
    assert first == again
    assert len({first, *others, box}) == 5
