"""The pages on key articles in a real browser, on a desk and on a phone: nothing overflows, differences are seen, links lead on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import pytest
from aiohttp.test_utils import TestServer
from desk import PaperDesk, metrics
from papers import article, candidate, edited, irregular, laid_desk, missing, owing, pair, post_of, repost, standing
from playwright.async_api import Page, async_playwright
from test_console_browser import DRAW, HOSTILE, QUIET
from tools import require_tool

from monitor.model import RepostVerdict
from monitor.tasks import sheets
from monitor.web import Carrier, build
from monitor.wording import pair_path

MAIN = "/articles/2020-07"
PAIRS = [pair_path("2020-07", each().account.id) for each in (irregular, missing, candidate, edited)]
DESK, PHONE = 1280, 390
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
COLOUR = "each => getComputedStyle(each).backgroundColor"


@asynccontextmanager
async def browse(desk: PaperDesk, address: str, width: int = DESK) -> AsyncIterator[Page]:
    """Open a page in Chromium; a script error or a refused resource of the page fails the test."""
    chromium = require_tool("chromium", "chromium")
    complaints: list[str] = []
    async with TestServer(build(desk, metrics)) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=QUIET)
        try:
            page = await browser.new_page(viewport={"width": width, "height": 800})
            page.on("console", lambda said: complaints.append(said.text) if "favicon" not in str(said.location) else None)
            await page.goto(str(server.make_url(address)))
            yield page
        finally:
            await browser.close()
    assert complaints == []


def crowded() -> PaperDesk:
    """Return a desk whose every word is as long as it may be, without a place to break a line."""
    long = "长" * 300 + "W" * 300
    who = owing(1, long, region=long, level=long).model_copy(update={"unit": long})
    form = [{"reason": long, "measure": long, "limit": long, "detail": long}]
    carried = repost(who, "irregular", form=form, left=long, right=long, why=long)
    task = article(title="W" * 4000, source=long, text="W" * 3000)
    told = standing(who, RepostVerdict.IRREGULAR, carried).model_copy(update={"reason": long})
    missed = standing(owing(2, level=""), RepostVerdict.MISSING)
    laid = sheets([task], [told, missed], {who.id: who, missed.account_id: owing(2)})
    shown = pair(RepostVerdict.IRREGULAR, Carrier(carried, post_of(carried, "M" * 3000, title=long)), account=who, article=task)
    return PaperDesk(laid=laid, pairs=[shown])


@pytest.mark.parametrize("width", [DESK, PHONE], ids=["desk", "phone"])
async def test_no_page_has_to_be_pushed_sideways(width: int) -> None:
    async with browse(laid_desk(), "/", width) as page:
        wide = {"/": await page.evaluate(OVERFLOW)}
        for address in ("/articles", MAIN, *PAIRS):
            await page.goto(urljoin(page.url, address))
            wide[address] = await page.evaluate(OVERFLOW)

    assert {address: beyond for address, beyond in wide.items() if beyond > 0} == {}


@pytest.mark.parametrize("width", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("address", ["/articles", MAIN, pair_path("2020-07", owing(1).id)], ids=["articles", "article", "pair"])
async def test_words_without_end_do_not_push_a_page_sideways(address: str, width: int) -> None:
    async with browse(crowded(), address, width) as page:
        assert await page.evaluate(OVERFLOW) <= 0


async def test_on_a_desk_the_texts_stand_side_by_side_and_on_a_phone_one_below_the_other() -> None:
    places = {}
    for width in (DESK, PHONE):
        async with browse(laid_desk(), PAIRS[0], width) as page:
            line = page.locator(".line.edited").first
            left, right = await line.locator(".original").bounding_box(), await line.locator(".repost").bounding_box()
            assert left is not None and right is not None
            places[width] = (right["x"] > left["x"], right["y"] > left["y"])

    assert places == {DESK: (True, False), PHONE: (False, True)}


async def test_differing_stretches_are_seen_on_both_sides() -> None:
    async with browse(laid_desk(), PAIRS[0]) as page:
        marks = page.locator(".line.edited mark")
        plain = await page.locator(".line.edited").first.evaluate(COLOUR)
        colours = {await marks.nth(number).evaluate(COLOUR) for number in range(await marks.count())}
        seen = [await marks.nth(number).is_visible() for number in range(await marks.count())]

    assert len(seen) >= 2 and all(seen)
    assert len(colours) == 2 and plain not in colours


async def test_equal_sentences_are_folded_until_asked_for() -> None:
    async with browse(laid_desk(), PAIRS[0]) as page:
        hidden = page.locator("details .line").first
        before = await hidden.is_visible()
        await page.locator("summary").click()

        assert (before, await hidden.is_visible()) == (False, True)


async def test_one_can_walk_from_the_accounts_to_what_a_verdict_rests_on_and_back() -> None:
    async with browse(laid_desk(), "/") as page:
        await page.get_by_role("link", name="重要信息", exact=True).click()
        await page.get_by_role("link", name="南溪市打响沿江排口治理攻坚战").click()
        await page.locator("#accounts").get_by_role("link", name="转载不规范 1").click()
        listed = await page.locator("#accounts tbody .name").all_text_contents()
        await page.get_by_role("link", name="依据", exact=True).click()
        verdict = await page.locator(".outcome .verdict").text_content()
        await page.locator(".trail").get_by_role("link", name="南溪市打响沿江排口治理攻坚战").click()
        heading = await page.locator("h1").text_content()

    assert (listed, verdict, heading) == (["平利县卫生健康"], "转载不规范", "南溪市打响沿江排口治理攻坚战")


async def test_a_missing_repost_is_drawn_unlike_one_that_cannot_be_told() -> None:
    async with browse(laid_desk(), MAIN) as page:
        missed = await page.locator(".verdict.missing").first.evaluate(COLOUR)
        doubtful = await page.locator(".verdict.undetermined").first.evaluate(COLOUR)

    assert missed != doubtful


async def test_hostile_titles_and_texts_do_nothing() -> None:
    who = owing(1, HOSTILE)
    carried = repost(who, left=HOSTILE)
    shown = pair(RepostVerdict.DONE, Carrier(carried, post_of(carried, HOSTILE, title=HOSTILE)), account=who, article=article(text=HOSTILE))

    async with browse(PaperDesk(pairs=[shown]), pair_path("2020-07", who.id)) as page:
        title = await page.title()
        strangers = await page.locator("main img, main script").count()

    assert title != "owned"
    assert strangers == 0


async def test_the_characters_of_both_texts_are_really_drawn() -> None:
    async with browse(laid_desk(), PAIRS[0]) as page:
        line = page.locator(".line.edited .original").first
        drawn = [await line.evaluate(DRAW, glyph) for glyph in "江水难清"]
        box = await line.evaluate(DRAW, "\U0010fffd")

    assert len({*drawn, box}) == 5
