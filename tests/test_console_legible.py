"""Every page of the console in a real browser, light and dark, on a phone and on a desk: nothing pale, nothing cut off."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from clocks import NOON
from desk import metrics
from following import House, furnish
from mails import every_kind, steps
from papers import article, laid_desk
from playwright.async_api import async_playwright
from test_console_browser import QUIET
from tools import require_tool

from monitor.store import Store
from monitor.web import build
from monitor.wording import article_path, pair_path

PALE = r"""() => {
    const parts = colour => { const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number); return {r, g, b, a}; };
    const share = value => value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    const light = c => 0.2126 * share(c.r) + 0.7152 * share(c.g) + 0.0722 * share(c.b);
    const ground = each => {
        for (; each; each = each.parentElement) {
            const colour = parts(getComputedStyle(each).backgroundColor);
            if (colour.a > 0) return colour;
        }
        return parts('rgb(255, 255, 255)');
    };
    const worded = each => [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    return [...document.querySelectorAll('body *')].filter(each => worded(each) && each.getClientRects().length).map(each => {
        const [one, other] = [light(parts(getComputedStyle(each).color)), light(ground(each))];
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        return `${ratio.toFixed(2)} ${each.tagName}.${each.className} ${each.textContent.trim().slice(0, 20)}`;
    }).filter(found => parseFloat(found) < 4.5);
}"""
"""Texts whose contrast is below the 4.5 of WCAG 2 AA."""

CUT_OFF = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_is_legible_and_whole(store: Store, scheme: Any, width: int) -> None:
    house: House = await furnish(store)
    desk = laid_desk()
    desk.errands, desk.moment = house.errands, NOON
    desk.sent, desk.steps = every_kind(), steps()
    paths = ["/", "/?verdict=soon", "/articles", article_path(article().id)]
    paths += [pair_path(each.article.id, each.account.id) for each in desk.pairs]
    paths += ["/letters", "/letters/1", "/letters/none", "/none", house.path(), "/do/x"]
    found: dict[str, Any] = {}

    chromium = require_tool("chromium", "chromium")
    async with TestServer(build(desk, metrics)) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=QUIET)
        page = await browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        for path in paths:
            await page.goto(str(server.make_url("/")) + path.removeprefix("/"))
            found[path] = [*await page.evaluate(PALE), *([over] if (over := await page.evaluate(CUT_OFF)) > 0 else [])]
            seen = await page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (seen == "rgb(243, 245, 248)") == (scheme == "light"), path
        await browser.close()

    assert {path: amiss for path, amiss in found.items() if amiss} == {}
