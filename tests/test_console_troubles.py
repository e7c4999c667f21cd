"""What the console answers where there is nothing to show: in the reader's words, with the guards of every page."""

from __future__ import annotations

import pytest
from clocks import NOON
from desk import PaperDesk
from mails import letter
from pages import page, visit, words

from monitor.web.letters import PAGE_ROWS

NOWHERE = ["/none", "/favicon.ico", "/letters/", "/articles/", "/static/", "/static/..%2fviews.py", "/static/%00"]


@pytest.mark.parametrize("path", NOWHERE)
async def test_an_address_that_leads_nowhere_is_answered_in_words(path: str) -> None:
    async with visit(PaperDesk()) as client:
        answer = await client.get(path)
        text = await answer.text()

    assert answer.status in (403, 404)
    assert "没有这一页" in text and "Not Found" not in text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/do/", "/do/a/b", "/do/a/", "/do/..%2fmetrics"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_whatever_stands_behind_do_is_a_link_that_is_not_ours(path: str, method: str) -> None:
    async with visit(PaperDesk()) as client:
        answer = await client.request(method, path)
        text = await answer.text()

    assert answer.status == 404
    assert "链接无效" in text or method == "HEAD"
    assert 'class="places"' not in text


async def test_a_method_that_a_page_does_not_take_is_named_with_those_it_takes() -> None:
    async with visit(PaperDesk()) as client:
        answer = await client.delete("/letters")
        text = await answer.text()

    assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")
    assert "未作任何更改" in text


async def test_every_page_without_something_to_show_has_a_title_of_its_own() -> None:
    paths = {"/none": "没有这一页", "/articles/none": "没有这一页", "/letters/none": "没有这封邮件", "/do/x": "链接无效"}

    titles = {path: (await page(PaperDesk(), path, 404)).xpath("string(//title)") for path in paths}

    assert titles == {path: f"{title} - 政务新媒体监测" for path, title in paths.items()}


async def test_a_page_of_letters_past_the_end_is_the_last_one() -> None:
    many = PaperDesk(sent=[letter(n) for n in range(PAGE_ROWS + 1)], moment=NOON)

    shown = await page(many, "/letters?page=7")

    assert len(shown.xpath("//tbody/tr")) == 1
    assert "第 2 / 2 页" in words(shown)


@pytest.mark.parametrize("path", ["/", "/articles", "/letters", "/none"])
async def test_every_page_says_its_language_and_leads_with_one_heading(path: str) -> None:
    shown = await page(PaperDesk(), path, 404 if path == "/none" else 200)

    assert shown.get("lang") == "zh-CN"
    assert len(shown.xpath("//h1")) == 1
    assert [each for each in shown.xpath("//input[not(@type='hidden')] | //nav") if not each.get("aria-label")] == []
    assert [each for each in shown.xpath("//table//th") if not each.get("scope")] == []
