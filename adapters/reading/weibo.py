"""A Weibo post as the platform's JSON has it, for every channel that hands it on. Pure.

Key on `mid`: in data of 2011 `id` is another, shorter number. Platform reference: weibo.md, sections 3.1, 5.2, 8, 9, 10.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import msgspec

from adapters.reading.page import Draft, Page
from adapters.reading.values import Loose, When, as_id, as_int, as_number, in_utc, is_set, plain, web_url
from monitor.matching.ids import bid_to_mid, mid_to_bid
from monitor.matching.text import bracket_title
from monitor.matching.urls import links_in
from monitor.model import SHANGHAI, Citation


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
        facts = {"name": self.screen_name, "verified": self.verified_reason, "posts": self.statuses_count}
        return {key: str(value) for key, value in facts.items() if value not in (None, "")}


class Visible(msgspec.Struct):
    type: Loose = 0


class Label(msgspec.Struct):
    text: Loose = ""


class Status(msgspec.Struct):
    """One post. `isTop`, `mblogtype` and `title` tell a pinned one, in any of three ways; `visible` a hidden one."""

    mid: Loose = None
    idstr: Loose = None
    id: Loose = None
    bid: Loose = None
    mblogid: Loose = None
    created_at: Loose = None
    text: Loose = ""
    raw_text: Loose = ""
    user: User | None = None
    retweeted_status: Status | None = None
    visible: Visible | None = None
    isTop: Loose = None
    mblogtype: Loose = None
    title: Label | None = None
    deleted: Loose = None
    ori_mid: Loose = None
    ori_uid: Loose = None

    @property
    def key(self) -> str:
        """The mid, from whichever field has it."""
        bid = as_id(self.bid) or as_id(self.mblogid)
        return as_number(self.mid) or as_number(self.idstr) or as_number(self.id) or bid_to_mid(bid)

    @property
    def owner(self) -> str:
        """The uid that published it. In a fast-forward (快转) `user` is the original's author and `ori_uid` ours."""
        return self.user.uid if self.user else ""

    @property
    def pinned(self) -> bool:
        # title.text also says 公开, 热门, 推荐; mblogtype 1 stands on ordinary posts.
        labelled = self.title is not None and self.title.text == "置顶"
        return is_set(self.isTop) or as_int(self.mblogtype) == 2 or labelled


STATUS = msgspec.json.Decoder(Status)


def take_status(page: Page, raw: msgspec.Raw, uid: str, *, pinned: bool = False) -> User | None:
    """Read one post of the account `uid` into the page, or count why not; return its author when it is the account."""
    try:
        status = STATUS.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        page.leave("unreadable")
        return None
    fast_forward = as_number(status.ori_mid) if as_number(status.ori_uid) == uid else ""
    if not status.owner and not fast_forward:
        page.leave("no_author")
        return None
    if status.owner != uid and not fast_forward:
        page.leave("foreign")
        return None
    page.take(_draft(status, uid, page.asked.now, fast_forward, pinned))
    return status.user if status.owner == uid else None


def _draft(status: Status, uid: str, now: datetime, fast_forward: str, pinned: bool) -> Draft:
    when = weibo_time(status.created_at, now)
    text = _text(status)
    return Draft(
        native=status.key,
        at=when.at if when else None,
        precision=when.precision if when else "second",
        url=post_url(uid, status.key),
        title=bracket_title(text),
        text=text,
        kind="repost" if status.retweeted_status or fast_forward else "post",
        pinned=pinned or status.pinned,
        # A kind of visibility we cannot read counts as public: a hidden post would not count as an update.
        private=status.visible is not None and as_int(status.visible.type) not in (0, None),
        deleted=is_set(status.deleted),
        citation=_citation(status, text, fast_forward),
    )


def _text(status: Status) -> str:
    return plain(str(status.text or "") or str(status.raw_text or ""))


def _citation(status: Status, text: str, fast_forward: str) -> Citation | None:
    """Return what the post forwards, known by its mid even when it was deleted; else the first link in its text."""
    original = status.retweeted_status
    if original is not None:
        words = _text(original)
        return Citation(
            url=post_url(original.owner, original.key), title=bracket_title(words), account=original.owner, post_id=original.key
        )
    if fast_forward:
        return Citation(url=post_url(status.owner, fast_forward), account=status.owner, post_id=fast_forward)
    links = links_in(text, 1)
    return Citation(url=web_url(links[0])) if links and web_url(links[0]) else None


def post_url(uid: str, mid: str) -> str:
    """Return the canonical address of a post, "" when its author or its mid is not known."""
    bid = mid_to_bid(mid)
    return f"https://weibo.com/{uid}/{bid}" if uid and bid else ""


_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_ABSOLUTE = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +([0-9]{1,2}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) ([+-][0-9]{4}) ([0-9]{4})")
_AGO = re.compile(r"([0-9]{1,4}) *(秒|分钟|小时)前")
_AT = re.compile(r"(今天|昨天) *([0-9]{1,2}):([0-9]{2})")
_DAY = re.compile(r"(?:([0-9]{4})-)?([0-9]{1,2})-([0-9]{1,2})")
_UNITS = {"秒": timedelta(seconds=1), "分钟": timedelta(minutes=1), "小时": timedelta(hours=1)}
_DAYS_BACK = {"今天": 0, "昨天": 1}


def weibo_time(value: object, now: datetime) -> When | None:
    """Return the moment of any form Weibo writes times in (section 8); relative ones count from `now` in Asia/Shanghai."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        return _absolute(text) or _relative(text, now.astimezone(SHANGHAI))
    except (ValueError, OverflowError):
        return None


def _absolute(text: str) -> When | None:
    found = _ABSOLUTE.fullmatch(text)
    if not found or found[1] not in _MONTHS:
        return None
    # English names, read without the machine's locale.
    at = in_utc(datetime.fromisoformat(f"{found[5]}-{_MONTHS[found[1]]:02}-{int(found[2]):02}T{found[3]}{found[4]}"))
    return When(at) if at else None


def _relative(text: str, now: datetime) -> When | None:
    if text == "刚刚":
        return When(now, "minute")
    if ago := _AGO.fullmatch(text):
        return When(now - int(ago[1]) * _UNITS[ago[2]], "minute")
    if clock := _AT.fullmatch(text):
        day = now - timedelta(days=_DAYS_BACK[clock[1]])
        return When(day.replace(hour=int(clock[2]), minute=int(clock[3]), second=0, microsecond=0), "minute")
    return _calendar_day(text, now)


def _calendar_day(text: str, now: datetime) -> When | None:
    found = _DAY.fullmatch(text)
    if not found:
        return None
    day = datetime(int(found[1] or now.year), int(found[2]), int(found[3]), tzinfo=SHANGHAI)
    if not found[1] and day > now:
        # A day without a year lies in the past: in January, 12-30 is last year's.
        day = day.replace(year=day.year - 1)
    at = in_utc(day)
    return When(at, "day") if at else None
