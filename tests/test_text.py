"""Texts in one form: what folding takes away, what it leaves, and what of a post its writer says."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matching.script import bare, bare_codes
from monitor.matching.text import TEXT_LIMIT, TITLE_LIMIT, dress, fold, normalise_title, said

PLAIN = "某市发布2022年防汛工作要点重点水库24小时值守"
ANY_TEXT = st.text(alphabet=st.characters(), max_size=200)


@pytest.mark.parametrize(
    "variant",
    [
        "某市发布２０２２年防汛工作要点：重点水库24小时值守。",
        "某市發佈2022年防汛工作要點，重點水庫24小時值守",
        "某\u200b市发\u200d布20\u206022年防汛工作要点\ufeff 重点水库\t24小时值守",
        "某市发布2022年防汛工作要点[赞][心]重点水库24小时值守🌊🌊",
        "某市发布2022年防汛工作要点（重点水库24小时值守）http://t.cn/A6abcDEF",
        "某市发布2022年防汛工作要点\n\n重点水库24小时值守 WWW.EXAMPLE.GOV.CN/a/b",
        "#某市发布#2022年防汛工作要点&nbsp;重点水库24小时值守",
    ],
)
def test_what_differs_only_in_dress_folds_to_one_text(variant: str) -> None:
    assert fold(variant) == PLAIN


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("國務院關於乾旱災後裏應外合的通知", "国务院关于干旱灾后里应外合的通知"),
        ("臺灣著名學者", "台湾著名学者"),
        ("啟動、啓動", "启动启动"),
    ],
)
def test_traditional_characters_fold_one_by_one(traditional: str, simplified: str) -> None:
    assert fold(traditional) == fold(simplified)
    assert normalise_title(traditional) == normalise_title(simplified)


@given(ANY_TEXT)
def test_folding_twice_is_folding_once(text: str) -> None:
    once = fold(text)

    assert fold(once) == once


@given(ANY_TEXT, st.text(max_size=20))
def test_a_long_text_folds_as_its_parts_do(text: str, filler: str) -> None:
    plain = "字" * 60

    assert bare(plain + text + filler) == bare(plain + bare(text + filler))
    assert bare_codes(text).tobytes().decode("utf-32-le") == bare(text)


def test_every_ideograph_is_at_rest_after_one_turn() -> None:
    once = [fold(chr(code)) for code in (*range(0x3000, 0xA000), *range(0xF900, 0xFB00), *range(0x20000, 0x20800))]

    assert [fold(text) for text in once] == once


@pytest.mark.parametrize("text", ["", "\n\t ", "\ud800", "\ud83d", "\x00\x01\x1b[31m"[:2], "🌊" * 100, "……——！！！"])
def test_what_says_nothing_folds_to_nothing(text: str) -> None:
    assert fold(text) == ""
    assert len(bare_codes(said(text))) == 0


def test_lone_surrogates_vanish_from_a_long_text_too() -> None:
    assert fold("防汛" * 40 + "\udc00" + "值守") == "防汛" * 40 + "值守"


def test_no_more_than_the_limit_is_read() -> None:
    assert len(fold("字" * (TEXT_LIMIT + 9))) == TEXT_LIMIT
    assert len(normalise_title("字" * (TITLE_LIMIT + 9))) == TITLE_LIMIT


@pytest.mark.parametrize(
    "post",
    [
        "#今日要闻# 水库二十四小时值守 http://t.cn/A6abcDEF",
        "//@某市发布：水库二十四小时值守",
        "转发微博 水库二十四小时值守",
        "@所有人 水库二十四小时值守",
        "水库二十四小时值守…全文 http://t.cn/A6abcDEF",
        "水库二十四小时值守...展开全文c",
        "水库二十四小时值守 #防汛 #应急",
    ],
)
def test_what_the_platform_writes_into_a_post_is_not_said(post: str) -> None:
    assert fold(said(post)) == "水库二十四小时值守"


def test_a_tag_is_what_a_post_says_when_it_says_nothing_else() -> None:
    assert fold(said("#水库二十四小时值守# http://t.cn/A6abcDEF")) == "水库二十四小时值守"


@pytest.mark.parametrize(
    ("title", "worn"),
    [
        ("关注｜水库全天二十四小时值守", ("关注｜", "")),
        ("【学习】水库全天二十四小时值守", ("【学习】", "")),
        ("重磅！水库全天二十四小时值守！速看", ("重磅！", "！速看")),
        ("水库全天二十四小时值守（附全文）", ("", "（附全文）")),
        ("要闻丨水库全天二十四小时值守丨权威发布", ("要闻丨", "丨权威发布")),
        ("水库全天二十四小时值守", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_title_wears_short_words_before_a_rule_and_short_calls_behind(title: str, worn: tuple[str, str]) -> None:
    assert dress(title) == worn


UNITS = ("…", ".", "#", "#a ", "@", "[", "（", "www.", "！a", "【a】", "&#x", "e\u0301")
HOSTILE = [unit * (TEXT_LIMIT // len(unit)) for unit in UNITS]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:4]))
def test_a_hostile_text_takes_time_by_its_length_only(text: str) -> None:
    start = time.process_time()

    bare_codes(said(text))
    dress(text[:TITLE_LIMIT])

    # Measured at 0.01 to 0.3 s; what grows with the square takes minutes.
    assert time.process_time() - start < 3


@pytest.mark.parametrize("form", [fold, normalise_title, said], ids=lambda form: form.__name__)
def test_a_post_of_two_hundred_characters_is_folded_in_microseconds(form: Callable[[str], object]) -> None:
    text = ("某市發佈“防汛工作”要點，全文：见【示例社】Hello World！#防汛#２０２２年" * 10)[:200]
    form(text)

    best = min(_timed(form, text) for _ in range(7))

    # Measured at 8 µs; the bound leaves room for a busy machine.
    assert best < 60e-6


def _timed(form: Callable[[str], object], text: str, rounds: int = 200) -> float:
    start = time.process_time()
    for _ in range(rounds):
        form(text)
    return (time.process_time() - start) / rounds


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [("沿著新徵程", "沿着新征程"), ("瞭解復甦覆蓋衞生", "了解复苏覆盖卫生"), ("著名學者借/藉", "著名学者藉/借")],
)
def test_a_character_that_is_written_in_two_ways_is_one(traditional: str, simplified: str) -> None:
    assert fold(traditional) == fold(simplified)
