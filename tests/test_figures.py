"""Do the numbers of two texts agree: places, Chinese numerals, short years, and what says nothing."""

from __future__ import annotations

import time

import pytest

from monitor.matching.figures import FIGURES, Agreement, Figures, agreement, figures
from monitor.matching.text import fold

BULLETIN = "本周全市降雨42毫米，比上周多11毫米；出动巡查人员370人次，排查隐患58处，转移群众1204人。"


def compared(post: str, article: str) -> Agreement:
    return agreement(figures(fold(post)), Figures(figures(fold(article))))


def test_the_same_figures_in_the_same_places_agree() -> None:
    assert compared(BULLETIN, BULLETIN) == Agreement(agree=5, differ=0)


def test_last_weeks_bulletin_has_other_figures_in_the_same_places() -> None:
    last_week = BULLETIN.replace("42", "31").replace("11毫", "9毫").replace("370", "255").replace("58", "40").replace("1204", "0")

    assert compared(last_week, BULLETIN) == Agreement(agree=0, differ=5)


def test_an_excerpt_is_asked_only_for_what_it_says() -> None:
    assert compared("出动巡查人员370人次，排查隐患58处", BULLETIN) == Agreement(agree=2, differ=0)


def test_a_figure_without_a_place_in_the_other_text_says_nothing() -> None:
    assert compared("值班电话12345，邮编230000", BULLETIN) == Agreement()


@pytest.mark.parametrize(
    ("post", "article"),
    [
        ("二〇二五年全市防汛工作会议召开", "2025年全市防汛工作会议召开"),
        ("第三十九次值班会商召开", "第39次值班会商召开"),
        ("第十一届防汛演练举行", "第11届防汛演练举行"),
        ("防汛演练24年继续举行", "防汛演练2024年继续举行"),
        ("降雨１４．７毫米", "降雨14.7毫米"),
    ],
)
def test_a_figure_may_be_written_in_two_ways(post: str, article: str) -> None:
    assert compared(post, article) == Agreement(agree=1, differ=0)


@pytest.mark.parametrize(
    ("post", "article"),
    [
        ("第三次值班会商召开", "第四次值班会商召开"),
        ("2023年全市防汛工作会议召开", "2024年全市防汛工作会议召开"),
        ("通报七起典型问题", "通报十起典型问题"),
        ("全市粮食总产量增长3.2%", "全市粮食总产量增长4.1%"),
    ],
)
def test_another_number_in_the_same_place_differs(post: str, article: str) -> None:
    assert compared(post, article) == Agreement(agree=0, differ=1)


def test_numerals_in_words_are_no_figures() -> None:
    assert figures("一起统一思想十分重要万一") == ()


def test_each_figure_of_the_article_answers_once() -> None:
    assert compared("甲乡转移5人，乙乡转移5人", "甲乡转移5人，乙乡转移7人").agree == 1


def test_only_so_many_figures_are_read() -> None:
    assert len(figures("值1守" * (FIGURES + 50))) == FIGURES


HOSTILE = ["", "1", "一" * 200_000, "9" * 200_000, "1a" * 100_000, "第" * 200_000]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:2] or "empty")
def test_a_hostile_text_takes_time_by_its_length_only(text: str) -> None:
    start = time.process_time()

    compared(text, text)

    assert time.process_time() - start < 2
