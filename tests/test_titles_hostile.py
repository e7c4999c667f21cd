"""Whatever comes as a title is compared, in little time, and to no surprise."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matching.text import normalise_title
from monitor.matching.titles import REACH, Relation, Titles

TITLES = Titles()
PLAN = "云湖省关于加强山塘水库安全管理的若干意见"


def best_of(rounds: int, work: Callable[[], object]) -> float:
    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(rounds))


PIECES = [
    "【",
    "】",
    "丨",
    "|",
    "：",
    "！",
    "，",
    " ",
    "#",
    "@",
    "（",
    "）",
    "《",
    "》",
    "全文",
    "转载",
    "第",
    "十",
    "五",
    "12",
    "年",
    "…",
    "新华社",
    "解读",
    PLAN,
    "\ud800",
    "\x00",
]
ANY = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))


@given(ANY)
def test_a_title_equals_itself(title: str) -> None:
    assert TITLES.compare(title, title).relation is (Relation.EQUAL if normalise_title(title) else Relation.DIFFERENT)


@given(ANY)
def test_the_first_core_is_the_whole_title_and_there_are_few(title: str) -> None:
    cores = TITLES.cores(title)

    assert cores[0] == normalise_title(title)
    assert len(cores) == len(set(cores)) <= 17


@given(ANY, ANY)
def test_any_two_titles_are_compared_and_the_share_is_a_share(article: str, post: str) -> None:
    seen = TITLES.compare(article, post)

    assert 0 <= seen.share <= 1
    assert isinstance(TITLES.recurring(post), bool)


@given(ANY)
def test_equal_or_dressed_titles_share_a_core(post: str) -> None:
    dressed = f"【新华社】{post}"

    if TITLES.compare(post, dressed).relation in (Relation.EQUAL, Relation.DRESSED):
        assert set(TITLES.cores(post)) & set(TITLES.cores(dressed))


HOSTILE = [
    "|",
    "【",
    "【a】",
    "丨一",
    "#",
    "第十",
    "！",
    "@a ",
    "（全文）",
    "9",
    "…",
    "全文！",
    "，转载",
    "【】",
    "ﷺ",
    "\ud800",
    "学习精神",
    "-a",
    "一图",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_title_takes_no_time(piece: str) -> None:
    for length in (REACH, 4_000, 100_000):
        title = (piece * length)[:length]

        def all_of_it(title: str = title) -> None:
            TITLES.cores(title)
            TITLES.recurring(title)
            Titles().compare(title, title + PLAN)
            Titles().compare(PLAN + title, title)

        # Building two sets of words takes 10 ms of it.
        assert best_of(2, all_of_it) < 0.2


def test_reading_a_title_is_cheap() -> None:
    posts = [f"白露镇第{number}组茶农喜迎丰收 合作社带动三百户增收" for number in range(200)]

    # Measured at 15 µs and 85 µs; the bounds leave room for a busy machine.
    assert best_of(5, lambda: [TITLES.cores(post) for post in posts]) / len(posts) < 60e-6
    assert best_of(3, lambda: [Titles.compare(TITLES, PLAN, f"重磅！{post}") for post in posts]) / len(posts) < 400e-6


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_two_titles_are_compared_whatever_they_hold(one: str, other: str) -> None:
    assert 0.0 <= TITLES.compare(one, other).share <= 1.0
    assert TITLES.compare(other, one).only_lacks_which in (True, False)


@pytest.mark.parametrize("title", ["一二三四五" * 800, "1-" * 2_000, "关于" * 2_000, "我市" * 2_000 + "的通知", "第3次" * 1_300])
def test_long_titles_are_compared_by_their_words_in_no_time(title: str) -> None:
    begun = time.process_time()

    for other in (title[1:], title[::-1], f"要闻｜{title[:300]}", title[:300].replace("一", "二")):
        TITLES.compare(title, other)
        TITLES.compare(title[:300], other)

    assert time.process_time() - begun < 2
