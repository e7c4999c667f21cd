"""What one title is to another: equal, dressed up, a part, another document; all titles are invented, their shapes are real."""

from __future__ import annotations

import pytest

from monitor.matching.numerals import clash, figures, in_digits
from monitor.matching.titles import Relation, Titles
from monitor.matching.wishes import MatchingSettings

TITLES = Titles()
PLAN = "云湖省关于加强山塘水库安全管理的若干意见"
SPEECH = "王远山：在庆祝云湖建省60周年大会上的讲话"
DECISION = "中共云湖省委关于全面振兴乡村茶业 推进茶旅融合的决定"


def relation(article: str, post: str) -> Relation:
    return TITLES.compare(article, post).relation


# -- equal --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "post",
    [
        PLAN,
        "云湖省 关于加强“山塘水库”安全管理的若干意见！",
        "\u200b云湖省丨关于加强山塘水库安全管理的若干意见",
        "云湖省關於加強山塘水庫安全管理的若干意見",
        "#防汛# 云湖省关于加强山塘水库安全管理的若干意见",
    ],
)
def test_titles_that_differ_in_marks_and_script_only_are_equal(post: str) -> None:
    assert TITLES.compare(PLAN, post).relation is Relation.EQUAL
    assert TITLES.compare(PLAN, post).rest == ""


@pytest.mark.parametrize(
    ("article", "post"),
    [
        ("省长王远山发表二〇二五年新年贺词", "省长王远山发表2025年新年贺词"),
        ("省长王远山发表二○二五年新年贺词", "省长王远山发表2025年新年贺词"),
        ("云湖省第三次茶业普查公报", "云湖省第3次茶业普查公报"),
        ("云湖省委十二届四中全会公报发布", "云湖省委12届4中全会公报发布"),
        ("云湖省第二十一届茶文化节开幕", "云湖省第21届茶文化节开幕"),
        ("云湖省“十五五”规划纲要全文", "云湖省“155”规划纲要全文"),
    ],
)
def test_chinese_numerals_are_digits(article: str, post: str) -> None:
    assert relation(article, post) is Relation.EQUAL
    assert set(TITLES.cores(article)) & set(TITLES.cores(post))


@pytest.mark.parametrize("title", ["一体推进山水林田湖治理", "三农工作座谈会", "八一期间慰问驻军", "万众一心", "十全十美", "百年老店"])
def test_numerals_that_are_words_stay_words(title: str) -> None:
    assert in_digits(title) == title


def test_numerals_are_read_by_place() -> None:
    assert in_digits("第一百零五次和第十次和二十届和十二月和三千二百人") == "第105次和第10次和20届和12月和3200人"


# -- dressed ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("post", "rest"),
    [
        (f"【新华社】{PLAN}", "【新华社】"),
        (f"人民日报：{PLAN}", "人民日报："),
        (f"人民日报 | {PLAN}", "人民日报 |"),
        (f"《人民日报》：{PLAN}", "《人民日报》："),
        (f"（转载）{PLAN}", "（转载）"),
        (f"央视网专访丨{PLAN}", "央视网专访丨"),
        (f"党建强会▏{PLAN}", "党建强会▏"),
        (f"热点关注｜{PLAN}（全文+官方解读）", "热点关注｜…（全文+官方解读）"),
        (f"学习贯彻省委十二届四中全会精神丨{PLAN}", "学习贯彻省委十二届四中全会精神丨"),
        (f"弘扬科学家精神 |【中国科学报】{PLAN}", "弘扬科学家精神 |【中国科学报】"),
        (f"全文来了！{PLAN}", "全文来了！"),
        (f"双语全文！{PLAN}", "双语全文！"),
        (f"权威发布——{PLAN}", "权威发布——"),
        (f"新华社·{PLAN}", "新华社·"),
        (f"转发微博 {PLAN}", "转发微博"),
        (f"@所有人 {PLAN}", "@所有人"),
        (f"转发@云湖晨声：{PLAN}", "转发@云湖晨声："),
        (f"【学习】【新华社】重磅！{PLAN}", "【学习】【新华社】重磅！"),
        (f"刚刚，{PLAN}，速看！", "刚刚，…，速看！"),
        (f"扩散！{PLAN}！转发周知", "扩散！…！转发周知"),
        (f"{PLAN}（现场实录）", "（现场实录）"),
        (f"{PLAN}（附全文）", "（附全文）"),
        (f"{PLAN}（来源：云湖晨报）", "（来源：云湖晨报）"),
        (f"{PLAN}【央视新闻】", "【央视新闻】"),
        (f"{PLAN}丨权威发布", "丨权威发布"),
        (f"{PLAN} | 转载", "| 转载"),
        (f"{PLAN} 来源：新华社", "来源：新华社"),
        (f"{PLAN} @央视新闻", "@央视新闻"),
        (f"{PLAN}_滚动新闻_中国政府网", "_滚动新闻_中国政府网"),
        (f"{PLAN}（云湖三镇位列其中）", "（云湖三镇位列其中）"),
        (f"要闻丨{PLAN} https://t.example/Ab3", "要闻丨"),
    ],
)
def test_known_pieces_before_and_behind_are_dress(post: str, rest: str) -> None:
    seen = TITLES.compare(PLAN, post)

    assert (seen.relation, seen.rest, seen.share) == (Relation.DRESSED, rest, 1.0)
    assert set(TITLES.cores(PLAN)) & set(TITLES.cores(post))


