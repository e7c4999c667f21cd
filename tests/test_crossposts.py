"""Real titles of one article on several public accounts, decided one by one; and the same shapes with invented titles, for everywhere.

The recordings are other people's: a pair is named by `mid_idx` of the key title and of its variant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

import pytest
from recordings import RECORDINGS, needs_recordings

from monitor.matching.titles import Relation, Titles

CROSSPOSTS = RECORDINGS / "wechat" / "crossposts"
TITLES = Titles()
DRESSED, INSIDE, OTHER = Relation.DRESSED, Relation.INSIDE, Relation.OTHER_DOCUMENT

DECIDED: Mapping[tuple[str, str], tuple[Relation, str]] = {
    ("2649965606_1", "2247508381_1"): (DRESSED, "column in 【】"),
    ("2247682532_1", "2247515531_1"): (DRESSED, "two stacked pieces: a column, a medium"),
    ("2649922542_1", "2247515416_1"): (DRESSED, "note in brackets behind"),
    ("2698911046_2", "2247540682_3"): (DRESSED, "medium before a colon, with a slip in it"),
    ("2649922542_1", "2247515416_2"): (OTHER, "digest"),
    ("2649922542_1", "2649965308_1"): (OTHER, "digest"),
    ("2248067006_1", "2649922303_3"): (DRESSED, "column"),
    ("2650375017_3", "2649921494_3"): (DRESSED, "column"),
    ("2248069453_2", "2649921208_4"): (DRESSED, "long column of a known shape"),
    ("2247514965_1", "2247514977_1"): (DRESSED, "medium in 【】"),
    ("2248065581_1", "2649919958_2"): (DRESSED, "column"),
    ("2650374155_2", "2649919160_1"): (DRESSED, "medium's interview as a column"),
    ("2247514592_1", "2247514679_4"): (DRESSED, "medium in 【】"),
    ("2247514592_1", "2247514679_7"): (DRESSED, "medium in 【】"),
    ("2247514592_1", "2247514621_1"): (DRESSED, "medium in 【】"),
    ("2247514592_1", "2247514621_2"): (DRESSED, "medium in 【】"),
    ("2247514592_1", "2247514621_3"): (DRESSED, "medium in 【】 and a call"),
    ("2247514592_1", "2247514617_1"): (DRESSED, "medium in 【】"),
    ("2247492589_1", "2650519738_1"): (INSIDE, "commentary by a verb phrase: the bodies must tell"),
    ("2247575632_1", "2247514301_1"): (DRESSED, "medium in 【】"),
    ("2247575632_1", "2247514269_1"): (DRESSED, "medium in 【】"),
    ("2248059270_1", "2649916598_3"): (DRESSED, "column"),
    ("2247538718_3", "2247596502_1"): (DRESSED, "local note in brackets behind"),
    ("2248056065_1", "2649914799_2"): (DRESSED, "column"),
    ("2248054438_1", "2649912561_3"): (DRESSED, "column"),
    ("2247513353_1", "2247513354_1"): (OTHER, "explanation of the document"),
    ("2247513354_1", "2649911421_2"): (DRESSED, "column"),
    ("2247513353_1", "2649911421_2"): (OTHER, "explanation of the document, under a column"),
    ("2247515062_1", "2649909100_2"): (DRESSED, "column before, note behind"),
    ("2247515062_1", "2650369631_2"): (INSIDE, "graphic: the bodies must tell"),
    ("2248044724_1", "2649906492_2"): (DRESSED, "column"),
    ("2248042602_2", "2247597072_1"): (INSIDE, "an author and a medium named in a phrase: the bodies must tell"),
    ("2248042602_2", "2247502709_1"): (INSIDE, "an author and a medium named in a phrase: the bodies must tell"),
    ("2248039731_1", "2649904487_3"): (DRESSED, "column"),
    ("2247510039_1", "2649901014_1"): (DRESSED, "call"),
    ("2247510039_1", "2247633180_1"): (DRESSED, "call"),
    ("2652111866_1", "2247632044_2"): (DRESSED, "medium before a rule"),
    ("2248015779_1", "2247509562_1"): (DRESSED, "medium in 【】, before a reading guide that is the article"),
    ("2247992572_1", "2247996476_1"): (OTHER, "explanation of the document"),
    ("2247996476_1", "2649893614_3"): (DRESSED, "column"),
    ("2247992572_1", "2649893614_3"): (OTHER, "explanation of the document, under a column"),
    ("2247508081_1", "2649893563_3"): (DRESSED, "column before a graphic that is the article"),
}

INVENTED = [
    ("王远山主席谈茶业治理，金句来了", "【政策速报】王远山主席谈茶业治理，金句来了", DRESSED),
    ("周小舟：36天走遍茶山，只为一片“金叶子”", "弘扬科学家精神 |【中国科学报】周小舟：36天走遍茶山，只为一片“金叶子”", DRESSED),
    ("王远山：在庆祝云湖建省60周年大会上的讲话", "王远山：在庆祝云湖建省60周年大会上的讲话（现场实录）", DRESSED),
    ("央视新闻：云湖新茶品种持续取得新突破！", "片头片尾央视新闻：云湖新茶品种持续取得新突破！", DRESSED),
    ("王远山：在庆祝云湖建省60周年大会上的讲话", "王远山在庆祝云湖建省60周年大会上的讲话，读金句，长见识！", OTHER),
    ("王远山：在庆祝云湖建省60周年大会上的讲话", "速存！王远山在庆祝云湖建省60周年大会上的讲话金句汇总", OTHER),
    ("王远山：一体推进茶种茶艺茶人发展", "党建强会丨王远山：一体推进茶种茶艺茶人发展", DRESSED),
    ("准确把握茶业发展前沿与竞争格局", "学习贯彻省委十二届四中全会精神丨准确把握茶业发展前沿与竞争格局", DRESSED),
    ("周小舟教授：采茶机浪潮开启，茶业迈向“人机合一”", "央视网专访丨周小舟教授：采茶机浪潮开启，茶业迈向“人机合一”", DRESSED),
    ("2025年度“云湖茶业十大进展”发布", "【科技日报】重磅！2025年度云湖茶业十大进展发布", DRESSED),
    ("2025年度“云湖茶业十大进展”发布", "【科技日报】2024年度“云湖茶业十大进展”发布", Relation.DIFFERENT),
    ("王远山：推动山区经济高质量发展", "王远山：推动山区经济高质量发展要重点抓好5个方面工作！", INSIDE),
    ("人民日报 | 2025年云湖重大茶事盘点", "人民日报：2025年云湖重大茶事盘点（采茶机器人位列其中）", DRESSED),
    ("中共云湖省委关于制定茶业发展第十个五年规划的建议", "王远山：关于《中共云湖省委关于制定茶业发展第十个五年规划的建议》的说明", OTHER),
    ("王远山：关于《云湖省委关于茶业振兴的建议》的说明", "党建强会丨王远山：关于《云湖省委关于茶业振兴的建议》的说明", DRESSED),
    ("云湖省政府关于深入实施“机器人+”采茶行动的意见", "热点关注丨云湖省政府关于深入实施“机器人+”采茶行动的意见（全文+官方解读）", DRESSED),
    ("云湖省政府关于深入实施“机器人+”采茶行动的意见", "一图读懂 | 云湖省政府关于深入实施“机器人+”采茶行动的意见（全文+官方解读）", INSIDE),
    ("大力推动云湖采茶大模型发展", "云湖大学唐周《人民日报》署名文章：大力推动云湖采茶大模型发展", INSIDE),
    ("省长王远山发表二〇二五年新年贺词", "全文来了！省长王远山发表二〇二五年新年贺词", DRESSED),
    ("省长王远山发表二〇二五年新年贺词", "双语全文！省长王远山发表2025年新年贺词", DRESSED),
    ("让茶山更绿 让茶农更富——《云湖省茶业条例》看点解析", "【新华社】让茶山更绿 让茶农更富——《云湖省茶业条例》看点解析", DRESSED),
    ("云湖省委十二届三中全会公报一图读懂", "党建强会丨云湖省委十二届三中全会公报一图读懂", DRESSED),
    ("人民日报 | 这一年，云湖的重大茶事", "人民日报：这一年，云湖的重大茶事！", Relation.EQUAL),
    ("王远山在纪念建省60周年大会上的讲话", "\u200b王远山：在纪念建省60周年大会上的讲话", Relation.EQUAL),
]


def lines(name: str) -> Iterator[dict[str, Any]]:
    with (CROSSPOSTS / name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


@needs_recordings
def test_recorded_titles_of_one_article_are_equal() -> None:
    groups = [[item["title"] for item in group["items"]] for group in lines("exact_title_groups_official.jsonl")]

    assert len(groups) == 40
    seen = {(left, right): TITLES.compare(left, right) for group in groups for left, right in permutations(group, 2)}
    assert [pair for pair, compared in seen.items() if compared.relation is not Relation.EQUAL] == []


@needs_recordings
def test_recorded_pairs_are_decided_as_written_here() -> None:
    pairs = list(lines("prefix_variant_pairs_official.jsonl"))

    seen = {tuple(f"{pair[side]['mid']}_{pair[side]['idx']}" for side in ("base", "variant")): pair for pair in pairs}
    decided = {key: TITLES.compare(pair["base"]["title"], pair["variant"]["title"]).relation for key, pair in seen.items()}
    assert decided == {key: relation for key, (relation, _) in DECIDED.items()}
    assert len(pairs) == len(decided) == 42


@needs_recordings
def test_recorded_titles_that_are_one_dressed_up_are_found_by_what_they_share() -> None:
    pairs = list(lines("prefix_variant_pairs_official.jsonl"))

    for pair in pairs:
        base, variant = pair["base"]["title"], pair["variant"]["title"]
        shared = set(TITLES.cores(base)) & set(TITLES.cores(variant))
        assert shared or TITLES.compare(base, variant).relation is not DRESSED


@pytest.mark.parametrize(("article", "post", "expected"), INVENTED)
def test_the_same_shapes_are_decided_alike_in_invented_titles(article: str, post: str, expected: Relation) -> None:
    assert TITLES.compare(article, post).relation is expected
