"""The private mongod: it starts, is shared, is recovered after a kill, and says what to do where there is none."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from monitor.embedded import LOG_FILE, RUN_FILE, Embedded, find_mongod
from monitor.errors import NoDatabase

ROOT = Path(__file__).resolve().parents[1]
OWNER = """
import asyncio, sys
from pathlib import Path
from monitor.embedded import Embedded

async def main():
    join = sys.argv[2:] == ["join"]
    if join:
        print("here", flush=True)
        sys.stdin.readline()
    async with Embedded(Path(sys.argv[1]), join=join) as mongod:
        print(mongod.url, flush=True)
        await asyncio.sleep(300)

asyncio.run(main())
"""


def notes(url: str) -> Any:
    """Return a collection whose writes are on disk when they are acknowledged."""
    client: MongoClient[dict[str, Any]] = MongoClient(url, serverSelectionTimeoutMS=2000, w=1, journal=True)
    return client["kept"]["notes"]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Owner:
    """Another process that runs a mongod on the directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.process = subprocess.Popen([sys.executable, "-c", OWNER, str(directory)], stdout=subprocess.PIPE, cwd=ROOT, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        run = json.loads((directory / RUN_FILE).read_text())
        self.mongod, self.socket = int(run["mongod"]), Path(run["socket"])

    def die(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        if alive(self.mongod):
            os.kill(self.mongod, signal.SIGKILL)
        shutil.rmtree(self.socket.parent, ignore_errors=True)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    owner = Owner(tmp_path / "data")
    yield owner
    owner.end()


async def test_it_starts_answers_and_stops_leaving_nothing_behind(tmp_path: Path) -> None:
    async with Embedded(tmp_path / "deep" / "data") as mongod:
        assert notes(mongod.url).database.client.admin.command("ping")["ok"] == 1
        run = json.loads((tmp_path / "deep" / "data" / RUN_FILE).read_text())
        assert alive(run["mongod"])

    assert not alive(run["mongod"])
    assert not Path(run["socket"]).parent.exists()
    assert not (tmp_path / "deep" / "data" / RUN_FILE).exists()


async def test_only_this_user_can_reach_it_and_no_port_is_opened(tmp_path: Path) -> None:
    async with Embedded(tmp_path / "data") as mongod:
        run = json.loads((tmp_path / "data" / RUN_FILE).read_text())
        socket = Path(run["socket"])

        assert socket.parent.stat().st_mode & 0o077 == 0
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0
        assert "mongod.sock" in mongod.url
        assert not listening(run["mongod"])


def listening(pid: int) -> set[str]:
    """Return the TCP sockets in state LISTEN that the process holds."""
    mine = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    rows = [row.split() for name in ("tcp", "tcp6") for row in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in mine}


async def test_what_was_written_is_there_the_next_time(tmp_path: Path) -> None:
    async with Embedded(tmp_path / "data") as mongod:
        notes(mongod.url).insert_one({"_id": "kept"})

    async with Embedded(tmp_path / "data") as mongod:
        assert notes(mongod.url).count_documents({}) == 1


async def test_a_second_process_may_join_and_leaves_it_running(owner: Owner) -> None:
    notes(owner.url).insert_one({"_id": "theirs"})

    async with Embedded(owner.directory, join=True) as joined:
        assert joined.url == owner.url
        assert notes(joined.url).count_documents({}) == 1

    assert alive(owner.mongod)
    assert notes(owner.url).count_documents({}) == 1


async def test_a_second_owner_is_refused_and_told_who_is_there(owner: Owner) -> None:
    with pytest.raises(NoDatabase) as refusal:
        async with Embedded(owner.directory, wait_for_owner=0.3):
            pass

    assert str(owner.process.pid) in str(refusal.value)
    assert notes(owner.url).count_documents({}) == 0
    assert (owner.directory / RUN_FILE).exists()


async def test_a_second_owner_waits_for_the_first_to_end(tmp_path: Path) -> None:
    first = Embedded(tmp_path / "data")
    await first.__aenter__()
    notes(first.url).insert_one({"_id": "first's"})
    second = asyncio.create_task(Embedded(tmp_path / "data").__aenter__())
    await asyncio.sleep(0.3)
    assert not second.done()

    await first.__aexit__()

    taken = await asyncio.wait_for(second, 30)
    assert notes(taken.url).count_documents({}) == 1
    await taken.__aexit__()


async def test_of_those_that_come_at_once_one_owns_and_the_others_join(tmp_path: Path) -> None:
    crowd = waiting_crowd(tmp_path, 4)
    try:
        for each in crowd:
            print("go", file=each.stdin, flush=True)
        urls = {each.stdout.readline().strip() for each in crowd if each.stdout}

        assert len(urls) == 1
        assert notes(urls.pop()).count_documents({}) == 0
    finally:
        for each in crowd:
            each.kill()
            each.wait()
        async with Embedded(tmp_path):
            # Whoever comes next clears up after the killed.
            pass


def waiting_crowd(directory: Path, size: int) -> list[subprocess.Popen[str]]:
    """Return processes that will all join or own the directory's mongod the moment they are told to."""
    command = [sys.executable, "-c", OWNER, str(directory), "join"]
    crowd = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) for _ in range(size)]
    for each in crowd:
        assert each.stdout is not None
        assert each.stdout.readline() == "here\n"
    return crowd


