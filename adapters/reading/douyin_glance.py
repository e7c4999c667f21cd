"""A glance at a list of Douyin works: which ones, in which order and standing, without reading them. Pure.

Real bodies differ each time by their log ids, so their hashes tell nothing. Decoding these few fields takes a quarter of a reading,
and less than to search the body for ids: works are some 10 KB each. Platform reference: douyin.md, sections 5 and 6.
"""

from __future__ import annotations

import re

import msgspec

from adapters.reading import peek
from adapters.reading.douyin import ABSENT, State
from adapters.reading.values import Loose, is_set

LAYERS = 4
_LINE = re.compile(rb"[^\n]+")


class Maker(msgspec.Struct):
    sec_uid: Loose = None
    user_canceled: Loose = None
    is_ban: Loose = None
    secret: Loose = None

    @property
    def doubtful(self) -> bool:
        return is_set(self.user_canceled) or is_set(self.is_ban) or is_set(self.secret)


class Work(msgspec.Struct):
    aweme_id: Loose = None
    content_id: Loose = None
    create_time: Loose = None
    is_top: Loose = None
    is_deleted: Loose = None
    is_private: Loose = None
    author: Maker | None = None
    status: State | None = None
    raw: Work | None = None

    @property
    def line(self) -> str:
        state = self.status or State()
        facts = (self.aweme_id, self.content_id, self.create_time, self.is_top, self.is_deleted, self.is_private)
        maker = self.author.sec_uid if self.author else None
        return f"{maker} {facts} {(state.is_delete, state.is_prohibited, state.in_reviewing, state.private_status)}"


class Glance(msgspec.Struct):
    aweme_list: list[Work] | None = None
    items: list[Work] | None = None
    has_more: Loose = None
    status_code: Loose = None
    success: Loose = None
    state: Loose = None
    error: Loose = None
    not_login_module: msgspec.Raw = msgspec.Raw(b"")
    verify_center_decision_conf: msgspec.Raw = msgspec.Raw(b"")
    captcha: msgspec.Raw = msgspec.Raw(b"")
    verify_page: msgspec.Raw = msgspec.Raw(b"")
    verify_ticket: msgspec.Raw = msgspec.Raw(b"")
    data: Glance | None = None
    result: Glance | None = None

    @property
    def doubtful(self) -> bool:
        marks = (self.verify_center_decision_conf, self.captcha, self.verify_page, self.verify_ticket)
        guest = any(mark in bytes(self.not_login_module) for mark in (b"true", b"1", b"text_biserial"))
        refused = self.success is False or self.state not in (None, "done") or bool(self.error)
        return guest or refused or self.status_code not in (None, 0) or any(bytes(mark) not in ABSENT for mark in marks)


GLANCE = msgspec.json.Decoder(Glance)


def peeked(body: bytes) -> str:
    """Return a fingerprint of the works a body shows; "" where it must be read: another shape, a guest's view, any mark of doubt."""
    try:
        layer = GLANCE.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    for _ in range(LAYERS):
        inner = layer.data or layer.result
        if layer.doubtful or inner is None:
            break
        layer = inner
    shown = [each.raw or each for each in layer.aweme_list or layer.items or ()]
    if layer.doubtful or any(each.author is None or each.author.doubtful for each in shown):
        return ""
    lines = "\n".join(each.line for each in shown)
    return peek.peeked(f"{lines}\n{layer.has_more}".encode("utf-8", "replace"), _LINE) if shown else ""
