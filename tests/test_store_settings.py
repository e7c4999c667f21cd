"""A database address or login that cannot be used is the operator's to mend: it is said in Chinese, and never quotes the address."""

from __future__ import annotations

import traceback
from datetime import timedelta
from pathlib import Path

import pytest
from clocks import NOON

from daemon import tables
from monitor.cli.checking import check
from monitor.errors import BadSettings
from monitor.store import Store

SECRET = "hush-hush"
UNUSABLE = {
    "no scheme": f"monitor:{SECRET}@db.invalid",
    "an at sign in the password": f"mongodb://monitor:{SECRET}@x@db.invalid/",
    "a port that is no number": f"mongodb://monitor:{SECRET}@db.invalid:port/",
    "a port out of range": f"mongodb://monitor:{SECRET}@db.invalid:99999/",
    "options at odds": f"mongodb://monitor:{SECRET}@db.invalid/?tls=true&ssl=false",
    "no host": f"mongodb://monitor:{SECRET}@/",
    "a certificate that is not there": f"mongodb://monitor:{SECRET}@db.invalid/?tls=true&tlsCAFile=/nowhere/{SECRET}.pem",
}


def with_login(url: str) -> str:
    return url.replace("mongodb://", f"mongodb://monitor:{SECRET}@")


def spoken_of(error: BaseException) -> str:
    """Return all that a traceback would print of the error and of what it came from."""
    return "".join(traceback.format_exception(error, limit=0))


@pytest.mark.parametrize("url", UNUSABLE.values(), ids=UNUSABLE)
async def test_an_unusable_address_is_a_matter_of_settings(url: str) -> None:
    with pytest.raises(BadSettings) as caught:
        Store(url, "city")

    assert caught.value.problems[0].startswith("mongo.url（环境变量 ZHENGWU_MONGO__URL）：")
    assert SECRET not in spoken_of(caught.value)


async def test_a_login_that_fails_is_a_matter_of_settings(mongod: str, database: str) -> None:
    store = Store(with_login(mongod), database, selection_seconds=5.0)

    with pytest.raises(BadSettings, match=r"ZHENGWU_MONGO__URL.*登录未成功") as caught:
        await store.open()

    store.close()
    assert SECRET not in spoken_of(caught.value)


@pytest.mark.parametrize("case", ["address", "login"])
async def test_check_lists_it_among_the_problems(
    case: str, mongod: str, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZHENGWU_MONGO__URL", UNUSABLE["no host"] if case == "address" else with_login(mongod))
    monkeypatch.setenv("ZHENGWU_MONGO__DATABASE", database)

    code = await check(None, tables())

    told = capsys.readouterr()
    assert code == 2
    assert "✗ mongo.url（环境变量 ZHENGWU_MONGO__URL）：" in told.err and "smtp.host" in told.err
    assert SECRET not in told.out + told.err


async def test_a_lease_is_kept_by_its_owner_and_free_when_it_ends(store: Store) -> None:
    minute = timedelta(minutes=1)

    assert await store.hold("telling", "one", NOON, minute)
    assert not await store.hold("telling", "other", NOON + minute / 2, minute)
    assert await store.hold("telling", "one", NOON + minute / 2, minute)
    assert not await store.hold("telling", "other", NOON + minute, minute)
    assert await store.hold("something else", "other", NOON, minute)
    assert await store.hold("telling", "other", NOON + 2 * minute, minute)
