"""Posts as weibo.com/ajax has them, from a file a person saved: mymblog, searchProfile, statuses/show. No fetching here. Pure.

Platform reference: weibo.md, sections 6 and 7.
"""

from __future__ import annotations

import msgspec

from adapters.reading.page import Asked, Page
from adapters.reading.values import decode, keeping_head
from adapters.reading.weibo import Timeline
from adapters.reading.weibo_cards import GUEST, one_post, opened
from monitor.errors import Degraded, ParseError
from monitor.model import Snapshot

SEARCH = "a search, not the account's newest posts"
LIST = msgspec.json.Decoder(list[msgspec.Raw])


def read_ajax(body: bytes, asked: Asked, uid: str, *, signed_in: bool = False) -> Snapshot:
    """Return the snapshot of a mymblog or searchProfile answer, or of its `data` part alone. Raises `LookError`.

    `signed_in` says that this is the first page of the list, as a login sees it: nothing in the body tells which page it is, so
    otherwise it covers nothing. A search never does, and an empty list is never silence.
    """
    with keeping_head(body):
        answer = opened(body)
        timeline = Timeline(Page(asked), uid)
        if not bytes(answer.inner.posts):
            raise one_post(answer, timeline) or ParseError("no list of posts")
        posts = decode(LIST, answer.inner.posts)
        if not posts:
            raise Degraded("a list without posts")
        for raw in posts:
            timeline.take(raw)
        partial = "" if signed_in else GUEST
        return timeline.snapshot(partial=SEARCH if answer.inner.absstr is not None else partial)