@pytest.mark.parametrize(
    "post",
    [
        f"云湖发布丨{PLAN}",
        f"【清风茶乡】{PLAN}",
        f"茶乡先锋 ▏{PLAN}",
        f"云湖晨报：{PLAN}",
        f"微云湖：{PLAN}",
        f"{PLAN}丨云湖发布",
        f"{PLAN}-云湖在线",
    ],
)
def test_a_column_of_their_own_is_known_by_its_shape(post: str) -> None:
    assert relation(PLAN, post) is Relation.DRESSED


@pytest.mark.parametrize(
    "post",
    [
        f"茶业局局长周小舟在全省会议上说丨{PLAN}",
        f"周小舟：{PLAN}",
        f"云湖大学周小舟《人民日报》署名文章：{PLAN}",
        f"第三期丨{PLAN}",
        f"{PLAN}丨茶乡先锋",
        f"{PLAN}（三镇五村有变化）",
        f"【全省茶叶主产区干部群众这样说】{PLAN}",
        f"{PLAN}要抓好六件大事！",
    ],
)
def test_unknown_words_beside_a_title_leave_it_to_the_bodies(post: str) -> None:
    assert relation(PLAN, post) is Relation.INSIDE


def test_the_column_of_the_articles_own_title_may_be_missing_or_another() -> None:
    own = "【走进茶乡看振兴·春茶时节】云湖白露镇：一片叶子富一方百姓"

    assert relation(own, own) is Relation.EQUAL
    assert relation(own, "云湖白露镇：一片叶子富一方百姓") is Relation.DRESSED
    assert relation(own, "【央视新闻】云湖白露镇：一片叶子富一方百姓") is Relation.DRESSED
    assert relation(own, f"【新华社】{own}") is Relation.DRESSED
    assert TITLES.compare(own, "云湖白露镇：一片叶子富一方百姓").rest == "【走进茶乡看振兴·春茶时节】"


def test_two_unknown_columns_may_be_two_towns() -> None:
    assert relation("白露丨召开全镇防汛工作推进会", "清溪丨召开全镇防汛工作推进会") is Relation.INSIDE
    assert relation("白露丨召开全镇防汛工作推进会", "白露丨召开全镇防汛工作推进会（附全文）") is Relation.DRESSED


def test_a_name_before_a_colon_is_part_of_the_title() -> None:
    assert relation("王远山：推动茶业高质量发展", "周小舟：推动茶业高质量发展") is Relation.DIFFERENT
    assert relation("推动茶业高质量发展", "周小舟：推动茶业高质量发展") is Relation.INSIDE
    assert relation("王远山：推动茶业高质量发展", "党建强会丨王远山：推动茶业高质量发展") is Relation.DRESSED


