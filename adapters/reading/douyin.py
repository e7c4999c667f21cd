"""A Douyin work (`aweme`) and its author. Pure. Platform reference: douyin.md, sections 5, 9 and 10."""

from __future__ import annotations

import msgspec

from adapters.reading.page import Draft, Page
from adapters.reading.values import Loose, as_id, as_int, as_number, from_unix, is_set
from monitor.errors import AccountGone
from monitor.matching.text import first_line

IMAGE_TYPES = (68,)
ABSENT = (b"", b"null")


class Author(msgspec.Struct):
    """Who made a work, or whose profile it is. `sec_uid` is the key; the numeric uid rotates and the 抖音号 can be edited."""

    sec_uid: Loose = None
    nickname: Loose = None
    enterprise_verify_reason: Loose = None
    custom_verify: Loose = None
    aweme_count: Loose = None
    user_canceled: Loose = None
    is_ban: Loose = None
    secret: Loose = None

    @property
    def profile(self) -> dict[str, str]:
        # verification_type is 0 even for 央视新闻: only the words of the certificate tell anything.
        verified = self.enterprise_verify_reason or self.custom_verify
        facts = {"name": self.nickname, "verified": verified, "posts": as_int(self.aweme_count), "id": as_id(self.sec_uid)}
        return {key: str(value) for key, value in facts.items() if value not in (None, "")}

    @property
    def trouble(self) -> str:
        """Why nobody can see the account any more, "" where that is not said."""
        if is_set(self.user_canceled):
            return "the account is cancelled"
        if is_set(self.is_ban):
            return "the account is banned"
        return "the account is private" if is_set(self.secret) else ""


class State(msgspec.Struct):
    is_delete: Loose = None
    is_prohibited: Loose = None
    in_reviewing: Loose = None
    private_status: Loose = None

    @property
    def hidden(self) -> bool:
        return as_int(self.private_status) not in (0, None) or is_set(self.is_prohibited) or is_set(self.in_reviewing)


class Aweme(msgspec.Struct):
    aweme_id: Loose = None
    desc: Loose = ""
    item_title: Loose = ""
    caption: Loose = ""
    create_time: Loose = None
    is_top: Loose = None
    aweme_type: Loose = None
    author: Author | None = None
    images: msgspec.Raw = msgspec.Raw(b"")
    status: State | None = None

    @property
    def is_note(self) -> bool:
        # Image posts carry a `video` object and often a /video/ link too; their pictures tell them apart.
        return bytes(self.images) not in (*ABSENT, b"[]") or as_int(self.aweme_type) in IMAGE_TYPES

    @property
    def words(self) -> str:
        """The whole caption; newer bodies hold pieces of it beside `desc`."""
        text, caption = str(self.desc or ""), str(self.caption or "")
        return text if caption in text else f"{text}\n{caption}"


AWEME = msgspec.json.Decoder(Aweme)


def belongs(page: Page, author: Author | None, sec_uid: str) -> bool:
    """Whether an item is the account's; counts it as left out where it is not.

    Raises `AccountGone` when the account is marked as cancelled, banned or private.
    """
    seen = as_id(author.sec_uid) if author else ""
    if author is None or seen != sec_uid:
        page.leave("foreign" if seen else "no_author")
        return False
    if author.trouble:
        raise AccountGone(author.trouble)
    return True


def take_work(page: Page, work: Aweme, sec_uid: str) -> Author | None:
    """Read one work of the account into the page, or count why not; return its author when it is the account."""
    if not belongs(page, work.author, sec_uid):
        return None
    page.take(_draft(work))
    return work.author


def address(kind: str, number: str) -> str:
    """Return a work's address, "" where its id is no number."""
    return f"https://www.douyin.com/{'note' if kind == 'note' else 'video'}/{number}" if number else ""


def _draft(work: Aweme) -> Draft:
    key, text, state = as_number(work.aweme_id), work.words, work.status or State()
    kind = "note" if work.is_note else "video"
    return Draft(
        native=key,
        # The upload's own second stands in the id; create_time is when it was published, up to two weeks later.
        at=from_unix(work.create_time),
        url=address(kind, key),
        title=first_line(str(work.item_title or "")) or first_line(text),
        text=text,
        kind=kind,
        pinned=is_set(work.is_top),
        private=state.hidden,
        deleted=is_set(state.is_delete),
    )
