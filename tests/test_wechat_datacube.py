"""The data cube's answers and the publish list's reach: goldens, recordings, and what counts as not told whole."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from channels import FIXTURES, asked, expected, fixtures
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import RECORDINGS, needs_recordings
from wechat_talking import BIZUIN, day, item, link, noon, row

from adapters.reading.wechat_datacube import Cube, Days, missing, read_cube
from adapters.reading.wechat_publish import BEGINNING, read_published
from monitor.errors import LOOK_ERRORS, Degraded, LookError, ParseError, SourceRetired

RECORDED = RECORDINGS / "wechat" / "official_api"
ASKED = asked("wechat.openapi")


def cube_told(body: bytes, **options: Any) -> dict[str, Any]:
    try:
        cube = read_cube(body, ASKED, Days(day(0), day(0)), **options)
    except LookError as error:
        return {"error": error.code, "message": str(error)}
    rows = [[each.day.isoformat(), each.number, each.kind, each.title, each.url] for each in cube.rows]
    return {"trouble": cube.trouble, "rows": rows}


@pytest.mark.parametrize("path", fixtures("wechat.datacube"), ids=lambda path: path.stem)
def test_an_answer_of_the_data_cube_reads_as_expected(path: Path) -> None:
    assert cube_told(path.read_bytes(), owners=frozenset({BIZUIN})) == expected(path)


SURE = {"day", "silent_day", "bare_rows"}


@pytest.mark.parametrize("path", fixtures("wechat.datacube"), ids=lambda path: path.stem)
def test_only_whole_answers_are_without_trouble(path: Path) -> None:
    told = cube_told(path.read_bytes(), owners=frozenset({BIZUIN}))

    assert (told.get("trouble") == "") == (path.stem in SURE)


def test_a_day_is_dated_to_its_beginning_in_shanghai() -> None:
    cube = read_cube((FIXTURES / "wechat.datacube" / "day.json").read_bytes(), ASKED, Days(day(0), day(0)))

    draft = cube.rows[0].draft(BIZUIN, short=False)

    assert (draft.at, draft.precision) == (datetime(2026, 11, 18, 16, 0, tzinfo=UTC), "day")


@pytest.mark.parametrize(
    ("biz", "short", "native"),
    [(BIZUIN, False, f"{BIZUIN}_2247500201_1"), ("", False, "DemoTokenDemoToken0201"), (BIZUIN, True, "DemoTokenDemoToken0201")],
)
def test_an_article_is_named_as_the_other_lists_name_it(biz: str, short: bool, native: str) -> None:
    cube = read_cube((FIXTURES / "wechat.datacube" / "day.json").read_bytes(), ASKED, Days(day(0), day(0)))

    assert cube.rows[0].draft(biz, short).native == native
    assert cube.rows[1].draft("", short).native == "2247500201_2"
    assert cube.rows[2].draft("", short).native == f"{BIZUIN}_2247500001_1"


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_a_broken_answer_is_a_look_error_or_has_trouble(cut: int) -> None:
    body = (FIXTURES / "wechat.datacube" / "day.json").read_bytes()

    for piece in (body[:cut], body[:cut] + b"null" + body[cut + 9 :], body[:cut] + body[cut + 3 :]):
        try:
            cube = read_cube(piece, ASKED, Days(day(0), day(0)))
        except LOOK_ERRORS:
            continue
        assert isinstance(cube, Cube)


NAMES = ["list", "is_delay", "errcode", "errmsg", "ref_date", "msgid", "publish_type", "title", "content_url", "detail_list"]
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["2026-11-19", "1_1", link(5)])
ROWS = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5))


@settings(max_examples=400, deadline=None)
@given(tree=st.dictionaries(st.sampled_from(NAMES), st.lists(ROWS, max_size=4) | VALUES, max_size=4))
def test_any_body_is_rows_or_a_look_error_and_whole_only_where_all_is_said(tree: dict[str, Any]) -> None:
    try:
        cube = read_cube(json.dumps(tree).encode(), ASKED, Days(day(0), day(0)))
    except LOOK_ERRORS:
        return

    if not cube.trouble:
        assert len(cube.rows) == len(tree["list"]) and (cube.rows or tree["is_delay"] in (False, 0))
        assert all(each.day == day(0) and each.kind is not None and each.names for each in cube.rows)


@needs_recordings
def test_the_answers_of_the_documents() -> None:
    days = Days(date(2025, 11, 1), date(2025, 11, 1))

    told = read_cube((RECORDED / "SYNTHETIC_datacube_getarticletotaldetail_from_doc_fields.json").read_bytes(), ASKED, days)
    late = read_cube((RECORDED / "SYNTHETIC_datacube_getarticletotaldetail_delayed_empty.json").read_bytes(), ASKED, days)

    assert [(each.day, each.number, each.kind) for each in told.rows] == [(date(2025, 11, 1), "2247490098_1", 0)]
    assert told.trouble == "" and told.rows[0].names == {"2247490098_1", "XXXXXXXXXXXXXXXXXXXXXX"}
    assert (late.rows, late.trouble) == ((), "the data are delayed")


@needs_recordings
@pytest.mark.parametrize(
    ("name", "days", "number"),
    [
        ("datacube_getarticlesummary_legacy_docsample", Days(date(2014, 12, 8), date(2014, 12, 8)), "10000050_1"),
        ("datacube_getarticletotal_legacy_recorded_2022-08", Days(date(2022, 8, 19), date(2022, 8, 19)), "2247485082_1"),
    ],
)
def test_the_older_lists_do_not_say_what_was_sent(name: str, days: Days, number: str) -> None:
    cube = read_cube((RECORDED / f"{name}.json").read_bytes(), ASKED, days)

    assert [each.number for each in cube.rows] == [number]
    assert cube.trouble == "rows that do not say whether they were sent"


@needs_recordings
def test_the_older_interface_is_offline() -> None:
    with pytest.raises(SourceRetired):
        read_cube((RECORDED / "error_47009_old_datacube_offline.json").read_bytes(), ASKED, Days(day(0), day(0)))


@needs_recordings
@pytest.mark.parametrize("name", ["freepublish_submit", "freepublish_get_success", "freepublish_delete"])
def test_other_answers_of_the_publish_interfaces_are_no_lists(name: str) -> None:
    body = (RECORDED / f"{name}.json").read_bytes()

    with pytest.raises(ParseError):
        read_published(body, ASKED)
    with pytest.raises(ParseError):
        read_cube(body, ASKED, Days(day(0), day(0)))


@needs_recordings
def test_a_single_article_is_read_as_a_partial_view() -> None:
    published = read_published((RECORDED / "freepublish_getarticle.json").read_bytes(), ASKED)

    (post,) = published.page.posts.values()
    assert (post.title, post.published_at) == ("欢迎你加入啊~ 这是我的第一条文字消息草稿", datetime(2021, 10, 23, 4, 1, 10, tzinfo=UTC))
    assert published.reach() is None


# How far back the publish list reaches


def reach(items: list[dict[str, Any]], total: int | None = None, **more: Any) -> datetime | None:
    told = {"item": items, "item_count": len(items), **({} if total is None else {"total_count": total}), **more}
    return read_published(json.dumps(told).encode(), ASKED).reach()


def test_a_list_of_all_publications_reaches_to_the_beginning() -> None:
    assert reach([item(1, 1)], 1) == BEGINNING == reach([], 0)


def test_a_longer_list_reaches_to_its_oldest_item_only() -> None:
    assert reach([item(1, 3), item(4, 2), item(9, 1)], 50) == noon(9)


def test_an_old_article_edited_lately_does_not_stretch_the_list() -> None:
    assert reach([item(300, 1, updated=noon(0)), item(1, 3), item(4, 2)], 50) == noon(4)


REACHLESS = {
    "no total": lambda: reach([item(1, 1)]),
    "a negative total": lambda: reach([item(1, 1)], -1),
    "a total below what is listed": lambda: reach([item(1, 1), item(2, 2)], 0),
    "no order": lambda: reach([item(4, 1), item(1, 2), item(9, 3)], 50),
    "nothing listed of many": lambda: reach([], 7),
    "fewer than stated": lambda: reach([item(1, 1)], 1, item_count=20),
    "an item that cannot be read": lambda: reach([item(1, 1), {"content": 7}], 2),
    "an item without articles": lambda: reach([item(1, 1), {"content": {"news_item": [], "create_time": 1795084200}}], 2),
    "an item without a time": lambda: reach([item(1, 1), {"article_id": "a", "content": {"news_item": [{"url": link(5)}]}}], 2),
}


@pytest.mark.parametrize("name", REACHLESS)
def test_a_list_that_may_lack_something_reaches_nowhere(name: str) -> None:
    assert REACHLESS[name]() is None


def test_a_list_with_another_accounts_articles_reaches_nowhere() -> None:
    body = json.dumps({"item": [item(1, 1), item(2, 2, url=link(2, biz="MzI5MDAwMDAwOQ=="))], "item_count": 2, "total_count": 2})

    assert read_published(body.encode(), ASKED).reach() == BEGINNING
    assert read_published(body.encode(), ASKED, frozenset({BIZUIN})).reach() is None


# What the data cube lacks


@pytest.mark.parametrize("word", [None, "", "no", 2, "late"])
def test_rows_are_told_whole_only_where_it_is_said_that_nothing_is_delayed(word: object) -> None:
    rows = [row(0, 7)]

    doubted = read_cube(json.dumps({"list": rows, "is_delay": word}).encode(), ASKED, Days(day(0), day(0)))
    sure = read_cube(json.dumps({"list": rows, "is_delay": "0"}).encode(), ASKED, Days(day(0), day(0)))

    assert doubted.trouble == "rows without a word on delay" and len(doubted.rows) == 1
    assert sure.trouble == ""


def test_articles_that_both_lists_name_differently_are_counted_by_day() -> None:
    published = read_published(json.dumps({"item": [item(0, 8, url="")]}).encode(), ASKED)
    days = Days(day(0), day(0))
    told = [read_cube(json.dumps({"list": [row(0, 5, kind)]}).encode(), ASKED, days).rows for kind in (0, 1)]

    assert [missing(published.page.posts.values(), rows, days) for rows in told] == [1, 0]


def test_a_deleted_article_is_not_missed() -> None:
    published = read_published(json.dumps({"item": [item(0, 8, is_deleted=True)]}).encode(), ASKED)

    assert missing(published.page.posts.values(), (), Days(day(0), day(0))) == 0


def test_a_body_that_is_not_ready_is_degraded_by_itself() -> None:
    with pytest.raises(Degraded):
        read_cube(b'{"errcode": "61503"}', ASKED, Days(day(0), day(0)))