# -- near misses --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("article", "post"),
    [
        (DECISION, "王远山：关于《中共云湖省委关于全面振兴乡村茶业、推进茶旅融合的决定》的说明"),
        ("王远山：关于《中共云湖省委关于全面振兴乡村茶业、推进茶旅融合的决定》的说明", DECISION),
        (DECISION, f"解读《{DECISION}》"),
        (DECISION, f"解读丨{DECISION}"),
        (DECISION, f"《{DECISION}》要点速览"),
        (DECISION, f"省茶业局负责人就《{DECISION}》答记者问"),
        (DECISION, f"白露镇党委召开会议学习《{DECISION}》"),
        (DECISION, f"茶乡先锋丨贯彻落实{DECISION}"),
        (DECISION, f"{DECISION}引发干部群众热议"),
        (DECISION, f"{DECISION}（征求意见稿）"),
        (DECISION, f"《{DECISION}》新闻发布会"),
        (DECISION, f"今日将公布{DECISION}"),
        (SPEECH, "王远山在庆祝云湖建省60周年大会上的讲话，读金句，长见识！"),
        (SPEECH, "速存！王远山在庆祝云湖建省60周年大会上的讲话金句汇总"),
        (SPEECH, "新华社评论员丨王远山在庆祝云湖建省60周年大会上的讲话"),
        (SPEECH, "王远山在庆祝云湖建省60周年大会上讲话的看点"),
    ],
)
def test_words_about_the_article_make_another_document(article: str, post: str) -> None:
    assert relation(article, post) is Relation.OTHER_DOCUMENT


@pytest.mark.parametrize("word", ["一图读懂 | ", "图解：", "海报丨", "【漫画】"])
def test_a_graphic_is_left_to_the_bodies(word: str) -> None:
    assert relation(PLAN, f"{word}{PLAN}（全文+官方解读）") is Relation.INSIDE


def test_an_article_that_is_itself_a_reading_guide_is_not_refused_for_it() -> None:
    guide = "让茶山更绿 让茶农更富——《云湖省茶业条例》看点解析"

    assert relation(guide, f"【新华社】{guide}") is Relation.DRESSED
    assert relation(guide, f"速看！{guide}！") is Relation.DRESSED


@pytest.mark.parametrize(
    ("article", "post", "figures"),
    [
        ("2024年云湖省国民经济统计公报", "2025年云湖省国民经济统计公报", "2024年 ≠ 2025年"),
        ("2024年云湖省国民经济统计公报", "【新华社】二〇二五年云湖省国民经济统计公报", "2024年 ≠ 2025年"),
        ("云湖省政府召开第三次全体会议", "云湖省政府召开第四次全体会议", "3次 ≠ 4次"),
        ("云湖省委十二届三中全会公报", "云湖省委十二届四中全会公报", "3 ≠ 4"),
        ("云湖省第12批茶业龙头企业名单公布", "云湖省第2批茶业龙头企业名单公布", "12批 ≠ 2批"),
        ("云湖防汛快报（3月5日）", "云湖防汛快报（3月6日）", "5日 ≠ 6日"),
        ("云湖省“十四五”规划纲要", "云湖省“十五五”规划纲要", "145 ≠ 155"),
        ("清风茶乡周报第1期", "清风茶乡周报第12期", "1期 ≠ 12期"),
        ("1至2月云湖茶叶出口超2千吨", "1至3月云湖茶叶出口超2千吨", "2月 ≠ 3月"),
    ],
)
def test_another_year_session_or_number_is_another_title(article: str, post: str, figures: str) -> None:
    seen = TITLES.compare(article, post)

    assert (seen.relation, seen.clash) == (Relation.DIFFERENT, figures)


def test_a_figure_that_only_one_title_has_is_no_clash() -> None:
    assert clash(figures("2025年1月公报"), figures("2025年公报")) == ""
    assert clash(figures("全会公报"), figures("6件大事")) == ""


def test_an_issue_number_is_not_found_inside_a_longer_one() -> None:
    assert relation("白露镇防汛周报总第1", "白露镇防汛周报总第12期") is Relation.DIFFERENT


# -- parts and likeness -------------------------------------------------------------------------------------------------------


LONG = "王远山在白露镇调研时强调 以更大力度更实举措振兴茶业 让一片叶子富一方百姓"


