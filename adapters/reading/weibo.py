"""A Weibo post as the platform's JSON has it, for every channel that hands it on. Pure.

Key on `mid`: in data of 2011 `id` is another, shorter number. Platform reference: weibo.md, sections 3.1, 5.2, 6.2, 9, 10 and 11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import msgspec

from adapters.reading.page import Draft, Page
from adapters.reading.values import Loose, as_id, as_int, as_number, is_all, is_set, plain
from adapters.reading.weibo_forms import PICTURES_SHOWN, holds_any, is_caption, says_nothing
from adapters.reading.weibo_links import (
    Link,
    article_of,
    card_of,
    cut_fold,
    is_folded,
    is_short,
    leads_on,
    links_of,
    shows_video,
    suffix_uids,
)
from adapters.reading.weibo_time import weibo_time
from monitor.matching.ids import bid_to_mid, mid_to_bid
from monitor.matching.text import bracket_title, first_line
from monitor.model import Citation, Post, Snapshot

NO_RAW = msgspec.Raw(b"")
GONE = re.compile(r"(?:抱歉，)?[此该]微博已被(?:原?作者)?删除")
"""How the words begin that stand where a post was."""
TITLE_LENGTH = 200
"""Characters of an original's first line that stand in for the title it lacks."""


class User(msgspec.Struct):
    id: Loose = None
    idstr: Loose = None
    screen_name: Loose = None
    verified_reason: Loose = None
    statuses_count: Loose = None

    @property
    def uid(self) -> str:
        return as_number(self.id) or as_number(self.idstr)

    @property
    def profile(self) -> dict[str, str]:
        """Facts of the account that a page tells by the way."""
        facts = {"id": self.uid, "name": self.screen_name, "verified": self.verified_reason, "posts": self.statuses_count}
        return {key: str(value) for key, value in facts.items() if value not in (None, "")}


class Visible(msgspec.Struct):
    type: Loose = 0


class Label(msgspec.Struct):
    text: Loose = ""


class LongText(msgspec.Struct):
    longTextContent: Loose = None


class Status(msgspec.Struct):
    """One post. `isTop`, `mblogtype` and `title` tell a pinned one, in any of three ways; `visible` a hidden one.

    `text` is plain on the Open Platform and HTML elsewhere. What stays raw is opened only where it is needed, and a post is not
    lost because a card beside it has an odd shape.
    """

    mid: Loose = None
    idstr: Loose = None
    id: Loose = None
    bid: Loose = None
    mblogid: Loose = None
    created_at: Loose = None
    text: Loose = ""
    text_raw: Loose = ""
    raw_text: Loose = ""
    user: User | None = None
    retweeted_status: Status | None = None
    visible: Visible | None = None
    isTop: Loose = None
    mblogtype: Loose = None
    title: Label | None = None
    deleted: Loose = None
    edit_count: Loose = None
    ori_mid: Loose = None
    ori_uid: Loose = None
    isLongText: Loose = None
    truncated: Loose = None
    pic_num: Loose = None
    pics: msgspec.Raw = NO_RAW
    pic_ids: msgspec.Raw = NO_RAW
    pic_infos: msgspec.Raw = NO_RAW
    pic_urls: msgspec.Raw = NO_RAW
    mix_media_info: msgspec.Raw = NO_RAW
    longText: msgspec.Raw = NO_RAW
    page_info: msgspec.Raw = NO_RAW
    url_struct: msgspec.Raw = NO_RAW
    screen_name_suffix_new: msgspec.Raw = NO_RAW

    @property
    def key(self) -> str:
        """The mid, from whichever field has it."""
        bid = as_id(self.bid) or as_id(self.mblogid)
        return as_number(self.mid) or as_number(self.idstr) or as_number(self.id) or bid_to_mid(bid)

    @property
    def owner(self) -> str:
        """The uid of `user`: who published it, except in a fast-forward."""
        return self.user.uid if self.user else ""

    @property
    def forwarded(self) -> str:
        """The mid a fast-forward (快转) hands on, "" for any other post."""
        return "" if self.retweeted_status is not None else as_number(self.ori_mid).lstrip("0")

    @property
    def pinned(self) -> bool:
        # title.text also says 公开, 热门, 推荐; mblogtype 1 stands on ordinary posts.
        labelled = self.title is not None and self.title.text == "置顶"
        return is_set(self.isTop) or as_int(self.mblogtype) == 2 or labelled

    @property
    def markup(self) -> str:
        """The text as it came, the whole of it where the body has that."""
        return _long(self.longText) or str(self.text or "") or str(self.text_raw or "") or str(self.raw_text or "")

    @property
    def is_whole(self) -> bool:
        """Whether the text is all there is to read: the body holds the long text, or says that there is none.

        That the mark of a fold is missing proves nothing: plain texts are cut without one. Under a retweet's words stands the original,
        what text a fast-forward carries is not known, and what a video says stands in no text.
        """
        if self.is_gone or _is_retweet(self) or shows_video(self.page_info) or holds_any(self.mix_media_info):
            return False
        if not _long(self.longText) and (as_int(self.isLongText) != 0 or (as_int(self.pic_num) or 0) > PICTURES_SHOWN):
            return False
        return not is_set(self.truncated) and not is_folded(self.markup)

    @property
    def pictured(self) -> bool:
        return holds_any(self.pics, self.pic_ids, self.pic_infos, self.pic_urls) or (as_int(self.pic_num) or 0) > 0

    @property
    def is_gone(self) -> bool:
        return is_set(self.deleted) or GONE.match(str(self.text or self.text_raw or "")) is not None


