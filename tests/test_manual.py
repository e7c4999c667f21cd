"""`manual`: a person's look is a snapshot like any other, and nobody polls it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime

import pytest
from channels import NOW, account, adapter

from adapters.http import Door
from adapters.manual import hand_check
from monitor.errors import BadInput, Degraded
from monitor.model import BEGINNING

WATCHED = account("manual")
LOOKED_AT = datetime(2020, 3, 3, 2, 0, tzinfo=UTC)


async def test_it_is_never_polled() -> None:
    async with Door(random.Random(1)) as door:
        with pytest.raises(Degraded):
            await adapter("manual", door, "").look(WATCHED, WATCHED.channels[0], {}, NOW)


def test_a_last_update_is_a_post_of_that_day_and_covers_from_its_beginning() -> None:
    snapshot = hand_check(WATCHED, date(2020, 2, 18), LOOKED_AT, "张三")

    (post,) = snapshot.posts
    assert post.id == "wechat:610900M001WX0001:hand-2020-02-18"
    assert post.published_at == datetime(2020, 2, 17, 16, tzinfo=UTC)
    assert (post.kind, post.precision, post.first_seen_at) == ("hand_check", "day", LOOKED_AT)
    assert (snapshot.covers_from, snapshot.covers_until) == (post.published_at, LOOKED_AT)
    assert snapshot.profile == {"checked_by": "张三"}


def test_no_content_covers_everything_and_shows_nothing() -> None:
    snapshot = hand_check(WATCHED, None, LOOKED_AT, "张三")

    assert snapshot.posts == ()
    assert (snapshot.covers_from, snapshot.covers_until) == (BEGINNING, LOOKED_AT)


def test_the_same_row_has_the_same_hash_and_any_other_another() -> None:
    rows = [
        hand_check(WATCHED, date(2020, 2, 18), LOOKED_AT, "张三"),
        hand_check(WATCHED, date(2020, 2, 18), LOOKED_AT, " 张三 "),
        hand_check(WATCHED, None, LOOKED_AT, "张三"),
        hand_check(WATCHED, date(2020, 2, 18), NOW, "张三"),
        hand_check(WATCHED, date(2020, 2, 18), LOOKED_AT, "李四"),
    ]

    assert rows[0].digest == rows[1].digest
    assert len({row.digest for row in rows}) == 4


def test_an_update_after_the_look_is_refused() -> None:
    with pytest.raises(BadInput, match="晚于"):
        hand_check(WATCHED, date(2020, 3, 4), LOOKED_AT, "张三")


def test_the_day_of_the_look_is_that_of_shanghai() -> None:
    late_evening_in_utc = datetime(2020, 3, 3, 20, 0, tzinfo=UTC)

    assert hand_check(WATCHED, date(2020, 3, 4), late_evening_in_utc, "张三").posts
