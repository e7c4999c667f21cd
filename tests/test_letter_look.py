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
async def chromium(size: dict[str, int], scheme: str = "light") -> AsyncIterator[Page]:
    """Open Chromium on a screen; whatever a letter asks for from elsewhere fails the test."""
    asked: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=require_tool("chromium", "chromium"), args=QUIET)
        try:
            page = await browser.new_page(viewport=size, color_scheme="dark" if scheme == "dark" else "light")  # type: ignore[arg-type]
            page.on("request", lambda request: asked.append(request.url))
            yield page
        finally:
            await browser.close()
    assert asked == []


async def edges(page: Page, selector: str) -> list[tuple[float, float]]:
    """Return the height and the lower edge of each element."""
    boxes = [await each.bounding_box() for each in await page.locator(selector).all()]
    return [(box["height"], box["y"] + box["height"]) for box in boxes if box]


# One browser shows all letters: starting one takes longer than all that is looked at.


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_every_letter_fits_the_screen_and_begins_with_its_three_lines(size: dict[str, int], tmp_path: Path) -> None:
    async with chromium(size) as page:
        for name, made in LETTERS.items():
            await page.set_content(made.html)
            picture = await page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
            overflow = await page.evaluate(OVERFLOW)
            buttons = [height for height, _ in await edges(page, "a.button")]
            ends = [end for _, end in (await edges(page, ".item > div"))[:3]]

            assert overflow <= 0, name
            assert all(height >= TAP_PIXELS for height in buttons), name
            assert bool(buttons) == bool(made.kept), name
            assert len(ends) == 3 and ends == sorted(ends) and (ends[-1] < size["height"] or name == "hostile"), name
            assert len(picture) > 10_000


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(242, 245, 248)"), ("dark", "rgb(16, 21, 27)")])
async def test_every_word_can_be_read_by_day_and_by_night(scheme: str, ground: str) -> None:
    async with chromium(PHONE, scheme) as page:
        for name, made in LETTERS.items():
            await page.set_content(made.html)
            contrasts = await page.evaluate(CONTRASTS)

            assert len(contrasts) >= 5
            assert contrasts[0][0] >= READABLE, (name, contrasts[0])
            assert await page.locator("body").evaluate("each => getComputedStyle(each).backgroundColor") == ground


async def test_a_program_that_drops_the_sheet_shows_the_day_even_at_night() -> None:
    bare = re.sub(r"<style>.*?</style>", "", LETTERS["several"].html, flags=re.DOTALL)

    async with chromium(PHONE, "dark") as page:
        await page.set_content(bare)
        contrasts = await page.evaluate(CONTRASTS)
        overflow = await page.evaluate(OVERFLOW)
        buttons = await edges(page, "a.button")

    assert "<style" not in bare.replace("<!--[if mso]><style", "")
    assert contrasts[0][0] >= READABLE, contrasts[0]
    assert overflow <= 0
    assert buttons and all(height >= TAP_PIXELS for height, _ in buttons)


async def test_a_hostile_name_is_drawn_as_text() -> None:
    async with chromium(PHONE) as page:
        await page.set_content(LETTERS["hostile"].html)
        head = await page.locator(".item .who").first.text_content()
        strangers = await page.locator("img, script, iframe, link, .who b").count()

    assert head is not None and head.startswith("“<b>WWW")
    assert strangers == 0


def test_a_page_is_laid_out_as_old_mail_programs_can() -> None:
    for made in LETTERS.values():
        assert not re.search(r"flex|grid|url\(|@import|<img|<link|position:", made.html)
        assert made.html.count("<table") == made.html.count("</table>")
        assert made.html.startswith('<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8">')
