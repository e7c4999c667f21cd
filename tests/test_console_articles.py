"""The console's pages on key articles over real HTTP: rates, counts, who is missing, the list as filtered, hostile input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest
from desk import PaperDesk
from lxml import html
from pages import cells, page, visit, words
from papers import (
    ARTICLES,
    SENTENCES,
    article,
    laid_desk,
    missing,
    owing,
    pair,
    post_of,
    repost,
    standing,
)
from yarl import URL

from monitor.model import RepostVerdict
from monitor.tasks import sheets
from monitor.web import Carrier
from monitor.web.article_words import length
from monitor.web.articles import MISSING_CAP, PLACES_CAP
from monitor.web.listing import PAGE_ROWS
from monitor.wording import pair_path

HOSTILE = '"><script>alert(1)</script>{{7*7}}<img src=x onerror=alert(1)>'
NASTY = f"\u202e\x00{HOSTILE}\u200b"
MAIN = "/articles/2020-07"


def names(shown: html.HtmlElement) -> list[str]:
    return [str(each) for each in shown.xpath("//section[@id='accounts']//tbody//*[@class='name']/text()")]


def many(count: int, verdict: RepostVerdict = RepostVerdict.MISSING) -> PaperDesk:
    accounts = [owing(number, f"账号{number}") for number in range(count)]
    told = [standing(each, verdict) for each in accounts]
    return PaperDesk(laid=sheets(ARTICLES[:1], told, {each.id: each for each in accounts}))


# -- the list of articles -------------------------------------------------------------------------------------------------------


async def test_the_newest_article_stands_first_with_its_counts_and_rates() -> None:
    shown = await page(laid_desk(), "/articles")

    rows = cells(shown, "//tbody/tr")
    assert [row[0] for row in rows] == [each.title for each in (ARTICLES[1], ARTICLES[0], ARTICLES[2])]
    assert rows[1][1:3] == ["南溪日报", "2020-02-29 21:002020-03-02 03:00 已到期"]
    assert rows[1][3:] == ["7", "1", "1", "1", "2", "1", "1", "60.00%", "20.00%基数 5"]
    assert rows[0][2].endswith("还有1天4小时")


async def test_the_head_shows_both_rates_with_what_they_rest_on() -> None:
    shown = await page(laid_desk(), "/articles")

    rates = [words(each) for each in shown.xpath("//dl[@class='rates']/div")]
    assert rates == ["转载率60.00%", "规范转载率20.00%", "基数5应转载 7", "不计入基数无法判定 1未到期 1"]


async def test_a_count_leads_to_its_accounts_and_a_zero_nowhere() -> None:
    shown = await page(laid_desk(), "/articles")

    [link] = shown.xpath("//tbody//td[@data-label='未转载']/a/@href")
    assert link == f"{MAIN}?verdict=missing#accounts"


async def test_without_articles_the_page_says_so_and_claims_no_rate() -> None:
    shown = await page(PaperDesk(), "/articles")

    assert "没有在核查期内的重要信息" in shown.text_content()
    assert shown.xpath("//strong/text()") == ["—", "—"]


@pytest.mark.parametrize("address", ["/", "/articles", MAIN, pair_path("2020-07", missing().account.id)])
async def test_every_page_leads_to_accounts_and_articles_and_says_where_one_is(address: str) -> None:
    shown = await page(laid_desk(), address)

    links = shown.xpath("//nav[@class='places']/a")
    assert [(each.get("href"), words(each)) for each in links] == [("/", "账号"), ("/articles", "重要信息"), ("/letters", "通知")]
    assert shown.xpath("//nav[@class='places']/a[@aria-current]/@href") == ["/" if address == "/" else "/articles"]


# -- one article ----------------------------------------------------------------------------------------------------------------


async def test_the_matrix_cuts_the_audience_by_platform_region_and_level() -> None:
    shown = await page(laid_desk(), MAIN)

    rows = {row[0]: row[1:] for row in cells(shown, "//table[@class='matrix']/tbody/tr")}
    assert rows["全部"] == ["7", "1", "1", "1", "2", "1", "1", "60.00%", "20.00%"]
    assert rows["微信"] == ["3", "1", "1", "0", "1", "0", "0", "66.67%", "33.33%"]
    assert rows["今日头条"] == ["1", "0", "0", "0", "0", "1", "0", "—", "—"]
    assert rows["石泉县"] == ["2", "1", "0", "0", "1", "0", "0", "50.00%", "50.00%"]
    assert rows["部门"][0] == "5"


async def test_a_roster_without_regions_and_levels_is_cut_by_platform_only() -> None:
    accounts = [owing(number, region="", level="") for number in range(3)]
    told = [standing(each, RepostVerdict.DONE) for each in accounts]

    shown = await page(PaperDesk(laid=sheets(ARTICLES[:1], told, {each.id: each for each in accounts})), MAIN)

    assert [words(each) for each in shown.xpath("//tr[@class='part']")] == ["按平台"]


async def test_of_very_many_regions_the_last_are_one_row_so_that_the_figures_add_up() -> None:
    accounts = [owing(number, region=f"第{number}区") for number in range(PLACES_CAP + 5)]
    told = [standing(each, RepostVerdict.MISSING) for each in accounts]

    shown = await page(PaperDesk(laid=sheets(ARTICLES[:1], told, {each.id: each for each in accounts})), MAIN)

    rows = cells(shown, "//table[@class='matrix']/tbody[3]/tr")
    assert rows[-1][:2] == ["其余 5 个", "5"]
    assert sum(int(row[1]) for row in rows[1:]) == len(accounts)


async def test_every_count_of_the_matrix_leads_to_just_those_accounts() -> None:
    desk = laid_desk()
    shown = await page(desk, MAIN)

    for cell in shown.xpath("//table[@class='matrix']//td[a]"):
        listed = await page(desk, cell.xpath("a/@href")[0])
        assert len(names(listed)) == int(words(cell))


async def test_the_missing_stand_under_their_units_and_lead_to_what_that_rests_on() -> None:
    shown = await page(laid_desk(), MAIN)

    units = [words(each) for each in shown.xpath("//dl[@class='units']/div")]
    assert units == ["石泉统计主办单位石泉统计（微博）", "岚皋交警主办单位岚皋交警（微信）"]
    assert pair_path("2020-07", missing().account.id) in shown.xpath("//dl[@class='units']//a/@href")


async def test_an_article_nobody_missed_says_so() -> None:
    shown = await page(many(3, RepostVerdict.DONE), MAIN)

    assert "目前没有判定为未转载的账号" in shown.text_content()


async def test_of_very_many_missing_the_first_are_named_and_the_rest_are_in_the_list() -> None:
    shown = await page(many(MISSING_CAP + 7), MAIN)

    assert len(shown.xpath("//dl[@class='units']//dd")) == MISSING_CAP
    assert "另有 7 个" in shown.text_content()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("verdict=missing", ["石泉统计", "岚皋交警"], id="by verdict"),
        pytest.param("verdict=missing&platform=wechat", ["岚皋交警"], id="and platform"),
        pytest.param(f"region={quote('石泉县')}", ["石泉统计", "石泉发布"], id="by region"),
        pytest.param(f"level={quote('县级')}", ["石泉发布"], id="by level"),
        pytest.param("platform=douyin", [], id="nobody of that platform"),
        pytest.param("verdict=guilty&platform=icq&region=x&level=%00&page=x", None, id="unknown words are as if not given"),
        pytest.param("page=" + "9" * 5000, None, id="an absurd page"),
        pytest.param("region=" + "%E7%9F%B3" * 800, None, id="an absurd region"),
        pytest.param("%ff=%ff&&=&verdict=missing&verdict=done", ["石泉统计", "岚皋交警"], id="a mangled query"),
    ],
)
async def test_the_list_shows_what_was_asked_for_gravest_first(query: str, found: Sequence[str] | None) -> None:
    shown = await page(laid_desk(), f"{MAIN}?{query}")

    everybody = ["石泉统计", "岚皋交警", "平利县卫生健康", "汉阴林业", "镇坪文旅", "石泉发布", "宁陕农业"]
    assert names(shown) == (everybody if found is None else found)


async def test_a_second_click_on_a_filter_takes_it_off_and_keeps_the_others() -> None:
    shown = await page(laid_desk(), f"{MAIN}?verdict=missing&platform=wechat")

    [chosen] = shown.xpath("//nav[@aria-label='判定']/a[@class='chosen']")
    assert (words(chosen), chosen.get("href")) == ("未转载 1", f"{MAIN}?platform=wechat#accounts")
    assert "微信 · 未转载：共 1 个账号" in shown.text_content()


async def test_a_row_shows_when_and_where_it_was_reposted_and_why_it_is_not_in_order() -> None:
    shown = await page(laid_desk(), MAIN)

    [row] = shown.xpath("//section[@id='accounts']//tr[contains(., '汉阴林业')]")
    assert [words(cell) for cell in row.xpath("td")] == [
        *["转载不及时", "汉阴林业610922M003XL0001", "微博", "汉阴林业主办单位", "汉阴县", "2020-03-02 08:12", "迟5小时12分", "依据"]
    ]
    assert row.xpath("td//a/@href") == ["https://mp.example/1", pair_path("2020-07", "610922M003XL0001")]


async def test_a_long_list_comes_in_pages() -> None:
    desk = many(PAGE_ROWS + 1)

    first, last = await page(desk, f"{MAIN}?verdict=missing"), await page(desk, f"{MAIN}?verdict=missing&page=99")

    assert (len(names(first)), len(names(last))) == (PAGE_ROWS, 1)
    assert first.xpath("//nav[@class='pages']/a/@href") == [f"{MAIN}?verdict=missing&page=2#accounts"]


# -- odd and hostile input ------------------------------------------------------------------------------------------------------

ODD_IDS = ["douyin:MS4w/ab+c=", "weibo:12 34", "甲:乙?丙#丁", "a%2Fb", "x/../../y", "%zz"]


@pytest.mark.parametrize("id", ODD_IDS)
async def test_an_account_id_of_any_characters_has_its_page(id: str) -> None:
    who = owing(1).model_copy(update={"id": id, "code": ""})
    told = sheets(ARTICLES[:1], [standing(who, RepostVerdict.MISSING)], {who.id: who})
    desk = PaperDesk(laid=told, pairs=[pair(RepostVerdict.MISSING, account=who)])
    [link] = (await page(desk, MAIN)).xpath("//section[@id='accounts']//a[text()='依据']/@href")

    async with visit(desk) as client:
        answer = await client.session.get(URL(str(client.make_url("/")).rstrip("/") + link, encoded=True))

    assert answer.status == 200


UNKNOWN = ["/articles/none", "/articles/%E6%97%A0", f"{MAIN}/nobody", "/articles/x/y/z", f"{MAIN}/%ff", f"{MAIN}/%00"]


@pytest.mark.parametrize("address", UNKNOWN)
async def test_an_unknown_article_or_account_is_said_in_chinese(address: str) -> None:
    shown = await page(laid_desk(), address, 404)

    assert "没有这一页" in shown.text_content()
    assert "/articles" in shown.xpath("//main//a/@href")


@pytest.mark.parametrize("address", ["/", "/articles", MAIN, f"{MAIN}/x"])
async def test_while_the_store_is_away_every_page_says_so(address: str) -> None:
    shown = await page(PaperDesk(away=True), address, 503)

    assert "数据库暂时无法访问" in shown.text_content()


def hostile() -> PaperDesk:
    who = owing(1, NASTY, region=NASTY, level=NASTY).model_copy(update={"unit": NASTY})
    form = [{"reason": NASTY, "measure": NASTY, "limit": NASTY, "detail": NASTY}, "odd", None]
    evidence = {**dict.fromkeys(("by", "field", "left", "right", "why", "doubt"), NASTY), "form": form, "url": "javascript:x"}
    carried = repost(who, "irregular", **evidence)
    post = post_of(carried, f"{NASTY}。\n{SENTENCES[1]}", title=NASTY, kind=NASTY, url="javascript:alert(1)")
    task = article(title=NASTY, source=NASTY, text=f"{SENTENCES[1]}\n{NASTY}!", urls=("javascript:alert(1)",))
    shown = standing(who, RepostVerdict.IRREGULAR, carried).model_copy(update={"reason": NASTY})
    other = standing(owing(2, level=""), RepostVerdict.DONE)
    laid = sheets([task], [shown, other], {who.id: who, other.account_id: owing(2)})
    return PaperDesk(laid=laid, pairs=[replace(pair(RepostVerdict.IRREGULAR, Carrier(carried, post), account=who), article=task)])


@pytest.mark.parametrize("address", ["/articles", MAIN, f"{MAIN}?region={quote(HOSTILE)}", pair_path("2020-07", owing(1).id)])
async def test_hostile_names_titles_and_texts_stay_text(address: str) -> None:
    async with visit(hostile()) as client:
        answer = await client.get(address)
        text = await answer.text()

    assert answer.status == 200
    assert "<script" not in text and "<img" not in text and "javascript:" not in text
    assert not {"\u202e", "\x00", "\u200b"} & set(text)


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=4), "1分钟"),
        (timedelta(minutes=59), "59分钟"),
        (timedelta(hours=5, minutes=12), "5小时12分"),
        (timedelta(days=1), "1天"),
        (timedelta(days=3, hours=5, minutes=50), "3天5小时"),
    ],
)
def test_a_span_is_said_no_finer_than_it_matters(span: timedelta, said: str) -> None:
    assert length(span) == said


@pytest.mark.parametrize("address", ["/articles", MAIN, f"{MAIN}/x", "/articles/none"])
async def test_the_pages_carry_the_guards_and_need_no_script(address: str) -> None:
    async with visit(laid_desk()) as client:
        answer = await client.get(address)
        shown = html.fromstring(await answer.text())

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert shown.xpath("//script | //*[@style] | //*[starts-with(name(@*), 'on')]") == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_of_an_article_can_be_changed_from_outside(method: str) -> None:
    async with visit(laid_desk()) as client:
        answer = await client.request(method, MAIN)

    assert answer.status == 405
