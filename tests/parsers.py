"""Every parser of foreign bytes, by name, as one function of bytes; what each may answer; and bodies to start from.

Shared by the property tests and the fuzzer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from channels import EXAMPLES, FIXTURES, NOW, UID, asked

from adapters import feed, wechat_openapi
from adapters.reading.weibo_cards import read_cards
from monitor.errors import LOOK_ERRORS, Degraded
from monitor.model import Snapshot

Parser = Callable[[bytes], Any]

PARSERS: dict[str, Parser] = {
    **{name: partial(lambda read, name, body: read(body, asked(name)), each.read, name) for name, each in EXAMPLES.items() if each.read},
    "feed": lambda body: feed.read(body, asked("feed"), repair=False),
    "feed, repaired": lambda body: feed.read(body, asked("feed"), biz="MzI5MDAwMDAwMQ=="),
    "weibo.list": lambda body: read_cards(body, UID, NOW, signed_in=True),
    "token": lambda body: wechat_openapi.read_token(body, NOW),
}
KNOWN_BAD = FIXTURES / "hostile"
"""Bodies that once broke a parser: `<parser>-<what>.bin`."""


def parse(name: str, body: bytes) -> None:
    """Give the body to a parser; anything but a sound snapshot or a look error fails."""
    try:
        found = PARSERS[name](body)
    except Degraded as error:
        found = error.snapshot
    except LOOK_ERRORS:
        return
    if isinstance(found, Snapshot):
        assert found.posts or found.partial or found.covers_from is not None
        json.dumps(found.model_dump(mode="json")).encode()
        Snapshot.model_validate(found.model_dump())


def seeds() -> list[Path]:
    """Return all bodies the project holds."""
    return sorted(path for path in FIXTURES.glob("*/*.*") if not path.name.endswith(".expected.json") and path.parent.name != "roster")