async def test_a_killed_owner_s_mongod_is_stopped_and_its_data_are_there(owner: Owner) -> None:
    notes(owner.url).insert_many([{"_id": n} for n in range(100)])
    owner.die()
    assert alive(owner.mongod)

    async with Embedded(owner.directory) as mongod:
        assert notes(mongod.url).count_documents({}) == 100
        assert not alive(owner.mongod)
        assert not owner.socket.parent.exists()


async def test_a_directory_whose_owner_and_mongod_were_both_killed_is_recovered(owner: Owner) -> None:
    notes(owner.url).insert_many([{"_id": n} for n in range(100)])
    owner.die()
    os.kill(owner.mongod, signal.SIGKILL)

    async with Embedded(owner.directory) as mongod:
        assert notes(mongod.url).count_documents({}) == 100
        assert not owner.socket.parent.exists()


async def test_a_killed_mongod_comes_back_at_the_same_address(tmp_path: Path) -> None:
    async with Embedded(tmp_path / "data") as mongod:
        url = mongod.url
        notes(url).insert_one({"_id": "acknowledged"})

        await mongod.kill()
        with pytest.raises(PyMongoError):
            notes(url).count_documents({})
        await mongod.start()

        assert mongod.url == url
        assert notes(url).count_documents({}) == 1


@pytest.mark.parametrize("content", ["", "{", '{"mongod": "x"}', "[]", '{"mongod": 1, "owner": 1, "owner_started": "0", "socket": "/x"}'])
async def test_a_run_file_in_any_state_does_not_keep_it_from_starting(tmp_path: Path, content: str) -> None:
    (tmp_path / RUN_FILE).write_text(content)

    async with Embedded(tmp_path) as mongod:
        assert notes(mongod.url).count_documents({}) == 0


def test_where_there_is_no_mongod_three_ways_out_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "fiftyone", None)

    with pytest.raises(NoDatabase) as refusal:
        find_mongod()

    for way in ("ZHENGWU_MONGO__URL", "mongo.mongod", "zhengwu-monitor[embedded]"):
        assert way in str(refusal.value)


def test_a_mongod_on_the_path_is_taken_before_the_wheel_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mongod").write_text("#!/bin/sh\n")
    (tmp_path / "mongod").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_mongod() == tmp_path / "mongod"


def test_a_named_mongod_that_is_not_there_is_not_quietly_replaced(tmp_path: Path) -> None:
    with pytest.raises(NoDatabase, match=r"mongo\.mongod"):
        find_mongod(str(tmp_path / "mongod"))


async def test_a_mongod_that_does_not_start_is_reported_with_its_reason(tmp_path: Path) -> None:
    program = tmp_path / "mongod"
    program.write_text('#!/bin/sh\nwhile [ "$1" != --logpath ]; do shift; done\necho \'{"s":"F","msg":"no space left"}\' > "$2"\nexit 14\n')
    program.chmod(0o755)

    with pytest.raises(NoDatabase) as refusal:
        async with Embedded(tmp_path / "data", str(program)):
            pass

    assert "14" in str(refusal.value)
    assert "no space left" in str(refusal.value)
    assert (tmp_path / "data" / LOG_FILE).exists()
    assert not (tmp_path / "data" / RUN_FILE).exists()


async def test_a_directory_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(NoDatabase, match="file"):
        async with Embedded(tmp_path / "file" / "data"):
            pass


def test_before_it_runs_it_has_no_address(tmp_path: Path) -> None:
    with pytest.raises(NoDatabase):
        _ = Embedded(tmp_path).url
