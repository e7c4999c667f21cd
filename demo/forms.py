"""How a repost may look: each form with the verdict that a complete view must end in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from demo.rhythm import Item
from demo.texts import WORDS, Words
from monitor.matching.grading import Reason
from monitor.model import Article, RepostVerdict

Write = Callable[[Article, Words, datetime], Item]

EXCERPT = slice(1, 3)
"""The sentences of an excerpt: less than half of a text."""


@dataclass(frozen=True, slots=True)
class Form:
    """`reasons` are why it is 转载不规范, in the order in which they are told; none where it is in order.

    `opened`: no list shows that it is a repost, its own page must tell. `drawn`: it is a picture, of which only a person can tell.
    """

    write: Write
    reasons: tuple[Reason, ...] = ()
    opened: bool = False
    drawn: bool = False

    @property
    def verdict(self) -> RepostVerdict:
        """What is to be said of one that came in time and whose page, where it must be, could be opened."""
        if self.drawn:
            return RepostVerdict.UNDETERMINED
        return RepostVerdict.IRREGULAR if self.reasons else RepostVerdict.DONE

    def item(self, article: Article, number: int, moment: datetime) -> Item:
        """Return the post by which the article (counted from 0) is carried."""
        return self.write(article, WORDS[number], moment)


def near_miss(article: Article, number: int, which: int, moment: datetime) -> Item:
    """Return a post that is about the article, or another of its series, and is no repost of it."""
    title, text = WORDS[number].near[which]
    return Item(at=moment, title=title.format(title=article.title), text=text)


def _sourced(article: Article, text: str) -> str:
    return f"{text}（来源：{article.source}）"


def _same_title(article: Article, words: Words, moment: datetime) -> Item:
    return Item(at=moment, title=article.title, text=_sourced(article, article.text), link=article.urls[0])


def _other_punctuation(article: Article, words: Words, moment: datetime) -> Item:
    title = article.title.replace("、", "，").replace("：", " : ").replace("“", "「").replace("”", "」")
    text = article.text.replace("，", ",").replace("；", "。")
    return Item(at=moment, title=f"{title[:6]} {title[6:]}", text=_sourced(article, text))


def _in_a_column(article: Article, words: Words, moment: datetime) -> Item:
    text = f"{article.text}\n来源：{article.source}\n编辑：小安"
    return Item(at=moment, title=f"安康发布丨{article.title}", text=text)


def _of_a_medium(article: Article, words: Words, moment: datetime) -> Item:
    return Item(at=moment, title=f"【安康日报】{article.title}（全文）", text=f"{article.text}\n来源：安康日报")


def _forward(article: Article, words: Words, moment: datetime) -> Item:
    return Item(at=moment, title=article.title, text="转发微博", original=article.origins[0].rpartition(":")[2])


def _reprint(article: Article, words: Words, moment: datetime) -> Item:
    """A formal 转载 under the same title; its page shows the card of the original."""
    return Item(at=moment, title=article.title, text=article.text, reprint=_wechat_original(article))


def _announced_reprint(article: Article, words: Words, moment: datetime) -> Item:
    """A formal 转载 under a title of its own; a list shows a few words of it."""
    title = words.announced.format(title=article.title)
    return Item(at=moment, title=title, text="请各单位认真抓好贯彻落实。", reprint=_wechat_original(article))


def _wechat_original(article: Article) -> str:
    return article.origins[1].partition(":")[2]


def _read_on(article: Article, words: Words, moment: datetime) -> Item:
    """Its 阅读原文 points at the original, and nothing else does."""
    title = words.announced.format(title=article.title)
    return Item(at=moment, title=title, text="点击“阅读原文”查看全文。", beneath=article.urls[0])


def _retitled(article: Article, words: Words, moment: datetime) -> Item:
    return Item(at=moment, title=words.retitled[0], text=_sourced(article, article.text))


def _retitled_unsourced(article: Article, words: Words, moment: datetime) -> Item:
    return Item(at=moment, title=words.retitled[1], text=article.text)


def _unsourced(article: Article, words: Words, moment: datetime) -> Item:
    return Item(at=moment, title=article.title, text=article.text)


def _by_link(article: Article, words: Words, moment: datetime) -> Item:
    return Item(at=moment, title=words.calls[0], text="全文请点击链接查看。", link=article.urls[0])


def _by_another_link(article: Article, words: Words, moment: datetime) -> Item:
    return replace(_by_link(article, words, moment), title=words.calls[1])


def _excerpt(article: Article, words: Words, moment: datetime) -> Item:
    return Item(at=moment, title=article.title, text=_sourced(article, "".join(words.sentences[EXCERPT])))


def _misprinted(article: Article, words: Words, moment: datetime) -> Item:
    text = article.text
    for figure, wrong in words.misprint:
        text = text.replace(figure, wrong)
    return Item(at=moment, title=article.title, text=_sourced(article, text))


def _poster(article: Article, words: Words, moment: datetime) -> Item:
    """A picture: WeChat shows a title above it, Weibo a #话题#."""
    return Item(at=moment, title=words.drawn.format(title=article.title), text="", picture=article.title)


SAME_TITLE, OTHER_PUNCTUATION, FORWARD, REPRINT = Form(_same_title), Form(_other_punctuation), Form(_forward), Form(_reprint)
IN_A_COLUMN, OF_A_MEDIUM = Form(_in_a_column), Form(_of_a_medium)
ANNOUNCED_REPRINT = Form(_announced_reprint, opened=True)
READ_ON = Form(_read_on, (Reason.RETITLED, Reason.LINK_ONLY), opened=True)
RETITLED = Form(_retitled, (Reason.RETITLED,))
RETITLED_UNSOURCED = Form(_retitled_unsourced, (Reason.RETITLED, Reason.UNSOURCED))
UNSOURCED = Form(_unsourced, (Reason.UNSOURCED,))
BY_LINK = Form(_by_link, (Reason.RETITLED, Reason.LINK_ONLY))
UNREAD_LINK = Form(_by_another_link, (Reason.RETITLED,))
"""The same, seen through a source that does not vouch for whole texts: what it leaves out is not held against anybody."""
EXCERPTED = Form(_excerpt, (Reason.CUT,))
MISPRINTED = Form(_misprinted, (Reason.CHANGED,))
POSTER = Form(_poster, drawn=True)
