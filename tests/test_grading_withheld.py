"""Reposts whose form is not held against them, since what a reader is given is not known, or says what it must in another way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from test_grading import ARTICLE, ISSUED, LINK, SOURCE, TEXT, TITLE, WISHES, edited, match, reasons, wechat, weibo

from monitor.matching import ArticleIndex, Evidence
from monitor.matching.grading import flaws
from monitor.model import Account, Platform, Post

OTHER = "\n市第三中学邀请社区民警走进课堂，用身边的案例讲解怎样识别网络谣言，互动问答环节气氛热烈。" * 3


def by(name: str, unit: str = "", **fields: Any) -> list[str]:
    account = Account(id="a", platform=Platform.WECHAT, name=name, unit=unit)
    return [flaw.reason.label for flaw in flaws(ARTICLE, wechat(text=TEXT, **fields), match(), WISHES, account)]


def test_the_sources_own_account_names_the_source_above_its_posts() -> None:
    assert by("临江市政府办") == by("临江发布", unit="临江市人民政府办公室") == []
    assert by("临江发布") == by("临江市", unit="临江市水利局") == ["无来源"]


def test_the_index_knows_whose_post_it_grades() -> None:
    account = Account(id="a", platform=Platform.WECHAT, name="临江市政府办")

    (found,) = ArticleIndex([ARTICLE]).reposts(wechat(text=TEXT), account)

    assert found.grade == "in_order"


def test_a_film_of_ones_own_below_the_title_is_not_known() -> None:
    assert reasons(weibo(text=f"【{TITLE}】临江发布的微博视频 http://t.cn/A6abcDEF")) == []


def test_the_text_of_a_text_post_is_its_title() -> None:
    assert "图片" not in reasons(wechat(kind="text", title=TEXT, text=""), Evidence.TEXT)


def test_a_round_up_keeps_the_title_of_each_article_it_holds() -> None:
    assert reasons(wechat(title="临江要闻（5月16日）", text=f"一、{TITLE}\n{TEXT}{OTHER}{SOURCE}"), Evidence.TEXT) == []
    assert reasons(wechat(title="临江要闻（5月16日）", text=f"{TEXT}{OTHER}{SOURCE}"), Evidence.TEXT) == ["改标题"]
    assert reasons(wechat(title="汛期将至", text=f"{TITLE}\n{TEXT}{SOURCE}"), Evidence.TEXT) == ["改标题"]


def test_an_edited_title_over_a_link_is_a_link_alone() -> None:
    assert reasons(weibo(text=f"【临江市部署2024年防汛抗旱任务】{LINK}"), Evidence.EDITED_TITLE) == ["仅链接"]


def test_a_post_of_an_unknown_account_is_graded_as_before() -> None:
    assert edited().source and flaws(ARTICLE, wechat(text=TEXT), match(), WISHES)[0].reason.label == "无来源"


def test_who_publishes_counts_only_where_the_article_names_a_source() -> None:
    at = ISSUED + timedelta(hours=2)
    post = Post(id="wechat:a:2", account_id="a", published_at=at, first_seen_at=at, title=TITLE, text=TEXT, whole=True)
    account = Account(id="a", platform=Platform.WECHAT, name="")

    assert [flaw.reason.label for flaw in flaws(edited(source=""), post, match(), WISHES, account)] == ["无来源"]
