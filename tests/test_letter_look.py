"""Letters in a real browser, as a phone and a desk show them, by day and by night: nothing is cut off, all can be read and pressed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright
from tools import require_tool
from writing import COUNTY, FUND, STATISTICS, alert, holiday, letter, resolved, stale, trouble, warned

from monitor.model import Account, Alert, Platform, Severity, Step
from monitor.ports import Letter

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
READABLE = 4.5
"""The contrast that WCAG 2.1 asks for at level AA."""
TAP_PIXELS = 40
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

CONTRASTS = """() => {
    const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = node => {
        for (; node; node = node.parentElement) {
            const colour = parse(getComputedStyle(node).backgroundColor);
            if (colour.length === 3 || colour[3] > 0) return colour;
        }
        return [255, 255, 255];
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) {
        const text = texts.currentNode.data.trim(), holder = texts.currentNode.parentElement;
        if (!text) continue;
        const [a, b] = [light(parse(getComputedStyle(holder).color)), light(ground(holder))].sort((x, y) => y - x);
        found.push([(a + 0.05) / (b + 0.05), text]);
    }
    return found.sort((x, y) => x[0] - y[0]);
}"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

TASK = {
    "article_title": "关于做好春季山林防火工作的通知",
    "due_at": "2020-03-02T10:00:00+00:00",
    "article_url": "https://www.example.invalid/tongzhi/fx01.html",
    "covers_from": "2020-03-01T10:00:00+00:00",
    "covers_until": "2020-03-03T00:50:00+00:00",
    "looked_at": "2020-03-03T00:50:00+00:00",
    "channel": "weibo.openapi",
}
HOSTILE = Account(id="h" * 200, platform=Platform.WEIBO, name="<b>" + "W" * 500, unit="无空格" * 100, code="9" * 300)


def missing(account: Account) -> Alert:
    return alert(account, "", Severity.ACCUSATION, "未转载", article_id="a1", evidence=TASK)


LETTERS = {
    "reminder": letter(warned(FUND), links=True),
    "several": letter(stale(STATISTICS), missing(STATISTICS), warned(FUND), standing=(holiday(FUND),), links=True),
    "rectify": letter(stale(STATISTICS), step=Step.RECTIFY, due=date(2020, 3, 10), links=True),
    "county": letter(stale(STATISTICS), missing(STATISTICS), missing(FUND), holiday(FUND), holiday(STATISTICS), person=COUNTY, links=True),
    "recovered": letter(recovered=(resolved(stale(STATISTICS), message="“石泉统计”(微博)已于2020-03-03更新"),)),
    "trouble": letter(trouble(), duty=False),
    "hostile": letter(stale(HOSTILE), missing(HOSTILE), accounts={HOSTILE.id: HOSTILE}, links=True),
}


@asynccontextmanager
async def shown(page_text: str, size: dict[str, int], scheme: str = "light") -> AsyncIterator[Page]:
    """Show a page in Chromium; whatever it asks for from elsewhere fails the test."""
    asked: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=require_tool("chromium", "chromium"), args=QUIET)
        try:
            page = await browser.new_page(viewport=size, color_scheme="dark" if scheme == "dark" else "light")  # type: ignore[arg-type]
            page.on("request", lambda request: asked.append(request.url))
            await page.set_content(page_text)
            yield page
        finally:
            await browser.close()
    assert asked == []


async def measures(made: Letter, size: dict[str, int], picture: Path | None = None) -> tuple[float, list[float], list[float]]:
    """Return how far the page is too wide, the heights of its buttons, and where its first three lines end."""
    async with shown(made.html, size) as page:
        if picture:
            await page.screenshot(path=picture, full_page=True)
        overflow = await page.evaluate(OVERFLOW)
        buttons = [await each.bounding_box() for each in await page.locator("a.button").all()]
        first = [await page.locator(".item").first.locator("> div").nth(n).bounding_box() for n in range(3)]
    return overflow, [box["height"] for box in buttons if box], [box["y"] + box["height"] for box in first if box]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("name", LETTERS)
async def test_a_letter_fits_the_screen_and_begins_with_its_three_lines(name: str, size: dict[str, int], tmp_path: Path) -> None:
    overflow, buttons, ends = await measures(LETTERS[name], size, tmp_path / f"{name}.png")

    assert overflow <= 0
    assert all(height >= TAP_PIXELS for height in buttons)
    assert bool(buttons) == bool(LETTERS[name].kept)
    assert len(ends) == 3 and ends == sorted(ends) and (ends[-1] < size["height"] or name == "hostile")
    assert (tmp_path / f"{name}.png").stat().st_size > 10_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", LETTERS)
async def test_every_word_can_be_read_by_day_and_by_night(name: str, scheme: str) -> None:
    async with shown(LETTERS[name].html, PHONE, scheme) as page:
        contrasts = await page.evaluate(CONTRASTS)
        ground = await page.locator("body").evaluate("each => getComputedStyle(each).backgroundColor")

    assert len(contrasts) >= 5
    assert contrasts[0][0] >= READABLE, contrasts[0]
    assert ground == ("rgb(16, 21, 27)" if scheme == "dark" else "rgb(242, 245, 248)")


async def test_a_program_that_drops_the_sheet_shows_the_day_even_at_night() -> None:
    bare = re.sub(r"<style>.*?</style>", "", LETTERS["several"].html, flags=re.DOTALL)

    async with shown(bare, PHONE, "dark") as page:
        contrasts = await page.evaluate(CONTRASTS)
        overflow = await page.evaluate(OVERFLOW)
        pressed = await page.locator("a.button").first.bounding_box()

    assert "<style" not in bare.replace("<!--[if mso]><style", "")
    assert contrasts[0][0] >= READABLE, contrasts[0]
    assert overflow <= 0
    assert pressed and pressed["height"] >= TAP_PIXELS


async def test_a_hostile_name_is_drawn_as_text() -> None:
    async with shown(LETTERS["hostile"].html, PHONE) as page:
        head = await page.locator(".item .who").first.text_content()
        strangers = await page.locator("img, script, iframe, link, .who b").count()

    assert head is not None and head.startswith("“<b>WWW")
    assert strangers == 0


def test_a_page_is_laid_out_as_old_mail_programs_can() -> None:
    for made in LETTERS.values():
        assert not re.search(r"flex|grid|url\(|@import|<img|<link|position:", made.html)
        assert made.html.count("<table") == made.html.count("</table>")
        assert made.html.startswith('<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8">')
