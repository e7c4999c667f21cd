"""The record of letters on the console: what was sent, to whom (masked), how it went, and the letter in a frame that can do nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from clocks import NOON
from desk import PaperDesk
from lxml import html
from mails import HTML, every_kind, letter, steps
from pages import cells, page, visit, words

from monitor.showing import Showing
from monitor.store import Store
from monitor.telling.trail import DAEMON, Act, Entry
from monitor.web.letters import PAGE_ROWS, SEARCH_CAP, masked, masked_address, read_wish

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e{{7*7}}"


def desk(*sent: Any) -> PaperDesk:
    return PaperDesk(sent=sent or every_kind(), steps=steps(), moment=NOON)


# -- the list ---------------------------------------------------------------------------------------------------------------------


async def test_the_list_shows_when_what_to_whom_about_whom_and_how_it_went() -> None:
    shown = await page(desk(), "/letters")

    rows = cells(shown, "//tbody/tr")
    assert rows[0] == ["2026-03-04 11:59", every_kind()[0].subject, "z**@unit.example", "石泉县统计局", "账号通知", "已发送"]
    assert rows[1][2:] == ["c**@gov.example", "甲、乙、丙等5个单位", "日报周报", "已发送"]
    assert [row[-1] for row in rows[2:]] == ["结果不明", "暂未送达451 try later", "被退信550 <w**@gone.example>: no such user"]


async def test_no_address_stands_on_any_page_of_letters() -> None:
    async with visit(desk()) as client:
        texts = [await (await client.get(path)).text() for path in ("/letters", "/letters/1", "/letters/1/body", "/letters/5")]

    assert [name for name in ("zhang", "clerk", "wu@", "wang") for text in texts if name in text] == []


async def test_the_navigation_leads_to_the_letters() -> None:
    shown = await page(desk(), "/")

    assert "/letters" in shown.xpath("//nav[@class='places']/a/@href")


async def test_an_empty_record_says_so() -> None:
    assert "还没有发出过邮件" in words(await page(PaperDesk(), "/letters"))


async def test_a_long_record_comes_in_pages() -> None:
    many = desk(*(letter(n) for n in range(PAGE_ROWS + 1)))

    first, last = await page(many, "/letters"), await page(many, "/letters?page=2")

    assert (len(first.xpath("//tbody/tr")), len(last.xpath("//tbody/tr"))) == (PAGE_ROWS, 1)
    assert first.xpath("//nav[@class='pages']/a/@href") == ["/letters?page=2"]


async def test_a_choice_of_outcome_keeps_the_search() -> None:
    shown = await page(desk(), "/letters?q=石泉&outcome=sent")

    assert len(shown.xpath("//tbody/tr")) == 1
    assert all("q=" in each for each in shown.xpath("//nav[@class='platforms']/a/@href"))
    assert shown.xpath("//form//input[@type='hidden']/@value") == ["sent"]


@pytest.mark.parametrize("query", [{"page": "x"}, {"page": "-1"}, {"page": "9" * 50}, {"outcome": "guilty"}, {"q": "\x00\u202e"}])
def test_nothing_that_is_typed_is_an_error(query: dict[str, str]) -> None:
    assert read_wish(query) == read_wish({})


def test_a_search_and_a_page_have_a_cap() -> None:
    wish = read_wish({"q": "x" * 10_000, "page": "999999"})

    assert (len(wish.search), wish.page) == (SEARCH_CAP, 10_000)


# -- one letter -------------------------------------------------------------------------------------------------------------------


async def test_a_letter_shows_its_head_its_body_in_a_frame_its_text_and_its_steps() -> None:
    shown = await page(desk(), "/letters/1")

    [frame] = shown.xpath("//iframe")
    assert (frame.get("src"), frame.get("sandbox")) == ("/letters/1/body", "")
    assert "【内容不更新】“石泉统计”" in shown.xpath("string(//h1)")
    assert "  单位：石泉县统计局\n  联系：w**@unit.example" in shown.xpath("string(//pre)")
    assert cells(shown, "//section[h2='留痕']//tbody/tr")[0] == ["2026-03-04 12:00", "确认收到", "z**@unit.example", "确认收到"]
    assert cells(shown, "//section[h2='留痕']//tbody/tr")[2][1:3] == ["发现", "系统"]


async def test_the_body_is_the_letter_as_it_was_sent_and_can_do_nothing() -> None:
    async with visit(desk()) as client:
        answer = await client.get("/letters/1/body")
        text = await answer.text()

    policy = answer.headers["Content-Security-Policy"]
    assert text.startswith(HTML)
    assert answer.content_type == "text/html"
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert policy.endswith("sandbox")
    assert "frame-ancestors 'self'" in policy
    assert (answer.headers["X-Frame-Options"], answer.headers["X-Content-Type-Options"]) == ("SAMEORIGIN", "nosniff")


async def test_only_the_page_of_a_letter_may_frame_and_only_a_body_may_be_framed() -> None:
    async with visit(desk()) as client:
        heads = {path: (await client.get(path)).headers for path in ("/letters", "/letters/1", "/letters/1/body")}

    assert ["frame-src" in each["Content-Security-Policy"] for each in heads.values()] == [False, True, False]
    assert [each["X-Frame-Options"] for each in heads.values()] == ["DENY", "DENY", "SAMEORIGIN"]


async def test_a_letter_without_a_page_shows_its_text() -> None:
    async with visit(desk(letter(1, html=""))) as client:
        shown = html.fromstring(await (await client.get("/letters/1")).text())
        body = await client.get("/letters/1/body")

    assert shown.xpath("//iframe") == []
    assert shown.xpath("//details/@open") == [""]
    assert body.status == 404


NOWHERE = ["/letters/none", "/letters/none/body", "/letters/%00", "/letters/" + "9" * 300, "/letters/1/body/x", "/letters/a%2Fb"]


@pytest.mark.parametrize("path", NOWHERE)
async def test_what_was_never_sent_is_not_found(path: str) -> None:
    async with visit(desk()) as client:
        assert (await client.get(path)).status == 404


async def test_a_hostile_letter_stays_text_on_our_pages() -> None:
    evil = letter(1, subject=HOSTILE, text=HOSTILE * 9, units=(HOSTILE,), why=HOSTILE, outcome=HOSTILE, about=HOSTILE, to=HOSTILE)

    async with visit(desk(evil)) as client:
        texts = [await (await client.get(path)).text() for path in ("/letters", "/letters/1")]

    assert [text for text in texts if "<script" in text or "<img" in text or "\u202e" in text] == []
    assert all("{{7*7}}" in text for text in texts)


async def test_a_lone_surrogate_in_a_letter_does_not_break_its_pages() -> None:
    broken = letter(1, subject="甲\ud800", html="<p>乙\ud800</p>", text="丙\ud800")

    async with visit(desk(broken)) as client:
        statuses = [(await client.get(path)).status for path in ("/letters", "/letters/1", "/letters/1/body")]

    assert statuses == [200, 200, 200]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/letters", "/letters/1", "/letters/1/body"])
async def test_letters_can_only_be_read(path: str, method: str) -> None:
    async with visit(desk()) as client:
        assert (await client.request(method, path)).status == 405


async def test_the_store_being_away_is_said() -> None:
    async with visit(PaperDesk(away=True)) as client:
        assert [(await client.get(path)).status for path in ("/letters", "/letters/1", "/letters/1/body")] == [503] * 3


# -- masking ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address,shown",
    [
        ("zhang@unit.example", "z**@unit.example"),
        ("a@b", "a**@b"),
        ("dingtalk group", "d**"),
        ("@unit.example", "**@unit.example"),
        ("", "**"),
        ("one@two@three.example", "o**@three.example"),
    ],
)
def test_an_address_keeps_its_first_letter_and_its_host(address: str, shown: str) -> None:
    assert masked_address(address) == shown


def test_every_address_in_a_text_is_masked_and_nothing_else() -> None:
    text = "联系zhang.san+x@unit.example、<b@c.example>；@media print{a{}} 5@ @x"

    assert masked(text) == "联系z**@unit.example、<b**@c.example>；@media print{a{}} 5@ @x"


async def test_a_link_that_acts_is_shown_nowhere_even_where_the_record_holds_one() -> None:
    link = f"https://console.example/do/{'Ab-_9' * 20}.{'c' * 43}"
    careless = letter(1, html=f'<a href="{link}">x</a>', text=link, subject=link, why=link)

    async with visit(desk(careless)) as client:
        texts = [await (await client.get(path)).text() for path in ("/letters", "/letters/1", "/letters/1/body")]

    assert [text for text in texts if "Ab-_9" in text] == []


def test_masking_a_long_text_without_any_address_costs_one_pass() -> None:
    assert masked("a" * 2_000_000).startswith("aaa")


# -- the search, on a real database -------------------------------------------------------------------------------------------------


@pytest.fixture
async def kept(store: Store, raw: Any) -> Store:
    for each in every_kind():
        await store.correspondence.put_letter(each)
    raw.letters.insert_many(
        [
            {"_id": "broken 1", "at": "yesterday", "subject": 5},
            {"_id": "broken 2", "at": NOON - timedelta(days=9), "to": ["x"], "subject": {"$gt": ""}, "units": [1, None, "已"]},
        ]
    )
    return store


@pytest.mark.parametrize(
    "search,outcome,found",
    [
        pytest.param("", "", ["1", "2", "3", "4", "5", "broken 2"], id="everything, newest first"),
        pytest.param("zhang@unit.example", "", ["1"], id="a whole address"),
        pytest.param("ZHANG@unit.example", "", ["1"], id="however it is typed"),
        pytest.param("zhan", "", [], id="no part of a name"),
        pytest.param("zhang@", "", [], id="nor all of it"),
        pytest.param("gov.example", "", ["2", "3"], id="a host"),
        pytest.param("统计局", "", ["1", "4", "5"], id="a unit"),
        pytest.param("已恢复", "", ["5"], id="a subject"),
        pytest.param("example", "refused", ["5"], id="an outcome"),
        pytest.param("", "failed", ["4"], id="an outcome alone"),
        pytest.param(".*", "", [], id="no pattern"),
        pytest.param("$to", "", [], id="no name of a field"),
        pytest.param("{'$ne': 1}", "", [], id="no query"),
    ],
)
async def test_letters_are_found_by_address_host_unit_subject_and_outcome(kept: Store, search: str, outcome: str, found: list[str]) -> None:
    letters, total = await kept.correspondence.letters_found(search, outcome, 0, 100)

    assert [each.number for each in letters] == found
    assert total == len(found)
    assert {each.html for each in letters} <= {""}


async def test_a_stretch_of_the_letters_knows_how_many_there_are(kept: Store) -> None:
    letters, total = await kept.correspondence.letters_found("", "", 2, 2)

    assert ([each.number for each in letters], total) == (["3", "4"], 6)


async def test_a_broken_document_is_shown_as_far_as_it_goes_or_not_at_all(kept: Store) -> None:
    found, _ = await kept.correspondence.letters_found("", "", 0, 100)

    shown = await page(PaperDesk(sent=found), "/letters")

    assert await kept.correspondence.letter("broken 1") is None
    assert len(shown.xpath("//tbody/tr")) == 6


async def test_a_letter_comes_with_the_steps_of_what_it_told_and_of_nothing_else(kept: Store) -> None:
    other = Entry("9", NOON, Act.OPENED, DAEMON, "idle b 1", "b")
    await kept.correspondence.note([*steps(), other])
    await kept.correspondence.put_letter(letter("none", alerts=()))
    showing = Showing(kept)

    found, silent = await showing.letter("1"), await showing.letter("none")

    assert found is not None
    assert silent is not None
    assert (found[0].html, [each.id for each in found[1]]) == (HTML, ["3", "2", "1"])
    assert silent[1] == []
    assert await showing.letter("never") is None
