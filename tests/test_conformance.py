"""Every channel and every kind of answer: what must come of it, through the real adapter, a real server and a real door."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from channels import BIZ, EXAMPLES, FIXTURES, UID, Reply, account, asked, expected, fixtures, platform_of, serving, told
from channels import adapter as made_adapter
from conformance import CATEGORIES, COVERS_NOTHING, LEAVES_OUT, LONG_BEGINS, LONG_ENDS, LONG_HOLDS, MATRIX, NOW, Case, look

from adapters import ADAPTERS, feed
from adapters.http import Door
from adapters.reading.page import recall
from adapters.reading.wechat_about import read_about
from adapters.reading.wechat_datacube import Days, read_cube
from adapters.reading.wechat_lists import read_list
from adapters.reading.weibo_ajax import read_ajax
from adapters.reading.weibo_cards import read_cards
from monitor.errors import (
    LOOK_ERRORS,
    AccountGone,
    AuthError,
    BadInput,
    Degraded,
    LookError,
    ParseError,
    RateLimited,
    SourceRetired,
    TransportFault,
)
from monitor.model import Post, Snapshot

PROVES_NOTHING = 20
"""Letters of the shortest reason that says why a channel cannot show something."""


@dataclass(frozen=True)
class Seen:
    """What came of a look: a snapshot, an error, or both where a degraded look kept its posts."""

    snapshot: Snapshot | None
    error: Exception | None = None

    @property
    def posts(self) -> tuple[Post, ...]:
        return self.snapshot.posts if self.snapshot else ()

    @property
    def visible(self) -> list[Post]:
        return [post for post in self.posts if post.visible]

    @property
    def covers(self) -> bool:
        """Whether anything is taken for silence: what a failed look keeps is never."""
        return self.error is None and self.snapshot is not None and self.snapshot.covers_from is not None

    def of(self, case: Case) -> list[Post]:
        return [post for post in self.posts if post.id.split(":", 2)[2] in case.about]


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), body_cap=200_000, retry_wait=0.0) as opened:
        yield opened


async def seen(channel: str, case: Case, door: Door, memory: Mapping[str, Any] | None = None) -> Seen:
    try:
        return Seen(await look(channel, case, door, memory))
    except Degraded as error:
        return Seen(error.snapshot, error)
    except (LookError, BadInput) as error:
        return Seen(None, error)


# -- what each kind of answer promises ------------------------------------------------------------------------------------------


def succeeded(channel: str, case: Case, found: Seen) -> None:
    assert found.error is None and found.snapshot is not None
    assert found.visible and not found.snapshot.unchanged
    assert found.covers != (channel in COVERS_NOTHING)
    assert bool(found.snapshot.partial) == (channel in COVERS_NOTHING)


def was_silent(channel: str, case: Case, found: Seen) -> None:
    assert found.error is None and found.snapshot is not None
    assert found.posts == () and not found.snapshot.partial
    assert found.covers and found.snapshot.covers_from is not None and found.snapshot.covers_until is not None
    assert found.snapshot.covers_from < found.snapshot.covers_until <= NOW


def may_have_been_silent(channel: str, case: Case, found: Seen) -> None:
    assert not found.visible and not found.covers
    assert isinstance(found.error, Degraded) or (found.snapshot is not None and found.snapshot.partial)
    assert found.snapshot is None or recall(found.snapshot.memory) is None


def pinned_and_old(channel: str, case: Case, found: Seen) -> None:
    pinned, start = found.of(case), found.snapshot and found.snapshot.covers_from
    assert {post.id.split(":", 2)[2] for post in pinned} == set(case.about)
    if len(found.visible) > len(pinned):
        assert max(found.visible, key=lambda post: post.published_at) not in pinned
    assert (start is None) == (not found.covers)
    assert start is None or all(post.published_at < start for post in pinned)


def is_deleted(channel: str, case: Case, found: Seen) -> None:
    assert not set(case.about) & {post.id.split(":", 2)[2] for post in found.visible}
    if channel in LEAVES_OUT:
        assert not found.of(case) and found.visible
    elif case.about:
        left_out = found.snapshot.skipped.get("deleted", 0) if found.snapshot else 0
        assert left_out or all(post.deleted_at is not None for post in found.of(case))
        assert left_out + len(found.of(case)) == len(case.about)
    else:
        assert not found.visible and not found.covers


def is_private(channel: str, case: Case, found: Seen) -> None:
    assert not set(case.about) & {post.id.split(":", 2)[2] for post in found.visible}
    assert len(found.of(case)) == (0 if channel in LEAVES_OUT else len(case.about))
    assert case.about or (not found.visible and not found.covers)


def is_whole(channel: str, case: Case, found: Seen) -> None:
    (post,) = found.of(case)
    assert LONG_BEGINS in post.text and LONG_HOLDS in post.text and post.text.endswith(LONG_ENDS)
    assert "展开" not in post.text and len(post.text) > 1_200


def failed(kind: type[LookError], channel: str, case: Case, found: Seen) -> None:
    assert isinstance(found.error, kind) and not found.covers
    assert case.wait is None or (isinstance(found.error, LookError) and found.error.retry_after == pytest.approx(case.wait, abs=1))
    assert found.snapshot is None or (kind is Degraded and found.snapshot.covers_from is None and found.snapshot.partial)


def was_garbage(channel: str, case: Case, found: Seen) -> None:
    """No body that nobody understands is silence, nor says that the account or the interface is no more."""
    assert isinstance(found.error, (*LOOK_ERRORS, BadInput)) and not isinstance(found.error, (AccountGone, SourceRetired))
    assert not found.covers and not found.posts


PROMISES: Mapping[str, Callable[[str, Case, Seen], None]] = {
    "success": succeeded,
    "empty for good": was_silent,
    "empty for doubt": may_have_been_silent,
    "pinned": pinned_and_old,
    "deleted": is_deleted,
    "private": is_private,
    "long text": is_whole,
    **{
        kind.__name__: partial(failed, kind)
        for kind in (TransportFault, RateLimited, AuthError, AccountGone, SourceRetired, ParseError, Degraded)
    },
    "garbage": was_garbage,
}


def cells() -> Iterator[Any]:
    for channel, row in MATRIX.items():
        for category, cell in row.items():
            for number, case in enumerate(cell if isinstance(cell, tuple) else ()):
                name = Path(case.fixture).stem or f"{number}"
                yield pytest.param(channel, category, case, id=f"{channel}-{category.replace(' ', '_')}-{name}-{number}")


@pytest.mark.parametrize(("channel", "category", "case"), list(cells()))
async def test_what_must_come_of_an_answer_comes_of_it(channel: str, category: str, case: Case, door: Door) -> None:
    found = await seen(channel, case, door)

    PROMISES[category](channel, case, found)


# -- the matrix itself ----------------------------------------------------------------------------------------------------------


def test_every_channel_has_a_row_and_every_row_every_kind_of_answer() -> None:
    assert MATRIX.keys() == ADAPTERS.keys()
    assert set(PROMISES) == set(CATEGORIES)
    for channel, row in MATRIX.items():
        assert tuple(row) == CATEGORIES, channel


def test_every_error_class_is_a_kind_of_answer() -> None:
    assert {kind.__name__ for kind in LOOK_ERRORS} <= set(CATEGORIES)


@pytest.mark.parametrize("channel", MATRIX)
def test_what_a_channel_cannot_show_has_a_reason_and_what_it_can_show_has_a_case(channel: str) -> None:
    for category, cell in MATRIX[channel].items():
        assert cell, (channel, category)
        if isinstance(cell, str):
            assert len(cell) >= PROVES_NOTHING and category not in ("success", "garbage"), (channel, category)


@pytest.mark.parametrize("channel", MATRIX)
def test_a_case_names_a_fixture_that_exists(channel: str) -> None:
    held = {path.name for path in fixtures(channel)}
    for cell in MATRIX[channel].values():
        for case in cell if isinstance(cell, tuple) else ():
            assert not case.fixture or case.fixture in held, case.fixture


# -- what follows from one look for the next ------------------------------------------------------------------------------------


def doubtful() -> Iterator[Any]:
    """Cases of which nothing may be concluded, of channels that are asked again."""
    for channel, row in MATRIX.items():
        for category in ("empty for doubt", "Degraded"):
            cell = row[category]
            for number, case in enumerate(cell if isinstance(cell, tuple) and EXAMPLES[channel].fetches else ()):
                yield pytest.param(channel, case, id=f"{channel}-{category.replace(' ', '_')}-{number}")


@pytest.mark.parametrize(("channel", "case"), list(doubtful()))
async def test_doubt_does_not_become_certainty_by_being_seen_twice(channel: str, case: Case, door: Door) -> None:
    first = await seen(channel, case, door)
    again = await seen(channel, case, door, first.snapshot.memory if first.snapshot else {})

    assert not again.covers and not (again.snapshot and again.snapshot.unchanged)
    assert type(again.error) is type(first.error)


REMEMBERS_DAYS = "wechat.openapi"
"""Its memory holds the days that were read: they stay covered, and the test of both lists shows how far."""


@pytest.mark.parametrize(("channel", "case"), [each for each in doubtful() if each.values[0] != REMEMBERS_DAYS])
async def test_doubt_after_a_good_look_does_not_live_on_what_was_covered(channel: str, case: Case, door: Door) -> None:
    good = MATRIX[channel]["success"]
    assert isinstance(good, tuple)
    before = await seen(channel, good[0], door)
    assert before.snapshot is not None

    after = await seen(channel, case, door, before.snapshot.memory)

    assert not after.covers


async def test_a_cut_text_is_wanted_again_until_it_was_read_whole(door: Door) -> None:
    cell = MATRIX["weibo.web"]["long text"]
    assert isinstance(cell, tuple)
    cut = Case("long_text.json", about=cell[0].about)

    first = await seen("weibo.web", cut, door)
    assert first.snapshot is not None
    second = await seen("weibo.web", cell[0], door, first.snapshot.memory)

    (shown,) = first.of(cut)
    assert LONG_HOLDS not in shown.text and "全文</a>" not in shown.text and not first.snapshot.memory
    is_whole("weibo.web", cell[0], second)


# -- golden pairs ---------------------------------------------------------------------------------------------------------------

NO_PAIRS = {"roster", "identity", "hostile"}
"""Folders of fixtures that are not bodies of platforms."""


MIXED = {"wechat_identities_mixed"}
"""Feeds that are read with the option `biz`."""


def cube_told(body: bytes) -> dict[str, Any]:
    try:
        cube = read_cube(body, asked("wechat.openapi"), Days(date(2026, 11, 19), date(2026, 11, 19)), owners=frozenset({"3290000001"}))
    except LookError as error:
        return {"error": error.code, "message": str(error)}
    return {"trouble": cube.trouble, "rows": [[each.day.isoformat(), each.number, each.kind, each.title, each.url] for each in cube.rows]}


def about_told(body: bytes) -> dict[str, Any]:
    about = read_about(body)
    plainly = {name: getattr(about, name) for name in ("name", "alias", "gh", "biz", "kind", "subject", "certified", "place", "migrated")}
    names = [[each.day.isoformat(), each.new, each.old, each.migrated] for each in about.names]
    return {**plainly, "profile": about.profile, "names": names, "former": [[name, day.isoformat()] for name, day in about.former]}


def _of(channel: str) -> Callable[[Path], dict[str, Any]]:
    read = EXAMPLES[channel].read
    assert read is not None
    return lambda path: told(lambda: read(path.read_bytes(), asked(channel, platform_of(channel, path))))


def _feed(path: Path) -> dict[str, Any]:
    biz = BIZ if path.stem in MIXED else ""
    return told(lambda: feed.read(path.read_bytes(), asked("feed", platform_of("feed", path)), biz=biz))


READERS: Mapping[str, Callable[[Path], dict[str, Any]]] = {
    **{name: _of(name) for name, example in EXAMPLES.items() if example.read},
    "feed": _feed,
    "weibo.ajax": lambda path: told(lambda: read_ajax(path.read_bytes(), asked("weibo.web"), UID, signed_in=True)),
    "weibo.list": lambda path: told(lambda: read_cards(path.read_bytes(), asked("weibo.web"), UID, signed_in=True)),
    "wechat.lists": lambda path: told(lambda: read_list(path.read_bytes(), asked("manual"), BIZ)),
    "wechat.datacube": lambda path: cube_told(path.read_bytes()),
    "wechat.about": lambda path: about_told(path.read_bytes()),
}
"""How the bodies of each folder of fixtures are read."""
PAIRS = [pytest.param(folder, path, id=f"{folder}-{path.stem}") for folder in READERS for path in fixtures(folder)]


def test_every_folder_of_bodies_has_a_reader() -> None:
    folders = {path.name for path in FIXTURES.iterdir() if path.is_dir()}

    assert folders - NO_PAIRS == {folder for folder in READERS if fixtures(folder)}


def test_every_body_has_its_expected_reading_and_no_reading_is_without_its_body() -> None:
    for folder in READERS:
        bodies = [path.stem for path in fixtures(folder)]
        readings = [path.name.removesuffix(".expected.json") for path in (FIXTURES / folder).glob("*.expected.json")]
        assert sorted(bodies) == sorted(readings), folder


@pytest.mark.parametrize(("folder", "path"), PAIRS)
def test_a_body_reads_as_written_down(folder: str, path: Path) -> None:
    assert READERS[folder](path) == expected(path)


@pytest.mark.parametrize(
    ("channel", "path"),
    [pytest.param(name, path, id=f"{name}-{path.stem}") for name, each in EXAMPLES.items() if each.fetches for path in fixtures(name)],
)
async def test_a_look_shows_what_the_pair_says_and_never_covers_more(channel: str, path: Path, door: Door) -> None:
    async with serving(Reply.of(path)) as served:
        options = {"biz": BIZ} if path.stem in MIXED else {}
        watched = account(channel, served.base_url, **options).model_copy(update={"platform": platform_of(channel, path)})
        made = made_adapter(channel, door, served.base_url)
        pair = expected(path)
        try:
            snapshot = await made.look(watched, watched.channels[0], {}, NOW)
        except LookError as error:
            assert error.code == pair.get("error")
            snapshot = error.snapshot if isinstance(error, Degraded) else None

    assert [post.id for post in (snapshot.posts if snapshot else ())] == [post["id"] for post in pair.get("posts", [])]
    assert pair.get("covers") or snapshot is None or snapshot.covers_from is None
