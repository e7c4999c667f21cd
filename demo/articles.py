"""The three key articles of the demo: who reposts them, how, how late, and who does not."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from demo.ids import WECHAT_ISSUER, wechat_mid, weibo_mid
from demo.rhythm import Item, at
from monitor.model import Article, Audience, Platform, RepostVerdict, local_date

GROUP = "重点转载"
"""The group that owes the reposts. It is small, so that its few missing reposts stay below the quorum gate."""
ISSUER_UID = "7899999999"
ISSUER = "安康市人民政府办公室"


@dataclass(frozen=True, slots=True)
class Draft:
    """A key article, its times told as days before today, minutes of that day, and hours until it is due."""

    title: str
    days_ago: int
    minutes: int
    due_hours: int


DRAFTS = (
    Draft("关于进一步优化营商环境、服务民营企业高质量发展的若干措施", 6, 9 * 60 + 30, 48),
    Draft("市政府常务会议研究部署安全生产、防汛备汛和民生实事工作", 4, 10 * 60 + 15, 36),
    Draft("全市“十五五”生态环境保护规划正式发布：守护一江清水北上", 2, 9 * 60 + 5, 24),
)
MISSES = {
    (Platform.WECHAT, 0): 2,
    (Platform.WECHAT, 1): 9,
    (Platform.WECHAT, 2): 16,
    (Platform.WEIBO, 0): 5,
    (Platform.WEIBO, 1): 8,
    (Platform.WEIBO, 2): 13,
}
"""Which member of the platform's audience does not repost which article: three to a platform, no more than the gate lets pass."""
LATE_EVERY = 7
"""Every so manieth member reposts after the deadline; another one for each article."""


LOST_WORDS = 5
"""Characters that a shortened title lacks at its head: fewer than a third."""


def key_articles(now: datetime) -> tuple[Article, ...]:
    """Return the articles, published 6, 4 and 2 days ago; each deadline has passed, whatever the hour."""
    return tuple(_article(number, draft, now) for number, draft in enumerate(DRAFTS, 1))


def _article(number: int, draft: Draft, now: datetime) -> Article:
    published = at(local_date(now) - timedelta(days=draft.days_ago), draft.minutes)
    return Article(
        id=f"demo-{number}",
        title=draft.title,
        text=f"{draft.title}。{ISSUER}供稿，请各单位政务新媒体及时转载。",
        urls=(f"https://zw.example.invalid/xxgk/{published:%Y%m}/content-{1000 + number}.html",),
        origins=(
            f"{Platform.WEIBO}:{ISSUER_UID}:{weibo_mid(published, number)}",
            f"{Platform.WECHAT}:{WECHAT_ISSUER}:{wechat_mid(published)}_1",
        ),
        source=ISSUER,
        published_at=published,
        due_at=published + timedelta(hours=draft.due_hours),
        audience=Audience(groups=(GROUP,)),
    )


def verdict(platform: Platform, member: int, number: int) -> RepostVerdict:
    """Return what the member (counted from 0 within its platform) did about the article (counted from 0)."""
    if MISSES.get((platform, number)) == member:
        return RepostVerdict.MISSING
    return RepostVerdict.LATE if member % LATE_EVERY == number + 3 else RepostVerdict.DONE


def reposts(rng: random.Random, platform: Platform, member: int, articles: Sequence[Article]) -> list[Item]:
    """Return the posts by which the member carries the articles, in believable forms that take turns."""
    items = []
    for number, article in enumerate(articles):
        match verdict(platform, member, number):
            case RepostVerdict.MISSING:
                continue
            case RepostVerdict.LATE:
                moment = _late(rng, article)
            case _:
                moment = _in_time(rng, article)
        forms = FORMS[platform]
        form = DOUBTFUL.get((platform, member, number), forms[(member + number) % len(forms)])
        items.append(form(article, moment))
    return items


def doubtful(platform: Platform, member: int, number: int) -> bool:
    """Whether no list shows that this is a repost: its title only resembles the article's, and the post's own page must tell."""
    return (platform, member, number) in DOUBTFUL


def _in_time(rng: random.Random, article: Article) -> datetime:
    first = article.published_at + timedelta(minutes=rng.randint(60, 420), seconds=rng.randrange(60))
    next_day = at(local_date(article.published_at) + timedelta(days=1), rng.randint(540, 1020), rng.randrange(60))
    return next_day if next_day < article.due_at and rng.random() < 0.4 else first


def _late(rng: random.Random, article: Article) -> datetime:
    """The first afternoon in the office after the deadline."""
    day = local_date(article.due_at)
    if article.due_at > at(day, 12 * 60):
        day += timedelta(days=1)
    return at(day, rng.randint(14 * 60, 17 * 60), rng.randrange(60))


def _same_title(article: Article, moment: datetime) -> Item:
    return Item(at=moment, title=article.title, text=f"{article.text}（来源：{article.source}）", link=article.urls[0])


def _other_punctuation(article: Article, moment: datetime) -> Item:
    title = article.title.replace("、", "，").replace("：", " : ").replace("“", "「").replace("”", "」")
    return replace(_same_title(article, moment), title=f"{title[:6]} {title[6:]}", link="")


def _by_link(article: Article, moment: datetime) -> Item:
    text = f"{article.source}今日发布重要信息，全文请点击链接查看。"
    return Item(at=moment, title="请查收！这份重要文件与您有关", text=text, link=article.urls[0])


def _forward(article: Article, moment: datetime) -> Item:
    return Item(at=moment, title=article.title, text="转发微博", original=article.origins[0].rpartition(":")[2])


def _taken_over(article: Article, moment: datetime) -> Item:
    """A 转载, whose page names the original."""
    text = "各单位要认真学习领会，结合实际抓好贯彻落实，有关情况及时报送。"
    origin = article.origins[1].partition(":")[2]
    return Item(at=moment, title=f"权威发布 | {article.title}（附全文）", text=text, reprint=origin)


def _read_on(article: Article, moment: datetime) -> Item:
    """Its 阅读原文 points at the original."""
    return Item(at=moment, title=article.title[LOST_WORDS:], text="点击“阅读原文”查看全文。", beneath=article.urls[0])


FORMS = {
    Platform.WECHAT: (_same_title, _other_punctuation, _same_title, _by_link),
    Platform.WEIBO: (_forward, _same_title, _other_punctuation),
}
DOUBTFUL: Mapping[tuple[Platform, int, int], Callable[[Article, datetime], Item]] = {
    (Platform.WECHAT, 12, 0): _read_on,
    (Platform.WECHAT, 13, 1): _taken_over,
}
"""Which member's repost of which article is dressed up so that a list leaves one in doubt."""
