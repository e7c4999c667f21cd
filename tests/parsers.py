"""Every parser of foreign bytes, by name, as one function of bytes; what each may answer; and bodies to start from.

Shared by the property tests and the fuzzer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from channels import BIZ, EXAMPLES, FIXTURES, NOW, UID, asked

from adapters import feed
from adapters.reading import bridges, wechat_push, wechat_tokens
from adapters.reading.douyin_openapi import read_tokens
from adapters.reading.douyin_works import read_profile
from adapters.reading.page import Asked
from adapters.reading.uploads import read_upload
from adapters.reading.wechat_about import read_about
from adapters.reading.wechat_datacube import Days, read_cube
from adapters.reading.wechat_lists import read_list
from adapters.reading.weibo_ajax import read_ajax
from adapters.reading.weibo_cards import read_login, read_whole_text
from adapters.resolving import read_user
from monitor.errors import LOOK_ERRORS, BadInput, Degraded
from monitor.model import Account, Channel, Platform, Snapshot

Parser = Callable[[bytes], Any]

DAYS = Days(date(2026, 11, 1), date(2026, 11, 19))


def of_feed(body: bytes, asked: Asked, biz: str) -> Snapshot:
    return feed.read(body, asked, biz=biz, repair=False)


def upload(platform: Platform, body: bytes) -> Snapshot:
    """Read a body as a file that a person saved of an account of the platform."""
    watched = Account(id="a", platform=platform, name="青溪发布", channels=(Channel(adapter="manual", handle=UID, options={"biz": BIZ}),))
    return read_upload(body, watched, NOW, True, feed=of_feed)[1]


PARSERS: dict[str, Parser] = {
    **{name: partial(lambda read, name, body: read(body, asked(name)), each.read, name) for name, each in EXAMPLES.items() if each.read},
    "feed": lambda body: feed.read(body, asked("feed"), repair=False),
    "feed, repaired": lambda body: feed.read(body, asked("feed"), biz="MzI5MDAwMDAwMQ=="),
    "feed, weibo": lambda body: feed.read(body, asked("feed", Platform.WEIBO), repair=False),
    "feed, douyin": lambda body: feed.read(body, asked("feed", Platform.DOUYIN), repair=False),
    "feed, toutiao": lambda body: feed.read(body, asked("feed", Platform.TOUTIAO), repair=False),
    "bridge's health": bridges.read_health,
    "weibo.ajax": lambda body: read_ajax(body, asked("weibo.web"), UID, signed_in=True),
    "weibo text": read_whole_text,
    "weibo login": read_login,
    "wechat lists": lambda body: read_list(body, asked("wechat.openapi"), BIZ),
    "wechat cube": lambda body: read_cube(body, asked("wechat.openapi"), DAYS),
    "wechat token": lambda body: wechat_tokens.read_token(body, NOW),
    "wechat component": lambda body: wechat_tokens.read_component(body, NOW),
    "wechat authorizer": lambda body: wechat_tokens.read_authorizer(body, NOW, "r"),
    "wechat push": wechat_push.parse,
    "wechat about": read_about,
    "douyin profile": read_profile,
    "douyin tokens": lambda body: read_tokens(body, NOW),
    "resolved user": lambda body: read_user(body, "domain", "qingxi"),
    **{f"upload, {platform}": partial(upload, platform) for platform in Platform},
}
KNOWN_BAD = FIXTURES / "hostile"
"""Bodies that once broke a parser: `<parser>-<what>.bin`."""


def parse(name: str, body: bytes) -> None:
    """Give the body to a parser; anything but a sound snapshot or a look error fails."""
    try:
        found = PARSERS[name](body)
    except Degraded as error:
        found = error.snapshot
    except (*LOOK_ERRORS, BadInput):
        return
    if isinstance(found, Snapshot):
        assert found.posts or found.partial or found.covers_from is not None
        json.dumps(found.model_dump(mode="json")).encode()
        Snapshot.model_validate(found.model_dump())


def seeds() -> list[Path]:
    """Return all bodies the project holds."""
    return sorted(path for path in FIXTURES.glob("*/*.*") if not path.name.endswith(".expected.json") and path.parent.name != "roster")
