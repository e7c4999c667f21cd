"""An article and its repost by sentence: what counts as the same, as edited, as left out or added, and what none of it may cost."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matching.sides import SENTENCE_LIMIT, TEXT_LIMIT, Sides, side_by_side

ORIGINAL = (
    "新华社青川5月15日电（记者甲）临江市15日召开防汛工作会议。会议指出，今年入汛时间较往年提前12天！\n"
    "会议要求，一要加强水库巡查；二要备足抢险物资3.5万件。“各项准备已经就绪。”市水利局负责人表示。"
)


def changes(sides: Sides) -> list[str]:
    return [side.change for side in sides.pairs]


def marked(sides: Sides) -> list[tuple[list[str], list[str]]]:
    """Return the words that are marked in each edited row, on both sides."""
    return [
        ([side.original[a:b] for a, b in side.marks.original], [side.repost[a:b] for a, b in side.marks.repost])
        for side in sides.pairs
        if side.change == "edited"
    ]


def test_a_text_beside_itself_is_the_same_throughout() -> None:
    sides = side_by_side(ORIGINAL, ORIGINAL)

    assert set(changes(sides)) == {"same"}
    assert (sides.covered, sides.changed_share, sides.head, sides.foot, sides.cut) == (1.0, 0.0, 0, 0, frozenset())


@pytest.mark.parametrize(
    "repost",
    [
        pytest.param(ORIGINAL.replace("。", "，").replace("！", "。"), id="other punctuation"),
        pytest.param(ORIGINAL.replace("\n", ""), id="lines joined"),
        pytest.param(ORIGINAL.replace("，", "，\n"), id="broken into lines"),
        pytest.param(ORIGINAL.replace("会议要求", "會議要求").replace("12", "１２"), id="script and width"),
        pytest.param(" \u200b".join(ORIGINAL), id="blanks within"),
        pytest.param(ORIGINAL.replace("！", "！[鼓掌]🌊"), id="faces"),
    ],
)
def test_what_a_reader_would_not_call_a_difference_is_none(repost: str) -> None:
    sides = side_by_side(ORIGINAL, repost)

    assert set(changes(sides)) == {"same"}
    assert sides.covered == 1.0


def test_a_quotation_keeps_its_closing_mark() -> None:
    sides = side_by_side("他说：“准备好了。”大家鼓掌。", "他说：“准备好了。”大家鼓掌。")

    assert [side.original for side in sides.pairs] == ["他说：“准备好了。”", "大家鼓掌。"]


def test_another_figure_is_marked_on_both_sides() -> None:
    sides = side_by_side(ORIGINAL, ORIGINAL.replace("12天", "21天").replace("3.5万", "5.3万"))

    assert marked(sides) == [(["12"], ["21"]), (["3.5"], ["5.3"])]
    assert sides.figures == (("12", "21"), ("3.5", "5.3"))
    assert sides.covered > 0.9


@pytest.mark.parametrize(("before", "after"), [("3座", "4座"), ("5.2%", "52%"), ("第三次", "第四次"), ("2024年", "二〇二五年")])
def test_one_number_for_another_is_a_figure_that_differs(before: str, after: str) -> None:
    frame = "临江市水利局{}完成了水库除险加固工程的全部验收工作。"

    sides = side_by_side(frame.format(before), frame.format(after))

    assert len(sides.figures) == len(sides.changed) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [("2025年", "二〇二五年"), ("39次", "三十九次"), ("1,234.5万", "１２３４.5万"), ("第3届", "第三届"), ("0.7%", "0 .7%")],
)
def test_a_number_written_another_way_is_the_same_number(before: str, after: str) -> None:
    frame = "临江市人民政府关于{}全市防汛抗旱工作情况的通报已经印发各地。"

    sides = side_by_side(frame.format(before), frame.format(after))

    assert sides.figures == ()
    assert not sides.changed


def test_numerals_that_are_part_of_a_word_are_no_figures() -> None:
    sides = side_by_side("会议要求各级各部门一定要高度重视防汛工作。", "会议要求各级各部门十分要高度重视防汛工作。")

    assert sides.figures == ()


def test_a_sentence_that_lost_or_won_words_was_not_altered() -> None:
    original = "会议要求，一要加强水库巡查，二要备足抢险物资，三要严格值班值守。"

    shorter = side_by_side(original, "会议要求，一要加强水库巡查。")
    longer = side_by_side("会议要求，一要加强水库巡查。", original)

    assert changes(shorter) == changes(longer) == ["edited"]
    assert not shorter.changed and not longer.changed
    assert longer.covered == 1.0 > shorter.covered > 0.3


def test_a_slip_of_one_character_alters_nothing_and_two_do() -> None:
    original = "会议强调，要逐村逐户地排查风险隐患，确保人民群众生命财产安全。"

    assert not side_by_side(original, original.replace("户地", "户的")).changed
    assert side_by_side(original, original.replace("排查", "摸清")).changed


def test_blanks_within_a_number_are_no_second_slip() -> None:
    original = "会议强调，要逐村逐户地排查186座水库和35.5公里堤防的风险隐患。"

    sides = side_by_side(original, original.replace("户地", "户的").replace("186", "1 8\u200b6").replace("35.5", "3 5 .5"))

    assert changes(sides) == ["edited"]
    assert not sides.changed


def test_a_changed_order_is_no_change() -> None:
    first, second, third = "要加强水库巡查工作。", "要备足抢险救灾物资。", "要严格执行值班制度。"

    sides = side_by_side(first + second + third, third + first + second)

    assert changes(sides) == ["same"] * 3
    assert [side.original for side in sides.pairs] == [first, second, third]


def test_additions_stand_where_the_repost_has_them() -> None:
    repost = "编者按：请各单位认真学习。\n" + ORIGINAL.replace("！\n", "！\n图为会议现场。\n") + "\n来源：新华社"

    sides = side_by_side(ORIGINAL, repost)

    assert [(side.change, side.repost) for side in sides.pairs if side.change != "same"] == [
        ("added", "编者按：请各单位认真学习。"),
        ("added", "图为会议现场。"),
        ("added", "来源：新华社"),
    ]
    assert changes(sides)[0] == changes(sides)[-1] == "added"
    assert (sides.head, sides.foot, sides.covered, sides.changed) == (11, 5, 1.0, ())


def test_a_sentence_said_twice_is_added_once() -> None:
    again = "会议要求，一要加强水库巡查；"

    assert changes(side_by_side(ORIGINAL, ORIGINAL + again)) == [*changes(side_by_side(ORIGINAL, ORIGINAL)), "added"]


def test_a_sentence_that_found_its_counterpart_draws_no_second() -> None:
    first, second = "10月29日，临江市向水利协会成立五周年致贺信。", "当日，南山市也向水利协会成立五周年致贺信。"

    left_out = side_by_side(first + second, f"各位网友晚上好：{first}")
    added = side_by_side(f"各位网友晚上好：{first}", first + second)

    assert changes(left_out) == ["edited", "missing"]
    assert changes(added) == ["edited", "added"]
    assert not left_out.changed and not added.changed


def test_what_was_left_out_stands_in_its_place() -> None:
    sides = side_by_side(ORIGINAL, ORIGINAL.replace("会议要求，一要加强水库巡查；", ""))

    assert [side.original for side in sides.pairs if side.change == "missing"] == ["会议要求，一要加强水库巡查；"]
    assert 0.7 < sides.covered < 0.95


def test_the_day_of_a_dateline_is_no_alteration() -> None:
    sides = side_by_side(ORIGINAL, ORIGINAL.replace("5月15日电", "5月16日电"))

    assert not sides.changed and not sides.figures


def test_a_line_about_the_page_is_no_alteration() -> None:
    sides = side_by_side("发布时间：2024-05-15 10:30 浏览次数：12\n" + ORIGINAL, "发布时间：2024-05-16 08:00 浏览次数：345\n" + ORIGINAL)

    assert not sides.changed and not sides.figures


HEADS = ["【临江市召开防汛工作会议】", "#防汛# 【【汛期】临江市召开防汛工作会议】", "#临江发布#【会议要求：加强水库巡查】"]


@pytest.mark.parametrize("head", HEADS)
def test_a_title_before_the_first_sentence_is_a_piece_of_its_own(head: str) -> None:
    sides = side_by_side(ORIGINAL, head + ORIGINAL)

    assert changes(sides) == ["added", *["same"] * (len(sides.pairs) - 1)]
    assert sides.pairs[0].repost == head


def test_a_title_is_no_altered_form_of_a_sentence_it_resembles() -> None:
    sides = side_by_side(ORIGINAL, ORIGINAL.replace("临江市15日召开防汛工作会议。", "【临江市15日召开防汛会议】"))

    assert "edited" not in changes(sides)


def test_a_sentence_that_a_fold_cut_was_not_altered() -> None:
    sides = side_by_side(ORIGINAL, ORIGINAL[: ORIGINAL.index("水库")] + "...全文")

    assert not sides.changed


def test_a_link_is_one_piece() -> None:
    sides = side_by_side("", "http://page.example/a?b=1;c=2!")

    assert [side.repost for side in sides.pairs] == ["http://page.example/a?b=1;c=2!"]


def test_another_text_has_nothing_in_common() -> None:
    other = "本周六起，市图书馆延长开放时间至晚上九点。读者可以通过小程序预约座位。周一闭馆整理。"

    sides = side_by_side(ORIGINAL, other)

    assert set(changes(sides)) == {"missing", "added"}
    assert sides.covered == 0.0


@pytest.mark.parametrize(("original", "repost"), [("", ""), ("", "全文如下。"), ("全文如下。", ""), ("。。。", "🌊")])
def test_an_empty_text_covers_nothing(original: str, repost: str) -> None:
    assert side_by_side(original, repost).covered == 0.0


def test_more_than_is_compared_is_said_to_be_cut() -> None:
    long = "临江" * TEXT_LIMIT
    many = "甲乙。" * (SENTENCE_LIMIT + 1)

    assert side_by_side(long, "临江") == side_by_side(long, "临江")
    assert side_by_side(long, "临江").cut == {"original"}
    assert side_by_side("临江", long).cut == {"repost"}
    assert side_by_side(many, many).cut == {"original", "repost"}


def _random(letters: str, length: int, seed: int, every: int = 0) -> str:
    dice = random.Random(seed)
    return "".join(dice.choice(letters) + ("。" if every and n % every == 0 else "") for n in range(length))


HOSTILE = {
    "one letter": ("的" * TEXT_LIMIT, "的" * (TEXT_LIMIT - 1)),
    "marks only": ("，" * 1_000_000, "。" * 1_000_000),
    "two letters": (_random("甲乙", 18_000, 1, 90), _random("甲乙", 18_000, 2, 90)),
    "no sentence ends": (_random("甲乙丙", 19_999, 3), _random("甲乙丙", 19_999, 4)),
    "tiny sentences": ("甲。" * 20_000, "甲。乙。" * 20_000),
    "one number": ("1" * 20_000, "2" * 20_000),
    "one numeral": ("一" * 20_000, "二" * 20_000),
    "links": ("http://a" * 200_000, "https://" * 200_000),
    "surrogates": ("\ud800。" * 20_000, "\x00" * 20_000),
    "datelines": ("月1日电（" * 5_000, "（月" * 10_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_long(name: str) -> None:
    started = time.process_time()

    side_by_side(*HOSTILE[name])

    assert time.process_time() - started < 2


ALPHABET = st.text(st.sampled_from("临江市防汛会议12３三。！；\n，“”http://[]（） \u200b\ud800月日电"), max_size=80)


@given(ALPHABET, ALPHABET)
def test_whatever_comes_in_adds_up(original: str, repost: str) -> None:
    sides = side_by_side(original, repost)

    assert 0 <= sides.covered <= 1
    assert 0 <= sides.changed_share <= 1
    for side in sides.pairs:
        assert all(0 <= a < b <= len(side.original) for a, b in side.marks.original)
        assert all(0 <= a < b <= len(side.repost) for a, b in side.marks.repost)


@given(ALPHABET, ALPHABET, ALPHABET)
def test_what_stands_around_a_text_takes_nothing_from_it(head: str, text: str, foot: str) -> None:
    sides = side_by_side(text, f"{head}\n{text}\n{foot}")

    assert sides.covered == 1.0 or sides.length < 12
    assert not sides.changed