STATUS = msgspec.json.Decoder(Status)
LONG_TEXT = msgspec.json.Decoder(LongText)


def publisher(status: Status) -> str:
    """Return the uid of who published the post, "" where the post does not clearly say.

    In a fast-forward `user` is the original's author; the forwarder is `ori_uid` and the uid in a suffix of the name. No recording
    of one exists, so where the two contradict each other nobody is believed (section 9).
    """
    if not status.forwarded:
        return status.owner
    named = {as_number(status.ori_uid), *suffix_uids(status.screen_name_suffix_new)} - {""}
    forwarders = named - {status.owner} or named
    return forwarders.pop() if len(forwarders) == 1 else ""


class ShortLinks(NamedTuple):
    """A post's t.cn links that nothing on its page resolves. `whole`: once they are known, its text is all there is to read."""

    links: tuple[str, ...]
    whole: bool = False


@dataclass(slots=True)
class Timeline:
    """An account's posts while a page is read, in the page's order.

    `folded` maps posts whose text is cut to the mark under which their whole text is remembered: the mid and how often it was edited.
    `shorts` maps posts to their t.cn links that nothing on the page resolves.
    """

    page: Page
    uid: str
    profile: dict[str, str] = field(default_factory=dict)
    folded: dict[str, str] = field(default_factory=dict)
    shorts: dict[str, ShortLinks] = field(default_factory=dict)
    forwards: set[str] = field(default_factory=set)

    def take(self, raw: msgspec.Raw | bytes, *, pinned: bool = False) -> None:
        """Read one post into the page, or count why not. Other people's posts (advertisements, recommendations) are counted and left."""
        try:
            status = STATUS.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return self.page.leave("unreadable")
        by = publisher(status)
        if by != self.uid:
            return self.page.leave(_reason(status, by))
        if status.owner == self.uid and status.user is not None:
            self.profile = self.profile or status.user.profile
        if status.is_gone and not status.created_at:
            return self.page.leave("deleted")
        before, links = len(self.page.posts), _links(status)
        self.page.take(_draft(status, links, self.uid, self.page.asked.now, pinned))
        if len(self.page.posts) > before:
            self._note(status, links, next(reversed(self.page.posts)))
        return None

    def _note(self, status: Status, links: list[Link], post_id: str) -> None:
        shorts = tuple(link.url for link in links if is_short(link.url))
        if shorts:
            text, others = plain(cut_fold(status.markup)), [link for link in links if not is_short(link.url)]
            self.shorts[post_id] = ShortLinks(shorts, _is_whole(status, text, others, self.page.posts[post_id].kind))
        if status.forwarded:
            self.forwards.add(post_id)
        if is_folded(status.markup):
            self.folded[post_id] = f"{status.key}/{as_int(status.edit_count) or 0}"

    def snapshot(self, *, whole: bool = False, partial: str = "") -> Snapshot:
        """Return what the page showed. Raises `ParseError` when none of its items is a post of this account."""
        return self.page.snapshot(whole=whole, partial=partial or ("" if whole else self._doubt()), profile=self.profile)

    def _doubt(self) -> str:
        """Return why the page's order cannot be trusted: what time a fast-forward carries, its own or its original's, is not known.

        One that lies in its place between its neighbours is believed; the oldest of the page is not, for the page would seem to
        reach back to the original.
        """
        behind: datetime | None = None
        for post in reversed([post for post in self.page.posts.values() if not post.pinned]):
            if post.id in self.forwards and (behind is None or post.published_at < behind):
                return "a fast-forward may carry the time of its original"
            behind = max(post.published_at, behind or post.published_at)
        return ""


