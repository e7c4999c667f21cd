"""Digests and reports in a real browser: on a phone, on a desk, in the dark, on paper."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from digest_papers import HEAD, SINCE, hostile_city, leader_paper, month_paper
from digesting import CLERK, COUNTY, DAY, NOW, account, alert, city, idle
from playwright.async_api import Browser, Page, async_playwright
from test_console_browser import QUIET
from tools import require_tool

from monitor.model import Platform, local_date
from monitor.notify.digest_letters import letter
from monitor.notify.paper import as_page
from monitor.notify.report_words import leading_paper
from monitor.reports.courses import Course, Week
from monitor.reports.digests import Tally, county_digest, digest
from monitor.reports.leading import leading

CONTRAST = """() => {
    const parts = text => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = each => {
        for (let at = each; at; at = at.parentElement) {
            const [r, g, b, a] = parts(getComputedStyle(at).backgroundColor);
            if (a !== 0) return [r, g, b];
        }
        return [255, 255, 255];
    };
    const spoken = [...document.querySelectorAll('body *')].filter(
        each => [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));
    return Math.min(...spoken.map(each => {
        const [a, b] = [light(parts(getComputedStyle(each).color)), light(ground(each))].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05);
    }));
}"""


def countys() -> str:
    made = county_digest(city(), COUNTY, SINCE)
    assert made is not None
    return letter("daily", made, COUNTY, HEAD).html


def weekly() -> str:
    course = Week(course=Course(Tally(5, 3, 0), newly=1, back=1), letters=4, mended=1, typical=2 * DAY)
    return letter("weekly", digest(city(), SINCE), CLERK, HEAD, course).html


PAGES = {
    "daily": lambda: letter("daily", digest(city(), SINCE), CLERK, HEAD).html,
    "hostile": lambda: letter("daily", digest(hostile_city(), SINCE), CLERK, HEAD).html,
    "county": countys,
    "weekly": weekly,
    "month": lambda: as_page(month_paper()),
    "leader": lambda: as_page(leader_paper()),
}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    chromium = require_tool("chromium", "chromium")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield opened
        await opened.close()


async def opened(browser: Browser, html: str, width: int, dark: bool = False) -> tuple[Page, list[str]]:
    """Return the page, and what it asked for from elsewhere."""
    page = await browser.new_page(viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.set_content(html)
    return page, asked


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_fits_a_phone_and_a_desk_and_is_read_by_day_and_night(browser: Browser, name: str) -> None:
    html = PAGES[name]()

    for width in (390, 1280):
        for dark in (False, True):
            page, asked = await opened(browser, html, width, dark)
            overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            contrast = await page.evaluate(CONTRAST)
            assert (overflow, asked) == (0, []), (name, width, dark)
            assert contrast >= 4.5, (name, width, dark)
            await page.close()


async def test_the_figures_and_the_first_names_are_above_the_fold_of_a_phone(browser: Browser) -> None:
    page, _ = await opened(browser, PAGES["daily"](), 390)

    figures = await page.locator(".d-number").all_text_contents()
    first = await page.locator(".d-entry").first.bounding_box()

    assert figures == ["4", "3", "2", "1"]
    assert first is not None and first["y"] + first["height"] < 844


async def test_a_hostile_name_draws_no_element_of_its_own(browser: Browser) -> None:
    page, _ = await opened(browser, PAGES["hostile"](), 390)

    assert await page.locator("img, script").count() == 0


async def test_the_leader_s_page_is_one_sheet_of_paper_however_long_the_names(browser: Browser) -> None:
    name, unit = "南溪市公共资源交易监督管理委员会办公室政务发布" * 2, "南溪市公共资源交易监督管理委员会" * 3
    rows = [idle(account(n, name, unit=unit, platform=each), 20 + n) for n, each in enumerate([*Platform, *Platform])]
    material = city(rows=rows, alerts=[alert(who, NOW - DAY) for who, _ in rows])
    then = {who.id: standing.verdict for who, standing in rows}
    paper = leading_paper(leading(material, digest(material, SINCE), local_date(NOW), then), HEAD, NOW)

    page, _ = await opened(browser, as_page(paper), 1280)
    pdf = await page.pdf(format="A4", prefer_css_page_size=True)

    assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) == 1
