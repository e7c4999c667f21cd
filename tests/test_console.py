"""The console over real HTTP: what it shows and in which order, what a search finds, and what hostile input cannot do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp.test_utils import TestClient, TestServer
from desk import PaperDesk, entry, metrics, roster
from lxml import html

from monitor.model import Account, Platform, Standing, Verdict
from monitor.web import Health, build
from monitor.web.listing import PAGE_ROWS, QUERY_CAP, arrange, read_wish

HOSTILE = '"><script>alert(1)</script>{{7*7}}<img src=x onerror=alert(1)>'


@asynccontextmanager
async def visit(desk: PaperDesk) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(build(desk, metrics))) as client:
        yield client


async def page(desk: PaperDesk, address: str = "/") -> html.HtmlElement:
    async with visit(desk) as client:
        answer = await client.get(address)
        assert answer.status == 200
        return html.fromstring(await answer.text())


def names(shown: html.HtmlElement) -> list[str]:
    return [str(each) for each in shown.xpath("//tbody//*[@class='name']/text()")]


def cells(shown: html.HtmlElement, name: str) -> list[str]:
    [row] = [row for row in shown.xpath("//tbody/tr") if name in row.text_content()]
    return [" ".join(cell.text_content().split()) for cell in row.xpath("td")]


# -- what is shown --------------------------------------------------------------------------------------------------------------


async def test_a_profile_that_counts_working_days_says_so() -> None:
    shown = await page(PaperDesk(soon_within="3个工作日"))

    assert "3个工作日内将超期" in "".join(shown.xpath("//nav[@class='counts']")[0].itertext())


async def test_the_head_counts_what_the_clerk_must_see_first() -> None:
    shown = await page(PaperDesk())

    counts = [" ".join(each.itertext()).split() for each in shown.xpath("//nav[@class='counts']/a")]
    assert counts == [["3", "今日超期"], ["1", "3天内将超期"], ["2", "无法判定"], ["3", "合格"], ["1", "不判定"]]
    assert "2020-03-03 09:00" in shown.xpath("string(//header)")
    assert "未销号问题 6 项" in shown.xpath("string(//header)")


async def test_the_most_urgent_stand_first() -> None:
    shown = await page(PaperDesk())

    failed, undetermined = ["岚皋交警", "石泉统计", "白河县图书馆"], ["镇坪文旅", "宁陕农业"]
    by_days_left = ["平利县卫生健康", "汉阴林业", "石泉发布"]
    assert names(shown) == [*failed, *undetermined, *by_days_left, "旬阳便民服务"]


async def test_a_row_shows_both_clocks_and_the_reason() -> None:
    shown = await page(PaperDesk())

    assert cells(shown, "石泉统计") == [
        "不合格",
        "石泉统计610922M004XL0001",
        "微博",
        "石泉统计主办单位",
        "石泉县",
        "2020-01-13 09:00",
        "50",
        "—",
        "2020-03-03 08:56微博官方接口",
        "内容不更新 · 近一个月未更新：已50天未更新(最后更新2020-01-13)",
    ]
    assert cells(shown, "平利县卫生健康")[6:8] == ["11", "3 天"]
    assert cells(shown, "岚皋交警")[5:8] == ["—", "—", "—"]


async def test_an_undetermined_account_is_never_shown_as_failed() -> None:
    shown = await page(PaperDesk())

    tones = {row.xpath("string(.//*[@class='name'])"): row.get("class") for row in shown.xpath("//tbody/tr")}
    assert tones["镇坪文旅"] == "undetermined"
    assert [name for name, tone in tones.items() if tone == "failed"] == ["岚皋交警", "石泉统计", "白河县图书馆"]
    assert cells(shown, "镇坪文旅")[-1] == "采集授权失效"


async def test_an_empty_roster_says_what_to_do() -> None:
    shown = await page(PaperDesk(entries=[]))

    assert "请先导入账号" in shown.text_content()


# -- searching ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("q=石泉", ["石泉统计", "镇坪文旅", "石泉发布"], id="in name or region"),
        pytest.param("q=林业主办", ["汉阴林业"], id="in the unit"),
        pytest.param("q=６１０９２２m００５", ["岚皋交警"], id="a code in full width and small letters"),
        pytest.param("q=白河 图书", ["白河县图书馆"], id="all words"),
        pytest.param("q=%00%0A", None, id="nothing readable is no search"),
        pytest.param("verdict=undetermined", ["镇坪文旅", "宁陕农业"], id="by verdict"),
        pytest.param("verdict=soon", ["平利县卫生健康"], id="soon to fail"),
        pytest.param("platform=wechat", ["白河县图书馆", "平利县卫生健康"], id="by platform"),
        pytest.param("platform=wechat&verdict=failed&q=610922", ["白河县图书馆"], id="all together"),
        pytest.param("verdict=guilty&platform=icq&page=x", None, id="unknown words are as if not given"),
        pytest.param("page=-1", None, id="no such page"),
        pytest.param("page=" + "9" * 5000, None, id="an absurd page"),
        pytest.param("page=٣", None, id="digits of another script"),
        pytest.param("q=没有这样的账号", [], id="nothing found"),
    ],
)
async def test_a_search_finds_what_was_asked_for(query: str, found: list[str] | None) -> None:
    desk = PaperDesk()
    desk.entries[6] = entry(7, "镇坪文旅", Verdict.UNDETERMINED, 31, region="石泉县")

    shown = await page(desk, f"/?{query}")

    assert names(shown) == (names(await page(desk)) if found is None else found)


async def test_filters_keep_the_search_and_the_search_keeps_the_filters() -> None:
    shown = await page(PaperDesk(), "/?q=石泉&platform=weibo&verdict=failed")

    hrefs = shown.xpath("//nav[@class='platforms']/a/@href")
    assert all("q=%E7%9F%B3%E6%B3%89" in each and "verdict=failed" in each for each in hrefs)
    assert shown.xpath("//form//input[@type='hidden']/@name") == ["verdict", "platform"]
    assert shown.xpath("//input[@name='q']/@value") == ["石泉"]


async def test_a_long_list_comes_in_pages() -> None:
    desk = PaperDesk(entries=[entry(n, f"账号{n}", Verdict.QUALIFIED, 1) for n in range(PAGE_ROWS + 1)])

    first, last = await page(desk), await page(desk, "/?page=99")

    assert (len(names(first)), len(names(last))) == (PAGE_ROWS, 1)
    assert first.xpath("//nav[@class='pages']/a/@href") == ["/?page=2"]
    assert last.xpath("//nav[@class='pages']/a/@href") == ["/?page=1"]


def test_a_search_is_cut_to_its_cap() -> None:
    assert len(read_wish({"q": "x" * 10_000}).search) == QUERY_CAP


def test_every_account_is_shown_exactly_once_over_all_views() -> None:
    listing = arrange(roster(), read_wish({}), {})

    disjoint = [count for view, count in listing.counts if view.key != "soon"]
    assert sum(disjoint) == listing.total == len(listing.rows)


# -- hostile input --------------------------------------------------------------------------------------------------------------


async def test_a_hostile_name_stays_text() -> None:
    desk = PaperDesk(entries=[entry(1, HOSTILE, Verdict.FAILED, 50, region=HOSTILE, reason=HOSTILE, label=HOSTILE)])

    async with visit(desk) as client:
        text = await (await client.get("/", params={"q": "script", "verdict": HOSTILE})).text()

    assert "<script" not in text
    assert "<img" not in text
    assert "{{7*7}}" in html.fromstring(text).xpath("string(//*[@class='name'])")


async def test_a_hostile_search_stays_text() -> None:
    async with visit(PaperDesk()) as client:
        text = await (await client.get("/", params={"q": HOSTILE})).text()

    assert "<script" not in text
    assert html.fromstring(text).xpath("//input[@name='q']/@value") == [HOSTILE[:QUERY_CAP]]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://a@evil.example/", " https://a.example"])
async def test_only_web_addresses_are_linked(url: str) -> None:
    shown = await page(PaperDesk(entries=[entry(1, "甲", Verdict.QUALIFIED, 1, url=url)]))

    assert shown.xpath("//tbody//a") == []


async def test_a_web_address_is_linked_without_telling_where_from() -> None:
    shown = await page(PaperDesk())

    [link] = shown.xpath("//tbody/tr[contains(., '石泉统计')]//a")
    assert (link.get("href"), link.get("rel")) == ("https://weibo.example/1/Abc", "noopener noreferrer nofollow")


async def test_no_page_needs_anything_from_outside_or_any_script() -> None:
    shown = await page(PaperDesk())

    assert shown.xpath("//script | //*[@style] | //*[starts-with(name(@*), 'on')]") == []
    assert shown.xpath("//link/@href") == ["/static/style.css"]


@pytest.mark.parametrize("address", ["/", "/metrics", "/healthz", "/readyz", "/static/style.css", "/nowhere", "/static/../views.py"])
async def test_every_answer_carries_the_guards(address: str) -> None:
    async with visit(PaperDesk()) as client:
        answer = await client.get(address)

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "aiohttp" not in answer.headers["Server"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_nothing_can_be_changed_from_outside(method: str) -> None:
    async with visit(PaperDesk()) as client:
        answer = await client.request(method, "/")

    assert answer.status == 405


@pytest.mark.parametrize(
    "host", ["", "a b", "evil.example/<script>", "x" * 300, "a:b:c", "user@host"], ids=["empty", "blank", "tag", "long", "colons", "user"]
)
async def test_a_request_without_a_usable_host_is_refused(host: str) -> None:
    async with visit(PaperDesk()) as client:
        answer = await client.get("/", headers={"Host": host})

    assert answer.status == 400


async def test_a_request_of_http_1_0_without_host_is_refused_at_once() -> None:
    async with visit(PaperDesk()) as client:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")

        status = await asyncio.wait_for(reader.readline(), 5)

        writer.close()
    assert b" 400 " in status


async def test_a_standing_without_anything_known_is_shown() -> None:
    account = Account(id="douyin:MS4w", platform=Platform.DOUYIN, name="")

    shown = await page(PaperDesk(entries=[(account, Standing(account_id=account.id, verdict=Verdict.UNDETERMINED))]))

    assert "douyin:MS4w" in shown.text_content()


# -- probes ---------------------------------------------------------------------------------------------------------------------


async def test_the_store_being_away_is_said_and_not_shown_as_an_empty_roster() -> None:
    async with visit(PaperDesk(away=True)) as client:
        answer = await client.get("/")

        assert answer.status == 503
        assert "数据库暂时无法访问" in await answer.text()


@pytest.mark.parametrize(
    ("health", "alive", "ready"),
    [
        pytest.param(Health(alive=True, ready=True), 200, 200, id="well"),
        pytest.param(Health(alive=True, ready=False, reasons=("store away",)), 200, 503, id="waiting for the store: no reason to restart"),
        pytest.param(Health(alive=False, ready=True, reasons=("loops dead",)), 503, 503, id="loops dead"),
    ],
)
async def test_the_probes_tell_alive_from_ready(health: Health, alive: int, ready: int) -> None:
    async with visit(PaperDesk(wellness=health)) as client:
        healthz, readyz = await client.get("/healthz"), await client.get("/readyz")

        assert (healthz.status, readyz.status) == (alive, ready)
        assert await readyz.json() == {"ready": ready == 200, "reasons": list(health.reasons)}


async def test_the_metrics_are_handed_out_as_they_are() -> None:
    async with visit(PaperDesk()) as client:
        answer = await client.get("/metrics")

        assert (await answer.read(), answer.headers["Content-Type"]) == metrics()