@pytest.mark.parametrize(
    ("post", "rest"),
    [
        ("以更大力度更实举措振兴茶业", "王远山在白露镇调研时强调…让一片叶子富一方百姓"),
        ("王远山在白露镇调研时强调 以更大力度更实举措振兴茶业", "让一片叶子富一方百姓"),
        ("王远山在白露镇调研时强调 以更大力度更实…", "举措振兴茶业 让一片叶子富一方百姓"),
        ("权威发布丨让一片叶子富一方百姓", "王远山在白露镇调研时强调 以更大力度更实举措振兴茶业"),
    ],
)
def test_a_whole_clause_or_the_head_of_a_title_is_a_part(post: str, rest: str) -> None:
    seen = TITLES.compare(LONG, post)

    assert (seen.relation, seen.rest) == (Relation.PART, rest)
    assert 0.2 < seen.share < 0.9


@pytest.mark.parametrize("post", ["更实举措振兴茶业 让一片叶子", "王远山调研", "振兴茶业", "力度更实举措振兴茶业"])
def test_a_stretch_across_clauses_or_a_few_words_is_no_part(post: str) -> None:
    assert relation(LONG, post) is Relation.DIFFERENT


@pytest.mark.parametrize(
    ("article", "post"),
    [
        ("云湖省召开茶业振兴推进大会", "重磅！云湖省举行茶业振兴推进大会"),
        ("云湖省前三季度茶叶出口额同比增长7.6%", "云湖省前三季度茶叶出口额同比上升7.6%"),
    ],
)
def test_a_title_with_a_word_exchanged_is_edited(article: str, post: str) -> None:
    seen = TITLES.compare(article, post)

    assert seen.relation is Relation.EDITED
    assert 0.7 < seen.share < 1


@pytest.mark.parametrize(
    ("article", "post"),
    [
        ("云湖省召开茶业振兴推进大会", "白露镇今年早稻喜获丰收"),
        ("云湖省召开茶业振兴第三次推进大会", "云湖省举行茶业振兴第四次推进大会"),
        ("云湖省通报七起茶业领域典型问题", "云湖省公布十起茶业领域典型问题"),
        ("云湖省政协一次会议首场委员通道开启", "云湖省政协一次会议第二场委员通道开启"),
        ("云湖省茶业振兴大会", "云湖省茶业振兴论坛"),
    ],
)
def test_other_news_and_other_figures_are_no_edited_title(article: str, post: str) -> None:
    assert relation(article, post) is not Relation.EDITED


# -- settings -----------------------------------------------------------------------------------------------------------------


def test_people_may_add_their_own_words() -> None:
    wishes = MatchingSettings(prefixes=("茶乡先锋论坛第…讲",), suffixes=("（茶…供图）",), others=("随想",))
    titles = Titles.of(wishes)

    assert titles is Titles.of(MatchingSettings(prefixes=("茶乡先锋论坛第…讲",), suffixes=("（茶…供图）",), others=("随想",)))
    assert titles.compare(PLAN, f"茶乡先锋论坛第六讲丨{PLAN}").relation is Relation.DRESSED
    assert titles.compare(PLAN, f"{PLAN}（茶业局供图）").relation is Relation.DRESSED
    assert titles.compare(PLAN, f"{PLAN}随想").relation is Relation.OTHER_DOCUMENT
    assert relation(PLAN, f"{PLAN}随想") is Relation.INSIDE


@pytest.mark.parametrize("wish", ["", "…", "【】", "…" * 50])
def test_empty_wishes_change_nothing(wish: str) -> None:
    titles = Titles((wish,), (wish,), (wish,))

    assert titles.compare(PLAN, f"{PLAN}要抓好六件大事！").relation is Relation.INSIDE


# -- titles used again and again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title",
    [
        "要闻速递",
        "通知",
        "云湖快讯",
        "王远山会见邻国客人",
        "王远山同邻国省长会谈",
        "云湖省政府召开常务会议",
        "云湖省委常委会召开会议",
        "权威发布丨王远山会见邻国客人",
    ],
)
def test_titles_used_again_and_again_are_known(title: str) -> None:
    assert TITLES.recurring(title)


@pytest.mark.parametrize(
    "title",
    [
        PLAN,
        SPEECH,
        LONG,
        "云湖省政府召开第三次常务会议",
        "3月5日云湖快讯",
        "王远山会见邻国客人 商定共建茶业走廊",
        "云湖省政府召开常务会议：部署春茶采摘",
    ],
)
def test_titles_that_say_which_one_are_not(title: str) -> None:
    assert not TITLES.recurring(title)
