"""Which article a text stands in: whole, cut, edited and disguised texts, and others that only look like it."""

from __future__ import annotations

import random
import time

import pytest

from monitor.matching.bodies import CANDIDATES, BodyIndex, Overlap, Words

TITLE = "示例市启动2022年水库安全大检查 重点排查三类隐患"
SENTENCES = (
    "示例市水务局5月14日召开会议，决定从即日起在全市开展为期45天的水库安全大检查。",
    "会议指出，今年入汛时间较常年提前9天，上游来水偏多两成，部分小型水库带病运行，防汛形势不容乐观。",
    "检查将覆盖全市216座水库、38座水电站和1050公里堤防，重点排查坝体渗漏、闸门失灵、溢洪道堵塞三类隐患。",
    "水务局负责人介绍，检查组由工程师、基层管护员和志愿者组成，每组7人，实行谁检查、谁签字、谁负责。",
    "对查出的隐患，能当场整改的当场整改，不能当场整改的列入清单，明确时限，逐一销号。",
    "会议要求，各县区要在6月28日前上报检查结果，市里将随机抽查两成以上的水库，对走过场的单位予以通报。",
    "据了解，去年同期该市共整改隐患312处，更换老旧闸门26扇，今年计划再投入资金4800万元。",
    "市民如发现险情，可以拨打水务热线反映，工作人员将在一小时内赶到现场核实处置。",
)
BODY = "\n".join(SENTENCES)
ARTICLE = (TITLE, BODY)
WEEKLY = (
    "示例市水情周报（第19期）",
    "本周全市平均降雨42毫米，比上周多11毫米；水库总蓄水量达到53亿方，比上周多3亿方；出动巡查人员3700人次，排查隐患58处，转移群众1204人。"
    "预计下周仍有两次降雨过程，请有关单位加强值守，落实责任，确保安全度汛。",
)
VISIT = (
    "示例市长会见来访的甲国友好城市代表团",
    "5月20日下午，示例市长在市政府会见来访的甲国友好城市代表团一行。市长对代表团的到来表示欢迎，并介绍了示例市经济社会发展情况。"
    "他说，两市结好十年来，在水利、教育、旅游等领域合作成果丰硕，希望双方以此次访问为契机，不断深化务实合作。甲国代表团团长感谢热情接待。",
)
ARTICLES = (ARTICLE, WEEKLY, VISIT)
OTHERS = "山城晨报讯记者昨日从园林部门获悉，滨江花市本周末开市，数百种盆栽同时亮相，市民可凭预约码入园，夜间延时开放至二十二时。"


@pytest.fixture(scope="module")
def index() -> BodyIndex:
    return BodyIndex(ARTICLES)


def best(index: BodyIndex, text: str) -> Overlap | None:
    found = index.overlaps(Words(text))
    return found[0] if found else None


def disturbed(text: str, share: float, seed: int = 7) -> str:
    """Return the text with that share of its characters lost, doubled or followed by a stray one; figures stay."""
    chance = random.Random(seed)
    made = []
    for character in text:
        if character.isdigit() or chance.random() >= share:
            made.append(character)
        else:
            made.append(chance.choice(("", character * 2, character + "的")))
    return "".join(made)


WHOLE = {
    "as it is": f"{TITLE}\n{BODY}",
    "without its title": BODY,
    "retitled": f"速看！水库大检查来了\n{BODY}",
    "with head and foot": f"来源：示例发布\n{TITLE}\n{BODY}\n责任编辑：某某 审核：某某\n往期推荐：{OTHERS}",
    "in a round-up": f"{OTHERS}\n{BODY}\n{OTHERS[::-1]}\n{OTHERS[7:]}",
    "in full width, with blanks and faces": f"{TITLE}\n{BODY}".replace("2", "２").replace("，", "，\u200b ").replace("。", "。[心]"),
    "a quarter cut, the rest in another order": "\n".join((TITLE, *SENTENCES[3:6], *SENTENCES[0:3])),
    "cut and disturbed": disturbed("\n".join((TITLE, *SENTENCES[:6])), 0.045),
    "with synonyms": BODY.replace("介绍", "透露").replace("指出", "强调").replace("开展", "进行").replace("通报", "曝光"),
    "in traditional script": BODY.replace("会议", "會議").replace("检查", "檢查").replace("水库", "水庫").replace("资金", "資金"),
}


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_the_whole_text_is_the_same(index: BodyIndex, text: str) -> None:
    overlap = best(index, text)

    assert overlap is not None
    assert (overlap.number, overlap.verdict) == (0, "same")


PARTS = {
    "folded by the platform": f"#要闻速递#【{TITLE}】{SENTENCES[0]}{SENTENCES[1]}…全文",
    "the first sentence": f"关注｜{SENTENCES[0]}…全文 http://t.cn/A6abcDEF",
    "two sentences from the middle": f"//@某市发布：{SENTENCES[3]}{SENTENCES[4]}http://t.cn/A6abcDEF",
    "title and link": f"【{TITLE}】http://t.cn/A6abcDEF",
    "dressed title and link": f"权威发布｜{TITLE}！速看 http://t.cn/A6abcDEF",
    "a clause of the title": "#防汛# 刚刚，示例市启动2022年水库安全大检查 http://t.cn/A6abcDEF",
}


