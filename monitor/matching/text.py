"""Texts made comparable: what is left when width, case, script, punctuation, emoji, tags and links are taken away.

Real titles of one article differ in just these (handbook 5.4): 1,271 of 15,019 shared titles only in punctuation or spaces.
"""

from __future__ import annotations

import hashlib
import html
import re

from monitor.matching.script import bare

KEY_MINIMUM = 6
"""Characters a normalised title needs to stand for an article: shorter ones (通知, 要闻速递) are shared by chance."""

TITLE_LIMIT = 4_000
"""Characters of a title that are looked at: the longest real one had 3,763."""

TEXT_LIMIT = 200_000
"""Characters of a body that are looked at: a five-year plan has some 70,000."""

_LINK = re.compile(r"(?:https?://|www\.)[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]*", re.IGNORECASE)
_FACE = re.compile(r"[\[［][\u4e00-\u9fffA-Za-z]{1,8}[\]］]")
# Douyin's tags end at a blank, Weibo's at a second #; one of the first kind stands before another or at the end.
_TAG = re.compile(r"[#＃][^\s#＃]{1,40}(?=\s*$|\s+[#＃][^\s#＃])|[#＃][^#＃\n]{1,60}[#＃]")
# Before the 【title】 stand #话题#, [表情], emoji, marks, and who is called, in any order; they are no words of its own.
_HEAD = re.compile(
    r"(?:\s|[#＃][^#＃\n]{1,60}[#＃]|\[[\u4e00-\u9fffA-Za-z]{1,8}\]|(?://)?[@＠][^\s@＠:：【]{1,30}[\s:：]"
    r"|[^\w\s【《“‘「『\[［(（#＃@＠])*+【((?:[^【】]|【[^【】]{1,60}】){1,200})】"
)
# What Weibo writes into a post by itself: who was forwarded or called, that something was, and that there is more behind a fold.
_WRITTEN_IN = re.compile(r"(?://)?@[^\s:：@/]{1,30}[:：\s]|转发微博|[.…]\s{0,4}(?:展开)?全文c?\s{0,20}$")


_COLUMNS = re.compile(r"\s*(?:[【\[「]?[^\s【】\[\]「」|｜丨▏！!，,：:《》“”]{1,6}[】\]」|｜丨▏！!，：:]\s*){1,3}")
_CALLS = re.compile(r"(?:[（(][^（）()\s]{1,10}[）)]|[！!，,|｜丨▏][^！!，,。|｜丨▏\s]{1,6})[！!。]?\s*$")


def normalise_title(text: str) -> str:
    """Return the letters, digits and marks of the title in one form; idempotent.

    Links and [表情] go, a #话题# beside a title goes, a #话题# that *is* the title keeps its words.
    """
    text = _undressed(text)
    if "#" in text or "＃" in text:
        beside = bare(_TAG.sub(" ", text))
        if len(beside) >= KEY_MINIMUM:
            return beside
    return bare(text)


def normalise_words(text: str) -> str:
    """Return the text in the form of `normalise_title`, but with the words of every #话题# kept: a title may stand in one."""
    return bare(_undressed(text))


def title_key(text: str) -> str:
    """Return 16 hex digits that equal titles share, or "" where too little is left to tell articles apart."""
    title = normalise_title(text)
    if len(title) < KEY_MINIMUM:
        return ""
    return hashlib.blake2b(title.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def bracket_title(text: str) -> str:
    """Return what stands in a leading 【…】, where Weibo posts carry their title; "" when there is none."""
    found = _HEAD.match(text, 0, TITLE_LIMIT) if "【" in text else None
    return found[1].strip() if found else ""


def first_line(text: str) -> str:
    """Return the first line that is not blank."""
    head = text[:TITLE_LIMIT].lstrip()
    return head.splitlines()[0].strip() if head else ""


def fold(text: str) -> str:
    """Return a body in the form of `normalise_words`, at a length of `TEXT_LIMIT` characters at most; idempotent."""
    return bare(_undressed(text, TEXT_LIMIT))


def said(text: str) -> str:
    """Return what the writer of a post says, not yet folded: without links, faces, #话题#, //@某: heads, 转发微博 and …全文.

    A #话题# beside which nothing is said keeps its words: it is what the post says.
    """
    text = _undressed(text, TEXT_LIMIT)
    if "#" in text or "＃" in text:
        beside = _TAG.sub(" ", text)
        if len(bare(beside[:TITLE_LIMIT])) >= KEY_MINIMUM:
            text = beside
    if "@" in text or "微博" in text or "全文" in text:
        text = _WRITTEN_IN.sub(" ", text)
    return text


def dress(title: str) -> tuple[str, str]:
    """Return what a title wears: short words in front of a rule or bracket, short calls behind it; ("关注｜", "！速看")."""
    front, back = _COLUMNS.match(title), _CALLS.search(title)
    return (front[0] if front else "", back[0] if back else "")


def _undressed(text: str, limit: int = TITLE_LIMIT) -> str:
    text = text[:limit]
    if "&" in text:
        text = html.unescape(text)
    if "://" in text or "ww." in text or "WW." in text:
        text = _LINK.sub(" ", text)
    if "[" in text or "［" in text:
        text = _FACE.sub(" ", text)
    return text
