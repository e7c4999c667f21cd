"""The three key articles of the demo: who reposts them, how, how late, and who does not."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo import forms
from demo.forms import Form, near_miss
from demo.ids import WECHAT_ISSUER, wechat_mid, weibo_mid
from demo.rhythm import Item, at
from demo.texts import WORDS
from monitor.model import Article, Audience, Platform, RepostVerdict, local_date

GROUP = "重点转载"
"""The group that owes the reposts. It is small, so that its few missing reposts stay below the quorum gate."""
ISSUER_UID = "7899999999"
ISSUER = "安康市人民政府办公室"

Place = tuple[Platform, int, int]
"""A member (counted from 0 within its platform) and an article (counted from 0)."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A key article, its times told as days before today, minutes of that day, and hours until it is due."""

    title: str
    days_ago: int
    minutes: int
    due_hours: int


DRAFTS = (
    Draft("关于进一步优化营商环境、服务民营企业高质量发展的若干措施", 6, 9 * 60 + 30, 48),
    # A title that is used for every meeting: only the text tells which one it was.
    Draft("市政府召开常务会议", 4, 10 * 60 + 15, 36),
    Draft("全市“十五五”生态环境保护规划正式发布：守护一江清水北上", 2, 9 * 60 + 5, 24),
)
MISSES: Mapping[Place, int] = {
    (Platform.WECHAT, 2, 0): 0,
    (Platform.WECHAT, 9, 1): 1,
    (Platform.WECHAT, 16, 2): 0,
    (Platform.WEIBO, 5, 0): 1,
    (Platform.WEIBO, 8, 1): 0,
    (Platform.WEIBO, 13, 2): 1,
}
"""Who does not repost which article, and which near miss it posts instead: three to a platform, no more than the gate lets pass."""
LATE_EVERY = 7
"""Every so manieth member reposts after the deadline; another one for each article."""

FORMS: Mapping[Platform, Sequence[Form]] = {
    Platform.WECHAT: (forms.SAME_TITLE, forms.OTHER_PUNCTUATION, forms.IN_A_COLUMN, forms.REPRINT, forms.OF_A_MEDIUM),
    Platform.WEIBO: (forms.FORWARD, forms.SAME_TITLE, forms.OTHER_PUNCTUATION, forms.IN_A_COLUMN),
}
"""The forms in order, which take turns."""
SPECIAL: Mapping[Place, Form] = {
    (Platform.WECHAT, 12, 0): forms.READ_ON,
    (Platform.WECHAT, 13, 2): forms.ANNOUNCED_REPRINT,
    (Platform.WECHAT, 21, 2): forms.READ_ON,
    (Platform.WECHAT, 14, 0): forms.RETITLED,
    (Platform.WECHAT, 27, 0): forms.UNREAD_LINK,
    (Platform.WECHAT, 6, 1): forms.RETITLED,
    (Platform.WECHAT, 32, 1): forms.UNREAD_LINK,
    (Platform.WECHAT, 20, 2): forms.RETITLED,
    (Platform.WECHAT, 34, 0): forms.POSTER,
    (Platform.WECHAT, 22, 1): forms.POSTER,
    (Platform.WECHAT, 36, 2): forms.POSTER,
    (Platform.WEIBO, 1, 0): forms.BY_LINK,
    (Platform.WEIBO, 7, 0): forms.UNSOURCED,
    (Platform.WEIBO, 14, 0): forms.EXCERPTED,
    (Platform.WEIBO, 2, 1): forms.MISPRINTED,
    (Platform.WEIBO, 9, 1): forms.RETITLED,
    (Platform.WEIBO, 15, 1): forms.BY_LINK,
    (Platform.WEIBO, 6, 2): forms.RETITLED_UNSOURCED,
    (Platform.WEIBO, 12, 2): forms.UNSOURCED,
    (Platform.WEIBO, 16, 2): forms.EXCERPTED,
    (Platform.WEIBO, 16, 0): forms.POSTER,
    (Platform.WEIBO, 0, 1): forms.POSTER,
    (Platform.WEIBO, 10, 2): forms.POSTER,
}
"""Who carries which article otherwise. What needs the whole text stands with Weibo, whose own interface vouches for it, or is opened."""
OPENED = tuple(place for place, form in SPECIAL.items() if form.opened)
"""The reposts that no list shows to be ones: their titles only hold the article's, and their own pages must tell."""


def key_articles(now: datetime) -> tuple[Article, ...]:
    """Return the articles, published 6, 4 and 2 days ago; each deadline has passed, whatever the hour."""
    return tuple(_article(number, draft, now) for number, draft in enumerate(DRAFTS, 1))


def _article(number: int, draft: Draft, now: datetime) -> Article:
    published = at(local_date(now) - timedelta(days=draft.days_ago), draft.minutes)
    return Article(
        id=f"demo-{number}",
        title=draft.title,
        text=WORDS[number - 1].text(published),
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


def form_of(place: Place) -> Form | None:
    """Return in what form the member carries the article, None where it does not."""
    platform, member, number = place
    if place in MISSES:
        return None
    taking_turns = FORMS[platform]
    return SPECIAL.get(place, taking_turns[(member + number) % len(taking_turns)])


def is_late(place: Place) -> bool:
    """Whether the member carries the article after the deadline, if at all."""
    _, member, number = place
    return member % LATE_EVERY == number + 3


def verdict(place: Place) -> RepostVerdict:
    """Return what the member did about the article, as far as everything is seen that can be."""
    form = form_of(place)
    if form is None:
        return RepostVerdict.MISSING
    return RepostVerdict.LATE if form.verdict is RepostVerdict.DONE and is_late(place) else form.verdict


def reposts(rng: random.Random, platform: Platform, member: int, articles: Sequence[Article]) -> list[Item]:
    """Return the posts by which the member carries the articles, or what it posted instead."""
    return [_carried(rng, (platform, member, number), article) for number, article in enumerate(articles)]


def _carried(rng: random.Random, place: Place, article: Article) -> Item:
    form, number = form_of(place), place[2]
    moment = _late(rng, article) if is_late(place) else _in_time(rng, article)
    return form.item(article, number, moment) if form else near_miss(article, number, MISSES[place], moment)


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