@pytest.mark.parametrize("text", PARTS.values(), ids=PARTS)
def test_a_part_is_a_part(index: BodyIndex, text: str) -> None:
    overlap = best(index, text)

    assert overlap is not None
    assert (overlap.number, overlap.verdict) == (0, "part")


def next_week(text: str) -> str:
    return "".join(str((int(character) * 3 + 1) % 10) if character.isdigit() else character for character in text)


TEMPLATES = {
    "next week's bulletin": next_week("\n".join(WEEKLY)),
    "next year's check": next_week(f"{TITLE}\n{BODY}"),
    "the title with another year": f"【{TITLE.replace('2022', '2023')}】http://t.cn/A6abcDEF",
    "the title with another number": "【示例市水情周报（第20期）】http://t.cn/A6abcDEF",
}


@pytest.mark.parametrize("text", TEMPLATES.values(), ids=TEMPLATES)
def test_the_same_words_with_other_figures_are_a_template(index: BodyIndex, text: str) -> None:
    overlap = best(index, text)

    assert overlap is not None and overlap.verdict == "template"
    assert overlap.differ > 0


FOREIGN = {
    "other news": OTHERS,
    "the same frame, other names": VISIT[1].replace("甲国", "乙国滨海州").replace("水利、教育、旅游", "港口物流和海洋渔业"),
    "other news under the same title": f"{VISIT[0]}\n{OTHERS * 3}",
    "a usual phrase": "请有关单位加强值守，落实责任",
    "a sentence from the middle alone": SENTENCES[4],
    "nothing": "",
    "a link": "http://t.cn/A6abcDEF",
    "forwarded without a word": "转发微博",
    "four characters": "水库检查",
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_another_text_carries_nothing(index: BodyIndex, text: str) -> None:
    assert all(overlap.verdict in ("alike", "other") for overlap in index.overlaps(Words(text)))


def test_a_few_lost_figures_make_no_template(index: BodyIndex) -> None:
    overlap = best(index, BODY.replace("1050", "105").replace("4800", "480"))

    assert overlap is not None
    assert (overlap.verdict, overlap.differ) == ("same", 2)


def test_shares_are_told_both_ways(index: BodyIndex) -> None:
    excerpt = best(index, "".join(SENTENCES[2:5]))
    whole = best(index, f"{TITLE}\n{BODY}")

    assert excerpt is not None and whole is not None
    assert excerpt.of_post == 1.0
    assert 0.3 < excerpt.of_article < 0.5
    assert (whole.of_post, whole.of_article, whole.of_title) == (1.0, 1.0, 1.0)


def test_articles_that_share_the_words_come_together() -> None:
    twins = BodyIndex([(TITLE, BODY + f"第{number}批检查另行通知。") for number in range(6)])

    found = twins.overlaps(Words(BODY))

    assert len(found) == CANDIDATES
    assert {overlap.verdict for overlap in found} == {"same"}


def test_a_pair_is_measured_the_same_whatever_else_is_in_the_index(index: BodyIndex) -> None:
    alone = BodyIndex([ARTICLE])

    for text in (*WHOLE.values(), *PARTS.values(), *TEMPLATES.values()):
        found = [next((each for each in made.overlaps(Words(text)) if each.number == 0), None) for made in (index, alone)]
        measured = {(each.of_post, each.of_article, each.verdict) for each in found if each is not None}

        assert len(measured) <= 1


@pytest.mark.parametrize("articles", [[], [("", "")], [("通知", "")], [("\ud800\x00", "🌊")]], ids=["none", "empty", "short", "marks"])
def test_an_index_may_have_nothing_to_find(articles: list[tuple[str, str]]) -> None:
    made = BodyIndex(articles)

    assert made.overlaps(Words(f"{TITLE}\n{BODY}")) == []
    assert made.overlaps(Words("")) == []


def test_an_article_without_a_text_is_known_by_its_title() -> None:
    overlap = best(BodyIndex([(TITLE, ""), WEEKLY]), f"【{TITLE}】http://t.cn/A6abcDEF")

    assert overlap is not None
    assert (overlap.number, overlap.of_title) == (0, 1.0)


HUGE = {
    "one character": "水" * 1_000_000,
    "the article again and again": (BODY * 3_000)[:1_000_000],
    "two characters": "水库" * 500_000,
    "figures": "123，" * 250_000,
    "surrogates": "\ud83d" * 1_000_000,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_a_huge_text_takes_time_by_its_length_only(index: BodyIndex, text: str) -> None:
    start = time.process_time()

    index.overlaps(Words(text))
    BodyIndex([(TITLE, text)]).overlaps(Words(text))

    # Measured at 0.1 to 1 s; what grows with the square takes minutes.
    assert time.process_time() - start < 6