def _reason(status: Status, by: str) -> str:
    if by:
        return "foreign"
    return "deleted" if status.is_gone and not status.owner else "no_author"


def _is_retweet(status: Status) -> bool:
    return status.retweeted_status is not None or bool(status.forwarded)


def _links(status: Status) -> list[Link]:
    retweet = _is_retweet(status)
    return links_of(cut_fold(status.markup), str(status.text_raw or ""), status.url_struct, status.page_info, retweet)


def _draft(status: Status, links: list[Link], uid: str, now: datetime, pinned: bool) -> Draft:
    when = weibo_time(status.created_at, now)
    markup, retweet = cut_fold(status.markup), _is_retweet(status)
    text = plain(markup)
    kind = "repost" if retweet else "picture" if not links and _is_picture(status, text) else "post"
    return Draft(
        native=status.key,
        at=when.at if when else None,
        precision=when.precision if when else "second",
        url=post_url(uid, status.key),
        title=bracket_title(text) or ("" if retweet else card_of(status.page_info).title),
        text=with_links(text, links),
        kind=kind,
        whole=_is_whole(status, text, links, kind),
        pinned=pinned or status.pinned,
        # A kind of visibility we cannot read counts as public: a hidden post would not count as an update.
        private=status.visible is not None and as_int(status.visible.type) not in (0, None),
        deleted=status.is_gone,
        citation=_citation(status, links),
    )


def _is_whole(status: Status, text: str, links: Iterable[Link], kind: str) -> bool:
    """Whether this text, without the links added to it, is all there is to read: none of it stands in pictures or behind a link."""
    if not status.is_whole or not is_all(status.markup, text) or any(leads_on(link.url) for link in links):
        return False
    return kind == "picture" or not is_caption(text, status.pictured)


def _is_picture(status: Status, text: str) -> bool:
    """Whether the platform shows pictures and no words: no text of its own, no video, nothing behind a fold."""
    shown = holds_any(status.pics, status.pic_ids, status.pic_infos, status.pic_urls)
    return shown and says_nothing(text) and not shows_video(status.page_info) and not is_folded(status.markup)


def with_links(text: str, links: list[Link]) -> str:
    """Return the text with the addresses that a reader reaches from it: a repost may be known by any of them, not the first alone."""
    return "\n".join([text, *(link.url for link in links if link.url not in text)]).strip()


def _citation(status: Status, links: list[Link]) -> Citation | None:
    """Return what the post forwards, known by its mid even when it was deleted; else the first page it points at."""
    original = status.retweeted_status
    if original is not None:
        return Citation(
            url=post_url(original.owner, original.key), title=_title_of(original), account=original.owner, post_id=original.key
        )
    if status.forwarded:
        return Citation(url=post_url(status.owner, status.forwarded), account=status.owner, post_id=status.forwarded)
    return Citation(url=links[0].url, title=links[0].title) if links else None


def _title_of(original: Status) -> str:
    """Return what an original is called: its 【title】, that of the article it is, or its first line. A deleted one has none."""
    if original.is_gone or original.user is None:
        return ""
    text = plain(cut_fold(original.markup))
    return bracket_title(text) or article_of(original.page_info).title or first_line(text)[:TITLE_LENGTH]


def _long(raw: msgspec.Raw) -> str:
    if not bytes(raw):
        return ""
    try:
        return str(LONG_TEXT.decode(raw).longTextContent or "")
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""


def unfolded(post: Post, markup: str) -> Post:
    """Return the post with its whole text, which was fetched apart; what only that text tells is read from it."""
    text = plain(markup)
    links = links_of(markup, "", NO_RAW, NO_RAW, post.kind == "repost")
    known = [Link(line) for line in post.text.splitlines() if line.startswith("http")]
    more = post.kind == "repost" or is_folded(markup) or any(leads_on(link.url) for link in [*links, *known])
    citation = post.citation or (Citation(url=links[0].url, title=links[0].title) if links else None)
    title = post.title or bracket_title(text)
    told = {"text": with_links(text, [*links, *known]), "title": title, "citation": citation}
    return post.model_copy(update={**told, "whole": not more and is_all(markup, text)})


def post_url(uid: str, mid: str) -> str:
    """Return the canonical address of a post, "" when its author or its mid is not known."""
    bid = mid_to_bid(mid)
    return f"https://weibo.com/{uid}/{bid}" if uid and bid else ""
